//! Keys in, screen out, on traces made by hand.

mod cells;
mod chart;
mod copy;
mod course;
mod families;
mod keys;
mod large;
mod looping;
pub(in crate::tui) mod made;
mod many;
mod picker;
mod programs;
mod screens;
mod sizes;
mod state;
mod typed_lines;

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::*;
use crate::i18n::Glyphs;
use crate::i18n::Lang;
use crate::model::HandAction;
use crate::theme::{Choice, Colours, Theme};
use crate::walk::{Happening, HappeningKind, Request, Walk};
use made::Made;

fn app_of(made: Made, lang: Lang, columns: u16, rows: u16) -> App {
    let look = Appearance::new(lang, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let now = made.clock();
    let mut app = App::new(made.walk(), look, columns, rows);
    update(&mut app, Msg::Tick, now);
    app
}

fn screen(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.width, app.size.height)).unwrap();
    terminal.draw(|frame| draw(frame, app)).unwrap();
    terminal.backend().buffer().clone()
}

/// The lines of a screen; the second half of a wide character is left out.
fn lines(buffer: &Buffer) -> Vec<String> {
    let area = buffer.area;
    let line = |y| {
        let mut text = String::new();
        let mut skip = 0;
        for x in 0..area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            skip = crate::i18n::width(symbol).saturating_sub(1);
            text.push_str(symbol);
        }
        text.trim_end().to_owned()
    };
    (0..area.height).map(line).collect()
}

fn text(app: &App) -> String {
    lines(&screen(app)).join("\n")
}

fn press(app: &mut App, code: KeyCode) -> Vec<AppEffect> {
    let now = app.now;
    update(app, Msg::Terminal(Event::Key(KeyEvent::new(code, KeyModifiers::NONE))), now)
}

/// What is asked of the world, but for its word that it has settled.
fn asked(effects: Vec<AppEffect>) -> Vec<Request> {
    let requests = effects.into_iter().filter_map(|effect| match effect {
        AppEffect::Request(request) => Some(request),
        _ => None,
    });
    requests.filter(|request| *request != Request::Settle).collect()
}

/// The world has settled.
fn settled(app: &mut App) -> Vec<AppEffect> {
    let now = app.now;
    update(app, Msg::World(0, vec![Happening { at: now, what: HappeningKind::Settled }]), now)
}

/// A step begins, of a lesson whose steps do nothing.
fn begins(step: usize) -> [Request; 1] {
    [Request::Note(Box::new(crate::model::Event::Step(step)))]
}

/// Something is done by hand: it is noted, and asked for.
fn by_hand(hand: HandAction) -> [Request; 2] {
    let request = match hand {
        HandAction::Deliver(id) => Request::Deliver(id),
        HandAction::Drop(id) => Request::Drop(id),
        HandAction::Repeat(id) => Request::Repeat(id),
        HandAction::Edit(_) | HandAction::Forge | HandAction::Call(_) | HandAction::Rule | HandAction::Sysctl => {
            panic!("with more than that")
        }
        HandAction::Interrupt(side) => Request::Interrupt(side.into(), 0),
        HandAction::Kill(side) => Request::Kill(side.into()),
    };
    [Request::Note(Box::new(crate::model::Event::ByHand(hand))), request]
}

fn keys(app: &mut App, keys: &str) {
    for key in keys.chars() {
        press(app, KeyCode::Char(key));
    }
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

/// The least processor time that this thread takes for something, of a few times: what else the machine does isn't in it.
fn least_processor_time(times: usize, mut work: impl FnMut()) -> Duration {
    let mut once = || {
        let now = || Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).unwrap();
        let begun = now();
        work();
        now().saturating_sub(begun)
    };
    (0..times).map(|_| once()).min().unwrap()
}
