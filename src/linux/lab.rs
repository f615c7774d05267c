//! The lab: a network namespace of the program's own, with nothing in it but `lo`.
//!
//! First the process enters a user namespace, before it has a second thread ([`gain_rights`]); then the thread that
//! runs a walk enters a new network namespace ([`enter`]), and its sides' threads, which it starts, are born there.
//! So each walk, also a restarted one, has a lab of its own, and when its threads are gone, so is the lab.

use std::fmt::Display;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Mode, OFlags, openat};
use socket2::{Domain, Socket, Type};

use super::gate::{self, Gate};
use super::netlink::{Netlink, NetlinkMessage};
use super::{names, route, sys};
use crate::model::{
    Aim, Attempt, ChangedSetting, Errno, KernelChange, LOOPBACK_MTU, LabSettings, SettingChange, TRIES,
};

/// How the right to make a lab was had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// In a user namespace of the process's own: rights over the lab and over nothing else.
    UserNamespace,
    /// As root, all rights given up but those over network namespaces.
    Root,
}

/// What was tried, and the system's refusal.
#[derive(Debug)]
pub struct Refused {
    /// What was tried.
    pub attempt: Attempt,
    /// The refusal.
    pub error: io::Error,
    /// The setting of the lesson that asked for it, by its name in the lesson's file, with a value that this kernel doesn't take: then it
    /// isn't the machine that has no lab.
    pub setting: Option<String>,
}

pub(super) fn refused(attempt: Attempt) -> impl FnOnce(io::Error) -> Refused {
    move |error| Refused { attempt, error, setting: None }
}

/// The same of what a lesson asked for. A kernel that doesn't know it at all is another matter.
fn refused_to_the_lesson(setting: &str, attempt: Attempt) -> impl FnOnce(io::Error) -> Refused {
    move |error| {
        let setting = (error.kind() == io::ErrorKind::InvalidInput).then(|| setting.to_owned());
        Refused { setting, ..refused(attempt)(error) }
    }
}

// `linux/capability.h`.
const CAP_NET_ADMIN: u32 = 12;
const CAP_NET_RAW: u32 = 13;
const CAP_SYS_ADMIN: u32 = 21;
/// Without it root can't map itself into a new user namespace (`user_namespaces(7)`, since Linux 5.12).
const CAP_SETFCAP: u32 = 31;

/// Gains the right to make network namespaces. Call it once, before the process has a second thread.
///
/// Root first becomes the user that called `sudo` (`SUDO_UID`, `SUDO_GID`), if any; `getenv` reads the environment.
///
/// # Errors
/// What the system refused; the process may still use the machine's own loopback then.
pub fn gain_rights(getenv: impl Fn(&str) -> Option<String>) -> Result<Rights, Refused> {
    let root = become_caller(getenv, &[CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN, CAP_SETFCAP])?;
    match enter_user_namespace() {
        Ok(()) => Ok(Rights::UserNamespace),
        // Where user namespaces are forbidden, what is left of root's rights still makes a network namespace.
        Err(_) if root => Ok(Rights::Root),
        Err(error) => Err(error),
    }
}

/// Gives up root's rights but for that of seeing segments, for a walk on the machine's own loopback.
///
/// # Errors
/// What the system refused.
pub fn give_up_root(getenv: impl Fn(&str) -> Option<String>) -> Result<(), Refused> {
    become_caller(getenv, &[CAP_NET_RAW]).map(drop)
}

/// Gives up all of root's rights, before anything foreign is read: for what needs no lab and sees no segment.
///
/// # Errors
/// What the system refused.
pub fn give_up_all_rights(getenv: impl Fn(&str) -> Option<String>) -> Result<(), Refused> {
    become_caller(getenv, &[]).map(drop)
}

/// The effective user of the process.
pub fn effective_uid() -> u32 {
    sys::effective_ids().0
}

/// Gives up root's rights but for those that joining another process's lab takes.
///
/// # Errors
/// What the system refused.
pub fn give_up_root_for_a_lab(getenv: impl Fn(&str) -> Option<String>) -> Result<(), Refused> {
    become_caller(getenv, &[CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN, CAP_SETFCAP]).map(drop)
}

/// Becomes the user that called `sudo`, if any, keeping these capabilities. Whether the process was root's.
fn become_caller(getenv: impl Fn(&str) -> Option<String>, kept: &[u32]) -> Result<bool, Refused> {
    let (uid, _) = sys::effective_ids();
    if uid != 0 {
        return Ok(false);
    }
    let id = |name| getenv(name).and_then(|value| value.parse::<u32>().ok());
    let caller = id("SUDO_UID").zip(id("SUDO_GID"));
    let (uid, gid) = caller.unwrap_or_else(sys::effective_ids);
    sys::become_user(uid, gid, kept).map_err(refused(Aim::Rights.by("setresuid(), capset()")))?;
    Ok(true)
}

/// Whether a server could have this address on the machine's own loopback: it is bound for a moment.
///
/// # Errors
/// The kernel's refusal, as `AddrInUse` or `PermissionDenied`.
pub fn check_address(address: std::net::SocketAddr) -> io::Result<()> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    // Two bound sockets share a port until one listens.
    socket.listen(0)
}

/// Enters a user namespace in which the caller is who it was.
fn enter_user_namespace() -> Result<(), Refused> {
    let (uid, gid) = sys::effective_ids();
    sys::unshare(libc::CLONE_NEWUSER).map_err(refused(Aim::UserNamespace.by("unshare(CLONE_NEWUSER)")))?;
    // The kernel accepts an unprivileged gid_map only once setgroups is denied (user_namespaces(7)).
    fs::write("/proc/self/setgroups", "deny").map_err(refused(Aim::UserNamespace.by("write(/proc/self/setgroups)")))?;
    fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))
        .map_err(refused(Aim::UserNamespace.by("write(/proc/self/uid_map)")))?;
    fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))
        .map_err(refused(Aim::UserNamespace.by("write(/proc/self/gid_map)")))
}

/// Settings below `/proc/sys/net/ipv4` that let a connection outlive anybody's reading time. Best effort: a kernel
/// without one of them works too, with less patience.
const PATIENCE: [(&str, i64); 5] = [
    // By default half of the buckets of the small table below: of more sockets in TIME_WAIT the kernel forgets each at once.
    ("tcp_max_tw_buckets", 262_144),
    // A SYN's timeout doubles from the first time on, as RFC 6298 has it; newer kernels keep it at a second for a while.
    ("tcp_syn_linear_timeouts", 0),
    ("tcp_fin_timeout", 3600),
    // The tail loss probe would send a waiting segment again after two round trips.
    ("tcp_early_retrans", 0),
    // A forged or late segment's challenge ACK isn't limited, so that what is stepped is what is answered.
    ("tcp_invalid_ratelimit", 0),
];

/// Buckets of the lab's own table of connections: a power of two, enough for some thousand connections.
const SMALL_TABLE: i64 = 1024;

/// Moves the calling thread into a new lab, with the gate closed.
///
/// # Errors
/// The first step that the system refused. Settings of the lesson that this kernel doesn't have are such a step;
/// those for patience are not.
pub fn enter(settings: &LabSettings) -> Result<(), Refused> {
    enter_with(settings, Gate::StaysClosed).map(drop)
}

/// The same with a gate of this kind. What keeps it closed, where it opens without the process.
pub(super) fn enter_with(settings: &LabSettings, gate: Gate) -> Result<Option<Netlink>, Refused> {
    new_network()?;
    let gate = close_gate(gate)?;
    bring_up_loopback(settings)?;
    apply(settings)?;
    Ok(gate)
}

/// The number of the calling thread's network namespace; `None` where `/proc` doesn't tell.
pub(super) fn network() -> Option<u64> {
    fs::metadata("/proc/thread-self/ns/net").ok().map(|namespace| namespace.ino())
}

/// Moves the calling thread into a new network namespace.
pub(super) fn new_network() -> Result<(), Refused> {
    sys::unshare(libc::CLONE_NEWNET).map_err(refused(Aim::NetNamespace.by("unshare(CLONE_NEWNET)")))?;
    // Asking for all sockets walks the whole hash table of connections, by default the machine's own, of a quarter of
    // a million buckets. A namespace made inside this one gets a table of its own, of this size (Linux 6.2).
    if SysctlFolder::open("ipv4").set("tcp_child_ehash_entries", SMALL_TABLE).is_ok() {
        sys::unshare(libc::CLONE_NEWNET).map_err(refused(Aim::NetNamespace.by("unshare(CLONE_NEWNET)")))?;
    }
    Ok(())
}

/// Closes the gate of the calling thread's network namespace.
pub(super) fn close_gate(gate: Gate) -> Result<Option<Netlink>, Refused> {
    gate::close(gate).map_err(refused(Aim::Gate.by("NETLINK_NETFILTER")))
}

/// Makes `lo` a textbook's link, and brings it up.
pub(super) fn bring_up_loopback(settings: &LabSettings) -> Result<(), Refused> {
    let any = Socket::new(Domain::IPV4, Type::DGRAM, None)
        .map_err(refused(Aim::Loopback.by("socket(AF_INET, SOCK_DGRAM)")))?;
    let mtu = settings.mtu.unwrap_or(LOOPBACK_MTU);
    let set = sys::set_loopback_mtu(any.as_fd(), mtu);
    set.map_err(refused_to_the_lesson("mtu", Aim::Setting.by(format!("ioctl(lo, SIOCSIFMTU, {mtu})"))))?;
    // ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO: data is really cut into segments of the MSS.
    for command in [0x1f, 0x24, 0x2c] {
        sys::switch_offload_off(any.as_fd(), command).map_err(refused(Aim::Loopback.by("ioctl(lo, SIOCETHTOOL)")))?;
    }
    let loopback = sys::loopback_index().map_err(refused(Aim::Loopback.by("if_nametoindex(lo)")))?;
    // A kernel before Linux 4.16 refuses it: then PSH stands elsewhere too.
    let _ = hand_over_single_segments(loopback);
    // The machine's choice for its own interfaces may have been inherited; absent where the kernel runs without IPv6.
    let _ = fs::write("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "0");
    sys::bring_loopback_up(any.as_fd()).map_err(refused(Aim::Loopback.by("ioctl(lo, SIOCSIFFLAGS, IFF_UP)")))
}

/// Has TCP hand over one segment at a time (`gso_max_segs` of `ip-link(8)`). A burst that is cut only on its way out has
/// PSH in its last segment, and where a burst ends depends on the measured round-trip time.
fn hand_over_single_segments(loopback: u32) -> io::Result<()> {
    let mut message = NetlinkMessage::default();
    // `struct ifinfomsg`: family and type of device, the index, flags and which of them change.
    let head = [[0; 4], loopback.to_ne_bytes(), [0; 4], [0; 4]].concat();
    message
        .begin(libc::RTM_NEWLINK, libc::NLM_F_ACK as u16)
        .raw(&head)
        .attribute(libc::IFLA_GSO_MAX_SEGS, &1u32.to_ne_bytes())
        .end();
    Netlink::open(libc::NETLINK_ROUTE)?.execute(&message, 1)
}

/// Applies the settings for patience and those of the lesson.
pub(super) fn apply(settings: &LabSettings) -> Result<(), Refused> {
    // Each folder is looked up once: the kernel compares a name with those of all namespaces that it remembers.
    let ipv4 = SysctlFolder::open("ipv4");
    for (name, value) in PATIENCE.into_iter().chain(TRIES.map(|(name, lab, _)| (name, lab))) {
        let _ = ipv4.set(name, value);
    }
    // That of RFC 5681, which every kernel has: the machine's own choice may send at a pace, or hold another window.
    let _ = ipv4.set("tcp_congestion_control", "reno");
    if let Some(rto_min) = settings.rto_min_ms {
        // The routes say so; this, on newer kernels, also where somebody changes them.
        let _ = ipv4.set("tcp_rto_min_us", i64::from(rto_min) * 1000);
    }
    let written =
        |folder: &str, name: &str, value| Aim::Setting.by(format!("write(/proc/sys/net/{folder}/{name}, {value})"));
    for (name, value) in &settings.sysctl {
        ipv4.set(name, value).map_err(refused_to_the_lesson(name, written("ipv4", name, value)))?;
    }
    for (name, value) in &settings.core {
        SysctlFolder::open("core")
            .set(name, value)
            .map_err(refused_to_the_lesson(name, written("core", name, value)))?;
    }
    let loopback = loopback()?;
    route::set_metrics(settings, loopback).map_err(refused(Aim::Setting.by("NETLINK_ROUTE, RTM_NEWROUTE")))
}

fn loopback() -> Result<u32, Refused> {
    sys::loopback_index().map_err(refused(Aim::Loopback.by("if_nametoindex(lo)")))
}

/// Gives the loopback's routes of the calling thread's network namespace another shortest retransmission timeout, in milliseconds.
pub(super) fn set_rto_min(ms: u32) -> io::Result<()> {
    route::set_rto_min(ms, sys::loopback_index()?)
}

/// The most that Linux lets one socket have on its way where nothing else was set (`tcp_wmem` of `tcp(7)`), in bytes.
const MOST_ON_ITS_WAY: usize = 4 << 20;

/// Lets no socket of the calling thread's network namespace have more on its way than so many bytes, the kernel's own
/// expense included, and none less than it usually has.
pub(super) fn bound_flight(bound: usize) -> io::Result<()> {
    let limits = fs::read_to_string("/proc/sys/net/ipv4/tcp_wmem")?;
    let limits: Vec<usize> = limits.split_whitespace().filter_map(|limit| limit.parse().ok()).collect();
    let &[least, usual, _] = &limits[..] else { return Err(io::ErrorKind::InvalidData.into()) };
    SysctlFolder::open("ipv4").set("tcp_wmem", format!("{least} {usual} {}", bound.min(MOST_ON_ITS_WAY).max(usual)))
}

/// The most bytes that are read of a setting.
const LONGEST_SETTING: u64 = 256;

/// Changes a setting or a route of the calling thread's network namespace, or a name in the lab's hosts; `before` is what was told of
/// that last.
pub(super) fn change_kernel(change: &KernelChange, before: Option<&str>) -> Vec<ChangedSetting> {
    match change {
        KernelChange::Sysctl(change) => vec![change_setting(change)],
        KernelChange::Hosts(change) => vec![change.told(before, names::try_hosts(change))],
        KernelChange::Route(change) => {
            sys::loopback_index().and_then(|loopback| route::change(change, loopback)).unwrap_or_else(|error| {
                let errno = Errno(error.raw_os_error().unwrap_or(libc::EIO));
                let name = format!("ip route {}", change.destination());
                vec![ChangedSetting { name, before: None, now: Err(errno) }]
            })
        }
    }
}

fn change_setting(change: &SettingChange) -> ChangedSetting {
    let (folder, name) = (SysctlFolder::open(change.folder()), change.name.as_str());
    let before = folder.get(name).ok();
    let now = folder.set(name, &change.value).and_then(|()| folder.get(name));
    let now = now.map_err(|error| Errno(error.raw_os_error().unwrap_or(libc::EIO)));
    ChangedSetting { name: format!("net.{}.{name}", change.folder()), before, now }
}

/// The same refusal once more.
fn same(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| io::Error::other(error.to_string()), io::Error::from_raw_os_error)
}

/// A folder below `/proc/sys/net`, as the calling thread's network namespace has it; one that can't be opened has no
/// settings.
struct SysctlFolder(io::Result<OwnedFd>);

impl SysctlFolder {
    fn open(name: &str) -> SysctlFolder {
        SysctlFolder(fs::File::open(format!("/proc/sys/net/{name}")).map(OwnedFd::from))
    }

    /// What a setting is, its numbers parted by blanks.
    fn get(&self, name: &str) -> io::Result<String> {
        let folder = self.0.as_ref().map_err(same)?;
        let file = openat(folder, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let text = io::read_to_string(fs::File::from(file).take(LONGEST_SETTING))?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn set(&self, name: &str, value: impl Display) -> io::Result<()> {
        let folder = self.0.as_ref().map_err(same)?;
        // A name comes from a lesson's file: the linter allows known ones only, so it stays in this folder.
        let file = openat(folder, name, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
        fs::File::from(file).write_all(value.to_string().as_bytes())
    }
}
