//! What `getaddrinfo(3)` is asked: a name, a service, and of its hints those that matter here. It is a function of libc, and no
//! system call.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::flag_text::{flag_text, flags_named};

/// The longest name of a host, or of a service, that a side's call may have, in bytes (`NI_MAXHOST` of `getnameinfo(3)`, with its
/// zero).
pub const LONGEST_NAME: usize = 1024;

/// What is looked up. Its hints ask for `SOCK_STREAM`, so that each address comes once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookup {
    /// The host: a name, or an address as text; `None` is NULL.
    pub node: Option<String>,
    /// The service: a name of `services(5)`, or a port's number as text; `None` is NULL.
    pub service: Option<String>,
    /// `ai_family`
    pub family: LookupFamily,
    /// `ai_flags`
    pub flags: LookupFlags,
}

/// `ai_family` of the hints: any number at all; which of them there are is libc's to say. 0 is AF_UNSPEC, which asks for all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LookupFamily(pub i32);

/// Families by their names in C. The last one has no addresses that are looked up: EAI_FAMILY.
const FAMILIES: [(i32, &str); 4] = [
    (libc::AF_UNSPEC, "AF_UNSPEC"),
    (libc::AF_INET, "AF_INET"),
    (libc::AF_INET6, "AF_INET6"),
    (libc::AF_UNIX, "AF_UNIX"),
];

impl LookupFamily {
    /// Whether all are asked for.
    pub const fn is_any(self) -> bool {
        self.0 == libc::AF_UNSPEC
    }

    /// Its names in C.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FAMILIES.into_iter().map(|(_, name)| name)
    }
}

impl fmt::Display for LookupFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match FAMILIES.iter().find(|(number, _)| *number == self.0) {
            Some((_, name)) => f.pad(name),
            None => self.0.fmt(f),
        }
    }
}

impl FromStr for LookupFamily {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<LookupFamily, &'static str> {
        let named = FAMILIES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(number, _)| *number);
        named.or_else(|| text.parse().ok()).map(LookupFamily).ok_or("no address family")
    }
}

/// `ai_flags` of the hints: any at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LookupFlags(pub i32);

/// Those of `netdb.h` that change what is found.
const FLAGS: &[(u32, &str)] = &[
    (0x1, "AI_PASSIVE"),
    (0x4, "AI_NUMERICHOST"),
    (0x8, "AI_V4MAPPED"),
    (0x10, "AI_ALL"),
    (0x20, "AI_ADDRCONFIG"),
    (0x400, "AI_NUMERICSERV"),
];

impl LookupFlags {
    /// These and others.
    pub const fn with(self, others: LookupFlags) -> LookupFlags {
        LookupFlags(self.0 | others.0)
    }

    /// Their names in C.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FLAGS.iter().map(|(_, name)| *name)
    }
}

impl fmt::Display for LookupFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&flag_text(self.0 as u32, FLAGS))
    }
}

impl FromStr for LookupFlags {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<LookupFlags, &'static str> {
        flags_named(text, FLAGS).map(|flags| LookupFlags(flags as i32)).ok_or("no flags of getaddrinfo()")
    }
}

/// The addresses of a list in their order, as one reads them.
pub fn listed(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hints_are_read_back_as_they_are_written(family: i32, flags: i32) {
            let (family, flags) = (LookupFamily(family), LookupFlags(flags));
            prop_assert_eq!(family.to_string().parse(), Ok(family));
            prop_assert_eq!(flags.to_string().parse(), Ok(flags));
        }
    }

    #[test]
    fn hints_have_their_names_in_c() {
        for (number, name) in FAMILIES {
            assert_eq!((LookupFamily(number).to_string().as_str(), name.parse()), (name, Ok(LookupFamily(number))));
        }
        assert_eq!(LookupFlags(0x401).to_string(), "AI_PASSIVE|AI_NUMERICSERV");
        assert!(["", "AF_X", "AI_X", "AI_PASSIVE|"].iter().all(|text| text.parse::<LookupFlags>().is_err()));
    }
}
