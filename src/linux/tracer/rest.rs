//! A wait that an ignored signal cut and that is made again: it waits for what is left of its time, as it would have without a tracer.

use std::time::{Duration, Instant};

use super::descriptors;
use super::memory::TraceeMemory;
use crate::linux::proc;
use crate::linux::sys::ptrace::{self, SyscallEntry};

/// Of a thread's call that waits: since when, and whether the register of its time has another value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WaitSince {
    since: Option<Instant>,
    changed: bool,
    /// It was interrupted because its time was over.
    cut: bool,
}

/// The calls that wait as long as SO_SNDTIMEO says, and those that wait as long as SO_RCVTIMEO does.
const SENDING: [&str; 7] = ["connect", "sendto", "sendmsg", "sendmmsg", "write", "writev", "sendfile"];
const RECEIVING: [&str; 7] = ["accept", "accept4", "recvfrom", "recvmsg", "recvmmsg", "read", "readv"];

/// What a call returns whose time is over (`socket(7)`, `epoll_wait(2)`).
fn timed_out(name: &str) -> i64 {
    match name {
        "epoll_pwait2" => 0,
        "connect" => -i64::from(libc::EINPROGRESS),
        _ => -i64::from(libc::EAGAIN),
    }
}

/// The fourth argument of the `epoll_wait(2)` family, which has the time.
const TIME: usize = 3;

impl WaitSince {
    /// A thread stands before a call, which it makes now: for the first time, or again.
    pub(super) fn makes(&mut self, thread: i32, entry: &SyscallEntry) {
        let Some(since) = self.since else {
            self.since = Some(Instant::now());
            return;
        };
        // Below 0 it waits without end.
        let Ok(time) = u64::try_from(entry.arguments[TIME] as i32) else { return };
        if !i64::try_from(entry.number).is_ok_and(waits_milliseconds) {
            return;
        }
        let left = Duration::from_millis(time).saturating_sub(since.elapsed());
        let left = left.as_nanos().div_ceil(1_000_000) as u64;
        // Only a thread that was killed can't.
        self.changed = ptrace::set_fourth_argument(thread, left).is_ok();
    }

    /// The call has come to its end, or is to be made again: the program finds its registers as it left them.
    pub(super) fn puts_back(&mut self, thread: i32, entry: &SyscallEntry) {
        if std::mem::take(&mut self.changed) {
            let _ = ptrace::set_fourth_argument(thread, entry.arguments[TIME]);
        }
    }

    /// Until when a call waits whose limit stands in no register: one on a socket that has a limit of its own, or `epoll_pwait2()`, whose
    /// time is in the program's memory, where nothing is written; `None` where it has none.
    pub(super) fn deadline(&self, thread: u32, name: &str, entry: &SyscallEntry) -> Option<Instant> {
        let sends = SENDING.contains(&name);
        let limit = match name {
            "epoll_pwait2" => time_of(TraceeMemory::of(thread).words(entry.arguments[TIME])?)?,
            _ if sends || RECEIVING.contains(&name) => {
                descriptors::wait_limit(thread, entry.arguments[0] as i32, sends)?
            }
            _ => return None,
        };
        self.since?.checked_add(limit)
    }

    /// Its time is over: it is interrupted, and comes to [`WaitSince::value`].
    pub(super) fn cuts(&mut self, thread: i32) {
        self.cut = ptrace::interrupt(thread).is_ok();
    }

    /// What a call has come to that returned this: one that was interrupted because its time was over ran out of it, unless a signal
    /// came that its program handles.
    pub(super) fn value(&mut self, thread: i32, name: &str, value: i64) -> i64 {
        let number = thread.unsigned_abs();
        let is_cut = std::mem::take(&mut self.cut) && value == -i64::from(libc::EINTR);
        if !is_cut || proc::signal_waits(number) && !proc::ignores_waiting(number) {
            return value;
        }
        let value = timed_out(name);
        // Only a thread that was killed can't.
        let _ = ptrace::set_value(thread, value);
        value
    }

    /// Nothing of it is left to wait for.
    pub(super) fn is_over(&mut self) {
        self.since = None;
    }
}

/// A `struct timespec` that a program wrote; `None` where the kernel would take none such.
fn time_of([seconds, nanos]: [u64; 2]) -> Option<Duration> {
    let (seconds, nanos) = (i64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
    (nanos < 1_000_000_000).then(|| Duration::new(seconds.unsigned_abs(), nanos))
}

/// Whether a call's fourth argument is how many milliseconds it waits.
fn waits_milliseconds(number: i64) -> bool {
    #[cfg(target_arch = "x86_64")]
    if number == libc::SYS_epoll_wait {
        return true;
    }
    number == libc::SYS_epoll_pwait
}
