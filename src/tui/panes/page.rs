//! The text of the explanation's pane, and what the walk through a lesson and the free one have in common in it.

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::i18n::failure as failure_in;
use crate::i18n::width as display_width;
use crate::tui::scene::Scene;
use crate::tui::wrap::wrap_text;
use crate::walk::Failure;

/// The pane's text, broken into lines.
#[derive(Default)]
pub(super) struct TextPage {
    pub(super) body: Vec<Line<'static>>,
    pub(super) foot: Vec<Line<'static>>,
    /// Each answer's place in the foot: number, row, first column, width.
    pub(super) choices: Vec<(usize, usize, usize, usize)>,
    /// The cursor of the line that is typed: row of the foot, column.
    pub(super) cursor: Option<(usize, usize)>,
    /// How many rows both have together.
    pub(super) height: usize,
    /// How many rows the body has, how far it is scrolled, and how far it can be.
    pub(super) rows: usize,
    pub(super) at: usize,
    pub(super) most: usize,
}

/// Why a walk can't go on.
pub(super) fn why(scene: &Scene<'_>, failure: &Failure) -> String {
    failure_in(scene.app.lang(), failure)
}

/// A label with the gap that it needs before what it labels: a Chinese mark brings its own.
pub(in crate::tui) fn before_text(label: &str) -> String {
    let wide = label.chars().last().and_then(unicode_width::UnicodeWidthChar::width) == Some(2);
    if wide { label.to_owned() } else { format!("{label} ") }
}

/// The line that is typed, with what it is for and the keys that end it.
pub(super) fn typing_line(scene: &Scene<'_>, width: usize, page: &mut TextPage, title: &str, keys: &str) {
    let theme = scene.theme;
    let Some(input) = scene.app.typing() else { return };
    page.foot.extend(wrap_text(title, theme.question.0, width));
    let room = width.saturating_sub(3);
    let scroll = input.visual_scroll(room);
    let shown = visible_part(input.value(), scroll, room);
    let column = 2 + input.visual_cursor().saturating_sub(scroll).min(room);
    page.cursor = Some((page.foot.len(), column));
    let line = theme.fresh.0.add_modifier(Modifier::UNDERLINED);
    // What the first letter will replace looks selected.
    let text = if scene.app.offered_line_stands() { line.add_modifier(Modifier::REVERSED) } else { line };
    let pad = " ".repeat(room.saturating_sub(display_width(&shown)));
    page.foot.push(Line::from(vec![
        Span::styled("> ", theme.key.0),
        Span::styled(shown, text),
        Span::styled(pad, line),
    ]));
    page.foot.extend(wrap_text(keys, theme.dim.0, width));
}

/// The columns of a text from `skip` on, at most `room` of them.
pub(super) fn visible_part(text: &str, skip: usize, room: usize) -> String {
    let (mut passed, mut out, mut used) = (0, String::new(), 0);
    for c in text.chars() {
        let width = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if passed < skip {
            passed += width;
        } else if used + width <= room {
            out.push(c);
            used += width;
        } else {
            break;
        }
    }
    out
}
