//! What signals do to calls.

use super::{ProgramFact, ProgramLook, signal_between};
use crate::model::{CallView, Errno, ProgramCall};

fn is_interrupted(call: &CallView<'_>) -> bool {
    matches!(call.outcome, Some(Err(Errno(libc::EINTR))))
}

/// Whether a call is the one before, made again: with the same arguments, but for a time that has become less.
fn is_same(one: &ProgramCall, other: &ProgramCall) -> bool {
    let waits = one.polls();
    one.name == other.name && (waits && one.waits == other.waits || !waits && one.arguments == other.arguments)
}

impl ProgramLook<'_> {
    pub(super) fn interrupted(&self) -> Vec<ProgramFact> {
        let mut facts = Vec::new();
        let before = self
            .earlier()
            .next()
            .filter(|before| is_interrupted(before) && before.made.is_some_and(|made| is_same(made, self.made)));
        if let Some(before) = before {
            let signal = signal_between(&self.view, self.call.caller, (before.entered, self.call.entered));
            facts.push(ProgramFact::Again(signal));
        }
        if is_interrupted(&self.call) {
            let until = self.next().map_or(self.view.moment(), |next| next.entered);
            let signal = signal_between(&self.view, self.call.caller, (self.call.entered, until));
            facts.extend(signal.map(ProgramFact::Interrupted));
            let again = self.next().is_some_and(|next| next.made.is_some_and(|made| is_same(made, self.made)));
            facts.extend(again.then_some(ProgramFact::MadeAgain));
        }
        if self.errno() == Some(Errno(libc::EPIPE)) {
            let until = self.next().map_or(self.view.moment(), |next| next.entered);
            let came = signal_between(&self.view, self.call.caller, (self.call.entered, until)) == Some(libc::SIGPIPE);
            let asked =
                self.made.arguments.iter().any(|argument| argument.contains("MSG_NOSIGNAL") && !argument.contains('"'));
            facts.extend(if came { Some(ProgramFact::Sigpipe) } else { asked.then_some(ProgramFact::NoSigpipe) });
        }
        facts
    }
}
