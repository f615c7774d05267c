//! Claims held against what is known, and when a step is over.

use std::borrow::Cow;
use std::time::Duration;

use super::{LONGEST_PAUSE, Phase, Runner, RunningStep, WireAbility};
use crate::lesson::{Claim, Terms, TimerTerms};
use crate::model::{Actor, AnsweredQuestion, ClaimResult, Entry, Event, SocketState, Statement};
use crate::tcp::State;
use crate::walk::claims::ClaimContext;

impl Runner {
    pub(super) fn settled(&mut self, now: Duration) {
        let Some(running) = &mut self.running else {
            if self.recheck_by.is_some() {
                self.follow_hand(now);
            }
            return;
        };
        if running.again_at.is_some() {
            return;
        }
        running.looks += 1;
        let acted = running.acted;
        let all_hold = acted && self.results(now).iter().all(|result| result.held);
        if let Some(running) = self.running.as_mut().filter(|_| !all_hold) {
            // What comes true from now on does so in the step.
            running.held_before = false;
        }
        let done = all_hold && self.has_waited() && !self.pauses(now);
        if done || self.nothing_more_comes(now) {
            self.conclude(now);
        } else if let Some(running) = &mut self.running {
            let soon = now + running.pause;
            running.again_at = Some(running.pause_ends.filter(|ends| *ends > now).unwrap_or(soon));
            running.pause = (running.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Ends the running step with what is known now.
    pub(super) fn conclude(&mut self, now: Duration) {
        self.note_what_did_not_fire();
        let results = self.results(now);
        let diverged = self.trace.present().diverged().is_some();
        let Some(running) = self.running.take() else { return };
        for result in results {
            self.count(&result);
            self.note(now, Event::Claim(Box::new(result)));
        }
        match running.step {
            Some(step) => self.checked = Some(step),
            // An interrupted call was made again: what it is said to do may be so again.
            None => self.recheck(now),
        }
        if let Some(step) = running.step.filter(|_| !diverged)
            && let Some(ask) = &self.lesson.steps[step].ask
        {
            let actual = self.knowledge().measure(&ask.measure);
            let is_right = |choice: &String| self.knowledge().is(choice, &actual);
            // Of several counters that moved each is right.
            let chosen = running.chosen.filter(|chosen| ask.choices.get(*chosen).is_some_and(is_right));
            let right = chosen.or_else(|| ask.choices.iter().position(is_right));
            self.note(now, Event::Answer(AnsweredQuestion { step, chosen: running.chosen, right, actual }));
        }
        if let Some(kind) = running.step.and_then(|step| self.lesson.steps[step].waits_for) {
            self.firings.were_awaited(kind);
        }
        self.holds_already = self.next_holds_already(now);
        self.phase = if self.begun < self.steps.len() { Phase::Ready } else { Phase::Finished };
    }

    pub(super) fn count(&mut self, result: &ClaimResult) {
        self.verdict.held += usize::from(result.held);
        self.verdict.broken += usize::from(!result.held);
    }

    /// Whether a claim of a step held when it was checked last.
    pub(super) fn held_before(&self, step: usize, result: &ClaimResult) -> Option<bool> {
        let (results, _) = self.trace.present().verdicts(step);
        let same = |known: &&&ClaimResult| (known.line, &known.what) == (result.line, &result.what);
        results.iter().find(same).map(|known| known.held)
    }

    /// A claim that was checked, held against what is known now; `None` where nothing has changed but by time, or it can't be.
    pub(super) fn checked_again(
        &self,
        before: &ClaimResult,
        known: &ClaimContext<'_>,
        now: Duration,
    ) -> Option<ClaimResult> {
        let claims = &self.lesson.steps.get(before.step)?.expect;
        let same = |claim: &&Claim| claim.line == before.line && known.says(&claim.terms) == before.what;
        let claim = claims.iter().find(same).filter(|claim| self.can_be_checked(claim, now))?;
        let terms = if before.held { lasting(&claim.terms)? } else { Cow::Borrowed(&claim.terms) };
        let (held, actual) = self.is_taken_away(before, &claim.terms).unwrap_or_else(|| known.check(&terms));
        let changed = held != before.held || (!held && actual != before.actual);
        changed.then(|| ClaimResult { held, actual, ..before.clone() })
    }

    /// That an end which was CLOSED with its socket there has lost the socket since: a state it hasn't any more, and what else the step says
    /// of it isn't so either. `None` of every other claim.
    fn is_taken_away(&self, before: &ClaimResult, terms: &Terms) -> Option<(bool, Statement)> {
        let Terms::State { end, is } = terms else { return None };
        if *is != SocketState::from(State::Closed) {
            return None;
        }
        let is_it = |entry: &Entry| match &entry.event {
            Event::Claim(claim) => (claim.step, claim.line, &claim.what) == (before.step, before.line, &before.what),
            _ => false,
        };
        let concluded = self.trace.entries().iter().position(is_it)?;
        let there = self.names.find(end, self.trace.at(concluded))?;
        let now = self.names.find(end, self.trace.present())?;
        let is_taken = there.state == *is && !there.gone && now.gone;
        is_taken.then(|| (false, Statement::NoSocket(end.clone())))
    }

    pub(super) fn knowledge(&self) -> ClaimContext<'_> {
        ClaimContext {
            view: self.trace.present(),
            names: &self.names,
            server: self.address(None),
            port: self.lesson.server.port(),
            line: self.line.len() as u32,
            worker: None,
            process: Actor::FIRST,
        }
    }

    /// The claims of a step (its number in the lesson) with what is so now.
    pub fn claims_now(&self, step: usize, now: Duration) -> Vec<ClaimResult> {
        self.results_of(step, &None, now)
    }

    /// The running step's claims, held against what is known.
    fn results(&self, now: Duration) -> Vec<ClaimResult> {
        let Some(RunningStep { step: Some(step), obstacle, .. }) = &self.running else { return Vec::new() };
        self.results_of(*step, obstacle, now)
    }

    fn results_of(&self, step: usize, obstacle: &Option<Box<Statement>>, now: Duration) -> Vec<ClaimResult> {
        let known = self.knowledge();
        let source = &self.lesson.steps[step];
        let obstacle = obstacle.iter().map(|actual| ClaimResult {
            step,
            what: Statement::StepCanBeDone,
            held: false,
            actual: actual.as_ref().clone(),
            line: source.line,
        });
        let claims = source.expect.iter().filter(|claim| self.can_be_checked(claim, now)).map(|claim| {
            let (held, actual) = known.check(&claim.terms);
            ClaimResult { step, what: known.says(&claim.terms), held, actual, line: claim.line }
        });
        obstacle.chain(claims).collect()
    }

    /// A claim on segments says nothing where segments can't be seen, and one of the first seconds nothing later.
    fn can_be_checked(&self, claim: &Claim, now: Duration) -> bool {
        let blind = self.options.wire == WireAbility::Blind && claim.terms.is_on_segments();
        let began = self.trace.entries().first().map_or(now, |entry| entry.at);
        let late = claim.within.is_some_and(|limit| now.saturating_sub(began) > limit);
        claim.modes.contains(&self.options.mode) && !blind && !late
    }
}

/// What of a claim that held can only be otherwise for something that was done. Time alone has a timer fire, which changes its count
/// and its timeout, and what `TCP_INFO` tells.
fn lasting(terms: &Terms) -> Option<Cow<'_, Terms>> {
    match terms {
        Terms::Timer(TimerTerms { end, kind: kind @ Some(_), .. }) => {
            let runs = TimerTerms { end: end.clone(), kind: *kind, fired: None, rto_ms: None };
            Some(Cow::Owned(Terms::Timer(runs)))
        }
        Terms::Timer(_) | Terms::Info(_) => None,
        other => Some(Cow::Borrowed(other)),
    }
}
