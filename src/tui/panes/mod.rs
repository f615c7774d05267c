//! The panes, one file each. None of them changes anything.

mod chart;
mod code;
mod console;
mod copy;
mod ending;
mod entered;
mod explain;
mod fold;
mod free;
mod glossary;
mod hand_made;
mod header;
mod help;
mod kernel;
mod killed;
mod ladder;
mod large;
mod layers;
mod lessons;
mod mistyped;
mod over;
mod packet;
mod page;
mod picker;
mod rules;
mod segment;
mod shorter;
mod side;
mod sight;
mod source;
mod states;
mod told;
mod tried;
mod wrong;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{App, Focus, Overlay};
use super::layout::{self, Areas};
use super::scene::Scene;
use crate::model::Side;

pub(super) use explain::{choice_at, scroll_of as explain_scroll};
pub(super) use ladder::segment_at;
pub(super) use lessons::lesson_at;
pub(super) use page::before_text;

/// How far the text that the keys scroll is scrolled, and can be; `None` where none is on the screen.
pub(super) type Scrolled = Option<(usize, usize)>;

/// What is known once the panes are drawn.
pub(super) struct Drawn {
    /// Where the cursor stands.
    pub(super) cursor: Option<(u16, u16)>,
    pub(super) scrolled: Scrolled,
}

/// Draws the panes, and what lies over them.
pub(super) fn draw(buf: &mut Buffer, areas: &Areas, scene: &Scene<'_>) -> Drawn {
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
    let explained = areas.explain.map(|area| explain::draw(buf, area, scene));
    let most = overlay(buf, scene.app.size, scene);
    match scene.app.place.overlay {
        None => Drawn { cursor: explained.and_then(|(cursor, _)| cursor), scrolled: explained.map(|(_, at)| at) },
        Some(over) => {
            let cursor = match over {
                Overlay::Console => console::cursor(scene),
                Overlay::Packet => copy::cursor(scene),
                Overlay::Rules => picker::cursor(scene),
                _ => None,
            };
            Drawn { cursor, scrolled: over_scrolled(scene.app, most) }
        }
    }
}

/// As [`Drawn::scrolled`], where nothing was drawn: it is laid out anew.
pub(super) fn scrolled(app: &App) -> Scrolled {
    if app.place.overlay.is_none() { explain::scroll_of(app) } else { over_scrolled(app, overlay_scroll(app)) }
}

/// The same of what lies over the panes, and can be scrolled so far.
fn over_scrolled(app: &App, most: usize) -> Scrolled {
    if app.focus() == Focus::Program {
        let most = app.program()?.console.most_back();
        return Some((most - app.place.back.min(most), most));
    }
    Some((app.place.over.min(most), most))
}

/// Draws what lies over the panes. Returns how far it can be scrolled.
fn overlay(buf: &mut Buffer, size: Rect, scene: &Scene<'_>) -> usize {
    let Some(areas) = layout::areas(size, scene.app.wish()) else { return 0 };
    let middle = Rect { y: 1, height: size.height - 1 - areas.footer.height, ..size };
    match scene.app.place.overlay {
        Some(Overlay::Help) => help::draw(buf, middle, scene),
        Some(Overlay::Packet) if copy::draw(buf, scene) => 0,
        Some(Overlay::Packet) => packet::draw(buf, middle, scene),
        Some(Overlay::Kernel) => kernel::draw(buf, middle, scene),
        Some(Overlay::Layers) => layers::draw(buf, middle, scene),
        Some(Overlay::Chart) => chart::draw(buf, middle, scene),
        Some(Overlay::Glossary) => glossary::draw(buf, middle, scene),
        Some(Overlay::Lessons) => lessons::draw(buf, middle, scene),
        Some(Overlay::Ending) => ending::draw(buf, middle, scene),
        Some(Overlay::Console) => console::draw(buf, scene),
        Some(Overlay::Rules) => {
            picker::draw(buf, scene);
            0
        }
        None => 0,
    }
}

/// How far the open overlay can be scrolled: found by drawing it, so that there is no second reckoning.
pub(super) fn overlay_scroll(app: &App) -> usize {
    overlay(&mut Buffer::empty(app.size), app.size, &Scene::new(app))
}
