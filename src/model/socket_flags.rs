//! The flags of a new descriptor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::flag_text::{flag_text, flags_named};

/// The flags of a new descriptor (`socket(2)`, `accept4(2)`). Their text is as that of [`super::MessageFlags`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SocketFlags(pub i32);

const NAMES: [(u32, &str); 2] =
    [(libc::SOCK_NONBLOCK as u32, "SOCK_NONBLOCK"), (libc::SOCK_CLOEXEC as u32, "SOCK_CLOEXEC")];

impl SocketFlags {
    /// No call on it waits: `SOCK_NONBLOCK`.
    pub const NONBLOCK: SocketFlags = SocketFlags(libc::SOCK_NONBLOCK);

    /// Whether one of these is set.
    pub const fn has(self, other: SocketFlags) -> bool {
        self.0 & other.0 != 0
    }

    /// Both together.
    pub const fn with(self, other: SocketFlags) -> SocketFlags {
        SocketFlags(self.0 | other.0)
    }

    /// The names of all that have one.
    pub fn all_names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().map(|(_, name)| name)
    }

    /// Those that have a name, by that name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.into_iter().filter(move |(flag, _)| self.has(SocketFlags(flag.cast_signed()))).map(|(_, name)| name)
    }
}

impl fmt::Display for SocketFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&flag_text(self.0.cast_unsigned(), &NAMES))
    }
}

impl FromStr for SocketFlags {
    type Err = ();

    fn from_str(text: &str) -> Result<SocketFlags, ()> {
        flags_named(text, &NAMES).map(|flags| SocketFlags(flags.cast_signed())).ok_or(())
    }
}
