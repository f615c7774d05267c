//! The runner of a lesson.
//!
//! A step goes through these phases: a question may want a prediction, a line may want to be typed; then the step's
//! action is asked of the world and, each time that the world has settled, its claims are held against what is known
//! then, all of them at the same moment. When all hold, or patience ends, the step is over.

mod actions;
mod by_hand;
mod judge;
mod programs;
mod resumed;
mod running;
mod waits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::names::{Names, Naming};
use super::{Failure, Happening, HappeningKind, Request, WalkCommand, WireAbility};
use crate::lesson::{Action, Ask, Lesson, Step};
use crate::model::{Call, Caller, Errno, Event, HandAction, Mode, Outcome, Side, Trace};
use by_hand::{HandledSegments, OwnCalls};
use programs::AwaitedName;
use running::{RunningStep, process};
use waits::{AwaitedTimer, TimerFirings, waiting_long};

/// How a walk is made.
#[derive(Clone, Debug)]
pub struct WalkOptions {
    /// Where it runs.
    pub mode: Mode,
    /// What its wire can do.
    pub wire: WireAbility,
    /// How long a claim may take to become true.
    pub patience: Duration,
    /// Another port for the lesson's server; `None` keeps the lesson's.
    pub port: Option<u16>,
    /// Whether steps that wait for a long timer of the kernel (TIME_WAIT, a keepalive after hours) are part of the walk.
    pub timers: bool,
}

/// What the runner waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// For [`WalkCommand::Next`].
    Ready,
    /// For a prediction of the next step's question.
    Asking,
    /// For the learner's line; the offered one is this.
    Typing(String),
    /// For the world: a step runs or its claims are being waited for.
    Busy,
    /// For nothing: the lesson is over.
    Finished,
    /// For nothing: the world can't go on.
    Failed(Failure),
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// How many claims held.
    pub held: usize,
    /// How many did not.
    pub broken: usize,
}

/// The longest line that a learner can send, in bytes, so that it fits one segment.
pub const LONGEST_LINE: usize = 1000;

/// How soon claims are looked at again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The runner. Feed it commands, happenings and the time; send the requests that it gives to the world.
#[derive(Debug)]
pub struct Runner {
    lesson: Arc<Lesson>,
    options: WalkOptions,
    /// The lesson's steps that belong to this walk.
    steps: Vec<usize>,
    /// Those that don't, since they wait for a long timer.
    left_out: Vec<usize>,
    /// How many of them are begun.
    begun: usize,
    phase: Phase,
    /// The learner's answer to the open question, and whether the question was dealt with.
    chosen: Option<usize>,
    asked: bool,
    running: Option<RunningStep>,
    requests: VecDeque<Request>,
    trace: Trace,
    names: Names,
    line: Vec<u8>,
    received: [Vec<u8>; 2],
    /// What the lesson calls that which a thread's running call makes.
    naming: BTreeMap<Caller, Naming>,
    /// The names for what programs' calls make that were let go.
    awaited_names: Vec<AwaitedName>,
    interrupting: BTreeSet<Caller>,
    own_calls: OwnCalls,
    to_repeat: BTreeMap<Caller, Call>,
    handled: HandledSegments,
    /// The step whose claims were checked last.
    checked: Option<usize>,
    /// Its claims are to be checked again once the world has settled, at the latest then.
    recheck_by: Option<Duration>,
    /// How many wishes to settle are unanswered.
    unsettled: u32,
    /// What has become of the kernel's timers.
    firings: TimerFirings,
    /// The next step waits for a timer, and its claims held when the step before it ended.
    holds_already: bool,
    /// What was commanded meanwhile.
    deferred: Option<WalkCommand>,
    verdict: Verdict,
}

impl Runner {
    /// A walk that hasn't begun.
    pub fn new(lesson: Arc<Lesson>, options: WalkOptions) -> Runner {
        let long = waiting_long(&lesson);
        let of_mode = |index: &usize| lesson.steps[*index].modes.contains(&options.mode);
        let is_left_out = |index: &usize| !options.timers && long[*index];
        let (left_out, steps): (Vec<usize>, Vec<usize>) =
            (0..lesson.steps.len()).filter(of_mode).partition(is_left_out);
        Runner {
            phase: if steps.is_empty() { Phase::Finished } else { Phase::Ready },
            lesson,
            options,
            steps,
            left_out,
            begun: 0,
            chosen: None,
            asked: false,
            running: None,
            requests: VecDeque::new(),
            trace: Trace::default(),
            names: Names::default(),
            line: Vec::new(),
            received: Default::default(),
            naming: BTreeMap::new(),
            awaited_names: Vec::new(),
            interrupting: BTreeSet::new(),
            own_calls: OwnCalls::default(),
            to_repeat: BTreeMap::new(),
            handled: HandledSegments::default(),
            checked: None,
            recheck_by: None,
            unsettled: 0,
            firings: TimerFirings::default(),
            holds_already: true,
            deferred: None,
            verdict: Verdict::default(),
        }
    }

    /// The lesson.
    pub fn lesson(&self) -> &Lesson {
        &self.lesson
    }

    /// How the walk is made.
    pub fn options(&self) -> &WalkOptions {
        &self.options
    }

    /// The address of the lesson's server in this walk.
    pub fn server(&self) -> SocketAddr {
        self.address(None)
    }

    /// Everything that happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What is waited for.
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// The steps of this walk, as numbers of the lesson's steps, in order.
    pub fn steps(&self) -> &[usize] {
        &self.steps
    }

    /// The steps of the walk's mode that it leaves out because they wait for a long timer.
    pub fn left_out(&self) -> impl Iterator<Item = &Step> {
        self.left_out.iter().map(|index| &self.lesson.steps[*index])
    }

    /// The step that [`WalkCommand::Next`] runs, with its number in the lesson; `None` after the last.
    pub fn next_step(&self) -> Option<(usize, &Step)> {
        let index = *self.steps.get(self.begun)?;
        Some((index, &self.lesson.steps[index]))
    }

    /// The question that is open; `None` where none is.
    pub fn question(&self) -> Option<&Ask> {
        if self.phase == Phase::Asking { self.next_step()?.1.ask.as_ref() } else { None }
    }

    /// The sides whose call was interrupted; [`WalkCommand::Next`] makes it again before it goes on.
    pub fn interrupted(&self) -> Vec<Side> {
        let interrupted = |side: &Side| self.to_repeat.keys().any(|caller| caller.actor.side == *side);
        Side::BOTH.into_iter().filter(interrupted).collect()
    }

    /// The learner's own call that was asked for last, where it wasn't made.
    pub fn unmade(&self) -> Option<&Call> {
        self.own_calls.unmade.as_ref()
    }

    /// The next request for the world; empty them after every command, happening and tick.
    pub fn take_request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }

    /// How the claims fared so far.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// When the runner wants to be told the time; `None` where only a command or a happening matters.
    pub fn wake_at(&self) -> Option<Duration> {
        if self.sets_up() {
            return Some(Duration::ZERO);
        }
        let Some(running) = &self.running else { return self.recheck_by };
        Some(running.again_at.map_or(running.deadline, |again| again.min(running.deadline)))
    }

    /// Takes a command. What can't be done now is passed over; where it isn't known yet what came of what was done by
    /// hand, it is done once that is known.
    pub fn command(&mut self, command: WalkCommand, now: Duration) {
        if self.defers(&command) {
            return;
        }
        match (command, &self.phase) {
            (WalkCommand::Next, Phase::Ready) if !self.interrupted().is_empty() => self.repeat_interrupted(now),
            (WalkCommand::Next, Phase::Ready) => self.advance(now),
            (WalkCommand::Next, Phase::Asking) => self.go_on(now),
            (WalkCommand::Predict(choice), Phase::Asking) => {
                let offered = self.question().map_or(0, |ask| ask.choices.len());
                if choice < offered {
                    self.chosen = Some(choice);
                    self.asked = true;
                    self.advance(now);
                }
            }
            (WalkCommand::Next, Phase::Typing(offered)) => {
                let line = offered.clone();
                self.begin_with_line(line, now);
            }
            (WalkCommand::Line(line), Phase::Typing(_)) => self.begin_with_line(line, now),
            (WalkCommand::Deliver(id), Phase::Ready | Phase::Asking) if self.next_step_delivers(id) => self.go_on(now),
            (WalkCommand::Drop(id), Phase::Ready | Phase::Asking) if self.next_step_drops(id) => self.go_on(now),
            (_, Phase::Failed(_)) => {}
            (WalkCommand::Deliver(id), _) => self.by_hand(HandAction::Deliver(id), now),
            (WalkCommand::DeliverAll(ids), _) => {
                ids.into_iter().for_each(|id| self.by_hand(HandAction::Deliver(id), now));
            }
            (WalkCommand::Drop(id), _) => self.by_hand(HandAction::Drop(id), now),
            (WalkCommand::Repeat(id), _) => self.by_hand(HandAction::Repeat(id), now),
            (WalkCommand::Make(of, segment), _) => self.make_by_hand(of, segment, now),
            (WalkCommand::Interrupt(actor), _) => self.interrupt_by_hand(actor, now),
            (WalkCommand::Kill(actor), _) => self.kill_by_hand(actor, now),
            (WalkCommand::Call(actor, call), _) => self.call_by_hand(actor, call, now),
            (WalkCommand::Rule(change), _) => self.rule_by_hand(change, now),
            (WalkCommand::Kernel(change), _) => self.set_by_hand(change, now),
            _ => {}
        }
    }

    /// Runs the next step; its question, where it has one, was answered or passed over.
    fn go_on(&mut self, now: Duration) {
        self.asked = true;
        self.advance(now);
    }

    /// Takes what came from the world.
    pub fn happened(&mut self, happening: Happening) {
        let Happening { at, what } = happening;
        match what {
            HappeningKind::Event(event) => self.event(event, at),
            HappeningKind::Settled => {
                // Only the answer to the newest wish is one to all that was asked for.
                self.unsettled = self.unsettled.saturating_sub(1);
                if self.unsettled == 0 {
                    self.settled(at);
                }
            }
            HappeningKind::Unmade(call) => self.own_calls.unmade = Some(call),
            HappeningKind::Failed(failure) => self.fail(failure),
        }
    }

    /// Takes the time: call it when [`Runner::wake_at`] has come.
    pub fn tick(&mut self, now: Duration) {
        if self.sets_up() {
            return self.advance(now);
        }
        if self.recheck_by.is_some_and(|by| now >= by) {
            self.follow_hand(now);
        }
        let is_answered = self.is_call_known() && self.unsettled == 0;
        let known = self.trace.now();
        let Some(running) = &mut self.running else { return };
        let (late, may_wait) = (now >= running.deadline, running.limit.is_none_or(|limit| now < limit));
        let may_act = !running.acted && known > running.tried;
        if late && may_wait && !is_answered {
            // A busy machine: the kernel hasn't said yet what the step's own call comes to, or what it has after all that
            // was asked for.
            self.wait_on(now);
        } else if late && !(may_wait && may_act) {
            // The world doesn't settle, or a claim doesn't become true: what is known now decides.
            self.conclude(now);
        } else if late || running.again_at.is_some_and(|again| now >= again) {
            running.again_at = None;
            self.act_or_settle(now);
        }
    }

    /// Whether the next step belongs to a set-up that the lesson has by name, and nothing is in its way: it is done by itself.
    fn sets_up(&self) -> bool {
        let is_free = self.phase == Phase::Ready && self.recheck_by.is_none() && self.interrupted().is_empty();
        let present = self.trace.present();
        is_free
            && self.next_step().is_some_and(|(_, step)| step.set_up)
            && !present.was_touched()
            && present.diverged().is_none()
    }

    /// Goes to whatever stands between now and the next step's action.
    fn advance(&mut self, now: Duration) {
        let Some((_, step)) = self.next_step() else { return };
        // A question's words may not be so where the walk isn't the lesson's any more: it isn't asked then.
        if step.ask.is_some() && !self.asked && self.trace.present().diverged().is_none() {
            self.phase = Phase::Asking;
            return;
        }
        if let Some(offered) = step.action.as_ref().and_then(Action::offered_line) {
            self.phase = Phase::Typing(offered.to_owned());
            return;
        }
        self.begin(now);
    }

    fn begin_with_line(&mut self, line: String, now: Duration) {
        let mut line = line;
        line.retain(|c| !c.is_control());
        while line.len() > LONGEST_LINE {
            line.pop();
        }
        self.line = line.into_bytes();
        self.line.push(b'\n');
        self.begin(now);
    }

    fn begin(&mut self, now: Duration) {
        let Some((index, step)) = self.next_step() else { return };
        let (awaited, kind) = (AwaitedTimer::of(step), step.waits_for);
        kind.into_iter().for_each(|kind| self.firings.are_awaited(kind));
        self.note(now, Event::Step(index));
        self.begun += 1;
        self.phase = Phase::Busy;
        let running = RunningStep::new(Some(index), now + self.options.patience);
        self.running =
            Some(RunningStep { chosen: self.chosen.take(), awaited, held_before: self.holds_already, ..running });
        self.asked = false;
        self.follow_timer();
        self.act_or_settle(now);
    }

    /// Asks the world for the running step's action if that wasn't done yet, and for the word that it settled.
    fn act_or_settle(&mut self, now: Duration) {
        let Some(running) = &self.running else { return };
        if let (false, Some(step)) = (running.acted, running.step) {
            let lesson = Arc::clone(&self.lesson);
            let step = &lesson.steps[step];
            let done = self.act(step, now);
            let tried = self.trace.now();
            if let Some(running) = &mut self.running {
                if done.is_ok() {
                    // What comes of it has its time from now on.
                    running.deadline = running.deadline.max(now + self.options.patience);
                }
                (running.acted, running.tried, running.obstacle) = (done.is_ok(), tried, done.err());
            }
        }
        self.ask_to_settle();
    }

    fn returned(&mut self, caller: Caller, outcome: &Outcome) {
        let side = caller.actor.side;
        let interrupted = self.interrupting.remove(&caller);
        if self.own_calls.returned(caller) {
            return;
        }
        let naming = self.naming.remove(&caller);
        match outcome {
            Ok(returned) => {
                if let Some(naming) = naming {
                    self.names.made(naming, caller.actor, returned);
                }
                if !returned.data.is_empty() {
                    self.received[side as usize] = returned.data.clone();
                }
            }
            Err(Errno(libc::EINTR)) if interrupted => {
                let call = self.trace.present().newest_call(caller).map(|call| call.own.clone());
                self.to_repeat.extend(call.map(|call| (caller, call)));
                self.naming.extend(naming.map(|name| (caller, name)));
            }
            Err(_) => {}
        }
    }

    fn repeat_interrupted(&mut self, now: Duration) {
        for (caller, call) in std::mem::take(&mut self.to_repeat) {
            self.requests.push_back(Request::by_thread(process(caller.actor), caller.worker, call));
        }
        self.phase = Phase::Busy;
        self.running = Some(RunningStep::new(None, now + self.options.patience));
        self.ask_to_settle();
    }

    fn ask_to_settle(&mut self) {
        let claims = |step: usize| self.lesson.steps[step].expect.iter();
        let step = self.running.as_ref().and_then(|running| running.step);
        if step.is_some_and(|step| claims(step).any(|claim| claim.terms.is_on_times())) {
            self.requests.push_back(Request::TellTimes);
        }
        self.unsettled += 1;
        self.requests.push_back(Request::Settle);
    }

    fn event(&mut self, event: Event, at: Duration) {
        match &event {
            Event::Entered { caller, call } => self.own_calls.entered(*caller, call),
            Event::Returned { caller, outcome } if self.lesson.programs.contains(&caller.actor.side) => {
                self.program_returned(*caller, outcome);
            }
            Event::Returned { caller, outcome } => self.returned(*caller, outcome),
            Event::Socket(facts) => {
                self.names.learn(facts);
                self.firings.told(at, facts.cookie, facts.timer);
            }
            Event::Sysctl(changed) => self.setting_refused(changed),
            Event::Gone { cookie, .. } => self.firings.told(at, *cookie, None),
            Event::Unkept { lost: lost @ 1.., .. } => {
                // What isn't on the wire can't be let go: the lesson would wait for what never comes.
                self.fail(Failure::CaptureLost(u32::try_from(*lost).unwrap_or(u32::MAX)));
            }
            _ => {}
        }
        let kernels = matches!(event, Event::Socket(_) | Event::Gone { .. });
        self.wire_moved(&event, at);
        self.put(at, event);
        if kernels {
            if self.running.is_none() && self.trace.present().was_touched() {
                self.recheck(at);
            }
            self.follow_timer();
        }
    }

    /// Puts an entry of the walk's own into the trace, and has the lab do the same: so that who looks on sees it too.
    fn note(&mut self, now: Duration, event: Event) {
        self.requests.push_back(Request::Note(Box::new(event.clone())));
        self.put(now, event);
    }

    /// Puts an entry into the trace. The walk and its lab read one clock, each when it acts: what comes from the lab may bear an earlier
    /// time than what the walk has put there since, and a trace doesn't go back.
    fn put(&mut self, at: Duration, event: Event) {
        let last = self.trace.entries().last().map_or(Duration::ZERO, |last| last.at);
        self.trace.push(at.max(last), event);
    }

    fn fail(&mut self, failure: Failure) {
        self.running = None;
        self.phase = Phase::Failed(failure);
    }
}
