//! The members as the keeper sees them: what comes from each, and what waits to be sent to it.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use super::protocol::{self, FromMember, ToMember};
use crate::linux::orders::Orders;
use crate::linux::sys;
use crate::model::Member;

/// The most members at a time.
pub(super) const MOST: usize = 64;

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
    thread::Builder::new().name("door".into()).stack_size(STACK).spawn(body).map(drop)
}

/// One of them.
struct Guest {
    pid: u32,
    /// What it is there for, once it was let in.
    member: Option<Member>,
    outbox: Sender<Arc<[u8]>>,
    waiting: Arc<AtomicUsize>,
    stream: UnixStream,
    /// How much of the trace it was sent.
    told: usize,
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
        self.last += 1;
        let number = self.last;
        let (outbox, queue) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let (reads, writes, counts) = (stream.try_clone()?, stream.try_clone()?, Arc::clone(&waiting));
        let builder = || thread::Builder::new().stack_size(STACK);
        builder().name("hears".into()).spawn(move || hear(number, reads, &orders))?;
        builder().name("tells".into()).spawn(move || tell(writes, &queue, &counts))?;
        self.guests.insert(number, Guest { pid, member: None, outbox, waiting, stream, told: 0 });
        Ok(())
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
        self.guests.get(&number)?.member.as_ref()
    }

    /// Those that were let in.
    pub(super) fn all(&self) -> impl Iterator<Item = &Member> {
        self.guests.values().filter_map(|guest| guest.member.as_ref())
    }

    /// Lets one in.
    pub(super) fn let_in(&mut self, member: Member) {
        if let Some(guest) = self.guests.get_mut(&member.number) {
            guest.member = Some(member);
        }
    }

    /// Puts one out, or takes notice that it went. Who it was, if it had been let in.
    pub(super) fn remove(&mut self, number: u32) -> Option<Member> {
        let guest = self.guests.remove(&number)?;
        // What waits is still sent; then its thread ends. Nothing more is heard.
        let _ = guest.stream.shutdown(std::net::Shutdown::Read);
        guest.member
    }

    /// Says something to one. Never waits.
    pub(super) fn tell(&mut self, number: u32, message: &ToMember) {
        if let (Some(guest), Ok(line)) = (self.guests.get(&number), protocol::line(message)) {
            guest.send(line.into());
        }
    }

    /// Sends everybody what they don't know yet: `new` makes the message of all entries from one place on.
    pub(super) fn bring_up_to_date(&mut self, now: usize, new: impl Fn(usize) -> Vec<Arc<[u8]>>) {
        let mut made: Option<(usize, Vec<Arc<[u8]>>)> = None;
        for guest in self.guests.values_mut().filter(|guest| guest.member.is_some() && guest.told < now) {
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
    fn send(&self, line: Arc<[u8]>) {
        let waiting = self.waiting.fetch_add(line.len(), Ordering::Relaxed) + line.len();
        if waiting > LONGEST_QUEUE {
            let _ = self.stream.shutdown(std::net::Shutdown::Both);
        }
        let _ = self.outbox.send(line);
    }
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
