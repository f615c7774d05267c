//! Signals that stop processes, and let them go on.

use super::{Caller, Moment};

/// The signals that stop a process, unless it handles them (`signal(7)`); the first one always does.
const STOPS: [i32; 4] = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Whether a signal stops processes.
pub fn stops(signal: i32) -> bool {
    STOPS.contains(&signal)
}

/// A stop with its entry and signal, or, without one, a going on.
pub(super) type Stop = (Moment, Caller, Option<i32>);

/// All of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Stops {
    all: Vec<Stop>,
    /// The entries at which a thread, a program or a process that takes part ended.
    ends: Vec<Moment>,
}

impl Stops {
    /// Those by then.
    pub(super) fn until(&self, moment: Moment) -> &[Stop] {
        &self.all[..self.all.partition_point(|(at, ..)| *at < moment)]
    }

    /// The entries between these two at which something ended.
    pub(super) fn ends_between(&self, since: Moment, moment: Moment) -> &[Moment] {
        let by = |moment| self.ends.partition_point(|at| *at < moment);
        &self.ends[by(since)..by(moment)]
    }

    /// Something ended by which a stop may be over.
    pub(super) fn ended(&mut self, moment: Moment) {
        self.ends.push(moment);
    }

    pub(super) fn take(&mut self, moment: Moment, caller: Caller, signal: i32) {
        if stops(signal) || signal == libc::SIGCONT {
            self.all.push((moment, caller, stops(signal).then_some(signal)));
        }
    }
}
