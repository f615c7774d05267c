//! What a call's outcome means: why it comes now, in TCP's terms, and what one does about it; and which calls make
//! sense next. Words and rules only: nothing here makes a call, and no outcome is foretold as a fact.
//!
//! One errno of one call can have several reasons. [`Situation`] is what is known of a descriptor at one moment, [`CallFacts`]
//! what was known when a call was entered, what came of it, and what is known now; [`Circumstance`] is the one fact that
//! tells the reasons apart, and [`Explanations`] has the texts for each. Where an outcome was, and is no longer so, that is
//! what is said.

mod asked;
mod chosen;
mod circumstance;
mod course;
mod descriptors;
mod device;
pub mod diagnosis;
mod epoll;
mod fields;
mod flags;
mod forked;
mod killed;
mod meant;
mod offers;
mod options;
mod own_address;
mod past;
mod program;
mod reasons;
mod segment;
mod shared;
mod since;
mod situation;
mod spoken;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod thread_notes;
mod threads;
mod timers;
mod transfer;
mod wire;

pub use circumstance::Circumstance;
pub use course::{CallCourse, CallFacts, OfferedBytes};
pub use epoll::epoll_instances;
pub use killed::killed;
pub use offers::{Likelihood, Offer, beside_sleepers, offers};
pub use program::waited_fds;
pub use segment::{SegmentExplanation, TimerFacts, story};
pub use situation::{PortHolder, ShutDirections, Situation};
pub use table::{Broken, Explanation, Explanations};
pub use timers::NextFiring;

use crate::i18n::Lang;
use crate::model::{Call, CallView, Errno, Outcome, Returned, View};
use program::program_notes;

/// What is to be said of what a call has come to, at the view's moment, with its notes ([`call_notes`]; none where they can't be
/// read). `None` where it explains itself, and of one of which nobody has said that it sleeps.
pub fn explain(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> (Option<Explanation>, Vec<String>) {
    let facts = facts_of(view, call);
    let explained = facts.as_ref().and_then(|facts| explained(view, call, facts, lang));
    (explained, noted(view, call, facts.as_ref(), lang).unwrap_or_default())
}

/// What is said of a call beyond its outcome, at the view's moment, a sentence or two each: what only programs do, what its flags
/// or its option do, and what of it a person did.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub fn call_notes(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Vec<String>, Broken> {
    noted(view, call, facts_of(view, call).as_ref(), lang)
}

/// What is known of a call that has come to something, or of which somebody has said that it sleeps.
fn facts_of(view: &View<'_>, call: &CallView<'_>) -> Option<CallFacts> {
    (call.outcome.is_some() || call.blocked).then(|| CallFacts::of(view, call))
}

fn explained(view: &View<'_>, call: &CallView<'_>, facts: &CallFacts, lang: Lang) -> Option<Explanation> {
    let came = match call.outcome {
        Some(outcome) => CallState::from(outcome),
        None if call.blocked => CallState::Blocks,
        None => return None,
    };
    // Another descriptor of the socket is open, or a call still uses it: then nothing of what is said of the end of a socket is so.
    let is_held = || {
        let closes = matches!(call.call, Call::Close { .. });
        let others = call.made.is_some_and(|made| !made.others.is_empty());
        others || closes && !(shared::others(view, call).is_empty() && threads::in_use(view, call).is_empty())
    };
    // What is said of a copied descriptor is said of a socket's.
    let copies_instance = || match call.call {
        Call::Dup { fd } => call.made.is_none() && epoll::is_instance(view, call.caller.actor, *fd),
        _ => false,
    };
    if call.outcome.is_some_and(Result::is_ok) && (is_held() || copies_instance()) {
        return None;
    }
    // What is said of an error is said of TCP and UDP; a socket of another kind has its own reasons.
    let is_elsewhere = call.made.is_some_and(|made| made.internet == Some(false));
    if matches!(came, CallState::Error(errno) if is_elsewhere && !is_of_any_file(errno)) {
        return None;
    }
    let meant = meant::meant(call);
    let circumstance = Circumstance::of(&meant, came, facts);
    let all = Explanations::load().ok()?;
    let name = meant::named(&meant, matches!(came, CallState::Error(_)));
    let explained = all.explain(name, came, circumstance, lang)?;
    let since = since::since(&meant, came, circumstance, facts);
    Some(since.and_then(|since| all.since(since, lang)).unwrap_or(explained))
}

/// Whether an error means the same of whatever a descriptor is of.
fn is_of_any_file(errno: Errno) -> bool {
    use libc::{
        EACCES, EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EPERM,
    };
    let all =
        [EACCES, EAGAIN, EBADF, EFAULT, EINTR, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOTCONN, ENOTSOCK, EPERM];
    all.contains(&errno.0)
}

fn noted(view: &View<'_>, call: &CallView<'_>, facts: Option<&CallFacts>, lang: Lang) -> Result<Vec<String>, Broken> {
    let mut notes = program_notes(view, call, lang)?;
    notes.extend(forked::fork_notes(view, call, lang)?);
    notes.extend(thread_notes::thread_notes(view, call, lang)?);
    notes.extend(options::option_notes(view, call, lang)?);
    notes.extend(chosen::chosen_note(view, call, lang)?);
    if let Some(facts) = facts {
        notes.extend(asked::asked_note(view, call, facts, lang)?);
        notes.extend(device::device_note(call, facts, lang)?);
        notes.extend(transfer::transfer_note(view, call, facts, lang)?);
        notes.extend(flags::flag_notes(view, call, facts, lang)?);
    }
    let by_hand = facts.and_then(|facts| facts.course.by_hand).and_then(|id| view.segment(id));
    if let Some(segment) = by_hand {
        notes.push(segment::came_by_hand(&segment, lang)?);
    }
    Ok(notes)
}

/// What a call has come to, so far as it is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallState<'a> {
    /// It failed.
    Error(Errno),
    /// It succeeded.
    Returned(&'a Returned),
    /// The kernel says that the thread sleeps in it.
    Blocks,
}

impl<'a> From<&'a Outcome> for CallState<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        match outcome {
            Ok(returned) => CallState::Returned(returned),
            Err(errno) => CallState::Error(*errno),
        }
    }
}
