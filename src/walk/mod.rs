//! The runner: it walks through a lesson. Requests and replies go in, events come out; it makes no system call and
//! reads no clock.

mod answer;
mod claims;
mod confirmed;
#[cfg(test)]
mod fake;
mod free;
mod names;
mod runner;
#[cfg(test)]
mod tests;

pub use crate::lab::{Failure, Happening, Request, What, Wire, World};
pub use answer::{Answer, Answerer};
pub use confirmed::{Confirmed, confirmed};
pub use free::{Free, FreeOptions, Purpose, is_act};
pub use runner::{Command, Phase, Runner, Verdict, WalkOptions};
