//! What is said in the place of a lesson's text where the walk isn't the one that the lesson tells.

use super::words::words;
use super::{SharedTexts, fill};
use crate::lesson::{Lang, Lesson};
use crate::model::{Hand, Mode, SegmentId, Side, View};
use crate::tcp::{Numbers, line};

words! {
    /// The words for it.
    #[allow(missing_docs)]
    pub struct DivergedTexts {
        pub own: String,
        pub earlier: String,
        pub dropped: String,
        pub delivered: String,
        pub interrupted: String,
        pub nothing: String,
    }
}

/// What is said of a step (its number in the lesson) in the place of its text, as of this moment: why it isn't told.
/// `None` where its claims hold, and those of all steps before it: then its text is told.
pub fn diverged(
    view: &View<'_>,
    (lesson, mode, lang): (&Lesson, Mode, Lang),
    step: usize,
    words: (&DivergedTexts, &SharedTexts),
) -> Option<Vec<String>> {
    let (texts, shared) = words;
    let first = view.diverged().filter(|first| *first <= step)?;
    let why = why(view, texts, shared);
    if first == step {
        return Some(vec![why, texts.own.clone()]);
    }
    let title = lesson.steps.get(first).map_or("", |step| step.title.get(lang));
    let n = step_number(lesson, mode, first).to_string();
    Some(vec![fill(&texts.earlier, &[("n", n.as_str()), ("title", title)]), why])
}

/// The number of a step among those of its walk, from 1, as it is shown.
pub fn step_number(lesson: &Lesson, mode: Mode, step: usize) -> usize {
    lesson.steps.iter().take(step + 1).filter(|step| step.modes.contains(&mode)).count()
}

fn why(view: &View<'_>, texts: &DivergedTexts, shared: &SharedTexts) -> String {
    let side = |side| match side {
        Side::Server => shared.server.as_str(),
        Side::Client => shared.client.as_str(),
    };
    let segment = |id: SegmentId| {
        let Some(seen) = view.segment(id) else { return String::new() };
        let trace = view.trace();
        let end = |address| trace.side_of(address).map_or_else(|| format!("{address}"), |is| side(is).to_owned());
        let text = line(seen.segment, &seen.initials, Numbers::Symbolic);
        format!("{} → {}  {text}", end(seen.segment.from), end(seen.segment.to))
    };
    match view.diverged_by() {
        None => texts.nothing.clone(),
        Some(Hand::Drop(id)) => fill(&texts.dropped, &[("segment", segment(id))]),
        Some(Hand::Deliver(id)) => fill(&texts.delivered, &[("segment", segment(id))]),
        Some(Hand::Interrupt(of)) => fill(&texts.interrupted, &[("side", side(of))]),
    }
}
