//! The runner: it walks through a lesson. Requests and replies go in, events come out; it makes no system call and
//! reads no clock.

mod claims;
#[cfg(test)]
mod fake;
mod names;
mod runner;
#[cfg(test)]
mod tests;
mod world;

pub use runner::{Command, Phase, Runner, Verdict, WalkOptions};
pub use world::{Failure, Happening, Request, What, Wire, World};
