//! How the thread that traces is called out of `wait(2)`, in which it sleeps: nothing but a signal reaches it there.
//!
//! Another thread sleeps where orders and the time are heard, and sends the signal. One that comes before the thread sleeps is
//! lost, so it is repeated until the thread has answered. The stops of tracees, of which there may be very many, cost nothing
//! beside `wait(2)` itself.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::linux::poll::poll_readable;
use crate::linux::sys;

/// No time is set.
const NEVER: u64 = u64::MAX;

/// How soon a signal is repeated.
const REPEAT: Duration = Duration::from_micros(200);

/// So long it is seen whether another time is set, before that must be told by a byte.
const LINGER: Duration = Duration::from_millis(5);

struct Shared {
    begun: Instant,
    /// When the thread is to be called, in microseconds.
    due: AtomicU64,
    /// It was called, and hasn't answered.
    called: AtomicBool,
    /// Whoever sets a time says so by a byte.
    asleep: AtomicBool,
    /// The program couldn't be started.
    failed: AtomicBool,
    over: AtomicBool,
}

impl Shared {
    /// How long until the thread is to be called.
    fn wait(&self) -> Option<Duration> {
        let due = Some(self.due.load(Ordering::SeqCst)).filter(|due| *due != NEVER)?;
        Some(Duration::from_micros(due).saturating_sub(self.begun.elapsed()))
    }
}

/// The one that calls.
pub(super) struct Waker {
    shared: Arc<Shared>,
    bytes: PipeWriter,
    thread: Option<JoinHandle<()>>,
}

impl Waker {
    /// Calls the calling thread when the waker rings, at the time that it sets, and once something can be read from `ends`.
    pub(super) fn start(waker: OwnedFd, ends: PipeReader) -> io::Result<Waker> {
        let signal = libc::SIGRTMIN() + 6;
        sys::make_interrupting(signal)?;
        sys::accept_signal(signal)?;
        let (heard, bytes) = io::pipe()?;
        let shared = Arc::new(Shared {
            begun: Instant::now(),
            due: AtomicU64::new(NEVER),
            called: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        let (own, tracer) = (Arc::clone(&shared), sys::thread_id());
        let call = move || drop(sys::signal_thread(tracer, signal));
        let body = move || drop(calls(&own, &waker, &heard, &ends, call));
        let thread = thread::Builder::new().name("waker".into()).stack_size(128 * 1024).spawn(body)?;
        Ok(Waker { shared, bytes, thread: Some(thread) })
    }

    /// When the thread wants to be called.
    pub(super) fn set(&self, due: Option<Instant>) {
        let micros = |due: Instant| due.saturating_duration_since(self.shared.begun).as_micros() as u64;
        self.shared.due.store(due.map_or(NEVER, micros), Ordering::SeqCst);
        if due.is_some() && self.shared.asleep.swap(false, Ordering::SeqCst) {
            let _ = (&self.bytes).write_all(&[0]);
        }
    }

    /// Whether the thread was called.
    pub(super) fn called(&self) -> bool {
        self.shared.called.load(Ordering::SeqCst)
    }

    /// It did what it was called for.
    pub(super) fn answer(&self) {
        self.shared.called.store(false, Ordering::SeqCst);
    }

    /// Whether the program couldn't be started.
    pub(super) fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::SeqCst)
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.answer();
        let _ = (&self.bytes).write_all(&[0]);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the other thread does.
fn calls(shared: &Shared, waker: &OwnedFd, heard: &PipeReader, ends: &PipeReader, call: impl Fn()) -> io::Result<()> {
    let mut lingered = false;
    while !shared.over.load(Ordering::SeqCst) {
        let wait = match shared.wait() {
            Some(wait) => Some(wait),
            None if !lingered => Some(LINGER),
            None => {
                shared.asleep.store(true, Ordering::SeqCst);
                // A time that was set before it could know that.
                shared.wait()
            }
        };
        lingered = shared.wait().is_none();
        let [rings, told, ended] = poll_readable([waker.as_fd(), heard.as_fd(), ends.as_fd()], wait)?;
        shared.asleep.store(false, Ordering::SeqCst);
        if told {
            rustix::io::read(heard, &mut [0; 64])?;
        }
        let fails = ended && !shared.failed.swap(true, Ordering::SeqCst);
        if !(rings || fails || shared.wait() == Some(Duration::ZERO)) {
            continue;
        }
        shared.called.store(true, Ordering::SeqCst);
        while shared.called.load(Ordering::SeqCst) && !shared.over.load(Ordering::SeqCst) {
            call();
            thread::sleep(REPEAT);
        }
    }
    Ok(())
}
