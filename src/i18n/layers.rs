//! What is said of a packet's layers: the four of TCP/IP beside OSI's seven, each with its own bytes of this packet.

use super::words::words;
use super::{excerpt, fill};
use crate::tcp::{
    Flags, Frame, Hex, IcmpError, Initials, Numbers, Packet, Protocol, Segment, TcpOption, Transport, Window,
    window_field,
};

words! {
    /// The words of it. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct LayersTexts {
        pub none: String,
        pub socket: String,
        pub application: String,
        pub transport: String,
        pub network: String,
        pub link: String,
        /// OSI's, from the seventh down.
        pub osi: [String; 7],
        pub data: String,
        pub no_data: String,
        pub quoted: String,
        pub tcp: String,
        pub tcp_more: String,
        pub window_syn: String,
        pub window_unknown: String,
        pub options: String,
        pub between: String,
        pub option_other: String,
        pub option_broken: String,
        pub udp: String,
        pub no_transport: String,
        pub ip: String,
        pub ip_more: String,
        pub ttl: String,
        pub hop_limit: String,
        pub icmp: String,
        pub icmp_too_big: String,
        pub icmp_net: String,
        pub icmp_host: String,
        pub icmp_protocol: String,
        pub icmp_prohibited: String,
        pub icmp_expired: String,
        pub frame: String,
        pub frame_ends: String,
        pub no_frame: String,
        pub more_bytes: String,
        pub mtu: String,
    }
}

/// One layer of TCP/IP, and its part of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer<'a> {
    /// What it is called.
    pub name: &'a str,
    /// OSI's layers in its place, with their numbers, from above.
    pub osi: Vec<String>,
    /// Protocols that belong to it.
    pub protocols: &'static str,
    /// What its part of the packet says, in lines.
    pub says: Vec<String>,
    /// Its own bytes of the packet.
    pub bytes: &'a [u8],
}

/// How much of the data is shown as text, in bytes.
const SHOWN_DATA: usize = 20;

/// The layers without a packet, from the application down.
pub fn empty_layers(texts: &LayersTexts) -> [Layer<'_>; 4] {
    let osi = |numbers: std::ops::RangeInclusive<usize>| -> Vec<String> {
        numbers.rev().map(|number| format!("{number} {}", texts.osi[7 - number])).collect()
    };
    [
        Layer {
            name: &texts.application,
            osi: osi(5..=7),
            protocols: "HTTP, DNS, FTP, TFTP, SMTP, SNMP, Telnet",
            says: Vec::new(),
            bytes: &[],
        },
        Layer { name: &texts.transport, osi: osi(4..=4), protocols: "TCP, UDP", says: Vec::new(), bytes: &[] },
        Layer { name: &texts.network, osi: osi(3..=3), protocols: "IP, ICMP, OSPF", says: Vec::new(), bytes: &[] },
        Layer { name: &texts.link, osi: osi(1..=2), protocols: "Ethernet, Wi-Fi, PPP", says: Vec::new(), bytes: &[] },
    ]
}

/// The layers of a packet, from the application down. `line` is the packet in its one-line notation.
pub fn layers<'a>(packet: &'a Packet, initials: &Initials, line: &str, texts: &'a LayersTexts) -> [Layer<'a>; 4] {
    let [above, transport, network, link] = empty_layers(texts);
    let [data, header, ip, frame_header] = packet.by_layers();
    [
        Layer { says: vec![application(packet, texts)], bytes: data, ..above },
        Layer { says: ports(packet, initials, line, texts), bytes: header, ..transport },
        Layer { says: internet(packet, texts), bytes: ip, ..network },
        Layer { says: frame(packet, texts), bytes: frame_header, ..link },
    ]
}

fn application(packet: &Packet, texts: &LayersTexts) -> String {
    let bytes = packet.len().to_string();
    match packet.protocol() {
        Protocol::Icmp => texts.quoted.clone(),
        Protocol::Tcp | Protocol::Udp if packet.is_empty() => texts.no_data.clone(),
        Protocol::Tcp | Protocol::Udp => {
            fill(&texts.data, &[("n", bytes), ("text", excerpt(packet.payload(), SHOWN_DATA))])
        }
    }
}

fn ports(packet: &Packet, initials: &Initials, line: &str, texts: &LayersTexts) -> Vec<String> {
    let ends = |text: &str| {
        let (from, to) = (packet.from.port().to_string(), packet.to.port().to_string());
        fill(text, &[("n", packet.header().len().to_string()), ("from", from), ("to", to)])
    };
    match packet.tcp() {
        Some(tcp) => {
            let more = fill(&texts.tcp_more, &[("line", line), ("window", &window(tcp, initials, texts))]);
            let options = options(packet, initials, Numbers::Symbolic, texts);
            [ends(&texts.tcp), more].into_iter().chain(options).collect()
        }
        None if packet.protocol() == Protocol::Udp => vec![ends(&texts.udp)],
        None => vec![texts.no_transport.clone()],
    }
}

/// What a segment's window field means, in words where it isn't a number of bytes as it stands.
fn window(segment: &Segment, initials: &Initials, texts: &LayersTexts) -> String {
    let short = window_field(segment, initials);
    match initials.window(segment) {
        // In a reset it means nothing.
        _ if segment.flags.has(Flags::RST) => short,
        Window::Bytes(_) if segment.flags.has(Flags::SYN) => fill(&texts.window_syn, &[("window", short)]),
        Window::Unknown(_) => fill(&texts.window_unknown, &[("window", short)]),
        Window::Bytes(_) | Window::Scaled(..) => short,
    }
}

/// All options of a segment's header in one line, each by name and value or by kind and length; `None` where it has none.
pub fn options(packet: &Packet, initials: &Initials, numbers: Numbers, texts: &LayersTexts) -> Option<String> {
    packet.tcp()?;
    let all = TcpOption::all(packet.header());
    let one = |option: &TcpOption<'_>| {
        option.text(initials, numbers).unwrap_or_else(|| match option {
            TcpOption::Whole(kind, value) => {
                let (kind, n, bytes) = (kind.to_string(), (value.len() + 2).to_string(), Hex(value).to_string());
                fill(&texts.option_other, &[("kind", kind), ("n", n), ("bytes", bytes)])
            }
            TcpOption::Broken(bytes) => fill(&texts.option_broken, &[("bytes", Hex(bytes))]),
        })
    };
    let what: Vec<String> = all.iter().map(one).collect();
    let n = (packet.header().len() - 20).to_string();
    (!what.is_empty()).then(|| fill(&texts.options, &[("n", n), ("what", what.join(&texts.between))]))
}

fn internet(packet: &Packet, texts: &LayersTexts) -> Vec<String> {
    let ip = packet.ip();
    let header = fill(
        &texts.ip,
        &[
            ("version", ip.version.to_string()),
            ("n", packet.ip_header().len().to_string()),
            ("from", packet.from.ip().to_string()),
            ("to", packet.to.ip().to_string()),
        ],
    );
    let hops = if ip.version == 6 { &texts.hop_limit } else { &texts.ttl };
    let name = packet.protocol().name().to_uppercase();
    let more = fill(
        &texts.ip_more,
        &[
            ("hops", fill(hops, &[("n", ip.hops)])),
            ("protocol", ip.protocol.to_string()),
            ("name", name),
            ("length", ip.length.to_string()),
        ],
    );
    let mut says = vec![header, more];
    if let Transport::Icmp(message) = packet.transport {
        let n = packet.header().len() + packet.payload().len();
        says.push(icmp(message, n, texts));
    }
    says
}

/// A message of so many bytes.
fn icmp(says: IcmpError, bytes: usize, texts: &LayersTexts) -> String {
    let (text, mtu) = match says {
        IcmpError::FragmentationNeeded(mtu) => (&texts.icmp_too_big, mtu),
        IcmpError::PortUnreachable => (&texts.icmp, 0),
        IcmpError::NetUnreachable => (&texts.icmp_net, 0),
        IcmpError::HostUnreachable => (&texts.icmp_host, 0),
        IcmpError::ProtocolUnreachable => (&texts.icmp_protocol, 0),
        IcmpError::AdminProhibited => (&texts.icmp_prohibited, 0),
        IcmpError::TimeExceeded => (&texts.icmp_expired, 0),
    };
    fill(text, &[("n", bytes.to_string()), ("mtu", mtu.to_string())])
}

fn frame(packet: &Packet, texts: &LayersTexts) -> Vec<String> {
    let Some(frame) = packet.frame() else { return vec![texts.no_frame.clone()] };
    let n = packet.link().map_or(0, <[u8]>::len).to_string();
    let kind = format!("{:#06x}", frame.kind);
    let head = fill(&texts.frame, &[("n", n.as_str()), ("kind", &kind), ("name", frame.carries())]);
    let ends = fill(&texts.frame_ends, &[("from", &Frame::address(frame.from)), ("to", &Frame::address(frame.to))]);
    vec![head, ends]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, Texts};
    use crate::tcp::testing::{datagram_packet, packet, unreachable_packet};
    use std::net::SocketAddr;

    fn ends(ipv6: bool) -> (SocketAddr, SocketAddr) {
        let text = if ipv6 { ["[::1]:40612", "[::1]:8000"] } else { ["127.0.0.1:40612", "127.0.0.1:8000"] };
        let [from, to] = text.map(|text| text.parse().unwrap());
        (from, to)
    }

    fn texts() -> &'static LayersTexts {
        &Texts::load(Lang::EN).unwrap().layers
    }

    fn frame_of(packet: &[u8], kind: [u8; 2]) -> Packet {
        Packet::from_frame(&[&[0; 12][..], &kind, packet].concat()).unwrap()
    }

    #[test]
    fn the_layers_bytes_are_the_frame_and_nothing_else() {
        let (from, to) = ends(false);
        for bytes in [
            packet(from, to, 7, 9, &["PSH", "ACK"], b"hello\n"),
            datagram_packet(from, to, b"hello\n"),
            unreachable_packet(from, to, b"hello\n"),
        ] {
            let packet = frame_of(&bytes, [8, 0]);
            let parts = layers(&packet, &Initials::default(), "", texts());
            let whole: Vec<u8> = parts.iter().rev().flat_map(|layer| layer.bytes.to_vec()).collect();
            assert_eq!(whole[14..], bytes, "link, network, transport, application, in this order");
            assert_eq!(parts.iter().flat_map(|layer| layer.osi.iter()).count(), 7);
        }
    }

    #[test]
    fn each_layer_says_what_its_header_says() {
        let (from, to) = ends(false);
        let bytes = packet(from, to, 7, 9, &["PSH", "ACK"], b"hello\n");
        let packet = frame_of(&bytes, [8, 0]);
        let [application, transport, network, link] =
            layers(&packet, &Initials::default(), "PSH,ACK", texts()).map(|layer| layer.says);
        assert_eq!(application, ["data, 6 bytes: \"hello\\n\""]);
        assert_eq!(
            transport,
            [
                "TCP header, 20 bytes: port 40612 → port 8000",
                "PSH,ACK, window 64240 × ? (a SYN wasn't seen, so its scale isn't known)"
            ]
        );
        assert_eq!(network[0], "IPv4 header, 20 bytes: 127.0.0.1 → 127.0.0.1");
        assert_eq!(network[1], "TTL 64, protocol 6 (TCP), 46 bytes in all");
        assert_eq!(link[0], "lo's frame header, 14 bytes, type 0x0800 (IPv4)");
        assert_eq!(link[1], "00:00:00:00:00:00 → 00:00:00:00:00:00");
    }

    #[test]
    fn the_window_is_multiplied_where_both_scales_were_seen_and_options_are_all_told() {
        use crate::tcp::Isns;
        let (from, to) = ends(false);
        let with_options = |from, to, acked, flags: &[&str], options: &[u8]| {
            let mut bytes = packet(from, to, 7, acked, flags, options);
            bytes[32] = (5 + options.len() as u8 / 4) << 4;
            bytes[34..36].copy_from_slice(&63_u16.to_be_bytes());
            Packet::parse(&bytes).unwrap()
        };
        let syn = with_options(from, to, 0, &["SYN"], &[2, 4, 5, 180, 1, 3, 3, 10]);
        let answer = with_options(to, from, 8, &["SYN", "ACK"], &[77, 4, 1, 2, 1, 3, 3, 7]);
        let ack = with_options(from, to, 8, &["ACK"], &[]);
        let mut isns = Isns::default();
        let said = [&syn, &answer, &ack].map(|packet| {
            let initials = isns.learn(packet);
            layers(packet, &initials, "", texts())[1].says[1..].to_vec()
        });
        assert_eq!(
            said[0],
            [", window 63 (in a SYN never scaled)", "options, 8 bytes: MSS 1460, NOP, window scale 10 (×1024)"]
        );
        assert_eq!(said[1][1], "options, 8 bytes: kind 77, length 4: 0102, NOP, window scale 7 (×128)");
        assert_eq!(said[2], [", window 63 × 1024 = 64,512"]);
    }

    #[test]
    fn ipv6_and_udp_and_what_was_not_seen() {
        let (from, to) = ends(true);
        let bytes = datagram_packet(from, to, b"");
        let packet = frame_of(&bytes, [0x86, 0xdd]);
        let [application, transport, network, link] =
            layers(&packet, &Initials::default(), "", texts()).map(|layer| layer.says);
        assert_eq!(application[0], texts().no_data);
        assert_eq!(transport, ["UDP header, 8 bytes: port 40612 → port 8000"]);
        assert_eq!(network[1], "hop limit 64, protocol 17 (UDP), 48 bytes in all");
        assert!(link[0].contains("0x86dd (IPv6)"));
        let blind = Packet::parse(&bytes).unwrap();
        assert_eq!(layers(&blind, &Initials::default(), "", texts())[3].says, [texts().no_frame.clone()]);
    }

    #[test]
    fn hostile_data_is_escaped_and_long_data_cut() {
        let (from, to) = ends(false);
        let bytes = packet(from, to, 7, 9, &["ACK"], "\u{1b}[2J".repeat(100).as_bytes());
        let packet = Packet::parse(&bytes).unwrap();
        assert!(!layers(&packet, &Initials::default(), "", texts())[0].says.concat().contains('\u{1b}'));
    }
}
