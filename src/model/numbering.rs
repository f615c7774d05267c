//! By which number an actor is called.

use std::collections::BTreeSet;

use super::rule::WireRule;
use super::{Actor, Moment, SegmentFilter, Side, View};

impl View<'_> {
    /// An actor by the number by which it is called: the how many-th of its side it is, in the order in which they came to be seen. A program
    /// that runs in the lab has a number at both sides ([`Actor::nth`]), whichever part it plays, and so has who makes the calls of
    /// both; one that isn't there leaves no gap in what people read. Who is seen to play a part later doesn't change the others' numbers.
    /// As long as a program is the only one of its side that has made a call, it goes without a number, as its pane does.
    pub fn known_as(&self, actor: Actor) -> Actor {
        if self.program(actor).is_some() && self.plays_alone(actor) {
            return actor.side.into();
        }
        let Some(own) = self.appeared(actor) else { return actor };
        let is_before = |other: &Actor| self.appeared(*other).is_some_and(|at| (at, other.nth) < (own, actor.nth));
        let before =
            self.ever_there(actor.side).into_iter().filter(|other| *other != actor && is_before(other)).count();
        Actor { nth: Actor::FIRST + u32::try_from(before).unwrap_or(u32::MAX - 1), ..actor }
    }

    /// The actor that is called so, of several the one that has made calls; the same where none is.
    pub fn actor_known_as(&self, known: Actor) -> Actor {
        let called_so = |actor: &Actor| self.known_as(*actor) == known;
        let actors: Vec<Actor> = self.ever_there(known.side).into_iter().filter(called_so).collect();
        let plays = actors.iter().find(|actor| self.call_count(**actor) > 0);
        plays.or(actors.first()).copied().unwrap_or(known)
    }

    /// Whether an actor has made calls, and no other one of its side has.
    fn plays_alone(&self, actor: Actor) -> bool {
        let has_called = |other: &Actor| self.call_count(*other) > 0;
        has_called(&actor) && !self.actors(actor.side).iter().any(|other| *other != actor && has_called(other))
    }

    /// A rule of the wire, whose receiver has the number by which it is called.
    pub fn rule_known_as(&self, rule: &WireRule) -> WireRule {
        let which = match rule.which {
            SegmentFilter::To(actor) => SegmentFilter::To(self.known_as(actor)),
            which => which,
        };
        WireRule { which, ..*rule }
    }

    /// Who was seen to play a side's part by then, also those that have left: their numbers stay theirs.
    fn ever_there(&self, side: Side) -> BTreeSet<Actor> {
        let trace = self.trace();
        let forked = trace.calls.forks.all().map(|(child, _)| child);
        let all =
            trace.makers.keys().copied().chain(trace.calls.actors()).chain(forked).filter(|actor| actor.side == side);
        all.filter(|actor| self.appeared(*actor).is_some()).collect()
    }

    /// The entry with which an actor was first seen to play its side's part: who makes its calls came, its first call was made, or it was
    /// forked. `None` where it wasn't seen by then.
    fn appeared(&self, actor: Actor) -> Option<Moment> {
        let trace = self.trace();
        let makers = trace.makers.get(&actor).map_or(&[][..], Vec::as_slice);
        let came = makers.iter().find(|(_, place)| trace.arrivals[*place].is(actor)).map(|(moment, _)| *moment);
        let called = trace.calls.of(actor, self.moment()).next().map(|record| record.seen);
        let forked = trace.calls.forks.get(actor).map(|fork| fork.made);
        [came, called, forked].into_iter().flatten().min().filter(|at| *at < self.moment())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Call, Caller, Event, Member, ProgramCall, Role, Trace};
    use std::time::Duration;

    const fn actor(side: Side, nth: u32) -> Actor {
        Actor { side, nth }
    }

    fn joined(nth: u32, role: Role) -> Event {
        Event::Joined(Member { number: nth, pid: nth, nth, role })
    }

    fn calls(actor: Actor) -> Event {
        let made = ProgramCall { name: "socket".into(), ..ProgramCall::default() };
        Event::Entered { caller: Caller { actor, worker: 7 }, call: Call::Program(Box::new(made)) }
    }

    fn trace(events: impl IntoIterator<Item = Event>) -> Trace {
        let mut trace = Trace::default();
        events.into_iter().for_each(|event| {
            trace.push(Duration::ZERO, event);
        });
        trace
    }

    /// The number by which each is called.
    fn numbers(trace: &Trace, actors: &[Actor]) -> Vec<u32> {
        actors.iter().map(|actor| trace.present().known_as(*actor).nth).collect()
    }

    #[test]
    fn who_comes_beside_programs_is_counted_among_those_that_play_the_same_part() {
        let runs = |name: &str| Role::Runs(name.into());
        let client = |nth| actor(Side::Client, nth);
        let (server, program, joins) = (actor(Side::Server, 1), client(2), client(3));
        let begin = [joined(1, runs("server")), joined(2, runs("client")), calls(server), calls(program)];
        let with = trace(begin.clone().into_iter().chain([joined(3, Role::Drives(vec![Side::Client]))]));
        assert_eq!(numbers(&with, &[server, program, joins]), [1, 1, 2]);
        let present = with.present();
        assert_eq!(present.actor_known_as(client(1)), program);
        assert_eq!(present.actor_known_as(client(2)), joins);
        assert_eq!(present.actor_known_as(client(9)), client(9));
        // The server's program connects somewhere later: nobody's number changes.
        let later = trace(with.entries().iter().map(|entry| entry.event.clone()).chain([calls(client(1))]));
        assert_eq!(numbers(&later, &[server, program, joins, client(1)]), [1, 1, 2, 3]);
        assert_eq!(later.at(with.now()).known_as(program), client(1));
        // Both sides are one's own, and a program is the only client that calls; until one calls there oneself.
        let hand = Event::Entered { caller: Side::Client.into(), call: Call::Socket { ipv6: false, udp: false } };
        let begin = [joined(1, Role::Drives(Side::BOTH.to_vec())), joined(2, runs("client")), calls(program)];
        let alone = trace(begin.clone());
        assert_eq!(numbers(&alone, &[program]), [1]);
        assert_eq!(alone.present().actor_known_as(client(1)), program, "whose calls are seen");
        assert_eq!(numbers(&trace(begin.into_iter().chain([hand])), &[client(1), program]), [1, 2]);
        // Both sides are one's own, and a client is there already.
        let both = [joined(1, Role::Drives(vec![Side::Client])), joined(2, Role::Drives(Side::BOTH.to_vec()))];
        assert_eq!(numbers(&trace(both), &[client(1), client(2), actor(Side::Server, 2)]), [1, 2, 1]);
    }

    #[test]
    fn where_no_programs_run_the_numbers_are_the_labs() {
        let drives = |nth, side| joined(nth, Role::Drives(vec![side]));
        let [server, first, second, third] =
            [actor(Side::Server, 1), actor(Side::Client, 1), actor(Side::Client, 2), actor(Side::Client, 3)];
        let left = Event::Left(Member { number: 2, pid: 2, nth: 2, role: Role::Drives(vec![Side::Client]) });
        let came =
            [drives(1, Side::Server), drives(1, Side::Client), drives(2, Side::Client), left, drives(3, Side::Client)];
        assert_eq!(numbers(&trace(came), &[server, first, second, third]), [1, 1, 2, 3]);
        // Of who was never seen nothing is known but the lab's number; so of a lesson's sides.
        assert_eq!(numbers(&Trace::default(), &[server, third]), [1, 3]);
        let forked = [
            Event::Entered { caller: Side::Server.into(), call: Call::Fork },
            Event::Returned {
                caller: Side::Server.into(),
                outcome: Ok(crate::model::Returned { value: 9, child: Some(2), ..Default::default() }),
            },
        ];
        assert_eq!(numbers(&trace(forked), &[server, actor(Side::Server, 2)]), [1, 2]);
    }
}
