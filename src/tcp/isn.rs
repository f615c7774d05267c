//! The initial sequence numbers (ISNs) of every connection that was seen to begin, and which of them a segment counts from.
//!
//! The first connection's numbers are `j` (of the end that asked for it) and `k` (of the other). Every further one has names
//! of its own, whether between other addresses or the same ones once more: `j₂` and `k₂`, `j₃` and `k₃`. A segment keeps the
//! numbers of its connection for ever (RFC 9293, sections 3.4 and 3.6.1, on incarnations of a connection).

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use super::{Flags, Packet, Segment};

/// How far a number may lie before the initial one and still be written by it: a keepalive's may (RFC 9293, section 3.8.4).
const BEFORE: u32 = 1 << 16;

/// How far a SYN,ACK may acknowledge beyond the SYN: data that came with it (RFC 7413).
const WITH_SYN: u32 = 1 << 16;

/// An initial sequence number's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IsnName {
    /// `j` of the end that asked for the connection, `k` of the other.
    pub letter: char,
    /// Which connection's, in the order in which they began, from 1.
    pub index: u32,
}

impl fmt::Display for IsnName {
    /// `j`, `k₂`: the first connection's has no index.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter)?;
        let digits = if self.index > 1 { self.index.to_string() } else { String::new() };
        let lowered = |digit: u8| char::from_u32(u32::from('₀') + u32::from(digit - b'0')).unwrap_or('?');
        digits.bytes().try_for_each(|digit| write!(f, "{}", lowered(digit)))
    }
}

/// An initial sequence number that was seen in a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isn {
    /// The number.
    pub number: u32,
    /// How it is called.
    pub name: IsnName,
    /// The window scale that its SYN offered (RFC 7323); `None` where the SYN had no such option.
    pub scale: Option<u8>,
}

/// The initial numbers that a segment counts from, as far as they were seen before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Initials {
    /// That of its sender.
    pub own: Option<Isn>,
    /// That of its receiver, from which it acknowledges.
    pub other: Option<Isn>,
    /// Which of the connections that began it belongs to; `None` where its numbers fit none.
    incarnation: Option<usize>,
}

impl Initials {
    /// Whether two segments are of the same connection, and not one of an earlier incarnation; also where that of neither was
    /// seen to begin.
    pub fn is_with(&self, other: &Initials) -> bool {
        self.incarnation == other.incarnation
    }

    /// Whether they are those of a connection that was seen to begin.
    pub fn is_known(&self) -> bool {
        self.incarnation.is_some()
    }

    /// Those of the other end's segments, on the same connection.
    pub fn of_the_other(&self) -> Initials {
        Initials { own: self.other, other: self.own, ..*self }
    }

    /// The number that goes by this letter, and where an index is given also by that.
    pub fn named(&self, letter: char, index: Option<u32>) -> Option<u32> {
        let fits = |isn: &&Isn| isn.name.letter == letter && index.is_none_or(|index| isn.name.index == index);
        [&self.own, &self.other].into_iter().flatten().find(fits).map(|isn| isn.number)
    }
}

/// What a segment's window field means (RFC 7323, section 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many bytes: in a SYN, which is never scaled, and where one of the two SYNs had no scale.
    Bytes(u16),
    /// The field, to be shifted left by so many bits.
    Scaled(u16, u8),
    /// The field; a SYN wasn't seen, so that its scale isn't known.
    Unknown(u16),
}

impl Window {
    /// The window in bytes; `None` where its scale isn't known.
    pub const fn bytes(self) -> Option<u32> {
        match self {
            Window::Bytes(field) => Some(field as u32),
            Window::Scaled(field, shift) => Some((field as u32) << shift),
            Window::Unknown(_) => None,
        }
    }
}

impl Initials {
    /// What a segment's window field means on its connection.
    pub fn window(&self, segment: &Segment) -> Window {
        let field = segment.window;
        match (self.own, self.other) {
            _ if segment.flags.has(Flags::SYN) => Window::Bytes(field),
            (Some(own), Some(other)) => match own.scale.filter(|_| other.scale.is_some()) {
                // A larger shift counts as 14.
                Some(shift) if shift > 0 => Window::Scaled(field, shift.min(14)),
                _ => Window::Bytes(field),
            },
            _ => Window::Unknown(field),
        }
    }
}

/// One connection between two addresses, from its first SYN on.
#[derive(Clone, Debug)]
struct Incarnation {
    /// In order; twice the same where a socket is connected to itself.
    ends: [SocketAddr; 2],
    isns: [Option<Isn>; 2],
    /// A reset was seen, or the end that asked is gone: a SYN of the other end doesn't meet it any more.
    over: bool,
}

impl Incarnation {
    fn place(&self, end: SocketAddr) -> usize {
        usize::from(self.ends[0] != end)
    }

    fn isn(&self, end: SocketAddr) -> Option<Isn> {
        self.isns[self.place(end)]
    }
}

/// All initial sequence numbers that were seen.
#[derive(Clone, Debug, Default)]
pub struct Isns {
    incarnations: Vec<Incarnation>,
    /// Those between two addresses, in the order in which they began.
    between: HashMap<[SocketAddr; 2], Vec<usize>>,
}

fn in_order(one: SocketAddr, other: SocketAddr) -> [SocketAddr; 2] {
    [one.min(other), one.max(other)]
}

impl Isns {
    /// Learns from a segment as it is seen: a SYN tells its sender's first number. Returns the numbers that the segment
    /// counts from.
    pub fn learn(&mut self, packet: &Packet) -> Initials {
        let Some(segment) = packet.tcp() else { return Initials::default() };
        let incarnation = match (segment.flags.has(Flags::SYN), segment.flags.has(Flags::ACK)) {
            (true, false) => Some(self.asked(packet, segment)),
            (true, true) => Some(self.answered(packet, segment)),
            (false, _) => self.nearest(packet, segment),
        };
        let Some(number) = incarnation else { return Initials::default() };
        let of = &mut self.incarnations[number];
        of.over |= segment.flags.has(Flags::RST);
        let own = of.isn(packet.from).filter(|_| !has_no_number(segment));
        Initials { own, other: of.isn(packet.to), incarnation }
    }

    /// The numbers of the newest connection between two ends, for what was sent from the first to the other. Nothing is learnt.
    pub fn newest_between(&self, from: SocketAddr, to: SocketAddr) -> Initials {
        let Some(number) = self.newest(from, to) else { return Initials::default() };
        let of = &self.incarnations[number];
        Initials { own: of.isn(from), other: of.isn(to), incarnation: Some(number) }
    }

    /// A socket with these addresses, its own first, is gone.
    pub fn gone(&mut self, local: SocketAddr, remote: SocketAddr) {
        if let Some(newest) = self.newest(local, remote) {
            let of = &mut self.incarnations[newest];
            of.over |= of.isn(local).is_some();
        }
    }

    /// The first numbers that the end `from` has told `to`, the newest first.
    pub fn told(&self, from: SocketAddr, to: SocketAddr) -> impl Iterator<Item = Isn> {
        self.known(from, to).iter().rev().filter_map(move |number| self.incarnations[*number].isn(from))
    }

    /// Whether a segment between two ends belongs to a connection whose number at the end `at` is this one.
    pub fn is_of(&self, initials: &Initials, at: SocketAddr, isn: Isn) -> bool {
        let of = initials.incarnation.and_then(|number| self.incarnations.get(number));
        of.and_then(|of| of.isn(at)).is_some_and(|own| own.number == isn.number)
    }

    /// Whether one connection has both these numbers, each at its end.
    pub fn are_of_one(&self, (one, isn): (SocketAddr, Isn), (other, its): (SocketAddr, Isn)) -> bool {
        let has = |of: &Incarnation, end, isn: Isn| of.isn(end).is_some_and(|own| own.number == isn.number);
        let known = self.known(one, other).iter().map(|number| &self.incarnations[*number]);
        known.into_iter().any(|of| has(of, one, isn) && has(of, other, its))
    }

    fn known(&self, one: SocketAddr, other: SocketAddr) -> &[usize] {
        self.between.get(&in_order(one, other)).map_or(&[], Vec::as_slice)
    }

    fn newest(&self, one: SocketAddr, other: SocketAddr) -> Option<usize> {
        self.known(one, other).last().copied()
    }

    /// The connection of a SYN: one that has it already, one that the other end has asked for at the same time, or a new one.
    fn asked(&mut self, packet: &Packet, segment: &Segment) -> usize {
        let (from, to) = (packet.from, packet.to);
        let has = |number: &&usize| self.incarnations[**number].isn(from).is_some_and(|isn| isn.number == segment.seq);
        if let Some(known) = self.known(from, to).iter().rev().find(has) {
            return *known;
        }
        let meets = |of: &Incarnation| of.isn(from).is_none() && of.isn(to).is_some() && !of.over;
        match self.newest(from, to).filter(|number| meets(&self.incarnations[*number])) {
            Some(met) => self.join(met, packet, segment),
            None => self.begin(packet, segment, 'j', None),
        }
    }

    /// The connection of a SYN,ACK: that whose SYN it acknowledges.
    fn answered(&mut self, packet: &Packet, segment: &Segment) -> usize {
        let (from, to) = (packet.from, packet.to);
        let acknowledges = |number: &usize| {
            let isn = self.incarnations[*number].isn(to);
            isn.is_some_and(|isn| (1..=WITH_SYN).contains(&segment.ack.wrapping_sub(isn.number)))
        };
        let asked: Vec<usize> = self.known(from, to).iter().rev().copied().filter(acknowledges).collect();
        let own = |number: &usize| self.incarnations[*number].isn(from);
        if let Some(same) = asked.iter().find(|number| own(number).is_some_and(|isn| isn.number == segment.seq)) {
            return *same;
        }
        if let Some(first) = asked.iter().find(|number| own(number).is_none()) {
            return self.join(*first, packet, segment);
        }
        // It acknowledges what nobody was seen to send, such as a forged SYN's number; its own number is one that its sender had told.
        let told = |number: &&usize| self.incarnations[**number].isn(from).is_some_and(|isn| isn.number == segment.seq);
        if let Some(known) = self.known(from, to).iter().rev().find(told) {
            return *known;
        }
        // Another first number for the same SYN: the receiver had forgotten the one that it told before.
        let other = asked.first().and_then(|number| self.incarnations[*number].isn(to));
        self.begin(packet, segment, 'k', other)
    }

    fn join(&mut self, number: usize, packet: &Packet, segment: &Segment) -> usize {
        let of = &self.incarnations[number];
        let Some(other) = of.isn(packet.to) else { return number };
        let letter = if other.name.letter == 'j' { 'k' } else { 'j' };
        let place = of.place(packet.from);
        let isn = self.first_number(packet, segment, IsnName { letter, index: number as u32 + 1 });
        self.incarnations[number].isns[place] = Some(isn);
        number
    }

    /// The first number that a SYN tells, by the name that it has: an end may tell the same one in the SYN of one connection and in the
    /// SYN,ACK of another, where the SYN that it answers was of a socket that is gone.
    fn first_number(&self, packet: &Packet, segment: &Segment, name: IsnName) -> Isn {
        let mut known = self.told(packet.from, packet.to).filter(|isn| isn.number == segment.seq);
        let name = known.next().map_or(name, |isn| isn.name);
        Isn { number: segment.seq, name, scale: segment.window_scale }
    }

    fn begin(&mut self, packet: &Packet, segment: &Segment, letter: char, other: Option<Isn>) -> usize {
        let number = self.incarnations.len();
        let name = IsnName { letter, index: number as u32 + 1 };
        let isn = self.first_number(packet, segment, name);
        let ends = in_order(packet.from, packet.to);
        let mut of = Incarnation { ends, isns: [None; 2], over: false };
        let [own, its] = [packet.from, packet.to].map(|end| of.place(end));
        of.isns[its] = other;
        of.isns[own] = Some(isn);
        self.incarnations.push(of);
        self.between.entry(ends).or_default().push(number);
        number
    }

    /// The connection whose numbers a segment's are the next to; of several the newest.
    fn nearest(&self, packet: &Packet, segment: &Segment) -> Option<usize> {
        let (from, to) = (packet.from, packet.to);
        let distance = |number: usize| -> Option<u32> {
            let of = &self.incarnations[number];
            let seq = of.isn(from).filter(|_| !has_no_number(segment)).map(|isn| ahead(segment.seq, isn.number));
            let ack = of.isn(to).filter(|_| segment.flags.has(Flags::ACK)).map(|isn| ahead(segment.ack, isn.number));
            seq.into_iter().chain(ack).max()
        };
        let known = self.known(from, to);
        let distances = known.iter().rev().filter_map(|number| Some((distance(*number)?, *number)));
        let (distance, number) = distances.min_by_key(|(distance, _)| *distance)?;
        // One that lies before all numbers that were seen is of a connection that wasn't seen to begin; but where there
        // was only one, it may be what somebody made up.
        let fits = distance < 1 << 31 || (known.len() == 1 && distance >= BEFORE.wrapping_neg());
        fits.then_some(number)
    }
}

/// Whether a segment has no number of its sender's: the answer to a segment without ACK where no connection is counts from
/// nothing (RFC 9293, section 3.10.7.1).
fn has_no_number(segment: &Segment) -> bool {
    segment.seq == 0 && segment.flags.has(Flags::RST) && segment.flags.has(Flags::ACK)
}

/// How far a number lies after an initial one. A keepalive's lies one before what was sent, at the least one before the first.
fn ahead(number: u32, isn: u32) -> u32 {
    match number.wrapping_sub(isn) {
        u32::MAX => 0,
        distance => distance,
    }
}

/// How far `number` lies after `isn` on the circle of 2³² numbers (RFC 9293, section 3.4), or a little before it. `None`
/// where it is too far from it to be one of its connection.
pub fn relative(number: u32, isn: u32) -> Option<i64> {
    match number.wrapping_sub(isn) {
        distance if distance < 1 << 31 => Some(distance.into()),
        distance if distance >= BEFORE.wrapping_neg() => Some(i64::from(distance) - (1 << 32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::segment;
    use super::super::{Numbers, line};
    use super::*;

    fn end(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn v6(port: u16) -> SocketAddr {
        SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))
    }

    type Sent = (SocketAddr, SocketAddr, u32, u32, &'static str);

    /// Each segment as it is written when it is seen.
    fn written(sent: &[Sent]) -> Vec<String> {
        let mut isns = Isns::default();
        let one = |(from, to, seq, ack, flags): &Sent| {
            let flags: Vec<&str> = flags.split(',').collect();
            let packet = segment(*from, *to, *seq, *ack, &flags, b"");
            let initials = isns.learn(&packet);
            line(&packet, &initials, Numbers::Symbolic)
        };
        sent.iter().map(one).collect()
    }

    #[test]
    fn an_earlier_incarnation_keeps_its_numbers() {
        let (c, s) = (end(40000), end(8000));
        let said = written(&[
            (c, s, 1000, 0, "SYN"),
            (s, c, 5000, 1001, "SYN,ACK"),
            (c, s, 1001, 5001, "ACK"),
            // The client's machine has forgotten the connection and asks for a new one from the same port.
            (c, s, 90_000, 0, "SYN"),
            // The server still has the old one (RFC 9293, figure 9): its answer, and the reset to that.
            (s, c, 5001, 1001, "ACK"),
            (c, s, 1001, 0, "RST"),
            (c, s, 90_000, 0, "SYN"),
            (s, c, 77_000, 90_001, "SYN,ACK"),
            (c, s, 90_001, 77_001, "ACK"),
            // A late SYN of the old one, and the answer of the new one to it.
            (c, s, 1000, 0, "SYN"),
            (s, c, 77_001, 90_001, "ACK"),
            (c, s, 1004, 5001, "PSH,ACK"),
        ]);
        let wanted = [
            "SYN seq=j",
            "SYN,ACK seq=k ack=j+1",
            "ACK seq=j+1 ack=k+1",
            "SYN seq=j₂",
            "ACK seq=k+1 ack=j+1",
            "RST seq=j+1",
            "SYN seq=j₂",
            "SYN,ACK seq=k₂ ack=j₂+1",
            "ACK seq=j₂+1 ack=k₂+1",
            "SYN seq=j",
            "ACK seq=k₂+1 ack=j₂+1",
            "PSH,ACK seq=j+4 ack=k+1",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn each_connection_has_names_of_its_own_whoever_asks() {
        let said = written(&[
            (end(40000), end(8000), 1, 0, "SYN"),
            (end(40001), end(8000), 900, 0, "SYN"),
            (v6(40000), v6(8000), 7, 0, "SYN"),
            (end(8000), end(40001), 33, 901, "SYN,ACK"),
            (end(8000), end(40000), 0, 2, "RST,ACK"),
            // Once more from the refused port.
            (end(40000), end(8000), 2, 0, "SYN"),
            (v6(8000), v6(40000), 70, 8, "SYN,ACK"),
        ]);
        let wanted = [
            "SYN seq=j",
            "SYN seq=j₂",
            "SYN seq=j₃",
            "SYN,ACK seq=k₂ ack=j₂+1",
            "RST,ACK seq=0 ack=j+1",
            "SYN seq=j₄",
            "SYN,ACK seq=k₃ ack=j₃+1",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn two_syns_that_cross_are_one_connection_and_two_that_do_not_are_two() {
        let (a, b) = (end(40000), end(8000));
        let crossed =
            [(a, b, 100, 0, "SYN"), (b, a, 200, 0, "SYN"), (a, b, 100, 201, "SYN,ACK"), (b, a, 200, 101, "SYN,ACK")];
        let wanted = ["SYN seq=j", "SYN seq=k", "SYN,ACK seq=j ack=k+1", "SYN,ACK seq=k ack=j+1"];
        assert_eq!(written(&crossed), wanted);
        let refused = [(a, b, 100, 0, "SYN"), (b, a, 0, 101, "RST,ACK"), (b, a, 200, 0, "SYN")];
        assert_eq!(written(&refused), ["SYN seq=j", "RST,ACK seq=0 ack=j+1", "SYN seq=j₂"]);
        let mut isns = Isns::default();
        isns.learn(&segment(a, b, 100, 0, &["SYN"], b""));
        isns.gone(a, b);
        let later = isns.learn(&segment(b, a, 200, 0, &["SYN"], b""));
        assert_eq!(
            later.own.map(|isn| isn.name),
            Some(IsnName { letter: 'j', index: 2 }),
            "the first one was given up"
        );
    }

    /// The SYN of a socket that was killed is answered by the SYN,ACK of one that has sent its own SYN meanwhile.
    #[test]
    fn a_number_that_two_connections_share_has_one_name() {
        let (a, b) = (end(40000), end(8000));
        let mut isns = Isns::default();
        isns.learn(&segment(a, b, 100, 0, &["SYN"], b""));
        isns.gone(a, b);
        isns.learn(&segment(b, a, 200, 0, &["SYN"], b""));
        let answer = segment(b, a, 200, 101, &["SYN", "ACK"], b"");
        let initials = isns.learn(&answer);
        assert_eq!(line(&answer, &initials, Numbers::Symbolic), "SYN,ACK seq=j₂ ack=j+1");
    }

    proptest::proptest! {
        /// Whatever was sent, in whatever order, and whichever sockets went meanwhile.
        #[test]
        fn a_number_of_an_end_has_one_name(sent in proptest::collection::vec((0..2_usize, 0..4_u32, 0..5_u32, 0..4), 1..12)) {
            let ends = [end(40000), end(8000)];
            let mut isns = Isns::default();
            for (from, seq, ack, what) in sent {
                let [own, other] = [ends[from], ends[1 - from]];
                let (ack, flags): (u32, &[&str]) = match what {
                    0 => { isns.gone(own, other); continue; }
                    1 => (0, &["SYN"]),
                    _ => (100 * ack + 1, &["SYN", "ACK"]),
                };
                isns.learn(&segment(own, other, 100 * seq, ack, flags, b""));
                for (one, other) in [(own, other), (other, own)] {
                    let mut names: HashMap<u32, IsnName> = HashMap::new();
                    for isn in isns.told(one, other) {
                        proptest::prop_assert_eq!(*names.entry(isn.number).or_insert(isn.name), isn.name);
                    }
                }
            }
        }
    }

    #[test]
    fn an_answer_to_a_syn_that_nobody_was_seen_to_send_keeps_its_senders_number() {
        let (c, s) = (end(40000), end(8000));
        let said = written(&[
            (c, s, 90_000_000, 0, "SYN"),
            // To a forged SYN, of which nothing is learnt.
            (c, s, 90_000_000, 1001, "SYN,ACK"),
            (s, c, 70_000_000, 90_000_001, "SYN,ACK"),
        ]);
        let wanted = ["SYN seq=j", "SYN,ACK seq=j ack=1001", "SYN,ACK seq=k ack=j+1"];
        assert_eq!(said, wanted);
    }

    #[test]
    fn a_socket_that_connects_to_itself_has_one_number() {
        let a = end(9000);
        let said = written(&[(a, a, 100, 0, "SYN"), (a, a, 100, 101, "SYN,ACK"), (a, a, 101, 101, "ACK")]);
        assert_eq!(said, ["SYN seq=j", "SYN,ACK seq=j ack=j+1", "ACK seq=j+1 ack=j+1"]);
    }

    #[test]
    fn a_second_answer_to_one_syn_has_a_name_of_its_own() {
        let (c, s) = (end(40000), end(8000));
        let said = written(&[
            (c, s, 100, 0, "SYN"),
            (s, c, 500, 101, "SYN,ACK"),
            (s, c, 90_000, 101, "SYN,ACK"),
            (c, s, 101, 90_001, "ACK"),
            (c, s, 101, 501, "ACK"),
        ]);
        let wanted = [
            "SYN seq=j",
            "SYN,ACK seq=k ack=j+1",
            "SYN,ACK seq=k₂ ack=j+1",
            "ACK seq=j+1 ack=k₂+1",
            "ACK seq=j+1 ack=k+1",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn what_belongs_to_nothing_that_was_seen_stays_a_plain_number() {
        let (c, s) = (end(40000), end(8000));
        let said = written(&[
            (c, s, 7, 9, "ACK"),
            (c, s, 100_000, 0, "SYN"),
            (c, s, 99_999, 0, "RST"),
            (s, c, 5, 82_581, "ACK"),
            (c, s, 3_000_000_000, 0, "RST"),
            (s, c, 4_000_000_000, 100_001, "SYN,ACK"),
            (c, s, 100_001, 4_000_000_001, "ACK"),
            (c, s, 200_000, 0, "SYN"),
            (s, c, 5, 82_581, "ACK"),
        ]);
        let wanted = [
            "ACK seq=7 ack=9",
            "SYN seq=j",
            "RST seq=j-1",
            "ACK seq=5 ack=j-17419",
            "RST seq=3000000000",
            "SYN,ACK seq=k ack=j+1",
            "ACK seq=j+1 ack=k+1",
            "SYN seq=j₂",
            "ACK seq=5 ack=82581",
        ];
        assert_eq!(said, wanted);
    }

    #[test]
    fn what_was_written_stays_whatever_begins_later() {
        // The old connection has sent more than the clock of the new first number moved on.
        let (c, s) = (end(40000), end(8000));
        let mut isns = Isns::default();
        isns.learn(&segment(c, s, 0, 0, &["SYN"], b""));
        let old = segment(c, s, 3_000_000, 0, &["ACK"], b"x");
        let seen = isns.learn(&old);
        isns.learn(&segment(c, s, 2_000_000, 0, &["SYN"], b""));
        assert_eq!(line(&old, &seen, Numbers::Relative), "ACK seq=3000000 ack=0 len=1 data");
    }

    #[test]
    fn a_name_has_its_index_in_small_digits() {
        let name = |index| IsnName { letter: 'k', index }.to_string();
        assert_eq!([name(1), name(2), name(10), name(9876)], ["k", "k₂", "k₁₀", "k₉₈₇₆"]);
    }

    #[test]
    fn a_distance_is_told_within_half_the_circle() {
        assert_eq!([relative(99, 100), relative(100, 100), relative(0, u32::MAX)], [Some(-1), Some(0), Some(1)]);
        assert_eq!([relative(0, 1 << 16), relative(0, (1 << 16) + 1)], [Some(-65_536), None]);
        assert_eq!([relative((1 << 31) - 1, 0), relative(1 << 31, 0)], [Some((1 << 31) - 1), None]);
    }
}
