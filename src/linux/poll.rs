//! Waiting on descriptors (`ppoll(2)`).

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

/// A descriptor on which is waited.
pub(super) struct Polled<'a> {
    pub(super) fd: BorrowedFd<'a>,
    /// Also until something can be written.
    pub(super) writes: bool,
}

/// Waits until one of the descriptors is ready or the time is over; `None` waits for ever. A signal ends the wait early. Which
/// are ready, in their order: one whose other end is gone is.
///
/// # Errors
/// The system's.
pub(super) fn poll<'a>(polled: impl Iterator<Item = &'a Polled<'a>>, limit: Option<Duration>) -> io::Result<Vec<bool>> {
    let flags = |writes| if writes { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    let mut fds: Vec<PollFd<'_>> =
        polled.map(|polled| PollFd::from_borrowed_fd(polled.fd, flags(polled.writes))).collect();
    let limit = limit.map(|limit| Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 }));
    match rustix::event::poll(&mut fds, limit.as_ref()) {
        Ok(_) => Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(rustix::io::Errno::INTR) => Ok(vec![false; fds.len()]),
        Err(error) => Err(error.into()),
    }
}

/// As [`poll`], for what can be read.
pub(super) fn poll_readable<const N: usize>(
    fds: [BorrowedFd<'_>; N],
    limit: Option<Duration>,
) -> io::Result<[bool; N]> {
    let polled = fds.map(|fd| Polled { fd, writes: false });
    let ready = poll(polled.iter(), limit)?;
    Ok(std::array::from_fn(|place| ready[place]))
}

/// Whether something can be read from a descriptor, or its other end is closed, within a time.
///
/// # Errors
/// The system's.
pub fn is_readable_within(fd: &impl AsFd, limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let [readable] = poll_readable([fd.as_fd()], Some(left))?;
        // A signal ends the wait early.
        if readable || left.is_zero() {
            return Ok(readable);
        }
    }
}
