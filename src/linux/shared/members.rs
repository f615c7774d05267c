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
use crate::model::{Actor, Entry, Member, Pace, Role};

/// The most that have connected and not said yet who they are: who comes when there are so many puts the first of them out.
const STRANGERS: usize = 32;

/// How long one may take to say who it is, and how much it may say until then, in bytes.
const HELLO: Duration = Duration::from_secs(5);
const LONGEST_HELLO: usize = 4096;

/// How often at most one hears what happens by itself, and how many messages may come at once before that, and after what it asked for. Each wakes
/// two of its threads, and programs at full speed make thousands a second; this one is shorter than what a frame takes to come.
const NEWS: Duration = Duration::from_millis(20);
const NEWS_AT_ONCE: u32 = 16;

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
    /// How much of it stood there when it was last to be sent; it may be sent later.
    due: usize,
    pace: Pace,
    /// It has said something since it was sent any of the trace.
    waits: bool,
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
        let newcomer = ConnectedMember::new(member.pid, link);
        let number = member.number;
        let guest = ConnectedMember { published, due: published, member: Some(member), ..newcomer };
        self.guests.insert(number, guest);
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
        self.guests.insert(self.last, ConnectedMember::new(pid, link));
        Ok(())
    }

    /// Reads what one has said, and sends it what waits.
    pub(in crate::linux) fn serve(&mut self, number: u32) -> Vec<MemberMessage> {
        let Some(guest) = self.guests.get_mut(&number) else { return Vec::new() };
        let (said, open) = guest.link.read();
        guest.waits |= !said.iter().all(FromMember::is_of_program);
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
    fn tell(&mut self, number: u32, message: &ToMember) {
        if let Some(guest) = self.guests.get_mut(&number) {
            guest.lost |= !guest.link.say(message);
        }
    }

    /// Says something to one, after those of the trace's entries that were to be sent to it before. Never waits.
    pub(in crate::linux) fn tell_after(&mut self, number: u32, entries: &[Entry], message: &ToMember) {
        if let Some(guest) = self.guests.get_mut(&number) {
            guest.send(&entries[..guest.due], &mut None);
        }
        self.tell(number, message);
    }

    /// Has everybody who looks know all that stands in the trace, at this time on the lab's clock: at once who has said something since, the others
    /// at the pace at which one can follow.
    pub(in crate::linux) fn publish(&mut self, now: Duration, entries: &[Entry]) {
        let mut lines = None;
        for guest in self.guests.values_mut().filter(|guest| guest.looks() && guest.published < entries.len()) {
            guest.due = entries.len();
            if guest.waits || guest.pace.rest(now).is_none() {
                guest.pace.came(now, guest.waits);
                guest.send(entries, &mut lines);
            }
        }
    }

    /// Has everybody who looks know all that stands in the trace, at once.
    pub(in crate::linux) fn publish_at_once(&mut self, entries: &[Entry]) {
        let mut lines = None;
        self.guests.values_mut().filter(|guest| guest.looks()).for_each(|guest| guest.send(entries, &mut lines));
    }

    /// How long it is until one is to be sent what stands in the trace; `None` where none is.
    pub(in crate::linux) fn until_due(&self, now: Duration) -> Option<Duration> {
        let due = self.guests.values().filter(|guest| guest.published < guest.due);
        due.map(|guest| guest.pace.rest(now).unwrap_or_default()).min()
    }
}

/// Entries of the trace from one on, as they are sent.
type SentLines = (usize, Vec<Arc<[u8]>>);

fn lines(entries: &[Entry]) -> Vec<Arc<[u8]>> {
    let batches = entries.chunks(BATCH);
    batches.filter_map(|batch| protocol::line(&ToMember::Happened(batch.to_vec())).ok()).map(Arc::from).collect()
}

impl ConnectedMember {
    /// One that has just connected.
    fn new(pid: u32, link: Link) -> ConnectedMember {
        ConnectedMember {
            pid,
            came: Instant::now(),
            member: None,
            link,
            published: 0,
            due: 0,
            pace: Pace::new(NEWS, NEWS_AT_ONCE),
            waits: false,
            looks: false,
            lost: false,
        }
    }

    /// Sends it what it doesn't know of these entries of the trace. `made` is what others were sent, or `None`.
    fn send(&mut self, entries: &[Entry], made: &mut Option<SentLines>) {
        if self.published >= entries.len() {
            return;
        }
        if made.as_ref().is_none_or(|(from, _)| *from != self.published) {
            *made = Some((self.published, lines(&entries[self.published..])));
        }
        for line in made.iter().flat_map(|(_, lines)| lines) {
            self.lost |= !self.link.send(Arc::clone(line));
        }
        (self.published, self.waits) = (entries.len(), false);
    }

    /// Whether it wants to know what happens: who runs a program reads nothing, unless it said so.
    fn looks(&self) -> bool {
        self.member.as_ref().is_some_and(|member| self.looks || !member.runs_program())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Request;
    use crate::model::{Event, Side};

    /// One that takes part, and its other end.
    fn one(role: Role) -> (Members, Link) {
        let (near, far) = UnixStream::pair().unwrap();
        let mut members = Members::without_door();
        members.resume(Member { number: 1, pid: 1, nth: Actor::FIRST, role }, near, 0).unwrap();
        (members, Link::new(far, protocol::LONGEST).unwrap())
    }

    fn trace(length: u64) -> Vec<Entry> {
        let entry = |ms| Entry { at: Duration::from_millis(ms), event: Event::Step(0) };
        (0..length).map(entry).collect()
    }

    /// What has come to the other end: of each message the times of its entries in milliseconds, or nothing of another one.
    fn heard(far: &mut Link) -> Vec<Vec<u128>> {
        let times = |message: ToMember| match message {
            ToMember::Happened(entries) => entries.iter().map(|entry| entry.at.as_millis()).collect(),
            _ => Vec::new(),
        };
        far.read().0.into_iter().map(times).collect()
    }

    #[test]
    fn who_only_looks_on_hears_of_many_entries_at_its_pace_and_of_each_once() {
        let (mut members, mut far) = one(Role::Watches);
        let entries = trace(1000);
        for ms in 1..=1000 {
            let now = Duration::from_millis(ms);
            members.publish(now, &entries[..ms as usize]);
            // The loop sleeps no longer than this.
            assert!(members.until_due(now).is_none_or(|rest| rest <= NEWS));
        }
        members.publish_at_once(&entries);
        assert_eq!(members.until_due(Duration::from_secs(1)), None);
        let heard = heard(&mut far);
        assert!(heard.len() <= NEWS_AT_ONCE as usize + 2 + 1000 / NEWS.as_millis() as usize, "{}", heard.len());
        assert_eq!(heard.concat(), (0..1000).collect::<Vec<u128>>());
    }

    #[test]
    fn who_asks_hears_at_once_and_what_is_told_stands_behind_what_was_due() {
        let (mut members, mut far) = one(Role::Drives(Side::BOTH.to_vec()));
        let (entries, now) = (trace(100), Duration::ZERO);
        (1..=50).for_each(|length| members.publish(now, &entries[..length]));
        let mut known = heard(&mut far).concat().len();
        assert!(known < 50, "{known}");
        members.tell_after(1, &entries, &ToMember::LetCall(7));
        assert_eq!(heard(&mut far), [(known as u128..50).collect(), Vec::new()]);
        (51..=60).for_each(|length| members.publish(now, &entries[..length]));
        assert!(heard(&mut far).is_empty());
        assert!(far.say(&FromMember::Request(Request::Pass(crate::model::SegmentFilter::All, None))));
        assert_eq!(members.serve(1).len(), 1);
        members.publish(now, &entries[..61]);
        known = heard(&mut far).concat().len();
        assert_eq!(known, 11);
    }

    #[test]
    fn what_a_program_does_asks_for_nothing() {
        let (mut members, mut far) = one(Role::Watches);
        let entries = trace(100);
        (1..=50).for_each(|length| members.publish(Duration::ZERO, &entries[..length]));
        assert!(far.say(&FromMember::Closed { process: 1, fd: 3 }));
        assert_eq!(members.serve(1).len(), 1);
        heard(&mut far);
        members.publish(Duration::ZERO, &entries);
        assert!(heard(&mut far).is_empty());
        assert_eq!(members.until_due(Duration::ZERO), Some(NEWS));
    }
}
