//! What is wrong with the programs that run, as long as it is so: one line each above the explanation, the rest below it.

use ratatui::text::{Line, Span};

use super::page::before_text;
use crate::explain::diagnosis::{self, ToldDiagnosis};
use crate::i18n::fill;
use crate::tui::scene::Scene;
use crate::tui::wrap::{first_rows, prose, wrap, wrap_text};

/// So many are shown; of the others the number.
const SHOWN: usize = 2;

/// So many rows one thing that shows it has: what the kernel said of a socket stands behind both its addresses.
const EVIDENCE: usize = 3;

/// What stands, in words; with how many more there are.
pub(super) fn standing(scene: &Scene<'_>) -> (Vec<ToldDiagnosis>, usize) {
    let found = diagnosis::standing(&scene.view, scene.clock);
    let told = found.iter().take(SHOWN).filter_map(|one| one.told(&scene.view, scene.app.lang()).ok());
    let told: Vec<ToldDiagnosis> = told.collect();
    let more = found.len().saturating_sub(told.len());
    (told, more)
}

/// What is the case: it stands above all else, so that it neither moves nor is pushed out of the pane.
pub(super) fn heads(scene: &Scene<'_>, (told, more): &(Vec<ToldDiagnosis>, usize), width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for one in told {
        lines.extend(wrap_text(&format!("! {}", one.what), scene.theme.bad.0, width));
    }
    if *more > 0 {
        let text = fill(&scene.texts.side.more, &[("n", more)]);
        lines.push(Line::styled(text, scene.theme.bad.0));
    }
    lines
}

/// What shows it, and what to do about it.
pub(super) fn details(scene: &Scene<'_>, told: &[ToldDiagnosis], width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for one in told {
        let rows = |line| first_rows(wrap_text(line, scene.theme.dim.0, width), EVIDENCE, width);
        lines.extend(one.evidence.iter().flat_map(|line| rows(line)));
        let mut spans = vec![Span::styled(before_text(&scene.texts.free.remedy), scene.theme.question.0)];
        spans.extend(prose(&one.remedy, scene.theme.text.0, scene.theme.code.0));
        lines.extend(wrap(&spans, width));
    }
    lines
}
