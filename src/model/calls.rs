//! The calls of a trace: each from the moment at which its thread stands before it or goes into it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use super::forks::Forks;
use super::stops::Stops;
use super::versioned::Versioned;
use super::{Actor, Call, Caller, Entry, Event, HeldCalls, Member, Moment, Outcome, ProgramCall, Side};

/// One call, from its beginning to its return.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// Who made it.
    pub caller: Caller,
    /// What it was; of a program's, the walk's call that it comes to, where there is one, and of what comes to a `send()` or a `recv()`
    /// by another name, that.
    pub call: Call,
    /// A side's own call as it was made, where it has another name.
    pub renamed: Option<Call>,
    /// A program's call as the program made it.
    pub made: Option<Box<ProgramCall>>,
    /// The entry at which it was first seen: it was entered, or its thread stood before it.
    pub seen: Moment,
    /// The entry at which it was entered; `None` as long as its thread stands before it.
    pub entered: Option<Moment>,
    /// The entry at which the kernel said that it sleeps.
    pub blocked: Option<Moment>,
    /// The entry at which it came back, and with what.
    pub returned: Option<(Moment, Outcome)>,
    /// The entry at which its process ended, where it was in the call then.
    pub abandoned: Option<Moment>,
    /// Whether its beginning is no news: a program's thread waits once more for what it has just waited for until the time was up, or
    /// has made it by the way and nobody let it go.
    pub quiet: bool,
    /// Whether it is such a wait in vain, and was repeated.
    pub repeated: bool,
}

/// A call as it stood then.
#[derive(Clone, Copy, Debug)]
pub struct CallView<'a> {
    /// Who made it.
    pub caller: Caller,
    /// What it was; of a program's, the walk's call that it comes to, where there is one, and of what comes to a `send()` or a `recv()`
    /// by another name, that.
    pub call: &'a Call,
    /// The same; but a side's own call as it was made.
    pub own: &'a Call,
    /// A program's call as the program made it.
    pub made: Option<&'a ProgramCall>,
    /// Whether its thread stood before it, and waited.
    pub stands: bool,
    /// Whether its thread stood before it, and somebody let it go.
    pub stepped: bool,
    /// The moment just before it was entered; before it was first seen, as long as its thread stands before it.
    pub entered: Moment,
    /// When that was, since the walk began.
    pub since: Duration,
    /// Whether the kernel had said by then that the thread sleeps in it.
    pub blocked: bool,
    /// The same, whatever has come of it since.
    pub slept: bool,
    /// What it had come to by then.
    pub outcome: Option<&'a Outcome>,
    /// Whether its process had ended in it by then, so that it never returns.
    pub abandoned: bool,
    /// Whether its thread ended while it stood before it, so that it was never made.
    pub never_made: bool,
    /// The entry of its newest change.
    pub changed: Moment,
    /// Whether it is no news: one of several waits of a program's in a row in which nothing came, or a call that it made by the way
    /// and that didn't fail.
    pub quiet: bool,
}

impl CallView<'_> {
    /// A program's call as the program made it, with what the kernel filled; `None` of a call of the walk's own.
    pub fn as_made(&self) -> Option<String> {
        let filled = self.outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| &returned.filled[..]);
        self.made.map(|made| made.written(filled.filter(|filled| !filled.is_empty())))
    }

    /// Its name in C.
    pub fn called(&self) -> &str {
        self.made.map_or_else(|| self.own.called(), |made| &made.name)
    }

    /// Whether the thread was in it.
    pub fn is_open(&self) -> bool {
        self.outcome.is_none() && !self.abandoned
    }
}

/// All calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls {
    records: Vec<CallRecord>,
    /// The numbers of each actor's calls, in order.
    of: BTreeMap<Actor, Vec<usize>>,
    /// The calls that haven't returned.
    open: HashMap<Caller, usize>,
    /// Those before which programs' threads stand.
    standing: Versioned<usize>,
    /// Of each place among the actors of a side, the entries at which a `listen()` of its program succeeded.
    listened: BTreeMap<u32, Vec<Moment>>,
    /// The numbers of each actor's calls that have, in the order in which they did.
    returned: BTreeMap<Actor, Vec<usize>>,
    /// The numbers of the calls that each of an actor's own threads made, in order.
    own_threads: BTreeMap<(Actor, u32), Vec<usize>>,
    /// The numbers of programs' calls on each socket, in order.
    on: HashMap<u64, Vec<usize>>,
    /// The number of the call that made each socket of a program.
    made: HashMap<u64, usize>,
    /// The entries at which programs' threads began to wait for what others do, or made a call by the way, or one that doesn't wait
    /// before it is made where others do.
    quiet: Vec<Moment>,
    /// The programs whose calls are stepped, by their place among the actors of a side: one has waited since it was last said
    /// which do.
    stepped: BTreeSet<u32>,
    /// The numbers of each program's calls by thread: the program's place among the actors of a side, and the thread's number.
    threads: BTreeMap<(u32, u32), Vec<usize>>,
    /// The children that calls made.
    pub(super) forks: Forks,
    /// The processes of programs that signals stopped.
    pub(super) stops: Stops,
    /// How many calls of programs weren't kept one by one, each time that there were more.
    pub(super) untold: Vec<(Moment, u64)>,
    /// Which of the programs' calls waited, each time that this changed.
    pub(super) holding: Vec<(Moment, Option<u32>, HeldCalls)>,
}

impl Calls {
    /// Takes what an event tells of calls.
    pub(super) fn take(&mut self, moment: Moment, event: &Event) {
        match event {
            Event::Stands { caller, call } => {
                self.stepped.insert(caller.actor.nth);
                self.begins(moment, *caller, call, None);
            }
            Event::Entered { caller, call } => self.entered(moment, *caller, call),
            Event::Blocked { caller } => {
                if let Some(number) = self.open.get(caller) {
                    self.records[*number].blocked.get_or_insert(moment);
                }
            }
            Event::Returned { caller, outcome } => {
                self.forks.returned(moment, caller.actor, outcome);
                if let Some(number) = self.open.remove(caller) {
                    self.standing.set(moment, number, false);
                    let made = outcome.iter().flat_map(|returned| &returned.made);
                    // Who copies or receives it later only gets it.
                    for socket in made {
                        self.made.entry(*socket).or_insert(number);
                    }
                    let record = &mut self.records[number];
                    record.returned = Some((moment, outcome.clone()));
                    if outcome.is_ok() && record.made.as_ref().is_some_and(|made| made.name == "listen") {
                        self.listened.entry(caller.actor.nth).or_default().push(moment);
                    }
                    self.returned.entry(self.records[number].caller.actor).or_default().push(number);
                }
            }
            Event::Ended { caller } => {
                self.abandon(moment, *caller);
                self.stops.ended(moment);
            }
            Event::Plays { from, side, socket } => self.plays(*from, *side, *socket),
            Event::UntoldCalls { calls, .. } => {
                let before = self.untold.last().map_or(0, |(_, before)| *before);
                self.untold.push((moment, before.saturating_add(*calls)));
            }
            Event::Signal { caller, signal } => self.stops.take(moment, *caller, *signal),
            Event::Holding { of, held } => {
                self.stepped.clear();
                self.holding.push((moment, *of, *held));
            }
            _ => {}
        }
    }

    /// A process has ended: the calls that its threads were in never return.
    pub(super) fn end_of(&mut self, moment: Moment, member: &Member) {
        // Who let calls go may have been the last one who did.
        if member.steps() {
            self.stepped.clear();
        }
        let ended: Vec<Caller> = self.open.keys().copied().filter(|caller| member.makes(caller.actor)).collect();
        ended.into_iter().for_each(|caller| self.abandon(moment, caller));
        self.stops.ended(moment);
    }

    /// An actor's process was killed: the calls in which its threads were never return.
    pub(super) fn killed(&mut self, moment: Moment, actor: Actor) {
        let ended: Vec<Caller> = self.open.keys().copied().filter(|caller| caller.actor == actor).collect();
        ended.into_iter().for_each(|caller| self.abandon(moment, caller));
    }

    fn abandon(&mut self, moment: Moment, caller: Caller) {
        if let Some(number) = self.open.remove(&caller) {
            self.standing.set(moment, number, false);
            self.records[number].abandoned = Some(moment);
        }
    }

    fn entered(&mut self, moment: Moment, caller: Caller, call: &Call) {
        match self.open.get(&caller) {
            Some(number) if self.records[*number].entered.is_none() => {
                self.records[*number].entered = Some(moment);
                self.standing.set(moment, *number, false);
            }
            _ => self.begins(moment, caller, call, Some(moment)),
        }
    }

    fn begins(&mut self, moment: Moment, caller: Caller, call: &Call, entered: Option<Moment>) {
        let (made, renamed) = match call {
            Call::Program(made) => (Some(made.clone()), None),
            Call::Transfer(_) | Call::Maker(_) => (None, Some(call.clone())),
            _ => (None, None),
        };
        let call = call.as_walked().clone();
        let number = self.records.len();
        let by_the_way = entered.is_some() && made.as_ref().is_some_and(|made| made.is_by_the_way());
        let is_quiet = by_the_way || made.as_ref().is_some_and(|made| self.repeats(caller, made));
        // What somebody lets go is an act of theirs; what a program does until its next call waits comes of that. One that waits
        // for what others do does nothing yet.
        let waits = made.as_ref().is_some_and(|made| made.polls());
        let follows = waits || made.is_some() && self.stepped.contains(&caller.actor.nth);
        if (is_quiet || follows) && entered.is_some() {
            self.quiet.push(moment);
        }
        self.of.entry(caller.actor).or_default().push(number);
        self.open.insert(caller, number);
        if entered.is_none() {
            self.standing.set(moment, number, true);
        }
        if let Some(made) = &made {
            self.threads.entry((caller.actor.nth, caller.worker)).or_default().push(number);
            if let Some(socket) = made.socket {
                self.on.entry(socket).or_default().push(number);
            }
        } else {
            self.own_threads.entry((caller.actor, caller.worker)).or_default().push(number);
        }
        let (blocked, returned, abandoned) = (None, None, None);
        self.records.push(CallRecord {
            caller,
            call,
            renamed,
            made,
            seen: moment,
            entered,
            blocked,
            returned,
            abandoned,
            quiet: is_quiet,
            repeated: false,
        });
    }

    /// Whether a program's thread waits once more for what it has just waited for until the time was up; that is noted there.
    fn repeats(&mut self, caller: Caller, made: &ProgramCall) -> bool {
        let of_thread = self.threads.get(&(caller.actor.nth, caller.worker));
        let Some(last) = of_thread.and_then(|numbers| numbers.last()) else { return false };
        let last = &mut self.records[*last];
        // The time that is left may be another one.
        let is_same = |last: &ProgramCall| match (&last.waits, &made.waits) {
            (Some(last), Some(made)) => last == made,
            _ => last.arguments == made.arguments,
        };
        let is_same = |last: &ProgramCall| last.name == made.name && is_same(last);
        let was_in_vain = matches!(&last.returned, Some((_, Ok(returned))) if returned.value == 0);
        let repeats = made.polls() && was_in_vain && last.made.as_deref().is_some_and(is_same);
        last.repeated |= repeats;
        repeats
    }

    /// Whether this entry is the beginning of such a wait, of a call by the way, or of one that followed a step.
    pub(super) fn is_quiet(&self, at: Moment) -> bool {
        self.quiet.binary_search(&at).is_ok()
    }

    /// A program's calls on a socket, and those before it had any, are of another side than was seen at first.
    fn plays(&mut self, from: Actor, side: Side, socket: u64) {
        let to = Actor { side, ..from };
        let Some(numbers) = self.of.remove(&from) else { return };
        let records = &self.records;
        let has_others = numbers.iter().any(|number| {
            let made = records[*number].made.as_ref();
            made.is_some_and(|made| made.socket.is_some_and(|other| other != socket))
        });
        let is_meant = |number: &usize| match &records[*number].made {
            None => false,
            Some(made) if made.socket.is_some() => made.socket == Some(socket),
            Some(_) => !has_others || makes(&records[*number], socket),
        };
        let (moved, kept): (Vec<usize>, Vec<usize>) = numbers.into_iter().partition(is_meant);
        for number in &moved {
            let record = &mut self.records[*number];
            let before = record.caller;
            record.caller.actor = to;
            if self.open.get(&before) == Some(number) {
                self.open.remove(&before);
                self.open.insert(record.caller, *number);
            }
        }
        let there = self.of.entry(to).or_default();
        there.extend(moved);
        there.sort_unstable();
        if !kept.is_empty() {
            self.of.insert(from, kept);
        }
        let records = &self.records;
        let is_moved = |number: &usize| records[*number].caller.actor == to;
        let (moved, kept): (Vec<usize>, Vec<usize>) =
            self.returned.remove(&from).unwrap_or_default().into_iter().partition(is_moved);
        let there = self.returned.entry(to).or_default();
        there.extend(moved);
        there.sort_by_key(|number| records[*number].returned.as_ref().map(|(moment, _)| *moment));
        self.returned.insert(from, kept);
    }

    /// The calls before which programs' threads stood then, the one that stood first at first.
    pub(super) fn standing(&self, moment: Moment) -> impl Iterator<Item = &CallRecord> {
        let numbers = self.standing.at(moment);
        (0..numbers.len()).map(move |place| &self.records[numbers[place]])
    }

    /// Whether the program with this place among the actors of a side had listened by then, of those calls that came back since.
    pub(super) fn has_listened(&self, nth: u32, since: Moment, moment: Moment) -> bool {
        self.listened.get(&nth).is_some_and(|all| all.iter().any(|at| (since..moment).contains(at)))
    }

    /// The calls of programs on a socket that had been seen by then.
    pub(super) fn on(&self, socket: u64, moment: Moment) -> impl DoubleEndedIterator<Item = &CallRecord> {
        self.seen(self.on.get(&socket), moment)
    }

    /// The call that made a program's socket.
    pub(super) fn maker(&self, socket: u64) -> Option<&CallRecord> {
        self.made.get(&socket).map(|number| &self.records[*number])
    }

    /// The calls of a thread of a program's.
    pub(super) fn of_thread(&self, caller: Caller, moment: Moment) -> impl DoubleEndedIterator<Item = &CallRecord> {
        self.seen(self.threads.get(&(caller.actor.nth, caller.worker)), moment)
    }

    /// The newest call of each thread of the programs that have this place among the actors of a side.
    pub(super) fn of_threads(&self, nth: u32, moment: Moment) -> impl Iterator<Item = &CallRecord> {
        let threads = self.threads.range((nth, 0)..=(nth, u32::MAX));
        threads.filter_map(move |(_, numbers)| self.seen(Some(numbers), moment).next_back())
    }

    /// The calls of those programs.
    pub(super) fn of_program(&self, nth: u32, moment: Moment) -> impl Iterator<Item = &CallRecord> {
        let threads = self.threads.range((nth, 0)..=(nth, u32::MAX));
        threads.flat_map(move |(_, numbers)| self.seen(Some(numbers), moment))
    }

    fn seen(&self, numbers: Option<&Vec<usize>>, moment: Moment) -> impl DoubleEndedIterator<Item = &CallRecord> {
        let numbers = numbers.map_or(&[][..], Vec::as_slice);
        let seen = numbers.partition_point(|number| self.records[*number].seen < moment);
        numbers[..seen].iter().map(|number| &self.records[*number])
    }

    /// The calls of an actor that had returned by then, in the order in which they did.
    pub(super) fn returned(&self, actor: Actor, moment: Moment) -> impl DoubleEndedIterator<Item = &CallRecord> {
        let numbers = self.returned.get(&actor).map_or(&[][..], Vec::as_slice);
        let is_known = |number: &usize| self.records[*number].returned.as_ref().is_some_and(|(at, _)| *at < moment);
        numbers[..numbers.partition_point(is_known)].iter().map(|number| &self.records[*number])
    }

    /// The calls in which an actor's threads were then, one of each at most.
    pub(super) fn open_of(&self, actor: Actor, moment: Moment) -> impl Iterator<Item = &CallRecord> {
        let threads = self.own_threads.range((actor, 0)..=(actor, u32::MAX));
        let own = threads.filter_map(move |(_, numbers)| self.seen(Some(numbers), moment).next_back());
        let of_program = self.of_threads(actor.nth, moment).filter(move |record| record.caller.actor == actor);
        let is_open = move |record: &&CallRecord| {
            let ended = record.returned.as_ref().map(|(at, _)| *at).or(record.abandoned);
            record.entered.is_some_and(|entered| entered < moment) && ended.is_none_or(|ended| ended >= moment)
        };
        own.chain(of_program).filter(is_open)
    }

    /// The calls that haven't returned, in no order.
    pub(super) fn open(&self) -> impl Iterator<Item = &CallRecord> {
        self.open.values().map(|number| &self.records[*number])
    }

    /// The actors that had made calls.
    pub(super) fn actors(&self) -> impl Iterator<Item = Actor> {
        self.of.keys().copied()
    }

    /// The calls of an actor that had been seen by then.
    pub(super) fn of(
        &self,
        actor: Actor,
        moment: Moment,
    ) -> impl DoubleEndedIterator<Item = &CallRecord> + ExactSizeIterator {
        let numbers = self.of.get(&actor).map_or(&[][..], Vec::as_slice);
        let seen = numbers.partition_point(|number| self.records[*number].seen < moment);
        numbers[..seen].iter().map(|number| &self.records[*number])
    }
}

/// Whether a call made this socket.
fn makes(record: &CallRecord, socket: u64) -> bool {
    matches!(&record.returned, Some((_, Ok(returned))) if returned.made.contains(&socket))
}

/// A call as it stood at a moment of a trace, which has these entries.
pub(super) fn call_view<'a>(entries: &[Entry], record: &'a CallRecord, moment: Moment) -> CallView<'a> {
    let blocked = record.blocked.filter(|blocked| *blocked < moment);
    let returned = record.returned.as_ref().filter(|(returned, _)| *returned < moment);
    let abandoned = record.abandoned.filter(|abandoned| *abandoned < moment);
    let ended = returned.map(|(returned, _)| *returned).or(abandoned);
    let entered = record.entered.filter(|entered| *entered < moment);
    let begun = entered.unwrap_or(record.seen);
    let polls = record.made.as_ref().is_some_and(|made| made.polls());
    let elsewhere = record.made.as_ref().is_some_and(|made| made.is_of_another_family());
    let is_news = match returned {
        // A message that carries a socket of IPv4 or IPv6 may come through one of another family.
        Some((_, Ok(returned))) => polls && returned.value != 0 || elsewhere && !returned.made.is_empty(),
        Some((_, Err(errno))) => !elsewhere || errno.is_no_socket(),
        None => polls && (abandoned.is_some() || entered.is_none()),
    };
    CallView {
        caller: record.caller,
        call: &record.call,
        own: record.renamed.as_ref().unwrap_or(&record.call),
        made: record.made.as_deref(),
        stands: entered.is_none() && ended.is_none(),
        stepped: entered.is_some_and(|entered| entered != record.seen),
        entered: begun,
        since: entries[begun].at,
        blocked: blocked.is_some() && ended.is_none(),
        slept: blocked.is_some(),
        outcome: returned.map(|(_, outcome)| outcome),
        abandoned: abandoned.is_some(),
        never_made: abandoned.is_some() && entered.is_none(),
        changed: ended.or(blocked).unwrap_or(begun),
        quiet: record.repeated || record.quiet && !is_news,
    }
}
