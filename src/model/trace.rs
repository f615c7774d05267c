//! The trace: everything that happened, in order, append-only, with indexes that make any moment cheap to look at.
//!
//! Each record keeps the moments at which it changed, so that a [`super::View`] of any moment finds what was true then by
//! binary search; nothing is replayed and nothing is copied, however long the trace is.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use super::calls::{CallRecord, Calls};
use super::doors::Doors;
use super::rule::{WireRule, WireRules};
use super::verdicts::Verdicts;
use super::versioned::Versioned;
use super::{
    Actor, ChangedSetting, Connection, CounterMove, Door, Entry, Event, Fate, ForwardingRules, HandAction, HandMade,
    Member, Moment, SampledOut, SegmentId, Side, SocketFacts, SocketState, Source,
};
use crate::tcp::{Initials, Isn, Isns, Packet, State};

/// One segment, from its sending to its delivery or loss.
#[derive(Clone, Debug)]
pub struct SegmentRecord {
    /// Its number.
    pub id: SegmentId,
    /// The entry at which it was first seen.
    pub sent: Moment,
    /// The earlier segment that it repeats.
    pub again: Option<SegmentId>,
    /// How a person made it, or, as a copy, a rule of the wire; `None` where a kernel sent it.
    pub by_hand: Option<HandMade>,
    /// The rule of the wire that made or lost it, and the entry at which it did.
    pub by_rule: Option<(Moment, Box<WireRule>)>,
    /// The copies, each with the entry at which it was seen; the first is the original.
    pub copies: Vec<(Moment, Packet)>,
    /// The initial numbers from which it counts, as they were known when it was first seen.
    pub initials: Initials,
    /// The entry at which it was held.
    pub held: Option<Moment>,
    /// The entry at which it waited no longer, and why: delivered, dropped or undeliverable.
    pub ended: Option<(Moment, Fate)>,
    /// The entry that tells which counters moved as its receiver got it, and those; `None` where they weren't read.
    pub reasons: Option<(Moment, Vec<CounterMove>)>,
    /// The entry that tells why its newest copy was sent, and the counters that say so.
    pub causes: Option<(Moment, Vec<CounterMove>)>,
}

impl SegmentRecord {
    fn new(
        id: SegmentId,
        sent: Moment,
        segment: &Packet,
        initials: Initials,
        again: Option<SegmentId>,
        by_hand: Option<HandMade>,
    ) -> SegmentRecord {
        let copies = vec![(sent, segment.clone())];
        SegmentRecord {
            id,
            sent,
            again,
            by_hand,
            by_rule: None,
            copies,
            initials,
            held: None,
            ended: None,
            reasons: None,
            causes: None,
        }
    }
}

/// One socket of the kernel, as it changed.
#[derive(Clone, Debug)]
pub struct SocketRecord {
    /// The kernel's name for it.
    pub cookie: u64,
    /// What was said of it, each with its entry; `None` where it was gone.
    pub history: Vec<(Moment, Option<SocketFacts>)>,
    /// Its states, each with the entry at which it became so; CLOSED where the socket was gone.
    pub states: Vec<(Moment, SocketState)>,
    /// Who said that it was gone.
    pub gone_source: Source,
    /// The initial number that it has told its peer; of several connections, one after the other, the newest's. `None`
    /// where it wasn't seen.
    pub isn: Option<Isn>,
    /// It has the ends of a connection whose first number wasn't seen yet.
    awaits_isn: bool,
}

impl SocketRecord {
    /// Its own address and its peer's, as it has or had them last.
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.history.iter().rev().find_map(|(_, facts)| facts.as_ref()?.ends())
    }

    /// Whether the kernel said last that it has a connection's two ends.
    fn is_connected(&self) -> bool {
        self.history.last().and_then(|(_, facts)| facts.as_ref()).is_some_and(|facts| facts.connection().is_some())
    }

    fn change(&mut self, moment: Moment, facts: Option<SocketFacts>) {
        let last = self.states.last().map_or(SocketState::Tcp(State::Closed), |(_, last)| *last);
        let state = facts.as_ref().map_or(last.ended(), |facts| facts.state);
        if self.states.last().is_none_or(|(_, last)| *last != state) {
            self.states.push((moment, state));
        }
        self.history.push((moment, facts));
    }
}

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: Vec<Entry>,
    pub(super) calls: Calls,
    pub(super) segments: Vec<SegmentRecord>,
    /// The connections to which segments belong, in the order of their first ones.
    connections: Vec<Connection>,
    /// The numbers of each connection's segments, in order.
    pub(super) segments_of: HashMap<Connection, Vec<SegmentId>>,
    pub(super) sockets: Vec<SocketRecord>,
    pub(super) by_cookie: HashMap<u64, usize>,
    /// The numbers of the sockets that were a connection's ends, in the order in which they became that.
    pub(super) sockets_of: HashMap<Connection, Vec<usize>>,
    /// The numbers of the sockets that the kernel had.
    pub(super) living: Versioned<usize>,
    /// The numbers of the sockets that were gone, in that order, each with its entry.
    pub(super) gone: Vec<(Moment, usize)>,
    pub(super) steps: Vec<(Moment, usize)>,
    /// Which segments went on to their receivers, in that order, each with its entry.
    pub(super) delivered: Vec<(Moment, SegmentId)>,
    /// Which segments waited.
    pub(super) waiting: Versioned<SegmentId>,
    /// What became of claims, and the answers.
    pub(super) verdicts: Verdicts,
    /// What was done by hand, each with its entry.
    pub(super) by_hand: Vec<(Moment, HandAction)>,
    /// Who came into the lab, in the order of arrival, and the places of those who were there.
    pub(super) arrivals: Vec<Member>,
    /// Which of them make, or made, an actor's calls, in order, each with its entry.
    pub(super) makers: BTreeMap<Actor, Vec<(Moment, usize)>>,
    pub(super) present_members: Versioned<usize>,
    /// The place of the newest arrival with a number.
    arrival_of: HashMap<u32, usize>,
    /// Which segments went on by themselves, each time that this changed.
    pub(super) passing: Vec<(Moment, ForwardingRules)>,
    /// Which rules the wire had, each time that this changed.
    pub(super) ruled: Vec<(Moment, WireRules)>,
    /// Settings of the kernel that were changed.
    pub(super) settings: Vec<(Moment, ChangedSetting)>,
    /// Each time that an actor's process was killed.
    pub(super) killed: Vec<(Moment, Actor)>,
    /// What had passed without being kept, each time that there was more.
    pub(super) unkept: Vec<(Moment, SampledOut)>,
    /// Where an actor's process came or left: each has descriptors of its own.
    pub(super) driven: BTreeMap<Actor, Vec<Moment>>,
    doors: Doors,
    pub(super) isns: Isns,
}

impl Trace {
    /// Adds what happened at `at` (since the walk began). Returns the entry's place.
    pub fn push(&mut self, at: Duration, event: Event) -> Moment {
        let moment = self.entries.len();
        self.index(moment, &event);
        self.entries.push(Entry { at, event });
        moment
    }

    /// Everything, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are: the moment that is the present.
    pub fn now(&self) -> Moment {
        self.entries.len()
    }

    /// The side that has, or had, a socket with this address of its own; `None` where none ever had. A socket that was
    /// reset has no address any more, yet its segments are still its side's.
    pub fn side_of(&self, address: SocketAddr) -> Option<Side> {
        self.owner_of(address).map(|actor| actor.side)
    }

    /// The actor that has, or had last, a socket with this address of its own, as [`Trace::side_of`].
    pub fn owner_of(&self, address: SocketAddr) -> Option<Actor> {
        self.doors.owner_of(address)
    }

    /// Who sent the first segment that was seen between two ends; `None` where none was.
    pub fn first_sender(&self, connection: Connection) -> Option<SocketAddr> {
        let first = self.segments_of.get(&connection)?.first()?;
        self.segments.get(first.0 as usize).map(|record| record.copies[0].1.from)
    }

    /// The door at which a segment waits: its receiver's; `None` where neither end is anybody's.
    pub fn door(&self, segment: &Packet) -> Option<Door> {
        self.doors.door((segment.from, segment.to))
    }

    /// The oldest segment that waits now at a door that is open; `None` is nobody's door.
    pub fn oldest_at(&self, is_open: impl Fn(Option<Door>) -> bool) -> Option<SegmentId> {
        self.doors.oldest_at(is_open)
    }

    /// The program that was an actor by then; `None` of one whose calls a person makes.
    pub(super) fn program(&self, actor: Actor, moment: Moment) -> Option<&Member> {
        let came = self.makers.get(&actor)?;
        let (_, place) = came[..came.partition_point(|(came, _)| *came < moment)].last()?;
        Some(&self.arrivals[*place]).filter(|member| member.runs_program())
    }

    /// The entry at which a member came by then; 0 where that isn't known.
    pub(super) fn present_since(&self, member: u32, moment: Moment) -> Moment {
        let place = self.arrivals.iter().rposition(|arrived| arrived.number == member);
        let of_it = |came: &&(Moment, usize)| Some(came.1) == place && came.0 < moment;
        self.makers.values().flatten().filter(of_it).map(|(came, _)| *came).max().unwrap_or(0)
    }

    /// Whether at this entry a program's thread began to wait for what others do, or made a call by the way
    /// ([`super::ProgramCall::is_by_the_way`]), or one that nobody had to let go, after one that somebody did.
    pub fn is_quiet(&self, at: Moment) -> bool {
        self.calls.is_quiet(at)
    }

    /// The calls that haven't returned, in no order.
    pub fn open_calls(&self) -> impl Iterator<Item = &CallRecord> {
        self.calls.open()
    }

    /// All segments, in the order of their numbers.
    pub fn segment_records(&self) -> &[SegmentRecord] {
        &self.segments
    }

    /// The connections to which segments belong, in the order of their first ones.
    pub fn connections(&self) -> &[Connection] {
        &self.connections
    }

    fn index(&mut self, moment: Moment, event: &Event) {
        match event {
            Event::Step(step) => self.steps.push((moment, *step)),
            Event::Stands { .. }
            | Event::Entered { .. }
            | Event::Blocked { .. }
            | Event::Returned { .. }
            | Event::Ended { .. }
            | Event::Plays { .. }
            | Event::Signal { .. }
            | Event::UntoldCalls { .. }
            | Event::Holding { .. } => self.calls.take(moment, event),
            Event::ProgramEnded { .. } => self.calls.stops.ended(moment),
            Event::Killed(actor) => {
                self.driven.entry(*actor).or_default().push(moment);
                self.killed.push((moment, *actor));
                self.calls.killed(moment, *actor);
            }
            Event::Joined(member) => {
                self.drives_anew(moment, member);
                let place = self.arrivals.len();
                if let Some(before) = self.arrival_of.insert(member.number, place) {
                    self.present_members.set(moment, before, false);
                }
                self.arrivals.push(member.clone());
                for actor in member.played() {
                    self.makers.entry(actor).or_default().push((moment, place));
                }
                self.present_members.set(moment, place, true);
            }
            Event::Left(member) => self.left(moment, member),
            Event::Passing(passing) => self.passing.push((moment, passing.clone())),
            Event::Ruled(rules) => self.ruled.push((moment, rules.clone())),
            Event::Sysctl(changed) => self.settings.push((moment, changed.as_ref().clone())),
            Event::Unkept { segments, bytes, lost, refused, ruled } => {
                let before = self.unkept.last().map_or_else(SampledOut::default, |(_, before)| *before);
                let (segments, bytes, lost, refused, ruled) = (*segments, *bytes, *lost, *refused, *ruled);
                let more = SampledOut { segments, bytes, lost, refused, ruled };
                self.unkept.push((moment, before.plus(more)));
            }
            Event::Sent { .. }
            | Event::Repeated { .. }
            | Event::Edited { .. }
            | Event::Forged { .. }
            | Event::Duplicated { .. }
            | Event::Held(_)
            | Event::Delivered(_)
            | Event::Reasons { .. }
            | Event::Causes { .. }
            | Event::Dropped(_)
            | Event::Lost { .. }
            | Event::Undeliverable { .. }
            | Event::Retransmitted { .. } => self.index_segment(moment, event),
            Event::Socket(facts) => self.socket_told(moment, facts),
            Event::Gone { cookie, source } => self.socket_gone(moment, *cookie, *source),
            Event::ByHand(hand) => self.by_hand.push((moment, *hand)),
            Event::Claim(_) | Event::Answer(_) => self.verdicts.take(moment, event),
        }
    }

    fn index_segment(&mut self, moment: Moment, event: &Event) {
        match event {
            Event::Sent { id, segment, again } => {
                let initials = self.isns.learn(segment);
                self.give_isn(segment);
                self.add_segment(SegmentRecord::new(*id, moment, segment, initials, *again, None));
            }
            Event::Repeated { id, of, segment } => self.hand_made(moment, *id, segment, HandMade::Repeated(*of)),
            Event::Edited { id, of, segment } => self.hand_made(moment, *id, segment, HandMade::Edited(*of)),
            Event::Forged { id, segment } => self.hand_made(moment, *id, segment, HandMade::Forged),
            Event::Duplicated { id, of, segment, rule } => {
                self.hand_made(moment, *id, segment, HandMade::Repeated(*of));
                self.ruled_by(moment, *id, rule);
            }
            Event::Held(id) => {
                if let Some(record) = self.segments.get_mut(id.0 as usize) {
                    record.held = Some(moment);
                    self.doors.waits(*id, &record.copies[0].1);
                }
                self.waiting.set(moment, *id, true);
            }
            Event::Delivered(id) => {
                self.delivered.push((moment, *id));
                self.end_segment(moment, *id, Fate::Delivered);
            }
            Event::Reasons { id, moved } => {
                if let Some(record) = self.segments.get_mut(id.0 as usize) {
                    record.reasons = Some((moment, moved.clone()));
                }
            }
            Event::Causes { id, moved } => {
                if let Some(record) = self.segments.get_mut(id.0 as usize) {
                    record.causes = Some((moment, moved.clone()));
                }
            }
            Event::Dropped(id) => self.end_segment(moment, *id, Fate::Dropped),
            Event::Lost { id, rule } => {
                self.end_segment(moment, *id, Fate::Dropped);
                self.ruled_by(moment, *id, rule);
            }
            Event::Undeliverable { id, errno } => self.end_segment(moment, *id, Fate::Undeliverable(*errno)),
            Event::Retransmitted { id, segment } => {
                if let Some(record) = self.segments.get_mut(id.0 as usize) {
                    record.copies.push((moment, segment.clone()));
                }
            }
            _ => {}
        }
    }

    fn ruled_by(&mut self, moment: Moment, id: SegmentId, rule: &WireRule) {
        if let Some(record) = self.segments.get_mut(id.0 as usize) {
            record.by_rule = Some((moment, Box::new(*rule)));
        }
    }

    /// The initial numbers of the newest connection between two ends, as what the first one sends counts from them.
    pub fn initials_between(&self, from: SocketAddr, to: SocketAddr) -> Initials {
        self.isns.newest_between(from, to)
    }

    /// It teaches nothing of its sender, which didn't send it. It counts from the numbers of what it was made of; where it goes
    /// between other ends, or was made of nothing, from those of the newest connection there.
    fn hand_made(&mut self, moment: Moment, id: SegmentId, segment: &Packet, made: HandMade) {
        let original = made.of().and_then(|of| self.segments.get(of.0 as usize));
        let ends = |packet: &Packet| (packet.from, packet.to);
        let original = original.filter(|original| ends(&original.copies[0].1) == ends(segment));
        let initials = original.map(|original| original.initials).filter(Initials::is_known);
        let initials = initials.unwrap_or_else(|| self.isns.newest_between(segment.from, segment.to));
        self.add_segment(SegmentRecord::new(id, moment, segment, initials, None, Some(made)));
    }

    fn add_segment(&mut self, record: SegmentRecord) {
        let connection = Connection::of(&record.copies[0].1);
        let known = self.segments_of.entry(connection).or_insert_with(|| {
            self.connections.push(connection);
            Vec::new()
        });
        known.push(record.id);
        debug_assert_eq!(record.id.0 as usize, self.segments.len());
        self.segments.push(record);
    }

    fn socket_told(&mut self, moment: Moment, facts: &SocketFacts) {
        if let Some((address, actor)) = facts.own_address().zip(facts.actor()) {
            // A program lets nothing go: what waits for it waits where all waits that is for nobody else of its side.
            // A child's doors are those of who came.
            let owner =
                if self.program(actor, moment).is_some() { Actor::from(actor.side) } else { self.root_of(actor) };
            self.doors.owns(address, facts.ends().map(|(_, peer)| peer), owner);
        }
        let number = self.socket(facts.cookie);
        let begins = facts.connection().is_some() && !self.sockets[number].is_connected();
        self.sockets[number].change(moment, Some(facts.clone()));
        self.sockets[number].awaits_isn |= begins;
        if let Some(connection) = facts.connection() {
            let numbers = self.sockets_of.entry(connection).or_default();
            // At most two of them live at once: what is known already is among the last ones.
            if !numbers.iter().rev().take(4).any(|known| *known == number) {
                numbers.push(number);
            }
        }
        self.take_isn(number);
        self.living.set(moment, number, true);
    }

    fn socket_gone(&mut self, moment: Moment, cookie: u64, source: Source) {
        let number = self.socket(cookie);
        let record = &mut self.sockets[number];
        if let Some((local, remote)) = record.ends().filter(|_| record.is_connected()) {
            self.isns.gone(local, remote);
        }
        record.gone_source = source;
        record.change(moment, None);
        self.gone.push((moment, number));
        self.living.set(moment, number, false);
    }

    /// The socket's own initial number is the newest one of its ends that no other socket has.
    fn take_isn(&mut self, number: usize) {
        let record = &self.sockets[number];
        let Some((local, remote)) = record.ends().filter(|_| record.awaits_isn) else { return };
        let others = self.sockets_of.get(&Connection::new(local, remote)).map_or(&[][..], Vec::as_slice);
        let others =
            others.iter().map(|other| &self.sockets[*other]).filter(|other| other.ends() == Some((local, remote)));
        let taken: Vec<u32> = others.filter_map(|other| Some(other.isn?.number)).collect();
        let newest = self.isns.told(local, remote).next().filter(|isn| !taken.contains(&isn.number));
        if let Some(isn) = newest {
            let record = &mut self.sockets[number];
            (record.isn, record.awaits_isn) = (Some(isn), false);
        }
    }

    /// A segment's sender, where its first number wasn't seen before the socket was.
    fn give_isn(&mut self, segment: &Packet) {
        let known = self.sockets_of.get(&Connection::of(segment)).map_or(&[][..], Vec::as_slice);
        let awaits = |number: &&usize| {
            let record = &self.sockets[**number];
            record.awaits_isn && record.ends() == Some((segment.from, segment.to))
        };
        if let Some(number) = known.iter().rev().find(awaits).copied() {
            self.take_isn(number);
        }
    }

    /// A process came or left: the actors whose calls it makes begin anew.
    fn drives_anew(&mut self, moment: Moment, member: &Member) {
        for actor in member.played() {
            self.driven.entry(actor).or_default().push(moment);
        }
    }

    fn left(&mut self, moment: Moment, member: &Member) {
        self.drives_anew(moment, member);
        // Its children were threads of the same program.
        let children = |actor| self.calls.forks.of(actor).map(|(child, _)| child).collect::<Vec<_>>();
        for child in member.actors().flat_map(children).collect::<Vec<_>>() {
            self.driven.entry(child).or_default().push(moment);
            self.calls.killed(moment, child);
        }
        if let Some(place) = self.arrival_of.remove(&member.number) {
            self.present_members.set(moment, place, false);
        }
        self.calls.end_of(moment, member);
    }

    fn end_segment(&mut self, moment: Moment, id: SegmentId, fate: Fate) {
        if let Some(record) = self.segments.get_mut(id.0 as usize) {
            record.ended = Some((moment, fate));
        }
        self.waiting.set(moment, id, false);
        self.doors.ended(id);
    }

    /// The number of a socket, in the order of their appearance.
    fn socket(&mut self, cookie: u64) -> usize {
        *self.by_cookie.entry(cookie).or_insert_with(|| {
            self.sockets.push(SocketRecord {
                cookie,
                history: Vec::new(),
                states: Vec::new(),
                gone_source: Source::SockDiag,
                isn: None,
                awaits_isn: false,
            });
            self.sockets.len() - 1
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::testing;
    use crate::tcp::testing::segment;

    fn end(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// What happened, each thing behind the other.
    #[derive(Default)]
    struct Script(Trace, u32);

    impl Script {
        fn sent(&mut self, from: u16, to: u16, (seq, ack): (u32, u32), flags: &[&str]) -> SegmentId {
            let id = SegmentId(self.1);
            self.1 += 1;
            let segment = segment(end(from), end(to), seq, ack, flags, b"");
            self.0.push(Duration::ZERO, Event::Sent { id, segment, again: None });
            id
        }

        fn socket(&mut self, cookie: u64, state: State, ends: Option<(u16, u16)>) {
            let (side, ends) = (Side::Client, ends.map(|(local, remote)| (end(local), end(remote))));
            self.0.push(Duration::ZERO, Event::Socket(testing::socket(cookie, side, None, state, ends.unzip())));
        }

        fn is_on(&self, cookie: u64) -> Vec<u32> {
            let view = self.0.present();
            let on = view.segments().filter(|segment| self.0.is_on(segment, cookie));
            let mut on: Vec<u32> = on.map(|segment| segment.id.0).collect();
            on.reverse();
            on
        }
    }

    #[test]
    fn a_segment_is_of_one_sockets_connection_and_a_socket_has_one_peer() {
        let mut script = Script::default();
        // The client's machine forgets its connection and asks again from the same port; the server still has the old one.
        script.sent(40000, 8000, (100, 0), &["SYN"]);
        script.socket(1, State::SynSent, Some((40000, 8000)));
        script.sent(8000, 40000, (500, 101), &["SYN", "ACK"]);
        script.socket(2, State::SynRecv, Some((8000, 40000)));
        script.socket(1, State::Established, Some((40000, 8000)));
        script.socket(2, State::Established, Some((8000, 40000)));
        script.0.push(Duration::ZERO, Event::Gone { cookie: 1, source: Source::SockDiag });
        // This time the kernel's table is read before the wire is.
        script.socket(3, State::SynSent, Some((40000, 8000)));
        script.sent(40000, 8000, (90_000, 0), &["SYN"]);
        script.sent(8000, 40000, (501, 101), &["ACK"]);
        script.sent(40000, 8000, (101, 0), &["RST"]);
        script.socket(2, State::Closed, None);
        script.sent(8000, 40000, (77_000, 90_001), &["SYN", "ACK"]);
        script.socket(4, State::SynRecv, Some((8000, 40000)));
        assert_eq!(script.is_on(1), [0, 1, 3, 4]);
        assert_eq!(script.is_on(2), [0, 1, 3, 4], "though the reset took its addresses");
        assert_eq!(script.is_on(3), [2, 5]);
        assert_eq!(script.is_on(4), [2, 5]);
        assert_eq!([1, 2, 3, 4, 9].map(|cookie| script.0.peer_of(cookie)), [Some(2), Some(1), Some(4), Some(3), None]);
    }

    #[test]
    fn who_spoke_first_is_the_first_sender_whatever_came_since() {
        let mut script = Script::default();
        let connection = Connection::new(end(8001), end(40000));
        assert_eq!(script.0.first_sender(connection), None);
        script.sent(40000, 8001, (100, 0), &["SYN"]);
        script.sent(8001, 40000, (0, 101), &["RST", "ACK"]);
        assert_eq!(script.0.first_sender(connection), Some(end(40000)));
    }

    #[test]
    fn one_socket_that_connects_twice_has_the_newest_number() {
        let mut script = Script::default();
        script.sent(40000, 8000, (100, 0), &["SYN"]);
        script.socket(1, State::SynSent, Some((40000, 8000)));
        script.sent(8000, 40000, (0, 101), &["RST", "ACK"]);
        script.socket(1, State::Closed, None);
        assert_eq!(script.is_on(1), [0, 1]);
        script.sent(40000, 8000, (90_000, 0), &["SYN"]);
        script.socket(1, State::SynSent, Some((40000, 8000)));
        assert_eq!(script.is_on(1), [2]);
    }

    #[test]
    fn a_socket_that_is_connected_to_itself_is_its_own_peer() {
        let mut script = Script::default();
        script.sent(9000, 9000, (100, 0), &["SYN"]);
        script.socket(1, State::SynSent, Some((9000, 9000)));
        script.sent(9000, 9000, (100, 101), &["SYN", "ACK"]);
        script.socket(1, State::Established, Some((9000, 9000)));
        assert_eq!((script.is_on(1), script.0.peer_of(1)), (vec![0, 1], Some(1)));
    }
}
