//! The wire's rules: what is lost, what goes twice and when each goes, on tables and in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tables::{CLIENT, SERVER, WATCH, with_syn};
use super::*;
use crate::model::rule::{RuleChange, TypedRule};
use crate::model::{Fate, SegmentFilter};

fn change(text: &str) -> RuleChange {
    text.parse::<TypedRule>().unwrap_or_else(|fault| panic!("{text}: {fault:?}")).change(SegmentFilter::All)
}

/// A lab that one process drives alone.
fn alone() -> Kernel {
    let mut kernel = Kernel::with(&[drives(SERVER, &Side::BOTH)]);
    kernel.sockets = handshake();
    kernel.asks(SERVER, Request::Settle);
    kernel.effects.clear();
    kernel
}

fn rules(kernel: &Kernel) -> Vec<String> {
    kernel.lab.trace().present().wire_rules().iter().map(|one| one.rule.to_string()).collect()
}

/// Segments of data from the client's, with these sequence numbers.
fn data(numbers: std::ops::Range<u32>) -> Vec<Packet> {
    numbers.map(|seq| segment(4000, 8000, seq, &["ACK"], b"x")).collect()
}

fn seq(packet: &Packet) -> u32 {
    packet.tcp().map_or(0, |tcp| tcp.seq)
}

/// The sequence numbers of what was sent on, in order.
fn went(kernel: &Kernel) -> Vec<u32> {
    let sends = kernel.effects.iter().filter_map(|effect| match effect {
        Effect::Send(_, packet) => Some(seq(packet)),
        _ => None,
    });
    sends.collect()
}

/// The sequence numbers of what a rule lost, and of what one doubled.
fn lost(kernel: &Kernel) -> Vec<u32> {
    let view = kernel.lab.trace().present();
    let lost = kernel.events().into_iter().filter_map(|event| match event {
        Event::Lost { id, .. } => Some(seq(view.segment(*id)?.segment)),
        _ => None,
    });
    lost.collect()
}

fn doubled(kernel: &Kernel) -> Vec<u32> {
    let copies = kernel.events().into_iter().filter_map(|event| match event {
        Event::Duplicated { segment, .. } => Some(seq(segment)),
        _ => None,
    });
    copies.collect()
}

#[test]
fn what_a_rule_loses_never_waits_and_the_others_do() {
    for (text, wanted) in [
        ("lose all", &[1, 2, 3, 4, 5, 6][..]),
        ("lose first 2", &[1, 2]),
        ("lose every 3", &[3, 6]),
        ("lose 0%", &[]),
        ("lose 100%", &[1, 2, 3, 4, 5, 6]),
        ("lose data>1", &[]),
        ("lose data>0 to server", &[1, 2, 3, 4, 5, 6]),
        ("lose to client", &[]),
        ("lose flags=SYN,ACK", &[]),
    ] {
        for passes in [None, Some(Duration::ZERO), Some(5 * MS)] {
            let mut kernel = alone();
            kernel.asks(SERVER, Request::Pass(SegmentFilter::All, passes));
            kernel.asks(SERVER, Request::Rule(change(text)));
            kernel.captured(&data(1..7));
            kernel.until(SEC);
            assert_eq!(lost(&kernel), wanted, "{text} {passes:?}");
            let others: Vec<u32> = (1..7).filter(|seq| !wanted.contains(seq)).collect();
            let count = others.len();
            assert_eq!(
                (went(&kernel), kernel.waiting().len()),
                match passes {
                    None => (vec![], count),
                    Some(_) => (others, 0),
                }
            );
        }
    }
}

const SEC: Duration = Duration::from_secs(1);

#[test]
fn a_lost_segment_says_which_rule_and_its_senders_next_copy_is_another_one_for_it() {
    let mut kernel = alone();
    kernel.asks(SERVER, Request::Rule(change("lose first 2 flags=SYN")));
    let syn = segment(4000, 8000, 7, &["SYN"], b"");
    // The third one waits; its further copies are counted, and no rule is about them.
    for _ in 0..4 {
        kernel.captured(std::slice::from_ref(&syn));
    }
    let view = kernel.lab.trace().present();
    let stands = |id| view.segment(SegmentId(id)).map(|one| (one.fate, one.again.map(|id| id.0), one.times_sent));
    assert_eq!(stands(0), Some((Fate::Dropped, None, 1)));
    assert_eq!(stands(1), Some((Fate::Dropped, Some(0), 1)));
    assert_eq!((stands(2), stands(3)), (Some((Fate::Held, Some(1), 2)), None));
    let by = view.segment(SegmentId(1)).and_then(|one| one.by_rule).map(ToString::to_string);
    assert_eq!(by.as_deref(), Some("lose first 2 flags=SYN"));
    assert_eq!(view.wire_rules()[0].seen, 0, "the entry is of when the rule was set");
    kernel.moves();
    assert_eq!(kernel.lab.trace().present().wire_rules()[0].seen, 3);
}

#[test]
fn a_doubled_segment_waits_twice_and_each_goes_once() {
    let mut kernel = alone();
    kernel.asks(SERVER, Request::Rule(change("duplicate every 2")));
    kernel.captured(&data(1..4));
    assert_eq!((doubled(&kernel), kernel.waiting().len()), (vec![2], 4));
    // Neither a person nor a kernel made it.
    let view = kernel.lab.trace().present();
    let copy = view.segment(SegmentId(2)).unwrap();
    assert!(copy.by_hand.is_some() && copy.by_rule.is_some());
    assert!(view.segment(SegmentId(1)).unwrap().by_rule.is_none());
    kernel.moves();
    for id in [2, 2, 1, 0, 3] {
        kernel.asks(SERVER, Request::Deliver(SegmentId(id)));
    }
    assert_eq!((went(&kernel), kernel.waiting()), (vec![2, 2, 1, 3], vec![]));
    // What passes at once, too: the copy right behind.
    kernel.asks(SERVER, Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
    kernel.captured(&data(4..6));
    assert_eq!(went(&kernel)[4..], [4, 4, 5], "it counts on after the move");
}

#[test]
fn a_delay_lets_go_by_itself_and_with_jitter_segments_overtake_one_another() {
    let order = |text: &str| {
        let mut kernel = alone();
        kernel.asks(SERVER, Request::Rule(change(text)));
        kernel.captured(&data(1..30));
        kernel.until(9 * MS);
        assert!(went(&kernel).is_empty(), "{text}");
        kernel.until(SEC);
        assert!(kernel.waiting().is_empty());
        went(&kernel)
    };
    let in_order: Vec<u32> = (1..30).collect();
    assert_eq!(order("delay 50ms"), in_order);
    let jittered = order("delay 50ms jitter 40ms seed 3");
    assert_ne!(jittered, in_order);
    assert_eq!(jittered.iter().copied().collect::<BTreeSet<_>>().len(), 29);
    assert_eq!(order("delay 50ms jitter 40ms seed 3"), jittered, "the same again");
    assert_ne!(order("delay 50ms jitter 40ms seed 4"), jittered);
}

#[test]
fn a_rate_carries_so_many_bytes_a_second() {
    let mut kernel = alone();
    let packet = data(1..2).remove(0);
    let bytes = packet.packet().len() as u64;
    // Ten a second.
    kernel.asks(SERVER, Request::Rule(change(&format!("rate {}", bytes * 10))));
    kernel.captured(&data(1..6));
    for (ms, wanted) in [(99, 0), (100, 1), (350, 3), (500, 5)] {
        kernel.until(ms * MS);
        assert_eq!(went(&kernel).len(), wanted, "{ms} ms");
    }
    // It doesn't save up while nothing is sent.
    kernel.until(2 * SEC);
    kernel.captured(&data(6..8));
    kernel.until(2 * SEC + 150 * MS);
    assert_eq!(went(&kernel).len(), 6);
    // What `w` or a delay adds comes behind the turn.
    kernel.asks(SERVER, Request::Rule(change("delay 1s")));
    kernel.captured(&data(8..9));
    kernel.until(3 * SEC + 300 * MS);
    assert_eq!(went(&kernel).len(), 7);
    kernel.until(4 * SEC);
    assert_eq!(went(&kernel).len(), 8);
}

#[test]
fn rules_that_come_while_segments_wait_lose_none_of_those() {
    let mut kernel = alone();
    kernel.captured(&data(1..4));
    kernel.asks(SERVER, Request::Rule(change("lose all")));
    kernel.asks(SERVER, Request::Rule(change("duplicate all")));
    assert_eq!((lost(&kernel), kernel.waiting().len()), (vec![], 3));
    kernel.asks(SERVER, Request::Rule(change("delay 1s")));
    kernel.until(kernel.now + 500 * MS);
    // Midway another one: each waits its whole delay anew.
    kernel.asks(SERVER, Request::Rule(change("delay 700ms")));
    kernel.until(kernel.now + 600 * MS);
    assert!(went(&kernel).is_empty());
    kernel.until(kernel.now + 200 * MS);
    assert_eq!(went(&kernel), [1, 2, 3]);
    assert_eq!(rules(&kernel), ["lose all", "duplicate all", "delay 700ms"]);
    // Taken back: what is sent now waits, as before.
    kernel.captured(&data(4..5));
    kernel.asks(SERVER, Request::Rule(RuleChange::Off(None)));
    kernel.captured(&data(5..7));
    kernel.until(kernel.now + 10 * SEC);
    assert_eq!((rules(&kernel).len(), lost(&kernel), kernel.waiting().len()), (0, vec![4], 2));
}

#[test]
fn who_may_let_segments_pass_may_rule_and_a_newcomers_door_has_no_rule() {
    let tried = |from, text: &str| {
        let mut kernel = with_syn();
        kernel.asks(from, Request::Rule(change(text)));
        rules(&kernel).len()
    };
    for (from, text, wanted) in [
        (SERVER, "lose to server", 1),
        (SERVER, "lose to client", 0),
        (SERVER, "lose", 0),
        (CLIENT, "rate 5 to client", 1),
        (WATCH, "lose to server", 0),
        (99, "lose to server", 0),
    ] {
        assert_eq!(tried(from, text), wanted, "{from} {text}");
    }
    let mut kernel = with_syn();
    kernel.asks(SERVER, Request::Rule(change("lose to server")));
    kernel.asks(CLIENT, Request::Rule(change("lose to client")));
    kernel.asks(CLIENT, Request::Rule(RuleChange::Off(None)));
    assert_eq!(rules(&kernel), ["lose all to server"], "the other's rule stays");
    // Its process has gone: so whoever is there may take it back.
    kernel.tell(Input::Left(SERVER));
    kernel.asks(CLIENT, Request::Rule(RuleChange::Off(None)));
    kernel.asks(CLIENT, Request::Rule(change("lose every 2")));
    assert_eq!(rules(&kernel), ["lose every 2"]);
    kernel.tell(Input::Came(drives(4, &[Side::Server])));
    assert_eq!(rules(&kernel), ["lose every 2 to client"]);
}

#[test]
fn a_lessons_runner_rules_and_the_kernel_stays_as_patient_as_the_lesson_wants_it() {
    let mut kernel = Kernel::new(Some(drives(1, &Side::BOTH)));
    kernel.asks(1, Request::Rule(change("lose first 1 flags=SYN,ACK")));
    kernel.captured(&[segment(8000, 4000, 7, &["SYN", "ACK"], b"")]);
    assert_eq!(lost(&kernel), [7]);
    let patience = |effect: &Effect| matches!(effect, Effect::SetRtoMin(_) | Effect::BoundFlight { .. });
    assert!(!kernel.effects.iter().any(patience), "{:?}", kernel.effects);
}

const TEXTS: [&str; 12] = [
    "lose every 3",
    "lose 10% seed 7",
    "lose first 2 flags=ACK",
    "lose 100% to client",
    "lose 0%",
    "delay 50ms jitter 40ms",
    "delay 0 to server",
    "rate 10000",
    "rate 1",
    "rate 4294967295",
    "off",
    "off lose",
];

#[derive(Clone, Debug)]
enum Step {
    Captured(u8, bool),
    Rule(usize),
    /// These are doubled.
    Double(u8),
    Pass(Option<u16>),
    Deliver(u8),
    Time(u16),
    Moves,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (1u8..60, any::<bool>()).prop_map(|(count, from)| Step::Captured(count, from)),
        4 => (0..TEXTS.len()).prop_map(Step::Rule),
        1 => (1u8..4).prop_map(Step::Double),
        1 => proptest::option::of(0u16..100).prop_map(Step::Pass),
        2 => any::<u8>().prop_map(Step::Deliver),
        3 => (0u16..400).prop_map(Step::Time),
        1 => Just(Step::Moves),
    ];
    proptest::collection::vec(step, 0..60)
}

/// Takes the steps; how many segments left their senders, each with a number of its own.
fn take(kernel: &mut Kernel, steps: &[Step]) -> u32 {
    let mut next = 1;
    for step in steps {
        match step {
            Step::Captured(count, from_client) => {
                let (from, to) = if *from_client { (4000, 8000) } else { (8000, 4000) };
                let numbers = next..next + u32::from(*count);
                let sent: Vec<Packet> = numbers.map(|seq| segment(from, to, seq, &["ACK"], b"x")).collect();
                kernel.captured(&sent);
                next += u32::from(*count);
            }
            Step::Rule(text) => kernel.asks(SERVER, Request::Rule(change(TEXTS[*text]))),
            Step::Double(every) => kernel.asks(SERVER, Request::Rule(change(&format!("duplicate every {every}")))),
            Step::Pass(ms) => {
                kernel.asks(SERVER, Request::Pass(SegmentFilter::All, ms.map(|ms| u32::from(ms) * MS)));
            }
            Step::Deliver(id) => kernel.asks(SERVER, Request::Deliver(SegmentId((*id).into()))),
            Step::Time(ms) => kernel.until(kernel.now + u32::from(*ms) * MS),
            Step::Moves => kernel.moves(),
        }
    }
    next - 1
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]
    #[test]
    fn none_is_lost_or_doubled_but_by_a_rule_and_the_same_again(steps in steps()) {
        let (mut kernel, mut again) = (alone(), alone());
        let sent = take(&mut kernel, &steps);
        take(&mut again, &steps);
        prop_assert_eq!(kernel.lab.trace().entries(), again.lab.trace().entries());

        // At last all go.
        kernel.asks(SERVER, Request::Rule(RuleChange::Off(None)));
        kernel.asks(SERVER, Request::Pass(SegmentFilter::All, Some(Duration::ZERO)));
        kernel.until(kernel.now + 2 * SEC);
        prop_assert!(kernel.lab.trace().entries().is_sorted_by_key(|entry| entry.at), "time never goes back");
        prop_assert!(kernel.waiting().is_empty());
        let mut times: BTreeMap<u32, u32> = BTreeMap::new();
        for seq in went(&kernel) {
            *times.entry(seq).or_default() += 1;
        }
        let (lost, doubled): (BTreeSet<u32>, BTreeSet<u32>) =
            (lost(&kernel).into_iter().collect(), doubled(&kernel).into_iter().collect());
        let doubles = steps.iter().any(|step| matches!(step, Step::Double(_)));
        let mut unseen = 0;
        for seq in 1..=sent {
            let times = times.get(&seq).copied().unwrap_or_default();
            if lost.contains(&seq) {
                prop_assert_eq!(times, 0, "{} is lost", seq);
            } else if doubled.contains(&seq) {
                prop_assert_eq!(times, 2, "{} goes twice", seq);
            } else {
                prop_assert!(times <= if doubles { 2 } else { 1 }, "{} went {} times", seq, times);
                unseen += u64::from(times == 0);
            }
        }
        prop_assert_eq!(unseen, kernel.lab.trace().present().unkept().ruled, "what was lost uncounted is counted");
    }
}
