//! The words for the rules of the wire, and for what was lost on it without being kept one by one.

use crate::i18n::words::words;

words! {
    /// What is said of the wire's rules, of what they did, and of what else was lost.
    #[allow(missing_docs)]
    pub struct WireRuleWords {
        pub made: String,
        pub lost: String,
        pub legend: String,
        pub legend_short: String,
        pub title: String,
        pub pick_title: String,
        pub pick_keys: String,
        pub pick_typed: String,
        /// The kinds of rules, in the order of `picker::KINDS`.
        pub pick: [String; 9],
        pub title_count: String,
        pub in_force: String,
        pub setting: String,
        pub setting_refused: String,
        pub settings_count: String,
        pub settings_behind: String,
        pub unkept: String,
        pub unkept_lost: String,
        pub unkept_refused: String,
    }
}
