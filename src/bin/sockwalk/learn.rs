//! `sockwalk learn`: the lesson in the terminal.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Target, load};
use sockwalk::engine::{Phase, Request, Runner, World};
use sockwalk::i18n::Texts;
use sockwalk::lesson::{Lang, Lesson, Localized, builtin, builtin_names};
use sockwalk::linux::LinuxWorld;
use sockwalk::model::Need;
use sockwalk::progress::{Progress, next_lesson, resume_after, walked};
use sockwalk::tui::{App, Host, Msg, Walk};

use super::memory::Memory;
use super::needs::{self, Survey};
use super::place::{Grounds, Started, Waits, runner};
use super::screen;
use super::shelf::now_ms;

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
    let look = screen::look(invocation)?;
    let (sender, inbox) = channel();
    let mut house = House {
        lesson: Arc::new(lesson),
        invocation: invocation.clone(),
        grounds,
        sender: sender.clone(),
        epoch: Instant::now(),
        world: None,
        memory,
        kept,
        again: None,
        noted: None,
        instead: None,
    };
    let first = house.open(0)?;
    let instead = house.why_on_host()?;
    // Where nothing lies beyond, as after a change of the mode, the lesson begins at its start.
    house.again = again.filter(|again| first.steps().iter().any(|step| step > again));
    let again = house.again;
    let prepare = |app: &mut App| {
        if let Some(why) = instead {
            app.tell_at_first(why);
        }
        if let Some(last) = again {
            app.run_again(last);
        }
    };
    let shown = screen::show(Box::new(first), look, (sender, &inbox), &mut house, prepare)?;
    drop(house.world.take());
    house.memory.finish();
    house.memory.say(shown.app.lang(), kept)?;
    shown.pass_signal_on();
    if let Phase::Failed(failure) = shown.app.walk().phase() {
        return Err(house.grounds.failed(failure));
    }
    // A terminal that is gone can't be drawn to, and nobody is left to be told.
    Ok(if shown.drawn { 0 } else { 1 })
}

/// The lesson with which to go on, of those that can run here.
fn go_on(lang: Lang, grounds: &Grounds, progress: &Progress) -> Result<Opening, Exit> {
    let names = builtin_names();
    let lessons: Vec<Lesson> = names.iter().filter_map(|name| builtin(name)?.ok()).collect();
    let survey = Survey::make(grounds, &lessons);
    let allowed = lessons.iter().filter(|lesson| grounds.allows(lesson, &survey));
    let course: Vec<&str> = allowed.map(|lesson| lesson.id.as_str()).collect();
    let name = next_lesson(progress, &course).or(names.first().copied()).unwrap_or_default();
    let lesson = load(&Target::Builtin(name.to_owned()), lang, false)?;
    Ok(Opening { lesson, kept: true })
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
    /// What the lab lacks, where the walk is on the host for that.
    instead: Option<Vec<Need>>,
}

impl House {
    fn open(&mut self, generation: u64) -> Result<Runner, Exit> {
        // The old world goes first: on the machine's own loopback the new one wants its port.
        self.world = None;
        self.epoch = Instant::now();
        let sender = self.sender.clone();
        let sink = move |happening| {
            // Where the interface has ended, nobody is left to be told.
            let _ = sender.send(Msg::World(generation, Box::new(happening)));
        };
        let Started { world, instead } = self.grounds.start(&self.lesson, self.invocation.port, self.epoch, sink)?;
        self.instead = instead;
        let waits = Waits { patience: Duration::from_secs(3), timers: true };
        let walk = runner(&self.lesson, &world, &self.invocation, waits);
        self.world = Some(world);
        Ok(walk)
    }

    /// Why the walk isn't in the lab, where that lacks something; in both languages, since the learner may change it.
    fn why_on_host(&self) -> Result<Option<Localized>, Exit> {
        let Some(lacks) = &self.instead else { return Ok(None) };
        let say = |lang| Texts::load(lang).map(|texts| needs::instead(lacks, &texts.needs));
        Ok(Some(Localized { en: say(Lang::En)?, zh: say(Lang::Zh)? }))
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
        let Some(lesson) = walk.lesson() else { return };
        let reached = walked(lesson, walk.mode(), walk.trace(), walk.phase(), self.again, now_ms());
        if let Some(reached) = reached {
            self.memory.keep(&lesson.id, reached);
        }
    }

    fn restart(&mut self, generation: u64) -> Result<Box<dyn Walk>, String> {
        self.again = None;
        self.open(generation).map(|walk| Box::new(walk) as Box<dyn Walk>).map_err(|exit| exit.text.trim().to_owned())
    }
}
