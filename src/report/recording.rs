//! A recording read back: the lines that [`super::JsonLines::recording`] writes.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use serde::Deserialize;

use crate::model::{Entry, Event, Hand, SegmentId};

/// The longest line of a recording, in bytes.
const LONGEST: u64 = 8 << 20;

/// Why a file is no recording.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file can't be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// This line, from 1, isn't one that was written.
    #[error("line {0}")]
    Line(u64),
    /// This line, from 1, tells only what `play` prints: it can't be walked through.
    #[error("line {0} isn't whole")]
    NotWhole(u64),
}

/// What is read of a line; everything else in it is there for other readers.
#[derive(Deserialize)]
struct Line {
    t_us: u64,
    entry: Option<Event>,
}

/// Reads a recording.
///
/// # Errors
/// [`Unreadable`] names the first line that isn't one.
pub fn read_recording(mut from: impl BufRead) -> Result<Vec<Entry>, Unreadable> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut segments = 0u32;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let read: Line = serde_json::from_slice(&line).map_err(|_| Unreadable::Line(number))?;
        let event = read.entry.ok_or(Unreadable::NotWhole(number))?;
        let at = Duration::from_micros(read.t_us);
        let in_order = entries.last().is_none_or(|last| last.at <= at);
        if !in_order || !fits(&event, &mut segments) {
            return Err(Unreadable::Line(number));
        }
        entries.push(Entry { at, event });
    }
    // Whoever records has joined a lab, which is the first thing that is written.
    if entries.is_empty() { Err(Unreadable::Line(1)) } else { Ok(entries) }
}

/// Whether an event speaks of segments that were there: they are numbered in the order in which they came.
fn fits(event: &Event, segments: &mut u32) -> bool {
    let known = |id: &SegmentId, segments: u32| id.0 < segments;
    match event {
        Event::Sent { id, again, .. } => {
            let next = id.0 == *segments && again.as_ref().is_none_or(|again| known(again, *segments));
            *segments += u32::from(next);
            next
        }
        Event::Held(id) | Event::Delivered(id) | Event::Dropped(id) => known(id, *segments),
        Event::Retransmitted { id, .. } | Event::Undeliverable { id, .. } => known(id, *segments),
        Event::ByHand(Hand::Deliver(id) | Hand::Drop(id)) => known(id, *segments),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Call, Outcome, Returned, Side, Trace};
    use crate::report::JsonLines;
    use proptest::prelude::*;

    fn trace() -> Trace {
        let end = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        let segment = crate::tcp::testing::segment(end(1), end(2), 7, 0, &["SYN"], b"");
        let (side, worker) = (Side::Server, 3);
        let outcome: Outcome = Ok(Returned { value: 2, data: vec![1, 255], peer: None });
        let id = SegmentId(0);
        let events = [
            Event::Entered { side, worker, call: Call::Recv { fd: 5, len: 9 } },
            Event::Blocked { side, worker },
            Event::Returned { side, worker, outcome },
            Event::Sent { id, segment, again: None },
            Event::Held(id),
            Event::Dropped(id),
            Event::Undeliverable { id, errno: crate::model::Errno(libc::ENETUNREACH) },
            Event::Unkept { segments: 1, bytes: 2, lost: 3, refused: 4 },
        ];
        let mut trace = Trace::default();
        for (n, event) in events.into_iter().enumerate() {
            trace.push(Duration::from_micros(n as u64), event);
        }
        trace
    }

    fn written(trace: &Trace) -> Vec<u8> {
        let mut out = Vec::new();
        JsonLines::recording().write(trace, |_| "", &mut out).unwrap();
        out
    }

    #[test]
    fn what_was_recorded_is_read_back() {
        let trace = trace();
        assert_eq!(read_recording(written(&trace).as_slice()).unwrap(), trace.entries());
    }

    #[test]
    fn the_lines_of_play_are_in_it() {
        let trace = trace();
        let mut played = Vec::new();
        JsonLines::default().write(&trace, |_| "", &mut played).unwrap();
        let recorded = String::from_utf8(written(&trace)).unwrap();
        for line in String::from_utf8(played).unwrap().lines() {
            // The numbers of the lines differ: a recording has more of them.
            let rest = line.split_once("\"t_us\"").unwrap().1.trim_end_matches('}');
            assert!(recorded.contains(rest), "{line}");
        }
    }

    #[test]
    fn what_is_no_recording_is_told_with_its_line() {
        let good = String::from_utf8(written(&trace())).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let read = |text: String| read_recording(text.as_bytes()).unwrap_err();
        assert!(matches!(read(format!("{}\nx\n", lines[0])), Unreadable::Line(2)));
        assert!(matches!(read(String::new()), Unreadable::Line(1)), "nothing was written");
        assert!(
            matches!(read(format!("{}\n{}\n", lines[0], lines[4])), Unreadable::Line(2)),
            "a segment that never came"
        );
        assert!(matches!(read(format!("{}\n{}\n", lines[1], lines[0])), Unreadable::Line(2)), "time goes back");
        assert!(matches!(read("{\"n\":1,\"t_us\":0,\"kind\":\"call\"}".to_owned()), Unreadable::NotWhole(1)));
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_an_error_or_entries(bytes: Vec<u8>) {
            let _ = read_recording(bytes.as_slice());
        }
    }
}
