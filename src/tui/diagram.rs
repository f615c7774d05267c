//! The state diagram of RFC 9293, figure 5, as places and paths on a grid of characters.
//!
//! CLOSED stands twice, where a connection begins and where it ends, so that the diagram reads from top to bottom.
//! Resets, and the ways back to CLOSED before a connection exists, are left to the caption.

use crate::tcp::State::{self, *};

/// A state's place: the column and row of its name. A mark fits at each side of the name.
pub(super) struct Node {
    pub(super) state: State,
    pub(super) at: (u16, u16),
}

/// An arrow: a line through these points; the last one bears the head.
pub(super) struct Path {
    pub(super) from: State,
    pub(super) to: State,
    pub(super) points: &'static [(u16, u16)],
    pub(super) head: &'static str,
}

/// One size of the diagram.
pub(super) struct Diagram {
    pub(super) columns: u16,
    pub(super) rows: u16,
    pub(super) nodes: &'static [Node],
    pub(super) paths: &'static [Path],
    /// What is written beside or on the lines.
    pub(super) labels: &'static [((u16, u16), &'static str)],
}

const fn n(state: State, x: u16, y: u16) -> Node {
    Node { state, at: (x, y) }
}

const fn p(from: State, to: State, points: &'static [(u16, u16)], head: &'static str) -> Path {
    Path { from, to, points, head }
}

/// For small screens.
pub(super) const COMPACT: Diagram = Diagram {
    columns: 36,
    rows: 11,
    nodes: &[
        n(Closed, 15, 0),
        n(Listen, 3, 2),
        n(SynSent, 25, 2),
        n(SynRecv, 2, 4),
        n(Established, 23, 4),
        n(FinWait1, 1, 6),
        n(Closing, 14, 6),
        n(CloseWait, 24, 6),
        n(FinWait2, 1, 8),
        n(TimeWait, 14, 8),
        n(LastAck, 26, 8),
        n(Closed, 15, 10),
    ],
    paths: &[
        p(Closed, Listen, &[(15, 0), (5, 0), (5, 1)], "▼"),
        p(Closed, SynSent, &[(20, 0), (31, 0), (31, 1)], "▼"),
        p(Listen, SynRecv, &[(5, 2), (5, 3)], "▼"),
        p(SynSent, SynRecv, &[(26, 2), (26, 3), (8, 3)], "▼"),
        p(SynSent, Established, &[(28, 2), (28, 3)], "▼"),
        p(SynRecv, Established, &[(9, 4), (21, 4)], "▶"),
        p(SynRecv, FinWait1, &[(5, 4), (5, 5)], "▼"),
        p(Established, FinWait1, &[(25, 4), (25, 5), (8, 5)], "▼"),
        p(Established, CloseWait, &[(28, 4), (28, 5)], "▼"),
        p(FinWait1, FinWait2, &[(4, 6), (4, 7)], "▼"),
        p(FinWait1, TimeWait, &[(8, 6), (8, 7), (15, 7)], "▼"),
        p(FinWait1, Closing, &[(9, 6), (12, 6)], "▶"),
        p(Closing, TimeWait, &[(18, 6), (18, 7)], "▼"),
        p(FinWait2, TimeWait, &[(9, 8), (12, 8)], "▶"),
        p(CloseWait, LastAck, &[(28, 6), (28, 7)], "▼"),
        p(TimeWait, Closed, &[(18, 8), (18, 9)], "▼"),
        p(LastAck, Closed, &[(28, 8), (28, 10), (22, 10)], "◀"),
    ],
    labels: &[
        ((6, 0), "listen()"),
        ((22, 0), "connect()"),
        ((1, 3), "SYN"),
        ((15, 3), " SYN "),
        ((29, 3), "SYN,ACK"),
        ((13, 4), " ACK "),
        ((12, 5), " close() "),
        ((30, 5), "FIN"),
        ((0, 7), "ACK"),
        ((20, 7), "ACK"),
        ((29, 7), "close()"),
        ((20, 9), "2MSL"),
        ((23, 10), " ACK "),
    ],
};

/// For large screens: with what is sent after the stroke.
pub(super) const LARGE: Diagram = Diagram {
    columns: 50,
    rows: 16,
    nodes: &[
        n(Closed, 21, 0),
        n(Listen, 5, 3),
        n(SynSent, 35, 3),
        n(SynRecv, 4, 6),
        n(Established, 33, 6),
        n(FinWait1, 3, 9),
        n(Closing, 21, 9),
        n(CloseWait, 34, 9),
        n(FinWait2, 3, 12),
        n(TimeWait, 20, 12),
        n(LastAck, 35, 12),
        n(Closed, 21, 15),
    ],
    paths: &[
        p(Closed, Listen, &[(21, 0), (7, 0), (7, 2)], "▼"),
        p(Closed, SynSent, &[(26, 0), (39, 0), (39, 2)], "▼"),
        p(Listen, SynRecv, &[(7, 3), (7, 5)], "▼"),
        p(SynSent, SynRecv, &[(36, 3), (36, 5), (10, 5)], "▼"),
        p(SynSent, Established, &[(39, 3), (39, 5)], "▼"),
        p(SynRecv, Established, &[(11, 6), (31, 6)], "▶"),
        p(SynRecv, FinWait1, &[(7, 6), (7, 8)], "▼"),
        p(Established, FinWait1, &[(36, 6), (36, 8), (10, 8)], "▼"),
        p(Established, CloseWait, &[(39, 6), (39, 8)], "▼"),
        p(FinWait1, FinWait2, &[(6, 9), (6, 11)], "▼"),
        p(FinWait1, TimeWait, &[(10, 9), (10, 11), (21, 11)], "▼"),
        p(FinWait1, Closing, &[(11, 9), (19, 9)], "▶"),
        p(Closing, TimeWait, &[(24, 9), (24, 11)], "▼"),
        p(FinWait2, TimeWait, &[(11, 12), (18, 12)], "▶"),
        p(CloseWait, LastAck, &[(39, 9), (39, 11)], "▼"),
        p(TimeWait, Closed, &[(24, 12), (24, 14)], "▼"),
        p(LastAck, Closed, &[(39, 12), (39, 15), (28, 15)], "◀"),
    ],
    labels: &[
        ((9, 1), "listen()"),
        ((23, 1), "connect() / SYN"),
        ((9, 4), "SYN / SYN,ACK"),
        ((16, 5), " SYN / SYN,ACK "),
        ((41, 4), "SYN,ACK"),
        ((41, 5), "/ ACK"),
        ((20, 6), " ACK "),
        ((9, 7), "close()"),
        ((15, 8), " close() / FIN "),
        ((41, 7), "FIN / ACK"),
        ((2, 10), "ACK"),
        ((12, 10), "FIN,ACK"),
        ((13, 9), " FIN "),
        ((26, 10), "ACK"),
        ((13, 12), " FIN "),
        ((41, 10), "close()"),
        ((41, 11), "/ FIN"),
        ((26, 13), "2MSL"),
        ((31, 15), " ACK "),
    ],
};

/// The largest that fits; `None` where none does.
pub(super) fn fitting(columns: u16, rows: u16) -> Option<&'static Diagram> {
    [&LARGE, &COMPACT].into_iter().find(|diagram| diagram.columns <= columns && diagram.rows <= rows)
}

/// The lines of a path: each cell with the directions (1 left, 2 right, 4 up, 8 down) in which it goes on.
pub(super) fn cells(path: &Path) -> Vec<((u16, u16), u8)> {
    let mut cells: Vec<((u16, u16), u8)> = Vec::new();
    for pair in path.points.windows(2) {
        let ((x, y), (to_x, to_y)) = (pair[0], pair[1]);
        let (there, back) = match (to_x.cmp(&x), to_y.cmp(&y)) {
            (std::cmp::Ordering::Less, _) => (1, 2),
            (std::cmp::Ordering::Greater, _) => (2, 1),
            (_, std::cmp::Ordering::Less) => (4, 8),
            _ => (8, 4),
        };
        let length = x.abs_diff(to_x) + y.abs_diff(to_y);
        for step in 0..=length {
            let at = match there {
                1 => (x - step, y),
                2 => (x + step, y),
                4 => (x, y - step),
                _ => (x, y + step),
            };
            let bits = if step == 0 {
                there
            } else if step == length {
                back
            } else {
                there | back
            };
            match cells.last_mut() {
                Some((last, known)) if *last == at => *known |= bits,
                _ => cells.push((at, bits)),
            }
        }
    }
    cells
}

/// The picture of a cell with these directions.
pub(super) fn glyph(bits: u8, heavy: bool) -> &'static str {
    const LIGHT: [&str; 16] = [" ", "─", "─", "─", "│", "┘", "└", "┴", "│", "┐", "┌", "┬", "│", "┤", "├", "┼"];
    const HEAVY: [&str; 16] = [" ", "━", "━", "━", "┃", "┛", "┗", "┻", "┃", "┓", "┏", "┳", "┃", "┫", "┣", "╋"];
    if heavy { HEAVY[usize::from(bits & 15)] } else { LIGHT[usize::from(bits & 15)] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::edge;

    #[test]
    fn every_state_is_there_and_every_arrow_is_one_of_the_rfcs() {
        for diagram in [&COMPACT, &LARGE] {
            for state in State::ALL {
                assert!(diagram.nodes.iter().any(|node| node.state == state), "{state}");
            }
            for path in diagram.paths {
                assert!(edge(path.from, path.to).is_some(), "{} → {}", path.from, path.to);
            }
        }
    }

    #[test]
    fn nothing_lies_outside_and_no_name_touches_another() {
        for diagram in [&COMPACT, &LARGE] {
            let mut taken = std::collections::HashSet::new();
            for node in diagram.nodes {
                let (x, y) = node.at;
                let length = node.state.name().len() as u16;
                assert!(x >= 1 && x + length < diagram.columns && y < diagram.rows, "{}", node.state);
                for column in x - 1..=x + length {
                    assert!(taken.insert((column, y)), "{} at {column},{y}", node.state);
                }
            }
            for ((x, y), label) in diagram.labels {
                assert!(x + label.len() as u16 <= diagram.columns && *y < diagram.rows, "{label}");
                for column in *x..x + label.len() as u16 {
                    assert!(taken.insert((column, *y)), "{label} at {column},{y}");
                }
            }
            for path in diagram.paths {
                let last = path.points[path.points.len() - 1];
                assert!(taken.insert(last), "the head of {} → {} at {last:?}", path.from, path.to);
                for ((x, y), _) in cells(path) {
                    assert!(x < diagram.columns && y < diagram.rows);
                }
            }
        }
    }
}
