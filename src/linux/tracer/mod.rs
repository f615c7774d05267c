//! A program under `ptrace(2)`, told call by call.
//!
//! A filter of `seccomp(2)` stops the program before the calls that are shown, and before no others ([`filter`]). One thread
//! of this process does all that ptrace wants of one thread ([`run`]); another one only started the program, and a third one
//! calls it out of its sleep ([`waker`]). What a stop means is decided without a system call ([`thread`]); a call's arguments
//! are read from the program's memory ([`arguments`], [`like`]).
//!
//! No call is changed, skipped or repeated in the program's eyes. A program never survives half-traced: with a filter and
//! without a tracer its calls would fail, so it ends with the tracing thread (`PTRACE_O_EXITKILL`).

mod addresses;
mod arguments;
mod calls;
mod descriptors;
mod epoll;
mod filter;
mod like;
mod memory;
mod messages;
mod names;
mod rest;
mod run;
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod site;
#[cfg(not(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64"))))]
#[path = "unknown_site.rs"]
mod site;
mod sole;
mod start;
mod stops;
mod table;
mod text;
mod thread;
mod waits;
mod waker;

pub(in crate::linux) use descriptors::SocketIdentities;

use std::io;
use std::process::{Command, ExitStatus};
use std::thread::JoinHandle;

use super::orders::Orders;
use super::sys::{ptrace, seccomp};
use crate::model::{HeldCalls, ProgramCall, ProgramReturn, ProgramThread};

/// What is read of the calls that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All, with the line of the source that makes each.
    All,
    /// The same, and no line of the source is looked for: of this program's own binary, which has no debug information where it is
    /// built to be used.
    AllWithoutSource,
}

/// What the tracer tells, in the order in which it happened to each thread.
#[derive(Debug)]
pub enum TracerEvent {
    /// The thread stands before the call, and waits for [`TracerOrder::Go`].
    #[allow(missing_docs)]
    Stands { thread: ProgramThread, call: ProgramCall },
    /// The thread goes into the call: it passed, or was let go.
    #[allow(missing_docs)]
    Entered { thread: ProgramThread, call: ProgramCall },
    /// The thread sleeps in its call, by the kernel's word.
    #[allow(missing_docs)]
    Blocked { thread: ProgramThread },
    /// The thread's call came back.
    #[allow(missing_docs)]
    Returned { thread: ProgramThread, call: ProgramReturn },
    /// A thread made another one: of its own process, or the first of a new process, with the sockets that it inherited.
    Made {
        /// Who made it.
        parent: ProgramThread,
        /// The new thread.
        child: ProgramThread,
        /// Descriptor and inode of each socket of a new process.
        sockets: Vec<(i32, u64)>,
    },
    /// The process executed another program: its other threads are gone, and what was `FD_CLOEXEC` is closed.
    Executed {
        /// The thread, which is its process's first now.
        thread: ProgramThread,
        /// Its number before.
        former: u32,
        /// What the process calls itself (`/proc/PID/comm`): any bytes but `\n`, as text.
        name: String,
        /// Descriptor and inode of each socket that is still open.
        sockets: Vec<(i32, u64)>,
    },
    /// A signal is delivered to the thread.
    #[allow(missing_docs)]
    Signal { thread: ProgramThread, signal: i32 },
    /// The process was stopped by a signal, as a terminal's Ctrl-Z does; it goes on by `SIGCONT`.
    #[allow(missing_docs)]
    Stopped { thread: ProgramThread, signal: i32 },
    /// A process that was stopped goes on.
    #[allow(missing_docs)]
    Continued { thread: ProgramThread },
    /// The thread ended; a call that it was in never returned.
    #[allow(missing_docs)]
    Gone { thread: ProgramThread, how: ThreadExit },
    /// Calls can't be seen, or not all of them.
    Unseen(Unseen),
    /// The program that was started ended. Processes that it started may run on.
    Ended(ExitStatus),
}

/// How a thread ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadExit {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Why calls can't be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// The process set up an `io_uring(7)`: what it does through that isn't made by calls.
    Ring(ProgramThread),
    /// The process makes calls as a program for another processor, or for 32 bits, does, which have other numbers.
    Architecture(ProgramThread),
    /// The program runs untraced: `ptrace_scope` of Yama is this (`ptrace(2)`).
    Yama(u8),
    /// It runs untraced: another process traces it already, as a debugger does.
    Debugger(u32),
    /// It runs untraced: the kernel, or a container's filter, refused the filter, with this error.
    Filter(i32),
    /// It runs untraced: the kernel refused to trace, with this error.
    Trace(i32),
}

/// What the tracer is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TracerOrder {
    /// A thread that stands makes its call.
    Go(ProgramThread),
    /// From now on these calls are held; what stands and is none of them goes.
    Hold(HeldCalls),
    /// The program that was started gets a signal.
    Signal(i32),
    /// All of it ends (SIGKILL).
    End,
}

/// What forbids to trace any program: a filter or a trace that is refused, or Yama; `None` where nothing is known that does.
pub fn forbidden() -> Option<Unseen> {
    let number = |error: &io::Error| error.raw_os_error().unwrap_or(0);
    if let Err(error) = seccomp::try_filter() {
        return Some(Unseen::Filter(number(&error)));
    }
    // There is no such thread, which whoever may trace is told.
    match ptrace::seize(-1).map_err(|error| number(&error)) {
        Err(refused) if refused != libc::ESRCH => Some(Unseen::Trace(refused)),
        _ => start::yama_scope().filter(|scope| *scope >= YAMA_FORBIDS).map(Unseen::Yama),
    }
}

/// From this `ptrace_scope` on no process traces its own child either, but for root (`Yama.rst` of the kernel's documentation).
const YAMA_FORBIDS: u8 = 3;

/// A program that is traced. When it is dropped, all processes of the program end.
pub struct Tracer {
    orders: Orders<TracerOrder>,
    thread: Option<JoinHandle<io::Result<ExitStatus>>>,
    process: u32,
}

impl Tracer {
    /// Starts a command. `tell` is called from the tracing thread, which does nothing else in the meantime. Where tracing is
    /// refused, the program runs as without, and [`TracerEvent::Unseen`] says why.
    ///
    /// # Errors
    /// Where the program can't be started, as of [`Command::spawn`].
    pub fn start(
        command: Command,
        held: HeldCalls,
        watched: Watched,
        tell: impl Fn(TracerEvent) + Send + 'static,
    ) -> io::Result<Tracer> {
        let (orders, inbox) = Orders::new()?;
        let (thread, process) = start::start(command, inbox, held, watched, Box::new(tell))?;
        Ok(Tracer { orders, thread: Some(thread), process })
    }

    /// The number of the program's process.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Gives an order; it is carried out soon.
    pub fn order(&self, order: TracerOrder) {
        self.orders.give(order);
    }

    /// Waits until the program and all that it started have ended; the program's exit status.
    ///
    /// # Errors
    /// Where the tracing thread failed.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let thread = self.thread.take().ok_or(io::ErrorKind::NotFound)?;
        thread.join().unwrap_or_else(|panic| Err(io::Error::other(super::panic_text(&*panic))))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.orders.give(TracerOrder::End);
            let _ = thread.join();
        }
    }
}
