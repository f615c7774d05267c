//! Which processes of programs a signal has stopped, until SIGCONT.

use super::stops::Stop;
use super::{Caller, Event, Moment, Role, View};

/// A process that a signal has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoppedProcess {
    /// Its first thread.
    pub caller: Caller,
    /// The member's number of its program.
    pub program: u32,
    /// The signal.
    pub signal: i32,
    /// Its number, where it has made a call.
    pub process: Option<u32>,
}

impl View<'_> {
    /// The programs' processes that were stopped, in the order in which that happened.
    pub fn stopped(&self) -> Vec<StoppedProcess> {
        let known = self.trace().calls.stops.until(self.moment());
        let thread = |caller: &Caller| (caller.actor.nth, caller.worker);
        let is_newest = |(n, (_, caller, _)): &(usize, &Stop)| {
            known[n + 1..].iter().all(|(_, later, _)| thread(later) != thread(caller))
        };
        let newest = known.iter().enumerate().filter(is_newest);
        newest.filter_map(|(_, (at, caller, signal))| self.still_stopped(*at, *caller, (*signal)?)).collect()
    }

    fn still_stopped(&self, at: Moment, caller: Caller, signal: i32) -> Option<StoppedProcess> {
        let member = self.program(caller.actor)?;
        // Its program may have ended since, or another one has its place.
        let is_over = |event: &Event| match event {
            Event::ProgramEnded { program, .. } => *program == member.number,
            Event::Left(left) => left.nth == member.nth && matches!(left.role, Role::Runs(_)),
            Event::Ended { caller: ended } => (ended.actor.nth, ended.worker) == (caller.actor.nth, caller.worker),
            _ => false,
        };
        let ends = self.trace().calls.stops.ends_between(at, self.moment());
        if ends.iter().any(|at| is_over(&self.trace().entries()[*at].event)) {
            return None;
        }
        let process = self.calls_of_thread(caller).next().and_then(|call| call.made?.process);
        Some(StoppedProcess { caller, program: member.number, signal, process })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Actor, Call, Member, ProgramCall, ProgramExit, Side, Trace};
    use super::*;

    #[test]
    fn a_process_is_stopped_until_it_is_continued_or_ends() {
        let caller = Caller { actor: Actor { side: Side::Server, nth: 1 }, worker: 0 };
        let of = |signal| Event::Signal { caller, signal };
        let call = ProgramCall { name: "read".into(), process: Some(77), ..ProgramCall::default() };
        let mut trace = Trace::default();
        let stopped = |trace: &mut Trace, event: Event| {
            trace.push(Duration::ZERO, event);
            trace.present().stopped().iter().map(|of| (of.signal, of.process, of.program)).collect::<Vec<_>>()
        };
        let member = Member { number: 4, pid: 70, nth: 1, role: Role::Runs("server".into()) };
        assert_eq!(stopped(&mut trace, Event::Joined(member)), []);
        assert_eq!(stopped(&mut trace, of(libc::SIGTSTP)), [(libc::SIGTSTP, None, 4)]);
        let entered = Event::Entered { caller, call: Call::Program(Box::new(call)) };
        assert_eq!(stopped(&mut trace, entered), [(libc::SIGTSTP, Some(77), 4)]);
        assert_eq!(stopped(&mut trace, of(libc::SIGUSR1)), [(libc::SIGTSTP, Some(77), 4)]);
        assert_eq!(stopped(&mut trace, of(libc::SIGCONT)), []);
        assert_eq!(stopped(&mut trace, of(libc::SIGSTOP)), [(libc::SIGSTOP, Some(77), 4)]);
        let over = Event::ProgramEnded { program: 4, how: ProgramExit::Signal(libc::SIGKILL) };
        assert_eq!(stopped(&mut trace, over), []);
        assert_eq!(trace.at(trace.now() - 1).stopped().len(), 1, "it was then");
    }
}
