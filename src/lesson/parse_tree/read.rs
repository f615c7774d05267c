//! From a parse tree to what is wanted of it (serde). What doesn't fit is told in serde's own sentences, with the place of the value or
//! of the key.

use std::fmt;
use std::ops::Range;
use std::str;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_spanned::de::{SpannedDeserializer, is_spanned};

use super::tag;

/// What a parse tree of this text says.
///
/// # Errors
/// Where it isn't what is wanted, or isn't a whole tree.
pub(in crate::lesson) fn read<T: DeserializeOwned>(text: &str, tree: &[u8]) -> Result<T, TreeError> {
    let mut tree = ParseTree { text, start: 0, rest: tree };
    T::deserialize(tree.value()?)
}

/// Why a parse tree can't be used. In a box: it is handed on through every value that it is in.
#[derive(Debug)]
pub(in crate::lesson) struct TreeError(Box<TreeFault>);

#[derive(Debug)]
struct TreeFault {
    message: String,
    span: Option<Range<usize>>,
    has_several_keys: bool,
}

impl TreeError {
    /// What is wrong.
    pub(in crate::lesson) fn message(&self) -> &str {
        &self.0.message
    }

    /// Where, in the text; `None` of the tree itself.
    pub(in crate::lesson) fn span(&self) -> Option<Range<usize>> {
        self.0.span.clone()
    }

    /// Whether one of several is wanted, by a table with one key, and the table has more.
    pub(in crate::lesson) fn has_several_keys(&self) -> bool {
        self.0.has_several_keys
    }

    #[cold]
    fn torn() -> TreeError {
        TreeError::custom("the parse tree ends too soon")
    }

    /// An error that has no place yet is at this one.
    #[cold]
    fn at(mut self, span: Range<usize>) -> TreeError {
        self.0.span.get_or_insert(span);
        self
    }
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for TreeError {}

impl serde::de::Error for TreeError {
    fn custom<T: fmt::Display>(message: T) -> TreeError {
        TreeError(Box::new(TreeFault { message: message.to_string(), span: None, has_several_keys: false }))
    }
}

/// What stands for one of several that has something in it.
const ONE_KEY: &str = "a table with one key";

/// What stands behind its key.
const OWN_KEYS: &str = "a table with the action's keys";

/// How many bytes a number of 64 bits has at most, with 7 in each (LEB128).
const LONGEST_NUMBER: usize = 10;

/// What of a tree isn't read yet.
struct ParseTree<'de> {
    text: &'de str,
    /// Where the newest value begins.
    start: usize,
    rest: &'de [u8],
}

/// What a value is, but for what is in it.
enum TreeItem<'de> {
    Text(&'de str),
    Whole(i64),
    /// A number that 64 bits hold without a sign; `None` of one that they don't.
    Large(Option<u64>),
    Fraction(f64),
    Bool(bool),
    Date,
    /// With so many values.
    List(usize),
    /// With so many keys.
    Table(usize),
}

impl<'de> TreeItem<'de> {
    /// What it is, where something else is wanted.
    fn unexpected(&self) -> Unexpected<'de> {
        match *self {
            TreeItem::Text(text) => Unexpected::Str(text),
            TreeItem::Whole(number) => Unexpected::Signed(number),
            TreeItem::Large(Some(number)) => Unexpected::Unsigned(number),
            TreeItem::Large(None) => Unexpected::Other("a larger number"),
            TreeItem::Fraction(number) => Unexpected::Float(number),
            TreeItem::Bool(yes) => Unexpected::Bool(yes),
            TreeItem::Date => Unexpected::Other("date"),
            TreeItem::List(_) => Unexpected::Seq,
            TreeItem::Table(_) => Unexpected::Map,
        }
    }
}

/// A value whose tag and place were read.
struct TreeValue<'a, 'de> {
    tree: &'a mut ParseTree<'de>,
    tag: u8,
    span: Range<usize>,
}

impl<'de> ParseTree<'de> {
    fn value(&mut self) -> Result<TreeValue<'_, 'de>, TreeError> {
        let tag = self.byte()?;
        let from = isize::try_from(self.signed()?).map_err(TreeError::custom)?;
        let start = self.start.checked_add_signed(from).ok_or_else(TreeError::torn)?;
        let end = start.checked_add(self.size()?).ok_or_else(TreeError::torn)?;
        self.start = start;
        Ok(TreeValue { tree: self, tag, span: start..end })
    }

    fn bytes(&mut self, count: usize) -> Result<&'de [u8], TreeError> {
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or_else(TreeError::torn)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, TreeError> {
        let (byte, rest) = self.rest.split_first().ok_or_else(TreeError::torn)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u64, TreeError> {
        let mut number = 0;
        for (at, byte) in self.rest.iter().enumerate().take(LONGEST_NUMBER) {
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte & 0x80 == 0 {
                self.bytes(at + 1)?;
                return Ok(number);
            }
        }
        Err(TreeError::torn())
    }

    fn signed(&mut self) -> Result<i64, TreeError> {
        let zigzag = self.number()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn size(&mut self) -> Result<usize, TreeError> {
        usize::try_from(self.number()?).map_err(TreeError::custom)
    }
}

impl<'de> TreeValue<'_, 'de> {
    /// Reads what it is.
    fn item(&mut self) -> Result<TreeItem<'de>, TreeError> {
        let TreeValue { tree, tag, span } = self;
        Ok(match *tag {
            tag::PART => {
                let start = span.start.checked_add(tree.size()?).ok_or_else(TreeError::torn)?;
                let end = span.end.checked_sub(tree.size()?).ok_or_else(TreeError::torn)?;
                TreeItem::Text(tree.text.get(start..end).ok_or_else(TreeError::torn)?)
            }
            tag::TEXT => {
                let len = tree.size()?;
                TreeItem::Text(str::from_utf8(tree.bytes(len)?).map_err(TreeError::custom)?)
            }
            tag::WHOLE => TreeItem::Whole(tree.signed()?),
            tag::LARGE => {
                let written = tree.text.get(span.clone()).unwrap_or_default();
                TreeItem::Large(written.replace('_', "").parse().ok())
            }
            tag::FRACTION => {
                let bytes = tree.bytes(8)?.try_into().map_err(TreeError::custom)?;
                TreeItem::Fraction(f64::from_le_bytes(bytes))
            }
            tag::FALSE | tag::TRUE => TreeItem::Bool(*tag == tag::TRUE),
            tag::DATE => TreeItem::Date,
            tag::LIST => TreeItem::List(tree.size()?),
            tag::TABLE => TreeItem::Table(tree.size()?),
            _ => return Err(TreeError::torn()),
        })
    }
}

/// Hands a value to who wants it.
fn visit<'de, V: Visitor<'de>>(
    tree: &mut ParseTree<'de>,
    item: TreeItem<'de>,
    visitor: V,
) -> Result<V::Value, TreeError> {
    match item {
        TreeItem::Text(text) => visitor.visit_borrowed_str(text),
        TreeItem::Whole(number) => visitor.visit_i64(number),
        TreeItem::Large(Some(number)) => visitor.visit_u64(number),
        TreeItem::Large(None) => Err(TreeError::invalid_value(Unexpected::Other("a larger number"), &visitor)),
        TreeItem::Fraction(number) => visitor.visit_f64(number),
        TreeItem::Bool(yes) => visitor.visit_bool(yes),
        TreeItem::Date => Err(TreeError::invalid_type(Unexpected::Other("date"), &visitor)),
        TreeItem::List(left) => visitor.visit_seq(TreeMembers { tree, left }),
        TreeItem::Table(left) => visitor.visit_map(TreeMembers { tree, left }),
    }
}

impl<'de> TreeValue<'_, 'de> {
    /// Reads it where its keys are named: serde itself would take a list too, whose values it counts.
    fn table<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TreeError> {
        let read = match self.item()? {
            TreeItem::List(_) => Err(TreeError::invalid_type(Unexpected::Seq, &visitor)),
            item => visit(self.tree, item, visitor),
        };
        read.map_err(|error| error.at(self.span))
    }
}

impl<'de> Deserializer<'de> for TreeValue<'_, 'de> {
    type Error = TreeError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, TreeError> {
        let item = self.item()?;
        visit(self.tree, item, visitor).map_err(|error| error.at(self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TreeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, TreeError> {
        let span = self.span.clone();
        visitor.visit_newtype_struct(self).map_err(|error| error.at(span))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        if !is_spanned(name) {
            return self.table(visitor);
        }
        let span = self.span.clone();
        visitor.visit_map(SpannedDeserializer::new(self, span))
    }

    /// One of several: a text names one that has nothing in it, a table's only key one that has.
    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TreeError> {
        let named = match self.item()? {
            TreeItem::Text(name) => visitor.visit_enum(TreeVariant { name: Some(name), keys: 0, tree: self.tree }),
            TreeItem::Table(keys @ 1..) => visitor.visit_enum(TreeVariant { name: None, keys, tree: self.tree }),
            item => visit(self.tree, item, visitor),
        };
        named.map_err(|error| error.at(self.span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, TreeError> for TreeValue<'_, 'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What a list or a table has.
struct TreeMembers<'a, 'de> {
    tree: &'a mut ParseTree<'de>,
    left: usize,
}

impl TreeMembers<'_, '_> {
    /// Whether there is one more; it is counted as read.
    fn has_next(&mut self) -> bool {
        let has_next = self.left > 0;
        self.left = self.left.saturating_sub(1);
        has_next
    }
}

impl<'de> SeqAccess<'de> for TreeMembers<'_, 'de> {
    type Error = TreeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, TreeError> {
        if !self.has_next() {
            return Ok(None);
        }
        seed.deserialize(self.tree.value()?).map(Some)
    }
}

impl<'de> MapAccess<'de> for TreeMembers<'_, 'de> {
    type Error = TreeError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, TreeError> {
        if !self.has_next() {
            return Ok(None);
        }
        seed.deserialize(self.tree.value()?).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, TreeError> {
        seed.deserialize(self.tree.value()?)
    }
}

/// One of several: its name and nothing else, or, still to be read, a table's only key and what stands behind it.
struct TreeVariant<'a, 'de> {
    name: Option<&'de str>,
    /// How many keys the table has.
    keys: usize,
    tree: &'a mut ParseTree<'de>,
}

impl<'a, 'de> TreeVariant<'a, 'de> {
    /// What stands behind the key.
    fn value(self) -> Result<TreeValue<'a, 'de>, TreeError> {
        match (self.name, self.keys) {
            (None, 1) => self.tree.value(),
            (None, _) => {
                let mut error = TreeError::invalid_type(Unexpected::Map, &ONE_KEY);
                error.0.has_several_keys = true;
                Err(error)
            }
            (Some(name), _) => Err(TreeError::invalid_type(Unexpected::Str(name), &ONE_KEY)),
        }
    }
}

impl<'de> EnumAccess<'de> for TreeVariant<'_, 'de> {
    type Error = TreeError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), TreeError> {
        let name = match self.name {
            Some(name) => seed.deserialize(BorrowedStrDeserializer::new(name))?,
            None => seed.deserialize(self.tree.value()?)?,
        };
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for TreeVariant<'_, 'de> {
    type Error = TreeError;

    fn unit_variant(self) -> Result<(), TreeError> {
        match self.name {
            Some(_) => Ok(()),
            None => Err(TreeError::invalid_type(Unexpected::Map, &"a string")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, TreeError> {
        seed.deserialize(self.value()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, TreeError> {
        self.value()?.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, TreeError> {
        let mut value = self.value()?;
        let read = match value.item()? {
            table @ TreeItem::Table(_) => visit(value.tree, table, visitor),
            other => Err(TreeError::invalid_type(other.unexpected(), &OWN_KEYS)),
        };
        read.map_err(|error| error.at(value.span))
    }
}
