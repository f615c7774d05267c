//! A program in each language around the snippets: a line on its input is a turn, a line on its output an outcome.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sockwalk::model::{Call, CallName};
use sockwalk::tui::Language;

use crate::common::{Folder, skipped};
use crate::turns::Turn;

/// A language's compiler or interpreter.
pub struct Tool {
    pub name: &'static str,
    program: &'static str,
    package: &'static str,
}

/// A program that can be started.
pub struct Built(Vec<PathBuf>);

impl Built {
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.0[0]);
        command.args(&self.0[1..]);
        command
    }
}

const TOOLS: [Tool; 4] = [
    Tool { name: "Rust", program: env!("CARGO"), package: "cargo" },
    Tool { name: "C", program: "cc", package: "gcc" },
    Tool { name: "Go", program: "go", package: "golang-go" },
    Tool { name: "Python", program: "python3", package: "python3" },
];

impl Tool {
    #[track_caller]
    pub fn of(language: &str) -> Tool {
        TOOLS.into_iter().find(|tool| tool.name == language).unwrap_or_else(|| panic!("{language}: write its programs"))
    }

    /// Compiles one program with all functions; `None`, and said, where the tool isn't there.
    pub fn build(&self, language: &Language, functions: &[(String, Vec<&Turn>)], folder: &Folder) -> Option<Built> {
        let mut version = Command::new(self.program);
        version.arg(if self.name == "Go" { "version" } else { "--version" });
        let status = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !status.is_ok_and(|status| status.success()) {
            skipped(&format!("the snippets in {} need {} (package {})", self.name, self.program, self.package));
            return None;
        }
        // What was compiled once for it, such as socket2, is kept.
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snippets");
        let out = folder.path().join("program");
        Some(match self.name {
            "Rust" => rust(self, &source(language, functions, &RUST), folder, &kept),
            "C" => {
                let file = folder.write("program.c", &source(language, functions, &C));
                let mut cc = Command::new(self.program);
                cc.args(["-Wall", "-Werror", "-Wno-unused", "-o"]).arg(&out).arg(&file);
                compiled(cc);
                Built(vec![out])
            }
            "Go" => {
                let file = folder.write("program.go", &source(language, functions, &GO));
                let mut go = Command::new(self.program);
                go.env("GO111MODULE", "off").env("GOCACHE", kept.join("go")).env("GOFLAGS", "");
                go.args(["build", "-o"]).arg(&out).arg(&file);
                compiled(go);
                Built(vec![out])
            }
            _ => Built(vec![self.program.into(), folder.write("program.py", &source(language, functions, &PYTHON))]),
        })
    }
}

/// A package that depends on what this one does, in the versions of its lock file, from what is on this machine.
fn rust(tool: &Tool, source: &str, folder: &Folder, kept: &Path) -> Built {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.write("program.rs", source);
    folder.write("Cargo.lock", &std::fs::read_to_string(root.join("Cargo.lock")).unwrap());
    let manifest = folder.write("Cargo.toml", RUST_MANIFEST);
    let mut cargo = Command::new(tool.program);
    // From the project's folder, so that its settings hold.
    cargo.current_dir(root).args(["build", "--offline", "--quiet", "--manifest-path"]).arg(manifest);
    cargo.arg("--target-dir").arg(kept);
    compiled(cargo);
    // Another test's program would take its place.
    let out = folder.path().join("program");
    std::fs::copy(kept.join("debug/program"), &out).unwrap();
    Built(vec![out])
}

fn compiled(mut command: Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const RUST_MANIFEST: &str = r#"[package]
name = "program"
version = "0.1.0"
edition = "2024"

[[bin]]
name = "program"
path = "program.rs"

[dependencies]
libc = "0.2"
socket2 = { version = "0.6.5", features = ["all"] }

[workspace]
"#;

/// What stands around the snippets. `{call}` is a snippet, `{n}` the number that it came to, `{name}` a function.
struct Frame {
    head: &'static str,
    function: &'static str,
    function_end: &'static str,
    /// Around a snippet that makes a socket: what follows belongs to its scope.
    makes: &'static str,
    makes_end: &'static str,
    other: &'static str,
    /// The variable with data that is too long for the snippet.
    data: &'static str,
    /// The names that a call's snippet makes and that nothing else uses.
    unused: fn(CallName) -> &'static str,
    indent: usize,
    tail: &'static str,
    entry: &'static str,
    tail_end: &'static str,
}

const RUST: Frame = Frame {
    head: r#"#![allow(unused)]
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;
use libc::*;
use socket2::{Domain, Socket, Type};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
fn turn() { io::stdin().read_line(&mut String::new()).unwrap(); }
fn told(outcome: Outcome<usize>) {
    match outcome {
        Ok(n) => println!("OK {n}"),
        Err(error) => println!("{}", error.downcast_ref::<io::Error>().unwrap().raw_os_error().unwrap()),
    }
}
"#,
    function: "fn {name}() -> Outcome<()> {\n",
    function_end: "Ok(()) }\n",
    makes: "turn();\n{call}\ntold(Ok(0));\n",
    makes_end: "",
    other: "turn();\ntold((|| -> Outcome<usize> { {data}\n{call}\nOk({n}) })());\n",
    data: "let data = vec![b'x'; {len}];",
    unused: |_| "",
    indent: 0,
    tail: "fn main() { match std::env::args().nth(1).unwrap().as_str() {\n",
    entry: "\"{name}\" => {name}().unwrap(),\n",
    tail_end: "_ => panic!() } }\n",
};

const C: Frame = Frame {
    head: r#"#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <linux/sockios.h>
#include <unistd.h>

static int failure;
static void turn(void) { failure = 0; while (getchar() != '\n') ; }
static void told(long n) {
    if (failure) printf("%d\n", failure); else printf("OK %ld\n", n);
    fflush(stdout);
}
/* In a program of one's own err(3) says what failed and ends it; here the next call comes. */
#define err(status, what) (failure = errno)
"#,
    function: "static void {name}(void) {\n",
    function_end: "}\n",
    makes: "{ turn();\n{call}\ntold(0);\n",
    makes_end: "}",
    other: "turn(); { {data}\n{call}\ntold({n}); }\n",
    data: "static char data[{len}];",
    unused: |_| "",
    indent: 0,
    tail: "int main(int argc, char **argv) { (void)argc;\n",
    entry: "if (!strcmp(argv[1], \"{name}\")) {name}();\n",
    tail_end: "return 0; }\n",
};

const GO: Frame = Frame {
    head: r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

var input = bufio.NewReader(os.Stdin)

var _ = unsafe.Pointer(nil)
func turn() { input.ReadString('\n') }
func told(n int) { fmt.Println("OK", n) }
func failed(err error) {
	if err != nil { fmt.Printf("%d\n", err.(syscall.Errno)) }
}
"#,
    function: "func {name}() error {\n",
    function_end: "return nil }\n",
    makes: "{ turn()\n{call}\n{unused}; told(0)\n",
    makes_end: "}\n",
    other: "turn(); failed(func() error { {data}\n{call}\n{unused}; told({n}); return nil }())\n",
    data: "data := make([]byte, {len})",
    unused: |call| match call {
        CallName::Accept => "_ = peer",
        CallName::RecvFrom => "_ = from",
        CallName::GetSockOpt => "_ = value",
        _ => "",
    },
    indent: 0,
    tail: "func main() { switch os.Args[1] {\n",
    entry: "case \"{name}\": failed({name}())\n",
    tail_end: "} }\n",
};

const PYTHON: Frame = Frame {
    head: r#"import socket
import ctypes
import fcntl
import struct
import sys

def turn():
    sys.stdin.readline()

def told(n):
    print("OK", n, flush=True)

def failed(error):
    print(error.errno, flush=True)

"#,
    function: "def {name}():\n",
    function_end: "    pass\n",
    makes: "    turn()\n{call}\n    told(0)\n",
    makes_end: "",
    other: "    turn()\n    {data}\n    try:\n        pass\n{call}\n        told({n})\n    except OSError as error:\n        failed(error)\n",
    data: "data = b'x' * {len}",
    unused: |_| "",
    indent: 4,
    tail: "",
    entry: "",
    tail_end: "globals()[sys.argv[1]]()\n",
};

/// The whole source.
fn source(language: &Language, functions: &[(String, Vec<&Turn>)], frame: &Frame) -> String {
    let mut out = frame.head.to_owned();
    for (name, turns) in functions {
        out += &frame.function.replace("{name}", name);
        let mut open = 0;
        for turn in turns {
            let makes = turn.made.is_some();
            open += usize::from(makes);
            out += &block(language, turn, frame, makes);
        }
        // A process that has made its last call stays, with its sockets, until the test ends it.
        out += &format!("{}turn();\n", " ".repeat(frame.indent));
        out += &frame.makes_end.repeat(open);
        out += frame.function_end;
    }
    out += frame.tail;
    for (name, _) in functions {
        out += &frame.entry.replace("{name}", name);
    }
    out + frame.tail_end
}

fn block(language: &Language, turn: &Turn, frame: &Frame, makes: bool) -> String {
    let indent = " ".repeat(if makes { frame.indent } else { 2 * frame.indent });
    let mut snippet = String::new();
    for line in language.lines(&turn.call, turn.outcome().as_ref()) {
        let _ = writeln!(snippet, "{indent}{line}");
    }
    let is_python = frame.indent > 0;
    let n = match turn.call.name() {
        CallName::Recv | CallName::RecvFrom if is_python => "len(data)",
        _ if turn.counts() => "n",
        _ => "0",
    };
    let data = match &turn.call {
        Call::Send { data, .. } | Call::SendTo { data, .. } => frame.data.replace("{len}", &data.len().to_string()),
        _ if is_python => "pass".to_owned(),
        _ => String::new(),
    };
    // Go takes no variable that isn't used.
    let data = if snippet.contains("data") || is_python { data } else { String::new() };
    let unused = match turn.made {
        Some(fd) if !(frame.unused)(CallName::Accept).is_empty() => {
            format!("_ = s{fd}; {}", (frame.unused)(turn.call.name()))
        }
        _ => (frame.unused)(turn.call.name()).to_owned(),
    };
    let around = if makes { frame.makes } else { frame.other };
    around.replace("{data}", &data).replace("{unused}", &unused).replace("{n}", n).replace("{call}", &snippet)
}
