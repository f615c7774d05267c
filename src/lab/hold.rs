//! How each segment stands with the wire: it waits, it went on, or it was dropped.
//!
//! Here is also decided what becomes of a segment that its sender sends once more ([`super::copies`]).

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;

use super::copies::{self, EarlierCopy, Repeat};
use crate::model::{Connection, Copies, Errno, Event, Fate, SegmentId, SegmentRecord};
use crate::tcp::{Flags, Packet};

/// What tells a segment from others but for its later copies.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Identity {
    from: SocketAddr,
    to: SocketAddr,
    seq: u32,
    flags: Flags,
    len: u32,
}

/// How one segment stands.
#[derive(Debug)]
enum HoldState {
    /// It waits.
    Held(Packet),
    /// It went on, or is being sent; so many segments had been seen by then.
    WentOn(u32),
    Dropped,
}

/// All segments of a lab that were ever numbered.
#[derive(Debug, Default)]
pub(super) struct HeldSegments {
    copies: Copies,
    states: Vec<HoldState>,
    newest: HashMap<Identity, SegmentId>,
    /// Those that wait, by their connection.
    held: HashMap<Connection, BTreeSet<SegmentId>>,
}

impl HeldSegments {
    /// None yet, in a lab with this setting.
    pub(super) fn new(copies: Copies) -> HeldSegments {
        HeldSegments { copies, ..HeldSegments::default() }
    }

    /// Those that a trace tells of.
    pub(super) fn resume(copies: Copies, records: &[SegmentRecord]) -> HeldSegments {
        let mut segments = HeldSegments::new(copies);
        for record in records {
            // The original is always there.
            let segment = &record.copies[record.copies.len() - 1].1;
            let seen = |moment| records.partition_point(|other| other.sent < moment) as u32;
            let state = match (&record.ended, record.held) {
                (Some((_, Fate::Dropped | Fate::Undeliverable(_))), _) => HoldState::Dropped,
                (Some((moment, _)), _) => HoldState::WentOn(seen(*moment)),
                (None, Some(_)) => HoldState::Held(segment.clone()),
                (None, None) => HoldState::WentOn(record.id.0 + 1),
            };
            let waits = matches!(state, HoldState::Held(_));
            let id = match record.by_hand {
                Some(_) => segments.add(state),
                None => segments.number(&record.copies[0].1, state),
            };
            if waits {
                segments.held.entry(Connection::of(segment)).or_default().insert(id);
            }
        }
        segments
    }

    /// What becomes of segments that are sent once more.
    pub(super) fn copies(&self) -> Copies {
        self.copies
    }

    /// A segment left its sender and doesn't go on by itself.
    pub(super) fn arrives(&mut self, segment: Packet) -> Vec<Event> {
        let earlier = self.earlier(&segment);
        let Some(id) = earlier else { return self.hold(segment, None) };
        match copies::decide(self.copies, self.before(id, &segment)) {
            Repeat::Waits => self.hold(segment, earlier),
            Repeat::Replaces => {
                self.states[id.0 as usize] = HoldState::Held(segment.clone());
                vec![Event::Retransmitted { id, segment }]
            }
            Repeat::Counted => {
                // Of one that waits, the copy that is shown is the one that goes on.
                let segment = self.held(id).cloned().unwrap_or(segment);
                vec![Event::Retransmitted { id, segment }]
            }
        }
    }

    /// A segment left its sender and goes on at once: its number, to be used with [`HeldSegments::went`] where the lab
    /// sends it, and its entry.
    pub(super) fn passes(&mut self, segment: &Packet) -> (SegmentId, Event) {
        let again = self.earlier(segment);
        let id = self.number(segment, HoldState::WentOn(self.states.len() as u32 + 1));
        (id, Event::Sent { id, segment: segment.clone(), again })
    }

    /// A person sends a segment on, or a rule a copy of one: its number. What its supposed sender sends later is no copy of it.
    pub(super) fn made(&mut self) -> SegmentId {
        self.add(HoldState::WentOn(self.states.len() as u32 + 1))
    }

    /// A copy that a rule made waits: its number.
    pub(super) fn holds_copy(&mut self, segment: &Packet) -> SegmentId {
        let id = self.add(HoldState::Held(segment.clone()));
        self.held.entry(Connection::of(segment)).or_default().insert(id);
        id
    }

    /// A segment that left its sender is lost: its number, and its entry.
    pub(super) fn lost(&mut self, segment: Packet) -> (SegmentId, Event) {
        let again = self.earlier(&segment);
        let id = self.number(&segment, HoldState::Dropped);
        (id, Event::Sent { id, segment, again })
    }

    /// Whether a segment that left its sender is only counted, as one that was sent once more ([`HeldSegments::arrives`]).
    pub(super) fn is_folded(&self, segment: &Packet) -> bool {
        let earlier = self.earlier(segment);
        earlier.is_some_and(|id| copies::decide(self.copies, self.before(id, segment)) != Repeat::Waits)
    }

    /// A segment that waits; `None` where it doesn't.
    pub(super) fn held(&self, id: SegmentId) -> Option<&Packet> {
        match self.states.get(id.0 as usize) {
            Some(HoldState::Held(segment)) => Some(segment),
            _ => None,
        }
    }

    /// Takes a waiting segment off the wire to send it on; `None` where it doesn't wait. So nobody else can.
    pub(super) fn take(&mut self, id: SegmentId) -> Option<Packet> {
        self.end(id, HoldState::WentOn(self.states.len() as u32))
    }

    /// What became of a segment that was sent on.
    pub(super) fn went(&mut self, id: SegmentId, sent: Result<(), Errno>) -> Event {
        match sent {
            Ok(()) => Event::Delivered(id),
            Err(errno) => {
                if let Some(state) = self.states.get_mut(id.0 as usize) {
                    *state = HoldState::Dropped;
                }
                Event::Undeliverable { id, errno }
            }
        }
    }

    /// Forgets a waiting segment; `None` where it doesn't wait.
    pub(super) fn forget(&mut self, id: SegmentId) -> Option<Event> {
        self.end(id, HoldState::Dropped).map(|_| Event::Dropped(id))
    }

    fn earlier(&self, segment: &Packet) -> Option<SegmentId> {
        repeatable(segment).and_then(|identity| self.newest.get(&identity).copied())
    }

    /// A segment waits no longer; it is handed back where it did.
    fn end(&mut self, id: SegmentId, next: HoldState) -> Option<Packet> {
        let state = self.states.get_mut(id.0 as usize).filter(|state| matches!(state, HoldState::Held(_)))?;
        let HoldState::Held(segment) = std::mem::replace(state, next) else { return None };
        let connection = Connection::of(&segment);
        if let Some(held) = self.held.get_mut(&connection) {
            held.remove(&id);
            if held.is_empty() {
                self.held.remove(&connection);
            }
        }
        Some(segment)
    }

    /// How the segment stands of which this one is a copy.
    fn before(&self, id: SegmentId, copy: &Packet) -> EarlierCopy {
        match self.states[id.0 as usize] {
            HoldState::Held(_) => EarlierCopy::Waits,
            HoldState::Dropped => EarlierCopy::Dropped,
            HoldState::WentOn(seen) => {
                let waiting = self.held.get(&Connection::of(copy)).into_iter().flatten();
                let mut waiting = waiting.filter_map(|id| Some((*id, self.held(*id)?)));
                let answered = waiting.any(|(id, waiting)| copies::answers(waiting, copy, id.0 >= seen));
                EarlierCopy::WentOn { answered }
            }
        }
    }

    fn number(&mut self, segment: &Packet, state: HoldState) -> SegmentId {
        let id = self.add(state);
        if let Some(identity) = repeatable(segment) {
            self.newest.insert(identity, id);
        }
        id
    }

    fn add(&mut self, state: HoldState) -> SegmentId {
        let id = SegmentId(self.states.len() as u32);
        self.states.push(state);
        id
    }

    /// Lets a segment wait; `again` names the one that it repeats.
    fn hold(&mut self, segment: Packet, again: Option<SegmentId>) -> Vec<Event> {
        let id = self.number(&segment, HoldState::Held(segment.clone()));
        self.held.entry(Connection::of(&segment)).or_default().insert(id);
        vec![Event::Sent { id, segment, again }, Event::Held(id)]
    }
}

/// What identifies a segment's copies; `None` for one that is never sent again: it occupies no sequence numbers
/// (RFC 9293, section 3.4), so the same numbers in a later one are news, not a copy. UDP sends nothing again.
fn repeatable(packet: &Packet) -> Option<Identity> {
    let segment = packet.tcp()?;
    let occupies = segment.flags.has(Flags::SYN) || segment.flags.has(Flags::FIN) || !packet.is_empty();
    occupies.then(|| Identity {
        from: packet.from,
        to: packet.to,
        seq: segment.seq,
        flags: segment.flags,
        len: packet.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::testing::segment;

    fn end(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn syn() -> Packet {
        segment(end(1), end(2), 7, 0, &["SYN"], b"")
    }

    #[test]
    fn a_segment_goes_on_once() {
        let mut held = HeldSegments::default();
        let id = SegmentId(0);
        assert_eq!(held.arrives(syn()), [Event::Sent { id, segment: syn(), again: None }, Event::Held(id)]);
        assert!(held.take(id).is_some() && held.take(id).is_none() && held.forget(id).is_none());
        assert_eq!(held.went(id, Ok(())), Event::Delivered(id));
        assert!(held.take(SegmentId(9)).is_none(), "one that never was");
    }

    #[test]
    fn what_the_kernel_refuses_to_send_was_dropped_and_its_copy_waits() {
        let mut held = HeldSegments::new(Copies::Drop);
        held.arrives(syn());
        held.take(SegmentId(0));
        assert!(matches!(held.went(SegmentId(0), Err(Errno(libc::ENETDOWN))), Event::Undeliverable { .. }));
        let again = held.arrives(syn());
        assert!(matches!(again[0], Event::Sent { id: SegmentId(1), again: Some(SegmentId(0)), .. }));
    }

    #[test]
    fn a_copy_of_one_that_waits_is_no_second_segment() {
        let mut held = HeldSegments::default();
        held.arrives(syn());
        assert_eq!(held.arrives(syn()), [Event::Retransmitted { id: SegmentId(0), segment: syn() }]);
        let (id, _) = held.passes(&segment(end(2), end(1), 9, 8, &["SYN", "ACK"], b""));
        assert_eq!((id, held.held(id)), (SegmentId(1), None));
    }
}
