//! The handle of a walk's world, for the thread that runs the interface.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::director::Director;
use super::lab::Refused;
use super::sides::{INTERRUPT, Report};
use super::{lab, sys};
use crate::engine::{Failure, Happening, Request, What, Wire, World};
use crate::model::{LabSettings, Mode};

/// Where a walk is to run.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a new lab with these settings; the process has the rights for it ([`super::gain_rights`]).
    Lab(LabSettings),
    /// On the machine's own loopback.
    Host,
}

/// What the directing thread is told.
pub(super) enum Order {
    /// The runner asks for something.
    Request(Request),
    /// A side's thread reports.
    Report(Report),
    /// The walk is over.
    Stop,
}

/// A way to tell the directing thread something: an order, and a byte in the pipe on which it sleeps.
pub(super) struct Orders {
    sender: Sender<Order>,
    bell: PipeWriter,
}

impl Orders {
    pub(super) fn give(&self, order: Order) {
        // Where the directing thread has ended, nobody is left to be told.
        if self.sender.send(order).is_ok() {
            let _ = (&self.bell).write_all(&[0]);
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Orders> {
        Ok(Orders { sender: self.sender.clone(), bell: self.bell.try_clone()? })
    }
}

/// What the directing thread hears.
pub(super) struct Inbox {
    pub(super) orders: Receiver<Order>,
    pub(super) bell: PipeReader,
}

/// A running world on the kernel. When it is dropped, its calls are interrupted, its sockets closed, its threads
/// ended, and nothing holds its lab any more: the kernel removes it in the background.
pub struct LinuxWorld {
    orders: Orders,
    thread: Option<JoinHandle<()>>,
    mode: Mode,
    wire: Wire,
}

impl LinuxWorld {
    /// Starts a world. `epoch` is the beginning of its clock; `sink` is called from the directing thread with what
    /// happens.
    ///
    /// # Errors
    /// What the system refused; nothing is left behind then.
    pub fn start(
        place: Place,
        epoch: Instant,
        sink: impl Fn(Happening) + Send + 'static,
    ) -> Result<LinuxWorld, Refused> {
        let start = lab::refused("start of a thread");
        sys::make_interrupting(INTERRUPT).map_err(lab::refused("sigaction()"))?;
        let (bell, inbox_bell) = io::pipe().map(|(reader, writer)| (writer, reader)).map_err(lab::refused("pipe()"))?;
        let (sender, inbox_orders) = channel();
        let orders = Orders { sender, bell };
        let inbox = Inbox { orders: inbox_orders, bell: inbox_bell };
        let back = orders.try_clone().map_err(lab::refused("dup() of a pipe"))?;
        let (ready, started) = channel();
        let mode = if matches!(place, Place::Lab(_)) { Mode::Lab } else { Mode::Host };
        let body = move || direct(place, epoch, sink, inbox, back, &ready);
        let thread = thread::Builder::new().name("director".into()).spawn(body).map_err(start)?;
        match started.recv() {
            Ok(Ok(wire)) => Ok(LinuxWorld { orders, thread: Some(thread), mode, wire }),
            Ok(Err(refused)) => {
                let _ = thread.join();
                Err(refused)
            }
            Err(_) => Err(Refused { what: "start of a thread", error: io::ErrorKind::BrokenPipe.into() }),
        }
    }
}

fn direct(
    place: Place,
    epoch: Instant,
    sink: impl Fn(Happening),
    inbox: Inbox,
    orders: Orders,
    ready: &Sender<Result<Wire, Refused>>,
) {
    let body = std::panic::AssertUnwindSafe(|| match Director::new(place, epoch, &sink, inbox, orders) {
        Ok(director) => {
            let _ = ready.send(Ok(director.wire()));
            director.direct()
        }
        Err(refused) => {
            let _ = ready.send(Err(refused));
            Ok(())
        }
    });
    let failure = match std::panic::catch_unwind(body) {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure::Thread(super::panic_text(&*panic)),
    };
    sink(Happening { at: epoch.elapsed(), what: What::Failed(failure) });
}

impl World for LinuxWorld {
    fn request(&mut self, request: Request) {
        self.orders.give(Order::Request(request));
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
        self.orders.give(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
