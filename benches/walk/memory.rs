//! The memory of the running interface, in a pseudo-terminal.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use crate::PROGRAM;
use crate::table::{Aim, Row};

const MEMORY: Aim = Aim { at_most: 12.0, unit: " MiB" };

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

fn measure() -> io::Result<f64> {
    let (mut screen, inside) = open_terminal(120, 40)?;
    let mut program = start(inside)?;
    let measured = walk(&mut screen, program.id());
    // Whatever came of it, the program is asked to end, and made to where it doesn't.
    let _ = screen.write_all(b"q").and_then(|()| wait_for_quiet(&mut screen));
    let end = Instant::now() + Duration::from_secs(2);
    while program.try_wait()?.is_none() && Instant::now() < end {
        let _ = wait_for_quiet(&mut screen);
    }
    if program.try_wait()?.is_none() {
        program.kill()?;
        program.wait()?;
    }
    measured
}

fn walk(screen: &mut File, pid: u32) -> io::Result<f64> {
    for _ in 0..KEYS {
        wait_for_quiet(screen)?;
        if both_established(pid) {
            return resident_kib(pid);
        }
        screen.write_all(b" ")?;
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

/// Reads what is drawn until nothing has come for a while.
fn wait_for_quiet(screen: &mut File) -> io::Result<()> {
    let mut drawn = [0; 64 * 1024];
    while readable(screen, QUIET)? {
        // The other end is closed: EIO.
        if screen.read(&mut drawn)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

fn start(inside: OwnedFd) -> io::Result<Child> {
    let own = |fd: &OwnedFd| fd.try_clone().map(Stdio::from);
    let mut command = Command::new(PROGRAM);
    command.args(["learn", "handshake", "--mode", "lab", "--theme", "dark", "--lang", "en"]);
    command.env("TERM", "xterm-256color").current_dir("/");
    command.stdin(own(&inside)?).stdout(own(&inside)?).stderr(own(&inside)?);
    // SAFETY: between fork() and exec() only these two async-signal-safe calls are made; neither takes a pointer that
    // it would read.
    unsafe {
        command.pre_exec(|| {
            // A session of its own, with this terminal, not with the one in which the benchmark runs.
            let ok = libc::setsid() >= 0 && libc::ioctl(0, libc::TIOCSCTTY, 0) >= 0;
            if ok { Ok(()) } else { Err(io::Error::last_os_error()) }
        });
    }
    command.spawn()
}

/// A pseudo-terminal (`openpty(3)`): the outer end and the inner one.
fn open_terminal(columns: u16, rows: u16) -> io::Result<(File, OwnedFd)> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let (mut outer, mut inner) = (-1, -1);
    // SAFETY: the two numbers and the size live across the call; the name and the settings may be null.
    let result = unsafe { libc::openpty(&raw mut outer, &raw mut inner, null_mut(), null_mut(), &raw const size) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so both are open descriptors that nobody else owns.
    Ok(unsafe { (File::from_raw_fd(outer), OwnedFd::from_raw_fd(inner)) })
}

/// Whether something can be read within this time (`poll(2)`).
fn readable(file: &File, within: Duration) -> io::Result<bool> {
    let mut polled = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd that lives across the call.
    let result = unsafe { libc::poll(&raw mut polled, 1, within.as_millis() as libc::c_int) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(polled.revents & libc::POLLIN != 0) }
}
