//! What changes the state in a free walk.

use std::time::Duration;

use super::app::App;
use super::command::Command;
use super::{calling, menu, programs, ruling};
use crate::model::rule::RuleChange;
use crate::model::{Call, Moment, SegmentFilter};
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
    let order = match command {
        Command::Next => programs::next(app),
        Command::LetCall => programs::meant_call(app).map(|call| walk::WalkCommand::LetCall(call.caller)),
        Command::Hold => programs::next_hold(app),
        Command::Deliver => app.meant_held().map(walk::WalkCommand::Deliver),
        Command::DeliverUpTo => Some(walk::WalkCommand::DeliverAll(app.held_up_to())),
        Command::DeliverFrom => Some(walk::WalkCommand::DeliverAll(app.held_from_its_end())),
        Command::Drop => app.meant_held().map(walk::WalkCommand::Drop),
        Command::Repeat => app.marked_segment().map(walk::WalkCommand::Repeat),
        Command::Interrupt => app.blocked_side().map(walk::WalkCommand::Interrupt),
        Command::Answer(n) => menu_call(app, n),
        Command::Pass => pass_all(app),
        Command::RulesOff => Some(walk::WalkCommand::Rule(RuleChange::Off(None))),
        Command::PassOne => app.chosen_connection().map(|one| pass(app, SegmentFilter::Of(one))),
        _ => None,
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
    let busy = menu::actor(app).is_some_and(|actor| app.walk.trace().present().open_call(actor).is_some());
    if busy {
        app.place.menu = 0;
    }
    if matches!(app.walk.phase(), Phase::Failed(_)) {
        app.input = None;
    }
}

fn menu_call(app: &mut App, n: usize) -> Option<walk::WalkCommand> {
    let side = menu::actor(app)?.side;
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
        call => Some(calling::make(app, side, call)),
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

/// The moment just before the next act, or the one before this moment: what came of an act lies between two of them.
pub(super) fn next_act(app: &App, forward: bool) -> Option<Moment> {
    let here = app.view().moment();
    let entries = app.walk.trace().entries();
    let acts = |(_, entry): &(usize, &crate::model::Entry)| walk::is_act(&entry.event);
    let mut indexed = entries.iter().enumerate();
    if forward {
        indexed.filter(acts).map(|(at, _)| at).find(|at| *at > here)
    } else {
        Some(indexed.rfind(|(at, entry)| *at < here && acts(&(*at, *entry))).map_or(0, |(at, _)| at))
    }
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
