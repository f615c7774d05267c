//! What the tests of the built program share: its users, its processes, its terminal.
//!
//! The program is always a copy of its own in a folder that every user can reach, so that it can be run as somebody
//! else and so that `/proc/PID/exe` tells its processes from all others.
#![allow(dead_code)]

pub mod filter;
pub mod inside;
pub mod network;
pub mod plain;
pub mod procs;
pub mod pty;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU16, AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The user that the tests become when they are root's: nobody.
pub const NOBODY: u32 = 65534;

/// The longest that anything may take on a busy machine.
pub const BOUND: Duration = Duration::from_secs(90);

/// Says that a test can't be made here. Where `CI` is set that is a failure, so that no skip goes unseen.
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "CI allows no skip: {why}");
    // Not eprintln!, which the test harness swallows.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// Does all of these, twelve at once: most of a walk's time is the kernel's timers. What each came to, in no order. What panics
/// fails the test.
pub fn at_once<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..jobs.len().min(12) {
            scope.spawn(|| {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let result = work(job);
                    results.lock().unwrap().push(result);
                }
            });
        }
    });
    results.into_inner().unwrap()
}

/// A folder that everybody can read, gone when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("sockwalk-test-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Folder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that everybody can read.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Who runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// Whoever runs the tests.
    Own,
    /// [`NOBODY`], while the tests are root's.
    Nobody,
}

pub fn is_root() -> bool {
    pty::effective_uid() == 0
}

/// Whom the program is tried as: an ordinary user always, root too where the tests are root's.
pub fn users() -> Vec<User> {
    if is_root() { vec![User::Own, User::Nobody] } else { vec![User::Own] }
}

impl User {
    pub fn uid(self) -> u32 {
        match self {
            User::Own => pty::effective_uid(),
            User::Nobody => NOBODY,
        }
    }

    /// A command of this user, with an environment that says nothing of the caller's.
    pub fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let locale = ["LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG"];
        // Without SHELL, bash has the C library look its user up, which asks a daemon through a Unix socket.
        for name in ["SUDO_UID", "SUDO_GID", "SUDO_USER", "NO_COLOR", "COLORTERM", "SHELL"].into_iter().chain(locale) {
            command.env_remove(name);
        }
        pty::inherits_nothing(&mut command);
        // Nobody's progress is touched.
        command.env("HOME", "/nonexistent").env_remove("XDG_STATE_HOME");
        command.current_dir("/").stdin(Stdio::null());
        if self == User::Nobody {
            // Supplementary groups go too: the standard library clears them where root becomes somebody else.
            command.uid(NOBODY).gid(NOBODY);
        } else {
            pty::inherits_sockets(&mut command);
        }
        command
    }

    /// Whether this user may make a lab at all, as told by another program than the one that is tested. Where not, the
    /// test is skipped.
    pub fn has_lab(self) -> bool {
        let mut command = self.command(Path::new("unshare"));
        command.args(["--user", "--map-current-user", "--net", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
        let possible = command.status().is_ok_and(|status| status.success());
        if !possible {
            skipped(&format!("{self:?} may not make a user namespace with a network namespace"));
        }
        possible
    }
}

/// The users who may make a lab.
pub fn lab_users() -> Vec<User> {
    users().into_iter().filter(|user| user.has_lab()).collect()
}

/// Copies a program so that everybody can run it. By another process: a file that this one has open for writing, if only in
/// a child that is about to exec, could not be executed (ETXTBSY).
pub fn install(program: &Path, to: &Path) {
    let status = Command::new("install").args(["-m", "755"]).args([program, to]).status().unwrap();
    assert!(status.success(), "install {}", program.display());
}

/// A copy of the built program.
pub struct Program {
    folder: Folder,
}

impl Program {
    pub fn new() -> Program {
        let folder = Folder::new();
        install(Path::new(env!("CARGO_BIN_EXE_sockwalk")), &folder.path().join("sockwalk"));
        Program { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("sockwalk")
    }

    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    pub fn command(&self, user: User, args: &[&str]) -> Command {
        let mut command = user.command(&self.path());
        // Labs are found in a folder of the test's own: nobody else's connections wake them.
        command.args(args).env("XDG_RUNTIME_DIR", self.labs_of(user));
        command
    }

    /// A folder that is the user's alone.
    pub fn labs_of(&self, user: User) -> PathBuf {
        let path = self.folder.path().join(format!("run-{}", user.uid()));
        // Several threads may be the first.
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        assert!(made.is_ok() || path.is_dir(), "{made:?}");
        std::os::unix::fs::chown(&path, Some(user.uid()), None).unwrap();
        path
    }

    /// Runs it to its end without a terminal.
    pub fn run(&self, user: User, args: &[&str]) -> Finished {
        finish(&mut self.command(user, args))
    }
}

/// A process that has ended, and what it printed.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    #[track_caller]
    pub fn succeeded(&self) -> &Finished {
        assert_eq!(self.status.code(), Some(0), "{}\n{}", self.stderr, last_lines(&self.stdout, 20));
        self
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Runs a command to its end, at most for [`BOUND`].
pub fn finish(command: &mut Command) -> Finished {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let read = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).unwrap();
            String::from_utf8(bytes).unwrap()
        })
    };
    let stdout = read(Box::new(child.stdout.take().unwrap()));
    let stderr = read(Box::new(child.stderr.take().unwrap()));
    let status = wait(&mut child, BOUND).unwrap_or_else(|| {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} didn't end")
    });
    Finished { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Waits for a child's end; `None` where it doesn't come.
pub fn wait(child: &mut Child, bound: Duration) -> Option<ExitStatus> {
    let mut status = None;
    until(bound, || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status
}

/// Looks again and again until something is so; `false` where it doesn't become so in time.
pub fn until(bound: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + bound;
    loop {
        if is_so() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A port on which nobody listens: below those that the kernel gives out by itself, and another one at each call.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = (std::process::id() % 97) as u16 * 97;
    loop {
        let port = 11_000 + (first + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The lines of `--format json`.
#[track_caller]
pub fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// Whether a JSON object has all these values.
pub fn has(object: &Value, wanted: &[(&str, Value)]) -> bool {
    wanted.iter().all(|(key, value)| object.get(key) == Some(value))
}

/// Simplified Chinese, which the program has.
pub fn zh() -> sockwalk::i18n::Lang {
    sockwalk::i18n::Lang::of("zh").unwrap()
}
