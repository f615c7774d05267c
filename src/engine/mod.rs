//! The runner: it walks through a lesson. Requests and replies go in, events come out; it makes no system call and
//! reads no clock.

mod claims;
mod fake;
mod names;
mod runner;
mod world;

pub use fake::FakeWorld;
pub use runner::{Command, Phase, Runner, Verdict, WalkOptions};
pub use world::{Failure, Happening, Request, What, Wire, World};
