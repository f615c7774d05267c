//! A lab that several processes share.
//!
//! One process keeps it: the *daemon*. It has the lab's namespace, its wire and the way to the kernel's table, and it
//! alone gives what happens an order and a time, so that all see one and the same trace. The others are its *members*:
//! they join the namespace, make their own calls in it with threads of their own, and tell the daemon what came of
//! these. What a member wants done on the wire it asks the daemon for; which of them may let a segment go is decided in
//! [`doors`] and nowhere else. The daemon ends when the last member has left; with it goes the lab.
//!
//! They talk over a Unix socket in a folder that belongs to the user alone ([`folder`]), in JSON lines ([`protocol`]).

mod allowance;
mod folder;
mod joined;
mod lesson_program;
mod link;
mod members;
mod programs;
mod protocol;
mod reporter;
mod traced;

pub(super) use folder::TakenName;
pub use folder::{Beginning, LabFolder, LabName, Lock, Unlocked, Unsafe};
pub(super) use joined::Agent;
pub use joined::{Denied, JoinedLab};
pub(super) use lesson_program::LessonProgram;
pub use lesson_program::SideProgram;
pub(super) use link::Link;

pub use crate::lab::Denial;
pub(super) use members::{MemberMessage, Members};
pub(super) use programs::{Programs, within as programs_within};
pub use protocol::ShownLesson;
pub(super) use protocol::{FromMember, LONGEST, ToMember, VERSION};
pub use traced::{TracedProgram, Wanted};

/// Reads lines in both directions until one isn't a message, for [`super::untrusted`].
pub(super) fn read_lines(bytes: &[u8]) {
    link::Lines::new(protocol::LONGEST).take::<ToMember>(bytes);
    link::Lines::new(protocol::LONGEST).take::<FromMember>(bytes);
}
