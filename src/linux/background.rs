//! A process that goes on where its parent ends: it watches over a program and what that starts.

use std::fs::OpenOptions;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use signal_hook::flag;

use super::sys;

/// The signals by which a terminal stops a process.
const STOPS: [i32; 3] = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// Makes a second process like the calling one, which must have one thread: `true` in the new one.
///
/// # Errors
/// The system's refusal.
pub fn fork() -> io::Result<bool> {
    Ok(sys::fork::fork()?.is_none())
}

/// What a terminal sends to stop a process doesn't stop this one: a program would stand still with it. By handlers, which a
/// program that is executed doesn't inherit, as it would what is ignored.
///
/// # Errors
/// The system's refusal.
pub fn never_stop() -> io::Result<()> {
    STOPS.into_iter().try_for_each(|signal| flag::register(signal, Arc::new(AtomicBool::new(false))).map(drop))
}

/// Lets go of the terminal, or of whatever standard input, output and error are: whoever waits for their end waits no longer
/// for this process.
///
/// # Errors
/// The system's refusal.
pub fn let_go_of_standard_streams() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    Ok(dup2_stderr(&null)?)
}
