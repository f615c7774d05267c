//! The panes, one file each. None of them changes anything.

mod code;
mod console;
mod ending;
mod explain;
mod fold;
mod free;
mod glossary;
mod header;
mod help;
mod kernel;
mod ladder;
mod large;
mod layers;
mod lessons;
mod over;
mod packet;
mod page;
mod rules;
mod segment;
mod side;
mod source;
mod states;
mod wrong;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{App, Overlay};
use super::layout::{self, Areas};
use super::scene::Scene;
use crate::model::Side;

pub(super) use explain::{choice_at, scroll_of as explain_scroll};
pub(super) use ladder::segment_at;
pub(super) use lessons::lesson_at;
pub(super) use page::before_text;

/// Draws the panes, and what lies over them. Returns where the cursor stands.
pub(super) fn draw(buf: &mut Buffer, areas: &Areas, scene: &Scene<'_>) -> Option<(u16, u16)> {
    header::draw(buf, areas.header, scene);
    if let Some(places) = &areas.large {
        large::draw(buf, places, scene);
    }
    side::draw(buf, areas.server, scene, Side::Server);
    ladder::draw(buf, areas.wire, scene);
    side::draw(buf, areas.client, scene, Side::Client);
    if let Some(area) = areas.code {
        code::draw(buf, area, scene);
    }
    if let Some(area) = areas.states {
        states::draw(buf, area, scene);
    }
    if let Some(area) = areas.output {
        console::draw_last(buf, area, scene);
    }
    let cursor = areas.explain.and_then(|area| explain::draw(buf, area, scene));
    overlay(buf, scene.app.size, scene);
    if scene.app.place.overlay == Some(Overlay::Console) {
        return console::cursor(scene);
    }
    cursor.filter(|_| scene.app.place.overlay.is_none())
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
        Some(Overlay::Console) => console::draw(buf, scene),
        None => 0,
    }
}

/// How far the open overlay can be scrolled: found by drawing it, so that there is no second reckoning.
pub(super) fn overlay_scroll(app: &App) -> usize {
    overlay(&mut Buffer::empty(app.size), app.size, &Scene::new(app))
}
