//! What a segment must have in its fields to be the one that is meant: written as changes are, `mss=1460 ts=yes fo=request`.

use std::str::FromStr;

use super::apply::has;
use super::notation::{LONGEST_COOKIE, words};
use super::{Change, EditFault, EditField, Unfit, field};
use crate::tcp::{Expr, Initials, Packet, Protocol};

/// What says that an option is there, whatever stands in it.
const THERE: &str = "yes";

/// What stands before the length of a cookie, in bytes.
const BYTES: &str = "bytes:";

/// What must stand in one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedField {
    /// This; an option that is `None` must not be there.
    Is(Change),
    /// The option is there.
    There(EditField),
    /// A cookie of so many bytes, in this one of the two options.
    Cookie(EditField, usize),
}

/// What must stand in a segment's fields; nothing matters where it is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedFields(pub Vec<WantedField>);

impl FromStr for WantedFields {
    type Err = EditFault;

    fn from_str(text: &str) -> Result<WantedFields, EditFault> {
        let mut wanted: Vec<WantedField> = Vec::new();
        for word in words(text)? {
            let named = EditField::named(&word.key);
            let said = word.text();
            let cookie = said.strip_prefix(BYTES).filter(|_| named.is_some_and(is_cookie));
            let one = match (named, cookie) {
                (Some(field), _) if said == THERE && is_there_or_not(field) => WantedField::There(field),
                (Some(field), Some(length)) => {
                    let length = length.parse().ok().filter(|length| (1..=LONGEST_COOKIE).contains(length));
                    WantedField::Cookie(field, length.ok_or_else(|| EditFault::Value(field, said.clone()))?)
                }
                _ => WantedField::Is(word.change()?),
            };
            if !can_be_wanted(one.field()) {
                return Err(EditFault::NotWanted(one.field()));
            }
            if wanted.iter().any(|earlier| earlier.field() == one.field()) {
                return Err(EditFault::Twice(word.key));
            }
            wanted.push(one);
        }
        if wanted.is_empty() { Err(EditFault::NothingWanted) } else { Ok(WantedFields(wanted)) }
    }
}

/// Whether an option has a value beside being there.
const fn is_there_or_not(field: EditField) -> bool {
    use EditField::{Mss, Sack, Scale, Timestamps};
    matches!(field, Mss | Scale | Sack | Timestamps) || is_cookie(field)
}

/// Whether a field is a cookie of Fast Open.
const fn is_cookie(field: EditField) -> bool {
    matches!(field, EditField::FastOpen | EditField::FastOpenExp)
}

/// Of some fields a pattern has keys; a checksum that is wrong no kernel sends.
const fn can_be_wanted(field: EditField) -> bool {
    use EditField::{Ack, Checksum, Flags, Seq, Window};
    !matches!(field, Seq | Ack | Flags | Window | Checksum)
}

impl WantedFields {
    /// Whether all of it stands in a packet; `initials` are those from which it counts.
    pub fn hold(&self, packet: &Packet, initials: &Initials) -> bool {
        self.0.iter().all(|wanted| wanted.holds(packet, initials))
    }

    /// A field that such a packet never has.
    ///
    /// # Errors
    /// [`EditFault`] names it.
    pub fn fit(&self, protocol: Protocol) -> Result<(), EditFault> {
        let never = self.0.iter().map(WantedField::field).find(|field| !has(protocol, *field));
        never.map_or(Ok(()), |field| Err(EditFault::Unfit(Unfit::NoField(field))))
    }
}

impl WantedField {
    /// Which field.
    pub const fn field(&self) -> EditField {
        match self {
            WantedField::Is(change) => change.field(),
            WantedField::There(field) | WantedField::Cookie(field, _) => *field,
        }
    }

    /// As it is read.
    pub fn value(&self) -> String {
        match self {
            WantedField::Is(change) => change.value(),
            WantedField::There(_) => THERE.to_owned(),
            WantedField::Cookie(_, length) => format!("{BYTES}{length}"),
        }
    }

    fn holds(&self, packet: &Packet, initials: &Initials) -> bool {
        let Some(found) = field(packet, initials, self.field()) else { return false };
        match (self, found) {
            (WantedField::Is(Change::Sack(wanted)), Change::Sack(found)) => {
                let number = |sum: &Expr| sum.value(|letter| initials.named(letter.letter, letter.index), 0);
                let numbers = |blocks: &[(Expr, Expr)]| -> Option<Vec<(u32, u32)>> {
                    blocks.iter().map(|(first, behind)| number(first).zip(number(behind))).collect()
                };
                numbers(wanted).is_some_and(|wanted| Some(wanted) == numbers(&found))
            }
            (WantedField::Is(wanted), found) => *wanted == found,
            (WantedField::Cookie(_, length), Change::FastOpen(cookie) | Change::FastOpenExp(cookie)) => {
                cookie.is_some_and(|cookie| cookie.len() == *length)
            }
            (WantedField::There(_), Change::Sack(blocks)) => !blocks.is_empty(),
            (WantedField::There(_), found) => !matches!(
                found,
                Change::Mss(None)
                    | Change::Scale(None)
                    | Change::Timestamps(None)
                    | Change::FastOpen(None)
                    | Change::FastOpenExp(None)
            ),
            (WantedField::Cookie(..), _) => false,
        }
    }
}
