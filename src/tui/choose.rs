//! Which segment is chosen, and what can be done with it.

use super::app::{App, Overlay};
use crate::model::{Connection, SegmentId, SegmentView};
use crate::walk::{Phase, WireAbility};

impl App {
    /// Whether the present is looked at, and the learner has the walk: what acts, acts on what is seen.
    pub(super) fn is_present(&self) -> bool {
        !self.in_past() && !self.runs_again() && !matches!(self.walk().phase(), Phase::Failed(_))
    }

    /// The segment that is seen to be meant: the chosen one, else the marked one of those that wait, else the newest.
    pub(super) fn marked_segment(&self) -> Option<SegmentId> {
        let marked = self.meant_held().filter(|_| self.place.segment.is_none());
        marked.or_else(|| self.chosen_segment())
    }

    /// The waiting segments up to the meant one, in their order: those that may be let go here.
    pub(super) fn held_up_to(&self) -> Vec<SegmentId> {
        let Some(meant) = self.meant_held() else { return Vec::new() };
        self.own_held(|segment| segment.id <= meant)
    }

    /// The waiting segments from the same end as the meant one, in their order: those that may be let go here.
    pub(super) fn held_from_its_end(&self) -> Vec<SegmentId> {
        let meant = self.meant_held().and_then(|meant| self.view().segment(meant).map(|one| one.segment.from));
        self.own_held(|segment| Some(segment.segment.from) == meant)
    }

    fn own_held(&self, is_meant: impl Fn(&SegmentView<'_>) -> bool) -> Vec<SegmentId> {
        let view = self.view();
        let waiting = view.waiting();
        let waiting = waiting.iter().filter(|id| view.segment(**id).is_some_and(|segment| is_meant(&segment)));
        waiting.copied().filter(|id| self.is_at_own_door(*id)).collect()
    }
}

/// A copy goes to whoever may let such a segment go.
pub(super) fn may_repeat(app: &App) -> bool {
    may_send_copy(app, app.marked_segment())
}

/// A copy of the segment whose header is looked at can be changed and sent.
pub(super) fn may_edit(app: &App) -> bool {
    may_send_copy(app, app.chosen_segment().filter(|_| app.place.overlay == Some(Overlay::Packet)))
}

fn may_send_copy(app: &App, of: Option<SegmentId>) -> bool {
    let holds = app.walk().wire() == WireAbility::Holds && !app.replays() && app.is_present();
    holds && of.is_some_and(|id| app.is_at_own_door(id))
}

/// Whether there is more to be delivered than `d` delivers.
pub(super) fn holds_several_up_to(app: &App) -> bool {
    app.is_present() && app.held_up_to().len() > 1
}

/// The same of those from one end.
pub(super) fn holds_several_from_its_end(app: &App) -> bool {
    app.is_present() && app.held_from_its_end().len() > 1
}

/// The segment before or after the one that is seen to be meant ([`App::marked_segment`]): of those of the connection that is shown alone, else of all.
pub(super) fn next(app: &App, newer: bool) -> Option<SegmentId> {
    let SegmentId(meant) = app.marked_segment()?;
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
