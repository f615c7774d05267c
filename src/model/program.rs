//! A call as a traced program made it.

use serde::{Deserialize, Serialize};

use super::{Call, Outcome};

/// A thread of a program, by its number in the tracer's PID namespace (`gettid(2)`), and that of its process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramThread {
    /// The process: its thread group's number.
    pub process: u32,
    /// The thread; of a process's first thread, the process's number.
    pub thread: u32,
}

/// A system call as a program made it, read at the stop before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCall {
    /// The system call's name, as section 2 of the manual has it.
    pub name: String,
    /// Its arguments in C's order, constants by their names; what the kernel is to fill is `…`.
    pub arguments: Vec<String>,
    /// The descriptor that it is made on, where there is one.
    pub fd: Option<i32>,
    /// The inode of the socket that this descriptor is of, as `/proc/PID/fd` has it; `None` where it is of no socket.
    pub socket: Option<u64>,
    /// Whether that socket is of IPv4 or IPv6, as far as is known; of `socket(2)`, whether the one that it makes will be.
    #[serde(default)]
    pub internet: bool,
    /// Of a `close(2)`: the further descriptors of the same socket, in all processes that are traced. While there are some, the
    /// socket stays as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ProgramDescriptor>,
    /// The call of the walk that it comes to: a `read(2)` of a socket is a [`Call::Recv`]; `None` where it comes to none, as of
    /// `epoll_wait(2)`.
    pub like: Option<Call>,
}

/// A descriptor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProgramDescriptor {
    /// The process, as [`ProgramThread`] has it.
    pub process: u32,
    /// Its number there.
    pub fd: i32,
}

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

impl ProgramCall {
    /// As the program made it, with what the kernel filled where that is known.
    pub fn written(&self, filled: Option<&[String]>) -> String {
        format!("{}({})", self.name, filled.unwrap_or(&self.arguments).join(", "))
    }
}

/// What a program's call came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramReturn {
    /// The value or the error, with what the kernel filled as far as the walk's calls know it.
    pub outcome: Outcome,
    /// The arguments once more, with what the kernel filled.
    pub arguments: Vec<String>,
    /// The inodes of the sockets that it made, each with its descriptor: of `socket(2)`, `accept4(2)`, `socketpair(2)`, of a
    /// descriptor that was received (`SCM_RIGHTS`) or copied (`dup(2)`).
    pub made: Vec<(i32, u64)>,
}
