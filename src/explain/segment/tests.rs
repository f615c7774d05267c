//! Traces made by hand, for what the kernel shows only now and then; the rest is tried on the kernel (`tests/shared`).

mod copies;
mod losses;
mod made;
mod measured;
mod passed;
mod refused;
mod takes;
mod timers;

use super::*;
use crate::i18n::testing::zh;
use crate::model::{
    Call, CallName, Caller, CounterMove, Event, Member, ProgramCall, Role, Side, SocketFacts, Timer, TimerKind, Trace,
    Transfer, lab_number, testing,
};
use crate::tcp::testing::segment;
use crate::tcp::{Packet, State};

/// What is said of a segment of a lab where nobody chose a setting but by a typed line.
fn told_at(view: &View<'_>, id: SegmentId, now: Duration, asked: (Lang, Numbers)) -> SegmentExplanation {
    let setting = |name: &str| view.number_now(name).or_else(|| lab_number(name));
    story(view, id, TimerFacts { now, setting: &setting }, asked).unwrap().unwrap()
}

fn end(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A connection between 40000 and 8000, its numbers from 100 and 500.
struct Script(Trace, u32, Duration);

impl Script {
    fn new() -> Script {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.arrives(40000, (100, 0), &["SYN"], b"");
        script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
        script.arrives(40000, (101, 501), &["ACK"], b"");
        script
    }

    fn push(&mut self, event: Event) {
        self.2 += Duration::from_millis(1);
        self.0.push(self.2, event);
    }

    fn sent(&mut self, from: u16, numbers: (u32, u32), flags: &[&str], data: &[u8], window: u16) -> SegmentId {
        let to = if from == 8000 { 40000 } else { 8000 };
        let mut bytes = segment(end(from), end(to), numbers.0, numbers.1, flags, data).packet().to_vec();
        bytes[34..36].copy_from_slice(&window.to_be_bytes());
        let id = SegmentId(self.1);
        self.1 += 1;
        self.push(Event::Sent { id, segment: Packet::parse(&bytes).unwrap(), again: None });
        self.push(Event::Held(id));
        id
    }

    fn arrives(&mut self, from: u16, numbers: (u32, u32), flags: &[&str], data: &[u8]) -> SegmentId {
        let id = self.sent(from, numbers, flags, data, 1000);
        self.push(Event::Delivered(id));
        id
    }

    fn socket(&mut self, cookie: u64, state: State, local: u16, change: impl FnOnce(&mut SocketFacts)) {
        let (side, remote) = if local == 8000 { (Side::Server, 40000) } else { (Side::Client, 8000) };
        let mut facts = testing::socket(cookie, side, Some(4), state, (Some(end(local)), Some(end(remote))));
        change(&mut facts);
        self.push(Event::Socket(facts));
    }

    fn story(&self, id: SegmentId) -> SegmentExplanation {
        let asked = (Lang::EN, Numbers::Symbolic);
        told_at(&self.0.present(), id, Duration::from_secs(2), asked)
    }
}

#[test]
fn a_duplicate_ack_is_one_that_answers_what_has_numbers() {
    let mut script = Script::new();
    script.arrives(8000, (501, 101), &["ACK"], b"");
    script.arrives(40000, (106, 501), &["ACK"], b"later");
    let duplicate = script.arrives(8000, (501, 101), &["ACK"], b"");
    let told = script.story(duplicate);
    assert!(told.says.contains("a duplicate ACK"), "{told:?}");
    assert!(told.sender.contains("It came after ACK seq=j+6 ack=k+1 len=5 data had arrived there"), "{told:?}");
    let new = script.arrives(8000, (501, 111), &["ACK"], b"");
    assert!(script.story(new).says.contains("10 bytes more than"), "{:?}", script.story(new));
}

#[test]
fn a_window_that_closes_and_opens_is_told() {
    let mut script = Script::new();
    let closed = script.sent(8000, (501, 106), &["ACK"], b"", 0);
    script.push(Event::Delivered(closed));
    let open = script.sent(8000, (501, 106), &["ACK"], b"", 512);
    script.push(Event::Delivered(open));
    assert!(script.story(closed).says.contains("win=0"), "{:?}", script.story(closed));
    let told = script.story(open);
    assert!(told.says.contains("The window is open again: 512 bytes, after 0"), "{told:?}");
    assert!(told.says.contains("Nothing new was acknowledged"), "{told:?}");
}

#[test]
fn what_was_not_observed_is_said_to_be_so() {
    let mut script = Script::new();
    let mut later = script.2;
    later += Duration::from_secs(5);
    script.2 = later;
    let id = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    let told = script.story(id);
    assert!(!told.became.contains("No socket"), "the kernel was not asked: {told:?}");
    assert!(told.became.contains("nothing was seen to change"), "{told:?}");
    let lost = script.sent(40000, (106, 501), &["PSH", "ACK"], b"again", 1000);
    script.push(Event::Dropped(lost));
    let told = script.story(lost);
    assert!(told.became.contains("Whether 127.0.0.1:40000 has a retransmission timer was not observed"), "{told:?}");
}

#[test]
fn what_comes_later_or_after_something_else_is_not_its_consequence() {
    let mut script = Script::new();
    script.socket(1, State::Established, 8000, |_| {});
    let first = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    script.socket(1, State::Established, 8000, |facts| facts.recv_queue = 5);
    let second = script.arrives(40000, (106, 501), &["PSH", "ACK"], b"again");
    script.socket(1, State::Established, 8000, |facts| facts.recv_queue = 10);
    assert!(script.story(first).became.contains("receive queue: 0 → 5."), "{:?}", script.story(first));
    assert!(script.story(second).became.contains("receive queue: 5 → 10."), "{:?}", script.story(second));
    script.2 += Duration::from_secs(60);
    script.socket(1, State::CloseWait, 8000, |facts| facts.recv_queue = 10);
    assert!(!script.story(second).became.contains("CLOSE_WAIT"), "a minute later");
}

#[test]
fn why_a_segment_was_sent_again_is_the_kernels_word() {
    let sender_in = |names: &[&str], lang: Lang| {
        let mut script = Script::new();
        let data = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
        let segment = script.0.present().segment(data).unwrap().segment.clone();
        script.push(Event::Retransmitted { id: data, segment });
        if !names.is_empty() {
            let moved = names.iter().map(|name| CounterMove { name: (*name).into(), by: 1 }).collect();
            script.push(Event::Causes { id: data, moved });
        }
        script.push(Event::Delivered(data));
        let asked = (lang, Numbers::Symbolic);
        told_at(&script.0.present(), data, Duration::from_secs(2), asked).sender
    };
    let sender = |names: &[&str]| sender_in(names, Lang::EN);
    let told = sender(&[]);
    assert!(told.ends_with("It had been sent 2 times by then."), "{told}");
    let told = sender(&["TCPLostRetransmit", "TCPTimeouts"]);
    let reason = "By then the kernel had counted TCPTimeouts +1 since it was asked last: Retransmission timers that ran out (RFC 6298). It had counted TCPLostRetransmit too.";
    assert!(told.ends_with(reason), "{told}");
    let told = sender_in(&["TCPLostRetransmit", "TCPTimeouts", "TCPSlowStartRetrans"], zh());
    assert!(told.contains("TCPSlowStartRetrans、TCPLostRetransmit") && told.contains("从上次查询到这时"), "{told}");
}

/// "server 2" is a name, and has no article.
#[test]
fn a_process_with_a_number_is_named_without_an_article() {
    let mut script = Script::new();
    script.socket(1, State::Established, 40000, |facts| facts.nth = 2);
    let id = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    let told = script.story(id).sender;
    assert!(told.contains("the kernel of client 2") && !told.contains("the client"), "{told}");
}

#[test]
fn a_loss_is_told_with_the_timer_that_runs_now() {
    let timer = |kind| Some(Timer { kind, fires_at: Duration::from_millis(3_500), fired: 0 });
    let mut script = Script::new();
    script.socket(1, State::Established, 40000, |facts| facts.timer = timer(TimerKind::Retransmit));
    let lost = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
    script.push(Event::Dropped(lost));
    assert!(
        script.story(lost).became.contains("A retransmission timer runs in the kernel of the client: in 1.5 s"),
        "{:?}",
        script.story(lost)
    );
    script.socket(1, State::Established, 40000, |facts| facts.timer = None);
    assert!(script.story(lost).became.contains("No retransmission timer runs in"), "{:?}", script.story(lost));
    // Of an ACK that is lost the other end's timer matters.
    let ack = script.sent(8000, (501, 106), &["ACK"], b"", 1000);
    script.push(Event::Dropped(ack));
    assert!(
        script.story(ack).became.contains("No retransmission timer runs in the kernel of the client"),
        "{:?}",
        script.story(ack)
    );
}

#[test]
fn an_earlier_incarnation_says_nothing_of_a_later_one() {
    let mut script = Script::new();
    let last = script.arrives(40000, (101, 501), &["FIN", "ACK"], b"");
    assert!(script.story(last).first.contains("A FIN has a number"), "{:?}", script.story(last));
    script.arrives(40000, (90_000, 0), &["SYN"], b"");
    script.arrives(8000, (70_000, 90_001), &["SYN", "ACK"], b"");
    let ack = script.arrives(40000, (90_001, 70_001), &["ACK"], b"");
    assert!(script.story(ack).says.contains("ack=k₂+1: the SYN has arrived"), "{:?}", script.story(ack));
    let fin = script.arrives(40000, (90_001, 70_001), &["FIN", "ACK"], b"");
    assert_eq!(script.story(fin).first, "", "only the first one is new");
}

#[test]
fn both_languages_say_every_kind_with_every_fact_filled_in() {
    let mut script = Script::new();
    for (numbers, flags, data) in [
        ((101, 501), &["PSH", "ACK"][..], &b"{x}"[..]),
        ((104, 501), &["PSH", "ACK"], b"1"),
        ((105, 501), &["FIN", "ACK"], b""),
        ((0, 501), &["RST", "ACK"], b""),
        ((106, 0), &["RST"], b""),
        ((100, 0), &["SYN"], b""),
        ((1, 2), &[], b""),
    ] {
        for delivered in [true, false] {
            let id = script.sent(40000, numbers, flags, data, 0);
            script.push(if delivered { Event::Delivered(id) } else { Event::Dropped(id) });
            for lang in Lang::all() {
                let asked = (lang, Numbers::Symbolic);
                let told = told_at(&script.0.present(), id, Duration::ZERO, asked);
                let all = [&told.sender, &told.says, &told.became].map(|text| text.replace("{x}", ""));
                assert!(all.iter().all(|text| !text.contains(['{', '}'])), "{all:?}");
                assert!(!all[0].is_empty() && !all[2].is_empty(), "{all:?}");
            }
        }
    }
}

#[test]
fn a_copy_that_comes_after_it_has_gone_is_not_told_of_what_went() {
    let mut script = Script::new();
    let id = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
    let copy = script.0.present().segment(id).unwrap().segment.clone();
    script.push(Event::Retransmitted { id, segment: copy.clone() });
    script.push(Event::Delivered(id));
    script.push(Event::Retransmitted { id, segment: copy });
    assert!(script.story(id).sender.contains("It had been sent 2 times by then"), "{:?}", script.story(id));
}

#[test]
fn what_the_kernel_counted_is_told_with_what_it_counts() {
    let counted = |name: &str| CounterMove { name: name.to_owned(), by: 1 };
    for (moved, wanted) in [
        (
            Some(vec![counted("TCPChallengeACK")]),
            "The kernel counted TCPChallengeACK +1: Challenge ACKs that were sent",
        ),
        (Some(vec![counted("TCPFromTomorrow")]), "The kernel counted TCPFromTomorrow +1."),
        (Some(Vec::new()), "No counter of the kernel's moved but those that count every segment."),
        (None, "Which of the kernel's counters moved was not read."),
    ] {
        let mut script = Script::new();
        let id = script.arrives(40000, (101, 501), &["RST"], b"");
        if let Some(moved) = moved {
            script.push(Event::Reasons { id, moved });
        }
        assert!(script.story(id).became.contains(wanted), "{:?}", script.story(id));
    }
    // Where something was seen, that nothing was counted is no news.
    let mut script = Script::new();
    let id = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    script.push(Event::Reasons { id, moved: Vec::new() });
    script.arrives(8000, (501, 106), &["ACK"], b"");
    assert!(!script.story(id).became.contains("counter"), "{:?}", script.story(id));
}

#[test]
fn no_kernel_is_said_to_have_sent_what_a_person_sent() {
    for (ended, wanted) in [
        (Some(Event::Delivered as fn(SegmentId) -> Event), "an old duplicate"),
        (Some(Event::Dropped), "it comes late after all"),
        (None, "still waited on the wire"),
    ] {
        let mut script = Script::new();
        let of = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
        ended.into_iter().for_each(|ended| script.push(ended(of)));
        let (id, segment) = (SegmentId(script.1), script.0.present().segment(of).unwrap().segment.clone());
        script.1 += 1;
        script.push(Event::Repeated { id, of, segment });
        script.push(Event::Delivered(id));
        let told = script.story(id);
        assert!(told.sender.starts_with("A person sent it, no kernel did") && told.sender.contains(wanted), "{told:?}");
        // What the sender sends next counts from what it has sent itself.
        assert!(told.says.contains("Data: 5 bytes"), "{told:?}");
    }
}

#[test]
fn what_a_rule_lost_or_doubled_is_told_with_the_rule_and_neither_a_person_nor_a_kernel_is_said_to_have_done_it() {
    use crate::model::SegmentFilter;
    use crate::model::rule::{RulePattern, RuleSelection, WireEffect, WireRule};
    let rule = |does| Box::new(WireRule { which: SegmentFilter::All, only: RulePattern::default(), does });
    let mut script = Script::new();
    let of = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
    script.push(Event::Lost { id: of, rule: rule(WireEffect::Lose(RuleSelection::Every(3))) });
    let segment = script.0.present().segment(of).unwrap().segment.clone();
    let id = SegmentId(script.1);
    script.push(Event::Duplicated { id, of, segment, rule: rule(WireEffect::Duplicate(RuleSelection::All)) });
    script.push(Event::Delivered(id));
    let (lost, copy) = (script.story(of), script.story(id));
    assert!(lost.became.starts_with("A rule of the wire (`lose every 3`) lost it"), "{lost:?}");
    let wanted = "No kernel and no person sent it: a rule of the wire (`duplicate all`) made it";
    assert!(copy.sender.starts_with(wanted), "{copy:?}");
    for told in [lost, copy] {
        let all = [told.sender, told.became].concat();
        assert!(!all.contains("by hand") && !all.contains("A person"), "{all}");
    }
}

#[test]
fn what_a_person_changed_or_made_is_told_with_the_fields_and_no_kernel_is_said_to_have_sent_it() {
    let mut script = Script::new();
    let of = script.sent(40000, (101, 501), &["PSH", "ACK"], b"hello", 1000);
    script.push(Event::Dropped(of));
    let original = script.0.present().segment(of).unwrap();
    let (packet, initials) = (original.segment.clone(), original.initials);
    let copy = |text: &str| text.parse::<crate::model::edit::Edit>().unwrap().apply(&packet, &initials).unwrap();
    for (edit, wanted) in [
        ("seq=j+100 flags=RST", &["seq j+1 → j+100", "flags PSH,ACK → RST"][..]),
        ("checksum=wrong", &["checksum right → wrong"]),
        ("sport=9 data=abc", &["sport 40000 → 9", "data \"hello\" → \"abc\""]),
        ("win=1000", &["Nothing differs"]),
    ] {
        let id = SegmentId(script.1);
        script.1 += 1;
        script.push(Event::Edited { id, of, segment: copy(edit) });
        script.push(Event::Delivered(id));
        let told = script.story(id);
        assert!(told.sender.starts_with("A person sent it, no kernel did"), "{edit}: {told:?}");
        assert!(wanted.iter().all(|wanted| told.sender.contains(wanted)), "{edit}: {told:?}");
    }
    // The original is sent again: nobody has changed that in the copy which was made before.
    let id = SegmentId(script.1);
    script.1 += 1;
    script.push(Event::Edited { id, of, segment: copy("data=") });
    script.push(Event::Delivered(id));
    let told = script.story(id);
    let mut again = packet.packet().to_vec();
    again[34..36].copy_from_slice(&2000u16.to_be_bytes());
    script.push(Event::Retransmitted { id: of, segment: Packet::parse(&again).unwrap() });
    assert_eq!(script.story(id).sender, told.sender);
    assert!(told.sender.contains("What was changed: data \"hello\" → \"\"."), "{told:?}");
    for (owned, wanted) in [
        (false, "no socket here has the address that it bears, 127.0.0.1:40000"),
        (true, "though it bears the address of the kernel of the client"),
    ] {
        if owned {
            script.socket(1, State::Established, 40000, |_| {});
        }
        let id = SegmentId(script.1);
        script.1 += 1;
        script.push(Event::Forged { id, segment: copy("flags=RST") });
        script.push(Event::Delivered(id));
        let told = script.story(id).sender;
        assert!(told.starts_with("A person made it and sent it, no kernel did") && told.contains(wanted), "{told}");
    }
}

/// What the end of a process did is told of nothing that had arrived before, also where the lab hears of the end last.
#[test]
fn what_the_end_of_a_process_sent_is_no_answer() {
    let member = |nth| Member { number: 1, pid: 7, nth, role: Role::Drives(vec![Side::Server]) };
    for (first, others, wanted) in [
        (false, false, "Its process ended: the kernel closed its socket."),
        (true, false, "Its process ended: the kernel closed its socket."),
        // Another server's end.
        (true, true, "It came after ACK"),
    ] {
        let mut script = Script::new();
        script.socket(2, State::SynRecv, 8000, |_| {});
        let ack = script.arrives(40000, (101, 501), &["ACK"], b"");
        script.push(Event::Reasons { id: ack, moved: Vec::new() });
        let left = Event::Left(member(if others { 2 } else { 1 }));
        if first {
            script.push(left.clone());
        }
        script.socket(2, State::FinWait1, 8000, |facts| facts.fd = None);
        let fin = script.sent(8000, (501, 101), &["FIN", "ACK"], b"", 1000);
        if !first {
            script.push(left);
        }
        script.push(Event::Delivered(fin));
        assert!(script.story(fin).sender.contains(wanted), "{:?}", script.story(fin));
        let told = script.story(ack).became;
        let ended = told.contains("Then its process ended, and the kernel closed what it had open.");
        assert_eq!((ended, told.contains("FIN_WAIT1")), (!others, others), "{told}");
    }
}

#[test]
fn a_segment_is_told_with_the_call_that_made_it_whatever_its_name() {
    let data = || Call::send(4, b"hello".to_vec());
    let program = ProgramCall { name: "write".into(), like: Some(data()), ..ProgramCall::default() };
    let transfer = Transfer { name: CallName::Write, buffers: Vec::new(), like: data() };
    for (call, name) in
        [(data(), "send"), (Call::Transfer(Box::new(transfer)), "write"), (Call::Program(Box::new(program)), "write")]
    {
        let mut script = Script::new();
        script.socket(1, State::Established, 40000, |_| {});
        script.push(Event::Entered { caller: Side::Client.into(), call });
        let id = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
        assert!(script.story(id).sender.contains(&format!("{name}() made it")), "{:?}", script.story(id));
    }
}

#[test]
fn a_programs_call_that_is_told_just_after_its_segment_is_what_made_it() {
    let connect = |caller: Caller, late: bool| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        let call = Call::Connect { fd: 4, addr: end(8000) };
        script.socket(7, State::SynSent, 40000, |_| {});
        let syn = script.sent(40000, (100, 0), &["SYN"], b"", 1000);
        if late {
            script.2 += Duration::from_secs(5);
        }
        let program = ProgramCall { name: "connect".into(), fd: Some(4), like: Some(call), ..ProgramCall::default() };
        script.push(Event::Entered { caller, call: Call::Program(Box::new(program)) });
        script.push(Event::Blocked { caller });
        script.push(Event::Delivered(syn));
        script.story(syn).sender
    };
    assert!(connect(Side::Client.into(), false).contains("connect()"), "{}", connect(Side::Client.into(), false));
    for (caller, late) in [(Side::Client.into(), true), (Side::Server.into(), false)] {
        assert!(connect(caller, late).contains("not observed"), "{}", connect(caller, late));
    }
}

/// One byte is one byte.
#[test]
fn one_is_no_plural() {
    let mut script = Script::new();
    let byte = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"x");
    script.arrives(8000, (501, 101), &["ACK"], b"");
    let ack = script.arrives(8000, (501, 102), &["ACK"], b"");
    let lost = script.sent(40000, (102, 501), &["PSH", "ACK"], b"y", 1000);
    script.push(Event::Dropped(lost));
    for (told, wanted) in [
        (script.story(byte).says, "Data: 1 byte, the number"),
        (script.story(ack).says, "1 byte more than"),
        (script.story(lost).became, "Lost: 1 byte of data."),
    ] {
        assert!(told.contains(wanted), "{told}");
    }
}

/// What the tracer takes for none of the walk's calls sends too.
#[test]
fn what_a_program_sent_by_a_call_with_flags_is_told_as_that_calls() {
    let call = |name: &str, arguments: &[&str]| {
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        let made = ProgramCall {
            name: name.to_owned(),
            arguments,
            fd: Some(4),
            internet: Some(true),
            room: Some(1),
            ..ProgramCall::default()
        };
        Call::Program(Box::new(made))
    };
    let urgent = call("sendto", &["4", "\"!\"", "1", "MSG_OOB", "NULL", "0"]);
    let message = call("sendmsg", &["4", "{\"!\"}", "MSG_OOB"]);
    for (call, name) in [(urgent, "sendto()"), (message, "sendmsg()")] {
        for passes in [false, true] {
            let mut script = Script::new();
            let number = 9;
            let role = Role::Runs("urgent".to_owned());
            script.push(Event::Joined(Member { number, pid: 4242, nth: 1, role }));
            script.socket(1, State::Established, 40000, |_| {});
            script.arrives(8000, (501, 101), &["ACK"], b"");
            script.2 += Duration::from_secs(3);
            let enters = |script: &mut Script| {
                script.push(Event::Entered { caller: Side::Client.into(), call: call.clone() });
            };
            if !passes {
                enters(&mut script);
            }
            let id = script.sent(40000, (101, 501), &["PSH", "ACK"], b"!", 1000);
            if passes {
                enters(&mut script);
            }
            script.push(Event::Delivered(id));
            let told = script.story(id).sender;
            assert!(told.contains(name), "{passes}: {told}");
        }
    }
}
