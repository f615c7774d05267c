//! Where everything stands. All at once from 100×30 up; below that the panes at the bottom take turns.

use ratatui::layout::{Constraint, Layout, Rect};

use super::diagram;

/// The smallest window that is served.
pub const SMALLEST: (u16, u16) = (80, 24);
/// The smallest window that shows all panes at once.
pub const WHOLE: (u16, u16) = (100, 30);

/// The rows of the code pane: no call takes more than three lines, which a test holds.
pub(super) const CODE_ROWS: u16 = 5;

/// The rows that an audience needs below the ladder: one outcome and its reason.
const AUDIENCE_ROWS: u16 = 8;

/// Which pane has the bottom of a small screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[allow(missing_docs)]
pub enum Turn {
    #[default]
    Explain,
    Code,
    States,
}

/// Who sits before the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// Whoever walks.
    Walker,
    /// A room: the ladder is the largest, and what else there is takes turns below it.
    Audience,
}

/// What is wanted of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// What has the bottom where panes take turns.
    pub(super) turn: Turn,
    /// Who sits before it.
    pub(super) seat: Seat,
}

/// The places of the panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) header: Rect,
    pub(super) server: Rect,
    pub(super) wire: Rect,
    pub(super) client: Rect,
    pub(super) explain: Option<Rect>,
    pub(super) code: Option<Rect>,
    pub(super) states: Option<Rect>,
    pub(super) footer: Rect,
}

/// Whether the window is below the smallest that is served.
pub(super) fn too_small(size: Rect) -> bool {
    size.width < SMALLEST.0 || size.height < SMALLEST.1
}

/// Whether the panes at the bottom take turns.
pub(super) fn takes_turns(size: Rect, wish: Wish) -> bool {
    wish.seat == Seat::Audience || size.width < WHOLE.0 || size.height < WHOLE.1
}

/// The places at this size; `None` where it is too small.
pub(super) fn areas(size: Rect, wish: Wish) -> Option<Areas> {
    if too_small(size) {
        return None;
    }
    let turns = takes_turns(size, wish);
    let footer_rows = if turns { 1 } else { 2 };
    let body = size.height - 1 - footer_rows;
    let bottom_rows = match (wish.seat, wish.turn) {
        (Seat::Audience, Turn::Explain | Turn::Code) => AUDIENCE_ROWS,
        _ => bottom_rows(body, turns, wish.turn),
    };
    let rows = [
        Constraint::Length(1),
        Constraint::Length(body - bottom_rows),
        Constraint::Length(bottom_rows),
        Constraint::Length(footer_rows),
    ];
    let [header, top, bottom, footer] = Layout::vertical(rows).areas(size);
    // At 80 columns the sides are as narrow as `ESTABLISHED` allows, so that the ladder has room for its legend.
    let side = if size.width < WHOLE.0 { 23 } else { (size.width * 3 / 10).min(42) };
    let columns = [Constraint::Length(side), Constraint::Fill(1), Constraint::Length(side)];
    let [server, wire, client] = Layout::horizontal(columns).areas(top);
    let (explain, code, states) = if turns { in_turn(bottom, wish.turn) } else { at_once(bottom) };
    Some(Areas { header, server, wire, client, explain, code, states, footer })
}

/// The diagram needs its rows, and the explanation enough that few are cut; the ladder keeps what is left.
fn bottom_rows(body: u16, turns: bool, turn: Turn) -> u16 {
    let diagram = diagram::COMPACT.rows + 2;
    match (turns, turn) {
        (true, Turn::States) => diagram,
        (true, _) => (body * 9 / 20).max(9),
        (false, _) if body >= 37 => diagram::LARGE.rows + 2,
        (false, _) => (body * 12 / 20).max(diagram),
    }
}

type Bottom = (Option<Rect>, Option<Rect>, Option<Rect>);

fn in_turn(bottom: Rect, turn: Turn) -> Bottom {
    match turn {
        Turn::Explain => (Some(bottom), None, None),
        Turn::Code => (None, Some(bottom), None),
        Turn::States => {
            let columns = [Constraint::Fill(1), Constraint::Length(diagram::COMPACT.columns + 2)];
            let [explain, states] = Layout::horizontal(columns).areas(bottom);
            (Some(explain), None, Some(states))
        }
    }
}

fn at_once(bottom: Rect) -> Bottom {
    let large = bottom.height >= diagram::LARGE.rows + 2 && bottom.width >= 112;
    let diagram = if large { diagram::LARGE.columns } else { diagram::COMPACT.columns };
    let [left, states] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(diagram + 2)]).areas(bottom);
    if left.width >= 130 {
        let [explain, code] = Layout::horizontal([Constraint::Fill(1), Constraint::Length(62)]).areas(left);
        return (Some(explain), Some(code), Some(states));
    }
    let [explain, code] = Layout::vertical([Constraint::Fill(1), Constraint::Length(CODE_ROWS)]).areas(left);
    (Some(explain), Some(code), Some(states))
}
