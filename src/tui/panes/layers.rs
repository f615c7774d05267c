//! A segment by layers: OSI's seven, TCP/IP's four, and this segment's own bytes in each.
//!
//! ```text
//! OSI              TCP/IP      PSH,ACK seq=j+1 ack=k+1 len=6
//! 7 application  ┐ application HTTP, DNS, FTP, …
//! 6 presentation ├             data, 6 bytes: "hello\n"
//! 5 session      ┘             68 65 6c 6c 6f 0a
//! ━ the socket interface ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
//! 4 transport    ─ transport   TCP, UDP
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::i18n::{Layer, LayersTexts, Texts, empty_layers, fill, layers, width as display_width};
use crate::model::SegmentView;
use crate::tcp::{hex_rows, line};
use crate::tui::scene::Scene;
use crate::tui::wrap::{cut, wrap_text};

/// The columns of the whole at most: those of the smallest window that is served.
const WIDTH: usize = 76;
/// So many rows of bytes are shown of a layer: the packet pane has them all.
const ROWS: usize = 4;

/// The columns of the two models.
struct Columns {
    osi: usize,
    name: usize,
    right: usize,
}

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.layers;
    let foot = if scene.app.place.unread { &t.read_on } else { &t.close };
    let width = WIDTH.min(usize::from(area.width).saturating_sub(4));
    // The words that the transcript has too; a test reads them.
    let words = Texts::load(scene.app.lang()).ok().map(|texts| &texts.layers);
    let Some(words) = words else { return 0 };
    let chosen = scene.app.chosen_segment().and_then(|id| scene.view.segment(id));
    let title = chosen.map_or(t.title.clone(), |view| fill(&t.title_of, &[("n", view.id.0 + 1)]));
    let lines = all_lines(scene, chosen.as_ref(), words, width);
    let inner = scene.overlay(buf, (width, lines.len()), [&title, foot]);
    scene.put_scrolled(buf, inner, lines)
}

fn all_lines(
    scene: &Scene<'_>,
    view: Option<&SegmentView<'_>>,
    words: &LayersTexts,
    width: usize,
) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let text = view.map_or(words.none.clone(), |view| line(view.segment, &view.initials, scene.app.look.numbers));
    // The head has the whole line: the transport's own need not say it again.
    let flags = view.and_then(|view| view.segment.tcp()).map(|tcp| tcp.flags.to_string()).unwrap_or_default();
    let parts = view.map_or_else(|| empty_layers(words), |view| layers(view.segment, &view.initials, &flags, words));
    let osi = parts.iter().flat_map(|part| &part.osi).map(|name| display_width(name)).max().unwrap_or(0);
    let name = parts.iter().map(|part| display_width(part.name)).max().unwrap_or(0);
    let columns = Columns { osi, name, right: width.saturating_sub(osi + name + 4) };
    let sender = view.map_or(theme.text.0, |view| theme.side(scene.sender(view.segment)));
    let styles = [theme.string.0, sender, theme.text.0, theme.dim.0];
    let head = row(&columns, ["OSI", " ", "TCP/IP"], theme.dim.0, Span::styled(text, theme.title.0));
    let mut lines = vec![head];
    for (n, (part, style)) in parts.iter().zip(styles).enumerate() {
        if n == 1 {
            lines.push(interface(scene, words, width));
        }
        lines.extend(layer_lines(scene, part, &columns, style, words));
    }
    lines.extend(wrap_text(&words.mtu, theme.dim.0, width));
    lines
}

/// The line between the program and the kernel.
fn interface(scene: &Scene<'_>, words: &LayersTexts, width: usize) -> Line<'static> {
    let text = cut(&format!("━━ {} ", words.socket), width);
    let rest = "━".repeat(width.saturating_sub(display_width(&text)));
    Line::styled(format!("{text}{rest}"), scene.theme.waits.0)
}

fn layer_lines(
    scene: &Scene<'_>,
    part: &Layer<'_>,
    columns: &Columns,
    style: Style,
    words: &LayersTexts,
) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let (rows, hidden) = hex_rows(part.bytes, ROWS);
    let said = part.says.iter().flat_map(|text| wrap_text(text, theme.text.0, columns.right));
    let more = (hidden > 0).then(|| fill(&words.more_bytes, &[("n", hidden)]));
    let mut right: Vec<Span<'static>> = vec![Span::styled(cut(part.protocols, columns.right), theme.dim.0)];
    right.extend(said.map(|line| Span::styled(line.to_string(), theme.text.0)));
    right.extend(rows.into_iter().map(|row| Span::styled(row, style)));
    right.extend(more.map(|text| Span::styled(text, theme.dim.0)));
    let count = part.osi.len();
    while right.len() < count {
        right.push(Span::raw(""));
    }
    let brace = |n: usize| match n {
        0 if count == 1 => "─",
        0 => "┐",
        n if n + 1 == count => "┘",
        n if n < count => "├",
        _ => " ",
    };
    let line = |(n, right)| {
        let osi = part.osi.get(n).map_or("", String::as_str);
        let name = if n == 0 { part.name } else { "" };
        row(columns, [osi, brace(n), name], theme.title.0, right)
    };
    right.into_iter().enumerate().map(line).collect()
}

fn row(columns: &Columns, left: [&str; 3], style: Style, right: Span<'static>) -> Line<'static> {
    let padded = |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))));
    let [osi, brace, name] = left;
    let left = format!("{} {brace} {} ", padded(osi, columns.osi), padded(name, columns.name));
    Line::from(vec![Span::styled(left, style), right])
}
