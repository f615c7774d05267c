//! The arguments of the calls that send and receive, as C has them or shorter.

use std::net::SocketAddr;

use super::{Arguments, LONGEST_DATAGRAM, LONGEST_READ, LONGEST_TEXT, Mistyped, READ, TypedWord};

/// What C has for a buffer that the kernel fills; its name is the learner's own.
fn is_buffer(word: &TypedWord) -> bool {
    let name = word.text.strip_prefix('&').unwrap_or(&word.text);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !name.starts_with("MSG_")
}

impl Arguments<'_> {
    /// What a `send()` sends: `send(5, "hello", 5, 0)` is C's, `send 5 good morning` is what one types.
    pub(super) fn sent(&mut self) -> Result<Vec<u8>, Mistyped> {
        let words = std::mem::take(&mut self.words);
        match words.split_first() {
            Some((text, rest)) if text.quoted => {
                self.words = rest;
                let data = self.as_long_as_said(text)?;
                self.no_flags(&["0", "MSG_NOSIGNAL"])?;
                self.bounded(data, LONGEST_TEXT)
            }
            _ => self.bounded(joined(words), LONGEST_TEXT),
        }
    }

    /// What a `sendto()` sends, and to whom. Length and flags may stand before the address, as C has them.
    pub(super) fn sent_to(&mut self) -> Result<(Vec<u8>, SocketAddr), Mistyped> {
        let words = std::mem::take(&mut self.words);
        let Some((text, rest)) = words.split_first() else { return Ok((Vec::new(), self.usual.server)) };
        let last = rest.split_last().and_then(|(last, before)| Some((self.named_with_port(&last.text)?, before)));
        let (addr, between) = last.unwrap_or((self.usual.server, rest));
        let data = if text.quoted {
            self.words = between;
            let data = self.as_long_as_said(text)?;
            self.no_flags(&["0"])?;
            if let Some(odd) = self.words.first() {
                return Err(self.wrong(&odd.text));
            }
            data
        } else {
            joined(&words[..=between.len()])
        };
        Ok((self.bounded(data, LONGEST_DATAGRAM)?, addr))
    }

    /// Bytes that have room in what `recv()` or `recvfrom()` fills: `recv(5, buf, 1024, 0)` is C's.
    pub(super) fn room(&mut self) -> Result<usize, Mistyped> {
        // A length follows it: what stands alone is a length itself.
        if self.words.len() > 1 && self.words.first().is_some_and(is_buffer) {
            self.next();
        }
        let Some(word) = self.next() else { return Ok(READ) };
        let length = word.text.parse().ok().filter(|length| *length <= LONGEST_READ);
        let length = length.ok_or_else(|| self.wrong(&word.text))?;
        self.no_flags(&["0"])?;
        Ok(length)
    }

    /// As many of a text's bytes as the length behind it says. There are no more than the text has.
    fn as_long_as_said(&mut self, text: &TypedWord) -> Result<Vec<u8>, Mistyped> {
        let mut data = text.bytes.clone();
        if let Some(word) = self.next() {
            let length = word.text.parse().ok().filter(|length| *length <= data.len());
            data.truncate(length.ok_or_else(|| self.wrong(&word.text))?);
        }
        Ok(data)
    }

    /// Flags that change nothing here; others aren't dropped but refused.
    fn no_flags(&mut self, known: &[&str]) -> Result<(), Mistyped> {
        match self.words.first() {
            Some(word) if known.contains(&word.text.as_str()) => drop(self.next()),
            Some(word) => return Err(self.wrong(&word.text)),
            None => {}
        }
        Ok(())
    }

    /// Of a datagram, the last word is its address only where it has a port: else it may be text.
    fn named_with_port(&self, text: &str) -> Option<SocketAddr> {
        self.named(text).filter(|_| text.contains(':'))
    }

    fn bounded(&self, data: Vec<u8>, longest: usize) -> Result<Vec<u8>, Mistyped> {
        if data.len() > longest {
            return Err(self.wrong(&String::from_utf8_lossy(&data).chars().take(20).collect::<String>()));
        }
        Ok(data)
    }
}

fn joined(words: &[TypedWord]) -> Vec<u8> {
    words.iter().map(|word| word.bytes.as_slice()).collect::<Vec<_>>().join(&b' ')
}
