//! Every file in tests/lessons/valid is read; every file in tests/lessons/invalid fails with the message in its first
//! line, `# error: <line>:<column>: <message>`.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sockwalk::i18n::Lang;
use sockwalk::lesson::{LessonError, MAX_BYTES, builtin, parse, read, read_draft};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The first message without the file's name: `line:column: sentence`.
fn first_message(error: &LessonError) -> String {
    let headline = error.headline(&error.problems()[0], Lang::EN);
    headline.strip_prefix(error.file()).unwrap().strip_prefix(':').unwrap().to_owned()
}

#[test]
fn valid_lessons_are_read() {
    let files = files("valid");
    assert!(!files.is_empty());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        if let Err(error) = parse(&name(&path), &text) {
            panic!("{}", error.render(Lang::EN, false));
        }
    }
}

/// What a lesson says goes with it to whoever looks on or replays, byte by byte as it was read: the file may be another one by then.
#[test]
fn a_lesson_from_a_file_has_its_text() {
    for path in files("valid") {
        let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
        for lesson in [read(&name(&path), text.as_bytes()), read_draft(&name(&path), text.as_bytes())] {
            assert_eq!(lesson.unwrap().unwrap().source.as_ref(), Some(&text), "{path:?}");
        }
    }
    assert_eq!(builtin("handshake").unwrap().unwrap().source, None);
}

/// As some editors write it.
#[test]
fn whichever_ends_its_lines_have_a_lesson_is_the_same() {
    for path in files("valid") {
        let text = fs::read_to_string(&path).unwrap();
        let other = parse(&name(&path), &text.replace('\n', "\r\n")).map_err(|error| error.render(Lang::EN, false));
        assert_eq!(other.unwrap(), parse(&name(&path), &text).unwrap(), "{path:?}");
    }
    for path in files("invalid") {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let wrong = |text: &str| parse(&name(&path), text).err().map(|error| first_message(&error));
        assert_eq!(wrong(&text.replace('\n', "\r\n")), wrong(&text), "{path:?}");
    }
}

/// That each of its claims holds on the kernel is tried with the others (`tests/play.rs`).
#[test]
fn a_lesson_of_20000_bytes_needs_no_60_lines() {
    let text = include_str!("lessons/valid/bulk.toml");
    assert!(text.lines().count() <= 60 && text.contains("bytes = 20000") && text.contains("value = 20000"));
}

#[test]
fn invalid_lessons_fail_with_their_messages() {
    let files = files("invalid");
    assert!(files.len() >= 25, "only {} invalid lessons", files.len());
    let mut wrong = String::new();
    for path in files {
        let outcome = read(&name(&path), fs::File::open(&path).unwrap()).unwrap();
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        let wanted = text.lines().next().and_then(|line| line.strip_prefix("# error: ")).unwrap_or("(none)");
        let found = outcome.err().map_or("(it was read)".to_owned(), |error| first_message(&error));
        if wanted != found {
            wrong.push_str(&format!("{}\n  wanted: {wanted}\n  found:  {found}\n", name(&path)));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_invalid_lesson_can_be_told_in_both_languages() {
    for path in files("invalid") {
        let error = read(&name(&path), fs::File::open(&path).unwrap()).unwrap().unwrap_err();
        let (en, zh) = (error.render(Lang::EN, false), error.render(Lang::of("zh").unwrap(), false));
        assert!(en.starts_with(&format!("{}:", name(&path))), "{en}");
        assert!(zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{zh}");
        for shown in [&en, &zh] {
            assert!(!shown.contains('\u{1b}'), "{shown:?}");
            assert!(shown.contains('^') || error.problems()[0].line == 1, "{shown}");
        }
        assert!(error.render(Lang::EN, true).contains('\u{1b}') || !en.contains('^'));
    }
}

#[test]
fn a_message_shows_the_place() {
    let text = VALID.replace("LISTEN", "LISTENS");
    let shown = parse("my.toml", &text).unwrap_err().render(Lang::EN, false);
    let expected = "my.toml:48:37: `LISTENS` is no state of a socket; allowed: CLOSED, LISTEN, SYN_SENT, SYN_RECV, \
                    ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT, \
                    UNCONN, ESTAB, gone\n   |\n48 | \
                    state = { socket = \"listener\", is = \"LISTENS\" }\n   |                                     \
                    ^^^^^^^^^\n";
    assert_eq!(shown, expected);
}

#[test]
fn all_faults_are_told_in_the_files_order() {
    let text = VALID.replace("LISTEN", "LISTENS").replace("SYN_RECV\"", "SYN-RECV\"").replace("127.0.0.1", "8.8.8.8");
    let error = parse("my.toml", &text).unwrap_err();
    let lines: Vec<usize> = error.problems().iter().map(|problem| problem.line).collect();
    assert!(lines.len() >= 4 && lines.is_sorted(), "{lines:?}");
    assert!(error.to_string().ends_with("more)"), "{error}");
}

#[test]
fn a_file_that_never_ends_is_refused() {
    let error = read("zero", std::io::repeat(b' ')).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "zero:1:1: the file is larger than 1 MiB; write a shorter lesson");
    let padded = format!("{VALID}\n#{}", "x".repeat(MAX_BYTES));
    assert!(parse("long", &padded).is_err());
}

#[test]
fn deep_nesting_is_refused_and_overflows_nothing() {
    for deep in ["[".repeat(200_000), "{a=".repeat(200_000), "a.".repeat(200_000), "[[".repeat(200_000)] {
        for text in [format!("format = {deep}"), format!("{deep}a = 1"), format!("[{deep}a]\nb = 1")] {
            assert!(parse("deep", &text).is_err());
        }
    }
}

#[test]
fn many_faults_are_told_in_bounded_time() {
    let step = "[[step]]\nid = \"X\"\ntitle = {}\nsay = {}\n";
    let head = &VALID[..VALID.find("[[step]]").unwrap()];
    let error = parse("many", &format!("{head}{}", step.repeat(20_000))).unwrap_err();
    assert!(error.problems().len() > 50_000, "{}", error.problems().len());
}

/// Sockets that are never closed are bounded, since the kernel is asked for each of them after every step; closed in turn, there
/// may be any number.
#[test]
fn so_many_sockets_are_open_at_once_and_no_more() {
    let head = &VALID[..VALID.find("[[step]]").unwrap()];
    let step = |n: usize, act: String| {
        format!(
            "[[step]]\nid = \"s{n}\"\ntitle = {{ en = \"E\", zh = \"中\" }}\nsay = {{ en = \"E\", zh = \"中\" }}\n{act}\n"
        )
    };
    let open = |n: usize| format!("do.socket = {{ side = \"client\", name = \"c{n}\" }}");
    let opened = |count: usize| (0..count).map(|n| step(n, open(n))).collect::<String>();
    assert!(parse("many", &format!("{head}{}", opened(500))).is_ok());
    let error = parse("many", &format!("{head}{}", opened(501))).unwrap_err();
    assert_eq!(error.problems().len(), 1, "{error:?}");
    assert!(error.render(Lang::EN, false).contains("more than 500 sockets are open at once"));
    let in_turn = (0..2_000).map(|n| {
        let act = if n % 2 == 0 { open(n) } else { format!("do.close = {{ socket = \"c{}\" }}", n - 1) };
        step(n, act)
    });
    assert!(parse("many", &format!("{head}{}", in_turn.collect::<String>())).is_ok());
}

const VALID: &str = include_str!("lessons/valid/handshake.toml");

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        if let Err(error) = parse("any", &text) {
            prop_assert!(!error.problems().is_empty());
            error.render(Lang::of("zh").unwrap(), false);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Err(error) = read("any", bytes.as_slice()).unwrap() {
            error.render(Lang::EN, true);
        }
    }

    #[test]
    fn no_change_of_a_valid_lesson_makes_it_panic(
        place in 0..VALID.len(),
        cut in 0_usize..40,
        put in prop_oneof![
            Just(String::new()), Just("\"".to_owned()), Just("\u{1b}[2J".to_owned()), Just("[[step]]\n".to_owned()),
            Just("0".to_owned()), Just("-1".to_owned()), Just("{}".to_owned()), Just("监听".to_owned()), any::<String>(),
        ],
    ) {
        let boundary = |mut place: usize| {
            while !VALID.is_char_boundary(place) { place -= 1; }
            place
        };
        let start = boundary(place);
        let end = boundary((start + cut).min(VALID.len())).max(start);
        let text = format!("{}{put}{}", &VALID[..start], &VALID[end..]);
        if let Err(error) = parse("changed", &text) {
            for lang in Lang::all() {
                let shown = error.render(lang, false);
                prop_assert!(!shown.contains('\u{1b}'), "{shown:?}");
            }
        }
    }
}
