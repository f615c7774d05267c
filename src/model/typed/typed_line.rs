//! What a line of C says.

use super::Mistyped;
use super::held::HeldValue;
use crate::model::Call;

/// A line of C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedLine {
    /// A call, and the name of what it returns.
    Call(Option<String>, Call),
    /// Names, and the values that they get.
    Values(Vec<(String, HeldValue)>),
    /// In a program it would matter, and here nothing is done for it: why.
    Unneeded(Mistyped),
}
