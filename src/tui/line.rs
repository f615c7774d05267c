//! What goes with the line that the learner types: those typed before, what Tab offers, and what is wrong with it.

use super::variables::Variables;
use crate::model::typed::{HeldValue, Mistyped};

/// So many lines are kept.
const KEPT: usize = 100;

/// What is told of the line before this one, for which nothing was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ToldOfLine {
    /// It gave names these values.
    Given(Vec<(String, HeldValue)>),
    /// Nothing is done for it: why.
    Unneeded(Mistyped),
}

/// Beside the line itself.
#[derive(Debug, Default)]
pub(super) struct TypedLines {
    /// Why what was typed is no call.
    pub(super) mistyped: Option<Mistyped>,
    /// What is told of the line before.
    pub(super) given: Option<ToldOfLine>,
    /// What may stand at the cursor, where that is several words.
    pub(super) offers: Vec<String>,
    /// The names that lines have given values.
    pub(super) variables: Variables,
    /// Those that were typed, the newest last.
    kept: Vec<String>,
    /// Which of them stands there now.
    at: Option<usize>,
    /// What stood there before.
    draft: String,
}

impl TypedLines {
    /// A line was taken.
    pub(super) fn keep(&mut self, line: String) {
        self.kept.retain(|kept| *kept != line);
        self.kept.push(line);
        let excess = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..excess);
        self.forget();
    }

    /// Nothing is typed any more.
    pub(super) fn forget(&mut self) {
        (self.mistyped, self.given, self.at) = (None, None, None);
        self.offers.clear();
        self.draft.clear();
    }

    /// Something was typed, or taken away, so that the line has so many characters: whoever makes room has read that not all of it was
    /// taken, and whoever takes all away begins another line.
    pub(super) fn typed(&mut self, length: usize, room: usize) {
        self.offers.clear();
        self.given = None;
        if length == 0 || length < room && self.is_cut() {
            self.mistyped = None;
        }
    }

    /// Whether the end of the line is missing, since there was no room for it.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.mistyped, Some(Mistyped::Full(_)))
    }

    /// Whether there is a line to go back to.
    pub(super) fn has_earlier(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The line before this one, or that behind it; behind the newest, what was there at first. `None` where there is none.
    pub(super) fn other(&mut self, line: &str, later: bool) -> Option<String> {
        let at = match (self.at, later) {
            (None, true) => return None,
            (None, false) => {
                self.draft = line.to_owned();
                self.kept.len().checked_sub(1)
            }
            (Some(at), false) => Some(at.checked_sub(1)?),
            (Some(at), true) => Some(at + 1).filter(|at| *at < self.kept.len()),
        };
        if at.is_none() && !later {
            return None;
        }
        self.at = at;
        Some(at.map_or_else(|| self.draft.clone(), |at| self.kept[at].clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_are_gone_through_and_the_draft_comes_back() {
        let mut lines = TypedLines::default();
        assert_eq!(lines.other("dra", false), None);
        for line in ["one", "two", "one"] {
            lines.keep(line.to_owned());
        }
        let mut there = "dra".to_owned();
        let mut go = |later: bool| {
            if let Some(other) = lines.other(&there, later) {
                there = other;
            }
            there.clone()
        };
        let seen: Vec<String> = [true, false, false, false, true, true, true].map(&mut go).into();
        assert_eq!(seen, ["dra", "one", "two", "two", "one", "dra", "dra"]);
    }

    #[test]
    fn what_is_wrong_is_that_of_the_line_that_stands_there() {
        let mut lines = TypedLines { mistyped: Some(Mistyped::Quote), ..TypedLines::default() };
        lines.typed(4, 9);
        assert_eq!(lines.mistyped, Some(Mistyped::Quote), "it is being mended");
        lines.typed(0, 9);
        assert_eq!(lines.mistyped, None, "another line is begun");
        lines.mistyped = Some(Mistyped::Full(9));
        lines.typed(9, 9);
        assert!(lines.is_cut());
        lines.typed(8, 9);
        assert!(!lines.is_cut());
    }

    #[test]
    fn not_more_than_so_many_are_kept() {
        let mut lines = TypedLines::default();
        (0..KEPT + 5).for_each(|n| lines.keep(n.to_string()));
        assert_eq!((lines.kept.len(), lines.kept[0].as_str()), (KEPT, "5"));
    }
}
