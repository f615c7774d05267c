//! What the calls on a descriptor tell of it: how it was made, and what its program set and ended since.

use crate::model::{
    Actor, Call, CallView, Errno, Event, How, Moment, ProgramCall, Returned, SocketFlags, SocketOption, SocketView,
    StructuredValue, View,
};
use crate::tcp::State;

use super::descriptors::{OpenFile, TableEffect};
use super::fields::seconds;
use super::situation::{ShutDirections, Situation};

/// The calls on a descriptor since it was made.
pub(super) struct DescriptorHistory<'a> {
    /// The oldest first.
    pub(super) calls: Vec<CallView<'a>>,
    /// The entry at which it was made.
    pub(super) since: Moment,
    pub(super) ipv6: bool,
    pub(super) udp: bool,
    /// Whether the call that made it says that no call on its descriptor waits.
    nonblocking: bool,
    /// The call by which it was accepted, and what that told; `None` where `socket()` made it.
    pub(super) accepted: Option<(CallView<'a>, &'a Returned)>,
    /// The socket, where it is programs whose calls these are, on whichever descriptors of it.
    pub(super) socket: Option<u64>,
}

/// The call that began with an entry, or before which its thread stood then.
pub(super) fn call_at<'a>(view: &View<'a>, entered: Moment) -> Option<CallView<'a>> {
    let (Event::Entered { caller, .. } | Event::Stands { caller, .. }) = &view.trace().entries().get(entered)?.event
    else {
        return None;
    };
    // A program's may be seen at the other side since.
    let of_program = view.calls_of_thread(*caller).find(|call| call.entered == entered);
    of_program.or_else(|| view.calls(caller.actor).find(|call| call.entered == entered))
}

impl<'a> DescriptorHistory<'a> {
    /// `None` where the side has no such descriptor then. Where several are of one socket, the calls on all of them, whichever process
    /// made them.
    pub(super) fn of(view: &View<'a>, actor: Actor, fd: i32) -> Option<DescriptorHistory<'a>> {
        if view.family(actor).len() > 1 {
            return DescriptorHistory::of_file(OpenFile::of(view, actor, fd)?);
        }
        let mut calls: Vec<CallView<'a>> = Vec::new();
        for call in view.own_effects(actor) {
            match TableEffect::of(&call) {
                Some(TableEffect::Closes(closed)) if closed == fd => return None,
                Some(TableEffect::Copies { from, to }) if from == fd || to == fd => {
                    return DescriptorHistory::of_file(OpenFile::of(view, actor, fd)?);
                }
                Some(TableEffect::Opens(made)) if made == fd => {
                    // What another thread had begun before is on an earlier socket with this number.
                    calls.retain(|other| other.entered > call.changed);
                    calls.reverse();
                    return Some(DescriptorHistory { calls, ..DescriptorHistory::made_by(call)? });
                }
                _ => calls.extend((call.call.fd() == Some(fd)).then_some(call)),
            }
        }
        None
    }

    /// That of a descriptor on which nothing was called yet; `None` where this call made no socket.
    fn made_by(maker: CallView<'a>) -> Option<DescriptorHistory<'a>> {
        let Some(Ok(returned)) = maker.outcome else { return None };
        let (ipv6, udp, accepted) = match maker.call {
            Call::Socket { ipv6, udp } => (*ipv6, *udp, None),
            Call::Accept { .. } => (returned.peer.is_some_and(|peer| peer.is_ipv6()), false, Some((maker, returned))),
            _ => return None,
        };
        let nonblocking = is_made_nonblocking(&maker);
        Some(DescriptorHistory {
            calls: Vec::new(),
            since: maker.changed,
            ipv6,
            udp,
            nonblocking,
            accepted,
            socket: None,
        })
    }

    /// That of all descriptors of a socket.
    fn of_file(file: OpenFile<'a>) -> Option<DescriptorHistory<'a>> {
        Some(DescriptorHistory { calls: file.calls, ..DescriptorHistory::made_by(file.maker)? })
    }

    /// That of a program's socket: the calls of all its processes and threads, on whichever descriptors. `None` where the call that
    /// made it wasn't seen.
    pub(super) fn of_socket(view: &View<'a>, socket: u64) -> Option<DescriptorHistory<'a>> {
        let made = DescriptorHistory::made_by(view.maker(socket)?)?;
        let mut calls: Vec<CallView<'a>> = view.calls_on(socket).collect();
        calls.reverse();
        Some(DescriptorHistory { calls, socket: Some(socket), ..made })
    }

    /// That of a socket as the kernel has it; `None` where the call that made it wasn't seen.
    pub(super) fn of_kernels(view: &View<'a>, socket: &SocketView<'_>) -> Option<DescriptorHistory<'a>> {
        let facts = socket.facts;
        let of_descriptor = facts.actor().zip(facts.fd).and_then(|(actor, fd)| DescriptorHistory::of(view, actor, fd));
        of_descriptor.or_else(|| DescriptorHistory::of_socket(view, facts.cookie))
    }

    /// The value that its program gave an option last, by `setsockopt()` on it or on the listener from which it was accepted.
    pub(super) fn chosen(&self, view: &View<'a>, wanted: SocketOption) -> Option<i32> {
        let told = |call: &CallView<'_>| match (call.call, call.outcome) {
            (Call::SetOption { option, value, .. }, Some(Ok(_))) if *option == wanted => Some(*value),
            _ => None,
        };
        let own = self.calls.iter().rev().find_map(told);
        own.or_else(|| self.listener(view).and_then(|(_, listener)| listener.chosen(view, wanted)))
    }

    /// That of the descriptor on which a call is made.
    pub(super) fn of_call(view: &View<'a>, call: &CallView<'_>) -> Option<DescriptorHistory<'a>> {
        let of_program =
            call.made.and_then(|made| made.socket).and_then(|socket| DescriptorHistory::of_socket(view, socket));
        of_program.or_else(|| DescriptorHistory::of(view, call.caller.actor, call.call.fd()?))
    }

    /// The listener that it was accepted from, as it was then.
    pub(super) fn listener(&self, view: &View<'a>) -> Option<(i32, DescriptorHistory<'a>)> {
        let (call, _) = self.accepted.as_ref()?;
        let fd = call.call.fd()?;
        Some((fd, DescriptorHistory::of_call(&view.trace().at(call.entered), call)?))
    }

    /// Whether a call has told since this entry that there is a connection: `connect()` has succeeded, which says so but where it
    /// `opens_fast`, or bytes went or came.
    pub(super) fn has_connected_since(&self, since: Moment, opens_fast: bool) -> bool {
        self.calls.iter().any(|call| {
            let value = call.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| returned.value);
            let tells = match call.call {
                Call::Connect { .. } => value == Some(0) && !opens_fast,
                Call::SendTo { .. } if call.call.connects_to().is_some() => value.is_some(),
                Call::Send { .. } | Call::Recv { .. } => value > Some(0),
                _ => false,
            };
            tells && call.changed > since
        })
    }

    /// Notes in a situation what these calls set, ended and were told.
    pub(super) fn tell(&self, view: &View<'a>, found: &mut Situation) {
        if let Some((_, past)) = self.listener(view) {
            // A new connection has its listener's options, and the directions that were ended in it.
            past.tell(view, found);
            (found.told, found.bound, found.was_connected, found.listens) = (false, true, true, false);
        }
        // O_NONBLOCK is the descriptor's, not the socket's.
        found.nonblocking = self.nonblocking;
        for call in &self.calls {
            learn(found, call, || self.state_at(view, call));
        }
    }
}

impl DescriptorHistory<'_> {
    /// The state of its socket as a call was entered.
    fn state_at(&self, view: &View<'_>, call: &CallView<'_>) -> State {
        let then = view.trace().at(call.entered);
        let found = match self.socket {
            Some(socket) => then.socket(socket),
            None => socket_of(&then, call.caller.actor, call.call.fd().unwrap_or(-1), self.since),
        };
        found.and_then(|socket| socket.state.tcp()).unwrap_or(State::Closed)
    }
}

/// What one call tells; `state` is what the kernel said of the socket when the call was entered.
fn learn(found: &mut Situation, call: &CallView<'_>, state: impl Fn() -> State) {
    let Some(outcome) = call.outcome else { return };
    // UDP knows no MSG_FASTOPEN.
    let connects = call.call.connects_to().is_some() && !(found.udp && matches!(call.call, Call::SendTo { .. }));
    match (call.call, outcome) {
        (Call::Bind { .. }, Ok(_)) => (found.bound, found.bind_failed) = (true, false),
        (Call::Bind { .. }, Err(_)) => found.bind_failed = !found.bound,
        (Call::Program(made), Err(_)) if made.name == "bind" => found.bind_failed = !found.bound,
        (Call::Listen { .. }, Ok(_)) => (found.bound, found.listens, found.stopped_listening) = (true, true, false),
        // With a cookie of the server it comes back before there is a connection: whether there is one, the kernel's word tells.
        (Call::Connect { .. }, Ok(_)) if found.fast_open => {
            (found.attempted, found.told, found.refused) = (false, false, false);
        }
        (_, Ok(_)) if connects => {
            (found.was_connected, found.attempted, found.told, found.refused) = (true, false, false, false);
        }
        (_, Err(Errno(libc::EINPROGRESS | libc::EINTR))) if connects => {
            (found.told, found.attempted, found.refused) = (false, true, false);
        }
        // The kernel takes the socket back to what it was: `tcp_disconnect()`.
        (Call::Connect { .. }, Err(errno)) if ends_attempt(*errno) => {
            (found.told, found.attempted, found.refused) = (true, false, true);
            (found.shut, found.shut_early) = (ShutDirections::default(), false);
        }
        (Call::Connect { .. }, Err(errno)) if !is_under_way(*errno) => found.refused = !found.was_connected,
        (Call::Dissolve { .. }, Ok(_)) => dissolved(found),
        (Call::Shutdown { how, .. }, outcome) => shut(found, *how, outcome.is_ok(), &state),
        (Call::SetOption { option, value, .. }, Ok(_)) => set(found, *option, *value),
        (Call::SetStructured { option, value, .. }, Ok(_)) => limit(found, *option, value),
        (Call::SetNonblocking { on, .. }, Ok(_)) => found.nonblocking = *on,
        (Call::Program(made), Ok(_)) => of_program(found, made),
        (_, Err(Errno(libc::ECONNRESET | libc::ECONNREFUSED | libc::ETIMEDOUT))) => found.told = true,
        _ => {}
    }
}

fn dissolved(found: &mut Situation) {
    found.listens = false;
    (found.was_connected, found.attempted, found.told, found.stopped_listening) = (false, false, false, false);
    (found.shut, found.shut_early, found.refused) = (ShutDirections::default(), false, false);
}

fn set(found: &mut Situation, option: SocketOption, value: i32) {
    match option {
        SocketOption::LINGER => found.linger = (value >= 0).then_some(value),
        SocketOption::V6_ONLY => found.v6_only = value != 0,
        SocketOption::REUSE_ADDR => found.reuse = value != 0,
        SocketOption::REUSE_PORT => found.reuse_port = value != 0,
        SocketOption::DEFER_ACCEPT => found.defers = value != 0,
        SocketOption::FAST_OPEN_CONNECT => found.fast_open = value != 0,
        SocketOption::CORK => found.corked = value != 0,
        SocketOption::REPAIR => found.repair = value == 1,
        _ => {}
    }
}

/// Whether a call makes a socket with O_NONBLOCK.
fn is_made_nonblocking(maker: &CallView<'_>) -> bool {
    let of_program = maker.made.is_some_and(|made| made.arguments.iter().any(|text| text.contains("SOCK_NONBLOCK")));
    of_program || matches!(maker.own, Call::Maker(own) if own.flags.has(SocketFlags::NONBLOCK))
}

/// What bounds the waiting of calls: a time of 0 does not.
fn limit(found: &mut Situation, option: SocketOption, value: &StructuredValue) {
    let is_limit = value.as_seconds().is_some_and(|seconds| seconds != 0.0);
    match option {
        SocketOption::RECV_TIMEOUT => found.receive_limit = is_limit,
        SocketOption::SEND_TIMEOUT => found.send_limit = is_limit,
        _ => {}
    }
}

/// What a program's call tells that comes to none of the walk's.
fn of_program(found: &mut Situation, made: &ProgramCall) {
    let argument = |at: usize| made.arguments.get(at).map_or("", String::as_str);
    // `struct timeval`: only zeros are no limit. Older recordings have its bytes.
    let is_byte = |c: char| c.is_ascii_graphic() && !"\"\\x0…".contains(c);
    let limits = || seconds(argument(3)).map_or_else(|| argument(3).contains(is_byte), |seconds| seconds != 0.0);
    match (made.name.as_str(), argument(1), argument(2)) {
        ("setsockopt", _, "SO_RCVTIMEO") => found.receive_limit = limits(),
        ("setsockopt", _, "SO_SNDTIMEO") => found.send_limit = limits(),
        // In older recordings: today it is one of the walk's.
        ("fcntl", "F_SETFL", _) | ("ioctl", "FIONBIO", _) => found.nonblocking = false,
        _ if made.dissolves() => dissolved(found),
        _ => {}
    }
}

/// Whether a `connect()` leaves the attempt as it is, or the connection.
fn is_under_way(Errno(number): Errno) -> bool {
    matches!(number, libc::EALREADY | libc::EISCONN | libc::EBADF | libc::ENOTSOCK)
}

fn ends_attempt(Errno(number): Errno) -> bool {
    matches!(number, libc::ECONNREFUSED | libc::ETIMEDOUT | libc::ECONNRESET | libc::ECONNABORTED)
}

/// `inet_shutdown()`: an attempt to connect and a listener go back to CLOSED, with nothing ended; else the direction
/// is, also where the call fails since there is no connection yet.
fn shut(found: &mut Situation, how: How, worked: bool, state: &impl Fn() -> State) {
    // Of a program that nobody held the kernel's word may be missing.
    let state = if worked && found.listens && state() == State::Closed { State::Listen } else { state() };
    match state {
        State::SynSent if worked => (found.shut, found.attempted) = (ShutDirections::default(), false),
        State::Listen if how == How::Write => {}
        State::Listen if worked => found.shut = ShutDirections::default(),
        _ => {
            found.shut.read |= how != How::Write;
            found.shut.write |= how != How::Read;
            found.shut_early |= !worked && !found.was_connected;
        }
    }
    let stops = worked && how != How::Write && state == State::Listen;
    found.stopped_listening |= stops;
    found.listens &= !stops;
}

/// The kernel's socket of a descriptor; where it is gone, the last that was known of it.
pub(super) fn socket_of<'a>(view: &View<'a>, actor: Actor, fd: i32, since: Moment) -> Option<SocketView<'a>> {
    // What was last said before the descriptor was made is of an earlier socket with its number.
    let is = |socket: &SocketView<'_>| socket.facts.is_open_as(actor, fd) && socket.changed >= since;
    view.living().find(is).or_else(|| view.gone().find(is))
}
