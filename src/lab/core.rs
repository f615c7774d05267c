//! The lab's state machine: what goes in, what comes out, and in which order.

use std::collections::VecDeque;
use std::time::Duration;

use super::hold::HeldSegments;
use super::parts::{Parts, ProgramNews};
use super::peers::{Denial, Peers};
use super::release::Release;
use super::request::{Request, WireAbility};
use super::rules::RulesAtWork;
use super::sampling::Sampling;
use super::schedule::{OFTEN, PollSchedule, Scope};
use super::threads::{CallThreads, OwnThread};
use crate::model::{
    Actor, Call, ChangedSetting, Copies, CounterMove, Errno, Event, ForwardingRules, HeldCalls, KernelChange,
    KernelTable, Member, Observation, Outcome, PartialDump, Role, SampledOut, SegmentId, SideProcess, Trace,
};
use crate::tcp::Packet;

/// How soon a lab that wants to settle asks again whether all calls are at rest: a call takes microseconds to return or to
/// sleep, unless the machine is busy.
const SOON: Duration = Duration::from_micros(100);

/// What comes to be known. What was captured before something else happened goes in before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A process wants to take part.
    Came(Member),
    /// A program of the lesson's own was started.
    Started(Member),
    /// One that took part is gone.
    Left(u32),
    /// One that takes part asks for something.
    Asked(u32, Request),
    /// The kernel says that a thread sleeps in its call.
    Blocked(u32, OwnThread),
    /// A thread's call came back.
    Returned(u32, OwnThread, Outcome),
    /// A signal came to a thread that is in its call.
    Signalled(u32, OwnThread, i32),
    /// What a program's tracer tells.
    Program(u32, ProgramNews),
    /// Segments left their senders, in this order.
    Captured(Vec<Packet>),
    /// So many more left that couldn't be captured; the answer to [`Effect::CountLost`].
    Lost(u32),
    /// What the kernel said; the answer to [`Effect::Dump`]. `programs`: processes run in the lab that don't take part.
    Dumped {
        /// What it was.
        table: TableUpdate,
        /// Whether such processes run.
        programs: bool,
    },
    /// What became of a segment; the answer to [`Effect::Send`]. Of one that waited ([`Sending::Released`]), or that was made by hand, it tells which of
    /// the kernel's counters moved meanwhile, where they could be read.
    Sent(Sending, Result<Option<Vec<CounterMove>>, Errno>),
    /// Which counters moved since they were read last, where they could be; the answer to [`Effect::CountSince`].
    Counted(SegmentId, Option<Vec<CounterMove>>),
    /// What came of a change, each setting for itself; the answer to [`Effect::Kernel`].
    Set(Vec<ChangedSetting>),
    /// Whether each thread is idle or sleeps in its call, and nothing else is to be told; the answer to
    /// [`Effect::AreAtRest`].
    AtRest(bool),
}

/// What the kernel says of its sockets.
#[derive(Clone, Debug, PartialEq)]
pub enum TableUpdate {
    /// All of them.
    All(Observation),
    /// Some of them, and all that has changed is among them.
    Some(PartialDump),
    /// More has changed than was asked for.
    More,
}

/// What is to be done. Each is carried out, and its answer goes in, before the next one is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Somebody takes part from now on.
    Welcome(u32),
    /// Somebody doesn't.
    Deny(u32, Denial),
    /// Somebody took part, and was these actors: their descriptors are nobody's.
    Forget(Vec<Actor>),
    /// A thread makes a call.
    Make(u32, OwnThread, Call),
    /// A thread calls `fork()`: the child is to be this one of its side's actors, as [`Actor::nth`] has it.
    Fork(u32, OwnThread, u32),
    /// A signal interrupts a thread's call.
    Interrupt(u32, OwnThread),
    /// A process of a side, which is this actor, ends: its threads make no call any more, and its descriptors are closed.
    Kill(u32, SideProcess, Actor),
    /// A program's thread makes the call before which it stands.
    LetCall(u32, u32),
    /// From now on these of a program's calls wait.
    Hold(u32, HeldCalls),
    /// A program's socket is another actor's than was known.
    Own(u64, Actor),
    /// A segment goes on to its receiver.
    Send(Sending, Packet),
    /// The kernel is asked for these sockets.
    Dump(Scope),
    /// The capture is asked what it lost.
    CountLost,
    /// A segment was seen to be sent once more, and waits: the kernel's counters are read.
    CountSince(SegmentId),
    /// The threads are asked whether they are at rest.
    AreAtRest,
    /// All that one had asked for has taken its effect ([`Request::Settle`]).
    Settled(u32),
    /// The kernel is to wait at least so long before it sends data again, in milliseconds.
    SetRtoMin(u32),
    /// A setting of the lab's kernel, or a route, is changed.
    Kernel(KernelChange),
    /// Bound what each sender may have on its way: less where everything passes at once.
    BoundFlight {
        /// Whether it does.
        at_once: bool,
    },
}

/// Why a segment is sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// It waited and was let go: what comes of it is waited for, and the kernel's counters are read before and after.
    Released(SegmentId),
    /// A person made it: as one that was let go, but its bytes go as they are, a wrong checksum too.
    Made(SegmentId),
    /// It passes by itself.
    Passing(SegmentId),
    /// It passes by itself and is only counted; with its length in bytes.
    Counted(u32),
}

/// How a lab is made.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// What its wire can do.
    pub wire: WireAbility,
    /// What becomes of segments that are sent once more.
    pub copies: Copies,
    /// Who is there from the beginning, in no entry of the trace: a lesson's runner.
    pub resident: Option<Member>,
}

/// What waits for its turn.
#[derive(Debug)]
pub(super) enum Pending {
    /// One asks for something. `prepared`: the kernel was asked for what matters to it.
    Request { from: u32, request: Request, prepared: bool },
    /// One is gone: what it asked for before comes first.
    Leaving(u32),
}

/// The lab.
#[derive(Debug)]
pub struct Lab {
    pub(super) wire: WireAbility,
    pub(super) trace: Trace,
    pub(super) table: KernelTable,
    pub(super) peers: Peers,
    /// The number of the lesson's runner, where there is one.
    pub(super) resident: Option<u32>,
    pub(super) threads: CallThreads,
    pub(super) parts: Parts,
    pub(super) rules: ForwardingRules,
    pub(super) wire_rules: RulesAtWork,
    pub(super) held: HeldSegments,
    pub(super) release: Release,
    pub(super) sampling: Sampling,
    pub(super) schedule: PollSchedule,
    /// Processes run in the lab that don't take part.
    pub(super) programs: bool,
    pub(super) pending: VecDeque<Pending>,
    pub(super) effects: VecDeque<Effect>,
    /// Segments were captured since the capture was last asked what it lost.
    pub(super) uncounted: bool,
    pub(super) next_count: Duration,
    settling: Vec<u32>,
    settle: Settle,
}

/// How far a wish to settle has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settle {
    /// The threads are to be asked, from this time on.
    Ask(Duration),
    /// They are at rest: the kernel is asked for all.
    AtRest,
    /// And has told.
    Told,
    /// And the capture has told what it lost.
    Counted,
}

impl Lab {
    /// A lab in which nothing has happened.
    pub fn new(options: LabOptions) -> Lab {
        let mut peers = Peers::default();
        let resident = options.resident.as_ref().map(|member| member.number);
        if let Some(member) = options.resident {
            // The first one finds no side taken.
            let _ = peers.admit(member);
        }
        Lab {
            wire: options.wire,
            trace: Trace::default(),
            table: KernelTable::default(),
            peers,
            resident,
            threads: CallThreads::default(),
            parts: Parts::default(),
            rules: ForwardingRules::default(),
            wire_rules: RulesAtWork::default(),
            held: HeldSegments::new(options.copies),
            release: Release::default(),
            sampling: Sampling::default(),
            schedule: PollSchedule::new(),
            programs: false,
            pending: VecDeque::new(),
            effects: VecDeque::new(),
            uncounted: false,
            next_count: Duration::ZERO,
            settling: Vec::new(),
            settle: Settle::Ask(Duration::ZERO),
        }
    }

    /// Everything that happened.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// What the kernel last said of its sockets.
    pub fn table(&self) -> &KernelTable {
        &self.table
    }

    /// One that takes part.
    pub fn member(&self, number: u32) -> Option<&Member> {
        self.peers.get(number)
    }

    /// Those that take part.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.peers.all()
    }

    /// Whose a thread of this one's is; `None` where it doesn't make that side's calls.
    pub fn actor(&self, number: u32, thread: OwnThread) -> Option<Actor> {
        self.peers.caller(number, thread).map(|caller| caller.actor)
    }

    /// Whether a thread of this one's is in a call.
    pub fn is_in_call(&self, number: u32, thread: OwnThread) -> bool {
        self.peers.caller(number, thread).is_some_and(|caller| self.threads.is_in_call(caller))
    }

    /// Takes what came to be known.
    pub fn handle(&mut self, now: Duration, input: Input) {
        match input {
            Input::Came(member) => self.came(now, member),
            Input::Started(member) => self.enters(now, member),
            Input::Left(number) => self.pending.push_back(Pending::Leaving(number)),
            Input::Asked(from, request) => {
                self.pending.push_back(Pending::Request { from, request, prepared: false });
            }
            Input::Blocked(from, thread) => self.blocked(now, from, thread),
            Input::Returned(from, thread, outcome) => self.returned(now, from, thread, outcome),
            Input::Signalled(from, thread, signal) => {
                let caller = self.peers.caller(from, thread);
                if let Some(caller) = caller.filter(|caller| self.threads.is_in_call(*caller)) {
                    self.push(now, Event::Signal { caller, signal });
                }
            }
            Input::Program(from, news) => self.program(now, from, news),
            Input::Captured(segments) => self.captured(now, segments),
            Input::Lost(lost) => {
                self.sampling.count(SampledOut { lost: lost.into(), ..SampledOut::default() });
                (self.uncounted, self.next_count) = (false, now + OFTEN);
                if let Some(event) = self.sampling.news() {
                    self.push(now, event);
                }
                if self.settle == Settle::Told {
                    self.settle = Settle::Counted;
                }
            }
            Input::Dumped { table, programs } => self.dumped(now, table, programs),
            Input::Sent(sending, result) => self.sent(now, sending, result),
            Input::Counted(id, moved) => self.counted(now, id, moved),
            Input::Set(all) => all.into_iter().for_each(|changed| self.push(now, Event::Sysctl(Box::new(changed)))),
            Input::AtRest(true) => self.settle = Settle::AtRest,
            Input::AtRest(false) => self.settle = Settle::Ask(now + SOON),
        }
    }

    /// What is to be done next; `None` where nothing is before [`Lab::wake_at`] or the next input.
    pub fn poll(&mut self, now: Duration) -> Option<Effect> {
        loop {
            if let Some(effect) = self.effects.pop_front() {
                return Some(effect);
            }
            if let Some(pending) = self.pending.pop_front() {
                if let Some(effect) = self.carry_out(now, pending) {
                    return Some(effect);
                }
                continue;
            }
            return self
                .goes_on(now)
                .or_else(|| self.settles(now))
                .or_else(|| self.asks(now))
                .or_else(|| self.counts(now));
        }
    }

    /// When [`Lab::poll`] is to be called again at the latest; `None` where only an input matters.
    pub fn wake_at(&self) -> Option<Duration> {
        let count = self.wants_count().then_some(self.next_count);
        let settle = match self.settle {
            Settle::Ask(at) if !self.settling.is_empty() => Some(at),
            _ => None,
        };
        let dump = self.schedule.due_at(self.threads.on_the_way(), self.run_programs());
        [self.release.first(), dump, count, settle].into_iter().flatten().min()
    }

    /// Puts an entry into the trace.
    pub(super) fn push(&mut self, now: Duration, event: Event) {
        self.schedule.notes(&event, &self.trace);
        self.trace.push(now, event);
    }

    pub(super) fn run_programs(&self) -> bool {
        self.programs || self.peers.run_programs()
    }

    pub(super) fn wants_to_settle(&mut self, from: u32) {
        self.settling.push(from);
        self.settle = Settle::Ask(Duration::ZERO);
    }

    /// Somebody wants in: at a lesson others only look on.
    fn came(&mut self, now: Duration, member: Member) {
        let takes_part = matches!(member.role, Role::Drives(_) | Role::Runs(_) | Role::Plays(_));
        if takes_part && self.resident.is_some() && self.peers.get(member.number).is_none() {
            return self.effects.push_back(Effect::Deny(member.number, Denial::Lesson));
        }
        self.enters(now, member);
    }

    fn enters(&mut self, now: Duration, member: Member) {
        // Who says it twice has come once.
        if self.peers.get(member.number).is_some() {
            return;
        }
        let number = member.number;
        let member = match self.peers.admit(member).cloned() {
            Ok(member) => member,
            Err(denial) => return self.effects.push_back(Effect::Deny(number, denial)),
        };
        self.push(now, Event::Joined(member.clone()));
        if let Role::Plays(side) = member.role {
            self.parts.expect(number, side);
        }
        if member.runs_program() {
            // With the welcome it is told which of its calls wait.
            let held = self.held_calls(number);
            self.parts.held.insert(number, held);
        }
        self.effects.push_back(Effect::Welcome(number));
        self.tell_held();
        // A newcomer's own door is the newcomer's to open.
        let others: Vec<Actor> = self.peers.all().flat_map(Member::actors).collect();
        let rules = self.rules.without_the_doors_of(&member, others.iter().copied());
        if rules != self.rules {
            self.set_rules(now, rules);
        }
        let rules = self.wire_rules.rules().without_the_doors_of(&member, others.into_iter());
        if rules != *self.wire_rules.rules() {
            self.set_wire_rules(now, rules);
        }
        self.schedule.changed(now);
    }

    pub(super) fn left(&mut self, now: Duration, number: u32) -> Option<Effect> {
        let (member, children) = self.peers.remove(number)?;
        self.settling.retain(|from| *from != number);
        self.threads.end_of(&member);
        children.iter().for_each(|child| self.threads.killed(*child));
        // What its program started may run on.
        self.programs |= member.runs_program();
        self.push(now, Event::Left(member.clone()));
        self.parts.forget(number);
        self.tell_held();
        self.schedule.changed(now);
        Some(Effect::Forget(member.played().chain(children).collect()))
    }

    fn blocked(&mut self, now: Duration, from: u32, thread: OwnThread) {
        let Some(caller) = self.peers.caller(from, thread) else { return };
        if self.threads.sleeps(caller) {
            self.push(now, Event::Blocked { caller });
        }
    }

    fn returned(&mut self, now: Duration, from: u32, thread: OwnThread, mut outcome: Outcome) {
        let Some(caller) = self.peers.caller(from, thread) else { return };
        if self.threads.returns(caller) {
            let child = self.peers.forked(caller, outcome.as_ref().ok().and_then(|returned| returned.child));
            outcome.iter_mut().for_each(|returned| returned.child = child);
            self.push(now, Event::Returned { caller, outcome });
            self.schedule.changed(now);
        }
    }

    fn dumped(&mut self, now: Duration, table: TableUpdate, programs: bool) {
        self.programs = programs;
        let all = matches!(table, TableUpdate::All(_));
        let news = match table {
            TableUpdate::All(observation) => {
                self.schedule.ended(now, observation.sockets.iter(), true, self.sampling.has_news());
                self.table.news(observation)
            }
            TableUpdate::Some(glance) => {
                self.schedule.ended(now, glance.sockets.iter(), false, self.sampling.has_news());
                self.table.news_of(glance)
            }
            TableUpdate::More => {
                let scope = self.schedule.begin_with(now, Scope::All);
                return self.effects.push_front(Effect::Dump(scope));
            }
        };
        if self.settle == Settle::AtRest {
            self.settle = Settle::Told;
        }
        let sockets = news.iter().any(|event| matches!(event, Event::Socket(_)));
        news.into_iter().for_each(|event| self.push(now, event));
        if all && sockets && std::mem::take(&mut self.parts.moved) {
            let waiting = self.trace.present().waiting().into_owned();
            waiting.into_iter().for_each(|id| self.expect(now, id));
        } else if sockets {
            // At whose door a segment waits may show only now: a program's first one comes before its socket is known.
            let unknown = self.release.unknown();
            unknown.into_iter().for_each(|id| self.expect(now, id));
        }
    }

    /// Once nothing asked for is left to be done: whether all is at rest, then what the kernel has, then what was lost.
    fn settles(&mut self, now: Duration) -> Option<Effect> {
        if self.settling.is_empty() {
            return None;
        }
        match self.settle {
            Settle::Ask(at) if at <= now => Some(Effect::AreAtRest),
            Settle::Ask(_) => None,
            Settle::AtRest => Some(Effect::Dump(self.schedule.begin_with(now, Scope::All))),
            Settle::Told => Some(Effect::CountLost),
            Settle::Counted => {
                let settled = std::mem::take(&mut self.settling);
                self.effects.extend(settled.into_iter().map(Effect::Settled));
                self.effects.pop_front()
            }
        }
    }

    /// The kernel is asked for its sockets where that is due.
    fn asks(&mut self, now: Duration) -> Option<Effect> {
        let programs = self.run_programs();
        self.schedule.due_at(self.threads.on_the_way(), programs).filter(|at| *at <= now)?;
        Some(Effect::Dump(self.schedule.begin(now, self.table.sockets().len(), programs)))
    }

    /// How many segments passed without being kept is published now and then.
    fn counts(&mut self, now: Duration) -> Option<Effect> {
        (self.wants_count() && self.next_count <= now).then_some(Effect::CountLost)
    }

    fn wants_count(&self) -> bool {
        self.uncounted || self.sampling.has_news()
    }
}
