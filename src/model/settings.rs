//! What a lesson wants of the place in which it runs.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// Where the walk runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A network namespace of the program's own, where every segment is held.
    Lab,
    /// The machine's own loopback, where nothing is held but by the kernel's own options.
    Host,
}

impl Mode {
    /// `lab` or `host`.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Lab => "lab",
            Mode::Host => "host",
        }
    }
}

/// Something that a lesson needs and that not every machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// IPv6, with `::1` on the loopback.
    Ipv6,
    /// The kernel's table of UDP sockets (`sock_diag(7)`): without it nothing is known of what lies in their queues.
    UdpTable,
    /// To see the calls of a program that was started for it (`ptrace(2)`, with a filter of `seccomp(2)`).
    Tracing,
    /// A setting of the kernel in a lab, as `sysctl(8)` names it: `net.ipv4.tcp_sack`.
    Setting(String),
    /// A congestion control that a lab may have (`tcp_allowed_congestion_control`), by the kernel's name: `cubic`.
    CongestionControl(String),
    /// A socket option, by its name in C.
    Option(String),
}

/// What the wire does with a retransmission of a segment that was delivered already, while an answer to it waits. Where none
/// does, the receiver needs it, and it waits like any other segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase", expecting = "`hold`, `drop` or `late`")]
pub enum Copies {
    /// It waits like any other segment.
    #[default]
    Hold,
    /// It is counted and dropped: it crosses its answer, so that reading time would leave clutter on the wire.
    Drop,
    /// As `Drop`; and of a segment that still waits the first copy stays the one that goes on, late. The sender's kernel
    /// sees by the timestamps that it need not have repeated it (RFC 3522), and takes its slowing down back.
    Late,
}

/// The MSS of a lab whose MTU no lesson chose, in bytes: over IPv4 and over IPv6, as over Ethernet.
pub const MSS: [u32; 2] = [1460, 1440];

/// The loopback's MTU where no lesson chose another one, in bytes: Linux's own.
pub const LOOPBACK_MTU: u32 = 65_536;

/// The shortest retransmission timeout for data in a lab that processes share, in milliseconds: data that waits for a reader
/// is not sent again all the time.
pub const SHARED_RTO_MIN_MS: u32 = 15_000;

/// How often the kernel sends something again before it gives up: by which setting below `net.ipv4`, what it is in a lab, so that a
/// connection outlives anybody's reading time, and what in Linux by itself (`ip-sysctl.rst`; 0 of `tcp_orphan_retries` means 8).
pub const TRIES: [(&str, i64, i64); 4] = [
    ("tcp_syn_retries", 127, 6),
    ("tcp_synack_retries", 255, 5),
    ("tcp_retries2", 255, 15),
    ("tcp_orphan_retries", 255, 8),
];

/// Further numbers by which a timer's end is decided: those of keepalive that a new network namespace has (`tcp(7)`), and what every lab
/// sets.
const BESIDE_TRIES: [(&str, i64); 3] =
    [("tcp_keepalive_time", 7200), ("tcp_keepalive_probes", 9), ("tcp_syn_linear_timeouts", 0)];

/// The number that a setting below `net.ipv4` has in a lab where nobody chose one, of those by which a timer's end is decided.
pub fn lab_number(setting: &str) -> Option<i64> {
    let tries = TRIES.into_iter().map(|(name, lab, _)| (name, lab));
    tries.chain(BESIDE_TRIES).find(|(name, _)| *name == setting).map(|(_, number)| number)
}

/// The settings of the lab. Each is applied to the new namespace before the first call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabSettings {
    /// What happens to a retransmission of a segment that was delivered already.
    pub copies: Copies,
    /// Whether the kernel may put off an acknowledgement (`quickack` of `ip-route(8)` where it may not).
    pub delayed_ack: bool,
    /// The loopback's MTU, in bytes. `None` leaves Linux's own (65,536), so that a long datagram stays one packet, while
    /// TCP's segments get the textbook's MSS, [`MSS`] (`advmss` of `ip-route(8)`).
    pub mtu: Option<u32>,
    /// The shortest retransmission timeout for data, in milliseconds (`rto_min` of `ip-route(8)`); `None` leaves
    /// the kernel's 200 ms.
    pub rto_min_ms: Option<u32>,
    /// Further settings below `net.ipv4`, by name (`tcp_timestamps = 0`, `tcp_rmem = [4096, 8192, 8192]`).
    pub sysctl: BTreeMap<String, Setting>,
    /// Settings below `net.core`, by name (`somaxconn = 1`).
    pub core: BTreeMap<String, Setting>,
}

impl LabSettings {
    /// The congestion control that it asks for; `None` where it leaves the lab's own, `reno`.
    pub fn congestion_control(&self) -> Option<&str> {
        match self.sysctl.get("tcp_congestion_control")? {
            Setting::Name(name) => Some(name),
            Setting::Numbers(_) => None,
        }
    }

    /// The kernel's settings that it changes, as `sysctl(8)` names them.
    pub fn settings(&self) -> impl Iterator<Item = String> {
        let ipv4 = self.sysctl.keys().map(|name| format!("net.ipv4.{name}"));
        ipv4.chain(self.core.keys().map(|name| format!("net.core.{name}")))
    }
}

/// The value of a setting of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// A whole number, or several: two of a range (`ip_local_port_range`), three of `tcp_rmem` (least, default, most).
    Numbers(Vec<i64>),
    /// A name (`tcp_congestion_control`).
    Name(String),
}

impl fmt::Display for Setting {
    /// As the kernel reads and writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Numbers(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
                f.write_str(&numbers.join(" "))
            }
            Setting::Name(name) => f.write_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Setting, D::Error> {
        struct NumbersOrName;
        impl<'de> Visitor<'de> for NumbersOrName {
            type Value = Setting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a setting's value: whole numbers or a name")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Setting, E> {
                Ok(Setting::Numbers(vec![number]))
            }
            // As JSON has whole numbers.
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Setting, E> {
                i64::try_from(number).map(|number| Setting::Numbers(vec![number])).map_err(E::custom)
            }
            fn visit_str<E>(self, name: &str) -> Result<Setting, E> {
                Ok(Setting::Name(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Setting, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = sequence.next_element()? {
                    numbers.push(number);
                }
                Ok(Setting::Numbers(numbers))
            }
        }
        deserializer.deserialize_any(NumbersOrName)
    }
}

impl Default for LabSettings {
    fn default() -> Self {
        LabSettings {
            copies: Copies::Hold,
            delayed_ack: false,
            mtu: None,
            rto_min_ms: None,
            sysctl: BTreeMap::new(),
            core: BTreeMap::new(),
        }
    }
}
