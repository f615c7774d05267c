//! A question's answer, taken from what is known.

use super::claims::{ClaimContext, fired_text, rto_ms};
use crate::lesson::Measure;
use crate::model::{ConnectionEnd, SocketView, same_counter};
use crate::tcp::Expr;

/// Between the counters that moved, where several did.
const BETWEEN: &str = ", ";

impl ClaimContext<'_> {
    /// What the kernel answers to a question, in the notation of its choices.
    pub fn measure(&self, measure: &Measure) -> String {
        let queue = |end: &ConnectionEnd, which: fn(&SocketView<'_>) -> u32| match self.names.find(end, self.view) {
            Some(socket) if !socket.gone => which(&socket).to_string(),
            _ => "none".to_owned(),
        };
        match measure {
            Measure::State(end) => {
                self.names.find(end, self.view).map_or("none".to_owned(), |socket| socket.state.to_string())
            }
            Measure::Call(side, by) => {
                let of_caller = self.of(*by);
                let sleeps = match of_caller.worker {
                    Some(_) => of_caller.calls_of(*side).next().is_some_and(|call| call.is_open()),
                    None => of_caller.actor(*side).is_some_and(|actor| self.view.open_call(actor).is_some()),
                };
                if sleeps { "blocks" } else { "returns" }.to_owned()
            }
            Measure::Returned(side, by) => match self.of(*by).calls_of(*side).next().and_then(|call| call.outcome) {
                Some(Ok(returned)) => returned.value.to_string(),
                Some(Err(errno)) => errno.to_string(),
                None => "blocks".to_owned(),
            },
            Measure::RecvQueue(end) => queue(end, |socket| socket.facts.recv_queue),
            Measure::SendQueue(end) => queue(end, |socket| socket.facts.send_queue),
            Measure::Fired(end) => self.living(end).and_then(|facts| facts.timer).map_or("none".to_owned(), fired_text),
            Measure::Reason => match self.view.delivered().and_then(|segment| segment.reasons) {
                Some([]) => "none".to_owned(),
                Some(moved) => moved.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(BETWEEN),
                None => "unread".to_owned(),
            },
            Measure::Rto(end) => self.living(end).and_then(rto_ms).map_or("none".to_owned(), |ms| ms.to_string()),
        }
    }

    /// Whether an offered answer is what the kernel answered; an answer may be a sum, such as `line`.
    pub fn is(&self, choice: &str, actual: &str) -> bool {
        let number = choice.parse::<Expr>().ok().and_then(|sum| self.number(&sum));
        let is_one = || actual.split(BETWEEN).any(|name| same_counter(name, choice));
        choice == actual || is_one() || number.is_some_and(|number| number.to_string() == actual)
    }
}
