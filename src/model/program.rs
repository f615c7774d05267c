//! What a traced program has: threads, descriptors, and which of its calls wait.

use serde::{Deserialize, Serialize};

/// A thread of a program, by its number in the tracer's PID namespace (`gettid(2)`), and that of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramThread {
    /// The process: its thread group's number.
    pub process: u32,
    /// The thread; of a process's first thread, the process's number.
    pub thread: u32,
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramDescriptor {
    /// The process, as [`ProgramThread`] has it.
    pub process: u32,
    /// Its number there.
    pub fd: i32,
}

/// A socket that a process has open, before a call that is about all of them: one that makes, replaces or ends the process, or
/// that hands descriptors on (`SCM_RIGHTS`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessSocket {
    /// Its number.
    pub fd: i32,
    /// The socket, by the name that calls have ([`super::ProgramCall::socket`]).
    pub socket: u64,
    /// Whether `execve(2)` closes the descriptor (`FD_CLOEXEC`).
    pub close_on_exec: bool,
    /// The descriptors of the same socket in the other processes that are traced.
    pub others: Vec<ProgramDescriptor>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProgramExit {
    /// By itself, with this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// The name of a signal, as `signal(7)` has it; its number where it has none here.
pub fn signal_name(signal: i32) -> String {
    const NAMES: [(i32, &str); 22] = [
        (libc::SIGHUP, "SIGHUP"),
        (libc::SIGINT, "SIGINT"),
        (libc::SIGQUIT, "SIGQUIT"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGUSR1, "SIGUSR1"),
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGUSR2, "SIGUSR2"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGALRM, "SIGALRM"),
        (libc::SIGTERM, "SIGTERM"),
        (libc::SIGCHLD, "SIGCHLD"),
        (libc::SIGCONT, "SIGCONT"),
        (libc::SIGSTOP, "SIGSTOP"),
        (libc::SIGTSTP, "SIGTSTP"),
        (libc::SIGTTIN, "SIGTTIN"),
        (libc::SIGTTOU, "SIGTTOU"),
        (libc::SIGSYS, "SIGSYS"),
    ];
    let known = NAMES.iter().find(|(number, _)| *number == signal);
    known.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}

/// The calls of programs that are shown, by the names that section 2 of the manual has for them.
pub const PROGRAM_CALLS: &[&str] = &[
    "accept",
    "accept4",
    "bind",
    "clone",
    "clone3",
    "close",
    "connect",
    "dup",
    "dup2",
    "dup3",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "execve",
    "execveat",
    "exit_group",
    "fcntl",
    "fork",
    "getpeername",
    "getsockname",
    "getsockopt",
    "ioctl",
    "listen",
    "poll",
    "ppoll",
    "pselect6",
    "read",
    "readv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "select",
    "sendfile",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "socket",
    "socketpair",
    "splice",
    "vfork",
    "write",
    "writev",
];

/// Which of a program's calls wait before they are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum HeldCalls {
    /// None.
    None,
    /// Those that the walk knows: from `socket()` to the last `close()`, what sends and what receives.
    #[default]
    Walk,
    /// Every call that is shown.
    All,
}

impl HeldCalls {
    /// The name that the transcript uses.
    pub const fn name(self) -> &'static str {
        match self {
            HeldCalls::None => "none",
            HeldCalls::Walk => "walk",
            HeldCalls::All => "all",
        }
    }
}
