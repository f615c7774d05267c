//! What a claim says and what is the case, in sentences; an end is named as the screen names it, by its side and by what
//! it is for, and not as a lesson's file does.

use std::fmt;

use super::words::words;
use super::{SharedTexts, Texts, fill, harmless};
use crate::model::{
    CallName, ClaimNumber, ConnectionEnd, Count, Errno, InfoFact, InfoField, InfoOptions, PolledSocket,
    ProgramCallState, SegmentFate, SegmentWords, Side, SocketKind, SocketNames, SocketRole, SocketState, Statement,
    TimerFact, TimerKind, event_text,
};

words! {
    /// The sentences. The fields bear the names of the keys; of a pair the second is for one of several.
    #[allow(missing_docs)]
    pub struct ClaimTexts {
        pub listener: [String; 2],
        pub connection: [String; 2],
        pub stream: [String; 2],
        pub datagram: [String; 2],
        pub epoll: [String; 2],
        pub opposite: String,
        pub unknown: String,
        pub opposite_unknown: String,
        pub returns: String,
        pub returns_any: String,
        pub returns_data: String,
        pub brings: String,
        pub ready: String,
        pub ready_nothing: String,
        pub ready_socket: String,
        pub tells: String,
        pub fails: String,
        pub sleeps: String,
        pub of_thread: String,
        pub of_process: String,
        pub runs: String,
        pub not_returned: String,
        pub not_called: String,
        pub program_stands: String,
        pub program_runs: String,
        pub program_blocks: String,
        pub program_returned: String,
        pub program_returned_any: String,
        pub program_failed: String,
        pub program_ended: String,
        pub program_not_called: String,
        pub not_before: String,
        pub not_before_but: String,
        pub state: String,
        pub gone: String,
        pub no_socket: String,
        pub held: String,
        pub delivered: String,
        pub dropped: String,
        pub of_socket: String,
        pub never_sent: String,
        pub waiting: String,
        pub waiting_from: String,
        pub waiting_these: String,
        pub last_sent: String,
        pub sent_nothing: String,
        pub sent_nothing_on: String,
        pub several_things: String,
        pub between: String,
        pub recv_queue: String,
        pub send_queue: String,
        pub accept_queue: String,
        pub backlog: String,
        pub next_datagram: String,
        /// Retransmission, keepalive, TIME_WAIT, zero-window probe, FIN_WAIT2's end.
        pub timers: [String; TimerKind::ALL.len()],
        pub timer_runs: String,
        pub no_timer: String,
        pub fired: String,
        pub fired_least: String,
        pub fired_most: String,
        pub rto: String,
        pub rto_least: String,
        pub rto_most: String,
        pub no_rto: String,
        /// The numbers of TCP_INFO, in the order of [`InfoField::ALL`].
        pub info_numbers: [String; 19],
        pub info_is: String,
        pub info_least: String,
        pub info_most: String,
        pub info_time: String,
        pub info_untold: String,
        pub congestion_state: String,
        pub options_in_use: String,
        pub no_options_in_use: String,
        pub counted: String,
        pub counted_nothing: String,
        pub counters_unread: String,
        pub can_be_done: String,
        pub none_waits: String,
        pub several_fit: String,
        pub between_segments: String,
        pub in_no_call: String,
        pub killed: String,
        pub no_process: String,
        pub no_such_socket: String,
        pub not_made: String,
        pub no_sender: String,
        pub no_call: String,
        pub not_set: String,
        pub not_fired: String,
    }
}

impl ClaimTexts {
    /// A timer of the kernel by its name.
    pub fn timer(&self, kind: TimerKind) -> &str {
        &self.timers[match kind {
            TimerKind::Retransmit => 0,
            TimerKind::Keepalive => 1,
            TimerKind::TimeWait => 2,
            TimerKind::Probe => 3,
            TimerKind::FinWait2 => 4,
        }]
    }
}

impl Texts {
    /// A statement in one sentence without its full stop; `sockets` are those of the lesson that it is about. Nothing in it
    /// acts on a terminal.
    pub fn statement(&self, said: &Statement, sockets: &SocketNames) -> String {
        let speaker = Speaker { texts: &self.claims, shared: &self.shared, sockets };
        harmless(&speaker.statement(said))
    }
}

/// The words, and what the names of a lesson's file stand for.
struct Speaker<'a> {
    texts: &'a ClaimTexts,
    shared: &'a SharedTexts,
    sockets: &'a SocketNames,
}

impl Speaker<'_> {
    /// What is said of one of a side's threads, or processes.
    fn within(&self, text: &str, n: u32, said: &Statement) -> String {
        fill(text, &[("n", &n.to_string()), ("said", &self.statement(said))])
    }

    fn statement(&self, said: &Statement) -> String {
        let t = self.texts;
        match said {
            Statement::Returns { .. } => self.returned(said),
            Statement::Ready { side, call, sockets } => self.ready((*side, *call), sockets),
            Statement::Tells { side, call, told } => {
                fill(&t.tells, &[("side", self.side(*side)), ("call", call.name()), ("told", told)])
            }
            Statement::Fails { side, call, errno } => {
                let errno = errno.to_string();
                fill(&t.fails, &[("side", self.side(*side)), ("call", call.name()), ("errno", &errno)])
            }
            Statement::Sleeps { side, call } => self.call(&t.sleeps, *side, call.name()),
            Statement::Runs { side, call } => self.call(&t.runs, *side, call.name()),
            Statement::OfThread { thread, said } => self.within(&t.of_thread, *thread, said),
            Statement::OfProcess { process, said } => self.within(&t.of_process, *process, said),
            Statement::NotReturned { side, call } => self.call(&t.not_returned, *side, call.name()),
            Statement::NotCalled { side, call } => self.call(&t.not_called, *side, call.name()),
            Statement::Program { .. } | Statement::ProgramNotCalled { .. } | Statement::NotBefore { .. } => {
                self.of_program(said)
            }
            Statement::State { end, is: SocketState::Gone } => self.of_end(&t.gone, end),
            Statement::State { end, is } => fill(&t.state, &[("end", self.end(end).as_str()), ("state", is.name())]),
            Statement::NoSocket(end) => self.of_end(&t.no_socket, end),
            Statement::Segment { from, segment, is } => {
                let text = match is {
                    SegmentFate::Held => &t.held,
                    SegmentFate::Delivered => &t.delivered,
                    SegmentFate::Dropped => &t.dropped,
                };
                self.segment_of(text, *from, segment)
            }
            Statement::NeverSent { from, segment } => self.segment_of(&t.never_sent, *from, segment),
            Statement::Waiting { from, count, segments } => self.waiting(*from, *count, segments),
            Statement::LastSent { from, segment } => self.segment_of(&t.last_sent, *from, segment),
            Statement::SentNothing { from, on: None } => self.of_side(&t.sent_nothing, *from),
            Statement::SentNothing { from, on: Some(socket) } => self.sent_nothing_on(*from, socket),
            Statement::Queues { end, recv, send } => self.queues(end, recv.as_ref(), send.as_ref()),
            Statement::Timer { end, facts } => self.listed(end, facts.iter().map(|fact| self.timer(fact)).collect()),
            Statement::Info { end, facts } => self.listed(end, facts.iter().map(|fact| self.info(fact)).collect()),
            Statement::Counted(counters) if counters.is_empty() => t.counted_nothing.clone(),
            Statement::Counted(counters) => fill(&t.counted, &[("list", &counters.join(&t.between))]),
            Statement::CountersUnread => t.counters_unread.clone(),
            Statement::StepCanBeDone => t.can_be_done.clone(),
            Statement::NoneWaits { from, what } => {
                fill(&t.none_waits, &[("side", self.side(*from)), ("what", what.as_str())])
            }
            Statement::SeveralFit { from, segments } => self.several(*from, segments),
            Statement::InNoCall(side) => self.of_side(&t.in_no_call, *side),
            Statement::Killed(side) => self.of_side(&t.killed, *side),
            Statement::NoProcess { side, process } => fill(&self.of_side(&t.no_process, *side), &[("n", process)]),
            Statement::NotMade(why) => fill(&t.not_made, &[("why", why)]),
            Statement::NoSuchSocket(name) => fill(&t.no_such_socket, &[("end", &self.socket(name))]),
            Statement::NoSender(side) => self.of_side(&t.no_sender, *side),
            Statement::NoCall => t.no_call.clone(),
            Statement::NotSet { name, errno } => fill(&t.not_set, &[("name", name), ("errno", &errno.to_string())]),
            Statement::NotFired(kind) => fill(&t.not_fired, &[("timer", t.timer(*kind))]),
        }
    }

    fn returned(&self, said: &Statement) -> String {
        let Statement::Returns { side, call, value, data } = said else { return String::new() };
        let t = self.texts;
        let data = data.as_ref().map(|data| format!("{data:?}"));
        let text = match (value, &data) {
            (Some(_), Some(_)) => &t.returns_data,
            (Some(_), None) => &t.returns,
            (None, Some(_)) => &t.brings,
            (None, None) => &t.returns_any,
        };
        let value = value.as_ref().map_or("", |value| &value.shown);
        let values = [("side", self.side(*side)), ("call", call.name()), ("value", value)];
        fill(text, &[&values[..], &[("data", data.as_deref().unwrap_or(""))]].concat())
    }

    fn ready(&self, (side, call): (Side, CallName), sockets: &[PolledSocket]) -> String {
        let one = |polled: &PolledSocket| {
            let values = [("end", self.socket(&polled.socket)), ("events", event_text(call, polled.events))];
            fill(&self.texts.ready_socket, &values)
        };
        let list: Vec<String> = sockets.iter().map(one).collect();
        let text = if list.is_empty() { &self.texts.ready_nothing } else { &self.texts.ready };
        fill(text, &[("side", self.side(side)), ("call", call.name()), ("list", &list.join(&self.texts.between))])
    }

    fn sent_nothing_on(&self, from: Side, socket: &str) -> String {
        fill(&self.texts.sent_nothing_on, &[("side", self.side(from)), ("end", &self.socket(socket))])
    }

    /// What is said of calls of programs.
    fn of_program(&self, said: &Statement) -> String {
        let t = self.texts;
        match said {
            Statement::Program { side, call, arguments, is, value, errno } => {
                let call = format!("{call}({})", arguments.as_deref().unwrap_or(""));
                self.program(*side, &call, *is, (*value, *errno))
            }
            Statement::ProgramNotCalled { side, call } => self.call(&t.program_not_called, *side, call),
            Statement::NotBefore { side, call, stands } if stands.is_empty() => self.call(&t.not_before, *side, call),
            Statement::NotBefore { side, call, stands } => {
                let list = stands.iter().map(|call| format!("{call}()")).collect::<Vec<_>>().join(&t.between);
                fill(&t.not_before_but, &[("side", self.side(*side)), ("call", call.as_str()), ("list", list.as_str())])
            }
            // Said by `statement`, which has every other one.
            _ => String::new(),
        }
    }

    fn program(
        &self,
        side: Side,
        call: &str,
        is: ProgramCallState,
        (value, errno): (Option<i64>, Option<Errno>),
    ) -> String {
        let t = self.texts;
        let text = match (is, value, errno) {
            (ProgramCallState::Stands, ..) => &t.program_stands,
            (ProgramCallState::Runs, ..) => &t.program_runs,
            (ProgramCallState::Blocks, ..) => &t.program_blocks,
            (ProgramCallState::Ended, ..) => &t.program_ended,
            (ProgramCallState::Returned, _, Some(_)) => &t.program_failed,
            (ProgramCallState::Returned, Some(_), None) => &t.program_returned,
            (ProgramCallState::Returned, None, None) => &t.program_returned_any,
        };
        let value = value.map(|value| value.to_string()).unwrap_or_default();
        let errno = errno.map(|errno| errno.to_string()).unwrap_or_default();
        fill(text, &[("side", self.side(side)), ("call", call), ("value", &value), ("errno", &errno)])
    }

    fn several(&self, from: Side, segments: &[SegmentWords]) -> String {
        let list: Vec<String> = segments.iter().map(|segment| self.segment(segment)).collect();
        let (n, list) = (segments.len().to_string(), list.join(&self.texts.between_segments));
        fill(&self.texts.several_fit, &[("side", self.side(from)), ("n", &n), ("list", &list)])
    }

    fn waiting(&self, from: Option<Side>, count: u32, segments: &[(Side, SegmentWords)]) -> String {
        let (t, n) = (self.texts, count.to_string());
        let said = match from {
            Some(from) => fill(&t.waiting_from, &[("side", self.side(from)), ("n", &n)]),
            None => fill(&t.waiting, &[("n", &n)]),
        };
        let one = |(from, segment): &(Side, SegmentWords)| format!("{} {}", self.side(*from), self.segment(segment));
        let list: Vec<String> = segments.iter().map(one).collect();
        if list.is_empty() {
            return said;
        }
        fill(&t.waiting_these, &[("what", said), ("list", list.join(&t.between_segments))])
    }

    fn side(&self, side: Side) -> &str {
        self.shared.side(side)
    }

    fn of_side(&self, text: &str, side: Side) -> String {
        fill(text, &[("side", self.side(side))])
    }

    fn of_end(&self, text: &str, end: &ConnectionEnd) -> String {
        fill(text, &[("end", &self.end(end))])
    }

    fn call(&self, text: &str, side: Side, call: &str) -> String {
        fill(text, &[("side", self.side(side)), ("call", call)])
    }

    /// An end as the screen speaks of it.
    fn end(&self, end: &ConnectionEnd) -> String {
        let name = match end {
            ConnectionEnd::Socket(name) => return self.socket(name),
            ConnectionEnd::PeerOf(name) => name,
        };
        if let Some(other) = self.sockets.opposite(name) {
            return self.socket(other);
        }
        let Some((role, peer)) = self.sockets.role(name).zip(self.sockets.peer_of(name)) else {
            return fill(&self.texts.opposite_unknown, &[("end", &self.socket(name))]);
        };
        match role.nth {
            None => self.role(peer),
            Some(_) => fill(&self.texts.opposite, &[("side", self.side(peer.side)), ("end", self.role(role).as_str())]),
        }
    }

    fn socket(&self, name: &str) -> String {
        match self.sockets.role(name) {
            Some(role) => self.role(role),
            None => fill(&self.texts.unknown, &[("name", name)]),
        }
    }

    fn role(&self, role: SocketRole) -> String {
        let [one, of_several] = match role.kind {
            SocketKind::Listener => &self.texts.listener,
            SocketKind::Connection => &self.texts.connection,
            SocketKind::Stream => &self.texts.stream,
            SocketKind::Datagram => &self.texts.datagram,
            SocketKind::Epoll => &self.texts.epoll,
        };
        let text = if role.nth.is_some() { of_several } else { one };
        let n = role.nth.unwrap_or(1).to_string();
        fill(text, &[("side", self.side(role.side)), ("n", &n)])
    }

    fn segment(&self, segment: &SegmentWords) -> String {
        let fields = segment.fields.iter().map(|(name, number)| format!(" {name}={}", number.shown));
        let line = format!("{}{}", segment.head, fields.collect::<String>());
        match &segment.on {
            Some(socket) => fill(&self.texts.of_socket, &[("segment", line), ("end", self.socket(socket))]),
            None => line,
        }
    }

    fn segment_of(&self, text: &str, from: Side, segment: &SegmentWords) -> String {
        fill(text, &[("side", self.side(from)), ("segment", &self.segment(segment))])
    }

    fn listed(&self, end: &ConnectionEnd, facts: Vec<String>) -> String {
        let what = facts.join(&self.texts.between);
        fill(&self.texts.several_things, &[("end", &self.end(end)), ("what", &what)])
    }

    fn queues(&self, end: &ConnectionEnd, recv: Option<&ClaimNumber>, send: Option<&ClaimNumber>) -> String {
        let t = self.texts;
        let kind = match end {
            ConnectionEnd::Socket(name) => self.sockets.role(name),
            ConnectionEnd::PeerOf(name) => self.sockets.peer_of(name),
        };
        let [to_read, to_send] = match kind.map(|role| role.kind) {
            Some(SocketKind::Listener) => [&t.accept_queue, &t.backlog],
            Some(SocketKind::Datagram) => [&t.next_datagram, &t.send_queue],
            _ => [&t.recv_queue, &t.send_queue],
        };
        let told = |text: &str, number: &ClaimNumber| fill(text, &[("n", &number.shown)]);
        let recv = recv.map(|number| told(to_read, number));
        self.listed(end, recv.into_iter().chain(send.map(|number| told(to_send, number))).collect())
    }

    fn info(&self, fact: &InfoFact) -> String {
        let t = self.texts;
        let name =
            |field: &InfoField| InfoField::ALL.iter().position(|one| one == field).map_or("", |at| &t.info_numbers[at]);
        let is = |what: &str, value: &dyn fmt::Display| {
            fill(&t.info_is, &[("what", &what as &dyn fmt::Display), ("n", value)])
        };
        match fact {
            InfoFact::Number(field, count) => {
                let (text, n) = match count {
                    Count::Exactly(n) => (&t.info_is, n),
                    Count::AtLeast(n) => (&t.info_least, n),
                    Count::AtMost(n) => (&t.info_most, n),
                };
                let n = if field.is_time() { fill(&t.info_time, &[("n", n)]) } else { n.to_string() };
                fill(text, &[("what", name(field)), ("n", &n)])
            }
            InfoFact::Congestion(state) => is(&t.congestion_state, &state.name()),
            InfoFact::Options(InfoOptions(0)) => t.no_options_in_use.clone(),
            InfoFact::Options(options) => is(&t.options_in_use, &options.to_string().replace(',', &t.between)),
            InfoFact::NoNumber(field) => fill(&t.info_untold, &[("what", name(field))]),
            InfoFact::NoCongestion => fill(&t.info_untold, &[("what", &t.congestion_state)]),
            InfoFact::NoOptions => fill(&t.info_untold, &[("what", &t.options_in_use)]),
        }
    }

    fn timer(&self, fact: &TimerFact) -> String {
        let t = self.texts;
        let counted = |count: &Count, [exactly, at_least, at_most]: [&str; 3]| match count {
            Count::Exactly(n) => fill(exactly, &[("n", n)]),
            Count::AtLeast(n) => fill(at_least, &[("n", n)]),
            Count::AtMost(n) => fill(at_most, &[("n", n)]),
        };
        match fact {
            TimerFact::Runs(kind) => fill(&t.timer_runs, &[("timer", t.timer(*kind))]),
            TimerFact::NoneRuns => t.no_timer.clone(),
            TimerFact::Fired(count) => counted(count, [&t.fired, &t.fired_least, &t.fired_most]),
            TimerFact::Rto(count) => counted(count, [&t.rto, &t.rto_least, &t.rto_most]),
            TimerFact::NoRto => t.no_rto.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
