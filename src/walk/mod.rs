//! The walks: through a lesson, and free ones. Commands, happenings and the time go in, requests come out; nothing here
//! makes a system call or reads a clock.

mod answer;
mod claims;
mod command;
mod confirmed;
mod drive;
#[cfg(test)]
mod fake;
mod forge;
mod free;
mod kinds;
mod measured;
mod names;
mod runner;
#[cfg(test)]
mod tests;

pub use crate::lab::{Failure, Happening, HappeningKind, Request, WireAbility, World};
pub use answer::{Answer, Answerer};
pub use command::WalkCommand;
pub use confirmed::{Confirmed, confirmed};
pub use drive::{DriveStep, WorldGone, drive, straight_on};
pub use forge::{forge, newest_between, typed_segment};
pub use free::{Free, FreeOptions, Purpose, decides, is_act};
pub use kinds::Walk;
pub use runner::{Phase, Runner, Verdict, WalkOptions};
