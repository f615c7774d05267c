//! A text in several languages.

use super::Lang;
use super::word_tree::WordTree;
use super::words::{Words, table};

/// A text in English, and in those other languages in which somebody wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Localized {
    english: String,
    others: Vec<(Lang, String)>,
}

impl Localized {
    /// A text in English.
    pub fn new(english: impl Into<String>) -> Localized {
        Localized { english: english.into(), others: Vec::new() }
    }

    /// The same, in one more language.
    pub fn with(mut self, lang: Lang, text: impl Into<String>) -> Localized {
        self.set(lang, text);
        self
    }

    /// A text in all languages of the program, each made by itself.
    ///
    /// # Errors
    /// The first that `say` has.
    pub fn each<E>(mut say: impl FnMut(Lang) -> Result<String, E>) -> Result<Localized, E> {
        let mut text = Localized::default();
        for lang in Lang::all() {
            text.set(lang, say(lang)?);
        }
        Ok(text)
    }

    /// Sets the text of a language.
    pub fn set(&mut self, lang: Lang, text: impl Into<String>) {
        let text = text.into();
        match self.others.iter_mut().find(|(known, _)| *known == lang) {
            _ if lang == Lang::EN => self.english = text,
            Some((_, known)) => *known = text,
            None => self.others.push((lang, text)),
        }
    }

    /// The text in a language; in English where it isn't there in that one.
    pub fn get(&self, lang: Lang) -> &str {
        self.own(lang).unwrap_or(&self.english)
    }

    /// The text in a language, where it is there.
    pub fn own(&self, lang: Lang) -> Option<&str> {
        let mut all = self.iter();
        all.find(|(known, _)| *known == lang).map(|(_, text)| text)
    }

    /// All of it, English first.
    pub fn iter(&self) -> impl Iterator<Item = (Lang, &str)> {
        let others = self.others.iter().map(|(lang, text)| (*lang, text.as_str()));
        std::iter::once((Lang::EN, self.english.as_str())).chain(others)
    }
}

/// Of a table with a key for each language.
impl Words for Localized {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        for (key, value) in table(value)? {
            let lang = Lang::of_key(&key).ok_or_else(|| format!(".{key} is no language"))?;
            let mut text = String::new();
            text.take(value).map_err(|error| format!(".{key}{error}"))?;
            self.set(lang, text);
        }
        if self.english.is_empty() { Err(".en is missing".to_owned()) } else { Ok(()) }
    }
}
