//! The side of the thread that traces: it asks, and waits for a bounded time.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::reader::{self, SiteRequest, StoppedThread};
use crate::linux::sys::ptrace;
use crate::model::{CallSite, ProgramThread, SiteLacks};

/// So long a thread that stands waits at most for what is said of its place.
const LONGEST: Duration = Duration::from_secs(3);

/// Of its time, who traces gives at most one part in so many to calls that don't wait.
const PART: u32 = 20;

/// So many readers may panic, each of which stays with what it had read; then no place is looked for any more.
const PANICS: u32 = 8;

/// What is known of places.
#[derive(Default)]
pub(in crate::linux::tracer) struct CallSites {
    reader: Option<SiteReader>,
    /// How many readers panicked.
    panicked: u32,
    /// Before that, no call that doesn't wait is looked at.
    passing: Option<Instant>,
}

/// The thread that reads.
struct SiteReader {
    asks: Sender<SiteRequest>,
    answers: Receiver<CallSite>,
    /// It hasn't answered yet what it was asked last.
    busy: bool,
}

impl CallSites {
    /// Of a thread that stands; it must be stopped.
    pub(in crate::linux::tracer) fn of_standing(&mut self, who: ProgramThread) -> Option<CallSite> {
        let registers = ptrace::registers(who.thread as i32).ok()?;
        Some(self.find(StoppedThread { who, registers }).unwrap_or(CallSite::lacking(SiteLacks::Readable)))
    }

    /// `None` where it takes too long, or what is read makes the reader panic.
    fn find(&mut self, wanted: StoppedThread) -> Option<CallSite> {
        if self.panicked >= PANICS {
            return None;
        }
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => none.insert(SiteReader::start()?),
        };
        let found = reader.find(wanted);
        if found == Err(Unfound::Panicked) {
            self.reader = None;
            self.panicked += 1;
        }
        found.ok()
    }

    /// Of one whose call passes; `None` where it isn't looked for, so that calls that nobody waits for cost little.
    pub(in crate::linux::tracer) fn of_passing(&mut self, who: ProgramThread) -> Option<CallSite> {
        let begun = Instant::now();
        if self.passing.is_some_and(|passing| begun < passing) {
            return None;
        }
        let site = self.of_standing(who);
        let ended = Instant::now();
        self.passing = Some(ended + ended.duration_since(begun) * PART);
        site
    }

    /// A process is gone, or has another program now.
    pub(in crate::linux::tracer) fn forget(&mut self, process: u32) {
        if let Some(reader) = &self.reader {
            let _ = reader.asks.send(SiteRequest::Forget(process));
        }
    }
}

/// Why a reader hasn't found a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfound {
    TooLong,
    Panicked,
}

impl SiteReader {
    fn start() -> Option<SiteReader> {
        let (asks, asked) = channel();
        let (answer, answers) = channel();
        let body = move || reader::run(&asked, answer);
        thread::Builder::new().name("source lines".into()).stack_size(reader::STACK).spawn(body).ok()?;
        Some(SiteReader { asks, answers, busy: false })
    }

    fn find(&mut self, wanted: StoppedThread) -> Result<CallSite, Unfound> {
        if self.busy {
            match self.answers.try_recv() {
                Ok(_) => self.busy = false,
                Err(TryRecvError::Empty) => return Err(Unfound::TooLong),
                Err(TryRecvError::Disconnected) => return Err(Unfound::Panicked),
            }
        }
        // One that panicked hears nothing any more.
        let _ = self.asks.send(SiteRequest::Find(wanted));
        let answer = self.answers.recv_timeout(LONGEST);
        self.busy = answer == Err(RecvTimeoutError::Timeout);
        answer.map_err(|error| match error {
            RecvTimeoutError::Timeout => Unfound::TooLong,
            RecvTimeoutError::Disconnected => Unfound::Panicked,
        })
    }
}
