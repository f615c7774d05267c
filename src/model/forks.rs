//! Which processes of a side are children of which (`fork(2)`).

use std::collections::BTreeMap;

use super::{Actor, Moment, Outcome};

/// A `fork()` that has made a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Who called it.
    pub parent: Actor,
    /// The entry at which it came back.
    pub made: Moment,
}

/// The children that processes have made.
#[derive(Clone, Debug, Default)]
pub(super) struct Forks(BTreeMap<Actor, Fork>);

impl Forks {
    /// A call of this actor came back.
    pub(super) fn returned(&mut self, made: Moment, parent: Actor, outcome: &Outcome) {
        if let Ok(Some(nth)) = outcome.as_ref().map(|returned| returned.child) {
            self.0.entry(Actor { nth, ..parent }).or_insert(Fork { parent, made });
        }
    }

    /// The `fork()` that made an actor.
    pub(super) fn get(&self, child: Actor) -> Option<Fork> {
        self.0.get(&child).copied()
    }

    /// All children, with what made each.
    pub(super) fn all(&self) -> impl Iterator<Item = (Actor, Fork)> {
        self.0.iter().map(|(child, fork)| (*child, *fork))
    }

    /// The process that came, of which this one is a child, a child's child and so on; itself where it came.
    pub(super) fn root(&self, actor: Actor) -> Actor {
        let mut root = actor;
        // Each child is younger than its parent, so this ends; the bound is for what another program wrote.
        for _ in 0..self.0.len() {
            let Some(fork) = self.0.get(&root) else { break };
            root = fork.parent;
        }
        root
    }

    /// The children, and theirs, of a process that came, the oldest first.
    pub(super) fn of(&self, root: Actor) -> impl Iterator<Item = (Actor, Fork)> {
        self.all().filter(move |(child, _)| *child != root && self.root(*child) == root)
    }
}
