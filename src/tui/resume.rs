//! A fresh lab has nothing in it: where the learner stopped within a lesson, the steps before run again by themselves.

use std::time::Duration;

use super::app::{App, ResumedSteps};
use crate::walk::{self, Phase};

/// How long each of these steps stays on the screen: quick, but to be seen.
const PACE: Duration = Duration::from_millis(120);

impl App {
    /// Runs the steps up to this one (its number in the lesson) by themselves: there the learner had stopped.
    pub fn run_again(&mut self, last: usize) {
        self.again = Some(ResumedSteps { last, due: Some(self.now), over: false });
        self.changed = true;
    }

    /// The number, as it is shown, of the first step that wasn't as the lesson tells; `None` where each was. There `r`
    /// goes back to.
    pub(super) fn diverged(&self) -> Option<usize> {
        let step = self.walk.trace().present().diverged()?;
        let (number, _) = self.walk.lesson()?.named(step, self.walk.mode(), self.lang());
        Some(number)
    }

    /// Whether steps run again by themselves at the moment: then keys only look, begin at the start, or leave.
    pub fn runs_again(&self) -> bool {
        self.again.is_some_and(|again| !again.over)
    }

    /// When the next of them is due.
    pub(super) fn again_due(&self) -> Option<Duration> {
        self.again.filter(|again| !again.over).and_then(|again| again.due)
    }

    /// How many of the walk's steps run again, or have.
    pub(super) fn run_again_count(&self) -> Option<usize> {
        let again = self.again?;
        let mode = self.walk.mode();
        let belongs = |step: &&crate::lesson::Step| step.modes.contains(&mode);
        Some(self.walk.lesson()?.steps.iter().take(again.last + 1).filter(belongs).count())
    }

    /// The time has come for the next.
    pub(super) fn tick_again(&mut self) {
        let now = self.now;
        if self.again_due().is_some_and(|due| due <= now) {
            self.again = self.again.map(|again| ResumedSteps { due: None, ..again });
            // A question is passed over, and the offered line is sent.
            self.walk.command(walk::WalkCommand::Next, now);
            self.noticed.0 = Phase::Busy;
        }
    }

    /// The walk has come to something new.
    pub(super) fn notice_again(&mut self, phase: &Phase, next: Option<usize>) {
        let Some(again) = &mut self.again else { return };
        let waits = matches!(phase, Phase::Ready | Phase::Asking | Phase::Typing(_));
        match (phase, next) {
            (Phase::Failed(_), _) => self.again = None,
            _ if again.over => {}
            (Phase::Finished, _) => again.over = true,
            (_, Some(next)) if next > again.last && *phase == Phase::Ready => again.over = true,
            _ => again.due = waits.then(|| self.now + PACE),
        }
    }
}
