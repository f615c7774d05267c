//! What is said of what only programs do: real programs in a real lab, told as text in each language.

use std::path::Path;

use sockwalk::i18n::{Lang, fill};
use sockwalk::model::Event;

use crate::common::{finish, lab_users, zh};
use crate::stage::Stage;

/// What the transcript of a program's run says, in English and in Chinese, without any space.
fn told(what: &str) -> Option<[String; 2]> {
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
    let recording = stage.recording_path(watch);
    let told = [Lang::EN, zh()].map(|lang| {
        let words = ["replay", recording.to_str().unwrap(), "--shown", "text", "--lang", lang.code()];
        unspaced(&finish(&mut stage.command(&words)).succeeded().stdout)
    });
    stage.ends();
    Some(told)
}

fn unspaced(text: &str) -> String {
    text.split_whitespace().collect()
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
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/text/programs.toml");
    let texts: toml::Table = std::fs::read_to_string(file).unwrap().parse().unwrap();
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
    fast_open_asks_for_a_cookie_first "fast_open" ["fast_open_listens" "fast_open_connects" "fast_open_asks" "fast_open_asks"];
}

#[test]
fn multipath_tcp_is_told_as_far_as_the_kernel_has_it() {
    let has = std::fs::read_to_string("/proc/sys/net/mptcp/enabled").is_ok_and(|enabled| enabled.trim() == "1");
    tells("multipath", &[Wanted(if has { "multipath" } else { "no_multipath" }, Vec::new())]);
}
