//! What a lesson wants of the place in which it runs.

use std::collections::BTreeMap;

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

/// What the wire does with a retransmission of a segment that was delivered already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Copies {
    /// It waits like any other segment.
    #[default]
    Hold,
    /// It is counted and dropped, so that reading time leaves no clutter on the wire.
    Drop,
}

/// The settings of the lab. Each is applied to the new namespace before the first call.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabSettings {
    /// What happens to a retransmission of a segment that was delivered already.
    pub copies: Copies,
    /// Whether the kernel may put off an acknowledgement (`quickack` of `ip-route(8)` where it may not).
    pub delayed_ack: bool,
    /// The loopback's MTU, in bytes; 1500 gives the textbook's MSS of 1460.
    pub mtu: u32,
    /// The shortest retransmission timeout for data, in milliseconds (`rto_min` of `ip-route(8)`); `None` leaves
    /// the kernel's 200 ms.
    pub rto_min_ms: Option<u32>,
    /// Further settings below `net.ipv4`, by name (`tcp_timestamps = 0`).
    pub sysctl: BTreeMap<String, i64>,
}

impl Default for LabSettings {
    fn default() -> Self {
        LabSettings { copies: Copies::Hold, delayed_ack: false, mtu: 1500, rto_min_ms: None, sysctl: BTreeMap::new() }
    }
}
