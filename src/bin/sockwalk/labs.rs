//! Which shared lab is meant, and how it comes to be.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::low_level::signal_name;
use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::i18n::{self, Lang, SharedTexts, Texts, cause, escape, fill, join};
use sockwalk::linux::shared::{Beginning, Denial, Denied, JoinedLab, LabFolder, LabName, Lock, Unlocked};
use sockwalk::model::{Mode, Role};
use sockwalk::walk::World;

use super::keep::{READY, TAKEN};
use super::place::{named, unsafe_folder};

/// The most that a daemon says before it is ready, in bytes.
const LONGEST: u64 = 1 << 16;

/// How long a daemon may take to start.
const START: Duration = Duration::from_secs(15);

/// How long an earlier daemon may take to leave.
const LEAVING: Duration = Duration::from_secs(10);

/// How soon a lab whose daemon leaves is looked for again.
const AGAIN: Duration = Duration::from_millis(10);

/// So many programs are named that were left behind.
const LISTED: usize = 5;

/// A lab, as it is found.
#[derive(Clone, Debug)]
pub struct FoundLab {
    folder: LabFolder,
    /// Its name.
    pub name: LabName,
    role: Role,
}

impl FoundLab {
    /// Whether it is only looked at.
    pub fn is_looked_at(&self) -> bool {
        self.role == Role::Watches
    }

    /// Joins the lab that has this name now, to look on; of a lesson, where there is none, the one that runs: whoever is
    /// looked at has opened another lesson. With its name.
    ///
    /// # Errors
    /// [`Denied`] says why not.
    pub fn look_on(&self) -> Result<(JoinedLab, LabName), Denied> {
        let join = |name: &LabName| Ok((JoinedLab::join(&self.folder, name, Role::Watches)?, name.clone()));
        join(&self.name).or_else(|denied| match self.folder.labs().as_deref() {
            Ok([one]) if self.folder.is_of_lessons() => join(one),
            _ => Err(denied),
        })
    }
}

/// How a process comes into a lab.
pub enum Entered {
    /// It was there.
    Joined(Box<JoinedLab>),
    /// It begins here: its name is taken, and nobody else starts one until the lock is dropped.
    Begins(Beginning, Lock),
}

/// The user's labs.
pub struct Labs {
    folder: LabFolder,
    texts: &'static SharedTexts,
    error: &'static str,
    lang: Lang,
}

impl Labs {
    /// Opens the folder in which they are found. Root becomes the user that called `sudo` first: the labs are that user's.
    ///
    /// # Errors
    /// [`Exit`] where the folder isn't safe, or root's rights can't be given up.
    pub fn open(invocation: &Invocation) -> Result<Labs, Exit> {
        let (texts, lang) = (Texts::load(invocation.lang)?, invocation.lang);
        sockwalk::linux::give_up_root_for_a_lab(|name| std::env::var(name).ok()).map_err(|refused| {
            let why = i18n::refused(lang, &refused.attempt, &refused.error);
            exit(texts, &texts.shared.no_join, why)
        })?;
        Labs::with_own_rights(invocation)
    }

    /// The same for a process that has no rights but those over the lab, which a window has given to it.
    ///
    /// # Errors
    /// [`Exit`] where the folder isn't safe.
    pub fn with_own_rights(invocation: &Invocation) -> Result<Labs, Exit> {
        let (texts, lang) = (Texts::load(invocation.lang)?, invocation.lang);
        let unsafe_folder = |error| exit(texts, &texts.shared.no_folder, unsafe_folder(&error, lang));
        let folder = LabFolder::open(|name| std::env::var(name).ok()).map_err(unsafe_folder)?;
        Ok(Labs { folder, texts: &texts.shared, error: &texts.cli.error, lang })
    }

    /// Joins the lab that is meant or, where it isn't there, takes its name: it is to begin in this process. The process must
    /// have no second thread.
    ///
    /// # Errors
    /// [`Exit`] says what is in the way.
    pub fn enter(&self, invocation: &Invocation, lab: Option<&str>, role: Role) -> Result<(Entered, FoundLab), Exit> {
        let chosen = self.choose(lab, role)?;
        if chosen.folder == self.folder
            && matches!(chosen.role, Role::Drives(_))
            && let Some(lock) = self.lock_where_absent(&chosen.name)?
        {
            let begun = self.folder.begin(&lock, &chosen.name).map_err(|error| self.no_folder(&error))?;
            return Ok((Entered::Begins(begun, lock), chosen));
        }
        let (joined, lab) = self.join_chosen(invocation, chosen)?;
        Ok((Entered::Joined(Box::new(joined)), lab))
    }

    /// Joins the lab that is meant, and starts it where it isn't there. The process must have no second thread.
    ///
    /// # Errors
    /// [`Exit`] says what is in the way.
    pub fn join(&self, invocation: &Invocation, lab: Option<&str>, role: Role) -> Result<(JoinedLab, FoundLab), Exit> {
        self.join_chosen(invocation, self.choose(lab, role)?)
    }

    /// Joins the lab that is meant for programs, to look on; starts it where it isn't there.
    ///
    /// # Errors
    /// [`Exit`] says what is in the way.
    pub fn look_on(&self, invocation: &Invocation, lab: Option<&str>) -> Result<(JoinedLab, FoundLab), Exit> {
        let chosen = self.choose(lab, Role::Runs(String::new()))?;
        self.join_chosen(invocation, FoundLab { role: Role::Watches, ..chosen })
    }

    fn join_chosen(&self, invocation: &Invocation, chosen: FoundLab) -> Result<(JoinedLab, FoundLab), Exit> {
        let FoundLab { folder, name, role } = chosen;
        let end = Instant::now() + LEAVING;
        let joined = loop {
            if folder == self.folder {
                self.see_to_it(invocation, &name)?;
            }
            match JoinedLab::join(&folder, &name, role.clone()) {
                Ok(joined) => break joined,
                // Its last member has just left it: there will be another one.
                Err(Denied::Leaving) if Instant::now() < end => thread::sleep(AGAIN),
                Err(denied) => return Err(self.denied(&name, &denied)),
            }
        };
        let (mode, wanted) = (joined.mode(), invocation.mode);
        let other = matches!((mode, wanted), (Mode::Lab, ModeChoice::Host) | (Mode::Host, ModeChoice::Lab));
        if other {
            return Err(
                self.exit(&fill(&self.texts.other_mode, &[("lab", &name as &dyn Display), ("mode", &mode.name())]))
            );
        }
        Ok((joined, FoundLab { folder, name, role }))
    }

    /// Starts the lab where it isn't there.
    fn see_to_it(&self, invocation: &Invocation, name: &LabName) -> Result<(), Exit> {
        let Some(mut lock) = self.lock_where_absent(name)? else { return Ok(()) };
        if let Some(daemon) = self.start(invocation, name)? {
            lock.note(name, daemon).map_err(|error| self.no_folder(&error))?;
        }
        Ok(())
    }

    fn no_folder(&self, error: &io::Error) -> Exit {
        self.exit(&fill(&self.texts.no_folder, &[("error", cause(self.lang, error))]))
    }

    /// Holds off everybody else who would start a lab, where this one isn't there; `None` where it is.
    fn lock_where_absent(&self, name: &LabName) -> Result<Option<Lock>, Exit> {
        if self.running()?.contains(name) {
            return Ok(None);
        }
        let unlocked = |error: Unlocked| {
            let path = |path: &Path| escape(path.as_os_str().as_encoded_bytes());
            self.exit(&match &error {
                Unlocked::System(path, error) => {
                    fill(&self.texts.no_folder, &[("error", named(path, error, self.lang))])
                }
                Unlocked::Held(held) => fill(&self.texts.lock_held, &[("path", path(held))]),
                Unlocked::Foreign(foreign) => fill(&self.texts.lock_foreign, &[("path", path(foreign))]),
            })
        };
        let lock = self.folder.lock().map_err(unlocked)?;
        let living = self.running()?;
        if living.contains(name) {
            return Ok(None);
        }
        let left = self.folder.left_behind(&lock, name, &living).map_err(|error| self.no_folder(&error))?;
        if !left.is_empty() {
            let one = |(pid, program): &(u32, String)| format!("{} ({pid})", escape(program));
            let programs = self.lang.list(left.iter().take(LISTED).map(one));
            return Err(
                self.exit(&fill(&self.texts.left_behind, &[("lab", name as &dyn Display), ("programs", &programs)]))
            );
        }
        Ok(Some(lock))
    }

    fn running(&self) -> Result<Vec<LabName>, Exit> {
        self.folder.labs().map_err(|error| self.no_folder(&error))
    }

    /// The lab that is meant: who looks on may mean a lesson's too.
    fn choose(&self, lab: Option<&str>, role: Role) -> Result<FoundLab, Exit> {
        let lessons = self.folder.of_lessons();
        let of = |folder: &LabFolder, name| FoundLab { folder: folder.clone(), name, role: role.clone() };
        let mut running: Vec<FoundLab> = self.running()?.into_iter().map(|name| of(&self.folder, name)).collect();
        if role == Role::Watches {
            let watched = lessons.labs().map_err(|error| self.no_folder(&error))?;
            running.extend(watched.into_iter().map(|name| of(&lessons, name)));
        }
        if let Some(lab) = lab {
            let wrong = || self.exit(&fill(&self.texts.bad_name, &[("name", &escape(lab))]));
            let name = LabName::new(lab).ok_or_else(wrong)?;
            let there = running.into_iter().find(|running| running.name == name);
            return Ok(there.unwrap_or_else(|| of(&self.folder, name)));
        }
        match running.len() {
            0 => Ok(of(&self.folder, LabName::default())),
            1 => Ok(running.remove(0)),
            _ => self.ask(running),
        }
    }

    /// Several run: which one is meant?
    fn ask(&self, mut running: Vec<FoundLab>) -> Result<FoundLab, Exit> {
        let names = self.lang.list(running.iter().map(|lab| lab.name.to_string()));
        let several = || self.exit(&fill(&self.texts.several, &[("names", &names)]));
        if !io::stdin().is_terminal() || !super::out::err_is_terminal() {
            return Err(several());
        }
        let mut err = super::out::err();
        let _ = writeln!(err, "{}", self.texts.which);
        for (n, lab) in running.iter().enumerate() {
            let _ = writeln!(err, "  {}  {}", n + 1, lab.name);
        }
        let mut line = String::new();
        let _ = io::stdin().lock().take(100).read_line(&mut line);
        let line = line.trim();
        let by_number = line.parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|n| *n < running.len());
        match by_number.or_else(|| running.iter().position(|lab| lab.name.to_string() == line)) {
            Some(n) => Ok(running.swap_remove(n)),
            None => Err(several()),
        }
    }

    /// Starts the daemon and waits until the lab is there. Its process; `None` where an earlier one is just about to leave
    /// the name.
    fn start(&self, invocation: &Invocation, name: &LabName) -> Result<Option<u32>, Exit> {
        let cant = |error| self.exit(&fill(&self.texts.no_keeper, &[("error", cause(self.lang, &error))]));
        let mut daemon = calls_itself(invocation, &["keep", &name.to_string()])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(cant)?;
        let mut said = String::new();
        if let Some(out) = daemon.stdout.take() {
            if !sockwalk::linux::is_readable_within(&out, START).map_err(cant)? {
                // It was stopped, or the machine stands still: it must not take the name later.
                let _ = daemon.kill();
                let _ = daemon.wait();
                let silent = [("lab", name as &dyn Display), ("pid", &daemon.id())];
                return Err(self.exit(&fill(&self.texts.silent, &silent)));
            }
            let mut out = BufReader::new(out.take(LONGEST));
            out.read_line(&mut said).map_err(cant)?;
            match said.trim_end() {
                READY => return Ok(Some(daemon.id())),
                TAKEN => {
                    let _ = daemon.wait();
                    return Ok(None);
                }
                _ => {}
            }
            let _ = out.read_to_string(&mut said);
        }
        let ended = daemon.wait();
        Err(match not_kept(&said, &ended, self.texts, self.lang) {
            Some(sentence) => self.exit(&sentence),
            // The daemon's own sentence, in the same language.
            None => Exit { status: 1, text: said },
        })
    }

    fn denied(&self, name: &LabName, denied: &Denied) -> Exit {
        let t = self.texts;
        self.exit(&match denied {
            Denied::Denial(Denial::Version(version)) => fill(&t.other_version, &[("version", version)]),
            Denied::Denial(Denial::Full) => t.full.clone(),
            Denied::Denial(Denial::Lesson) => fill(&t.lesson_runs, &[("lab", name)]),
            Denied::Refused(refused) => {
                fill(&t.no_join, &[("error", i18n::refused(self.lang, &refused.attempt, &refused.error))])
            }
            Denied::Garbled => t.garbled.clone(),
            Denied::Leaving => t.leaving.clone(),
            Denied::Silent(0) => fill(&t.no_answer, &[("lab", name)]),
            Denied::Silent(pid) => fill(&t.silent, &[("lab", name as &dyn Display), ("pid", pid)]),
        })
    }

    fn exit(&self, sentence: &str) -> Exit {
        Exit { status: 1, text: format!("{}\n", join(self.error, sentence)) }
    }
}

fn exit(texts: &Texts, text: &str, why: String) -> Exit {
    Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &fill(text, &[("error", why)]))) }
}

/// This program once more, in the same mode and language.
pub fn calls_itself(invocation: &Invocation, words: &[&str]) -> Command {
    let mode = match invocation.mode {
        ModeChoice::Auto => "auto",
        ModeChoice::Lab => "lab",
        ModeChoice::Host => "host",
    };
    let mut command = Command::new("/proc/self/exe");
    command.args(["--mode", mode, "--lang", invocation.lang.code()]).args(words);
    command
}

/// What starts the process in which a lab goes on that has begun in this one.
pub fn successor(invocation: &Invocation, name: &LabName) -> impl Fn() -> Command + Send + 'static {
    let (invocation, name) = (invocation.clone(), name.to_string());
    move || calls_itself(&invocation, &["adopt", &name])
}

/// What is told of a daemon that ended instead of keeping the lab; `None` where it has said itself why.
fn not_kept(said: &str, ended: &io::Result<ExitStatus>, texts: &SharedTexts, lang: Lang) -> Option<String> {
    let silent = said.trim().is_empty();
    silent.then(|| match ended {
        Ok(status) => match status.signal() {
            Some(signal) => {
                let name = signal_name(signal).map_or_else(|| signal.to_string(), str::to_owned);
                fill(&texts.keeper_killed, &[("signal", name)])
            }
            None => fill(&texts.keeper_silent, &[("status", status.code().unwrap_or_default())]),
        },
        Err(error) => fill(&texts.no_keeper, &[("error", cause(lang, error))]),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_that_is_not_kept_is_told_with_its_reason() {
        for lang in Lang::all() {
            let texts = &Texts::load(lang).unwrap().shared;
            let killed = || Ok(ExitStatus::from_raw(libc::SIGKILL));
            let lost = || Err(io::Error::from_raw_os_error(libc::ECHILD));
            let exited = || Ok(ExitStatus::from_raw(3 << 8));
            for (ended, reason) in [(killed(), "SIGKILL"), (exited(), "3"), (lost(), "ECHILD")] {
                for silent in ["", "\n"] {
                    let told = not_kept(silent, &ended, texts, lang).unwrap();
                    assert!(told.contains(reason) && !told.contains(['?', '{', '？']), "{told}");
                }
                assert_eq!(not_kept("error: no folder\n", &ended, texts, lang), None, "it has said so itself");
            }
        }
    }
}
