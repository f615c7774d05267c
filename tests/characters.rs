//! What terminals get that can't show everything: plain ASCII where the locale says so, sixteen colours where TERM does.

mod common;

use std::process::Command;
use std::time::Duration;

use common::pty::Terminal;
use common::{Program, lab_users};

/// Locales without UTF-8.
const PLAIN: [(&str, &str); 3] = [("LC_ALL", "C"), ("LANG", "POSIX"), ("LC_CTYPE", "en_US.ISO-8859-1")];

/// Opens the lesson, goes a few steps and looks at everything, and leaves.
fn walk(mut command: Command, keys: &[&str]) -> Vec<u8> {
    command.env("LINES", "24");
    let mut terminal = Terminal::open(command, 80, 24);
    terminal.wait_for_text("sockwalk");
    terminal.read_until_silent(Duration::from_millis(300));
    for key in keys {
        terminal.press(key);
        terminal.read_until_silent(Duration::from_millis(150));
    }
    terminal.press("q");
    terminal.wait_for_end();
    terminal.raw.clone()
}

#[track_caller]
fn no_other_byte(bytes: &[u8], what: &str) {
    let at = bytes.iter().position(|byte| *byte >= 0x80);
    let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(60)..(at + 60).min(bytes.len())]));
    assert_eq!(around, None, "{what}");
}

#[test]
fn a_locale_of_ascii_gets_no_other_byte() {
    let user = lab_users().pop();
    let Some(user) = user else { return };
    let keys = [
        " ", " ", " ", " ", " ", " ", "1", "p", "\x1b", "k", "\x1b", "l", "\x1b", "g", "\x1b", "?", "\x1b", "s", "s",
        "s", "d", "L", "c", "n", "\x1b[D", "\x1b[C", "o",
    ];
    for (n, (name, value)) in PLAIN.into_iter().enumerate() {
        let program = Program::new();
        let command = |args: &[&str]| {
            let mut command = program.command(user, args);
            command.env(name, value);
            command
        };
        let shown = walk(command(&["learn", "handshake"]), &keys[..if n == 0 { keys.len() - 1 } else { 8 }]);
        no_other_byte(&shown, value);
        let text = String::from_utf8_lossy(&shown);
        assert!(text.contains("# SERVER") && text.contains("Left"), "{text}");
        for args in [
            &["--help"][..],
            &["lessons"],
            &["doctor"],
            &["glossary"],
            &["play", "handshake"],
            &["play", "handshake", "--format", "json"],
            &["learn", "nothing"],
        ] {
            let output = command(args).output().unwrap();
            no_other_byte(&output.stdout, &format!("{args:?}"));
            no_other_byte(&output.stderr, &format!("{args:?}"));
            assert!(output.stdout.len() + output.stderr.len() > 40, "{args:?}");
        }
    }
}

/// Chinese isn't left out in silence, neither on the screen nor in text.
#[test]
fn where_chinese_cannot_be_shown_it_is_said() {
    let Some(user) = lab_users().pop() else { return };
    let program = Program::new();
    let command = |args: &[&str]| {
        let mut command = program.command(user, args);
        command.env("LC_ALL", "C");
        command
    };
    let output = command(&["--lang", "zh", "glossary", "ISN"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("Chinese can't be shown here"), "{said}");
    no_other_byte(&output.stdout, "glossary");
    assert!(String::from_utf8_lossy(&output.stdout).contains("initial sequence number"));
    let shown = walk(command(&["--lang", "zh", "learn", "handshake"]), &[]);
    no_other_byte(&shown, "learn");
    let mut parser = vt100::Parser::new(24.try_into().unwrap(), 80.try_into().unwrap(), 0);
    let end = shown.windows(8).rposition(|part| part == b"\x1b[?1049l").unwrap();
    parser.process(&shown[..end]);
    assert!(parser.screen().contents().contains("Chinese can't be shown here"), "{}", parser.screen().contents());
}

#[test]
fn a_console_gets_sixteen_colours_and_no_question() {
    let Some(user) = lab_users().pop() else { return };
    let has = |shown: &[u8], part: &[u8]| shown.windows(part.len()).any(|window| window == part);
    for (term, few) in [("linux", true), ("vt100", true), ("screen", true), ("xterm-256color", false)] {
        for theme in ["auto", "light"] {
            let program = Program::new();
            let mut command = program.command(user, &["--lang", "en", "--theme", theme, "learn", "handshake"]);
            command.env("TERM", term);
            let shown = walk(command, &[" ", " ", " ", "c"]);
            for more in [&b"38;5;"[..], b"48;5;", b"38;2;"] {
                assert!(!few || !has(&shown, more), "{term} {theme}: {}", String::from_utf8_lossy(&shown));
            }
            let asks = has(&shown, b"\x1b]11;?") || has(&shown, b"\x1b]10;?");
            assert_eq!(asks, !few && theme == "auto", "{term} {theme}");
            assert!(has(&shown, if few { b"\x1b[0;" } else { b"38;5;" }), "{term}: coloured all the same");
        }
    }
}

/// NO_COLOR: weights alone; a theme that is asked for by name has its colours all the same.
#[test]
fn no_color_leaves_weights() {
    let Some(user) = lab_users().pop() else { return };
    for (theme, coloured) in [("auto", false), ("dark", true)] {
        let program = Program::new();
        let mut command = program.command(user, &["--lang", "en", "--theme", theme, "learn", "handshake"]);
        command.env("NO_COLOR", "1");
        let shown = walk(command, &[" ", " "]);
        let text = String::from_utf8_lossy(&shown);
        assert_eq!(text.contains("38;5;"), coloured, "{theme}");
        assert!(text.contains("\x1b[0;1m") || coloured, "bold is left: {text}");
    }
}
