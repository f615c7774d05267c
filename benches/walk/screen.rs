//! A terminal of a fixed size that throws away what is drawn, and tells when a frame is done.

use std::cell::RefCell;
use std::io::{self, Sink, sink};
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::Instant;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Its size.
pub const SIZE: Size = Size { width: 120, height: 40 };

/// The terminal: a frame's last act is to flush it, and then what is known is told, with the time.
pub struct Screen<T> {
    inner: CrosstermBackend<Sink>,
    known: Rc<RefCell<T>>,
    frames: Sender<(Instant, T)>,
}

impl<T> Screen<T> {
    /// Tells `frames` what is `known` at each frame's end.
    pub fn new(known: Rc<RefCell<T>>, frames: Sender<(Instant, T)>) -> Screen<T> {
        Screen { inner: CrosstermBackend::new(sink()), known, frames }
    }
}

impl<T: Clone> Backend for Screen<T> {
    type Error = io::Error;

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.inner)?;
        let _ = self.frames.send((Instant::now(), self.known.borrow().clone()));
        Ok(())
    }
    fn draw<'a, I: Iterator<Item = (u16, u16, &'a Cell)>>(&mut self, content: I) -> io::Result<()> {
        self.inner.draw(content)
    }
    fn size(&self) -> io::Result<Size> {
        Ok(SIZE)
    }
    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: SIZE, pixels: Size::default() })
    }
    fn hide_cursor(&mut self) -> io::Result<()> {
        self.inner.hide_cursor()
    }
    fn show_cursor(&mut self) -> io::Result<()> {
        self.inner.show_cursor()
    }
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }
    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.inner.set_cursor_position(position)
    }
    fn clear(&mut self) -> io::Result<()> {
        self.inner.clear()
    }
    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }
}
