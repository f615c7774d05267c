//! The check of calls that wait for several sockets, and of what they are claimed to tell.

use std::ops::Range;

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::Lint;
use super::raw::RawAction;
use super::raw_calls::{RawEpollCreate, RawEpollCtl, RawEpollWait, RawReturns, RawSelect};
use super::raw_words::SpannedText;
use super::{CallClaim, WaitAction};
use crate::model::{CallName, EpollEvents, EpollOp, MOST_POLLED, PollEvents, PolledSocket, Side, event_named};

/// The longest that one may wait, in milliseconds, so that a walk ends.
const LONGEST: i64 = 60_000;

/// So many sockets an `epoll_wait()` tells at most where nothing else is said.
const TOLD: i64 = 8;

/// A socket's name, and what stands behind it.
fn parts(word: &SpannedText) -> (SpannedText, Option<SpannedText>) {
    match word.get_ref().trim().split_once(' ') {
        Some((name, events)) => (trimmed(word, name), Some(trimmed(word, events))),
        None => (trimmed(word, word.get_ref()), None),
    }
}

/// A part of a word, at the word's place.
fn trimmed(word: &SpannedText, part: &str) -> SpannedText {
    Spanned::new(word.span(), part.trim().to_owned())
}

impl Lint<'_> {
    /// A call that waits for several sockets, or prepares that.
    pub(super) fn wait(&mut self, raw: &RawAction) -> Option<WaitAction> {
        match raw {
            RawAction::Poll { sockets, timeout_ms } => {
                let timeout = self.timeout(timeout_ms.as_ref());
                let (side, sockets) = self.waited(CallName::Poll, sockets)?;
                Some(WaitAction::Poll { side, sockets, timeout: timeout? })
            }
            RawAction::Select(raw) => self.select(raw),
            RawAction::EpollCreate(RawEpollCreate { side, name }) => {
                let side = self.side(side);
                let name = self.new_socket(name, side);
                Some(WaitAction::EpollCreate { side: side?, name: name? })
            }
            RawAction::EpollCtl(raw) => self.epoll_ctl(raw),
            RawAction::EpollWait(RawEpollWait { epoll, max, timeout_ms }) => {
                let (epoll, timeout) = (self.socket(epoll), self.timeout(timeout_ms.as_ref()));
                if let Some(max) = max {
                    self.range(*max.get_ref(), 1..=MOST_POLLED as i64, max.span());
                }
                let most = i32::try_from(max.as_ref().map_or(TOLD, |max| *max.get_ref())).ok();
                Some(WaitAction::EpollWait { epoll: epoll?, most: most?, timeout: timeout? })
            }
            _ => None,
        }
    }

    /// Milliseconds; without them it never times out.
    fn timeout(&mut self, timeout: Option<&Spanned<i64>>) -> Option<i32> {
        let Some(timeout) = timeout else { return Some(-1) };
        self.range(*timeout.get_ref(), 0..=LONGEST, timeout.span());
        i32::try_from(*timeout.get_ref()).ok()
    }

    /// Sockets that are waited for, of which there must be some, and whose they are.
    fn waited(&mut self, call: CallName, raw: &Spanned<Vec<SpannedText>>) -> Option<(Side, Vec<PolledSocket>)> {
        self.count_waited(raw.get_ref().len(), raw.span());
        let sockets = self.polled(call, raw)?;
        Some((self.side_of(&sockets.first()?.socket)?, sockets))
    }

    /// There must be some, and not too many.
    fn count_waited(&mut self, waited: usize, span: Range<usize>) {
        if waited == 0 {
            self.fault::<()>(span.clone(), Fault::NothingPolled);
        }
        self.range(i64::try_from(waited).unwrap_or(i64::MAX), 0..=MOST_POLLED as i64, span);
    }

    /// A socket may stand in several sets, which say what it is waited for: no event stands behind its name.
    fn select(&mut self, raw: &Spanned<RawSelect>) -> Option<WaitAction> {
        let RawSelect { readfds, writefds, exceptfds, timeout_ms } = raw.get_ref();
        let timeout = self.timeout(timeout_ms.as_ref());
        let sets = [(readfds, PollEvents::IN), (writefds, PollEvents::OUT), (exceptfds, PollEvents::PRI)];
        let words =
            sets.iter().flat_map(|(set, event)| set.iter().flat_map(|set| set.get_ref()).map(|word| (word, *event)));
        self.count_waited(words.clone().count(), raw.span());
        let mut sockets: Vec<PolledSocket> = Vec::new();
        let mut all_known = true;
        for (word, events) in words.clone() {
            let Some(socket) = self.socket(&trimmed(word, word.get_ref())) else {
                all_known = false;
                continue;
            };
            match sockets.iter_mut().find(|known| known.socket == socket) {
                Some(known) => known.events = known.events.with(events),
                None => sockets.push(PolledSocket { socket, events }),
            }
        }
        let side = self.side_of(&sockets.first()?.socket)?;
        self.are_of(Some(side), words.map(|(word, _)| (word.get_ref().trim(), word.span())))?;
        let timeout = timeout?;
        all_known.then_some(WaitAction::Select { side, sockets, timeout })
    }

    /// Both must be of one side; what isn't watched any more needs no events.
    fn epoll_ctl(&mut self, raw: &RawEpollCtl) -> Option<WaitAction> {
        let epoll = self.socket(&raw.epoll);
        let op = EpollOp::by_name(raw.op.get_ref()).or_else(|| self.wrong(&raw.op, WordKind::EpollOp));
        let (name, word) = parts(&raw.socket);
        let socket = self.socket(&name);
        let events = match &word {
            None => Some(EpollEvents::IN),
            Some(word) => {
                word.get_ref().parse().ok().or_else(|| self.wrong(word, WordKind::PollEvent(CallName::EpollCtl)))
            }
        };
        let (epoll, socket) = (epoll?, socket?);
        match (self.side_of(&epoll), self.side_of(&socket)) {
            (Some(own), Some(side)) if own != side => {
                return self.fault(raw.socket.span(), Fault::OneSide { found: socket, side });
            }
            _ => {}
        }
        Some(WaitAction::EpollCtl { epoll, op: op?, socket, events: events? })
    }

    /// What the newest call of a side that waits for several is claimed to have found ready.
    pub(super) fn ready(&mut self, raw: &RawReturns, ready: &Spanned<Vec<SpannedText>>) -> Option<CallClaim> {
        let side = self.side(&raw.side);
        for (key, there) in
            [("value", raw.value.is_some()), ("data", raw.data.is_some()), ("error", raw.error.is_some())]
        {
            if there {
                self.fault::<()>(ready.span(), Fault::Exclusive("ready", key));
            }
        }
        let call = self.call(&raw.call)?;
        if !call.waits_for_several() {
            self.fault::<()>(ready.span(), Fault::OnlyPoll);
        }
        let sockets = self.polled(call, ready)?;
        let first = sockets.first().and_then(|first| self.side_of(&first.socket));
        if let (Some(side), Some(first)) = (side, first)
            && first != side
        {
            self.fault::<()>(ready.span(), Fault::OneSide { found: sockets[0].socket.clone(), side: first });
        }
        Some(CallClaim::Ready { side: side?, call, sockets })
    }

    /// Sockets of one side, each with its events as the call has them: `conn POLLIN|POLLOUT`. Without any it is to be read.
    fn polled(&mut self, call: CallName, raw: &Spanned<Vec<SpannedText>>) -> Option<Vec<PolledSocket>> {
        let sockets: Vec<Option<PolledSocket>> =
            raw.get_ref().iter().map(|word| self.polled_socket(call, word)).collect();
        let sockets: Vec<PolledSocket> = sockets.into_iter().collect::<Option<_>>()?;
        let side = sockets.first().and_then(|first| self.side_of(&first.socket));
        let named = sockets.iter().zip(raw.get_ref()).map(|(socket, word)| (socket.socket.as_str(), word.span()));
        self.are_of(side, named)?;
        Some(sockets)
    }

    /// `None` where one of these sockets is another side's.
    fn are_of<'n>(&mut self, side: Option<Side>, sockets: impl Iterator<Item = (&'n str, Range<usize>)>) -> Option<()> {
        for (socket, span) in sockets {
            match self.side_of(socket) {
                Some(other) if Some(other) != side => {
                    return self.fault(span, Fault::OneSide { found: socket.to_owned(), side: other });
                }
                _ => {}
            }
        }
        Some(())
    }

    fn polled_socket(&mut self, call: CallName, word: &SpannedText) -> Option<PolledSocket> {
        let (name, events) = parts(word);
        let socket = self.socket(&name)?;
        let events = match &events {
            None => PollEvents::IN,
            Some(events) => {
                event_named(call, events.get_ref()).or_else(|| self.wrong(events, WordKind::PollEvent(call)))?
            }
        };
        Some(PolledSocket { socket, events })
    }
}
