//! From a key to the frame that shows what came of it, on a real lab.
//!
//! The loop is the interface's own ([`tui::run`]), on the first thread, with a real encoder for a terminal that throws
//! the bytes away. Another thread plays the part of the one that reads the terminal: it hands over a key, and waits for
//! the frame with which the walk is ready for the next one.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use sockwalk::i18n::{Glyphs, Lang};
use sockwalk::lesson::{Lesson, builtin};
use sockwalk::linux::{LinuxWorld, WalkPlace, gain_rights};
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{self, App, Appearance, Host, Msg, Opened};
use sockwalk::walk::{Phase, Request, Runner, Walk, WalkOptions, World};

use crate::screen::{SIZE, Screen};
use crate::table::{Aim, Row, percentile};

const AIM: Aim = Aim { at_most: 3.0, unit: " ms" };
/// How long the learner does nothing: by then everything sleeps again.
const PAUSE: Duration = Duration::from_millis(5);
/// How long a step may take before something is wrong.
const LIMIT: Duration = Duration::from_secs(10);

/// The rows: half of the keys, and 99 of 100.
pub fn rows(walks: usize) -> Vec<Row> {
    let names = ["key to frame, 50 of 100", "key to frame, 99 of 100"];
    match measure(walks) {
        Ok(times) => {
            let note = format!("{} keys, the slowest {:.2} ms", times.len(), percentile(&times, 1.0));
            let row = |(name, share): (&str, f64)| Row::new(name, percentile(&times, share), &AIM, &note);
            names.into_iter().zip([0.5, 0.99]).map(row).collect()
        }
        Err(why) => names.map(|name| Row::absent(name, &AIM, &why)).into(),
    }
}

/// What the walk stands at when a frame is done.
#[derive(Clone, Debug)]
struct Shown {
    /// How many walks were begun, keys taken and requests made.
    counts: [u64; 3],
    phase: Phase,
    broken: usize,
}

type Known = Rc<RefCell<Shown>>;

/// How long each key took that made the kernel do something, in milliseconds.
fn measure(walks: usize) -> Result<Vec<f64>, String> {
    gain_rights(|name| std::env::var(name).ok()).map_err(|refused| format!("{refused:?}"))?;
    let lesson = builtin("handshake").ok_or("there is no such lesson")?;
    let lesson = Arc::new(lesson.map_err(|error| error.render(Lang::EN, false))?);
    let shown = Shown { counts: [0; 3], phase: Phase::Ready, broken: 0 };
    let known = Rc::new(RefCell::new(shown));
    let (sender, inbox) = channel();
    let mut house =
        House { lesson, sender: sender.clone(), known: Rc::clone(&known), epoch: Instant::now(), world: None };
    let theme = Theme::load(Choice::Dark, Colours::All).map_err(|error| error.to_string())?;
    let look = Appearance::new(Lang::EN, theme, Glyphs::Unicode).map_err(|error| error.to_string())?;
    let mut app = App::new(house.begin(0)?, look, SIZE.width, SIZE.height);
    let (frames, done) = channel();
    let mut terminal = Terminal::new(Screen::new(known, frames)).map_err(|error| error.to_string())?;
    let learner = thread::spawn(move || {
        let times = learn(&sender, &done, walks);
        let _ = sender.send(Msg::Quit);
        times
    });
    tui::run(&mut terminal, &mut app, &inbox, &mut house).map_err(|error| error.to_string())?;
    drop(house.world.take());
    learner.join().map_err(|_| "the keys' thread ended by a panic".to_owned())?
}

/// Presses the keys.
fn learn(keys: &Sender<Msg>, done: &Receiver<(Instant, Shown)>, walks: usize) -> Result<Vec<f64>, String> {
    let wait = |until: &dyn Fn(&Shown) -> bool| loop {
        let (at, shown) = done.recv_timeout(LIMIT).map_err(|_| "the interface doesn't answer".to_owned())?;
        if let Phase::Failed(failure) = &shown.phase {
            return Err(format!("{failure:?}"));
        }
        if until(&shown) {
            return Ok((at, shown));
        }
    };
    let (_, mut now) = wait(&|_| true)?;
    let mut times = Vec::new();
    for walk in 0..walks as u64 {
        while now.phase != Phase::Finished {
            thread::sleep(PAUSE);
            done.try_iter().for_each(drop);
            let code = if matches!(now.phase, Phase::Typing(_)) { KeyCode::Enter } else { KeyCode::Char(' ') };
            let [_, keys_before, requests] = now.counts;
            let begun = press(keys, code);
            let at;
            (at, now) = wait(&|shown| shown.counts[1] > keys_before && shown.phase != Phase::Busy)?;
            // A key that opens a question or a line asks nothing of the kernel.
            if now.counts[2] > requests {
                times.push((at - begun).as_secs_f64() * 1000.0);
            }
        }
        if now.broken > 0 {
            return Err(format!("{} claims of the lesson didn't hold", now.broken));
        }
        if walk + 1 < walks as u64 {
            press(keys, KeyCode::Char('r'));
            (_, now) = wait(&|shown| shown.counts[0] > now.counts[0])?;
        }
    }
    Ok(times)
}

fn press(keys: &Sender<Msg>, code: KeyCode) -> Instant {
    let key = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
    let begun = Instant::now();
    // Where the interface has ended, the wait for its frame says so.
    let _ = keys.send(Msg::Terminal(key));
    begun
}

/// The world behind the interface, as the program has it.
struct House {
    lesson: Arc<Lesson>,
    sender: Sender<Msg>,
    known: Known,
    epoch: Instant,
    world: Option<LinuxWorld>,
}

impl Host for House {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn request(&mut self, request: Request) {
        self.known.borrow_mut().counts[2] += 1;
        if let Some(world) = &mut self.world {
            world.request(request);
        }
    }

    fn takes(&mut self, msg: &Msg) {
        if let Msg::Terminal(_) = msg {
            self.known.borrow_mut().counts[1] += 1;
        }
    }

    fn went_on(&mut self, walk: &Walk) {
        self.note(walk);
    }

    fn restart(&mut self, _: &Walk, generation: u64) -> Result<Opened, String> {
        self.begin(generation).map(|walk| Opened { walk, reached: Default::default(), told: None })
    }
}

impl House {
    fn begin(&mut self, generation: u64) -> Result<Walk, String> {
        self.world = None;
        self.epoch = Instant::now();
        let sender = self.sender.clone();
        let sink = move |happened| {
            let _ = sender.send(Msg::World(generation, happened));
        };
        let world = LinuxWorld::start(WalkPlace::Lab(self.lesson.lab.clone()), self.epoch, sink);
        let world = self.world.insert(world.map_err(|refused| format!("{refused:?}"))?);
        let options = WalkOptions {
            mode: world.mode(),
            wire: world.wire(),
            patience: Duration::from_secs(3),
            port: None,
            timers: false,
        };
        let walk = Runner::new(Arc::clone(&self.lesson), options).into();
        self.known.borrow_mut().counts[0] += 1;
        self.note(&walk);
        Ok(walk)
    }

    fn note(&self, walk: &Walk) {
        let mut known = self.known.borrow_mut();
        known.phase = walk.phase().clone();
        known.broken = walk.verdict().broken;
    }
}
