//! All keys that such a walk has, from the table of commands.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::i18n::width as display_width;
use crate::tui::commands::{COMMANDS, CommandEntry};
use crate::tui::scene::{Scene, more_below, put};
use crate::tui::wrap::{cut, wrap_text};

/// The column of the keys.
const KEYS: usize = 12;

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.help;
    let entries: Vec<&CommandEntry> = COMMANDS.iter().filter(|entry| entry.belongs(scene.app)).collect();
    let longest = entries.iter().map(|entry| display_width(scene.texts.help_of(entry.id))).max().unwrap_or(0);
    let each = KEYS + longest + 2;
    // Two columns where all of them fit beside each other, or where one would be too long.
    let columns = if usize::from(area.width) >= 2 * each + 4 { 2 } else { 1 };
    let rows = entries.len().div_ceil(columns);
    let mouse = wrap_text(&t.mouse, scene.theme.dim.0, (each * columns).min(usize::from(area.width.saturating_sub(4))));
    let inner = scene.overlay(buf, (each * columns, rows + 1 + mouse.len()), [&t.title, &t.close]);
    let width = usize::from(inner.width);
    let each = width / columns;
    let mut lines: Vec<Line<'static>> = (0..rows)
        .map(|row| {
            let cells = (0..columns).filter_map(|column| entries.get(column * rows + row));
            let spans = cells.flat_map(|entry| {
                let help = cut(scene.texts.help_of(entry.id), each.saturating_sub(KEYS));
                let pad = " ".repeat(each.saturating_sub(KEYS + display_width(&help)));
                let keys = if entry.id == "next" { "Space Enter" } else { entry.shown };
                let keys = scene.app.look.glyphs.key(keys);
                let keys = format!("{keys}{}", " ".repeat(KEYS.saturating_sub(display_width(&keys))));
                [Span::styled(keys, scene.theme.key.0), Span::styled(help, scene.theme.text.0), Span::raw(pad)]
            });
            Line::from(spans.collect::<Vec<_>>())
        })
        .collect();
    lines.push(Line::default());
    lines.extend(mouse);
    let most = lines.len().saturating_sub(usize::from(inner.height));
    let at = scene.app.place.over.min(most);
    put(buf, inner, lines.into_iter().skip(at));
    more_below(buf, inner, scene.theme.waits.0, most - at);
    most
}
