//! The trace in other forms.

mod form;
mod header;
mod json;
mod recording;
mod values;
mod waits;

pub use header::{Header, VERSION};
pub use json::JsonLines;
pub use recording::{Recording, Unreadable, read_recording};
