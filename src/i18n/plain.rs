//! The words of the transcript.

use super::words::words;

words! {
    /// The transcript's words. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct PlainTexts {
        pub lesson: String,
        pub goal: String,
        pub recap: String,
        pub step: String,
        pub blocks: String,
        pub fate: String,
        pub held: String,
        pub delivered: String,
        pub dropped: String,
        pub undeliverable: String,
        pub passes: String,
        pub retransmitted: String,
        pub repeats: String,
        pub first_state: String,
        pub other_program: String,
        pub joined: String,
        pub left: String,
        pub watches: String,
        pub pass: String,
        pub pass_all: String,
        pub pass_to: String,
        pub pass_none: String,
        pub unkept: String,
        pub unkept_lost: String,
        pub unkept_refused: String,
        pub expected: String,
        pub actual: String,
        pub asked: String,
        pub predicted_right: String,
        pub predicted_wrong: String,
        pub predicted_wrong_fact: String,
        pub not_predicted: String,
        pub some_broken: String,
        pub broken: String,
        pub source_call: String,
        pub source_sock_diag: String,
        pub source_tcp_info: String,
        pub source_wire: String,
        pub source_concluded: String,
        pub waits: String,
    }
}
