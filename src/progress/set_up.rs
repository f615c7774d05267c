//! Whether a lesson begins as others that the learner has walked.

use super::{LessonProgress, Progress};
use crate::lesson::{Lesson, Step, builtin};
use crate::model::Mode;

/// Fewer steps than this are no set-up: a key for them would save nothing.
const FEWEST: usize = 3;

/// The furthest step that was done, by its number in the lesson; `None` before the first, or where the lesson has it no
/// longer.
pub fn step_of(progress: &LessonProgress, lesson: &Lesson) -> Option<usize> {
    let id = progress.step.as_ref()?;
    lesson.steps.iter().position(|step| step.id == *id)
}

/// The last step (its number in the lesson) of the set-up that the learner knows: of the first steps of another built-in
/// lesson, as far as it was walked, those that do the same here, one by one, and ask nothing. `None` where these are too few.
pub fn known_set_up(lesson: &Lesson, mode: Mode, progress: &Progress) -> Option<usize> {
    let others = progress.lessons.iter().filter(|(name, _)| **name != lesson.id);
    let read = others.filter_map(|(name, reached)| Some((builtin(name)?.ok()?, reached)));
    read.filter_map(|(other, reached)| set_up_of(lesson, mode, (&other, reached))).max()
}

/// The same of one other lesson.
pub(super) fn set_up_of(lesson: &Lesson, mode: Mode, (other, reached): (&Lesson, &LessonProgress)) -> Option<usize> {
    let done = step_of(reached, other)?;
    let belongs = |step: &&Step| step.modes.contains(&mode);
    let seen = other.steps[..=done].iter().filter(belongs);
    let own = lesson.steps.iter().enumerate().filter(|(_, step)| belongs(step));
    let is_same = |((_, step), other): &((usize, &Step), &Step)| {
        step.action.is_some() && step.action == other.action && step.ask.is_none()
    };
    let same: Vec<usize> = own.zip(seen).take_while(is_same).map(|((number, _), _)| number).collect();
    let more = lesson.steps.iter().filter(belongs).count() > same.len();
    same.last().copied().filter(|_| same.len() >= FEWEST && more)
}
