//! What this machine allows, found out by trying.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;

use socket2::{Domain, Socket, Type};

use super::gate::Gate;
use super::lab::{self, Refused, Rights, refused};
use super::tracer::{self, Unseen};
use super::{diag, sys, wire};
use crate::model::{Aim, LabSettings};

/// Something that the program would like to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// To ask the kernel for all sockets of a protocol.
    Table(DiagTable),
    /// To hold SYN_RECV without a lab.
    DeferAccept,
    /// To see segments on the machine's own loopback.
    HostCapture,
    /// To have rights over a namespace of its own.
    Rights,
    /// To make a network namespace.
    NetNamespace,
    /// To hold segments there.
    Gate,
    /// To bring its loopback up.
    Loopback,
    /// To set its TCP.
    Settings,
    /// To see segments there.
    Capture,
    /// To let segments go on there.
    Delivery,
    /// To stop a program at its calls.
    Trace,
}

/// One of the kernel's tables of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DiagTable {
    Tcp4,
    Tcp6,
    Udp4,
    Udp6,
}

impl DiagTable {
    const ALL: [DiagTable; 4] = [DiagTable::Tcp4, DiagTable::Tcp6, DiagTable::Udp4, DiagTable::Udp6];

    const fn family(self) -> (i32, i32) {
        match self {
            DiagTable::Tcp4 => (libc::AF_INET, libc::IPPROTO_TCP),
            DiagTable::Tcp6 => (libc::AF_INET6, libc::IPPROTO_TCP),
            DiagTable::Udp4 => (libc::AF_INET, libc::IPPROTO_UDP),
            DiagTable::Udp6 => (libc::AF_INET6, libc::IPPROTO_UDP),
        }
    }
}

/// What would give more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The modules of the running kernel are gone, as after its update: the machine is to be started anew.
    Reboot,
    /// These modules of the kernel are to be loaded.
    Modules(&'static str),
    /// AppArmor restricts user namespaces (`kernel.apparmor_restrict_unprivileged_userns`).
    AppArmor,
    /// User namespaces are switched off (`kernel.unprivileged_userns_clone`, Debian's kernels).
    Clone,
    /// No more user namespaces are allowed (`user.max_user_namespaces`).
    UserLimit,
    /// No more network namespaces are allowed (`user.max_net_namespaces`).
    NetLimit,
    /// A container forbids what was refused.
    Container,
    /// Root may make the lab.
    Root,
    /// Yama forbids tracing (`kernel.yama.ptrace_scope`).
    Yama,
    /// A capability on the program's file lets it see segments on the machine's own loopback.
    CaptureRight,
}

/// What was found out.
pub struct Diagnosis {
    /// The kernel's release.
    pub release: String,
    /// How the right to make a lab was had; `None` where it wasn't.
    pub rights: Option<Rights>,
    /// Each ability, in the order in which they were tried, with the refusal where there was one. What was not tried
    /// because something before it was refused is absent.
    pub abilities: Vec<(Ability, Result<(), Refused>)>,
    /// What would give more, the best first.
    pub remedies: Vec<Remedy>,
}

impl Diagnosis {
    /// Whether the machine allows this.
    pub fn allows(&self, ability: Ability) -> bool {
        self.abilities.iter().any(|(tried, result)| *tried == ability && result.is_ok())
    }

    /// Whether a walk is possible at all: without the kernel's word on TCP's sockets none is.
    pub fn allows_walks(&self) -> bool {
        self.allows(Ability::Table(DiagTable::Tcp4))
    }

    /// Whether it allows the lab.
    pub fn allows_lab(&self) -> bool {
        self.allows_walks() && self.allows(Ability::Delivery)
    }

    /// The error with which something was refused.
    fn errno(&self, ability: Ability) -> Option<i32> {
        let (_, result) = self.abilities.iter().find(|(tried, _)| *tried == ability)?;
        result.as_ref().err()?.error.raw_os_error()
    }
}

/// Tries everything. Call it before the process has a second thread; the process has the rights of
/// [`super::gain_rights`] afterwards.
pub fn examine(getenv: impl Fn(&str) -> Option<String>) -> Diagnosis {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned();
    let table = |table: DiagTable| {
        (Ability::Table(table), diag::has_table(table.family()).map_err(refused(Aim::Table.by("NETLINK_SOCK_DIAG"))))
    };
    let mut abilities: Vec<(Ability, Result<(), Refused>)> = DiagTable::ALL.into_iter().map(table).collect();
    abilities.push((Ability::DeferAccept, defer_accept().map_err(refused(Aim::DeferAccept.by("TCP_DEFER_ACCEPT")))));
    abilities.push((Ability::HostCapture, wire::try_capture()));
    let root = sys::effective_ids().0 == 0;
    let (rights, gained) = match lab::gain_rights(getenv) {
        Ok(rights) => (Some(rights), Ok(())),
        Err(refused) => (None, Err(refused)),
    };
    abilities.push((Ability::Rights, gained));
    if rights.is_some() {
        // In a thread of its own: the process stays in the namespace in which it was started.
        let tried = std::thread::Builder::new().name("doctor".into()).spawn(try_lab);
        abilities.extend(match tried {
            Ok(thread) => thread.join().unwrap_or_default(),
            Err(error) => vec![(Ability::NetNamespace, Err(refused(Aim::Thread.by("clone()"))(error)))],
        });
    }
    abilities.push((Ability::Trace, try_tracing()));
    let machine = Machine::look(root, &release);
    let mut diagnosis = Diagnosis { release, rights, abilities, remedies: Vec::new() };
    diagnosis.remedies = remedies(&diagnosis, &machine);
    diagnosis
}

/// What forbids everybody to trace, as far as it can be asked without a program to be traced.
fn try_tracing() -> Result<(), Refused> {
    let refuse = |call: &'static str, errno| Err(refused(Aim::Trace.by(call))(io::Error::from_raw_os_error(errno)));
    match tracer::forbidden() {
        None => Ok(()),
        Some(Unseen::Filter(errno)) => refuse("seccomp(SECCOMP_SET_MODE_FILTER)", errno),
        Some(_) => refuse("ptrace(PTRACE_SEIZE)", libc::EPERM),
    }
}

type ProbeStep = (Ability, fn() -> Result<(), Refused>);

/// Builds a lab step by step, until one is refused.
fn try_lab() -> Vec<(Ability, Result<(), Refused>)> {
    let steps: [ProbeStep; 6] = [
        (Ability::NetNamespace, lab::new_network),
        (Ability::Gate, || lab::close_gate(Gate::StaysClosed).map(drop)),
        (Ability::Loopback, || lab::bring_up_loopback(&LabSettings::default())),
        (Ability::Settings, || lab::apply(&LabSettings::default())),
        (Ability::Capture, wire::try_capture),
        (Ability::Delivery, wire::try_delivery),
    ];
    let mut tried = Vec::new();
    for (ability, step) in steps {
        let result = step();
        let refused = result.is_err();
        tried.push((ability, result));
        if refused {
            break;
        }
    }
    tried
}

fn defer_accept() -> io::Result<()> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    sys::calls::set_option(socket.as_raw_fd(), (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT), [1])
}

/// What of the machine decides what helps.
#[derive(Clone, Copy, Debug, Default)]
struct Machine {
    root: bool,
    container: bool,
    /// AppArmor restricts user namespaces.
    apparmor: bool,
    /// User namespaces are switched off.
    clone_off: bool,
    /// Yama forbids everybody, or all but root, to trace.
    yama: bool,
    /// There is a folder of modules, but none for the running kernel.
    modules_gone: bool,
}

impl Machine {
    fn look(root: bool, release: &str) -> Machine {
        let is = |name: &str, value: &str| {
            fs::read_to_string(format!("/proc/sys/kernel/{name}")).is_ok_and(|text| text.trim() == value)
        };
        let there = |path: &str| fs::exists(path).unwrap_or(false);
        Machine {
            root,
            yama: is("yama/ptrace_scope", "3"),
            container: ["/.dockerenv", "/run/.containerenv"].into_iter().any(there),
            apparmor: is("apparmor_restrict_unprivileged_userns", "1"),
            clone_off: is("unprivileged_userns_clone", "0"),
            modules_gone: there("/lib/modules") && !there(&format!("/lib/modules/{release}")),
        }
    }
}

/// What helps, by what was refused and how: each refusal has its own cure, and what wasn't refused needs none.
fn remedies(diagnosis: &Diagnosis, machine: &Machine) -> Vec<Remedy> {
    let errno = |ability| diagnosis.errno(ability);
    let mut modules = Vec::new();
    let mut module = |ability, errnos: &[i32], names| {
        let missing = errno(ability).is_some_and(|errno| errnos.contains(&errno));
        if missing && !modules.contains(&Remedy::Modules(names)) {
            modules.push(Remedy::Modules(names));
        }
    };
    let no_protocol = [libc::EPROTONOSUPPORT, libc::EAFNOSUPPORT];
    let no_table = [&no_protocol[..], &[libc::ENOENT]].concat();
    module(Ability::Table(DiagTable::Tcp4), &no_table, "tcp_diag");
    module(Ability::Table(DiagTable::Tcp6), &no_table, "tcp_diag");
    module(Ability::Table(DiagTable::Udp4), &no_table, "udp_diag");
    module(Ability::Table(DiagTable::Udp6), &no_table, "udp_diag");
    module(Ability::Gate, &[&no_table[..], &[libc::EOPNOTSUPP]].concat(), "nf_tables");
    module(Ability::HostCapture, &no_protocol, "af_packet");
    module(Ability::Capture, &no_protocol, "af_packet");
    let mut remedies = Vec::new();
    if !modules.is_empty() && machine.modules_gone && !machine.container {
        remedies.push(Remedy::Reboot);
    } else {
        remedies.extend(modules);
    }
    let forbidden = |ability| errno(ability).is_some_and(|errno| errno == libc::EPERM || errno == libc::EACCES);
    if forbidden(Ability::Trace) && machine.yama {
        remedies.push(Remedy::Yama);
    }
    if diagnosis.allows_lab() {
        return remedies;
    }
    let rights = errno(Ability::Rights).is_some();
    let in_namespace = [
        Ability::NetNamespace,
        Ability::Gate,
        Ability::Loopback,
        Ability::Settings,
        Ability::Capture,
        Ability::Delivery,
    ];
    let namespaces = rights || in_namespace.into_iter().any(forbidden);
    let mut add = |applies: bool, remedy| {
        if applies {
            remedies.push(remedy);
        }
    };
    add(namespaces && machine.apparmor, Remedy::AppArmor);
    add(rights && machine.clone_off, Remedy::Clone);
    add(errno(Ability::Rights) == Some(libc::ENOSPC), Remedy::UserLimit);
    add(errno(Ability::NetNamespace) == Some(libc::ENOSPC), Remedy::NetLimit);
    add(namespaces && machine.container, Remedy::Container);
    add(namespaces && !machine.root && !machine.container, Remedy::Root);
    add(forbidden(Ability::HostCapture), Remedy::CaptureRight);
    remedies
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: Ability = Ability::Table(DiagTable::Tcp4);
    const UDP: Ability = Ability::Table(DiagTable::Udp4);

    /// What helps where everything is allowed but these.
    fn cures(refusals: &[(Ability, i32)], machine: Machine) -> Vec<Remedy> {
        let all =
            [TCP, UDP, Ability::HostCapture, Ability::Rights, Ability::NetNamespace, Ability::Gate, Ability::Delivery];
        let result = |ability| match refusals.iter().find(|(refused, _)| *refused == ability) {
            Some((_, errno)) => Err(refused(Aim::Look.by("call()"))(io::Error::from_raw_os_error(*errno))),
            None => Ok(()),
        };
        // What comes after the first refusal of a lab isn't tried.
        let refused = |ability: &Ability| refusals.iter().any(|(refused, _)| refused == ability);
        let from = all.iter().position(|ability| *ability == Ability::Rights).unwrap();
        let last = (from..all.len()).find(|at| refused(&all[*at])).unwrap_or(all.len() - 1);
        let abilities = all[..=last].iter().map(|ability| (*ability, result(*ability))).collect();
        let diagnosis = Diagnosis { release: String::new(), rights: None, abilities, remedies: Vec::new() };
        remedies(&diagnosis, &machine)
    }

    #[test]
    fn each_refusal_has_its_own_cure() {
        let plain = Machine::default();
        let root = Machine { root: true, ..plain };
        let gone = Machine { modules_gone: true, ..plain };
        let container = Machine { container: true, ..plain };
        let capture = (Ability::HostCapture, libc::EPERM);
        let (denied, full) = ((Ability::Rights, libc::EPERM), (Ability::Rights, libc::ENOSPC));
        let no_gate = (Ability::Gate, libc::EOPNOTSUPP);
        for (refusals, machine, wanted) in [
            (vec![], plain, vec![]),
            (vec![capture], plain, vec![]),
            (vec![(UDP, libc::ENOENT)], plain, vec![Remedy::Modules("udp_diag")]),
            (vec![(UDP, libc::ENOENT)], gone, vec![Remedy::Reboot]),
            (vec![(TCP, libc::ENOENT), capture], plain, vec![Remedy::Modules("tcp_diag"), Remedy::CaptureRight]),
            (vec![no_gate], root, vec![Remedy::Modules("nf_tables")]),
            (vec![no_gate], gone, vec![Remedy::Reboot]),
            (vec![(Ability::Delivery, libc::EPERM)], plain, vec![Remedy::Root]),
            (
                vec![(Ability::HostCapture, libc::EAFNOSUPPORT), denied],
                plain,
                vec![Remedy::Modules("af_packet"), Remedy::Root],
            ),
            (vec![denied, capture], plain, vec![Remedy::Root, Remedy::CaptureRight]),
            (vec![denied], root, vec![]),
            (vec![denied], container, vec![Remedy::Container]),
            (vec![denied], Machine { apparmor: true, ..plain }, vec![Remedy::AppArmor, Remedy::Root]),
            (
                vec![(Ability::NetNamespace, libc::EPERM)],
                Machine { apparmor: true, ..plain },
                vec![Remedy::AppArmor, Remedy::Root],
            ),
            (vec![denied], Machine { clone_off: true, ..plain }, vec![Remedy::Clone, Remedy::Root]),
            (vec![full], plain, vec![Remedy::UserLimit, Remedy::Root]),
            (vec![(Ability::NetNamespace, libc::ENOSPC)], plain, vec![Remedy::NetLimit]),
            (vec![(Ability::NetNamespace, libc::ENOSPC)], root, vec![Remedy::NetLimit]),
        ] {
            assert_eq!(cures(&refusals, machine), wanted, "{refusals:?} {machine:?}");
        }
    }
}
