//! The line of a program's source that makes the call before which it stands: it is the line that says so itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::common::Folder;
use super::{Traced, command, compiled, program, tool};
use sockwalk::linux::tracer::{TracerEvent, Watched};
use sockwalk::model::{CallSite, HeldCalls, SiteLacks};

/// The calls before which a program stands, until its end, with their places; and what it prints.
fn sites(words: &[String]) -> (Vec<(String, CallSite)>, String) {
    let ran = Traced::start(command(words), HeldCalls::Walk, Watched::All).ends();
    let stood = ran.seen.into_iter().filter_map(|seen| match seen {
        TracerEvent::Stands { call, .. } => Some((call.name, *call.site.expect("a place, or why there is none"))),
        _ => None,
    });
    let stood = stood.collect();
    assert!(ran.status.success(), "{:?}", ran.status);
    (stood, ran.output)
}

/// Each call's place is a line of this file that says that it makes it; the line before it and after it are those of the file.
#[track_caller]
fn are_the_lines_that_say_so(sites: &[(String, CallSite)], source: &Path, least: usize) {
    let text = fs::read_to_string(source).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(sites.len() >= least, "{sites:#?}");
    for (name, site) in sites {
        let frame = site.frame().unwrap_or_else(|| panic!("{name}: {site:#?}"));
        assert_eq!(frame.file.as_deref().map(Path::new), Some(source), "{name}: {site:#?}");
        let line = frame.line.unwrap() as usize;
        let makes = lines[line - 1].split_once("makes: ").map_or("", |(_, makes)| makes);
        assert!(makes.split(' ').any(|word| word == name), "{name}: line {line}, {site:#?}");
        assert_eq!(site.lacks, None, "{name}");
        let shown: Vec<String> = site.around.clone();
        let first = site.first as usize;
        assert!(first <= line && line < first + shown.len(), "{name}: {site:?}");
        for (n, shown) in shown.iter().enumerate() {
            assert_eq!(shown.trim(), lines[first - 1 + n].trim(), "{name}");
        }
    }
}

/// The call in a function of its own is in that function, which was called from where the source says so.
#[track_caller]
fn is_called_from(sites: &[(String, CallSite)], call: &str, function: &str, caller: &str, source: &Path) {
    let text = fs::read_to_string(source).unwrap();
    let (_, site) = sites.iter().find(|(name, _)| name == call).unwrap();
    let own = site.own.unwrap() as usize;
    assert!(site.frames[own].function.as_deref().unwrap().contains(function), "{site:#?}");
    assert!(site.frames[..own].iter().all(|frame| frame.library || frame.line.is_none()), "{site:#?}");
    let from = site.frames[own + 1..].iter().find(|frame| !frame.library).unwrap();
    let line = text.lines().nth(from.line.unwrap() as usize - 1).unwrap();
    assert!(from.function.as_deref().unwrap().contains(caller), "{site:#?}");
    assert!(line.contains(&format!("calls {function}")), "{line}: {site:#?}");
}

/// A source in a folder of its own.
fn source(folder: &Folder, name: &str) -> PathBuf {
    let to = folder.path().join(name);
    fs::copy(program("lines").join(name), &to).unwrap();
    to
}

fn built(mut command: Command, out: &Path) -> Vec<String> {
    command.arg("-o").arg(out);
    compiled(command);
    vec![out.to_str().unwrap().to_owned()]
}

/// A program in C, built as told.
fn c(folder: &Folder, source: &Path, flags: &[&str]) -> Option<Vec<String>> {
    let mut command = Command::new(tool("cc", "gcc", "--version")?);
    command.args(flags).arg(source);
    Some(built(command, &folder.path().join("server")))
}

#[test]
fn of_c() {
    let folder = Folder::new();
    let source = source(&folder, "server.c");
    for flags in [
        &["-g", "-O0"][..],
        &["-g", "-O2"],
        &["-g", "-O2", "-fomit-frame-pointer", "-no-pie"],
        &["-g", "-O0", "-static"],
        &["-g", "-gz", "-gdwarf-4"],
        // Segments that begin in the middle of a page, as other linkers make them.
        &["-g", "-O2", "-Wl,-z,noseparate-code"],
    ] {
        let Some(words) = c(&folder, &source, flags) else { return };
        let (sites, output) = sites(&words);
        assert_eq!(output, "hello\n");
        are_the_lines_that_say_so(&sites, &source, 10);
        is_called_from(&sites, "accept", "wait_for_client", "main", &source);
    }
}

#[test]
fn of_cpp() {
    let folder = Folder::new();
    let Some(cpp) = tool("c++", "g++", "--version") else { return };
    let source = source(&folder, "server.cpp");
    for level in ["-O0", "-O2"] {
        let mut command = Command::new(&cpp);
        command.args(["-g", level]).arg(&source);
        let (sites, _) = sites(&built(command, &folder.path().join("server")));
        are_the_lines_that_say_so(&sites, &source, 4);
        let open = sites[0].1.frame().and_then(|frame| frame.function.clone()).unwrap();
        assert!(open.contains("course::Listener<sockaddr_in>::open") || open == "main", "{open}");
    }
}

#[test]
fn of_rust() {
    let folder = Folder::new();
    let Some(rustc) = tool("rustc", "rustc", "--version") else { return };
    let source = source(&folder, "server.rs");
    let mut command = Command::new(&rustc);
    command.args(["--edition", "2024", "-g"]).arg(&source);
    let (sites, output) = sites(&built(command, &folder.path().join("server")));
    assert_eq!(output, "hello\n");
    are_the_lines_that_say_so(&sites, &source, 11);
    is_called_from(&sites, "accept4", "wait_for_client", "main", &source);
}

#[test]
fn of_go() {
    let folder = Folder::new();
    let Some(go) = tool("go", "golang-go", "version") else { return };
    let source = source(&folder, "server.go");
    let out = folder.path().join("server");
    let mut command = Command::new(go);
    command.arg("build").arg("-o").arg(&out).arg(&source).current_dir(folder.path());
    command.env("CGO_ENABLED", "0").env("GO111MODULE", "off").env("GOFLAGS", "");
    compiled(command);
    let (sites, output) = sites(&[out.to_str().unwrap().to_owned()]);
    assert_eq!(output, "hello\n");
    // What the runtime itself tries before the first line of the program is no line of it.
    let (own, runtime): (Vec<_>, Vec<_>) = sites.into_iter().partition(|(_, site)| site.frame().is_some());
    for (name, site) in &runtime {
        assert_eq!(site.lacks, Some(SiteLacks::Frames), "{name}: {site:#?}");
    }
    are_the_lines_that_say_so(&own, &source, 11);
    is_called_from(&own, "accept4", "waitForClient", "main", &source);
}

#[test]
fn of_python() {
    let folder = Folder::new();
    let Some(python) = tool("python3", "python3", "--version") else { return };
    let source = source(&folder, "server.py");
    let words = [python.clone(), source.to_str().unwrap().to_owned()];
    let (sites, output) = sites(&words);
    assert_eq!(output, "hello\n");
    are_the_lines_that_say_so(&sites, &source, 11);
    is_called_from(&sites, "accept4", "wait_for_client", "main", &source);
}

/// A script that can't be read any more, or not as text, still has its function and its line.
#[test]
fn of_a_script_that_is_gone_or_no_text() {
    let folder = Folder::new();
    let Some(python) = tool("python3", "python3", "--version") else { return };
    let path = folder.path().join("script.py");
    let run = |begin: &str, end: &[u8]| {
        let body = "def one():\n    return socket.socket()\none()\n";
        fs::write(&path, [begin.as_bytes(), body.as_bytes(), end].concat()).unwrap();
        let (sites, _) = sites(&[python.clone(), path.to_str().unwrap().to_owned()]);
        let (name, site) = sites.into_iter().next().unwrap();
        assert_eq!(name, "socket");
        let line = begin.lines().count() + 2;
        let frame = site.frame().unwrap();
        assert_eq!((frame.function.as_deref(), frame.line), (Some("one"), Some(line as u32)), "{site:#?}");
        site.lacks
    };
    assert_eq!(run("import socket\n", b""), None);
    assert_eq!(run("import socket, os\nos.remove(__file__)\n", b""), Some(SiteLacks::File));
    let replaced = "import socket, os\nos.remove(__file__)\nos.mkfifo(__file__)\n";
    assert_eq!(run(replaced, b""), Some(SiteLacks::File), "a pipe that nobody writes into is not waited for");
    fs::remove_file(&path).unwrap();
    let truncated = "import socket\nopen(__file__, 'w').close()\n";
    assert_eq!(run(truncated, b""), Some(SiteLacks::Text));
    assert_eq!(run("# coding: latin-1\nimport socket\n", b"# gr\xfc\xdfe\n"), Some(SiteLacks::Text));
}

#[test]
fn of_a_program_without_debug_information_the_function_is_told() {
    let folder = Folder::new();
    let source = source(&folder, "server.c");
    for (flags, function) in
        [(&["-O0"][..], Some("wait_for_client")), (&["-O0", "-s"], None), (&["-O2", "-s", "-static"], None)]
    {
        let Some(words) = c(&folder, &source, flags) else { return };
        let (sites, output) = sites(&words);
        assert_eq!(output, "hello\n");
        for (name, site) in &sites {
            assert_eq!(site.lacks, Some(SiteLacks::DebugInfo), "{name}: {site:#?}");
            assert!(site.around.is_empty() && site.frame().unwrap().address.is_some(), "{name}: {site:#?}");
        }
        let (_, site) = sites.iter().find(|(name, _)| name == "accept").unwrap();
        let found = site.frame().unwrap().function.as_deref();
        assert_eq!(found, function, "{flags:?}: {site:#?}");
    }
}

#[test]
fn a_source_that_is_newer_than_its_program_is_said_to_be() {
    let folder = Folder::new();
    let source = source(&folder, "server.c");
    let Some(words) = c(&folder, &source, &["-g"]) else { return };
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options().append(true).open(&source).unwrap().set_modified(later).unwrap();
    let (newer, _) = sites(&words);
    assert!(newer.iter().all(|(_, site)| site.lacks == Some(SiteLacks::Newer) && !site.around.is_empty()));
    fs::remove_file(&source).unwrap();
    let (gone, _) = sites(&words);
    assert!(gone.iter().all(|(_, site)| site.lacks == Some(SiteLacks::File) && site.frame().unwrap().line.is_some()));
}

/// The place of a section in a file of 64 bits, by its section headers (`elf(5)`).
fn section(bytes: &[u8], wanted: &str) -> std::ops::Range<usize> {
    let word = |at: usize, length: usize| {
        bytes[at..at + length].iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (headers, size, count, names) = (word(40, 8), word(58, 2), word(60, 2), word(62, 2));
    let header = |n: usize| headers + n * size;
    let names = word(header(names) + 24, 8);
    let name = |n: usize| {
        let text = &bytes[names + word(header(n), 4)..];
        &text[..text.iter().position(|byte| *byte == 0).unwrap()]
    };
    let n = (0..count).find(|n| name(*n) == wanted.as_bytes()).unwrap();
    let from = word(header(n) + 24, 8);
    from..from + word(header(n) + 32, 8)
}

/// Whatever stands in the debug information, the program does what it does, in its time.
#[test]
fn damaged_debug_information_ends_and_hangs_nothing() {
    let folder = Folder::new();
    let source = source(&folder, "server.c");
    let Some(words) = c(&folder, &source, &["-g", "-O2"]) else { return };
    let whole = fs::read(&words[0]).unwrap();
    let mut known = 0;
    for name in [".debug_info", ".debug_line", ".debug_abbrev", ".debug_str", ".eh_frame", ".eh_frame_hdr", ".symtab"] {
        for pattern in 0..4usize {
            let mut bytes = whole.clone();
            for (n, at) in section(&whole, name).enumerate() {
                match pattern {
                    0 => bytes[at] = 0xff,
                    1 => bytes[at] = 0,
                    // Bytes here and there, and others at each length.
                    2 if n % 7 == 3 => bytes[at] = bytes[at].wrapping_mul(31).wrapping_add(n as u8),
                    3 if n % 61 == 0 => bytes[at] ^= 0x80,
                    _ => {}
                }
            }
            fs::remove_file(&words[0]).unwrap();
            fs::write(&words[0], &bytes).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&words[0], mode).unwrap();
            let (sites, output) = sites(&words);
            assert_eq!((output.as_str(), sites.len()), ("hello\n", 11), "{name} {pattern}");
            known += sites.iter().filter(|(_, site)| site.frame().is_some()).count();
        }
    }
    assert!(known > 100, "most damage leaves the function at least: {known}");
}
