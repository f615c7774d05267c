//! What `TCP_INFO` alone shows of an arrival, and what a person's bytes lead the two kernels to.

use super::*;
use crate::model::{CongestionState, Returned, TcpInfo};
use crate::tcp::testing::datagram_packet;

/// What the kernel told of the client's end: its mss, its peer's window, its duplicate acknowledgements.
fn info(mss: u32, window: u32, sacked: u32) -> TcpInfo {
    let ca_state = if sacked > 0 { CongestionState::Disorder } else { CongestionState::Open };
    TcpInfo {
        snd_mss: Some(mss),
        snd_wnd: Some(window),
        sacked: Some(sacked),
        ca_state: Some(ca_state),
        ..TcpInfo::default()
    }
}

/// What is said of an ACK of the server's, with what the kernel told before and after; `asked`: it was asked just before.
fn arrival(before: TcpInfo, after: TcpInfo, asked: bool) -> String {
    let mut script = Script::new();
    script.socket(1, State::Established, 40000, |facts| facts.info = Some(before));
    let ack = script.arrives(8000, (501, 101), &["ACK"], b"");
    if asked {
        script.push(Event::Reasons { id: ack, moved: Vec::new() });
    }
    script.socket(1, State::Established, 40000, |facts| facts.info = Some(after));
    script.story(ack).became
}

#[test]
fn what_changed_in_tcp_info_alone_is_not_said_to_be_nothing() {
    let before = info(1448, 65160, 0);
    for (after, wanted) in [
        (info(948, 65160, 0), "The most data that it puts into one segment (mss): 1448 → 948 bytes."),
        (info(1448, 100, 0), "(snd_wnd): 65160 → 100 bytes."),
        (info(1448, 65160, 1), "What changed there, as TCP_INFO has it: sacked 0 → 1, ca_state Open → Disorder."),
    ] {
        let told = arrival(before, after, true);
        assert!(told.contains(wanted) && !told.contains("nothing was seen to change"), "{told}");
        // It may have been so before it came.
        assert!(arrival(before, after, false).contains("nothing was seen to change"));
    }
    assert!(arrival(before, before, true).contains("nothing was seen to change"));
    // What a handshake settles is no news.
    let mut script = Script::new();
    script.socket(1, State::SynSent, 40000, |facts| facts.info = Some(info(536, 0, 0)));
    let ack = script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
    script.push(Event::Reasons { id: ack, moved: Vec::new() });
    script.socket(1, State::Established, 40000, |facts| facts.info = Some(before));
    assert!(!script.story(ack).became.contains("mss"), "{:?}", script.story(ack));
}

#[test]
fn an_ack_of_what_a_person_sent_is_told_as_one_of_what_its_receiver_never_sent() {
    let says = |own: &[u8], written: &[u8]| {
        let mut script = Script::new();
        let evil = segment(end(40000), end(8000), 101, 501, &["PSH", "ACK"], written);
        script.made(evil);
        if !own.is_empty() {
            script.arrives(40000, (101, 501), &["PSH", "ACK"], own);
        }
        let ack = script.arrives(8000, (501, 105), &["ACK"], b"");
        script.story(ack).says
    };
    for own in [&b""[..], b"ab"] {
        let told = says(own, b"evil");
        let wanted = format!("{} beyond all that its receiver's kernel had sent", 4 - own.len());
        assert!(told.contains(&wanted), "{told}");
    }
    // Its kernel has sent as many meanwhile, or no person has.
    assert!(!says(b"good", b"evil").contains("beyond"));
    assert!(!says(b"good", b"").contains("beyond"));
}

#[test]
fn how_a_fin_shows_is_not_said_of_one_without_ack() {
    let mut script = Script::new();
    let written = script.forged(40000, (101, 0), &["FIN"]);
    assert_eq!(script.story(written).first, "");
    let fin = script.arrives(40000, (101, 501), &["FIN", "ACK"], b"");
    assert!(script.story(fin).first.contains("It shows as FIN,ACK"), "{:?}", script.story(fin));
}

#[test]
fn a_repetition_whose_ack_had_not_come_yet_is_missed_for_that() {
    let told = |ack_came: bool| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.arrives(40000, (100, 0), &["SYN"], b"");
        script.arrives(8000, (500, 0), &["SYN"], b"");
        // Of a simultaneous open: the client's kernel has acknowledged the server's SYN.
        script.sent(40000, (100, 501), &["SYN", "ACK"], b"", 1000);
        if ack_came {
            script.arrives(8000, (501, 101), &["ACK"], b"");
        }
        let lost = script.sent(8000, (500, 101), &["SYN", "ACK"], b"", 1000);
        script.push(Event::Dropped(lost));
        script.story(lost).became
    };
    assert!(told(false).contains("But its ack is missed"), "{}", told(false));
    assert!(told(true).contains("It misses nothing by that"), "{}", told(true));
}

#[test]
fn a_damaged_datagram_is_told_so_in_either_family() {
    for name in ["UdpInCsumErrors", "Udp6InCsumErrors"] {
        let mut script = Script::new();
        let id = script.made(Packet::parse(&datagram_packet(end(40000), end(8000), b"hello")).unwrap());
        script.counted(id, &[name]);
        assert!(script.story(id).became.contains("Its checksum is wrong"), "{name}: {:?}", script.story(id));
    }
}

#[test]
fn what_waits_in_the_queue_of_a_listener_that_is_closed_is_not_said_to_have_unread_bytes() {
    let mut script = Script::new();
    for (call, value) in [(Call::Socket { ipv6: false, udp: false }, 4), (Call::Listen { fd: 4, backlog: 8 }, 0)] {
        script.push(Event::Entered { caller: Side::Server.into(), call });
        script.push(Event::Returned {
            caller: Side::Server.into(),
            outcome: Ok(Returned { value, ..Returned::default() }),
        });
    }
    script.socket(2, State::Listen, 8000, |facts| (facts.remote, facts.recv_queue) = (None, 1));
    script.socket(3, State::Established, 8000, |facts| facts.fd = None);
    script.push(Event::Entered { caller: Side::Server.into(), call: Call::Close { fd: 4 } });
    let reset = script.arrives(8000, (501, 101), &["RST", "ACK"], b"");
    let told = script.story(reset).sender;
    assert!(told.contains("close() made it: it closed the listener in whose accept queue"), "{told}");
}
