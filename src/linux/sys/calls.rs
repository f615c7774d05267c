//! The calls of the socket interface on a descriptor by its number, whatever that stands for in the calling thread's table:
//! which error a wrong one gives is the kernel's to say. Nothing is repeated, nothing is left out.

use super::*;
use crate::model::{DeviceRequest, EpollEvents, EpollOp, FD_SETSIZE, MOST_POLLED, PollEvents, PolledDescriptor};

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
/// `connect(2)` with an address of the family `AF_UNSPEC`.
pub fn dissolve(fd: RawFd) -> io::Result<()> {
    // AF_UNSPEC is 0, and so is all that follows the family.
    let (none, length) = (SockAddrStorage::zeroed(), mem::size_of::<libc::sockaddr>() as libc::socklen_t);
    // SAFETY: the pointer is to an address that is at least as long, and lives across the call.
    check(unsafe { libc::connect(fd, (&raw const none).cast(), length) }).map(drop)
}
/// `accept4(2)` with these flags: the new descriptor, and the peer.
pub fn accept(fd: RawFd, flags: c_int) -> io::Result<(RawFd, SockAddr)> {
    let mut peer = SockAddrStorage::zeroed();
    let mut length = peer.size_of();
    // SAFETY: the pointers are to `peer` with its own size and to `length`; both live across the call.
    let fd = check(unsafe { libc::accept4(fd, (&raw mut peer).cast(), &mut length, flags | libc::SOCK_CLOEXEC) })?;
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
pub fn receive(fd: RawFd, buffer: &mut [u8], flags: c_int) -> io::Result<(usize, SockAddr)> {
    let mut sender = SockAddrStorage::zeroed();
    let mut length = sender.size_of();
    let (to, room) = (buffer.as_mut_ptr().cast(), buffer.len());
    // SAFETY: the pointers are to `buffer` and `sender` with their own sizes and to `length`; all live across the call.
    let received = unsafe { libc::recvfrom(fd, to, room, flags, (&raw mut sender).cast(), &mut length) };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: as in `accept`.
    Ok((received, unsafe { SockAddr::new(sender, length) }))
}
/// `write(2)`: how many bytes were taken.
pub fn write(fd: RawFd, data: &[u8]) -> io::Result<usize> {
    // SAFETY: the pointer is to `data` with its length.
    let written = unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}
/// `read(2)`: how many bytes came.
pub fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the pointer is to `buffer` with its length.
    let read = unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}
/// `sendmsg(2)` of several buffers, to an address or without one: how many bytes were taken.
pub fn send_message(fd: RawFd, buffers: &[&[u8]], flags: c_int, to: Option<&SockAddr>) -> io::Result<usize> {
    let mut vectors: Vec<libc::iovec> = { buffers.iter() }
        .map(|buffer| libc::iovec { iov_base: buffer.as_ptr().cast_mut().cast(), iov_len: buffer.len() })
        .collect();
    let mut message = message(&mut vectors);
    if let Some(to) = to {
        (message.msg_name, message.msg_namelen) = (to.as_ptr().cast_mut().cast(), to.len());
    }
    // SAFETY: the message has pointers to `buffers` and to an address, with their lengths alone, which the kernel only reads.
    let sent = unsafe { libc::sendmsg(fd, &message, flags) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}
/// `recvmsg(2)` into several buffers: how many bytes came in all, and from whom.
pub fn receive_message(fd: RawFd, buffers: &mut [Vec<u8>], flags: c_int) -> io::Result<(usize, SockAddr)> {
    let mut vectors: Vec<libc::iovec> = { buffers.iter_mut() }
        .map(|buffer| libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() })
        .collect();
    let mut sender = SockAddrStorage::zeroed();
    let mut message = message(&mut vectors);
    (message.msg_name, message.msg_namelen) = ((&raw mut sender).cast(), sender.size_of());
    // SAFETY: the message has pointers to `buffers` and to `sender`, with their own lengths alone, which live across the call.
    let received = unsafe { libc::recvmsg(fd, &mut message, flags) };
    let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: as in `accept`.
    Ok((received, unsafe { SockAddr::new(sender, message.msg_namelen) }))
}
fn message(vectors: &mut [libc::iovec]) -> libc::msghdr {
    // SAFETY: a message of zeros has no address, no buffers and no control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    // The type of the count is another one in other C libraries.
    message.msg_iovlen = vectors.len() as _;
    message
}
/// Blocks SIGPIPE in the calling thread (`pthread_sigmask(3)`), so that one that comes stays until it is taken, ignored or not.
pub fn hold_pipe_signal() -> io::Result<()> {
    let set = pipe_signal();
    // SAFETY: the pointer is to a set that lives across the call; no former one is asked for.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}
/// Takes the SIGPIPE that came to the calling thread (`sigtimedwait(2)`); whether there was one.
pub fn take_pipe_signal() -> bool {
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointers are to a set and a time that live across the call; no further information is asked for.
    unsafe { libc::sigtimedwait(&pipe_signal(), std::ptr::null_mut(), &now) == libc::SIGPIPE }
}
fn pipe_signal() -> libc::sigset_t {
    // SAFETY: a set of signals is numbers alone, and both calls are given one of their own.
    unsafe {
        let mut set = mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGPIPE);
        set
    }
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
/// `getsockopt(2)` of an option whose value is one int; of a longer one, its first.
pub fn option(fd: RawFd, (level, number): (c_int, c_int)) -> io::Result<c_int> {
    super::option(fd, number, level, 0)
}
/// `setsockopt(2)` of a text, which has no 0 behind it.
pub fn set_option_name(fd: RawFd, (level, number): (c_int, c_int), name: &[u8]) -> io::Result<()> {
    let size = name.len() as libc::socklen_t;
    // SAFETY: the pointer is to `name` with its own size.
    check(unsafe { libc::setsockopt(fd, level, number, name.as_ptr().cast(), size) }).map(drop)
}
/// `setsockopt(2)` of a `struct timeval`: seconds and microseconds.
pub fn set_option_time(fd: RawFd, (level, number): (c_int, c_int), time: [i64; 2]) -> io::Result<()> {
    let [seconds, microseconds] = time;
    let time = libc::timeval { tv_sec: seconds as _, tv_usec: microseconds as _ };
    let size = mem::size_of_val(&time) as libc::socklen_t;
    // SAFETY: the pointer is to `time` with its own size.
    check(unsafe { libc::setsockopt(fd, level, number, (&raw const time).cast(), size) }).map(drop)
}
/// `getsockopt(2)` of a `struct timeval`: seconds and microseconds.
pub fn option_time(fd: RawFd, (level, number): (c_int, c_int)) -> io::Result<[i64; 2]> {
    let time = super::option(fd, number, level, libc::timeval { tv_sec: 0, tv_usec: 0 })?;
    Ok([time.tv_sec as i64, time.tv_usec as i64])
}
/// `getsockopt(2)` of a structure of two ints.
pub fn option_pair(fd: RawFd, (level, number): (c_int, c_int)) -> io::Result<[c_int; 2]> {
    super::option(fd, number, level, [0; 2])
}
/// `getsockopt(2)` of a text.
pub fn option_name(fd: RawFd, (level, number): (c_int, c_int)) -> io::Result<String> {
    let bytes = super::option(fd, number, level, [0_u8; 16])?;
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}
/// `ioctl(2)` of a request that tells an int.
pub fn ask_device(fd: RawFd, request: DeviceRequest) -> io::Result<c_int> {
    let mut told: c_int = 0;
    // SAFETY: each of these requests writes one int, to a pointer that lives across the call.
    check(unsafe { libc::ioctl(fd, request.number() as _, &raw mut told) }).map(|_| told)
}
/// `fcntl(2)`, `F_GETFL`
pub fn status(fd: RawFd) -> io::Result<c_int> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::fcntl(fd, libc::F_GETFL) })
}
/// `getsockname(2)`
pub fn own_name(fd: RawFd) -> io::Result<SockAddr> {
    // SAFETY: `name` passes pointers to an address and to its size, which both live across the call.
    name(|address, length| unsafe { libc::getsockname(fd, address, length) })
}
/// `getpeername(2)`
pub fn peer_name(fd: RawFd) -> io::Result<SockAddr> {
    // SAFETY: as in `own_name`.
    name(|address, length| unsafe { libc::getpeername(fd, address, length) })
}
fn name(ask: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> c_int) -> io::Result<SockAddr> {
    let mut address = SockAddrStorage::zeroed();
    let mut length = address.size_of();
    check(ask((&raw mut address).cast(), &mut length))?;
    // SAFETY: as in `accept`.
    Ok(unsafe { SockAddr::new(address, length) })
}
/// `dup(2)`, with FD_CLOEXEC as every descriptor here has it: the lowest number that is free.
pub fn duplicate(fd: RawFd) -> io::Result<RawFd> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0) })
}
/// `poll(2)`: how many have events, and those. A timeout in milliseconds that is negative never ends.
pub fn poll(entries: &[PolledDescriptor], timeout: c_int) -> io::Result<(c_int, Vec<PolledDescriptor>)> {
    let polled = |entry: &PolledDescriptor| libc::pollfd { fd: entry.fd, events: entry.events.0, revents: 0 };
    let mut fds: Vec<libc::pollfd> = entries.iter().map(polled).collect();
    // SAFETY: the pointer is to as many entries as are said, which live across the call.
    let ready = check(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) })?;
    let told = fds.iter().filter(|polled| polled.revents != 0);
    Ok((ready, told.map(|polled| PolledDescriptor::new(polled.fd, PollEvents(polled.revents))).collect()))
}
/// `select(2)` of the descriptors that have POLLIN, POLLOUT and POLLPRI, one set for each; a set without any is none. How many
/// places the sets have in all, and those. A descriptor without a place in a set is left out, and no more are looked at than have one.
pub fn select(nfds: c_int, fds: &[PolledDescriptor], timeout: c_int) -> io::Result<(c_int, Vec<PolledDescriptor>)> {
    let events = [PollEvents::IN, PollEvents::OUT, PollEvents::PRI];
    let fits = |polled: &&PolledDescriptor| (0..FD_SETSIZE).contains(&polled.fd);
    let mut sets = events.map(|event| {
        // SAFETY: a set is numbers alone; each descriptor has a place in it.
        let set = |mut set: libc::fd_set, polled: &PolledDescriptor| unsafe {
            libc::FD_SET(polled.fd, &mut set);
            set
        };
        let wanted = fds.iter().filter(fits).filter(|polled| polled.events.has(event));
        // SAFETY: as above; zeros are an empty one.
        let filled = wanted.fold(unsafe { mem::zeroed() }, set);
        fds.iter().any(|polled| polled.events.has(event)).then_some(filled)
    });
    let [read, write, except] =
        sets.each_mut().map(|set| set.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut));
    let ms = i64::from(timeout);
    let mut time = libc::timeval { tv_sec: ms / 1000, tv_usec: ms % 1000 * 1000 };
    let time = if timeout < 0 { std::ptr::null_mut() } else { &raw mut time };
    // SAFETY: the pointers are to sets with room for as many descriptors as are looked at, and to a time, or to nothing; all live across the call.
    let ready = check(unsafe { libc::select(nfds.min(FD_SETSIZE), read, write, except, time) })?;
    let told = |polled: &PolledDescriptor| {
        let has = |(set, event): (&Option<libc::fd_set>, PollEvents)| {
            // SAFETY: as above.
            let is = set.as_ref().is_some_and(|set| unsafe { libc::FD_ISSET(polled.fd, set) });
            if is { event } else { PollEvents::default() }
        };
        let events = sets.iter().zip(events).map(has).fold(PollEvents::default(), PollEvents::with);
        (events != PollEvents::default()).then_some(PolledDescriptor::new(polled.fd, events))
    };
    Ok((ready, fds.iter().filter(fits).filter_map(told).collect()))
}
/// `epoll_create1(2)`, with EPOLL_CLOEXEC as every descriptor here has it.
pub fn epoll_create() -> io::Result<RawFd> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}
/// `epoll_ctl(2)`. What is told of a descriptor is its number.
pub fn epoll_ctl(epfd: RawFd, op: EpollOp, fd: RawFd, EpollEvents(events): EpollEvents) -> io::Result<()> {
    let op = match op {
        EpollOp::Add => libc::EPOLL_CTL_ADD,
        EpollOp::Mod => libc::EPOLL_CTL_MOD,
        EpollOp::Del => libc::EPOLL_CTL_DEL,
    };
    let mut event = libc::epoll_event { events, u64: u64::from(fd.cast_unsigned()) };
    // SAFETY: the pointer is to an event that lives across the call.
    check(unsafe { libc::epoll_ctl(epfd, op, fd, &mut event) }).map(drop)
}
/// `epoll_wait(2)` for at most `most` descriptors, of which no more are told than a side's call may name: how many, and those. A
/// timeout as that of [`poll`].
pub fn epoll_wait(epfd: RawFd, most: c_int, timeout: c_int) -> io::Result<(c_int, Vec<PolledDescriptor>)> {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; MOST_POLLED];
    // SAFETY: the pointer is to at least as many events as may be told, which live across the call.
    let ready = check(unsafe { libc::epoll_wait(epfd, events.as_mut_ptr(), most.min(MOST_POLLED as c_int), timeout) })?;
    let told = |event: &libc::epoll_event| {
        let (fd, events) = (event.u64 as u32, event.events);
        PolledDescriptor::new(fd.cast_signed(), EpollEvents(events).readiness())
    };
    Ok((ready, events.iter().take(usize::try_from(ready).unwrap_or(0)).map(told).collect()))
}
/// `fcntl(2)`, `F_GETFL`, then `F_SETFL` with O_NONBLOCK added, or taken back.
pub fn set_nonblocking(fd: RawFd, on: bool) -> io::Result<()> {
    // SAFETY: neither command takes a pointer.
    let set = |command, flags: c_int| check(unsafe { libc::fcntl(fd, command, flags) });
    let flags = set(libc::F_GETFL, 0)? & !libc::O_NONBLOCK;
    set(libc::F_SETFL, if on { flags | libc::O_NONBLOCK } else { flags }).map(drop)
}
