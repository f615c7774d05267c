//! A lab that several processes share, from outside: real processes in pseudo-terminals, keys, screens, recordings, and
//! the kernel asked by other programs.

#[path = "../common/mod.rs"]
mod common;
mod screens;
mod stage;

mod actors;
mod bounds;
mod calls;
mod daemon;
mod diagnoses;
mod errors;
mod forks;
mod killed;
mod lessons;
mod moving;
mod option_times;
mod passing;
mod programs;
mod recordings;
mod refused;
mod segments;
mod settings;
mod several;
mod strangers;
mod threads;
mod timers;
mod told;
mod walk;
mod window;
mod wire;

/// Where plain socket code runs, for comparison (`common::plain`).
#[test]
fn plain_socket_code_has_a_network_of_its_own() {
    common::plain::child();
}
