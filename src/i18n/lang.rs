//! The languages: those whose files there are. A folder `assets/text/CODE` is a language, and nothing else makes one.

use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use toml::Table;

use super::word_tree::WordTree;
use crate::assets;

/// The folder of the built-in ones.
const FOLDER: &str = "text";

/// A file of a language: its path, as `en/words.toml`, and its text.
pub type LanguageFile = (&'static str, &'static str);

/// A language, by its code (BCP 47, in small letters: `en`, `zh`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lang(&'static str);

impl Lang {
    /// English: every text is there in it, and stands where another language lacks one.
    pub const EN: Lang = Lang("en");

    /// All languages of the program, English first, then by their codes.
    pub fn all() -> impl Iterator<Item = Lang> + Clone {
        Languages::shipped().all()
    }

    /// The language of the program with this code.
    pub fn of(code: &str) -> Option<Lang> {
        Languages::shipped().get(code)
    }

    /// The one that comes after it, of those that `can` be shown; the first one after the last.
    pub fn next(self, can: impl Fn(Lang) -> bool) -> Lang {
        let after = Lang::all().skip_while(move |lang| *lang != self).skip(1);
        after.chain(Lang::all()).find(|lang| can(*lang)).unwrap_or(self)
    }

    /// Its code.
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// The language that a file's key names: one of the program's, or one more, as a file may have texts of a language before
    /// the program has. `None` where the key is no code of a language. For files that are built in: what is new is kept for good.
    pub(super) fn of_key(key: &str) -> Option<Lang> {
        static MORE: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
        if let Some(lang) = Lang::of(key) {
            return Some(lang);
        }
        let is_code = (2..=16).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if !is_code {
            return None;
        }
        let mut more = MORE.lock().unwrap_or_else(PoisonError::into_inner);
        let known = more.iter().find(|code| **code == key).copied();
        Some(Lang(known.unwrap_or_else(|| {
            let code: &'static str = key.to_owned().leak();
            more.push(code);
            code
        })))
    }
}

impl fmt::Debug for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A set of languages, and their files.
#[derive(Clone, Debug)]
pub struct Languages {
    /// English first.
    all: Vec<Lang>,
    /// Files beside those that are built in.
    more: &'static [LanguageFile],
}

impl Languages {
    /// Those that are built in.
    pub fn shipped() -> &'static Languages {
        static SHIPPED: LazyLock<Languages> = LazyLock::new(|| Languages::with(&[]));
        &SHIPPED
    }

    /// The built-in ones, and those that more files have. English is there, whatever they are.
    pub fn with(more: &'static [LanguageFile]) -> Languages {
        let built_in = assets::below(FOLDER).filter_map(|asset| asset.path().strip_prefix(FOLDER)?.strip_prefix('/'));
        let paths = built_in.chain(more.iter().map(|(path, _)| *path));
        let codes = paths.filter_map(|path| path.split_once('/')).map(|(code, _)| code);
        let mut others: Vec<&str> = codes.filter(|code| *code != Lang::EN.code()).collect();
        others.sort_unstable();
        others.dedup();
        let all = std::iter::once(Lang::EN).chain(others.into_iter().map(Lang)).collect();
        Languages { all, more }
    }

    /// All of them, English first.
    pub fn all(&self) -> impl Iterator<Item = Lang> + Clone {
        self.all.iter().copied()
    }

    /// The one with this code.
    pub fn get(&self, code: &str) -> Option<Lang> {
        self.all().find(|lang| lang.code() == code)
    }

    /// The language of a locale, English where no file has it: that of the first of LC_ALL, LC_MESSAGES and LANG which is set and
    /// not empty. Of `pt_BR.UTF-8` it is `pt-br`, else `pt`. `variable` reads one of the environment's variables.
    pub fn of_locale(&self, variable: impl Fn(&str) -> Option<String>) -> Lang {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        let named = locale.split(['.', '@']).next().unwrap_or_default();
        let language = named.split('-').next().unwrap_or_default();
        self.get(named).or_else(|| self.get(language)).unwrap_or(Lang::EN)
    }

    /// The text of a language's file; `None` where it has none.
    pub fn file(&self, lang: Lang, name: &str) -> Option<String> {
        let path = format!("{}/{name}", lang.code());
        let built_in = assets::asset(&format!("{FOLDER}/{path}")).map(assets::Asset::text);
        built_in.or_else(|| self.more(&path).map(str::to_owned))
    }

    fn more(&self, path: &str) -> Option<&'static str> {
        self.more.iter().find(|(more, _)| *more == path).map(|(_, text)| *text)
    }

    /// The words of a language's file, as they are read; none where it has no such file.
    pub(super) fn words(&self, lang: Lang, name: &str) -> LanguageWords {
        let path = format!("{}/{name}", lang.code());
        match assets::asset(&format!("{FOLDER}/{path}")) {
            Some(asset) => LanguageWords { text: asset.text(), path, is_built_in: true },
            None => LanguageWords { text: self.more(&path).unwrap_or_default().to_owned(), path, is_built_in: false },
        }
    }
}

/// A language's file of words.
pub(super) struct LanguageWords {
    path: String,
    text: String,
    is_built_in: bool,
}

impl LanguageWords {
    /// What it says.
    ///
    /// # Errors
    /// A sentence that says which file is wrong, and what.
    pub(super) fn tree(&self) -> Result<WordTree<'_>, String> {
        let read = match self.is_built_in {
            true => WordTree::of_json(&self.text),
            false => toml::from_str::<Table>(&self.text).map(WordTree::from).map_err(|error| error.to_string()),
        };
        read.map_err(|error| format!("{}: {error}", self.path))
    }
}
