//! What daemon and members say to each other: JSON lines, each of bounded length.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::lab::{Denial, Failure, OwnThread, ProgramNews, Request, WireAbility};
use crate::linux::descriptors::NewSocket;
use crate::model::{Call, Entry, ForwardingRules, HeldCalls, Mode, Outcome, Role, SideProcess};

/// Both ends must be the same program: it says so first.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The longest line, in bytes: a call with a megabyte of data, two digits a byte, fits.
pub(in crate::linux) const LONGEST: usize = 8 << 20;

/// A lesson that runs in a lab, for who looks on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownLesson {
    /// Its name, or its file's.
    pub name: String,
    /// Its text, where it isn't built in.
    pub source: Option<String>,
}

/// What a member says.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromMember {
    /// First of all.
    Hello {
        version: String,
        role: Role,
    },
    Request(Request),
    /// A call came back; `made` is the socket that it made.
    Returned {
        who: OwnThread,
        outcome: Outcome,
        made: Option<NewSocket>,
        /// The sockets that the child has which it made.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        inherited: Vec<NewSocket>,
    },
    /// The kernel says that a thread sleeps in its call.
    Blocked(OwnThread),
    /// A signal came to a thread that is in its call.
    Signalled(OwnThread, i32),
    /// It runs a program, and wants to know what happens, too.
    Looks,
    /// What the program does that it runs, and when that was seen, by the clock of the system.
    Program(Box<ProgramNews>, Duration),
    /// A process of the program has one more socket.
    Opened {
        process: u32,
        socket: NewSocket,
    },
    /// A process of the program has closed a socket's descriptor.
    Closed {
        process: u32,
        fd: i32,
    },
    /// A process of the program has these sockets, and no others.
    Has {
        process: u32,
        sockets: Vec<NewSocket>,
    },
}

impl FromMember {
    /// What the program does that it runs, as of now.
    pub(super) fn seen(news: ProgramNews) -> FromMember {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        FromMember::Program(Box::new(news), now)
    }

    /// Whether it tells what a program does, which nobody at this end has asked for.
    pub(super) fn is_of_program(&self) -> bool {
        use FromMember::{Closed, Has, Opened, Program};
        matches!(self, Program(..) | Opened { .. } | Closed { .. } | Has { .. })
    }
}

/// What the daemon says.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToMember {
    /// The answer to `Hello`. `now` is the time on the lab's clock, `network` the number of the lab's network namespace;
    /// `None` where it is not told.
    Welcome {
        number: u32,
        /// The how many-th it is of the sides whose calls it makes.
        nth: u32,
        mode: Mode,
        wire: WireAbility,
        now: Duration,
        network: Option<u64>,
        /// The thread that has entered the namespace.
        thread: i32,
        /// The lesson that runs in the lab.
        lesson: Option<ShownLesson>,
        /// What passes by itself at that moment.
        passing: ForwardingRules,
        /// Which of its program's calls wait, where it runs one.
        held: HeldCalls,
    },
    /// The other answer; nothing follows.
    Denied(Denial),
    /// What happened since the last time; the first one tells everything.
    Happened(Vec<Entry>),
    /// Make this call.
    Make(OwnThread, Call),
    /// Make `fork()`; the child goes as this one of its side's actors.
    Fork(OwnThread, u32),
    /// Interrupt this thread's call.
    Interrupt(OwnThread),
    /// This process of a side ends.
    Kill(SideProcess),
    /// This thread of the program makes the call before which it stands.
    LetCall(u32),
    /// From now on these of the program's calls wait.
    Hold(HeldCalls),
    /// The lab can't go on; nothing follows.
    Failed(Failure),
}

/// One message as a line.
pub(super) fn line(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::super::link::Lines;
    use super::*;
    use crate::model::{Errno, Event, Returned, Side};
    use proptest::prelude::*;

    fn take<M: serde::de::DeserializeOwned>(bytes: &[u8]) -> (Vec<M>, bool) {
        Lines::new(LONGEST).take(bytes)
    }

    #[test]
    fn what_is_said_is_understood() {
        let segment = crate::tcp::testing::segment(
            "127.0.0.1:1".parse().unwrap(),
            "127.0.0.1:2".parse().unwrap(),
            5,
            6,
            &["FIN", "ACK"],
            b"x",
        );
        let event = Event::Sent { id: crate::model::SegmentId(0), segment, again: None };
        let returned =
            Returned { value: 3, data: vec![0, 255], peer: Some("[::1]:8000".parse().unwrap()), ..Returned::default() };
        let entries: Vec<Entry> = [
            event,
            Event::Returned {
                caller: crate::model::Caller { actor: Side::Client.into(), worker: 2 },
                outcome: Ok(returned),
            },
            Event::Returned { caller: Side::Client.into(), outcome: Err(Errno(libc::EPIPE)) },
        ]
        .into_iter()
        .map(|event| Entry { at: Duration::from_micros(1_000_001), event })
        .collect();
        let bytes = line(&ToMember::Happened(entries.clone())).unwrap();
        match &take::<ToMember>(&bytes) {
            (said, true) if let [ToMember::Happened(read)] = &said[..] => assert_eq!(read, &entries),
            other => panic!("{other:?}"),
        }
        assert!(matches!(take::<ToMember>(b""), (said, true) if said.is_empty()));
        assert!(matches!(take::<ToMember>(b"{\"Make\":\n"), (said, false) if said.is_empty()));
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_an_error_or_a_message(bytes: Vec<u8>) {
            take::<FromMember>(&bytes);
        }
    }
}
