//! A pseudo-terminal with a program in it (`pty(7)`): what the program prints is heard, and what is typed goes to it.
//!
//! One thread has the terminal's master. A program that prints faster than it is heard waits, as at any terminal; so nothing
//! piles up here.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::background::spawn_with_rights;
use super::orders::{Inbox, Orders};
use super::poll::{Polled, poll};
use super::signals::PidFd;

/// What a program says.
pub enum FromProgram<'a> {
    /// It has printed this. It prints no more until this was taken.
    Printed(&'a [u8]),
    /// It has printed since the last time that this was said: at most so often as an eye can follow.
    Changed,
    /// It has ended, and everything that it printed was told.
    Ended(ExitStatus),
}

/// At most so often is told that something was printed.
const FRAME: Duration = Duration::from_millis(40);

/// The most that is read at a time, in bytes.
const CHUNK: usize = 16 << 10;

/// The most pieces that are read at once when the program has ended.
const LAST: usize = 64;

/// The most that was typed and that the program hasn't taken; what is typed beyond it is lost, as at any terminal.
const MOST_TYPED: usize = 64 << 10;

enum PtyOrder {
    Type(Vec<u8>),
    Resize((u16, u16)),
    /// The program may take so long to end.
    HangUp(Duration),
}

/// A program at a terminal of its own. Where it is dropped, the terminal hangs up.
pub struct Pty {
    orders: Orders<PtyOrder>,
    process: u32,
    thread: Option<JoinHandle<bool>>,
}

impl Pty {
    /// Starts a program of this package's own at a terminal of so many columns and rows, in a process group of its own and
    /// with the calling thread's rights over the lab. It makes the terminal its own itself
    /// ([`own_terminal`](super::background::own_terminal)). `hears` is called on the terminal's thread.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn start(
        mut command: Command,
        size: (u16, u16),
        hears: impl FnMut(FromProgram<'_>) + Send + 'static,
    ) -> io::Result<Pty> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let master = openpt(flags)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        resize(&master, size)?;
        let slave = ioctl_tiocgptpeer(&master, flags)?;
        fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK)?;
        command.stdin(Stdio::from(slave.try_clone()?)).stdout(Stdio::from(slave.try_clone()?)).stderr(slave);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = spawn_with_rights(&mut command)?;
        // The command holds the terminal's other end.
        drop(command);
        let (process, ends) = (child.id(), PidFd::open(child.id())?);
        let (orders, inbox) = Orders::new()?;
        let master = Some(File::from(master));
        let typed = VecDeque::new();
        let served = Served { master, child, ends, inbox, typed, hears, changed: None, limit: None };
        let thread = thread::Builder::new().name("pty".into()).spawn(move || served.serve())?;
        Ok(Pty { orders, process, thread: Some(thread) })
    }

    /// The process that was started.
    pub fn process(&self) -> u32 {
        self.process
    }

    /// Types something.
    pub fn type_in(&self, bytes: Vec<u8>) {
        self.orders.give(PtyOrder::Type(bytes));
    }

    /// The terminal has so many columns and rows from now on.
    pub fn resize(&self, size: (u16, u16)) {
        self.orders.give(PtyOrder::Resize(size));
    }

    /// The terminal hangs up: the program is told by SIGHUP, and may take so long to end.
    pub fn hang_up(&self, limit: Duration) {
        self.orders.give(PtyOrder::HangUp(limit));
    }

    /// Waits until a program has ended whose terminal hung up. Whether it has, within its time.
    pub fn has_ended(mut self) -> bool {
        self.thread.take().is_none_or(|thread| thread.join().unwrap_or(false))
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.hang_up(Duration::ZERO);
    }
}

fn resize(master: &impl AsFd, (columns, rows): (u16, u16)) -> io::Result<()> {
    Ok(tcsetwinsize(master, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })?)
}

/// What the terminal's thread has.
struct Served<H> {
    /// `None` once it hung up, or nobody has its other end any more.
    master: Option<File>,
    child: Child,
    ends: PidFd,
    inbox: Inbox<PtyOrder>,
    typed: VecDeque<u8>,
    hears: H,
    /// When it is to be told that something was printed.
    changed: Option<Instant>,
    /// Until when the program may take to end, once its terminal hung up.
    limit: Option<Instant>,
}

/// What came that the terminal's thread waits for.
struct Came {
    orders: bool,
    /// The program's end of the terminal can be read or written.
    terminal: bool,
    /// The program has ended.
    end: bool,
}

impl<H: FnMut(FromProgram<'_>)> Served<H> {
    /// Serves the terminal until it hangs up and the program has ended, or has taken too long. Whether it has ended.
    fn serve(mut self) -> bool {
        let mut status = None;
        loop {
            let now = Instant::now();
            if self.changed.is_some_and(|due| due <= now) {
                self.changed = None;
                (self.hears)(FromProgram::Changed);
            }
            match self.limit {
                Some(_) if status.is_some() => return true,
                Some(limit) if limit <= now => return false,
                _ => {}
            }
            let Ok(came) = self.wait(status.is_none()) else { return false };
            if came.orders {
                self.obey();
            }
            if came.terminal {
                self.transfer();
            }
            if came.end
                && let Ok(Some(ends)) = self.child.try_wait()
            {
                // What it has started may print on for ever.
                let _ = (0..LAST).all(|_| self.read());
                status = Some(ends);
                (self.hears)(FromProgram::Ended(ends));
            }
        }
    }

    /// Waits for an order, for the terminal, and for the program's end as long as it runs: which of them came.
    fn wait(&self, runs: bool) -> io::Result<Came> {
        let due = [self.changed, self.limit].into_iter().flatten().min();
        let limit = due.map(|due| due.saturating_duration_since(Instant::now()));
        let waker = Polled { fd: self.inbox.waker(), writes: false };
        let writes = !self.typed.is_empty();
        let master = self.master.as_ref().map(|master| Polled { fd: master.as_fd(), writes });
        let ends = runs.then(|| Polled { fd: self.ends.as_fd(), writes: false });
        let (there, running) = (master.is_some(), ends.is_some());
        let polled: Vec<Polled<'_>> = [waker].into_iter().chain(master).chain(ends).collect();
        let mut ready = poll(polled.iter(), limit)?.into_iter();
        let mut next = |is: bool| is && ready.next().unwrap_or(false);
        Ok(Came { orders: next(true), terminal: next(there), end: next(running) })
    }

    fn obey(&mut self) {
        let open = self.inbox.silence().unwrap_or(false);
        let orders: Vec<PtyOrder> = self.inbox.take().collect();
        for order in orders {
            match order {
                PtyOrder::Type(bytes) => {
                    let room = MOST_TYPED.saturating_sub(self.typed.len());
                    self.typed.extend(bytes.into_iter().take(room));
                }
                PtyOrder::Resize(size) => {
                    // One that hung up has no size.
                    let _ = self.master.as_ref().map(|master| resize(master, size));
                }
                PtyOrder::HangUp(limit) => self.hang_up(limit),
            }
        }
        if !open {
            self.hang_up(Duration::ZERO);
        }
    }

    fn hang_up(&mut self, limit: Duration) {
        self.master = None;
        self.limit = self.limit.or(Some(Instant::now() + limit));
    }

    /// Reads what was printed, and writes what was typed.
    fn transfer(&mut self) {
        while !self.typed.is_empty() {
            let (bytes, _) = self.typed.as_slices();
            match self.master.as_ref().map(|mut master| master.write(bytes)) {
                Some(Ok(written)) if written > 0 => drop(self.typed.drain(..written)),
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => break,
                _ => self.typed.clear(),
            }
        }
        self.read();
    }

    /// Reads some of what was printed; whether there was some.
    fn read(&mut self) -> bool {
        let Some(mut master) = self.master.as_ref() else { return false };
        let mut bytes = [0; CHUNK];
        match master.read(&mut bytes) {
            Ok(count) if count > 0 => {
                (self.hears)(FromProgram::Printed(&bytes[..count]));
                self.changed = self.changed.or_else(|| Some(Instant::now() + FRAME));
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => false,
            // Nobody has the other end any more.
            _ => {
                self.master = None;
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};

    /// A program at a terminal, and what is heard of it: what it printed, and its end.
    fn at_terminal(script: &str) -> (Pty, Receiver<Result<Vec<u8>, ExitStatus>>) {
        let (sender, heard) = channel();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let hears = move |said: FromProgram<'_>| match said {
            FromProgram::Printed(bytes) => drop(sender.send(Ok(bytes.to_vec()))),
            FromProgram::Ended(status) => drop(sender.send(Err(status))),
            FromProgram::Changed => {}
        };
        (Pty::start(command, (70, 20), hears).unwrap(), heard)
    }

    fn until_end(heard: &Receiver<Result<Vec<u8>, ExitStatus>>) -> (String, ExitStatus) {
        let mut printed = Vec::new();
        loop {
            match heard.recv_timeout(Duration::from_secs(30)).unwrap() {
                Ok(bytes) => printed.extend(bytes),
                Err(status) => return (String::from_utf8_lossy(&printed).into_owned(), status),
            }
        }
    }

    #[test]
    fn what_is_typed_reaches_the_program_and_what_it_prints_is_heard() {
        let (pty, heard) = at_terminal("stty size; read line; echo \"[$line]\"; exit 3");
        pty.type_in(b"hello\r".to_vec());
        let (printed, status) = until_end(&heard);
        assert!(printed.contains("20 70") && printed.contains("[hello]"), "{printed:?}");
        assert_eq!(status.code(), Some(3));
        assert!(pty.has_ended_after_hang_up());
    }

    #[test]
    fn a_program_that_nobody_hears_waits() {
        let (sender, heard) = channel::<()>();
        let (counts, counted) = channel();
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "head -c 3000000 /dev/zero"]);
        let hears = move |said: FromProgram<'_>| match said {
            FromProgram::Printed(bytes) => {
                let _ = counts.send(bytes.len());
                let _ = heard.recv();
            }
            FromProgram::Ended(_) => drop(counts.send(0)),
            FromProgram::Changed => {}
        };
        let pty = Pty::start(command, (80, 24), hears).unwrap();
        let mut all = 0;
        loop {
            let count = counted.recv_timeout(Duration::from_secs(30)).unwrap();
            if count == 0 {
                break;
            }
            all += count;
            assert!(count <= CHUNK && counted.try_recv().is_err(), "it went on before it was heard");
            let _ = sender.send(());
        }
        assert_eq!(all, 3_000_000);
        assert!(pty.has_ended_after_hang_up());
    }

    /// One that doesn't heed its terminal's end is told as one that is left.
    #[test]
    fn one_that_does_not_end_is_told() {
        let (pty, heard) = at_terminal("echo there; exec sleep 600");
        heard.recv_timeout(Duration::from_secs(30)).unwrap().unwrap();
        let process = PidFd::open(pty.process()).unwrap();
        pty.hang_up(Duration::from_millis(50));
        assert!(!pty.has_ended(), "no session, and so no signal");
        process.signal(libc::SIGKILL).unwrap();
    }

    impl Pty {
        fn has_ended_after_hang_up(self) -> bool {
            self.hang_up(Duration::from_secs(30));
            self.has_ended()
        }
    }
}
