//! What the descriptors of traced programs are open on, by the kernel's word.

use std::collections::HashMap;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use socket2::Socket;

use crate::linux::descriptors::NewSocket;
use crate::linux::proc;
use crate::model::ProgramDescriptor;

/// What a number is open on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DescriptorTarget {
    /// The socket with this inode.
    Socket(u64),
    /// An epoll instance.
    Epoll,
    /// A file, a pipe, a terminal or another thing.
    Other,
    Nothing,
}

/// How the kernel names an epoll instance (`proc_pid_fd(5)`).
const EPOLL: &str = "anon_inode:[eventpoll]";

/// What a number in a thread's table is open on (`proc_pid_fd(5)`).
pub(super) fn open(thread: u32, fd: i32) -> DescriptorTarget {
    match fs::read_link(format!("/proc/{thread}/fd/{fd}")) {
        Ok(link) if link.as_os_str() == EPOLL => DescriptorTarget::Epoll,
        Ok(link) => link
            .to_str()
            .and_then(proc::inode)
            .map_or(DescriptorTarget::Other, |inode| DescriptorTarget::Socket(inode.into())),
        Err(_) => DescriptorTarget::Nothing,
    }
}

/// The inode of the socket that a number in a thread's table is open on; `None` where it is on something else, or on nothing.
pub(super) fn socket(thread: u32, fd: i32) -> Option<u64> {
    match open(thread, fd) {
        DescriptorTarget::Socket(inode) => Some(inode),
        DescriptorTarget::Epoll | DescriptorTarget::Other | DescriptorTarget::Nothing => None,
    }
}

/// So many descriptors of one process are looked at.
const MOST: usize = 4096;

/// All sockets in a thread's table, by their numbers.
pub(super) fn sockets(thread: u32) -> Vec<(i32, u64)> {
    let mut sockets: Vec<_> = proc::sockets(thread, MOST).map(|(fd, inode)| (fd, inode.into())).collect();
    sockets.sort_unstable();
    sockets
}

/// Whether `execve(2)` would close a number (`proc_pid_fdinfo(5)`).
pub(super) fn closes_on_exec(thread: u32, fd: i32) -> bool {
    let text = fs::read_to_string(format!("/proc/{thread}/fdinfo/{fd}")).unwrap_or_default();
    let flags = text.lines().find_map(|line| i32::from_str_radix(line.strip_prefix("flags:")?.trim(), 8).ok());
    flags.is_some_and(|flags| flags & libc::O_CLOEXEC != 0)
}

/// The other descriptors that a socket has in these processes, beside one.
pub(super) fn others(processes: impl Iterator<Item = u32>, inode: u64, but: (u32, i32)) -> Vec<ProgramDescriptor> {
    let of = |process: u32| {
        let own = sockets(process).into_iter().filter(move |(fd, of)| *of == inode && (process, *fd) != but);
        own.map(move |(fd, _)| ProgramDescriptor { process, fd })
    };
    processes.flat_map(of).collect()
}

/// Whether an `AF_…` is IPv4 or IPv6.
pub(super) fn is_internet(domain: i32) -> bool {
    matches!(domain, libc::AF_INET | libc::AF_INET6)
}

/// What a socket was made as, and the kernel's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::linux) struct SocketIdentity {
    /// `AF_…`
    pub(super) domain: i32,
    /// `SOCK_…`, without flags.
    pub(super) kind: i32,
    /// `SO_COOKIE`
    cookie: u64,
}

impl SocketIdentity {
    fn of(socket: &Socket) -> Option<SocketIdentity> {
        let (domain, kind) = (socket.domain().ok()?.into(), socket.r#type().ok()?.into());
        Some(SocketIdentity { domain, kind, cookie: socket.cookie().ok()? })
    }

    /// The socket under this number in its process; `None` where it is neither IPv4's nor IPv6's.
    pub(in crate::linux) fn internet(self, fd: i32) -> Option<NewSocket> {
        let udp = self.kind == libc::SOCK_DGRAM;
        self.is_internet().then_some(NewSocket { fd, cookie: self.cookie, udp })
    }

    /// Whether it is a stream of IPv4 or IPv6.
    pub(super) fn is_tcp(self) -> bool {
        self.is_internet() && self.kind == libc::SOCK_STREAM
    }

    /// Whether it is of IPv4 or IPv6.
    pub(super) fn is_internet(self) -> bool {
        is_internet(self.domain)
    }
}

/// What is known of sockets, by inode.
#[derive(Default)]
pub(in crate::linux) struct SocketIdentities(HashMap<u64, Option<SocketIdentity>>);

impl SocketIdentities {
    /// What a socket was made as: the kernel is asked once, through a copy of the thread's descriptor. `None` where it can't
    /// be had.
    pub(in crate::linux) fn of(&mut self, process: u32, fd: i32, inode: u64) -> Option<SocketIdentity> {
        if self.0.len() > MOST {
            self.0.clear();
        }
        if let Some(known) = self.0.get(&inode) {
            return *known;
        }
        let copy = proc::descriptor(process, fd).map(File::from);
        // The number may be another one's by now.
        if copy.as_ref().is_some_and(|copy| copy.metadata().is_ok_and(|of| of.ino() != inode)) {
            return None;
        }
        let identity = copy.and_then(|copy| SocketIdentity::of(&Socket::from(OwnedFd::from(copy))));
        self.0.insert(inode, identity);
        identity
    }
}

/// For how long a call on a thread's socket waits at most, one that sends or one that receives (SO_SNDTIMEO, SO_RCVTIMEO); `None`
/// where that has no limit.
pub(super) fn wait_limit(thread: u32, fd: i32, sends: bool) -> Option<Duration> {
    let socket = Socket::from(proc::descriptor(proc::process_of(thread)?, fd)?);
    if sends { socket.write_timeout() } else { socket.read_timeout() }.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, UdpSocket};
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn the_kernel_says_what_a_number_is_open_on() {
        let (stream, datagram) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
        let file = fs::File::open("/dev/null").unwrap();
        let own = std::process::id();
        let (DescriptorTarget::Socket(first), DescriptorTarget::Socket(second)) =
            (open(own, stream.as_raw_fd()), open(own, datagram.as_raw_fd()))
        else {
            panic!("two sockets")
        };
        assert_eq!(
            (open(own, file.as_raw_fd()), open(own, -1), open(0, 0)),
            (DescriptorTarget::Other, DescriptorTarget::Nothing, DescriptorTarget::Nothing)
        );
        assert!(closes_on_exec(own, stream.as_raw_fd()) && !closes_on_exec(own, -1));
        let listed = sockets(own);
        assert!(listed.contains(&(stream.as_raw_fd(), first)) && listed.contains(&(datagram.as_raw_fd(), second)));
        assert!(!listed.iter().any(|(fd, _)| *fd == file.as_raw_fd()));
        let copy = stream.try_clone().unwrap();
        let but = (own, stream.as_raw_fd());
        let expected = ProgramDescriptor { process: own, fd: copy.as_raw_fd() };
        assert_eq!(others([own].into_iter(), first, but), [expected]);
        let mut kinds = SocketIdentities::default();
        let of =
            |kinds: &mut SocketIdentities, fd, inode| kinds.of(own, fd, inode).map(|kind| (kind.domain, kind.kind));
        assert_eq!(of(&mut kinds, stream.as_raw_fd(), first), Some((libc::AF_INET, libc::SOCK_STREAM)));
        assert_eq!(of(&mut kinds, datagram.as_raw_fd(), second), Some((libc::AF_INET6, libc::SOCK_DGRAM)));
        assert_eq!(kinds.of(own, file.as_raw_fd(), 0), None);
    }
}
