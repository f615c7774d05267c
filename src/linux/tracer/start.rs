//! How a program is started under the tracer.
//!
//! The process can execute its program only once it is traced and has its filter; `Command::spawn` returns only once it has
//! executed. So one thread starts it, and the one that traces speaks with it in between. The thread that started it stays as
//! long as the program runs: where the command asked for a signal at its parent's end, the kernel means the thread.

use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use super::filter::filter;
use super::run::{EventSink, Run};
use super::waker::Waker;
use super::{TracerEvent, TracerOrder, Unseen, Watched};
use crate::linux::orders::Inbox;
use crate::linux::poll::poll_readable;
use crate::linux::proc;
use crate::linux::sys::{ptrace, seccomp};
use crate::model::HeldCalls;

type Traces = JoinHandle<io::Result<ExitStatus>>;

/// Starts a command. Returns the thread that traces it, and its process.
pub(super) fn start(
    command: Command,
    inbox: Inbox<TracerOrder>,
    held: HeldCalls,
    watched: Watched,
    tell: EventSink,
) -> io::Result<(Traces, u32)> {
    let (started, executed) = channel();
    let (forked, process) = channel();
    let trace = move || {
        let begun = begin(command, started)?;
        let _ = forked.send(begun.process);
        let _ = begun.traced.send(begun.refused.is_none());
        match begun.refused {
            None => {
                let waker = Waker::start(inbox.waker().try_clone_to_owned()?, begun.ends)?;
                Run::new(begun.process, waker, watched, held, tell).run(&inbox)
            }
            Some(why) => {
                tell(TracerEvent::Unseen(why));
                untraced(&begun, &inbox, &tell)
            }
        }
    };
    let thread = thread::Builder::new().name("tracer".into()).spawn(trace)?;
    match executed.recv() {
        Ok(Ok(process)) => Ok((thread, process)),
        Ok(Err(error)) => {
            let _ = thread.join();
            Err(error)
        }
        // The thread that starts it ended without a word, as where a system refuses what the standard library takes for granted
        // (its `recv(2)` of a pidfd): nobody would hear of the program, so it doesn't go on.
        Err(_) => {
            if let Ok(process) = process.recv() {
                let _ = ptrace::signal(process as i32, libc::SIGKILL);
            }
            Err(match thread.join() {
                Ok(Err(error)) => error,
                _ => io::ErrorKind::BrokenPipe.into(),
            })
        }
    }
}

/// A process that is about to execute its program.
struct ForkedProgram {
    process: u32,
    /// Why it isn't traced.
    refused: Option<Unseen>,
    /// Tells the thread that started it whether it is traced; that thread stays until this is dropped.
    traced: Sender<bool>,
    /// Where it isn't: its exit status, and what is readable when it is there.
    exit: Receiver<io::Result<ExitStatus>>,
    ends: PipeReader,
}

fn begin(mut command: Command, started: Sender<io::Result<u32>>) -> io::Result<ForkedProgram> {
    let (mut heard, hello) = io::pipe()?;
    let (order, mut orders) = io::pipe()?;
    let handshake = seccomp::Handshake { hello: hello.into(), order: OwnedFd::from(order), orders: orders.as_raw_fd() };
    seccomp::start_filtered(&mut command, filter(), handshake);
    let (traced, told) = channel();
    let (exited, exit) = channel();
    let (ends, end) = io::pipe()?;
    let starts = move || starts(command, &started, &told, &exited, end);
    thread::Builder::new().name("starts".into()).stack_size(256 * 1024).spawn(starts)?;
    let mut number = [0; 4];
    heard.read_exact(&mut number)?;
    let process = i32::from_ne_bytes(number);
    let refused = match seccomp::try_filter() {
        Err(error) => Some(Unseen::Filter(error.raw_os_error().unwrap_or(0))),
        Ok(()) => ptrace::seize(process).err().map(|error| why_refused(process, &error)),
    };
    orders.write_all(&[u8::from(refused.is_none())])?;
    Ok(ForkedProgram { process: process.unsigned_abs(), refused, traced, exit, ends })
}

/// What the thread does that starts the program.
fn starts(
    mut command: Command,
    started: &Sender<io::Result<u32>>,
    traced: &Receiver<bool>,
    exited: &Sender<io::Result<ExitStatus>>,
    mut end: PipeWriter,
) {
    let child = command.spawn();
    // What the closures hold goes, so that the other ends of their pipes hear it.
    drop(command);
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let _ = started.send(Err(error));
            // A byte, since the process has the pipe too.
            return drop(end.write_all(&[0]));
        }
    };
    let _ = started.send(Ok(child.id()));
    match traced.recv() {
        // The thread that traces hears of its end.
        Ok(true) => while traced.recv().is_ok() {},
        Ok(false) => drop(exited.send(child.wait())),
        Err(_) => {}
    }
}

/// Who may trace whom, as Yama has it; `None` where it isn't there.
pub(super) fn yama_scope() -> Option<u8> {
    fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").ok()?.trim().parse().ok()
}

/// Why the kernel refused to trace a process.
fn why_refused(process: i32, error: &io::Error) -> Unseen {
    let scope = yama_scope();
    let tracer = proc::status_number(process, "TracerPid:", 10).and_then(|tracer| u32::try_from(tracer).ok());
    match (tracer, scope) {
        (Some(tracer), _) if tracer > 0 => Unseen::Debugger(tracer),
        (_, Some(scope @ 2..)) => Unseen::Yama(scope),
        _ => Unseen::Trace(error.raw_os_error().unwrap_or(0)),
    }
}

/// A program that runs without being traced: its signals, and its end.
fn untraced(begun: &ForkedProgram, inbox: &Inbox<TracerOrder>, tell: &EventSink) -> io::Result<ExitStatus> {
    loop {
        let [ended, told] = poll_readable([begun.ends.as_fd(), inbox.waker()], None)?;
        if told {
            inbox.silence()?;
        }
        for order in inbox.take() {
            let signal = match order {
                TracerOrder::Signal(signal) => signal,
                TracerOrder::End => libc::SIGKILL,
                TracerOrder::Go(_) | TracerOrder::Hold(_) => continue,
            };
            // It may have ended.
            if !ended {
                let _ = ptrace::signal(begun.process as i32, signal);
            }
        }
        if ended {
            let status = begun.exit.recv().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))??;
            tell(TracerEvent::Ended(status));
            return Ok(status);
        }
    }
}
