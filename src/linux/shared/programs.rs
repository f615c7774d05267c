//! Whose socket is which among the programs that run in the lab: the kernel's table gives a socket's inode, and `/proc`
//! tells which process has that inode open (`proc_pid_fd(5)`).

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use crate::linux::proc;
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
            for (_, inode) in proc::sockets(process, usize::MAX) {
                if let (Some(cookie), Some(name)) = (unknown.get(&inode), proc::name(process)) {
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
    let is_there =
        |pid: &u32| fs::metadata(format!("/proc/{pid}/ns/net")).is_ok_and(|namespace| namespace.ino() == network);
    let others = proc::processes().filter(|pid| *pid != std::process::id()).filter(is_there);
    others.map(|pid| (pid, proc::name(pid).unwrap_or_default())).collect()
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
                let own = std::process::id();
                let others = processes().any(|process| process != own && !members.contains(&process));
                self.others = Some((now, others));
                others
            }
        }
    }
}

/// The processes in the calling process's network; none where `/proc` doesn't tell.
fn processes() -> impl Iterator<Item = u32> {
    let own = fs::read_link("/proc/thread-self/ns/net").ok();
    let network = |process: u32| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    proc::processes().filter(move |process| own.is_some() && network(*process) == own)
}
