//! The command line: plain data out, nothing is done here.
//!
//! clap reads it; help and errors are worded here, in the learner's language.

mod args;
mod errors;
mod help;
mod target;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Command, CommandFactory, FromArgMatches};

pub use args::{Format, ModeChoice, ReplayOutput, Target, ThemeChoice};
pub use target::{find, load, open};

use crate::i18n::{BrokenTexts, Glyphs, Lang, Languages, Texts};
use crate::model::Side;
use crate::walk::Answer;

/// The lesson that is opened where none is named.
pub const FIRST_LESSON: &str = "handshake";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The language: that of `--lang`, else the locale's.
    pub lang: Lang,
    /// Another language that was wanted, and that the terminal's characters can't show.
    pub lacks_lang: Option<Lang>,
    /// Where to run.
    pub mode: ModeChoice,
    /// The colours.
    pub theme: ThemeChoice,
    /// Another port for the lesson's server; `None` keeps the lesson's.
    pub port: Option<u16>,
    /// What to do.
    pub task: Task,
}

/// The command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Open a lesson in the terminal.
    Learn {
        /// Which lesson; `None` goes on where the learner stopped.
        target: Option<Target>,
        /// Whether it begins at its start also where the learner stopped within it.
        from_start: bool,
        /// Where everything that happens is written.
        record: Option<PathBuf>,
    },
    /// Run a lesson without keys and print what happens.
    Play {
        /// Which lesson.
        target: Target,
        /// What is printed.
        format: Format,
        /// How long a claim may take to become true.
        patience: Duration,
        /// Whether steps that wait for a timer of the kernel run too.
        timers: bool,
        /// Where everything that happens is written.
        record: Option<PathBuf>,
    },
    /// List the built-in lessons, and how far each was walked.
    Lessons,
    /// Forget the progress of this lesson; `None` forgets that of all.
    Reset(Option<String>),
    /// Print the terms that these words name; all where there are none.
    Glossary(Vec<String>),
    /// Check lessons.
    Check {
        /// Lessons, files and folders; the built-in lessons where there are none.
        targets: Vec<Target>,
        /// Whether steps that wait for a timer of the kernel run too.
        timers: bool,
        /// Whether they are drafts, of which only what runs is asked for.
        draft: bool,
    },
    /// Write a small lesson of this name.
    New(String),
    /// Take part in a lab that processes share.
    Join(Joining),
    /// Run a server and a client in such a lab without a screen, and say at the end what was wrong with them.
    Report {
        /// The programs.
        commands: Commands,
        /// The lab's name, where one was given.
        lab: Option<String>,
        /// The file into which the trace is written.
        record: Option<PathBuf>,
    },
    /// Run a program in such a lab.
    Exec {
        /// The lab's name, where one was given.
        lab: Option<String>,
        /// Its calls don't wait.
        pass: bool,
        /// What was wrong with it is said at its end.
        report: bool,
        /// Whose part is meant for it, where `run` has started it.
        plays: Option<Side>,
        /// The program and its arguments; a shell where there is none.
        program: Vec<OsString>,
    },
    /// Walk through a recording.
    Replay {
        /// The file.
        file: PathBuf,
        /// How.
        shown: ReplayOutput,
    },
    /// Keep a lab of this name for its members.
    Keep(String),
    /// Go on with a lab of this name that another process has begun.
    Adopt(String),
    /// Be the program that plays a side's part in a lesson.
    Program {
        /// Whose.
        side: Side,
        /// The server's address.
        server: SocketAddr,
    },
    /// Say what the machine allows.
    Doctor,
}

/// Which part one takes in a shared lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedPart {
    /// The server's.
    Server,
    /// The client's.
    Client,
    /// Both.
    Free,
    /// To look on.
    Watch,
    /// That of each side for which no program is named.
    Run,
}

/// Programs that `run` runs, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// The server.
    pub server: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// Their calls don't wait.
    pub pass: bool,
}

impl Commands {
    /// That of a side.
    pub fn of(&self, side: Side) -> Option<&str> {
        match side {
            Side::Server => self.server.as_deref(),
            Side::Client => self.client.as_deref(),
        }
    }
}

/// How one takes part in a shared lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// Which part.
    pub part: SharedPart,
    /// The address at which the server listens.
    pub server: SocketAddr,
    /// The lab's name, where one was given.
    pub lab: Option<String>,
    /// The file into which the trace is written.
    pub record: Option<PathBuf>,
    /// What makes the side's calls by itself (of both sides, the server's); `None` where the learner does.
    pub answer: Option<Answer>,
    /// The programs that are run in the window; none but where [`SharedPart::Run`] is taken.
    pub commands: Commands,
}

/// A text with which the program ends at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The exit status: 0 for help and version, 2 for wrong usage, 1 otherwise.
    pub status: u8,
    /// What is printed, with its last line end: to standard output where the status is 0, else to standard error.
    pub text: String,
}

impl From<BrokenTexts> for Exit {
    fn from(error: BrokenTexts) -> Exit {
        Exit { status: 1, text: format!("{error}\n") }
    }
}

/// Reads the command line. `args` begins with the program's name; `variable` reads one of the environment's variables.
///
/// # Errors
/// [`Exit`] where help was asked for or the command line is wrong.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Invocation, Exit> {
    let args: Vec<OsString> = args.into_iter().collect();
    let (lang, lacks_lang) = langs(&args, variable);
    let read = |command: Command| {
        command.try_get_matches_from(&args).and_then(|matches| args::Cli::from_arg_matches(&matches))
    };
    // Only help and errors have words, and to read them and lay them out takes longer than to read a command line.
    if let Ok(cli) = read(args::Cli::command()) {
        return Ok(Invocation { lacks_lang, ..invocation(cli, lang) });
    }
    let texts = Texts::load(lang)?;
    match read(help::localized(&texts.cli)) {
        Ok(cli) => Ok(Invocation { lacks_lang, ..invocation(cli, lang) }),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Err(Exit { status: 0, text: error.render().to_string() })
        }
        Err(error) => Err(Exit { status: 2, text: errors::sentence(&error, &texts.cli) }),
    }
}

/// The language in which whoever calls it so is spoken to: that of `--lang`, else the locale's, as far as the terminal has its
/// characters.
pub fn spoken(args: &[OsString], variable: impl Fn(&str) -> Option<String>) -> Lang {
    langs(args, variable).0
}

/// The same, and the language that is wanted where it is another one.
fn langs(args: &[OsString], variable: impl Fn(&str) -> Option<String>) -> (Lang, Option<Lang>) {
    let wanted = lang_of(args).unwrap_or_else(|| Languages::shipped().of_locale(&variable));
    match Glyphs::of_locale(variable).have_lang(wanted) {
        true => (wanted, None),
        false => (Lang::EN, Some(wanted)),
    }
}

/// The language that `--lang` names, found before anything else is read, so that also an error speaks it.
fn lang_of(args: &[OsString]) -> Option<Lang> {
    let mut args = args.iter().skip(1).filter_map(|arg| arg.to_str()).take_while(|arg| *arg != "--");
    let mut found = None;
    while let Some(arg) = args.next() {
        let value = if arg == "--lang" { args.next() } else { arg.strip_prefix("--lang=") };
        found = value.and_then(Lang::of).or(found);
    }
    found
}

fn invocation(cli: args::Cli, lang: Lang) -> Invocation {
    let join = |part, joining: args::JoinArguments, answer: Option<Answer>| {
        let server = joining.server(cli.port);
        let commands = Commands::default();
        Joining { part, server, lab: joining.lab, record: joining.record, answer, commands }
    };
    let task = match cli.command {
        None => Task::Learn { target: None, from_start: false, record: None },
        Some(args::CliCommand::Learn { lesson, from_start, record }) => {
            Task::Learn { target: lesson, from_start, record }
        }
        Some(args::CliCommand::Play { lesson, format, patience, timers, record }) => Task::Play {
            target: lesson.unwrap_or_default(),
            format,
            patience: Duration::from_millis(u64::from(patience)),
            timers,
            record,
        },
        Some(args::CliCommand::Lessons) => Task::Lessons,
        Some(args::CliCommand::Reset { name }) => Task::Reset(name),
        Some(args::CliCommand::Glossary { term }) => Task::Glossary(term),
        Some(args::CliCommand::Check { paths, timers, draft }) => Task::Check { targets: paths, timers, draft },
        Some(args::CliCommand::New { id }) => Task::New(id),
        Some(args::CliCommand::Server { joining, answer }) => {
            Task::Join(join(SharedPart::Server, joining, answer.answer()))
        }
        Some(args::CliCommand::Client { joining, answer }) => {
            Task::Join(join(SharedPart::Client, joining, answer.answer()))
        }
        Some(args::CliCommand::Free { joining, answer }) => {
            Task::Join(join(SharedPart::Free, joining, answer.answer()))
        }
        Some(args::CliCommand::Watch { joining }) => Task::Join(join(SharedPart::Watch, joining, None)),
        Some(args::CliCommand::Run { joining, server, client, report: true, .. }) => {
            let commands = Commands { server, client, pass: false };
            Task::Report { commands, lab: joining.lab, record: joining.record }
        }
        Some(args::CliCommand::Run { joining, server, client, pass, .. }) => {
            Task::Join(Joining { commands: Commands { server, client, pass }, ..join(SharedPart::Run, joining, None) })
        }
        Some(args::CliCommand::Exec { lab, pass, report, plays, program }) => {
            Task::Exec { lab, pass, report, plays: plays.map(Side::from), program }
        }
        Some(args::CliCommand::Replay { file, shown }) => Task::Replay { file, shown },
        Some(args::CliCommand::Keep { name }) => Task::Keep(name),
        Some(args::CliCommand::Adopt { name }) => Task::Adopt(name),
        Some(args::CliCommand::Program { part, server }) => Task::Program { side: part.into(), server },
        Some(args::CliCommand::Doctor) => Task::Doctor,
    };
    Invocation { lang, lacks_lang: None, mode: cli.mode, theme: cli.theme, port: cli.port, task }
}
