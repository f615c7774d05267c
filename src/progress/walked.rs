//! From a walk to what it reached.

use super::{LessonProgress, Mark};
use crate::lesson::Lesson;
use crate::model::{AnsweredQuestion, Event, Mode, Trace};
use crate::walk::Phase;

/// What a walk has reached by now. `again` is the last of the steps (its number in the lesson) that only ran again to
/// get where the learner had stopped: its questions were not asked. `at_ms` is the time, in milliseconds since 1970.
/// `None` where no step was done beyond those.
pub fn walked(
    lesson: &Lesson,
    mode: Mode,
    trace: &Trace,
    phase: &Phase,
    again: Option<usize>,
    at_ms: u64,
) -> Option<LessonProgress> {
    let begun = trace.present().step().map(|(step, _)| step)?;
    let belongs = |step: &usize| lesson.steps[*step].modes.contains(&mode);
    let steps: Vec<usize> = (0..lesson.steps.len()).filter(belongs).collect();
    // A step that still runs, or can't end, isn't done.
    let runs = matches!(phase, Phase::Busy | Phase::Failed(_));
    let last = *steps.iter().rfind(|step| if runs { **step < begun } else { **step <= begun })?;
    if again.is_some_and(|again| last <= again) {
        return None;
    }
    let answers = trace.entries().iter().filter_map(|entry| match &entry.event {
        Event::Answer(answer) if again.is_none_or(|again| answer.step > again) => {
            Some((lesson.steps.get(answer.step)?.id.clone(), mark(answer)))
        }
        _ => None,
    });
    let finished = *phase == Phase::Finished;
    Some(LessonProgress {
        step: Some(lesson.steps[last].id.clone()),
        done: if finished { steps.len() } else { steps.iter().filter(|step| **step <= last).count() },
        of: steps.len(),
        finished,
        at_ms,
        answers: answers.collect(),
    })
}

fn mark(answer: &AnsweredQuestion) -> Mark {
    match answer.chosen {
        None => Mark::Passed,
        chosen if chosen == answer.right => Mark::Right,
        Some(_) => Mark::Wrong,
    }
}
