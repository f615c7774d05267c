//! Which reason an outcome has, from what is known of its call.

use std::net::{Ipv6Addr, SocketAddr};

use super::CallState;
use super::circumstance::Circumstance;
use super::course::{CallCourse, CallFacts, OfferedBytes};
use super::situation::{PortHolder, Situation};
use crate::model::{Call, Errno, How, Lookup, MessageFlags, PollEvents, ProgramCall, Returned, SocketOption};
use crate::tcp::State;

use Circumstance::*;

impl Circumstance {
    /// Which reason it is. `None` where the outcome has one reason only, or where the facts don't tell.
    pub fn of(call: &Call, came: CallState<'_>, facts: &CallFacts) -> Option<Circumstance> {
        // Of a call that still sleeps, it is the present that explains it.
        let before = if came == CallState::Blocks { &facts.now } else { &facts.before };
        if number(came) == Some(libc::EINTR) && facts.course.closed_meanwhile {
            return Some(ClosedMeanwhile);
        }
        if is_time_over(call, came, facts) {
            return Some(TimeOver);
        }
        if before.epoll && matches!(call, Call::Close { .. }) {
            return Some(EpollInstance);
        }
        if number(came) == Some(libc::EBADF) && call.fd().is_some_and(|fd| fd < 0) {
            return Some(NoDescriptor);
        }
        if matches!(number(came), Some(libc::EINVAL | libc::EFAULT)) && facts.course.wrong_length {
            return address_length(call, before);
        }
        if before.udp {
            return Some(datagrams(call, came, before));
        }
        if number(came) == Some(libc::ECONNREFUSED) && waited_for_connection(call, facts) {
            return Some(Connecting);
        }
        if is_shut_meanwhile(call, came, facts) {
            return Some(ShutMeanwhile);
        }
        match call {
            Call::Bind { addr, .. } => bind(*addr, came, before),
            Call::Listen { backlog, .. } => listen(*backlog, came, before, &facts.now),
            Call::Accept { .. } => accept(came, before, &facts.after),
            Call::Connect { addr, .. } if addr.port() == 0 && number(came) == Some(libc::ECONNREFUSED) => {
                Some(ZeroPort)
            }
            Call::Connect { .. } => connect(came, facts, before),
            Call::Dissolve { .. } if matches!(came, CallState::Returned(_)) => Some(dissolves(before, &facts.course)),
            Call::Send { data, flags, .. } => {
                nothing_sent(data, came).or_else(|| send(data.len(), *flags, came, (before, facts)))
            }
            Call::Recv { len, flags, .. } | Call::RecvFrom { len, flags, .. } => {
                with_flags(*flags, *len, came).or_else(|| recv(*len, came, before, &facts.after))
            }
            Call::SendTo { data, flags, .. } => {
                let told = if call.connects_to().is_some() { fast_open(came) } else { nothing_sent(data, came) };
                told.or_else(|| send(data.len(), *flags, came, (before, facts)))
            }
            Call::Shutdown { how, .. } => shutdown(*how, came, before),
            Call::Close { .. } => close(came, before, &facts.course),
            Call::GetAddrInfo(lookup) => looked_up(lookup, came),
            Call::EpollWait { most: ..=0, .. } if number(came) == Some(libc::EINVAL) => Some(NoRoom),
            call if call.name().waits_for_several() => waited(call, came),
            Call::SetOption { option: SocketOption::FAST_OPEN_CONNECT, .. } => {
                (number(came) == Some(libc::EOPNOTSUPP)).then_some(FastOpen)
            }
            Call::Program(made) => of_program(made, came, facts, before),
            _ => None,
        }
    }
}

/// Of a program's call that comes to none of the walk's, as one with another address than the walk's.
fn of_program(made: &ProgramCall, came: CallState<'_>, facts: &CallFacts, before: &Situation) -> Option<Circumstance> {
    match (made.name.as_str(), number(came)) {
        ("bind", Some(libc::EAFNOSUPPORT)) => made.has_no_family().then_some(NoFamily),
        // The address isn't looked at.
        ("connect", Some(libc::EISCONN)) => connect(came, facts, before),
        ("execve" | "execveat", Some(libc::ENOENT)) => Some(Executes),
        _ => None,
    }
}

/// Whether a call that sends or receives waited for the end of a handshake; a short time may pass unseen.
fn waited_for_connection(call: &Call, facts: &CallFacts) -> bool {
    let before = &facts.before;
    let waits = !before.nonblocking && !call.flags().has(MessageFlags::DONT_WAIT);
    let begins = matches!(call, Call::SendTo { .. }) && call.connects_to().is_some();
    let connects = matches!(call, Call::Connect { .. });
    !connects && (facts.course.slept || waits && (begins || before.is_connecting()))
}

/// What a wrong length beside an address comes from.
fn address_length(call: &Call, before: &Situation) -> Option<Circumstance> {
    // A whole address of IPv4 is too short for a socket of IPv6.
    let other = match call {
        Call::Bind { addr, .. } | Call::Connect { addr, .. } => before.ipv6 && addr.is_ipv4(),
        _ => false,
    };
    Some(if other { OtherFamily } else { AddressLength })
}

/// Of a call on a socket for datagrams.
fn datagrams(call: &Call, came: CallState<'_>, before: &Situation) -> Circumstance {
    match (call, came) {
        (Call::Dissolve { .. }, CallState::Returned(_)) => DissolvesDatagrams,
        (Call::Bind { addr, .. }, CallState::Returned(_)) if addr.port() == 0 => NoPort,
        (Call::Connect { addr, .. }, CallState::Returned(_)) if addr.port() == 0 => ZeroPort,
        (Call::SendTo { addr, .. }, CallState::Error(Errno(libc::EINVAL))) if addr.port() == 0 => ZeroPort,
        (Call::Recv { len, .. } | Call::RecvFrom { len, .. }, CallState::Returned(returned))
            if returned.value == 0 && *len > 0 && !before.shut.read =>
        {
            EmptyDatagram
        }
        _ => Datagrams,
    }
}

/// Whether a call would have waited on, and its time was over: SO_RCVTIMEO and SO_SNDTIMEO of `socket(7)`. One that was not to wait
/// comes back with the same errors, and never sleeps.
pub(super) fn is_time_over(call: &Call, came: CallState<'_>, facts: &CallFacts) -> bool {
    let before = &facts.before;
    let limit = match (call, number(came)) {
        (Call::Accept { .. } | Call::Recv { .. } | Call::RecvFrom { .. }, Some(libc::EAGAIN)) => before.receive_limit,
        (Call::Send { .. }, Some(libc::EAGAIN)) => before.send_limit,
        (Call::Connect { .. }, Some(libc::EINPROGRESS)) => before.send_limit,
        (Call::SendTo { .. }, Some(libc::EAGAIN | libc::EINPROGRESS)) => before.send_limit,
        _ => return false,
    };
    facts.course.slept || limit && !before.nonblocking && !call.flags().has(MessageFlags::DONT_WAIT)
}

/// Whether what a call came to is what another thread's `shutdown()` makes of one that sleeps. A FIN of the peer's would have ended a
/// `recv()` just so.
fn is_shut_meanwhile(call: &Call, came: CallState<'_>, facts: &CallFacts) -> bool {
    let Some(how) = facts.course.shut_by_other.filter(|_| facts.course.slept) else { return false };
    match (call, came) {
        (Call::Accept { .. }, CallState::Error(Errno(libc::EINVAL))) => how != How::Write,
        (Call::Connect { .. }, CallState::Error(Errno(libc::ECONNRESET | libc::EPIPE))) => !facts.after.reset,
        (Call::Send { .. } | Call::SendTo { .. }, CallState::Error(Errno(libc::EPIPE))) => how != How::Read,
        (Call::Recv { .. } | Call::RecvFrom { .. }, CallState::Returned(returned)) => {
            returned.value == 0 && how != How::Write && !facts.after.fin && !facts.after.fin_delivered
        }
        _ => false,
    }
}

/// The error's number, for a `match` with the constants of `errno(3)`.
fn number(came: CallState<'_>) -> Option<i32> {
    match came {
        CallState::Error(Errno(number)) => Some(number),
        _ => None,
    }
}

fn first(of: &[(bool, Circumstance)]) -> Option<Circumstance> {
    of.iter().find(|(is, _)| *is).map(|(_, circumstance)| *circumstance)
}

fn bind(addr: SocketAddr, came: CallState<'_>, before: &Situation) -> Option<Circumstance> {
    if matches!(came, CallState::Returned(_)) {
        return first(&[(addr.port() == 0, NoPort)]);
    }
    match number(came)? {
        libc::EADDRINUSE if addr.port() == 0 => Some(NoPort),
        libc::EADDRINUSE => held(before),
        libc::EINVAL => first(&[(before.is_fresh() && !before.bound && addr.is_ipv6() != before.ipv6, OtherFamily)]),
        _ => None,
    }
}

/// Why a port can't be had: `inet_csk_bind_conflict()`. SO_REUSEADDR counts where both sockets have it and neither listens,
/// so where this one has it, it is the other one that hasn't.
fn held(before: &Situation) -> Option<Circumstance> {
    Some(match before.port_held_by? {
        PortHolder::Listener => Listening,
        _ if before.reuse => ReuseHereOnly,
        PortHolder::Bound => Bound,
        PortHolder::Connection => Connected,
        PortHolder::TimeWait => TimeWait,
    })
}

fn listen(backlog: i32, came: CallState<'_>, before: &Situation, now: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EADDRINUSE)) if before.bound => held(before),
        CallState::Error(Errno(libc::EADDRINUSE)) => Some(NoPort),
        CallState::Error(Errno(libc::EINVAL)) => {
            first(&[(before.attempted && before.state == State::Closed, Attempted), (before.is_over(), Over)])
        }
        CallState::Returned(_) => first(&[
            (before.state == State::Listen, Listening),
            (!before.bound && before.bind_failed, BindFailed),
            (!before.bound, Unbound),
            (now.state == State::Listen && u32::try_from(backlog) != Ok(now.send_queue), Capped),
        ]),
        _ => None,
    }
}

fn accept(came: CallState<'_>, before: &Situation, after: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EINVAL)) => {
            first(&[(before.is_connected(), Connected), (before.is_over(), Over), (before.stopped_listening, Shut)])
        }
        CallState::Returned(_) => first(&[
            (after.reset, Reset),
            (after.fin_delivered, PeerClosed),
            // Linux hands out nothing half open but what Fast Open's data came with (`tcp_fastopen_create_child()`).
            (after.half_open, Connecting),
        ]),
        CallState::Blocks => first(&[(before.defers, Defers)]),
        CallState::Error(_) => None,
    }
}

/// Whether a SYN that is to go with the first bytes wasn't seen to go.
fn waits_for_its_syn(now: &Situation) -> bool {
    now.fast_open && now.state == State::SynSent && !now.seen
}

fn connect(came: CallState<'_>, facts: &CallFacts, before: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EISCONN)) => first(&[
            (before.state == State::Listen || before.listens, Listening),
            (before.is_over(), Over),
            (before.fast_open && before.state == State::SynSent, SynLater),
        ]),
        // Nobody waited for the connection, so that the kernel still counts the socket as connecting (`__inet_stream_connect()`).
        CallState::Error(Errno(libc::ECONNRESET | libc::ECONNABORTED | libc::ETIMEDOUT | libc::EPIPE)) => {
            first(&[(before.attempted && before.was_connected, Over)])
        }
        CallState::Returned(_) => first(&[
            // `tcp_v4_connect()` leaves the SYN to `send()` where the kernel has a cookie; else the call would have waited.
            (before.fast_open && !facts.course.sent_syn && !facts.course.slept && !before.is_connecting(), SynLater),
            (facts.now.to_itself, ToItself),
            (facts.now.simultaneous, Simultaneous),
        ]),
        CallState::Error(Errno(libc::EINTR)) => first(&[(waits_for_its_syn(&facts.after), SynLater)]),
        CallState::Blocks => first(&[
            (waits_for_its_syn(before), SynLater),
            (before.to_itself, ToItself),
            (before.state == State::SynRecv, Simultaneous),
            (before.queue_full, QueueFull),
            // It waits for what another call has begun.
            (facts.before.is_connecting(), Connecting),
        ]),
        CallState::Error(_) => None,
    }
}

fn send(
    kept: usize,
    flags: MessageFlags,
    came: CallState<'_>,
    (before, facts): (&Situation, &CallFacts),
) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EPIPE)) => first(&[
            (before.state == State::Listen, Listening),
            (facts.after.reset && before.was_connected, Reset),
            // Where `shutdown()` sent a FIN, the state is another one.
            (before.shut.write && before.may_send(), ShutEarly),
            (before.shut.write && before.was_connected, Shut),
            (!before.was_connected && before.refused, Refused),
            (!before.was_connected, NeverConnected),
            (before.is_over(), Over),
        ]),
        CallState::Error(Errno(libc::EAGAIN)) | CallState::Blocks => first(&[(before.is_connecting(), Connecting)]),
        CallState::Returned(returned) => {
            // Of what a program sends the trace keeps no more than the first bytes.
            let (offered, counted) = match facts.course.offered {
                Some(OfferedBytes::Exactly(offered)) => (offered, true),
                Some(OfferedBytes::AtLeast(offered)) => (offered, false),
                None => (kept, true),
            };
            let taken = usize::try_from(returned.value).unwrap_or(0);
            first(&[
                (taken < offered, Short),
                (!counted, CountTaken),
                (is_corked(taken, flags, before, &facts.course), Corked),
                (before.fin, PeerClosed),
                (before.peer_accepted == Some(false), NotAccepted),
            ])
        }
        CallState::Error(_) => None,
    }
}

/// Whether TCP_CORK or MSG_MORE alone keeps bytes from being sent: nothing of them went, and what is full or waits for a window isn't
/// held by that.
fn is_corked(taken: usize, flags: MessageFlags, before: &Situation, course: &CallCourse) -> bool {
    /// A segment without the option of its size has room for so many bytes (RFC 9293).
    const LEAST_SEGMENT: usize = 536;
    let asked = before.corked || flags.has(MessageFlags::MORE);
    asked && before.is_connected() && before.seen && !course.sent_data && taken < LEAST_SEGMENT
}

/// What AF_UNSPEC did: `tcp_disconnect()` sends a RST only where `tcp_need_reset()` says so, or where bytes are left behind a FIN.
fn dissolves(before: &Situation, course: &CallCourse) -> Circumstance {
    if before.is_listener() {
        return Listening;
    }
    let needs = before.may_send() || matches!(before.state, State::FinWait1 | State::FinWait2 | State::SynRecv);
    if course.sent_reset || !before.seen && needs && !before.repair { Dissolves } else { DissolvesQuietly }
}

/// On a stream no byte is nothing at all.
fn nothing_sent(data: &[u8], came: CallState<'_>) -> Option<Circumstance> {
    matches!((data, came), ([], CallState::Returned(_))).then_some(NothingAsked)
}

/// What a list of addresses was made from.
fn looked_up(lookup: &Lookup, came: CallState<'_>) -> Option<Circumstance> {
    let CallState::Returned(_) = came else { return None };
    let asked: Option<u64> = lookup.service.as_ref().and_then(|service| service.parse().ok());
    first(&[
        // A libc that checks it fails with EAI_SERVICE.
        (asked.is_some_and(|port| port > u64::from(u16::MAX)), PortTooGreat),
        (lookup.node.is_none(), NullHost),
        (lookup.node.as_ref().is_some_and(|node| is_numeric(node)), NumericHost),
    ])
}

/// Whether libc takes a host for an address: as `inet_aton(3)` and `inet_pton(3)` do.
fn is_numeric(node: &str) -> bool {
    let part = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).is_ok(),
        None => part.parse::<u32>().is_ok(),
    };
    // An address of IPv6 may have its interface behind it.
    let address = node.split_once('%').map_or(node, |(address, _)| address);
    address.parse::<Ipv6Addr>().is_ok() || node.split('.').count() <= 4 && node.split('.').all(part)
}

/// What MSG_FASTOPEN makes of the outcome of `sendto()`.
fn fast_open(came: CallState<'_>) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EINPROGRESS | libc::EOPNOTSUPP | libc::EISCONN)) | CallState::Blocks => {
            Some(FastOpen)
        }
        _ => None,
    }
}

/// What a flag of `recv()` makes of its outcome.
fn with_flags(flags: MessageFlags, asked: usize, came: CallState<'_>) -> Option<Circumstance> {
    let urgent = flags.has(MessageFlags::OUT_OF_BAND);
    let all = flags.has(MessageFlags::WAIT_ALL);
    let fewer = |value: i64| value > 0 && usize::try_from(value).is_ok_and(|got| got < asked);
    match came {
        CallState::Error(Errno(libc::EINVAL | libc::EAGAIN)) => urgent.then_some(OutOfBand),
        CallState::Blocks => first(&[(all && flags.has(MessageFlags::PEEK), PeekAll), (all, WaitAll)]),
        CallState::Returned(returned) if urgent && returned.value == 1 => Some(OutOfBand),
        CallState::Returned(returned) => (all && fewer(returned.value)).then_some(WaitAll),
        CallState::Error(_) => None,
    }
}

fn recv(asked: usize, came: CallState<'_>, before: &Situation, after: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::ENOTCONN)) => {
            first(&[(before.state == State::Listen, Listening), (before.refused && !before.was_connected, Refused)])
        }
        CallState::Error(Errno(libc::EPERM)) => first(&[(before.repair, Repair)]),
        CallState::Error(Errno(libc::EAGAIN)) | CallState::Blocks => first(&[(before.is_connecting(), Connecting)]),
        CallState::Returned(returned) if returned.value == 0 => {
            let ended = after.fin || after.fin_delivered;
            first(&[
                (asked == 0, NothingAsked),
                // The FIN is the end, whatever came after it.
                (ended && before.may_send() && !before.shut.write, PeerClosed),
                (ended && after.reset && !before.shut.write, ResetAfterFin),
                (ended, BothEnded),
                (before.told && !before.was_connected, Over),
                (before.told, Reset),
                (before.shut_early, ShutEarly),
                (before.shut.read, Shut),
            ])
        }
        CallState::Returned(returned) => {
            first(&[(usize::try_from(returned.value).is_ok_and(|got| got < asked), Short)])
        }
        CallState::Error(_) => None,
    }
}

fn shutdown(how: How, came: CallState<'_>, before: &Situation) -> Option<Circumstance> {
    let (reads, writes) = (how != How::Write, how != How::Read);
    let sends = before.may_send();
    let listens = before.is_listener();
    let is_ended = (!reads || before.shut.read) && (!writes || !sends);
    match came {
        CallState::Error(Errno(libc::ENOTCONN)) => first(&[(before.is_over(), Over)]),
        CallState::Returned(_) => first(&[
            (listens && reads, Listening),
            (listens, NoEffect),
            (before.state == State::SynSent, Connecting),
            (before.state == State::SynRecv && writes, Simultaneous),
            (before.is_connected() && is_ended, AlreadyShut),
            (before.is_connected() && reads && !(writes && sends), OnlyReading),
            (before.to_itself && sends, ToItself),
            (before.state == State::CloseWait, LastDirection),
            (before.state == State::Established && reads, BothWays),
            (before.state == State::Established, Connected),
        ]),
        _ => None,
    }
}

fn waited(call: &Call, came: CallState<'_>) -> Option<Circumstance> {
    let CallState::Returned(returned) = came else { return None };
    let polls = matches!(call, Call::Poll { .. });
    let is_not_open = |returned: &Returned| returned.revents.iter().any(|told| told.events.has(PollEvents::NVAL));
    first(&[
        (polls && is_not_open(returned), NotOpen),
        // What it doesn't look at it doesn't clear either.
        (returned.value == 0 && !returned.revents.is_empty(), BeyondTable),
        (returned.value == 0, NothingReady),
    ])
}

fn close(came: CallState<'_>, before: &Situation, course: &CallCourse) -> Option<Circumstance> {
    let sends = before.may_send();
    // The kernel counts the other end's FIN in the receive queue, as one more byte, until recv() has returned 0.
    let counts_fin = matches!(before.state, State::CloseWait | State::LastAck | State::Closing);
    let unread = before.recv_queue > u32::from(counts_fin);
    let waits = before.is_connected() && before.linger.is_some_and(|seconds| seconds > 0) && course.slept;
    let is_last = matches!(before.state, State::LastAck | State::Closing);
    let silent = !course.sent_reset && !course.sent_fin;
    let quiet = silent && before.seen;
    // The kernel's word may be older than the connection, where nobody held the program: what came and what was ended tells.
    let told_over = before.reset || before.fin_delivered && before.shut.write;
    let is_over = before.is_over() && before.state == State::Closed && told_over;
    match came {
        CallState::Blocks => first(&[(before.linger.is_some(), Lingered)]),
        CallState::Returned(_) => first(&[
            (before.state == State::Listen && before.port_held_by == Some(PortHolder::Listener), NoEffect),
            (before.is_listener(), Listening),
            (before.state == State::SynSent, Connecting),
            (before.state == State::SynRecv && course.sent_fin, Simultaneous),
            // What went out tells more than what was to be expected.
            (course.sent_reset && unread && !sends && before.shut.write, UnreadAfterFin),
            (course.sent_reset && unread, Unread),
            (course.sent_reset && before.linger == Some(0), LingerZero),
            (course.sent_reset, ResetSent),
            (before.is_connected() && before.repair && quiet, Repair),
            (before.linger == Some(0) && is_last && quiet, ThrownAway),
            (before.is_connected() && !before.seen && (unread || before.linger == Some(0)), Unseen),
            (waits && course.fin_acknowledged, Lingered),
            (waits, LingerOver),
            (sends && before.send_queue > 0, Unsent),
            (is_over && silent, Over),
            (before.state == State::TimeWait && silent, TimeWait),
            // A program's close() may have taken its effect before anybody was told of it.
            (before.is_connected() && !sends && (before.shut.write || !course.sent_fin), FinSent),
            (before.is_connected() && course.sent_fin, Connected),
            (before.open && before.is_fresh() && !before.attempted && silent, NeverConnected),
        ]),
        CallState::Error(_) => None,
    }
}
