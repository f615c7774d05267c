//! The house's own rules, read from the source: which layer may use which, where `unsafe` may stand, how long a file
//! may be. The table is ARCHITECTURE.md's:
//!
//! ```text
//! bin ─▶ cli, tui, plain, report, progress, explain, theme ─▶ walk ───▶ lesson ─▶ i18n ─▶ model ─▶ tcp
//!   │                                                           └─────▶ lab ───────────▶ model ─▶ tcp
//!   └──▶ linux ───────────────────────────────────────────────────────▶ lab ───────────▶ model ─▶ tcp
//! ```
//!
//! What reads the sources is tried at the end.

mod reader;
mod rings;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reader::{Usage, items, modules, tokens, without_tests};

/// What a layer may use of another one.
enum Of {
    All,
    /// Only these.
    Only(&'static [&'static str]),
}

use Of::{All, Only};

/// What a lesson may know of words: which languages there are, texts in them, the words for its own faults, and the kernel's
/// counters that have words.
const TEXTS: Of = Only(&[
    "Lang",
    "Languages",
    "Localized",
    "counter_named",
    "counter_names",
    "edit_fault",
    "rule_fault",
    "setting_fault",
    "SetUpWords",
    "set_up_words",
    "LanguageTexts",
    "FaultTexts",
    "TomlTexts",
    "BrokenTexts",
    "fill",
    "testing",
    "words",
]);

/// What shows a walk.
const FRONT_END: &[(&str, Of)] =
    &[("explain", All), ("i18n", All), ("theme", All), ("walk", All), ("lesson", All), ("model", All), ("tcp", All)];

const LAYERS: &[(&str, &[(&str, Of)])] = &[
    ("tcp", &[]),
    ("model", &[("tcp", All)]),
    ("assets", &[]),
    ("lesson", &[("assets", All), ("i18n", TEXTS), ("model", All), ("tcp", All)]),
    ("lab", &[("model", All), ("tcp", All)]),
    (
        "walk",
        &[
            ("lab", Only(&["World", "Request", "Happening", "HappeningKind", "WireAbility", "Failure"])),
            ("lesson", All),
            ("model", All),
            ("tcp", All),
        ],
    ),
    ("linux", &[("lab", All), ("model", All), ("tcp", All)]),
    ("i18n", &[("assets", All), ("model", All), ("tcp", All)]),
    ("explain", &[("assets", All), ("i18n", All), ("model", All), ("tcp", All)]),
    ("theme", &[("assets", All), ("model", All)]),
    ("cli", &[("i18n", All), ("theme", All), ("walk", All), ("lesson", All), ("model", All), ("tcp", All)]),
    ("plain", FRONT_END),
    ("report", FRONT_END),
    ("progress", &[("walk", All), ("lesson", All), ("model", All), ("tcp", All)]),
    (
        "tui",
        &[
            ("assets", All),
            ("progress", All),
            ("explain", All),
            ("i18n", All),
            ("theme", All),
            ("walk", All),
            ("lesson", All),
            ("model", All),
            ("tcp", All),
        ],
    ),
];

/// Words that mean a clock, a system call, a colour or a terminal, and the layers that have none of it.
const FOREIGN: &[(&[&str], &[&str])] = &[
    (
        &["tcp", "model", "lab", "lesson", "walk", "progress", "explain"],
        &["Instant", "SystemTime", "socket2", "signal_hook"],
    ),
    (
        &["tcp", "model", "lab", "lesson", "walk", "linux", "report", "explain", "progress", "i18n", "cli", "plain"],
        &["ratatui", "crossterm"],
    ),
    // What is kept goes through a trait: the files are the program's own.
    (&["progress"], &["fs", "rustix", "PathBuf"]),
    (&["tui", "plain", "report", "cli", "i18n", "theme"], &["socket2", "TcpStream", "TcpListener", "UdpSocket"]),
];

/// The only folder in which `unsafe` may stand.
const UNSAFE: &str = "linux/sys/";

const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

// ---------------------------------------------------------------- judging

fn usages(file: &str, source: &str) -> Vec<Usage> {
    reader::usages(file, &tokens(source))
}

/// The arrows of one file that the table doesn't have.
fn wrong_arrows(file: &str, source: &str) -> Vec<String> {
    let layer = modules(file).first().copied().unwrap_or("");
    // The program itself may use everything; the library's root only lists its layers.
    if layer == "bin" || file == "lib.rs" {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
        return vec![format!("{file}: the table has no layer {layer}")];
    };
    let mut wrong = Vec::new();
    for Usage { path, line, .. } in usages(file, source) {
        let used = path.first().map_or("", String::as_str);
        if used == layer {
            continue;
        }
        match allowed.iter().find(|(name, _)| *name == used) {
            None => wrong.push(format!("{file}:{line}: {layer} uses {}", path.join("::"))),
            Some((_, All)) => {}
            Some((_, Only(names))) => {
                let part = path.get(1).map_or("", String::as_str);
                if part != "self" && !names.contains(&part) {
                    wrong.push(format!("{file}:{line}: {layer} uses {}", path.join("::")));
                }
            }
        }
    }
    wrong.extend(wrong_parts(file, source, layer, allowed));
    let words = FOREIGN.iter().filter(|(layers, _)| layers.contains(&layer)).flat_map(|(_, words)| *words);
    for word in words {
        let found = tokens(source).into_iter().filter(|token| token.text == *word);
        wrong.extend(found.map(|token| format!("{file}:{}: {layer} knows {word}", token.line)));
    }
    wrong
}

/// A layer that was imported whole (`use crate::walk::{self, …}`) is used by its own name.
fn wrong_parts(file: &str, source: &str, layer: &str, allowed: &[(&str, Of)]) -> Vec<String> {
    let tokens = tokens(source);
    let mut wrong = Vec::new();
    for (name, of) in allowed {
        let Only(parts) = of else { continue };
        for window in tokens.windows(4) {
            let [before, first, colons, part] = window else { continue };
            // As part of a longer path it was judged there.
            if before.text == "::" {
                continue;
            }
            let is_path = first.text == *name && colons.text == "::";
            if is_path && !matches!(&*part.text, "{" | "self") && !parts.contains(&&*part.text) {
                wrong.push(format!("{file}:{}: {layer} uses {name}::{}", part.line, part.text));
            }
        }
    }
    wrong
}

/// `unsafe` where it may not stand, and `unsafe` that nothing justifies.
fn wrong_unsafe(file: &str, source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut wrong = Vec::new();
    for token in tokens.iter().filter(|token| matches!(&*token.text, "unsafe" | "unsafe_code")) {
        if !file.starts_with(UNSAFE) {
            // The lint's name stands in attributes only; to forbid it again is no harm, but nobody needs it.
            wrong.push(format!("{file}:{}: {} belongs into {UNSAFE}", token.line, token.text));
        } else if token.text == "unsafe" && !is_justified(source, token.line) {
            wrong.push(format!("{file}:{}: no SAFETY comment", token.line));
        }
    }
    wrong
}

/// Whether the comment right above a line's statement says why it is safe.
fn is_justified(source: &str, line: usize) -> bool {
    let above: Vec<&str> = source.lines().take(line - 1).collect();
    let mut above = above.into_iter().rev().map(str::trim).peekable();
    // The statement may have begun some lines above.
    while above
        .next_if(|text| !text.starts_with("//") && !text.is_empty() && !text.ends_with([';', '{', '}']))
        .is_some()
    {}
    above.take_while(|text| text.starts_with("//")).any(|text| text.starts_with("// SAFETY: "))
}

/// The lines of a file without its items for tests.
fn length(source: &str) -> usize {
    source.lines().count() - without_tests(&tokens(source)).1
}

fn too_long(file: &str, source: &str) -> Vec<String> {
    let length = length(source);
    if length < LONGEST_FILE { Vec::new() } else { vec![format!("{file}: {length} lines, tests not counted")] }
}

fn too_long_functions(file: &str, source: &str) -> Vec<String> {
    let is_test = modules(file).contains(&"tests");
    let functions = items(&without_tests(&tokens(source)).0).functions.into_iter().filter(|_| !is_test);
    let long = functions.filter(|(.., lines)| *lines > LONGEST_FUNCTION);
    long.map(|(name, line, lines)| format!("{file}:{line}: {name} has {lines} lines")).collect()
}

/// The types that a source declares at its top, and their lines.
fn types(source: &str) -> Vec<(String, usize)> {
    let (tokens, mut depth) = (without_tests(&tokens(source)).0, 0);
    let mut types = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match &*token.text {
            // The types of an interface's words stand in the braces of `words! {}`.
            "{" | "(" | "[" if at < 2 || tokens[at - 2].text != "words" => depth += 1,
            "}" | ")" | "]" => depth = (depth - 1).max(0),
            "struct" | "enum" | "trait" | "union" | "type" if depth == 0 => {
                types.extend(tokens.get(at + 1).map(|name| (name.text.clone(), name.line)));
            }
            _ => {}
        }
    }
    types
}

/// Names that several types of the crate have.
fn shared_names(files: &[(String, String)]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, source) in files.iter().filter(|(file, _)| !modules(file).contains(&"tests")) {
        for (name, line) in types(source) {
            places.entry(name).or_default().push(format!("{file}:{line}"));
        }
    }
    let several = places.into_iter().filter(|(_, places)| places.len() > 1);
    several.map(|(name, places)| format!("{name}: {}", places.join(", "))).collect()
}

// ---------------------------------------------------------------- the house

fn source_files() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    assert!(files.len() > 40, "only {} files", files.len());
    let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (relative(path), fs::read_to_string(path).unwrap())).collect()
}

#[track_caller]
fn all_files_pass(check: fn(&str, &str) -> Vec<String>) {
    let wrong: Vec<String> = source_files().iter().flat_map(|(file, source)| check(file, source)).collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_arrow_is_in_the_table() {
    all_files_pass(wrong_arrows);
    // The arrows that are drawn are there: the reader doesn't just see nothing.
    let seen = |from: &str, to: &str| {
        source_files()
            .iter()
            .filter(|(file, _)| file.starts_with(from))
            .any(|(file, source)| usages(file, source).iter().any(|usage| usage.path[0] == to))
    };
    for (from, to) in
        [("linux", "lab"), ("walk", "lab"), ("tui", "walk"), ("walk", "lesson"), ("lesson", "model"), ("lab", "model")]
    {
        assert!(seen(from, to), "{from} doesn't use {to}?");
    }
}

#[test]
fn every_layer_is_in_the_table() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = name == "lib.rs" || name == "bin" || LAYERS.iter().any(|(layer, _)| *layer == name);
        assert!(known, "src/{name} is no layer");
    }
}

#[test]
fn unsafe_stands_in_one_folder_and_says_why() {
    all_files_pass(wrong_unsafe);
    let within: Vec<_> = source_files().into_iter().filter(|(file, _)| file.starts_with(UNSAFE)).collect();
    assert!(!within.is_empty(), "{UNSAFE} is empty: is it read at all?");
    for (file, source) in within {
        assert!(tokens(&source).iter().any(|token| token.text == "unsafe"), "{file} has none: what does it there?");
    }
}

#[test]
fn no_file_and_no_function_is_too_long() {
    all_files_pass(too_long);
    all_files_pass(too_long_functions);
}

#[test]
fn no_two_types_have_one_name() {
    let names = shared_names(&source_files());
    assert!(names.is_empty(), "\n{}\n", names.join("\n"));
}

#[test]
fn a_name_of_two_types_is_found() {
    let files =
        [("a.rs", "struct A; enum B {}"), ("b/c.rs", "fn f() { struct B; } type A = u8;\n#[cfg(test)]\nmod t {}")];
    let files = files.map(|(file, source)| (file.to_owned(), source.to_owned()));
    assert_eq!(shared_names(&files), ["A: a.rs:1, b/c.rs:1"]);
}

#[test]
fn no_modules_of_a_folder_use_each_other_in_a_ring() {
    let rings = rings::rings(&source_files());
    assert!(rings.is_empty(), "\n{}\n", rings.join("\n"));
}

// ---------------------------------------------------------------- the reader itself

fn texts(source: &str) -> Vec<String> {
    tokens(source).into_iter().map(|token| token.text).collect()
}

#[test]
fn comments_strings_and_characters_are_no_words() {
    let source = r###"
        // unsafe one
        /* unsafe /* two */ unsafe */
        let a = "unsafe \" three"; let b = r#"unsafe " four"#; let c = b"unsafe"; let d = br"unsafe";
        let e = '"'; let f = '\''; let g: &'static str = '\u{41}'; let h = 'é';
        last
    "###;
    let words = texts(source);
    assert!(!words.iter().any(|word| word == "unsafe"), "{words:?}");
    assert_eq!(words.iter().filter(|word| *word == "let").count(), 8, "{words:?}");
    assert_eq!(words.last().map(String::as_str), Some("last"));
    assert_eq!(tokens(source).last().unwrap().line, 6);
    assert!(!words.iter().any(|word| word == "static"));
}

#[test]
fn wrong_arrows_are_found() {
    let found = |file: &str, source: &str| wrong_arrows(file, source).len();
    for (file, source) in [
        ("tui/app.rs", "use crate::linux::LinuxWorld;"),
        ("tui/app.rs", "use crate::{model::Side, linux};"),
        ("tui/app.rs", "use crate::{\n    model::{Side, Mode},\n    linux::{self as kernel},\n};"),
        ("tui/app.rs", "fn f() -> crate::linux::Rights { todo!() }"),
        ("tui/panes/code.rs", "use super::super::super::linux::Rights;"),
        ("tui/mod.rs", "use super::linux;"),
        ("tui/mod.rs", "pub use self::super::linux;"),
        ("tui/mod.rs", "mod tests { use super::super::plain; }"),
        ("tui/mod.rs", "use crate::plain::failures;"),
        ("tui/mod.rs", "use crate as all;"),
        ("tui/mod.rs", "use crate::*;"),
        ("tui/mod.rs", "use crate::{linux as l};"),
        ("tui/mod.rs", "use socket2::Socket;"),
        ("report/json.rs", "use crate::tui::App;"),
        ("plain/mod.rs", "use crate::linux::Place;"),
        ("cli/mod.rs", "use crate::linux::Place;"),
        ("i18n/mod.rs", "use crate::lesson::Lesson;"),
        ("explain/mod.rs", "use crate::walk::Phase;"),
        ("explain/mod.rs", "use crate::linux::Place;"),
        (
            "i18n/mod.rs",
            "use crate::lesson::Lesson;
use crate::i18n::Lang;",
        ),
        ("theme/mod.rs", "use crate::walk::Phase;"),
        ("theme/mod.rs", "use crate::i18n::Lang;"),
        ("linux/world.rs", "use crate::walk::Runner;"),
        ("walk/free.rs", "use crate::lab::{self, World}; fn f() { lab::Lab::new(); }"),
        ("linux/world.rs", "use crate::walk;"),
        ("linux/world.rs", "use crate::lesson::Lesson;"),
        ("walk/runner.rs", "use crate::linux::Place;"),
        ("walk/runner.rs", "use std::time::Instant;"),
        ("walk/runner.rs", "use crate::tui::App;"),
        ("lesson/parse.rs", "use crate::walk::Runner;"),
        ("model/view.rs", "use crate::lesson::Lesson;"),
        ("progress/daemon.rs", "use std::fs::File;"),
        ("progress/daemon.rs", "use crate::tui::App;"),
        ("tcp/state.rs", "use crate::model::Side;"),
        ("tcp/state.rs", "use ratatui::style::Color;"),
        ("extra/mod.rs", "fn f() {}"),
    ] {
        assert_eq!(found(file, source), 1, "{file}: {source}: {:?}", wrong_arrows(file, source));
    }
    for (file, source) in [
        ("tui/app.rs", "use crate::walk::{Phase, Request};\nuse crate::model::Side;\nuse super::linux;"),
        ("tui/app.rs", "// use crate::linux::LinuxWorld;\nconst A: &str = \"crate::linux\";"),
        ("tui/mod.rs", "mod tests { use super::linux; }"),
        ("tui/mod.rs", "pub(crate) fn f(&self) -> u8 { self.linux }\npub(in crate::tui) fn g() {}"),
        (
            "walk/free.rs",
            "use crate::lab::{self, World, HappeningKind}; fn f() -> lab::WireAbility { lab::WireAbility::Blind }",
        ),
        ("linux/world.rs", "use super::walk; use super::diag;"),
        ("lesson/parse.rs", "use crate::i18n::Lang;"),
        ("bin/sockwalk/main.rs", "use sockwalk::linux::Place;"),
    ] {
        assert_eq!(wrong_arrows(file, source), [] as [String; 0], "{file}: {source}");
    }
}

#[test]
fn a_wrong_arrow_is_told_with_its_line() {
    let source = "use crate::{\n    model::Side,\n};\n\nuse crate::linux::{Place, Rights};\n";
    assert_eq!(
        wrong_arrows("tui/app.rs", source),
        ["tui/app.rs:5: tui uses linux::Place", "tui/app.rs:5: tui uses linux::Rights"]
    );
}

#[test]
fn wrong_unsafe_is_found() {
    let told = "fn f() {\n    // SAFETY: it is.\n    let x =\n        unsafe { g() };\n}\n";
    let within = "linux/sys/ptrace.rs";
    assert_eq!(wrong_unsafe(within, told), [] as [String; 0]);
    assert_eq!(wrong_unsafe("tui/app.rs", told), ["tui/app.rs:4: unsafe belongs into linux/sys/"]);
    for untold in [
        "fn f() {\n    unsafe { g() }\n}\n",
        "fn f() {\n    // It is safe.\n    unsafe { g() }\n}\n",
        "fn f() {\n    // SAFETY: of another one.\n    h();\n    unsafe { g() }\n}\n",
    ] {
        assert_eq!(wrong_unsafe(within, untold).len(), 1, "{untold}");
    }
    assert_eq!(wrong_unsafe("tui/app.rs", "#![allow(unsafe_code)]").len(), 1);
    assert_eq!(wrong_unsafe("tui/app.rs", "// unsafe\nfn unsafe_to_show() {}"), [] as [String; 0]);
}

#[test]
fn tests_are_not_counted() {
    let file = |tests: usize| {
        let body = "        assert!(true);\n".repeat(tests);
        format!(
            "fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n    fn g() {{\n{body}    }}\n}}\n\n#[cfg(test)]\nmod more;\nfn h() {{}}\n"
        )
    };
    assert_eq!(length(&file(0)), 4);
    assert_eq!(length(&file(1000)), 4);
    assert_eq!(too_long("a.rs", &file(1000)), [] as [String; 0]);
    assert_eq!(too_long("a.rs", &"x;\n".repeat(LONGEST_FILE)).len(), 1);
    assert_eq!(too_long("a.rs", &"x;\n".repeat(LONGEST_FILE - 1)), [] as [String; 0]);
}
