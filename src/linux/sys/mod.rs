//! The only folder with `unsafe`: system calls that neither the standard library nor socket2 wraps.
//!
//! Each function is a thin, safe wrapper of one call; errors are the kernel's own, as [`io::Error`].
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use socket2::{SockAddr, SockAddrStorage};

pub mod fork;
pub mod ptrace;
pub mod seccomp;

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// `unshare(2)`: gives the calling thread (for a user namespace: the process, which must have no other thread)
/// namespaces of its own. `flags` are `CLONE_NEW…`.
pub fn unshare(flags: c_int) -> io::Result<()> {
    // SAFETY: takes no pointer; the kernel checks the flags.
    check(unsafe { libc::unshare(flags) }).map(drop)
}

/// The caller's effective user and group (`geteuid(2)`, `getegid(2)`).
pub fn effective_ids() -> (u32, u32) {
    // SAFETY: both take nothing and always succeed.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// The calling thread's number (`gettid(2)`).
pub fn thread_id() -> i32 {
    // SAFETY: takes nothing and always succeeds.
    unsafe { libc::gettid() }
}

extern "C" fn do_nothing(_signal: c_int) {}

/// Makes a signal interrupt system calls (`EINTR`) and do nothing else (`sigaction(2)` without `SA_RESTART`).
pub fn make_interrupting(signal: c_int) -> io::Result<()> {
    // SAFETY: an all-zero sigaction is a valid value; the handler is an `extern "C"` function that touches nothing.
    let result = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = do_nothing as *const () as usize;
        libc::sigaction(signal, &action, std::ptr::null_mut())
    };
    check(result).map(drop)
}

/// Sends a signal to one thread of this process (`tgkill(2)`).
pub fn signal_thread(thread: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: takes no pointer; a thread that is gone gives ESRCH.
    let result = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, signal) };
    check(result as c_int).map(drop)
}

/// No signal but this one is handled by the calling thread, or by those that it starts (`pthread_sigmask(3)`).
pub fn leave_signals_to_others(but: c_int) -> io::Result<()> {
    // SAFETY: an all-zero sigset_t is a valid value, which lives across the calls.
    let error = unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::sigdelset(&raw mut set, but);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut())
    };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Closes a descriptor in the background: a thread of the kernel closes what it was open on, soon, and nobody waits.
///
/// The descriptor is sent through a Unix socket (`SCM_RIGHTS` of `unix(7)`) together with that socket's own other end,
/// which is then closed unread. What is reachable only from within itself is garbage that the kernel collects.
///
/// # Errors
/// Where it can't be sent; it is closed all the same, here and now.
pub fn close_in_background(fd: OwnedFd) -> io::Result<()> {
    // In this order: a process that ends closes its descriptors from the lowest on, and the close of the last end makes
    // the kernel look for garbage.
    let (far, near) = std::os::unix::net::UnixStream::pair()?;
    let mut byte = 0u8;
    let mut data = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    let sent = [fd.as_raw_fd(), far.as_raw_fd()];
    let size = mem::size_of_val(&sent) as libc::c_uint;
    // Of u64, since the header within must be aligned; there is room for more than two descriptors.
    let mut control = [0u64; 8];
    // SAFETY: an all-zero msghdr is a valid value; its pointers are to `data` and `control`, which live across the call.
    // CMSG_SPACE of two descriptors is 24 bytes, so the first header and its data lie within `control`.
    let result = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &raw mut data;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(size) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size) as _;
        libc::CMSG_DATA(header).cast::<[c_int; 2]>().write_unaligned(sent);
        libc::sendmsg(near.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL)
    };
    let result = check(result as c_int).map(drop);
    drop(fd);
    drop(far);
    drop(near);
    result
}

/// Gives the calling thread an empty table of descriptors of its own. In the table that it leaves, nothing changes.
pub fn own_descriptors() -> io::Result<()> {
    own_table()?;
    let listed: Vec<RawFd> = std::fs::read_dir("/proc/thread-self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for fd in listed {
        // SAFETY: the table is this thread's alone since the call above. All owners of descriptors live in threads that
        // have the other one, but for the one that listed these, which is closed: EBADF then.
        unsafe { libc::close(fd) };
    }
    Ok(())
}

/// Copies the calling thread's table of descriptors, so that it shares it with no other thread.
fn own_table() -> io::Result<()> {
    // `close_range(2)` (Linux 5.9) of no descriptor at all, since there is none of so high a number: the filters of many
    // containers let it through, where they forbid unshare(2) for the sake of the namespaces.
    // SAFETY: takes no pointer.
    let copied = unsafe {
        libc::syscall(libc::SYS_close_range, libc::c_uint::MAX, libc::c_uint::MAX, libc::CLOSE_RANGE_UNSHARE)
    };
    check(copied as c_int).map(drop).or_else(|_| unshare(libc::CLONE_FILES))
}

/// Whether the calling thread has this descriptor open (`F_GETFD` of `fcntl(2)`): `EBADF` where it hasn't.
pub fn check_open(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::fcntl(fd, libc::F_GETFD) }).map(drop)
}

/// What `TCP_INFO` (`tcp(7)`) gives for a socket: as many bytes of `struct tcp_info` as this kernel has.
///
/// A number that is no socket of the calling thread's gives `EBADF` or `ENOTSOCK`.
pub fn tcp_info(fd: RawFd) -> io::Result<Vec<u8>> {
    // Larger than any kernel's struct so far (280 bytes on 6.18): what is longer is cut, which callers allow for.
    let mut bytes = vec![0u8; 512];
    let mut length = bytes.len() as libc::socklen_t;
    // SAFETY: the pointers are to `bytes` with its own length and to `length`; both live across the call.
    let result =
        unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, bytes.as_mut_ptr().cast(), &mut length) };
    check(result)?;
    bytes.truncate(length as usize);
    Ok(bytes)
}

/// The calls of the socket interface on a descriptor by its number, whatever that stands for in the calling thread's table:
/// which error a wrong one gives is the kernel's to say. Nothing is repeated, nothing is left out.
pub mod calls {
    use super::*;

    /// `socket(2)`; `kind` is `SOCK_…`.
    pub fn socket(domain: c_int, kind: c_int, protocol: c_int) -> io::Result<RawFd> {
        // SAFETY: takes no pointer.
        check(unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) })
    }
    /// `bind(2)`
    pub fn bind(fd: RawFd, address: &SockAddr) -> io::Result<()> {
        // SAFETY: the pointer is to an address of this length.
        check(unsafe { libc::bind(fd, address.as_ptr().cast(), address.len()) }).map(drop)
    }
    /// `listen(2)`
    pub fn listen(fd: RawFd, backlog: c_int) -> io::Result<()> {
        // SAFETY: takes no pointer.
        check(unsafe { libc::listen(fd, backlog) }).map(drop)
    }
    /// `connect(2)`
    pub fn connect(fd: RawFd, address: &SockAddr) -> io::Result<()> {
        // SAFETY: as in `bind`.
        check(unsafe { libc::connect(fd, address.as_ptr().cast(), address.len()) }).map(drop)
    }
    /// `accept4(2)`: the new descriptor, and the peer.
    pub fn accept(fd: RawFd) -> io::Result<(RawFd, SockAddr)> {
        let mut peer = SockAddrStorage::zeroed();
        let mut length = peer.size_of();
        // SAFETY: the pointers are to `peer` with its own size and to `length`; both live across the call.
        let fd = check(unsafe { libc::accept4(fd, (&raw mut peer).cast(), &mut length, libc::SOCK_CLOEXEC) })?;
        // SAFETY: the kernel wrote an address, or nothing into zeros, which is none.
        Ok((fd, unsafe { SockAddr::new(peer, length) }))
    }
    /// `sendto(2)`; `send(2)` where no address is given. How many bytes were taken.
    pub fn send(fd: RawFd, data: &[u8], flags: c_int, to: Option<&SockAddr>) -> io::Result<usize> {
        let (address, length) = to.map_or((std::ptr::null(), 0), |to| (to.as_ptr().cast(), to.len()));
        // SAFETY: the pointers are to `data` with its length and to an address with its own, or to none.
        let sent = unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, address, length) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
    /// `recvfrom(2)`: how many bytes came, and from whom.
    pub fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
        let mut sender = SockAddrStorage::zeroed();
        let mut length = sender.size_of();
        let (to, room) = (buffer.as_mut_ptr().cast(), buffer.len());
        // SAFETY: the pointers are to `buffer` and `sender` with their own sizes and to `length`; all live across the call.
        let received = unsafe { libc::recvfrom(fd, to, room, 0, (&raw mut sender).cast(), &mut length) };
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        // SAFETY: as in `accept`.
        Ok((received, unsafe { SockAddr::new(sender, length) }))
    }
    /// `shutdown(2)`; `how` is `SHUT_…`.
    pub fn shutdown(fd: RawFd, how: c_int) -> io::Result<()> {
        // SAFETY: takes no pointer.
        check(unsafe { libc::shutdown(fd, how) }).map(drop)
    }
    /// `close(2)`. Linux frees the number whatever it returns, but for `EBADF`. The caller sees to it that nothing of this
    /// program's own is open by that number.
    pub fn close(fd: RawFd) -> io::Result<()> {
        // SAFETY: takes no pointer.
        check(unsafe { libc::close(fd) }).map(drop)
    }
    /// `setsockopt(2)` of an option whose value is one int, or several.
    pub fn set_option<const N: usize>(fd: RawFd, (level, number): (c_int, c_int), value: [c_int; N]) -> io::Result<()> {
        let size = mem::size_of_val(&value) as libc::socklen_t;
        // SAFETY: the pointer is to `value` with its own size.
        check(unsafe { libc::setsockopt(fd, level, number, value.as_ptr().cast(), size) }).map(drop)
    }
    /// `fcntl(2)`, `F_GETFL`, then `F_SETFL` with O_NONBLOCK added.
    pub fn set_nonblocking(fd: RawFd) -> io::Result<()> {
        // SAFETY: neither command takes a pointer.
        let set = |command, flags: c_int| check(unsafe { libc::fcntl(fd, command, flags) });
        set(libc::F_SETFL, set(libc::F_GETFL, 0)? | libc::O_NONBLOCK).map(drop)
    }
}

/// `getsockopt(2)` of an option whose value is a number, or a structure of numbers.
fn option<T: Copy>(fd: RawFd, number: c_int, level: c_int, mut value: T) -> io::Result<T> {
    let mut length = mem::size_of_val(&value) as libc::socklen_t;
    // SAFETY: the pointers are to `value` with its own size and to `length`, which live across the call; any bytes are numbers.
    check(unsafe { libc::getsockopt(fd, level, number, (&raw mut value).cast(), &mut length) }).map(|_| value)
}

/// Whether a descriptor is a socket for datagrams (`SO_TYPE` of `socket(7)`).
pub fn is_datagram(fd: RawFd) -> bool {
    option(fd, libc::SO_TYPE, libc::SOL_SOCKET, 0).is_ok_and(|kind: c_int| kind == libc::SOCK_DGRAM)
}

/// The kernel's name for a socket (`SO_COOKIE` of `socket(7)`).
pub fn cookie(fd: RawFd) -> io::Result<u64> {
    option(fd, libc::SO_COOKIE, libc::SOL_SOCKET, 0)
}

/// Whether a socket has a peer (`getpeername(2)`).
pub fn has_peer(fd: RawFd) -> io::Result<bool> {
    let mut storage = SockAddrStorage::zeroed();
    let mut length = storage.size_of();
    // SAFETY: the pointers are to `storage` with its own size and to `length`; both live across the call.
    let result = unsafe { libc::getpeername(fd, (&raw mut storage).cast(), &mut length) };
    match check(result) {
        Ok(_) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ENOTCONN) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The bytes of the datagram that the next `recv()` would take, 0 where none waits (`FIONREAD` of `udp(7)`).
pub fn next_datagram(fd: RawFd) -> io::Result<u32> {
    let mut bytes: c_int = 0;
    // SAFETY: FIONREAD writes one int, which lives across the call.
    check(unsafe { libc::ioctl(fd, libc::FIONREAD, &raw mut bytes) })?;
    Ok(u32::try_from(bytes).unwrap_or(0))
}

/// Packets that a packet socket lost since it was last asked (`PACKET_STATISTICS` of `packet(7)`).
pub fn packets_lost(fd: BorrowedFd<'_>) -> io::Result<u32> {
    let stats = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
    option(fd.as_raw_fd(), libc::PACKET_STATISTICS, libc::SOL_PACKET, stats).map(|stats| stats.tp_drops)
}

/// The address of all packets of one interface, for `bind(2)` of a packet socket (`packet(7)`).
pub fn packet_address(interface: u32) -> SockAddr {
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: `sockaddr_ll` is a socket address, which is what a view of the storage must be.
    let address = unsafe { storage.view_as::<libc::sockaddr_ll>() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = interface as i32;
    let length = mem::size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the storage was filled as a `sockaddr_ll` just now, and the length is its size.
    unsafe { SockAddr::new(storage, length) }
}

/// The number of the interface `lo` (`if_nametoindex(3)`).
pub fn loopback_index() -> io::Result<u32> {
    // SAFETY: the name is a C string that lives for ever.
    match unsafe { libc::if_nametoindex(c"lo".as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        index => Ok(index),
    }
}

fn loopback_request() -> libc::ifreq {
    // SAFETY: an all-zero ifreq is a valid value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    request.ifr_name[0] = b'l' as libc::c_char;
    request.ifr_name[1] = b'o' as libc::c_char;
    request
}

/// Brings `lo` up (`SIOCSIFFLAGS` of `netdevice(7)`); `fd` is any internet socket of the namespace.
pub fn bring_loopback_up(fd: BorrowedFd<'_>) -> io::Result<()> {
    let mut request = loopback_request();
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request is a whole ifreq that lives across the call.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCSIFFLAGS, &raw mut request) }).map(drop)
}

/// Sets the MTU of `lo`, in bytes (`SIOCSIFMTU` of `netdevice(7)`).
pub fn set_loopback_mtu(fd: BorrowedFd<'_>, mtu: u32) -> io::Result<()> {
    let mut request = loopback_request();
    request.ifr_ifru.ifru_mtu = mtu as c_int;
    // SAFETY: as in `bring_loopback_up`.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCSIFMTU, &raw mut request) }).map(drop)
}

/// `struct ethtool_value` of `linux/ethtool.h`.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

/// Switches one of `lo`'s offloads off (`SIOCETHTOOL`); `command` is `ETHTOOL_STSO`, `ETHTOOL_SGSO` or `ETHTOOL_SGRO`.
pub fn switch_offload_off(fd: BorrowedFd<'_>, command: u32) -> io::Result<()> {
    let mut value = EthtoolValue { command, data: 0 };
    let mut request = loopback_request();
    request.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: the request and the value that it points to live across the call.
    check(unsafe { libc::ioctl(fd.as_raw_fd(), libc::SIOCETHTOOL, &raw mut request) }).map(drop)
}

/// The processors on which the calling thread may run (`sched_getaffinity(2)`).
#[derive(Clone, Copy)]
pub struct Processors(libc::cpu_set_t);

impl Processors {
    /// Those of the calling thread.
    pub fn of_this_thread() -> io::Result<Processors> {
        // SAFETY: an all-zero set is a valid value; the pointer is to it, with its own size.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            check(libc::sched_getaffinity(0, mem::size_of_val(&set), &raw mut set))?;
            Ok(Processors(set))
        }
    }

    /// The one on which the calling thread runs at this moment (`sched_getcpu(3)`).
    pub fn current() -> io::Result<Processors> {
        // SAFETY: takes nothing; the set is all zero, a valid value, and CPU_SET stays within it or does nothing.
        unsafe {
            let current = check(libc::sched_getcpu())?;
            let mut set: libc::cpu_set_t = mem::zeroed();
            libc::CPU_SET(current as usize, &mut set);
            Ok(Processors(set))
        }
    }

    /// Binds the calling thread to these (`sched_setaffinity(2)`).
    pub fn bind_this_thread(&self) -> io::Result<()> {
        // SAFETY: the pointer is to a whole set, with its own size.
        check(unsafe { libc::sched_setaffinity(0, mem::size_of_val(&self.0), &raw const self.0) }).map(drop)
    }
}

/// Becomes a user for good, keeping only those of these capabilities that the process has (`capabilities(7)`): where it
/// is another user, the real, effective and saved ids change and the supplementary groups go. No program that is
/// executed later gains anything.
pub fn become_user(uid: u32, gid: u32, kept: &[u32]) -> io::Result<()> {
    // SAFETY: none of these takes a pointer but setgroups, whose list is empty.
    unsafe {
        if effective_ids() != (uid, gid) {
            check(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0))?;
            check(libc::setgroups(0, std::ptr::null()))?;
            check(libc::setresgid(gid, gid, gid))?;
            check(libc::setresuid(uid, uid, uid))?;
        }
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        // Changing the user makes the process undumpable, which would hide its own /proc files from it.
        check(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))?;
    }
    keep_capabilities(kept)
}

/// `struct __user_cap_header_struct` and two of `struct __user_cap_data_struct` (`capset(2)`).
#[repr(C)]
struct CapHeader {
    version: u32,
    pid: c_int,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct CapData {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up every capability but these (numbers of `linux/capability.h`, below 32).
pub fn keep_capabilities(kept: &[u32]) -> io::Result<()> {
    const VERSION_3: u32 = 0x2008_0522;
    let wanted = kept.iter().fold(0u32, |mask, number| mask | 1 << number);
    let header = CapHeader { version: VERSION_3, pid: 0 };
    let none = CapData { effective: 0, permitted: 0, inheritable: 0 };
    let mut data = [none; 2];
    // SAFETY: version 3 takes a header and two data blocks, which these are; all live across both calls.
    unsafe {
        check(libc::syscall(libc::SYS_capget, &raw const header, data.as_mut_ptr()) as c_int)?;
        let mask = data[0].permitted & wanted;
        let data = [CapData { effective: mask, permitted: mask, inheritable: 0 }, none];
        check(libc::syscall(libc::SYS_capset, &raw const header, data.as_ptr()) as c_int).map(drop)
    }
}

/// Who is at the other end of a Unix socket: user and process (`SO_PEERCRED` of `unix(7)`).
pub fn peer(stream: &std::os::unix::net::UnixStream) -> io::Result<(u32, u32)> {
    let peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let peer = option(stream.as_raw_fd(), libc::SO_PEERCRED, libc::SOL_SOCKET, peer)?;
    Ok((peer.uid, u32::try_from(peer.pid).unwrap_or(0)))
}

/// Moves the calling process, which must have no other thread, into a namespace (`setns(2)`); `kind` is `CLONE_NEW…`.
pub fn enter_namespace(namespace: BorrowedFd<'_>, kind: c_int) -> io::Result<()> {
    // SAFETY: takes no pointer; the kernel checks the descriptor and the kind.
    check(unsafe { libc::setns(namespace.as_raw_fd(), kind) }).map(drop)
}

/// Makes the calling process the leader of a session without a terminal (`setsid(2)`), so that no terminal's end reaches it.
pub fn leave_terminal() -> io::Result<()> {
    // SAFETY: takes nothing.
    check(unsafe { libc::setsid() }).map(drop)
}

/// Where [`note_signal`] writes.
static SIGNALS: AtomicI32 = AtomicI32::new(-1);

/// From now on these signals are written, each as a byte, into a pipe; of those that the kernel sends by itself, as it does
/// for a terminal's keys, SIGHUP alone.
pub fn write_signals(signals: &[c_int], pipe: OwnedFd) -> io::Result<()> {
    SIGNALS.store(pipe.into_raw_fd(), Ordering::SeqCst);
    for signal in signals {
        // SAFETY: an all-zero sigaction is a valid value. The handler does only what is allowed in one, and has the type that
        // SA_SIGINFO asks for.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut libc::c_void) = note_signal;
            action.sa_sigaction = handler as libc::sighandler_t;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            check(libc::sigaction(*signal, &raw const action, std::ptr::null_mut()))?;
        }
    }
    Ok(())
}

extern "C" fn note_signal(signal: c_int, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel gives a whole siginfo_t to a handler with SA_SIGINFO. `write(2)` is allowed in a handler
    // (signal-safety(7)); it takes one byte that lives across the call, and what it says of errors is put back.
    unsafe {
        if (*info).si_code > 0 && signal != libc::SIGHUP {
            return;
        }
        let errno = libc::__errno_location();
        let before = *errno;
        let byte = signal as u8;
        libc::write(SIGNALS.load(Ordering::SeqCst), (&raw const byte).cast(), 1);
        *errno = before;
    }
}
