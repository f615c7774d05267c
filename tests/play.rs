//! The built program plays its lessons without a terminal, on the real kernel, as root and as an ordinary user.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::procs::{self, Seen};
use common::pty::Terminal;
use common::{
    BOUND, Finished, Folder, Program, User, at_once, finish, free_port, has, json, lab_users, skipped, until, users,
    wait, zh,
};
use serde_json::{Value, json as value};
use sockwalk::i18n::Lang;
use sockwalk::lesson::{Lesson, builtin, builtin_names, parse};
use sockwalk::linux::missing;
use sockwalk::model::{Mode, TimerKind};

fn lessons() -> Vec<Lesson> {
    let names = builtin_names();
    assert!(names.contains(&"handshake"), "{names:?}");
    names.into_iter().map(|name| builtin(name).unwrap().unwrap()).collect()
}

fn lessons_for(mode: Mode) -> Vec<Lesson> {
    lessons().into_iter().filter(|lesson| lesson.modes.contains(&mode)).collect()
}

/// Who plays where: the lab for those who may have one, the machine's own loopback for everybody.
fn players(mode: Mode) -> Vec<User> {
    if mode == Mode::Lab { lab_users() } else { users() }
}

/// Each lesson by each who may play it.
fn plays(mode: Mode) -> Vec<(User, Lesson)> {
    players(mode).into_iter().flat_map(|user| lessons_for(mode).into_iter().map(move |lesson| (user, lesson))).collect()
}

/// Plays a lesson as JSON, and checks what every such output must be.
#[track_caller]
fn play(program: &Program, user: User, lesson: &str, mode: Mode) -> Vec<Value> {
    well_played(&played(program, user, lesson, mode))
}

fn played(program: &Program, user: User, lesson: &str, mode: Mode) -> Finished {
    let port = free_port().to_string();
    let mut args = vec!["play", lesson, "--format", "json", "--lang", "en", "--mode"];
    match mode {
        Mode::Lab => args.push("lab"),
        Mode::Host => args.extend(["host", "--port", &port]),
    }
    program.run(user, &args)
}

#[track_caller]
fn well_played(finished: &Finished) -> Vec<Value> {
    let lines = json(&finished.succeeded().stdout);
    let told: Vec<&str> = finished.stderr.lines().filter(|line| !line.starts_with("left out, because")).collect();
    assert_eq!(told, [] as [&str; 0]);
    is_well_formed(&lines);
    lines
}

const STATES: [&str; 14] = [
    "LISTEN",
    "SYN_SENT",
    "SYN_RECV",
    "ESTABLISHED",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "CLOSE_WAIT",
    "CLOSING",
    "LAST_ACK",
    "TIME_WAIT",
    "CLOSED",
    "UNCONN",
    "ESTAB",
    "gone",
];

/// Whether a call has come back well.
fn returned_a_child(line: &Value) -> bool {
    line["phase"] == "return" && line["errno"].is_null()
}

#[track_caller]
fn is_well_formed(lines: &[Value]) {
    assert!(lines.len() > 15, "only {} lines", lines.len());
    let mut before = 0;
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line["n"], value!(number + 1), "{line}");
        let at = line["t_us"].as_u64().unwrap();
        assert!(at >= before, "the time goes back from {before}: {line}");
        before = at;
        let mut keys: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        let one_of = |key: &str, words: &[&str]| {
            let found = line[key].as_str().unwrap_or_else(|| panic!("{key}: {line}"));
            assert!(words.contains(&found), "{key}: {line}");
        };
        let wanted = match line["kind"].as_str().unwrap() {
            "call" => {
                one_of("side", &["server", "client"]);
                // A program's call stands before it is made; its thread is told where it isn't the first one.
                one_of("phase", &["stand", "enter", "return"]);
                assert!(line["worker"].is_null() || line["worker"].is_u64(), "{line}");
                keys.remove("worker");
                // A child is told by its number among those of its side, where it begins and with what it calls.
                let forks = line["call"] == "fork" && returned_a_child(line);
                assert_eq!(line["child"].is_u64(), forks, "{line}");
                assert!(line["nth"].is_null() || line["nth"].as_u64() > Some(1), "{line}");
                keys.remove("child");
                keys.remove("nth");
                assert!(line["args"].is_array(), "{line}");
                let returned = line["phase"] == "return";
                assert_eq!(line["ret"].is_i64(), returned, "{line}");
                // libc's own errors have numbers of their own.
                let failed = match line["call"].as_str() {
                    Some("getaddrinfo") => line["ret"].as_i64().is_some_and(|returned| returned < 0),
                    _ => line["ret"] == -1,
                };
                assert_eq!(line["errno"].is_string(), failed, "{line}");
                "call side phase args ret errno"
            }
            "segment" => {
                one_of(
                    "event",
                    &[
                        "sent",
                        "held",
                        "delivered",
                        "dropped",
                        "retransmitted",
                        "repeated",
                        "edited",
                        "forged",
                        "lost",
                        "duplicated",
                    ],
                );
                let by_rule = line["event"] == "lost" || line["event"] == "duplicated";
                assert_eq!(line["rule"].is_string(), by_rule, "{line}");
                // What a person sent says so, of which segment it is a copy, and in which fields it differs from that.
                let (copy, forged) =
                    (line["event"] == "repeated" || line["event"] == "edited", line["event"] == "forged");
                assert_eq!(line["source"] == "hand", copy || forged, "{line}");
                assert_eq!(line["of"].is_u64(), copy || line["event"] == "duplicated", "{line}");
                let changed = line["changed"].as_array().is_some_and(|changed| !changed.is_empty());
                assert_eq!(changed, line["event"] == "edited", "{line}");
                // Bytes that come onto the wire are told with their data and their checksum's state.
                let came = !["held", "delivered", "dropped", "lost"].contains(&line["event"].as_str().unwrap());
                let has_data = line["len"].as_u64().is_some_and(|len| len > 0) && line["protocol"] != "icmp";
                assert_eq!(line["data"].is_string(), came && has_data, "{line}");
                if came {
                    let made = line["event"] == "edited" || line["event"] == "forged";
                    one_of("checksum", if made { &["right", "wrong"] } else { &["right", "unfinished"] });
                }
                for key in ["src", "dst", "again", "options", "of", "source", "changed", "rule", "data", "checksum"] {
                    keys.remove(key);
                }
                // What isn't TCP says what it is, and has no numbers.
                let other = line.get("protocol").is_some();
                let numbers: &[&str] = if other { &["id", "len"] } else { &["id", "seq", "ack", "len", "win"] };
                for key in numbers {
                    let number = line[key].as_u64().unwrap_or_else(|| panic!("{key}: {line}"));
                    assert!(u32::try_from(number).is_ok(), "{line}");
                }
                if other {
                    one_of("protocol", &["udp", "icmp"]);
                    "event id from to protocol len"
                } else {
                    let flags = line["flags"].as_array().unwrap();
                    assert!(!flags.is_empty() && flags.iter().all(Value::is_string), "{line}");
                    let text_of = |key: &str| line[key].is_null() || line[key].is_string();
                    assert!(text_of("seq_text") && text_of("ack_text"), "{line}");
                    // Absent where the segment has none.
                    assert!(line["options"].is_null() || line["options"].is_array(), "{line}");
                    // The window in bytes, where its scale is known: a SYN's own is never scaled.
                    let syn = flags.iter().any(|flag| flag == "SYN");
                    let win = line["win_bytes"].as_u64();
                    assert!(
                        if syn {
                            win == line["win"].as_u64()
                        } else {
                            win.is_none_or(|win| win >= line["win"].as_u64().unwrap())
                        },
                        "{line}"
                    );
                    "event id from to flags seq seq_text ack ack_text len win win_bytes"
                }
            }
            "state" => {
                one_of("side", &["server", "client"]);
                one_of("to", &STATES);
                one_of("source", &["sock_diag", "tcp_info", "getpeername", "concluded"]);
                if !line["from"].is_null() {
                    one_of("from", &STATES);
                    assert_ne!(line["from"], line["to"], "{line}");
                }
                // A child's socket is told with its number among those of its side.
                assert!(line["nth"].is_null() || line["nth"].as_u64() > Some(1), "{line}");
                keys.remove("nth");
                "side socket from to source"
            }
            "reasons" | "causes" => {
                one_of("source", &["proc_net"]);
                assert!(line["id"].is_u64(), "{line}");
                for moved in line["moved"].as_array().unwrap() {
                    assert!(moved["counter"].is_string() && moved["by"].is_i64(), "{line}");
                }
                "id moved source"
            }
            "claim" => {
                assert_eq!(line["held"], true, "{line}");
                "step what held actual"
            }
            "sysctl" => {
                assert!(line["name"].is_string() && line["before"].is_string() && line["value"].is_string(), "{line}");
                "name before value errno"
            }
            "rules" => {
                assert!(line["rules"].as_array().unwrap().iter().all(|one| one["rule"].is_string()), "{line}");
                "rules"
            }
            // A program that plays a side's part.
            "member" => {
                one_of("event", &["joined", "left"]);
                assert!(line["role"]["plays"].is_string(), "{line}");
                "event member pid role"
            }
            "program_ended" => "member status",
            // What send() without MSG_NOSIGNAL brings.
            "signal" => {
                one_of("signal", &["SIGPIPE"]);
                "side worker signal"
            }
            other => panic!("kind {other}: {line}"),
        };
        let wanted: BTreeSet<&str> = wanted.split(' ').chain(["n", "t_us", "kind"]).collect();
        assert_eq!(keys, wanted, "{line}");
    }
}

/// The first line from a place on that has all these values.
#[track_caller]
fn find(lines: &[Value], from: usize, wanted: &[(&str, Value)]) -> usize {
    let found = lines.iter().skip(from).position(|line| has(line, wanted));
    found.unwrap_or_else(|| panic!("no {wanted:?} after line {from}")) + from
}

/// Finds these one after the other.
#[track_caller]
fn in_order(lines: &[Value], wanted: &[&[(&str, Value)]]) {
    let mut from = 0;
    for wanted in wanted {
        from = find(lines, from, wanted) + 1;
    }
}

fn call(side: &str, name: &str, phase: &str) -> [(&'static str, Value); 3] {
    [("side", value!(side)), ("call", value!(name)), ("phase", value!(phase))]
}

fn segment(event: &str, from: &str, flags: &[&str]) -> [(&'static str, Value); 3] {
    [("event", value!(event)), ("from", value!(from)), ("flags", value!(flags))]
}

fn state(side: &str, from: Option<&str>, to: &str) -> [(&'static str, Value); 4] {
    [("side", value!(side)), ("from", value!(from)), ("to", value!(to)), ("source", value!("sock_diag"))]
}

fn claim(step: &str, what: &str) -> [(&'static str, Value); 2] {
    [("step", value!(step)), ("what", value!(what))]
}

fn number(line: &Value, key: &str) -> u32 {
    u32::try_from(line[key].as_u64().unwrap()).unwrap()
}

// ---------------------------------------------------------------- every lesson

#[test]
fn every_lesson_plays_in_the_lab() {
    let program = Program::new();
    at_once(&plays(Mode::Lab), |(user, lesson)| {
        let lines = play(&program, *user, &lesson.id, Mode::Lab);
        assert!(lines.iter().any(|line| line["kind"] == "segment"), "{}", lesson.id);
        each_segment_goes_its_way(&lines);
    });
}

/// What a lesson's file may hold is tried on the kernel too: each file of `tests/lessons/valid` plays.
#[test]
fn every_valid_file_plays_in_the_lab() {
    let (program, folder) = (Program::new(), Folder::new());
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/valid");
    let files: Vec<PathBuf> = std::fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!files.is_empty());
    let jobs: Vec<(User, &PathBuf)> =
        players(Mode::Lab).into_iter().flat_map(|user| files.iter().map(move |path| (user, path))).collect();
    at_once(&jobs, |(user, path)| valid_file_plays(&program, &folder, *user, path));
}

fn valid_file_plays(program: &Program, folder: &Folder, user: User, path: &Path) {
    let name = path.file_name().unwrap().to_str().unwrap();
    let lesson = parse(name, &read_to_string(path).unwrap()).unwrap();
    let missing = missing(&lesson.needs_in(Mode::Lab), Mode::Lab);
    if !missing.is_empty() {
        return skipped(&format!("{name} needs {missing:?}"));
    }
    let copy = folder.write(&format!("{user:?}-{name}"), &read_to_string(path).unwrap());
    let copy = copy.to_str().unwrap();
    // Whether a lab has a setting shows only in a lab: before Linux 6.3 none has those of `net.core`, and the program
    // says so.
    let finished = played(program, user, copy, Mode::Lab);
    if finished.stderr.contains("in the lab, this lesson needs") {
        return skipped(&format!("{name}: {}", finished.stderr));
    }
    let lines = well_played(&finished);
    each_segment_goes_its_way(&lines);
    assert!(lines.iter().any(|line| line["kind"] == "claim"), "{}", path.display());
}

/// A claim that holds before its step began is checked once the kernel's timer has run out, as often as the step says.
#[test]
fn what_holds_already_waits_for_the_timer() {
    let (program, folder) = (Program::new(), Folder::new());
    let text = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/valid/still.toml")).unwrap();
    let path = folder.write("still.toml", &text);
    for user in players(Mode::Lab) {
        let lines = play(&program, user, path.to_str().unwrap(), Mode::Lab);
        let place = |is: &dyn Fn(&Value) -> bool| lines.iter().position(is).unwrap();
        let begun = place(&|line| line["kind"] == "claim" && line["step"] == "connect");
        let claimed = place(&|line| line["kind"] == "claim" && line["step"] == "still");
        let again = lines[begun..claimed].iter().filter(|line| line["event"] == "retransmitted").count();
        assert_eq!(again, 2, "{lines:#?}");
    }
}

#[test]
fn every_lesson_that_can_plays_on_the_host() {
    let program = Program::new();
    for user in players(Mode::Host) {
        for lesson in lessons_for(Mode::Host) {
            let lines = play(&program, user, &lesson.id, Mode::Host);
            let held = lines.iter().any(|line| line["event"] == "held");
            assert!(!held, "nothing can be held without a lab");
        }
    }
}

/// Sent, held, and delivered or dropped at most once; where it goes again in between, it is still the same.
#[track_caller]
fn each_segment_goes_its_way(lines: &[Value]) {
    let mut ways: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line["kind"] == "segment") {
        ways.entry(line["id"].as_u64().unwrap()).or_default().push(line["event"].as_str().unwrap());
    }
    for (id, way) in ways {
        let news = way.iter().skip(1).filter(|event| **event != "retransmitted").copied().collect::<Vec<_>>();
        let fits = matches!(way[0], "sent" | "retransmitted")
            && (matches!(news[..], ["held"] | ["held", "delivered" | "dropped"] | ["dropped" | "delivered"]));
        // What a person sends doesn't wait.
        let fits = fits || matches!(way[..], ["repeated" | "edited" | "forged", "delivered"]);
        // What a rule loses never waits, and what it doubles waits like any other.
        let fits = fits
            || matches!(way[..], ["sent" | "retransmitted", "lost"] | ["duplicated", "held", "delivered" | "dropped"]);
        let fits = fits || matches!(way[..], ["duplicated", "held"]);
        assert!(fits, "segment {id}: {way:?}");
    }
}

#[test]
fn every_lesson_is_told_in_both_languages() {
    let program = Program::new();
    at_once(&plays(Mode::Lab), |(user, lesson)| is_told_in_both_languages(&program, *user, lesson, Mode::Lab));
    // One behind the other: a port that is free may be so for one walk only.
    for (user, lesson) in plays(Mode::Host) {
        is_told_in_both_languages(&program, user, &lesson, Mode::Host);
    }
}

fn is_told_in_both_languages(program: &Program, user: User, lesson: &Lesson, mode: Mode) {
    let unbroken = |text: &str| text.split_whitespace().collect::<String>();
    for (lang, name) in [(Lang::EN, "en"), (zh(), "zh")] {
        let port = free_port().to_string();
        let place = if mode == Mode::Lab { "lab" } else { "host" };
        let mut args = vec!["play", &lesson.id, "--lang", name, "--mode", place];
        if mode == Mode::Host {
            args.extend(["--port", &port]);
        }
        let finished = program.run(user, &args);
        let text = unbroken(&finished.succeeded().stdout);
        let steps = lesson.steps.iter();
        for step in steps.filter(|step| step.modes.contains(&mode) && step.waits_for != Some(TimerKind::TimeWait)) {
            assert!(text.contains(&unbroken(step.title.get(lang))), "{} in {name}", step.id);
        }
        assert!(text.contains(&unbroken(lesson.title.get(lang))));
        assert!(!finished.stdout.contains('\x1b'), "colours where no terminal is");
        let english = finished.stdout.contains("and as the text says: ");
        assert_eq!(english, lang == Lang::EN);
        let words = finished.stdout.split(|c: char| !c.is_ascii_alphabetic());
        let sides = words.filter(|word| ["server", "client"].contains(word)).count();
        // A command that a lesson tells has its options in every language.
        let told = finished.stdout.contains("--server");
        assert_eq!(sides > 0, lang == Lang::EN || told, "{} in {name}:\n{}", lesson.id, finished.stdout);
    }
}

// ---------------------------------------------------------------- the handshake

#[test]
fn the_handshake_happens_in_its_order() {
    let program = Program::new();
    for user in players(Mode::Lab) {
        let lines = &play(&program, user, "handshake", Mode::Lab);
        let (syn, syn_ack, ack) = (["SYN"], ["SYN", "ACK"], ["ACK"]);
        in_order(
            lines,
            &[
                &call("server", "accept", "enter"),
                &claim("accept", "server sleeps in accept()"),
                &call("client", "connect", "enter"),
                &segment("sent", "client", &syn),
                &segment("held", "client", &syn),
                &state("client", Some("CLOSED"), "SYN_SENT"),
                &claim("connect", "client sleeps in connect()"),
                &segment("delivered", "client", &syn),
                &segment("sent", "server", &syn_ack),
                &segment("held", "server", &syn_ack),
                &state("server", None, "SYN_RECV"),
                &claim("syn-arrives", "client sleeps in connect()"),
                &segment("delivered", "server", &syn_ack),
                &segment("held", "client", &ack),
                &state("client", Some("SYN_SENT"), "ESTABLISHED"),
                &claim("syn-ack-arrives", "peer of client is SYN_RECV"),
                &claim("syn-ack-arrives", "server sleeps in accept()"),
                &segment("delivered", "client", &ack),
                &state("server", Some("SYN_RECV"), "ESTABLISHED"),
            ],
        );
        let at = |wanted: &[(&str, Value)]| find(lines, 0, wanted);
        let connected = at(&call("client", "connect", "return"));
        let accepted = at(&call("server", "accept", "return"));
        assert!(at(&segment("delivered", "server", &syn_ack)) < connected && connected < accepted);
        assert!(at(&segment("delivered", "client", &ack)) < accepted);
        assert_eq!(lines[connected]["ret"], 0);
        // Nothing of what comes later came earlier too.
        let established = |side: &str| {
            lines.iter().filter(|line| has(line, &[("side", value!(side)), ("to", value!("ESTABLISHED"))])).count()
        };
        assert_eq!((established("client"), established("server")), (1, 1));
    }
}

#[test]
fn the_numbers_of_the_handshake_fit_each_other() {
    let program = Program::new();
    for user in players(Mode::Lab) {
        let lines = play(&program, user, "handshake", Mode::Lab);
        let sent: Vec<&Value> = lines.iter().filter(|line| line["event"] == "sent").collect();
        let [j, k] = [number(sent[0], "seq"), number(sent[1], "seq")];
        assert_ne!((j, k), (0, 0), "raw numbers, not relative ones");
        // From whom, which flags, seq - j or k, ack - k or j, bytes: `hello` and its end are 6.
        let wanted = [
            ("client", "SYN", 0, None, 0),
            ("server", "SYN ACK", 0, Some(1), 0),
            ("client", "ACK", 1, Some(1), 0),
            ("client", "PSH ACK", 1, Some(1), 6),
            ("server", "ACK", 1, Some(7), 0),
            ("server", "PSH ACK", 1, Some(7), 6),
            ("client", "ACK", 7, Some(7), 0),
            ("client", "FIN ACK", 7, Some(7), 0),
            ("server", "ACK", 7, Some(8), 0),
            ("server", "FIN ACK", 7, Some(8), 0),
            ("client", "ACK", 8, Some(8), 0),
        ];
        assert_eq!(sent.len(), wanted.len());
        for (line, (from, flags, seq, ack, len)) in sent.into_iter().zip(wanted) {
            let (own, other) = if from == "client" { (j, k) } else { (k, j) };
            assert_eq!(line["from"], from, "{line}");
            assert_eq!(line["to"], if from == "client" { "server" } else { "client" }, "{line}");
            let mut found: Vec<&str> = line["flags"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            found.sort_unstable();
            let mut flags: Vec<&str> = flags.split(' ').collect();
            flags.sort_unstable();
            assert_eq!(found, flags, "{line}");
            assert_eq!(number(line, "seq"), own.wrapping_add(seq), "{line}");
            assert_eq!(number(line, "ack"), ack.map_or(0, |ack| other.wrapping_add(ack)), "{line}");
            assert_eq!(number(line, "len"), len, "{line}");
        }
    }
}

#[test]
fn the_close_goes_through_its_states() {
    let program = Program::new();
    let client = ["SYN_SENT", "ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT"];
    let server = ["SYN_RECV", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSED"];
    for mode in [Mode::Lab, Mode::Host] {
        for user in players(mode) {
            let lines = play(&program, user, "handshake", mode);
            if mode == Mode::Lab {
                let last = lines.iter().rfind(|line| line["kind"] == "state" && line["side"] == "client").unwrap();
                let name = last["socket"].as_str().unwrap();
                let (own, other) = name.split_once('-').unwrap();
                let of = |name: &str| -> Vec<&Value> { lines.iter().filter(|line| line["socket"] == name).collect() };
                for (name, wanted) in [(name.to_owned(), client), (format!("{other}-{own}"), server)] {
                    let states = of(&name);
                    assert_eq!(states.iter().map(|line| line["to"].as_str().unwrap()).collect::<Vec<_>>(), wanted);
                    for (before, after) in states.iter().zip(&states[1..]) {
                        assert_eq!(before["to"], after["from"]);
                    }
                    assert!(states.iter().all(|line| line["source"] == "sock_diag"), "{states:?}");
                }
                in_order(
                    &lines,
                    &[
                        &state("client", Some("ESTABLISHED"), "FIN_WAIT1"),
                        &segment("delivered", "client", &["FIN", "ACK"]),
                        &state("server", Some("ESTABLISHED"), "CLOSE_WAIT"),
                        &state("client", Some("FIN_WAIT1"), "FIN_WAIT2"),
                        &[("call", value!("recv")), ("phase", value!("return")), ("ret", value!(0))],
                        &state("server", Some("CLOSE_WAIT"), "LAST_ACK"),
                        &segment("delivered", "server", &["FIN", "ACK"]),
                        &state("client", Some("FIN_WAIT2"), "TIME_WAIT"),
                        &state("server", Some("LAST_ACK"), "CLOSED"),
                        &state("server", Some("LISTEN"), "CLOSED"),
                    ],
                );
            } else {
                // What passes at once isn't always seen; what stands still is.
                for (side, stands) in [("client", "SYN_SENT"), ("server", "SYN_RECV"), ("client", "FIN_WAIT2")] {
                    find(&lines, 0, &[("side", value!(side)), ("to", value!(stands))]);
                }
                in_order(
                    &lines,
                    &[&[("to", value!("CLOSE_WAIT"))], &[("to", value!("TIME_WAIT"))], &[("from", value!("LISTEN"))]],
                );
            }
        }
    }
}

/// The one step that takes a minute, and after which nothing is left in the kernel.
#[test]
fn all_eleven_states_are_held_and_are_the_kernels_word() {
    let program = Program::new();
    for user in players(Mode::Lab) {
        let lines = play(&program, user, "states", Mode::Lab);
        let seen: BTreeSet<&str> = lines
            .iter()
            .filter(|line| line["kind"] == "state" && line["source"] == "sock_diag")
            .map(|line| line["to"].as_str().unwrap())
            .collect();
        let all: BTreeSet<&str> = sockwalk::tcp::State::ALL.into_iter().map(sockwalk::tcp::State::name).collect();
        assert_eq!((all.len(), seen), (11, all), "{user:?}");
    }
}

#[test]
fn time_wait_ends() {
    // Another bound than that of everything else, for the kernel's own 60 seconds.
    let Some(user) = players(Mode::Lab).pop() else { return };
    let program = Program::new();
    let mut command = program.command(user, &["play", "handshake", "--mode", "lab", "--format", "json", "--timers"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let status = wait(&mut child, BOUND * 4);
    if status.is_none() {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(status.and_then(|status| status.code()), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = json(std::str::from_utf8(&output.stdout).unwrap());
    is_well_formed(&lines);
    let begun = find(&lines, 0, &state("client", Some("FIN_WAIT2"), "TIME_WAIT"));
    let over = find(&lines, begun, &state("client", Some("TIME_WAIT"), "CLOSED"));
    let seconds = (lines[over]["t_us"].as_u64().unwrap() - lines[begun]["t_us"].as_u64().unwrap()) as f64 / 1e6;
    assert!((59.0..70.0).contains(&seconds), "TIME_WAIT took {seconds} s");
    find(&lines, over, &claim("time-wait-ends", "client is CLOSED"));
}

// ---------------------------------------------------------------- where its words go

#[test]
fn a_closed_pipe_is_no_panic() {
    let program = Program::new();
    let (lab, host) = (free_port().to_string(), free_port().to_string());
    for user in users() {
        for (args, fits) in [
            (vec!["play", "handshake", "--port", &lab], 1),
            (vec!["play", "handshake", "--format", "json", "--mode", "host", "--port", &host], 1),
            (vec![], 1),
            (vec!["--help"], 0),
            (vec!["--version"], 0),
        ] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut child = program.command(user, &args).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
            let status = wait(&mut child, BOUND).expect("an end");
            let mut told = String::new();
            child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            assert!(!told.contains("panicked"), "{told}");
            assert_eq!(status.code(), Some(fits), "{args:?}: {told}");
        }
    }
}

#[test]
fn a_pipe_that_is_closed_in_the_middle_is_no_panic() {
    let program = Program::new();
    for user in players(Mode::Lab) {
        let mut command = program.command(user, &["play", "handshake", "--mode", "lab"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 20];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        assert!(wait(&mut child, BOUND).is_some());
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(!told.contains("panicked"), "{told}");
    }
}

#[test]
fn without_a_terminal_the_lesson_is_told_as_text() {
    let program = Program::new();
    for user in players(Mode::Lab) {
        let plain = program.run(user, &[]);
        let lines: Vec<&str> = plain.succeeded().stdout.lines().collect();
        assert!(lines[0].contains("The three-way handshake"), "{}", lines[0]);
        assert!(lines.iter().any(|line| line.contains("and as the text says: ")), "{lines:?}");
        assert!(plain.stdout.contains("The next lesson: `sockwalk play calls`."), "{lines:?}");
        assert!(!plain.stdout.contains('\x1b'));
        let played = program.run(user, &["play", "handshake"]);
        let steps = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.starts_with("Step ")).map(str::to_owned).collect()
        };
        assert_eq!(steps(&plain.stdout), steps(&played.stdout));
    }
}

#[test]
fn a_port_in_use_is_told_in_one_sentence() {
    let taken = TcpListener::bind(("127.0.0.1", free_port())).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let program = Program::new();
    for user in users() {
        let finished = program.run(user, &["play", "handshake", "--mode", "host", "--port", &port]);
        assert_eq!(finished.status.code(), Some(1));
        assert_eq!(finished.stdout, "");
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        assert!(finished.stderr.contains(&port) && finished.stderr.contains("--port"), "{}", finished.stderr);
    }
}

/// A namespace whose loopback is down has no `::1`, whatever the machine has.
#[test]
fn a_lesson_whose_needs_are_not_there_says_so_in_one_sentence() {
    let program = Program::new();
    let text = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/valid/ipv6.toml")).unwrap();
    let anywhere = text.replace("modes = [\"lab\"]", "modes = [\"host\"]");
    // Without its deliveries, which need the lab: it is to be read, and not to begin.
    let steps: Vec<&str> = anywhere.split("[[step]]").filter(|step| !step.contains("do.deliver")).collect();
    let path = program.folder().write("ipv6.toml", &steps.join("[[step]]"));
    for user in lab_users() {
        for (lang, words) in [("en", "this lesson needs IPv6"), ("zh", "这一课需要地址 ::1（IPv6）")] {
            let mut command = user.command(Path::new("unshare"));
            command.args(["--user", "--map-current-user", "--net"]).arg(program.path());
            let finished = finish(command.arg("play").arg(&path).args(["--mode", "host", "--lang", lang]));
            assert_eq!((finished.status.code(), finished.stdout.as_str()), (Some(1), ""), "{}", finished.stderr);
            assert!(finished.stderr.contains(words) && finished.stderr.lines().count() == 1, "{}", finished.stderr);
        }
    }
}

#[test]
fn a_setting_that_the_kernel_refuses_is_named() {
    let program = Program::new();
    let text = read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/valid/settings.toml")).unwrap();
    let path = program.folder().write("refused.toml", &text.replace("tcp_retries2 = 3", "tcp_retries2 = 3000"));
    for user in lab_users() {
        let finished = program.run(user, &["play", path.to_str().unwrap()]);
        assert_eq!(finished.status.code(), Some(1));
        assert!(finished.stderr.contains("write(/proc/sys/net/ipv4/tcp_retries2, 3000)"), "{}", finished.stderr);
    }
}

/// The second peer's port lies beside the server's, so that each port of the server will do.
#[test]
fn a_lesson_of_two_ports_plays_at_any_port() {
    let program = Program::new();
    for user in lab_users() {
        for port in ["8001", "65535"] {
            program.run(user, &["play", "simultaneous-open", "--mode", "lab", "--port", port]).succeeded();
        }
    }
}

/// Nothing of a walk stays behind on the machine's own loopback but the TIME_WAIT that it is about.
#[test]
fn the_host_is_left_as_it_was() {
    let program = Program::new();
    for user in users() {
        let port = free_port();
        let text = port.to_string();
        program.run(user, &["play", "handshake", "--mode", "host", "--port", &text]).succeeded();
        let of_it = |seen: &Seen| [&seen.local, &seen.remote].iter().any(|end| end.ends_with(&format!(":{text}")));
        let left: Vec<Seen> =
            procs::own_sockets().into_iter().filter(of_it).filter(|seen| seen.state != "TIME_WAIT").collect();
        assert_eq!(left, [] as [Seen; 0], "{user:?}");
    }
}

/// Whatever prints says when it can't, and doesn't end as if it could; a reader that closes early has read enough.
#[test]
fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
    let program = Program::new();
    let lesson = program.folder().write("lesson.toml", include_str!("../assets/lessons/01-handshake.toml"));
    let lesson = lesson.to_str().unwrap();
    let recording = program.folder().path().join("recording");
    let recording = recording.to_str().unwrap();
    let joined = r#"{"n":1,"t_us":0,"entry":{"Joined":{"number":1,"pid":1,"role":"Watches"}}}"#;
    std::fs::write(recording, format!("{joined}\n")).unwrap();
    for (n, user) in users().into_iter().enumerate() {
        let name = format!("new-{n}");
        let state = program.folder().path().join(format!("state-{n}"));
        std::fs::create_dir(&state).unwrap();
        std::os::unix::fs::chown(&state, Some(user.uid()), None).unwrap();
        for args in [
            &["lessons"][..],
            &["glossary"],
            &["glossary", "ack"],
            &["doctor"],
            &["check", lesson],
            &["play", "handshake"],
            &["play", "handshake", "--format", "json"],
            &["learn", "handshake"],
            &["replay", recording, "--shown", "text"],
            &["new", &name],
            &["reset"],
            &["--help"],
            &["play", "--help"],
            &["--version"],
        ] {
            for lang in ["en", "zh"] {
                let mut command = program.command(user, &["--lang", lang]);
                command.args(args).current_dir(program.folder().path()).env("XDG_STATE_HOME", &state);
                if args[0] == "new" {
                    let _ = std::fs::remove_file(program.folder().path().join(format!("{name}.toml")));
                    // The user may not write there: then there is another sentence, and nothing to print.
                    command.current_dir(std::env::temp_dir());
                    let _ = std::fs::remove_file(std::env::temp_dir().join(format!("{name}.toml")));
                }
                let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
                let output = command.stdout(full).stderr(Stdio::piped()).output().unwrap();
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(!output.status.success(), "{args:?}");
                let sentence =
                    if lang == "zh" { "无法写出要打印的内容" } else { "what is printed can't be written" };
                assert!(said.contains(sentence), "{args:?}: {said}");
                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                if args[0] == "new" {
                    let _ = std::fs::remove_file(std::env::temp_dir().join(format!("{name}.toml")));
                }
                let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
                let said = String::from_utf8(output.stderr).unwrap();
                assert!(!said.contains(sentence) && !said.contains("28"), "{args:?}: {said}");
            }
        }
        let _ = std::fs::remove_file(std::env::temp_dir().join(format!("{name}.toml")));
    }
}

// ---------------------------------------------------------------- programs that play a part

/// A lesson in which both sides are programs.
const PROGRAMS: &str = include_str!("lessons/valid/program.toml");

/// The processes of a lesson's programs, the server's first.
fn of_parts(program: &Program) -> Vec<u32> {
    let command = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let of = |part: &str| {
        let part = format!("\0program\0{part}\0");
        let is_it = |pid: &u32| command(pid).windows(part.len()).any(|window| window == part.as_bytes());
        procs::running(&program.path()).into_iter().find(is_it)
    };
    [of("server"), of("client")].into_iter().flatten().collect()
}

fn opened(program: &Program, user: User) -> Terminal {
    let lesson = program.folder().write("program.toml", PROGRAMS);
    let mut terminal =
        Terminal::open(program.command(user, &["learn", lesson.to_str().unwrap(), "--lang", "en"]), 100, 30);
    terminal.wait_for_text("A goal.");
    // A key is pressed where a step can begin.
    terminal.wait_for_text("Next: ");
    assert!(until(BOUND, || of_parts(program).len() == 2), "the programs run");
    terminal
}

#[test]
fn a_lessons_programs_stand_before_their_calls_and_end_with_it() {
    for user in lab_users() {
        let program = Program::new();
        let lesson = program.folder().write("program.toml", PROGRAMS);
        let finished = program.run(user, &["play", lesson.to_str().unwrap(), "--lang", "en"]);
        let told: Vec<&str> =
            finished.succeeded().stdout.lines().filter(|line| line.starts_with("  server  ")).collect();
        let calls: Vec<&str> = told.iter().filter_map(|line| line.trim_start().strip_prefix("server  ")).collect();
        for wanted in [
            "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
            "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
            "bind(3, 127.0.0.1:8000, 16) = 0",
            "listen(3, 128) = 0",
            "accept4(3, …, …, SOCK_CLOEXEC) blocks",
        ] {
            assert!(calls.contains(&wanted), "{wanted}: {calls:#?}");
        }
        assert!(until(BOUND, || procs::running(&program.path()).is_empty()), "nothing stays behind");
    }
}

/// The numbers are the lesson's, whatever the terminal left open.
#[test]
fn a_lessons_programs_have_the_lessons_numbers_whatever_is_open() {
    let program = Program::new();
    for user in lab_users() {
        let mut command = user.command(Path::new("/bin/sh"));
        command.env("XDG_RUNTIME_DIR", program.labs_of(user));
        command.args(["-c", "exec \"$0\" play programs --lang en 3</dev/null 4<&3 5<&3 6<&3 9<&3"]).arg(program.path());
        finish(&mut command).succeeded();
    }
}

#[test]
fn a_lessons_programs_end_with_their_walk_however_it_ends() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = opened(&program, user);
        let first = of_parts(&program);
        terminal.press(" ");
        terminal.wait_for_text("setsockopt");
        // Begun anew, it has programs of its own.
        terminal.press("r");
        assert!(until(BOUND, || {
            terminal.read(std::time::Duration::from_millis(50));
            let now = of_parts(&program);
            now.len() == 2 && now.iter().all(|pid| !first.contains(pid))
        }));
        assert!(first.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "those before have ended");
        terminal.press("q");
        assert!(terminal.wait_for_end().success());
        assert!(until(BOUND, || procs::running(&program.path()).is_empty()), "left");
        // Killed, it takes them along.
        let terminal = opened(&program, user);
        common::pty::kill(terminal.pid(), libc::SIGKILL);
        assert!(until(BOUND, || procs::running(&program.path()).is_empty()), "killed");
    }
}

/// Whoever kills one of the programs has another walk than the lesson's, told as that, and no walk that hangs.
#[test]
fn a_program_that_is_killed_from_outside_hangs_no_walk() {
    for user in lab_users() {
        let program = Program::new();
        let mut terminal = opened(&program, user);
        terminal.press(" ");
        terminal.wait_for_text("setsockopt");
        terminal.wait_for_text("Next: ");
        common::pty::kill(of_parts(&program)[0], libc::SIGKILL);
        assert!(until(BOUND, || of_parts(&program).len() == 1));
        terminal.press(" ");
        terminal.wait_for_text("step 2 of 4");
        terminal.wait_for_text("has not called listen()");
        for step in ["step 3 of 4", "step 4 of 4"] {
            terminal.wait_for_text("Next: ");
            terminal.press(" ");
            terminal.wait_for_text(step);
        }
        terminal.press("q");
        terminal.wait_for_end();
        assert!(until(BOUND, || procs::running(&program.path()).is_empty()));
    }
}
