//! The words of what is kept of the learner's progress.

use super::words::words;

words! {
    /// The list of lessons, and what can go wrong with the keeping. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct ProgressTexts {
        pub name: String,
        pub steps: String,
        pub right: String,
        pub title: String,
        pub of: String,
        pub finished: String,
        pub needs_lab: String,
        pub not_here: String,
        pub bar: String,
        pub bar_mode: String,
        pub only_host: String,
        pub only_lab: String,
        pub lab_note: String,
        pub no_lab_note: String,
        pub right_note: String,
        pub goes_on: String,
        pub cleared: String,
        pub cleared_lesson: String,
        pub nothing_to_clear: String,
        pub nothing_of_lesson: String,
        pub not_cleared: String,
        pub note: String,
        pub no_folder: String,
        pub not_ours: String,
        pub not_a_folder: String,
        pub damaged: String,
        pub newer: String,
        pub cannot_read: String,
        pub cannot_write: String,
        pub locked: String,
    }
}
