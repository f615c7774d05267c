//! The words of what can go wrong where a walk runs.

use super::words::words;

words! {
    /// The sentences about a walk's place. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct PlaceTexts {
        pub no_lab: String,
        pub no_host: String,
        pub only_lab: String,
        pub not_on_host: String,
        pub bad_setting: String,
        pub port_in_use: String,
        pub port_refused: String,
        pub address_refused: String,
        pub failed: String,
        pub left_out: String,
    }
}
