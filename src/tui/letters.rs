//! Letters of four rows, to be read from the last row of a room.
//!
//! Every picture is written here as it stands on the screen, in quarters of a cell: the block elements that all fonts
//! have. Twice the size, each quarter becomes a cell. What is written so are the names of states, the flags of segments and
//! arrows; the table has the capitals, the digits, and of the small letters those of UDP's `gone`.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

/// The rows of a letter.
pub(super) const ROWS: u16 = 4;

/// The columns of an arrow's head.
pub(super) const HEAD: u16 = 4;

/// The columns of the longest name of a state.
pub(super) const LONGEST: u16 = 43;

/// The columns between two letters.
const GAP: u16 = 1;

/// The letters, and the shapes of the sides. `>` and `<` are an arrow's heads, `-` is a column of its shaft, `|` what it ends at.
const LETTERS: &[(char, [&str; ROWS as usize])] = &[
    ('A', ["▟▀▙", "█▄█", "█ █", "▀ ▀"]),
    ('B', ["█▀▙", "█▄▛", "█ █", "▀▀▘"]),
    ('C', ["▟▀▀", "█  ", "█  ", "▝▀▀"]),
    ('D', ["█▀▙", "█ █", "█ █", "▀▀▘"]),
    ('E', ["█▀▀", "█▄▖", "█  ", "▀▀▀"]),
    ('F', ["█▀▀", "█▄▖", "█  ", "▀  "]),
    ('G', ["▟▀▀", "█ ▄", "█ █", "▝▀▀"]),
    ('H', ["█ █", "█▄█", "█ █", "▀ ▀"]),
    ('I', ["▀█▀", " █ ", " █ ", "▀▀▀"]),
    ('J', ["  █", "  █", "▄ █", "▝▀▘"]),
    ('K', ["█ ▟", "█▟▘", "█▜▖", "▀ ▀"]),
    ('L', ["█  ", "█  ", "█  ", "▀▀▀"]),
    ('M', ["█▖▟▌", "█▜▜▌", "█ ▐▌", "▀ ▝▘"]),
    ('N', ["█▖▐▌", "█▜▟▌", "█ ▜▌", "▀ ▝▘"]),
    ('O', ["▟▀▙", "█ █", "█ █", "▝▀▘"]),
    ('P', ["█▀▙", "█▄▛", "█  ", "▀  "]),
    ('Q', ["▟▀▙", "█ █", "█▗█", "▝▀▜"]),
    ('R', ["█▀▙", "█▄▛", "█▝▙", "▀ ▀"]),
    ('S', ["▟▀▀", "▜▄▖", "  █", "▀▀▘"]),
    ('T', ["▀█▀", " █ ", " █ ", " ▀ "]),
    ('U', ["█ █", "█ █", "█ █", "▝▀▘"]),
    ('V', ["█ █", "█ █", "▜▄▛", " ▀ "]),
    ('W', ["█ ▐▌", "█▗▐▌", "█▛█▌", "▀ ▝▘"]),
    ('X', ["█ █", "▝█▘", "▟▀▙", "▀ ▀"]),
    ('Y', ["█ █", "▜▄▛", " █ ", " ▀ "]),
    ('Z', ["▀▀█", " ▟▘", "▟▘ ", "▀▀▀"]),
    ('0', ["▟▀▙", "█ █", "█ █", "▝▀▘"]),
    ('1', ["▟█ ", " █ ", " █ ", "▀▀▀"]),
    ('2', ["▟▀▙", " ▗▛", "▟▘ ", "▀▀▀"]),
    ('3', ["▀▀▙", " ▄▛", "  █", "▀▀▘"]),
    ('4', ["█ █", "█▄█", "  █", "  ▀"]),
    ('5', ["█▀▀", "█▄▖", "  █", "▀▀▘"]),
    ('6', ["▟▀▘", "█▄▖", "█ █", "▝▀▘"]),
    ('7', ["▀▀█", " ▗▛", " █ ", " ▀ "]),
    ('8', ["▟▀▙", "▜▄▛", "█ █", "▝▀▘"]),
    ('9', ["▟▀▙", "▜▄█", "  █", "▝▀▘"]),
    ('g', ["   ", "▟▀█", "▜▄█", "▄▄▛"]),
    ('o', ["   ", "▟▀▙", "█ █", "▝▀▘"]),
    ('n', ["   ", "█▀▙", "█ █", "▀ ▀"]),
    ('e', ["   ", "▟▀▙", "█▀▀", "▝▀▀"]),
    ('_', ["   ", "   ", "   ", "▄▄▄"]),
    (',', ["  ", "  ", "▗▖", "▟▘"]),
    (' ', ["  ", "  ", "  ", "  "]),
    ('■', ["    ", "████", "████", "    "]),
    ('●', ["    ", "▟██▙", "▜██▛", "    "]),
    ('>', ["▙▖  ", "██▙▖", "██▛▘", "▛▘  "]),
    ('<', ["  ▗▟", "▗▟██", "▝▜██", "  ▝▜"]),
    ('-', [" ", "▄", "▀", " "]),
    ('|', ["█", "█", "█", "█"]),
];

/// The block elements, each at the number whose bits are its quarters: above left, above right, below left, below right.
const QUARTERS: &str = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█";

fn picture(letter: char) -> Option<&'static [&'static str; ROWS as usize]> {
    LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, picture)| picture)
}

fn columns(picture: &[&str; ROWS as usize]) -> u16 {
    picture[0].chars().count() as u16
}

/// The columns that a text takes; `None` where it has a letter without a picture.
pub(super) fn width(text: &str, scale: u16) -> Option<u16> {
    let taken = text.chars().map(|letter| Some(columns(picture(letter)?) + GAP)).sum::<Option<u16>>()?;
    Some(taken.saturating_sub(GAP) * scale)
}

/// Writes a text; a letter without a picture is left out.
pub(super) fn write(buf: &mut Buffer, at: (u16, u16), text: &str, style: Style, scale: u16) {
    let mut x = at.0;
    for picture in text.chars().filter_map(picture) {
        paint(buf, (x, at.1), picture, style, scale);
        x += (columns(picture) + GAP) * scale;
    }
}

/// An arrow's shaft, between two columns.
pub(super) fn shaft(buf: &mut Buffer, (from, to): (u16, u16), y: u16, style: Style, scale: u16) {
    for x in (from..to).step_by(usize::from(scale)) {
        picture('-').into_iter().for_each(|picture| paint(buf, (x, y), picture, style, scale));
    }
}

fn paint(buf: &mut Buffer, (left, top): (u16, u16), picture: &[&str; ROWS as usize], style: Style, scale: u16) {
    for (y, row) in (0..).zip(picture) {
        for (x, block) in (0..).zip(row.chars()) {
            if scale == 1 {
                put(buf, left + x, top + y, block, style);
                continue;
            }
            let quarters = QUARTERS.chars().position(|known| known == block).unwrap_or_default();
            for (bit, (dx, dy)) in [(0, 0), (1, 0), (0, 1), (1, 1)].into_iter().enumerate() {
                let block = if quarters & (1 << bit) == 0 { ' ' } else { '█' };
                put(buf, left + 2 * x + dx, top + 2 * y + dy, block, style);
            }
        }
    }
}

fn put(buf: &mut Buffer, x: u16, y: u16, block: char, style: Style) {
    if let Some(cell) = buf.cell_mut((x, y)) {
        cell.reset();
        cell.set_char(block).set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SocketState;
    use crate::tcp::{Flags, State};

    #[test]
    fn each_picture_is_whole_and_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for (letter, picture) in LETTERS {
            assert!(seen.insert(letter), "{letter}");
            assert!(picture.iter().all(|row| row.chars().count() == usize::from(columns(picture))), "{letter}");
            assert!(picture.iter().all(|row| row.chars().all(|block| QUARTERS.contains(block))), "{letter}");
        }
        let pictures: std::collections::HashSet<_> = LETTERS.iter().map(|(_, picture)| picture).collect();
        // Zero and the letter O look the same.
        assert_eq!(pictures.len(), LETTERS.len() - 1);
    }

    #[test]
    fn every_state_and_every_flag_can_be_written() {
        let states = State::ALL.into_iter().map(SocketState::Tcp).chain(SocketState::UDP);
        let names = states.map(|state| state.name().to_owned());
        for name in names.chain([Flags::from_bits(255).to_string(), "UDP".into(), "ICMP".into()]) {
            assert!(width(&name, 1).is_some(), "{name}");
        }
        let longest = State::ALL.into_iter().max_by_key(|state| width(state.name(), 1));
        assert_eq!((longest, width("ESTABLISHED", 1)), (Some(State::Established), Some(LONGEST)));
        assert_eq!((width("é", 1), width("", 2)), (None, Some(0)));
    }

    #[test]
    fn twice_the_size_is_the_same_picture() {
        let area = |scale: u16| ratatui::layout::Rect::new(0, 0, 90 * scale, ROWS * scale);
        for state in State::ALL {
            let draw = |scale| {
                let mut buffer = Buffer::empty(area(scale));
                write(&mut buffer, (0, 0), state.name(), Style::default(), scale);
                buffer
            };
            let (small, large) = (draw(1), draw(2));
            for (x, y) in (0..90).flat_map(|x| (0..ROWS).map(move |y| (x, y))) {
                let filled = |dx, dy| large[(2 * x + dx, 2 * y + dy)].symbol() == "█";
                let bits = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| filled(dx, dy));
                let number = bits.iter().rev().fold(0, |number, bit| number * 2 + usize::from(*bit));
                let block = QUARTERS.chars().nth(number).unwrap().to_string();
                assert_eq!(small[(x, y)].symbol(), block, "{state} at {x},{y}");
            }
        }
    }
}
