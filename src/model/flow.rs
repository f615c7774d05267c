//! How the bytes of one end of a connection went, over time: what the pictures of textbooks draw. Numbers count from the end's
//! initial sequence number, and go on where the field of 32 bits begins anew (RFC 9293, section 3.4).
//!
//! All of it is what the wire and the kernel told. What a person sent by hand is in none of it: of that nobody knows what its
//! receiver makes of it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::{Event, Moment, SegmentId, SocketFacts, Trace};
use crate::tcp::{Flags, Initials, Packet};

/// `tcpi_snd_ssthresh` before the first loss (`TCP_INFINITE_SSTHRESH`): there is no threshold.
pub const NO_THRESHOLD: u32 = 0x7fff_ffff;

/// When a segment is at its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Once it was let go: on a wire that holds.
    Delivered,
    /// As it is seen: nobody holds it.
    Seen,
}

/// A segment that was sent, with what it takes of sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRange {
    /// Its entry.
    pub moment: Moment,
    /// When it was seen.
    pub at: Duration,
    /// The number behind its last one.
    pub end: u64,
}

/// What holds from an entry on, until the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowStep {
    /// The entry.
    pub moment: Moment,
    /// When that was.
    pub at: Duration,
    /// The number behind the highest one that was sent; `None` where segments have passed of which no entry tells.
    pub sent: Option<u64>,
    /// The highest number that an acknowledgement has told the end; `None` before one did, or where some are not told of.
    pub acked: Option<u64>,
    /// The edge of the window that the other end has offered; `None` also where its scale isn't known.
    pub edge: Option<u64>,
}

impl FlowStep {
    /// How many numbers are sent and not acknowledged, as far as both are known.
    pub fn in_flight(&self) -> Option<u64> {
        Some(self.sent?.saturating_sub(self.acked?))
    }
}

/// What the kernel told at an entry, in bytes: its segments, each of the size that it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CongestionSample {
    /// The entry.
    pub moment: Moment,
    /// When that was.
    pub at: Duration,
    /// The congestion window.
    pub cwnd: u64,
    /// The slow start threshold; `None` where there is none.
    pub ssthresh: Option<u64>,
}

/// An acknowledgement that is on its way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    id: SegmentId,
    acked: u64,
    edge: Option<u64>,
}

/// What one end of a connection has sent, and what became of that. It is read from the trace, which only grows, bit by bit.
#[derive(Clone, Debug)]
pub struct Flow {
    from: SocketAddr,
    to: SocketAddr,
    arrival: Arrival,
    /// The connection's numbers, as the end has them: which of several between the same addresses is meant.
    initials: Initials,
    /// The field's value that counts as 0.
    base: Option<u32>,
    read: Moment,
    under_way: VecDeque<UnderWay>,
    sent: Vec<SentRange>,
    steps: Vec<FlowStep>,
    told: Vec<CongestionSample>,
}

impl Flow {
    /// Of which nothing was read yet. `initials` are the connection's, as `from` has them.
    pub fn new((from, to): (SocketAddr, SocketAddr), initials: Initials, arrival: Arrival) -> Flow {
        Flow {
            from,
            to,
            arrival,
            initials,
            base: initials.own.map(|own| own.number),
            read: 0,
            under_way: VecDeque::new(),
            sent: Vec::new(),
            steps: Vec::new(),
            told: Vec::new(),
        }
    }

    /// The end that sends, and the other one.
    pub fn ends(&self) -> (SocketAddr, SocketAddr) {
        (self.from, self.to)
    }

    /// Whether this is the flow of that end, on that connection.
    pub fn is_of(&self, ends: (SocketAddr, SocketAddr), initials: &Initials) -> bool {
        self.ends() == ends && self.initials.is_with(initials)
    }

    /// Reads what is new, at most so many entries. `false` where there is more.
    pub fn read(&mut self, trace: &Trace, most: usize) -> bool {
        let entries = trace.entries();
        let end = entries.len().min(self.read.saturating_add(most));
        for (moment, entry) in entries.iter().enumerate().take(end).skip(self.read) {
            let at = entry.at;
            match &entry.event {
                Event::Sent { id, segment, .. } | Event::Retransmitted { id, segment } => {
                    self.seen(trace, *id, segment, (moment, at));
                }
                Event::Delivered(id) if self.arrival == Arrival::Delivered => self.arrived(*id, (moment, at)),
                Event::Dropped(id) | Event::Lost { id, .. } => {
                    self.place(*id).ok().and_then(|place| self.under_way.remove(place));
                }
                Event::Unkept { segments, lost, ruled, .. } if *segments + *lost + *ruled > 0 => {
                    self.breaks((moment, at))
                }
                Event::Socket(facts) => self.told(trace, facts, (moment, at)),
                _ => {}
            }
        }
        self.read = end;
        end == entries.len()
    }

    /// Whether there is more to read.
    pub fn lags(&self, trace: &Trace) -> bool {
        self.read < trace.now()
    }

    /// The segments that were sent by then, in order.
    pub fn sent(&self, until: Moment) -> &[SentRange] {
        &self.sent[..self.sent.partition_point(|one| one.moment < until)]
    }

    /// What changed by then, in order.
    pub fn steps(&self, until: Moment) -> &[FlowStep] {
        &self.steps[..self.steps.partition_point(|one| one.moment < until)]
    }

    /// What the kernel had told by then, in order.
    pub fn told_by(&self, until: Moment) -> &[CongestionSample] {
        &self.told[..self.told.partition_point(|one| one.moment < until)]
    }

    fn seen(&mut self, trace: &Trace, id: SegmentId, packet: &Packet, when: (Moment, Duration)) {
        let ends = (packet.from, packet.to);
        if ends != (self.from, self.to) && ends != (self.to, self.from) {
            return;
        }
        let Some(tcp) = packet.tcp() else { return };
        let initials = trace.segment_records().get(id.0 as usize).map(|record| record.initials).unwrap_or_default();
        if !initials.is_with(&self.initials) {
            return;
        }
        if ends == self.ends() {
            self.sends(packet, tcp.seq, tcp.flags, when);
        } else if tcp.flags.has(Flags::ACK) && !tcp.flags.has(Flags::RST) {
            let Some(acked) = self.count(tcp.ack) else { return };
            let edge = initials.window(tcp).bytes().map(|window| acked + u64::from(window));
            match self.place(id) {
                Ok(place) => self.under_way[place] = UnderWay { id, acked, edge },
                Err(place) => self.under_way.insert(place, UnderWay { id, acked, edge }),
            }
            if self.arrival == Arrival::Seen {
                self.arrived(id, when);
            }
        }
    }

    fn sends(&mut self, packet: &Packet, seq: u32, flags: Flags, (moment, at): (Moment, Duration)) {
        let marks = [Flags::SYN, Flags::FIN].into_iter().filter(|mark| flags.has(*mark)).count();
        let length = packet.payload().len() + marks;
        if length == 0 || flags.has(Flags::RST) {
            return;
        }
        self.base.get_or_insert(seq);
        let Some(first) = self.count(seq) else { return };
        let end = first + length as u64;
        self.sent.push(SentRange { moment, at, end });
        let before = self.last();
        // As an end begins, nothing that it sent is acknowledged.
        let acked = before.acked.or(flags.has(Flags::SYN).then_some(0));
        let sent = Some(before.sent.unwrap_or(0).max(end));
        self.steps.push(FlowStep { moment, at, sent, acked, ..before });
    }

    fn arrived(&mut self, id: SegmentId, (moment, at): (Moment, Duration)) {
        let Some(one) = self.place(id).ok().and_then(|place| self.under_way.remove(place)) else { return };
        let before = self.last();
        let acked = before.acked.map_or(one.acked, |acked| acked.max(one.acked));
        // A window that came with an older acknowledgement is an older one.
        let edge = if acked == one.acked { one.edge } else { before.edge };
        self.steps.push(FlowStep { moment, at, acked: Some(acked), edge, ..before });
    }

    /// The place of an acknowledgement among those that are on their way, which stand in the order of their numbers.
    fn place(&self, id: SegmentId) -> Result<usize, usize> {
        self.under_way.binary_search_by_key(&id, |one| one.id)
    }

    /// Segments have passed of which no entry tells.
    fn breaks(&mut self, (moment, at): (Moment, Duration)) {
        if self.steps.last().is_some_and(|last| last.sent.is_some() || last.acked.is_some()) {
            self.steps.push(FlowStep { moment, at, sent: None, acked: None, edge: None });
        }
    }

    fn told(&mut self, trace: &Trace, facts: &SocketFacts, (moment, at): (Moment, Duration)) {
        if facts.ends() != Some((self.from, self.to)) {
            return;
        }
        let isn = trace.by_cookie.get(&facts.cookie).and_then(|number| trace.sockets[*number].isn);
        let other = isn.zip(self.base).is_some_and(|(isn, own)| isn.number != own);
        let Some(info) = facts.info.filter(|_| !other) else { return };
        let Some((cwnd, mss)) = info.snd_cwnd.zip(info.snd_mss) else { return };
        let bytes = |segments: u32| u64::from(segments) * u64::from(mss);
        let ssthresh = info.snd_ssthresh.filter(|segments| *segments < NO_THRESHOLD).map(bytes);
        self.told.push(CongestionSample { moment, at, cwnd: bytes(cwnd), ssthresh });
    }

    fn last(&self) -> FlowStep {
        let none = FlowStep { moment: 0, at: Duration::ZERO, sent: None, acked: None, edge: None };
        self.steps.last().copied().unwrap_or(none)
    }

    /// A number's place, counted from 0 and beyond 32 bits: of those that the field may mean, the nearest to what was sent last.
    /// `None` before the first.
    fn count(&self, number: u32) -> Option<u64> {
        let offset = number.wrapping_sub(self.base?);
        let near = self.sent.last().map_or(0, |last| last.end);
        // The low 32 bits of both say how far they lie apart.
        let apart = offset.wrapping_sub(near as u32) as i32;
        near.checked_add_signed(apart.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Side, TcpInfo, testing};
    use crate::tcp::State;
    use crate::tcp::testing::segment;

    fn end(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    const DATA: &[u8] = &[b'x'; 1000];

    /// What is on the wire, a millisecond after the other.
    #[derive(Default)]
    struct Wire(Trace, u32);

    impl Wire {
        fn push(&mut self, event: Event) {
            self.0.push(Duration::from_millis(self.0.now() as u64), event);
        }

        fn sent(&mut self, ends: (u16, u16), (seq, ack): (u32, u32), flags: &[&str], data: &[u8]) -> SegmentId {
            let id = SegmentId(self.1);
            self.1 += 1;
            let segment = segment(end(ends.0), end(ends.1), seq, ack, flags, data);
            self.push(Event::Sent { id, segment, again: None });
            id
        }

        fn arrives(&mut self, id: SegmentId) {
            self.push(Event::Delivered(id));
        }

        /// Sent and delivered at once.
        fn goes(&mut self, ends: (u16, u16), numbers: (u32, u32), flags: &[&str], data: &[u8]) {
            let id = self.sent(ends, numbers, flags, data);
            self.arrives(id);
        }

        /// A connection of client 2 and server 1 that counts from these numbers.
        fn handshake(&mut self, j: u32, k: u32) {
            self.goes((2, 1), (j, 0), &["SYN"], b"");
            self.goes((1, 2), (k, j.wrapping_add(1)), &["SYN", "ACK"], b"");
            self.goes((2, 1), (j.wrapping_add(1), k.wrapping_add(1)), &["ACK"], b"");
        }

        fn flow(&self, from: u16, to: u16, arrival: Arrival) -> Flow {
            let mut flow = Flow::new((end(from), end(to)), self.0.initials_between(end(from), end(to)), arrival);
            // Bit by bit, as before each frame.
            while !flow.read(&self.0, 2) {}
            assert!(!flow.lags(&self.0));
            flow
        }
    }

    fn values(flow: &Flow, until: Moment) -> Vec<(Option<u64>, Option<u64>, Option<u64>)> {
        flow.steps(until).iter().map(|step| (step.sent, step.acked, step.in_flight())).collect()
    }

    /// The field of 32 bits begins anew: the numbers go on. The same wherever a connection begins.
    #[test]
    fn numbers_go_on_where_the_field_begins_anew() {
        let flows: Vec<Vec<_>> = [1, u32::MAX - 1500, u32::MAX, 0x8000_0000 - 1500]
            .into_iter()
            .map(|j| {
                let (mut wire, k) = (Wire::default(), 77);
                wire.handshake(j, k);
                for n in 0..5_u32 {
                    let seq = j.wrapping_add(1 + n * 1000);
                    wire.goes((2, 1), (seq, k + 1), &["ACK"], DATA);
                    wire.goes((1, 2), (k + 1, seq.wrapping_add(1000)), &["ACK"], b"");
                }
                let flow = wire.flow(2, 1, Arrival::Delivered);
                assert_eq!(flow.sent(wire.0.now()).last().map(|sent| sent.end), Some(5001));
                let edge = flow.steps(wire.0.now()).last().and_then(|step| step.edge);
                assert_eq!(edge, Some(5001 + 64_240));
                values(&flow, wire.0.now())
            })
            .collect();
        assert_eq!(flows[0].last(), Some(&(Some(5001), Some(5001), Some(0))));
        assert!(flows.iter().all(|flow| *flow == flows[0]), "{flows:?}");
    }

    #[test]
    fn an_acknowledgement_counts_once_it_is_there_and_an_older_one_takes_nothing_back() {
        let mut wire = Wire::default();
        wire.handshake(10, 20);
        for n in 0..2 {
            wire.goes((2, 1), (11 + n * 1000, 21), &["ACK"], DATA);
        }
        let first = wire.sent((1, 2), (21, 1011), &["ACK"], b"");
        let second = wire.sent((1, 2), (21, 2011), &["ACK"], b"");
        let lost = wire.sent((1, 2), (21, 2011), &["ACK"], b"");
        let on_the_way = wire.0.now();
        wire.push(Event::Dropped(lost));
        wire.arrives(second);
        wire.arrives(first);
        // Sent again: it is drawn, and nothing more is in flight.
        wire.goes((2, 1), (11, 21), &["ACK"], DATA);
        let flow = wire.flow(2, 1, Arrival::Delivered);
        assert_eq!(values(&flow, on_the_way).last(), Some(&(Some(2001), Some(1), Some(2000))));
        assert_eq!(values(&flow, wire.0.now()).last(), Some(&(Some(2001), Some(2001), Some(0))));
        let ends: Vec<u64> = flow.sent(wire.0.now()).iter().map(|sent| sent.end).collect();
        assert_eq!(ends, [1, 1001, 2001, 1001]);
        // Where nobody holds a segment, it is there as it is seen.
        let seen = wire.flow(2, 1, Arrival::Seen);
        assert_eq!(values(&seen, on_the_way).last(), Some(&(Some(2001), Some(2001), Some(0))));
        // The other end has sent its SYN only.
        assert_eq!(wire.flow(1, 2, Arrival::Delivered).sent(wire.0.now()).len(), 1);
    }

    #[test]
    fn what_no_entry_tells_is_not_known_and_what_a_person_sent_is_in_none_of_it() {
        let mut wire = Wire::default();
        assert_eq!(wire.flow(2, 1, Arrival::Delivered).steps(0), []);
        wire.handshake(10, 20);
        let forged = segment(end(2), end(1), 5_000, 21, &["ACK"], DATA);
        wire.push(Event::Forged { id: SegmentId(3), segment: forged });
        wire.1 = 4;
        wire.arrives(SegmentId(3));
        wire.goes((2, 1), (11, 21), &["ACK"], DATA);
        wire.push(Event::Unkept { segments: 9, bytes: 9000, lost: 0, refused: 0, ruled: 0 });
        let gap = wire.0.now();
        wire.goes((2, 1), (50_011, 21), &["ACK"], DATA);
        wire.goes((1, 2), (21, 51_011), &["ACK"], b"");
        let flow = wire.flow(2, 1, Arrival::Delivered);
        assert_eq!(values(&flow, gap).last(), Some(&(None, None, None)));
        let ends: Vec<u64> = flow.sent(wire.0.now()).iter().map(|sent| sent.end).collect();
        assert_eq!(ends, [1, 1001, 51_001]);
        let after = &values(&flow, wire.0.now())[values(&flow, gap).len()..];
        assert_eq!(after, [(Some(51_001), None, None), (Some(51_001), Some(51_001), Some(0))]);
    }

    #[test]
    fn a_later_connection_between_the_same_ends_is_another_flow() {
        let mut wire = Wire::default();
        wire.handshake(10, 20);
        wire.goes((2, 1), (11, 21), &["ACK"], DATA);
        let first = wire.flow(2, 1, Arrival::Delivered);
        wire.goes((2, 1), (1011, 21), &["RST"], b"");
        wire.handshake(90_000, 20_000);
        let second = wire.flow(2, 1, Arrival::Delivered);
        assert_eq!(second.sent(wire.0.now()).iter().map(|sent| sent.end).collect::<Vec<_>>(), [1]);
        assert!(!first.is_of(second.ends(), &wire.0.initials_between(end(2), end(1))));
        let mut first = first;
        first.read(&wire.0, usize::MAX);
        assert_eq!(first.sent(wire.0.now()).len(), 2, "of its own only");
    }

    #[test]
    fn the_kernels_windows_are_in_bytes_and_none_is_made_up() {
        let mut wire = Wire::default();
        wire.handshake(10, 20);
        let tells = |wire: &mut Wire, info: Option<TcpInfo>, ends: (u16, u16)| {
            let ends = (Some(end(ends.0)), Some(end(ends.1)));
            let mut facts = testing::socket(1, Side::Client, Some(3), State::Established, ends);
            facts.info = info;
            wire.push(Event::Socket(facts));
        };
        let info = |cwnd, ssthresh| {
            Some(TcpInfo { snd_cwnd: Some(cwnd), snd_mss: Some(1448), snd_ssthresh: ssthresh, ..TcpInfo::default() })
        };
        tells(&mut wire, info(10, Some(NO_THRESHOLD)), (2, 1));
        tells(&mut wire, info(1, Some(5)), (2, 1));
        // What it doesn't tell, and what it tells of another socket.
        tells(&mut wire, None, (2, 1));
        tells(&mut wire, Some(TcpInfo { snd_cwnd: Some(3), ..TcpInfo::default() }), (2, 1));
        tells(&mut wire, info(99, None), (1, 2));
        let flow = wire.flow(2, 1, Arrival::Delivered);
        let told: Vec<_> = flow.told_by(wire.0.now()).iter().map(|told| (told.cwnd, told.ssthresh)).collect();
        assert_eq!(told, [(14_480, None), (1448, Some(7240))]);
    }
}
