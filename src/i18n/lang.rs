//! The languages: those whose files there are. A folder `assets/text/CODE` is a language, and nothing else makes one.

use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use toml::{Table, Value};

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

    /// A file of a language as a table: English, and over it what the language has itself.
    ///
    /// # Errors
    /// A sentence that says which file is wrong, and what.
    pub(crate) fn table(&self, lang: Lang, name: &str) -> Result<Value, String> {
        let read = |lang: Lang| -> Result<Table, String> {
            let path = format!("{}/{name}", lang.code());
            let built_in = format!("{FOLDER}/{path}");
            if assets::asset(&built_in).is_some() {
                return assets::table(&built_in);
            }
            toml::from_str(self.more(&path).unwrap_or_default()).map_err(|error| format!("{path}: {error}"))
        };
        let mut table = read(Lang::EN)?;
        if lang != Lang::EN {
            put_over(&mut table, read(lang)?);
        }
        Ok(Value::Table(table))
    }
}

/// Puts a table's values over those of another one, key by key.
fn put_over(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(over)) => put_over(below, over),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}
