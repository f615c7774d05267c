//! Netlink messages (`netlink(7)`): built byte by byte, and read with every length checked.

use std::io::{self, Read};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// The length of `struct nlmsghdr`.
const HEADER: usize = 16;

/// One request, or a batch of them, as the bytes that go to the kernel.
#[derive(Default)]
pub struct Message {
    bytes: Vec<u8>,
    start: usize,
}

impl Message {
    /// Begins a message: its type and its flags beyond `NLM_F_REQUEST`.
    pub fn begin(&mut self, kind: u16, flags: u16, sequence: u32) -> &mut Self {
        self.start = self.bytes.len();
        self.bytes.extend(0u32.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | libc::NLM_F_REQUEST as u16).to_ne_bytes());
        self.bytes.extend(sequence.to_ne_bytes());
        self.bytes.extend(0u32.to_ne_bytes());
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
        let length = (self.bytes.len() - self.start) as u32;
        self.bytes[self.start..self.start + 4].copy_from_slice(&length.to_ne_bytes());
    }

    fn pad(&mut self) -> &mut Self {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }
}

/// A connection to one of the kernel's netlink families.
pub struct Netlink {
    socket: Socket,
    buffer: Vec<u8>,
}

/// How long the kernel may take to answer: it answers at once, so this only bounds a wait on a broken one.
const ANSWER: Duration = Duration::from_secs(2);

impl Netlink {
    /// Opens the family (`NETLINK_…`) in the calling thread's network namespace.
    pub fn open(family: i32) -> io::Result<Netlink> {
        let socket = Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(Protocol::from(family)))?;
        socket.set_read_timeout(Some(ANSWER))?;
        Ok(Netlink { socket, buffer: vec![0; 64 * 1024] })
    }

    /// Sends requests of which `acks` ask for an acknowledgement, and waits for these.
    ///
    /// # Errors
    /// The first error that the kernel answers with.
    pub fn execute(&mut self, message: &Message, acks: usize) -> io::Result<()> {
        self.socket.send(&message.bytes)?;
        let mut pending = acks;
        while pending > 0 {
            let length = (&self.socket).read(&mut self.buffer)?;
            for (kind, body) in messages(&self.buffer[..length]) {
                if i32::from(kind) == libc::NLMSG_ERROR {
                    acknowledged(body)?;
                    pending -= 1;
                }
            }
        }
        Ok(())
    }

    /// Sends a request that has one message for an answer, and hands it (type and body) to `take`.
    ///
    /// # Errors
    /// The error that the kernel answers with.
    pub fn ask(&mut self, message: &Message, mut take: impl FnMut(u16, &[u8])) -> io::Result<()> {
        self.socket.send(&message.bytes)?;
        let length = (&self.socket).read(&mut self.buffer)?;
        for (kind, body) in messages(&self.buffer[..length]) {
            match i32::from(kind) {
                libc::NLMSG_ERROR => return acknowledged(body),
                _ => take(kind, body),
            }
        }
        Ok(())
    }

    /// Sends a dump request and hands each message of the answer (type and body) to `take`.
    pub fn dump(&mut self, message: &Message, mut take: impl FnMut(u16, &[u8])) -> io::Result<()> {
        self.socket.send(&message.bytes)?;
        loop {
            let length = (&self.socket).read(&mut self.buffer)?;
            for (kind, body) in messages(&self.buffer[..length]) {
                match i32::from(kind) {
                    libc::NLMSG_DONE => return Ok(()),
                    libc::NLMSG_ERROR => return acknowledged(body),
                    _ => take(kind, body),
                }
            }
        }
    }
}

fn acknowledged(body: &[u8]) -> io::Result<()> {
    match body.first_chunk::<4>().map(|bytes| i32::from_ne_bytes(*bytes)) {
        Some(0) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(-error)),
        None => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The messages in one datagram; a length that doesn't fit ends them.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = u32::from_ne_bytes(*bytes.first_chunk::<4>()?) as usize;
        let kind = u16::from_ne_bytes([*bytes.get(4)?, *bytes.get(5)?]);
        let body = bytes.get(HEADER..length)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, body))
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
        let mut message = Message::default();
        message.begin(20, 0x300, 7).raw(&[1, 2, 3, 4]).attribute(5, b"abc");
        message.nested(6, |inner| {
            inner.attribute(1, b"x");
        });
        message.end();
        let (kind, body) = messages(&message.bytes).next().unwrap();
        assert_eq!((kind, &body[..4]), (20, &[1, 2, 3, 4][..]));
        let found: Vec<_> = attributes(&body[4..]).collect();
        assert_eq!(found[0], (5, &b"abc"[..]));
        assert_eq!(attributes(found[1].1).collect::<Vec<_>>(), [(1, &b"x"[..])]);
    }

    proptest! {
        #[test]
        fn hostile_bytes_end_and_never_panic(bytes: Vec<u8>) {
            let read: usize = messages(&bytes).map(|(_, body)| attributes(body).count()).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
