//! What `/proc` and the kernel's socket table tell of a process from outside.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::path::Path;

/// The threads of a process, as their numbers with their names.
pub fn threads(pid: u32) -> Vec<(u32, String)> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let threads = entries.filter_map(|entry| {
        let tid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let name = fs::read(format!("/proc/{pid}/task/{tid}/comm")).ok()?;
        Some((tid, String::from_utf8_lossy(&name).trim().to_owned()))
    });
    threads.collect()
}

/// The threads with these names, one of each; waits until they are there. A thread has its maker's name until it has given itself
/// its own (`clone(2)`, `pthread_setname_np(3)`), and others may end while one looks.
#[track_caller]
pub fn threads_named(pid: u32, names: &[&str]) -> Vec<(u32, String)> {
    let mut names = names.to_vec();
    names.sort_unstable();
    let mut found = Vec::new();
    let all = super::until(super::BOUND, || {
        found = threads(pid);
        found.retain(|(_, name)| names.contains(&name.as_str()));
        found.sort_by(|one, other| one.1.cmp(&other.1));
        found.iter().map(|(_, name)| name).eq(&names)
    });
    assert!(all, "{found:?}");
    found
}

/// The thread that entered the lab.
pub fn director(pid: u32) -> Option<u32> {
    threads(pid).into_iter().find(|(_, name)| name == "lab").map(|(tid, _)| tid)
}

/// A network namespace, kept by a descriptor: the kernel gives the number of one that is gone to the next one
/// (`proc_alloc_inum()`), and by then the number alone would tell of somebody else's.
#[derive(Debug)]
pub struct Network {
    name: String,
    _kept: File,
}

impl Network {
    /// That of a link below `/proc`.
    pub fn of(link: &str) -> Option<Network> {
        let kept = File::open(link).ok()?;
        let name = namespace(&format!("/proc/self/fd/{}", kept.as_raw_fd()))?;
        Some(Network { name, _kept: kept })
    }

    /// `net:[…]`, which no other one has as long as this is kept.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether any thread of any process that can be looked at is in it. What is kept here doesn't count.
    pub fn is_inhabited(&self) -> bool {
        let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut tasks = all.flat_map(|pid: u32| threads(pid).into_iter().map(move |(tid, _)| (pid, tid)));
        tasks.any(|(pid, tid)| namespace(&format!("/proc/{pid}/task/{tid}/ns/net")).as_ref() == Some(&self.name))
    }
}

/// The lab in which a process makes the server's calls; waits until it does. The first page is there before the lab is, and the
/// director is in its starter's network first: only the call threads begin in the lab.
#[track_caller]
pub fn lab(pid: u32) -> Network {
    let threads = threads_named(pid, &["server"]);
    Network::of(&format!("/proc/{pid}/task/{}/ns/net", threads[0].0)).expect("the server's call thread has a network")
}

/// The network in which a process's director is by now.
pub fn directors_network(pid: u32) -> Option<Network> {
    Network::of(&format!("/proc/{pid}/task/{}/ns/net", director(pid)?))
}

/// A namespace by its link below `/proc`, as the kernel writes it: `user:[…]`. Compare only those of which neither can be gone.
pub fn namespace(link: &str) -> Option<String> {
    Some(fs::read_link(link).ok()?.to_str()?.to_owned())
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

/// The ticks of the processor that a process has used, also once it has ended and isn't waited for yet (state `Z`), which the
/// second one tells.
pub fn ticks(pid: u32) -> (u64, bool) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let [user, system] = [11, 12].map(|n| fields[n].parse::<u64>().unwrap());
    (user + system, fields[0] == "Z")
}

/// A TCP socket as `/proc/net/tcp` and `tcp6` tell it: the kernel's own table, by another way than `sock_diag(7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In Linux's words.
    pub state: String,
    pub local: String,
    /// `0.0.0.0:*` or `[::]:*` where there is no peer.
    pub remote: String,
}

/// The TCP sockets of a process's lab.
pub fn lab_sockets(pid: u32) -> Vec<Seen> {
    let tid = director(pid).expect("a thread `director`");
    sockets_below(&format!("/proc/{pid}/task/{tid}/net"))
}

/// The same for a process that is in a lab, with all its threads or with some.
pub fn sockets_around(pid: u32) -> Vec<Seen> {
    sockets_below(&network_around(pid))
}

/// The folder of the network that a process is in, with all its threads or with some.
fn network_around(pid: u32) -> String {
    let network = |thread: &str| fs::read_link(format!("/proc/{thread}/ns/net")).ok();
    let own = network("self");
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let threads: Vec<String> =
        threads.map(|thread| format!("{pid}/task/{}", thread.unwrap().file_name().display())).collect();
    let in_lab = threads.iter().find(|thread| network(thread).is_some_and(|network| Some(network) != own));
    format!("/proc/{}/net", in_lab.unwrap_or(&threads[0]))
}

/// One of the kernel's counters in the network of a process that is in a lab (`Documentation/networking/snmp_counter.rst`).
pub fn counter_around(pid: u32, name: &str) -> u64 {
    let folder = network_around(pid);
    let text = ["snmp", "netstat"].map(|file| fs::read_to_string(format!("{folder}/{file}")).unwrap()).concat();
    let lines: Vec<&str> = text.lines().collect();
    let found = lines.chunks(2).find_map(|pair| {
        let at = pair[0].split_whitespace().position(|word| word == name)?;
        pair[1].split_whitespace().nth(at)?.parse().ok()
    });
    found.unwrap_or_else(|| panic!("no counter {name} in {folder}"))
}

/// Those of this process's own network.
pub fn own_sockets() -> Vec<Seen> {
    sockets_below("/proc/self/net")
}

fn sockets_below(folder: &str) -> Vec<Seen> {
    // A kernel without IPv6 has no second table.
    let tables = [
        fs::read_to_string(format!("{folder}/tcp")).unwrap(),
        fs::read_to_string(format!("{folder}/tcp6")).unwrap_or_default(),
    ];
    tables.iter().flat_map(|table| table.lines().skip(1).map(seen).collect::<Vec<_>>()).collect()
}

/// A line of the table: number, local and remote address, state, …, all in hexadecimal (`Documentation/networking/proc_net_tcp.rst`).
fn seen(line: &str) -> Seen {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, local, remote, state, ..] = words[..] else { panic!("/proc/net/tcp: {line}") };
    let (local, remote) = (address(local), address(remote));
    let remote = match remote {
        SocketAddr::V4(remote) if remote.port() == 0 => "0.0.0.0:*".to_owned(),
        SocketAddr::V6(remote) if remote.port() == 0 => "[::]:*".to_owned(),
        remote => remote.to_string(),
    };
    Seen { state: linux_name(state).to_owned(), local: local.to_string(), remote }
}

/// The address's words of 32 bits are written as numbers of this machine, the port as a number.
fn address(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').unwrap();
    let words = (0..ip.len() / 8).map(|word| u32::from_str_radix(&ip[word * 8..][..8], 16).unwrap());
    let bytes: Vec<u8> = words.flat_map(u32::to_ne_bytes).collect();
    let ip = match <[u8; 4]>::try_from(bytes.as_slice()) {
        Ok(v4) => IpAddr::from(v4),
        Err(_) => IpAddr::from(<[u8; 16]>::try_from(bytes.as_slice()).unwrap()),
    };
    SocketAddr::new(ip, u16::from_str_radix(port, 16).unwrap())
}

/// A state as Linux names it, for its number in `include/net/tcp_states.h`.
fn linux_name(state: &str) -> &'static str {
    match state {
        "01" => "ESTABLISHED",
        "02" => "SYN_SENT",
        // A request is told as SYN_RECV too (TCP_NEW_SYN_RECV is the kernel's own business).
        "03" | "0C" => "SYN_RECV",
        "04" => "FIN_WAIT1",
        "05" => "FIN_WAIT2",
        "06" => "TIME_WAIT",
        "07" => "CLOSED",
        "08" => "CLOSE_WAIT",
        "09" => "LAST_ACK",
        "0A" => "LISTEN",
        "0B" => "CLOSING",
        other => panic!("/proc/net/tcp has a state {other}"),
    }
}
