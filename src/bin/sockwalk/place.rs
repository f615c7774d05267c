//! The place of a walk: the lab where the machine allows it, else the machine's own loopback.

use std::io;
use std::path::Path;
use std::time::Instant;

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::i18n::{self, Lang, Texts, escape, fill, join};
use sockwalk::lesson::Lesson;
use sockwalk::linux::shared::{SideProgram, Unsafe};
use sockwalk::linux::{self, LessonPeers, LinuxWorld, Refused, Rights, StartingWorld, WalkPlace, WatchSocket};
use sockwalk::model::{Mode, Need};
use sockwalk::walk::{Failure, Happening, Runner, WalkOptions, WireAbility};

use super::needs::{self, Lacking, Runnable, Survey};

/// What the process may do, decided once, before it has a second thread.
pub struct ProcessRights {
    /// The right to make labs; `None` where there is none, or none is wanted.
    rights: Option<Rights>,
    /// Why there is none, where one was wanted.
    refused: Option<Refused>,
    mode: ModeChoice,
    /// The language of what is said.
    lang: Lang,
}

/// A walk's world.
pub struct StartedWorld {
    /// The world.
    pub world: LinuxWorld,
    /// What the lab lacks, where the world is on the host for that.
    pub instead: Option<Vec<Need>>,
}

/// Why a lesson can't be run in one mode.
pub enum NotStarted {
    /// This machine's kernel refuses the value that the lesson gives to a setting; `name` is the setting's in the file.
    Setting { name: String, why: String },
    /// Anything else, as a sentence.
    Told(Exit),
}

impl From<Exit> for NotStarted {
    fn from(exit: Exit) -> NotStarted {
        NotStarted::Told(exit)
    }
}

/// Where a walk's world is to be made.
pub struct PlannedWorld {
    /// What the lesson needs of the lab; `None` where the world isn't to be there.
    lab: Option<Result<Vec<Need>, Obstacle>>,
}

impl PlannedWorld {
    /// Where it will be and what its wire will do, unless the system refuses that.
    pub fn expected(&self) -> Option<(Mode, WireAbility)> {
        let may_be = matches!(self.lab, Some(Ok(_)));
        may_be.then_some((Mode::Lab, WireAbility::Holds))
    }
}

/// A walk's world that may be being made in the lab already.
pub struct BegunWorld {
    epoch: Instant,
    /// `None` where it isn't to be in the lab.
    lab: Option<Result<StartingLab, Obstacle>>,
}

/// A lab that is being made.
struct StartingLab {
    starting: StartingWorld,
    /// What the lesson needs there.
    needs: Vec<Need>,
}

impl StartingLab {
    fn wait(self) -> Result<LinuxWorld, Obstacle> {
        let StartingLab { starting, needs } = self;
        // A setting that a lab doesn't have refuses its start. Only then is it worth the time to look for all of them.
        starting.wait().map_err(|refused| match linux::missing_in_lab(&needs) {
            Ok(missing) if !missing.is_empty() => Obstacle::Lacks(missing),
            _ => Obstacle::Refused(refused),
        })
    }
}

/// What opens a door for who looks on, once it is sure that there is something to look at.
pub type OpensWatchSocket<'a> = &'a dyn Fn() -> Option<WatchSocket>;

/// Why a lesson can't run in the lab.
enum Obstacle {
    Lacks(Vec<Need>),
    Refused(Refused),
}

/// Begins a world in a lab.
fn begin_in_lab(
    lesson: &Lesson,
    epoch: Instant,
    door: OpensWatchSocket<'_>,
    sink: impl Fn(Vec<Happening>) + Send + 'static,
) -> Result<StartingLab, Obstacle> {
    start_in_lab(needed_in_lab(lesson)?, lesson, epoch, door, sink)
}

/// What a lesson needs of the lab, as far as that can be told before there is one.
fn needed_in_lab(lesson: &Lesson) -> Result<Vec<Need>, Obstacle> {
    let needs = lesson.needs_in(Mode::Lab);
    let missing = linux::missing(&needs, Mode::Lab);
    if missing.is_empty() { Ok(needs) } else { Err(Obstacle::Lacks(missing)) }
}

fn start_in_lab(
    needs: Vec<Need>,
    lesson: &Lesson,
    epoch: Instant,
    door: OpensWatchSocket<'_>,
    sink: impl Fn(Vec<Happening>) + Send + 'static,
) -> Result<StartingLab, Obstacle> {
    let peers = LessonPeers { door: door(), programs: programs(lesson) };
    let starting = LinuxWorld::begin(WalkPlace::Lab(lesson.lab.clone()), epoch, peers, sink);
    Ok(StartingLab { starting: starting.map_err(Obstacle::Refused)?, needs })
}

/// The programs that play parts in a lesson.
fn programs(lesson: &Lesson) -> Vec<SideProgram> {
    let itself = Path::new("/proc/self/exe");
    lesson.programs.iter().map(|side| SideProgram::inside(itself, *side, lesson.server)).collect()
}

impl ProcessRights {
    /// Gains the rights that the chosen mode needs, and gives up all others.
    ///
    /// # Errors
    /// [`Exit`] where the lab was asked for by name and can't be had.
    pub fn prepare(invocation: &Invocation) -> Result<ProcessRights, Exit> {
        let variable = |name: &str| std::env::var(name).ok();
        let mut grounds = ProcessRights { rights: None, refused: None, mode: invocation.mode, lang: invocation.lang };
        if invocation.mode == ModeChoice::Host {
            linux::give_up_root(variable).map_err(|refused| grounds.no_host(&refused))?;
            return Ok(grounds);
        }
        match linux::gain_rights(variable) {
            Ok(rights) => grounds.rights = Some(rights),
            Err(refused) if invocation.mode == ModeChoice::Lab => return Err(grounds.no_lab(&refused)),
            Err(refused) => grounds.refused = Some(refused),
        }
        Ok(grounds)
    }

    /// What is said from now on is said in this language.
    pub fn speak(&mut self, lang: Lang) {
        self.lang = lang;
    }

    /// Where a lesson's world is to be made.
    pub fn plan(&self, lesson: &Lesson) -> PlannedWorld {
        let is_in_lab = self.rights.is_some() && lesson.modes.contains(&Mode::Lab);
        PlannedWorld { lab: is_in_lab.then(|| needed_in_lab(lesson)) }
    }

    /// Begins a world for a lesson, with such a door, as far as that waits for the lab: [`ProcessRights::finish`] waits for it.
    pub fn begin(
        &self,
        planned: PlannedWorld,
        lesson: &Lesson,
        epoch: Instant,
        door: OpensWatchSocket<'_>,
        sink: impl Fn(Vec<Happening>) + Send + 'static,
    ) -> BegunWorld {
        let start = |needs| start_in_lab(needs, lesson, epoch, door, sink);
        BegunWorld { epoch, lab: planned.lab.map(|needs| needs.and_then(start)) }
    }

    /// Waits for a world that was begun for the lesson: in the lab, or, where the mode is open and the lab is refused or lacks what
    /// the lesson needs, on the host. `door` and `sink` are those of one on the host.
    ///
    /// # Errors
    /// [`Exit`] with a sentence that says what was refused or is missing, and what helps.
    pub fn finish(
        &self,
        begun: BegunWorld,
        lesson: &Lesson,
        port: Option<u16>,
        door: OpensWatchSocket<'_>,
        sink: impl Fn(Vec<Happening>) + Send + Clone + 'static,
    ) -> Result<StartedWorld, Exit> {
        let BegunWorld { epoch, lab } = begun;
        let mut lacking = Lacking::default();
        if let Some(lab) = lab {
            // A lesson that has no other place is told why, whatever mode was asked for.
            let only = self.mode == ModeChoice::Lab || !lesson.modes.contains(&Mode::Host);
            match lab.and_then(StartingLab::wait) {
                Ok(world) => return Ok(StartedWorld { world, instead: None }),
                // Elsewhere the lesson would be another one than its author meant.
                Err(Obstacle::Refused(refused)) if refused.setting.is_some() => return Err(self.bad_setting(&refused)),
                Err(Obstacle::Refused(refused)) if only => return Err(self.no_lab_for(&refused, lesson)),
                Err(Obstacle::Lacks(needs)) => lacking.lab = Some(needs),
                Err(Obstacle::Refused(_)) => {}
            }
            if only {
                return Err(self.lacks(&lacking, lesson));
            }
        }
        if !lesson.modes.contains(&Mode::Host) {
            return Err(self.only_lab());
        }
        lacking.host = Some(linux::missing(&lesson.needs_in(Mode::Host), Mode::Host)).filter(|needs| !needs.is_empty());
        if lacking.host.is_some() {
            return Err(self.lacks(&lacking, lesson));
        }
        let world = self.start_on_host(lesson, port, epoch, door, sink)?;
        Ok(StartedWorld { world, instead: lacking.lab })
    }

    fn start_on_host(
        &self,
        lesson: &Lesson,
        port: Option<u16>,
        epoch: Instant,
        door: OpensWatchSocket<'_>,
        sink: impl Fn(Vec<Happening>) + Send + Clone + 'static,
    ) -> Result<LinuxWorld, Exit> {
        let mut server = lesson.server;
        server.set_port(port.unwrap_or(server.port()));
        linux::check_address(server).map_err(|error| self.address_refused(server, &error))?;
        let peers = LessonPeers { door: door(), ..LessonPeers::default() };
        LinuxWorld::start_with(WalkPlace::Host, epoch, peers, sink).map_err(|refused| self.no_host(&refused))
    }

    /// Whether a mode was asked for, if only by asking for none.
    pub fn wants(&self, mode: Mode) -> bool {
        match self.mode {
            ModeChoice::Auto => true,
            ModeChoice::Lab => mode == Mode::Lab,
            ModeChoice::Host => mode == Mode::Host,
        }
    }

    /// Starts a world for a lesson in this mode and in no other.
    ///
    /// # Errors
    /// As [`ProcessRights::finish`].
    pub fn start_in(
        &self,
        mode: Mode,
        lesson: &Lesson,
        port: Option<u16>,
        epoch: Instant,
        sink: impl Fn(Vec<Happening>) + Send + Clone + 'static,
    ) -> Result<LinuxWorld, NotStarted> {
        match (mode, self.rights) {
            (Mode::Host, _) => match linux::missing(&lesson.needs_in(mode), mode) {
                missing if missing.is_empty() => Ok(self.start_on_host(lesson, port, epoch, &|| None, sink)?),
                missing => Err(self.exit(|t| needs::missing(&missing, &t.needs)).into()),
            },
            (Mode::Lab, None) => Err(self.only_lab().into()),
            (Mode::Lab, Some(_)) => {
                begin_in_lab(lesson, epoch, &|| None, sink).and_then(StartingLab::wait).map_err(|obstacle| {
                    match obstacle {
                        Obstacle::Refused(Refused { setting: Some(name), error, .. }) => {
                            NotStarted::Setting { name, why: i18n::cause(self.lang, &error) }
                        }
                        Obstacle::Refused(refused) => self.no_lab(&refused).into(),
                        Obstacle::Lacks(missing) => self.exit(|t| needs::missing(&missing, &t.needs)).into(),
                    }
                })
            }
        }
    }

    /// Whether a lesson can run here, in one of the modes that were asked for.
    pub fn allows(&self, lesson: &Lesson, survey: &Survey) -> bool {
        let runs = |mode: &Mode| self.wants(*mode) && survey.verdict(lesson, *mode) == Runnable::Runs;
        lesson.modes.iter().any(runs)
    }

    fn lacks(&self, lacking: &Lacking, lesson: &Lesson) -> Exit {
        self.exit(|t| lacking.sentence(lesson, self.mode, &t.needs))
    }

    /// A sentence for a world that can't go on.
    pub fn failed(&self, failure: &Failure) -> Exit {
        self.exit(|t| fill(&t.place.failed, &[("error", i18n::failure(self.lang, failure))]))
    }

    /// Whether labs can be made.
    pub fn has_rights(&self) -> bool {
        self.rights.is_some()
    }

    /// A sentence for a folder in which no lab can be named.
    pub fn no_folder(&self, error: &Unsafe) -> Exit {
        self.exit(|t| fill(&t.shared.no_folder, &[("error", unsafe_folder(error, self.lang))]))
    }

    /// A sentence for what is no lab's name.
    pub fn bad_name(&self, name: &str) -> Exit {
        self.exit(|t| fill(&t.shared.bad_name, &[("name", &escape(name))]))
    }

    /// A sentence for a loopback that can't be used.
    pub fn no_host(&self, refused: &Refused) -> Exit {
        self.exit(|t| self.refused(&t.place.no_host, refused))
    }

    /// A sentence for a lab that can't be made.
    pub fn no_lab(&self, refused: &Refused) -> Exit {
        self.exit(|t| self.refused(&t.place.no_lab, refused))
    }

    /// The same where a lesson was to run in it: it may run elsewhere.
    fn no_lab_for(&self, refused: &Refused, lesson: &Lesson) -> Exit {
        self.exit(|t| {
            let sentence = self.refused(&t.place.no_lab, refused);
            let elsewhere = lesson.modes.contains(&Mode::Host).then_some(t.needs.try_host.as_str());
            elsewhere.map_or(sentence.clone(), |elsewhere| join(&sentence, elsewhere))
        })
    }

    /// A sentence for a lesson of the lab alone, where there is none: because none is wanted, or none can be had.
    fn only_lab(&self) -> Exit {
        self.exit(|t| match (&self.refused, self.mode) {
            (_, ModeChoice::Host) => t.place.not_on_host.clone(),
            (Some(refused), _) => self.refused(&t.place.only_lab, refused),
            (None, _) => fill(&t.place.only_lab, &[("error", "?")]),
        })
    }

    /// A sentence for a value in the lesson's file that this kernel doesn't take.
    fn bad_setting(&self, refused: &Refused) -> Exit {
        self.exit(|t| self.refused(&t.place.bad_setting, refused))
    }

    fn address_refused(&self, server: std::net::SocketAddr, error: &io::Error) -> Exit {
        let first = first_open_port();
        let other = other_port(server.port(), first);
        self.exit(|t| {
            let text = match error.kind() {
                io::ErrorKind::AddrInUse => &t.place.port_in_use,
                io::ErrorKind::PermissionDenied => &t.place.port_refused,
                _ => &t.place.address_refused,
            };
            let filled: [(&str, &dyn std::fmt::Display); 5] = [
                ("address", &server),
                ("port", &server.port()),
                ("first", &first),
                ("other", &other),
                ("error", &i18n::cause(self.lang, error)),
            ];
            fill(text, &filled)
        })
    }

    fn refused(&self, text: &str, refused: &Refused) -> String {
        fill(text, &[("error", i18n::refused(self.lang, &refused.attempt, &refused.error))])
    }

    /// A sentence, of the words in the language.
    fn exit(&self, sentence: impl FnOnce(&'static Texts) -> String) -> Exit {
        match Texts::load(self.lang) {
            Ok(texts) => Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence(texts))) },
            Err(broken) => broken.into(),
        }
    }
}

/// The first port that everybody may use (`ip_unprivileged_port_start` of `ip(7)`).
fn first_open_port() -> u32 {
    let setting = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    setting.ok().and_then(|text| text.trim().parse().ok()).unwrap_or(1024)
}

/// A port to choose instead of this one, where everybody may use those from `first` on: 8000 where it can be, as
/// everywhere in this program.
fn other_port(port: u16, first: u32) -> u32 {
    let usual = first.max(8000);
    if u32::from(port) == usual { usual + 1 } else { usual }
}

/// Becomes the user that called the program, where it was called through `sudo`, and gives up root's rights: for what makes
/// no walk.
///
/// # Errors
/// [`Exit`] where the system refuses it.
pub fn become_user(lang: Lang) -> Result<(), Exit> {
    let variable = |name: &str| std::env::var(name).ok();
    let texts = Texts::load(lang)?;
    linux::give_up_all_rights(variable).map_err(|refused| {
        let refused = i18n::refused(lang, &refused.attempt, &refused.error);
        Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &refused)) }
    })
}

/// Why the folder of the labs can't be used.
pub fn unsafe_folder(error: &Unsafe, lang: Lang) -> String {
    match error {
        Unsafe::System(path, error) => named(path, error, lang),
        Unsafe::Others(path) => escape(path.as_os_str().as_encoded_bytes()),
    }
}

/// What the system said of a file.
pub fn named(path: &Path, error: &io::Error, lang: Lang) -> String {
    format!("{}: {}", escape(path.as_os_str().as_encoded_bytes()), i18n::cause(lang, error))
}

/// The runner for a world: where that is, and what its wire does.
pub fn runner(
    lesson: &std::sync::Arc<Lesson>,
    (mode, wire): (Mode, WireAbility),
    invocation: &Invocation,
    options: Waits,
) -> Runner {
    let options = WalkOptions { mode, wire, patience: options.patience, port: invocation.port, timers: options.timers };
    Runner::new(std::sync::Arc::clone(lesson), options)
}

/// What a walk waits for.
#[derive(Clone, Copy)]
pub struct Waits {
    /// How long a claim may take to become true.
    pub patience: std::time::Duration,
    /// Whether steps that wait for a long timer of the kernel belong to it.
    pub timers: bool,
}

#[cfg(test)]
mod tests {
    use super::other_port;

    #[test]
    fn the_port_that_is_offered_can_be_had_and_is_another_one() {
        for (port, first, other) in
            [(80, 1024, 8000), (8000, 1024, 8001), (9000, 1024, 8000), (8000, 9000, 9000), (9000, 9000, 9001)]
        {
            assert_eq!(other_port(port, first), other, "{port} {first}");
        }
    }
}
