//! Which segment is chosen.

use super::app::App;
use crate::model::{Connection, SegmentId};

/// The segment before or after the one that is seen to be meant (the chosen one, else the marked one of those that wait, else the
/// newest): of those of the connection that is shown alone, else of all.
pub(super) fn next(app: &App, newer: bool) -> Option<SegmentId> {
    let marked = app.meant_held().filter(|_| app.place.segment.is_none());
    let SegmentId(meant) = marked.or_else(|| app.chosen_segment())?;
    let (view, only) = (app.view(), app.place.only);
    let shown = |id: &SegmentId| {
        let connection = view.segment(*id).map(|one| Connection::of(one.segment));
        only.is_none_or(|only| connection == Some(only))
    };
    let count = u32::try_from(view.segment_count()).unwrap_or(u32::MAX);
    if newer { (meant + 1..count).map(SegmentId).find(shown) } else { (0..meant).rev().map(SegmentId).find(shown) }
}

/// Chooses that one.
pub(super) fn any(app: &mut App, newer: bool) {
    app.place.segment = next(app, newer).or(app.place.segment);
    app.place.ladder = 0;
}

/// The next of those that wait.
pub(super) fn held(app: &mut App, newer: bool) {
    app.place.segment = app.next_held(newer).or(app.place.segment);
    // The ladder brings it into sight.
    app.place.ladder = 0;
}
