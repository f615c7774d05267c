//! What tests need of languages.

use super::{Lang, Localized};

/// Simplified Chinese, which the program has.
pub(crate) fn zh() -> Lang {
    Lang::of("zh").unwrap()
}

/// A text in English and in Chinese.
pub(crate) fn both(english: &str, chinese: &str) -> Localized {
    Localized::new(english).with(zh(), chinese)
}
