//! The list of lessons over a walk: its keys, and what opening a lesson does.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;

use super::app::{App, Overlay};
use super::catalogue::{Catalogue, Choosing, LessonRow, NotOpened, Opened, Opens, Reached, found};
use super::messages::{AppEffect, clean};
use crate::lesson::Glossary;
use crate::walk::Walk;

/// The rows that a page of the list turns.
const PAGE: usize = 10;

impl App {
    /// The catalogue has come that was asked for, for this overlay.
    pub fn listed(&mut self, catalogue: Catalogue, overlay: Overlay) {
        let here = catalogue.here.as_ref().and_then(|here| catalogue.rows.iter().position(|row| row.id == *here));
        self.choosing = Choosing { chosen: here.unwrap_or(0), ..Choosing::default() };
        self.catalogue = Some(catalogue);
        self.opens(overlay);
        // Nothing goes on behind the list by itself.
        self.auto = None;
        self.changed = true;
    }

    /// A lesson was opened in the place of the walk.
    pub fn opened(&mut self, opened: Opened) {
        self.restarted(opened.walk);
        self.auto = None;
        self.catalogue = None;
        self.first = opened.told;
        self.furthest = None;
        let again = opened.reached.again;
        self.reached_before(opened.reached);
        if let Some(last) = again {
            self.run_again(last);
        }
    }

    /// The lesson of this name couldn't be opened: the list says why.
    pub fn not_opened(&mut self, lesson: &str, error: NotOpened) {
        let found =
            self.catalogue.as_ref().and_then(|catalogue| catalogue.rows.iter().position(|row| row.id == lesson));
        if self.place.overlay != Some(Overlay::Lessons) {
            self.choosing = Choosing { chosen: found.unwrap_or(0), ..Choosing::default() };
            self.opens(Overlay::Lessons);
        }
        if error.lost {
            self.trouble = Some(error.why.clone());
        }
        self.choosing.failed = Some(error.why);
        self.changed = true;
    }

    /// What earlier walks left.
    pub fn reached_before(&mut self, reached: Reached) {
        (self.ran_again, self.kept, self.set_up) = (reached.again, reached.kept, None);
        self.furthest = self.furthest.max(reached.furthest);
    }

    /// The lesson is read whose outline the page was drawn of: this is the same walk through the whole, in which nothing has happened either,
    /// and of which the page is the same.
    pub fn is_read(&mut self, walk: Walk) {
        self.walk = walk;
    }

    /// The rows of the list that are shown now.
    pub(super) fn found_lessons(&self) -> Vec<&LessonRow> {
        let Some(catalogue) = &self.catalogue else { return Vec::new() };
        let found = found(&catalogue.rows, self.choosing.search.value(), Glossary::shipped());
        found.into_iter().map(|n| &catalogue.rows[n]).collect()
    }
}

/// Takes a key while the list is open: all letters are the search's.
pub(super) fn key(app: &mut App, key: KeyEvent, effects: &mut Vec<AppEffect>) {
    app.changed = true;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let last = app.found_lessons().len().saturating_sub(1);
    let chosen = app.choosing.chosen;
    let moved = match key.code {
        KeyCode::Char('c') if control => return effects.push(AppEffect::Quit),
        KeyCode::Esc | KeyCode::F(2) => return app.closes_overlay(),
        KeyCode::Enter => return open_chosen(app, effects),
        KeyCode::Up | KeyCode::BackTab => chosen.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => chosen + 1,
        KeyCode::PageUp => chosen.saturating_sub(PAGE),
        KeyCode::PageDown => chosen + PAGE,
        KeyCode::Home => 0,
        KeyCode::End => last,
        _ => return search(app, &Event::Key(key)),
    };
    choose(app, moved.min(last));
}

/// Chooses one of the lessons that are found.
pub(super) fn choose(app: &mut App, chosen: usize) {
    (app.choosing.chosen, app.choosing.refused, app.choosing.failed) = (chosen, false, None);
}

/// A click on one of the lessons that are found: the first chooses it, the second opens it.
pub(super) fn click(app: &mut App, n: usize, effects: &mut Vec<AppEffect>) {
    if app.choosing.chosen == n { open_chosen(app, effects) } else { choose(app, n) }
}

/// Changes what is searched for; the best that is found is chosen.
pub(super) fn search(app: &mut App, event: &Event) {
    let before = app.choosing.search.value().to_owned();
    match event {
        Event::Paste(text) => {
            let text = before.clone() + &clean(text);
            app.choosing.search = Input::new(clean(&text));
        }
        event => {
            if let Some(request) = tui_input::backend::crossterm::to_input_request(event) {
                app.choosing.search.handle(request);
            }
        }
    }
    app.changed = true;
    if app.choosing.search.value() != before {
        (app.choosing.chosen, app.choosing.refused, app.choosing.failed) = (0, false, None);
    }
}

/// Opens the lesson that is chosen; the one that is walked now needs only the list to go.
fn open_chosen(app: &mut App, effects: &mut Vec<AppEffect>) {
    let Some(row) = app.found_lessons().get(app.choosing.chosen).map(|row| (*row).clone()) else { return };
    let Some(catalogue) = &app.catalogue else { return };
    if catalogue.here.as_deref() == Some(row.id.as_str()) {
        app.closes_overlay();
    } else if row.bar.is_some() || matches!(catalogue.opens, Opens::Elsewhere(_)) {
        app.choosing.refused = true;
    } else {
        effects.push(AppEffect::Open(row.id));
    }
}

/// Goes on from the end of a lesson: to the next one that runs here, else to the list.
pub(super) fn go_on(app: &mut App, effects: &mut Vec<AppEffect>) {
    match app.catalogue.as_ref().and_then(Catalogue::next) {
        Some(next) => effects.push(AppEffect::Open(next.id.clone())),
        None => effects.push(AppEffect::List(Overlay::Lessons)),
    }
}
