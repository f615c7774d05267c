//! The handle of a lab in the same process, for the thread that runs the interface.

use std::io;
use std::num::NonZeroU64;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::call_threads::CallThreadStates;
use super::environment::{Environment, WalkPlace};
use super::gate::Gate;
use super::hand_over::{ServingEnd, serve};
use super::lab::{Refused, network, refused};
use super::local_peer::LocalPeer;
use super::orders::{Inbox, Order, Orders};
use super::serve::{RemotePeers, Server};
use super::shared::{Beginning, LabFolder, LessonProgram, Members, Programs, ShownLesson, SideProgram, TakenName};
use super::sides::Leaving;
use super::signals::INTERRUPT;
use super::sys;
use crate::lab::{Failure, Happening, HappeningKind, Input, Lab, LabOptions, Request, WireAbility, World};
use crate::model::{Actor, Aim, Cause, Member, Mode, Role, Side};

/// Where other processes find a lesson's lab, to look on.
pub struct WatchSocket {
    listener: UnixListener,
    name: TakenName,
    lesson: ShownLesson,
}

impl WatchSocket {
    /// A door for a lab in which this lesson runs; its name is the lesson's, with a number behind it where that is taken.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: &LabFolder, lesson: ShownLesson) -> io::Result<WatchSocket> {
        let (listener, name) = folder.of_lessons().listen_beside(&lab_name(&lesson.name))?;
        Ok(WatchSocket { listener, name, lesson })
    }
}

/// Who takes part in a lesson beside its runner.
#[derive(Default)]
pub struct LessonPeers {
    /// Through which others look on.
    pub door: Option<WatchSocket>,
    /// Those that play a side's part, at most one of each side.
    pub programs: Vec<SideProgram>,
}

/// A lesson's name as a lab's can be, with room for a number.
fn lab_name(lesson: &str) -> String {
    lesson.to_ascii_lowercase().chars().take(28).collect()
}

/// The number of the process's own walk in its lab.
const OWN: u32 = 0;

/// A running lab on the kernel. When it is dropped, its calls are interrupted, its sockets closed, its threads
/// ended, and nothing holds the lab any more: the kernel removes it in the background.
pub struct LinuxWorld {
    orders: Orders<Order>,
    thread: Option<JoinHandle<()>>,
    mode: Mode,
    wire: WireAbility,
    /// Others can look on.
    watched: bool,
}

/// A lab that is being made by its thread.
pub struct StartingWorld {
    world: LinuxWorld,
    started: Receiver<Result<(WireAbility, Option<u64>), Refused>>,
}

impl StartingWorld {
    /// Waits until it is there.
    ///
    /// # Errors
    /// What the system refused; nothing is left behind then.
    pub fn wait(self) -> Result<LinuxWorld, Refused> {
        self.finish().map(|(world, _)| world)
    }

    /// The same, with the number of its network namespace.
    fn finish(self) -> Result<(LinuxWorld, Option<u64>), Refused> {
        let StartingWorld { mut world, started } = self;
        match started.recv() {
            Ok(Ok((wire, network))) => {
                world.wire = wire;
                Ok((world, network))
            }
            Ok(Err(refused)) => Err(refused),
            Err(_) => Err(refused(Aim::Thread.by("clone()"))(Cause::ThreadEnded.into())),
        }
    }
}

impl LinuxWorld {
    /// Starts a lab. `epoch` is the beginning of its clock; `sink` is called from the lab's thread with what happens.
    ///
    /// # Errors
    /// What the system refused; nothing is left behind then.
    pub fn start(
        place: WalkPlace,
        epoch: Instant,
        sink: impl Fn(Vec<Happening>) + Send + 'static,
    ) -> Result<LinuxWorld, Refused> {
        LinuxWorld::start_with(place, epoch, LessonPeers::default(), sink)
    }

    /// As [`LinuxWorld::start`], of a lab in which others take part too.
    ///
    /// # Errors
    /// The same.
    pub fn start_with(
        place: WalkPlace,
        epoch: Instant,
        peers: LessonPeers,
        sink: impl Fn(Vec<Happening>) + Send + 'static,
    ) -> Result<LinuxWorld, Refused> {
        LinuxWorld::begin(place, epoch, peers, sink)?.wait()
    }

    /// The same, without waiting until it is there.
    ///
    /// # Errors
    /// Where the process can't have one more thread or descriptor.
    pub fn begin(
        place: WalkPlace,
        epoch: Instant,
        peers: LessonPeers,
        sink: impl Fn(Vec<Happening>) + Send + 'static,
    ) -> Result<StartingWorld, Refused> {
        let LessonPeers { door, programs } = peers;
        let watched = door.is_some();
        let mode = place.mode();
        let make = move |sink, pipe| {
            let is_programs = |side: &Side| programs.iter().any(|program| program.side == *side);
            let driven = Side::BOTH.into_iter().filter(|side| !is_programs(side)).collect();
            let mut server = open((&place, driven), epoch, sink, pipe)?;
            server.remote = door.and_then(|WatchSocket { listener, name, lesson }| {
                // Where the listener can't be had, nobody can look on.
                let members = Members::new(listener).ok()?;
                Some(RemotePeers { members, name: Some(name), programs: None, lesson: Some(lesson) })
            });
            for program in programs {
                start_program(&mut server, program).map_err(refused(Aim::Program.by("execve()")))?;
            }
            Ok(server)
        };
        let mut starting = spawn(mode, epoch, Box::new(sink), make)?;
        starting.world.watched = watched;
        Ok(starting)
    }

    /// Begins a lab in which this process makes the calls of these sides, and others can take part: once they come, it goes on
    /// in a process that `successor` starts. Also the number of its network namespace.
    ///
    /// # Errors
    /// What the system refused; `begins` is still there then.
    pub fn host(
        place: WalkPlace,
        epoch: Instant,
        (sides, begins): (Vec<Side>, &Arc<Mutex<Option<Beginning>>>),
        successor: impl Fn() -> Command + Send + 'static,
        sink: impl Fn(Vec<Happening>) + Send + 'static,
    ) -> Result<(LinuxWorld, Option<u64>), Refused> {
        let begins = Arc::clone(begins);
        let mode = place.mode();
        let make = move |sink, pipe| {
            let mut server = open_to_others(&place, epoch, &sides, sink, pipe)?;
            let gone = || refused(Aim::Door.by("listen(AF_UNIX)"))(io::ErrorKind::NotFound.into());
            let Beginning { listener, name } =
                begins.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(gone)?;
            let mut members = Members::new(listener).map_err(refused(Aim::Door.by("fcntl(O_NONBLOCK)")))?;
            if let Some(local) = &mut server.local {
                local.member.number = members.number();
                server.lab.handle(server.environment.now(), Input::Came(local.member.clone()));
            }
            server.remote =
                Some(RemotePeers { members, name: Some(name), programs: Some(Programs::default()), lesson: None });
            server.successor = Some(Box::new(successor));
            Ok(server)
        };
        spawn(mode, epoch, Box::new(sink), make)?.finish()
    }
}

type Ready = Sender<Result<(WireAbility, Option<u64>), Refused>>;
type Pipe = (Inbox<Order>, Orders<Order>);

/// Starts the lab's thread; what it serves is made there.
fn spawn(
    mode: Mode,
    epoch: Instant,
    sink: Sink,
    make: impl FnOnce(Box<dyn Fn(Vec<Happening>)>, Pipe) -> Result<Server, Refused> + Send + 'static,
) -> Result<StartingWorld, Refused> {
    sys::make_interrupting(INTERRUPT).map_err(refused(Aim::Wake.by("sigaction()")))?;
    let (orders, inbox) = Orders::new().map_err(refused(Aim::Wake.by("pipe()")))?;
    let back = orders.try_clone().map_err(refused(Aim::Wake.by("dup()")))?;
    let (ready, started) = channel();
    let body = move || {
        // It waits for microseconds while a call is about to sleep; the kernel's own slack is 50 (`PR_SET_TIMERSLACK`).
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1_000));
        run(epoch, sink, |sink| make(sink, (inbox, back)), &ready)
    };
    let thread = thread::Builder::new().name("lab".into()).spawn(body).map_err(refused(Aim::Thread.by("clone()")))?;
    // In the lab segments always wait; what can be seen of the machine's own is known once it was tried.
    let wire = if mode == Mode::Lab { WireAbility::Holds } else { WireAbility::Blind };
    Ok(StartingWorld { world: LinuxWorld { orders, thread: Some(thread), mode, wire, watched: false }, started })
}

type Sink = Box<dyn Fn(Vec<Happening>) + Send>;

fn run(
    epoch: Instant,
    sink: Sink,
    make: impl FnOnce(Box<dyn Fn(Vec<Happening>)>) -> Result<Server, Refused>,
    ready: &Ready,
) {
    let sink = std::rc::Rc::new(sink);
    let heard = std::rc::Rc::clone(&sink);
    let body = std::panic::AssertUnwindSafe(move || {
        let server = match make(Box::new(move |happened| heard(happened))) {
            Ok(server) => server,
            Err(refused) => {
                let _ = ready.send(Err(refused));
                return Ok(());
            }
        };
        let _ = ready.send(Ok((server.environment.wire(), network())));
        match serve(server)? {
            ServingEnd::Over => {}
            ServingEnd::Moved(agent) => agent.serve(Vec::new()),
        }
        Ok(())
    });
    let failure = match std::panic::catch_unwind(body) {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::Thread(super::panic_text(&*panic)),
    };
    sink(vec![Happening { at: epoch.elapsed(), what: HappeningKind::Failed(failure) }]);
}

/// Enters the place and opens everything for a walk that others can come to.
fn open_to_others(
    place: &WalkPlace,
    epoch: Instant,
    sides: &[Side],
    sink: Box<dyn Fn(Vec<Happening>)>,
    (inbox, orders): Pipe,
) -> Result<Server, Refused> {
    let mut environment = Environment::enter(place, Gate::OpensWithoutUs, epoch)?;
    environment.bound_flight(false);
    if environment.wire() != WireAbility::Holds {
        // Root's right to see segments was needed to open what sees them.
        sys::keep_capabilities(&[]).map_err(refused(Aim::Rights.by("capset()")))?;
    }
    environment.sockets.share();
    let threads = CallThreadStates::start((sides, place.mode()), Leaving::Close, orders)
        .map_err(refused(Aim::Thread.by("clone()")))?;
    environment.sockets.ask(threads.tables());
    let role = Role::Drives(sides.to_vec());
    let member = Member { number: OWN, pid: std::process::id(), nth: Actor::FIRST, role };
    let lab = Lab::new(LabOptions { wire: environment.wire(), copies: place.copies(), resident: None });
    Ok(serves(place, environment, lab, LocalPeer::new(member, threads, sink), inbox))
}

/// Starts a program that plays a side's part.
fn start_program(server: &mut Server, program: SideProgram) -> io::Result<()> {
    let now = server.environment.now();
    let remote = server.remote.get_or_insert_with(|| {
        let (members, name, programs, lesson) = (Members::without_door(), None, None, None);
        RemotePeers { members, name, programs, lesson }
    });
    let (number, role) = (remote.members.number(), Role::Plays(program.side));
    let (started, stream) = LessonProgram::start(program, number)?;
    let member = Member { number, pid: started.process(), nth: Actor::FIRST, role };
    remote.members.resume(member.clone(), stream, 0)?;
    server.programs.push(started);
    server.lab.handle(now, Input::Started(member));
    Ok(())
}

/// Enters the place and opens everything for a lesson whose runner makes the calls of the sides that it `drives`.
fn open(
    (place, drives): (&WalkPlace, Vec<Side>),
    epoch: Instant,
    sink: Box<dyn Fn(Vec<Happening>)>,
    (inbox, orders): Pipe,
) -> Result<Server, Refused> {
    let mut environment = Environment::enter(place, Gate::StaysClosed, epoch)?;
    let threads = CallThreadStates::start((&drives, place.mode()), Leaving::Reset, orders)
        .map_err(refused(Aim::Thread.by("clone()")))?;
    environment.sockets.ask(threads.tables());
    let member = Member { number: OWN, pid: std::process::id(), nth: Actor::FIRST, role: Role::Drives(drives) };
    let lab = Lab::new(LabOptions { wire: environment.wire(), copies: place.copies(), resident: Some(member.clone()) });
    Ok(serves(place, environment, lab, LocalPeer::new(member, threads, sink), inbox))
}

fn serves(place: &WalkPlace, environment: Environment, lab: Lab, local: LocalPeer, inbox: Inbox<Order>) -> Server {
    Server { local: Some(local), inbox: Some(inbox), ..Server::new(place.mode(), environment, lab) }
}

impl World for LinuxWorld {
    fn request(&mut self, request: Request) {
        if matches!(request, Request::Note(_)) && !self.watched {
            return;
        }
        self.orders.give(Order::Request(request));
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn wire(&self) -> WireAbility {
        self.wire
    }
}

impl Drop for LinuxWorld {
    fn drop(&mut self) {
        self.orders.give(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
