//! `sockwalk exec`: any program inside a shared lab, as it is.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{SharedTexts, Texts, cause, escape, fill, join};
use sockwalk::linux::{Process, receive_signals};
use sockwalk::model::{Mode, Passing, Role, Which};
use sockwalk::walk::World;

use super::labs::Labs;

/// Runs the program, or a shell, and waits for its end. Returns its exit status; 128 more than the signal that ended it.
pub fn run(invocation: &Invocation, lab: Option<&str>, program: &[OsString]) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let shell = || std::env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into());
    let (program, arguments) = match program.split_first() {
        Some((program, arguments)) => (program.clone(), arguments.to_vec()),
        None => (shell(), Vec::new()),
    };
    let name = Path::new(&program).file_name().unwrap_or(&program).to_string_lossy().into_owned();
    let role = Role::Runs(name);
    let labs = Labs::open(invocation)?;
    let (mut joined, lab) = labs.join(invocation, lab, role)?;
    let opening = match joined.mode() {
        Mode::Host => texts.shared.exec_host.clone(),
        Mode::Lab => opening(&lab.name.to_string(), joined.passing(), &texts.shared),
    };
    let _ = writeln!(super::out::err(), "{opening}");
    let gone = texts.shared.exec_gone.clone();
    let told = joined.watch(move || drop(writeln!(super::out::err(), "{gone}")));
    let ended =
        told.map_err(|refused| refused.error).and_then(|()| run_to_its_end(Command::new(&program).args(arguments)));
    // Whoever is told that the lab is gone would be told by this one's own leaving.
    std::mem::forget(joined);
    let ended = ended.map_err(|error| {
        let program = escape(program.as_encoded_bytes());
        let sentence =
            fill(&texts.shared.no_program, &[("program", program), ("error", cause(invocation.lang, &error))]);
        Exit { status: 127, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
    })?;
    let by_signal = ended.signal().map(|signal| 128 + signal);
    Ok(u8::try_from(ended.code().or(by_signal).unwrap_or(1)).unwrap_or(1))
}

/// What is said before the program begins: which lab it is in, and what becomes of its segments there, as things stand.
fn opening(lab: &str, passing: &Passing, texts: &SharedTexts) -> String {
    let text = match passing.rule(Which::All) {
        Some(_) => &texts.exec_passes,
        None if passing.rules.is_empty() => &texts.exec,
        None => &texts.exec_some_pass,
    };
    fill(text, &[("lab", lab)])
}

/// Runs a program to its end. What another process sends to this one is handed on to it; the keys of the terminal reach it
/// by themselves, and don't end its starter, which then reports its end.
fn run_to_its_end(command: &mut Command) -> io::Result<ExitStatus> {
    let mut signals = receive_signals()?;
    let mut child = command.spawn()?;
    let process = Process::open(child.id())?;
    let hand_on = move || {
        let mut signal = [0];
        while signals.read_exact(&mut signal).is_ok() {
            // It may have ended meanwhile: then nobody is left to be told.
            let _ = process.signal(signal[0].into());
        }
    };
    thread::Builder::new().name("signals".into()).spawn(hand_on)?;
    child.wait()
}
