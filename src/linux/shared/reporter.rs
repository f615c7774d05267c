//! Tells a lab what a tracer sees of a program: which socket each number is of, by the kernel's own name for it, and of very
//! many calls only how many they were.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::protocol::FromMember;
use crate::lab::ProgramNews;
use crate::linux::descriptors::NewSocket;
use crate::linux::orders::Orders;
use crate::linux::tracer::{SocketIdentities, TracerEvent, Unseen};
use crate::model::{
    Errno, Outcome, PolledDescriptor, ProcessSocket, ProgramCall, ProgramDescriptor, ProgramExit, ProgramReturn,
    ProgramThread, Returned, Trace, stops,
};

/// A call that sleeps for so long is told, however many were told before it: it is what its thread does.
pub(super) const SLEEPS: Duration = Duration::from_millis(100);

/// Signals that end nothing and tell nothing of a program unless it wants them: the runtime of Go uses the second one for itself.
const QUIET: [i32; 4] = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGCONT];

/// So many further descriptors of a socket are told.
const MOST: usize = 64;

/// What becomes of a traced program, for who started it.
pub enum TracedProgram {
    /// It runs, as this process.
    Runs(u32),
    /// Its calls can't be seen, or not all of them.
    Unseen(Unseen),
    /// The lab is gone: from now on no call waits.
    LabGone,
    /// All that happened in the lab until the program's end, which comes next; with the program's number there.
    Seen(Box<Trace>, u32),
    /// It has ended. What it started may run on.
    Ended(ExitStatus),
}

/// No program waits longer for its call to be told.
const LONGEST_SAID: Duration = Duration::from_secs(1);

/// What is said on this process's way to the lab.
pub(super) enum LinkMessage {
    Lab(FromMember),
    /// The same; the other end waits until it is on its way.
    Awaited(FromMember, Sender<()>),
    /// A call sleeps that wasn't told.
    Sleeps,
    /// A thread stands before a call.
    Stands(u32, ProgramThread, ProgramNews),
    Course(TracedProgram),
}

/// Tells the lab what the tracer sees, on the tracer's thread: while it is told, the thread of the program stays where it is.
pub(super) struct Reporter {
    orders: Orders<LinkMessage>,
    /// The thread that began: the lab calls it 0.
    first: Option<ProgramThread>,
    /// The sockets of each process, by descriptor.
    sockets: BTreeMap<u32, BTreeMap<i32, NewSocket>>,
    kinds: SocketIdentities,
    /// The descriptor that a thread is about to close.
    closing: HashMap<ProgramThread, i32>,
    /// The threads whose calls are told now.
    told: HashSet<ProgramThread>,
    /// The newest of the quiet signals that a thread got within the call that is told now.
    interrupts: HashMap<ProgramThread, i32>,
    /// The calls of the others, of which only the number is told; with the time at which each fell asleep.
    quiet: HashMap<ProgramThread, (ProgramCall, Option<Instant>)>,
    allowance: Allowance,
    /// How many calls weren't told.
    untold: u64,
}

impl Reporter {
    pub(super) fn new(orders: Orders<LinkMessage>) -> Reporter {
        Reporter {
            orders,
            first: None,
            sockets: BTreeMap::new(),
            kinds: SocketIdentities::default(),
            closing: HashMap::new(),
            told: HashSet::new(),
            interrupts: HashMap::new(),
            quiet: HashMap::new(),
            allowance: Allowance::new(),
            untold: 0,
        }
    }

    /// A thread's number, as the lab has it.
    fn number(&mut self, thread: ProgramThread) -> u32 {
        if *self.first.get_or_insert(thread) == thread { 0 } else { thread.thread }
    }

    pub(super) fn hear(&mut self, seen: TracerEvent) {
        match seen {
            TracerEvent::Stands { thread, call } => {
                let (number, call) = (self.number(thread), self.call(thread, call));
                self.told.insert(thread);
                self.quiet.remove(&thread);
                self.orders.give(LinkMessage::Stands(number, thread, ProgramNews::Stands(number, call)));
            }
            TracerEvent::Entered { thread, call } => self.entered(thread, call),
            TracerEvent::Blocked { thread } => {
                if self.told.contains(&thread) {
                    let number = self.number(thread);
                    self.news(ProgramNews::Blocked(number));
                } else if let Some((_, asleep)) = self.quiet.get_mut(&thread) {
                    *asleep = Some(Instant::now());
                    self.orders.give(LinkMessage::Sleeps);
                }
            }
            TracerEvent::Returned { thread, call } => self.returned(thread, call),
            TracerEvent::Made { child, sockets, .. } => {
                if child.process == child.thread {
                    self.has(child.process, &sockets);
                }
            }
            TracerEvent::Executed { thread, former, sockets, .. } => {
                // Before the program's first call it may have been several others, as a script that starts it is.
                let first = *self.first.get_or_insert(thread);
                if first.process == thread.process && first.thread == former {
                    self.first = Some(thread);
                }
                self.has(thread.process, &sockets);
            }
            TracerEvent::Gone { thread, .. } => {
                let number = self.number(thread);
                self.news(ProgramNews::Ended(number));
                self.told.remove(&thread);
                self.quiet.remove(&thread);
                self.interrupts.remove(&thread);
                self.closing.remove(&thread);
                if thread.process == thread.thread && self.sockets.remove(&thread.process).is_some() {
                    self.tell_sockets(thread.process);
                }
            }
            TracerEvent::Unseen(why) => self.orders.give(LinkMessage::Course(TracedProgram::Unseen(why))),
            TracerEvent::Ended(status) => {
                self.news(ProgramNews::Over(how(status)));
                self.orders.give(LinkMessage::Course(TracedProgram::Ended(status)));
            }
            TracerEvent::Signal { thread, signal } => self.signalled(thread, signal),
            // Rare, and nothing else tells why the program does nothing.
            TracerEvent::Stopped { thread, signal } => self.signal(thread, signal),
            TracerEvent::Continued { thread } => self.signal(thread, libc::SIGCONT),
        }
    }

    fn signalled(&mut self, thread: ProgramThread, signal: i32) {
        if QUIET.contains(&signal) {
            // It tells something of the program where it interrupts a call.
            self.interrupts.extend(self.told.contains(&thread).then_some((thread, signal)));
        } else if !stops(signal) && self.allowance.takes_one() {
            // Whether one that stops has stopped anything is told when it has.
            self.signal(thread, signal);
        }
    }

    fn signal(&mut self, thread: ProgramThread, signal: i32) {
        let number = self.number(thread);
        self.news(ProgramNews::Signal(number, signal));
    }

    fn news(&self, news: ProgramNews) {
        self.orders.give(LinkMessage::Lab(FromMember::seen(news)));
    }

    fn entered(&mut self, thread: ProgramThread, call: ProgramCall) {
        self.closing.extend(closes(&call).map(|fd| (thread, fd)));
        let stood = self.told.contains(&thread);
        if !stood && !self.allowance.takes_one() {
            self.quiet.insert(thread, (call, None));
            self.untold += 1;
            return;
        }
        // What the call sends is captured behind that: the lab has it before the call is made.
        let (said, was_said) = channel();
        let entered = self.tells_entered(thread, call);
        self.orders.give(LinkMessage::Awaited(FromMember::seen(entered), said));
        // Where nobody says it any more, the sender is gone.
        let _ = was_said.recv_timeout(LONGEST_SAID);
    }

    fn tell_entered(&mut self, thread: ProgramThread, call: ProgramCall) {
        let entered = self.tells_entered(thread, call);
        self.news(entered);
    }

    fn tells_entered(&mut self, thread: ProgramThread, call: ProgramCall) -> ProgramNews {
        self.told.insert(thread);
        if self.untold > 0 {
            let untold = std::mem::take(&mut self.untold);
            self.news(ProgramNews::Untold(untold));
        }
        ProgramNews::Entered(self.number(thread), self.call(thread, call))
    }

    /// Tells the calls that have slept for long. Whether others may have to be told later.
    pub(super) fn tell_sleepers(&mut self) -> bool {
        let slept = |at: &Option<Instant>| at.is_some_and(|at| at.elapsed() >= SLEEPS);
        let sleepers: Vec<ProgramThread> =
            self.quiet.iter().filter(|(_, (_, asleep))| slept(asleep)).map(|(thread, _)| *thread).collect();
        for thread in sleepers {
            if let Some((call, _)) = self.quiet.remove(&thread) {
                self.untold = self.untold.saturating_sub(1);
                self.tell_entered(thread, call);
                let number = self.number(thread);
                self.news(ProgramNews::Blocked(number));
            }
        }
        self.quiet.values().any(|(_, asleep)| asleep.is_some())
    }

    fn returned(&mut self, thread: ProgramThread, came: ProgramReturn) {
        let process = thread.process;
        let closed = self.closing.remove(&thread).filter(|_| came.outcome.is_ok());
        if let Some(fd) = closed
            && self.sockets.get_mut(&process).is_some_and(|own| own.remove(&fd).is_some())
        {
            self.orders.give(LinkMessage::Lab(FromMember::Closed { process, fd }));
        }
        let made: Vec<NewSocket> =
            came.made.iter().filter_map(|(fd, inode)| self.socket(process, *fd, *inode)).collect();
        made.iter().for_each(|socket| self.opened(process, *socket));
        self.quiet.remove(&thread);
        let interrupted = self.interrupts.remove(&thread).filter(|_| came.outcome == Err(Errno(libc::EINTR)));
        if self.told.remove(&thread) {
            if let Some(signal) = interrupted {
                self.signal(thread, signal);
            }
            let number = self.number(thread);
            let outcome = outcome(came, &made).map(|returned| {
                let ready = self.polled(process, returned.ready);
                Returned { ready, ..returned }
            });
            self.news(ProgramNews::Returned(number, outcome));
        }
    }

    /// A call with the kernel's name for its socket instead of the inode.
    fn call(&mut self, thread: ProgramThread, call: ProgramCall) -> ProgramCall {
        let socket = call.fd.zip(call.socket).and_then(|(fd, inode)| self.socket(thread.process, fd, inode));
        if let Some(socket) = socket {
            // It may be one that the program was started with.
            self.opened(thread.process, socket);
        }
        let waits = call.waits.map(|waits| self.polled(thread.process, waits));
        let named = |of: ProcessSocket| {
            let socket = self.socket(thread.process, of.fd, of.socket)?.cookie;
            let others = self.holders(socket).filter(|held| held.process != thread.process).take(MOST).collect();
            Some(ProcessSocket { socket, others, ..of })
        };
        let sockets = call.sockets.into_iter().filter_map(named).collect();
        ProgramCall { socket: socket.map(|socket| socket.cookie), waits, sockets, ..call }
    }

    /// The descriptors of a socket in all processes.
    fn holders(&self, socket: u64) -> impl Iterator<Item = ProgramDescriptor> {
        let of = move |(process, own): (&u32, &BTreeMap<i32, NewSocket>)| {
            let process = *process;
            let its = own.values().filter(move |held| held.cookie == socket).map(|held| held.fd).collect::<Vec<_>>();
            its.into_iter().map(move |fd| ProgramDescriptor { process, fd })
        };
        self.sockets.iter().flat_map(of)
    }

    /// Descriptors with the kernel's names for their sockets instead of the inodes.
    fn polled(&mut self, process: u32, polled: Vec<PolledDescriptor>) -> Vec<PolledDescriptor> {
        let mut named = |of: PolledDescriptor| {
            let socket = of.socket.and_then(|inode| self.socket(process, of.fd, inode));
            PolledDescriptor { socket: socket.map(|socket| socket.cookie), ..of }
        };
        polled.into_iter().map(&mut named).collect()
    }

    fn opened(&mut self, process: u32, socket: NewSocket) {
        let before = self.sockets.entry(process).or_default().insert(socket.fd, socket);
        if before != Some(socket) {
            self.orders.give(LinkMessage::Lab(FromMember::Opened { process, socket }));
        }
    }

    /// A process has these sockets, by descriptor and inode.
    fn has(&mut self, process: u32, sockets: &[(i32, u64)]) {
        let sockets =
            sockets.iter().filter_map(|(fd, inode)| Some((*fd, self.socket(process, *fd, *inode)?))).collect();
        if self.sockets.insert(process, sockets).unwrap_or_default() != self.sockets[&process] {
            self.tell_sockets(process);
        }
    }

    fn tell_sockets(&self, process: u32) {
        let sockets = self.sockets.get(&process).map(|own| own.values().copied().collect()).unwrap_or_default();
        self.orders.give(LinkMessage::Lab(FromMember::Has { process, sockets }));
    }

    fn socket(&mut self, process: u32, fd: i32, inode: u64) -> Option<NewSocket> {
        self.kinds.of(process, fd, inode)?.internet(fd)
    }
}

/// The descriptor that a call closes where it succeeds: `dup2(2)` closes the number that it is given for the copy.
fn closes(call: &ProgramCall) -> Option<i32> {
    match (call.name.as_str(), &call.arguments[..]) {
        ("close", _) => call.fd,
        ("dup2" | "dup3", [of, to, ..]) if of != to => to.parse().ok(),
        _ => None,
    }
}

/// How a process ended.
fn how(status: ExitStatus) -> ProgramExit {
    match (status.code(), status.signal()) {
        (Some(code), _) => ProgramExit::Status(code),
        (None, signal) => ProgramExit::Signal(signal.unwrap_or(0)),
    }
}

/// What a call came to, with the kernel's names for the sockets that it made.
fn outcome(came: ProgramReturn, made: &[NewSocket]) -> Outcome {
    let made: Vec<u64> = made.iter().map(|socket| socket.cookie).collect();
    came.outcome.map(|returned| Returned { filled: came.arguments, made, ..returned })
}
