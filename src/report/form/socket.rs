//! What the kernel says of a socket.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::parts::{SideForm, first, is_first};
use super::{As, remote};
use crate::model::{
    CongestionState, InfoOptions, InfoTimes, InheritedDescriptor, Side, SocketFacts, SocketState, Source, TcpInfo,
    Timer, TimerKind,
};
use crate::tcp::State;

#[derive(Serialize, Deserialize)]
#[serde(remote = "SocketFacts")]
pub(super) struct SocketForm {
    cookie: u64,
    #[serde(default, with = "As::<Option<SideForm>>")]
    side: Option<Side>,
    #[serde(default = "first", skip_serializing_if = "is_first")]
    nth: u32,
    program: Option<String>,
    fd: Option<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    also: Vec<i32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "As::<Vec<InheritedForm>>")]
    elsewhere: Vec<InheritedDescriptor>,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
    #[serde(with = "StateForm")]
    state: SocketState,
    #[serde(with = "SourceForm")]
    source: Source,
    #[serde(default, with = "As::<Option<TimerForm>>")]
    timer: Option<Timer>,
    recv_queue: u32,
    #[serde(default)]
    counts_memory: bool,
    send_queue: u32,
    #[serde(default, with = "As::<Option<InfoForm>>")]
    info: Option<TcpInfo>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InheritedDescriptor")]
struct InheritedForm {
    nth: u32,
    fd: i32,
}

/// UDP's by their own names, else the state of TCP alone; so that one stands last, as serde wants it.
#[derive(Serialize, Deserialize)]
#[serde(remote = "SocketState")]
pub(super) enum StateForm {
    Unconnected,
    Connected,
    Gone,
    #[serde(untagged)]
    Tcp(#[serde(with = "TcpStateForm")] State),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "State")]
enum TcpStateForm {
    Closed,
    Listen,
    SynSent,
    SynRecv,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Source")]
pub(super) enum SourceForm {
    Call,
    SockDiag,
    TcpInfo,
    PeerName,
    Wire,
    Concluded,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Timer")]
struct TimerForm {
    #[serde(with = "TimerKindForm")]
    kind: TimerKind,
    fires_at: Duration,
    fired: u8,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TimerKind")]
pub(super) enum TimerKindForm {
    Retransmit,
    Keepalive,
    TimeWait,
    Probe,
    FinWait2,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TcpInfo")]
struct InfoForm {
    rto: Option<Duration>,
    rtt: Option<Duration>,
    snd_cwnd: Option<u32>,
    snd_mss: Option<u32>,
    unacked: Option<u32>,
    total_retrans: Option<u32>,
    #[serde(default, with = "As::<Option<CongestionForm>>", skip_serializing_if = "Option::is_none")]
    ca_state: Option<CongestionState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backoff: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probes: Option<u8>,
    #[serde(default, with = "As::<Option<OptionsForm>>", skip_serializing_if = "Option::is_none")]
    options: Option<InfoOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sacked: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retrans: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snd_ssthresh: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reordering: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rttvar: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pacing_rate: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snd_wnd: Option<u32>,
    #[serde(default, with = "As::<Option<TimesForm>>", skip_serializing_if = "Option::is_none")]
    times: Option<InfoTimes>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CongestionState")]
pub(super) enum CongestionForm {
    Open,
    Disorder,
    Cwr,
    Recovery,
    Loss,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InfoTimes")]
struct TimesForm {
    last_data_sent: u32,
    last_data_recv: u32,
    last_ack_recv: u32,
    busy_time: u32,
    rwnd_limited: u32,
    sndbuf_limited: u32,
}

/// The bits as the kernel has them.
#[derive(Serialize, Deserialize)]
#[serde(remote = "InfoOptions")]
pub(super) struct OptionsForm(u8);

remote! {
    InheritedForm: InheritedDescriptor;
    TimerForm: Timer;
    InfoForm: TcpInfo;
    TimesForm: InfoTimes;
    CongestionForm: CongestionState;
    OptionsForm: InfoOptions;
}
