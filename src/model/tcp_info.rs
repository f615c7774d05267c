//! What `TCP_INFO` of `tcp(7)` tells of a connection, by the names that lessons have for it.

use std::fmt;
use std::time::Duration;

/// What `TCP_INFO` tells beyond the state; each field `None` where this kernel doesn't have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TcpInfo {
    /// Retransmission timeout.
    pub rto: Option<Duration>,
    /// Smoothed round-trip time; `None` also where nothing was measured yet.
    pub rtt: Option<Duration>,
    /// Congestion window, in segments.
    pub snd_cwnd: Option<u32>,
    /// The largest segment that it sends, in bytes of data.
    pub snd_mss: Option<u32>,
    /// Segments sent and not yet acknowledged.
    pub unacked: Option<u32>,
    /// Segments sent again, in all.
    pub total_retrans: Option<u32>,
    /// What the congestion control is about.
    pub ca_state: Option<CongestionState>,
    /// How often the retransmission timeout has doubled.
    pub backoff: Option<u8>,
    /// Probes sent without an answer.
    pub probes: Option<u8>,
    /// The options in use.
    pub options: Option<InfoOptions>,
    /// Of what isn't acknowledged, segments that the receiver told of out of order.
    pub sacked: Option<u32>,
    /// Of what isn't acknowledged, segments that are taken for lost.
    pub lost: Option<u32>,
    /// Of what isn't acknowledged, segments that were sent again.
    pub retrans: Option<u32>,
    /// Slow start threshold, in segments.
    pub snd_ssthresh: Option<u32>,
    /// How far segments are thought to overtake one another.
    pub reordering: Option<u32>,
    /// Segments of which the receiver has told that they arrived.
    pub delivered: Option<u32>,
    /// How far the round-trip time varies (RFC 6298's RTTVAR).
    pub rttvar: Option<Duration>,
    /// How fast it sends at most, in bytes a second; `None` also where it sends as fast as it can.
    pub pacing_rate: Option<u64>,
    /// The window that the other end has offered last, in bytes (Linux 5.4).
    pub snd_wnd: Option<u32>,
    /// Times that grow while nothing happens.
    pub times: Option<InfoTimes>,
}

/// What `TCP_INFO` tells of times that grow while nothing happens, in milliseconds as of when the kernel was asked: they are no news
/// by themselves (Linux 4.10).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InfoTimes {
    /// Since data was sent last.
    pub last_data_sent: u32,
    /// Since data came last.
    pub last_data_recv: u32,
    /// Since an acknowledgement came last.
    pub last_ack_recv: u32,
    /// How long data was on its way or waited to be sent, in all.
    pub busy_time: u32,
    /// How long of that the receiver's window was in the way.
    pub rwnd_limited: u32,
    /// How long of that the own send buffer was.
    pub sndbuf_limited: u32,
}

/// The grain of measured times: finer than any that is shown (a tenth of a millisecond), so that what differs there
/// differs here too, and coarser than what changes with every acknowledgement.
const MEASURED_GRAIN_US: u128 = 10;

impl TcpInfo {
    /// The same with its times in whole grains, and without those that grow by themselves.
    pub(super) fn coarse(self) -> TcpInfo {
        let coarse = |time: Duration| {
            let micros = time.as_micros() / MEASURED_GRAIN_US * MEASURED_GRAIN_US;
            Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
        };
        let (rto, rtt, rttvar) = (self.rto.map(coarse), self.rtt.map(coarse), self.rttvar.map(coarse));
        let pacing_rate = self.pacing_rate.map(three_digits);
        TcpInfo { rto, rtt, rttvar, pacing_rate, times: None, ..self }
    }
}

/// A number with its first three digits alone: so many of a rate are shown.
pub fn three_digits(number: u64) -> u64 {
    let behind = 10_u64.pow(number.max(1).ilog10().saturating_sub(2));
    number / behind * behind
}

/// A number in `TCP_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InfoField {
    /// `tcpi_snd_cwnd`: the congestion window, in segments.
    Cwnd,
    /// `tcpi_snd_ssthresh`: the slow start threshold, in segments; 2,147,483,647 before the first loss.
    Ssthresh,
    /// `tcpi_snd_mss`: the largest segment that is sent, in bytes of data.
    Mss,
    /// `tcpi_unacked`: segments sent and not yet acknowledged.
    Unacked,
    /// `tcpi_sacked`: those of them that SACK, or without it duplicate acknowledgements, told of.
    Sacked,
    /// `tcpi_lost`: those of them that are taken for lost.
    Lost,
    /// `tcpi_retrans`: those of them that were sent again.
    Retrans,
    /// `tcpi_total_retrans`: segments sent again, in all.
    TotalRetrans,
    /// `tcpi_reordering`: how far segments are thought to overtake one another.
    Reordering,
    /// `tcpi_delivered`: segments of which the receiver has told that they arrived (Linux 4.18).
    Delivered,
    /// `tcpi_backoff`: how often the retransmission timeout has doubled.
    Backoff,
    /// `tcpi_probes`: probes sent without an answer.
    Probes,
    /// `tcpi_rtt`: the smoothed round-trip time. Reading time is in it.
    Rtt,
    /// `tcpi_last_data_sent`: since when data was sent last.
    LastDataSent,
    /// `tcpi_last_data_recv`: since when data came last.
    LastDataRecv,
    /// `tcpi_last_ack_recv`: since when an acknowledgement came last.
    LastAckRecv,
    /// `tcpi_busy_time`: how long data was on its way or waited (Linux 4.10).
    BusyTime,
    /// `tcpi_rwnd_limited`: how long of that the receiver's window was in the way (Linux 4.10).
    RwndLimited,
    /// `tcpi_sndbuf_limited`: how long of that the own send buffer was (Linux 4.10).
    SndbufLimited,
}

impl InfoField {
    /// All of them, in the order in which they are told.
    pub const ALL: [InfoField; 19] = [
        InfoField::Cwnd,
        InfoField::Ssthresh,
        InfoField::Mss,
        InfoField::Unacked,
        InfoField::Sacked,
        InfoField::Lost,
        InfoField::Retrans,
        InfoField::TotalRetrans,
        InfoField::Reordering,
        InfoField::Delivered,
        InfoField::Backoff,
        InfoField::Probes,
        InfoField::Rtt,
        InfoField::LastDataSent,
        InfoField::LastDataRecv,
        InfoField::LastAckRecv,
        InfoField::BusyTime,
        InfoField::RwndLimited,
        InfoField::SndbufLimited,
    ];

    /// Whether it is a time, in milliseconds: each walk has another one, so that no claim can be on an exact one.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            InfoField::Rtt
                | InfoField::LastDataSent
                | InfoField::LastDataRecv
                | InfoField::LastAckRecv
                | InfoField::BusyTime
                | InfoField::RwndLimited
                | InfoField::SndbufLimited
        )
    }

    /// Its key in lessons.
    pub const fn name(self) -> &'static str {
        match self {
            InfoField::Cwnd => "cwnd",
            InfoField::Ssthresh => "ssthresh",
            InfoField::Mss => "mss",
            InfoField::Unacked => "unacked",
            InfoField::Sacked => "sacked",
            InfoField::Lost => "lost",
            InfoField::Retrans => "retrans",
            InfoField::TotalRetrans => "total_retrans",
            InfoField::Reordering => "reordering",
            InfoField::Delivered => "delivered",
            InfoField::Backoff => "backoff",
            InfoField::Probes => "probes",
            InfoField::Rtt => "rtt",
            InfoField::LastDataSent => "last_data_sent",
            InfoField::LastDataRecv => "last_data_recv",
            InfoField::LastAckRecv => "last_ack_recv",
            InfoField::BusyTime => "busy_time",
            InfoField::RwndLimited => "rwnd_limited",
            InfoField::SndbufLimited => "sndbuf_limited",
        }
    }

    /// What the kernel told, a time in whole milliseconds; `None` where it told nothing of it.
    pub fn of(self, info: &TcpInfo) -> Option<u32> {
        match self {
            InfoField::Cwnd => info.snd_cwnd,
            InfoField::Ssthresh => info.snd_ssthresh,
            InfoField::Mss => info.snd_mss,
            InfoField::Unacked => info.unacked,
            InfoField::Sacked => info.sacked,
            InfoField::Lost => info.lost,
            InfoField::Retrans => info.retrans,
            InfoField::TotalRetrans => info.total_retrans,
            InfoField::Reordering => info.reordering,
            InfoField::Delivered => info.delivered,
            InfoField::Backoff => info.backoff.map(u32::from),
            InfoField::Probes => info.probes.map(u32::from),
            InfoField::Rtt => info.rtt.map(|rtt| u32::try_from(rtt.as_millis()).unwrap_or(u32::MAX)),
            InfoField::LastDataSent => info.times.map(|times| times.last_data_sent),
            InfoField::LastDataRecv => info.times.map(|times| times.last_data_recv),
            InfoField::LastAckRecv => info.times.map(|times| times.last_ack_recv),
            InfoField::BusyTime => info.times.map(|times| times.busy_time),
            InfoField::RwndLimited => info.times.map(|times| times.rwnd_limited),
            InfoField::SndbufLimited => info.times.map(|times| times.sndbuf_limited),
        }
    }
}

/// What the congestion control is about (`enum tcp_ca_state` of `linux/tcp.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum CongestionState {
    /// Nothing is wrong.
    Open,
    /// Duplicate acknowledgements came, too few for a loss.
    Disorder,
    /// The congestion window is being reduced, since the network said so (ECN) or the own queue was full.
    Cwr,
    /// Fast recovery: segments are sent again.
    Recovery,
    /// The retransmission timer fired.
    Loss,
}

impl CongestionState {
    /// All of them, by the kernel's numbers.
    pub const ALL: [CongestionState; 5] = [
        CongestionState::Open,
        CongestionState::Disorder,
        CongestionState::Cwr,
        CongestionState::Recovery,
        CongestionState::Loss,
    ];

    /// The kernel's name, without `TCP_CA_`.
    pub const fn name(self) -> &'static str {
        match self {
            CongestionState::Open => "Open",
            CongestionState::Disorder => "Disorder",
            CongestionState::Cwr => "CWR",
            CongestionState::Recovery => "Recovery",
            CongestionState::Loss => "Loss",
        }
    }
}

/// The options that a connection has agreed on, and what was seen of others (`tcpi_options`): a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct InfoOptions(pub u8);

impl InfoOptions {
    /// The kernel's names, without `TCPI_OPT_` and in small letters, from the lowest bit on.
    pub const NAMES: [&str; 8] =
        ["timestamps", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts", "tfo_child"];

    /// The set with this one alone; `None` where no option has the name.
    pub fn named(name: &str) -> Option<InfoOptions> {
        InfoOptions::NAMES.iter().position(|one| *one == name).map(|bit| InfoOptions(1 << bit))
    }
}

impl fmt::Display for InfoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = InfoOptions::NAMES.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1);
        let names: Vec<&str> = there.map(|(_, name)| *name).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(","))
    }
}
