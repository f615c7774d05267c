//! Whatever comes in whatever order: no segment goes twice, none is lost, time never goes back, and who looks on from the
//! beginning and who reads the entries later know the same.

use proptest::prelude::*;

use super::*;
use crate::model::{Actor, SegmentFilter, Trace};

#[derive(Clone, Debug)]
enum Step {
    Captured(u16, u8, u8),
    Asked(u32, Ask),
    Came(u32, u8),
    Left(u32),
    Time(u16),
    Refuse(bool),
    Sockets(bool),
    Lost(u8),
    Moves,
}

#[derive(Clone, Debug)]
enum Ask {
    Deliver(u8),
    Drop(u8),
    Repeat(u8),
    /// Of this segment; of an even number, of none.
    Make(u8, u8),
    Pass(u8, Option<u8>),
    Call(u8),
    Return(u8),
    Settle,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ask = prop_oneof![
        4 => any::<u8>().prop_map(Ask::Deliver),
        2 => any::<u8>().prop_map(Ask::Drop),
        1 => (0u8..40).prop_map(Ask::Repeat),
        1 => (0u8..40, 0u8..6).prop_map(|(of, flags)| Ask::Make(of, flags)),
        2 => (0u8..4, proptest::option::of(0u8..40)).prop_map(|(which, delay)| Ask::Pass(which, delay)),
        1 => any::<u8>().prop_map(Ask::Call),
        1 => any::<u8>().prop_map(Ask::Return),
        1 => Just(Ask::Settle),
    ];
    let step = prop_oneof![
        5 => (0u16..4, any::<u8>(), 0u8..6).prop_map(|(port, seq, flags)| Step::Captured(port, seq, flags)),
        6 => (0u32..5, ask).prop_map(|(from, ask)| Step::Asked(from, ask)),
        1 => (0u32..5, 0u8..4).prop_map(|(number, role)| Step::Came(number, role)),
        1 => (0u32..5).prop_map(Step::Left),
        3 => (0u16..400).prop_map(Step::Time),
        1 => any::<bool>().prop_map(Step::Refuse),
        1 => any::<bool>().prop_map(Step::Sockets),
        1 => any::<u8>().prop_map(Step::Lost),
        1 => Just(Step::Moves),
    ];
    proptest::collection::vec(step, 0..200)
}

fn role(kind: u8) -> Role {
    match kind {
        0 => Role::Drives(vec![Side::Server]),
        1 => Role::Drives(vec![Side::Client]),
        2 => Role::Drives(Side::BOTH.to_vec()),
        _ => Role::Watches,
    }
}

fn side(number: u8) -> Side {
    if number.is_multiple_of(2) { Side::Server } else { Side::Client }
}

const FLAGS: [&[&str]; 6] = [&["SYN"], &["ACK"], &["FIN", "ACK"], &["RST"], &["ACK"], &["ACK"]];

fn request(ask: &Ask) -> Option<Request> {
    Some(match ask {
        Ask::Deliver(id) => Request::Deliver(SegmentId((*id).into())),
        Ask::Drop(id) => Request::Drop(SegmentId((*id).into())),
        Ask::Repeat(id) => Request::Repeat(SegmentId((*id).into())),
        Ask::Make(of, flags) => {
            let of = (of % 2 == 1).then_some(SegmentId((of / 2).into()));
            Request::Make(of, Box::new(segment(4000, 8000, 7, FLAGS[*flags as usize], b"")))
        }
        Ask::Pass(which, delay) => {
            let which = match which {
                0 => SegmentFilter::All,
                1 => SegmentFilter::Of(crate::model::Connection::new(end(4000), end(8000))),
                other => SegmentFilter::To(Actor { side: side(*other), nth: 1 + u32::from(other / 4) }),
            };
            Request::Pass(which, delay.map(|delay| u32::from(delay) * MS))
        }
        Ask::Call(number) => Request::Call(side(*number).into(), listen()),
        Ask::Return(_) => return None,
        Ask::Settle => Request::Settle,
    })
}

fn take(kernel: &mut Kernel, step: &Step) {
    match step {
        Step::Captured(port, seq, flags) => {
            let (from, to) = if port % 2 == 0 { (4000 + port / 2, 8000) } else { (8000, 4000 + port / 2) };
            let flags = FLAGS[*flags as usize];
            kernel.captured(&[segment(from, to, u32::from(*seq), flags, if flags == ["ACK"] { b"x" } else { b"" })]);
        }
        Step::Asked(from, ask) => match (request(ask), ask) {
            (Some(request), _) => kernel.asks(*from, request),
            (None, Ask::Return(number)) => kernel.tell(Input::Returned(*from, (side(*number), 0).into(), returned(0))),
            (None, _) => {}
        },
        Step::Came(number, kind) if kernel.lab.member(*number).is_none() => {
            kernel.tell(Input::Came(Member { number: *number, pid: 1, nth: 1, role: role(*kind) }));
        }
        Step::Came(..) => {}
        Step::Left(number) => kernel.tell(Input::Left(*number)),
        Step::Time(ms) => kernel.until(kernel.now + u32::from(*ms) * MS),
        Step::Refuse(refuse) => kernel.sending = if *refuse { Err(Errno(libc::ENETDOWN)) } else { Ok(()) },
        Step::Sockets(there) => kernel.sockets = if *there { handshake() } else { Vec::new() },
        Step::Lost(lost) => kernel.lost = (*lost).into(),
        Step::Moves => kernel.moves(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn no_segment_goes_twice_and_none_is_lost(steps in steps()) {
        let mut kernel = Kernel::with(&[drives(0, &[Side::Server]), drives(1, &[Side::Client])]);
        let mut captured = 0;
        let mut watcher = Trace::default();
        let joined = kernel.lab.trace().entries().to_vec();
        joined.into_iter().for_each(|entry| {
            watcher.push(entry.at, entry.event);
        });
        for step in &steps {
            captured += usize::from(matches!(step, Step::Captured(..)));
            take(&mut kernel, step);
            for entry in &kernel.lab.trace().entries()[watcher.now()..] {
                watcher.push(entry.at, entry.event.clone());
            }
        }
        let entries = kernel.lab.trace().entries();
        prop_assert!(entries.is_sorted_by_key(|entry| entry.at));
        prop_assert_eq!(watcher.entries(), entries);
        prop_assert_eq!(watcher.present().waiting(), kernel.lab.trace().present().waiting());

        let mut ends = std::collections::HashMap::new();
        let (mut numbered, mut copies, mut made) = (0, 0, 0);
        for entry in entries {
            match &entry.event {
                event if event.appears().is_some() => {
                    prop_assert_eq!(event.appears().map(|(id, _)| id.0), Some(numbered), "numbers have no gap");
                    made += usize::from(!matches!(event, Event::Sent { .. }));
                    numbered += 1;
                }
                Event::Retransmitted { .. } => copies += 1,
                Event::Delivered(id) | Event::Dropped(id) | Event::Undeliverable { id, .. } => {
                    *ends.entry(*id).or_insert(0) += 1;
                }
                _ => {}
            }
        }
        prop_assert!(ends.values().all(|times| *times == 1), "one end each: {:?}", ends);
        let sent = kernel.sent();
        let released: Vec<SegmentId> = sent.iter().filter_map(|sending| match sending {
            Sending::Released(id) | Sending::Made(id) | Sending::Passing(id) => Some(*id),
            Sending::Counted(_) => None,
        }).collect();
        let once: std::collections::HashSet<SegmentId> = released.iter().copied().collect();
        prop_assert_eq!(once.len(), released.len(), "sent once");
        // Each that left its sender has a number, or is a copy of one that has, or was counted, or is still to be.
        let counted = sent.len() - released.len();
        prop_assert!(numbered as usize - made + copies + counted <= captured);
        prop_assert_eq!(numbered as usize, ends.len() + kernel.waiting().len());
        kernel.until(kernel.now + Duration::from_secs(3600));
        let counted = kernel.sent().iter().filter(|sending| matches!(sending, Sending::Counted(_))).count();
        let events = kernel.events();
        let kept = events.iter().filter(|event| matches!(event, Event::Sent { .. } | Event::Retransmitted { .. }));
        prop_assert_eq!(kept.count() + counted, captured, "none is lost");
    }
}
