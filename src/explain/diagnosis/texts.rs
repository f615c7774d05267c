//! The texts, their languages side by side.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Duration;

use super::{DiagnosisKind, Evidence, InARow, ProgramDiagnosis};
use crate::explain::program::{ProgramFact, StillWaits, facts};
use crate::explain::spoken::{BuiltInTexts, Spoken};
use crate::explain::table::Broken;
use crate::i18n::words::words;
use crate::i18n::{Lang, Localized, escape};
use crate::model::{CallView, Moment, SegmentId, SocketFacts, View, signal_name};
use crate::tcp::{Numbers, State, line};

words! {
    pub(super) struct DiagnosisTexts {
        pub(super) not_closed: Localized,
        pub(super) not_closed_do: Localized,
        pub(super) not_noticed: Localized,
        pub(super) not_noticed_do: Localized,
        pub(super) kept: Localized,
        pub(super) kept_do: Localized,
        pub(super) kept_reset: Localized,
        pub(super) kept_reset_do: Localized,
        pub(super) leaks: Localized,
        pub(super) leaks_do: Localized,
        pub(super) queue_full: Localized,
        pub(super) queue_full_one: Localized,
        pub(super) queue_full_do: Localized,
        pub(super) not_read: Localized,
        pub(super) not_read_one: Localized,
        pub(super) not_read_do: Localized,
        pub(super) not_read_told_do: Localized,
        pub(super) window_zero: Localized,
        pub(super) window_zero_one: Localized,
        pub(super) window_zero_do: Localized,
        pub(super) wrote_after_fin: Localized,
        pub(super) wrote_after_fin_do: Localized,
        pub(super) reads_on: Localized,
        pub(super) reads_on_do: Localized,
        pub(super) asks_on: Localized,
        pub(super) asks_on_do: Localized,
        pub(super) closed_unread: Localized,
        pub(super) closed_unread_one: Localized,
        pub(super) closed_unread_n: Localized,
        pub(super) closed_unread_do: Localized,
        pub(super) ended_unread: Localized,
        pub(super) ended_unread_do: Localized,
        pub(super) at_least: Localized,
        pub(super) line: Localized,
        pub(super) more: Localized,
        pub(super) at_line: Localized,
        pub(super) call_returned: Localized,
        pub(super) call_sleeps: Localized,
        pub(super) call_stands: Localized,
        pub(super) call_open: Localized,
        pub(super) arrived: Localized,
        pub(super) left: Localized,
        pub(super) kernel: Localized,
        pub(super) kernel_listens: Localized,
        pub(super) signal: Localized,
        pub(super) of: Localized,
        pub(super) todo: Localized,
        pub(super) report_none: Localized,
        pub(super) report_some: Localized,
        pub(super) report_untold: Localized,
        pub(super) report_unseen: Localized,
        pub(super) report_no_calls: Localized,
    }
}

impl BuiltInTexts for DiagnosisTexts {
    const ASSET: &'static str = "text/diagnoses.toml";

    fn kept() -> &'static OnceLock<Result<DiagnosisTexts, Broken>> {
        static KEPT: OnceLock<Result<DiagnosisTexts, Broken>> = OnceLock::new();
        &KEPT
    }
}

/// So many descriptors are named.
const NAMED: usize = 8;

/// A diagnosis in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldDiagnosis {
    /// What is the case.
    pub what: String,
    /// What shows it, a line each.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub remedy: String,
}

/// The texts in one language.
pub(super) type DiagnosisWords = Spoken<DiagnosisTexts>;

impl DiagnosisWords {
    /// A call, with the line of the source that makes it where that was found.
    fn call(&self, call: &CallView<'_>) -> String {
        // What the program gave is written as C has it already, so that nothing in it acts on a terminal.
        let text = call.as_made().unwrap_or_else(|| call.called().to_owned());
        let text = match call.caller.worker {
            0 => text,
            thread => format!("#{thread} {text}"),
        };
        let told = match call.outcome {
            Some(Ok(returned)) => self.say(|t| &t.call_returned, &[("call", &text), ("value", &returned.value)]),
            Some(Err(errno)) => {
                self.say(|t| &t.call_returned, &[("call", &text), ("value", &format!("{} {errno}", errno.value()))])
            }
            None if call.stands => self.say(|t| &t.call_stands, &[("call", &text)]),
            None if call.blocked => self.say(|t| &t.call_sleeps, &[("call", &text)]),
            None => self.say(|t| &t.call_open, &[("call", &text)]),
        };
        match call.made.and_then(|made| made.site.as_ref()?.short()) {
            Some(place) => self.say(|t| &t.at_line, &[("what", &told), ("place", &escape(place))]),
            None => told,
        }
    }

    fn segment(&self, view: &View<'_>, moment: Moment, id: SegmentId) -> String {
        let Some(segment) = view.segment(id) else { return String::new() };
        let line = line(segment.segment, &segment.initials, Numbers::Symbolic);
        let sent = view.trace().segment_records().get(id.0 as usize).is_some_and(|record| record.sent == moment);
        if sent {
            self.say(|t| &t.left, &[("segment", &line)])
        } else {
            self.say(|t| &t.arrived, &[("segment", &line)])
        }
    }

    fn kernel(&self, facts: &SocketFacts) -> String {
        let ends = match (facts.local, facts.remote) {
            (Some(local), Some(remote)) => format!("{local} ↔ {remote}"),
            (Some(local), None) => local.to_string(),
            _ => String::new(),
        };
        let socket = match facts.fd {
            Some(fd) if ends.is_empty() => format!("fd {fd}"),
            Some(fd) => self.say(|t| &t.of, &[("fd", &fd), ("ends", &ends)]),
            None => ends,
        };
        let values: [(&str, &dyn Display); 4] =
            [("socket", &socket), ("state", &facts.state), ("recv", &facts.recv_queue), ("send", &facts.send_queue)];
        if facts.state == State::Listen {
            self.say(|t| &t.kernel_listens, &values)
        } else {
            self.say(|t| &t.kernel, &values)
        }
    }

    fn often(&self, row: InARow) -> String {
        if row.or_more { self.say(|t| &t.at_least, &[("n", &row.times)]) } else { row.times.to_string() }
    }

    fn evidence(&self, view: &View<'_>, evidence: &Evidence<'_>) -> String {
        let what = match evidence {
            Evidence::Call(call) => self.call(call),
            Evidence::Segment(moment, id) => self.segment(view, *moment, *id),
            Evidence::Kernel(_, facts) => self.kernel(facts),
            Evidence::Signal(_, signal) => self.say(|t| &t.signal, &[("signal", &signal_name(*signal))]),
        };
        let at = view.trace().entries().get(evidence.moment()).map_or(Duration::ZERO, |entry| entry.at);
        self.say(|t| &t.line, &[("at", &time(at)), ("what", &what)])
    }
}

impl ProgramDiagnosis<'_> {
    /// In words.
    ///
    /// # Errors
    /// [`Broken`] where the texts that were built in don't fit the program.
    pub fn told(&self, view: &View<'_>, lang: Lang) -> Result<ToldDiagnosis, Broken> {
        let words = DiagnosisWords::load(lang)?;
        let (what, mut remedy) = self.says(&words);
        if let Some(fd) =
            self.fd.filter(|fd| matches!(self.kind, DiagnosisKind::NotRead(_)) && self.was_told_once(view, *fd))
        {
            remedy = words.say(|t| &t.not_read_told_do, &[("fd", &fd)]);
        }
        let evidence = self.evidence.iter().map(|evidence| words.evidence(view, evidence)).collect();
        Ok(ToldDiagnosis { what, evidence, remedy })
    }

    /// Whether one of its threads waits for what was told before, and isn't told again.
    fn was_told_once(&self, view: &View<'_>, fd: i32) -> bool {
        let waits_in_vain = |fact: &ProgramFact| {
            let told = StillWaits::SwitchedOff;
            matches!(fact, ProgramFact::StillWaits(of, why) if *of == fd && (matches!(why, StillWaits::EdgeBytes(_)) || *why == told))
        };
        self.evidence.iter().any(|evidence| match evidence {
            Evidence::Call(call) => facts(view, call).iter().any(waits_in_vain),
            _ => false,
        })
    }

    /// What is the case, and what to do about it.
    fn says(&self, words: &DiagnosisWords) -> (String, String) {
        let fd = self.fd.map_or_else(|| "?".to_owned(), |fd| fd.to_string());
        let call = self.call();
        let say =
            |what: fn(&DiagnosisTexts) -> &Localized, remedy: fn(&DiagnosisTexts) -> &Localized, n: &dyn Display| {
                let values: [(&str, &dyn Display); 3] = [("fd", &fd), ("call", &call), ("n", n)];
                (words.say(what, &values), words.say(remedy, &values))
            };
        match &self.kind {
            DiagnosisKind::NotClosed => say(|t| &t.not_closed, |t| &t.not_closed_do, &0),
            DiagnosisKind::NotNoticed => say(|t| &t.not_noticed, |t| &t.not_noticed_do, &0),
            DiagnosisKind::KeptByParent => say(|t| &t.kept, |t| &t.kept_do, &0),
            DiagnosisKind::KeptAfterReset => say(|t| &t.kept_reset, |t| &t.kept_reset_do, &0),
            DiagnosisKind::Leaks(fds) => {
                let mut named: Vec<String> = fds.iter().take(NAMED).map(i32::to_string).collect();
                if fds.len() > NAMED {
                    named.push(words.say(|t| &t.more, &[("n", &(fds.len() - NAMED))]));
                }
                let values: [(&str, &dyn Display); 2] = [("n", &fds.len()), ("fds", &words.lang.list(&named))];
                (words.say(|t| &t.leaks, &values), words.say(|t| &t.leaks_do, &values))
            }
            DiagnosisKind::QueueFull { waiting, backlog } => {
                let values: [(&str, &dyn Display); 3] = [("fd", &fd), ("n", waiting), ("backlog", backlog)];
                let what = match waiting {
                    1 => words.say(|t| &t.queue_full_one, &values),
                    _ => words.say(|t| &t.queue_full, &values),
                };
                (what, words.say(|t| &t.queue_full_do, &values))
            }
            DiagnosisKind::NotRead(1) => say(|t| &t.not_read_one, |t| &t.not_read_do, &1),
            DiagnosisKind::NotRead(bytes) => say(|t| &t.not_read, |t| &t.not_read_do, bytes),
            DiagnosisKind::WindowZero(1) => say(|t| &t.window_zero_one, |t| &t.window_zero_do, &1),
            DiagnosisKind::WindowZero(bytes) => say(|t| &t.window_zero, |t| &t.window_zero_do, bytes),
            DiagnosisKind::WroteAfterFin => say(|t| &t.wrote_after_fin, |t| &t.wrote_after_fin_do, &0),
            DiagnosisKind::ReadsOn(row) => say(|t| &t.reads_on, |t| &t.reads_on_do, &words.often(*row)),
            DiagnosisKind::AsksOn(row) => say(|t| &t.asks_on, |t| &t.asks_on_do, &words.often(*row)),
            DiagnosisKind::ClosedUnread(None) => say(|t| &t.closed_unread, |t| &t.closed_unread_do, &0),
            DiagnosisKind::ClosedUnread(Some(1)) => say(|t| &t.closed_unread_one, |t| &t.closed_unread_do, &1),
            DiagnosisKind::ClosedUnread(Some(bytes)) => say(|t| &t.closed_unread_n, |t| &t.closed_unread_do, bytes),
            DiagnosisKind::EndedUnread => say(|t| &t.ended_unread, |t| &t.ended_unread_do, &0),
        }
    }

    /// The name of the call that the text speaks of: the one that told the end of the data, or came back again and again.
    fn call(&self) -> String {
        let mut calls = self.evidence.iter().filter_map(|evidence| match evidence {
            Evidence::Call(call) => Some(call),
            _ => None,
        });
        let told = |call: &&CallView<'_>| matches!(call.outcome, Some(Ok(returned)) if returned.value == 0);
        let call = match self.kind {
            DiagnosisKind::NotClosed => calls.find(told),
            _ => calls.next(),
        };
        call.map_or_else(String::new, |call| call.called().to_owned())
    }
}

/// Minutes, seconds and milliseconds.
fn time(at: Duration) -> String {
    format!("{:02}:{:02}.{:03}", at.as_secs() / 60, at.as_secs() % 60, at.subsec_millis())
}
