//! The checker is checked: from the shipped lesson companions are made, each of which is wrong in exactly one claim,
//! and each must fail with exactly that claim's message. A checker that says yes to everything is worth nothing.
//!
//! What the kernel then says is worked out here from the true claim, not taken from the program.

mod common;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Finished, Folder, Program, User, has, json, lab_users};
use serde_json::json as value;
use toml::{Table, Value};

const LESSON: &str = include_str!("../assets/lessons/03-handshake.toml");

/// The bytes of the offered line, `hello` and its end.
const LINE: u32 = 6;

/// A claim of the lab's walk in the lesson's text.
#[derive(Clone)]
struct Claim {
    /// Its line, from 1.
    line: usize,
    step: String,
    /// `state`, `returns`, …
    kind: String,
    terms: Table,
    /// The text around it on its line.
    around: (String, String),
    /// What it is checked in, as it is written.
    modes: String,
}

/// A lesson with one wrong claim, and the message with which it must fail.
struct Companion {
    text: String,
    line: usize,
    step: String,
    expected: String,
    /// What is the case; `{fd}` stands for what the call of this side and name returned.
    actual: String,
    call: Option<(String, String)>,
}

// ---------------------------------------------------------------- the claims of the lesson

fn claims() -> Vec<Claim> {
    let mut claims = Vec::new();
    let (mut step, mut in_lab, mut waits) = (String::new(), true, false);
    let lines: Vec<&str> = LESSON.lines().collect();
    for (number, text) in lines.iter().enumerate() {
        if *text == "[[step]]" {
            let own: Vec<&&str> = lines[number + 1..].iter().take_while(|line| **line != "[[step]]").collect();
            in_lab = own.iter().find(|line| line.starts_with("in = ")).is_none_or(|line| line.contains("\"lab\""));
            waits = own.iter().any(|line| line.starts_with("waits_for = "));
        }
        if let Some(id) = text.strip_prefix("id = ") {
            step = id.trim_matches('"').to_owned();
        }
        if !in_lab || waits {
            continue;
        }
        let (Some(first), Some(last)) = (text.find('{'), text.rfind('}')) else { continue };
        let Ok(table) = format!("claim = {}", &text[first..=last]).parse::<Table>() else { continue };
        let Some(claim) = table["claim"].as_table() else { continue };
        let kinds = ["state", "returns", "blocks", "segment", "queue", "timer"];
        let is_claim = text.starts_with("    {") || text.starts_with("expect = [{");
        let Some(kind) = kinds.iter().find(|kind| is_claim && claim.contains_key(**kind)) else { continue };
        let modes = claim.get("in").map_or(String::new(), |modes| format!(", in = {}", written(modes)));
        if !modes.is_empty() && !modes.contains("\"lab\"") {
            continue;
        }
        claims.push(Claim {
            line: number + 1,
            step: step.clone(),
            kind: (*kind).to_owned(),
            terms: claim[*kind].as_table().unwrap().clone(),
            around: (text[..first].to_owned(), text[last + 1..].to_owned()),
            modes,
        });
    }
    claims
}

/// A value as it stands in a lesson's inline tables.
fn written(value: &Value) -> String {
    match value {
        Value::Table(table) => {
            let parts: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", written(value))).collect();
            format!("{{ {} }}", parts.join(", "))
        }
        Value::Array(values) => {
            let parts: Vec<String> = values.iter().map(written).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Integer(number) => number.to_string(),
        // No text of a claim has a character that TOML wants to be escaped.
        other => format!("\"{}\"", other.as_str().unwrap()),
    }
}

impl Claim {
    fn text(&self, key: &str) -> Option<String> {
        self.terms.get(key).map(|value| value.as_str().map_or_else(|| written(value), str::to_owned))
    }

    fn word(&self, key: &str) -> String {
        self.text(key).unwrap_or_else(|| panic!("{} of line {} has no {key}", self.kind, self.line))
    }

    fn end(&self) -> String {
        self.text("socket").unwrap_or_else(|| format!("peer of {}", self.word("peer_of")))
    }

    fn flags(&self) -> String {
        let flags = self.terms["flags"].as_array().unwrap();
        flags.iter().map(|flag| flag.as_str().unwrap()).collect::<Vec<_>>().join(",")
    }

    /// What it says, in the notation of claims.
    fn what(&self) -> String {
        let field = |key: &str| self.text(key).map_or(String::new(), |value| format!(" {key}={value}"));
        match self.kind.as_str() {
            "state" => format!("{} is {}", self.end(), self.word("is")),
            "blocks" => format!("{} sleeps in {}()", self.word("side"), self.word("call")),
            "timer" => format!("timer of {}: {}", self.end(), self.word("kind")),
            "queue" => format!("queues of {}:{}{}", self.end(), field("recv"), field("send")),
            "returns" => {
                let outcome = match (self.text("error"), self.text("value")) {
                    (Some(error), _) => format!("fails with {error}"),
                    (None, Some(value)) => format!("returns {value}"),
                    (None, None) => "returns".to_owned(),
                };
                format!("{}: {}() {outcome}", self.word("side"), self.word("call"))
            }
            _ => format!(
                "{} sends {}{}{}{}: {}",
                self.word("from"),
                self.flags(),
                field("seq"),
                field("ack"),
                field("len"),
                self.word("is")
            ),
        }
    }

    /// What is the case where it is true; of a segment, without who sent it and what became of it.
    fn truth(&self) -> String {
        let field = |key: &str| self.text(key).map_or(String::new(), |value| format!(" {key}={}", number(&value)));
        match self.kind.as_str() {
            "returns" => {
                let value = self.text("value").map_or("{fd}".to_owned(), |value| number(&value));
                format!("{}: {}() returns {value}", self.word("side"), self.word("call"))
            }
            "queue" => format!("queues of {}:{}{}", self.end(), field("recv"), field("send")),
            "segment" => {
                let len = field("len");
                let len = if len == " len=0" { "" } else { &len };
                format!("{}{}{}{len}", self.flags(), field("seq"), field("ack"))
            }
            _ => self.what(),
        }
    }

    fn with(&self, key: &str, value: impl Into<Value>) -> Claim {
        let mut claim = self.clone();
        claim.terms.insert(key.to_owned(), value.into());
        claim
    }

    fn without(&self, key: &str) -> Claim {
        let mut claim = self.clone();
        claim.terms.remove(key);
        claim
    }

    fn instead(&self, kind: &str) -> Claim {
        Claim { kind: kind.to_owned(), ..self.clone() }
    }

    /// The lesson with this claim in its place.
    fn companion(&self, actual: String) -> Companion {
        let mut lines: Vec<String> = LESSON.lines().map(str::to_owned).collect();
        let terms = written(&Value::Table(self.terms.clone()));
        let (before, after) = &self.around;
        lines[self.line - 1] = format!("{before}{{ {} = {terms}{} }}{after}", self.kind, self.modes);
        let call = actual.contains("{fd}").then(|| (self.word("side"), self.word("call")));
        let expected = self.what();
        Companion { text: lines.join("\n"), line: self.line, step: self.step.clone(), expected, actual, call }
    }
}

/// A sum such as `j+1+line` with its numbers added up: `j+7`.
fn number(sum: &str) -> String {
    let (mut letter, mut total) = (None, 0);
    for part in sum.split('+') {
        match part {
            "j" | "k" => letter = Some(part),
            "line" => total += LINE,
            digits => total += digits.parse::<u32>().unwrap(),
        }
    }
    match (letter, total) {
        (Some(letter), 0) => letter.to_owned(),
        (Some(letter), total) => format!("{letter}+{total}"),
        (None, total) => total.to_string(),
    }
}

/// Another sum, in the way in which the program writes sums.
fn other_sum(sum: &str) -> String {
    let ends = |at: usize| sum[at..].starts_with('+') || at == sum.len();
    match sum.find(['1', '2']) {
        Some(at) if ends(at + 1) => format!("{}4242{}", &sum[..at], &sum[at + 1..]),
        _ => format!("{sum}+4242"),
    }
}

/// Every way in which a claim is made wrong. `sent` are the segments that each side has sent before it.
fn wrong(claim: &Claim, sent: &BTreeMap<String, String>) -> Vec<Companion> {
    let truth = claim.truth();
    match claim.kind.as_str() {
        "state" => vec![claim.with("is", "CLOSING").companion(truth)],
        "timer" => vec![claim.with("kind", "keepalive").companion(truth)],
        "blocks" => {
            let actual = format!("{}: {}() has not returned", claim.word("side"), claim.word("call"));
            let fails = claim.instead("returns").with("error", "EINTR").companion(actual.clone());
            vec![claim.instead("returns").companion(actual), fails]
        }
        "returns" => {
            let mut wrong = vec![
                claim.without("value").with("error", "ECONNRESET").companion(truth.clone()),
                claim.without("value").instead("blocks").companion(truth.clone()),
            ];
            if claim.text("value").is_some() {
                wrong.push(claim.with("value", 4242).companion(truth));
            }
            wrong
        }
        "queue" => {
            let keys = ["recv", "send"].into_iter().filter(|key| claim.text(key).is_some());
            keys.map(|key| claim.with(key, 4242).companion(truth.clone())).collect()
        }
        _ => {
            let from = claim.word("from");
            let last = format!("{from} last sent {truth}");
            let mut wrong = vec![
                claim.with("flags", vec!["RST"]).companion(last.clone()),
                claim.with("flags", vec!["SYN", "FIN"]).companion(last.clone()),
                claim.with("len", 4242).companion(last.clone()),
            ];
            for key in ["seq", "ack"] {
                if let Some(sum) = claim.text(key) {
                    wrong.push(claim.with(key, other_sum(&sum)).companion(last.clone()));
                }
            }
            for fate in ["dropped", "delivered"] {
                wrong.push(claim.with("is", fate).companion(format!("{from} sends {truth}: held")));
            }
            let other = if from == "client" { "server" } else { "client" };
            let actual = sent.get(other).map_or("sent nothing".to_owned(), |last| format!("last sent {last}"));
            wrong.push(claim.with("from", other).companion(format!("{other} {actual}")));
            wrong
        }
    }
}

fn companions() -> Vec<Companion> {
    let mut sent = BTreeMap::new();
    let mut companions = Vec::new();
    for claim in claims() {
        companions.extend(wrong(&claim, &sent));
        if claim.kind == "segment" {
            sent.insert(claim.word("from"), claim.truth());
        }
    }
    companions
}

// ---------------------------------------------------------------- playing them

fn play(program: &Program, user: User, path: &str, format: &str, lang: &str) -> Finished {
    program.run(user, &["play", path, "--mode", "lab", "--patience", "200", "--format", format, "--lang", lang])
}

/// What is wrong with how a companion fails; `None` where it fails as it must.
fn fails_as_it_must(companion: &Companion, path: &str, finished: &Finished) -> Option<String> {
    let objects = json(&finished.stdout);
    let mut actual = companion.actual.clone();
    if let Some((side, call)) = &companion.call {
        let is_it = |line: &&serde_json::Value| {
            has(line, &[("side", value!(side)), ("call", value!(call)), ("phase", value!("return"))])
        };
        let fd = objects.iter().find(is_it).map(|line| line["ret"].to_string()).unwrap_or_default();
        actual = actual.replace("{fd}", &fd);
    }
    let Companion { line, step, expected, .. } = companion;
    let message = format!("{path}:{line}: {step}: expected {expected}, actual {actual}");
    let told: Vec<&str> = finished.stderr.lines().filter(|line| !line.starts_with("left out, because")).collect();
    let broken: Vec<&serde_json::Value> = objects.iter().filter(|line| line["held"] == false).collect();
    let fits = finished.status.code() == Some(1)
        && told == [message.as_str()]
        && broken.len() == 1
        && has(broken[0], &[("step", value!(step)), ("what", value!(expected)), ("actual", value!(actual))]);
    (!fits).then(|| format!("wanted, status 1: {message}\nfound, {}: {told:#?}\n{broken:#?}", finished.status))
}

#[test]
fn the_claims_are_read_as_the_program_reads_them() {
    let claims = claims();
    let Some(user) = lab_users().pop() else { return };
    let finished = Program::new().run(user, &["play", "handshake", "--mode", "lab", "--format", "json"]);
    let objects = json(&finished.succeeded().stdout);
    let told: Vec<(&str, &str)> = objects
        .iter()
        .filter(|line| line["kind"] == "claim")
        .map(|line| (line["step"].as_str().unwrap(), line["what"].as_str().unwrap()))
        .collect();
    let whats: Vec<String> = claims.iter().map(Claim::what).collect();
    let read: Vec<(&str, &str)> =
        claims.iter().map(|claim| claim.step.as_str()).zip(whats.iter().map(String::as_str)).collect();
    assert_eq!(read, told);
    assert!(claims.len() > 70);
}

#[test]
fn each_false_claim_fails_with_its_message_and_no_other_does() {
    let users = lab_users();
    if users.is_empty() {
        return;
    }
    let program = Program::new();
    let folder = Folder::new();
    let companions = companions();
    assert!(companions.len() > 150, "only {}", companions.len());
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let Some(companion) = companions.get(number) else { return };
            let path = folder.write(&format!("{number}.toml"), &companion.text);
            let path = path.to_str().unwrap();
            let finished = play(&program, users[number % users.len()], path, "json", "en");
            wrong.lock().unwrap().extend(fails_as_it_must(companion, path, &finished));
        }
    };
    // They sleep most of their time: for a claim that never becomes true.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(worker);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), companions.len(), wrong.join("\n\n"));
}

#[test]
fn a_transcript_ends_with_the_broken_claim_in_both_languages() {
    let Some(user) = lab_users().pop() else { return };
    let (program, folder) = (Program::new(), Folder::new());
    let companion = companions().into_iter().find(|companion| companion.step == "syn-arrives").unwrap();
    let path = folder.write("wrong.toml", &companion.text);
    let path = path.to_str().unwrap();
    for (lang, expected, actual) in [("en", "expected", "actual"), ("zh", "预期", "实际")] {
        let finished = play(&program, user, path, "text", lang);
        assert_eq!(finished.status.code(), Some(1));
        let last = finished.stdout.lines().last().unwrap();
        let place = format!("{path}:{}: {}", companion.line, companion.step);
        assert!(last.starts_with(&place), "{last}");
        assert!(last.contains(expected) && last.contains(actual), "{last}");
        assert!(last.contains(&companion.expected) && last.contains(&companion.actual), "{last}");
    }
}

// ---------------------------------------------------------------- what the shipped lesson doesn't claim

/// Each file in `tests/lessons/false` says in its first lines with which messages it fails: `# fails: <line>: …`.
#[test]
fn hand_written_false_lessons_fail_with_their_messages() {
    let users = lab_users();
    if users.is_empty() {
        return;
    }
    let (program, folder) = (Program::new(), Folder::new());
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/false");
    let mut count = 0;
    for entry in std::fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let copy = folder.write(path.file_name().unwrap().to_str().unwrap(), &text);
        let copy = copy.to_str().unwrap();
        let wanted: Vec<String> = text
            .lines()
            .map_while(|line| line.strip_prefix("# fails: "))
            .map(|line| format!("{copy}:{line}"))
            .collect();
        assert!(!wanted.is_empty(), "{copy} says no message");
        for user in &users {
            let finished = play(&program, *user, copy, "json", "en");
            let told: Vec<&str> = finished.stderr.lines().collect();
            assert_eq!(told, wanted, "{user:?}");
            assert_eq!(finished.status.code(), Some(1));
        }
        count += 1;
    }
    assert!(count >= 4);
}
