//! The arguments of the calls that wait for several descriptors.

use std::collections::VecDeque;

use super::{Arguments, Mistyped, TypedWord};
use crate::model::{Call, MOST_POLLED, PollEntry, PollEvents};

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
    /// `poll(3:POLLIN, 4:POLLOUT, -1)`, C's `poll({3, POLLIN}, {4, POLLIN | POLLOUT}, 1000)`, or shorter: `poll 3 in 4 out`. A
    /// descriptor without events is polled for POLLIN; a number behind all of them is the timeout, and without one the call
    /// never times out.
    pub(super) fn poll(&mut self) -> Result<Call, Mistyped> {
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
                _ => fds.push(PollEntry { fd: number, events: events.unwrap_or(PollEvents::IN) }),
            }
        }
        if fds.is_empty() {
            let fd = self.usual.fd.ok_or(Mistyped::Descriptor(self.name))?;
            fds.push(PollEntry { fd, events: PollEvents::IN });
        }
        Ok(Call::Poll { fds, timeout })
    }
}
