//! What a person wrote and the kernel didn't take, what answers nothing, and what waits unseen.

use super::*;
use crate::model::{Returned, SocketOption, SocketState, on_wire};
use crate::tcp::testing::{datagram_packet, unreachable_packet};

impl Script {
    /// A person makes a segment, and it arrives.
    pub(super) fn forged(&mut self, from: u16, numbers: (u32, u32), flags: &[&str]) -> SegmentId {
        let to = if from == 8000 { 40000 } else { 8000 };
        let packet = segment(end(from), end(to), numbers.0, numbers.1, flags, b"");
        self.made(packet)
    }

    pub(super) fn made(&mut self, segment: Packet) -> SegmentId {
        let id = SegmentId(self.1);
        self.1 += 1;
        self.push(Event::Forged { id, segment });
        self.push(Event::Delivered(id));
        id
    }

    pub(super) fn counted(&mut self, id: SegmentId, names: &[&str]) {
        let moved = names.iter().map(|name| CounterMove { name: (*name).to_owned(), by: 1 }).collect();
        self.push(Event::Reasons { id, moved });
    }

    fn calls(&mut self, call: Call) {
        self.push(Event::Entered { caller: Side::Client.into(), call });
    }

    /// A call that comes back with this value.
    fn calls_with(&mut self, call: Call, value: i64) {
        self.calls(call);
        let outcome = Ok(Returned { value, ..Returned::default() });
        self.push(Event::Returned { caller: Side::Client.into(), outcome });
    }

    fn waits(&mut self, seconds: u64) {
        self.2 += Duration::from_secs(seconds);
    }
}

#[test]
fn what_a_person_acknowledges_is_a_claim_whose_distance_is_counted_on_the_circle() {
    for (ack, wanted) in [
        (501_u32.wrapping_sub(5001), "5001 less than its sender's ack before, an old number"),
        (700, "199 beyond all that its receiver has sent"),
        (501, "Nothing new was acknowledged"),
    ] {
        let mut script = Script::new();
        script.socket(2, State::Established, 8000, |_| {});
        let id = script.forged(40000, (101, ack), &["ACK"]);
        let told = script.story(id).says;
        assert!(told.starts_with("A person wrote what it says") && told.contains(wanted), "{ack}: {told}");
        assert!(!told.contains("has arrived") && !told.contains("more than"), "{ack}: {told}");
    }
    // An ACK of the kernel's that is repeated late.
    let mut script = Script::new();
    let of = script.arrives(8000, (501, 101), &["ACK"], b"");
    script.arrives(40000, (101, 501), &["ACK"], b"hello");
    script.arrives(8000, (501, 106), &["ACK"], b"");
    let (id, segment) = (SegmentId(script.1), script.0.present().segment(of).unwrap().segment.clone());
    script.1 += 1;
    script.push(Event::Repeated { id, of, segment });
    script.push(Event::Delivered(id));
    assert!(script.story(id).says.contains("5 less than its sender's ack before"), "{:?}", script.story(id));
}

/// The RST that answers it counts from what it acknowledges, and is no number that its sender has used.
#[test]
fn what_is_acknowledged_at_a_half_open_end_is_a_claim_too() {
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    script.arrives(40000, (100, 0), &["SYN"], b"");
    script.socket(2, State::SynRecv, 8000, |_| {});
    script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
    let first = script.forged(40000, (101, 1400), &["ACK"]);
    assert!(script.story(first).says.contains("899 beyond all"), "{:?}", script.story(first));
    script.arrives(8000, (1400, 0), &["RST"], b"");
    let second = script.forged(40000, (101, 1400), &["ACK"]);
    assert!(script.story(second).says.contains("899 beyond all"), "{:?}", script.story(second));
    let old = script.forged(40000, (101, 100), &["ACK"]);
    assert!(script.story(old).says.contains("before the other end's first number"), "{:?}", script.story(old));
}

#[test]
fn a_syn_ack_that_misses_the_syn_agrees_to_nothing() {
    let syn_ack = |ack: u32| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.socket(1, State::SynSent, 40000, |_| {});
        script.arrives(40000, (100, 0), &["SYN"], b"");
        let of = script.sent(8000, (500, 101), &["SYN", "ACK"], b"", 1000);
        let packet = segment(end(8000), end(40000), 500, ack, &["SYN", "ACK"], b"");
        let id = SegmentId(script.1);
        script.1 += 1;
        script.push(Event::Edited { id, of, segment: packet });
        script.push(Event::Delivered(id));
        if ack != 101 {
            script.counted(id, &["TcpOutRsts"]);
            script.sent(40000, (ack, 0), &["RST"], b"", 0);
        } else {
            script.socket(1, State::Established, 40000, |_| {});
        }
        (script.story(id).says, {
            let view = script.0.present();
            crate::explain::wire::was_refused(&view, &view.segment(id).unwrap())
        })
    };
    for (ack, refused) in [(101, false), (200, true), (100, true), (50, true)] {
        let (told, was_refused) = syn_ack(ack);
        assert_eq!(told.contains("does not acknowledge the other SYN, which wants j+1"), refused, "{ack}: {told}");
        assert_eq!(told.contains("it agrees"), !refused, "{ack}: {told}");
        assert_eq!(was_refused, refused, "{ack}");
    }
}

#[test]
fn a_reset_that_ends_nothing_is_told_with_the_reason() {
    for (state, counted, wanted) in [
        (Some(State::Established), &["TCPChallengeACK"][..], "The connection goes on"),
        (Some(State::Established), &[], "ESTABLISHED was not seen to end"),
        (Some(State::TimeWait), &[], "TIME_WAIT was not seen to end"),
        (Some(State::SynSent), &[], "The attempt to connect was not seen to end"),
        (None, &[], "A RST ends nothing at a listening socket"),
    ] {
        let mut script = Script::new();
        match state {
            Some(state) => script.socket(2, state, 8000, |_| {}),
            None => script.socket(2, State::Listen, 8000, |facts| facts.remote = None),
        }
        let id = script.forged(40000, (600, 501), &["RST"]);
        script.counted(id, counted);
        let told = script.story(id);
        assert!(told.became.contains(wanted), "{state:?}: {told:?}");
        assert!(!told.says.contains("is broken off"), "{told:?}");
        let view = script.0.present();
        let refused = crate::explain::wire::was_refused(&view, &view.segment(id).unwrap());
        // Of TIME_WAIT no counter tells that it ended.
        assert_eq!(refused, state.is_some_and(|state| state != State::TimeWait), "{state:?}");
        let Some(state) = state else { continue };
        // One that does end it.
        let mut script = Script::new();
        script.socket(2, state, 8000, |_| {});
        let id = script.forged(40000, (101, 501), &["RST"]);
        script.push(Event::Gone { cookie: 2, source: crate::model::Source::SockDiag });
        let told = script.story(id).became;
        assert!(told.contains("→ CLOSED") && !told.contains("not seen"), "{told}");
    }
}

#[test]
fn what_a_timer_sends_answers_nothing() {
    let timer = |facts: &mut SocketFacts, kind| {
        facts.timer = Some(Timer { kind, fires_at: Duration::from_secs(9), fired: 0 });
    };
    for (kind, wanted) in [
        (TimerKind::Keepalive, "The keepalive timer sent it"),
        (TimerKind::Probe, "The probe timer sent it"),
        (TimerKind::Retransmit, "What made it was not observed"),
    ] {
        let mut script = Script::new();
        script.socket(1, State::Established, 40000, |facts| timer(facts, kind));
        script.waits(2);
        let probe = script.arrives(40000, (100, 501), &["ACK"], b"");
        let told = script.story(probe).sender;
        assert!(told.contains(wanted) && !told.contains("It came after"), "{told}");
        script.waits(2);
        let reset = script.arrives(40000, (101, 501), &["RST", "ACK"], b"");
        let told = script.story(reset).sender;
        assert_eq!(told.contains("The keepalive timer gave up"), kind == TimerKind::Keepalive, "{told}");
        assert!(!told.contains("It came after"), "{told}");
    }
}

#[test]
fn nothing_is_said_to_come_after_what_cannot_have_brought_it() {
    // Its answer was sent already.
    let mut script = Script::new();
    let again = script.arrives(40000, (101, 501), &["ACK"], b"");
    assert!(script.story(again).sender.contains("not observed"), "{:?}", script.story(again));
    // Long ago.
    let mut script = Script::new();
    script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    script.waits(5);
    let late = script.arrives(8000, (501, 106), &["ACK"], b"");
    assert!(script.story(late).sender.contains("not observed"), "{:?}", script.story(late));
    // A RST counts from what it answers.
    for (seq, brought) in [(501, true), (777, false)] {
        let mut script = Script::new();
        script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
        let reset = script.arrives(8000, (seq, 0), &["RST"], b"");
        assert_eq!(script.story(reset).sender.contains("It came after"), brought, "{:?}", script.story(reset));
    }
}

#[test]
fn what_an_option_releases_is_told_with_the_option() {
    for (option, value, data, wanted) in [
        (SocketOption::CORK, 0, &b"hi"[..], "setsockopt(TCP_CORK) let it go"),
        (SocketOption::NO_DELAY, 1, b"hi", "setsockopt(TCP_NODELAY) let it go"),
        (SocketOption::QUICK_ACK, 1, b"", "setsockopt(TCP_QUICKACK) let it go"),
        (SocketOption::CORK, 1, b"hi", "send() made it"),
        (SocketOption::KEEP_ALIVE, 1, b"hi", "send() made it"),
    ] {
        let mut script = Script::new();
        script.socket(1, State::Established, 40000, |_| {});
        script.calls(Call::send(4, b"hi".to_vec()));
        script.calls(Call::SetOption { fd: 4, option, value });
        let id = script.arrives(40000, (101, 501), &["ACK"], data);
        assert!(script.story(id).sender.contains(wanted), "{:?}", script.story(id));
    }
}

/// Why a `close()` broke its connection off is told with its RST: whatever descriptor the option was set through, and only as long as it
/// is set. Bytes that nobody read come first, as in the kernel.
#[test]
fn a_reset_of_a_close_is_told_with_its_reason() {
    let linger = |fd, value| Call::SetOption { fd, option: SocketOption::LINGER, value };
    let (by_linger, plain) = ("since SO_LINGER has 0 seconds", "close() made it.");
    for (calls, unread, flags, wanted) in [
        (vec![linger(4, 0)], 0, "RST", by_linger),
        (vec![Call::Dup { fd: 4 }, linger(5, 0), Call::Close { fd: 5 }], 0, "RST", by_linger),
        (vec![linger(4, 0), linger(4, -1)], 0, "RST", plain),
        (vec![linger(4, 5)], 0, "RST", plain),
        (vec![], 3, "RST", "since bytes had come that nobody read: 3."),
        (vec![linger(4, 0)], 3, "RST", "since bytes had come that nobody read: 3."),
        (vec![linger(4, 0)], 0, "FIN", plain),
    ] {
        let mut script = Script::new();
        script.calls_with(Call::Socket { ipv6: false, udp: false }, 4);
        script.socket(1, State::Established, 40000, |facts| facts.recv_queue = unread);
        for call in calls.clone() {
            let made = if matches!(call, Call::Dup { .. }) { 5 } else { 0 };
            script.calls_with(call, made);
        }
        script.push(Event::Entered { caller: Side::Client.into(), call: Call::Close { fd: 4 } });
        let id = script.arrives(40000, (101, 501), &[flags, "ACK"], b"");
        assert!(script.story(id).sender.contains(wanted), "{calls:?} {unread}: {:?}", script.story(id));
    }
}

#[test]
fn what_waited_for_the_probe_timer_was_not_sent_by_its_call() {
    for (kind, returns, wanted) in [
        (TimerKind::Probe, true, "send() had put it into the send queue, where it waited; the probe timer let it go"),
        (TimerKind::Probe, false, "send() made it"),
        (TimerKind::Retransmit, true, "send() made it"),
    ] {
        let mut script = Script::new();
        script.socket(1, State::Established, 40000, |facts| {
            facts.timer = Some(Timer { kind, fires_at: Duration::from_secs(9), fired: 0 });
        });
        script.calls(Call::send(4, b"hi".to_vec()));
        if returns {
            let outcome = Ok(crate::model::Returned { value: 2, ..Default::default() });
            script.push(Event::Returned { caller: Side::Client.into(), outcome });
        }
        let id = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hi");
        assert!(script.story(id).sender.contains(wanted), "{:?}", script.story(id));
    }
}

#[test]
fn a_reset_offers_no_window() {
    let mut script = Script::new();
    let reset = script.sent(8000, (501, 0), &["RST"], b"", 0);
    script.push(Event::Delivered(reset));
    let ack = script.arrives(8000, (501, 101), &["ACK"], b"");
    assert!(!script.story(ack).says.contains("window is open"), "{:?}", script.story(ack));
}

#[test]
fn a_datagram_behind_another_one_is_said_to_wait() {
    let arrives = |counted: &[&str], counts_memory| {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.socket(7, State::Established, 8000, |facts| {
            (facts.state, facts.remote, facts.recv_queue) = (SocketState::Unconnected, None, 5);
            facts.counts_memory = counts_memory;
        });
        let segment = Packet::parse(&datagram_packet(end(40000), end(8000), b"again")).unwrap();
        let id = SegmentId(script.1);
        script.1 += 1;
        script.push(Event::Sent { id, segment, again: None });
        script.push(Event::Delivered(id));
        script.counted(id, counted);
        script.story(id).became
    };
    let told = arrives(&[], false);
    assert!(told.contains("waits to be received there") && !told.contains("nothing was seen"), "{told}");
    for (counted, counts_memory) in [(&["UdpRcvbufErrors"][..], false), (&[], true)] {
        let told = arrives(counted, counts_memory);
        assert!(!told.contains("waits to be received") && told.contains("nothing was seen"), "{told}");
    }
}

#[test]
fn icmp_about_a_connection_that_is_not_there_is_passed_over_though_somebody_listens() {
    for (tcp, wanted) in [(true, "the kernel has none such"), (false, "No socket had its address 127.0.0.1:8000")] {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.socket(2, State::Listen, 8000, |facts| facts.remote = None);
        let mut bytes = unreachable_packet(end(8000), end(40000), &[0x50; 32]);
        if tcp {
            // The protocol of the packet that it quotes, behind the headers of IP and ICMP.
            bytes[20 + 8 + 9] = 6;
        }
        let id = script.made(Packet::parse(&bytes).unwrap());
        let told = script.story(id).became;
        assert!(told.contains(wanted), "{told}");
        assert_eq!(told.contains("A socket in LISTEN had its address"), tcp, "{told}");
    }
}

#[test]
fn an_ipv4_mapped_address_is_the_ipv4_one_on_the_wire() {
    let mapped = |port| SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), port);
    assert_eq!((on_wire(mapped(1)), on_wire("[::1]:1".parse().unwrap())), (end(1), "[::1]:1".parse().unwrap()));
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    script.calls(Call::Connect { fd: 4, addr: mapped(8000) });
    script.socket(1, State::SynSent, 40000, |facts| {
        (facts.local, facts.remote) = (Some(mapped(40000)), Some(mapped(8000)));
    });
    let syn = script.arrives(40000, (100, 0), &["SYN"], b"");
    let told = script.story(syn).sender;
    assert!(told.contains("the kernel of the client") && told.contains("connect() made it"), "{told}");
    let answer = script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
    script.socket(1, State::Established, 40000, |facts| {
        (facts.local, facts.remote) = (Some(mapped(40000)), Some(mapped(8000)));
    });
    let told = script.story(answer).became;
    assert!(told.contains("SYN_SENT → ESTABLISHED") && !told.contains("No socket"), "{told}");
}

#[test]
fn a_program_whose_side_no_other_plays_is_named_as_its_pane_is() {
    let returns = |others: bool| {
        let actor = crate::model::Actor { side: Side::Client, nth: 2 };
        let caller = Caller { actor, worker: Caller::MAIN };
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.push(Event::Joined(Member { number: 2, pid: 7, nth: 2, role: Role::Runs("nc".into()) }));
        if others {
            script.calls(Call::Socket { ipv6: false, udp: false });
        }
        script.push(Event::Entered { caller, call: Call::Connect { fd: 4, addr: end(8000) } });
        script.socket(1, State::SynSent, 40000, |facts| facts.nth = 2);
        script.arrives(40000, (100, 0), &["SYN"], b"");
        let answer = script.arrives(8000, (500, 101), &["SYN", "ACK"], b"");
        script.push(Event::Returned { caller, outcome: Ok(crate::model::Returned::default()) });
        script.story(answer).became
    };
    for (others, wanted) in [(false, "connect() of the client returned 0"), (true, "connect() of client 2 returned 0")]
    {
        assert!(returns(others).contains(wanted), "{}", returns(others));
    }
}

#[test]
fn a_syn_that_goes_again_without_its_data_is_no_new_one() {
    let mut script = Script(Trace::default(), 0, Duration::ZERO);
    let opens =
        Call::SendTo { fd: 4, data: b"hello".to_vec(), flags: crate::model::MessageFlags::FAST_OPEN, addr: end(8000) };
    script.calls(opens);
    let first = script.sent(40000, (100, 0), &["SYN"], b"hello", 1000);
    script.socket(1, State::SynSent, 40000, |_| {});
    script.push(Event::Delivered(first));
    let again = script.arrives(40000, (100, 0), &["SYN"], b"");
    let of_another = script.arrives(40000, (90_000, 0), &["SYN"], b"");
    let bare = [first, again, of_another].map(|id| script.story(id).sender.contains("the SYN once more, without"));
    assert_eq!(bare, [false, true, false]);
}

/// What a person made, and its receiver acknowledged, moves the number that it waits for.
#[test]
fn a_rst_has_the_next_number_by_what_its_receiver_acknowledged() {
    for (seq, wanted) in [(101, "was not seen to end"), (106, "has the very next number")] {
        let mut script = Script::new();
        script.socket(1, State::Established, 8000, |_| {});
        let data = segment(end(40000), end(8000), 101, 501, &["PSH", "ACK"], b"hello");
        script.made(data);
        script.arrives(8000, (501, 106), &["ACK"], b"");
        let id = script.forged(40000, (seq, 501), &["RST"]);
        assert!(script.story(id).became.contains(wanted), "{seq}: {:?}", script.story(id));
    }
}

/// An address that a socket has isn't nobody's, though the socket takes nothing of it.
#[test]
fn a_socket_that_has_the_address_and_takes_nothing_is_told() {
    type Change = fn(&mut SocketFacts);
    let cases: [(State, Change, bool); 3] = [
        (State::Closed, |facts| facts.remote = None, true),
        (State::Established, |facts| facts.remote = Some(end(9)), true),
        (State::Established, |facts| (facts.local, facts.remote) = (Some(end(8001)), Some(end(9))), false),
    ];
    for (state, change, is_taken) in cases {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.socket(1, state, 8000, change);
        let id = script.forged(40000, (100, 0), &["SYN"]);
        let told = script.story(id).became;
        assert_eq!(told.contains("A socket has its address 127.0.0.1:8000"), is_taken, "{told}");
        assert_eq!(told.contains("No socket had its address 127.0.0.1:8000"), !is_taken, "{told}");
    }
}

/// A listener's queue has connections and no bytes; what is answered was not passed over.
#[test]
fn a_fin_counts_no_byte_of_a_listener_and_what_is_answered_is_not_passed_over() {
    let mut script = Script::new();
    script.socket(1, State::Listen, 8000, |facts| (facts.remote, facts.recv_queue) = (None, 0));
    script.socket(2, State::SynRecv, 8000, |_| {});
    let fin = script.sent(40000, (101, 501), &["FIN", "ACK"], b"", 1000);
    script.push(Event::Delivered(fin));
    script.socket(1, State::Listen, 8000, |facts| (facts.remote, facts.recv_queue) = (None, 1));
    script.socket(2, State::CloseWait, 8000, |facts| facts.recv_queue = 1);
    let told = script.story(fin).became;
    assert_eq!(told.matches("counts the FIN there as one byte").count(), 1, "{told}");
    script.sent(8000, (501, 102), &["ACK"], b"", 1000);
    for (seq, answers) in [(200, false), (210, true)] {
        let data = script.sent(40000, (seq, 501), &["ACK"], b"abc", 1000);
        script.push(Event::Delivered(data));
        if answers {
            script.sent(8000, (501, 102), &["ACK"], b"", 1000);
        }
        let told = script.story(data).became;
        assert_eq!(told.contains("no data can lie behind that"), !answers, "{told}");
    }
}

/// What has no flag says nothing, and is no probe; a probe that acknowledges what was never sent is told so.
#[test]
fn what_bears_no_flag_says_nothing_and_a_probe_says_what_it_acknowledges() {
    let mut script = Script::new();
    for (seq, ack, flags, wanted) in [
        (100, 0, &[][..], "it says nothing."),
        (101, 0, &[], "it says nothing."),
        (100, 501, &["ACK"], "a probe that wants an answer."),
        (100, 901, &["ACK"], "400 beyond all that its receiver has sent"),
    ] {
        let id = script.forged(40000, (seq, ack), flags);
        let told = script.story(id).says;
        assert!(told.contains(wanted) && told.contains("A person wrote"), "{flags:?} {seq}: {told}");
        assert_eq!(told.contains("probe"), seq == 100 && !flags.is_empty(), "{told}");
    }
}

/// ICMP that quotes what is not on its way leaves no soft error.
#[test]
fn icmp_that_was_passed_over_is_said_to_leave_nothing() {
    for (counted, is_kept) in [(&["OutOfWindowIcmps"][..], false), (&[], true)] {
        let mut script = Script::new();
        let mut bytes = unreachable_packet(end(8000), end(40000), &[0x50; 32]);
        bytes[20 + 8 + 9] = 6;
        let id = script.made(Packet::parse(&bytes).unwrap());
        script.counted(id, counted);
        assert_eq!(script.story(id).says.contains("soft error"), is_kept, "{:?}", script.story(id));
    }
}
