//! The one table of commands: keys, footer, help and manual come from it.
//!
//! Each line says where and when its command can be done; `works.rs` judges by it. What has the keys is the [`Focus`]: while
//! something lies over the panes, or a line is typed, nothing else acts.

use crossterm::event::KeyCode;

use super::app::{App, Focus, Overlay, PACES};
use super::command::Command;
use super::layout::WHOLE;
use super::{calling, chart, choose, menu, programs, resume, ruling};
use crate::walk::{Phase, WireAbility};

/// One line of the table.
pub struct CommandEntry {
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
    /// Where the keys must be for it.
    pub(super) focus: &'static [Focus],
    /// Whether such a walk has it at all.
    belongs: fn(&App) -> bool,
    /// Whether it can be done now, by what the walk and the screen are like.
    pub(super) applies: fn(&App) -> bool,
    /// Where the text that the keys scroll must go on for it.
    pub(super) text: Option<HiddenText>,
}

/// Where there is more of a text than is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HiddenText {
    Above,
    Below,
}

use KeyCode::{BackTab, Char, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};

const PANES: &[Focus] = &[Focus::Panes];
const LINE: &[Focus] = &[Focus::Line];
const OVERLAY: &[Focus] = &[Focus::Overlay];
const COPY: &[Focus] = &[Focus::Copy];
const RULES: &[Focus] = &[Focus::Rules];
/// Where one looks around: nothing changes but what is seen.
const LOOKING: &[Focus] = &[Focus::Panes, Focus::Overlay];
/// Where no letter is typed.
const QUITTING: &[Focus] = &[Focus::Panes, Focus::Overlay, Focus::Unseen];
/// Where letters are typed.
const TYPED: &[Focus] = &[Focus::Line, Focus::Copy, Focus::Rules, Focus::Search];
const READING: &[Focus] = &[Focus::Panes, Focus::Line];
const PROGRAM: &[Focus] = &[Focus::Program];
const BESIDE_PROGRAM: &[Focus] = &[Focus::Panes, Focus::Program];
const ALL: &[Focus] = &[Focus::Panes, Focus::Overlay, Focus::Line, Focus::Copy, Focus::Rules, Focus::Search];

const SCROLLED: &[Focus] = &[Focus::Panes, Focus::Overlay, Focus::Line, Focus::Search, Focus::Program];

const fn entry(command: Command, id: &'static str, keys: &'static [KeyCode], shown: &'static str) -> CommandEntry {
    CommandEntry {
        command,
        id,
        keys,
        shift: false,
        shown,
        footer: None,
        focus: PANES,
        belongs: always,
        applies: always,
        text: None,
    }
}

impl CommandEntry {
    const fn footer(mut self, place: u8) -> CommandEntry {
        self.footer = Some(place);
        self
    }

    const fn when(mut self, applies: fn(&App) -> bool) -> CommandEntry {
        self.applies = applies;
        self
    }

    const fn when_text_is(mut self, beyond: HiddenText) -> CommandEntry {
        self.text = Some(beyond);
        self
    }

    const fn shift(mut self) -> CommandEntry {
        self.shift = true;
        self
    }

    const fn at(mut self, focus: &'static [Focus]) -> CommandEntry {
        self.focus = focus;
        self
    }

    const fn of(mut self, belongs: fn(&App) -> bool) -> CommandEntry {
        self.belongs = belongs;
        self
    }

    /// Whether a walk of this kind has it at all.
    pub fn belongs(&self, app: &App) -> bool {
        (self.belongs)(app)
    }

    /// Whether this line is a command's: of the answers, each one's.
    pub(super) fn is_of(&self, command: Command) -> bool {
        let same = |answer: &Command| matches!((answer, command), (Command::Answer(_), Command::Answer(_)));
        self.command == command || same(&self.command)
    }
}

/// The table, in the order of the help.
pub const COMMANDS: &[CommandEntry] = &[
    entry(Command::Next, "next", &[Char(' ')], "Space").footer(1).at(READING).when(can_go_on),
    entry(Command::NextLesson, "next_lesson", &[Enter], "Enter")
        .footer(0)
        .at(OVERLAY)
        .of(is_lesson)
        .when(shows_the_end),
    entry(Command::Next, "replay", &[Char(' ')], "Space").footer(0).of(replays).when(in_the_past),
    entry(Command::Close, "close", &[Esc, Char(' '), Enter], "Esc").footer(0).at(OVERLAY),
    entry(Command::Type, "type", &[Enter, Char(':')], "Enter").footer(1).of(drives).when(may_choose),
    entry(Command::SetUp, "set_up", &[Char('u')], "u").footer(1).of(is_lesson).when(resume::may_set_up),
    entry(Command::Type, "try", &[Char(':')], ":").footer(12).of(is_lesson).when(calling::may_try),
    entry(Command::Menu, "menu", &[Char('m')], "m").footer(1).of(drives).when(has_more_pages),
    entry(Command::Answer(0), "answer", &[], "1–9").footer(0).of(is_lesson).when(asks),
    entry(Command::Answer(0), "choose", &[], "1–9").footer(0).of(drives).when(has_menu),
    entry(Command::Send, "send", &[Enter], "Enter").footer(0).at(LINE),
    entry(Command::Offered, "offered", &[Esc], "Esc")
        .footer(1)
        .at(LINE)
        .of(is_lesson)
        .when(calling::types_a_lessons_line),
    entry(Command::Leave, "leave", &[Esc], "Esc").footer(1).at(LINE).when(calling::types_own),
    entry(Command::Complete, "complete", &[Tab], "Tab").footer(2).at(LINE).when(calling::types_own),
    entry(Command::EarlierLine, "earlier_line", &[Up], "↑").footer(3).at(LINE).when(calling::has_earlier),
    entry(Command::LaterLine, "later_line", &[Down], "↓").at(LINE).when(calling::has_earlier),
    entry(Command::Deliver, "deliver", &[Char('d')], "d").footer(2).when(may_let_go),
    entry(Command::Drop, "drop", &[Char('x')], "x").footer(3).when(may_let_go),
    entry(Command::DeliverUpTo, "deliver_up_to", &[Char('D')], "D").footer(13).when(choose::holds_several_up_to),
    entry(Command::DeliverFrom, "deliver_from", &[Char('A')], "A").footer(13).when(choose::holds_several_from_its_end),
    entry(Command::Repeat, "repeat", &[Char('R')], "R").footer(13).when(choose::may_repeat),
    entry(Command::Edit, "edit", &[Char('e')], "e").footer(1).at(OVERLAY).when(choose::may_edit),
    entry(Command::SendCopy, "send_copy", &[Enter], "Enter").footer(0).at(COPY),
    entry(Command::LeaveCopy, "leave_copy", &[Esc], "Esc").footer(0).at(COPY),
    entry(Command::NextField, "next_field", &[Tab, Down], "Tab").footer(1).at(COPY),
    entry(Command::PreviousField, "previous_field", &[BackTab, Up], "↑").footer(2).at(COPY),
    entry(Command::Older, "older", &[Char('[')], "[").when(has_segment_before),
    entry(Command::Newer, "newer", &[Char(']')], "]").when(has_segment_after),
    entry(Command::LetCall, "let_call", &[Char('e')], "e").footer(2).of(drives).when(a_call_stands),
    entry(Command::Hold, "hold", &[Char('h')], "h").footer(4).of(drives).when(may_hold),
    entry(Command::RunOn, "run_on", &[Char('H')], "H").footer(9).of(drives).when(may_hold),
    entry(Command::Unfold, "unfold", &[Char('u')], "u").footer(13).of(is_free).when(shows_programs),
    entry(Command::Console, "console", &[F(3), Char('t')], "F3").footer(1).of(runs_programs),
    entry(Command::ConsoleBack, "console_back", &[F(3)], "F3").footer(0).at(PROGRAM).of(runs_programs),
    entry(Command::ConsoleOther, "console_other", &[F(4)], "F4").footer(1).at(PROGRAM).of(runs_programs).when(runs_two),
    entry(Command::StartAgain, "start_again", &[Char('r')], "r")
        .footer(1)
        .at(BESIDE_PROGRAM)
        .of(runs_programs)
        .when(a_program_ended),
    entry(Command::Up, "up", &[Up], "↑").footer(5).when(has_older),
    entry(Command::Down, "down", &[Down], "↓").footer(5).when(has_newer),
    entry(Command::Interrupt, "interrupt", &[Char('i')], "i").footer(6).when(a_call_sleeps),
    entry(Command::Kill, "kill", &[Char('K')], "K").footer(16).when(may_kill),
    entry(Command::Pass, "pass", &[Char('w')], "w").footer(4).of(drives).when(holds_the_wire),
    entry(Command::PassOne, "pass_one", &[Char('W')], "W").footer(15).of(drives).when(has_connection),
    entry(Command::Rule, "rule", &[Char('X')], "X").of(rules_the_wire).when(ruling::may_set),
    entry(Command::SetRule, "set_rule", &[Enter], "Enter").footer(0).at(RULES).of(rules_the_wire),
    entry(Command::LeaveRules, "leave_rules", &[Esc], "Esc").footer(0).at(RULES).of(rules_the_wire),
    entry(Command::NextRule, "next_rule", &[Tab, Down], "Tab").footer(1).at(RULES).of(rules_the_wire),
    entry(Command::PreviousRule, "previous_rule", &[BackTab, Up], "↑").footer(2).at(RULES).of(rules_the_wire),
    entry(Command::RulesOff, "rules_off", &[Char('Z')], "Z").footer(5).of(rules_the_wire).when(ruling::are_in_force),
    entry(Command::Only, "only", &[Char('f')], "f").footer(12).of(is_free).when(has_connections),
    entry(Command::Back, "back", &[Left], "←").footer(4).at(LOOKING).when(has_past),
    entry(Command::Forward, "forward", &[Right], "→").footer(5).at(LOOKING).when(looks_at_the_past),
    entry(Command::StepBack, "step_back", &[PageUp], "PgUp").footer(13).at(READING).when(has_past),
    entry(Command::StepForward, "step_forward", &[PageDown], "PgDn").footer(6).when(in_the_past),
    entry(Command::First, "first", &[Home], "Home").when(has_past),
    entry(Command::Present, "present", &[End, Esc], "End").footer(0).at(LOOKING).when(in_the_past),
    entry(Command::Auto, "auto", &[Char('a')], "a").footer(8).of(is_lesson).when(can_play),
    entry(Command::Faster, "faster", &[Char('+'), Char('=')], "+").footer(7).of(is_lesson).when(can_be_faster),
    entry(Command::Slower, "slower", &[Char('-')], "-").footer(7).of(is_lesson).when(can_be_slower),
    entry(Command::Packet, "packet", &[Char('p')], "p").footer(7).at(LOOKING),
    entry(Command::Kernel, "kernel", &[Char('k')], "k").footer(8).at(LOOKING),
    entry(Command::Layers, "layers", &[Char('l')], "l").footer(8).at(LOOKING),
    entry(Command::Chart, "chart", &[Char('C')], "C").footer(12).at(LOOKING).when(chart::has_chart),
    entry(Command::ChartOther, "chart_other", &[Tab], "Tab").footer(1).at(OVERLAY).when(chart::shows_chart),
    entry(Command::Glossary, "glossary", &[Char('g')], "g").footer(8).at(LOOKING),
    entry(Command::Pane, "pane", &[Char('s'), Char('v')], "s").footer(6).when(takes_turns),
    entry(Command::Large, "large", &[Char('b')], "b").footer(14).when(has_room_for_large),
    entry(Command::Code, "code", &[Char('c')], "c").footer(11),
    entry(Command::Numbers, "numbers", &[Char('n')], "n").footer(11).at(LOOKING).when(shows_numbers),
    entry(Command::Side, "side", &[Tab, BackTab], "Tab").footer(10).when(shows_a_side),
    entry(Command::PageUp, "page_up", &[PageUp], "PgUp").at(OVERLAY).when_text_is(HiddenText::Above),
    entry(Command::PageDown, "page_down", &[PageDown], "PgDn").footer(3).at(OVERLAY).when_text_is(HiddenText::Below),
    entry(Command::ScrollUp, "up_over", &[Up], "↑").footer(2).at(OVERLAY).when_text_is(HiddenText::Above),
    entry(Command::ScrollDown, "down_over", &[Down], "↓").footer(2).at(OVERLAY).when_text_is(HiddenText::Below),
    entry(Command::ScrollUp, "scroll_up", &[Up], "Shift+↑").at(SCROLLED).shift().when_text_is(HiddenText::Above),
    entry(Command::ScrollDown, "scroll_down", &[Down], "Shift+↓").at(SCROLLED).shift().when_text_is(HiddenText::Below),
    entry(Command::Restart, "restart", &[Char('r')], "r")
        .footer(10)
        .at(LOOKING)
        .of(is_lesson)
        .when(resume::may_begin_again),
    entry(Command::Restart, "return", &[Char('r')], "r").footer(1).at(LOOKING).of(is_lesson).when(resume::may_return),
    entry(Command::Lessons, "lessons", &[Char('o'), F(2)], "o").footer(9).at(LOOKING),
    entry(Command::Lessons, "lessons_line", &[F(2)], "F2").footer(9).at(LINE),
    entry(Command::Lang, "lang", &[Char('L')], "L").footer(9).at(LOOKING).of(has_langs),
    entry(Command::Lang, "lang_lacks", &[Char('L')], "L").at(LOOKING).of(lacks_lang),
    entry(Command::Help, "help", &[Char('?')], "?").footer(0).at(LOOKING),
    entry(Command::Suspend, "suspend", &[], "Ctrl-Z").at(ALL),
    entry(Command::Quit, "quit", &[Char('q')], "q").footer(0).at(QUITTING),
    entry(Command::Quit, "quit_line", &[], "Ctrl-C").footer(0).at(TYPED),
];

fn always(_: &App) -> bool {
    true
}

fn holds_the_wire(app: &App) -> bool {
    is_present(app) && app.walk().wire() == crate::walk::WireAbility::Holds
}

fn is_present(app: &App) -> bool {
    app.is_present()
}

fn can_go_on(app: &App) -> bool {
    if replays(app) {
        return false;
    }
    if app.in_past() {
        return true;
    }
    let goes_on = match app.walk().phase() {
        Phase::Ready | Phase::Asking | Phase::Finished => app.focus() != Focus::Line,
        // As long as nobody has begun to type: then a blank is part of the line.
        Phase::Typing(_) => app.offered_line_stands(),
        Phase::Busy | Phase::Failed(_) => false,
    };
    is_present(app)
        && if is_lesson(app) {
            goes_on
        } else {
            app.focus() != Focus::Line && (programs::next(app).is_some() || programs::awaits_server(app))
        }
}

fn asks(app: &App) -> bool {
    is_present(app) && matches!(app.walk().phase(), Phase::Asking)
}

fn may_choose(app: &App) -> bool {
    is_present(app) && menu::actor(app).is_some()
}

fn has_menu(app: &App) -> bool {
    may_choose(app) && menu::page(app).is_some()
}

fn has_more_pages(app: &App) -> bool {
    may_choose(app) && menu::page(app).is_some_and(|(_, _, count)| count > 1)
}

/// Whether calls can be made in any order here.
fn drives(app: &App) -> bool {
    app.walk().steps_freely()
}

/// Whether one may have rules for the wire here: in a lesson, or where calls can be made in any order.
fn rules_the_wire(app: &App) -> bool {
    drives(app) || is_lesson(app)
}

/// Whether the terminal has the characters of another language.
fn has_langs(app: &App) -> bool {
    app.look.has_langs()
}

fn lacks_lang(app: &App) -> bool {
    !has_langs(app)
}

fn is_free(app: &App) -> bool {
    app.walk().free().is_some()
}

fn is_lesson(app: &App) -> bool {
    !is_free(app)
}

fn replays(app: &App) -> bool {
    app.replays()
}

fn a_call_stands(app: &App) -> bool {
    is_present(app) && programs::meant_call(app).is_some()
}

fn runs_programs(app: &App) -> bool {
    !app.programs.is_empty()
}

fn runs_two(app: &App) -> bool {
    app.programs.len() > 1
}

fn a_program_ended(app: &App) -> bool {
    app.ended_program().is_some()
}

fn shows_programs(app: &App) -> bool {
    !programs::actors(app).is_empty()
}

fn may_hold(app: &App) -> bool {
    is_present(app) && programs::may_hold(app)
}

fn may_let_go(app: &App) -> bool {
    is_present(app) && app.meant_held().is_some_and(|id| app.is_at_own_door(id))
}

fn has_segment_before(app: &App) -> bool {
    choose::next(app, false).is_some()
}

fn has_segment_after(app: &App) -> bool {
    choose::next(app, true).is_some()
}

fn has_older(app: &App) -> bool {
    app.next_held(false).is_some()
}

fn shows_the_end(app: &App) -> bool {
    app.place.overlay == Some(Overlay::Ending)
}

fn has_newer(app: &App) -> bool {
    app.next_held(true).is_some()
}

fn a_call_sleeps(app: &App) -> bool {
    is_present(app) && !app.sleepers().is_empty()
}

fn may_kill(app: &App) -> bool {
    is_present(app) && calling::may_kill(app)
}

fn has_connection(app: &App) -> bool {
    is_present(app) && app.chosen_connection().is_some()
}

fn has_connections(app: &App) -> bool {
    app.place.only.is_some() || !app.view().connections().is_empty()
}

fn in_the_past(app: &App) -> bool {
    app.in_past()
}

/// What is only read is the same at every moment.
fn shows_a_moment(app: &App) -> bool {
    !matches!(app.place.overlay, Some(Overlay::Help | Overlay::Glossary | Overlay::Ending))
}

fn looks_at_the_past(app: &App) -> bool {
    app.in_past() && shows_a_moment(app)
}

fn has_past(app: &App) -> bool {
    app.view().moment() > 0 && shows_a_moment(app)
}

fn can_play(app: &App) -> bool {
    is_present(app) && *app.walk().phase() != Phase::Finished
}

fn can_be_faster(app: &App) -> bool {
    app.auto().is_some() && app.pace > 0
}

fn can_be_slower(app: &App) -> bool {
    app.auto().is_some() && app.pace + 1 < PACES.len()
}

fn shows_numbers(app: &App) -> bool {
    match app.place.overlay {
        None => app.walk().wire() != WireAbility::Blind,
        Some(Overlay::Packet | Overlay::Layers) => app.chosen_segment().is_some(),
        Some(_) => false,
    }
}

/// The chosen side's frame stands out, and its newest call is shown as code; in the past only the latter.
fn shows_a_side(app: &App) -> bool {
    !app.in_past() || app.areas().is_some_and(|areas| areas.code.is_some())
}

fn has_room_for_large(app: &App) -> bool {
    let (columns, rows) = WHOLE;
    app.size.width >= columns && app.size.height >= rows
}

fn takes_turns(app: &App) -> bool {
    app.takes_turns() || runs_programs(app)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Of two lines with one key the walk or the moment chooses; no other may stand twice.
    #[test]
    fn no_id_stands_twice_and_no_key_without_need() {
        let shared: HashSet<(KeyCode, &str, &str)> = [
            (Esc, "close", "present"),
            (Esc, "offered", "leave"),
            (Char(':'), "type", "try"),
            (Char('u'), "set_up", "unfold"),
            (Enter, "next_lesson", "close"),
            (Char(' '), "next", "replay"),
            (Char('r'), "restart", "return"),
            (Char('r'), "start_again", "restart"),
            (Char('r'), "start_again", "return"),
            (F(3), "console", "console_back"),
            (Char('L'), "lang", "lang_lacks"),
        ]
        .into_iter()
        .collect();
        let mut ids = HashSet::new();
        for (n, entry) in COMMANDS.iter().enumerate() {
            assert!(ids.insert(entry.id), "{}", entry.id);
            for other in &COMMANDS[..n] {
                let meet = other.shift == entry.shift && other.focus.iter().any(|focus| entry.focus.contains(focus));
                for key in entry.keys.iter().filter(|key| meet && other.keys.contains(key)) {
                    assert!(shared.contains(&(*key, other.id, entry.id)), "{key:?}: {} and {}", other.id, entry.id);
                }
            }
        }
    }
}
