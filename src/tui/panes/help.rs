//! All keys that such a walk has, from the table of commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::i18n::width as display_width;
use crate::tui::commands::{COMMANDS, CommandEntry};
use crate::tui::scene::Scene;
use crate::tui::wrap::wrap_text;

/// The column of the keys.
const KEYS: usize = 12;

/// The keys and what they do, in so many columns of this width. What is longer goes on below.
fn rows(scene: &Scene<'_>, entries: &[&CommandEntry], columns: usize, width: usize) -> Vec<Line<'static>> {
    let cell = |entry: &CommandEntry| -> Vec<[Span<'static>; 2]> {
        let keys = if entry.id == "next" { "Space Enter" } else { entry.shown };
        let keys = scene.app.look.glyphs.key(keys);
        let help = wrap_text(scene.texts.help_of(entry.id), scene.theme.text.0, width.saturating_sub(KEYS).max(1));
        let with_key = |(row, line): (usize, Line<'static>)| {
            let keys = if row == 0 { keys.as_ref() } else { "" };
            let keys = format!("{keys}{}", " ".repeat(KEYS.saturating_sub(display_width(keys))));
            let pad = " ".repeat(width.saturating_sub(KEYS + line.width()));
            [Span::styled(keys, scene.theme.key.0), Span::styled(format!("{line}{pad}"), scene.theme.text.0)]
        };
        help.into_iter().enumerate().map(with_key).collect()
    };
    let cells: Vec<_> = entries.iter().flat_map(|entry| cell(entry)).collect();
    let rows = cells.len().div_ceil(columns);
    let of_row = |at: usize| -> Vec<Span<'static>> {
        let there = (0..columns).filter_map(|column| cells.get(column * rows + at));
        there.flatten().cloned().collect()
    };
    (0..rows).map(|at| Line::from(of_row(at))).collect()
}

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.help;
    let entries: Vec<&CommandEntry> = COMMANDS.iter().filter(|entry| entry.belongs(scene.app)).collect();
    let longest = entries.iter().map(|entry| display_width(scene.texts.help_of(entry.id))).max().unwrap_or(0);
    let each = KEYS + longest + 2;
    // Two columns where all of them fit beside each other, or where one would be too long.
    let columns = if usize::from(area.width) >= 2 * each + 4 { 2 } else { 1 };
    let room = usize::from(area.width.saturating_sub(4));
    let mouse = wrap_text(&t.mouse, scene.theme.dim.0, (each * columns).min(room));
    let mut lines = rows(scene, &entries, columns, (each * columns).min(room) / columns);
    lines.push(Line::default());
    lines.extend(mouse);
    let inner = scene.overlay(buf, (each * columns, lines.len()), [&t.title, &t.close]);
    scene.put_scrolled(buf, inner, lines)
}
