//! The list of rules that the wire can have: each with what is filled in, and at the bottom how the picked one is typed.

use ratatui::buffer::Buffer;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::page::visible_part;
use crate::i18n::{fill, harmless, rule_fault, width as display_width};
use crate::tui::field::TypedField;
use crate::tui::picker::RulePicker;
use crate::tui::scene::{Scene, put};
use crate::tui::wrap::{cut, wrap_text};

/// The columns for what is filled in.
const ROOM: usize = 20;
/// The columns of the list.
const WIDTH: usize = 70;
/// The rows below the list: an empty one, and those for what is wrong.
const FOOT: usize = 4;

/// Draws it, where it is open.
pub(super) fn draw(buf: &mut Buffer, scene: &Scene<'_>) {
    let Some(picker) = &scene.app.picker else { return };
    let t = &scene.texts.rules;
    let inner = scene.overlay(buf, wanted(scene), [&t.pick_title, &t.pick_keys]);
    let width = usize::from(inner.width);
    let rows = picker.values.iter().enumerate().map(|(at, value)| row(scene, picker, at, value, width));
    let mut lines: Vec<Line<'static>> = rows.collect();
    lines.push(Line::default());
    lines.extend(match &picker.fault {
        Some(fault) => wrap_text(&harmless(&rule_fault(fault, scene.app.lang())), scene.theme.bad.0, width),
        None => {
            let typed = fill(&t.pick_typed, &[("line", &harmless(&picker.line()))]);
            wrap_text(&cut(&typed, width), scene.theme.dim.0, width)
        }
    });
    put(buf, inner, lines);
}

/// Where the cursor stands: in what is filled in.
pub(super) fn cursor(scene: &Scene<'_>) -> Option<(u16, u16)> {
    let picker = scene.app.picker.as_ref()?;
    let value = picker.current()?;
    let area = scene.overlay_place(wanted(scene));
    let room = room(usize::from(area.width).saturating_sub(4));
    let label = usize::from(area.width).saturating_sub(4).saturating_sub(room);
    let column = label + value.input.visual_cursor().saturating_sub(value.input.visual_scroll(room)).min(room);
    let y = area.y + 1 + u16::try_from(picker.at).unwrap_or(u16::MAX);
    (y + 1 < area.bottom()).then_some((area.x + 2 + u16::try_from(column).unwrap_or(u16::MAX), y))
}

fn wanted(scene: &Scene<'_>) -> (usize, usize) {
    let count = scene.app.picker.as_ref().map_or(0, |picker| picker.values.len());
    (WIDTH.min(usize::from(scene.app.size.width).saturating_sub(4)), count + FOOT)
}

/// The columns for what is filled in, of so many.
fn room(width: usize) -> usize {
    ROOM.min(width / 2)
}

fn row(scene: &Scene<'_>, picker: &RulePicker, at: usize, value: &TypedField, width: usize) -> Line<'static> {
    let (theme, is_picked) = (scene.theme, at == picker.at);
    let label = scene.texts.rules.pick.get(at).map_or("", String::as_str);
    let mark = if is_picked { "▶ " } else { "  " };
    let room = room(width);
    let label = cut(&format!("{mark}{label}"), width.saturating_sub(room + 1));
    let gap = " ".repeat(width.saturating_sub(room + display_width(&label)));
    let shown = visible_part(value.input.value(), if is_picked { value.input.visual_scroll(room) } else { 0 }, room);
    if !is_picked {
        return Line::from(vec![
            Span::styled(label, theme.text.0),
            Span::raw(gap),
            Span::styled(harmless(&shown), theme.dim.0),
        ]);
    }
    let line = theme.fresh.0.add_modifier(Modifier::UNDERLINED);
    // What the first letter will replace looks selected.
    let text = if value.selected { line.add_modifier(Modifier::REVERSED) } else { line };
    let pad = " ".repeat(room.saturating_sub(display_width(&shown)));
    Line::from(vec![
        Span::styled(label, theme.key.0),
        Span::raw(gap),
        Span::styled(shown, text),
        Span::styled(pad, line),
    ])
}
