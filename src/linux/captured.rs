//! In which order a lab takes what was captured and what was told at the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::serve::{ROUND, Server};
use super::shared::{FromMember, MemberMessage};
use super::wire::Captured;
use crate::lab::{Failure, Input, ProgramNews};
use crate::tcp::Packet;

/// Takes out what stands in the trace before what was captured at a time: what who runs a program has said by then. The kernel stamps the
/// packet, and a tracer its word, before a call is made and when it is over, by one clock. What else it said before such a word goes with it.
fn take_said(heard: &mut Vec<MemberMessage>, until: Duration) -> Vec<MemberMessage> {
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    for (at, message) in heard.iter().enumerate() {
        if let MemberMessage::Said(number, FromMember::Program(_, said)) = message
            && *said <= until
        {
            last.insert(*number, at);
        }
    }
    let mut at = 0;
    let is_before = |message: &mut MemberMessage| {
        let (MemberMessage::Said(number, _) | MemberMessage::Gone(number)) = message;
        at += 1;
        last.get(number).is_some_and(|last| at <= last + 1)
    };
    heard.extract_if(.., is_before).collect()
}

/// The same where nobody knows when it was captured: that a program's thread has come to a call, or gone into it, was told before the
/// call was made. What its program has told behind such a word may have come of what was captured, and stays.
fn take_entered(heard: &mut Vec<MemberMessage>) -> Vec<MemberMessage> {
    let mut went_on = BTreeSet::new();
    let is_entered = |message: &mut MemberMessage| {
        let (number, enters) = match message {
            MemberMessage::Said(number, FromMember::Program(news, _)) => {
                (*number, matches!(**news, ProgramNews::Stands(..) | ProgramNews::Entered(..)))
            }
            MemberMessage::Said(number, _) | MemberMessage::Gone(number) => (*number, false),
        };
        if !enters {
            went_on.insert(number);
        }
        !went_on.contains(&number)
    };
    heard.extract_if(.., is_entered).collect()
}

impl Server {
    /// Takes a [`ROUND`] of segments from the wire at most, and what was heard of others by then. Whether more may be waiting.
    pub(super) fn read_wire(&mut self, mut heard: Vec<MemberMessage>) -> Result<bool, Failure> {
        let segments = self.environment.read_wire(ROUND)?;
        let more = segments.len() == ROUND;
        if !segments.is_empty() {
            // Whatever sent one of them was told before that.
            heard.extend(self.remote.iter_mut().flat_map(|remote| remote.members.hear_programs()));
        }
        let mut together = Vec::new();
        for Captured { packet, at } in segments {
            let said = match at {
                Some(at) => take_said(&mut heard, at),
                None => take_entered(&mut heard),
            };
            if !said.is_empty() {
                self.take_captured(std::mem::take(&mut together));
                said.into_iter().for_each(|said| self.heard(said));
            }
            together.push(packet);
        }
        self.take_captured(together);
        heard.into_iter().for_each(|heard| self.heard(heard));
        Ok(more)
    }

    fn take_captured(&mut self, segments: Vec<Packet>) {
        if !segments.is_empty() {
            self.handle(Input::Captured(segments));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProgramCall, Returned};

    /// Said so many seconds after the beginning.
    fn told(number: u32, at: u64, news: ProgramNews) -> MemberMessage {
        MemberMessage::Said(number, FromMember::Program(Box::new(news), Duration::from_secs(at)))
    }

    fn closed(number: u32) -> MemberMessage {
        MemberMessage::Said(number, FromMember::Closed { process: 1, fd: 3 })
    }

    fn entered(thread: u32) -> ProgramNews {
        ProgramNews::Entered(thread, ProgramCall::default())
    }

    fn stands(thread: u32) -> ProgramNews {
        ProgramNews::Stands(thread, ProgramCall::default())
    }

    fn returned(thread: u32) -> ProgramNews {
        ProgramNews::Returned(thread, Ok(Returned::default()))
    }

    /// By its program's number and its thread's; 0 where it is no word on a thread.
    fn threads(messages: &[MemberMessage]) -> Vec<(u32, u32)> {
        let thread = |message: &MemberMessage| match message {
            MemberMessage::Said(number, FromMember::Program(news, _)) => match **news {
                ProgramNews::Stands(thread, _) | ProgramNews::Entered(thread, _) => (*number, thread),
                ProgramNews::Returned(thread, _) => (*number, thread),
                _ => (*number, 0),
            },
            MemberMessage::Said(number, _) | MemberMessage::Gone(number) => (*number, 0),
        };
        messages.iter().map(thread).collect()
    }

    /// `send()` returned, and `close()` was entered, before the FIN was captured; the daemon hears all of it at once.
    #[test]
    fn what_was_captured_stands_between_the_words_that_were_said_before_and_after_it() {
        let mut heard = vec![
            told(1, 2, returned(11)),
            told(2, 5, returned(20)),
            closed(1),
            told(1, 3, entered(12)),
            told(1, 7, returned(12)),
            MemberMessage::Gone(2),
        ];
        assert_eq!(threads(&take_said(&mut heard, Duration::from_secs(1))), []);
        assert_eq!(threads(&take_said(&mut heard, Duration::from_secs(4))), [(1, 11), (1, 0), (1, 12)]);
        assert_eq!(threads(&take_said(&mut heard, Duration::from_secs(6))), [(2, 20)]);
        assert_eq!(threads(&heard), [(1, 12), (2, 0)]);
    }

    #[test]
    fn what_a_call_sends_is_captured_after_it_was_entered_and_before_it_returned() {
        let mut heard = vec![
            told(1, 0, stands(10)),
            told(2, 0, returned(20)),
            told(1, 0, entered(11)),
            told(2, 0, entered(21)),
            told(1, 0, returned(11)),
            told(1, 0, entered(12)),
        ];
        assert_eq!(threads(&take_entered(&mut heard)), [(1, 10), (1, 11)]);
        assert_eq!(threads(&heard), [(2, 20), (2, 21), (1, 11), (1, 12)]);
    }
}
