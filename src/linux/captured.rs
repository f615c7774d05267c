//! In which order a lab takes what was captured and what was told at the same time.

use std::collections::BTreeSet;

use super::serve::{ROUND, Server};
use super::shared::{FromMember, MemberMessage};
use crate::lab::{Failure, Input, ProgramNews};

/// Takes out what stands in the trace before what was captured by then: that a program's thread has come to a call, or gone into it. A
/// tracer tells it before the call is made, and all else of a call when that is over; so what a program has told behind such a word may
/// have come of what was captured, and stays.
fn take_entered(heard: &mut Vec<MemberMessage>) -> Vec<MemberMessage> {
    let mut went_on = BTreeSet::new();
    let is_entered = |message: &mut MemberMessage| {
        let (number, enters) = match message {
            MemberMessage::Said(number, FromMember::Program(news)) => {
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
            take_entered(&mut heard).into_iter().for_each(|entered| self.heard(entered));
            self.handle(Input::Captured(segments));
        }
        heard.into_iter().for_each(|heard| self.heard(heard));
        Ok(more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProgramCall, Returned};

    fn told(number: u32, news: ProgramNews) -> MemberMessage {
        MemberMessage::Said(number, FromMember::Program(Box::new(news)))
    }

    /// By its program's number and its thread's.
    fn threads(messages: &[MemberMessage]) -> Vec<(u32, u32)> {
        let thread = |message: &MemberMessage| match message {
            MemberMessage::Said(number, FromMember::Program(news)) => match **news {
                ProgramNews::Stands(thread, _) | ProgramNews::Entered(thread, _) => Some((*number, thread)),
                ProgramNews::Returned(thread, _) => Some((*number, thread)),
                _ => None,
            },
            _ => None,
        };
        messages.iter().filter_map(thread).collect()
    }

    #[test]
    fn what_a_call_sends_is_captured_after_it_was_entered_and_before_it_returned() {
        let entered = |thread| ProgramNews::Entered(thread, ProgramCall::default());
        let stands = |thread| ProgramNews::Stands(thread, ProgramCall::default());
        let mut heard = vec![
            told(1, stands(10)),
            told(2, ProgramNews::Returned(20, Ok(Returned::default()))),
            told(1, entered(11)),
            told(2, entered(21)),
            told(1, ProgramNews::Returned(11, Ok(Returned::default()))),
            told(1, entered(12)),
        ];
        assert_eq!(threads(&take_entered(&mut heard)), [(1, 10), (1, 11)]);
        assert_eq!(threads(&heard), [(2, 20), (2, 21), (1, 11), (1, 12)]);
    }
}
