//! What a person changes in a copy of a segment, or writes into one that no kernel sent: which fields, and what is to stand in
//! them.
//!
//! It is written as words, `flags=RST seq=k+100` ([`notation`]), and carried out on a packet's bytes ([`apply`](Edit::apply)).

mod apply;
mod fields;
mod forge;
mod notation;
mod options;
#[cfg(test)]
mod tests;
mod wanted;

use std::fmt;

pub use fields::{FieldChange, changed, field};
pub use forge::Forgery;
pub use notation::{EditFault, ForgeEnds, TypedEdit, is_edit};
pub use wanted::{WantedField, WantedFields};

use crate::tcp::{Expr, Flags, Letter};

/// A field that can be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum EditField {
    SourcePort,
    DestinationPort,
    Seq,
    Ack,
    Flags,
    Window,
    Checksum,
    Urgent,
    Mss,
    Scale,
    SackPermitted,
    Sack,
    Timestamps,
    FastOpen,
    FastOpenExp,
    Ttl,
    Ecn,
    Data,
}

impl EditField {
    /// All of them, in the order in which a packet has them: the IP header's last but for the data.
    pub const ALL: [EditField; 18] = [
        EditField::SourcePort,
        EditField::DestinationPort,
        EditField::Seq,
        EditField::Ack,
        EditField::Flags,
        EditField::Window,
        EditField::Checksum,
        EditField::Urgent,
        EditField::Mss,
        EditField::Scale,
        EditField::SackPermitted,
        EditField::Sack,
        EditField::Timestamps,
        EditField::FastOpen,
        EditField::FastOpenExp,
        EditField::Ttl,
        EditField::Ecn,
        EditField::Data,
    ];

    /// Its name in the notation.
    pub const fn name(self) -> &'static str {
        match self {
            EditField::SourcePort => "sport",
            EditField::DestinationPort => "dport",
            EditField::Seq => "seq",
            EditField::Ack => "ack",
            EditField::Flags => "flags",
            EditField::Window => "win",
            EditField::Checksum => "checksum",
            EditField::Urgent => "urg",
            EditField::Mss => "mss",
            EditField::Scale => "scale",
            EditField::SackPermitted => "sackok",
            EditField::Sack => "sack",
            EditField::Timestamps => "ts",
            EditField::FastOpen => "fo",
            EditField::FastOpenExp => "foexp",
            EditField::Ttl => "ttl",
            EditField::Ecn => "ecn",
            EditField::Data => "data",
        }
    }

    /// Its name in a packet of this family: what IPv4 calls TTL is the hop limit of IPv6 (RFC 8200, section 3).
    pub const fn name_in(self, ipv6: bool) -> &'static str {
        match self {
            EditField::Ttl if ipv6 => HOP_LIMIT,
            other => other.name(),
        }
    }

    /// The field of this name, in whichever family.
    pub fn named(name: &str) -> Option<EditField> {
        let is_it = |field: &EditField| [field.name(), field.name_in(true)].contains(&name);
        EditField::ALL.into_iter().find(is_it)
    }

    /// The largest number that can stand in it, where it holds a plain one; the smallest is 0.
    pub const fn largest(self) -> Option<u32> {
        match self {
            EditField::SourcePort | EditField::DestinationPort | EditField::Window => Some(u16::MAX as u32),
            EditField::Urgent | EditField::Mss => Some(u16::MAX as u32),
            EditField::Scale | EditField::Ttl => Some(u8::MAX as u32),
            _ => None,
        }
    }

    /// How what stands in it is written.
    pub const fn example(self) -> &'static str {
        match self {
            EditField::SourcePort | EditField::DestinationPort => "8000",
            EditField::Seq | EditField::Ack => "k+100",
            EditField::Flags => "SYN,ACK",
            EditField::Window => "0",
            EditField::Checksum => "wrong",
            EditField::Urgent => "3",
            EditField::Mss => "536",
            EditField::Scale => "7",
            EditField::SackPermitted => "yes",
            EditField::Sack => "j+5..j+9",
            EditField::Timestamps => "100:200",
            EditField::FastOpen | EditField::FastOpenExp => "0011223344556677",
            EditField::Ttl => "1",
            EditField::Ecn => "ce",
            EditField::Data => "\"abc\"",
        }
    }
}

/// What stands in an IPv6 packet where IPv4 has its TTL.
const HOP_LIMIT: &str = "hoplimit";

/// What is to stand in one field. An option that is `None` isn't there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Change {
    SourcePort(u16),
    DestinationPort(u16),
    /// The sequence number.
    Seq(Expr),
    /// The acknowledgement number.
    Ack(Expr),
    /// Exactly these flags.
    Flags(Flags),
    /// The window field, as it stands in the header.
    Window(u16),
    /// Whether the checksum is the right one.
    Checksum(bool),
    /// The urgent pointer.
    Urgent(u16),
    Mss(Option<u16>),
    /// The window scale's shift.
    Scale(Option<u8>),
    SackPermitted(bool),
    /// The blocks of selective acknowledgements, each from its first number to the one behind its last; no option where it is empty.
    Sack(Vec<(Expr, Expr)>),
    /// The sender's timestamp, and the one that it echoes.
    Timestamps(Option<(u32, u32)>),
    /// The cookie of Fast Open (RFC 7413); without a byte it asks for one.
    FastOpen(Option<Vec<u8>>),
    /// The same in the option that was used before Fast Open had one of its own (kind 254 with a magic number, RFC 7413, appendix A).
    FastOpenExp(Option<Vec<u8>>),
    /// How many routers it may still pass.
    Ttl(u8),
    /// The two bits of explicit congestion notification (RFC 3168).
    Ecn(u8),
    Data(Vec<u8>),
}

impl Change {
    /// Which field.
    pub const fn field(&self) -> EditField {
        match self {
            Change::SourcePort(_) => EditField::SourcePort,
            Change::DestinationPort(_) => EditField::DestinationPort,
            Change::Seq(_) => EditField::Seq,
            Change::Ack(_) => EditField::Ack,
            Change::Flags(_) => EditField::Flags,
            Change::Window(_) => EditField::Window,
            Change::Checksum(_) => EditField::Checksum,
            Change::Urgent(_) => EditField::Urgent,
            Change::Mss(_) => EditField::Mss,
            Change::Scale(_) => EditField::Scale,
            Change::SackPermitted(_) => EditField::SackPermitted,
            Change::Sack(_) => EditField::Sack,
            Change::Timestamps(_) => EditField::Timestamps,
            Change::FastOpen(_) => EditField::FastOpen,
            Change::FastOpenExp(_) => EditField::FastOpenExp,
            Change::Ttl(_) => EditField::Ttl,
            Change::Ecn(_) => EditField::Ecn,
            Change::Data(_) => EditField::Data,
        }
    }
}

/// What is changed, each field at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit(Vec<Change>);

impl Edit {
    /// These changes; of two of one field the later one counts.
    pub fn new(changes: impl IntoIterator<Item = Change>) -> Edit {
        let mut edit = Edit::default();
        for change in changes {
            edit.0.retain(|earlier| earlier.field() != change.field());
            edit.0.push(change);
        }
        edit
    }

    /// The changes.
    pub fn changes(&self) -> &[Change] {
        &self.0
    }

    /// What is to stand in a field; `None` where it stays as it is.
    pub fn of(&self, field: EditField) -> Option<&Change> {
        self.0.iter().find(|change| change.field() == field)
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why a segment can't be made so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The connection has no initial number of this name, or it wasn't seen.
    NoNumber(Letter),
    /// Such a packet has no such field.
    NoField(EditField),
    /// The options are longer than a header has room for: so many bytes, of 40.
    LongOptions(usize),
    /// The packet is longer than an IP packet can be: so many bytes.
    LongPacket(usize),
    /// The two addresses are of different families.
    Families,
    /// It is no packet that the program shows.
    Malformed,
}

impl fmt::Display for Unfit {
    /// In English and short, for a lesson's result in its own notation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::NoNumber(letter) => write!(f, "{letter} is not known"),
            Unfit::NoField(field) => write!(f, "it has no {}", field.name()),
            Unfit::LongOptions(found) => write!(f, "{found} bytes of options"),
            Unfit::LongPacket(found) => write!(f, "{found} bytes"),
            Unfit::Families => f.write_str("IPv4 and IPv6"),
            Unfit::Malformed => f.write_str("no packet"),
        }
    }
}
