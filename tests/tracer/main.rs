//! The tracer on real programs: what it tells is what `strace(1)` prints of the same program, and the program doesn't notice.

#[path = "../common/mod.rs"]
mod common;

mod alike;
mod held;
mod lines;
mod processes;
mod strace;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use common::{BOUND, Folder, skipped};
use sockwalk::linux::tracer::{Tracer, TracerEvent, TracerOrder, Watched};
use sockwalk::model::HeldCalls;

/// A program that is traced, and what it prints.
struct Traced {
    tracer: Tracer,
    seen: Receiver<TracerEvent>,
    output: JoinHandle<String>,
}

/// What became of one.
struct Ran {
    seen: Vec<TracerEvent>,
    status: ExitStatus,
    output: String,
}

impl Traced {
    fn start(mut command: Command, held: HeldCalls, watched: Watched) -> Traced {
        let (mut reader, writer) = io::pipe().unwrap();
        command.stdin(Stdio::null()).stdout(writer);
        let (sender, seen) = channel();
        let tracer = Tracer::start(command, held, watched, move |told| drop(sender.send(told))).unwrap();
        let output = std::thread::spawn(move || {
            let mut output = String::new();
            reader.read_to_string(&mut output).unwrap();
            output
        });
        Traced { tracer, seen, output }
    }

    /// The next that is told.
    #[track_caller]
    fn next(&self) -> TracerEvent {
        self.seen.recv_timeout(BOUND).expect("something more")
    }

    /// Nothing is told for a while.
    #[track_caller]
    fn nothing(&self) {
        match self.seen.recv_timeout(Duration::from_millis(300)) {
            Err(RecvTimeoutError::Timeout) => {}
            other => panic!("{other:?}"),
        }
    }

    /// What is told until something is.
    #[track_caller]
    fn until(&self, wanted: impl Fn(&TracerEvent) -> bool) -> TracerEvent {
        loop {
            let seen = self.next();
            if wanted(&seen) {
                return seen;
            }
        }
    }

    /// Lets each call go until the end.
    fn ends(self) -> Ran {
        let mut seen = Vec::new();
        for told in self.seen {
            if let TracerEvent::Stands { thread, .. } = &told {
                self.tracer.order(TracerOrder::Go(*thread));
            }
            seen.push(told);
        }
        Ran { seen, status: self.tracer.wait().unwrap(), output: self.output.join().unwrap() }
    }
}

/// Runs a program to its end.
fn ran(command: Command) -> Ran {
    Traced::start(command, HeldCalls::None, Watched::All).ends()
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    common::pty::inherits_nothing(&mut command);
    command
}

/// A tool's path, where it is there: the first that works of those in PATH.
fn tool(name: &str, package: &str, try_with: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap();
    let works = |path: &PathBuf| {
        let mut command = Command::new(path);
        command.arg(try_with).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // What only starts another one isn't the tool itself.
        let is_script = std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!"));
        !is_script && command.status().is_ok()
    };
    let found = path.split(':').map(|folder| Path::new(folder).join(name)).find(works);
    if found.is_none() {
        skipped(&format!("no {name}: apt install {package}"));
    }
    found.map(|path| path.to_str().unwrap().to_owned())
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tracer/programs").join(name)
}

/// A program in C, compiled.
fn c(folder: &Folder, name: &str) -> Option<Vec<String>> {
    let cc = tool("cc", "gcc", "--version")?;
    let out = folder.path().join(name);
    let mut command = Command::new(cc);
    command.args(["-g", "-pthread", "-o"]).arg(&out).arg(program(&format!("{name}.c")));
    compiled(command);
    Some(vec![out.to_str().unwrap().to_owned()])
}

/// The program in Go, compiled.
fn go(folder: &Folder) -> Option<Vec<String>> {
    let go = tool("go", "golang-go", "version")?;
    let out = folder.path().join("both");
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(&out).arg(program("both.go"));
    command.env("CGO_ENABLED", "0").env("GO111MODULE", "off").env("GOFLAGS", "");
    compiled(command);
    Some(vec![out.to_str().unwrap().to_owned()])
}

/// The program of Rust's standard library, compiled by what compiled this.
fn rust(folder: &Folder) -> Option<Vec<String>> {
    let rustc = tool("rustc", "rustc", "--version")?;
    let out = folder.path().join("std");
    let mut command = Command::new(rustc);
    command.args(["--edition", "2024", "-o"]).arg(&out).arg(program("std.rs"));
    compiled(command);
    Some(vec![out.to_str().unwrap().to_owned()])
}

fn python(which: &str) -> Option<Vec<String>> {
    let python = tool("python3", "python3", "--version")?;
    Some(vec![python, program("several.py").to_str().unwrap().to_owned(), which.to_owned()])
}

fn compiled(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
