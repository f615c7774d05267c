//! The checker is checked: from the shipped lessons companions are made, each of which is wrong in exactly one claim,
//! and each must fail with exactly that claim's message. A checker that says yes to everything is worth nothing.
//!
//! What the kernel then says is worked out here from the true claim, not taken from the program. Of `handshake` every
//! claim is made wrong in every way; of every other lesson each kind of claim is made wrong in each way once.

mod common;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Finished, Folder, Program, User, has, json, lab_users, skipped};
use serde_json::json as value;
use sockwalk::lesson::parse;
use sockwalk::linux::missing;
use sockwalk::model::Mode;
use sockwalk::walk::{Runner, WalkOptions, WireAbility};
use toml::{Table, Value};

/// A shipped lesson.
struct Source {
    id: String,
    text: String,
}

/// The shipped lessons that can be played here, in the order of the course.
fn sources() -> Vec<Source> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/lessons");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut sources = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let lesson = parse("shipped", &text).unwrap();
        match missing(&lesson.needs_in(Mode::Lab), Mode::Lab) {
            none if none.is_empty() => sources.push(Source { id: lesson.id, text }),
            needs => skipped(&format!("{} needs {needs:?}", lesson.id)),
        }
    }
    assert!(sources.iter().any(|source| source.id == "handshake"));
    sources
}

fn handshake() -> Source {
    sources().into_iter().find(|source| source.id == "handshake").unwrap()
}

/// The bytes of the offered line, `hello` and its end, in every lesson that offers one.
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
    /// Whether its step waits for a timer that a walk without `--timers` leaves out.
    left_out: bool,
}

/// A lesson with one wrong claim, and the message with which it must fail.
struct Companion {
    lesson: String,
    text: String,
    /// The kind of claim that was true, and how it was made wrong.
    way: (String, &'static str),
    line: usize,
    step: String,
    expected: String,
    /// What is the case; `{fd}` stands for what the call of this side and name returned. `None` where more than the
    /// claim would have to be known to say it.
    actual: Option<String>,
    call: Option<(String, String)>,
}

// ---------------------------------------------------------------- the claims of a lesson

fn claims(source: &Source) -> Vec<Claim> {
    let read = parse("shipped", &source.text).unwrap();
    // Which steps wait for a long timer isn't what is tried here: the runner says it.
    let options = WalkOptions {
        mode: Mode::Lab,
        wire: WireAbility::Holds,
        patience: std::time::Duration::ZERO,
        port: None,
        timers: false,
    };
    let runner = Runner::new(std::sync::Arc::new(read), options);
    let left_out: Vec<String> = runner.left_out().map(|step| step.id.clone()).collect();
    let mut claims = Vec::new();
    let (mut step, mut in_lab) = (String::new(), true);
    let lines: Vec<&str> = source.text.lines().collect();
    for (number, text) in lines.iter().enumerate() {
        if *text == "[[step]]" {
            let own: Vec<&&str> = lines[number + 1..].iter().take_while(|line| **line != "[[step]]").collect();
            in_lab = own.iter().find(|line| line.starts_with("in = ")).is_none_or(|line| line.contains("\"lab\""));
        }
        if let Some(id) = text.strip_prefix("id = ") {
            step = id.trim_matches('"').to_owned();
        }
        let (Some(first), Some(last)) = (text.find('{'), text.rfind('}')) else { continue };
        let Ok(table) = format!("claim = {}", &text[first..=last]).parse::<Table>() else { continue };
        let Some(claim) = table["claim"].as_table() else { continue };
        let kinds = [
            "state", "returns", "blocks", "segment", "packet", "waiting", "queue", "timer", "info", "reason", "program",
        ];
        let is_claim = in_lab && (text.starts_with("    {") || text.starts_with("expect = [{"));
        let Some(kind) = kinds.iter().find(|kind| is_claim && claim.contains_key(**kind)) else { continue };
        let modes = claim.get("in").map_or(String::new(), |modes| format!(", in = {}", written(modes)));
        if !modes.is_empty() && !modes.contains("\"lab\"") {
            continue;
        }
        claims.push(Claim {
            line: number + 1,
            step: step.clone(),
            kind: (*kind).to_owned(),
            // Of a reason there is a name alone, and of what waits a number, beside which a side may stand.
            terms: claim[*kind].as_table().cloned().unwrap_or_else(|| {
                let beside = claim.get("from").map(|from| ("from".to_owned(), from.clone()));
                [((*kind).to_owned(), claim[*kind].clone())].into_iter().chain(beside).collect()
            }),
            around: (text[..first].to_owned(), text[last + 1..].to_owned()),
            modes,
            left_out: left_out.contains(&step),
        });
    }
    claims
}

/// The numbers that a claim on TCP_INFO may have, in the order in which they are told.
const INFO_NUMBERS: [&str; 12] = [
    "cwnd",
    "ssthresh",
    "mss",
    "unacked",
    "sacked",
    "lost",
    "retrans",
    "total_retrans",
    "reordering",
    "delivered",
    "backoff",
    "probes",
];

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
        // TOML and Rust escape what claims hold (line ends, quotes) alike.
        other => format!("{:?}", other.as_str().unwrap()),
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

    /// What is sent, by its flags or its protocol.
    fn sent(&self) -> String {
        match self.text("protocol").as_deref() {
            None => self.flags(),
            Some("udp") => "UDP".to_owned(),
            Some(_) => "ICMP port unreachable".to_owned(),
        }
    }

    fn flags(&self) -> String {
        let flags = self.terms["flags"].as_array().unwrap();
        flags.iter().map(|flag| flag.as_str().unwrap()).collect::<Vec<_>>().join(",")
    }

    /// In which process of its side, where it says so.
    fn process(&self) -> String {
        self.text("process").map_or(String::new(), |process| format!("process {process}: "))
    }

    fn comes_to(&self, outcome: &str) -> String {
        format!("{}{}: {}() {outcome}", self.process(), self.word("side"), self.word("call"))
    }

    /// What is asked for stands in memory of the caller's.
    fn verb(&self) -> &'static str {
        if self.word("call") == "getsockopt" { "tells" } else { "returns" }
    }

    /// Which sockets are ready, where it says so.
    fn ready(&self) -> Option<String> {
        let ready = self.terms.get("ready")?.as_array()?;
        let names: Vec<&str> = ready.iter().filter_map(Value::as_str).collect();
        Some(format!("finds ready: {}", names.join(", ")))
    }

    /// What it says, in the notation of claims.
    fn what(&self) -> String {
        let field = |key: &str| self.text(key).map_or(String::new(), |value| format!(" {key}={value}"));
        match self.kind.as_str() {
            "state" => format!("{} is {}", self.end(), self.word("is")),
            "blocks" => format!("{}{} sleeps in {}()", self.process(), self.word("side"), self.word("call")),
            "timer" => {
                let count = |key: &str| match self.text(key) {
                    Some(least) if least.starts_with(">=") => format!(" {key}{least}"),
                    _ => field(key),
                };
                let kind = self.text("kind").map_or(String::new(), |kind| format!(" {kind}"));
                format!("timer of {}:{kind}{}{}", self.end(), count("fired"), count("rto_ms"))
            }
            "queue" => format!("queues of {}:{}{}", self.end(), field("recv"), field("send")),
            "info" => {
                let count = |key: &&str| match self.text(key) {
                    Some(least) if least.starts_with(">=") => format!(" {key}{least}"),
                    _ => field(key),
                };
                let options = self.terms.get("options").and_then(Value::as_array).map_or(String::new(), |options| {
                    let names: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
                    format!(" options={}", if names.is_empty() { "none".to_owned() } else { names.join(",") })
                });
                let numbers: String = INFO_NUMBERS.iter().map(count).collect();
                format!("info of {}:{numbers}{}{options}", self.end(), field("ca_state"))
            }
            "program" => {
                let part = |key: &str| self.text(key).map_or(String::new(), |value| format!(" {value}"));
                let (call, arguments) = (self.word("call"), self.text("arguments").unwrap_or_default());
                let outcome = format!("{}{}", part("value"), part("error"));
                format!("{}'s program: {call}({arguments}) {}{outcome}", self.word("side"), self.word("is"))
            }
            "waiting" => {
                let from = self.text("from").map_or(String::new(), |from| format!(" of the {from}"));
                format!("{} segments{from} wait", self.word("waiting"))
            }
            "reason" if self.word("reason") == "none" => "the kernel counted nothing".to_owned(),
            "reason" => format!("the kernel counted {}", self.word("reason")),
            "returns" => {
                let data = self.text("data").map_or(String::new(), |data| format!(" {data:?}"));
                let outcome = match (self.text("error"), self.text("value")) {
                    (Some(error), _) => format!("fails with {error}"),
                    (None, Some(value)) => format!("{} {value}{data}", self.verb()),
                    (None, None) => self.ready().unwrap_or_else(|| format!("returns{data}")),
                };
                self.comes_to(&outcome)
            }
            _ => {
                let numbers: String = ["seq", "ack", "len", "win", "win_scaled"].into_iter().map(field).collect();
                let on = self.text("on").map_or(String::new(), |socket| format!(" on {socket}"));
                let (from, sent) = (self.word("from"), self.sent());
                match self.word("is").as_str() {
                    "none" => format!("{from} never sends {sent}{numbers}{on}"),
                    is => format!("{from} sends {sent}{numbers}{on}: {is}"),
                }
            }
        }
    }

    /// What is the case where it is true; of a segment, without who sent it and what became of it.
    fn truth(&self) -> String {
        let field = |key: &str| self.text(key).map_or(String::new(), |value| format!(" {key}={}", number(&value)));
        match self.kind.as_str() {
            "returns" => {
                let outcome = match (self.text("error"), self.text("value")) {
                    (Some(error), _) => format!("fails with {error}"),
                    (None, value) => {
                        format!("{} {}", self.verb(), value.map_or("{fd}".to_owned(), |value| number(&value)))
                    }
                };
                self.comes_to(&outcome)
            }
            "queue" => format!("queues of {}:{}{}", self.end(), field("recv"), field("send")),
            "segment" => {
                let len = field("len");
                let len = if matches!(len.as_str(), "" | " len=0") { String::new() } else { format!("{len} data") };
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

    /// The lesson with this claim in its place, and what is the case there instead.
    fn companion(&self, source: &Source, way: (&Claim, &'static str), actual: Option<String>) -> Companion {
        let mut lines: Vec<String> = source.text.lines().map(str::to_owned).collect();
        let terms = match self.kind.as_str() {
            "reason" => written(&self.terms["reason"]),
            "waiting" => {
                let from = self.text("from").map_or(String::new(), |from| format!(", from = {from:?}"));
                format!("{}{from}", self.word("waiting"))
            }
            _ => written(&Value::Table(self.terms.clone())),
        };
        let (before, after) = &self.around;
        lines[self.line - 1] = format!("{before}{{ {} = {terms}{} }}{after}", self.kind, self.modes);
        let open = actual.as_ref().is_some_and(|actual| actual.contains("{fd}"));
        Companion {
            lesson: source.id.clone(),
            text: lines.join("\n"),
            way: (way.0.kind.clone(), way.1),
            line: self.line,
            step: self.step.clone(),
            expected: self.what(),
            actual,
            call: open.then(|| (self.word("side"), self.word("call"))),
        }
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
    let mut parts: Vec<&str> = sum.split('+').collect();
    match parts.iter().position(|part| part.parse::<u32>().is_ok()) {
        Some(number) => parts[number] = "4242",
        None => parts.push("4242"),
    }
    parts.join("+")
}

/// Every way in which a claim is made wrong: how, the wrong claim, and what is the case there.
fn wrong(claim: &Claim) -> Vec<(&'static str, Claim, Option<String>)> {
    match claim.kind.as_str() {
        "state" => {
            let is = if claim.word("is") == "CLOSING" { "LISTEN" } else { "CLOSING" };
            vec![("is", claim.with("is", is), Some(claim.truth()))]
        }
        "timer" => wrong_timers(claim),
        "blocks" => {
            let actual = Some(claim.comes_to("has not returned"));
            let fails = claim.instead("returns").with("error", "EINTR");
            vec![("returns", claim.instead("returns"), actual.clone()), ("error", fails, actual)]
        }
        "returns" => wrong_returns(claim),
        "program" => wrong_programs(claim),
        // What else the kernel counted then isn't known here; that the counter moved is.
        "reason" => {
            let wrong = if claim.word("reason") == "none" { vec!["PAWSEstab"] } else { vec!["PAWSEstab", "none"] };
            wrong.into_iter().map(|other| ("reason", claim.with("reason", other), None)).collect()
        }
        // Which segments wait isn't known here.
        "waiting" => vec![("waiting", claim.with("waiting", 4242), None)],
        // What else TCP_INFO tells isn't known here.
        "info" => {
            let keys = INFO_NUMBERS.into_iter().filter(|key| claim.text(key).is_some());
            let mut wrong: Vec<_> = keys.map(|key| (key, claim.with(key, 4_242_424), None)).collect();
            if let Some(state) = claim.text("ca_state") {
                let other = if state == "Loss" { "Open" } else { "Loss" };
                wrong.push(("ca_state", claim.with("ca_state", other), None));
            }
            if claim.terms.contains_key("options") {
                wrong.push(("options", claim.with("options", vec!["syn_data"]), None));
            }
            wrong
        }
        "queue" => {
            let keys = ["recv", "send"].into_iter().filter(|key| claim.text(key).is_some());
            keys.map(|key| (key, claim.with(key, 4242), Some(claim.truth()))).collect()
        }
        _ => wrong_segments(claim),
    }
}

fn wrong_timers(claim: &Claim) -> Vec<(&'static str, Claim, Option<String>)> {
    // What else the timer claims may be any number; of the kind alone it is known.
    let counts = ["fired", "rto_ms"].into_iter().filter(|key| claim.text(key).is_some());
    let mut wrong: Vec<_> = counts.clone().map(|key| (key, claim.with(key, 4_242_424), None)).collect();
    if let Some(kind) = claim.text("kind") {
        let other = if kind == "keepalive" { "time-wait" } else { "keepalive" };
        wrong.push(("kind", claim.with("kind", other), (counts.count() == 0).then(|| claim.truth())));
    }
    wrong
}

fn wrong_returns(claim: &Claim) -> Vec<(&'static str, Claim, Option<String>)> {
    // How many were ready isn't claimed.
    let truth = claim.ready().is_none().then(|| claim.truth());
    let bare = claim.without("value").without("data").without("error").without("ready");
    let error = if claim.text("error").as_deref() == Some("ECONNRESET") { "EINTR" } else { "ECONNRESET" };
    // Where only the data is claimed, how much it was is not.
    let plain = if claim.text("data").is_some() && claim.text("value").is_none() { None } else { truth.clone() };
    let mut wrong =
        vec![("error", bare.with("error", error), plain.clone()), ("blocks", bare.instead("blocks"), plain)];
    if claim.text("error").is_some() {
        wrong.push(("success", bare.clone(), truth));
    } else if claim.text("value").is_some() {
        wrong.push(("value", claim.without("data").with("value", 4242), truth.clone()));
    }
    if let Some(data) = claim.text("data") {
        let actual = claim.text("value").map(|_| format!("{} {data:?}", claim.truth()));
        wrong.push(("data", claim.with("data", format!("{data}?")), actual));
    }
    wrong
}

/// What a call of a program came to, where that isn't claimed, and its arguments aren't known here.
fn wrong_programs(claim: &Claim) -> Vec<(&'static str, Claim, Option<String>)> {
    let bare = claim.without("value").without("error");
    let other = |is: &str| bare.with("is", is);
    let mut wrong = vec![
        ("arguments", claim.with("arguments", "4242*"), None),
        ("call", bare.with("call", "socketpair").with("is", "returned"), Some("is missing".to_owned())),
    ];
    wrong.extend(
        ["stands", "blocks", "returned"]
            .into_iter()
            .filter(|is| claim.word("is") != *is)
            .map(|is| (is, other(is), None)),
    );
    if claim.word("is") == "returned" {
        wrong.push(("error", bare.with("error", "EMFILE"), None));
    }
    if claim.text("value").is_some() {
        wrong.push(("value", bare.with("value", 4242), None));
    }
    wrong
        .into_iter()
        .map(|(way, wrong, actual)| {
            let actual = actual.map(|_| format!("{}'s program has not called socketpair()", claim.word("side")));
            (way, wrong, actual)
        })
        .collect()
}

fn wrong_segments(claim: &Claim) -> Vec<(&'static str, Claim, Option<String>)> {
    if claim.word("is") == "none" {
        // What the side has sent instead isn't known here.
        return vec![("none", claim.with("is", "held"), None)];
    }
    let mut wrong = vec![("none", claim.with("is", "none"), None), ("len", claim.with("len", 4242), None)];
    if let Some(protocol) = claim.text("protocol") {
        let other = if protocol == "udp" { "icmp" } else { "udp" };
        // A length of its own keeps the other protocol's from fitting by chance.
        wrong.push(("protocol", claim.with("protocol", other).with("len", 4242), None));
        wrong.push(("tcp", claim.without("protocol").with("flags", vec!["SYN"]), None));
    } else {
        wrong.extend([
            ("flags", claim.with("flags", vec!["URG"]), None),
            ("two flags", claim.with("flags", vec!["SYN", "FIN"]), None),
            ("win", claim.with("win", 4242), None),
        ]);
    }
    for key in ["seq", "ack"] {
        if let Some(sum) = claim.text(key) {
            wrong.push((key, claim.with(key, other_sum(&sum)), None));
        }
    }
    for fate in ["held", "dropped", "delivered"] {
        if fate != claim.word("is") {
            wrong.push((fate, claim.with("is", fate), None));
        }
    }
    // The numbers of one direction are never those of the other; without them another segment might fit.
    if claim.text("seq").is_some() {
        let other = if claim.word("from") == "client" { "server" } else { "client" };
        wrong.push(("from", claim.with("from", other), None));
    }
    wrong
}

/// What is the case where a claim on a segment is wrong, worked out for a lesson in which each claimed segment is the
/// newest of its sender and waits. `sent` are the segments that each side has sent before.
fn actual_segment(claim: &Claim, way: &str, sent: &BTreeMap<String, String>) -> String {
    let (from, truth) = (claim.word("from"), claim.truth());
    match way {
        "dropped" | "delivered" | "none" => format!("{from} sends {truth}: held"),
        "from" => {
            let other = if from == "client" { "server" } else { "client" };
            let actual = sent.get(other).map_or("sent nothing".to_owned(), |last| format!("last sent {last}"));
            format!("{other} {actual}")
        }
        _ => format!("{from} last sent {truth}"),
    }
}

/// Of `handshake` all companions, of another lesson one for each kind of claim and each way of making it wrong: the one
/// in the middle of the lesson.
fn companions(source: &Source) -> Vec<Companion> {
    let all = source.id == "handshake";
    let mut sent = BTreeMap::new();
    let mut companions: Vec<Companion> = Vec::new();
    for claim in claims(source).into_iter().filter(|claim| !claim.left_out) {
        for (way, wrong, actual) in wrong(&claim) {
            // A window that wasn't claimed is told behind the segment: its number isn't known here.
            let known = all && claim.kind == "segment" && way != "win";
            let actual = if known { Some(actual_segment(&claim, way, &sent)) } else { actual };
            companions.push(wrong.companion(source, (&claim, way), actual));
        }
        if claim.kind == "segment" {
            sent.insert(claim.word("from"), claim.truth());
        }
    }
    if all {
        return companions;
    }
    let mut by_way: BTreeMap<(String, &'static str), Vec<Companion>> = BTreeMap::new();
    companions.into_iter().for_each(|companion| by_way.entry(companion.way.clone()).or_default().push(companion));
    by_way.into_values().map(|mut same| same.swap_remove(same.len() / 2)).collect()
}

// ---------------------------------------------------------------- playing them

fn play(program: &Program, user: User, path: &str, format: &str, lang: &str) -> Finished {
    // Where a lesson waits for the kernel's timers, more of its claims than the false one need their time; yet it must be
    // over before the shortest timer, a SYN's second, changes what they say.
    let timers = ["retransmit", "keepalive", "probe"].map(|kind| format!("waits_for = \"{kind}\""));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let patience = if timers.iter().any(|timer| text.contains(timer)) { "700" } else { "200" };
    program.run(user, &["play", path, "--mode", "lab", "--patience", patience, "--format", format, "--lang", lang])
}

/// What is wrong with how a companion fails; `None` where it fails as it must.
fn fails_as_it_must(companion: &Companion, path: &str, finished: &Finished) -> Option<String> {
    let objects = json(&finished.stdout);
    let place = objects.iter().position(|line| line["held"] == false).unwrap_or(objects.len());
    let Companion { lesson, line, step, expected, .. } = companion;
    let actual = companion.actual.clone().map(|actual| match &companion.call {
        Some((side, call)) => {
            let is_it = |line: &&serde_json::Value| {
                has(line, &[("side", value!(side)), ("call", value!(call)), ("phase", value!("return"))])
            };
            let fd = objects[..place].iter().rfind(is_it).map(|line| line["ret"].to_string()).unwrap_or_default();
            actual.replace("{fd}", &fd)
        }
        None => actual,
    });
    // JSON has the notation; the message beside it is a sentence, which `i18n` has a table for.
    let message = format!("{path}:{line}: {step}: expected: ");
    let told: Vec<&str> = finished.stderr.lines().filter(|line| !line.starts_with("left out, because")).collect();
    let broken: Vec<&serde_json::Value> = objects.iter().filter(|line| line["held"] == false).collect();
    let sentence = match told[..] {
        [only] => only.strip_prefix(&message).and_then(|said| said.split_once("; actual: ")),
        _ => None,
    };
    let found = broken.first().and_then(|broken| broken["actual"].as_str());
    let fits = finished.status.code() == Some(1)
        && broken.len() == 1
        && has(broken[0], &[("step", value!(step)), ("what", value!(expected))])
        && sentence.is_some_and(|(wanted, found)| wanted != found && !wanted.is_empty() && !found.is_empty())
        && found.is_some_and(|found| found != expected.as_str())
        && actual.as_ref().is_none_or(|actual| found == Some(actual));
    let wanted = actual.as_deref().unwrap_or("(anything else)");
    (!fits).then(|| {
        format!("{lesson}: wanted, status 1: {message}{wanted}\nfound, {}: {told:#?}\n{broken:#?}", finished.status)
    })
}

#[test]
fn the_claims_are_read_as_the_program_reads_them() {
    let Some(user) = lab_users().pop() else { return };
    let program = Program::new();
    for source in sources() {
        let claims: Vec<Claim> = claims(&source).into_iter().filter(|claim| !claim.left_out).collect();
        let finished = program.run(user, &["play", &source.id, "--mode", "lab", "--format", "json"]);
        let objects = json(&finished.succeeded().stdout);
        let told: Vec<(&str, &str)> = objects
            .iter()
            .filter(|line| line["kind"] == "claim")
            .map(|line| (line["step"].as_str().unwrap(), line["what"].as_str().unwrap()))
            .collect();
        let whats: Vec<String> = claims.iter().map(Claim::what).collect();
        let read: Vec<(&str, &str)> =
            claims.iter().map(|claim| claim.step.as_str()).zip(whats.iter().map(String::as_str)).collect();
        assert_eq!(read, told, "{}", source.id);
        assert!(claims.len() > 20, "{}", source.id);
    }
}

#[test]
fn each_false_claim_fails_with_its_message_and_no_other_does() {
    let users = lab_users();
    if users.is_empty() {
        return;
    }
    let program = Program::new();
    let folder = Folder::new();
    let companions: Vec<Companion> = sources().iter().flat_map(companions).collect();
    let of_handshake = companions.iter().filter(|companion| companion.lesson == "handshake").count();
    assert!(of_handshake > 150 && companions.len() > of_handshake + 100, "only {of_handshake} of {}", companions.len());
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
    let mut companions = companions(&handshake()).into_iter();
    let companion = companions.find(|companion| companion.step == "syn-arrives" && companion.way.0 == "state").unwrap();
    let path = folder.write("wrong.toml", &companion.text);
    let path = path.to_str().unwrap();
    for (lang, said) in [
        ("en", "expected: the server's connection is CLOSING; actual: the server's connection is SYN_RECV"),
        ("zh", "预期：服务器的连接处于 CLOSING；实际：服务器的连接处于 SYN_RECV"),
    ] {
        let finished = play(&program, user, path, "text", lang);
        assert_eq!(finished.status.code(), Some(1));
        let last = finished.stdout.lines().last().unwrap();
        let place = format!("{path}:{}: {}", companion.line, companion.step);
        assert!(last.starts_with(&place) && last.ends_with(said), "{last}");
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
