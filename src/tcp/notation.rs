//! The one line that says a segment: `SYN,ACK seq=k ack=j+1`; of a datagram `UDP len=6`.
//!
//! The learner's screen, the transcript, a lesson's claims and an error all use it.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use super::{Flags, Packet, Segment, Transport};

/// How sequence numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As the textbooks do: `j` is the first number of the end that asked for the connection, `k` the other's.
    #[default]
    Symbolic,
    /// Counted from each end's first number.
    Relative,
    /// As they stand in the segment.
    Raw,
}

impl Numbers {
    /// The next way of writing, in the order in which a key goes through them.
    pub const fn next(self) -> Numbers {
        match self {
            Numbers::Symbolic => Numbers::Relative,
            Numbers::Relative => Numbers::Raw,
            Numbers::Raw => Numbers::Symbolic,
        }
    }
}

/// The initial sequence numbers of every connection that was seen to begin, each with its letter.
#[derive(Clone, Debug, Default)]
pub struct Isns {
    by_direction: HashMap<(SocketAddr, SocketAddr), Isn>,
}

#[derive(Clone, Copy, Debug)]
struct Isn {
    number: u32,
    letter: char,
}

impl Isns {
    /// Learns from one segment: a SYN names its sender's first number. The side that sent the first SYN of a
    /// connection is `j`; the other is `k`.
    pub fn learn(&mut self, packet: &Packet) {
        let Some(segment) = packet.tcp().filter(|segment| segment.flags.has(Flags::SYN)) else { return };
        let there = (packet.from, packet.to);
        let back = (packet.to, packet.from);
        let new = self.by_direction.get(&there).is_none_or(|isn| isn.number != segment.seq);
        if !new {
            return;
        }
        let letter = match self.by_direction.get(&back) {
            Some(other) if other.letter == 'j' => 'k',
            _ => 'j',
        };
        self.by_direction.insert(there, Isn { number: segment.seq, letter });
    }

    /// The first number of the direction `from` → `to`; `None` where its SYN was never seen.
    pub fn get(&self, from: SocketAddr, to: SocketAddr) -> Option<u32> {
        self.by_direction.get(&(from, to)).map(|isn| isn.number)
    }

    /// The first number that goes by this letter (`j` or `k`) between two ends, whichever of them sent it.
    pub fn by_letter(&self, letter: char, one: SocketAddr, other: SocketAddr) -> Option<u32> {
        let ends = [(one, other), (other, one)];
        let found = ends.iter().filter_map(|ends| self.by_direction.get(ends)).find(|isn| isn.letter == letter);
        found.map(|isn| isn.number)
    }

    fn write(&self, number: u32, from: SocketAddr, to: SocketAddr, numbers: Numbers) -> String {
        match (numbers, self.by_direction.get(&(from, to))) {
            (Numbers::Raw, _) | (_, None) => number.to_string(),
            (Numbers::Relative, Some(isn)) => relative(number, isn.number).to_string(),
            (Numbers::Symbolic, Some(isn)) => match relative(number, isn.number) {
                0 => isn.letter.to_string(),
                // A keepalive's number lies one before the first (RFC 9293, section 3.8.4).
                n if n < 0 => format!("{}{n}", isn.letter),
                n => format!("{}+{n}", isn.letter),
            },
        }
    }
}

/// How far `number` lies after `isn` on the circle of 2³² numbers (RFC 9293, section 3.4): negative where before it.
pub const fn relative(number: u32, isn: u32) -> i64 {
    let distance = number.wrapping_sub(isn);
    if distance > u32::MAX - (1 << 16) { distance as i64 - (1 << 32) } else { distance as i64 }
}

/// The segment in one line, its numbers written as asked.
pub fn line(packet: &Packet, isns: &Isns, numbers: Numbers) -> String {
    match &packet.transport {
        Transport::Tcp(segment) => Line { packet, segment, isns, numbers }.to_string(),
        Transport::Udp => format!("UDP len={}", packet.len()),
        Transport::Unreachable => "ICMP port unreachable".to_owned(),
    }
}

/// Whether a segment says that its sender has no room, which its line then tells; in a reset the field means nothing.
pub fn tells_zero_window(segment: &Segment) -> bool {
    segment.window == 0 && !segment.flags.has(Flags::RST)
}

struct Line<'a> {
    packet: &'a Packet,
    segment: &'a Segment,
    isns: &'a Isns,
    numbers: Numbers,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Packet { from, to, .. }, Segment { seq, ack, flags, .. }) = (self.packet, *self.segment);
        let (from, to) = (*from, *to);
        let name = if flags.bits() == 0 { "-".to_owned() } else { flags.to_string() };
        write!(f, "{name} seq={}", self.isns.write(seq, from, to, self.numbers))?;
        if flags.has(Flags::ACK) {
            write!(f, " ack={}", self.isns.write(ack, to, from, self.numbers))?;
        }
        if !self.packet.is_empty() {
            write!(f, " len={}", self.packet.len())?;
        }
        if tells_zero_window(self.segment) {
            f.write_str(" win=0")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{datagram_packet, segment, unreachable_packet};
    use super::*;

    fn ends() -> (SocketAddr, SocketAddr) {
        (SocketAddr::from(([127, 0, 0, 1], 40000)), SocketAddr::from(([127, 0, 0, 1], 8000)))
    }

    /// A handshake and a line, with the client's first number just below the end of the circle.
    fn walk() -> Vec<Packet> {
        let (c, s) = ends();
        let j = u32::MAX;
        vec![
            segment(c, s, j, 0, &["SYN"], b""),
            segment(s, c, 500, j.wrapping_add(1), &["SYN", "ACK"], b""),
            segment(c, s, j.wrapping_add(1), 501, &["ACK"], b""),
            segment(c, s, j.wrapping_add(1), 501, &["PSH", "ACK"], b"hello"),
            segment(s, c, 501, j.wrapping_add(6), &["FIN", "ACK"], b""),
        ]
    }

    fn lines(numbers: Numbers) -> Vec<String> {
        let mut isns = Isns::default();
        let told = |segment: Packet| {
            isns.learn(&segment);
            line(&segment, &isns, numbers)
        };
        walk().into_iter().map(told).collect()
    }

    #[test]
    fn one_line_says_a_segment() {
        let symbolic = [
            "SYN seq=j",
            "SYN,ACK seq=k ack=j+1",
            "ACK seq=j+1 ack=k+1",
            "PSH,ACK seq=j+1 ack=k+1 len=5",
            "FIN,ACK seq=k+1 ack=j+6",
        ];
        assert_eq!(lines(Numbers::Symbolic), symbolic);
        assert_eq!(lines(Numbers::Relative)[3], "PSH,ACK seq=1 ack=1 len=5");
        assert_eq!(lines(Numbers::Raw)[0], "SYN seq=4294967295");
        assert_eq!(lines(Numbers::Raw)[4], "FIN,ACK seq=501 ack=5");
    }

    #[test]
    fn a_datagram_has_no_numbers() {
        let (c, s) = ends();
        let told = |bytes: Vec<u8>| line(&Packet::parse(&bytes).unwrap(), &Isns::default(), Numbers::Symbolic);
        assert_eq!(told(datagram_packet(c, s, b"hello")), "UDP len=5");
        assert_eq!(told(datagram_packet(c, s, b"")), "UDP len=0");
        assert_eq!(told(unreachable_packet(c, s, b"hello")), "ICMP port unreachable");
    }

    #[test]
    fn no_room_is_told_but_not_of_a_reset() {
        let (c, s) = ends();
        let told = |flags: &[&str]| {
            let mut packet = segment(c, s, 7, 9, flags, b"").packet().to_vec();
            packet[34..36].fill(0);
            line(&Packet::parse(&packet).unwrap(), &Isns::default(), Numbers::Raw)
        };
        assert_eq!(told(&["ACK"]), "ACK seq=7 ack=9 win=0");
        assert_eq!(told(&["RST"]), "RST seq=7");
    }

    #[test]
    fn without_a_syn_the_numbers_stay_raw_and_no_flag_is_a_dash() {
        let (c, s) = ends();
        let alone = segment(c, s, 7, 9, &["ACK"], b"");
        assert_eq!(line(&alone, &Isns::default(), Numbers::Symbolic), "ACK seq=7 ack=9");
        assert_eq!(line(&segment(c, s, 7, 0, &[], b""), &Isns::default(), Numbers::Raw), "- seq=7");
    }

    #[test]
    fn in_a_simultaneous_open_the_first_syn_is_j_and_the_other_k() {
        let (a, b) = ends();
        let mut isns = Isns::default();
        isns.learn(&segment(a, b, 100, 0, &["SYN"], b""));
        isns.learn(&segment(b, a, 200, 0, &["SYN"], b""));
        assert_eq!((isns.by_letter('j', a, b), isns.by_letter('k', a, b)), (Some(100), Some(200)));
        assert_eq!((isns.get(a, b), isns.get(b, a)), (Some(100), Some(200)));
    }

    #[test]
    fn a_keepalive_lies_before_the_first_number() {
        assert_eq!((relative(99, 100), relative(100, 100), relative(0, u32::MAX)), (-1, 0, 1));
    }
}
