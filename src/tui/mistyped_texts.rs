//! The words for what was typed and is no call.

use crate::i18n::words::words;

words! {
    /// Why a typed line is no call, or why it isn't made now.
    #[allow(missing_docs)]
    pub struct MistypedWords {
        pub no_call: String,
        pub instead: String,
        pub instead_address: String,
        pub instead_error: String,
        pub instead_flow: String,
        pub instead_output: String,
        pub instead_key: String,
        pub instead_nothing: String,
        pub unset: String,
        pub no_family: String,
        pub no_hints: String,
        pub only_streams: String,
        pub no_value: String,
        pub no_member: String,
        pub comment: String,
        pub around: String,
        pub room: String,
        pub open: String,
        pub unset_yet: String,
        pub variable: String,
        pub not_yet: String,
        pub assigned: String,
        pub given: String,
        pub declared: String,
        pub several: String,
        pub size: String,
        pub no_descriptor: String,
        pub no_argument: String,
        pub no_host: String,
        pub too_many: String,
        pub no_flag: String,
        pub no_option: String,
        pub full: String,
        pub no_quote: String,
        pub only_lab: String,
        pub no_step: String,
        pub which_step: String,
        pub not_reached: String,
        pub busy: String,
        pub killed: String,
        pub many_children: String,
        pub of_program: String,
    }
}
