//! Many points become few: of each column of a picture what it can show. One way through the points.

use std::time::Duration;

/// A picture's time, from its left edge to its right one, and its columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    begin: Duration,
    end: Duration,
    columns: usize,
}

/// The shortest time that a picture shows: where the clock stands still there is one moment, in its middle.
const SHORTEST: Duration = Duration::from_millis(1);

impl Span {
    pub(super) fn new(begin: Duration, end: Duration, columns: usize) -> Span {
        let lacks = SHORTEST.saturating_sub(end.saturating_sub(begin));
        Span { begin: begin.saturating_sub(lacks / 2), end: end.max(begin) + lacks / 2, columns: columns.max(1) }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// How long it is.
    pub(super) fn length(&self) -> Duration {
        self.end - self.begin
    }

    fn column(&self, at: Duration) -> usize {
        let passed = at.saturating_sub(self.begin).as_nanos();
        let length = self.length().as_nanos().max(1);
        usize::try_from(passed * self.columns as u128 / length).unwrap_or(usize::MAX).min(self.columns - 1)
    }

    /// The first moment of the column behind this one.
    fn next(&self, column: usize) -> Duration {
        let passed = (self.length().as_nanos() * (column as u128 + 1)).div_ceil(self.columns as u128);
        self.begin + Duration::from_nanos(u64::try_from(passed).unwrap_or(u64::MAX))
    }
}

/// Finds the columns of moments that mostly follow one another: as long as they stay in one column, nothing is reckoned.
struct ColumnFinder {
    span: Span,
    column: usize,
    from: Duration,
    until: Duration,
}

impl ColumnFinder {
    fn new(span: Span) -> ColumnFinder {
        ColumnFinder { span, column: 0, from: span.begin, until: span.next(0) }
    }

    fn find(&mut self, at: Duration) -> usize {
        if at < self.from || at >= self.until {
            self.column = self.span.column(at);
            let last = self.column + 1 == self.span.columns;
            (self.from, self.until) = (at, if last { Duration::MAX } else { self.span.next(self.column) });
        }
        self.column
    }
}

/// The lines of one value.
pub(super) type SteppedLines = Vec<Vec<(f64, f64)>>;

/// Lines of values that hold until the next ones; each is unbroken. Of a column they have the first value, the lowest, the
/// highest and the last. `None` breaks a line: nothing is known until the next value. One way through all of the points.
pub(super) fn stepped<const N: usize>(
    points: impl Iterator<Item = (Duration, [Option<u64>; N])>,
    span: Span,
) -> [SteppedLines; N] {
    let mut drawn: [(SteppedLines, Line); N] = std::array::from_fn(|_| Default::default());
    let mut columns = ColumnFinder::new(span);
    for (at, values) in points {
        let column = columns.find(at);
        for ((lines, line), value) in drawn.iter_mut().zip(values) {
            match value {
                Some(value) => line.goes(column, value),
                None => {
                    line.holds_until(column);
                    lines.push(std::mem::take(line).end());
                    lines.pop_if(|line| line.is_empty());
                }
            }
        }
    }
    drawn.map(|(mut lines, mut line)| {
        line.holds_until(span.columns - 1);
        lines.push(line.end());
        lines.retain(|line| !line.is_empty());
        lines
    })
}

/// The highest value of such lines; 0 where there is none.
pub(super) fn highest(lines: &SteppedLines) -> u64 {
    lines.iter().flatten().fold(0.0, |most: f64, (_, value)| most.max(*value)) as u64
}

#[derive(Default)]
struct Line {
    points: Vec<(f64, f64)>,
    now: Option<Column>,
}

/// What one column of a line has.
#[derive(Clone, Copy)]
struct Column {
    number: usize,
    first: u64,
    low: u64,
    high: u64,
    last: u64,
}

impl Column {
    fn new(number: usize, first: u64) -> Column {
        Column { number, first, low: first, high: first, last: first }
    }
}

impl Line {
    fn goes(&mut self, column: usize, value: u64) {
        // Nearly always it is the same column as that of the point before.
        if self.now.as_ref().is_none_or(|now| now.number != column) {
            self.holds_until(column);
        }
        let now = self.now.get_or_insert(Column::new(column, value));
        (now.low, now.high, now.last) = (now.low.min(value), now.high.max(value), value);
    }

    /// The value stays as it is up to this column.
    fn holds_until(&mut self, column: usize) {
        if let Some(now) = self.now.filter(|now| now.number != column) {
            self.put(now);
            self.now = Some(Column::new(column, now.last));
        }
    }

    fn put(&mut self, column: Column) {
        let Column { number, first, low, high, last } = column;
        for value in [first, low, high, last] {
            let point = (number as f64, value as f64);
            if self.points.last() != Some(&point) {
                self.points.push(point);
            }
        }
    }

    fn end(mut self) -> Vec<(f64, f64)> {
        if let Some(now) = self.now.take() {
            self.put(now);
        }
        self.points
    }
}

/// Points that stand for themselves: of those that would be one on a picture of so many rows, which shows values up to `most`,
/// one is kept.
pub(super) fn dots(
    points: impl Iterator<Item = (Duration, u64)>,
    span: Span,
    rows: usize,
    most: u64,
) -> Vec<(f64, f64)> {
    let rows = rows.max(1);
    let mut there = vec![false; span.columns * rows];
    let mut kept = Vec::new();
    let mut columns = ColumnFinder::new(span);
    let share = rows as f64 / most.max(1) as f64;
    for (at, value) in points {
        let column = columns.find(at);
        let row = ((value as f64 * share) as usize).min(rows - 1);
        if !std::mem::replace(&mut there[column * rows + row], true) {
            kept.push((column as f64, value as f64));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_value_holds_until_the_next_and_what_is_not_known_is_a_gap() {
        let span = Span::new(MS(0), MS(100), 10);
        let lines = |points: &[(u64, Option<u64>)]| {
            let [lines] = stepped(points.iter().map(|(at, value)| (MS(*at), [*value])), span);
            lines
        };
        assert_eq!(lines(&[]), [] as [Vec<(f64, f64)>; 0]);
        // One point: from there on it holds.
        assert_eq!(lines(&[(50, Some(7))]), [[(5.0, 7.0), (9.0, 7.0)]]);
        assert_eq!(lines(&[(100, Some(7))]), [[(9.0, 7.0)]]);
        // It rises as a step, not as a slope.
        assert_eq!(lines(&[(0, Some(1)), (50, Some(3))]), [[(0.0, 1.0), (5.0, 1.0), (5.0, 3.0), (9.0, 3.0)]]);
        // In one column: the first, the lowest, the highest, the last.
        let many = [(0, Some(4)), (1, Some(9)), (2, Some(2)), (3, Some(5)), (99, Some(5))];
        assert_eq!(lines(&many), [[(0.0, 4.0), (0.0, 2.0), (0.0, 9.0), (0.0, 5.0), (9.0, 5.0)]]);
        // Nothing is known between 30 and 70 ms.
        let gap = [(10, Some(1)), (30, None), (70, Some(5))];
        assert_eq!(lines(&gap), [vec![(1.0, 1.0), (3.0, 1.0)], vec![(7.0, 5.0), (9.0, 5.0)]]);
        assert_eq!(lines(&[(10, None), (20, None)]), [] as [Vec<(f64, f64)>; 0]);
    }

    #[test]
    fn where_the_clock_stands_still_everything_is_in_the_middle() {
        for begin in [0, 5000] {
            let span = Span::new(MS(begin), MS(begin), 11);
            assert!(span.length() > Duration::ZERO);
            let [lines] = stepped([(MS(begin), [Some(1)]), (MS(begin), [Some(4)])].into_iter(), span);
            let first = lines[0][0];
            assert!(first.0 <= 5.0 && lines[0].last().unwrap().1 == 4.0, "{lines:?}");
            assert_eq!(dots([(MS(begin), 3), (MS(begin), 3)].into_iter(), span, 4, 4).len(), 1);
        }
        // One that runs backwards, which none does, is no reason to panic.
        assert!(Span::new(MS(9), MS(3), 5).length() > Duration::ZERO);
    }

    #[test]
    fn a_column_is_the_same_however_it_is_found() {
        for (begin, end, columns) in [(0, 100, 7), (3, 1003, 240), (5, 5, 11), (0, 1, 300)] {
            let span = Span::new(MS(begin), MS(end), columns);
            let mut finder = ColumnFinder::new(span);
            // Beyond both edges too, and back again: a member's word may be older than the one before.
            let times = (0..4000).chain((0..4000).rev()).map(|n| Duration::from_micros(n * 300));
            for at in times {
                assert_eq!(finder.find(at), span.column(at), "{at:?} of {span:?}");
            }
        }
    }

    #[test]
    fn a_hundred_thousand_points_become_what_the_picture_can_show() {
        let span = Span::new(MS(0), MS(100_000), 200);
        let points = (0..100_000_u64).map(|n| (MS(n), n * 1448));
        let [lines] = stepped(points.clone().map(|(at, value)| (at, [Some(value)])), span);
        assert_eq!(highest(&lines), 99_999 * 1448);
        assert!(lines.len() == 1 && lines[0].len() <= 200 * 4, "{}", lines[0].len());
        assert_eq!(lines[0].last().unwrap().1, 99_999.0 * 1448.0);
        let kept = dots(points, span, 40, 100_000 * 1448);
        assert!(kept.len() >= 200 && kept.len() <= 200 * 40, "{}", kept.len());
        // What is larger than the picture stands at its edge.
        assert_eq!(dots([(MS(1), u64::MAX)].into_iter(), span, 40, 1).len(), 1);
    }
}
