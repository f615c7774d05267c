//! What the program asks of the system for itself, and how that can fail: as facts. The words are the front ends'
//! (`i18n::refused` and its like).

use std::borrow::Cow;
use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

use super::Errno;

macro_rules! aims {
    ($($(#[$doc:meta])* $aim:ident $key:literal,)*) => {
        /// What the program makes a system call for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Aim {
            $($(#[$doc])* $aim,)*
        }

        impl Aim {
            /// All of them.
            pub const ALL: &'static [Aim] = &[$(Aim::$aim,)*];

            /// The key of its words.
            pub const fn key(self) -> &'static str {
                match self {
                    $(Aim::$aim => $key,)*
                }
            }
        }
    };
}

aims! {
    /// To be the user that called it, without rights that it doesn't need.
    Rights "rights",
    /// To have a user namespace of its own.
    UserNamespace "user_namespace",
    /// To have a network namespace of its own.
    NetNamespace "net_namespace",
    /// To close the gate, so that segments wait.
    Gate "gate",
    /// To bring up the lab's loopback.
    Loopback "loopback",
    /// To give the lab's TCP a setting.
    Setting "setting",
    /// To see segments.
    Capture "capture",
    /// To let segments go on.
    Delivery "delivery",
    /// To ask the kernel for its sockets.
    Table "table",
    /// To hold SYN_RECV without a lab.
    DeferAccept "defer_accept",
    /// To start a thread.
    Thread "thread",
    /// To wake a thread, or to wait for what happens.
    Wake "wake",
    /// To look into a lab, whether it has what a lesson needs.
    Look "look",
    /// To be found by others who take part.
    Door "door",
    /// To enter somebody else's lab.
    Enter "enter",
    /// To talk with the lab's daemon.
    Daemon "daemon",
    /// To start a program that plays a side's part in a lesson.
    Program "program",
    /// To see a program's calls.
    Trace "trace",
}

impl Aim {
    /// An attempt with this aim, by a call as manual pages write it.
    pub fn by(self, call: impl Into<Cow<'static, str>>) -> Attempt {
        Attempt { call: call.into(), aim: self }
    }
}

/// What was asked of the system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The call, with names of the manual pages and nothing that is a language's.
    pub call: Cow<'static, str>,
    /// What for.
    pub aim: Aim,
}

/// Why something that the program itself needs can't be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The system's word.
    Errno(Errno),
    /// What was read isn't what it should be.
    Garbled,
    /// What was read or written ended too early.
    CutShort,
    /// The process that listens there is another user's.
    AnotherUsers,
    /// The kernel's table of sockets changed each time while it was read.
    TableChanged,
    /// A thread ended at once.
    ThreadEnded,
    /// A side has so many threads already.
    ManyThreads(u32),
    /// No thread has the side's descriptors.
    NoDescriptors,
    /// The lab isn't one that can go on in another process.
    NotMovable,
    /// It isn't a regular file.
    NotRegular,
    /// The file of this name isn't a regular one.
    NotRegularFile(String),
    /// The file of this name is a symbolic link.
    SymbolicLink(String),
    /// Too many damaged files were set aside.
    ManyAside,
    /// A folder has no lesson's file.
    NoLessons,
    /// A folder has this many lessons' files, or more.
    ManyLessons(u32),
    /// In the words of whoever says it.
    Other(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Cause {}

impl From<Cause> for io::Error {
    fn from(cause: Cause) -> io::Error {
        match cause {
            Cause::Errno(errno) => io::Error::from_raw_os_error(errno.0),
            other => io::Error::other(other),
        }
    }
}

impl From<&io::Error> for Cause {
    fn from(error: &io::Error) -> Cause {
        use io::ErrorKind as Kind;
        if let Some(errno) = error.raw_os_error() {
            return Cause::Errno(Errno(errno));
        }
        if let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<Cause>()) {
            return cause.clone();
        }
        // Made by the standard library, or by this program, in place of the system's error.
        Cause::Errno(Errno(match error.kind() {
            Kind::NotFound => libc::ENOENT,
            Kind::PermissionDenied => libc::EACCES,
            Kind::AlreadyExists => libc::EEXIST,
            Kind::AddrInUse => libc::EADDRINUSE,
            Kind::IsADirectory => libc::EISDIR,
            Kind::InvalidInput => libc::EINVAL,
            Kind::WouldBlock => libc::EAGAIN,
            Kind::TimedOut => libc::ETIMEDOUT,
            Kind::BrokenPipe => libc::EPIPE,
            Kind::ConnectionReset => libc::ECONNRESET,
            Kind::InvalidData => return Cause::Garbled,
            Kind::UnexpectedEof | Kind::WriteZero => return Cause::CutShort,
            _ => return Cause::Other(error.to_string()),
        }))
    }
}

/// Why a walk can't go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// A system call that the program itself needs was refused.
    System {
        /// What was tried.
        attempt: Attempt,
        /// Why it failed.
        cause: Cause,
    },
    /// A thread of the program's own ended by a panic.
    Thread(String),
    /// The process that kept the lab has ended.
    LabGone,
    /// The lab was closed; the process that kept it goes on.
    LabClosed,
    /// The capture lost segments, because they came faster than they could be read.
    CaptureLost(u32),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_cause() {
        for cause in [Cause::Errno(Errno(libc::EROFS)), Cause::ThreadEnded, Cause::SymbolicLink("a".into())] {
            assert_eq!(Cause::from(&io::Error::from(cause.clone())), cause);
        }
        for (kind, errno) in [(io::ErrorKind::NotFound, libc::ENOENT), (io::ErrorKind::AddrInUse, libc::EADDRINUSE)] {
            assert_eq!(Cause::from(&io::Error::from(kind)), Cause::Errno(Errno(errno)));
        }
        assert_eq!(Cause::from(&io::ErrorKind::UnexpectedEof.into()), Cause::CutShort);
    }
}
