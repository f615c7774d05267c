//! Where to go on.

use super::{LessonProgress, Progress, step_of};
use crate::lesson::Lesson;

/// The lesson with which to go on, of those in `course` (in their order): the one that was left unfinished last, else
/// the first that isn't finished, else the first; `None` where there is none.
pub fn next_lesson<'a>(progress: &Progress, course: &[&'a str]) -> Option<&'a str> {
    let of = |name: &str| progress.lessons.get(name);
    let begun = course.iter().filter(|name| of(name).is_some_and(|lesson| !lesson.finished && lesson.done > 0));
    let left = begun.max_by_key(|name| of(name).map(|lesson| lesson.at_ms));
    let unfinished = || course.iter().find(|name| of(name).is_none_or(|lesson| !lesson.finished));
    left.or_else(unfinished).or(course.first()).copied()
}

/// The last step (its number in the lesson) that has to run again before a learner is where they stopped; `None` where
/// the lesson begins at its start: not begun, finished, or no longer with that step.
pub fn resume_after(progress: Option<&LessonProgress>, lesson: &Lesson) -> Option<usize> {
    step_of(progress.filter(|progress| !progress.finished)?, lesson)
}
