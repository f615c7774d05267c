//! What ICMP says of a packet that was sent (RFC 792, RFC 1191, RFC 1812; of IPv6 RFC 4443).

/// What an ICMP message says of the packet that it quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpError {
    /// Nobody has its port.
    PortUnreachable,
    /// It is longer than so many bytes, which is what the next link takes (RFC 1191; IPv6: "packet too big", RFC 8201).
    FragmentationNeeded(u32),
    /// A router knows no way to its network (IPv6: "no route to destination").
    NetUnreachable,
    /// A router can't bring it to its machine (IPv6: "address unreachable").
    HostUnreachable,
    /// The machine doesn't speak what it carries (IPv6: "unrecognized next header").
    ProtocolUnreachable,
    /// A rule of a router or of the machine forbids it.
    AdminProhibited,
    /// It has passed as many routers as its TTL allowed (IPv6: hop limit).
    TimeExceeded,
}

impl IcmpError {
    /// Those that say nothing but what they are.
    pub const PLAIN: [IcmpError; 6] = [
        IcmpError::PortUnreachable,
        IcmpError::NetUnreachable,
        IcmpError::HostUnreachable,
        IcmpError::ProtocolUnreachable,
        IcmpError::AdminProhibited,
        IcmpError::TimeExceeded,
    ];

    /// Its name in the notation of what is made.
    pub const fn name(self) -> &'static str {
        match self {
            IcmpError::PortUnreachable => "port-unreachable",
            IcmpError::FragmentationNeeded(_) => "fragmentation-needed",
            IcmpError::NetUnreachable => "net-unreachable",
            IcmpError::HostUnreachable => "host-unreachable",
            IcmpError::ProtocolUnreachable => "protocol-unreachable",
            IcmpError::AdminProhibited => "admin-prohibited",
            IcmpError::TimeExceeded => "time-exceeded",
        }
    }

    /// Type and code, which begin its message: of IPv4, else of IPv6.
    pub const fn type_and_code(self, ipv6: bool) -> [u8; 2] {
        match (self, ipv6) {
            (IcmpError::NetUnreachable, false) => [3, 0],
            (IcmpError::HostUnreachable, false) => [3, 1],
            (IcmpError::ProtocolUnreachable, false) => [3, 2],
            (IcmpError::PortUnreachable, false) => [3, 3],
            (IcmpError::FragmentationNeeded(_), false) => [3, 4],
            (IcmpError::AdminProhibited, false) => [3, 13],
            (IcmpError::TimeExceeded, false) => [11, 0],
            (IcmpError::NetUnreachable, true) => [1, 0],
            (IcmpError::AdminProhibited, true) => [1, 1],
            (IcmpError::HostUnreachable, true) => [1, 3],
            (IcmpError::PortUnreachable, true) => [1, 4],
            (IcmpError::FragmentationNeeded(_), true) => [2, 0],
            (IcmpError::TimeExceeded, true) => [3, 0],
            (IcmpError::ProtocolUnreachable, true) => [4, 1],
        }
    }

    /// The one with this type and code; the four bytes behind the checksum tell the rest. `None` of what isn't shown.
    pub(super) fn read(ipv6: bool, kind: u8, code: u8, rest: [u8; 4]) -> Option<IcmpError> {
        let plain = IcmpError::PLAIN.into_iter().find(|one| one.type_and_code(ipv6) == [kind, code]);
        plain.or(match (ipv6, kind, code) {
            (false, 3, 4) => Some(IcmpError::FragmentationNeeded(u16::from_be_bytes([rest[2], rest[3]]).into())),
            (true, 2, _) => Some(IcmpError::FragmentationNeeded(u32::from_be_bytes(rest))),
            _ => None,
        })
    }

    /// What stands in the one-line notation, by IPv4's words.
    pub(super) fn line(self) -> String {
        let says = match self {
            IcmpError::FragmentationNeeded(mtu) => return format!("ICMP fragmentation needed mtu={mtu}"),
            IcmpError::PortUnreachable => "port unreachable",
            IcmpError::NetUnreachable => "net unreachable",
            IcmpError::HostUnreachable => "host unreachable",
            IcmpError::ProtocolUnreachable => "protocol unreachable",
            IcmpError::AdminProhibited => "administratively prohibited",
            IcmpError::TimeExceeded => "time exceeded",
        };
        format!("ICMP {says}")
    }
}
