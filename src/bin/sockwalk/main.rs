//! The program: reads the command line, chooses the place, and joins the front ends to the world.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![deny(clippy::disallowed_methods, clippy::disallowed_macros)]

mod check;
mod course;
mod doctor;
mod exec;
mod glossary;
mod join;
mod keep;
mod labs;
mod learn;
mod lessons;
mod memory;
mod needs;
mod new;
mod out;
mod parting;
mod place;
mod play;
mod programs;
mod recorder;
mod replay;
mod report;
mod reset;
mod screen;
mod std_program;
mod storage;
mod unrunnable;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use sockwalk::cli::{self, Exit, Format, Invocation, Target, Task};
use sockwalk::i18n::{self, Content, Lang, Texts, fill, join};
use sockwalk::lesson::Lesson;

use place::ProcessRights;

fn main() -> ExitCode {
    sockwalk::linux::share_one_heap();
    let variable = |name: &str| std::env::var(name).ok();
    let args: Vec<OsString> = std::env::args_os().collect();
    let lang = cli::spoken(&args, variable);
    match cli::parse(args, variable).and_then(run) {
        Ok(status) => ExitCode::from(status),
        Err(exit) => {
            let exit = match exit.status {
                0 => say(&exit.text, lang).err(),
                _ => Some(exit),
            };
            let Some(exit) = exit else { return ExitCode::SUCCESS };
            // Where nobody reads the message, the status still tells.
            let _ = match out::err_has_colours() {
                // A wrong lesson's file is shown with colours where they are seen.
                true => out::err_of(Content::Styled).write_all(exit.text.as_bytes()),
                false => out::err().write_all(exit.text.as_bytes()),
            };
            ExitCode::from(exit.status)
        }
    }
}

/// Prints on standard output. A reader that closes early has read enough.
///
/// # Errors
/// [`Exit`] where it can't be written, as on a full disk.
pub fn say(text: &str, lang: Lang) -> Result<(), Exit> {
    write_out(out::out(), text, lang)
}

/// The same of a text to which the program itself gives weights.
///
/// # Errors
/// As of [`say`].
pub fn say_styled(text: &str, lang: Lang) -> Result<(), Exit> {
    write_out(out::out_of(Content::Styled), text, lang)
}

fn write_out(mut out: impl Write, text: &str, lang: Lang) -> Result<(), Exit> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(not_written(&error, lang)),
        _ => Ok(()),
    }
}

/// A sentence for standard output that can't be written to.
pub fn not_written(error: &std::io::Error, lang: Lang) -> Exit {
    let sentence =
        |texts: &Texts| join(&texts.cli.error, &fill(&texts.cli.not_written, &[("error", i18n::cause(lang, error))]));
    Exit { status: 1, text: Texts::load(lang).map_or_else(|_| format!("{error}\n"), |texts| sentence(texts) + "\n") }
}

/// How long a claim may take where no option says it.
const PATIENCE: Duration = Duration::from_secs(3);

fn run(invocation: Invocation) -> Result<u8, Exit> {
    if let Some(lang) = invocation.lacks_lang {
        let _ = writeln!(out::err(), "{}", i18n::lacks_lang(lang, invocation.lang)?);
    }
    let lesson = |target: &Target| cli::load(target, invocation.lang, out::err_has_colours());
    // Before anything foreign is read, as a lesson's file, the process has no rights but those over its lab.
    let load = |target: &Target| -> Result<(ProcessRights, Lesson), Exit> {
        match target {
            Target::Builtin(_) => lesson(target).and_then(|lesson| Ok((ProcessRights::prepare(&invocation)?, lesson))),
            Target::Path(_) => ProcessRights::prepare(&invocation).and_then(|grounds| Ok((grounds, lesson(target)?))),
        }
    };
    match &invocation.task {
        Task::Join(joining) => join::run(&invocation, joining),
        Task::Exec { lab, pass, report, plays, program } => {
            let (wanted, starter) = (exec::wanted(*pass, *report), exec::Starter::of(*plays, *report));
            exec::run(&invocation, &exec::ExecOptions { lab: lab.as_deref(), wanted, starter, program })
        }
        Task::Report { commands, lab, record } => report::run(&invocation, commands, lab.as_deref(), record.as_deref()),
        Task::Replay { file, shown } => replay::run(&invocation, file, *shown),
        Task::Keep(name) => keep::run(&invocation, name),
        Task::Adopt(name) => keep::adopt(&invocation, name),
        // What it says of an error nobody hears: the lesson sees which call fails.
        Task::Program { side, server } => Ok(u8::from(std_program::run(*side, *server).is_err())),
        Task::Doctor => doctor::run(&invocation),
        Task::Lessons => lessons::run(&invocation),
        Task::Play { target, format, patience, timers, record } => {
            let record = record.clone();
            let options = play::PlayOptions { format: *format, patience: *patience, timers: *timers, record };
            play::run(&invocation, load(target)?, target, &options)
        }
        Task::Glossary(words) => glossary::run(&invocation, words),
        Task::Check { targets, timers, draft } => check::run(&invocation, targets, (*timers, *draft)),
        Task::New(name) => new::run(&invocation, name),
        Task::Reset(name) => reset::run(&invocation, name.as_deref()),
        Task::Learn { target, from_start, record } if screen::is_possible() => {
            // Rights are had by a process of one thread alone, and the lesson is read beside a second one.
            let grounds = ProcessRights::prepare(&invocation);
            let read = |target| learn::OpenLesson::read(target, invocation.lang, out::err_has_colours());
            let opening = || target.as_ref().map(read).transpose();
            learn::run(&invocation, grounds, opening, *from_start, record.clone())
        }
        // Where there is no screen to draw on, the lesson is told as text.
        Task::Learn { target, record, .. } => {
            let record = record.clone();
            let options = play::PlayOptions { format: Format::Text, patience: PATIENCE, timers: false, record };
            let target = target.clone().unwrap_or_default();
            play::run(&invocation, load(&target)?, &target, &options)
        }
    }
}
