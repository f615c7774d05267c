//! What goes with the line that the learner types: those typed before, what Tab offers, and what is wrong with it.

use tui_input::Input;

use super::app::App;
use super::calling;
use super::commands::Command;
use super::menu;
use crate::model::typed::{Mistyped, Nameable, complete};

/// So many lines are kept.
const KEPT: usize = 100;

/// Beside the line itself.
#[derive(Debug, Default)]
pub(super) struct TypedLines {
    /// Why what was typed is no call.
    pub(super) mistyped: Option<Mistyped>,
    /// What may stand at the cursor, where that is several words.
    pub(super) offers: Vec<String>,
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
        (self.mistyped, self.at) = (None, None);
        self.offers.clear();
        self.draft.clear();
    }

    /// The line before this one, or that behind it; behind the newest, what was there at first. `None` where there is none.
    fn other(&mut self, line: &str, later: bool) -> Option<String> {
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

impl App {
    /// Does what is done with a line that is being typed, besides typing.
    pub(super) fn with_line(&mut self, command: Command) {
        let Some(input) = &self.input else { return };
        let (line, cursor) = (input.value().to_owned(), input.cursor());
        self.lines.offers.clear();
        match command {
            Command::Complete => {
                let end = line.char_indices().nth(cursor).map_or(line.len(), |(at, _)| at);
                let (before, behind) = line.split_at(end);
                let completion = complete(before, &self.nameable());
                match completion.extended(before) {
                    Some(longer) => {
                        let cursor = longer.chars().count();
                        let line = longer + behind.trim_start();
                        self.input = Some(Input::new(line).with_cursor(cursor));
                    }
                    None => self.lines.offers = completion.fits,
                }
            }
            Command::EarlierLine | Command::LaterLine => {
                let other = self.lines.other(&line, command == Command::LaterLine);
                self.input = other.map(Input::new).or(self.input.take());
                self.lines.mistyped = None;
            }
            _ => {}
        }
    }

    /// What a line may name: the descriptors of whoever would call, and the lesson's steps.
    fn nameable(&self) -> Nameable {
        let fds = menu::caller(self).map(|actor| menu::descriptors(self, actor)).unwrap_or_default();
        let reached = self.walk.runner().zip(self.furthest).into_iter().flat_map(|(runner, furthest)| {
            let steps = runner.steps().iter().filter(move |step| **step <= furthest);
            steps.map(|step| runner.lesson().steps[*step].id.clone())
        });
        Nameable { fds, steps: reached.collect() }
    }
}

/// Whether there is a line to go back to.
pub(super) fn has_earlier(app: &App) -> bool {
    calling::types_own(app) && !app.lines.kept.is_empty()
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
    fn not_more_than_so_many_are_kept() {
        let mut lines = TypedLines::default();
        (0..KEPT + 5).for_each(|n| lines.keep(n.to_string()));
        assert_eq!((lines.kept.len(), lines.kept[0].as_str()), (KEPT, "5"));
    }
}
