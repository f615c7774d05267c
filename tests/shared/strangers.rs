//! Bytes that come from others never reach the terminal as they are; other users never reach the lab.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use sockwalk::i18n;
use sockwalk::i18n::Lang;
use sockwalk::model::{Event, Side};

use crate::common::{Finished, User, finish, is_root, lab_users, skipped, zh};
use crate::stage::{LARGE, SMALL, Stage};

use Side::{Client, Server};

// ---------------------------------------------------------------- hostile bytes

/// Nothing of the hostile bytes stands in what came to a terminal, though what they are part of was shown.
#[track_caller]
fn is_harmless(raw: &[u8]) {
    let text = String::from_utf8_lossy(raw);
    for forbidden in ["\x1b]0;", "\x1b]2;", "\u{7}", "\u{9b}", "\x1b[2J\u{9b}"] {
        assert!(!text.contains(forbidden), "{forbidden:?} in {text:?}");
    }
    assert!(!raw.contains(&0xff), "{text:?}");
}

/// The interpreter's own file: what is in the path may be a script that looks at its own name.
fn itself(user: User, python: &str) -> String {
    let told = finish(user.command(Path::new(python)).args(["-c", "import sys; print(sys.executable)"]));
    told.succeeded().stdout.trim().to_owned()
}

#[test]
fn hostile_names_and_payload_are_shown_escaped() {
    for user in lab_users() {
        for (size, lang) in [(LARGE, Lang::EN), (SMALL, zh())] {
            let mut stage = Stage::new(user, size, lang);
            let Some(python) = stage.tool("python3", "--version") else { return };
            let script = stage.write("hostile.py", include_str!("programs/hostile.py"));
            // The name under which it is run is hostile too.
            let name = "\u{1b}]0;named\u{7}\u{9b}x";
            let hostile = stage.file(name);
            symlink(itself(user, &python), &hostile).unwrap();
            let server = stage.join(&["server"]);
            let watch = stage.join(&["watch"]);
            for call in ["socket(", "bind(", "listen("] {
                stage.succeeds(server, Server, call);
            }
            let arguments = [hostile.to_str().unwrap(), script.to_str().unwrap(), "127.0.0.1", "8000"];
            let program = stage.exec(&arguments, "");
            let escaped: String = i18n::escape(name).chars().take(12).collect();
            assert!(escaped.is_ascii() && !escaped.contains('\u{1b}'));
            stage.wait_text(watch, &escaped);
            stage.wait_state(watch, Client, "SYN_SENT");
            stage.let_go(server, &["SYN", "SYN,ACK", "ACK", "PSH,ACK", "ACK"]);
            let connection = stage.succeeds(server, Server, "accept(");
            let came = stage.returns(server, Server, &format!("recv {connection}")).unwrap();
            assert!(came.data.starts_with(b"\x1b]0;stolen\x07\x1b[2J\xc2\x9b"));
            // The pane bears it, as the socket has a descriptor there.
            let title = format!("● {} \\x1b]0;", stage.texts.side.client);
            stage.wait(server, "the name", |screen| {
                let rows = crate::screens::sockets(screen);
                let its = |row: &crate::screens::Row| row.side == Client && row.who.starts_with("fd ");
                screen.contents().contains(&title) && rows.iter().any(its)
            });
            // What there is to see of it, at any size and in any pane.
            for keys in ["p", "p", "k", "k", "s", "s", "s", "f", "f", "f", "\u{1b}[D", "\u{1b}[F"] {
                for seat in [server, watch] {
                    stage.press(seat, keys);
                }
            }
            stage.looks_at_sockets(server, |_| ());
            stage.looks_at_sockets(watch, |_| ());
            stage.call(server, Server, &format!("send {connection} x"));
            stage.let_go(server, &["PSH,ACK"]);
            stage.wait_end(program);
            let gone =
                |event: &Event| matches!(event, Event::Left(member) if member.role != sockwalk::model::Role::Watches);
            stage.wait_event(server, "departure of the program", gone);
            stage.quit(server);
            stage.quit(watch);
            for seat in [server, watch] {
                let raw = &stage.terminal(seat).raw;
                // Before its screen the program asks the terminal for its colours.
                let screen = b"\x1b[?1049h";
                let begin = raw.windows(screen.len()).position(|part| part == screen).unwrap();
                is_harmless(&raw[begin..]);
            }
            let recording = stage.file("0.jsonl");
            let told = finish(&mut stage.command(&["replay", recording.to_str().unwrap(), "--shown", "text"]));
            assert!(told.succeeded().stdout.contains("stolen") && told.stdout.contains("\\x1b"));
            is_harmless(told.stdout.as_bytes());
            assert!(!told.stdout.contains('\u{1b}'));
            stage.ends();
        }
    }
}

#[test]
fn hostile_arguments_are_told_escaped() {
    let stage = Stage::of(User::Own);
    let hostile = "/nonexistent/\u{1b}]0;named\u{7}\u{9b}";
    for args in [
        vec!["exec", "--", hostile],
        vec!["exec", "--lab", "\u{1b}]0;x\u{7}", "--", "true"],
        vec!["replay", hostile],
        vec!["exec", "--lab", "a/../b", "true"],
    ] {
        if args[0] == "exec" && !User::Own.has_lab() {
            return;
        }
        let refused = finish(&mut stage.command(&args));
        assert!(!refused.status.success() && !refused.stderr.is_empty());
        assert!(!refused.stderr.contains(['\u{1b}', '\u{7}', '\u{9b}']), "{:?}", refused.stderr);
    }
}

// ---------------------------------------------------------------- other users

/// Whether anything in a folder can be written by others than its owner, or belongs to somebody else.
#[track_caller]
fn is_the_users_alone(folder: &Path, uid: u32) {
    let mut all = vec![folder.to_owned()];
    while let Some(path) = all.pop() {
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!(found.uid(), uid, "{path:?}");
        assert_eq!(found.mode() & 0o022, 0, "{path:?} has mode {:o}", found.mode());
        if found.is_dir() {
            assert_eq!(found.mode() & 0o777, 0o700, "{path:?}");
            all.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

#[test]
fn no_file_can_be_written_by_others_whatever_the_mask() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let file = stage.file("recording.jsonl");
        let program = stage.program.path();
        let mut command = stage.user.command(Path::new("/bin/sh"));
        command.args(["-c", "umask 0; exec \"$@\"", "sh"]).arg(program);
        command.args(["--lang", "en", "free", "--record", file.to_str().unwrap()]);
        command.env("XDG_RUNTIME_DIR", stage.run());
        let seat = stage.open_command(command);
        stage.wait_text(seat, "socket()");
        is_the_users_alone(&stage.run(), user.uid());
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        stage.close(&[seat]);
    }
}

/// What a refused member says: one sentence, status 1.
#[track_caller]
fn is_refused(stage: &Stage, finished: &Finished, names: &str) {
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
    assert!(finished.stderr.starts_with("error: "), "{finished:?}");
    assert!(finished.stderr.contains(names), "{finished:?}");
    assert_eq!(stage.daemons(), [] as [u32; 0]);
}

#[test]
fn a_folder_that_others_could_write_to_is_not_used() {
    for user in lab_users() {
        let spoil: [fn(&Stage, &Path); 4] = [
            |_, path| {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
            },
            |_, path| {
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, fs::Permissions::from_mode(0o750)).unwrap();
            },
            |stage, path| symlink(stage.own_folder("elsewhere"), path).unwrap(),
            |_, path| fs::write(path, "").unwrap(),
        ];
        for spoil in spoil {
            let stage = Stage::of(user);
            let path = stage.run().join("sockwalk");
            spoil(&stage, &path);
            std::os::unix::fs::lchown(&path, Some(user.uid()), None).unwrap();
            let refused = finish(&mut stage.command(&["exec", "--", "true"]));
            is_refused(&stage, &refused, path.to_str().unwrap());
            assert!(refused.stderr.contains("0700"), "{refused:?}");
        }
    }
}

#[test]
fn somebody_elses_folder_is_not_used() {
    if !is_root() {
        return skipped("only root can make somebody else's folder");
    }
    for user in lab_users() {
        let stage = Stage::of(user);
        let path = stage.own_folder("run/sockwalk");
        let other = if user == User::Own { User::Nobody.uid() } else { 0 };
        chown(&path, Some(other), None).unwrap();
        is_refused(&stage, &finish(&mut stage.command(&["exec", "--", "true"])), path.to_str().unwrap());
    }
}

/// A daemon lets nobody in who is another user, though the files would allow it; nor is the daemon of another user
/// believed.
#[test]
fn a_lab_is_its_users_alone() {
    if !is_root() {
        return skipped("only root can be two users");
    }
    if lab_users().len() < 2 {
        return;
    }
    for (owner, stranger) in [(User::Own, User::Nobody), (User::Nobody, User::Own)] {
        let mut stage = Stage::of(owner);
        let server = stage.join(&["server"]);
        let socket = stage.run().join("sockwalk/main.sock");
        // As open as can be: only the daemon itself still stands in the way.
        for path in [stage.run(), stage.run().join("sockwalk")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(&socket, fs::Permissions::from_mode(0o777)).unwrap();
        let strangers = Stage::of(stranger);
        symlink(&socket, strangers.own_folder("run/sockwalk").join("main.sock")).unwrap();
        let refused = finish(&mut strangers.command(&["exec", "--", "true"]));
        is_refused(&strangers, &refused, "another user's");
        assert!(
            !stage
                .entries(server)
                .iter()
                .any(|entry| matches!(&entry.event, Event::Joined(member) if member.number > 1))
        );
        // Without the program's own caution: the daemon says nothing.
        if let Some(nc) = strangers.tool("nc", "-h") {
            let mut command = stranger.command(Path::new(&nc));
            command.args(["-U", "-N", socket.to_str().unwrap()]).stdin(Stdio::null());
            let came = finish(&mut command);
            assert_eq!((came.stdout.as_str(), came.stderr.as_str()), ("", ""), "{came:?}");
        }
        stage.close(&[server]);
    }
}

/// The test above would also pass if the door were shut for everybody: its owner gets an answer.
#[test]
fn the_daemon_answers_its_own_user() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(nc) = stage.tool("nc", "-h") else { return };
        let server = stage.join(&["server"]);
        let hello = format!("{{\"Hello\":{{\"version\":\"{}\",\"role\":\"Watches\"}}}}\n", env!("CARGO_PKG_VERSION"));
        let socket = stage.run().join("sockwalk/main.sock");
        let mut command: Command = user.command(Path::new(&nc));
        command.args(["-U", socket.to_str().unwrap()]);
        let guest = stage.beside(command, &hello);
        stage.wait_said(guest, "\"Welcome\"");
        let mut command: Command = user.command(Path::new(&nc));
        command.args(["-U", socket.to_str().unwrap()]);
        let other = stage.beside(command, &hello.replace("version\":\"", "version\":\"9"));
        stage.wait_said(other, "\"Version\"");
        stage.wait_event(server, "guest", |event| matches!(event, Event::Joined(member) if member.number == 2));
        stage.quit(server);
    }
}

/// The capabilities that a process has.
fn capabilities(pid: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    line.unwrap().trim().to_owned()
}

/// On the host nothing that takes part, that is run, or that reads a foreign file keeps a right of root's.
#[test]
fn nobody_keeps_roots_rights_on_the_host() {
    for user in crate::common::users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server", "--mode", "host"]);
        assert_eq!(capabilities(stage.pid(server)), "0000000000000000", "{user:?}: server");
        let exec = stage.exec(&["cat", "/proc/self/status"], "");
        stage.wait_said(exec, "CapPrm:\t0000000000000000");
        stage.wait_end(exec);
        let recording = stage.recording_path(server);
        let replay = stage.open(&["replay", recording.to_str().unwrap()]);
        let title = stage.texts.free.begin_replay.chars().take(12).collect::<String>();
        stage.wait_text(replay, &title);
        assert_eq!(capabilities(stage.pid(replay)), "0000000000000000", "{user:?}: replay");
        stage.close(&[replay, server]);
    }
}
