//! What this machine allows, found out by trying.

use std::fs;
use std::io;
use std::os::fd::AsRawFd;

use socket2::{Domain, Socket, Type};

use super::gate::Gate;
use super::lab::{self, Refused, refused};
use super::netlink::Netlink;
use super::{sys, wire};
use crate::model::LabSettings;

/// Something that the program would like to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// To ask the kernel for all sockets.
    SockDiag,
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
}

/// What would give more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// AppArmor restricts user namespaces (`kernel.apparmor_restrict_unprivileged_userns`).
    AppArmor,
    /// User namespaces are switched off (`kernel.unprivileged_userns_clone`, Debian's kernels).
    Clone,
    /// None are allowed (`user.max_user_namespaces`).
    Limit,
    /// A container forbids them.
    Container,
    /// Root may make the lab.
    Root,
    /// A capability on the program's file lets it see segments on the machine's own loopback.
    CaptureRight,
}

/// What was found out.
pub struct Diagnosis {
    /// The kernel's release.
    pub release: String,
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

    /// Whether it allows the lab.
    pub fn allows_lab(&self) -> bool {
        self.allows(Ability::Delivery)
    }
}

/// Tries everything. Call it before the process has a second thread; the process has the rights of
/// [`super::gain_rights`] afterwards.
pub fn examine(getenv: impl Fn(&str) -> Option<String>) -> Diagnosis {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned();
    let sock_diag = Netlink::open(libc::NETLINK_SOCK_DIAG).map(drop).map_err(refused("socket(NETLINK_SOCK_DIAG)"));
    let mut abilities = vec![
        (Ability::SockDiag, sock_diag),
        (Ability::DeferAccept, defer_accept().map_err(refused("setsockopt(TCP_DEFER_ACCEPT)"))),
        (Ability::HostCapture, wire::try_capture()),
    ];
    let root = sys::effective_ids().0 == 0;
    let rights = lab::gain_rights(getenv).map(drop);
    let go_on = rights.is_ok();
    abilities.push((Ability::Rights, rights));
    if go_on {
        // In a thread of its own: the process stays in the namespace in which it was started.
        abilities.extend(std::thread::spawn(try_lab).join().unwrap_or_default());
    }
    let mut diagnosis = Diagnosis { release, abilities, remedies: Vec::new() };
    diagnosis.remedies = remedies(&diagnosis, root);
    diagnosis
}

type Step = (Ability, fn() -> Result<(), Refused>);

/// Builds a lab step by step, until one is refused.
fn try_lab() -> Vec<(Ability, Result<(), Refused>)> {
    let steps: [Step; 6] = [
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

fn remedies(diagnosis: &Diagnosis, root: bool) -> Vec<Remedy> {
    if diagnosis.allows_lab() {
        return Vec::new();
    }
    let setting = |name: &str| fs::read_to_string(format!("/proc/sys/{name}")).ok().map(|text| text.trim().to_owned());
    let is = |name: &str, value: &str| setting(name).as_deref() == Some(value);
    let container = ["/.dockerenv", "/run/.containerenv"].iter().any(|path| fs::exists(path).unwrap_or(false));
    let mut remedies = Vec::new();
    let mut add = |applies: bool, remedy| {
        if applies {
            remedies.push(remedy);
        }
    };
    add(is("kernel/apparmor_restrict_unprivileged_userns", "1"), Remedy::AppArmor);
    add(is("kernel/unprivileged_userns_clone", "0"), Remedy::Clone);
    add(is("user/max_user_namespaces", "0"), Remedy::Limit);
    add(container, Remedy::Container);
    add(!root && !container, Remedy::Root);
    add(!diagnosis.allows(Ability::HostCapture), Remedy::CaptureRight);
    remedies
}
