//! The words for what is wrong with a lesson's file, and for what it lacks.

use std::collections::BTreeMap;

use super::by_lang::ByLang;
use super::words::words;
use super::{BrokenTexts, Lang};

words! {
    /// All of them in one language. The fields bear the names of the keys in `assets/text/*/faults.toml`.
    #[allow(missing_docs)]
    pub struct FaultTexts {
        pub fault: FaultSentences,
        /// The kinds of words in a lesson, by their names.
        pub kind: BTreeMap<String, String>,
        /// What settings of the kernel take.
        pub setting: BTreeMap<String, String>,
        /// How answers are written, by the name of the notation.
        pub answers: BTreeMap<String, String>,
        pub lack: LackSentences,
        pub toml: TomlTexts,
    }
}

words! {
    /// What is wrong with a file.
    #[allow(missing_docs)]
    pub struct FaultSentences {
        pub too_large: String,
        pub not_utf8: String,
        pub format: String,
        pub id: String,
        pub no_text: String,
        pub no_language: String,
        pub long_text: String,
        pub control: String,
        pub line_break: String,
        pub nothing_to_send: String,
        pub word: String,
        pub setting_value: String,
        pub empty_list: String,
        pub twice: String,
        pub mode_outside: String,
        pub address: String,
        pub not_loopback: String,
        pub no_port: String,
        pub no_steps: String,
        pub step_header: String,
        pub many_actions: String,
        pub step_twice: String,
        pub socket_twice: String,
        pub sockets_open: String,
        pub no_socket: String,
        pub no_socket_yet: String,
        pub one_of_none: String,
        pub one_of_many: String,
        pub exclusive: String,
        pub only_recv: String,
        pub only_poll: String,
        pub nothing_polled: String,
        pub one_side: String,
        pub only_address: String,
        pub only_addresses: String,
        pub lookup_only_lab: String,
        pub option_value: String,
        pub range: String,
        pub number: String,
        pub received_false: String,
        pub reason_false: String,
        pub no_queue: String,
        pub no_timer: String,
        pub no_info: String,
        pub from_of_nothing: String,
        pub times_of_nothing: String,
        pub thread_of_nothing: String,
        pub process_of_nothing: String,
        pub no_such_process: String,
        pub too_many_processes: String,
        pub count: String,
        pub exact_time: String,
        pub choice_count: String,
        pub label_count: String,
        pub choice: String,
        pub only_lab: String,
        pub counters_only_lab: String,
        pub counter: String,
        pub routine_counter: String,
        pub udp_only_lab: String,
        pub no_setting: String,
        pub long_datagram: String,
        pub program_only_lab: String,
        pub program_makes_calls: String,
        pub no_program: String,
    }
}

words! {
    /// What a lesson lacks that can be read.
    #[allow(missing_docs)]
    pub struct LackSentences {
        pub text: String,
        pub language: String,
        pub paragraphs: String,
        pub marked: String,
        pub nothing: String,
        pub backtick: String,
        pub steps: String,
        pub asks: String,
        pub read_on: String,
        pub term: String,
        pub file_name: String,
    }
}

words! {
    /// What the reader of TOML says, whose own sentences are English.
    #[allow(missing_docs)]
    pub struct TomlTexts {
        pub unknown: String,
        pub meant: String,
        pub missing: String,
        pub kind: String,
        pub twice: String,
        pub syntax: String,
        pub other: String,
        pub nothing: String,
        pub expected: String,
        pub or: String,
        pub literal: String,
        pub extend: String,
        /// What is wrong, by the reader's words for it.
        pub wrong: BTreeMap<String, String>,
        /// What was expected instead, by the reader's words for it.
        pub wanted: BTreeMap<String, String>,
        /// Kinds of values, by the reader's words for them.
        pub values: BTreeMap<String, String>,
    }
}

impl FaultTexts {
    /// The texts of a language; read once.
    ///
    /// # Errors
    /// [`BrokenTexts`] where the asset that was built in doesn't fit the program.
    pub fn load(lang: Lang) -> Result<&'static FaultTexts, BrokenTexts> {
        static LOADED: ByLang<FaultTexts> = ByLang::new("faults.toml");
        LOADED.get(lang)
    }
}
