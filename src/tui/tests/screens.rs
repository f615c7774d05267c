//! What is seen, and where.

use super::made::{J, Made, client, client_end, segment};
use super::*;
use crate::i18n::testing::zh;
use crate::model::{Event as Happened, SegmentId, Side, SocketFacts, SocketState, testing};
use crate::tcp::State;

/// The moments of the walk that the screens are looked at in.
/// A moment of a walk, and what makes it.
type Moment = (&'static str, fn() -> Made);

pub(super) const MOMENTS: [Moment; 6] = [
    ("nothing yet", Made::new),
    ("SYN_SENT", Made::to_syn_sent),
    ("SYN_RECV and a question", Made::to_syn_recv),
    ("the client is open", Made::to_half_open),
    ("a line is sent", Made::to_sent),
    ("TIME_WAIT", Made::to_time_wait),
];

/// `cargo test look -- --nocapture` prints every screen, to be looked at.
#[test]
fn look() {
    let wanted = std::env::var("LOOK").unwrap_or_default();
    for (columns, rows) in [(80, 24), (100, 30), (120, 40), (160, 45)] {
        for lang in Lang::all() {
            for (name, make) in MOMENTS {
                for view in ["", "s", "c", "p", "k", "g", "?", "n", "<"] {
                    let title = format!("{name}{view} {columns}x{rows} {lang:?}");
                    if wanted.is_empty() || !wanted.split('|').any(|part| title.contains(part)) {
                        continue;
                    }
                    let mut app = app_of(make(), lang, columns, rows);
                    match view {
                        "<" => (0..4).for_each(|_| drop(press(&mut app, KeyCode::Left))),
                        "s" => keys(&mut app, "ss"),
                        other => keys(&mut app, other),
                    }
                    println!("== {title}\n{}\n", text(&app));
                }
            }
        }
    }
}

/// Whatever the newest segment acknowledges or doesn't, the letters that the others are written by stay in the title.
#[test]
fn the_title_keeps_both_letters_after_a_reset_without_an_acknowledgement() {
    use super::made::{J, K, segment, server};
    for (flags, seq, ack) in [("RST", K + 1, 0), ("RST,ACK", K + 1, J + 1)] {
        let mut made = Made::to_syn_recv();
        made.send(segment(server(), flags, seq, ack, b""));
        let app = app_of(made, Lang::EN, 100, 30);
        assert!(text(&app).contains("j=2839402113 k=1094837261"), "{flags}: {}", text(&app));
    }
}

#[test]
fn a_waiting_segment_reaches_only_the_middle_and_is_marked() {
    let app = app_of(Made::to_syn_recv(), Lang::EN, 100, 30);
    let shown = lines(&screen(&app));
    let at = shown.iter().position(|line| line.contains("▶ SYN,ACK seq=k ack=j+1")).unwrap();
    assert!(shown[at + 1].contains("─▶┃ waits "), "{}", shown[at + 1]);
    assert!(shown.iter().any(|line| line.contains("SYN seq=j ×2")));
    assert!(shown.iter().any(|line| line.contains("│◀──────")));
    assert!(shown.iter().any(|line| line.contains("j=2839402113 k=1094837261")));
}

#[test]
fn the_chosen_waiting_segment_is_reversed_and_news_are_bold() {
    use ratatui::style::Modifier;
    let app = app_of(Made::to_syn_recv(), Lang::EN, 100, 30);
    let buffer = screen(&app);
    let find = |word: &str| {
        let shown = lines(&buffer);
        let (y, x) = shown.iter().enumerate().find_map(|(y, line)| Some((y, line.find(word)?))).unwrap();
        buffer[(crate::i18n::width(&shown[y][..x]) as u16, y as u16)].clone()
    };
    assert!(find("SYN,ACK seq=k").modifier.contains(Modifier::REVERSED));
    assert!(!find("SYN seq=j").modifier.contains(Modifier::REVERSED));
    assert!(find("SYN_RECV ").modifier.contains(Modifier::REVERSED), "a new state leads the eye");
    assert!(!find("LISTEN ").modifier.contains(Modifier::REVERSED), "an old one does not");
    assert_eq!(find("■ SERVER").fg, app.look.theme.server.0.fg.unwrap());
    assert_eq!(find("● CLIENT").fg, app.look.theme.client.0.fg.unwrap());
}

#[test]
fn every_fact_bears_its_source_and_the_legend_says_what_it_means() {
    for (columns, rows) in [(80, 24), (100, 30), (120, 40)] {
        for (lang, legend) in [(Lang::EN, "C call K kernel W wire = deduced"), (zh(), "C 调用 K 内核 W 线上 = 推断")]
        {
            let app = app_of(Made::to_syn_recv(), lang, columns, rows);
            let shown = text(&app);
            assert!(shown.contains(legend), "{shown}");
            assert!(shown.contains("= 4 C│") && shown.contains(" K│") && shown.contains(" W │"), "{shown}");
        }
        for (lang, legend) in [(Lang::EN, "C call K kernel W wire H hand"), (zh(), "C 调用 K 内核 W 线上 H 手动")]
        {
            let mut made = Made::to_syn_recv();
            let (id, of) = (SegmentId(made.trace.present().segment_count() as u32), SegmentId(0));
            made.push(Happened::Repeated { id, of, segment: segment(client(), "SYN", J, 0, b"") });
            let shown = text(&app_of(made, lang, columns, rows));
            assert!(shown.contains(legend) && shown.contains(" H "), "{shown}");
        }
    }
}

#[test]
fn a_dropped_segment_and_a_failed_call_are_crossed_out() {
    let app = app_of(Made::to_time_wait(), Lang::EN, 120, 40);
    let shown = text(&app);
    assert!(shown.contains("✗ dropped") && shown.contains("= -1 EBADF C"), "{shown}");
    assert!(shown.contains("TIME_WAIT ends in 58 s") && shown.contains("–    ● TIME_WAIT"), "{shown}");
}

#[test]
fn bytes_of_the_wire_are_never_raw() {
    for view in ["", "p", "c"] {
        let mut app = app_of(Made::to_sent(), Lang::EN, 120, 40);
        keys(&mut app, view);
        let shown = text(&app);
        assert!(shown.contains("\\x1b") && !shown.contains('\x1b'), "{view}: {shown}");
    }
}

/// `lo` leaves the checksum to hardware that it doesn't have; a whole one isn't spoken of.
#[test]
fn an_unfinished_checksum_is_called_so() {
    for (lang, words) in [(Lang::EN, "The checksum is unfinished"), (zh(), "校验和没有算完")] {
        for (change, told) in [(0, false), (1, true)] {
            let mut bytes = crate::tcp::testing::packet(made::client(), made::server(), 7, 0, &["SYN"], b"");
            bytes[36] ^= change;
            let mut made = Made::new();
            made.send(crate::tcp::Packet::parse(&bytes).unwrap());
            let mut app = app_of(made, lang, 80, 24);
            keys(&mut app, "p");
            assert_eq!(text(&app).replace(' ', "").contains(&words.replace(' ', "")), told, "{}", text(&app));
        }
    }
}

/// In the side's pane and in the kernel's table.
#[test]
fn a_programs_socket_bears_its_name_and_no_escape() {
    let mut made = Made::to_sent();
    let ends = (Some(super::made::client()), Some(super::made::server()));
    let facts = testing::socket(77, Side::Client, None, State::Established, ends);
    made.push(Happened::Socket(SocketFacts { program: Some("nc\x1b[1m".into()), ..facts }));
    let mut app = app_of(made, Lang::EN, 120, 40);
    assert!(text(&app).contains("nc\\x1b[… ● ESTABLISHED"), "{}", text(&app));
    keys(&mut app, "k");
    assert!(text(&app).contains("● nc\\x1b[1m ESTABLISHED"), "{}", text(&app));
}

/// A UDP socket is in no state of the diagram, and its queue is told by its next datagram.
#[test]
fn an_answer_for_nobodys_port_comes_from_the_other_end() {
    let mut made = Made::to_sent();
    let nobody = "127.0.0.1:9".parse().unwrap();
    let answer = crate::tcp::testing::unreachable_packet(super::made::client(), nobody, b"x");
    made.send(crate::tcp::Packet::parse(&answer).unwrap());
    let shown = text(&app_of(made, Lang::EN, 120, 40));
    let at = shown.lines().position(|line| line.contains("ICMP port unreachable")).unwrap();
    let arrow = shown.lines().nth(at + 1).unwrap();
    assert!(arrow.contains("▶┃ waits"), "{shown}");
}

#[test]
fn udp_has_no_states() {
    for (lang, words) in [
        (Lang::EN, ["UDP has no states", "next 5 bytes", "Packet 1 by layers"]),
        (zh(), ["UDP 没有状态", "待收 5 字节", "分组 1 的各层"]),
    ] {
        let mut made = Made::new();
        let state = SocketState::Unconnected;
        let facts = testing::socket(1, Side::Server, Some(4), state, (Some(made::server()), None));
        made.push(Happened::Socket(SocketFacts { recv_queue: 5, ..facts }));
        made.send(made::datagram(b"hello"));
        let mut app = app_of(made, lang, 100, 30);
        let shown = text(&app);
        assert!(shown.contains("■ UNCONN") && shown.contains("UDP len=5 \"hello\""), "{shown}");
        assert!(shown.contains(words[0]) && shown.contains(words[1]), "{shown}");
        let diagram: Vec<&str> = shown.lines().skip(13).collect();
        assert!(!diagram.concat().contains("■CLOSED"), "{shown}");
        keys(&mut app, "l");
        let shown = text(&app);
        assert!(shown.contains(words[2]) && shown.contains(" 17"), "{shown}");
        keys(&mut app, "p");
        assert!(text(&app).contains("9e a4 1f 40  00 0d"), "{}", text(&app));
    }
}

#[test]
fn a_prediction_is_compared_with_what_the_kernel_did() {
    let app = app_of(Made::to_half_open(), Lang::EN, 100, 30);
    for part in ["✗ You: SYN_RECV. The kernel: state", "ESTABLISHED"] {
        assert!(text(&app).contains(part), "{}", text(&app));
    }
}

#[test]
fn a_broken_claim_says_what_was_expected_and_what_is() {
    let mut made = Made::to_half_open();
    made.claim(6, client_end(), State::FinWait1, false);
    let app = app_of(made, Lang::EN, 100, 30);
    for part in ["✗ expected: the client's socket is FIN_WAIT1; actual: the ", "client's socket is SYN_SENT "] {
        assert!(text(&app).contains(part), "{}", text(&app));
    }
}

#[test]
fn where_segments_cannot_be_seen_the_ladder_says_so() {
    for (lang, word) in [(Lang::EN, "can't be seen"), (zh(), "看不到报文段")] {
        let mut made = Made::to_syn_sent();
        made.options.wire = crate::walk::WireAbility::Blind;
        let shown = text(&app_of(made, lang, 80, 24));
        assert!(shown.contains(word), "{shown}");
    }
}

#[test]
fn a_long_explanation_says_that_there_is_more_and_scrolls() {
    let mut app = app_of(Made::to_syn_recv(), Lang::EN, 80, 24);
    let before = text(&app);
    assert!(before.contains("Shift+↓ more"));
    for _ in 0..40 {
        let down = KeyEvent::new(KeyCode::Down, KeyModifiers::SHIFT);
        let now = app.now;
        update(&mut app, Msg::Terminal(Event::Key(down)), now);
    }
    let shown = text(&app);
    assert!(!shown.contains("Shift+↓ more") && shown != before, "{shown}");
    assert!(shown.contains("2 ESTABLISHED"), "the question keeps its place: {shown}");
}

#[test]
fn of_many_sockets_what_is_seen_is_shown_and_the_rest_is_counted() {
    for (columns, rows) in [(80, 24), (100, 30), (120, 40)] {
        let mut made = Made::new();
        for n in 0..60 {
            made.socket(100 + n, Some(4 + n as i32), State::Established, None, (0, 0));
        }
        let mut app = app_of(made, Lang::EN, columns, rows);
        let shown = lines(&screen(&app)).iter().filter(|line| line.contains("■ ESTABLISHED")).count();
        let hidden = format!("… {} more", 60 - shown);
        assert!(shown > 3 && text(&app).contains(&hidden), "{hidden}:\n{}", text(&app));
        assert!(text(&app).contains("fd 63"), "the newest are shown:\n{}", text(&app));
        keys(&mut app, "k");
        // Each socket comes to the top in turn, until the last one stands at the bottom.
        let inside = |app: &App| -> Vec<String> {
            let lines = lines(&screen(app)).into_iter();
            lines.filter_map(|line| line.split('┃').nth(1).map(str::to_owned)).collect()
        };
        let top = |app: &App| {
            let first = |line: &String| line.split_once("fd ")?.1.split_whitespace().next().map(str::to_owned);
            inside(app).iter().find_map(first)
        };
        for n in 0..5 {
            assert_eq!(top(&app), Some((4 + n).to_string()), "{}", text(&app));
            press(&mut app, KeyCode::Down);
        }
        let whole = |app: &App| inside(app).iter().filter(|line| line.contains("fd ")).count();
        let frame = |app: &App| lines(&screen(app)).into_iter().find(|line| line.contains('┗')).unwrap();
        assert!(frame(&app).contains('▼') && frame(&app).contains("↑ ↓ scroll"), "{}", text(&app));
        (0..60).for_each(|_| drop(press(&mut app, KeyCode::Down)));
        assert!(inside(&app).concat().contains("fd 63") && !frame(&app).contains('▼'), "{}", text(&app));
        assert!(whole(&app) > 3, "{}", text(&app));
        // Going back up begins at once.
        let before = top(&app);
        press(&mut app, KeyCode::Up);
        assert_ne!(top(&app), before);
    }
}

/// What led to a state is named where it was seen: a RST that an end's own kernel sends didn't come to it.
#[test]
fn a_reset_is_the_reason_only_where_it_arrived() {
    let text = |made: Made| text(&app_of(made, Lang::EN, 160, 45));
    let sent = || {
        let mut made = Made::to_sent();
        made.push(Happened::Step(9));
        let reset = made.send(segment(super::made::server(), "RST", super::made::K + 1, 0, b""));
        (made, reset)
    };
    let (mut made, _) = sent();
    made.push(Happened::Gone { cookie: 3, source: crate::model::Source::SockDiag });
    let shown = text(made);
    assert!(shown.contains("■ ESTABLISHED → CLOSED") && !shown.contains("on RST"), "{shown}");
    let (mut made, reset) = sent();
    made.push(Happened::Delivered(reset));
    made.push(Happened::Gone { cookie: 2, source: crate::model::Source::SockDiag });
    let shown = text(made);
    assert!(shown.contains("● ESTABLISHED → CLOSED on RST ="), "{shown}");
}
