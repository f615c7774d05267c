//! The frames of a Python program: what its interpreter executes, not the interpreter's own.

use py_spy::config::LockingStrategy;
use py_spy::{Config, PythonSpy};

use super::library;
use super::names;
use super::own::OwnFrame;
use crate::model::{SiteLacks, StackFrame};

/// A process that has an interpreter.
pub(super) struct PythonStack {
    process: u32,
    spy: Option<Box<PythonSpy>>,
}

impl PythonStack {
    pub(super) fn of(process: u32) -> PythonStack {
        PythonStack { process, spy: None }
    }

    /// What a stopped thread executes. `storage`: as `pthread_self(3)` has it, by which interpreters before 3.11 know threads.
    pub(super) fn frames(&mut self, thread: u32, storage: Option<u64>) -> OwnFrame {
        let found = self.read(thread, storage);
        let Some(frames) = found.filter(|frames| !frames.is_empty()) else {
            return OwnFrame { frames: Vec::new(), own: None, lacks: Some(SiteLacks::Interpreter), made: None };
        };
        let own = frames.iter().position(|frame| !frame.library);
        OwnFrame { own, lacks: own.is_none().then_some(SiteLacks::Frames), frames, made: None }
    }

    fn read(&mut self, thread: u32, storage: Option<u64>) -> Option<Vec<StackFrame>> {
        if self.spy.is_none() {
            // The program stands already: whoever traces it has stopped this thread.
            let config = Config { blocking: LockingStrategy::NonBlocking, ..Config::default() };
            self.spy = PythonSpy::new(i32::try_from(self.process).ok()?, &config).ok().map(Box::new);
        }
        let traces = self.spy.as_mut()?.get_stack_traces().ok()?;
        let by_number = traces.iter().find(|trace| trace.os_thread_id == Some(thread.into()));
        let trace = by_number.or_else(|| traces.iter().find(|trace| Some(trace.thread_id) == storage))?;
        Some(trace.frames.iter().map(frame).collect())
    }
}

fn frame(of: &py_spy::Frame) -> StackFrame {
    let line = u32::try_from(of.line).ok().filter(|line| *line > 0);
    let (function, file) = (names::shortened(&of.name), names::path(&of.filename));
    StackFrame { function: Some(function), library: library::is_python(&file), file: Some(file), line, address: None }
}
