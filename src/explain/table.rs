//! The texts: one entry for each outcome that has something to explain, its languages side by side.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

use super::{CallState, Circumstance};
use crate::i18n::words::{self, words};
use crate::i18n::{Lang, Localized};
use crate::model::{CallName, Errno};

const ASSET: &str = "text/errors.toml";

/// What is said of one outcome, in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it means.
    pub means: &'static str,
    /// Why it comes now.
    pub why: &'static str,
    /// What one does about it.
    pub remedy: &'static str,
}

/// The asset is broken: a fault of the program, which a test looks for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the explanations of outcomes can't be read: {0}")]
pub struct Broken(pub(super) String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum OutcomeKind {
    /// It succeeded in a way that surprises.
    Returns,
    Blocks,
    /// What was said of it is no longer so.
    Since,
    /// An error that the program has no name for.
    Other,
    Error(Errno),
}

words! {
    struct RawFile {
        entry: Vec<RawEntry>,
    }
}

words! {
    struct RawEntry {
        /// A call's name; every call where it is missing.
        call: Option<String>,
        /// An errno's name, or `returns`, `blocks`, `other`; `since` of what became of it later, whatever it was.
        outcome: String,
        /// The name of a [`Circumstance`].
        when: Option<String>,
        means: Localized,
        why: Localized,
        r#do: Localized,
    }
}

/// The call's name as in C, what it came to, and the circumstance that tells its reasons apart.
pub(super) type Key = (Option<String>, OutcomeKind, Option<Circumstance>);

pub(super) struct ExplanationEntry {
    pub(super) means: Localized,
    pub(super) why: Localized,
    pub(super) remedy: Localized,
}

impl ExplanationEntry {
    fn of(&'static self, lang: Lang) -> Explanation {
        Explanation { means: self.means.get(lang), why: self.why.get(lang), remedy: self.remedy.get(lang) }
    }
}

/// All explanations.
pub struct Explanations {
    pub(super) entries: HashMap<Key, ExplanationEntry>,
}

/// The call that does the same without an address.
const fn without_address(call: CallName) -> Option<CallName> {
    match call {
        CallName::SendTo => Some(CallName::Send),
        CallName::RecvFrom => Some(CallName::Recv),
        _ => None,
    }
}

impl Explanations {
    /// The built-in explanations; read once.
    ///
    /// # Errors
    /// [`Broken`] where the asset that was built in doesn't fit the program.
    pub fn load() -> Result<&'static Explanations, Broken> {
        static LOADED: OnceLock<Result<Explanations, Broken>> = OnceLock::new();
        LOADED.get_or_init(|| words::of_asset(ASSET).map_err(Broken).and_then(of_file)).as_ref().map_err(Clone::clone)
    }

    /// What is to be said of this outcome. The nearest entry counts: of this call in this circumstance, of whatever call in it, of this call
    /// (but not where a socket for datagrams makes it: that would tell of TCP), of this error whatever the call, of any error. `None` only of a success or a wait that explains itself.
    pub fn explain(
        &'static self,
        call: CallName,
        came: CallState<'_>,
        circumstance: Option<Circumstance>,
        lang: Lang,
    ) -> Option<Explanation> {
        let kind = match came {
            CallState::Error(errno) => OutcomeKind::Error(errno),
            CallState::Returned(_) => OutcomeKind::Returns,
            CallState::Blocks => OutcomeKind::Blocks,
        };
        let of = |call: CallName, when| self.entries.get(&(Some(call.name().to_owned()), kind, when));
        // On a connection an address changes nothing.
        let of_call = |when| of(call, when).or_else(|| of(without_address(call)?, when));
        let of_any = |kind| self.entries.get(&(None, kind, None));
        let entry = circumstance
            .and_then(|when| of_call(Some(when)).or_else(|| self.entries.get(&(None, kind, Some(when)))))
            .or_else(|| if circumstance == Some(Circumstance::Datagrams) { None } else { of_call(None) })
            .or_else(|| of_any(kind))
            .or_else(|| if matches!(kind, OutcomeKind::Error(_)) { of_any(OutcomeKind::Other) } else { None })?;
        Some(entry.of(lang))
    }

    /// What is to be said of an outcome after which this has come about.
    pub fn since(&'static self, what: Circumstance, lang: Lang) -> Option<Explanation> {
        self.entries.get(&(None, OutcomeKind::Since, Some(what))).map(|entry| entry.of(lang))
    }
}

#[cfg(test)]
pub(super) fn read(asset: toml::Table) -> Result<Explanations, Broken> {
    words::taken(asset.into()).map_err(Broken).and_then(of_file)
}

fn of_file(file: RawFile) -> Result<Explanations, Broken> {
    let mut entries = HashMap::new();
    for raw in file.entry {
        let kind = kind(&raw.outcome).ok_or_else(|| Broken(format!("no outcome is called {}", raw.outcome)))?;
        if let Some(call) = &raw.call
            && !is_call(call)
        {
            return Err(Broken(format!("no call is called {call}")));
        }
        let when = raw.when.as_deref().map(circumstance).transpose()?;
        let entry = ExplanationEntry { means: raw.means, why: raw.why, remedy: raw.r#do };
        let told = format!("{:?} {} {:?}", raw.call, raw.outcome, raw.when);
        if entries.insert((raw.call, kind, when), entry).is_some() {
            return Err(Broken(format!("{told} stands twice")));
        }
    }
    Ok(Explanations { entries })
}

fn circumstance(name: &str) -> Result<Circumstance, Broken> {
    let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    Circumstance::deserialize(name).map_err(|error| Broken(error.to_string()))
}

fn kind(outcome: &str) -> Option<OutcomeKind> {
    match outcome {
        "returns" => Some(OutcomeKind::Returns),
        "blocks" => Some(OutcomeKind::Blocks),
        "other" => Some(OutcomeKind::Other),
        "since" => Some(OutcomeKind::Since),
        name => Errno::from_name(name).map(OutcomeKind::Error),
    }
}

/// `fcntl` is explained like the calls that are in [`CallName`].
fn is_call(name: &str) -> bool {
    name == "fcntl" || CallName::ALL.iter().any(|call| call.name() == name)
}
