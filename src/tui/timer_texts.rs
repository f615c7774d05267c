//! The words for what a timer of the kernel's does.

use crate::i18n::words::words;

words! {
    /// The kernel's timers.
    #[allow(missing_docs)]
    pub struct TimerWords {
        pub retransmit: String,
        pub retransmit_sent: String,
        pub retransmit_last: String,
        pub retransmit_end: String,
        pub retransmit_due: String,
        pub keepalive: String,
        pub keepalive_probe: String,
        pub keepalive_again: String,
        pub keepalive_last: String,
        pub keepalive_or_last: String,
        pub keepalive_wait: String,
        pub time_wait: String,
        pub fin_wait: String,
        pub fin_wait_orphan: String,
        pub fin_wait_or_keepalive: String,
        pub lab_fin: String,
        pub chosen_fin: String,
        pub lab_rto: String,
        pub lab_tries: String,
        pub probe: String,
        pub probe_last: String,
        pub probe_or_last: String,
        pub due: String,
        pub retransmit_short: String,
        pub keepalive_short: String,
        pub ends_short: String,
        pub gives_up_short: String,
        pub ends_short_lab: String,
        pub timer_short: String,
        pub probe_short: String,
    }
}
