//! How the claims fared.

use super::COLUMNS;
use crate::i18n::Lang;
use crate::i18n::{Texts, fill, harmless, wrap};
use crate::lesson::Lesson;
use crate::model::{ClaimResult, Event, Mode, Trace};
use crate::walk::confirmed;

fn claims(trace: &Trace) -> impl Iterator<Item = &ClaimResult> {
    trace.entries().iter().filter_map(|entry| match &entry.event {
        Event::Claim(claim) => Some(claim.as_ref()),
        _ => None,
    })
}

/// A line for each claim that didn't hold: `file:line: step: expected: …; actual: …`.
///
/// # Errors
/// [`crate::i18n::BrokenTexts`] where the interface's texts can't be read.
pub fn failures(
    trace: &Trace,
    (lesson, mode): (&Lesson, Mode),
    lang: Lang,
) -> Result<Vec<String>, crate::i18n::BrokenTexts> {
    Ok(failed(trace, lesson, mode, Texts::load(lang)?))
}

fn failed(trace: &Trace, lesson: &Lesson, mode: Mode, texts: &Texts) -> Vec<String> {
    let broken = claims(trace).filter(|claim| !claim.held);
    let line = |claim: &ClaimResult| {
        let step = lesson.steps.get(claim.step).map_or("?", |step| step.id.as_str());
        fill(
            &texts.plain.broken,
            &[
                ("file", &harmless(&lesson.file) as &dyn std::fmt::Display),
                ("line", &claim.line),
                ("step", &step),
                ("expected", &texts.statement(&claim.what, lesson.sockets_in(mode))),
                ("actual", &texts.statement(&claim.actual, lesson.sockets_in(mode))),
            ],
        )
    };
    broken.map(line).collect()
}

/// What the kernel confirmed, and what was otherwise.
pub(super) fn summary(trace: &Trace, lesson: &Lesson, mode: Mode, texts: &Texts) -> Vec<String> {
    let confirmed = texts.ending.confirmed(&confirmed(lesson, trace).kinds(), 0);
    let mut lines = if confirmed.is_empty() { Vec::new() } else { wrap(&confirmed, COLUMNS) };
    let failed = failed(trace, lesson, mode, texts);
    if !failed.is_empty() {
        lines.push(fill(&texts.plain.some_broken, &[("broken", &failed.len())]));
    }
    lines.extend(failed);
    lines
}
