//! What the threads of a side have to do with one another: what `close()` and `shutdown()` of one do to a call in which another sleeps,
//! and which of several that sleep is woken.
//!
//! A call holds the open file description of its descriptor until it returns (`fdget()` of Linux), so `close()` meanwhile takes
//! only the number away.

use super::past::DescriptorHistory;
use super::shared;
use super::situation::Situation;
use crate::model::{
    Actor, Call, CallView, Caller, Errno, How, Moment, ProgramCall, SegmentId, Side, SocketState, SocketView, View,
};
use crate::tcp::State;

/// So many calls of a program are looked at.
const MOST: usize = 999;

/// Which of several threads that sleep in a call which reads a socket are woken when something comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakesReaders {
    /// All of them: `sk_wait_data()` of Linux, for TCP.
    All,
    /// One: they sleep exclusively, in `__skb_wait_for_more_packets()`, for datagrams.
    One,
    /// One, and the call that is explained had slept longest.
    Longest,
}

/// One fact about a call and the other threads of its side; calls by the entries at which they began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ThreadFact {
    /// `close()` took the number away, and these calls go on with the socket; whether it listens.
    InUse(Vec<Moment>, bool),
    /// This thread had closed the descriptor of this number while the call slept, and its return let the socket end; with what was
    /// sent then, and whether it had listened.
    Freed(Caller, i32, Option<SegmentId>, bool),
    /// `shutdown()` woke these calls.
    Woke(Vec<Moment>),
    /// These sleep in `accept()` on the same listener.
    AcceptsToo(Vec<Moment>),
    /// These do so still, and this call was chosen; whether it had slept longest.
    Chosen(Vec<Moment>, bool),
    /// These sleep in a call that reads the same socket.
    ReadsToo(Vec<Moment>, WakesReaders),
    /// These do so still, and this call took what came.
    Taken(Vec<Moment>, WakesReaders),
}

/// What is known of a call and of what the other threads of its side do meanwhile.
pub(super) fn facts(view: &View<'_>, call: &CallView<'_>) -> Vec<ThreadFact> {
    if call.abandoned {
        return Vec::new();
    }
    let listed = |calls: Vec<CallView<'_>>| calls.iter().map(|call| call.entered).collect::<Vec<Moment>>();
    let some = |calls: Vec<CallView<'_>>, fact: fn(Vec<Moment>) -> ThreadFact| {
        (!calls.is_empty()).then(|| fact(listed(calls)))
    };
    let in_use = || {
        let others = in_use(view, call);
        (!others.is_empty()).then(|| ThreadFact::InUse(listed(others), listens(view, call)))
    };
    // Of programs the tracer tells who else has a socket.
    if call.made.is_some() {
        return in_use().into_iter().chain(freed_in_program(view, call)).collect();
    }
    let fact = match (call.call, call.outcome) {
        (Call::Close { .. }, Some(Ok(_))) => in_use(),
        (Call::Shutdown { .. }, Some(Ok(_))) => some(woken(view, call), ThreadFact::Woke),
        (Call::Accept { .. }, None) => some(beside(view, call, view.moment()), ThreadFact::AcceptsToo),
        (Call::Recv { .. } | Call::RecvFrom { .. }, None) => {
            let others = readers(view, call, view.moment());
            let wakes = if is_udp(view, call) { WakesReaders::One } else { WakesReaders::All };
            (!others.is_empty()).then(|| ThreadFact::ReadsToo(listed(others), wakes))
        }
        (Call::Accept { .. }, Some(Ok(_))) if call.slept => {
            let others = beside(view, call, call.changed);
            let longest = others.iter().all(|other| other.entered > call.entered);
            (!others.is_empty()).then(|| ThreadFact::Chosen(listed(others), longest))
        }
        (Call::Recv { .. } | Call::RecvFrom { .. }, Some(Ok(returned))) if returned.value > 0 && call.slept => {
            let others = readers(view, call, call.changed);
            let wakes = match (is_udp(view, call), others.iter().all(|other| other.entered > call.entered)) {
                (false, _) => WakesReaders::All,
                (true, true) => WakesReaders::Longest,
                (true, false) => WakesReaders::One,
            };
            (!others.is_empty()).then(|| ThreadFact::Taken(listed(others), wakes))
        }
        _ => None,
    };
    fact.into_iter().chain(freed(view, call)).collect()
}

/// The socket of a descriptor at a moment, by the entry at which the side's call made it.
pub(super) fn socket_at(view: &View<'_>, call: &CallView<'_>, moment: Moment, fd: i32) -> Option<Moment> {
    DescriptorHistory::of(&view.trace().at(moment), call.caller.actor, fd).map(|history| history.since)
}

/// Whether a call's socket is one for datagrams.
fn is_udp(view: &View<'_>, call: &CallView<'_>) -> bool {
    Situation::at(&view.trace().at(call.entered), call.caller.actor, call.call).udp
}

/// Whether another call is on the socket that this one's descriptor was of.
fn shares(view: &View<'_>, call: &CallView<'_>, other: &CallView<'_>) -> bool {
    is_on(view, other, call.call.fd().and_then(|fd| socket_at(view, call, call.entered, fd)))
}

/// Whether a call is on a socket, by the entry at which that was made.
fn is_on(view: &View<'_>, other: &CallView<'_>, own: Option<Moment>) -> bool {
    let mut others = other.call.fds().map(|fd| socket_at(view, other, other.entered, fd));
    own.is_some() && others.any(|socket| socket == own)
}

/// The calls of the side's other threads, and of those of its other processes, that slept on the same socket at a moment, as they
/// stood then.
fn asleep<'a>(view: &View<'a>, call: &CallView<'_>, moment: Moment) -> Vec<CallView<'a>> {
    let then = view.trace().at(moment);
    let mut open: Vec<CallView<'a>> =
        then.family(call.caller.actor).into_iter().flat_map(|actor| then.open_calls(actor)).collect();
    open.retain(|other| other.caller != call.caller && other.blocked && shares(view, call, other));
    open
}

/// The calls of other processes of its family that sleep, at the view's moment, on the socket of a process's descriptor: it lives
/// until they have returned, whatever becomes of the descriptor.
pub(super) fn asleep_elsewhere<'a>(view: &View<'a>, actor: Actor, fd: i32) -> Vec<CallView<'a>> {
    let socket = DescriptorHistory::of(view, actor, fd).map(|history| history.since);
    let others = view.family(actor).into_iter().filter(|other| *other != actor);
    let mut open: Vec<CallView<'a>> = others.flat_map(|other| view.open_calls(other)).collect();
    open.retain(|other| other.blocked && is_on(view, other, socket));
    open
}

/// Those that read.
fn readers<'a>(view: &View<'a>, call: &CallView<'_>, moment: Moment) -> Vec<CallView<'a>> {
    let mut others = asleep(view, call, moment);
    others.retain(|other| matches!(other.call, Call::Recv { .. } | Call::RecvFrom { .. }));
    others
}

/// Those of the same name.
fn beside<'a>(view: &View<'a>, call: &CallView<'_>, moment: Moment) -> Vec<CallView<'a>> {
    let mut others = asleep(view, call, moment);
    others.retain(|other| other.call.name() == call.call.name());
    others
}

/// Whether a call was made on a socket that listened then.
fn listens(view: &View<'_>, call: &CallView<'_>) -> bool {
    let before = view.trace().at(call.entered);
    if let Some(socket) = call.made.and_then(|made| made.socket) {
        return before.socket(socket).is_some_and(|socket| socket.state == SocketState::Tcp(State::Listen));
    }
    let Some(fd) = call.call.fd() else { return false };
    let is_it = |socket: &SocketView<'_>| socket.facts.is_open_as(call.caller.actor, fd);
    before.living().any(|socket| is_it(&socket) && socket.state == SocketState::Tcp(State::Listen))
}

/// The calls that sleep on the socket whose last descriptor a `close()` has closed: as long as they do, it lives.
pub(super) fn in_use<'a>(view: &View<'a>, call: &CallView<'_>) -> Vec<CallView<'a>> {
    let closes = matches!((call.call, call.outcome), (Call::Close { .. }, Some(Ok(_))));
    match call.made {
        _ if !closes => Vec::new(),
        Some(made) => made.socket.filter(|_| made.others.is_empty()).map_or_else(Vec::new, |socket| {
            let then = view.trace().at(call.changed);
            asleep_in_programs(&then, call.caller, socket)
        }),
        None if !shared::others(view, call).is_empty() => Vec::new(),
        None => asleep(view, call, call.changed),
    }
}

/// The same of a program's call, whose socket is known by the tracer's word.
fn freed_in_program(view: &View<'_>, call: &CallView<'_>) -> Option<ThreadFact> {
    let made = call.made?;
    if call.outcome.is_none() || !call.slept {
        return None;
    }
    let polled = made.waits.iter().flatten().filter(|_| holds_polled(made)).filter_map(|polled| polled.socket);
    let own = made.socket.filter(|_| !made.polls());
    own.into_iter().chain(polled).find_map(|socket| freed_socket(view, call, socket))
}

/// The same of one socket that the call held.
fn freed_socket(view: &View<'_>, call: &CallView<'_>, socket: u64) -> Option<ThreadFact> {
    let during = call.entered..call.changed;
    let closes = |other: &CallView<'_>| {
        let closed = matches!((other.call, other.outcome), (Call::Close { .. }, Some(Ok(_))));
        let was_last = other.made.is_some_and(|made| made.others.is_empty());
        closed && was_last && other.caller != call.caller && during.contains(&other.changed)
    };
    let closed = view.calls_on(socket).take(MOST).find(closes)?;
    let is_last = asleep_in_programs(&view.trace().at(call.changed), call.caller, socket).is_empty();
    is_last.then(|| {
        let earlier = view.trace().at(closed.entered).segment_count();
        let sent = view.last_ends(socket).and_then(|ends| shared::ended_since(view, ends, earlier));
        ThreadFact::Freed(closed.caller, closed.call.fd().unwrap_or(-1), sent, listens(view, &closed))
    })
}

/// The calls of a program's other threads that sleep on a socket at the view's moment. Those that poll hold it too (`__pollwait()`),
/// but for an epoll instance, which doesn't.
fn asleep_in_programs<'a>(view: &View<'a>, own: Caller, socket: u64) -> Vec<CallView<'a>> {
    let sides = Side::BOTH.map(|side| Actor { side, ..own.actor });
    let calls = sides.into_iter().flat_map(|actor| view.calls(actor).take(MOST));
    let holds = |made: &ProgramCall| {
        let polled = made.waits.iter().flatten().any(|polled| polled.socket == Some(socket));
        made.socket == Some(socket) && !made.polls() || holds_polled(made) && polled
    };
    let asleep = calls.filter(|call| call.is_open() && call.blocked && call.caller.worker != own.worker);
    asleep.filter(|call| call.made.is_some_and(holds)).collect()
}

/// Whether a call holds the sockets for which it waits.
fn holds_polled(made: &ProgramCall) -> bool {
    made.polls() && !made.name.starts_with("epoll")
}

/// Whether the number of a side's own call's descriptor was closed while it slept: it leads nowhere then, or to another socket.
pub(super) fn closed_meanwhile(view: &View<'_>, call: &CallView<'_>) -> bool {
    let Some(fd) = call.call.fd().filter(|_| call.made.is_none() && call.outcome.is_some()) else { return false };
    let own = socket_at(view, call, call.entered, fd);
    own.is_some() && socket_at(view, call, call.changed, fd) != own && !matches!(call.call, Call::Close { .. })
}

/// What another thread ended with `shutdown()` on the descriptor of a side's own call while that slept.
pub(super) fn shut_by_other(view: &View<'_>, call: &CallView<'_>) -> Option<How> {
    let returned = if call.outcome.is_some() { call.changed } else { view.moment() };
    if call.made.is_some() {
        return None;
    }
    let since = |other: &CallView<'_>| other.is_open() || other.changed > call.entered;
    let family = view.family(call.caller.actor).into_iter();
    let mut meanwhile = family.flat_map(|actor| view.own_effects(actor).take_while(since));
    meanwhile.find_map(|other| match (other.call, other.outcome) {
        // Who is woken may be told before who woke.
        (Call::Shutdown { how, .. }, None | Some(Ok(_)))
            if other.entered > call.entered && other.entered < returned && shares(view, call, &other) =>
        {
            Some(*how)
        }
        _ => None,
    })
}

/// The calls that a `shutdown()` woke.
fn woken<'a>(view: &View<'a>, call: &CallView<'_>) -> Vec<CallView<'a>> {
    let slept = asleep(view, call, call.entered);
    let now = |other: CallView<'_>| view.calls(other.caller.actor).find(|now| now.entered == other.entered);
    let is_woken = |now: &CallView<'_>| match (now.call, now.outcome) {
        (Call::Accept { .. }, Some(Err(Errno(libc::EINVAL)))) => true,
        (Call::Connect { .. }, Some(Err(Errno(libc::ECONNRESET)))) => true,
        (Call::Send { .. }, Some(Err(Errno(libc::EPIPE)))) => true,
        (Call::Recv { .. }, Some(Ok(returned))) => returned.value == 0,
        _ => false,
    };
    slept.into_iter().filter_map(now).filter(is_woken).collect()
}

/// The segment that a call's return sent, since another thread had closed the last descriptor of its socket while it slept.
pub(super) fn let_go(view: &View<'_>, call: &CallView<'_>) -> Option<SegmentId> {
    match freed(view, call).or_else(|| freed_in_program(view, call))? {
        ThreadFact::Freed(_, _, sent, _) => sent,
        _ => None,
    }
}

/// Whether a call's return let its socket end, since another thread had closed the last descriptor while it slept.
fn freed(view: &View<'_>, call: &CallView<'_>) -> Option<ThreadFact> {
    call.outcome?;
    let returned = view.trace().at(call.changed);
    let closes = |other: &CallView<'_>| {
        let closed = matches!((other.call, other.outcome), (Call::Close { .. }, Some(Ok(_))));
        closed && other.entered > call.entered && shares(view, call, other)
    };
    let since = |other: &CallView<'_>| other.changed > call.entered;
    let family = returned.family(call.caller.actor).into_iter();
    let back = |actor| returned.own_effects(actor).skip_while(CallView::is_open).take_while(since);
    let closed = family.flat_map(back).filter(closes).max_by_key(|other| other.changed)?;
    let is_last = asleep(view, call, call.changed).is_empty() && shared::others(view, &closed).is_empty();
    is_last.then(|| {
        let (fd, sent) = (closed.call.fd().unwrap_or(-1), shared::ended_by(view, &closed, call.entered));
        ThreadFact::Freed(closed.caller, fd, sent, listens(view, &closed))
    })
}
