//! What must hold of every cell, whatever is shown.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier, Style};

use super::course::{listed, over};
use super::made::Made;
use super::screens::MOMENTS;
use super::state::{State, states};
use super::*;
use crate::lesson::{builtin, builtin_names};
use crate::model::Mode;
use crate::theme::testing::least_contrast;
use crate::tui::command::Command;
use crate::tui::fit::laid_out;
use crate::tui::works::command_for;
use crate::walk::Phase;

/// The smallest window, and one in which everything is seen at once.
const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

/// Every kind of screen: each state of the keys, what can lie over the panes at each moment of a walk, the list, the end's page,
/// large letters, and windows that are too small.
fn kinds(columns: u16, rows: u16) -> Vec<State> {
    let mut kinds = states(columns, rows);
    let mut add = |name: String, make: Box<dyn Fn() -> App>| kinds.push((name, make));
    for (moment, made) in MOMENTS {
        for view in ["", "s", "ss", "c", "p", "k", "l", "g", "?", "n", "b", "L"] {
            let name = format!("{moment} {view}");
            let make = move || {
                let mut app = app_of(made(), Lang::EN, columns, rows);
                keys(&mut app, view);
                app
            };
            add(name, Box::new(make));
        }
    }
    for overlay in [Overlay::Lessons, Overlay::Ending] {
        let make = move || {
            let mut app = over(Lang::EN, columns, rows);
            listed(&mut app, overlay, "echo", |row| {
                if row.id == "calls" {
                    row.bar = Some(crate::i18n::testing::both("no luck", "运气不好"));
                }
            });
            app
        };
        add(format!("{overlay:?}"), Box::new(make));
    }
    kinds
}

/// The look of a terminal with these characters.
pub(super) fn look_in(glyphs: Glyphs, theme: Theme) -> Appearance {
    Appearance::new(Lang::EN, theme, glyphs).unwrap()
}

#[track_caller]
fn all_ascii(name: &str, buffer: &Buffer) {
    let strange = buffer.content.iter().find(|cell| !cell.symbol().is_ascii());
    assert!(strange.is_none(), "{name}: {strange:?}\n{}", lines(buffer).join("\n"));
}

#[test]
fn a_terminal_of_ascii_gets_nothing_else() {
    for (columns, rows) in SIZES.into_iter().chain([(40, 10)]) {
        for (name, make) in kinds(columns, rows) {
            let mut app = make();
            let theme = Theme::load(Choice::Dark, Colours::Sixteen).unwrap();
            let large = app.look.large;
            app.look = Appearance { large, ..look_in(Glyphs::Ascii, theme) };
            let buffer = screen(&app);
            all_ascii(&name, &buffer);
            let footer = lines(&buffer).split_off(usize::from(rows) - 2).join("  ");
            for part in ["\\u{", "中", " ^ ", " v ", " < "] {
                assert!(!footer.contains(part), "{name}: {footer}");
            }
        }
    }
}

/// Every text of every lesson.
#[test]
fn lessons_can_be_read_in_ascii() {
    for name in builtin_names() {
        let lesson = Arc::new(builtin(name).unwrap().unwrap());
        let theme = Theme::load(Choice::Mono, Colours::Sixteen).unwrap();
        let walk = |last| laid_out(&lesson, Mode::Lab, Lang::EN, last, Phase::Ready);
        let mut app = App::new(walk(None), look_in(Glyphs::Ascii, theme), 100, 30);
        all_ascii(name, &screen(&app));
        for (n, step) in lesson.steps.iter().enumerate() {
            app.walk = walk(Some(n));
            all_ascii(name, &screen(&app));
            let asked = step.ask.iter().flat_map(|ask| ask.labels.iter().chain([&ask.question]));
            let words = [&step.title, &step.say].into_iter().chain(asked).chain([&lesson.goal, &lesson.recap]);
            for words in words {
                assert!(Glyphs::Ascii.have(words.get(Lang::EN)), "{name}: a character has no likeness: {words:?}");
            }
        }
    }
    let glossary = crate::lesson::Glossary::load().unwrap();
    for term in glossary.terms() {
        assert!(Glyphs::Ascii.have(term.say.get(Lang::EN)) && Glyphs::Ascii.have(&term.source), "{term:?}");
    }
}

/// Where Chinese can't be shown, it isn't chosen, and its key says why.
#[test]
fn the_key_of_the_other_language_says_why_it_is_not_there() {
    let mut app = app_of(Made::to_syn_sent(), Lang::EN, 80, 24);
    app.look = look_in(Glyphs::Ascii, Theme::load(Choice::Dark, Colours::All).unwrap());
    let why = "Chinese can't be shown here";
    assert!(!text(&app).contains(why));
    keys(&mut app, "L");
    assert_eq!(app.lang(), Lang::EN);
    assert!(text(&app).contains(why), "{}", text(&app));
    keys(&mut app, "n");
    assert!(!text(&app).contains(why), "until the next key");
}

fn themes() -> Vec<Theme> {
    let choices = [Choice::Dark, Choice::Light, Choice::Mono];
    let all = choices.into_iter().flat_map(|choice| [Colours::All, Colours::Sixteen].map(|colours| (choice, colours)));
    all.map(|(choice, colours)| Theme::load(choice, colours).unwrap()).collect()
}

/// The styles of a drawn screen are those of what is drawn. Whatever stood in a cell before, nothing of it is left, by a text, a line or a
/// frame: so what is drawn over something else can't keep its style. And a name has one style, from its first letter to its last.
#[test]
fn each_cell_has_the_style_of_what_stands_in_it() {
    for (columns, rows) in SIZES {
        for (name, make) in kinds(columns, rows) {
            let mut app = make();
            // In the smallest window everything is seen in turn; there all themes are tried.
            for theme in themes().into_iter().take(if rows == 24 { 6 } else { 1 }) {
                app.look.theme = theme;
                let buffer = over_a_strange_screen(&app);
                let shown = || format!("{name} {columns}x{rows}\n{}", lines(&buffer).join("\n"));
                let kept = buffer.content.iter().find(|cell| cell.symbol() != UNTOUCHED && has_strange_style(cell));
                assert!(kept.is_none(), "{kept:?} {}", shown());
                for row in buffer.content.chunks(usize::from(columns)) {
                    let broken =
                        row.windows(2).find(|pair| pair.iter().all(is_of_a_name) && pair[0].style() != pair[1].style());
                    assert!(broken.is_none(), "{broken:?} {}", shown());
                }
            }
        }
    }
}

/// Whatever is drawn over whatever: a letter has another look than what it stands on, in each theme and palette.
#[test]
fn each_letter_can_be_told_from_its_background() {
    let choices = [Choice::Dark, Choice::Light, Choice::Mono];
    let all = choices.into_iter().flat_map(|choice| [Colours::All, Colours::Sixteen].map(|n| (choice, n)));
    let all: Vec<_> = all.chain([(Choice::Either, Colours::Sixteen)]).collect();
    let mut pale = BTreeSet::new();
    for (name, make) in kinds(SIZES[0].0, SIZES[0].1) {
        let mut app = make();
        for of in &all {
            app.look.theme = Theme::load(of.0, of.1).unwrap();
            let buffer = screen(&app);
            let letters = buffer.content.iter().filter(|cell| cell.symbol() != " ");
            for style in letters.map(Cell::style).collect::<HashSet<_>>() {
                let least = least_contrast(style, *of);
                if least < 3.0 {
                    pale.insert(format!("{of:?} {style:?} {least:.1} {name}"));
                }
            }
        }
    }
    assert!(pale.is_empty(), "{pale:#?}");
}

/// Tab chooses a side, and each press of it shows, in letters and lines, not in a colour alone: also the one that chooses neither
/// again.
#[test]
fn each_tab_shows_what_it_chose() {
    let mut silent = BTreeSet::new();
    let both = [Glyphs::Unicode, Glyphs::Ascii];
    for (columns, rows, glyphs) in [(80, 24, &both[..]), (100, 30, &both[..]), (120, 40, &both[..1])] {
        for (name, make) in kinds(columns, rows) {
            for glyphs in glyphs.iter().copied() {
                let mut app = make();
                app.look.glyphs = glyphs;
                let tab = KeyEvent::from(KeyCode::Tab);
                if command_for(&app, tab) != Some(Command::Side) {
                    continue;
                }
                let mut before = lines(&screen(&app));
                for nth in 1..=4 {
                    if command_for(&app, tab) != Some(Command::Side) {
                        break;
                    }
                    press(&mut app, KeyCode::Tab);
                    let shown = lines(&screen(&app));
                    if std::mem::replace(&mut before, shown.clone()) == shown {
                        silent.insert(format!("{columns}x{rows} {glyphs:?} {name}: press {nth}"));
                    }
                }
            }
        }
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

const UNTOUCHED: &str = "\u{fffd}";
const STRANGE: Style = Style::new()
    .fg(Color::Rgb(1, 2, 3))
    .bg(Color::Rgb(4, 5, 6))
    .add_modifier(Modifier::CROSSED_OUT.union(Modifier::SLOW_BLINK));

/// Draws where everything had another style before.
fn over_a_strange_screen(app: &App) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(app.size.width, app.size.height)).unwrap();
    let frame = terminal.draw(|frame| {
        for cell in &mut frame.buffer_mut().content {
            cell.set_symbol(UNTOUCHED).set_style(STRANGE);
        }
        draw(frame, app);
    });
    frame.unwrap().buffer.clone()
}

fn has_strange_style(cell: &Cell) -> bool {
    Some(cell.fg) == STRANGE.fg || Some(cell.bg) == STRANGE.bg || cell.modifier.intersects(STRANGE.add_modifier)
}

/// The names of states, flags and errors are written so.
fn is_of_a_name(cell: &Cell) -> bool {
    cell.symbol().chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
