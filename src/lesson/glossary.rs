//! The field's terms with their definitions, and where a text mentions them.

use std::ops::Range;
use std::sync::OnceLock;

use serde::Deserialize;

use super::{Lang, Localized};

const ASSET: &str = include_str!("../../assets/glossary.toml");

/// One term.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Its name in English.
    pub en: String,
    /// Its name in Chinese.
    pub zh: String,
    /// Other words by which texts call the same thing, in any language.
    #[serde(default)]
    pub also: Vec<String>,
    /// What it means, in one or two sentences; `code` stands in backticks.
    pub say: Localized,
    /// Where that is said: RFC and section, or manual page.
    pub source: String,
}

impl Term {
    /// Its name in a language.
    pub fn name(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }

    /// All words for it.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        [&self.en, &self.zh].into_iter().chain(&self.also).map(String::as_str)
    }
}

/// All terms, in the order of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Glossary {
    term: Vec<Term>,
}

/// The asset is broken: a fault of the program, which a test looks for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the glossary can't be read: {0}")]
pub struct BrokenGlossary(String);

impl Glossary {
    /// The glossary that is built in; read once.
    ///
    /// # Errors
    /// [`BrokenGlossary`] where the asset doesn't fit the program.
    pub fn load() -> Result<&'static Glossary, BrokenGlossary> {
        static LOADED: OnceLock<Result<Glossary, BrokenGlossary>> = OnceLock::new();
        let read = || toml::from_str(ASSET).map_err(|error| BrokenGlossary(error.to_string()));
        LOADED.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// All terms.
    pub fn terms(&self) -> &[Term] {
        &self.term
    }

    /// The term that one of its words names, in any writing: `syn sent` finds SYN_SENT. Where none does: the terms
    /// with a word that contains it.
    pub fn search(&self, wanted: &str) -> Vec<&Term> {
        let wanted = plain(wanted);
        if wanted.is_empty() {
            return Vec::new();
        }
        let those = |fits: &dyn Fn(&str) -> bool| -> Vec<&Term> {
            self.term.iter().filter(|term| term.words().any(|word| fits(&plain(word)))).collect()
        };
        let exact = those(&|word| word == wanted);
        if exact.is_empty() { those(&|word| word.contains(&wanted)) } else { exact }
    }

    /// The numbers of the terms that a text mentions, in the text's order. Of words within each other, the longest
    /// counts: `SYN queue` mentions no SYN.
    pub fn mentioned(&self, text: &str) -> Vec<usize> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        for (number, term) in self.term.iter().enumerate() {
            for word in term.words() {
                found.extend(places(text, word).map(|place| (place, number)));
            }
        }
        found.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
        let (mut end, mut numbers) = (0, Vec::new());
        for (place, number) in found {
            if place.start >= end {
                end = place.end;
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        numbers
    }
}

/// A word without what may be written in one way or another.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '`' | '(' | ')')).flat_map(char::to_lowercase).collect()
}

/// Where a word stands in a text, as a word of its own. What has a small letter is found in any case, and with an
/// English plural's `s`.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let strict = !word.chars().any(char::is_lowercase);
    let bytes = word.len();
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = move |found: &str| if strict { found == word } else { found.eq_ignore_ascii_case(word) };
    let latin = word.is_ascii();
    text.char_indices().filter_map(move |(start, _)| {
        let found = text.get(start..start + bytes).filter(|found| fits(found))?;
        let after = &text[start + found.len()..];
        let plural = usize::from(latin && !strict && after.starts_with('s'));
        let bounded = !text[..start].ends_with(part_of_word) && !after[plural..].starts_with(part_of_word);
        (!latin || bounded).then_some(start..start + bytes + plural)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::tcp::{Flags, State};

    fn names(text: &str) -> Vec<&'static str> {
        let glossary = Glossary::load().unwrap();
        glossary.mentioned(text).into_iter().map(|number| glossary.terms()[number].en.as_str()).collect()
    }

    #[test]
    fn it_is_whole() {
        let glossary = Glossary::load().unwrap();
        assert!(glossary.terms().len() >= 45);
        let mut words = HashSet::new();
        for term in glossary.terms() {
            // One word in both languages is one word; otherwise no word means two things.
            let own: HashSet<String> = term.words().map(plain).collect();
            for word in own {
                assert!(words.insert(word.clone()), "{word} stands twice");
            }
            for text in [&term.say.en, &term.say.zh, &term.source] {
                assert!(!text.trim().is_empty() && text.matches('`').count() % 2 == 0, "{}", term.en);
            }
            let says_where = term.source.contains("RFC ") || term.source.contains('(');
            assert!(says_where, "{}: {}", term.en, term.source);
            assert!(term.say.en.ends_with('.') && term.say.zh.ends_with('。'), "{}", term.en);
            assert!(term.say.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}", term.en);
            assert_eq!(ticks(&term.say.en), ticks(&term.say.zh), "{}", term.en);
        }
    }

    fn ticks(text: &str) -> Vec<&str> {
        let mut parts: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn every_state_and_every_flag_is_a_term() {
        let glossary = Glossary::load().unwrap();
        for name in State::ALL.iter().map(|state| state.name()).chain(Flags::from_bits(0xff).names()) {
            let found = glossary.search(name);
            assert!(found.len() == 1 && found[0].en == name, "{name}");
        }
    }

    #[test]
    fn a_term_is_found_however_it_is_written() {
        let glossary = Glossary::load().unwrap();
        for (wanted, en) in [
            ("syn_sent", "SYN_SENT"),
            ("SYN-SENT", "SYN_SENT"),
            ("time wait", "TIME_WAIT"),
            ("窗口", "window"),
            ("Half-Close", "half-close"),
            ("initial sequence number", "ISN"),
        ] {
            let found: Vec<&str> = glossary.search(wanted).iter().map(|term| term.en.as_str()).collect();
            assert_eq!(found, [en], "{wanted}");
        }
        assert!(glossary.search("queue").len() >= 4);
        for nothing in ["nothing of the kind", "", "\u{1b}[2J", "()"] {
            assert!(glossary.search(nothing).is_empty(), "{nothing:?}");
        }
    }

    #[test]
    fn a_text_mentions_the_longest_words_in_its_order() {
        assert_eq!(names("Then `connect()` blocks: SYN_SENT."), ["blocking call", "SYN_SENT"]);
        assert_eq!(names("The SYN queue holds segments, not the SYN."), ["SYN queue", "segment", "SYN"]);
        assert_eq!(names("SYNs and synthesis, closed and closing, important ports"), ["port"]);
        assert_eq!(names("零窗口之后，窗口又打开"), ["zero window", "window"]);
        assert_eq!(names(""), [] as [&str; 0]);
    }
}
