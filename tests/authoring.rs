//! The author's tools: `sockwalk check` and `sockwalk new` on the real kernel; the guide and the schema against the
//! reader of lessons.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;

use common::procs;
use common::{Finished, Folder, NOBODY, Program, User, finish, is_root, lab_users, users};
use serde_json::Value;
use sockwalk::i18n::Lang;
use sockwalk::lesson::{builtin_names, builtin_text, parse};
use sockwalk::model::{CallName, SOCKET_OPTIONS, TOLD_OPTIONS};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the check of some lessons in the lab; `--mode lab` leaves the machine's own ports alone.
fn check(program: &Program, user: User, args: &[&str]) -> Finished {
    program.run(user, &[&["check", "--mode", "lab", "--lang", "en"], args].concat())
}

// ---------------------------------------------------------------- check

#[test]
fn every_shipped_lesson_passes() {
    let program = Program::new();
    for user in lab_users() {
        let names = Mutex::new(builtin_names().into_iter().enumerate());
        let next = || names.lock().unwrap().next();
        let worker = || {
            while let Some((number, name)) = next() {
                let port = common::free_port().to_string();
                let lang = if number % 2 == 0 { "en" } else { "zh" };
                let finished = program.run(user, &["check", name, "--lang", lang, "--port", &port]);
                finished.succeeded();
                assert!(finished.stdout.lines().any(|line| line.starts_with("✓ ")), "{}", finished.stdout);
                assert!(
                    !finished.stdout.contains(if lang == "en" { "warning: " } else { "警告：" }),
                    "{}",
                    finished.stdout
                );
            }
        };
        // Some wait for the kernel's timers, and sleep meanwhile.
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(worker);
            }
        });
    }
}

/// Many claims that don't hold, behind many lines and before them: where they stand costs nothing.
#[test]
fn a_fault_costs_the_same_wherever_it_stands() {
    let Some(user) = lab_users().pop() else { return };
    let (program, folder) = (Program::new(), Folder::new());
    let head = "format = 1\nid = \"far\"\nserver = \"127.0.0.1:8000\"\nmodes = [\"lab\"]\n";
    let text = |key: &str| format!("{key} = {{ en = \"E\", zh = \"中\" }}\n");
    let head = [head, &text("title"), &text("goal"), &text("recap")].concat();
    let step = "[[step]]\nid = \"only\"\ndo.socket = { side = \"server\", name = \"s\" }\n";
    let claims = " { state = { socket = \"s\", is = \"LISTEN\" } },\n".repeat(1500);
    let step = [step, &text("title"), &text("say"), "expect = [\n", &claims, "]\n"].concat();
    let lines = "#\n".repeat(200_000);
    let costs = [("behind", [&head, &lines, &step]), ("before", [&head, &step, &lines])].map(|(name, parts)| {
        let path = folder.write(&format!("{name}.toml"), &parts.map(String::as_str).concat());
        let mut command = program.command(user, &["check", "--mode", "lab", "--lang", "en"]);
        let mut child = command.arg(&path).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(said.lines().filter(|line| line.contains(":2: error: in lab, step only: ")).count(), 1500, "{said}");
        assert!(common::until(Duration::from_secs(60), || procs::ticks(child.id()).1));
        let (cost, _) = procs::ticks(child.id());
        child.wait().unwrap();
        cost
    });
    let [behind, before] = costs;
    assert!(behind < 3 * before, "{behind} ticks of the processor behind, {before} before");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let (program, folder) = (Program::new(), Folder::new());
    let (_, text) = builtin_text("refused").unwrap();
    let with = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        changed
    };
    let at = |text: &str, needle: &str| {
        let before = &text[..text.find(needle).unwrap()];
        let line = before.matches('\n').count() + 1;
        format!("{line}:{}: ", before.rsplit('\n').next().unwrap().chars().count() + 1)
    };
    for user in lab_users() {
        // What the kernel doesn't do.
        let claim = "{ state = { socket = \"first\", is = \"LISTEN\" } }";
        let changed = with("{ state = { socket = \"first\", is = \"SYN_SENT\" } }", claim);
        let path = folder.write("refused.toml", &changed);
        let path = path.to_str().unwrap();
        let finished = check(&program, user, &[path]);
        assert_eq!(finished.status.code(), Some(1));
        let line = format!(
            "{path}:{}error: in lab, step first-connect: expected: the client's socket no. 1 is LISTEN; actual: the client's socket no. 1 is SYN_SENT",
            at(&changed, claim)
        );
        assert!(finished.stdout.lines().any(|told| told == line), "{line}\n{}", finished.stdout);
        assert!(finished.stdout.contains(&format!("✗ {path}: lab: ")), "{}", finished.stdout);

        // A question to which no answer is right.
        let changed = with("\"ECONNREFUSED\", \"blocks\", \"0\"", "\"ECONNREFUSED\", \"EPIPE\", \"0\"");
        folder.write("refused.toml", &changed);
        let finished = check(&program, user, &[path]);
        let wanted = "step first-connect: expected: it failed with ECONNREFUSED / it failed with EPIPE / it returned 0; actual: it sleeps in the call";
        assert!(finished.status.code() == Some(1) && finished.stdout.contains(wanted), "{}", finished.stdout);

        // A text that is longer than the pane.
        let long = format!("title.zh = \"放行 RST\"\nsay.en = \"\"\"\n{}", "All work and no play. ".repeat(30));
        let changed = with("title.zh = \"放行 RST\"\nsay.en = \"\"\"\n", &long);
        folder.write("refused.toml", &changed);
        let finished = check(&program, user, &[path]);
        finished.succeeded();
        let wanted = "warning: first-refused (en, lab) must be scrolled at 80×24; rows too many: ";
        assert!(finished.stdout.contains(wanted), "{}", finished.stdout);

        // A text that isn't there in a language of the lesson.
        let title = text.lines().find(|line| line.starts_with("title.zh = ")).unwrap();
        folder.write("refused.toml", &with(&format!("{title}\n"), ""));
        let finished = check(&program, user, &[path]);
        let wanted = "error: the text in Chinese (zh) is missing; it is shown in English";
        assert!(finished.status.code() == Some(1) && finished.stdout.contains(wanted), "{}", finished.stdout);

        // A file that can't be read as a lesson.
        folder.write("refused.toml", &with("\"SYN_SENT\"", "\"SYN-SENT\""));
        let finished = check(&program, user, &[path]);
        assert!(finished.status.code() == Some(1) && finished.stdout.contains("`SYN-SENT` is no state of a socket"));
        let bytes = fs::read(root().join("tests/lessons/invalid/not-utf8.toml")).unwrap();
        fs::write(path, bytes).unwrap();
        assert_eq!(check(&program, user, &[path]).status.code(), Some(1));
    }
}

#[test]
fn a_folder_is_checked_file_by_file() {
    let program = Program::new();
    let user = users()[0];
    // Nothing of this is run, so it needs no lab.
    let check = |path: &str| program.run(user, &["check", "--lang", "en", path]);
    let folder = Folder::new();
    let at = folder.path().to_str().unwrap();
    let finished = check(at);
    assert!(finished.status.code() == Some(1) && finished.stderr.contains("no file in it ends in .toml"));
    for name in ["control-character.toml", "unknown-key.toml"] {
        folder.write(name, &fs::read_to_string(root().join("tests/lessons/invalid").join(name)).unwrap());
    }
    folder.write("notes.txt", "no lesson");
    // As Emacs marks a file that is being changed.
    std::os::unix::fs::symlink("somebody@somewhere.1234", folder.path().join(".#unknown-key.toml")).unwrap();
    let finished = check(at);
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stdout.contains("Lessons: 2; failed: 2;"), "{}", finished.stdout);
    assert!(!finished.stdout.contains('\u{1b}'), "{:?}", finished.stdout);
    assert_eq!(check("nothing").status.code(), Some(2));
    assert_eq!(check("/dev/zero").status.code(), Some(1));
}

/// In a user namespace in which no network namespace may be made there is no lab.
#[test]
fn what_could_not_be_checked_is_said() {
    let program = Program::new();
    for user in lab_users() {
        let mut command = user.command(Path::new("unshare"));
        let script = "echo 0 > /proc/sys/user/max_net_namespaces && exec \"$0\" check refused --lang en";
        command.args(["--user", "--map-root-user", "sh", "-c", script]).arg(program.path());
        let finished = finish(&mut command);
        assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
        let said = "10-refused.toml: not checked in lab: ";
        assert!(finished.stdout.contains(said) && finished.stdout.contains("lab: NOT CHECKED"), "{}", finished.stdout);
        // Who asks for one mode only has asked for no other.
        let finished = program.run(user, &["check", "refused", "--lang", "en", "--mode", "host"]);
        assert!(finished.succeeded().stdout.contains("lab: not asked for"), "{}", finished.stdout);
    }
}

/// A draft in one language, with a set-up by name and a question on reasons.
const DRAFT: &str = r#"
format = 1
id = "draft"
server = "127.0.0.1:8000"
modes = ["lab"]
begin = "established"
title.zh = "草稿"
goal.zh = "草稿"
recap.zh = "草稿"

[[step]]
id = "blind"
title.zh = "伪造一个 RST"
say.zh = "序号在窗口里，却不是下一个。"
do.forge = { from = "client", on = "conn", set = "flags=RST seq=j+100" }
expect = [{ state = { socket = "conn", is = "ESTABLISHED" } }, { waiting = 1, from = "server" }]
[step.ask]
question.zh = "内核计了什么数？"
reason = true
choices = ["none", "TCPChallengeACK"]
"#;

#[test]
fn a_draft_is_read_and_run_and_nothing_more_is_asked_of_it() {
    for user in lab_users() {
        let (program, folder) = (Program::new(), Folder::new());
        let path = folder.write("other-name.toml", DRAFT);
        let path = path.to_str().unwrap();
        let finished = check(&program, user, &["--draft", path]);
        assert!(finished.succeeded().stdout.contains("lab: 10 steps"), "{}", finished.stdout);
        assert!(finished.stdout.contains("errors: 0, warnings: 0"), "{}", finished.stdout);
        // So it can be walked.
        let finished = program.run(user, &["play", path, "--lang", "zh"]);
        assert!(finished.succeeded().stdout.contains("序号在窗口里，却不是下一个。"), "{}", finished.stdout);
        // A finished lesson has more.
        let finished = check(&program, user, &[path]);
        let wanted = "the text in English (en) is missing or empty";
        assert!(finished.status.code() == Some(1) && finished.stdout.contains(wanted), "{}", finished.stdout);
        // What the kernel says is held against a draft too.
        folder.write("other-name.toml", &DRAFT.replace("TCPChallengeACK", "PAWSEstab"));
        let finished = check(&program, user, &["--draft", path]);
        let wanted =
            "step blind: expected: no counter moved / it counted PAWSEstab; actual: it counted TCPChallengeACK";
        assert!(finished.status.code() == Some(1) && finished.stdout.contains(wanted), "{}", finished.stdout);
        folder.write("other-name.toml", &DRAFT.replace("waiting = 1", "waiting = 0"));
        let finished = check(&program, user, &["--draft", path]);
        assert_eq!(finished.status.code(), Some(1), "{}", finished.stdout);
    }
}

/// What only the kernel refuses stands at its place in the file, in the author's language.
#[test]
fn a_value_that_the_kernel_refuses_is_told_at_its_line() {
    let program = Program::new();
    let names = |place: &str, name: &str| {
        format!("other-name.toml:{place}: error: this machine's kernel refuses this value of `{name}`: EINVAL")
    };
    for (settings, place, name) in [
        ("[lab]\nsysctl.tcp_sack = 1\nsysctl.tcp_ecn = 99", "13:18", "tcp_ecn"),
        ("[lab.sysctl]\ntcp_syn_retries = 255", "12:19", "tcp_syn_retries"),
    ] {
        for user in lab_users() {
            let folder = Folder::new();
            let text = DRAFT.replace("recap.zh = \"草稿\"\n", &format!("recap.zh = \"草稿\"\n\n{settings}\n"));
            let path = folder.write("other-name.toml", &text);
            let path = path.to_str().unwrap();
            let finished = check(&program, user, &["--draft", path]);
            assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
            assert!(finished.stdout.contains(&names(place, name)), "{}", finished.stdout);
            assert!(finished.stdout.contains("lab: NOT CHECKED; errors: 1,"), "{}", finished.stdout);
            let finished = program.run(user, &["check", "--draft", path, "--lang", "zh"]);
            let wanted = format!(":{place}: 错误：这台机器的内核不接受 `{name}` 的这个值：EINVAL");
            assert!(finished.stdout.contains(&wanted), "{}", finished.stdout);
        }
    }
}

// ---------------------------------------------------------------- new

#[test]
fn a_new_lesson_passes_without_a_warning() {
    for user in lab_users() {
        let (program, folder) = (Program::new(), Folder::new());
        std::os::unix::fs::chown(folder.path(), Some(user.uid()), None).unwrap();
        let run = |args: &[&str]| finish(program.command(user, args).current_dir(folder.path()));
        run(&["new", "my-lesson", "--lang", "en"]).succeeded();
        let finished = run(&["check", "my-lesson.toml", "--lang", "en"]);
        assert!(finished.succeeded().stdout.contains("errors: 0, warnings: 0"), "{}", finished.stdout);
        // Nothing is written over, and no name leads elsewhere.
        folder.write("mine.toml", "mine");
        let finished = run(&["new", "mine", "--lang", "zh"]);
        assert!(finished.status.code() == Some(1) && finished.stderr.contains("已经存在"), "{}", finished.stderr);
        assert_eq!(fs::read_to_string(folder.path().join("mine.toml")).unwrap(), "mine");
        for bad in ["../x", "/tmp/x", "X", "", "a b", "-x", "\u{1b}[2J", &"a".repeat(41)] {
            let finished = run(&["new", "--", bad]);
            assert!(finished.status.code() == Some(2) && !finished.stderr.contains('\u{1b}'), "{bad:?}: {finished:?}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}

/// As on a full disk: the shell lets files have half a kilobyte.
#[test]
fn where_a_new_lesson_has_no_room_nothing_is_left_of_it() {
    let folder = Folder::new();
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$0\" new mine --lang en";
    let mut shell = std::process::Command::new("sh");
    let shell = shell.args(["-c", limited, env!("CARGO_BIN_EXE_sockwalk")]).current_dir(folder.path());
    let finished = finish(shell);
    assert_eq!(finished.status.code(), Some(1), "{finished:?}");
    assert!(finished.stderr.contains("mine.toml can't be written: EFBIG"), "{}", finished.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn called_through_sudo_the_new_file_is_the_callers() {
    use std::os::unix::fs::MetadataExt;
    if !is_root() {
        common::skipped("only root can do what sudo does");
        return;
    }
    let (program, folder) = (Program::new(), Folder::new());
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), None).unwrap();
    let mut command = program.command(User::Own, &["new", "mine"]);
    let id = NOBODY.to_string();
    finish(command.current_dir(folder.path()).env("SUDO_UID", &id).env("SUDO_GID", &id)).succeeded();
    assert_eq!(fs::metadata(folder.path().join("mine.toml")).unwrap().uid(), NOBODY);
}

// ---------------------------------------------------------------- guide and schema

/// A struct of the reader, or a variant of its one enum: the keys that it has, and which of them must be there.
type Keys = BTreeMap<String, bool>;

/// The structs of a source of the reader, by their names, and the variants of its enum, as `Enum.variant`.
fn structs(source: &str) -> BTreeMap<String, Keys> {
    let mut found: BTreeMap<String, Keys> = BTreeMap::new();
    let (mut block, mut variant, mut rename, mut default) = (None::<(String, bool)>, None::<String>, None, false);
    let mut alias: Option<String> = None;
    for line in source.lines().map(str::trim_end) {
        let word = line.trim_start();
        if let Some(rest) = word.strip_prefix("#[serde(") {
            let renamed = rest.split("rename = \"").nth(1).and_then(|rest| rest.split('"').next());
            rename = renamed.map(str::to_owned).or(rename);
            let other = rest.split("alias = \"").nth(1).and_then(|rest| rest.split('"').next());
            alias = other.map(str::to_owned).or(alias);
            default |= rest.contains("default");
            continue;
        }
        if word.starts_with("//") || word.starts_with("#[") {
            continue;
        }
        let declared = ["struct ", "enum "].iter().find_map(|kind| Some((line.split(kind).nth(1)?, *kind == "enum ")));
        if let (Some((rest, is_enum)), true) = (declared, line.ends_with('{') && line.starts_with("pub")) {
            block = Some((rest.trim_end_matches(" {").to_owned(), is_enum));
            default = default && !is_enum;
            continue;
        }
        let Some((name, is_enum)) = &block else { continue };
        if line == "}" {
            (block, default) = (None, false);
            continue;
        }
        let at_variant = *is_enum && line.starts_with("    ") && !line.starts_with("     ");
        if at_variant {
            match word.split_once(['(', ' ']) {
                Some((variant_name, rest)) if word.ends_with('{') || rest.ends_with("),") => {
                    let key = rename.take().unwrap_or_else(|| variant_name.to_lowercase());
                    found.entry(name.clone()).or_default().insert(key.clone(), false);
                    variant = word.ends_with('{').then(|| format!("{name}.{key}"));
                }
                _ => variant = None,
            }
            continue;
        }
        let Some((key, kind)) = word.trim_start_matches("pub(super) ").trim_start_matches("pub ").split_once(": ")
        else {
            continue;
        };
        let key = rename.take().unwrap_or_else(|| key.to_owned());
        let whole_default = name == "LabSettings";
        let required = !kind.starts_with("Option<") && !default && !whole_default;
        default = false;
        let keys = found.entry(variant.clone().unwrap_or_else(|| name.clone())).or_default();
        keys.extend(alias.take().map(|alias| (alias, false)));
        keys.insert(key, required);
    }
    found
}

/// Everything that a lesson file can have, as the reader has it.
fn format() -> BTreeMap<String, Keys> {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let mut all = structs(&read("src/lesson/raw.rs"));
    all.extend(structs(&read("src/lesson/raw_calls.rs")));
    let lab = structs(&read("src/model/settings.rs")).remove("LabSettings").unwrap();
    all.insert("LabSettings".to_owned(), lab);
    all.remove("RawVersion");
    all
}

fn schema() -> Value {
    serde_json::from_str(&fs::read_to_string(root().join("docs/lesson.schema.json")).unwrap()).unwrap()
}

#[test]
fn the_reader_of_the_readers_source_sees_its_keys() {
    let format = format();
    let keys = |name: &str| format[name].keys().map(String::as_str).collect::<BTreeSet<_>>();
    assert!(keys("RawStep").is_superset(&BTreeSet::from([
        "id",
        "in",
        "title",
        "say",
        "ask",
        "do",
        "expect",
        "waits_for"
    ])));
    assert!(keys("RawAction").is_superset(&BTreeSet::from(["socket", "setsockopt", "deliver", "drop", "interrupt"])));
    assert!(keys("RawAction.send").is_superset(&BTreeSet::from(["socket", "text", "line", "received"])));
    assert!(keys("LabSettings").is_superset(&BTreeSet::from(["mtu", "copies", "sysctl"])));
    let step = &format["RawStep"];
    assert!(step["id"] && !step["in"] && !step["expect"] && !step["do"]);
    assert!(!format["RawAction.socket"]["ipv6"] && format["RawAction.socket"]["name"]);
}

#[test]
fn the_schema_has_exactly_the_readers_keys() {
    let schema = schema();
    let mut wrong = Vec::new();
    for (name, keys) in format() {
        let place = match name.strip_prefix("Raw").unwrap_or(&name).split_once('.') {
            Some((_, variant)) => format!("/$defs/Action/properties/{variant}"),
            None if name == "RawLesson" => String::new(),
            None => format!("/$defs/{}", name.strip_prefix("Raw").unwrap_or(&name)),
        };
        let Some(object) = schema.pointer(&place) else {
            wrong.push(format!("{place} is missing"));
            continue;
        };
        let there: BTreeSet<&str> =
            object["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        let wanted: BTreeSet<&str> = keys.keys().map(String::as_str).collect();
        wrong.extend(wanted.difference(&there).map(|key| format!("{place} lacks {key}")));
        wrong.extend(there.difference(&wanted).map(|key| format!("{place} has {key}, which the reader hasn't")));
        if object["additionalProperties"] != Value::Bool(false) && object.get("maxProperties").is_none() {
            wrong.push(format!("{place} allows unknown keys"));
        }
        let required: BTreeSet<&str> =
            object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let needed: BTreeSet<&str> = keys.iter().filter(|(_, must)| **must).map(|(key, _)| key.as_str()).collect();
        let steps = BTreeSet::from(["step"]);
        let more: BTreeSet<&str> = required.symmetric_difference(&needed).copied().collect();
        if !(more.is_empty() || name == "RawLesson" && more == steps) {
            wrong.push(format!("{place} requires {required:?}, the reader {needed:?}"));
        }
    }
    assert!(wrong.is_empty(), "docs/lesson.schema.json:\n{}", wrong.join("\n"));
}

#[test]
fn the_schema_and_the_guide_have_the_options_and_flags_that_a_call_takes() {
    let schema = schema();
    let actions = &schema["$defs"]["Action"]["properties"];
    let option = |action: &str| &actions[action]["properties"]["option"]["enum"];
    let asked = [&SOCKET_OPTIONS[..], &TOLD_OPTIONS].concat();
    assert_eq!(option("setsockopt"), &serde_json::json!(SOCKET_OPTIONS));
    assert_eq!(option("getsockopt"), &serde_json::json!(asked));
    let guide = fs::read_to_string(root().join("docs/authoring.md")).unwrap();
    let mut named = asked;
    for call in [CallName::Send, CallName::Recv, CallName::SendTo, CallName::RecvFrom] {
        assert_eq!(actions[call.name()]["properties"]["flags"]["items"]["enum"], serde_json::json!(call.flag_names()));
        named.extend(call.flag_names());
    }
    let missing: Vec<_> = named.into_iter().filter(|name| !guide.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/authoring.md doesn't name {missing:?}");
}

fn as_json(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

#[test]
fn every_lesson_is_valid_by_the_schema() {
    let schema = schema();
    jsonschema::meta::validate(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut texts: Vec<(String, String)> = builtin_names()
        .into_iter()
        .map(|name| ((*name).to_owned(), builtin_text(name).unwrap().1.to_owned()))
        .collect();
    for folder in ["tests/lessons/valid", "tests/lessons/false"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            texts.push((path.display().to_string(), fs::read_to_string(path).unwrap()));
        }
    }
    texts.push((
        "new".to_owned(),
        fs::read_to_string(root().join("assets/new/lesson.toml")).unwrap().replace("{name}", "x"),
    ));
    let mut wrong = Vec::new();
    for (name, text) in &texts {
        wrong.extend(
            validator.iter_errors(&as_json(text)).map(|error| format!("{name}: {error} at {}", error.instance_path())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong by its shape or by a word is wrong by the schema too; what takes more than a look at one place to be
/// seen (a name that stands twice, a socket that isn't there yet) is the check's.
#[test]
fn what_is_wrong_by_its_shape_is_wrong_by_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for name in [
        "action-key",
        "call",
        "choice-twice",
        "empty-claim",
        "fate",
        "flag",
        "format-2",
        "how",
        "lab-key",
        "lesson-id",
        "missing-server",
        "no-end",
        "no-english",
        "no-flags",
        "no-measure",
        "no-payload",
        "no-steps",
        "one-choice",
        "option",
        "side",
        "state",
        "step-id",
        "ten-choices",
        "timer",
        "two-actions",
        "two-claims",
        "two-measures",
        "two-payloads",
        "unknown-action",
        "unknown-key",
        "unknown-mode",
        "unknown-option",
        "unknown-step-key",
        "wrong-type",
    ] {
        let text = fs::read_to_string(root().join(format!("tests/lessons/invalid/{name}.toml"))).unwrap();
        assert!(!validator.is_valid(&as_json(&text)), "{name}");
    }
}

#[test]
fn the_guide_explains_every_key() {
    let guide = fs::read_to_string(root().join("docs/authoring.md")).unwrap();
    let mut missing = BTreeSet::new();
    for (name, keys) in format() {
        let absent = keys.into_keys().filter(|key| !guide.contains(&format!("`{key}`")));
        missing.extend(absent.map(|key| format!("{name}: {key}")));
    }
    assert!(missing.is_empty(), "docs/authoring.md doesn't explain {missing:?}");
}

/// The place behind a value of TOML that begins there.
fn end_of_value(text: &str, start: usize) -> usize {
    let rest = &text[start..];
    let ends_with = |end: &str| start + end.len() + rest[end.len()..].find(end).unwrap() + end.len();
    if rest.starts_with("\"\"\"") {
        return ends_with("\"\"\"");
    }
    if rest.starts_with('"') {
        let mut chars = rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => drop(chars.next()),
                '"' => return start + at + 1,
                _ => {}
            }
        }
    }
    if !rest.starts_with(['[', '{']) {
        return start + rest.find([',', ' ', '\n', ']', '}']).unwrap_or(rest.len());
    }
    let (mut at, mut depth) = (start, 0);
    loop {
        match text.as_bytes()[at] {
            b'"' => at = end_of_value(text, at) - 1,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

/// The values in a text of TOML, each with the keys on its line that lead to it.
fn values(text: &str) -> Vec<(String, Range<usize>)> {
    let (mut found, mut from) = (Vec::new(), 0);
    while let Some(start) = text[from..].find(" = ").map(|at| from + at + " = ".len()) {
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let keys = text[line..start].split([' ', ',', '{', '[']).filter(|word| !word.is_empty() && !word.contains('"'));
        let end = end_of_value(text, start);
        found.push((keys.collect::<Vec<_>>().join(" "), start..end));
        from = if text[start..].starts_with(['[', '{']) { start } else { end };
    }
    found
}

/// Each value of the lessons is another kind of value once: what the file then says wrong is said in the author's language, whole, and
/// the schema says so too.
#[test]
fn a_value_of_another_kind_is_told_in_chinese_and_wrong_by_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let zh = Lang::of("zh").unwrap();
    let mut tried = BTreeSet::new();
    let mut faults = Vec::new();
    for entry in fs::read_dir(root().join("tests/lessons/valid")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let (head, steps) = text.split_once("\n[[step]]").unwrap();
        // Nothing but shapes is looked at where one is wrong: a step alone will do.
        for step in steps.split("\n[[step]]") {
            let text = format!("{head}\n[[step]]{step}\n");
            for (keys, place) in values(&text).into_iter().filter(|(keys, _)| tried.insert(keys.clone())) {
                for other in ["\"x\"", "7", "8.5", "true", "2020-01-01", "[]", "{}", "[1]", "[\"x\"]", "{ a = 1 }"] {
                    let changed = format!("{}{other}{}", &text[..place.start], &text[place.end..]);
                    // What looked like a key stood in a text.
                    if toml::from_str::<toml::Table>(&changed).is_err() {
                        continue;
                    }
                    let told = parse("x.toml", &changed).err().map(|error| error.problems()[0].fault.sentence(zh));
                    let told = told.unwrap_or_default();
                    let is_shape = ["这里的值是", "此处没有", "缺少 "].iter().any(|begin| told.starts_with(begin));
                    let in_english = told.contains("原文") || told.contains("应为“");
                    let was_table = text[place.start..].starts_with('{') && !other.starts_with('{');
                    let by_schema = !validator.is_valid(&as_json(&changed));
                    if in_english || (was_table && !is_shape) || (is_shape && !by_schema) {
                        faults.push(format!("{keys} {other}: {told} (schema: {by_schema})"));
                    }
                }
            }
        }
    }
    assert!(tried.len() > 250, "{}", tried.len());
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}
