//! The one fact that tells the reasons of an outcome apart.

use std::net::SocketAddr;

use super::situation::{PortHolder, Situation};
use super::{CallCourse, CallFacts, CallState};
use crate::model::{Call, Errno, How, MessageFlags};
use crate::tcp::State;

/// Which of the reasons that an outcome can have is the case. The names are those of the asset, in kebab-case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Circumstance {
    /// The socket was never connected.
    NeverConnected,
    /// It has no address of its own yet.
    Unbound,
    /// The kernel is to choose the port itself.
    NoPort,
    /// The address is one of IPv4 where the socket is one of IPv6, or the other way round.
    OtherFamily,
    /// An old connection in TIME_WAIT has the port.
    TimeWait,
    /// The socket listens.
    Listening,
    /// The listener at the destination has no room for one more connection.
    QueueFull,
    /// The handshake isn't done yet: SYN_SENT or SYN_RECV.
    Connecting,
    /// The socket is one end of a connection that stands.
    Connected,
    /// The other program hasn't called `accept()` yet.
    NotAccepted,
    /// The own program has called `shutdown()` for this direction.
    Shut,
    /// The peer's FIN has come: it sends no more.
    PeerClosed,
    /// The peer's RST has ended the connection.
    Reset,
    /// There was a connection, and it is over.
    Over,
    /// Less was done than was asked for.
    Short,
    /// Received bytes were not read.
    Unread,
    /// Bytes wait to be sent or acknowledged.
    Unsent,
    /// Only the direction of receiving is ended.
    OnlyReading,
    /// Sending and receiving are both ended by the own program.
    BothWays,
    /// The peer's FIN had come, and now the own direction is ended too.
    LastDirection,
    /// The peer's FIN has come, and the own direction is ended too.
    BothEnded,
    /// The own program had called `shutdown()` for this direction before there was a connection.
    ShutEarly,
    /// Nothing comes of it.
    NoEffect,
    /// SO_REUSEADDR is set on this socket, and isn't on the one that has the port.
    ReuseHereOnly,
    /// Another socket is bound to the port, and does nothing else.
    Bound,
    /// The kernel took another number than it was given.
    Capped,
    /// A connection is handed out only when data has come: TCP_DEFER_ACCEPT.
    Defers,
    /// The socket is connected to itself, or about to be.
    ToItself,
    /// Both ends have sent a SYN.
    Simultaneous,
    /// Nothing became ready in time.
    NothingReady,
    /// No byte was asked for.
    NothingAsked,
    /// SO_LINGER of 0 seconds.
    LingerZero,
    /// SO_LINGER: all was acknowledged while the call waited.
    Lingered,
    /// SO_LINGER: its time was over before all was acknowledged.
    LingerOver,
    /// A RST was sent, and what is known doesn't say why.
    ResetSent,
    /// Segments aren't seen here, so that what was sent isn't known.
    Unseen,
    /// The attempt to connect was refused.
    Refused,
    /// The kernel has given up.
    GaveUp,
    /// There is something to take.
    Ready,
    /// Nobody that is known has the port any more.
    Free,
    /// The socket is for datagrams: what is told of TCP isn't so of it.
    Datagrams,
    /// Urgent data was asked for: MSG_OOB.
    OutOfBand,
    /// All bytes were to be waited for: MSG_WAITALL.
    WaitAll,
    /// The call is to connect, too: MSG_FASTOPEN.
    FastOpen,
    /// A connection is to be dissolved: AF_UNSPEC.
    Dissolves,
}

use Circumstance::*;

impl Circumstance {
    /// Which reason it is. `None` where the outcome has one reason only, or where the facts don't tell.
    pub fn of(call: &Call, came: CallState<'_>, facts: &CallFacts) -> Option<Circumstance> {
        // Of a call that still sleeps, it is the present that explains it.
        let before = if came == CallState::Blocks { &facts.now } else { &facts.before };
        if before.udp {
            return Some(Datagrams);
        }
        match call {
            Call::Bind { addr, .. } => bind(*addr, came, before),
            Call::Listen { backlog, .. } => listen(*backlog, came, before, &facts.now),
            Call::Accept { .. } => accept(came, before, &facts.after),
            Call::Connect { .. } => connect(came, before, &facts.now),
            Call::Dissolve { .. } if matches!(came, CallState::Returned(_)) => Some(Dissolves),
            Call::Send { data, .. } => send(data.len(), came, before, &facts.after),
            Call::Recv { len, flags, .. } => {
                with_flags(*flags, *len, came).or_else(|| recv(*len, came, before, &facts.after))
            }
            Call::SendTo { .. } => call.connects_to().and_then(|_| fast_open(came)),
            Call::Shutdown { how, .. } => shutdown(*how, came, before),
            Call::Close { .. } => close(came, before, &facts.course),
            Call::Poll { .. } => poll(came),
            _ => None,
        }
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
        CallState::Error(Errno(libc::EINVAL)) => first(&[(before.is_over(), Over)]),
        CallState::Returned(_) => first(&[
            (before.state == State::Listen, Listening),
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
        CallState::Returned(_) => first(&[(after.reset, Reset), (after.fin_delivered, PeerClosed)]),
        CallState::Blocks => first(&[(before.defers, Defers)]),
        CallState::Error(_) => None,
    }
}

fn connect(came: CallState<'_>, before: &Situation, now: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EISCONN)) => {
            first(&[(before.state == State::Listen, Listening), (before.is_over(), Over)])
        }
        CallState::Returned(_) => first(&[(now.to_itself, ToItself), (now.simultaneous, Simultaneous)]),
        CallState::Blocks => first(&[
            (before.to_itself, ToItself),
            (before.state == State::SynRecv, Simultaneous),
            (before.queue_full, QueueFull),
        ]),
        CallState::Error(_) => None,
    }
}

fn send(asked: usize, came: CallState<'_>, before: &Situation, after: &Situation) -> Option<Circumstance> {
    let connecting = (before.is_connecting(), Connecting);
    match came {
        CallState::Error(Errno(libc::EPIPE)) => first(&[
            (before.state == State::Listen, Listening),
            (after.reset && before.was_connected, Reset),
            // Where `shutdown()` sent a FIN, the state is another one.
            (before.shut.write && matches!(before.state, State::Established | State::CloseWait), ShutEarly),
            (before.shut.write && before.was_connected, Shut),
            (!before.was_connected, NeverConnected),
            (before.is_over(), Over),
        ]),
        CallState::Error(Errno(libc::EAGAIN)) | CallState::Blocks => first(&[connecting]),
        CallState::Returned(returned) => first(&[
            (usize::try_from(returned.value).is_ok_and(|sent| sent < asked), Short),
            (before.fin, PeerClosed),
            (before.peer_accepted == Some(false), NotAccepted),
        ]),
        CallState::Error(_) => None,
    }
}

/// What MSG_FASTOPEN makes of the outcome of `sendto()`.
fn fast_open(came: CallState<'_>) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::EINPROGRESS | libc::EOPNOTSUPP)) | CallState::Blocks => Some(FastOpen),
        _ => None,
    }
}

/// What a flag of `recv()` makes of its outcome.
fn with_flags(flags: MessageFlags, asked: usize, came: CallState<'_>) -> Option<Circumstance> {
    let urgent = flags.has(MessageFlags::OUT_OF_BAND);
    let fewer = |value: i64| value > 0 && usize::try_from(value).is_ok_and(|got| got < asked);
    match came {
        CallState::Error(Errno(libc::EINVAL | libc::EAGAIN)) => urgent.then_some(OutOfBand),
        CallState::Blocks => flags.has(MessageFlags::WAIT_ALL).then_some(WaitAll),
        CallState::Returned(returned) if urgent && returned.value == 1 => Some(OutOfBand),
        CallState::Returned(returned) => {
            (flags.has(MessageFlags::WAIT_ALL) && fewer(returned.value)).then_some(WaitAll)
        }
        CallState::Error(_) => None,
    }
}

fn recv(asked: usize, came: CallState<'_>, before: &Situation, after: &Situation) -> Option<Circumstance> {
    match came {
        CallState::Error(Errno(libc::ENOTCONN)) => first(&[(before.state == State::Listen, Listening)]),
        CallState::Error(Errno(libc::EAGAIN)) | CallState::Blocks => first(&[(before.is_connecting(), Connecting)]),
        CallState::Returned(returned) if returned.value == 0 => {
            let ended = after.fin || after.fin_delivered;
            let sends = matches!(before.state, State::Established | State::CloseWait);
            first(&[
                (asked == 0, NothingAsked),
                // The FIN is the end, whatever came after it.
                (ended && sends && !before.shut.write, PeerClosed),
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
    let sends = matches!(before.state, State::Established | State::CloseWait);
    match came {
        CallState::Error(Errno(libc::ENOTCONN)) => first(&[(before.is_over(), Over)]),
        CallState::Returned(_) => first(&[
            (before.state == State::Listen && reads, Listening),
            (before.state == State::Listen, NoEffect),
            (before.state == State::SynSent, Connecting),
            (before.state == State::SynRecv && writes, Simultaneous),
            (before.is_connected() && reads && !(writes && sends), OnlyReading),
            (before.to_itself && sends, ToItself),
            (before.state == State::CloseWait, LastDirection),
            (before.state == State::Established && reads, BothWays),
            (before.state == State::Established, Connected),
        ]),
        _ => None,
    }
}

fn poll(came: CallState<'_>) -> Option<Circumstance> {
    match came {
        CallState::Returned(returned) => first(&[(returned.value == 0, NothingReady)]),
        _ => None,
    }
}

fn close(came: CallState<'_>, before: &Situation, course: &CallCourse) -> Option<Circumstance> {
    // The kernel counts the other end's FIN in the receive queue, as one more byte, until recv() has returned 0.
    let unread = before.recv_queue > u32::from(before.state == State::CloseWait);
    let waits = before.is_connected() && before.linger.is_some_and(|seconds| seconds > 0) && course.slept;
    match came {
        CallState::Blocks => first(&[(before.linger.is_some(), Lingered)]),
        CallState::Returned(_) => first(&[
            (before.state == State::Listen && before.port_held_by == Some(PortHolder::Listener), NoEffect),
            (before.state == State::Listen, Listening),
            (before.state == State::SynSent, Connecting),
            (before.state == State::SynRecv && course.sent_fin, Simultaneous),
            // What went out tells more than what was to be expected.
            (course.sent_reset && unread, Unread),
            (course.sent_reset && before.linger == Some(0), LingerZero),
            (course.sent_reset, ResetSent),
            (before.is_connected() && !before.seen && (unread || before.linger == Some(0)), Unseen),
            (waits && course.fin_acknowledged, Lingered),
            (waits, LingerOver),
            (matches!(before.state, State::Established | State::CloseWait) && before.send_queue > 0, Unsent),
        ]),
        CallState::Error(_) => None,
    }
}
