//! The keys that mean something now; each is a button too.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::i18n::width as display_width;
use crate::tui::app::{App, Overlay};
use crate::tui::commands::{COMMANDS, Command, Entry};
use crate::tui::scene::Scene;

/// A button's place.
struct Button {
    entry: &'static Entry,
    label: String,
    at: Rect,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    for button in buttons(scene.app, area) {
        let line = Line::from(vec![
            Span::styled(button.entry.shown, scene.theme.key.0),
            Span::styled(format!(" {}", button.label), scene.theme.dim.0),
        ]);
        buf.set_line(button.at.x, button.at.y, &line, button.at.width);
    }
}

/// The button at a place of the screen.
pub(in crate::tui) fn command_at(app: &App, x: u16, y: u16) -> Option<Command> {
    let area = app.areas()?.footer;
    let hit = buttons(app, area).into_iter().find(|button| button.at.contains(Position { x, y }))?;
    // A click doesn't say which of the nine answers is meant.
    (!matches!(hit.entry.command, Command::Answer(_))).then_some(hit.entry.command)
}

/// The buttons in the order of the table. Where they don't all fit, the least important are left to the help.
fn buttons(app: &App, area: Rect) -> Vec<Button> {
    let mut entries: Vec<&'static Entry> =
        COMMANDS.iter().filter(|entry| entry.footer.is_some() && (entry.applies)(app)).collect();
    if app.place.overlay == Some(Overlay::Lessons) {
        // All letters are the search's; the list's own frame says which keys are left.
        entries.clear();
    }
    loop {
        if let Some(buttons) = lay_out(app, area, &entries) {
            return buttons;
        }
        let last = entries.iter().enumerate().max_by_key(|(_, entry)| entry.footer).map(|(n, _)| n);
        let Some(last) = last else { return Vec::new() };
        entries.remove(last);
    }
}

fn lay_out(app: &App, area: Rect, entries: &[&'static Entry]) -> Option<Vec<Button>> {
    let (mut x, mut y) = (area.x + 1, area.y);
    let mut buttons = Vec::new();
    for entry in entries {
        let label = app.texts().label(entry.id).to_owned();
        let width = (display_width(entry.shown) + 1 + display_width(&label)) as u16;
        if x + width >= area.right() {
            x = area.x + 1;
            y += 1;
        }
        if y >= area.bottom() || x + width > area.right() {
            return None;
        }
        buttons.push(Button { entry, label, at: Rect::new(x, y, width, 1) });
        x += width + 2;
    }
    Some(buttons)
}
