//! How often a frame is drawn while the lab goes on by itself.
//!
//! A program whose segments pass makes thousands of entries a second, and each frame costs milliseconds that the lab and the program need too. Who
//! presses a key sees at once what comes of it; else so many frames may come in a moment, and after these one each [`FRAME`] (a leaky
//! bucket, as ITU-T I.371 has it).

use std::time::Duration;

/// Of frames that come without end, one in this time.
const FRAME: Duration = Duration::from_millis(25);

/// So many may come at once before that.
const AT_ONCE: u32 = 8;

/// Until when the frames that were drawn would last, one each [`FRAME`], by the walk's clock.
#[derive(Default)]
pub(super) struct FramePace {
    lasts: Duration,
}

impl FramePace {
    /// How long the next frame is to wait; `None` where it needn't.
    pub(super) fn rest(&self, now: Duration) -> Option<Duration> {
        let rest = self.lasts.checked_sub(now + FRAME * AT_ONCE)?;
        // A walk that began anew has its clock at zero again.
        Some(rest).filter(|rest| !rest.is_zero() && *rest <= FRAME)
    }

    /// A frame was drawn; whether somebody had pressed something, or the window had changed.
    pub(super) fn drew(&mut self, now: Duration, is_asked_for: bool) {
        let ahead = self.lasts.checked_sub(now).filter(|ahead| !is_asked_for && *ahead <= FRAME * (AT_ONCE + 1));
        self.lasts = now + ahead.unwrap_or_default() + FRAME;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws as often as it may within a second, each millisecond at most once; whoever presses a key does so at these.
    fn frames(pressed: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut pace = FramePace::default();
        let at = Duration::from_millis;
        let drawn = (0..1000).filter(|ms| {
            let draws = pressed(*ms) || pace.rest(at(*ms)).is_none();
            if draws {
                pace.drew(at(*ms), pressed(*ms));
            }
            draws
        });
        drawn.collect()
    }

    #[test]
    fn many_frames_come_at_their_pace_and_those_of_a_key_at_once() {
        let by_itself = frames(|_| false);
        assert_eq!(by_itself[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
        let pauses: Vec<u64> = by_itself[9..].windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.iter().all(|pause| *pause == 25), "{pauses:?}");
        // What comes of a key is seen at once, too.
        let with_key = frames(|ms| ms == 500);
        assert!((500..507).all(|ms| with_key.contains(&ms)), "{with_key:?}");
        assert_eq!(frames(|ms| ms % 4 == 0).len(), 1000);
    }

    #[test]
    fn a_clock_that_begins_anew_holds_up_no_frame() {
        let mut pace = FramePace::default();
        (0..20).for_each(|_| pace.drew(Duration::from_secs(500), false));
        assert_eq!(pace.rest(Duration::ZERO), None);
        pace.drew(Duration::ZERO, false);
        assert_eq!(pace.rest(Duration::from_millis(1)), None);
    }
}
