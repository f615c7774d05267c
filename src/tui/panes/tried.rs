//! What came of what the learner did of their own accord in a lesson.

use ratatui::text::Line;

use super::{free, killed, rules, segment};
use crate::model::Moment;
use crate::tui::scene::Scene;

/// What came of the newest thing that was done by hand at the step that is shown: the call that was made or changed, and the
/// segment that went or was dropped, explained as in a free walk. Nothing where nothing was done.
pub(super) fn body(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let begun = scene.view.step().map_or(0, |(_, begun)| begun);
    let Some((done, _)) = scene.view.newest_by_hand().filter(|(done, _)| *done >= begun) else { return Vec::new() };
    let mut lines = rules::newest_setting(scene, done, width);
    lines.extend(killed::since(scene, done, width));
    lines.extend(came(scene, done, width));
    lines
}

/// The same of what the step itself did, where its text isn't so because of what was done by hand before it.
pub(super) fn of_step(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let tried = body(scene, width);
    match scene.view.step() {
        Some((_, begun)) if tried.is_empty() => came(scene, begun, width),
        _ => tried,
    }
}

/// What the newest call since a moment has come to, and the newest segment.
fn came(scene: &Scene<'_>, since: Moment, width: usize) -> Vec<Line<'static>> {
    let newest = scene.view.all_actors().into_iter().filter_map(|actor| scene.view.calls(actor).next());
    let call = newest.filter(|call| call.changed >= since).max_by_key(|call| call.changed);
    free::came_of(scene, call.as_ref(), segment::since(scene, since, width), width)
}
