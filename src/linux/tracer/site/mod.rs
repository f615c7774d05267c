//! Where in its source a thread makes the call before which it stands.
//!
//! The thread that traces reads the registers and waits for a bounded time: programs, their debug information and their memory
//! are anybody's, so they are read by a thread of its own ([`reader`]). Where that one takes too long, or what it reads
//! makes it panic, the place isn't known, and the program goes on.

mod asked;
mod binary;
mod image;
mod library;
mod maps;
mod names;
mod own;
#[cfg(feature = "python-lines")]
mod python;
mod reader;
mod source;

pub(super) use asked::CallSites;
