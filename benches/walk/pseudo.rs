//! A program in a pseudo-terminal of 120×40.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::ptr::null_mut;
use std::time::{Duration, Instant};

use crate::screen::SIZE;

/// How long a program may take to end after it was asked to.
const ENDING: Duration = Duration::from_secs(2);

/// The program, and the outer end of its terminal.
pub struct Pseudo {
    screen: File,
    program: Child,
}

impl Pseudo {
    /// Starts a command as its session's leader, once: what it does before `execve(2)` stays with the command.
    pub fn start(command: &mut Command) -> io::Result<Pseudo> {
        let (screen, inside) = open_terminal()?;
        let own = |fd: &OwnedFd| fd.try_clone().map(Stdio::from);
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
        Ok(Pseudo { screen, program: command.spawn()? })
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.program.id()
    }

    /// Types something.
    pub fn press(&mut self, keys: &[u8]) -> io::Result<()> {
        self.screen.write_all(keys)
    }

    /// Reads what is drawn until nothing has come for so long. When the last of it came; `None` where nothing did.
    pub fn read_until_quiet(&mut self, quiet: Duration) -> io::Result<Option<Instant>> {
        let mut drawn = [0; 64 * 1024];
        let mut last = None;
        while readable(&self.screen, quiet)? {
            // The other end is closed: EIO.
            if self.screen.read(&mut drawn)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            last = Some(Instant::now());
        }
        Ok(last)
    }

    /// Ends it: asks by these keys, and makes it end where it doesn't.
    pub fn end(mut self, keys: &[u8]) -> io::Result<()> {
        let _ = self.press(keys);
        let end = Instant::now() + ENDING;
        while self.program.try_wait()?.is_none() && Instant::now() < end {
            let _ = self.read_until_quiet(Duration::from_millis(5));
        }
        if self.program.try_wait()?.is_none() {
            self.program.kill()?;
            self.program.wait()?;
        }
        Ok(())
    }
}

/// A pseudo-terminal (`openpty(3)`): the outer end and the inner one.
fn open_terminal() -> io::Result<(File, OwnedFd)> {
    let size = libc::winsize { ws_row: SIZE.height, ws_col: SIZE.width, ws_xpixel: 0, ws_ypixel: 0 };
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
