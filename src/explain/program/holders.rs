//! Sockets that several descriptors hold: copies, those that a new process inherits, those that are handed on.

use super::{ProgramFact, ProgramLook};
use crate::model::{CallView, ProcessSocket, ProgramDescriptor, SegmentId};
use crate::tcp::Segment;

impl<'a> ProgramLook<'a> {
    pub(super) fn holders(&self) -> Vec<ProgramFact> {
        match (self.made.name.as_str(), self.value()) {
            ("close", Some(_)) => self.closed().into_iter().collect(),
            ("close", None) if self.call.stands => self.held().into_iter().collect(),
            ("dup" | "dup2" | "dup3" | "fcntl", Some(value)) => self.duplicated(value).into_iter().collect(),
            ("clone" | "clone3" | "fork" | "vfork", Some(child)) if !self.made.sockets.is_empty() => {
                vec![ProgramFact::Inherited(child, self.fds(|_| true))]
            }
            ("execve" | "execveat", Some(_)) if !self.made.sockets.is_empty() => {
                let (closed, kept) =
                    (self.fds(|socket| socket.close_on_exec), self.fds(|socket| !socket.close_on_exec));
                vec![ProgramFact::Executed(closed, kept)]
            }
            ("exit_group", _) => self.exits(),
            ("sendmsg", Some(_)) if !self.made.sockets.is_empty() => vec![ProgramFact::HandedOn(self.fds(|_| true))],
            ("recvmsg", Some(_)) => self.received(),
            _ => Vec::new(),
        }
    }

    fn fds(&self, are_meant: impl Fn(&ProcessSocket) -> bool) -> Vec<i32> {
        self.made.sockets.iter().filter(|socket| are_meant(socket)).map(|socket| socket.fd).collect()
    }

    fn held(&self) -> Option<ProgramFact> {
        let is_own = |held: &&ProgramDescriptor| Some(held.process) == self.made.process;
        let (own, others): (Vec<_>, Vec<_>) = self.made.others.iter().partition(is_own);
        (!self.made.others.is_empty()).then_some(ProgramFact::Held(own, others))
    }

    fn closed(&self) -> Option<ProgramFact> {
        let socket = self.made.socket.filter(|_| self.made.is_of_internet())?;
        if let Some(held) = self.held() {
            return Some(held);
        }
        if let Some(sent) = self.in_flight(socket) {
            return Some(ProgramFact::InFlight(sent.entered));
        }
        let was_held =
            |call: &CallView<'_>| call.made.is_some_and(|made| made.name == "close" && !made.others.is_empty());
        let shared = self.on_socket().any(|call| was_held(&call)) || self.on_socket().any(|call| copies(&call));
        shared.then(|| ProgramFact::Last(self.ended_by(socket)))
    }

    /// The FIN or RST that went out since the call began.
    fn ended_by(&self, socket: u64) -> Option<SegmentId> {
        let (local, _) = self.ends_of(socket)?;
        let sent = self.segments_of(socket).take_while(|segment| self.sent(segment) > self.begun());
        let own = sent.filter(|segment| {
            segment.segment.from == local && segment.segment.tcp().is_some_and(Segment::is_fin_or_rst)
        });
        own.last().map(|segment| segment.id)
    }

    /// The call that handed a socket on in a message which nobody has received by then.
    fn in_flight(&self, socket: u64) -> Option<CallView<'a>> {
        let made = |call: &CallView<'_>| matches!(call.outcome, Some(Ok(returned)) if returned.made.contains(&socket));
        // A message is received as `recvmsg()` comes back, which may have waited for it for long.
        let moved = |call: CallView<'a>| {
            let carries = call.made.is_some_and(|made| carries(&made.name, &made.sockets, socket));
            let receives = made(&call) && call.called() == "recvmsg";
            let at = if receives { call.changed } else { call.entered };
            (carries || receives).then_some((at, call)).filter(|(at, _)| *at < self.call.changed)
        };
        let (_, newest) = self.programs_calls().into_iter().filter_map(moved).max_by_key(|(at, _)| *at)?;
        (newest.called() == "sendmsg" && matches!(newest.outcome, Some(Ok(_)))).then_some(newest)
    }

    fn duplicated(&self, value: i64) -> Option<ProgramFact> {
        let copies = self.made.name != "fcntl"
            || self.made.arguments.get(1).is_some_and(|command| command.starts_with("F_DUPFD"));
        let new = i32::try_from(value).ok().filter(|_| copies && self.made.is_of_internet())?;
        let fd = self.made.fd?;
        (new != fd).then_some(ProgramFact::Duplicated(fd, new))
    }

    fn exits(&self) -> Vec<ProgramFact> {
        let leaves: Vec<ProcessSocket> =
            self.made.sockets.iter().filter(|socket| !socket.others.is_empty()).cloned().collect();
        let closes = self.fds(|socket| socket.others.is_empty());
        let closes = (!closes.is_empty()).then_some(ProgramFact::Exits(closes));
        let leaves = (!leaves.is_empty()).then_some(ProgramFact::ExitLeaves(leaves));
        closes.into_iter().chain(leaves).collect()
    }

    fn received(&self) -> Vec<ProgramFact> {
        let made =
            self.call.outcome.and_then(|outcome| outcome.as_ref().ok()).map_or(&[][..], |returned| &returned.made);
        let calls = if made.is_empty() { Vec::new() } else { self.programs_calls() };
        let from = |socket: &u64| {
            let sends = |call: &CallView<'_>| call.made.is_some_and(|made| carries(&made.name, &made.sockets, *socket));
            // It may have waited for the message for long.
            let sent = calls.iter().find(|call| call.entered < self.call.changed && sends(call))?.made?;
            let fd = sent.sockets.iter().find(|of| of.socket == *socket)?.fd;
            Some(ProgramFact::Received(fd, sent.process))
        };
        made.iter().filter_map(from).collect()
    }
}

fn carries(name: &str, sockets: &[ProcessSocket], socket: u64) -> bool {
    name == "sendmsg" && sockets.iter().any(|of| of.socket == socket)
}

/// Whether a call made a further descriptor of its socket.
fn copies(call: &CallView<'_>) -> bool {
    let Some(made) = call.made.filter(|_| matches!(call.outcome, Some(Ok(_)))) else { return false };
    match made.name.as_str() {
        "dup" | "dup2" | "dup3" => true,
        "fcntl" => made.arguments.get(1).is_some_and(|command| command.starts_with("F_DUPFD")),
        _ => false,
    }
}
