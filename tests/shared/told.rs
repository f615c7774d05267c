//! What is said of what only programs do: real programs in a real lab, told as text in each language.

use std::path::Path;

use sockwalk::explain::{TimerFacts, explain, story};
use sockwalk::i18n::{Lang, fill};
use sockwalk::model::{Event, Side, lab_number};
use sockwalk::tcp::Numbers;

use crate::common::{finish, lab_users, zh};
use crate::stage::{Seat, Stage};

/// What the transcript of a program's run says, in English and in Chinese, without any space.
fn told(what: &str) -> Option<[String; 2]> {
    let (mut stage, watch) = run(what)?;
    let recording = stage.recording_path(watch);
    let told = [Lang::EN, zh()].map(|lang| {
        let words = ["replay", recording.to_str().unwrap(), "--shown", "text", "--lang", lang.code()];
        unspaced(&finish(&mut stage.command(&words)).succeeded().stdout)
    });
    stage.ends();
    Some(told)
}

/// A program's run, from its beginning to its end, with who watched and recorded it.
fn run(what: &str) -> Option<(Stage, Seat)> {
    let user = lab_users().into_iter().next_back()?;
    let mut stage = Stage::of(user);
    let python = stage.tool("python3", "--version")?;
    let script = stage.write("does.py", include_str!("programs/does.py"));
    let watch = stage.join(&["watch"]);
    let command = stage.command(&["exec", "--report", "--", &python, script.to_str().unwrap(), what]);
    let run = stage.beside(command, "");
    let status = stage.wait_end(run);
    assert!(status.success(), "{}", stage.said(run));
    stage.wait_event(watch, "the program's leaving", |event| matches!(event, Event::Left(_)));
    stage.quit(watch);
    Some((stage, watch))
}

/// Each outcome of a program's calls that is explained, as it was when the call returned: the call, what it came to, what it means.
fn outcomes(what: &str) -> Option<Vec<String>> {
    let (mut stage, watch) = run(what)?;
    let trace = stage.as_trace(watch);
    let mut told = Vec::new();
    for (moment, entry) in trace.entries().iter().enumerate() {
        let Event::Returned { caller, outcome } = &entry.event else { continue };
        let view = trace.at(moment + 1);
        let Some(call) = view.calls_of_thread(*caller).find(|call| call.changed == moment) else { continue };
        let came = outcome.as_ref().map_or_else(ToString::to_string, |returned| returned.value.to_string());
        let means = explain(&view, &call, Lang::EN).0.map_or("", |explained| explained.means);
        told.push(format!("{} {came}: {means}", call.called()));
    }
    stage.ends();
    Some(told)
}

/// Runs a program, and looks for these outcomes among those of its calls, in their order: the call's name, the entry's call, outcome
/// and circumstance.
#[track_caller]
fn explains(what: &str, wanted: &[(&str, [&str; 3])]) {
    let Some(told) = outcomes(what) else { return };
    let errors = asset("errors.toml");
    let mut rest = told.iter();
    for (called, entry) in wanted {
        let word = |of: &toml::Value, key: &str| of.get(key).and_then(toml::Value::as_str).unwrap_or("").to_owned();
        let is_it = |of: &&toml::Value| ["call", "outcome", "when"].map(|key| word(of, key)) == *entry;
        let found = errors["entry"].as_array().unwrap().iter().find(is_it).expect("an entry");
        let means = format!(": {}", found["means"]["en"].as_str().unwrap());
        let is_told = |line: &String| line.split(' ').next() == Some(*called) && line.ends_with(&means);
        assert!(rest.any(is_told), "{what}: {called} {entry:?} isn't in\n{}", told.join("\n"));
    }
}

/// What is said, at the end, of who sent each segment of a program's run that was let go and what made it, and of what became of it.
fn stories(what: &str) -> Option<Vec<(String, String)>> {
    let (mut stage, watch) = run(what)?;
    let trace = stage.as_trace(watch);
    let view = trace.present();
    let mut segments: Vec<_> = view.segments().collect();
    segments.reverse();
    let tell = |id| {
        story(&view, id, TimerFacts { now: view.at(), setting: &lab_number }, (Lang::EN, Numbers::Symbolic)).unwrap()
    };
    let told = segments.iter().filter_map(|segment| tell(segment.id)).map(|story| (story.sender, story.became));
    let told = told.collect();
    stage.ends();
    Some(told)
}

/// What sends and what closes by other names, and what a call's return sends, is told as what it was: of the segment that it made.
#[test]
fn what_made_a_segment_is_told_whatever_its_name() {
    for (what, made) in [
        ("closes_in_use", "FIN,ACK seq=k+1 ack=j+6. read() came back, and another thread had closed its descriptor"),
        ("replaces", "FIN,ACK seq=k+1 ack=j+1. dup2() gave the socket's last number to another open file"),
        ("accepts_nowhere", "FIN,ACK seq=k+1 ack=j+1. accept() made it, though it failed (EFAULT)"),
        ("sends_a_file", "len=10 data. sendfile() made it."),
        ("executes", "FIN,ACK seq=j+1 ack=k+1. execve() began another program"),
        ("port_zero", "SYN seq=j. connect() made it."),
        ("lets_go", "len=6 data. setsockopt(TCP_CORK) let it go"),
    ] {
        let Some(told) = stories(what) else { return };
        assert!(told.iter().any(|(sender, _)| sender.contains(made)), "{what}: {told:#?}");
    }
}

/// Calls and segments pass, and the kernel is asked now and then: what isn't known of a moment isn't said of it.
#[test]
fn of_what_passes_nothing_is_said_that_was_not_so() {
    for what in ["lets_go", "hands_on_to_a_waiting_process", "connects_and_serves", "closes_in_use", "shares_a_port"] {
        let Some(told) = stories(what) else { return };
        for (sender, became) in &told {
            // Only the first attempt meets nobody.
            let is_refused = sender.contains("SYN seq=j.") || sender.contains("RST,ACK seq=0 ack=j+1");
            let is_nobodys = became.contains("No socket had its address");
            assert!(!is_nobodys || what == "connects_and_serves" && is_refused, "{what}: {sender} {became}");
            assert!(!sender.contains("not observed"), "{what}: {sender}");
            for call in ["close", "sendto", "shutdown", "setsockopt"] {
                assert!(!became.contains(&format!(" {call}() of the ")), "{what}: {became}");
            }
        }
    }
}

/// It was meant for neither part, and the socket that `accept()` makes is a server's.
#[test]
fn the_ends_of_a_program_that_is_both_are_named_by_its_calls() {
    let Some(told) = stories("connects_and_serves") else { return };
    for (line, wanted) in [
        ("SYN,ACK seq=", "the kernel of the server: SYN,ACK"),
        ("len=5 data", "the kernel of the client: PSH,ACK"),
        ("FIN,ACK seq=k", "the kernel of the server: FIN,ACK"),
    ] {
        let (sender, _) = told.iter().find(|(sender, _)| sender.contains(line)).unwrap();
        assert!(sender.contains(wanted), "{sender}");
    }
}

#[test]
fn an_error_of_another_kind_of_socket_is_not_told_as_one_of_tcp() {
    let Some(told) = outcomes("asks_a_unix_socket") else { return };
    assert!(told.iter().any(|line| line == "connect ENOENT: "), "{}", told.join("\n"));
}

#[test]
fn a_socket_that_was_received_is_not_said_to_be_on_its_way() {
    let Some(told) = told("hands_on_to_a_waiting_process") else { return };
    let on_its_way = [("nobody has received it yet", Lang::EN), ("但还没有谁接收", zh())];
    for ((text, _), told) in on_its_way.iter().zip(&told) {
        assert!(!told.contains(&unspaced(text)), "{told}");
    }
}

/// Two listeners at one address: what woke a `poll()` is the connection that its thread then accepts.
#[test]
fn what_woke_a_call_is_a_connection_of_its_own_listener() {
    let Some((mut stage, watch)) = run("shares_a_port") else { return };
    let trace = stage.as_trace(watch);
    let present = trace.present();
    for (moment, entry) in trace.entries().iter().enumerate() {
        let Event::Returned { caller, .. } = &entry.event else { continue };
        let view = trace.at(moment + 1);
        let polled = view.calls_of_thread(*caller).find(|call| call.changed == moment && call.called() == "poll");
        let Some(call) = polled else { continue };
        let notes = explain(&view, &call, Lang::EN).1.concat();
        let later = present.calls_of_thread(*caller).filter(|other| other.entered > moment).last();
        let peer = later.and_then(|accept| accept.outcome?.as_ref().ok()?.peer);
        let Some(peer) = peer.filter(|_| notes.contains("completed its handshake")) else { continue };
        let mut own = present.segments().filter(|segment| segment.segment.from == peer);
        let is_it = |segment: &sockwalk::model::SegmentView<'_>| {
            notes.contains(&sockwalk::tcp::line(segment.segment, &segment.initials, Numbers::Symbolic))
        };
        assert!(own.any(|segment| is_it(&segment)), "{peer}: {notes}");
    }
    stage.ends();
}

/// The kernel says what is there after the call fell asleep.
#[test]
fn what_an_edge_told_is_waited_for_in_vain() {
    let Some((mut stage, watch)) = run("misses_an_edge") else { return };
    let trace = stage.as_trace(watch);
    for lang in [Lang::EN, zh()] {
        let text = texts()["edge_bytes"][lang.code()].as_str().unwrap().to_owned();
        let wanted = fill(&text, &[("fd", "5"), ("n", "3")]);
        let is_told = (0..trace.entries().len()).any(|moment| {
            let view = trace.at(moment);
            let waits = view.calls(Side::Client).chain(view.calls(Side::Server));
            let mut waits = waits.filter(|call| call.called() == "epoll_wait" && call.blocked);
            waits.any(|call| explain(&view, &call, lang).1.contains(&wanted))
        });
        assert!(is_told, "{wanted}");
    }
    stage.ends();
}

#[test]
fn what_is_taken_off_an_epoll_instance_has_no_events() {
    let Some(told) = told("waits_for_what_is_switched_off") else { return };
    for told in &told {
        assert!(told.contains("EPOLL_CTL_DEL,5,") && !told.contains("EPOLL_CTL_DEL,5,{"), "{told}");
    }
}

/// The kernel leaves what has come to whoever reads it: this program read it after the RST.
#[test]
fn what_had_come_before_a_rst_stays_to_be_read() {
    let Some(told) = stories("reads_after_a_reset") else { return };
    let reset = told.iter().find(|(sender, _)| sender.contains("RST")).unwrap();
    assert!(reset.1.contains("The 3 bytes in its receive queue stay there") && !reset.1.contains("→ 0"), "{reset:?}");
}

#[test]
fn port_0_is_told_by_what_it_is_for() {
    let calls = [
        ("connect", ["connect", "ECONNREFUSED", "zero-port"]),
        ("sendto", ["sendto", "EINVAL", "zero-port"]),
        ("bind", ["bind", "returns", "no-port"]),
    ];
    explains("port_zero", &calls);
}

#[test]
fn a_time_limit_is_told_from_not_waiting() {
    let again = ["", "EAGAIN", "time-over"];
    explains("limited", &[("connect", ["", "EINPROGRESS", "time-over"]), ("recvfrom", again), ("accept4", again)]);
}

#[test]
fn a_part_of_many_bytes_is_told_as_a_part() {
    explains("takes_a_part", &[("sendto", ["send", "returns", "short"])]);
}

#[test]
fn a_copy_is_reset_by_an_option_that_the_other_number_set() {
    explains("resets_a_copy", &[("close", ["close", "returns", "linger-zero"])]);
}

#[test]
fn what_comes_to_no_call_of_the_walk_is_explained() {
    let calls = [
        ("bind", ["bind", "EAFNOSUPPORT", "no-family"]),
        ("sendto", ["send", "returns", ""]),
        ("shutdown", ["shutdown", "returns", "connected"]),
        ("shutdown", ["shutdown", "returns", "already-shut"]),
        ("connect", ["connect", "returns", "dissolves"]),
    ];
    explains("beyond_its_calls", &calls);
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The texts of what only programs do, and of what their threads do with one another.
fn texts() -> toml::Table {
    let mut texts = asset("programs.toml");
    texts.insert("in_use".into(), asset("threads.toml")["in_use"].clone());
    for file in ["asked", "chosen", "options"] {
        let others = asset(&format!("{file}.toml")).into_iter();
        texts.extend(others.map(|(name, text)| (format!("{file}/{name}"), text)));
    }
    texts
}

fn asset(name: &str) -> toml::Table {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/text").join(name);
    std::fs::read_to_string(file).unwrap().parse().unwrap()
}

/// A text of the program's with these facts; any others may stand where they belong.
struct Wanted(&'static str, Vec<(&'static str, &'static str)>);

impl Wanted {
    /// Behind which byte of a transcript it ends, where it is there.
    fn found(&self, texts: &toml::Table, lang: Lang, told: &str) -> Option<usize> {
        let text = texts[self.0][lang.code()].as_str().unwrap_or_else(|| panic!("no text {}", self.0));
        // `fill` leaves what isn't given as it stands.
        let filled = fill(text, &self.1);
        let parts: Vec<String> =
            filled.split('{').map(|part| unspaced(part.split_once('}').map_or(part, |(_, after)| after))).collect();
        let starts = told.match_indices(&parts[0]).map(|(at, _)| at);
        // The facts that aren't given take some place, and no more.
        let follows = |at: usize| {
            parts[1..].iter().try_fold(at + parts[0].len(), |end, part| {
                let next = told[end..].find(part.as_str())?;
                (next < 120).then_some(end + next + part.len())
            })
        };
        starts.filter_map(follows).next()
    }
}

/// Runs a program, and looks for these texts, in their order, in both languages.
#[track_caller]
fn tells(what: &str, wanted: &[Wanted]) {
    let Some(told) = told(what) else { return };
    let texts = texts();
    for (lang, told) in [Lang::EN, zh()].into_iter().zip(&told) {
        let mut rest = told.as_str();
        for wanted in wanted {
            let end = wanted.found(&texts, lang, rest);
            let end =
                end.unwrap_or_else(|| panic!("{what}: no {} {:?} in\n{rest}\n\nall:\n{told}", wanted.0, wanted.1));
            rest = &rest[end..];
        }
    }
}

macro_rules! rows {
    ($($test:ident $what:literal [$($key:literal $({$($name:ident = $value:literal),*})?)*];)*) => {$(
        #[test]
        fn $test() {
            tells($what, &[$(Wanted($key, vec![$($((stringify!($name), $value)),*)?])),*]);
        }
    )*};
}

rows! {
    waiting_is_told_with_what_was_tried_and_with_what_woke_it "waits" [
        "until_connection" {fd = "3"} "found_nothing" {call = "accept4(3)"}
        "ready_handshake" {fd = "3"} "until_readable" {fd = "6"} "ready_data" {fd = "6"} "ready_end" {fd = "6"}
    ];
    urgent_data_is_told_where_it_is_waited_for "waits_for_urgent_data" [
        "until_urgent" {fd = "5"} "ready_urgent" {fd = "5"} "until_urgent" {fd = "5"} "ready_urgent" {fd = "5"}
    ];
    a_select_that_leaves_a_socket_out_is_told_what_is_wrong "selects_too_low" ["beyond" {fd = "3", nfds = "3"}];
    what_a_child_leaves_open_is_the_parents "leaves" ["exit_leaves"];
    poll_and_select_and_an_epoll_instance_of_no_socket "polls_and_selects" [
        "not_ready" "not_ready"
    ];
    an_attempt_that_is_not_waited_for_refused_then_made_at_the_other_family "attempts" [
        "syn_sent" "ready_reset" {fd = "3"} "failed" {errno = "ECONNREFUSED"} "other_refused" {addr = "[::1]:8000"}
        "syn_sent" "ready_connected" "connected" "syn_sent" "unanswered" "unanswered"
    ];
    connect_called_again_tells_how_it_ended "connects_again" ["syn_sent" "ready_connected" "attempt_ended"];
    a_socket_that_a_child_inherited_is_ended_by_the_last_close "forks" ["inherited" "held_by_two" {fd = "5"} "last"];
    a_copy_of_a_descriptor_holds_its_socket "copies" ["duplicated" {fd = "5", new = "3"} "held_here" {fd = "5", own = "3"} "last"];
    a_message_holds_the_socket_that_it_carries "hands_on" [
        "handed_on" {fds = "5"} "in_flight" {call = "sendmsg(3)"} "received" {fd = "5"}
    ];
    what_execve_closes_and_keeps "executes" ["executed" {closed = "4", kept = "5"} "exits" {fds = "5"}];
    what_a_signal_interrupted_is_made_again "interrupted" ["interrupted" {signal = "SIGUSR1"} "again" {signal = "SIGUSR1"}];
    sigpipe_and_what_keeps_it_away "broken" ["no_sigpipe"];
    an_attempt_whose_time_is_over_goes_on "limited" ["syn_timed_out"];
    a_call_that_sleeps_holds_what_another_thread_closes "closes_in_use" ["in_use" {fd = "5"}];
    what_is_closed_is_no_longer_watched "closes_watched" ["forgotten" {fd = "5"} "nothing_came"];
    an_edge_is_told_once "misses_an_edge" ["told_edge" {fd = "5"}];
    what_is_switched_off_is_waited_for_in_vain "waits_for_what_is_switched_off" [
        "told_once" {fd = "5"} "switched_off" {fd = "5"}
    ];
    a_message_is_received_by_a_call_that_had_waited "hands_on_to_a_waiting_process" ["received" {fd = "7"}];
    a_number_that_is_not_open_is_told_by_poll "closes_polled" ["polled_not_open" {fd = "5"}];
    what_an_option_says_is_told_by_its_value "asks" [
        "options/recv_buffer" "asked/buffer_doubled" {n = "10000", set = "5000"} "asked/delay"
        "asked/info" {value = "ESTABLISHED"} "options/receive_limit" {s = "0.2"} "asked/receive_limit" {value = "0.2"}
        "asked/linger_not"
    ];
    the_port_that_the_kernel_chose_is_named "port_zero" ["chosen/listens"];
    fast_open_asks_for_a_cookie_first "fast_open" ["fast_open_listens" "fast_open_connects" "fast_open_asks" "fast_open_asks"];
}

#[test]
fn multipath_tcp_is_told_as_far_as_the_kernel_has_it() {
    let has = std::fs::read_to_string("/proc/sys/net/mptcp/enabled").is_ok_and(|enabled| enabled.trim() == "1");
    tells("multipath", &[Wanted(if has { "multipath" } else { "no_multipath" }, Vec::new())]);
}
