//! A program's calls that tell nothing of their own: options, waiting, what a runtime asks. Several in a row are one line.

use crate::explain::waited_fds;
use crate::model::{Call, CallView};

/// A call, or several that are folded, the newest first.
pub(super) enum CallRow<'a> {
    Call(CallView<'a>),
    /// One that waits for several descriptors, with what its thread had tried and set before.
    Waits(CallView<'a>, Vec<CallView<'a>>),
    Folded(Vec<CallView<'a>>),
}

/// So many calls are looked at.
const MOST: usize = 512;

/// The rows of these calls, which come the newest first. `unfolded`: each has its own.
pub(super) fn rows<'a>(calls: impl Iterator<Item = CallView<'a>>, unfolded: bool) -> Vec<CallRow<'a>> {
    let mut rows: Vec<CallRow<'a>> = Vec::new();
    for (n, call) in calls.take(MOST).enumerate() {
        // What came last is what one looks at.
        let folds = n > 0 && !unfolded && is_noise(&call);
        match rows.last_mut() {
            Some(CallRow::Folded(folded)) if folds => folded.push(call),
            Some(CallRow::Waits(waits, beneath)) if folds && waits.caller == call.caller => beneath.push(call),
            _ if !unfolded && waited_fds(&call).is_some() && (n == 0 || call.is_open()) => {
                rows.push(CallRow::Waits(call, Vec::new()));
            }
            _ if folds => rows.push(CallRow::Folded(vec![call])),
            _ => rows.push(CallRow::Call(call)),
        }
    }
    for row in &mut rows {
        if let CallRow::Folded(folded) = row
            && let [one] = folded[..]
        {
            *row = CallRow::Call(one);
        }
    }
    rows
}

/// Whether a program's call is none of those that a walk is made of, or came back because nothing was there yet.
fn is_noise(call: &CallView<'_>) -> bool {
    let Some(made) = call.made.filter(|_| call.outcome.is_some()) else { return false };
    match (&made.like, call.outcome) {
        (None | Some(Call::SetOption { .. } | Call::SetNonblocking { .. }), _) => true,
        (Some(_), Some(Err(errno))) => errno.name() == Some("EAGAIN"),
        _ => false,
    }
}

/// The names of folded calls, the first one first, each once with how often it was made.
pub(super) fn names(folded: &[CallView<'_>]) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for call in folded.iter().rev() {
        let name = call.made.map_or("", |made| made.name.as_str());
        match names.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => names.push((name, 1)),
        }
    }
    let one = |(name, count): (&str, usize)| if count > 1 { format!("{name} ×{count}") } else { name.to_owned() };
    names.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Actor, Caller, Errno, Event, Outcome, PolledDescriptor, ProgramCall, Returned, Side, Trace};

    fn made(name: &str, like: Option<Call>, outcome: Option<Outcome>) -> Vec<Event> {
        let caller: Caller = Side::Server.into();
        let call = ProgramCall {
            name: name.into(),
            arguments: Vec::new(),
            fd: Some(3),
            socket: None,
            internet: true,
            waits: (name == "epoll_pwait")
                .then(|| vec![PolledDescriptor { fd: 3, socket: Some(7), ..Default::default() }]),
            others: Vec::new(),
            like,
            ..ProgramCall::default()
        };
        let entered = Event::Entered { caller, call: Call::Program(Box::new(call)) };
        [entered].into_iter().chain(outcome.map(|outcome| Event::Returned { caller, outcome })).collect()
    }

    #[test]
    fn what_waits_is_one_line_with_what_was_tried_before_and_opens() {
        let again = || Some(Err(Errno(libc::EAGAIN)));
        let mut trace = Trace::default();
        for event in [
            made("listen", Some(Call::Listen { fd: 3, backlog: 1 }), Some(Ok(Returned::default()))),
            made("epoll_ctl", None, Some(Ok(Returned::default()))),
            made("accept4", Some(Call::Accept { fd: 3 }), again()),
            made("epoll_pwait", None, None),
        ]
        .concat()
        {
            trace.push(Duration::ZERO, event);
        }
        let view = trace.present();
        let rows = |unfolded| rows(view.calls(Actor::from(Side::Server)), unfolded);
        let [CallRow::Waits(waits, beneath), CallRow::Call(listen)] = &rows(false)[..] else { panic!("other rows") };
        assert_eq!((waits.called(), listen.called()), ("epoll_pwait", "listen"));
        assert_eq!(names(beneath), "epoll_ctl, accept4");
        assert!(rows(true).iter().all(|row| matches!(row, CallRow::Call(_))) && rows(true).len() == 4);
    }

    #[test]
    fn what_tells_nothing_of_its_own_is_one_line_and_opens() {
        let (good, again) = (|| Some(Ok(Returned::default())), || Some(Err(Errno(libc::EAGAIN))));
        let accept = || Some(Call::Accept { fd: 3 });
        let mut trace = Trace::default();
        for event in [
            made("socket", Some(Call::Socket { ipv6: false, udp: false }), good()),
            made("setsockopt", None, good()),
            made("setsockopt", None, good()),
            made("accept4", accept(), again()),
            made("listen", Some(Call::Listen { fd: 3, backlog: 1 }), good()),
            made("epoll_ctl", None, good()),
            made("accept4", accept(), good()),
            made("epoll_wait", None, None),
        ]
        .concat()
        {
            trace.push(Duration::ZERO, event);
        }
        let view = trace.present();
        let shown = |unfolded| -> Vec<String> {
            let rows = rows(view.calls(Actor::from(Side::Server)), unfolded);
            let text = |row: CallRow<'_>| match row {
                CallRow::Call(call) => call.called().to_owned(),
                CallRow::Waits(call, beneath) => format!("{} over ({})", call.called(), names(&beneath)),
                CallRow::Folded(folded) => format!("({})", names(&folded)),
            };
            rows.into_iter().map(text).collect()
        };
        assert_eq!(
            shown(false),
            ["epoll_wait", "accept4", "epoll_ctl", "listen", "(setsockopt ×2, accept4)", "socket"],
            "one alone stands for itself, and so does the newest"
        );
        assert_eq!(shown(true).len(), 8);
    }
}
