//! One segment as the 32-bit rows of its header (RFC 9293, section 3.1), and the bytes of its packet.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::hand_made::source;
use crate::i18n::excerpt;
use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::i18n::{Texts, options as all_options};
use crate::model::edit::{Change, EditField};
use crate::model::{HandMade, SegmentView};
use crate::tcp::{Flags, IcmpError, Packet, Transport, finish_checksum, line, window_field};
use crate::tui::scene::{Scene, more_below, put, reversed};
use crate::tui::wrap::{cut, wrap, wrap_text};

/// The columns of the whole: those of sixteen bytes in two notations.
pub(super) const WIDTH: usize = 76;
/// Two columns for each of the 32 bits.
const COLUMNS: usize = 64;

/// Draws it. Returns how far it can be scrolled.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.packet;
    let chosen = scene.app.chosen_segment().and_then(|id| scene.view.segment(id));
    let number = chosen.map_or(String::new(), |view| (view.id.0 + 1).to_string());
    let is_segment = chosen.is_none_or(|view| view.segment.tcp().is_some());
    let title = fill(if is_segment { &t.title } else { &t.title_other }, &[("n", &number)]);
    let texts = [title.trim_end(), &t.close];
    let width = WIDTH.min(usize::from(area.width).saturating_sub(4));
    let Some(view) = chosen else {
        let inner = scene.overlay(buf, (width, 1), texts);
        put(buf, inner, wrap_text(&t.none, scene.theme.dim.0, width));
        return 0;
    };
    let mut lines = heading(scene, &view, width);
    lines.extend(header_rows(scene, &view));
    lines.extend(unfinished(scene, &view));
    lines.extend(options(scene, &view, width));
    lines.push(Line::styled(t.bytes.clone(), scene.theme.title.0));
    // A packet of lo has at most 64 KiB: 4096 lines, of which only the visible ones are made.
    let above = lines.len();
    let of_bytes = view.segment.packet().len().div_ceil(16);
    let inner = scene.overlay(buf, (width, above + of_bytes), texts);
    let height = usize::from(inner.height);
    let most = (above + of_bytes).saturating_sub(height);
    let skip = scene.app.place.over.min(most);
    more_below(buf, inner, scene.theme.waits.0, most - skip);
    let hex = view.segment.packet().chunks(16).enumerate().skip(skip.saturating_sub(above)).take(height);
    let hex = hex.map(|(row, bytes)| hex_line(scene, view.segment, row, bytes));
    put(buf, inner, lines.into_iter().skip(skip).chain(hex));
    most
}

fn heading(scene: &Scene<'_>, view: &SegmentView<'_>, width: usize) -> Vec<Line<'static>> {
    let segment = view.segment;
    let text = line(segment, &view.initials, scene.app.look.numbers);
    let spans = [
        Span::styled(text, scene.theme.title.0),
        Span::styled(format!("  {} → {}", segment.from, segment.to), scene.theme.side(scene.sender(segment))),
        Span::styled(format!("  {}", source(view)), scene.theme.dim.0),
    ];
    wrap(&spans, width)
}

/// What tells a changed field of a copy from others where there are no colours.
pub(super) const CHANGED: char = '*';

/// A field: its width in bits, its text, whether it stands out, and which field of a copy it is.
struct Field(usize, String, bool, Option<EditField>);

/// The rows of 32 bits of the transport header.
fn fields(scene: &Scene<'_>, view: &SegmentView<'_>) -> Vec<Vec<Field>> {
    let packet = view.segment;
    let t = &scene.texts.packet;
    let header = packet.header();
    let byte = |at: usize| header.get(at).copied().unwrap_or(0);
    let word = |at: usize| u16::from_be_bytes([byte(at), byte(at + 1)]);
    let field = |bits, name: &str, value: String| Field(bits, format!("{name} {value}"), false, None);
    // Where a copy is changed, what is to stand in it.
    let of = |bits, name: &str, value: String, of: EditField| match scene.app.copy.as_ref().and_then(|copy| copy.of(of))
    {
        Some((typed, changed)) => {
            let mark = if changed { CHANGED.to_string() } else { String::new() };
            Field(bits, format!("{mark}{name} {typed}"), false, Some(of))
        }
        None => field(bits, name, value),
    };
    let checksum = |at| of(16, &t.checksum, format!("{:#06x}", word(at)), EditField::Checksum);
    let ports = vec![
        of(16, &t.source_port, packet.from.port().to_string(), EditField::SourcePort),
        of(16, &t.destination_port, packet.to.port().to_string(), EditField::DestinationPort),
    ];
    match &packet.transport {
        Transport::Tcp(segment) => {
            let mut bits =
                vec![field(4, &t.offset, (byte(12) >> 4).to_string()), Field(4, t.reserved.clone(), false, None)];
            bits.extend(flag_fields(copied_flags(scene).unwrap_or(segment.flags)));
            bits.push(of(16, &t.window, window_field(segment, &view.initials), EditField::Window));
            vec![
                ports,
                vec![of(32, &t.sequence, segment.seq.to_string(), EditField::Seq)],
                vec![of(32, &t.acknowledgment, segment.ack.to_string(), EditField::Ack)],
                bits,
                vec![checksum(16), of(16, &t.urgent, word(18).to_string(), EditField::Urgent)],
            ]
        }
        Transport::Udp => vec![ports, vec![field(16, &t.length, word(4).to_string()), checksum(6)]],
        Transport::Icmp(says) => {
            let first =
                vec![field(8, &t.kind, byte(0).to_string()), field(8, &t.code, byte(1).to_string()), checksum(2)];
            let ipv6 = packet.ip().version == 6;
            let pointer = u32::from(word(4)) << 16 | u32::from(word(6));
            let second = match says {
                // IPv4 has the length in the second half of the word (RFC 1191), IPv6 in all of it.
                IcmpError::FragmentationNeeded(mtu) if ipv6 => vec![field(32, &t.mtu, mtu.to_string())],
                IcmpError::FragmentationNeeded(mtu) => {
                    vec![field(16, &t.unused, String::new()), field(16, &t.mtu, mtu.to_string())]
                }
                IcmpError::ProtocolUnreachable if ipv6 => vec![field(32, &t.pointer, pointer.to_string())],
                _ => vec![field(32, &t.unused, String::new())],
            };
            vec![first, second]
        }
    }
}

pub(super) fn header_rows(scene: &Scene<'_>, view: &SegmentView<'_>) -> Vec<Line<'static>> {
    let rows = fields(scene, view);
    let style = scene.theme.border.0;
    let mut lines = vec![ruler(scene)];
    let mut above: Vec<usize> = Vec::new();
    for row in &rows {
        lines.push(Line::styled(rule(&above, &joints(row), lines.len() == 1), style));
        above = joints(row);
        lines.push(row_line(scene, row));
    }
    lines.push(Line::styled(rule(&above, &[], false).replace('├', "└").replace('┤', "┘"), style));
    lines
}

/// Says that the checksum isn't the right one, where it isn't: on `lo` the kernel leaves it as the hardware would want it.
fn unfinished(scene: &Scene<'_>, view: &SegmentView<'_>) -> Option<Line<'static>> {
    let packet = view.segment;
    let by_hand = matches!(view.by_hand, Some(HandMade::Edited(_) | HandMade::Forged));
    let mut finished = packet.packet().to_vec();
    finish_checksum(&mut finished).ok()?;
    let said = || Line::styled(scene.texts.packet.checksum_unfinished.clone(), scene.theme.dim.0);
    // What a person made went as it is: then it is wrong.
    let wrong = || Line::styled(scene.texts.packet.checksum_wrong.clone(), scene.theme.bad.0);
    (finished != packet.packet()).then(|| if by_hand { wrong() } else { said() })
}

/// The flags that a copy is to have, as far as what is typed names any.
fn copied_flags(scene: &Scene<'_>) -> Option<Flags> {
    let (typed, _) = scene.app.copy.as_ref()?.of(EditField::Flags)?;
    match Change::typed(EditField::Flags, typed.trim()) {
        Ok(Change::Flags(flags)) => Some(flags),
        _ => None,
    }
}

/// The eight control bits by their names' first letters, as in the RFC's figure; a set one stands out.
fn flag_fields(flags: Flags) -> Vec<Field> {
    const LETTERS: [(u8, &str); 8] =
        [(0x80, "C"), (0x40, "E"), (0x20, "U"), (0x10, "A"), (0x08, "P"), (0x04, "R"), (0x02, "S"), (0x01, "F")];
    LETTERS
        .iter()
        .map(|(bit, letter)| Field(1, (*letter).to_owned(), flags.bits() & bit != 0, Some(EditField::Flags)))
        .collect()
}

/// The numbers of the bits at which each byte begins.
fn ruler(scene: &Scene<'_>) -> Line<'static> {
    let numbers: String = [0, 8, 16, 24].iter().map(|bit| format!("{bit:<16}")).collect();
    Line::styled(format!(" {}31", &numbers[..COLUMNS - 3]), scene.theme.dim.0)
}

/// The columns after which a field ends, but for the last.
fn joints(row: &[Field]) -> Vec<usize> {
    let ends = row.iter().scan(0, |at, Field(bits, ..)| {
        *at += bits * 2;
        Some(*at)
    });
    // The single bits of the flags stand without walls between them.
    ends.zip(row.iter().zip(row.iter().skip(1)))
        .filter(|(_, (field, next))| !(field.0 == 1 && next.0 == 1))
        .map(|(end, _)| end)
        .collect()
}

fn rule(above: &[usize], below: &[usize], first: bool) -> String {
    let (left, right) = if first { ("┌", "┐") } else { ("├", "┤") };
    let middle = (1..COLUMNS).map(|at| match (above.contains(&at), below.contains(&at)) {
        (true, true) => '┼',
        (true, false) => '┴',
        (false, true) => '┬',
        (false, false) => '─',
    });
    format!("{left}{}{right}", middle.collect::<String>())
}

fn row_line(scene: &Scene<'_>, row: &[Field]) -> Line<'static> {
    let theme = scene.theme;
    let wall = || Span::styled("│", theme.border.0);
    let mut spans = vec![wall()];
    for (n, Field(bits, text, lit, of)) in row.iter().enumerate() {
        let plain = of.map_or(theme.text.0, |field| style(scene, field));
        if *bits == 1 {
            let style = match scene.app.copy.as_ref().and_then(|copy| copy.of(EditField::Flags)) {
                Some((_, true)) if *lit => plain.add_modifier(Modifier::REVERSED),
                _ if *lit => theme.title.0.reversed(),
                _ => theme.dim.0,
            };
            spans.push(Span::styled(text.clone(), style));
            let ends = row.get(n + 1).is_none_or(|next| next.0 != 1);
            spans.push(if ends { wall() } else { Span::raw(" ") });
            continue;
        }
        let room = bits * 2 - 1;
        let text = cut(text, room);
        let left = (room - display_width(&text)) / 2;
        let right = room - left - display_width(&text);
        spans.push(Span::styled(format!("{}{text}{}", " ".repeat(left), " ".repeat(right)), plain));
        spans.push(wall());
    }
    Line::from(spans)
}

fn options(scene: &Scene<'_>, view: &SegmentView<'_>, width: usize) -> Vec<Line<'static>> {
    let (t, segment) = (&scene.texts.packet, view.segment);
    let words = Texts::load(scene.app.lang()).ok().map(|texts| &texts.layers);
    let said = words.and_then(|words| all_options(segment, &view.initials, scene.app.look.numbers, words));
    let mut lines: Vec<Line<'static>> =
        said.iter().flat_map(|text| wrap_text(text, scene.theme.text.0, width)).collect();
    if !segment.is_empty() {
        let text = format!("{} ({}): \"{}\"", t.data, segment.len(), excerpt(segment.payload(), 48));
        lines.extend(wrap_text(&text, scene.theme.text.0, width));
    }
    lines
}

/// How a field is drawn: the one that has the keys, and those that are changed, stand out.
pub(super) fn style(scene: &Scene<'_>, field: EditField) -> Style {
    let theme = scene.theme;
    let Some(copy) = &scene.app.copy else { return theme.text.0 };
    if copy.current().is_some_and(|current| current.field == field) {
        return reversed(theme.text.0);
    }
    match copy.of(field) {
        Some((_, true)) => theme.waits.0.add_modifier(Modifier::BOLD),
        _ => theme.text.0,
    }
}

/// Sixteen bytes; those of the IP header, the TCP header and the data differ in style.
fn hex_line(scene: &Scene<'_>, segment: &Packet, row: usize, bytes: &[u8]) -> Line<'static> {
    let theme = scene.theme;
    let data = segment.packet().len() - segment.payload().len();
    let tcp = data.saturating_sub(segment.header().len());
    let style = |at: usize| -> Style {
        match at {
            at if at < tcp => theme.dim.0,
            at if at < data => theme.side(scene.sender(segment)),
            _ => theme.string.0,
        }
    };
    let mut spans = vec![Span::styled(format!("{:04x}  ", row * 16), theme.dim.0)];
    for column in 0..16 {
        let gap = if column == 7 { "  " } else { " " };
        match bytes.get(column) {
            Some(byte) => spans.push(Span::styled(format!("{byte:02x}{gap}"), style(row * 16 + column))),
            None => spans.push(Span::raw(format!("  {gap}"))),
        }
    }
    spans.push(Span::raw(" "));
    for (column, byte) in bytes.iter().enumerate() {
        let shown = if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        spans.push(Span::styled(shown.to_string(), style(row * 16 + column)));
    }
    Line::from(spans)
}
