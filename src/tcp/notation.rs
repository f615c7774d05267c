//! The one line that says a segment: `SYN,ACK seq=k ack=j+1`; of a datagram `UDP len=6`.
//!
//! The learner's screen, the transcript, a lesson's claims and an error all use it.

use std::fmt;

use super::{Flags, Initials, Isn, Packet, Segment, Transport, Window, relative};

/// How sequence numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Numbers {
    /// As the textbooks do: `j` is the first number of the end that asked for the connection, `k` the other's; those of a
    /// further connection are `j₂` and `k₂`.
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

/// The segment in one line, its numbers written as asked.
pub fn line(packet: &Packet, initials: &Initials, numbers: Numbers) -> String {
    match &packet.transport {
        Transport::Tcp(segment) => NotationLine { packet, segment, initials, numbers }.to_string(),
        Transport::Udp => format!("UDP len={}", packet.len()),
        Transport::Icmp(says) => says.line(),
    }
}

/// Whether a segment says that its sender has no room, which its line then tells; in a reset the field means nothing.
pub fn tells_zero_window(segment: &Segment) -> bool {
    segment.window == 0 && !segment.flags.has(Flags::RST)
}

/// A sequence number as asked: by the name of the first one, where it counts from one that was seen.
pub fn number(number: u32, from: Option<Isn>, numbers: Numbers) -> String {
    let counted = from.and_then(|isn| Some((isn.name, relative(number, isn.number)?)));
    match (numbers, counted) {
        (Numbers::Raw, _) | (_, None) => number.to_string(),
        (Numbers::Relative, Some((_, n))) => n.to_string(),
        (Numbers::Symbolic, Some((name, 0))) => name.to_string(),
        // A keepalive's number may lie before the first one.
        (Numbers::Symbolic, Some((name, n))) if n < 0 => format!("{name}{n}"),
        (Numbers::Symbolic, Some((name, n))) => format!("{name}+{n}"),
    }
}

struct NotationLine<'a> {
    packet: &'a Packet,
    segment: &'a Segment,
    initials: &'a Initials,
    numbers: Numbers,
}

impl fmt::Display for NotationLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Segment { seq, ack, flags, .. } = *self.segment;
        let name = if flags.bits() == 0 { "-".to_owned() } else { flags.to_string() };
        write!(f, "{name} seq={}", number(seq, self.initials.own, self.numbers))?;
        if flags.has(Flags::ACK) {
            write!(f, " ack={}", number(ack, self.initials.other, self.numbers))?;
        }
        if !self.packet.is_empty() {
            write!(f, " len={} data", self.packet.len())?;
        }
        if tells_zero_window(self.segment) {
            f.write_str(" win=0")?;
        }
        Ok(())
    }
}

/// A segment's window field: `64240`, `63 × 1024 = 64,512`, `63 × ?` where the scale isn't known.
pub fn window_field(segment: &Segment, initials: &Initials) -> String {
    match initials.window(segment) {
        _ if segment.flags.has(Flags::RST) => segment.window.to_string(),
        Window::Bytes(field) => field.to_string(),
        Window::Scaled(field, shift) => {
            format!("{field} × {} = {}", 1_u32 << shift, thousands(u32::from(field) << shift))
        }
        Window::Unknown(field) => format!("{field} × ?"),
    }
}

/// A number with commas between its thousands.
fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let comma = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    digits.char_indices().flat_map(|(place, digit)| comma(place).then_some(',').into_iter().chain([digit])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Isns;
    use super::super::testing::{datagram_packet, segment, unreachable_packet};
    use super::*;

    #[test]
    fn thousands_are_parted() {
        assert_eq!([0, 999, 1000, 65_535, 1_048_576].map(thousands), ["0", "999", "1,000", "65,535", "1,048,576"]);
    }
    use std::net::SocketAddr;

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
        let told = |segment: Packet| line(&segment, &isns.learn(&segment), numbers);
        walk().into_iter().map(told).collect()
    }

    #[test]
    fn one_line_says_a_segment() {
        let symbolic = [
            "SYN seq=j",
            "SYN,ACK seq=k ack=j+1",
            "ACK seq=j+1 ack=k+1",
            "PSH,ACK seq=j+1 ack=k+1 len=5 data",
            "FIN,ACK seq=k+1 ack=j+6",
        ];
        assert_eq!(lines(Numbers::Symbolic), symbolic);
        assert_eq!(lines(Numbers::Relative)[3], "PSH,ACK seq=1 ack=1 len=5 data");
        assert_eq!(lines(Numbers::Raw)[0], "SYN seq=4294967295");
        assert_eq!(lines(Numbers::Raw)[4], "FIN,ACK seq=501 ack=5");
    }

    #[test]
    fn a_datagram_has_no_numbers() {
        let (c, s) = ends();
        let told = |bytes: Vec<u8>| line(&Packet::parse(&bytes).unwrap(), &Initials::default(), Numbers::Symbolic);
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
            line(&Packet::parse(&packet).unwrap(), &Initials::default(), Numbers::Raw)
        };
        assert_eq!(told(&["ACK"]), "ACK seq=7 ack=9 win=0");
        assert_eq!(told(&["RST"]), "RST seq=7");
    }

    #[test]
    fn without_a_syn_the_numbers_stay_raw_and_no_flag_is_a_dash() {
        let (c, s) = ends();
        let alone = segment(c, s, 7, 9, &["ACK"], b"");
        assert_eq!(line(&alone, &Initials::default(), Numbers::Symbolic), "ACK seq=7 ack=9");
        assert_eq!(line(&segment(c, s, 7, 0, &[], b""), &Initials::default(), Numbers::Raw), "- seq=7");
    }
}
