//! The shape of the command line. Its words are in [`super::help`].

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(name = "sockwalk", version, disable_help_flag = true, disable_version_flag = true)]
#[command(disable_help_subcommand = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[arg(long, global = true, value_name = "en|zh", value_enum)]
    pub(super) lang: Option<LangChoice>,
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
pub(super) enum Command {
    Learn {
        #[arg(value_name = "LESSON|PATH")]
        lesson: Option<Target>,
        #[arg(long)]
        from_start: bool,
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
    },
    New {
        #[arg(value_name = "NAME")]
        id: String,
    },
    Doctor,
}

/// `--lang`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum LangChoice {
    En,
    Zh,
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
