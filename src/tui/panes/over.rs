//! The frame of what lies over the panes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::explain::foot_at;
use crate::tui::app::{Focus, Overlay};
use crate::tui::layout::{self, Areas};
use crate::tui::paint::{clear, more_below, put};
use crate::tui::scene::Scene;

impl Scene<'_> {
    /// Where what lies over the panes stands, for text of so many columns and rows.
    pub(in crate::tui) fn overlay_place(&self, wanted: (usize, usize)) -> Rect {
        let fit = |wanted: usize| u16::try_from(wanted).unwrap_or(u16::MAX);
        let wanted = (fit(wanted.0).saturating_add(4), fit(wanted.1).saturating_add(2));
        let Some(areas) = self.app.areas() else { return self.app.size };
        let fills = matches!(self.app.place.overlay, Some(Overlay::Lessons | Overlay::Ending | Overlay::Console));
        if fills || matches!(self.app.focus(), Focus::Copy | Focus::Rules) {
            // Nothing of the step is spoken of there, and what comes next stands in it.
            let areas = Areas { explain: None, ..areas };
            return layout::overlay(self.app.size, &areas, None, wanted);
        }
        layout::overlay(self.app.size, &areas, foot_at(self), wanted)
    }

    /// A frame over the panes for text of so many columns and rows, cleared inside. Returns the place inside it, which is
    /// smaller where there is no room: then the frame says which keys scroll.
    pub(in crate::tui) fn overlay(&self, buf: &mut Buffer, wanted: (usize, usize), texts: [&str; 2]) -> Rect {
        let [title, foot] = texts;
        let area = self.overlay_place(wanted);
        clear(buf, area);
        // In the list of lessons the same keys choose.
        let scrolls = usize::from(area.height) < wanted.1 + 2
            && !matches!(self.app.focus(), Focus::Search | Focus::Copy | Focus::Rules);
        let foot = if scrolls { format!(" {} · {foot} ", self.texts.help.scroll) } else { format!(" {foot} ") };
        let block = self.block(self.title(title), true).bottom(Span::styled(foot, self.theme.dim.0));
        let inner = block.inner(area);
        block.render(area, buf);
        Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
    }

    /// The rows of what lies over the panes from where it is scrolled to, and how many there are below. Returns how far it can be scrolled.
    pub(in crate::tui) fn put_scrolled(&self, buf: &mut Buffer, inner: Rect, lines: Vec<Line<'_>>) -> usize {
        let most = lines.len().saturating_sub(usize::from(inner.height));
        let at = self.app.place.over.min(most);
        put(buf, inner, lines.into_iter().skip(at));
        more_below(buf, inner, self.theme.waits.0, most - at);
        most
    }
}
