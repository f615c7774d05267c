//! What the keys ask a walk for, of those that mean the same in a lesson and in a free walk.

use super::app::App;
use super::calling;
use super::command::Command;
use crate::model::rule::RuleChange;
use crate::walk::WalkCommand;

/// What a command does to the wire and the sides, whether the walk is a lesson's or free.
pub(super) fn in_any_walk(app: &App, command: Command) -> Option<WalkCommand> {
    Some(match command {
        Command::Deliver => WalkCommand::Deliver(app.meant_held()?),
        Command::DeliverUpTo => WalkCommand::DeliverAll(app.held_up_to()),
        Command::DeliverFrom => WalkCommand::DeliverAll(app.held_from_its_end()),
        Command::Drop => WalkCommand::Drop(app.meant_held()?),
        Command::Repeat => WalkCommand::Repeat(app.marked_segment()?),
        Command::Interrupt => WalkCommand::Interrupt(app.blocked_actor()?),
        Command::Kill => WalkCommand::Kill(calling::mortal(app)?),
        Command::RulesOff => WalkCommand::Rule(RuleChange::Off(None)),
        _ => return None,
    })
}
