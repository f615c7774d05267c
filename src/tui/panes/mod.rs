//! The panes, one file each. [`draw`] puts them on the screen; none of them changes anything.

mod code;
mod ending;
mod explain;
mod fold;
mod footer;
mod free;
mod glossary;
mod header;
mod help;
mod kernel;
mod ladder;
mod large;
mod layers;
mod lessons;
mod packet;
mod page;
mod segment;
mod side;
mod states;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::app::{App, Overlay};
use super::layout;
use super::scene::{Scene, put};
use super::wrap::wrap_text;
use crate::i18n::{Glyphs, fill};
use crate::model::Side;

pub(super) use explain::{choice_at, foot_at as explain_foot, scroll_of as explain_scroll};
pub(super) use footer::command_at;
pub(super) use ladder::segment_at;
pub(super) use lessons::lesson_at;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let scene = Scene::new(app);
    let size = frame.area();
    let Some(areas) = layout::areas(size, app.wish()) else {
        too_small(frame, &scene);
        return;
    };
    let buf = frame.buffer_mut();
    header::draw(buf, areas.header, &scene);
    if let Some(places) = &areas.large {
        large::draw(buf, places, &scene);
    }
    side::draw(buf, areas.server, &scene, Side::Server);
    ladder::draw(buf, areas.wire, &scene);
    side::draw(buf, areas.client, &scene, Side::Client);
    if let Some(area) = areas.code {
        code::draw(buf, area, &scene);
    }
    if let Some(area) = areas.states {
        states::draw(buf, area, &scene);
    }
    footer::draw(buf, areas.footer, &scene);
    let cursor = areas.explain.and_then(|area| explain::draw(buf, area, &scene));
    overlay(buf, size, &scene);
    keep_to_cells(buf, app.look.glyphs);
    if let (Some((x, y)), None) = (cursor, app.place.overlay) {
        frame.set_cursor_position(Position { x, y });
    }
}

/// Whatever a text brought along: what is in a cell is one character. Marks that are put over it (hundreds can be), and
/// what joins it to the next one, would change the cells beside it. And it is one that the terminal has.
fn keep_to_cells(buf: &mut Buffer, glyphs: Glyphs) {
    for cell in &mut buf.content {
        let mut chars = cell.symbol().chars();
        let Some(first) = chars.next() else { continue };
        if chars.next().is_some() {
            cell.set_char(if first.is_control() { ' ' } else { first });
        }
        if glyphs != Glyphs::Unicode && !first.is_ascii() {
            cell.set_char(glyphs.cell(first));
        }
    }
}

/// Draws what lies over the panes. Returns how far it can be scrolled.
fn overlay(buf: &mut Buffer, size: Rect, scene: &Scene<'_>) -> usize {
    let Some(areas) = layout::areas(size, scene.app.wish()) else { return 0 };
    let middle = Rect { y: 1, height: size.height - 1 - areas.footer.height, ..size };
    match scene.app.place.overlay {
        Some(Overlay::Help) => help::draw(buf, middle, scene),
        Some(Overlay::Packet) => packet::draw(buf, middle, scene),
        Some(Overlay::Kernel) => kernel::draw(buf, middle, scene),
        Some(Overlay::Layers) => layers::draw(buf, middle, scene),
        Some(Overlay::Glossary) => glossary::draw(buf, middle, scene),
        Some(Overlay::Lessons) => lessons::draw(buf, middle, scene),
        Some(Overlay::Ending) => ending::draw(buf, middle, scene),
        None => 0,
    }
}

/// How far the open overlay can be scrolled: found by drawing it, so that there is no second reckoning.
pub(super) fn overlay_scroll(app: &App) -> usize {
    overlay(&mut Buffer::empty(app.size), app.size, &Scene::new(app))
}

/// One plain sentence instead of cut panes.
fn too_small(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    let (w, h) = layout::SMALLEST;
    let (w, h, x, y) = (w.to_string(), h.to_string(), area.width.to_string(), area.height.to_string());
    let text = fill(&scene.texts.header.too_small, &[("w", &w), ("h", &h), ("x", &x), ("y", &y)]);
    put(frame.buffer_mut(), area, wrap_text(&text, Style::default(), usize::from(area.width)));
    keep_to_cells(frame.buffer_mut(), scene.app.look.glyphs);
}
