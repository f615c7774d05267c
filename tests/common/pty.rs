//! A pseudo-terminal with a program in it: keys go in, the screen comes out.
//!
//! The screen is read only while the test waits for something ([`Terminal::wait_for`]), by the test's own thread.
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::num::NonZeroU16;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::BOUND;

pub fn effective_uid() -> u32 {
    // SAFETY: takes nothing and always succeeds.
    unsafe { libc::geteuid() }
}

/// `kill(2)`.
pub fn kill(pid: u32, signal: c_int) {
    // SAFETY: takes no pointer.
    let result = unsafe { libc::kill(pid as libc::pid_t, signal) };
    assert_eq!(result, 0, "kill: {}", io::Error::last_os_error());
}

/// `kill(2)` of a whole process group, which may be gone already.
pub fn kill_group(leader: u32) {
    // SAFETY: takes no pointer.
    unsafe { libc::kill(-(leader as libc::pid_t), libc::SIGKILL) };
}

/// Has a command begin with every signal as by default, and with its standard streams alone. A shell's job in the background ignores
/// SIGINT and SIGQUIT, `nohup(1)` SIGHUP; whoever starts the tests may leave descriptors open, and then the programs would get other
/// numbers than a test expects.
pub fn inherits_nothing(command: &mut Command) {
    const ENDING: [c_int; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];
    // SAFETY: between fork and exec only calls are made that are safe there; they take no pointer, and close nothing before exec.
    unsafe {
        command.pre_exec(|| {
            for signal in ENDING {
                libc::signal(signal, libc::SIG_DFL);
            }
            // The wrapper of the C library is younger than some.
            libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            Ok(())
        });
    }
}

/// Has a command begin with sockets that its starter left open, as some services' and editors' terminals do, at numbers above those
/// that it will get itself.
pub fn inherits_sockets(command: &mut Command) {
    const KINDS: [(c_int, c_int); 3] =
        [(libc::AF_INET, libc::SOCK_STREAM), (libc::AF_INET, libc::SOCK_DGRAM), (libc::AF_UNIX, libc::SOCK_STREAM)];
    // SAFETY: between fork and exec only calls are made that are safe there; they take no pointer.
    unsafe {
        command.pre_exec(|| {
            for (fd, (family, kind)) in (60..).zip(KINDS) {
                let socket = libc::socket(family, kind | libc::SOCK_CLOEXEC, 0);
                if libc::dup2(socket, fd) < 0 {
                    return Err(io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// What a terminal is set to, as far as `tcgetattr(3)` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    modes: [u32; 4],
    speeds: [u32; 2],
    characters: Vec<u8>,
}

fn settings(fd: &OwnedFd) -> Settings {
    let mut termios = MaybeUninit::uninit();
    // SAFETY: the pointer is to room for one termios, and the descriptor is open.
    let result = unsafe { libc::tcgetattr(fd.as_raw_fd(), termios.as_mut_ptr()) };
    assert_eq!(result, 0, "tcgetattr: {}", io::Error::last_os_error());
    // SAFETY: tcgetattr succeeded, so it has filled it.
    let termios: libc::termios = unsafe { termios.assume_init() };
    Settings {
        modes: [termios.c_iflag, termios.c_oflag, termios.c_cflag, termios.c_lflag],
        // SAFETY: both only read the struct that they are given.
        speeds: unsafe { [libc::cfgetispeed(&termios), libc::cfgetospeed(&termios)] },
        characters: termios.c_cc.to_vec(),
    }
}

fn size(columns: u16, rows: u16) -> libc::winsize {
    libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

/// A terminal, and the program that runs in it.
pub struct Terminal {
    master: Option<File>,
    /// Kept open so that the settings can be read when the program is gone.
    slave: Option<OwnedFd>,
    child: Child,
    parser: vt100::Parser,
    /// Everything that came from the program.
    pub raw: Vec<u8>,
    /// What the terminal was set to before the program ran.
    pub before: Settings,
    /// Whether the terminal answers what the program asks it.
    pub answers: bool,
}

impl Terminal {
    /// Opens a terminal of this size and runs a command in it, as its session's leader.
    pub fn open(mut command: Command, columns: u16, rows: u16) -> Terminal {
        let (mut master, mut slave) = (-1, -1);
        let mut window = size(columns, rows);
        // SAFETY: the pointers are to the two numbers and the size, which live across the call; the others may be null.
        let result = unsafe {
            libc::openpty(&mut master, &mut slave, std::ptr::null_mut(), std::ptr::null_mut(), &raw mut window)
        };
        assert_eq!(result, 0, "openpty: {}", io::Error::last_os_error());
        // SAFETY: openpty just made these two, and nobody else has them.
        let (master, slave) = unsafe { (OwnedFd::from_raw_fd(master), OwnedFd::from_raw_fd(slave)) };
        for fd in [&master, &slave] {
            // SAFETY: takes no pointer. Another test's child must not keep this terminal open.
            let result = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) };
            assert_eq!(result, 0, "fcntl: {}", io::Error::last_os_error());
        }
        let before = settings(&slave);
        let copy = || Stdio::from(slave.try_clone().unwrap());
        if command.get_envs().all(|(name, _)| name != "TERM") {
            command.env("TERM", "xterm-256color");
        }
        command.stdin(copy()).stdout(copy()).stderr(copy());
        // SAFETY: between fork and exec only setsid() and ioctl() are called, which are safe there.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() < 0 || libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = command.spawn().unwrap();
        // The command holds copies of the slave's descriptor.
        drop(command);
        let parser = vt100::Parser::new(non_zero(rows), non_zero(columns), 0);
        Terminal {
            master: Some(master.into()),
            slave: Some(slave),
            child,
            parser,
            raw: Vec::new(),
            before,
            answers: true,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub fn text(&self) -> String {
        self.screen().contents()
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.master.as_mut().expect("an open terminal").write_all(keys.as_bytes()).unwrap();
    }

    /// What the terminal is set to now.
    pub fn settings(&self) -> Settings {
        settings(self.slave.as_ref().expect("an open terminal"))
    }

    /// How many typed bytes the program hasn't read yet.
    pub fn unread(&self) -> usize {
        let slave = self.slave.as_ref().expect("an open terminal");
        let mut count: c_int = 0;
        // SAFETY: the pointer is to a number that lives across the call.
        let result = unsafe { libc::ioctl(slave.as_raw_fd(), libc::FIONREAD, &raw mut count) };
        assert_eq!(result, 0, "FIONREAD: {}", io::Error::last_os_error());
        count as usize
    }

    /// Sets the terminal as `stty sane` would, as far as it matters to a shell.
    pub fn set_sane(&self) {
        let slave = self.slave.as_ref().expect("an open terminal").as_raw_fd();
        let mut termios = MaybeUninit::uninit();
        // SAFETY: the pointer is to room for one termios, which the first call fills before the second one reads it.
        let result = unsafe {
            let result = libc::tcgetattr(slave, termios.as_mut_ptr());
            let termios: &mut libc::termios = termios.assume_init_mut();
            termios.c_iflag |= libc::ICRNL;
            termios.c_oflag |= libc::OPOST | libc::ONLCR;
            termios.c_lflag |= libc::ICANON | libc::ECHO | libc::ISIG;
            result | libc::tcsetattr(slave, libc::TCSANOW, termios)
        };
        assert_eq!(result, 0, "tcsetattr: {}", io::Error::last_os_error());
    }

    /// Changes the window's size; the kernel sends SIGWINCH.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let window = size(columns, rows);
        let master = self.master.as_ref().expect("an open terminal");
        // SAFETY: the pointer is to a winsize that lives across the call.
        let result = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const window) };
        assert_eq!(result, 0, "TIOCSWINSZ: {}", io::Error::last_os_error());
        self.parser.screen_mut().set_size(non_zero(rows), non_zero(columns));
    }

    /// The window is closed: its user, and whoever held the other end, are gone.
    pub fn close(&mut self) {
        self.slave = None;
        self.master = None;
    }

    /// Reads what the program writes until the screen is as wanted.
    #[track_caller]
    pub fn wait_for(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) {
        let end = Instant::now() + BOUND;
        while !is_so(self.screen()) {
            let over = Instant::now() >= end || self.child.try_wait().unwrap().is_some() && !self.read(Duration::ZERO);
            assert!(!over || is_so(self.screen()), "no {what} on the screen:\n{}", self.text());
            self.read(Duration::from_millis(50));
        }
    }

    #[track_caller]
    pub fn wait_for_text(&mut self, text: &str) {
        self.wait_for(text, |screen| screen.contents().contains(text));
    }

    /// Reads on until the program has been silent for so long.
    pub fn read_until_silent(&mut self, silence: Duration) {
        let end = Instant::now() + BOUND;
        while self.read(silence) {
            assert!(Instant::now() < end, "the program is never silent");
        }
    }

    /// Takes what the program has written, waiting for it at most so long. Whether anything came.
    pub fn read(&mut self, limit: Duration) -> bool {
        let Some(master) = &mut self.master else { return false };
        let mut polled = libc::pollfd { fd: master.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: the pointer is to one pollfd that lives across the call.
        let ready = unsafe { libc::poll(&mut polled, 1, limit.as_millis() as c_int) };
        if ready <= 0 || polled.revents & libc::POLLIN == 0 {
            return false;
        }
        let mut bytes = [0; 4096];
        let count = master.read(&mut bytes).unwrap_or(0);
        self.raw.extend(&bytes[..count]);
        self.parser.process(&bytes[..count]);
        self.answer(&bytes[..count]);
        count > 0
    }

    /// What a real terminal answers: its background is black, and it is a VT220.
    fn answer(&mut self, bytes: &[u8]) {
        let asks = |question: &[u8]| bytes.windows(question.len()).any(|part| part == question);
        let mut answer = String::new();
        if asks(b"\x1b]10;?") {
            answer += "\x1b]10;rgb:ffff/ffff/ffff\x1b\\";
        }
        if asks(b"\x1b]11;?") {
            answer += "\x1b]11;rgb:0000/0000/0000\x1b\\";
        }
        if asks(b"\x1b[c") {
            answer += "\x1b[?62c";
        }
        if self.answers && !answer.is_empty() {
            self.press(&answer);
        }
    }

    /// Whether what was read ends where one of the program's frames does: with the cursor hidden, or shown in its place.
    pub fn is_between_frames(&self) -> bool {
        const SHOWN: &[u8] = b"\x1b[?25h\x1b[";
        let end = &self.raw[self.raw.len().saturating_sub(32)..];
        let placed = || {
            let at = end.windows(SHOWN.len()).rposition(|part| part == SHOWN)?;
            end[at + SHOWN.len()..].strip_suffix(b"H")
        };
        let is_place = |place: &[u8]| place.iter().all(|byte| byte.is_ascii_digit() || *byte == b';');
        end.ends_with(b"\x1b[?25l") || placed().is_some_and(is_place)
    }

    /// How the program ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits for the program's end, reading on.
    #[track_caller]
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let end = Instant::now() + BOUND;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                while self.read(Duration::ZERO) {}
                return status;
            }
            assert!(Instant::now() < end, "the program didn't end:\n{}", self.text());
            self.read(Duration::from_millis(10));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
