//! How values that several kinds of arguments have are written.

use crate::model::quoted;

/// What isn't known yet.
pub(super) const UNFILLED: &str = "…";

/// So many elements of an array are written.
pub(super) const MOST: u64 = 64;

/// So many bytes of a buffer are written; of longer ones there is a mark that more came.
const WRITTEN: usize = 64;

/// An address in the program's memory.
pub(super) fn pointer(value: u64) -> String {
    if value == 0 { "NULL".to_owned() } else { format!("{value:#x}") }
}

/// Bytes in quotation marks; `length` is that of the whole.
pub(super) fn written(bytes: &[u8], length: u64) -> String {
    let shown = &bytes[..bytes.len().min(WRITTEN)];
    let more = if (shown.len() as u64) < length { UNFILLED } else { "" };
    format!("{}{more}", quoted(shown))
}

/// An array.
pub(super) fn list(elements: impl Iterator<Item = String>, more: bool) -> String {
    let mut elements: Vec<String> = elements.collect();
    if more {
        elements.push(UNFILLED.to_owned());
    }
    format!("[{}]", elements.join(", "))
}
