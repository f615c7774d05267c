//! What the flags do with which a call sends or receives.

use std::sync::OnceLock;

use super::CallFacts;
use super::meant::meant;
use super::program::signal_between;
use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallName, CallView, Errno, MessageFlags, View};

words! {
    struct FlagTexts {
        dont_wait: Localized,
        peek: Localized,
        peek_datagram: Localized,
        wait_all: Localized,
        wait_all_datagram: Localized,
        peek_all: Localized,
        urgent_sent: Localized,
        urgent_received: Localized,
        urgent_datagram: Localized,
        truncated: Localized,
        truncated_datagram: Localized,
        peek_truncated: Localized,
        peek_truncated_datagram: Localized,
        more: Localized,
        more_datagram: Localized,
        record: Localized,
        record_datagram: Localized,
        fast_open: Localized,
        fast_open_datagram: Localized,
        sigpipe: Localized,
    }
}

impl BuiltInTexts for FlagTexts {
    const ASSET: &'static str = "text/flags.toml";

    fn kept() -> &'static OnceLock<Result<FlagTexts, Broken>> {
        static KEPT: OnceLock<Result<FlagTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

type TextOf = fn(&FlagTexts) -> &Localized;

/// A flag's name, and what is said of it: on a stream, and on a socket for datagrams.
type FlagSentence = (&'static str, TextOf, TextOf);

const OF_SEND: &[FlagSentence] = &[
    ("MSG_DONTWAIT", |t| &t.dont_wait, |t| &t.dont_wait),
    ("MSG_MORE", |t| &t.more, |t| &t.more_datagram),
    ("MSG_EOR", |t| &t.record, |t| &t.record_datagram),
    ("MSG_OOB", |t| &t.urgent_sent, |t| &t.urgent_datagram),
    ("MSG_FASTOPEN", |t| &t.fast_open, |t| &t.fast_open_datagram),
];

const OF_RECV: &[FlagSentence] = &[
    ("MSG_DONTWAIT", |t| &t.dont_wait, |t| &t.dont_wait),
    ("MSG_PEEK", |t| &t.peek, |t| &t.peek_datagram),
    ("MSG_WAITALL", |t| &t.wait_all, |t| &t.wait_all_datagram),
    ("MSG_OOB", |t| &t.urgent_received, |t| &t.urgent_datagram),
    ("MSG_TRUNC", |t| &t.truncated, |t| &t.truncated_datagram),
];

/// What is said of the flags of a call that has come to something, a sentence or two each; nothing of the usual ones.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn flag_notes(
    view: &View<'_>,
    call: &CallView<'_>,
    facts: &CallFacts,
    lang: Lang,
) -> Result<Vec<String>, Broken> {
    let meant = meant(call);
    let flags = meant.flags();
    if flags == meant.name().usual_flags() {
        return Ok(Vec::new());
    }
    let spoken = Spoken::<FlagTexts>::load(lang)?;
    let (known, asked) = match meant.as_ref() {
        Call::Send { data, .. } | Call::SendTo { data, .. } => (OF_SEND, data.len()),
        Call::Recv { len, .. } | Call::RecvFrom { len, .. } => (OF_RECV, *len),
        _ => return Ok(Vec::new()),
    };
    let there = known.iter().filter(|(name, ..)| flags.names().any(|flag| flag == *name));
    let peeks = flags.has(MessageFlags::PEEK);
    let peeks_all = flags.has(MessageFlags::PEEK.with(MessageFlags::WAIT_ALL));
    let say = |(name, stream, datagram): &FlagSentence| {
        let text: TextOf = match *name {
            "MSG_TRUNC" if peeks && facts.before.udp => |t| &t.peek_truncated_datagram,
            "MSG_TRUNC" if peeks => |t| &t.peek_truncated,
            _ if facts.before.udp => *datagram,
            // The bytes for which it waits stay where they are.
            "MSG_WAITALL" if peeks_all => |t| &t.peek_all,
            _ => *stream,
        };
        spoken.say(text, &[("n", &asked)])
    };
    let mut notes: Vec<String> = there.map(say).collect();
    if call.made.is_none() && was_signalled(view, call) {
        notes.push(spoken.say(|t| &t.sigpipe, &[]));
    }
    Ok(notes)
}

/// Whether the kernel sent SIGPIPE as this call failed; what a program got stands among its own notes.
fn was_signalled(view: &View<'_>, call: &CallView<'_>) -> bool {
    let sends = matches!(call.call.name(), CallName::Send | CallName::SendTo);
    let failed = matches!(call.outcome, Some(Err(Errno(libc::EPIPE))));
    // It comes before the call has returned.
    let during = (call.entered, call.changed);
    sends && failed && signal_between(view, call.caller, during) == Some(libc::SIGPIPE)
}
