//! A line that the learner types of their own accord: a call, a changed or made segment, a rule of the wire, in a lesson also the step to which
//! the walk goes back.

use tui_input::Input;

use super::app::App;
use super::command::Command;
use super::line::ToldOfLine;
use super::menu;
use super::messages::AppEffect;
use crate::model::typed::{self, HeldValue, Mistyped, Nameable, TypedLine, complete};
use crate::model::{Actor, Call, KernelChange, Mode, SettingFault, SideProcess, edit, is_kernel_change, rule};
use crate::walk::{Phase, WalkCommand, WireAbility};

/// The word that begins a line which names a step.
const GO: &str = "go";

impl App {
    /// The actor whose blocked call a signal would interrupt: the chosen one and no other; without a choice the only one, of several
    /// in a free walk the one whose calls are offered. Only of those whose calls are made here.
    pub fn blocked_actor(&self) -> Option<Actor> {
        let sleeping = self.sleepers();
        match (self.place.actor, sleeping.as_slice()) {
            (None, [only]) => Some(*only),
            (chosen, _) => chosen.or_else(|| menu::actor(self)).filter(|actor| sleeping.contains(actor)),
        }
    }

    /// The actors whose calls are made here, and that sleep in one.
    pub(super) fn sleepers(&self) -> Vec<Actor> {
        let present = self.walk.trace().present();
        self.walk.processes().into_iter().filter(|actor| present.sleeping_in(*actor).is_some()).collect()
    }

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

pub(super) fn make(app: &mut App, actor: Actor, call: Call) -> WalkCommand {
    app.place.menu = 0;
    app.lines.forget();
    WalkCommand::Call(actor, call)
}

/// Takes the line that was typed. What it isn't is told, and the line stays, as one does whose end is missing.
pub(super) fn send(app: &mut App, effects: &mut Vec<AppEffect>) {
    if app.lines.is_cut() {
        return;
    }
    let Some(text) = app.input.as_ref().map(|input| input.value().trim().to_owned()) else { return };
    let order = match text.strip_prefix(GO).filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
        // Who begins each line with Enter does so here too, and what follows is typed, not pressed.
        _ if text.is_empty() && app.lines.given.take().is_some() => return app.changed = true,
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
        Ok(LineOutcome::Order(order)) => {
            app.input = None;
            app.lines.keep(text);
            app.does(order);
        }
        // Nothing is called, and the next line can be typed.
        Ok(LineOutcome::Told(told)) => {
            app.lines.keep(text);
            app.lines.given = Some(told);
            app.input = Some(Input::default());
            app.changed = true;
        }
        Err(mistyped) => {
            // What is left of the line is there to be taken, or to be changed.
            if let Mistyped::Around(call) = &mistyped {
                app.lines.keep(text);
                app.input = Some(Input::new(call.clone()));
            }
            app.lines.mistyped = Some(mistyped);
        }
    }
}

/// What comes of a line.
enum LineOutcome {
    /// The walk does this.
    Order(WalkCommand),
    /// Nothing but what is told of it.
    Told(ToldOfLine),
}

fn meant(app: &mut App, text: &str) -> Result<LineOutcome, Mistyped> {
    if edit::is_edit(text) {
        return app.made_of(text).map(LineOutcome::Order).map_err(Mistyped::Edit);
    }
    if rule::is_rule(text) {
        return app.rule_of(text).map(LineOutcome::Order).map_err(Mistyped::Rule);
    }
    if is_kernel_change(text) {
        let is_lab = app.walk.wire() == WireAbility::Holds;
        let change = if is_lab { text.parse() } else { Err(SettingFault::NoLab) };
        let change = change.and_then(|change| is_there(app, change));
        return change.map(|change| LineOutcome::Order(WalkCommand::Kernel(change))).map_err(Mistyped::Setting);
    }
    let (name, call) = match typed::read(text, &menu::usual(app))? {
        TypedLine::Call(name, call) => (name, call),
        TypedLine::Values(values) => {
            let actor = menu::caller(app).ok_or(Mistyped::OfProgram)?;
            for (name, value) in values.clone() {
                app.lines.variables.set(actor, name, app.walk.trace().now(), value);
            }
            return Ok(LineOutcome::Told(ToldOfLine::Given(values)));
        }
        TypedLine::Unneeded(why) => return Ok(LineOutcome::Told(ToldOfLine::Unneeded(why))),
    };
    order_of_call(app, text, name, call).map(LineOutcome::Order)
}

/// What has the walk make a call, whose value gets a name, and what it fills too.
fn order_of_call(app: &mut App, text: &str, name: Option<String>, call: Call) -> Result<WalkCommand, Mistyped> {
    // Elsewhere libc would ask the machine's own network for a name.
    if matches!(call, Call::GetAddrInfo(_)) && app.walk.mode() != Mode::Lab {
        return Err(Mistyped::OnlyLab(call.name()));
    }
    let Some(actor) = menu::caller(app) else { return Err(Mistyped::OfProgram) };
    // In a lesson the steps would meet another process than they made.
    if app.walk.free().is_none() && app.walk.trace().present().killed(actor).is_some() {
        return Err(Mistyped::Killed(actor));
    }
    if let Some(mistyped) = has_no_room(app, actor, &call) {
        return Err(mistyped);
    }
    // A call that is on its way isn't overtaken: what was typed stays, and is told why.
    match app.walk.busy_in(actor) {
        Some(open) => Err(Mistyped::Busy(actor, open.call.name())),
        None => {
            if let Some(name) = name {
                app.lines.variables.returns(actor, name, app.walk.trace().now(), call.clone());
            }
            for filled in typed::fills(text, &call) {
                app.lines.variables.fills(actor, app.walk.trace(), filled, &call);
            }
            Ok(make(app, actor, call))
        }
    }
}

/// The change, unless it takes a name away that the lab's hosts haven't got.
fn is_there(app: &App, change: KernelChange) -> Result<KernelChange, SettingFault> {
    let KernelChange::Hosts(hosts) = change else { return Ok(change) };
    let now = app.walk.trace().present().setting_now(&hosts.setting());
    hosts.checked(now).map(KernelChange::Hosts).map_err(SettingFault::Hosts)
}

/// That a call would make one child more than may live; `None` where there is room, and of every other call.
pub(super) fn has_no_room(app: &App, actor: Actor, call: &Call) -> Option<Mistyped> {
    let is_full = *call == Call::Fork && app.walk.children(actor.side) >= SideProcess::MOST_CHILDREN;
    is_full.then_some(Mistyped::ManyChildren(actor.side))
}

/// The processes driven here that have done anything; a child has what its parent had, and may have made no call yet.
fn living(app: &App) -> impl Iterator<Item = Actor> {
    let present = app.walk.trace().present();
    app.walk.processes().into_iter().filter(move |actor| present.table_effects(*actor).next().is_some())
}

/// The actor whose process a key would end: the chosen one, else the only one of those driven here that has done anything.
pub(super) fn mortal(app: &App) -> Option<Actor> {
    let mut living = living(app);
    if let Some(chosen) = app.place.actor {
        return living.find(|actor| *actor == chosen);
    }
    let first = living.next()?;
    living.next().is_none().then_some(first)
}

/// Whether a key ends a side's process, or says that a side must be chosen first.
pub(super) fn may_kill(app: &App) -> bool {
    mortal(app).is_some() || app.place.actor.is_none() && living(app).next().is_some()
}

/// Whether a side must be chosen before a command does what it is for.
pub(super) fn asks_side(app: &App, command: Command) -> bool {
    match command {
        Command::Kill => mortal(app).is_none(),
        Command::Interrupt => app.blocked_actor().is_none(),
        _ => false,
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
                    None => {
                        // What was wrong was said to be found here.
                        if !completion.fits.is_empty() {
                            self.lines.mistyped = None;
                        }
                        self.lines.offers = completion.fits;
                    }
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
        let caller = menu::caller(self);
        let fds = caller.map(|actor| menu::descriptors(self, actor)).unwrap_or_default();
        let variables = caller.map(|actor| self.lines.variables.of(actor, self.walk.trace())).unwrap_or_default();
        // A structure is no descriptor.
        let is_number = |value: &Option<HeldValue>| matches!(value, None | Some(HeldValue::Text(_)));
        let names = variables.into_iter().filter(|(_, value)| is_number(value)).map(|(name, _)| name).collect();
        let reached = self.walk.runner().zip(self.furthest).into_iter().flat_map(|(runner, furthest)| {
            let steps = runner.steps().iter().filter(move |step| **step <= furthest);
            steps.map(|step| runner.lesson().steps[*step].id.clone())
        });
        Nameable { fds, names, steps: reached.collect() }
    }
}

/// Whether there is a line to go back to.
pub(super) fn has_earlier(app: &App) -> bool {
    app.types_own() && app.lines.has_earlier()
}
