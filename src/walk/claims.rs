//! A claim held against what is known.

use std::net::SocketAddr;

use crate::lesson::{
    CallClaim, CallTerms, InfoTerms, NamedCaller, ProgramTerms, QueueTerms, SegmentPattern, Terms, TimerTerms,
    ToldTerms,
};
use crate::model::edit::field;
use crate::model::{
    Actor, CallName, CallView, Caller, ClaimNumber, ConnectionEnd, Count, CounterMove, Event, Fate, InfoFact, Outcome,
    PolledDescriptor, PolledSocket, ProgramCallState, Returned, SegmentFate, SegmentId, SegmentView, SegmentWords,
    Side, SocketFacts, SocketView, Statement, Timer, TimerFact, View, listed,
};
use crate::tcp::{Expr, Letter, Numbers, line, tells_zero_window};

use super::names::Names;

/// So many of the segments that wait are told one by one.
const MOST_TOLD: usize = 5;

/// What a claim is held against.
#[derive(Clone, Copy)]
pub struct ClaimContext<'a> {
    /// The newest moment of the trace.
    pub view: View<'a>,
    /// The lesson's sockets.
    pub names: &'a Names,
    /// The address of the lesson's server.
    pub server: SocketAddr,
    /// The port that the lesson's file has for it, where it is another.
    pub port: u16,
    /// The length of the learner's line, in bytes, its end included.
    pub line: u32,
    /// The thread whose calls are meant, as [`Caller::worker`] has it; `None` where any of a side's are.
    pub worker: Option<u32>,
    /// The process of a side's whose calls are meant, by its number in the lesson.
    pub process: u32,
}

impl ClaimContext<'_> {
    /// What a claim says, with its numbers as far as they are known.
    pub fn says(&self, terms: &Terms) -> Statement {
        match terms {
            Terms::Call { by, came } => self.shown(*by, came.side()).says(came.says(self.line)),
            other => other.says(self.line),
        }
    }

    /// The same caller, whose process has the number that it has on the screen.
    fn shown(&self, by: NamedCaller, side: Side) -> NamedCaller {
        let nth = |process| self.names.process(side, process).map_or(process, |actor| actor.nth);
        NamedCaller { process: by.process.map(nth), ..by }
    }

    /// The same where calls of this caller are meant.
    pub(super) fn of(&self, by: NamedCaller) -> Self {
        ClaimContext {
            worker: by.thread.map(Caller::worker_of).or(self.worker),
            process: by.process.unwrap_or(self.process),
            ..*self
        }
    }

    /// Whether the claim holds, and what is the case where it speaks.
    pub fn check(&self, terms: &Terms) -> (bool, Statement) {
        match terms {
            Terms::Call { by, came } => self.call(*by, came),
            Terms::Program(terms) => self.program(terms),
            Terms::State { end, is } => match self.names.find(end, self.view) {
                Some(socket) => (socket.state == *is, Statement::State { end: end.clone(), is: socket.state }),
                None => (false, Statement::NoSocket(end.clone())),
            },
            Terms::Segment { pattern, is } => self.segment(pattern, *is),
            Terms::NeverSent(pattern) => self.never_sent(pattern),
            Terms::Waiting { count, from } => self.waiting(*count, *from),
            Terms::Queue(terms) => self.queue(terms),
            Terms::Timer(terms) => self.timer(terms),
            Terms::Info(terms) => self.info(terms),
            Terms::Reason(counter) => self.reason(counter.as_deref()),
        }
    }

    fn call(&self, by: NamedCaller, came: &CallClaim) -> (bool, Statement) {
        let side = came.side();
        if let Some(process) = by.process.filter(|process| self.names.process(side, *process).is_none()) {
            return (false, Statement::NoProcess { side, process });
        }
        let of_caller = self.of(by);
        let (held, said) = match came {
            CallClaim::Returns(terms) => of_caller.returns(terms),
            CallClaim::Ready { side, call, sockets } => of_caller.ready((*side, *call), sockets),
            CallClaim::Blocks { side, call } => of_caller.blocks(*side, *call),
        };
        (held, self.shown(by, side).says(said))
    }

    fn returns(&self, terms: &CallTerms) -> (bool, Statement) {
        let CallTerms { side, call: name, value, data, error, told } = terms;
        let (side, call) = (*side, *name);
        let Some(newest) = self.newest_call(side, call) else { return (false, Statement::NotCalled { side, call }) };
        let Some(outcome) = newest.outcome else {
            return (false, self.in_vain(&newest, Statement::NotReturned { side, call }));
        };
        let held = match (outcome, error) {
            (Err(found), wanted) => *wanted == Some(*found),
            (Ok(_), Some(_)) => false,
            (Ok(returned), None) => {
                let value_fits = value.is_none_or(|value| self.number(&value) == u32::try_from(returned.value).ok());
                let told_fits = told.as_ref().is_none_or(|told| self.tells(returned, told));
                value_fits && told_fits && data.as_ref().is_none_or(|data| data.as_bytes() == returned.data)
            }
        };
        match (outcome, told) {
            (Ok(returned), Some(told)) => (held, Statement::Tells { side, call, told: told_by(returned, told) }),
            _ => (held, came_to(side, call, outcome, data.is_some())),
        }
    }

    /// Whether what a call told is what is wanted.
    fn tells(&self, returned: &Returned, wanted: &ToldTerms) -> bool {
        match wanted {
            ToldTerms::Value(value, _) => returned.option.as_ref().is_some_and(|told| told.value == *value),
            ToldTerms::Address(wanted) => returned.peer == Some(wanted.at(self.server.port(), self.port)),
            ToldTerms::Addresses(wanted) => {
                let wanted = wanted.iter().map(|wanted| wanted.at(self.server.port(), self.port));
                wanted.eq(returned.addresses.iter().copied())
            }
        }
    }

    /// What a side's newest call of this name told, which waits for several, each descriptor by its name in the lesson.
    fn ready(&self, (side, call): (Side, CallName), wanted: &[PolledSocket]) -> (bool, Statement) {
        let Some(newest) = self.newest_call(side, call) else { return (false, Statement::NotCalled { side, call }) };
        let returned = match newest.outcome {
            None => return (false, self.in_vain(&newest, Statement::NotReturned { side, call })),
            Some(Err(errno)) => return (false, Statement::Fails { side, call, errno: *errno }),
            Some(Ok(returned)) => returned,
        };
        let named = |entry: &PolledDescriptor| {
            let is = |name: &str| self.names.get(name).is_some_and(|named| (named.side, named.fd) == (side, entry.fd));
            let wanted = wanted.iter().map(|wanted| wanted.socket.as_str()).find(|name| is(name));
            let name = wanted.or_else(|| self.names.only(side, entry.fd));
            let socket = name.map_or_else(|| format!("fd {}", entry.fd), str::to_owned);
            PolledSocket { socket, events: entry.events }
        };
        let sockets: Vec<PolledSocket> = returned.revents.iter().map(named).collect();
        let held = sockets.len() == wanted.len() && wanted.iter().all(|wanted| sockets.contains(wanted));
        (held, Statement::Ready { side, call, sockets })
    }

    fn blocks(&self, side: Side, call: CallName) -> (bool, Statement) {
        match self.newest_call(side, call) {
            None => (false, Statement::NotCalled { side, call }),
            Some(CallView { outcome: Some(outcome), .. }) => (false, came_to(side, call, outcome, false)),
            Some(newest) if newest.abandoned => (false, self.in_vain(&newest, Statement::NotReturned { side, call })),
            Some(CallView { blocked: true, .. }) => (true, Statement::Sleeps { side, call }),
            Some(_) => (false, Statement::Runs { side, call }),
        }
    }

    /// What is so of a call without a return: it never comes back where its process was killed in it.
    fn in_vain(&self, call: &CallView<'_>, otherwise: Statement) -> Statement {
        let Actor { side, .. } = call.caller.actor;
        if call.abandoned && self.view.killed(call.caller.actor).is_some() {
            Statement::Killed(side)
        } else {
            otherwise
        }
    }

    /// The newest call of this name that a side's program made; where it is to stand before one, or has made none, that before which
    /// it stands.
    fn program(&self, terms: &ProgramTerms) -> (bool, Statement) {
        let (side, name) = (terms.side, &terms.call);
        let named = |call: &CallView<'_>| call.made.is_some_and(|made| made.name == *name);
        let was_made = |call: &CallView<'_>| named(call) && (!call.stands || terms.is == ProgramCallState::Stands);
        let newest = self.view.calls(side).find(was_made).or_else(|| self.view.calls(side).find(named));
        let Some(newest) = newest else {
            return (false, Statement::ProgramNotCalled { side, call: name.clone() });
        };
        let is = match newest.outcome {
            Some(_) => ProgramCallState::Returned,
            None if newest.abandoned => ProgramCallState::Ended,
            None if newest.stands => ProgramCallState::Stands,
            None if newest.blocked => ProgramCallState::Blocks,
            None => ProgramCallState::Runs,
        };
        let filled = newest.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| &returned.filled);
        let filled = filled.filter(|filled| !filled.is_empty()).or(newest.made.map(|made| &made.arguments));
        let arguments = filled.map(|arguments| arguments.join(", ")).unwrap_or_default();
        let (value, errno) = match newest.outcome {
            Some(Ok(returned)) => (Some(returned.value), None),
            Some(Err(errno)) => (None, Some(*errno)),
            None => (None, None),
        };
        let held = is == terms.is
            && errno == terms.error
            && terms.value.is_none_or(|wanted| value == Some(wanted))
            && terms.arguments.as_ref().is_none_or(|wanted| fits(wanted, &arguments));
        let arguments = terms.arguments.as_ref().map(|_| arguments);
        (held, Statement::Program { side, call: name.clone(), arguments, is, value, errno })
    }

    fn newest_call(&self, side: Side, name: CallName) -> Option<CallView<'_>> {
        self.calls_of(side).find(|call| call.own.name() == name)
    }

    /// Whose calls are meant where a side's are.
    pub(super) fn actor(&self, side: Side) -> Option<Actor> {
        self.names.process(side, self.process)
    }

    /// The calls of a side's that are meant, the newest first.
    pub(super) fn calls_of(&self, side: Side) -> impl Iterator<Item = CallView<'_>> {
        let worker = self.worker;
        let calls = self.actor(side).into_iter().flat_map(|actor| self.view.calls(actor));
        calls.filter(move |call| worker.is_none_or(|worker| call.caller.worker == worker))
    }

    fn segment(&self, pattern: &SegmentPattern, is: SegmentFate) -> (bool, Statement) {
        let from = pattern.from;
        if let Some(found) = self.find_segment(pattern, |_| true) {
            let fate = fate(found.fate);
            return (fate == is, Statement::Segment { from, segment: written(&found, pattern), is: fate });
        }
        (false, self.last_sent(pattern))
    }

    fn never_sent(&self, pattern: &SegmentPattern) -> (bool, Statement) {
        let from = pattern.from;
        match self.find_segment(pattern, |_| true) {
            Some(found) => {
                let (segment, is) = (written(&found, pattern), fate(found.fate));
                (false, Statement::Segment { from, segment, is })
            }
            None => (true, Statement::NeverSent { from, segment: pattern.words(self.line) }),
        }
    }

    fn waiting(&self, count: u32, from: Option<Side>) -> (bool, Statement) {
        let waiting = self.view.waiting();
        let segments = waiting.iter().filter_map(|id| self.view.segment(*id));
        let segments = segments.map(|segment| (self.sender(&segment), segment));
        let segments: Vec<_> = segments.filter(|(sender, _)| from.is_none() || *sender == from).collect();
        let found = u32::try_from(segments.len()).unwrap_or(u32::MAX);
        let words = |segment: &SegmentView<'_>| SegmentWords {
            head: line(segment.segment, &segment.initials, Numbers::Symbolic),
            fields: Vec::new(),
            on: None,
        };
        let told = segments.iter().filter_map(|(sender, segment)| Some(((*sender)?, words(segment))));
        (found == count, Statement::Waiting { from, count: found, segments: told.take(MOST_TOLD).collect() })
    }

    /// What the side of a pattern sent last, where nothing that it sent fits.
    pub fn last_sent(&self, pattern: &SegmentPattern) -> Statement {
        let from = pattern.from;
        let here = |segment: &SegmentView<'_>| {
            segment.by_hand.is_none() && self.sender(segment) == Some(from) && self.is_on(segment, &pattern.on)
        };
        match self.view.segments().find(here) {
            Some(other) => Statement::LastSent { from, segment: written(&other, pattern) },
            None => Statement::SentNothing { from, on: pattern.on.clone() },
        }
    }

    /// Whether a segment belongs to the connection of a socket; of no socket in particular, any does.
    fn is_on(&self, segment: &SegmentView<'_>, socket: &Option<String>) -> bool {
        let Some(socket) = socket else { return true };
        let cookie = self.names.get(socket).and_then(|named| named.cookie);
        cookie.is_some_and(|cookie| self.view.trace().is_on(segment, cookie))
    }

    /// The newest segment that fits a pattern and a further test; none that a person sent.
    pub fn find_segment(
        &self,
        pattern: &SegmentPattern,
        test: impl Fn(&SegmentView<'_>) -> bool,
    ) -> Option<SegmentView<'_>> {
        let sent = |segment: &SegmentView<'_>| segment.by_hand.is_none() && self.fits(segment, pattern);
        self.view.segments().find(|segment| sent(segment) && test(segment))
    }

    /// The segments of a side that wait, in the order in which they were sent.
    pub fn waiting_from(&self, side: Side) -> Vec<SegmentId> {
        let waiting = self.view.waiting();
        let segments = waiting.iter().filter_map(|id| self.view.segment(*id));
        segments.filter(|segment| self.sender(segment) == Some(side)).map(|segment| segment.id).collect()
    }

    /// Whether a segment is one that the pattern means.
    pub fn fits(&self, view: &SegmentView<'_>, pattern: &SegmentPattern) -> bool {
        let packet = view.segment;
        let is = |expr: &Option<Expr>, number: u32| {
            let named = |name: Letter| view.initials.named(name.letter, name.index);
            expr.is_none_or(|expr| expr.value(named, self.line) == Some(number))
        };
        let says = match packet.tcp() {
            Some(segment) => {
                segment.flags == pattern.flags
                    && is(&pattern.seq, segment.seq)
                    && is(&pattern.ack, segment.ack)
                    && is(&pattern.win, segment.window.into())
                    && pattern.win_scaled.is_none_or(|window| {
                        let scaled = view.initials.window(segment).bytes();
                        scaled.is_some() && self.number(&window) == scaled
                    })
            }
            None => true,
        };
        self.sender(view) == Some(pattern.from)
            && packet.protocol() == pattern.protocol
            && says
            && is(&pattern.len, packet.len())
            && pattern.has.hold(packet, &view.initials)
            && self.is_on(view, &pattern.on)
    }

    /// The side that sent a segment: the one that has, or had, its source address. Where no socket has the server's
    /// address, the server's kernel speaks for it (a reset).
    fn sender(&self, segment: &SegmentView<'_>) -> Option<Side> {
        let from = segment.segment.from;
        self.view.trace().side_of(from).or((from == self.server).then_some(Side::Server))
    }

    fn queue(&self, terms: &QueueTerms) -> (bool, Statement) {
        let end = &terms.end;
        let Some(SocketView { facts, gone: false, .. }) = self.names.find(end, self.view) else {
            return (false, Statement::NoSocket(end.clone()));
        };
        let is = |wanted: &Option<Expr>, found| wanted.is_none_or(|wanted| self.number(&wanted) == Some(found));
        let told = |wanted: &Option<Expr>, found: u32| wanted.as_ref().map(|_| found.into());
        let (recv, send) = (facts.recv_queue, facts.send_queue);
        let held = is(&terms.recv, recv) && is(&terms.send, send);
        let (recv, send) = (told(&terms.recv, recv), told(&terms.send, send));
        (held, Statement::Queues { end: end.clone(), recv, send })
    }

    fn timer(&self, terms: &TimerTerms) -> (bool, Statement) {
        let TimerTerms { end, kind, fired, rto_ms: wanted } = terms;
        let Some(facts) = self.living(end) else { return (false, Statement::NoSocket(end.clone())) };
        let (timer, rto) = (facts.timer, rto_ms(facts));
        let held = kind.is_none_or(|kind| timer.is_some_and(|timer| timer.kind == kind))
            && fired.is_none_or(|count| timer.is_some_and(|timer| count.holds(timer.fired.into())))
            && wanted.is_none_or(|count| rto.is_some_and(|rto| count.holds(rto)));
        let mut found = Vec::new();
        if kind.is_some() || (fired.is_some() && timer.is_none()) {
            found.push(timer.map_or(TimerFact::NoneRuns, |timer| TimerFact::Runs(timer.kind)));
        }
        if let (Some(_), Some(timer)) = (fired, timer) {
            found.push(TimerFact::Fired(Count::Exactly(timer.fired.into())));
        }
        if wanted.is_some() {
            found.push(rto.map_or(TimerFact::NoRto, |rto| TimerFact::Rto(Count::Exactly(rto))));
        }
        (held, Statement::Timer { end: end.clone(), facts: found })
    }

    fn info(&self, terms: &InfoTerms) -> (bool, Statement) {
        let end = &terms.end;
        let Some(facts) = self.living(end) else { return (false, Statement::NoSocket(end.clone())) };
        // Without a peer the kernel fills it with what it would begin with.
        let info = facts.info.filter(|_| facts.remote.is_some()).unwrap_or_default();
        let (mut held, mut found) = (true, Vec::new());
        for (field, wanted) in &terms.numbers {
            let number = field.of(&info);
            held &= number.is_some_and(|number| wanted.holds(number));
            let told = number.map(|number| InfoFact::Number(*field, Count::Exactly(number)));
            found.push(told.unwrap_or(InfoFact::NoNumber(*field)));
        }
        if terms.ca_state.is_some() {
            held &= info.ca_state == terms.ca_state;
            found.push(info.ca_state.map_or(InfoFact::NoCongestion, InfoFact::Congestion));
        }
        if terms.options.is_some() {
            held &= info.options == terms.options;
            found.push(info.options.map_or(InfoFact::NoOptions, InfoFact::Options));
        }
        (held, Statement::Info { end: end.clone(), facts: found })
    }

    /// What the kernel counted as the segment arrived that was delivered last, and as one was sent again after that. Of nothing the
    /// arrival alone is asked: what is sent again while somebody reads makes no claim false.
    fn reason(&self, wanted: Option<&str>) -> (bool, Statement) {
        let arrived = self.view.delivered().and_then(|segment| segment.reasons);
        let again = if wanted.is_some() { self.sent_again_for() } else { Vec::new() };
        if arrived.is_none() && again.is_empty() {
            return (false, Statement::CountersUnread);
        }
        let moved: Vec<&CounterMove> = arrived.into_iter().flatten().chain(again).collect();
        let held = match wanted {
            Some(wanted) => moved.iter().any(|one| one.is_named(wanted)),
            None => moved.is_empty(),
        };
        (held, Statement::Counted(moved.into_iter().map(|one| one.name.clone()).collect()))
    }

    /// What told why segments were sent again since the last one was delivered.
    fn sent_again_for(&self) -> Vec<&CounterMove> {
        let entries = self.view.trace().entries().get(..self.view.moment()).unwrap_or_default();
        let since = entries.iter().rev().take_while(|entry| !matches!(entry.event, Event::Delivered(_)));
        let causes = since.filter_map(|entry| match &entry.event {
            Event::Causes { moved, .. } => Some(moved),
            _ => None,
        });
        causes.flatten().collect()
    }

    /// What the kernel says of an end that it still has.
    pub(super) fn living(&self, end: &ConnectionEnd) -> Option<&SocketFacts> {
        self.names.find(end, self.view).filter(|socket| !socket.gone).map(|socket| socket.facts)
    }

    pub(super) fn number(&self, expr: &Expr) -> Option<u32> {
        expr.value(|_| None, self.line)
    }
}

/// Whether a text is as it is wanted, `*` for any text.
fn fits(wanted: &str, text: &str) -> bool {
    let Some((first, rest)) = wanted.split_once('*') else { return wanted == text };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_prefix(first).and_then(|text| text.strip_suffix(last)) else { return false };
    // The first place at which each of them stands leaves the most for the next.
    between.split('*').all(|part| {
        text.split_once(part).is_some_and(|(_, behind)| {
            text = behind;
            true
        })
    })
}

pub(super) fn fired_text(timer: Timer) -> String {
    timer.fired.to_string()
}

/// The retransmission timeout in milliseconds; `None` where the kernel doesn't tell it (a request socket, TIME_WAIT).
pub(super) fn rto_ms(facts: &SocketFacts) -> Option<u32> {
    u32::try_from(facts.info?.rto?.as_millis()).ok()
}

/// A segment in one line, with what the pattern says beyond such a line.
pub(super) fn written(view: &SegmentView<'_>, pattern: &SegmentPattern) -> SegmentWords {
    let mut fields = Vec::new();
    if let Some(segment) = view.segment.tcp() {
        if pattern.win.is_some() && !tells_zero_window(segment) {
            fields.push(("win".to_owned(), u32::from(segment.window).into()));
        }
        if pattern.win_scaled.is_some() {
            let unknown = || ClaimNumber { written: "?".to_owned(), shown: "?".to_owned() };
            let window = view.initials.window(segment).bytes().map_or_else(unknown, ClaimNumber::from);
            fields.push(("win_scaled".to_owned(), window));
        }
    }
    for wanted in &pattern.has.0 {
        let value = field(view.segment, &view.initials, wanted.field()).map_or_else(|| "?".to_owned(), |is| is.short());
        fields.push((wanted.field().name().to_owned(), ClaimNumber { written: value.clone(), shown: value }));
    }
    let head = line(view.segment, &view.initials, Numbers::Symbolic);
    SegmentWords { head, fields, on: pattern.on.clone() }
}

fn fate(fate: Fate) -> SegmentFate {
    match fate {
        Fate::Held => SegmentFate::Held,
        // On a wire that only watches, a segment goes on by itself.
        Fate::Delivered | Fate::Passing => SegmentFate::Delivered,
        Fate::Dropped | Fate::Undeliverable(_) => SegmentFate::Dropped,
    }
}

/// What a call told, of the kind that is wanted.
fn told_by(returned: &Returned, wanted: &ToldTerms) -> String {
    let told = match wanted {
        ToldTerms::Value(..) => returned.option.as_ref().map(ToString::to_string),
        ToldTerms::Address(_) => returned.peer.map(|told| told.to_string()),
        ToldTerms::Addresses(_) => Some(listed(&returned.addresses)),
    };
    told.unwrap_or_else(|| "?".to_owned())
}

fn came_to(side: Side, call: CallName, outcome: &Outcome, with_data: bool) -> Statement {
    match outcome {
        Ok(returned) => {
            let data = with_data.then(|| String::from_utf8_lossy(&returned.data).into_owned());
            let value = ClaimNumber { written: returned.value.to_string(), shown: returned.value.to_string() };
            Statement::Returns { side, call, value: Some(value), data }
        }
        Err(errno) => Statement::Fails { side, call, errno: *errno },
    }
}
