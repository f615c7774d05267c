//! A recording read back: the lines that [`super::JsonLines::recording`] writes.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use serde::Deserialize;

use super::form::Read as ReadEvent;
use super::header::{self, FirstLine, Header};
use crate::model::{Entry, Event, HandAction, SegmentId};

/// The longest line of a recording, in bytes.
const LONGEST: u64 = 8 << 20;

/// A recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// What it is of; `None` where it is of the time before there were headers.
    pub header: Option<Header>,
    /// What happened.
    pub entries: Vec<Entry>,
    /// The number of the last line, from 1, where it is cut and so left out: the machine went down while it was written.
    pub cut: Option<u64>,
}

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
    /// A newer program wrote it: this is the format's version.
    #[error("version {0}")]
    Newer(u32),
}

/// What is read of a line; everything else in it is there for other readers.
#[derive(Deserialize)]
struct EntryLine {
    t_us: u64,
    entry: Option<ReadEvent>,
}

/// Reads a recording.
///
/// # Errors
/// [`Unreadable`] names the first line that isn't one.
pub fn read_recording(mut from: impl BufRead) -> Result<Recording, Unreadable> {
    let mut recording = Recording { header: None, entries: Vec::new(), cut: None };
    let mut segments = 0u32;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if number == 1 {
            match header::first(&line) {
                FirstLine::Header(header) => {
                    recording.header = Some(header);
                    continue;
                }
                FirstLine::Newer(version) => return Err(Unreadable::Newer(version)),
                FirstLine::Entry => {}
            }
        }
        let entries = &mut recording.entries;
        let last = entries.last().map_or(Duration::ZERO, |last| last.at);
        match entry(&line, number, last, &mut segments) {
            Ok(entry) => entries.push(entry),
            // Only the last line has no end. What was written before it is whole.
            Err(_) if !line.ends_with(b"\n") && (line.len() as u64) < LONGEST && number > 1 => {
                recording.cut = Some(number)
            }
            Err(error) => return Err(error),
        }
    }
    // Whoever records has joined a lab, which is the first thing that is written.
    if recording.entries.is_empty() { Err(Unreadable::Line(1)) } else { Ok(recording) }
}

fn entry(line: &[u8], number: u64, last: Duration, segments: &mut u32) -> Result<Entry, Unreadable> {
    let read: EntryLine = serde_json::from_slice(line).map_err(|_| Unreadable::Line(number))?;
    let ReadEvent(event) = read.entry.ok_or(Unreadable::NotWhole(number))?;
    let at = Duration::from_micros(read.t_us);
    if last <= at && fits(&event, segments) { Ok(Entry { at, event }) } else { Err(Unreadable::Line(number)) }
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
        Event::Repeated { id, of, .. } | Event::Edited { id, of, .. } | Event::Duplicated { id, of, .. } => {
            let next = id.0 == *segments && known(of, *segments);
            *segments += u32::from(next);
            next
        }
        Event::Forged { id, .. } => {
            let next = id.0 == *segments;
            *segments += u32::from(next);
            next
        }
        Event::Held(id) | Event::Delivered(id) | Event::Dropped(id) | Event::Lost { id, .. } => known(id, *segments),
        Event::Retransmitted { id, .. }
        | Event::Undeliverable { id, .. }
        | Event::Reasons { id, .. }
        | Event::Causes { id, .. } => known(id, *segments),
        Event::ByHand(
            HandAction::Deliver(id) | HandAction::Drop(id) | HandAction::Repeat(id) | HandAction::Edit(id),
        ) => known(id, *segments),
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
        let outcome: Outcome = Ok(Returned { value: 2, data: vec![1, 255], peer: None, ..Returned::default() });
        let id = SegmentId(0);
        let events = [
            Event::Entered { caller: crate::model::Caller { actor: side.into(), worker }, call: Call::recv(5, 9) },
            Event::Blocked { caller: crate::model::Caller { actor: side.into(), worker } },
            Event::Returned { caller: crate::model::Caller { actor: side.into(), worker }, outcome },
            Event::Sent { id, segment, again: None },
            Event::Held(id),
            Event::Dropped(id),
            Event::Undeliverable { id, errno: crate::model::Errno(libc::ENETUNREACH) },
            Event::Unkept { segments: 1, bytes: 2, lost: 3, refused: 4, ruled: 5 },
        ];
        let mut trace = Trace::default();
        for (n, event) in events.into_iter().enumerate() {
            trace.push(Duration::from_micros(n as u64), event);
        }
        trace
    }

    fn written(trace: &Trace) -> Vec<u8> {
        let mut out = Vec::new();
        JsonLines::recording(header::tests::some()).write(trace, |_| "", &mut out).unwrap();
        out
    }

    #[test]
    fn what_was_recorded_is_read_back() {
        let trace = trace();
        let read = read_recording(written(&trace).as_slice()).unwrap();
        assert_eq!(
            (read.entries.as_slice(), read.header, read.cut),
            (trace.entries(), Some(header::tests::some()), None)
        );
    }

    /// The lines of a recording as they were before there were headers.
    fn without_header(bytes: &[u8]) -> String {
        String::from_utf8(bytes.to_vec()).unwrap().split_once('\n').unwrap().1.to_owned()
    }

    #[test]
    fn a_recording_without_a_header_is_read_and_says_what_it_shows_of_its_place() {
        let text = without_header(&written(&trace()));
        // So `sendto()` had its bytes.
        let old = text
            + "{\"n\":9,\"t_us\":9,\"kind\":\"call\",\"entry\":{\"Entered\":{\"side\":\"Client\",\"worker\":0,\"call\":{\"SendTo\":{\"fd\":3,\"data\":[104,105],\"addr\":\"127.0.0.1:8000\"}}}}}\n";
        let read = read_recording(old.as_bytes()).unwrap();
        let all = trace().entries().len();
        assert_eq!((read.entries.len(), &read.header), (all + 1, &None));
        let Event::Entered { call: Call::SendTo { data, .. }, .. } = &read.entries[all].event else {
            panic!("{read:?}")
        };
        assert_eq!(data, b"hi");
        let deduced = Header::deduced(&read.entries);
        assert_eq!((deduced.mode, deduced.wire), (crate::model::Mode::Lab, crate::walk::WireAbility::Holds));
        let blind = Header::deduced(&read.entries[..3]);
        assert_eq!((blind.mode, blind.wire), (crate::model::Mode::Host, crate::walk::WireAbility::Blind));
    }

    #[test]
    fn a_cut_last_line_costs_that_line() {
        let trace = trace();
        let whole = written(&trace);
        let lines = whole.iter().filter(|byte| **byte == b'\n').count() as u64;
        for left in 1..40 {
            let read = read_recording(&whole[..whole.len() - left]).unwrap();
            let all = trace.entries().len();
            let (kept, cut) = if left == 1 { (all, None) } else { (all - 1, Some(lines)) };
            assert_eq!((read.entries.as_slice(), read.cut), (&trace.entries()[..kept], cut), "{left} bytes less");
        }
        // In the middle it is a fault, and so is a whole last line that isn't one.
        let text = String::from_utf8(whole).unwrap();
        let broken = text.replacen("\"entry\"", "\n\"entry\"", 1);
        assert!(matches!(read_recording(broken.as_bytes()), Err(Unreadable::NotWhole(2) | Unreadable::Line(2))));
        assert!(matches!(read_recording((text + "x\n").as_bytes()), Err(Unreadable::Line(line)) if line == lines + 1));
    }

    #[test]
    fn a_newer_recording_says_so() {
        let text = String::from_utf8(written(&trace())).unwrap().replacen("\"version\":1", "\"version\":7", 1);
        assert!(matches!(read_recording(text.as_bytes()), Err(Unreadable::Newer(7))));
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
            // The data and the checksum of a packet are in its bytes.
            let rest = rest.split(",\"data\"").next().unwrap().split(",\"checksum\"").next().unwrap();
            assert!(recorded.contains(rest), "{line}");
        }
    }

    #[test]
    fn what_is_no_recording_is_told_with_its_line() {
        let good = without_header(&written(&trace()));
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
