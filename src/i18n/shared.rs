//! The words of a lab that processes share, and of recordings.

use std::net::SocketAddr;

use super::fill;
use super::words::words;
use crate::model::{Actor, Side, Trace};

words! {
    /// The sentences about shared labs and recordings. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct SharedTexts {
        pub no_folder: String,
        pub bad_name: String,
        pub several: String,
        pub which: String,
        pub no_keeper: String,
        pub keeper_silent: String,
        pub keeper_killed: String,
        pub server: String,
        pub client: String,
        pub process: String,
        pub other_version: String,
        pub full: String,
        pub lesson_runs: String,
        pub other_mode: String,
        pub no_join: String,
        pub garbled: String,
        pub lab_gone: String,
        pub lock_held: String,
        pub lock_foreign: String,
        pub leaving: String,
        pub no_answer: String,
        pub silent: String,
        pub left_behind: String,
        pub exec_gone: String,
        pub lesson_elsewhere: String,
        pub no_terminal: String,
        pub exec: String,
        pub exec_passes: String,
        pub exec_some_pass: String,
        pub exec_host: String,
        pub exec_calls: String,
        pub exec_reports: String,
        pub exec_tracer_gone: String,
        pub report_lab: String,
        pub report_stepped: String,
        pub report_holder: String,
        pub report_both: String,
        pub report_server: String,
        pub report_client: String,
        pub report_late: String,
        pub report_no_client: String,
        pub report_ends: String,
        pub report_kills: String,
        pub report_of: String,
        pub report_status: String,
        pub report_signal: String,
        pub report_lost: String,
        pub report_cut: String,
        pub unseen_ring: String,
        pub unseen_architecture: String,
        pub unseen_yama: String,
        pub unseen_debugger: String,
        pub unseen_filter: String,
        pub unseen_trace: String,
        pub run_unquoted: String,
        pub run_empty: String,
        pub run_left: String,
        pub no_program: String,
        pub program_is_folder: String,
        pub program_not_executable: String,
        pub program_interpreter: String,
        pub program_here: String,
        pub record_exists: String,
        pub no_record: String,
        pub not_recorded: String,
        pub no_recording: String,
        pub recorded: String,
        pub cut_recording: String,
        pub newer_recording: String,
        pub bad_recording: String,
        pub thin_recording: String,
        pub recording: String,
    }
}

impl SharedTexts {
    /// A side by its name.
    pub fn side(&self, side: Side) -> &str {
        match side {
            Side::Server => &self.server,
            Side::Client => &self.client,
        }
    }

    /// An actor by its side's name, with a number where it isn't the first.
    pub fn actor(&self, actor: Actor) -> String {
        actor.name(self.side(actor.side))
    }

    /// An actor in a sentence: "server 2" is a name.
    pub fn in_sentence(&self, actor: Actor) -> String {
        let name = self.actor(actor);
        if actor.is_first() { fill(&self.process, &[("name", &name)]) } else { name }
    }

    /// An end by the name of its actor, else by its address.
    pub fn end(&self, trace: &Trace, address: SocketAddr) -> String {
        let name = |actor| self.actor(trace.present().known_as(actor));
        trace.owner_of(address).map_or_else(|| address.to_string(), name)
    }
}
