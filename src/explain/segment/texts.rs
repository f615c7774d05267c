//! The texts, their languages side by side.

use std::sync::OnceLock;

use crate::explain::spoken::{BuiltInTexts, Spoken};
use crate::explain::table::Broken;
use crate::i18n::Localized;
use crate::i18n::words::words;

words! {
    pub(super) struct SegmentTexts {
        pub(super) from: Localized,
        pub(super) kernel_of: Localized,
        pub(super) by_hand: Localized,
        pub(super) by_hand_dropped: Localized,
        pub(super) by_hand_waits: Localized,
        pub(super) by_hand_arrived: Localized,
        pub(super) by_rule: Localized,
        pub(super) lost_by_rule: Localized,
        pub(super) came_by_hand: Localized,
        pub(super) came_by_rule: Localized,
        pub(super) edited: Localized,
        pub(super) changed: Localized,
        pub(super) unchanged: Localized,
        pub(super) forged: Localized,
        pub(super) by_call: Localized,
        pub(super) by_answer: Localized,
        pub(super) by_timer: Localized,
        pub(super) by_again: Localized,
        pub(super) by_cause: Localized,
        pub(super) by_cause_too: Localized,
        pub(super) by_unknown: Localized,
        pub(super) syn: Localized,
        pub(super) syn_ack: Localized,
        pub(super) fin: Localized,
        pub(super) rst: Localized,
        pub(super) rst_answer: Localized,
        pub(super) data: Localized,
        pub(super) data_one: Localized,
        pub(super) acks: Localized,
        pub(super) acks_syn: Localized,
        pub(super) acks_fin: Localized,
        pub(super) acks_same: Localized,
        pub(super) acks_first: Localized,
        pub(super) duplicate: Localized,
        pub(super) probe: Localized,
        pub(super) keepalive: Localized,
        pub(super) before_next: Localized,
        pub(super) window_zero: Localized,
        pub(super) window_open: Localized,
        pub(super) datagram: Localized,
        pub(super) unreachable: Localized,
        pub(super) too_big: Localized,
        pub(super) first_syn: Localized,
        pub(super) first_fin: Localized,
        pub(super) first_psh: Localized,
        pub(super) arrived: Localized,
        pub(super) nobody: Localized,
        pub(super) listener: Localized,
        pub(super) state: Localized,
        pub(super) new_socket: Localized,
        pub(super) recv_queue: Localized,
        pub(super) counts_fin: Localized,
        pub(super) recv_memory: Localized,
        pub(super) send_queue: Localized,
        pub(super) accept_queue: Localized,
        pub(super) timer_off: Localized,
        pub(super) returned: Localized,
        pub(super) answered: Localized,
        pub(super) answered_again: Localized,
        pub(super) nothing: Localized,
        pub(super) counted: Localized,
        pub(super) counted_alone: Localized,
        pub(super) counted_nothing: Localized,
        pub(super) counted_unread: Localized,
        pub(super) name_server: Localized,
        pub(super) name_client: Localized,
        pub(super) dropped: Localized,
        pub(super) lost_syn: Localized,
        pub(super) lost_syn_ack: Localized,
        pub(super) lost_data: Localized,
        pub(super) lost_fin: Localized,
        pub(super) lost_rst: Localized,
        pub(super) lost_ack: Localized,
        pub(super) lost_probe: Localized,
        pub(super) lost_datagram: Localized,
        pub(super) lost_icmp: Localized,
        pub(super) timer_runs: Localized,
        pub(super) timer_due: Localized,
        pub(super) timer_none: Localized,
        pub(super) timer_unknown: Localized,
    }
}

impl BuiltInTexts for SegmentTexts {
    const ASSET: &'static str = "text/segments.toml";

    fn kept() -> &'static OnceLock<Result<SegmentTexts, Broken>> {
        static KEPT: OnceLock<Result<SegmentTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// The texts in one language.
pub(super) type SegmentSentences = Spoken<SegmentTexts>;
