//! A program that plays a side's part in a lesson: this process starts and traces it, and it ends with the walk.
//!
//! Its tracer speaks with the lab as every program's does, over a pair of connected sockets in the same process.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::link::Link;
use super::protocol::LONGEST;
use super::reporter::{LinkMessage, Reporter, TracedProgram};
use super::traced::RunningProgram;
use crate::linux::orders::Orders;
use crate::linux::proc;
use crate::linux::sys::seccomp;
use crate::linux::tracer::{Tracer, TracerOrder, Watched};
use crate::model::{Actor, CallRecord, Caller, HeldCalls, Moment, Side, Trace};

/// What is started for a side of a lesson.
pub struct SideProgram {
    /// Whose part it plays.
    pub side: Side,
    /// The program and its arguments. It reads and prints nothing.
    pub command: Command,
}

impl SideProgram {
    /// The program of a side that is inside this one's own `binary`; `server` is where the server listens.
    pub fn inside(binary: &Path, side: Side, server: SocketAddr) -> SideProgram {
        let mut command = Command::new(binary);
        command.arg0("sockwalk").args(["program", side.name(), &server.to_string()]);
        SideProgram { side, command }
    }
}

/// Such a program, as it runs. When it is dropped, the program has ended; the lab's end of the link must have gone before.
pub(in crate::linux) struct LessonProgram {
    /// Its member's in the lab.
    number: u32,
    side: Side,
    process: u32,
    /// The threads whose calls were let go, each with the entry at which it stood before it.
    let_go: HashMap<u32, Moment>,
    thread: Option<JoinHandle<()>>,
}

impl LessonProgram {
    /// Starts one in the network of the calling thread; `number` is its member's in the lab. Also the lab's end of the link.
    ///
    /// # Errors
    /// Where it can't be started.
    pub(in crate::linux) fn start(program: SideProgram, number: u32) -> io::Result<(LessonProgram, UnixStream)> {
        let (own, labs) = UnixStream::pair()?;
        let link = Some(Link::new(own, LONGEST)?);
        let SideProgram { side, mut command } = program;
        // What the terminal's keys send to this process's group isn't for it.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        // The lesson says which numbers its sockets have, whatever a terminal or an editor left open.
        seccomp::start_without_inherited(&mut command);
        let (orders, inbox) = Orders::<LinkMessage>::new()?;
        let reporter = Arc::new(Mutex::new(Reporter::new(orders)));
        let known_here = Arc::downgrade(&reporter);
        let hears = move |seen| reporter.lock().unwrap_or_else(PoisonError::into_inner).hear(seen);
        let tracer = Tracer::start(command, HeldCalls::Walk, Watched::AllWithoutSource, hears)?;
        let process = tracer.process();
        let body = move || {
            let mut running = RunningProgram {
                link,
                tracer: &tracer,
                reporter: known_here,
                number,
                threads: HashMap::new(),
                look_at: None,
                known: None,
                without_lab: TracerOrder::End,
            };
            // Untraced it would run through the lesson by itself.
            let mut tell = |course| {
                if let TracedProgram::Unseen(_) = course {
                    tracer.order(TracerOrder::End);
                }
            };
            while running.serve(&inbox, &mut tell).is_ok_and(|over| !over) {}
        };
        let thread = thread::Builder::new().name("program".into()).spawn(body)?;
        Ok((LessonProgram { number, side, process, let_go: HashMap::new(), thread: Some(thread) }, labs))
    }

    /// Its member's number in the lab.
    pub(in crate::linux) fn number(&self) -> u32 {
        self.number
    }

    /// A thread, by the number that the lab has for it, was told to make the call before which it stands.
    pub(in crate::linux) fn lets_go(&mut self, thread: u32, trace: &Trace) {
        self.let_go.extend(self.open_call(thread, trace).map(|call| (thread, call.seen)));
    }

    /// Whether each of its threads stands before a call or sleeps in one, by the kernel's word, and the trace has it so.
    pub(in crate::linux) fn is_at_rest(&self, trace: &Trace) -> bool {
        let at_rest = |thread: u32| {
            let number = if thread == self.process { 0 } else { thread };
            let call = self.open_call(number, trace);
            match proc::state(self.process, thread) {
                // It has ended since it was listed, or is about to be gone.
                None | Some('Z' | 'X') => true,
                Some('S') => call.is_some_and(|call| call.blocked.is_some()),
                Some('t') => call.is_some_and(|call| {
                    call.entered.is_none() && self.let_go.get(&number).is_none_or(|stood| *stood != call.seen)
                }),
                Some(_) => false,
            }
        };
        // Of one that has just ended the trace is still to hear.
        let mut threads = proc::threads(self.process).peekable();
        threads.peek().is_some_and(|first| proc::state(self.process, first) != Some('Z')) && threads.all(at_rest)
    }

    /// The call that a thread is in, or stands before.
    fn open_call<'a>(&self, thread: u32, trace: &'a Trace) -> Option<&'a CallRecord> {
        let caller = Caller { actor: Actor::from(self.side), worker: thread };
        trace.open_calls().find(|call| call.caller == caller)
    }

    /// The number of its process.
    pub(in crate::linux) fn process(&self) -> u32 {
        self.process
    }
}

impl Drop for LessonProgram {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
