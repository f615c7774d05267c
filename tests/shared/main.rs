//! A lab that several processes share, from outside: real processes in pseudo-terminals, keys, screens, recordings, and
//! the kernel asked by other programs.

#[path = "../common/mod.rs"]
mod common;
mod screens;
mod stage;

mod killed;
mod programs;
mod strangers;
mod walk;
