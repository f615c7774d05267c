//! The calls of programs that play a side's part: a step lets one go, and the world settles once the program is at rest again.

use super::Runner;
use crate::model::{Actor, CallView, Caller, Outcome, Side, Statement};
use crate::walk::Request;

/// The descriptor that a program's call makes, which was let go, is to have this name.
#[derive(Clone, Debug)]
pub(super) struct AwaitedName {
    caller: Caller,
    name: String,
}

impl Runner {
    /// Lets the call of this name go before which the side's program stands.
    pub(super) fn let_call(&mut self, side: Side, call: &str, name: Option<&str>) -> Result<(), Box<Statement>> {
        let standing = self.trace.present().standing().into_iter();
        let standing: Vec<CallView<'_>> = standing.filter(|call| call.caller.actor == Actor::from(side)).collect();
        let Some(found) = standing.iter().find(|standing| standing.called() == call) else {
            let stands = standing.iter().map(|standing| standing.called().to_owned()).collect();
            return Err(Box::new(Statement::NotBefore { side, call: call.to_owned(), stands }));
        };
        let caller = found.caller;
        self.awaited_names.extend(name.map(|name| AwaitedName { caller, name: name.to_owned() }));
        self.requests.push_back(Request::LetCall(caller));
        Ok(())
    }

    /// A program's call came back: a descriptor that it made has the name that a step gave to it.
    pub(super) fn program_returned(&mut self, caller: Caller, outcome: &Outcome) {
        let Some(place) = self.awaited_names.iter().position(|awaited| awaited.caller == caller) else { return };
        let AwaitedName { name, .. } = self.awaited_names.remove(place);
        if let Ok(returned) = outcome {
            let fd = i32::try_from(returned.value).unwrap_or(-1);
            self.names.name_made(&name, (caller.actor.side, fd), returned.made.first().copied());
        }
    }
}
