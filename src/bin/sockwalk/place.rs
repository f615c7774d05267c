//! The place of a walk: the lab where the machine allows it, else the machine's own loopback.

use std::time::Instant;

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::engine::{Failure, Happening, Runner, WalkOptions, World};
use sockwalk::i18n::{Lang, NeedTexts, PlaceTexts, SharedTexts, Texts, fill, join};
use sockwalk::lesson::Lesson;
use sockwalk::linux::{self, LinuxWorld, Place, Refused, Rights};
use sockwalk::model::{Mode, Need};

use super::needs::{self, Lacking, Survey, Verdict};

/// What the process may do, decided once, before it has a second thread.
pub struct Grounds {
    /// The right to make labs; `None` where there is none, or none is wanted.
    rights: Option<Rights>,
    mode: ModeChoice,
    texts: &'static PlaceTexts,
    shared: &'static SharedTexts,
    needs: &'static NeedTexts,
    error: &'static str,
}

/// A walk's world.
pub struct Started {
    /// The world.
    pub world: LinuxWorld,
    /// What the lab lacks, where the world is on the host for that.
    pub instead: Option<Vec<Need>>,
}

/// Why a lesson can't run in the lab.
enum Obstacle {
    Lacks(Vec<Need>),
    Refused(Refused),
}

/// Starts a world in a lab.
fn start_in_lab(
    lesson: &Lesson,
    epoch: Instant,
    sink: impl Fn(Happening) + Send + 'static,
) -> Result<LinuxWorld, Obstacle> {
    let needs = lesson.needs_in(Mode::Lab);
    let missing = linux::missing(&needs, Mode::Lab);
    if !missing.is_empty() {
        return Err(Obstacle::Lacks(missing));
    }
    // A setting that a lab doesn't have refuses its start. Only then is it worth the time to look for all of them.
    LinuxWorld::start(Place::Lab(lesson.lab.clone()), epoch, sink).map_err(|refused| {
        match linux::missing_in_lab(&needs) {
            Ok(missing) if !missing.is_empty() => Obstacle::Lacks(missing),
            _ => Obstacle::Refused(refused),
        }
    })
}

impl Grounds {
    /// Gains the rights that the chosen mode needs, and gives up all others.
    ///
    /// # Errors
    /// [`Exit`] where the lab was asked for by name and can't be had.
    pub fn prepare(invocation: &Invocation) -> Result<Grounds, Exit> {
        let texts = Texts::load(invocation.lang)?;
        let variable = |name: &str| std::env::var(name).ok();
        let mut grounds = Grounds {
            rights: None,
            mode: invocation.mode,
            texts: &texts.place,
            shared: &texts.shared,
            needs: &texts.needs,
            error: &texts.cli.error,
        };
        if invocation.mode == ModeChoice::Host {
            linux::give_up_root(variable)
                .map_err(|refused| grounds.exit(&fill_error(&texts.place.no_host, &refused)))?;
            return Ok(grounds);
        }
        match linux::gain_rights(variable) {
            Ok(rights) => grounds.rights = Some(rights),
            Err(refused) if invocation.mode == ModeChoice::Lab => return Err(grounds.no_lab(&refused)),
            Err(_) => {}
        }
        Ok(grounds)
    }

    /// Starts a world for a lesson: in the lab, or, where the mode is open and the lab is refused or lacks what the lesson
    /// needs, on the host.
    ///
    /// # Errors
    /// [`Exit`] with a sentence that says what was refused or is missing, and what helps.
    pub fn start(
        &self,
        lesson: &Lesson,
        port: Option<u16>,
        epoch: Instant,
        sink: impl Fn(Happening) + Send + Clone + 'static,
    ) -> Result<Started, Exit> {
        let mut lacking = Lacking::default();
        if self.rights.is_some() && lesson.modes.contains(&Mode::Lab) {
            // A lesson that has no other place is told why, whatever mode was asked for.
            let only = self.mode == ModeChoice::Lab || !lesson.modes.contains(&Mode::Host);
            match start_in_lab(lesson, epoch, sink.clone()) {
                Ok(world) => return Ok(Started { world, instead: None }),
                Err(Obstacle::Refused(refused)) if only => return Err(self.no_lab(&refused)),
                Err(Obstacle::Lacks(needs)) => lacking.lab = Some(needs),
                Err(Obstacle::Refused(_)) => {}
            }
            if only {
                return Err(self.lacks(&lacking, lesson));
            }
        }
        if !lesson.modes.contains(&Mode::Host) {
            return Err(self.exit(&self.texts.only_lab));
        }
        lacking.host = Some(linux::missing(&lesson.needs_in(Mode::Host), Mode::Host)).filter(|needs| !needs.is_empty());
        if lacking.host.is_some() {
            return Err(self.lacks(&lacking, lesson));
        }
        let world = self.start_on_host(lesson, port, epoch, sink)?;
        Ok(Started { world, instead: lacking.lab })
    }

    fn start_on_host(
        &self,
        lesson: &Lesson,
        port: Option<u16>,
        epoch: Instant,
        sink: impl Fn(Happening) + Send + Clone + 'static,
    ) -> Result<LinuxWorld, Exit> {
        let mut server = lesson.server;
        server.set_port(port.unwrap_or(server.port()));
        linux::check_address(server).map_err(|error| self.address_refused(server, &error))?;
        LinuxWorld::start(Place::Host, epoch, sink)
            .map_err(|refused| self.exit(&fill_error(&self.texts.no_host, &refused)))
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
    /// As [`Grounds::start`].
    pub fn start_in(
        &self,
        mode: Mode,
        lesson: &Lesson,
        port: Option<u16>,
        epoch: Instant,
        sink: impl Fn(Happening) + Send + Clone + 'static,
    ) -> Result<LinuxWorld, Exit> {
        match (mode, self.rights) {
            (Mode::Host, _) => match linux::missing(&lesson.needs_in(mode), mode) {
                missing if missing.is_empty() => self.start_on_host(lesson, port, epoch, sink),
                missing => Err(self.exit(&needs::missing(&missing, self.needs))),
            },
            (Mode::Lab, None) => Err(self.exit(&self.texts.only_lab)),
            (Mode::Lab, Some(_)) => start_in_lab(lesson, epoch, sink).map_err(|obstacle| match obstacle {
                Obstacle::Refused(refused) => self.no_lab(&refused),
                Obstacle::Lacks(missing) => self.exit(&needs::missing(&missing, self.needs)),
            }),
        }
    }

    /// Whether a lesson can run here, in one of the modes that were asked for.
    pub fn allows(&self, lesson: &Lesson, survey: &Survey) -> bool {
        let runs = |mode: &Mode| self.wants(*mode) && survey.verdict(lesson, *mode) == Verdict::Runs;
        lesson.modes.iter().any(runs)
    }

    fn lacks(&self, lacking: &Lacking, lesson: &Lesson) -> Exit {
        self.exit(&lacking.sentence(lesson, self.mode, self.needs))
    }

    /// A sentence for a world that can't go on.
    pub fn failed(&self, failure: &Failure) -> Exit {
        self.exit(&fill_error(&self.texts.failed, failure))
    }

    /// Whether labs can be made.
    pub fn has_rights(&self) -> bool {
        self.rights.is_some()
    }

    /// A sentence for a folder in which no lab can be named.
    pub fn no_folder(&self, error: &dyn std::fmt::Display) -> Exit {
        self.exit(&fill(&self.shared.no_folder, &[("error", error)]))
    }

    /// A sentence for what is no lab's name.
    pub fn bad_name(&self, name: &str) -> Exit {
        self.exit(&fill(&self.shared.bad_name, &[("name", &sockwalk::i18n::escape(name))]))
    }

    /// A sentence for a loopback that can't be used.
    pub fn no_host(&self, refused: &Refused) -> Exit {
        self.exit(&fill_error(&self.texts.no_host, refused))
    }

    /// A sentence for a lab that can't be made.
    pub fn no_lab(&self, refused: &Refused) -> Exit {
        self.exit(&fill_error(&self.texts.no_lab, refused))
    }

    fn address_refused(&self, server: std::net::SocketAddr, error: &std::io::Error) -> Exit {
        let text = match error.kind() {
            std::io::ErrorKind::AddrInUse => &self.texts.port_in_use,
            std::io::ErrorKind::PermissionDenied => &self.texts.port_refused,
            _ => &self.texts.address_refused,
        };
        self.exit(&fill(
            text,
            &[("address", &server as &dyn std::fmt::Display), ("port", &server.port()), ("error", error)],
        ))
    }

    fn exit(&self, sentence: &str) -> Exit {
        Exit { status: 1, text: format!("{}\n", join(self.error, sentence)) }
    }
}

/// Becomes the user that called the program, where it was called through `sudo`: for what makes no walk.
///
/// # Errors
/// [`Exit`] where the system refuses it.
pub fn become_user(lang: Lang) -> Result<(), Exit> {
    let variable = |name: &str| std::env::var(name).ok();
    let texts = Texts::load(lang)?;
    linux::give_up_root(variable)
        .map_err(|refused| Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &refused.to_string())) })
}

fn fill_error(text: &str, error: &dyn std::fmt::Display) -> String {
    fill(text, &[("error", error)])
}

/// The runner for a world.
pub fn runner(lesson: &std::sync::Arc<Lesson>, world: &LinuxWorld, invocation: &Invocation, options: Waits) -> Runner {
    let options = WalkOptions {
        mode: world.mode(),
        wire: world.wire(),
        patience: options.patience,
        port: invocation.port,
        timers: options.timers,
    };
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
