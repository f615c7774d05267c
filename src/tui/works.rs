//! Which commands can be done now: a key, a button and a click ask the same, the footer names exactly what works, and what
//! doesn't work does nothing at all.

use crossterm::event::KeyCode::{Char, Down, Enter, Up};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Focus};
use super::commands::{COMMANDS, Command, CommandEntry, HiddenText};
use super::{menu, panes};

impl CommandEntry {
    /// Whether it does something now.
    pub fn works(&self, app: &App) -> bool {
        let is_here = self.focus.contains(&app.focus()) && self.belongs(app) && (self.applies)(app);
        is_here && self.text.is_none_or(|beyond| goes_on(app, beyond))
    }
}

/// Whether a command does something now.
pub fn works(app: &App, command: Command) -> bool {
    let offered = match command {
        Command::Answer(n) => offers(app, n),
        _ => true,
    };
    offered && COMMANDS.iter().any(|entry| entry.is_of(command) && entry.works(app))
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
    let meant = |code: KeyCode| {
        let has_key = |entry: &&CommandEntry| entry.shift == shift && entry.keys.contains(&code);
        COMMANDS.iter().filter(has_key).find(|entry| entry.works(app)).map(|entry| entry.command)
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

/// Whether there is more of the text that the keys scroll.
fn goes_on(app: &App, beyond: HiddenText) -> bool {
    scrolled(app).is_some_and(|(at, most)| match beyond {
        HiddenText::Above => at > 0,
        HiddenText::Below => at < most,
    })
}

/// How far the text that the keys scroll is scrolled, and can be.
fn scrolled(app: &App) -> Option<(usize, usize)> {
    if app.place.overlay.is_none() {
        return panes::explain_scroll(app);
    }
    if app.focus() == Focus::Program {
        let most = app.program()?.console.most_back();
        return Some((most - app.place.back.min(most), most));
    }
    let most = panes::overlay_scroll(app);
    Some((app.place.over.min(most), most))
}
