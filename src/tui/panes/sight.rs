//! Which segments the ladder shows where it hasn't room for all.

use crate::model::{Event, SegmentId, SegmentView};
use crate::tui::scene::{Scene, nth_newest};

/// So many entries are searched for the newest that is about a segment: a bound on what one frame costs.
const SEARCHED: usize = 4000;

/// The segments that there is room for, in their order, and how many there are before and after them.
pub(super) struct InSight<'a> {
    pub(super) shown: Vec<SegmentView<'a>>,
    pub(super) earlier: usize,
    /// How many are left out behind the first one that is shown.
    pub(super) skipped: usize,
    pub(super) later: usize,
}

/// What is seen in so many rows; below it, where newer ones are left out, one says so.
pub(super) fn in_sight<'a>(
    scene: &Scene<'a>,
    height: usize,
    rows_of: impl Fn(&SegmentView<'_>) -> usize,
) -> InSight<'a> {
    let one = scene.app.place.only.map(|only| scene.view.segments_of(only));
    let count = one.map_or_else(|| scene.view.segment_count(), <[SegmentId]>::len);
    let nth = |n: usize| match one {
        Some(numbers) => count.checked_sub(n + 1).map(|at| numbers[at]),
        None => nth_newest(count, n),
    };
    let place = |id: SegmentId| match one {
        Some(numbers) => numbers.binary_search(&id).ok().map(|at| count - 1 - at),
        None => count.checked_sub(id.0 as usize + 1),
    };
    let chosen = scene.app.place.segment.is_some();
    let meant = scene.meant().filter(|_| chosen || !scene.app.in_past()).and_then(place);
    let news = news(scene).filter(|_| !chosen).and_then(place);
    let rows = |n: usize| nth(n).and_then(|id| scene.view.segment(id)).map(|segment| rows_of(&segment));
    let ChosenRows { pinned, later, room } = choose(scene.app.place.ladder, count, [meant, news], height, &rows);
    let first = pinned.and_then(nth).and_then(|id| scene.view.segment(id));
    let mut shown: Vec<SegmentView<'a>> = Vec::new();
    let mut used = 0;
    for segment in (later..count).map_while(nth).map_while(|id| scene.view.segment(id)) {
        used += rows_of(&segment);
        if used > room {
            break;
        }
        shown.push(segment);
    }
    let above = count - later - shown.len();
    shown.extend(first);
    shown.reverse();
    let earlier = pinned.map_or(above, |pinned| count - 1 - pinned);
    InSight { earlier, skipped: pinned.map_or(0, |_| above - earlier - 1), shown, later }
}

/// The segment of which the news is: the one that was sent, let go or lost last, since the newest act. That a kernel repeats one of its
/// own accord is none. In the past it is the one that came last before.
fn news(scene: &Scene<'_>) -> Option<SegmentId> {
    let past = scene.app.in_past();
    let since = if past { 0 } else { scene.fresh_from };
    let now = scene.view.moment();
    let since = since.max(now.saturating_sub(SEARCHED));
    let entries = scene.view.trace().entries().get(since..now)?;
    entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Sent { again: Some(_), .. } if !past => None,
        Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. } | Event::Undeliverable { id, .. } => {
            Some(*id)
        }
        event => event.appears().map(|(id, _)| id),
    })
}

/// Which segments are shown, each by how many newer ones there are.
#[derive(Debug, PartialEq, Eq)]
struct ChosenRows {
    /// One above all others, with a row behind it that tells how many follow before those.
    pinned: Option<usize>,
    /// So many of the newest are left out below.
    later: usize,
    /// The rows that those before them have.
    room: usize,
}

/// What is shown where somebody has scrolled so far, one segment is `meant` by the keys, and of one there is `news`: both, if there is room.
fn choose(
    scrolled: usize,
    count: usize,
    [meant, news]: [Option<usize>; 2],
    height: usize,
    rows: &impl Fn(usize) -> Option<usize>,
) -> ChosenRows {
    let up_to = |meant, height| {
        let later = skipped(scrolled, count, meant, height, rows);
        ChosenRows { pinned: None, later, room: height - usize::from(later > 0) }
    };
    let (Some(oldest), Some(newest)) = (meant.or(news), news.or(meant)) else { return up_to(None, height) };
    let alone = up_to(Some(oldest), height);
    if scrolled > 0 || newest >= oldest || alone.later <= newest {
        return alone;
    }
    // The one that waits, a row for what follows it, and the news.
    let taken = rows(oldest).map_or(height, |rows| rows + 1);
    let room = height.saturating_sub(taken);
    if rows(newest).is_none_or(|rows| rows + usize::from(newest > 0) > room) {
        return alone;
    }
    ChosenRows { pinned: Some(oldest), ..up_to(Some(newest), room) }
}

/// How many of the newest segments are left out below: as many as the learner has scrolled, else so few that the one that
/// is meant is in sight. Segments are counted from the newest, `rows_of` says how many rows one takes.
fn skipped(
    scrolled: usize,
    count: usize,
    meant: Option<usize>,
    room: usize,
    rows_of: impl Fn(usize) -> Option<usize>,
) -> usize {
    if scrolled > 0 {
        return scrolled.min(count.saturating_sub(1));
    }
    let Some(meant) = meant else { return 0 };
    // Each takes a row at least.
    let taken = || (0..=meant).map_while(&rows_of).sum::<usize>();
    if meant < room && taken() <= room {
        return 0;
    }
    // One row says how many follow. As many as fit behind it, that one the last.
    let mut left = room.saturating_sub(1);
    let mut first = meant;
    for n in (0..=meant).rev() {
        match rows_of(n).and_then(|rows| left.checked_sub(rows)) {
            Some(rest) => (first, left) = (n, rest),
            None => break,
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten segments of two rows each, the newest is number 0.
    #[test]
    fn the_meant_segment_is_in_sight_until_the_learner_scrolls() {
        let of = |scrolled, meant, room| skipped(scrolled, 10, meant, room, |n| (n < 10).then_some(2));
        assert_eq!(of(0, None, 10), 0);
        assert_eq!([of(0, Some(0), 10), of(0, Some(4), 10)], [0, 0], "five of them fit");
        // Then a row tells how many follow, so that four fit: the meant one is the first of them.
        assert_eq!([of(0, Some(5), 10), of(0, Some(9), 10)], [2, 6]);
        assert_eq!([of(3, Some(9), 10), of(30, None, 10)], [3, 9], "who scrolls sees what they want");
        assert_eq!(of(0, Some(9), 2), 9, "in no room at all it is the newest that is shown");
    }

    #[test]
    fn what_waits_and_the_news_are_both_in_sight() {
        let rows = |n: usize| (n < 10).then_some(2);
        let of = |scrolled, meant, news, height| choose(scrolled, 10, [meant, news], height, &rows);
        let plain = |later, room| ChosenRows { pinned: None, later, room };
        assert_eq!(of(0, Some(4), Some(0), 11), plain(0, 11), "both fit");
        // One above, a row for those between, and four behind it.
        assert_eq!(of(0, Some(9), Some(0), 11), ChosenRows { pinned: Some(9), later: 0, room: 8 });
        assert_eq!(of(0, Some(9), Some(2), 11), ChosenRows { pinned: Some(9), later: 0, room: 8 });
        assert_eq!(of(0, Some(2), Some(9), 11), plain(0, 11), "the news are older than what waits");
        assert_eq!(of(0, Some(9), None, 11), plain(5, 10), "no news");
        assert_eq!(of(0, None, Some(7), 11), plain(3, 10), "nothing waits");
        assert_eq!(of(3, Some(9), Some(0), 11), plain(3, 10), "who scrolls sees what they want");
        assert_eq!(of(0, Some(9), Some(0), 4), plain(9, 3), "there is no room for both");
        assert_eq!(of(0, None, None, 4), plain(0, 4));
    }
}
