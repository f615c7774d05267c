//! The keys that mean something now; each is a button too.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::app::App;
use super::command::Command;
use super::commands::{COMMANDS, CommandEntry};
use super::panes::{Scrolled, before_text};
use super::scene::{Scene, put};
use super::works::AvailableCommands;
use crate::i18n::width as display_width;

/// Up to this place in the footer a key has its label before the others have.
const LABELLED: u8 = 3;

/// A key of the footer, and its label where there is room for it.
type FooterKey = (&'static CommandEntry, bool);

/// A button's place.
struct Button {
    entry: &'static CommandEntry,
    label: String,
    at: Rect,
}

/// What stands in the footer.
struct Footer {
    buttons: Vec<Button>,
    /// Where it is said that keys without labels follow.
    further: Option<Rect>,
}

/// Draws them; the panes are drawn already.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>, scrolled: Scrolled) {
    let footer = footer(&AvailableCommands::drawn(scene.app, scrolled), scene.app, area);
    if let Some(at) = footer.further {
        put(buf, at, [Line::styled(scene.texts.help.further.clone(), scene.theme.dim.0)]);
    }
    for button in footer.buttons {
        let line = Line::from(vec![
            Span::styled(scene.app.look.glyphs.key(button.entry.shown), scene.theme.key.0),
            Span::styled(button.label, scene.theme.dim.0),
        ]);
        put(buf, button.at, [line]);
    }
}

/// The button at a place of the screen.
pub(super) fn command_at(app: &App, x: u16, y: u16) -> Option<Command> {
    let area = app.areas()?.footer;
    let hit = footer(&AvailableCommands::new(app), app, area)
        .buttons
        .into_iter()
        .find(|button| button.at.contains(Position { x, y }))?;
    // A click doesn't say which of the nine answers is meant.
    (!matches!(hit.entry.command, Command::Answer(_))).then_some(hit.entry.command)
}

/// The buttons in the order of the table. Where they don't all fit, the least important lose their labels and stand at the end,
/// and only then any is left to the help.
fn footer(available: &AvailableCommands<'_>, app: &App, area: Rect) -> Footer {
    let works = |entry: &&'static CommandEntry| entry.footer.is_some() && available.have(entry);
    let mut shown: Vec<FooterKey> = COMMANDS.iter().filter(works).map(|entry| (entry, true)).collect();
    loop {
        if let Some(footer) = lay_out(app, area, &shown) {
            return footer;
        }
        let least = |shown: &[FooterKey], most: fn(&FooterKey) -> bool| {
            let meant = shown.iter().enumerate().filter(|(_, shown)| most(shown));
            meant.max_by_key(|(_, (entry, _))| entry.footer).map(|(n, _)| n)
        };
        let unlabelled = least(&shown, |(entry, label)| *label && entry.footer > Some(LABELLED));
        match (unlabelled, least(&shown, |_| true)) {
            (Some(n), _) => shown[n].1 = false,
            (None, Some(n)) => drop(shown.remove(n)),
            (None, None) => return Footer { buttons: Vec::new(), further: None },
        }
    }
}

fn lay_out(app: &App, area: Rect, shown: &[FooterKey]) -> Option<Footer> {
    let (mut x, mut y) = (area.x + 1, area.y);
    let mut place = |width: u16, gap: u16| {
        if x + width >= area.right() {
            (x, y) = (area.x + 1, y + 1);
        }
        let fits = y < area.bottom() && x + width <= area.right();
        let at = Rect::new(x, y, width, 1);
        x += width + gap;
        fits.then_some(at)
    };
    let mut footer = Footer { buttons: Vec::new(), further: None };
    for (entry, _) in shown.iter().filter(|(_, labelled)| *labelled) {
        let label = format!(" {}", app.texts().label(entry.id));
        let key = app.look.glyphs.key(entry.shown);
        let at = place((display_width(&key) + display_width(&label)) as u16, 2)?;
        footer.buttons.push(Button { entry, label, at });
    }
    for (entry, _) in shown.iter().filter(|(_, labelled)| !labelled) {
        let width = display_width(&app.look.glyphs.key(entry.shown)) as u16;
        // The word stands on one row with the first key that it leads to.
        let word = display_width(&before_text(&app.texts().help.further)) as u16;
        let word = if footer.further.is_none() { word } else { 0 };
        let at = place(word + width, 1)?;
        footer.further = footer.further.or(Some(Rect { width: word, ..at }));
        let at = Rect { x: at.x + word, width, ..at };
        footer.buttons.push(Button { entry, label: String::new(), at });
    }
    Some(footer)
}
