//! What is said of a side's own `fork()`, and of calls on sockets that several processes of a side have since.

use std::fmt::Display;
use std::sync::OnceLock;

use super::descriptors::{maker, newest};
use super::epoll::is_instance;
use super::past::DescriptorHistory;
use super::shared;
use super::situation::{LeftByClose, Situation};
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized, in_sentence};
use crate::model::{Actor, Call, CallView, Errno, Returned, View};

words! {
    pub(super) struct ForkTexts {
        held: Localized,
        here: Localized,
        and: Localized,
        forked: Localized,
        forked_none: Localized,
        value: Localized,
        closed: Localized,
        closed_listener: Localized,
        closed_number: Localized,
        closed_instance: Localized,
        shut: Localized,
        shut_before: Localized,
    }
}

impl BuiltInTexts for ForkTexts {
    const ASSET: &'static str = "text/forks.toml";

    fn kept() -> &'static OnceLock<Result<ForkTexts, Broken>> {
        static KEPT: OnceLock<Result<ForkTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of a side's own call and of its side's other processes, a sentence or two each; and of the `close()` of one of an
/// epoll instance's descriptors.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn fork_notes(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Vec<String>, Broken> {
    if call.made.is_some() {
        return Ok(Vec::new());
    }
    let spoken = Spoken::<ForkTexts>::load(lang)?;
    Ok(match (call.call, call.outcome) {
        (Call::Close { fd }, Some(Ok(_))) if is_instance(&view.trace().at(call.entered), call.caller.actor, *fd) => {
            spoken.closed_instance(view, call, *fd).into_iter().collect()
        }
        _ if view.family(call.caller.actor).len() == 1 => Vec::new(),
        (Call::Fork, Some(Ok(returned))) => spoken.forked(view, call, returned),
        (Call::Close { fd }, Some(Ok(_))) => spoken.closed(view, call, *fd).into_iter().collect(),
        (Call::Shutdown { .. }, Some(Ok(_))) => spoken.shut(view, call).into_iter().collect(),
        (_, Some(Err(Errno(libc::EPIPE)))) => spoken.shut_before(view, call).into_iter().collect(),
        _ => Vec::new(),
    })
}

/// The other processes that have the socket of a side's own call open, each with its descriptors.
fn elsewhere(view: &View<'_>, call: &CallView<'_>) -> Vec<(Actor, Vec<i32>)> {
    let mut held = shared::by_process(shared::others(view, call));
    held.retain(|(actor, _)| *actor != call.caller.actor);
    held
}

impl Spoken<ForkTexts> {
    /// Processes and their descriptors, as a list; of the own one the descriptors alone.
    pub(super) fn held(&self, view: &View<'_>, own: Actor, held: &[(Actor, Vec<i32>)]) -> String {
        let one = |(actor, fds): &(Actor, Vec<i32>)| {
            let fds = self.numbers(fds);
            match *actor == own {
                true => self.say(|t| &t.here, &[("fds", &fds)]),
                false => {
                    self.say(|t| &t.held, &[("process", &in_sentence(view.known_as(*actor), self.lang)), ("fds", &fds)])
                }
            }
        };
        held.iter().map(one).collect::<Vec<_>>().join(&self.and())
    }

    /// What stands between two of a list.
    pub(super) fn and(&self) -> String {
        self.say(|t| &t.and, &[])
    }

    fn numbers(&self, fds: &[i32]) -> String {
        fds.iter().map(i32::to_string).collect::<Vec<_>>().join(&self.and())
    }

    fn forked(&self, view: &View<'_>, call: &CallView<'_>, returned: &Returned) -> Vec<String> {
        let Some(nth) = returned.child else { return Vec::new() };
        let child = in_sentence(view.known_as(Actor { nth, ..call.caller.actor }), self.lang);
        let before = view.trace().at(call.changed);
        let is_socket = |made: &CallView<'_>| !made.call.makes_no_socket();
        let all = newest(&before, call.caller.actor);
        let sockets = all.filter(|(_, effect, by)| maker(&before, *effect, *by).is_some_and(|made| is_socket(&made)));
        let mut fds: Vec<i32> = sockets.map(|(fd, ..)| fd).collect();
        fds.sort_unstable();
        let values: [(&str, &dyn Display); 3] =
            [("child", &child), ("fds", &self.numbers(&fds)), ("value", &returned.value)];
        let table =
            if fds.is_empty() { self.say(|t| &t.forked_none, &values) } else { self.say(|t| &t.forked, &values) };
        vec![table, self.say(|t| &t.value, &values)]
    }

    fn closed(&self, view: &View<'_>, call: &CallView<'_>, fd: i32) -> Option<String> {
        let held = elsewhere(view, call);
        let values: [(&str, &dyn Display); 2] = [("fd", &fd), ("others", &self.held(view, call.caller.actor, &held))];
        let before = Situation::of_call(&view.trace().at(call.entered), call);
        (!held.is_empty()).then(|| match before.after_close(None) {
            LeftByClose::Listener => self.say(|t| &t.closed_listener, &values),
            LeftByClose::Connection => self.say(|t| &t.closed, &values),
            LeftByClose::Socket => self.say(|t| &t.closed_number, &values),
        })
    }

    fn closed_instance(&self, view: &View<'_>, call: &CallView<'_>, fd: i32) -> Option<String> {
        let held = shared::by_process(shared::others(view, call));
        let values: [(&str, &dyn Display); 2] = [("fd", &fd), ("others", &self.held(view, call.caller.actor, &held))];
        (!held.is_empty()).then(|| self.say(|t| &t.closed_instance, &values))
    }

    fn shut(&self, view: &View<'_>, call: &CallView<'_>) -> Option<String> {
        let held = elsewhere(view, call);
        (!held.is_empty()).then(|| self.say(|t| &t.shut, &[("others", &self.held(view, call.caller.actor, &held))]))
    }

    /// A direction that another process had ended.
    fn shut_before(&self, view: &View<'_>, call: &CallView<'_>) -> Option<String> {
        let before = view.trace().at(call.entered);
        let past = DescriptorHistory::of(&before, call.caller.actor, call.call.fd()?)?;
        let is_shut = |call: &&CallView<'_>| matches!((call.call, call.outcome), (Call::Shutdown { .. }, Some(Ok(_))));
        let by = past.calls.iter().rev().find(is_shut)?.caller.actor;
        (by != call.caller.actor)
            .then(|| self.say(|t| &t.shut_before, &[("process", &in_sentence(view.known_as(by), self.lang))]))
    }
}
