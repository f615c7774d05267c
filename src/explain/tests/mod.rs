mod circumstances;
mod course;
mod finer;
mod flags;
mod programs;
mod threads;
mod transfers;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::table::{ExplanationEntry, Key, OutcomeKind, read};
use super::*;
use crate::i18n::testing::zh;
use crate::i18n::wrap;
use crate::model::{Call, CallName, Event, How, MessageFlags, SegmentId, Side, Trace, testing};
use crate::tcp::State;
use crate::tcp::testing::segment;
use circumstances::v4;

fn errno(name: &str) -> Errno {
    Errno::from_name(name).unwrap()
}

// ---------------------------------------------------------------- the texts

fn terms(text: &str) -> Vec<&str> {
    let mut terms: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    terms.sort_unstable();
    terms
}

/// Names from the manual pages and the RFC: runs of capitals, digits and `_`, of at least three characters.
fn names(text: &str) -> HashSet<&str> {
    let is_part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    text.split(|c| !is_part(c)).filter(|word| word.len() > 2 && word.chars().any(|c| c.is_ascii_uppercase())).collect()
}

#[test]
fn every_text_is_short_and_says_the_same_in_both_languages() {
    for (key, entry) in &Explanations::load().unwrap().entries {
        for words in [&entry.means, &entry.why, &entry.remedy] {
            let [en, zh] = [Lang::EN, zh()].map(|lang| words.get(lang));
            assert!((1..=240).contains(&en.chars().count()), "{key:?}: {} characters: {en}", en.chars().count());
            assert!((1..=100).contains(&zh.chars().count()), "{key:?}: {} characters: {zh}", zh.chars().count());
            assert!(en.ends_with(['.', '"']) && zh.ends_with('。'), "{key:?}: {en} {zh}");
            assert_eq!(terms(en), terms(zh), "{key:?}: {en}");
            assert_eq!(names(en), names(zh), "{key:?}: {en}");
        }
        // Beside the menu there is room for so many lines where the window is tall.
        let rows = |texts: [String; 3]| texts.iter().map(|text| wrap(&text.replace('`', ""), 66).len()).sum::<usize>();
        let ExplanationEntry { means, why, remedy } = entry;
        for (lang, reason, cure) in [(Lang::EN, "Why: ", "What to do: "), (zh(), "原因：", "接下来：")] {
            let texts = [
                means.get(lang).to_owned(),
                format!("{reason}{}", why.get(lang)),
                format!("{cure}{}", remedy.get(lang)),
            ];
            let rows = rows(texts);
            assert!(rows <= 6, "{key:?}: {rows} lines in {lang:?}");
        }
    }
}

/// What the manual pages name for TCP, and the outcomes that surprise learners.
const WANTED: &[(&str, &str)] = &[
    ("socket", "EAFNOSUPPORT EPROTONOSUPPORT"),
    ("bind", "EADDRINUSE EACCES EINVAL EADDRNOTAVAIL EAFNOSUPPORT"),
    ("listen", "EADDRINUSE EINVAL"),
    ("accept", "EINVAL EINTR EAGAIN EMFILE ECONNABORTED blocks returns"),
    (
        "connect",
        "ECONNREFUSED EINPROGRESS EALREADY EISCONN ETIMEDOUT ECONNRESET EADDRNOTAVAIL EADDRINUSE ENETUNREACH EINTR \
         EAFNOSUPPORT EINVAL ECONNABORTED EHOSTUNREACH EACCES blocks returns",
    ),
    ("send", "EPIPE ENOTCONN ECONNRESET EAGAIN EINTR EDESTADDRREQ ETIMEDOUT ECONNREFUSED blocks"),
    ("recv", "ENOTCONN ECONNRESET EAGAIN EINTR ETIMEDOUT ECONNREFUSED blocks"),
    ("shutdown", "ENOTCONN EINVAL"),
    ("close", "EBADF EINTR"),
    ("setsockopt", "ENOPROTOOPT EINVAL"),
    ("fcntl", "EINVAL"),
];

#[test]
fn no_outcome_that_the_manual_pages_name_is_missing() {
    let entries = &Explanations::load().unwrap().entries;
    for (call, outcomes) in WANTED {
        for outcome in outcomes.split_whitespace() {
            let kind = match outcome {
                "blocks" => OutcomeKind::Blocks,
                "returns" => OutcomeKind::Returns,
                name => OutcomeKind::Error(errno(name)),
            };
            assert!(entries.contains_key(&(Some((*call).into()), kind, None)), "{call} {outcome}");
        }
    }
}

#[test]
fn every_error_is_explained_whatever_the_call() {
    let known: Vec<Errno> = (1..200).map(Errno).filter(|errno| errno.name().is_some()).collect();
    assert!(known.len() > 30);
    let all = Explanations::load().unwrap();
    for error in known {
        assert!(all.entries.contains_key(&(None, OutcomeKind::Error(error), None)), "{error}");
    }
    for call in CallName::ALL {
        for lang in Lang::all() {
            assert!(all.explain(call, CallState::Error(Errno(9999)), None, lang).is_some());
        }
    }
}

#[test]
fn the_nearest_entry_counts() {
    let all = Explanations::load().unwrap();
    let means = |call, came, when| all.explain(call, came, when, Lang::EN).map(|found| found.means);
    let pipe = CallState::Error(errno("EPIPE"));
    let own = means(CallName::Send, pipe, Some(Circumstance::Shut)).unwrap();
    let of_call = means(CallName::Send, pipe, None).unwrap();
    assert!(own.contains("This program itself"), "{own}");
    // A circumstance without a text of its own, and a call without one.
    assert_eq!(means(CallName::Send, pipe, Some(Circumstance::TimeWait)), Some(of_call));
    let of_any = means(CallName::Close, pipe, Some(Circumstance::Shut)).unwrap();
    assert!(of_any != of_call && of_any != own, "{of_any}");
    assert!(means(CallName::Close, CallState::Error(Errno(9999)), None).unwrap().contains("no words"));
    // Nothing surprises.
    let returned = Returned::default();
    assert_eq!(means(CallName::Fcntl, CallState::Returned(&returned), None), None);
    assert_eq!(means(CallName::Listen, CallState::Returned(&returned), Some(Circumstance::Datagrams)), None);
    // A circumstance of whatever call.
    let interrupted = means(CallName::Accept, CallState::Error(errno("EINTR")), Some(Circumstance::ClosedMeanwhile));
    assert!(interrupted.unwrap().contains("the descriptor is closed"), "{interrupted:?}");
    assert_eq!(means(CallName::Close, CallState::Blocks, None), None);
    assert_ne!(all.explain(CallName::Send, pipe, None, Lang::EN), all.explain(CallName::Send, pipe, None, zh()));
}

#[test]
fn a_broken_asset_is_told() {
    let entry = |head: &str| {
        let words = "{ en = \"a.\", zh = \"b。\" }";
        format!("[[entry]]\n{head}\nmeans = {words}\nwhy = {words}\ndo = {words}\n")
    };
    let told =
        |asset: &str| read(toml::from_str(asset).unwrap()).err().map(|broken| broken.to_string()).unwrap_or_default();
    assert_eq!(told(&entry("outcome = \"EPIPE\"")), "");
    assert!(told(&entry("outcome = \"EPIPE\"").repeat(2)).contains("twice"));
    assert!(told(&entry("outcome = \"EPIP\"")).contains("EPIP"));
    assert!(told(&entry("call = \"sent\"\noutcome = \"EPIPE\"")).contains("sent"));
    assert!(told(&entry("outcome = \"EPIPE\"\nwhen = \"raining\"")).contains("raining"));
    assert!(told(&entry("outcome = \"EPIPE\"").replace("en = \"a.\", ", "")).contains(".en is missing"));
    assert!(told(&entry("outcome = \"EPIPE\"").replace("zh =", "z_h =")).contains("z_h is no language"));
}

// ---------------------------------------------------------------- the situation, from a trace

fn returned(value: i64) -> Outcome {
    Ok(Returned { value, ..Returned::default() })
}

/// Pushes calls with their outcomes, and other events as they are.
struct Story(Trace);

impl Story {
    fn add(&mut self, event: Event) -> &mut Story {
        self.0.push(Duration::ZERO, event);
        self
    }

    fn call(&mut self, call: Call, outcome: Outcome) -> &mut Story {
        self.side_calls(Side::Client, call, outcome)
    }

    fn server_calls(&mut self, call: Call, outcome: Outcome) {
        self.side_calls(Side::Server, call, outcome);
    }

    fn side_calls(&mut self, side: Side, call: Call, outcome: Outcome) -> &mut Story {
        self.add(Event::Entered { caller: side.into(), call }).add(Event::Returned { caller: side.into(), outcome })
    }

    fn socket(&mut self, fd: Option<i32>, state: State, recv: u32) -> &mut Story {
        let ends = (Some(v4()), Some("127.0.0.1:9".parse().unwrap()));
        let facts = testing::socket(1, Side::Client, fd, state, ends);
        self.add(Event::Socket(crate::model::SocketFacts { recv_queue: recv, ..facts }))
    }

    fn arrives(&mut self, id: u32, flags: &[&str]) -> &mut Story {
        let id = SegmentId(id);
        let segment = segment("127.0.0.1:9".parse().unwrap(), v4(), 1, 1, flags, b"");
        self.add(Event::Sent { id, segment, again: None }).add(Event::Held(id)).add(Event::Delivered(id))
    }

    fn now(&self, call: &Call) -> Situation {
        Situation::at(&self.0.at(self.0.now()), Side::Client, call)
    }
}

#[test]
fn a_situation_is_read_from_calls_kernel_and_wire() {
    let recv = Call::recv(5, 9);
    let mut story = Story(Trace::default());
    assert!(!story.now(&recv).open);
    story.call(Call::Socket { ipv6: false, udp: false }, returned(5));
    assert_eq!(story.now(&recv), Situation::default());
    story.call(Call::Connect { fd: 5, addr: v4() }, returned(0)).socket(Some(5), State::Established, 7);
    let now = story.now(&recv);
    assert!(now.is_connected() && now.was_connected && now.bound && !now.fin, "{now:?}");
    assert_eq!((now.recv_queue, now.peer_accepted), (7, None));
    // The other end, first without a descriptor.
    let ends = (Some("127.0.0.1:9".parse().unwrap()), Some(v4()));
    story.add(Event::Socket(testing::socket(2, Side::Server, None, State::Established, ends)));
    assert_eq!(story.now(&recv).peer_accepted, None, "nobody is known to have listened there");
    let listens = testing::socket(3, Side::Server, Some(7), State::Listen, (ends.0, None));
    story.add(Event::Socket(listens.clone()));
    assert_eq!(story.now(&recv).peer_accepted, None, "nothing waits for accept(): somebody unknown has it");
    story.add(Event::Socket(crate::model::SocketFacts { recv_queue: 1, ..listens.clone() }));
    assert_eq!(story.now(&recv).peer_accepted, Some(false));
    // The kernel's count may be older than the connection: nobody has called accept() at all.
    let mut early = Story(Trace::default());
    early.call(Call::Socket { ipv6: false, udp: false }, returned(5));
    early.call(Call::Connect { fd: 5, addr: v4() }, returned(0)).socket(Some(5), State::Established, 0);
    early.server_calls(Call::Socket { ipv6: false, udp: false }, returned(7));
    let queued = listens.clone();
    early.add(Event::Socket(listens));
    early.add(Event::Socket(testing::socket(2, Side::Server, None, State::Established, ends)));
    assert_eq!(early.now(&recv).peer_accepted, Some(false));
    early.server_calls(Call::Accept { fd: 7 }, Err(Errno(libc::EAGAIN)));
    assert_eq!(early.now(&recv).peer_accepted, None);
    // Who sleeps in accept() has called it, whatever the kernel's count was.
    let waits = Event::Entered { caller: Side::Server.into(), call: Call::Accept { fd: 7 } };
    early.add(Event::Socket(crate::model::SocketFacts { recv_queue: 1, ..queued }));
    assert_eq!(early.now(&recv).peer_accepted, Some(false));
    early.add(waits);
    assert_eq!(early.now(&recv).peer_accepted, None);
    let nc = crate::model::SocketFacts {
        program: Some("nc".into()),
        ..testing::socket(2, Side::Server, None, State::Established, ends)
    };
    story.add(Event::Socket(nc));
    assert_eq!(story.now(&recv).peer_accepted, Some(true), "a program has it");
    story.add(Event::Socket(testing::socket(2, Side::Server, Some(8), State::Established, ends)));
    assert_eq!(story.now(&recv).peer_accepted, Some(true));
    // shutdown(), the peer's FIN, its RST, and what a call is told of it.
    story.call(Call::Shutdown { fd: 5, how: How::Write }, returned(0)).socket(Some(5), State::FinWait2, 0);
    assert_eq!(story.now(&recv).shut, ShutDirections { read: false, write: true });
    story.arrives(0, &["FIN", "ACK"]);
    let now = story.now(&recv);
    assert!(now.fin_delivered && !now.fin && !now.reset, "the kernel hasn't said yet that it counts: {now:?}");
    // The kernel tells no addresses of a CLOSED socket.
    story.add(Event::Socket(testing::socket(1, Side::Client, Some(5), State::Closed, (None, None))));
    story.arrives(1, &["RST"]);
    let now = story.now(&recv);
    assert!(now.reset && now.is_over() && !now.told, "{now:?}");
    story.call(recv.clone(), Err(Errno(libc::ECONNRESET)));
    assert!(story.now(&recv).told);
    // The number again, for another socket: nothing of the first is its own.
    story.call(Call::Close { fd: 5 }, returned(0));
    assert!(!story.now(&recv).open);
    story.call(Call::Socket { ipv6: true, udp: false }, returned(5));
    assert_eq!(story.now(&recv), Situation { ipv6: true, ..Situation::default() });
}

#[test]
fn all_open_descriptors_of_a_side_are_listed_once() {
    let mut story = Story(Trace::default());
    let numbers = |story: &Story| -> Vec<(i32, bool)> {
        let all = Situation::of_newest(&story.0.present(), Side::Client.into(), v4());
        { all.iter() }.filter(|(_, situation)| situation.open).map(|(fd, situation)| (*fd, situation.ipv6)).collect()
    };
    assert_eq!(numbers(&story), []);
    story
        .call(Call::Socket { ipv6: false, udp: false }, returned(5))
        .call(Call::Socket { ipv6: false, udp: false }, returned(6));
    story.call(Call::Accept { fd: 5 }, returned(7)).call(Call::Close { fd: 6 }, Err(Errno(libc::EBADF)));
    assert_eq!(numbers(&story), [(5, false), (6, false), (7, false)]);
    story.call(Call::Close { fd: 5 }, returned(0)).call(Call::Socket { ipv6: true, udp: false }, returned(5));
    story
        .call(Call::Close { fd: 6 }, returned(0))
        .call(Call::Socket { ipv6: false, udp: false }, Err(Errno(libc::EMFILE)));
    assert_eq!(numbers(&story), [(7, false), (5, true)]);
    assert_eq!(Situation::of_newest(&story.0.present(), Side::Server.into(), v4()), []);
}

#[test]
fn what_shutdown_ends_before_a_connection_stays_ended() {
    let mut story = Story(Trace::default());
    let connect = Call::Connect { fd: 5, addr: v4() };
    let shut = Call::Shutdown { fd: 5, how: How::Both };
    story
        .call(Call::Socket { ipv6: false, udp: false }, returned(5))
        .call(connect.clone(), Err(Errno(libc::EINPROGRESS)));
    // It takes the attempt back, and with it all that was ended.
    story.socket(Some(5), State::SynSent, 0).call(shut.clone(), returned(0));
    let now = story.now(&connect);
    assert_eq!((now.shut, now.attempted), (ShutDirections::default(), false));
    story.socket(Some(5), State::Closed, 0).call(shut, Err(Errno(libc::ENOTCONN)));
    let both = ShutDirections { read: true, write: true };
    story.call(connect.clone(), returned(0)).socket(Some(5), State::Established, 0);
    let now = story.now(&connect);
    assert_eq!((now.shut, now.shut_early), (both, true), "the connection has it ended");
    story.call(connect.clone(), Err(Errno(libc::ECONNREFUSED)));
    assert_eq!(story.now(&connect).shut, ShutDirections::default(), "a failed attempt takes it back");
}

#[test]
fn a_segment_that_waits_has_not_come() {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(5)).socket(Some(5), State::Established, 0);
    let rst = segment("127.0.0.1:9".parse().unwrap(), v4(), 1, 1, &["RST"], b"");
    let id = SegmentId(0);
    story.add(Event::Sent { id, segment: rst, again: None }).add(Event::Held(id));
    let recv = Call::recv(5, 9);
    assert!(!story.now(&recv).reset);
    story.add(Event::Delivered(id));
    assert!(story.now(&recv).reset);
}

#[test]
fn other_sockets_tell_who_has_the_port_and_whether_there_is_room() {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(5));
    let bind = Call::Bind { fd: 5, addr: v4() };
    let connect = Call::Connect { fd: 5, addr: v4() };
    assert_eq!(story.now(&bind).port_held_by, None);
    let own = |cookie, state| testing::socket(cookie, Side::Server, None, state, (Some(v4()), None));
    story.add(Event::Socket(own(2, State::TimeWait)));
    assert_eq!(story.now(&bind).port_held_by, Some(PortHolder::TimeWait));
    let waiting = |count| crate::model::SocketFacts { recv_queue: count, send_queue: 1, ..own(3, State::Listen) };
    story.add(Event::Socket(waiting(1)));
    assert_eq!(story.now(&bind).port_held_by, Some(PortHolder::Listener));
    let elsewhere = Call::Bind { fd: 5, addr: "127.0.0.2:8000".parse().unwrap() };
    assert_eq!(story.now(&elsewhere).port_held_by, None, "another address");
    let everywhere = Call::Bind { fd: 5, addr: "0.0.0.0:8000".parse().unwrap() };
    assert_eq!(story.now(&everywhere).port_held_by, Some(PortHolder::Listener));
    let full = |story: &Story| story.now(&connect).queue_full;
    story.add(Event::Socket(waiting(2)));
    assert!(!full(&story), "no SYN has arrived");
    let client = "127.0.0.1:9".parse().unwrap();
    let syn = testing::socket(1, Side::Client, Some(5), State::SynSent, (Some(client), Some(v4())));
    let sent = |id, from, to, flags: &[&str]| {
        [
            Event::Sent { id: SegmentId(id), segment: segment(from, to, 1, 0, flags, b""), again: None },
            Event::Held(SegmentId(id)),
        ]
    };
    story.add(Event::Socket(syn));
    for event in sent(0, client, v4(), &["SYN"]) {
        story.add(event);
    }
    assert!(!full(&story), "it waits on the wire");
    story.add(Event::Delivered(SegmentId(0)));
    assert!(full(&story));
    for event in sent(1, v4(), client, &["SYN", "ACK"]) {
        story.add(event);
    }
    assert!(!full(&story), "it was answered");
}

// ---------------------------------------------------------------- offers

fn named(descriptors: &[(i32, Situation)]) -> Vec<String> {
    let name = |offer: &Offer| match (offer.fd, offer.likely) {
        (None, _) => "socket".to_owned(),
        (Some(fd), Likelihood::Works) => format!("{}({fd})", offer.call),
        (Some(fd), Likelihood::Waits) => format!("{}({fd})…", offer.call),
        (Some(fd), Likelihood::Fails(error)) => format!("{}({fd}) {error}", offer.call),
    };
    offers(Side::Server, descriptors, false).iter().map(name).collect()
}

#[test]
fn what_makes_sense_stands_first_in_the_order_of_a_connection() {
    assert_eq!(named(&[]), ["socket"]);
    assert_eq!(
        named(&[(3, Situation::default())]),
        [
            "bind(3)",
            "listen(3)",
            "connect(3)…",
            "socket",
            "close(3)",
            "accept(3) EINVAL",
            "send(3) EPIPE",
            "recv(3) ENOTCONN",
            "shutdown(3) ENOTCONN"
        ]
    );
    let listener = |waiting| Situation { state: State::Listen, bound: true, recv_queue: waiting, ..Default::default() };
    assert_eq!(named(&[(3, listener(0))])[..2], ["accept(3)…", "listen(3)"]);
    assert_eq!(named(&[(3, listener(1))])[0], "accept(3)");
    // The newest descriptor first.
    let joined = Situation { state: State::Established, was_connected: true, ..Situation::default() };
    assert_eq!(named(&[(3, listener(0)), (4, joined)])[..3], ["send(4)", "recv(4)…", "shutdown(4)"]);
}

#[test]
fn a_clients_first_call_is_connect() {
    let client = |situation| {
        let offered = offers(Side::Client, &[(3, situation)], false);
        offered.into_iter().map(|offer| offer.call).take(3).collect::<Vec<_>>()
    };
    assert_eq!(client(Situation::default()), [CallName::Connect, CallName::Bind, CallName::Listen]);
    assert_eq!(client(Situation { bound: true, ..Default::default() })[0], CallName::Connect);
}

#[test]
fn what_would_fail_is_marked_with_the_error_of_the_state() {
    let has = |situation: Situation, wanted: &[&str]| {
        let found = named(&[(3, situation)]);
        for offer in wanted {
            assert!(found.iter().any(|found| found == offer), "{offer}: {found:?}");
        }
    };
    let joined = |state| Situation { state, was_connected: true, bound: true, ..Situation::default() };
    has(joined(State::Established), &["recv(3)…", "bind(3) EINVAL", "listen(3) EINVAL", "connect(3) EISCONN"]);
    has(Situation { recv_queue: 2, ..joined(State::Established) }, &["recv(3)", "send(3)"]);
    has(Situation { fin: true, ..joined(State::CloseWait) }, &["recv(3)", "send(3)", "shutdown(3)"]);
    let half = Situation { shut: ShutDirections { read: false, write: true }, ..joined(State::FinWait2) };
    has(half.clone(), &["send(3) EPIPE", "recv(3)…"]);
    assert!(!named(&[(3, half)]).iter().any(|offer| offer.starts_with("shutdown")));
    let reset = Situation { reset: true, ..joined(State::Closed) };
    has(reset.clone(), &["recv(3) ECONNRESET", "send(3) ECONNRESET", "shutdown(3) ENOTCONN", "connect(3) EISCONN"]);
    has(Situation { told: true, ..reset.clone() }, &["recv(3)", "send(3) EPIPE"]);
    has(Situation { fin: true, ..reset }, &["recv(3)", "send(3) EPIPE"]);
    has(Situation { state: State::SynSent, bound: true, ..Default::default() }, &["connect(3)…", "bind(3) EINVAL"]);
    has(Situation { bound: true, ..Default::default() }, &["bind(3) EINVAL", "listen(3)"]);
    has(Situation { open: false, ..Default::default() }, &["send(3) EBADF", "close(3) EBADF", "socket"]);
}

#[test]
fn nothing_is_offered_while_the_thread_is_in_a_call() {
    assert_eq!(offers(Side::Server, &[(3, Situation::default())], true), []);
    let shutdown = |situation| {
        let of_all = offers(Side::Server, &[(3, situation)], false);
        of_all.iter().find(|offer| offer.call == CallName::Shutdown).and_then(|offer| offer.how)
    };
    assert_eq!(shutdown(Situation { state: State::Listen, ..Default::default() }), Some(How::Read));
    assert_eq!(shutdown(Situation { state: State::Established, ..Default::default() }), Some(How::Write));
}

/// What a thread sleeps in says what the same would be to the next one.
#[test]
fn what_is_offered_beside_a_thread_that_sleeps_is_so_at_that_moment() {
    let joined = || Situation { state: State::Established, was_connected: true, bound: true, ..Situation::default() };
    let likely = |sleeping: &[Call], call: CallName| {
        let mut descriptors = vec![(3, joined()), (4, joined())];
        beside_sleepers(&mut descriptors, sleeping.iter());
        let offered = offers(Side::Client, &descriptors, false);
        [3, 4].map(|fd| offered.iter().find(|offer| offer.call == call && offer.fd == Some(fd)).unwrap().likely)
    };
    let bad = Likelihood::Fails(Errno(libc::EBADF));
    assert_eq!(likely(&[], CallName::Send), [Likelihood::Works; 2]);
    assert_eq!(likely(&[Call::send(3, vec![0])], CallName::Send), [Likelihood::Waits, Likelihood::Works]);
    assert_eq!(likely(&[Call::recv(3, 1)], CallName::Recv), [Likelihood::Waits; 2]);
    assert_eq!(likely(&[Call::recv(3, 1)], CallName::Close), [Likelihood::Works; 2]);
    for call in [CallName::Send, CallName::Recv, CallName::Close] {
        assert_eq!(likely(&[Call::Close { fd: 3 }], call)[0], bad, "{call}");
    }
}
