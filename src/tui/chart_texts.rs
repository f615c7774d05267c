//! The chart's words.

use crate::i18n::words::words;

words! {
    /// What stands in it.
    #[allow(missing_docs)]
    pub struct ChartWords {
        pub title: String,
        pub close: String,
        pub none: String,
        pub of: String,
        pub edge: String,
        pub edge_above: String,
        pub sent: String,
        pub acked: String,
        pub in_flight: String,
        pub cwnd: String,
        pub ssthresh: String,
        pub no_ssthresh: String,
        pub unknown: String,
        pub seconds: String,
    }
}
