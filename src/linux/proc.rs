//! What `/proc` tells of a traced thread.

use std::fs::{self, File};
use std::io::Read;

use crate::model::ProgramThread;

/// The process that a thread is of.
pub(super) fn process_of(thread: u32) -> Option<u32> {
    number(&fs::read_to_string(format!("/proc/{thread}/status")).ok()?, "Tgid:", 10)?.try_into().ok()
}

/// The process that made a thread's.
pub(super) fn parent_of(thread: u32) -> Option<u32> {
    number(&fs::read_to_string(format!("/proc/{thread}/status")).ok()?, "PPid:", 10)?.try_into().ok()
}

/// Whether a thread sleeps, where its call can wait for long.
pub(super) fn sleeps(who: ProgramThread) -> bool {
    // The state stands behind the name, which is short, in parentheses: it may have any letter (`proc_pid_stat(5)`).
    let mut stat = [0; 64];
    let file = File::open(format!("/proc/{}/task/{}/stat", who.process, who.thread));
    let Ok(read) = file.and_then(|mut file| file.read(&mut stat)) else { return false };
    let end = stat[..read].iter().rposition(|byte| *byte == b')');
    end.is_some_and(|end| stat[end..read].starts_with(b") S"))
}

/// Whether a signal waits to be delivered to a thread, or to one of its process's.
pub(super) fn signal_waits(who: ProgramThread) -> bool {
    let path = format!("/proc/{}/task/{}/status", who.process, who.thread);
    let Ok(status) = fs::read_to_string(path) else { return false };
    let bits = |name| number(&status, name, 16).unwrap_or(0);
    (bits("SigPnd:") | bits("ShdPnd:")) & !bits("SigBlk:") != 0
}

/// A number of `proc_pid_status(5)`.
fn number(status: &str, name: &str, base: u32) -> Option<u64> {
    let text = status.lines().find_map(|line| line.strip_prefix(name))?;
    u64::from_str_radix(text.trim(), base).ok()
}

/// The longest name that the kernel keeps (`TASK_COMM_LEN`), in bytes.
const LONGEST: u64 = 16;

/// What a process calls itself.
pub(super) fn name(process: u32) -> String {
    let mut name = Vec::new();
    let file = File::open(format!("/proc/{process}/comm"));
    let _ = file.and_then(|file| file.take(LONGEST).read_to_end(&mut name));
    String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned()
}

/// Whether a process runs a program of 64 bits for this processor: by its file's head (`elf(5)`). `true` where that can't be
/// read.
pub(super) fn is_native(process: u32) -> bool {
    let mut head = [0; 20];
    let read = File::open(format!("/proc/{process}/exe")).and_then(|mut file| file.read_exact(&mut head));
    let machine = u32::from(u16::from_le_bytes([head[18], head[19]]));
    read.is_err() || (head[4] == 2 && machine == super::filter::NATIVE & 0xffff)
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
        let who = ProgramThread { process: own, thread };
        while !sleeps(who) {
            std::thread::yield_now();
        }
        assert!(!sleeps(ProgramThread { process: own, thread: sys::thread_id() as u32 }), "it runs");
        assert!(!signal_waits(who) && is_native(own) && is_native(0));
        assert!(!name(own).is_empty());
        drop(go);
        sleeper.join().unwrap();
        assert!(!sleeps(who), "it is gone");
    }

    #[test]
    fn a_number_of_a_status_is_read_by_its_name() {
        let status = "Name:\tx\nTgid:\t12\nSigPnd:\t0000000000004000\n";
        assert_eq!((number(status, "Tgid:", 10), number(status, "SigPnd:", 16)), (Some(12), Some(1 << 14)));
        assert_eq!(number(status, "PPid:", 10), None);
    }
}
