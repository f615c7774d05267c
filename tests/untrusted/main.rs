//! Bytes from outside never make the program panic or hang: the fuzz targets' own functions, by properties, so that
//! every machine tries them. Each property changes real bytes in a few places, since few others get far.

mod readers;

use std::time::Duration;

use proptest::prelude::*;
use sockwalk::model::{Entry, Errno, Event, SegmentId, Trace};
use sockwalk::report::{Header, JsonLines, read_recording};

/// Bytes that are changed in some places: replaced, cut out, or put in twice.
fn changed(real: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let edits = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..8);
    edits.prop_map(move |edits| {
        let mut bytes = real.clone();
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len() + 1);
            match kind {
                0 if at < bytes.len() => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => bytes.truncate(at),
                _ => bytes.extend_from_within(at..),
            }
        }
        bytes
    })
}

fn any_or(real: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![1 => proptest::collection::vec(any::<u8>(), 0..600), 3 => changed(real)]
}

/// A SYN with the usual options from 127.0.0.1:40000 to 127.0.0.1:8000, behind the link header of `lo`.
const FRAME: &[u8] = &[
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, // Ethernet
    0x45, 0, 0, 60, 0, 1, 0x40, 0, 64, 6, 0x3c, 0xb9, 127, 0, 0, 1, 127, 0, 0, 1, // IPv4
    0x9c, 0x40, 0x1f, 0x40, 0, 0, 0, 7, 0, 0, 0, 0, 0xa0, 2, 0xff, 0xff, 0, 0, 0, 0, // TCP
    2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 10, // MSS, SACK, timestamps, window scale
];

/// One message of an answer: a header of 16 bytes, a socket of 72, an attribute.
fn answer() -> Vec<u8> {
    let info = [&[240, 0, 2, 0][..], &[1; 236]].concat();
    let length = (16 + 72 + info.len()) as u32;
    let mut socket = vec![0; 72];
    (socket[0], socket[1]) = (libc::AF_INET as u8, 1);
    [&length.to_ne_bytes()[..], &[20, 0, 0, 0], &[0; 8], &socket, &info].concat()
}

/// A datagram from 127.0.0.1:8000 to 127.0.0.1:40000.
const DATAGRAM: &[u8] = &[
    0x45, 0, 0, 30, 0, 1, 0, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, // IPv4
    0x1f, 0x40, 0x9c, 0x40, 0, 10, 0, 0, b'h', b'i', // UDP
];

/// Everything that can stand in a recording, whole lines of `play` included.
fn recording() -> Vec<u8> {
    let packet = sockwalk::tcp::Packet::from_frame(FRAME).unwrap();
    let datagram = sockwalk::tcp::Packet::parse(DATAGRAM).unwrap();
    let mut trace = Trace::default();
    let at = Duration::from_micros;
    for (id, segment) in [(0, packet), (1, datagram)] {
        trace.push(at(1), Event::Sent { id: SegmentId(id), segment, again: None });
        trace.push(at(1), Event::Held(SegmentId(id)));
    }
    for line in include_str!("../../src/report/form/every.jsonl").lines() {
        // Behind a lesson's beginning: what speaks of a segment that never came is none, and was said above.
        let line = format!("{{\"t_us\":0,\"entry\":{{\"Step\":0}}}}\n{{\"t_us\":0,\"entry\":{line}}}\n");
        let entries = read_recording(line.as_bytes()).into_iter().flat_map(|recording| recording.entries).skip(1);
        for entry in entries.filter(|entry| !matches!(entry.event, Event::Sent { .. })) {
            trace.push(at(2), entry.event);
        }
    }
    let (id, errno) = (SegmentId(0), Errno(libc::EPERM));
    let repeated = match &trace.entries()[0].event {
        Event::Sent { segment, .. } => Event::Retransmitted { id, segment: segment.clone() },
        other => panic!("{other:?}"),
    };
    for event in [repeated, Event::Delivered(id), Event::Dropped(id), Event::Undeliverable { id, errno }] {
        trace.push(at(3), event);
    }
    let mut lines = Vec::new();
    let header = Header::deduced(trace.entries());
    JsonLines::recording(header).write(&trace, |_| "", &mut lines).unwrap();
    lines
}

fn shared_lab() -> Vec<u8> {
    let entry = Entry { at: std::time::Duration::ZERO, event: Event::Held(SegmentId(0)) };
    format!("{{\"Happened\":[{}]}}\n{{\"Interrupt\":[\"Server\",0]}}\n", serde_json::to_string(&entry).unwrap())
        .into_bytes()
}

/// What the properties change is read whole when nothing is changed.
#[test]
fn the_real_bytes_are_read() {
    assert_eq!(sockwalk::tcp::Packet::from_frame(FRAME).unwrap().tcp().unwrap().seq, 7);
    assert!(read_recording(recording().as_slice()).unwrap().entries.len() > 90);
    for (read, bytes) in [
        (readers::packet as fn(&[u8]), FRAME.to_vec()),
        (readers::sock_diag, answer()),
        (readers::recording, recording()),
        (readers::shared_lab, shared_lab()),
        (readers::lesson, include_bytes!("../lessons/valid/handshake.toml").to_vec()),
        (readers::typed_call, b"connect(5, 127.0.0.1:8000)".to_vec()),
    ] {
        read(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_captured_packet(bytes in any_or(FRAME.to_vec())) {
        readers::packet(&bytes);
    }

    #[test]
    fn the_kernels_answer(bytes in any_or(answer())) {
        readers::sock_diag(&bytes);
    }

    #[test]
    fn a_line_of_another_process(bytes in any_or(shared_lab())) {
        readers::shared_lab(&bytes);
    }

    #[test]
    fn a_typed_call(bytes in prop_oneof![
        changed(b"connect(5, 127.0.0.1:8000)".to_vec()),
        changed(b"sendto 3 \"a b\" [::1]:53".to_vec()),
        changed(b"setsockopt(5, SO_LINGER, 0)".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..60),
    ]) {
        readers::typed_call(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_recording(bytes in any_or(recording())) {
        readers::recording(&bytes);
    }

    #[test]
    fn a_lesson(bytes in any_or(include_bytes!("../lessons/valid/handshake.toml").to_vec())) {
        readers::lesson(&bytes);
    }
}
