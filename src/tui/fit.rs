//! Whether a lesson's texts fit into the smallest window: each step is laid out by the pane that shows it.
//!
//! Nothing runs here. What stands beside a step's text is what can be there at most: the verdict on a prediction that
//! was wrong, and then the question of the next step.

use std::sync::Arc;
use std::time::Duration;

use super::app::{App, Appearance};
use super::layout::SMALLEST;
use super::panes::explain_scroll;
use crate::i18n::Lang;
use crate::i18n::width;
use crate::lesson::{Action, Ask, Lesson, Payload};
use crate::model::{AnsweredQuestion, Event, Mode, Trace};
use crate::walk::{Phase, Runner, Walk, WalkOptions, WireAbility};

/// A text that must be scrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// The step whose text it is, by its number in the lesson; `None` for the goal.
    pub step: Option<usize>,
    /// In which language.
    pub lang: Lang,
    /// How many rows are too many where the text stands with its verdict alone.
    pub alone: usize,
    /// How many where the question of the next step stands beside it.
    pub beside: usize,
}

/// The texts of a lesson that must be scrolled in the smallest window, in a mode, in both languages.
pub fn overflows(look: Appearance, lesson: &Arc<Lesson>, mode: Mode) -> Vec<Overflow> {
    let belongs = |step: &usize| lesson.steps[*step].modes.contains(&mode);
    let steps: Vec<usize> = (0..lesson.steps.len()).filter(belongs).collect();
    let (columns, rows) = SMALLEST;
    let mut app = App::new(laid_out(lesson, mode, Lang::EN, None, Phase::Ready), look, columns, rows);
    let mut found = Vec::new();
    for lang in Lang::all() {
        // What can't be read is found by the tests of the words.
        let _ = app.look.speak(lang);
        for shown in 0..=steps.len() {
            let last = shown.checked_sub(1).map(|last| steps[last]);
            let next = steps.get(shown).copied();
            let mut rows = |phase| {
                app.walk = laid_out(lesson, mode, lang, last, phase);
                super::update::notice(&mut app);
                explain_scroll(&app).map_or(0, |(_, most)| most)
            };
            let alone = rows(Phase::Ready);
            let beside = beside(lesson, next).into_iter().map(&mut rows).max().unwrap_or(alone);
            if alone > 0 || beside > 0 {
                found.push(Overflow { step: last, lang, alone, beside });
            }
        }
    }
    found
}

/// The phases in which something that can be long stands beside a step's text.
fn beside(lesson: &Lesson, next: Option<usize>) -> Vec<Phase> {
    let Some(step) = next.map(|next| &lesson.steps[next]) else { return vec![Phase::Finished] };
    let asks = step.ask.is_some().then_some(Phase::Asking);
    let types = match &step.action {
        Some(Action::Send { payload: Payload::Line(line), .. }) => Some(Phase::Typing(line.clone())),
        _ => None,
    };
    asks.into_iter().chain(types).collect()
}

/// A walk that has just done a step (`last`, by its number in the lesson), whose prediction was wrong; `None` before the first.
pub(super) fn laid_out(lesson: &Arc<Lesson>, mode: Mode, lang: Lang, last: Option<usize>, phase: Phase) -> Walk {
    let options = WalkOptions { mode, wire: WireAbility::Holds, patience: Duration::ZERO, port: None, timers: true };
    let mut trace = Trace::default();
    if let Some(step) = last {
        trace.push(Duration::ZERO, Event::Step(step));
        if let Some(ask) = &lesson.steps[step].ask {
            trace.push(Duration::ZERO, Event::Answer(wrong(ask, step, lang)));
        }
    }
    Runner::from_trace(Arc::clone(lesson), options, trace, phase).into()
}

/// The wrong prediction whose verdict is the longest.
fn wrong(ask: &Ask, step: usize, lang: Lang) -> AnsweredQuestion {
    let word = |n: &usize| ask.labels.get(*n).map_or(ask.choices[*n].as_str(), |label| label.get(lang));
    let mut longest: Vec<usize> = (0..ask.choices.len()).collect();
    longest.sort_by_key(|n| std::cmp::Reverse(width(word(n))));
    AnsweredQuestion {
        step,
        chosen: longest.first().copied(),
        right: longest.get(1).copied(),
        actual: longest_actual(ask),
    }
}

/// The longest that the kernel can answer, in the notation.
fn longest_actual(ask: &Ask) -> String {
    ask.choices.iter().max_by_key(|choice| choice.len()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Glyphs;
    use crate::i18n::testing::{both, zh};
    use crate::lesson::builtin;
    use crate::theme::{Choice, Colours, Theme};

    fn of(lesson: Lesson) -> Vec<Overflow> {
        let look =
            Appearance::new(Lang::EN, Theme::load(Choice::Mono, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
        overflows(look, &Arc::new(lesson), Mode::Lab)
    }

    #[test]
    fn what_does_not_fit_is_found_in_its_language() {
        let mut lesson = builtin("refused").unwrap().unwrap();
        for step in &mut lesson.steps {
            step.say = both("One line.", "一行。");
        }
        let title = lesson.steps[5].title.clone();
        lesson.goal = title.clone();
        lesson.recap = title;
        assert_eq!(of(lesson.clone()), []);
        // Seven rows are inside the pane; title, verdict and the next step take one each.
        lesson.steps[3].say.set(zh(), "长".repeat(38 * 6));
        assert_eq!(of(lesson), [Overflow { step: Some(3), lang: zh(), alone: 2, beside: 2 }]);
    }
}
