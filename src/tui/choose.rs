//! Which segment is chosen.

use super::app::App;
use crate::model::{Connection, SegmentId};

/// The next one, of those of the connection that is shown alone, else of all.
pub(super) fn any(app: &mut App, newer: bool) {
    let Some(SegmentId(chosen)) = app.chosen_segment() else { return };
    let (view, only) = (app.view(), app.place.only);
    let shown = |id: &SegmentId| {
        let connection = view.segment(*id).map(|one| Connection::of(one.segment));
        only.is_none_or(|only| connection == Some(only))
    };
    let count = u32::try_from(view.segment_count()).unwrap_or(u32::MAX);
    let next = match newer {
        true => (chosen + 1..count).map(SegmentId).find(shown),
        // The newest is meant where none is chosen: the first press chooses it.
        false if app.place.segment.is_none() => Some(SegmentId(chosen)).filter(shown),
        false => (0..chosen).rev().map(SegmentId).find(shown),
    };
    app.place.segment = next.or(app.place.segment);
    app.place.ladder = 0;
}

/// The next of those that wait.
pub(super) fn held(app: &mut App, newer: bool) {
    app.place.segment = app.next_held(newer).or(app.place.segment);
    // The ladder brings it into sight.
    app.place.ladder = 0;
}
