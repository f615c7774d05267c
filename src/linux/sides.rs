//! The sides: one thread each, which makes the side's calls, blocking ones included.
//!
//! A thread takes one call at a time, runs it, and reports what it returned. Whether it sleeps in the call is read
//! from the kernel (`/proc/self/task/TID/stat`), never guessed from the time that went by.

use std::fs;
use std::io;
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use super::descriptors::{DescriptorTable, Descriptors, NewSocket};
use super::names::LabNames;
use super::proc;
use super::signals::INTERRUPT;
use super::sys::{self, calls};
use crate::lab::OwnThread;
use crate::model::{
    Call, CallName, Caller, Cause, Errno, How, LONGEST_READ, MOST_BUFFERS, MOST_POLLED, MessageFlags, OptionValue,
    Outcome, PolledDescriptor, Returned, SideProcess, SocketFlags, SocketOption, StructuredValue, Transfer, ValueKind,
};

/// How soon a thread that is to end is interrupted once more.
const REPEAT: std::time::Duration = std::time::Duration::from_micros(100);

/// What a side's thread tells.
#[expect(clippy::large_enum_variant, reason = "nearly all are returns, and each is handed on once")]
pub enum Report {
    /// A call came back.
    Returned {
        /// Which thread's.
        who: OwnThread,
        /// With what.
        outcome: Outcome,
        /// The socket that the call made.
        made: Option<NewSocket>,
        /// Whether it closed a descriptor.
        closed: bool,
        /// The child that it made.
        child: Option<Box<NewChild>>,
    },
    /// A signal came to a thread that is in its call.
    Signalled(OwnThread, i32),
    /// The thread ended without a call's outcome: by a panic, or because there was none.
    Died(String),
}

/// A process that `fork()` has made.
pub struct NewChild {
    /// Which it is.
    pub process: SideProcess,
    /// Its own table of descriptors.
    pub(super) table: DescriptorTable,
    /// Its main thread.
    pub(super) thread: SideThread,
    /// The sockets that it has, by the kernel's word.
    pub inherited: Vec<NewSocket>,
}

/// A call that a thread is to make; of `fork()`, as which of its side's actors the child goes.
struct OrderedCall {
    call: Call,
    child: Option<u32>,
}

/// What a thread does with its sockets when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It resets them (`SO_LINGER` of `socket(7)`), so that a connection that was left in the middle leaves nothing
    /// behind on the machine's own loopback.
    Reset,
    /// It closes them, as the kernel does for a program that ends.
    Close,
}

/// A side's thread, seen from the thread that directs it.
pub struct SideThread {
    calls: Option<Sender<OrderedCall>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread has done everything.
    done: Receiver<()>,
    tid: i32,
    place: Arc<ThreadPosition>,
    /// What it still does is nobody's concern.
    silent: Arc<AtomicBool>,
}

/// Where a side's thread is, and how many calls it has made: odd while it is in one, or just before or after it.
type ThreadPosition = AtomicU64;

impl SideThread {
    /// Starts the thread, with the caller's network namespace and table of descriptors; a side's own hand, the first one in an
    /// empty table, opens the standard ones. It tells what happens through `reports`.
    pub(super) fn start(
        who: OwnThread,
        leaving: Leaving,
        (descriptors, names): (Arc<Descriptors>, Option<Arc<LabNames>>),
        reports: Sender<Report>,
    ) -> io::Result<SideThread> {
        let (calls, inbox) = channel::<OrderedCall>();
        let (hello, tid) = channel();
        let (working, done) = channel();
        let place = Arc::new(ThreadPosition::new(0));
        // In a table that isn't the side's alone they are the process's; after a thread that was killed they are there.
        if who.worker == Caller::MAIN && descriptors.alone() && sys::check_open(libc::STDIN_FILENO).is_err() {
            open_standard()?;
        }
        let own = (Arc::clone(&place), reports.clone());
        let worker = Worker { who, leaving, descriptors, names, place: own.0, reports: own.1 };
        let silent = Arc::new(AtomicBool::new(false));
        let muted = Arc::clone(&silent);
        let report = move |report| {
            if !muted.load(Ordering::SeqCst) {
                // Where nobody hears it, the walk is over.
                let _ = reports.send(report);
            }
        };
        let thread = thread::Builder::new().name(who.process.to_string()).stack_size(256 * 1024).spawn(move || {
            let _ = hello.send(sys::thread_id());
            let body = std::panic::AssertUnwindSafe(|| worker.work(&inbox, &report));
            if let Err(panic) = std::panic::catch_unwind(body) {
                report(Report::Died(super::panic_text(&*panic)));
            }
            drop(working);
        })?;
        let tid = tid.recv().map_err(|_| io::Error::from(Cause::ThreadEnded))?;
        Ok(SideThread { calls: Some(calls), thread: Some(thread), done, tid, place, silent })
    }

    /// Hands the thread its next call; of `fork()`, as which of its side's actors the child goes.
    pub fn call(&self, call: Call, child: Option<u32>) {
        if let Some(calls) = &self.calls {
            let _ = calls.send(OrderedCall { call, child });
        }
    }

    /// Whether the kernel says that the thread sleeps, while it is in a call. `false` where the kernel doesn't tell.
    pub fn sleeps(&self) -> bool {
        let before = self.place.load(Ordering::SeqCst);
        // Between two calls the thread sleeps too: it must have been in the same call before and after the look.
        before % 2 == 1 && proc::sleeps("self", self.tid) && self.place.load(Ordering::SeqCst) == before
    }

    /// From now on the thread reports nothing.
    pub fn silence(&self) {
        self.silent.store(true, Ordering::SeqCst);
    }

    /// Asks the thread to end after its present call, and doesn't wait for it, as dropping it does.
    pub fn dismiss(&mut self) {
        self.calls = None;
        self.interrupt();
    }

    fn in_call(&self) -> bool {
        self.place.load(Ordering::SeqCst) % 2 == 1
    }

    /// Interrupts the call in which the thread is. A signal that comes before the thread sleeps is lost: the caller
    /// repeats it until the call has returned.
    pub fn interrupt(&self) {
        if self.in_call() {
            // The thread may have ended: then there is nothing to interrupt.
            let _ = sys::signal_thread(self.tid, INTERRUPT);
        }
    }
}

impl Drop for SideThread {
    fn drop(&mut self) {
        self.dismiss();
        // A signal that comes just before the thread sleeps is lost, so it is repeated.
        while self.done.recv_timeout(REPEAT) == Err(RecvTimeoutError::Timeout) {
            self.interrupt();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Opens standard input, output and error of a side in its empty table: they lead nowhere, as a daemon's do (`null(4)`). A
/// call on one of them is the kernel's to judge, as on any other descriptor: they are no sockets.
fn open_standard() -> io::Result<()> {
    for _ in libc::STDIN_FILENO..=libc::STDERR_FILENO {
        let null = fs::File::options().read(true).write(true).open("/dev/null")?;
        // It is closed with the table.
        let _ = null.into_raw_fd();
    }
    Ok(())
}

struct Worker {
    who: OwnThread,
    leaving: Leaving,
    descriptors: Arc<Descriptors>,
    names: Option<Arc<LabNames>>,
    place: Arc<ThreadPosition>,
    /// Where a child's threads report too.
    reports: Sender<Report>,
}

/// What a call returned, and whether that is a new socket's descriptor.
type CallResult = io::Result<(Returned, bool)>;

impl Worker {
    fn work(self, inbox: &Receiver<OrderedCall>, report: &impl Fn(Report)) {
        if let Err(error) = calls::hold_pipe_signal() {
            return report(Report::Died(error.to_string()));
        }
        while let Ok(OrderedCall { call, child }) = inbox.recv() {
            if call.fds().any(|fd| self.descriptors.is_anothers(fd)) {
                return report(Report::Died("a call on a descriptor that isn't the side's".into()));
            }
            let closed = matches!(call, Call::Close { .. });
            self.place.fetch_add(1, Ordering::SeqCst);
            let (result, child) = match child {
                Some(nth) => self.fork(nth),
                None => (self.run(call), None),
            };
            self.place.fetch_add(1, Ordering::SeqCst);
            if calls::take_pipe_signal() {
                report(Report::Signalled(self.who, libc::SIGPIPE));
            }
            let (outcome, made) = match result {
                Ok((returned, made)) => {
                    let made = made.then(|| self.keep(returned.value));
                    (Ok(returned), made)
                }
                // What isn't the kernel's word is no outcome.
                Err(error) => match error.raw_os_error() {
                    Some(errno) => (Err(Errno(errno)), None),
                    None => return report(Report::Died(error.to_string())),
                },
            };
            report(Report::Returned { who: self.who, outcome, made, closed, child });
        }
        self.leave();
    }

    /// Takes note of a new socket.
    fn keep(&self, fd: i64) -> NewSocket {
        let fd = fd as i32;
        self.descriptors.opened(fd);
        NewSocket { fd, cookie: sys::cookie(fd).unwrap_or(0), udp: sys::is_datagram(fd) }
    }

    /// Makes a child: a thread with a copy of this one's table of descriptors, as `fork(2)` leaves it, which makes calls of its own.
    fn fork(&self, nth: u32) -> (CallResult, Option<Box<NewChild>>) {
        match self.child(SideProcess { child: nth, ..self.who.process }) {
            Ok(child) => {
                let returned = Returned { value: child.thread.tid.into(), child: Some(nth), ..Returned::default() };
                (Ok((returned, false)), Some(Box::new(child)))
            }
            Err(error) => (Err(error), None),
        }
    }

    fn child(&self, process: SideProcess) -> io::Result<NewChild> {
        let table = DescriptorTable::copied(process, &self.descriptors)?;
        let (who, leaving, reports) = (OwnThread::main(process), self.leaving, self.reports.clone());
        let (descriptors, names) = (table.descriptors(), self.names.clone());
        let start = move || {
            let inherited = descriptors.sockets();
            SideThread::start(who, leaving, (descriptors, names), reports).map(|thread| (thread, inherited))
        };
        let (thread, inherited) = table.within(start)??;
        Ok(NewChild { process, table, thread, inherited })
    }

    fn run(&self, call: Call) -> CallResult {
        let (made, opened) = (call.makes_socket(), call.makes_no_socket());
        if let Call::Close { fd } = call {
            self.descriptors.closing(fd);
        }
        if let (Call::GetAddrInfo(_), Some(names)) = (&call, &self.names) {
            // Where that is forbidden, libc reads the machine's own files.
            let _ = names.lay();
        }
        let returned = make(call)?;
        if opened {
            self.descriptors.opened(returned.value as i32);
        }
        Ok((returned, made))
    }

    /// Closes what is left of the side's where all of its threads end: the first one does, and each other one what came since.
    fn leave(self) {
        for fd in self.descriptors.leave() {
            if self.leaving == Leaving::Reset {
                let _ = linger(fd, Some(0));
            }
            let _ = calls::close(fd);
        }
    }
}

/// Makes a call, on whatever its descriptor stands for in the calling thread's table.
fn make(call: Call) -> io::Result<Returned> {
    let value = match call {
        Call::Socket { ipv6, udp } => new_socket(ipv6, udp, SocketFlags::default())?.into(),
        Call::Accept { fd } => return accepted(fd, SocketFlags::default()),
        Call::Close { fd } => calls::close(fd).map(|()| 0)?,
        Call::Dup { fd } => calls::duplicate(fd)?.into(),
        Call::Bind { fd, addr } => calls::bind(fd, &addr.into()).map(|()| 0)?,
        Call::Listen { fd, backlog } => calls::listen(fd, backlog).map(|()| 0)?,
        Call::Connect { fd, addr } => calls::connect(fd, &addr.into()).map(|()| 0)?,
        Call::Dissolve { fd } => calls::dissolve(fd).map(|()| 0)?,
        Call::Send { fd, data, flags } => calls::send(fd, &data, flags.0, None)? as i64,
        Call::SendTo { fd, data, flags, addr } => calls::send(fd, &data, flags.0, Some(&addr.into()))? as i64,
        Call::Shutdown { fd, how } => calls::shutdown(fd, direction(how)).map(|()| 0)?,
        Call::SetNonblocking { fd, on } => calls::set_nonblocking(fd, on).map(|()| 0)?,
        Call::SetOption { fd, option: SocketOption::LINGER, value } => {
            linger(fd, u32::try_from(value).ok()).map(|()| 0)?
        }
        Call::SetOption { fd, option, value } => {
            calls::set_option(fd, (option.level, option.number), [value]).map(|()| 0)?
        }
        Call::SetStructured { fd, option, value } => set_structured(fd, option, &value).map(|()| 0)?,
        Call::GetStatus { fd } => calls::status(fd)?.into(),
        Call::Ioctl { fd, request } => {
            return Ok(Returned { told: Some(calls::ask_device(fd, request)?), ..Returned::default() });
        }
        Call::Maker(maker) => match maker.like {
            Call::Accept { fd } => return accepted(fd, maker.flags),
            Call::Socket { ipv6, udp } => new_socket(ipv6, udp, maker.flags)?.into(),
            _ => return Err(io::Error::from_raw_os_error(libc::ENOSYS)),
        },
        Call::Recv { fd, len, flags } => return receive(fd, len, flags, false),
        Call::RecvFrom { fd, len, flags } => return receive(fd, len, flags, true),
        Call::GetSockName { fd } => return Ok(named(calls::own_name(fd)?)),
        Call::GetPeerName { fd } => return Ok(named(calls::peer_name(fd)?)),
        Call::GetOption { fd, option } => {
            return Ok(Returned { option: Some(asked(fd, option)?), ..Returned::default() });
        }
        Call::Poll { fds, timeout } => return Ok(ready(calls::poll(&fds[..fds.len().min(MOST_POLLED)], timeout)?)),
        Call::Select { nfds, fds, timeout } => return Ok(ready(calls::select(nfds, &fds, timeout)?)),
        Call::EpollCreate => calls::epoll_create()?.into(),
        Call::EpollCtl { epfd, op, fd, events } => calls::epoll_ctl(epfd, op, fd, events).map(|()| 0)?,
        Call::EpollWait { epfd, most, timeout } => return Ok(ready(calls::epoll_wait(epfd, most, timeout)?)),
        Call::Transfer(transfer) => return transferred(&transfer),
        Call::GetAddrInfo(lookup) => {
            return Ok(Returned { addresses: sys::lookup::addresses(&lookup)?, ..Returned::default() });
        }
        // Only a program's own thread can make the one; the other is no call of this thread's alone.
        Call::Program(_) | Call::Fork => return Err(io::Error::from_raw_os_error(libc::ENOSYS)),
    };
    Ok(Returned { value, ..Returned::default() })
}

fn new_socket(ipv6: bool, udp: bool, SocketFlags(flags): SocketFlags) -> io::Result<i32> {
    let domain = if ipv6 { libc::AF_INET6 } else { libc::AF_INET };
    let (kind, protocol) =
        if udp { (libc::SOCK_DGRAM, libc::IPPROTO_UDP) } else { (libc::SOCK_STREAM, libc::IPPROTO_TCP) };
    calls::socket(domain, kind | flags, protocol)
}

fn accepted(fd: i32, SocketFlags(flags): SocketFlags) -> io::Result<Returned> {
    let (accepted, peer) = calls::accept(fd, flags)?;
    Ok(Returned { value: accepted.into(), data: Vec::new(), peer: peer.as_socket(), ..Returned::default() })
}

/// Asks for an option's value, as long as it is.
fn asked(fd: i32, option: SocketOption) -> io::Result<OptionValue> {
    let named = (option.level, option.number);
    let structured = match option.kind() {
        ValueKind::Int => return Ok(OptionValue::int(option, calls::option(fd, named)?)),
        ValueKind::Time => {
            let [seconds, microseconds] = calls::option_time(fd, named)?;
            StructuredValue::Time { seconds, microseconds }
        }
        ValueKind::Linger => {
            let [on, seconds] = calls::option_pair(fd, named)?;
            StructuredValue::Linger { on, seconds }
        }
        ValueKind::Name => StructuredValue::Name(calls::option_name(fd, named)?),
    };
    // As an int reads them.
    let value = match &structured {
        StructuredValue::Time { seconds, .. } => *seconds as i32,
        StructuredValue::Linger { on, .. } => *on,
        StructuredValue::Name(name) => {
            let byte = |at: usize| name.as_bytes().get(at).copied().unwrap_or_default();
            i32::from_ne_bytes([0, 1, 2, 3].map(byte))
        }
    };
    Ok(OptionValue { option, value, structured: Some(structured) })
}

fn set_structured(fd: i32, option: SocketOption, value: &StructuredValue) -> io::Result<()> {
    let named = (option.level, option.number);
    match value {
        StructuredValue::Time { seconds, microseconds } => calls::set_option_time(fd, named, [*seconds, *microseconds]),
        StructuredValue::Linger { on, seconds } => calls::set_option(fd, named, [*on, *seconds]),
        StructuredValue::Name(name) => calls::set_option_name(fd, named, name.as_bytes()),
    }
}

fn named(address: socket2::SockAddr) -> Returned {
    Returned { peer: address.as_socket(), ..Returned::default() }
}

fn ready((value, revents): (i32, Vec<PolledDescriptor>)) -> Returned {
    Returned { value: value.into(), revents, ..Returned::default() }
}

/// What comes to a `send()` or a `recv()`, made by its own name.
fn transferred(transfer: &Transfer) -> io::Result<Returned> {
    let sent = |count: usize| Returned { value: count as i64, ..Returned::default() };
    match (transfer.name, &transfer.like) {
        (CallName::Write, Call::Send { fd, data, .. }) => calls::write(*fd, data).map(sent),
        (CallName::SendMsg, Call::Send { fd, data, flags }) => {
            calls::send_message(*fd, &transfer.parts(data), flags.0, None).map(sent)
        }
        (CallName::SendMsg, Call::SendTo { fd, data, flags, addr }) => {
            calls::send_message(*fd, &transfer.parts(data), flags.0, Some(&(*addr).into())).map(sent)
        }
        (CallName::Read, Call::Recv { fd, len, .. }) => {
            let mut data = vec![0; (*len).min(LONGEST_READ)];
            let count = calls::read(*fd, &mut data)?;
            data.truncate(count);
            Ok(Returned { value: count as i64, data, ..Returned::default() })
        }
        (CallName::RecvMsg, Call::Recv { fd, flags, .. }) => {
            let sizes = transfer.buffers.iter().take(MOST_BUFFERS);
            let mut buffers: Vec<Vec<u8>> = sizes.map(|size| vec![0; (*size).min(LONGEST_READ)]).collect();
            let (count, sender) = calls::receive_message(*fd, &mut buffers, flags.0)?;
            // They were filled one after the other.
            let mut data = buffers.concat();
            data.truncate(if is_untouched(*fd, *flags) { 0 } else { count });
            Ok(Returned { value: count as i64, data, peer: sender.as_socket(), ..Returned::default() })
        }
        _ => Err(io::Error::from_raw_os_error(libc::ENOSYS)),
    }
}

/// Whether what came is put nowhere: MSG_TRUNC on TCP (`tcp(7)`).
fn is_untouched(fd: i32, flags: MessageFlags) -> bool {
    flags.has(MessageFlags(libc::MSG_TRUNC)) && !sys::is_datagram(fd)
}

fn receive(fd: i32, len: usize, flags: MessageFlags, tells_sender: bool) -> io::Result<Returned> {
    let mut data = vec![0; len.min(LONGEST_READ)];
    let (received, sender) = calls::receive(fd, &mut data, flags.0)?;
    // With MSG_TRUNC the value is a datagram's length, which may be more than has room.
    data.truncate(if is_untouched(fd, flags) { 0 } else { received });
    let peer = sender.as_socket().filter(|_| tells_sender);
    Ok(Returned { value: received as i64, data, peer, ..Returned::default() })
}

/// Sets `SO_LINGER`: to so many seconds, or off.
fn linger(fd: i32, seconds: Option<u32>) -> io::Result<()> {
    // `struct linger`: whether, and for how long.
    let value = [seconds.is_some().into(), seconds.unwrap_or(0) as i32];
    calls::set_option(fd, (libc::SOL_SOCKET, libc::SO_LINGER), value)
}

const fn direction(how: How) -> i32 {
    match how {
        How::Read => libc::SHUT_RD,
        How::Write => libc::SHUT_WR,
        How::Both => libc::SHUT_RDWR,
    }
}
