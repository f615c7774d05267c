//! What `/proc` tells of processes, of their threads and of what these have open.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

/// The processes that there are.
pub(super) fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// The process that a thread is of.
pub(super) fn process_of(thread: u32) -> Option<u32> {
    status_number(thread, "Tgid:", 10)?.try_into().ok()
}

/// A copy of a process's descriptor, in this one (`pidfd_getfd(2)`); `None` where there is none, or where it may not be had.
pub(super) fn descriptor(process: u32, fd: i32) -> Option<OwnedFd> {
    let process = pidfd_open(Pid::from_raw(i32::try_from(process).ok()?)?, PidfdFlags::empty()).ok()?;
    pidfd_getfd(&process, fd, PidfdGetfdFlags::empty()).ok()
}

/// The process that made a thread's.
pub(super) fn parent_of(thread: u32) -> Option<u32> {
    status_number(thread, "PPid:", 10)?.try_into().ok()
}

/// Whether a process's thread sleeps (`S`), where its call can wait for long. The process is a number, or `self`.
pub(super) fn sleeps(process: impl Display, thread: impl Display) -> bool {
    state(process, thread) == Some('S')
}

/// How a process's thread stands, by the letter of `proc_pid_stat(5)`; `None` where there is none.
pub(super) fn state(process: impl Display, thread: impl Display) -> Option<char> {
    // The kernel gives as much as fits in one read. The state stands behind the name, which is short, in parentheses: it may
    // have any letter (`proc_pid_stat(5)`).
    let mut stat = [0; 64];
    let file = File::open(format!("/proc/{process}/task/{thread}/stat"));
    let read = file.and_then(|mut file| file.read(&mut stat)).ok()?;
    let end = stat[..read].iter().rposition(|byte| *byte == b')')?;
    stat[end..read].get(2).map(|letter| char::from(*letter))
}

/// The threads of a process; none where it is gone.
pub(super) fn threads(process: u32) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// A process's or thread's file under `/proc`. A name in it has any bytes, and may end within a character: the kernel keeps 15
/// bytes of it (`PR_SET_NAME` of `prctl(2)`).
pub(super) fn text(whose: impl Display, file: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&fs::read(format!("/proc/{whose}/{file}")).ok()?).into_owned())
}

/// Whether a signal waits to be delivered to a thread, or to one of its process's.
pub(super) fn signal_waits(thread: u32) -> bool {
    text(thread, "status").is_some_and(|status| waiting_signals(&status) != 0)
}

/// The signals of a status that wait to be delivered, each as a bit: its thread's and its process's, but for those that are blocked.
fn waiting_signals(status: &str) -> u64 {
    let bits = |name| number(status, name, 16).unwrap_or(0);
    (bits("SigPnd:") | bits("ShdPnd:")) & !bits("SigBlk:")
}

/// Whether all signals that wait for a thread are ones that its process ignores, or has left to do nothing: a process that isn't
/// traced never gets those.
pub(super) fn ignores_waiting(thread: u32) -> bool {
    const NOTHING: [libc::c_int; 4] = [libc::SIGCHLD, libc::SIGCONT, libc::SIGURG, libc::SIGWINCH];
    let Some(status) = text(thread, "status") else { return false };
    let bits = |name| number(&status, name, 16).unwrap_or(0);
    let waiting = waiting_signals(&status);
    let nothing = NOTHING.iter().fold(0, |all, signal| all | 1_u64 << (signal - 1)) & !bits("SigCgt:");
    waiting != 0 && waiting & !(bits("SigIgn:") | nothing) == 0
}

/// A number that a process or a thread has by this name (`proc_pid_status(5)`). Whose it is, is a number, or `self`.
pub(super) fn status_number(whose: impl Display, name: &str, base: u32) -> Option<u64> {
    number(&text(whose, "status")?, name, base)
}

fn number(status: &str, name: &str, base: u32) -> Option<u64> {
    let text = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(text.trim(), base).ok()
}

/// The longest name that the kernel keeps (`TASK_COMM_LEN`), in bytes.
const LONGEST: u64 = 16;

/// What a process calls itself (`/proc/PID/comm`): any bytes, which are shown escaped only.
pub(super) fn name(process: u32) -> Option<String> {
    let mut name = Vec::new();
    File::open(format!("/proc/{process}/comm")).ok()?.take(LONGEST).read_to_end(&mut name).ok()?;
    let name = String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned();
    (!name.is_empty()).then_some(name)
}

/// The sockets that a process or a thread has open, as descriptor and inode, in no order; of so many descriptors at most.
pub(super) fn sockets(process: u32, most: usize) -> impl Iterator<Item = (i32, u32)> {
    let entries = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten();
    let of = |entry: fs::DirEntry| {
        let fd = entry.file_name().to_str()?.parse().ok()?;
        Some((fd, inode(fs::read_link(entry.path()).ok()?.to_str()?)?))
    };
    entries.take(most).filter_map(move |entry| of(entry.ok()?))
}

/// The inode in `socket:[12345]`, as the link of a descriptor has it (`proc_pid_fd(5)`).
pub(super) fn inode(link: &str) -> Option<u32> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Whether a process runs a program of 64 bits for this machine (`EM_…`): by its file's head (`elf(5)`). `true` where that
/// can't be read.
pub(super) fn runs_on(process: u32, machine: u16) -> bool {
    let mut head = [0; 20];
    let read = File::open(format!("/proc/{process}/exe")).and_then(|mut file| file.read_exact(&mut head));
    read.is_err() || (head[4] == 2 && u16::from_le_bytes([head[18], head[19]]) == machine)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::linux::sys;

    #[test]
    fn the_kernel_says_where_a_thread_is() {
        let own = std::process::id();
        let (hello, thread) = channel();
        let (go, wait) = channel::<()>();
        let sleeper = std::thread::spawn(move || {
            let _ = hello.send(sys::thread_id() as u32);
            let _ = wait.recv();
        });
        let thread = thread.recv().unwrap();
        assert_eq!((process_of(thread), process_of(own), process_of(0)), (Some(own), Some(own), None));
        while !(sleeps(own, thread) && sleeps("self", thread)) {
            std::thread::yield_now();
        }
        assert!(!sleeps(own, sys::thread_id()), "it runs");
        // `EM_X86_64` and `EM_AARCH64` of `elf.h`.
        let [native, other] = if cfg!(target_arch = "x86_64") { [62, 183] } else { [183, 62] };
        assert!(!signal_waits(thread) && runs_on(own, native) && runs_on(0, native) && !runs_on(own, other));
        assert!(name(own).is_some() && name(0).is_none());
        drop(go);
        sleeper.join().unwrap();
        assert!(!sleeps(own, thread), "it is gone");
    }

    #[test]
    fn a_name_that_ends_within_a_character_hides_nothing_else() {
        let named = std::thread::spawn(|| {
            fs::write("/proc/thread-self/comm", "a服务器程序").unwrap();
            let thread = sys::thread_id() as u32;
            (
                process_of(thread),
                state("self", thread),
                name(thread),
                text(thread, "stat").map(|stat| stat.contains(')')),
            )
        });
        let own = Some(std::process::id());
        assert_eq!(named.join().unwrap(), (own, Some('R'), Some("a服务器程\u{fffd}".into()), Some(true)));
    }

    #[test]
    fn a_number_of_a_status_is_read_by_its_name() {
        let status = "Name:\tx\nTgid:\t12\nSigPnd:\t0000000000004000\n";
        assert_eq!((number(status, "Tgid:", 10), number(status, "SigPnd:", 16)), (Some(12), Some(1 << 14)));
        assert_eq!(number(status, "PPid:", 10), None);
    }

    #[test]
    fn a_sockets_inode_is_read_from_its_link() {
        assert_eq!(inode("socket:[4711]"), Some(4711));
        assert!(
            ["socket:[]", "pipe:[1]", "/dev/null", "socket:[1", "socket:[99999999999]"]
                .into_iter()
                .all(|link| inode(link).is_none())
        );
    }
}
