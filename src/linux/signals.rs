//! The signals that a program's starter hands on to it; and how the program itself is stopped as its terminal would.

use std::io::{self, PipeReader};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, kill_current_process_group, kill_process, pidfd_open, pidfd_send_signal,
};

use super::{proc, sys};

/// The signal that interrupts a call; its handler does nothing.
pub const INTERRUPT: i32 = libc::SIGUSR2;

/// What ends or tells a program, and what another process may want to tell it.
const HANDED_ON: [i32; 6] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGUSR1, libc::SIGUSR2];

/// From now on such signals don't end this process. Each one that is to be handed on is a byte, its number, in what is
/// returned: those that another process sent, and SIGHUP, which a terminal that goes sends to its session's leader alone. An
/// interrupt by the terminal's key comes to all programs at it.
///
/// What is ignored stays so, as `nohup(1)` wants it: the program is not to hear it either.
///
/// # Errors
/// The system's refusal.
pub fn receive_signals() -> io::Result<PipeReader> {
    let (reader, writer) = io::pipe()?;
    // As bits from 1 on.
    let ignored = proc::status_number("self", "SigIgn:", 16).unwrap_or_default();
    let wanted: Vec<i32> = HANDED_ON.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0).collect();
    sys::write_signals(&wanted, OwnedFd::from(writer))?;
    Ok(reader)
}

/// Which processes are stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// This one alone.
    Process,
    /// Its whole process group, as the terminal's suspend character does.
    Group,
}

/// Stops the process, and returns once it is continued; at once where nobody could continue it. By SIGSTOP, since SIGTSTP has a
/// handler here.
///
/// # Errors
/// The system's refusal.
pub fn stop(which: Stopping) -> io::Result<()> {
    if is_orphaned("self") {
        return Ok(());
    }
    Ok(match which {
        Stopping::Process => kill_process(getpid(), Signal::STOP),
        Stopping::Group => kill_current_process_group(Signal::STOP),
    }?)
}

/// Whether no shell could continue a process: of its forebears the first that isn't in its process group is in another
/// session (`setpgid(2)` has the rule, by which the kernel doesn't heed the terminal's stop signals then).
fn is_orphaned(process: &str) -> bool {
    let Some(own) = ProcessStat::of(process) else { return true };
    let mut parent = own.parent;
    loop {
        match ProcessStat::of(&parent.to_string()) {
            Some(of) if of.group == own.group => parent = of.parent,
            of => return of.is_none_or(|of| of.session != own.session),
        }
    }
}

/// Where a process stands among the others (`proc_pid_stat(5)`).
struct ProcessStat {
    parent: u32,
    group: u32,
    session: u32,
}

impl ProcessStat {
    fn of(process: &str) -> Option<ProcessStat> {
        let stat = proc::text(process, "stat")?;
        // Behind the name in parentheses, which may have any letter.
        let mut numbers = stat.rsplit_once(')')?.1.split_whitespace().skip(1).map(|number| number.parse().ok());
        Some(ProcessStat { parent: numbers.next()??, group: numbers.next()??, session: numbers.next()?? })
    }
}

/// A process, whatever becomes of its number (`pidfd_open(2)`).
pub struct PidFd(OwnedFd);

impl AsFd for PidFd {
    /// It becomes readable when the process has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl PidFd {
    /// That of the calling process's parent.
    ///
    /// # Errors
    /// The system's refusal; `ESRCH` where it has just ended.
    pub fn of_parent() -> io::Result<PidFd> {
        let parent = getppid().ok_or(rustix::io::Errno::SRCH)?;
        let found = PidFd(pidfd_open(parent, PidfdFlags::empty())?);
        // Else the number may be another process's by now.
        if getppid() == Some(parent) { Ok(found) } else { Err(rustix::io::Errno::SRCH.into()) }
    }

    /// That with this number: a child that hasn't been waited for, or one that is known to be there afterwards.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn open(pid: u32) -> io::Result<PidFd> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(PidFd(pidfd_open(pid, PidfdFlags::empty())?))
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// `ESRCH` where it has ended.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let signal = Signal::from_named_raw(signal).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(pidfd_send_signal(&self.0, signal)?)
    }
}
