//! Tables of words: structs whose fields are texts, filled from a table that has exactly their keys. So all that is built
//! in is read, but for lessons.
//!
//! They are filled by one function for all of them, and not by a derived reader for each: with some five hundred texts,
//! those readers were a quarter of the whole program.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::word_tree::WordTree;
use super::{Glyphs, Lang, Languages};
use crate::assets;

/// Something that is filled with words.
pub(crate) trait Words {
    /// Takes over the words of a value.
    ///
    /// # Errors
    /// A sentence that names the key where the value doesn't fit.
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String>;

    /// Whether it stays as it is where its key is missing.
    fn is_optional(&self) -> bool {
        false
    }
}

impl Words for String {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        match value {
            WordTree::Text(text) => *self = text.into_owned(),
            other => return Err(format!(" is no text but {}", other.kind())),
        }
        Ok(())
    }
}

impl<const N: usize> Words for [String; N] {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        let texts = match value {
            WordTree::List(texts) if texts.len() == N => texts,
            other => return Err(format!(" is no list of {N} texts but {}", other.kind())),
        };
        self.iter_mut().zip(texts).try_for_each(|(text, value)| text.take(value))
    }
}

impl<W: Words + Default> Words for Vec<W> {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        let WordTree::List(values) = value else { return Err(format!(" is no list but {}", value.kind())) };
        for (n, value) in values.into_iter().enumerate() {
            let mut words = W::default();
            words.take(value).map_err(|error| format!("[{n}]{error}"))?;
            self.push(words);
        }
        Ok(())
    }
}

impl<W: Words + Default> Words for Option<W> {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        self.insert(W::default()).take(value)
    }

    fn is_optional(&self) -> bool {
        true
    }
}

/// Words by names that the program doesn't fix.
impl<W: Words + Default> Words for BTreeMap<String, W> {
    fn take(&mut self, value: WordTree<'_>) -> Result<(), String> {
        for (key, value) in table(value)? {
            let mut words = W::default();
            words.take(value).map_err(|error| format!(".{key}{error}"))?;
            self.insert(key.into_owned(), words);
        }
        Ok(())
    }
}

/// The keys and values of a table.
///
/// # Errors
/// Where the value is none.
pub(crate) fn table(value: WordTree<'_>) -> Result<Vec<(Cow<'_, str>, WordTree<'_>)>, String> {
    match value {
        WordTree::Table(table) => Ok(table),
        other => Err(format!(" is no table but {}", other.kind())),
    }
}

/// Fills fields, each with its name, from a table.
///
/// # Errors
/// Where a key is missing, or one is there that no field has.
pub(crate) fn fill_fields(value: WordTree<'_>, fields: &mut [(&'static str, &mut dyn Words)]) -> Result<(), String> {
    let mut table = table(value)?;
    for (name, field) in fields {
        // A field whose name is a word of Rust's.
        let key = name.strip_prefix("r#").unwrap_or(name);
        match WordTree::take_of(&mut table, key) {
            Some(value) => field.take(value).map_err(|error| format!(".{key}{error}"))?,
            None if field.is_optional() => {}
            None => return Err(format!(".{key} is missing")),
        }
    }
    let unknown = table.iter().find(|(_, value)| !matches!(value, WordTree::Taken));
    unknown.map_or(Ok(()), |(key, _)| Err(format!(".{key} is unknown")))
}

/// Reads the words of a built-in file, which is named by its path below `assets`.
///
/// # Errors
/// A sentence that says what is wrong, and where.
pub(crate) fn of_asset<W: Words + Default>(path: &str) -> Result<W, String> {
    let text = assets::text(path);
    taken(WordTree::of_json(&text).map_err(|error| format!("{path}: {error}"))?)
}

/// The same, read once; none of them where they can't be read. A test of each looks that they can.
pub(crate) fn kept<W: Words + Default>(kept: &'static OnceLock<W>, path: &str) -> &'static W {
    kept.get_or_init(|| of_asset(path).unwrap_or_default())
}

/// Reads the words of a language's file, in these characters; what it lacks is English.
///
/// # Errors
/// As of [`of_asset`].
pub(crate) fn of_language<W: Words + Default>(
    from: &Languages,
    (lang, glyphs): (Lang, Glyphs),
    file: &str,
) -> Result<W, String> {
    let (english, own) = (from.words(Lang::EN, file), (lang != Lang::EN).then(|| from.words(lang, file)));
    let mut tree = english.tree()?;
    if let Some(own) = &own {
        tree.put_over(own.tree()?);
    }
    glyphs.write(&mut tree);
    taken(tree).map_err(|error| format!("{}/{file}: {error}", lang.code()))
}

/// Words that are filled from a value.
///
/// # Errors
/// As of [`of_asset`].
pub(crate) fn taken<W: Words + Default>(value: WordTree<'_>) -> Result<W, String> {
    let mut words = W::default();
    words.take(value)?;
    Ok(words)
}

/// Declares a struct of words.
macro_rules! words {
    ($(#[$meta:meta])* $seen:vis struct $name:ident { $($(#[$doc:meta])* $by:vis $field:ident: $kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        $seen struct $name { $($(#[$doc])* $by $field: $kind),* }

        impl $crate::i18n::words::Words for $name {
            fn take(&mut self, value: $crate::i18n::word_tree::WordTree<'_>) -> Result<(), String> {
                $crate::i18n::words::fill_fields(value, &mut [$((stringify!($field), &mut self.$field)),*])
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use super::*;

    words! {
        /// Some.
        #[allow(missing_docs)]
        pub struct Some {
            pub r#type: String,
            pub pair: [String; 2],
            pub by_name: BTreeMap<String, String>,
            pub list: Option<Vec<String>>,
        }
    }

    #[test]
    fn what_is_missing_or_unknown_or_of_another_kind_is_named() {
        let read = |text: &str| taken::<Some>(toml::from_str::<toml::Table>(text).unwrap().into());
        let some = read("type = 'a'\npair = ['b', 'c']\nby_name.d = 'e'").unwrap();
        assert_eq!((some.r#type.as_str(), some.pair), ("a", ["b", "c"].map(str::to_owned)));
        assert_eq!((some.by_name["d"].as_str(), some.list), ("e", None));
        let list = read("type = 'a'\npair = ['b', 'c']\nby_name.d = 'e'\nlist = ['f']").unwrap().list;
        assert_eq!(list, Some(vec!["f".to_owned()]));
        for (text, error) in [
            ("type = 'a'\npair = ['b', 'c']", ".by_name is missing"),
            ("type = 'a'\npair = ['b']\nby_name.d = 'e'", ".pair is no list of 2 texts but array"),
            ("type = 'a'\npair = ['b', 1]\nby_name.d = 'e'", ".pair is no text but integer"),
            ("type = 1\npair = ['b', 'c']\nby_name.d = 'e'", ".type is no text but integer"),
            ("type = 'a'\npair = ['b', 'c']\nby_name = 1", ".by_name is no table but integer"),
            ("type = 'a'\npair = ['b', 'c']\nby_name.d = 1", ".by_name.d is no text but integer"),
            ("type = 'a'\npair = ['b', 'c']\nby_name.d = 'e'\nf = 'g'", ".f is unknown"),
            ("type = 'a'\npair = ['b', 'c']\nby_name.d = 'e'\nlist = 'g'", ".list is no list but string"),
            ("type = 'a'\npair = ['b', 'c']\nby_name.d = 'e'\nlist = ['g', 1]", ".list[1] is no text but integer"),
        ] {
            assert_eq!(read(text).unwrap_err(), error, "{text}");
        }
    }
}
