//! The terminal of a program that runs in the window: what it prints is interpreted here, never passed on, and what is typed
//! is written as a terminal sends it.

mod keys;

use std::num::NonZeroU16;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::i18n::width as display_width;
use crate::model::Side;
pub(super) use keys::{pasted, written};

/// So many lines are kept that have left the screen.
const KEPT: usize = 1000;

/// So many bytes without an end of what a program has begun are taken; then it is ended for it.
const LONGEST: usize = 4096;

/// What ends whatever a program has begun, and does nothing else (CAN).
const CANCEL: &[u8] = b"\x18";

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// With this exit status.
    Status(i32),
    /// By a signal of this name.
    Signal(String),
}

/// What became of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramCourse {
    /// It is about to be started.
    Starts,
    /// It runs: the process that was started, which is in the lab for it.
    Runs(u32),
    /// It has ended.
    Ended(ProgramEnd),
    /// It couldn't be started: why.
    NotStarted(String),
}

/// A program that runs in the window.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) console: Console,
    pub(super) course: ProgramCourse,
}

impl Program {
    /// Whether it runs.
    pub(super) fn runs(&self) -> bool {
        self.process().is_some()
    }

    /// The process that was started for it, while it runs.
    pub(super) fn process(&self) -> Option<u32> {
        match self.course {
            ProgramCourse::Runs(process) => Some(process),
            _ => None,
        }
    }
}

/// A program's terminal. Copies are the same one.
#[derive(Clone)]
pub struct Console {
    /// Whose part it is meant to play.
    pub side: Side,
    /// The command, as it was typed.
    pub command: String,
    screen: Arc<Mutex<ConsoleScreen>>,
}

struct ConsoleScreen {
    parser: vt100::Parser,
    /// How many bytes have come since the last that ends what a program may have begun.
    since: usize,
}

impl Console {
    /// An empty one.
    pub fn new(side: Side, command: String) -> Console {
        let parser = vt100::Parser::new(of(24), of(80), KEPT);
        Console { side, command, screen: Arc::new(Mutex::new(ConsoleScreen { parser, since: 0 })) }
    }

    fn lock(&self) -> MutexGuard<'_, ConsoleScreen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a program prints: any bytes.
    pub fn print(&self, bytes: &[u8]) {
        let mut screen = self.lock();
        for piece in bytes.chunks(LONGEST / 4) {
            screen.print(piece);
        }
    }

    /// The program is started again: what its terminal was set to is forgotten, and what it printed stays above.
    pub fn begin_anew(&self) {
        let mut screen = self.lock();
        screen.print(CANCEL);
        // The ordinary screen, whose cursor stands where it stood (1049 would put it where one may never have been saved), a shown
        // cursor, no colours, the usual keys.
        screen.print(b"\x1b[?47l\x1b[?25h\x1b[?1l\x1b[?2004l\x1b[m");
        // No scrolling region and no origin of its own, whose ends move the cursor; and a line of its own, below all that is there.
        let shown = screen.parser.screen();
        let (row, column) = shown.cursor_position();
        let (_, columns) = shown.size();
        let filled = (0_u16..).zip(shown.rows(0, columns.get())).filter(|(_, line)| !line.trim().is_empty());
        let last = filled.map(|(at, _)| at).last().filter(|last| *last >= row);
        let line = if last.is_some() || column > 0 { "\r\n" } else { "" };
        let row = last.unwrap_or(row);
        screen.print(format!("\x1b[?6l\x1b[r\x1b[{};1H{line}", row + 1).as_bytes());
    }

    /// Its columns and rows from now on.
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        self.lock().parser.set_size(of(rows), of(columns));
    }

    /// Whether the cursor's keys are those of an application, and whether what is pasted is framed.
    pub(super) fn modes(&self) -> (bool, bool) {
        let screen = self.lock();
        let screen = screen.parser.screen();
        (screen.application_cursor(), screen.bracketed_paste())
    }

    /// Lets somebody look at the screen, scrolled back by so many lines, and says how far it is.
    pub(super) fn look<T>(&self, back: usize, look: impl FnOnce(&vt100::Screen) -> T) -> (usize, T) {
        let mut screen = self.lock();
        screen.parser.screen_mut().set_scrollback(back);
        let shown = screen.parser.screen();
        let seen = (shown.scrollback(), look(shown));
        screen.parser.screen_mut().set_scrollback(0);
        seen
    }

    /// How far it can be scrolled back.
    pub(super) fn most_back(&self) -> usize {
        self.lock().parser.screen().scrollback_len()
    }

    /// The last lines that have something in them, the oldest first, at most so many; without what lies above the screen. What the
    /// terminal broke, since it was too long for a row, is one line.
    pub(super) fn last_lines(&self, most: usize) -> Vec<String> {
        let (_, text) = self.look(0, vt100::Screen::contents);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        while lines.last().is_some_and(|line| line.trim().is_empty()) {
            lines.pop();
        }
        lines.split_off(lines.len().saturating_sub(most))
    }
}

impl ConsoleScreen {
    fn print(&mut self, piece: &[u8]) {
        self.parser.process(piece);
        // ESC, BEL, CAN and SUB end what a program has begun.
        let ends = |byte: &u8| matches!(byte, 0x07 | 0x18 | 0x1a | 0x1b);
        self.since = match piece.iter().rposition(ends) {
            Some(at) => piece.len() - at,
            None => self.since + piece.len(),
        };
        // Not within a character.
        if self.since >= LONGEST && (piece.last().is_some_and(u8::is_ascii) || self.since >= 2 * LONGEST) {
            self.parser.process(CANCEL);
            self.since = 0;
        }
    }
}

/// A printed text without what has no place of its own: marks over a character, and what acts on the others beside it.
pub(super) fn without_marks(text: &str) -> String {
    let has_place = |c: &char| !c.is_control() && display_width(c.encode_utf8(&mut [0; 4])) > 0;
    text.chars().filter(has_place).collect()
}

fn of(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap_or(NonZeroU16::MIN)
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("side", &self.side).field("command", &self.command).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn console() -> Console {
        let console = Console::new(Side::Server, "nc".into());
        console.resize((20, 4));
        console
    }

    #[test]
    fn the_last_lines_are_those_with_something_in_them() {
        let console = console();
        assert!(console.last_lines(3).is_empty());
        console.print(b"one\r\ntwo \x1b[31mred\x1b[0m\r\n\r\nthree\r\n");
        assert_eq!(console.last_lines(9), ["two red", "", "three"]);
        assert_eq!(console.last_lines(1), ["three"]);
        assert_eq!(console.most_back(), 1);
        // The terminal has twenty columns; what it broke there is one line.
        console.print(b"a line that takes two rows of it\r\n");
        assert_eq!(console.last_lines(2), ["three", "a line that takes two rows of it"]);
        let console = self::console();
        console.print(b"one\r\ntwo\r\n\r\nthree\r\n");
        let (back, first) = console.look(99, |screen| screen.rows(0, 20).next());
        assert_eq!((back, first.as_deref()), (1, Some("one")));
        assert_eq!(console.look(0, |_| ()).0, 0);
    }

    #[test]
    fn what_a_program_leaves_its_terminal_in_ends_with_it() {
        let console = console();
        console.print(b"before\r\n\x1b[?1049h\x1b[?1h\x1b[?2004h\x1b[7minside \x1b]0;title");
        assert_eq!(console.modes(), (true, true));
        console.begin_anew();
        console.print(b"after");
        assert_eq!(console.modes(), (false, false));
        assert_eq!(console.last_lines(9).last().map(String::as_str), Some("after"));
        assert!(!console.look(0, |screen| screen.alternate_screen() || screen.inverse()).1);
    }

    /// Whether it used the other screen, left the cursor in a line, or wrote from the top.
    #[test]
    fn what_an_earlier_run_printed_stays_above_the_next_ones() {
        let ends = [
            "",
            "\r\n",
            "\x1b[H",
            "\x1b[?47h\x1b[Hother",
            "\x1b[?1049hother",
            "\x1b[?1049hother\x1b[?1049l",
            "\x1b7\x1b[2;3r\x1b[?6h",
        ];
        for end in ends {
            let console = console();
            console.print(format!("one\r\ntwo{end}").as_bytes());
            console.begin_anew();
            console.print(b"three");
            assert_eq!(console.last_lines(9), ["one", "two", "three"], "{end:?}");
            // Of a full screen the first line goes up.
            console.begin_anew();
            console.print(b"four\r\nfive");
            assert_eq!(console.last_lines(9), ["two", "three", "four", "five"]);
            assert_eq!(console.most_back(), 1);
        }
        let unused = console();
        unused.begin_anew();
        unused.print(b"first");
        assert_eq!(unused.look(0, |screen| screen.rows(0, 20).next()).1.as_deref(), Some("first"));
    }

    #[test]
    fn what_is_printed_is_shown_as_it_is_but_for_what_has_no_place() {
        for (printed, shown) in
            [("say \"hi\" C:\\x", "say \"hi\" C:\\x"), ("e\u{301}字", "e字"), ("\u{202e}a\u{200b}\u{9b}", "a")]
        {
            assert_eq!(without_marks(printed), shown);
        }
    }

    #[test]
    fn what_never_ends_is_ended() {
        let console = console();
        console.print(b"\x1b]0;");
        for _ in 0..64 {
            console.print(&[b'x'; 1000]);
        }
        console.print(b"\r\nseen");
        assert_eq!(console.last_lines(1), ["seen"]);
    }

    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<Vec<u8>>(),
            "[ -~\u{300}\u{4e00}-\u{4e10}\u{1f600}\r\n\t]{0,30}".prop_map(String::into_bytes),
            (0_u16..200, 0_u16..200, "[A-Za-z@`]").prop_map(|(a, b, last)| format!("\x1b[{a};{b}{last}").into_bytes()),
            (0_u16..2100, "[hl]").prop_map(|(a, last)| format!("\x1b[?{a}{last}").into_bytes()),
            "\x1b[\\(\\)#78=>DEHMNOPZc\\]]".prop_map(String::into_bytes),
        ];
        proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_at_any_size_break_it(
            parts in proptest::collection::vec((hostile(), 1_u16..60, 1_u16..20), 1..6),
        ) {
            let console = console();
            for (bytes, columns, rows) in parts {
                console.print(&bytes);
                console.resize((columns, rows));
                console.begin_anew();
                let lines = console.last_lines(50);
                prop_assert!(lines.len() <= usize::from(rows));
                prop_assert!(lines.iter().all(|line| !line.chars().any(|c| c.is_control())), "{lines:?}");
                prop_assert!(console.most_back() <= KEPT);
            }
        }
    }
}
