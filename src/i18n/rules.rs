//! Why what somebody wrote is no rule of the wire, in each language.

use std::sync::OnceLock;

use super::words::{self, words};
use super::{Lang, Localized, fill};
use crate::model::rule::{RuleFault, RuleKind};

/// All languages in one file, by its path below `assets`; a test reads it.
const ASSET: &str = "text/rules.toml";

words! {
    struct RuleTexts {
        nothing: Localized,
        effect: Localized,
        selection: Localized,
        number: Localized,
        chance: Localized,
        time: Localized,
        rate: Localized,
        seed: Localized,
        flags: Localized,
        data: Localized,
        whom: Localized,
        word: Localized,
        twice: Localized,
        not_here: Localized,
        no_wire: Localized,
        not_there: Localized,
        not_there_kind: Localized,
    }
}

fn texts() -> &'static RuleTexts {
    static KEPT: OnceLock<RuleTexts> = OnceLock::new();
    words::kept(&KEPT, ASSET)
}

/// What is wrong with it, and what to do. What was written is not escaped.
pub fn rule_fault(fault: &RuleFault, lang: Lang) -> String {
    let t = texts();
    let of = |said: &Localized, found: &str| fill(said.get(lang), &[("found", found)]);
    let behind = |said: &Localized, word: &str, found: &str| fill(said.get(lang), &[("word", word), ("found", found)]);
    match fault {
        RuleFault::Nothing => t.nothing.get(lang).to_owned(),
        RuleFault::Effect(found) => {
            let kinds = lang.list(RuleKind::ALL.map(RuleKind::name));
            fill(t.effect.get(lang), &[("found", found.as_str()), ("kinds", &kinds)])
        }
        RuleFault::Selection(found) => of(&t.selection, found),
        RuleFault::Number(word, found) => behind(&t.number, word, found),
        RuleFault::Chance(found) => of(&t.chance, found),
        RuleFault::Time(word, found) => behind(&t.time, word, found),
        RuleFault::Rate(found) => of(&t.rate, found),
        RuleFault::Seed(found) => of(&t.seed, found),
        RuleFault::Flags(found) => of(&t.flags, found),
        RuleFault::Data(found) => of(&t.data, found),
        RuleFault::Whom(found) => of(&t.whom, found),
        RuleFault::Word(found) => of(&t.word, found),
        RuleFault::Twice(found) => of(&t.twice, found),
        RuleFault::NotHere => t.not_here.get(lang).to_owned(),
        RuleFault::NoWire => t.no_wire.get(lang).to_owned(),
        RuleFault::NotThere(None) => t.not_there.get(lang).to_owned(),
        RuleFault::NotThere(Some(kind)) => of(&t.not_there_kind, kind.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_every_language() {
        words::of_asset::<RuleTexts>(ASSET).unwrap();
        for lang in Lang::all() {
            let said = rule_fault(&RuleFault::Number("every", "zero".into()), lang);
            assert!(said.contains("`every zero`") && said.contains("every 3"), "{said}");
        }
    }
}
