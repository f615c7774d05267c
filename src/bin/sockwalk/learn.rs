//! `sockwalk learn`: the lesson in the terminal, and those that are opened from within it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sockwalk::cli::{Exit, Invocation, Target, load};
use sockwalk::i18n::{Lang, Localized, Texts};
use sockwalk::lesson::{Lesson, builtin, builtin_names, outline};
use sockwalk::linux::shared::{LabFolder, ShownLesson};
use sockwalk::linux::{LinuxWorld, WatchSocket};
use sockwalk::model::{Mode, Need};
use sockwalk::progress::{Mark, Progress, known_set_up, next_lesson, resume_after, step_of, walked};
use sockwalk::tui::{App, Catalogue, Host, Msg, NotOpened, Opened, Opens, Reached};
use sockwalk::walk::{Happening, Phase, Request, Runner, Walk, WireAbility, World};

use super::course::Curriculum;
use super::memory::LearnerProgress;
use super::needs::{self, Survey};
use super::parting::{self, Stopped};
use super::place::{BegunWorld, PlannedWorld, ProcessRights, StartedWorld, Waits, runner};
use super::play::shown;
use super::recorder::Recordings;
use super::screen;
use super::storage::now_ms;

/// The lesson that is walked.
pub struct OpenLesson {
    /// The lesson; of a built-in one it may be the outline, of which the first page is drawn.
    lesson: Arc<Lesson>,
    /// Whether it is that: then the whole is read once the page stands.
    is_outline: bool,
    /// Its file, where it isn't built in: of such a lesson nothing is kept. It may be another lesson tomorrow.
    file: Option<String>,
}

impl OpenLesson {
    /// Reads what the first page has of a lesson. `colours` says whether a wrong file's message may have them.
    ///
    /// # Errors
    /// As of [`load`].
    pub fn read(target: &Target, lang: Lang, colours: bool) -> Result<OpenLesson, Exit> {
        let (outline, file) = match target {
            Target::Builtin(name) => (outline(name), None),
            Target::Path(path) => (None, Some(path.to_string_lossy().into_owned())),
        };
        let is_outline = outline.is_some();
        let lesson = outline.map_or_else(|| load(target, lang, colours), Ok)?;
        Ok(OpenLesson { lesson: Arc::new(lesson), is_outline, file })
    }

    /// Reads what of it isn't read yet.
    fn read_whole(&mut self, lang: Lang) -> Result<(), Exit> {
        if std::mem::take(&mut self.is_outline) {
            let target = Target::Builtin(self.lesson.id.clone());
            self.lesson = Arc::new(load(&target, lang, false)?);
        }
        Ok(())
    }

    /// Whether what is reached in it is kept.
    fn is_built_in(&self) -> bool {
        self.file.is_none()
    }
}

/// Opens a lesson, which is read by `opening`, and stays until the learner quits; without one, the lesson with which to go on.
/// `from_start`: also where the learner stopped within it, it begins at its start. Returns the exit status.
pub fn run(
    invocation: &Invocation,
    grounds: Result<ProcessRights, Exit>,
    opening: impl FnOnce() -> Result<Option<OpenLesson>, Exit>,
    from_start: bool,
    record: Option<PathBuf>,
) -> Result<u8, Exit> {
    let (sender, inbox) = channel();
    let begin = || {
        let opening = opening()?;
        let grounds = grounds?;
        let memory = LearnerProgress::open();
        let open = opening.map_or_else(|| go_on(invocation.lang, &grounds, &memory.progress), Ok)?;
        let mut house = LessonHost {
            open,
            invocation: invocation.clone(),
            grounds,
            sender: sender.clone(),
            epoch: Instant::now(),
            world: None,
            planned: None,
            memory,
            course: None,
            again: None,
            noted: None,
            recordings: Recordings::new(record),
        };
        let opened = house.begin_at_first(from_start)?;
        Ok((house, opened))
    };
    let (prepared, (mut house, Opened { walk, reached, told })) =
        screen::prepare_while(invocation, sender.clone(), begin)?;
    let prepare = |app: &mut App| at_first(app, reached, told);
    let arrives = |house: &mut LessonHost, app: &mut App| {
        match house.arrive(from_start, app.generation() + 1)? {
            FirstWorld::AsExpected(walk) => walk.into_iter().for_each(|walk| app.is_read(walk)),
            FirstWorld::Elsewhere(Opened { walk, reached, told }) => {
                app.restarted(walk);
                at_first(app, reached, told);
            }
        }
        Ok(())
    };
    let shown = screen::show_until((walk, prepared), invocation, (sender, &inbox), &mut house, (prepare, arrives))?;
    house.end(&shown)
}

/// What is told of a walk when it is shown first.
fn at_first(app: &mut App, reached: Reached, told: Option<Localized>) {
    if let Some(told) = told {
        app.tell_at_first(told);
    }
    let again = reached.again;
    app.reached_before(reached);
    if let Some(last) = again {
        app.run_again(last);
    }
}

/// The lesson with which to go on, of those that can run here. Each is read and looked for only when it would be the next, since the
/// first page waits for that.
fn go_on(lang: Lang, grounds: &ProcessRights, progress: &Progress) -> Result<OpenLesson, Exit> {
    let names = builtin_names();
    let read = |name: &str| OpenLesson::read(&Target::Builtin(name.to_owned()), lang, false);
    let mut course = names.clone();
    while let Some(name) = next_lesson(progress, &course) {
        let open = read(name)?;
        let survey = Survey::make(grounds.has_rights(), std::slice::from_ref(&*open.lesson));
        if grounds.allows(&open.lesson, &survey) {
            return Ok(open);
        }
        course.retain(|other| *other != name);
    }
    // Where none runs, the first tells why.
    read(names.first().copied().unwrap_or_default())
}

/// The world behind the interface, and what is needed to make it anew.
struct LessonHost {
    open: OpenLesson,
    invocation: Invocation,
    grounds: ProcessRights,
    sender: Sender<Msg>,
    epoch: Instant,
    world: Option<LinuxWorld>,
    /// The first world, until its first page is drawn.
    planned: Option<PlannedWorld>,
    memory: LearnerProgress,
    /// What runs here; found when it is asked for.
    course: Option<Curriculum>,
    /// The last of the steps that only run again.
    again: Option<usize>,
    /// The phase and the step of which the memory took notice last.
    noted: Option<(Phase, Option<usize>)>,
    recordings: Recordings,
}

/// Where a world is and what its wire does, and what is told where that isn't what was wanted.
type PlaceAndTold = ((Mode, WireAbility), Option<Localized>);

/// What the first world came to, whose page was drawn before it was there.
enum FirstWorld {
    /// It is as the page has it. The same walk through the whole lesson, where only its outline was read.
    AsExpected(Option<Walk>),
    /// It is another one, and so is the walk.
    Elsewhere(Opened),
}

impl LessonHost {
    /// Begins a walk through the lesson that goes on where the learner stopped. Where it is known what its world will be, that is made
    /// once the first page stands, which nothing else is to hold up then: see [`LessonHost::arrive`].
    fn begin_at_first(&mut self, from_start: bool) -> Result<Opened, Exit> {
        let planned = self.grounds.plan(&self.open.lesson);
        match planned.expected() {
            Some(place) => {
                self.make_record()?;
                let opened = self.opened(Arc::clone(&self.open.lesson), place, from_start, Instant::now());
                self.planned = Some(planned);
                Ok(opened)
            }
            None => {
                self.open.read_whole(self.invocation.lang)?;
                self.begin(Arc::clone(&self.open.lesson), from_start, 0)
            }
        }
    }

    /// Makes the first world, and reads meanwhile what of the lesson isn't read yet. A walk elsewhere has this generation.
    fn arrive(&mut self, from_start: bool, generation: u64) -> Result<FirstWorld, Exit> {
        let Some(planned) = self.planned.take() else { return Ok(FirstWorld::AsExpected(None)) };
        let (expected, epoch, was_outline) = (planned.expected(), self.epoch, self.open.is_outline);
        let begun = self.begun(planned, &Arc::clone(&self.open.lesson), epoch, 0);
        let read = self.open.read_whole(self.invocation.lang);
        let lesson = Arc::clone(&self.open.lesson);
        let arrived = self.wait(begun, &lesson, generation)?;
        read?;
        match expected {
            Some(place) if place == arrived.0 => {
                self.look_for_set_up(place.0, 0);
                Ok(FirstWorld::AsExpected(was_outline.then(|| self.runner(&lesson, place).into())))
            }
            _ => Ok(FirstWorld::Elsewhere(self.arrived(lesson, arrived, from_start, (epoch, generation)))),
        }
    }

    /// Makes a world for a lesson, and a walk through it that goes on where the learner stopped.
    fn begin(&mut self, lesson: Arc<Lesson>, from_start: bool, generation: u64) -> Result<Opened, Exit> {
        // On the machine's own loopback the new world wants the old one's port; a lab is a place of its own.
        if self.world.as_ref().is_some_and(|world| world.mode() == Mode::Host) {
            self.world = None;
        }
        self.make_record()?;
        let epoch = Instant::now();
        let begun = self.begun(self.grounds.plan(&lesson), &lesson, epoch, generation);
        let arrived = self.wait(begun, &lesson, generation)?;
        Ok(self.arrived(lesson, arrived, from_start, (epoch, generation)))
    }

    /// A walk through a lesson whose world is there, with what is told of its place.
    fn arrived(
        &mut self,
        lesson: Arc<Lesson>,
        (place, told): PlaceAndTold,
        from_start: bool,
        (epoch, generation): (Instant, u64),
    ) -> Opened {
        let opened = self.opened(lesson, place, from_start, epoch);
        self.look_for_set_up(place.0, generation);
        Opened { told, ..opened }
    }

    /// Makes the file of the walk's recording.
    fn make_record(&mut self) -> Result<(), Exit> {
        self.recordings.make_file().map_err(|why| why.exit(self.invocation.lang))
    }

    /// Begins a lesson's world.
    fn begun(&self, planned: PlannedWorld, lesson: &Lesson, epoch: Instant, generation: u64) -> BegunWorld {
        let shown = shown(lesson);
        self.grounds.begin(planned, lesson, epoch, &|| door(&shown), self.sink(generation))
    }

    fn sink(&self, generation: u64) -> impl Fn(Vec<Happening>) + Send + Clone + 'static {
        let sender = self.sender.clone();
        move |happened| {
            // Where the interface has ended, nobody is left to be told.
            let _ = sender.send(Msg::World(generation, happened));
        }
    }

    /// Waits for a world.
    fn wait(&mut self, begun: BegunWorld, lesson: &Lesson, generation: u64) -> Result<PlaceAndTold, Exit> {
        let shown = shown(lesson);
        let sink = self.sink(generation);
        let StartedWorld { world, instead } =
            self.grounds.finish(begun, lesson, self.invocation.port, &|| door(&shown), sink)?;
        let place = (world.mode(), world.wire());
        self.recordings.begin(place, Some(shown));
        self.world = Some(world);
        Ok((place, instead.map(|lacks| why_on_host(&lacks)).transpose()?))
    }

    /// A walk through a lesson in such a place, whose clock began then, with what was reached in it before.
    fn opened(&mut self, lesson: Arc<Lesson>, place: (Mode, WireAbility), from_start: bool, epoch: Instant) -> Opened {
        let walk = self.runner(&lesson, place);
        let is_built_in = self.open.is_built_in();
        let progress = self.memory.look();
        let known = progress.lessons.get(&lesson.id).filter(|_| is_built_in);
        let furthest = known.and_then(|known| step_of(known, &lesson));
        let again = resume_after(known.filter(|_| !from_start), &lesson);
        // Where nothing lies beyond, as after a change of the mode, the lesson begins at its start.
        let again = again.filter(|again| walk.steps().iter().any(|step| step > again));
        let kept: BTreeMap<String, Mark> = known.map(|known| known.answers.clone()).unwrap_or_default();
        (self.epoch, self.open.lesson) = (epoch, lesson);
        (self.again, self.noted) = (again, None);
        Opened { walk: walk.into(), reached: Reached { again, kept, furthest }, told: None }
    }

    fn runner(&self, lesson: &Arc<Lesson>, place: (Mode, WireAbility)) -> Runner {
        let waits = Waits { patience: Duration::from_secs(3), timers: true };
        runner(lesson, place, &self.invocation, waits)
    }

    /// Looks whether the lesson's set-up is known from other lessons, all of which are read for that: no screen and no lab waits for
    /// it.
    fn look_for_set_up(&mut self, mode: Mode, generation: u64) {
        let (lesson, sender) = (Arc::clone(&self.open.lesson), self.sender.clone());
        let progress = self.memory.look().clone();
        let look = move || {
            // Where the interface has ended, nobody is left to be told.
            let _ = sender.send(Msg::SetUp(generation, known_set_up(&lesson, mode, &progress)));
        };
        // Without a thread for it, no set-up is offered.
        let _ = thread::Builder::new().name("set-up".into()).spawn(look);
    }

    /// Ends the world, keeps what was reached, and says how to go on. Returns the exit status.
    fn end(mut self, shown: &screen::ShownWalk) -> Result<u8, Exit> {
        self.note(shown.app.walk());
        self.record(shown.app.walk());
        drop(self.world.take());
        self.memory.finish();
        let is_kept = self.open.is_built_in();
        self.memory.say(shown.app.lang(), is_kept)?;
        shown.pass_signal_on();
        std::mem::take(&mut self.recordings).finish(shown.app.lang())?;
        if let Phase::Failed(failure) = shown.app.walk().phase() {
            self.speak(shown.app.lang());
            return Err(self.grounds.failed(failure));
        }
        // A terminal that is gone can't be drawn to, and nobody is left to be told.
        if !shown.drawn {
            return Ok(1);
        }
        let stopped = Stopped {
            lesson: &self.open.lesson.id,
            target: self.open.file.as_deref().unwrap_or(&self.open.lesson.id),
            furthest: shown.app.furthest(),
            kept: is_kept && self.memory.keeps(),
            next: self.course.as_ref().and_then(|course| course.next(&self.open.lesson.id)),
        };
        parting::say(&parting::lesson(shown.app.walk(), &stopped, &self.invocation, shown.app.lang())?);
        Ok(0)
    }

    fn record(&mut self, walk: &Walk) {
        self.recordings.write(walk.trace(), walk.lesson());
    }

    /// Keeps what the walk has reached, whether it is at work or not.
    fn note(&mut self, walk: &Walk) {
        let Some(lesson) = walk.lesson().filter(|_| self.open.is_built_in()) else { return };
        let reached = walked(lesson, walk.mode(), walk.trace(), walk.phase(), self.again, now_ms());
        if let Some(reached) = reached {
            self.memory.keep(&lesson.id, reached);
        }
    }
}

/// A door for who wants to look on. Where there is no room for one, as without a folder of the user's own, nobody can.
fn door(lesson: &ShownLesson) -> Option<WatchSocket> {
    let folder = LabFolder::open(|name| std::env::var(name).ok()).ok()?;
    WatchSocket::open(&folder, lesson.clone()).ok()
}

/// Why a walk isn't in the lab, where that lacks something; in all languages, since the learner may change it.
fn why_on_host(lacks: &[Need]) -> Result<Localized, Exit> {
    let say = |lang| Texts::load(lang).map(|texts| needs::instead(lacks, &texts.needs));
    Ok(Localized::each(say)?)
}

impl Host for LessonHost {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn request(&mut self, request: Request) {
        if let Some(world) = &mut self.world {
            world.request(request);
        }
    }

    fn went_on(&mut self, walk: &Walk) {
        self.record(walk);
        let noted = Some((walk.phase().clone(), walk.next_step().map(|(step, _)| step)));
        if *walk.phase() == Phase::Busy || self.noted == noted {
            return;
        }
        self.noted = noted;
        self.note(walk);
    }

    fn restart(&mut self, walk: &Walk, generation: u64) -> Result<Opened, String> {
        self.note(walk);
        self.record(walk);
        // The old world goes first, whichever it is: where the new one fails, `r` may try again.
        self.world = None;
        let began = self.begin(Arc::clone(&self.open.lesson), true, generation);
        began.map_err(|exit| exit.text.trim().to_owned())
    }

    fn speak(&mut self, lang: Lang) {
        self.invocation.lang = lang;
        self.grounds.speak(lang);
    }

    fn catalogue(&mut self, walk: &Walk) -> Result<Catalogue, String> {
        self.note(walk);
        let course = match self.course.take() {
            Some(course) => course,
            None => Curriculum::survey(&self.grounds).map_err(|exit| exit.text.trim().to_owned())?,
        };
        let rows = course.rows(&self.memory.look());
        self.course = Some(course);
        let here = self.open.is_built_in().then(|| self.open.lesson.id.clone());
        Ok(Catalogue { rows, opens: Opens::Here, here })
    }

    fn open(&mut self, lesson: &str, leaving: &Walk, generation: u64) -> Result<Option<Opened>, NotOpened> {
        self.note(leaving);
        self.record(leaving);
        let Some(Ok(wanted)) = builtin(lesson) else { return Ok(None) };
        let file = self.open.file.take();
        self.begin(Arc::new(wanted), false, generation).map(Some).map_err(|exit| {
            self.open.file = file;
            NotOpened { why: exit.text.trim().to_owned(), lost: self.world.is_none() }
        })
    }
}
