//! A line that the learner types of their own accord: a call, a changed or made segment, a rule of the wire, in a lesson also the step to which
//! the walk goes back.

use tui_input::Input;

use super::app::App;
use super::command::Command;
use super::menu;
use super::messages::AppEffect;
use crate::model::typed::{self, Mistyped, Nameable, complete};
use crate::model::{Call, SettingFault, Side, edit, is_setting, rule};
use crate::walk::{Phase, WalkCommand, WireAbility};

/// The word that begins a line which names a step.
const GO: &str = "go";

impl App {
    /// Whether such a line is typed, and not one that a lesson sends.
    pub(super) fn types_own(&self) -> bool {
        self.typing().is_some() && !matches!(self.walk.phase(), Phase::Typing(_))
    }

    /// Has the walk do something: its newest is shown.
    pub(super) fn does(&mut self, order: WalkCommand) {
        self.place.ladder = 0;
        self.again = None;
        self.place.explain = None;
        self.walk.command(order, self.now);
    }
}

/// Begins such a line with what is offered.
pub(super) fn begin(app: &mut App, offered: &str) {
    if menu::caller(app).is_some() || app.walk.runner().is_some() {
        // The cursor stands behind what is offered, of a text inside its quotation marks.
        let end = offered.rfind('"').unwrap_or(offered.len());
        let cursor = offered[..end].chars().count();
        let input = Input::new(offered.to_owned());
        app.input = Some(if offered.is_empty() { input } else { input.with_cursor(cursor) });
        app.lines.forget();
    }
}

pub(super) fn stop(app: &mut App) {
    app.input = None;
    app.lines.forget();
    app.changed = true;
}

pub(super) fn make(app: &mut App, side: Side, call: Call) -> WalkCommand {
    app.place.menu = 0;
    app.lines.forget();
    WalkCommand::Call(side, call)
}

/// Takes the line that was typed. What it isn't is told, and the line stays.
pub(super) fn send(app: &mut App, effects: &mut Vec<AppEffect>) {
    let Some(text) = app.input.as_ref().map(|input| input.value().trim().to_owned()) else { return };
    let order = match text.strip_prefix(GO).filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
        _ if text.is_empty() => return stop(app),
        Some(step) if app.walk.runner().is_some() => match app.step_named(step.trim()) {
            Ok(step) => {
                app.lines.keep(text);
                stop(app);
                return app.go_to(step, effects);
            }
            Err(mistyped) => Err(mistyped),
        },
        _ => meant(app, &text),
    };
    match order {
        Ok(order) => {
            app.input = None;
            app.lines.keep(text);
            app.does(order);
        }
        Err(mistyped) => app.lines.mistyped = Some(mistyped),
    }
}

fn meant(app: &mut App, text: &str) -> Result<WalkCommand, Mistyped> {
    if edit::is_edit(text) {
        return app.made_of(text).map_err(Mistyped::Edit);
    }
    if rule::is_rule(text) {
        return app.rule_of(text).map_err(Mistyped::Rule);
    }
    if is_setting(text) {
        let is_lab = app.walk.wire() == WireAbility::Holds;
        let change = if is_lab { text.parse() } else { Err(SettingFault::NoLab) };
        return change.map(WalkCommand::Sysctl).map_err(Mistyped::Setting);
    }
    let call = typed::parse(text, &menu::usual(app))?;
    let Some(actor) = menu::caller(app) else { return Err(Mistyped::OfProgram) };
    // One thread makes one call at a time: what was typed stays, and is told why.
    match app.walk.trace().present().open_call(actor) {
        Some(open) => Err(Mistyped::Busy(actor, open.call.name())),
        None => Ok(make(app, actor.side, call)),
    }
}

/// In a lesson a call of one's own can be made at any step, where the lesson wants no line.
pub(super) fn may_try(app: &App) -> bool {
    app.is_present() && app.typing().is_none()
}

pub(super) fn types_own(app: &App) -> bool {
    app.types_own()
}

pub(super) fn types_a_lessons_line(app: &App) -> bool {
    !app.types_own()
}

impl App {
    /// Does what is done with a line that is being typed, besides typing.
    pub(super) fn with_line(&mut self, command: Command) {
        let Some(input) = &self.input else { return };
        let (line, cursor) = (input.value().to_owned(), input.cursor());
        self.lines.offers.clear();
        match command {
            Command::Complete => {
                let end = line.char_indices().nth(cursor).map_or(line.len(), |(at, _)| at);
                let (before, behind) = line.split_at(end);
                let completion = complete(before, &self.nameable());
                match completion.extended(before) {
                    Some(longer) => {
                        let cursor = longer.chars().count();
                        let line = longer + behind.trim_start();
                        self.input = Some(Input::new(line).with_cursor(cursor));
                    }
                    None => self.lines.offers = completion.fits,
                }
            }
            Command::EarlierLine | Command::LaterLine => {
                let other = self.lines.other(&line, command == Command::LaterLine);
                self.input = other.map(Input::new).or(self.input.take());
                self.lines.mistyped = None;
            }
            _ => {}
        }
    }

    /// What a line may name: the descriptors of whoever would call, and the lesson's steps.
    fn nameable(&self) -> Nameable {
        let fds = menu::caller(self).map(|actor| menu::descriptors(self, actor)).unwrap_or_default();
        let reached = self.walk.runner().zip(self.furthest).into_iter().flat_map(|(runner, furthest)| {
            let steps = runner.steps().iter().filter(move |step| **step <= furthest);
            steps.map(|step| runner.lesson().steps[*step].id.clone())
        });
        Nameable { fds, steps: reached.collect() }
    }
}

/// Whether there is a line to go back to.
pub(super) fn has_earlier(app: &App) -> bool {
    app.types_own() && app.lines.has_earlier()
}
