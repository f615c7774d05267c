//! How one traced thread stands, and what its next stop means, without a system call: stops go in, steps come out.
//!
//! A call that a signal interrupts is one call, however often the kernel begins it anew: it is told once. Until it is begun
//! anew, or the handler's end shows that it returned `EINTR`, it is *cut*; what the handler calls in the meantime is told as
//! its own.

use std::ffi::c_int;

use super::table::{HANDLER_ENDS, RESTART};
use crate::linux::sys::ptrace::{
    EVENT_CLONE, EVENT_EXEC, EVENT_FORK, EVENT_SECCOMP, EVENT_STOP, EVENT_VFORK, Resume, SyscallEntry,
};

/// Why a tracee is told of, by `wait(2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TraceeStop {
    /// It is gone: its exit status, or the signal that ended it.
    Exited(i32),
    Killed(i32),
    /// Before a call that the filter stops.
    Filtered,
    /// Before or after any call.
    Syscall,
    /// It made a thread or a process.
    Made,
    Executed,
    /// Its group stopped, by this signal.
    Group(i32),
    /// It is new, or its group goes on.
    Begins,
    /// A signal is about to be delivered.
    Signal(i32),
}

impl TraceeStop {
    pub(super) fn of(status: c_int) -> TraceeStop {
        if libc::WIFEXITED(status) {
            return TraceeStop::Exited(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return TraceeStop::Killed(libc::WTERMSIG(status));
        }
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            EVENT_SECCOMP => TraceeStop::Filtered,
            EVENT_CLONE | EVENT_FORK | EVENT_VFORK => TraceeStop::Made,
            EVENT_EXEC => TraceeStop::Executed,
            EVENT_STOP if signal == libc::SIGTRAP => TraceeStop::Begins,
            EVENT_STOP => TraceeStop::Group(signal),
            // PTRACE_O_TRACESYSGOOD's mark.
            _ if signal == libc::SIGTRAP | 0x80 => TraceeStop::Syscall,
            _ => TraceeStop::Signal(signal),
        }
    }
}

/// A call that was told of.
#[derive(Clone, Debug)]
pub(super) struct SeenCall<C> {
    pub(super) entry: SyscallEntry,
    pub(super) call: C,
    /// Told to sleep in it.
    pub(super) asleep: bool,
}

#[derive(Clone, Debug)]
enum At<C> {
    /// In no call that is told of.
    Free,
    /// Stopped before it.
    Stands(SeenCall<C>),
    /// It stood before it and isn't to make it yet: a signal comes first.
    Aside {
        made: SeenCall<C>,
        go: bool,
    },
    In(SeenCall<C>),
}

/// A thread.
#[derive(Clone, Debug)]
pub(super) struct Thread<C> {
    at: At<C>,
    /// A call that a signal interrupted; whether the thread is to stand before it again.
    cut: Option<(SeenCall<C>, bool)>,
    /// A handler is about to end.
    handler_ends: bool,
}

/// What a call that begins is.
#[derive(Debug, PartialEq)]
pub(super) enum CallStart<C> {
    /// One that was told of, begun anew: it stands before it again, or goes on.
    Again { stands: bool },
    /// A new one. The one before it, if any, ended by `EINTR`.
    New { interrupted: Option<C> },
}

/// What becomes of a thread that is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proceed {
    /// It stood: it is to be resumed to the call's end.
    Now,
    /// A signal is handled first.
    Later,
    /// It didn't stand.
    Never,
}

/// What the end of a call is.
#[derive(Debug, PartialEq)]
pub(super) enum CallEnd<C> {
    /// Of one that was told of, with its value.
    Returned(SyscallEntry, C, i64),
    /// Of one that isn't made yet.
    Aside(SyscallEntry),
    /// Of none, or of one that is begun anew.
    Nothing,
}

impl<C> Thread<C> {
    pub(super) fn new() -> Thread<C> {
        Thread { at: At::Free, cut: None, handler_ends: false }
    }

    /// How it goes on. A thread that is in a call, as one that makes a process, stops at its end; one whose call was cut stops at
    /// each call: at the handler's end too.
    pub(super) fn goes_on(&self) -> Resume {
        if self.cut.is_some() || matches!(self.at, At::In(_)) { Resume::ToSyscall } else { Resume::Continue }
    }

    /// A call begins, of which it isn't known yet whether it is told of.
    pub(super) fn begins(&mut self, entry: &SyscallEntry) -> CallStart<C> {
        match self.cut.take() {
            Some((made, stood)) if is_again(&made.entry, entry) => {
                self.at = if stood { At::Stands(made) } else { At::In(made) };
                CallStart::Again { stands: stood }
            }
            // A handler's calls are made further down the stack: this one is of the program that was interrupted.
            Some((made, _)) if entry.stack >= made.entry.stack => CallStart::New { interrupted: Some(made.call) },
            cut => {
                self.cut = cut;
                CallStart::New { interrupted: None }
            }
        }
    }

    /// A call begins, of which it isn't known yet whether the filter stops at it; told where the thread stops at each.
    pub(super) fn enters(&mut self, number: u64) {
        self.handler_ends = number == HANDLER_ENDS;
    }

    /// A new call is told of: it stands before it, or goes in.
    pub(super) fn takes(&mut self, entry: SyscallEntry, call: C, stands: bool) {
        let made = SeenCall { entry, call, asleep: false };
        self.at = if stands { At::Stands(made) } else { At::In(made) };
    }

    /// A call failed with EINTR for a signal that the program ignores, which reaches it only because it is traced: the call is made again.
    /// Which one; `None` where it is none that was told of.
    pub(super) fn ignores(&mut self) -> Option<SyscallEntry> {
        match std::mem::replace(&mut self.at, At::Free) {
            At::In(made) => {
                let entry = made.entry;
                self.cut = Some((made, false));
                Some(entry)
            }
            at => {
                self.at = at;
                None
            }
        }
    }

    /// A call ended.
    pub(super) fn ends(&mut self, value: i64) -> CallEnd<C> {
        match std::mem::replace(&mut self.at, At::Free) {
            At::In(made) if is_cut(value) => {
                self.cut = Some((made, false));
                CallEnd::Nothing
            }
            At::In(made) => CallEnd::Returned(made.entry, made.call, value),
            At::Aside { made, go } => {
                let entry = made.entry;
                self.cut = Some((made, !go));
                CallEnd::Aside(entry)
            }
            at => {
                self.at = at;
                let ended = std::mem::take(&mut self.handler_ends) && value == -i64::from(libc::EINTR);
                match self.cut.take_if(|_| ended) {
                    Some((made, _)) => CallEnd::Returned(made.entry, made.call, value),
                    None => CallEnd::Nothing,
                }
            }
        }
    }

    /// It is let go, if it stands before a call; one that went around its call makes it when it comes to it again.
    pub(super) fn go(&mut self) -> Proceed {
        match std::mem::replace(&mut self.at, At::Free) {
            At::Stands(made) => {
                self.at = At::In(made);
                Proceed::Now
            }
            At::Aside { made, go: false } => {
                self.at = At::Aside { made, go: true };
                Proceed::Later
            }
            at => {
                self.at = at;
                let stood = self.cut.as_mut().is_some_and(|(_, stood)| std::mem::take(stood));
                if stood { Proceed::Later } else { Proceed::Never }
            }
        }
    }

    /// A signal waits for a thread that stands: it is to go around the call. Whether it stood.
    pub(super) fn step_aside(&mut self) -> bool {
        match std::mem::replace(&mut self.at, At::Free) {
            At::Stands(made) => {
                self.at = At::Aside { made, go: false };
                true
            }
            at => {
                self.at = at;
                false
            }
        }
    }

    /// The call before which it stands, or stood until a signal came.
    pub(super) fn stands(&self) -> Option<&SeenCall<C>> {
        match (&self.at, &self.cut) {
            (At::Stands(made) | At::Aside { made, go: false }, _) | (_, Some((made, true))) => Some(made),
            _ => None,
        }
    }

    /// The call in which it may sleep.
    pub(super) fn within(&mut self) -> Option<&mut SeenCall<C>> {
        match &mut self.at {
            At::In(made) => Some(made),
            _ => None,
        }
    }
}

/// Whether a call is one that was interrupted, begun anew.
fn is_again(before: &SyscallEntry, now: &SyscallEntry) -> bool {
    let same = (before.number, before.arguments) == (now.number, now.arguments);
    before.stack == now.stack && (same || now.number == RESTART)
}

/// Whether a call's value says that a signal interrupted it: ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND and
/// ERESTART_RESTARTBLOCK, which no program sees.
fn is_cut(value: i64) -> bool {
    matches!(value, -514..=-512 | -516)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, stack: u64) -> SyscallEntry {
        SyscallEntry { number, arguments: [3, 0, 0, 0, 0, 0], stack, arch: 0 }
    }

    const ACCEPT: u64 = 43;
    const WRITE: u64 = 1;
    const NEW: CallStart<&str> = CallStart::New { interrupted: None };

    /// A thread that is in accept().
    fn accepting(stands: bool) -> Thread<&'static str> {
        let mut thread = Thread::new();
        assert_eq!(thread.begins(&entry(ACCEPT, 100)), NEW);
        thread.takes(entry(ACCEPT, 100), "accept", stands);
        thread
    }

    #[test]
    fn a_call_is_told_once_when_it_returns() {
        let mut thread = accepting(false);
        assert_eq!(thread.goes_on(), Resume::ToSyscall, "its end is to be seen");
        assert_eq!(thread.ends(4), CallEnd::Returned(entry(ACCEPT, 100), "accept", 4));
        assert_eq!(thread.goes_on(), Resume::Continue);
        assert_eq!(thread.ends(4), CallEnd::Nothing);
        assert!(thread.within().is_none());
    }

    #[test]
    fn a_call_that_an_ignored_signal_interrupts_is_made_again() {
        let mut thread = accepting(false);
        assert_eq!(thread.ignores(), Some(entry(ACCEPT, 100)));
        assert_eq!(thread.begins(&entry(ACCEPT, 100)), CallStart::Again { stands: false });
        assert_eq!(thread.ends(5), CallEnd::Returned(entry(ACCEPT, 100), "accept", 5));
        assert_eq!(thread.ignores(), None, "it is in no call");
    }

    #[test]
    fn a_call_that_is_begun_anew_is_the_same_call() {
        for cut in [-512, -513, -514, -516] {
            let mut thread = accepting(false);
            assert_eq!(thread.ends(cut), CallEnd::Nothing);
            assert!(thread.within().is_none());
            assert_eq!(thread.goes_on(), Resume::ToSyscall, "the handler's end is to be seen");
            // The handler's own call, then its end, by which the kernel begins the call anew.
            assert_eq!(thread.begins(&entry(WRITE, 50)), NEW);
            thread.takes(entry(WRITE, 50), "write", false);
            assert_eq!(thread.ends(1), CallEnd::Returned(entry(WRITE, 50), "write", 1));
            thread.enters(HANDLER_ENDS);
            assert_eq!(thread.ends(ACCEPT as i64), CallEnd::Nothing);
            let anew = if cut == -516 { entry(RESTART, 100) } else { entry(ACCEPT, 100) };
            assert_eq!(thread.begins(&anew), CallStart::Again { stands: false });
            assert_eq!(thread.ends(5), CallEnd::Returned(entry(ACCEPT, 100), "accept", 5));
        }
    }

    #[test]
    fn the_end_of_a_handler_shows_that_a_call_was_interrupted() {
        let mut thread = accepting(false);
        assert_eq!(thread.ends(-512), CallEnd::Nothing);
        thread.enters(HANDLER_ENDS);
        assert_eq!(thread.ends(-4), CallEnd::Returned(entry(ACCEPT, 100), "accept", -4));
        assert_eq!(thread.goes_on(), Resume::Continue);
        // Another call's EINTR is none of a handler's end.
        let mut thread = accepting(false);
        assert_eq!(thread.ends(-512), CallEnd::Nothing);
        thread.enters(WRITE);
        assert_eq!(thread.ends(-4), CallEnd::Nothing);
    }

    #[test]
    fn a_handler_that_never_ends_leaves_its_call_interrupted() {
        let mut thread = accepting(false);
        assert_eq!(thread.ends(-512), CallEnd::Nothing);
        // longjmp(3), then another call of the program itself.
        assert_eq!(thread.begins(&entry(WRITE, 120)), CallStart::New { interrupted: Some("accept") });
        assert_eq!(thread.begins(&entry(ACCEPT, 100)), NEW);
    }

    #[test]
    fn a_thread_that_stands_makes_its_call_when_it_is_let_go() {
        let mut thread = accepting(true);
        assert_eq!(thread.stands().map(|made| made.call), Some("accept"));
        assert!(thread.within().is_none());
        assert_eq!((thread.go(), thread.go()), (Proceed::Now, Proceed::Never));
        assert!(thread.stands().is_none() && thread.within().is_some());
        assert_eq!(thread.ends(4), CallEnd::Returned(entry(ACCEPT, 100), "accept", 4));
    }

    #[test]
    fn a_signal_comes_before_a_call_that_stands() {
        let aside = CallEnd::Aside(entry(ACCEPT, 100));
        for (go, stands) in [(false, true), (true, false)] {
            let mut thread = accepting(true);
            assert!(thread.step_aside() && !thread.step_aside());
            assert_eq!(thread.ends(-38), aside, "it wasn't made, whatever its value says");
            assert!(thread.stands().is_some());
            if go {
                assert_eq!((thread.go(), thread.go()), (Proceed::Later, Proceed::Never));
            }
            assert_eq!(thread.begins(&entry(ACCEPT, 100)), CallStart::Again { stands });
            assert_eq!(thread.stands().is_some(), stands);
        }
        let mut thread = accepting(true);
        assert!(thread.step_aside());
        assert_eq!((thread.go(), thread.ends(-38)), (Proceed::Later, aside));
        assert_eq!(thread.begins(&entry(ACCEPT, 100)), CallStart::Again { stands: false });
    }

    #[test]
    fn each_status_of_wait_is_one_kind_of_stop() {
        let stop = |signal: i32, event: i32| TraceeStop::of(event << 16 | signal << 8 | 0x7f);
        assert_eq!(TraceeStop::of(7 << 8), TraceeStop::Exited(7));
        assert_eq!((TraceeStop::of(9), TraceeStop::of(11 | 0x80)), (TraceeStop::Killed(9), TraceeStop::Killed(11)));
        assert_eq!(stop(5, 7), TraceeStop::Filtered);
        assert_eq!((stop(5, 1), stop(5, 2), stop(5, 3)), (TraceeStop::Made, TraceeStop::Made, TraceeStop::Made));
        assert_eq!(
            (stop(5, 4), stop(5, 128), stop(20, 128)),
            (TraceeStop::Executed, TraceeStop::Begins, TraceeStop::Group(20))
        );
        assert_eq!(
            (stop(5 | 0x80, 0), stop(5, 0), stop(23, 0)),
            (TraceeStop::Syscall, TraceeStop::Signal(5), TraceeStop::Signal(23))
        );
    }
}
