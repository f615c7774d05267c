//! A copy that is changed over the header's picture, and which segments the keys mean.

use super::made::{J, Made, client, segment};
use super::*;
use crate::model::edit::{Change, EditField, field};
use crate::model::{HandAction, SegmentId, Side};

/// What the asked-for copy has in a field.
fn made(requests: &[Request], of: SegmentId, name: EditField) -> String {
    let [Request::Note(_), Request::Make(Some(id), packet)] = requests else { panic!("{requests:?}") };
    assert_eq!(*id, of);
    field(packet, &crate::tcp::Initials::default(), name).unwrap().value()
}

fn waiting() -> App {
    let mut made = Made::to_syn_recv();
    made.send(segment(client(), "ACK", J + 1, 7, b""));
    made.send(segment(client(), "PSH,ACK", J + 1, 7, b"abc"));
    app_of(made, Lang::EN, 80, 24)
}

#[test]
fn a_copy_goes_of_the_segment_that_is_marked() {
    let mut app = waiting();
    assert_eq!(asked(press(&mut app, KeyCode::Char('R'))), by_hand(HandAction::Repeat(SegmentId(1))), "the oldest");
    settled(&mut app);
    press(&mut app, KeyCode::Down);
    assert_eq!(asked(press(&mut app, KeyCode::Char('R'))), by_hand(HandAction::Repeat(SegmentId(2))));
}

#[test]
fn all_up_to_the_marked_one_go_and_all_from_its_end() {
    let delivered = |ids: &[u32]| -> Vec<Request> {
        ids.iter().flat_map(|id| by_hand(HandAction::Deliver(SegmentId(*id)))).collect()
    };
    let mut up_to = waiting();
    assert!(asked(press(&mut up_to, KeyCode::Char('D'))).is_empty(), "one alone has `d`");
    press(&mut up_to, KeyCode::Down);
    assert_eq!(asked(press(&mut up_to, KeyCode::Char('D'))), delivered(&[1, 2]));
    // The oldest is the server's, and alone.
    let mut from = waiting();
    assert!(asked(press(&mut from, KeyCode::Char('A'))).is_empty());
    press(&mut from, KeyCode::Down);
    assert_eq!(asked(press(&mut from, KeyCode::Char('A'))), delivered(&[2, 3]));
}

/// IPv6 has no TTL: what stands in its place has the name that its own header has for it, and is typed so.
#[test]
fn what_ipv4_calls_ttl_has_ipv6s_own_name_there() {
    let six = |port: u16| std::net::SocketAddr::new(std::net::Ipv6Addr::LOCALHOST.into(), port);
    for (packet, name, other) in [
        (crate::tcp::testing::segment(six(9), six(8000), 1, 0, &["SYN"], b""), "hoplimit 64", "ttl"),
        (segment(client(), "SYN", 1, 0, b""), "ttl 64", "hoplimit"),
    ] {
        let mut made = Made::new();
        made.send(packet);
        let mut app = app_of(made, Lang::EN, 80, 24);
        keys(&mut app, "pe");
        assert!(text(&app).contains(name) && !text(&app).contains(other), "{}", text(&app));
    }
    let typed = |text: &str| text.parse::<crate::model::edit::Edit>().unwrap();
    assert_eq!(typed("hoplimit=5"), typed("ttl=5"));
}

#[test]
fn fields_of_a_copy_are_changed_over_the_picture_and_enter_sends_it() {
    for lang in Lang::all() {
        let mut app = waiting();
        app.look.speak(lang).unwrap();
        keys(&mut app, "pe");
        assert_eq!(app.focus(), Focus::Copy);
        for _ in 0..2 {
            press(&mut app, KeyCode::Tab);
        }
        // What stands there is replaced, and what can't stand there is told and stays.
        keys(&mut app, "j*2");
        assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
        let shown = text(&app);
        assert!(shown.contains("`j*2`") && shown.contains("seq = j*2"), "{shown}");
        (0..3).for_each(|_| drop(press(&mut app, KeyCode::Backspace)));
        keys(&mut app, "j+100");
        press(&mut app, KeyCode::Tab);
        press(&mut app, KeyCode::Tab);
        keys(&mut app, "rst");
        press(&mut app, KeyCode::BackTab);
        let shown = text(&app);
        assert!(shown.contains('*') && shown.contains("j+100") && !shown.contains("rst = "), "{shown}");
        assert!(shown.lines().count() <= 24 && shown.contains("ack = "), "{shown}");
        let requests = asked(press(&mut app, KeyCode::Enter));
        assert!(!requests.is_empty(), "{}", text(&app));
        let seq = J.wrapping_add(100).to_string();
        assert_eq!(made(&requests, SegmentId(3), EditField::Seq), seq, "the newest is shown");
        assert_eq!(made(&requests, SegmentId(3), EditField::Flags), "RST");
        assert_eq!((app.focus(), app.place.overlay), (Focus::Panes, None));
    }
}

#[test]
fn without_a_change_nothing_goes_and_escape_leaves() {
    let mut app = waiting();
    keys(&mut app, "pe");
    assert!(asked(press(&mut app, KeyCode::Enter)).is_empty());
    assert!(text(&app).contains("Say what is to be changed"), "{}", text(&app));
    // Letters are typed, and do nothing else.
    keys(&mut app, "qdxR?");
    assert_eq!(app.focus(), Focus::Copy);
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.focus(), app.place.overlay), (Focus::Overlay, Some(Overlay::Packet)));
    press(&mut app, KeyCode::Esc);
    keys(&mut app, "pe");
    assert!(!text(&app).contains("qdxR?"), "what was left is gone");
    // Its data, behind its last letter.
    press(&mut app, KeyCode::Up);
    keys(&mut app, "def");
    let requests = asked(press(&mut app, KeyCode::Enter));
    assert_eq!(made(&requests, SegmentId(3), EditField::Data), Change::Data(b"abcdef".to_vec()).value());
}

#[test]
fn the_past_a_recording_and_a_wire_that_only_watches_have_no_copies() {
    let mut past = waiting();
    press(&mut past, KeyCode::Left);
    keys(&mut past, "pe");
    assert_eq!(past.focus(), Focus::Overlay);
}

#[test]
fn a_number_is_written_with_the_end_whose_number_stands_there() {
    let mut app = waiting();
    keys(&mut app, "pe");
    for wanted in ["j+100", "k+100"] {
        for _ in 0..if wanted == "j+100" { 2 } else { 1 } {
            press(&mut app, KeyCode::Tab);
        }
        assert!(text(&app).contains(&format!("Written as {wanted}.")), "{}", text(&app));
    }
}

/// Programs make the calls of both sides: what is typed is seen all the same, below what it can be.
#[test]
fn a_line_is_seen_where_nobody_here_makes_calls() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut made = Made::to_syn_recv();
            made.lesson.programs = Side::BOTH.to_vec();
            let mut app = app_of(made, lang, columns, rows);
            keys(&mut app, ":go 77");
            let shown = text(&app);
            let offered = &app.texts().explain.try_beside_programs;
            assert!(shown.contains("> go 77"), "{shown}");
            assert!(shown.contains(&offered[..offered.floor_char_boundary(30)]), "{shown}");
        }
    }
}

/// What Tab offers is counted where not all of it has room, and takes the place of what was wrong.
#[test]
fn what_tab_offers_is_seen_or_counted() {
    for lang in Lang::all() {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let mut app = app_of(Made::to_syn_recv(), lang, columns, rows);
            keys(&mut app, ":hlp");
            press(&mut app, KeyCode::Enter);
            assert!(text(&app).contains("`hlp`"));
            (0..3).for_each(|_| drop(press(&mut app, KeyCode::Backspace)));
            press(&mut app, KeyCode::Tab);
            let offered = app.lines.offers.clone();
            let shown = text(&app);
            assert!(offered.len() > 30 && !shown.contains("`hlp`"), "{shown}");
            let seen = offered
                .iter()
                .filter(|word| shown.contains(&format!("  {word}")) || shown.contains(&format!("│ {word}")));
            let left = shown
                .split("… ")
                .nth(1)
                .and_then(|rest| rest.split_whitespace().find_map(|word| word.parse::<usize>().ok()));
            assert!(left.is_some_and(|left| left >= offered.len() - 30 && left < offered.len()), "{shown}");
            assert!(seen.count() + left.unwrap_or(0) >= offered.len(), "{shown}");
        }
    }
}

#[test]
fn go_alone_asks_for_the_step() {
    for lang in Lang::all() {
        let mut app = app_of(Made::to_syn_recv(), lang, 80, 24);
        keys(&mut app, ":go");
        press(&mut app, KeyCode::Enter);
        let shown = text(&app);
        assert!(shown.contains("go 4") && !shown.contains("``"), "{shown}");
    }
}
