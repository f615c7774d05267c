//! What traced programs do: whose part each plays, and which of their calls wait until they are let go.

use std::time::Duration;

use super::core::{Effect, Lab};
use super::parts::ProgramNews;
use crate::model::{Actor, Call, CallView, Caller, Event, HeldCalls, Member, ProgramCall, Role, Side};

/// The side that a call on a socket tells: who waits for others is a server. `sends_datagrams`: whether the socket is for datagrams.
fn told_by(call: &ProgramCall, sends_datagrams: impl FnOnce() -> bool) -> Option<Side> {
    match call.like.as_ref()? {
        Call::Bind { addr, .. } if addr.port() != 0 => Some(Side::Server),
        Call::Listen { .. } | Call::Accept { .. } => Some(Side::Server),
        // There it reaches nobody: getaddrinfo() makes it to ask the kernel for a route, in a server too.
        Call::Connect { .. } => (!sends_datagrams()).then_some(Side::Client),
        _ => None,
    }
}

impl Lab {
    /// A program's tracer tells something.
    pub(super) fn program(&mut self, now: Duration, from: u32, news: ProgramNews) {
        let Some(member) = self.peers.get(from).filter(|member| member.runs_program()).cloned() else {
            return;
        };
        match news {
            ProgramNews::Stands(thread, call) => {
                let caller = self.program_caller(now, &member, thread, &call);
                self.push(now, Event::Stands { caller, call: Call::Program(Box::new(call)) });
            }
            ProgramNews::Entered(thread, call) => {
                // One that stood keeps the side that it was seen at.
                let stood = self.open_caller(&member, thread);
                // It was let go here, and that was told then.
                if stood.is_some_and(|caller| self.was_let_go(caller)) {
                    return self.schedule.changed(now);
                }
                let caller = stood.unwrap_or_else(|| self.program_caller(now, &member, thread, &call));
                self.push(now, Event::Entered { caller, call: Call::Program(Box::new(call)) });
                self.schedule.changed(now);
            }
            ProgramNews::Blocked(thread) => {
                if let Some(caller) = self.open_caller(&member, thread) {
                    self.push(now, Event::Blocked { caller });
                }
            }
            ProgramNews::Returned(thread, outcome) => {
                let Some(caller) = self.open_caller(&member, thread) else { return };
                for socket in outcome.iter().flat_map(|returned| &returned.made) {
                    self.presume(from, *socket, caller.actor);
                }
                self.push(now, Event::Returned { caller, outcome });
                self.schedule.changed(now);
            }
            ProgramNews::Untold(calls) => self.push(now, Event::UntoldCalls { program: from, calls }),
            ProgramNews::Signal(thread, signal) => {
                let caller = self.thread_of(&member, thread);
                self.push(now, Event::Signal { caller, signal });
            }
            ProgramNews::Over(how) => self.push(now, Event::ProgramEnded { program: from, how }),
            ProgramNews::Ended(thread) => {
                if let Some(caller) = self.open_caller(&member, thread) {
                    self.push(now, Event::Ended { caller });
                }
            }
        }
    }

    /// A program's call has made a socket. The kernel may have told of it before, as one of the part that the program began with.
    fn presume(&mut self, program: u32, socket: u64, actor: Actor) {
        let seen = self.parts.side(program, Some(socket));
        self.parts.presume(program, socket, actor.side);
        let side = self.parts.side(program, Some(socket));
        if side != seen {
            self.effects.push_back(Effect::Own(socket, Actor { side, ..actor }));
        }
    }

    /// As whom a thread makes a call. A call that tells another side than its socket was seen at moves what was called on it.
    fn program_caller(&mut self, now: Duration, member: &Member, thread: u32, call: &ProgramCall) -> Caller {
        let seen = self.parts.side(member.number, call.socket);
        let sends_datagrams = || call.socket.is_some_and(|socket| self.sends_datagrams(socket));
        let keeps = |socket| self.parts.keeps(member.number, socket) || self.listens(socket);
        let is_told =
            |side: &Side| member.may_play(*side) && (*side == Side::Server || !call.socket.is_some_and(keeps));
        let told = told_by(call, sends_datagrams).or_else(|| self.sends_first(member, call)).filter(is_told);
        let side = match (told, call.socket) {
            (Some(side), Some(socket)) => {
                self.parts.learn(member.number, socket, side);
                if side != seen {
                    let from = Actor { side: seen, nth: member.nth };
                    self.push(now, Event::Plays { from, side, socket });
                    self.effects.push_back(Effect::Own(socket, Actor { side, ..from }));
                    self.parts.moved = true;
                }
                side
            }
            (told, _) => told.unwrap_or(seen),
        };
        Caller { actor: Actor { side, nth: member.nth }, worker: thread }
    }

    /// Who sends datagrams from a socket of which no call has told a part, such as `bind()` to a port, begins as a client does; what has
    /// sent once stays so.
    fn sends_first(&self, member: &Member, call: &ProgramCall) -> Option<Side> {
        let sends = matches!(call.like, Some(Call::Send { .. } | Call::SendTo { .. }));
        let socket = call.socket.filter(|_| sends)?;
        let is_first = !self.parts.is_told(member.number, socket) && self.sends_datagrams(socket);
        is_first.then_some(Side::Client)
    }

    /// Whether a program made a socket for datagrams.
    fn sends_datagrams(&self, socket: u64) -> bool {
        let view = self.trace.present();
        let maker = view.maker(socket).and_then(|call| call.made);
        maker.is_some_and(|made| matches!(made.like, Some(Call::Socket { udp: true, .. })))
    }

    /// Whether a program's socket was made a listener: `connect()` on it is a mistake, and makes no client of it.
    fn listens(&self, socket: u64) -> bool {
        let listens = |call: CallView<'_>| matches!((call.call, call.outcome), (Call::Listen { .. }, Some(Ok(_))));
        self.trace.present().calls_on(socket).any(listens)
    }

    /// A thread of a program, as whom it made its last call.
    fn thread_of(&self, member: &Member, thread: u32) -> Caller {
        let side = self.parts.side(member.number, None);
        let caller = Caller { actor: Actor { side, nth: member.nth }, worker: thread };
        self.trace.present().calls_of_thread(caller).next().map_or(caller, |call| call.caller)
    }

    /// A thread of a program that is in a call, or stands before one.
    fn open_caller(&self, member: &Member, thread: u32) -> Option<Caller> {
        let mut open = self.trace.open_calls().map(|record| record.caller);
        open.find(|caller| caller.worker == thread && member.makes(caller.actor))
    }

    /// Whose a program's socket is: the side as whose it was seen.
    pub fn program_actor(&self, number: u32, socket: u64) -> Option<Actor> {
        let member = self.peers.get(number)?;
        Some(Actor { side: self.parts.side(number, Some(socket)), nth: member.nth })
    }

    /// A thread before its call is let go, by whoever makes calls; where nobody does, by who runs the program.
    pub(super) fn let_call(&mut self, now: Duration, from: u32, caller: Caller) -> Option<Effect> {
        let member = self.peers.get(from)?;
        let caller = if member.runs_program() { self.open_caller(member, caller.worker)? } else { caller };
        if !member.steps() && (self.is_driven() || !member.makes(caller.actor)) {
            return None;
        }
        let stands = self.trace.open_calls().find(|record| record.caller == caller && record.entered.is_none())?;
        let call = Call::Program(stands.made.clone()?);
        let program = self.peers.all().find(|member| member.makes(caller.actor) && !member.is(caller.actor))?.number;
        // Told before it can take its effect: what the kernel says from now on may come of it.
        self.push(now, Event::Entered { caller, call });
        Some(Effect::LetCall(program, caller.worker))
    }

    /// Whether a program's thread stood before the call in which it is.
    fn was_let_go(&self, caller: Caller) -> bool {
        let open = self.trace.open_calls().find(|record| record.caller == caller);
        open.is_some_and(|record| record.entered.is_some_and(|entered| entered != record.seen))
    }

    /// From now on these of a program's calls wait; `None` of all programs'. Whoever makes calls may say so, and who runs the
    /// program, of its own.
    pub(super) fn hold_calls(&mut self, now: Duration, from: u32, of: Option<u32>, held: HeldCalls) {
        let Some(member) = self.peers.get(from) else { return };
        let may = match member.role {
            Role::Drives(_) => true,
            Role::Runs(_) | Role::Plays(_) => of == Some(from),
            Role::Watches => false,
        };
        if may {
            if member.runs_program() {
                self.parts.lets_itself(from, held != HeldCalls::None);
            }
            self.push(now, Event::Holding { of, held });
            self.tell_held();
        }
    }

    fn is_driven(&self) -> bool {
        self.peers.all().any(Member::steps)
    }

    /// Which of a program's calls wait. Where nobody is there who could let them go, none.
    pub fn held_calls(&self, program: u32) -> HeldCalls {
        if self.is_driven() || self.parts.goes_by_itself(program) {
            self.trace.present().holding(program)
        } else {
            HeldCalls::None
        }
    }

    /// The tracers are told which calls wait, where that has changed.
    pub(super) fn tell_held(&mut self) {
        let programs = self.peers.all().filter(|member| member.runs_program());
        let programs: Vec<u32> = programs.map(|member| member.number).collect();
        for number in programs {
            let held = self.held_calls(number);
            if self.parts.held.insert(number, held) != Some(held) {
                self.effects.push_back(Effect::Hold(number, held));
            }
        }
    }
}
