//! How one end's bytes went over time, as textbooks draw it: sequence numbers above, what was in flight and what was allowed below.
//!
//! ```text
//! ■ server :8000 → ● client :40112, bytes from j on
//! window's edge 65536 · sent 4345 · acknowledged 2897
//! 65.5k│            ⡠⠤⠤⠤⠤
//!     0│⠤⠤⠤⠊
//! in flight 1448 · cwnd 14480 ● · ssthresh – ×
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span as Text};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use crate::i18n::{Glyphs, fill};
use crate::model::{CongestionSample, FlowStep, SentRange};
use crate::tui::plot::{Span, SteppedLines, dots, highest, stepped};
use crate::tui::scene::{Scene, put};
use crate::tui::wrap::wrap_text;

/// From so many rows on the two pictures stand one above the other, else side by side.
const STACKED: u16 = 17;

/// An edge that lies so many times as high as what was sent isn't drawn.
const FAR: u64 = 4;

/// What is drawn of a value: its points, how, and with what.
struct Series {
    lines: Vec<Vec<(f64, f64)>>,
    graph: GraphType,
    marker: Marker,
    style: Style,
}

/// One of the two pictures.
struct Picture {
    /// What stands for what, with its value at the moment.
    legend: Vec<Text<'static>>,
    series: Vec<Series>,
    /// The highest value.
    most: u64,
}

/// Draws it. There is nothing to scroll.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.chart;
    let wanted = (usize::from(area.width).saturating_sub(4), usize::from(area.height).saturating_sub(2));
    let moment = scene.view.moment();
    let Some(flow) = scene.app.chart.as_ref().filter(|flow| !flow.steps(moment).is_empty()) else {
        let inner = scene.overlay(buf, (wanted.0, 2), [&t.title, &scene.texts.help.close]);
        put(buf, inner, wrap_text(&t.none, scene.theme.dim.0, usize::from(inner.width)));
        return 0;
    };
    // As much as there is room for: so nothing is left to scroll.
    let rows = usize::from(scene.overlay_place(wanted).height).saturating_sub(2);
    let inner = scene.overlay(buf, (wanted.0, rows), [&t.title, &t.close]);
    let (from, to) = flow.ends();
    let head = fill(&t.of, &[("from", &end(scene, from) as &dyn std::fmt::Display), ("to", &end(scene, to))]);
    let mut head = wrap_text(&head, scene.theme.title.0, usize::from(inner.width));
    head.truncate(1);
    put(buf, inner, head);
    let rest = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let points = (flow.sent(moment), flow.steps(moment), flow.told_by(moment));
    let places = places(rest);
    let span = span(scene, points, places[0]);
    // One way through the steps for both pictures, which show the same time.
    let values =
        points.1.iter().map(|step| (step.at, [step.edge, step.acked, step.sent.max(step.acked), step.in_flight()]));
    let [edges, acknowledged, highest_sent, flown] = stepped(values, span);
    let sequence = sequence(scene, points, (span, places[0]), [edges, acknowledged, highest_sent]);
    paint(buf, places[0], scene, (span, sequence));
    paint(buf, places[1], scene, (span, congestion(scene, points, span, flown)));
    0
}

/// An end by its mark and its port.
fn end(scene: &Scene<'_>, address: SocketAddr) -> String {
    match scene.view.trace().owner_of(address) {
        Some(actor) => format!("{} {address}", scene.mark(actor)),
        None => address.to_string(),
    }
}

/// The places of the two pictures.
fn places(area: Rect) -> [Rect; 2] {
    if area.height >= STACKED {
        let above = area.height / 2;
        let below = Rect { y: area.y + above, height: area.height - above, ..area };
        return [Rect { height: above, ..area }, below];
    }
    // Of one width, so that both show the same time.
    let width = area.width.saturating_sub(2) / 2;
    [Rect { width, ..area }, Rect { x: area.x + area.width - width, width, ..area }]
}

type Points<'a> = (&'a [SentRange], &'a [FlowStep], &'a [CongestionSample]);

/// The time from the first point to the moment that is looked at. A cell has two columns of points.
fn span(scene: &Scene<'_>, (_, steps, told): Points<'_>, place: Rect) -> Span {
    let first = steps.first().map(|step| step.at).into_iter().chain(told.first().map(|told| told.at)).min();
    Span::new(first.unwrap_or_default(), scene.view.at(), usize::from(place.width) * 2)
}

/// Sequence numbers: what was sent, what is acknowledged, how far may be sent.
fn sequence(
    scene: &Scene<'_>,
    (sent, steps, _): Points<'_>,
    (span, place): (Span, Rect),
    [edges, acknowledged, highest_sent]: [SteppedLines; 3],
) -> Picture {
    let (t, theme) = (&scene.texts.chart, scene.theme);
    let (sent_most, edge_most) = (highest(&highest_sent), highest(&edges));
    // A window that is far wider than all that was sent would press that to the ground: then its edge lies above the picture.
    let is_above = edge_most > sent_most.saturating_mul(FAR);
    let most = if is_above { sent_most } else { sent_most.max(edge_most) };
    let styles = [theme.waits.0, theme.fresh.0, theme.good.0];
    let line = |lines, style, plain| Series {
        lines,
        graph: GraphType::Line,
        marker: marker(scene, Marker::Braille, plain),
        style,
    };
    let edge = line(if is_above { Vec::new() } else { edges }, styles[0], '=');
    let acked = line(acknowledged, styles[2], '-');
    let sent = Series {
        lines: vec![dots(sent.iter().map(|one| (one.at, one.end)), span, usize::from(place.height) * 4, most)],
        graph: GraphType::Scatter,
        marker: marker(scene, Marker::Braille, '+'),
        style: styles[1],
    };
    let last = steps.last();
    let values = [last.and_then(|step| step.edge), last.and_then(|step| step.sent), last.and_then(|step| step.acked)];
    let names = [(if is_above { &t.edge_above } else { &t.edge }, '='), (&t.sent, '+'), (&t.acked, '-')];
    let named = names.into_iter().zip(values).zip(styles);
    let parts = named.map(|(((name, plain), value), style)| part(scene, (name, plain, None), value, style));
    Picture { legend: parts.collect(), series: vec![edge, acked, sent], most }
}

/// What is in flight, and what the kernel says may be. It was asked now and then, so that its values are points.
fn congestion(scene: &Scene<'_>, (_, steps, told): Points<'_>, span: Span, flown: SteppedLines) -> Picture {
    let (t, theme) = (&scene.texts.chart, scene.theme);
    let told_most = told.iter().map(|told| told.cwnd.max(told.ssthresh.unwrap_or(0))).max();
    let most = told_most.unwrap_or(0).max(highest(&flown));
    let rows = span.columns();
    let points = |value: fn(&CongestionSample) -> Option<u64>, symbol, plain, style| Series {
        lines: vec![dots(told.iter().filter_map(|told| Some((told.at, value(told)?))), span, rows, most)],
        graph: GraphType::Scatter,
        marker: marker(scene, Marker::Custom(symbol), plain),
        style,
    };
    let styles = [theme.fresh.0, theme.good.0, theme.waits.0];
    let flight =
        Series { lines: flown, graph: GraphType::Line, marker: marker(scene, Marker::Braille, '.'), style: styles[0] };
    let cwnd = points(|told| Some(told.cwnd), '●', 'o', styles[1]);
    let ssthresh = points(|told| told.ssthresh, '×', 'x', styles[2]);
    let last = told.last();
    let parts = [
        part(scene, (&t.in_flight, '.', None), steps.last().and_then(FlowStep::in_flight), styles[0]),
        part(scene, (&t.cwnd, 'o', Some('●')), last.map(|told| told.cwnd), styles[1]),
        match last {
            Some(told) if told.ssthresh.is_none() => Text::styled(t.no_ssthresh.clone(), styles[2]),
            _ => part(scene, (&t.ssthresh, 'x', Some('×')), last.and_then(|told| told.ssthresh), styles[2]),
        },
    ];
    Picture { legend: parts.into(), series: vec![flight, ssthresh, cwnd], most }
}

/// The dots of a line, where the terminal has them; else a letter of its own for each.
fn marker(scene: &Scene<'_>, marker: Marker, plain: char) -> Marker {
    match scene.app.look.glyphs {
        Glyphs::Unicode => marker,
        Glyphs::Ascii => Marker::Custom(plain),
    }
}

/// A name in the legend, with what stands for it and its value at the moment.
fn part(
    scene: &Scene<'_>,
    (name, plain, symbol): (&str, char, Option<char>),
    value: Option<u64>,
    style: Style,
) -> Text<'static> {
    let symbol = if scene.app.look.glyphs == Glyphs::Ascii { Some(plain) } else { symbol };
    let symbol = symbol.map(|symbol| format!("{symbol} ")).unwrap_or_default();
    let value = value.map_or(scene.texts.chart.unknown.clone(), |value| value.to_string());
    Text::styled(format!("{symbol}{name} {value}"), style)
}

/// The parts one behind the other; each stands on one line.
fn legend(scene: &Scene<'_>, parts: &[Text<'static>], width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    for part in parts {
        let apart = Text::styled(" · ", scene.theme.dim.0);
        match lines.last_mut().filter(|line| line.width() + apart.width() + part.width() <= width) {
            Some(line) => line.spans.extend([apart, part.clone()]),
            None => lines.push(Line::from(part.clone())),
        }
    }
    lines
}

fn paint(buf: &mut Buffer, place: Rect, scene: &Scene<'_>, (span, picture): (Span, Picture)) {
    let legend = legend(scene, &picture.legend, usize::from(place.width));
    let rows = (legend.len() as u16).min(place.height);
    put(buf, place, legend);
    let place = Rect { y: place.y + rows, height: place.height - rows, ..place };
    let dim = scene.theme.dim.0;
    let most = picture.most.max(1);
    let label = |text: String| Line::styled(text, dim);
    let seconds = |part: u32| label(fill(&scene.texts.chart.seconds, &[("s", &time(span.length() * part / 2))]));
    // A little room, so that the highest value doesn't lie on the edge.
    let highest = most as f64 * 1.05;
    let y = Axis::default().style(dim).bounds([0.0, highest]);
    // The half of a small odd number is none that could stand there.
    let half = if most % 2 == 0 || most > 99 { short(most / 2) } else { String::new() };
    let y = y.labels([label("0".to_owned()), label(half), label(short(most))]);
    let x = Axis::default().style(dim).bounds([0.0, (span.columns() - 1).max(1) as f64]);
    let x = x.labels([seconds(0), seconds(1), seconds(2)]);
    let datasets = picture.series.iter().flat_map(|series| {
        let drawn =
            |line| Dataset::default().data(line).graph_type(series.graph).marker(series.marker).style(series.style);
        series.lines.iter().map(move |line| drawn(line))
    });
    Chart::new(datasets.collect()).x_axis(x).y_axis(y).legend_position(None).render(place, buf);
}

/// A number of bytes in at most five characters.
fn short(bytes: u64) -> String {
    match bytes {
        0..10_000 => bytes.to_string(),
        10_000..1_000_000 => format!("{:.1}k", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", bytes as f64 / 1e6),
        _ => format!("{:.1}G", bytes as f64 / 1e9),
    }
}

fn time(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds >= 10.0 || seconds == 0.0 { format!("{seconds:.0}") } else { format!("{seconds:.1}") }
}
