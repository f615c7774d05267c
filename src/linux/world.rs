//! The handle of a lab in the same process, for the thread that runs the interface.

use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixListener;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::environment::{Environment, Place};
use super::gate::Gate;
use super::hands::Hands;
use super::lab::{Refused, refused};
use super::orders::{Inbox, Orders};
use super::serve::{LocalPeer, Message, RemotePeers, Server};
use super::shared::{Folder, Members, ShownLesson, TakenName};
use super::sides::{INTERRUPT, Leaving};
use super::sys;
use crate::lab::{Failure, Happening, Lab, Options, Request, What, Wire, World};
use crate::model::{Member, Mode, Role, Side};

/// Where other processes find a lesson's lab, to look on.
pub struct Door {
    listener: UnixListener,
    name: TakenName,
    lesson: ShownLesson,
}

impl Door {
    /// A door for a lab in which this lesson runs; its name is the lesson's, with a number behind it where that is taken.
    ///
    /// # Errors
    /// The system's.
    pub fn open(folder: &Folder, lesson: ShownLesson) -> io::Result<Door> {
        let (listener, name) = folder.of_lessons().listen_beside(&lab_name(&lesson.name))?;
        Ok(Door { listener, name, lesson })
    }
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
    orders: Orders<Message>,
    thread: Option<JoinHandle<()>>,
    mode: Mode,
    wire: Wire,
    /// Others can look on.
    watched: bool,
}

impl LinuxWorld {
    /// Starts a lab. `epoch` is the beginning of its clock; `sink` is called from the lab's thread with what happens.
    ///
    /// # Errors
    /// What the system refused; nothing is left behind then.
    pub fn start(
        place: Place,
        epoch: Instant,
        sink: impl Fn(Happening) + Send + 'static,
    ) -> Result<LinuxWorld, Refused> {
        LinuxWorld::start_watched(place, epoch, None, sink)
    }

    /// As [`LinuxWorld::start`], of a lab at which others can look on through this door.
    ///
    /// # Errors
    /// The same.
    pub fn start_watched(
        place: Place,
        epoch: Instant,
        door: Option<Door>,
        sink: impl Fn(Happening) + Send + 'static,
    ) -> Result<LinuxWorld, Refused> {
        sys::make_interrupting(INTERRUPT).map_err(refused("sigaction()"))?;
        let (orders, inbox) = Orders::new().map_err(refused("pipe()"))?;
        let back = orders.try_clone().map_err(refused("dup() of a pipe"))?;
        let (ready, started) = channel();
        let mode = place.mode();
        let watched = door.is_some();
        let body = move || run(&place, epoch, door, Box::new(sink), (inbox, back), &ready);
        let thread = thread::Builder::new().name("lab".into()).spawn(body).map_err(refused("start of a thread"))?;
        match started.recv() {
            Ok(Ok(wire)) => Ok(LinuxWorld { orders, thread: Some(thread), mode, wire, watched }),
            Ok(Err(refused)) => {
                let _ = thread.join();
                Err(refused)
            }
            Err(_) => Err(refused("start of a thread")(io::Error::other("it ended at once"))),
        }
    }
}

type Sink = Box<dyn Fn(Happening) + Send>;

fn run(
    place: &Place,
    epoch: Instant,
    door: Option<Door>,
    sink: Sink,
    pipe: (Inbox<Message>, Orders<Message>),
    ready: &Sender<Result<Wire, Refused>>,
) {
    let sink = std::rc::Rc::new(sink);
    let heard = std::rc::Rc::clone(&sink);
    let body = std::panic::AssertUnwindSafe(move || {
        let mut server = match open(place, epoch, Box::new(move |happening| heard(happening)), pipe) {
            Ok(server) => server,
            Err(refused) => {
                let _ = ready.send(Err(refused));
                return Ok(());
            }
        };
        let _ = ready.send(Ok(server.environment.wire()));
        server.remote = door.and_then(|Door { listener, name, lesson }| {
            // Where the listener can't be had, nobody can look on.
            let members = Members::new(listener).ok()?;
            Some(RemotePeers { members, name: Some(name), programs: None, lesson: Some(lesson) })
        });
        server.serve()
    });
    let failure = match std::panic::catch_unwind(body) {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::Thread(super::panic_text(&*panic)),
    };
    sink(Happening { at: epoch.elapsed(), what: What::Failed(failure) });
}

/// Enters the place and opens everything.
fn open(
    place: &Place,
    epoch: Instant,
    sink: Box<dyn Fn(Happening)>,
    (inbox, orders): (Inbox<Message>, Orders<Message>),
) -> Result<Server, Refused> {
    let mut environment = Environment::enter(place, Gate::StaysClosed, epoch)?;
    let threads = Hands::start(&Side::BOTH, Leaving::Reset, orders).map_err(refused("start of a side's thread"))?;
    environment.sockets.ask(threads.tables());
    let member = Member { number: OWN, pid: std::process::id(), nth: 1, role: Role::Drives(Side::BOTH.to_vec()) };
    let lab = Lab::new(Options { wire: environment.wire(), copies: place.copies(), resident: Some(member.clone()) });
    let local = Some(LocalPeer { member, threads, sink, published: 0 });
    Ok(Server {
        mode: place.mode(),
        local,
        remote: None,
        environment,
        lab,
        inbox: Some(inbox),
        messages: VecDeque::new(),
    })
}

impl World for LinuxWorld {
    fn request(&mut self, request: Request) {
        if matches!(request, Request::Note(_)) && !self.watched {
            return;
        }
        self.orders.give(Message::Request(request));
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn wire(&self) -> Wire {
        self.wire
    }
}

impl Drop for LinuxWorld {
    fn drop(&mut self) {
        self.orders.give(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
