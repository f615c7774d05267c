//! A program that runs in a shared lab and whose calls are seen: its tracer's word goes to the lab, and the lab's orders go to
//! the tracer.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::joined::JoinedLab;
use super::link::Link;
use super::protocol::{FromMember, ToMember};
use crate::lab::{ProgramNews, Request};
use crate::linux::orders::{Inbox, Orders};
use crate::linux::poll::{Polled, poll};
use crate::linux::sides::NewSocket;
use crate::linux::tracer::{SocketIdentities, Tracer, TracerEvent, TracerOrder, Unseen, Watched};
use crate::model::{
    Caller, Event, HeldCalls, Member, Outcome, ProgramCall, ProgramExit, ProgramReturn, ProgramThread, Returned,
    SegmentFilter, Side, Trace,
};

/// A call that sleeps for so long is told, however many were told before it: it is what its thread does.
const SLEEPS: Duration = Duration::from_millis(100);

/// Before so many calls of a program of which all is to be known the kernel is asked.
const ASKED_FOR: usize = 2000;

/// How long the lab may take to tell of a program's end.
const LAST: Duration = Duration::from_secs(2);

/// Signals that end nothing and tell nothing of a program unless it wants them: the runtime of Go uses the second one for itself.
const QUIET: [i32; 4] = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGCONT];

/// What is wanted of a program that is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To walk through its calls: they wait as the lab says.
    Walk,
    /// To run: its calls don't wait, unless somebody says so later.
    Pass,
    /// To know at its end all that happened ([`TracedProgram::Seen`]): its calls wait as the lab says; where nobody makes calls there, they
    /// are let go at once, and segments pass.
    Know,
}

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

/// What is said on this process's way to the lab.
enum LinkMessage {
    Lab(FromMember),
    /// A call sleeps that wasn't told.
    Sleeps,
    /// A thread stands before a call.
    Stands(u32, ProgramThread, ProgramNews),
    Course(TracedProgram),
}

impl JoinedLab {
    /// Runs a program in the lab, and all that it starts, until nothing of it is left. `plays`: whose part it is meant
    /// to play. `tell` hears what becomes of it.
    ///
    /// # Errors
    /// Where the program can't be started.
    pub fn run_traced(
        mut self,
        command: Command,
        (wanted, plays): (Wanted, Option<Side>),
        mut tell: impl FnMut(TracedProgram),
    ) -> io::Result<()> {
        let (orders, inbox) = Orders::<LinkMessage>::new()?;
        let mut link = self.take_link();
        let mut asked: Vec<FromMember> = Vec::new();
        asked.extend(plays.map(|side| FromMember::Request(Request::Play(side))));
        asked.extend(match wanted {
            Wanted::Walk => vec![],
            Wanted::Pass => vec![FromMember::Request(Request::Hold(Some(self.number()), HeldCalls::None))],
            Wanted::Know => vec![
                FromMember::Looks,
                FromMember::Request(Request::Pass(SegmentFilter::All, Some(Duration::ZERO))),
                FromMember::Request(Request::Hold(Some(self.number()), HeldCalls::Walk)),
            ],
        });
        // Where the lab is gone already, the loop hears that.
        if let Some(link) = &mut link {
            for asked in &asked {
                link.say(asked);
            }
        }
        let (held, watched) = match wanted {
            Wanted::Walk => (self.held(), Watched::All),
            Wanted::Pass => (HeldCalls::None, Watched::Network),
            Wanted::Know if self.held() == HeldCalls::None => (HeldCalls::Walk, Watched::All),
            Wanted::Know => (self.held(), Watched::All),
        };
        let reporter = Arc::new(Mutex::new(Reporter::new(orders)));
        // It ends with the thread that traces, by which it is known that nothing more comes.
        let known_here = Arc::downgrade(&reporter);
        let hears = move |seen| reporter.lock().unwrap_or_else(PoisonError::into_inner).hear(seen);
        let tracer = Tracer::start(command, held, watched, hears)?;
        tell(TracedProgram::Runs(tracer.process()));
        let known = (wanted == Wanted::Know).then(KnownLab::default);
        let number = self.number();
        let (threads, look_at) = (HashMap::new(), None);
        let mut running =
            RunningProgram { link, tracer: &tracer, reporter: known_here, number, threads, look_at, known };
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
    reporter: Weak<Mutex<Reporter>>,
    /// The program's number in the lab.
    number: u32,
    /// The threads that stand before a call, by the numbers that the lab knows.
    threads: HashMap<u32, ProgramThread>,
    /// When it is to be looked which calls sleep that weren't told.
    look_at: Option<Instant>,
    /// What is known of the lab, where that is wanted.
    known: Option<KnownLab>,
}

/// What happened in the lab.
#[derive(Default)]
struct KnownLab {
    trace: Box<Trace>,
    /// How many calls were let go at once.
    let_go: usize,
    /// How the program ended, and until when the lab's word on that is waited for.
    ended: Option<(ExitStatus, Instant)>,
}

impl RunningProgram<'_> {
    /// Waits for what the program does and for what the lab says, and hands both on. Whether nothing is left of the program.
    fn serve(&mut self, inbox: &Inbox<LinkMessage>, tell: &mut impl FnMut(TracedProgram)) -> io::Result<bool> {
        let link = self.link.as_ref();
        let own = Polled { fd: inbox.waker(), writes: false };
        let polled =
            [own].into_iter().chain(link.map(|link| Polled { fd: link.as_fd(), writes: link.wants_to_send() }));
        let polled: Vec<Polled<'_>> = polled.collect();
        let ready = poll(polled.iter(), self.due().map(|at| at.saturating_duration_since(Instant::now())))?;
        let over = ready[0] && !inbox.silence()?;
        for said in inbox.take() {
            match said {
                LinkMessage::Stands(number, thread, news) => {
                    self.threads.insert(number, thread);
                    self.say(&FromMember::Program(news), tell);
                    self.lets_go(Some(number), tell);
                }
                LinkMessage::Lab(said) => self.say(&said, tell),
                LinkMessage::Sleeps => drop(self.look_at.get_or_insert_with(|| Instant::now() + SLEEPS)),
                LinkMessage::Course(TracedProgram::Ended(status)) => self.ended(status, tell),
                LinkMessage::Course(course) => tell(course),
            }
        }
        if ready.get(1) == Some(&true) {
            self.hear(tell);
        }
        self.look();
        self.tells_end(tell);
        Ok(over && self.known.as_ref().is_none_or(|known| known.ended.is_none()))
    }

    /// Where what happens is to be known and nobody makes calls in the lab, calls are let go at once: the kernel is asked before
    /// each. After many, they pass without that. `of`: a thread that stands; else all.
    fn lets_go(&mut self, of: Option<u32>, tell: &mut impl FnMut(TracedProgram)) {
        let Some(known) = &mut self.known else { return };
        if known.trace.present().members().into_iter().any(Member::steps) {
            return;
        }
        let threads: Vec<u32> = of.map_or_else(|| self.threads.keys().copied().collect(), |of| vec![of]);
        let before = known.let_go;
        known.let_go += threads.len();
        let passes = before < ASKED_FOR && known.let_go >= ASKED_FOR;
        for worker in threads {
            // Whose part the thread plays, the lab says.
            let caller = Caller { actor: Side::Client.into(), worker };
            self.say(&FromMember::Request(Request::LetCall(caller)), tell);
        }
        if passes {
            self.say(&FromMember::Request(Request::Hold(Some(self.number), HeldCalls::None)), tell);
        }
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Option<Instant> {
        let last = self.known.as_ref().and_then(|known| known.ended).map(|(_, last)| last);
        self.look_at.into_iter().chain(last).min()
    }

    /// Tells which calls sleep that weren't told.
    fn look(&mut self) {
        if self.look_at.is_some_and(|at| at <= Instant::now()) {
            self.look_at = self.reporter.upgrade().and_then(|reporter| {
                let again = reporter.lock().unwrap_or_else(PoisonError::into_inner).tell_sleepers();
                again.then(|| Instant::now() + SLEEPS)
            });
        }
    }

    /// The program that was started has ended. Where it is wanted what happened, the lab's word on that comes first.
    fn ended(&mut self, status: ExitStatus, tell: &mut impl FnMut(TracedProgram)) {
        match &mut self.known {
            Some(known) => known.ended = Some((status, Instant::now() + LAST)),
            None => tell(TracedProgram::Ended(status)),
        }
    }

    fn tells_end(&mut self, tell: &mut impl FnMut(TracedProgram)) {
        let Some(KnownLab { trace, ended: Some((status, last)), .. }) = &self.known else { return };
        let is_over = |event: &Event| matches!(event, Event::ProgramEnded { program, .. } if *program == self.number);
        let told = trace.entries().iter().rev().any(|entry| is_over(&entry.event));
        if told || self.link.is_none() || *last <= Instant::now() {
            let status = *status;
            if let Some(known) = self.known.take() {
                tell(TracedProgram::Seen(known.trace, self.number));
            }
            tell(TracedProgram::Ended(status));
        }
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
        let mut gone = false;
        for said in said {
            match said {
                ToMember::LetCall(number) => {
                    if let Some(thread) = self.threads.remove(&number) {
                        self.tracer.order(TracerOrder::Go(thread));
                    }
                }
                ToMember::Hold(held) => self.tracer.order(TracerOrder::Hold(held)),
                ToMember::Happened(entries) => {
                    let left = entries.iter().any(|entry| matches!(entry.event, Event::Left(_)));
                    if let Some(known) = &mut self.known {
                        for entry in entries {
                            known.trace.push(entry.at, entry.event);
                        }
                    }
                    // Who could have let them go may be gone.
                    gone |= left;
                }
                ToMember::Failed(_) => return self.lab_gone(tell),
                _ => {}
            }
        }
        if !open {
            self.lab_gone(tell);
        } else if gone {
            self.lets_go(None, tell);
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
    /// The threads whose calls are told now.
    told: HashSet<ProgramThread>,
    /// The calls of the others, of which only the number is told; with the time at which each fell asleep.
    quiet: HashMap<ProgramThread, (ProgramCall, Option<Instant>)>,
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
            told: HashSet::new(),
            quiet: HashMap::new(),
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
            TracerEvent::Signal { thread, signal } => {
                if !QUIET.contains(&signal) && self.allowance.takes_one() {
                    let number = self.number(thread);
                    self.news(ProgramNews::Signal(number, signal));
                }
            }
            TracerEvent::Stopped { .. } => {}
        }
    }

    fn news(&self, news: ProgramNews) {
        self.orders.give(LinkMessage::Lab(FromMember::Program(news)));
    }

    fn entered(&mut self, thread: ProgramThread, call: ProgramCall) {
        if call.name == "close" {
            self.closing.extend(call.fd.map(|fd| (thread, fd)));
        }
        let stood = self.told.contains(&thread);
        if !stood && !self.allowance.takes_one() {
            self.quiet.insert(thread, (call, None));
            self.untold += 1;
            return;
        }
        self.tell_entered(thread, call);
    }

    fn tell_entered(&mut self, thread: ProgramThread, call: ProgramCall) {
        self.told.insert(thread);
        if self.untold > 0 {
            let untold = std::mem::take(&mut self.untold);
            self.news(ProgramNews::Untold(untold));
        }
        let (number, call) = (self.number(thread), self.call(thread, call));
        self.news(ProgramNews::Entered(number, call));
    }

    /// Tells the calls that have slept for long. Whether others may have to be told later.
    fn tell_sleepers(&mut self) -> bool {
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
        if self.told.remove(&thread) {
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
