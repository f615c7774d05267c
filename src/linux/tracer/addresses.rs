//! `struct sockaddr` of the families that programs use.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use super::memory::TraceeMemory;
use super::names;
use crate::model::quoted;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SocketAddress {
    Internet(SocketAddr),
    /// Of `unix(7)`: a path; a name that begins with a zero byte; or nothing.
    Unix(Vec<u8>),
    /// One of a family that isn't read further.
    Other(u16),
    /// None was given.
    Nothing,
}

/// The longest is `struct sockaddr_storage`.
const LONGEST: u64 = 128;

/// What stands there; `None` where it can't be read, or is too short for its family.
pub(super) fn read(memory: &TraceeMemory, address: u64, length: u64) -> Option<SocketAddress> {
    if length == 0 && address != 0 {
        return Some(SocketAddress::Nothing);
    }
    parse(&memory.bytes(address, length.min(LONGEST))?)
}

/// An address in bytes.
pub(super) fn parse(bytes: &[u8]) -> Option<SocketAddress> {
    let family = u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?);
    let port = || bytes.get(2..4)?.try_into().map(u16::from_be_bytes).ok();
    match i32::from(family) {
        libc::AF_INET => {
            let host: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
            Some(SocketAddress::Internet((Ipv4Addr::from(host), port()?).into()))
        }
        libc::AF_INET6 => {
            let host: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
            let flow = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
            // A program may leave the scope out, as before RFC 2553.
            let scope = bytes.get(24..28).and_then(|scope| scope.try_into().ok()).map_or(0, u32::from_ne_bytes);
            Some(SocketAddress::Internet(SocketAddrV6::new(Ipv6Addr::from(host), port()?, flow, scope).into()))
        }
        libc::AF_UNIX => {
            let path = &bytes[2..];
            let end = path.iter().skip(1).position(|byte| *byte == 0).map_or(path.len(), |end| end + 1);
            Some(SocketAddress::Unix(if path.first() == Some(&0) { path.to_vec() } else { path[..end].to_vec() }))
        }
        _ => Some(SocketAddress::Other(family)),
    }
}

impl fmt::Display for SocketAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketAddress::Internet(address) => write!(f, "{address}"),
            // As unix(7) and other tools write a name in the abstract namespace.
            SocketAddress::Unix(path) if path.first() == Some(&0) => write!(f, "@{}", quoted(&path[1..])),
            SocketAddress::Unix(path) if path.is_empty() => f.write_str("{AF_UNIX}"),
            SocketAddress::Unix(path) => f.write_str(&quoted(path)),
            SocketAddress::Other(family) => write!(f, "{{{}}}", names::one_of(u64::from(*family), names::DOMAINS)),
            SocketAddress::Nothing => f.write_str("{}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> Option<String> {
        parse(bytes).map(|address| address.to_string())
    }

    #[test]
    fn addresses_are_written_as_everywhere() {
        let v4 = [2, 0, 0x1f, 0x40, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(text(&v4).unwrap(), "127.0.0.1:8000");
        let mut v6 = vec![10, 0, 0x1f, 0x40, 0, 0, 0, 0];
        v6.extend(Ipv6Addr::LOCALHOST.octets());
        assert_eq!(text(&v6).unwrap(), "[::1]:8000");
        v6.extend([2, 0, 0, 0]);
        assert_eq!(text(&v6).unwrap(), "[::1%2]:8000");
        assert_eq!(text(b"\x01\0/run/x\0rest").unwrap(), "\"/run/x\"");
        assert_eq!(text(b"\x01\0\0name").unwrap(), "@\"name\"");
        assert_eq!(text(b"\x01\0/\x1b[2J").unwrap(), "\"/\\x1b[2J\"");
        assert_eq!(
            (text(&[1, 0]).unwrap(), text(&[0, 0]).unwrap()),
            ("{AF_UNIX}".to_owned(), "{AF_UNSPEC}".to_owned())
        );
    }

    #[test]
    fn what_is_too_short_is_none() {
        for length in 0..8 {
            assert_eq!(text(&[2, 0, 0, 1, 1, 1, 1, 1][..length]).is_some(), length == 8, "{length}");
        }
        assert_eq!(text(&[10, 0, 0, 0, 0, 0, 0, 0, 1]), None);
    }
}
