//! What is said of flags and options, on a call of one's own.

use super::*;
use crate::explain::call_notes;
use crate::model::{MessageFlags, SOCKET_OPTIONS, SocketOption};

/// What is said of the newest call of the client's.
fn notes(story: &Story, lang: Lang) -> Vec<String> {
    let view = story.0.at(story.0.now());
    let call = view.calls(Side::Client).next().unwrap();
    call_notes(&view, &call, lang).unwrap()
}

fn connected() -> Story {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(5));
    story.call(Call::Connect { fd: 5, addr: v4() }, returned(0)).socket(Some(5), State::Established, 0);
    story
}

fn sends(flags: i32) -> Call {
    Call::Send { fd: 5, data: b"abc".to_vec(), flags: MessageFlags(flags) }
}

#[test]
fn each_flag_that_a_call_can_have_is_explained_in_each_language() {
    let calls: [fn(MessageFlags) -> Call; 4] = [
        |flags| Call::Send { fd: 5, data: b"abc".to_vec(), flags },
        |flags| Call::SendTo { fd: 5, data: b"abc".to_vec(), flags, addr: v4() },
        |flags| Call::Recv { fd: 5, len: 3, flags },
        |flags| Call::RecvFrom { fd: 5, len: 3, flags },
    ];
    for call in calls {
        let name = call(MessageFlags::NONE).name();
        for flag in name.flag_names().iter().filter(|flag| **flag != "MSG_NOSIGNAL") {
            let mut story = connected();
            story.call(call(name.flag_named(flag).unwrap()), returned(3));
            // What is said of the address stands beside.
            let of_flags = |lang| notes(&story, lang).into_iter().filter(|note| !note.contains("8000"));
            let [english, chinese] = [Lang::EN, zh()].map(|lang| of_flags(lang).collect::<Vec<_>>());
            assert!(english.len() == 1 && english[0].contains(flag), "{flag}: {english:?}");
            assert!(chinese.len() == 1 && chinese[0].contains(flag) && chinese != english, "{flag}: {chinese:?}");
        }
    }
    let mut usual = connected();
    usual.call(sends(libc::MSG_NOSIGNAL), returned(3));
    assert_eq!(notes(&usual, Lang::EN), [""; 0]);
}

#[test]
fn what_a_flag_does_is_another_thing_on_a_socket_for_datagrams() {
    let of = |udp| {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp }, returned(5));
        story.call(Call::Recv { fd: 5, len: 3, flags: MessageFlags(libc::MSG_WAITALL) }, returned(3));
        notes(&story, Lang::EN)
    };
    assert!(of(false)[0].contains("until all 3 bytes") && of(true)[0].contains("does nothing"), "{:?}", of(true));
}

#[test]
fn what_only_tcp_has_is_not_told_of_udp() {
    let of = |call: Call, came: Outcome| {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: true }, returned(5));
        story.call(call, came);
        notes(&story, Lang::EN).join(" ")
    };
    let urgent = of(sends(libc::MSG_OOB | libc::MSG_NOSIGNAL), Err(errno("EOPNOTSUPP")));
    assert!(urgent.contains("UDP has none") && !urgent.contains("URG"), "{urgent}");
    let opens = Call::SendTo { fd: 5, data: b"abc".to_vec(), flags: MessageFlags::FAST_OPEN, addr: v4() };
    let opens = of(opens, returned(3));
    assert!(opens.contains("does nothing on UDP") && !opens.contains("SYN"), "{opens}");
    let peeks = Call::Recv { fd: 5, len: 3, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_WAITALL) };
    assert!(of(peeks.clone(), returned(3)).contains("does nothing"));
    let mut stream = connected();
    stream.call(peeks, returned(3));
    let told = notes(&stream, Lang::EN).join(" ");
    assert!(told.contains("all 3 bytes are in the receive queue") && !told.contains("no longer"), "{told}");
}

/// The SYN of a connection has gone, and that of one that is to be made hasn't.
#[test]
fn a_greatest_segment_that_comes_too_late_is_told_so() {
    let set = || Call::SetOption { fd: 5, option: SocketOption::MAX_SEGMENT, value: 500 };
    let mut late = connected();
    late.call(set(), returned(0));
    assert!(notes(&late, Lang::EN)[0].contains("had gone before"), "{:?}", notes(&late, Lang::EN));
    let mut early = Story(Trace::default());
    early.call(Call::Socket { ipv6: false, udp: false }, returned(5)).call(set(), returned(0));
    assert!(notes(&early, Lang::EN)[0].contains("offers an MSS of 500"), "{:?}", notes(&early, Lang::EN));
}

#[test]
fn sigpipe_is_told_where_it_came() {
    for came in [true, false] {
        let mut story = connected();
        story.add(Event::Entered { caller: Side::Client.into(), call: sends(0) });
        if came {
            story.add(Event::Signal { caller: Side::Client.into(), signal: libc::SIGPIPE });
        }
        story.add(Event::Returned { caller: Side::Client.into(), outcome: Err(Errno(libc::EPIPE)) });
        let told = notes(&story, Lang::EN);
        assert_eq!(told.iter().filter(|note| note.contains("SIGPIPE")).count(), usize::from(came), "{told:?}");
    }
}

#[test]
fn an_option_that_was_set_is_explained_and_one_that_was_refused_is_not() {
    let set = |option, value| Call::SetOption { fd: 5, option, value };
    let calls = [
        set(SocketOption::FAST_OPEN, 5),
        set(SocketOption::FAST_OPEN_CONNECT, 1),
        set(SocketOption::MAX_SEGMENT, 500),
        set(SocketOption::NOT_SENT_LOW, 4096),
        set(SocketOption::CORK, 1),
        set(SocketOption::CORK, 0),
        set(SocketOption::NO_DELAY, 1),
        set(SocketOption::NO_DELAY, 0),
        Call::SetNonblocking { fd: 5, on: true },
        Call::SetNonblocking { fd: 5, on: false },
    ];
    let mut told = HashSet::new();
    for call in calls {
        for lang in [Lang::EN, zh()] {
            let mut story = connected();
            story.call(call.clone(), returned(0));
            told.extend(notes(&story, lang));
            story.call(call.clone(), Err(Errno(libc::EINVAL)));
            assert_eq!(notes(&story, lang), [""; 0], "{call:?}");
        }
    }
    assert_eq!(told.len(), 20, "{told:?}");
    assert!(told.iter().any(|note| note.contains("500")) && told.iter().any(|note| note.contains("4096")));
}

/// `tcp_in_quickack_mode()` asks the route before the socket's option.
#[test]
fn that_the_next_ack_may_be_delayed_is_told_with_the_route_that_forbids_it() {
    for lang in [Lang::EN, zh()] {
        let mut story = connected();
        story.call(Call::SetOption { fd: 5, option: SocketOption::QUICK_ACK, value: 0 }, returned(0));
        let told = notes(&story, lang).join(" ");
        assert!(told.contains("`quickack`"), "{told}");
    }
}

#[test]
fn each_option_that_was_set_is_explained_in_each_language() {
    for name in SOCKET_OPTIONS.into_iter().chain(["SO_OOBINLINE", "SO_RCVLOWAT", "IP_TTL", "SO_PRIORITY"]) {
        let option = SocketOption::by_name(name).unwrap();
        for value in [-1, 0, 1, 2304] {
            let mut story = connected();
            story.call(Call::SetOption { fd: 5, option, value }, returned(0));
            let told = [Lang::EN, zh()].map(|lang| notes(&story, lang).join(" "));
            assert!(told.iter().all(|told| !told.is_empty() && !told.contains(['{', '}'])), "{name} {value}: {told:?}");
            let [english, chinese] = told.map(|told| told.contains(name));
            assert_eq!(english, chinese, "{name} {value}");
            // TCP Fast Open is told by its own name.
            let is_named = english || name.starts_with("TCP_FASTOPEN");
            assert!(is_named || value <= 1 || name == "SO_PRIORITY", "{name} {value}");
        }
    }
    // What the kernel refused does nothing.
    let mut story = connected();
    let refused = Err(Errno(libc::EINVAL));
    story.call(Call::SetOption { fd: 5, option: SocketOption::KEEP_ALIVE, value: 1 }, refused);
    assert_eq!(notes(&story, Lang::EN), Vec::<String>::new());
}
