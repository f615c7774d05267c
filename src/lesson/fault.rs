//! What can be wrong with a lesson file, and which of the words in `assets/text/*/faults.toml` say so.

use std::fmt::Display;
use std::net::SocketAddr;

use super::made::MOST_OPEN;
use super::{Measure, likely, shape};
use crate::i18n::{
    BrokenTexts, FaultTexts, Lang, LanguageTexts, counter_names, edit_fault, fill, rule_fault, setting_fault,
};
use crate::model::rule::RuleFault;
use crate::model::{
    CORE_SETTINGS, CallName, CongestionState, EpollEvents, EpollOp, IPV4_SETTINGS, InfoOptions, LookupFamily,
    LookupFlags, PROGRAM_CALLS, ProgramCallState, SOCKET_OPTIONS, SettingFault, SettingKind, Side, SideProcess,
    TOLD_OPTIONS,
};
use crate::model::{edit::EditFault, event_names};

/// One thing that is wrong with a lesson file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    /// The file is longer than [`super::MAX_BYTES`].
    TooLarge,
    /// The file's bytes are no UTF-8.
    NotUtf8,
    /// The file is no TOML, or of another shape; the sentence is that of the TOML reader, in English.
    Toml(String),
    /// The file's format has another version.
    Format(i64),
    /// A name holds characters that it must not hold.
    Id(String),
    /// A text is missing or empty in a language.
    NoText(Lang),
    /// A text's key names no language of the program; these are.
    NoLanguage {
        found: String,
        known: Vec<&'static str>,
    },
    /// A text is longer than its place has room for: so many characters.
    LongText {
        found: usize,
        most: usize,
    },
    /// A text holds a character that would act on a terminal, or that can't be seen.
    Control(char),
    /// The learner's line has a line break in it.
    LineBreak,
    /// A text that is sent is empty.
    NothingToSend,
    /// A word is none of those that are allowed at its place.
    Word {
        kind: WordKind,
        found: String,
    },
    /// A setting of the lab has a value of another kind than the kernel wants.
    SettingValue {
        name: String,
        kind: SettingKind,
    },
    /// A list names nothing.
    EmptyList(WordKind),
    /// A list names a word twice.
    Twice(String),
    /// A step or a claim is in a mode that what it belongs to doesn't have.
    ModeOutside {
        found: String,
        has: Vec<&'static str>,
    },
    /// An address can't be read.
    Address(String),
    /// An address lies outside of this machine.
    NotLoopback(SocketAddr),
    /// The server's port is 0.
    NoPort,
    /// The lesson has no steps.
    NoSteps,
    /// A step's header is one of a table, here or above, or a list stands in the place of the headers.
    StepHeader,
    /// A step does more than one thing.
    ManyActions,
    /// Two steps have the same name.
    StepTwice {
        id: String,
        line: usize,
    },
    /// Two sockets have the same name.
    SocketTwice(String),
    /// More sockets are open at once than [`MOST_OPEN`].
    SocketsOpen,
    /// There is no such socket yet.
    NoSocket {
        name: String,
        mode: &'static str,
        known: Vec<String>,
    },
    /// Exactly one of these keys must be there.
    OneOf {
        found: Vec<&'static str>,
        allowed: &'static [&'static str],
    },
    /// Two keys can't both be there.
    Exclusive(&'static str, &'static str),
    /// A key only makes sense with `recv`.
    OnlyRecv,
    /// A key only makes sense with `poll`.
    OnlyPoll,
    /// A `poll()` names no socket.
    NothingPolled,
    /// A socket is another side's than the others of a `poll()`.
    OneSide {
        found: String,
        side: Side,
    },
    /// `address` stands with a call that tells none.
    OnlyAddress,
    OnlyAddresses,
    LookupOnlyLab,
    /// A text is no value of a socket option.
    OptionValue(String),
    /// A number lies outside of its range.
    Range {
        found: i64,
        from: i64,
        to: i64,
    },
    /// A text is no sum.
    Number(String),
    /// `received = false` says nothing.
    ReceivedFalse,
    /// `reason = false` asks nothing.
    ReasonFalse,
    /// A claim on queues names neither queue.
    NoQueue,
    /// A claim on a timer says nothing of it.
    NoTimer,
    /// A claim on `TCP_INFO` says nothing of it.
    NoInfo,
    /// `from` stands in a claim that counts no waiting segments.
    FromOfNothing,
    /// `times` stands where no timer is waited for.
    TimesOfNothing,
    /// `thread` beside what is no call.
    ThreadOfNothing,
    /// The same of `process`.
    ProcessOfNothing,
    /// A side has only so many processes by then.
    NoSuchProcess(Side, u32),
    /// A side forks more often than it may.
    TooManyProcesses,
    /// A text is neither a whole number nor `>=` and one.
    Count(String),
    /// This time of `TCP_INFO` is another one in each walk.
    ExactTime(&'static str),
    /// A question has too few or too many answers.
    ChoiceCount(usize),
    /// A question's labels and answers are not equally many.
    LabelCount {
        labels: usize,
        choices: usize,
    },
    /// An answer is none that the kernel could give.
    Choice {
        found: String,
        notation: Notation,
    },
    /// An action that holds segments is in a mode without them.
    OnlyLab,
    /// A counter of the kernel's is claimed in a mode where the lab has none of its own.
    CountersOnlyLab,
    /// No counter of the kernel's has this name.
    Counter(String),
    /// This counter moves with every segment.
    RoutineCounter(String),
    /// What is to be changed in a segment can't be read.
    Edit(EditFault),
    /// What is to be a rule of the wire is none.
    Rule(RuleFault),
    /// A setting can't be changed so.
    Setting(SettingFault),
    /// A step changes no setting.
    NoSetting,
    /// A socket for datagrams is in a mode where they can't be held.
    UdpOnlyLab,
    /// A datagram is longer than one packet.
    LongDatagram {
        found: usize,
        most: usize,
    },
    /// A program plays a part in a mode where segments don't wait.
    ProgramOnlyLab,
    /// A step makes a call of a side whose calls a program makes.
    ProgramMakesCalls(Side),
    /// No program plays this side's part.
    NoProgram(Side),
}

/// The kinds of words that a lesson file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WordKind {
    Mode,
    Side,
    State,
    Call,
    Error,
    Flag,
    Fate,
    Timer,
    How,
    Show,
    Protocol,
    Ipv4Setting,
    CoreSetting,
    Need,
    Option,
    AskedOption,
    MessageFlag(CallName),
    CongestionState,
    InfoOption,
    SystemCall,
    ProgramState,
    PollEvent(CallName),
    /// What `epoll_ctl()` does.
    EpollOp,
    LookupFamily,
    LookupFlag,
    SetUp,
}

/// How a question's answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Notation {
    State,
    Call,
    Returned,
    Bytes,
    Times,
    Milliseconds,
    Counter,
}

impl WordKind {
    /// The words of this kind.
    pub fn allowed(self) -> Vec<&'static str> {
        use crate::model::{Errno, SocketState};
        use crate::tcp::{Flags, State};
        match self {
            WordKind::Mode => vec!["lab", "host"],
            WordKind::Side => vec!["server", "client"],
            WordKind::State => {
                let udp = SocketState::UDP.iter().map(|state| state.name());
                State::ALL.iter().map(|state| state.name()).chain(udp).collect()
            }
            WordKind::Call => CallName::ALL.iter().map(|call| call.name()).collect(),
            // The kernel's numbers for errors end below 134 on every architecture, and those of getaddrinfo() are below 0.
            WordKind::Error => (1..134).chain((-12..0).rev()).filter_map(|number| Errno(number).name()).collect(),
            WordKind::Flag => Flags::from_bits(0xff).names().collect(),
            WordKind::Fate => vec!["held", "delivered", "dropped", "none"],
            WordKind::Timer => super::notation::TIMERS.iter().map(|(_, name)| *name).collect(),
            WordKind::How => vec!["read", "write", "both"],
            WordKind::Protocol => vec!["udp", "icmp"],
            WordKind::Show => super::Show::ALL.iter().map(|show| show.name()).collect(),
            WordKind::CongestionState => CongestionState::ALL.iter().map(|state| state.name()).collect(),
            WordKind::InfoOption => InfoOptions::NAMES.to_vec(),
            WordKind::Ipv4Setting => IPV4_SETTINGS.to_vec(),
            WordKind::CoreSetting => CORE_SETTINGS.to_vec(),
            WordKind::Need => vec!["ipv6"],
            WordKind::Option => SOCKET_OPTIONS.to_vec(),
            WordKind::SetUp => vec!["established"],
            WordKind::AskedOption => [&SOCKET_OPTIONS[..], &TOLD_OPTIONS].concat(),
            WordKind::MessageFlag(call) => call.flag_names().to_vec(),
            WordKind::SystemCall => PROGRAM_CALLS.to_vec(),
            WordKind::ProgramState => ProgramCallState::CLAIMED.iter().map(|state| state.name()).collect(),
            WordKind::PollEvent(CallName::EpollCtl) => EpollEvents::all_names().collect(),
            WordKind::PollEvent(call) => event_names(call),
            WordKind::EpollOp => EpollOp::ALL.map(EpollOp::name).to_vec(),
            WordKind::LookupFamily => LookupFamily::names().collect(),
            WordKind::LookupFlag => LookupFlags::names().collect(),
        }
    }

    /// Its name among the words.
    const fn key(self) -> &'static str {
        match self {
            WordKind::Mode => "mode",
            WordKind::Side => "side",
            WordKind::State => "state",
            WordKind::Call => "call",
            WordKind::Error => "error",
            WordKind::Flag => "flag",
            WordKind::Fate => "fate",
            WordKind::Timer => "timer",
            WordKind::How => "how",
            WordKind::Protocol => "protocol",
            WordKind::Show => "show",
            WordKind::CongestionState => "congestion_state",
            WordKind::InfoOption => "info_option",
            WordKind::Ipv4Setting => "ipv4_setting",
            WordKind::CoreSetting => "core_setting",
            WordKind::Need => "need",
            WordKind::Option => "option",
            WordKind::AskedOption => "asked_option",
            WordKind::MessageFlag(CallName::Send | CallName::SendTo | CallName::SendMsg) => "flag_of_send",
            WordKind::MessageFlag(_) => "flag_of_recv",
            WordKind::SystemCall => "system_call",
            WordKind::ProgramState => "program_state",
            WordKind::PollEvent(CallName::Select) => "select_set",
            WordKind::PollEvent(CallName::EpollWait | CallName::EpollCtl) => "epoll_event",
            WordKind::PollEvent(_) => "poll_event",
            WordKind::EpollOp => "epoll_op",
            WordKind::LookupFamily => "lookup_family",
            WordKind::LookupFlag => "lookup_flag",
            WordKind::SetUp => "set_up",
        }
    }
}

impl Notation {
    /// How the answers to a question for this measure are written.
    pub(super) fn of(measure: &Measure) -> Notation {
        match measure {
            Measure::State(_) => Notation::State,
            Measure::Call(..) => Notation::Call,
            Measure::Returned(..) => Notation::Returned,
            Measure::RecvQueue(_) | Measure::SendQueue(_) => Notation::Bytes,
            Measure::Fired(_) => Notation::Times,
            Measure::Rto(_) => Notation::Milliseconds,
            Measure::Reason => Notation::Counter,
        }
    }

    /// Its name among the words; a state's are the states themselves.
    const fn key(self) -> &'static str {
        match self {
            Notation::State => "state",
            Notation::Call => "call",
            Notation::Returned => "returned",
            Notation::Bytes => "bytes",
            Notation::Times => "times",
            Notation::Milliseconds => "milliseconds",
            Notation::Counter => "counter",
        }
    }
}

/// What a fault is told with: the words of a language, and how it writes a list.
struct FaultWriter {
    words: &'static FaultTexts,
    language: &'static LanguageTexts,
    lang: Lang,
}

/// What is put into a sentence, by the names of its places.
type Placeholders<'a> = &'a [(&'a str, &'a dyn Display)];

impl Fault {
    /// The sentence that says what is wrong and what is allowed.
    pub fn sentence(&self, lang: Lang) -> String {
        let told = || -> Result<String, BrokenTexts> {
            let teller = FaultWriter { words: FaultTexts::load(lang)?, language: LanguageTexts::load(lang)?, lang };
            Ok(self.told(&teller))
        };
        told().unwrap_or_else(|broken| broken.to_string())
    }

    fn told(&self, by: &FaultWriter) -> String {
        let (t, list) = (&by.words.fault, |words: &[&str]| by.language.list(words));
        let kind = |kind: &WordKind| by.words.kind.get(kind.key()).map_or("", String::as_str);
        let say = |text: &str, facts: Placeholders<'_>| fill(text, facts);
        match self {
            Fault::TooLarge => t.too_large.clone(),
            Fault::NotUtf8 => t.not_utf8.clone(),
            Fault::Toml(message) => shape::told(message, &by.words.toml, by.language),
            Fault::Format(found) => say(&t.format, &[("found", found)]),
            Fault::Id(found) => say(&t.id, &[("found", found)]),
            Fault::NoText(lang) => say(&t.no_text, &[("lang", &by.language.name_of(*lang)), ("code", &lang.code())]),
            Fault::NoLanguage { found, known } => {
                // Of `zh-CN` the language is `zh`.
                let plain = found.split(['-', '_']).next().unwrap_or_default().to_lowercase();
                let meant = likely(&plain, known.iter().copied());
                let meant = meant.map(|meant| say(&by.words.toml.meant, &[("found", &meant)])).unwrap_or_default();
                say(&t.no_language, &[("found", found), ("allowed", &list(known))]) + &meant
            }
            Fault::LongText { found, most } => say(&t.long_text, &[("found", found), ("most", most)]),
            Fault::Control(c) => say(&t.control, &[("code", &format!("{:04X}", u32::from(*c)))]),
            Fault::LineBreak => t.line_break.clone(),
            Fault::NothingToSend => t.nothing_to_send.clone(),
            Fault::Word { kind: of, found } => {
                let allowed = list(&of.allowed());
                say(&t.word, &[("found", found), ("kind", &kind(of)), ("allowed", &allowed)])
            }
            Fault::EmptyList(kind) => say(&t.empty_list, &[("allowed", &list(&kind.allowed()))]),
            Fault::Twice(found) => say(&t.twice, &[("found", found)]),
            Fault::ModeOutside { found, has } => say(&t.mode_outside, &[("found", found), ("allowed", &list(has))]),
            Fault::Address(found) => say(&t.address, &[("found", found)]),
            Fault::NotLoopback(found) => say(&t.not_loopback, &[("found", found)]),
            Fault::NoPort => t.no_port.clone(),
            Fault::NoSteps => t.no_steps.clone(),
            Fault::StepHeader => t.step_header.clone(),
            Fault::ManyActions => t.many_actions.clone(),
            Fault::StepTwice { id, line } => say(&t.step_twice, &[("found", id), ("line", line)]),
            Fault::SocketTwice(found) => say(&t.socket_twice, &[("found", found)]),
            Fault::SocketsOpen => say(&t.sockets_open, &[("most", &MOST_OPEN)]),
            Fault::NoSocket { name, mode, known } => {
                let text = if known.is_empty() { &t.no_socket_yet } else { &t.no_socket };
                say(text, &[("found", name), ("mode", mode), ("allowed", &by.language.list(known))])
            }
            Fault::OneOf { found, allowed } => {
                let text = if found.is_empty() { &t.one_of_none } else { &t.one_of_many };
                say(text, &[("found", &list(found)), ("allowed", &list(allowed))])
            }
            of_terms => of_terms.told_of_terms(by),
        }
    }

    /// The last part of [`Fault::told`]: what is said of a side's threads and processes.
    fn told_of_caller(&self, by: &FaultWriter) -> String {
        let t = &by.words.fault;
        match self {
            Fault::ThreadOfNothing => t.thread_of_nothing.clone(),
            Fault::ProcessOfNothing => t.process_of_nothing.clone(),
            Fault::NoSuchProcess(side, there) => {
                fill(&t.no_such_process, &[("side", side.name()), ("n", &there.to_string())])
            }
            Fault::TooManyProcesses => fill(&t.too_many_processes, &[("n", &SideProcess::MOST_CHILDREN.to_string())]),
            // Said by the parts before, which have every other one.
            _ => String::new(),
        }
    }

    /// The second part of [`Fault::told`]: what is said of terms, questions and what only the lab can.
    fn told_of_terms(&self, by: &FaultWriter) -> String {
        let t = &by.words.fault;
        let say = |text: &str, facts: Placeholders<'_>| fill(text, facts);
        match self {
            Fault::Exclusive(one, other) => say(&t.exclusive, &[("one", one), ("other", other)]),
            Fault::SettingValue { name, kind } => {
                let wanted = by.words.setting.get(kind.key()).map_or("", String::as_str);
                say(&t.setting_value, &[("found", name), ("wanted", &wanted)])
            }
            Fault::OnlyRecv => t.only_recv.clone(),
            Fault::OnlyPoll => t.only_poll.clone(),
            Fault::NothingPolled => t.nothing_polled.clone(),
            Fault::OneSide { found, side } => say(&t.one_side, &[("found", found), ("side", &side.name())]),
            Fault::OnlyAddress => t.only_address.clone(),
            Fault::LookupOnlyLab => t.lookup_only_lab.clone(),
            Fault::OnlyAddresses => t.only_addresses.clone(),
            Fault::OptionValue(found) => say(&t.option_value, &[("found", found)]),
            Fault::Range { found, from, to } => say(&t.range, &[("found", found), ("from", from), ("to", to)]),
            Fault::Number(found) => say(&t.number, &[("found", found)]),
            Fault::ReceivedFalse => t.received_false.clone(),
            Fault::ReasonFalse => t.reason_false.clone(),
            Fault::NoQueue => t.no_queue.clone(),
            Fault::NoTimer => t.no_timer.clone(),
            Fault::NoInfo => t.no_info.clone(),
            Fault::FromOfNothing => t.from_of_nothing.clone(),
            Fault::TimesOfNothing => t.times_of_nothing.clone(),
            Fault::Count(found) => say(&t.count, &[("found", found)]),
            Fault::ExactTime(of) => say(&t.exact_time, &[("of", of)]),
            Fault::ChoiceCount(found) => say(&t.choice_count, &[("found", found)]),
            Fault::LabelCount { labels, choices } => say(&t.label_count, &[("labels", labels), ("choices", choices)]),
            Fault::Choice { found, notation } => {
                let written = match notation {
                    Notation::State => by.language.list(WordKind::State.allowed()),
                    other => by.words.answers.get(other.key()).cloned().unwrap_or_default(),
                };
                say(&t.choice, &[("found", found), ("allowed", &written)])
            }
            Fault::OnlyLab => t.only_lab.clone(),
            Fault::CountersOnlyLab => t.counters_only_lab.clone(),
            Fault::Counter(found) => {
                let meant = likely(found, counter_names());
                let meant = meant.map(|meant| say(&by.words.toml.meant, &[("found", &meant)])).unwrap_or_default();
                say(&t.counter, &[("found", found)]) + &meant
            }
            Fault::RoutineCounter(found) => say(&t.routine_counter, &[("found", found)]),
            Fault::Edit(fault) => edit_fault(fault, ([127, 0, 0, 1], 8000).into(), by.lang),
            Fault::Rule(fault) => rule_fault(fault, by.lang),
            Fault::Setting(fault) => setting_fault(fault, by.lang),
            Fault::NoSetting => t.no_setting.clone(),
            Fault::UdpOnlyLab => t.udp_only_lab.clone(),
            Fault::ProgramOnlyLab => t.program_only_lab.clone(),
            Fault::ProgramMakesCalls(side) => say(&t.program_makes_calls, &[("found", side)]),
            Fault::NoProgram(side) => say(&t.no_program, &[("found", side)]),
            Fault::LongDatagram { found, most } => say(&t.long_datagram, &[("found", found), ("most", most)]),
            of_caller => of_caller.told_of_caller(by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_word_and_every_notation_has_words_in_each_language() {
        for lang in Lang::all() {
            let t = FaultTexts::load(lang).unwrap();
            use WordKind::*;
            let kinds = [Mode, Side, State, Call, Error, Flag, Fate, Timer, How, Show, Protocol, Ipv4Setting];
            let kinds: Vec<&str> = { kinds.into_iter() }
                .chain([
                    CoreSetting,
                    Need,
                    Option,
                    CongestionState,
                    InfoOption,
                    SystemCall,
                    ProgramState,
                    PollEvent(CallName::Poll),
                    PollEvent(CallName::Select),
                    PollEvent(CallName::EpollWait),
                    EpollOp,
                    LookupFamily,
                    LookupFlag,
                    SetUp,
                ])
                .chain([AskedOption, MessageFlag(CallName::Send), MessageFlag(CallName::Recv)])
                .map(WordKind::key)
                .collect();
            assert!(kinds.iter().all(|key| t.kind.contains_key(*key)) && kinds.len() == t.kind.len(), "{lang:?}");
            use SettingKind as S;
            let settings = [S::Number, S::Range, S::Three, S::Name].map(S::key);
            assert!(settings.iter().all(|key| t.setting.contains_key(*key)) && settings.len() == t.setting.len());
            use Notation as N;
            let answers = [N::Call, N::Returned, N::Bytes, N::Times, N::Milliseconds, N::Counter].map(Notation::key);
            assert!(answers.iter().all(|key| t.answers.contains_key(*key)) && answers.len() == t.answers.len());
        }
    }
}
