//! The settings of the kernel that a lesson may change in its lab: those that a network namespace has for itself and
//! that matter to a connection (`Documentation/networking/ip-sysctl.rst` of the kernel's sources). `tcp_max_orphans` is none
//! of them: the whole machine has one.

use std::collections::BTreeMap;

use crate::model::Setting;

/// Below `net.ipv4`.
pub(super) const IPV4: &[&str] = &[
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
pub(super) const CORE: &[&str] = &["somaxconn"];

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
    pub(super) fn of(name: &str) -> SettingKind {
        match name {
            "ip_local_port_range" => SettingKind::Range,
            "tcp_rmem" | "tcp_wmem" => SettingKind::Three,
            "tcp_congestion_control" => SettingKind::Name,
            _ => SettingKind::Number,
        }
    }

    /// Whether a value is of this kind.
    pub(super) fn fits(self, value: &Setting) -> bool {
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
    pub(super) const fn key(self) -> &'static str {
        match self {
            SettingKind::Number => "number",
            SettingKind::Range => "range",
            SettingKind::Three => "three",
            SettingKind::Name => "name",
        }
    }
}

/// The settings whose value is of another kind than the kernel wants, and that kind.
pub(super) fn wrong_values(settings: &BTreeMap<String, Setting>) -> impl Iterator<Item = (String, SettingKind)> {
    let kinds = settings.iter().map(|(name, value)| (name, SettingKind::of(name), value));
    kinds.filter(|(_, kind, value)| !kind.fits(value)).map(|(name, kind, _)| (name.clone(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_takes_a_value_of_its_kind() {
        let lab = |value: &str| toml::from_str::<crate::model::LabSettings>(&format!("sysctl.{value}")).unwrap();
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
            let found: Vec<_> = wrong_values(&lab(value).sysctl).map(|(_, kind)| kind).collect();
            assert_eq!(found, Vec::from_iter(wanted), "{value}");
        }
    }
}
