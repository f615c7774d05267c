//! How the questions of a lesson were answered, for its end.

use std::collections::BTreeMap;

use super::Mark;
use crate::lesson::Lesson;
use crate::model::{AnsweredQuestion, Event, Mode, Trace};

/// The learner's own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnAnswer {
    /// In this walk: the offered answer of this number, from 0.
    Chose(usize),
    /// In this walk, without a guess.
    Passed,
    /// In an earlier walk; only how it fared is kept.
    Kept(Mark),
    /// Never asked: the step ran again by itself, and nothing is kept of it.
    NotAsked,
}

/// A question of a lesson, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedQuestion {
    /// The step before which it comes, by its number in the lesson.
    pub step: usize,
    /// The learner's own answer.
    pub own: OwnAnswer,
    /// What the kernel did: the offered answer of this number; `None` where that was none of them or isn't known.
    pub right: Option<usize>,
    /// The same in the lesson's notation; `None` where the step hasn't run.
    pub actual: Option<String>,
}

impl AskedQuestion {
    /// Whether the learner's answer was as the kernel did.
    pub fn is_right(&self) -> bool {
        match self.own {
            OwnAnswer::Chose(chosen) => Some(chosen) == self.right,
            OwnAnswer::Kept(mark) => mark == Mark::Right,
            OwnAnswer::Passed | OwnAnswer::NotAsked => false,
        }
    }
}

/// Each question of a lesson in a mode, in order. `again` is the last of the steps (its number in the lesson) that only
/// ran again to get where the learner had stopped; `kept` is what earlier walks left, by the step's id. An answer of this
/// walk comes before an earlier one, but not a question that was passed over.
pub fn asked(
    lesson: &Lesson,
    mode: Mode,
    trace: &Trace,
    again: Option<usize>,
    kept: &BTreeMap<String, Mark>,
) -> Vec<AskedQuestion> {
    let answers: BTreeMap<usize, &AnsweredQuestion> = { trace.entries().iter() }
        .filter_map(|entry| match &entry.event {
            Event::Answer(answer) => Some((answer.step, answer)),
            _ => None,
        })
        .collect();
    let belongs = |(_, step): &(usize, &crate::lesson::Step)| step.modes.contains(&mode) && step.ask.is_some();
    { lesson.steps.iter().enumerate().filter(belongs) }
        .map(|(number, step)| {
            let answer = answers.get(&number);
            let here = answer.filter(|_| again.is_none_or(|again| number > again));
            let before = kept.get(&step.id).filter(|mark| **mark != Mark::Passed);
            let own = match (here.map(|answer| answer.chosen), before) {
                (Some(Some(chosen)), _) => OwnAnswer::Chose(chosen),
                (_, Some(mark)) => OwnAnswer::Kept(*mark),
                (Some(None), None) => OwnAnswer::Passed,
                (None, None) if kept.contains_key(&step.id) => OwnAnswer::Kept(Mark::Passed),
                (None, None) => OwnAnswer::NotAsked,
            };
            let right = answer.and_then(|answer| answer.right);
            AskedQuestion { step: number, own, right, actual: answer.map(|answer| answer.actual.clone()) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::builtin;
    use std::time::Duration;

    #[test]
    fn an_answer_of_this_walk_comes_first_and_what_ran_again_was_not_asked() {
        let lesson = builtin("echo").unwrap().unwrap();
        let asks: Vec<usize> = (0..lesson.steps.len()).filter(|step| lesson.steps[*step].ask.is_some()).collect();
        let (first, second) = (asks[0], asks[1]);
        let id = |step: usize| lesson.steps[step].id.clone();
        let answer =
            |step, chosen| Event::Answer(AnsweredQuestion { step, chosen, right: Some(1), actual: "0".into() });
        // The first question's step ran again or not; what is kept of it; the answer in this walk; how it stands then.
        let table = [
            (None, None, Some(1), OwnAnswer::Chose(1), true),
            (None, None, Some(0), OwnAnswer::Chose(0), false),
            (None, None, None, OwnAnswer::Passed, false),
            (None, Some(Mark::Right), Some(0), OwnAnswer::Chose(0), false),
            (None, Some(Mark::Right), None, OwnAnswer::Kept(Mark::Right), true),
            (None, Some(Mark::Passed), None, OwnAnswer::Passed, false),
            (Some(first), Some(Mark::Right), None, OwnAnswer::Kept(Mark::Right), true),
            (Some(first), Some(Mark::Wrong), None, OwnAnswer::Kept(Mark::Wrong), false),
            (Some(first), Some(Mark::Passed), None, OwnAnswer::Kept(Mark::Passed), false),
            (Some(first), None, None, OwnAnswer::NotAsked, false),
        ];
        for (again, mark, chosen, own, right) in table {
            let mut trace = Trace::default();
            trace.push(Duration::ZERO, answer(first, chosen));
            let kept = mark.map(|mark| (id(first), mark)).into_iter().collect();
            let asked = asked(&lesson, Mode::Lab, &trace, again, &kept);
            assert_eq!(asked.len(), asks.len());
            assert_eq!(
                (asked[0].own, asked[0].is_right(), asked[0].right),
                (own, right, Some(1)),
                "{again:?} {mark:?}"
            );
            // The second one's step never ran.
            assert_eq!((asked[1].step, asked[1].own, &asked[1].actual), (second, OwnAnswer::NotAsked, &None));
        }
    }
}
