//! The one table of commands: keys, footer, help and manual come from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Overlay};
use super::layout::WHOLE;
use crate::engine::Phase;

/// What the learner can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Command {
    Next,
    Back,
    Forward,
    First,
    Present,
    StepBack,
    StepForward,
    Side,
    Up,
    Down,
    Deliver,
    Drop,
    Interrupt,
    /// Type a call.
    Type,
    /// The menu's next page.
    Menu,
    /// Let segments pass by themselves, or no longer.
    Pass,
    /// The same for one connection.
    PassOne,
    /// Show one connection only.
    Only,
    Auto,
    Faster,
    Slower,
    Restart,
    Code,
    Numbers,
    Lang,
    Packet,
    Kernel,
    Layers,
    Glossary,
    Pane,
    /// The states in large letters, or not.
    Large,
    ScrollUp,
    ScrollDown,
    /// The number of the chosen answer, from 0.
    Answer(usize),
    Send,
    /// The list of lessons.
    Lessons,
    /// From the end of a lesson to the next one.
    NextLesson,
    Help,
    Quit,
}

/// One line of the table.
pub struct Entry {
    /// What it does.
    pub command: Command,
    /// Its name in the texts.
    pub id: &'static str,
    /// The keys that do it.
    pub keys: &'static [KeyCode],
    /// Whether they are pressed with Shift (matters for the arrows only).
    pub shift: bool,
    /// The keys as they are shown.
    pub shown: &'static str,
    /// Its place in the footer, the most important first; `None` where only the help names it.
    pub footer: Option<u8>,
    /// Whether it can be done now.
    pub applies: fn(&App) -> bool,
}

use KeyCode::{BackTab, Char, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

const fn entry(command: Command, id: &'static str, keys: &'static [KeyCode], shown: &'static str) -> Entry {
    Entry { command, id, keys, shift: false, shown, footer: None, applies: always }
}

impl Entry {
    const fn footer(mut self, place: u8) -> Entry {
        self.footer = Some(place);
        self
    }

    const fn when(mut self, applies: fn(&App) -> bool) -> Entry {
        self.applies = applies;
        self
    }

    const fn shift(mut self) -> Entry {
        self.shift = true;
        self
    }
}

/// The table, in the order of the help.
pub const COMMANDS: &[Entry] = &[
    entry(Command::Next, "next", &[Char(' ')], "Space").footer(1).when(can_go_on),
    entry(Command::NextLesson, "next_lesson", &[], "Enter").footer(0).when(shows_the_end),
    entry(Command::Next, "replay", &[], "Space").footer(0).when(replays_on),
    entry(Command::Type, "type", &[Enter, Char(':')], "Enter").footer(1).when(may_choose),
    entry(Command::Menu, "menu", &[Char('m')], "m").footer(1).when(may_choose),
    entry(Command::Answer(0), "answer", &[], "1–9").footer(0).when(asks),
    entry(Command::Answer(0), "choose", &[], "1–9").footer(0).when(may_choose),
    entry(Command::Send, "send", &[], "Enter").footer(0).when(types),
    entry(Command::Deliver, "deliver", &[Char('d')], "d").footer(2).when(something_waits),
    entry(Command::Drop, "drop", &[Char('x')], "x").footer(3).when(something_waits),
    entry(Command::Up, "up", &[Up], "↑").when(several_wait),
    entry(Command::Down, "down", &[Down], "↓").when(several_wait),
    entry(Command::Interrupt, "interrupt", &[Char('i')], "i").footer(12).when(a_call_sleeps),
    entry(Command::Pass, "pass", &[Char('w')], "w").footer(4).when(drives),
    entry(Command::PassOne, "pass_one", &[Char('W')], "W").when(drives),
    entry(Command::Only, "only", &[Char('f')], "f").footer(12).when(is_free),
    entry(Command::Back, "back", &[Left], "←").footer(4),
    entry(Command::Forward, "forward", &[Right], "→").footer(5).when(in_the_past),
    entry(Command::StepBack, "step_back", &[PageUp], "PgUp"),
    entry(Command::StepForward, "step_forward", &[PageDown], "PgDn").when(in_the_past),
    entry(Command::First, "first", &[Home], "Home"),
    entry(Command::Present, "present", &[End, Esc], "End").footer(0).when(in_the_past),
    entry(Command::Auto, "auto", &[Char('a')], "a").footer(11).when(is_lesson),
    entry(Command::Faster, "faster", &[Char('+'), Char('=')], "+").footer(10).when(plays),
    entry(Command::Slower, "slower", &[Char('-')], "-").footer(10).when(plays),
    entry(Command::Packet, "packet", &[Char('p')], "p").footer(7),
    entry(Command::Kernel, "kernel", &[Char('k')], "k").footer(8),
    entry(Command::Layers, "layers", &[Char('l')], "l").footer(8),
    entry(Command::Glossary, "glossary", &[Char('g')], "g").footer(9),
    entry(Command::Pane, "pane", &[Char('s'), Char('v')], "s").footer(6).when(takes_turns),
    entry(Command::Large, "large", &[Char('b')], "b").footer(12).when(has_room_for_large),
    entry(Command::Code, "code", &[Char('c')], "c").footer(9),
    entry(Command::Numbers, "numbers", &[Char('n')], "n").footer(9),
    entry(Command::Side, "side", &[Tab, BackTab], "Tab").footer(13),
    entry(Command::ScrollUp, "scroll_up", &[Up], "Shift+↑").shift(),
    entry(Command::ScrollDown, "scroll_down", &[Down], "Shift+↓").shift(),
    entry(Command::Restart, "restart", &[Char('r')], "r").footer(14).when(goes_as_told),
    entry(Command::Restart, "return", &[], "r").footer(1).when(diverged),
    entry(Command::Lessons, "lessons", &[Char('o'), F(2)], "o").footer(10),
    entry(Command::Lang, "lang", &[Char('L')], "L").footer(15),
    entry(Command::Help, "help", &[Char('?')], "?").footer(0),
    entry(Command::Quit, "quit", &[Char('q')], "q").footer(0),
];

/// The command that a key means now; `None` where it means nothing.
pub fn command_for(app: &App, key: KeyEvent) -> Option<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if control {
        return (key.code == Char('c')).then_some(Command::Quit);
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return None;
    }
    if let (Char(digit @ '1'..='9'), true) = (key.code, offers(app)) {
        return Some(Command::Answer(digit as usize - '1' as usize));
    }
    // Shift tells the arrows apart; of a letter it is part of the letter itself.
    let shift = key.modifiers.contains(KeyModifiers::SHIFT) && matches!(key.code, Up | Down);
    if key.code == Enter && shows_the_end(app) {
        return Some(Command::NextLesson);
    }
    // Without a menu to type for, Enter goes on, as Space does.
    if key.code == Enter && !drives(app) {
        return Some(Command::Next);
    }
    COMMANDS.iter().find(|entry| entry.shift == shift && entry.keys.contains(&key.code)).map(|entry| entry.command)
}

fn always(_: &App) -> bool {
    true
}

fn can_go_on(app: &App) -> bool {
    let goes_on = matches!(app.walk().phase(), Phase::Ready | Phase::Asking | Phase::Finished);
    !app.replays() && (app.in_past() || (is_lesson(app) && goes_on) || (drives(app) && something_waits(app)))
}

fn replays_on(app: &App) -> bool {
    app.replays() && app.in_past()
}

fn asks(app: &App) -> bool {
    !app.in_past() && matches!(app.walk().phase(), Phase::Asking)
}

fn may_choose(app: &App) -> bool {
    !app.in_past() && drives(app) && !types(app)
}

fn offers(app: &App) -> bool {
    asks(app) || may_choose(app)
}

/// Whether calls can be made in any order here.
fn drives(app: &App) -> bool {
    app.walk().free().is_some_and(|free| !free.sides().is_empty())
}

fn is_free(app: &App) -> bool {
    app.walk().free().is_some()
}

fn is_lesson(app: &App) -> bool {
    !is_free(app)
}

fn diverged(app: &App) -> bool {
    is_lesson(app) && app.diverged().is_some()
}

fn goes_as_told(app: &App) -> bool {
    is_lesson(app) && !diverged(app)
}

fn types(app: &App) -> bool {
    app.typing().is_some()
}

fn something_waits(app: &App) -> bool {
    let present = app.walk().trace().present();
    let doors = app.own_doors();
    !app.in_past() && present.waiting().iter().any(|id| app.waits_at(*id, doors))
}

fn shows_the_end(app: &App) -> bool {
    app.place.overlay == Some(Overlay::Ending)
}

fn several_wait(app: &App) -> bool {
    app.view().waiting().len() > 1
}

fn a_call_sleeps(app: &App) -> bool {
    !app.in_past() && app.blocked_side().is_some()
}

fn in_the_past(app: &App) -> bool {
    app.in_past()
}

fn plays(app: &App) -> bool {
    app.auto().is_some()
}

fn has_room_for_large(app: &App) -> bool {
    let (columns, rows) = WHOLE;
    app.size.width >= columns && app.size.height >= rows
}

fn takes_turns(app: &App) -> bool {
    app.takes_turns()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_key_and_no_id_stands_twice() {
        let mut keys = HashSet::new();
        let mut ids = HashSet::new();
        for entry in COMMANDS {
            assert!(ids.insert(entry.id), "{}", entry.id);
            for key in entry.keys {
                assert!(keys.insert((*key, entry.shift)), "{}: {key:?}", entry.id);
            }
        }
    }
}
