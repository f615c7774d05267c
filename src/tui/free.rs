//! What changes the state in a free walk.

use std::time::Duration;

use super::app::App;
use super::command::Command;
use super::{calling, menu, orders, programs, ruling};
use crate::model::{Call, Event, Moment, SegmentFilter};
use crate::walk::{self, Phase};

/// The delays that the key goes through: at once, a moment that the eye can follow, longer ones, and back to none.
const DELAYS: [Option<Duration>; 5] = [
    Some(Duration::ZERO),
    Some(Duration::from_millis(200)),
    Some(Duration::from_secs(1)),
    Some(Duration::from_secs(5)),
    None,
];

/// Does what acts on the world, or begins to.
pub(super) fn act(app: &mut App, command: Command) {
    if command == Command::RunOn {
        programs::run_on(app).into_iter().for_each(|order| app.walk.command(order, app.now));
        return;
    }
    if command == Command::Next {
        programs::go_on(app);
        return;
    }
    let order = match command {
        Command::LetCall => programs::meant_call(app).map(|call| walk::WalkCommand::LetCall(call.caller)),
        Command::Hold => programs::next_hold(app),
        Command::Answer(n) => menu_call(app, n),
        Command::Pass => pass_all(app),
        Command::PassOne => app.chosen_connection().map(|one| pass(app, SegmentFilter::Of(one))),
        other => orders::in_any_walk(app, other),
    };
    if let Some(order) = order {
        app.does(order);
    }
}

/// The page of the menu begins anew when the side's calls are others.
pub(super) fn notice(app: &mut App) {
    if app.walk.free().is_none() {
        return;
    }
    programs::go_on_once_known(app);
    let busy = menu::actor(app).is_some_and(|actor| app.walk.busy_in(actor).is_some());
    if busy {
        app.place.menu = 0;
    }
    if matches!(app.walk.phase(), Phase::Failed(_)) {
        app.input = None;
    }
}

fn menu_call(app: &mut App, n: usize) -> Option<walk::WalkCommand> {
    let actor = menu::actor(app)?;
    let (page, ..) = menu::page(app)?;
    match page.item(n)?.call.clone() {
        // What is sent is the learner's to say.
        Call::Send { fd, data, .. } => {
            calling::begin(app, &format!("send({fd}, \"{}\")", String::from_utf8_lossy(&data)));
            None
        }
        Call::SendTo { fd, data, addr, .. } => {
            calling::begin(app, &format!("sendto({fd}, \"{}\", {addr})", String::from_utf8_lossy(&data)));
            None
        }
        call => match calling::has_no_room(app, actor, &call) {
            None => Some(calling::make(app, actor, call)),
            mistyped => {
                calling::begin(app, &call.to_string());
                app.lines.mistyped = mistyped;
                None
            }
        },
    }
}

/// The rule for the doors that are one's own: of both, for that of the chosen side, or for all where none is chosen. A chosen
/// program's door is nobody's else.
fn pass_all(app: &App) -> Option<walk::WalkCommand> {
    Some(pass(app, ruling::own_segments(app)?))
}

fn pass(app: &App, which: SegmentFilter) -> walk::WalkCommand {
    let now = app.walk.trace().present().passing().and_then(|passing| passing.rule(which));
    let at = DELAYS.iter().position(|delay| *delay == now).unwrap_or(DELAYS.len() - 1);
    walk::WalkCommand::Pass(which, DELAYS[(at + 1) % DELAYS.len()])
}

/// The moment just before the next act, or the one before this moment: what came of an act lies between two of them. A step of a lesson
/// is one act, with all that it does until its claims were checked: before that its text isn't so.
pub(super) fn next_act(app: &App, forward: bool) -> Option<Moment> {
    let here = app.view().moment();
    let trace = app.walk.trace();
    let begins = |at: Moment| matches!(trace.entries()[at].event, Event::Step(_));
    let belongs = |at: Moment| {
        let before = (0..at).rfind(|before| begins(*before) || walk::is_act(trace, *before));
        before.is_some_and(begins) || runs_at(app, at)
    };
    let stops = |at: &Moment| begins(*at) || (walk::is_act(trace, *at) && !belongs(*at));
    if forward {
        (here + 1..trace.entries().len()).find(stops)
    } else {
        Some((0..here).rfind(stops).unwrap_or_default())
    }
}

/// Whether the claims of the lesson's newest step weren't checked by this moment.
fn runs_at(app: &App, at: Moment) -> bool {
    let (view, mode) = (app.walk.trace().at(at), app.walk.mode());
    let step = view.step().and_then(|(number, _)| app.walk.lesson()?.steps.get(number).map(|step| (number, step)));
    step.is_some_and(|(number, step)| step.is_checked_in(mode) && view.verdicts(number).0.is_empty())
}

/// One connection after the other is shown alone, in the order of their first segments; then all again.
pub(super) fn next_connection(app: &mut App) {
    let connections = app.view().connections();
    let next = match app.place.only {
        None => connections.first(),
        Some(one) => connections.iter().position(|other| *other == one).and_then(|at| connections.get(at + 1)),
    };
    app.place.only = next.copied();
    app.place.ladder = 0;
    app.place.segment = None;
}
