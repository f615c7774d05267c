//! What the kernel does when a timer fires by which it sends again, asks whether the other end is there, or asks for its window.

use std::time::Duration;

use super::past::DescriptorHistory;
use super::wire::segments;
use crate::model::{SocketOption, SocketView, TimerKind, View};
use crate::tcp::State;

/// How exact the kernel's own times are: a jiffy of the slowest clock, and what lies between its answers.
const GRAIN: Duration = Duration::from_millis(50);

/// The kernel's own least and largest retransmission timeout (`TCP_RTO_MIN`, `TCP_RTO_MAX`), by which it reckons for how long so many
/// tries would go on: whatever the timeouts of the connection are (`retransmits_timed_out()`).
const RTO: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(120)];

/// `tcp_orphan_retries` of 0 (`tcp_orphan_retries()`).
const ORPHAN_TRIES: i64 = 8;

/// So many half-open connections, and with fewer tries some of them go (`reqsk_timer_handler()`).
const CROWD: usize = 4;

/// A part of a timer's time by which the kernel may be late with it: the timer wheel's grain.
const LATE: u32 = 8;

/// So many of a connection's newest segments are looked at for those that were sent again.
const SENT_AGAIN: usize = 400;

/// What a timer's next firing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextFiring {
    /// It sends a probe, or what isn't acknowledged again.
    Probe,
    /// It ends the connection: as many probes or segments as the kernel sends had no answer.
    End,
    /// The one or the other: that depends on a time that isn't known so exactly.
    Either,
    /// It sends nothing: something came from the other end since it was set, and it waits for the rest of its time.
    Wait,
}

impl NextFiring {
    /// Of the retransmission timer (`tcp_retransmit_timer()`), the keepalive timer (`tcp_keepalive_timer()`) and of that of zero-window probes (`tcp_probe_timer()`); `None` of others, and
    /// where what it depends on wasn't seen. `setting` has the numbers of the kernel's settings below `net.ipv4`.
    pub fn of(view: &View<'_>, socket: &SocketView<'_>, setting: impl Fn(&str) -> Option<i64>) -> Option<NextFiring> {
        let timer = socket.facts.timer?;
        if timer.kind == TimerKind::Retransmit {
            return resending(view, socket, setting);
        }
        let past = DescriptorHistory::of_kernels(view, socket);
        let chosen = |option| past.as_ref().and_then(|past| past.chosen(view, option)).filter(|value| *value > 0);
        let user_timeout = chosen(SocketOption::USER_TIMEOUT).map(|ms| Duration::from_millis(ms.unsigned_abs().into()));
        let fired = i64::from(timer.fired);
        match timer.kind {
            TimerKind::Keepalive => {
                past.as_ref()?;
                let number = |option, name| chosen(option).map(i64::from).or_else(|| setting(name));
                let idle = u64::try_from(number(SocketOption::KEEP_IDLE, "tcp_keepalive_time")?).ok()?;
                let count = number(SocketOption::KEEP_COUNT, "tcp_keepalive_probes")?;
                let silent = silence_at(view, socket, timer.fires_at);
                Some(keepalive(fired, count, silent, Duration::from_secs(idle), user_timeout))
            }
            // Without a program that has it other numbers count.
            TimerKind::Probe if past.is_none() || user_timeout.is_some() || socket.facts.fd.is_none() => {
                (fired > 0).then_some(NextFiring::Either)
            }
            TimerKind::Probe if fired >= setting("tcp_retries2")? => Some(NextFiring::End),
            TimerKind::Probe => Some(NextFiring::Probe),
            TimerKind::Retransmit | TimerKind::TimeWait | TimerKind::FinWait2 => None,
        }
    }

    /// How often at most the kernel sends again what a socket's retransmission timer is about, unless its program chose that; `None` where
    /// the settings aren't known.
    pub fn most_tries(socket: &SocketView<'_>, setting: impl Fn(&str) -> Option<i64>) -> Option<i64> {
        let name = NextFiring::limit_of(socket);
        Some(match (name, setting(name)?) {
            ("tcp_orphan_retries", 0) => ORPHAN_TRIES,
            ("tcp_syn_retries", most) => most + setting(LINEAR)?,
            (_, most) => most,
        })
    }

    /// By which setting below `net.ipv4` that is decided.
    pub fn limit_of(socket: &SocketView<'_>) -> &'static str {
        match socket.state.tcp() {
            Some(State::SynSent) => "tcp_syn_retries",
            Some(State::SynRecv) => "tcp_synack_retries",
            _ if socket.facts.side.is_some() && socket.facts.fd.is_none() => "tcp_orphan_retries",
            _ => "tcp_retries2",
        }
    }
}

/// What was called on a socket that no descriptor leads to any more.
fn before_its_close<'a>(view: &View<'a>, socket: &SocketView<'_>) -> Option<DescriptorHistory<'a>> {
    let cookie = socket.facts.cookie;
    let (last, _) = view.history(cookie).find(|(_, facts)| facts.is_some_and(|facts| facts.fd.is_some()))?;
    let then = view.trace().at(last + 1);
    DescriptorHistory::of_kernels(&then, &then.socket(cookie)?)
}

/// Of the retransmission timer (`tcp_write_timeout()`, `reqsk_timer_handler()`); `None` where what it depends on isn't known.
fn resending(view: &View<'_>, socket: &SocketView<'_>, setting: impl Fn(&str) -> Option<i64>) -> Option<NextFiring> {
    let timer = socket.facts.timer?;
    let opens = [State::SynSent, State::SynRecv].iter().any(|state| socket.state == *state);
    // Whatever the numbers are: of a connection only what was sent again is given up.
    if timer.fired == 0 && !opens {
        return Some(NextFiring::Probe);
    }
    let past = DescriptorHistory::of_kernels(view, socket).or_else(|| before_its_close(view, socket));
    let chosen = |option| past.as_ref().and_then(|past| past.chosen(view, option)).filter(|value| *value > 0);
    let chosen = |option| chosen(option).map(i64::from);
    let fired = i64::from(timer.fired);
    let by_count = |most: i64| if fired >= most { NextFiring::End } else { NextFiring::Probe };
    let tries = NextFiring::most_tries(socket, &setting);
    match socket.state.tcp() {
        _ if fired > 0 && chosen(SocketOption::USER_TIMEOUT).is_some() => Some(NextFiring::Either),
        Some(State::SynSent) => Some(by_count(match chosen(SocketOption::SYN_COUNT) {
            Some(count) => count + setting(LINEAR)?,
            None => tries?,
        })),
        Some(State::SynRecv) => answering(view, socket, tries?),
        _ => {
            let limit = time_of(tries?);
            // As long as the lab has lasted says enough, mostly.
            let by_the_clock = by_time([Duration::ZERO, timer.fires_at], limit);
            let by_the_wire = || by_time(again_for(view, socket, timer.fires_at, timer.fired), limit);
            Some(if by_the_clock == NextFiring::Probe { by_the_clock } else { by_the_wire() })
        }
    }
}

/// Of the timer of a half-open connection, whose numbers are its listener's (`reqsk_timer_handler()`).
fn answering(view: &View<'_>, socket: &SocketView<'_>, limit: i64) -> Option<NextFiring> {
    let fired = i64::from(socket.facts.timer?.fired);
    let port = |socket: &SocketView<'_>| socket.facts.own_address().map(|address| address.port());
    let listener = view.living().find(|other| other.state == State::Listen && port(other) == port(socket));
    let past = listener.and_then(|listener| DescriptorHistory::of_kernels(view, &listener));
    let chosen = |option| past.as_ref().and_then(|past| past.chosen(view, option)).filter(|value| *value > 0);
    let half_open = view.living().filter(|other| other.state == State::SynRecv).count();
    if half_open >= CROWD || chosen(SocketOption::DEFER_ACCEPT).is_some() {
        return (fired > 0).then_some(NextFiring::Either);
    }
    let most = chosen(SocketOption::SYN_COUNT).map_or(limit, i64::from);
    Some(if fired >= most { NextFiring::End } else { NextFiring::Probe })
}

/// How often a SYN's timeout stays as it is before it doubles; these come on top.
const LINEAR: &str = "tcp_syn_linear_timeouts";

/// For how long so many tries would go on with the kernel's least timeout (`tcp_model_timeout()`).
fn time_of(tries: i64) -> Duration {
    let [least, most] = RTO;
    let doubling = (most.as_millis() / least.as_millis()).ilog2();
    let tries = u32::try_from(tries).unwrap_or(0);
    let doubled = least * ((2 << tries.min(doubling)) - 1);
    doubled + most * tries.saturating_sub(doubling)
}

/// For how long at least and at most an end will have sent again by then what isn't acknowledged, as far as the wire shows it.
fn again_for(view: &View<'_>, socket: &SocketView<'_>, then: Duration, fired: u8) -> [Duration; 2] {
    let Some((local, remote)) = socket.facts.ends() else { return [Duration::ZERO, then] };
    let at = |moment: usize| view.trace().entries().get(moment).map(|entry| entry.at);
    let mut sent: Vec<Duration> = Vec::new();
    for segment in segments(view, (local, remote)).take(SENT_AGAIN).filter(|one| one.segment.from == local) {
        sent.extend(segment.again.and_then(|_| at(segment.sent)));
        sent.extend(view.sent_again(segment.id).filter_map(at));
    }
    sent.sort_unstable_by(|one, other| other.cmp(one));
    let since = |sent: Option<&Duration>| sent.map_or(Duration::ZERO, |sent| then.saturating_sub(*sent));
    // Each firing sent something, and others may have too: so the first of them is at least as old as that one.
    [
        since(sent.get(usize::from(fired).saturating_sub(1)).or(sent.last())),
        sent.last().map_or(then, |sent| then.saturating_sub(*sent)),
    ]
}

fn by_time([least, most]: [Duration; 2], limit: Duration) -> NextFiring {
    match () {
        () if least >= limit + GRAIN => NextFiring::End,
        () if most + most / LATE + GRAIN < limit => NextFiring::Probe,
        () => NextFiring::Either,
    }
}

/// For how long nothing will have come from the other end by then, as the kernel counts it (`keepalive_time_elapsed()`).
fn silence_at(view: &View<'_>, socket: &SocketView<'_>, then: Duration) -> Option<Duration> {
    let times = socket.facts.info?.times?;
    let told = view.trace().entries().get(socket.changed)?.at;
    let silent = Duration::from_millis(times.last_data_recv.min(times.last_ack_recv).into());
    Some(then.saturating_sub(told.saturating_sub(silent)))
}

fn keepalive(
    fired: i64,
    count: i64,
    silent: Option<Duration>,
    idle: Duration,
    user_timeout: Option<Duration>,
) -> NextFiring {
    if fired == 0 && silent.is_some_and(|silent| silent + GRAIN < idle) {
        return NextFiring::Wait;
    }
    match (user_timeout, silent) {
        (Some(_), _) if fired == 0 => NextFiring::Probe,
        (None, _) if fired >= count => NextFiring::End,
        (None, _) => NextFiring::Probe,
        (Some(limit), Some(silent)) if silent >= limit + GRAIN => NextFiring::End,
        (Some(limit), Some(silent)) if silent + GRAIN < limit => NextFiring::Probe,
        (Some(_), _) => NextFiring::Either,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probes without an answer, the most of them, the silence at the firing, the idle time, TCP_USER_TIMEOUT; all times in seconds.
    type Row = (i64, i64, Option<u64>, u64, Option<u64>, NextFiring);

    #[test]
    fn a_keepalive_timer_probes_waits_or_gives_up_by_the_kernels_rule() {
        use NextFiring::{Either, End, Probe, Wait};
        let rows: &[Row] = &[
            (0, 3, Some(5), 5, None, Probe),
            (0, 3, Some(4), 5, None, Wait),
            (0, 3, None, 5, None, Probe),
            (2, 3, Some(7), 5, None, Probe),
            (3, 3, Some(8), 5, None, End),
            (3, 3, None, 5, None, End),
            // With a time of the program's own the number of probes doesn't count.
            (3, 3, Some(8), 5, Some(20), Probe),
            (1, 3, Some(21), 5, Some(20), End),
            (1, 3, Some(20), 5, Some(20), Either),
            (1, 3, None, 5, Some(20), Either),
            (0, 3, Some(21), 5, Some(20), Probe),
        ];
        let seconds = Duration::from_secs;
        for (fired, count, silent, idle, limit, wanted) in rows {
            let told = keepalive(*fired, *count, silent.map(seconds), seconds(*idle), limit.map(seconds));
            assert_eq!(told, *wanted, "{fired} of {count}, {silent:?} of {idle}, {limit:?}");
        }
    }

    #[test]
    fn so_many_tries_take_as_long_as_the_kernel_reckons() {
        // `tcp_retries2` of `ip-sysctl.rst`: 15 of them are 924.6 s.
        for (tries, ms) in [(0, 200), (3, 3_000), (8, 102_200), (15, 924_600), (-1, 200)] {
            assert_eq!(time_of(tries), Duration::from_millis(ms), "{tries}");
        }
        let seconds = |least, most, limit| {
            let [least, most, limit] = [least, most, limit].map(Duration::from_secs);
            by_time([least, most], limit)
        };
        assert_eq!(seconds(4, 4, 3), NextFiring::End);
        assert_eq!(seconds(2, 2, 3), NextFiring::Probe);
        // How long it went on isn't known so exactly.
        assert_eq!(seconds(2, 9, 3), NextFiring::Either);
    }
}
