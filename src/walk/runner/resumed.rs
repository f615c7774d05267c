//! A lesson's walk as it stands after what a trace has, for who lays it out and asks no world for anything.

use std::sync::Arc;

use super::{Phase, Runner, RunningStep, WalkOptions};
use crate::lesson::{Lesson, Step};
use crate::model::{Caller, Event, Trace};
use crate::walk::names::Naming;

impl Runner {
    /// The walk that has come to the end of this trace, and waits for what `phase` says.
    pub fn from_trace(lesson: Arc<Lesson>, options: WalkOptions, trace: Trace, phase: Phase) -> Runner {
        let mut runner = Runner::new(lesson, options);
        for entry in trace.entries() {
            runner.learn(&entry.event);
        }
        let steps = runner.steps[..runner.begun].iter();
        let (held, broken): (Vec<_>, Vec<_>) =
            steps.flat_map(|step| trace.present().verdicts(*step).0).partition(|claim| claim.held);
        (runner.verdict.held, runner.verdict.broken) = (held.len(), broken.len());
        if phase == Phase::Busy {
            let now = trace.entries().last().map_or_else(Default::default, |entry| entry.at);
            let running = RunningStep::new(runner.checked, now + runner.options.patience);
            runner.running = Some(RunningStep { acted: true, ..running });
        }
        (runner.trace, runner.phase) = (trace, phase);
        runner
    }

    /// Learns from one entry how far the walk has come, and what the lesson's names stand for.
    fn learn(&mut self, event: &Event) {
        match event {
            Event::Step(step) => {
                self.begun = self.steps.iter().position(|own| own == step).map_or(self.begun, |nth| nth + 1);
                self.checked = Some(*step);
                let lesson = Arc::clone(&self.lesson);
                let step = lesson.steps.get(*step);
                self.naming.extend(step.and_then(|step| self.naming(step)));
            }
            Event::Returned { caller, outcome } => {
                if let (Some(naming), Ok(returned)) = (self.naming.remove(caller), outcome) {
                    self.names.made(naming, caller.actor, returned);
                }
            }
            Event::Socket(facts) => self.names.learn(facts),
            _ => {}
        }
    }

    /// What a step calls that which its call makes, and which thread's call that is.
    fn naming(&self, step: &Step) -> Option<(Caller, Naming)> {
        let (side, _, naming) = self.call_of(step.action.as_ref()?).ok()?;
        Some((self.caller(step, side).ok()?, naming?))
    }
}
