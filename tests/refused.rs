//! What the system refuses is told in the learner's language: each of these machines refuses something else, and what the
//! program says of it in Chinese has no English words, but for names: of calls, errors, files, commands and options.

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use common::filter::{WITHOUT_CALLS, can_filter, filtered};
use common::{Finished, Folder, Program, User, finish, lab_users, users};

/// Words that are the same in every language: programs, modes, lessons, and what the field has no Chinese word for.
const NAMES: [&str; 17] = [
    "sockwalk",
    "root",
    "lab",
    "host",
    "lo",
    "nftables",
    "shell",
    "sudo",
    "sysctl",
    "handshake",
    "udp",
    "tcp",
    "toml",
    "errno",
    "format",
    "Linux",
    "AppArmor",
];

/// The English words of a text. A word of small letters is one, unless it is a call, a part of a path, of an option, of code between
/// backquotes, of a setting or of a command that is to be typed (after the last colon of a line).
fn english(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        // A command to be typed ends its line; what stands between backquotes is typed too.
        let typed = ["：sudo ", "：docker ", "：--port "].iter().find_map(|begin| line.find(begin));
        let line = &line[..typed.unwrap_or(line.len())];
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join(" ");
        let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_./-()[],:'=".contains(c);
        for token in prose.split(|c: char| !is_of_word(c)) {
            let is_name = token.contains(['/', '_', '(', ')', '.', '='])
                || token.starts_with('-')
                || token.contains(|c: char| c.is_ascii_digit());
            let words = token.split(|c: char| !c.is_ascii_alphabetic());
            let is_english = |word: &&str| word.len() > 1 && word.chars().skip(1).any(|c| c.is_ascii_lowercase());
            found.extend(words.filter(|_| !is_name).filter(is_english).map(str::to_owned));
        }
    }
    found.retain(|word| !NAMES.contains(&word.as_str()));
    found
}

#[test]
fn english_words_are_found_and_names_are_not() {
    for (text, words) in [
        ("错误：socket(AF_PACKET)（用于捕获报文段）：EPERM（不允许）", &[][..]),
        ("错误：socket(AF_PACKET) to see segments: EPERM", &["to", "see", "segments"]),
        ("unshare(CLONE_NEWNET): Operation not permitted (os error 1)", &["Operation", "not", "permitted"]),
        ("write(/proc/sys/net/ipv4/tcp_sack, 4000)（用于设置）：EINVAL", &[]),
        ("想用 lab：sudo sysctl -w user.max_net_namespaces=15000", &[]),
        ("`sockwalk doctor` 会说明怎样才行。", &[]),
    ] {
        let found = english(text);
        assert!(words.iter().all(|word| found.iter().any(|one| one == word)), "{text}: {found:?}");
        assert_eq!(found.is_empty(), words.is_empty(), "{text}: {found:?}");
    }
}

/// What a program said of what it couldn't do: all of its standard error, and what `doctor` and `check` say.
fn speaks_chinese(finished: &Finished, what: &str) {
    let told: String = { finished.stdout.lines() }
        .filter(|line| line.contains('✗') || line.contains("没有在"))
        .chain(finished.stderr.lines())
        .flat_map(|line| [line, "\n"])
        .collect();
    let words = english(&told);
    assert!(words.is_empty(), "{what}: {words:?} in:\n{told}");
}

/// Whatever call is refused, and whatever the program was to do: it ends, and says why in Chinese.
#[test]
fn each_refused_call_is_told_in_the_learners_language() {
    if !can_filter() {
        return;
    }
    let program = Program::new();
    let empty = Folder::new();
    let missing = empty.path().join("missing");
    for user in lab_users() {
        let mut refusals = 0;
        for call in [
            libc::SYS_unshare,
            libc::SYS_socket,
            libc::SYS_bind,
            libc::SYS_connect,
            libc::SYS_listen,
            libc::SYS_setsockopt,
            libc::SYS_getsockopt,
            libc::SYS_sendto,
            libc::SYS_recvfrom,
            libc::SYS_ioctl,
            libc::SYS_pipe2,
            libc::SYS_setns,
            libc::SYS_ppoll,
            libc::SYS_capset,
            libc::SYS_flock,
            libc::SYS_execve,
            libc::SYS_clone3,
            libc::SYS_ptrace,
            libc::SYS_seccomp,
            libc::SYS_process_vm_readv,
        ] {
            for args in [
                &["doctor"][..],
                &["play", "refused", "--mode", "lab", "--patience", "1"],
                &["play", "udp", "--patience", "1"],
                &["exec", "--", missing.to_str().unwrap()],
            ] {
                let mut all = args.to_vec();
                all.splice(1..1, ["--lang", "zh"]);
                // `execve()` is how the filtered program itself begins.
                if call == libc::SYS_execve {
                    continue;
                }
                let finished = filtered(&program, user, WITHOUT_CALLS, &[call], &all);
                speaks_chinese(&finished, &format!("{user:?}, call {call}, {args:?}"));
                refusals += usize::from(!finished.stderr.is_empty() || finished.stdout.contains('✗'));
            }
        }
        assert!(refusals > 30, "{user:?}: only {refusals}: is anything refused?");
    }
}

/// A shell's script, in namespaces of its own, before the program is run.
fn on(user: User, program: &Program, kinds: &[&str], script: &str, args: &[&str]) -> Finished {
    let mut command = user.command(Path::new("unshare"));
    command.env("XDG_RUNTIME_DIR", program.labs_of(user));
    command.args(["--user", "--map-root-user"]).args(kinds);
    command.args(["sh", "-c", &format!("{script} && exec \"$0\" \"$@\"")]).arg(program.path()).args(args);
    finish(&mut command)
}

#[test]
fn a_limit_and_a_missing_proc_are_told_in_the_learners_language() {
    let program = Program::new();
    for user in lab_users() {
        for (kinds, script) in [
            (&[][..], "echo 0 > /proc/sys/user/max_net_namespaces"),
            (&[], "echo 0 > /proc/sys/user/max_user_namespaces && echo 0 > /proc/sys/user/max_net_namespaces"),
            (&["--mount"], "mount -t tmpfs none /proc/sys"),
            (&["--mount"], "mount -t tmpfs none /proc"),
        ] {
            for args in
                [&["doctor"][..], &["play", "lost"], &["play", "lost", "--mode", "lab"], &["exec", "--", "true"]]
            {
                let mut all = args.to_vec();
                all.splice(1..1, ["--lang", "zh"]);
                let finished = on(user, &program, kinds, script, &all);
                speaks_chinese(&finished, &format!("{user:?}, {script}, {args:?}"));
            }
        }
    }
}

/// Files and folders that can't be read or written, in every way in which the program is given one.
#[test]
fn a_file_that_cant_be_used_is_told_in_the_learners_language() {
    for user in users() {
        let (program, folder) = (Program::new(), Folder::new());
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        fs::create_dir(at("empty")).unwrap();
        fs::create_dir(at("locked")).unwrap();
        symlink("a.toml", at("a.toml")).unwrap();
        let locked = folder.write("locked.toml", "");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(at("locked"), fs::Permissions::from_mode(0o000)).unwrap();
        let bytes = folder.path().join("bytes.toml");
        fs::write(&bytes, [0xff, 0xfe, 0]).unwrap();
        let (absent, record) = (at("absent.toml"), at("absent/record.jsonl"));
        for args in [
            &["play", &absent][..],
            &["play", &at("empty")],
            &["play", &at("a.toml")],
            &["play", &at("locked.toml")],
            &["play", "/dev/null"],
            &["play", "/dev/null/a.toml"],
            &["check", &at("empty")],
            &["check", &at("locked")],
            &["check", &absent],
            &["check", &at("a.toml")],
            &["replay", &absent],
            &["replay", &at("empty")],
            &["replay", &at("locked.toml")],
            &["replay", "/dev/null"],
            &["replay", bytes.to_str().unwrap()],
            &["play", "refused", "--record", &record],
            &["play", "refused", "--record", "/proc/record"],
            &["exec", "--", &absent],
            &["exec", "--", "/"],
            &["new", "nowhere"],
            &["reset"],
        ] {
            let mut all = args.to_vec();
            all.splice(1..1, ["--lang", "zh"]);
            // Where a new file is to be made, nobody may make one.
            let finished = finish(program.command(user, &all).current_dir("/proc"));
            assert!(!finished.stderr.is_empty(), "{user:?} {args:?} says nothing");
            let said = finished.stderr.replace(&absent, "");
            speaks_chinese(&Finished { stderr: said, ..finished }, &format!("{user:?} {args:?}"));
        }
        // Progress that can't be kept: a link where the file should be, and a folder.
        for spoil in [&(|path: &str| symlink("/dev/null", path).unwrap()) as &dyn Fn(&str), &|path| {
            fs::create_dir(path).unwrap();
        }] {
            let state = Folder::new();
            fs::create_dir(state.path().join("sockwalk")).unwrap();
            spoil(state.path().join("sockwalk/progress.json").to_str().unwrap());
            let own = Command::new("chown").arg("-R").arg(user.uid().to_string()).arg(state.path()).status().unwrap();
            assert!(own.success());
            for args in [["reset", "--lang", "zh"], ["lessons", "--lang", "zh"]] {
                let finished = finish(program.command(user, &args).env("XDG_STATE_HOME", state.path()));
                speaks_chinese(&finished, &format!("{user:?} {args:?}"));
            }
        }
        // A disk that is full.
        for args in ["lessons", "glossary", "doctor"] {
            let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut command = program.command(user, &[args, "--lang", "zh"]);
            let ended = command.stdout(full).stderr(std::process::Stdio::piped()).output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert!(said.contains("ENOSPC") && english(&said).is_empty(), "{args}: {said}");
        }
        let _ = fs::set_permissions(at("locked"), fs::Permissions::from_mode(0o755));
    }
}
