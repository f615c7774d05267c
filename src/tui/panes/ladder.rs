//! The wire as a ladder: time runs downwards, the server's lifeline at the left, the client's at the right.
//!
//! ```text
//! server                      client
//! │  SYN seq=j                   W │
//! │◀───────────────────────────────│
//! │▶ SYN,ACK seq=k ack=j+1       W │
//! │──────────────▶┃ waits          │
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::entered::{EnteredStates, entered};
use super::hand_made::{how_lost, how_made, source};
use super::sight::{InSight, in_sight};
use crate::i18n::excerpt;
use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::model::{Connection, Fate, SegmentId, SegmentView, Side, SocketState};
use crate::tcp::{Flags, Isn, Numbers, line, relative};
use crate::tui::app::App;
use crate::tui::layout::Audience;
use crate::tui::scene::{Scene, put, reversed, shape, spread};
use crate::tui::wrap::{cut, wrap_text};
use crate::walk::WireAbility;

/// From this width on, states are written beside the lifelines.
const WITH_STATES: usize = 56;
/// The columns that they take at each side: the longest name, and a gap.
const MARGIN: usize = 13;
/// The gap between frame and lifeline where no states are written.
const GAP: usize = 1;
/// One row, and the segment that a click on it chooses.
struct Row {
    line: Line<'static>,
    segment: Option<SegmentId>,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let wide = usize::from(area.width).saturating_sub(2);
    let t = &scene.texts.wire;
    let block = scene.block(title(scene, wide), false);
    let inner = block.inner(area);
    let rows = rows(scene, inner);
    let made = || rows.iter().filter_map(|row| scene.view.segment(row.segment?)).filter(|one| one.by_hand.is_some());
    let [long, tight] = match (made().count(), made().any(|one| one.by_rule.is_some())) {
        (0, _) => [&t.legend, &t.legend_short],
        (_, false) => [&t.legend_hand, &t.legend_hand_short],
        (_, true) => [&scene.texts.rules.legend, &scene.texts.rules.legend_short],
    };
    let legend = [long, tight].into_iter().find(|text| display_width(text) + 2 <= wide);
    let legend = legend.map(|text| format!(" {text} "));
    let legend = legend.or_else(|| (display_width(tight) <= wide).then(|| tight.clone()));
    let block = match legend {
        Some(text) => block.bottom(Span::styled(text, scene.theme.dim.0)),
        None => block,
    };
    block.render(area, buf);
    put(buf, inner, rows.into_iter().map(|row| row.line));
}

/// The segment at a place of the screen.
pub(in crate::tui) fn segment_at(app: &App, area: Rect, x: u16, y: u16) -> Option<SegmentId> {
    let inner = Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(2));
    let inside = inner.contains(ratatui::layout::Position { x, y });
    let row = usize::from(y.saturating_sub(inner.y));
    rows(&Scene::new(app), inner).get(row).filter(|_| inside).and_then(|row| row.segment)
}

/// The title, with the numbers that the letters stand for.
fn title(scene: &Scene<'_>, width: usize) -> Line<'static> {
    let t = &scene.texts.wire;
    let mut text = format!(" {} ", t.title);
    let numbers = match scene.app.look.numbers {
        Numbers::Symbolic => letters(scene),
        Numbers::Relative => t.relative.clone(),
        Numbers::Raw => t.raw.clone(),
    };
    let only = scene.app.place.only.map(|only| {
        let [low, high] = only.ends();
        format!("{} – {}", scene.short(low), scene.short(high))
    });
    let watched = (scene.app.walk().wire() == WireAbility::Watches).then(|| t.watches.clone());
    for part in [only, Some(numbers), watched].into_iter().flatten().filter(|part| !part.is_empty()) {
        if display_width(&text) + display_width(&part) + 3 <= width {
            text = format!("{text}· {part} ");
        }
    }
    Line::from(Span::styled(text, scene.theme.title.0))
}

/// The first numbers of the newest segment's connection, so far as the segment itself is written by them.
fn letters(scene: &Scene<'_>) -> String {
    let view = scene.view;
    let is_shown = |segment: &SegmentView<'_>| {
        let only = scene.app.place.only;
        only.is_none_or(|only| Connection::of(segment.segment) == only)
    };
    // A datagram, or a message of ICMP, has none.
    let newest = view.segments().filter(is_shown).find_map(|one| Some((one, one.segment.tcp()?)));
    let Some((newest, segment)) = newest else { return String::new() };
    let is_counted = |isn: &Isn, number| relative(number, isn.number).is_some();
    let sent = newest.initials.own.filter(|isn| is_counted(isn, segment.seq));
    // One that acknowledges nothing says nothing against the other end's number.
    let fits = |isn: &Isn| !segment.flags.has(Flags::ACK) || is_counted(isn, segment.ack);
    let acknowledged = newest.initials.other.filter(fits);
    let mut named: Vec<Isn> = sent.into_iter().chain(acknowledged).collect();
    named.sort_unstable_by_key(|isn| isn.name.letter);
    named.dedup();
    named.iter().map(|isn| format!("{}={}", isn.name, isn.number)).collect::<Vec<_>>().join(" ")
}

fn rows(scene: &Scene<'_>, inner: Rect) -> Vec<Row> {
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    if height == 0 || width < 12 {
        return Vec::new();
    }
    if scene.app.walk().wire() == WireAbility::Blind {
        return sentence(&scene.texts.wire.blind, scene.theme.text.0, width);
    }
    let margin = if width >= WITH_STATES { MARGIN } else { GAP };
    let between = width - 2 * margin;
    let rows_of =
        |segment: &SegmentView<'_>| label(scene, segment, between - 2).len() + arrow_rows(scene, segment) + air(scene);
    let InSight { shown, earlier, skipped, later } = in_sight(scene, height - 1, rows_of);
    let states = match shown.first() {
        Some(oldest) if margin > GAP => entered(&scene.view, oldest.id),
        _ => EnteredStates::new(),
    };
    let mut rows = vec![Row { line: names(scene, width, margin, earlier), segment: None }];
    for (at, segment) in shown.iter().enumerate() {
        if at == 1 && skipped > 0 {
            rows.push(gap_row(scene, skipped, between, margin));
        }
        rows.extend(segment_rows(scene, segment, between, margin, &states));
        rows.extend((0..air(scene)).map(|_| empty_row(scene, between, margin)));
    }
    let foot = usize::from(later > 0);
    while rows.len() + foot < height {
        rows.push(empty_row(scene, between, margin));
    }
    if later > 0 {
        let n = later.to_string();
        let text = fill(&scene.texts.wire.below, &[("n", &n)]);
        rows.push(Row { line: Line::styled(format!(" {text}"), scene.theme.waits.0), segment: None });
    }
    if shown.is_empty() && earlier == 0 && height > 2 {
        for (row, line) in nothing_yet(scene, between - 4).into_iter().enumerate() {
            let text = spread(vec![Span::raw(" ")].into_iter().chain(line.spans).collect(), vec![], between - 2);
            if let Some(place) = rows.get_mut(row + 2) {
                place.line = frame_line(text.spans, scene, margin, [None, None]);
            }
        }
    }
    rows
}

/// The lines of air between two segments: one for a room.
fn air(scene: &Scene<'_>) -> usize {
    usize::from(scene.app.seat() == Audience::Audience)
}

/// What stands where nothing has been on the wire: before a lesson's first step, the keys with which one begins.
fn nothing_yet(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let driven_here = scene.app.walk().lesson().is_some() && scene.app.walk().free().is_none();
    if !driven_here || scene.view.step().is_some() || scene.app.in_past() {
        return wrap_text(&scene.texts.wire.nothing, theme.dim.0, width);
    }
    let key = |(keys, what): (&'static str, &String)| {
        let keys = scene.app.look.glyphs.key(keys);
        let pad = " ".repeat(7usize.saturating_sub(display_width(&keys)));
        Line::from(vec![
            Span::styled(format!("{keys}{pad}"), theme.key.0),
            Span::styled(cut(what, width - 7), theme.text.0),
        ])
    };
    let keys = ["Space", "←", "o", "L", "?"].into_iter().zip(&scene.texts.wire.first_keys);
    let langs = scene.app.look.has_langs();
    keys.filter(|(keys, _)| *keys != "L" || langs).map(key).collect()
}

/// Where the segments between the one that waits and the newest ones have no room.
fn gap_row(scene: &Scene<'_>, skipped: usize, between: usize, margin: usize) -> Row {
    let text = cut(&format!(" {}", fill(&scene.texts.wire.skipped, &[("n", &skipped)])), between - 2);
    let line = spread(vec![Span::styled(text, scene.theme.waits.0)], vec![], between - 2);
    Row { line: frame_line(line.spans, scene, margin, [None, None]), segment: None }
}

fn empty_row(scene: &Scene<'_>, between: usize, margin: usize) -> Row {
    let line = frame_line(vec![Span::raw(" ".repeat(between - 2))], scene, margin, [None, None]);
    Row { line, segment: None }
}

fn sentence(text: &str, style: Style, width: usize) -> Vec<Row> {
    let lines = wrap_text(text, style, width - 2).into_iter();
    lines.map(|line| Row { line: [vec![Span::raw(" ")], line.spans].concat().into(), segment: None }).collect()
}

/// The names above the lifelines.
fn names(scene: &Scene<'_>, width: usize, margin: usize, earlier: usize) -> Line<'static> {
    let t = &scene.texts.wire;
    let theme = scene.theme;
    let indent = " ".repeat(margin);
    let (server, client) =
        (format!("{} {}", shape(Side::Server), t.server), format!("{} {}", t.client, shape(Side::Client)));
    let n = earlier.to_string();
    let taken = 2 * margin + display_width(&server) + display_width(&client) + 3;
    let notes = [format!("  {}", fill(&t.above, &[("n", &n)])), format!("  ▲ {n}")];
    let note = notes.into_iter().find(|note| earlier > 0 && taken + display_width(note) <= width + 2);
    let left = vec![
        Span::raw(indent.clone()),
        Span::styled(server, theme.server.0),
        Span::styled(note.unwrap_or_default(), theme.waits.0),
    ];
    let right = vec![Span::styled(client, theme.client.0), Span::raw(indent)];
    spread(left, right, width)
}

/// A row between the lifelines, with what stands beside them.
fn frame_line(
    middle: Vec<Span<'static>>,
    scene: &Scene<'_>,
    margin: usize,
    states: [Option<SocketState>; 2],
) -> Line<'static> {
    let theme = scene.theme;
    let [server, client] = states.map(|state| state.map_or("", SocketState::name));
    let width = margin.saturating_sub(1);
    let mut spans =
        vec![Span::styled(format!("{server:>width$} "), theme.server.0.bold()), Span::styled("│", theme.server.0)];
    spans.extend(middle);
    spans.push(Span::styled("│", theme.client.0));
    spans.push(Span::styled(format!(" {client:<width$}"), theme.client.0.bold()));
    Line::from(spans)
}

/// The lines of a segment's label, broken between words where it is too long for the room.
fn label(scene: &Scene<'_>, view: &SegmentView<'_>, room: usize) -> Vec<String> {
    // The mark before it, and the source's letter behind it.
    let room = room.saturating_sub(5).max(4);
    let text = notation(scene, view, room);
    wrap_text(&text, Style::default(), room).iter().map(ToString::to_string).collect()
}

/// The segment in one line, with the beginning of its data where there is room for that.
pub(super) fn notation(scene: &Scene<'_>, view: &SegmentView<'_>, room: usize) -> String {
    let mut text = line(view.segment, &view.initials, scene.app.look.numbers);
    if let Some(end) = end_that_tells(scene, view) {
        text = format!("{text} {end}");
    }
    if view.times_sent > 1 {
        text = format!("{text} ×{}", view.times_sent);
    }
    if let Some(made) = how_made(scene, view) {
        text = format!("{text} {made}");
    }
    if view.again.is_some() {
        text = format!("{text} {}", scene.texts.wire.again);
    }
    let data = format!("\"{}\"", excerpt(view.segment.payload(), 12));
    if view.segment.is_empty() {
        return text;
    }
    // Its beginning says better than the word that there is data.
    let shown = match text.split_once(" data") {
        Some((before, after)) => format!("{before}{after} {data}"),
        None => format!("{text} {data}"),
    };
    if display_width(&shown) <= room { shown } else { text }
}

/// Of several connections that are shown together, whose segment it is, where its numbers don't have a name that says so:
/// the address of its end at the client's side.
fn end_that_tells(scene: &Scene<'_>, view: &SegmentView<'_>) -> Option<String> {
    if scene.view.connections().len() < 2 || scene.app.place.only.is_some() {
        return None;
    }
    let is_named = view.initials.own.is_some() || view.initials.other.is_some();
    if is_named && scene.app.look.numbers == Numbers::Symbolic {
        return None;
    }
    let packet = view.segment;
    Some(scene.short(if scene.sender(packet) == Side::Client { packet.from } else { packet.to }))
}

fn segment_rows(
    scene: &Scene<'_>,
    view: &SegmentView<'_>,
    between: usize,
    margin: usize,
    entered: &EnteredStates,
) -> Vec<Row> {
    let theme = scene.theme;
    let room = between - 2;
    let sender = scene.sender(view.segment);
    let fresh = scene.is_fresh(view.changed);
    let held = view.fate == Fate::Held;
    let chosen = if held { scene.meant() } else { scene.app.place.segment } == Some(view.id);
    let mut style = if fresh { theme.fresh.0 } else { theme.text.0 };
    if matches!(view.fate, Fate::Dropped | Fate::Undeliverable(_)) {
        style = theme.dim.0;
    }
    if chosen && held {
        style = reversed(theme.side(sender));
    } else if chosen {
        style = style.add_modifier(Modifier::UNDERLINED);
    }
    let state_at = |arrow| Side::BOTH.map(|side| entered.get(&(view.id, arrow, side)).copied());
    let mut rows = Vec::new();
    for (n, text) in label(scene, view, room).into_iter().enumerate() {
        let mark = if n == 0 && chosen { "▶ " } else { "  " };
        let left = vec![Span::styled(mark, theme.waits.0), Span::styled(text, style)];
        let source = if n == 0 { format!(" {} ", source(view)) } else { " ".to_owned() };
        let right = vec![Span::styled(source, theme.dim.0)];
        let states = if n == 0 { state_at(false) } else { [None, None] };
        rows.push(frame_line(spread(left, right, room).spans, scene, margin, states));
    }
    if arrow_rows(scene, view) == 1 {
        rows.push(frame_line(arrow(scene, view, sender, room, fresh), scene, margin, state_at(true)));
    } else {
        let [out, back] = loop_arrow(scene, view, sender, room, fresh);
        rows.push(frame_line(out, scene, margin, [None, None]));
        rows.push(frame_line(back, scene, margin, state_at(true)));
    }
    rows.into_iter().map(|line| Row { line, segment: Some(view.id) }).collect()
}

/// The arrow: whole where the segment arrived, to the middle where it waits or was dropped.
fn arrow(scene: &Scene<'_>, view: &SegmentView<'_>, sender: Side, room: usize, fresh: bool) -> Vec<Span<'static>> {
    let theme = scene.theme;
    let t = &scene.texts.wire;
    let line = if fresh { theme.side(sender).bold() } else { theme.side(sender) };
    let to_right = sender == Side::Server;
    let half = room / 2;
    let (length, stop, style) = match view.fate {
        Fate::Delivered | Fate::Passing => (room, String::new(), line),
        Fate::Held if to_right => (half, format!("┃ {}", t.waits), theme.waits.0),
        Fate::Held => (half, format!("{} ┃", t.waits), theme.waits.0),
        Fate::Dropped if to_right => (half, format!("✗ {}", how_lost(scene, view)), theme.bad.0),
        Fate::Dropped => (half, format!("{} ✗", how_lost(scene, view)), theme.bad.0),
        Fate::Undeliverable(errno) if to_right => (half, format!("✗ {errno}"), theme.bad.0),
        Fate::Undeliverable(errno) => (half, format!("{errno} ✗"), theme.bad.0),
    };
    // What became of it is longer than half of a small window's wire: then the shaft is shorter.
    let beside = if stop.is_empty() { 0 } else { display_width(&stop) + 1 };
    let length = length.min(room.saturating_sub(beside)).max(1);
    let shaft = "─".repeat(length - 1);
    let shaft = if to_right { format!("{shaft}▶") } else { format!("◀{shaft}") };
    let gap = Span::raw(" ".repeat(room.saturating_sub(length + display_width(&stop))));
    let (shaft, stop) = (Span::styled(shaft, line), Span::styled(stop, style));
    if to_right { vec![shaft, stop, gap] } else { vec![gap, stop, shaft] }
}

/// How many rows the arrow takes: one whose sender's side is its receiver's too goes out and comes back.
fn arrow_rows(scene: &Scene<'_>, view: &SegmentView<'_>) -> usize {
    if scene.receiver(view.segment) == scene.sender(view.segment) { 2 } else { 1 }
}

/// The arrow of a segment that its own side gets: to the middle and back, where it arrived.
///
/// ```text
/// │               ┌───────────────│
/// │               └──────────────▶│
/// ```
fn loop_arrow(
    scene: &Scene<'_>,
    view: &SegmentView<'_>,
    sender: Side,
    room: usize,
    fresh: bool,
) -> [Vec<Span<'static>>; 2] {
    let (theme, t) = (scene.theme, &scene.texts.wire);
    let line = if fresh { theme.side(sender).bold() } else { theme.side(sender) };
    let at_right = sender == Side::Client;
    let half = (room / 2).max(2);
    let shaft = "─".repeat(half - 1);
    let out = if at_right { format!("┌{shaft}") } else { format!("{shaft}┐") };
    let back = "─".repeat(half - 2);
    let (back, style) = match view.fate {
        Fate::Delivered | Fate::Passing if at_right => (format!("└{back}▶"), line),
        Fate::Delivered | Fate::Passing => (format!("◀{back}┘"), line),
        Fate::Held => (format!("┃ {}", t.waits), theme.waits.0),
        Fate::Dropped => (format!("✗ {}", how_lost(scene, view)), theme.bad.0),
        Fate::Undeliverable(errno) => (format!("✗ {errno}"), theme.bad.0),
    };
    let placed = |text: String, style: Style| {
        let width = display_width(&text);
        // What waits or is lost stands where the arrow turns.
        let before = if at_right { room - half } else { (half - 1) * usize::from(!text.starts_with(['─', '◀'])) };
        let before = before.min(room.saturating_sub(width));
        let after = room.saturating_sub(before + width);
        vec![Span::raw(" ".repeat(before)), Span::styled(text, style), Span::raw(" ".repeat(after))]
    };
    [placed(out, line), placed(back, style)]
}
