//! Which commands can be done now: a key, a button and a click ask the same, the footer names exactly what works, and what
//! doesn't work does nothing at all.

use std::cell::OnceCell;

use crossterm::event::KeyCode::{Char, Down, Enter, Up};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Focus};
use super::command::Command;
use super::commands::{COMMANDS, CommandEntry, HiddenText};
use super::menu;
use super::panes::{self, Scrolled};

/// What can be done at one moment. What has to be laid out to know it is laid out once for all keys.
pub(super) struct AvailableCommands<'a> {
    app: &'a App,
    scrolled: OnceCell<Scrolled>,
}

impl<'a> AvailableCommands<'a> {
    pub(super) fn new(app: &'a App) -> AvailableCommands<'a> {
        AvailableCommands { app, scrolled: OnceCell::new() }
    }

    /// The same where the panes were just drawn.
    pub(super) fn drawn(app: &'a App, scrolled: Scrolled) -> AvailableCommands<'a> {
        AvailableCommands { app, scrolled: OnceCell::from(scrolled) }
    }

    /// Whether a command does something now.
    pub(super) fn have(&self, entry: &CommandEntry) -> bool {
        let app = self.app;
        let is_here = entry.focus.contains(&app.focus()) && entry.belongs(app) && (entry.applies)(app);
        is_here && entry.text.is_none_or(|beyond| self.goes_on(beyond))
    }

    /// Whether there is more of the text that the keys scroll.
    fn goes_on(&self, beyond: HiddenText) -> bool {
        let scrolled = *self.scrolled.get_or_init(|| panes::scrolled(self.app));
        scrolled.is_some_and(|(at, most)| match beyond {
            HiddenText::Above => at > 0,
            HiddenText::Below => at < most,
        })
    }
}

/// Whether a command does something now.
pub fn works(app: &App, command: Command) -> bool {
    let offered = match command {
        Command::Answer(n) => offers(app, n),
        _ => true,
    };
    let available = AvailableCommands::new(app);
    offered && COMMANDS.iter().any(|entry| entry.is_of(command) && available.have(entry))
}

/// The command that a key means now; `None` where it means nothing.
pub fn command_for(app: &App, key: KeyEvent) -> Option<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control {
        return match key.code {
            Char('c') => Some(Command::Quit),
            Char('z') => Some(Command::Suspend),
            _ => None,
        };
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    if let (Char(digit @ '1'..='9'), Focus::Panes) = (key.code, app.focus()) {
        let answer = Command::Answer(digit as usize - '1' as usize);
        return works(app, answer).then_some(answer);
    }
    // Shift tells the arrows apart; of a letter it is part of the letter itself.
    let shift = key.modifiers.contains(KeyModifiers::SHIFT) && matches!(key.code, Up | Down);
    let available = AvailableCommands::new(app);
    let meant = |code: KeyCode| {
        let has_key = |entry: &&CommandEntry| entry.shift == shift && entry.keys.contains(&code);
        COMMANDS.iter().filter(has_key).find(|entry| available.have(entry)).map(|entry| entry.command)
    };
    // Where nothing is typed or chosen, Enter goes on, as Space does.
    meant(key.code).or_else(|| meant(Char(' ')).filter(|_| key.code == Enter && app.focus() == Focus::Panes))
}

/// Whether the answer or the call of this number, from 0, is there.
fn offers(app: &App, n: usize) -> bool {
    match app.walk().question() {
        Some(ask) => n < ask.choices.len(),
        None => menu::page(app).is_some_and(|(page, ..)| page.item(n).is_some()),
    }
}
