//! Recordings as the program wrote them, in each version of their form: what was written once is told for ever as it is
//! told here, and what is written now is what stands here.
//!
//! A file's name begins with its version; 0 is of the time before there was a header. Each was made by the program of
//! that time: `0-tcp` by the first one that recorded, which knew TCP alone; `0-udp` by one that knew datagrams.
//! Beside each stands what `replay --shown text` tells of it. What a new version writes gets a file more, and none of
//! these is ever written anew; where a sentence of the transcript is put otherwise, its text follows.

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Command;

use sockwalk::lesson::Lesson;
use sockwalk::model::Trace;
use sockwalk::report::{JsonLines, Recording, VERSION, read_recording};

/// The folder, from the package's.
const HERE: &str = "tests/recordings";

/// Every recording that is kept: its version and its path, from the package's folder.
fn kept() -> Vec<(u32, PathBuf)> {
    let names = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(HERE)).unwrap();
    let names = names.map(|entry| PathBuf::from(entry.unwrap().file_name()));
    let recordings = names.filter(|name| name.extension().is_some_and(|ending| ending == "jsonl"));
    let version = |name: &Path| name.to_str().unwrap().split_once('-').unwrap().0.parse().unwrap();
    let mut kept: Vec<_> = recordings.map(|name| (version(&name), Path::new(HERE).join(&name))).collect();
    kept.sort();
    kept
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn read(path: &Path) -> Recording {
    read_recording(BufReader::new(bytes(path).as_slice())).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn one_of_each_version_is_kept() {
    let kept = kept();
    for version in 0..=VERSION {
        assert!(kept.iter().any(|(of, _)| *of == version), "none of version {version}");
    }
    for (version, path) in kept {
        let recording = read(&path);
        assert_eq!((recording.header.is_some(), recording.cut), (version > 0, None), "{}", path.display());
    }
}

#[test]
fn what_was_written_once_is_told_as_ever() {
    for (_, path) in kept() {
        let mut replay = Command::new(env!("CARGO_BIN_EXE_sockwalk"));
        replay.args(["replay", "--shown", "text", "--lang", "en"]).arg(&path);
        replay.current_dir(env!("CARGO_MANIFEST_DIR")).env("LC_ALL", "C.UTF-8");
        let told = common::finish(&mut replay);
        let wanted = String::from_utf8(bytes(&path.with_extension("txt"))).unwrap();
        for (told, wanted) in told.succeeded().stdout.lines().zip(wanted.lines()) {
            assert_eq!(told, wanted, "{}", path.display());
        }
        assert_eq!(told.stdout.lines().count(), wanted.lines().count(), "{}", path.display());
    }
}

#[test]
fn what_is_written_now_is_what_was_kept() {
    let present: Vec<_> = kept().into_iter().filter(|(version, _)| *version == VERSION).collect();
    for (_, path) in present {
        let Recording { header, entries, .. } = read(&path);
        let header = header.unwrap();
        let source = header.source.clone();
        let lesson: Option<Lesson> =
            source.map(|source| sockwalk::lesson::read("a file", source.as_bytes()).unwrap().unwrap());
        let step = |step: usize| lesson.as_ref().and_then(|lesson| lesson.steps.get(step)).map_or("", |step| &step.id);
        let (mut trace, mut lines, mut written) = (Trace::default(), JsonLines::recording(header), Vec::new());
        for entry in entries {
            trace.push(entry.at, entry.event);
        }
        lines.write(&trace, step, &mut written).unwrap();
        let (written, kept) = (String::from_utf8(written).unwrap(), String::from_utf8(bytes(&path)).unwrap());
        for (number, (written, kept)) in written.lines().zip(kept.lines()).enumerate() {
            assert_eq!(written, kept, "{}, line {}", path.display(), number + 1);
        }
        assert_eq!(written.len(), kept.len(), "{}", path.display());
    }
}
