//! What a segment's receiver made of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use super::super::own_address::{is_held, open_at};
use super::super::wire::{SOON, end_at};
use super::{SegmentContext, SegmentKind, sentences};
use crate::i18n::counter;
use crate::model::{
    Call, CallView, Caller, Connection, CounterMove, Event, PolledDescriptor, ProgramCall, SegmentId, SocketFacts,
    SocketState, SocketView, Timer, TimerKind,
};
use crate::tcp::{Flags, Packet, Segment, State, line};

/// A timer that ends so much later was set anew: the kernel tells it in steps of its clock.
const LATER: Duration = Duration::from_millis(200);

/// What was seen after a delivery, before anything else happened to the connection.
#[derive(Default)]
struct Aftermath<'a> {
    /// What the kernel said last of each socket at the receiver's end; `None` where it was gone.
    sockets: BTreeMap<u64, Option<&'a SocketFacts>>,
    told: Answers,
}

/// What the receiver's end sent, and which calls came back.
#[derive(Default)]
struct Answers {
    texts: Vec<String>,
    /// The segment that was told last, and how many in a row read the same.
    last: Option<(String, u32)>,
}

impl Answers {
    fn extend(&mut self, texts: impl IntoIterator<Item = String>) {
        let before = self.texts.len();
        self.texts.extend(texts);
        if self.texts.len() > before {
            self.last = None;
        }
    }
}

impl<'a> SegmentContext<'a> {
    pub(super) fn arrival(&self) -> String {
        let packet = self.segment.segment;
        let before = self.view.trace().at(self.segment.changed);
        let end = end_at(&before, packet.to, packet.from);
        // The end's own listener too: a connection that is whole waits there. ICMP comes to what it quotes.
        let all_open = open_at(&before, packet.to, packet.tcp().is_none() && !packet.quotes_tcp());
        let open = all_open.first().copied();
        let who = self.who(packet.to, packet.from);
        let mut told = vec![self.words.say(|t| &t.arrived, &[("who", &who)])];
        match (&end, &open) {
            (Some(_), _) => {}
            (None, Some(socket)) if socket.state == State::Listen => {
                told.push(self.words.say(|t| &t.listener, &[("to", &packet.to)]));
                let is_error = self.kind() == SegmentKind::Unreachable;
                told.extend(is_error.then(|| self.words.say(|t| &t.icmp_of_none, &[])));
            }
            (None, Some(_)) => {}
            // Where the kernel wasn't asked since its end spoke, it isn't known whether there was one.
            (None, None) if self.may_have_end(&before) => {}
            (None, None) if is_held(&before, packet) => {
                told.push(self.words.say(|t| &t.nobody_takes, &[("to", &packet.to)]));
            }
            (None, None) => told.push(self.words.say(|t| &t.nobody, &[("to", &packet.to)])),
        }
        let cookies: Vec<u64> = all_open.iter().map(|socket| socket.facts.cookie).collect();
        let seen = self.seen(&cookies);
        let mut came: Vec<String> = Vec::new();
        for (cookie, facts) in &seen.sockets {
            came.extend(self.change(before.socket(*cookie).filter(|socket| !socket.gone), *facts));
        }
        let stays = |socket: &SocketView<'_>| match seen.sockets.get(&socket.facts.cookie) {
            Some(after) => after.is_some_and(|after| after.state == socket.state),
            None => true,
        };
        let listener = end.is_none().then_some(open).flatten();
        let passed_over = self.passed_over(end.filter(stays), listener, seen.told.texts.is_empty());
        came.extend(seen.told.texts);
        let is_silent = came.is_empty();
        if is_silent {
            came.push(self.silence(end.or(open)));
        }
        sentences(told.into_iter().chain(came).chain(passed_over).chain(self.reasons(is_silent)))
    }

    /// That nothing was seen. Of a datagram that a socket took nothing can be seen where another one waits before it.
    fn silence(&self, socket: Option<SocketView<'_>>) -> String {
        let counted_none = self.segment.reasons.is_some_and(<[CounterMove]>::is_empty);
        let is_datagram = self.kind() == SegmentKind::Datagram;
        if is_datagram && counted_none && socket.is_some_and(|socket| !socket.facts.counts_memory) {
            return self.words.say(|t| &t.datagram_waits, &[]);
        }
        self.words.say(|t| &t.nothing, &[])
    }

    /// What the kernel counted, each with what that counts; that it counted nothing where nothing else was seen either.
    fn reasons(&self, is_silent: bool) -> Vec<String> {
        let Some(moved) = self.segment.reasons else {
            return { is_silent }.then(|| self.words.say(|t| &t.counted_unread, &[])).into_iter().collect();
        };
        if moved.is_empty() && is_silent {
            return vec![self.words.say(|t| &t.counted_nothing, &[])];
        }
        let one = |moved: &CounterMove| match counter(&moved.name, self.words.lang) {
            Some(what) => self.words.say(|t| &t.counted, &[("moved", moved), ("what", &what)]),
            None => self.words.say(|t| &t.counted_alone, &[("moved", moved)]),
        };
        moved.iter().map(one).collect()
    }

    /// What was seen at the receiver's end until something else happened to the connection.
    fn seen(&self, open: &[u64]) -> Aftermath<'a> {
        let packet = self.segment.segment;
        let trace = self.view.trace();
        let began = self.segment.changed;
        let receiver = self.holder(packet.to, packet.from).or_else(|| self.actor(packet.to, packet.from));
        let entries = trace.entries().get(began + 1..self.view.moment()).unwrap_or(&[]);
        let until = trace.entries().get(began).map_or(Duration::ZERO, |entry| entry.at) + SOON;
        let (mut seen, before) = (Aftermath::default(), trace.at(began));
        let soon = || entries.iter().take_while(|entry| entry.at <= until);
        let ends = |event: &Event| match event {
            Event::Left(member) => receiver.is_some_and(|receiver| member.makes(receiver)),
            Event::Killed(actor) => Some(*actor) == receiver,
            Event::Ended { caller } => self.has_end(*caller, end_at(&before, packet.to, packet.from), self.view),
            _ => false,
        };
        // The kernel may have closed a process's sockets before the lab has heard of its end.
        let own_timer = end_at(&before, packet.to, packet.from).and_then(|end| end.facts.timer);
        let process_ends =
            self.may_end_with_its_process() && soon().any(|entry| ends(&entry.event)) && !self.calls_end(soon());
        for entry in soon() {
            match &entry.event {
                Event::Delivered(id) | Event::Dropped(id) if self.is_here(self.view.segment(*id)) => break,
                Event::Entered { caller, call } if Some(caller.actor) == receiver && !only_looks(call) => break,
                Event::Sent { id, segment, .. } if self.is_end_by_call(*id, segment) => break,
                event if own_timer.is_some_and(|timer| self.comes_of(timer, entry.at, event, open)) => break,
                event if process_ends && (ends(event) || self.closes(event, open)) => {
                    seen.told.extend([self.words.say(|t| &t.process_ended, &[])]);
                    break;
                }
                Event::Socket(facts) => {
                    let here = facts.ends() == Some((packet.to, packet.from));
                    if here || open.contains(&facts.cookie) {
                        seen.sockets.insert(facts.cookie, Some(facts));
                    } else if seen.sockets.contains_key(&facts.cookie) || self.was_here(facts.cookie, began) {
                        // A reset has taken its addresses away.
                        seen.sockets.insert(facts.cookie, Some(facts));
                    }
                }
                Event::Gone { cookie, .. } if self.was_here(*cookie, began) || seen.sockets.contains_key(cookie) => {
                    seen.sockets.insert(*cookie, None);
                }
                Event::Sent { id, segment, again }
                    if (segment.from, segment.to) == (packet.to, packet.from) && !self.answers_another(*id) =>
                {
                    self.answers(&mut seen.told, *id, segment, again.is_some());
                }
                Event::Retransmitted { id, segment } if (segment.from, segment.to) == (packet.to, packet.from) => {
                    self.answers(&mut seen.told, *id, segment, true);
                }
                Event::Returned { caller, outcome } if Some(caller.actor) == receiver => {
                    seen.told.extend(self.returned(*caller, outcome, open));
                }
                _ => {}
            }
        }
        seen
    }

    /// Whether the receiver's end begins to close, or its listener is gone: what no segment brings about by itself.
    fn closes(&self, event: &Event, open: &[u64]) -> bool {
        let packet = self.segment.segment;
        match event {
            Event::Socket(facts) if open.contains(&facts.cookie) => facts.state == State::Closed,
            Event::Socket(facts) => {
                let here = facts.ends() == Some((packet.to, packet.from));
                here && [State::FinWait1, State::LastAck].iter().any(|state| facts.state == *state)
            }
            Event::Gone { cookie, .. } => open.contains(cookie),
            Event::Sent { segment, .. } if (segment.from, segment.to) == (packet.to, packet.from) => {
                segment.tcp().is_some_and(Segment::is_fin_or_rst)
            }
            _ => false,
        }
    }

    /// Whether the receiver's end was one that the end of its process changes: one that has sent its FIN goes on by itself.
    fn may_end_with_its_process(&self) -> bool {
        let mut sent = self.earlier_from(false);
        !sent.any(|(_, tcp)| tcp.is_fin_or_rst())
    }

    /// That the receiver's end sent a segment then; `again`: once more. The next one may read the same, such as the ACK of data and that
    /// of the window which a `recv()` opened: both are told in one.
    fn answers(&self, told: &mut Answers, id: SegmentId, segment: &Packet, again: bool) {
        let initials = self.view.segment(id).map(|one| one.initials).unwrap_or_default();
        let line = line(segment, &initials, self.numbers);
        let n = match &told.last {
            Some((last, n)) if *last == line && !again => n + 1,
            _ => 1,
        };
        let facts: &[(&str, &dyn Display)] = &[("line", &line), ("n", &n)];
        let text = match n {
            1 if again => self.words.say(|t| &t.answered_again, facts),
            1 => self.words.say(|t| &t.answered, facts),
            _ => self.words.say(|t| &t.answered_times, facts),
        };
        if n > 1 {
            told.texts.pop();
        }
        told.texts.push(text);
        told.last = Some((line, n)).filter(|_| !again);
    }

    /// Whether a segment answers by its numbers what had arrived beside this one.
    fn answers_another(&self, id: SegmentId) -> bool {
        let answered = self.view.segment(id).and_then(|segment| SegmentContext { segment, ..*self }.answered_one());
        answered.is_some_and(|one| one != self.segment.id)
    }

    /// Whether one of these is what the receiver's end sent as a call ended it.
    fn calls_end<'e>(&self, mut events: impl Iterator<Item = &'e crate::model::Entry>) -> bool {
        events.any(|entry| matches!(&entry.event, Event::Sent { id, segment, .. } if self.is_end_by_call(*id, segment)))
    }

    /// Whether this is what ends the receiver's end, and a call made it: what comes from there on comes of that.
    fn is_end_by_call(&self, id: SegmentId, sent: &Packet) -> bool {
        let packet = self.segment.segment;
        let ends = sent.tcp().is_some_and(Segment::is_fin_or_rst) && (sent.from, sent.to) == (packet.to, packet.from);
        let segment = self.view.segment(id).filter(|_| ends);
        segment.is_some_and(|segment| SegmentContext { segment, ..*self }.is_made_by_a_call())
    }

    fn is_here(&self, other: Option<crate::model::SegmentView<'_>>) -> bool {
        other.is_some_and(|other| Connection::of(other.segment) == self.connection())
    }

    /// Whether a socket was the receiver's end when the segment arrived.
    pub(super) fn was_here(&self, cookie: u64, began: usize) -> bool {
        let packet = self.segment.segment;
        let before = self.view.trace().at(began).socket(cookie);
        before.is_some_and(|socket| socket.facts.ends() == Some((packet.to, packet.from)))
    }

    fn returned(&self, caller: Caller, outcome: &crate::model::Outcome, open: &[u64]) -> Option<String> {
        let mut calls = self.view.calls(caller.actor);
        let call = calls.find(|call| call.caller == caller && call.outcome == Some(outcome))?;
        // One that began later found what had come before, and one that tells of others alone was woken by those.
        if call.entered > self.segment.changed || !self.tells_of_end(&call, outcome, open) {
            return None;
        }
        // What only asks returns whatever came, and what waited in vain wasn't woken.
        let in_vain =
            call.made.is_some_and(|made| made.polls()) && matches!(outcome, Ok(returned) if returned.value == 0);
        if in_vain || call.made.is_some_and(ProgramCall::only_asks) || !self.can_wake(&call) {
            return None;
        }
        let value = match outcome {
            Ok(returned) => returned.value.to_string(),
            Err(errno) => format!("{} {errno}", errno.value()),
        };
        let (name, side) = (call.called(), self.name(caller.actor));
        Some(self.words.say(|t| &t.returned, &[("call", &name), ("side", &side), ("value", &value)]))
    }

    /// Whether a call that waited for several tells of the receiver's end, or of a listener there, as far as it tells of any.
    fn tells_of_end(&self, call: &CallView<'_>, outcome: &crate::model::Outcome, open: &[u64]) -> bool {
        let Ok(returned) = outcome else { return true };
        let (packet, before) = (self.segment.segment, self.view.trace().at(self.segment.changed));
        let listeners = open.iter().filter_map(|cookie| before.socket(*cookie));
        let here: Vec<SocketView<'_>> = listeners.chain(end_at(&before, packet.to, packet.from)).collect();
        let is_here = |ready: &PolledDescriptor| {
            here.iter().any(|socket| match call.made {
                Some(_) => ready.socket == Some(socket.facts.cookie),
                None => socket.facts.is_open_as(call.caller.actor, ready.fd),
            })
        };
        returned.ready.is_empty() || returned.ready.iter().any(is_here)
    }

    /// How a socket differs from what it was before.
    fn change(&self, before: Option<SocketView<'_>>, after: Option<&SocketFacts>) -> Vec<String> {
        let outdated = before.is_some_and(|before| self.is_outdated(&before));
        let state = |from: SocketState, to: SocketState| match from == to {
            true => None,
            false if outdated => Some(self.words.say(|t| &t.state_then, &[("to", &to)])),
            false => Some(self.words.say(|t| &t.state, &[("from", &from), ("to", &to)])),
        };
        let (before, after) = match (before, after) {
            (None, None) => return Vec::new(),
            (None, Some(after)) => {
                let new = self.words.say(|t| &t.new_socket, &[("state", &after.state)]);
                return [Some(new), self.queue(0, after)].into_iter().flatten().collect();
            }
            (Some(before), None) => return state(before.state, before.state.ended()).into_iter().collect(),
            (Some(before), Some(after)) => (before, after),
        };
        let facts = before.facts;
        let anew = begins_anew(facts, after).then(|| self.words.say(|t| &t.time_wait_anew, &[]));
        // Of a socket that has left its table the kernel tells no queues.
        let queues = match after.state {
            SocketState::Tcp(State::Closed) => self.left_behind(&before),
            _ => [self.queue(facts.recv_queue, after), self.sending(facts, after)],
        };
        let is_known = [true, false].map(|came| !outdated && !self.is_queue_outdated(&before, came));
        let queues = queues.into_iter().zip(is_known).filter_map(|(queue, known)| queue.filter(|_| known));
        let timers = self.timers(facts, after).into_iter().filter(|_| !outdated);
        let told = state(facts.state, after.state).into_iter().chain(queues).chain(timers).chain(anew);
        let size = self.segment_size(facts, after).filter(|_| !outdated);
        let mut told: Vec<String> = told.chain(size).collect();
        if told.is_empty() && !outdated {
            told = self.measures(facts, after);
        }
        told
    }

    /// What became of the timer by which an end sends again, or asks.
    fn timers(&self, before: &SocketFacts, after: &SocketFacts) -> Vec<String> {
        use TimerKind::{Keepalive, Probe, Retransmit};
        let kind = |timer: Option<Timer>| timer.map(|timer| timer.kind);
        let (ran, runs) = (before.timer, after.timer);
        let came = self.view.trace().entries().get(self.segment.changed).map_or(Duration::ZERO, |entry| entry.at);
        let left = runs.map_or(Duration::ZERO, |timer| timer.fires_at.saturating_sub(came));
        let seconds = format!("{:.1}", left.as_secs_f64());
        let fired = [ran, runs].map(|timer| timer.map_or(0, |timer| timer.fired));
        let facts: &[(&str, &dyn Display)] = &[("s", &seconds), ("from", &fired[0]), ("to", &fired[1])];
        let is_later = ran.zip(runs).is_some_and(|(ran, runs)| runs.fires_at > ran.fires_at + LATER);
        let stopped = (kind(ran) == Some(Retransmit) && kind(runs) != Some(Retransmit))
            .then(|| self.words.say(|t| &t.timer_off, &[]));
        let now = match (kind(ran), kind(runs)) {
            // It ran out by itself meanwhile.
            _ if fired[1] > fired[0] => None,
            (Some(Retransmit), Some(Retransmit)) if is_later => Some(self.words.say(|t| &t.timer_anew, facts)),
            (Some(Probe), Some(Probe)) if is_later || fired[1] < fired[0] => {
                Some(self.words.say(|t| &t.probe_timer_anew, facts))
            }
            (Some(Probe), Some(Probe)) => None,
            (_, Some(Probe)) => Some(self.words.say(|t| &t.probe_timer_on, facts)),
            (Some(Probe), _) => Some(self.words.say(|t| &t.probe_timer_off, &[])),
            (Some(Keepalive), Some(Keepalive)) if fired[1] < fired[0] => {
                Some(self.words.say(|t| &t.keepalive_heard, facts))
            }
            _ => None,
        };
        // Before what passes by itself the kernel isn't asked: a call may have set it meanwhile.
        let now = now.filter(|_| self.segment.reasons.is_some());
        stopped.into_iter().chain(now).collect()
    }

    /// What becomes of the queues of an end that a RST ends: Linux leaves what has come to whoever has a descriptor, and throws away what
    /// was to be sent (`tcp_reset()`).
    fn left_behind(&self, before: &SocketView<'_>) -> [Option<String>; 2] {
        use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck};
        let facts = before.facts;
        let is_in = |states: &[State]| states.iter().any(|state| before.state == *state);
        if self.kind() != SegmentKind::Rst || !is_in(&[Established, CloseWait, FinWait1, FinWait2, Closing, LastAck]) {
            return [None, None];
        }
        // A FIN counts as a byte in both.
        let unread = facts.recv_queue.saturating_sub(u32::from(is_in(&[CloseWait, Closing, LastAck])));
        let unsent = facts.send_queue.saturating_sub(u32::from(is_in(&[FinWait1, Closing, LastAck])));
        let unread = match unread {
            0 => None,
            _ if facts.fd.is_none() && facts.program.is_none() => None,
            1 => Some(self.words.say(|t| &t.still_unread_one, &[])),
            n => Some(self.words.say(|t| &t.still_unread, &[("n", &n)])),
        };
        let unsent = match unsent {
            0 => None,
            1 => Some(self.words.say(|t| &t.thrown_away_one, &[])),
            n => Some(self.words.say(|t| &t.thrown_away, &[("n", &n)])),
        };
        [unread, unsent]
    }

    /// What was acknowledged. No segment that arrives puts more there: that is a call's doing.
    fn sending(&self, before: &SocketFacts, after: &SocketFacts) -> Option<String> {
        let (from, to) = (before.send_queue, after.send_queue);
        let told = to < from && after.state != State::Listen;
        told.then(|| self.words.say(|t| &t.send_queue, &[("from", &from), ("to", &to)]))
    }

    fn queue(&self, from: u32, after: &SocketFacts) -> Option<String> {
        let to = after.recv_queue;
        let facts: &[(&str, &dyn Display)] = &[("from", &from), ("to", &to)];
        let queue = match after.state {
            // No segment takes anything out of them: that is a call's doing.
            _ if from >= to => return None,
            SocketState::Tcp(State::Listen) => self.words.say(|t| &t.accept_queue, facts),
            _ if after.counts_memory => self.words.say(|t| &t.recv_memory, facts),
            _ => self.words.say(|t| &t.recv_queue, facts),
        };
        let fin = self.segment.segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN));
        // A listener's queue has connections and no bytes.
        let fin = fin && after.state != State::Listen;
        let counted = fin.then(|| self.words.say(|t| &t.counts_fin, &[]));
        Some(sentences([Some(queue), counted].into_iter().flatten()))
    }
}

/// Whether a program's call changes nothing of any socket: one that waits for several, or only asks.
fn only_looks(call: &Call) -> bool {
    matches!(call, Call::Program(made) if made.polls() || made.only_asks())
}

/// Whether the timer of TIME_WAIT was set anew, as a repeated FIN does it (`tcp_timewait_state_process()`).
fn begins_anew(before: &SocketFacts, after: &SocketFacts) -> bool {
    let ends = |facts: &SocketFacts| {
        let timer = facts.timer.filter(|timer| timer.kind == TimerKind::TimeWait);
        timer.filter(|_| facts.state == State::TimeWait).map(|timer| timer.fires_at)
    };
    let (Some(before), Some(after)) = (ends(before), ends(after)) else { return false };
    after > before + LATER
}
