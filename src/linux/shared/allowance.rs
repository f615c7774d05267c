//! How many of a program's calls are told one by one.

use std::time::Instant;

/// So many calls that don't wait are told at once, and so many more a second, these too in one go: calls that came one after the other
/// tell more than as many single ones. Of the others only the number.
const AT_ONCE: f64 = 1000.0;
const A_SECOND: f64 = 50.0;

/// How many calls may be told: a store that fills with time.
pub(super) struct Allowance {
    left: f64,
    filled: Instant,
    /// It was empty, and has not filled again for a go.
    fills: bool,
}

impl Allowance {
    pub(super) fn new() -> Allowance {
        Allowance { left: AT_ONCE, filled: Instant::now(), fills: false }
    }

    pub(super) fn takes_one(&mut self) -> bool {
        self.takes_one_at(Instant::now())
    }

    fn takes_one_at(&mut self, now: Instant) -> bool {
        let passed = now.duration_since(self.filled).as_secs_f64();
        (self.left, self.filled) = ((self.left + passed * A_SECOND).min(AT_ONCE), now);
        let takes = self.left >= if self.fills { A_SECOND } else { 1.0 };
        self.left -= f64::from(u8::from(takes));
        self.fills = if takes { self.left < 1.0 } else { true };
        takes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_comes_too_fast_is_told_in_rows_without_a_gap() {
        let mut allowance = Allowance::new();
        let began = allowance.filled;
        // A call each millisecond: for the first of them there is room, and for fifty of a second's thousand from then on.
        let told: Vec<bool> = (0..5000).map(|ms| allowance.takes_one_at(began + Duration::from_millis(ms))).collect();
        let rows: Vec<usize> = told.chunk_by(|a, b| a == b).filter(|row| row[0]).map(<[bool]>::len).collect();
        assert!(rows[0] >= 1000, "{rows:?}");
        assert!(rows.len() > 3 && rows[1..rows.len() - 1].iter().all(|row| (50..60).contains(row)), "{rows:?}");
    }
}
