//! Other processes that take part in a lab, as who serves it sees them: what comes from each, and what waits to be sent.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::link::Link;
use super::protocol::{self, FromMember, ToMember};
use crate::lab::{Denial, Failure};
use crate::linux::sys;
use crate::model::{Actor, Entry, Member, Role};

/// The most that have connected and not said yet who they are: who comes when there are so many puts the first of them out.
const STRANGERS: usize = 32;

/// How long one may take to say who it is, and how much it may say until then, in bytes.
const HELLO: Duration = Duration::from_secs(5);
const LONGEST_HELLO: usize = 4096;

/// The most entries in one message.
const BATCH: usize = 200;

/// What is heard of one.
#[expect(clippy::large_enum_variant, reason = "nearly all say something, and each is handed on once")]
pub(in crate::linux) enum MemberMessage {
    /// It says something.
    Said(u32, FromMember),
    /// It is gone.
    Gone(u32),
}

/// One of them.
struct ConnectedMember {
    pid: u32,
    came: Instant,
    /// What it is there for, once it was let in.
    member: Option<Member>,
    link: Link,
    /// How much of the trace it was sent.
    published: usize,
    /// It runs a program, and looks all the same.
    looks: bool,
    /// It is to be put out: it doesn't read, or its other end is gone.
    lost: bool,
}

/// All of them, and the door at which they come.
pub(in crate::linux) struct Members {
    /// `None` where nobody can come.
    listener: Option<UnixListener>,
    own_uid: u32,
    guests: BTreeMap<u32, ConnectedMember>,
    last: u32,
}

impl Members {
    /// Nobody yet.
    ///
    /// # Errors
    /// Where the listener can't be made to never wait.
    pub(in crate::linux) fn new(listener: UnixListener) -> io::Result<Members> {
        listener.set_nonblocking(true)?;
        Ok(Members { listener: Some(listener), ..Members::without_door() })
    }

    /// Nobody yet, and nobody will come over a socket.
    pub(in crate::linux) fn without_door() -> Members {
        Members { listener: None, own_uid: sys::effective_ids().0, guests: BTreeMap::new(), last: 0 }
    }

    /// One takes part that didn't come over the socket: this process's own walk. Its number.
    pub(in crate::linux) fn number(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    /// One takes part already, and knows so much of the trace.
    ///
    /// # Errors
    /// Where its link can't be made to never wait.
    pub(in crate::linux) fn resume(&mut self, member: Member, stream: UnixStream, published: usize) -> io::Result<()> {
        let link = Link::new(stream, protocol::LONGEST)?;
        self.last = self.last.max(member.number);
        let guest = ConnectedMember {
            pid: member.pid,
            came: Instant::now(),
            member: Some(member.clone()),
            link,
            published,
            looks: false,
            lost: false,
        };
        self.guests.insert(member.number, guest);
        Ok(())
    }

    /// Where they come.
    pub(in crate::linux) fn listener(&self) -> Option<BorrowedFd<'_>> {
        self.listener.as_ref().map(AsFd::as_fd)
    }

    /// What is to be polled: the door first, then each, with whether something waits to be sent to it.
    pub(in crate::linux) fn polled(&self) -> impl Iterator<Item = (Option<u32>, BorrowedFd<'_>, bool)> {
        let guests = { self.guests.iter() }
            .map(|(number, guest)| (Some(*number), guest.link.as_fd(), guest.link.wants_to_send()));
        self.listener().map(|door| (None, door, false)).into_iter().chain(guests)
    }

    /// Lets in whoever has connected, as long as it is the same user's.
    pub(in crate::linux) fn admit(&mut self) {
        // Where there are too many open files, the next one may find room.
        while let Some(Ok((stream, _))) = self.listener.as_ref().map(UnixListener::accept) {
            if let Ok((uid, pid)) = sys::peer(&stream)
                && uid == self.own_uid
            {
                // One that can't be served is one that doesn't come.
                let _ = self.came(stream, pid);
            }
        }
    }

    fn came(&mut self, stream: UnixStream, pid: u32) -> io::Result<()> {
        let strangers: Vec<u32> = self.strangers().map(|(number, _)| number).collect();
        if strangers.len() >= STRANGERS {
            self.remove(strangers[0]);
        }
        self.last += 1;
        let link = Link::new(stream, LONGEST_HELLO)?;
        let guest =
            ConnectedMember { pid, came: Instant::now(), member: None, link, published: 0, looks: false, lost: false };
        self.guests.insert(self.last, guest);
        Ok(())
    }

    /// Reads what one has said, and sends it what waits.
    pub(in crate::linux) fn serve(&mut self, number: u32) -> Vec<MemberMessage> {
        let Some(guest) = self.guests.get_mut(&number) else { return Vec::new() };
        let (said, open) = guest.link.read();
        guest.lost |= !open || !guest.link.flush();
        said.into_iter().map(|said| MemberMessage::Said(number, said)).collect()
    }

    /// What those say by now that run programs.
    pub(in crate::linux) fn hear_programs(&mut self) -> Vec<MemberMessage> {
        let runs = |guest: &ConnectedMember| guest.member.as_ref().is_some_and(Member::runs_program);
        let numbers = self.guests.iter().filter(|(_, guest)| runs(guest)).map(|(number, _)| *number);
        numbers.collect::<Vec<_>>().into_iter().flat_map(|number| self.serve(number)).collect()
    }

    /// Those that are gone, or are put out: they don't read, or have said nothing for too long. Each is heard of once.
    pub(in crate::linux) fn lost(&mut self) -> Vec<MemberMessage> {
        let silent = |guest: &ConnectedMember| guest.member.is_none() && guest.came.elapsed() >= HELLO;
        let lost = self.guests.iter().filter(|(_, guest)| guest.lost || silent(guest));
        let lost: Vec<u32> = lost.map(|(number, _)| *number).collect();
        lost.iter().for_each(|number| self.remove(*number));
        lost.into_iter().map(MemberMessage::Gone).collect()
    }

    /// Those that haven't said who they are, in the order in which they came.
    fn strangers(&self) -> impl Iterator<Item = (u32, Instant)> {
        let strangers = self.guests.iter().filter(|(_, guest)| guest.member.is_none());
        strangers.map(|(number, guest)| (*number, guest.came))
    }

    /// How long it is until one is to be put out; `None` where nobody is.
    pub(in crate::linux) fn until_lost(&self) -> Option<Duration> {
        if self.guests.values().any(|guest| guest.lost) {
            return Some(Duration::ZERO);
        }
        self.strangers().next().map(|(_, came)| HELLO.saturating_sub(came.elapsed()))
    }

    /// How many there are, also those that haven't said who they are.
    pub(in crate::linux) fn count(&self) -> usize {
        self.guests.len()
    }

    /// Who has said for the first time what it is there for; `None` where it is gone, or was let in.
    pub(in crate::linux) fn newcomer(&self, number: u32, role: Role) -> Option<Member> {
        let guest = self.guests.get(&number).filter(|guest| guest.member.is_none())?;
        // The how many-th of its side it is, the lab says.
        Some(Member { number, pid: guest.pid, nth: Actor::FIRST, role })
    }

    /// Lets one in.
    pub(in crate::linux) fn let_in(&mut self, member: Member) {
        if let Some(guest) = self.guests.get_mut(&member.number) {
            guest.link.allow(protocol::LONGEST);
            guest.member = Some(member);
        }
    }

    /// One that runs a program wants to know what happens.
    pub(in crate::linux) fn looks(&mut self, number: u32) {
        if let Some(guest) = self.guests.get_mut(&number) {
            guest.looks = true;
        }
    }

    /// Doesn't let one in.
    pub(in crate::linux) fn deny(&mut self, number: u32, denial: Denial) {
        self.tell(number, &ToMember::Denied(denial));
        self.remove(number);
    }

    /// Tells everybody why the lab can't go on.
    pub(in crate::linux) fn fail(&mut self, failure: &Failure) {
        let numbers: Vec<u32> = self.guests.keys().copied().collect();
        for number in numbers {
            self.tell(number, &ToMember::Failed(failure.clone()));
            self.remove(number);
        }
    }

    /// Puts one out, or takes notice that it went.
    pub(in crate::linux) fn remove(&mut self, number: u32) {
        self.guests.remove(&number);
    }

    /// Says something to one. Never waits.
    pub(in crate::linux) fn tell(&mut self, number: u32, message: &ToMember) {
        if let Some(guest) = self.guests.get_mut(&number) {
            guest.lost |= !guest.link.say(message);
        }
    }

    /// Has everybody who looks know these entries: all that stand in the trace.
    pub(in crate::linux) fn publish(&mut self, entries: &[Entry]) {
        let mut made: Option<(usize, Vec<Arc<[u8]>>)> = None;
        for guest in self.guests.values_mut().filter(|guest| guest.looks() && guest.published < entries.len()) {
            if made.as_ref().is_none_or(|(from, _)| *from != guest.published) {
                made = Some((guest.published, lines(&entries[guest.published..])));
            }
            for line in made.iter().flat_map(|(_, lines)| lines) {
                guest.lost |= !guest.link.send(Arc::clone(line));
            }
            guest.published = entries.len();
        }
    }
}

fn lines(entries: &[Entry]) -> Vec<Arc<[u8]>> {
    let batches = entries.chunks(BATCH);
    batches.filter_map(|batch| protocol::line(&ToMember::Happened(batch.to_vec())).ok()).map(Arc::from).collect()
}

impl ConnectedMember {
    /// Whether it wants to know what happens: who runs a program reads nothing, unless it said so.
    fn looks(&self) -> bool {
        self.member.as_ref().is_some_and(|member| self.looks || !member.runs_program())
    }
}
