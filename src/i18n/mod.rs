//! The interface's words in every language, and which language it is.
//!
//! Every language is read into the same structs, which know every key: a key that they don't know is an error. What a language
//! lacks is English; tests look that the built-in ones lack nothing.

mod by_lang;
mod check;
mod claims;
mod cli;
mod counters;
mod diverged;
mod doctor;
mod edits;
mod ending;
mod faults;
mod glyphs;
mod lang;
mod language;
mod layers;
mod localized;
mod measured;
mod needs;
mod place;
mod plain;
mod printed;
mod progress;
mod rules;
mod set_up;
mod settings;
mod shared;
mod site;
mod system;
pub(crate) mod word_tree;
pub(crate) mod words;
mod wrap;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use crate::model::escape;
pub use by_lang::BrokenTexts;
pub use check::CheckTexts;
pub use claims::ClaimTexts;
pub use cli::CliTexts;
pub use counters::{counter, counter_named, counter_names};
pub use diverged::{DivergedTexts, diverged};
pub use doctor::DoctorTexts;
pub use edits::edit_fault;
pub use ending::EndingTexts;
pub use faults::{FaultTexts, TomlTexts};
pub use glyphs::Glyphs;
pub use lang::{Lang, LanguageFile, Languages};
pub use language::LanguageTexts;
pub use layers::{Layer, LayersTexts, empty_layers, layers, options};
pub use localized::Localized;
pub use measured::MeasuredTexts;
pub use needs::NeedTexts;
pub use place::PlaceTexts;
pub use plain::PlainTexts;
pub use printed::{Content, Printed};
pub use progress::ProgressTexts;
pub use rules::rule_fault;
pub use set_up::{SetUpWords, set_up_words};
pub use settings::setting_fault;
pub use shared::SharedTexts;
pub use site::SiteTexts;
pub use system::{SystemTexts, cause, failure, refused};
pub use wrap::{excerpt, harmless, join, lines, width, wrap};

use crate::model::Actor;
use by_lang::ByLang;
use words::words;

words! {
    /// Every text of the interface in one language.
    pub struct Texts {
        /// The command line: help and errors.
        pub cli: CliTexts,
        /// What can go wrong where a walk runs.
        pub place: PlaceTexts,
        /// What lessons need.
        pub needs: NeedTexts,
        /// Labs that processes share, and recordings.
        pub shared: SharedTexts,
        /// The transcript.
        pub plain: PlainTexts,
        /// What a claim says, and what is the case.
        pub claims: ClaimTexts,
        /// A walk that isn't its lesson's any more.
        pub diverged: DivergedTexts,
        /// What is kept of the learner's progress.
        pub progress: ProgressTexts,
        /// The end of a lesson, and of a walk.
        pub ending: EndingTexts,
        /// The author's tools.
        pub check: CheckTexts,
        /// What the machine allows.
        pub doctor: DoctorTexts,
        /// A packet by layers.
        pub layers: LayersTexts,
        /// Where in its source a program makes a call.
        pub site: SiteTexts,
        /// What the kernel has where a question asked for it.
        pub measured: MeasuredTexts,
    }
}

impl Texts {
    /// The texts of a language; read once.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the asset that was built in doesn't fit the program.
    pub fn load(lang: Lang) -> Result<&'static Texts, BrokenTexts> {
        static LOADED: ByLang<Texts> = ByLang::new("words.toml");
        LOADED.get(lang)
    }

    /// The texts of one of these languages.
    ///
    /// # Errors
    /// [`BrokenTexts`] where a file doesn't fit the program.
    pub fn read(languages: &Languages, lang: Lang) -> Result<Texts, BrokenTexts> {
        words::of_language(languages, (lang, Glyphs::Unicode), "words.toml").map_err(BrokenTexts)
    }
}

/// An actor in a sentence of a language; nothing where the texts that were built in don't fit the program.
pub fn in_sentence(actor: Actor, lang: Lang) -> String {
    Texts::load(lang).map_or_else(|_| String::new(), |texts| texts.shared.in_sentence(actor))
}

/// What is said of a language that was wanted and can't be shown, in the language that is.
///
/// # Errors
/// [`BrokenTexts`] where an asset that was built in doesn't fit the program.
pub fn lacks_lang(wanted: Lang, lang: Lang) -> Result<String, BrokenTexts> {
    let name = LanguageTexts::load(lang)?.name_of(wanted);
    Ok(fill(&Texts::load(lang)?.cli.lacks_lang, &[("lang", name)]))
}

/// Puts values into a text's `{placeholders}`. A placeholder without a value stays as it is, and so does what is
/// put in: a `{` in a value means nothing. A blank between a value and the text around it is there to part Latin letters from
/// Chinese ones, and goes where both are Chinese, or one is a mark that has its own room.
pub fn fill<V: std::fmt::Display>(text: &str, values: &[(&str, V)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        push_parted(&mut filled, before);
        let known = after.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value.to_string(), after))
        });
        // A brace that begins no known name stands for itself.
        let (put, after) = known.unwrap_or_else(|| ("{".to_owned(), after));
        push_parted(&mut filled, &put);
        rest = after;
    }
    push_parted(&mut filled, rest);
    filled
}

/// Puts a part behind what is there, without the one blank between them where none is needed.
fn push_parted(filled: &mut String, part: &str) {
    let is_mark = |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ff60}');
    let is_wide = |c: char| is_mark(c) || matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}');
    // A quotation mark has its own room only among Chinese letters.
    let is_quote = |c: char| matches!(c, '“' | '”' | '‘' | '’' | '…');
    let has_room = |one: char, other: char| is_wide(one) && (is_wide(other) || is_quote(other));
    let needless =
        |left: char, right: char| is_mark(left) || is_mark(right) || has_room(left, right) || has_room(right, left);
    let mut behind = part.chars();
    let mut before = filled.chars().rev();
    let (left, right) = (before.next(), behind.next());
    match (left, right) {
        (Some(left), Some(' ')) if behind.next().is_some_and(|right| right != ' ' && needless(left, right)) => {
            filled.push_str(&part[1..]);
        }
        (Some(' '), Some(right)) if before.next().is_some_and(|left| left != ' ' && needless(left, right)) => {
            filled.pop();
            filled.push_str(part);
        }
        _ => filled.push_str(part),
    }
}
