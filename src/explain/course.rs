//! What is known of one call: before it, while it ran, and since.

use super::situation::Situation;
use super::subject::Subject;
use super::wire;
use crate::model::{Call, CallView, Moment, SegmentId, SegmentView, View};
use crate::tcp::Flags;

/// What happened between a call's beginning and its return; of one that sleeps, until now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallCourse {
    /// Whether its socket sent a FIN.
    pub sent_fin: bool,
    /// Whether its socket sent a RST.
    pub sent_reset: bool,
    /// Whether the FIN that its socket sent was acknowledged, and the acknowledgement arrived.
    pub fin_acknowledged: bool,
    /// Whether the kernel said that the thread slept in it.
    pub slept: bool,
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
            Some(of_new) => (Subject::at(&after, call.caller.actor, of_new), of_new),
            None => (Subject::at(&before, call.caller.actor, call.call), call.call),
        };
        let Some(subject) = subject else {
            let nothing = || Situation::without(call.call);
            return CallFacts {
                before: nothing(),
                course: CallCourse::default(),
                after: nothing(),
                now: nothing(),
                returned,
            };
        };
        let earlier = match &made {
            Some(_) => Situation::at(&before, call.caller.actor, call.call),
            None => subject.look(&before, about),
        };
        let course = CallCourse { slept: slept(view, call), ..sent(&after, &subject, &before) };
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

/// Whether the kernel said that the thread slept in the call, before it returned.
fn slept(view: &View<'_>, call: &CallView<'_>) -> bool {
    call.blocked || call.outcome.is_some() && was_blocked(view, call, call.changed)
}

fn was_blocked(view: &View<'_>, call: &CallView<'_>, returned: Moment) -> bool {
    let mut then = view.trace().at(returned).calls(call.caller.actor);
    then.find(|other| other.entered == call.entered).is_some_and(|other| other.blocked)
}

/// What the call's socket sent between two moments.
fn sent(after: &View<'_>, subject: &Subject<'_>, before: &View<'_>) -> CallCourse {
    let mut course = CallCourse::default();
    let Some((local, remote)) = subject.ends(after) else { return course };
    let earlier = before.segment_count();
    let (mut acknowledged, mut began) = (None, false);
    for segment in wire::segments(after, (local, remote)) {
        let before_the_call = (segment.id.0 as usize) < earlier;
        if segment.by_hand.is_some() {
            let matters = !before_the_call || !began && turns(&segment);
            let came = matters && segment.segment.to == local && wire::came(segment.fate);
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
        course.sent_reset |= tcp.flags.has(Flags::RST);
        if tcp.flags.has(Flags::FIN) {
            course.sent_fin = true;
            let behind = tcp.seq.wrapping_add(segment.segment.len()).wrapping_add(1);
            course.fin_acknowledged |= acknowledged.is_some_and(|ack: u32| behind.wrapping_sub(ack) as i32 <= 0);
        }
    }
    course
}

/// Whether a segment opens, ends or resets a connection, or says that nobody has the port.
fn turns(segment: &SegmentView<'_>) -> bool {
    let flags = segment.segment.tcp().map(|tcp| tcp.flags);
    flags.is_none_or(|flags| [Flags::SYN, Flags::FIN, Flags::RST].into_iter().any(|flag| flags.has(flag)))
}
