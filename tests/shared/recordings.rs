//! What `--record` wrote, gone through again: as text and on the screen.

use std::fs;
use std::os::unix::fs::chown;
use std::path::Path;

use sockwalk::i18n::Lang;
use sockwalk::model::Side;
use vt100::Screen;

use crate::common::{User, finish, lab_users};
use crate::screens;
use crate::stage::{LARGE, Seat, Stage};
use crate::walk::up_to_the_syn;

use Side::{Client, Server};

/// What a screen tells of the walk, without what only counts time.
#[derive(Debug, PartialEq)]
struct Told {
    states: Vec<(Side, String)>,
    ladder: Vec<String>,
    calls: Vec<String>,
}

impl Told {
    fn on(screen: &Screen) -> Told {
        let mut ladder = screens::ladder(screen);
        // In the past and in a recording nothing can be let go: no segment is chosen, and its label has no mark.
        ladder.iter_mut().for_each(|row| *row = row.replace('▶', ""));
        Told { states: screens::states(screen), ladder, calls: screens::calls(screen) }
    }
}

#[track_caller]
fn as_text(stage: &Stage, file: &Path) -> String {
    let told = finish(&mut stage.command(&["replay", file.to_str().unwrap(), "--shown", "text"]));
    let text = &told.succeeded().stdout;
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(first.contains(file.to_str().unwrap()), "it isn't marked as a recording: {first}");
    // When it began is each recording's own: who came later began later.
    let (header, rest) = rest.split_once('\n').unwrap();
    assert!(header.contains(" UTC") && header.contains(env!("CARGO_PKG_VERSION")), "{header}");
    rest.to_owned()
}

/// A handshake of server and client, both recorded; nothing waits, so that nothing more happens by itself.
#[track_caller]
fn recorded(stage: &mut Stage) -> (Seat, Seat) {
    let server = stage.join(&["server"]);
    let client = stage.join(&["client"]);
    up_to_the_syn(stage, server, client);
    stage.lets_go(server, "SYN");
    stage.lets_go(client, "SYN,ACK");
    stage.lets_go(server, "ACK");
    stage.succeeds(server, Server, "accept(");
    let all = [(Server, "LISTEN"), (Server, "ESTABLISHED"), (Client, "ESTABLISHED")];
    stage.wait_states(&[server, client], &all);
    (server, client)
}

#[test]
fn a_recording_shows_the_same_as_text_and_on_the_screen() {
    for user in lab_users() {
        for lang in Lang::all() {
            let mut stage = Stage::new(user, LARGE, lang);
            let (server, client) = recorded(&mut stage);
            let live = Told::on(stage.screen(server));
            assert!(live.ladder.len() >= 6 && live.calls.len() == 6, "{live:?}");
            let entries = stage.entries(server).len();
            pty_kill(&mut stage, &[server, client]);
            let (file, other) = (stage.recording_path(server), stage.recording_path(client));

            let text = as_text(&stage, &file);
            for line in [", 127.0.0.1:8000) = 0", "SYN_SENT → ESTABLISHED", "SYN,ACK seq=k ack=j+1", "accept("] {
                assert!(text.contains(line), "no {line} in {text}");
            }
            // Both were there: of both recordings the text is the same, as far as the shorter one goes.
            let others = as_text(&stage, &other);
            let common = text.lines().zip(others.lines()).take_while(|(one, other)| one == other).count();
            let shorter = text.lines().count().min(others.lines().count());
            assert!(common + 3 >= shorter && common > 20, "{text}\n{others}");

            let replay = stage.open(&["replay", file.to_str().unwrap()]);
            let past = stage.texts.header.past.split("{n}").next().unwrap().trim().to_owned();
            stage.wait_text(replay, &past);
            let begins = stage.texts.free.begin_replay.split(['→', '：', ':']).next().unwrap().to_owned();
            stage.wait_text(replay, &begins);
            assert_eq!(screens::states(stage.screen(replay)), []);
            // Forward, entry by entry, to the moment that was live.
            stage.press(replay, &"\u{1b}[C".repeat(entries - 1));
            stage.wait(replay, &format!("{live:?}"), |screen| Told::on(screen) == live);
            stage.press(replay, "\u{1b}[F");
            let title = stage.texts.free.title_replay.clone();
            stage.wait(replay, &title, |screen| screens::first_row(screen).contains(&title));
            stage.quit(replay);
            stage.ends();
        }
    }
}

/// Both end in an instant, as where the machine goes down: what was recorded is whole all the same.
fn pty_kill(stage: &mut Stage, seats: &[Seat]) {
    for seat in seats {
        stage.kill(*seat);
    }
}

/// The lines of a recording in which a socket was made.
fn of_a_socket(user: User) -> (Stage, Vec<String>) {
    let mut stage = Stage::of(user);
    let seat = stage.join(&["free"]);
    stage.succeeds(seat, Server, "socket(");
    stage.close(&[seat]);
    let lines = stage.lines(seat);
    (stage, lines)
}

/// The last line of one that is cut is left out, which is said before the text, and after the screen.
#[test]
fn a_recording_that_is_cut_says_so() {
    for user in lab_users() {
        let (mut stage, lines) = of_a_socket(user);
        let path = stage.file("cut.jsonl");
        fs::write(&path, format!("{}\n{}\n{}", lines[0], lines[1], &lines[2][..lines[2].len() / 2])).unwrap();
        chown(&path, Some(user.uid()), None).unwrap();
        let cut = path.to_str().unwrap().to_owned();
        let texts = sockwalk::i18n::Texts::load(stage.lang).unwrap();
        let told = texts.shared.cut_recording.replace("{line}", "3");
        let as_text = finish(&mut stage.command(&["replay", &cut, "--shown", "text"]));
        assert!(as_text.succeeded().stdout.contains(&told), "{}", as_text.stdout);
        let replay = stage.open(&["replay", &cut]);
        let begins = stage.texts.free.begin_replay.split(['→', '：', ':']).next().unwrap().to_owned();
        stage.wait_text(replay, &begins);
        stage.quit(replay);
        let said = screens::after_the_screen(&stage.terminal(replay).raw);
        assert!(said.contains(&screens::unbroken(&told)), "{said}");
        stage.ends();
    }
}

#[test]
fn what_is_no_recording_is_told_with_its_line() {
    for user in lab_users() {
        let (mut stage, lines) = of_a_socket(user);
        assert!(lines.len() >= 3, "{lines:?}");
        let file = |name: &str, text: &str| {
            let path = stage.file(name);
            fs::write(&path, text).unwrap();
            chown(&path, Some(user.uid()), None).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let played = finish(&mut stage.command(&[
            "play",
            "handshake",
            "--mode",
            "host",
            "--format",
            "json",
            "--port",
            &free_port(),
        ]));
        for (name, text, line) in [
            ("garbage", format!("{}\n{}\nnonsense\n", lines[0], lines[1]), "line 3"),
            ("binary", format!("{}\n\u{0}\u{1b}]0;x\u{7}\n", lines[0]), "line 2"),
            ("backwards", format!("{}\n{}\n", lines[2], lines[0]), "line 2"),
            ("empty", String::new(), "line 1"),
            ("thin", played.stdout.lines().next().unwrap().to_owned(), "line 1"),
        ] {
            let path = file(name, &text);
            let refused = finish(&mut stage.command(&["replay", &path, "--shown", "text"]));
            assert_eq!(refused.status.code(), Some(1), "{name}: {refused:?}");
            assert_eq!(refused.stdout, "", "{name}");
            assert!(refused.stderr.contains(&path) && refused.stderr.contains(line), "{name}: {refused:?}");
            assert!(!refused.stderr.contains('\u{1b}'), "{refused:?}");
        }
        // Neither is a folder, a device, or what isn't there.
        for path in ["/dev/zero", "/", "/nonexistent"] {
            let refused = finish(&mut stage.command(&["replay", path, "--shown", "text"]));
            assert_eq!(refused.status.code(), Some(1), "{path}: {refused:?}");
            assert!(refused.stderr.contains(path), "{refused:?}");
        }
        // What is there isn't overwritten.
        let taken = file("taken.jsonl", "mine");
        let other = stage.open(&["free", "--record", &taken]);
        assert_eq!(stage.terminal(other).wait_for_end().code(), Some(1));
        assert!(stage.terminal(other).text().contains("taken.jsonl"));
        assert_eq!(fs::read_to_string(&taken).unwrap(), "mine");
        stage.ends();
    }
}

fn free_port() -> String {
    crate::common::free_port().to_string()
}
