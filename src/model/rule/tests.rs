//! What rules say and do, as tables; that they can be written and read; and that chance is the same again.

use std::net::SocketAddr;

use proptest::prelude::*;

use super::*;
use crate::model::Role;

const MS: Duration = Duration::from_millis(1);

fn packet(flags: &[&str], data: usize) -> Packet {
    let end = |port| SocketAddr::from(([127, 0, 0, 1], port));
    crate::tcp::testing::segment(end(4000), end(8000), 7, 9, flags, &vec![b'x'; data])
}

fn set(text: &str) -> WireRule {
    match text.parse::<TypedRule>().map(|typed| typed.change(SegmentFilter::All)) {
        Ok(RuleChange::Set(rule)) => rule,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn what_is_typed_is_understood() {
    for (text, wanted) in [
        ("wire lose every 3", "lose every 3"),
        ("lose", "lose all"),
        ("lose all", "lose all"),
        ("lose flags=syn,ack", "lose all flags=SYN,ACK"),
        ("lose first 2 flags=SYN,ACK", "lose first 2 flags=SYN,ACK"),
        ("lose 10%", "lose 10% seed 1"),
        ("lose 0% seed 0", "lose 0% seed 0"),
        ("lose 100% to server", "lose 100% seed 1 to server"),
        ("lose 0.0001% seed 18446744073709551615", "lose 0.0001% seed 18446744073709551615"),
        ("lose 12.50% seed 7 data>1000 to client 2", "lose 12.5% seed 7 data>1000 to client 2"),
        ("duplicate every 2 to client", "duplicate every 2 to client"),
        ("duplicate data>0", "duplicate all data>0"),
        ("delay 50ms", "delay 50ms"),
        ("delay 50 jitter 0", "delay 50ms"),
        ("delay 50ms jitter 40ms", "delay 50ms jitter 40ms seed 1"),
        ("delay 1.5s jitter 0.25ms seed 9", "delay 1.5s jitter 0.25ms seed 9"),
        ("delay 0 to server", "delay 0ms to server"),
        ("delay 3600s", "delay 3600s"),
        ("rate 10000", "rate 10000"),
        ("rate 4294967295 flags=ACK", "rate 4294967295 flags=ACK"),
    ] {
        let rule = set(text);
        assert_eq!(rule.to_string(), wanted, "{text}");
        assert_eq!(set(&rule.to_string()), rule, "{text}");
    }
    for (text, wanted) in [
        ("off", TypedRule::Off(None)),
        ("wire off", TypedRule::Off(None)),
        ("wire off lose", TypedRule::Off(Some(RuleKind::Lose))),
    ] {
        assert_eq!(text.parse(), Ok(wanted), "{text}");
    }
}

#[test]
fn what_is_no_rule_is_refused_with_its_place() {
    let s = str::to_owned;
    for (text, wanted) in [
        ("", RuleFault::Nothing),
        ("wire", RuleFault::Nothing),
        ("wire eat every 3", RuleFault::Effect(s("eat"))),
        ("wire off everything", RuleFault::Effect(s("everything"))),
        ("wire off lose now", RuleFault::Word(s("now"))),
        ("lose third", RuleFault::Selection(s("third"))),
        ("lose 3", RuleFault::Selection(s("3"))),
        ("lose every", RuleFault::Number("every", s(""))),
        ("lose every 0", RuleFault::Number("every", s("0"))),
        ("lose every -1", RuleFault::Number("every", s("-1"))),
        ("lose every 4294967296", RuleFault::Number("every", s("4294967296"))),
        ("lose first +3", RuleFault::Number("first", s("+3"))),
        ("lose %", RuleFault::Chance(s("%"))),
        ("lose 101%", RuleFault::Chance(s("101%"))),
        ("lose 1e1%", RuleFault::Chance(s("1e1%"))),
        ("lose 0.00001%", RuleFault::Chance(s("0.00001%"))),
        ("lose 99999999999999999999%", RuleFault::Chance(s("99999999999999999999%"))),
        ("lose 0.00000000000000000000000001%", RuleFault::Chance(s("0.00000000000000000000000001%"))),
        ("lose 1% seed", RuleFault::Seed(s(""))),
        ("lose 1% seed -1", RuleFault::Seed(s("-1"))),
        ("lose 1% seed 1 seed 2", RuleFault::Twice(s("seed"))),
        ("lose every 3 seed 1", RuleFault::Word(s("seed"))),
        ("delay", RuleFault::Time("delay", s(""))),
        ("delay long", RuleFault::Time("delay", s("long"))),
        ("delay -5ms", RuleFault::Time("delay", s("-5ms"))),
        ("delay 3601s", RuleFault::Time("delay", s("3601s"))),
        ("delay 18446744073709551615s", RuleFault::Time("delay", s("18446744073709551615s"))),
        ("delay 5ms jitter", RuleFault::Time("jitter", s(""))),
        ("delay 5ms seed 3", RuleFault::Word(s("seed"))),
        ("rate 0", RuleFault::Rate(s("0"))),
        ("rate", RuleFault::Rate(s(""))),
        ("rate 4294967296", RuleFault::Rate(s("4294967296"))),
        ("rate 10k", RuleFault::Rate(s("10k"))),
        ("lose flags=SYM", RuleFault::Flags(s("SYM"))),
        ("lose flags=", RuleFault::Flags(s(""))),
        ("lose data>many", RuleFault::Data(s("many"))),
        ("lose to", RuleFault::Whom(s(""))),
        ("lose to everybody", RuleFault::Whom(s("everybody"))),
        ("lose to server to client", RuleFault::Twice(s("to"))),
        ("lose to client 0", RuleFault::Word(s("0"))),
        ("lose all please", RuleFault::Word(s("please"))),
    ] {
        assert_eq!(text.parse::<TypedRule>(), Err(wanted), "{text}");
    }
}

#[test]
fn which_segments_are_taken() {
    let taken = |selection: RuleSelection| (0..9).filter(|n| selection.takes(*n)).collect::<Vec<u64>>();
    let chance = |millionths| RuleSelection::Chance { millionths, seed: 5 };
    assert_eq!(taken(RuleSelection::All).len(), 9);
    assert_eq!(taken(RuleSelection::First(2)), [0, 1]);
    assert_eq!(taken(RuleSelection::Every(3)), [2, 5, 8]);
    assert_eq!(taken(RuleSelection::Every(1)).len(), 9);
    assert_eq!((taken(chance(0)).len(), taken(chance(RuleSelection::CERTAIN)).len()), (0, 9));
    // SplitMix64 of seed 0 begins with 0xE220A8397B1DCDAF.
    assert_eq!(below(0, 0, 1 << 32), 0xE220_A839);
    let share = (0..100_000).filter(|n| chance(100_000).takes(*n)).count();
    assert!((9_500..10_500).contains(&share), "{share}");
}

#[test]
fn the_narrowest_rule_of_a_kind_that_fits_counts_and_a_newcomers_door_has_none() {
    let mut rules = WireRules::default();
    for text in ["lose every 2", "lose first 1 to server", "rate 100", "lose all flags=FIN,ACK to client"] {
        rules = rules.with(&RuleChange::Set(set(text)), |_| true);
    }
    let [server, client] = Side::BOTH.map(|side| Some(Door::Of(side.into())));
    let about = |kind, packet: &Packet, to| rules.about(kind, packet, to).map(|at| rules.rules[at].rule.to_string());
    let (syn, fin) = (packet(&["SYN"], 0), packet(&["FIN", "ACK"], 0));
    assert_eq!(about(RuleKind::Lose, &syn, server).as_deref(), Some("lose first 1 to server"));
    assert_eq!(about(RuleKind::Lose, &syn, client).as_deref(), Some("lose every 2"));
    assert_eq!(about(RuleKind::Lose, &fin, client).as_deref(), Some("lose all flags=FIN,ACK to client"));
    assert_eq!(about(RuleKind::Duplicate, &fin, client), None);
    assert!(rules.let_go(&syn, None));

    // Another one of the same kind for the same ends takes its place; who may not changes nothing.
    let other = rules.with(&RuleChange::Set(set("lose every 5")), |_| true);
    assert_eq!(other.rules.len(), rules.rules.len());
    assert_eq!(rules.with(&RuleChange::Set(set("lose every 5")), |_| false), rules);
    assert_eq!(rules.with(&RuleChange::Off(None), |which| which == SegmentFilter::All).rules.len(), 2);
    assert_eq!(rules.with(&RuleChange::Off(Some(RuleKind::Rate)), |_| true).rules.len(), 3);
    assert_eq!(rules.with(&RuleChange::Off(None), |_| true), WireRules::default());

    let newcomer = Member { number: 3, pid: 3, nth: 1, role: Role::Drives(vec![Side::Server]) };
    let came = rules.without_the_doors_of(&newcomer, [].into_iter());
    let words: Vec<String> = came.rules.iter().map(|one| one.rule.to_string()).collect();
    assert_eq!(words, ["lose first 1 to server", "lose all flags=FIN,ACK to client", "rate 100 to client"]);
}

#[test]
fn patterns_and_rates() {
    let fits = |text: &str, packet: &Packet| set(text).only.fits(packet);
    let (small, large) = (packet(&["PSH", "ACK"], 1000), packet(&["ACK"], 1001));
    assert!(fits("lose data>1000", &large) && !fits("lose data>1000", &small));
    assert!(fits("lose flags=PSH,ACK", &small) && !fits("lose flags=PSH,ACK", &large));
    assert!(!fits("lose flags=SYN", &packet(&["SYN", "ACK"], 0)), "exactly these flags");
    let bytes = large.packet().len() as u64;
    assert_eq!(set("rate 1000").takes(&large), Some(Duration::from_millis(bytes)));
    assert_eq!((set("lose").takes(&large), set("rate 1").delay(0)), (None, None));
}

proptest! {
    #[test]
    fn a_delay_stays_within_its_jitter_and_is_the_same_again(by in 0u32..5000, jitter in 0u32..5000, seed: u64, n: u64) {
        let (by, jitter) = (by * MS, jitter * MS);
        let rule = WireRule { does: WireEffect::Delay { by, jitter, seed }, ..set("lose") };
        let delay = rule.delay(n).unwrap();
        prop_assert!(delay <= by + jitter && delay >= by.saturating_sub(jitter));
        prop_assert_eq!(rule.delay(n).unwrap(), delay);
        prop_assert_eq!(set(&rule.to_string()).delay(n), Some(delay));
    }

    /// Whatever is typed: it says a rule that can be written and read again, or is refused.
    #[test]
    fn nothing_that_is_typed_does_harm(text in "(wire )?(lose|delay|rate|duplicate|off)?( (first|every|all|to|seed|server|client|jitter|flags=SYN|data>3|[0-9.]{0,22}(%|ms|s)?|.))*") {
        if let Ok(typed) = text.parse::<TypedRule>()
            && let RuleChange::Set(rule) = typed.change(SegmentFilter::All)
        {
            prop_assert_eq!(set(&rule.to_string()), rule);
        }
    }
}
