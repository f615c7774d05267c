//! What each of the kernel's counters counts, its languages side by side.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::word_tree::WordTree;
use super::words::{self, Words};
use super::{Lang, Localized};
use crate::model::same_counter;

const ASSET: &str = "text/counters.toml";

/// The texts by the counters' names.
#[derive(Default)]
struct CounterTexts(BTreeMap<String, Localized>);

impl Words for CounterTexts {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        self.0.take(value)
    }
}

/// What a counter counts, in one sentence; `None` of one that the program doesn't know, which is shown by its name alone.
pub fn counter(name: &str, lang: Lang) -> Option<&'static str> {
    all().get(name).map(|text| text.get(lang))
}

/// The name of the counter that somebody means who writes it so ([`same_counter`]); `None` of one that the program doesn't
/// know.
pub fn counter_named(written: &str) -> Option<&'static str> {
    all().keys().find(|name| same_counter(name, written)).map(String::as_str)
}

/// The names of all counters that the program knows, in order.
pub fn counter_names() -> impl Iterator<Item = &'static str> {
    all().keys().map(String::as_str)
}

fn all() -> &'static BTreeMap<String, Localized> {
    static KEPT: OnceLock<CounterTexts> = OnceLock::new();
    &words::kept(&KEPT, ASSET).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_one_sentence_in_every_language() {
        assert!(words::of_asset::<CounterTexts>(ASSET).is_ok_and(|all| all.0.len() > 140));
        for (name, text) in all() {
            for lang in Lang::all() {
                let own = text.own(lang).unwrap_or_else(|| panic!("{name} in {lang:?}"));
                assert!(own.ends_with(['.', '。']) && own.trim() == own, "{name}: {own}");
            }
        }
    }

    /// The kernel that runs the tests has no counter of TCP's that isn't explained.
    #[test]
    fn every_counter_of_this_kernel_is_known() {
        for file in ["snmp", "netstat"] {
            let text = std::fs::read_to_string(format!("/proc/net/{file}")).unwrap();
            let groups = text.lines().step_by(2).filter_map(|line| line.split_once(": "));
            let named =
                groups.filter(|(group, _)| ["Tcp", "Udp", "TcpExt"].contains(group)).flat_map(|(group, names)| {
                    names.split(' ').filter_map(move |name| crate::model::counter_name(group, name))
                });
            let routine = |name: &String| name.starts_with("Udp") && crate::model::is_routine(name);
            let unknown: Vec<String> =
                named.filter(|name| !routine(name) && counter(name, Lang::EN).is_none()).collect();
            assert!(unknown.is_empty(), "{unknown:?}");
        }
    }

    #[test]
    fn a_counter_is_found_by_what_people_call_it() {
        for (written, name) in [
            ("TCPChallengeACK", Some("TCPChallengeACK")),
            ("TcpExtTCPChallengeACK", Some("TCPChallengeACK")),
            ("TcpInCsumErrors", Some("TcpInCsumErrors")),
            ("InCsumErrors", Some("TcpInCsumErrors")),
            ("ChallengeACK", None),
        ] {
            assert_eq!(counter_named(written), name, "{written}");
        }
    }
}
