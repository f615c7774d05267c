//! A lesson that is looked at from a second terminal, and one that is recorded.

use std::fs::File;
use std::io::BufReader;

use sockwalk::i18n::Lang;
use sockwalk::lesson::{Lesson, builtin};
use sockwalk::model::{Event, HandAction, Side, Trace};
use sockwalk::report::read_recording;

use crate::common::{free_port, lab_users, users, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Seat, Stage, names};

fn lesson(name: &str) -> Lesson {
    builtin(name).unwrap().unwrap()
}

/// What the screen says of its place once a step was begun: its number counts from 0.
fn at(stage: &Stage, step: usize) -> String {
    let place = stage.texts.header.step.split("{of}").next().unwrap().replace("{n}", &(step + 1).to_string());
    place.trim().to_owned()
}

/// Two lessons, each driven in one terminal and looked at from another one: what is done in the first is seen in the
/// second, nothing that is done in the second changes anything, and whichever leaves, the other goes on.
#[test]
fn who_looks_on_sees_the_lesson_and_changes_nothing() {
    for user in lab_users() {
        for name in ["handshake", "calls"] {
            let lesson = lesson(name);
            let mut stage = Stage::new(user, LARGE, Lang::EN);
            let learn = stage.open(&["learn", name]);
            stage.wait_text(learn, lesson.title.get(Lang::EN));
            let watch = stage.open(&["watch"]);
            stage.wait_text(watch, lesson.title.get(Lang::EN));
            for step in 0..3 {
                stage.goes_on(learn);
                // A question comes before its step.
                if lesson.steps[step].ask.is_some() {
                    stage.press(learn, " ");
                }
                let at = at(&stage, step);
                stage.wait_text(learn, &at);
                stage.wait_text(watch, &at);
            }
            let shown = |stage: &Stage| stage.screen(learn).contents();
            let before = shown(&stage);
            // A key of the walk's own, one that would drop what waits, one that would let it go, and one for all.
            stage.press(watch, " xdw");
            stage.press(watch, "q");
            stage.terminal(watch).wait_for_end();
            assert_eq!(shown(&stage), before);

            let again = stage.open(&["watch", "--lab", name]);
            let third = at(&stage, 2);
            stage.wait_text(again, &third);
            // The lesson begins anew, in a lab of its own: who looks on comes along.
            stage.press(learn, "r");
            let goal: String = lesson.goal.get(Lang::EN).chars().take(24).collect();
            stage.wait_text(learn, &goal);
            stage.wait_text(again, &goal);
            stage.goes_on(learn);
            let first = at(&stage, 0);
            stage.wait_text(again, &first);
            // Another lesson is opened there: who looks on comes along too.
            stage.press(learn, "o");
            stage.press(learn, "refused\r");
            let next = crate::lessons::lesson("refused");
            for seat in [learn, again] {
                stage.wait_text(seat, next.title.get(Lang::EN));
            }
            stage.press(learn, "q");
            stage.terminal(learn).wait_for_end();
            let gone = stage.texts.free.learner_gone.clone();
            stage.wait_text(again, &gone);
            stage.press(again, "q");
            let ended = stage.terminal(again).wait_for_end();
            assert_eq!(ended.code(), Some(0), "that a lesson ends is no error");
        }
    }
}

/// Who looks on is told at once that the learner's process was killed, and is shown the next lesson, however long that takes.
#[test]
fn who_looks_on_is_told_that_the_learner_has_gone_and_sees_the_next_lesson() {
    for user in lab_users() {
        for (size, lang) in [(LARGE, Lang::EN), (SMALL, zh())] {
            let mut stage = Stage::new(user, size, lang);
            let learn = stage.open(&["learn", "handshake"]);
            stage.wait_text(learn, lesson("handshake").title.get(lang));
            let watch = stage.open(&["watch"]);
            stage.wait_text(watch, lesson("handshake").title.get(lang));
            stage.kill(learn);
            let gone = stage.texts.free.learner_gone.clone();
            stage.wait_text(watch, &gone);
            let next = stage.open(&["learn", "refused"]);
            stage.wait_text(watch, lesson("refused").title.get(lang));
            stage.wait_without(watch, &gone);
            for seat in [next, watch] {
                stage.press(seat, "q");
                stage.terminal(seat).wait_for_end();
            }
        }
    }
}

/// A lesson takes nobody's lab away: who wants one beside it gets one.
#[test]
fn a_lab_beside_a_lesson_is_another_one() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let learn = stage.open(&["learn", "handshake"]);
        stage.wait_text(learn, lesson("handshake").title.get(Lang::EN));
        let server = stage.join(&["server"]);
        stage.quit(server);
        stage.press(learn, "q");
        stage.terminal(learn).wait_for_end();
    }
}

/// On the machine's own loopback a lesson is looked at as in a lab, and in either its name is gone with it.
#[test]
fn a_lesson_on_the_host_is_looked_at_too_and_no_name_is_left_behind() {
    for user in users() {
        for (mode, is_there) in [("host", true), ("lab", user.has_lab())] {
            if !is_there {
                continue;
            }
            let mut stage = Stage::of(user);
            let port = free_port().to_string();
            let learn = stage.open(&["learn", "handshake", "--mode", mode, "--port", &port]);
            let title = lesson("handshake").title.get(Lang::EN).to_owned();
            stage.wait_text(learn, &title);
            assert_eq!(names(&stage.run().join("sockwalk")), ["handshake.lesson", "lock"]);
            let watch = stage.open(&["watch", "--mode", mode]);
            stage.wait_text(watch, &title);
            stage.goes_on(learn);
            let first = at(&stage, 0);
            stage.wait_text(watch, &first);
            stage.press(learn, "q");
            stage.terminal(learn).wait_for_end();
            assert_eq!(names(&stage.run().join("sockwalk")), ["lock"]);
            stage.press(watch, "q");
            stage.terminal(watch).wait_for_end();
        }
    }
}

/// What `play` recorded is what it printed, and replays to the same trace: with its steps, claims and answers.
#[test]
fn a_recorded_lesson_replays_to_the_same_trace() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let file = stage.run().join("walk.jsonl");
        let path = file.to_str().unwrap();
        let played = stage.command(&["play", "handshake", "--format", "json", "--record", path]).output().unwrap();
        assert!(played.status.success(), "{played:?}");
        let recording = read_recording(BufReader::new(File::open(&file).unwrap())).unwrap();
        assert_eq!(recording.header.unwrap().lesson.as_deref(), Some("handshake"));
        let mut trace = Trace::default();
        recording.entries.iter().for_each(|entry| {
            trace.push(entry.at, entry.event.clone());
        });
        let steps = recording.entries.iter().filter(|entry| matches!(entry.event, Event::Step(_))).count();
        assert!(steps > 15 && trace.present().diverged().is_none());
        let mut again = Vec::new();
        let lesson = lesson("handshake");
        let id = |step: usize| lesson.steps.get(step).map_or("", |step| &step.id);
        sockwalk::report::JsonLines::default().write(&trace, id, &mut again).unwrap();
        assert_eq!(String::from_utf8(again).unwrap(), String::from_utf8(played.stdout).unwrap());

        // As text it reads as it did: told with the lesson, in either language.
        for lang in ["en", "zh"] {
            let file = stage.run().join(format!("walk-{lang}.jsonl"));
            let path = file.to_str().unwrap();
            let played = stage.command(&["play", "handshake", "--lang", lang, "--record", path]).output().unwrap();
            let played = String::from_utf8(played.stdout).unwrap();
            let told = stage.command(&["replay", path, "--shown", "text", "--lang", lang]).output().unwrap();
            let told = String::from_utf8(told.stdout).unwrap();
            // Two lines on the recording stand before it; behind what was played stands where the course goes on.
            let told = told.splitn(3, '\n').nth(2).unwrap();
            assert!(told.lines().count() > 100 && played.starts_with(told), "{played}\n--\n{told}");
            assert!(played[told.len()..].lines().count() <= 3, "{}", &played[told.len()..]);
        }

        // Nothing is overwritten.
        let twice = stage.command(&["play", "handshake", "--record", path]).output().unwrap();
        assert_eq!(twice.status.code(), Some(1), "{twice:?}");

        let replay = stage.open(&["replay", path]);
        let past = stage.texts.header.past.split("{n}").next().unwrap().trim().to_owned();
        stage.wait_text(replay, &past);
        stage.press(replay, "\u{1b}[F");
        stage.wait_text(replay, lesson.title.get(Lang::EN));
        stage.quit(replay);
    }
}

/// Each walk that is learned has a recording of its own, and so has each that is looked at; what can't be recorded is told.
#[test]
fn a_lesson_is_recorded_walk_by_walk() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let [learned, looked] = ["learned.jsonl", "looked.jsonl"].map(|name| stage.run().join(name));
        let lesson = lesson("handshake");
        let goal: String = lesson.goal.get(Lang::EN).chars().take(24).collect();
        let learn = stage.open(&["learn", "handshake", "--record", learned.to_str().unwrap()]);
        stage.wait_text(learn, &goal);
        let watch = stage.open(&["watch", "--record", looked.to_str().unwrap()]);
        stage.wait_text(watch, &goal);
        for (step, anew) in [(0, false), (1, false), (0, true)] {
            if anew {
                stage.press(learn, "r");
                [learn, watch].into_iter().for_each(|seat| stage.wait_text(seat, &goal));
            }
            stage.goes_on(learn);
            let at = at(&stage, step);
            [learn, watch].into_iter().for_each(|seat| stage.wait_text(seat, &at));
        }
        // The third walk's file is there already: it is looked at without, and that is told at the end.
        let third = stage.run().join("looked-3.jsonl");
        std::fs::write(&third, "mine").unwrap();
        stage.press(learn, "r");
        [learn, watch].into_iter().for_each(|seat| stage.wait_text(seat, &goal));
        stage.press(watch, "q");
        assert_eq!(stage.terminal(watch).wait_for_end().code(), Some(1));
        let said = screens::after_the_screen(&stage.terminal(watch).raw);
        assert!(said.contains("looked-3.jsonl"), "{said}");
        stage.press(learn, "q");
        stage.terminal(learn).wait_for_end();
        assert_eq!(std::fs::read_to_string(&third).unwrap(), "mine");
        for first in [learned, looked] {
            let second = first.with_file_name(format!("{}-2.jsonl", first.file_stem().unwrap().to_str().unwrap()));
            for (file, steps) in [(first, 2), (second, 1)] {
                let recording = read_recording(BufReader::new(File::open(&file).unwrap())).unwrap();
                let begun = recording.entries.iter().filter(|entry| matches!(entry.event, Event::Step(_))).count();
                assert_eq!(begun, steps, "{file:?}");
            }
        }
    }
}

/// At a step the learner makes a call of their own, is told what it came to, and comes back by one key; then to an earlier
/// step, by its name. Who looks on comes along, each walk has its recording, and what was tried stands in the first. Another
/// lesson that begins alike runs its set-up by one key.
#[test]
fn a_learner_leaves_the_path_comes_back_and_knows_the_set_up_elsewhere() {
    for (n, user) in lab_users().into_iter().enumerate() {
        let size = if n == 0 { LARGE } else { (80, 24) };
        let mut stage = Stage::new(user, size, if n == 0 { Lang::EN } else { crate::common::zh() });
        let t = stage.texts.explain.clone();
        let recorded = stage.run().join("walk.jsonl");
        let learn = stage.open(&["learn", "close", "--record", recorded.to_str().unwrap()]);
        let of = |text: &str, n: usize| text.replace("{n}", &n.to_string()).chars().take(12).collect::<String>();
        let goes = |stage: &mut Stage, seats: &[Seat], step: usize| {
            let at = at(stage, step);
            seats.iter().for_each(|seat| stage.wait_text(*seat, &at));
        };
        let lesson = lesson("close");
        stage.wait_text(learn, lesson.title.get(stage.lang));
        let watch = stage.open(&["watch"]);
        stage.wait_text(watch, lesson.title.get(stage.lang));
        for step in 0..4 {
            stage.goes_on(learn);
            goes(&mut stage, &[learn, watch], step);
        }
        // The step's own call has come back: one thread makes one call at a time.
        stage.wait_text(learn, "fd 3 ● CLOSED");
        // The client's descriptor is closed under the lesson's feet: the step's own claim doesn't hold any more.
        stage.press(learn, "\t\t:close 3\r");
        [learn, watch].into_iter().for_each(|seat| stage.wait_text(seat, "close(3)"));
        stage.wait_text(learn, &of(&t.back, 4));
        stage.press(learn, "r");
        stage.wait_text(learn, &of(&t.returned, 4));
        goes(&mut stage, &[learn, watch], 3);
        // By its name; one that wasn't reached is refused, and one that isn't there.
        for (typed, said) in [
            ("go fin-arrives", &stage.texts.mistyped.not_reached.clone()),
            ("go 0x", &stage.texts.mistyped.no_step.clone()),
        ] {
            stage.press(learn, &format!(":{typed}\r"));
            let said: String = said.split(['{', '`']).next().unwrap().trim().chars().take(12).collect();
            stage.wait_text(learn, &said);
            stage.press(learn, "\x1b");
            stage.wait_without(learn, &said);
        }
        stage.press(learn, ":go bind\r");
        stage.wait_text(learn, &of(&t.returned, 2));
        goes(&mut stage, &[learn, watch], 1);
        stage.goes_on(learn);
        goes(&mut stage, &[learn, watch], 2);
        // It begins as `close` does: as far as that was walked.
        stage.press(learn, "oreset\r");
        let offered = of(&t.set_up_known, 4);
        stage.wait_text(learn, &offered);
        stage.press(learn, "u");
        stage.wait_text(learn, &of(&t.set_up, 4));
        goes(&mut stage, &[learn, watch], 3);
        stage.press(watch, "q");
        stage.terminal(watch).wait_for_end();
        stage.press(learn, "q");
        stage.terminal(learn).wait_for_end();
        for (file, steps, calls) in [("walk.jsonl", 4, 1), ("walk-2.jsonl", 4, 0), ("walk-3.jsonl", 3, 0)] {
            let recording = read_recording(BufReader::new(File::open(stage.run().join(file)).unwrap())).unwrap();
            let count =
                |is_it: &dyn Fn(&Event) -> bool| recording.entries.iter().filter(|entry| is_it(&entry.event)).count();
            let begun = count(&|event| matches!(event, Event::Step(_)));
            let own = count(&|event| matches!(event, Event::ByHand(HandAction::Call(Side::Client))));
            assert_eq!((begun, own), (steps, calls), "{file}");
        }
    }
}

const CLOSES: &str = r#"
format = 1
id = "closes"
server = "127.0.0.1:8000"
modes = ["lab"]
begin = "established"
title = { en = "A close", zh = "关闭" }
goal = { en = "E", zh = "中" }
recap = { en = "E", zh = "中" }

[[step]]
id = "send"
title = { en = "It sends", zh = "发送" }
say = { en = "E", zh = "中" }
do.send = { socket = "conn", text = "abc" }

[[step]]
id = "close"
title = { en = "It closes", zh = "关闭" }
say = { en = "E", zh = "中" }
do.close = { socket = "conn" }
expect = [{ state = { socket = "conn", is = "FIN_WAIT1" } }]
"#;

/// What was done by hand makes a later step's claim untrue: what the step's own call came to is said then, with the reason.
#[test]
fn a_childs_descriptor_is_told_where_a_steps_close_sends_no_fin() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let file = stage.write("closes.toml", CLOSES);
        let learn = stage.open(&["learn", file.to_str().unwrap()]);
        stage.wait_text(learn, "Next: It sends");
        stage.goes_on(learn);
        stage.wait_text(learn, "Next: It closes");
        stage.press(learn, "\t:fork\r");
        stage.wait_text(learn, "A child process has begun");
        stage.goes_on(learn);
        stage.wait_text(learn, "is FIN_WAIT1; actual:");
        stage.wait_text(learn, "close(4) sends no FIN yet: the socket is also open in");
        stage.press(learn, "q");
        stage.terminal(learn).wait_for_end();
    }
}
