//! What an epoll instance told once, and what was closed since the kernel was asked.

use super::*;
use crate::model::{PollEvents, PolledDescriptor};

/// The kernel is asked a moment after the call came back.
#[test]
fn what_was_closed_since_the_kernel_was_asked_is_not_left_open() {
    let mut script = Script::accepted();
    script.socket(CONN, State::CloseWait, |_| {});
    script.reads(0);
    script.on_conn(0, Call::Close { fd: 4 }, Ok(Returned::default()));
    script.accepts(0);
    script.finds(&[]);
    script.wait();
    script.finds(&[]);
}

/// The advice to wait with epoll is none for who does so, and was told already.
#[test]
fn what_to_do_about_bytes_that_an_edge_has_told_is_to_read_them_all() {
    for (events, waits, told) in [
        ("EPOLLIN|EPOLLET", PollEvents::IN, true),
        ("EPOLLIN|EPOLLONESHOT", PollEvents(0), true),
        ("EPOLLIN", PollEvents::IN, false),
    ] {
        let mut script = Script::accepted();
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
        let asked = format!("{{events={events}, data=0x4}}");
        let ctl = texts(&["9", "EPOLL_CTL_ADD", "4", &asked]);
        let asks = events.parse().ok();
        let ctl = ProgramCall { arguments: ctl, events: asks, ..program_call("epoll_ctl", Some((4, CONN)), None) };
        script.push(Event::Entered { caller: caller(0), call: Call::Program(Box::new(ctl)) });
        script.returns(0, Ok(Returned::default()));
        script.reads(2);
        script.socket(CONN, State::Established, |facts| facts.recv_queue = 3);
        let waits = vec![PolledDescriptor { fd: 4, events: waits, socket: Some(CONN) }];
        let arguments = texts(&["9", "…", "8", "-1"]);
        let wait = ProgramCall { arguments, waits: Some(waits), ..program_call("epoll_wait", None, None) };
        script.push(Event::Entered { caller: caller(0), call: Call::Program(Box::new(wait)) });
        script.sleeps(0);
        script.wait();
        let view = script.trace.present();
        let found = standing(&view, script.now);
        assert_eq!(found.len(), 1, "{events}");
        for (lang, until) in [(Lang::EN, "until EAGAIN"), (crate::i18n::testing::zh(), "一直读到 EAGAIN")] {
            let remedy = found[0].told(&view, lang).unwrap().remedy;
            assert_eq!(remedy.contains(until), told, "{events}: {remedy}");
        }
    }
}
