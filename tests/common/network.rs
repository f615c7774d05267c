//! What a test sets up in a network namespace of its own, asked of the kernel directly (`rtnetlink(7)`): so it needs no
//! program that a machine may not have.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;

use socket2::{Domain, Protocol, Socket, Type};

/// The loopback's index: it is the first interface of every network namespace.
const LOOPBACK: u32 = 1;

/// What becomes of packets for a route (`rtm_type`).
#[derive(Clone, Copy)]
pub enum Route {
    /// Sent to the loopback, from this address.
    Loopback {
        from: Ipv4Addr,
    },
    Blackhole,
    Unreachable,
    Prohibit,
}

/// Brings the loopback up.
pub fn bring_up() -> io::Result<()> {
    change_flags(libc::IFF_UP as u32)
}

/// Takes it down.
pub fn bring_down() -> io::Result<()> {
    change_flags(0)
}

fn change_flags(up: u32) -> io::Result<()> {
    let which = (libc::IFF_UP as u32).to_ne_bytes();
    // struct ifinfomsg: family, padding, type, index, flags, and which of them are meant.
    request(libc::RTM_NEWLINK, 0, &[&[0; 4], &LOOPBACK.to_ne_bytes()[..], &up.to_ne_bytes(), &which].concat())
}

/// Gives the loopback one more address.
pub fn add_address(address: Ipv4Addr) -> io::Result<()> {
    request(libc::RTM_NEWADDR, create(), &of_loopback(address))
}

/// Takes an address from it.
pub fn remove_address(address: Ipv4Addr) -> io::Result<()> {
    request(libc::RTM_DELADDR, 0, &of_loopback(address))
}

/// struct ifaddrmsg (family, length of the prefix, flags, scope, index) and the address.
fn of_loopback(address: Ipv4Addr) -> Vec<u8> {
    let head = [libc::AF_INET as u8, 32, 0, 0];
    [&head, &LOOPBACK.to_ne_bytes()[..], &attribute(libc::IFA_LOCAL, &address.octets())].concat()
}

/// Says what becomes of packets to a network, given with the length of its prefix.
pub fn add_route((network, prefix): (Ipv4Addr, u8), route: Route) -> io::Result<()> {
    let (kind, scope) = match route {
        Route::Loopback { .. } => (libc::RTN_UNICAST, libc::RT_SCOPE_LINK),
        Route::Blackhole => (libc::RTN_BLACKHOLE, libc::RT_SCOPE_UNIVERSE),
        Route::Unreachable => (libc::RTN_UNREACHABLE, libc::RT_SCOPE_UNIVERSE),
        Route::Prohibit => (libc::RTN_PROHIBIT, libc::RT_SCOPE_UNIVERSE),
    };
    // struct rtmsg: family, lengths of both prefixes, type of service, table, who made it, scope, type, flags.
    let head = [libc::AF_INET as u8, prefix, 0, 0, libc::RT_TABLE_MAIN, libc::RTPROT_BOOT, scope, kind, 0, 0, 0, 0];
    let mut body = [&head[..], &attribute(libc::RTA_DST, &network.octets())].concat();
    if let Route::Loopback { from } = route {
        body.extend(attribute(libc::RTA_OIF, &LOOPBACK.to_ne_bytes()));
        body.extend(attribute(libc::RTA_PREFSRC, &from.octets()));
    }
    request(libc::RTM_NEWROUTE, create(), &body)
}

fn create() -> u16 {
    (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16
}

/// struct rtattr with four bytes behind it: its length, its type.
fn attribute(kind: u16, value: &[u8; 4]) -> Vec<u8> {
    [&8_u16.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
}

/// Sends one request, and waits for the kernel's word on it (struct nlmsghdr, then struct nlmsgerr).
fn request(kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
    let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(libc::NETLINK_ROUTE)))?;
    let flags = flags | (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let length = (16 + body.len()) as u32;
    let head = [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &flags.to_ne_bytes(), &[0; 8]].concat();
    (&socket).write_all(&[head, body.to_vec()].concat())?;
    let mut answer = [0; 4096];
    let length = (&socket).read(&mut answer)?;
    let error = answer[..length].get(16..20).and_then(|bytes| Some(i32::from_ne_bytes(bytes.try_into().ok()?)));
    match error {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}
