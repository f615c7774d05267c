//! The kernel's socket table: everything that it says of every socket.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::i18n::fill;
use crate::model::{NO_THRESHOLD, SocketState, SocketView, Source, TcpInfo, three_digits};
use crate::tcp::State;
use crate::tui::scene::{Scene, holder, letter, more_below, put, reversed};
use crate::tui::wrap::{wrap, wrap_text};

/// Draws it. Returns how far it can be scrolled, in sockets.
pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) -> usize {
    let t = &scene.texts.kernel;
    let width = usize::from(area.width).saturating_sub(4).min(100);
    let sockets = scene.view.sockets_since(scene.fresh_from);
    if sockets.is_empty() {
        let inner = scene.overlay(buf, (width, 1), [&t.title, &scene.texts.help.close]);
        put(buf, inner, wrap_text(&t.none, scene.theme.dim.0, width));
        return 0;
    }
    // Only what is seen is written: there may be thousands of sockets.
    let all = usize::from(area.height);
    let taken = sockets.iter().take(all).map(|socket| block(scene, socket, width).len() + 1).sum::<usize>();
    let wanted = (width, taken.saturating_sub(1));
    let rows = usize::from(scene.overlay_place(wanted).height).saturating_sub(2);
    let most = sockets.len() - fitting(scene, sockets.iter().rev(), width, rows);
    let at = scene.app.place.over.min(most);
    let seen = fitting(scene, sockets[at..].iter(), width, rows);
    let mut lines: Vec<Line<'static>> = { sockets[at..].iter() }
        .take(seen + 1)
        .flat_map(|socket| block(scene, socket, width).into_iter().chain([Line::default()]))
        .collect();
    lines.pop();
    let inner = scene.overlay(buf, wanted, [&t.title, &scene.texts.help.close]);
    put(buf, inner, lines);
    more_below(buf, inner, scene.theme.waits.0, sockets.len() - at - seen);
    most
}

/// How many of these sockets fit into so many rows, with an empty one between them; the first one always counts.
fn fitting<'a>(
    scene: &Scene<'_>,
    sockets: impl Iterator<Item = &'a SocketView<'a>>,
    width: usize,
    rows: usize,
) -> usize {
    let mut taken = 0;
    let fits = |socket: &&SocketView<'_>| {
        taken += block(scene, socket, width).len() + 1;
        taken <= rows + 1
    };
    sockets.take_while(fits).count().max(1)
}

fn block(scene: &Scene<'_>, socket: &SocketView<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = wrap(&first_line(scene, socket), width);
    let detail = wrap_text(&facts(scene, socket), scene.theme.dim.0, width.saturating_sub(8));
    let indent = || Span::raw(" ".repeat(8));
    lines.extend(detail.into_iter().map(|line| Line::from([vec![indent()], line.spans].concat())));
    lines
}

fn first_line(scene: &Scene<'_>, socket: &SocketView<'_>) -> Vec<Span<'static>> {
    let t = &scene.texts.kernel;
    let theme = scene.theme;
    let facts = socket.facts;
    let any = || t.any.clone();
    let local = facts.local.map_or_else(any, |addr| addr.to_string());
    let remote = facts.remote.map_or_else(any, |addr| addr.to_string());
    let (name, style) = match facts.actor() {
        Some(actor) => (scene.mark(actor), theme.side(actor.side)),
        None => ("·".to_owned(), theme.text.0),
    };
    let state_style = if scene.is_fresh(socket.state_since) { reversed(style) } else { style.bold() };
    vec![
        Span::styled(format!("{name} "), style),
        Span::styled(format!("{} ", holder(scene, socket, facts.actor(), 15, 5)), theme.text.0),
        Span::styled(format!("{:<11}", socket.state.name()), state_style),
        Span::styled(format!("  {local} → {remote}"), theme.text.0),
        Span::styled(format!("  {}", letter(socket.source)), theme.dim.0),
    ]
}

/// What the kernel tells beyond the state; only what it told.
fn facts(scene: &Scene<'_>, socket: &SocketView<'_>) -> String {
    let t = &scene.texts.kernel;
    if socket.gone {
        return t.gone.clone();
    }
    // Beyond its table the kernel told only what TCP_INFO has: queues and timer were asked of nobody.
    if socket.source != Source::SockDiag {
        return t.untold.clone();
    }
    let (recv, send) = (socket.facts.recv_queue.to_string(), socket.facts.send_queue.to_string());
    let queues = match socket.state {
        SocketState::Tcp(State::Listen) => &t.listen,
        SocketState::Tcp(_) => &t.queues,
        _ if socket.facts.counts_memory => &t.datagrams,
        SocketState::Unconnected | SocketState::Connected | SocketState::Gone => &t.datagram,
    };
    let mut parts = vec![fill(queues, &[("recv", &recv), ("send", &send)])];
    parts.push(match scene.timer(socket, usize::MAX) {
        Some(timer) => fill(&t.timer, &[("what", &timer)]),
        None => t.no_timer.clone(),
    });
    parts.extend(scene.tries(socket));
    // Without a peer the kernel fills these fields with what it would begin with.
    let connected = socket.facts.remote.is_some();
    let rto_note = scene.rto_note(socket).unwrap_or_default();
    let told = socket.facts.info.iter().filter(|_| connected);
    parts.extend(told.flat_map(|told| info(told, &t.no_ssthresh, &rto_note)));
    parts.join(" · ")
}

/// What the kernel tells of sending, by its own names.
fn info(info: &TcpInfo, no_ssthresh: &str, rto_note: &str) -> Vec<String> {
    let ms = |time: Duration| match time.as_secs_f64() {
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.1} ms", seconds * 1000.0),
    };
    let ssthresh = |n: u32| if n >= NO_THRESHOLD { no_ssthresh.to_owned() } else { format!("ssthresh {n}") };
    [
        info.rto.map(|rto| format!("rto {}{rto_note}", ms(rto))),
        info.rtt.map(|rtt| format!("srtt {}", ms(rtt))),
        info.rttvar.map(|rttvar| format!("rttvar {}", ms(rttvar))),
        info.backoff.map(|n| format!("backoff {n}")),
        info.snd_cwnd.map(|n| format!("cwnd {n}")),
        info.snd_ssthresh.map(ssthresh),
        info.snd_mss.map(|n| format!("mss {n}")),
        info.unacked.map(|n| format!("unacked {n}")),
        info.snd_wnd.map(|n| format!("snd_wnd {n}")),
        info.probes.map(|n| format!("probes {n}")),
        info.total_retrans.map(|n| format!("retrans {n}")),
        info.pacing_rate.filter(|rate| *rate < u64::MAX / 2).map(|rate| format!("pacing {}", rate_text(rate))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Bytes a second, three digits of them.
fn rate_text(rate: u64) -> String {
    let rate = three_digits(rate);
    let (unit, size) = [("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)]
        .into_iter()
        .find(|(_, size)| rate as f64 >= *size)
        .unwrap_or(("B/s", 1.0));
    let value = rate as f64 / size;
    let digits = match value {
        _ if size == 1.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}
