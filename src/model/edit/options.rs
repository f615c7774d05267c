//! The options of a header, changed.

use super::{Change, Edit, EditField, Unfit};
use crate::tcp::TcpOption;

/// The most bytes of options that a TCP header has room for (RFC 9293, section 3.1).
const ROOM: usize = 40;

/// Option kinds (IANA's "TCP Option Kind Numbers").
const END: u8 = 0;
const NOP: u8 = 1;

/// What is tried out (RFC 6994), and how Fast Open's begins there.
const EXPERIMENT: u8 = 254;
pub(super) const FAST_OPEN_MAGIC: [u8; 2] = [0xf9, 0x89];

/// Whether an option is one of a kind that a field can be; of what is tried out, only Fast Open's.
pub(super) fn is_of(kind: u8, (found, value): (u8, &[u8])) -> bool {
    kind == found && (kind != EXPERIMENT || value.starts_with(&FAST_OPEN_MAGIC))
}

/// The kind of a field's option; `None` of what is no option.
pub(super) const fn kind(field: EditField) -> Option<u8> {
    match field {
        EditField::Mss => Some(2),
        EditField::Scale => Some(3),
        EditField::SackPermitted => Some(4),
        EditField::Sack => Some(5),
        EditField::Timestamps => Some(8),
        EditField::FastOpen => Some(34),
        EditField::FastOpenExp => Some(EXPERIMENT),
        _ => None,
    }
}

/// What stands behind kind and length; `None` where the option isn't to be there. `reckon` finds a sequence number.
fn value(change: &Change, reckon: &impl Fn(&crate::tcp::Expr) -> Result<u32, Unfit>) -> Result<Option<Vec<u8>>, Unfit> {
    Ok(match change {
        Change::Mss(mss) => mss.map(|mss| mss.to_be_bytes().to_vec()),
        Change::Scale(shift) => shift.map(|shift| vec![shift]),
        Change::SackPermitted(is) => is.then(Vec::new),
        Change::Sack(blocks) => {
            let mut bytes = Vec::new();
            for (first, behind) in blocks {
                bytes.extend(reckon(first)?.to_be_bytes());
                bytes.extend(reckon(behind)?.to_be_bytes());
            }
            (!bytes.is_empty()).then_some(bytes)
        }
        Change::Timestamps(both) => both.map(|(own, echo)| [own.to_be_bytes(), echo.to_be_bytes()].concat()),
        Change::FastOpen(cookie) => cookie.clone(),
        Change::FastOpenExp(cookie) => cookie.as_ref().map(|cookie| [&FAST_OPEN_MAGIC, cookie.as_slice()].concat()),
        _ => None,
    })
}

/// The options behind a header's first 20 bytes, with these changes. One that was there keeps its place, a new one comes last;
/// where none is changed, all bytes stay as they are.
pub(super) fn changed(
    header: &[u8],
    edit: &Edit,
    reckon: &impl Fn(&crate::tcp::Expr) -> Result<u32, Unfit>,
) -> Result<Vec<u8>, Unfit> {
    let mut wanted = Vec::new();
    for change in edit.changes() {
        if let Some(kind) = kind(change.field()) {
            wanted.push((kind, value(change, reckon)?));
        }
    }
    if wanted.is_empty() {
        return Ok(header.get(20..).unwrap_or(&[]).to_vec());
    }
    let mut bytes = Vec::new();
    let put = |bytes: &mut Vec<u8>, kind: u8, value: &[u8]| {
        bytes.extend([kind, u8::try_from(value.len() + 2).unwrap_or(u8::MAX)]);
        bytes.extend(value);
    };
    for option in TcpOption::all(header) {
        // Padding is made anew; what is no option says nothing.
        let TcpOption::Whole(kind, value) = option else { continue };
        if kind == END || kind == NOP {
            continue;
        }
        match wanted.iter().position(|(other, _)| is_of(*other, (kind, value))) {
            // A second one of the same kind goes with the first.
            Some(place) => {
                if let (_, Some(value)) = std::mem::replace(&mut wanted[place], (kind, None)) {
                    put(&mut bytes, kind, &value);
                }
            }
            None => put(&mut bytes, kind, value),
        }
    }
    for (kind, value) in wanted {
        value.iter().for_each(|value| put(&mut bytes, kind, value));
    }
    bytes.resize(bytes.len().next_multiple_of(4), NOP);
    if bytes.len() > ROOM { Err(Unfit::LongOptions(bytes.len())) } else { Ok(bytes) }
}
