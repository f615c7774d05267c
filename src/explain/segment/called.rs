//! Which call made a segment: one that sends or closes, by whatever name, one that came back and let its socket end, and one of which
//! the lab has heard only after its segment.

use super::super::meant::meaning;
use super::super::own_address::OwnAddress;
use super::super::situation::Situation;
use super::super::threads;
use super::super::wire::{SOON, end_at};
use super::SegmentContext;
use crate::model::{
    Actor, Call, CallView, Caller, Errno, Event, Moment, ProgramCall, SegmentView, SocketOption, SocketView, TimerKind,
    View,
};
use crate::tcp::{Flags, Segment, State};

/// So many entries before a segment are looked at for what made it.
pub(super) const BEFORE: usize = 80;

/// Why a `close()` sends a RST and no FIN (`tcp_close()`, `inet_csk_listen_stop()`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokenOff {
    /// So many bytes had come that nobody read.
    Unread(u32),
    /// SO_LINGER has 0 seconds.
    Linger,
    /// It closed the listener in whose accept queue the connection waited.
    Queued,
}

impl BrokenOff {
    /// The kernel looks at the bytes first.
    pub(super) fn of(closed: &Situation) -> Option<BrokenOff> {
        // What a listener's queue counts are connections.
        if closed.is_listener() {
            return Some(BrokenOff::Queued);
        }
        // It counts the peer's FIN in the receive queue, as one more byte, until it is read.
        let fin = matches!(closed.state, State::CloseWait | State::LastAck | State::Closing);
        match closed.recv_queue.saturating_sub(u32::from(fin)) {
            0 => (closed.linger == Some(0)).then_some(BrokenOff::Linger),
            unread => Some(BrokenOff::Unread(unread)),
        }
    }
}

/// What can have made a segment.
pub(super) enum SegmentCause<'a> {
    /// Another one of the connection, which had arrived at its sender.
    Arrival(SegmentView<'a>),
    /// A call of this name.
    Called(String),
    /// A `close()` of this name, which broke the connection off by a RST for this reason.
    Broke(String, BrokenOff),
    /// A call of this name came back, whose descriptor another thread had closed meanwhile.
    CameBack(String),
    /// An `accept()` of this name failed so when it had taken the connection: it couldn't put the peer's address where it was to.
    Unaddressed(String, Errno),
    /// A call of this name made the socket's number another open file's.
    Replaced(String),
    /// `execve(2)`, which closes what is FD_CLOEXEC.
    Executed(String),
    /// Its process was killed.
    Killed,
    /// Its process ended.
    Left,
    /// The probe timer, of what a call of this name had put into the send queue.
    Waited(String),
    /// `setsockopt()` with this option: what had waited goes at once.
    Released(SocketOption),
    /// One of its end's timers.
    Timer(TimerKind),
    /// The keepalive timer, whose probes had no answer.
    GaveUp,
}

impl SegmentContext<'_> {
    /// Of what ends a connection: the call whose return sent it. Its bytes were on the wire before anybody heard of the return.
    pub(super) fn returning(&self, sent: Moment) -> Option<SegmentCause<'_>> {
        self.segment.segment.tcp().filter(|tcp| tcp.is_fin_or_rst())?;
        let entries = self.view.trace().entries();
        let until = entries.get(sent).map(|entry| entry.at + SOON);
        let last = self.view.moment().min(sent + BEFORE);
        let near = (sent.saturating_sub(BEFORE)..last).take_while(|at| Some(entries[*at].at) <= until);
        near.into_iter().find_map(|at| match &entries[at].event {
            Event::Returned { caller, .. } => self.came_back(*caller, at, sent),
            _ => None,
        })
    }

    /// Whether it was sent as a call came back, at this entry: one whose descriptor another thread had closed, or an `accept()` that
    /// couldn't tell the peer's address.
    fn came_back(&self, caller: Caller, at: Moment, sent: Moment) -> Option<SegmentCause<'_>> {
        let then = self.view.trace().at(at + 1);
        let of_program = then.calls_of_thread(caller).find(|call| call.changed == at);
        let returned = of_program.or_else(|| then.own_effects(caller.actor).find(|call| !call.is_open()))?;
        let name = || returned.called().to_owned();
        if threads::let_go(self.view, &returned) == Some(self.segment.id) {
            return Some(SegmentCause::CameBack(name()));
        }
        match (returned.call, returned.outcome) {
            (Call::Accept { .. }, Some(Err(errno))) if self.is_unaddressed(&returned, *errno, (at, sent)) => {
                Some(SegmentCause::Unaddressed(name(), *errno))
            }
            _ => None,
        }
    }

    /// Whether it ends a connection that an `accept()` had taken from its queue and then couldn't hand out: it has copied the address last
    /// (`do_accept()` of Linux).
    fn is_unaddressed(&self, accept: &CallView<'_>, errno: Errno, (returned, sent): (Moment, Moment)) -> bool {
        let packet = self.segment.segment;
        let took_it = matches!(errno, Errno(libc::EFAULT | libc::EINVAL)) && sent < returned;
        let before = self.view.trace().at(sent);
        let listener = accept.made.and_then(|made| made.socket).and_then(|socket| before.socket(socket));
        let own = listener.and_then(|listener| OwnAddress::of(&before, &listener));
        // No program has it, and none has made a call on it.
        let end = end_at(&before, packet.from, packet.to);
        let is_nobodys =
            end.is_none_or(|end| end.facts.fd.is_none() && self.view.calls_on(end.facts.cookie).next().is_none());
        let begun = if accept.stepped { accept.entered } else { 0 };
        took_it && begun <= sent && is_nobodys && own.is_some_and(|own| own.has(packet.from))
    }

    /// The call that made it, where the lab has heard of it just after: a program's that passes is told while it is made.
    pub(super) fn called_soon(&self, sent: Moment) -> Option<SegmentCause<'_>> {
        // Its socket may be known only later, and its descriptor only until then.
        let views = [sent, self.view.moment().min(sent + BEFORE)].map(|moment| self.view.trace().at(moment));
        self.soon(sent).take(BEFORE).find_map(|event| match event {
            Event::Entered { caller, call } if matches!(call, Call::Program(_)) => {
                let made = views.iter().any(|then| self.is_made_by(caller.actor, call, then));
                made.then(|| made_by_call(call.called(), &meaning(call)))
            }
            _ => None,
        })
    }

    /// Whether an actor's call can have made it: one that sends, on a descriptor of the sender's socket.
    pub(super) fn is_made_by(&self, actor: Actor, called: &Call, before: &View<'_>) -> bool {
        let (packet, meant) = (self.segment.segment, meaning(called));
        let call = meant.as_ref();
        let end = end_at(before, packet.from, packet.to);
        // The kernel's name for a program's socket says whose call it was, whatever number the call had for it.
        let socket = match called {
            Call::Program(made) => made.socket,
            _ => None,
        };
        let shares = end.is_some_and(|socket| socket.facts.is_of(actor));
        let connects = call.connects_to().is_some_and(|addr| addr.port() == packet.to.port());
        // Before the kernel was asked nobody has the address that it chose for a program.
        let holder = self.holder(packet.from, packet.to);
        // A call about all descriptors, or on none, is of the side at which its program was seen last.
        if let (Call::Program(made), Some(holder), Some(tcp)) = (call, holder, packet.tcp()) {
            let is_its = holder.nth == actor.nth;
            return is_its && is_made_by_program(holder, made, end, tcp, !packet.is_empty());
        }
        let may_be_its = holder.map_or(connects, |holder| holder == actor);
        if !may_be_its && !shares {
            return false;
        }
        let Some(tcp) = packet.tcp() else { return matches!(call, Call::Send { .. } | Call::SendTo { .. }) };
        let known = end.filter(|socket| socket.facts.fd.is_some());
        let is_open_as = |end: SocketView<'_>| call.fd().is_some_and(|fd| end.facts.is_open_as(actor, fd));
        let is_own = match socket.zip(end) {
            Some((socket, end)) => socket == end.facts.cookie,
            None => known.is_none_or(is_open_as),
        };
        let is_pure = packet.is_empty() && !tcp.is_fin_or_rst() && !tcp.flags.has(Flags::SYN);
        match call {
            // Its address is known only once it has sent.
            Call::Connect { addr, .. } => tcp.flags.has(Flags::SYN) && addr.port() == packet.to.port(),
            Call::Send { .. } => is_own && !packet.is_empty(),
            Call::SendTo { .. } => call.connects_to().is_some_and(|addr| addr.port() == packet.to.port()),
            Call::Recv { .. } => is_own && is_pure,
            // What waited for company goes (tcp(7)).
            Call::SetOption { option: SocketOption::CORK, value: 0, .. }
            | Call::SetOption { option: SocketOption::NO_DELAY, value: 1.., .. } => is_own && !packet.is_empty(),
            Call::SetOption { option: SocketOption::QUICK_ACK, value: 1.., .. } => is_own && is_pure,
            Call::Dissolve { .. } => is_own && tcp.flags.has(Flags::RST),
            Call::Shutdown { .. } | Call::Close { .. } => is_own && tcp.is_fin_or_rst(),
            _ => false,
        }
    }
}

/// Whether a program's call that comes to none of the walk's can have made a segment of this end: one that sends, or closes, by another
/// name.
fn is_made_by_program(
    actor: Actor,
    made: &ProgramCall,
    end: Option<SocketView<'_>>,
    tcp: &Segment,
    has_data: bool,
) -> bool {
    let Some(facts) = end.map(|end| end.facts) else { return false };
    let number = |at: usize| made.arguments.get(at).and_then(|number| number.parse().ok());
    let is_own = |at: usize| number(at).is_some_and(|fd| facts.is_open_as(actor, fd));
    let is_on = made.socket == Some(facts.cookie);
    let loses =
        || made.sockets.iter().any(|one| one.socket == facts.cookie && (one.close_on_exec || made.name == EXIT));
    match made.name.as_str() {
        "sendfile" | "sendmmsg" => has_data && is_on,
        "splice" => has_data && (is_own(2) || is_on),
        // Where both numbers are the same, nothing is closed.
        "dup2" | "dup3" => tcp.is_fin_or_rst() && number(0) != number(1) && is_own(1),
        "execve" | "execveat" | EXIT => tcp.is_fin_or_rst() && loses(),
        _ => false,
    }
}

const EXIT: &str = "exit_group";

/// What a call that made a segment comes to.
pub(super) fn made_by_call<'a>(name: &str, call: &Call) -> SegmentCause<'a> {
    let Call::Program(made) = call else { return SegmentCause::Called(name.to_owned()) };
    match made.name.as_str() {
        "dup2" | "dup3" => SegmentCause::Replaced(name.to_owned()),
        "execve" | "execveat" => SegmentCause::Executed(name.to_owned()),
        EXIT => SegmentCause::Left,
        _ => SegmentCause::Called(name.to_owned()),
    }
}
