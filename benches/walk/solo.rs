//! A call in a free walk that nobody joined, against the same in a lesson's lab: by the lab's own clock, from "entered" to
//! "returned".

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sockwalk::linux::shared::{LabFolder, LabName};
use sockwalk::linux::{LinuxWorld, WalkPlace, gain_rights};
use sockwalk::model::{Call, Event, LabSettings, Side};
use sockwalk::walk::{Happening, HappeningKind, Request, World};

use crate::table::{Aim, Row, median};
use crate::{PROGRAM, part};

const AIM: Aim = Aim { at_most: 2.0, unit: "×" };
const WHAT: &str = "call in a free walk, of a lesson's";
/// How long a call may take before something is wrong.
const LIMIT: Duration = Duration::from_secs(10);

/// What was measured: the medians in a free walk and in a lesson, in microseconds, and the median of the pairs' ratios.
#[derive(Serialize, Deserialize)]
pub struct SoloTimes {
    free: f64,
    lesson: f64,
    ratio: f64,
}

/// The row.
pub fn row(pairs: usize) -> Row {
    match part::run("solo", pairs) {
        Ok(SoloTimes { free, lesson, ratio }) => {
            Row::new(WHAT, ratio, &AIM, &format!("median of {pairs} pairs; {free:.0} µs, {lesson:.0} µs"))
        }
        Err(why) => Row::absent(WHAT, &AIM, &why),
    }
}

/// The part: both labs side by side, a `socket()` and a `close()` in each in turn.
pub fn compare(pairs: usize) -> Result<SoloTimes, String> {
    gain_rights(|name| std::env::var(name).ok()).map_err(|refused| format!("{refused:?}"))?;
    let mut lesson = Timed::start(start_lesson)?;
    let mut free = Timed::start(free_walk)?;
    let (mut ratios, mut frees, mut lessons) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=pairs {
        let (of_free, of_lesson) = (free.socket_and_close()?, lesson.socket_and_close()?);
        // The first pair finds nothing in the caches.
        if round > 0 {
            ratios.push(of_free / of_lesson);
            frees.push(of_free);
            lessons.push(of_lesson);
        }
    }
    Ok(SoloTimes { free: median(&frees), lesson: median(&lessons), ratio: median(&ratios) })
}

/// A lesson's lab, for a process that hasn't the right to make one yet.
pub fn lesson_walk(sink: Box<dyn Fn(Vec<Happening>) + Send>) -> Result<LinuxWorld, String> {
    gain_rights(|name| std::env::var(name).ok()).map_err(|refused| format!("{refused:?}"))?;
    start_lesson(sink)
}

fn start_lesson(sink: impl Fn(Vec<Happening>) + Send + 'static) -> Result<LinuxWorld, String> {
    let world = LinuxWorld::start(WalkPlace::Lab(LabSettings::default()), Instant::now(), sink);
    world.map_err(|refused| format!("{refused:?}"))
}

fn free_walk(sink: impl Fn(Vec<Happening>) + Send + 'static) -> Result<LinuxWorld, String> {
    let folder = LabFolder::open(|name| std::env::var(name).ok()).map_err(|error| format!("{error:?}"))?;
    let name = LabName::new("solo").ok_or("no name")?;
    let lock = folder.lock().map_err(|error| format!("{error:?}"))?;
    let beginning = folder.begin(&lock, &name).map_err(|error| error.to_string())?;
    drop(lock);
    let sides = (Side::BOTH.to_vec(), &Arc::new(Mutex::new(Some(beginning))));
    // Nobody comes, so it is never started.
    let successor = || std::process::Command::new(PROGRAM);
    let world = LinuxWorld::host(WalkPlace::Lab(LabSettings::default()), Instant::now(), sides, successor, sink);
    world.map(|(world, _)| world).map_err(|refused| format!("{refused:?}"))
}

/// A lab, and what happens in it.
pub struct Timed {
    world: LinuxWorld,
    inbox: Receiver<Vec<Happening>>,
    /// What came, and wasn't looked at yet.
    happened: VecDeque<Happening>,
}

impl Timed {
    /// A lab by what starts it.
    pub fn start<F>(start: F) -> Result<Timed, String>
    where
        F: FnOnce(Box<dyn Fn(Vec<Happening>) + Send>) -> Result<LinuxWorld, String>,
    {
        let (sender, inbox) = channel();
        let sink = Box::new(move |happened| drop(sender.send(happened)));
        Ok(Timed { world: start(sink)?, inbox, happened: VecDeque::new() })
    }

    /// How long both calls took together, in microseconds.
    fn socket_and_close(&mut self) -> Result<f64, String> {
        let (made, fd) = self.call_of(Side::Server, Call::Socket { ipv6: false, udp: false })?;
        let fd = i32::try_from(fd).map_err(|error| error.to_string())?;
        Ok(made + self.call_of(Side::Server, Call::Close { fd })?.0)
    }

    /// Asks the world for something.
    pub fn request(&mut self, request: Request) {
        self.world.request(request);
    }

    /// What happens next.
    pub fn next(&mut self) -> Result<HappeningKind, String> {
        self.take().map(|happening| happening.what)
    }

    fn take(&mut self) -> Result<Happening, String> {
        loop {
            match self.happened.pop_front() {
                Some(Happening { what: HappeningKind::Failed(failure), .. }) => return Err(format!("{failure:?}")),
                Some(happening) => return Ok(happening),
                None => self.happened.extend(self.inbox.recv_timeout(LIMIT).map_err(|_| "nothing happens")?),
            }
        }
    }

    /// How long a side's call took, and what it returned.
    pub fn call_of(&mut self, side: Side, call: Call) -> Result<(f64, i64), String> {
        self.world.request(Request::Call(side.into(), call));
        let mut entered = None;
        loop {
            let Happening { at, what } = self.take()?;
            match (what, entered) {
                (HappeningKind::Event(Event::Entered { .. }), _) => entered = Some(at),
                (HappeningKind::Event(Event::Returned { outcome, .. }), Some(entered)) => {
                    let value = outcome.map_err(|errno| format!("{errno:?}"))?.value;
                    return Ok(((at - entered).as_secs_f64() * 1e6, value));
                }
                _ => {}
            }
        }
    }
}
