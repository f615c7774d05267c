//! What is said of a call and of what the other threads of its side do meanwhile.

use std::fmt::Display;
use std::sync::OnceLock;

use super::past::call_at;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use super::threads::{ThreadFact, WakesReaders, facts};
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized, in_sentence};
use crate::model::{Actor, CallView, Caller, Moment, View};
use crate::tcp::{Numbers, line};

words! {
    pub(super) struct ThreadTexts {
        main: Localized,
        of: Localized,
        thread: Localized,
        call: Localized,
        and: Localized,
        in_use_listener: Localized,
        in_use: Localized,
        freed_listener: Localized,
        freed_sent: Localized,
        freed: Localized,
        woke: Localized,
        accepts_too: Localized,
        chosen_longest: Localized,
        chosen: Localized,
        reads_too: Localized,
        reads_too_datagram: Localized,
        taken: Localized,
        taken_datagram: Localized,
        taken_datagram_longest: Localized,
    }
}

impl BuiltInTexts for ThreadTexts {
    const ASSET: &'static str = "text/threads.toml";

    fn kept() -> &'static OnceLock<Result<ThreadTexts, Broken>> {
        static KEPT: OnceLock<Result<ThreadTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of a call and of what the other threads of its side do meanwhile, a sentence or two each.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn thread_notes(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Vec<String>, Broken> {
    let facts = facts(view, call);
    if facts.is_empty() {
        return Ok(Vec::new());
    }
    let spoken = Spoken::load(lang)?;
    Ok(facts.iter().map(|fact| spoken.fact(view, call, fact)).collect())
}

impl Spoken<ThreadTexts> {
    fn fact(&self, view: &View<'_>, call: &CallView<'_>, fact: &ThreadFact) -> String {
        let fd = call.call.fd().unwrap_or(-1);
        let of = |text: fn(&ThreadTexts) -> &Localized, calls: &[Moment]| {
            self.say(
                text,
                &[
                    ("fd", &fd),
                    ("calls", &self.calls(view, call.caller.actor, calls)),
                    ("threads", &self.threads(view, call.caller.actor, calls)),
                ],
            )
        };
        match fact {
            ThreadFact::InUse(calls, true) => of(|t| &t.in_use_listener, calls),
            ThreadFact::InUse(calls, false) => of(|t| &t.in_use, calls),
            ThreadFact::Woke(calls) => of(|t| &t.woke, calls),
            ThreadFact::AcceptsToo(calls) => of(|t| &t.accepts_too, calls),
            ThreadFact::Chosen(calls, true) => of(|t| &t.chosen_longest, calls),
            ThreadFact::Chosen(calls, false) => of(|t| &t.chosen, calls),
            ThreadFact::ReadsToo(calls, WakesReaders::All) => of(|t| &t.reads_too, calls),
            ThreadFact::ReadsToo(calls, _) => of(|t| &t.reads_too_datagram, calls),
            ThreadFact::Taken(calls, WakesReaders::All) => of(|t| &t.taken, calls),
            ThreadFact::Taken(calls, WakesReaders::One) => of(|t| &t.taken_datagram, calls),
            ThreadFact::Taken(calls, WakesReaders::Longest) => of(|t| &t.taken_datagram_longest, calls),
            ThreadFact::Freed(by, fd, sent, listener) => {
                let segment = sent.and_then(|id| view.segment(id));
                let sent = segment.map(|segment| line(segment.segment, &segment.initials, Numbers::Symbolic));
                let thread = self.thread(view, call.caller.actor, *by);
                let facts: [(&str, &dyn Display); 3] =
                    [("fd", fd), ("thread", &thread), ("segment", &sent.as_deref().unwrap_or(""))];
                match sent {
                    Some(_) => self.say(|t| &t.freed_sent, &facts),
                    None if *listener => self.say(|t| &t.freed_listener, &facts),
                    None => self.say(|t| &t.freed, &facts),
                }
            }
        }
    }

    /// A thread; with its process, where that isn't the own one.
    fn thread(&self, view: &View<'_>, own: Actor, caller: Caller) -> String {
        let thread = match caller.is_main() {
            true => self.say(|t| &t.main, &[]),
            false => self.say(|t| &t.thread, &[("n", &caller.worker)]),
        };
        if caller.actor == own {
            return thread;
        }
        self.say(|t| &t.of, &[("thread", &thread), ("process", &in_sentence(view.known_as(caller.actor), self.lang))])
    }

    fn threads(&self, view: &View<'_>, own: Actor, calls: &[Moment]) -> String {
        let threads = calls.iter().filter_map(|entered| call_at(view, *entered));
        threads.map(|call| self.thread(view, own, call.caller)).collect::<Vec<_>>().join(&self.say(|t| &t.and, &[]))
    }

    /// Calls by their names, each with its thread.
    pub(super) fn calls(&self, view: &View<'_>, own: Actor, calls: &[Moment]) -> String {
        let named = |call: CallView<'_>| {
            // What waits for several has none of its own.
            let fd = call.call.fds().next().map_or_else(String::new, |fd| fd.to_string());
            let written = format!("{}({fd})", call.called());
            self.say(|t| &t.call, &[("call", &written), ("thread", &self.thread(view, own, call.caller))])
        };
        let calls = calls.iter().filter_map(|entered| call_at(view, *entered));
        calls.map(named).collect::<Vec<_>>().join(&self.say(|t| &t.and, &[]))
    }
}
