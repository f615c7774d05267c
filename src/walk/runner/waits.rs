//! How long a step may wait for one of the kernel's timers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{LONGEST_PAUSE, Runner};
use crate::lesson::{Action, Lesson, Step, Terms};
use crate::model::{ConnectionEnd, KernelChange, Setting, SocketOption, Statement, Timer, TimerKind};

/// The longest of the kernel's timers that a walk waits for unless it is asked to wait for long ones too, in seconds.
const SHORT: i64 = 10;

/// How long the kernel's word on a step's own call, and for the world to settle, is waited for beyond the step's deadline.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How far the end of a timer may move while it is still the same firing: the kernel's grain, and more.
const SAME: Duration = Duration::from_millis(200);

/// Of each step, whether it waits for a timer that takes long. TIME_WAIT always takes a minute (TCP_TIMEWAIT_LEN of the kernel's
/// `tcp.h`); the end of FIN_WAIT2 and keepalive do, unless a step before or the lab set them to seconds. Retransmissions
/// and probes come after seconds. One way through the steps.
pub(super) fn waiting_long(lesson: &Lesson) -> Vec<bool> {
    let mut set = SetTimes::of(lesson);
    let mut long = Vec::with_capacity(lesson.steps.len());
    for step in &lesson.steps {
        long.push(match step.waits_for {
            Some(TimerKind::TimeWait) => true,
            Some(TimerKind::FinWait2) => !set.is_short(&set.fin_timeout, step),
            Some(TimerKind::Keepalive) => {
                let goes_on = std::mem::replace(&mut set.is_probed, true) || step.times > 1;
                !set.is_short(&set.keep_idle, step) || goes_on && !set.is_short(&set.keep_interval, step)
            }
            Some(TimerKind::Retransmit | TimerKind::Probe) | None => false,
        });
        step.action.iter().for_each(|action| set.follow(action));
    }
    long
}

/// How long the timers take that a lesson can set.
struct SetTimes<'a> {
    fin_timeout: SetTime<'a>,
    keep_idle: SetTime<'a>,
    keep_interval: SetTime<'a>,
    /// A step waited for keepalive since it was switched on: then the timer first takes the interval between two probes, answered or
    /// not (`tcp_keepalive_timer()`).
    is_probed: bool,
    /// Of each further descriptor, the name of its socket's first one: one socket has one set of options, whichever sets them.
    first: BTreeMap<&'a str, &'a str>,
}

impl<'a> SetTimes<'a> {
    /// As the lesson's lab has them.
    fn of(lesson: &'a Lesson) -> SetTimes<'a> {
        let mut set = SetTimes {
            fin_timeout: SetTime::of("tcp_fin_timeout", SocketOption::LINGER2),
            keep_idle: SetTime::of("tcp_keepalive_time", SocketOption::KEEP_IDLE),
            keep_interval: SetTime::of("tcp_keepalive_intvl", SocketOption::KEEP_INTERVAL),
            is_probed: false,
            first: BTreeMap::new(),
        };
        lesson.lab.sysctl.iter().for_each(|(name, value)| set.set(name, value));
        set
    }

    fn each(&mut self) -> [&mut SetTime<'a>; 3] {
        [&mut self.fin_timeout, &mut self.keep_idle, &mut self.keep_interval]
    }

    fn set(&mut self, name: &str, value: &Setting) {
        if let Setting::Numbers(seconds) = value
            && let [seconds] = seconds[..]
        {
            let of_name = self.each().into_iter().filter(|time| time.setting == name);
            of_name.for_each(|time| time.is_short_by_itself = seconds <= SHORT);
        }
    }

    /// Whether a time is short, for the timer that a step waits for: that of a socket of which its claims say so, where they do.
    /// Of an other end the lesson doesn't tell which socket it is.
    fn is_short(&self, time: &SetTime<'a>, step: &Step) -> bool {
        let of_some = time.is_short_by_itself || time.own.values().any(|short| *short);
        let mut ends = step.expect.iter().filter_map(|claim| end_of(&claim.terms)).peekable();
        if ends.peek().is_none() {
            return of_some;
        }
        ends.any(|end| match end {
            ConnectionEnd::Socket(name) => time.own.get(self.first(name)).copied().unwrap_or(time.is_short_by_itself),
            ConnectionEnd::PeerOf(_) => of_some,
        })
    }

    /// The name by which a socket's options are kept.
    fn first<'n>(&self, name: &'n str) -> &'n str
    where
        'a: 'n,
    {
        self.first.get(name).copied().unwrap_or(name)
    }

    fn follow(&mut self, action: &'a Action) {
        match action {
            Action::SetOption { socket, option, value } => {
                self.is_probed &= *option != SocketOption::KEEP_ALIVE;
                let socket = self.first(socket);
                self.each().into_iter().filter(|time| time.option == *option).for_each(|time| time.set(socket, *value));
            }
            // An accepted socket begins with its listener's options.
            Action::Accept { socket, name } => {
                let listener = self.first(socket);
                for time in self.each() {
                    if let Some(short) = time.own.get(listener) {
                        time.own.insert(name, *short);
                    }
                }
            }
            Action::Dup { socket, name } => {
                let first = self.first(socket);
                self.first.insert(name, first);
            }
            Action::Kernel(changes) => changes.iter().for_each(|change| match change {
                KernelChange::Sysctl(change) => self.set(&change.name, &change.value),
                KernelChange::Route(_) | KernelChange::Hosts(_) => {}
            }),
            _ => {}
        }
    }
}

/// A time that the lab has as a setting, and a socket as an option of its own.
struct SetTime<'a> {
    setting: &'static str,
    option: SocketOption,
    /// Whether it is short where a socket has none of its own.
    is_short_by_itself: bool,
    /// Whether the one of its own is, of the sockets that have one.
    own: BTreeMap<&'a str, bool>,
}

impl<'a> SetTime<'a> {
    fn of(setting: &'static str, option: SocketOption) -> SetTime<'a> {
        SetTime { setting, option, is_short_by_itself: false, own: BTreeMap::new() }
    }

    /// 0 is the setting's again, of TCP_LINGER2; the kernel takes no other option's below 1.
    fn set(&mut self, socket: &'a str, value: i32) {
        match value {
            1.. => {
                self.own.insert(socket, i64::from(value) <= SHORT);
            }
            0 if self.option == SocketOption::LINGER2 => {
                self.own.remove(socket);
            }
            _ => {}
        }
    }
}

/// The end whose timer a claim speaks of: the claim names it, or says that the end is no more.
fn end_of(terms: &Terms) -> Option<&ConnectionEnd> {
    match terms {
        Terms::Timer(terms) => Some(&terms.end),
        Terms::State { end, is } if *is == is.ended() => Some(end),
        _ => None,
    }
}

/// What a running step knows of the timer that it waits for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwaitedTimer {
    kind: TimerKind,
    /// How many of its firings are still to be waited for.
    left: u32,
    /// The end of the one that is waited for now.
    end: Option<Duration>,
}

impl AwaitedTimer {
    /// What a step that begins waits for; `None` where it waits for no timer.
    pub(super) fn of(step: &Step) -> Option<AwaitedTimer> {
        step.waits_for.map(|kind| AwaitedTimer { kind, left: step.times, end: None })
    }
}

/// What has become of the kernel's timers since a step waited for one of their kind last.
#[derive(Debug, Default)]
pub(super) struct TimerFirings {
    /// The timers that run, by their sockets' cookies.
    running: BTreeMap<u64, Timer>,
    kinds: [TimerFiring; TimerKind::ALL.len()],
}

/// Of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct TimerFiring {
    /// How often one has run out.
    count: u32,
    /// One has run.
    was_seen: bool,
}

impl TimerFirings {
    /// Takes what the kernel said of a socket at a moment: the timer that it has. The one before has run out where its
    /// end had come, and it runs no longer or to another end; one that is gone before was stopped.
    pub(super) fn told(&mut self, at: Duration, cookie: u64, timer: Option<Timer>) {
        if let Some(before) = self.running.remove(&cookie) {
            let same = timer.filter(|timer| timer.kind == before.kind);
            let is_other = same.is_none_or(|timer| timer.fires_at.abs_diff(before.fires_at) > SAME);
            self.kinds[before.kind as usize].count += u32::from(is_other && at + SAME >= before.fires_at);
        }
        if let Some(timer) = timer {
            self.kinds[timer.kind as usize].was_seen = true;
            self.running.insert(cookie, timer);
        }
    }

    fn count(&self, kind: TimerKind) -> u32 {
        self.kinds[kind as usize].count
    }

    /// Whether one of this kind has run.
    fn was_seen(&self, kind: TimerKind) -> bool {
        self.kinds[kind as usize].was_seen
    }

    /// A step begins that waits for this kind: one that was stopped before can't run out in it.
    pub(super) fn are_awaited(&mut self, kind: TimerKind) {
        self.kinds[kind as usize].was_seen = self.running.values().any(|timer| timer.kind == kind);
    }

    /// A step has waited for this kind.
    pub(super) fn were_awaited(&mut self, kind: TimerKind) {
        self.are_awaited(kind);
        self.kinds[kind as usize].count = 0;
    }
}

impl Runner {
    /// Whether the kernel has said of the running step's own call that it returned, or that it sleeps.
    pub(super) fn is_call_known(&self) -> bool {
        let Some((caller, asked)) = self.running.as_ref().and_then(|running| running.call) else { return true };
        let mut calls = self.trace.present().calls(caller.actor).take_while(|call| call.entered >= asked);
        let newest = calls.find(|call| call.caller == caller);
        newest.is_some_and(|call| call.blocked || !call.is_open())
    }

    /// Waits on, a while, for what the running step's own call comes to, or for the world to settle.
    pub(super) fn wait_on(&mut self, now: Duration) {
        let Some(running) = &mut self.running else { return };
        running.limit.get_or_insert(now + LONGEST_WAIT);
        running.deadline = now + LONGEST_PAUSE;
    }

    /// Has the running step take so long. The time is waited for by the walk's own wake-up: nothing stands still meanwhile.
    pub(super) fn pause(&mut self, time: Duration, now: Duration) {
        let Some(running) = &mut self.running else { return };
        let ends = now + time;
        running.pause_ends = Some(ends);
        running.deadline = running.deadline.max(ends + self.options.patience);
    }

    /// Whether the running step's pause isn't over.
    pub(super) fn pauses(&self, now: Duration) -> bool {
        self.running.as_ref().and_then(|running| running.pause_ends).is_some_and(|ends| now < ends)
    }

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

    /// Whether the next step waits for a timer, and says only what holds already.
    pub(super) fn next_holds_already(&self, now: Duration) -> bool {
        let waiting = self.next_step().filter(|(_, step)| step.waits_for.is_some());
        waiting.is_some_and(|(index, _)| self.claims_now(index, now).iter().all(|result| result.held))
    }

    /// Whether the running step may end as far as its timer is concerned. Where its claims become true they tell by
    /// themselves that something has happened; where they held before, the timer must have run out as often as it says.
    pub(super) fn has_waited(&self) -> bool {
        let Some(running) = &self.running else { return true };
        let Some((kind, step)) = running.awaited.map(|awaited| awaited.kind).zip(running.step) else { return true };
        !running.held_before || self.firings.count(kind) >= self.lesson.steps[step].times
    }

    /// Notes where a step's claims say nothing, since there was no timer that it could have waited for.
    pub(super) fn note_what_did_not_fire(&mut self) {
        let has_waited = self.has_waited();
        let Some(running) = &mut self.running else { return };
        if let (false, Some(awaited)) = (has_waited, running.awaited)
            && !self.firings.was_seen(awaited.kind)
        {
            running.obstacle.get_or_insert_with(|| Box::new(Statement::NotFired(awaited.kind)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_has_run_out_where_its_end_had_come() {
        let ms = Duration::from_millis;
        let of = |end: u64| Timer { kind: TimerKind::Retransmit, fires_at: ms(end), fired: 0 };
        // When it is looked at, the end of the timer that runs then, and how often one has run out by then.
        let table = [
            (0, None, 0),
            (10, Some(1_000), 0),
            (900, Some(1_010), 0),
            (1_020, Some(1_010), 0),
            (1_100, Some(3_010), 1),
            // It is stopped, and another one begins.
            (1_500, None, 1),
            (1_600, Some(2_600), 1),
            // More is sent: it begins anew.
            (2_000, Some(4_000), 1),
            (4_010, None, 2),
            (9_000, None, 2),
        ];
        let mut firings = TimerFirings::default();
        // Another socket's, which ends later, hides nothing.
        firings.told(ms(0), 2, Some(of(60_000)));
        for (at, end, count) in table {
            firings.told(ms(at), 1, end.map(of));
            assert_eq!(firings.count(TimerKind::Retransmit), count, "at {at} ms");
            assert_eq!((firings.count(TimerKind::Probe), firings.was_seen(TimerKind::Probe)), (0, false));
        }
        for (place, kind) in TimerKind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, firings.count(kind) > 0), (place, kind == TimerKind::Retransmit));
        }
        firings.were_awaited(TimerKind::Retransmit);
        assert_eq!((firings.count(TimerKind::Retransmit), firings.was_seen(TimerKind::Retransmit)), (0, true));
    }
}
