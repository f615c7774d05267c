//! The variables of C that typed lines have given values: names that belong to the line, not to the trace. What one holds is read out of the
//! trace, so that it is what the call really returned.

use crate::model::typed::{AddressFields, Filled, HeldValue, Variable};
use crate::model::{Actor, Call, Moment, Outcome, Returned, Trace};

/// So many names are kept.
const KEPT: usize = 100;

/// All of them, the newest last.
#[derive(Debug, Default)]
pub(super) struct Variables(Vec<Named>);

#[derive(Debug)]
struct Named {
    /// Whose program has it.
    actor: Actor,
    name: String,
    /// How many entries the trace had when it got its value.
    since: Moment,
    holds: Held,
}

#[derive(Debug)]
enum Held {
    /// What a line gave it.
    Value(HeldValue),
    /// What this call returns, which was asked for then.
    Return(Call),
    /// What this call puts into it, which was asked for then; and what it held before that, if anything.
    Filled(Call, Filled, Option<HeldValue>),
}

impl Variables {
    /// A name gets a value.
    pub(super) fn set(&mut self, actor: Actor, name: String, since: Moment, value: HeldValue) {
        self.put(Named { actor, name, since, holds: Held::Value(value) });
    }

    /// A name gets what a call will fill that is asked for now.
    pub(super) fn fills(&mut self, actor: Actor, trace: &Trace, (name, what): (String, Filled), call: &Call) {
        let before = self.of(actor, trace).into_iter().rfind(|(known, _)| *known == name).and_then(|(_, value)| value);
        self.put(Named { actor, name, since: trace.now(), holds: Held::Filled(call.clone(), what, before) });
    }

    /// A name gets what a call will return that is asked for now.
    pub(super) fn returns(&mut self, actor: Actor, name: String, since: Moment, call: Call) {
        self.put(Named { actor, name, since, holds: Held::Return(call) });
    }

    fn put(&mut self, named: Named) {
        self.0.retain(|known| (known.actor, &known.name) != (named.actor, &named.name));
        self.0.push(named);
        let excess = self.0.len().saturating_sub(KEPT);
        self.0.drain(..excess);
    }

    /// The walk began anew.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// What an actor's names hold; a child has those of the process that made it, and its own count more.
    pub(super) fn of(&self, actor: Actor, trace: &Trace) -> Vec<Variable> {
        let of_side = self.0.iter().filter(|named| named.actor != actor && named.actor.side == actor.side);
        let own = self.0.iter().filter(|named| named.actor == actor);
        of_side.chain(own).filter_map(|named| Some((named.name.clone(), named.value(trace)?))).collect()
    }
}

impl Named {
    /// What it holds; `None` where its call was never made or its process was killed, and no value inside where the call hasn't returned.
    fn value(&self, trace: &Trace) -> Option<Option<HeldValue>> {
        let view = trace.present();
        if view.killed_between(self.actor, self.since, trace.now()) {
            return None;
        }
        let outcome = |call: &Call| {
            let since = view.calls(self.actor).take_while(|made| made.entered >= self.since);
            Some(since.filter(|made| made.own == call).last()?.outcome)
        };
        match &self.holds {
            Held::Value(value) => Some(Some(value.clone())),
            Held::Return(call) => Some(outcome(call)?.map(|outcome| HeldValue::Text(returned(outcome)))),
            Held::Filled(call, what, before) => match outcome(call) {
                Some(None) => Some(None),
                Some(Some(Ok(returned))) => {
                    Some(Some(filled(*what, returned, before.as_ref()).or_else(|| before.clone())?))
                }
                Some(Some(Err(_))) | None => Some(Some(before.clone()?)),
            },
        }
    }
}

/// What a call put into a variable; `None` where it put nothing there.
fn filled(what: Filled, returned: &Returned, before: Option<&HeldValue>) -> Option<HeldValue> {
    let size = match before {
        Some(HeldValue::Bytes(size, _)) => *size,
        _ => None,
    };
    match what {
        Filled::Bytes => (returned.value > 0).then(|| HeldValue::Bytes(size, Some(returned.data.clone()))),
        Filled::Address => returned.peer.map(|peer| HeldValue::Address(AddressFields::of(peer))),
        Filled::List => (returned.value == 0).then(|| HeldValue::Found(returned.addresses.clone())),
    }
}

/// What C has for a call's value.
fn returned(outcome: &Outcome) -> String {
    match outcome {
        Ok(returned) => returned.value.to_string(),
        Err(errno) => errno.value().to_string(),
    }
}
