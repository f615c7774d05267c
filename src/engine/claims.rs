//! A claim held against what is known, and a question's answer taken from it.

use std::net::SocketAddr;

use crate::lesson::{
    CallTerms, End, Expr, Letter, Measure, QueueTerms, SegmentFate, SegmentPattern, Terms, TimerTerms, timer_name,
};
use crate::model::{CallName, CallView, Fate, Outcome, SegmentView, Side, SocketFacts, SocketView, Timer, View};
use crate::tcp::{Numbers, line, tells_zero_window};

use super::names::Names;

/// What a claim is held against.
pub struct Known<'a> {
    /// The newest moment of the trace.
    pub view: View<'a>,
    /// The lesson's sockets.
    pub names: &'a Names,
    /// The address of the lesson's server.
    pub server: SocketAddr,
    /// The length of the learner's line, in bytes, its end included.
    pub line: u32,
}

impl Known<'_> {
    /// What is the case where the claim speaks, in the claims' own notation, and whether the claim holds.
    pub fn check(&self, terms: &Terms) -> (bool, String) {
        match terms {
            Terms::Returns(terms) => self.returns(terms),
            Terms::Blocks { side, call } => self.blocks(*side, *call),
            Terms::State { end, is } => match self.names.find(end, self.view) {
                Some(socket) => (socket.state == *is, format!("{end} is {}", socket.state)),
                None => (false, format!("the kernel has no socket {end}")),
            },
            Terms::Segment { pattern, is } => self.segment(pattern, *is),
            Terms::Queue(terms) => self.queue(terms),
            Terms::Timer(terms) => self.timer(terms),
        }
    }

    /// What the kernel answers to a question, in the notation of its choices.
    pub fn measure(&self, measure: &Measure) -> String {
        let queue = |end: &End, which: fn(&SocketView<'_>) -> u32| match self.names.find(end, self.view) {
            Some(socket) if !socket.gone => which(&socket).to_string(),
            _ => "none".to_owned(),
        };
        match measure {
            Measure::State(end) => {
                self.names.find(end, self.view).map_or("none".to_owned(), |socket| socket.state.to_string())
            }
            Measure::Call(side) => match self.view.open_call(*side) {
                Some(_) => "blocks".to_owned(),
                None => "returns".to_owned(),
            },
            Measure::Returned(side) => match self.view.calls(*side).next().and_then(|call| call.outcome) {
                Some(Ok(returned)) => returned.value.to_string(),
                Some(Err(errno)) => errno.to_string(),
                None => "blocks".to_owned(),
            },
            Measure::RecvQueue(end) => queue(end, |socket| socket.facts.recv_queue),
            Measure::SendQueue(end) => queue(end, |socket| socket.facts.send_queue),
            Measure::Fired(end) => self.living(end).and_then(|facts| facts.timer).map_or("none".to_owned(), fired_text),
            Measure::Rto(end) => self.living(end).and_then(rto_ms).map_or("none".to_owned(), |ms| ms.to_string()),
        }
    }

    /// Whether an offered answer is what the kernel answered; an answer may be a sum, such as `line`.
    pub fn is(&self, choice: &str, actual: &str) -> bool {
        let number = choice.parse::<Expr>().ok().and_then(|sum| self.number(&sum));
        choice == actual || number.is_some_and(|number| number.to_string() == actual)
    }

    fn returns(&self, terms: &CallTerms) -> (bool, String) {
        let CallTerms { side, call: name, value, data, error } = terms;
        let Some(call) = self.newest_call(*side, *name) else {
            return (false, format!("{side}: {name}() was not called"));
        };
        let Some(outcome) = call.outcome else {
            return (false, format!("{side}: {name}() has not returned"));
        };
        let held = match (outcome, error) {
            (Err(found), wanted) => *wanted == Some(*found),
            (Ok(_), Some(_)) => false,
            (Ok(returned), None) => {
                let value_fits = value.is_none_or(|value| self.number(&value) == u32::try_from(returned.value).ok());
                value_fits && data.as_ref().is_none_or(|data| data.as_bytes() == returned.data)
            }
        };
        (held, outcome_text(*side, *name, outcome, data.is_some()))
    }

    fn blocks(&self, side: Side, name: CallName) -> (bool, String) {
        match self.newest_call(side, name) {
            None => (false, format!("{side}: {name}() was not called")),
            Some(CallView { outcome: Some(outcome), .. }) => (false, outcome_text(side, name, outcome, false)),
            Some(CallView { blocked: true, .. }) => (true, format!("{side} sleeps in {name}()")),
            Some(_) => (false, format!("{side} runs in {name}()")),
        }
    }

    fn newest_call(&self, side: Side, name: CallName) -> Option<CallView<'_>> {
        self.view.calls(side).find(|call| call.call.name() == name)
    }

    fn segment(&self, pattern: &SegmentPattern, is: SegmentFate) -> (bool, String) {
        let from = pattern.from;
        match self.find_segment(pattern, |_| true) {
            Some(found) => {
                let fate = fate(found.fate);
                (fate == is, format!("{from} sends {}: {}", written(&found, pattern), fate.name()))
            }
            None => {
                let here =
                    |segment: &SegmentView<'_>| self.sender(segment) == Some(from) && self.is_on(segment, &pattern.on);
                match self.view.segments().find(here) {
                    Some(other) => (false, format!("{from} last sent {}", written(&other, pattern))),
                    None => (false, format!("{from} sent nothing")),
                }
            }
        }
    }

    /// Whether a segment belongs to the connection of a socket; of no socket in particular, any does.
    fn is_on(&self, segment: &SegmentView<'_>, socket: &Option<String>) -> bool {
        let Some(socket) = socket else { return true };
        let cookie = self.names.get(socket).and_then(|named| named.cookie);
        cookie.is_some_and(|cookie| self.view.trace().is_on(segment, cookie))
    }

    /// The newest segment that fits a pattern and a further test.
    pub fn find_segment(
        &self,
        pattern: &SegmentPattern,
        test: impl Fn(&SegmentView<'_>) -> bool,
    ) -> Option<SegmentView<'_>> {
        self.view.segments().find(|segment| self.fits(segment, pattern) && test(segment))
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
            && self.is_on(view, &pattern.on)
    }

    /// The side that sent a segment: the one that has, or had, its source address. Where no socket has the server's
    /// address, the server's kernel speaks for it (a reset).
    fn sender(&self, segment: &SegmentView<'_>) -> Option<Side> {
        let from = segment.segment.from;
        self.view.trace().side_of(from).or((from == self.server).then_some(Side::Server))
    }

    fn queue(&self, terms: &QueueTerms) -> (bool, String) {
        let end = &terms.end;
        let Some(SocketView { facts, gone: false, .. }) = self.names.find(end, self.view) else {
            return (false, format!("the kernel has no socket {end}"));
        };
        let (recv, send) = (facts.recv_queue, facts.send_queue);
        let is = |wanted: &Option<Expr>, found| wanted.is_none_or(|wanted| self.number(&wanted) == Some(found));
        let mut actual = format!("queues of {end}:");
        if terms.recv.is_some() {
            actual += &format!(" recv={recv}");
        }
        if terms.send.is_some() {
            actual += &format!(" send={send}");
        }
        (is(&terms.recv, recv) && is(&terms.send, send), actual)
    }

    fn timer(&self, terms: &TimerTerms) -> (bool, String) {
        let TimerTerms { end, kind, fired, rto_ms: wanted } = terms;
        let Some(facts) = self.living(end) else { return (false, format!("the kernel has no socket {end}")) };
        let (timer, rto) = (facts.timer, rto_ms(facts));
        let held = kind.is_none_or(|kind| timer.is_some_and(|timer| timer.kind == kind))
            && fired.is_none_or(|count| timer.is_some_and(|timer| count.holds(timer.fired.into())))
            && wanted.is_none_or(|count| rto.is_some_and(|rto| count.holds(rto)));
        let mut actual = format!("timer of {end}:");
        if kind.is_some() || (fired.is_some() && timer.is_none()) {
            actual += &format!(" {}", timer.map_or("none", |timer| timer_name(timer.kind)));
        }
        if let (Some(_), Some(timer)) = (fired, timer) {
            actual += &format!(" fired={}", fired_text(timer));
        }
        if wanted.is_some() {
            actual += &format!(" rto_ms={}", rto.map_or("none".to_owned(), |rto| rto.to_string()));
        }
        (held, actual)
    }

    /// What the kernel says of an end that it still has.
    fn living(&self, end: &End) -> Option<&SocketFacts> {
        self.names.find(end, self.view).filter(|socket| !socket.gone).map(|socket| socket.facts)
    }

    fn number(&self, expr: &Expr) -> Option<u32> {
        expr.value(|_| None, self.line)
    }
}

fn fired_text(timer: Timer) -> String {
    timer.fired.to_string()
}

/// The retransmission timeout in milliseconds; `None` where the kernel doesn't tell it (a request socket, TIME_WAIT).
fn rto_ms(facts: &SocketFacts) -> Option<u32> {
    u32::try_from(facts.info?.rto?.as_millis()).ok()
}

/// A segment in one line, with what the pattern says beyond such a line.
pub(super) fn written(view: &SegmentView<'_>, pattern: &SegmentPattern) -> String {
    let mut text = line(view.segment, &view.initials, Numbers::Symbolic);
    if let Some(segment) = view.segment.tcp() {
        if pattern.win.is_some() && !tells_zero_window(segment) {
            text += &format!(" win={}", segment.window);
        }
        if pattern.win_scaled.is_some() {
            let window = view.initials.window(segment).bytes().map_or("?".to_owned(), |window| window.to_string());
            text += &format!(" win_scaled={window}");
        }
    }
    if let Some(socket) = &pattern.on {
        text += &format!(" on {socket}");
    }
    text
}

fn fate(fate: Fate) -> SegmentFate {
    match fate {
        Fate::Held => SegmentFate::Held,
        // On a wire that only watches, a segment goes on by itself.
        Fate::Delivered | Fate::Passing => SegmentFate::Delivered,
        Fate::Dropped | Fate::Undeliverable(_) => SegmentFate::Dropped,
    }
}

fn outcome_text(side: Side, name: CallName, outcome: &Outcome, with_data: bool) -> String {
    match outcome {
        Ok(returned) if with_data => {
            let data = String::from_utf8_lossy(&returned.data);
            format!("{side}: {name}() returns {} {data:?}", returned.value)
        }
        Ok(returned) => format!("{side}: {name}() returns {}", returned.value),
        Err(errno) => format!("{side}: {name}() fails with {errno}"),
    }
}
