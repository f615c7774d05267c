//! The sides: one thread each, which makes the side's calls, blocking ones included.
//!
//! A thread takes one call at a time, runs it, and reports what it returned. Whether it sleeps in the call is read
//! from the kernel (`/proc/self/task/TID/stat`), never guessed from the time that went by.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::options;
use super::sys;
use crate::model::{Call, Errno, How, Outcome, Returned, Side};

/// A side, and one of its threads.
pub type Who = (Side, u32);

/// The signal that interrupts a call; its handler does nothing.
pub const INTERRUPT: i32 = libc::SIGUSR2;

/// How soon a thread that is to end is interrupted once more.
const REPEAT: std::time::Duration = std::time::Duration::from_micros(100);

/// The most that one `recv()` may ask for, in bytes: a lesson's file can't make the program reserve more.
const LARGEST_RECV: usize = 1 << 20;

/// What a side's thread tells.
pub enum Report {
    /// A call came back.
    Returned {
        /// Who called.
        who: Who,
        /// With what.
        outcome: Outcome,
        /// The socket that the call made.
        made: Option<NewSocket>,
        /// Whether the thread has no descriptor left.
        idle: bool,
    },
    /// The thread ended by a panic.
    Died(String),
}

/// A socket that a call made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewSocket {
    /// Its descriptor.
    pub fd: i32,
    /// The kernel's name for it (`SO_COOKIE`).
    pub cookie: u64,
    /// Whether it is for datagrams.
    pub udp: bool,
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

/// What a thread is told.
enum Job {
    Call(Call),
    /// Give a socket away.
    Give(i32, Sender<Given>),
    /// Take one over.
    Take(Receiver<Given>),
}

/// A socket on its way from one thread to another; `None` where the giver doesn't have it. Where it doesn't arrive, it isn't
/// closed: by its number, whoever drops it might have something else open.
pub type Given = Option<ManuallyDrop<Socket>>;

/// A side's thread, seen from the thread that directs it.
pub struct SideThread {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Closed when the thread has done everything.
    done: Receiver<()>,
    tid: i32,
    place: Arc<Place>,
}

/// Where a side's thread is, and how many calls it has made: odd while it is in a system call of a job, or just before
/// or after it.
type Place = AtomicU64;

impl SideThread {
    /// Starts the thread, with the caller's network namespace and table of descriptors; a side's own hand, the first one in an
    /// empty table, opens the standard ones. `report` is called from it.
    pub fn start(
        who: Who,
        leaving: Leaving,
        report: impl Fn(Report) + Send + Clone + 'static,
    ) -> io::Result<SideThread> {
        let (jobs, inbox) = channel::<Job>();
        let (hello, tid) = channel();
        let (working, done) = channel();
        let place = Arc::new(Place::new(0));
        // Where they are open, they are the process's.
        let empty = who.1 == 0 && !sys::is_open(libc::STDIN_FILENO);
        let sockets = if empty { standard()? } else { BTreeMap::new() };
        let worker = Worker { who, leaving, sockets, place: Arc::clone(&place) };
        let died = report.clone();
        let thread = thread::Builder::new().name(who.0.name().into()).stack_size(256 * 1024).spawn(move || {
            let _ = hello.send(sys::thread_id());
            let body = std::panic::AssertUnwindSafe(|| worker.work(&inbox, &report));
            if let Err(panic) = std::panic::catch_unwind(body) {
                died(Report::Died(super::panic_text(&*panic)));
            }
            drop(working);
        })?;
        let tid = tid.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(SideThread { jobs: Some(jobs), thread: Some(thread), done, tid, place })
    }

    /// Hands the thread its next call.
    pub fn call(&self, call: Call) {
        self.tell(Job::Call(call));
    }

    /// Has the thread give a socket away once it is in no call; [`SideThread::take`] gives it to another one.
    pub fn give(&self, fd: i32) -> Receiver<Given> {
        let (sender, given) = channel();
        self.tell(Job::Give(fd, sender));
        given
    }

    /// Has the thread take over what another one gives away.
    pub fn take(&self, given: Receiver<Given>) {
        self.tell(Job::Take(given));
    }

    fn tell(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }

    /// Whether the kernel says that the thread sleeps, while it is in a call. `false` where the kernel doesn't tell.
    pub fn sleeps(&self) -> bool {
        let before = self.place.load(Ordering::SeqCst);
        // Between two jobs the thread sleeps too: it must have been in the same call before and after the look.
        before % 2 == 1 && asleep(self.tid).unwrap_or(false) && self.place.load(Ordering::SeqCst) == before
    }

    /// Asks the thread to end after its present call, and doesn't wait for it, as dropping it does.
    pub fn dismiss(&mut self) {
        self.jobs = None;
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

/// Whether a thread of this process sleeps (`S` in `/proc/PID/task/TID/stat`, `proc_pid_stat(5)`).
fn asleep(tid: i32) -> Option<bool> {
    let mut stat = [0; 512];
    // The kernel gives as much as fits in one read; the state stands near the beginning.
    let length = fs::File::open(format!("/proc/self/task/{tid}/stat")).ok()?.read(&mut stat).ok()?;
    // The name stands in parentheses and may hold anything; the state follows the last one.
    let name_end = stat[..length].iter().rposition(|byte| *byte == b')')?;
    let state = stat[name_end + 1..length].iter().find(|byte| **byte != b' ')?;
    Some(*state == b'S')
}

/// Standard input, output and error of a side, in its empty table: they lead nowhere, as a daemon's do (`null(4)`). A call
/// on one of them is the kernel's to judge, as on any other descriptor: they are no sockets.
fn standard() -> io::Result<BTreeMap<i32, Socket>> {
    let open = |_| {
        let null = fs::File::options().read(true).write(true).open("/dev/null")?;
        Ok((null.as_raw_fd(), Socket::from(OwnedFd::from(null))))
    };
    (libc::STDIN_FILENO..=libc::STDERR_FILENO).map(open).collect()
}

struct Worker {
    who: Who,
    leaving: Leaving,
    /// What it can name, by its descriptors.
    sockets: BTreeMap<i32, Socket>,
    place: Arc<Place>,
}

type Made = Result<(Returned, Option<Socket>), io::Error>;

impl Worker {
    fn work(mut self, inbox: &Receiver<Job>, report: &impl Fn(Report)) {
        while let Ok(job) = inbox.recv() {
            let call = match job {
                Job::Call(call) => call,
                Job::Give(fd, sender) => {
                    let _ = sender.send(self.sockets.remove(&fd).map(ManuallyDrop::new));
                    continue;
                }
                Job::Take(given) => {
                    let given = given.recv().ok().flatten().map(ManuallyDrop::into_inner);
                    self.sockets.extend(given.map(|socket| (socket.as_raw_fd(), socket)));
                    continue;
                }
            };
            self.place.fetch_add(1, Ordering::SeqCst);
            let result = self.run(call);
            self.place.fetch_add(1, Ordering::SeqCst);
            let (outcome, made) = self.keep(result);
            report(Report::Returned { who: self.who, outcome, made, idle: self.sockets.is_empty() });
        }
        self.leave();
    }

    /// Files a new socket under its descriptor, so that later calls find it.
    fn keep(&mut self, result: Made) -> (Outcome, Option<NewSocket>) {
        match result {
            Ok((mut returned, Some(socket))) => {
                let fd = socket.as_raw_fd();
                let cookie = socket.cookie().unwrap_or(0);
                let udp = socket.r#type().is_ok_and(|kind| kind == Type::DGRAM);
                returned.value = fd.into();
                self.sockets.insert(fd, socket);
                (Ok(returned), Some(NewSocket { fd, cookie, udp }))
            }
            Ok((returned, None)) => (Ok(returned), None),
            Err(error) => (Err(Errno(error.raw_os_error().unwrap_or(libc::EIO))), None),
        }
    }

    fn run(&mut self, call: Call) -> Made {
        if let Call::Socket { ipv6, udp } = call {
            let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
            let (kind, protocol) = if udp { (Type::DGRAM, Protocol::UDP) } else { (Type::STREAM, Protocol::TCP) };
            let socket = Socket::new(domain, kind, Some(protocol))?;
            return Ok((Returned::default(), Some(socket)));
        }
        let fd = call.fd().unwrap_or(-1);
        if let Call::Close { .. } = call {
            let socket = self.sockets.remove(&fd).ok_or_else(|| not_ours(fd))?;
            sys::close(OwnedFd::from(socket))?;
            return Ok((Returned::default(), None));
        }
        let socket = self.sockets.get(&fd).ok_or_else(|| not_ours(fd))?;
        if let Call::Accept { .. } = call {
            let (accepted, peer) = socket.accept()?;
            return Ok((Returned { peer: peer.as_socket(), ..Returned::default() }, Some(accepted)));
        }
        Ok((on_socket(socket, call)?, None))
    }

    /// Closes what is left.
    fn leave(self) {
        for socket in self.sockets.into_values() {
            if self.leaving == Leaving::Reset {
                let _ = socket.set_linger(Some(std::time::Duration::ZERO));
            }
        }
    }
}

fn on_socket(socket: &Socket, call: Call) -> io::Result<Returned> {
    let value = match call {
        Call::Bind { addr, .. } => socket.bind(&SockAddr::from(addr)).map(|()| 0),
        Call::Listen { backlog, .. } => socket.listen(backlog).map(|()| 0),
        Call::Connect { addr, .. } => socket.connect(&SockAddr::from(addr)).map(|()| 0),
        Call::Send { data, .. } => socket.send_with_flags(&data, libc::MSG_NOSIGNAL).map(|sent| sent as i64),
        Call::Shutdown { how, .. } => socket.shutdown(direction(how)).map(|()| 0),
        // `fcntl(F_GETFL)`, then `fcntl(F_SETFL)` with O_NONBLOCK added.
        Call::SetNonblocking { .. } => socket.set_nonblocking(true).map(|()| 0),
        // Its value is two ints; the learner's one is the seconds, and a negative one switches it off.
        Call::SetOption { option, value, .. } if option == "SO_LINGER" => {
            let seconds = u64::try_from(value).ok().map(std::time::Duration::from_secs);
            socket.set_linger(seconds).map(|()| 0)
        }
        Call::SetOption { option, value, .. } => {
            let (level, number) = options::by_name(&option).ok_or(io::ErrorKind::InvalidInput)?;
            sys::set_int_option(socket.as_fd(), level, number, value).map(|()| 0)
        }
        Call::Recv { len, .. } => {
            let mut data = vec![0; len.min(LARGEST_RECV)];
            let received = { socket }.read(&mut data)?;
            data.truncate(received);
            return Ok(Returned { value: received as i64, data, peer: None });
        }
        Call::SendTo { data, addr, .. } => socket.send_to(&data, &SockAddr::from(addr)).map(|sent| sent as i64),
        Call::RecvFrom { len, .. } => {
            let mut data = vec![0; len.min(LARGEST_RECV)];
            let (received, sender) = sys::recv_from(socket, &mut data)?;
            data.truncate(received);
            return Ok(Returned { value: received as i64, data, peer: sender.as_socket() });
        }
        Call::Socket { .. } | Call::Accept { .. } | Call::Close { .. } => Err(io::ErrorKind::InvalidInput.into()),
    }?;
    Ok(Returned { value, ..Returned::default() })
}

fn direction(how: How) -> std::net::Shutdown {
    match how {
        How::Read => std::net::Shutdown::Read,
        How::Write => std::net::Shutdown::Write,
        How::Both => std::net::Shutdown::Both,
    }
}

/// The kernel's word on a descriptor that the thread can't name. Where another thread of the side has it, or it is the bell, a
/// call on it would do harm and isn't made.
fn not_ours(fd: i32) -> io::Error {
    let error = if sys::is_open(fd) { libc::EPERM } else { libc::EBADF };
    io::Error::from_raw_os_error(error)
}
