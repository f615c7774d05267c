//! What changes the rules of the wire, and for which segments one decides.

use super::app::App;
use super::{menu, programs};
use crate::model::rule::{RuleFault, RuleKind, TypedRule};
use crate::model::{Door, Member, SegmentFilter, may_release};
use crate::walk::{WalkCommand, WireAbility};

/// Whether a rule can be set here.
pub(super) fn may_set(app: &App) -> bool {
    app.is_present()
        && app.walk.wire() == WireAbility::Holds
        && (app.walk.free().is_none() || menu::caller(app).is_some())
}

/// Whether the wire has rules that can be taken back.
pub(super) fn are_in_force(app: &App) -> bool {
    app.is_present() && !app.view().wire_rules().is_empty()
}

/// The segments that are one's own to let pass; `None` in a walk that isn't free.
pub(super) fn own_segments(app: &App) -> Option<SegmentFilter> {
    let own = app.walk.free()?.actors();
    let others = app.walk.trace().present().members();
    let is_anothers = |member: &&Member| member.actors().any(|actor| !own.contains(&actor));
    Some(match own {
        // Where nobody else makes calls, all doors are in the same hands.
        [actor] if others.iter().any(is_anothers) => SegmentFilter::To(*actor),
        [_] => SegmentFilter::All,
        // A child's doors are those of who came.
        _ => match app.place.actor.map(|actor| app.walk.trace().root_of(actor)).filter(|actor| own.contains(actor)) {
            Some(actor) => SegmentFilter::To(actor),
            None => programs::meant_segments(app),
        },
    })
}

impl App {
    /// What a line that says a rule comes to.
    ///
    /// # Errors
    /// [`RuleFault`] says what is wrong with it.
    pub(super) fn rule_of(&self, text: &str) -> Result<WalkCommand, RuleFault> {
        let typed = match text.parse()? {
            // The numbers are those that are read on the screen.
            TypedRule::Set(Some(SegmentFilter::To(known)), only, does) => {
                let actor = self.walk.trace().present().actor_known_as(known);
                TypedRule::Set(Some(SegmentFilter::To(actor)), only, does)
            }
            typed => typed,
        };
        if self.walk.wire() != WireAbility::Holds {
            return Err(RuleFault::NoWire);
        }
        // Words that name no end are about both, whichever is chosen; but nobody rules over another one's.
        let of_one_side = self.walk.free().filter(|free| free.actors().len() == 1);
        let usual = of_one_side.and_then(|_| own_segments(self)).unwrap_or(SegmentFilter::All);
        if let TypedRule::Set(Some(which), ..) = typed
            && !self.may_rule(which)
        {
            return Err(RuleFault::NotHere);
        }
        if let TypedRule::Off(kind) = typed {
            self.takes_back(kind)?;
        }
        Ok(WalkCommand::Rule(typed.change(usual)))
    }

    /// That rules of this kind, or any, can be taken back here: a change that changes nothing would be no entry, and so be told nowhere.
    fn takes_back(&self, kind: Option<RuleKind>) -> Result<(), RuleFault> {
        let rules = self.walk.trace().present().wire_rules();
        let mut meant = rules.iter().map(|one| one.rule).filter(|rule| kind.is_none_or(|kind| kind == rule.kind()));
        match (meant.clone().next(), meant.any(|rule| self.may_rule(rule.which))) {
            (None, _) => Err(RuleFault::NotThere(kind)),
            (Some(_), false) => Err(RuleFault::NotHere),
            (Some(_), true) => Ok(()),
        }
    }

    /// Whether one decides here on what is for these ends, as on what passes by itself.
    fn may_rule(&self, which: SegmentFilter) -> bool {
        let (Some(free), SegmentFilter::To(actor)) = (self.walk.free(), which) else { return true };
        let own = free.steps().then(|| free.actors());
        may_release(own, Some(Door::Of(actor)), &self.walk.trace().present().members())
    }
}
