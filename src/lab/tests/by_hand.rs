//! What a person sends: changed copies, and segments of nobody's.

use super::tables::{CLIENT, SERVER, SYN, WATCH, with_syn};
use super::*;
use crate::model::HandMade;

#[test]
fn what_a_person_makes_goes_as_it_is_and_only_from_who_may() {
    for (from, goes) in [(SERVER, true), (CLIENT, false), (WATCH, false), (99, false)] {
        for of in [Some(SYN), None] {
            let mut kernel = with_syn();
            kernel.moved = Some(Vec::new());
            let made = segment(4000, 8000, 9, &["RST"], b"");
            kernel.asks(from, Request::Make(of, Box::new(made.clone())));
            assert_eq!(kernel.sent(), if goes { vec![Sending::Made(SegmentId(1))] } else { vec![] }, "{from} {of:?}");
            assert_eq!(kernel.waiting(), [SYN], "the original stays as it is");
            let view = kernel.lab.trace().present();
            let told = view.segment(SegmentId(1)).map(|one| (one.by_hand, one.segment.clone(), one.fate));
            let wanted = (Some(of.map_or(HandMade::Forged, HandMade::Edited)), made, crate::model::Fate::Delivered);
            assert_eq!(told, goes.then_some(wanted));
        }
    }
}

#[test]
fn what_a_person_makes_teaches_nothing_of_its_supposed_sender() {
    let mut kernel = with_syn();
    let made = |flags: &[&str], seq| Box::new(segment(4000, 8000, seq, flags, b""));
    // Another SYN, of another number, and a copy of a segment that isn't there.
    kernel.asks(SERVER, Request::Make(None, made(&["SYN"], 5000)));
    kernel.asks(SERVER, Request::Make(Some(SegmentId(9)), made(&["SYN"], 5000)));
    let seen = |id: u32| {
        let view = kernel.lab.trace().present();
        view.segment(SegmentId(id))
            .map(|one| crate::tcp::line(one.segment, &one.initials, crate::tcp::Numbers::Symbolic))
    };
    assert_eq!(seen(1).as_deref(), Some("SYN seq=j+4993"), "no new first number");
    assert_eq!(seen(2), None);
    // A copy of it is one more of the same, and the kernel's own with these numbers is no retransmission.
    kernel.asks(SERVER, Request::Repeat(SegmentId(1)));
    kernel.captured(&[segment(4000, 8000, 5000, &["SYN"], b"")]);
    let events = kernel.events();
    assert!(events.iter().any(|event| matches!(event, Event::Forged { id: SegmentId(2), .. })), "{events:?}");
    assert!(events.iter().any(|event| matches!(event, Event::Sent { id: SegmentId(3), again: None, .. })));
}
