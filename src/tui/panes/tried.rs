//! What came of what the learner did of their own accord in a lesson.

use ratatui::text::Line;

use super::{free, rules, segment};
use crate::model::Side;
use crate::tui::scene::Scene;

/// What came of the newest thing that was done by hand at the step that is shown: the call that was made or changed, and the
/// segment that went or was dropped, explained as in a free walk. Nothing where nothing was done.
pub(super) fn body(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let begun = scene.view.step().map_or(0, |(_, begun)| begun);
    let Some((done, _)) = scene.view.newest_by_hand().filter(|(done, _)| *done >= begun) else { return Vec::new() };
    let newest = Side::BOTH.into_iter().filter_map(|side| scene.view.calls(side).next());
    let call = newest.filter(|call| call.changed >= done).max_by_key(|call| call.changed);
    let mut lines = rules::refused_setting(scene, done, width);
    lines.extend(free::came_of(scene, call.as_ref(), segment::since(scene, done, width), width));
    lines
}
