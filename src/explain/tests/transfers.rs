//! What is said of buffers and addresses, of O_NONBLOCK that two descriptors have in common, and of what was looked up.

use super::*;
use crate::explain::call_notes;
use crate::model::{Lookup, Transfer};

/// What is said beside the outcome of the client's newest call, in English and in Chinese.
fn notes(story: &Story) -> [String; 2] {
    let view = story.0.present();
    let call = view.calls(Side::Client).next().unwrap();
    [Lang::EN, zh()].map(|lang| call_notes(&view, &call, lang).unwrap().join(" "))
}

fn open(udp: bool) -> Story {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp }, returned(5));
    if !udp {
        story.call(Call::Connect { fd: 5, addr: v4() }, returned(0)).socket(Some(5), State::Established, 0);
    }
    story
}

/// What is said of one call on a new socket.
fn told(udp: bool, call: impl Into<Call>, value: i64) -> [String; 2] {
    let mut story = open(udp);
    story.call(call.into(), returned(value));
    notes(&story)
}

#[test]
fn bytes_that_were_thrown_away_filled_no_buffer() {
    let thrown = Transfer::receive(5, vec![1, 1], MessageFlags::TRUNC);
    let [en, zh] = told(false, thrown.clone(), 2);
    assert!(en.contains("thrown away") && !en.contains("filled"), "{en}");
    assert!(zh.contains("丢弃") && !zh.contains("缓冲区"), "{zh}");
    // Of a datagram what had room was copied, and the value is more.
    let [en, zh] = told(true, thrown, 9);
    assert!(en.contains("1 + 1 = 2.") && zh.contains("1 + 1 = 2。"), "{en} {zh}");
}

#[test]
fn buffers_are_counted_and_none_is_told_of_without_a_byte() {
    let sends = |parts: &[&str]| {
        let buffers: Vec<Vec<u8>> = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        Transfer::send(5, &buffers, MessageFlags::NO_SIGNAL)
    };
    for udp in [false, true] {
        assert!(told(udp, sends(&["a", "b"]), 2)[0].contains("1 + 1 = 2."));
        assert!(told(udp, sends(&["ab"]), 2)[0].starts_with("With one buffer"));
        assert_eq!(told(udp, sends(&[]), 0), [""; 2]);
        assert_eq!(told(udp, Transfer::receive(5, vec![2, 2], MessageFlags::NONE), 0), [""; 2]);
        assert!(told(udp, Transfer::receive(5, vec![2], MessageFlags::NONE), 1)[1].contains("只有一个缓冲区"));
    }
    let of = |udp, call: Call| {
        let mut story = open(udp);
        story.call(call, returned(0));
        let view = story.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        Circumstance::of(call.call, call.outcome.unwrap().into(), &CallFacts::of(&view, &call))
    };
    assert_eq!(of(false, Call::send(5, Vec::new())), Some(Circumstance::NothingAsked));
    assert_eq!(of(true, Call::send(5, Vec::new())), Some(Circumstance::Datagrams), "a datagram without a byte is one");
    let opens = Call::SendTo { fd: 5, data: Vec::new(), flags: MessageFlags::FAST_OPEN, addr: v4() };
    assert_ne!(of(false, opens), Some(Circumstance::NothingAsked), "its SYN goes");
}

#[test]
fn an_address_does_nothing_on_a_connection_and_works_once_beside_a_peer() {
    let sends = |flags, port: u16| {
        let addr = SocketAddr::from(([127, 0, 0, 1], port));
        Call::SendTo { fd: 5, data: b"x".to_vec(), flags, addr }
    };
    let usual = MessageFlags::NONE;
    let [en, zh] = told(false, sends(usual, 9), 1);
    assert!(en.contains("127.0.0.1:9 is ignored") && zh.contains("127.0.0.1:9 被忽略"), "{en} {zh}");
    assert!(!told(false, sends(MessageFlags::FAST_OPEN, 9), 1)[0].contains("ignored"));
    assert_eq!(told(true, sends(usual, 9), 1), [""; 2], "it has no peer");
    let connects = Call::Connect { fd: 5, addr: v4() };
    for (call, wanted) in [(sends(usual, 9), true), (sends(usual, v4().port()), false)] {
        let mut story = open(true);
        story.call(connects.clone(), returned(0)).call(call.clone(), returned(1));
        let [en, zh] = notes(&story);
        assert_eq!(
            (en.contains("goes to 127.0.0.1:9"), zh.contains("发往 127.0.0.1:9")),
            (wanted, wanted),
            "{en} {zh}"
        );
        story.call(Call::Dissolve { fd: 5 }, returned(0)).call(call, returned(1));
        assert_eq!(notes(&story), [""; 2], "it has no peer any more");
    }
}

#[test]
fn a_flag_of_the_open_file_description_is_told_of_each_descriptor() {
    let again = || Err(errno("EAGAIN"));
    let mut story = open(false);
    story.call(Call::Dup { fd: 5 }, returned(6)).call(Call::SetNonblocking { fd: 6, on: true }, returned(0));
    let [en, zh] = notes(&story);
    assert!(en.contains("it is the same for fd 5.") && zh.contains("对描述符 5 也是一样"), "{en} {zh}");
    story.call(Call::recv(5, 1), again());
    let [en, zh] = notes(&story);
    assert!(en.contains("another descriptor of this socket: fd 6.") && zh.contains("描述符 6"), "{en} {zh}");
    story.call(Call::recv(6, 1), again());
    assert_eq!(notes(&story), [""; 2]);
    story.call(Call::SetNonblocking { fd: 5, on: false }, returned(0));
    story.call(Call::Recv { fd: 6, len: 1, flags: MessageFlags::DONT_WAIT }, again());
    assert!(!notes(&story)[0].contains("O_NONBLOCK"));
    // Another process's.
    let mut forked = open(false);
    forked.call(Call::SetNonblocking { fd: 5, on: true }, returned(0));
    forked.call(Call::Fork, Ok(Returned { value: 4711, child: Some(2), ..Returned::default() }));
    forked.call(Call::SetNonblocking { fd: 5, on: true }, returned(0));
    let [en, zh] = notes(&forked);
    assert!(en.contains("it is the same for client 2 (fd 5).") && zh.contains("客户端 2（描述符 5）"), "{en} {zh}");
}

/// What one descriptor of a socket set holds for a call on the other one, whichever was there first.
#[test]
fn an_option_is_the_sockets_by_whichever_descriptor() {
    use crate::model::{Maker, SocketFlags, SocketOption, StructuredValue};
    let again = || Err(errno("EAGAIN"));
    let limit = |fd, seconds| Call::SetStructured {
        fd,
        option: SocketOption::RECV_TIMEOUT,
        value: StructuredValue::Time { seconds, microseconds: 0 },
    };
    let situation = |story: &Story| {
        let view = story.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        Situation::of_call(&view.trace().at(call.entered), &call)
    };
    let mut story = open(false);
    story.call(Call::Dup { fd: 5 }, returned(6)).call(limit(6, 1), returned(0)).call(Call::recv(5, 1), again());
    assert!(situation(&story).receive_limit);
    story.call(limit(5, 0), returned(0)).call(Call::recv(6, 1), again());
    assert!(!situation(&story).receive_limit);
    let linger = Call::SetOption { fd: 5, option: SocketOption::LINGER, value: 0 };
    story.call(linger, returned(0)).call(Call::Close { fd: 5 }, returned(0)).call(Call::Close { fd: 6 }, returned(0));
    assert_eq!(situation(&story).linger, Some(0));
    let mut made = Story(Trace::default());
    made.call(Maker::socket(false, false, SocketFlags::NONBLOCK), returned(5)).call(Call::recv(5, 1), again());
    assert!(situation(&made).nonblocking);
    made.call(Call::Dup { fd: 5 }, returned(6)).call(Call::recv(6, 1), again());
    assert!(situation(&made).nonblocking);
}

#[test]
fn what_libc_looked_up_is_told_by_what_it_was_asked() {
    let of = |node: Option<&str>, service: &str, ports: &[u16]| {
        let named = |text: &str| text.to_owned();
        let lookup = Lookup { node: node.map(named), service: Some(named(service)), ..Lookup::default() };
        let addresses = ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect();
        let came = Returned { addresses, ..Returned::default() };
        let facts = CallFacts::steady(Situation::default());
        Circumstance::of(&Call::GetAddrInfo(Box::new(lookup)), CallState::Returned(&came), &facts)
    };
    let numeric = Some(Circumstance::NumericHost);
    for host in ["127.0.0.1", "::1", "fe80::1%lo", "127.1", "0x7f000001", "2130706433"] {
        assert_eq!(of(Some(host), "80", &[80]), numeric, "{host}");
    }
    for host in ["localhost", "1.2.3.4.5", "0x", "a.1", "cafe"] {
        assert_eq!(of(Some(host), "http", &[80]), None, "{host}");
    }
    assert_eq!(of(None, "80", &[80, 80]), Some(Circumstance::NullHost));
    assert_eq!(of(Some("localhost"), "99999999", &[57599]), Some(Circumstance::PortTooGreat));
    assert_eq!(of(None, "65536", &[0]), Some(Circumstance::PortTooGreat));
}
