//! The memory of the running interface, in a pseudo-terminal.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use crate::PROGRAM;
use crate::pseudo::Pseudo;
use crate::table::{Aim, Row};

const MEMORY: Aim = Aim { at_most: 7.0, unit: " MiB" };

/// How long the screen stands still before the next key.
const QUIET: Duration = Duration::from_millis(60);
/// How many keys may be needed: the lesson has fewer steps and questions before both ends are ESTABLISHED.
const KEYS: usize = 40;

/// The row.
pub fn row() -> Row {
    match measure() {
        Ok(kib) => Row::new("memory", kib / 1024.0, &MEMORY, "VmRSS, 120×40, both ends ESTABLISHED"),
        Err(error) => Row::absent("memory", &MEMORY, &error.to_string()),
    }
}

/// The interface with the first lesson, as somebody sees it who hasn't walked it yet.
pub fn interface() -> Command {
    let mut command = Command::new(PROGRAM);
    // No folder can be made there, so that nothing is kept and no walk goes on where an earlier one was left.
    command.env("XDG_STATE_HOME", "/dev/null");
    command.args(["learn", "handshake", "--mode", "lab", "--theme", "dark", "--lang", "en"]);
    command
}

fn measure() -> io::Result<f64> {
    let mut program = Pseudo::start(&mut interface())?;
    let measured = walk(&mut program);
    program.end(b"q")?;
    measured
}

fn walk(program: &mut Pseudo) -> io::Result<f64> {
    for _ in 0..KEYS {
        program.read_until_quiet(QUIET)?;
        if both_established(program.pid()) {
            return resident_kib(program.pid());
        }
        program.press(b" ")?;
    }
    Err(io::Error::other("the ends don't become ESTABLISHED"))
}

/// Whether two sockets of the lab are ESTABLISHED, from the kernel's own table (`proc_pid_net(5)`): the network
/// namespace is that of the thread that directs the walk.
fn both_established(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    threads.filter_map(Result::ok).map(|thread| thread.path()).any(|thread| {
        let name = fs::read_to_string(thread.join("comm")).unwrap_or_default();
        let table = fs::read_to_string(thread.join("net/tcp")).unwrap_or_default();
        let established = |line: &&str| line.split_whitespace().nth(3) == Some("01");
        name.trim() == "lab" && table.lines().filter(established).count() == 2
    })
}

fn resident_kib(pid: u32) -> io::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
    number.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
