//! A process that goes on where its parent ends: it watches over a program and what that starts.

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, Signal, getpid, ioctl_tiocsctty, kill_process, setrlimit, setsid};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use rustix::thread::{
    capabilities, clear_ambient_capability_set, configure_capability_in_ambient_set, set_capabilities,
};
use signal_hook::flag;
use signal_hook::low_level::emulate_default_handler;

use super::poll::poll_readable;
use super::signals::PidFd;
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

/// Starts a process of this program's own with the rights over the lab that this thread has: `execve(2)` would take them
/// otherwise, since the user is no other one in the lab's user namespace (`capabilities(7)`, ambient set).
///
/// # Errors
/// The system's refusal.
pub(super) fn spawn_with_rights(command: &mut Command) -> io::Result<Child> {
    let had = capabilities(None)?;
    let mut inherited = had;
    inherited.inheritable = had.permitted;
    set_capabilities(None, inherited)?;
    let raised = had.permitted.iter().try_for_each(|one| configure_capability_in_ambient_set(one, true));
    let child = raised.map_err(io::Error::from).and_then(|()| command.spawn());
    clear_ambient_capability_set()?;
    set_capabilities(None, had)?;
    child
}

/// Makes the terminal that standard input is the controlling one of a new session, which the calling process leads; it must
/// not lead a process group. What is returned stays open as long as the terminal is to be watched.
///
/// # Errors
/// The system's refusal: the terminal may have hung up already.
pub fn own_terminal() -> io::Result<OwnedFd> {
    let terminal = io::stdin().as_fd().try_clone_to_owned()?;
    setsid()?;
    ioctl_tiocsctty(&terminal)?;
    Ok(terminal)
}

/// Waits until a terminal hangs up: whoever had its other end is gone.
///
/// # Errors
/// The system's.
pub fn wait_for_hang_up(terminal: &OwnedFd) -> io::Result<()> {
    loop {
        // What always is told, is told without being asked for.
        let mut polled = [PollFd::new(terminal, PollFlags::empty())];
        match poll(&mut polled, None) {
            Ok(_) if polled[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => return Ok(()),
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits until a process has ended.
///
/// # Errors
/// The system's.
pub fn wait_for_end(process: &PidFd) -> io::Result<()> {
    // A signal ends the wait early.
    while poll_readable([process.as_fd()], None)? == [false] {}
    Ok(())
}

/// Ends the process as a signal did end the program that it stands for; returns where that signal ends no process.
pub fn end_by(signal: i32) {
    // The program's own image was kept, if any was to be; this one's would tell nothing.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let _ = setrlimit(Resource::Core, none);
    match signal {
        libc::SIGKILL => drop(kill_process(getpid(), Signal::KILL)),
        _ => drop(emulate_default_handler(signal)),
    }
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
