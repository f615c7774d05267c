//! The arguments of the calls that send and receive, as C has them or shorter.

use std::net::SocketAddr;

use super::{Arguments, LONGEST_DATAGRAM, LONGEST_READ, LONGEST_TEXT, Mistyped, READ, TypedWord};
use crate::model::{Call, CallName, MESSAGE_FLAGS, MOST_BUFFERS, MessageFlags, Transfer};

/// What the names of the flags begin with in C; what is typed may leave it out.
const PREFIX: &str = "MSG_";

/// What C has for a buffer that the kernel fills; its name is the learner's own.
fn is_buffer(word: &TypedWord) -> bool {
    let name = word.text.strip_prefix('&').unwrap_or(&word.text);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !names_flags(word)
}

/// The name in C of the flag that a text means: `peek` is MSG_PEEK.
fn flag_name(text: &str) -> String {
    let name = text.to_ascii_uppercase();
    if name.starts_with(PREFIX) { name } else { format!("{PREFIX}{name}") }
}

/// Whether a word is meant for flags: it is written as one, or is the short name of one, of whichever call.
fn names_flags(word: &TypedWord) -> bool {
    let is_one = |text: &str| {
        let name = flag_name(text);
        text.to_ascii_uppercase().starts_with(PREFIX) || MESSAGE_FLAGS.iter().any(|(_, known)| *known == name)
    };
    !word.quoted && word.text.split('|').all(|text| text.is_empty() || is_one(text))
}

/// Whether a word opens or closes a list of buffers.
fn is_brace(word: &TypedWord) -> bool {
    matches!(word.text.as_str(), "{" | "}" | "[" | "]")
}

impl Arguments<'_> {
    /// What a `send()` sends, and its flags: `send(5, "hello", 5, MSG_MORE)` is C's, `send 5 good morning` is what one types.
    /// Behind a text without quotation marks only what is written `MSG_…` is a flag.
    pub(super) fn sent(&mut self) -> Result<(Vec<u8>, MessageFlags), Mistyped> {
        let data = self.text()?;
        let flags = self.flags()?;
        Ok((self.bounded(data, LONGEST_TEXT)?, flags))
    }

    /// `read()`, `write()`, `sendmsg()` or `recvmsg()`.
    pub(super) fn transfer(&mut self) -> Result<Call, Mistyped> {
        let fd = self.descriptor()?;
        Ok(match self.name {
            CallName::Read => Transfer::read(fd, self.length()?),
            CallName::Write => Transfer::write(fd, self.written()?),
            CallName::SendMsg => {
                let to = self.last_address();
                self.no_address_before_buffers()?;
                let (buffers, flags) = self.buffers(to.is_some())?;
                match to {
                    Some(addr) => Transfer::send_to(fd, &buffers, flags, addr),
                    None => Transfer::send(fd, &buffers, flags),
                }
            }
            _ => {
                let (rooms, flags) = self.rooms()?;
                Transfer::receive(fd, rooms, flags)
            }
        }
        .into())
    }

    /// What a `write()` writes, which has no flags.
    fn written(&mut self) -> Result<Vec<u8>, Mistyped> {
        let data = self.text()?;
        self.bounded(data, LONGEST_TEXT)
    }

    /// The address behind all else, as `sendto()` has it: it has a port, and no quotation marks.
    fn last_address(&mut self) -> Option<SocketAddr> {
        let (last, before) = self.words.split_last()?;
        let address = self.named_with_port(&last.text).filter(|_| !last.quoted)?;
        self.words = before;
        Some(address)
    }

    /// That the address stands behind the buffers: before them it is what is wrong, and not their brace.
    fn no_address_before_buffers(&self) -> Result<(), Mistyped> {
        let first = self.words.first().filter(|word| !word.quoted && self.named_with_port(&word.text).is_some());
        first.map_or(Ok(()), |word| Err(self.wrong(&word.text)))
    }

    /// What a `sendmsg()` sends, and its flags: `sendmsg(5, {"ab", "cd"}, MSG_MORE)`, or shorter `sendmsg 5 "ab" "cd" more`. What has an
    /// address must fit into one packet.
    fn buffers(&mut self, addressed: bool) -> Result<(Vec<Vec<u8>>, MessageFlags), Mistyped> {
        let words = self.in_braces(|word| word.quoted || !names_flags(word))?;
        if let Some(brace) = words.iter().find(|word| !word.quoted && is_brace(word)) {
            return Err(self.wrong(&brace.text));
        }
        let unquoted: Vec<TypedWord> = words.iter().filter(|word| !word.quoted).cloned().collect();
        self.no_variables(&unquoted)?;
        let buffers: Vec<Vec<u8>> = words.iter().map(|word| word.bytes.clone()).collect();
        let flags = self.flags()?;
        self.bounded(buffers.concat(), if addressed { LONGEST_DATAGRAM } else { LONGEST_TEXT })?;
        Ok((buffers, flags))
    }

    /// How many bytes have room in each buffer that `recvmsg()` fills, and its flags: `recvmsg(5, {2, 100}, 0)`, or shorter
    /// `recvmsg 5 2 100`; where nothing is said, one of the usual size. `{}` says that there is none.
    fn rooms(&mut self) -> Result<(Vec<usize>, MessageFlags), Mistyped> {
        // Behind a size a 0 stands for C's flags; as a size it stands in braces.
        let is_written = self.words.first().is_some_and(is_brace);
        let is_alone = self.words.first().is_some_and(|word| word.text == "0");
        let is_size = |word: &TypedWord| word.text.parse::<usize>().is_ok_and(|size| size > 0 || is_alone);
        let words = self.in_braces(|word| !word.quoted && is_size(word))?;
        let size =
            |word: &TypedWord| word.text.parse().ok().filter(|_| !word.quoted).ok_or_else(|| self.wrong(&word.text));
        let mut rooms = words.iter().map(size).collect::<Result<Vec<usize>, Mistyped>>()?;
        if rooms.is_empty() && !is_written {
            rooms.push(READ);
        }
        let all = rooms.iter().try_fold(0_usize, |all, size| all.checked_add(*size));
        if all.is_none_or(|all| all > LONGEST_READ) {
            return Err(self.wrong(words.last().map_or("", |word| word.text.as_str())));
        }
        Ok((rooms, self.flags()?))
    }

    /// The words between braces or brackets; where there are none, those that are `meant`. No more than there may be buffers.
    fn in_braces(&mut self, meant: impl Fn(&TypedWord) -> bool) -> Result<Vec<TypedWord>, Mistyped> {
        let opens = self.words.first().filter(|word| !word.quoted && matches!(word.text.as_str(), "{" | "["));
        let count = match opens {
            Some(open) => {
                self.next();
                let closes = |word: &TypedWord| !word.quoted && matches!(word.text.as_str(), "}" | "]");
                self.words.iter().position(closes).ok_or_else(|| self.wrong(&open.text))?
            }
            None => self.words.iter().take_while(|word| meant(word)).count(),
        };
        if let Some(odd) = self.words[..count].get(MOST_BUFFERS) {
            return Err(self.wrong(&odd.text));
        }
        let words = self.words[..count].to_vec();
        self.words = &self.words[count + usize::from(opens.is_some())..];
        Ok(words)
    }

    /// The text that is sent, as long as it is said to be where it stands in quotation marks.
    fn text(&mut self) -> Result<Vec<u8>, Mistyped> {
        self.skip_cast_in_c();
        let words = std::mem::take(&mut self.words);
        let data = match words.split_first() {
            Some((text, rest)) if text.quoted => {
                self.words = rest;
                self.as_long_as_said(text)?
            }
            _ => {
                let (text, flags) = without_flags(words);
                self.no_variables(text)?;
                self.words = flags;
                joined(text)
            }
        };
        Ok(data)
    }

    /// The words up to the address, whose size may stand behind it in C.
    fn without_its_size<'t>(&self, words: &'t [super::TypedWord]) -> &'t [super::TypedWord] {
        let is_size = |word: &super::TypedWord| !word.quoted && matches!(word.text.as_str(), "sizeof" | "16" | "28");
        let at = words.iter().rposition(is_size).filter(|at| self.in_c && *at > 0);
        let before = at.map(|at| &words[..at]).filter(|before| {
            before.last().is_some_and(|last| !last.quoted && self.named_with_port(&last.text).is_some())
        });
        before.unwrap_or(words)
    }

    /// What a `sendto()` sends, its flags, and to whom it goes. Length and flags may stand before the address, as C has them.
    pub(super) fn sent_to(&mut self) -> Result<(Vec<u8>, MessageFlags, SocketAddr), Mistyped> {
        self.skip_cast_in_c();
        let words = std::mem::take(&mut self.words);
        let usual = (Vec::new(), self.name.usual_flags(), self.usual.server);
        let Some((text, rest)) = words.split_first() else { return Ok(usual) };
        let rest = self.without_its_size(rest);
        let last = rest.split_last().and_then(|(last, before)| Some((self.named_with_port(&last.text)?, before)));
        let (addr, between) = last.unwrap_or((self.usual.server, rest));
        let data = if text.quoted {
            self.words = between;
            self.as_long_as_said(text)?
        } else {
            let (text, flags) = without_flags(&words[..=between.len()]);
            self.no_variables(text)?;
            self.words = flags;
            joined(text)
        };
        let flags = self.flags()?;
        self.skip_cast();
        if let Some(odd) = self.words.first() {
            return Err(self.wrong(&odd.text));
        }
        Ok((self.bounded(data, LONGEST_DATAGRAM)?, flags, addr))
    }

    /// Bytes that have room in what `recv()` or `recvfrom()` fills, and its flags: `recv(5, buf, 1024, MSG_PEEK)` is C's,
    /// `recv 5 1024 peek` is shorter.
    pub(super) fn room(&mut self) -> Result<(usize, MessageFlags), Mistyped> {
        Ok((self.length()?, self.flags()?))
    }

    /// Bytes that have room in the buffer, whose name may stand before them.
    fn length(&mut self) -> Result<usize, Mistyped> {
        self.skip_cast_in_c();
        // A length follows it: what stands alone is a length itself.
        if self.words.len() > 1 && self.words.first().is_some_and(is_buffer) {
            self.next();
        }
        match self.words.first() {
            Some(word) if !names_flags(word) => {
                self.next();
                let length = word.text.parse().ok().filter(|length| *length <= LONGEST_READ);
                length.ok_or_else(|| self.wrong(&word.text))
            }
            _ => Ok(READ),
        }
    }

    /// As many of a text's bytes as the length behind it says. There are no more than the text has.
    fn as_long_as_said(&mut self, text: &TypedWord) -> Result<Vec<u8>, Mistyped> {
        let mut data = text.bytes.clone();
        if let Some(word) = self.words.first().filter(|word| !names_flags(word)) {
            self.next();
            // `strlen("abc")`, also where a variable held the text.
            if let Some(text) = self.words.first().filter(|text| word.text == "strlen" && text.quoted) {
                self.next();
                data.truncate(text.bytes.len());
                return Ok(data);
            }
            let length = word.text.parse().ok().filter(|length| *length <= data.len());
            data.truncate(length.ok_or_else(|| self.wrong(&word.text))?);
        }
        Ok(data)
    }

    /// Flags, as C joins them or one after the other, or 0 for none; the usual ones where nothing is said. One that makes no
    /// sense on this call isn't dropped but refused.
    fn flags(&mut self) -> Result<MessageFlags, Mistyped> {
        match self.words.first() {
            None => return Ok(self.name.usual_flags()),
            Some(word) if word.text == "0" && !word.quoted => {
                self.next();
                return Ok(MessageFlags::NONE);
            }
            Some(word) if !names_flags(word) => return Err(self.wrong(&word.text)),
            Some(_) => {}
        }
        let mut flags = MessageFlags::NONE;
        while let Some(word) = self.words.first().filter(|word| names_flags(word)) {
            self.next();
            for text in word.text.split('|').filter(|text| !text.is_empty()) {
                let flag = self.name.flag_named(&flag_name(text));
                flags = flags.with(flag.ok_or_else(|| Mistyped::Flag(self.name, text.to_owned()))?);
            }
        }
        Ok(flags)
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

/// A text that stands without quotation marks, and the flags behind it.
fn without_flags(words: &[TypedWord]) -> (&[TypedWord], &[TypedWord]) {
    let is_flag = |word: &&TypedWord| word.text == "|" || word.text.to_ascii_uppercase().starts_with(PREFIX);
    let flags = words.iter().skip(1).rev().take_while(|word| !word.quoted).take_while(is_flag).count();
    words.split_at(words.len() - flags)
}

fn joined(words: &[TypedWord]) -> Vec<u8> {
    words.iter().map(|word| word.bytes.as_slice()).collect::<Vec<_>>().join(&b' ')
}
