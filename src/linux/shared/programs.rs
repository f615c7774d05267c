//! Whose socket is which among the programs that run in the lab: the kernel's table gives a socket's inode, and `/proc`
//! tells which process has that inode open (`proc_pid_fd(5)`).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::linux::sockets::Sockets;
use crate::model::{Observation, SocketFacts};

/// The names that were found.
#[derive(Default)]
pub struct Programs {
    /// By the kernel's name for the socket: a socket in TIME_WAIT has no inode any more.
    by_cookie: HashMap<u64, String>,
    /// Inodes of which it is known that no process of the lab has them.
    nobodys: HashSet<u32>,
    /// When all of it was looked for last.
    searched: Option<Instant>,
    /// Whether processes were in the lab beside its members, and when that was looked for.
    others: Option<(Instant, bool)>,
}

/// So often everything is looked for anew: a program may have executed another one or renamed itself, and a socket may have
/// been handed to another process.
const ANEW: Duration = Duration::from_secs(1);

/// The longest name that the kernel keeps (`TASK_COMM_LEN`), in bytes.
const LONGEST: usize = 16;

impl Programs {
    /// Gives each socket that isn't one of the sides' own the name of its program.
    pub(in crate::linux) fn name(&mut self, observation: &mut Observation, sockets: &Sockets) {
        let (inodes, traced) = (sockets.inodes(), sockets.of_programs());
        let unnamed = |facts: &&mut SocketFacts| facts.fd.is_none() || traced.contains(&facts.cookie);
        let now = Instant::now();
        let anew = self.searched.is_none_or(|searched| now.duration_since(searched) >= ANEW);
        if anew {
            self.searched = Some(now);
            self.nobodys.clear();
        }
        let unknown: HashMap<u32, u64> = { observation.sockets.iter_mut() }
            .filter(unnamed)
            .filter(|facts| anew || !self.by_cookie.contains_key(&facts.cookie))
            .filter_map(|facts| Some((*inodes.get(&facts.cookie)?, facts.cookie)))
            .filter(|(inode, _)| *inode != 0 && !self.nobodys.contains(inode))
            .collect();
        if !unknown.is_empty() {
            self.search(&unknown);
        }
        let present: HashSet<u64> = observation.sockets.iter().map(|facts| facts.cookie).collect();
        self.by_cookie.retain(|cookie, _| present.contains(cookie));
        for facts in observation.sockets.iter_mut().filter(unnamed) {
            facts.program = self.by_cookie.get(&facts.cookie).cloned();
        }
    }

    fn search(&mut self, unknown: &HashMap<u32, u64>) {
        let mut found = HashSet::new();
        for process in processes() {
            let Ok(open) = fs::read_dir(process.join("fd")) else { continue };
            let links = open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
            for inode in links.filter_map(|link| inode(link.to_str()?)) {
                if let (Some(cookie), Some(name)) = (unknown.get(&inode), name(&process)) {
                    self.by_cookie.insert(*cookie, name);
                    found.insert(inode);
                }
            }
        }
        self.nobodys.extend(unknown.keys().filter(|inode| !found.contains(inode)));
    }
}

/// The processes in a network namespace, by its number, other than the calling one, each with what it calls itself.
pub(in crate::linux) fn within(network: u64) -> Vec<(u32, String)> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let is_there =
        |pid: &u32| fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|namespace| namespace.ino() == network);
    let others = numbers.filter(|pid| *pid != std::process::id()).filter(is_there);
    others.map(|pid| (pid, name(&Path::new("/proc").join(pid.to_string())).unwrap_or_default())).collect()
}

impl Programs {
    /// Somebody left the lab: what a program started may run on.
    pub(in crate::linux) fn somebody_left(&mut self) {
        self.others = None;
    }

    /// Whether processes run in the lab that are none of these: programs that somebody ran there, and what these started.
    /// Looked for now and then.
    pub(in crate::linux) fn any_but(&mut self, members: &HashSet<u32>) -> bool {
        let now = Instant::now();
        match self.others {
            Some((looked, others)) if now.duration_since(looked) < ANEW => others,
            _ => {
                let pid = |process: &Path| process.file_name()?.to_str()?.parse::<u32>().ok();
                let own = std::process::id();
                let others =
                    processes().any(|process| pid(&process).is_some_and(|pid| pid != own && !members.contains(&pid)));
                self.others = Some((now, others));
                others
            }
        }
    }
}

/// The folders below `/proc` of the processes in the calling process's network; none where `/proc` doesn't tell.
fn processes() -> impl Iterator<Item = PathBuf> {
    let own = fs::read_link("/proc/thread-self/ns/net").ok();
    let is_process = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes()[0].is_ascii_digit());
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).filter(move |path| is_process(path));
    paths.filter(move |path| own.is_some() && fs::read_link(path.join("ns/net")).ok() == own)
}

/// The inode in `socket:[12345]`.
fn inode(link: &str) -> Option<u32> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// What the process calls itself (`/proc/PID/comm`): any bytes, which are shown escaped only.
fn name(process: &Path) -> Option<String> {
    let mut name = Vec::new();
    fs::File::open(process.join("comm")).ok()?.take(LONGEST as u64).read_to_end(&mut name).ok()?;
    let name = String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

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
