//! Words and numbers as they stand in a lesson's file.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use toml::Spanned;

/// A text with its place in the file.
pub(super) type SpannedText = Spanned<String>;

/// A sum as a lesson writes it, with its place in the file: a text or a whole number.
pub(super) type SpannedNumber = Spanned<NumberText>;

/// The text of a sum.
pub(super) struct NumberText(pub(super) String);

impl<'de> Deserialize<'de> for NumberText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NumberText, D::Error> {
        struct TextOrWhole;
        impl Visitor<'_> for TextOrWhole {
            type Value = NumberText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a sum in quotes, such as \"j+1\"")
            }
            fn visit_i64<E>(self, number: i64) -> Result<NumberText, E> {
                Ok(NumberText(number.to_string()))
            }
            fn visit_str<E>(self, text: &str) -> Result<NumberText, E> {
                Ok(NumberText(text.to_owned()))
            }
        }
        deserializer.deserialize_any(TextOrWhole)
    }
}
