//! The sockets that a lesson's steps have made by a point of its file.

use std::collections::HashMap;

use crate::model::Side;

/// The most that are open at once: the kernel is asked for each after every step, and a process may not have many more
/// (`RLIMIT_NOFILE` of `getrlimit(2)`, 1,024 by default).
pub(super) const MOST_OPEN: usize = 500;

/// Those of one mode.
#[derive(Debug, Default)]
pub(super) struct MadeSockets {
    names: Vec<String>,
    sides: HashMap<String, Side>,
    open: usize,
}

impl MadeSockets {
    /// One more is made; `false` where there is one of that name.
    pub(super) fn make(&mut self, name: &str, side: Side) -> bool {
        self.open += 1;
        let new = self.sides.insert(name.to_owned(), side).is_none();
        if new {
            self.names.push(name.to_owned());
        }
        new
    }

    /// One is closed.
    pub(super) fn close(&mut self) {
        self.open = self.open.saturating_sub(1);
    }

    /// Whether more are open than can be.
    pub(super) fn are_too_many(&self) -> bool {
        self.open > MOST_OPEN
    }

    /// The side of one; `None` where there is none of that name.
    pub(super) fn side(&self, name: &str) -> Option<Side> {
        self.sides.get(name).copied()
    }

    /// The newest of them, so many as can be told.
    pub(super) fn known(&self) -> Vec<String> {
        const TOLD: usize = 20;
        self.names[self.names.len().saturating_sub(TOLD)..].to_vec()
    }
}
