//! The options of a socket: each a level and a number, which most people know by a name, and a value.

use std::fmt;
use std::str::FromStr;

use super::{Errno, StructuredValue, ValueKind};
use crate::tcp::State;

/// An option of `setsockopt(2)`: any at all, whether this program knows a name for it or not. What it means, and whether
/// there is one of that number, is the kernel's to say.
///
/// Its text is its name in C; of one without a name, level and number: `6, 99`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SocketOption {
    /// The level: a protocol's number, or `SOL_SOCKET`.
    pub level: i32,
    /// The number within the level.
    pub number: i32,
}

/// The socket options that a lesson may set, by their names in C (`socket(7)`, `tcp(7)`): those whose value is one int, and
/// SO_LINGER, of which the int is the seconds.
pub const SOCKET_OPTIONS: [&str; 21] = [
    "SO_KEEPALIVE",
    "SO_LINGER",
    "SO_RCVBUF",
    "SO_REUSEADDR",
    "SO_REUSEPORT",
    "SO_SNDBUF",
    "TCP_CORK",
    "TCP_DEFER_ACCEPT",
    "TCP_FASTOPEN",
    "TCP_FASTOPEN_CONNECT",
    "TCP_KEEPCNT",
    "TCP_KEEPIDLE",
    "TCP_KEEPINTVL",
    "TCP_LINGER2",
    "TCP_MAXSEG",
    "TCP_NODELAY",
    "TCP_NOTSENT_LOWAT",
    "TCP_QUICKACK",
    "TCP_SYNCNT",
    "TCP_USER_TIMEOUT",
    "TCP_WINDOW_CLAMP",
];

/// What a lesson may ask for beside them: the options that only tell something.
pub const TOLD_OPTIONS: [&str; 3] = ["SO_ACCEPTCONN", "SO_ERROR", "SO_TYPE"];

impl SocketOption {
    /// `SO_LINGER`, whose value is a structure of two ints (`socket(7)`).
    pub const LINGER: SocketOption = of_socket(libc::SO_LINGER);
    /// `SO_ERROR`: the error that waits to be told, which is cleared by asking (`socket(7)`).
    pub const ERROR: SocketOption = of_socket(libc::SO_ERROR);
    /// `SO_TYPE`
    pub const TYPE: SocketOption = of_socket(libc::SO_TYPE);
    /// `SO_RCVTIMEO`
    pub const RECV_TIMEOUT: SocketOption = of_socket(libc::SO_RCVTIMEO);
    /// `SO_SNDTIMEO`
    pub const SEND_TIMEOUT: SocketOption = of_socket(libc::SO_SNDTIMEO);
    /// `SO_REUSEADDR`
    pub const REUSE_ADDR: SocketOption = of_socket(libc::SO_REUSEADDR);
    /// `SO_REUSEPORT`
    pub const REUSE_PORT: SocketOption = of_socket(libc::SO_REUSEPORT);
    /// `SO_KEEPALIVE`
    pub const KEEP_ALIVE: SocketOption = of_socket(libc::SO_KEEPALIVE);
    /// `SO_RCVBUF`
    pub const RECV_BUFFER: SocketOption = of_socket(libc::SO_RCVBUF);
    /// `SO_SNDBUF`
    pub const SEND_BUFFER: SocketOption = of_socket(libc::SO_SNDBUF);
    /// `TCP_NODELAY`
    pub const NO_DELAY: SocketOption = of_tcp(libc::TCP_NODELAY);
    /// `TCP_CORK`
    pub const CORK: SocketOption = of_tcp(libc::TCP_CORK);
    /// `TCP_QUICKACK`
    pub const QUICK_ACK: SocketOption = of_tcp(libc::TCP_QUICKACK);
    /// `TCP_SYNCNT`
    pub const SYN_COUNT: SocketOption = of_tcp(libc::TCP_SYNCNT);
    /// `TCP_USER_TIMEOUT`
    pub const USER_TIMEOUT: SocketOption = of_tcp(libc::TCP_USER_TIMEOUT);
    /// `TCP_FASTOPEN`: of a listener, how many connections of SYNs with data may wait for their handshake's end.
    pub const FAST_OPEN: SocketOption = of_tcp(libc::TCP_FASTOPEN);
    /// `TCP_FASTOPEN_CONNECT`: `connect()` leaves the SYN to the first data where there is a cookie.
    pub const FAST_OPEN_CONNECT: SocketOption = of_tcp(libc::TCP_FASTOPEN_CONNECT);
    /// `TCP_MAXSEG`: the most bytes of data in a segment, as the SYN says.
    pub const MAX_SEGMENT: SocketOption = of_tcp(libc::TCP_MAXSEG);
    /// `TCP_NOTSENT_LOWAT`: how many bytes may wait that were never sent.
    pub const NOT_SENT_LOW: SocketOption = of_tcp(libc::TCP_NOTSENT_LOWAT);
    /// `IPV6_V6ONLY`
    pub const V6_ONLY: SocketOption = SocketOption { level: libc::IPPROTO_IPV6, number: libc::IPV6_V6ONLY };
    /// `TCP_LINGER2`
    pub const LINGER2: SocketOption = of_tcp(libc::TCP_LINGER2);
    /// `TCP_REPAIR`: state is taken out or put in, and nothing is sent.
    pub const REPAIR: SocketOption = of_tcp(libc::TCP_REPAIR);
    /// `TCP_KEEPIDLE`
    pub const KEEP_IDLE: SocketOption = of_tcp(libc::TCP_KEEPIDLE);
    /// `TCP_KEEPINTVL`
    pub const KEEP_INTERVAL: SocketOption = of_tcp(libc::TCP_KEEPINTVL);
    /// `TCP_KEEPCNT`
    pub const KEEP_COUNT: SocketOption = of_tcp(libc::TCP_KEEPCNT);
    /// `TCP_DEFER_ACCEPT`
    pub const DEFER_ACCEPT: SocketOption = of_tcp(libc::TCP_DEFER_ACCEPT);

    /// `TCP_INFO`, whose value is a structure that begins with the state, in a byte.
    pub const INFO: SocketOption = of_tcp(libc::TCP_INFO);
    /// `TCP_CONGESTION`, whose value is a name.
    pub const CONGESTION: SocketOption = of_tcp(libc::TCP_CONGESTION);

    /// The one with this name, of those that a lesson may set.
    pub fn of_lesson(name: &str) -> Option<SocketOption> {
        SOCKET_OPTIONS.contains(&name).then(|| SocketOption::by_name(name)).flatten()
    }

    /// The one with this name, of those for which a lesson may ask.
    pub fn asked_in_lesson(name: &str) -> Option<SocketOption> {
        SocketOption::of_lesson(name).or_else(|| TOLD_OPTIONS.contains(&name).then(|| SocketOption::by_name(name))?)
    }

    /// The option with this name in C.
    pub fn by_name(name: &str) -> Option<SocketOption> {
        let (_, level, number) = NAMES.iter().find(|(known, ..)| *known == name)?;
        Some(SocketOption { level: *level, number: *number })
    }

    /// The names in C of those that this program knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(name, ..)| *name)
    }

    /// The level with this name in C, or with one of its two prefixes.
    pub fn level_by_name(name: &str) -> Option<i32> {
        let short = name.strip_prefix("IPPROTO_").or_else(|| name.strip_prefix("SOL_"))?;
        LEVELS.iter().find(|(known, ..)| *known == short).map(|(.., level)| *level)
    }

    /// The option's name in C; `None` where this program knows none.
    pub fn name(self) -> Option<&'static str> {
        let known = NAMES.iter().find(|(_, level, number)| (*level, *number) == (self.level, self.number));
        known.map(|(name, ..)| *name)
    }

    /// What its value is; of one that isn't known here, an int.
    pub const fn kind(self) -> ValueKind {
        match self {
            SocketOption::RECV_TIMEOUT | SocketOption::SEND_TIMEOUT => ValueKind::Time,
            SocketOption::LINGER => ValueKind::Linger,
            SocketOption::CONGESTION => ValueKind::Name,
            _ => ValueKind::Int,
        }
    }

    /// The level's name in C; its number where this program knows none.
    pub fn level_name(self) -> String {
        match LEVELS.iter().find(|(.., level)| *level == self.level) {
            Some((name, prefix, _)) => format!("{prefix}{name}"),
            None => self.level.to_string(),
        }
    }
}

impl fmt::Display for SocketOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => f.pad(&format!("{}, {}", self.level_name(), self.number)),
        }
    }
}

impl FromStr for SocketOption {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<SocketOption, &'static str> {
        let numbers = || {
            let (level, number) = text.split_once(", ")?;
            let level = SocketOption::level_by_name(level).or_else(|| level.parse().ok())?;
            Some(SocketOption { level, number: number.parse().ok()? })
        };
        SocketOption::by_name(text).or_else(numbers).ok_or("no socket option")
    }
}

impl TryFrom<String> for SocketOption {
    type Error = &'static str;

    fn try_from(text: String) -> Result<SocketOption, &'static str> {
        text.parse()
    }
}

impl From<SocketOption> for String {
    fn from(option: SocketOption) -> String {
        option.to_string()
    }
}

const fn of_socket(number: i32) -> SocketOption {
    SocketOption { level: libc::SOL_SOCKET, number }
}

const fn of_tcp(number: i32) -> SocketOption {
    SocketOption { level: libc::IPPROTO_TCP, number }
}

/// The levels: name, the prefix that the manual pages write, number.
const LEVELS: [(&str, &str, i32); 6] = [
    ("SOCKET", "SOL_", libc::SOL_SOCKET),
    ("IP", "IPPROTO_", libc::IPPROTO_IP),
    ("TCP", "IPPROTO_", libc::IPPROTO_TCP),
    ("UDP", "IPPROTO_", libc::IPPROTO_UDP),
    ("IPV6", "IPPROTO_", libc::IPPROTO_IPV6),
    ("MPTCP", "SOL_", 284),
];

macro_rules! names {
    ($($level:ident { $($name:ident $(= $number:literal)?)* })*) => {
        /// Name, level, number.
        const NAMES: &[(&str, i32, i32)] = &[$($((stringify!($name), libc::$level, names!(@ $name $($number)?)),)*)*];
    };
    (@ $name:ident) => { libc::$name };
    (@ $name:ident $number:literal) => { $number };
}

// `asm-generic/socket.h`, `linux/tcp.h`, `linux/in.h`, `linux/in6.h` and `linux/udp.h`; with its number what the libc crate
// doesn't have.
names! {
    SOL_SOCKET {
        SO_DEBUG SO_REUSEADDR SO_TYPE SO_ERROR SO_DONTROUTE SO_BROADCAST SO_SNDBUF SO_RCVBUF SO_SNDBUFFORCE
        SO_RCVBUFFORCE SO_KEEPALIVE SO_OOBINLINE SO_NO_CHECK SO_PRIORITY SO_LINGER SO_BSDCOMPAT SO_REUSEPORT
        SO_PASSCRED SO_PEERCRED SO_RCVLOWAT SO_SNDLOWAT SO_BINDTODEVICE SO_ATTACH_FILTER SO_DETACH_FILTER
        SO_PEERNAME SO_ACCEPTCONN SO_PEERSEC SO_PASSSEC SO_MARK SO_PROTOCOL SO_DOMAIN SO_RXQ_OVFL
        SO_WIFI_STATUS = 41 SO_PEEK_OFF SO_NOFCS = 43 SO_LOCK_FILTER = 44 SO_SELECT_ERR_QUEUE = 45 SO_BUSY_POLL
        SO_MAX_PACING_RATE = 47 SO_BPF_EXTENSIONS = 48 SO_INCOMING_CPU = 49 SO_ATTACH_BPF = 50
        SO_ATTACH_REUSEPORT_CBPF SO_ATTACH_REUSEPORT_EBPF SO_CNX_ADVICE = 53 SO_MEMINFO = 55
        SO_INCOMING_NAPI_ID = 56 SO_COOKIE = 57 SO_PEERGROUPS = 59 SO_ZEROCOPY = 60 SO_TXTIME = 61 SO_BINDTOIFINDEX
        SO_DETACH_REUSEPORT_BPF SO_PREFER_BUSY_POLL = 69 SO_BUSY_POLL_BUDGET = 70 SO_NETNS_COOKIE = 71
        SO_BUF_LOCK = 72 SO_RESERVE_MEM = 73 SO_TXREHASH = 74 SO_RCVMARK = 75 SO_TIMESTAMP SO_TIMESTAMPNS
        SO_TIMESTAMPING SO_RCVTIMEO SO_SNDTIMEO
    }
    IPPROTO_TCP {
        TCP_NODELAY TCP_MAXSEG TCP_CORK TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT TCP_SYNCNT TCP_LINGER2
        TCP_DEFER_ACCEPT TCP_WINDOW_CLAMP TCP_INFO TCP_QUICKACK TCP_CONGESTION TCP_MD5SIG
        TCP_THIN_LINEAR_TIMEOUTS TCP_THIN_DUPACK TCP_USER_TIMEOUT TCP_REPAIR TCP_REPAIR_QUEUE TCP_QUEUE_SEQ
        TCP_REPAIR_OPTIONS TCP_FASTOPEN TCP_TIMESTAMP TCP_NOTSENT_LOWAT TCP_CC_INFO TCP_SAVE_SYN
        TCP_SAVED_SYN TCP_REPAIR_WINDOW TCP_FASTOPEN_CONNECT TCP_ULP TCP_MD5SIG_EXT TCP_FASTOPEN_KEY
        TCP_FASTOPEN_NO_COOKIE TCP_ZEROCOPY_RECEIVE TCP_INQ TCP_TX_DELAY = 37 TCP_AO_ADD_KEY = 38 TCP_AO_DEL_KEY = 39
        TCP_AO_INFO = 40 TCP_AO_GET_KEYS = 41 TCP_AO_REPAIR = 42 TCP_IS_MPTCP = 43 TCP_RTO_MAX_MS = 44
        TCP_RTO_MIN_US = 45 TCP_DELACK_MAX_US = 46
    }
    IPPROTO_IP {
        IP_TOS IP_TTL IP_HDRINCL IP_OPTIONS IP_ROUTER_ALERT IP_RECVOPTS IP_RETOPTS IP_PKTINFO IP_PKTOPTIONS
        IP_MTU_DISCOVER IP_RECVERR IP_RECVTTL IP_RECVTOS IP_MTU IP_FREEBIND IP_IPSEC_POLICY IP_XFRM_POLICY
        IP_PASSSEC IP_TRANSPARENT IP_ORIGDSTADDR IP_MINTTL IP_NODEFRAG IP_CHECKSUM IP_BIND_ADDRESS_NO_PORT
        IP_RECVFRAGSIZE IP_RECVERR_RFC4884 = 26 IP_MULTICAST_IF IP_MULTICAST_TTL IP_MULTICAST_LOOP
        IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP IP_UNBLOCK_SOURCE IP_BLOCK_SOURCE IP_ADD_SOURCE_MEMBERSHIP
        IP_DROP_SOURCE_MEMBERSHIP IP_MSFILTER MCAST_JOIN_GROUP = 42 MCAST_BLOCK_SOURCE = 43
        MCAST_UNBLOCK_SOURCE = 44 MCAST_LEAVE_GROUP = 45 MCAST_JOIN_SOURCE_GROUP = 46 MCAST_LEAVE_SOURCE_GROUP = 47
        MCAST_MSFILTER = 48 IP_MULTICAST_ALL IP_UNICAST_IF IP_LOCAL_PORT_RANGE = 51 IP_PROTOCOL = 52
    }
    IPPROTO_IPV6 {
        IPV6_ADDRFORM IPV6_2292PKTINFO IPV6_2292HOPOPTS IPV6_2292DSTOPTS IPV6_2292RTHDR IPV6_2292PKTOPTIONS
        IPV6_CHECKSUM IPV6_2292HOPLIMIT IPV6_NEXTHOP IPV6_AUTHHDR IPV6_FLOWINFO IPV6_UNICAST_HOPS
        IPV6_MULTICAST_IF IPV6_MULTICAST_HOPS IPV6_MULTICAST_LOOP IPV6_ADD_MEMBERSHIP IPV6_DROP_MEMBERSHIP
        IPV6_ROUTER_ALERT IPV6_MTU_DISCOVER IPV6_MTU IPV6_RECVERR IPV6_V6ONLY IPV6_JOIN_ANYCAST
        IPV6_LEAVE_ANYCAST IPV6_MULTICAST_ALL IPV6_ROUTER_ALERT_ISOLATE IPV6_RECVERR_RFC4884 = 31
        IPV6_FLOWLABEL_MGR IPV6_FLOWINFO_SEND IPV6_IPSEC_POLICY IPV6_XFRM_POLICY IPV6_HDRINCL
        IPV6_RECVPKTINFO IPV6_PKTINFO IPV6_RECVHOPLIMIT IPV6_HOPLIMIT IPV6_RECVHOPOPTS IPV6_HOPOPTS
        IPV6_RTHDRDSTOPTS IPV6_RECVRTHDR IPV6_RTHDR IPV6_RECVDSTOPTS IPV6_DSTOPTS IPV6_RECVPATHMTU
        IPV6_PATHMTU IPV6_DONTFRAG IPV6_USE_MIN_MTU = 63 IPV6_RECVTCLASS IPV6_TCLASS IPV6_AUTOFLOWLABEL
        IPV6_ADDR_PREFERENCES IPV6_MINHOPCOUNT IPV6_ORIGDSTADDR IPV6_TRANSPARENT IPV6_UNICAST_IF
        IPV6_RECVFRAGSIZE IPV6_FREEBIND
    }
    IPPROTO_UDP {
        UDP_CORK UDP_ENCAP UDP_NO_CHECK6_TX UDP_NO_CHECK6_RX UDP_SEGMENT UDP_GRO
    }
}

/// What `getsockopt(2)` told of an option.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OptionValue {
    /// The option.
    pub option: SocketOption,
    /// Its value; of one that is no int, its first four bytes.
    pub value: i32,
    /// The whole of one that is known and no int; recordings before it was told have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<StructuredValue>,
}

impl OptionValue {
    /// That of an int.
    pub const fn int(option: SocketOption, value: i32) -> OptionValue {
        OptionValue { option, value, structured: None }
    }

    /// The value that a text means, as it is written: a whole number, an error's name, or a socket's type.
    pub fn named(text: &str) -> Option<i32> {
        match text {
            "SOCK_STREAM" => Some(libc::SOCK_STREAM),
            "SOCK_DGRAM" => Some(libc::SOCK_DGRAM),
            text => text.parse().ok().or_else(|| Errno::from_name(text).map(|errno| errno.0)),
        }
    }
}

impl fmt::Display for OptionValue {
    /// The value; of one that stands for something, by its name in C: `ECONNREFUSED`, `SOCK_STREAM`. Of a value that is no int,
    /// what its first four bytes say: of `struct tcp_info` the state, of a text its beginning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(structured) = &self.structured {
            return structured.fmt(f);
        }
        let OptionValue { option, value, .. } = *self;
        let [state, ..] = value.to_ne_bytes();
        match (option, value) {
            (SocketOption::INFO, _) => {
                let name = State::from_kernel(state).map_or_else(|| state.to_string(), |state| state.to_string());
                f.pad(&format!("tcpi_state {name}"))
            }
            (SocketOption::CONGESTION, _) => {
                let text: Vec<u8> = value.to_ne_bytes().into_iter().take_while(|byte| *byte != 0).collect();
                f.pad(&format!("\"{}\"", text.escape_ascii()))
            }
            (SocketOption::ERROR, 1..) => Errno(value).fmt(f),
            (SocketOption::TYPE, libc::SOCK_STREAM) => f.pad("SOCK_STREAM"),
            (SocketOption::TYPE, libc::SOCK_DGRAM) => f.pad("SOCK_DGRAM"),
            _ => value.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_that_a_lesson_may_set_has_a_number() {
        let all = SOCKET_OPTIONS.into_iter().chain(TOLD_OPTIONS);
        let unknown: Vec<_> = all.filter(|name| SocketOption::by_name(name).is_none()).collect();
        assert_eq!(unknown, [""; 0]);
        assert_eq!(SocketOption::by_name("SO_NONSENSE"), None);
    }

    #[test]
    fn an_options_text_is_read_back_as_the_same_option() {
        for (name, level, number) in NAMES {
            let option = SocketOption { level: *level, number: *number };
            assert_eq!((option.to_string().as_str(), name.parse()), (*name, Ok(option)));
        }
        let tcp = |number| SocketOption { level: libc::IPPROTO_TCP, number };
        assert_eq!(
            (tcp(9999).to_string().as_str(), tcp(23).to_string().as_str()),
            ("IPPROTO_TCP, 9999", "TCP_FASTOPEN")
        );
        let strange = SocketOption { level: -7, number: 1 };
        for option in [tcp(9999), strange] {
            assert_eq!(option.to_string().parse(), Ok(option));
            let json = serde_json::to_string(&option).unwrap();
            assert_eq!(serde_json::from_str::<SocketOption>(&json).unwrap(), option);
        }
        assert!(
            ["", "SO_NONSENSE", "6", "6,", "TCP, 1", "\u{1b}[2J", "6, \u{1b}"]
                .iter()
                .all(|text| text.parse::<SocketOption>().is_err())
        );
    }

    #[test]
    fn what_an_option_says_has_the_name_of_what_it_means() {
        let says = |option, value| OptionValue::int(option, value).to_string();
        assert_eq!(says(SocketOption::ERROR, 0), "0");
        assert_eq!(says(SocketOption::ERROR, libc::ECONNREFUSED), "ECONNREFUSED");
        assert_eq!(says(SocketOption::TYPE, libc::SOCK_DGRAM), "SOCK_DGRAM");
        // Behind the state come three bytes of something else.
        assert_eq!(says(SocketOption::INFO, i32::from_ne_bytes([1, 3, 9, 0])), "tcpi_state ESTABLISHED");
        assert_eq!(says(SocketOption::INFO, i32::from_ne_bytes([99, 0, 0, 0])), "tcpi_state 99");
        assert_eq!(says(SocketOption::CONGESTION, i32::from_ne_bytes(*b"reno")), "\"reno\"");
        assert_eq!(says(SocketOption::CONGESTION, i32::from_ne_bytes([b'a', b'"', 0, b'x'])), r#""a\"""#);
    }
}
