//! What the kernel does when a timer fires by which it asks whether the other end is there, or for its window.

use std::time::Duration;

use super::past::DescriptorHistory;
use crate::model::{SocketOption, SocketView, TimerKind, View};

/// How exact the kernel's own times are: a jiffy of the slowest clock, and what lies between its answers.
const GRAIN: Duration = Duration::from_millis(50);

/// What a timer's next firing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextFiring {
    /// It sends a probe.
    Probe,
    /// It ends the connection: as many probes as the kernel sends had no answer.
    End,
    /// The one or the other: that depends on a time that isn't known so exactly.
    Either,
    /// It sends nothing: something came from the other end since it was set, and it waits for the rest of its time.
    Wait,
}

impl NextFiring {
    /// Of the keepalive timer (`tcp_keepalive_timer()`) and of that of zero-window probes (`tcp_probe_timer()`); `None` of others, and
    /// where what it depends on wasn't seen. `setting` has the numbers of the kernel's settings below `net.ipv4`.
    pub fn of(view: &View<'_>, socket: &SocketView<'_>, setting: impl Fn(&str) -> Option<i64>) -> Option<NextFiring> {
        let timer = socket.facts.timer?;
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
}
