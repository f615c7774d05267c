//! The kernel's word on its TCP sockets, and on UDP's for contrast: `sock_diag(7)` for all of them, `TCP_INFO` for one
//! descriptor.
//!
//! A dump needs no rights and lists also sockets without a descriptor: request sockets (SYN_RECV) and TIME_WAIT.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::netlink::{Dump, Netlink, NetlinkMessage, attributes, messages};
use crate::model::{Cause, CongestionState, InfoOptions, InfoTimes, SocketState, TcpInfo, Timer, TimerKind};
use crate::tcp::State;

// `linux/sock_diag.h` and `linux/inet_diag.h`.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const INET_DIAG_INFO: u16 = 2;

/// How often a table that changed while it was read (`NLM_F_DUMP_INTR`) is read anew.
const TORN_DUMPS: u32 = 10;

/// Which sockets are asked for. A kernel that doesn't know a bit passes it over.
#[derive(Clone, Copy)]
pub enum DumpFilter {
    /// Every state of RFC 9293, and the request sockets (`TCP_NEW_SYN_RECV`, bit 12).
    Active = 0xfff | 1 << 12,
    /// Those that are bound and nothing more (`TCP_BOUND_INACTIVE`, bit 13). The kernel looks for them in a table that
    /// all namespaces share, which takes five times as long as all others together.
    Bound = 1 << 13,
    /// None: the kernel only says whether it has such a table.
    Nothing = 0,
}

/// One entry of the kernel's socket table, as `struct inet_diag_msg` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagEntry {
    /// The kernel's name for the socket.
    pub cookie: u64,
    /// Its state.
    pub state: SocketState,
    /// Its own address.
    pub local: SocketAddr,
    /// The peer's; `None` where there is none (address and port are zero).
    pub remote: Option<SocketAddr>,
    /// The running timer, its end counted from the moment of the dump.
    pub timer: Option<Timer>,
    /// Bytes to be read; for LISTEN, connections that wait for `accept()`.
    pub recv_queue: u32,
    /// Bytes not yet acknowledged; for LISTEN, the backlog.
    pub send_queue: u32,
    /// The number of the file that processes have open; 0 where none has it.
    pub inode: u32,
    /// What TCP_INFO says; `None` for request sockets and TIME_WAIT.
    pub info: Option<TcpInfo>,
}

/// Asks for sockets of one address family (`AF_INET`, `AF_INET6`) and of one protocol (`IPPROTO_TCP`, `IPPROTO_UDP`) in
/// the namespace of `netlink`. `now` is the time on the trace's clock; timers are put on it.
///
/// # Errors
/// The kernel's: `ENOENT` where it has no table of that protocol, since its module isn't there (`tcp_diag`, `udp_diag`).
pub fn dump(
    netlink: &mut Netlink,
    (family, protocol): (i32, i32),
    which: DumpFilter,
    now: Duration,
) -> io::Result<Vec<DiagEntry>> {
    let mut request = [0u8; 56];
    request[0] = family as u8;
    request[1] = protocol as u8;
    request[2] = 1 << (INET_DIAG_INFO - 1);
    request[4..8].copy_from_slice(&(which as u32).to_ne_bytes());
    let mut message = NetlinkMessage::default();
    message.begin(SOCK_DIAG_BY_FAMILY, libc::NLM_F_DUMP as u16).raw(&request).end();
    for _ in 0..TORN_DUMPS {
        let mut entries = Vec::new();
        let dump = netlink.dump(&message, |kind, body| {
            if kind == SOCK_DIAG_BY_FAMILY {
                entries.extend(parse_entry(body, protocol, now));
            }
        })?;
        if dump == Dump::Whole {
            return Ok(entries);
        }
    }
    Err(Cause::TableChanged.into())
}

/// Whether the kernel has a table of one address family and one protocol, and tells of it.
///
/// # Errors
/// As [`dump`].
pub fn has_table(family: (i32, i32)) -> io::Result<()> {
    let mut netlink = Netlink::open(libc::NETLINK_SOCK_DIAG)?;
    dump(&mut netlink, family, DumpFilter::Nothing, Duration::ZERO).map(drop)
}

/// Asks for one TCP socket by its two addresses, in the namespace of `netlink`; `remote` is `None` for one that listens.
///
/// What the kernel answers may be another socket, which would get such a segment: compare the addresses. `None` where no
/// socket would.
pub fn query(
    netlink: &mut Netlink,
    (local, remote): (SocketAddr, Option<SocketAddr>),
    now: Duration,
) -> io::Result<Option<DiagEntry>> {
    let family = if local.is_ipv6() { libc::AF_INET6 } else { libc::AF_INET };
    let mut request = [0u8; 56];
    request[0] = family as u8;
    request[1] = libc::IPPROTO_TCP as u8;
    request[2] = 1 << (INET_DIAG_INFO - 1);
    request[4..8].copy_from_slice(&(DumpFilter::Active as u32).to_ne_bytes());
    request[8..10].copy_from_slice(&local.port().to_be_bytes());
    put(&mut request[12..28], local.ip());
    if let Some(remote) = remote {
        request[10..12].copy_from_slice(&remote.port().to_be_bytes());
        put(&mut request[28..44], remote.ip());
    }
    // INET_DIAG_NOCOOKIE: whichever it is.
    request[48..56].fill(0xff);
    let mut message = NetlinkMessage::default();
    message.begin(SOCK_DIAG_BY_FAMILY, 0).raw(&request).end();
    let mut entry = None;
    let asked = netlink.ask(&message, |kind, body| {
        if kind == SOCK_DIAG_BY_FAMILY {
            entry = parse_entry(body, libc::IPPROTO_TCP, now);
        }
    });
    match asked {
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        asked => asked.map(|()| entry),
    }
}

fn put(bytes: &mut [u8], address: IpAddr) {
    match address {
        IpAddr::V4(address) => bytes[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => bytes.copy_from_slice(&address.octets()),
    }
}

fn parse_entry(body: &[u8], protocol: i32, now: Duration) -> Option<DiagEntry> {
    let fixed = body.first_chunk::<72>()?;
    let v6 = i32::from(fixed[0]) == libc::AF_INET6;
    let word = |at: usize| u32::from_ne_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let port = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
    let local = SocketAddr::new(address(&fixed[8..24], v6), port(4));
    let remote = SocketAddr::new(address(&fixed[24..40], v6), port(6));
    let info = attributes(&body[72..]).find(|(kind, _)| *kind == INET_DIAG_INFO).map(|(_, value)| parse_info(value));
    Some(DiagEntry {
        cookie: u64::from(word(44)) | u64::from(word(48)) << 32,
        state: state(protocol, fixed[1])?,
        local,
        remote: (remote.port() != 0).then_some(remote),
        timer: timer(fixed[2], fixed[3], word(52), now),
        recv_queue: word(56),
        send_queue: word(60),
        inode: word(68),
        info,
    })
}

/// The state of TCP; of UDP, which uses two of TCP's numbers, whether it has a peer.
fn state(protocol: i32, number: u8) -> Option<SocketState> {
    match (protocol, State::from_kernel(number)?) {
        (libc::IPPROTO_UDP, State::Established) => Some(SocketState::Connected),
        (libc::IPPROTO_UDP, _) => Some(SocketState::Unconnected),
        (_, state) => Some(SocketState::Tcp(state)),
    }
}

fn address(bytes: &[u8], v6: bool) -> IpAddr {
    let mut all = [0u8; 16];
    all.copy_from_slice(bytes);
    if v6 { IpAddr::from(all) } else { IpAddr::from([all[0], all[1], all[2], all[3]]) }
}

fn timer(kind: u8, fired: u8, expires_ms: u32, now: Duration) -> Option<Timer> {
    let kind = match kind {
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Probe,
        _ => return None,
    };
    Some(Timer { kind, fires_at: now + Duration::from_millis(expires_ms.into()), fired })
}

/// Reads the beginning of `struct tcp_info` (`linux/tcp.h`) that is there; what this kernel lacks is `None`.
pub fn parse_info(bytes: &[u8]) -> TcpInfo {
    let word = |at: usize| {
        let four = bytes.get(at..at + 4)?;
        Some(u32::from_ne_bytes([four[0], four[1], four[2], four[3]]))
    };
    let byte = |at: usize| bytes.get(at).copied();
    let long = |at: usize| Some(u64::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
    let micros = |at: usize| word(at).map(|us| Duration::from_micros(us.into()));
    TcpInfo {
        rto: micros(8),
        snd_mss: word(16),
        unacked: word(24),
        rtt: micros(68).filter(|rtt| !rtt.is_zero()),
        snd_cwnd: word(80),
        total_retrans: word(100),
        ca_state: byte(1).and_then(|number| CongestionState::ALL.get(usize::from(number)).copied()),
        probes: byte(3),
        backoff: byte(4),
        options: byte(5).map(InfoOptions),
        sacked: word(28),
        lost: word(32),
        retrans: word(36),
        snd_ssthresh: word(76),
        reordering: word(88),
        delivered: word(192),
        rttvar: micros(72).filter(|_| word(68) != Some(0)),
        pacing_rate: long(104),
        snd_wnd: word(228),
        times: times(word, long),
    }
}

/// The times in `struct tcp_info` that grow by themselves; `None` where this kernel lacks one.
fn times(ms: impl Fn(usize) -> Option<u32>, us: impl Fn(usize) -> Option<u64>) -> Option<InfoTimes> {
    let millis = |at: usize| us(at).map(|us| u32::try_from(us / 1000).unwrap_or(u32::MAX));
    Some(InfoTimes {
        last_data_sent: ms(44)?,
        last_data_recv: ms(52)?,
        last_ack_recv: ms(56)?,
        busy_time: millis(168)?,
        rwnd_limited: millis(176)?,
        sndbuf_limited: millis(184)?,
    })
}

/// The state in `struct tcp_info`; `None` where the bytes are cut or the number is unknown.
pub fn info_state(bytes: &[u8]) -> Option<State> {
    State::from_kernel(*bytes.first()?)
}

/// Reads all of an answer, for [`super::untrusted`]: the sockets of TCP and UDP in it.
pub fn read_answer(bytes: &[u8], now: Duration) -> Vec<DiagEntry> {
    let entries = messages(bytes).flat_map(|answer| {
        let protocols = [libc::IPPROTO_TCP, libc::IPPROTO_UDP].into_iter();
        protocols.filter_map(move |protocol| parse_entry(answer.body, protocol, now))
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InfoField;
    use proptest::prelude::*;

    #[test]
    fn a_protocol_of_which_the_kernel_has_no_table_is_an_error_and_not_an_empty_one() {
        let mut netlink = Netlink::open(libc::NETLINK_SOCK_DIAG).unwrap();
        for family in [libc::AF_INET, libc::AF_INET6] {
            // 253: for experiments (RFC 3692), so nobody has a table of it.
            let refused = dump(&mut netlink, (family, 253), DumpFilter::Active, Duration::ZERO).unwrap_err();
            assert_eq!(refused.raw_os_error(), Some(libc::ENOENT));
            dump(&mut netlink, (family, libc::IPPROTO_TCP), DumpFilter::Active, Duration::ZERO).unwrap();
        }
    }

    /// A message of the kernel's: type, flags, the number of the request, and what follows the header.
    fn message(kind: u16, flags: i32, number: u32, body: &[u8]) -> Vec<u8> {
        let length = (16 + body.len()) as u32;
        let (kind, flags) = (kind.to_ne_bytes(), (flags as u16).to_ne_bytes());
        [&length.to_ne_bytes()[..], &kind, &flags, &number.to_ne_bytes(), &[0; 4], body].concat()
    }

    /// `struct inet_diag_msg` of a socket that listens on this port.
    fn listener(port: u16) -> Vec<u8> {
        let mut bytes = vec![0; 72];
        (bytes[0], bytes[1]) = (libc::AF_INET as u8, 10);
        bytes[4..6].copy_from_slice(&port.to_be_bytes());
        bytes
    }

    #[test]
    fn a_table_that_changed_while_it_was_read_is_read_anew() {
        const TORN: i32 = libc::NLM_F_MULTI | libc::NLM_F_DUMP_INTR;
        const WHOLE: i32 = libc::NLM_F_MULTI;
        const DONE: u16 = libc::NLMSG_DONE as u16;
        let socket = |number, flags, port| message(SOCK_DIAG_BY_FAMILY, flags, number, &listener(port));
        let end = |number, flags| message(DONE, flags, number, &[0; 4]);
        // What the kernel answers to one request after the other, each in its datagrams; the ports that are then told.
        type Case<'a> = (&'a [Vec<Vec<u8>>], Option<&'a [u16]>);
        let cases: [Case<'_>; 5] = [
            (&[vec![socket(1, WHOLE, 1), end(1, WHOLE)]], Some(&[1])),
            // The mark stands on a message in the middle, or on the last one alone.
            (
                &[
                    vec![socket(1, WHOLE, 1), socket(1, TORN, 2), end(1, WHOLE)],
                    vec![socket(2, WHOLE, 3), end(2, WHOLE)],
                ],
                Some(&[3]),
            ),
            (&[vec![socket(1, WHOLE, 1), end(1, TORN)], vec![end(2, WHOLE)]], Some(&[])),
            // One of another request tells nothing of this one.
            (&[vec![socket(9, TORN, 9), socket(1, WHOLE, 1), end(9, TORN), end(1, WHOLE)]], Some(&[1])),
            (&std::array::from_fn::<_, { TORN_DUMPS as usize }, _>(|n| vec![end(n as u32 + 1, TORN)]), None),
        ];
        for (n, (answers, wanted)) in cases.into_iter().enumerate() {
            let (mut netlink, kernel) = Netlink::to_a_test().unwrap();
            for datagram in answers.iter().flatten() {
                kernel.send(datagram).unwrap();
            }
            let family = (libc::AF_INET, libc::IPPROTO_TCP);
            let told = dump(&mut netlink, family, DumpFilter::Active, Duration::ZERO);
            let told = told.map(|entries| entries.iter().map(|entry| entry.local.port()).collect::<Vec<_>>());
            assert_eq!(told.ok().as_deref(), wanted, "case {n}");
            kernel.set_nonblocking(true).unwrap();
            let asked = std::iter::from_fn(|| kernel.recv(&mut [0; 128]).ok()).count();
            assert_eq!(asked, answers.len(), "case {n}");
        }
    }

    #[test]
    fn a_query_finds_what_a_dump_lists_and_nothing_else() {
        use std::net::{TcpListener, TcpStream};
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let stream = TcpStream::connect(server).unwrap();
        let client = stream.local_addr().unwrap();
        let mut netlink = Netlink::open(libc::NETLINK_SOCK_DIAG).unwrap();
        let (family, now) = ((libc::AF_INET, libc::IPPROTO_TCP), Duration::ZERO);
        let all = dump(&mut netlink, family, DumpFilter::Active, now).unwrap();
        for ends in [(client, Some(server)), (server, Some(client)), (server, None)] {
            let listed = all.iter().find(|entry| (entry.local, entry.remote) == ends).unwrap();
            let found = query(&mut netlink, ends, now).unwrap().unwrap();
            assert_eq!((found.cookie, found.state), (listed.cookie, listed.state), "{ends:?}");
        }
        // A socket that isn't there: who listens would get its segments.
        let stranger = SocketAddr::from(([127, 0, 0, 9], 9));
        let found = query(&mut netlink, (server, Some(stranger)), now).unwrap().unwrap();
        assert_eq!((found.local, found.remote, found.state), (server, None, State::Listen.into()));
        drop(listener);
        drop(stream);
        let nobody = query(&mut netlink, (stranger, Some(server)), now).unwrap();
        assert_eq!(nobody, None);
    }

    #[test]
    fn a_shorter_struct_of_an_older_kernel_gives_what_it_has() {
        let mut bytes = vec![0u8; 72];
        bytes[0] = 1;
        bytes[8..12].copy_from_slice(&201_000u32.to_ne_bytes());
        bytes[68..72].copy_from_slice(&50u32.to_ne_bytes());
        let info = parse_info(&bytes);
        assert_eq!(info.rto, Some(Duration::from_micros(201_000)));
        assert_eq!(info.rtt, Some(Duration::from_micros(50)));
        assert_eq!((info.snd_cwnd, info.total_retrans), (None, None));
        assert_eq!((info.snd_ssthresh, info.delivered, info.lost), (None, None, Some(0)));
        assert_eq!(info_state(&bytes), Some(State::Established));
        assert_eq!(parse_info(&[]), TcpInfo::default());
    }

    #[test]
    fn each_field_is_read_from_its_place() {
        let mut bytes = vec![0u8; 196];
        for (at, byte) in [(1, 3), (3, 5), (4, 6), (5, 0b101)] {
            bytes[at] = byte;
        }
        let words =
            [(16, 16), (24, 24), (28, 28), (32, 32), (36, 36), (76, 76), (80, 80), (88, 88), (100, 100), (192, 192)];
        // Milliseconds, of the round-trip time microseconds.
        let times = [(44, 44), (52, 52), (56, 56), (68, 68_000)];
        for (at, long) in [(168, 168_000), (176, 176_000), (184, 184_000)] {
            bytes[at..at + 8].copy_from_slice(&u64::to_ne_bytes(long));
        }
        for (at, word) in words.into_iter().chain(times) {
            bytes[at..at + 4].copy_from_slice(&u32::to_ne_bytes(word));
        }
        let info = parse_info(&bytes);
        let found = InfoField::ALL.map(|field| field.of(&info).unwrap());
        assert_eq!(found, [80, 76, 16, 24, 28, 32, 36, 100, 88, 192, 6, 5, 68, 44, 52, 56, 168, 176, 184]);
        assert_eq!(info.ca_state, Some(CongestionState::Recovery));
        assert_eq!(info.options.unwrap().to_string(), "timestamps,wscale");
        // A number that this program doesn't know is none.
        bytes[1] = 9;
        assert_eq!(parse_info(&bytes).ca_state, None);
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes: Vec<u8>) {
            let _ = parse_entry(&bytes, libc::IPPROTO_TCP, Duration::ZERO);
            let _ = parse_entry(&bytes, libc::IPPROTO_UDP, Duration::ZERO);
            let _ = parse_info(&bytes);
            let _ = info_state(&bytes);
        }
    }
}
