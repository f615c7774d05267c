//! The check of which thread of a side, and of which of its processes, makes a step's call, and whose call a claim or a question is about.

use toml::Spanned;

use super::fault::Fault;
use super::lint::{Lint, absent_or};
use super::raw_calls::{RawAskedCall, RawFork};
use super::raw_words::SpannedText;
use super::{Action, Measure, NamedCaller, WaitAction};
use crate::model::{Actor, Caller, Side, SideProcess};

impl Lint<'_> {
    /// The side that makes an action's call, or whose call it interrupts; `None` of an action that is no call.
    pub(super) fn called_by(&self, action: &Action) -> Option<Side> {
        match action {
            Action::Socket { side, .. }
            | Action::GetAddrInfo { side, .. }
            | Action::Fork { side }
            | Action::Interrupt { side }
            | Action::Wait(WaitAction::EpollCreate { side, .. }) => Some(*side),
            // A socket of an unknown side is a fault of its own.
            other => other.socket().map(|socket| self.side_of(socket).unwrap_or(Side::Server)),
        }
    }

    pub(super) fn fork(&mut self, raw: &RawFork) -> Option<Action> {
        let side = self.side(&raw.side)?;
        if self.processes[side as usize] as usize > SideProcess::MOST_CHILDREN {
            return self.fault(raw.side.span(), Fault::TooManyProcesses);
        }
        Some(Action::Fork { side })
    }

    /// The thread that makes a step's call, or whose call it interrupts; `action` is `None` where the step has none.
    pub(super) fn worker(&mut self, raw: Option<&Spanned<i64>>, action: Option<&Option<Action>>) -> Option<u32> {
        let Some(raw) = raw else { return Some(Caller::MAIN) };
        // Of an action that is wrong itself nothing more is said.
        if action.is_none_or(|action| action.as_ref().is_some_and(|action| self.called_by(action).is_none())) {
            return self.fault(raw.span(), Fault::ThreadOfNothing);
        }
        self.thread(raw).map(Caller::worker_of)
    }

    /// The process whose thread that is. A `fork()` of the step makes the side's next one, which the step's claims may name.
    pub(super) fn process_of_step(
        &mut self,
        raw: Option<&Spanned<i64>>,
        action: Option<&Option<Action>>,
    ) -> Option<u32> {
        let side = action.and_then(Option::as_ref).and_then(|action| self.called_by(action));
        let process = match (raw, action, side) {
            (None, ..) => Some(Actor::FIRST),
            (Some(raw), _, Some(side)) => self.process(raw, side),
            (Some(_), Some(None), None) => None,
            (Some(raw), ..) => self.fault(raw.span(), Fault::ProcessOfNothing),
        };
        if let Some(Some(Action::Fork { side })) = action {
            self.processes[*side as usize] += 1;
        }
        process
    }

    /// Which of a side's processes and threads are named.
    pub(super) fn named_caller(
        &mut self,
        side: &SpannedText,
        (process, thread): (Option<&Spanned<i64>>, Option<&Spanned<i64>>),
    ) -> Option<NamedCaller> {
        let thread = absent_or(thread.map(|raw| self.thread(raw)));
        let side = Side::BOTH.into_iter().find(|known| known.name() == side.get_ref());
        let process = absent_or(process.map(|raw| self.process(raw, side?)));
        Some(NamedCaller { thread: thread?, process: process? })
    }

    /// A question about a side's newest call; of one of its threads, where that is named.
    pub(super) fn of_call(&mut self, raw: &RawAskedCall, measure: fn(Side, NamedCaller) -> Measure) -> Option<Measure> {
        let side = self.side(&raw.side);
        let by = self.named_caller(&raw.side, (raw.process.as_ref(), raw.thread.as_ref()));
        Some(measure(side?, by?))
    }

    /// One of the processes that a side has by now.
    fn process(&mut self, raw: &Spanned<i64>, side: Side) -> Option<u32> {
        let there = self.processes[side as usize];
        match u32::try_from(*raw.get_ref()) {
            Ok(process) if (Actor::FIRST..=there).contains(&process) => Some(process),
            _ => self.fault(raw.span(), Fault::NoSuchProcess(side, there)),
        }
    }

    fn thread(&mut self, raw: &Spanned<i64>) -> Option<u32> {
        self.range(*raw.get_ref(), 1..=i64::from(Caller::LAST), raw.span());
        u32::try_from(*raw.get_ref()).ok()
    }
}
