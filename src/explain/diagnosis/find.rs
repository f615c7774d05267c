//! Looks for what is wrong.

use std::cell::OnceCell;
use std::time::Duration;

use super::{DiagnosisKind, Evidence, LONG, ProgramDiagnosis};
use crate::explain::wire::{self, AddressPair};
use crate::model::{Call, CallView, Member, Moment, Role, SegmentView, SocketFacts, SocketView, TimerKind, View};
use crate::tcp::{Flags, State};

/// From so many connections on that were not closed, it is told as one thing.
const LEAK: usize = 3;
/// So many calls of a row are counted, and so many segments and entries looked at.
pub(super) const MOST: usize = 999;

/// What is wrong with the programs that run, at the view's moment; `now` is the time on the trace's clock.
pub fn standing<'a>(view: &View<'a>, now: Duration) -> Vec<ProgramDiagnosis<'a>> {
    let programs = view.members().into_iter().filter(|member| matches!(member.role, Role::Runs(_)));
    programs.flat_map(|program| Look::new(view, now, program).standing()).collect()
}

/// What a program did wrong that stays so, up to the view's moment.
pub fn done<'a>(view: &View<'a>, program: &'a Member) -> Vec<ProgramDiagnosis<'a>> {
    let look = Look::new(view, view.at(), program);
    let own = view.sockets().filter(|socket| socket.facts.actor().is_some_and(|actor| program.makes(actor)));
    own.flat_map(|socket| look.did(&socket)).flatten().collect()
}

/// One program at one moment.
pub(super) struct Look<'a> {
    pub(super) view: View<'a>,
    now: Duration,
    pub(super) program: &'a Member,
    /// The newest call of each of its threads.
    threads: OnceCell<Vec<CallView<'a>>>,
}

impl<'a> Look<'a> {
    fn new(view: &View<'a>, now: Duration, program: &'a Member) -> Look<'a> {
        Look { view: *view, now, program, threads: OnceCell::new() }
    }

    fn did(&self, socket: &SocketView<'a>) -> [Option<ProgramDiagnosis<'a>>; 3] {
        [self.wrote_after_fin(socket), self.closed_unread(socket), self.ended_unread(socket)]
    }

    fn standing(&self) -> Vec<ProgramDiagnosis<'a>> {
        let own = |socket: &SocketView<'_>| {
            let has_it = socket.facts.fd.is_some() && !self.is_closed_since(socket);
            has_it && socket.facts.actor().is_some_and(|actor| self.program.makes(actor))
        };
        let sockets: Vec<SocketView<'a>> = self.view.living().filter(own).collect();
        let left: Vec<(SocketView<'a>, LeftOpen<'a>)> =
            sockets.iter().filter_map(|socket| Some((*socket, self.left(socket)?))).collect();
        let mut found: Vec<ProgramDiagnosis<'a>> = if left.len() >= LEAK {
            self.leaks(&left).into_iter().collect()
        } else {
            left.iter()
                // What its children left to the parent is to be closed there, whatever they were told themselves.
                .filter_map(|(socket, left)| self.kept(socket).or_else(|| self.not_closed(socket, left)))
                .collect()
        };
        for socket in &sockets {
            let kinds = [
                self.queue_full(socket),
                self.not_read(socket),
                self.window_zero(socket),
                if socket.state == State::Closed { self.wrote_after_fin(socket) } else { None },
                self.reads_on(socket),
                self.asks_on(socket),
            ];
            found.extend(kinds.into_iter().flatten());
        }
        found
    }

    /// Whether its last descriptor was closed after what the kernel said of it last.
    fn is_closed_since(&self, socket: &SocketView<'_>) -> bool {
        let calls = self.view.calls_on(socket.facts.cookie).take(MOST);
        calls.take_while(|call| call.is_open() || call.changed > socket.changed).any(|call| is_last_close(&call))
    }

    pub(super) fn threads(&self) -> &[CallView<'a>] {
        self.threads.get_or_init(|| self.view.threads_of(self.program).collect())
    }

    /// Whether a moment lies so far back that who hasn't done something since doesn't do it.
    fn is_long_ago(&self, moment: Moment) -> bool {
        let at = self.view.trace().entries().get(moment).map_or(self.now, |entry| entry.at);
        self.now.saturating_sub(at) >= LONG
    }

    /// Whether somebody holds one of its threads before a call: then it isn't the program that does nothing.
    fn is_held(&self) -> bool {
        self.threads().iter().any(|call| call.stands)
    }

    /// The threads that are in a call on a socket, or stand before one.
    fn within(&self, socket: u64) -> impl Iterator<Item = &CallView<'a>> {
        self.threads().iter().filter(move |call| call.is_open() && on(call) == Some(socket))
    }

    /// What its threads are in: those that sleep.
    fn sleepers(&self) -> impl Iterator<Item = Evidence<'a>> {
        self.threads().iter().filter(|call| call.is_open() && call.blocked).take(4).map(|call| Evidence::Call(*call))
    }

    pub(super) fn told(
        &self,
        kind: DiagnosisKind,
        socket: &SocketView<'a>,
        evidence: Vec<Evidence<'a>>,
    ) -> Option<ProgramDiagnosis<'a>> {
        let mut evidence = evidence;
        // A tracer's word on a call may come after what the call sent: there the wire's order is the order.
        if !matches!(kind, DiagnosisKind::WroteAfterFin | DiagnosisKind::ClosedUnread(_)) {
            evidence.sort_by_key(Evidence::moment);
        }
        let ends = self.view.last_ends(socket.facts.cookie).unzip();
        Some(ProgramDiagnosis {
            kind,
            program: self.program.number,
            actor: socket.facts.actor()?,
            socket: socket.facts.cookie,
            fd: socket.facts.fd.or_else(|| self.last_fd(socket.facts.cookie)),
            local: socket.facts.local.or(ends.0),
            remote: socket.facts.remote.or(ends.1),
            evidence,
        })
    }

    /// The descriptor of a call on a socket, or the one that it was made as.
    fn last_fd(&self, socket: u64) -> Option<i32> {
        self.view.calls_on(socket).find_map(|call| call.call.fd())
    }

    fn kernel(&self, socket: &SocketView<'a>) -> Evidence<'a> {
        Evidence::Kernel(socket.changed, socket.facts)
    }

    /// The entry since which something has been so of a socket, without a break.
    fn since(&self, socket: &SocketView<'a>, is_so: impl Fn(&SocketFacts) -> bool) -> Moment {
        let history = self.view.history(socket.facts.cookie);
        let so = history.take_while(|(_, facts)| facts.is_some_and(&is_so));
        so.last().map_or(socket.changed, |(moment, _)| moment)
    }

    /// A connection that its peer ended, while its program went on to something else and left it open.
    fn left(&self, socket: &SocketView<'a>) -> Option<LeftOpen<'a>> {
        let cookie = socket.facts.cookie;
        let reset = || {
            let ends = self.view.last_ends(cookie).filter(|_| socket.state == State::Closed)?;
            self.arrived(ends, Flags::RST)
        };
        if socket.state != State::CloseWait {
            reset()?;
        }
        if self.within(cookie).next().is_some() {
            return None;
        }
        let end = self.view.calls_on(cookie).take(MOST).find(told_end);
        let last = self.view.calls_on(cookie).next().or_else(|| self.view.maker(cookie))?;
        // A thread that went on to wait for something else, or ends. What it does in between, as a server that tells its other
        // clients of the end or takes a descriptor off its epoll instance, may be on the way to `close()`. Where a process has given up
        // its copy, it is who made the connection that may still close it.
        let process = |call: &CallView<'_>| call.made.and_then(|made| made.process);
        let made = self.view.maker(cookie).filter(|made| gives_up_copy(&last) && process(made) != process(&last));
        let (thread, since) = made.map_or((last.caller, last.entered), |made| (made.caller, made.entered));
        let later = self.view.calls_of_thread(thread).take(MOST).take_while(|later| later.entered > since);
        let next = later.filter(|later| on(later) != Some(cookie)).find(goes_on);
        let rests = || self.is_long_ago(last.changed.max(socket.state_since)) && !self.is_held();
        match (end, next) {
            (Some(end), Some(next)) => Some(LeftOpen { end: Some(end), next: Some(next) }),
            // It may still find out.
            (end, next) => rests().then_some(LeftOpen { end, next }),
        }
    }

    fn not_closed(&self, socket: &SocketView<'a>, left: &LeftOpen<'a>) -> Option<ProgramDiagnosis<'a>> {
        let Some(end) = left.end.filter(|_| socket.state == State::CloseWait) else {
            return self.not_noticed(socket, left);
        };
        // A program that ends has its descriptors closed.
        if left.next.is_some_and(|next| next.called() == "exit_group") {
            return None;
        }
        let calls = [self.view.maker(socket.facts.cookie), Some(end), left.next];
        let calls = calls.into_iter().flatten().map(Evidence::Call);
        self.told(DiagnosisKind::NotClosed, socket, calls.chain([self.kernel_state(socket)]).collect())
    }

    /// A connection whose end the program wasn't told, and that no thread has been in a call on for long.
    fn not_noticed(&self, socket: &SocketView<'a>, left: &LeftOpen<'a>) -> Option<ProgramDiagnosis<'a>> {
        let is_silent = socket.state == State::CloseWait && unread(socket.facts).is_none();
        let ends = left.next.is_some_and(|next| next.called() == "exit_group");
        let told_all = self.view.told_all_since(socket.state_since);
        if !is_silent || left.end.is_some() || ends || !told_all || self.within(socket.facts.cookie).next().is_some() {
            return None;
        }
        let calls = [self.view.maker(socket.facts.cookie), self.view.calls_on(socket.facts.cookie).next()];
        let calls = calls.into_iter().flatten().map(Evidence::Call);
        let evidence = calls.chain(self.sleepers()).chain([self.kernel_state(socket)]);
        self.told(DiagnosisKind::NotNoticed, socket, evidence.collect())
    }

    /// A connection that a child of the program served and left, while the parent that accepted it has it open and never used it after
    /// `fork()`.
    fn kept(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let has = |call: &CallView<'a>| {
            call.made.is_some_and(|made| made.sockets.iter().any(|of| of.socket == cookie && !of.others.is_empty()))
        };
        let closes = self.view.calls_on(cookie).take(MOST).find(gives_up_copy);
        let exits = || self.threads().iter().find(|call| call.called() == "exit_group" && has(call)).copied();
        let child = closes.or_else(exits)?;
        let made = self.view.maker(cookie)?;
        let parent = made.made?.process.filter(|parent| child.made.and_then(|made| made.process) != Some(*parent))?;
        let of_parent = |call: &CallView<'a>| call.made.and_then(|made| made.process) == Some(parent);
        // The newest before the child's end: one that inherited the socket.
        let forks = |call: &CallView<'a>| call.entered > made.entered && is_fork(call) && inherits(call, cookie);
        let fork = self.view.calls_of_thread(made.caller).take(MOST).find(forks)?;
        let used = self.view.calls_on(cookie).take(MOST).any(|call| of_parent(&call) && call.entered > fork.entered);
        if used {
            return None;
        }
        let calls = [made, fork, child].map(Evidence::Call).into_iter();
        let kind =
            if socket.state == State::CloseWait { DiagnosisKind::KeptByParent } else { DiagnosisKind::KeptAfterReset };
        self.told(kind, socket, calls.chain([self.kernel_state(socket)]).collect())
    }

    /// What the kernel said when the state became what it is.
    pub(super) fn kernel_state(&self, socket: &SocketView<'a>) -> Evidence<'a> {
        Evidence::Kernel(socket.state_since, socket.facts)
    }

    fn leaks(&self, left: &[(SocketView<'a>, LeftOpen<'a>)]) -> Option<ProgramDiagnosis<'a>> {
        let mut fds: Vec<i32> = left.iter().filter_map(|(socket, _)| socket.facts.fd).collect();
        fds.sort_unstable();
        let (socket, _) = left.first()?;
        let evidence = left.iter().take(LEAK).flat_map(|(socket, left)| {
            let end = left.end.or_else(|| self.view.maker(socket.facts.cookie)).map(Evidence::Call);
            [end, Some(self.kernel_state(socket))].into_iter().flatten()
        });
        self.told(DiagnosisKind::Leaks(fds), socket, evidence.collect())
    }

    fn queue_full(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let (facts, cookie) = (socket.facts, socket.facts.cookie);
        let full = |facts: &SocketFacts| facts.state == State::Listen && facts.recv_queue > facts.send_queue;
        if !full(facts) || self.is_held() || self.within(cookie).any(|call| matches!(call.call, Call::Accept { .. })) {
            return None;
        }
        let last = self.view.calls_on(cookie).take(MOST).find(|call| matches!(call.call, Call::Accept { .. }));
        let since = self.since(socket, full).max(last.map_or(0, |last| last.changed));
        if !self.is_long_ago(since) || !self.view.told_all_since(since) {
            return None;
        }
        let kind = DiagnosisKind::QueueFull { waiting: facts.recv_queue, backlog: facts.send_queue };
        let listened = self.view.calls_on(cookie).find(|call| matches!(call.call, Call::Listen { .. }));
        let calls = [listened, last].into_iter().flatten().map(Evidence::Call);
        self.told(kind, socket, calls.chain(self.sleepers()).chain([self.kernel(socket)]).collect())
    }

    fn not_read(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let cookie = socket.facts.cookie;
        let bytes = unread(socket.facts)?;
        let busy = |call: &CallView<'_>| call.is_open() && !call.blocked && !call.stands;
        if self.is_held() || self.within(cookie).any(reads) || self.threads().iter().any(busy) {
            return None;
        }
        let last = self.view.calls_on(cookie).take(MOST).find(reads);
        let since = self.since(socket, |facts| unread(facts).is_some()).max(last.map_or(0, |last| last.changed));
        if !self.is_long_ago(since) || !self.view.told_all_since(since) {
            return None;
        }
        let last = last.or_else(|| self.view.maker(cookie)).map(Evidence::Call);
        self.told(
            DiagnosisKind::NotRead(bytes),
            socket,
            last.into_iter().chain(self.sleepers()).chain([self.kernel(socket)]).collect(),
        )
    }

    fn window_zero(&self, socket: &SocketView<'a>) -> Option<ProgramDiagnosis<'a>> {
        let probes = |facts: &SocketFacts| {
            facts.send_queue > 0 && facts.timer.is_some_and(|timer| timer.kind == TimerKind::Probe)
        };
        if !probes(socket.facts) || !self.is_long_ago(self.since(socket, probes)) {
            return None;
        }
        let (local, remote) = socket.facts.ends()?;
        let newest = self.segments((local, remote)).find(|segment| segment.segment.from == remote);
        let zero = newest.filter(|segment| segment.segment.tcp().is_some_and(|tcp| tcp.window == 0));
        let peer = self.view.trace().peer_of(socket.facts.cookie).and_then(|peer| self.view.socket(peer));
        let peer = peer.filter(|peer| !peer.gone && peer.facts.recv_queue > 0);
        if zero.is_none() && peer.is_none() {
            return None;
        }
        let mut evidence: Vec<Evidence<'a>> =
            self.within(socket.facts.cookie).map(|call| Evidence::Call(*call)).collect();
        evidence.extend(zero.map(|segment| Evidence::Segment(segment.changed, segment.id)));
        evidence.extend(peer.map(|peer| self.kernel(&peer)));
        evidence.push(self.kernel(socket));
        self.told(DiagnosisKind::WindowZero(socket.facts.send_queue), socket, evidence)
    }

    /// The newest segment with this flag that came from the peer.
    pub(super) fn arrived(&self, (local, remote): AddressPair, flag: Flags) -> Option<SegmentView<'a>> {
        self.segments((local, remote)).find(|segment| {
            let came = segment.segment.from == remote && wire::came(segment.fate);
            came && has(segment, flag) && !wire::was_refused(&self.view, segment)
        })
    }

    /// The segments of the newest connection between two ends, the newest first.
    pub(super) fn segments(&self, ends: AddressPair) -> impl Iterator<Item = SegmentView<'a>> + use<'a> {
        let mut initials = None;
        wire::segments(&self.view, ends)
            .take(MOST)
            .take_while(move |segment| initials.get_or_insert(segment.initials).is_with(&segment.initials))
    }
}

/// A connection that was left open.
struct LeftOpen<'a> {
    /// The call that told the end of the data.
    end: Option<CallView<'a>>,
    /// What its thread went on to.
    next: Option<CallView<'a>>,
}

/// Whether a call is one of a program that has done with what it did before: it takes or makes another connection, has slept, or is
/// the end.
fn goes_on(call: &CallView<'_>) -> bool {
    let begins = matches!(call.call, Call::Accept { .. } | Call::Connect { .. });
    begins || call.slept || call.called() == "exit_group"
}

/// Whether a `close()` was of the last descriptor of its socket.
pub(super) fn is_last_close(call: &CallView<'_>) -> bool {
    let closed = matches!((call.call, call.outcome), (Call::Close { .. }, Some(Ok(_))));
    closed && call.made.is_some_and(|made| made.others.is_empty())
}

/// Whether a call is the `close()` of one of several descriptors of its socket.
fn gives_up_copy(call: &CallView<'_>) -> bool {
    call.called() == "close" && call.made.is_some_and(|made| !made.others.is_empty())
}

fn is_fork(call: &CallView<'_>) -> bool {
    matches!(call.called(), "fork" | "vfork" | "clone" | "clone3") && matches!(call.outcome, Some(Ok(_)))
}

fn inherits(call: &CallView<'_>, socket: u64) -> bool {
    call.made.is_some_and(|made| made.sockets.iter().any(|of| of.socket == socket))
}

pub(super) fn on(call: &CallView<'_>) -> Option<u64> {
    call.made.and_then(|made| made.socket)
}

pub(super) fn has(segment: &SegmentView<'_>, flag: Flags) -> bool {
    segment.segment.tcp().is_some_and(|tcp| tcp.flags.has(flag))
}

/// Whether a call told the end of the data: 0 bytes, where some were asked for.
pub(super) fn told_end(call: &CallView<'_>) -> bool {
    matches!((call.call, call.outcome), (Call::Recv { len, .. }, Some(Ok(returned))) if *len > 0 && returned.value == 0)
}

/// Whether a call receives, whatever it is called.
pub(super) fn reads(call: &CallView<'_>) -> bool {
    matches!(call.called(), "read" | "readv" | "recvfrom" | "recvmsg" | "recvmmsg" | "splice" | "sendfile")
}

/// Bytes of a connection that came and weren't read. The kernel counts the other end's FIN as one more byte, until a receiving
/// call has told the end.
pub(super) fn unread(facts: &SocketFacts) -> Option<u32> {
    let fin = match facts.state.tcp()? {
        State::Listen | State::Closed | State::SynSent | State::SynRecv => return None,
        State::CloseWait | State::LastAck | State::Closing | State::TimeWait => 1,
        State::Established | State::FinWait1 | State::FinWait2 => 0,
    };
    facts.recv_queue.checked_sub(fin).filter(|bytes| *bytes > 0)
}
