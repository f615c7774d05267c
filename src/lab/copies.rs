//! What becomes of a segment that its sender sends once more.
//!
//! While the first copy waits, the others are counted: one of them goes on. Once it went on, a further copy crosses the
//! answer on the way, which the sender hasn't seen yet: as long as that answer waits, the copy changes nothing, and is
//! counted and dropped. Where no answer waits, the sender still wants one, and its receiver needs the copy: the receiver
//! threw the first one away (a full queue), its answer was dropped by hand, or it has gone since (TIME_WAIT's end). Then the
//! copy waits like any other segment.

use crate::model::Copies;
use crate::tcp::{Flags, Packet};

/// How the copy before stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarlierCopy {
    /// It waits.
    Waits,
    /// It went on; `answered`: an answer to it waits ([`answers`]).
    WentOn {
        /// Whether one does.
        answered: bool,
    },
    /// It was dropped.
    Dropped,
}

/// What is done with the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It takes the place of the one that waits.
    Replaces,
    /// It is counted and dropped.
    Counted,
    /// It waits by itself.
    Waits,
}

/// Decides on a copy, in a lab with this setting.
pub fn decide(copies: Copies, before: EarlierCopy) -> Repeat {
    match before {
        EarlierCopy::Waits if copies == Copies::Late => Repeat::Counted,
        EarlierCopy::Waits => Repeat::Replaces,
        EarlierCopy::WentOn { answered: true } if copies != Copies::Hold => Repeat::Counted,
        EarlierCopy::WentOn { .. } | EarlierCopy::Dropped => Repeat::Waits,
    }
}

/// Whether a waiting segment answers one that went on: it comes from the receiver, and acknowledges all of that one, or was
/// sent `later` and says nothing else than what its sender makes of what came (a reset, a bare acknowledgement).
pub fn answers(waiting: &Packet, went_on: &Packet, later: bool) -> bool {
    let (Some(answer), Some(segment)) = (waiting.tcp(), went_on.tcp()) else { return false };
    if (waiting.from, waiting.to) != (went_on.to, went_on.from) {
        return false;
    }
    let occupies = |packet: &Packet, flags: Flags| {
        packet.len() + u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN))
    };
    let end = segment.seq.wrapping_add(occupies(went_on, segment.flags));
    let covers = answer.flags.has(Flags::ACK) && (answer.ack.wrapping_sub(end) as i32) >= 0;
    let bare = answer.flags.has(Flags::RST) || occupies(waiting, answer.flags) == 0;
    covers || (later && bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::testing::segment;

    const HERE: u16 = 40_000;
    const THERE: u16 = 8000;

    fn packet(from: u16, (seq, ack): (u32, u32), flags: &[&str], data: &[u8]) -> Packet {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let to = if from == HERE { THERE } else { HERE };
        segment(end(from), end(to), seq, ack, flags, data)
    }

    #[test]
    fn a_copy_waits_unless_it_crosses_its_answer() {
        use EarlierCopy::{Dropped, Waits, WentOn};
        let (answered, unanswered) = (WentOn { answered: true }, WentOn { answered: false });
        for (copies, before, wanted) in [
            (Copies::Hold, Waits, Repeat::Replaces),
            (Copies::Drop, Waits, Repeat::Replaces),
            (Copies::Late, Waits, Repeat::Counted),
            (Copies::Hold, answered, Repeat::Waits),
            (Copies::Drop, answered, Repeat::Counted),
            (Copies::Late, answered, Repeat::Counted),
            (Copies::Hold, unanswered, Repeat::Waits),
            (Copies::Drop, unanswered, Repeat::Waits),
            (Copies::Late, unanswered, Repeat::Waits),
            (Copies::Hold, Dropped, Repeat::Waits),
            (Copies::Drop, Dropped, Repeat::Waits),
            (Copies::Late, Dropped, Repeat::Waits),
        ] {
            assert_eq!(decide(copies, before), wanted, "{copies:?} {before:?}");
        }
    }

    #[test]
    fn what_answers_a_segment() {
        let syn = packet(HERE, (9, 0), &["SYN"], b"");
        let syn_ack = packet(THERE, (50, 10), &["SYN", "ACK"], b"");
        let data = packet(HERE, (10, 51), &["PSH", "ACK"], b"hello");
        let fin = packet(HERE, (15, 51), &["FIN", "ACK"], b"");
        let from_there = |ack, flags: &[&str], data: &[u8]| packet(THERE, (51, ack), flags, data);
        for (what, waiting, went_on, later, wanted) in [
            ("a SYN,ACK the SYN", syn_ack.clone(), &syn, true, true),
            ("a RST,ACK the SYN", from_there(10, &["RST", "ACK"], b""), &syn, true, true),
            ("its ACK the SYN,ACK", packet(HERE, (10, 51), &["ACK"], b""), &syn_ack, true, true),
            ("data too acknowledges the SYN,ACK", data.clone(), &syn_ack, true, true),
            ("an ACK of all", from_there(15, &["ACK"], b""), &data, true, true),
            ("an ACK of more", from_there(16, &["ACK"], b""), &data, true, true),
            ("one that was sent before acknowledges nothing", from_there(10, &["ACK"], b""), &data, false, false),
            ("a duplicate ACK, sent for it", from_there(10, &["ACK"], b""), &data, true, true),
            ("a repeated SYN,ACK, of an end that threw it away", syn_ack.clone(), &data, true, false),
            ("data of an end that has not got it", from_there(10, &["PSH", "ACK"], b"x"), &data, true, false),
            ("an echo acknowledges too", from_there(15, &["PSH", "ACK"], b"hello"), &data, true, true),
            ("a FIN,ACK acknowledges the FIN", from_there(16, &["FIN", "ACK"], b""), &fin, true, true),
            ("the other's FIN alone doesn't", from_there(15, &["FIN", "ACK"], b""), &fin, true, false),
            ("a reset", from_there(0, &["RST"], b""), &fin, true, true),
            ("a reset of before", from_there(0, &["RST"], b""), &fin, false, false),
            ("the sender's own", packet(HERE, (16, 90), &["ACK"], b""), &fin, true, false),
        ] {
            assert_eq!(answers(&waiting, went_on, later), wanted, "{what}");
        }
        // Numbers wrap around.
        let last = packet(HERE, (u32::MAX, 51), &["PSH", "ACK"], b"ab");
        assert!(answers(&from_there(1, &["ACK"], b""), &last, false));
        assert!(!answers(&from_there(0, &["ACK"], b""), &last, false));
    }
}
