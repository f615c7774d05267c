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
pub(super) struct Stops(Vec<Stop>);

impl Stops {
    pub(super) fn all(&self) -> &[Stop] {
        &self.0
    }

    pub(super) fn take(&mut self, moment: Moment, caller: Caller, signal: i32) {
        if stops(signal) || signal == libc::SIGCONT {
            self.0.push((moment, caller, stops(signal).then_some(signal)));
        }
    }
}
