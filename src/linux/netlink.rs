//! Netlink messages (`netlink(7)`): built byte by byte, and read with every length checked.

use std::io::{self, Read};
use std::ops::Range;
use std::time::Duration;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use socket2::{Domain, Protocol, Socket, Type};

/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// One request, or a batch of them, as the bytes that go to the kernel.
#[derive(Default)]
pub struct NetlinkMessage {
    bytes: Vec<u8>,
    /// Where each request begins.
    starts: Vec<usize>,
}

impl NetlinkMessage {
    /// Begins a message: its type and its flags beyond `NLM_F_REQUEST`. Its number is given when it is sent.
    pub fn begin(&mut self, kind: u16, flags: u16) -> &mut Self {
        self.starts.push(self.bytes.len());
        self.bytes.extend(0u32.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | libc::NLM_F_REQUEST as u16).to_ne_bytes());
        self.bytes.extend([0; 8]);
        self
    }

    /// Adds bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend(bytes);
        self.pad()
    }

    /// Adds an attribute with these bytes.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.raw(value)
    }

    /// Adds an attribute that holds others.
    pub fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) -> &mut Self {
        let at = self.bytes.len();
        self.attribute(kind | libc::NLA_F_NESTED as u16, &[]);
        fill(self);
        let length = (self.bytes.len() - at) as u16;
        self.bytes[at..at + 2].copy_from_slice(&length.to_ne_bytes());
        self
    }

    /// Ends the message by writing its length.
    pub fn end(&mut self) {
        let Some(start) = self.starts.last().copied() else { return };
        let length = (self.bytes.len() - start) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
    }

    fn pad(&mut self) -> &mut Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }
}

/// A connection to one of the kernel's netlink families. Each message that is sent gets a number of its own, and an answer
/// counts only where it bears it: what is left of an earlier request is nobody's.
pub struct Netlink {
    socket: Socket,
    buffer: Vec<u8>,
    /// The number of the next message.
    next: u32,
}

/// What became of a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dump {
    /// All of it was one picture.
    Whole,
    /// What was dumped changed meanwhile (`NLM_F_DUMP_INTR`): something may be missing, or be there twice.
    Torn,
}

/// How long the kernel may take to answer: it answers at once, so this only bounds a wait on a broken one.
const ANSWER: Duration = Duration::from_secs(2);

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Netlink {
    /// Opens the family (`NETLINK_…`) in the calling thread's network namespace.
    pub fn open(family: i32) -> io::Result<Netlink> {
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(family)))?;
        socket.set_read_timeout(Some(ANSWER))?;
        Ok(Netlink { socket, buffer: vec![0; 64 * 1024], next: 1 })
    }

    /// The connection that another process opened.
    pub(super) fn resume(socket: OwnedFd) -> Netlink {
        Netlink { socket: socket.into(), buffer: vec![0; 64 * 1024], next: 1 }
    }

    /// A connection whose other end a test has in the kernel's place.
    #[cfg(test)]
    pub fn to_a_test() -> io::Result<(Netlink, std::os::unix::net::UnixDatagram)> {
        let (own, kernel) = std::os::unix::net::UnixDatagram::pair()?;
        let socket = Socket::from(std::os::fd::OwnedFd::from(own));
        socket.set_read_timeout(Some(ANSWER))?;
        Ok((Netlink { socket, buffer: vec![0; 64 * 1024], next: 1 }, kernel))
    }

    /// Sends requests; returns the numbers that they got.
    fn send(&mut self, message: &NetlinkMessage) -> io::Result<Range<u32>> {
        let count = message.starts.len() as u32;
        if self.next.checked_add(count).is_none() {
            self.next = 1;
        }
        let numbers = self.next..self.next + count;
        self.next = numbers.end;
        let mut bytes = message.bytes.clone();
        for (start, number) in message.starts.iter().zip(numbers.clone()) {
            bytes[start + 8..start + 12].copy_from_slice(&number.to_ne_bytes());
        }
        self.socket.send(&bytes)?;
        Ok(numbers)
    }

    /// Sends requests of which `acks` ask for an acknowledgement, and waits for these.
    ///
    /// # Errors
    /// The first error that the kernel answers with. Nothing of the answers is left then.
    pub fn execute(&mut self, message: &NetlinkMessage, acks: usize) -> io::Result<()> {
        let numbers = self.send(message)?;
        let mut pending = acks;
        while pending > 0 {
            let length = (&self.socket).read(&mut self.buffer)?;
            let acknowledged =
                answers(&self.buffer[..length], &numbers).filter(|answer| answer.kind == libc::NLMSG_ERROR);
            let acknowledged: Vec<io::Result<()>> = acknowledged.map(|answer| status(answer.body)).collect();
            pending = pending.saturating_sub(acknowledged.len());
            if let Some(error) = acknowledged.into_iter().find_map(Result::err) {
                self.drain();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Reads what is still there: the kernel's answers to a request are, as soon as it was sent.
    fn drain(&mut self) {
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        while self.socket.recv_with_flags(&mut [], flags).is_ok() {}
    }

    /// Sends a request that has one message for an answer, and hands it (type and body) to `take`.
    ///
    /// # Errors
    /// The error that the kernel answers with.
    pub fn ask(&mut self, message: &NetlinkMessage, mut take: impl FnMut(u16, &[u8])) -> io::Result<()> {
        let numbers = self.send(message)?;
        loop {
            let length = (&self.socket).read(&mut self.buffer)?;
            let mut answered = false;
            for answer in answers(&self.buffer[..length], &numbers) {
                answered = true;
                match answer.kind {
                    libc::NLMSG_ERROR => return status(answer.body),
                    kind => take(kind as u16, answer.body),
                }
            }
            if answered {
                return Ok(());
            }
        }
    }

    /// Sends a dump request and hands each message of the answer (type and body) to `take`.
    ///
    /// # Errors
    /// The error that the kernel answers with, at once or at the end of what it could dump: `ENOENT` of a protocol of
    /// which it has no table.
    pub fn dump(&mut self, message: &NetlinkMessage, mut take: impl FnMut(u16, &[u8])) -> io::Result<Dump> {
        let numbers = self.send(message)?;
        let mut dump = Dump::Whole;
        loop {
            let length = (&self.socket).read(&mut self.buffer)?;
            for answer in answers(&self.buffer[..length], &numbers) {
                if answer.flags & libc::NLM_F_DUMP_INTR as u16 != 0 {
                    dump = Dump::Torn;
                }
                match answer.kind {
                    libc::NLMSG_DONE | libc::NLMSG_ERROR => return status(answer.body).map(|()| dump),
                    kind => take(kind as u16, answer.body),
                }
            }
        }
    }
}

/// The result with which an answer begins (`NLMSG_ERROR`, `NLMSG_DONE`): 0 or a negative errno.
fn status(body: &[u8]) -> io::Result<()> {
    match body.first_chunk::<4>().map(|bytes| i32::from_ne_bytes(*bytes)) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error.wrapping_neg())),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// One message that came.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    kind: i32,
    flags: u16,
    sequence: u32,
    /// What follows its header.
    pub body: &'a [u8],
}

/// The messages in one datagram that answer requests of these numbers.
fn answers<'a>(bytes: &'a [u8], numbers: &Range<u32>) -> impl Iterator<Item = Reply<'a>> + use<'a> {
    let numbers = numbers.clone();
    messages(bytes).filter(move |answer| numbers.contains(&answer.sequence))
}

/// The messages in one datagram; a length that doesn't fit ends them.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Reply<'_>> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk::<4>()?) as usize;
        let header = bytes.first_chunk::<HEADER>()?;
        let body = bytes.get(HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some(Reply {
            kind: u16::from_ne_bytes([header[4], header[5]]).into(),
            flags: u16::from_ne_bytes([header[6], header[7]]),
            sequence: u32::from_ne_bytes([header[8], header[9], header[10], header[11]]),
            body,
        })
    })
}

/// The attributes in a message's body; a length that doesn't fit ends them.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = u16::from_ne_bytes(*bytes.first_chunk::<2>()?) as usize;
        let kind = u16::from_ne_bytes([*bytes.get(2)?, *bytes.get(3)?]);
        let value = bytes.get(4..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind & !(libc::NLA_F_NESTED as u16), value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut message = NetlinkMessage::default();
        message.begin(20, 0x300).raw(&[1, 2, 3, 4]).attribute(5, b"abc");
        message.nested(6, |inner| {
            inner.attribute(1, b"x");
        });
        message.end();
        let Reply { kind, body, .. } = messages(&message.bytes).next().unwrap();
        assert_eq!((kind, &body[..4]), (20, &[1, 2, 3, 4][..]));
        let found: Vec<_> = attributes(&body[4..]).collect();
        assert_eq!(found[0], (5, &b"abc"[..]));
        assert_eq!(attributes(found[1].1).collect::<Vec<_>>(), [(1, &b"x"[..])]);
    }

    /// A request for the loopback's name that asks for an acknowledgement; interface 0 is none.
    fn get_link(index: u32) -> NetlinkMessage {
        let mut message = NetlinkMessage::default();
        let head = [[0; 4], index.to_ne_bytes(), [0; 4], [0; 4]].concat();
        message.begin(libc::RTM_GETLINK, libc::NLM_F_ACK as u16).raw(&head).end();
        message
    }

    #[test]
    fn an_answer_counts_only_for_the_request_whose_number_it_bears() {
        let mut netlink = Netlink::open(libc::NETLINK_ROUTE).unwrap();
        // Requests whose answers nobody reads: they lie before those of the next ones.
        for _ in 0..3 {
            netlink.send(&get_link(0x7fff_ffff)).unwrap();
        }
        let mut kinds = Vec::new();
        netlink.ask(&get_link(1), |kind, _| kinds.push(kind)).unwrap();
        assert_eq!(kinds, [libc::RTM_NEWLINK]);
        netlink.send(&get_link(0x7fff_ffff)).unwrap();
        netlink.execute(&get_link(1), 1).unwrap();
        let mut dumped = 0;
        netlink.send(&get_link(0x7fff_ffff)).unwrap();
        let mut all = NetlinkMessage::default();
        all.begin(libc::RTM_GETLINK, libc::NLM_F_DUMP as u16).raw(&[0; 16]).end();
        assert_eq!(netlink.dump(&all, |_, _| dumped += 1).unwrap(), Dump::Whole);
        assert!(dumped > 0);
    }

    #[test]
    fn after_an_error_nothing_of_the_answers_is_left() {
        let mut netlink = Netlink::open(libc::NETLINK_ROUTE).unwrap();
        let mut several = NetlinkMessage::default();
        for index in [0x7fff_ffffu32, 0x7fff_fffe, 1] {
            let head = [[0; 4], index.to_ne_bytes(), [0; 4], [0; 4]].concat();
            several.begin(libc::RTM_GETLINK, libc::NLM_F_ACK as u16).raw(&head).end();
        }
        let refused = netlink.execute(&several, 3).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(libc::ENODEV));
        let left = netlink.socket.recv_with_flags(&mut [], libc::MSG_DONTWAIT).unwrap_err();
        assert_eq!(left.kind(), io::ErrorKind::WouldBlock);
    }

    proptest! {
        #[test]
        fn hostile_bytes_end_and_never_panic(bytes: Vec<u8>) {
            let read: usize = messages(&bytes).map(|answer| attributes(answer.body).count()).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
