//! The flags of a call that sends or receives.

use std::fmt;
use std::str::FromStr;

use super::flag_text::{flag_text, flags_named};

/// Flags of `send(2)`, `recv(2)` and what is like them: any at all; what they do is the kernel's to say.
///
/// Their text is their names in C, joined by `|`; what has no name is a number, and `0` is none of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct MessageFlags(pub i32);

macro_rules! names {
    ($($name:ident $(= $number:literal)?)*) => {
        /// The flags of messages: number, name.
        pub const MESSAGE_FLAGS: &[(u32, &str)] = &[$((names!(@ $name $($number)?), stringify!($name)),)*];
    };
    (@ $name:ident $number:literal) => { $number };
    (@ $name:ident) => { libc::$name as u32 };
}

names! {
    MSG_OOB MSG_PEEK MSG_DONTROUTE MSG_CTRUNC MSG_TRUNC MSG_DONTWAIT MSG_EOR MSG_WAITALL MSG_CONFIRM MSG_ERRQUEUE
    MSG_NOSIGNAL MSG_MORE MSG_WAITFORONE MSG_ZEROCOPY = 0x4000000 MSG_FASTOPEN MSG_CMSG_CLOEXEC
}

impl MessageFlags {
    /// None of them.
    pub const NONE: MessageFlags = MessageFlags(0);
    /// `MSG_NOSIGNAL`: EPIPE brings no SIGPIPE.
    pub const NO_SIGNAL: MessageFlags = MessageFlags(libc::MSG_NOSIGNAL);
    /// `MSG_DONTWAIT`: this one call doesn't block.
    pub const DONT_WAIT: MessageFlags = MessageFlags(libc::MSG_DONTWAIT);
    /// `MSG_FASTOPEN`: `sendto()` connects, with data in the SYN where there is a cookie.
    pub const FAST_OPEN: MessageFlags = MessageFlags(libc::MSG_FASTOPEN);
    /// `MSG_PEEK`: what is read stays.
    pub const PEEK: MessageFlags = MessageFlags(libc::MSG_PEEK);
    /// `MSG_MORE`: more is to follow.
    pub const MORE: MessageFlags = MessageFlags(libc::MSG_MORE);
    /// `MSG_TRUNC`: of a datagram its whole length is told; of TCP nothing is copied (`tcp(7)`).
    pub const TRUNC: MessageFlags = MessageFlags(libc::MSG_TRUNC);
    /// `MSG_OOB`: urgent data.
    pub const OUT_OF_BAND: MessageFlags = MessageFlags(libc::MSG_OOB);
    /// `MSG_WAITALL`: it waits for all that was asked for.
    pub const WAIT_ALL: MessageFlags = MessageFlags(libc::MSG_WAITALL);

    /// The flag with this name.
    pub(super) fn by_name(name: &str) -> Option<MessageFlags> {
        let (number, _) = MESSAGE_FLAGS.iter().find(|(_, known)| *known == name)?;
        Some(MessageFlags(*number as i32))
    }

    /// Whether all of `others` are among these.
    pub const fn has(self, others: MessageFlags) -> bool {
        self.0 & others.0 == others.0
    }

    /// These and others.
    pub const fn with(self, others: MessageFlags) -> MessageFlags {
        MessageFlags(self.0 | others.0)
    }

    /// Those of them that have a name, by it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        MESSAGE_FLAGS.iter().filter(move |(number, _)| self.has(MessageFlags(*number as i32))).map(|(_, name)| *name)
    }
}

impl fmt::Display for MessageFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&flag_text(self.0 as u32, MESSAGE_FLAGS))
    }
}

impl FromStr for MessageFlags {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<MessageFlags, &'static str> {
        flags_named(text, MESSAGE_FLAGS).map(|flags| MessageFlags(flags as i32)).ok_or("no flags of a message")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn flags_are_joined_by_their_names() {
        assert_eq!(MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT).to_string(), "MSG_PEEK|MSG_DONTWAIT");
        assert_eq!("msg_peek|0x40".parse(), Ok(MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT)));
        assert!(
            ["", "|", "MSG_PEEK|", "peek", "-1", "0x", "0xg"].iter().all(|text| text.parse::<MessageFlags>().is_err())
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_the_same_flags(flags: i32) {
            let flags = MessageFlags(flags);
            prop_assert_eq!(flags.to_string().parse(), Ok(flags));
        }
    }
}
