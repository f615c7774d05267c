//! How long a step may wait for one of the kernel's timers.

use std::time::Duration;

use super::Runner;
use crate::lesson::{Action, Lesson, Step};
use crate::model::TimerKind;

/// The longest keepalive that a walk waits for unless it is asked to wait for long timers too, in seconds.
const SHORT: i32 = 10;

/// How far the end of a timer may move while it is still the same firing: the kernel's grain, and more.
const SAME: Duration = Duration::from_millis(200);

/// Whether a step waits for a timer that takes long: TIME_WAIT's minute, or a keepalive that no step before set to
/// seconds. Retransmissions and probes come after seconds.
pub(super) fn waits_long(lesson: &Lesson, step: &Step) -> bool {
    match step.waits_for {
        Some(TimerKind::TimeWait) => true,
        Some(TimerKind::Keepalive) => {
            let before = lesson.steps.iter().take_while(|other| other.line < step.line);
            !before.filter_map(|step| step.action.as_ref()).any(sets_it_short)
        }
        Some(TimerKind::Retransmit | TimerKind::Probe) | None => false,
    }
}

fn sets_it_short(action: &Action) -> bool {
    matches!(action, Action::SetOption { option, value, .. }
        if matches!(option.name(), Some("TCP_KEEPIDLE" | "TCP_LINGER2")) && *value <= SHORT)
}

/// What a running step knows of the timer that it waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Awaited {
    kind: TimerKind,
    /// How many of its firings are still to be waited for.
    left: u32,
    /// The end of the one that is waited for now.
    end: Option<Duration>,
}

impl Awaited {
    /// What a step that begins waits for; `None` where it waits for no timer.
    pub(super) fn of(step: &Step) -> Option<Awaited> {
        step.waits_for.map(|kind| Awaited { kind, left: step.times, end: None })
    }
}

impl Runner {
    /// Lets the running step wait as long as the kernel's timer runs, and after it fired for the next time, as often as
    /// the step says.
    pub(super) fn follow_timer(&mut self) {
        let Some(running) = &mut self.running else { return };
        let Some(awaited) = &mut running.awaited else { return };
        let timers = self.trace.present().living().filter_map(|socket| socket.facts.timer);
        let newest = timers.filter(|timer| timer.kind == awaited.kind).map(|timer| timer.fires_at).max();
        let Some(end) = newest.filter(|end| awaited.end.is_none_or(|before| *end > before + SAME)) else { return };
        if awaited.left > 0 {
            awaited.left -= 1;
            awaited.end = Some(end);
            running.deadline = running.deadline.max(end + self.options.patience);
        }
    }
}
