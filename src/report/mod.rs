//! The trace in other forms.

mod json;

pub use json::JsonLines;
