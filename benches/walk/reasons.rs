//! A delivery with the kernel's reasons for what came of it, against one without: from the request to "delivered", and what the two
//! readings of the kernel's counters, between which the lab delivers, and their difference take of that.

use std::collections::VecDeque;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sockwalk::linux::Counters;
use sockwalk::model::{Call, Event, SegmentId, Side};
use sockwalk::walk::{HappeningKind, Request};

use crate::part;
use crate::solo::{Timed, lesson_walk};
use crate::table::{Aim, Row, median};

const AIM: Aim = Aim { at_most: 1.3, unit: "×" };
const WHAT: &str = "delivery with its reasons, of one without";

/// What was measured: the medians of a delivery and of its reasons, in microseconds, and the median of the ratios.
#[derive(Serialize, Deserialize)]
pub struct ReasonTimes {
    delivery: f64,
    reasons: f64,
    ratio: f64,
}

/// The row.
pub fn row(deliveries: usize) -> Row {
    match part::run("reasons", deliveries) {
        Ok(ReasonTimes { delivery, reasons, ratio }) => {
            let note = format!("median of {deliveries}; {delivery:.0} µs, of these {reasons:.0} for the reasons");
            Row::new(WHAT, ratio, &AIM, &note)
        }
        Err(why) => Row::absent(WHAT, &AIM, &why),
    }
}

/// The part: a connection in a lab, on which bytes go one by one; each segment is delivered, and the counters are read, in turn.
pub fn compare(deliveries: usize) -> Result<ReasonTimes, String> {
    let mut counters = Counters::open().map_err(|error| error.to_string())?;
    let mut walk = Timed::start(lesson_walk)?;
    let server = "127.0.0.1:8000".parse().map_err(|error| format!("{error}"))?;
    let mut called = |call: Call| walk.call_of(Side::Server, call).map(|(_, value)| value as i32);
    let listener = called(Call::Socket { ipv6: false, udp: false })?;
    called(Call::Bind { fd: listener, addr: server })?;
    called(Call::Listen { fd: listener, backlog: 8 })?;
    let fd = walk.call_of(Side::Client, Call::Socket { ipv6: false, udp: false })?.1 as i32;
    walk.request(Request::Call(Side::Client.into(), Call::Connect { fd, addr: server }));
    let (mut times, mut reads, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = Seen { waiting: VecDeque::new(), in_call: true, delivered: false };
    while times.len() < deliveries {
        if times.len() >= 3 {
            seen.until(&mut walk, |seen| !seen.in_call)?;
            if seen.waiting.is_empty() {
                // The connection is there, or the other end has nothing to say: the next byte.
                walk.request(Request::Call(Side::Client.into(), Call::send(fd, b"x".to_vec())));
                seen.in_call = true;
                seen.until(&mut walk, |seen| !seen.in_call)?;
            }
        }
        seen.until(&mut walk, |seen| !seen.waiting.is_empty())?;
        let Some(next) = seen.waiting.pop_front() else { continue };
        let begun = Instant::now();
        walk.request(Request::Deliver(next));
        seen.delivered = false;
        seen.until(&mut walk, |seen| seen.delivered)?;
        let delivery = begun.elapsed().as_secs_f64() * 1e6;
        let begun = Instant::now();
        let (moved, ()) = counters.moved_by(false, || ());
        moved.ok_or("the counters can't be read")?;
        let read = begun.elapsed().as_secs_f64() * 1e6;
        times.push(delivery);
        reads.push(read);
        ratios.push(delivery / (delivery - read).max(f64::MIN_POSITIVE));
    }
    Ok(ReasonTimes { delivery: median(&times), reasons: median(&reads), ratio: median(&ratios) })
}

/// What has happened.
struct Seen {
    waiting: VecDeque<SegmentId>,
    /// The client is in a call: until it has come back, it makes no other one.
    in_call: bool,
    delivered: bool,
}

impl Seen {
    /// Waits until something is so.
    fn until(&mut self, walk: &mut Timed, is_so: impl Fn(&Seen) -> bool) -> Result<(), String> {
        while !is_so(self) {
            match walk.next()? {
                HappeningKind::Event(Event::Held(id)) => self.waiting.push_back(id),
                HappeningKind::Event(Event::Returned { .. }) => self.in_call = false,
                HappeningKind::Event(Event::Delivered(_)) => self.delivered = true,
                _ => {}
            }
        }
        Ok(())
    }
}
