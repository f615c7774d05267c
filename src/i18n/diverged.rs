//! What is said in the place of a lesson's text where the walk isn't the one that the lesson tells.

use super::words::words;
use super::{SharedTexts, fill};
use crate::model::{HandAction, SegmentId, Statement, View};
use crate::tcp::{Numbers, line};

words! {
    /// The words for it.
    #[allow(missing_docs)]
    pub struct DivergedTexts {
        pub own: String,
        pub earlier: String,
        pub dropped: String,
        pub delivered: String,
        pub repeated: String,
        pub edited: String,
        pub forged: String,
        pub ruled: String,
        pub set: String,
        pub interrupted: String,
        pub killed: String,
        pub called: String,
        pub refused: String,
        pub nothing: String,
    }
}

/// What is said of a step (its number in the lesson) in the place of its text, as of this moment: why it isn't told.
/// `None` where its claims hold, and those of all steps before it: then its text is told. `named` gives a step's number
/// as it is shown, and its title.
pub fn diverged<'t>(
    view: &View<'_>,
    step: usize,
    named: impl FnOnce(usize) -> (usize, &'t str),
    words: (&DivergedTexts, &SharedTexts),
) -> Option<Vec<String>> {
    let (texts, shared) = words;
    let first = view.diverged().filter(|first| *first <= step)?;
    let why = why(view, first, texts, shared);
    if first == step {
        return Some(vec![why, texts.own.clone()]);
    }
    let (n, title) = named(first);
    Some(vec![fill(&texts.earlier, &[("n", n.to_string().as_str()), ("title", title)]), why])
}

fn why(view: &View<'_>, first: usize, texts: &DivergedTexts, shared: &SharedTexts) -> String {
    let segment = |id: SegmentId| {
        let Some(seen) = view.segment(id) else { return String::new() };
        let end = |address| shared.end(view.trace(), address);
        let text = line(seen.segment, &seen.initials, Numbers::Symbolic);
        format!("{} → {}  {text}", end(seen.segment.from), end(seen.segment.to))
    };
    match view.diverged_by() {
        None => {
            let (claims, _) = view.verdicts(first);
            let refused = claims.iter().find(|claim| matches!(claim.actual, Statement::NotSet { .. }));
            refused.map_or_else(|| texts.nothing.clone(), |claim| fill(&texts.refused, &[("line", &claim.line)]))
        }
        Some(HandAction::Drop(id)) => fill(&texts.dropped, &[("segment", segment(id))]),
        Some(HandAction::Deliver(id)) => fill(&texts.delivered, &[("segment", segment(id))]),
        Some(HandAction::Repeat(id)) => fill(&texts.repeated, &[("segment", segment(id))]),
        Some(HandAction::Edit(id)) => fill(&texts.edited, &[("segment", segment(id))]),
        Some(HandAction::Forge) => texts.forged.clone(),
        Some(HandAction::Rule) => texts.ruled.clone(),
        Some(HandAction::Sysctl) => texts.set.clone(),
        Some(HandAction::Interrupt(of)) => fill(&texts.interrupted, &[("side", shared.side(of))]),
        Some(HandAction::Kill(of)) => fill(&texts.killed, &[("side", shared.side(of))]),
        Some(HandAction::Call(of)) => fill(&texts.called, &[("side", shared.side(of))]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Lang, Texts};
    use super::*;
    use crate::model::{ClaimResult, Errno, Event, Trace};

    /// Nobody's hand: what the lesson's file wants and the kernel refuses has its place there.
    #[test]
    fn what_the_kernel_refuses_to_a_step_has_its_line() {
        for lang in Lang::all() {
            let texts = Texts::load(lang).unwrap();
            let told = |actual: Statement| {
                let what = Statement::StepCanBeDone;
                let mut trace = Trace::default();
                trace.push(Duration::ZERO, Event::Step(0));
                let claim = ClaimResult { step: 0, what, held: false, actual, line: 4711 };
                trace.push(Duration::ZERO, Event::Claim(Box::new(claim)));
                diverged(&trace.present(), 0, |_| (1, ""), (&texts.diverged, &texts.shared)).unwrap().remove(0)
            };
            let refused = told(Statement::NotSet { name: "net.ipv4.tcp_sack = 9".into(), errno: Errno(22) });
            assert!(refused.contains("4711") && refused != texts.diverged.nothing, "{refused}");
            assert_eq!(told(Statement::NoSuchSocket("a".into())), texts.diverged.nothing);
        }
    }
}
