//! What the kernel's counters say of a delivered segment: which of them moved while its receiver's kernel processed it
//! (`/proc/net/snmp`, `/proc/net/netstat` of proc_pid_net(5)).
//!
//! A counter bears the name that nstat(8) prints, without the group `TcpExt` or `MPTcpExt`: `TCPChallengeACK`,
//! `TcpInCsumErrors`, `UdpNoPorts`, `IcmpMsgInType3`. Counters that move with ordinary segments ([`is_routine`]) say nothing
//! about any one of them, and are never a reason.

use std::fmt;

/// Why `Tcp`'s, `Udp`'s and `IcmpMsg`'s counters bear their group's name: some have the same name in several.
const GROUPS_IN_NAMES: [&str; 4] = ["Tcp", "Udp", "Udp6", "IcmpMsg"];

/// Groups whose counters have names that no other group has.
const GROUPS_LEFT_OUT: [&str; 2] = ["TcpExt", "MPTcpExt"];

/// What moves with ordinary segments: each that comes or goes, what the fast path took, what is counted of data that is sent,
/// acknowledged or joined to what waits; the fence's own datagrams; and what is no count of events at all.
const ROUTINE: [&str; 19] = [
    "TcpInSegs",
    "TcpOutSegs",
    "TcpActiveOpens",
    "TcpCurrEstab",
    "TcpRtoAlgorithm",
    "TcpRtoMin",
    "TcpRtoMax",
    "TcpMaxConn",
    "UdpInDatagrams",
    "UdpOutDatagrams",
    "Udp6InDatagrams",
    "Udp6OutDatagrams",
    "TCPHPHits",
    "TCPHPAcks",
    "TCPPureAcks",
    "TCPOrigDataSent",
    "TCPDelivered",
    "TCPRcvCoalesce",
    "TCPAutoCorking",
];

/// A counter that moved, and by how much.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CounterMove {
    /// Its name, as the module says.
    pub name: String,
    /// The difference; a counter that the kernel sets anew can fall.
    pub by: i64,
}

impl CounterMove {
    /// Whether this is the counter that is meant: by its own name, by nstat's, or by the kernel's alone (`InCsumErrors`).
    pub fn is_named(&self, written: &str) -> bool {
        same_counter(&self.name, written)
    }
}

impl fmt::Display for CounterMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:+}", self.name, self.by)
    }
}

/// Whether a name that somebody wrote means the counter of this name.
pub fn same_counter(name: &str, written: &str) -> bool {
    let within = |group: &str| name.strip_prefix(group) == Some(written);
    let beyond = |group: &str| written.strip_prefix(group) == Some(name);
    name == written
        || GROUPS_IN_NAMES.iter().any(|group| within(group))
        || GROUPS_LEFT_OUT.iter().any(|group| beyond(group))
}

/// The name of a counter of a group; `None` where the group is none of those that tell about a segment.
pub fn counter_name(group: &str, name: &str) -> Option<String> {
    if GROUPS_LEFT_OUT.contains(&group) {
        return Some(name.to_owned());
    }
    GROUPS_IN_NAMES.contains(&group).then(|| format!("{group}{name}"))
}

/// Whether a counter moves with ordinary segments, so that it is no reason.
pub fn is_routine(name: &str) -> bool {
    ROUTINE.contains(&name)
}

/// What tells why a segment was sent again: which timer had fired, or what said that it was missing
/// (`Documentation/networking/snmp_counter.rst`); what says most comes first.
const OF_REPETITIONS: [&str; 11] = [
    "TCPTimeouts",
    "TCPLossProbes",
    "TCPFastRetrans",
    "TCPSlowStartRetrans",
    "TCPSynRetrans",
    "TCPLostRetransmit",
    "TCPRenoRecovery",
    "TCPSackRecovery",
    "TCPKeepAlive",
    "TCPWinProbe",
    "TCPSpuriousRTOs",
];

/// The place of a counter, by its name, among those that tell why a segment was sent again; `None` where it doesn't.
pub fn why_again(name: &str) -> Option<usize> {
    OF_REPETITIONS.iter().position(|known| *known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_has_one_name_and_may_be_written_in_three_ways() {
        let named = |group, name| counter_name(group, name).unwrap();
        assert_eq!(named("TcpExt", "TCPChallengeACK"), "TCPChallengeACK");
        assert_eq!(named("Tcp", "InCsumErrors"), "TcpInCsumErrors");
        assert_eq!(named("IcmpMsg", "InType3"), "IcmpMsgInType3");
        assert_eq!(counter_name("IpExt", "InOctets"), None);
        let moved = |name: &str| CounterMove { name: name.to_owned(), by: 1 };
        for (name, written, is) in [
            ("TcpInCsumErrors", "TcpInCsumErrors", true),
            ("TcpInCsumErrors", "InCsumErrors", true),
            ("TcpInCsumErrors", "UdpInCsumErrors", false),
            ("TCPChallengeACK", "TcpExtTCPChallengeACK", true),
            ("TCPChallengeACK", "ChallengeACK", false),
            ("TW", "T", false),
        ] {
            assert_eq!(moved(name).is_named(written), is, "{name} {written}");
        }
        assert_eq!(moved("PAWSEstab").to_string(), "PAWSEstab +1");
    }
}
