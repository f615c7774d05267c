//! A lab's effects carried out on the Linux kernel: namespace, wire, the threads that make calls, and the kernel's word on
//! its sockets.
//!
//! Threads: the process's first one asks ([`LinuxWorld`] is its handle); one thread serves the lab ([`serve`]: it entered
//! the namespace, holds the wire and asks the kernel); each side has one that makes its calls. Only the serving thread
//! publishes, so that what happened has one order and one clock.

pub mod background;
mod call_threads;
mod captured;
mod counters;
mod daemon;
mod descriptors;
mod diag;
pub mod doctor;
mod environment;
mod forked;
mod gate;
mod hand_over;
mod kernel_change;
mod kill;
mod lab;
mod local_peer;
mod names;
mod needs;
mod netlink;
mod orders;
mod poll;
mod proc;
mod pty;
mod route;
mod serve;
pub mod shared;
mod sides;
mod signals;
mod sockets;
mod sys;
pub mod tracer;
pub mod untrusted;
mod wire;
mod world;

pub use counters::Counters;
pub use daemon::{StartingDaemon, keep, take_over};
pub use environment::WalkPlace;
pub use gate::RELEASE_MARK;
pub use lab::{
    Refused, Rights, check_address, effective_uid, enter as enter_lab, gain_rights, give_up_all_rights, give_up_root,
    give_up_root_for_a_lab,
};
pub use needs::{missing, missing_in_lab};
pub use poll::is_readable_within;
pub use pty::{FromProgram, Pty};
pub use signals::{PidFd, Stopping, receive_signals, stop};
pub use sys::share_one_heap;
pub use tracer::Unseen;
pub use world::{LessonPeers, LinuxWorld, StartingWorld, WatchSocket};

/// What a thread said when it panicked.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
