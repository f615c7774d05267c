//! Which call of the walk a program's call comes to.

use super::addresses::SocketAddress;
use super::arguments::Reader;
use super::descriptors::SocketIdentity;
use super::{memory, messages};
use crate::model::{Call, Errno, How, MessageFlags, Outcome, ProgramCall, Returned};

/// The flags of `recv(2)` and `send(2)` with which a call is none of the walk's: the bytes stay, or are others.
const ELSE: u64 = (libc::MSG_PEEK | libc::MSG_OOB | libc::MSG_ERRQUEUE) as u64;

/// The call of the walk; `kind` is what its descriptor's socket was made as.
pub(super) fn like(read: &Reader<'_>, kind: Option<SocketIdentity>) -> Option<Call> {
    let arguments = &read.arguments;
    let fd = arguments[0] as i32;
    if read.row.name == "socket" {
        let udp = match arguments[1] as i32 & 0xf {
            libc::SOCK_STREAM => false,
            libc::SOCK_DGRAM => true,
            _ => return None,
        };
        let ipv6 = arguments[0] as i32 == libc::AF_INET6;
        return (ipv6 || arguments[0] as i32 == libc::AF_INET).then_some(Call::Socket { ipv6, udp });
    }
    let udp = kind.filter(|kind| kind.is_internet())?.kind == libc::SOCK_DGRAM;
    let receives = |len: u64, flags: u64| {
        let (len, flags) = (usize::try_from(len).unwrap_or(usize::MAX), MessageFlags(flags as i32));
        if udp { Call::RecvFrom { fd, len, flags } } else { Call::Recv { fd, len, flags } }
    };
    let sends = |data: Vec<u8>, flags: u64| Call::Send { fd, data, flags: MessageFlags(flags as i32) };
    let sends_to = |data: Vec<u8>, flags: u64, addr| Call::SendTo { fd, data, flags: MessageFlags(flags as i32), addr };
    Some(match read.row.name {
        "bind" => Call::Bind { fd, addr: read.internet()? },
        "listen" => Call::Listen { fd, backlog: arguments[1] as i32 },
        "accept" | "accept4" => Call::Accept { fd },
        "connect" => Call::Connect { fd, addr: read.internet()? },
        "shutdown" => Call::Shutdown {
            fd,
            how: [How::Read, How::Write, How::Both].into_iter().nth(arguments[1] as u32 as usize)?,
        },
        "close" => Call::Close { fd },
        "setsockopt" => Call::SetOption { fd, option: read.option(), value: option_value(read)? },
        "fcntl" | "ioctl" => of_mode(read, fd)?,
        "read" => receives(arguments[2], 0),
        "recvfrom" if arguments[3] & ELSE == 0 => receives(arguments[2], arguments[3]),
        "readv" => receives(messages::room(read.memory, arguments[1], arguments[2])?, 0),
        "recvmsg" if arguments[2] & ELSE == 0 => {
            let (vectors, count) = messages::buffers(read.memory, arguments[1])?;
            receives(messages::room(read.memory, vectors, count)?, arguments[2])
        }
        "write" => Call::send(fd, read.memory.bytes(arguments[1], arguments[2])?),
        "sendto" if arguments[3] & ELSE == 0 => {
            let data = read.memory.bytes(arguments[1], arguments[2])?;
            let flags = arguments[3];
            if arguments[4] == 0 { sends(data, flags) } else { sends_to(data, flags, read.internet()?) }
        }
        "writev" => Call::send(fd, messages::gathered(read.memory, arguments[1], arguments[2], u64::MAX)?),
        "sendmsg" if arguments[2] & ELSE == 0 => {
            let (vectors, count) = messages::buffers(read.memory, arguments[1])?;
            let data = messages::gathered(read.memory, vectors, count, u64::MAX)?;
            match messages::address(read.memory, arguments[1]) {
                None => sends(data, arguments[2]),
                Some(SocketAddress::Internet(addr)) => sends_to(data, arguments[2], addr),
                Some(_) => return None,
            }
        }
        _ => return None,
    })
}

/// What asks or changes whether a descriptor's calls wait, and what asks for its queues.
fn of_mode(read: &Reader<'_>, fd: i32) -> Option<Call> {
    let arguments = &read.arguments;
    if let Some(request) = read.device_request() {
        return Some(Call::Ioctl { fd, request });
    }
    match (read.row.name, arguments[1] as i32) {
        ("ioctl", _) => Some(Call::SetNonblocking { fd, on: read.memory.int(arguments[2])? != 0 }),
        (_, libc::F_GETFL) => Some(Call::GetStatus { fd }),
        (_, libc::F_SETFL) => Some(Call::SetNonblocking { fd, on: arguments[2] as i32 & libc::O_NONBLOCK != 0 }),
        _ => None,
    }
}

/// As [`Call::SetOption`] has it: an int, and of SO_LINGER the seconds.
fn option_value(read: &Reader<'_>) -> Option<i32> {
    use crate::model::SocketOption;
    let (address, length) = (read.arguments[3], read.arguments[4] as u32);
    match read.option() {
        SocketOption::LINGER if length >= 8 => {
            let [both] = read.memory.words(address)?;
            Some(if both as u32 == 0 { -1 } else { (both >> 32) as i32 })
        }
        SocketOption::LINGER => None,
        _ => (length == 4).then(|| read.memory.int(address)).flatten(),
    }
}

/// What a call came to; the reader has its value where that is no error.
pub(super) fn outcome(read: &Reader<'_>, call: &ProgramCall, value: i64) -> Outcome {
    if value < 0 {
        return Err(Errno(i32::try_from(-value).unwrap_or(i32::MAX)));
    }
    let length = value as u64;
    let (memory, arguments) = (read.memory, &read.arguments);
    let receives = matches!(call.like, Some(Call::Recv { .. } | Call::RecvFrom { .. }));
    let data = match read.row.name {
        _ if !receives || read.throws_away => None,
        // With MSG_TRUNC the value is the datagram's length, which may be more than was put there.
        "read" | "recvfrom" => memory.bytes(arguments[1], length.min(arguments[2])),
        "readv" => messages::gathered(memory, arguments[1], arguments[2], length),
        "recvmsg" => messages::buffers(memory, arguments[1])
            .and_then(|(vectors, count)| messages::gathered(memory, vectors, count, length)),
        _ => None,
    };
    let peer = match read.row.name {
        "recvmsg" if receives => match messages::address(memory, arguments[1]) {
            Some(SocketAddress::Internet(address)) => Some(address),
            _ => None,
        },
        "accept" | "accept4" | "recvfrom" => read.filled_internet(),
        _ => None,
    };
    let told = read.device_request().and_then(|_| memory.int(arguments[2]));
    debug_assert!(data.as_ref().is_none_or(|data| data.len() <= memory::LONGEST));
    Ok(Returned { value, data: data.unwrap_or_default(), peer, told, ..Returned::default() })
}
