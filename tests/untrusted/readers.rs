//! Everything that reads bytes from outside, each as one function of bytes that must end, whatever they are, and what
//! must hold of what was read. The fuzz targets in `fuzz/` and the properties in `main.rs` call the same functions.
#![allow(dead_code)]

use sockwalk::i18n::Lang;
use sockwalk::lesson;
use sockwalk::linux::untrusted;
use sockwalk::model::typed::{self, AddressFields, HeldValue, Usual};
use sockwalk::model::{Entry, Trace};
use sockwalk::plain::Transcript;
use sockwalk::report::{Header, JsonLines, read_recording};
use sockwalk::tcp::{Packet, finish_checksum};

/// A frame of the capture.
pub fn packet(bytes: &[u8]) {
    for read in [Packet::from_frame(bytes), Packet::parse(bytes)] {
        let Ok(packet) = read else { continue };
        // What is said of a packet is said of its own bytes.
        assert!(packet.payload().len() + packet.header().len() + packet.ip_header().len() <= packet.packet().len());
        // What was parsed once is parsed so again: between processes packets travel as their bytes.
        assert_eq!(Packet::parse(packet.packet()).as_ref().map(Packet::packet), Ok(packet.packet()));
        let mut finished = packet.packet().to_vec();
        if finish_checksum(&mut finished).is_ok() {
            assert_eq!(finished.len(), packet.packet().len());
        }
    }
}

/// What the kernel answers.
pub fn sock_diag(bytes: &[u8]) {
    untrusted::sock_diag_answer(bytes);
}

/// A file that is replayed: what was read can be told in words, and written as what it is.
pub fn recording(bytes: &[u8]) {
    let Ok(recording) = read_recording(bytes) else { return };
    let header = recording.header.unwrap_or_else(|| Header::deduced(&recording.entries));
    let (mut trace, mut told, mut written) = (Trace::default(), Vec::new(), Vec::new());
    let mut transcript = Transcript::free(header.mode, Lang::EN).unwrap();
    for Entry { at, event } in recording.entries {
        trace.push(at, event);
    }
    transcript.write(&trace, &mut told).unwrap();
    transcript.finish(&trace, &mut told).unwrap();
    JsonLines::recording(header).write(&trace, |_| "", &mut written).unwrap();
    assert_eq!(read_recording(written.as_slice()).unwrap().entries, trace.entries());
}

/// What processes of a lab say to each other.
pub fn shared_lab(bytes: &[u8]) {
    untrusted::shared_lab_lines(bytes);
}

/// A lesson's file; what is wrong with it can be told in each language, and only in letters that a terminal may have.
pub fn lesson(bytes: &[u8]) {
    if let Ok(Err(error)) = lesson::read("a file", bytes) {
        for lang in Lang::all() {
            let told = error.render(lang, false);
            assert!(!told.chars().any(|c| c.is_control() && c != '\n'), "{told:?}");
        }
    }
}

/// A call as it is typed.
pub fn typed_call(bytes: &[u8]) {
    let server = ([127, 0, 0, 1], 8000).into();
    let text = |name: &str, text: &str| (name.to_owned(), Some(HeldValue::Text(text.to_owned())));
    let address = ("addr".to_owned(), Some(HeldValue::Address(AddressFields::of(server))));
    let found = ("res".to_owned(), Some(HeldValue::Found(vec![server])));
    let bytes_of = ("buf".to_owned(), Some(HeldValue::Bytes(Some(9), None)));
    let set = ("set".to_owned(), Some(HeldValue::Set(None)));
    let variables = vec![text("fd", "3"), text("l", "{1, 0}"), address, found, bytes_of, set];
    let usual = Usual { server, fd: Some(3), variables };
    let text = String::from_utf8_lossy(bytes);
    let _ = typed::read(&text, &usual);
    let _ = typed::parse(&text, &usual);
    let _ = typed::complete(&text, &typed::Nameable::default()).extended(&text);
}
