//! From lesson to lesson in the real program: the page at a lesson's end, the list over any walk, and the line that is
//! left when the learner quits.

mod common;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::Command;

use common::procs;
use common::pty::Terminal;
use common::{Program, User, free_port, lab_users, users, zh};
use serde_json::Value;
use sockwalk::i18n::Lang;
use sockwalk::lesson::{Action, Lesson, Payload, Step, builtin};
use sockwalk::model::Mode;
use sockwalk::tui::InterfaceTexts;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// A program with a home of its own, and the words of its language.
struct Learner {
    program: Program,
    user: User,
    lang: Lang,
    size: (u16, u16),
    texts: InterfaceTexts,
}

impl Learner {
    fn new(user: User, lang: Lang, size: (u16, u16)) -> Learner {
        let learner = Learner { program: Program::new(), user, lang, size, texts: InterfaceTexts::load(lang).unwrap() };
        let home = learner.home();
        // The learner's alone: labs are looked for there, and in a folder that all share where it were anybody's.
        fs::DirBuilder::new().mode(0o700).create(&home).unwrap();
        std::os::unix::fs::chown(&home, Some(user.uid()), None).unwrap();
        learner
    }

    /// Each user, with a small window in English and a large one in Chinese.
    fn all(users: Vec<User>) -> Vec<Learner> {
        let looks = [(Lang::EN, SMALL), (zh(), LARGE)];
        users.into_iter().flat_map(|user| looks.map(|(lang, size)| Learner::new(user, lang, size))).collect()
    }

    fn home(&self) -> PathBuf {
        self.program.folder().path().join("home")
    }

    fn kept(&self, lesson: &str) -> Value {
        let file = self.home().join(".local/state/sockwalk/progress.json");
        let kept: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        kept["lessons"][lesson].clone()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program.command(self.user, args);
        command.args(["--lang", self.lang.code()]).env("HOME", self.home()).env("XDG_RUNTIME_DIR", self.home());
        command
    }

    fn open(&self, args: &[&str]) -> Terminal {
        Terminal::open(self.command(args), self.size.0, self.size.1)
    }

    fn step(&self, lesson: &str, number: usize) -> Step {
        steps(lesson)[number].clone()
    }

    /// Waits until so many steps of a lesson are done: the next one is offered.
    #[track_caller]
    fn is_done(&self, terminal: &mut Terminal, lesson: &str, count: usize) {
        let all = steps(lesson);
        let (n, of) = (count.to_string(), all.len().to_string());
        let header = match count {
            0 => self.texts.header.begins.replace("{of}", &of),
            _ => self.texts.header.step.replace("{n}", &n).replace("{of}", &of),
        };
        terminal.wait_for_text(&header);
        let offered = match all.get(count) {
            Some(next) => next.title.get(self.lang).to_owned(),
            None => self.texts.explain.to_the_end.chars().take(8).collect(),
        };
        terminal.wait_for_text(&offered);
    }

    /// Makes a step, with the first of the offered answers where there is a question.
    #[track_caller]
    fn make(&self, terminal: &mut Terminal, lesson: &str, number: usize) {
        let step = self.step(lesson, number);
        terminal.press(" ");
        if step.ask.is_some() {
            terminal.wait_for_text(self.texts.explain.predict.trim());
            terminal.press("1");
        }
        if let Some(Action::Send { payload: Payload::Line(_), .. }) = &step.action {
            terminal.wait_for_text(&self.texts.explain.r#type);
            terminal.press("\r");
        }
        self.is_done(terminal, lesson, number + 1);
    }

    /// Opens the list, searches, and waits until this is the best that is found.
    #[track_caller]
    fn search(&self, terminal: &mut Terminal, words: &str, lesson: &str) {
        terminal.press("o");
        terminal.wait_for_text(&self.texts.lessons.keys);
        terminal.press(words);
        // Below the list stands what Enter does with the chosen one.
        terminal.wait_for_text(lesson);
        let title: String = builtin(lesson).unwrap().unwrap().title.get(self.lang).chars().take(12).collect();
        terminal.wait_for(lesson, |screen| {
            let (rows, _) = screen.size();
            (0..rows.get()).any(|row| {
                let chosen = (0..20).any(|x| screen.cell(row, x + 2).is_some_and(|cell| cell.inverse()));
                chosen && screen.contents_between(row, 0, row, 200).contains(&title)
            })
        });
    }

    /// Leaves. Returns the line that is left.
    #[track_caller]
    fn leave(&self, mut terminal: Terminal) -> String {
        terminal.press("q");
        assert_eq!(terminal.wait_for_end().code(), Some(0));
        assert_eq!(terminal.settings(), terminal.before);
        let text = String::from_utf8_lossy(&terminal.raw).into_owned();
        let line = text.trim_end().lines().last().unwrap().to_owned();
        line.rsplit('\u{1b}')
            .next()
            .unwrap()
            .split_once(['h', 'l', 'm'])
            .map_or(line.clone(), |(_, line)| line.to_owned())
    }
}

fn lesson(name: &str) -> Lesson {
    builtin(name).unwrap().unwrap()
}

fn steps(name: &str) -> Vec<Step> {
    lesson(name).steps.into_iter().filter(|step| step.modes.contains(&Mode::Lab)).collect()
}

fn says(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "{word}: {line:?}");
    }
}

#[test]
fn the_end_of_a_lesson_has_a_page_and_leads_to_the_next() {
    let name = "simultaneous-close";
    for learner in Learner::all(lab_users()) {
        let mut terminal = learner.open(&["learn", name]);
        learner.is_done(&mut terminal, name, 0);
        let old = procs::lab(terminal.pid());
        let count = steps(name).len();
        (0..count).for_each(|number| learner.make(&mut terminal, name, number));
        // The page can be read to its end, and what Enter does is always seen.
        terminal.press(" ");
        let t = &learner.texts.ending;
        terminal.wait_for_text(&t.say);
        let next: String = lesson("refused").title.get(learner.lang).chars().take(10).collect();
        let mut seen = String::new();
        for _ in 0..60 {
            terminal.wait_for_text(&next);
            seen += &terminal.text();
            terminal.press("\x1b[B");
            terminal.read(std::time::Duration::from_millis(30));
        }
        terminal.wait_for_text(&t.confirmed);
        seen += &terminal.text();
        let asks: Vec<Step> = steps(name).into_iter().filter(|step| step.ask.is_some()).collect();
        let of = asks.len().to_string();
        let heading = t.predictions.replace("{of}", &of);
        let (before, after) = heading.split_once("{right}").unwrap();
        assert!(seen.contains(before) && seen.contains(after), "{seen}");
        for step in &asks {
            let question: String = step.ask.as_ref().unwrap().question.get(learner.lang).chars().take(14).collect();
            assert!(seen.contains(&question), "{question}: {seen}");
        }
        let kernel = t.kernel.split_once("{answer}").unwrap().0.to_owned();
        assert!(seen.contains(&kernel) && seen.contains(t.own.split_once("{answer}").unwrap().0), "{seen}");
        // The next lesson, in a lab of its own; the old one is gone.
        terminal.press("\r");
        learner.is_done(&mut terminal, "refused", 0);
        let new = procs::lab(terminal.pid());
        assert_ne!(old.name(), new.name());
        learner.make(&mut terminal, "refused", 0);
        assert!(common::until(common::BOUND, || !old.is_inhabited()), "the old lab is gone");
        says(&learner.leave(terminal), &["refused", "1", "18", "sockwalk learn refused"]);
        let kept = learner.kept(name);
        assert_eq!((&kept["finished"], &kept["answers"].as_object().unwrap().len()), (&true.into(), &asks.len()));
        assert_eq!(learner.kept("refused")["done"], 1);
    }
}

#[test]
fn the_list_opens_in_the_middle_of_a_lesson_and_nothing_is_lost() {
    for learner in Learner::all(lab_users()) {
        let mut terminal = learner.open(&["learn", "handshake"]);
        learner.is_done(&mut terminal, "handshake", 0);
        (0..3).for_each(|number| learner.make(&mut terminal, "handshake", number));
        // Looking and leaving the list changes nothing.
        learner.search(&mut terminal, "24", "ipv6");
        terminal.press("\x1b");
        learner.is_done(&mut terminal, "handshake", 3);
        // Titles in both languages find the lesson, whichever is shown.
        learner.search(&mut terminal, "半关闭", "close");
        terminal.press("\r");
        learner.is_done(&mut terminal, "close", 0);
        learner.make(&mut terminal, "close", 0);
        assert_eq!(learner.kept("handshake")["done"], 3);
        // Back: it goes on where it was left.
        learner.search(&mut terminal, "handshake", "handshake");
        terminal.press("\r");
        let ran = learner.texts.explain.again_over.replace("{n}", "3");
        terminal.wait_for_text(ran.split('.').next().unwrap().split("，").next().unwrap());
        learner.is_done(&mut terminal, "handshake", 3);
        learner.make(&mut terminal, "handshake", 3);
        says(&learner.leave(terminal), &["handshake", "4", "26", "sockwalk learn handshake"]);
        assert_eq!((&learner.kept("handshake")["done"], &learner.kept("close")["done"]), (&4.into(), &1.into()));
    }
}

#[test]
fn what_does_not_run_here_is_said_and_not_opened() {
    for learner in Learner::all(users()) {
        let port = free_port().to_string();
        let mut terminal = learner.open(&["learn", "handshake", "--mode", "host", "--port", &port]);
        terminal.wait_for_text(&learner.texts.explain.begin);
        learner.search(&mut terminal, "echo", "echo");
        terminal.press("\r");
        terminal.wait_for_text("--mode");
        terminal.press("\x1b");
        terminal.wait_for("the lesson again", |screen| !screen.contents().contains("--mode"));
        terminal.press(" ");
        // What does, takes the place of the old one, at the same port.
        learner.search(&mut terminal, "ipv6", "ipv6");
        terminal.press("\r");
        let title: String = lesson("ipv6").title.get(learner.lang).to_owned();
        terminal.wait_for_text(&title);
        terminal.wait_for_text(&learner.texts.explain.begin);
        let line = learner.leave(terminal);
        says(&line, &["ipv6", &format!("sockwalk learn ipv6 --mode host --port {port}")]);
    }
}

#[test]
fn who_is_in_a_shared_lab_is_told_what_to_type_and_the_lab_goes_on() {
    for learner in Learner::all(lab_users()) {
        let mut server = learner.open(&["server"]);
        server.wait_for_text(&learner.texts.free.title_server);
        let mut watch = learner.open(&["watch"]);
        watch.wait_for_text(&learner.texts.free.title_watch);
        for terminal in [&mut server, &mut watch] {
            learner.search(terminal, "TIME_WAIT", "reuse");
            terminal.press("\r");
            terminal.wait_for_text("learn reuse");
            terminal.press("\x1b");
            terminal.wait_for("the walk", |screen| !screen.contents().contains("learn reuse"));
        }
        // The list makes no call and ends nothing: the server's first call is still to come.
        assert!(server.text().contains(&learner.texts.side.nothing), "{}", server.text());
        says(&learner.leave(watch), &["1", "sockwalk watch --lab "]);
        let role = learner.texts.free.role_watch.clone();
        server.wait_for("one alone", |screen| !screen.contents().lines().next().unwrap().contains(&role));
        server.press("1");
        server.wait_for_text("socket(");
        let line = learner.leave(server);
        says(&line, &["sockwalk server"]);
        assert!(!line.contains("--lab"), "it is gone: {line}");
    }
}

#[test]
fn a_recording_leads_to_a_lesson() {
    for learner in Learner::all(lab_users()) {
        let file = learner.home().join("walk.jsonl");
        let mut free = learner.open(&["free", "--record", file.to_str().unwrap()]);
        free.wait_for_text(&learner.texts.free.title);
        free.press("1");
        free.wait_for_text("socket(");
        learner.leave(free);
        let mut replay = learner.open(&["replay", file.to_str().unwrap()]);
        let begins: String = learner.texts.free.begin_replay.chars().take(4).collect();
        replay.wait_for_text(&begins);
        learner.search(&mut replay, "handshake", "handshake");
        replay.press("\r");
        learner.is_done(&mut replay, "handshake", 0);
        learner.make(&mut replay, "handshake", 0);
        says(&learner.leave(replay), &["handshake", "1", "sockwalk learn handshake"]);
        assert_eq!(learner.kept("handshake")["done"], 1);
    }
}

#[test]
fn of_a_file_the_line_says_that_nothing_is_kept() {
    for learner in Learner::all(lab_users()) {
        let text = sockwalk::lesson::builtin_text("simultaneous-close").unwrap().1;
        let path = learner.program.folder().write("my own.toml", &text);
        let mut terminal = learner.open(&["learn", path.to_str().unwrap()]);
        learner.is_done(&mut terminal, "simultaneous-close", 0);
        learner.make(&mut terminal, "simultaneous-close", 0);
        let line = learner.leave(terminal);
        says(&line, &["sockwalk learn '", "my own.toml'"]);
        assert!(!learner.home().join(".local/state/sockwalk/progress.json").exists());
    }
}
