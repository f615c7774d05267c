//! What the calls on a descriptor tell of it: how it was made, and what its program set and ended since.

use std::collections::BTreeMap;

use crate::model::{Actor, Call, CallView, Errno, How, Moment, Returned, SocketOption, SocketView, View};
use crate::tcp::State;

use super::situation::{ShutDirections, Situation};

/// The calls on a descriptor since it was made.
pub(super) struct DescriptorHistory<'a> {
    /// The oldest first.
    pub(super) calls: Vec<CallView<'a>>,
    /// The entry at which it was made.
    pub(super) since: Moment,
    pub(super) ipv6: bool,
    pub(super) udp: bool,
    /// The call by which it was accepted, and what that told; `None` where `socket()` made it.
    pub(super) accepted: Option<(CallView<'a>, &'a Returned)>,
}

impl<'a> DescriptorHistory<'a> {
    /// `None` where the side has no such descriptor then. Where several are of one socket, the calls on all of them.
    pub(super) fn of(view: &View<'a>, actor: Actor, fd: i32) -> Option<DescriptorHistory<'a>> {
        let mut calls = Vec::new();
        for call in view.own_calls(actor) {
            let Some(Ok(returned)) = call.outcome else {
                calls.extend((call.call.fd() == Some(fd)).then_some(call));
                continue;
            };
            let made = returned.value == i64::from(fd);
            let (ipv6, udp, accepted) = match call.call {
                Call::Close { fd: closed } if *closed == fd => return None,
                Call::Dup { fd: of } if made || *of == fd => return SharedSocket::of(view, actor, fd)?.history(),
                Call::Socket { ipv6, udp } if made => (*ipv6, *udp, None),
                Call::Accept { .. } if made => {
                    (returned.peer.is_some_and(|peer| peer.is_ipv6()), false, Some((call, returned)))
                }
                other => {
                    calls.extend((other.fd() == Some(fd)).then_some(call));
                    continue;
                }
            };
            calls.reverse();
            return Some(DescriptorHistory { calls, since: call.changed, ipv6, udp, accepted });
        }
        None
    }

    /// The listener that it was accepted from, as it was then.
    pub(super) fn listener(&self, view: &View<'a>) -> Option<(i32, DescriptorHistory<'a>)> {
        let (call, _) = self.accepted.as_ref()?;
        let fd = call.call.fd()?;
        Some((fd, DescriptorHistory::of(&view.trace().at(call.entered), call.caller.actor, fd)?))
    }

    /// Whether a call has told since this entry that there is a connection: `connect()` has succeeded, or bytes went or came.
    pub(super) fn has_connected_since(&self, since: Moment) -> bool {
        self.calls.iter().any(|call| {
            let value = call.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| returned.value);
            let tells = match call.call {
                Call::Connect { .. } => value == Some(0),
                Call::SendTo { .. } if call.call.connects_to().is_some() => value.is_some(),
                Call::Send { .. } | Call::Recv { .. } => value > Some(0),
                _ => false,
            };
            tells && call.changed > since
        })
    }

    /// Notes in a situation what these calls set, ended and were told.
    pub(super) fn tell(&self, view: &View<'a>, actor: Actor, fd: i32, found: &mut Situation) {
        if let Some((listener, past)) = self.listener(view) {
            // A new connection has its listener's options, and the directions that were ended in it.
            past.tell(view, actor, listener, found);
            (found.told, found.bound, found.was_connected) = (false, true, true);
        }
        for call in &self.calls {
            let state = || state_of(&view.trace().at(call.entered), actor, fd, self.since);
            learn(found, call, state);
        }
    }
}

/// A socket of a side, by the calls that made, copied and closed its descriptors.
pub(super) struct SharedSocket<'a> {
    /// The call that made it, which was `socket()` or `accept()`.
    maker: CallView<'a>,
    /// The calls on any of its descriptors since, the oldest first.
    calls: Vec<CallView<'a>>,
    /// The descriptors that are open at the view's moment.
    pub(super) fds: Vec<i32>,
}

impl<'a> SharedSocket<'a> {
    /// The one that a descriptor is of; `None` where the side has none of this number then.
    pub(super) fn of(view: &View<'a>, actor: Actor, fd: i32) -> Option<SharedSocket<'a>> {
        let mut calls: Vec<CallView<'a>> = view.own_calls(actor).collect();
        calls.reverse();
        // Which socket each open descriptor is of: by the place of the call that made it.
        let mut open: BTreeMap<i32, usize> = BTreeMap::new();
        let mut made_on: Vec<Option<usize>> = Vec::with_capacity(calls.len());
        for (place, call) in calls.iter().enumerate() {
            let on = call.call.fd().and_then(|fd| open.get(&fd).copied());
            made_on.push(on);
            let Some(Ok(returned)) = call.outcome else { continue };
            let made = i32::try_from(returned.value).unwrap_or(-1);
            match (call.call, on) {
                (Call::Socket { .. } | Call::Accept { .. }, _) => drop(open.insert(made, place)),
                (Call::Dup { .. }, Some(on)) => drop(open.insert(made, on)),
                (Call::Close { fd }, _) => drop(open.remove(fd)),
                _ => {}
            }
        }
        let maker = *open.get(&fd)?;
        let fds = open.iter().filter(|(_, of)| **of == maker).map(|(fd, _)| *fd).collect();
        let on = calls.iter().zip(&made_on).filter(|(_, on)| **on == Some(maker)).map(|(call, _)| *call);
        Some(SharedSocket { maker: calls[maker], calls: on.collect(), fds })
    }

    /// What its calls tell.
    fn history(self) -> Option<DescriptorHistory<'a>> {
        let Some(Ok(returned)) = self.maker.outcome else { return None };
        let (ipv6, udp, accepted) = match self.maker.call {
            Call::Socket { ipv6, udp } => (*ipv6, *udp, None),
            _ => (returned.peer.is_some_and(|peer| peer.is_ipv6()), false, Some((self.maker, returned))),
        };
        Some(DescriptorHistory { calls: self.calls, since: self.maker.changed, ipv6, udp, accepted })
    }

    /// Whether one of its descriptors was made by `dup()`.
    pub(super) fn was_copied(&self) -> bool {
        self.calls.iter().any(|call| matches!((call.call, call.outcome), (Call::Dup { .. }, Some(Ok(_)))))
    }
}

/// What one call tells; `state` is what the kernel said of the socket when the call was entered.
fn learn(found: &mut Situation, call: &CallView<'_>, state: impl Fn() -> State) {
    let Some(outcome) = call.outcome else { return };
    match (call.call, outcome) {
        (Call::Bind { .. }, Ok(_)) => found.bound = true,
        (Call::Listen { .. }, Ok(_)) => (found.bound, found.stopped_listening) = (true, false),
        (Call::Connect { .. }, Ok(_)) => (found.was_connected, found.attempted, found.told) = (true, false, false),
        (call @ Call::SendTo { .. }, Ok(_)) if call.connects_to().is_some() => {
            (found.was_connected, found.attempted, found.told) = (true, false, false);
        }
        (call, Err(Errno(libc::EINPROGRESS | libc::EINTR))) if call.connects_to().is_some() => {
            (found.told, found.attempted) = (false, true);
        }
        // The kernel takes the socket back to what it was: `tcp_disconnect()`.
        (Call::Connect { .. }, Err(errno)) if ends_attempt(*errno) => {
            (found.told, found.attempted) = (true, false);
            (found.shut, found.shut_early) = (ShutDirections::default(), false);
        }
        (Call::Dissolve { .. }, Ok(_)) => {
            (found.was_connected, found.attempted, found.told, found.stopped_listening) = (false, false, false, false);
            (found.shut, found.shut_early) = (ShutDirections::default(), false);
        }
        (Call::Shutdown { how, .. }, outcome) => shut(found, *how, outcome.is_ok(), &state),
        (Call::SetOption { option, value, .. }, Ok(_)) => match *option {
            SocketOption::LINGER => found.linger = (*value >= 0).then_some(*value),
            SocketOption::REUSE_ADDR => found.reuse = *value != 0,
            SocketOption::REUSE_PORT => found.reuse_port = *value != 0,
            SocketOption::DEFER_ACCEPT => found.defers = *value != 0,
            _ => {}
        },
        (_, Err(Errno(libc::ECONNRESET | libc::ECONNREFUSED | libc::ETIMEDOUT))) => found.told = true,
        _ => {}
    }
}

fn ends_attempt(Errno(number): Errno) -> bool {
    matches!(number, libc::ECONNREFUSED | libc::ETIMEDOUT | libc::ECONNRESET | libc::ECONNABORTED)
}

/// `inet_shutdown()`: an attempt to connect and a listener go back to CLOSED, with nothing ended; else the direction
/// is, also where the call fails since there is no connection yet.
fn shut(found: &mut Situation, how: How, worked: bool, state: &impl Fn() -> State) {
    match state() {
        State::SynSent if worked => (found.shut, found.attempted) = (ShutDirections::default(), false),
        State::Listen if how == How::Write => {}
        State::Listen if worked => found.shut = ShutDirections::default(),
        _ => {
            found.shut.read |= how != How::Write;
            found.shut.write |= how != How::Read;
            found.shut_early |= !worked && !found.was_connected;
        }
    }
    found.stopped_listening |= worked && how != How::Write && state() == State::Listen;
}

/// The state of a descriptor's socket at one moment.
fn state_of(view: &View<'_>, actor: Actor, fd: i32, since: Moment) -> State {
    socket_of(view, actor, fd, since).and_then(|socket| socket.state.tcp()).unwrap_or(State::Closed)
}

/// The kernel's socket of a descriptor; where it is gone, the last that was known of it.
pub(super) fn socket_of<'a>(view: &View<'a>, actor: Actor, fd: i32, since: Moment) -> Option<SocketView<'a>> {
    // What was last said before the descriptor was made is of an earlier socket with its number.
    let is = |socket: &SocketView<'_>| {
        socket.facts.actor() == Some(actor) && socket.facts.has_fd(fd) && socket.changed >= since
    };
    view.living().find(is).or_else(|| view.gone().find(is))
}
