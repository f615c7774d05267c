//! One end of a lab's socket: lines in both directions, and never a wait.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::protocol;

/// So much is read at a time, so that one who says much holds up nobody.
const AT_ONCE: usize = 64 << 10;

/// The most that may wait to be sent to one, in bytes: who reads nothing for so long is put out.
const LONGEST_QUEUE: usize = 256 << 20;

/// Bytes of another process, cut into lines.
pub(super) struct Lines {
    /// The beginning of a line whose end hasn't come yet, as far as it was looked through for one.
    heard: Vec<u8>,
    /// The longest line that may come, in bytes.
    longest: usize,
}

impl Lines {
    /// None yet, of at most so many bytes each.
    pub(super) fn new(longest: usize) -> Lines {
        Lines { heard: Vec::new(), longest }
    }

    /// More has come: the whole lines' messages, in order, and whether all that came may go on to one.
    pub(super) fn take<M: DeserializeOwned>(&mut self, bytes: &[u8]) -> (Vec<M>, bool) {
        let mut messages = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.heard.extend_from_slice(part);
            if self.heard.len() > self.longest {
                return (messages, false);
            }
            if part.ends_with(b"\n") {
                match serde_json::from_slice(&self.heard) {
                    Ok(message) => messages.push(message),
                    Err(_) => return (messages, false),
                }
                self.heard.clear();
            }
        }
        (messages, true)
    }
}

/// One end.
pub(in crate::linux) struct Link {
    stream: UnixStream,
    lines: Lines,
    to_send: VecDeque<Arc<[u8]>>,
    /// So much of the first one was sent.
    sent: usize,
    waiting: usize,
}

impl Link {
    /// Over a stream on which lines of at most so many bytes come.
    ///
    /// # Errors
    /// Where it can't be made to never wait.
    pub(in crate::linux) fn new(stream: UnixStream, longest: usize) -> io::Result<Link> {
        stream.set_nonblocking(true)?;
        Ok(Link { stream, lines: Lines::new(longest), to_send: VecDeque::new(), sent: 0, waiting: 0 })
    }

    /// From now on lines may be so long.
    pub(super) fn allow(&mut self, longest: usize) {
        self.lines.longest = longest;
    }

    /// Reads what has come: the messages, in order, and whether more may come.
    pub(super) fn read<M: DeserializeOwned>(&mut self) -> (Vec<M>, bool) {
        let mut bytes = vec![0; AT_ONCE];
        match self.stream.read(&mut bytes) {
            Ok(0) => (Vec::new(), false),
            Ok(length) => self.lines.take(&bytes[..length]),
            Err(error) => {
                let none = matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted);
                (Vec::new(), none)
            }
        }
    }

    /// Has a line sent, now or when there is room. Whether the queue isn't too long.
    pub(super) fn send(&mut self, line: Arc<[u8]>) -> bool {
        self.waiting += line.len();
        self.to_send.push_back(line);
        self.flush() && self.waiting <= LONGEST_QUEUE
    }

    /// Sends what there is room for. Whether the other end is there.
    pub(super) fn flush(&mut self) -> bool {
        while let Some(line) = self.to_send.front() {
            match self.stream.write(&line[self.sent..]) {
                Ok(length) => {
                    self.sent += length;
                    self.waiting -= length;
                    if self.sent == line.len() {
                        self.to_send.pop_front();
                        self.sent = 0;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
        true
    }

    /// Whether something waits to be sent.
    pub(in crate::linux) fn wants_to_send(&self) -> bool {
        !self.to_send.is_empty()
    }

    /// Says a message. Whether the other end is there.
    pub(super) fn say(&mut self, message: &impl serde::Serialize) -> bool {
        protocol::line(message).is_ok_and(|line| self.send(line.into()))
    }
}

impl AsFd for Link {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(longest: usize) -> (Link, UnixStream) {
        let (one, other) = UnixStream::pair().unwrap();
        (Link::new(one, longest).unwrap(), other)
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        let (mut link, mut other) = pair(100);
        for byte in b"[1,2]\n\"a\"\n3" {
            other.write_all(&[*byte]).unwrap();
        }
        let (messages, open) = link.read::<serde_json::Value>();
        assert_eq!((messages.len(), open), (2, true));
        other.write_all(b"3\n").unwrap();
        let (messages, open) = link.read::<u32>();
        assert_eq!((messages.as_slice(), open), ([33].as_slice(), true));
        assert_eq!(link.read::<u32>(), (vec![], true), "nothing has come");
        drop(other);
        assert_eq!(link.read::<u32>(), (vec![], false));
    }

    proptest::proptest! {
        #[test]
        fn what_is_heard_is_the_same_however_it_is_cut(bytes in "([0-9]{1,4}\n|x|\n){0,20}", cut: usize) {
            let bytes = bytes.as_bytes();
            let (first, rest) = bytes.split_at(cut.checked_rem(bytes.len()).unwrap_or(0));
            let whole = Lines::new(5).take::<u32>(bytes);
            let mut lines = Lines::new(5);
            let (mut heard, mut open) = lines.take::<u32>(first);
            if open {
                let (more, still) = lines.take::<u32>(rest);
                heard.extend(more);
                open = still;
            }
            proptest::prop_assert_eq!((heard, open), whole);
        }
    }

    #[test]
    fn who_says_nonsense_or_too_much_is_not_heard_on() {
        let (mut link, mut other) = pair(10);
        other.write_all(b"7\nnonsense\n8\n").unwrap();
        assert_eq!(link.read::<u32>(), (vec![7], false));
        let (mut link, mut other) = pair(10);
        other.write_all(b"12345678901").unwrap();
        assert!(!link.read::<u32>().1);
        let (mut link, mut other) = pair(10);
        other.write_all(b"\"12345678901\"\n").unwrap();
        assert_eq!(link.read::<String>(), (vec![], false));
    }

    #[test]
    fn what_finds_no_room_waits() {
        let (mut link, mut other) = pair(10);
        let line: Arc<[u8]> = vec![b'x'; 1 << 20].into();
        assert!((0..4).all(|_| link.send(Arc::clone(&line))) && link.wants_to_send());
        let mut read = 0;
        let mut buffer = vec![0; 1 << 16];
        while read < 4 << 20 {
            read += other.read(&mut buffer).unwrap();
            assert!(link.flush());
        }
        assert!(!link.wants_to_send());
        assert!((0..256).all(|_| link.send(Arc::clone(&line))), "the queue is long");
        assert!(!link.send(line), "and has an end");
    }
}
