//! What is shown of a segment that a person made, or a rule of the wire.

use crate::model::rule::RuleKind;
use crate::model::{HandMade, SegmentView};
use crate::tui::scene::Scene;

/// How a person made a segment, or a rule of the wire, in a word or two; `None` where a kernel sent it.
pub(super) fn how_made<'a>(scene: &Scene<'a>, view: &SegmentView<'_>) -> Option<&'a str> {
    let t = &scene.texts.wire;
    Some(match view.by_hand? {
        _ if view.by_rule.is_some() => &scene.texts.rules.made,
        HandMade::Repeated(_) => &t.by_hand,
        HandMade::Edited(_) => &t.edited,
        HandMade::Forged => &t.forged,
    })
}

/// What is said of a segment that was dropped: by hand, or by a rule.
pub(super) fn how_lost<'a>(scene: &Scene<'a>, view: &SegmentView<'_>) -> &'a str {
    let t = &scene.texts.wire;
    let by_rule = view.by_rule.is_some_and(|rule| rule.kind() == RuleKind::Lose);
    if by_rule { &scene.texts.rules.lost } else { &t.dropped }
}

/// Who says so of a segment: the wire; where a person made it, that person; or a rule of the wire.
pub(super) fn source(view: &SegmentView<'_>) -> &'static str {
    match (view.by_hand, view.by_rule) {
        (None, _) => "W",
        (Some(_), None) => "H",
        (Some(_), Some(_)) => "R",
    }
}
