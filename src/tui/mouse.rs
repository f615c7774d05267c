//! What a click or the wheel means, by the same places that drawing uses.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::app::{App, Focus, Overlay};
use super::command::Command;
use super::footer::command_at;
use super::panes::{choice_at, lesson_at, segment_at};
use crate::model::{SegmentId, Side};

/// What it means.
pub(super) enum MouseAction {
    /// A command, as if by its key.
    Do(Command),
    /// This side is chosen.
    Side(Side),
    /// This segment is chosen.
    Segment(SegmentId),
    /// This lesson of the list is chosen.
    Choose(usize),
    /// This lesson of the list is chosen, and opened where it was before.
    Lesson(usize),
    /// The ladder scrolls, towards older segments where `true`.
    Ladder(bool),
}

/// What an event of the mouse means now; `None` where nothing.
pub(super) fn action(app: &App, event: MouseEvent) -> Option<MouseAction> {
    let areas = app.areas()?;
    let here = Position { x: event.column, y: event.row };
    let wheel = match event.kind {
        MouseEventKind::ScrollUp => Some(true),
        MouseEventKind::ScrollDown => Some(false),
        _ => None,
    };
    if app.place.overlay == Some(Overlay::Lessons) {
        return in_the_list(app, wheel, event);
    }
    if let Some(up) = wheel {
        let text = if up { Command::ScrollUp } else { Command::ScrollDown };
        let over_ladder = app.place.overlay.is_none() && areas.wire.contains(here);
        return Some(if over_ladder { MouseAction::Ladder(up) } else { MouseAction::Do(text) });
    }
    if event.kind != MouseEventKind::Down(MouseButton::Left) {
        return None;
    }
    if let Some(command) = command_at(app, here.x, here.y) {
        return Some(MouseAction::Do(command));
    }
    if areas.header.contains(here) {
        // The banner of the past leads back; the right end of the title names the help.
        let command = if app.in_past() { Command::Present } else { Command::Help };
        return Some(MouseAction::Do(command));
    }
    if app.place.overlay.is_some() {
        return Some(MouseAction::Do(Command::Close));
    }
    if let Some(n) = choice_at(app, here.x, here.y) {
        return Some(MouseAction::Do(Command::Answer(n)));
    }
    if app.focus() != Focus::Panes {
        return None;
    }
    let large = areas.large.iter().flat_map(|large| [(large.server, Side::Server), (large.client, Side::Client)]);
    let mut sides = [(areas.server, Side::Server), (areas.client, Side::Client)].into_iter().chain(large);
    if let Some((_, side)) = sides.find(|(area, _)| area.contains(here)) {
        return Some(MouseAction::Side(side));
    }
    segment_at(app, areas.wire, here.x, here.y).map(MouseAction::Segment)
}

/// What it means over the list of lessons: the wheel chooses, a click too; a click beside the list closes it.
fn in_the_list(app: &App, wheel: Option<bool>, event: MouseEvent) -> Option<MouseAction> {
    let last = app.found_lessons().len().saturating_sub(1);
    let chosen = app.choosing.chosen;
    match (wheel, event.kind) {
        (Some(true), _) => return Some(MouseAction::Choose(chosen.saturating_sub(1))),
        (Some(false), _) => return Some(MouseAction::Choose((chosen + 1).min(last))),
        (None, MouseEventKind::Down(MouseButton::Left)) => {}
        _ => return None,
    }
    match lesson_at(app, event.column, event.row) {
        (Some(n), _) => Some(MouseAction::Lesson(n)),
        (None, true) => None,
        (None, false) => Some(MouseAction::Do(Command::Close)),
    }
}
