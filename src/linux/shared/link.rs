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

/// One end.
pub(in crate::linux) struct Link {
    stream: UnixStream,
    /// The beginning of a line whose end hasn't come yet.
    heard: Vec<u8>,
    /// So much of it was looked through for an end.
    searched: usize,
    /// The longest line that may come, in bytes.
    longest: usize,
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
    pub(super) fn new(stream: UnixStream, longest: usize) -> io::Result<Link> {
        stream.set_nonblocking(true)?;
        let (heard, to_send) = (Vec::new(), VecDeque::new());
        Ok(Link { stream, heard, searched: 0, longest, to_send, sent: 0, waiting: 0 })
    }

    /// From now on lines may be so long.
    pub(super) fn allow(&mut self, longest: usize) {
        self.longest = longest;
    }

    /// Reads what has come: the messages, in order, and whether more may come.
    pub(super) fn read<M: DeserializeOwned>(&mut self) -> (Vec<M>, bool) {
        let mut messages = Vec::new();
        let mut bytes = vec![0; AT_ONCE];
        let open = match self.stream.read(&mut bytes) {
            Ok(0) => false,
            Ok(length) => {
                self.heard.extend_from_slice(&bytes[..length]);
                self.take_lines(&mut messages)
            }
            Err(error) => matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
        };
        (messages, open)
    }

    /// Takes whole lines out of what was heard; `false` where one isn't a message.
    fn take_lines<M: DeserializeOwned>(&mut self, messages: &mut Vec<M>) -> bool {
        let mut from = 0;
        while let Some(end) = self.heard[self.searched..].iter().position(|byte| *byte == b'\n') {
            let end = self.searched + end;
            let line = &self.heard[from..=end];
            match serde_json::from_slice(line) {
                Ok(message) if line.len() <= self.longest => messages.push(message),
                _ => return false,
            }
            from = end + 1;
            self.searched = from;
        }
        self.heard.drain(..from);
        self.searched = self.heard.len();
        self.heard.len() <= self.longest
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
