//! How many of a program's calls are told one by one.

use std::time::Instant;

/// So many calls that don't wait are told at once, and so many more a second; of the others only the number.
const AT_ONCE: f64 = 1000.0;
const A_SECOND: f64 = 50.0;

/// How many calls may be told: a store that fills with time.
pub(super) struct Allowance {
    left: f64,
    filled: Instant,
}

impl Allowance {
    pub(super) fn new() -> Allowance {
        Allowance { left: AT_ONCE, filled: Instant::now() }
    }

    pub(super) fn takes_one(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.filled).as_secs_f64();
        (self.left, self.filled) = ((self.left + passed * A_SECOND).min(AT_ONCE), now);
        let takes = self.left >= 1.0;
        self.left -= f64::from(u8::from(takes));
        takes
    }
}
