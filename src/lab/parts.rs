//! Whose part each traced program plays, and what is told of them.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::model::{HeldCalls, Outcome, ProgramCall, ProgramExit, Side};

/// The most sockets of one program whose side is remembered.
const MOST_SOCKETS: usize = 1 << 16;

/// What is told of a program's threads. A thread has a number within its program; 0 is the one that began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramNews {
    /// A thread stands before a call, and waits.
    Stands(u32, ProgramCall),
    /// A thread goes into a call: the one before which it stood, or one that doesn't wait.
    Entered(u32, ProgramCall),
    /// The kernel says that a thread sleeps in its call.
    Blocked(u32),
    /// A thread's call came back.
    Returned(u32, Outcome),
    /// A thread has ended.
    Ended(u32),
    /// A signal is about to be delivered to a thread.
    Signal(u32, i32),
    /// The process that began has ended; what it started may run on.
    Over(ProgramExit),
    /// So many calls that didn't wait came faster than they are told one by one.
    Untold(u64),
}

/// Whose parts the programs play.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The side of each program's sockets, as far as its calls told it, by the program's member.
    of_socket: HashMap<(u32, u64), Side>,
    /// Those of which a call told it.
    told: HashSet<(u32, u64)>,
    /// The side that a program is meant to play, else the one that its first such call told.
    of_program: HashMap<u32, Side>,
    /// The side that a program was started to play, where somebody said so.
    meant: HashMap<u32, Side>,
    /// A socket was seen at another side than its program's calls told since: what waits for it may wait at another door.
    pub(super) moved: bool,
    /// The programs whose calls are let go by who runs them, so that the kernel is asked before each.
    by_themselves: HashSet<u32>,
    /// Which of each program's calls wait, as its tracer was told last.
    pub(super) held: HashMap<u32, HeldCalls>,
}

impl Parts {
    /// The side of a program's socket; of one that no call told, the part that the program is meant to play, else its first;
    /// before that, a client's, which most begin as.
    pub(super) fn side(&self, program: u32, socket: Option<u64>) -> Side {
        let known = socket.and_then(|socket| self.of_socket.get(&(program, socket)));
        *known.or_else(|| self.of_program.get(&program)).unwrap_or(&Side::Client)
    }

    /// A program is meant to play this part, before a call of its told one.
    pub(super) fn expect(&mut self, program: u32, side: Side) {
        self.of_program.entry(program).or_insert(side);
        self.meant.insert(program, side);
    }

    /// Whether a program was started to play the part that its calls on a socket have told: another call on it, as `connect()` of a
    /// listener, is no other part.
    pub(super) fn keeps(&self, program: u32, socket: u64) -> bool {
        let meant = self.meant.get(&program);
        meant.is_some()
            && meant == self.of_socket.get(&(program, socket)).filter(|_| self.told.contains(&(program, socket)))
    }

    /// Whether a call has told a socket's side.
    pub(super) fn is_told(&self, program: u32, socket: u64) -> bool {
        self.told.contains(&(program, socket))
    }

    /// A call tells a socket's side.
    pub(super) fn learn(&mut self, program: u32, socket: u64, side: Side) {
        if let Some(known) = self.remember(program, socket, side) {
            *known = side;
            self.told.insert((program, socket));
        }
        self.of_program.entry(program).or_insert(side);
    }

    /// A socket was made by a call of this side: it is of that side, unless a call tells another one.
    pub(super) fn presume(&mut self, program: u32, socket: u64, side: Side) {
        self.remember(program, socket, side);
    }

    /// Who runs a program lets its calls go, from now on or no longer.
    pub(super) fn lets_itself(&mut self, program: u32, lets: bool) {
        if lets {
            self.by_themselves.insert(program);
        } else {
            self.by_themselves.remove(&program);
        }
    }

    pub(super) fn goes_by_itself(&self, program: u32) -> bool {
        self.by_themselves.contains(&program)
    }

    /// The side of a socket, which is this one where none is known; `None` where too many are.
    fn remember(&mut self, program: u32, socket: u64, side: Side) -> Option<&mut Side> {
        let room = self.of_socket.len() < MOST_SOCKETS || self.of_socket.contains_key(&(program, socket));
        room.then(|| self.of_socket.entry((program, socket)).or_insert(side))
    }

    pub(super) fn forget(&mut self, program: u32) {
        self.of_socket.retain(|(of, _), _| *of != program);
        self.told.retain(|(of, _)| *of != program);
        self.of_program.remove(&program);
        self.meant.remove(&program);
        self.held.remove(&program);
        self.by_themselves.remove(&program);
    }
}
