//! The shape of the command line. Its words are in [`super::help`].

use std::ffi::{OsStr, OsString};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};

use crate::i18n::Lang;
use crate::model::Side;
use crate::walk::Answer;

#[derive(Parser)]
#[command(name = "sockwalk", version, disable_help_flag = true, disable_version_flag = true)]
#[command(disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<CliCommand>,
    /// Read before all others (`super::lang_of`); here it is only checked.
    #[arg(long, global = true, value_parser = PossibleValuesParser::new(Lang::all().map(Lang::code)))]
    #[allow(dead_code)]
    pub(super) lang: Option<String>,
    #[arg(long, global = true, value_name = "lab|host|auto", value_enum, default_value = "auto")]
    pub(super) mode: ModeChoice,
    #[arg(long, global = true, value_name = "NAME", value_enum, default_value = "auto")]
    pub(super) theme: ThemeChoice,
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: Option<u16>,
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Subcommand)]
pub(super) enum CliCommand {
    Learn {
        #[arg(value_name = "LESSON|PATH")]
        lesson: Option<Target>,
        #[arg(long)]
        from_start: bool,
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    Play {
        #[arg(value_name = "LESSON|PATH")]
        lesson: Option<Target>,
        #[arg(long, value_name = "text|json", value_enum, default_value = "text")]
        format: Format,
        #[arg(long, value_name = "MS", default_value = "3000", value_parser = clap::value_parser!(u32).range(1..=600_000))]
        patience: u32,
        #[arg(long)]
        timers: bool,
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    Lessons,
    Reset {
        #[arg(value_name = "LESSON")]
        name: Option<String>,
    },
    Glossary {
        #[arg(value_name = "TERM")]
        term: Vec<String>,
    },
    Check {
        #[arg(value_name = "LESSON|PATH")]
        paths: Vec<Target>,
        #[arg(long)]
        timers: bool,
        #[arg(long)]
        draft: bool,
    },
    New {
        #[arg(value_name = "NAME")]
        id: String,
    },
    Server {
        #[command(flatten)]
        joining: JoinArguments,
        #[arg(long, value_name = "NAME", value_enum, default_value = "manual")]
        answer: AnswerChoice,
    },
    Client {
        #[command(flatten)]
        joining: JoinArguments,
        #[arg(long, value_name = "NAME", value_enum, default_value = "manual")]
        answer: AnswerChoice,
    },
    Free {
        #[command(flatten)]
        joining: JoinArguments,
        #[arg(long, value_name = "NAME", value_enum, default_value = "manual")]
        answer: AnswerChoice,
    },
    Watch {
        #[command(flatten)]
        joining: JoinArguments,
    },
    Run {
        #[command(flatten)]
        joining: JoinArguments,
        #[arg(long, value_name = "CMD", allow_hyphen_values = true, required_unless_present = "client")]
        server: Option<String>,
        #[arg(long, value_name = "CMD", allow_hyphen_values = true)]
        client: Option<String>,
        #[arg(long)]
        pass: bool,
        #[arg(long, conflicts_with_all = ["pass", "addr"])]
        report: bool,
    },
    Exec {
        #[arg(long, value_name = "NAME")]
        lab: Option<String>,
        #[arg(long)]
        pass: bool,
        #[arg(long, conflicts_with = "pass")]
        report: bool,
        /// What `run` starts: a program that is meant to play this part, in the window at a terminal of its own; with `--report` without a
        /// screen.
        #[arg(long, hide = true, value_enum)]
        plays: Option<PlayedPart>,
        #[arg(value_name = "PROGRAM", trailing_var_arg = true)]
        program: Vec<OsString>,
    },
    Replay {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(long, value_name = "screen|text", value_enum, default_value = "screen")]
        shown: ReplayOutput,
    },
    Doctor,
    /// The process that keeps a shared lab; started by the program itself.
    #[command(hide = true)]
    Keep {
        name: String,
    },
    /// A program that plays a side's part in a lesson; started by the program itself.
    #[command(hide = true)]
    Program {
        part: PlayedPart,
        server: SocketAddr,
    },
    /// The process in which a lab goes on that another one has begun; started by the program itself.
    #[command(hide = true)]
    Adopt {
        name: String,
    },
}

/// What whoever joins a shared lab can choose.
#[derive(clap::Args)]
pub(super) struct JoinArguments {
    #[arg(value_name = "ADDR", value_parser = address)]
    pub(super) addr: Option<SocketAddr>,
    #[arg(long, value_name = "NAME")]
    pub(super) lab: Option<String>,
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
}

/// Where the server listens, if nothing else is said.
const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

impl JoinArguments {
    /// The server's address; `port` is that of `--port`.
    pub(super) fn server(&self, port: Option<u16>) -> SocketAddr {
        self.addr.unwrap_or_else(|| SocketAddr::new(SERVER.ip(), port.unwrap_or(SERVER.port())))
    }
}

/// An address, or a part of one: the rest is the usual one's.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    let port = text.strip_prefix(':').unwrap_or(text).parse().ok().filter(|port| *port != 0);
    let of_port = || port.map(|port| SocketAddr::new(SERVER.ip(), port));
    let ip = text.trim_start_matches('[').trim_end_matches(']');
    let of_ip = || ip.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, SERVER.port()));
    text.parse().ok().or_else(of_port).or_else(of_ip).ok_or("no address")
}

/// `--answer`: who makes the server's or the client's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerChoice {
    /// The course text's server.
    Success,
    /// Echo.
    Echo,
    /// The learner.
    Manual,
}

impl AnswerChoice {
    pub(super) fn answer(self) -> Option<Answer> {
        match self {
            AnswerChoice::Success => Some(Answer::Success),
            AnswerChoice::Echo => Some(Answer::Echo),
            AnswerChoice::Manual => None,
        }
    }
}

/// The part that is meant for a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PlayedPart {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

impl From<PlayedPart> for Side {
    fn from(part: PlayedPart) -> Side {
        match part {
            PlayedPart::Server => Side::Server,
            PlayedPart::Client => Side::Client,
        }
    }
}

/// `--shown`: how a recording is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReplayOutput {
    /// In the interface.
    Screen,
    /// As a transcript.
    Text,
}

/// `--mode`: where to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeChoice {
    /// The lab where the machine allows it, else the host.
    Auto,
    /// A private loopback.
    Lab,
    /// The machine's own loopback.
    Host,
}

/// `--theme`: the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeChoice {
    /// What the terminal's background asks for.
    Auto,
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Without colours.
    Mono,
}

/// `--format`: what `play` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A transcript to read.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A built-in one, by its name.
    Builtin(String),
    /// A file.
    Path(PathBuf),
}

impl Default for Target {
    fn default() -> Target {
        Target::Builtin(super::FIRST_LESSON.to_owned())
    }
}

impl From<&OsStr> for Target {
    fn from(argument: &OsStr) -> Target {
        match argument.to_str() {
            // `.` and `..` are folders, which no lesson is called.
            Some("." | "..") => Target::Path(argument.into()),
            Some(name) if !name.contains('/') && !name.ends_with(".toml") => Target::Builtin(name.to_owned()),
            _ => Target::Path(argument.into()),
        }
    }
}

impl From<std::ffi::OsString> for Target {
    fn from(argument: std::ffi::OsString) -> Target {
        Target::from(argument.as_os_str())
    }
}
