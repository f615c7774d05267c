//! The trace in other forms.

mod json;
mod recording;

pub use json::JsonLines;
pub use recording::{Unreadable, read_recording};
