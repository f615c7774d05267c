//! How the claims fared.

use crate::i18n::{PlainTexts, Texts, fill, harmless};
use crate::lesson::{Lang, Lesson};
use crate::model::{ClaimResult, Event, Trace};

fn claims(trace: &Trace) -> impl Iterator<Item = &ClaimResult> {
    trace.entries().iter().filter_map(|entry| match &entry.event {
        Event::Claim(claim) => Some(claim),
        _ => None,
    })
}

/// A line for each claim that didn't hold: `file:line: step: expected …, actual …`.
///
/// # Errors
/// [`crate::i18n::BrokenTexts`] where the interface's texts can't be read.
pub fn failures(trace: &Trace, lesson: &Lesson, lang: Lang) -> Result<Vec<String>, crate::i18n::BrokenTexts> {
    Ok(failed(trace, lesson, &Texts::load(lang)?.plain))
}

fn failed(trace: &Trace, lesson: &Lesson, texts: &PlainTexts) -> Vec<String> {
    let broken = claims(trace).filter(|claim| !claim.held);
    let line = |claim: &ClaimResult| {
        let step = lesson.steps.get(claim.step).map_or("?", |step| step.id.as_str());
        fill(
            &texts.broken,
            &[
                ("file", &harmless(&lesson.file) as &dyn std::fmt::Display),
                ("line", &claim.line),
                ("step", &step),
                ("expected", &harmless(&claim.what)),
                ("actual", &harmless(&claim.actual)),
            ],
        )
    };
    broken.map(line).collect()
}

/// The last lines of a transcript.
pub(super) fn summary(trace: &Trace, lesson: &Lesson, texts: &PlainTexts) -> Vec<String> {
    let count = claims(trace).count();
    let failed = failed(trace, lesson, texts);
    let held = count - failed.len();
    let text = if failed.is_empty() { &texts.all_held } else { &texts.some_broken };
    let mut lines = vec![fill(text, &[("held", &held), ("count", &count), ("broken", &failed.len())])];
    lines.extend(failed);
    lines
}
