//! A program that runs in a shared lab and whose calls are seen: its tracer's word goes to the lab, and the lab's orders go to
//! the tracer.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::AsFd;
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::time::Instant;

use super::joined::JoinedLab;
use super::link::Link;
use super::protocol::{FromMember, ToMember};
use crate::lab::{ProgramNews, Request};
use crate::linux::orders::{Inbox, Orders};
use crate::linux::poll::{Polled, poll};
use crate::linux::sides::NewSocket;
use crate::linux::tracer::{SocketIdentities, Tracer, TracerEvent, TracerOrder, Unseen, Watched};
use crate::model::{HeldCalls, Outcome, ProgramCall, ProgramReturn, ProgramThread, Returned, Side};

/// So many calls that don't wait are told at once, and so many more a second; of the others only the number.
const AT_ONCE: f64 = 1000.0;
const A_SECOND: f64 = 50.0;

/// What becomes of a traced program, for who started it.
pub enum TracedProgram {
    /// It runs, as this process.
    Runs(u32),
    /// Its calls can't be seen, or not all of them.
    Unseen(Unseen),
    /// The lab is gone: from now on no call waits.
    LabGone,
    /// It has ended. What it started may run on.
    Ended(ExitStatus),
}

/// What is said on this process's way to the lab.
enum LinkMessage {
    Lab(FromMember),
    /// A thread stands before a call.
    Stands(u32, ProgramThread, ProgramNews),
    Course(TracedProgram),
}

impl JoinedLab {
    /// Runs a program in the lab, and all that it starts, until nothing of it is left. `passes`: its calls don't wait unless
    /// somebody says so later. `plays`: whose part it is meant to play. `tell` hears what becomes of it.
    ///
    /// # Errors
    /// Where the program can't be started.
    pub fn run_traced(
        mut self,
        command: Command,
        (passes, plays): (bool, Option<Side>),
        mut tell: impl FnMut(TracedProgram),
    ) -> io::Result<()> {
        let (orders, inbox) = Orders::<LinkMessage>::new()?;
        let mut link = self.take_link();
        if let (Some(side), Some(link)) = (plays, &mut link) {
            link.say(&FromMember::Request(Request::Play(side)));
        }
        if passes && let Some(link) = &mut link {
            link.say(&FromMember::Request(Request::Hold(Some(self.number()), HeldCalls::None)));
        }
        let (held, watched) = if passes { (HeldCalls::None, Watched::Network) } else { (self.held(), Watched::All) };
        let reporter = Mutex::new(Reporter::new(orders));
        let hears = move |seen| {
            if let Ok(mut reporter) = reporter.lock() {
                reporter.hear(seen);
            }
        };
        let tracer = Tracer::start(command, held, watched, hears)?;
        tell(TracedProgram::Runs(tracer.process()));
        let mut running = RunningProgram { link, tracer: &tracer, threads: HashMap::new() };
        while !running.serve(&inbox, &mut tell)? {}
        drop(running);
        tracer.wait().map(drop)
    }
}

/// A program that runs.
struct RunningProgram<'a> {
    /// `None` once the lab is gone.
    link: Option<Link>,
    tracer: &'a Tracer,
    /// The threads that stand before a call, by the numbers that the lab knows.
    threads: HashMap<u32, ProgramThread>,
}

impl RunningProgram<'_> {
    /// Waits for what the program does and for what the lab says, and hands both on. Whether nothing is left of the program.
    fn serve(&mut self, inbox: &Inbox<LinkMessage>, tell: &mut impl FnMut(TracedProgram)) -> io::Result<bool> {
        let link = self.link.as_ref();
        let own = Polled { fd: inbox.waker(), writes: false };
        let polled =
            [own].into_iter().chain(link.map(|link| Polled { fd: link.as_fd(), writes: link.wants_to_send() }));
        let polled: Vec<Polled<'_>> = polled.collect();
        let ready = poll(polled.iter(), None)?;
        let over = ready[0] && !inbox.silence()?;
        for said in inbox.take() {
            match said {
                LinkMessage::Stands(number, thread, news) => {
                    self.threads.insert(number, thread);
                    self.say(&FromMember::Program(news), tell);
                }
                LinkMessage::Lab(said) => self.say(&said, tell),
                LinkMessage::Course(course) => tell(course),
            }
        }
        if ready.get(1) == Some(&true) {
            self.hear(tell);
        }
        Ok(over)
    }

    fn say(&mut self, said: &FromMember, tell: &mut impl FnMut(TracedProgram)) {
        if self.link.as_mut().is_some_and(|link| !link.say(said)) {
            self.lab_gone(tell);
        }
    }

    fn hear(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        let Some(link) = &mut self.link else { return };
        let (said, open) = link.read::<ToMember>();
        let open = open && link.flush();
        for said in said {
            match said {
                ToMember::LetCall(number) => {
                    if let Some(thread) = self.threads.remove(&number) {
                        self.tracer.order(TracerOrder::Go(thread));
                    }
                }
                ToMember::Hold(held) => self.tracer.order(TracerOrder::Hold(held)),
                ToMember::Failed(_) => return self.lab_gone(tell),
                _ => {}
            }
        }
        if !open {
            self.lab_gone(tell);
        }
    }

    /// Nobody could let a call go any more.
    fn lab_gone(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        self.link = None;
        self.tracer.order(TracerOrder::Hold(HeldCalls::None));
        tell(TracedProgram::LabGone);
    }
}

/// Tells the lab what the tracer sees, on the tracer's thread: while it is told, the thread of the program stays where it is.
struct Reporter {
    orders: Orders<LinkMessage>,
    /// The thread that began: the lab calls it 0.
    first: Option<ProgramThread>,
    /// The sockets of each process, by descriptor.
    sockets: BTreeMap<u32, BTreeMap<i32, NewSocket>>,
    kinds: SocketIdentities,
    /// The descriptor that a thread is about to close.
    closing: HashMap<ProgramThread, i32>,
    /// The threads whose calls are told now; of the others' only the number.
    told: HashMap<ProgramThread, bool>,
    allowance: Allowance,
    /// How many calls weren't told.
    untold: u64,
}

impl Reporter {
    fn new(orders: Orders<LinkMessage>) -> Reporter {
        Reporter {
            orders,
            first: None,
            sockets: BTreeMap::new(),
            kinds: SocketIdentities::default(),
            closing: HashMap::new(),
            told: HashMap::new(),
            allowance: Allowance::new(),
            untold: 0,
        }
    }

    /// A thread's number, as the lab has it.
    fn number(&mut self, thread: ProgramThread) -> u32 {
        if *self.first.get_or_insert(thread) == thread { 0 } else { thread.thread }
    }

    fn hear(&mut self, seen: TracerEvent) {
        match seen {
            TracerEvent::Stands { thread, call } => {
                let (number, call) = (self.number(thread), self.call(thread, call));
                self.told.insert(thread, true);
                self.orders.give(LinkMessage::Stands(number, thread, ProgramNews::Stands(number, call)));
            }
            TracerEvent::Entered { thread, call } => self.entered(thread, call),
            TracerEvent::Blocked { thread } => {
                if self.told.get(&thread) == Some(&true) {
                    let number = self.number(thread);
                    self.news(ProgramNews::Blocked(number));
                }
            }
            TracerEvent::Returned { thread, call } => self.returned(thread, call),
            TracerEvent::Made { child, sockets, .. } => {
                if child.process == child.thread {
                    self.has(child.process, &sockets);
                }
            }
            TracerEvent::Executed { thread, former, sockets, .. } => {
                if self.first.is_some_and(|first| first.process == thread.process && first.thread == former) {
                    self.first = Some(thread);
                }
                self.has(thread.process, &sockets);
            }
            TracerEvent::Gone { thread, .. } => {
                let number = self.number(thread);
                self.news(ProgramNews::Ended(number));
                self.told.remove(&thread);
                self.closing.remove(&thread);
                if thread.process == thread.thread && self.sockets.remove(&thread.process).is_some() {
                    self.tell_sockets(thread.process);
                }
            }
            TracerEvent::Unseen(why) => self.orders.give(LinkMessage::Course(TracedProgram::Unseen(why))),
            TracerEvent::Ended(status) => self.orders.give(LinkMessage::Course(TracedProgram::Ended(status))),
            TracerEvent::Signal { .. } | TracerEvent::Stopped { .. } => {}
        }
    }

    fn news(&self, news: ProgramNews) {
        self.orders.give(LinkMessage::Lab(FromMember::Program(news)));
    }

    fn entered(&mut self, thread: ProgramThread, call: ProgramCall) {
        if call.name == "close" {
            self.closing.extend(call.fd.map(|fd| (thread, fd)));
        }
        let stood = self.told.get(&thread) == Some(&true);
        if !stood && !self.allowance.takes_one() {
            self.told.insert(thread, false);
            self.untold += 1;
            return;
        }
        self.told.insert(thread, true);
        if self.untold > 0 {
            let untold = std::mem::take(&mut self.untold);
            self.news(ProgramNews::Untold(untold));
        }
        let (number, call) = (self.number(thread), self.call(thread, call));
        self.news(ProgramNews::Entered(number, call));
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
        if self.told.remove(&thread) == Some(true) {
            let number = self.number(thread);
            self.news(ProgramNews::Returned(number, outcome(came, &made)));
        }
    }

    /// A call with the kernel's name for its socket instead of the inode.
    fn call(&mut self, thread: ProgramThread, call: ProgramCall) -> ProgramCall {
        let socket = call.fd.zip(call.socket).and_then(|(fd, inode)| self.socket(thread.process, fd, inode));
        if let Some(socket) = socket {
            // It may be one that the program was started with.
            self.opened(thread.process, socket);
        }
        ProgramCall { socket: socket.map(|socket| socket.cookie), ..call }
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

/// What a call came to, with the kernel's names for the sockets that it made.
fn outcome(came: ProgramReturn, made: &[NewSocket]) -> Outcome {
    let made: Vec<u64> = made.iter().map(|socket| socket.cookie).collect();
    came.outcome.map(|returned| Returned { filled: came.arguments, made, ..returned })
}

/// How many calls may be told: a store that fills with time.
struct Allowance {
    left: f64,
    filled: Instant,
}

impl Allowance {
    fn new() -> Allowance {
        Allowance { left: AT_ONCE, filled: Instant::now() }
    }

    fn takes_one(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.filled).as_secs_f64();
        (self.left, self.filled) = ((self.left + passed * A_SECOND).min(AT_ONCE), now);
        let takes = self.left >= 1.0;
        self.left -= f64::from(u8::from(takes));
        takes
    }
}
