//! What became of a lesson's claims, and from which step on a walk is no longer the one that the lesson tells.

use super::{ClaimResult, Event, Moment, Statement};

/// The entries of claims and answers, with what they come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdicts {
    /// The entries of claims and answers, in order.
    pub(super) moments: Vec<Moment>,
    /// The step whose claims were checked last, and which of them don't hold.
    checked: Option<usize>,
    broken: Vec<(usize, Statement)>,
    /// The first step whose claims don't hold, each time that this changed.
    diverged: Vec<(Moment, Option<usize>)>,
}

impl Verdicts {
    /// Takes a claim or an answer. A claim may be checked again as long as no later step's was: the newest result counts.
    pub(super) fn take(&mut self, moment: Moment, event: &Event) {
        self.moments.push(moment);
        let Event::Claim(claim) = event else { return };
        let ClaimResult { step, what, held, line, .. } = claim.as_ref();
        if self.checked != Some(*step) {
            self.checked = Some(*step);
            self.broken.clear();
        }
        self.broken.retain(|(other, text)| (other, text) != (line, what));
        if !held {
            self.broken.push((*line, what.clone()));
        }
        let before = self.diverged.last().and_then(|(_, step)| *step);
        let own = (!self.broken.is_empty()).then_some(*step);
        // What an earlier step's claims came to is settled.
        let now = before.filter(|earlier| earlier != step).or(own);
        if now != before {
            self.diverged.push((moment, now));
        }
    }

    /// The first step whose claims don't hold, of what was known after so many entries, and the entry since which it is so.
    pub(super) fn diverged(&self, moment: Moment) -> Option<(usize, Moment)> {
        let known = self.diverged.partition_point(|(seen, _)| *seen < moment);
        let (since, step) = self.diverged[..known].last()?;
        step.map(|step| (step, *since))
    }
}

/// The newest result of each claim, in the order of their first ones. Takes the oldest result first.
pub(super) fn newest<'a>(results: impl IntoIterator<Item = &'a ClaimResult>) -> Vec<&'a ClaimResult> {
    let mut newest: Vec<&ClaimResult> = Vec::new();
    for result in results {
        match newest.iter_mut().find(|known| (known.line, &known.what) == (result.line, &result.what)) {
            Some(known) => *known = result,
            None => newest.push(result),
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(step: usize, what: &str, held: bool) -> ClaimResult {
        let what = Statement::NoSuchSocket(what.to_owned());
        ClaimResult { step, what, held, actual: Statement::NoCall, line: step + 1 }
    }

    #[test]
    fn a_walk_diverges_at_the_first_step_whose_claims_stay_broken() {
        // Step, claim, whether it held; then the first step with a broken claim, and the entry since which.
        let table = [
            ((0, "a", true), None),
            ((1, "b", true), None),
            ((1, "c", false), Some((1, 2))),
            ((1, "b", false), Some((1, 2))),
            ((1, "c", true), Some((1, 2))),
            ((1, "b", true), None),
            ((2, "d", false), Some((2, 6))),
            ((3, "e", true), Some((2, 6))),
            ((3, "f", false), Some((2, 6))),
            ((3, "f", true), Some((2, 6))),
        ];
        let mut verdicts = Verdicts::default();
        for (moment, ((step, what, held), _)) in table.iter().enumerate() {
            verdicts.take(moment, &Event::Claim(Box::new(result(*step, what, *held))));
        }
        for (moment, (_, diverged)) in table.iter().enumerate() {
            assert_eq!(verdicts.diverged(moment + 1), *diverged, "after entry {moment}");
        }
        assert_eq!(verdicts.diverged(0), None);
    }

    #[test]
    fn of_a_claim_that_was_checked_again_the_newest_result_counts() {
        let results = [result(0, "a", true), result(0, "b", true), result(0, "a", false)];
        let newest: Vec<_> = newest(&results).into_iter().map(|one| (one.what.clone(), one.held)).collect();
        let named = |name: &str| Statement::NoSuchSocket(name.to_owned());
        assert_eq!(newest, [(named("a"), false), (named("b"), true)]);
    }
}
