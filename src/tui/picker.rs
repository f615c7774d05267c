//! The kinds of rules that the wire can have, from which one is picked and its number filled in.

use super::field::TypedField;
use crate::model::rule::RuleFault;

/// A kind of rule: what stands before what is filled in, as it is written, and what stands there at first.
pub(super) const KINDS: [(&str, &str); 9] = [
    ("lose first ", "1"),
    ("lose every ", "3"),
    ("lose ", "10%"),
    ("lose all flags=", "SYN,ACK"),
    ("lose all data>", "1000"),
    ("duplicate first ", "1"),
    ("duplicate ", "10%"),
    ("delay ", "50ms jitter 40ms"),
    ("rate ", "10000"),
];

/// The list of them.
pub(super) struct RulePicker {
    /// What is filled in of each, in the order of [`KINDS`].
    pub(super) values: Vec<TypedField>,
    /// The one that has the keys.
    pub(super) at: usize,
    /// Why it can't be a rule so.
    pub(super) fault: Option<RuleFault>,
}

impl RulePicker {
    /// As it is opened.
    pub(super) fn new() -> RulePicker {
        let value = |(_, usual): &(&str, &str)| TypedField::selected(usual);
        RulePicker { values: KINDS.iter().map(value).collect(), at: 0, fault: None }
    }

    /// What is filled in of the one that has the keys.
    pub(super) fn current(&self) -> Option<&TypedField> {
        self.values.get(self.at)
    }

    /// The rule that is picked, as it is typed.
    pub(super) fn line(&self) -> String {
        let before = KINDS.get(self.at).map_or("", |(before, _)| before);
        format!("wire {before}{}", self.current().map_or("", |value| value.input.value().trim()))
    }
}
