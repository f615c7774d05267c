//! The interface's words in every language, and which language it is.
//!
//! Both languages are read into the same structs, which know every key: a key that only one of them has is an error.

mod check;
mod claims;
mod cli;
mod diverged;
mod doctor;
mod ending;
mod glyphs;
mod layers;
mod measured;
mod needs;
mod place;
mod plain;
mod printed;
mod progress;
mod shared;
pub(crate) mod words;
mod wrap;

use std::sync::OnceLock;

pub use check::CheckTexts;
pub use claims::ClaimTexts;
pub use cli::CliTexts;
pub use diverged::{DivergedTexts, diverged};
pub use doctor::DoctorTexts;
pub use ending::EndingTexts;
pub use glyphs::Glyphs;
pub use layers::{Layer, LayersTexts, empty_layers, hex_rows, layers, options, window_field};
pub use measured::MeasuredTexts;
pub use needs::NeedTexts;
pub use place::PlaceTexts;
pub use plain::PlainTexts;
pub use printed::{Content, Printed};
pub use progress::ProgressTexts;
pub use shared::SharedTexts;
pub use wrap::{escape, excerpt, harmless, join, lines, width, wrap};

pub use crate::lesson::Lang;

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
        /// What the kernel has where a question asked for it.
        pub measured: MeasuredTexts,
    }
}

/// The asset of a language is broken: a fault of the program, which a test looks for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the texts of the interface can't be read: {0}")]
pub struct BrokenTexts(String);

const EN: &str = include_str!("../../assets/text/en.toml");
const ZH: &str = include_str!("../../assets/text/zh.toml");

impl Texts {
    /// The texts of a language; read once.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the asset that was built in doesn't fit the program.
    pub fn load(lang: Lang) -> Result<&'static Texts, BrokenTexts> {
        static LOADED: [OnceLock<Result<Texts, BrokenTexts>>; 2] = [OnceLock::new(), OnceLock::new()];
        let (cell, asset) = match lang {
            Lang::En => (&LOADED[0], EN),
            Lang::Zh => (&LOADED[1], ZH),
        };
        let read = || words::read(asset).map_err(BrokenTexts);
        cell.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}

/// Puts values into a text's `{placeholders}`. A placeholder without a value stays as it is, and so does what is
/// put in: a `{` in a value means nothing.
pub fn fill<V: std::fmt::Display>(text: &str, values: &[(&str, V)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value.to_string(), after))
        });
        // A brace that begins no known name stands for itself.
        let (put, after) = known.unwrap_or_else(|| ("{".to_owned(), after));
        filled.push_str(&put);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The language of a locale: that of the first of LC_ALL, LC_MESSAGES and LANG which is set and not empty; Chinese
/// where it begins with `zh`, else English. `variable` reads one of the environment's variables.
pub fn from_locale(variable: impl Fn(&str) -> Option<String>) -> Lang {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
    match locale {
        Some(locale) if locale.to_ascii_lowercase().starts_with("zh") => Lang::Zh,
        _ => Lang::En,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn flat(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
        for (key, value) in table {
            let name = format!("{prefix}.{key}");
            match value {
                toml::Value::Table(inner) => flat(&name, inner, into),
                toml::Value::String(text) => {
                    into.insert(name, text.clone());
                }
                toml::Value::Array(texts) => {
                    for (n, text) in texts.iter().enumerate() {
                        into.insert(format!("{name}.{n}"), text.as_str().unwrap_or_default().to_owned());
                    }
                }
                other => panic!("{name} is {other:?}, not a text"),
            }
        }
    }

    fn raw(asset: &str) -> BTreeMap<String, String> {
        let mut texts = BTreeMap::new();
        flat("", &toml::from_str::<toml::Table>(asset).unwrap(), &mut texts);
        texts
    }

    fn placeholders(text: &str) -> Vec<&str> {
        let mut names: Vec<_> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn both_languages_have_the_same_keys_and_placeholders_and_no_empty_text() {
        let (en, zh) = (raw(EN), raw(ZH));
        assert_eq!(en.keys().collect::<Vec<_>>(), zh.keys().collect::<Vec<_>>());
        for (key, text) in &en {
            assert!(!text.trim().is_empty() && !zh[key].trim().is_empty(), "{key} is empty");
            assert_eq!(placeholders(text), placeholders(&zh[key]), "{key}");
        }
    }

    #[test]
    fn both_languages_can_be_read() {
        for lang in [Lang::En, Lang::Zh] {
            Texts::load(lang).unwrap();
        }
    }

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(fill("port {port} of {side}", &[("port", "8000"), ("side", "{port}")]), "port 8000 of {port}");
        assert_eq!(fill::<&str>("{nothing} {", &[]), "{nothing} {");
    }

    #[test]
    fn the_language_is_that_of_the_first_variable_that_says_one() {
        let of = |set: &[(&str, &str)]| {
            let set: BTreeMap<String, String> = set.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
            from_locale(|name| set.get(name).cloned())
        };
        assert_eq!(of(&[]), Lang::En);
        assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "zh"), ("LANG", "en_US.UTF-8")]), Lang::Zh);
        assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Lang::En);
    }
}
