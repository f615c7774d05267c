//! The one way in which a claim is written: `client is SYN_SENT`, `server: recv() returns 5`.
//!
//! The learner's screen, the transcript and a failure's message all use it.

use std::fmt;

use super::{CallTerms, Claim, Count, QueueTerms, SegmentFate, SegmentPattern, Terms, TimerTerms};
use crate::model::TimerKind;
use crate::tcp::Protocol;

/// Every timer with its name in lessons and claims.
pub(super) const TIMERS: [(TimerKind, &str); 4] = [
    (TimerKind::Retransmit, "retransmit"),
    (TimerKind::Keepalive, "keepalive"),
    (TimerKind::TimeWait, "time-wait"),
    (TimerKind::Probe, "probe"),
];

/// A timer's name in lessons and claims.
pub const fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "retransmit",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "time-wait",
        TimerKind::Probe => "probe",
    }
}

impl SegmentFate {
    /// `held`, `delivered` or `dropped`.
    pub const fn name(self) -> &'static str {
        match self {
            SegmentFate::Held => "held",
            SegmentFate::Delivered => "delivered",
            SegmentFate::Dropped => "dropped",
        }
    }
}

impl fmt::Display for SegmentPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.protocol {
            Protocol::Tcp => write!(f, "{} sends {}", self.from, self.flags)?,
            Protocol::Udp => write!(f, "{} sends UDP", self.from)?,
            Protocol::Icmp => write!(f, "{} sends ICMP port unreachable", self.from)?,
        }
        let numbers = [("seq", self.seq), ("ack", self.ack), ("len", self.len), ("win", self.win)];
        for (name, number) in numbers.into_iter().chain([("win_scaled", self.win_scaled)]) {
            if let Some(number) = number {
                write!(f, " {name}={number}")?;
            }
        }
        match &self.on {
            Some(socket) => write!(f, " on {socket}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for CallTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}()", self.side, self.call)?;
        if let Some(error) = self.error {
            return write!(f, " fails with {error}");
        }
        f.write_str(" returns")?;
        if let Some(value) = self.value {
            write!(f, " {value}")?;
        }
        if let Some(data) = &self.data {
            write!(f, " {data:?}")?;
        }
        Ok(())
    }
}

impl fmt::Display for QueueTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "queues of {}:", self.end)?;
        for (name, length) in [("recv", self.recv), ("send", self.send)] {
            if let Some(length) = length {
                write!(f, " {name}={length}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Exactly(number) => write!(f, "={number}"),
            Count::AtLeast(number) => write!(f, ">={number}"),
        }
    }
}

impl fmt::Display for TimerTerms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timer of {}:", self.end)?;
        if let Some(kind) = self.kind {
            write!(f, " {}", timer_name(kind))?;
        }
        for (name, count) in [("fired", self.fired), ("rto_ms", self.rto_ms)] {
            if let Some(count) = count {
                write!(f, " {name}{count}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Terms::Returns(terms) => terms.fmt(f),
            Terms::Blocks { side, call } => write!(f, "{side} sleeps in {call}()"),
            Terms::State { end, is } => write!(f, "{end} is {is}"),
            Terms::Segment { pattern, is } => write!(f, "{pattern}: {}", is.name()),
            Terms::Queue(terms) => terms.fmt(f),
            Terms::Timer(terms) => terms.fmt(f),
        }
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.terms.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::End;
    use crate::model::CallName;
    use crate::model::{Errno, Side};
    use crate::tcp::{Flags, State};

    fn returns(value: Option<&str>, data: Option<&str>, error: Option<&str>) -> String {
        let value = value.map(|value| value.parse().unwrap());
        let error = error.map(|error| Errno::from_name(error).unwrap());
        let data = data.map(str::to_owned);
        Terms::Returns(CallTerms { side: Side::Server, call: CallName::Recv, value, data, error }).to_string()
    }

    #[test]
    fn claims_are_written_in_one_way() {
        let client = || End::Socket("client".into());
        let peer = || End::PeerOf("client".into());
        assert_eq!(Terms::State { end: client(), is: State::SynSent.into() }.to_string(), "client is SYN_SENT");
        assert_eq!(Terms::State { end: peer(), is: State::SynRecv.into() }.to_string(), "peer of client is SYN_RECV");
        let blocks = Terms::Blocks { side: Side::Server, call: CallName::Accept };
        assert_eq!(blocks.to_string(), "server sleeps in accept()");
        assert_eq!(returns(Some("5"), None, None), "server: recv() returns 5");
        assert_eq!(returns(None, None, None), "server: recv() returns");
        assert_eq!(returns(None, None, Some("ECONNRESET")), "server: recv() fails with ECONNRESET");
        assert_eq!(returns(Some("5"), Some("hello\n"), None), "server: recv() returns 5 \"hello\\n\"");
        let seq = Some("j".parse().unwrap());
        let any = SegmentPattern {
            from: Side::Client,
            protocol: Protocol::Tcp,
            flags: Flags::SYN,
            seq,
            ack: None,
            len: None,
            win: None,
            win_scaled: None,
            on: None,
        };
        let segment = |pattern| Terms::Segment { pattern, is: SegmentFate::Held }.to_string();
        assert_eq!(segment(any.clone()), "client sends SYN seq=j: held");
        let (flags, len) = (Flags::default(), "line".parse().ok());
        let datagram = SegmentPattern { protocol: Protocol::Udp, flags, seq: None, len, ..any.clone() };
        assert_eq!(segment(datagram.clone()), "client sends UDP len=line: held");
        let answer = SegmentPattern { protocol: Protocol::Icmp, len: None, ..datagram };
        assert_eq!(segment(answer), "client sends ICMP port unreachable: held");
        let (win, win_scaled) = ("0".parse().ok(), "128".parse().ok());
        let pattern = SegmentPattern { win, win_scaled, on: Some("c1".into()), ..any };
        assert_eq!(segment(pattern), "client sends SYN seq=j win=0 win_scaled=128 on c1: held");
        let (recv, send) = ("0".parse().ok(), "line".parse().ok());
        let queue = Terms::Queue(QueueTerms { end: client(), recv, send });
        assert_eq!(queue.to_string(), "queues of client: recv=0 send=line");
        let timer = |kind, fired, rto_ms| Terms::Timer(TimerTerms { end: client(), kind, fired, rto_ms }).to_string();
        assert_eq!(timer(Some(TimerKind::TimeWait), None, None), "timer of client: time-wait");
        let (fired, rto_ms) = (Some(Count::AtLeast(2)), Some(Count::Exactly(4000)));
        assert_eq!(timer(None, fired, rto_ms), "timer of client: fired>=2 rto_ms=4000");
    }

    #[test]
    fn the_table_and_the_names_of_timers_agree() {
        for (kind, name) in TIMERS {
            assert_eq!(timer_name(kind), name);
        }
    }
}
