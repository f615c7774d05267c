//! Who sent a segment, and what made it, where that was seen.

use super::super::meant::meaning;
use super::super::situation::Situation;
use super::super::wire::{self, SOON, end_at};
use super::called::{BEFORE, BrokenOff, SegmentCause, made_by_call};
use super::{EARLIER, SegmentContext, SegmentKind, end_of, sentences};
use std::fmt::Display;

use crate::i18n::counter;
use crate::model::edit::{FieldChange, changed};
use crate::model::{
    Actor, Call, Caller, Connection, CounterMove, Event, Fate, HandMade, Member, Moment, SegmentId, SegmentView,
    SocketView, TimerKind, View, why_again,
};
use crate::tcp::{Flags, Segment, State};

/// What its sender's kernel was seen to send between a moment and a segment.
#[derive(Default)]
struct SentBetween {
    /// Anything.
    any: bool,
    /// Something without data, SYN or FIN: an answer to what had come.
    answers: bool,
    /// A FIN.
    fin: bool,
}

impl SegmentContext<'_> {
    pub(super) fn sender(&self) -> String {
        let packet = self.segment.segment;
        let (who, line) = (self.who(packet.from, packet.to), self.line(&self.segment));
        if let Some(made) = self.segment.by_hand {
            return self.by_hand(made, &who, &line);
        }
        sentences([self.words.say(|t| &t.from, &[("who", &who), ("line", &line)]), self.made_by()])
    }

    /// A person sent it: a copy, a changed one, or one of nobody's; or a rule made the copy. No kernel is said to have.
    fn by_hand(&self, made: HandMade, who: &str, line: &str) -> String {
        if let Some(rule) = self.segment.by_rule {
            return self.words.say(|t| &t.by_rule, &[("who", &who), ("line", &line), ("rule", &rule.words())]);
        }
        let facts: &[(&str, &dyn Display)] = &[("who", &who), ("line", &line)];
        // As it was when the copy was made: a kernel may have sent it again since, with another timestamp.
        let then = self.view.trace().at(self.segment.sent);
        let original = made.of().and_then(|of| then.segment(of));
        match (made, original) {
            (HandMade::Repeated(_), Some(original)) => {
                let became = match original.fate {
                    Fate::Dropped | Fate::Undeliverable(_) => self.words.say(|t| &t.by_hand_dropped, &[]),
                    Fate::Held => self.words.say(|t| &t.by_hand_waits, &[]),
                    Fate::Delivered | Fate::Passing => self.words.say(|t| &t.by_hand_arrived, &[]),
                };
                let of = if wire::is_claim(self.view, &original) {
                    self.words.say(|t| &t.by_hand_again, facts)
                } else {
                    self.words.say(|t| &t.by_hand, facts)
                };
                sentences([of, became])
            }
            (HandMade::Edited(_), Some(original)) => {
                let (of, from) = (self.line(&original), original.segment.from);
                let who = self.who(from, original.segment.to);
                let facts: &[(&str, &dyn Display)] = &[("who", &who), ("line", &line), ("of", &of)];
                let edited = if wire::is_claim(self.view, &original) {
                    self.words.say(|t| &t.edited_again, facts)
                } else {
                    self.words.say(|t| &t.edited, facts)
                };
                sentences([edited, self.changed(&original)])
            }
            // Any address can be written there.
            _ if self.view.trace().owner_of(self.segment.segment.from).is_none() => {
                let facts: &[(&str, &dyn Display)] = &[("from", &self.segment.segment.from), ("line", &line)];
                self.words.say(|t| &t.forged_nobody, facts)
            }
            _ => self.words.say(|t| &t.forged, facts),
        }
    }

    /// In which fields a copy differs from what it was made of.
    fn changed(&self, original: &SegmentView<'_>) -> String {
        let changed = changed(original.segment, self.segment.segment, &self.view.initials_for_copy(original));
        let one = |FieldChange { field, before, after }: FieldChange| {
            let name = field.name_in(original.segment.from.is_ipv6());
            format!("{name} {} → {}", before.short(), after.short())
        };
        let list: Vec<String> = changed.into_iter().map(one).collect();
        if list.is_empty() {
            return self.words.say(|t| &t.unchanged, &[]);
        }
        self.words.say(|t| &t.changed, &[("what", &self.words.lang.list(&list))])
    }

    fn made_by(&self) -> String {
        // Copies that came after it had gone are not told of what went.
        let gone = self.view.trace().at(self.segment.changed).segment(self.segment.id);
        let times = gone.map_or(1, |segment| segment.times_sent);
        let causes = gone.and_then(|segment| segment.causes).unwrap_or_default();
        if times > 1 {
            return self.because(self.words.say(|t| &t.by_timer, &[("n", &times)]), causes);
        }
        if self.segment.again.is_some() {
            return self.because(self.words.say(|t| &t.by_again, &[]), causes);
        }
        if self.is_bare_syn_again() {
            return self.words.say(|t| &t.by_syn_again, &[]);
        }
        match self.made() {
            None => self.words.say(|t| &t.by_unknown, &[]),
            Some(SegmentCause::Arrival(one)) => self.words.say(|t| &t.by_answer, &[("line", &self.line(&one))]),
            Some(SegmentCause::Waited(call)) => self.words.say(|t| &t.by_waiting, &[("call", &call)]),
            Some(SegmentCause::Released(option)) => self.words.say(|t| &t.by_release, &[("option", &option)]),
            Some(SegmentCause::Timer(TimerKind::Keepalive)) => self.words.say(|t| &t.by_keepalive, &[]),
            Some(SegmentCause::Timer(TimerKind::Probe)) => self.words.say(|t| &t.by_probe, &[]),
            Some(SegmentCause::Timer(_)) => self.words.say(|t| &t.by_unknown, &[]),
            Some(SegmentCause::GaveUp) => self.words.say(|t| &t.by_giving_up, &[]),
            Some(SegmentCause::Killed) => self.words.say(|t| &t.by_kill, &[]),
            Some(SegmentCause::Left) => self.words.say(|t| &t.by_leaving, &[]),
            Some(SegmentCause::Broke(call, BrokenOff::Linger)) => self.words.say(|t| &t.by_linger, &[("call", &call)]),
            Some(SegmentCause::Broke(call, BrokenOff::Queued)) => self.words.say(|t| &t.by_queued, &[("call", &call)]),
            Some(SegmentCause::Broke(call, BrokenOff::Unread(n))) => {
                self.words.say(|t| &t.by_unread, &[("call", &call), ("n", &n)])
            }
            Some(SegmentCause::Called(call)) => self.words.say(|t| &t.by_call, &[("call", &call)]),
            Some(SegmentCause::CameBack(call)) => self.words.say(|t| &t.by_return, &[("call", &call)]),
            Some(SegmentCause::Replaced(call)) => self.words.say(|t| &t.by_replacing, &[("call", &call)]),
            Some(SegmentCause::Executed(call)) => self.words.say(|t| &t.by_executing, &[("call", &call)]),
            Some(SegmentCause::Unaddressed(call, errno)) => {
                self.words.say(|t| &t.by_unaddressed, &[("call", &call), ("errno", &errno)])
            }
        }
    }

    /// What made it, as far as that was seen.
    fn made(&self) -> Option<SegmentCause<'_>> {
        let sent = self.segment.sent;
        if let Some(cause) = self.returning(sent).or_else(|| self.answered(sent)) {
            return Some(cause);
        }
        match self.cause(sent) {
            // The lab may have heard only then of the call that made it, or of the end of the process whose sockets the kernel closed.
            cause @ (None | Some(SegmentCause::Arrival(_))) => {
                let leaves = || self.leaves_soon(sent).then_some(SegmentCause::Left);
                let called = self.called_soon(sent).filter(|_| cause.is_none());
                called.or_else(leaves).or(cause)
            }
            cause => cause,
        }
    }

    /// Whether a call made it that its process was seen to make, or the return of one.
    pub(super) fn is_made_by_a_call(&self) -> bool {
        use SegmentCause::{Broke, Called, CameBack, Executed, Released, Replaced, Unaddressed};
        let made = self.made();
        matches!(
            made,
            Some(Called(_) | Broke(..) | CameBack(_) | Executed(_) | Released(_) | Replaced(_) | Unaddressed(..))
        )
    }

    /// Whether its sender had sent the SYN with data before: sent again it bears none, so that it isn't the same segment.
    fn is_bare_syn_again(&self) -> bool {
        let number = self.segment.segment.tcp().map(|tcp| tcp.seq);
        let mut syns = self.earlier_from(true).filter(|(_, tcp)| wire::opens(tcp));
        self.kind() == SegmentKind::Syn && syns.any(|(one, tcp)| Some(tcp.seq) == number && !one.segment.is_empty())
    }

    /// What the newest event before the segment was first seen, at the entry `sent`, that can have made it, comes to.
    fn cause(&self, sent: Moment) -> Option<SegmentCause<'_>> {
        if self.kind() == SegmentKind::Probe {
            return Some(SegmentCause::Timer(self.probe_timer()?));
        }
        let packet = self.segment.segment;
        let trace = self.view.trace();
        let before = trace.at(sent);
        let (mut between, mut came) = (SentBetween::default(), false);
        for at in (sent.saturating_sub(BEFORE)..sent).rev() {
            let cause = match &trace.entries()[at].event {
                Event::Sent { id, segment, .. } | Event::Retransmitted { id, segment } => {
                    if (segment.from, segment.to) != (packet.from, packet.to) {
                        continue;
                    }
                    if !between.any && !came && self.gives_up_after(*id) {
                        return Some(SegmentCause::GaveUp);
                    }
                    between.any = true;
                    between.answers |= segment.tcp().is_some_and(|tcp| end_of(segment, tcp) == tcp.seq);
                    between.fin |= segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN));
                    None
                }
                Event::Delivered(id) => {
                    let arrived = self.view.segment(*id).filter(|one| one.segment.to == packet.from);
                    let arrived = arrived.filter(|one| Connection::of(one.segment) == self.connection());
                    came |= arrived.is_some();
                    let is_soon =
                        || trace.entries().get(sent).is_none_or(|entry| entry.at <= trace.entries()[at].at + SOON);
                    let arrived = arrived.filter(|one| is_soon() && self.is_brought_by(one, &between));
                    arrived.filter(|_| self.may_have_waited(&before)).map(SegmentCause::Arrival)
                }
                Event::Killed(actor) => self.is_made_by_end_of(*actor).then_some(SegmentCause::Killed),
                Event::Left(member) => self.is_made_by_leaving(member).then_some(SegmentCause::Left),
                Event::Ended { caller } => self.is_made_by_last_of(*caller, &before).then_some(SegmentCause::Left),
                Event::Entered { caller, call } if !self.left_it_open(*caller, call, at, &before) => {
                    self.is_by_call(*caller, call, &between, &before)
                }
                _ => None,
            };
            if cause.is_some() {
                return cause;
            }
        }
        None
    }

    /// Whether a `close()` or `shutdown()` that began at an entry had come back, and the kernel said of the end after that that its sending
    /// goes on: another process has it too.
    fn left_it_open(&self, caller: Caller, call: &Call, at: Moment, before: &View<'_>) -> bool {
        if !matches!(meaning(call).as_ref(), Call::Close { .. } | Call::Shutdown { .. }) {
            return false;
        }
        let packet = self.segment.segment;
        let own = before.calls(caller.actor).filter(|own| own.caller == caller && !own.is_open() && own.changed > at);
        let returned = own.map(|own| own.changed).min();
        let end = end_at(before, packet.from, packet.to).filter(goes_on);
        returned.zip(end).is_some_and(|(returned, end)| end.changed > returned)
    }

    /// How a call that was entered before can have made it, beside what was sent since.
    fn is_by_call(
        &self,
        caller: Caller,
        call: &Call,
        between: &SentBetween,
        before: &View<'_>,
    ) -> Option<SegmentCause<'_>> {
        let (name, meant) = (call.called().to_owned(), meaning(call));
        let walked = meant.as_ref();
        // What close() and shutdown() send ends with the FIN.
        let is_past = between.fin && matches!(walked, Call::Close { .. } | Call::Shutdown { .. });
        if is_past || !self.is_made_by(caller.actor, call, before) {
            return None;
        }
        // What a call sends at once was seen before it came back.
        let is_over = || !before.newest_call(caller).is_some_and(|newest| newest.is_open());
        Some(match walked {
            Call::SetOption { option, .. } => SegmentCause::Released(*option),
            Call::Send { .. } if self.probe_timer() == Some(TimerKind::Probe) && is_over() => {
                SegmentCause::Waited(name)
            }
            Call::Close { .. } => match self.broken_off(caller, walked, before) {
                Some(why) => SegmentCause::Broke(name, why),
                None => SegmentCause::Called(name),
            },
            _ => made_by_call(&name, walked),
        })
    }

    /// Why a `close()` broke its connection off, where that is known and this is its RST.
    fn broken_off(&self, caller: Caller, call: &Call, before: &View<'_>) -> Option<BrokenOff> {
        self.segment.segment.tcp().filter(|tcp| tcp.flags.has(Flags::RST))?;
        let closes = before.newest_call(caller).filter(|newest| newest.call == call)?;
        BrokenOff::of(&Situation::of_call(&before.trace().at(closes.entered), &closes))
    }

    /// The one that it answers by its numbers.
    pub(super) fn answered_one(&self) -> Option<SegmentId> {
        match self.answered(self.segment.sent) {
            Some(SegmentCause::Arrival(one)) => Some(one.id),
            _ => None,
        }
    }

    /// What had arrived at its sender and it answers by its numbers, of several that came at once: what it acknowledges and no segment since
    /// has, or where it is a RST what there was no connection for.
    fn answered(&self, sent: Moment) -> Option<SegmentCause<'_>> {
        let packet = self.segment.segment;
        let own = packet.tcp().filter(|tcp| end_of(packet, tcp) == tcp.seq && !tcp.flags.has(Flags::SYN))?;
        let entries = self.view.trace().entries();
        let until = entries.get(sent)?.at;
        let recent = (sent.saturating_sub(BEFORE)..sent).rev().take_while(|at| until <= entries[*at].at + SOON);
        let is_reset = own.flags.has(Flags::RST);
        for event in recent.map(|at| &entries[at].event) {
            match event {
                Event::Sent { segment, .. } if (segment.from, segment.to) == (packet.from, packet.to) => {
                    let told_before = segment.tcp().is_some_and(|tcp| tcp.ack == own.ack);
                    if told_before && !is_reset {
                        return None;
                    }
                }
                Event::Delivered(id) => {
                    let one = self.view.segment(*id).filter(|one| one.segment.to == packet.from);
                    let one = one.filter(|one| Connection::of(one.segment) == self.connection());
                    let Some((one, tcp)) = one.and_then(|one| Some((one, one.segment.tcp()?))) else { continue };
                    let (end, has_numbers) = (end_of(one.segment, tcp), end_of(one.segment, tcp) != tcp.seq);
                    let is_it = if is_reset { wire::resets_for(own, tcp) } else { has_numbers && end == own.ack };
                    if is_it {
                        return Some(SegmentCause::Arrival(one));
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Whether what arrived at its sender can have brought it: nothing that answers lies between, a RST is answered by nothing but a
    /// challenge ACK (RFC 5961, section 3.2), and a RST counts from what it answers.
    fn is_brought_by(&self, arrived: &SegmentView<'_>, between: &SentBetween) -> bool {
        let Some(tcp) = self.segment.segment.tcp() else { return true };
        let came = arrived.segment.tcp();
        let has_numbers = end_of(self.segment.segment, tcp) != tcp.seq;
        if tcp.flags.has(Flags::RST) {
            return !between.any && came.is_some_and(|came| wire::resets_for(tcp, came));
        }
        if has_numbers {
            !between.answers && came.is_some_and(|came| !came.flags.has(Flags::RST))
        } else {
            !between.any
        }
    }

    /// Whether what arrived can have let it go: a FIN waits for that only behind bytes, where a call had ended the sending before.
    fn may_have_waited(&self, before: &View<'_>) -> bool {
        let packet = self.segment.segment;
        let is_fin = packet.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN));
        let ended = |end: SocketView<'_>| {
            [State::FinWait1, State::Closing, State::LastAck].iter().any(|state| end.state == *state)
        };
        !is_fin || end_at(before, packet.from, packet.to).is_some_and(ended)
    }

    /// Whether it is the RST with which a keepalive timer gives up, after the probe of this number.
    fn gives_up_after(&self, probe: SegmentId) -> bool {
        if self.kind() != SegmentKind::Rst {
            return false;
        }
        let Some(segment) = self.view.segment(probe) else { return false };
        let probe = SegmentContext { view: self.view, segment, numbers: self.numbers, words: self.words };
        probe.kind() == SegmentKind::Probe && probe.probe_timer() == Some(TimerKind::Keepalive)
    }

    /// What happened within a moment since the entry at which the segment was first seen.
    pub(super) fn soon(&self, sent: Moment) -> impl Iterator<Item = &Event> {
        let entries = &self.view.trace().entries()[..self.view.moment()];
        let since = entries.get(sent..).unwrap_or_default();
        let until = since.first().map(|entry| entry.at + SOON);
        since.iter().take_while(move |entry| Some(entry.at) <= until).map(|entry| &entry.event)
    }

    /// Whether the process that had the sender's socket was seen to end just after the segment, which no call of it had made.
    fn leaves_soon(&self, sent: Moment) -> bool {
        let (trace, packet) = (self.view.trace(), self.segment.segment);
        let before = trace.at(sent);
        let leaves = |event: &Event| match event {
            Event::Left(member) => self.is_made_by_leaving(member),
            Event::Ended { caller } => self.is_made_by_last_of(*caller, &before),
            _ => false,
        };
        if !self.soon(sent).any(leaves) {
            return false;
        }
        let Some(owner) = self.holder(packet.from, packet.to) else { return false };
        let mut calls = before.own_effects(owner);
        // An earlier close() may have left it to another process of the program.
        end_at(&before, packet.from, packet.to).is_some_and(|end| goes_on(&end))
            || !calls.any(|call| {
                matches!(call.call, Call::Close { .. } | Call::Shutdown { .. })
                    && self.is_made_by(owner, call.call, &before)
            })
    }

    /// Whether it can have been made by the end of a process that took part.
    fn is_made_by_leaving(&self, member: &Member) -> bool {
        let packet = self.segment.segment;
        let owner = self.holder(packet.from, packet.to);
        owner.is_some_and(|owner| member.makes(owner) && self.is_made_by_end_of(owner))
    }

    /// Whether it can have been made by the end of a program's process, of which a thread was seen to end in a call: one whose process had
    /// the sender's socket, by its calls on it.
    fn is_made_by_last_of(&self, caller: Caller, before: &View<'_>) -> bool {
        let packet = self.segment.segment;
        let ends = packet.tcp().is_some_and(Segment::is_fin_or_rst);
        ends && self.has_end(caller, end_at(before, packet.from, packet.to), before)
    }

    /// Whether the process of a program's thread has an end, by its calls on it.
    pub(super) fn has_end(&self, caller: Caller, end: Option<SocketView<'_>>, before: &View<'_>) -> bool {
        let process = || self.view.calls_of_thread(caller).find_map(|call| call.made?.process);
        end.zip(process()).is_some_and(|(end, process)| {
            let mut calls = before.calls_on(end.facts.cookie).take(EARLIER);
            calls.any(|call| call.made.is_some_and(|made| made.process == Some(process)))
        })
    }

    /// That a segment was sent again, and the kernel's reason: what the first counter counts, and the names of the others.
    fn because(&self, again: String, causes: &[CounterMove]) -> String {
        let mut causes: Vec<&CounterMove> = causes.iter().collect();
        causes.sort_by_key(|moved| why_again(&moved.name));
        let Some((first, others)) = causes.split_first() else { return again };
        let what = counter(&first.name, self.words.lang).unwrap_or_default();
        let others: Vec<&str> = others.iter().map(|moved| moved.name.as_str()).collect();
        let first = self.words.say(|t| &t.by_cause, &[("moved", first), ("what", &what)]);
        let others = others.join(&self.words.say(|t| &t.between, &[]));
        let too = (!others.is_empty()).then(|| self.words.say(|t| &t.by_cause_too, &[("list", &others)]));
        sentences([again, first].into_iter().chain(too))
    }

    /// Whether an actor's process can have made it by its end: the kernel closes what it had open.
    fn is_made_by_end_of(&self, actor: Actor) -> bool {
        let packet = self.segment.segment;
        let ends = packet.tcp().is_some_and(Segment::is_fin_or_rst);
        ends && self.holder(packet.from, packet.to) == Some(actor)
    }
}

/// Whether the kernel said of an end that its sending isn't over.
fn goes_on(end: &SocketView<'_>) -> bool {
    end.state.tcp().is_some_and(State::may_send)
}
