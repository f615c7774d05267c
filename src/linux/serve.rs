//! The loop that carries a lab's effects out.
//!
//! It serves those who take part: threads of this process ([`LocalPeer`]), and other processes that came over the lab's
//! socket ([`RemotePeers`]). It sleeps in one `ppoll()` on the wire and on the pipe of its messages, and wakes for nothing
//! else but for the time that the lab names and, for moments, while a call is on its way to return or to sleep.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::descriptors::NewSocket;
use super::environment::{Environment, failed};
use super::lab::network;
use super::local_peer::LocalPeer;
use super::orders::{Inbox, Order};
use super::poll::{Polled, poll};
use super::shared::{
    Agent, FromMember, LessonProgram, Link, MemberMessage, Members, Programs, ShownLesson, TakenName, ToMember,
    VERSION, programs_within,
};
use super::sides::Report;
use super::sys;
use crate::lab::{Denial, Effect, Failure, Happening, HappeningKind, Input, Lab, OwnThread, Request, Scope, Sending};
use crate::model::{Actor, Aim, Call, Mode};

/// So many captured segments, and so many effects, are taken in one round, so that messages are heard while a transfer runs.
pub(super) const ROUND: usize = 256;

/// Where there are more sockets, the kernel is asked only after what is known was published: asking takes its time.
const MANY: usize = 64;

/// How long a lab waits for the first who takes part.
const FIRST: Duration = Duration::from_secs(10);

/// How often a lab in which nobody takes part looks whether anything runs in it.
const ALONE: Duration = Duration::from_millis(200);

/// Other processes, where the lab lets them in.
pub(super) struct RemotePeers {
    pub(super) members: Members,
    /// Under which they find the lab, until it ends.
    pub(super) name: Option<TakenName>,
    /// The programs that run in the lab; `None` where none can come in.
    pub(super) programs: Option<Programs>,
    /// What runs in the lab.
    pub(super) lesson: Option<ShownLesson>,
}

/// Why the loop was left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LoopExit {
    Over,
    Knocked,
}

/// The loop's state.
pub(super) struct Server {
    pub(super) mode: Mode,
    // The call threads end before their wire does.
    pub(super) local: Option<LocalPeer>,
    pub(super) remote: Option<RemotePeers>,
    /// Each ends when its link goes, with those of the others.
    pub(super) programs: Vec<LessonProgram>,
    pub(super) environment: Environment,
    pub(super) lab: Lab,
    /// `None` where this process has no walk.
    pub(super) inbox: Option<Inbox<Order>>,
    pub(super) messages: VecDeque<Order>,
    /// How the process is started in which the lab goes on once others come in; `None` where they come in here.
    pub(super) successor: Option<Successor>,
    /// Somebody is at the door.
    pub(super) knocked: bool,
}

/// What starts the process in which a lab goes on.
pub(super) type Successor = Box<dyn Fn() -> std::process::Command + Send>;

impl Server {
    /// What serves a lab in which nobody takes part yet, neither from here nor from elsewhere.
    pub(super) fn new(mode: Mode, environment: Environment, lab: Lab) -> Server {
        Server {
            mode,
            local: None,
            remote: None,
            programs: Vec::new(),
            environment,
            lab,
            inbox: None,
            messages: VecDeque::new(),
            successor: None,
            knocked: false,
        }
    }

    /// Nobody is let in any more, and all that take part know what happened, and why the lab can't go on, if that is so.
    pub(super) fn close(&mut self, failure: Option<&Failure>) {
        self.remote.iter_mut().for_each(|remote| remote.name = None);
        self.publish_at_once();
        if let (Some(failure), Some(remote)) = (failure, &mut self.remote) {
            remote.members.fail(failure);
        }
    }

    /// Serves until the walk of this process is over or, where it has none, nobody takes part any more; or until somebody is at
    /// the door of a lab that moves before it lets others in.
    ///
    /// # Errors
    /// Why the lab can't go on.
    pub(super) fn go_on(&mut self) -> Result<LoopExit, Failure> {
        let start = Instant::now();
        let mut visited = false;
        let mut busy = true;
        loop {
            let heard = self.wait(busy)?;
            self.take_messages();
            // What was sent before something else happened stands in the trace before it.
            busy = self.read_wire(heard)?;
            while let Some(message) = self.messages.pop_front() {
                if self.hear(message)?.is_break() {
                    return Ok(LoopExit::Over);
                }
            }
            visited |= self.lab.members().next().is_some();
            // Who comes at this moment finds the name free all the sooner.
            if self.is_deserted(visited || start.elapsed() > FIRST) {
                return Ok(LoopExit::Over);
            }
            self.look_at_calls();
            busy |= self.carry_out()?;
            self.publish();
            // What was heard meanwhile is heard here: where the lab goes on, nobody would know of it.
            if self.knocked && !busy && !self.has_messages() {
                return Ok(LoopExit::Knocked);
            }
        }
    }

    /// Makes the trace tell all that matters, and has everybody know it.
    pub(super) fn prepare_to_move(&mut self) {
        self.lab.prepare_to_move(self.environment.now());
        self.publish_at_once();
    }

    /// Leaves the lab to another process, in which this one's walk takes part over this link.
    pub(super) fn leave_to(mut self, link: Link) -> Result<Agent, Box<Server>> {
        let (Some(local), Some(inbox)) = (self.local.take(), self.inbox.take()) else { return Err(Box::new(self)) };
        if let Some(name) = self.remote.as_mut().and_then(|remote| remote.name.take()) {
            name.leave();
        }
        Ok(Agent { link, hands: local.threads, inbox, sink: local.sink, epoch: self.environment.epoch() })
    }

    /// Whether nobody takes part, and nothing runs for which somebody could come back.
    fn is_deserted(&self, visited: bool) -> bool {
        let nobody = self.local.is_none() && self.remote.as_ref().is_none_or(|remote| remote.members.count() == 0);
        nobody && visited && !self.is_inhabited()
    }

    /// Whether programs run in the lab: they would wait for ever for what nobody lets go, so one must be able to come back.
    fn is_inhabited(&self) -> bool {
        self.mode == Mode::Lab && network().is_some_and(|network| !programs_within(network).is_empty())
    }

    fn has_messages(&mut self) -> bool {
        self.take_messages();
        !self.messages.is_empty()
    }

    fn take_messages(&mut self) {
        self.messages.extend(self.inbox.iter().flat_map(Inbox::take));
    }

    pub(super) fn handle(&mut self, input: Input) {
        self.lab.handle(self.environment.now(), input);
    }

    fn hear(&mut self, message: Order) -> Result<ControlFlow<()>, Failure> {
        match message {
            Order::Request(request) => self.asked(request),
            Order::Report(report) => self.reported(report)?,
            Order::Stop => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }

    fn asked(&mut self, request: Request) {
        let Some(local) = &self.local else { return };
        let number = local.member.number;
        if let Request::Call(process, call) | Request::CallBy(process, _, call) = &request
            && local.threads.refuses(*process, call)
        {
            let (at, what) = (self.environment.now(), HappeningKind::Unmade(call.clone()));
            return self.tell_local(Happening { at, what });
        }
        self.handle(Input::Asked(number, request));
    }

    fn reported(&mut self, report: Report) -> Result<(), Failure> {
        match report {
            Report::Returned { who, outcome, made, closed, child } => {
                let Some(local) = &mut self.local else { return Ok(()) };
                let number = local.member.number;
                local.threads.returned(who, closed);
                let inherited = child.map(|child| local.threads.began(*child)).unwrap_or_default();
                self.made(number, who, made);
                self.returned(number, who, outcome, inherited);
                Ok(())
            }
            Report::Signalled(who, signal) => {
                if let Some(local) = &self.local {
                    self.handle(Input::Signalled(local.member.number, who, signal));
                }
                Ok(())
            }
            Report::Died(panic) => Err(Failure::Thread(panic)),
        }
    }

    pub(super) fn heard(&mut self, heard: MemberMessage) {
        let Some(remote) = &mut self.remote else { return };
        match heard {
            MemberMessage::Gone(number) => self.handle(Input::Left(number)),
            MemberMessage::Said(number, FromMember::Hello { version, .. }) if version != VERSION => {
                remote.members.deny(number, Denial::Version(VERSION.to_owned()));
            }
            MemberMessage::Said(number, FromMember::Hello { role, .. }) => {
                if let Some(member) = remote.members.newcomer(number, role) {
                    self.handle(Input::Came(member));
                }
            }
            MemberMessage::Said(number, FromMember::Looks) => remote.members.looks(number),
            MemberMessage::Said(number, FromMember::Program(news, _)) => self.handle(Input::Program(number, *news)),
            MemberMessage::Said(number, FromMember::Opened { process, socket }) => {
                if let Some(actor) = self.lab.program_actor(number, socket.cookie) {
                    self.environment.sockets.process_opened(process, actor, socket);
                }
            }
            MemberMessage::Said(number, FromMember::Closed { process, fd }) => {
                // Only who runs a program has closed one of its descriptors.
                if self.lab.program_actor(number, 0).is_some() {
                    self.environment.sockets.process_closed(process, fd);
                }
            }
            MemberMessage::Said(number, FromMember::Has { process, sockets }) => {
                self.program_has(number, process, &sockets)
            }
            MemberMessage::Said(number, FromMember::Request(request)) => self.handle(Input::Asked(number, request)),
            MemberMessage::Said(number, FromMember::Blocked(caller)) => self.handle(Input::Blocked(number, caller)),
            MemberMessage::Said(number, FromMember::Signalled(who, signal)) => {
                self.handle(Input::Signalled(number, who, signal));
            }
            MemberMessage::Said(number, FromMember::Returned { who, outcome, made, inherited }) => {
                self.made(number, who, made.filter(|_| self.lab.is_in_call(number, who)));
                self.returned(number, who, outcome, inherited);
            }
        }
    }

    /// Asks the kernel of each thread of this process that is in a call whether it sleeps there.
    fn look_at_calls(&mut self) {
        let Some(local) = &mut self.local else { return };
        let number = local.member.number;
        for caller in local.threads.look() {
            self.handle(Input::Blocked(number, caller));
        }
    }

    /// Carries out what the lab wants. Whether more is wanted at once.
    fn carry_out(&mut self) -> Result<bool, Failure> {
        for _ in 0..ROUND {
            let Some(effect) = self.lab.poll(self.environment.now()) else { return Ok(false) };
            self.carry_out_one(effect)?;
        }
        Ok(true)
    }

    /// Has the walk of this process know something, behind all that stands in the trace by now.
    fn tell_local(&mut self, happening: Happening) {
        if let Some(local) = &mut self.local {
            local.note_entries(self.lab.trace().entries());
            local.note(happening);
        }
    }

    /// What takes part in this process, where that is who has this number.
    pub(super) fn local_peer(&mut self, number: u32) -> Option<&mut LocalPeer> {
        self.local.as_mut().filter(|local| local.member.number == number)
    }

    fn carry_out_one(&mut self, effect: Effect) -> Result<(), Failure> {
        match effect {
            Effect::Make(number, thread, call) => self.make(number, thread, call)?,
            Effect::Fork(number, thread, child) => self.fork(number, thread, child)?,
            Effect::Interrupt(number, thread) => match self.local_peer(number) {
                Some(local) => local.threads.interrupt(thread),
                None => self.tell(number, &ToMember::Interrupt(thread)),
            },
            Effect::Kill(number, process, actor) => self.kill(number, process, actor),
            Effect::LetCall(number, thread) => {
                let programs = self.programs.iter_mut().filter(|program| program.number() == number);
                programs.for_each(|program| program.lets_go(thread, self.lab.trace()));
                self.tell(number, &ToMember::LetCall(thread));
            }
            Effect::Hold(number, held) => self.tell(number, &ToMember::Hold(held)),
            Effect::Own(socket, actor) => self.environment.sockets.belongs(socket, actor),
            Effect::Send(sending, segment) => {
                let result = self.environment.send(sending, &segment);
                self.handle(Input::Sent(sending, result));
                if matches!(sending, Sending::Released(_) | Sending::Made(_)) {
                    self.read_wire(Vec::new())?;
                }
            }
            Effect::Dump(scope) => self.dump(&scope)?,
            Effect::CountLost => {
                let lost = self.environment.lost()?;
                self.handle(Input::Lost(lost));
            }
            Effect::CountSince(id) => {
                let moved = self.environment.moved_since();
                self.handle(Input::Counted(id, moved));
            }
            Effect::AreAtRest => {
                let at_rest = self.are_at_rest()?;
                self.handle(Input::AtRest(at_rest));
            }
            Effect::Settled(number) => {
                if self.local_peer(number).is_some() {
                    self.tell_local(Happening { at: self.environment.now(), what: HappeningKind::Settled });
                }
            }
            Effect::SetRtoMin(ms) => self.environment.set_rto_min(ms),
            Effect::Kernel(change) => self.change_kernel(&change),
            Effect::BoundFlight { at_once } => self.environment.bound_flight(at_once),
            Effect::Welcome(number) => self.welcome(number),
            Effect::Forget(actors) => {
                actors.into_iter().for_each(|actor| self.environment.sockets.left(actor));
                if let Some(programs) = self.remote.as_mut().and_then(|remote| remote.programs.as_mut()) {
                    programs.somebody_left();
                }
            }
            Effect::Deny(number, denial) => {
                if let Some(remote) = &mut self.remote {
                    remote.members.deny(number, denial);
                }
            }
        }
        Ok(())
    }

    /// A process of a program has these sockets, and no others.
    fn program_has(&mut self, number: u32, process: u32, sockets: &[NewSocket]) {
        let actor = |socket: &NewSocket| self.lab.program_actor(number, socket.cookie);
        let sockets: Vec<_> = sockets.iter().filter_map(|socket| Some((actor(socket)?, *socket))).collect();
        self.environment.sockets.process_has(process, &sockets);
    }

    fn make(&mut self, number: u32, thread: OwnThread, call: Call) -> Result<(), Failure> {
        match call {
            Call::Close { fd } => {
                if let Some(actor) = self.lab.actor(number, thread) {
                    self.environment.sockets.closing(actor, fd);
                }
            }
            Call::Socket { ipv6, udp } => self.environment.sockets.uses(ipv6, udp),
            _ => {}
        }
        match self.local_peer(number) {
            Some(local) => local.threads.call(thread, call).map_err(failed(Aim::Thread.by("clone()"))),
            None => {
                self.tell(number, &ToMember::Make(thread, call));
                Ok(())
            }
        }
    }

    fn dump(&mut self, scope: &Scope) -> Result<(), Failure> {
        if self.lab.table().sockets().len() > MANY {
            self.publish();
        }
        let mut table = self.environment.dump(scope, self.lab.table())?;
        let mut run = false;
        let programs = self.remote.as_mut().and_then(|remote| remote.programs.as_mut());
        if let Some(programs) = programs.filter(|_| self.mode == Mode::Lab) {
            if let crate::lab::TableUpdate::All(observation) = &mut table {
                programs.name(observation, &self.environment.sockets);
            }
            let members = self.lab.members().map(|member| member.pid).collect();
            run = programs.any_but(&members);
        }
        self.handle(Input::Dumped { table, programs: run });
        Ok(())
    }

    /// Whether each thread of this process is idle or sleeps in its call, and each of the lesson's programs stands before one or
    /// sleeps in it, and no message and no segment is to be read: a
    /// call that returned between two looks has left its segments and its report by then.
    fn are_at_rest(&mut self) -> Result<bool, Failure> {
        if self.local.as_ref().is_some_and(|local| !local.threads.at_rest()) || self.has_messages() {
            return Ok(false);
        }
        let present = self.programs.iter().filter(|program| self.lab.member(program.number()).is_some());
        if !present.into_iter().all(|program| program.is_at_rest(self.lab.trace())) {
            return Ok(false);
        }
        Ok(!self.read_wire(Vec::new())? && !self.has_messages())
    }

    fn welcome(&mut self, number: u32) {
        if self.local_peer(number).is_some() {
            return;
        }
        let (mode, wire, now) = (self.mode, self.environment.wire(), self.environment.now());
        let lesson = self.remote.as_ref().and_then(|remote| remote.lesson.clone());
        let thread = sys::thread_id();
        let nth = self.lab.member(number).map_or(Actor::FIRST, |member| member.nth);
        let passing = self.lab.trace().present().passing().cloned().unwrap_or_default();
        let network = network();
        let held = self.lab.held_calls(number);
        self.tell(number, &ToMember::Welcome { number, nth, mode, wire, now, network, thread, lesson, passing, held });
        if let Some((remote, member)) = self.remote.as_mut().zip(self.lab.member(number)) {
            remote.members.let_in(member.clone());
        }
    }

    pub(super) fn tell(&mut self, number: u32, message: &ToMember) {
        if let Some(remote) = &mut self.remote {
            remote.members.tell_after(number, self.lab.trace().entries(), message);
        }
    }

    /// Has the walk of this process know what stands in the trace, and the others as soon as they can follow.
    pub(super) fn publish(&mut self) {
        self.publish_here();
        if let Some(remote) = &mut self.remote {
            remote.members.publish(self.environment.now(), self.lab.trace().entries());
        }
    }

    /// Has everybody know what stands in the trace.
    fn publish_at_once(&mut self) {
        self.publish_here();
        if let Some(remote) = &mut self.remote {
            remote.members.publish_at_once(self.lab.trace().entries());
        }
    }

    fn publish_here(&mut self) {
        if let Some(local) = &mut self.local {
            local.note_entries(self.lab.trace().entries());
            local.tell();
        }
    }

    /// Waits for whatever comes next, no longer than the lab wants; not at all where there is more to do. What other
    /// processes said.
    fn wait(&mut self, busy: bool) -> Result<Vec<MemberMessage>, Failure> {
        let limit = if busy { Some(Duration::ZERO) } else { self.rest() };
        let members = self.remote.iter().flat_map(|remote| remote.members.polled());
        let (numbers, polled): (Vec<Option<u32>>, Vec<Polled<'_>>) =
            members.map(|(number, fd, sends)| (number, Polled { fd, writes: sends })).unzip();
        let waker = self.inbox.as_ref().map(Inbox::waker);
        let own = waker.into_iter().chain(self.environment.wire_fd());
        let own: Vec<Polled<'_>> = own.map(|fd| Polled { fd, writes: false }).collect();
        let ready = poll(own.iter().chain(&polled), limit).map_err(failed(Aim::Wake.by("ppoll()")))?;
        if let Some(inbox) = self.inbox.as_ref().filter(|_| ready[0]) {
            inbox.silence().map_err(failed(Aim::Wake.by("read()")))?;
        }
        let ready: Vec<Option<u32>> =
            ready[own.len()..].iter().zip(numbers).filter_map(|(ready, number)| ready.then_some(number)).collect();
        let Some(remote) = &mut self.remote else { return Ok(Vec::new()) };
        let mut heard = Vec::new();
        for number in ready {
            match number {
                // Whoever comes is let in by the successor.
                None if self.successor.is_some() => self.knocked = true,
                None => remote.members.admit(),
                Some(number) => heard.extend(remote.members.serve(number)),
            }
        }
        heard.extend(remote.members.lost());
        Ok(heard)
    }

    /// How long nothing needs to be done; `None` for ever.
    fn rest(&self) -> Option<Duration> {
        let calls = self.local.as_ref().and_then(|local| local.threads.look_again());
        let wake = self.lab.wake_at().map(|at| at.saturating_sub(self.environment.now()));
        let lost = self.remote.as_ref().and_then(|remote| remote.members.until_lost());
        let due = self.remote.as_ref().and_then(|remote| remote.members.until_due(self.environment.now()));
        let nobody = self.local.is_none() && self.remote.as_ref().is_some_and(|remote| remote.members.count() == 0);
        [calls, wake, lost, due, nobody.then_some(ALONE)].into_iter().flatten().min()
    }
}
