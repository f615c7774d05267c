//! `sockwalk server`, `client`, `free`, `watch` and `run`: to take part in a lab that processes share.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sockwalk::cli::{self, Exit, Invocation, Joining};
use sockwalk::i18n::{self, Lang, Localized, Texts, fill, join};
use sockwalk::linux::shared::{Beginning, JoinedLab, LabName, Lock, ShownLesson};
use sockwalk::linux::{LinuxWorld, PidFd, Refused, is_readable_within};
use sockwalk::model::{Actor, Member, Mode, Role, Side};
use sockwalk::tui::{App, Catalogue, Host, Msg, NotOpened, Opened, Opens};
use sockwalk::walk::{
    Answer, Answerer, Failure, Free, FreeOptions, Happening, HappeningKind, Phase, Purpose, Request, Walk, World,
};

use super::course::Curriculum;
use super::keep;
use super::labs::{self, Entered, FoundLab, Labs};
use super::memory::LearnerProgress;
use super::parting;
use super::place::ProcessRights;
use super::programs::{self, WindowPrograms};
use super::recorder::Recordings;
use super::screen;

/// Takes part until the learner quits. Returns the exit status.
pub fn run(invocation: &Invocation, joining: &Joining) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    if !screen::is_possible() {
        return Err(Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &texts.shared.no_terminal)) });
    }
    let read = programs::read(&joining.commands, invocation.lang)?;
    let labs = Labs::open(invocation)?;
    let mut recordings = Recordings::new(joining.record.clone());
    recordings.make_file().map_err(|why| why.exit(invocation.lang))?;
    let sides = match joining.part {
        cli::SharedPart::Server => vec![Side::Server],
        cli::SharedPart::Client => vec![Side::Client],
        cli::SharedPart::Free => Side::BOTH.to_vec(),
        cli::SharedPart::Watch => Vec::new(),
        cli::SharedPart::Run => Side::BOTH.into_iter().filter(|side| joining.commands.of(*side).is_none()).collect(),
    };
    let role = if joining.part == cli::SharedPart::Watch { Role::Watches } else { Role::Drives(sides.clone()) };
    let (entered, lab) = labs.enter(invocation, joining.lab.as_deref(), role)?;
    let (sender, inbox) = channel();
    let pass = joining.commands.pass;
    let mut house = JoinedHost {
        epoch: Instant::now(),
        world: None,
        programs: WindowPrograms::new(read, lab.name.clone(), pass, invocation, sender.clone()),
        lab,
        sender: sender.clone(),
        renewed: Arc::default(),
        made: None,
        recordings,
        lang: invocation.lang,
    };
    let part = match entered {
        Entered::Joined(joined) => house.joined(*joined, 0).map_err(screen::refused(invocation.lang))?,
        Entered::Begins(beginning, lock) => house.begun(invocation, sides, beginning, lock)?,
    };
    let options = house.options(&part, joining.server);
    // Of both sides, the server's calls are the ones that are made by themselves.
    let first = part.actors.first().copied();
    let answerer = joining.answer.zip(first).map(|(answer, actor)| {
        let new = Answerer::new(actor, answer, joining.server);
        match part.member {
            Some(number) => new.joining(number),
            None => new,
        }
    });
    let walk = Free::new(options.clone(), answerer).into();
    house.recordings.begin((part.world.mode(), part.world.wire()), part.lesson);
    (house.world, house.made) = (Some(part.world), Some(options));
    let consoles = house.programs.consoles();
    let prepare = |app: &mut App| {
        if !consoles.is_empty() {
            app.shows_programs(consoles);
        }
    };
    let prepared = screen::prepare(invocation, sender.clone())?;
    let shown = screen::show((walk, prepared), invocation, (sender, &inbox), &mut house, prepare)?;
    house.end(invocation, joining, &shown)
}

/// What the program is called for to take part in the same way again.
fn parting_words(joining: &Joining, port: Option<u16>) -> Vec<String> {
    let part = match joining.part {
        cli::SharedPart::Server => "server",
        cli::SharedPart::Client => "client",
        cli::SharedPart::Free => "free",
        cli::SharedPart::Watch => "watch",
        cli::SharedPart::Run => "run",
    };
    let mut words = vec![part.to_owned()];
    for (side, option) in [(Side::Server, "--server"), (Side::Client, "--client")] {
        let command = joining.commands.of(side).map(|command| [option, command].map(str::to_owned));
        words.extend(command.into_iter().flatten());
    }
    words.extend(joining.commands.pass.then(|| "--pass".to_owned()));
    let usual = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8000)));
    words.extend((joining.server != usual).then(|| joining.server.to_string()));
    if let Some(answer) = joining.answer {
        let answer = match answer {
            Answer::Success => "success",
            Answer::Echo => "echo",
        };
        words.extend(["--answer", answer].map(str::to_owned));
    }
    words
}

/// What this process has of a lab.
struct OwnPart {
    world: Box<dyn World>,
    /// Whose calls are made here.
    actors: Vec<Actor>,
    /// The lesson that runs in the lab.
    lesson: Option<ShownLesson>,
    /// As which member it came to a lab that was there before.
    member: Option<u32>,
}

/// The lab behind the interface.
struct JoinedHost {
    epoch: Instant,
    world: Option<Box<dyn World>>,
    programs: WindowPrograms,
    lab: FoundLab,
    sender: Sender<Msg>,
    /// The lab that follows the one that was looked at, which has ended; and its name.
    renewed: Arc<Mutex<Option<(JoinedLab, LabName)>>>,
    /// How the walk was made.
    made: Option<FreeOptions>,
    recordings: Recordings,
    lang: Lang,
}

/// How long a lab may be gone before that is told, where its process goes on: a lesson that starts again has a new one. How often
/// the next one is looked for until then, and later.
const RENEWED: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_millis(30);
const LATER: Duration = Duration::from_millis(500);

impl JoinedHost {
    /// Ends this process's part, and says how to go on. Returns the exit status.
    fn end(mut self, invocation: &Invocation, joining: &Joining, shown: &screen::ShownWalk) -> Result<u8, Exit> {
        // First the programs, as long as there is a lab to which they say what they do.
        for sentence in self.programs.end()? {
            let _ = writeln!(super::out::err(), "{sentence}");
        }
        drop(self.world.take());
        shown.pass_signal_on();
        std::mem::take(&mut self.recordings).finish(shown.app.lang())?;
        if let Phase::Failed(failure) = shown.app.walk().phase() {
            let lang = shown.app.lang();
            let texts = Texts::load(lang)?;
            let why = match failure {
                // Whoever looked at a lesson was told that the learner has left it, and nothing is amiss.
                Failure::LabGone | Failure::LabClosed
                    if self.lab.is_looked_at() && shown.app.walk().lesson().is_some() =>
                {
                    return Ok(0);
                }
                Failure::LabGone => texts.shared.lab_gone.clone(),
                other => fill(&texts.place.failed, &[("error", i18n::failure(lang, other))]),
            };
            let text = join(&texts.cli.error, &why);
            return Err(Exit { status: 1, text: format!("{text}\n") });
        }
        if !shown.drawn {
            return Ok(1);
        }
        let pid = std::process::id();
        let members = shown.app.walk().trace().present().members();
        let own = |member: &Member| member.pid == pid || self.programs.started().contains(&member.pid);
        let others = members.iter().filter(|member| !own(member)).count();
        let words = parting_words(joining, invocation.port);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        parting::say(&parting::lab(others, &self.lab.name.to_string(), &words, invocation, shown.app.lang())?);
        Ok(0)
    }

    /// Takes part in a lab that was joined: a walk of this generation hears what happens. Where who looks on has lost the lab,
    /// the one that follows it is joined.
    fn joined(&mut self, mut joined: JoinedLab, generation: u64) -> Result<OwnPart, Refused> {
        let (to_app, renewed, lab) = (self.sender.clone(), Arc::clone(&self.renewed), self.lab.clone());
        // A lab of programs may have moved into another process than the one that began it.
        let keeper = Arc::new(joined.take_keeper().filter(|_| joined.lesson().is_some()));
        let is_gone = |happening: &Happening| matches!(happening.what, HappeningKind::Failed(Failure::LabGone));
        joined.start(move |mut happened| match happened.pop_if(|last| lab.is_looked_at() && is_gone(last)) {
            Some(gone) => {
                if !happened.is_empty() {
                    let _ = to_app.send(Msg::World(generation, happened));
                }
                let (sender, renewed, lab) = (to_app.clone(), Arc::clone(&renewed), lab.clone());
                let (at, keeper) = (gone.at, Arc::clone(&keeper));
                let tell = move |failure| {
                    let happening = Happening { at, what: HappeningKind::Failed(failure) };
                    sender.send(Msg::World(generation, vec![happening])).is_ok()
                };
                let told = to_app.clone();
                let body = move || renew(&told, &renewed, &lab, keeper.as_ref().as_ref(), tell);
                if std::thread::Builder::new().name("renews".into()).spawn(body).is_err() {
                    let _ = to_app.send(Msg::World(generation, vec![gone]));
                }
            }
            // Where the interface has ended, nobody is left to be told.
            None => drop(to_app.send(Msg::World(generation, happened))),
        })?;
        self.epoch = joined.epoch();
        let (actors, lesson, member) = (joined.actors(), joined.lesson().cloned(), Some(joined.number()));
        Ok(OwnPart { world: Box::new(joined), actors, lesson, member })
    }

    /// Begins a lab here, with these sides.
    fn begun(
        &mut self,
        invocation: &Invocation,
        sides: Vec<Side>,
        beginning: Beginning,
        mut lock: Lock,
    ) -> Result<OwnPart, Exit> {
        let grounds = ProcessRights::prepare(invocation)?;
        let beginning = Arc::new(Mutex::new(Some(beginning)));
        let epoch = self.epoch;
        let (world, network) = keep::start(invocation, &grounds, |place| {
            let to_app = self.sender.clone();
            let sink = move |happened| drop(to_app.send(Msg::World(0, happened)));
            let successor = labs::successor(invocation, &self.lab.name);
            LinuxWorld::host(place, epoch, (sides.clone(), &beginning), successor, sink)
        })?;
        if world.mode() == Mode::Host {
            sockwalk::linux::give_up_all_rights(|name| std::env::var(name).ok())
                .map_err(screen::refused(invocation.lang))?;
        }
        if let Some(network) = network {
            lock.note_network(&self.lab.name, network).map_err(screen::trouble(invocation.lang))?;
        }
        let actors = sides.into_iter().map(Actor::from).collect();
        Ok(OwnPart { world: Box::new(world), actors, lesson: None, member: None })
    }

    fn options(&self, part: &OwnPart, server: SocketAddr) -> FreeOptions {
        let of = |shown: &ShownLesson| super::replay::lesson(&shown.name, shown.source.as_deref());
        let lesson = part.lesson.as_ref().and_then(of);
        let actors = part.actors.clone();
        FreeOptions {
            purpose: if self.lab.is_looked_at() { Purpose::Watch } else { Purpose::Drive(actors) },
            server: lesson.as_ref().map_or(server, |lesson| lesson.server),
            mode: part.world.mode(),
            wire: part.world.wire(),
            lab: Some(self.lab.name.to_string()),
            lesson,
        }
    }
}

/// Joins the lab that follows this one, as soon as there is one; until then the interface is told that its lab is gone: at once where
/// the process that kept it has ended.
fn renew(
    to_app: &Sender<Msg>,
    renewed: &Mutex<Option<(JoinedLab, LabName)>>,
    lab: &FoundLab,
    keeper: Option<&PidFd>,
    tell: impl Fn(Failure) -> bool,
) {
    let end = Instant::now() + RENEWED;
    let has_ended = || keeper.is_none_or(|keeper| is_readable_within(keeper, Duration::ZERO).unwrap_or(true));
    let mut told = None;
    loop {
        if let Ok(next) = lab.look_on() {
            *renewed.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
            let _ = to_app.send(Msg::Renewed);
            return;
        }
        let late = Instant::now() >= end;
        let known = keeper.is_some() || late;
        let failure = if known && has_ended() { Some(Failure::LabGone) } else { late.then_some(Failure::LabClosed) };
        if failure != told && failure.clone().is_some_and(|failure| !tell(failure)) {
            return;
        }
        told = failure;
        std::thread::sleep(if late { LATER } else { AGAIN });
    }
}

impl Host for JoinedHost {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn request(&mut self, request: Request) {
        if let Some(world) = &mut self.world {
            world.request(request);
        }
    }

    fn console_size(&mut self, size: (u16, u16)) {
        self.programs.resize(size);
    }

    fn type_in(&mut self, side: Side, bytes: Vec<u8>) {
        self.programs.type_in(side, bytes);
    }

    fn start_program(&mut self, side: Side) {
        self.programs.start(side);
    }

    fn went_on(&mut self, walk: &Walk) {
        self.programs.go_on(walk);
        self.recordings.write(walk.trace(), walk.lesson());
    }

    fn restart(&mut self, leaving: &Walk, generation: u64) -> Result<Opened, String> {
        // A lab that others share isn't made anew by one of them: only who looks on comes here, once the lab began anew.
        let renewed = self.renewed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some((joined, name)), Some(server)) = (renewed, self.made.as_ref().map(|made| made.server)) else {
            return Err(String::new());
        };
        self.lab.name = name;
        let part = self
            .joined(joined, generation)
            .map_err(|refused| i18n::refused(self.lang, &refused.attempt, &refused.error))?;
        let options = self.options(&part, server);
        self.recordings.write(leaving.trace(), leaving.lesson());
        if let Err(why) = self.recordings.make_file() {
            self.recordings.failed(why);
        }
        self.recordings.begin((part.world.mode(), part.world.wire()), part.lesson);
        self.world = Some(part.world);
        Ok(Opened { walk: Free::new(options, None).into(), reached: Default::default(), told: None })
    }

    fn speak(&mut self, lang: Lang) {
        self.programs.speak(lang);
        self.lang = lang;
    }

    fn catalogue(&mut self, _: &Walk) -> Result<Catalogue, String> {
        let say = |lang| {
            let texts = Texts::load(lang).map_err(|error| error.to_string())?;
            Ok::<_, String>(fill(&texts.shared.lesson_elsewhere, &[("lab", &self.lab.name)]))
        };
        let opens = Opens::Elsewhere(Localized::each(say)?);
        Ok(Catalogue { rows: Curriculum::unknown().rows(&LearnerProgress::peek()), opens, here: None })
    }

    fn open(&mut self, _: &str, _: &Walk, _: u64) -> Result<Option<Opened>, NotOpened> {
        // Who makes calls is in the lab's namespaces for good, and a lesson's lab is made from outside of them; who looks on shows
        // what others do.
        Ok(None)
    }
}
