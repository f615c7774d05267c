//! A side's pane: its calls from the top, the newest last; its sockets, as the kernel has them, from the bottom.
//!
//! ```text
//! │✓ listen(4, 8)              = 0 C│
//! │▸ accept(4)        blocks 00:14 K│
//! │                                 │
//! │fd 4  ■ LISTEN       queue 0/8  K│
//! │      :8000                      │
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::fold;
use super::shorter::shorter;
use crate::explain::waited_fds;
use crate::i18n::excerpt;
use crate::i18n::fill;
use crate::i18n::width as display_width;
use crate::model::{
    Actor, Argument, Call, CallName, CallView, MessageFlags, Moment, Outcome, ProgramCall, Returned, Role, Side,
    SocketFacts, SocketFlags, SocketState, SocketView, listed, ready_text, status_text,
};
use crate::tcp::State;
use crate::tui::scene::{Scene, holder, letter, minutes, put, reversed, shape, spread};
use crate::tui::wrap::cut;

/// With less room than so many columns nothing of a long call stands beside what came of it.
const LEAST_REST: usize = 4;

/// How much of a socket is shown, the most first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Addresses,
    Facts,
    State,
}

pub(super) fn draw(buf: &mut Buffer, area: Rect, scene: &Scene<'_>, side: Side) {
    let actor = scene.app.shown_actor(side);
    let block = scene.block(title(scene, actor, usize::from(area.width)), scene.app.place.actor == Some(actor));
    let inner = block.inner(area);
    block.render(area, buf);
    let width = usize::from(inner.width);
    let rows = usize::from(inner.height);
    let mut shown = visible_sockets(scene, actor);
    // There is no room for more than a line of each: those before are only counted.
    let before = shown.len().saturating_sub(rows);
    shown.drain(..before);
    let wanted = scene.view.call_count(actor).min(4);
    let build = |detail: Detail| -> Vec<Line<'static>> {
        shown.iter().flat_map(|socket| socket_lines(scene, socket, actor, width, detail)).collect()
    };
    let mut sockets = build(Detail::Addresses);
    for detail in [Detail::Facts, Detail::State] {
        if sockets.len() + wanted > rows {
            sockets = build(detail);
        }
    }
    // At least half of the pane is the calls'; of too many sockets the newest stay.
    let room = rows.saturating_sub(wanted.min(rows / 2));
    if before > 0 || sockets.len() > room {
        let hidden = sockets.len() - room.saturating_sub(1);
        let n = (before + hidden).to_string();
        let more = fill(&scene.texts.side.more, &[("n", &n)]);
        sockets.splice(..hidden, [Line::styled(more, scene.theme.dim.0)]);
    }
    let call_rows = rows - sockets.len().min(rows);
    put(buf, Rect { height: call_rows as u16, ..inner }, call_block(scene, actor, width, call_rows));
    let y = inner.y + call_rows as u16;
    put(buf, Rect { y, height: sockets.len() as u16, ..inner }, sockets);
}

fn title(scene: &Scene<'_>, actor: Actor, width: usize) -> Line<'static> {
    let t = &scene.texts.side;
    let side = actor.side;
    let part = match side {
        Side::Server => &t.server,
        Side::Client => &t.client,
    };
    let own = || scene.view.living().filter(|socket| socket.facts.is_of(actor));
    // One that has done nothing yet may play either part.
    let plays = scene.view.call_count(actor) > 0 || own().next().is_some();
    let name = match scene.view.program(actor).filter(|_| plays).map(|program| &program.role) {
        // It may have renamed itself since it came.
        Some(Role::Runs(came)) => {
            let present =
                own().filter(|socket| socket.facts.fd.is_some()).find_map(|socket| socket.facts.program.as_ref());
            format!("{part} {}", excerpt(present.unwrap_or(came).as_bytes(), 15))
        }
        _ => scene.view.known_as(actor).name(part),
    };
    let mut spans = vec![Span::styled(format!(" {} {name} ", shape(side)), scene.theme.side(side).bold())];
    // Of a connection that is looked at alone, its own end's.
    let of_one = scene.app.place.only.and_then(|only| {
        let ends = scene.view.sockets_of(only).filter(|socket| socket.facts.is_of(actor));
        ends.last().and_then(|socket| socket.facts.local)
    });
    let local = of_one.or_else(|| own().find_map(|socket| socket.facts.local));
    let texts = local.map(|addr| [format!("{addr} "), format!("{} ", scene.short(addr))]);
    let room = width.saturating_sub(spans[0].width() + 2);
    let fits = texts.into_iter().flatten().find(|text| display_width(text) <= room);
    spans.extend(fits.map(|text| Span::styled(text, scene.theme.dim.0)));
    Line::from(spans)
}

/// The sockets that the kernel still has, and those that have just gone.
fn visible_sockets<'a>(scene: &Scene<'a>, actor: Actor) -> Vec<SocketView<'a>> {
    let sockets = scene.view.sockets_since(scene.fresh_from).into_iter();
    sockets.filter(|socket| socket.facts.is_of(actor) && is_shown(scene, socket)).collect()
}

/// Where one connection is shown alone: whether it is the socket's, or the socket is none of any connection.
fn is_shown(scene: &Scene<'_>, socket: &SocketView<'_>) -> bool {
    scene.app.place.only.is_none_or(|only| socket.facts.connection().is_none_or(|own| own == only))
}

fn call_block(scene: &Scene<'_>, actor: Actor, width: usize, rows: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'static>> = Vec::new();
    let count = scene.view.call_count(actor);
    let (mut shown, mut newer) = (0, Moment::MAX);
    for row in fold::rows(scene.view.calls(actor), scene.app.place.unfolded) {
        let (newest, oldest) = row.ends();
        let (mut block, of) = match row {
            fold::CallRow::Call(call) => (call_lines(scene, &call, width), 1),
            fold::CallRow::Waits(call, beneath) => (waiting_lines(scene, &call, &beneath, width), 1 + beneath.len()),
            fold::CallRow::Folded(folded) => {
                let text = cut(&format!("⋯ {}", fold::names(&folded, scene.app.lang())), width);
                (vec![Line::styled(text, scene.theme.dim.0)], folded.len())
            }
        };
        if shown == 0 && scene.view.calls(actor).next().is_some_and(|call| comes_again(scene, &call)) {
            block.push(Line::styled(format!("  {}", scene.texts.side.interrupted), scene.theme.waits.0));
        }
        // Below the last call of a process that was killed.
        if scene.view.killed_between(actor, newest, newer) {
            block.push(Line::styled(format!("  {}", scene.texts.side.killed), scene.theme.bad.0));
        }
        let hint = usize::from(shown + of < count);
        if lines.len() + block.len() + hint > rows {
            break;
        }
        (shown, newer) = (shown + of, oldest);
        block.reverse();
        lines.extend(block);
    }
    if shown < count && lines.len() < rows {
        let n = (count - shown).to_string();
        lines.push(Line::styled(fill(&scene.texts.side.earlier, &[("n", &n)]), scene.theme.dim.0));
    }
    lines.reverse();
    if count == 0 && rows > 0 {
        lines.push(Line::styled(scene.texts.side.nothing.clone(), scene.theme.dim.0));
    }
    lines
}

/// A call that waits for several descriptors: for which sockets.
fn waiting_lines(scene: &Scene<'_>, call: &CallView<'_>, beneath: &[CallView<'_>], width: usize) -> Vec<Line<'static>> {
    let fds = waited_fds(call).unwrap_or_default();
    let more = if beneath.is_empty() { "" } else { " ⋯" };
    let list = |named: usize| {
        let mut list: Vec<String> = fds.iter().take(named).map(|fd| format!("fd {fd}")).collect();
        if fds.len() > named {
            list.push(format!("+{}", fds.len() - named));
        }
        list.join(" ")
    };
    let long = fill(&scene.texts.side.waits_for, &[("fds", list(3)), ("call", call.called().to_owned())]);
    let short = format!("{}: {}", call.called(), list(1));
    lines_of(scene, call, [long, short].map(|text| format!("{text}{more}")), width)
}

/// A call in one line, or in two where it is too long for one.
fn call_lines(scene: &Scene<'_>, call: &CallView<'_>, width: usize) -> Vec<Line<'static>> {
    lines_of(scene, call, [true, false].map(|full| view_text(scene, call, full)), width)
}

/// A call that is written in this long or this short form.
fn lines_of(scene: &Scene<'_>, call: &CallView<'_>, [long, short]: [String; 2], width: usize) -> Vec<Line<'static>> {
    let theme = scene.theme;
    let fresh = scene.is_fresh(call.changed);
    let (mark, mark_style) = match call.outcome {
        None if call.abandoned => ("†", theme.bad.0),
        None if call.stands => ("‖", theme.waits.0),
        None => ("▸", theme.waits.0),
        Some(Ok(_)) => ("✓", theme.good.0),
        Some(Err(_)) => ("✗", theme.bad.0),
    };
    let text_style = if fresh || call.outcome.is_none() { theme.fresh.0 } else { theme.text.0 };
    let (result, result_style, source) = result(scene, call);
    let result_style = if fresh { theme.fresh.0 } else { result_style };
    let right = |text: String| vec![Span::styled(text, result_style), Span::styled(format!(" {source}"), theme.dim.0)];
    // A further thread goes by its number, or by its connection's descriptor.
    let who = if call.caller.is_main() { String::new() } else { format!("#{} ", call.caller.worker) };
    let taken = display_width(&who);
    let left = |text: String| {
        vec![
            Span::styled(format!("{mark} "), mark_style),
            Span::styled(who.clone(), theme.dim.0),
            Span::styled(text, text_style),
        ]
    };
    let needed = display_width(&result) + 2 + 1 + 2 + taken;
    for text in [&long, &short] {
        if display_width(text) + needed <= width {
            return vec![spread(left(text.clone()), right(result), width)];
        }
    }
    let result = cut(&result, width.saturating_sub(4));
    let beside = width.saturating_sub(display_width(&result) + 5);
    let [text, rest] = in_two(&short, [width.saturating_sub(2 + taken), beside]);
    let rest = if rest.is_empty() { Vec::new() } else { vec![Span::styled(format!("  {rest}"), text_style)] };
    vec![Line::from(left(text)), spread(rest, right(result), width)]
}

/// A text in one line of the first of these widths, or, where it is too long, in two: broken at a comma, where what comes behind it has
/// room in the second one, else wherever the first one is full. What has no room there either is cut.
fn in_two(text: &str, [first, second]: [usize; 2]) -> [String; 2] {
    if display_width(text) <= first {
        return [text.to_owned(), String::new()];
    }
    let fits = |at: &usize| display_width(&text[..*at]) <= first && display_width(text[*at..].trim_start()) <= second;
    let comma = text.match_indices(',').map(|(at, _)| at + 1).rfind(fits);
    let full =
        || text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| display_width(&text[..*at]) <= first);
    let at = comma.or_else(|| full().last()).filter(|_| second >= LEAST_REST);
    match at {
        Some(at) => [text[..at].to_owned(), cut(text[at..].trim_start(), second)],
        None => [cut(text, first), String::new()],
    }
}

/// What came of a call, or that it blocks; with its source.
fn result(scene: &Scene<'_>, call: &CallView<'_>) -> (String, Style, &'static str) {
    let theme = scene.theme;
    let t = &scene.texts.side;
    match call.outcome {
        Some(outcome) => {
            let text = outcome_text(call.own, outcome);
            (text, if outcome.is_ok() { theme.text.0 } else { theme.bad.0 }, "C")
        }
        None if call.blocked => {
            // Whole seconds of one clock: all counters of the screen move together.
            let since = std::time::Duration::from_secs(scene.clock.as_secs().saturating_sub(call.since.as_secs()));
            (fill(&t.blocks, &[("clock", &minutes(since))]), theme.waits.0, "K")
        }
        None if call.never_made => (t.never_made.clone(), theme.bad.0, "="),
        None if call.abandoned => (t.ended.clone(), theme.bad.0, "="),
        None if call.stands => (t.stands.clone(), theme.waits.0, "="),
        None => (t.running.clone(), theme.waits.0, "C"),
    }
}

/// Whether this call was interrupted and the key that goes on makes it again.
fn comes_again(scene: &Scene<'_>, call: &CallView<'_>) -> bool {
    let interrupted = matches!(call.outcome, Some(Err(errno)) if errno.name() == Some("EINTR"));
    interrupted && !scene.app.in_past() && scene.app.walk().interrupted().contains(&call.caller.actor.side)
}

/// What came of a call: the value, and what else the kernel told.
pub(super) fn outcome_text(call: &Call, outcome: &Outcome) -> String {
    match outcome {
        Ok(Returned { option: Some(value), .. }) => format!("= 0 ({value})"),
        Ok(Returned { told: Some(value), .. }) => format!("= 0 ({value})"),
        Ok(returned) if matches!(call, Call::GetStatus { .. }) => {
            format!("= {} ({})", returned.value, status_text(returned.value))
        }
        Ok(returned) if !returned.addresses.is_empty() => format!("= 0 ({})", listed(&returned.addresses)),
        Ok(returned) if !returned.revents.is_empty() => {
            format!("= {} ({})", returned.value, ready_text(call.name(), &returned.revents))
        }
        Ok(Returned { value: 0, peer: Some(address), data, .. }) if data.is_empty() => format!("= 0 ({address})"),
        Ok(returned) if returned.data.is_empty() => format!("= {}", returned.value),
        Ok(returned) => match call {
            Call::Transfer(transfer) if transfer.name == CallName::RecvMsg => {
                format!("= {} {}", returned.value, buffers(&transfer.parts(&returned.data), 12, ", "))
            }
            _ => format!("= {} \"{}\"", returned.value, excerpt(&returned.data, 12)),
        },
        Err(errno) => format!("= {} {errno}", errno.value()),
    }
}

/// What the buffers of a call hold, of each as much as fits.
fn buffers(parts: &[&[u8]], most: usize, between: &str) -> String {
    let parts = parts.iter().map(|part| format!("\"{}\"", excerpt(part, most)));
    format!("{{{}}}", parts.collect::<Vec<_>>().join(between))
}

/// A call of the view: of a program's, as the program made it.
pub(super) fn view_text(scene: &Scene<'_>, call: &CallView<'_>, full: bool) -> String {
    match call.made {
        None => call_text(scene, call.own, full),
        // `ioctl(3, FIONBIO, [1])` does what a `fcntl()` does that has other arguments.
        Some(made)
            if !full && made.like.is_some() && !(made.name == "ioctl" && call.call.name() == CallName::Fcntl) =>
        {
            // Under the name that the program has called, what matters of its arguments.
            let like = call_text(scene, call.call, false);
            let arguments = like.split_once('(').map_or("", |(_, arguments)| arguments);
            format!("{}({arguments}", made.name)
        }
        Some(made) if !full && made.name.ends_with("sockopt") => shorter(&option_call(made, call.outcome)),
        Some(_) => shorter(&call.as_made().unwrap_or_default()),
    }
}

/// A program's call that asks for an option or sets it, without what the option's name and its value tell already.
fn option_call(made: &ProgramCall, outcome: Option<&Outcome>) -> String {
    let filled = outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| &returned.filled);
    let arguments = filled.filter(|filled| !filled.is_empty()).unwrap_or(&made.arguments);
    match &arguments[..] {
        [fd, _, option, value, _] => format!("{}({fd},{option},{value})", made.name),
        others => format!("{}({})", made.name, others.join(", ")),
    }
}

/// The call as it is written in C, with the real descriptor. The short form leaves out the server's IP address, and what a narrow pane would cut of `O_NONBLOCK`.
pub(super) fn call_text(scene: &Scene<'_>, call: &Call, full: bool) -> String {
    let datagram = matches!(call, Call::SendTo { .. });
    call.written(if full { ", " } else { "," }, |argument| {
        Some(match argument {
            // What is always so, and what the next argument tells.
            Argument::Family { .. } | Argument::Type { udp: false, flags: SocketFlags(0) } | Argument::Protocol => {
                return None;
            }
            Argument::Length(_) | Argument::Flags { usual: true, .. } => return None,
            Argument::Flags { flags: MessageFlags::NONE, .. } if !full => return None,
            Argument::Buffer | Argument::Peer | Argument::ValueRoom | Argument::List => return None,
            Argument::Flags { flags, .. } if !full => flags.to_string().replace("MSG_", ""),
            Argument::Address(addr) if !full || datagram => scene.short(*addr),
            // The data is on the wire too; whom it is for stands nowhere else.
            Argument::Data(_) if !full && datagram => "…".to_owned(),
            Argument::Data(data) => format!("\"{}\"", excerpt(data, if full { 16 } else { 6 })),
            Argument::Buffers(transfer) => {
                let (most, between) = if full { (16, ", ") } else { (6, ",") };
                buffers(&transfer.parts(transfer.data()), most, between)
            }
            Argument::Polled(polled) if !full => polled.to_string().replace("POLL", ""),
            Argument::Operation(op) if !full => op.name().replace("EPOLL_CTL_", ""),
            Argument::Events(events) if !full => events.to_string().replace("EPOLL", ""),
            Argument::NewFlags(SocketFlags(0)) if !full => return None,
            Argument::Type { flags, .. } | Argument::NewFlags(flags) if !full => flags.to_string().replace("SOCK_", ""),
            Argument::Command if !full => return None,
            Argument::Status { nonblocking: true } if !full => "NONBLOCK".to_owned(),
            other => other.to_string(),
        })
    })
}

fn socket_lines(
    scene: &Scene<'_>,
    socket: &SocketView<'_>,
    actor: Actor,
    width: usize,
    detail: Detail,
) -> Vec<Line<'static>> {
    let theme = scene.theme;
    // The name makes room for the state, and for what stands around both.
    let room = width.saturating_sub(display_width(socket.state.name()) + 5);
    let side = actor.side;
    // Where the others that have it too would have no room, the pane's own shape makes them some.
    let whole = holder(scene, socket, Some(actor), 8, 4);
    let taken = display_width(&whole);
    let shaped = taken <= room.clamp(4, 8) || taken + display_width(socket.state.name()) + 3 > width;
    let holder = if shaped { holder(scene, socket, Some(actor), room.clamp(2, 8), 4) } else { whole };
    let style = theme.side(side).bold();
    let style = if scene.is_fresh(socket.state_since) { reversed(style) } else { style };
    let left = vec![
        Span::styled(format!("{holder} "), theme.text.0),
        Span::styled(if shaped { shape(side) } else { "" }, theme.side(side)),
        Span::styled(format!("{}{} ", if shaped { " " } else { "" }, socket.state), style),
    ];
    let queues = queues(scene, socket);
    let mark = Span::styled(letter(socket.source), theme.dim.0);
    let news = if scene.is_fresh(socket.changed) { theme.fresh.0 } else { theme.text.0 };
    let used: usize = left.iter().map(Span::width).sum();
    let one_line = used + 1 + display_width(&queues) + 2 <= width;
    let right = if one_line { vec![Span::styled(queues.clone(), news), Span::raw(" "), mark] } else { vec![mark] };
    let mut lines = vec![spread(left, right, width)];
    if detail == Detail::State {
        return lines;
    }
    let queues = Some(queues).filter(|queues| !one_line && !queues.is_empty());
    let addresses = Some(addresses(scene, socket.facts))
        .filter(|text| detail == Detail::Addresses && !socket.gone && !text.is_empty());
    let indent = |text: String, style| Line::from(vec![Span::raw("     "), Span::styled(text, style)]);
    let room = width.saturating_sub(5);
    match (addresses, queues) {
        (Some(a), Some(q)) if display_width(&a) + 2 + display_width(&q) <= room => {
            lines.push(Line::from(vec![Span::styled(format!("     {a}  "), theme.dim.0), Span::styled(q, news)]))
        }
        (a, q) => {
            // Two long addresses stand one below the other.
            let a = a.map(|text| match text.split_once(" ↔ ") {
                Some((local, remote)) if display_width(&text) > room => vec![local.to_owned(), format!("↔ {remote}")],
                _ => vec![text],
            });
            lines.extend(a.into_iter().flatten().map(|text| indent(cut(&text, room), theme.dim.0)));
            lines.extend(q.map(|text| indent(cut(&text, room), news)));
        }
    }
    lines.extend(scene.timer(socket, room).map(|text| indent(cut(&text, room), theme.waits.0)));
    lines
}

fn queues(scene: &Scene<'_>, socket: &SocketView<'_>) -> String {
    let t = &scene.texts.side;
    let (recv, send) = (socket.facts.recv_queue.to_string(), socket.facts.send_queue.to_string());
    match socket.state {
        _ if socket.gone => String::new(),
        SocketState::Unconnected | SocketState::Connected if socket.facts.recv_queue > 0 => {
            fill(if socket.facts.counts_memory { &t.datagrams } else { &t.datagram }, &[("n", &recv)])
        }
        SocketState::Unconnected | SocketState::Connected | SocketState::Gone => String::new(),
        SocketState::Tcp(State::Listen) => fill(&t.accept_queue, &[("n", &recv), ("of", &send)]),
        SocketState::Tcp(State::Closed | State::SynRecv | State::TimeWait) => String::new(),
        _ => fill(&t.queues, &[("recv", &recv), ("send", &send)]),
    }
}

/// The addresses of a socket and of its peer, as far as it has them.
pub(super) fn addresses(scene: &Scene<'_>, facts: &SocketFacts) -> String {
    match (facts.local, facts.remote) {
        (Some(local), Some(remote)) => format!("{} ↔ {}", scene.short(local), scene.short(remote)),
        (Some(local), None) => scene.short(local),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_call_goes_on_beside_what_came_of_it() {
        let parts = |text: &str, room| in_two(text, room);
        // At a comma, where all of the rest has room.
        assert_eq!(parts("setsockopt(3,SO_REUSEADDR,1)", [19, 16]), ["setsockopt(3,", "SO_REUSEADDR,1)"]);
        assert_eq!(parts("poll([{fd=3, revents=POLLIN}], 1)", [20, 24]), ["poll([{fd=3,", "revents=POLLIN}], 1)"]);
        // Else wherever the line is full, and what is too long for both is cut.
        assert_eq!(parts("setsockopt(3,SO_REUSEADDR,1)", [19, 12]), ["setsockopt(3,SO_REU", "SEADDR,1)"]);
        assert_eq!(parts("setsockopt(3,SO_REUSEADDR,1)", [19, 6]), ["setsockopt(3,SO_REU", "SEADD…"]);
        // With no room beside it, it is cut as one line.
        assert_eq!(parts("setsockopt(3,SO_REUSEADDR,1)", [19, 3]), ["setsockopt(3,SO_RE…", ""]);
        // What has room in the first line stands there whole.
        assert_eq!(parts("bind(3,:8000)", [13, 16]), ["bind(3,:8000)", ""]);
        assert_eq!(parts("", [19, 3]), ["", ""]);
        // Wide characters are not halved.
        assert_eq!(parts("send(3,\"中文中文中文\")", [11, 9]), ["send(3,\"中", "文中文中…"]);
    }

    #[test]
    fn an_option_stands_without_its_level_and_its_length() {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let arguments = texts(&["3", "IPPROTO_TCP", "TCP_CONGESTION", "…", "[16]"]);
        let made = ProgramCall { name: "getsockopt".into(), arguments, ..ProgramCall::default() };
        assert_eq!(option_call(&made, None), "getsockopt(3,TCP_CONGESTION,…)");
        let filled = texts(&["3", "IPPROTO_TCP", "TCP_CONGESTION", "\"reno\"", "[16]"]);
        let outcome = Ok(Returned { filled, ..Returned::default() });
        assert_eq!(option_call(&made, Some(&outcome)), "getsockopt(3,TCP_CONGESTION,\"reno\")");
    }
}
