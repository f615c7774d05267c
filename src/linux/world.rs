//! The handle of a walk's world, for the thread that runs the interface.

use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::director::{Director, Order};
use super::lab::Refused;
use super::orders::{Inbox, Orders};
use super::place::Place;
use super::sides::INTERRUPT;
use super::{lab, sys};
use crate::engine::{Failure, Happening, Request, What, Wire, World};
use crate::model::Mode;

/// A running world on the kernel. When it is dropped, its calls are interrupted, its sockets closed, its threads
/// ended, and nothing holds its lab any more: the kernel removes it in the background.
pub struct LinuxWorld {
    orders: Orders<Order>,
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
        let (orders, inbox) = Orders::new().map_err(lab::refused("pipe()"))?;
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
            Err(_) => Err(lab::refused("start of a thread")(io::Error::other("it ended at once"))),
        }
    }
}

fn direct(
    place: Place,
    epoch: Instant,
    sink: impl Fn(Happening),
    inbox: Inbox<Order>,
    orders: Orders<Order>,
    ready: &Sender<Result<Wire, Refused>>,
) {
    let body = std::panic::AssertUnwindSafe(|| match Director::new(&place, epoch, &sink, inbox, orders) {
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
