//! The words of the author's tools.

use super::words::words;

words! {
    /// The check of lessons, and the making of a new one. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct CheckTexts {
        pub error: String,
        pub warning: String,
        pub broken: String,
        pub scrolls: String,
        pub scrolls_beside: String,
        pub not_run: String,
        pub refused_setting: String,
        pub unseen: String,
        pub left_out: String,
        pub ran: String,
        pub unchecked: String,
        pub not_asked: String,
        pub counts: String,
        pub between: String,
        pub summary: String,
        pub total: String,
        pub bad_name: String,
        pub is_there: String,
        pub cannot_write: String,
        pub written: String,
    }
}
