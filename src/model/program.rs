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
