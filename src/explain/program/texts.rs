//! The texts, their languages side by side.

use std::sync::OnceLock;

use crate::explain::spoken::{BuiltInTexts, Spoken};
use crate::explain::table::Broken;
use crate::i18n::Localized;
use crate::i18n::words::words;

words! {
    pub(super) struct ProgramTexts {
        pub(super) waits: Localized,
        pub(super) waits_no_socket: Localized,
        pub(super) waits_unknown: Localized,
        pub(super) until_connection: Localized,
        pub(super) until_attempt: Localized,
        pub(super) until_readable: Localized,
        pub(super) until_writable: Localized,
        pub(super) until_either: Localized,
        pub(super) until_error: Localized,
        pub(super) until_others: Localized,
        pub(super) or: Localized,
        pub(super) and: Localized,
        pub(super) more: Localized,
        pub(super) found_nothing: Localized,
        pub(super) waits_now: Localized,
        pub(super) waited_then: Localized,
        pub(super) ready_handshake: Localized,
        pub(super) ready_queue: Localized,
        pub(super) ready_data: Localized,
        pub(super) ready_bytes: Localized,
        pub(super) ready_end: Localized,
        pub(super) ready_reset: Localized,
        pub(super) ready_connected: Localized,
        pub(super) ready_room: Localized,
        pub(super) ready_error: Localized,
        pub(super) ready_hung_up: Localized,
        pub(super) ready_write: Localized,
        pub(super) ready_read: Localized,
        pub(super) ready_unknown: Localized,
        pub(super) not_ready: Localized,
        pub(super) idle_listener: Localized,
        pub(super) idle_empty: Localized,
        pub(super) idle_no_datagram: Localized,
        pub(super) idle_full: Localized,
        pub(super) idle_unanswered: Localized,
        pub(super) idle_only_errors: Localized,
        pub(super) polled_not_open: Localized,
        pub(super) polled_closed_meanwhile: Localized,
        pub(super) polled_given_again: Localized,
        pub(super) polled_never_connected: Localized,
        pub(super) polled_both_ended: Localized,
        pub(super) polled_own_end: Localized,
        pub(super) selected_never_connected: Localized,
        pub(super) beyond: Localized,
        pub(super) beyond_table: Localized,
        pub(super) nothing_watched: Localized,
        pub(super) nothing_came: Localized,
        pub(super) watched_level: Localized,
        pub(super) watched_edge: Localized,
        pub(super) unwatched: Localized,
        pub(super) forgotten: Localized,
        pub(super) stays_watched: Localized,
        pub(super) told_edge: Localized,
        pub(super) told_once: Localized,
        pub(super) edge_bytes: Localized,
        pub(super) edge_queue: Localized,
        pub(super) edge_end: Localized,
        pub(super) edge_room: Localized,
        pub(super) switched_off: Localized,
        pub(super) syn_sent: Localized,
        pub(super) syn_timed_out: Localized,
        pub(super) unanswered: Localized,
        pub(super) connected: Localized,
        pub(super) connected_alone: Localized,
        pub(super) no_error: Localized,
        pub(super) failed: Localized,
        pub(super) failed_alone: Localized,
        pub(super) attempt_ended: Localized,
        pub(super) attempt_ended_alone: Localized,
        pub(super) other_refused: Localized,
        pub(super) other_failed: Localized,
        pub(super) other_open: Localized,
        pub(super) multipath: Localized,
        pub(super) no_multipath: Localized,
        pub(super) no_multipath_tcp: Localized,
        pub(super) fast_open_listens: Localized,
        pub(super) fast_open_connects: Localized,
        pub(super) fast_open_deferred: Localized,
        pub(super) fast_open_asks: Localized,
        pub(super) fast_open_data: Localized,
        pub(super) interrupted: Localized,
        pub(super) made_again: Localized,
        pub(super) again: Localized,
        pub(super) again_unknown: Localized,
        pub(super) sigpipe: Localized,
        pub(super) no_sigpipe: Localized,
        pub(super) descriptor: Localized,
        pub(super) held_by_two: Localized,
        pub(super) held_by_several: Localized,
        pub(super) held_here: Localized,
        pub(super) held_here_and_there: Localized,
        pub(super) last: Localized,
        pub(super) last_alone: Localized,
        pub(super) in_flight: Localized,
        pub(super) duplicated: Localized,
        pub(super) inherited: Localized,
        pub(super) executed: Localized,
        pub(super) executed_closed: Localized,
        pub(super) executed_kept: Localized,
        pub(super) exits: Localized,
        pub(super) exit_leaves: Localized,
        pub(super) handed_on: Localized,
        pub(super) received: Localized,
        pub(super) received_alone: Localized,
    }
}

impl BuiltInTexts for ProgramTexts {
    const ASSET: &'static str = "text/programs.toml";

    fn kept() -> &'static OnceLock<Result<ProgramTexts, Broken>> {
        static KEPT: OnceLock<Result<ProgramTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// The texts in one language.
pub(super) type ProgramWords = Spoken<ProgramTexts>;
