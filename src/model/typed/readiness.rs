//! The arguments of the calls that wait for several descriptors.

use std::collections::{BTreeMap, VecDeque};

use super::{Arguments, Mistyped, TypedWord};
use crate::model::{Call, CallName, EpollEvents, EpollOp, FD_SETSIZE, MOST_POLLED, PollEvents, PolledDescriptor};

/// What stands in C where there is no set, or no time.
const NO_SET: &str = "NULL";

/// So many descriptors an `epoll_wait()` tells at most where nothing else is said.
const TOLD: i32 = 8;

/// Whether a descriptor has a place in a set of `select(2)`.
fn in_a_set(fd: i32) -> bool {
    (0..FD_SETSIZE).contains(&fd)
}

/// A part of a word.
struct Part<'a> {
    text: &'a str,
    /// The whole word.
    word: &'a str,
    /// Whether its place says that it names events: then it is no number, though it may look like one.
    events: bool,
}

/// Where in C's braces a word stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Braces {
    Outside,
    First,
    Behind,
}

/// `{3` and `POLLIN}` without their braces, `3:POLLIN` as two.
fn parts(words: &[TypedWord]) -> VecDeque<Part<'_>> {
    let (mut parts, mut place) = (VecDeque::new(), Braces::Outside);
    for word in words.iter().map(|word| word.text.as_str()) {
        if word.starts_with('{') {
            place = Braces::First;
        }
        let whole = word.trim_matches(['{', '}']);
        let (first, behind) = whole.split_once(':').map_or((whole, None), |(first, behind)| (first, Some(behind)));
        if !first.is_empty() {
            parts.push_back(Part { text: first, word, events: place == Braces::Behind });
        }
        parts.extend(behind.map(|text| Part { text, word, events: true }));
        place = match place {
            _ if word.ends_with('}') => Braces::Outside,
            Braces::First if !first.is_empty() => Braces::Behind,
            same => same,
        };
    }
    parts
}

impl Part<'_> {
    /// The events that it names; `None` where it is a number, or nothing that is known.
    fn named(&self) -> Option<PollEvents> {
        let is_number = !self.events && self.text.parse::<i32>().is_ok();
        // `POLLIN |POLLOUT`: what stands at an end joins it with another word.
        self.text.trim_matches('|').parse().ok().filter(|_| !is_number)
    }
}

impl Arguments<'_> {
    /// A call that waits for several descriptors, or prepares that.
    pub(super) fn wait(&mut self) -> Result<Call, Mistyped> {
        match self.name {
            CallName::Select => self.select(),
            CallName::EpollCreate => Ok(self.epoll_create()),
            CallName::EpollCtl => self.epoll_ctl(),
            CallName::EpollWait => self.epoll_wait(),
            _ => self.poll(),
        }
    }

    /// `poll(3:POLLIN, 4:POLLOUT, -1)`, C's `poll({3, POLLIN}, {4, POLLIN | POLLOUT}, 1000)`, or shorter: `poll 3 in 4 out`. A
    /// descriptor without events is polled for POLLIN; a number behind all of them is the timeout, and without one the call
    /// never times out.
    fn poll(&mut self) -> Result<Call, Mistyped> {
        let (fds, timeout) = self.polled()?;
        Ok(Call::Poll { fds, timeout })
    }

    /// C's `select(6, {3, 4}, {5}, NULL, 1000)`: how many are looked at, the sets of those to read, to write and with urgent data, and
    /// milliseconds, NULL or -1 for no end; or shorter, as that of `poll()`: `select 3 in 5 out 1000`.
    fn select(&mut self) -> Result<Call, Mistyped> {
        let is_set = |word: &TypedWord| word.text.starts_with('{') || word.text == NO_SET;
        if self.words.get(1).is_some_and(is_set) {
            return self.select_of_sets();
        }
        let words = self.words;
        let (mut fds, timeout) = self.polled()?;
        fds.sort_by_key(|polled| polled.fd);
        let known = PollEvents::IN.with(PollEvents::OUT).with(PollEvents::PRI);
        let odd = fds.iter().find(|polled| !in_a_set(polled.fd) || polled.events.0 & !known.0 != 0);
        let twice = fds.windows(2).find(|two| two[0].fd == two[1].fd).map(|two| &two[0]);
        if let Some(odd) = odd.or(twice) {
            let text = words.iter().rfind(|word| word.text.starts_with(&odd.fd.to_string()));
            return Err(self.wrong(text.map_or("", |word| word.text.as_str())));
        }
        let nfds = fds.last().map_or(0, |highest| highest.fd + 1);
        Ok(Call::Select { nfds, fds, timeout })
    }

    fn select_of_sets(&mut self) -> Result<Call, Mistyped> {
        let nfds = self.number(0)?;
        if nfds > FD_SETSIZE {
            return Err(self.wrong(&nfds.to_string()));
        }
        let mut fds: BTreeMap<i32, PollEvents> = BTreeMap::new();
        for event in [PollEvents::IN, PollEvents::OUT, PollEvents::PRI] {
            for fd in self.set()? {
                let events = fds.entry(fd).or_default();
                *events = events.with(event);
            }
        }
        let timeout = if self.words.first().is_some_and(|word| word.text == NO_SET) {
            self.next();
            -1
        } else {
            self.number(-1)?
        };
        let fds = fds.into_iter().map(|(fd, events)| PolledDescriptor::new(fd, events)).collect();
        Ok(Call::Select { nfds, fds, timeout })
    }

    /// `{3, 4}`, `{}` or NULL; nothing is an empty set too.
    fn set(&mut self) -> Result<Vec<i32>, Mistyped> {
        let mut fds = Vec::new();
        let Some(first) = self.words.first().filter(|word| word.text != NO_SET) else {
            self.next();
            return Ok(fds);
        };
        if !first.text.starts_with('{') {
            return Err(self.wrong(&first.text));
        }
        while let Some(word) = self.next() {
            let number = word.text.trim_matches(['{', '}']);
            if !number.is_empty() {
                let fd = number.parse().ok().filter(|fd| in_a_set(*fd));
                fds.push(fd.ok_or_else(|| self.wrong(&word.text))?);
            }
            if word.text.ends_with('}') {
                return Ok(fds);
            }
        }
        Err(self.wrong(&first.text))
    }

    /// `epoll_create1(0)`; the flag EPOLL_CLOEXEC changes nothing here.
    fn epoll_create(&mut self) -> Call {
        self.skip(1, &["0", "EPOLL_CLOEXEC"]);
        Call::EpollCreate
    }

    /// `epoll_ctl(5, EPOLL_CTL_ADD, 4, EPOLLIN | EPOLLET)`, or shorter, `epoll_ctl 5 add 4 in et`; without events EPOLLIN.
    fn epoll_ctl(&mut self) -> Result<Call, Mistyped> {
        let epfd = self.instance()?;
        let op = match self.next() {
            Some(word) => EpollOp::by_name(&word.text).ok_or_else(|| self.wrong(&word.text))?,
            None => EpollOp::Add,
        };
        let fd = self.descriptor()?;
        if op == EpollOp::Del {
            self.skip(1, &[NO_SET]);
            return Ok(Call::EpollCtl { epfd, op, fd, events: EpollEvents::default() });
        }
        let mut events: Option<EpollEvents> = None;
        while let Some(word) = self.next() {
            let text = word.text.trim_matches(['&', '{', '}', '|']);
            if !text.is_empty() {
                let more: EpollEvents = text.parse().map_err(|_| self.wrong(&word.text))?;
                events = Some(more.with(events.unwrap_or_default()));
            }
        }
        Ok(Call::EpollCtl { epfd, op, fd, events: events.unwrap_or(EpollEvents::IN) })
    }

    /// `epoll_wait(5, events, 8, -1)`: at most so many descriptors, and milliseconds; or shorter, `epoll_wait 5`.
    fn epoll_wait(&mut self) -> Result<Call, Mistyped> {
        let epfd = self.instance()?;
        let is_name = |word: &&TypedWord| word.text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if self.words.first().is_some_and(|word| is_name(&word)) {
            self.next();
        }
        let most = self.number(TOLD)?;
        if usize::try_from(most).is_ok_and(|most| most > MOST_POLLED) {
            return Err(self.wrong(&most.to_string()));
        }
        Ok(Call::EpollWait { epfd, most, timeout: self.number(-1)? })
    }

    /// The number of an epoll instance, which is never left out.
    fn instance(&mut self) -> Result<i32, Mistyped> {
        let word = self.next().ok_or(Mistyped::Descriptor(self.name))?;
        word.text.parse().map_err(|_| self.wrong(&word.text))
    }

    /// Descriptors, each with its events, and a timeout.
    fn polled(&mut self) -> Result<(Vec<PolledDescriptor>, i32), Mistyped> {
        let words = std::mem::take(&mut self.words);
        let mut parts = parts(words);
        let (mut fds, mut timeout) = (Vec::new(), -1);
        while let Some(part) = parts.pop_front() {
            let number: Option<i32> = part.text.parse().ok().filter(|_| !part.events);
            let number = number.ok_or_else(|| self.wrong(part.word))?;
            let mut events: Option<PollEvents> = None;
            while let Some(next) = parts.front() {
                match next.named() {
                    Some(more) => events = Some(more.with(events.unwrap_or_default())),
                    // It joins two names that stand alone.
                    None if next.text == "|" && events.is_some() => {}
                    None => break,
                }
                parts.pop_front();
            }
            match events {
                None if parts.is_empty() && !fds.is_empty() => timeout = number,
                _ if fds.len() == MOST_POLLED => return Err(self.wrong(part.word)),
                _ => fds.push(PolledDescriptor::new(number, events.unwrap_or(PollEvents::IN))),
            }
        }
        if fds.is_empty() {
            let fd = self.usual.fd.ok_or(Mistyped::Descriptor(self.name))?;
            fds.push(PolledDescriptor::new(fd, PollEvents::IN));
        }
        Ok((fds, timeout))
    }
}
