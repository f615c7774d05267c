//! What those who take part ask for, one after the other.

use std::time::Duration;

use super::core::{Effect, Lab, Pending, Sending};
use super::doors;
use super::request::{Request, WireAbility};
use super::schedule::Scope;
use super::threads::OwnThread;
use crate::model::rule::RuleChange;
use crate::model::{Call, Event, HandMade, KernelChange, Member, SegmentId, Side, SideProcess};
use crate::tcp::Packet;

impl Lab {
    /// Carries out what is asked for, where whoever asks may; else it is passed over. Where the kernel is to be asked
    /// first, the request waits for that.
    pub(super) fn carry_out(&mut self, now: Duration, pending: Pending) -> Option<Effect> {
        let (from, request, prepared) = match pending {
            Pending::Request { from, request, prepared } => (from, request, prepared),
            Pending::Leaving(number) => return self.left(now, number),
        };
        // Who doesn't take part has nothing done, and the kernel isn't asked for it.
        self.peers.get(from)?;
        if !prepared && let Some(effect) = self.prepare(now, from, &request) {
            self.pending.push_front(Pending::Request { from, request, prepared: true });
            return Some(effect);
        }
        match request {
            Request::Call(process, call) => self.call_by_next(now, from, process, call),
            Request::CallBy(process, worker, call) => self.call(now, from, OwnThread { process, worker }, call),
            Request::Interrupt(process, worker) => self.interrupt(from, OwnThread { process, worker }),
            Request::Kill(process) => self.kill(now, from, process),
            Request::LetCall(caller) => self.let_call(now, from, caller),
            Request::Hold(of, held) => {
                self.hold_calls(now, from, of, held);
                None
            }
            Request::Play(side) => {
                self.play(from, side);
                None
            }
            Request::Deliver(id) => self.deliver(from, id),
            Request::Repeat(id) => self.repeat(now, from, id),
            Request::Make(of, segment) => self.make(now, from, of, *segment),
            Request::Drop(id) => {
                self.drop_waiting(now, from, id);
                None
            }
            Request::Pass(which, delay) => {
                let member = self.peers.get(from)?;
                if doors::may_pass(member, which, &self.trace) {
                    self.set_rules(now, self.rules.with(which, delay));
                }
                None
            }
            Request::Rule(change) => {
                self.rule(now, from, &change);
                None
            }
            Request::Kernel(change) => self.may_set(from, &change).then_some(Effect::Kernel(change)),
            Request::Note(event) => {
                if self.resident == Some(from) {
                    self.push(now, *event);
                }
                None
            }
            Request::TellTimes => self.tell_times(from),
            Request::Settle => {
                self.wants_to_settle(from);
                None
            }
        }
    }

    /// What the kernel is asked for before a request is carried out.
    ///
    /// Before a call, so that what it comes to is explained by what the kernel had when it was entered. Before a segment goes,
    /// so that a state that stood only from one request to the next is in the trace too; not where asking takes long: the
    /// key comes first.
    fn prepare(&mut self, now: Duration, from: u32, request: &Request) -> Option<Effect> {
        let scope = match request {
            Request::Call(process, call) => self.before_call(from, OwnThread::main(*process), call)?,
            Request::CallBy(process, worker, call) => {
                self.before_call(from, OwnThread { process: *process, worker: *worker }, call)?
            }
            Request::Deliver(_) | Request::Drop(_) | Request::Repeat(_) | Request::Make(..)
                if self.schedule.is_stale() && self.schedule.is_quick() =>
            {
                Scope::All
            }
            Request::Deliver(_) | Request::Drop(_) | Request::Repeat(_) | Request::Make(..) => return None,
            // What it comes to is explained by what the kernel had when it was let go, or killed.
            Request::LetCall(_) | Request::Kill(_) => Scope::All,
            Request::Hold(..) | Request::Play(_) => return None,
            Request::Interrupt(..) | Request::Pass(..) | Request::Rule(_) | Request::Kernel(_) => return None,
            Request::Note(_) | Request::TellTimes | Request::Settle => return None,
        };
        let scope = self.schedule.begin_with(now, scope);
        if matches!(scope, Scope::Ends(_)) {
            // The others are still to be asked for.
            self.schedule.changed(now);
        }
        Some(Effect::Dump(scope))
    }

    fn before_call(&self, from: u32, thread: OwnThread, call: &Call) -> Option<Scope> {
        let caller = self.peers.caller(from, thread)?;
        // Of what programs did since, no entry tells.
        if !self.schedule.is_stale() && !self.run_programs() {
            return None;
        }
        Some(self.schedule.before_call(caller, call, self.table.sockets().len(), &self.trace))
    }

    /// A process's next call, by whichever thread of its makes it.
    fn call_by_next(&mut self, now: Duration, from: u32, process: SideProcess, call: Call) -> Option<Effect> {
        let worker = self.threads.next_of(self.peers.caller(from, OwnThread::main(process))?.actor)?;
        self.call(now, from, OwnThread { process, worker }, call)
    }

    fn interrupt(&self, from: u32, thread: OwnThread) -> Option<Effect> {
        self.peers.caller(from, thread).map(|_| Effect::Interrupt(from, thread))
    }

    fn call(&mut self, now: Duration, from: u32, thread: OwnThread, call: Call) -> Option<Effect> {
        let caller = self.peers.caller(from, thread)?;
        let forks = call == Call::Fork;
        if self.threads.is_in_call(caller) || (forks && !self.peers.may_fork(from, caller.actor.side)) {
            return None;
        }
        self.threads.enters(caller);
        self.push(now, Event::Entered { caller, call: call.clone() });
        self.schedule.changed(now);
        Some(match forks {
            true => Effect::Fork(from, thread, self.peers.forks(from, caller)),
            false => Effect::Make(from, thread, call),
        })
    }

    /// Only a lesson's claims want them.
    fn tell_times(&mut self, from: u32) -> Option<Effect> {
        if self.resident == Some(from) {
            self.table.tell_times();
        }
        None
    }

    fn kill(&mut self, now: Duration, from: u32, process: SideProcess) -> Option<Effect> {
        let actor = self.peers.caller(from, OwnThread::main(process))?.actor;
        self.threads.killed(actor);
        self.peers.ended(actor);
        self.push(now, Event::Killed(actor));
        self.schedule.changed(now);
        Some(Effect::Kill(from, process, actor))
    }

    fn play(&mut self, from: u32, side: Side) {
        if self.peers.get(from).is_some_and(Member::runs_program) {
            self.parts.expect(from, side);
        }
    }

    fn drop_waiting(&mut self, now: Duration, from: u32, id: SegmentId) {
        if self.may(from, id)
            && let Some(event) = self.held.forget(id)
        {
            self.push(now, event);
            self.schedule.changed(now);
        }
    }

    /// Who may is who may have such segments pass by themselves.
    fn rule(&mut self, now: Duration, from: u32, change: &RuleChange) {
        let Some(member) = self.peers.get(from) else { return };
        let rules = self.wire_rules.rules();
        let changed = rules.with(change, |which| doors::may_pass(member, which, &self.trace));
        if self.wire == WireAbility::Holds && changed != *rules {
            self.set_wire_rules(now, changed);
        }
    }

    /// Whether one may change the lab's own kernel: who makes calls there, or steps.
    fn may_set(&self, from: u32, change: &KernelChange) -> bool {
        self.wire == WireAbility::Holds && self.peers.get(from).is_some_and(Member::steps) && change.is_sound()
    }

    fn deliver(&mut self, from: u32, id: SegmentId) -> Option<Effect> {
        if !self.may(from, id) {
            return None;
        }
        let segment = self.held.take(id)?;
        Some(Effect::Send(Sending::Released(id), segment))
    }

    /// Sends a copy of a segment that stands in the trace, of which all bytes are kept. Who may is who may let such a segment go,
    /// were it waiting.
    fn repeat(&mut self, now: Duration, from: u32, id: SegmentId) -> Option<Effect> {
        let seen = self.trace.present().segment(id)?;
        let (made, segment) = (seen.by_hand, seen.segment.clone());
        // A copy of what a person made is one more of the same.
        let of = match made {
            Some(HandMade::Edited(of)) => return self.make(now, from, Some(of), segment),
            Some(HandMade::Forged) => return self.make(now, from, None, segment),
            Some(HandMade::Repeated(of)) => of,
            None => id,
        };
        if !self.may_send(from, &segment) {
            return None;
        }
        let id = self.held.made();
        self.push(now, Event::Repeated { id, of, segment: segment.clone() });
        Some(Effect::Send(Sending::Released(id), segment))
    }

    /// Sends a segment that a person made, of one that stands in the trace or of none.
    fn make(&mut self, now: Duration, from: u32, of: Option<SegmentId>, segment: Packet) -> Option<Effect> {
        let known = of.is_none_or(|of| self.trace.present().segment(of).is_some());
        if !known || !self.may_send(from, &segment) {
            return None;
        }
        let id = self.held.made();
        let event = match of {
            Some(of) => Event::Edited { id, of, segment: segment.clone() },
            None => Event::Forged { id, segment: segment.clone() },
        };
        self.push(now, event);
        Some(Effect::Send(Sending::Made(id), segment))
    }

    /// Whether one may send by hand what such a segment is: who may let it go, were it waiting.
    fn may_send(&self, from: u32, segment: &Packet) -> bool {
        let may = |member| doors::may(member, self.trace.door(segment), &self.trace.present().members());
        self.wire == WireAbility::Holds && self.peers.get(from).is_some_and(may)
    }

    /// Whether one may let a waiting segment go.
    fn may(&self, from: u32, id: SegmentId) -> bool {
        let Some((member, segment)) = self.peers.get(from).zip(self.held.held(id)) else { return false };
        doors::may(member, self.trace.door(segment), &self.trace.present().members())
    }
}
