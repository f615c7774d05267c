//! What the built program keeps of its learner: in a real folder, by real walks, as root and as an ordinary user.

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use common::pty::Terminal;
use common::{NOBODY, Program, User, finish, lab_users, users};
use serde_json::Value;

/// A program with a home of its own.
struct Learner {
    program: Program,
    user: User,
}

impl Learner {
    fn new(user: User) -> Learner {
        let learner = Learner { program: Program::new(), user };
        fs::create_dir(learner.home()).unwrap();
        learner.give(&learner.home());
        learner
    }

    fn home(&self) -> PathBuf {
        self.program.folder().path().join("home")
    }

    /// Makes a file or folder this user's.
    fn give(&self, path: &std::path::Path) {
        std::os::unix::fs::chown(path, Some(self.user.uid()), None).unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.home().join(".local/state/sockwalk")
    }

    fn file(&self) -> PathBuf {
        self.folder().join("progress.json")
    }

    fn put(&self, text: &str) {
        fs::create_dir_all(self.folder()).unwrap();
        fs::write(self.file(), text).unwrap();
        for path in [self.home().join(".local"), self.home().join(".local/state"), self.folder(), self.file()] {
            self.give(&path);
        }
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&fs::read(self.file()).unwrap()).unwrap()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program.command(self.user, args);
        command.env("HOME", self.home());
        command
    }

    fn says(&self, args: &[&str]) -> (i32, String, String) {
        let finished = finish(&mut self.command(args));
        (finished.status.code().unwrap(), finished.stdout, finished.stderr)
    }

    fn open(&self, args: &[&str]) -> Terminal {
        Terminal::open(self.command(args), 80, 24)
    }

    /// Opens the first lesson, makes its first four steps, and leaves.
    fn walk_four_steps(&self) {
        let mut terminal = self.open(&["learn", "handshake", "--lang", "en"]);
        terminal.wait_for_text("Space begins.");
        for step in 1..=4 {
            terminal.press(" ");
            is_done(&mut terminal, "handshake", step);
        }
        leave(terminal);
    }
}

/// Waits until so many steps of a lesson are done: the next one is offered by its title.
fn is_done(terminal: &mut Terminal, lesson: &str, count: usize) {
    let lesson = sockwalk::lesson::builtin(lesson).unwrap().unwrap();
    let mut steps = lesson.steps.iter().filter(|step| step.modes.contains(&sockwalk::model::Mode::Lab));
    terminal.wait_for_text(&format!("step {count} of "));
    terminal.wait_for_text(&format!("Next: {}", steps.nth(count).unwrap().title.get(sockwalk::i18n::Lang::EN)));
}

fn leave(mut terminal: Terminal) -> String {
    terminal.press("q");
    assert_eq!(terminal.wait_for_end().code(), Some(0));
    String::from_utf8_lossy(&terminal.raw).into_owned()
}

#[test]
fn one_goes_on_where_one_stopped() {
    for user in lab_users() {
        let learner = Learner::new(user);
        learner.walk_four_steps();
        let kept = learner.kept();
        let lesson = &kept["lessons"]["handshake"];
        assert_eq!(
            (&kept["format"], &lesson["done"], &lesson["finished"]),
            (&1.into(), &4.into(), &false.into()),
            "{kept}"
        );
        let data = fs::metadata(learner.file()).unwrap();
        assert_eq!((data.permissions().mode() & 0o777, data.uid()), (0o600, user.uid()));
        let (status, listed, _) = learner.says(&["lessons", "--lang", "en"]);
        assert_eq!(status, 0);
        assert!(listed.lines().any(|line| line.starts_with("handshake ") && line.contains(" 4 of 26")), "{listed}");

        // The steps before run again by themselves, on the kernel: the listening socket is there.
        let mut terminal = learner.open(&["--lang", "en"]);
        terminal.wait_for_text("Steps 1–4 ran again; you stopped here.");
        terminal.wait_for_text("step 4 of 26");
        assert!(terminal.text().contains("LISTEN"), "{}", terminal.text());
        terminal.press(" ");
        is_done(&mut terminal, "handshake", 5);
        terminal.wait_for("the note is gone", |screen| !screen.contents().contains("ran again"));
        leave(terminal);
        assert_eq!(learner.kept()["lessons"]["handshake"]["done"], 5);

        // Who wants to, begins at the start; what was reached stays reached.
        let mut terminal = learner.open(&["learn", "--from-start", "--lang", "en"]);
        terminal.wait_for_text("Space begins.");
        terminal.press(" ");
        terminal.wait_for_text("step 1 of 26");
        leave(terminal);
        assert_eq!(learner.kept()["lessons"]["handshake"]["done"], 5);
    }
}

#[test]
fn while_steps_run_again_r_begins_at_the_start() {
    for user in lab_users() {
        let learner = Learner::new(user);
        learner.put(r#"{"format":1,"lessons":{"handshake":{"step":"time-wait-ends","done":25,"of":26,"finished":false,"at_ms":1}}}"#);
        let lesson = sockwalk::lesson::builtin("handshake").unwrap().unwrap();
        let last = &lesson.steps.iter().rfind(|step| step.waits_for.is_none()).unwrap().id;
        learner.put(&fs::read_to_string(learner.file()).unwrap().replace("time-wait-ends", last));
        let mut terminal = learner.open(&["--lang", "en"]);
        terminal.wait_for_text("run again, to where you stopped");
        terminal.press("r");
        terminal.wait_for_text("Space begins.");
        leave(terminal);
        assert_eq!(learner.kept()["lessons"]["handshake"]["done"], 25);
    }
}

#[test]
fn answers_are_kept_and_a_file_by_its_path_is_not() {
    for user in lab_users() {
        let learner = Learner::new(user);
        let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/lessons/10-refused.toml")).unwrap();
        let path = learner.program.folder().write("mine.toml", &text);
        for (lesson, keeps) in [(path.to_str().unwrap(), false), ("refused", true)] {
            let mut terminal = learner.open(&["learn", lesson, "--lang", "en"]);
            terminal.wait_for_text("Space begins.");
            terminal.press(" ");
            terminal.wait_for_text("Next: The client calls connect()");
            terminal.press(" 2");
            terminal.wait_for_text("✓ Right: it blocks");
            terminal.wait_for_text("Next: Deliver the SYN");
            leave(terminal);
            assert_eq!(learner.file().exists(), keeps);
        }
        assert_eq!(learner.kept()["lessons"]["refused"]["answers"], serde_json::json!({"first-connect": "right"}));
        let (_, listed, _) = learner.says(&["lessons"]);
        assert!(listed.lines().any(|line| line.starts_with("refused ") && line.contains("1/1")), "{listed}");
    }
}

#[test]
fn two_programs_at_once_lose_nothing_of_each_other() {
    for user in lab_users() {
        let learner = Learner::new(user);
        let mut one = learner.open(&["learn", "handshake", "--lang", "en"]);
        let mut other = learner.open(&["learn", "refused", "--lang", "en"]);
        for (terminal, lesson) in [(&mut one, "handshake"), (&mut other, "refused")] {
            terminal.wait_for_text("Space begins.");
            terminal.press(" ");
            is_done(terminal, lesson, 1);
        }
        leave(one);
        leave(other);
        let kept = learner.kept();
        assert_eq!(
            (&kept["lessons"]["handshake"]["done"], &kept["lessons"]["refused"]["done"]),
            (&1.into(), &1.into())
        );
    }
}

#[test]
fn the_list_fits_80_columns_in_both_languages() {
    for user in users() {
        let learner = Learner::new(user);
        for (lang, title) in [("en", "title"), ("zh", "标题")] {
            let (status, listed, told) = learner.says(&["lessons", "--lang", lang]);
            assert_eq!((status, told.as_str()), (0, ""));
            // From the end: a title may begin as the lesson's name does, which stands before it.
            let column = |line: &str, text: &str| line.rfind(text).map(|at| sockwalk::i18n::width(&line[..at]));
            let head = column(listed.lines().next().unwrap(), title);
            for name in sockwalk::lesson::builtin_names() {
                let lesson = sockwalk::lesson::builtin(name).unwrap().unwrap();
                let line = listed.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
                let lang = sockwalk::i18n::Lang::of(lang).unwrap();
                let first: String = lesson.title.get(lang).chars().take(4).collect();
                assert_eq!(column(line, &first), head, "{line}");
            }
            assert!(listed.lines().all(|line| sockwalk::i18n::width(line) <= 80), "{listed}");
        }
        assert!(!learner.folder().exists(), "who only looks leaves nothing behind");
    }
}

#[test]
fn a_file_that_cannot_be_used_is_set_aside_with_a_sentence() {
    for user in users() {
        let learner = Learner::new(user);
        for (text, word, lang, sentence) in [
            ("{", "damaged-1", "en", "was damaged. It is now"),
            ("\u{1b}[2J", "damaged-2", "zh", "已损坏"),
            (r#"{"format":2}"#, "newer-1", "en", "a newer sockwalk"),
        ] {
            learner.put(text);
            let (status, _, told) = learner.says(&["lessons", "--lang", lang]);
            assert_eq!(status, 0);
            assert!(told.contains(sentence) && told.contains(word) && !told.contains('\u{1b}'), "{told}");
            assert_eq!(fs::read_to_string(learner.folder().join(format!("progress.json.{word}"))).unwrap(), text);
            assert!(!learner.file().exists());
        }
    }
}

#[test]
fn what_is_no_file_of_its_own_is_neither_read_nor_written() {
    for user in users() {
        let learner = Learner::new(user);
        let kept = r#"{"format":1,"lessons":{"handshake":{"done":4,"of":26,"finished":true,"at_ms":1}}}"#;
        let elsewhere = learner.program.folder().write("elsewhere.json", kept);
        learner.put("");
        fs::remove_file(learner.file()).unwrap();
        symlink(&elsewhere, learner.file()).unwrap();
        let (status, _, told) = learner.says(&["reset", "--lang", "en"]);
        assert_eq!(status, 1);
        assert!(told.contains("progress.json is a symbolic link") && told.contains("Nothing was forgotten."), "{told}");
        assert_eq!(fs::read_to_string(elsewhere).unwrap(), kept);
        fs::remove_file(learner.file()).unwrap();
        // A pipe that nobody writes to is not waited for.
        assert!(Command::new("mkfifo").arg(learner.file()).status().unwrap().success());
        let (status, _, told) = learner.says(&["lessons", "--lang", "en"]);
        assert_eq!(status, 0);
        assert!(told.contains("progress.json is not a regular file"), "{told}");
    }
}

/// A file in the place of a folder is one's own, and not called another user's.
#[test]
fn ones_own_file_where_a_folder_is_wanted_is_called_so() {
    for user in users() {
        let learner = Learner::new(user);
        learner.put("");
        let mut command = learner.command(&["reset", "--lang", "en"]);
        command.env("XDG_STATE_HOME", learner.file());
        let finished = finish(&mut command);
        assert_eq!(finished.status.code(), Some(1));
        let told = finished.stderr;
        assert!(told.contains("progress.json is no folder") && !told.contains("another user"), "{told}");
    }
}

#[test]
fn a_walk_goes_on_where_nothing_can_be_kept() {
    for user in lab_users() {
        let learner = Learner::new(user);
        // Neither folder: one sentence, after the walk.
        for (home, sentence) in [(None, "neither XDG_STATE_HOME nor HOME"), (Some("/proc"), "note:")] {
            let mut command = learner.command(&["learn", "handshake", "--lang", "en"]);
            match home {
                Some(home) => command.env("HOME", home),
                None => command.env_remove("HOME"),
            };
            let mut terminal = Terminal::open(command, 80, 24);
            terminal.wait_for_text("Space begins.");
            terminal.press(" ");
            terminal.wait_for_text("Next: The server calls bind()");
            let raw = leave(terminal);
            assert_eq!(raw.matches(sentence).count(), 1, "{raw}");
        }
    }
}

#[test]
fn reset_forgets_one_or_all() {
    for user in users() {
        let learner = Learner::new(user);
        let one = r#"{"done":4,"of":26,"finished":true,"at_ms":1}"#;
        learner.put(&format!(r#"{{"format":1,"lessons":{{"handshake":{one},"stream":{one},"close":{one}}}}}"#));
        let says = |args: &[&str]| learner.says(&[args, &["--lang", "en"]].concat());
        assert_eq!(says(&["reset", "stream"]).1, "The progress of stream is forgotten: it begins at its start.\n");
        assert_eq!(says(&["reset", "stream"]).1, "There was no progress of stream to forget.\n");
        assert_eq!(says(&["reset", "nothing"]).0, 2);
        assert_eq!(says(&["reset"]).1, "The progress of all lessons is forgotten: 2 of them had any.\n");
        assert_eq!(learner.kept()["lessons"], serde_json::json!({}));
    }
}

#[test]
fn roots_file_never_stands_in_a_users_home() {
    if !users().contains(&User::Nobody) {
        common::skipped("only root can be somebody else");
        return;
    }
    let learner = Learner::new(User::Nobody);
    let text = r#"{"format":1,"lessons":{"handshake":{"done":4,"of":26,"finished":true,"at_ms":1}}}"#;
    learner.put(text);
    let as_root = |sudo: bool| {
        let mut command = learner.program.command(User::Own, &["reset", "--lang", "en"]);
        command.env("HOME", learner.home());
        if sudo {
            command.env("SUDO_UID", NOBODY.to_string()).env("SUDO_GID", NOBODY.to_string());
        }
        finish(&mut command)
    };
    // Root with a user's home keeps nothing there.
    let finished = as_root(false);
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stderr.contains("belongs to another user"), "{}", finished.stderr);
    assert_eq!(fs::read_to_string(learner.file()).unwrap(), text);
    // Called through sudo it is the caller.
    as_root(true).succeeded();
    assert_eq!(learner.kept()["lessons"], serde_json::json!({}));
    for name in ["progress.json", "progress.lock"] {
        assert_eq!(fs::metadata(learner.folder().join(name)).unwrap().uid(), NOBODY);
    }
}

#[test]
fn the_glossary_explains_in_the_learners_language() {
    let learner = Learner::new(User::Own);
    let (status, all, _) = learner.says(&["glossary", "--lang", "en"]);
    assert_eq!(status, 0);
    assert!(all.lines().all(|line| sockwalk::i18n::width(line) <= 80) && all.matches("RFC 9293").count() > 20, "{all}");
    let (_, one, _) = learner.says(&["glossary", "--lang", "zh", "time", "wait"]);
    assert!(one.starts_with("TIME_WAIT\n") && one.contains("3.3.2") && one.contains("先关闭的一端"), "{one}");
    let (_, one, _) = learner.says(&["glossary", "窗口", "--lang", "en"]);
    assert!(one.starts_with("window · 窗口\n"), "{one}");
    let (status, _, told) = learner.says(&["glossary", "\u{1b}[2J", "--lang", "en"]);
    assert!(status == 1 && told.contains("no term `\\x1b[2J`"), "{told}");
}

/// Who went back to the beginning has begun all the same, whether what was reached is kept or not.
#[test]
fn who_leaves_at_the_beginning_of_what_they_began_is_not_told_otherwise() {
    for user in lab_users() {
        for kept in [true, false] {
            let learner = Learner::new(user);
            let mut command = learner.command(&["learn", "handshake", "--lang", "en"]);
            if !kept {
                command.env_remove("HOME").env_remove("XDG_STATE_HOME");
            }
            let mut terminal = Terminal::open(command, 80, 24);
            terminal.wait_for_text("Space begins.");
            for step in 1..=2 {
                terminal.press(" ");
                is_done(&mut terminal, "handshake", step);
            }
            terminal.press(":");
            terminal.wait_for_text("a call of your own");
            terminal.press("go 0\r");
            terminal.wait_for_text("Space begins.");
            let said = leave(terminal);
            let told = "You left handshake at its beginning; step 2 of 26 had been reached";
            assert!(said.contains(told) && said.contains("isn't kept") != kept, "{said}");
        }
        let learner = Learner::new(user);
        let mut terminal = learner.open(&["learn", "handshake", "--lang", "en"]);
        terminal.wait_for_text("Space begins.");
        assert!(leave(terminal).contains("You haven't begun handshake."));
    }
}
