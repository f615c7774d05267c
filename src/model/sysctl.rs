//! The settings of the kernel that may be changed in a lab: those that a network namespace has for itself and
//! that matter to a connection (`Documentation/networking/ip-sysctl.rst` of the kernel's sources). `tcp_max_orphans` is none
//! of them: the whole machine has one.
//!
//! One is changed in a walk as sysctl(8) writes it: `sysctl net.ipv4.tcp_syncookies=0`, or short `sysctl tcp_syncookies=0`.

use std::fmt;
use std::str::FromStr;

use super::{HostsFault, RouteFault, Setting};

/// Below `net.ipv4`.
pub const IPV4_SETTINGS: &[&str] = &[
    "ip_default_ttl",
    "ip_local_port_range",
    "ip_no_pmtu_disc",
    "tcp_abort_on_overflow",
    "tcp_adv_win_scale",
    "tcp_app_win",
    "tcp_autocorking",
    "tcp_base_mss",
    "tcp_challenge_ack_limit",
    "tcp_comp_sack_delay_ns",
    "tcp_comp_sack_nr",
    "tcp_comp_sack_rtt_percent",
    "tcp_comp_sack_slack_ns",
    "tcp_congestion_control",
    "tcp_dsack",
    "tcp_early_retrans",
    "tcp_ecn",
    "tcp_ecn_fallback",
    "tcp_fastopen",
    "tcp_fastopen_blackhole_timeout_sec",
    "tcp_fin_timeout",
    "tcp_frto",
    "tcp_invalid_ratelimit",
    "tcp_keepalive_intvl",
    "tcp_keepalive_probes",
    "tcp_keepalive_time",
    "tcp_limit_output_bytes",
    "tcp_max_reordering",
    "tcp_max_syn_backlog",
    "tcp_max_tw_buckets",
    "tcp_min_rtt_wlen",
    "tcp_min_snd_mss",
    "tcp_moderate_rcvbuf",
    "tcp_mtu_probe_floor",
    "tcp_mtu_probing",
    "tcp_no_metrics_save",
    "tcp_no_ssthresh_metrics_save",
    "tcp_notsent_lowat",
    "tcp_orphan_retries",
    "tcp_pacing_ca_ratio",
    "tcp_pacing_ss_ratio",
    "tcp_pingpong_thresh",
    "tcp_probe_interval",
    "tcp_probe_threshold",
    "tcp_rcvbuf_low_rtt",
    "tcp_recovery",
    "tcp_reflect_tos",
    "tcp_reordering",
    "tcp_retrans_collapse",
    "tcp_retries1",
    "tcp_retries2",
    "tcp_rfc1337",
    "tcp_rmem",
    "tcp_rto_max_ms",
    "tcp_rto_min_us",
    "tcp_sack",
    "tcp_shrink_window",
    "tcp_slow_start_after_idle",
    "tcp_stdurg",
    "tcp_syn_linear_timeouts",
    "tcp_syn_retries",
    "tcp_synack_retries",
    "tcp_syncookies",
    "tcp_thin_linear_timeouts",
    "tcp_timestamps",
    "tcp_tso_win_divisor",
    "tcp_tw_reuse",
    "tcp_tw_reuse_delay",
    "tcp_window_scaling",
    "tcp_wmem",
    "tcp_workaround_signed_windows",
];

/// Below `net.core`.
pub const CORE_SETTINGS: &[&str] = &["somaxconn"];

/// Those that the whole machine has: no lab has one of its own.
const WHOLE_MACHINE: [&str; 3] = ["tcp_max_orphans", "tcp_mem", "udp_mem"];

/// What is written into a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// One whole number.
    Number,
    /// Two: the first and the last of a range.
    Range,
    /// Three: least, default, most.
    Three,
    /// A name: small letters, digits, `_` and `-`, at most fifteen (`TCP_CA_NAME_MAX`).
    Name,
}

/// The longest name of a congestion control, in bytes.
const MOST_OF_NAME: usize = 15;

impl SettingKind {
    /// What the kernel wants of a setting of this name.
    pub fn of(name: &str) -> SettingKind {
        match name {
            "ip_local_port_range" => SettingKind::Range,
            "tcp_rmem" | "tcp_wmem" => SettingKind::Three,
            "tcp_congestion_control" => SettingKind::Name,
            _ => SettingKind::Number,
        }
    }

    /// Whether a value is of this kind.
    pub fn fits(self, value: &Setting) -> bool {
        let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        match (self, value) {
            (SettingKind::Number, Setting::Numbers(numbers)) => numbers.len() == 1,
            (SettingKind::Range, Setting::Numbers(numbers)) => matches!(numbers[..], [first, last] if first <= last),
            (SettingKind::Three, Setting::Numbers(numbers)) => numbers.len() == 3,
            (SettingKind::Name, Setting::Name(name)) => {
                (1..=MOST_OF_NAME).contains(&name.len()) && name.bytes().all(is_of_name)
            }
            _ => false,
        }
    }

    /// Its name among the words.
    pub const fn key(self) -> &'static str {
        match self {
            SettingKind::Number => "number",
            SettingKind::Range => "range",
            SettingKind::Three => "three",
            SettingKind::Name => "name",
        }
    }
}

/// A setting, and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SettingChange {
    /// Its name below `net.ipv4` or `net.core`.
    pub name: String,
    /// The value.
    pub value: Setting,
}

/// Why a setting can't be changed so. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingFault {
    /// This isn't a name, an equals sign and a value.
    Form(String),
    /// No lab has such a setting that may be changed.
    Name(String),
    /// The whole machine has one.
    WholeMachine(String),
    /// The setting takes another kind of value.
    Value(String, SettingKind),
    /// A route can't be changed so.
    Route(RouteFault),
    /// A lab's hosts can't be changed so.
    Hosts(HostsFault),
    /// The machine's own settings stay as they are.
    NoLab,
}

impl SettingChange {
    /// What is wrong with it.
    ///
    /// # Errors
    /// [`SettingFault`] says why no lab's setting can be changed so.
    pub fn check(&self) -> Result<(), SettingFault> {
        let name = self.name.as_str();
        if WHOLE_MACHINE.contains(&name) {
            return Err(SettingFault::WholeMachine(self.name.clone()));
        }
        // The name becomes a file's name below /proc/sys: it must not lead elsewhere.
        if !IPV4_SETTINGS.contains(&name) && !CORE_SETTINGS.contains(&name) {
            return Err(SettingFault::Name(self.name.clone()));
        }
        let kind = SettingKind::of(name);
        if kind.fits(&self.value) { Ok(()) } else { Err(SettingFault::Value(self.name.clone(), kind)) }
    }

    /// The folder of `/proc/sys/net` in which it stands.
    pub fn folder(&self) -> &'static str {
        if CORE_SETTINGS.contains(&self.name.as_str()) { "core" } else { "ipv4" }
    }
}

impl fmt::Display for SettingChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "net.{}.{} = {}", self.folder(), self.name, self.value)
    }
}

/// The most characters of a value: three numbers, or a name.
const LONGEST_VALUE: usize = 64;

impl FromStr for SettingChange {
    type Err = SettingFault;

    /// Reads what stands in a line behind `sysctl`, with that word or without it.
    fn from_str(text: &str) -> Result<SettingChange, SettingFault> {
        let text = text.trim();
        let rest = text.strip_prefix("sysctl").map_or(text, str::trim_start);
        let rest = rest.strip_prefix("-w ").map_or(rest, str::trim_start);
        // Of one that has no more the word itself is named.
        let form = || SettingFault::Form(if rest.is_empty() { text } else { rest }.to_owned());
        let (name, value) = rest.split_once('=').ok_or_else(form)?;
        let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']).trim());
        if name.is_empty() || name.contains(char::is_whitespace) || value.is_empty() || value.len() > LONGEST_VALUE {
            return Err(form());
        }
        let short = ["net.ipv4.", "net.core."].iter().find_map(|folder| name.strip_prefix(folder)).unwrap_or(name);
        let numbers: Option<Vec<i64>> = value.split_whitespace().map(|word| word.parse().ok()).collect();
        let value = numbers.map_or_else(|| Setting::Name(value.to_owned()), Setting::Numbers);
        let change = SettingChange { name: short.to_owned(), value };
        change.check()?;
        let whole = format!("net.{}.{short}", change.folder());
        if name == short || name == whole { Ok(change) } else { Err(SettingFault::Name(name.to_owned())) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn whatever_is_read_can_be_set(text: String, words in "(sysctl )?(-w )?(net\\.)?(ipv4|core)?\\.?[a-z_/.]{0,20} ?=? ?[-0-9a-z \"]{0,30}") {
            for text in [text, words] {
                if let Ok(change) = text.parse::<SettingChange>() {
                    proptest::prop_assert_eq!(change.check(), Ok(()));
                    proptest::prop_assert!(!change.name.contains(['/', '.']) && !change.to_string().contains('\n'));
                }
            }
        }
    }

    #[test]
    fn a_line_is_read_as_sysctl_writes_it() {
        let numbers = |numbers: &[i64]| Setting::Numbers(numbers.to_vec());
        for (text, name, value, shown) in [
            ("sysctl tcp_syncookies=0", "tcp_syncookies", numbers(&[0]), "net.ipv4.tcp_syncookies = 0"),
            ("sysctl -w net.ipv4.tcp_sack = 1", "tcp_sack", numbers(&[1]), "net.ipv4.tcp_sack = 1"),
            ("net.core.somaxconn=3", "somaxconn", numbers(&[3]), "net.core.somaxconn = 3"),
            (
                "sysctl ip_local_port_range=\"40000 40100\"",
                "ip_local_port_range",
                numbers(&[40000, 40100]),
                "net.ipv4.ip_local_port_range = 40000 40100",
            ),
            (
                "sysctl tcp_congestion_control=cubic",
                "tcp_congestion_control",
                Setting::Name("cubic".into()),
                "net.ipv4.tcp_congestion_control = cubic",
            ),
        ] {
            let read: SettingChange = text.parse().unwrap();
            assert_eq!((read.name.as_str(), &read.value, read.to_string().as_str()), (name, &value, shown));
        }
        let fault = |text: &str| text.parse::<SettingChange>().unwrap_err();
        for (text, wanted) in [
            ("sysctl", SettingFault::Form("sysctl".into())),
            ("sysctl tcp_sack", SettingFault::Form("tcp_sack".into())),
            ("sysctl tcp_sack=", SettingFault::Form("tcp_sack=".into())),
            ("sysctl tcp_sack=on", SettingFault::Value("tcp_sack".into(), SettingKind::Number)),
            ("sysctl tcp_rmem=1", SettingFault::Value("tcp_rmem".into(), SettingKind::Three)),
            ("sysctl tcp_max_orphans=1", SettingFault::WholeMachine("tcp_max_orphans".into())),
            ("sysctl kernel.panic=1", SettingFault::Name("kernel.panic".into())),
            ("sysctl net.core.tcp_sack=1", SettingFault::Name("net.core.tcp_sack".into())),
            ("sysctl ../../kernel/panic=1", SettingFault::Name("../../kernel/panic".into())),
        ] {
            assert_eq!(fault(text), wanted, "{text}");
        }
    }

    #[test]
    fn each_setting_takes_a_value_of_its_kind() {
        for (value, wanted) in [
            ("tcp_fastopen = 3", None),
            ("tcp_fastopen = [1, 2]", Some(SettingKind::Number)),
            ("tcp_fastopen = \"3\"", Some(SettingKind::Number)),
            ("ip_local_port_range = [40000, 40100]", None),
            ("ip_local_port_range = [40100, 40000]", Some(SettingKind::Range)),
            ("ip_local_port_range = 40000", Some(SettingKind::Range)),
            ("tcp_rmem = [4096, 8192, 8192]", None),
            ("tcp_rmem = [4096, 8192]", Some(SettingKind::Three)),
            ("tcp_wmem = 4096", Some(SettingKind::Three)),
            ("tcp_congestion_control = \"cubic\"", None),
            ("tcp_congestion_control = \"\"", Some(SettingKind::Name)),
            ("tcp_congestion_control = \"reno bbr\"", Some(SettingKind::Name)),
            ("tcp_congestion_control = \"a_name_of_16_chr\"", Some(SettingKind::Name)),
            ("tcp_congestion_control = 1", Some(SettingKind::Name)),
        ] {
            let read: BTreeMap<String, Setting> = toml::from_str(value).unwrap();
            let (name, set) = read.into_iter().next().unwrap();
            let kind = SettingKind::of(&name);
            assert_eq!((!kind.fits(&set)).then_some(kind), wanted, "{value}");
        }
    }
}
