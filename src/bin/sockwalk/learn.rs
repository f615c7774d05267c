//! `sockwalk learn`: the lesson in the terminal.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use sockwalk::cli::{Exit, Invocation, Target, ThemeChoice, load};
use sockwalk::engine::{Phase, Request, Runner, World};
use sockwalk::lesson::{Lang, Lesson, builtin, builtin_names};
use sockwalk::linux::LinuxWorld;
use sockwalk::progress::{Progress, next_lesson, resume_after, walked};
use sockwalk::theme::{Choice, Theme};
use sockwalk::tui::{self, App, Guard, Host, Look, Msg, Walk};

use super::memory::Memory;
use super::place::{Grounds, Waits, runner};
use super::shelf::now_ms;

/// Whether there is a terminal to draw on.
pub fn is_possible() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !dumb
}

/// The lesson that is opened.
pub struct Opening {
    /// The lesson.
    pub lesson: Lesson,
    /// Whether what the learner reaches in it is kept: of the built-in lessons it is. A file may be another lesson
    /// tomorrow.
    pub kept: bool,
}

/// Opens a lesson and stays until the learner quits; without one, the lesson with which to go on. `from_start`: also
/// where the learner stopped within it, it begins at its start. Returns the exit status.
pub fn run(invocation: &Invocation, opening: Option<Opening>, from_start: bool) -> Result<u8, Exit> {
    // Before any thread: the rights can be had by a process of one thread only.
    let grounds = Grounds::prepare(invocation)?;
    let memory = Memory::open();
    let Opening { lesson, kept } = match opening {
        Some(opening) => opening,
        None => go_on(invocation.lang, &grounds, &memory.progress)?,
    };
    let known = memory.progress.lessons.get(&lesson.id).filter(|_| kept && !from_start);
    let again = resume_after(known, &lesson);
    let theme = Theme::load(choice(invocation.theme).resolve()).map_err(trouble)?;
    let look = Look::new(invocation.lang, theme).map_err(trouble)?;
    let (sender, inbox) = channel();
    let mut house = House {
        lesson: Arc::new(lesson),
        invocation: invocation.clone(),
        grounds,
        sender,
        epoch: Instant::now(),
        world: None,
        memory,
        kept,
        again: None,
        noted: None,
    };
    let first = house.open(0)?;
    // Where nothing lies beyond, as after a change of the mode, the lesson begins at its start.
    house.again = again.filter(|again| first.steps().iter().any(|step| step > again));
    let (columns, rows) = crossterm::terminal::size().map_err(trouble)?;
    let signal = watch_signals(house.sender.clone())?;
    let guard = Guard::new().map_err(trouble)?;
    let mut terminal = Terminal::new(CrosstermBackend::new(io::stdout())).map_err(trouble)?;
    let mut app = App::new(Box::new(first), look, columns, rows);
    if let Some(last) = house.again {
        app.run_again(last);
    }
    tui::listen(house.sender.clone()).map_err(trouble)?;
    let result = tui::run(&mut terminal, &mut app, &inbox, &mut house);
    house.went_on(app.walk());
    drop(guard);
    drop(house.world.take());
    house.memory.finish();
    house.memory.say(app.lang(), kept)?;
    if let Ok(signal) = signal.try_recv() {
        // So that whoever sent it sees the end that it wanted.
        let _ = emulate_default_handler(signal);
    }
    if let Phase::Failed(failure) = app.walk().phase() {
        return Err(house.grounds.failed(failure));
    }
    // A terminal that is gone can't be drawn to, and nobody is left to be told.
    Ok(if result.is_ok() { 0 } else { 1 })
}

/// The lesson with which to go on, of those that can run here.
fn go_on(lang: Lang, grounds: &Grounds, progress: &Progress) -> Result<Opening, Exit> {
    let names = builtin_names();
    let allowed = |name: &&str| matches!(builtin(name), Some(Ok(lesson)) if grounds.allows(&lesson));
    let course: Vec<&str> = names.iter().copied().filter(allowed).collect();
    let name = next_lesson(progress, &course).or(names.first().copied()).unwrap_or_default();
    let lesson = load(&Target::Builtin(name.to_owned()), lang, false)?;
    Ok(Opening { lesson, kept: true })
}

fn choice(theme: ThemeChoice) -> Choice {
    match theme {
        ThemeChoice::Auto => Choice::Auto,
        ThemeChoice::Dark => Choice::Dark,
        ThemeChoice::Light => Choice::Light,
        ThemeChoice::Mono => Choice::Mono,
    }
}

fn trouble(error: impl std::fmt::Display) -> Exit {
    Exit { status: 1, text: format!("sockwalk: {error}\n") }
}

/// Ends the interface when a signal wants the program to end. Returns where that signal can be read afterwards.
fn watch_signals(inbox: Sender<Msg>) -> Result<std::sync::mpsc::Receiver<i32>, Exit> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT]).map_err(trouble)?;
    let (caught, signal) = channel();
    let watch = move || {
        if let Some(number) = signals.forever().next() {
            let _ = caught.send(number);
            let _ = inbox.send(Msg::Quit);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(watch).map_err(trouble)?;
    Ok(signal)
}

/// The world behind the interface, and what is needed to make it anew.
struct House {
    lesson: Arc<Lesson>,
    invocation: Invocation,
    grounds: Grounds,
    sender: Sender<Msg>,
    epoch: Instant,
    world: Option<LinuxWorld>,
    memory: Memory,
    kept: bool,
    /// The last of the steps that only run again.
    again: Option<usize>,
    /// The phase and the step of which the memory took notice last.
    noted: Option<(Phase, Option<usize>)>,
}

impl House {
    fn open(&mut self, generation: u64) -> Result<Runner, Exit> {
        // The old world goes first: on the machine's own loopback the new one wants its port.
        self.world = None;
        self.epoch = Instant::now();
        let sender = self.sender.clone();
        let sink = move |happening| {
            // Where the interface has ended, nobody is left to be told.
            let _ = sender.send(Msg::World(generation, happening));
        };
        let world = self.grounds.start(&self.lesson, self.invocation.port, self.epoch, sink)?;
        let waits = Waits { patience: Duration::from_secs(3), timers: true };
        let walk = runner(&self.lesson, &world, &self.invocation, waits);
        self.world = Some(world);
        Ok(walk)
    }
}

impl Host for House {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn request(&mut self, request: Request) {
        if let Some(world) = &mut self.world {
            world.request(request);
        }
    }

    fn went_on(&mut self, walk: &dyn Walk) {
        let noted = Some((walk.phase().clone(), walk.next_step().map(|(step, _)| step)));
        if !self.kept || *walk.phase() == Phase::Busy || self.noted == noted {
            return;
        }
        self.noted = noted;
        let mode = walk.options().mode;
        let reached = walked(walk.lesson(), mode, walk.trace(), walk.phase(), self.again, now_ms());
        if let Some(reached) = reached {
            self.memory.keep(&walk.lesson().id, reached);
        }
    }

    fn restart(&mut self, generation: u64) -> Result<Box<dyn Walk>, String> {
        self.again = None;
        self.open(generation).map(|walk| Box::new(walk) as Box<dyn Walk>).map_err(|exit| exit.text.trim().to_owned())
    }
}
