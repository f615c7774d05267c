//! What is said of the segment that was delivered or dropped last.

use ratatui::text::Line;

use crate::explain::{TimerFacts, story};
use crate::model::{CallView, Connection, Event, Fate, Moment, SegmentId};
use crate::tui::scene::Scene;
use crate::tui::wrap::{prose, wrap, wrap_text};

/// In a free walk, where the newest act was to let a segment go, to send one by hand or to drop it, or where a rule lost one since. One
/// that goes on by itself is nobody's act: it would push away what is said of the call that sent it.
pub(super) fn newest(scene: &Scene<'_>, width: usize) -> Option<SegmentText> {
    let passes = |id: &SegmentId| {
        let segment = scene.view.segment(*id).filter(|segment| segment.by_hand.is_none())?.segment;
        scene.view.passing()?.delay(Connection::of(segment), scene.view.trace().door(segment))
    };
    let acts = |at: Moment, event: &Event| match event {
        // That changes nothing of what was told.
        event if crate::walk::decides(event) => false,
        Event::Delivered(id) | Event::Lost { id, .. } => passes(id).is_none(),
        _ => crate::walk::is_act(scene.view.trace(), at),
    };
    match last(scene, 0, acts) {
        Some((_, Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. })) => told(scene, *id, width),
        _ => None,
    }
}

/// Where a segment was let go, dropped or lost since this entry.
pub(super) fn since(scene: &Scene<'_>, since: Moment, width: usize) -> Option<SegmentText> {
    let is_it = |event: &Event| matches!(event, Event::Delivered(_) | Event::Dropped(_) | Event::Lost { .. });
    match last(scene, since, |_, event| is_it(event)) {
        Some((_, Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. })) => told(scene, *id, width),
        _ => None,
    }
}

/// The newest entry of a kind, at or after `since`.
fn last<'a>(scene: &Scene<'a>, since: Moment, is_it: impl Fn(Moment, &Event) -> bool) -> Option<(Moment, &'a Event)> {
    /// So many entries are looked at: a bound on what one frame costs.
    const SEARCHED: usize = 4000;
    let now = scene.view.moment();
    let since = since.max(now.saturating_sub(SEARCHED));
    let entries = scene.view.trace().entries().get(since..now)?;
    let at = (0..entries.len()).rfind(|at| is_it(since + at, &entries[*at].event))?;
    Some((since + at, &entries[at].event))
}

/// What is said of a segment.
#[derive(Default)]
pub(super) struct SegmentText {
    /// Where it was dropped or lost, the entry at which it was first seen.
    lost: Option<Moment>,
    /// Who sent it, and what it is.
    pub(super) sender: Vec<Line<'static>>,
    /// What became of it, which is the news.
    pub(super) became: Vec<Line<'static>>,
    /// What such a segment means.
    pub(super) says: Vec<Line<'static>>,
}

impl SegmentText {
    /// Where nothing else is told: in a small pane the news stand above the fold.
    pub(super) fn in_order(self) -> Vec<Line<'static>> {
        [self.sender, self.became, self.says].concat()
    }

    /// Whether what became of it can stand behind a call without a word on who sent it: its arrival changed the call, or the call sent it.
    pub(super) fn is_of(&self, call: &CallView<'_>) -> bool {
        self.lost.is_none_or(|sent| (call.entered..=call.changed).contains(&sent))
    }
}

fn told(scene: &Scene<'_>, id: SegmentId, width: usize) -> Option<SegmentText> {
    let theme = scene.theme;
    let timers = TimerFacts { now: scene.clock, setting: &|name| scene.setting(name) };
    let asked = (scene.app.lang(), scene.app.look.numbers);
    let story = story(&scene.view, id, timers, asked).ok().flatten()?;
    let sender = wrap_text(&story.sender, theme.title.0, width);
    let became = wrap_text(&story.became, theme.fresh.0, width);
    let mut says = wrap_text(&story.says, theme.text.0, width);
    if !story.first.is_empty() {
        says.extend(wrap(&prose(&story.first, theme.text.0, theme.code.0), width));
    }
    let lost = scene.view.segment(id).filter(|segment| segment.fate == Fate::Dropped).map(|segment| segment.sent);
    Some(SegmentText { lost, sender, became, says })
}
