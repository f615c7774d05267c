//! What a call's outcome means: why it comes now, in TCP's terms, and what one does about it; and which calls make
//! sense next. Words and rules only: nothing here makes a call, and no outcome is foretold as a fact.
//!
//! One errno of one call can have several reasons. [`Situation`] is what is known of a descriptor before the call,
//! [`Circumstance`] the one fact of it that tells the reasons apart, and [`Explanations`] the texts for each.

mod circumstance;
mod offers;
mod segment;
mod situation;
mod table;
#[cfg(test)]
mod tests;

pub use circumstance::Circumstance;
pub use offers::{Likely, Offer, offers};
pub use segment::{Story, story};
pub use situation::{Shut, Situation};
pub use table::{Broken, Explanation, Explanations};

use crate::model::{Errno, Outcome, Returned};

/// What a call has come to, so far as it is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came<'a> {
    /// It failed.
    Error(Errno),
    /// It succeeded.
    Returned(&'a Returned),
    /// The kernel says that the thread sleeps in it.
    Blocks,
}

impl<'a> From<&'a Outcome> for Came<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        match outcome {
            Ok(returned) => Came::Returned(returned),
            Err(errno) => Came::Error(*errno),
        }
    }
}
