//! The whole screen.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::Style;

use super::app::App;
use super::scene::{Scene, put};
use super::wrap::wrap_text;
use super::{footer, layout, panes};
use crate::i18n::{Glyphs, fill};

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, app: &App) {
    let scene = Scene::new(app);
    let Some(areas) = layout::areas(frame.area(), app.wish()) else {
        too_small(frame, &scene);
        return;
    };
    let buf = frame.buffer_mut();
    let panes::Drawn { cursor, scrolled } = panes::draw(buf, &areas, &scene);
    footer::draw(buf, areas.footer, &scene, scrolled);
    keep_to_cells(buf, app.look.glyphs);
    if let Some((x, y)) = cursor {
        frame.set_cursor_position(Position { x, y });
    }
}

/// Whatever a text brought along: what is in a cell is one character. Marks that are put over it (hundreds can be), and
/// what joins it to the next one, would change the cells beside it. And it is one that the terminal has.
fn keep_to_cells(buf: &mut Buffer, glyphs: Glyphs) {
    for cell in &mut buf.content {
        let mut chars = cell.symbol().chars();
        let Some(first) = chars.next() else { continue };
        if chars.next().is_some() {
            cell.set_char(if first.is_control() { ' ' } else { first });
        }
        if glyphs != Glyphs::Unicode && !first.is_ascii() {
            cell.set_char(glyphs.cell(first));
        }
    }
}

/// One plain sentence instead of cut panes.
fn too_small(frame: &mut Frame<'_>, scene: &Scene<'_>) {
    let area = frame.area();
    let (w, h) = layout::SMALLEST;
    let (w, h, x, y) = (w.to_string(), h.to_string(), area.width.to_string(), area.height.to_string());
    let text = fill(&scene.texts.header.too_small, &[("w", &w), ("h", &h), ("x", &x), ("y", &y)]);
    put(frame.buffer_mut(), area, wrap_text(&text, Style::default(), usize::from(area.width)));
    keep_to_cells(frame.buffer_mut(), scene.app.look.glyphs);
}
