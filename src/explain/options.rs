//! What the options of a socket do that `setsockopt()` sets, and what `fcntl()` does to a descriptor.

use std::sync::OnceLock;

use super::spoken::{BuiltInTexts, Spoken};
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallView, SocketOption};

words! {
    struct OptionTexts {
        fast_open: Localized,
        fast_open_connect: Localized,
        max_segment: Localized,
        not_sent_low: Localized,
        nonblocking: Localized,
        blocking: Localized,
    }
}

impl BuiltInTexts for OptionTexts {
    const ASSET: &'static str = "text/options.toml";

    fn kept() -> &'static OnceLock<Result<OptionTexts, Broken>> {
        static KEPT: OnceLock<Result<OptionTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// What is said of an option that was set, or of a descriptor that blocks no more or again; nothing of other calls, of what
/// failed, and of programs, whose options stand among their own notes.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn option_note(call: &CallView<'_>, lang: Lang) -> Result<Option<String>, Broken> {
    if call.made.is_some() || !call.outcome.is_some_and(Result::is_ok) {
        return Ok(None);
    }
    let (text, value): (fn(&OptionTexts) -> &Localized, i32) = match call.call {
        Call::SetOption { option: SocketOption::FAST_OPEN, value, .. } => (|t| &t.fast_open, *value),
        Call::SetOption { option: SocketOption::FAST_OPEN_CONNECT, value: 1.., .. } => (|t| &t.fast_open_connect, 1),
        Call::SetOption { option: SocketOption::MAX_SEGMENT, value, .. } => (|t| &t.max_segment, *value),
        Call::SetOption { option: SocketOption::NOT_SENT_LOW, value, .. } => (|t| &t.not_sent_low, *value),
        Call::SetNonblocking { on: true, .. } => (|t| &t.nonblocking, 0),
        Call::SetNonblocking { on: false, .. } => (|t| &t.blocking, 0),
        _ => return Ok(None),
    };
    Ok(Some(Spoken::<OptionTexts>::load(lang)?.say(text, &[("n", &value)])))
}
