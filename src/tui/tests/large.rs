//! The states in large letters: for a room, and wherever they are wanted.

use ratatui::layout::Rect;

use super::made::{self, J, K, Made, client, segment, server};
use super::screens::MOMENTS;
use super::*;
use crate::i18n::testing::zh;
use crate::model::{Event as Happened, Mode, SegmentId, Side, SocketFacts, SocketState, Source, testing};
use crate::tcp::State;
use crate::walk::{self, Free, FreeOptions, Happening, HappeningKind, Purpose, WireAbility};

/// The sizes at which there is room, each with the size of the letters and whether a segment has room too.
const SIZES: [(u16, u16, u16, bool); 6] = [
    (100, 30, 1, false),
    (100, 36, 1, true),
    (120, 40, 1, true),
    (160, 50, 1, true),
    (200, 50, 2, true),
    (220, 60, 2, true),
];

fn large(made: Made, lang: Lang, columns: u16, rows: u16) -> App {
    let mut app = app_of(made, lang, columns, rows);
    app.look.large = Some(true);
    app
}

/// Who looks on, and sees this.
fn watch(events: impl IntoIterator<Item = Happened>, columns: u16, rows: u16) -> App {
    let (lab, wire) = (Some("main".to_owned()), WireAbility::Holds);
    let options = FreeOptions { purpose: Purpose::Watch, server: server(), mode: Mode::Lab, wire, lab, lesson: None };
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::new(options, None).into(), look, columns, rows);
    happen(&mut app, events);
    app
}

fn happen(app: &mut App, events: impl IntoIterator<Item = Happened>) {
    for event in events {
        let at = app.now + secs(0.1);
        update(app, Msg::World(0, vec![Happening { at, what: HappeningKind::Event(event) }]), at);
    }
}

fn names() -> Vec<&'static str> {
    State::ALL.into_iter().map(SocketState::Tcp).chain(SocketState::UDP).map(SocketState::name).collect()
}

/// Where in a pane a text stands in large letters, and nothing else behind it but who says so.
fn find(buffer: &Buffer, pane: Rect, text: &str, scale: u16) -> Option<u16> {
    let inner = Rect::new(pane.x + 1, pane.y + 1, pane.width - 2, pane.height - 2);
    let width = letters::width(text, scale).unwrap();
    let mut wanted = Buffer::empty(Rect::new(0, 0, inner.width, inner.height));
    letters::write(&mut wanted, (0, 0), text, Default::default(), scale);
    let stands_at = |x: u16| {
        let rest = inner.width - x - 1;
        let same = |dx, y| buffer[(inner.x + x + dx, inner.y + y)].symbol() == wanted[(dx, y)].symbol();
        (0..inner.height).all(|y| (0..rest).all(|dx| same(dx, y)))
    };
    (0..inner.width.saturating_sub(width)).find(|x| stands_at(*x))
}

/// The states that the two panes show, each with the column at which it begins.
fn shown(app: &App) -> [Option<(&'static str, u16)>; 2] {
    let (buffer, places) = (screen(app), app.areas().unwrap().large.expect("no room"));
    [places.server, places.client].map(|pane| {
        let found = names().into_iter().filter_map(|name| Some((name, find(&buffer, pane, name, places.scale)?)));
        let found: Vec<_> = found.collect();
        assert!(found.len() < 2, "{found:?}");
        found.first().copied()
    })
}

fn states(app: &App) -> [&'static str; 2] {
    shown(app).map(|shown| shown.map_or("", |(name, _)| name))
}

fn socket(cookie: u64, side: Side, state: impl Into<SocketState>, ends: (u16, u16)) -> Happened {
    let end = |port: u16| (port > 0).then(|| std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    Happened::Socket(testing::socket(cookie, side, Some(3), state, (end(ends.0), end(ends.1))))
}

fn sent(id: u32, from: u16, to: u16, flags: &[&str]) -> [Happened; 2] {
    let end = |port: u16| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let segment = crate::tcp::testing::segment(end(from), end(to), 7, 0, flags, b"");
    [Happened::Sent { id: SegmentId(id), segment, again: None }, Happened::Held(SegmentId(id))]
}

fn gone(cookie: u64) -> Happened {
    Happened::Gone { cookie, source: Source::SockDiag }
}

#[test]
fn every_state_stands_whole_at_the_place_where_all_others_stand() {
    for (columns, rows, scale, segment) in SIZES {
        for lang in Lang::all() {
            let mut begins = std::collections::HashSet::new();
            for state in State::ALL.into_iter().map(SocketState::Tcp).chain(SocketState::UDP) {
                let mut made = Made::new();
                for (cookie, side, ends) in [(1, Side::Server, (8000, 40612)), (2, Side::Client, (40612, 8000))] {
                    made.push(socket(cookie, side, state, ends));
                }
                let app = large(made, lang, columns, rows);
                let places = app.areas().unwrap().large.unwrap();
                assert_eq!((places.scale, places.segment.is_some()), (scale, segment), "{columns}x{rows}");
                let shown = shown(&app).map(|shown| shown.unwrap_or_else(|| panic!("{state}: {}", text(&app))));
                assert_eq!(shown.map(|(name, _)| name), [state.name(); 2], "{}", text(&app));
                begins.insert(shown.map(|(_, x)| x));
            }
            assert_eq!(begins.len(), 1, "the letters jump at {columns}x{rows}: {begins:?}");
        }
    }
}

#[test]
fn what_they_leave_is_a_window_that_is_served_and_nothing_overlaps() {
    use layout::{Audience, BottomPane, LargeRequest, LayoutRequest};
    let all_rows = [24, 29, 30, 35, 36, 37, 41, 42, 43, 49, 50, 51, 70];
    let sizes = [80, 99, 100, 150, 195, 196].into_iter().flat_map(|columns| all_rows.map(|rows| (columns, rows)));
    for (columns, rows) in sizes {
        let size = Rect::new(0, 0, columns, rows);
        for seat in [Audience::Walker, Audience::Audience] {
            for turn in [BottomPane::Explain, BottomPane::Code, BottomPane::States] {
                for large in [LargeRequest::Nothing, LargeRequest::States, LargeRequest::Segment] {
                    let wish = LayoutRequest { turn, seat, large };
                    let areas = layout::areas(size, wish).unwrap();
                    let has_room = columns >= 100 && rows >= 30 && large != LargeRequest::Nothing;
                    assert_eq!(areas.large.is_some(), has_room, "{columns}x{rows} {wish:?}");
                    let (mut panes, mut taken) = (Vec::new(), 0);
                    if let Some(places) = areas.large {
                        panes.extend([places.server, places.client].into_iter().chain(places.segment));
                        taken = places.server.height + places.segment.map_or(0, |segment| segment.height);
                        assert!(places.segment.is_none() || large == LargeRequest::Segment);
                        assert!(places.server.width >= places.scale * (letters::LONGEST + 4), "{columns}x{rows}");
                    }
                    let rest = layout::areas(
                        Rect { height: rows - taken, ..size },
                        LayoutRequest { large: LargeRequest::Nothing, ..wish },
                    );
                    assert_eq!(rest.unwrap().wire.height, areas.wire.height, "{columns}x{rows} {wish:?}");
                    panes.extend([areas.header, areas.server, areas.wire, areas.client, areas.footer]);
                    panes.extend([areas.explain, areas.code, areas.states].into_iter().flatten());
                    let cells: u32 = panes.iter().map(|pane| pane.area()).sum();
                    assert_eq!(cells, size.area(), "{columns}x{rows} {wish:?}: {panes:?}");
                    assert!(panes.iter().all(|pane| size.union(*pane) == size));
                }
            }
        }
    }
}

#[test]
fn only_a_room_has_them_unasked_and_a_key_switches_them() {
    let here = |app: &App| app.areas().unwrap().large.is_some();
    let mut room = watch([], 100, 30);
    assert!(here(&room) && here(&watch([], 220, 60)) && !here(&watch([], 99, 60)) && !here(&watch([], 220, 29)));
    keys(&mut room, "b");
    assert!(!here(&room));
    for (columns, rows) in [(100, 30), (120, 40)] {
        let mut app = app_of(Made::to_syn_recv(), Lang::EN, columns, rows);
        let before = text(&app);
        assert!(!here(&app) && before.contains("States ■ server"));
        keys(&mut app, "b");
        assert!(here(&app), "a lesson is projected too");
        assert_eq!(states(&app), ["SYN_RECV", "SYN_SENT"]);
        // The walk begins anew; whoever wanted large letters still does.
        app.restarted(Made::to_half_open().walk());
        assert_eq!(states(&app), ["SYN_RECV", "ESTABLISHED"]);
        app.restarted(Made::to_syn_recv().walk());
        keys(&mut app, "b");
        update(&mut app, Msg::Tick, Made::to_syn_recv().clock());
        assert_eq!(text(&app), before);
    }
    // Where there is no room, nothing changes, and the key isn't offered.
    let mut small = app_of(Made::to_syn_recv(), Lang::EN, 80, 24);
    let before = text(&small);
    keys(&mut small, "b");
    assert_eq!(text(&small), before);
    let offered = |app: &App| text(app).contains("b big");
    assert!(offered(&watch([], 160, 40)) && !offered(&watch([], 99, 40)) && !offered(&watch([], 160, 29)));
}

/// The frames of all panes are whole, also those of what has just changed, and nothing is cut, in both languages.
#[test]
fn frames_are_whole_around_them() {
    for (columns, rows, ..) in SIZES {
        for lang in Lang::all() {
            for (name, make) in MOMENTS {
                let made = make();
                let app = large(made, lang, columns, rows);
                let (buffer, areas) = (screen(&app), app.areas().unwrap());
                let places = areas.large.unwrap();
                let panes = [Some(places.server), Some(places.client), places.segment, Some(areas.wire), areas.explain];
                for area in panes.into_iter().flatten() {
                    for y in area.top() + 1..area.bottom() - 1 {
                        let pair = [area.left(), area.right() - 1].map(|x| buffer[(x, y)].symbol());
                        assert!(pair == ["│", "│"] || pair == ["▌", "▐"], "{name} {columns}x{rows}: {pair:?}");
                    }
                }
                let shown = text(&app);
                for line in shown.lines().filter(|line| !line.contains("hello")) {
                    assert!(!line.contains('…') || line.contains("……"), "{name} {lang:?} {columns}x{rows}: {line}");
                }
                let title = if lang == Lang::EN { "■ SERVER" } else { "■ 服务器" };
                assert!(lines(&buffer)[1].contains(title), "{shown}");
            }
        }
    }
}

/// What has just changed has another frame, so that it is seen without colours too; what hasn't, has the ordinary one.
#[test]
fn the_eye_is_led_to_what_has_just_changed() {
    let mut app = large(Made::to_syn_recv(), Lang::EN, 120, 40);
    app.look.theme = Theme::load(Choice::Mono, Colours::All).unwrap();
    let corners = |app: &App| {
        let (buffer, places) = (screen(app), app.areas().unwrap().large.unwrap());
        [places.server, places.client].map(|pane| buffer[(pane.x, pane.y)].symbol().to_owned())
    };
    assert_eq!(corners(&app), ["▛", "┌"], "SYN_RECV is new, SYN_SENT is not");
    let mut app = large(Made::to_half_open(), Lang::EN, 120, 40);
    assert_eq!(corners(&app), ["┌", "▛"]);
    assert!(text(&app).contains("● CLIENT  SYN_SENT → ESTABLISHED"), "{}", text(&app));
    // In the past the newest entry alone is news.
    let mut seen = std::collections::HashSet::new();
    for _ in 0..8 {
        press(&mut app, KeyCode::Left);
        seen.insert(corners(&app));
    }
    let plain = ["┌", "┌"].map(str::to_owned);
    let client = ["┌", "▛"].map(str::to_owned);
    assert!(seen.contains(&plain) && seen.contains(&client), "{seen:?}");
}

#[test]
fn the_past_has_the_states_of_then() {
    let mut app = large(Made::to_time_wait(), Lang::EN, 120, 40);
    assert_eq!(states(&app), ["CLOSED", "TIME_WAIT"]);
    let mut seen = vec![states(&app)];
    while app.view().moment() > 0 {
        press(&mut app, KeyCode::Left);
        let now = states(&app);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    seen.reverse();
    let wanted = [
        ["", ""],
        ["CLOSED", ""],
        ["LISTEN", ""],
        ["LISTEN", "SYN_SENT"],
        ["SYN_RECV", "SYN_SENT"],
        ["SYN_RECV", "ESTABLISHED"],
        ["ESTABLISHED", "ESTABLISHED"],
        ["ESTABLISHED", "FIN_WAIT1"],
        ["CLOSE_WAIT", "FIN_WAIT1"],
        ["CLOSE_WAIT", "TIME_WAIT"],
        ["CLOSED", "TIME_WAIT"],
    ];
    assert_eq!(seen, wanted);
}

#[test]
fn of_several_connections_the_newest_is_shown_and_the_filter_chooses() {
    let mut app = watch([socket(1, Side::Server, State::Listen, (8000, 0))], 120, 40);
    assert!(!text(&app).contains("newest of"));
    happen(&mut app, [socket(2, Side::Client, State::SynSent, (501, 8000))]);
    happen(&mut app, sent(0, 501, 8000, &["SYN"]));
    happen(&mut app, [Happened::Delivered(SegmentId(0)), socket(3, Side::Server, State::SynRecv, (8000, 501))]);
    assert_eq!(states(&app), ["SYN_RECV", "SYN_SENT"]);
    assert!(!text(&app).contains("newest of"), "there is but one: {}", text(&app));
    happen(&mut app, [socket(4, Side::Client, State::SynSent, (502, 8000))]);
    happen(&mut app, sent(1, 502, 8000, &["SYN"]));
    assert_eq!(states(&app), ["LISTEN", "SYN_SENT"], "the listener stands for the end that isn't there yet");
    assert!(text(&app).contains("newest of 2 connections"), "{}", text(&app));
    happen(&mut app, [socket(2, Side::Client, State::Established, (501, 8000))]);
    assert_eq!(states(&app), ["LISTEN", "SYN_SENT"], "what the older one does moves nothing");
    keys(&mut app, "f");
    assert_eq!(states(&app), ["SYN_RECV", "ESTABLISHED"]);
    assert!(text(&app).contains("one of 2 connections"), "{}", text(&app));
    keys(&mut app, "f");
    assert_eq!(states(&app), ["LISTEN", "SYN_SENT"]);
    // In the past the filter goes through those that were known then, and there was one.
    keys(&mut app, "f");
    (0..4).for_each(|_| drop(press(&mut app, KeyCode::Left)));
    keys(&mut app, "f");
    assert_eq!(states(&app), ["SYN_RECV", "SYN_SENT"]);
    keys(&mut app, "f");
    assert_eq!(app.place.only, None);
}

#[test]
fn what_is_over_stays_until_something_new_happens() {
    let ends =
        |state: State| [socket(2, Side::Client, state, (501, 8000)), socket(3, Side::Server, state, (8000, 501))];
    let mut app = watch([socket(1, Side::Server, State::Listen, (8000, 0))], 120, 40);
    happen(&mut app, sent(0, 501, 8000, &["SYN"]));
    happen(&mut app, ends(State::Established));
    // A reset leaves a descriptor whose socket has no address any more.
    happen(&mut app, [gone(3), socket(2, Side::Client, State::Closed, (0, 0))]);
    assert_eq!(states(&app), ["CLOSED", "CLOSED"], "the listener is no end of this connection");
    happen(&mut app, [socket(4, Side::Client, State::Closed, (0, 0))]);
    assert_eq!(states(&app), ["LISTEN", "CLOSED"], "a new socket: the connection is history");
    happen(&mut app, [socket(4, Side::Client, State::SynSent, (502, 8000))]);
    happen(&mut app, sent(1, 502, 8000, &["SYN"]));
    assert_eq!(states(&app), ["LISTEN", "SYN_SENT"]);
    // Refused: the client's socket has failed, and nobody is at the server's end.
    happen(&mut app, [gone(1), gone(4)]);
    assert_eq!(states(&app), ["CLOSED", "CLOSED"]);
    // An older one that lives is looked at, once something has happened to it.
    let mut app = watch(sent(0, 501, 8000, &["SYN"]), 120, 40);
    happen(&mut app, ends(State::Established));
    happen(&mut app, sent(1, 502, 8000, &["SYN"]));
    happen(&mut app, [socket(5, Side::Client, State::SynSent, (502, 8000)), gone(5)]);
    assert_eq!(states(&app), ["", "CLOSED"]);
    happen(&mut app, [socket(2, Side::Client, State::FinWait1, (501, 8000))]);
    assert_eq!(states(&app), ["ESTABLISHED", "FIN_WAIT1"]);
}

#[test]
fn a_udp_socket_has_the_words_of_ss() {
    let udp = |state, ends| socket(1, Side::Server, state, ends);
    let mut app = watch([udp(SocketState::Unconnected, (8000, 0))], 120, 40);
    assert_eq!(states(&app), ["UNCONN", ""]);
    let id = SegmentId(0);
    let datagram = made::datagram(b"hello");
    happen(&mut app, [socket(2, Side::Client, SocketState::Unconnected, (client().port(), 0))]);
    happen(&mut app, [Happened::Sent { id, segment: datagram, again: None }, Happened::Held(id)]);
    assert_eq!(states(&app), ["UNCONN", "UNCONN"]);
    happen(&mut app, [udp(SocketState::Connected, (8000, client().port()))]);
    assert_eq!(states(&app), ["ESTAB", "UNCONN"]);
    happen(&mut app, [gone(2)]);
    assert_eq!(states(&app), ["ESTAB", "gone"]);
    let places = app.areas().unwrap().large.unwrap();
    assert!(text(&app).contains("UDP len=5"), "{}", text(&app));
    let buffer = screen(&app);
    let pane = places.segment.unwrap();
    assert_eq!(buffer[(pane.right() - 2, pane.y + 1)].symbol(), "W");
}

/// Each row of the segment's pane without what is around it.
fn arrow(app: &App) -> Vec<String> {
    let (buffer, pane) = (screen(app), app.areas().unwrap().large.unwrap().segment.unwrap());
    let row = |y| (pane.x + 3..pane.right() - 3).map(|x| buffer[(x, y)].symbol()).collect();
    (pane.y + 1..pane.bottom() - 1).map(row).collect()
}

#[test]
fn a_segment_that_waits_comes_to_the_middle_and_one_that_arrived_to_the_other_end() {
    for (columns, rows, scale, _) in SIZES.into_iter().filter(|size| size.3) {
        let app = large(Made::to_syn_recv(), Lang::EN, columns, rows);
        let shown = arrow(&app);
        let (first, width) = (&shown[0], usize::from(columns) - 6);
        let bar: Vec<usize> = first.chars().enumerate().filter(|(_, c)| *c == '█').map(|(at, _)| at).collect();
        assert!(bar.iter().any(|at| at.abs_diff(width / 2) <= usize::from(scale)), "{shown:?}");
        assert!(shown.concat().contains("waits"), "{shown:?}");
        // The mirror image comes from the client: the name at the right end.
        let app = large(Made::to_syn_sent(), Lang::EN, columns, rows);
        let shown = arrow(&app);
        let left = letters::width("SYN", scale).unwrap();
        let ends =
            |row: &str| row.chars().count() == width && row.trim_end().chars().count() + usize::from(scale) >= width;
        assert!(ends(&shown[0]) && shown[0].chars().take(width / 3).all(|c| c == ' '), "{shown:?}");
        assert!(usize::from(left) < width / 2);
        let mut made = Made::to_syn_sent();
        made.push(Happened::Delivered(SegmentId(0)));
        let shown = arrow(&large(made, Lang::EN, columns, rows));
        let middle = &shown[usize::from(2 * scale) - 1];
        assert!(
            middle.trim_start().chars().count() + 2 * usize::from(scale) > width && !shown.concat().contains("waits")
        );
        let mut made = Made::to_syn_sent();
        made.push(Happened::Dropped(SegmentId(0)));
        let shown = arrow(&large(made, zh(), columns, rows));
        assert!(shown.concat().replace(' ', "").contains("丢弃"), "{shown:?}");
    }
}

#[test]
fn of_what_waits_the_next_is_shown_and_the_others_are_counted() {
    let mut made = Made::to_syn_recv();
    made.send(segment(server(), "FIN,ACK", K + 1, J + 1, b""));
    let mut app = large(made, Lang::EN, 120, 40);
    let title = |app: &App| lines(&screen(app))[7].clone();
    assert!(title(&app).contains("Wire · SYN,ACK seq=k ack=j+1"), "{}", text(&app));
    assert!(text(&app).contains(" 1 more wait "), "{}", text(&app));
    press(&mut app, KeyCode::Down);
    assert!(title(&app).contains("FIN,ACK seq=k+1"), "what d would let go: {}", text(&app));
}

#[test]
fn flags_that_have_no_room_stand_in_ordinary_letters() {
    let flags = ["SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    let mut app = watch(sent(0, 501, 8000, &flags), 100, 40);
    let all = "SYN,FIN,RST,PSH,ACK,URG,ECE,CWR";
    assert!(arrow(&app).concat().contains(&format!("{all} waits")), "{}", text(&app));
    update(&mut app, Msg::Terminal(Event::Resize(220, 40)), secs(9.0));
    assert!(!arrow(&app).concat().contains(all) && arrow(&app).concat().contains('▟'), "{}", text(&app));
}

#[test]
fn a_hostile_program_s_name_is_escaped_and_cut() {
    let end = |port: u16| Some(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let facts = testing::socket(2, Side::Client, None, State::SynSent, (end(501), end(8000)));
    let program = Some("\x1b]0;evil\x07 a very long name".to_owned());
    let app = watch([Happened::Socket(SocketFacts { program, ..facts })], 120, 40);
    let shown = text(&app);
    assert!(shown.contains("\\x1b]0;evil") && shown.contains(":501 ↔ :8000") && !shown.contains('\x1b'), "{shown}");
}

#[test]
fn where_segments_cannot_be_seen_the_states_stand_alone() {
    let mut made = Made::to_syn_recv();
    made.options.wire = walk::WireAbility::Blind;
    let app = large(made, Lang::EN, 120, 40);
    assert!(app.areas().unwrap().large.unwrap().segment.is_none());
    assert_eq!(states(&app), ["SYN_RECV", "SYN_SENT"]);
}

/// Each state bears its source.
#[test]
fn who_says_so_stands_beside_it() {
    let app = large(Made::to_time_wait(), Lang::EN, 100, 30);
    let (buffer, places) = (screen(&app), app.areas().unwrap().large.unwrap());
    let mark = |pane: Rect| buffer[(pane.right() - 2, pane.y + 1)].symbol().to_owned();
    assert_eq!([mark(places.server), mark(places.client)], ["K", "K"]);
    let mut facts = testing::socket(1, Side::Server, Some(3), State::Closed, (None, None));
    facts.source = Source::Concluded;
    let app = watch([Happened::Socket(facts)], 100, 30);
    let buffer = screen(&app);
    assert_eq!(buffer[(places.server.right() - 2, places.server.y + 1)].symbol(), "=");
}

#[test]
fn a_click_on_a_state_chooses_its_side() {
    use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
    let mut app = large(Made::to_syn_recv(), Lang::EN, 100, 30);
    let places = app.areas().unwrap().large.unwrap();
    for (pane, side) in [(places.client, Side::Client), (places.server, Side::Server)] {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row, modifiers) = (pane.x + 9, pane.y + 2, KeyModifiers::NONE);
        let now = app.now;
        update(&mut app, Msg::Terminal(Event::Mouse(MouseEvent { kind, column, row, modifiers })), now);
        assert_eq!(app.place.actor, Some(side.into()));
    }
}
