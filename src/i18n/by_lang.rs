//! Words of every language, each read once, when it is first asked for.

use std::sync::OnceLock;

use super::words::{self, Words};
use super::{Glyphs, Lang, Languages};

/// The asset of a language is broken: a fault of the program, which a test looks for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the texts of the interface can't be read: {0}")]
pub struct BrokenTexts(pub(super) String);

type OnceRead<W> = OnceLock<Result<W, BrokenTexts>>;

/// The words of one file of each language.
pub(super) struct ByLang<W: 'static> {
    file: &'static str,
    read: OnceLock<Vec<(Lang, OnceRead<W>)>>,
}

impl<W: Words + Default> ByLang<W> {
    pub(super) const fn new(file: &'static str) -> ByLang<W> {
        ByLang { file, read: OnceLock::new() }
    }

    /// The words in a language; English where the program hasn't it.
    ///
    /// # Errors
    /// [`BrokenTexts`] where a file doesn't fit the program.
    pub(super) fn get(&'static self, lang: Lang) -> Result<&'static W, BrokenTexts> {
        let all = self.read.get_or_init(|| Lang::all().map(|lang| (lang, OnceLock::new())).collect());
        let of = |lang: Lang| all.iter().find(|(known, _)| *known == lang);
        // English is always there, and first.
        let (lang, cell) = of(lang).unwrap_or(&all[0]);
        let read =
            || words::of_language(Languages::shipped(), (*lang, Glyphs::Unicode), self.file).map_err(BrokenTexts);
        cell.get_or_init(read).as_ref().map_err(Clone::clone)
    }
}
