//! What each stop of a tracee comes to.

use std::ffi::c_int;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Instant;

use super::calls::is_held;
use super::run::{Run, Tracee, kill, resume};
use super::thread::{CallEnd, CallStart, TraceeStop};
use super::{ThreadExit, TracerEvent, Unseen, Watched, filter, table};
use crate::linux::proc;
use crate::linux::sys::ptrace::{self, Resume, SyscallEntry, SyscallInfo};
use crate::model::{Errno, ProgramCall, ProgramReturn, ProgramThread, Returned};

impl Run {
    /// A tracee stopped, or is gone.
    pub(super) fn heard(&mut self, thread: i32, status: c_int) {
        let stop = TraceeStop::of(status);
        let gone = matches!(stop, TraceeStop::Exited(_) | TraceeStop::Killed(_));
        let Some(who) = self.tracees.get(&thread).map(|tracee| tracee.who) else {
            if gone {
                self.looks.early.remove(&thread);
            } else {
                self.looks.early.insert(thread, Instant::now());
                if self.killing {
                    kill(thread);
                }
            }
            return;
        };
        match stop {
            TraceeStop::Exited(code) => self.gone(thread, who, ThreadExit::Exited(code), status),
            TraceeStop::Killed(signal) => self.gone(thread, who, ThreadExit::Killed(signal), status),
            TraceeStop::Filtered | TraceeStop::Syscall => self.at_call(thread, who),
            TraceeStop::Made => self.made(thread, who),
            TraceeStop::Executed => self.executed(thread, who.process),
            TraceeStop::Group(signal) => {
                if who.thread == who.process && !self.was_stopped(thread, true) {
                    self.tell(TracerEvent::Stopped { thread: who, signal });
                }
                resume(thread, Resume::Listen, 0);
            }
            TraceeStop::Begins => {
                if self.was_stopped(thread, false) {
                    self.tell(TracerEvent::Continued { thread: who });
                }
                self.goes_on(thread, 0);
            }
            TraceeStop::Signal(signal) => {
                self.tell(TracerEvent::Signal { thread: who, signal });
                self.goes_on(thread, signal);
            }
        }
    }

    /// Until the program was executed, what happens is this program's own.
    fn tell(&self, seen: TracerEvent) {
        if self.begun {
            (self.tell)(seen);
        }
    }

    /// Notes whether a process is stopped, by its first thread; whether it was.
    fn was_stopped(&mut self, thread: i32, is_stopped: bool) -> bool {
        self.tracees.get_mut(&thread).is_some_and(|tracee| std::mem::replace(&mut tracee.stopped, is_stopped))
    }

    fn goes_on(&mut self, thread: i32, signal: i32) {
        let how = self.tracees.get(&thread).map_or(Resume::Continue, |tracee| tracee.thread.goes_on());
        resume(thread, how, signal);
    }

    fn at_call(&mut self, thread: i32, who: ProgramThread) {
        match ptrace::syscall_info(thread) {
            Ok(SyscallInfo::Filtered(entry)) if entry.number == table::RING => {
                self.calls.lose_sight();
                self.tell(TracerEvent::Unseen(Unseen::Ring(who)));
                self.goes_on(thread, 0);
            }
            Ok(SyscallInfo::Filtered(entry)) if entry.number == table::TAKES => {
                self.calls.lose_sight();
                self.goes_on(thread, 0);
            }
            Ok(SyscallInfo::Filtered(entry)) if entry.arch != filter::NATIVE => {
                if self.calls.is_foreign(who.process) {
                    self.tell(TracerEvent::Unseen(Unseen::Architecture(who)));
                }
                self.goes_on(thread, 0);
            }
            Ok(SyscallInfo::Filtered(entry)) => self.begins(thread, who, entry),
            Ok(SyscallInfo::Entry(entry)) => {
                // What the filter stops at comes next, at the filter's own stop.
                if let Some(tracee) = self.tracees.get_mut(&thread) {
                    tracee.thread.enters(entry.number);
                }
                self.goes_on(thread, 0);
            }
            Ok(SyscallInfo::Exit(value)) => self.ends(thread, who, value),
            Ok(SyscallInfo::None) | Err(_) => self.goes_on(thread, 0),
        }
    }

    fn begins(&mut self, thread: i32, who: ProgramThread, entry: SyscallEntry) {
        let Some(tracee) = self.tracees.get_mut(&thread) else { return };
        let interrupted = match tracee.thread.begins(&entry) {
            CallStart::Again { stands: true } => {
                self.looks.is_standing(thread);
                // Calls may have been let pass in the meantime.
                let made = tracee.thread.stands();
                if !made.is_some_and(|made| is_held(self.held, &made.entry, &made.call)) {
                    self.go(thread);
                }
                return;
            }
            CallStart::Again { stands: false } => {
                tracee.wait.makes(thread, &entry);
                if tracee.thread.within().is_some_and(|made| !made.asleep) {
                    self.looks.is_within(thread);
                }
                return resume(thread, Resume::ToSyscall, 0);
            }
            CallStart::New { interrupted } => interrupted,
        };
        tracee.wait.is_over();
        if let Some(call) = interrupted {
            let outcome = Err(Errno(libc::EINTR));
            let call = ProgramReturn { outcome, arguments: call.arguments, made: Vec::new() };
            self.tell(TracerEvent::Returned { thread: who, call });
        }
        let call = if self.begun { self.calls.entered(who, &entry) } else { None };
        match call {
            Some(call) => self.takes(thread, who, entry, call),
            None => self.goes_on(thread, 0),
        }
    }

    /// A thread came to a call that is told of.
    fn takes(&mut self, thread: i32, who: ProgramThread, entry: SyscallEntry, call: ProgramCall) {
        let stands = is_held(self.held, &entry, &call) && !self.killing;
        let site = match self.watched {
            Watched::AllWithoutSource => None,
            Watched::All if stands => self.sites.of_standing(who),
            Watched::All => self.sites.of_passing(who),
        };
        let site = site.map(Box::new);
        if let Some(tracee) = self.tracees.get_mut(&thread) {
            tracee.thread.takes(entry, call.clone(), stands);
            if !stands {
                tracee.wait.makes(thread, &entry);
            }
        }
        if stands {
            self.looks.is_standing(thread);
            self.tell(TracerEvent::Stands { thread: who, call: ProgramCall { site, ..call } });
        } else {
            self.looks.is_within(thread);
            self.tell(TracerEvent::Entered { thread: who, call: ProgramCall { site, ..call } });
            resume(thread, Resume::ToSyscall, 0);
        }
    }

    fn ends(&mut self, thread: i32, who: ProgramThread, value: i64) {
        let Some(tracee) = self.tracees.get_mut(&thread) else { return };
        let (mut value, mut end) = (value, None);
        if let Some(made) = tracee.thread.within() {
            tracee.wait.puts_back(thread, &made.entry);
            value = tracee.wait.value(thread, &made.call.name, value);
            let is_cut = value == -i64::from(libc::EINTR) && proc::ignores_waiting(who.thread);
            end = is_cut.then(|| tracee.wait.deadline(who.thread, &made.call.name, &made.entry)).flatten();
        }
        // Of what ends so without being begun anew (`epoll_wait(2)`): the kernel keeps an ignored signal only for who is traced.
        if value == -i64::from(libc::EINTR)
            && proc::ignores_waiting(who.thread)
            && let Some(entry) = tracee.thread.ignores()
        {
            // Only a thread that was killed can't.
            let _ = ptrace::make_again(thread, &entry);
            self.looks.is_free(thread);
            if let Some(end) = end {
                self.looks.ends_at(thread, end);
            }
            return self.goes_on(thread, 0);
        }
        match tracee.thread.ends(value) {
            CallEnd::Returned(entry, call, value) => {
                tracee.wait.is_over();
                let call = self.calls.returned(who, &entry, &call, value);
                self.tell(TracerEvent::Returned { thread: who, call });
            }
            CallEnd::Aside(entry) => {
                // Only a thread that was killed can't.
                let _ = ptrace::make_again(thread, &entry);
            }
            CallEnd::Nothing => {}
        }
        self.looks.is_free(thread);
        self.goes_on(thread, 0);
    }

    fn made(&mut self, thread: i32, parent: ProgramThread) {
        self.calls.leaves(parent.thread);
        if let Ok(child) = ptrace::event_message(thread) {
            self.adds(child as i32, parent);
        }
        self.goes_on(thread, 0);
    }

    /// A thread is new.
    fn adds(&mut self, thread: i32, parent: ProgramThread) {
        if self.tracees.contains_key(&thread) {
            return;
        }
        let number = thread.unsigned_abs();
        let process = proc::process_of(number).unwrap_or(number);
        let child = ProgramThread { process, thread: number };
        self.tracees.insert(thread, Tracee::new(child));
        let is_process = process == number;
        if is_process {
            self.calls.begins(process);
        }
        let sockets = if is_process { self.calls.sockets(number) } else { Vec::new() };
        self.tell(TracerEvent::Made { parent, child, sockets });
        if self.killing {
            kill(thread);
        }
        if self.looks.early.remove(&thread).is_some() {
            self.goes_on(thread, 0);
        }
    }

    /// A new thread of which nobody tells who made it: whoever did is gone.
    pub(super) fn adopt(&mut self, thread: i32) {
        let number = thread.unsigned_abs();
        let process = match proc::process_of(number) {
            Some(process) if process != number => process,
            _ => proc::parent_of(number).unwrap_or(0),
        };
        self.adds(thread, ProgramThread { process, thread: process });
    }

    fn executed(&mut self, thread: i32, process: u32) {
        let former = ptrace::event_message(thread).map_or(thread, |former| former as i32);
        // The call that did it doesn't return: what it would return to is gone.
        let tracee = self.tracees.get_mut(&former);
        let made = tracee.and_then(|tracee| Some((tracee.who, tracee.thread.within()?.call.arguments.clone())));
        if let Some((who, arguments)) = made {
            let call = ProgramReturn { outcome: Ok(Returned::default()), arguments, made: Vec::new() };
            self.tell(TracerEvent::Returned { thread: who, call });
        }
        // The thread that executed has its process's number now; what had that number is gone, without a word.
        for gone in [former, thread] {
            self.tracees.remove(&gone);
            self.looks.is_free(gone);
        }
        let who = ProgramThread { process, thread: process };
        self.tracees.insert(thread, Tracee::new(who));
        if !std::mem::replace(&mut self.begun, true) {
            self.calls.executed_first(process);
        }
        self.calls.begins(process);
        self.sites.forget(process);
        let (name, sockets) = (proc::name(process).unwrap_or_default(), self.calls.sockets(process));
        self.tell(TracerEvent::Executed { thread: who, former: former.unsigned_abs(), name, sockets });
        if !proc::runs_on(process, filter::MACHINE) && self.calls.is_foreign(process) {
            self.tell(TracerEvent::Unseen(Unseen::Architecture(who)));
        }
        self.goes_on(thread, 0);
    }

    fn gone(&mut self, thread: i32, who: ProgramThread, how: ThreadExit, status: c_int) {
        self.tracees.remove(&thread);
        self.looks.is_free(thread);
        self.calls.leaves(who.thread);
        self.tell(TracerEvent::Gone { thread: who, how });
        // A process's first thread is heard of last.
        if who.thread == who.process {
            self.calls.ended(who.process);
            self.sites.forget(who.process);
        }
        if thread == self.root {
            let status = ExitStatus::from_raw(status);
            self.ended = Some(status);
            self.tell(TracerEvent::Ended(status));
        }
    }
}
