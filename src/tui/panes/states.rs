//! The state diagram with both ends lit.

use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::model::{Actor, CallName, Fate, Side, SocketState, SocketView};
use crate::tcp::{EDGES, Edge, Flags, State, Trigger};
use crate::tui::diagram::{Diagram, cells, fitting, glyph};
use crate::tui::scene::{Scene, reversed, shape, write};

/// So many of the newest calls and segments are looked at for what led to a state.
const SEEN_LAST: usize = 64;

/// An end in the diagram: whose, in which state, and from where it has just come.
struct DiagramEnd {
    side: Side,
    actor: Actor,
    /// Its own address and the other end's.
    addresses: (Option<SocketAddr>, Option<SocketAddr>),
    state: State,
    previous: Option<State>,
    fresh: bool,
    since: usize,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let ends = ends(scene);
    let newest = ends.iter().filter(|end| end.fresh && end.previous.is_some()).max_by_key(|end| end.since);
    let mut block = scene.block(title(scene), false);
    let without = ends.is_empty() && scene.view.sockets().any(|socket| socket.state.tcp().is_none());
    if without {
        block = block.bottom(Span::styled(format!(" {} ", scene.texts.states.none), scene.theme.waits.0));
    }
    if let Some(caption) = newest.and_then(|end| caption(scene, end, usize::from(area.width).saturating_sub(2))) {
        block = block.bottom(caption);
    }
    let inner = block.inner(area);
    block.render(area, buf);
    let Some(diagram) = fitting(inner.width, inner.height) else { return };
    let x = inner.x + (inner.width - diagram.columns) / 2;
    let y = inner.y + (inner.height - diagram.rows) / 2;
    let place = Rect::new(x, y, diagram.columns, diagram.rows);
    draw_paths(buf, place, scene, diagram, &ends);
    draw_nodes(buf, place, scene, diagram, &ends);
}

fn title(scene: &Scene<'_>) -> Line<'static> {
    let (t, theme) = (&scene.texts.states, scene.theme);
    Line::from(vec![
        Span::styled(format!(" {} ", t.title), theme.title.0),
        Span::styled(format!("{} {} ", shape(Side::Server), t.server), theme.server.0),
        Span::styled(format!("{} {} ", shape(Side::Client), t.client), theme.client.0),
    ])
}

/// The living sockets of who is shown of both sides; of one without any, the last that was gone.
fn ends(scene: &Scene<'_>) -> Vec<DiagramEnd> {
    let mut ends = Vec::new();
    for side in Side::BOTH {
        let actor = scene.app.shown_actor(side);
        let of_side = |socket: &SocketView<'_>| socket.facts.is_of(actor);
        let mut shown: Vec<SocketView<'_>> = scene.view.sockets_since(scene.fresh_from);
        shown.retain(|socket| of_side(socket) && (!socket.gone || scene.is_fresh(socket.state_since)));
        if shown.iter().all(|socket| socket.gone) {
            let last = scene.view.gone().find(of_side);
            shown.extend(last.filter(|last| !shown.iter().any(|socket| socket.facts.cookie == last.facts.cookie)));
        }
        for socket in shown {
            let fresh = scene.is_fresh(socket.state_since);
            // UDP has no states: its sockets are nowhere in the diagram.
            let Some(state) = socket.state.tcp() else { continue };
            let (previous, since) = (socket.previous.and_then(SocketState::tcp), socket.state_since);
            let addresses = (socket.facts.local, socket.facts.remote);
            ends.push(DiagramEnd { side, actor, addresses, state, previous, fresh, since });
        }
    }
    ends
}

fn draw_paths(buf: &mut Buffer, place: Rect, scene: &Scene<'_>, diagram: &Diagram, ends: &[DiagramEnd]) {
    let theme = scene.theme;
    let taken = |from: State, to: State| {
        let arrived = |end: &&DiagramEnd| end.fresh && end.state == to && end.previous == Some(from);
        ends.iter().filter(arrived).max_by_key(|end| end.since).map(|end| end.side)
    };
    // The taken arrows come last, so that they lie on top where lines cross.
    let mut paths: Vec<_> = diagram.paths.iter().map(|path| (taken(path.from, path.to), path)).collect();
    paths.sort_by_key(|(taken, _)| taken.is_some());
    for (side, path) in paths {
        let style = side.map_or(theme.border.0, |side| theme.side(side).bold());
        for ((x, y), bits) in cells(path) {
            write(buf, place.x + x, place.y + y, glyph(bits, side.is_some()), style);
        }
        if let Some((x, y)) = path.points.last() {
            write(buf, place.x + x, place.y + y, path.head, style);
        }
    }
    for ((x, y), label) in diagram.labels {
        write(buf, place.x + x, place.y + y, label, theme.dim.0);
    }
}

fn draw_nodes(buf: &mut Buffer, place: Rect, scene: &Scene<'_>, diagram: &Diagram, ends: &[DiagramEnd]) {
    let theme = scene.theme;
    let last_row = diagram.rows - 1;
    for node in diagram.nodes {
        let (x, y) = (place.x + node.at.0, place.y + node.at.1);
        // CLOSED stands at the beginning and at the end: where an end is depends on whether it had another state.
        let here = |end: &&DiagramEnd| {
            end.state == node.state
                && (node.state != State::Closed || end.previous.is_some() == (node.at.1 == last_row))
        };
        let lit: Vec<Side> = ends.iter().filter(here).map(|end| end.side).collect();
        let name = node.state.name();
        let style = match (lit.contains(&Side::Server), lit.contains(&Side::Client)) {
            (true, true) => reversed(theme.title.0),
            (true, false) => reversed(theme.server.0),
            (false, true) => reversed(theme.client.0),
            (false, false) => theme.text.0,
        };
        write(buf, x, y, name, style);
        let marks = [(Side::Server, x - 1), (Side::Client, x + name.len() as u16)];
        for (side, column) in marks.into_iter().filter(|(side, _)| lit.contains(side)) {
            write(buf, column, y, shape(side), theme.side(side).bold());
        }
    }
}

/// What happened last, in words; the names alone where there is no room for more.
fn caption(scene: &Scene<'_>, end: &DiagramEnd, width: usize) -> Option<Line<'static>> {
    let previous = end.previous?;
    let names = format!("{} {previous} → {}", shape(end.side), end.state);
    let why = reason(scene, previous, end);
    // The reason is the diagram's, not the kernel's: marked as concluded.
    let first = why.first().map_or(String::new(), |first| format!(" {names} {first} = "));
    let texts = [format!(" {names} {} = ", scene.app.lang().list(&why)), first, format!(" {names} ")];
    let texts = texts.into_iter().skip(if why.is_empty() { 2 } else { 0 });
    let text = { texts }.find(|text| display_width(text) <= width)?;
    Some(Line::from(Span::styled(text, scene.theme.side(end.side).bold())))
}

/// What led from one state to the other, as far as it was seen just now. Nothing is said where it wasn't: a connection may also
/// end by its timers, by a RST that its own kernel sends, or with its process.
fn reason(scene: &Scene<'_>, previous: State, end: &DiagramEnd) -> Vec<String> {
    let t = &scene.texts.states;
    let between = EDGES.iter().filter(|edge| edge.from == previous && edge.to == end.state);
    let seen = |edge: &'static Edge| match edge.on {
        Trigger::Call(name) => Some(fill(&t.on_call, &[("what", made(scene, end.actor, name)?.name())])),
        Trigger::Segment(what) => arrived(scene, end, what).then(|| fill(&t.on, &[("what", what)])),
        Trigger::Timer(what) => (!arrived(scene, end, "RST")).then(|| fill(&t.on_timer, &[("what", what)])),
    };
    let Some((edge, on)) = { between }.find_map(|edge| Some((edge, seen(edge)?))) else { return Vec::new() };
    let sends = (!edge.sends.is_empty()).then(|| fill(&t.sends, &[("what", edge.sends)]));
    [on].into_iter().chain(sends).collect()
}

/// The call of this name that the actor has made just now; to end its direction `shutdown()` does what `close()` does.
fn made(scene: &Scene<'_>, actor: Actor, name: &str) -> Option<CallName> {
    let newest = scene.view.calls(actor).take(SEEN_LAST).filter(|call| scene.is_fresh(call.changed));
    let is_meant = |call: &CallName| call.name() == name || (name == "close" && *call == CallName::Shutdown);
    newest.map(|call| call.call.name()).find(is_meant)
}

/// Whether a segment with these flags has come to the end just now.
fn arrived(scene: &Scene<'_>, end: &DiagramEnd, what: &str) -> bool {
    let named = what.split([' ', ',']).filter(|word| Flags::from_names([*word]).is_ok());
    let Ok(flags) = Flags::from_names(named) else { return false };
    let (local, remote) = end.addresses;
    let newest = scene.view.segments().take(SEEN_LAST).filter(|segment| scene.is_fresh(segment.changed));
    { newest }.any(|one| {
        matches!(one.fate, Fate::Delivered | Fate::Passing)
            && Some(one.segment.to) == local
            && remote.is_none_or(|remote| one.segment.from == remote)
            && one.segment.tcp().is_some_and(|tcp| tcp.flags.has(flags))
    })
}
