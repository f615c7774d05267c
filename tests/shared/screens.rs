//! What is read from a screen, and what a recording tells of the wire.

use std::collections::BTreeSet;

use sockwalk::model::{Entry, Event, SegmentId, Side};
use sockwalk::tcp::State;
use vt100::{MouseProtocolMode, Screen};

use crate::common::procs::Seen;
use crate::common::pty::Terminal;

pub fn rows(screen: &Screen) -> Vec<String> {
    let (_, columns) = screen.size();
    screen.rows(0, columns.get()).collect()
}

pub fn first_row(screen: &Screen) -> String {
    rows(screen).swap_remove(0)
}

/// Each with a space at its end, so that a word that ends it is told from the beginning of a longer one.
pub fn last_rows(screen: &Screen) -> String {
    let rows = rows(screen);
    rows[rows.len() - 3..].iter().map(|row| format!("{row} \n")).collect()
}

/// A text without its spaces: lines may be broken anywhere.
pub fn unbroken(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '`').collect()
}

/// The first cells of all rows, then the second ones, and so on, without spaces: so a text that is broken over the lines of
/// a pane is in one piece.
pub fn everywhere(screen: &Screen) -> String {
    let rows = rows(screen);
    let cell = |n: usize| -> String { rows.iter().filter_map(|row| row.split(['│', '┃']).nth(n)).collect() };
    unbroken(&(0..12).map(cell).collect::<Vec<_>>().join("\n"))
}

/// The pane under the wire: its rows.
pub fn explanation(screen: &Screen) -> Vec<String> {
    let rows = rows(screen);
    // The chosen side's frame is heavy.
    let frames = |row: &&String| row.starts_with(['┌', '┏']);
    let Some(second) = rows.iter().enumerate().filter(|(_, row)| frames(row)).map(|(at, _)| at).nth(1) else {
        return Vec::new();
    };
    let inside = rows[second + 1..].iter().take_while(|row| row.starts_with('│'));
    inside.filter_map(|row| Some(row.split('│').nth(1)?.trim().to_owned())).collect()
}

/// The menu's calls, each with its digit.
pub fn menu(screen: &Screen) -> Vec<(char, String)> {
    let mut calls = Vec::new();
    for row in explanation(screen) {
        let parts = row.split("  ").map(str::trim).filter(|part| !part.is_empty());
        for part in parts {
            let mut letters = part.chars();
            if let (Some(digit @ '1'..='9'), Some(' ')) = (letters.next(), letters.next()) {
                calls.push((digit, letters.as_str().to_owned()));
            }
        }
    }
    calls
}

/// A socket's row in a side's pane: `fd 18 ■ LISTEN`, `–    ■ SYN_RECV`, `python3  ● ESTABLISHED`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub who: String,
    pub side: Side,
    pub state: String,
}

pub fn sockets(screen: &Screen) -> Vec<Row> {
    let contents = screen.contents();
    let cells = contents.lines().flat_map(|row| row.split('│')).filter(|cell| !cell.starts_with([' ', '└', '┌']));
    let sockets = cells.filter_map(|cell| {
        let (side, (who, rest)) = match cell.split_once('■') {
            Some(parts) => (Side::Server, parts),
            None => (Side::Client, cell.split_once('●')?),
        };
        let state = rest.split_whitespace().next()?;
        let is_state = State::ALL.iter().any(|known| known.name() == state);
        let who = who.trim().to_owned();
        (is_state && !who.is_empty()).then(|| Row { who, side, state: state.to_owned() })
    });
    sockets.collect()
}

/// The sockets in the sides' panes, as side and state. Those that are just gone are shown as CLOSED.
pub fn states(screen: &Screen) -> Vec<(Side, String)> {
    let mut states: Vec<_> = sockets(screen).into_iter().map(|row| (row.side, row.state)).collect();
    states.sort();
    states
}

/// The rows of the table of sockets, as state, own address and the other's:
/// `■ fd 18 LISTEN       127.0.0.1:8000 → any  K`.
pub fn table(screen: &Screen, any: &str) -> BTreeSet<(String, String, String)> {
    let contents = screen.contents();
    // The table stands in a frame of its own, over panes that have arrows too.
    let rows = contents.lines().filter_map(|row| {
        let (left, right) = row.split('┃').nth(1)?.split_once(" → ")?;
        let mut left = left.split_whitespace().rev();
        let (local, state) = (left.next()?.to_owned(), left.next()?.to_owned());
        let remote = right.split_whitespace().next()?;
        let remote = if remote == any { "any" } else { remote };
        Some((state, local, remote.to_owned()))
    });
    rows.collect()
}

pub fn as_shown(Seen { state, local, remote }: Seen) -> (String, String, String) {
    let remote = if remote.ends_with(":*") { "any".to_owned() } else { remote };
    (state, local, remote)
}

/// The wire's pane: for each row what it says, without the mark of the segment that is chosen there, and how an arrow ends.
pub fn ladder(screen: &Screen) -> Vec<String> {
    let rows = rows(screen);
    // It stands between the panes of the two sides; above them may stand what is written in large letters.
    let panes = rows.iter().skip_while(|row| row.matches(['┐', '┓']).count() < 3).skip(1);
    let inside = panes.take_while(|row| !row.starts_with('└'));
    let said = inside.filter_map(|row| {
        let said = row.split("││").nth(1)?.trim_start_matches(['│', ' ']).trim_start_matches("▶ ");
        Some(said.replace(['│', '─', ' '], ""))
    });
    said.filter(|said| !said.is_empty()).collect()
}

/// The states of the two ends in large letters, read from their first row; empty where it is none of the handshake's.
pub fn large(screen: &Screen) -> [&'static str; 2] {
    const FIRST_ROWS: [(&str, &str); 4] = [
        ("LISTEN", "█   ▀█▀ ▟▀▀ ▀█▀ █▀▀ █▖▐▌"),
        ("SYN_SENT", "▟▀▀ █ █ █▖▐▌     ▟▀▀ █▀▀ █▖▐▌ ▀█▀"),
        ("SYN_RECV", "▟▀▀ █ █ █▖▐▌     █▀▙ █▀▀ ▟▀▀ █ █"),
        ("ESTABLISHED", "█▀▀ ▟▀▀ ▀█▀ ▟▀▙ █▀▙ █   ▀█▀ ▟▀▀ █ █ █▀▀ █▀▙"),
    ];
    let row: Vec<char> = rows(screen)[2].chars().collect();
    let (left, right) = row.split_at(row.len() / 2);
    [left, right].map(|half| {
        let inside: String = half[1..half.len() - 1].iter().collect();
        let shown = inside.trim_end().strip_suffix('K').unwrap_or_default().trim();
        FIRST_ROWS.into_iter().find(|(_, first)| *first == shown).map_or("", |(state, _)| state)
    })
}

/// The flags of the segments that wait, the oldest first, as a recording tells them.
pub fn held(entries: &[Entry]) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    let mut waiting: Vec<SegmentId> = Vec::new();
    for entry in entries {
        // Those that a person made have numbers too.
        if let Some((_, segment)) = entry.event.appears() {
            flags.push(segment.tcp().map_or("UDP".to_owned(), |tcp| tcp.flags.to_string()));
        }
        match &entry.event {
            Event::Held(id) => waiting.push(*id),
            Event::Delivered(id) | Event::Dropped(id) | Event::Undeliverable { id, .. } => {
                waiting.retain(|other| other != id);
            }
            _ => {}
        }
    }
    waiting.into_iter().map(|id| flags[id.0 as usize].clone()).collect()
}

/// Everything that was switched on was switched off, in the order in which a terminal sees it, and the settings are those
/// from before.
#[track_caller]
pub fn is_given_back(terminal: &Terminal) {
    assert_eq!(terminal.settings(), terminal.before);
    let screen = terminal.screen();
    assert!(!screen.alternate_screen(), "the alternate screen was not left");
    assert!(!screen.hide_cursor(), "the cursor is hidden");
    assert!(!screen.bracketed_paste(), "bracketed paste is on");
    assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None);
}

/// What a program wrote when its terminal had been given back, without spaces.
pub fn after_the_screen(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    unbroken(text.rsplit("\x1b[?1049l").next().unwrap_or_default())
}

/// The calls in the sides' panes: each row with a call's mark, without what counts time.
pub fn calls(screen: &Screen) -> Vec<String> {
    let contents = screen.contents();
    let cells = contents.lines().flat_map(|row| row.split(['│', '┃']));
    let calls = cells.filter(|cell| cell.starts_with(['✓', '✗', '▸', '†']));
    calls
        .map(|cell| cell.split_whitespace().filter(|word| !word.contains("00:")).collect::<Vec<_>>().join(" "))
        .collect()
}

/// The mark of a side's newest call.
pub fn newest_mark(screen: &Screen, side: Side) -> Option<char> {
    let contents = screen.contents();
    let cells = contents.lines().filter_map(|row| match side {
        Side::Server => row.split('│').nth(1),
        Side::Client => row.trim_end_matches('│').rsplit('│').next(),
    });
    { cells }.rfind(|cell| cell.starts_with(['✓', '✗', '▸', '†']))?.chars().next()
}
