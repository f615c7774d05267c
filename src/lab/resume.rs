//! A lab that goes on in another process: made anew from what its trace tells.

use std::time::Duration;

use super::core::{Lab, LabOptions};
use super::hold::HeldSegments;
use super::peers::Peers;
use super::rules::RulesAtWork;
use super::sampling::Sampling;
use super::threads::CallThreads;
use crate::model::rule::WireRules;
use crate::model::{Entry, Event, KernelTable, SocketFacts, Trace};

impl Lab {
    /// Makes the lab ready to go on elsewhere: from now on its trace tells all that matters of it. What was to pass by
    /// itself and only to be counted waits instead.
    pub fn prepare_to_move(&mut self, now: Duration) {
        for segment in self.release.begin_anew() {
            self.hold(now, segment);
        }
        if let Some(event) = self.sampling.news() {
            self.push(now, event);
        }
        // How far each rule has come stands only here.
        if self.wire_rules.rules().rules != self.trace.present().wire_rules() {
            self.push(now, Event::Ruled(self.wire_rules.rules().clone()));
        }
    }

    /// The lab in which this has happened, as another process left it after [`Lab::prepare_to_move`]. What is to pass by
    /// itself waits its whole delay once more, and the kernel is asked for all that it has.
    pub fn resume(options: LabOptions, entries: Vec<Entry>, now: Duration) -> Lab {
        let mut trace = Trace::default();
        for Entry { at, event } in entries {
            trace.push(at, event);
        }
        let present = trace.present();
        let mut lab = Lab::new(options);
        lab.peers = Peers::resume(&present);
        lab.threads = CallThreads::resume(
            trace.open_calls().filter(|call| call.made.is_none()).map(|call| (call.caller, call.blocked.is_some())),
        );
        lab.rules = present.passing().cloned().unwrap_or_default();
        lab.wire_rules = RulesAtWork::new(WireRules { rules: present.wire_rules().to_vec() });
        lab.table = KernelTable::resume(present.living().map(|socket| SocketFacts::clone(socket.facts)));
        lab.held = HeldSegments::resume(lab.held.copies(), trace.segment_records());
        lab.sampling = Sampling::resume(trace.segment_records());
        let waiting = present.waiting().into_owned();
        lab.trace = trace;
        waiting.into_iter().for_each(|id| lab.expect(now, id));
        if !lab.rules.rules.is_empty() {
            lab.set_kernel();
        }
        lab
    }
}
