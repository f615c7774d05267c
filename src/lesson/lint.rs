//! The check of a lesson: every word that a lesson file holds is read here, and everything that is wrong is collected.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use toml::Spanned;

use super::error::{Problem, SourceText, unsafe_to_show};
use super::fault::{Fault, Notation, WordKind};
use super::made::MadeSockets;
use super::raw::{RawAsk, RawEnd, RawLesson, RawStep, RawText};
use super::raw_words::{SpannedNumber, SpannedText};
use super::sockets::sockets;
use super::{Address, Ask, ConnectionEnd, Lesson, LessonError, Measure, Show, Step};
use crate::i18n::{Lang, Languages, Localized, counter_named};
use crate::model::{Actor, Errno, LOOPBACK_MTU, Mode, Side, SocketState, TimerKind, is_routine};
use crate::tcp::Expr;

/// The longest texts, in characters: a title or a label, a question, and what is explained.
const MAX_TITLE: usize = 120;
const MAX_QUESTION: usize = 400;
const MAX_TEXT: usize = 2000;

/// The most choices that a question may have: each is answered with one digit.
const MAX_CHOICES: usize = 9;

/// What a question can ask for, by its keys.
const MEASURES: &[&str] = &["state", "call", "returned", "recv_queue", "send_queue", "fired", "rto", "reason"];

/// How far above the server's port another one may be told to lie.
const MAX_OFFSET: i64 = 1000;

/// The most firings of a timer that a step may wait for, so that a walk ends.
const MAX_TIMES: i64 = 20;

/// Checks what TOML read and makes the lesson of it; of a draft, whose texts may be in any one language, less is asked.
pub(super) fn check(
    languages: &Languages,
    (file, draft): (&str, bool),
    source: &SourceText<'_>,
    raw: RawLesson,
) -> Result<Lesson, LessonError> {
    let (problems, modes) = (Vec::new(), Vec::new());
    let (sockets, udp, programs) = (HashMap::new(), HashSet::new(), Vec::new());
    let processes = [Actor::FIRST; 2];
    let mut lint = Lint { languages, draft, source, problems, sockets, modes, udp, mtu: 0, programs, processes };
    let lesson = lint.lesson(file, raw);
    match lesson {
        Some(lesson) if lint.problems.is_empty() => Ok(lesson),
        _ => Err(LessonError::new(file, lint.problems)),
    }
}

/// The check as it goes through the file. A method returns `None` where it has noted a problem.
pub(super) struct Lint<'a> {
    /// Those in which texts may be.
    languages: &'a Languages,
    draft: bool,
    source: &'a SourceText<'a>,
    problems: Vec<Problem>,
    /// The sockets that are there by now, in order, in each mode.
    sockets: HashMap<Mode, MadeSockets>,
    /// The modes of what is being read.
    pub(super) modes: Vec<Mode>,
    /// The sockets that are for datagrams.
    pub(super) udp: HashSet<String>,
    /// The lab's MTU, in bytes.
    pub(super) mtu: u32,
    /// The sides whose part a program plays.
    pub(super) programs: Vec<Side>,
    /// How many processes each side has by now.
    pub(super) processes: [u32; 2],
}

impl Lint<'_> {
    pub(super) fn fault<T>(&mut self, span: Range<usize>, fault: Fault) -> Option<T> {
        self.problems.push(Problem::new(fault, self.source, span));
        None
    }

    pub(super) fn line(&self, span: Range<usize>) -> usize {
        self.source.line(span.start)
    }

    fn lesson(&mut self, file: &str, raw: RawLesson) -> Option<Lesson> {
        let id = self.id(&raw.id);
        let title = self.text(&raw.title, MAX_TITLE);
        let goal = self.text(&raw.goal, MAX_TEXT);
        // Where it is given and wrong, the fault is noted all the same.
        let misbelief = raw.misbelief.as_ref().and_then(|text| self.text(text, MAX_TEXT));
        let recap = self.text(&raw.recap, MAX_TEXT);
        let server = self.address(&raw.server);
        if server.is_some_and(|server| server.port() == 0) {
            self.fault::<()>(raw.server.span(), Fault::NoPort);
        }
        self.modes = vec![Mode::Lab, Mode::Host];
        let modes = self.modes_of(raw.modes.as_ref());
        let needs = self.needs(raw.needs.as_ref());
        self.programs = self.programs_of(raw.program.as_ref(), &modes);
        let lab = self.lab(raw.lab);
        self.mtu = lab.mtu.unwrap_or(LOOPBACK_MTU);
        if raw.step.is_empty() {
            self.fault::<()>(0..0, Fault::NoSteps);
        }
        let mut lines: HashMap<String, usize> = HashMap::new();
        let mut steps = Vec::new();
        if let Some(word) = &raw.begin {
            self.modes.clone_from(&modes);
            steps = self.set_up(word, server.is_some_and(|server| server.is_ipv6()));
            lines.extend(steps.iter().map(|step| (step.id.clone(), step.line)));
        }
        for raw_step in &raw.step {
            let name = &raw_step.get_ref().id;
            if let Some(line) = lines.get(name.get_ref()) {
                let fault = Fault::StepTwice { id: name.get_ref().clone(), line: *line };
                self.fault::<()>(name.span(), fault);
            }
            lines.entry(name.get_ref().clone()).or_insert(self.line(name.span()));
            self.modes.clone_from(&modes);
            steps.extend(self.step(raw_step));
        }
        let server = server?;
        Some(Lesson {
            file: file.to_owned(),
            source: None,
            id: id?,
            title: title?,
            goal: goal?,
            misbelief,
            recap: recap?,
            server,
            modes,
            needs,
            programs: self.programs.clone(),
            lab,
            sockets: [Mode::Lab, Mode::Host].map(|mode| sockets(&steps, mode, server)),
            steps,
        })
    }

    fn step(&mut self, raw: &Spanned<RawStep>) -> Option<Step> {
        let line = self.line(raw.span());
        let raw = raw.get_ref();
        let id = self.id(&raw.id);
        let modes = self.modes_of(raw.modes.as_ref());
        self.modes.clone_from(&modes);
        let title = self.text(&raw.title, MAX_TITLE);
        let say = self.text(&raw.say, MAX_TEXT);
        let action = raw.action.as_ref().map(|action| self.possible_action(action));
        let worker = self.worker(raw.thread.as_ref(), action.as_ref());
        let process = self.process_of_step(raw.process.as_ref(), action.as_ref());
        let ask = raw.ask.as_ref().map(|ask| self.ask(ask));
        let mut expect = Vec::new();
        for claim in &raw.expect {
            self.modes.clone_from(&modes);
            expect.extend(self.claim(claim));
        }
        let waits_for = raw.waits_for.as_ref().map(|word| self.timer(word));
        let show = raw.show.as_ref().map(|word| self.show(word));
        let times = self.times(raw);
        Some(Step {
            id: id?,
            line,
            modes,
            title: title?,
            say: say?,
            ask: absent_or(ask)?,
            action: absent_or(action)?,
            worker: worker?,
            process: process?,
            expect,
            waits_for: absent_or(waits_for)?,
            show: absent_or(show)?,
            times: times?,
            set_up: false,
        })
    }

    fn times(&mut self, raw: &RawStep) -> Option<u32> {
        let Some(times) = &raw.times else { return Some(1) };
        if raw.waits_for.is_none() {
            self.fault::<()>(times.span(), Fault::TimesOfNothing);
        }
        self.range(*times.get_ref(), 1..=MAX_TIMES, times.span());
        u32::try_from(*times.get_ref()).ok()
    }

    fn ask(&mut self, raw: &Spanned<RawAsk>) -> Option<Ask> {
        let span = raw.span();
        let raw = raw.get_ref();
        let question = self.text(&raw.question, MAX_QUESTION);
        let measure = self.measure(raw, span);
        let choices = &raw.choices;
        let count = choices.get_ref().len();
        if !(2..=MAX_CHOICES).contains(&count) {
            self.fault::<()>(choices.span(), Fault::ChoiceCount(count));
        }
        for (place, choice) in choices.get_ref().iter().enumerate() {
            if choices.get_ref()[..place].iter().any(|other| other.get_ref() == choice.get_ref()) {
                self.fault::<()>(choice.span(), Fault::Twice(choice.get_ref().clone()));
            }
            if let Some(measure) = &measure {
                self.choice(choice, Notation::of(measure));
            }
        }
        let labels = raw.labels.as_ref().map_or(Some(Vec::new()), |labels| self.labels(labels, count));
        let choices = choices.get_ref().iter().map(|choice| choice.get_ref().clone()).collect();
        Some(Ask { question: question?, measure: measure?, choices, labels: labels? })
    }

    fn labels(&mut self, raw: &Spanned<Vec<Spanned<RawText>>>, choices: usize) -> Option<Vec<Localized>> {
        let labels: Vec<_> = raw.get_ref().iter().map(|label| self.text(label, MAX_TITLE)).collect();
        if labels.len() != choices {
            return self.fault(raw.span(), Fault::LabelCount { labels: labels.len(), choices });
        }
        labels.into_iter().collect()
    }

    fn measure(&mut self, raw: &RawAsk, span: Range<usize>) -> Option<Measure> {
        let there = [
            ("state", raw.state.is_some()),
            ("call", raw.call.is_some()),
            ("returned", raw.returned.is_some()),
            ("recv_queue", raw.recv_queue.is_some()),
            ("send_queue", raw.send_queue.is_some()),
            ("fired", raw.fired.is_some()),
            ("rto", raw.rto.is_some()),
            ("reason", raw.reason.is_some()),
        ];
        self.one_of(span, &there, MEASURES)?;
        let end = |lint: &mut Self, raw: &Spanned<RawEnd>| {
            let RawEnd { socket, peer_of } = raw.get_ref();
            lint.end(socket.as_ref(), peer_of.as_ref(), raw.span())
        };
        match raw {
            RawAsk { state: Some(raw), .. } => Some(Measure::State(end(self, raw)?)),
            RawAsk { call: Some(raw), .. } => self.of_call(raw, Measure::Call),
            RawAsk { returned: Some(raw), .. } => self.of_call(raw, Measure::Returned),
            RawAsk { recv_queue: Some(raw), .. } => Some(Measure::RecvQueue(end(self, raw)?)),
            RawAsk { send_queue: Some(raw), .. } => Some(Measure::SendQueue(end(self, raw)?)),
            RawAsk { fired: Some(raw), .. } => Some(Measure::Fired(end(self, raw)?)),
            RawAsk { rto: Some(raw), .. } => Some(Measure::Rto(end(self, raw)?)),
            RawAsk { reason: Some(raw), .. } => self.asked_reason(raw),
            _ => None,
        }
    }

    /// The counters are a lab's own in the lab alone.
    fn asked_reason(&mut self, raw: &Spanned<bool>) -> Option<Measure> {
        if self.modes.contains(&Mode::Host) {
            self.fault::<()>(raw.span(), Fault::CountersOnlyLab);
        }
        if *raw.get_ref() { Some(Measure::Reason) } else { self.fault(raw.span(), Fault::ReasonFalse) }
    }

    fn choice(&mut self, choice: &SpannedText, notation: Notation) {
        let text = choice.get_ref();
        let number = || text.parse::<Expr>().is_ok_and(|number| number.letter.is_none());
        let fits = match notation {
            Notation::State => SocketState::from_name(text).is_some(),
            Notation::Call => matches!(text.as_str(), "blocks" | "returns"),
            // That the call doesn't come back at all is an answer too.
            Notation::Returned => number() || text == "blocks" || Errno::from_name(text).is_some(),
            Notation::Bytes => number(),
            Notation::Counter => text == "none" || counter_named(text).is_some_and(|name| !is_routine(name)),
            Notation::Times | Notation::Milliseconds => text.parse::<u32>().is_ok(),
        };
        if !fits {
            self.fault::<()>(choice.span(), Fault::Choice { found: text.clone(), notation });
        }
    }

    fn id(&mut self, word: &SpannedText) -> Option<String> {
        let name = word.get_ref();
        if is_id(name) { Some(name.clone()) } else { self.fault(word.span(), Fault::Id(name.clone())) }
    }

    pub(super) fn text(&mut self, raw: &Spanned<RawText>, most: usize) -> Option<Localized> {
        let span = raw.span();
        let (mut text, mut whole) = (Localized::default(), true);
        for (code, word) in &raw.get_ref().0 {
            let Some(lang) = self.languages.get(code.get_ref()) else {
                let (found, known) = (code.get_ref().clone(), self.languages.all().map(Lang::code).collect());
                self.fault::<()>(code.span(), Fault::NoLanguage { found, known });
                continue;
            };
            match self.prose(word, lang, most) {
                Some(said) => text.set(lang, said),
                None => whole = false,
            }
        }
        if !raw.get_ref().0.iter().any(|(code, _)| code.get_ref() == Lang::EN.code()) {
            let only = text.iter().nth(1).map(|(_, said)| said.to_owned());
            let Some(only) = only.filter(|_| self.draft) else {
                return self.fault(span, Fault::NoText(Lang::EN));
            };
            // A draft may be in any one language.
            text.set(Lang::EN, only);
        }
        whole.then_some(text)
    }

    fn prose(&mut self, word: &SpannedText, lang: Lang, most: usize) -> Option<String> {
        if word.get_ref().trim().is_empty() {
            return self.fault(word.span(), Fault::NoText(lang));
        }
        let found = word.get_ref().chars().count();
        if found > most {
            return self.fault(word.span(), Fault::LongText { found, most });
        }
        self.shown(word, &['\n', '\t'])
    }

    /// A text without characters that can't be shown, but for the ones that are allowed.
    pub(super) fn shown(&mut self, word: &SpannedText, allowed: &[char]) -> Option<String> {
        match word.get_ref().chars().find(|c| unsafe_to_show(*c) && !allowed.contains(c)) {
            Some(c) => self.fault(word.span(), Fault::Control(c)),
            None => Some(word.get_ref().trim().to_owned()),
        }
    }

    /// The modes of a list, which must be among the present ones; the present ones where there is no list.
    pub(super) fn modes_of(&mut self, raw: Option<&Spanned<Vec<SpannedText>>>) -> Vec<Mode> {
        let Some(raw) = raw else { return self.modes.clone() };
        let mut modes = Vec::new();
        for word in raw.get_ref() {
            let mode = match word.get_ref().as_str() {
                "lab" => Some(Mode::Lab),
                "host" => Some(Mode::Host),
                _ => self.wrong(word, WordKind::Mode),
            };
            let Some(mode) = mode else { continue };
            if modes.contains(&mode) {
                self.fault::<()>(word.span(), Fault::Twice(word.get_ref().clone()));
            } else if self.modes.contains(&mode) {
                modes.push(mode);
            } else {
                let has = self.modes.iter().map(|mode| mode.name()).collect();
                self.fault::<()>(word.span(), Fault::ModeOutside { found: word.get_ref().clone(), has });
            }
        }
        if raw.get_ref().is_empty() {
            self.fault::<()>(raw.span(), Fault::EmptyList(WordKind::Mode));
        }
        modes
    }

    pub(super) fn address(&mut self, word: &SpannedText) -> Option<SocketAddr> {
        let Ok(address) = word.get_ref().parse::<SocketAddr>() else {
            return self.fault(word.span(), Fault::Address(word.get_ref().clone()));
        };
        // A lesson from somebody else must not make this machine talk to others.
        if address.ip().is_loopback() { Some(address) } else { self.fault(word.span(), Fault::NotLoopback(address)) }
    }

    /// An address that a call takes: one of this machine, or one whose port is told from the server's.
    pub(super) fn call_address(&mut self, word: &SpannedText) -> Option<Address> {
        let beside = word.get_ref().rsplit_once(":+").and_then(|(ip, offset)| {
            // An IPv6 address stands in brackets before a port.
            let ip = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
            Some((ip.parse::<IpAddr>().ok()?, offset.parse::<u16>().ok()?))
        });
        let Some((ip, offset)) = beside else { return self.address(word).map(Address::At) };
        self.range(offset.into(), 1..=MAX_OFFSET, word.span());
        let fault = Fault::NotLoopback(SocketAddr::new(ip, offset));
        if ip.is_loopback() { Some(Address::Beside(ip, offset)) } else { self.fault(word.span(), fault) }
    }

    pub(super) fn wrong<T>(&mut self, word: &SpannedText, kind: WordKind) -> Option<T> {
        self.fault(word.span(), Fault::Word { kind, found: word.get_ref().clone() })
    }

    pub(super) fn side(&mut self, word: &SpannedText) -> Option<Side> {
        let side = Side::BOTH.into_iter().find(|side| side.name() == word.get_ref());
        side.or_else(|| self.wrong(word, WordKind::Side))
    }

    fn show(&mut self, word: &SpannedText) -> Option<Show> {
        let show = Show::ALL.into_iter().find(|show| show.name() == word.get_ref());
        show.or_else(|| self.wrong(word, WordKind::Show))
    }

    pub(super) fn timer(&mut self, word: &SpannedText) -> Option<TimerKind> {
        let timer = super::notation::TIMERS.iter().find(|(_, name)| name == word.get_ref()).map(|(kind, _)| *kind);
        timer.or_else(|| self.wrong(word, WordKind::Timer))
    }

    pub(super) fn number(&mut self, raw: &SpannedNumber) -> Option<Expr> {
        let text = &raw.get_ref().0;
        text.parse().ok().or_else(|| self.fault(raw.span(), Fault::Number(text.clone())))
    }

    pub(super) fn optional_number(&mut self, raw: Option<&SpannedNumber>) -> Option<Option<Expr>> {
        absent_or(raw.map(|number| self.number(number)))
    }

    pub(super) fn range(&mut self, found: i64, range: std::ops::RangeInclusive<i64>, span: Range<usize>) {
        if !range.contains(&found) {
            self.fault::<()>(span, Fault::Range { found, from: *range.start(), to: *range.end() });
        }
    }

    /// Whether exactly one of these keys is there.
    pub(super) fn one_of(
        &mut self,
        span: Range<usize>,
        there: &[(&'static str, bool)],
        allowed: &'static [&'static str],
    ) -> Option<()> {
        let found: Vec<_> = there.iter().filter(|(_, there)| *there).map(|(key, _)| *key).collect();
        if found.len() == 1 { Some(()) } else { self.fault(span, Fault::OneOf { found, allowed }) }
    }

    pub(super) fn end(
        &mut self,
        socket: Option<&SpannedText>,
        peer_of: Option<&SpannedText>,
        span: Range<usize>,
    ) -> Option<ConnectionEnd> {
        match (socket, peer_of) {
            (Some(socket), None) => self.socket(socket).map(ConnectionEnd::Socket),
            (None, Some(socket)) => self.socket(socket).map(ConnectionEnd::PeerOf),
            (socket, _) => {
                let there = socket.is_some();
                self.one_of(span, &[("socket", there), ("peer_of", there)], &["socket", "peer_of"])?;
                None
            }
        }
    }

    /// The name of a socket that is there in each of the present modes.
    pub(super) fn socket(&mut self, word: &SpannedText) -> Option<String> {
        let name = word.get_ref();
        for mode in self.modes.clone() {
            let known = self.sockets.entry(mode).or_default();
            if known.side(name).is_some() {
                continue;
            }
            let known = known.known();
            return self.fault(word.span(), Fault::NoSocket { name: name.clone(), mode: mode.name(), known });
        }
        Some(name.clone())
    }

    /// The side of a socket that is there.
    pub(super) fn side_of(&self, socket: &str) -> Option<Side> {
        let mode = self.modes.first()?;
        self.sockets.get(mode)?.side(socket)
    }

    /// A new socket, in each of the present modes.
    pub(super) fn new_socket(&mut self, word: &SpannedText, side: Option<Side>) -> Option<String> {
        let name = self.id(word)?;
        let (mut twice, mut many) = (false, false);
        for mode in &self.modes {
            let made = self.sockets.entry(*mode).or_default();
            // A socket of an unknown side is there all the same: what is wrong with it was said already.
            twice |= !made.make(&name, side.unwrap_or(Side::Server));
            many |= made.are_too_many();
        }
        if twice {
            return self.fault(word.span(), Fault::SocketTwice(name));
        }
        if many { self.fault(word.span(), Fault::SocketsOpen) } else { Some(name) }
    }

    /// A socket of a set-up is there, in each of the present modes.
    pub(super) fn has_socket(&mut self, name: &str, side: Side) {
        for mode in &self.modes {
            self.sockets.entry(*mode).or_default().make(name, side);
        }
    }

    /// A socket is closed, in each of the present modes.
    pub(super) fn closed(&mut self) {
        self.modes.iter().for_each(|mode| self.sockets.entry(*mode).or_default().close());
    }
}

/// Whether a text can be the name of a lesson, a step or a socket: a small letter, then small letters, digits and
/// hyphens, at most 40 in all.
pub fn is_id(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// What is absent is right; what is there must have been read.
pub(super) fn absent_or<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(Some(read)) => Some(Some(read)),
        Some(None) => None,
    }
}
