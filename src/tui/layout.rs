//! Where everything stands. All at once from 100×30 up; below that the panes at the bottom take turns.

use ratatui::layout::Rect;

use super::{diagram, letters};

/// The smallest window that is served.
pub const SMALLEST: (u16, u16) = (80, 24);
/// The smallest window that shows all panes at once.
pub const WHOLE: (u16, u16) = (100, 30);

/// The rows of the code pane: no call takes more than three lines, which a test holds; where they are wrapped, the end of
/// them, which is the call itself, is shown.
pub(super) const CODE_ROWS: u16 = 5;

/// The rows of the keys: so many that none which works is missing in the smallest window.
const FOOTER_ROWS: u16 = 2;

/// The rows that an audience needs below the ladder: one outcome and its reason.
const AUDIENCE_ROWS: u16 = 8;

/// The columns of two panes with the longest name of a state in letters of four rows, and with what stands around it.
const LARGE_COLUMNS: u16 = 2 * (letters::LONGEST + 6);

/// Which pane has the bottom of a small screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum BottomPane {
    #[default]
    Explain,
    Code,
    States,
    /// What programs of the window print: beside the text, in the place of the diagram.
    Output,
}

/// Who sits before the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Whoever walks.
    Walker,
    /// A room: the ladder is the largest, and what else there is takes turns below it.
    Audience,
}

/// What is wanted of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LayoutRequest {
    /// What has the bottom where panes take turns.
    pub(super) turn: BottomPane,
    /// Who sits before it.
    pub(super) seat: Audience,
    /// What stands above the panes in large letters, where there is room.
    pub(super) large: LargeRequest,
}

/// What is wanted in large letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LargeRequest {
    Nothing,
    /// The states of both ends: where segments can't be seen.
    States,
    /// And a segment, where there is room for it too.
    Segment,
}

/// The places of what is written in large letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Large {
    pub(super) server: Rect,
    pub(super) client: Rect,
    pub(super) segment: Option<Rect>,
    /// How many times four rows a letter takes.
    pub(super) scale: u16,
}

/// The places of the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) large: Option<Large>,
    pub(super) server: Rect,
    pub(super) wire: Rect,
    pub(super) client: Rect,
    pub(super) explain: Option<Rect>,
    pub(super) code: Option<Rect>,
    pub(super) states: Option<Rect>,
    /// What programs print.
    pub(super) output: Option<Rect>,
    pub(super) footer: Rect,
}

/// Whether the window is below the smallest that is served.
pub(super) fn too_small(size: Rect) -> bool {
    size.width < SMALLEST.0 || size.height < SMALLEST.1
}

/// Whether the panes at the bottom take turns.
pub(super) fn takes_turns(size: Rect, wish: LayoutRequest) -> bool {
    let left = size.height.saturating_sub(large_rows(size, wish.large).all());
    wish.seat == Audience::Audience || size.width < WHOLE.0 || left < WHOLE.1
}

/// The rows of what is written in large letters, and the letters' size; none where there is no room.
#[derive(Clone, Copy, Default)]
struct LargeRows {
    scale: u16,
    states: u16,
    segment: u16,
}

impl LargeRows {
    fn all(self) -> u16 {
        self.states + self.segment
    }
}

/// What large letters leave is never less than a window that is served, and is laid out as that would be.
fn large_rows(size: Rect, wish: LargeRequest) -> LargeRows {
    let segment = wish == LargeRequest::Segment;
    let fits = |scale: u16, segment: bool, least: u16| {
        let states = letters::ROWS * scale + 2;
        let rows = LargeRows { scale, states, segment: if segment { states } else { 0 } };
        let (columns, least) = ((LARGE_COLUMNS * scale).max(WHOLE.0), rows.all() + least);
        (wish != LargeRequest::Nothing && size.width >= columns && size.height >= least).then_some(rows)
    };
    let ways = [(2, segment, WHOLE.1), (1, segment, SMALLEST.1), (1, false, SMALLEST.1)];
    { ways }.into_iter().find_map(|(scale, segment, least)| fits(scale, segment, least)).unwrap_or_default()
}

/// The places at this size; `None` where it is too small.
pub(super) fn areas(size: Rect, wish: LayoutRequest) -> Option<Areas> {
    if too_small(size) {
        return None;
    }
    let turns = takes_turns(size, wish);
    let large = large_rows(size, wish.large);
    let body = size.height - 1 - FOOTER_ROWS - large.all();
    let bottom_rows = match (wish.seat, wish.turn) {
        (Audience::Audience, BottomPane::Explain | BottomPane::Code) => AUDIENCE_ROWS,
        _ => bottom_rows(body, turns, wish.turn),
    };
    let mut rest = size;
    let header = take_top(&mut rest, 1);
    let mut states = take_top(&mut rest, large.states);
    let segment = take_top(&mut rest, large.segment);
    let footer = take_bottom(&mut rest, FOOTER_ROWS);
    let bottom = take_bottom(&mut rest, bottom_rows);
    // At 80 columns the sides are as narrow as `ESTABLISHED` allows, so that the ladder has room for its legend.
    let side = if size.width < WHOLE.0 { 23 } else { (size.width * 3 / 10).min(42) };
    let (server, client) = (take_left(&mut rest, side), take_right(&mut rest, side));
    let wire = rest;
    let large = (large.scale > 0).then(|| {
        let half = states.width.div_ceil(2);
        let (server, client) = (take_left(&mut states, half), states);
        Large { server, client, segment: (large.segment > 0).then_some(segment), scale: large.scale }
    });
    let (explain, code, right) = if turns { in_turn(bottom, wish.turn) } else { at_once(bottom) };
    let (states, output) = if wish.turn == BottomPane::Output { (None, right) } else { (right, None) };
    Some(Areas { header, large, server, wire, client, explain, code, states, output, footer })
}

/// Takes so many rows off the top, or as many as there are.
fn take_top(rest: &mut Rect, rows: u16) -> Rect {
    let taken = Rect { height: rows.min(rest.height), ..*rest };
    (rest.y, rest.height) = (taken.bottom(), rest.height - taken.height);
    taken
}

/// The same off the bottom.
fn take_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let above = take_top(rest, rest.height.saturating_sub(rows));
    std::mem::replace(rest, above)
}

/// Takes so many columns off the left, or as many as there are.
fn take_left(rest: &mut Rect, columns: u16) -> Rect {
    let taken = Rect { width: columns.min(rest.width), ..*rest };
    (rest.x, rest.width) = (taken.right(), rest.width - taken.width);
    taken
}

/// The same off the right.
fn take_right(rest: &mut Rect, columns: u16) -> Rect {
    let beside = take_left(rest, rest.width.saturating_sub(columns));
    std::mem::replace(rest, beside)
}

/// The columns and rows of a program's terminal in a window of this size: what a frame over all panes holds.
pub(super) fn console_size(size: Rect) -> (u16, u16) {
    let size = Rect { width: size.width.max(SMALLEST.0), height: size.height.max(SMALLEST.1), ..size };
    (size.width - 4, size.height - 1 - FOOTER_ROWS - 2)
}

/// The rows in which something that scrolls can be read beside the text.
const ENOUGH: u16 = 15;

/// Where something of so many columns and rows lies over the panes: beside the explanation where there is room, else over
/// its text, but never over what stands at its foot (from row `foot` on) and says what comes next.
pub(super) fn overlay(size: Rect, areas: &Areas, foot: Option<u16>, wanted: (u16, u16)) -> Rect {
    let top = areas.header.bottom();
    let full = Rect { y: top, height: areas.footer.y - top, ..size };
    let text = areas.explain.unwrap_or(Rect { y: full.bottom(), height: 0, ..full });
    let above = Rect { height: text.y - top, ..full };
    let right = Rect { x: text.right(), width: full.width - text.right(), ..full };
    let fits = |place: &Rect| place.width >= wanted.0 && place.height >= wanted.1;
    let reads = |place: &Rect| place.width >= wanted.0.min(full.width) && place.height >= ENOUGH;
    let beside = [above, right].into_iter().find(fits).or(Some(above).filter(reads));
    let over = || Rect { height: foot.unwrap_or(full.bottom()).max(top) - top, ..full };
    let place = beside.unwrap_or_else(over);
    let (width, height) = (wanted.0.min(place.width), wanted.1.min(place.height));
    let (x, y) = (place.x + (place.width - width) / 2, place.y + (place.height - height) / 2);
    Rect { x, y, width, height }
}

/// The diagram needs its rows, and the explanation enough that few are cut; the ladder keeps what is left.
fn bottom_rows(body: u16, turns: bool, turn: BottomPane) -> u16 {
    let diagram = diagram::COMPACT.rows + 2;
    match (turns, turn) {
        (true, BottomPane::States) => diagram,
        (true, _) => (body * 9 / 20).max(9),
        (false, _) if body >= 37 => diagram::LARGE.rows + 2,
        (false, _) => (body * 12 / 20).max(diagram),
    }
}

type Bottom = (Option<Rect>, Option<Rect>, Option<Rect>);

fn in_turn(mut bottom: Rect, turn: BottomPane) -> Bottom {
    match turn {
        BottomPane::Explain => (Some(bottom), None, None),
        BottomPane::Code => (None, Some(bottom), None),
        BottomPane::States | BottomPane::Output => {
            let states = take_right(&mut bottom, diagram::COMPACT.columns + 2);
            (Some(bottom), None, Some(states))
        }
    }
}

fn at_once(mut bottom: Rect) -> Bottom {
    let large = bottom.height >= diagram::LARGE.rows + 2 && bottom.width >= 112;
    let diagram = if large { diagram::LARGE.columns } else { diagram::COMPACT.columns };
    let states = take_right(&mut bottom, diagram + 2);
    let code = match bottom.width {
        130.. => take_right(&mut bottom, 62),
        _ => take_bottom(&mut bottom, CODE_ROWS),
    };
    (Some(bottom), Some(code), Some(states))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where what lies over the panes stands, at each size and for each wish: the whole screen's rows belong to the panes above (A),
    /// the text (T), what stands at its right (R), or the text but for its foot (t).
    #[test]
    fn an_overlay_leaves_the_text_where_there_is_room_and_never_covers_what_comes_next() {
        let wish = |turn| LayoutRequest { turn, seat: Audience::Walker, large: LargeRequest::Nothing };
        for (columns, rows, turn, wanted, place) in [
            // Small: above the text where it fits.
            (80, 24, BottomPane::Explain, (60, 8), "above"),
            // What doesn't fit there lies over the text, but for its foot.
            (80, 24, BottomPane::Explain, (78, 20), "over"),
            (80, 24, BottomPane::States, (78, 20), "over"),
            // Without a text there is nothing to leave.
            (80, 24, BottomPane::Code, (78, 20), "over"),
            // Large: above, or at the right of the text.
            (100, 30, BottomPane::Explain, (70, 8), "above"),
            (120, 40, BottomPane::Explain, (84, 18), "above"),
            (120, 40, BottomPane::Explain, (40, 20), "right"),
            // What is longer scrolls there, as long as enough of it is seen.
            (120, 40, BottomPane::Explain, (84, 90), "above"),
            (160, 50, BottomPane::Explain, (84, 200), "above"),
        ] {
            let size = Rect::new(0, 0, columns, rows);
            let areas = areas(size, wish(turn)).unwrap();
            let foot = areas.explain.map(|text| text.bottom() - 3);
            let at = overlay(size, &areas, foot, wanted);
            let what = format!("{columns}x{rows} {turn:?} {wanted:?}: {at:?} of {areas:?}");
            assert!(at.top() >= areas.header.bottom() && at.bottom() <= areas.footer.top(), "{what}");
            assert!(at.width <= wanted.0 && at.height <= wanted.1 && at.height > 3, "{what}");
            let text = areas.explain.unwrap_or_default();
            let free = text.is_empty() || !at.intersects(text);
            match place {
                "above" => assert!(free && at.bottom() <= text.top(), "{what}"),
                "right" => assert!(free && at.left() >= text.right(), "{what}"),
                _ => assert!(foot.is_none_or(|foot| at.bottom() <= foot), "{what}"),
            }
        }
    }

    /// At every size that is served, whatever is wanted.
    #[test]
    fn no_overlay_covers_what_comes_next() {
        for columns in (80..=200).step_by(7) {
            for rows in 24..=60 {
                for turn in [BottomPane::Explain, BottomPane::Code, BottomPane::States] {
                    let size = Rect::new(0, 0, columns, rows);
                    let areas =
                        areas(size, LayoutRequest { turn, seat: Audience::Walker, large: LargeRequest::Nothing })
                            .unwrap();
                    for (width, height) in [(30, 6), (60, 12), (84, 30), (400, 400)] {
                        for foot_rows in 1..=3 {
                            let foot = areas.explain.map(|text| text.bottom() - 1 - foot_rows);
                            let at = overlay(size, &areas, foot, (width, height));
                            let line = areas.explain.zip(foot).map(|(text, y)| Rect { y, height: foot_rows, ..text });
                            assert!(line.is_none_or(|line| !at.intersects(line)), "{columns}x{rows} {turn:?} {at:?}");
                            assert!(at.intersection(size) == at && at.bottom() <= areas.footer.top());
                        }
                    }
                }
            }
        }
    }
}
