//! From a text to its parse tree. `build.rs` has this file too.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::tag;

/// The parse tree of a text.
///
/// # Errors
/// Where the text is no TOML.
pub fn write(text: &str) -> Result<Vec<u8>, Error> {
    let table = DeTable::parse(text)?;
    let mut tree = TreeWriter { text: Some(text), start: 0, bytes: Vec::new() };
    tree.table(&table.span(), table.get_ref());
    Ok(tree.bytes)
}

/// The same of a table whose text isn't there when it is read: no value has a place in it.
#[allow(dead_code)] // `build.rs` alone writes such trees.
pub fn write_alone(table: &DeTable<'_>) -> Vec<u8> {
    let mut tree = TreeWriter { text: None, start: 0, bytes: Vec::new() };
    tree.table(&(0..0), table);
    tree.bytes
}

struct TreeWriter<'a> {
    text: Option<&'a str>,
    /// Where the newest value begins.
    start: usize,
    bytes: Vec<u8>,
}

impl TreeWriter<'_> {
    fn value(&mut self, value: &Spanned<DeValue<'_>>) {
        let span = &value.span();
        match value.get_ref() {
            DeValue::String(text) => self.string(span, text),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(whole) => {
                    self.begin(tag::WHOLE, span);
                    self.signed(whole);
                }
                Err(_) => self.begin(tag::LARGE, span),
            },
            DeValue::Float(number) => {
                self.begin(tag::FRACTION, span);
                // What TOML has as one is read by Rust too; what is too large is infinite.
                self.bytes.extend(number.as_str().parse().unwrap_or(f64::NAN).to_le_bytes());
            }
            DeValue::Boolean(yes) => self.begin(if *yes { tag::TRUE } else { tag::FALSE }, span),
            DeValue::Datetime(_) => self.begin(tag::DATE, span),
            DeValue::Array(values) => {
                self.begin(tag::LIST, span);
                self.number(values.len() as u64);
                values.iter().for_each(|value| self.value(value));
            }
            DeValue::Table(table) => self.table(span, table),
        }
    }

    fn table(&mut self, span: &Range<usize>, table: &DeTable<'_>) {
        self.begin(tag::TABLE, span);
        self.number(table.len() as u64);
        for (key, value) in table {
            self.string(&key.span(), key.get_ref());
            self.value(value);
        }
    }

    /// A quoted text begins behind its quotes, one of several lines also behind its first newline.
    fn string(&mut self, span: &Range<usize>, text: &str) {
        let written = self.text.map(|text| text.get(span.clone()).unwrap_or_default());
        match written.and_then(|written| Some((written.find(text)?, written.len()))) {
            Some((at, len)) => {
                self.begin(tag::PART, span);
                self.number(at as u64);
                self.number((len - at - text.len()) as u64);
            }
            None => {
                self.begin(tag::TEXT, span);
                self.number(text.len() as u64);
                self.bytes.extend(text.as_bytes());
            }
        }
    }

    fn begin(&mut self, tag: u8, span: &Range<usize>) {
        let span = if self.text.is_some() { span.clone() } else { 0..0 };
        self.bytes.push(tag);
        self.signed(span.start as i64 - self.start as i64);
        self.start = span.start;
        self.number(span.len() as u64);
    }

    fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}
