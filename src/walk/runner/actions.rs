//! What a step's action asks of the world.

use std::net::SocketAddr;
use std::time::Duration;

use super::Runner;
use super::by_hand::StepRelease;
use super::running::process;
use crate::lesson::{Action, Address, Payload, Recipient, SegmentPattern, Step, TransferAction, WaitAction};
use crate::model::{
    Actor, Call, CallName, CallView, Caller, ChangedSetting, EpollEvents, EpollOp, PolledDescriptor, PolledSocket,
    SegmentId, SegmentView, Side, Statement, View,
};
use crate::model::{Transfer, edit::Unfit};
use crate::tcp::Protocol;
use crate::walk::Request;
use crate::walk::claims::written;
use crate::walk::forge::{forge, newest_between};
use crate::walk::names::NamedSocket;
use crate::walk::names::Naming;

/// Whether two segments are copies of one, or say the same in every field that a pattern can tell: then it is the same
/// whichever of them goes.
fn is_same(one: &SegmentView<'_>, other: &SegmentView<'_>, view: &View<'_>) -> bool {
    let original = |segment: &SegmentView<'_>| {
        let copies = std::iter::successors(Some(*segment), |copy| view.segment(copy.again?));
        copies.last().map_or(segment.id, |first| first.id)
    };
    let says = |segment: &SegmentView<'_>| {
        let packet = segment.segment;
        (packet.from, packet.to, packet.transport, packet.payload().to_vec())
    };
    original(one) == original(other) || says(one) == says(other)
}

/// Says which waiting segments a step's pattern doesn't tell apart.
fn several(fitting: &[SegmentView<'_>], pattern: &SegmentPattern) -> Statement {
    let segments = fitting.iter().map(|segment| written(segment, pattern)).collect();
    Statement::SeveralFit { from: pattern.from, segments }
}

/// What is so of a thread of a process: of the main one of the first it is said of its side.
fn of_caller(Caller { actor, worker }: Caller, said: Statement) -> Box<Statement> {
    let mut said = Box::new(said);
    if worker != Caller::MAIN {
        said = Box::new(Statement::OfThread { thread: worker, said });
    }
    if actor.is_first() { said } else { Box::new(Statement::OfProcess { process: actor.nth, said }) }
}

fn not_made(unfit: Unfit) -> Box<Statement> {
    Box::new(Statement::NotMade(unfit.to_string()))
}

impl Runner {
    /// Asks the world for a step's action. Where it can't be done, says what is the case instead.
    pub(super) fn act(&mut self, step: &Step, now: Duration) -> Result<(), Box<Statement>> {
        let Some(action) = &step.action else { return Ok(()) };
        match action {
            Action::Deliver(pattern) => {
                let id = self.awaited(pattern, StepRelease::Delivered, now)?;
                self.requests.extend(id.map(Request::Deliver));
            }
            Action::DeliverAll { from } => self.deliver_all(*from)?,
            Action::DeliverUpTo(pattern) => {
                let last = self.awaited(pattern, StepRelease::Delivered, now)?;
                let waiting = self.knowledge().waiting_from(pattern.from);
                let before = waiting.into_iter().take_while(|id| last.is_some_and(|last| *id <= last));
                self.requests.extend(before.map(Request::Deliver));
            }
            Action::Drop(pattern) => {
                let id = self.awaited(pattern, StepRelease::Dropped, now)?;
                self.requests.extend(id.map(Request::Drop));
            }
            Action::Repeat(pattern) => {
                let id = self.knowledge().find_segment(pattern, |_| true).map(|segment| segment.id);
                let id = id.ok_or_else(|| Box::new(self.knowledge().last_sent(pattern)))?;
                self.requests.push_back(Request::Repeat(id));
            }
            Action::Edit { pattern, edit } => {
                let known = self.knowledge();
                let of = known.find_segment(pattern, |_| true);
                let of = of.ok_or_else(|| Box::new(known.last_sent(pattern)))?;
                let (id, copy) =
                    (of.id, edit.apply(of.segment, &self.trace.present().initials_for_copy(&of)).map_err(not_made)?);
                self.requests.push_back(Request::Make(Some(id), Box::new(copy)));
            }
            Action::Forge { from, on, forgery } => {
                let (from, to) = self.ends(*from, on.as_deref())?;
                let made = forge(&self.trace.present(), (from, to), forgery).map_err(not_made)?;
                self.requests.push_back(Request::Make(None, Box::new(made)));
            }
            Action::LetCall { side, call, name } => self.let_call(*side, call, name.as_deref())?,
            Action::Rule(change) => self.requests.push_back(Request::Rule(change.clone())),
            Action::Kernel(changes) => self.requests.extend(changes.iter().cloned().map(Request::Kernel)),
            Action::Pause(time) => self.pause(*time, now),
            Action::Interrupt { side } => {
                let caller = self.caller(step, *side)?;
                self.busy_in(caller).ok_or_else(|| of_caller(caller, Statement::InNoCall(*side)))?;
                self.requests.push_back(Request::Interrupt(process(caller.actor), caller.worker));
            }
            call => self.make(call, step)?,
        }
        Ok(())
    }

    /// Asks the world for a step's call.
    fn make(&mut self, action: &Action, step: &Step) -> Result<(), Box<Statement>> {
        let (side, call, naming) = self.call_of(action)?;
        let caller = self.caller(step, side)?;
        let Caller { actor, worker } = caller;
        if self.trace.present().is_dead(actor) {
            return Err(of_caller(Caller { worker: Caller::MAIN, ..caller }, Statement::Killed(side)));
        }
        if let Some(call) = self.busy_in(caller) {
            return Err(of_caller(caller, Statement::Sleeps { side, call }));
        }
        self.naming.extend(naming.map(|name| (caller, name)));
        if let Some(running) = &mut self.running {
            running.call = Some((caller, self.trace.now()));
        }
        self.requests.push_back(Request::by_thread(process(actor), worker, call));
        Ok(())
    }

    /// The kernel has refused a setting or a route: a step that wants it can't be done.
    pub(super) fn setting_refused(&mut self, changed: &ChangedSetting) {
        let Err(errno) = changed.now else { return };
        if let Some(running) = &mut self.running
            && let Some(Action::Kernel(wanted)) = running.step.and_then(|step| self.lesson.steps[step].action.as_ref())
        {
            let wanted = wanted.iter().find_map(|change| change.line_of(&changed.name));
            let name = wanted.unwrap_or_else(|| changed.name.clone());
            running.obstacle = Some(Box::new(Statement::NotSet { name, errno }));
        }
    }

    fn deliver_all(&mut self, from: Side) -> Result<(), Box<Statement>> {
        let waiting = self.knowledge().waiting_from(from);
        if waiting.is_empty() {
            return Err(Box::new(Statement::NoneWaits { from, what: "TCP".to_owned() }));
        }
        self.requests.extend(waiting.into_iter().map(Request::Deliver));
        Ok(())
    }

    /// The addresses of a connection, that of a side first: of a socket's, else of the newest one between the sides.
    fn ends(&self, from: Side, on: Option<&str>) -> Result<(SocketAddr, SocketAddr), Box<Statement>> {
        let trace = &self.trace;
        let none = || Box::new(Statement::SentNothing { from, on: on.map(str::to_owned) });
        let Some(on) = on else { return newest_between(&trace.present(), from).ok_or_else(none) };
        let named = self.named(on)?;
        let socket = named.cookie.and_then(|cookie| trace.present().socket(cookie));
        let (local, remote) = socket.and_then(|socket| socket.facts.ends()).ok_or_else(none)?;
        Ok(if named.side == from { (local, remote) } else { (remote, local) })
    }

    /// What the lesson calls so.
    fn named(&self, name: &str) -> Result<NamedSocket, Box<Statement>> {
        self.names.get(name).ok_or_else(|| Box::new(Statement::NoSuchSocket(name.to_owned())))
    }

    fn busy_in(&self, caller: Caller) -> Option<CallName> {
        let open = self.trace.present().open_calls(caller.actor).into_iter();
        { open }.find(|call| call.caller == caller).map(|call| call.own.name())
    }

    /// The waiting segment that a step wants. `Ok(None)` where the learner did with it already what the step would.
    fn awaited(
        &mut self,
        pattern: &SegmentPattern,
        wanted: StepRelease,
        now: Duration,
    ) -> Result<Option<SegmentId>, Box<Statement>> {
        if let Some(id) = self.waiting_for(pattern)? {
            let was_awaited = self.running.as_ref().is_some_and(|running| running.sent_again_at.is_some());
            if was_awaited && self.trace.present().was_touched() {
                // The next copy of a segment that was dropped by hand is there: so what the step before said may be so again.
                self.recheck(now);
            }
            return Ok(Some(id));
        }
        if self.was_done_by_hand(pattern, wanted) {
            return Ok(None);
        }
        // A segment that was dropped comes again when its sender's timer fires: soon enough, it is waited for.
        if let Some(at) = self.sent_again_at(pattern, now) {
            let until = at + self.options.patience;
            if let Some(running) = self.running.as_mut().filter(|running| running.sent_again_at.is_none()) {
                running.sent_again_at = Some(at);
                running.deadline = running.deadline.max(until);
            }
        }
        let what = match pattern.protocol {
            Protocol::Tcp => pattern.flags.to_string(),
            other => other.name().to_uppercase(),
        };
        Err(Box::new(Statement::NoneWaits { from: pattern.from, what }))
    }

    /// The waiting segment that fits; several that fit are told by name, unless they are the same.
    fn waiting_for(&self, pattern: &SegmentPattern) -> Result<Option<SegmentId>, Box<Statement>> {
        let (view, known) = (self.trace.present(), self.knowledge());
        let waiting = view.waiting();
        let fitting: Vec<SegmentView<'_>> =
            waiting.iter().filter_map(|id| view.segment(*id)).filter(|segment| known.fits(segment, pattern)).collect();
        let Some(newest) = fitting.last() else { return Ok(None) };
        let one = fitting.iter().all(|segment| is_same(segment, newest, &view));
        if one { Ok(Some(newest.id)) } else { Err(Box::new(several(&fitting, pattern))) }
    }

    /// The waiting segment that the next step will let go or drop, as far as it is there already.
    pub fn awaited_next(&self) -> Option<SegmentId> {
        match &self.next_step()?.1.action {
            Some(Action::Deliver(pattern) | Action::Drop(pattern)) => self.waiting_for(pattern).ok().flatten(),
            _ => None,
        }
    }

    /// Who makes a step's call, of this side. Where the lesson's `fork()` hasn't made that process, says so.
    pub(super) fn caller(&self, step: &Step, side: Side) -> Result<Caller, Box<Statement>> {
        let actor = self.names.process(side, step.process);
        let actor = actor.ok_or_else(|| Box::new(Statement::NoProcess { side, process: step.process }))?;
        Ok(Caller { actor, worker: step.worker })
    }

    /// The number of the child that a `fork` of the newest step makes: those of a side count from 2, in the order of such steps.
    pub(super) fn next_child(&self, side: Side) -> Naming {
        let forks = |index: &&usize| matches!(&self.lesson.steps[**index].action, Some(Action::Fork { side: forks }) if *forks == side);
        let forked = self.steps[..self.begun].iter().filter(forks).count();
        Naming::Child(Actor::FIRST + u32::try_from(forked).unwrap_or(u32::MAX - Actor::FIRST))
    }

    /// The call that an action means: who makes it, with which arguments, and what the lesson calls that which it makes.
    pub(super) fn call_of(&self, action: &Action) -> Result<(Side, Call, Option<Naming>), Box<Statement>> {
        let (socket, naming) = match action {
            Action::Socket { side, name, ipv6, udp } => {
                let naming = Naming::Descriptor(name.clone());
                return Ok((*side, Call::Socket { ipv6: *ipv6, udp: *udp }, Some(naming)));
            }
            Action::Fork { side } => return Ok((*side, Call::Fork, Some(self.next_child(*side)))),
            Action::GetAddrInfo { side, lookup } => return Ok((*side, Call::GetAddrInfo(lookup.clone()), None)),
            Action::Wait(wait) => return self.wait_of(wait),
            Action::Accept { socket, name } | Action::Dup { socket, name } => {
                (socket.as_str(), Some(Naming::Descriptor(name.clone())))
            }
            other => (other.socket().ok_or_else(|| Box::new(Statement::NoCall))?, None),
        };
        let named = self.named(socket)?;
        let fd = named.fd;
        let call = match action {
            Action::Bind { addr, .. } => Call::Bind { fd, addr: self.address(*addr) },
            Action::Listen { backlog, .. } => Call::Listen { fd, backlog: *backlog },
            Action::Accept { .. } => Call::Accept { fd },
            Action::Dup { .. } => Call::Dup { fd },
            Action::Connect { addr, .. } => Call::Connect { fd, addr: self.address(*addr) },
            Action::Dissolve { .. } => Call::Dissolve { fd },
            Action::Send { payload, flags, .. } => {
                Call::Send { fd, data: self.data(payload, named.side), flags: *flags }
            }
            Action::Recv { max, flags, .. } => Call::Recv { fd, len: *max, flags: *flags },
            Action::Transfer(transfer) => self.transfer_of(transfer, fd, named.side)?.into(),
            Action::SendTo { to, payload, flags, .. } => {
                let (data, addr) = (self.data(payload, named.side), self.recipient(to, named.side)?);
                Call::SendTo { fd, data, flags: *flags, addr }
            }
            Action::RecvFrom { max, flags, .. } => Call::RecvFrom { fd, len: *max, flags: *flags },
            Action::Shutdown { how, .. } => Call::Shutdown { fd, how: *how },
            Action::SetOption { option, value, .. } => Call::SetOption { fd, option: *option, value: *value },
            Action::GetOption { option, .. } => Call::GetOption { fd, option: *option },
            Action::GetSockName { .. } => Call::GetSockName { fd },
            Action::GetPeerName { .. } => Call::GetPeerName { fd },
            Action::SetNonblocking { on, .. } => Call::SetNonblocking { fd, on: *on },
            _ => Call::Close { fd },
        };
        Ok((named.side, call, naming))
    }

    /// The call that sends or receives by another name.
    fn transfer_of(&self, action: &TransferAction, fd: i32, side: Side) -> Result<Transfer, Box<Statement>> {
        Ok(match action {
            TransferAction::Read { max, .. } => Transfer::read(fd, *max),
            TransferAction::Write { payload, .. } => Transfer::write(fd, self.data(payload, side)),
            TransferAction::SendMsg { texts, to, flags, .. } => {
                let buffers: Vec<Vec<u8>> = texts.iter().map(|text| text.clone().into_bytes()).collect();
                match to {
                    Some(to) => Transfer::send_to(fd, &buffers, *flags, self.recipient(to, side)?),
                    None => Transfer::send(fd, &buffers, *flags),
                }
            }
            TransferAction::RecvMsg { max, flags, .. } => Transfer::receive(fd, max.clone(), *flags),
        })
    }

    /// The call that waits for several sockets, or prepares that.
    fn wait_of(&self, wait: &WaitAction) -> Result<(Side, Call, Option<Naming>), Box<Statement>> {
        let polled = |sockets: &[PolledSocket]| {
            let one = |polled: &PolledSocket| Ok(PolledDescriptor::new(self.named(&polled.socket)?.fd, polled.events));
            sockets.iter().map(one).collect::<Result<Vec<_>, Box<Statement>>>()
        };
        Ok(match wait {
            WaitAction::Poll { side, sockets, timeout } => {
                (*side, Call::Poll { fds: polled(sockets)?, timeout: *timeout }, None)
            }
            WaitAction::Select { side, sockets, timeout } => {
                let mut fds = polled(sockets)?;
                fds.sort_by_key(|polled| polled.fd);
                let nfds = fds.last().map_or(0, |highest| highest.fd.saturating_add(1));
                (*side, Call::Select { nfds, fds, timeout: *timeout }, None)
            }
            WaitAction::EpollCreate { side, name } => {
                (*side, Call::EpollCreate, Some(Naming::Descriptor(name.clone())))
            }
            WaitAction::EpollCtl { epoll, op, socket, events } => {
                let epoll = self.named(epoll)?;
                let events = if *op == EpollOp::Del { EpollEvents::default() } else { *events };
                (epoll.side, Call::EpollCtl { epfd: epoll.fd, op: *op, fd: self.named(socket)?.fd, events }, None)
            }
            WaitAction::EpollWait { epoll, most, timeout } => {
                let epoll = self.named(epoll)?;
                (epoll.side, Call::EpollWait { epfd: epoll.fd, most: *most, timeout: *timeout }, None)
            }
        })
    }

    pub(super) fn address(&self, given: Option<Address>) -> SocketAddr {
        let server = self.lesson.server;
        let port = self.options.port.unwrap_or(server.port());
        match given {
            None => SocketAddr::new(server.ip(), port),
            Some(given) => given.at(port, server.port()),
        }
    }

    /// To whom a datagram goes.
    fn recipient(&self, to: &Recipient, side: Side) -> Result<SocketAddr, Box<Statement>> {
        match to {
            Recipient::Address(given) => Ok(self.address(*given)),
            Recipient::Sender => {
                let view = self.trace.present();
                let tells = |call: &CallView<'_>| matches!(call.own.name(), CallName::RecvFrom | CallName::RecvMsg);
                let mut calls = view.calls(side).filter(tells);
                let sender = calls.find_map(|call| call.outcome?.as_ref().ok()?.peer);
                sender.ok_or_else(|| Box::new(Statement::NoSender(side)))
            }
        }
    }

    fn data(&self, payload: &Payload, side: Side) -> Vec<u8> {
        match payload {
            Payload::Text(text) => text.clone().into_bytes(),
            Payload::Line(_) => self.line.clone(),
            Payload::Received => self.received[side as usize].clone(),
            Payload::Bytes(count) => (b'a'..=b'z').cycle().take(*count).collect(),
        }
    }
}
