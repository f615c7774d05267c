//! The one fact that tells the reasons of an outcome apart.

use std::net::SocketAddr;

use super::{Came, Situation};
use crate::model::{Call, Errno, How};
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
    /// The socket is for datagrams: what is told of TCP isn't so of it.
    Datagrams,
}

use Circumstance::*;

impl Circumstance {
    /// Which reason it is, from what was known of the descriptor before the call; for a call that blocks, from what is
    /// known now. `None` where the outcome has one reason only, or where the facts don't tell.
    pub fn of(call: &Call, came: Came<'_>, before: &Situation) -> Option<Circumstance> {
        if before.udp {
            return Some(Datagrams);
        }
        match call {
            Call::Bind { addr, .. } => bind(*addr, came, before),
            Call::Listen { .. } => listen(came, before),
            Call::Accept { .. } => accept(came, before),
            Call::Connect { .. } => connect(came, before),
            Call::Send { data, .. } => send(data.len(), came, before),
            Call::Recv { len, .. } => recv(*len, came, before),
            Call::Shutdown { how, .. } => shutdown(*how, came, before),
            Call::Close { .. } => close(came, before),
            _ => None,
        }
    }
}

/// The error's number, for a `match` with the constants of `errno(3)`.
fn number(came: Came<'_>) -> Option<i32> {
    match came {
        Came::Error(Errno(number)) => Some(number),
        _ => None,
    }
}

fn first(of: &[(bool, Circumstance)]) -> Option<Circumstance> {
    of.iter().find(|(is, _)| *is).map(|(_, circumstance)| *circumstance)
}

fn bind(addr: SocketAddr, came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match number(came)? {
        libc::EADDRINUSE => {
            first(&[(addr.port() == 0, NoPort), (before.port_held_by == Some(State::TimeWait), TimeWait)])
        }
        libc::EINVAL => first(&[(before.is_fresh() && !before.bound && addr.is_ipv6() != before.ipv6, OtherFamily)]),
        _ => None,
    }
}

fn listen(came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match came {
        Came::Error(Errno(libc::EADDRINUSE)) => first(&[(!before.bound, NoPort)]),
        Came::Error(Errno(libc::EINVAL)) => first(&[(before.is_over(), Over)]),
        Came::Returned(_) => first(&[(before.state == State::Listen, Listening), (!before.bound, Unbound)]),
        _ => None,
    }
}

fn accept(came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match number(came)? {
        libc::EINVAL => first(&[(before.is_connected(), Connected), (before.shut.read, Shut)]),
        _ => None,
    }
}

fn connect(came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match came {
        Came::Error(Errno(libc::EISCONN)) => {
            first(&[(before.state == State::Listen, Listening), (before.is_over(), Over)])
        }
        Came::Blocks => first(&[(before.queue_full, QueueFull)]),
        _ => None,
    }
}

fn send(asked: usize, came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    let connecting = (before.is_connecting(), Connecting);
    match came {
        Came::Error(Errno(libc::EPIPE)) => first(&[
            (before.state == State::Listen, Listening),
            (before.reset && before.was_connected, Reset),
            (before.shut.write, Shut),
            (!before.was_connected, NeverConnected),
            (before.is_over(), Over),
        ]),
        Came::Error(Errno(libc::EAGAIN)) | Came::Blocks => first(&[connecting]),
        Came::Returned(returned) => first(&[
            (usize::try_from(returned.value).is_ok_and(|sent| sent < asked), Short),
            (before.fin, PeerClosed),
            (before.peer_accepted == Some(false), NotAccepted),
        ]),
        _ => None,
    }
}

fn recv(asked: usize, came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match came {
        Came::Error(Errno(libc::ENOTCONN)) => first(&[(before.state == State::Listen, Listening)]),
        Came::Error(Errno(libc::EAGAIN)) | Came::Blocks => first(&[(before.is_connecting(), Connecting)]),
        Came::Returned(returned) if returned.value == 0 && asked > 0 => first(&[
            // The FIN is the end, whatever came after it.
            (before.fin, PeerClosed),
            (before.told && !before.was_connected, Over),
            (before.reset || before.told, Reset),
            (before.shut.read, Shut),
            (true, PeerClosed),
        ]),
        Came::Returned(returned) => {
            first(&[(usize::try_from(returned.value).is_ok_and(|got| got > 0 && got < asked), Short)])
        }
        _ => None,
    }
}

fn shutdown(how: How, came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    match came {
        Came::Error(Errno(libc::ENOTCONN)) => first(&[(before.is_over(), Over)]),
        Came::Returned(_) => first(&[
            (before.state == State::Listen && how != How::Write, Listening),
            (before.is_connecting(), Connecting),
            (before.is_connected() && how == How::Read, OnlyReading),
            (matches!(before.state, State::Established | State::CloseWait), Connected),
        ]),
        _ => None,
    }
}

fn close(came: Came<'_>, before: &Situation) -> Option<Circumstance> {
    // The kernel counts the other end's FIN in the receive queue, as one more byte, until recv() has returned 0.
    let unread = before.recv_queue > u32::from(before.state == State::CloseWait);
    match came {
        Came::Returned(_) => first(&[
            (before.state == State::Listen, Listening),
            (before.is_connecting(), Connecting),
            (before.is_connected() && unread, Unread),
            (matches!(before.state, State::Established | State::CloseWait) && before.send_queue > 0, Unsent),
        ]),
        _ => None,
    }
}
