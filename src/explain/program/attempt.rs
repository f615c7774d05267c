//! Attempts to connect: those that aren't waited for, those at two families' addresses, and what of a handshake a library asks for
//! beyond TCP's own.

use std::net::SocketAddr;

use super::{MOST, OtherAttempt, ProgramFact, ProgramLook};
use crate::explain::reasons::is_time_over;
use crate::explain::{CallFacts, CallState, wire};
use crate::model::{Call, CallView, Errno, SegmentId, SegmentView, SocketOption};
use crate::tcp::{Flags, State};

fn is_syn(segment: &SegmentView<'_>) -> bool {
    segment.segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::SYN) && !tcp.flags.has(Flags::ACK))
}

/// What a call of `getsockopt(2)` told of `SO_ERROR`: 0 or an error.
pub(super) fn so_error(call: &CallView<'_>) -> Option<Errno> {
    let made = call.made.filter(|made| made.name == "getsockopt")?;
    made.arguments.get(2).filter(|option| *option == "SO_ERROR")?;
    let returned = call.outcome?.as_ref().ok()?;
    let told = returned.filled.get(3)?.strip_prefix('[')?.strip_suffix(']')?;
    Errno::from_name(told).or_else(|| told.parse().ok().map(Errno))
}

/// Whether a further `connect()` tells with this error how the attempt has ended. ECONNABORTED tells only that there was one, whose
/// own error was told before (`__inet_stream_connect()`), and what is wrong with the call's arguments tells nothing of it.
fn tells_end(Errno(number): Errno) -> bool {
    matches!(
        number,
        libc::ECONNREFUSED
            | libc::ECONNRESET
            | libc::ETIMEDOUT
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::EACCES
            | libc::EPIPE
    )
}

pub(super) fn began(call: &CallView<'_>) -> bool {
    matches!((call.call, call.outcome), (Call::Connect { .. }, Some(Err(Errno(libc::EINPROGRESS)))))
}

impl<'a> ProgramLook<'a> {
    pub(super) fn attempt(&self) -> Vec<ProgramFact> {
        if let Some(told) = so_error(&self.call) {
            return self.told_error(told).into_iter().collect();
        }
        match self.call.call {
            Call::Connect { addr, .. } => self.connects(*addr),
            Call::Socket { udp: false, .. } => self.multipath().into_iter().collect(),
            _ => Vec::new(),
        }
    }

    fn connects(&self, addr: SocketAddr) -> Vec<ProgramFact> {
        let mut facts: Vec<ProgramFact> = self.other_family(addr).into_iter().collect();
        let earlier = self.on_socket().find(|other| matches!(other.call, Call::Connect { .. }));
        let begun = earlier.filter(began);
        let fact = match self.call.outcome {
            None => None,
            Some(Err(Errno(libc::EINPROGRESS))) => {
                let facts = CallFacts::of(&self.view, &self.call);
                let waited = is_time_over(self.call.call, CallState::Error(Errno(libc::EINPROGRESS)), &facts);
                let fact = if waited { ProgramFact::SynTimedOut } else { ProgramFact::SynSent };
                self.syn_of(&self.call, addr).map(|syn| fact(syn.id))
            }
            Some(Err(Errno(libc::EALREADY))) => self.unanswered(),
            Some(Err(Errno(libc::EISCONN)) | Ok(_)) if begun.is_some() => {
                Some(ProgramFact::AttemptEnded(self.answer(addr)))
            }
            Some(Err(errno)) if begun.is_some() && tells_end(*errno) => {
                Some(ProgramFact::Failed(*errno, self.reset(addr)))
            }
            Some(_) => None,
        };
        facts.extend(fact);
        facts
    }

    /// Its socket's SYN, as long as nothing came back.
    fn unanswered(&self) -> Option<ProgramFact> {
        let (local, _) = self.ends_of(self.made.socket?)?;
        let mut all = self
            .segments_of(self.made.socket?)
            .take_while(|segment| segment.segment.from == local || !wire::came(segment.fate));
        all.find(is_syn).map(|syn| ProgramFact::Unanswered(syn.id))
    }

    /// The SYN,ACK that came to its socket.
    fn answer(&self, addr: SocketAddr) -> Option<SegmentId> {
        self.came(addr, |flags| flags.has(Flags::SYN) && flags.has(Flags::ACK))
    }

    fn reset(&self, addr: SocketAddr) -> Option<SegmentId> {
        self.came(addr, |flags| flags.has(Flags::RST))
    }

    /// The newest segment with such flags that came from there to its socket by then.
    fn came(&self, addr: SocketAddr, is: impl Fn(Flags) -> bool) -> Option<SegmentId> {
        came_to(self, self.made.socket?, addr, is)
    }

    fn told_error(&self, told: Errno) -> Option<ProgramFact> {
        let connect = self.on_socket().find(|other| matches!(other.call, Call::Connect { .. }));
        let addr = connect.and_then(|connect| match connect.call {
            Call::Connect { addr, .. } => Some(*addr),
            _ => None,
        });
        if told.0 != 0 {
            return Some(ProgramFact::Failed(told, addr.and_then(|addr| self.reset(addr))));
        }
        let socket = self.view.socket(self.made.socket?);
        let answer = addr.and_then(|addr| self.answer(addr));
        match socket.and_then(|socket| socket.state.tcp()) {
            Some(State::SynSent | State::Closed) | None if answer.is_none() => {
                self.unanswered().or(Some(ProgramFact::NoError))
            }
            Some(State::Established | State::CloseWait) => Some(ProgramFact::Connected(answer)),
            _ if answer.is_some() => Some(ProgramFact::Connected(answer)),
            _ => Some(ProgramFact::NoError),
        }
    }

    /// The attempt that the same thread made before, at the same port of the other family.
    fn other_family(&self, addr: SocketAddr) -> Option<ProgramFact> {
        let earlier = self.earlier().find(|other| matches!(other.call, Call::Connect { .. }))?;
        let Call::Connect { addr: before, .. } = earlier.call else { return None };
        if before.port() != addr.port() || before.is_ipv4() == addr.is_ipv4() {
            return None;
        }
        let socket = earlier.made?.socket?;
        let told = || self.view.calls_on(socket).take(MOST).filter_map(|call| so_error(&call)).find(|told| told.0 != 0);
        let failed = match earlier.outcome? {
            Err(Errno(libc::EINPROGRESS)) => told(),
            Err(errno) => Some(*errno),
            // It was connected, and this is another connection.
            Ok(_) => return None,
        };
        let refused = failed.and_then(|_| came_to(self, socket, *before, |flags| flags.has(Flags::RST)));
        if failed.is_none() && came_to(self, socket, *before, |flags| flags.has(Flags::ACK)).is_some() {
            return None;
        }
        Some(ProgramFact::OtherFamily(Box::new(OtherAttempt { addr: *before, failed, refused })))
    }

    fn multipath(&self) -> Option<ProgramFact> {
        self.made.arguments.get(2).filter(|protocol| *protocol == MULTIPATH)?;
        let instead = |next: CallView<'_>| {
            let made = next.made.filter(|made| made.name == "socket" && matches!(next.outcome, Some(Ok(_))));
            made.is_some_and(|made| made.arguments.get(2).is_some_and(|protocol| protocol != MULTIPATH))
        };
        match self.call.outcome? {
            Ok(_) => Some(ProgramFact::Multipath),
            Err(errno) => Some(ProgramFact::NoMultipath(*errno, self.next().is_some_and(instead))),
        }
    }

    pub(super) fn fast_open(&self) -> Vec<ProgramFact> {
        let connects = || self.on_socket().any(|call| sets(&call, "TCP_FASTOPEN_CONNECT"));
        let with_flag = || self.made.arguments.iter().any(|argument| is_flag(argument, "MSG_FASTOPEN"));
        let came_back = self.call.outcome.is_some();
        match self.call.call {
            Call::SetOption { .. } if sets(&self.call, "TCP_FASTOPEN") => vec![ProgramFact::FastOpenListens],
            Call::SetOption { .. } if sets(&self.call, "TCP_FASTOPEN_CONNECT") => vec![ProgramFact::FastOpenConnects],
            Call::Connect { addr, .. } if came_back && connects() => match self.syn_of(&self.call, *addr) {
                Some(syn) => vec![ProgramFact::FastOpenAsks(syn.id)],
                None if self.value() == Some(0) && self.sees_segments() => vec![ProgramFact::FastOpenDeferred],
                None => Vec::new(),
            },
            Call::SendTo { addr, .. } if came_back && with_flag() => self.opens(*addr).into_iter().collect(),
            Call::Send { .. } if came_back && connects() => {
                let first = self.on_socket().next();
                let to = first.and_then(|first| match first.call {
                    Call::Connect { addr, .. } if matches!(first.outcome, Some(Ok(_))) => Some(*addr),
                    _ => None,
                });
                to.and_then(|addr| self.opens(addr)).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The SYN that a sending call sent.
    fn opens(&self, addr: SocketAddr) -> Option<ProgramFact> {
        let syn = self.syn_of(&self.call, addr)?;
        Some(if syn.segment.is_empty() { ProgramFact::FastOpenAsks(syn.id) } else { ProgramFact::FastOpenData(syn.id) })
    }

    /// Whether any segment was seen in the lab: else it isn't known that none was sent.
    fn sees_segments(&self) -> bool {
        self.view.segment_count() > 0
    }
}

const MULTIPATH: &str = "IPPROTO_MPTCP";

fn is_flag(argument: &str, flag: &str) -> bool {
    argument.split('|').any(|part| part == flag)
}

/// Whether a call set this option, to something.
fn sets(call: &CallView<'_>, name: &str) -> bool {
    let option = SocketOption::by_name(name);
    matches!((call.call, call.outcome), (Call::SetOption { option: set, value, .. }, Some(Ok(_))) if Some(*set) == option && *value > 0)
}

fn came_to(look: &ProgramLook<'_>, socket: u64, addr: SocketAddr, is: impl Fn(Flags) -> bool) -> Option<SegmentId> {
    let (local, _) = look.ends_of(socket)?;
    let all = wire::segments(&look.view, (local, addr)).take(MOST);
    let mut came = all.filter(|segment| segment.segment.to == local && wire::came(segment.fate));
    came.find(|segment| segment.segment.tcp().is_some_and(|tcp| is(tcp.flags))).map(|segment| segment.id)
}
