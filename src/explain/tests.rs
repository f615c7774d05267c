use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use super::table::{Entry, Kind, Sentence, read};
use super::*;
use crate::i18n::wrap;
use crate::model::{Call, CallName, Event, How, SegmentId, Side, Trace, testing};
use crate::tcp::State;
use crate::tcp::testing::segment;

const ASSET: &str = include_str!("../../assets/text/errors.toml");

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
            let Sentence { en, zh } = words;
            assert!((1..=240).contains(&en.chars().count()), "{key:?}: {} characters: {en}", en.chars().count());
            assert!((1..=100).contains(&zh.chars().count()), "{key:?}: {} characters: {zh}", zh.chars().count());
            assert!(en.ends_with(['.', '"']) && zh.ends_with('。'), "{key:?}: {en} {zh}");
            assert_eq!(terms(en), terms(zh), "{key:?}: {en}");
            assert_eq!(names(en), names(zh), "{key:?}: {en}");
        }
        // Beside the menu there is room for so many lines where the window is tall.
        let rows = |texts: [String; 3]| texts.iter().map(|text| wrap(&text.replace('`', ""), 66).len()).sum::<usize>();
        let Entry { means, why, remedy } = entry;
        let en = rows([means.en.clone(), format!("Why: {}", why.en), format!("What to do: {}", remedy.en)]);
        let zh = rows([means.zh.clone(), format!("原因：{}", why.zh), format!("怎么办：{}", remedy.zh)]);
        assert!(en.max(zh) <= 6, "{key:?}: {en} and {zh} lines");
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
                "blocks" => Kind::Blocks,
                "returns" => Kind::Returns,
                name => Kind::Error(errno(name)),
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
        assert!(all.entries.contains_key(&(None, Kind::Error(error), None)), "{error}");
    }
    for call in CallName::ALL {
        for lang in [Lang::En, Lang::Zh] {
            assert!(all.explain(call, Came::Error(Errno(9999)), None, lang).is_some());
        }
    }
}

#[test]
fn the_nearest_entry_counts() {
    let all = Explanations::load().unwrap();
    let means = |call, came, when| all.explain(call, came, when, Lang::En).map(|found| found.means);
    let pipe = Came::Error(errno("EPIPE"));
    let own = means(CallName::Send, pipe, Some(Circumstance::Shut)).unwrap();
    let of_call = means(CallName::Send, pipe, None).unwrap();
    assert!(own.contains("This program itself"), "{own}");
    // A circumstance without a text of its own, and a call without one.
    assert_eq!(means(CallName::Send, pipe, Some(Circumstance::TimeWait)), Some(of_call));
    let of_any = means(CallName::Close, pipe, Some(Circumstance::Shut)).unwrap();
    assert!(of_any != of_call && of_any != own, "{of_any}");
    assert!(means(CallName::Close, Came::Error(Errno(9999)), None).unwrap().contains("no words"));
    // Nothing surprises.
    let returned = Returned::default();
    assert_eq!(means(CallName::Bind, Came::Returned(&returned), None), None);
    assert_eq!(means(CallName::Close, Came::Blocks, None), None);
    assert_ne!(all.explain(CallName::Send, pipe, None, Lang::En), all.explain(CallName::Send, pipe, None, Lang::Zh));
}

#[test]
fn a_broken_asset_is_told() {
    let entry = |head: &str| {
        let words = "{ en = \"a.\", zh = \"b。\" }";
        format!("[[entry]]\n{head}\nmeans = {words}\nwhy = {words}\ndo = {words}\n")
    };
    let told = |asset: &str| read(asset).err().map(|broken| broken.to_string()).unwrap_or_default();
    assert_eq!(told(&entry("outcome = \"EPIPE\"")), "");
    assert!(told(&entry("outcome = \"EPIPE\"").repeat(2)).contains("twice"));
    assert!(told(&entry("outcome = \"EPIP\"")).contains("EPIP"));
    assert!(told(&entry("call = \"sent\"\noutcome = \"EPIPE\"")).contains("sent"));
    assert!(told(&entry("outcome = \"EPIPE\"\nwhen = \"raining\"")).contains("raining"));
    assert!(told(&entry("outcome = \"EPIPE\"").replace(", zh = \"b。\"", "")).contains("zh"));
}

// ---------------------------------------------------------------- circumstances

fn v4() -> SocketAddr {
    "127.0.0.1:8000".parse().unwrap()
}

/// A call, what it came to, what was known, and the reason that follows.
type Case = (Call, Result<i64, &'static str>, Facts, Option<Circumstance>);

fn bind() -> Call {
    Call::Bind { fd: 3, addr: v4() }
}

fn listen() -> Call {
    Call::Listen { fd: 3, backlog: 1 }
}

fn accept() -> Call {
    Call::Accept { fd: 3 }
}

fn connect() -> Call {
    Call::Connect { fd: 3, addr: v4() }
}

fn send() -> Call {
    Call::Send { fd: 3, data: b"hello".to_vec() }
}

fn recv() -> Call {
    Call::Recv { fd: 3, len: 5 }
}

fn shut(how: How) -> Call {
    Call::Shutdown { fd: 3, how }
}

fn close() -> Call {
    Call::Close { fd: 3 }
}

fn state(state: State) -> Situation {
    Situation { state, bound: true, ..Situation::default() }
}

fn joined(at: State) -> Situation {
    Situation { was_connected: true, ..state(at) }
}

fn with(change: fn(&mut Situation), mut situation: Situation) -> Situation {
    change(&mut situation);
    situation
}

fn held(by: Holder) -> Situation {
    Situation { port_held_by: Some(by), ..Situation::default() }
}

/// The same with what was known before alone.
type Known = (Call, Result<i64, &'static str>, Situation, Option<Circumstance>);

/// What was known before; nothing came of the call meanwhile.
fn known(cases: Vec<Known>) -> Vec<Case> {
    cases.into_iter().map(|(call, came, known, wanted)| (call, came, Facts::steady(known), wanted)).collect()
}

fn before_a_connection() -> Vec<Case> {
    use Circumstance::*;
    use State::{Closed, Established, Listen, SynRecv, SynSent};
    let any_port = || Call::Bind { fd: 3, addr: "127.0.0.1:0".parse().unwrap() };
    let bound = |by| Situation { bound: true, ..held(by) };
    let reuse = |by| Situation { reuse: true, bound: true, ..held(by) };
    known(vec![
        (bind(), Err("EADDRINUSE"), Situation::default(), None),
        (bind(), Err("EADDRINUSE"), held(Holder::TimeWait), Some(TimeWait)),
        (bind(), Err("EADDRINUSE"), held(Holder::Connection), Some(Connected)),
        (bind(), Err("EADDRINUSE"), held(Holder::Bound), Some(Bound)),
        (bind(), Err("EADDRINUSE"), held(Holder::Listener), Some(Listening)),
        (bind(), Err("EADDRINUSE"), reuse(Holder::Listener), Some(Listening)),
        (bind(), Err("EADDRINUSE"), reuse(Holder::TimeWait), Some(ReuseHereOnly)),
        (bind(), Err("EADDRINUSE"), reuse(Holder::Connection), Some(ReuseHereOnly)),
        (bind(), Err("EADDRINUSE"), reuse(Holder::Bound), Some(ReuseHereOnly)),
        (any_port(), Err("EADDRINUSE"), Situation::default(), Some(NoPort)),
        (bind(), Err("EINVAL"), with(|s| s.ipv6 = true, Situation::default()), Some(OtherFamily)),
        (bind(), Err("EINVAL"), state(Closed), None),
        (listen(), Err("EADDRINUSE"), Situation::default(), Some(NoPort)),
        (listen(), Err("EADDRINUSE"), state(Closed), None),
        (listen(), Err("EADDRINUSE"), bound(Holder::Listener), Some(Listening)),
        (listen(), Err("EADDRINUSE"), bound(Holder::Connection), Some(Connected)),
        (listen(), Err("EADDRINUSE"), bound(Holder::TimeWait), Some(TimeWait)),
        (listen(), Err("EADDRINUSE"), reuse(Holder::Connection), Some(ReuseHereOnly)),
        (listen(), Err("EINVAL"), joined(Closed), Some(Over)),
        (listen(), Err("EINVAL"), joined(Established), None),
        (listen(), Ok(0), Situation::default(), Some(Unbound)),
        (listen(), Ok(0), state(Listen), Some(Listening)),
        (listen(), Ok(0), state(Closed), None),
        (accept(), Err("EINVAL"), joined(Established), Some(Connected)),
        (accept(), Err("EINVAL"), joined(Closed), Some(Over)),
        (accept(), Err("EINVAL"), with(|s| s.stopped_listening = true, state(Closed)), Some(Shut)),
        (accept(), Err("EINVAL"), Situation::default(), None),
        (accept(), Err("blocks"), state(Listen), None),
        (accept(), Err("blocks"), with(|s| s.defers = true, state(Listen)), Some(Defers)),
        (accept(), Ok(4), joined(Established), None),
        (accept(), Ok(4), with(|s| s.reset = true, joined(Closed)), Some(Reset)),
        (accept(), Ok(4), with(|s| s.fin_delivered = true, joined(Established)), Some(PeerClosed)),
        (connect(), Err("EISCONN"), state(Listen), Some(Listening)),
        (connect(), Err("EISCONN"), joined(Closed), Some(Over)),
        (connect(), Err("EISCONN"), joined(Established), None),
        (connect(), Err("blocks"), with(|s| s.queue_full = true, state(SynSent)), Some(QueueFull)),
        (connect(), Err("blocks"), with(|s| s.to_itself = true, state(SynSent)), Some(ToItself)),
        (connect(), Err("blocks"), state(SynRecv), Some(Simultaneous)),
        (connect(), Err("blocks"), state(SynSent), None),
        (connect(), Ok(0), joined(Established), None),
        (connect(), Ok(0), with(|s| s.simultaneous = true, joined(Established)), Some(Simultaneous)),
        (connect(), Ok(0), with(|s| s.to_itself = true, joined(Established)), Some(ToItself)),
        (Call::Socket { ipv6: false, udp: false }, Err("EMFILE"), Situation::default(), None),
    ])
}

fn on_a_connection() -> Vec<Case> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, Listen, SynRecv, SynSent};
    let fresh = Situation::default;
    known(vec![
        (send(), Err("EPIPE"), fresh(), Some(NeverConnected)),
        // A refused connection was none, though a RST came.
        (send(), Err("EPIPE"), with(|s| s.reset = true, fresh()), Some(NeverConnected)),
        (send(), Err("EPIPE"), state(Listen), Some(Listening)),
        (send(), Err("EPIPE"), with(|s| s.shut.write = true, joined(FinWait2)), Some(Shut)),
        (send(), Err("EPIPE"), with(|s| s.shut.write = true, joined(Established)), Some(ShutEarly)),
        (send(), Err("EPIPE"), with(|s| s.reset = true, joined(Closed)), Some(Reset)),
        (send(), Err("EPIPE"), joined(Closed), Some(Over)),
        (send(), Err("EPIPE"), joined(Established), None),
        (send(), Err("EAGAIN"), state(SynSent), Some(Connecting)),
        (send(), Err("EAGAIN"), joined(Established), None),
        (send(), Err("blocks"), state(SynSent), Some(Connecting)),
        (send(), Err("blocks"), joined(Established), None),
        (send(), Ok(5), with(|s| s.peer_accepted = Some(false), joined(Established)), Some(NotAccepted)),
        (send(), Ok(3), joined(Established), Some(Short)),
        (send(), Ok(5), with(|s| s.fin = true, joined(CloseWait)), Some(PeerClosed)),
        (send(), Ok(5), with(|s| s.peer_accepted = Some(true), joined(Established)), None),
        (recv(), Err("ENOTCONN"), state(Listen), Some(Listening)),
        (recv(), Err("ENOTCONN"), fresh(), None),
        (recv(), Err("EAGAIN"), state(SynSent), Some(Connecting)),
        (recv(), Err("EAGAIN"), joined(Established), None),
        (recv(), Err("blocks"), state(SynSent), Some(Connecting)),
        (recv(), Err("blocks"), joined(Established), None),
        (recv(), Ok(0), joined(Established), None),
        (recv(), Ok(0), with(|s| s.fin = true, joined(CloseWait)), Some(PeerClosed)),
        // It came while the call waited: what was known before doesn't have it.
        (recv(), Ok(0), with(|s| s.fin_delivered = true, joined(Established)), Some(PeerClosed)),
        (recv(), Ok(0), with(|s| (s.fin, s.shut.write) = (true, true), joined(LastAck)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| s.fin_delivered = true, joined(FinWait1)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| (s.fin, s.reset) = (true, true), joined(Closed)), Some(BothEnded)),
        (recv(), Ok(0), with(|s| s.shut.read = true, joined(Established)), Some(Shut)),
        (recv(), Ok(0), with(|s| (s.shut.read, s.shut_early) = (true, true), joined(Established)), Some(ShutEarly)),
        (recv(), Ok(0), with(|s| (s.reset, s.told) = (true, true), joined(Closed)), Some(Reset)),
        (recv(), Ok(0), with(|s| (s.reset, s.told) = (true, true), fresh()), Some(Over)),
        (recv(), Ok(3), joined(Established), Some(Short)),
        (recv(), Ok(5), joined(Established), None),
        (Call::Recv { fd: 3, len: 0 }, Ok(0), joined(Established), Some(NothingAsked)),
        (shut(How::Write), Err("ENOTCONN"), joined(Closed), Some(Over)),
        (shut(How::Write), Err("ENOTCONN"), fresh(), None),
        (shut(How::Write), Ok(0), joined(Established), Some(Connected)),
        (shut(How::Both), Ok(0), joined(Established), Some(BothWays)),
        (shut(How::Both), Ok(0), joined(CloseWait), Some(LastDirection)),
        (shut(How::Write), Ok(0), joined(CloseWait), Some(LastDirection)),
        (shut(How::Write), Ok(0), with(|s| s.to_itself = true, joined(Established)), Some(ToItself)),
        (shut(How::Write), Ok(0), joined(FinWait2), None),
        (shut(How::Both), Ok(0), joined(FinWait2), Some(OnlyReading)),
        (shut(How::Read), Ok(0), joined(Established), Some(OnlyReading)),
        (shut(How::Read), Ok(0), state(Listen), Some(Listening)),
        (shut(How::Write), Ok(0), state(Listen), Some(NoEffect)),
        (shut(How::Write), Ok(0), state(SynSent), Some(Connecting)),
        (shut(How::Write), Ok(0), state(SynRecv), Some(Simultaneous)),
        (shut(How::Read), Ok(0), state(SynRecv), None),
    ])
}

fn closing() -> Vec<Case> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, Listen, SynRecv, SynSent};
    let waits = |queue, state| Situation { recv_queue: queue, ..joined(state) };
    let lingers = |seconds| Situation { linger: Some(seconds), send_queue: 1, ..joined(Established) };
    let unseen = |before| Situation { seen: false, ..before };
    let [fin, reset, slept, acknowledged] = [
        Course { sent_fin: true, ..Course::default() },
        Course { sent_reset: true, ..Course::default() },
        Course { sent_fin: true, slept: true, ..Course::default() },
        Course { sent_fin: true, slept: true, fin_acknowledged: true, ..Course::default() },
    ];
    let quiet = Course::default();
    let cases = [
        // It is the RST that tells: a FIN went where the table was older than the call.
        (waits(5, Established), reset, Some(Unread)),
        (waits(5, Established), fin, None),
        (waits(2, CloseWait), reset, Some(Unread)),
        (waits(1, CloseWait), fin, None),
        (joined(Established), reset, Some(ResetSent)),
        (unseen(waits(5, Established)), quiet, Some(Unseen)),
        (unseen(waits(1, CloseWait)), quiet, None),
        (unseen(lingers(0)), quiet, Some(Unseen)),
        (lingers(0), reset, Some(LingerZero)),
        (Situation { recv_queue: 2, ..lingers(0) }, reset, Some(Unread)),
        (lingers(3), acknowledged, Some(Lingered)),
        (lingers(3), slept, Some(LingerOver)),
        (lingers(3), fin, Some(Unsent)),
        (Situation { send_queue: 1, ..joined(Established) }, fin, Some(Unsent)),
        (Situation { send_queue: 1, ..joined(CloseWait) }, quiet, Some(Unsent)),
        (Situation { recv_queue: 1, ..state(Listen) }, quiet, Some(Listening)),
        (Situation { port_held_by: Some(Holder::Listener), ..state(Listen) }, quiet, Some(NoEffect)),
        (Situation { send_queue: 1, ..state(SynSent) }, quiet, Some(Connecting)),
        (state(SynRecv), fin, Some(Simultaneous)),
        (joined(Established), fin, None),
        (waits(1, Closed), quiet, None),
    ];
    let case = |(before, course, wanted)| (close(), Ok(0), Facts { course, ..Facts::steady(before) }, wanted);
    let blocks = (close(), Err("blocks"), Facts::steady(lingers(3)), Some(Lingered));
    cases.into_iter().map(case).chain([blocks]).collect()
}

fn of_datagrams() -> Vec<Case> {
    let sendto = || Call::SendTo { fd: 3, data: b"hello".to_vec(), addr: v4() };
    let recvfrom = || Call::RecvFrom { fd: 3, len: 5 };
    let cases = [
        (recv(), Err("blocks")),
        (recvfrom(), Err("blocks")),
        (connect(), Ok(0)),
        (recv(), Err("ECONNREFUSED")),
        (recvfrom(), Err("ECONNREFUSED")),
        (send(), Err("ECONNREFUSED")),
        (sendto(), Err("ECONNREFUSED")),
        (send(), Err("EDESTADDRREQ")),
    ];
    let udp = || Situation { udp: true, ..Situation::default() };
    known(cases.map(|(call, came)| (call, came, udp(), Some(Circumstance::Datagrams))).to_vec())
}

/// The kernel has taken another number.
fn capped() -> Vec<Case> {
    let listens = |backlog| Situation { send_queue: backlog, ..state(State::Listen) };
    let asked = |backlog| Call::Listen { fd: 3, backlog };
    let facts = |now| Facts { now: listens(now), ..Facts::steady(state(State::Closed)) };
    let cases = [(-1, 4096, true), (5000, 4096, true), (0, 0, false), (8, 8, false)];
    let wanted = |is: bool| is.then_some(Circumstance::Capped);
    cases.map(|(backlog, now, is)| (asked(backlog), Ok(0), facts(now), wanted(is))).to_vec()
}

fn cases() -> Vec<Case> {
    [before_a_connection(), on_a_connection(), closing(), of_datagrams(), capped()].concat()
}

#[test]
fn the_reason_follows_from_the_situation_and_every_text_has_its_situation() {
    let mut seen = HashSet::new();
    for (call, came, facts, wanted) in cases() {
        let returned = came.map(|value| Returned { value, ..Returned::default() });
        let (came, kind) = match &returned {
            Ok(returned) => (Came::Returned(returned), Kind::Returns),
            Err("blocks") => (Came::Blocks, Kind::Blocks),
            Err(name) => (Came::Error(errno(name)), Kind::Error(errno(name))),
        };
        assert_eq!(Circumstance::of(&call, came, &facts), wanted, "{call:?} {came:?} {facts:?}");
        seen.insert((Some(call.name().name().to_owned()), kind, wanted));
    }
    let entries = &Explanations::load().unwrap().entries;
    for key in entries.keys().filter(|key| key.2.is_some() && key.1 != Kind::Since) {
        assert!(seen.contains(key), "nothing leads to {key:?}");
    }
    for key in seen.iter().filter(|key| key.2.is_some()) {
        assert!(entries.contains_key(key), "{key:?} has no text");
    }
    assert!(ASSET.contains("when = "));
}

/// A call, what it came to, its circumstance, what was so when it returned and what is so now, and what is said of it.
type Later = (Call, Result<i64, &'static str>, Option<Circumstance>, [Situation; 2], Option<Circumstance>);

fn later() -> Vec<Later> {
    use Circumstance::*;
    use State::{CloseWait, Closed, Established, FinWait1, Listen, SynSent, TimeWait as TimeWaits};
    let open = || joined(Established);
    let reset = || with(|s| s.reset = true, joined(Closed));
    let over = || joined(Closed);
    let fin = || with(|s| s.fin = true, joined(CloseWait));
    let fresh = |reset| Situation { reset, ..state(Closed) };
    let (begun, waits) = (Err("EINPROGRESS"), Err("EAGAIN"));
    let queue = |n, state| Situation { recv_queue: n, ..joined(state) };
    let full = |n| Situation { send_queue: n, ..open() };
    vec![
        (connect(), Ok(0), None, [open(), open()], None),
        (connect(), Ok(0), None, [open(), reset()], Some(Reset)),
        (connect(), Ok(0), None, [open(), over()], Some(Over)),
        (connect(), Ok(0), None, [open(), fin()], Some(PeerClosed)),
        (connect(), begun, None, [state(SynSent), state(SynSent)], None),
        (connect(), begun, None, [state(SynSent), open()], Some(Connected)),
        (connect(), begun, None, [state(SynSent), fresh(true)], Some(Refused)),
        (connect(), begun, None, [state(SynSent), fresh(false)], Some(GaveUp)),
        (connect(), begun, None, [state(SynSent), reset()], Some(Reset)),
        (connect(), Err("EALREADY"), None, [state(SynSent), fresh(true)], Some(Refused)),
        (connect(), Err("EINTR"), None, [state(SynSent), open()], Some(Connected)),
        (connect(), Err("EISCONN"), None, [open(), reset()], Some(Reset)),
        (connect(), Err("EISCONN"), Some(Over), [over(), over()], None),
        (accept(), Ok(4), None, [open(), reset()], Some(Reset)),
        (accept(), Ok(4), Some(Reset), [reset(), reset()], None),
        (accept(), waits, None, [state(Listen), state(Listen)], None),
        (accept(), waits, None, [state(Listen), queue(1, Listen)], Some(Ready)),
        (recv(), waits, None, [open(), queue(3, Established)], Some(Ready)),
        (recv(), waits, None, [open(), fin()], Some(PeerClosed)),
        (recv(), waits, None, [open(), reset()], Some(Reset)),
        (recv(), waits, Some(Connecting), [state(SynSent), open()], Some(Connected)),
        (recv(), Ok(3), Some(Short), [open(), reset()], Some(Reset)),
        (recv(), Ok(0), Some(PeerClosed), [fin(), reset()], Some(Reset)),
        (send(), waits, None, [full(9), full(0)], Some(Ready)),
        (send(), waits, None, [full(9), full(5)], None),
        (send(), Ok(5), Some(NotAccepted), [open(), reset()], Some(Reset)),
        (shut(How::Write), Ok(0), Some(Connected), [open(), joined(FinWait1)], None),
        (shut(How::Write), Ok(0), Some(Connected), [open(), joined(TimeWaits)], Some(Over)),
        (close(), Ok(0), Some(Unsent), [joined(FinWait1), reset()], Some(Reset)),
        (close(), Ok(0), Some(LingerOver), [joined(FinWait1), over()], Some(Over)),
        (close(), Ok(0), Some(Unread), [over(), over()], None),
        (bind(), Err("EADDRINUSE"), None, [held(Holder::Bound), held(Holder::Bound)], None),
        (bind(), Err("EADDRINUSE"), None, [held(Holder::TimeWait), Situation::default()], Some(Free)),
        // Of a blocking call the present is told anyway.
        (connect(), Err("blocks"), None, [state(SynSent), reset()], None),
    ]
}

#[test]
fn what_has_changed_since_is_said_instead() {
    let mut seen = HashSet::new();
    for (call, came, circumstance, [after, now], wanted) in later() {
        let returned = came.map(|value| Returned { value, ..Returned::default() });
        let came = match &returned {
            Ok(returned) => Came::Returned(returned),
            Err("blocks") => Came::Blocks,
            Err(name) => Came::Error(errno(name)),
        };
        let changed = after != now;
        let now = Situation { state_since: if changed { 9 } else { 3 }, ..now };
        let after = Situation { state_since: 3, ..after };
        let facts = Facts { before: after.clone(), course: Course::default(), after, now, returned: 5 };
        assert_eq!(super::since::since(&call, came, circumstance, &facts), wanted, "{call:?} {came:?} {facts:?}");
        seen.extend(wanted);
    }
    let all = Explanations::load().unwrap();
    for what in &seen {
        assert!(all.since(*what, Lang::En).is_some(), "{what:?} has no text");
    }
    assert_eq!(all.entries.keys().filter(|key| key.1 == Kind::Since).count(), seen.len());
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
        let side = Side::Client;
        self.add(Event::Entered { side, worker: 0, call }).add(Event::Returned { side, worker: 0, outcome })
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
    let recv = Call::Recv { fd: 5, len: 9 };
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
    story.add(Event::Socket(crate::model::SocketFacts { recv_queue: 1, ..listens }));
    assert_eq!(story.now(&recv).peer_accepted, Some(false));
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
    assert_eq!(story.now(&recv).shut, Shut { read: false, write: true });
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
        let all = Situation::all(&story.0.at(story.0.now()), Side::Client);
        all.iter().map(|(fd, situation)| (*fd, situation.ipv6)).collect()
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
    assert_eq!(Situation::all(&story.0.at(story.0.now()), Side::Server), []);
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
    assert_eq!((now.shut, now.attempted), (Shut::default(), false));
    story.socket(Some(5), State::Closed, 0).call(shut, Err(Errno(libc::ENOTCONN)));
    let both = Shut { read: true, write: true };
    story.call(connect.clone(), returned(0)).socket(Some(5), State::Established, 0);
    let now = story.now(&connect);
    assert_eq!((now.shut, now.shut_early), (both, true), "the connection has it ended");
    story.call(connect.clone(), Err(Errno(libc::ECONNREFUSED)));
    assert_eq!(story.now(&connect).shut, Shut::default(), "a failed attempt takes it back");
}

#[test]
fn a_segment_that_waits_has_not_come() {
    let mut story = Story(Trace::default());
    story.call(Call::Socket { ipv6: false, udp: false }, returned(5)).socket(Some(5), State::Established, 0);
    let rst = segment("127.0.0.1:9".parse().unwrap(), v4(), 1, 1, &["RST"], b"");
    let id = SegmentId(0);
    story.add(Event::Sent { id, segment: rst, again: None }).add(Event::Held(id));
    let recv = Call::Recv { fd: 5, len: 9 };
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
    assert_eq!(story.now(&bind).port_held_by, Some(Holder::TimeWait));
    let waiting = |count| crate::model::SocketFacts { recv_queue: count, send_queue: 1, ..own(3, State::Listen) };
    story.add(Event::Socket(waiting(1)));
    assert_eq!(story.now(&bind).port_held_by, Some(Holder::Listener));
    let elsewhere = Call::Bind { fd: 5, addr: "127.0.0.2:8000".parse().unwrap() };
    assert_eq!(story.now(&elsewhere).port_held_by, None, "another address");
    let everywhere = Call::Bind { fd: 5, addr: "0.0.0.0:8000".parse().unwrap() };
    assert_eq!(story.now(&everywhere).port_held_by, Some(Holder::Listener));
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
        (Some(fd), Likely::Works) => format!("{}({fd})", offer.call),
        (Some(fd), Likely::Waits) => format!("{}({fd})…", offer.call),
        (Some(fd), Likely::Fails(error)) => format!("{}({fd}) {error}", offer.call),
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
    let half = Situation { shut: Shut { read: false, write: true }, ..joined(State::FinWait2) };
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

// ---------------------------------------------------------------- what came of a call, from a trace

fn client() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

impl Story {
    /// The newest call's facts.
    fn facts(&self) -> Facts {
        let view = self.0.present();
        let call = view.calls(Side::Client).next().unwrap();
        Facts::of(&view, &call)
    }

    /// What the newest call is explained by, and what has changed since.
    fn reason(&self) -> (Option<Circumstance>, Option<Circumstance>) {
        let (view, facts) = (self.0.present(), self.facts());
        let call = view.calls(Side::Client).next().unwrap();
        let came = call.outcome.map_or(Came::Blocks, Came::from);
        let circumstance = Circumstance::of(call.call, came, &facts);
        (circumstance, super::since::since(call.call, came, circumstance, &facts))
    }

    fn enters(&mut self, worker: u32, call: Call) -> &mut Story {
        self.add(Event::Entered { side: Side::Client, worker, call })
    }

    fn comes_back(&mut self, worker: u32, outcome: Outcome) -> &mut Story {
        self.add(Event::Returned { side: Side::Client, worker, outcome })
    }

    fn leaves(&mut self, id: u32, seq: u32, flags: &[&str]) -> &mut Story {
        let id = SegmentId(id);
        let segment = segment(v4(), client(), seq, 1, flags, b"");
        self.add(Event::Sent { id, segment, again: None }).add(Event::Held(id))
    }

    /// A listener from which a connection was accepted, by a worker that goes on with it.
    fn accepted() -> Story {
        let mut story = Story(Trace::default());
        let peer = Some(client());
        let listens = testing::socket(7, Side::Client, Some(3), State::Listen, (Some(v4()), None));
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3)).call(listen(), returned(0));
        story.add(Event::Socket(listens));
        story.arrives(0, &["SYN"]);
        story.enters(0, accept()).comes_back(0, Ok(Returned { value: 4, data: Vec::new(), peer }));
        story
    }
}

/// A worker closes: what the table said last is older than its recv(). The FIN that went tells that nothing was unread.
#[test]
fn a_close_is_told_by_what_went_out_and_not_by_an_old_table() {
    let close = Call::Close { fd: 4 };
    for (flags, wanted) in [(&["FIN", "ACK"], None), (&["RST", "ACK"], Some(Circumstance::Unread))] {
        let mut story = Story::accepted();
        story.socket(Some(4), State::Established, 3);
        story.enters(4, Call::Recv { fd: 4, len: 9 }).comes_back(4, returned(3));
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
        story.enters(0, Call::Close { fd: 4 }).add(Event::Blocked { side: Side::Client, worker: 0 });
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
    story.enters(0, accept()).comes_back(0, Ok(Returned { value: 4, data: Vec::new(), peer }));
    assert_eq!(story.reason(), (None, None));
    story.arrives(3, &["RST"]);
    story.add(Event::Socket(testing::socket(1, Side::Client, Some(4), State::Closed, (None, None))));
    assert_eq!(story.reason(), (None, Some(Circumstance::Reset)), "it came later");
    story.enters(0, accept()).comes_back(0, Ok(Returned { value: 5, data: Vec::new(), peer }));
    assert_eq!(story.reason(), (Some(Circumstance::Reset), None));
}

#[test]
fn an_attempt_in_the_background_is_followed() {
    let end = |state, ends| Event::Socket(testing::socket(1, Side::Client, Some(3), state, ends));
    let ends = (Some(v4()), Some(client()));
    let begun = || {
        let mut story = Story(Trace::default());
        story.call(Call::Socket { ipv6: false, udp: false }, returned(3));
        story.call(Call::SetNonblocking { fd: 3 }, returned(0));
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
    let marked = |story: &Story| named(&Situation::all(&story.0.present(), Side::Client));
    assert!(marked(&refused).contains(&"connect(3) ECONNREFUSED".to_owned()), "{:?}", marked(&refused));
    refused.call(recv(), Err(Errno(libc::ECONNREFUSED)));
    assert!(marked(&refused).contains(&"connect(3) ECONNABORTED".to_owned()), "{:?}", marked(&refused));
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
        story.add(Event::Blocked { side: Side::Client, worker: 0 });
        assert_eq!(story.reason(), (Some(wanted), None));
        story.comes_back(0, returned(0));
        assert_eq!(story.reason(), (Some(wanted), None));
    }
}
