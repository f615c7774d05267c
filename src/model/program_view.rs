//! What is known of a program's calls at a moment.

use super::calls::call_view;
use super::{CallView, Member, Moment, View};

impl<'a> View<'a> {
    /// Whether all calls of programs were kept from one moment to a later one.
    pub fn told_all_between(&self, from: Moment, to: Moment) -> bool {
        let untold = &self.trace().calls.untold;
        untold.partition_point(|(at, _)| *at < from) == untold.partition_point(|(at, _)| *at < to)
    }

    /// The newest call of each thread of a program, whichever side it plays.
    pub fn threads_of(&self, program: &Member) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let (trace, moment, nth) = (self.trace(), self.moment(), program.nth);
        let came = trace.present_since(program.number, moment);
        let newest = trace.calls.of_threads(nth, moment).filter(move |record| record.seen >= came);
        newest.map(move |record| call_view(trace.entries(), record, moment))
    }

    /// Whether a program has made a call on a socket of IPv4 or IPv6, or to make one.
    pub fn has_called(&self, program: &Member) -> bool {
        let (trace, moment) = (self.trace(), self.moment());
        let came = trace.present_since(program.number, moment);
        let made = trace.calls.of_program(program.nth, moment).filter(|record| record.seen >= came);
        made.filter_map(|record| record.made.as_ref()).any(|made| made.is_of_internet())
    }
    /// Whether a `listen()` of a program has succeeded; an earlier one's that had its number doesn't count.
    pub fn has_listened(&self, program: &Member) -> bool {
        let (trace, moment) = (self.trace(), self.moment());
        trace.calls.has_listened(program.nth, trace.present_since(program.number, moment), moment)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Actor, Call, Caller, Event, ProgramCall, Returned, Role, Side, Trace};
    use super::*;

    #[test]
    fn what_programs_do_is_known_of_each_moment() {
        let of = |worker| Caller { actor: Actor { side: Side::Server, nth: 1 }, worker };
        let call = |name: &str| Call::Program(Box::new(ProgramCall { name: name.into(), ..ProgramCall::default() }));
        let member = |number| Member { number, pid: 70 + number, nth: 1, role: Role::Runs("server".into()) };
        let stands = |worker, name| Event::Stands { caller: of(worker), call: call(name) };
        let enters = |worker, name| Event::Entered { caller: of(worker), call: call(name) };
        let returns = || Event::Returned { caller: of(0), outcome: Ok(Returned::default()) };
        let mut trace = Trace::default();
        // After each entry: the threads that stand before a call, and whether the program of this number has listened.
        for (event, standing, listened) in [
            (Event::Joined(member(4)), vec![], (4, false)),
            (stands(2, "accept"), vec![2], (4, false)),
            (stands(0, "listen"), vec![2, 0], (4, false)),
            (enters(0, "listen"), vec![2], (4, false)),
            (returns(), vec![2], (4, true)),
            (stands(0, "close"), vec![2, 0], (4, true)),
            (Event::Ended { caller: of(2) }, vec![0], (4, true)),
            (Event::Left(member(4)), vec![], (4, true)),
            // It is started again, and has the same number among the servers.
            (Event::Joined(member(5)), vec![], (5, false)),
            (enters(0, "listen"), vec![], (5, false)),
            (returns(), vec![], (5, true)),
        ] {
            trace.push(Duration::ZERO, event);
            let found: Vec<u32> = trace.present().standing().iter().map(|call| call.caller.worker).collect();
            assert_eq!(found, standing, "{:?}", trace.entries().last());
            assert_eq!(trace.present().has_listened(&member(listened.0)), listened.1, "{:?}", trace.entries().last());
        }
        let searched = |moment| {
            let view = trace.at(moment);
            let mut found: Vec<_> =
                view.calls(of(0).actor).filter(|call| call.stands).map(|call| call.entered).collect();
            found.sort_unstable();
            found
        };
        for moment in 0..=trace.now() {
            let found: Vec<_> = trace.at(moment).standing().iter().map(|call| call.entered).collect();
            assert_eq!(found, searched(moment), "at {moment}");
        }
    }
}
