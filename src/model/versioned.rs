//! A set that changes, and what was in it at any moment.

use std::borrow::Cow;

use super::Moment;

/// Before so many changes the whole set isn't kept again.
const FEW: usize = 16;

/// The whole set is kept again once one of so many members has changed.
const SHARE: usize = 8;

/// The set: its changes, and now and then the whole of it. So it takes the room of at most [`SHARE`] members for each
/// change, however many members there are, and a moment is found by few steps from a whole.
#[derive(Clone, Debug)]
pub(super) struct Versioned<T> {
    now: Vec<T>,
    /// The members that came (`true`) or went, each with its entry.
    changes: Vec<(Moment, T, bool)>,
    /// The whole set after so many changes.
    wholes: Vec<(usize, Box<[T]>)>,
}

impl<T> Default for Versioned<T> {
    fn default() -> Self {
        Versioned { now: Vec::new(), changes: Vec::new(), wholes: Vec::new() }
    }
}

impl<T: Ord + Copy> Versioned<T> {
    /// A member is in the set from this entry on, or isn't.
    pub(super) fn set(&mut self, moment: Moment, member: T, is_in: bool) {
        match (self.now.binary_search(&member), is_in) {
            (Err(place), true) => self.now.insert(place, member),
            (Ok(place), false) => drop(self.now.remove(place)),
            _ => return,
        }
        self.changes.push((moment, member, is_in));
        let kept = self.wholes.last().map_or(0, |(changes, _)| *changes);
        if self.changes.len() - kept > (self.now.len() / SHARE).max(FEW) {
            self.wholes.push((self.changes.len(), self.now.as_slice().into()));
        }
    }

    /// The members after the first `moment` entries, in their order.
    pub(super) fn at(&self, moment: Moment) -> Cow<'_, [T]> {
        let known = self.changes.partition_point(|(seen, ..)| *seen < moment);
        if known == self.changes.len() {
            return Cow::Borrowed(&self.now);
        }
        let wholes = self.wholes.partition_point(|(changes, _)| *changes <= known);
        let (from, whole) = self.wholes[..wholes].last().map_or((0, &[][..]), |(changes, whole)| (*changes, &**whole));
        if from == known {
            return Cow::Borrowed(whole);
        }
        let mut members = whole.to_vec();
        for (_, member, is_in) in &self.changes[from..known] {
            match (members.binary_search(member), is_in) {
                (Err(place), true) => members.insert(place, *member),
                (Ok(place), false) => drop(members.remove(place)),
                // Each change was one.
                _ => {}
            }
        }
        Cow::Owned(members)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_moment_is_found_as_it_was(changes in proptest::collection::vec((0u8..40, any::<bool>(), 0usize..3), 0..300)) {
            let mut changing = Versioned::default();
            let (mut members, mut moment) = (BTreeSet::new(), 0);
            let mut was: Vec<Vec<u8>> = Vec::new();
            for (member, is_in, rest) in changes {
                was.push(members.iter().copied().collect());
                changing.set(moment, member, is_in);
                if is_in { members.insert(member) } else { members.remove(&member) };
                moment += 1 + rest;
                was.extend(std::iter::repeat_n(members.iter().copied().collect(), rest));
            }
            was.push(members.into_iter().collect());
            for (moment, members) in was.iter().enumerate() {
                prop_assert_eq!(&*changing.at(moment), members.as_slice(), "at {}", moment);
            }
        }
    }

    #[test]
    fn room_is_taken_for_changes_and_not_for_members() {
        let mut changing = Versioned::default();
        let most = 2000u32;
        let turns = (0..most).map(|member| (member, true)).chain((0..most).map(|member| (member, false)));
        for (moment, (member, is_in)) in turns.enumerate() {
            changing.set(moment, member, is_in);
        }
        let kept: usize = changing.wholes.iter().map(|(_, whole)| whole.len()).sum();
        assert!(kept <= SHARE * changing.changes.len(), "{kept} members for {} changes", changing.changes.len());
    }
}
