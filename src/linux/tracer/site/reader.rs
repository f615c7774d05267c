//! The thread that reads programs, their debug information and their sources.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};

use super::image::{CodeFiles, ProcessImage};
use super::own::{self, OwnFrame};
#[cfg(feature = "python-lines")]
use super::python::PythonStack;
use super::source;
use crate::linux::sys::ptrace::Registers;
use crate::model::{CallSite, ProgramThread, SiteLacks};

/// What debug information is nested in costs stack: memory that isn't used isn't taken.
pub(super) const STACK: usize = 64 << 20;

/// What it is asked.
pub(super) enum SiteRequest {
    Find(StoppedThread),
    /// A process is gone, or has another program.
    Forget(u32),
}

/// A stopped thread.
#[derive(Clone, Copy)]
pub(super) struct StoppedThread {
    pub(super) who: ProgramThread,
    pub(super) registers: Registers,
}

/// One answer to each [`SiteRequest::Find`], until nobody asks any more.
pub(super) fn run(asked: &Receiver<SiteRequest>, answer: &Sender<CallSite>) {
    let mut known = ReaderState::default();
    while let Ok(ask) = asked.recv() {
        match ask {
            SiteRequest::Forget(process) => drop(known.processes.remove(&process)),
            SiteRequest::Find(wanted) => {
                // A reader that panics on what stands in a program tells nothing of it, and has no part that could be half done.
                let found = catch_unwind(AssertUnwindSafe(|| known.find(&wanted)));
                let site = found.unwrap_or_else(|_| {
                    known = ReaderState::default();
                    CallSite::lacking(SiteLacks::Readable)
                });
                if answer.send(site).is_err() {
                    return;
                }
            }
        }
    }
}

#[derive(Default)]
struct ReaderState {
    binaries: CodeFiles,
    processes: HashMap<u32, ReadProcess>,
}

struct ReadProcess {
    image: ProcessImage,
    #[cfg(feature = "python-lines")]
    python: PythonStack,
}

impl ReadProcess {
    fn of(process: u32) -> ReadProcess {
        ReadProcess {
            image: ProcessImage::of(process),
            #[cfg(feature = "python-lines")]
            python: PythonStack::of(process),
        }
    }
}

impl ReaderState {
    fn find(&mut self, StoppedThread { who, registers }: &StoppedThread) -> CallSite {
        let process = self.processes.entry(who.process).or_insert_with(|| ReadProcess::of(who.process));
        process.image.look(who.process, &mut self.binaries);
        #[cfg(feature = "python-lines")]
        if process.image.has_python() {
            let own = process.python.frames(who.thread, registers.storage);
            return site(who.process, own.kept());
        }
        site(who.process, own::of_machine(&process.image.stack(registers)).kept())
    }
}

/// What is known of a call's place, with the lines of its source.
fn site(process: u32, own: OwnFrame) -> CallSite {
    let frame = own.own.and_then(|at| own.frames.get(at));
    let place = frame.and_then(|frame| frame.file.as_deref().zip(frame.line));
    let around = place.map(|(file, line)| source::around(process, file, line, own.made));
    let ((around, first), lacks) = match around {
        None => ((Vec::new(), 0), own.lacks),
        Some(Err(lacks)) => ((Vec::new(), 0), Some(lacks)),
        Some(Ok((around, first, newer))) => ((around, first), newer.then_some(SiteLacks::Newer)),
    };
    let own_at = own.own.and_then(|own| u32::try_from(own).ok());
    CallSite { frames: own.frames, own: own_at, around, first, lacks }
}
