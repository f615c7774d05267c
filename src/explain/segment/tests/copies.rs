//! Copies that a person made, of what a kernel sent and of what none sent; and why a kernel doesn't take what has come.

use super::*;
use crate::model::edit::Edit;
use crate::model::{ChangedSetting, HandMade};

impl Script {
    /// A person sends a copy, changed where `edit` says so, and it arrives.
    fn copied(&mut self, of: SegmentId, edit: &str) -> SegmentId {
        let view = self.0.present();
        let original = view.segment(of).unwrap();
        let (packet, initials) = (original.segment.clone(), original.initials);
        let id = SegmentId(self.1);
        self.1 += 1;
        self.push(match edit {
            "" => Event::Repeated { id, of, segment: packet },
            edit => {
                let segment = edit.parse::<Edit>().unwrap().apply(&packet, &initials).unwrap();
                Event::Edited { id, of, segment }
            }
        });
        self.push(Event::Delivered(id));
        id
    }

    fn set(&mut self, name: &str, value: &str) {
        let changed = ChangedSetting { name: name.to_owned(), before: Some("0".to_owned()), now: Ok(value.to_owned()) };
        self.push(Event::Sysctl(Box::new(changed)));
    }

    fn told(&self, id: SegmentId, lang: Lang) -> SegmentExplanation {
        told_at(&self.0.present(), id, Duration::from_secs(2), (lang, Numbers::Symbolic))
    }
}

#[test]
fn no_kernel_is_said_to_have_sent_what_a_copy_of_a_persons_segment_was_made_of() {
    let mut script = Script::new();
    let of = script.sent(40000, (101, 501), &["ACK"], b"", 1000);
    let edited = script.copied(of, "flags=RST seq=j+500");
    for edit in ["", "ack=k+7", "flags=ACK"] {
        let id = script.copied(edited, edit);
        let (english, chinese) = (script.told(id, Lang::EN), script.told(id, zh()));
        assert!(!english.sender.contains("had sent"), "{edit}: {english:?}");
        assert!(english.sender.contains("no kernel did, nor what it is a"), "{edit}: {english:?}");
        assert!(!chinese.sender.contains("发过的报文段"), "{edit}: {chinese:?}");
        assert!(english.says.starts_with("A person wrote what it says"), "{edit}: {english:?}");
        // A copy of that copy is no kernel's either.
        let again = script.copied(id, "");
        assert!(!script.story(again).sender.contains("had sent"), "{edit}: {:?}", script.story(again));
    }
    // A copy of an unchanged copy is one of what the kernel sent.
    let repeated = script.copied(of, "");
    let twice = script.copied(repeated, "");
    let told = script.story(twice);
    assert!(told.sender.contains("had sent") && !told.says.contains("A person wrote"), "{told:?}");
    let made = script.0.present().segment(twice).unwrap().by_hand;
    assert_eq!(made, Some(HandMade::Repeated(repeated)));
}

#[test]
fn a_copy_that_overtakes_its_original_is_no_duplicate() {
    for (arrives, wanted) in [(false, "10 bytes more than its sender's ack before"), (true, "for a duplicate ACK")] {
        for edit in ["", "ttl=9"] {
            let mut script = Script::new();
            script.arrives(8000, (501, 101), &["ACK"], b"");
            script.arrives(40000, (101, 501), &["PSH", "ACK"], b"0123456789");
            let of = script.sent(8000, (501, 111), &["ACK"], b"", 1000);
            if arrives {
                script.push(Event::Delivered(of));
            }
            let id = script.copied(of, edit);
            let told = script.story(id);
            assert!(told.says.contains(wanted), "{arrives} {edit}: {told:?}");
            assert!(!told.says.contains("as a receiver sends it"), "{arrives} {edit}: {told:?}");
            // The next copy brings nothing new, whether or not the original has arrived by then.
            for other in [id, of] {
                let other = script.copied(other, "");
                assert!(script.story(other).says.contains("for a duplicate ACK"), "{:?}", script.story(other));
            }
        }
    }
}

#[test]
fn what_a_reset_did_is_not_explained_away_where_it_has_the_very_next_number() {
    for state in [State::FinWait2, State::TimeWait, State::Established] {
        for (seq, wanted) in [(101, "was not seen: the RST has the very next number"), (100, "was not seen to end")] {
            let mut script = Script::new();
            script.socket(2, state, 8000, |_| {});
            let id = script.forged(40000, (seq, 501), &["RST"]);
            script.counted(id, &[]);
            assert!(script.story(id).became.contains(wanted), "{state:?} {seq}: {:?}", script.story(id));
        }
    }
    // RFC 1337: then none ends it.
    let mut script = Script::new();
    script.set("net.ipv4.tcp_rfc1337", "1");
    script.socket(2, State::TimeWait, 8000, |_| {});
    let id = script.forged(40000, (101, 501), &["RST"]);
    script.counted(id, &[]);
    assert!(script.story(id).became.contains("never while net.ipv4.tcp_rfc1337 is 1"), "{:?}", script.story(id));
    // Its timestamp is what it was thrown away for.
    let mut script = Script::new();
    script.socket(2, State::TimeWait, 8000, |_| {});
    let id = script.forged(40000, (101, 501), &["RST"]);
    script.counted(id, &["PAWSTimewait"]);
    assert!(!script.story(id).became.contains("very next number"), "{:?}", script.story(id));
    let mut script = Script::new();
    script.socket(2, State::SynRecv, 8000, |_| {});
    let id = script.forged(40000, (9000, 501), &["RST"]);
    script.counted(id, &[]);
    let told = script.story(id).became;
    assert!(told.contains("a RST outside the receive window") && !told.contains("very next"), "{told}");
}

/// Which flags a state looks at is told where it took none of a segment's.
#[test]
fn what_a_state_takes_nothing_of_is_told_by_its_flags() {
    const OF: [&str; 3] = ["In SYN_SENT nothing is taken", "passes over what has neither", "In TIME_WAIT a SYN begins"];
    for (state, flags, answers, wanted) in [
        (State::SynSent, &["ACK"][..], false, Some(0)),
        (State::SynSent, &["FIN", "ACK"], false, Some(0)),
        (State::SynSent, &[], false, Some(0)),
        (State::SynSent, &["ACK"], true, None),
        (State::SynSent, &["SYN", "ACK"], false, None),
        (State::Listen, &["FIN"], false, Some(1)),
        (State::Listen, &[], false, Some(1)),
        (State::Listen, &["ACK"], true, None),
        (State::TimeWait, &["SYN"], true, Some(2)),
        (State::TimeWait, &["SYN"], false, None),
        (State::TimeWait, &["ACK"], true, None),
    ] {
        let mut script = Script(Trace::default(), 0, Duration::ZERO);
        script.socket(2, state, 8000, |facts| facts.remote = facts.remote.filter(|_| state != State::Listen));
        let id = script.forged(40000, (100, 901), flags);
        script.counted(id, &[]);
        if answers {
            script.sent(8000, (501, 101), &["ACK"], b"", 1000);
        }
        let told = script.story(id).became;
        for (n, text) in OF.into_iter().enumerate() {
            assert_eq!(told.contains(text), wanted == Some(n), "{state:?} {flags:?} {answers}: {told}");
        }
    }
}

#[test]
fn what_is_damaged_or_has_no_ack_is_passed_over_for_that() {
    for (flags, counted, wanted) in [
        (&["RST"][..], &["TcpInErrs", "TcpInCsumErrors"][..], "Its checksum is wrong"),
        (&["ACK"], &["TcpInErrs", "TcpInCsumErrors"], "Its checksum is wrong"),
        (&["FIN"], &[], "takes nothing without ACK"),
        (&[], &[], "takes nothing without ACK"),
    ] {
        let mut script = Script::new();
        script.socket(2, State::Established, 8000, |_| {});
        let id = script.forged(40000, (101, 501), flags);
        script.counted(id, counted);
        let told = script.story(id).became;
        assert!(told.contains(wanted) && !told.contains("RFC 5961"), "{flags:?}: {told}");
    }
    let mut script = Script::new();
    script.socket(2, State::Established, 8000, |_| {});
    let id = script.forged(40000, (101, 501), &["ACK"]);
    script.counted(id, &[]);
    assert!(!script.story(id).became.contains("without ACK"), "{:?}", script.story(id));
}

#[test]
fn the_urgent_byte_is_told_by_its_number() {
    let mut script = Script::new();
    let of = script.sent(40000, (101, 501), &["PSH", "ACK"], b"abc", 1000);
    let id = script.copied(of, "flags=PSH,ACK,URG urg=3");
    let told = script.told(id, Lang::EN).says;
    assert!(told.contains("the urgent pointer is 3, so the byte j+3 is urgent"), "{told}");
    assert!(script.told(id, zh()).says.contains("序号 j+3 的字节是紧急的"));
    let plain = script.copied(of, "urg=3");
    assert!(!script.story(plain).says.contains("urgent"), "without the flag the pointer means nothing");
    script.set("net.ipv4.tcp_stdurg", "1");
    let id = script.copied(of, "flags=PSH,ACK,URG urg=2");
    assert!(script.story(id).says.contains("so the byte j+3 is urgent"), "{:?}", script.story(id));
}

#[test]
fn a_copy_of_an_old_ack_is_no_probe() {
    let mut script = Script::new();
    // The last ACK of the handshake: its number is the one before the next once the FIN has gone.
    let of = SegmentId(2);
    script.arrives(40000, (101, 501), &["FIN", "ACK"], b"");
    let copy = script.copied(of, "");
    let twice = script.copied(copy, "");
    for id in [copy, twice] {
        let told = script.story(id);
        assert!(!told.says.contains("probe") && told.says.contains("a duplicate ACK"), "{told:?}");
    }
    let probe = script.arrives(40000, (101, 501), &["ACK"], b"");
    let copy = script.copied(probe, "");
    for id in [probe, copy] {
        assert!(script.story(id).says.contains("a probe that wants an answer"), "{:?}", script.story(id));
    }
}

#[test]
fn what_lies_behind_a_fin_is_passed_over() {
    let mut script = Script::new();
    script.socket(1, State::Established, 8000, |_| {});
    script.arrives(40000, (101, 501), &["FIN", "ACK"], b"");
    script.socket(1, State::CloseWait, 8000, |_| {});
    let early = script.forged(40000, (100, 501), &["PSH", "ACK"]);
    for (seq, data, wanted) in [(102, "more", true), (101, "more", false), (102, "", false)] {
        let made = segment(end(40000), end(8000), seq, 501, &["PSH", "ACK"], data.as_bytes());
        let id = SegmentId(script.1);
        script.1 += 1;
        script.push(Event::Forged { id, segment: made });
        script.push(Event::Delivered(id));
        let told = script.story(id).became;
        assert_eq!(told.contains("A FIN of its sender's had come before"), wanted, "{seq}: {told}");
    }
    assert!(!script.story(early).became.contains("had come before"));
}

#[test]
fn what_was_acknowledged_is_not_lost() {
    for acknowledged in [false, true] {
        let mut script = Script::new();
        let of = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
        if acknowledged {
            script.sent(8000, (501, 106), &["ACK"], b"", 1000);
        }
        let (id, segment) = (SegmentId(script.1), script.0.present().segment(of).unwrap().segment.clone());
        script.1 += 1;
        script.push(Event::Repeated { id, of, segment });
        script.push(Event::Dropped(id));
        let told = script.story(id).became;
        assert_eq!(told.contains("a repetition of what its receiver has acknowledged"), acknowledged, "{told}");
        assert_eq!(told.contains("Lost: one copy of it. Another one went on"), !acknowledged, "{told}");
    }
}

#[test]
fn a_repeated_fin_begins_time_wait_anew() {
    let timer = |seconds| Some(Timer { kind: TimerKind::TimeWait, fires_at: Duration::from_secs(seconds), fired: 0 });
    for (later, wanted) in [(60, false), (75, true)] {
        let mut script = Script::new();
        let fin = script.arrives(8000, (501, 101), &["FIN", "ACK"], b"");
        script.socket(1, State::TimeWait, 40000, |facts| facts.timer = timer(60));
        let copy = script.copied(fin, "");
        script.socket(1, State::TimeWait, 40000, |facts| facts.timer = timer(later));
        for (lang, word) in [(Lang::EN, "begins anew"), (zh(), "重新开始")] {
            let told = script.told(copy, lang).became;
            assert_eq!(told.contains(word), wanted, "{later}: {told}");
        }
    }
}

#[test]
fn answers_that_read_the_same_are_told_in_one() {
    let mut script = Script::new();
    script.socket(1, State::Established, 8000, |_| {});
    let data = script.arrives(40000, (101, 501), &["PSH", "ACK"], b"hello");
    for window in [1000, 2000] {
        script.sent(8000, (501, 106), &["ACK"], b"", window);
    }
    let told = script.story(data).became;
    assert!(told.contains("Then it sent 2 times: ACK seq=k+1 ack=j+6."), "{told}");
    assert_eq!(told.matches("Then it sent").count(), 1, "{told}");
    script.sent(8000, (501, 106), &["FIN", "ACK"], b"", 2000);
    let told = script.story(data).became;
    assert!(told.contains("2 times: ACK") && told.contains("Then it sent: FIN,ACK"), "{told}");
}
