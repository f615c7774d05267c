//! What the learner does that is no step of the lesson: the claims of the step that is shown are held against the
//! kernel again, and the steps that come find what was done before them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Runner;
use super::running::process;
use crate::lesson::{Action, SegmentPattern, Step};
use crate::model::rule::RuleChange;
use crate::model::{
    Actor, Call, Caller, Event, Fate, HandAction, KernelChange, SegmentId, Side, SocketView, Statement, TimerKind,
};
use crate::tcp::{Flags, Packet};
use crate::walk::{Request, WalkCommand};

/// The longest that the next copy of a dropped segment is waited for: in a calm lab a sender takes half a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The longest that Linux delays an acknowledgement (`TCP_DELACK_MAX`), by a timer that `sock_diag` doesn't tell of.
const DELAYED_ACK: Duration = Duration::from_millis(200);

/// The segments that were let go or forgotten by hand, and that no step has asked for since.
#[derive(Debug, Default)]
pub(super) struct HandledSegments {
    delivered: Vec<SegmentId>,
    dropped: Vec<SegmentId>,
}

/// What a step wants done with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepRelease {
    Delivered,
    Dropped,
}

impl HandledSegments {
    fn of(&mut self, wanted: StepRelease) -> &mut Vec<SegmentId> {
        match wanted {
            StepRelease::Delivered => &mut self.delivered,
            StepRelease::Dropped => &mut self.dropped,
        }
    }
}

/// The calls that the learner makes beside the lesson's.
#[derive(Debug, Default)]
pub(super) struct OwnCalls {
    /// Of each side, what is asked of the world.
    asked: [Option<Call>; 2],
    /// The threads that are in one.
    entered: BTreeSet<Caller>,
    /// The one that was asked for last, where it wasn't made.
    pub(super) unmade: Option<Call>,
}

impl OwnCalls {
    fn asked(&mut self, side: Side, call: &Call) {
        self.unmade = None;
        self.asked[side as usize] = Some(call.clone());
    }

    /// A thread has entered a call: the one that was asked for, else one of the lesson's.
    pub(super) fn entered(&mut self, caller: Caller, call: &Call) {
        if self.asked[caller.actor.side as usize].take().as_ref() == Some(call) {
            self.entered.insert(caller);
        }
    }

    /// A process of a side has ended.
    fn killed(&mut self, actor: Actor) {
        self.asked[actor.side as usize] = None;
        self.entered.retain(|caller| caller.actor != actor);
    }

    /// A thread's call has returned: whether it was one of these.
    pub(super) fn returned(&mut self, caller: Caller) -> bool {
        self.entered.remove(&caller)
    }
}

impl Runner {
    /// Does what the learner wants beside the lesson. What can't be done is passed over.
    pub(super) fn by_hand(&mut self, hand: HandAction, now: Duration) {
        let present = self.trace.present();
        let request = match hand {
            HandAction::Deliver(id) | HandAction::Drop(id) if present.waiting().binary_search(&id).is_err() => return,
            HandAction::Deliver(id) => {
                self.handled.delivered.push(id);
                Request::Deliver(id)
            }
            HandAction::Drop(id) => {
                self.handled.dropped.push(id);
                Request::Drop(id)
            }
            HandAction::Repeat(id) => Request::Repeat(id),
            // With what they are about, by functions of their own.
            HandAction::Edit(_) | HandAction::Forge | HandAction::Rule | HandAction::Sysctl => return,
            HandAction::Call(_) | HandAction::Interrupt(_) | HandAction::Kill(_) => return,
        };
        self.did_by_hand(hand, request, now);
    }

    /// Interrupts the call in which a process of a side sleeps.
    pub(super) fn interrupt_by_hand(&mut self, actor: Actor, now: Duration) {
        // A signal to a program would be one that its own code meets.
        let is_programs = self.lesson.programs.contains(&actor.side);
        let Some(call) = self.trace.present().sleeping_in(actor).filter(|_| !is_programs) else { return };
        let caller = call.caller;
        self.interrupting.insert(caller);
        let request = Request::Interrupt(process(actor), caller.worker);
        self.did_by_hand(HandAction::Interrupt(actor.side), request, now);
    }

    /// Ends a process of a side.
    pub(super) fn kill_by_hand(&mut self, actor: Actor, now: Duration) {
        if self.trace.present().is_dead(actor) || self.lesson.programs.contains(&actor.side) {
            return;
        }
        self.to_repeat.retain(|caller, _| caller.actor != actor);
        self.naming.retain(|caller, _| caller.actor != actor);
        self.interrupting.retain(|caller| caller.actor != actor);
        self.own_calls.killed(actor);
        self.did_by_hand(HandAction::Kill(actor.side), Request::Kill(process(actor)), now);
    }

    /// Sends a segment that the learner has made, of one that was seen or of none.
    pub(super) fn make_by_hand(&mut self, of: Option<SegmentId>, segment: Box<Packet>, now: Duration) {
        self.did_by_hand(of.map_or(HandAction::Forge, HandAction::Edit), Request::Make(of, segment), now);
    }

    /// Changes the rules of the wire beside the lesson.
    pub(super) fn rule_by_hand(&mut self, change: RuleChange, now: Duration) {
        self.did_by_hand(HandAction::Rule, Request::Rule(change), now);
    }

    /// Changes a setting or a route of the lab's kernel beside the lesson.
    pub(super) fn set_by_hand(&mut self, change: KernelChange, now: Duration) {
        self.did_by_hand(HandAction::Sysctl, Request::Kernel(change), now);
    }

    /// Has a side make a call that is none of the lesson's. What it makes has no name in the lesson. While its main thread
    /// sleeps in one, a further thread makes it; of a side that a program plays the program makes them.
    pub(super) fn call_by_hand(&mut self, actor: Actor, call: Call, now: Duration) {
        let running = self.running.as_ref().and_then(|running| running.call);
        let is_asked = running.is_some_and(|(caller, _)| caller.actor.side == actor.side);
        let is_programs = self.lesson.programs.contains(&actor.side);
        let present = self.trace.present();
        if is_programs
            || present.is_dead(actor)
            || present.busy_in(actor).is_some()
            || (is_asked && !self.is_call_known())
        {
            return;
        }
        self.own_calls.asked(actor.side, &call);
        self.did_by_hand(HandAction::Call(actor.side), Request::Call(process(actor), call), now);
    }

    fn did_by_hand(&mut self, hand: HandAction, request: Request, now: Duration) {
        self.note(now, Event::ByHand(hand));
        self.requests.push_back(request);
        self.check_again_once_settled(now);
    }

    fn check_again_once_settled(&mut self, now: Duration) {
        self.ask_to_settle();
        if self.running.is_none() {
            self.recheck_by = Some(now + self.options.patience);
        }
    }

    /// Something is about to come into the trace. Where something was done by hand, and nothing runs, what moves on the
    /// wire may make a claim true again, such as the next copy of a segment that was dropped.
    pub(super) fn wire_moved(&mut self, event: &Event, now: Duration) {
        let moved = matches!(
            event,
            Event::Sent { .. }
                | Event::Held(_)
                | Event::Retransmitted { .. }
                | Event::Delivered(_)
                | Event::Dropped(_)
                | Event::Lost { .. }
                | Event::Returned { .. }
        );
        if moved && self.running.is_none() && self.trace.present().was_touched() {
            self.check_again_once_settled(now);
        }
    }

    /// Whether a command has to wait until it is known what came of what was done by hand.
    pub(super) fn defers(&mut self, command: &WalkCommand) -> bool {
        let acts = !matches!(
            command,
            WalkCommand::Interrupt(_) | WalkCommand::Kill(_) | WalkCommand::Call(..) | WalkCommand::Pass(..)
        );
        let waits = self.recheck_by.is_some() && acts;
        if waits {
            self.deferred = Some(command.clone());
        }
        waits
    }

    /// Holds the claims of the step that was done last against what is known now.
    pub(super) fn recheck(&mut self, now: Duration) {
        let Some(step) = self.checked else { return };
        let (before, _) = self.trace.present().verdicts(step);
        let known = self.knowledge();
        let changed: Vec<_> =
            { before.into_iter() }.filter_map(|before| self.checked_again(before, &known, now)).collect();
        for result in changed {
            if let Some(was) = self.held_before(step, &result) {
                self.verdict.held -= usize::from(was);
                self.verdict.broken -= usize::from(!was);
            }
            self.count(&result);
            self.note(now, Event::Claim(Box::new(result)));
        }
    }

    /// The world has settled after something was done by hand, or takes too long to.
    pub(super) fn follow_hand(&mut self, now: Duration) {
        self.recheck_by = None;
        self.recheck(now);
        if let Some(command) = self.deferred.take() {
            self.command(command, now);
        }
    }

    pub(super) fn next_step_delivers(&self, id: SegmentId) -> bool {
        match self.next_step() {
            Some((_, Step { action: Some(Action::Deliver(pattern)), .. })) => self.is_meant(id, pattern),
            _ => false,
        }
    }

    pub(super) fn next_step_drops(&self, id: SegmentId) -> bool {
        match self.next_step() {
            Some((_, Step { action: Some(Action::Drop(pattern)), .. })) => self.is_meant(id, pattern),
            _ => false,
        }
    }

    fn is_meant(&self, id: SegmentId, pattern: &SegmentPattern) -> bool {
        let (view, known) = (self.trace.present(), self.knowledge());
        self.interrupted().is_empty() && view.segment(id).is_some_and(|segment| known.fits(&segment, pattern))
    }

    /// Whether the learner has already done what a step wants with a segment. Each is found once.
    pub(super) fn was_done_by_hand(&mut self, pattern: &SegmentPattern, wanted: StepRelease) -> bool {
        let (view, known) = (self.trace.present(), self.knowledge());
        let fits = |id: &SegmentId| view.segment(*id).is_some_and(|segment| known.fits(&segment, pattern));
        let handled = match wanted {
            StepRelease::Delivered => &self.handled.delivered,
            StepRelease::Dropped => &self.handled.dropped,
        };
        let Some(place) = handled.iter().position(fits) else { return false };
        self.handled.of(wanted).remove(place);
        true
    }

    /// When the sender of the newest segment that fits, which was dropped, sends it again; `None` where it won't, or not soon.
    pub(super) fn sent_again_at(&self, pattern: &SegmentPattern, now: Duration) -> Option<Duration> {
        let known = self.knowledge();
        let newest = known.find_segment(pattern, |_| true)?;
        let packet = newest.segment;
        if newest.fate != Fate::Dropped || !takes_numbers(packet) {
            return None;
        }
        let sends = |socket: &SocketView<'_>| socket.facts.ends() == Some((packet.from, packet.to));
        let own = self.trace.present().living().filter(sends);
        let timers = own.filter_map(|socket| socket.facts.timer).filter(|timer| timer.kind == TimerKind::Retransmit);
        timers.map(|timer| timer.fires_at).min().filter(|at| *at <= now + LONGEST_WAIT)
    }

    /// Whether the running step will not come to another end than the one that is known now: where something was done by
    /// hand, or the walk isn't its lesson's any more, what is missing is not waited for as a slow machine would be.
    pub(super) fn nothing_more_comes(&self, now: Duration) -> bool {
        let Some(running) = &self.running else { return false };
        let view = self.trace.present();
        let (touched, diverged) = (view.was_touched(), view.diverged().is_some());
        if self.pauses(now) {
            return false;
        }
        // What the kernel has refused it will refuse again.
        if matches!(running.obstacle.as_deref(), Some(Statement::NotSet { .. })) {
            return true;
        }
        if !(touched || diverged) || running.looks < 2 || running.sent_again_at.is_some() {
            return false;
        }
        if touched && (diverged || running.obstacle.is_some()) {
            return true;
        }
        let sends = |kind| matches!(kind, TimerKind::Retransmit | TimerKind::Probe);
        let timers = || view.living().filter_map(|socket| socket.facts.timer);
        let due = timers().any(|timer| (!touched || sends(timer.kind)) && timer.fires_at <= running.deadline);
        // What the kernel still sends without a timer that it tells of, it sends by then.
        let late = touched || now + self.options.patience >= running.deadline + DELAYED_ACK;
        running.awaited.is_none() && !due && late
    }
}

/// Whether a segment takes sequence numbers: only such a one is sent again (RFC 9293, section 3.4).
fn takes_numbers(packet: &Packet) -> bool {
    packet.tcp().is_some_and(|tcp| !packet.is_empty() || tcp.flags.has(Flags::SYN) || tcp.flags.has(Flags::FIN))
}
