//! The fields of a copy over the header's picture: those of the TCP header stand in it, the others below, and what is typed at
//! the bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::packet::{self, CHANGED, style};
use super::page::visible_part;
use crate::i18n::{edit_fault, fill, harmless, width as display_width};
use crate::model::SegmentView;
use crate::model::edit::EditField;
use crate::tui::copy::{CopyField, SegmentCopy};
use crate::tui::scene::{Scene, put};
use crate::tui::wrap::{cut, wrap_text};

/// The fields that aren't in the picture, two in a row; the last one has a row of its own.
const BELOW: [&[EditField]; 5] = [
    &[EditField::Mss, EditField::Scale, EditField::SackPermitted],
    &[EditField::Timestamps, EditField::Sack],
    &[EditField::FastOpen, EditField::FastOpenExp],
    &[EditField::Ttl, EditField::Ecn],
    &[EditField::Data],
];

/// Draws it, where a copy is being changed.
pub(super) fn draw(buf: &mut Buffer, scene: &Scene<'_>) -> bool {
    let copy = scene.app.copy.as_ref();
    let Some((copy, view)) = copy.and_then(|copy| Some((copy, scene.view.segment(copy.of)?))) else { return false };
    draw_copy(buf, scene, &view, copy);
    true
}

fn draw_copy(buf: &mut Buffer, scene: &Scene<'_>, view: &SegmentView<'_>, copy: &SegmentCopy) {
    let t = &scene.texts.packet;
    let title = fill(&t.title_copy, &[("n", &(view.id.0 + 1))]);
    let inner = scene.overlay(buf, wanted(scene), [&title, &t.copy_keys]);
    let width = usize::from(inner.width);
    let foot = foot(scene, copy, width);
    let room = usize::from(inner.height).saturating_sub(foot.len());
    let mut lines = packet::header_rows(scene, view);
    lines.extend(BELOW.iter().filter_map(|row| below(scene, copy, row, width)));
    // Where there is no room for all, the picture's beginning gives way to what is typed.
    let skip = lines.len().saturating_sub(room);
    put(buf, Rect { height: room as u16, ..inner }, lines.into_iter().skip(skip));
    let top = inner.bottom().saturating_sub(foot.len() as u16).max(inner.y);
    put(buf, Rect { y: top, height: inner.bottom() - top, ..inner }, foot);
}

/// Where the cursor stands: in the last row.
pub(super) fn cursor(scene: &Scene<'_>) -> Option<(u16, u16)> {
    let copy = scene.app.copy.as_ref()?;
    let field = copy.current()?;
    let area = scene.overlay_place(wanted(scene));
    let width = usize::from(area.width).saturating_sub(4);
    let (label, room, scroll) = typed_place(field, width);
    let column = label + field.typed.input.visual_cursor().saturating_sub(scroll).min(room);
    Some((area.x + 2 + column as u16, area.bottom().checked_sub(2)?))
}

/// As much as there is.
fn wanted(scene: &Scene<'_>) -> (usize, usize) {
    (packet::WIDTH.min(usize::from(scene.app.size.width).saturating_sub(4)), 22)
}

/// Why it can't be sent so, or how the field is written; then the line that is typed.
fn foot(scene: &Scene<'_>, copy: &SegmentCopy, width: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let Some(field) = copy.current() else { return Vec::new() };
    let mut lines = match &copy.fault {
        Some(fault) => {
            wrap_text(&harmless(&edit_fault(fault, scene.app.walk().server(), scene.app.lang())), theme.bad.0, width)
        }
        None => {
            let facts = [("field", field.name), ("example", &example(field)), ("before", &field.before)];
            wrap_text(&cut(&fill(&scene.texts.packet.copy_example, &facts), width), theme.dim.0, width)
        }
    };
    let (_, room, scroll) = typed_place(field, width);
    let shown = visible_part(field.typed.input.value(), scroll, room);
    let pad = " ".repeat(room.saturating_sub(display_width(&shown)));
    let line = theme.fresh.0.add_modifier(Modifier::UNDERLINED);
    lines.push(Line::from(vec![
        Span::styled(format!("{} = ", field.name), theme.key.0),
        Span::styled(shown, line),
        Span::styled(pad, line),
    ]));
    lines
}

/// How the field is written, with a number of the end whose number stands in it.
fn example(field: &CopyField) -> String {
    let example = field.field.example();
    match field.field {
        EditField::Seq | EditField::Ack if field.before.starts_with('j') => example.replace('k', "j"),
        _ => example.to_owned(),
    }
}

/// The columns of the label, those for what is typed, and how many of that are scrolled away.
fn typed_place(field: &CopyField, width: usize) -> (usize, usize, usize) {
    let label = field.name.len() + 3;
    let room = width.saturating_sub(label + 1);
    (label, room, field.typed.input.visual_scroll(room))
}

/// Fields that stand below the picture; `None` where the packet has none of them.
fn below(scene: &Scene<'_>, copy: &SegmentCopy, row: &[EditField], width: usize) -> Option<Line<'static>> {
    let there: Vec<EditField> = row.iter().copied().filter(|field| copy.of(*field).is_some()).collect();
    let room = width / there.len().max(1);
    let one = |field: EditField| {
        let one = copy.field(field)?;
        let mark = if one.is_changed() { CHANGED } else { ' ' };
        let value = escape_value(one.typed.input.value());
        let text = cut(&format!("{mark}{} {value}", one.name), room.saturating_sub(2));
        let pad = " ".repeat(room.saturating_sub(display_width(&text)));
        Some([Span::styled(text, style(scene, field)), Span::raw(pad)])
    };
    let spans: Vec<Span<'static>> = there.iter().filter_map(|field| one(*field)).flatten().collect();
    (!spans.is_empty()).then(|| Line::from(spans))
}

/// What was typed is shown as it is; what would act on the terminal isn't typed, and what isn't seen is not.
fn escape_value(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}
