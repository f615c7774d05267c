//! The port that the kernel chose for a socket to which its program gave none (`ip_local_port_range` of `ip(7)`).

use std::sync::OnceLock;

use super::spoken::{BuiltInTexts, Spoken};
use super::subject::Subject;
use super::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized};
use crate::model::{Call, CallView, View};

words! {
    struct ChosenTexts {
        bound: Localized,
        listens: Localized,
    }
}

impl BuiltInTexts for ChosenTexts {
    const ASSET: &'static str = "text/chosen.toml";

    fn kept() -> &'static OnceLock<Result<ChosenTexts, Broken>> {
        static KEPT: OnceLock<Result<ChosenTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// Which port the kernel chose for a `bind()` to port 0, or had chosen by a `listen()`, once it has told; nothing of what failed, and
/// where the program gave a port itself.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub(super) fn chosen_note(view: &View<'_>, call: &CallView<'_>, lang: Lang) -> Result<Option<String>, Broken> {
    let text: fn(&ChosenTexts) -> &Localized = match call.call {
        Call::Bind { addr, .. } if addr.port() == 0 => |t| &t.bound,
        Call::Listen { .. } => |t| &t.listens,
        _ => return Ok(None),
    };
    if !call.outcome.is_some_and(Result::is_ok) {
        return Ok(None);
    }
    let Some(subject) = Subject::of_call(&view.trace().at(call.entered), call) else { return Ok(None) };
    let bound = |call: &CallView<'_>| match (call.call, call.outcome) {
        (Call::Bind { addr, .. }, Some(Ok(_))) => Some(addr.port()),
        _ => None,
    };
    let before = subject.past().calls.iter().rev().find_map(bound);
    let chosen = before.is_none_or(|port| port == 0);
    let own = subject.own_address(view).filter(|_| chosen).map(|own| own.addr.port());
    let Some(port) = own.filter(|port| *port != 0) else { return Ok(None) };
    Ok(Some(Spoken::<ChosenTexts>::load(lang)?.say(text, &[("port", &port)])))
}
