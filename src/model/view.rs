//! What was true at one moment of the trace.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use super::calls::{CallView, call_view};
use super::rule::{RuleInForce, WireRule};
use super::trace::{SegmentRecord, SocketRecord, Trace};
use super::{
    Actor, AnsweredQuestion, Caller, ChangedSetting, ClaimResult, Connection, CounterMove, Entry, Event, Fate,
    ForwardingRules, HandAction, HandMade, HeldCalls, Member, Moment, SampledOut, SegmentId, Side, SocketFacts,
    SocketState, Source, verdicts,
};
use crate::tcp::{Initials, Packet};

/// The trace as it stood after its first entries. Cheap to make and to copy.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    trace: &'a Trace,
    moment: Moment,
}

/// A segment as it stood then.
#[derive(Clone, Copy, Debug)]
pub struct SegmentView<'a> {
    /// Its number.
    pub id: SegmentId,
    /// Its newest copy by then.
    pub segment: &'a Packet,
    /// The initial numbers from which it counts.
    pub initials: Initials,
    /// The entry at which it was first seen.
    pub sent: Moment,
    /// How often it had been sent by then.
    pub times_sent: usize,
    /// The earlier segment that it repeats.
    pub again: Option<SegmentId>,
    /// How a person made it, or, as a copy, a rule of the wire; `None` where a kernel sent it.
    pub by_hand: Option<HandMade>,
    /// The rule of the wire that made or lost it by then.
    pub by_rule: Option<&'a WireRule>,
    /// What had become of it.
    pub fate: Fate,
    /// The entry of its newest change.
    pub changed: Moment,
    /// Which counters moved as its receiver got it; `None` where they weren't read by then.
    pub reasons: Option<&'a [CounterMove]>,
    /// Which counters told why it was sent again, of its newest copy; `None` where none did by then.
    pub causes: Option<&'a [CounterMove]>,
}

/// A socket as it stood then.
#[derive(Clone, Copy, Debug)]
pub struct SocketView<'a> {
    /// The newest facts by then; where it is gone, the last ones before.
    pub facts: &'a SocketFacts,
    /// The state: CLOSED where the socket is gone.
    pub state: SocketState,
    /// Who says so.
    pub source: Source,
    /// Whether the kernel no longer has it.
    pub gone: bool,
    /// The state before this one, where there was one.
    pub previous: Option<SocketState>,
    /// The entry at which the state became this one.
    pub state_since: Moment,
    /// The entry of the newest change of any fact.
    pub changed: Moment,
}

impl Trace {
    /// Everything as it was after the first `moment` entries.
    pub fn at(&self, moment: Moment) -> View<'_> {
        View::new(self, moment.min(self.now()))
    }

    /// Everything as it is.
    pub fn present(&self) -> View<'_> {
        View::new(self, self.now())
    }
}

impl<'a> View<'a> {
    pub(super) fn new(trace: &'a Trace, moment: Moment) -> Self {
        View { trace, moment }
    }

    /// The moment that is looked at.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// The trace itself.
    pub fn trace(&self) -> &'a Trace {
        self.trace
    }

    /// The newest entry; `None` before everything.
    pub fn entry(&self) -> Option<&'a Entry> {
        self.trace.entries().get(self.moment.checked_sub(1)?)
    }

    /// When that was, since the walk began.
    pub fn at(&self) -> Duration {
        self.entry().map_or(Duration::ZERO, |entry| entry.at)
    }

    /// The lesson's step then, and the entry at which it began; `None` before the first.
    pub fn step(&self) -> Option<(usize, Moment)> {
        let begun = self.trace.steps.partition_point(|(moment, _)| *moment < self.moment);
        self.trace.steps[..begun].last().map(|(moment, step)| (*step, *moment))
    }

    /// The calls of an actor (of a side: of the first one of it), the newest first.
    pub fn calls<A: Into<Actor>>(&self, actor: A) -> impl Iterator<Item = CallView<'a>> + use<'a, A> {
        let (trace, moment) = (self.trace, self.moment);
        trace.calls.of(actor.into(), moment).rev().map(move |record| call_view(trace.entries(), record, moment))
    }

    /// How many calls an actor had begun.
    pub fn call_count(&self, actor: impl Into<Actor>) -> usize {
        self.trace.calls.of(actor.into(), self.moment).len()
    }

    /// The newest call of a thread; of a program's, whichever side it was seen at by then, or is seen at since.
    pub fn newest_call(&self, caller: Caller) -> Option<CallView<'a>> {
        let own = self.calls(caller.actor).find(|call| call.caller == caller);
        own.into_iter().chain(self.calls_of_thread(caller).next()).max_by_key(|call| call.entered)
    }

    /// The actors of a side that had made a call, were there or were made by `fork()`, in the order of their numbers; at least the first one.
    pub fn actors(&self, side: Side) -> Vec<Actor> {
        let called = self.trace.calls.actors().filter(|actor| self.call_count(*actor) > 0);
        let there = self.members().into_iter().flat_map(Member::actors).chain(self.forked());
        let mut actors: Vec<Actor> =
            called.chain(there).filter(|actor| actor.side == side).chain([Actor::from(side)]).collect();
        actors.sort_unstable();
        actors.dedup();
        actors
    }

    /// The actors of both sides.
    pub fn all_actors(&self) -> Vec<Actor> {
        Side::BOTH.into_iter().flat_map(|side| self.actors(side)).collect()
    }

    /// The calls before which programs' threads stood, the one that stood first at first.
    pub fn standing(&self) -> Vec<CallView<'a>> {
        let (trace, moment) = (self.trace, self.moment);
        trace.calls.standing(moment).map(|record| call_view(trace.entries(), record, moment)).collect()
    }

    /// Which calls of a program waited, by its member's number.
    pub fn holding(&self, program: u32) -> HeldCalls {
        let all = &self.trace.calls.holding;
        let known = all[..all.partition_point(|(moment, ..)| *moment < self.moment)].iter().rev();
        let mut fitting = known.filter(|(_, of, _)| of.is_none_or(|of| of == program));
        fitting.next().map_or_else(HeldCalls::default, |(.., held)| *held)
    }

    /// The calls of programs on a socket, by the kernel's name for it, the newest first.
    pub fn calls_on(&self, socket: u64) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let (trace, moment) = (self.trace, self.moment);
        trace.calls.on(socket, moment).rev().map(move |record| call_view(trace.entries(), record, moment))
    }

    /// The call by which programs first got a socket; `None` where that wasn't seen.
    pub fn maker(&self, socket: u64) -> Option<CallView<'a>> {
        let record = self.trace.calls.maker(socket).filter(|record| record.seen < self.moment)?;
        Some(call_view(self.trace.entries(), record, self.moment))
    }

    /// The calls of a thread of a program's, the newest first, whichever side it plays.
    pub fn calls_of_thread(&self, caller: Caller) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let (trace, moment) = (self.trace, self.moment);
        trace.calls.of_thread(caller, moment).rev().map(move |record| call_view(trace.entries(), record, moment))
    }

    /// Whether all calls of programs since the entry `since` were kept one by one.
    pub fn told_all_since(&self, since: Moment) -> bool {
        self.newest(&self.trace.calls.untold).is_none_or(|(untold, _)| *untold < since)
    }

    /// What was last told of a socket, entry by entry, the newest first; `None` where it was gone.
    pub fn history(&self, socket: u64) -> impl Iterator<Item = (Moment, Option<&'a SocketFacts>)> + use<'a> {
        let record = self.trace.by_cookie.get(&socket).map(|number| &self.trace.sockets[*number]);
        let history = record.map_or(&[][..], |record| &record.history);
        let known = history.partition_point(|(seen, _)| *seen < self.moment);
        history[..known].iter().rev().map(|(seen, facts)| (*seen, facts.as_ref()))
    }

    /// How many calls of programs weren't kept one by one.
    pub fn untold_calls(&self) -> u64 {
        self.newest(&self.trace.calls.untold).map_or(0, |(_, calls)| *calls)
    }

    /// The program that is an actor, or was it last; `None` of one whose calls a person makes.
    pub fn program(&self, actor: Actor) -> Option<&'a Member> {
        self.trace.program(actor, self.moment)
    }

    /// Who was in the lab, in the order of arrival; empty where the lab isn't shared.
    pub fn members(&self) -> Vec<&'a Member> {
        self.trace.present_members.at(self.moment).iter().map(|place| &self.trace.arrivals[*place]).collect()
    }

    /// Which segments went on by themselves.
    pub fn passing(&self) -> Option<&'a ForwardingRules> {
        self.newest(&self.trace.passing).map(|(_, passing)| passing)
    }

    /// The rules of the wire, the narrowest first.
    pub fn wire_rules(&self) -> &'a [RuleInForce] {
        self.newest(&self.trace.ruled).map_or(&[], |(_, ruled)| &ruled.rules)
    }

    /// The change of a setting that came last, and when.
    pub fn newest_setting(&self) -> Option<(Moment, &'a ChangedSetting)> {
        self.newest(&self.trace.settings).map(|(moment, changed)| (*moment, changed))
    }

    /// What a setting of this name was before it was changed for the first time, where that is known.
    pub fn setting_before(&self, name: &str) -> Option<&'a str> {
        self.trace.settings.iter().find(|(_, one)| one.name == name)?.1.before.as_deref()
    }

    /// What was told last of a setting of this name: what it is since.
    pub fn setting_now(&self, name: &str) -> Option<&'a str> {
        let told = self.trace.settings.iter().rev().filter(|(moment, _)| *moment < self.moment);
        { told }.filter(|(_, one)| one.name == name).find_map(|(_, one)| one.now.as_deref().ok())
    }

    /// The number that a setting below `net.ipv4` was told to have last.
    pub fn number_now(&self, name: &str) -> Option<i64> {
        let told = self.trace.settings.iter().rev().filter(|(moment, _)| *moment < self.moment);
        let mut told = told.filter(|(_, one)| one.name.strip_prefix("net.ipv4.") == Some(name));
        told.find_map(|(_, one)| one.now.as_deref().ok()).and_then(|now| now.parse().ok())
    }

    /// Whether the setting of this name was told to be switched on last.
    pub fn is_switched_on(&self, name: &str) -> bool {
        self.setting_now(name).is_some_and(|value| value != "0")
    }

    /// The settings of the lab's kernel that are other ones than when it began, each as it was then and is now.
    pub fn changed_settings(&self) -> Vec<ChangedSetting> {
        let mut changed: Vec<ChangedSetting> = Vec::new();
        for (_, one) in self.trace.settings.iter().take_while(|(moment, _)| *moment < self.moment) {
            if one.now.is_err() {
                continue;
            }
            match changed.iter_mut().find(|known| known.name == one.name) {
                Some(known) => known.now.clone_from(&one.now),
                None => changed.push(one.clone()),
            }
        }
        changed.retain(|one| one.before.as_ref() != one.now.as_ref().ok());
        changed
    }

    /// What had passed by itself without being kept one by one.
    pub fn unkept(&self) -> SampledOut {
        self.newest(&self.trace.unkept).map_or_else(SampledOut::default, |(_, unkept)| *unkept)
    }

    fn newest<T>(&self, changes: &'a [(Moment, T)]) -> Option<&'a (Moment, T)> {
        changes[..changes.partition_point(|(moment, _)| *moment < self.moment)].last()
    }

    /// All segments, the newest first.
    pub fn segments(&self) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
        let moment = self.moment;
        self.trace.segments[..self.segment_count()].iter().rev().map(move |record| segment_view(record, moment))
    }

    /// The segment that had gone on to its receiver last.
    pub fn delivered(&self) -> Option<SegmentView<'a>> {
        let gone = &self.trace.delivered;
        let (_, id) = gone[..gone.partition_point(|(moment, _)| *moment < self.moment)].last()?;
        self.segment(*id)
    }

    /// How many segments had been seen.
    pub fn segment_count(&self) -> usize {
        self.trace.segments.partition_point(|record| record.sent < self.moment)
    }

    /// The connections to which the segments belonged that had been seen, in the order of their first ones.
    pub fn connections(&self) -> &'a [Connection] {
        let (all, seen) = (self.trace.connections(), self.segment_count());
        let first = |one: &Connection| self.trace.segments_of.get(one)?.first().copied();
        &all[..all.partition_point(|one| first(one).is_some_and(|id| (id.0 as usize) < seen))]
    }

    /// The numbers of one connection's segments, in order.
    pub fn segments_of(&self, connection: Connection) -> &'a [SegmentId] {
        let numbers = self.trace.segments_of.get(&connection).map_or(&[][..], Vec::as_slice);
        let seen = self.segment_count();
        &numbers[..numbers.partition_point(|id| (id.0 as usize) < seen)]
    }

    /// One segment; `None` where it hadn't been seen yet.
    pub fn segment(&self, id: SegmentId) -> Option<SegmentView<'a>> {
        let record = self.trace.segments.get(id.0 as usize)?;
        (record.sent < self.moment).then(|| segment_view(record, self.moment))
    }

    /// The segments that wait on the wire, the oldest first.
    pub fn waiting(&self) -> Cow<'a, [SegmentId]> {
        self.trace.waiting.at(self.moment)
    }

    /// Every socket that had been seen, also those that were gone, in the order of their appearance.
    pub fn sockets(&self) -> impl Iterator<Item = SocketView<'a>> + use<'a> {
        let moment = self.moment;
        self.trace.sockets.iter().filter_map(move |record| socket_view(record, moment))
    }

    /// One socket by the kernel's name for it; `None` where it hadn't been seen yet.
    pub fn socket(&self, cookie: u64) -> Option<SocketView<'a>> {
        let number = *self.trace.by_cookie.get(&cookie)?;
        socket_view(&self.trace.sockets[number], self.moment)
    }

    /// The sockets that were the ends of a connection, in the order in which they became that; also those that were gone,
    /// and those that a reset had left without addresses.
    pub fn sockets_of(&self, connection: Connection) -> impl Iterator<Item = SocketView<'a>> + use<'a> {
        let (trace, moment) = (self.trace, self.moment);
        let numbers = trace.sockets_of.get(&connection).map_or(&[][..], Vec::as_slice);
        let sockets = numbers.iter().map(move |number| &trace.sockets[*number]);
        let of_it = sockets.filter(move |record| last_connection(record, moment) == Some(connection));
        of_it.filter_map(move |record| socket_view(record, moment))
    }

    /// The own and the peer's address of a socket, as they were last told by then: of one that a reset left without
    /// addresses, those before.
    pub fn last_ends(&self, cookie: u64) -> Option<(SocketAddr, SocketAddr)> {
        let record = &self.trace.sockets[*self.trace.by_cookie.get(&cookie)?];
        let known = record.history.partition_point(|(seen, _)| *seen < self.moment);
        let facts = record.history[..known].iter().rev().filter_map(|(_, facts)| facts.as_ref());
        facts.filter_map(SocketFacts::ends).next()
    }

    /// The sockets that the kernel had, in the order of their appearance.
    pub fn living(&self) -> impl Iterator<Item = SocketView<'a>> + use<'a> {
        let (trace, moment, numbers) = (self.trace, self.moment, self.trace.living.at(self.moment));
        (0..numbers.len()).filter_map(move |place| socket_view(&trace.sockets[numbers[place]], moment))
    }

    /// The sockets that were gone, the last one first.
    pub fn gone(&self) -> impl Iterator<Item = SocketView<'a>> + use<'a> {
        let (trace, moment) = (self.trace, self.moment);
        let records = self.gone_numbers().iter().rev().map(|(_, number)| &trace.sockets[*number]);
        records.filter_map(move |record| socket_view(record, moment)).filter(|socket| socket.gone)
    }

    /// The sockets that the kernel had, and those that went at or after the entry `since`, in the order in which they came.
    pub fn sockets_since(&self, since: Moment) -> Vec<SocketView<'a>> {
        let gone = self.gone_numbers().iter().rev().take_while(|(moment, _)| *moment >= since);
        let living = self.trace.living.at(self.moment);
        let mut numbers: Vec<usize> = gone.map(|(_, number)| *number).chain(living.iter().copied()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().filter_map(|number| socket_view(&self.trace.sockets[number], self.moment)).collect()
    }

    fn gone_numbers(&self) -> &'a [(Moment, usize)] {
        &self.trace.gone[..self.trace.gone.partition_point(|(moment, _)| *moment < self.moment)]
    }

    /// Claims and answer of one step, in order; of a claim that was checked again, the newest result.
    pub fn verdicts(&self, step: usize) -> (Vec<&'a ClaimResult>, Option<&'a AnsweredQuestion>) {
        let moments = &self.trace.verdicts.moments;
        let known = moments.partition_point(|moment| *moment < self.moment);
        let (mut claims, mut answer) = (Vec::new(), None);
        for moment in moments[..known].iter().rev() {
            match &self.trace.entries()[*moment].event {
                Event::Claim(claim) if claim.step == step => claims.push(claim.as_ref()),
                Event::Answer(given) if given.step == step => answer = Some(given),
                _ => break,
            }
        }
        (verdicts::newest(claims.into_iter().rev()), answer)
    }

    /// The first step of which not all claims hold: from there on the walk isn't the one that the lesson tells.
    pub fn diverged(&self) -> Option<usize> {
        self.trace.verdicts.diverged(self.moment).map(|(step, _)| step)
    }

    /// What was done by hand last before the walk diverged from its lesson; `None` where nothing was.
    pub fn diverged_by(&self) -> Option<HandAction> {
        let (_, since) = self.trace.verdicts.diverged(self.moment)?;
        self.by_hand_before(since).map(|(_, hand)| hand)
    }

    /// What was done by hand last, and its entry.
    pub fn newest_by_hand(&self) -> Option<(Moment, HandAction)> {
        self.by_hand_before(self.moment)
    }

    fn by_hand_before(&self, moment: Moment) -> Option<(Moment, HandAction)> {
        let known = self.trace.by_hand.partition_point(|(done, _)| *done < moment);
        self.trace.by_hand[..known].last().copied()
    }

    /// The step (its number in the lesson) at which the walk left its lesson's path, to which it can be brought back: where
    /// something was done by hand last, before the walk diverged if it has, or where a side's process was killed, which makes no
    /// more calls. What was done may show only steps later. `None` on the path, and before the first step.
    pub fn left_at(&self) -> Option<usize> {
        let killed = Side::BOTH.into_iter().filter_map(|side| self.killed(side)).min();
        let killed = killed.and_then(|at| self.trace.at(at).step()).map(|(step, _)| step);
        killed.into_iter().chain(self.parted_at()).min()
    }

    fn parted_at(&self) -> Option<usize> {
        let Some((first, since)) = self.trace.verdicts.diverged(self.moment) else {
            let (_, begun) = self.step()?;
            let known = self.trace.by_hand.partition_point(|(done, _)| *done < self.moment);
            let mut acts = self.trace.by_hand[..known].iter().rev();
            // What was let go before its step is as its lesson has it, once that step is there.
            let matters =
                |(done, act): &&(Moment, HandAction)| *done >= begun || !matches!(act, HandAction::Deliver(_));
            let (done, _) = acts.find(matters)?;
            return self.trace.at(*done + 1).step().map(|(step, _)| step);
        };
        let before = self.by_hand_before(since).and_then(|(done, _)| self.trace.at(done).step());
        Some(before.map_or(first, |(step, _)| step.min(first)))
    }

    /// Whether anything was done by hand.
    pub fn was_touched(&self) -> bool {
        self.trace.by_hand.first().is_some_and(|(moment, _)| *moment < self.moment)
    }

    /// The initial numbers by whose names a copy of a segment is changed: its own, else those of the newest connection of its ends.
    pub fn initials_for_copy(&self, segment: &SegmentView<'_>) -> Initials {
        let newest = || self.trace.initials_between(segment.segment.from, segment.segment.to);
        if segment.initials.is_known() { segment.initials } else { newest() }
    }
}

fn segment_view(record: &SegmentRecord, moment: Moment) -> SegmentView<'_> {
    let copies = record.copies.partition_point(|(seen, _)| *seen < moment).max(1);
    let ended = record.ended.filter(|(ended, _)| *ended < moment);
    // What arrived is the copy that was the newest then; a later one was only counted.
    let until = ended.map_or(moment, |(ended, _)| ended);
    let shown = record.copies.partition_point(|(seen, _)| *seen < until).max(1);
    let held = record.held.filter(|held| *held < moment);
    let fate = match (ended, held) {
        (Some((_, fate)), _) => fate,
        (None, Some(_)) => Fate::Held,
        (None, None) => Fate::Passing,
    };
    SegmentView {
        id: record.id,
        segment: &record.copies[shown - 1].1,
        initials: record.initials,
        sent: record.sent,
        times_sent: copies,
        again: record.again,
        by_hand: record.by_hand,
        by_rule: record.by_rule.as_ref().filter(|(since, _)| *since < moment).map(|(_, rule)| rule.as_ref()),
        fate,
        causes: record.causes.as_ref().filter(|(told, _)| *told < moment).map(|(_, moved)| moved.as_slice()),
        reasons: record.reasons.as_ref().filter(|(told, _)| *told < moment).map(|(_, moved)| moved.as_slice()),
        changed: ended.map(|(ended, _)| ended).unwrap_or(record.copies[copies - 1].0.max(held.unwrap_or(0))),
    }
}

fn socket_view(record: &SocketRecord, moment: Moment) -> Option<SocketView<'_>> {
    let known = record.history.partition_point(|(seen, _)| *seen < moment);
    let (changed, newest) = record.history[..known].last()?;
    // A socket is gone at most once: its last facts stand just before.
    let facts = record.history[..known].iter().rev().find_map(|(_, facts)| facts.as_ref())?;
    let states = &record.states[..record.states.partition_point(|(seen, _)| *seen < moment)];
    let (state_since, state) = *states.last()?;
    Some(SocketView {
        facts,
        state,
        source: newest.as_ref().map_or(record.gone_source, |facts| facts.source),
        gone: newest.is_none(),
        previous: states.iter().nth_back(1).map(|(_, state)| *state),
        state_since,
        changed: *changed,
    })
}

/// The connection whose end a socket was by then, or had been last.
fn last_connection(record: &SocketRecord, moment: Moment) -> Option<Connection> {
    let known = record.history.partition_point(|(seen, _)| *seen < moment);
    record.history[..known].iter().rev().find_map(|(_, facts)| facts.as_ref()?.connection())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::tcp::State;

    fn facts(cookie: u64, state: State) -> SocketFacts {
        testing::socket(cookie, Side::Server, None, state, (None, None))
    }

    #[test]
    fn the_sockets_of_any_moment_are_those_that_a_search_through_all_of_them_finds() {
        let mut trace = Trace::default();
        let script = [(1, Some(State::Listen)), (2, Some(State::SynRecv)), (2, Some(State::Established)), (1, None)];
        let later = [(3, Some(State::SynRecv)), (2, None), (1, Some(State::Listen)), (3, None), (3, None)];
        for (cookie, state) in script.into_iter().chain(later) {
            trace.push(
                Duration::ZERO,
                match state {
                    Some(state) => Event::Socket(facts(cookie, state)),
                    None => Event::Gone { cookie, source: Source::SockDiag },
                },
            );
        }
        for moment in 0..=trace.now() {
            let view = trace.at(moment);
            let cookies = |of: &mut dyn Iterator<Item = SocketView<'_>>| -> Vec<u64> {
                of.map(|socket| socket.facts.cookie).collect()
            };
            let all = || view.sockets();
            assert_eq!(cookies(&mut view.living()), cookies(&mut all().filter(|socket| !socket.gone)));
            assert!(view.gone().is_sorted_by(|newer, older| newer.changed >= older.changed));
            for since in 0..=moment {
                let wanted = cookies(&mut all().filter(|socket| !socket.gone || socket.changed >= since));
                assert_eq!(cookies(&mut view.sockets_since(since).into_iter()), wanted, "at {moment} since {since}");
            }
            for cookie in 1..=4 {
                let found = view.socket(cookie).map(|socket| (socket.state, socket.changed));
                let wanted = all().find(|socket| socket.facts.cookie == cookie);
                assert_eq!(found, wanted.map(|socket| (socket.state, socket.changed)));
            }
        }
    }

    #[test]
    fn a_copy_that_comes_after_the_delivery_is_counted_and_not_shown_for_what_arrived() {
        let local = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let fin = |ack| crate::tcp::testing::segment(local(1), local(2), 7, ack, &["FIN", "ACK"], b"");
        let id = SegmentId(0);
        let mut trace = Trace::default();
        for event in [
            Event::Sent { id, segment: fin(10), again: None },
            Event::Held(id),
            Event::Retransmitted { id, segment: fin(11) },
            Event::Delivered(id),
            Event::Retransmitted { id, segment: fin(12) },
        ] {
            trace.push(Duration::ZERO, event);
        }
        let shown =
            |moment| trace.at(moment).segment(id).map(|view| (view.segment.tcp().unwrap().ack, view.times_sent));
        assert_eq!([shown(2), shown(3), shown(5)], [Some((10, 1)), Some((11, 2)), Some((11, 3))]);
    }

    #[test]
    fn a_connections_ends_are_those_that_it_had_by_then() {
        let local = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let (server, one, other) = (local(8000), local(1), local(2));
        let end = |cookie, state, of: (_, _)| Event::Socket(testing::socket(cookie, Side::Client, None, state, of));
        let sent = |id, from| Event::Sent {
            id: SegmentId(id),
            segment: crate::tcp::testing::segment(from, server, 7, 0, &["SYN"], b""),
            again: None,
        };
        let mut trace = Trace::default();
        for event in [
            end(1, State::Closed, (None, None)),
            end(1, State::SynSent, (Some(one), Some(server))),
            sent(0, one),
            end(2, State::SynRecv, (Some(server), Some(one))),
            end(3, State::SynSent, (Some(other), Some(server))),
            sent(1, other),
            // A reset leaves a socket without addresses; then it connects anew, and then the other one is gone.
            end(1, State::Closed, (None, None)),
            end(1, State::SynSent, (Some(other), Some(server))),
            Event::Gone { cookie: 2, source: Source::SockDiag },
        ] {
            trace.push(Duration::ZERO, event);
        }
        let of = |moment, port| -> Vec<(u64, bool)> {
            let sockets = trace.at(moment).sockets_of(Connection::new(server, port));
            sockets.map(|socket| (socket.facts.cookie, socket.state == State::Closed)).collect()
        };
        assert_eq!([of(1, one), of(2, one), of(4, one)], [vec![], vec![(1, false)], vec![(1, false), (2, false)]]);
        assert_eq!([of(6, other), of(7, one)], [vec![(3, false)], vec![(1, true), (2, false)]]);
        assert_eq!([of(8, one), of(8, other)], [vec![(2, false)], vec![(3, false), (1, false)]]);
        assert_eq!(of(9, one), [(2, true)]);
        let known = [2, 3, 5, 6, 9].map(|moment| trace.at(moment).connections().len());
        assert_eq!(known, [0, 1, 1, 2, 2]);
    }
}
