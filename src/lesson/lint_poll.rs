//! The check of a `poll()`, and of what it is claimed to tell.

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::Lint;
use super::raw::{RawReturns, SpannedText};
use super::{Action, Terms};
use crate::model::{CallName, MOST_POLLED, PollEvents, PolledSocket};

/// The longest that one may wait, in milliseconds, so that a walk ends.
const LONGEST: i64 = 60_000;

impl Lint<'_> {
    /// Sockets of one side, with the events that are wanted of each; without a timeout it never times out.
    pub(super) fn poll(&mut self, raw: &Spanned<Vec<SpannedText>>, timeout: Option<&Spanned<i64>>) -> Option<Action> {
        if raw.get_ref().is_empty() {
            self.fault::<()>(raw.span(), Fault::NothingPolled);
        }
        if let Some(timeout) = timeout {
            self.range(*timeout.get_ref(), 0..=LONGEST, timeout.span());
        }
        self.range(i64::try_from(raw.get_ref().len()).unwrap_or(i64::MAX), 0..=MOST_POLLED as i64, raw.span());
        let sockets = self.polled(raw)?;
        let side = self.side_of(&sockets.first()?.socket)?;
        let timeout = timeout.map_or(Some(-1), |timeout| i32::try_from(*timeout.get_ref()).ok());
        Some(Action::Poll { side, sockets, timeout: timeout? })
    }

    /// What the newest `poll()` of a side is claimed to have found ready.
    pub(super) fn ready(&mut self, raw: &RawReturns, ready: &Spanned<Vec<SpannedText>>) -> Option<Terms> {
        let side = self.side(&raw.side);
        for (key, there) in
            [("value", raw.value.is_some()), ("data", raw.data.is_some()), ("error", raw.error.is_some())]
        {
            if there {
                self.fault::<()>(ready.span(), Fault::Exclusive("ready", key));
            }
        }
        if self.call(&raw.call)? != CallName::Poll {
            self.fault::<()>(ready.span(), Fault::OnlyPoll);
        }
        let sockets = self.polled(ready)?;
        let first = sockets.first().and_then(|first| self.side_of(&first.socket));
        if let (Some(side), Some(first)) = (side, first)
            && first != side
        {
            self.fault::<()>(ready.span(), Fault::OneSide { found: sockets[0].socket.clone(), side: first });
        }
        Some(Terms::Ready { side: side?, sockets })
    }

    /// Sockets of one side, each with its events: `conn POLLIN|POLLOUT`. Without any it is POLLIN.
    fn polled(&mut self, raw: &Spanned<Vec<SpannedText>>) -> Option<Vec<PolledSocket>> {
        let sockets: Vec<Option<PolledSocket>> = raw.get_ref().iter().map(|word| self.polled_socket(word)).collect();
        let sockets: Vec<PolledSocket> = sockets.into_iter().collect::<Option<_>>()?;
        let side = sockets.first().and_then(|first| self.side_of(&first.socket));
        for (socket, word) in sockets.iter().zip(raw.get_ref()) {
            match self.side_of(&socket.socket) {
                Some(other) if Some(other) != side => {
                    return self.fault(word.span(), Fault::OneSide { found: socket.socket.clone(), side: other });
                }
                _ => {}
            }
        }
        Some(sockets)
    }

    fn polled_socket(&mut self, word: &SpannedText) -> Option<PolledSocket> {
        let part = |text: &str| Spanned::new(word.span(), text.trim().to_owned());
        let (name, events) = word.get_ref().trim().split_once(' ').unwrap_or((word.get_ref(), "POLLIN"));
        let socket = self.socket(&part(name))?;
        let known = events.parse::<PollEvents>().ok();
        let events = known.or_else(|| self.wrong(&part(events), WordKind::PollEvent))?;
        Some(PolledSocket { socket, events })
    }
}
