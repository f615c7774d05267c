//! What may be changed of a lab in the middle of a walk: a setting of its kernel, a route, or a name in its hosts.

use std::str::FromStr;

use super::hosts::WORD;
use super::{HostsChange, RouteChange, RouteFault, SettingChange, SettingFault};

/// A change of the lab's kernel, or of the file by which libc finds names there.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum KernelChange {
    /// A setting becomes another one (`sysctl(8)`).
    Sysctl(SettingChange),
    /// Metrics of a route do (`ip-route(8)`).
    Route(RouteChange),
    /// A name has other addresses (`hosts(5)`).
    Hosts(HostsChange),
}

impl KernelChange {
    /// Whether a lab can be changed so at all: what comes from elsewhere may say anything.
    pub fn is_sound(&self) -> bool {
        match self {
            KernelChange::Sysctl(change) => change.check().is_ok(),
            KernelChange::Route(change) => change.is_sound(),
            KernelChange::Hosts(change) => change.is_sound(),
        }
    }

    /// What it wants, with the value where there is one; `None` where what is told under this name is another change.
    pub fn line_of(&self, told: &str) -> Option<String> {
        let (name, line) = match self {
            KernelChange::Sysctl(change) => (format!("net.{}.{}", change.folder(), change.name), change.to_string()),
            KernelChange::Route(change) => (format!("ip route {}", change.destination()), change.to_string()),
            KernelChange::Hosts(change) => (change.setting(), change.setting()),
        };
        (name == told).then_some(line)
    }
}

/// Whether a line is meant to change the lab, and to be no call.
pub fn is_kernel_change(text: &str) -> bool {
    matches!(text.split_whitespace().next(), Some("sysctl" | "ip" | WORD))
}

impl FromStr for KernelChange {
    type Err = SettingFault;

    fn from_str(text: &str) -> Result<KernelChange, SettingFault> {
        match text.split_whitespace().next() {
            Some("ip") => text.parse().map(KernelChange::Route).map_err(|fault: RouteFault| SettingFault::Route(fault)),
            Some(WORD) => text.parse().map(KernelChange::Hosts).map_err(SettingFault::Hosts),
            _ => text.parse().map(KernelChange::Sysctl),
        }
    }
}
