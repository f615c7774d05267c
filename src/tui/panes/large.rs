//! For a room: the states of the two ends in large letters, and the segment that matters now, with its arrow.
//!
//! ```text
//! ┏ ■ SERVER  LISTEN → … ━━━━━━━━━━┓┌ ● CLIENT ─────────────────────────┐
//! ┃█ (SYN_RECV in four rows)      K┃│  (SYN_SENT in four rows)         K│
//! ┗ –  :8000 ↔ :40612 ━━━━━━━━━━━━━┛└ fd 5  :40612 ↔ :8000 ────────────┘
//! ┌ Wire · SYN,ACK seq=k ack=j+1 ───────────────────────────────────────┐
//! │  (SYN,ACK) ───────────▶┃ waits                                     W│
//! └─────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Nothing moves when a state changes: the letters begin where they always begin. What has just changed has a thick frame
//! and a bar before it, so that the eye is led without a colour too.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border;
use ratatui::text::{Line, Span};

use super::{hand_made, ladder, side};
use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::model::{Fate, SegmentView, Side, SocketView};
use crate::tcp::Transport;
use crate::tui::ends::ShownEnds;
use crate::tui::layout::Large;
use crate::tui::letters;
use crate::tui::paint::Pane;
use crate::tui::scene::{Scene, holder, letter, put, shape, write};
use crate::tui::wrap::{cut, wrap_text};

/// The columns before the letters: the bar, and a gap.
const MARGIN: u16 = 2;

/// The most columns of a program's name.
const NAME: usize = 12;

pub(super) fn draw(buf: &mut Buffer, places: &Large, scene: &Scene<'_>) {
    let ends = ShownEnds::of(scene);
    for (side, area) in [(Side::Server, places.server), (Side::Client, places.client)] {
        state(buf, area, scene, &ends, side, places.scale);
    }
    if let Some(area) = places.segment {
        segment(buf, area, scene, &ends, places.scale);
    }
}

/// A side's end, in large letters.
fn state(buf: &mut Buffer, area: Rect, scene: &Scene<'_>, ends: &ShownEnds<'_>, side: Side, scale: u16) {
    let socket = ends.sockets[side as usize].as_ref();
    let fresh = socket.is_some_and(|socket| scene.is_fresh(socket.state_since));
    let style = scene.theme.side(side).bold();
    let note = note(scene, ends).filter(|_| side == Side::Client).unwrap_or_default();
    let room = usize::from(area.width).saturating_sub(4 + display_width(&note));
    let whose = socket.map(|socket| whose(scene, socket, room)).unwrap_or_default();
    let block = frame(scene, title(scene, socket, side, fresh), fresh, style);
    let block = titles(block, [(whose, scene.theme.dim.0), (note, scene.theme.waits.0)]);
    let inner = block.inner(area);
    block.render(area, buf);
    let mut x = inner.x + MARGIN;
    // Where there is room for it before the longest name, the side's shape.
    let indent = letters::width(shape(side), scale).map_or(0, |width| width + 2 * scale);
    if indent + letters::LONGEST * scale + 2 * MARGIN <= inner.width {
        letters::write(buf, (x, inner.y), shape(side), style, scale);
        x += indent;
    }
    let Some(socket) = socket else {
        letters::shaft(buf, (x, x + letters::HEAD * scale), inner.y, scene.theme.dim.0, scale);
        return;
    };
    letters::write(buf, (x, inner.y), socket.state.name(), style, scale);
    source(buf, inner, letter(socket.source), scene);
}

/// Whose end it is; of one that has just changed, from which state to which.
fn title(scene: &Scene<'_>, socket: Option<&SocketView<'_>>, side: Side, fresh: bool) -> Line<'static> {
    let t = &scene.texts.side;
    let name = match side {
        Side::Server => &t.server,
        Side::Client => &t.client,
    };
    let style = scene.theme.side(side).bold();
    let mut spans = vec![Span::styled(format!(" {} {name} ", shape(side)), style)];
    if let Some((from, socket)) = socket.filter(|_| fresh).and_then(|socket| Some((socket.previous?, socket))) {
        spans.push(Span::styled(format!(" {from} → {} ", socket.state), style));
    }
    Line::from(spans)
}

/// Which connection of several is shown; nothing where there is but one.
fn note(scene: &Scene<'_>, ends: &ShownEnds<'_>) -> Option<String> {
    let t = &scene.texts.large;
    let count = scene.view.connections().len();
    let text = if scene.app.place.only.is_some() { &t.only } else { &t.newest };
    ends.connection.filter(|_| count > 1).map(|_| fill(text, &[("n", &count.to_string())]))
}

/// The end's descriptor or program, and its addresses, as far as there is room.
fn whose(scene: &Scene<'_>, socket: &SocketView<'_>, room: usize) -> String {
    // Those of one that is gone tell which connection it was.
    let addresses = side::addresses(scene, socket.facts);
    let text = format!("{}  {addresses}", holder(scene, socket, socket.facts.actor(), NAME, 0));
    let fits = [text.trim_end(), &addresses].into_iter().find(|text| display_width(text) <= room);
    fits.map_or_else(|| cut(&addresses, room), str::to_owned)
}

/// The segment: its flags in large letters at its sender's end, and how far it has come.
fn segment(buf: &mut Buffer, area: Rect, scene: &Scene<'_>, ends: &ShownEnds<'_>, scale: u16) {
    let (t, theme) = (&scene.texts.wire, scene.theme);
    let title = format!(" {} ", t.title);
    let room = usize::from(area.width).saturating_sub(display_width(&title) + 5);
    let said = ends.segment.as_ref().map(|segment| format!("· {} ", ladder::notation(scene, segment, room)));
    let title = cut(&format!("{title}{}", said.unwrap_or_default()), usize::from(area.width).saturating_sub(2));
    let more = ends.waiting.saturating_sub(1);
    let more = if more > 0 { fill(&scene.texts.large.more, &[("n", &more.to_string())]) } else { String::new() };
    let block = scene.block(Line::styled(title, theme.title.0), false);
    let block = titles(block, [(String::new(), theme.dim.0), (more, theme.waits.0)]);
    let inner = block.inner(area);
    block.render(area, buf);
    let place = Rect { x: inner.x + MARGIN, width: inner.width.saturating_sub(2 * MARGIN), ..inner };
    match &ends.segment {
        Some(segment) => {
            arrow(buf, place, scene, segment, scale);
            source(buf, inner, hand_made::source(segment), scene);
        }
        None => {
            let below = Rect { y: place.y + 1, height: place.height.saturating_sub(1), ..place };
            put(buf, below, wrap_text(&t.nothing, theme.dim.0, usize::from(place.width)));
        }
    }
}

/// What a segment is called at a glance.
fn name(view: &SegmentView<'_>) -> String {
    match &view.segment.transport {
        Transport::Tcp(tcp) => tcp.flags.to_string(),
        Transport::Udp => "UDP".to_owned(),
        Transport::Icmp(_) => "ICMP".to_owned(),
    }
}

/// The name, and an arrow from it: to the other side where the segment arrived, to the middle where it waits or was
/// dropped. What comes from the client is the mirror image.
fn arrow(buf: &mut Buffer, place: Rect, scene: &Scene<'_>, view: &SegmentView<'_>, scale: u16) {
    let (theme, t) = (scene.theme, &scene.texts.wire);
    let sender = scene.sender(view.segment);
    // What is over stands back, until the next one comes.
    let is_news =
        view.fate == Fate::Held || matches!(view.fate, Fate::Delivered | Fate::Passing) && scene.is_fresh(view.changed);
    let style = if is_news { theme.side(sender).bold() } else { theme.dim.0 };
    let name = name(view);
    // Of a segment for its own side the arrow ends in the middle: at the other side nobody gets it.
    let stays = scene.receiver(view.segment) == sender;
    let (stop, word, stop_style) = match view.fate {
        Fate::Delivered | Fate::Passing if stays => ("", t.same_side.clone(), style),
        Fate::Delivered | Fate::Passing => ("", String::new(), style),
        Fate::Held => ("|", t.waits.clone(), theme.waits.0),
        Fate::Dropped => ("X", hand_made::how_lost(scene, view).to_owned(), theme.bad.0),
        Fate::Undeliverable(errno) => ("X", errno.to_string(), theme.bad.0),
    };
    // Columns counted from the sender's end.
    let taken = letters::width(&name, scale).unwrap_or(u16::MAX);
    let (head, stop_width) = (letters::HEAD * scale, letters::width(stop, scale).unwrap_or_default());
    let word_width = display_width(&word) as u16;
    let least = taken.saturating_add(2 * scale + head);
    if least.saturating_add(stop_width + word_width + 2) > place.width {
        put(buf, place, wrap_text(&format!("{name} {word}"), style, usize::from(place.width)));
        return;
    }
    let tip = if stop.is_empty() && !stays { place.width } else { least.max(place.width / 2) };
    let at = |column: u16, width: u16| match sender {
        Side::Server => place.x + column,
        Side::Client => place.right() - column - width,
    };
    letters::write(buf, (at(0, taken), place.y), &name, style, scale);
    let (begin, end) = (taken + 2 * scale, tip - head);
    let shaft = at(begin, end - begin);
    letters::shaft(buf, (shaft, shaft + (end - begin)), place.y, style, scale);
    let pointed = if sender == Side::Server { ">" } else { "<" };
    letters::write(buf, (at(end, head), place.y), pointed, style, scale);
    letters::write(buf, (at(tip, stop_width), place.y), stop, stop_style, scale);
    let x = at(tip + stop_width + 1, word_width);
    write(buf, x, place.y + (letters::ROWS * scale) / 2, &word, stop_style);
}

/// A pane's frame: thick, and in the side's colour, where something in it has just changed.
fn frame<'a>(scene: &Scene<'a>, title: Line<'a>, fresh: bool, style: Style) -> Pane<'a> {
    let block = scene.block(title, false);
    if fresh { block.border(border::QUADRANT_OUTSIDE).border_style(style) } else { block }
}

/// What stands in the lower frame: at its left end, and at its right one.
fn titles<'a>(block: Pane<'a>, [left, right]: [(String, Style); 2]) -> Pane<'a> {
    let span = |(text, style): (String, Style)| (!text.is_empty()).then(|| Line::styled(format!(" {text} "), style));
    let block = match span(left) {
        Some(left) => block.bottom(left),
        None => block,
    };
    match span(right) {
        Some(right) => block.bottom(right.right_aligned()),
        None => block,
    }
}

/// Who says so, at the right end of the first row.
fn source(buf: &mut Buffer, inner: Rect, letter: &str, scene: &Scene<'_>) {
    write(buf, inner.right().saturating_sub(1), inner.y, letter, scene.theme.dim.0);
}
