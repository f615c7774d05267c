//! Which sockets are known to have one descriptor alone. Else it must be looked for others in all tables, one number after the other: of a server with a
//! thousand connections, at each `close()`.
//!
//! A socket has one as it is made, and further ones only by calls that are seen: `fork(2)` and its kin, `dup(2)` and its kin, and what hands one on
//! (`SCM_RIGHTS` of `unix(7)`). Whatever may copy one voids all that is known, and so does that it is under way while a socket is made. Where copies
//! can be made that are not seen, nothing is known any more.

use std::collections::{HashMap, HashSet};

/// A process, and a number in its table.
type Place = (u32, i32);

/// The most that are kept in mind.
const MOST: usize = 4096;

/// What a call may do to descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallEffect {
    /// It makes a socket, with its first descriptor.
    Makes,
    /// It may give a socket a further one.
    Copies,
    Neither,
}

/// What is known, by what was seen.
#[derive(Default)]
pub(super) struct SoleDescriptors {
    /// The one descriptor of each, by the socket's inode.
    known: HashMap<u64, Place>,
    /// The threads in a call that makes a socket, since whose beginning nothing was copied.
    making: HashSet<u32>,
    /// The threads in a call that may copy.
    copying: HashSet<u32>,
    unseen: bool,
}

impl SoleDescriptors {
    /// A thread comes to a call.
    pub(super) fn enters(&mut self, thread: u32, effect: CallEffect) {
        self.leaves(thread);
        match effect {
            CallEffect::Makes => drop(self.making.insert(thread)),
            CallEffect::Copies => {
                self.copying.insert(thread);
                self.forget();
            }
            CallEffect::Neither => {}
        }
    }

    /// A thread's call has come back, with these new sockets, by number and inode.
    pub(super) fn returned(&mut self, (process, thread): (u32, u32), made: &[(i32, u64)]) {
        let alone = self.making.remove(&thread) && self.copying.is_empty() && !self.unseen;
        if self.copying.remove(&thread) {
            self.forget();
        }
        if alone {
            if self.known.len() + made.len() > MOST {
                self.known.clear();
            }
            self.known.extend(made.iter().map(|(fd, inode)| (*inode, (process, *fd))));
        }
    }

    /// A thread has made a process or a thread, or it is gone.
    pub(super) fn leaves(&mut self, thread: u32) {
        self.making.remove(&thread);
        if self.copying.remove(&thread) {
            self.forget();
        }
    }

    /// A process has begun, with a copy of another one's table.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.making.clear();
    }

    /// From now on copies may be made that are not seen.
    pub(super) fn lose_sight(&mut self) {
        self.unseen = true;
        self.forget();
    }

    /// Whether a socket has this descriptor and no other one.
    pub(super) fn is_sole(&self, inode: u64, place: Place) -> bool {
        self.copying.is_empty() && self.known.get(&inode) == Some(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::CallEffect::*;
    use super::*;

    const PROCESS: u32 = 10;

    /// What is known of a socket that thread 11 makes, each `*` being a moment at which `happens` may come: it comes at the one with this number.
    fn known(happens: &dyn Fn(&mut SoleDescriptors), moment: usize) -> bool {
        let mut sole = SoleDescriptors::default();
        let at = |sole: &mut SoleDescriptors, now| {
            if now == moment {
                happens(sole);
            }
        };
        at(&mut sole, 0);
        sole.enters(11, Makes);
        at(&mut sole, 1);
        sole.returned((PROCESS, 11), &[(5, 700)]);
        at(&mut sole, 2);
        sole.is_sole(700, (PROCESS, 5))
    }

    #[test]
    fn what_may_have_been_copied_is_not_known_to_be_alone() {
        let forks = |sole: &mut SoleDescriptors| {
            sole.enters(12, Copies);
            sole.leaves(12);
            sole.forget();
        };
        let duplicates = |sole: &mut SoleDescriptors| {
            sole.enters(12, Copies);
            sole.returned((PROCESS, 12), &[(6, 700)]);
        };
        let is_copying = |sole: &mut SoleDescriptors| sole.enters(12, Copies);
        let begins = |sole: &mut SoleDescriptors| sole.forget();
        let unseen = |sole: &mut SoleDescriptors| sole.lose_sight();
        let nothing = |sole: &mut SoleDescriptors| sole.enters(12, Neither);
        // Before the socket is made, while it is, and after.
        for (what, happens, known_at) in [
            ("fork()", &forks as &dyn Fn(&mut SoleDescriptors), [true, false, false]),
            ("dup()", &duplicates, [true, false, false]),
            ("a fork() that isn't over", &is_copying, [false, false, false]),
            ("a new process", &begins, [true, false, false]),
            ("copies that aren't seen", &unseen, [false, false, false]),
            ("another call", &nothing, [true, true, true]),
        ] {
            assert_eq!([0, 1, 2].map(|moment| known(happens, moment)), known_at, "{what}");
        }
    }

    #[test]
    fn only_the_descriptor_that_it_was_made_with_is_a_sockets_sole_one() {
        let mut sole = SoleDescriptors::default();
        sole.enters(11, Makes);
        sole.returned((PROCESS, 11), &[(5, 700), (6, 701)]);
        assert!(sole.is_sole(700, (PROCESS, 5)) && sole.is_sole(701, (PROCESS, 6)));
        for place in [(PROCESS, 6), (PROCESS + 1, 5)] {
            assert!(!sole.is_sole(700, place));
        }
        // Of a call whose beginning wasn't seen nothing is known.
        sole.returned((PROCESS, 12), &[(7, 702)]);
        assert!(!sole.is_sole(702, (PROCESS, 7)));
        for inode in 1000..1000 + 2 * MOST as u64 {
            sole.enters(11, Makes);
            sole.returned((PROCESS, 11), &[(8, inode)]);
        }
        assert!(sole.known.len() <= MOST);
    }
}
