//! The members as the keeper sees them: what comes from each, and what waits to be sent to it.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::protocol::{self, FromMember, ToMember};
use crate::linux::orders::Orders;
use crate::linux::sys;
use crate::model::{Member, Role};

/// The most members at a time.
pub(super) const MOST: usize = 64;

/// The most that have connected and not said yet who they are: who comes when there are so many puts the first of them out.
const STRANGERS: usize = 32;

/// How long one may take to say who it is.
const HELLO: Duration = Duration::from_secs(5);

/// The most that may wait to be sent to one member, in bytes: who reads nothing for so long is put out.
const LONGEST_QUEUE: usize = 256 << 20;

/// So much of the stack suffices for what reads and writes lines.
const STACK: usize = 256 * 1024;

/// What the keeper hears.
pub(super) enum Heard {
    /// Somebody of the same user connected.
    Came(UnixStream, u32),
    /// A member said something.
    Said(u32, FromMember),
    /// A member is gone.
    Gone(u32),
}

/// Lets in whoever connects, as long as it is the keeper's own user.
pub(super) fn admit(listener: UnixListener, orders: Orders<Heard>) -> io::Result<()> {
    let (own, _) = sys::effective_ids();
    let body = move || {
        for stream in listener.incoming() {
            match stream.map(|stream| sys::peer(&stream).map(|(uid, pid)| (stream, uid, pid))) {
                Ok(Ok((stream, uid, pid))) if uid == own => orders.give(Heard::Came(stream, pid)),
                Ok(_) => {}
                // Too many open files: the next one may find room.
                Err(_) => thread::sleep(Duration::from_millis(100)),
            }
        }
    };
    spawn("door", body)
}

/// One of them.
struct Guest {
    pid: u32,
    came: Instant,
    /// What it is there for, and the way to its messages, once it was let in.
    inside: Option<Inside>,
    stream: UnixStream,
    /// How much of the trace it was sent.
    told: usize,
}

/// What one that was let in has beside.
struct Inside {
    member: Member,
    outbox: Sender<Arc<[u8]>>,
    waiting: Arc<AtomicUsize>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Members {
    guests: BTreeMap<u32, Guest>,
    last: u32,
}

impl Members {
    /// Somebody connected: from now on it is heard.
    pub(super) fn came(&mut self, stream: UnixStream, pid: u32, orders: Orders<Heard>) -> io::Result<()> {
        let strangers: Vec<u32> = self.strangers().map(|(number, _)| number).collect();
        if strangers.len() >= STRANGERS {
            strangers.first().map(|first| self.remove(*first));
        }
        self.last += 1;
        let number = self.last;
        let reads = stream.try_clone()?;
        spawn("hears", move || hear(number, reads, &orders))?;
        self.guests.insert(number, Guest { pid, came: Instant::now(), inside: None, stream, told: 0 });
        Ok(())
    }

    /// Those that haven't said who they are, in the order in which they came.
    fn strangers(&self) -> impl Iterator<Item = (u32, Instant)> {
        let strangers = self.guests.iter().filter(|(_, guest)| guest.inside.is_none());
        strangers.map(|(number, guest)| (*number, guest.came))
    }

    /// Puts those out that have said nothing for too long.
    pub(super) fn put_out_silent(&mut self) {
        let silent: Vec<u32> =
            self.strangers().filter(|(_, came)| came.elapsed() >= HELLO).map(|(number, _)| number).collect();
        silent.into_iter().for_each(|number| drop(self.remove(number)));
    }

    /// How long it is until one has said nothing for too long; `None` where all have said who they are.
    pub(super) fn until_silent(&self) -> Option<Duration> {
        self.strangers().next().map(|(_, came)| HELLO.saturating_sub(came.elapsed()))
    }

    /// How many there are, also those that haven't said who they are.
    pub(super) fn count(&self) -> usize {
        self.guests.len()
    }

    /// The process at the other end; `None` where it is gone.
    pub(super) fn pid(&self, number: u32) -> Option<u32> {
        self.guests.get(&number).map(|guest| guest.pid)
    }

    /// One that was let in.
    pub(super) fn get(&self, number: u32) -> Option<&Member> {
        self.guests.get(&number)?.member()
    }

    /// Those that were let in.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.guests.values().filter_map(Guest::member)
    }

    /// Lets one in: from now on there is somebody who writes to it.
    pub(super) fn let_in(&mut self, member: Member) -> io::Result<()> {
        let Some(guest) = self.guests.get_mut(&member.number) else { return Ok(()) };
        let (outbox, queue) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (writes, counts) = (guest.stream.try_clone()?, Arc::clone(&waiting));
        spawn("tells", move || tell(writes, &queue, &counts))?;
        guest.inside = Some(Inside { member, outbox, waiting });
        Ok(())
    }

    /// Puts one out, or takes notice that it went. Who it was, if it had been let in.
    pub(super) fn remove(&mut self, number: u32) -> Option<Member> {
        let guest = self.guests.remove(&number)?;
        // What waits is still sent; then its thread ends. Nothing more is heard.
        let _ = guest.stream.shutdown(std::net::Shutdown::Read);
        guest.inside.map(|inside| inside.member)
    }

    /// Says something to one. Never waits.
    pub(super) fn tell(&mut self, number: u32, message: &ToMember) {
        if let (Some(guest), Ok(line)) = (self.guests.get(&number), protocol::line(message)) {
            guest.send(line.into());
        }
    }

    /// Sends everybody who looks what they don't know yet: `new` makes the message of all entries from one place on.
    pub(super) fn bring_up_to_date(&mut self, now: usize, new: impl Fn(usize) -> Vec<Arc<[u8]>>) {
        let mut made: Option<(usize, Vec<Arc<[u8]>>)> = None;
        for guest in self.guests.values_mut().filter(|guest| guest.looks() && guest.told < now) {
            if made.as_ref().is_none_or(|(from, _)| *from != guest.told) {
                made = Some((guest.told, new(guest.told)));
            }
            for line in made.iter().flat_map(|(_, lines)| lines) {
                guest.send(Arc::clone(line));
            }
            guest.told = now;
        }
    }
}

impl Guest {
    fn member(&self) -> Option<&Member> {
        self.inside.as_ref().map(|inside| &inside.member)
    }

    /// Whether it wants to know what happens: who runs a program reads nothing.
    fn looks(&self) -> bool {
        self.member().is_some_and(|member| !matches!(member.role, Role::Runs(_)))
    }

    fn send(&self, line: Arc<[u8]>) {
        let Some(Inside { outbox, waiting, .. }) = &self.inside else {
            // The first thing that is said to somebody, and short: it finds room.
            let _ = (&self.stream).write_all(&line);
            return;
        };
        if waiting.fetch_add(line.len(), Ordering::Relaxed) + line.len() > LONGEST_QUEUE {
            let _ = self.stream.shutdown(std::net::Shutdown::Both);
        }
        let _ = outbox.send(line);
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.into()).stack_size(STACK).spawn(body).map(drop)
}

fn hear(number: u32, stream: UnixStream, orders: &Orders<Heard>) {
    let mut lines = BufReader::new(stream);
    while let Ok(Some(message)) = protocol::read::<FromMember>(&mut lines) {
        orders.give(Heard::Said(number, message));
    }
    orders.give(Heard::Gone(number));
}

fn tell(mut stream: UnixStream, queue: &Receiver<Arc<[u8]>>, waiting: &AtomicUsize) {
    while let Ok(line) = queue.recv() {
        waiting.fetch_sub(line.len(), Ordering::Relaxed);
        if stream.write_all(&line).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(std::net::Shutdown::Both);
}
