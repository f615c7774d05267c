//! The thread that reads programs, their debug information and their sources.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Once;
use std::sync::mpsc::{Receiver, Sender};
use std::{panic, thread};

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

thread_local! {
    /// Of a thread that reads, to whom it answers.
    static ASKER: RefCell<Option<Sender<CallSite>>> = const { RefCell::new(None) };
}

/// One answer to each [`SiteRequest::Find`], until nobody asks any more.
pub(super) fn run(asked: &Receiver<SiteRequest>, answer: Sender<CallSite>) {
    let mut known = ReaderState::default();
    answer_by(answer, asked, move |ask| match ask {
        SiteRequest::Forget(process) => {
            drop(known.processes.remove(&process));
            None
        }
        SiteRequest::Find(wanted) => Some(known.find(&wanted)),
    });
}

/// Answers what is asked. Where that panics, the thread goes no further, and who asked hears that nobody answers any more.
fn answer_by(
    answer: Sender<CallSite>,
    asked: &Receiver<SiteRequest>,
    mut find: impl FnMut(SiteRequest) -> Option<CallSite>,
) {
    stop_where_a_reader_panics();
    ASKER.set(Some(answer));
    while let Ok(ask) = asked.recv() {
        let site = find(ask);
        let told =
            site.is_none_or(|site| ASKER.with_borrow(|asker| asker.as_ref().is_some_and(|to| to.send(site).is_ok())));
        if !told {
            return;
        }
    }
}

/// What makes a reader panic stands in the program that it reads: it isn't told on the terminal, and ends neither that program nor this
/// one, though panics abort where nothing unwinds. So the thread never comes back from its panic; what it had stays as it was. It never
/// leaves the hook either, which is in use from then on: a process that traces sets no other one.
fn stop_where_a_reader_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let asker = ASKER.try_with(|asker| asker.try_borrow_mut().ok().and_then(|mut asker| asker.take()));
            match asker {
                Ok(Some(asker)) => drop(asker),
                _ => return hook(info),
            }
            loop {
                thread::park();
            }
        }));
    });
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    /// Set in the environment of this very test when it runs as the process whose readers panic.
    const PANICS: &str = "SOCKWALK_TEST_READER";

    /// In a process of its own, since no panic hook can be set there any more.
    #[test]
    fn a_reader_that_panics_hangs_up_and_nothing_else_ends() {
        if std::env::var_os(PANICS).is_some() {
            readers_panic();
            std::process::exit(7);
        }
        let mut own = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "linux::tracer::site::reader::tests::a_reader_that_panics_hangs_up_and_nothing_else_ends";
        let status = own.args(["--exact", name]).env(PANICS, "").output().unwrap().status;
        assert_eq!(status.code(), Some(7));
    }

    fn readers_panic() {
        for _ in 0..2 {
            let (asks, asked) = channel();
            let (answer, answers) = channel();
            thread::spawn(move || {
                answer_by(answer, &asked, |ask| match ask {
                    SiteRequest::Forget(process) => panic!("made by a program: {process}"),
                    SiteRequest::Find(_) => None,
                });
            });
            asks.send(SiteRequest::Forget(7)).unwrap();
            let heard = answers.recv_timeout(Duration::from_secs(20)).map(drop);
            assert_eq!(heard, Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
        }
        // Another thread's panic is told as any.
        assert!(thread::spawn(|| panic!("not of a reader")).join().is_err());
    }
}
