//! How changes are written: `flags=RST,ACK seq=k+100 data="a b"`, one word for each field, in any order.
//!
//! A line that is typed says before them of what: `edit 7 …` of a copy of segment 7, `edit …` of the one that is meant anyway;
//! `forge server>client …`, or between two addresses, of one that no kernel sent; with `icmp=` of a message about one.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use super::{Change, Edit, EditField, Forgery, Unfit};
use crate::model::escape::unescape;
use crate::model::{SegmentId, Side, quoted};
use crate::tcp::{Expr, Flags, Hex, IcmpError, hex};

/// The words for the two bits of ECN, by their number (RFC 3168, section 5).
const ECN: [&str; 4] = ["none", "ect1", "ect0", "ce"];

/// What says that an option isn't there, and that no flag is set.
pub(super) const NONE: &str = "none";

/// What says that a SYN asks for a cookie of Fast Open.
const REQUEST: &str = "request";

/// The most bytes of a cookie that an option of its own has room for in a header.
pub(super) const LONGEST_COOKIE: usize = 38;

/// Why a text says no change, or why what it says can't be done. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditFault {
    /// This word names no field.
    Field(String),
    /// This is nothing that can stand in the field.
    Value(EditField, String),
    /// This is nothing that ICMP says here.
    Icmp(String),
    /// This is no length of a packet, or there is none where there must be one.
    Mtu(String),
    /// "Fragmentation needed" without a length for the next link.
    MtuMissing,
    /// A length for the next link stands beside something else than "fragmentation needed".
    MtuOfNothing,
    /// A field is named twice.
    Twice(String),
    /// A quotation mark without its second one.
    Quote,
    /// No change is named.
    Nothing,
    /// Nothing says what is to be made.
    NothingForged,
    /// What a segment must have isn't named.
    NothingWanted,
    /// What a segment has in this field is told by a key of its own, or not at all.
    NotWanted(EditField),
    /// Between whom it goes isn't said, but this.
    Ends(String),
    /// No segment has this number, from 1.
    NoSegment(u32),
    /// No segment is there to be copied.
    NoneThere,
    /// The two sides have no connection yet, on which this one would send.
    NoConnection(Side),
    /// Somebody else lets go what is for its receiver.
    NotHere,
    /// It can't be so.
    Unfit(Unfit),
}

/// Between whom a forged segment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeEnds {
    /// From this side to the other one, on a connection between them.
    From(Side),
    /// From an address to another one.
    Between(SocketAddr, SocketAddr),
}

/// What a line means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedEdit {
    /// A changed copy of a segment is sent; of the one that is meant, where none is named.
    Edit(Option<SegmentId>, Edit),
    /// A segment that no kernel sent is sent.
    Forge(ForgeEnds, Forgery),
}

/// Whether a line is meant to say such a thing, and no call.
pub fn is_edit(text: &str) -> bool {
    matches!(text.split_whitespace().next(), Some("edit" | "forge"))
}

impl FromStr for TypedEdit {
    type Err = EditFault;

    fn from_str(text: &str) -> Result<TypedEdit, EditFault> {
        let words = words(text)?;
        let (first, rest) = words.split_first().ok_or(EditFault::Nothing)?;
        if first.key == "forge" {
            let (ends, rest) = rest.split_first().ok_or_else(|| EditFault::Ends(first.key.clone()))?;
            let ends = forge_ends(&ends.key).ok_or_else(|| EditFault::Ends(ends.key.clone()))?;
            return Ok(TypedEdit::Forge(ends, forgery(rest)?));
        }
        let (of, rest) = match rest.split_first() {
            Some((number, rest)) if number.value.is_none() => {
                let shown: u32 = number.key.parse().map_err(|_| EditFault::Field(number.key.clone()))?;
                (Some(SegmentId(shown.checked_sub(1).ok_or(EditFault::NoSegment(0))?)), rest)
            }
            _ => (None, rest),
        };
        Ok(TypedEdit::Edit(of, changes(rest)?))
    }
}

impl FromStr for Edit {
    type Err = EditFault;

    fn from_str(text: &str) -> Result<Edit, EditFault> {
        changes(&words(text)?)
    }
}

impl FromStr for Forgery {
    type Err = EditFault;

    fn from_str(text: &str) -> Result<Forgery, EditFault> {
        forgery(&words(text)?)
    }
}

fn forge_ends(text: &str) -> Option<ForgeEnds> {
    let (from, to) = text.split_once('>')?;
    let side = |name: &str| Side::BOTH.into_iter().find(|side| side.name() == name);
    match (side(from), side(to)) {
        (Some(from), Some(to)) => (from != to).then_some(ForgeEnds::From(from)),
        _ => Some(ForgeEnds::Between(from.parse().ok()?, to.parse().ok()?)),
    }
}

fn changes(words: &[Word]) -> Result<Edit, EditFault> {
    let mut changes: Vec<Change> = Vec::new();
    for word in words {
        let change = word.change()?;
        if changes.iter().any(|earlier| earlier.field() == change.field()) {
            return Err(EditFault::Twice(word.key.clone()));
        }
        changes.push(change);
    }
    if changes.is_empty() { Err(EditFault::Nothing) } else { Ok(Edit::new(changes)) }
}

fn forgery(words: &[Word]) -> Result<Forgery, EditFault> {
    let value = |key: &str| -> Result<Option<&Word>, EditFault> {
        let mut named = words.iter().filter(|word| word.key == key);
        let first = named.next();
        if named.next().is_some() { Err(EditFault::Twice(key.to_owned())) } else { Ok(first) }
    };
    let (icmp, mtu) = (value("icmp")?, value("mtu")?);
    let rest: Vec<Word> = words.iter().filter(|word| !matches!(word.key.as_str(), "icmp" | "mtu")).cloned().collect();
    let mtu = match mtu {
        Some(mtu) => {
            let length = mtu.text().parse::<u16>().map_err(|_| EditFault::Mtu(mtu.text()))?;
            Some(u32::from(length))
        }
        None => None,
    };
    let icmp = match icmp.map(Word::text).as_deref() {
        None if mtu.is_some() => return Err(EditFault::MtuOfNothing),
        None => None,
        Some("fragmentation-needed") => Some(IcmpError::FragmentationNeeded(mtu.ok_or(EditFault::MtuMissing)?)),
        Some(name) => {
            let plain = IcmpError::PLAIN.into_iter().find(|one| one.name() == name);
            let plain = plain.ok_or_else(|| EditFault::Icmp(name.to_owned()))?;
            if mtu.is_some() {
                return Err(EditFault::MtuOfNothing);
            }
            Some(plain)
        }
    };
    let edit = match (&rest[..], icmp) {
        // A message of ICMP says something by itself.
        ([], Some(_)) => Edit::default(),
        ([], None) => return Err(EditFault::NothingForged),
        (rest, _) => changes(rest)?,
    };
    Ok(Forgery { icmp, edit })
}

/// A word: a key, and what stands behind its equals sign.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) key: String,
    /// `None` where no equals sign is there.
    value: Option<Vec<u8>>,
}

pub(super) fn words(text: &str) -> Result<Vec<Word>, EditFault> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(words);
        }
        let mut key = String::new();
        while let Some(c) = rest.next_if(|c| !c.is_whitespace() && *c != '=') {
            key.push(c);
        }
        let mut value = rest.next_if_eq(&'=').map(|_| Vec::new());
        if let Some(value) = &mut value {
            let is_quoted = rest.next_if_eq(&'"').is_some();
            loop {
                match rest.next_if(|c| is_quoted || !c.is_whitespace()) {
                    None if is_quoted => return Err(EditFault::Quote),
                    None => break,
                    Some('"') if is_quoted => break,
                    Some('\\') => unescape(&mut rest, value),
                    Some(c) => value.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
                }
            }
        }
        words.push(Word { key, value });
    }
}

impl Word {
    pub(super) fn text(&self) -> String {
        self.value.as_ref().map_or_else(String::new, |value| String::from_utf8_lossy(value).into_owned())
    }

    pub(super) fn change(&self) -> Result<Change, EditFault> {
        let field = EditField::named(&self.key);
        let field = field.ok_or_else(|| EditFault::Field(self.key.clone()))?;
        let read = match (field, &self.value) {
            (EditField::Data, Some(value)) => Some(Change::Data(value.clone())),
            _ => read(field, &self.text()),
        };
        read.ok_or_else(|| EditFault::Value(field, self.text()))
    }
}

/// What a text puts into a field; `None` where that can't stand in it.
fn read(field: EditField, text: &str) -> Option<Change> {
    Some(match field {
        EditField::SourcePort => Change::SourcePort(number(text)?),
        EditField::DestinationPort => Change::DestinationPort(number(text)?),
        EditField::Seq => Change::Seq(sum(text)?),
        EditField::Ack => Change::Ack(sum(text)?),
        EditField::Flags if text == NONE => Change::Flags(Flags::default()),
        EditField::Flags => {
            let names = text.to_ascii_uppercase();
            Change::Flags(Flags::from_names(names.split(',')).ok()?)
        }
        EditField::Window => Change::Window(number(text)?),
        EditField::Checksum => Change::Checksum(match text {
            "right" => true,
            "wrong" => false,
            _ => return None,
        }),
        EditField::Urgent => Change::Urgent(number(text)?),
        EditField::Mss => Change::Mss(optional(text, number)?),
        EditField::Scale => Change::Scale(optional(text, number)?),
        EditField::SackPermitted => Change::SackPermitted(match text {
            "yes" => true,
            "no" => false,
            _ => return None,
        }),
        EditField::Sack if text == NONE => Change::Sack(Vec::new()),
        EditField::Sack => {
            let block = |text: &str| text.split_once("..").and_then(|(first, behind)| sum(first).zip(sum(behind)));
            Change::Sack(text.split(',').map(block).collect::<Option<_>>()?)
        }
        EditField::Timestamps => Change::Timestamps(optional(text, |text| {
            let (own, echo) = text.split_once(':')?;
            number(own).zip(number(echo))
        })?),
        EditField::FastOpen => Change::FastOpen(optional(text, cookie)?),
        EditField::FastOpenExp => Change::FastOpenExp(optional(text, cookie)?),
        EditField::Ttl => Change::Ttl(number(text)?),
        EditField::Ecn => Change::Ecn(u8::try_from(ECN.iter().position(|name| *name == text)?).ok()?),
        EditField::Data => Change::Data(text.as_bytes().to_vec()),
    })
}

fn number<T: TryFrom<u32>>(text: &str) -> Option<T> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => text.parse().ok()?,
    };
    T::try_from(number).ok()
}

/// A cookie, two hexadecimal digits a byte; none, where one is asked for.
fn cookie(text: &str) -> Option<Vec<u8>> {
    if text == REQUEST {
        return Some(Vec::new());
    }
    hex::parse(text).filter(|cookie| (1..=LONGEST_COOKIE).contains(&cookie.len()))
}

fn optional<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == NONE { Some(None) } else { read(text).map(Some) }
}

/// A sequence number. No line is typed here whose length could be meant.
fn sum(text: &str) -> Option<Expr> {
    text.parse().ok().filter(|sum: &Expr| sum.lines == 0)
}

impl Change {
    /// What stands in the field, as it is read.
    pub fn value(&self) -> String {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
        match self {
            Change::SourcePort(number) | Change::DestinationPort(number) => number.to_string(),
            Change::Window(number) | Change::Urgent(number) => number.to_string(),
            Change::Seq(sum) | Change::Ack(sum) => sum.to_string(),
            Change::Flags(flags) if flags.bits() == 0 => NONE.to_owned(),
            Change::Flags(flags) => flags.to_string(),
            Change::Checksum(right) => if *right { "right" } else { "wrong" }.to_owned(),
            Change::Mss(mss) => or_none(mss.map(|mss| mss.to_string())),
            Change::Scale(shift) => or_none(shift.map(|shift| shift.to_string())),
            Change::SackPermitted(is) => if *is { "yes" } else { "no" }.to_owned(),
            Change::Sack(blocks) => {
                let blocks: Vec<String> = blocks.iter().map(|(first, behind)| format!("{first}..{behind}")).collect();
                or_none((!blocks.is_empty()).then(|| blocks.join(",")))
            }
            Change::Timestamps(both) => or_none(both.map(|(own, echo)| format!("{own}:{echo}"))),
            Change::FastOpen(Some(cookie)) | Change::FastOpenExp(Some(cookie)) if cookie.is_empty() => {
                REQUEST.to_owned()
            }
            Change::FastOpen(cookie) | Change::FastOpenExp(cookie) => {
                or_none(cookie.as_ref().map(|cookie| Hex(cookie).to_string()))
            }
            Change::Ttl(hops) => hops.to_string(),
            Change::Ecn(bits) => ECN[usize::from(bits & 3)].to_owned(),
            Change::Data(data) => quoted(data),
        }
    }
}

impl Change {
    /// What a text that is typed puts into a field, as behind the field's name and an equals sign.
    ///
    /// # Errors
    /// [`EditFault`] says why it can't stand there.
    pub fn typed(field: EditField, text: &str) -> Result<Change, EditFault> {
        match words(&format!("{}={text}", field.name()))?.as_slice() {
            [word] => word.change(),
            _ => Err(EditFault::Value(field, text.to_owned())),
        }
    }
}

/// So much of the data is shown where it is only told of, in bytes.
const SHOWN: usize = 16;

impl Change {
    /// [`Change::value`], its data cut where it is long.
    pub fn short(&self) -> String {
        match self {
            Change::Data(data) if data.len() > SHOWN => format!("{}…", quoted(&data[..SHOWN])),
            other => other.value(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.field().name(), self.value())
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.changes().iter().map(Change::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Forgery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(icmp) = self.icmp else { return self.edit.fmt(f) };
        write!(f, "icmp={}", icmp.name())?;
        if let IcmpError::FragmentationNeeded(mtu) = icmp {
            write!(f, " mtu={mtu}")?;
        }
        if self.edit.is_empty() { Ok(()) } else { write!(f, " {}", self.edit) }
    }
}
