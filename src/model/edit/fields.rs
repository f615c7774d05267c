//! What stands in a packet's fields, in the notation of changes; and what tells two packets apart.

use super::apply::{checksum_at, has, right_checksum};
use super::{Change, EditField, options};
use crate::tcp::{Expr, Initials, Isn, Letter, Packet, Segment, TcpOption, relative};

/// A field in which two packets differ, and what stands in it before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Which field.
    pub field: EditField,
    /// What stood in it.
    pub before: Change,
    /// What stands in it now.
    pub after: Change,
}

/// The fields in which a copy that a person made differs from the packet of which it was made. `initials` are those from which
/// both count.
pub fn changed(before: &Packet, after: &Packet, initials: &Initials) -> Vec<FieldChange> {
    let differs = |field: EditField| {
        let before = match field {
            // One that was captured is unfinished, and would have gone on as the right one.
            EditField::Checksum => Change::Checksum(true),
            _ => self::field(before, initials, field)?,
        };
        let after = self::field(after, initials, field)?;
        (before != after).then_some(FieldChange { field, before, after })
    };
    EditField::ALL.into_iter().filter_map(differs).collect()
}

/// What stands in a field; `None` where such a packet has none. Sequence numbers are told from the initial ones, as far as these are
/// known.
pub fn field(packet: &Packet, initials: &Initials, field: EditField) -> Option<Change> {
    if !has(packet.protocol(), field) {
        return None;
    }
    match field {
        EditField::SourcePort => Some(Change::SourcePort(packet.from.port())),
        EditField::DestinationPort => Some(Change::DestinationPort(packet.to.port())),
        EditField::Ttl => Some(Change::Ttl(packet.ip().hops)),
        EditField::Ecn => Some(Change::Ecn(ecn(packet))),
        EditField::Data => Some(Change::Data(packet.payload().to_vec())),
        EditField::Checksum => Some(Change::Checksum(checksum(packet) == right_checksum(packet))),
        _ => of_tcp(packet, packet.tcp()?, initials, field),
    }
}

fn of_tcp(packet: &Packet, tcp: &Segment, initials: &Initials, field: EditField) -> Option<Change> {
    let header = packet.header();
    let urgent = header.get(18..20).and_then(|bytes| bytes.first_chunk().copied()).map(u16::from_be_bytes);
    Some(match field {
        EditField::Seq => Change::Seq(told(tcp.seq, initials.own)),
        EditField::Ack => Change::Ack(told(tcp.ack, initials.other)),
        EditField::Flags => Change::Flags(tcp.flags),
        EditField::Window => Change::Window(tcp.window),
        EditField::Urgent => Change::Urgent(urgent?),
        _ => of_option(header, initials, field)?,
    })
}

/// An option that the header has, as far as its value is one of such an option; else that it isn't there.
fn of_option(header: &[u8], initials: &Initials, field: EditField) -> Option<Change> {
    let wanted = options::kind(field)?;
    let value = TcpOption::all(header).into_iter().find_map(|option| match option {
        TcpOption::Whole(kind, value) if options::is_of(wanted, (kind, value)) => Some(value),
        _ => None,
    });
    let number = |at: usize| value.and_then(|value| value.get(at..)?.first_chunk().copied()).map(u32::from_be_bytes);
    Some(match field {
        EditField::Mss => Change::Mss(value.and_then(|value| Some(u16::from_be_bytes(*value.first_chunk()?)))),
        EditField::Scale => Change::Scale(value.and_then(|value| value.first().copied())),
        EditField::SackPermitted => Change::SackPermitted(value.is_some()),
        EditField::Timestamps => Change::Timestamps(number(0).zip(number(4))),
        EditField::FastOpen => Change::FastOpen(value.map(<[u8]>::to_vec)),
        EditField::FastOpenExp => {
            Change::FastOpenExp(value.map(|value| value[options::FAST_OPEN_MAGIC.len()..].to_vec()))
        }
        EditField::Sack => {
            let blocks = value.map_or(0, <[u8]>::len) / 8;
            let edge = |at| number(at).map(|number| told(number, initials.other));
            Change::Sack((0..blocks).filter_map(|block| edge(block * 8).zip(edge(block * 8 + 4))).collect())
        }
        _ => return None,
    })
}

/// A sequence number, counted from an initial one where it lies behind that, or a little before it.
fn told(number: u32, from: Option<Isn>) -> Expr {
    let counted = from.and_then(|isn| Some((isn.name, relative(number, isn.number)?)));
    match counted {
        Some((name, constant)) => {
            let index = (name.index > 1).then_some(name.index);
            Expr { letter: Some(Letter { letter: name.letter, index }), constant, lines: 0 }
        }
        None => Expr { letter: None, constant: number.into(), lines: 0 },
    }
}

fn ecn(packet: &Packet) -> u8 {
    let byte = packet.ip_header().get(1).copied().unwrap_or(0);
    if packet.ip().version == 6 { byte >> 4 & 3 } else { byte & 3 }
}

fn checksum(packet: &Packet) -> Option<[u8; 2]> {
    packet.header().get(checksum_at(packet.protocol())..)?.first_chunk().copied()
}
