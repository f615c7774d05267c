//! The calls of section 2, as plain as they are, each telling what it came to.
#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::mem::size_of;
use std::net::SocketAddr;
use std::ptr;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};

use libc::{c_int, c_long};
use socket2::SockAddr;
use sockwalk::model::{Errno, PollEvents};

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

/// The events of each, by their names.
fn tell_revents(fds: &[libc::pollfd]) {
    let events: Vec<String> = fds.iter().map(|polled| PollEvents(polled.revents).to_string()).collect();
    tell(&format!("revents {}", events.join("/")));
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

/// `dup(2)`
pub fn dup(fd: c_int) -> c_int {
    // SAFETY: takes no pointer.
    told_fd("dup", came(unsafe { libc::dup(fd) }))
}

/// `poll(2)`, and the events of each descriptor.
pub fn poll(fds: &[(c_int, i16)], timeout: c_int) -> Came {
    let mut fds = pollfds(fds);
    let came = told("poll", raw_poll(&mut fds, timeout));
    if came.is_ok() {
        tell_revents(&fds);
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
        let mut fds = pollfds(fds);
        let (tell, told) = channel();
        let poll = move || {
            let came = raw_poll(&mut fds, -1);
            tell.send(fds).unwrap();
            came
        };
        // Where there is no poll(2), the library calls ppoll(2).
        #[cfg(target_arch = "x86_64")]
        let number = libc::SYS_poll;
        #[cfg(not(target_arch = "x86_64"))]
        let number = libc::SYS_ppoll;
        BlockedPoll { blocked: in_thread("poll", number, 0, poll), told }
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

/// A `poll()` that sleeps.
pub struct BlockedPoll {
    blocked: Blocked,
    told: Receiver<Vec<libc::pollfd>>,
}

impl BlockedPoll {
    /// As [`Blocked::end`], and tells the events.
    pub fn end(self) -> Came {
        let came = self.blocked.end();
        tell_revents(&self.told.recv().unwrap());
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
