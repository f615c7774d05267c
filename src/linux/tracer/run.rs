//! The thread that traces: it hears each stop, and, called out of `wait(2)`, what it is told to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use super::calls::{Processes, is_held};
use super::rest::WaitSince;
use super::site::CallSites;
use super::thread::{Proceed, Thread};
use super::waker::Waker;
use super::{TracerEvent, TracerOrder, Watched};
use crate::linux::orders::Inbox;
use crate::linux::poll::poll_readable;
use crate::linux::proc;
use crate::linux::sys::ptrace::{self, Resume};
use crate::model::{HeldCalls, ProgramCall, ProgramThread};

/// To whom it is told.
pub(super) type EventSink = Box<dyn Fn(TracerEvent) + Send>;

/// A call takes microseconds to return or to sleep; the longer it does neither, the more rarely it is looked at.
const SOON: Duration = Duration::from_micros(500);
const LATE: Duration = Duration::from_millis(20);

/// So often it is looked whether a signal waits for a thread that stands, and what became of one that nobody made.
const RARELY: Duration = Duration::from_millis(20);

/// A thread tells of the one that it made right after it did; on a busy machine that may take a while.
const FORGOTTEN: Duration = Duration::from_secs(10);

/// A thread that is traced.
pub(super) struct Tracee {
    pub(super) who: ProgramThread,
    pub(super) thread: Thread<ProgramCall>,
    /// It was told that its process was stopped.
    pub(super) stopped: bool,
    /// How long it has waited in its call.
    pub(super) wait: WaitSince,
}

impl Tracee {
    pub(super) fn new(who: ProgramThread) -> Tracee {
        Tracee { who, thread: Thread::new(), stopped: false, wait: WaitSince::default() }
    }
}

/// Who is looked at, and how soon.
pub(super) struct SleepPolls {
    /// In a call, and not known to sleep.
    within: BTreeSet<i32>,
    /// They stand before a call.
    standing: BTreeSet<i32>,
    /// They wait in a call whose time is over then.
    ends: BTreeMap<i32, Instant>,
    /// New threads that stopped before it was told who made them, and since when.
    pub(super) early: HashMap<i32, Instant>,
    pause: Duration,
    next: Instant,
}

impl SleepPolls {
    fn new() -> SleepPolls {
        let (within, standing, ends) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        SleepPolls { within, standing, ends, early: HashMap::new(), pause: SOON, next: Instant::now() }
    }

    pub(super) fn is_within(&mut self, thread: i32) {
        let soon = Instant::now() + SOON;
        self.next = if self.due().is_some() { self.next.min(soon) } else { soon };
        self.within.insert(thread);
        self.pause = SOON;
    }

    pub(super) fn is_standing(&mut self, thread: i32) {
        self.standing.insert(thread);
    }

    pub(super) fn is_free(&mut self, thread: i32) {
        self.within.remove(&thread);
        self.standing.remove(&thread);
        self.ends.remove(&thread);
    }

    pub(super) fn ends_at(&mut self, thread: i32, end: Instant) {
        self.ends.insert(thread, end);
    }

    /// When somebody is to be looked at.
    fn due(&self) -> Option<Instant> {
        let any = !(self.within.is_empty() && self.standing.is_empty() && self.early.is_empty());
        any.then_some(self.next).into_iter().chain(self.ends.values().copied()).min()
    }

    /// All were looked at.
    fn looked(&mut self) {
        let pause = if self.within.is_empty() { RARELY } else { self.pause };
        self.next = Instant::now() + pause;
        self.pause = (self.pause * 2).min(LATE);
    }
}

/// A program that runs.
pub(super) struct Run {
    pub(super) root: i32,
    /// It executed what it was started for; until then it is this program, about to.
    pub(super) begun: bool,
    pub(super) ended: Option<ExitStatus>,
    pub(super) watched: Watched,
    pub(super) held: HeldCalls,
    pub(super) tell: EventSink,
    pub(super) tracees: HashMap<i32, Tracee>,
    pub(super) calls: Processes,
    pub(super) looks: SleepPolls,
    pub(super) sites: CallSites,
    /// All ends.
    pub(super) killing: bool,
    waker: Waker,
}

impl Run {
    pub(super) fn new(process: u32, waker: Waker, watched: Watched, held: HeldCalls, tell: EventSink) -> Run {
        let who = ProgramThread { process, thread: process };
        let root = process as i32;
        let tracees = HashMap::from([(root, Tracee::new(who))]);
        let (calls, looks, sites) = (Processes::default(), SleepPolls::new(), CallSites::default());
        let (begun, ended, killing) = (false, None, false);
        Run { root, begun, ended, watched, held, tell, tracees, calls, looks, sites, killing, waker }
    }

    /// Until nothing is left of the program.
    pub(super) fn run(mut self, inbox: &Inbox<TracerOrder>) -> io::Result<ExitStatus> {
        loop {
            self.waker.set(self.looks.due());
            // Until it has begun, its end is heard by the thread that starts it.
            match if self.begun || self.killing { ptrace::wait() } else { ptrace::wait_stopped() } {
                Ok((thread, status)) => self.heard(thread, status),
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => break,
                Err(error) if error.raw_os_error() == Some(libc::EINTR) => {}
                Err(error) => return Err(error),
            }
            if self.waker.called() {
                self.answer(inbox)?;
            }
        }
        self.ended.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }

    /// Does what the thread was called for.
    fn answer(&mut self, inbox: &Inbox<TracerOrder>) -> io::Result<()> {
        if self.waker.failed() && !self.begun && !self.killing {
            // Its last stops may have been heard by the wait of the thread that was to start it.
            self.killing = true;
            kill(self.root);
        }
        // What comes from now on rings again.
        let [rings] = poll_readable([inbox.waker()], Some(Duration::ZERO))?;
        if rings {
            inbox.silence()?;
        }
        inbox.take().for_each(|order| self.obey(order));
        if self.looks.due().is_some_and(|due| due <= Instant::now()) {
            self.look();
        }
        self.waker.set(self.looks.due());
        self.waker.answer();
        Ok(())
    }

    fn obey(&mut self, order: TracerOrder) {
        match order {
            TracerOrder::Go(who) => {
                if self.tracees.get(&(who.thread as i32)).is_some_and(|tracee| tracee.who == who) {
                    self.go(who.thread as i32);
                }
            }
            TracerOrder::Hold(held) => {
                self.held = held;
                let passes = |tracee: &Tracee| {
                    tracee.thread.stands().is_some_and(|made| !is_held(held, &made.entry, &made.call))
                };
                let passing = self.tracees.iter().filter(|(_, tracee)| passes(tracee)).map(|(thread, _)| *thread);
                passing.collect::<Vec<_>>().into_iter().for_each(|thread| self.go(thread));
            }
            TracerOrder::Signal(signal) => {
                if self.ended.is_none() {
                    // It may be gone in this moment.
                    let _ = ptrace::signal(self.root, signal);
                    self.looks.next = Instant::now();
                }
            }
            TracerOrder::End => {
                self.killing = true;
                self.tracees.keys().chain(self.looks.early.keys()).for_each(|thread| kill(*thread));
            }
        }
    }

    /// A thread that stands makes its call.
    pub(super) fn go(&mut self, thread: i32) {
        let Some(tracee) = self.tracees.get_mut(&thread) else { return };
        let Some((entry, call)) = tracee.thread.stands().map(|made| (made.entry, made.call.clone())) else { return };
        let (goes, who) = (tracee.thread.go(), tracee.who);
        if goes == Proceed::Now {
            tracee.wait.makes(thread, &entry);
        }
        (self.tell)(TracerEvent::Entered { thread: who, call });
        if goes == Proceed::Now {
            self.looks.is_free(thread);
            self.looks.is_within(thread);
            resume(thread, Resume::ToSyscall, 0);
        }
    }

    /// Asks the kernel of each thread what it doesn't tell by itself.
    fn look(&mut self) {
        let now = Instant::now();
        let over = self.looks.ends.iter().filter(|(_, end)| **end <= now).map(|(thread, _)| *thread);
        for thread in over.collect::<Vec<_>>() {
            // One that was to make its call again may not have come so far.
            let Some(tracee) = self.tracees.get_mut(&thread) else { continue };
            if tracee.thread.within().is_some() {
                tracee.wait.cuts(thread);
                self.looks.ends.remove(&thread);
            } else {
                self.looks.ends_at(thread, now + SOON);
            }
        }
        let within: Vec<i32> = self.looks.within.iter().copied().collect();
        for thread in within {
            let Some(tracee) = self.tracees.get_mut(&thread) else { continue };
            if let Some(made) = tracee.thread.within().filter(|_| proc::sleeps(tracee.who.process, tracee.who.thread)) {
                made.asleep = true;
                self.looks.within.remove(&thread);
                (self.tell)(TracerEvent::Blocked { thread: tracee.who });
            }
        }
        let standing: Vec<i32> = self.looks.standing.iter().copied().collect();
        for thread in standing {
            let Some(tracee) = self.tracees.get_mut(&thread) else { continue };
            // The signal comes as if the thread hadn't come to its call yet.
            if proc::signal_waits(tracee.who.thread) && ptrace::skip_call(thread).is_ok() && tracee.thread.step_aside()
            {
                self.looks.standing.remove(&thread);
                resume(thread, Resume::ToSyscall, 0);
            }
        }
        let now = Instant::now();
        let is_known = |thread: i32| {
            let parent = proc::parent_of(thread.unsigned_abs());
            parent.is_some_and(|parent| self.tracees.contains_key(&(parent as i32)))
        };
        let nobodys = self.looks.early.iter().filter(|(thread, since)| {
            let waited = now.duration_since(**since);
            waited >= FORGOTTEN || (waited >= RARELY && !is_known(**thread))
        });
        nobodys.map(|(thread, _)| *thread).collect::<Vec<_>>().into_iter().for_each(|thread| self.adopt(thread));
        self.looks.looked();
    }
}

/// A stopped thread goes on. One that was killed can't, which is told by its end.
pub(super) fn resume(thread: i32, how: Resume, signal: i32) {
    let _ = ptrace::resume(thread, how, signal);
}

pub(super) fn kill(thread: i32) {
    // A thread's number stands for its process; it may be gone.
    let _ = ptrace::signal(thread, libc::SIGKILL);
}
