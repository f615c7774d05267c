//! A wire on which very many segments wait.

use super::made::server;
use super::*;
use crate::model::{ChangedSetting, Event as Happened, Member, Mode, Role, SegmentId, Side, Trace, testing};
use crate::tcp::State;
use crate::walk::{Free, FreeOptions, Purpose, WireAbility};

/// A free walk whose learner drives one side, while so many segments wait at a listener's door, from so many clients.
fn crowded(drives: &[Side], held: u32, size: (u16, u16), large: bool) -> App {
    let segments = (0..held).flat_map(|n| {
        let from = std::net::SocketAddr::from(([127, 0, 1, (n % 200) as u8], (1024 + n / 200 % 60_000) as u16));
        let segment = crate::tcp::testing::segment(from, server(), n, 0, &["SYN"], b"");
        let id = SegmentId(n);
        [Happened::Sent { id, segment, again: None }, Happened::Held(id)]
    });
    let mut app = walked(drives, segments, size);
    app.look.large = Some(large);
    update(&mut app, Msg::Tick, secs(2.0));
    app
}

/// A free walk with a listener, in which this has happened.
fn walked(drives: &[Side], happened: impl Iterator<Item = Happened>, size: (u16, u16)) -> App {
    let purpose = Purpose::Drive(drives.iter().copied().map(crate::model::Actor::from).collect());
    let options = FreeOptions {
        purpose,
        server: server(),
        mode: Mode::Lab,
        wire: WireAbility::Holds,
        lab: Some("main".into()),
        lesson: None,
    };
    let mut trace = Trace::default();
    let members = Side::BOTH.map(|side| {
        let role = Role::Drives(vec![side]);
        Happened::Joined(Member { number: side as u32 + 1, pid: 1, nth: 1, role })
    });
    let listener = testing::socket(1, Side::Server, Some(3), State::Listen, (Some(server()), None));
    let begin = members.into_iter().chain([Happened::Socket(listener)]);
    for event in begin.chain(happened) {
        trace.push(secs(1.0), event);
    }
    let look = Appearance::new(Lang::EN, Theme::load(Choice::Dark, Colours::All).unwrap(), Glyphs::Unicode).unwrap();
    let mut app = App::new(Free::from_trace(options, trace).into(), look, size.0, size.1);
    update(&mut app, Msg::Tick, secs(2.0));
    app
}

/// Each whose door something waits at is named, and nobody else.
#[test]
fn what_waits_for_several_names_each_of_them() {
    let second = Member { number: 3, pid: 1, nth: 2, role: Role::Drives(vec![Side::Client]) };
    let mut happened = vec![Happened::Joined(second)];
    for nth in 1..=2_u32 {
        let from = std::net::SocketAddr::from(([127, 0, 0, 1], 40000 + nth as u16));
        let mut facts =
            testing::socket(u64::from(nth) + 1, Side::Client, Some(3), State::SynSent, (Some(from), Some(server())));
        facts.nth = nth;
        happened.push(Happened::Socket(facts));
        let answer = crate::tcp::testing::segment(server(), from, 7, 8, &["SYN", "ACK"], b"");
        let id = SegmentId(nth - 1);
        happened.extend([Happened::Sent { id, segment: answer, again: None }, Happened::Held(id)]);
        let app = walked(&[Side::Server], happened.clone().into_iter(), (120, 40));
        // The left half, whose lines go on below one another.
        let left = |row: &str| row.chars().take(68).filter(|c| *c != '│').collect::<String>();
        let rows: Vec<String> = text(&app).lines().map(left).collect();
        let shown = rows.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let named = ["is on its way to the client: whoever", "is on its way to the client, client 2: each"];
        assert_eq!(named.map(|text| shown.contains(text)), [nth == 1, nth == 2], "{}", text(&app));
    }
}

/// The explanation and what can be called keep their place, and the settings can be scrolled to.
#[test]
fn many_settings_leave_room_for_what_is_happening() {
    for (count, fixed) in [(3, true), (12, false)] {
        let set = |n: usize| {
            let name = format!("net.ipv4.tcp_setting_{n}");
            let changed = ChangedSetting { name, before: Some("0".into()), now: Ok("1".into()) };
            Happened::Sysctl(Box::new(changed))
        };
        let mut app = walked(&Side::BOTH, (0..count).map(set), (100, 30));
        let shows = |app: &App, n: usize| text(app).contains(&format!("tcp_setting_{n} = 1"));
        assert_eq!(shows(&app, 0), fixed, "{count}: {}", text(&app));
        assert_eq!(text(&app).contains("settings changed since the beginning: 12"), !fixed, "{}", text(&app));
        assert!(text(&app).contains("1 socket()") && text(&app).contains("Any call, in any order"), "{}", text(&app));
        if fixed {
            continue;
        }
        for _ in 0..60 {
            let now = app.now;
            let down = KeyEvent::new(KeyCode::Down, KeyModifiers::SHIFT);
            update(&mut app, Msg::Terminal(Event::Key(down)), now);
        }
        assert!(shows(&app, count - 1), "{}", text(&app));
    }
}

/// What a key costs doesn't grow with what waits: at whichever door, in the past too, in large letters too.
#[test]
fn however_much_waits_a_key_costs_the_same() {
    use KeyCode::{Char, Left};
    const FEW: u32 = 1_000;
    const MANY: u32 = 100_000;
    for drives in [&[Side::Client][..], &[Side::Server]] {
        for large in [false, true] {
            let [mut few, mut many] = [FEW, MANY].map(|held| crowded(drives, held, (160, 50), large));
            assert_eq!(many.view().waiting().len(), MANY as usize);
            for code in [Char('n'), Char(']'), Char('k'), Char('k'), Left, Char('f')] {
                let [few, many] = [&mut few, &mut many].map(|app| {
                    least_processor_time(3, || {
                        press(app, code);
                        screen(app);
                    })
                });
                // A search through all of them takes a hundred times as long, and was made for each row.
                assert!(
                    many < 15 * few,
                    "{drives:?}, large {large}, {code:?}: {few:?} with {FEW}, {many:?} with {MANY}"
                );
            }
        }
    }
}
