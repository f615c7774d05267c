//! A program's calls that tell nothing of their own: options, waiting, what a runtime asks. Several in a row are one line.

use crate::explain::waited_fds;
use crate::i18n::Lang;
use crate::model::{Call, CallView, Moment};

/// A call, or several that are folded, the newest first.
pub(super) enum CallRow<'a> {
    Call(CallView<'a>),
    /// One that waits for several descriptors, with what its thread had tried and set before.
    Waits(CallView<'a>, Vec<CallView<'a>>),
    Folded(Vec<CallView<'a>>),
}

impl CallRow<'_> {
    /// The entries at which its newest and its oldest call began.
    pub(super) fn ends(&self) -> (Moment, Moment) {
        match self {
            CallRow::Call(call) => (call.entered, call.entered),
            CallRow::Waits(call, beneath) => (call.entered, beneath.last().map_or(call.entered, |last| last.entered)),
            CallRow::Folded(folded) => {
                let at = |call: Option<&CallView<'_>>| call.map_or(0, |call| call.entered);
                (at(folded.first()), at(folded.last()))
            }
        }
    }
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

/// Whether a program's call is none of those that a walk is made of, or came back because nothing was there yet. What failed after
/// somebody let it go, or on a number that is no socket any more, is none; nor is a `select()` that leaves a socket out.
fn is_noise(call: &CallView<'_>) -> bool {
    let Some(made) = call.made.filter(|_| call.outcome.is_some()) else { return false };
    if made.is_of_another_family() && !call.stepped {
        return call.quiet;
    }
    let failed = call.outcome.and_then(|outcome| outcome.as_ref().err());
    if failed.is_some_and(|errno| call.stepped || errno.is_no_socket()) || made.left_out().next().is_some() {
        return false;
    }
    match (&made.like, call.outcome) {
        (
            None
            | Some(Call::SetOption { .. } | Call::SetNonblocking { .. } | Call::GetStatus { .. } | Call::Ioctl { .. }),
            _,
        ) => true,
        (Some(_), Some(Err(errno))) => errno.name() == Some("EAGAIN"),
        _ => false,
    }
}

/// The names of folded calls, the first one first, each once with how often it was made.
pub(super) fn names(folded: &[CallView<'_>], lang: Lang) -> String {
    let mut names: Vec<(&str, usize)> = Vec::new();
    for call in folded.iter().rev() {
        let name = call.made.map_or("", |made| made.name.as_str());
        match names.iter_mut().find(|(other, _)| *other == name) {
            Some((_, count)) => *count += 1,
            None => names.push((name, 1)),
        }
    }
    let one = |(name, count): (&str, usize)| if count > 1 { format!("{name} ×{count}") } else { name.to_owned() };
    lang.list(names.into_iter().map(one))
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
            internet: Some(true),
            waits: (name == "epoll_pwait")
                .then(|| vec![PolledDescriptor { fd: 3, socket: Some(7), ..PolledDescriptor::default() }]),
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
        assert_eq!(names(beneath, Lang::EN), "epoll_ctl, accept4");
        assert!(rows(true).iter().all(|row| matches!(row, CallRow::Call(_))) && rows(true).len() == 4);
    }

    #[test]
    fn what_goes_through_another_family_is_one_line_whatever_it_came_to() {
        let elsewhere = |name: &str, like: Option<Call>, outcome: Outcome| {
            made(name, like, Some(outcome)).into_iter().map(|event| match event {
                Event::Entered { caller, call: Call::Program(made) } => {
                    let call = Call::Program(Box::new(ProgramCall { internet: Some(false), ..*made }));
                    Event::Entered { caller, call }
                }
                other => other,
            })
        };
        let good = || Ok(Returned::default());
        let mut trace = Trace::default();
        let close = || Some(Call::Close { fd: 3 });
        let own = made("listen", Some(Call::Listen { fd: 4, backlog: 1 }), Some(good()));
        let looks = elsewhere("socket", None, good())
            .chain(elsewhere("connect", None, Err(Errno(libc::ENOENT))))
            .chain(elsewhere("close", close(), good()));
        let mistake = elsewhere("close", close(), Err(Errno(libc::EBADF)));
        for event in looks.clone().chain(own).chain(looks.clone()).chain(looks).chain(mistake) {
            trace.push(Duration::ZERO, event);
        }
        let view = trace.present();
        let [CallRow::Call(mistake), CallRow::Folded(looks), CallRow::Call(own), CallRow::Folded(first)] =
            &rows(view.calls(Actor::from(Side::Server)), false)[..]
        else {
            panic!("other rows")
        };
        assert_eq!((mistake.called(), own.called()), ("close", "listen"));
        assert_eq!(
            (names(first, Lang::EN), names(looks, Lang::EN)),
            ("socket, connect, close".into(), "socket ×2, connect ×2, close ×2".into())
        );
        assert!(looks.iter().all(|call| call.quiet) && !mistake.quiet && !own.quiet);
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
                CallRow::Waits(call, beneath) => format!("{} over ({})", call.called(), names(&beneath, Lang::EN)),
                CallRow::Folded(folded) => format!("({})", names(&folded, Lang::EN)),
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

    #[test]
    fn what_failed_after_it_was_let_go_or_on_what_is_no_socket_is_no_noise() {
        let caller: Caller = Side::Server.into();
        let stands = |events: Vec<Event>| {
            let Event::Entered { call, .. } = &events[0] else { panic!("no call") };
            [vec![Event::Stands { caller, call: call.clone() }], events].concat()
        };
        let failed = |errno| Some(Err(Errno(errno)));
        let recv = || Some(Call::recv(3, 9));
        let shown = |first: Vec<Event>| {
            let mut trace = Trace::default();
            let last = made("socket", Some(Call::Socket { ipv6: false, udp: false }), Some(Ok(Returned::default())));
            [first, made("epoll_ctl", None, Some(Ok(Returned::default()))), last]
                .concat()
                .into_iter()
                .for_each(|event| _ = trace.push(Duration::ZERO, event));
            rows(trace.present().calls(Actor::from(Side::Server)), false).len()
        };
        // Two of three are one line, or each has its own.
        assert_eq!(shown(made("read", recv(), failed(libc::EAGAIN))), 2);
        assert_eq!(shown(stands(made("read", recv(), failed(libc::EAGAIN)))), 3);
        assert_eq!(shown(stands(made("sendto", None, failed(libc::EFAULT)))), 3);
        assert_eq!(shown(made("write", None, failed(libc::EBADF))), 3);
    }
}
