//! Bytes as text, two digits each: for serde's `with`, so that JSON lines hold any bytes and people can still read them, and in rows.

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serializer};

/// Writes bytes as hexadecimal digits.
///
/// # Errors
/// The serializer's own.
pub fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    let text: String = bytes.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    serializer.serialize_str(&text)
}

/// Reads what [`serialize`] wrote.
///
/// # Errors
/// Where the text isn't pairs of hexadecimal digits.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse(&text).ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits"))
}

/// The bytes that the digits stand for; `None` where they aren't pairs of hexadecimal digits.
pub fn parse(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

/// Bytes in rows of sixteen, at most so many rows; and how many bytes these leave out.
pub fn hex_rows(bytes: &[u8], rows: usize) -> (Vec<String>, usize) {
    let row = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    (bytes.chunks(16).take(rows).map(row).collect(), bytes.len().saturating_sub(16 * rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_of_sixteen_and_what_is_left_out_is_counted() {
        assert_eq!(hex_rows(&[1; 40], 2), (vec![["01"; 16].join(" "); 2], 8));
        assert_eq!(hex_rows(&[], 2), (Vec::new(), 0));
    }

    #[test]
    fn what_is_written_can_be_read_and_nothing_else() {
        #[derive(serde::Serialize, Deserialize)]
        struct Bytes(#[serde(with = "super")] Vec<u8>);
        let all: Vec<u8> = (0..=255).collect();
        let text = serde_json::to_string(&Bytes(all.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Bytes>(&text).unwrap().0, all);
        assert!(["0", "0g", "é", "+1"].iter().all(|text| parse(text).is_none()));
        assert_eq!(parse("0aF0"), Some(vec![10, 240]));
    }
}
