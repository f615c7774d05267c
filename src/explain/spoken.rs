//! Texts whose languages stand side by side in one file, spoken in one of them.

use std::fmt::Display;
use std::sync::OnceLock;

use super::table::Broken;
use crate::i18n::words::{self, Words};
use crate::i18n::{Lang, Localized, fill};

/// Texts that were built in.
pub(super) trait BuiltInTexts: Words + Default + Send + Sync + 'static {
    /// The file, by its path below `assets`.
    const ASSET: &'static str;

    /// Where they are kept once they were read.
    fn kept() -> &'static OnceLock<Result<Self, Broken>>;
}

/// Such texts in one language.
pub(super) struct Spoken<T: 'static> {
    pub(super) texts: &'static T,
    pub(super) lang: Lang,
}

impl<T> Clone for Spoken<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Spoken<T> {}

impl<T: BuiltInTexts> Spoken<T> {
    /// The built-in texts; read once.
    ///
    /// # Errors
    /// [`Broken`] where the asset that was built in doesn't fit the program.
    pub(super) fn load(lang: Lang) -> Result<Spoken<T>, Broken> {
        let texts = T::kept().get_or_init(|| words::of_asset(T::ASSET).map_err(Broken));
        Ok(Spoken { texts: texts.as_ref().map_err(Clone::clone)?, lang })
    }

    /// A text, its facts filled in.
    pub(super) fn say(&self, text: fn(&T) -> &Localized, facts: &[(&str, &dyn Display)]) -> String {
        fill(text(self.texts).get(self.lang), facts)
    }
}
