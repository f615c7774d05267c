//! The world on the Linux kernel: lab, wire, the sides' threads, and the kernel's word on its sockets.
//!
//! Threads: the process's first one asks ([`LinuxWorld`] is its handle); one thread directs a walk (it entered the
//! lab, holds the wire and asks the kernel); each side has one that makes its calls. Only the directing thread
//! reports, so that what happened has one order and one clock.

mod copies;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

mod descriptors;
mod diag;
mod director;
pub mod doctor;
mod gate;
mod hands;
mod lab;
mod needs;
mod netlink;
mod orders;
mod place;
mod route;
pub mod shared;
mod sides;
mod signals;
mod sockets;
mod sys;
pub mod untrusted;
mod wire;
mod world;

pub use gate::RELEASE_MARK;
pub use lab::{
    Refused, Rights, check_address, effective_uid, enter as enter_lab, gain_rights, give_up_all_rights, give_up_root,
    give_up_root_for_a_lab,
};
pub use needs::{missing, missing_in_lab};
pub use place::Place;
pub use signals::{Process, receive_signals, stop};
pub use world::LinuxWorld;

/// Whether something can be read from a descriptor, or its other end is closed, within a time.
///
/// # Errors
/// The system's.
pub fn is_readable_within(fd: &impl AsFd, limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let [readable] = sys::poll_readable([fd.as_fd()], Some(left))?;
        // A signal ends the wait early.
        if readable || left.is_zero() {
            return Ok(readable);
        }
    }
}

/// What a thread said when it panicked.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
