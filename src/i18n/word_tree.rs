//! What a file of words says, as far as words go: its texts stay in the file's own text where they can, as each start reads some.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of such a file.
#[derive(Debug)]
pub(crate) enum WordTree<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// Values in their order.
    List(Vec<WordTree<'a>>),
    /// Values by their keys, in the order of these.
    Table(Vec<(Cow<'a, str>, WordTree<'a>)>),
    /// Something that is no word, by what TOML calls it.
    Other(&'static str),
    /// Nothing: it was taken over.
    Taken,
}

impl<'a> WordTree<'a> {
    /// Reads a built-in file, which `build.rs` packed as JSON.
    ///
    /// # Errors
    /// A sentence of JSON's.
    pub(crate) fn of_json(text: &'a str) -> Result<WordTree<'a>, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// What it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            WordTree::Text(_) => "string",
            WordTree::List(_) => "array",
            WordTree::Table(_) => "table",
            WordTree::Other(kind) => kind,
            WordTree::Taken => "nothing",
        }
    }

    /// Takes the value of a key out of a table.
    pub(super) fn take_of(table: &mut [(Cow<'a, str>, WordTree<'a>)], key: &str) -> Option<WordTree<'a>> {
        let at = table.binary_search_by(|(other, _)| other.as_ref().cmp(key)).ok()?;
        Some(std::mem::replace(&mut table[at].1, WordTree::Taken))
    }

    /// Puts the values of a table over those of this one, key by key.
    pub(super) fn put_over(&mut self, over: WordTree<'a>) {
        match (self, over) {
            (WordTree::Table(below), WordTree::Table(over)) => {
                for (key, value) in over {
                    match below.binary_search_by(|(other, _)| other.cmp(&key)) {
                        Ok(at) => below[at].1.put_over(value),
                        Err(at) => below.insert(at, (key, value)),
                    }
                }
            }
            (below, over) => *below = over,
        }
    }

    /// Each text in it.
    pub(super) fn each_text(&mut self, change: &mut impl FnMut(&mut Cow<'a, str>)) {
        match self {
            WordTree::Text(text) => change(text),
            WordTree::List(values) => values.iter_mut().for_each(|value| value.each_text(change)),
            WordTree::Table(table) => table.iter_mut().for_each(|(_, value)| value.each_text(change)),
            WordTree::Other(_) | WordTree::Taken => {}
        }
    }
}

impl From<toml::Value> for WordTree<'_> {
    fn from(value: toml::Value) -> Self {
        match value {
            toml::Value::String(text) => WordTree::Text(text.into()),
            toml::Value::Array(values) => WordTree::List(values.into_iter().map(WordTree::from).collect()),
            toml::Value::Table(table) => WordTree::from(table),
            other => WordTree::Other(other.type_str()),
        }
    }
}

impl From<toml::Table> for WordTree<'_> {
    fn from(table: toml::Table) -> Self {
        in_order(table.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }
}

/// A table; its keys are in order already, unless whoever wrote them had another one.
fn in_order<'a>(mut table: Vec<(Cow<'a, str>, WordTree<'a>)>) -> WordTree<'a> {
    table.sort_by(|(one, _), (other, _)| one.cmp(other));
    WordTree::Table(table)
}

/// A key, which is borrowed where it has no escapes.
struct WordKey<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for WordKey<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WordKey<'a>, D::Error> {
        match WordTree::deserialize(deserializer)? {
            WordTree::Text(key) => Ok(WordKey(key)),
            other => Err(serde::de::Error::custom(format!("a key is {}", other.kind()))),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for WordTree<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WordTree<'a>, D::Error> {
        deserializer.deserialize_any(WordVisitor)
    }
}

struct WordVisitor;

impl<'de> Visitor<'de> for WordVisitor {
    type Value = WordTree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("words")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Other("boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Other("integer"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Other("integer"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<WordTree<'de>, E> {
        Ok(WordTree::Other("float"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<WordTree<'de>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(WordTree::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WordTree<'de>, A::Error> {
        let mut table = Vec::new();
        while let Some((WordKey(key), value)) = map.next_entry()? {
            table.push((key, value));
        }
        Ok(in_order(table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "text = 'a'\nescaped = \"b\\n\\\"\"\nnumber = 1\nhalf = 0.5\nyes = true\nlist = ['c', ['d'], { e = 'f' }]\n\
        [table]\nb = 'x'\na = 'y'\n\"an escaped \\\"key\\\"\" = 'z'\n";

    #[test]
    fn a_packed_file_says_what_was_written() {
        let table: toml::Table = toml::from_str(TOML).unwrap();
        let json = serde_json::to_string(&table).unwrap();
        let read = WordTree::of_json(&json).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", WordTree::from(table)));
        let WordTree::Table(read) = read else { panic!("{read:?}") };
        let borrowed = |key: &str| {
            matches!(read.iter().find(|(name, _)| name == key), Some((_, WordTree::Text(Cow::Borrowed(_)))))
        };
        assert!(borrowed("text") && !borrowed("escaped"), "a text without escapes stays where it is");
        for broken in ["", "{", "{\"a\": nul}", "{1: 2}", "[\"a\",]"] {
            assert!(WordTree::of_json(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_a_language_has_lies_over_english_key_by_key() {
        let tree = |text: &str| WordTree::from(toml::from_str::<toml::Table>(text).unwrap());
        let mut english = tree("b = 'one'\nlist = ['x', 'y']\nt = { p = 'two', q = 'three' }\nkind = 'text'");
        english.put_over(tree("a = 'new'\nlist = ['z']\nt = { q = 'drei' }\nkind = { other = 'kind' }"));
        let wanted = "a = 'new'\nb = 'one'\nlist = ['z']\nt = { p = 'two', q = 'drei' }\nkind = { other = 'kind' }";
        assert_eq!(format!("{english:?}"), format!("{:?}", tree(wanted)));
    }
}
