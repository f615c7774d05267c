//! What the kernel, and the wire, confirmed of what a lesson says.

use std::collections::HashMap;

use crate::lesson::{CallClaim, Lesson, Terms};
use crate::model::{Event, ProgramCallState, Trace};

/// How many things of each kind were as the lesson says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// States of sockets.
    pub states: usize,
    /// What calls returned.
    pub returns: usize,
    /// Calls that sleep.
    pub sleeps: usize,
    /// Segments, and what became of them.
    pub segments: usize,
    /// Lengths of queues.
    pub queues: usize,
    /// Timers.
    pub timers: usize,
    /// What `TCP_INFO` tells.
    pub infos: usize,
    /// What the kernel counted.
    pub reasons: usize,
    /// Calls before which programs stand.
    pub stands: usize,
    /// How many, of whichever kind, were otherwise.
    pub otherwise: usize,
}

impl Confirmed {
    /// The numbers of what was as the lesson says: states, returns, sleeping calls, segments, queues, timers, `TCP_INFO`,
    /// what was counted, calls before which programs stand.
    pub const fn kinds(&self) -> [usize; 9] {
        let Confirmed { states, returns, sleeps, segments, queues, timers, infos, reasons, stands, .. } = *self;
        [states, returns, sleeps, segments, queues, timers, infos, reasons, stands]
    }
}

/// Counts a walk's claims by what they are about.
pub fn confirmed(lesson: &Lesson, trace: &Trace) -> Confirmed {
    let mut count = Confirmed::default();
    // Several claims may stand in one line of the file: they are checked in its order.
    let mut seen: HashMap<(usize, usize), usize> = HashMap::new();
    for entry in trace.entries() {
        let Event::Claim(claim) = &entry.event else { continue };
        let nth = seen.entry((claim.step, claim.line)).or_default();
        let there = lesson.steps.get(claim.step).into_iter().flat_map(|step| &step.expect);
        let terms = { there }.filter(|there| there.line == claim.line).nth(*nth).map(|there| &there.terms);
        *nth += 1;
        if !claim.held {
            count.otherwise += 1;
            continue;
        }
        match terms {
            Some(Terms::State { .. }) => count.states += 1,
            Some(Terms::Call { came: CallClaim::Returns(_) | CallClaim::Ready { .. }, .. }) => count.returns += 1,
            Some(Terms::Call { came: CallClaim::Blocks { .. }, .. }) => count.sleeps += 1,
            Some(Terms::Segment { .. } | Terms::NeverSent(_) | Terms::Waiting { .. }) => count.segments += 1,
            Some(Terms::Queue(_)) => count.queues += 1,
            Some(Terms::Timer(_)) => count.timers += 1,
            Some(Terms::Info(_)) => count.infos += 1,
            Some(Terms::Reason(_)) => count.reasons += 1,
            Some(Terms::Program(terms)) => match terms.is {
                ProgramCallState::Returned => count.returns += 1,
                ProgramCallState::Blocks => count.sleeps += 1,
                _ => count.stands += 1,
            },
            None => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::builtin;
    use crate::model::ClaimResult;
    use std::time::Duration;

    #[test]
    fn claims_are_counted_by_what_they_are_about() {
        let lesson = builtin("handshake").unwrap().unwrap();
        let step = lesson.steps.iter().position(|step| step.id == "connect").unwrap();
        let mut trace = Trace::default();
        // The first one, that connect() sleeps, was not so.
        for (n, claim) in lesson.steps[step].expect.iter().enumerate() {
            let said = claim.terms.says(0);
            let result = ClaimResult { step, what: said.clone(), held: n > 0, actual: said, line: claim.line };
            trace.push(Duration::ZERO, Event::Claim(Box::new(result)));
        }
        let count = confirmed(&lesson, &trace);
        assert_eq!((count.sleeps, count.states, count.segments, count.otherwise), (0, 2, 1, 1), "{count:?}");
    }
}
