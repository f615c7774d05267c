//! `sockwalk exec`: any program inside a shared lab, as it is.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use signal_hook::consts::{SIGINT, SIGQUIT};

use sockwalk::cli::{Exit, Invocation};
use sockwalk::engine::World;
use sockwalk::i18n::{Texts, escape, fill, join};
use sockwalk::model::{Mode, Role};

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
    let (joined, lab) = labs.join(invocation, lab, role)?;
    if joined.mode() == Mode::Host {
        let _ = writeln!(std::io::stderr(), "{}", texts.shared.exec_host);
    } else {
        let _ = writeln!(std::io::stderr(), "{}", fill(&texts.shared.exec, &[("lab", &lab)]));
    }
    // The terminal's keys are the program's: what ends it doesn't end its starter, which then reports its end.
    let _kept: Vec<_> = [SIGINT, SIGQUIT]
        .into_iter()
        .map(|signal| {
            signal_hook::flag::register(signal, std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)))
        })
        .collect();
    let ended = Command::new(&program).args(arguments).status();
    drop(joined);
    let ended = ended.map_err(|error| {
        let program = escape(program.as_encoded_bytes());
        let sentence =
            fill(&texts.shared.no_program, &[("program", &program as &dyn std::fmt::Display), ("error", &error)]);
        Exit { status: 127, text: format!("{}\n", join(&texts.cli.error, &sentence)) }
    })?;
    let by_signal = ended.signal().map(|signal| 128 + signal);
    Ok(u8::try_from(ended.code().or(by_signal).unwrap_or(1)).unwrap_or(1))
}
