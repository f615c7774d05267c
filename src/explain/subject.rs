//! What is known of a descriptor at one moment, from the calls, the kernel's word and the wire.

use std::net::SocketAddr;

use super::descriptors::{maker, newest};
use super::epoll::is_instance;
use super::own_address::{OwnAddress, open_at, reached_by};
use super::past::{DescriptorHistory, socket_of};
use super::situation::{PortHolder, Situation, stands};
use super::wire::{self, AddressPair};
use crate::model::{Actor, Call, CallView, SocketState, SocketView, View};
use crate::tcp::State;

/// The most descriptors whose calls are offered: the newest ones.
const DESCRIPTORS: usize = 6;

impl Situation {
    /// What is known of the descriptor of this side's call at the view's moment.
    pub fn at(view: &View<'_>, actor: impl Into<Actor>, call: &Call) -> Situation {
        let actor = actor.into();
        let without = || {
            let epoll = call.fd().is_some_and(|fd| is_instance(view, actor, fd));
            Situation { epoll, ..Situation::without(call) }
        };
        Subject::at(view, actor, call).map_or_else(without, |subject| subject.look(view, call))
    }

    /// The side's newest descriptors, in the order in which they were made, and the last one that was closed. `server` is the
    /// address to which `bind()` is offered, for [`super::offers`].
    pub fn of_newest(view: &View<'_>, actor: Actor, server: SocketAddr) -> Vec<(i32, Situation)> {
        let (mut fds, mut closed): (Vec<i32>, Option<i32>) = (Vec::new(), None);
        for (fd, effect, call) in newest(view, actor) {
            match maker(view, effect, call) {
                Some(made) if made.call.makes_no_socket() => {}
                Some(_) => fds.push(fd),
                None => closed = closed.or(Some(fd)),
            }
            if fds.len() >= DESCRIPTORS {
                break;
            }
        }
        fds.extend(closed);
        fds.reverse();
        let situation = |fd| {
            // Of one that has an address, it matters who else has it; of another one, who has the one that it would get.
            let bound = Situation::at(view, actor, &Call::Close { fd });
            if bound.bound { bound } else { Situation::at(view, actor, &Call::Bind { fd, addr: server }) }
        };
        fds.into_iter().map(|fd| (fd, situation(fd))).collect()
    }

    /// The same of the descriptor on which a call is made, which may be a program's.
    pub(super) fn of_call(view: &View<'_>, call: &CallView<'_>) -> Situation {
        let of_program = || Situation::at(view, call.caller.actor, call.call);
        Subject::of_call(view, call).map_or_else(of_program, |subject| subject.look(view, call.call))
    }

    fn see(&mut self, view: &View<'_>, subject: &Subject<'_>, socket: &SocketView<'_>) {
        let facts = socket.facts;
        self.state = socket.state.tcp().unwrap_or(State::Closed);
        self.state_since = socket.state_since;
        self.was_connected |= socket.previous.and_then(SocketState::tcp).is_some_and(stands);
        self.was_connected |= socket.state == SocketState::Connected;
        self.bound |= facts.local.is_some() && !socket.gone;
        if !socket.gone {
            (self.recv_queue, self.send_queue) = (facts.recv_queue, facts.send_queue);
        }
        self.peer_accepted = subject.ends(view).and_then(|ends| peer_accepted(view, ends));
    }

    /// Other sockets that matter to the call.
    fn look_around(&mut self, view: &View<'_>, call: &Call, own: Option<&SocketView<'_>>) {
        let cookie = own.map(|socket| socket.facts.cookie);
        let others = || view.living().filter(|other| Some(other.facts.cookie) != cookie);
        let wanted = match call {
            Call::Bind { addr, .. } => Some(*addr),
            Call::Listen { .. } | Call::Close { .. } => own.and_then(|socket| socket.facts.local),
            _ => None,
        };
        if let Some(wanted) = wanted {
            let wanted = OwnAddress { addr: wanted, v6_only: self.v6_only };
            let held = others().filter(|other| OwnAddress::of(view, other).is_some_and(|own| own.overlaps(wanted)));
            // UDP has ports of its own.
            self.port_held_by = held.filter_map(|other| Some(holder(other.state.tcp()?, &other))).min();
        }
        if let Call::Connect { addr, .. } = call {
            let full = |other: &SocketView<'_>| other.facts.recv_queue > other.facts.send_queue;
            let mut listeners = open_at(view, reached_by(*addr, own), false).into_iter();
            self.listened = listeners.len() > 0;
            let ends = own.and_then(|socket| socket.facts.ends());
            let unanswered = ends.is_some_and(|ends| wire::syn_is_unanswered(view, ends));
            self.queue_full = unanswered && self.listened && listeners.all(|other| full(&other));
        }
    }
}

fn holder(state: State, socket: &SocketView<'_>) -> PortHolder {
    match state {
        State::Listen => PortHolder::Listener,
        State::TimeWait => PortHolder::TimeWait,
        _ if socket.facts.remote.is_some() => PortHolder::Connection,
        _ => PortHolder::Bound,
    }
}

/// Whether the program of the other end has called `accept()`. A connection that no program has yet is one of those that its
/// listener counts. Where a thread is in `accept()`, that call takes it, or has: it isn't told yet.
fn peer_accepted(view: &View<'_>, (local, remote): AddressPair) -> Option<bool> {
    let peer = view.living().find(|other| other.facts.ends() == Some((remote, local)))?;
    let listeners = open_at(view, remote, false);
    let held = peer.facts.fd.is_some() || peer.facts.program.is_some();
    match &listeners[..] {
        [] => None,
        _ if held => Some(true),
        all if all.iter().any(|listener| is_accepting(view, listener)) => None,
        _ if peer.state == State::SynRecv => Some(false),
        all => {
            all.iter().all(|listener| listener.facts.recv_queue > 0 || never_accepted(view, listener)).then_some(false)
        }
    }
}

/// Whether a thread is in `accept()` on a listener.
fn is_accepting(view: &View<'_>, listener: &SocketView<'_>) -> bool {
    let facts = listener.facts;
    let takes = |call: &CallView<'_>| {
        let is_its = match call.made {
            Some(made) => made.socket == Some(facts.cookie),
            None => call.call.fd().is_some_and(|fd| facts.is_open_as(call.caller.actor, fd)),
        };
        is_its && !call.stands && matches!(call.call, Call::Accept { .. })
    };
    view.all_actors().into_iter().any(|actor| view.open_calls(actor).iter().any(takes))
}

/// Whether nobody has called `accept()` on a listener, all of whose calls were seen.
fn never_accepted(view: &View<'_>, listener: &SocketView<'_>) -> bool {
    let facts = listener.facts;
    let accepts = |call: &CallView<'_>| matches!(call.call, Call::Accept { .. });
    match facts.actor().zip(facts.fd) {
        Some((actor, fd)) => DescriptorHistory::of(view, actor, fd).is_some_and(|past| !past.calls.iter().any(accepts)),
        None => view.maker(facts.cookie).is_some() && !view.calls_on(facts.cookie).any(|call| accepts(&call)),
    }
}

/// A descriptor with its calls and its socket.
pub(super) struct Subject<'a> {
    actor: Actor,
    fd: i32,
    past: DescriptorHistory<'a>,
    /// The kernel's name for the socket, where it has told of it.
    cookie: Option<u64>,
}

/// Whether a call connects and sends at once: MSG_FASTOPEN.
fn connects(call: &Call) -> bool {
    matches!(call, Call::SendTo { .. }) && call.connects_to().is_some()
}

impl<'a> Subject<'a> {
    /// The descriptor on which a call is made; `None` where it isn't known then.
    pub(super) fn of_call(view: &View<'a>, call: &CallView<'_>) -> Option<Subject<'a>> {
        let of_program = || {
            let (socket, fd) = (call.made?.socket?, call.call.fd()?);
            Subject::of_socket(view, call.caller.actor, fd, socket)
        };
        of_program().or_else(|| Subject::at(view, call.caller.actor, call.call))
    }

    /// A descriptor of a program's socket; `None` where the call that made it wasn't seen.
    pub(super) fn of_socket(view: &View<'a>, actor: Actor, fd: i32, socket: u64) -> Option<Subject<'a>> {
        let past = DescriptorHistory::of_socket(view, socket)?;
        Some(Subject { actor, fd, past, cookie: Some(socket) })
    }

    /// The descriptor of this side's call; `None` where it isn't open then.
    pub(super) fn at(view: &View<'a>, actor: Actor, call: &Call) -> Option<Subject<'a>> {
        let fd = call.fd()?;
        let past = DescriptorHistory::of(view, actor, fd)?;
        let socket = socket_of(view, actor, fd, past.since);
        let mut subject = Subject { actor, fd, past, cookie: socket.map(|socket| socket.facts.cookie) };
        if subject.cookie.is_none() {
            // One that was accepted before the kernel was asked again is known by its addresses.
            subject.cookie = subject.accepted_ends(view).and_then(|(local, remote)| {
                let is = |socket: &SocketView<'_>| socket.facts.ends() == Some((local, remote));
                view.living().find(is).map(|socket| socket.facts.cookie)
            });
        }
        Some(subject)
    }

    /// The calls on it.
    pub(super) fn past(&self) -> &DescriptorHistory<'a> {
        &self.past
    }

    /// The same descriptor at another moment, with the calls that were made by then; after it was closed, with those before.
    pub(super) fn look(&self, view: &View<'a>, call: &Call) -> Situation {
        let newer = match self.past.socket {
            Some(socket) => DescriptorHistory::of_socket(view, socket),
            None => DescriptorHistory::of(view, self.actor, self.fd),
        };
        let newer = newer.filter(|newer| newer.since == self.past.since);
        let past = newer.as_ref().unwrap_or(&self.past);
        let mut found = Situation { ipv6: past.ipv6, udp: past.udp, ..Situation::default() };
        past.tell(view, &mut found);
        let socket = self.socket(view);
        if let Some(socket) = &socket {
            found.see(view, self, socket);
        }
        found.was_connected |= found.is_connected();
        let ends = self.ends(view);
        // With Fast Open a call may come back before the handshake is over (RFC 7413): then the wire tells whether an ACK has come.
        let early = found.fast_open || past.accepted.is_some() || past.calls.iter().any(|call| connects(call.call));
        let mut may_stand = true;
        if let Some(ends) = ends {
            let arrived = wire::arrived(view, ends, self.past.accepted.is_some());
            (found.seen, found.to_itself) = (arrived.seen, ends.0 == ends.1);
            may_stand = !early || !arrived.seen || arrived.ack;
            found.half_open = found.state == State::SynRecv && !may_stand;
            (found.reset, found.fin_delivered) = (arrived.reset_at.is_some(), arrived.fin);
            found.simultaneous = arrived.syn && self.past.accepted.is_none() && !found.to_itself;
            // The kernel's word on the socket may be older than the RST that ended its attempt.
            let told = socket.map_or(0, |socket| socket.changed);
            if found.state == State::SynSent && arrived.reset_at.is_some_and(|at| at > told) {
                found.state = State::Closed;
            }
        }
        // A program's call that nobody held wasn't preceded by the kernel's word: what an earlier one has come to tells more.
        let has_connected = || past.has_connected_since(found.state_since, found.fast_open);
        if found.is_connecting() && may_stand && !found.shut.write && has_connected() {
            found.was_connected = true;
            found.state = if found.fin_delivered { State::CloseWait } else { State::Established };
        }
        // A FIN that comes before the data in front of it isn't the end yet, and the state says so.
        found.fin = matches!(found.state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait)
            || found.state == State::Closed && found.fin_delivered;
        found.look_around(view, call, socket.as_ref());
        found
    }

    /// The kernel's socket; where it is gone, the last that was known of it.
    fn socket(&self, view: &View<'a>) -> Option<SocketView<'a>> {
        match self.cookie {
            Some(cookie) => view.socket(cookie),
            None => socket_of(view, self.actor, self.fd, self.past.since),
        }
    }

    /// Its own and its peer's address: where a connection has ended and the descriptor is still open, the kernel tells none
    /// any more, and those that it told last count.
    pub(super) fn ends(&self, view: &View<'a>) -> Option<AddressPair> {
        let told = self.socket(view).and_then(|socket| view.last_ends(socket.facts.cookie));
        told.or_else(|| self.accepted_ends(view))
    }

    /// Its own address, as the kernel has it.
    pub(super) fn own_address(&self, view: &View<'a>) -> Option<OwnAddress> {
        OwnAddress::of(view, &self.socket(view)?)
    }

    /// What `accept()` told of its peer, and the port of its listener.
    fn accepted_ends(&self, view: &View<'a>) -> Option<AddressPair> {
        let (call, returned) = self.past.accepted.as_ref()?;
        let peer = returned.peer?;
        // The listener's number may have been closed while the call slept.
        let moments = [call.changed + 1, call.entered].map(|moment| view.trace().at(moment));
        let mut listeners = moments.iter().filter_map(|then| socket_of(then, call.caller.actor, call.call.fd()?, 0));
        let listener = listeners.next()?.facts.local?;
        let mut connections = moments[0].connections().iter().rev().map(|connection| connection.ends());
        connections.find_map(|[low, high]| match (low, high) {
            (remote, local) | (local, remote) if remote == peer && local.port() == listener.port() => {
                Some((local, remote))
            }
            _ => None,
        })
    }
}
