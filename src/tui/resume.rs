//! A fresh lab has nothing in it: where the learner stopped within a lesson, or goes back to a step, the steps before run
//! again by themselves. So does a set-up that the learner knows from other lessons.

use std::time::Duration;

use super::app::{App, Overlay};
use super::catalogue::{Rerun, ResumedSteps};
use super::messages::AppEffect;
use crate::model::typed::Mistyped;
use crate::walk::{self, Phase};

/// How long each of these steps stays on the screen: quick, but to be seen.
const PACE: Duration = Duration::from_millis(120);

impl App {
    /// The furthest step of the lesson that was ever reached, by its number in the lesson.
    pub fn furthest(&self) -> Option<usize> {
        self.furthest
    }

    /// Runs the steps up to this one (its number in the lesson) by themselves: there the learner had stopped.
    pub fn run_again(&mut self, last: usize) {
        self.run_steps(last, Rerun::Resumed);
    }

    pub(super) fn run_steps(&mut self, last: usize, why: Rerun) {
        self.again = Some(ResumedSteps { why, last, due: Some(self.now), over: false });
        self.changed = true;
    }

    /// The number, as it is shown, of the step at which the path was left; `None` on it, and for who looks on. There `r` goes
    /// back to.
    pub(super) fn left_at(&self) -> Option<usize> {
        self.walk.runner()?;
        Some(self.number(self.walk.trace().present().left_at()?))
    }

    /// A step's number as it is shown.
    fn number(&self, step: usize) -> usize {
        self.walk.lesson().map_or(0, |lesson| lesson.named(step, self.walk.mode(), self.lang()).0)
    }

    /// Goes to a step (its number in the lesson): the lesson begins anew, and the steps up to this one run by themselves.
    /// `None` is its beginning.
    pub(super) fn go_to(&mut self, step: Option<usize>, effects: &mut Vec<AppEffect>) {
        self.back_to = step;
        effects.push(AppEffect::Restart);
    }

    /// The lesson couldn't start again: this is why.
    pub fn not_restarted(&mut self, why: String) {
        self.trouble = Some(why);
        self.back_to = None;
        self.changed = true;
    }

    /// The step that is meant by its number as it is shown, or by its id; `None` is the lesson's beginning.
    ///
    /// # Errors
    /// [`Mistyped`] where there is no such step, or it was never reached.
    pub(super) fn step_named(&self, text: &str) -> Result<Option<usize>, Mistyped> {
        let none = || Mistyped::NoStep(text.to_owned());
        let runner = self.walk.runner().ok_or_else(none)?;
        if text == "0" {
            return Ok(None);
        }
        let is_meant = |step: &&usize| match text.parse::<usize>() {
            Ok(number) => self.number(**step) == number,
            Err(_) => runner.lesson().steps[**step].id == text,
        };
        let step = *runner.steps().iter().find(is_meant).ok_or_else(none)?;
        let reached = self.furthest.map_or(0, |furthest| self.number(furthest));
        if self.furthest.is_some_and(|furthest| step <= furthest) {
            Ok(Some(step))
        } else {
            Err(Mistyped::NotReached(reached))
        }
    }

    /// The learner knows the set-up up to this step from other lessons.
    pub(super) fn knows_set_up(&mut self, last: Option<usize>) {
        self.set_up = last;
        self.changed = true;
    }

    /// The last step of the set-up that can run by itself now; `None` where there is none, or the learner is past it or has
    /// left the path.
    pub(super) fn known_set_up(&self) -> Option<usize> {
        let view = self.walk.trace().present();
        let waits = matches!(self.walk.phase(), Phase::Ready | Phase::Asking);
        let begun = view.step().map(|(step, _)| step);
        let last = self.set_up.filter(|_| waits && !view.was_touched() && view.diverged().is_none())?;
        (begun < Some(last)).then_some(last)
    }

    /// Runs it.
    pub(super) fn run_set_up(&mut self) {
        if let Some(last) = self.known_set_up() {
            self.run_steps(last, Rerun::SetUp);
        }
    }

    /// The number, as it is shown, of the last step of the set-up, before the first step.
    pub(super) fn offered_set_up(&self) -> Option<usize> {
        let last = self.known_set_up().filter(|_| self.view().step().is_none())?;
        Some(self.number(last))
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
        Some(self.number(self.again?.last))
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

/// The path was left: the key that begins again leads back to where that was.
pub(super) fn may_return(app: &App) -> bool {
    may_leave_step(app) && app.left_at().is_some()
}

pub(super) fn may_begin_again(app: &App) -> bool {
    may_leave_step(app) && app.left_at().is_none()
}

pub(super) fn may_set_up(app: &App) -> bool {
    app.is_present() && app.known_set_up().is_some()
}

/// From the panes, and from the page at the end.
fn may_leave_step(app: &App) -> bool {
    matches!(app.place.overlay, None | Some(Overlay::Ending))
}
