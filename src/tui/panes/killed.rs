//! What became of a side's process that was killed.

use ratatui::text::Line;

use crate::explain::killed;
use crate::i18n::fill;
use crate::model::{Event, Moment};
use crate::tui::panes::rules::in_sentence;
use crate::tui::scene::Scene;
use crate::tui::wrap::{prose, wrap, wrap_text};

/// What is said of the process that was killed last, at this moment or later; nothing where none was.
pub(super) fn since(scene: &Scene<'_>, since: Moment, width: usize) -> Vec<Line<'static>> {
    let moment = scene.view.moment();
    let entries = scene.view.trace().entries().get(since.min(moment)..moment).unwrap_or(&[]);
    let newest = entries.iter().enumerate().rev().find_map(|(at, entry)| match entry.event {
        Event::Killed(actor) => Some((since + at, actor)),
        _ => None,
    });
    let Some((at, actor)) = newest else { return Vec::new() };
    let head = fill(&scene.texts.side.killed_head, &[("side", &in_sentence(scene, actor))]);
    let mut lines = wrap_text(&head, scene.theme.bad.0, width);
    let told = killed(&scene.view, actor, at, scene.app.lang()).unwrap_or_default();
    lines.extend(told.iter().flat_map(|text| wrap(&prose(text, scene.theme.text.0, scene.theme.code.0), width)));
    lines
}
