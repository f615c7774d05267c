//! Any change of any packet: it is written and read back as the same, and its bytes say what was asked, or nothing is made.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::apply::right_checksum;
use super::*;
use crate::model::{Event, SegmentId, Side, Trace};
use crate::tcp::testing::{datagram_packet, packet, segment, unreachable_packet};
use crate::tcp::{IcmpError, Initials, Packet, Protocol, Transport, finish_checksum};

fn v4(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn v6(port: u16) -> SocketAddr {
    SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port))
}

/// The initial numbers of a handshake: 1000 of the client, 5000 of the server.
fn initials(from: SocketAddr, to: SocketAddr) -> Initials {
    let mut trace = Trace::default();
    let sent = [segment(from, to, 1000, 0, &["SYN"], b""), segment(to, from, 5000, 1001, &["SYN", "ACK"], b"")];
    for (id, segment) in (0..).map(SegmentId).zip(sent) {
        trace.push(std::time::Duration::ZERO, Event::Sent { id, segment, again: None });
    }
    trace.initials_between(from, to)
}

/// A segment with all options that can be changed, a datagram, and an ICMP message, of IPv4 and of IPv6.
fn originals() -> Vec<Packet> {
    let full = |from, to| {
        let mut bytes = packet(from, to, 1001, 5001, &["PSH", "ACK"], &[0; 40]);
        let header = bytes.len() - 60;
        bytes[header + 12] = 15 << 4;
        let options =
            [2, 4, 5, 180, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7, 5, 10, 0, 0, 4, 0, 0, 0, 4, 9, 1, 1];
        bytes[header + 20..][..options.len()].copy_from_slice(&options);
        Packet::parse(&bytes).unwrap()
    };
    let [a, b] = [v4, v6].map(|end| {
        let (from, to) = (end(40000), end(8000));
        let parsed = |bytes: Vec<u8>| Packet::parse(&bytes).unwrap();
        vec![
            full(from, to),
            segment(from, to, 1001, 5001, &["ACK"], b"hello"),
            parsed(datagram_packet(from, to, b"hello")),
            parsed(unreachable_packet(from, to, b"hello")),
        ]
    });
    [a, b].concat()
}

fn sums() -> impl Strategy<Value = crate::tcp::Expr> {
    let letter = prop_oneof![Just("j"), Just("k")];
    let with = (letter, -70_000_i64..4_000_000_000).prop_map(|(letter, n)| format!("{letter}{n:+}"));
    let text = prop_oneof![with.boxed(), any::<u32>().prop_map(|n| n.to_string()).boxed()];
    text.prop_map(|text| text.parse().unwrap())
}

fn change() -> impl Strategy<Value = Change> {
    let flags = any::<u8>().prop_map(|bits| Change::Flags(Flags::from_bits(bits)));
    let blocks = proptest::collection::vec((sums(), sums()), 0..6);
    let data = prop_oneof![
        4 => proptest::collection::vec(any::<u8>(), 0..200),
        1 => (65_000_usize..65_700).prop_map(|length| vec![b'x'; length]),
    ];
    prop_oneof![
        any::<u16>().prop_map(Change::SourcePort),
        any::<u16>().prop_map(Change::DestinationPort),
        sums().prop_map(Change::Seq),
        sums().prop_map(Change::Ack),
        flags,
        any::<u16>().prop_map(Change::Window),
        any::<bool>().prop_map(Change::Checksum),
        any::<u16>().prop_map(Change::Urgent),
        any::<Option<u16>>().prop_map(Change::Mss),
        any::<Option<u8>>().prop_map(Change::Scale),
        any::<bool>().prop_map(Change::SackPermitted),
        blocks.prop_map(Change::Sack),
        any::<Option<(u32, u32)>>().prop_map(Change::Timestamps),
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..39)).prop_map(Change::FastOpen),
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..37)).prop_map(Change::FastOpenExp),
        any::<u8>().prop_map(Change::Ttl),
        (0..4_u8).prop_map(Change::Ecn),
        data.prop_map(Change::Data),
    ]
}

fn edits() -> impl Strategy<Value = Edit> {
    proptest::collection::vec(change(), 1..6).prop_map(Edit::new)
}

/// Whether a change names the same number another way, on the circle of sequence numbers.
fn reckoned(change: &Change, initials: &Initials) -> Change {
    let number = |sum: &crate::tcp::Expr| sum.value(|letter| initials.named(letter.letter, letter.index), 0).unwrap();
    let plain = |sum: &crate::tcp::Expr| number(sum).to_string().parse().unwrap();
    match change {
        Change::Seq(sum) => Change::Seq(plain(sum)),
        Change::Ack(sum) => Change::Ack(plain(sum)),
        Change::Sack(blocks) => Change::Sack(blocks.iter().map(|(a, b)| (plain(a), plain(b))).collect()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn the_bytes_say_what_was_asked_or_nothing_is_made(edit in edits(), of in 0..8_usize) {
        let original = &originals()[of];
        let initials = initials(original.from, original.to);
        let Ok(copy) = edit.apply(original, &initials) else { return Ok(()) };
        let read = Packet::parse(copy.packet());
        prop_assert_eq!(read.as_ref(), Ok(&copy));
        for field in EditField::ALL {
            let told = super::field(&copy, &initials, field).map(|change| reckoned(&change, &initials));
            let wanted = match (edit.of(field), field) {
                (Some(change), _) => Some(reckoned(change, &initials)),
                (None, EditField::Checksum) => Some(Change::Checksum(true)),
                (None, _) => super::field(original, &initials, field).map(|change| reckoned(&change, &initials)),
            };
            prop_assert_eq!(told, wanted, "{:?} of {}", field, edit);
        }
        // The header's length is in its length field, and the IP header's own sum is the right one.
        prop_assert_eq!(copy.ip().length, copy.packet().len());
        let mut again = copy.packet().to_vec();
        let finished = finish_checksum(&mut again).is_ok() && again == copy.packet();
        let is_wrong = edit.of(EditField::Checksum) == Some(&Change::Checksum(false));
        prop_assert!(copy.protocol() == Protocol::Icmp || finished != is_wrong);
        if let Some(header) = copy.packet().first().filter(|first| **first >> 4 == 4).map(|_| &copy.packet()[..20]) {
            let sum = etherparse::checksum::Sum16BitWords::new().add_slice(header).ones_complement();
            prop_assert_eq!(sum, 0);
        }
        // What is told to have changed is what was asked, and nothing else.
        let changed: Vec<EditField> = super::changed(original, &copy, &initials).iter().map(|one| one.field).collect();
        prop_assert!(changed.iter().all(|field| edit.of(*field).is_some()), "{:?} of {}", changed, edit);
    }

    #[test]
    fn what_is_written_is_read_back_as_the_same(edit in edits()) {
        let written = edit.to_string();
        prop_assert!(!written.chars().any(char::is_control), "{:?}", written);
        prop_assert_eq!(written.parse(), Ok(edit), "{}", written);
    }

    #[test]
    fn no_text_panics(text: String, words in "((edit|forge) )?(([0-9]{1,3}|[a-z.0-9:]{0,12}>[a-z.0-9:]{0,12}) )?([a-z]{2,8}=[jk]?[-+0-9a-z:.,\"\\\\]{0,12} ?){0,4}") {
        for text in [text, words] {
            let _ = text.parse::<TypedEdit>();
            let _ = text.parse::<Edit>();
            let _ = text.parse::<Forgery>();
            let _ = text.parse::<WantedFields>();
        }
    }

    #[test]
    fn a_forgery_is_a_packet_between_its_ends(edit in edits(), mtu in any::<u16>(), kind in 0..8_u8, six: bool) {
        let (from, to) = if six { (v6(8000), v6(40000)) } else { (v4(8000), v4(40000)) };
        let all = IcmpError::PLAIN.into_iter().chain([IcmpError::FragmentationNeeded(mtu.into())]);
        let icmp = all.map(Some).chain([None]).nth(usize::from(kind)).flatten();
        let forgery = Forgery { icmp, edit };
        let quoted = segment(to, from, 1001, 5001, &["PSH", "ACK"], &[b'x'; 1448]);
        prop_assert_eq!(forgery.to_string().parse(), Ok(forgery.clone()), "{}", forgery);
        for quoted in [None, Some(&quoted)] {
            let Ok(made) = forgery.packet((from, to), &initials(to, from).of_the_other(), quoted) else { continue };
            prop_assert_eq!(made.ip().length, made.packet().len());
            match icmp {
                None => prop_assert!(made.tcp().is_some()),
                Some(says) => prop_assert_eq!(made.transport, Transport::Icmp(says)),
            }
            if icmp.is_some() {
                let most = if six { 1280 } else { 576 };
                prop_assert!(made.packet().len() <= most);
                prop_assert_eq!(right_checksum(&made).map(Vec::from), made.header().get(2..4).map(Vec::from));
            }
        }
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    use EditFault::*;
    let wrong = |text: &str| text.parse::<TypedEdit>().unwrap_err();
    for (text, fault) in [
        ("edit", Nothing),
        ("edit 7", Nothing),
        ("edit 0 win=1", NoSegment(0)),
        ("edit x win=1", Field("x".into())),
        ("edit 7 window=1", Field("window".into())),
        ("edit 7 win", Value(EditField::Window, String::new())),
        ("edit 7 win=70000", Value(EditField::Window, "70000".into())),
        ("edit 7 win=-1", Value(EditField::Window, "-1".into())),
        ("edit 7 seq=line", Value(EditField::Seq, "line".into())),
        ("edit 7 seq=j*2", Value(EditField::Seq, "j*2".into())),
        ("edit 7 flags=RST,XYZ", Value(EditField::Flags, "RST,XYZ".into())),
        ("edit 7 ts=1", Value(EditField::Timestamps, "1".into())),
        ("edit 7 fo=123", Value(EditField::FastOpen, "123".into())),
        ("edit 7 fo=", Value(EditField::FastOpen, String::new())),
        ("edit 7 sack=j+1", Value(EditField::Sack, "j+1".into())),
        ("edit 7 win=1 win=2", Twice("win".into())),
        ("edit 7 data=\"abc", Quote),
        ("forge", Ends("forge".into())),
        ("forge server win=1", Ends("server".into())),
        ("forge server>server win=1", Ends("server>server".into())),
        ("forge 127.0.0.1:1>server win=1", Ends("127.0.0.1:1>server".into())),
        ("forge server>client", NothingForged),
        ("forge server>client icmp=echo", Icmp("echo".into())),
        ("forge server>client icmp=host-unreachable mtu=1000", MtuOfNothing),
        ("forge server>client icmp=echo mtu=1000", Icmp("echo".into())),
        ("forge server>client icmp=fragmentation-needed", MtuMissing),
        ("forge server>client icmp=fragmentation-needed mtu=x", Mtu("x".into())),
        ("forge server>client mtu=1000", MtuOfNothing),
    ] {
        assert_eq!(wrong(text), fault, "{text}");
    }
    let read = |text: &str| text.parse::<TypedEdit>().unwrap();
    let rst = "flags=RST seq=k+100".parse().unwrap();
    assert_eq!(read("edit 7 flags=rst seq=k+100"), TypedEdit::Edit(Some(SegmentId(6)), rst));
    let icmp = Forgery { icmp: Some(IcmpError::PortUnreachable), edit: Edit::default() };
    assert_eq!(
        read("forge server>client icmp=port-unreachable"),
        TypedEdit::Forge(ForgeEnds::From(Side::Server), icmp)
    );
}

#[test]
fn what_a_segment_must_have_is_told_as_what_is_changed() {
    let full = originals()[0].clone();
    let known = initials(full.from, full.to);
    let changed = |text: &str| text.parse::<Edit>().unwrap().apply(&full, &known).unwrap();
    let (asks, opens) = (changed("sack=none fo=request ecn=ce"), changed("sack=none ts=none fo=0011223344556677"));
    for (text, holds) in [
        ("mss=1460", [true, true, true]),
        ("mss=536", [false, false, false]),
        ("mss=yes scale=yes sackok=yes", [true, true, true]),
        ("mss=none", [false, false, false]),
        ("ts=yes", [true, true, false]),
        ("ts=none", [false, false, true]),
        ("ts=1:2", [true, true, false]),
        ("sack=yes", [true, false, false]),
        // Sequence numbers are reckoned, whichever way they are told.
        ("sack=j+24..j+33", [true, false, false]),
        ("sack=1024..1033", [true, false, false]),
        ("sack=none", [false, true, true]),
        ("fo=yes", [false, true, true]),
        ("fo=none", [true, false, false]),
        ("fo=request", [false, true, false]),
        ("fo=bytes:8", [false, false, true]),
        ("fo=bytes:4", [false, false, false]),
        ("fo=0011223344556677", [false, false, true]),
        ("foexp=none", [true, true, true]),
        ("ecn=none", [true, false, true]),
    ] {
        let wanted: WantedFields = text.parse().unwrap();
        assert_eq!([&full, &asks, &opens].map(|packet| wanted.hold(packet, &known)), holds, "{text}");
        let again: Vec<String> =
            { wanted.0.iter() }.map(|one| format!("{}={}", one.field().name(), one.value())).collect();
        assert_eq!(again.join(" "), text);
    }
    // Before it had a kind of its own it was tried out as one of kind 254, beside which another experiment may stand.
    let tried = changed("sack=none ts=none foexp=00112233");
    assert!(tried.header().windows(8).any(|bytes| bytes == [254, 8, 0xf9, 0x89, 0, 0x11, 0x22, 0x33]));
    for text in ["foexp=00112233 fo=none", "foexp=bytes:4", "foexp=yes"] {
        assert!(text.parse::<WantedFields>().unwrap().hold(&tried, &known), "{text}");
    }
    use EditFault::*;
    for (text, fault) in [
        ("", NothingWanted),
        ("seq=j+1", NotWanted(EditField::Seq)),
        ("checksum=wrong", NotWanted(EditField::Checksum)),
        ("ttl=yes", Value(EditField::Ttl, "yes".into())),
        ("fo=bytes:0", Value(EditField::FastOpen, "bytes:0".into())),
        ("fo=bytes:39", Value(EditField::FastOpen, "bytes:39".into())),
        ("mss=bytes:8", Value(EditField::Mss, "bytes:8".into())),
        ("mss=yes mss=none", Twice("mss".into())),
        ("cookie=8", Field("cookie".into())),
    ] {
        assert_eq!(text.parse::<WantedFields>(), Err(fault), "{text}");
    }
    let udp: WantedFields = "mss=yes".parse().unwrap();
    assert_eq!(udp.fit(Protocol::Udp), Err(Unfit(super::Unfit::NoField(EditField::Mss))));
}

#[test]
fn what_can_not_be_is_not_made() {
    let [tcp, udp, icmp] = [1, 2, 3].map(|n| originals()[n].clone());
    let full = originals()[0].clone();
    let known = initials(tcp.from, tcp.to);
    let made = |packet: &Packet, text: &str| text.parse::<Edit>().unwrap().apply(packet, &known).map(drop);
    let letter = |letter| crate::tcp::Letter { letter, index: None };
    assert_eq!("seq=j".parse::<Edit>().unwrap().apply(&tcp, &Initials::default()), Err(Unfit::NoNumber(letter('j'))));
    assert_eq!(made(&udp, "seq=1"), Err(Unfit::NoField(EditField::Seq)));
    assert_eq!(made(&icmp, "data=x"), Err(Unfit::NoField(EditField::Data)));
    assert_eq!(made(&full, "sack=1..2,3..4,5..6,7..8"), Err(Unfit::LongOptions(56)));
    assert_eq!(made(&tcp, &format!("data={}", "x".repeat(65_600))), Err(Unfit::LongPacket(65_640)));
    assert_eq!(blank_between(v4(1), v6(2)), Err(Unfit::Families));
}

fn blank_between(from: SocketAddr, to: SocketAddr) -> Result<(), Unfit> {
    Forgery::default().packet((from, to), &Initials::default(), None).map(drop)
}
