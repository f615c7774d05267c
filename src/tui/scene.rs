//! What all panes draw from: one moment of the walk, the words and styles, and small things that several panes share.

use std::cell::OnceCell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};

use super::app::App;
use super::paint::Pane;
pub(super) use super::paint::{more_below, put, write};
use super::programs;
use super::texts::InterfaceTexts;
use super::wrap::cut;
use crate::explain::NextFiring;
use crate::i18n::width as display_width;
use crate::i18n::{escape, fill};
use crate::lesson::Lesson;
use crate::model::{
    Actor, Call, CallView, Connection, ForwardingRules, Mode, Moment, SHARED_RTO_MIN_MS, SegmentId, Setting, Side,
    SocketOption, SocketView, Source, TRIES, Timer, TimerKind, View, lab_number,
};
use crate::tcp::{Packet, State};
use crate::theme::Theme;

/// One moment, ready to be drawn.
pub(super) struct Scene<'a> {
    pub(super) app: &'a App,
    pub(super) view: View<'a>,
    pub(super) texts: &'a InterfaceTexts,
    pub(super) theme: &'a Theme,
    /// The time on the screen.
    pub(super) clock: Duration,
    /// What changed at or after this entry is news.
    pub(super) fresh_from: Moment,
    meant: OnceCell<Option<SegmentId>>,
}

impl<'a> Scene<'a> {
    pub(super) fn new(app: &'a App) -> Scene<'a> {
        let view = app.view();
        Scene {
            app,
            view,
            texts: app.texts(),
            theme: &app.look.theme,
            clock: app.clock(),
            fresh_from: programs::fresh_from(app),
            meant: OnceCell::new(),
        }
    }

    /// An actor's mark: its side's, and its number where it isn't the first.
    pub(super) fn mark(&self, actor: Actor) -> String {
        let known = self.view.known_as(actor);
        if known.is_first() { shape(known.side).to_owned() } else { format!("{}{}", shape(known.side), known.nth) }
    }

    /// As [`App::meant_held`]; found once for all that is drawn.
    pub(super) fn meant(&self) -> Option<SegmentId> {
        *self.meant.get_or_init(|| self.app.meant_held())
    }

    pub(super) fn is_fresh(&self, changed: Moment) -> bool {
        changed >= self.fresh_from && self.view.moment() > 0
    }

    /// The frame of a pane. Drawn by the place inside it; looks different in the past.
    pub(super) fn block(&self, title: Line<'a>, focus: bool) -> Pane<'a> {
        let block = Pane::new(title);
        if self.app.in_past() {
            let dashed = if focus { border::HEAVY_DOUBLE_DASHED } else { border::LIGHT_DOUBLE_DASHED };
            return block.border(dashed).border_style(self.theme.border_past.0);
        }
        if focus {
            return block.border(border::THICK).border_style(self.theme.border_focus.0);
        }
        block.border_style(self.theme.border.0)
    }

    pub(super) fn title(&self, text: &str) -> Line<'a> {
        Line::from(Span::styled(format!(" {text} "), self.theme.title.0))
    }

    /// Which side sent a segment; where neither end is known, the server is the one at the lesson's port, and of other ports the one
    /// that was spoken to first: a socket may be gone before the kernel was asked for it.
    pub(super) fn sender(&self, segment: &Packet) -> Side {
        let walk = self.app.walk();
        let known = |address| walk.trace().side_of(address);
        // Where no socket has the address, the other end's kernel answers for a port that nobody has.
        if let Some(side) = known(segment.from).or_else(|| known(segment.to).map(Side::other)) {
            return side;
        }
        let port = walk.server().port();
        let is_server = match (segment.from.port() == port, segment.to.port() == port) {
            (false, false) => {
                walk.trace().first_sender(Connection::of(segment)).is_some_and(|first| first != segment.from)
            }
            (from, _) => from,
        };
        if is_server { Side::Server } else { Side::Client }
    }

    /// Which side a segment goes to: the other one, but where one side has both ends (a socket that is connected to itself,
    /// or to another socket of its side).
    pub(super) fn receiver(&self, segment: &Packet) -> Side {
        let sender = self.sender(segment);
        self.app.walk().trace().side_of(segment.to).unwrap_or(sender.other())
    }

    /// An address in short: the IP address of the walk's server left out, so that any other one stands out; `*` for any
    /// address of its family, as in `ss(8)`.
    pub(super) fn short(&self, addr: SocketAddr) -> String {
        short(addr, self.app.walk().server().ip())
    }

    /// What the running timer of a socket says, at length where the room allows it; `None` where none runs.
    pub(super) fn timer(&self, socket: &SocketView<'_>, room: usize) -> Option<String> {
        let timer = socket.facts.timer.filter(|_| !socket.gone)?;
        let t = &self.texts.timer;
        let left = timer.fires_at.saturating_sub(self.clock);
        let seconds = seconds(left);
        let fired = timer.fired.to_string();
        let due = left.is_zero();
        let texts = match timer.kind {
            TimerKind::Retransmit if due => match self.next_firing(socket) {
                Some(NextFiring::End | NextFiring::Either) => [&t.due, &t.due],
                _ => [&t.retransmit_due, &t.due],
            },
            TimerKind::Retransmit => self.resending(socket, timer),
            _ if due => [&t.due, &t.due],
            // Where the time is longer than TIME_WAIT's, the whole socket stays for what is above that, and what is left of it then for
            // the rest (`tcp_fin_time()`).
            TimerKind::FinWait2 if socket.facts.info.is_some() => [&t.fin_wait_orphan, &t.timer_short],
            TimerKind::FinWait2 => [&t.fin_wait, &t.ends_short],
            // Recordings of before have the kernel's name for it.
            TimerKind::Keepalive if socket.state == State::FinWait2 => match (socket.facts.fd, &socket.facts.program) {
                (Some(_), _) => self.asking(socket, timer),
                (None, Some(_)) => [&t.fin_wait_or_keepalive, &t.timer_short],
                (None, None) => [&t.fin_wait_orphan, &t.timer_short],
            },
            TimerKind::TimeWait if socket.state == State::FinWait2 => [&t.fin_wait, &t.ends_short],
            TimerKind::TimeWait => [&t.time_wait, &t.ends_short],
            TimerKind::Keepalive | TimerKind::Probe => self.asking(socket, timer),
        };
        let note = self.lab_decides(socket, timer);
        // The first sending is one too: `fired` counts only the repetitions.
        let sent = if timer.kind == TimerKind::Retransmit { (u32::from(timer.fired) + 1).to_string() } else { fired };
        let said = |text: &str| fill(text, &[("s", &seconds), ("n", &sent)]);
        let [long, short] = texts.map(|text| said(text));
        let in_room = |text: &String| display_width(text) <= room;
        let fits = match note {
            // Its short form has Linux's number too, which the long one has in its note only.
            Some(note) if socket.state == State::FinWait2 && self.setting(FIN_TIMEOUT).is_none() => {
                [Some(format!("{long}{note}")), Some(said(&t.ends_short_lab))]
            }
            note => [note.map(|note| format!("{long}{note}")), Some(long)],
        };
        Some(fits.into_iter().flatten().find(in_room).unwrap_or(short))
    }

    /// What is said of a timer whose time is a setting of the lab's, beside Linux's own.
    fn lab_decides(&self, socket: &SocketView<'_>, timer: Timer) -> Option<String> {
        let (walk, t) = (self.app.walk(), &self.texts.timer);
        if walk.mode() != Mode::Lab {
            return None;
        }
        match timer.kind {
            // A SYN's first timeout is the same everywhere: one second (RFC 6298).
            TimerKind::Retransmit if !matches!(socket.state.tcp(), Some(State::SynSent | State::SynRecv)) => {
                self.lab_rto()
            }
            TimerKind::FinWait2 | TimerKind::Keepalive | TimerKind::TimeWait if socket.state == State::FinWait2 => {
                let orphaned = socket.facts.side.is_some() && socket.facts.fd.is_none();
                let note = || match self.setting(FIN_TIMEOUT) {
                    // The kernel keeps it for 3.5 timeouts at least (`tcp_fin_time()`), and the lab's are long.
                    Some(chosen) => fill(&t.chosen_fin, &[("n", &chosen)]),
                    None => t.lab_fin.clone(),
                };
                (orphaned && !self.chose_fin_timeout(socket)).then(note)
            }
            _ => None,
        }
    }

    /// What is said beside a retransmission timeout whose least is a setting of the lab's.
    fn lab_rto(&self) -> Option<String> {
        let walk = self.app.walk();
        let passing = self.view.passing().filter(|_| walk.lesson().is_none());
        let least = passing.map_or_else(|| least_rto(walk.lesson()), ForwardingRules::rto_min_ms)?;
        let least = seconds(Duration::from_millis(least.into()));
        Some(fill(&self.texts.timer.lab_rto, &[("s", &least)]))
    }

    /// What is said of a connection's retransmission timeout where no timer runs that says it, and the lab decides it.
    pub(super) fn rto_note(&self, socket: &SocketView<'_>) -> Option<String> {
        let runs = socket.facts.timer.is_some_and(|timer| timer.kind == TimerKind::Retransmit);
        let opens = matches!(socket.state.tcp(), Some(State::SynSent | State::SynRecv));
        if runs || opens || self.app.walk().mode() != Mode::Lab { None } else { self.lab_rto() }
    }

    /// How often at most the kernel sends again before it gives up, where the lab decides that, beside Linux's own number.
    pub(super) fn tries(&self, socket: &SocketView<'_>) -> Option<String> {
        let (most, stock) = self.most_tries(socket)?;
        (most != stock).then(|| fill(&self.texts.timer.lab_tries, &[("n", &most), ("stock", &stock)]))
    }

    /// How often at most the kernel of a lab sends again what a socket's retransmission timer is about, and Linux's own number.
    fn most_tries(&self, socket: &SocketView<'_>) -> Option<(i64, i64)> {
        let runs = socket.facts.timer.is_some_and(|timer| timer.kind == TimerKind::Retransmit) && !socket.gone;
        if !runs || self.app.walk().mode() != Mode::Lab || self.chose_tries(socket) {
            return None;
        }
        let setting = NextFiring::limit_of(socket);
        let (_, _, stock) = TRIES.into_iter().find(|(name, ..)| *name == setting)?;
        Some((NextFiring::most_tries(socket, |name| self.setting(name))?, stock))
    }

    /// The number of a setting of the lab's kernel below `net.ipv4`; `None` of the machine's own, and of those that no timer needs.
    pub(super) fn setting(&self, name: &str) -> Option<i64> {
        let walk = self.app.walk();
        let of_lesson = || match walk.lesson()?.lab.sysctl.get(name)? {
            Setting::Numbers(numbers) => numbers.first().copied(),
            Setting::Name(_) => None,
        };
        let told = self.view.number_now(name).or_else(of_lesson).or_else(|| lab_number(name));
        told.filter(|_| walk.mode() == Mode::Lab)
    }

    /// What a socket's timer does next.
    fn next_firing(&self, socket: &SocketView<'_>) -> Option<NextFiring> {
        NextFiring::of(&self.view, socket, |name| self.setting(name))
    }

    /// What is said of a retransmission timer: what its next firing does.
    fn resending(&self, socket: &SocketView<'_>, timer: Timer) -> [&String; 2] {
        let t = &self.texts.timer;
        match self.next_firing(socket) {
            Some(NextFiring::End) => [&t.retransmit_end, &t.gives_up_short],
            Some(NextFiring::Either) => [&t.retransmit_last, &t.retransmit_short],
            _ if timer.fired == 0 => [&t.retransmit, &t.retransmit_short],
            _ => [&t.retransmit_sent, &t.retransmit_short],
        }
    }

    /// What is said of a timer by which the kernel asks whether the other end is there, or for its window: what its next firing does.
    fn asking(&self, socket: &SocketView<'_>, timer: Timer) -> [&String; 2] {
        let t = &self.texts.timer;
        match (timer.kind, self.next_firing(socket)) {
            (TimerKind::Probe, Some(NextFiring::End)) => [&t.probe_last, &t.gives_up_short],
            (TimerKind::Probe, Some(NextFiring::Either)) => [&t.probe_or_last, &t.probe_short],
            (TimerKind::Probe, _) => [&t.probe, &t.probe_short],
            (_, Some(NextFiring::End)) => [&t.keepalive_last, &t.gives_up_short],
            (_, Some(NextFiring::Either)) => [&t.keepalive_or_last, &t.keepalive_short],
            (_, Some(NextFiring::Wait)) => [&t.keepalive_wait, &t.timer_short],
            (_, Some(NextFiring::Probe)) if timer.fired > 0 => [&t.keepalive_again, &t.keepalive_short],
            (_, Some(NextFiring::Probe)) => [&t.keepalive_probe, &t.keepalive_short],
            (_, None) => [&t.keepalive, &t.keepalive_short],
        }
    }

    /// Whether the side itself set when its kernel gives up (TCP_SYNCNT, TCP_USER_TIMEOUT of `tcp(7)`).
    fn chose_tries(&self, socket: &SocketView<'_>) -> bool {
        self.chose(socket, &[SocketOption::SYN_COUNT, SocketOption::USER_TIMEOUT])
    }

    /// Whether the side itself set how long the socket stays in FIN_WAIT2 (TCP_LINGER2 of `tcp(7)`).
    fn chose_fin_timeout(&self, socket: &SocketView<'_>) -> bool {
        self.chose(socket, &[SocketOption::LINGER2])
    }

    /// Whether a socket's side set one of these options of it.
    fn chose(&self, socket: &SocketView<'_>, wanted: &[SocketOption]) -> bool {
        let Some(actor) = socket.facts.actor() else { return false };
        let its = |call: &CallView<'_>, fd: i32| {
            let then = self.view.trace().at(call.entered);
            then.socket(socket.facts.cookie).is_some_and(|then| then.facts.is_open_as(call.caller.actor, fd))
        };
        let family = self.view.family(actor).into_iter();
        family.flat_map(|actor| self.view.calls(actor)).any(|call| match call.call {
            Call::SetOption { fd, option, .. } => wanted.contains(option) && its(&call, *fd),
            _ => false,
        })
    }
}

/// For how long FIN_WAIT2 lasts without a program.
const FIN_TIMEOUT: &str = "tcp_fin_timeout";

/// The shortest retransmission timeout that the lab sets, in milliseconds: a lesson's own, or a shared lab's.
fn least_rto(lesson: Option<&Lesson>) -> Option<u32> {
    lesson.map_or(Some(SHARED_RTO_MIN_MS), |lesson| lesson.lab.rto_min_ms)
}

/// A number of seconds as it is read at a glance: tenths only where it is short.
pub(super) fn seconds(left: Duration) -> String {
    let tenths = left.as_millis().div_ceil(100);
    if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { tenths.div_ceil(10).to_string() }
}

/// Minutes and seconds.
pub(super) fn minutes(time: Duration) -> String {
    format!("{:02}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// The letter of a source, as the legend has it.
pub(super) const fn letter(source: Source) -> &'static str {
    match source {
        Source::Call => "C",
        Source::SockDiag | Source::TcpInfo | Source::PeerName => "K",
        Source::Wire => "W",
        Source::Concluded => "=",
    }
}

/// Who has a socket: the numbers of its descriptors in this actor, with the marks of the other processes that have it too; else the name
/// of the program; in at most `room` columns. Padded to `width`.
pub(super) fn holder(
    scene: &Scene<'_>,
    socket: &SocketView<'_>,
    actor: Option<Actor>,
    room: usize,
    width: usize,
) -> String {
    let fds = actor.filter(|_| !socket.gone).map(|actor| socket.facts.fds_of(actor)).unwrap_or_default();
    let holder = match (fds.split_first(), &socket.facts.program) {
        (Some((fd, also)), _) => {
            let also = also.iter().map(|fd| format!(",{fd}"));
            let others = actor.map(|actor| socket.facts.others_than(actor)).unwrap_or_default();
            let own = format!("fd {fd}{}", also.collect::<String>());
            let marks: String = others.iter().map(|other| format!("+{}", scene.mark(*other))).collect();
            // Where they have no room, that there are others stays.
            let all = own.clone() + &marks;
            let fits = display_width(&all) <= room.max(4);
            if fits { all } else { cut(&(own + if marks.is_empty() { "" } else { "+" }), room.max(4)) }
        }
        (None, Some(program)) => cut(&escape(program), room),
        (None, None) => "–".to_owned(),
    };
    let pad = width.saturating_sub(display_width(&holder));
    holder + &" ".repeat(pad)
}

/// The shape that goes with a side's colour.
pub(super) const fn shape(side: Side) -> &'static str {
    match side {
        Side::Server => "■",
        Side::Client => "●",
    }
}

/// The same style, turned inside out: for what must be seen first.
pub(super) fn reversed(style: Style) -> Style {
    style.add_modifier(Modifier::REVERSED | Modifier::BOLD)
}

fn short(addr: SocketAddr, home: IpAddr) -> String {
    match addr.ip() {
        ip if ip == home => format!(":{}", addr.port()),
        ip if ip.is_unspecified() && ip.is_ipv4() == home.is_ipv4() => format!("*:{}", addr.port()),
        _ => addr.to_string(),
    }
}

/// A line with something at its left and something at its right end.
pub(super) fn spread<'l>(left: Vec<Span<'l>>, right: Vec<Span<'l>>, width: usize) -> Line<'l> {
    let used: usize = left.iter().chain(&right).map(Span::width).sum();
    let mut spans = left;
    spans.push(Span::raw(" ".repeat(width.saturating_sub(used))));
    spans.extend(right);
    Line::from(spans)
}

/// The number of a segment by its place from the newest; `None` where there is none.
pub(super) fn nth_newest(count: usize, n: usize) -> Option<SegmentId> {
    u32::try_from(count.checked_sub(n + 1)?).ok().map(SegmentId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_addresses_look_alike() {
        let addresses =
            ["127.0.0.1:8000", "127.0.0.2:8000", "[::1]:8000", "0.0.0.0:8000", "[::]:8000", "[::ffff:127.0.0.1]:8000"];
        for home in ["127.0.0.1", "::1"] {
            let home: IpAddr = home.parse().unwrap();
            let mut shown: Vec<String> = addresses.iter().map(|text| short(text.parse().unwrap(), home)).collect();
            assert!(shown.contains(&":8000".to_owned()) && shown.contains(&"*:8000".to_owned()), "{shown:?}");
            shown.sort();
            shown.dedup();
            assert_eq!(shown.len(), addresses.len(), "{shown:?}");
        }
    }
}
