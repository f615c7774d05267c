//! How a drawn screen reaches the terminal.
//!
//! crossterm writes every colour as one of the 256 (`38;5;9`), also the first sixteen, which terminals such as the Linux
//! console and the VT100's kin don't take, and none at all where NO_COLOR is set, also those that were asked for by name.
//! Here a named colour is written as ECMA-48 has it (`91`), and what is written is what the theme says. A frame is written at
//! once, and one in which nothing changed not at all. All else is crossterm's.

use std::io::{self, BufWriter, Write};

use crossterm::cursor::{Hide, MoveTo};
use crossterm::queue;
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// A terminal behind a writer.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: CrosstermBackend<BufWriter<W>>,
    /// Whether something was drawn that isn't flushed yet.
    is_drawn: bool,
    /// Whether the cursor is hidden, as far as is known from here.
    is_hidden: bool,
}

/// A whole frame of a large terminal, in bytes.
const FRAME: usize = 1 << 17;

impl<W: Write> Screen<W> {
    /// The terminal that reads what is written there.
    pub fn new(out: W) -> Screen<W> {
        let out = CrosstermBackend::new(BufWriter::with_capacity(FRAME, out));
        Screen { out, is_drawn: false, is_hidden: false }
    }
}

/// The SGR parameters of weights and the like (ECMA-48, 8.3.117).
const WEIGHTS: [(Modifier, u8); 5] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::REVERSED, 7),
];

/// A cell's whole style as one sequence: what was before doesn't matter.
fn sgr(fg: Color, bg: Color, modifier: Modifier) -> String {
    let mut text = "\x1b[0".to_owned();
    for (_, number) in WEIGHTS.iter().filter(|(weight, _)| modifier.contains(*weight)) {
        text += &format!(";{number}");
    }
    for (color, ground) in [(fg, 0), (bg, 10)] {
        text += &parameter(color, ground);
    }
    text + "m"
}

/// `;31`, `;91`, `;38;5;215`. The background's numbers are greater by ten.
fn parameter(color: Color, ground: u16) -> String {
    let named = match color {
        Color::Reset => return String::new(),
        Color::Indexed(n) => return format!(";{};5;{n}", 38 + ground),
        Color::Rgb(r, g, b) => return format!(";{};2;{r};{g};{b}", 38 + ground),
        Color::Black => 30,
        Color::Red => 31,
        Color::Green => 32,
        Color::Yellow => 33,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::Gray => 37,
        Color::DarkGray => 90,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightBlue => 94,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        Color::White => 97,
    };
    format!(";{}", named + ground)
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let out = &mut self.out;
        let (mut style, mut last) = (None, None);
        for (x, y, cell) in content {
            if last.is_none_or(|last| last != (x.wrapping_sub(1), y)) {
                queue!(out, MoveTo(x, y))?;
            }
            last = Some((x, y));
            let wanted = (cell.fg, cell.bg, cell.modifier);
            if style.replace(wanted) != Some(wanted) {
                out.write_all(sgr(cell.fg, cell.bg, cell.modifier).as_bytes())?;
            }
            out.write_all(cell.symbol().as_bytes())?;
        }
        if last.is_none() {
            return Ok(());
        }
        self.is_drawn = true;
        out.write_all(b"\x1b[0m")
    }

    fn append_lines(&mut self, n: u16) -> io::Result<()> {
        self.out.append_lines(n)
    }

    /// With each frame in which something is drawn: whoever has had the terminal meanwhile may have shown it.
    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.is_hidden && !self.is_drawn {
            return Ok(());
        }
        self.is_hidden = true;
        queue!(self.out, Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.is_hidden = false;
        self.out.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.out.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.out.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.out.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.out.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        self.out.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.out.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.is_drawn = false;
        Backend::flush(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::mem::ManuallyDrop;

    use ratatui::layout::Rect;
    use ratatui::{Terminal, TerminalOptions, Viewport};

    use super::*;

    #[test]
    fn a_style_is_written_whole() {
        for (fg, bg, modifier, text) in [
            (Color::Reset, Color::Reset, Modifier::empty(), "\x1b[0m"),
            (Color::Red, Color::Gray, Modifier::BOLD, "\x1b[0;1;31;47m"),
            (Color::White, Color::DarkGray, Modifier::UNDERLINED | Modifier::REVERSED, "\x1b[0;4;7;97;100m"),
            (Color::Indexed(215), Color::Rgb(1, 2, 3), Modifier::ITALIC, "\x1b[0;3;38;5;215;48;2;1;2;3m"),
        ] {
            assert_eq!(sgr(fg, bg, modifier), text);
        }
    }

    #[test]
    fn a_frame_is_written_at_once_and_one_without_a_change_not_at_all() {
        struct Counts<'a>(&'a mut Vec<usize>);
        impl Write for Counts<'_> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.push(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut writes = Vec::new();
        let viewport = Viewport::Fixed(Rect::new(0, 0, 120, 40));
        let terminal = Terminal::with_options(Screen::new(Counts(&mut writes)), TerminalOptions { viewport });
        // Its end would show the cursor.
        let mut terminal = ManuallyDrop::new(terminal.unwrap());
        for _ in 0..3 {
            terminal.draw(|frame| frame.render_widget("full".repeat(1200), frame.area())).unwrap();
        }
        terminal.draw(|frame| frame.render_widget("other", frame.area())).unwrap();
        assert_eq!(writes.len(), 2, "{writes:?}");
    }

    /// As any terminal reads it.
    #[test]
    fn what_is_drawn_is_what_is_seen() {
        let mut out = Vec::new();
        let cell = |symbol: &'static str, fg, modifier| {
            let mut cell = Cell::new(symbol);
            cell.fg = fg;
            cell.modifier = modifier;
            cell
        };
        let cells = [
            (0, 0, cell("a", Color::Red, Modifier::BOLD)),
            (1, 0, cell("中", Color::Red, Modifier::BOLD)),
            (3, 0, cell("b", Color::Reset, Modifier::empty())),
            (2, 1, cell("c", Color::Indexed(200), Modifier::REVERSED)),
        ];
        Screen::new(&mut out).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell))).unwrap();
        let size = |n| std::num::NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(3), size(10), 0);
        parser.process(&out);
        for (x, y, wanted) in &cells {
            let seen = parser.screen().cell(*y, *x).unwrap();
            assert_eq!(seen.contents(), wanted.symbol());
            assert_eq!(seen.bold(), wanted.modifier.contains(Modifier::BOLD));
            assert_eq!(seen.inverse(), wanted.modifier.contains(Modifier::REVERSED));
            let color = match wanted.fg {
                Color::Red => vt100::Color::Idx(1),
                Color::Indexed(n) => vt100::Color::Idx(n),
                _ => vt100::Color::Default,
            };
            assert_eq!(seen.fgcolor(), color);
        }
    }
}
