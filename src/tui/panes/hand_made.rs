//! What is shown of a segment that a person made.

use crate::model::{HandMade, SegmentView};
use crate::tui::scene::Scene;

/// How a person made a segment, in a word or two.
pub(super) fn how_made<'a>(scene: &Scene<'a>, made: HandMade) -> &'a str {
    let t = &scene.texts.wire;
    match made {
        HandMade::Repeated(_) => &t.by_hand,
        HandMade::Edited(_) => &t.edited,
        HandMade::Forged => &t.forged,
    }
}

/// Who says so of a segment: the wire, or, where a person made it, that person.
pub(super) fn source(view: &SegmentView<'_>) -> &'static str {
    if view.by_hand.is_some() { "H" } else { "W" }
}
