//! Several threads of one side: what is typed while one sleeps in a call is made by another, and what that does to the one that sleeps is
//! the kernel's doing, shown and explained in both languages.

use sockwalk::i18n::{Lang, fill};
use sockwalk::model::{Caller, Event, Side};

use sockwalk::tui::InterfaceTexts;

use crate::common::{finish, lab_users, plain, zh};
use crate::errors::Free;
use crate::stage::{Seat, Stage};

use Side::{Client, Server};

fn texts() -> toml::Table {
    toml::from_str(include_str!("../../assets/text/threads.toml")).unwrap()
}

fn text(key: &str, lang: &str) -> String {
    texts()[key][lang].as_str().unwrap().to_owned()
}

/// A thread, by its number in the trace.
fn thread(worker: u32, lang: &str) -> String {
    if worker == Caller::MAIN { text("main", lang) } else { fill(&text("thread", lang), &[("n", &worker)]) }
}

/// A note about a call on `fd`, with these calls of other threads.
fn note(key: &str, lang: &str, fd: i64, others: &[(&str, u32)]) -> String {
    let and = text("and", lang);
    let threads: Vec<String> = others.iter().map(|(_, worker)| thread(*worker, lang)).collect();
    let call = |(call, worker): &(&str, u32)| {
        fill(&text("call", lang), &[("call", (*call).to_owned()), ("thread", thread(*worker, lang))])
    };
    let calls: Vec<String> = others.iter().map(call).collect();
    let first = threads.first().cloned().unwrap_or_default();
    let values =
        [("fd", fd.to_string()), ("calls", calls.join(&and)), ("threads", threads.join(&and)), ("thread", first)];
    fill(&text(key, lang), &values)
}

impl Free {
    /// A call that another thread makes, or the main one: what it came to, `None` where it sleeps.
    #[track_caller]
    fn types(&mut self, side: Side, call: &str) -> Option<i64> {
        self.turn_to(side);
        let seat = self.seat;
        self.stage.call(seat, side, call).map(|came| came.map_or(-1, |returned| returned.value))
    }

    /// A call that wakes another one, of which the screen tells by then. What it came to.
    #[track_caller]
    fn wakes_by(&mut self, side: Side, call: &str) -> i64 {
        self.turn_to(side);
        let (seat, of) =
            (self.seat, |event: &Event| matches!(event, Event::Entered { caller, .. } if caller.actor == side.into()));
        let before = self.stage.count(seat, of);
        self.stage.types(seat, call);
        self.stage.until("the call that wakes", |stage| stage.count(seat, of) > before);
        self.returned(side).map_or(-1, |returned| returned.value)
    }

    /// The note is on the screen, in both languages.
    #[track_caller]
    fn notes(&mut self, key: &str, fd: i64, others: &[(&str, u32)]) {
        for lang in ["en", "zh"] {
            self.sees(&note(key, lang, fd, others));
            self.stage.press(self.seat, "L");
        }
        let english = self.stage.texts.explain.title.clone();
        self.stage.wait_text(self.seat, &english);
    }

    /// Waits until this thread's newest call has come back.
    #[track_caller]
    fn comes_back(&mut self, side: Side, worker: u32) {
        let caller = Caller { worker, ..side.into() };
        let seat = self.seat;
        self.stage.until("return of a thread that slept", |stage| {
            let of = |event: &Event| matches!(event, Event::Entered { caller: by, .. } if *by == caller);
            let back = |event: &Event| matches!(event, Event::Returned { caller: by, .. } if *by == caller);
            stage.count(seat, of) == stage.count(seat, back)
        });
    }

    /// What the calls came to that the scenario makes, in the words of plain code, in the order of the trace; but for the first
    /// ones, which prepare.
    #[track_caller]
    fn outcomes(&self, prepare: usize) -> Vec<String> {
        let (mut told, mut open): (Vec<String>, Vec<(Caller, Option<String>)>) = (Vec::new(), Vec::new());
        let mut seen = 0;
        for entry in self.stage.entries(self.seat) {
            let of = |open: &[(Caller, Option<String>)], caller: Caller| {
                open.iter().find(|(by, _)| *by == caller).and_then(|(_, call)| call.clone())
            };
            match entry.event {
                Event::Entered { caller, call } => {
                    seen += 1;
                    let counts = seen > prepare && !["socket", "bind", "listen"].contains(&call.called());
                    open.retain(|(by, _)| *by != caller);
                    open.push((caller, counts.then(|| call.called().to_owned())));
                }
                // Plain code doesn't tell that a connect() sleeps which is answered.
                Event::Blocked { caller } => {
                    let sleeps = of(&open, caller).filter(|call| call != "connect");
                    told.extend(sleeps.map(|call| format!("{call} blocks")));
                }
                Event::Returned { caller, outcome } => {
                    let Some(call) = of(&open, caller) else { continue };
                    let came = match outcome {
                        Ok(_) if call == "accept" => "fd".to_owned(),
                        Ok(returned) => returned.value.to_string(),
                        Err(errno) => errno.to_string(),
                    };
                    told.push(format!("{call} {came}"));
                }
                _ => {}
            }
        }
        told
    }

    /// They are those of plain code, but for these that were made beside.
    #[track_caller]
    fn went_as_plain(&self, scenario: &str, prepare: usize, beside: &[&str]) {
        let (mut told, mut plain) = (self.outcomes(prepare), plain::play(scenario));
        for line in beside {
            told.remove(told.iter().position(|one| one == line).unwrap());
        }
        plain.sort();
        told.sort();
        assert_eq!(told, plain, "{scenario}");
    }

    /// The recording, as text in a language.
    fn transcript(&self, lang: &str) -> String {
        let path = self.stage.recording_path(self.seat);
        let shown = ["replay", path.to_str().unwrap(), "--shown", "text", "--lang", lang];
        let text = finish(&mut self.stage.command(&shown)).stdout;
        // Lines are broken at the window's width.
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn transcript_has(&self, key: &str, lang: &str, fd: i64, others: &[(&str, u32)]) {
        let wanted = note(key, lang, fd, others);
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        let transcript = self.transcript(lang);
        assert!(joined(&transcript).contains(&joined(&wanted)), "{wanted}\n{transcript}");
    }
}

fn listens(stage: &Stage, seat: Seat) -> bool {
    stage.sockets(seat).iter().any(|socket| socket.state == "LISTEN")
}

#[test]
fn two_threads_accept_and_the_listener_lives_until_the_last_of_them_has_returned() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        for call in ["socket()", "bind 3 :8000", "listen 3 8"] {
            free.does(Server, call);
        }
        assert_eq!(free.types(Server, "accept 3"), None);
        let sleeps = free.stage.texts.free.sleeps.clone();
        let seat = free.seat;
        free.stage.wait_text(seat, sleeps.split('{').next().unwrap_or_default());
        assert_eq!(free.types(Server, "accept 3"), None);
        free.notes("accepts_too", 3, &[("accept(3)", 0)]);
        free.stage.wait_text(seat, "#2 accept(3)");
        free.does(Client, "socket()");
        assert_eq!(free.wakes_by(Client, "connect 3 :8000"), 0);
        free.comes_back(Server, 0);
        // The main thread is free, and closes what the other one sleeps on.
        assert_eq!(free.types(Server, "close 3"), Some(0));
        free.notes("in_use_listener", 3, &[("accept(3)", 2)]);
        assert!(listens(&free.stage, seat), "the kernel goes on listening");
        // From now on the lab is another process's; the threads and what they sleep in stay.
        let watcher = free.stage.join(&["watch"]);
        free.does(Client, "socket()");
        assert_eq!(free.wakes_by(Client, "connect 4 :8000"), 0);
        free.comes_back(Server, 2);
        assert!(!listens(&free.stage, seat), "and has ended with the last accept()");
        free.does(Client, "socket()");
        assert_eq!(free.wakes_by(Client, "connect 5 :8000"), -1);
        free.stage.quit(watcher);
        for lang in ["en", "zh"] {
            free.transcript_has("chosen_longest", lang, 3, &[("accept(3)", 2)]);
            free.transcript_has("freed_listener", lang, 3, &[("close(3)", 0)]);
        }
        free.went_as_plain("threads_of_a_listener", 3, &[]);
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_descriptor_is_closed_while_another_thread_reads_from_it() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        let reads = format!("recv({peer})");
        assert_eq!(free.types(Server, &format!("recv {peer} 9")), None);
        assert_eq!(free.types(Server, &format!("close {peer}")), Some(0));
        free.notes("in_use", peer, &[(&reads, 0)]);
        let seat = free.seat;
        let stand = free.stage.sockets(seat).iter().filter(|socket| socket.state == "ESTABLISHED").count();
        assert_eq!(stand, 2, "no FIN has gone");
        // Another descriptor of the same number: what sleeps isn't on that one.
        assert_eq!(free.types(Server, "socket()"), Some(peer));
        assert_eq!(free.types(Server, &format!("close {peer}")), Some(0));
        assert_eq!(free.types(Client, &format!("recv({fd}, 1, MSG_DONTWAIT)")), Some(-1));
        assert_eq!(free.wakes_by(Client, &format!("send {fd} hi")), 2);
        free.comes_back(Server, 0);
        free.stage.wait_state(seat, Client, "CLOSE_WAIT");
        assert_eq!(free.does(Client, &format!("recv {fd} 1")), 0);
        let sent = [("segment", "FIN,ACK seq=k+1 ack=j+3".to_owned())];
        for lang in ["en", "zh"] {
            let text = note("freed_sent", lang, peer, &[("close", 2)]);
            let joined = |text: &str| text.split_whitespace().collect::<String>();
            let (wanted, transcript) = (fill(&text, &sent), free.transcript(lang));
            assert!(joined(&transcript).contains(&joined(&wanted)), "{wanted}\n{transcript}");
        }
        // The close() of the other socket is none of the scenario's.
        free.went_as_plain("threads_of_a_connection", 6, &["close 0"]);
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn shutdown_wakes_the_thread_that_sleeps() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.does(Client, "socket()");
        assert_eq!(free.types(Client, "connect 3 :9"), None);
        assert_eq!(free.wakes_by(Client, "shutdown 3 SHUT_WR"), 0);
        free.comes_back(Client, 0);
        free.is_explained("connect", "ECONNRESET", Some("shut-meanwhile"));
        free.notes("woke", 3, &[("connect(3)", 0)]);
        free.stage.close(&[free.seat]);
        let mut free = Free::new(user);
        for call in ["socket()", "bind 3 :8000", "listen 3 8"] {
            free.does(Server, call);
        }
        assert_eq!(free.types(Server, "accept 3"), None);
        assert_eq!(free.wakes_by(Server, "shutdown 3 SHUT_RD"), 0);
        free.comes_back(Server, 0);
        free.is_explained("accept", "EINVAL", Some("shut-meanwhile"));
        free.notes("woke", 3, &[("accept(3)", 0)]);
        free.stage.close(&[free.seat]);
        let mut free = Free::new(user);
        let (_, peer) = free.pair();
        assert_eq!(free.types(Server, &format!("recv {peer} 9")), None);
        assert_eq!(free.wakes_by(Server, &format!("shutdown {peer} SHUT_RD")), 0);
        free.comes_back(Server, 0);
        free.is_explained("recv", "returns", Some("shut-meanwhile"));
        free.notes("woke", peer, &[(&format!("recv({peer})"), 0)]);
        free.stage.close(&[free.seat]);
    }
}

/// Who calls again after a signal finds the number closed, which is said before.
#[test]
fn a_call_that_was_interrupted_is_told_that_its_descriptor_is_closed() {
    for user in lab_users() {
        let mut free = Free::new(user);
        for call in ["socket()", "bind 3 :8000", "listen 3 8"] {
            free.does(Server, call);
        }
        assert_eq!(free.types(Server, "accept 3"), None);
        assert_eq!(free.types(Server, "close 3"), Some(0));
        free.stage.press(free.seat, "i");
        free.comes_back(Server, 0);
        free.is_explained("accept", "EINTR", Some("closed-meanwhile"));
        assert_eq!(free.types(Server, "accept 3"), Some(-1));
        free.went_as_plain("closed_and_interrupted", 3, &[]);
        free.stage.close(&[free.seat]);
    }
}

/// For one datagram one thread is woken, whichever call it sleeps in: the one that has slept longest.
#[test]
fn one_datagram_wakes_one_of_the_threads_that_sleep() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let fd = free.does(Server, "socket udp");
        free.does(Server, &format!("bind {fd} :8000"));
        let (first, second) = (format!("recvmsg({fd})"), format!("recvfrom({fd})"));
        assert_eq!(free.types(Server, &format!("recvmsg {fd} 9")), None);
        assert_eq!(free.types(Server, &format!("recvfrom {fd} 9")), None);
        free.notes("reads_too_datagram", fd, &[(&first, 0)]);
        let client = free.does(Client, "socket udp");
        assert_eq!(free.wakes_by(Client, &format!("sendto {client} hi :8000")), 2);
        free.comes_back(Server, 0);
        let of_second = |event: &Event| matches!(event, Event::Returned { caller, .. } if caller.worker == 2);
        assert_eq!(free.stage.count(free.seat, of_second), 0);
        let joined = |text: &str| text.split_whitespace().collect::<String>();
        for lang in ["en", "zh"] {
            let (wanted, told) = (note("taken_datagram_longest", lang, fd, &[(&second, 2)]), free.transcript(lang));
            assert!(joined(&told).contains(&joined(&wanted)), "{wanted}\n{told}");
        }
        free.stage.close(&[free.seat]);
    }
}

/// A signal goes to the first of a side's threads that sleep, one after the other.
#[test]
fn each_thread_that_sleeps_can_be_interrupted() {
    for user in lab_users() {
        let mut free = Free::new(user);
        for call in ["socket()", "bind 3 :8000", "listen 3 8"] {
            free.does(Server, call);
        }
        for _ in 0..3 {
            assert_eq!(free.types(Server, "accept 3"), None);
        }
        for worker in [0, 2, 3] {
            free.stage.press(free.seat, "i");
            free.comes_back(Server, worker);
        }
        let eintr = |event: &Event| matches!(event, Event::Returned { outcome: Err(errno), .. } if errno.name() == Some("EINTR"));
        assert_eq!(free.stage.count(free.seat, eintr), 3);
        free.stage.close(&[free.seat]);
    }
}

/// While one thread sleeps, the menu is the next one's; where a connection's room is full, the next `send()` would wait too.
#[test]
fn while_a_thread_sleeps_the_menu_is_the_next_ones() {
    for user in lab_users() {
        let mut free = Free::new(user);
        for call in ["socket()", "bind 3 :8000", "listen 3 8"] {
            free.does(Server, call);
        }
        assert_eq!(free.types(Server, "accept 3"), None);
        let seat = free.seat;
        for worker in [2, 3] {
            // The head of the menu, in each language with its own signs.
            for (lang, behind) in [(Lang::EN, ", next"), (zh(), "，接下来")] {
                let texts = InterfaceTexts::load(lang).unwrap().free;
                let thread = fill(&texts.thread, &[("n", &worker)]);
                let side = fill(&texts.unchosen, &[("side", &format!("■ {}", texts.role_server))]);
                let head = fill(&texts.with_thread, &[("side", &side), ("thread", &thread)]);
                free.stage.wait_text(seat, &format!("{head}{behind}"));
                free.stage.press(seat, "L");
            }
            assert_eq!(free.stage.choose(seat, Server, "accept(3"), None);
        }
        let entered = |worker: u32| move |event: &Event| matches!(event, Event::Entered { caller, .. } if caller.worker == worker);
        assert!([2, 3].iter().all(|worker| free.stage.count(seat, entered(*worker)) == 1));
        for wanted in ["accept(), #2 accept(), #3 accept() sleeps", "睡在 accept()、#2 accept()、#3 accept() 里"] {
            free.stage.wait_text(seat, wanted);
            free.stage.press(seat, "L");
        }
        assert_eq!(free.stage.succeeds(seat, Server, "close(3"), 0);
        assert_eq!(free.stage.count(seat, entered(4)), 1);
        free.stage.close(&[seat]);
    }
}

/// The key that kills says what to do where no side is chosen; below the last call of a process that was killed stands that it was.
#[test]
fn a_side_is_chosen_before_its_process_is_killed() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.does(Server, "socket()");
        free.does(Client, "socket()");
        let (seat, killed) = (free.seat, |event: &Event| matches!(event, Event::Killed(_)));
        // From the client to the server, and to neither.
        free.stage.press(seat, "\t\tK");
        let says = free.stage.texts.free.which_side.clone();
        free.stage.wait_text(seat, &says);
        assert_eq!(free.stage.count(seat, killed), 0);
        free.stage.press(seat, "\tK");
        free.stage.wait_event(seat, "the end of the client", killed);
        let (ended, seen) = (free.stage.texts.side.killed.clone(), |screen: &vt100::Screen, mark: &str| {
            screen.contents().lines().any(|row| row.contains(mark))
        });
        for _ in 0..2 {
            assert!(free.stage.call(seat, Client, "socket").is_some_and(|came| came.is_ok()));
            free.stage.wait(seat, "where the process ended", |screen| seen(screen, &format!("┃  {ended} ")));
        }
        free.stage.close(&[seat]);
    }
}
