//! How often something is done that would else be done without end: a leaky bucket, as ITU-T I.371 has it.

use std::time::Duration;

/// Lets so many come at once, and after these one in each interval.
pub struct Pace {
    interval: Duration,
    at_once: u32,
    /// Until when those that came would last, one in each interval, by the clock of who asks.
    lasts: Duration,
}

impl Pace {
    /// A pace at which nothing came yet.
    pub const fn new(interval: Duration, at_once: u32) -> Pace {
        Pace { interval, at_once, lasts: Duration::ZERO }
    }

    /// How long the next one is to wait; `None` where it needn't.
    pub fn rest(&self, now: Duration) -> Option<Duration> {
        let rest = self.lasts.checked_sub(now + self.interval * self.at_once)?;
        // A clock that began anew is at zero again.
        Some(rest).filter(|rest| !rest.is_zero() && *rest <= self.interval)
    }

    /// One came; whether it was asked for, after which as many may come at once as in the beginning.
    pub fn came(&mut self, now: Duration, is_asked_for: bool) {
        let most = self.interval * (self.at_once + 1);
        let ahead = self.lasts.checked_sub(now).filter(|ahead| !is_asked_for && *ahead <= most);
        self.lasts = now + ahead.unwrap_or_default() + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace() -> Pace {
        Pace::new(Duration::from_millis(25), 8)
    }

    /// When they come, as often as they may within a second, each millisecond at most once; they are asked for at these.
    fn comings(asked_for: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut pace = pace();
        let at = Duration::from_millis;
        let came = (0..1000).filter(|ms| {
            let comes = asked_for(*ms) || pace.rest(at(*ms)).is_none();
            if comes {
                pace.came(at(*ms), asked_for(*ms));
            }
            comes
        });
        came.collect()
    }

    #[test]
    fn many_come_at_their_pace_and_what_is_asked_for_at_once() {
        let by_itself = comings(|_| false);
        assert_eq!(by_itself[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
        let pauses: Vec<u64> = by_itself[9..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.iter().all(|pause| *pause == 25), "{pauses:?}");
        // So does what follows it.
        let with_one = comings(|ms| ms == 500);
        assert!((500..507).all(|ms| with_one.contains(&ms)), "{with_one:?}");
        assert_eq!(comings(|ms| ms % 4 == 0).len(), 1000);
    }

    #[test]
    fn a_clock_that_begins_anew_holds_up_nothing() {
        let mut pace = pace();
        (0..20).for_each(|_| pace.came(Duration::from_secs(500), false));
        assert_eq!(pace.rest(Duration::ZERO), None);
        pace.came(Duration::ZERO, false);
        assert_eq!(pace.rest(Duration::from_millis(1)), None);
    }
}
