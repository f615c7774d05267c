//! Values of socket options that are more than one int.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::quoted;

/// What stands in C in the place of an option's value, where that is no int.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StructuredValue {
    /// A `struct timeval`: of SO_RCVTIMEO and SO_SNDTIMEO.
    #[allow(missing_docs)]
    Time { seconds: i64, microseconds: i64 },
    /// A `struct linger` (`socket(7)`), as `getsockopt()` tells it.
    #[allow(missing_docs)]
    Linger { on: i32, seconds: i32 },
    /// A text: of TCP_CONGESTION, the algorithm's name.
    Name(String),
}

/// The longest name of an option's value (`TCP_CA_NAME_MAX`), without the 0 behind it.
pub const LONGEST_OPTION_NAME: usize = 15;

/// What the value of an option is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// An int.
    Int,
    /// As each of [`StructuredValue`].
    #[allow(missing_docs)]
    Time,
    #[allow(missing_docs)]
    Linger,
    #[allow(missing_docs)]
    Name,
}

impl StructuredValue {
    /// A time's seconds; `None` of all else.
    pub fn as_seconds(&self) -> Option<f64> {
        match self {
            StructuredValue::Time { seconds, microseconds } => Some(*seconds as f64 + *microseconds as f64 / 1e6),
            _ => None,
        }
    }
}

impl fmt::Display for StructuredValue {
    /// As C has it: `{1, 500000}`, `"reno"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StructuredValue::Time { seconds, microseconds } => f.pad(&format!("{{{seconds}, {microseconds}}}")),
            StructuredValue::Linger { on, seconds } => f.pad(&format!("{{{on}, {seconds}}}")),
            StructuredValue::Name(name) => f.pad(&quoted(name.as_bytes())),
        }
    }
}
