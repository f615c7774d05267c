//! The only functions that write on the screen's buffer. ratatui patches: what a style doesn't name stays as the cell had it, so
//! that a word over a line would keep the line's colour. Here a cell is emptied before it is written, and has the style of
//! what stands in it and nothing else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use crate::i18n::width as display_width;

/// Writes a text of one style.
pub(super) fn write(buf: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
    empty(buf, x, y, display_width(text));
    buf.set_string(x, y, text, style);
}

/// Writes a line, at most so many columns of it.
pub(super) fn write_line(buf: &mut Buffer, x: u16, y: u16, line: &Line<'_>, width: u16) {
    empty(buf, x, y, line.width().min(usize::from(width)));
    buf.set_line(x, y, line, width);
}

/// Lines from the top of an area; what doesn't fit is left out.
pub(super) fn put<'l>(buf: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'l>>) {
    for (y, line) in (area.top()..area.bottom()).zip(lines) {
        write_line(buf, area.x, y, &line, area.width);
    }
}

fn empty(buf: &mut Buffer, x: u16, y: u16, width: usize) {
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    for x in x..x.saturating_add(width) {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.reset();
        }
    }
}

/// Says in the frame below a place that so many lines follow.
pub(super) fn more_below(buf: &mut Buffer, inner: Rect, style: Style, left: usize) {
    if left > 0 {
        let text = format!(" ▼ {left} ");
        let x = inner.right().saturating_sub(display_width(&text) as u16);
        write(buf, x, inner.bottom(), &text, style);
    }
}

/// Clears a place, and the wide characters that reach into it from its left.
pub(super) fn clear(buf: &mut Buffer, area: Rect) {
    Clear.render(area, buf);
    for y in area.top()..area.bottom() {
        if let Some(cell) = area.x.checked_sub(1).and_then(|x| buf.cell_mut((x, y)))
            && display_width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

/// A pane's frame, with a title and what stands in its lower line.
pub(super) struct Pane<'a> {
    block: Block<'a>,
    title: Line<'a>,
    bottom: Vec<Line<'a>>,
}

impl<'a> Pane<'a> {
    pub(super) fn new(title: Line<'a>) -> Pane<'a> {
        Pane { block: Block::bordered(), title, bottom: Vec::new() }
    }

    pub(super) fn border(mut self, set: border::Set<'a>) -> Pane<'a> {
        self.block = self.block.border_set(set);
        self
    }

    pub(super) fn border_style(mut self, style: Style) -> Pane<'a> {
        self.block = self.block.border_style(style);
        self
    }

    /// Something in the lower line: from its left end on, or at its right end, as the line is aligned.
    pub(super) fn bottom(mut self, line: impl Into<Line<'a>>) -> Pane<'a> {
        self.bottom.push(line.into());
        self
    }

    /// The place inside.
    pub(super) fn inner(&self, area: Rect) -> Rect {
        self.block.inner(area)
    }

    pub(super) fn render(self, area: Rect, buf: &mut Buffer) {
        for side in
            area.rows().flat_map(|row| [Rect { width: 1, ..row }, Rect { x: row.right().max(1) - 1, width: 1, ..row }])
        {
            empty(buf, side.x, side.y, 1);
        }
        for line in [area.y, area.bottom().max(1) - 1] {
            empty(buf, area.x, line, usize::from(area.width));
        }
        self.block.render(area, buf);
        let room = area.width.saturating_sub(2);
        write_line(buf, area.x + 1, area.y, &self.title, room);
        let y = area.bottom().saturating_sub(1);
        let mut left = area.x + 1;
        for line in &self.bottom {
            let width = (line.width() as u16).min(room);
            let x = match line.alignment {
                Some(Alignment::Right) => area.right() - 1 - width,
                _ => left,
            };
            write_line(buf, x, y, line, width.min((area.right() - 1).saturating_sub(x)));
            if line.alignment != Some(Alignment::Right) {
                left += width;
            }
        }
    }
}
