//! What a language says of itself and of the others.

use std::collections::BTreeMap;

use super::by_lang::ByLang;
use super::words::words;
use super::{BrokenTexts, Lang};

impl Lang {
    /// Its own name; its code where no file says one.
    pub fn name(self) -> &'static str {
        LanguageTexts::load(self)
            .ok()
            .filter(|texts| texts.code == self.code())
            .map_or(self.code(), |texts| &texts.name)
    }

    /// Words as a list, as the language writes one.
    pub fn list<T: AsRef<str>>(self, words: impl IntoIterator<Item = T>) -> String {
        match LanguageTexts::load(self) {
            Ok(texts) => texts.list(words),
            Err(_) => words.into_iter().map(|word| word.as_ref().to_owned()).collect::<Vec<_>>().join(", "),
        }
    }
}

words! {
    /// What a language says of itself and of the others.
    pub struct LanguageTexts {
        /// Its code.
        pub code: String,
        /// Its own name.
        pub name: String,
        /// Between the words of a list.
        pub separator: String,
        /// What it calls languages, by their codes.
        names: BTreeMap<String, String>,
    }
}

impl LanguageTexts {
    /// The texts of a language; read once.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the asset that was built in doesn't fit the program.
    pub fn load(lang: Lang) -> Result<&'static LanguageTexts, BrokenTexts> {
        static LOADED: ByLang<LanguageTexts> = ByLang::new("language.toml");
        LOADED.get(lang)
    }

    /// What a language is called here; its own name where it has none here.
    pub fn name_of(&self, lang: Lang) -> &str {
        self.names.get(lang.code()).map_or(lang.name(), String::as_str)
    }

    /// Words as a list.
    pub fn list<T: AsRef<str>>(&self, words: impl IntoIterator<Item = T>) -> String {
        let words: Vec<T> = words.into_iter().collect();
        words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(&self.separator)
    }
}
