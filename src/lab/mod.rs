//! A lab, without I/O: who takes part, what waits on the wire and who may let it go, what passes by itself and when,
//! which part of the kernel's table is asked for, and the trace of all that.
//!
//! [`Lab`] takes [`Input`]s with their time and gives [`Effect`]s, as a protocol's state machine does; it makes no system
//! call, starts no thread and reads no clock. One loop carries the effects out (`linux::serve`), whether those who take
//! part are threads of the same process or other processes.

mod copies;
mod core;
mod doors;
mod hold;
mod parts;
mod peers;
mod programs;
mod release;
mod request;
mod requests;
mod resume;
mod rules;
mod sampling;
mod schedule;
mod segments;
#[cfg(test)]
mod tests;
mod threads;

pub use crate::model::Failure;
pub use core::{Effect, Input, Lab, LabOptions, Sending, TableUpdate};
pub use parts::ProgramNews;
pub use peers::Denial;
pub use request::{Happening, HappeningKind, Request, WireAbility, World};
pub use schedule::Scope;
pub use threads::OwnThread;
