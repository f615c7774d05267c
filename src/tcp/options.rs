//! The options of a TCP header (RFC 9293, section 3.2), each with its bytes, also those that the program doesn't know.

pub(super) const END: u8 = 0;
pub(super) const NOP: u8 = 1;
pub(super) const MSS: u8 = 2;
pub(super) const WINDOW_SCALE: u8 = 3;
pub(super) const SACK_PERMITTED: u8 = 4;
pub(super) const SACK: u8 = 5;
pub(super) const TIMESTAMPS: u8 = 8;
pub(super) const MD5: u8 = 19;
pub(super) const AO: u8 = 29;
pub(super) const MPTCP: u8 = 30;
pub(super) const FAST_OPEN: u8 = 34;
/// What is tried out; two or four bytes of it say by whom (RFC 6994).
pub(super) const EXPERIMENTS: [u8; 2] = [253, 254];

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
}

#[cfg(test)]
mod tests {
    use super::super::{Initials, Isns, Numbers, testing};
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
