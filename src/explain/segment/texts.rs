//! The texts, both languages side by side.

use std::fmt::Display;
use std::sync::OnceLock;

use crate::explain::table::{Broken, Sentence};
use crate::i18n::words::{self, words};
use crate::i18n::{Lang, fill};

const ASSET: &str = include_str!("../../../assets/text/segments.toml");

words! {
    pub(super) struct SegmentTexts {
        pub(super) from: Sentence,
        pub(super) server: Sentence,
        pub(super) client: Sentence,
        pub(super) by_call: Sentence,
        pub(super) by_answer: Sentence,
        pub(super) by_timer: Sentence,
        pub(super) by_again: Sentence,
        pub(super) by_unknown: Sentence,
        pub(super) syn: Sentence,
        pub(super) syn_ack: Sentence,
        pub(super) fin: Sentence,
        pub(super) rst: Sentence,
        pub(super) rst_answer: Sentence,
        pub(super) data: Sentence,
        pub(super) data_one: Sentence,
        pub(super) acks: Sentence,
        pub(super) acks_syn: Sentence,
        pub(super) acks_fin: Sentence,
        pub(super) acks_same: Sentence,
        pub(super) acks_first: Sentence,
        pub(super) duplicate: Sentence,
        pub(super) probe: Sentence,
        pub(super) keepalive: Sentence,
        pub(super) before_next: Sentence,
        pub(super) window_zero: Sentence,
        pub(super) window_open: Sentence,
        pub(super) datagram: Sentence,
        pub(super) unreachable: Sentence,
        pub(super) first_syn: Sentence,
        pub(super) first_fin: Sentence,
        pub(super) first_psh: Sentence,
        pub(super) arrived: Sentence,
        pub(super) nobody: Sentence,
        pub(super) listener: Sentence,
        pub(super) state: Sentence,
        pub(super) new_socket: Sentence,
        pub(super) recv_queue: Sentence,
        pub(super) counts_fin: Sentence,
        pub(super) recv_memory: Sentence,
        pub(super) send_queue: Sentence,
        pub(super) accept_queue: Sentence,
        pub(super) timer_off: Sentence,
        pub(super) returned: Sentence,
        pub(super) answered: Sentence,
        pub(super) answered_again: Sentence,
        pub(super) nothing: Sentence,
        pub(super) name_server: Sentence,
        pub(super) name_client: Sentence,
        pub(super) dropped: Sentence,
        pub(super) lost_syn: Sentence,
        pub(super) lost_syn_ack: Sentence,
        pub(super) lost_data: Sentence,
        pub(super) lost_fin: Sentence,
        pub(super) lost_rst: Sentence,
        pub(super) lost_ack: Sentence,
        pub(super) lost_probe: Sentence,
        pub(super) lost_datagram: Sentence,
        pub(super) lost_icmp: Sentence,
        pub(super) timer_runs: Sentence,
        pub(super) timer_due: Sentence,
        pub(super) timer_none: Sentence,
        pub(super) timer_unknown: Sentence,
    }
}

impl SegmentTexts {
    /// The built-in texts; read once.
    ///
    /// # Errors
    /// [`Broken`] where the asset that was built in doesn't fit the program.
    pub(super) fn load() -> Result<&'static SegmentTexts, Broken> {
        static LOADED: OnceLock<Result<SegmentTexts, Broken>> = OnceLock::new();
        LOADED.get_or_init(|| words::read(ASSET).map_err(Broken)).as_ref().map_err(Clone::clone)
    }
}

/// The texts in one language.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) texts: &'static SegmentTexts,
    pub(super) lang: Lang,
}

impl Words {
    /// A text, its facts filled in.
    pub(super) fn say(&self, text: fn(&SegmentTexts) -> &Sentence, facts: &[(&str, &dyn Display)]) -> String {
        fill(text(self.texts).of(self.lang), facts)
    }
}
