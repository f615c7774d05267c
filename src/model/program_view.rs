//! What is known of a program's calls at a moment.

use super::calls::call_view;
use super::{CallView, Member, View};

impl<'a> View<'a> {
    /// The newest call of each thread of a program, whichever side it plays.
    pub fn threads_of(&self, program: &Member) -> impl Iterator<Item = CallView<'a>> + use<'a> {
        let (trace, moment, nth) = (self.trace(), self.moment(), program.nth);
        let came = trace.present_since(program.number, moment);
        let newest = trace.calls.of_threads(nth, moment).filter(move |record| record.seen >= came);
        newest.map(move |record| call_view(trace.entries(), record, moment))
    }

    /// Whether a program has made a call on a socket of IPv4 or IPv6, or to make one.
    pub fn has_called(&self, program: &Member) -> bool {
        let (trace, moment) = (self.trace(), self.moment());
        let came = trace.present_since(program.number, moment);
        let made = trace.calls.of_program(program.nth, moment).filter(|record| record.seen >= came);
        made.filter_map(|record| record.made.as_ref()).any(|made| made.is_of_internet())
    }
}
