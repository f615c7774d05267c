//! What a claim says, as a statement: in the lesson's own notation it is `client is SYN_SENT`, `server: recv() returns 5`.

use std::fmt;
use std::net::IpAddr;

use super::{
    Address, CallClaim, CallTerms, InfoTerms, NamedCaller, ProgramTerms, QueueTerms, SegmentPattern, Terms, TimerTerms,
    ToldTerms,
};
use crate::model::edit::WantedFields;
use crate::model::{ClaimNumber, InfoFact, SegmentWords, Side, Statement, TimerFact, TimerKind};
use crate::tcp::{Expr, Flags, Protocol};

/// Every timer with its name in lessons and claims.
pub(super) const TIMERS: [(TimerKind, &str); TimerKind::ALL.len()] = [
    (TimerKind::Retransmit, "retransmit"),
    (TimerKind::Keepalive, "keepalive"),
    (TimerKind::TimeWait, "time-wait"),
    (TimerKind::Probe, "probe"),
    (TimerKind::FinWait2, "fin-wait-2"),
];

/// A number of the file, with what it comes to where the learner's line has so many bytes.
fn number(expr: &Expr, line: u32) -> ClaimNumber {
    let constant = expr.constant.saturating_add(i64::from(expr.lines) * i64::from(line));
    ClaimNumber { written: expr.to_string(), shown: Expr { constant, lines: 0, ..*expr }.to_string() }
}

impl SegmentPattern {
    /// A segment of this sender with exactly these flags, whatever else it is like.
    pub fn new(from: Side, flags: Flags) -> SegmentPattern {
        SegmentPattern {
            from,
            protocol: Protocol::Tcp,
            flags,
            seq: None,
            ack: None,
            len: None,
            win: None,
            win_scaled: None,
            has: WantedFields::default(),
            on: None,
        }
    }

    /// What it says of a segment; `line` is the length of the learner's line, in bytes.
    pub fn words(&self, line: u32) -> SegmentWords {
        let head = match self.protocol {
            Protocol::Tcp => self.flags.to_string(),
            Protocol::Udp => "UDP".to_owned(),
            Protocol::Icmp => "ICMP port unreachable".to_owned(),
        };
        let there = [
            ("seq", &self.seq),
            ("ack", &self.ack),
            ("len", &self.len),
            ("win", &self.win),
            ("win_scaled", &self.win_scaled),
        ];
        let field =
            |(name, expr): (&str, &Option<Expr>)| expr.as_ref().map(|expr| (name.to_owned(), number(expr, line)));
        let wanted = self.has.0.iter().map(|wanted| {
            let value = wanted.value();
            (wanted.field().name().to_owned(), ClaimNumber { written: value.clone(), shown: value })
        });
        let fields = there.into_iter().filter_map(field).chain(wanted).collect();
        SegmentWords { head, fields, on: self.on.clone() }
    }
}

impl CallTerms {
    fn says(&self, line: u32) -> Statement {
        let CallTerms { side, call, value, data, error, told } = self.clone();
        match (error, told) {
            (Some(errno), _) => Statement::Fails { side, call, errno },
            (None, Some(told)) => Statement::Tells { side, call, told: told.to_string() },
            (None, None) => Statement::Returns { side, call, value: value.map(|value| number(&value, line)), data },
        }
    }
}

impl NamedCaller {
    /// What is said of a call, said of this thread's and process's.
    pub fn says(&self, said: Statement) -> Statement {
        let said = match self.thread {
            Some(thread) => Statement::OfThread { thread, said: Box::new(said) },
            None => said,
        };
        match self.process {
            Some(process) => Statement::OfProcess { process, said: Box::new(said) },
            None => said,
        }
    }
}

impl CallClaim {
    /// What it says, of whichever thread.
    pub fn says(&self, line: u32) -> Statement {
        match self {
            CallClaim::Returns(terms) => terms.says(line),
            CallClaim::Ready { side, call, sockets } => {
                Statement::Ready { side: *side, call: *call, sockets: sockets.clone() }
            }
            CallClaim::Blocks { side, call } => Statement::Sleeps { side: *side, call: *call },
        }
    }
}

impl fmt::Display for ToldTerms {
    /// As the lesson's file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToldTerms::Value(_, written) => f.pad(written),
            ToldTerms::Address(address) => address.fmt(f),
            ToldTerms::Addresses(addresses) => {
                f.pad(&addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl fmt::Display for Address {
    /// As the lesson's file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::At(address) => address.fmt(f),
            Address::Beside(IpAddr::V6(ip), above) => write!(f, "[{ip}]:+{above}"),
            Address::Beside(ip, above) => write!(f, "{ip}:+{above}"),
        }
    }
}

impl ProgramTerms {
    fn says(&self) -> Statement {
        let ProgramTerms { side, call, arguments, is, value, error: errno } = self.clone();
        Statement::Program { side, call, arguments, is, value, errno }
    }
}

impl QueueTerms {
    fn says(&self, line: u32) -> Statement {
        let length = |expr: &Option<Expr>| expr.as_ref().map(|expr| number(expr, line));
        Statement::Queues { end: self.end.clone(), recv: length(&self.recv), send: length(&self.send) }
    }
}

impl TimerTerms {
    fn says(&self) -> Statement {
        let facts = [self.kind.map(TimerFact::Runs), self.fired.map(TimerFact::Fired), self.rto_ms.map(TimerFact::Rto)];
        Statement::Timer { end: self.end.clone(), facts: facts.into_iter().flatten().collect() }
    }
}

impl InfoTerms {
    fn says(&self) -> Statement {
        let numbers = self.numbers.iter().map(|(field, count)| InfoFact::Number(*field, *count));
        let state = self.ca_state.map(InfoFact::Congestion);
        let facts = numbers.chain(state).chain(self.options.map(InfoFact::Options)).collect();
        Statement::Info { end: self.end.clone(), facts }
    }
}

impl Terms {
    /// Whether it is on times of `TCP_INFO` that grow by themselves, for which the kernel is to be asked anew.
    pub fn is_on_times(&self) -> bool {
        matches!(self, Terms::Info(terms) if terms.numbers.iter().any(|(field, _)| field.is_time()))
    }

    /// Whether it can only be held against segments that were seen.
    pub fn is_on_segments(&self) -> bool {
        matches!(self, Terms::Segment { .. } | Terms::NeverSent(_) | Terms::Waiting { .. })
    }

    /// What the claim says; `line` is the length of the learner's line, in bytes.
    pub fn says(&self, line: u32) -> Statement {
        match self {
            Terms::Call { by, came } => by.says(came.says(line)),
            Terms::Program(terms) => terms.says(),
            Terms::State { end, is } => Statement::State { end: end.clone(), is: *is },
            Terms::Segment { pattern, is } => {
                Statement::Segment { from: pattern.from, segment: pattern.words(line), is: *is }
            }
            Terms::NeverSent(pattern) => Statement::NeverSent { from: pattern.from, segment: pattern.words(line) },
            Terms::Waiting { count, from } => Statement::Waiting { from: *from, count: *count, segments: Vec::new() },
            Terms::Queue(terms) => terms.says(line),
            Terms::Timer(terms) => terms.says(),
            Terms::Info(terms) => terms.says(),
            Terms::Reason(counter) => Statement::Counted(counter.iter().cloned().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{ConnectionEnd, Count, SegmentFate};
    use crate::model::{CallName, Errno, Side, timer_name};
    use crate::tcp::{Flags, State};

    fn returns(value: Option<&str>, data: Option<&str>, error: Option<&str>) -> String {
        let value = value.map(|value| value.parse().unwrap());
        let error = error.map(|error| Errno::from_name(error).unwrap());
        let data = data.map(str::to_owned);
        CallClaim::Returns(CallTerms { side: Side::Server, call: CallName::Recv, value, data, error, told: None })
            .says(6)
            .to_string()
    }

    #[test]
    fn claims_are_written_in_one_way() {
        let client = || ConnectionEnd::Socket("client".into());
        let peer = || ConnectionEnd::PeerOf("client".into());
        assert_eq!(Terms::State { end: client(), is: State::SynSent.into() }.says(6).to_string(), "client is SYN_SENT");
        let peer = Terms::State { end: peer(), is: State::SynRecv.into() };
        assert_eq!(peer.says(6).to_string(), "peer of client is SYN_RECV");
        let blocks = CallClaim::Blocks { side: Side::Server, call: CallName::Accept };
        assert_eq!(blocks.says(6).to_string(), "server sleeps in accept()");
        let by = NamedCaller { thread: Some(2), process: Some(3) };
        let of_child = Terms::Call { by, came: blocks }.says(6).to_string();
        assert_eq!(of_child, "process 3: thread 2: server sleeps in accept()");
        assert_eq!(returns(Some("5"), None, None), "server: recv() returns 5");
        assert_eq!(returns(None, None, None), "server: recv() returns");
        assert_eq!(returns(None, None, Some("ECONNRESET")), "server: recv() fails with ECONNRESET");
        assert_eq!(returns(Some("5"), Some("hello\n"), None), "server: recv() returns 5 \"hello\\n\"");
        let seq = Some("j".parse().unwrap());
        let any = SegmentPattern { seq, ..SegmentPattern::new(Side::Client, Flags::SYN) };
        let segment = |pattern| Terms::Segment { pattern, is: SegmentFate::Held }.says(6).to_string();
        assert_eq!(segment(any.clone()), "client sends SYN seq=j: held");
        let (flags, len) = (Flags::default(), "line".parse().ok());
        let datagram = SegmentPattern { protocol: Protocol::Udp, flags, seq: None, len, ..any.clone() };
        assert_eq!(segment(datagram.clone()), "client sends UDP len=line: held");
        let answer = SegmentPattern { protocol: Protocol::Icmp, len: None, ..datagram };
        assert_eq!(segment(answer), "client sends ICMP port unreachable: held");
        let never = Terms::NeverSent(any.clone()).says(6).to_string();
        assert_eq!(never, "client never sends SYN seq=j");
        let waiting = |from| Terms::Waiting { count: 2, from }.says(6).to_string();
        assert_eq!([waiting(None), waiting(Some(Side::Server))], ["2 segments wait", "2 segments of the server wait"]);
        let (win, win_scaled) = ("0".parse().ok(), "128".parse().ok());
        let has = SegmentPattern { has: "mss=1460 ts=yes fo=request".parse().unwrap(), ..any.clone() };
        assert_eq!(segment(has), "client sends SYN seq=j mss=1460 ts=yes fo=request: held");
        let pattern = SegmentPattern { win, win_scaled, on: Some("c1".into()), ..any };
        assert_eq!(segment(pattern), "client sends SYN seq=j win=0 win_scaled=128 on c1: held");
        let (recv, send) = ("0".parse().ok(), "line".parse().ok());
        let queue = Terms::Queue(QueueTerms { end: client(), recv, send });
        assert_eq!(queue.says(6).to_string(), "queues of client: recv=0 send=line");
        let timer =
            |kind, fired, rto_ms| Terms::Timer(TimerTerms { end: client(), kind, fired, rto_ms }).says(6).to_string();
        assert_eq!(timer(Some(TimerKind::TimeWait), None, None), "timer of client: time-wait");
        let (fired, rto_ms) = (Some(Count::AtLeast(2)), Some(Count::Exactly(4000)));
        assert_eq!(timer(None, fired, rto_ms), "timer of client: fired>=2 rto_ms=4000");
        assert_eq!(Terms::Reason(Some("PAWSEstab".to_owned())).says(6).to_string(), "the kernel counted PAWSEstab");
        assert_eq!(Terms::Reason(None).says(6).to_string(), "the kernel counted nothing");
    }

    #[test]
    fn a_number_on_the_line_is_read_for_the_line_that_was_typed() {
        for (written, shown) in [("line", "6"), ("j+1+line", "j+7"), ("k-1", "k-1"), ("4", "4")] {
            let number = number(&written.parse().unwrap(), 6);
            assert_eq!((number.written.as_str(), number.shown.as_str()), (written, shown));
        }
    }

    #[test]
    fn the_table_and_the_names_of_timers_agree() {
        for (kind, name) in TIMERS {
            assert_eq!(timer_name(kind), name);
        }
    }
}
