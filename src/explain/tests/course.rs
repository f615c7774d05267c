//! What came of a call, from a trace.

use super::circumstances::{accept, listen, recv, send, v4};
use super::*;

fn client() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

impl Story {
    /// The newest call's facts.
    fn facts(&self) -> CallFacts {
        let view = self.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        CallFacts::of(&view, &call)
    }

    /// What the newest call is explained by, and what has changed since.
    pub(super) fn reason(&self) -> (Option<Circumstance>, Option<Circumstance>) {
        let (view, facts) = (self.0.present(), self.facts());
        let call = view.calls(Side::Client).next().unwrap();
        let came = call.outcome.map_or(CallState::Blocks, CallState::from);
        let circumstance = Circumstance::of(call.call, came, &facts);
        (circumstance, crate::explain::since::since(call.call, came, circumstance, &facts))
    }

    pub(super) fn enters(&mut self, worker: u32, call: Call) -> &mut Story {
        self.add(Event::Entered { caller: crate::model::Caller { actor: Side::Client.into(), worker }, call })
    }

    pub(super) fn comes_back(&mut self, worker: u32, outcome: Outcome) -> &mut Story {
        self.add(Event::Returned { caller: crate::model::Caller { actor: Side::Client.into(), worker }, outcome })
    }

    pub(super) fn leaves(&mut self, id: u32, seq: u32, flags: &[&str]) -> &mut Story {
        let id = SegmentId(id);
        let segment = segment(v4(), client(), seq, 1, flags, b"");
        self.add(Event::Sent { id, segment, again: None }).add(Event::Held(id))
    }

    /// A listener from which a connection was accepted, by a worker that goes on with it.
    pub(super) fn accepted() -> Story {
        let mut story = Story(Trace::default());
        let peer = Some(client());
        let listens = testing::socket(7, Side::Client, Some(3), State::Listen, (Some(v4()), None));
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(listen(), returned(0));
        story.add(Event::Socket(listens));
        story.arrives(0, &["SYN"]);
        story
            .enters(0, accept())
            .comes_back(0, Ok(Returned { value: 4, data: Vec::new(), peer, ..Returned::default() }));
        story
    }
}

/// A worker closes: what the table said last is older than its recv(). The FIN that went tells that nothing was unread.
#[test]
fn a_close_is_told_by_what_went_out_and_not_by_an_old_table() {
    let close = Call::Close { fd: 4 };
    for (flags, wanted) in
        [(&["FIN", "ACK"], Some(Circumstance::Connected)), (&["RST", "ACK"], Some(Circumstance::Unread))]
    {
        let mut story = Story::accepted();
        story.socket(Some(4), State::Established, 3);
        story.enters(4, Call::recv(4, 9)).comes_back(4, returned(3));
        story.enters(4, close.clone()).leaves(1, 5, flags).comes_back(4, returned(0));
        assert_eq!(story.reason(), (wanted, None));
    }
}

#[test]
fn a_fin_that_is_acknowledged_while_close_waits_ended_its_waiting() {
    let acknowledged = |ack: u32| {
        let mut story = Story::accepted();
        let linger = Call::SetOption { fd: 4, option: "SO_LINGER".to_owned().try_into().unwrap(), value: 3 };
        story.socket(Some(4), State::Established, 0).call(linger, returned(0));
        story.enters(0, Call::Close { fd: 4 }).add(Event::Blocked { caller: Side::Client.into() });
        assert_eq!(story.reason().0, Some(Circumstance::Lingered), "it waits");
        story.leaves(1, 5, &["FIN", "ACK"]);
        let id = SegmentId(2);
        let segment = segment(client(), v4(), 1, ack, &["ACK"], b"");
        story.add(Event::Sent { id, segment, again: None }).add(Event::Delivered(id)).comes_back(0, returned(0));
        story.reason().0
    };
    assert_eq!(acknowledged(6), Some(Circumstance::Lingered));
    assert_eq!(acknowledged(5), Some(Circumstance::LingerOver));
}

#[test]
fn a_reset_that_came_before_accept_returned_is_its_connections() {
    let mut story = Story(Trace::default());
    let listens = testing::socket(7, Side::Client, Some(3), State::Listen, (Some(v4()), None));
    story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(listen(), returned(0));
    // An earlier connection with the same numbers, which was reset.
    story.add(Event::Socket(listens)).arrives(0, &["SYN"]).arrives(1, &["RST"]).arrives(2, &["SYN"]);
    let peer = Some(client());
    story.enters(0, accept()).comes_back(0, Ok(Returned { value: 4, data: Vec::new(), peer, ..Returned::default() }));
    assert_eq!(story.reason(), (None, None));
    story.arrives(3, &["RST"]);
    story.add(Event::Socket(testing::socket(1, Side::Client, Some(4), State::Closed, (None, None))));
    assert_eq!(story.reason(), (None, Some(Circumstance::Reset)), "it came later");
    story.enters(0, accept()).comes_back(0, Ok(Returned { value: 5, data: Vec::new(), peer, ..Returned::default() }));
    assert_eq!(story.reason(), (Some(Circumstance::Reset), None));
}

#[test]
fn an_attempt_in_the_background_is_followed() {
    let end = |state, ends| Event::Socket(testing::socket(1, Side::Client, Some(3), state, ends));
    let ends = (Some(v4()), Some(client()));
    let begun = || {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.call(Call::SetNonblocking { fd: 3, on: true }, returned(0));
        story.enters(0, Call::Connect { fd: 3, addr: client() }).leaves(0, 1, &["SYN"]);
        story.comes_back(0, Err(Errno(libc::EINPROGRESS))).add(end(State::SynSent, ends));
        assert_eq!(story.reason(), (None, None));
        story
    };
    let mut refused = begun();
    refused.arrives(1, &["RST", "ACK"]).add(end(State::Closed, (None, None)));
    assert_eq!(refused.reason(), (None, Some(Circumstance::Refused)));
    let mut reset = begun();
    reset.arrives(1, &["SYN", "ACK"]).add(end(State::Established, ends));
    assert_eq!(reset.reason(), (None, Some(Circumstance::Connected)));
    reset.arrives(2, &["RST"]).add(end(State::Closed, (None, None)));
    assert_eq!(reset.reason(), (None, Some(Circumstance::Reset)));
    let marked = |story: &Story| named(&Situation::of_newest(&story.0.present(), Side::Client.into(), v4()));
    assert!(marked(&refused).contains(&"connect(3) ECONNREFUSED".to_owned()), "{:?}", marked(&refused));
    refused.call(recv(), Err(Errno(libc::ECONNREFUSED)));
    assert!(marked(&refused).contains(&"connect(3) ECONNABORTED".to_owned()), "{:?}", marked(&refused));
}

/// Where nobody holds a program's calls, the kernel isn't asked before each: then what the calls came to is newer than its word.
#[test]
fn a_call_is_not_told_by_a_state_that_an_earlier_one_has_left() {
    let close = Call::Close { fd: 3 };
    for (connects, wanted) in [(Err(Errno(libc::EINPROGRESS)), Some(Circumstance::Connecting)), (returned(0), None)] {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.enters(0, Call::Connect { fd: 3, addr: client() }).leaves(0, 1, &["SYN"]);
        story.socket(Some(3), State::SynSent, 0);
        story.comes_back(0, connects.clone());
        story.enters(0, close.clone()).comes_back(0, returned(0));
        assert_eq!(story.reason().0, wanted, "connect() came to {connects:?}");
    }
}

/// A socket that is connected to itself, by its own SYN.
#[test]
fn one_that_is_its_own_peer_is_told_from_a_simultaneous_open() {
    for (peer, wanted) in [(v4(), Circumstance::ToItself), (client(), Circumstance::Simultaneous)] {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.enters(0, Call::Connect { fd: 3, addr: peer });
        let open = testing::socket(1, Side::Client, Some(3), State::SynRecv, (Some(v4()), Some(peer)));
        let syn = |from, to| segment(from, to, 1, 0, &["SYN"], b"");
        let sent = |id, segment| Event::Sent { id: SegmentId(id), segment, again: None };
        story.add(sent(0, syn(peer, v4()))).add(Event::Delivered(SegmentId(0))).add(Event::Socket(open));
        if peer != v4() {
            story.add(sent(1, syn(v4(), peer)));
        }
        story.add(Event::Blocked { caller: Side::Client.into() });
        assert_eq!(story.reason(), (Some(wanted), None));
        story.comes_back(0, returned(0));
        assert_eq!(story.reason(), (Some(wanted), None));
    }
}

/// The kernel isn't asked again before a program's call that passes: what it said last of the socket may be older than the RST.
#[test]
fn an_attempt_that_a_reset_has_ended_is_not_given_up_by_close() {
    for reset in [false, true] {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.enters(0, Call::Connect { fd: 3, addr: client() }).leaves(0, 1, &["SYN"]);
        story.add(Event::Socket(testing::socket(
            1,
            Side::Client,
            Some(3),
            State::SynSent,
            (Some(v4()), Some(client())),
        )));
        story.comes_back(0, Err(Errno(libc::EINPROGRESS)));
        if reset {
            story.arrives(1, &["RST", "ACK"]);
        }
        story.call(Call::Close { fd: 3 }, returned(0));
        let view = story.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        let told = explain(&view, &call, Lang::EN).0.map(|told| [told.means, told.why].concat()).unwrap_or_default();
        assert_eq!(told.contains("SYN_SENT"), !reset, "{told}");
    }
}

/// A reset of nobody's ends an attempt: no text may leave it to the other end's kernel.
#[test]
fn what_a_person_sent_is_named_where_the_other_end_is_spoken_of() {
    let attempt = |story: &mut Story, first: u32, forged: bool| {
        let ends = (Some(v4()), Some(client()));
        let sent = testing::socket(1, Side::Client, Some(3), State::SynSent, ends);
        story.enters(0, Call::Connect { fd: 3, addr: client() }).leaves(first, 1, &["SYN"]);
        story.add(Event::Socket(sent));
        let id = SegmentId(first + 1);
        if forged {
            let segment = segment(client(), v4(), 0, 2, &["RST", "ACK"], b"");
            story.add(Event::Forged { id, segment }).add(Event::Delivered(id));
        } else {
            story.arrives(first + 1, &["RST", "ACK"]);
        }
        story.comes_back(0, Err(Errno(libc::ECONNREFUSED)));
        let view = story.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        assert!(explain(&view, &call, Lang::EN).0.unwrap().means.contains("refused"));
        let notes = |lang| crate::explain::call_notes(&view, &call, lang).unwrap();
        let said = |notes: Vec<String>| {
            !notes.is_empty() && notes.iter().all(|note| note.contains("RST") && note.contains('H'))
        };
        assert!(Lang::all().all(|lang| said(notes(lang)) == forged), "{:?}", notes(Lang::EN));
        assert_eq!(story.facts().course.by_hand, forged.then_some(id));
    };
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
    // Of the next attempt it isn't said any more.
    [(0, true), (2, false)].into_iter().for_each(|(first, forged)| attempt(&mut story, first, forged));
}

/// ICMP ends no connection that stands, and a call that didn't fail isn't told of it.
#[test]
fn an_icmp_message_of_a_persons_is_named_only_where_a_call_fails_or_tells_an_error() {
    let says = crate::model::edit::Forgery { icmp: Some(crate::tcp::IcmpError::PortUnreachable), ..Default::default() };
    let asks = || Call::GetOption { fd: 3, option: crate::model::SocketOption::ERROR };
    let begins = || Call::Connect { fd: 3, addr: client() };
    for (call, outcome, named) in
        [(begins(), returned(0), false), (begins(), Err(Errno(libc::ECONNREFUSED)), true), (asks(), returned(0), true)]
    {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.enters(0, call.clone()).leaves(0, 1, &["SYN"]).socket(Some(3), State::SynSent, 0);
        let (id, segment) = (SegmentId(1), says.packet((client(), v4()), &Default::default(), None).unwrap());
        story.add(Event::Forged { id, segment }).add(Event::Delivered(id)).comes_back(0, outcome);
        assert_eq!(story.facts().course.by_hand, named.then_some(id), "{call:?}");
    }
}

/// With a cookie of the server `connect()` comes back before its SYN goes, and `accept()` before the last ACK comes: neither means
/// that there is a connection (RFC 7413).
#[test]
fn what_fast_open_returns_early_makes_no_connection() {
    use crate::model::SocketOption;
    let sets = || Call::SetOption { fd: 3, option: SocketOption::FAST_OPEN_CONNECT, value: 1 };
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(sets(), returned(0));
    story.enters(0, Call::Connect { fd: 3, addr: client() }).socket(Some(3), State::SynSent, 0);
    story.comes_back(0, returned(0));
    assert_eq!(story.reason(), (Some(Circumstance::SynLater), None));
    story.enters(0, send()).leaves(0, 1, &["SYN"]).add(Event::Blocked { caller: Side::Client.into() });
    assert_eq!(story.reason(), (Some(Circumstance::Connecting), None));
    story.arrives(1, &["SYN", "ACK"]).socket(Some(3), State::Established, 0).comes_back(0, returned(5));
    assert_eq!(story.reason().0, None);

    for last_ack in [false, true] {
        let mut story = Story(Trace::default());
        let listens = testing::socket(7, Side::Client, Some(3), State::Listen, (Some(v4()), None));
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(listen(), returned(0));
        story.add(Event::Socket(listens)).arrives(0, &["SYN"]).socket(None, State::SynRecv, 0);
        if last_ack {
            story.arrives(1, &["ACK"]);
        }
        let made = Returned { value: 4, peer: Some(client()), ..Returned::default() };
        story.enters(0, accept()).comes_back(0, Ok(made));
        let wanted = (!last_ack).then_some(Circumstance::Connecting);
        assert_eq!(story.reason(), (wanted, None), "{last_ack}");
    }
}
