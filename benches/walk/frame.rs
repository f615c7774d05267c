//! One frame of the interface, with a short and with a long trace.

use std::cell::RefCell;
use std::convert::Infallible;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwalk::i18n::Glyphs;
use sockwalk::i18n::Lang;
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{App, Appearance, Msg, draw, update};

use crate::Effort;
use crate::long::Long;
use crate::table::{Aim, Row, median};

const AIM: Aim = Aim { at_most: 1.5, unit: "×" };
const SHORT: usize = 1000;
/// A frame is so short that several are timed at once.
const AT_ONCE: u32 = 5;

/// An interface and the terminal that it is drawn on.
type Screen = RefCell<(App, Terminal<TestBackend>)>;

/// The rows: the present, and a moment in the middle.
pub fn rows(criterion: &mut Criterion, effort: Effort) -> Vec<Row> {
    let names = ["frame, of a short trace's", "frame looking back, of a short trace's"];
    let screens = [SHORT, effort.entries].map(|entries| screen(entries).map(RefCell::new));
    let [Ok(short), Ok(long)] = &screens else {
        let why = screens.into_iter().find_map(Result::err).unwrap_or_default();
        return names.map(|name| Row::absent(name, &AIM, &why)).into();
    };
    let mut rows = Vec::new();
    for (name, past) in names.into_iter().zip([false, true]) {
        if past {
            [short, long].into_iter().for_each(look_back);
        }
        for (screen, entries) in [(short, SHORT), (long, effort.entries)] {
            let name = format!("{}/{entries}", if past { "frame looking back" } else { "frame" });
            criterion.bench_function(&name, |bencher| bencher.iter(|| frame(black_box(screen))));
        }
        let pair = |_| (time(short), time(long));
        let pairs: Vec<(f64, f64)> = (0..effort.frames).map(pair).collect();
        let of = |which: fn(&(f64, f64)) -> f64| median(&pairs.iter().map(which).collect::<Vec<_>>());
        let (short, long, ratio) = (of(|pair| pair.0), of(|pair| pair.1), of(|pair| pair.1 / pair.0));
        let note = format!("{} entries {long:.0} µs, {SHORT} entries {short:.0} µs", effort.entries);
        rows.push(Row::new(name, ratio, &AIM, &note));
    }
    rows
}

fn screen(entries: usize) -> Result<(App, Terminal<TestBackend>), String> {
    let long = Long::new(entries)?;
    let now = long.clock();
    let theme = Theme::load(Choice::Dark, Colours::All).map_err(|error| error.to_string())?;
    let look = Appearance::new(Lang::EN, theme, Glyphs::Unicode).map_err(|error| error.to_string())?;
    let mut app = App::new(long.walk(), look, 120, 40);
    update(&mut app, Msg::Tick, now);
    let terminal = Terminal::new(TestBackend::new(120, 40)).map_err(|error: Infallible| error.to_string())?;
    Ok((app, terminal))
}

fn frame(screen: &Screen) {
    let (app, terminal) = &mut *screen.borrow_mut();
    let Ok(_) = terminal.draw(|frame| draw(frame, app));
}

/// One frame, in microseconds.
fn time(screen: &Screen) -> f64 {
    let begun = Instant::now();
    (0..AT_ONCE).for_each(|_| frame(screen));
    begun.elapsed().as_secs_f64() * 1e6 / f64::from(AT_ONCE)
}

/// Goes back to a moment in the middle, step by step.
fn look_back(screen: &Screen) {
    let (app, _) = &mut *screen.borrow_mut();
    let middle = app.walk().trace().now() / 2;
    while app.view().moment() > middle {
        let key = Event::Key(KeyEvent::new(KeyCode::PageUp, KeyModifiers::NONE));
        update(app, Msg::Terminal(key), Duration::ZERO);
    }
}
