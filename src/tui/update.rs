//! What changes the state: messages come in, effects go out. Nothing is performed here.

use std::time::Duration;

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseEventKind};
use ratatui::layout::Rect;
use tui_input::{Input, InputRequest};

use super::app::{App, Auto, Focus, Overlay};
use super::calling;
use super::catalogue::Rerun;
use super::choose;
use super::command::Command;
use super::layout::BottomPane;
use super::lessons;
use super::messages::{AppEffect, LONGEST_LESSON_LINE, LONGEST_LINE, Msg, StopRequest, clean, one_line};
use super::mouse;
use super::orders;
use super::programs;
use super::typing::Meant;
use super::works::{command_for, works};
use crate::lesson::Show;
use crate::model::typed::Mistyped;
use crate::model::{Event as Happened, Moment};
use crate::walk::{self, Phase, Walk};

/// The rows of a page of what lies over the panes.
const PAGE: usize = 15;

/// Takes a message that arrived at `now`, on the walk's clock.
pub fn update(app: &mut App, msg: Msg, now: Duration) -> Vec<AppEffect> {
    app.now = app.now.max(now);
    let mut effects = Vec::new();
    match msg {
        Msg::Terminal(event) => terminal(app, event, &mut effects),
        Msg::World(generation, happened) if generation == app.generation => {
            happened.into_iter().for_each(|happening| app.walk.happened(happening));
            app.changed = true;
        }
        Msg::SetUp(generation, last) if generation == app.generation => app.knows_set_up(last),
        // What an earlier world still had to say.
        Msg::World(..) | Msg::SetUp(..) => {}
        Msg::Printed => app.changed = true,
        Msg::Background(background) => app.is_on(background),
        Msg::Program(side, course) => app.program_went(side, course),
        Msg::Renewed => effects.push(AppEffect::Restart),
        Msg::Tick => tick(app),
        Msg::Quit => effects.push(AppEffect::Quit),
        Msg::Suspend => effects.push(AppEffect::Suspend(StopRequest::Process)),
        Msg::Continued => effects.push(AppEffect::Continued),
    }
    notice(app);
    super::free::notice(app);
    programs::leave_the_ended(app);
    super::chart::follow(app);
    effects.extend(std::iter::from_fn(|| app.walk.take_request()).map(AppEffect::Request));
    effects
}

impl App {
    /// The lesson starts again with this walk, whose clock begins at zero.
    pub fn restarted(&mut self, walk: Walk) {
        self.walk = walk;
        self.generation += 1;
        self.lines.variables.forget();
        self.place = super::app::Selection { turn: self.place.turn, actor: self.place.actor, ..Default::default() };
        self.now = Duration::ZERO;
        self.auto = self.auto.map(|_| Auto { due: None });
        self.again = None;
        self.input = None;
        (self.copy, self.picker) = (None, None);
        self.trouble = None;
        self.ran_again = None;
        self.noticed = (Phase::Busy, None);
        self.changed = true;
        notice(self);
        if let Some(step) = self.back_to.take() {
            self.run_steps(step, Rerun::Returned);
        }
    }

    /// Lays this over the panes, from its first row.
    pub(super) fn opens(&mut self, overlay: Overlay) {
        self.closes_overlay();
        (self.place.overlay, self.place.over) = (Some(overlay), 0);
    }

    /// Nothing lies over the panes any more.
    pub(super) fn closes_overlay(&mut self) {
        (self.copy, self.picker) = (None, None);
        (self.place.overlay, self.place.unread) = (None, false);
    }

    /// The window has this size, and must be drawn.
    pub(super) fn resized(&mut self, columns: u16, rows: u16) {
        self.size = Rect::new(0, 0, columns, rows);
        self.changed = true;
    }
}

fn tick(app: &mut App) {
    app.changed = true;
    let now = app.now;
    if app.walk.wake_at().is_some_and(|at| at <= now) {
        app.walk.tick(now);
    }
    app.tick_again();
    if !app.runs_again() && app.auto.and_then(|auto| auto.due).is_some_and(|due| due <= now) {
        let edited = match (&app.input, app.walk.phase()) {
            (Some(input), Phase::Typing(offered)) => input.value() != offered,
            (typed, _) => typed.is_some(),
        };
        // Who types has begun to act for themselves: the line is not sent over their head.
        app.auto = Some(Auto { due: None });
        if !edited {
            app.walk.command(walk::WalkCommand::Next, now);
            app.noticed.0 = Phase::Busy;
        }
    }
}

/// Looks whether the walk has come to something new, and lets the screen follow.
pub(super) fn notice(app: &mut App) {
    let phase = app.walk.phase().clone();
    let next = app.walk.next_step().map(|(number, _)| number);
    if app.noticed == (phase.clone(), next) {
        return;
    }
    app.changed = true;
    app.furthest = app.furthest.max(app.walk.trace().present().step().map(|(step, _)| step));
    app.input = match (&phase, &app.noticed.0) {
        (Phase::Typing(offered), _) => Some(Input::new(clean(offered))),
        // The lesson's line was sent.
        (_, Phase::Typing(_)) | (Phase::Failed(_), _) => None,
        // What the learner types of their own accord stays.
        _ => app.input.take(),
    };
    let done = app.noticed.0 == Phase::Busy && matches!(phase, Phase::Ready | Phase::Finished);
    if matches!(phase, Phase::Busy) && app.place.unread {
        // What a step before had opened doesn't hide what happens now.
        app.closes_overlay();
    } else if done {
        show_what_the_lesson_shows(app);
    }
    if !matches!(phase, Phase::Busy) {
        app.place.explain = None;
        if done {
            // What was chosen was chosen for the step that is over.
            app.place.segment = None;
        }
        // A new explanation or question comes before what was looked at; the diagram leaves it room.
        if app.place.turn == BottomPane::Code {
            app.place.turn = BottomPane::Explain;
        }
    }
    let due = matches!(phase, Phase::Ready | Phase::Asking | Phase::Typing(_)).then(|| app.now + app.pace());
    let over = matches!(phase, Phase::Finished | Phase::Failed(_));
    app.auto = app.auto.filter(|_| !over).map(|_| Auto { due });
    app.notice_again(&phase, next);
    app.noticed = (phase, next);
}

/// Opens what the step that was just done wants to be looked at, once.
fn show_what_the_lesson_shows(app: &mut App) {
    let Some((number, _)) = app.walk.trace().present().step() else { return };
    let show = app.walk.lesson().and_then(|lesson| lesson.steps.get(number)).and_then(|step| step.show);
    if app.place.shown == Some(number) || app.in_past() {
        return;
    }
    app.place.shown = Some(number);
    if app.place.overlay == Some(Overlay::Lessons) {
        // Who looks for another lesson has turned away from this one.
        return;
    }
    // What runs again was looked at already.
    let overlay = match show.filter(|_| !app.runs_again()) {
        Some(Show::Layers) => Overlay::Layers,
        Some(Show::Packet) => Overlay::Packet,
        Some(Show::Kernel) => Overlay::Kernel,
        Some(Show::States) => {
            // Where panes don't take turns, the diagram is seen anyway.
            app.place.turn = BottomPane::States;
            return;
        }
        None => return,
    };
    // The newest segment is meant, whichever was chosen before.
    app.place.segment = None;
    app.opens(overlay);
    app.place.unread = true;
}

fn terminal(app: &mut App, event: Event, effects: &mut Vec<AppEffect>) {
    takes_back(app, &event);
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => self::key(app, key, effects),
        Event::Mouse(event) => {
            let action = mouse::action(app, event);
            match action {
                Some(mouse::MouseAction::Do(command)) => perform(app, command, effects),
                Some(mouse::MouseAction::Side(side)) => app.place.actor = Some(app.shown_actor(side)),
                Some(mouse::MouseAction::Segment(id)) => app.place.segment = Some(id),
                Some(mouse::MouseAction::Choose(n)) => lessons::choose(app, n),
                Some(mouse::MouseAction::Lesson(n)) => lessons::click(app, n, effects),
                Some(mouse::MouseAction::Ladder(older)) => scroll_ladder(app, older),
                None => return,
            }
            app.changed = true;
        }
        Event::Paste(text) if app.focus() == Focus::Program => app.pastes(&text, effects),
        Event::Paste(_) if app.focus() == Focus::Search => lessons::search(app, &event),
        Event::Paste(text) if matches!(app.focus(), Focus::Copy | Focus::Rules) => app.pastes_in_field(&clean(&text)),
        Event::Paste(text) if app.focus() == Focus::Line => {
            // One more than has room: that it has none is told.
            for c in one_line(&text).take(LONGEST_LINE + 1) {
                type_in(app, InputRequest::InsertChar(c));
            }
        }
        Event::Resize(columns, rows) => app.resized(columns, rows),
        _ => {}
    }
}

/// Whatever is pressed, clicked or pasted takes back that what comes next was asked for before it is there, also what does nothing
/// else.
fn takes_back(app: &mut App, event: &Event) {
    let acts = match event {
        Event::Key(key) => key.kind != KeyEventKind::Release,
        Event::Mouse(event) => matches!(event.kind, MouseEventKind::Down(_)),
        Event::Paste(_) => true,
        _ => false,
    };
    app.changed |= acts && app.place.goes_on;
    app.place.goes_on &= !acts;
}

fn key(app: &mut App, key: KeyEvent, effects: &mut Vec<AppEffect>) {
    if app.focus() == Focus::Program {
        return match app.meant_for_program(key) {
            Meant::Do(command) => perform(app, command, effects),
            Meant::Typed(side, bytes) => app.types(side, bytes, effects),
            Meant::Nothing => {}
        };
    }
    let command = command_for(app, key);
    app.changed |= app.lacks_lang.take().is_some();
    if app.focus() == Focus::Search && command != Some(Command::Suspend) {
        return lessons::key(app, key, effects);
    }
    if let Some(command) = command {
        perform(app, command, effects);
    } else if matches!(app.focus(), Focus::Copy | Focus::Rules) {
        app.types_in_field(&Event::Key(key));
    } else if app.focus() == Focus::Line
        && let Some(request) = tui_input::backend::crossterm::to_input_request(&Event::Key(key))
    {
        type_in(app, request);
    }
}

fn type_in(app: &mut App, request: InputRequest) {
    let offered = app.offered_line_stands();
    let room = if app.types_own() { LONGEST_LINE } else { LONGEST_LESSON_LINE };
    let Some(input) = &mut app.input else { return };
    if offered && matches!(request, InputRequest::InsertChar(_)) {
        // The offered line is as good as selected: the first letter takes its place.
        *input = Input::default();
    }
    app.changed = true;
    if matches!(request, InputRequest::InsertChar(_)) && input.value().chars().count() >= room {
        app.lines.mistyped = Some(Mistyped::Full(room));
        return;
    }
    input.handle(request);
    app.lines.typed(input.value().chars().count(), room);
}

/// Does what a key, a click or a button asks for, where that works.
fn perform(app: &mut App, command: Command, effects: &mut Vec<AppEffect>) {
    if !works(app, command) && !matches!(command, Command::Quit | Command::Suspend) {
        return;
    }
    app.changed = true;
    app.place.asks_side = Some(command).filter(|command| calling::asks_side(app, *command));
    match command {
        Command::Quit => effects.push(AppEffect::Quit),
        Command::Suspend => effects.push(AppEffect::Suspend(StopRequest::Job)),
        Command::Restart => app.go_to(app.walk.trace().present().left_at(), effects),
        Command::Lessons => effects.push(AppEffect::List(Overlay::Lessons)),
        Command::NextLesson => lessons::go_on(app, effects),
        // A recording has no present to act on: it is gone through, act by act.
        Command::Next if app.replays() => travel(app, Command::StepForward),
        // What goes on, goes on from the present: it is shown first.
        Command::Next if app.in_past() => go(app, None),
        // The text of the last step comes first; the page of the end is opened, and closed again to read it once more.
        Command::Next if is_over(app) => effects.push(AppEffect::List(Overlay::Ending)),
        Command::Type => calling::begin(app, ""),
        Command::Send if app.types_own() => calling::send(app, effects),
        Command::SetUp => app.run_set_up(),
        Command::Next
        | Command::Answer(_)
        | Command::Send
        | Command::Offered
        | Command::Deliver
        | Command::Drop
        | Command::DeliverUpTo
        | Command::DeliverFrom
        | Command::Repeat
        | Command::Interrupt
        | Command::Kill
        | Command::Pass
        | Command::PassOne
        | Command::RulesOff
        | Command::LetCall
        | Command::Hold
        | Command::RunOn => act(app, command),
        Command::Leave => calling::stop(app),
        Command::Complete | Command::EarlierLine | Command::LaterLine => app.with_line(command),
        Command::Back
        | Command::Forward
        | Command::First
        | Command::Present
        | Command::StepBack
        | Command::StepForward => travel(app, command),
        Command::Older | Command::Newer => choose::any(app, command == Command::Newer),
        Command::Up | Command::Down => choose::held(app, command == Command::Down),
        Command::Auto | Command::Faster | Command::Slower => play(app, command),
        Command::ScrollUp | Command::ScrollDown => scroll(app, command == Command::ScrollDown, 1),
        Command::PageUp | Command::PageDown => scroll(app, command == Command::PageDown, PAGE),
        Command::Close => app.closes_overlay(),
        Command::Console | Command::ConsoleBack | Command::ConsoleOther | Command::StartAgain => {
            app.with_programs(command, effects);
        }
        _ => show(app, command),
    }
}

/// Whether the walk through a lesson has come to its end.
fn is_over(app: &App) -> bool {
    app.walk.lesson().is_some() && *app.walk.phase() == Phase::Finished
}

fn act(app: &mut App, command: Command) {
    if app.walk.free().is_some() {
        return super::free::act(app, command);
    }
    let order = match command {
        Command::Next | Command::Offered => Some(walk::WalkCommand::Next),
        Command::Answer(n) => {
            let offered = app.walk.question().map_or(0, |ask| ask.choices.len());
            (n < offered).then_some(walk::WalkCommand::Predict(n))
        }
        Command::Send => app.input.as_ref().map(|input| walk::WalkCommand::Line(input.value().to_owned())),
        other => orders::in_any_walk(app, other),
    };
    if let Some(order) = order {
        app.does(order);
    }
}

/// Puts the cursor on a moment; the newest is the present.
fn go(app: &mut App, moment: Option<Moment>) {
    let newest = app.walk.trace().now();
    app.place.cursor = moment.filter(|moment| *moment < newest);
    app.place.explain = None;
    app.place.ladder = 0;
}

fn travel(app: &mut App, command: Command) {
    let trace = app.walk.trace();
    let here = app.view().moment();
    let target = match command {
        Command::StepBack | Command::StepForward if app.walk.free().is_some() => {
            super::free::next_act(app, command == Command::StepForward)
        }
        Command::Back => Some(here.saturating_sub(1)),
        Command::Forward => Some(here + 1),
        Command::First => Some(0),
        Command::StepBack => Some(app.view().step().map_or(0, |(_, begun)| begun)),
        Command::StepForward => {
            let later = trace.entries().iter().enumerate().skip(here + 1);
            later.into_iter().find(|(_, entry)| matches!(entry.event, Happened::Step(_))).map(|(moment, _)| moment)
        }
        _ => None,
    };
    go(app, target);
}

fn play(app: &mut App, command: Command) {
    match command {
        Command::Auto if app.auto.is_some() => app.auto = None,
        Command::Auto => app.auto = Some(Auto { due: Some(app.now) }),
        Command::Faster => app.pace = app.pace.saturating_sub(1),
        _ => app.pace += 1,
    }
    if command != Command::Auto {
        let pace = app.pace();
        let now = app.now;
        app.auto = app.auto.map(|auto| Auto { due: auto.due.map(|_| now + pace) });
    }
}

/// Scrolls what lies over the panes, else the explanation.
fn scroll(app: &mut App, down: bool, rows: usize) {
    let moved = |at: usize, most: usize| if down { (at + rows).min(most) } else { at.min(most).saturating_sub(rows) };
    if app.focus() == Focus::Program {
        let most = app.program().map_or(0, |program| program.console.most_back());
        // Back is up.
        app.place.back = most - moved(most - app.place.back.min(most), most).min(most);
    } else if app.place.overlay.is_some() {
        app.place.over = moved(app.place.over, super::panes::overlay_scroll(app));
    } else if let Some((at, most)) = super::panes::explain_scroll(app) {
        app.place.explain = Some(moved(at, most));
    }
}

fn scroll_ladder(app: &mut App, older: bool) {
    let most = app.view().segment_count().saturating_sub(1);
    app.place.ladder = if older { (app.place.ladder + 1).min(most) } else { app.place.ladder.saturating_sub(1) };
}

/// The next language of the code; where a program made the call, its own source stands before the first of them.
fn next_code(app: &mut App, opens: bool) {
    let has_source = programs::site(app).is_some();
    let next = (app.look.code + 1) % app.look.snippets.len().max(1);
    match (has_source, app.look.source) {
        (true, true) => (app.look.source, app.look.code) = (opens, 0),
        (true, false) if next == 0 => app.look.source = true,
        _ => app.look.code = next,
    }
}

fn show(app: &mut App, command: Command) {
    match command {
        Command::Side => {
            app.place.actor = programs::next_actor(app);
        }
        Command::Code => {
            let opens = app.takes_turns() && app.place.turn != BottomPane::Code;
            next_code(app, opens);
            app.place.turn = if app.takes_turns() { BottomPane::Code } else { app.place.turn };
        }
        Command::Numbers => app.look.numbers = app.look.numbers.next(),
        Command::Lang if !app.look.has_langs() => {
            let lang = app.lang();
            app.tell_of_lacking_lang(lang.next(|next| next != lang));
        }
        Command::Lang => {
            if let Err(error) = app.look.speak(app.look.next_lang()) {
                app.trouble = Some(error.to_string());
            }
        }
        Command::Pane => {
            app.place.turn = match app.place.turn {
                // Beside all others the output and the diagram have one place.
                BottomPane::Output if !app.takes_turns() => BottomPane::States,
                _ if !app.takes_turns() => BottomPane::Output,
                BottomPane::Explain => BottomPane::Code,
                BottomPane::Code => BottomPane::States,
                BottomPane::States if !app.programs.is_empty() => BottomPane::Output,
                BottomPane::States | BottomPane::Output => BottomPane::Explain,
            }
        }
        Command::Large => app.look.large = Some(!app.is_large()),
        Command::Menu => app.place.menu += 1,
        Command::Only => super::free::next_connection(app),
        Command::Unfold => app.place.unfolded = !app.place.unfolded,
        Command::Help => toggle(app, Overlay::Help),
        Command::Packet => toggle(app, Overlay::Packet),
        Command::Kernel => toggle(app, Overlay::Kernel),
        Command::Layers => toggle(app, Overlay::Layers),
        Command::Chart => toggle(app, Overlay::Chart),
        Command::ChartOther => app.turn_chart(),
        Command::Glossary => toggle(app, Overlay::Glossary),
        _ => fill_in(app, command),
    }
}

/// Does what is done with the fields that lie over the panes.
fn fill_in(app: &mut App, command: Command) {
    match command {
        Command::Rule | Command::SetRule | Command::NextRule | Command::PreviousRule | Command::LeaveRules => {
            app.with_picker(command);
        }
        Command::Edit | Command::SendCopy | Command::NextField | Command::PreviousField | Command::LeaveCopy => {
            app.with_copy(command);
        }
        _ => {}
    }
}

/// Opens what its key names; the key of what is open closes it.
fn toggle(app: &mut App, overlay: Overlay) {
    if app.place.overlay == Some(overlay) { app.closes_overlay() } else { app.opens(overlay) }
}
