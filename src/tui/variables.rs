//! The variables of C that typed lines have given values: names that belong to the line, not to the trace. What one holds is read out of the
//! trace, so that it is what the call really returned.

use crate::model::typed::Variable;
use crate::model::{Actor, Call, Moment, Outcome, Trace};

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
    /// What stood behind the `=`.
    Text(String),
    /// What this call returns, which was asked for then.
    Return(Call),
}

impl Variables {
    /// A name gets the value of a text.
    pub(super) fn set(&mut self, actor: Actor, name: String, since: Moment, text: String) {
        self.put(Named { actor, name, since, holds: Held::Text(text) });
    }

    /// A name gets what a call will return that is asked for now.
    pub(super) fn returns(&mut self, actor: Actor, name: String, since: Moment, call: Call) {
        self.put(Named { actor, name, since, holds: Held::Return(call) });
    }

    /// The name that got a text last, and the text.
    pub(super) fn newest(&self) -> Option<(String, String)> {
        let newest = self.0.last()?;
        match &newest.holds {
            Held::Text(text) => Some((newest.name.clone(), text.clone())),
            Held::Return(_) => None,
        }
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
    fn value(&self, trace: &Trace) -> Option<Option<String>> {
        let view = trace.present();
        if view.killed_between(self.actor, self.since, trace.now()) {
            return None;
        }
        match &self.holds {
            Held::Text(text) => Some(Some(text.clone())),
            Held::Return(call) => {
                let since = view.calls(self.actor).take_while(|made| made.entered >= self.since);
                Some(since.filter(|made| made.own == call).last()?.outcome.map(returned))
            }
        }
    }
}

/// What C has for a call's value.
fn returned(outcome: &Outcome) -> String {
    match outcome {
        Ok(returned) => returned.value.to_string(),
        Err(errno) => errno.value().to_string(),
    }
}
