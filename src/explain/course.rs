//! What is known of one call: before it, while it ran, and since.

use super::meant::meant;
use super::situation::Situation;
use super::subject::Subject;
use super::{threads, wire};
use crate::model::{Call, CallView, HandMade, How, Moment, ProgramCall, SegmentId, SegmentView, View};
use crate::tcp::Flags;

/// How many bytes a program's call offers, of which the trace keeps the first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferedBytes {
    /// So many.
    Exactly(usize),
    /// So many are known of.
    AtLeast(usize),
}

/// What happened between a call's beginning and its return; of one that sleeps, until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCourse {
    /// How many bytes a program's call offers; `None` of every other call.
    pub offered: Option<OfferedBytes>,
    /// Whether its socket sent a SYN.
    pub sent_syn: bool,
    /// Whether its socket sent data.
    pub sent_data: bool,
    /// Whether its socket sent a FIN.
    pub sent_fin: bool,
    /// Whether its socket sent a RST.
    pub sent_reset: bool,
    /// Whether the FIN that its socket sent was acknowledged, and the acknowledgement arrived.
    pub fin_acknowledged: bool,
    /// Whether the kernel said that the thread slept in it.
    pub slept: bool,
    /// Whether its descriptor's number was closed meanwhile; never told of a program's call.
    pub closed_meanwhile: bool,
    /// What another thread ended on its descriptor with `shutdown()`.
    pub shut_by_other: Option<How>,
    /// Whether the length of the address that a program's call gives is none that the socket's family has, or is missing beside the
    /// place for one.
    pub wrong_length: bool,
    /// The newest segment from its peer's address that a person sent: of those that came while it ran, and of those that opened, ended
    /// or reset its connection, or said that nobody has the port, before.
    pub by_hand: Option<SegmentId>,
}

/// All that an explanation of one call is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFacts {
    /// What was known when it was entered.
    pub before: Situation,
    /// What came of it until it returned.
    pub course: CallCourse,
    /// What was known when it had returned; of one that sleeps, what is known now.
    pub after: Situation,
    /// What is known now.
    pub now: Situation,
    /// The entry with which it returned; of one that sleeps, the present.
    pub returned: Moment,
}

impl CallFacts {
    /// Those of a call of the view.
    pub fn of(view: &View<'_>, call: &CallView<'_>) -> CallFacts {
        let trace = view.trace();
        let returned = if call.outcome.is_some() { call.changed + 1 } else { view.moment() };
        let (before, after) = (trace.at(call.entered), trace.at(returned));
        let made = accepted(call);
        // What accept() returned is the socket that its outcome is about.
        let (subject, about) = match &made {
            Some(of_new) => (accepted_subject(&after, call, of_new), of_new),
            None => (Subject::of_call(&before, call), call.call),
        };
        let Some(subject) = subject else {
            let nothing = || Situation::of_call(&before, call);
            let (slept, wrong_length) = (call.slept, wrong_length(call, false));
            let course = CallCourse { offered: offered(call), slept, wrong_length, ..CallCourse::default() };
            return CallFacts { before: nothing(), course, after: nothing(), now: nothing(), returned };
        };
        let earlier = match &made {
            Some(_) => Situation::of_call(&before, call),
            None => subject.look(&before, about),
        };
        let (slept, shut_by_other) = (call.slept, threads::shut_by_other(view, call));
        let closed_meanwhile = threads::closed_meanwhile(view, call);
        let sent = sent(&after, &subject, &before, tells_error(call));
        let wrong_length = wrong_length(call, earlier.ipv6);
        let course =
            CallCourse { offered: offered(call), slept, closed_meanwhile, shut_by_other, wrong_length, ..sent };
        let (after, now) = (subject.look(&after, about), subject.look(view, about));
        CallFacts { before: earlier, course, after, now, returned }
    }

    /// The same at every moment, and nothing came of it meanwhile.
    pub fn steady(situation: Situation) -> CallFacts {
        let [before, after, now] = [(); 3].map(|()| situation.clone());
        CallFacts { before, course: CallCourse::default(), after, now, returned: Moment::MAX }
    }
}

/// A call on the descriptor that `accept()` returned.
fn accepted(call: &CallView<'_>) -> Option<Call> {
    match (call.call, call.outcome) {
        (Call::Accept { .. }, Some(Ok(made))) => Some(Call::recv(i32::try_from(made.value).ok()?, 1)),
        _ => None,
    }
}

/// The socket that `accept()` returned.
fn accepted_subject<'a>(after: &View<'a>, call: &CallView<'_>, of_new: &Call) -> Option<Subject<'a>> {
    let of_program = || {
        let socket = *call.outcome?.as_ref().ok()?.made.first()?;
        Subject::of_socket(after, call.caller.actor, of_new.fd()?, socket)
    };
    of_program().or_else(|| Subject::at(after, call.caller.actor, of_new))
}

/// How many bytes a program's call offers.
fn offered(call: &CallView<'_>) -> Option<OfferedBytes> {
    let (made, meant) = (call.made?, meant(call));
    let (Call::Send { data, .. } | Call::SendTo { data, .. }) = meant.as_ref() else { return None };
    let argument = |at: usize| made.arguments.get(at).map_or("", String::as_str);
    Some(match (made.name.as_str(), made.room) {
        ("sendto" | "write", _) => argument(2).parse().map_or(OfferedBytes::AtLeast(data.len()), OfferedBytes::Exactly),
        (_, Some(room)) => OfferedBytes::Exactly(room),
        // Of many buffers, only the first are.
        _ if data.len() >= ProgramCall::LONGEST_DATA || argument(1).contains(", …]") => {
            OfferedBytes::AtLeast(data.len())
        }
        _ => OfferedBytes::Exactly(data.len()),
    })
}

/// Whether the length that a program's call gives for its address is too short for its socket's family, or longer than any address
/// is: the kernel looks at it before it looks at the address (`move_addr_to_kernel()`, `inet_bind()`, `tcp_v6_connect()`). Or whether
/// the place where it is to put one has none beside it, which it finds when it has done the rest (`move_addr_to_user()`).
fn wrong_length(call: &CallView<'_>, ipv6: bool) -> bool {
    /// `struct sockaddr_in6` as RFC 2133 had it.
    const SHORTEST_IPV6: usize = 24;
    let Some(made) = call.made else { return false };
    let argument = |at: usize| made.arguments.get(at).map_or("", String::as_str);
    let at = match made.name.as_str() {
        "bind" | "connect" => 2,
        "sendto" => 5,
        "accept" | "accept4" => return argument(1) != "NULL" && argument(2) == "NULL",
        "recvfrom" => return argument(4) != "NULL" && argument(5) == "NULL",
        _ => return false,
    };
    let Ok(given) = argument(at).parse::<i64>() else { return false };
    let shortest = if ipv6 { SHORTEST_IPV6 } else { size_of::<libc::sockaddr_in>() };
    let fits = shortest..=size_of::<libc::sockaddr_storage>();
    // Without an address there is no length either.
    (at == 2 || given != 0) && usize::try_from(given).is_ok_and(|given| !fits.contains(&given)) || given < 0
}

/// Whether the call has failed, or may tell an error that waited: nothing else comes of what ICMP says.
fn tells_error(call: &CallView<'_>) -> bool {
    matches!(call.outcome, Some(Err(_))) || matches!(call.call, Call::GetOption { .. })
}

/// What the call's socket sent between two moments; `errs` where ICMP can have made the call's outcome.
fn sent(after: &View<'_>, subject: &Subject<'_>, before: &View<'_>, errs: bool) -> CallCourse {
    let mut course = CallCourse::default();
    let Some((local, remote)) = subject.ends(after) else { return course };
    let earlier = before.segment_count();
    let (mut acknowledged, mut began) = (None, false);
    for segment in wire::segments(after, (local, remote)) {
        let before_the_call = (segment.id.0 as usize) < earlier;
        if segment.by_hand.is_some() {
            let matters = (!before_the_call || !began && turns(&segment)) && !is_old_duplicate(after, &segment);
            let came = matters && segment.segment.to == local && wire::came(segment.fate);
            let came = came && (errs || segment.segment.tcp().is_some());
            let came = came && course.by_hand.is_none() && !wire::was_refused(after, &segment);
            course.by_hand = course.by_hand.or(came.then_some(segment.id));
        }
        let Some(tcp) = segment.segment.tcp() else { continue };
        began |= segment.by_hand.is_none() && segment.again.is_none() && wire::opens(tcp);
        if segment.segment.to == local && local != remote && wire::came(segment.fate) && tcp.flags.has(Flags::ACK) {
            acknowledged = acknowledged.or(Some(tcp.ack));
        }
        if segment.segment.from != local || before_the_call {
            continue;
        }
        course.sent_syn |= tcp.flags.has(Flags::SYN);
        course.sent_data |= !segment.segment.is_empty();
        course.sent_reset |= tcp.flags.has(Flags::RST);
        if tcp.flags.has(Flags::FIN) {
            course.sent_fin = true;
            let behind = tcp.seq.wrapping_add(segment.segment.len()).wrapping_add(1);
            course.fin_acknowledged |= acknowledged.is_some_and(|ack: u32| behind.wrapping_sub(ack) as i32 <= 0);
        }
    }
    course
}

/// Whether a segment is a copy of one that had come before it: what that one brought about, the copy didn't.
fn is_old_duplicate(view: &View<'_>, copy: &SegmentView<'_>) -> bool {
    let Some(HandMade::Repeated(of)) = copy.by_hand else { return false };
    let original = view.segment(of);
    original.is_some_and(|original| wire::came(original.fate) && original.changed < copy.changed)
}

/// Whether a segment opens, ends or resets a connection, or says that nobody has the port.
fn turns(segment: &SegmentView<'_>) -> bool {
    let flags = segment.segment.tcp().map(|tcp| tcp.flags);
    flags.is_none_or(|flags| [Flags::SYN, Flags::FIN, Flags::RST].into_iter().any(|flag| flags.has(flag)))
}
