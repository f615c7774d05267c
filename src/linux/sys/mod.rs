//! The only folder with `unsafe`: system calls that neither the standard library nor socket2 nor rustix wraps as they are
//! needed here.
//!
//! Each function is a thin, safe wrapper of one call; errors are the kernel's own, as [`io::Error`].
#![allow(unsafe_code)]

use std::ffi::c_int;
use std::io::{self, IoSlice};
use std::mem;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::thread::{self, JoinHandle};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, LinkNameSpaceType, capabilities, move_into_link_name_space, set_capabilities,
    set_keep_capabilities, set_no_new_privs,
};
use socket2::{SockAddr, SockAddrStorage};

pub mod calls;
pub mod capture;
pub mod fork;
pub mod lookup;
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

/// From how many bytes on an allocation has pages of its own, which the kernel gives only as they are touched: buffers have room for the
/// longest packet, which is rare.
#[cfg(target_env = "gnu")]
const OWN_PAGES: c_int = 64 << 10;

/// Has all threads allocate in one heap (`mallopt(3)`, `M_ARENA_MAX`), and not each in a heap of its own: they seldom allocate at
/// the same time, and each heap is reserved, and grows page by page. Call it before the first thread is made. Only glibc does so.
pub fn share_one_heap() {
    // SAFETY: takes no pointer; what isn't known is refused.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_PAGES);
    }
}

/// The caller's effective user and group (`geteuid(2)`, `getegid(2)`).
pub fn effective_ids() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

/// The calling thread's number (`gettid(2)`).
pub fn thread_id() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
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

/// The calling thread handles this signal, whatever it inherited (`pthread_sigmask(3)`).
pub fn accept_signal(signal: c_int) -> io::Result<()> {
    // SAFETY: an all-zero sigset_t is a valid value, which lives across the calls.
    let error = unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut())
    };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// No signal but this one is handled by the calling thread, or by those that it starts (`pthread_sigmask(3)`).
fn leave_signals_to_others(but: c_int) -> io::Result<()> {
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
    let sent = [fd.as_fd(), far.as_fd()];
    let mut room = [mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = SendAncillaryBuffer::new(&mut room);
    // There is room for two.
    ancillary.push(SendAncillaryMessage::ScmRights(&sent));
    let result = sendmsg(&near, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL);
    drop(fd);
    drop(far);
    drop(near);
    Ok(result.map(drop)?)
}

/// Starts a thread with an empty table of descriptors of its own, which does what it is sent until nobody can send any more. First it
/// sends whether the system allowed it the table: else it shares its starter's. What it is sent brings no owner of a
/// descriptor along, since the same number means something else there. It handles no signal but this one.
pub fn start_with_own_descriptors(
    builder: thread::Builder,
    but: c_int,
    is_own: Sender<bool>,
    jobs: Receiver<Box<dyn FnOnce() + Send>>,
) -> io::Result<JoinHandle<()>> {
    builder.spawn(move || {
        // A handler writes to a descriptor of the program's, which means nothing here: the signal would be lost.
        let _ = leave_signals_to_others(but);
        // SAFETY: all that this thread has is two channels, which own no descriptor.
        let own = unsafe { own_descriptors() };
        let _ = is_own.send(own.is_ok());
        jobs.iter().for_each(|job| job());
    })
}

/// The same with a copy of the starter's table of descriptors, which the starter goes on with: as `fork(2)` leaves it to a child. Where
/// the system refuses it, the thread shares the starter's.
pub fn start_with_copied_descriptors(
    builder: thread::Builder,
    but: c_int,
    copied: Sender<io::Result<()>>,
    jobs: Receiver<Box<dyn FnOnce() + Send>>,
) -> io::Result<JoinHandle<()>> {
    builder.spawn(move || {
        let _ = leave_signals_to_others(but);
        let _ = copied.send(own_table());
        jobs.iter().for_each(|job| job());
    })
}

/// Gives the calling thread an empty table of descriptors of its own. In the table that it leaves, nothing changes.
///
/// # Safety
/// Nothing in the calling thread owns a descriptor, or will own one that was opened before.
// SAFETY: as said above; the closing below relies on it.
unsafe fn own_descriptors() -> io::Result<()> {
    own_table()?;
    let listed: Vec<RawFd> = std::fs::read_dir("/proc/thread-self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for fd in listed {
        // SAFETY: the table is this thread's alone since the call above, and the caller owns nothing in it. The one that
        // listed these is closed: EBADF then.
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
    match calls::peer_name(fd) {
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

/// A set of processors (`sched_getaffinity(2)`), as many as the machine may have: rustix's has room for 1,024.
pub struct Processors(Vec<libc::c_ulong>);

impl Processors {
    /// Room for 1,024, which is enough for nearly every kernel.
    const WORDS: usize = 1024 / libc::c_ulong::BITS as usize;

    /// Those on which the calling thread may run.
    pub fn of_this_thread() -> io::Result<Processors> {
        let mut words = vec![0; Processors::WORDS];
        loop {
            // SAFETY: the pointer is to the words, with their own size.
            let result = unsafe { libc::sched_getaffinity(0, mem::size_of_val(&words[..]), words.as_mut_ptr().cast()) };
            match check(result) {
                // The kernel may have more processors than there is room for.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) && words.len() < Processors::WORDS << 10 => {
                    words.resize(words.len() * 2, 0);
                }
                result => return result.map(|_| Processors(words)),
            }
        }
    }

    /// The one on which the calling thread runs at this moment (`sched_getcpu(3)`).
    pub fn current() -> Processors {
        Processors::only(rustix::thread::sched_getcpu())
    }

    fn only(number: usize) -> Processors {
        let bits = libc::c_ulong::BITS as usize;
        let mut words = vec![0; number / bits + 1];
        words[number / bits] = 1 << (number % bits);
        Processors(words)
    }

    /// Binds the calling thread to these (`sched_setaffinity(2)`).
    pub fn bind_this_thread(&self) -> io::Result<()> {
        // SAFETY: the pointer is to the words, with their own size; what they don't reach is taken for zero.
        check(unsafe { libc::sched_setaffinity(0, mem::size_of_val(&self.0[..]), self.0.as_ptr().cast()) }).map(drop)
    }
}

/// Becomes a user for good, keeping only those of these capabilities that the process has (`capabilities(7)`): where it
/// is another user, the real, effective and saved ids change and the supplementary groups go. No program that is
/// executed later gains anything.
pub fn become_user(uid: u32, gid: u32, kept: &[u32]) -> io::Result<()> {
    if effective_ids() != (uid, gid) {
        set_keep_capabilities(true)?;
        // Of the whole process, whatever threads it has: rustix changes the calling thread alone.
        // SAFETY: none of these takes a pointer but setgroups, whose list is empty.
        unsafe {
            check(libc::setgroups(0, std::ptr::null()))?;
            check(libc::setresgid(gid, gid, gid))?;
            check(libc::setresuid(uid, uid, uid))?;
        }
    }
    set_no_new_privs(true)?;
    // Changing the user makes the process undumpable, which would hide its own /proc files from it.
    set_dumpable_behavior(DumpableBehavior::Dumpable)?;
    keep_capabilities(kept)
}

/// Gives up every capability but these (numbers of `linux/capability.h`).
pub fn keep_capabilities(kept: &[u32]) -> io::Result<()> {
    let wanted = kept.iter().fold(0u64, |mask, number| mask | 1 << number);
    let permitted = capabilities(None)?.permitted & CapabilitySet::from_bits_retain(wanted);
    let sets = CapabilitySets { effective: permitted, permitted, inheritable: CapabilitySet::empty() };
    Ok(set_capabilities(None, sets)?)
}

/// Who is at the other end of a Unix socket: user and process (`SO_PEERCRED` of `unix(7)`).
pub fn peer(stream: &std::os::unix::net::UnixStream) -> io::Result<(u32, u32)> {
    // Of a process in another PID namespace the number is 0, which rustix's type can't be.
    let peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let peer = option(stream.as_raw_fd(), libc::SO_PEERCRED, libc::SOL_SOCKET, peer)?;
    Ok((peer.uid, u32::try_from(peer.pid).unwrap_or(0)))
}

/// Moves the calling process, which must have no other thread, into a namespace of this kind (`setns(2)`).
pub fn enter_namespace(namespace: BorrowedFd<'_>, kind: LinkNameSpaceType) -> io::Result<()> {
    Ok(move_into_link_name_space(namespace, Some(kind))?)
}

/// Makes the calling process the leader of a session without a terminal (`setsid(2)`), so that no terminal's end reaches it.
pub fn leave_terminal() -> io::Result<()> {
    Ok(rustix::process::setsid().map(drop)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_processors_has_room_for_any_number() {
        for number in [0, 63, 64, 1023, 1024, 5000] {
            let Processors(words) = Processors::only(number);
            let bits = libc::c_ulong::BITS as usize;
            let set: Vec<usize> = (0..words.len() * bits).filter(|n| words[n / bits] >> (n % bits) & 1 == 1).collect();
            assert_eq!(set, [number]);
        }
        std::thread::spawn(|| {
            let before = Processors::of_this_thread().unwrap();
            Processors::current().bind_this_thread().unwrap();
            let Processors(alone) = Processors::of_this_thread().unwrap();
            assert_eq!(alone.iter().map(|word| word.count_ones()).sum::<u32>(), 1);
            before.bind_this_thread().unwrap();
            assert_eq!(Processors::of_this_thread().unwrap().0, before.0);
            // A processor that no machine has.
            assert_eq!(Processors::only(1 << 20).bind_this_thread().unwrap_err().raw_os_error(), Some(libc::EINVAL));
        })
        .join()
        .unwrap();
    }
}
