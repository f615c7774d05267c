//! What `/proc` and the kernel's socket table tell of a process from outside.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Finished, finish};

/// The threads of a process, as their numbers with their names.
pub fn threads(pid: u32) -> Vec<(u32, String)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let threads = entries.filter_map(|entry| {
        let tid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let name = fs::read_to_string(format!("/proc/{pid}/task/{tid}/comm")).ok()?;
        Some((tid, name.trim().to_owned()))
    });
    threads.collect()
}

/// The thread that entered the lab.
pub fn director(pid: u32) -> Option<u32> {
    threads(pid).into_iter().find(|(_, name)| name == "director").map(|(tid, _)| tid)
}

/// The lab in which a process's director is, as the name of its network namespace (`net:[…]`).
pub fn lab(pid: u32) -> Option<String> {
    namespace(&format!("/proc/{pid}/task/{}/ns/net", director(pid)?))
}

/// A namespace by its link below `/proc`.
pub fn namespace(link: &str) -> Option<String> {
    Some(fs::read_link(link).ok()?.to_str()?.to_owned())
}

/// Whether any thread of any process that can be looked at is in this network namespace.
pub fn is_inhabited(namespace_name: &str) -> bool {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let mut tasks = all.flat_map(|pid| threads(pid).into_iter().map(move |(tid, _)| (pid, tid)));
    tasks.any(|(pid, tid)| namespace(&format!("/proc/{pid}/task/{tid}/ns/net")).as_deref() == Some(namespace_name))
}

/// The processes that run this very file.
pub fn running(program: &Path) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    all.filter(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program)).collect()
}

/// A line of `/proc/PID/task/TID/status` by its name, in words.
pub fn status_line(pid: u32, tid: u32, name: &str) -> Option<Vec<String>> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.split_whitespace().map(str::to_owned).collect())
}

/// How often each thread went to sleep by itself, and the ticks of the processor that it used: what grows when a
/// thread wakes up.
pub fn wakings(pid: u32) -> BTreeMap<(u32, String), (u64, u64)> {
    let wakings = threads(pid).into_iter().filter_map(|(tid, name)| {
        let switches = status_line(pid, tid, "voluntary_ctxt_switches")?.first()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/task/{tid}/stat")).ok()?;
        // After the name in parentheses: utime and stime are the 12th and the 13th (proc_pid_stat(5)).
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(((tid, name), (switches, ticks)))
    });
    wakings.collect()
}

/// A socket as `ss` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In Linux's words.
    pub state: String,
    pub local: String,
    pub remote: String,
}

/// The TCP sockets of a process's lab, as another program of the system tells them from inside it.
pub fn lab_sockets(pid: u32) -> Vec<Seen> {
    let Finished { status, stdout, stderr } = in_lab(pid, &["ss", "-Htan"]);
    assert!(status.success(), "ss in the lab: {stderr}");
    stdout.lines().map(seen).collect()
}

/// Runs a command in a process's lab.
pub fn in_lab(pid: u32, command: &[&str]) -> Finished {
    let tid = director(pid).expect("a thread `director`");
    let mut nsenter = Command::new("nsenter");
    nsenter
        .arg("--preserve-credentials")
        .arg(format!("--user=/proc/{pid}/ns/user"))
        .arg(format!("--net=/proc/{pid}/task/{tid}/ns/net"))
        .args(command);
    finish(&mut nsenter)
}

/// The same for a process that is in a lab with all its threads.
pub fn sockets_around(pid: u32) -> Vec<Seen> {
    let Finished { status, stdout, stderr } = around(pid, &["ss", "-Htan"]);
    assert!(status.success(), "ss in the lab: {stderr}");
    stdout.lines().map(seen).collect()
}

/// Runs a command in the namespaces of a process.
pub fn around(pid: u32, command: &[&str]) -> Finished {
    let mut nsenter = Command::new("nsenter");
    nsenter.arg("--preserve-credentials");
    for kind in ["user", "net"] {
        nsenter.arg(format!("--{kind}=/proc/{pid}/ns/{kind}"));
    }
    finish(nsenter.args(command))
}

fn seen(line: &str) -> Seen {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [state, _, _, local, remote, ..] = words[..] else { panic!("ss: {line}") };
    Seen { state: linux_name(state).to_owned(), local: local.to_owned(), remote: remote.to_owned() }
}

/// A state as Linux names it, for a state as `ss` does.
fn linux_name(state: &str) -> &str {
    match state {
        "LISTEN" => "LISTEN",
        "SYN-SENT" => "SYN_SENT",
        "SYN-RECV" => "SYN_RECV",
        "ESTAB" => "ESTABLISHED",
        "FIN-WAIT-1" => "FIN_WAIT1",
        "FIN-WAIT-2" => "FIN_WAIT2",
        "CLOSE-WAIT" => "CLOSE_WAIT",
        "CLOSING" => "CLOSING",
        "LAST-ACK" => "LAST_ACK",
        "TIME-WAIT" => "TIME_WAIT",
        "UNCONN" => "CLOSED",
        other => panic!("ss has a state {other}"),
    }
}
