//! The calls of section 2, as plain as they are, each telling what it came to.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::fs;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::mem::size_of;
use std::net::SocketAddr;
use std::ptr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use libc::{c_int, c_long};
use socket2::SockAddr;
use sockwalk::model::{CallName, EpollEvents, Errno, PollEvents, event_text};

use super::super::{BOUND, until};
use super::tell;

/// A return value, or an error's number.
pub type Came = Result<i64, i32>;

fn came(value: impl Into<i64>) -> Came {
    match value.into() {
        -1 => Err(io::Error::last_os_error().raw_os_error().unwrap()),
        value => Ok(value),
    }
}

fn told(name: &str, came: Came) -> Came {
    match came {
        Ok(value) => tell(&format!("{name} {value}")),
        Err(number) => tell(&format!("{name} {}", Errno(number))),
    }
    came
}

fn told_fd(name: &str, came: Came) -> c_int {
    match came {
        Ok(fd) => {
            tell(&format!("{name} fd"));
            fd as c_int
        }
        Err(number) => {
            tell(&format!("{name} {}", Errno(number)));
            -1
        }
    }
}

// ---------------------------------------------------------------- the calls themselves, silent

fn raw_socket(domain: c_int, kind: c_int, protocol: c_int) -> Came {
    // SAFETY: takes no pointer.
    came(unsafe { libc::socket(domain, kind, protocol) })
}

fn raw_bind(fd: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    // SAFETY: the address lives until the call returns, and the length is its own.
    came(unsafe { libc::bind(fd, addr.as_ptr().cast(), addr.len()) })
}

fn raw_listen(fd: c_int, backlog: c_int) -> Came {
    // SAFETY: takes no pointer.
    came(unsafe { libc::listen(fd, backlog) })
}

fn raw_accept(fd: c_int) -> Came {
    // SAFETY: accept(2) allows both pointers to be null.
    came(unsafe { libc::accept(fd, ptr::null_mut(), ptr::null_mut()) })
}

fn raw_connect(fd: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    // SAFETY: the address lives until the call returns, and the length is its own.
    came(unsafe { libc::connect(fd, addr.as_ptr().cast(), addr.len()) })
}

fn raw_send(fd: c_int, length: usize) -> Came {
    raw_send_with(fd, length, 0)
}

fn raw_send_with(fd: c_int, length: usize, flags: c_int) -> Came {
    let data = vec![b'x'; length];
    // SAFETY: the buffer lives until the call returns, and has that length.
    came(unsafe { libc::send(fd, data.as_ptr().cast(), data.len(), libc::MSG_NOSIGNAL | flags) } as i64)
}

fn raw_recv(fd: c_int, length: usize) -> Came {
    raw_recv_with(fd, length, 0)
}

/// `recv(2)`, untold.
pub fn raw_recv_with(fd: c_int, length: usize, flags: c_int) -> Came {
    let mut data = vec![0_u8; length];
    // SAFETY: the buffer lives until the call returns, and has room for that length.
    came(unsafe { libc::recv(fd, data.as_mut_ptr().cast(), data.len(), flags) } as i64)
}

fn raw_sendto(fd: c_int, length: usize, flags: c_int, addr: &str) -> Came {
    let (data, addr) = (vec![b'x'; length], SockAddr::from(addr.parse::<SocketAddr>().unwrap()));
    // SAFETY: buffer and address live until the call returns, and the lengths are their own.
    came(unsafe { libc::sendto(fd, data.as_ptr().cast(), data.len(), flags, addr.as_ptr().cast(), addr.len()) } as i64)
}

fn raw_recvfrom(fd: c_int, length: usize) -> Came {
    let mut data = vec![0_u8; length];
    let (buffer, none) = (data.as_mut_ptr().cast(), ptr::null_mut());
    // SAFETY: the buffer lives until the call returns, and has room for that length; no address is asked for.
    came(unsafe { libc::recvfrom(fd, buffer, data.len(), 0, none, ptr::null_mut()) } as i64)
}

fn raw_poll(fds: &mut [libc::pollfd], timeout: c_int) -> Came {
    // SAFETY: the pointer is to as many entries as are said, which live until the call returns.
    came(unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) })
}

/// What a call that waits for several descriptors came to, and the events of each, in their order.
type Told = (Came, Vec<PollEvents>);

/// The events of each, by the names that the call has for them.
fn tell_revents(call: CallName, events: &[PollEvents]) {
    let events: Vec<String> = events.iter().map(|events| event_text(call, *events)).collect();
    tell(&format!("revents {}", events.join("/")));
}

fn told_poll(fds: &[(c_int, i16)], timeout: c_int) -> Told {
    let mut fds = pollfds(fds);
    let came = raw_poll(&mut fds, timeout);
    (came, fds.iter().map(|polled| PollEvents(polled.revents)).collect())
}

/// `select(2)` of descriptors, each in the sets that its events mean; milliseconds, and less than 0 is no end.
fn told_select(nfds: c_int, fds: &[(c_int, i16)], timeout: c_int) -> Told {
    let events = [libc::POLLIN, libc::POLLOUT, libc::POLLPRI];
    let mut sets = events.map(|event| {
        // SAFETY: a set is numbers alone, and the scenario's descriptors have a place in it.
        unsafe {
            let mut set: libc::fd_set = std::mem::zeroed();
            fds.iter().filter(|(_, wanted)| wanted & event != 0).for_each(|(fd, _)| libc::FD_SET(*fd, &mut set));
            set
        }
    });
    let mut time = libc::timeval { tv_sec: 0, tv_usec: (timeout * 1000).into() };
    let time = if timeout < 0 { ptr::null_mut() } else { &raw mut time };
    let [read, write, except] = sets.each_mut().map(ptr::from_mut);
    // SAFETY: the pointers are to sets and to a time, or to none, which live until the call returns.
    let came = came(unsafe { libc::select(nfds, read, write, except, time) });
    let told = |(fd, _): &(c_int, i16)| {
        // SAFETY: as above.
        let is = |set| unsafe { libc::FD_ISSET(*fd, set) };
        let events = sets.iter().zip(events).filter(|(set, _)| is(*set)).map(|(_, event)| event);
        PollEvents(events.fold(0, |all, event| all | event))
    };
    (came, fds.iter().map(told).collect())
}

/// `epoll_wait(2)`: the events of these descriptors, each of which was added with its number.
fn told_epoll(epfd: c_int, fds: &[c_int], timeout: c_int) -> Told {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; 8];
    // SAFETY: the pointer is to as many events as are said, which live until the call returns.
    let came = came(unsafe { libc::epoll_wait(epfd, events.as_mut_ptr(), 8, timeout) });
    let count = came.map_or(0, |count| usize::try_from(count).unwrap());
    let of = |fd: &c_int| {
        let told = events[..count].iter().find(|event| { event.u64 } == *fd as u64);
        EpollEvents(told.map_or(0, |event| event.events)).readiness()
    };
    (came, fds.iter().map(of).collect())
}

fn pollfds(fds: &[(c_int, i16)]) -> Vec<libc::pollfd> {
    fds.iter().map(|(fd, events)| libc::pollfd { fd: *fd, events: *events, revents: 0 }).collect()
}

fn raw_set(fd: c_int, level: c_int, option: c_int, value: c_int) -> Came {
    let length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the pointer is to one int, and the length is its own.
    came(unsafe { libc::setsockopt(fd, level, option, ptr::from_ref(&value).cast(), length) })
}

// ---------------------------------------------------------------- the calls, telling

pub fn socket_of(domain: c_int, kind: c_int, protocol: c_int) -> c_int {
    told_fd("socket", raw_socket(domain, kind, protocol))
}

pub fn bind(fd: c_int, addr: &str) -> Came {
    told("bind", raw_bind(fd, addr))
}

/// `bind(2)` with a pointer to nothing.
pub fn bind_nowhere(fd: c_int) -> Came {
    // SAFETY: the kernel reads the address and refuses a pointer that isn't the process's.
    told("bind", came(unsafe { libc::bind(fd, ptr::null(), size_of::<libc::sockaddr_in>() as libc::socklen_t) }))
}

/// An address whose length is that of a pointer.
const SHORT: libc::socklen_t = 8;

pub fn bind_short(fd: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    // SAFETY: the address lives until the call returns, and is longer than the length says.
    told("bind", came(unsafe { libc::bind(fd, addr.as_ptr().cast(), SHORT) }))
}

pub fn connect_short(fd: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    // SAFETY: as above.
    told("connect", came(unsafe { libc::connect(fd, addr.as_ptr().cast(), SHORT) }))
}

pub fn sendto_short(fd: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    let byte = [1_u8];
    // SAFETY: as above; the byte lives as long.
    told("sendto", came(unsafe { libc::sendto(fd, byte.as_ptr().cast(), 1, 0, addr.as_ptr().cast(), SHORT) } as c_int))
}

/// Both ask for an address and give no length.
pub fn accept_without_length(fd: c_int) -> Came {
    let mut addr = [0_u8; 128];
    // SAFETY: there is room for any address; the kernel refuses a length that isn't there.
    told("accept", came(unsafe { libc::accept(fd, addr.as_mut_ptr().cast(), ptr::null_mut()) }))
}

pub fn recv_without_length(fd: c_int) -> Came {
    let (mut addr, mut byte) = ([0_u8; 128], [0_u8]);
    let (to, room) = (addr.as_mut_ptr().cast(), byte.as_mut_ptr().cast());
    // SAFETY: as above; there is room for the byte.
    told("recv", came(unsafe { libc::recvfrom(fd, room, 1, 0, to, ptr::null_mut()) } as c_int))
}

/// With AF_UNSPEC, and another address than the one for all.
pub fn bind_without_family(fd: c_int) -> Came {
    let mut address: [u8; size_of::<libc::sockaddr_in>()] = [0; _];
    address[4] = 127;
    // SAFETY: the pointer is to as many bytes as the length says.
    told("bind", came(unsafe { libc::bind(fd, address.as_ptr().cast(), address.len() as libc::socklen_t) }))
}

/// Executes a file that isn't there.
pub fn execute_nothing() -> Came {
    let none = [std::ptr::null()];
    // SAFETY: the name ends with 0, and the lists with a null pointer.
    told("execve", came(unsafe { libc::execve(c"/nonexistent/program".as_ptr(), none.as_ptr(), none.as_ptr()) }))
}

pub fn listen(fd: c_int, backlog: c_int) -> Came {
    told("listen", raw_listen(fd, backlog))
}

pub fn accept(fd: c_int) -> c_int {
    told_fd("accept", raw_accept(fd))
}

pub fn connect(fd: c_int, addr: &str) -> Came {
    told("connect", raw_connect(fd, addr))
}

/// `connect(2)` with AF_UNSPEC, which is 0.
pub fn dissolve(fd: c_int) -> Came {
    let none = [0_u8; size_of::<libc::sockaddr>()];
    // SAFETY: the pointer is to as many bytes as the length says.
    told("connect", came(unsafe { libc::connect(fd, none.as_ptr().cast(), none.len() as libc::socklen_t) }))
}

/// Sends so many bytes at once.
pub fn send(fd: c_int, length: usize) -> Came {
    let came = raw_send(fd, length);
    match came {
        Ok(sent) if (sent as usize) < length => tell("send short"),
        came => drop(told("send", came)),
    }
    came
}

pub fn recv(fd: c_int, length: usize) -> Came {
    told("recv", raw_recv(fd, length))
}

/// Both with flags beside MSG_NOSIGNAL.
pub fn send_with(fd: c_int, length: usize, flags: c_int) -> Came {
    told("send", raw_send_with(fd, length, flags))
}

pub fn recv_with(fd: c_int, length: usize, flags: c_int) -> Came {
    told("recv", raw_recv_with(fd, length, flags))
}

pub fn sendto(fd: c_int, length: usize, addr: &str) -> Came {
    sendto_with(fd, length, 0, addr)
}

pub fn sendto_with(fd: c_int, length: usize, flags: c_int, addr: &str) -> Came {
    told("sendto", raw_sendto(fd, length, flags, addr))
}

pub fn recvfrom(fd: c_int, length: usize) -> Came {
    told("recvfrom", raw_recvfrom(fd, length))
}

pub fn shutdown(fd: c_int, how: c_int) -> Came {
    // SAFETY: takes no pointer.
    told("shutdown", came(unsafe { libc::shutdown(fd, how) }))
}

pub fn close(fd: c_int) -> Came {
    told("close", quiet_close(fd))
}

pub fn setsockopt(fd: c_int, level: c_int, option: c_int, value: c_int) -> Came {
    told("setsockopt", raw_set(fd, level, option, value))
}

pub fn fcntl(fd: c_int, command: c_int, argument: c_int) -> Came {
    // SAFETY: the commands that are used take an int.
    told("fcntl", came(unsafe { libc::fcntl(fd, command, argument) }))
}

/// `setsockopt(2)` of a value that is no int.
pub fn set_bytes(fd: c_int, level: c_int, option: c_int, value: &[u8]) -> Came {
    let length = value.len() as libc::socklen_t;
    // SAFETY: the pointer is to as many bytes as are said.
    told("setsockopt", came(unsafe { libc::setsockopt(fd, level, option, value.as_ptr().cast(), length) }))
}

/// `ioctl(2)` of a request that tells an int.
pub fn ioctl(fd: c_int, request: libc::c_ulong) -> Came {
    let mut told_int: c_int = 0;
    // SAFETY: the requests that are used write one int, to a pointer that lives across the call.
    told("ioctl", came(unsafe { libc::ioctl(fd, request as _, &raw mut told_int) }))
}

/// `dup(2)`
pub fn dup(fd: c_int) -> c_int {
    // SAFETY: takes no pointer.
    told_fd("dup", came(unsafe { libc::dup(fd) }))
}

/// A child of `fork(2)`, which makes the calls that it is told to, one at a time.
pub struct ForkedChild {
    orders: PipeWriter,
    answers: PipeReader,
}

impl ForkedChild {
    pub fn fork() -> ForkedChild {
        let ((mut told, orders), (answers, mut tells)) = (io::pipe().unwrap(), io::pipe().unwrap());
        // SAFETY: the child makes system calls alone: it takes no lock and asks for no memory, and ends by one.
        match unsafe { libc::fork() } {
            -1 => panic!("{}", io::Error::last_os_error()),
            0 => {
                drop((orders, answers));
                let mut order = [0; 3];
                while told.read_exact(&mut order).is_ok() {
                    if tells.write_all(&obey(order).to_ne_bytes()).is_err() {
                        break;
                    }
                }
                // SAFETY: ends the process, and nothing of the parent's.
                unsafe { libc::_exit(0) }
            }
            _ => tell("fork child"),
        }
        ForkedChild { orders, answers }
    }

    pub fn close(&mut self, fd: c_int) {
        let _ = told("close", self.makes(b'c', fd, 0));
    }

    pub fn send(&mut self, fd: c_int, length: u8) {
        let _ = told("send", self.makes(b's', fd, length));
    }

    pub fn shutdown(&mut self, fd: c_int, how: c_int) {
        let _ = told("shutdown", self.makes(b'h', fd, how as u8));
    }

    /// Sets O_NONBLOCK.
    pub fn never_waits(&mut self, fd: c_int) {
        let _ = told("fcntl", self.makes(b'n', fd, 0));
    }

    pub fn accept(&mut self, fd: c_int) {
        let _ = told_fd("accept", self.makes(b'a', fd, 0));
    }

    fn makes(&mut self, call: u8, fd: c_int, argument: u8) -> Came {
        self.orders.write_all(&[call, fd as u8, argument]).unwrap();
        let mut answer = [0; 8];
        self.answers.read_exact(&mut answer).unwrap();
        match i64::from_ne_bytes(answer) {
            error @ ..0 => Err(-error as i32),
            value => Ok(value),
        }
    }
}

/// In the child: the call's value, or the error's number with a minus.
fn obey([call, fd, argument]: [u8; 3]) -> i64 {
    let (fd, data) = (c_int::from(fd), [b'x'; 255]);
    // SAFETY: the buffer lives until the call returns and has that length; no address is asked for.
    let value = unsafe {
        match call {
            b'c' => libc::close(fd).into(),
            b's' => libc::send(fd, data.as_ptr().cast(), argument.into(), libc::MSG_NOSIGNAL) as i64,
            b'h' => libc::shutdown(fd, argument.into()).into(),
            b'n' => libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK).into(),
            _ => libc::accept(fd, ptr::null_mut(), ptr::null_mut()).into(),
        }
    };
    if value == -1 { -i64::from(io::Error::last_os_error().raw_os_error().unwrap_or(0)) } else { value }
}

/// `write(2)`
pub fn write(fd: c_int, length: usize) -> Came {
    let data = vec![b'x'; length];
    // SAFETY: the buffer lives until the call returns, and the length is its own.
    told("write", came(unsafe { libc::write(fd, data.as_ptr().cast(), data.len()) } as i64))
}

/// `read(2)`
pub fn read(fd: c_int, length: usize) -> Came {
    let mut data = vec![0_u8; length];
    // SAFETY: the buffer lives until the call returns, and has room for that length.
    told("read", came(unsafe { libc::read(fd, data.as_mut_ptr().cast(), data.len()) } as i64))
}

/// `sendmsg(2)` of these buffers.
pub fn sendmsg(fd: c_int, buffers: &[&[u8]], flags: c_int) -> Came {
    let of = |part: &&[u8]| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() };
    let mut parts: Vec<libc::iovec> = buffers.iter().map(of).collect();
    let message = message(&mut parts);
    // SAFETY: all that the message points to lives until the call returns, and is only read.
    told("sendmsg", came(unsafe { libc::sendmsg(fd, &message, flags) } as i64))
}

/// The same to an address.
pub fn sendmsg_to(fd: c_int, buffers: &[&[u8]], flags: c_int, addr: &str) -> Came {
    let addr = SockAddr::from(addr.parse::<SocketAddr>().unwrap());
    let of = |part: &&[u8]| libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() };
    let mut parts: Vec<libc::iovec> = buffers.iter().map(of).collect();
    let mut message = message(&mut parts);
    (message.msg_name, message.msg_namelen) = (addr.as_ptr().cast_mut().cast(), addr.len());
    // SAFETY: all that the message points to lives until the call returns, and is only read.
    told("sendmsg", came(unsafe { libc::sendmsg(fd, &message, flags) } as i64))
}

/// `recvmsg(2)` into one buffer, with the sender's address, where one is told.
pub fn recvmsg_from(fd: c_int, size: usize) {
    let mut buffer = vec![0_u8; size];
    let mut parts = [libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: size }];
    let mut message = message(&mut parts);
    // SAFETY: all that the message points to lives until the call returns, and the kernel says how long the address is.
    let (received, sender) = unsafe {
        SockAddr::try_init(|storage, length| {
            (message.msg_name, message.msg_namelen) = (storage.cast(), *length);
            let received = libc::recvmsg(fd, &mut message, 0) as i64;
            *length = message.msg_namelen;
            Ok(received)
        })
    }
    .unwrap();
    let _ = told("recvmsg", came(received));
    tell(&format!("from {}", sender.as_socket().map_or_else(|| "nobody".to_owned(), |sender| sender.to_string())));
}

/// `recvmsg(2)` into buffers of these sizes; what each has got is told too.
pub fn recvmsg(fd: c_int, sizes: &[usize], flags: c_int) -> Came {
    let mut buffers: Vec<Vec<u8>> = sizes.iter().map(|size| vec![0; *size]).collect();
    let of = |part: &mut Vec<u8>| libc::iovec { iov_base: part.as_mut_ptr().cast(), iov_len: part.len() };
    let mut parts: Vec<libc::iovec> = buffers.iter_mut().map(of).collect();
    let mut message = message(&mut parts);
    // SAFETY: all that the message points to lives until the call returns.
    let came = told("recvmsg", came(unsafe { libc::recvmsg(fd, &mut message, flags) } as i64));
    let filled = buffers.iter().map(|part| String::from_utf8_lossy(part).trim_matches('\0').to_owned());
    tell(&format!("filled {}", filled.collect::<Vec<_>>().join("/")));
    came
}

fn message(parts: &mut [libc::iovec]) -> libc::msghdr {
    // SAFETY: a message of zeros has no address, no buffers and no control data.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = parts.as_mut_ptr();
    message.msg_iovlen = parts.len() as _;
    message
}

/// `getaddrinfo(3)` for SOCK_STREAM, and the addresses of its list in order.
pub fn lookup(node: Option<&str>, service: Option<&str>, family: c_int, flags: c_int) {
    let [node, service] = [node, service].map(|name| name.map(|name| CString::new(name).unwrap()));
    let [of_node, of_service] = [&node, &service].map(|name| name.as_ref().map_or(ptr::null(), |name| name.as_ptr()));
    // SAFETY: hints of zeros ask for nothing.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    (hints.ai_family, hints.ai_flags, hints.ai_socktype) = (family, flags, libc::SOCK_STREAM);
    let mut list = ptr::null_mut();
    // SAFETY: the names are C's or NULL, and live until the call returns.
    let error = unsafe { libc::getaddrinfo(of_node, of_service, &hints, &mut list) };
    if error != 0 {
        return tell(&format!("getaddrinfo {}", Errno(error)));
    }
    tell("getaddrinfo 0");
    let (mut next, mut found) = (list, Vec::new());
    // SAFETY: the list is libc's, whose entries have IPv4 and IPv6 addresses of their own lengths.
    while let Some(entry) = unsafe { next.as_ref() } {
        let address = unsafe {
            SockAddr::try_init(|storage, length| {
                ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), storage.cast(), entry.ai_addrlen as usize);
                *length = entry.ai_addrlen;
                Ok(())
            })
        };
        found.push(address.unwrap().1.as_socket().unwrap().to_string());
        next = entry.ai_next;
    }
    // SAFETY: it is what the call has made.
    unsafe { libc::freeaddrinfo(list) };
    tell(&format!("addresses {}", found.join(" ")));
}

/// Lays files over those of `/etc` with the same names, for the calling thread.
pub fn lay_over_etc(files: &[(&str, &str)]) {
    let text = |text: &str| CString::new(text).unwrap();
    let mount = |from: &str, to: &str, kind: &str, flags| {
        let [from, to, kind] = [from, to, kind].map(text);
        // SAFETY: all that is pointed to lives until the call returns.
        let mounted = unsafe { libc::mount(from.as_ptr(), to.as_ptr(), kind.as_ptr(), flags, ptr::null()) };
        assert_eq!(mounted, 0, "{}", io::Error::last_os_error());
    };
    // SAFETY: takes no pointer.
    assert_eq!(unsafe { libc::unshare(libc::CLONE_NEWNS) }, 0, "{}", io::Error::last_os_error());
    mount("none", "/", "", libc::MS_REC | libc::MS_PRIVATE);
    mount("none", "/tmp", "tmpfs", 0);
    for (name, content) in files {
        fs::write(format!("/tmp/{name}"), content).unwrap();
        mount(&format!("/tmp/{name}"), &format!("/etc/{name}"), "", libc::MS_BIND);
    }
}

/// `poll(2)`, and the events of each descriptor.
pub fn poll(fds: &[(c_int, i16)], timeout: c_int) -> Came {
    told_of(CallName::Poll, told_poll(fds, timeout))
}

/// `select(2)`, and the sets of each descriptor.
pub fn select(nfds: c_int, fds: &[(c_int, i16)], timeout: c_int) -> Came {
    told_of(CallName::Select, told_select(nfds, fds, timeout))
}

/// `epoll_create1(2)`
pub fn epoll_create() -> c_int {
    // SAFETY: takes no pointer.
    told_fd("epoll_create1", came(unsafe { libc::epoll_create1(0) }))
}

/// `epoll_ctl(2)`; the descriptor's number is its data.
pub fn epoll_ctl(epfd: c_int, op: c_int, fd: c_int, events: c_int) -> Came {
    let mut event = libc::epoll_event { events: events.cast_unsigned(), u64: fd as u64 };
    // SAFETY: the pointer is to an event that lives until the call returns.
    told("epoll_ctl", came(unsafe { libc::epoll_ctl(epfd, op, fd, &mut event) }))
}

/// `epoll_wait(2)` with room for so many events, which tells none.
pub fn epoll_wait_most(epfd: c_int, most: c_int) {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; 8];
    // SAFETY: there is room for as many events as are asked for, and for more.
    let _ = told("epoll_wait", came(unsafe { libc::epoll_wait(epfd, events.as_mut_ptr(), most.min(8), 0) }));
}

/// `epoll_wait(2)`, and the events of these descriptors.
pub fn epoll_wait(epfd: c_int, fds: &[c_int], timeout: c_int) -> Came {
    told_of(CallName::EpollWait, told_epoll(epfd, fds, timeout))
}

/// What it came to, and where it succeeded the events.
fn told_of(call: CallName, (came, events): Told) -> Came {
    let came = told(call.name(), came);
    if came.is_ok() {
        tell_revents(call, &events);
    }
    came
}

// ---------------------------------------------------------------- what a scenario needs beside

pub fn quiet_close(fd: c_int) -> Came {
    // SAFETY: closes a descriptor that the scenario made itself, or a number that is none.
    came(unsafe { libc::close(fd) })
}

pub fn quiet_bind(fd: c_int, addr: &str) {
    raw_bind(fd, addr).unwrap();
}

pub fn quiet_listen(fd: c_int, backlog: c_int) {
    raw_listen(fd, backlog).unwrap();
}

pub fn quiet_connect(fd: c_int, addr: &str) {
    raw_connect(fd, addr).unwrap();
}

pub fn quiet_accept(fd: c_int) -> c_int {
    raw_accept(fd).unwrap() as c_int
}

/// A TCP socket of IPv4.
pub fn tcp() -> c_int {
    raw_socket(libc::AF_INET, libc::SOCK_STREAM, 0).unwrap() as c_int
}

/// A TCP socket of IPv6.
pub fn tcp6() -> c_int {
    raw_socket(libc::AF_INET6, libc::SOCK_STREAM, 0).unwrap() as c_int
}

pub fn udp() -> c_int {
    raw_socket(libc::AF_INET, libc::SOCK_DGRAM, 0).unwrap() as c_int
}

pub fn set(fd: c_int, level: c_int, option: c_int, value: c_int) {
    raw_set(fd, level, option, value).unwrap();
}

/// `getsockname(2)`
pub fn own_name(fd: c_int) -> Came {
    let mut addr = [0_u8; 128];
    let mut length = addr.len() as libc::socklen_t;
    // SAFETY: the pointers are to room of this length and to the length; both live across the call.
    told("getsockname", came(unsafe { libc::getsockname(fd, addr.as_mut_ptr().cast(), &mut length) }))
}

/// `getpeername(2)`
pub fn peer_name(fd: c_int) -> Came {
    let mut addr = [0_u8; 128];
    let mut length = addr.len() as libc::socklen_t;
    // SAFETY: as in `own_name`.
    told("getpeername", came(unsafe { libc::getpeername(fd, addr.as_mut_ptr().cast(), &mut length) }))
}

/// `getsockopt(2)`
pub fn get(fd: c_int, level: c_int, option: c_int) -> Came {
    let (mut value, mut length) = (0, size_of::<c_int>() as libc::socklen_t);
    // SAFETY: the pointers are to one int with its own size and to the length; both live across the call.
    let got = unsafe { libc::getsockopt(fd, level, option, ptr::from_mut::<c_int>(&mut value).cast(), &mut length) };
    told("getsockopt", came(got))
}

pub fn nonblocking(fd: c_int) -> c_int {
    // SAFETY: F_SETFL takes an int.
    came(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) }).unwrap();
    fd
}

/// A listener with SO_REUSEADDR.
pub fn listener(addr: &str, backlog: c_int) -> c_int {
    let fd = tcp();
    set(fd, libc::SOL_SOCKET, libc::SO_REUSEADDR, 1);
    raw_bind(fd, addr).unwrap();
    raw_listen(fd, backlog).unwrap();
    fd
}

/// Both ends of a connection to this address: the client's, the server's. The listener is gone.
pub fn pair(addr: &str) -> (c_int, c_int) {
    let (listener, client) = (listener(addr, 8), tcp());
    raw_connect(client, addr).unwrap();
    let server = raw_accept(listener).unwrap() as c_int;
    quiet_close(listener).unwrap();
    (client, server)
}

/// SO_LINGER of so many seconds.
pub fn set_linger(fd: c_int, seconds: c_int) {
    let linger = libc::linger { l_onoff: 1, l_linger: seconds };
    let length = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the pointer is to one linger, and the length is its own.
    let set = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_LINGER, ptr::from_ref(&linger).cast(), length) };
    came(set).unwrap();
}

/// A tenth of a second as SO_RCVTIMEO or SO_SNDTIMEO.
pub fn set_limit(fd: c_int, option: c_int) {
    let limit = libc::timeval { tv_sec: 0, tv_usec: 100_000 };
    let length = size_of::<libc::timeval>() as libc::socklen_t;
    // SAFETY: the pointer is to one timeval, and the length is its own.
    let set = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, ptr::from_ref(&limit).cast(), length) };
    came(set).unwrap();
}

/// What SO_ERROR tells, and thereby takes.
pub fn so_error(fd: c_int) -> c_int {
    let (mut error, mut length) = (0, size_of::<c_int>() as libc::socklen_t);
    // SAFETY: SO_ERROR fills at most the length that it is told: one int.
    let got = unsafe {
        libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_ERROR, ptr::from_mut(&mut error).cast(), &mut length)
    };
    came(got).unwrap();
    error
}

/// Reads until recv() returns 0. Returns how many bytes there were.
pub fn read_to_the_end(fd: c_int) -> i64 {
    let mut count = 0;
    loop {
        match raw_recv(fd, 1 << 20).unwrap() {
            0 => return count,
            got => count += got,
        }
    }
}

pub fn own_port(fd: c_int) -> u16 {
    // SAFETY: getsockname fills at most the length that it is told, which is the storage's own.
    let (_, addr) = unsafe {
        SockAddr::try_init(|storage, length| {
            came(libc::getsockname(fd, storage.cast(), length)).map(drop).map_err(io::Error::from_raw_os_error)
        })
    }
    .unwrap();
    addr.as_socket().unwrap().port()
}

/// Waits until the kernel has the socket in this state (`TCP_ESTABLISHED` is 1, `TCP_CLOSE` 7).
pub fn until_state(fd: c_int, wanted: u8) {
    let mut state = 0_u8;
    let reached = until(BOUND, || {
        let mut length = 1;
        // SAFETY: TCP_INFO fills at most the length that it is told: the one byte of the state.
        let got = unsafe {
            libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, ptr::from_mut(&mut state).cast(), &mut length)
        };
        came(got).unwrap();
        state == wanted
    });
    assert!(reached, "state {state} instead of {wanted}");
}

/// Waits until the kernel has an error for the socket's next call.
pub fn until_error(fd: c_int) {
    let mut asked = libc::pollfd { fd, events: 0, revents: 0 };
    let limit = BOUND.as_millis() as c_int;
    // SAFETY: the pointer is to one pollfd.
    assert_eq!(came(unsafe { libc::poll(ptr::from_mut(&mut asked), 1, limit) }), Ok(1));
    assert!(asked.revents & libc::POLLERR != 0, "{}", asked.revents);
}

/// Waits until so many bytes can be read.
pub fn until_readable(fd: c_int, wanted: c_int) {
    let mut count: c_int = 0;
    let reached = until(BOUND, || {
        // SAFETY: FIONREAD writes one int.
        came(unsafe { libc::ioctl(fd, libc::FIONREAD, ptr::from_mut(&mut count)) }).unwrap();
        count == wanted
    });
    assert!(reached, "{count} bytes instead of {wanted}");
}

/// No further descriptor: the limit is the number that the next one would get.
pub fn no_more_descriptors() {
    // SAFETY: takes no pointer; the new descriptor is closed at once.
    let next = came(unsafe { libc::dup(0) }).unwrap();
    quiet_close(next as c_int).unwrap();
    let limit = libc::rlimit { rlim_cur: next as libc::rlim_t, rlim_max: next as libc::rlim_t };
    // SAFETY: the pointer is to one rlimit.
    came(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }).unwrap();
}

/// The calling thread gives up all its rights, so that it is an ordinary user's.
pub fn give_up_rights() {
    // `struct __user_cap_header_struct` of version 3 for this thread, and twice three sets without anything.
    let header: [u32; 2] = [0x2008_0522, 0];
    let none = [0_u32; 6];
    // SAFETY: capset(2) of version 3 reads two and six 32-bit numbers.
    came(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) }).unwrap();
}

// ---------------------------------------------------------------- calls that block

/// A call in a thread of its own that sleeps in it.
pub struct Blocked {
    name: &'static str,
    asked: usize,
    thread: JoinHandle<Came>,
    tid: c_long,
}

fn in_thread(
    name: &'static str,
    number: c_long,
    asked: usize,
    call: impl FnOnce() -> Came + Send + 'static,
) -> Blocked {
    let (hello, tid) = channel();
    let thread = thread::spawn(move || {
        // SAFETY: takes nothing and always succeeds.
        hello.send(unsafe { libc::syscall(libc::SYS_gettid) }).unwrap();
        call()
    });
    let blocked = Blocked { name, asked, thread, tid: tid.recv().unwrap() };
    if until(BOUND, || blocked.thread.is_finished() || blocked.sleeps_in() == Some(number))
        && !blocked.thread.is_finished()
    {
        tell(&format!("{name} blocks"));
    }
    blocked
}

impl Blocked {
    pub fn accept(fd: c_int) -> Blocked {
        in_thread("accept", libc::SYS_accept, 0, move || raw_accept(fd))
    }

    pub fn connect(fd: c_int, addr: &'static str) -> Blocked {
        in_thread("connect", libc::SYS_connect, 0, move || raw_connect(fd, addr))
    }

    pub fn send(fd: c_int, length: usize) -> Blocked {
        in_thread("send", libc::SYS_sendto, length, move || raw_send(fd, length))
    }

    pub fn sendto(fd: c_int, length: usize, flags: c_int, addr: &'static str) -> Blocked {
        in_thread("sendto", libc::SYS_sendto, length, move || raw_sendto(fd, length, flags, addr))
    }

    pub fn recv(fd: c_int, length: usize) -> Blocked {
        in_thread("recv", libc::SYS_recvfrom, 0, move || raw_recv(fd, length))
    }

    pub fn recv_with(fd: c_int, length: usize, flags: c_int) -> Blocked {
        in_thread("recv", libc::SYS_recvfrom, 0, move || raw_recv_with(fd, length, flags))
    }

    pub fn recvfrom(fd: c_int, length: usize) -> Blocked {
        in_thread("recvfrom", libc::SYS_recvfrom, 0, move || raw_recvfrom(fd, length))
    }

    /// Without a timeout; the events are told once it has returned.
    pub fn poll(fds: &[(c_int, i16)]) -> BlockedPoll {
        let fds = fds.to_vec();
        // Where there is no poll(2), the library calls ppoll(2).
        #[cfg(target_arch = "x86_64")]
        let number = libc::SYS_poll;
        #[cfg(not(target_arch = "x86_64"))]
        let number = libc::SYS_ppoll;
        BlockedPoll::of(CallName::Poll, number, move || told_poll(&fds, -1))
    }

    /// As [`Blocked::poll`].
    pub fn select(nfds: c_int, fds: &[(c_int, i16)]) -> BlockedPoll {
        let fds = fds.to_vec();
        // The library calls pselect6(2).
        BlockedPoll::of(CallName::Select, libc::SYS_pselect6, move || told_select(nfds, &fds, -1))
    }

    /// As [`Blocked::poll`].
    pub fn epoll_wait(epfd: c_int, fds: &[c_int]) -> BlockedPoll {
        let fds = fds.to_vec();
        // Where there is no epoll_wait(2), the library calls epoll_pwait(2).
        #[cfg(target_arch = "x86_64")]
        let number = libc::SYS_epoll_wait;
        #[cfg(not(target_arch = "x86_64"))]
        let number = libc::SYS_epoll_pwait;
        BlockedPoll::of(CallName::EpollWait, number, move || told_epoll(epfd, &fds, -1))
    }

    pub fn close(fd: c_int) -> Blocked {
        in_thread("close", libc::SYS_close, 0, move || quiet_close(fd))
    }

    /// The system call in which the kernel says that the thread sleeps (`proc_pid_syscall(5)`); `None` while it runs.
    fn sleeps_in(&self) -> Option<c_long> {
        let told = fs::read_to_string(format!("/proc/self/task/{}/syscall", self.tid)).ok()?;
        told.split(' ').next()?.parse().ok()
    }

    /// Waits for its end, and tells what it came to.
    pub fn end(self) -> Came {
        assert!(until(BOUND, || self.thread.is_finished()), "{} still blocks", self.name);
        match self.thread.join().unwrap() {
            Ok(sent) if (sent as usize) < self.asked => {
                tell(&format!("{} short", self.name));
                Ok(sent)
            }
            Ok(_) if self.name == "accept" => told_fd_of(self.name),
            came => told(self.name, came),
        }
    }

    /// Waits for the end of two. Which of them is woken first isn't certain, so what they came to is told in the order of its numbers.
    pub fn end_both(self, other: Blocked) {
        let name = self.name;
        assert!(until(BOUND, || self.thread.is_finished() && other.thread.is_finished()), "{name} still blocks");
        let mut came = [self, other].map(|one| one.thread.join().unwrap());
        came.sort_unstable_by_key(|came| came.err());
        for came in came.into_iter().rev() {
            let _ = told(name, came);
        }
    }

    /// Interrupts it by a signal whose handler has no SA_RESTART, then as [`Blocked::end`].
    pub fn interrupt(self) -> Came {
        extern "C" fn nothing(_: c_int) {}
        let handler: extern "C" fn(c_int) = nothing;
        // SAFETY: all zeroes is a sigaction without flags and with an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        // SAFETY: the handler does nothing, so it is safe in any place; the old action isn't asked for.
        came(unsafe { libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()) }).unwrap();
        // SAFETY: takes no pointer.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.tid, libc::SIGUSR1) };
        came(sent).unwrap();
        self.end()
    }
}

/// A call that waits for several descriptors, and sleeps.
pub struct BlockedPoll {
    call: CallName,
    blocked: Blocked,
    told: Receiver<Vec<PollEvents>>,
}

impl BlockedPoll {
    fn of(call: CallName, number: c_long, wait: impl FnOnce() -> Told + Send + 'static) -> BlockedPoll {
        let (tell, told) = channel();
        let wait = move || {
            let (came, events) = wait();
            tell.send(events).unwrap();
            came
        };
        BlockedPoll { call, blocked: in_thread(call.name(), number, 0, wait), told }
    }

    /// As [`Blocked::end`], and tells the events.
    pub fn end(self) -> Came {
        let came = self.blocked.end();
        tell_revents(self.call, &self.told.recv().unwrap());
        came
    }

    /// As [`Blocked::interrupt`].
    pub fn interrupt(self) -> Came {
        self.blocked.interrupt()
    }
}

fn told_fd_of(name: &str) -> Came {
    tell(&format!("{name} fd"));
    Ok(0)
}
