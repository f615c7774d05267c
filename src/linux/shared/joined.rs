//! A member's side of a shared lab: its handle, and the thread that makes its calls and talks to the daemon.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::thread::{LinkNameSpaceType, clear_ambient_capability_set};

use super::folder::{LabFolder, LabName};
use super::link::Link;
use super::protocol::{self, FromMember, ShownLesson, ToMember};
use crate::lab::{Denial, Failure, Happening, HappeningKind, Request, WireAbility, World};
use crate::linux::call_threads::CallThreadStates;
use crate::linux::lab::{self, Refused, refused};
use crate::linux::orders::{Inbox, Order, Orders};
use crate::linux::poll::{Polled, poll, poll_readable};
use crate::linux::sides::{Leaving, Report};
use crate::linux::signals::{INTERRUPT, PidFd};
use crate::linux::sys;
use crate::model::{Actor, Aim, Attempt, Event, ForwardingRules, HeldCalls, Mode, Role, Side};

/// How long a daemon may take to answer who joins: a busy one with thousands of sockets takes a second.
const ANSWER: Duration = Duration::from_secs(10);

/// Why a lab couldn't be joined.
#[derive(Debug)]
pub enum Denied {
    /// The system refused a step.
    Refused(Refused),
    /// The daemon did.
    Denial(Denial),
    /// The daemon was about to leave: it may be tried again.
    Leaving,
    /// The daemon, this process, doesn't answer.
    Silent(u32),
    /// The daemon said something else than it should.
    Garbled,
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Denied {
        Denied::Refused(refused)
    }
}

/// A lab that was joined. When it is dropped, its calls are interrupted, its sockets closed and the lab left.
pub struct JoinedLab {
    /// Until the thread is started that talks with the lab.
    link: Option<Link>,
    /// What the lab has said already.
    early: Vec<ToMember>,
    orders: Option<Orders<Order>>,
    thread: Option<JoinHandle<()>>,
    role: Role,
    nth: u32,
    mode: Mode,
    wire: WireAbility,
    epoch: Instant,
    lesson: Option<ShownLesson>,
    passing: ForwardingRules,
    number: u32,
    held: HeldCalls,
    /// The process that keeps the lab.
    keeper: Option<PidFd>,
}

impl JoinedLab {
    /// Joins a lab with the calling process, which must have no second thread: it moves into the lab's namespaces.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn join(folder: &LabFolder, name: &LabName, role: Role) -> Result<JoinedLab, Denied> {
        let talk = |daemon| move |error| trouble(error, Aim::Daemon.by("recv(AF_UNIX)"), daemon);
        let stream = folder.connect(name).map_err(|error| trouble(error, Aim::Daemon.by("connect(AF_UNIX)"), 0))?;
        let (_, daemon) = sys::peer(&stream).map_err(refused(Aim::Daemon.by("getsockopt(SO_PEERCRED)")))?;
        // Its answer, which is still to come, tells that the number was its own.
        let keeper = PidFd::open(daemon).ok();
        let hello = FromMember::Hello { version: protocol::VERSION.to_owned(), role: role.clone() };
        let mut link = Link::new(stream, protocol::LONGEST).map_err(talk(daemon))?;
        if !link.say(&hello) {
            return Err(Denied::Leaving);
        }
        let mut said = answer(&mut link, daemon)?.into_iter();
        let answer = said.next();
        let (number, nth, mode, wire, now, network, thread, lesson, passing, held) = match answer {
            Some(ToMember::Welcome { number, nth, mode, wire, now, network, thread, lesson, passing, held }) => {
                (number, nth, mode, wire, now, network, thread, lesson, passing, held)
            }
            Some(ToMember::Denied(denial)) => return Err(Denied::Denial(denial)),
            _ => return Err(Denied::Garbled),
        };
        let epoch = Instant::now().checked_sub(now).ok_or(Denied::Garbled)?;
        // Who was started in the lab is there; it may have no rights any more with which to look at the daemon's namespaces.
        let inside = match mode {
            // Who looks on makes no calls.
            _ if role == Role::Watches => false,
            Mode::Lab if network.is_none() || network != lab::network() => enter(thread, daemon)?,
            Mode::Lab => true,
            Mode::Host => false,
        };
        // What joining took isn't needed any more, by this process or by a program that it runs. In a user namespace of the
        // lab's own, what it has is over the lab alone.
        if !inside {
            sys::keep_capabilities(&[]).map_err(refused(Aim::Rights.by("capset()")))?;
        }
        // A process that this program has started may have been given rights that `execve(2)` leaves; a program has none.
        clear_ambient_capability_set()
            .map_err(|error| refused(Aim::Rights.by("prctl(PR_CAP_AMBIENT)"))(error.into()))?;
        let early = said.collect();
        Ok(JoinedLab {
            link: Some(link),
            early,
            orders: None,
            thread: None,
            role,
            nth,
            mode,
            wire,
            epoch,
            lesson,
            passing,
            number,
            held,
            keeper,
        })
    }

    /// The way to the lab, for who makes no calls.
    pub(super) fn take_link(&mut self) -> Option<Link> {
        self.link.take()
    }

    /// The process that keeps the lab, which becomes readable when that ends; `None` where it isn't known.
    pub fn take_keeper(&mut self) -> Option<PidFd> {
        self.keeper.take()
    }

    /// Its number in the lab.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Which of its program's calls wait.
    pub fn held(&self) -> HeldCalls {
        self.held
    }

    /// The beginning of the lab's clock.
    pub fn epoch(&self) -> Instant {
        self.epoch
    }

    /// The actors whose calls it makes.
    pub fn actors(&self) -> Vec<Actor> {
        self.role.sides().map(|side| Actor { side, nth: self.nth }).collect()
    }

    /// What passed by itself when it joined.
    pub fn passing(&self) -> &ForwardingRules {
        &self.passing
    }

    /// The lesson that runs in the lab.
    pub fn lesson(&self) -> Option<&ShownLesson> {
        self.lesson.as_ref()
    }

    /// Starts the member's thread: from now on calls are made, and `sink` is called with what happens.
    ///
    /// # Errors
    /// What the system refused.
    pub fn start(&mut self, sink: impl Fn(Vec<Happening>) + Send + 'static) -> Result<(), Refused> {
        sys::make_interrupting(INTERRUPT).map_err(refused(Aim::Wake.by("sigaction()")))?;
        let (orders, inbox) = Orders::new().map_err(refused(Aim::Wake.by("pipe()")))?;
        let reported = orders.try_clone().map_err(refused(Aim::Wake.by("dup()")))?;
        let Some(link) = self.link.take() else { return Ok(()) };
        let sides: Vec<Side> = self.role.sides().collect();
        let hands = CallThreadStates::start((&sides, self.mode), Leaving::Close, reported)
            .map_err(refused(Aim::Thread.by("clone()")))?;
        let early = std::mem::take(&mut self.early);
        let epoch = self.epoch;
        let body = move || Agent { link, hands, inbox, sink: Box::new(sink), epoch }.serve(early);
        let start = refused(Aim::Thread.by("clone()"));
        self.thread = Some(thread::Builder::new().name("member".into()).spawn(body).map_err(start)?);
        self.orders = Some(orders);
        Ok(())
    }
}

impl World for JoinedLab {
    fn request(&mut self, request: Request) {
        if let Some(orders) = &self.orders {
            orders.give(Order::Request(request));
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn wire(&self) -> WireAbility {
        self.wire
    }
}

impl Drop for JoinedLab {
    fn drop(&mut self) {
        if let Some(orders) = &self.orders {
            orders.give(Order::Stop);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What it means that a daemon can't be talked with: it isn't there any more, it doesn't answer, or something else.
fn trouble(error: io::Error, attempt: Attempt, daemon: u32) -> Denied {
    match error.kind() {
        io::ErrorKind::NotFound
        | io::ErrorKind::ConnectionRefused
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe => Denied::Leaving,
        // Of a timeout too.
        io::ErrorKind::WouldBlock => Denied::Silent(daemon),
        _ => Denied::Refused(refused(attempt)(error)),
    }
}

/// Moves the calling process into the namespaces of a thread of another one, which `/proc` has by its number too: the user
/// namespace first, which gives the right to enter the other (`setns(2)`). Whether there is such a one of the lab's own. Both are opened
/// before one is entered: where the thread has just ended nothing has changed, and it may be tried again.
fn enter(thread: i32, daemon: u32) -> Result<bool, Denied> {
    let open = |kind: &str, syscall| {
        let file = File::open(format!("/proc/{thread}/ns/{kind}"));
        file.map_err(|error| trouble(error, Aim::Enter.by(syscall), daemon))
    };
    let link = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/user"));
    let same = || Some(link(&thread.to_string()).ok()? == link("self").ok()?);
    let user = (same() != Some(true)).then(|| open("user", "open(/proc/PID/ns/user)")).transpose()?;
    let net = open("net", "open(/proc/PID/ns/net)")?;
    if let Some(user) = &user {
        sys::enter_namespace(user.as_fd(), LinkNameSpaceType::User)
            .map_err(refused(Aim::Enter.by("setns(CLONE_NEWUSER)")))?;
    }
    sys::enter_namespace(net.as_fd(), LinkNameSpaceType::Network)
        .map_err(refused(Aim::Enter.by("setns(CLONE_NEWNET)")))?;
    Ok(user.is_some())
}

/// What the lab says first, whole messages.
fn answer(link: &mut Link, daemon: u32) -> Result<Vec<ToMember>, Denied> {
    let end = Instant::now() + ANSWER;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let [came] = poll_readable([link.as_fd()], Some(left)).map_err(refused(Aim::Wake.by("ppoll()")))?;
        let (said, open) = if came { link.read() } else { (Vec::new(), true) };
        if !said.is_empty() {
            return Ok(said);
        }
        if !open {
            return Err(Denied::Leaving);
        }
        if left.is_zero() {
            return Err(Denied::Silent(daemon));
        }
    }
}

/// The member's thread: its calls are made, and it talks with the lab.
pub(in crate::linux) struct Agent {
    pub(in crate::linux) link: Link,
    pub(in crate::linux) hands: CallThreadStates,
    pub(in crate::linux) inbox: Inbox<Order>,
    pub(in crate::linux) sink: Box<dyn Fn(Vec<Happening>)>,
    /// The beginning of the lab's clock.
    pub(in crate::linux) epoch: Instant,
}

impl Agent {
    /// Takes part until the walk is over or the lab is gone. `early` is what the lab has said already.
    pub(in crate::linux) fn serve(mut self, early: Vec<ToMember>) {
        let body = std::panic::AssertUnwindSafe(|| self.go_on(early));
        let failure = match std::panic::catch_unwind(body) {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(panic) => Failure::Thread(crate::linux::panic_text(&*panic)),
        };
        self.fail(failure);
    }

    fn fail(&self, failure: Failure) {
        (self.sink)(vec![Happening { at: self.epoch.elapsed(), what: HappeningKind::Failed(failure) }]);
    }

    fn go_on(&mut self, early: Vec<ToMember>) -> Result<(), Failure> {
        early.into_iter().try_for_each(|said| self.hear(said))?;
        loop {
            let orders: Vec<Order> = self.inbox.take().collect();
            for order in orders {
                match order {
                    Order::Stop => return Ok(()),
                    Order::Request(Request::Call(process, call) | Request::CallBy(process, _, call))
                        if self.hands.refuses(process, &call) =>
                    {
                        (self.sink)(vec![Happening { at: self.epoch.elapsed(), what: HappeningKind::Unmade(call) }]);
                    }
                    Order::Request(request) => self.say(&FromMember::Request(request))?,
                    Order::Report(report) => self.reported(report)?,
                }
            }
            for caller in self.hands.look() {
                self.say(&FromMember::Blocked(caller))?;
            }
            self.wait()?;
        }
    }

    /// Waits for an order or for what the lab says, and hears that.
    fn wait(&mut self) -> Result<(), Failure> {
        let polled = [
            Polled { fd: self.inbox.waker(), writes: false },
            Polled { fd: self.link.as_fd(), writes: self.link.wants_to_send() },
        ];
        let ready = poll(polled.iter(), self.hands.look_again()).map_err(lost)?;
        if ready[0] {
            self.inbox.silence().map_err(lost)?;
        }
        if ready[1] {
            let (said, open) = self.link.read();
            said.into_iter().try_for_each(|said| self.hear(said))?;
            if !open || !self.link.flush() {
                return Err(Failure::LabGone);
            }
        }
        Ok(())
    }

    fn hear(&mut self, said: ToMember) -> Result<(), Failure> {
        match said {
            ToMember::Happened(entries) => {
                for entry in &entries {
                    if let Event::Sysctl(told) = &entry.event {
                        self.hands.hear_of_setting(told);
                    }
                }
                (self.sink)(entries.into_iter().map(Happening::from).collect());
            }
            ToMember::Make(who, call) => {
                self.hands.call(who, call).map_err(lost)?;
            }
            ToMember::Fork(who, child) => self.hands.fork(who, child).map_err(lost)?,
            ToMember::Interrupt(thread) => self.hands.interrupt(thread),
            ToMember::Kill(process) => self.hands.kill(process),
            ToMember::Failed(why) => return Err(why),
            // Who makes calls runs no program.
            ToMember::LetCall(_) | ToMember::Hold(_) => {}
            ToMember::Welcome { .. } | ToMember::Denied(_) => {}
        }
        Ok(())
    }

    fn reported(&mut self, report: Report) -> Result<(), Failure> {
        match report {
            Report::Returned { who, outcome, made, closed, child } => {
                let inherited = child.map(|child| self.hands.began(*child)).unwrap_or_default();
                self.say(&FromMember::Returned { who, outcome, made, inherited })?;
                self.hands.returned(who, closed);
                Ok(())
            }
            Report::Signalled(who, signal) => self.say(&FromMember::Signalled(who, signal)),
            Report::Died(panic) => Err(Failure::Thread(panic)),
        }
    }

    fn say(&mut self, said: &FromMember) -> Result<(), Failure> {
        if self.link.say(said) { Ok(()) } else { Err(Failure::LabGone) }
    }
}

fn lost(error: io::Error) -> Failure {
    Failure::System { attempt: Aim::Daemon.by("recv(AF_UNIX)"), cause: (&error).into() }
}
