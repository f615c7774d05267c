//! The words for the steps of a set-up that a lesson has by name.

use std::sync::OnceLock;

use super::Localized;
use super::words::{self, words};

/// All languages in one file, by its path below `assets`; a test reads it.
const ASSET: &str = "text/begin.toml";

words! {
    /// One step.
    #[allow(missing_docs)]
    pub struct SetUpWords {
        pub title: Localized,
        pub say: Localized,
    }
}

words! {
    struct SetUpTexts {
        step: Vec<SetUpWords>,
    }
}

/// The steps' words, in order.
pub fn set_up_words() -> &'static [SetUpWords] {
    static KEPT: OnceLock<SetUpTexts> = OnceLock::new();
    &words::kept(&KEPT, ASSET).step
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there() {
        assert_eq!(words::of_asset::<SetUpTexts>(ASSET).unwrap().step.len(), 9);
    }
}
