//! The options of a TCP header (RFC 9293, section 3.2), each with its bytes, also those that the program doesn't know.

use std::fmt;

use super::{Initials, Numbers, number};

const END: u8 = 0;
const NOP: u8 = 1;
const MSS: u8 = 2;
const WINDOW_SCALE: u8 = 3;
const SACK_PERMITTED: u8 = 4;
const SACK: u8 = 5;
const TIMESTAMPS: u8 = 8;
const MD5: u8 = 19;
const AO: u8 = 29;
const MPTCP: u8 = 30;
const FAST_OPEN: u8 = 34;
/// What is tried out; two or four bytes of it say by whom (RFC 6994).
const EXPERIMENTS: [u8; 2] = [253, 254];

/// The kinds that have a name and are shown by it (IANA's "TCP Option Kind Numbers").
const NAMES: [(u8, &str); 14] = [
    (END, "end of options"),
    (NOP, "NOP"),
    (MSS, "MSS"),
    (WINDOW_SCALE, "window scale"),
    (SACK_PERMITTED, "SACK permitted"),
    (SACK, "SACK"),
    (TIMESTAMPS, "TS"),
    (MD5, "MD5 signature"),
    (27, "Quick-Start response"),
    (28, "user timeout"),
    (AO, "TCP-AO"),
    (MPTCP, "MPTCP"),
    (FAST_OPEN, "Fast Open"),
    (69, "TCP-ENO"),
];

/// The subtypes of Multipath TCP, from 0 (RFC 8684, section 8).
const MPTCP_SUBTYPES: [&str; 9] =
    ["MP_CAPABLE", "MP_JOIN", "DSS", "ADD_ADDR", "REMOVE_ADDR", "MP_PRIO", "MP_FAIL", "MP_FASTCLOSE", "MP_TCPRST"];

/// A part of a header's options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    /// An option: its kind, and the bytes behind kind and length.
    Whole(u8, &'a [u8]),
    /// What is no option: a length that can't be, or what stands behind the end of the options and isn't zero.
    Broken(&'a [u8]),
}

impl<'a> TcpOption<'a> {
    /// The options of a TCP header, in their order.
    pub fn all(header: &'a [u8]) -> Vec<TcpOption<'a>> {
        let mut rest = header.get(20..).unwrap_or(&[]);
        let mut found = Vec::new();
        while let Some((kind, behind)) = rest.split_first() {
            match *kind {
                END => {
                    found.push(TcpOption::Whole(END, &[]));
                    if behind.iter().any(|byte| *byte != 0) {
                        found.push(TcpOption::Broken(behind));
                    }
                    return found;
                }
                NOP => {
                    found.push(TcpOption::Whole(NOP, &[]));
                    rest = behind;
                }
                kind => {
                    let length = usize::from(behind.first().copied().unwrap_or(0));
                    let Some(value) = rest.get(2..length).filter(|_| length >= 2) else {
                        found.push(TcpOption::Broken(rest));
                        return found;
                    };
                    found.push(TcpOption::Whole(kind, value));
                    rest = &rest[length..];
                }
            }
        }
        found
    }

    /// What IANA calls its kind; `None` where it has no name here, and of what is no option.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            TcpOption::Whole(kind, _) if EXPERIMENTS.contains(kind) => Some("experiment"),
            TcpOption::Whole(kind, _) => NAMES.iter().find(|(known, _)| known == kind).map(|(_, name)| *name),
            TcpOption::Broken(_) => None,
        }
    }

    /// The shift of a window scale option.
    pub fn window_scale(&self) -> Option<u8> {
        match self {
            TcpOption::Whole(WINDOW_SCALE, [shift]) => Some(*shift),
            _ => None,
        }
    }

    /// The option in the words of its specification, with its value; what has no name, or another length than its kind
    /// must have, by kind and length (`None`: it is for the caller to say so, in the reader's language).
    pub fn text(&self, initials: &Initials, numbers: Numbers) -> Option<String> {
        let TcpOption::Whole(kind, value) = self else { return None };
        let name = self.name()?;
        let word = |at: usize| value.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        Some(match (*kind, *value) {
            (END | NOP | SACK_PERMITTED, []) => name.to_owned(),
            (MSS, [high, low]) => format!("{name} {}", u16::from_be_bytes([*high, *low])),
            (WINDOW_SCALE, [shift]) => format!("{name} {shift} (×{})", 1_u32 << (*shift).min(14)),
            (TIMESTAMPS, [_, _, _, _, _, _, _, _]) => format!("{name} {} echo {}", word(0)?, word(4)?),
            // What a segment selectively acknowledges are its receiver's numbers.
            (SACK, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => {
                let edge = |at| Some(number(word(at)?, initials.other, numbers));
                let block = |at| Some(format!("{}..{}", edge(at)?, edge(at + 4)?));
                let blocks: Option<Vec<String>> = (0..blocks.len()).step_by(8).map(block).collect();
                format!("{name} {}", blocks?.join(" "))
            }
            (FAST_OPEN, []) => format!("{name} cookie request"),
            (FAST_OPEN, cookie) => format!("{name} cookie {}", Hex(cookie)),
            (AO, [key, next, mac @ ..]) => format!("{name} KeyID {key} RNextKeyID {next} MAC {}", Hex(mac)),
            (MPTCP, [first, ..]) => {
                let subtype = MPTCP_SUBTYPES.get(usize::from(first >> 4)).copied();
                let subtype = subtype.map_or_else(|| format!("subtype {}", first >> 4), str::to_owned);
                format!("{name} {subtype} {}", Hex(value))
            }
            (28, [high, low]) => {
                let field = u16::from_be_bytes([*high, *low]);
                format!("{name} {} {}", field & 0x7fff, if field >> 15 == 1 { "min" } else { "s" })
            }
            (kind, [0xf9, 0x89, cookie @ ..]) if EXPERIMENTS.contains(&kind) => {
                format!("{name} {kind} Fast Open cookie {}", Hex(cookie))
            }
            (kind, value) if EXPERIMENTS.contains(&kind) => format!("{name} {kind} {}", Hex(value)),
            (MD5 | 27 | 69, value) => format!("{name} {}", Hex(value)),
            _ => return None,
        })
    }
}

/// Bytes in hexadecimal digits, without gaps.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Isns, testing};
    use super::*;
    use proptest::prelude::*;
    use std::net::SocketAddr;

    fn header(options: &[u8]) -> Vec<u8> {
        [&[0; 20][..], options].concat()
    }

    fn texts(options: &[u8]) -> Vec<Option<String>> {
        let header = header(options);
        TcpOption::all(&header).iter().map(|one| one.text(&Initials::default(), Numbers::Symbolic)).collect()
    }

    fn only(options: &[u8]) -> String {
        match texts(options).as_slice() {
            [Some(text)] => text.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_kind_with_a_name_is_shown_by_it_with_its_value() {
        for (bytes, text) in [
            (&[2, 4, 5, 180][..], "MSS 1460"),
            (&[3, 3, 10], "window scale 10 (×1024)"),
            (&[3, 3, 99], "window scale 99 (×16384)"),
            (&[4, 2], "SACK permitted"),
            (&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2], "TS 1 echo 2"),
            (&[5, 10, 0, 0, 0, 9, 0, 0, 0, 12], "SACK 9..12"),
            (&[34, 2], "Fast Open cookie request"),
            (&[34, 6, 1, 2, 3, 0xff], "Fast Open cookie 010203ff"),
            (&[254, 6, 0xf9, 0x89, 7, 8], "experiment 254 Fast Open cookie 0708"),
            (&[253, 4, 1, 2], "experiment 253 0102"),
            (&[19, 4, 0xab, 0xcd], "MD5 signature abcd"),
            (&[29, 6, 1, 2, 3, 4], "TCP-AO KeyID 1 RNextKeyID 2 MAC 0304"),
            (&[30, 4, 0x01, 0x81], "MPTCP MP_CAPABLE 0181"),
            (&[30, 4, 0x20, 0x01], "MPTCP DSS 2001"),
            (&[30, 3, 0xf0], "MPTCP subtype 15 f0"),
            (&[28, 4, 0x80, 5], "user timeout 5 min"),
            (&[69, 3, 1], "TCP-ENO 01"),
            (&[1], "NOP"),
            (&[0, 0, 0], "end of options"),
        ] {
            assert_eq!(only(bytes), text);
        }
    }

    #[test]
    fn what_has_no_name_or_a_wrong_length_is_left_to_kind_and_length() {
        let header = header(&[77, 4, 1, 2, 2, 3, 9, 1, 5, 9, 0, 0, 0, 9, 0, 0, 0]);
        let all = TcpOption::all(&header);
        let [unknown, short_mss, nop, odd_sack] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!((*unknown, *short_mss), (TcpOption::Whole(77, &[1, 2]), TcpOption::Whole(2, &[9])));
        assert_eq!(*nop, TcpOption::Whole(1, &[]));
        let text = |one: &TcpOption<'_>| one.text(&Initials::default(), Numbers::Raw);
        assert_eq!([text(unknown), text(short_mss), text(odd_sack)], [None, None, None]);
    }

    #[test]
    fn a_length_that_cannot_be_and_what_follows_the_end_is_kept_as_bytes() {
        for (bytes, broken) in [
            (&[1, 8, 99, 0][..], &[8, 99, 0][..]),
            (&[1, 8], &[8]),
            (&[1, 8, 1], &[8, 1]),
            (&[1, 8, 0], &[8, 0]),
            (&[0, 7, 0], &[7, 0]),
        ] {
            let header = header(bytes);
            assert_eq!(TcpOption::all(&header).last(), Some(&TcpOption::Broken(broken)));
        }
    }

    #[test]
    fn selective_acknowledgements_are_told_in_the_receivers_numbers() {
        let (c, s) = (SocketAddr::from(([127, 0, 0, 1], 40000)), SocketAddr::from(([127, 0, 0, 1], 8000)));
        let mut isns = Isns::default();
        isns.learn(&testing::segment(c, s, 1000, 0, &["SYN"], b""));
        isns.learn(&testing::segment(s, c, 5000, 1001, &["SYN", "ACK"], b""));
        let initials = isns.learn(&testing::segment(s, c, 5001, 1001, &["ACK"], b""));
        let mut bytes = vec![5, 18];
        bytes.extend([1011_u32, 1021, 1031, 1041].iter().flat_map(|edge| edge.to_be_bytes()));
        let header = header(&bytes);
        let text = |numbers| TcpOption::all(&header)[0].text(&initials, numbers).unwrap();
        assert_eq!(text(Numbers::Symbolic), "SACK j+11..j+21 j+31..j+41");
        assert_eq!(text(Numbers::Raw), "SACK 1011..1021 1031..1041");
    }

    proptest! {
        #[test]
        fn every_byte_of_any_header_is_accounted_for(bytes in proptest::collection::vec(any::<u8>(), 0..41)) {
            let header = header(&bytes);
            let all = TcpOption::all(&header);
            let length = |one: &TcpOption<'_>| match one {
                TcpOption::Whole(END | NOP, _) => 1,
                TcpOption::Whole(_, value) => value.len() + 2,
                TcpOption::Broken(bytes) => bytes.len(),
            };
            let told: usize = all.iter().map(length).sum();
            let padding = bytes.iter().rev().take_while(|byte| **byte == 0).count();
            prop_assert!(told == bytes.len() || told + padding >= bytes.len());
            for one in all {
                let _ = one.text(&Initials::default(), Numbers::Symbolic);
            }
        }
    }
}
