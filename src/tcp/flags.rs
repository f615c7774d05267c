//! The control bits of a segment: RFC 9293, section 3.1.

use std::fmt;

/// The eight control bits, as they stand in byte 13 of the header.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u8);

/// Each bit with its name, in the order in which they are written (SYN before ACK, as the textbooks do).
const NAMES: [(u8, &str); 8] = [
    (0x02, "SYN"),
    (0x01, "FIN"),
    (0x04, "RST"),
    (0x08, "PSH"),
    (0x10, "ACK"),
    (0x20, "URG"),
    (0x40, "ECE"),
    (0x80, "CWR"),
];

impl Flags {
    /// Synchronize sequence numbers.
    pub const SYN: Flags = Flags(0x02);
    /// No more data from the sender.
    pub const FIN: Flags = Flags(0x01);
    /// Reset the connection.
    pub const RST: Flags = Flags(0x04);
    /// The urgent pointer counts.
    pub const URG: Flags = Flags(0x20);
    /// The acknowledgement field counts.
    pub const ACK: Flags = Flags(0x10);

    /// From the header's byte 13.
    pub const fn from_bits(bits: u8) -> Flags {
        Flags(bits)
    }

    /// The header's byte 13.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of these bits are set.
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// The flags with these names; the first name that is none of the eight as the error.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Flags, &'a str> {
        names.into_iter().try_fold(Flags(0), |flags, name| {
            let (bit, _) = NAMES.iter().find(|(_, known)| *known == name).ok_or(name)?;
            Ok(Flags(flags.0 | bit))
        })
    }

    /// The names of the bits that are set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names().collect();
        f.pad(&names.join(","))
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_bits_agree_for_every_byte() {
        for bits in 0..=u8::MAX {
            let flags = Flags::from_bits(bits);
            let names: Vec<_> = flags.names().collect();
            assert_eq!(Flags::from_names(names.iter().copied()), Ok(flags));
        }
    }

    #[test]
    fn written_as_the_textbooks_do() {
        assert_eq!(Flags::from_bits(0x12).to_string(), "SYN,ACK");
        assert_eq!(Flags::from_bits(0x11).to_string(), "FIN,ACK");
        assert_eq!(Flags::from_bits(0x18).to_string(), "PSH,ACK");
        assert_eq!(Flags::from_bits(0).to_string(), "");
        assert_eq!(Flags::from_names(["SYN", "XYZ"]), Err("XYZ"));
    }
}
