//! The errors and surprises of a free walk: made by keys and typed calls, explained on the screen in both languages, and
//! compared with what plain socket code gets from this kernel.

use std::time::Instant;

use sockwalk::i18n::{Lang, fill};
use sockwalk::model::{CallName, Event, Outcome, Side, event_text};
use sockwalk::tcp::State;
use sockwalk::tui::InterfaceTexts;

use crate::common::{BOUND, User, lab_users, plain, zh};
use crate::screens;
use crate::stage::{Seat, Stage, TALL, name};

use Side::{Client, Server};

/// Both sides in one window.
pub(crate) struct Free {
    pub(crate) stage: Stage,
    pub(crate) seat: Seat,
    chosen: Option<Side>,
    /// The calls whose outcomes are compared, as [`plain::play`] tells them.
    told: Vec<String>,
}

impl Free {
    pub(crate) fn new(user: User) -> Free {
        let mut stage = Stage::new(user, TALL, Lang::EN);
        let seat = stage.join(&["free"]);
        Free { stage, seat, chosen: None, told: Vec::new() }
    }

    /// The side whose calls are made next: Tab goes from none to the client, to the server, to none. Of none, the calls
    /// are the server's.
    #[track_caller]
    pub(crate) fn turn_to(&mut self, side: Side) {
        while self.chosen.unwrap_or(Server) != side {
            self.stage.press(self.seat, "\t");
            self.chosen = match self.chosen {
                None => Some(Client),
                Some(Client) => Some(Server),
                Some(Server) => None,
            };
        }
        let (shape, name) = match side {
            Server => ('■', &self.stage.texts.free.role_server),
            Client => ('●', &self.stage.texts.free.role_client),
        };
        // While its main thread sleeps, that is told in the place of the menu.
        let (menu, sleeps) = (format!("{shape} {name},"), format!(" sleeps ({name})."));
        let is_told = |row: &String| row.starts_with(&menu) || row.contains(&sleeps);
        self.stage.wait(self.seat, &menu, |screen| screens::explanation(screen).iter().any(is_told));
    }

    /// From now on everything passes by itself.
    #[track_caller]
    pub(crate) fn all_pass(&mut self) {
        self.stage.press(self.seat, "w");
        self.stage.wait_event(self.seat, "a rule", |event| matches!(event, Event::Passing(_)));
    }

    /// From now on everything waits again.
    #[track_caller]
    fn no_more_pass(&mut self) {
        let none = |event: &Event| matches!(event, Event::Passing(passing) if passing.rules.is_empty());
        // The rule is for all segments: no side is chosen.
        while let Some(side) = self.chosen {
            self.stage.press(self.seat, "\t");
            self.chosen = if side == Client { Some(Server) } else { None };
        }
        for _ in 0..4 {
            let rules = |stage: &Stage, seat| stage.count(seat, |event| matches!(event, Event::Passing(_)));
            let (seat, before) = (self.seat, rules(&self.stage, self.seat));
            self.stage.press(seat, "w");
            self.stage.until("another rule", |stage| rules(stage, seat) > before);
        }
        self.stage.wait_event(self.seat, "no rule", none);
    }

    /// A change of the lab, until it is done.
    #[track_caller]
    fn sets(&mut self, line: &str) {
        let set = |event: &Event| matches!(event, Event::Sysctl(told) if told.now.is_ok());
        let (seat, before) = (self.seat, self.stage.count(self.seat, set));
        let prompt = self.stage.texts.free.type_keys.clone();
        self.stage.press(seat, "\r");
        self.stage.wait_text(seat, &prompt);
        self.stage.press(seat, &format!("{line}\r"));
        self.stage.until("the change", |stage| stage.count(seat, set) > before);
    }

    /// A call that only prepares, and succeeds.
    #[track_caller]
    pub(crate) fn does(&mut self, side: Side, call: &str) -> i64 {
        self.turn_to(side);
        self.stage.returns(self.seat, side, call).unwrap_or_else(|error| panic!("{call}: {error}")).value
    }

    /// What the newest call of a side has returned, once it has.
    #[track_caller]
    pub(crate) fn returned(&mut self, of: Side) -> Outcome {
        self.stage.returned(self.seat, of)
    }

    /// A call whose outcome is compared and explained; `when` is the circumstance.
    #[track_caller]
    fn tries(&mut self, side: Side, call: &str, when: Option<&str>) -> i64 {
        self.turn_to(side);
        let came = self.stage.returns(self.seat, side, call);
        self.compares(call, &came, when)
    }

    /// The same for a call that sleeps until these segments have gone.
    #[track_caller]
    fn tries_until_gone(&mut self, side: Side, call: &str, flags: &[&str]) {
        self.turn_to(side);
        assert_eq!(self.stage.call(self.seat, side, call), None);
        self.stage.let_go(self.seat, flags);
        let came = self.returned(side);
        self.compares(call, &came, None);
    }

    /// The same for one that sleeps until a signal comes.
    #[track_caller]
    fn sleeps_and_is_interrupted(&mut self, side: Side, call: &str) {
        self.turn_to(side);
        assert_eq!(self.stage.call(self.seat, side, call), None);
        let name = name(call);
        self.told.push(format!("{name} blocks"));
        self.is_explained(&name, "blocks", None);
        self.stage.press(self.seat, "i");
        let came = self.returned(side);
        self.compares(call, &came, None);
    }

    #[track_caller]
    fn compares(&mut self, call: &str, came: &Outcome, when: Option<&str>) -> i64 {
        let name = name(call);
        let (told, outcome) = match came {
            Ok(_) if ["accept", "dup", "epoll_create1"].contains(&name.as_str()) => {
                ("fd".to_owned(), "returns".to_owned())
            }
            Ok(returned) => (returned.value.to_string(), "returns".to_owned()),
            Err(errno) => (errno.to_string(), errno.to_string()),
        };
        self.told.push(format!("{name} {told}"));
        if came.is_err() || when.is_some() {
            let shown = came
                .as_ref()
                .map_or_else(|errno| format!("= {} {errno}", errno.value()), |came| format!("= {}", came.value));
            self.stage.wait_text(self.seat, &shown);
            self.is_explained(&name, &outcome, when);
        }
        came.as_ref().map_or(-1, |came| came.value)
    }

    /// The screen has the three sentences about this outcome, in English and in Chinese.
    #[track_caller]
    pub(crate) fn is_explained(&mut self, call: &str, outcome: &str, when: Option<&str>) {
        // What comes to a send() or a recv() is explained as that.
        let call = match call {
            "sendmsg" if when == Some("fast-open") => "sendto",
            "write" | "sendmsg" => "send",
            "read" | "recvmsg" => "recv",
            call => call,
        };
        let entry = entry(call, outcome, when);
        for lang in ["en", "zh"] {
            for sentence in ["means", "why", "do"] {
                let text = entry[sentence][lang].as_str().unwrap();
                self.sees(text);
            }
            self.stage.press(self.seat, "L");
        }
        let english = self.stage.texts.explain.title.clone();
        self.stage.wait_text(self.seat, &english);
    }

    /// Where a segment ended the call, both are told, and not all of it has room: it is looked for from the top on, some lines
    /// at a time.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        let wanted = screens::unbroken(text);
        let is_there = |screen: &vt100::Screen| screens::everywhere(screen).contains(&wanted);
        // What is looked for may come while one scrolls: then it is looked for once more.
        let until = Instant::now() + BOUND;
        while Instant::now() < until {
            self.scrolls(&"\u{1b}[1;2A".repeat(24));
            for _ in 0..12 {
                if is_there(self.stage.screen(self.seat)) {
                    return;
                }
                self.scrolls(&"\u{1b}[1;2B".repeat(2));
            }
        }
        self.stage.wait_text(self.seat, text);
    }

    /// Presses these keys. The list of keys that opens and closes behind them says that they were read.
    #[track_caller]
    pub(crate) fn scrolls(&mut self, keys: &str) {
        self.stage.press(self.seat, &format!("{keys}?"));
        let titles = [Lang::EN, zh()].map(|lang| format!("┏ {} ━", InterfaceTexts::load(lang).unwrap().help.title));
        let listed = |screen: &vt100::Screen| titles.iter().any(|title| screen.contents().contains(title));
        self.stage.wait(self.seat, "list of keys", listed);
        self.stage.press(self.seat, "?");
        self.stage.wait(self.seat, "end of the list of keys", |screen| !listed(screen));
    }

    /// A call that waits for several descriptors, and returns at once: its value, and the events of each of these.
    #[track_caller]
    fn tells(&mut self, side: Side, call: &str, fds: &[i64]) {
        self.turn_to(side);
        self.stage.call(self.seat, side, call);
        self.ready(side, call, fds);
    }

    /// One that sleeps, until something is done that wakes it.
    #[track_caller]
    fn tells_once(&mut self, side: Side, call: &str, fds: &[i64], wakes: impl FnOnce(&mut Free)) {
        self.turn_to(side);
        assert_eq!(self.stage.call(self.seat, side, call), None);
        self.told.push(format!("{} blocks", name(call)));
        wakes(self);
        self.ready(side, call, fds);
    }

    /// A `poll()` that returns at once: its value, and the events of each descriptor that it names.
    #[track_caller]
    fn polls(&mut self, side: Side, fds: &[(i64, &str)], timeout: i32) {
        self.tells(side, &poll_of(fds, timeout), &fds.iter().map(|(fd, _)| *fd).collect::<Vec<_>>());
    }

    /// One that sleeps, until something is done that wakes it.
    #[track_caller]
    fn polls_until(&mut self, side: Side, fds: &[(i64, &str)], wakes: impl FnOnce(&mut Free)) {
        self.tells_once(side, &poll_of(fds, -1), &fds.iter().map(|(fd, _)| *fd).collect::<Vec<_>>(), wakes);
    }

    /// A call that wakes another side's: by then the screen tells of that one.
    #[track_caller]
    fn wakes(&mut self, side: Side, call: &str) {
        self.turn_to(side);
        let entered = |event: &Event| matches!(event, Event::Entered { caller, .. } if caller.actor == side.into());
        let before = self.stage.count(self.seat, entered);
        let prompt = self.stage.texts.free.type_keys.clone();
        self.stage.press(self.seat, "\r");
        self.stage.wait_text(self.seat, &prompt);
        self.stage.press(self.seat, &format!("{call}\r"));
        let seat = self.seat;
        self.stage.until("the call that wakes", |stage| stage.count(seat, entered) > before);
        let came = self.returned(side).unwrap();
        self.told.push(format!("{} {}", name(call), came.value));
    }

    #[track_caller]
    fn ready(&mut self, side: Side, call: &str, fds: &[i64]) {
        let came = self.returned(side);
        self.compares(call, &came, None);
        let Ok(returned) = came else { return };
        let of = |fd: &i64| returned.revents.iter().find(|told| i64::from(told.fd) == *fd).map(|told| told.events);
        let called = CallName::ALL.into_iter().find(|known| known.name() == name(call)).unwrap();
        let events: Vec<String> = fds.iter().map(|fd| event_text(called, of(fd).unwrap_or_default())).collect();
        self.told.push(format!("revents {}", events.join("/")));
    }

    /// A text of `assets/text/programs.toml` stands on the screen in both languages.
    #[track_caller]
    fn is_noted(&mut self, key: &str, values: &[(&str, String)]) {
        let table: toml::Table = toml::from_str(include_str!("../../assets/text/programs.toml")).unwrap();
        for lang in ["en", "zh"] {
            // What a close() leaves open here is a connection.
            let what = fill(table["closes_connection"][lang].as_str().unwrap(), values);
            let text = fill(table[key][lang].as_str().unwrap(), &[values, &[("what", what)]].concat());
            self.sees(&text);
            self.stage.press(self.seat, "L");
        }
        let english = self.stage.texts.explain.title.clone();
        self.stage.wait_text(self.seat, &english);
    }

    /// A `recvmsg()`: its value, and what each of its buffers has got.
    #[track_caller]
    fn fills(&mut self, side: Side, call: &str, filled: &[&str]) {
        self.tries(side, call, None);
        if let Ok(returned) = self.returned(side) {
            let parts: Vec<String> = filled.iter().map(|part| format!("\"{part}\"")).collect();
            self.stage.wait_text(self.seat, &format!("= {} {{{}}}", returned.value, parts.join(", ")));
        }
        self.told.push(format!("filled {}", filled.join("/")));
    }

    /// A text of `assets/text/transfers.toml` stands on the screen in both languages.
    #[track_caller]
    fn is_said_of_transfers(&mut self, key: &str, values: &[(&str, &str)]) {
        self.is_said_by(include_str!("../../assets/text/transfers.toml"), key, values);
    }

    /// The same of the texts of another file.
    #[track_caller]
    fn is_said_by(&mut self, texts: &str, key: &str, values: &[(&str, &str)]) {
        let table: toml::Table = toml::from_str(texts).unwrap();
        for lang in ["en", "zh"] {
            self.sees(&fill(table[key][lang].as_str().unwrap(), values));
            self.stage.press(self.seat, "L");
        }
        let english = self.stage.texts.explain.title.clone();
        self.stage.wait_text(self.seat, &english);
    }

    /// Client and server are connected, and everything passes by itself. Returns their descriptors.
    #[track_caller]
    pub(crate) fn pair(&mut self) -> (i64, i64) {
        self.all_pass();
        let listener = self.does(Server, "socket()");
        self.does(Server, &format!("bind {listener} :8000"));
        self.does(Server, &format!("listen {listener} 8"));
        let fd = self.does(Client, "socket()");
        self.does(Client, &format!("connect {fd} :8000"));
        let peer = self.does(Server, &format!("accept {listener}"));
        (fd, peer)
    }

    /// Waits until a socket of a side is in a state, and nothing waits any more.
    #[track_caller]
    fn until_state(&mut self, side: Side, state: State) {
        self.stage.wait_state(self.seat, side, state.name());
    }

    /// Everything that was compared is what plain socket code gets.
    #[track_caller]
    fn goes_as_plain(mut self, scenario: &str) {
        let plain = plain::play(scenario);
        let told = std::mem::take(&mut self.told);
        assert!(told.len() > 1);
        assert_eq!(told, plain[..told.len()], "{scenario}");
        let whole = ["interrupted", "polls_after_reset"].contains(&scenario) || told.len() == plain.len();
        assert!(whole, "{scenario} has more: {plain:?}");
        self.stage.close(&[self.seat]);
    }
}

/// The entry of the asset: of this call in this circumstance, or of this error whatever the call.
#[track_caller]
fn entry(call: &str, outcome: &str, when: Option<&str>) -> toml::Value {
    let table: toml::Table = toml::from_str(include_str!("../../assets/text/errors.toml")).unwrap();
    let entries = table["entry"].as_array().unwrap();
    let text = |entry: &toml::Value, key| entry.get(key).map(|value| value.as_str().unwrap().to_owned());
    let find = |call: Option<&str>| {
        let fits = |entry: &&toml::Value| {
            text(entry, "outcome").as_deref() == Some(outcome)
                && text(entry, "call").as_deref() == call
                && text(entry, "when").as_deref() == when
        };
        entries.iter().find(fits).cloned()
    };
    find(Some(call)).or_else(|| find(None)).unwrap_or_else(|| panic!("{call} {outcome} {when:?} has no text"))
}

#[test]
fn the_last_descriptor_of_a_socket_ends_it() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        let copy = free.tries(Client, &format!("dup {fd}"), None);
        free.is_noted("duplicated", &[("fd", fd.to_string()), ("new", copy.to_string())]);
        free.is_explained("dup", "returns", None);
        free.stage.wait_text(free.seat, &format!("fd {fd},{copy}"));
        free.tries(Client, &format!("close {fd}"), None);
        free.is_noted("held_here", &[("fd", fd.to_string()), ("own", copy.to_string())]);
        free.tries(Client, &format!("send {copy} hello"), None);
        free.tries(Server, &format!("recv {peer} 5"), None);
        free.tries(Client, &format!("dup {fd}"), None);
        free.tries(Client, &format!("close {copy}"), None);
        free.is_noted("last", &[("segment", "FIN,ACK seq=j+6 ack=k+1".to_owned())]);
        free.tries(Server, &format!("recv {peer} 1"), None);
        free.goes_as_plain("copies");
    }
}

/// A call as it is typed.
fn poll_of(fds: &[(i64, &str)], timeout: i32) -> String {
    let fds: Vec<String> = fds.iter().map(|(fd, events)| format!("{fd}:{events}")).collect();
    format!("poll({}, {timeout})", fds.join(", "))
}

#[test]
fn what_a_poll_waits_for_and_what_wakes_it() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let named = |fd: i64| [("fd", fd.to_string())];
        let hung_up = |fd: i64| [("fd", fd.to_string()), ("event", "POLLHUP".to_owned())];
        let fresh = free.does(Server, "socket()");
        free.polls(Server, &[(fresh, "POLLIN|POLLOUT")], -1);
        free.is_noted("polled_never_connected", &hung_up(fresh));
        free.does(Server, &format!("close {fresh}"));
        free.polls(Server, &[(fresh, "POLLIN")], -1);
        free.is_noted("polled_not_open", &named(fresh));
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8000"));
        free.does(Server, &format!("listen {listener} 8"));
        free.polls(Server, &[(listener, "POLLIN")], 0);
        free.is_explained("poll", "returns", Some("nothing-ready"));
        free.sleeps_and_is_interrupted(Server, &format!("poll {listener} in"));
        let client = free.does(Client, "socket()");
        free.polls_until(Server, &[(listener, "POLLIN")], |free| {
            free.is_noted("idle_listener", &named(listener));
            free.wakes(Client, &format!("connect {client} :8000"));
        });
        let conn = free.tries(Server, &format!("accept {listener}"), None);
        free.polls(Server, &[(listener, "POLLIN"), (conn, "POLLIN|POLLOUT")], -1);
        free.is_noted("ready_room", &named(conn));
        free.polls_until(Server, &[(conn, "POLLIN|POLLRDHUP"), (listener, "POLLIN")], |free| {
            free.is_noted("idle_empty", &named(conn));
            free.wakes(Client, &format!("send {client} hello"));
        });
        free.tries(Server, &format!("recv {conn} 5"), None);
        free.polls_until(Server, &[(conn, "POLLIN|POLLRDHUP")], |free| {
            free.wakes(Client, &format!("shutdown {client} SHUT_WR"));
        });
        free.tries(Server, &format!("shutdown {conn} SHUT_WR"), None);
        free.polls(Server, &[(conn, "POLLIN|POLLRDHUP")], -1);
        free.is_noted("polled_both_ended", &hung_up(conn));
        free.goes_as_plain("polls");
    }
}

#[test]
fn several_buffers_are_gathered_and_filled_in_order() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.tries(Client, &format!("write({fd}, \"hello\", 5)"), None);
        free.is_said_of_transfers("write", &[]);
        free.tries(Server, &format!("read({peer}, buf, 100)"), None);
        free.is_said_of_transfers("read", &[]);
        free.tries(Client, &format!("sendmsg({fd}, {{\"ab\", \"cdefg\"}}, MSG_NOSIGNAL)"), None);
        free.is_said_of_transfers("gathered", &[("count", "2"), ("parts", "2 + 5"), ("n", "7")]);
        free.fills(Server, &format!("recvmsg {peer} 3 100 peek"), &["abc", "defg"]);
        free.fills(Server, &format!("recvmsg({peer}, {{4, 2}}, 0)"), &["abcd", "ef"]);
        free.is_said_of_transfers("scattered", &[("count", "2"), ("parts", "4 + 2"), ("n", "6")]);
        free.fills(Server, &format!("recvmsg({peer}, {{8, 2}}, 0)"), &["g", ""]);
        free.fills(Server, &format!("recvmsg {peer} 8 2 dontwait"), &["", ""]);
        free.tries(Server, &format!("sendmsg {peer} \"x\" \"y\""), None);
        free.tries(Client, &format!("read {fd} 100"), None);
        free.does(Server, &format!("setsockopt {peer} SO_LINGER 0"));
        free.tries(Server, &format!("close {peer}"), None);
        free.tries(Client, &format!("read {fd} 1"), None);
        free.tries(Client, &format!("write {fd} x"), Some("reset"));
        free.stage.wait_event(free.seat, "SIGPIPE", |event| matches!(event, Event::Signal { signal: 13, .. }));
        free.goes_as_plain("transfers");
    }
}

#[test]
fn what_a_select_waits_for_and_what_wakes_it() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let named = |fd: i64| [("fd", fd.to_string())];
        let fresh = free.does(Server, "socket()");
        free.tells(Server, &format!("select({}, {{{fresh}}}, {{{fresh}}}, NULL, 0)", fresh + 1), &[fresh]);
        free.is_noted("selected_never_connected", &named(fresh));
        free.does(Server, &format!("close {fresh}"));
        free.tries(Server, &format!("select {fresh} in 0"), None);
        free.tries(Server, "select(-1, NULL, NULL, NULL, 0)", None);
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8000"));
        free.does(Server, &format!("listen {listener} 8"));
        free.tells(Server, &format!("select {listener} 0"), &[listener]);
        free.is_explained("select", "returns", Some("nothing-ready"));
        free.sleeps_and_is_interrupted(Server, &format!("select {listener} in"));
        let client = free.does(Client, "socket()");
        free.tells_once(Server, &format!("select {listener} in"), &[listener], |free| {
            free.is_noted("idle_listener", &named(listener));
            free.wakes(Client, &format!("connect {client} :8000"));
        });
        let conn = free.tries(Server, &format!("accept {listener}"), None);
        free.tells(Server, &format!("select {listener} in {conn} in out 0"), &[listener, conn]);
        free.is_noted("ready_room", &named(conn));
        free.stage.wait_text(free.seat, &format!("= 1 (writefds {{{conn}}})"));
        free.tells(Server, &format!("select({conn}, NULL, {{{conn}}}, NULL, 0)"), &[conn]);
        free.is_noted("beyond", &[("fd", conn.to_string()), ("nfds", conn.to_string())]);
        free.tells_once(Server, &format!("select {conn} in {listener} in"), &[conn, listener], |free| {
            free.is_noted("idle_empty", &named(conn));
            free.wakes(Client, &format!("send {client} hello"));
        });
        free.tries(Server, &format!("recv {conn} 5"), None);
        free.tells_once(Server, &format!("select {conn}"), &[conn], |free| {
            free.does(Client, &format!("setsockopt {client} SO_LINGER 0"));
            free.wakes(Client, &format!("close {client}"));
        });
        free.goes_as_plain("selects");
    }
}

#[test]
fn an_epoll_instance_tells_by_level_by_edge_or_once() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (client, conn) = free.pair();
        let named = |fd: i64| [("fd", fd.to_string())];
        let epoll = free.tries(Server, "epoll_create1(0)", None);
        free.is_explained("epoll_create1", "returns", None);
        free.sleeps_and_is_interrupted(Server, &format!("epoll_wait {epoll}"));
        let watched =
            |events: &str| [("fd", conn.to_string()), ("epfd", epoll.to_string()), ("events", events.to_owned())];
        free.tries(Server, &format!("epoll_ctl({epoll}, EPOLL_CTL_ADD, {conn}, EPOLLIN|EPOLLRDHUP)"), None);
        free.is_noted("watched_level", &watched("EPOLLIN|EPOLLRDHUP"));
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[conn]);
        free.is_explained("epoll_wait", "returns", Some("nothing-ready"));
        let wait = format!("epoll_wait({epoll}, events, 8, -1)");
        free.tells_once(Server, &wait, &[conn], |free| {
            free.is_noted("idle_empty", &named(conn));
            free.wakes(Client, &format!("send {client} hello"));
        });
        free.tells(Server, &wait, &[conn]);
        free.is_explained("epoll_wait", "returns", None);
        free.tries(Server, &format!("epoll_ctl {epoll} mod {conn} in et"), None);
        free.is_noted("watched_edge", &watched("EPOLLIN|EPOLLET"));
        free.tells(Server, &wait, &[conn]);
        free.is_noted("told_edge", &named(conn));
        free.tells_once(Server, &wait, &[conn], |free| {
            free.is_noted("edge_bytes", &[("fd", conn.to_string()), ("n", "5".to_owned())]);
            free.wakes(Client, &format!("send {client} abc"));
        });
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[conn]);
        free.tries(Server, &format!("epoll_ctl {epoll} mod {conn} in oneshot"), None);
        free.tells(Server, &wait, &[conn]);
        free.is_noted("told_once", &named(conn));
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[conn]);
        free.tries(Server, &format!("epoll_ctl {epoll} mod {conn} in out"), None);
        free.tries(Client, &format!("shutdown {client} SHUT_WR"), None);
        free.tries(Server, &format!("recv {conn} 100"), None);
        free.tells(Server, &wait, &[conn]);
        free.tries(Server, &format!("shutdown {conn} SHUT_WR"), None);
        free.tells(Server, &wait, &[conn]);
        free.is_noted("polled_both_ended", &[("fd", conn.to_string()), ("event", "EPOLLHUP".to_owned())]);
        free.tries(Server, &format!("epoll_ctl {epoll} del {conn}"), None);
        free.is_noted("unwatched", &watched("")[..2]);
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[conn]);
        free.tries(Server, &format!("close {epoll}"), Some("epoll-instance"));
        free.goes_as_plain("epolls");
    }
}

#[test]
fn a_message_names_an_address_and_tells_one() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (conn, peer) = free.pair();
        let (server, client) = (free.does(Server, "socket udp"), free.does(Client, "socket udp"));
        let from = |free: &mut Free, side, call: &str| {
            free.tries(side, call, None);
            let sender = free.returned(side).unwrap().peer;
            if let Some(sender) = sender {
                free.is_said_of_transfers("sender", &[("peer", &sender.to_string())]);
            }
            free.told.push(format!("from {}", sender.map_or_else(|| "nobody".to_owned(), |sender| sender.to_string())));
        };
        free.tries(Server, &format!("bind {server} :8000"), Some("datagrams"));
        free.tries(Client, &format!("bind {client} :8001"), None);
        free.tries(Client, &format!("sendmsg({client}, {{\"ab\", \"cdefg\"}}, 0, 127.0.0.1:8000)"), None);
        from(&mut free, Server, &format!("recvmsg {server} 100"));
        free.tries(Server, &format!("sendmsg {server} \"x\" \"y\" localhost:8001"), None);
        from(&mut free, Client, &format!("recvmsg {client} 1"));
        free.tries(Server, &format!("sendmsg {server} \"x\""), Some("datagrams"));
        let fresh = free.does(Client, "socket");
        free.tries(Client, &format!("sendmsg {fresh} \"a\" \"b\" :8000"), Some("never-connected"));
        free.tries(Client, &format!("sendmsg {conn} \"a\" \"b\" :9"), None);
        free.is_said_of_transfers("address_ignored", &[("addr", "127.0.0.1:9")]);
        from(&mut free, Server, &format!("recvmsg {peer} 9"));
        free.tries(Client, &format!("sendmsg {conn} \"a\" fastopen :8000"), Some("fast-open"));
        free.tries(Client, &format!("sendmsg {fresh} \"a\" fastopen :9"), Some("connecting"));
        free.goes_as_plain("messages");
    }
}

#[test]
fn what_goes_elsewhere_than_to_the_peer_goes_there_once() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let [peer, other] = [(); 2].map(|()| free.does(Server, "socket udp"));
        let fd = free.does(Client, "socket udp");
        free.does(Server, &format!("bind {peer} :8000"));
        free.does(Server, &format!("bind {other} :8001"));
        free.does(Client, &format!("bind {fd} :8002"));
        free.tries(Client, &format!("connect {fd} :8000"), None);
        free.tries(Client, &format!("sendto {fd} hi :8001"), None);
        free.is_said_of_transfers("address_once", &[("addr", "127.0.0.1:8001"), ("peer", "127.0.0.1:8000")]);
        free.tries(Server, &format!("recv {other} 9"), None);
        free.tries(Client, &format!("send {fd} x"), None);
        free.tries(Server, &format!("recv {peer} 9"), None);
        free.tries(Server, &format!("sendto {other} abc :8002"), None);
        free.turn_to(Client);
        let heard = free.stage.returns(free.seat, Client, &format!("recv {fd} 9 dontwait"));
        free.told.push(format!("recv {}", heard.unwrap_err()));
        free.goes_as_plain("datagram_to_another");
    }
}

#[test]
fn names_are_looked_up_in_the_labs_own_file() {
    for user in lab_users() {
        let mut free = Free::new(user);
        for line in ["four.example 127.0.0.9", "both.example 127.0.0.9 ::1", "gone.example ::1", "gone.example"] {
            free.sets(&format!("hosts {line}"));
        }
        let listed = |free: &mut Free, side, call: &str| {
            free.tries(side, call, None);
            let found = free.returned(side).unwrap().addresses;
            free.told
                .push(format!("addresses {}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")));
        };
        listed(&mut free, Server, "getaddrinfo(\"localhost\", \"80\", NULL, &list)");
        free.is_explained("getaddrinfo", "returns", None);
        listed(&mut free, Client, "getaddrinfo both.example 80");
        listed(&mut free, Client, "getaddrinfo both.example 80 AF_INET6");
        listed(&mut free, Server, "getaddrinfo four.example 80 AF_INET6 AI_V4MAPPED");
        listed(&mut free, Server, "getaddrinfo(NULL, \"80\", AI_PASSIVE)");
        for call in [
            "getaddrinfo four.example 80 AF_INET6",
            "getaddrinfo gone.example 80",
            "getaddrinfo(\"a b\", \"80\")",
            "getaddrinfo localhost 80 AI_NUMERICHOST",
            "getaddrinfo localhost nosuch",
            "getaddrinfo localhost 80 AF_UNIX",
            "getaddrinfo 127.0.0.1 80 AF_INET6",
            "getaddrinfo localhost 80 0x10000",
            "getaddrinfo(NULL, NULL)",
        ] {
            free.tries(Server, call, None);
        }
        for (call, when) in [
            ("getaddrinfo 127.0.0.1 80", "numeric-host"),
            ("getaddrinfo(NULL, \"8000\")", "null-host"),
            ("getaddrinfo 127.0.0.1 99999999", "port-too-great"),
        ] {
            listed(&mut free, Server, call);
            free.is_explained("getaddrinfo", "returns", Some(when));
        }
        free.goes_as_plain("names");
    }
}

#[test]
fn what_an_epoll_instance_refuses() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let epoll = free.tries(Server, "epoll_create1", None);
        let fd = free.does(Server, "socket()");
        free.tries(Server, &format!("epoll_ctl {epoll} mod {fd}"), None);
        free.tries(Server, &format!("epoll_ctl {epoll} add {fd}"), None);
        free.tries(Server, &format!("epoll_ctl {epoll} add {fd}"), None);
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[fd]);
        free.tries(Server, &format!("epoll_ctl {epoll} add {epoll}"), None);
        free.tries(Server, &format!("epoll_wait {fd} 8 0"), None);
        free.tries(Server, &format!("epoll_wait {epoll} 0 0"), Some("no-room"));
        free.tries(Server, &format!("send {epoll} x"), None);
        free.tries(Server, &format!("epoll_ctl {epoll} add 0"), None);
        let copy = free.tries(Server, &format!("dup {fd}"), None);
        free.tries(Server, &format!("close {fd}"), None);
        let both = [("fd", fd.to_string()), ("epfd", epoll.to_string())];
        free.is_noted("stays_watched", &both);
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[fd]);
        free.tries(Server, &format!("close {copy}"), None);
        free.tells(Server, &format!("epoll_wait {epoll} 8 0"), &[fd]);
        free.tries(Server, &format!("epoll_ctl {epoll} del {fd}"), None);
        free.goes_as_plain("epoll_errors");
    }
}

#[test]
fn a_poll_of_what_was_reset() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.polls_until(Client, &[(fd, "POLLIN")], |free| {
            free.does(Server, &format!("setsockopt {peer} SO_LINGER 0"));
            free.wakes(Server, &format!("close {peer}"));
        });
        free.tries(Client, &format!("recv {fd} 1"), None);
        free.polls(Client, &[(fd, "POLLIN")], -1);
        free.goes_as_plain("polls_after_reset");
    }
}

#[test]
fn nobody_listens() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Client, "socket()");
        for _ in 0..2 {
            free.tries_until_gone(Client, &format!("connect {fd} :8000"), &["SYN", "RST,ACK"]);
        }
        free.tries(Client, &format!("send {fd} x"), Some("refused"));
        free.tries(Client, &format!("recv {fd} 1"), Some("refused"));
        free.tries(Client, &format!("shutdown {fd} SHUT_WR"), None);
        free.goes_as_plain("refused");
    }
}

#[test]
fn a_port_in_use() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Server, "socket()");
        free.tries(Server, &format!("bind {fd} :8000"), None);
        free.tries(Server, &format!("bind {fd} :8001"), None);
        let other = free.does(Server, "socket()");
        free.tries(Server, &format!("bind {other} 127.0.0.1:8000"), Some("bound"));
        free.tries(Server, &format!("bind {other} 192.0.2.1:8000"), None);
        free.tries(Server, &format!("listen {other} 1"), Some("bind-failed"));
        free.tries(Server, &format!("bind {other} :8002"), None);
        free.goes_as_plain("bind_errors");
    }
}

#[test]
fn listen_without_bind() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let fd = free.does(Server, "socket()");
        free.tries(Server, &format!("listen {fd}"), Some("unbound"));
        let (seat, mut port) = (free.seat, None);
        free.stage.until("the listener's port", |stage| {
            port = stage.entries(seat).into_iter().find_map(|entry| match entry.event {
                Event::Socket(facts) if facts.state == State::Listen => facts.local,
                _ => None,
            });
            port.is_some()
        });
        let client = free.does(Client, "socket()");
        free.tries(Client, &format!("connect {client} :{}", port.unwrap().port()), None);
        free.goes_as_plain("listen_without_bind");
    }
}

/// A fresh socket; the first wrong call is found in the menu, by leafing to what would probably fail.
#[test]
fn calls_of_a_fresh_socket() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Server, "socket()");
        let came = free.leafs_to(Server, &format!("accept({fd})"));
        free.compares("accept", &came, None);
        free.tries(Server, &format!("send {fd} x"), Some("never-connected"));
        free.tries(Server, &format!("recv {fd} 1"), None);
        free.tries(Server, &format!("shutdown {fd} both"), None);
        free.tries(Server, &format!("close {fd}"), None);
        free.goes_as_plain("fresh");
    }
}

impl Free {
    /// Leafs through the menu to a call that would probably fail, and presses its digit.
    #[track_caller]
    fn leafs_to(&mut self, side: Side, call: &str) -> Outcome {
        let mut seen: Vec<Vec<(char, String)>> = Vec::new();
        loop {
            let page = screens::menu(self.stage.screen(self.seat));
            if page.iter().any(|(_, other)| other == call) {
                break;
            }
            assert!(!seen.contains(&page), "no {call} in {seen:?}");
            self.stage.press(self.seat, "m");
            self.stage.wait(self.seat, "another page", |screen| {
                let next = screens::menu(screen);
                next != page && !next.is_empty()
            });
            seen.push(page);
        }
        let would_fail = self.stage.texts.free.menu_wrong.replace("{side}, ", "");
        self.stage.wait_text(self.seat, would_fail.split("{n}").next().unwrap().trim_end_matches('('));
        self.stage.choose(self.seat, side, call).expect("it returns")
    }
}

#[test]
fn calls_of_a_connected_socket() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, _) = free.pair();
        free.tries(Client, &format!("connect {fd} :8000"), None);
        free.tries(Client, &format!("bind {fd} 127.0.0.1:0"), None);
        free.tries(Client, &format!("listen {fd} 1"), None);
        free.tries(Client, &format!("accept {fd}"), Some("connected"));
        free.goes_as_plain("connected");
    }
}

#[test]
fn what_a_socket_is_asked_for_is_told_and_explained() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Client, "socket()");
        free.does(Client, &format!("nonblock {fd}"));
        free.tries(Client, &format!("getsockname {fd}"), None);
        free.stage.wait_text(free.seat, "(0.0.0.0:0)");
        free.tries(Client, &format!("getpeername {fd}"), None);
        free.tries(Client, &format!("connect {fd} :8000"), None);
        free.stage.let_go(free.seat, &["SYN", "RST,ACK"]);
        free.tries(Client, &format!("getsockopt({fd}, SOL_SOCKET, SO_ERROR)"), None);
        free.stage.wait_text(free.seat, "(ECONNREFUSED)");
        free.tries(Client, &format!("getsockopt {fd} so_error"), None);
        free.tries(Client, &format!("getsockopt {fd} 1 9999"), None);
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8000"));
        free.does(Server, &format!("listen {listener} 8"));
        let second = free.does(Client, "socket()");
        free.tries_until_gone(Client, &format!("connect {second} :8000"), &["SYN", "SYN,ACK"]);
        free.tries(Client, &format!("getsockname {second}"), None);
        free.tries(Client, &format!("getpeername {second}"), None);
        free.stage.wait_text(free.seat, "(127.0.0.1:8000)");
        free.goes_as_plain("asks");
    }
}

#[test]
fn send_before_accept() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8000"));
        free.does(Server, &format!("listen {listener} 8"));
        let fd = free.does(Client, "socket()");
        free.tries(Client, &format!("connect {fd} :8000"), None);
        free.tries(Client, &format!("send {fd} hello"), Some("not-accepted"));
        let peer = free.tries(Server, &format!("accept {listener}"), None);
        free.tries(Server, &format!("recv {peer} 9"), Some("short"));
        free.goes_as_plain("send_before_accept");
    }
}

#[test]
fn nothing_there_and_a_signal() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8001"));
        free.does(Server, &format!("listen {listener} 8"));
        free.sleeps_and_is_interrupted(Server, &format!("accept {listener}"));
        let (_, peer) = free.pair();
        free.sleeps_and_is_interrupted(Server, &format!("recv {peer} 1"));
        free.goes_as_plain("interrupted");
    }
}

#[test]
fn close_with_unread_data() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.tries(Server, &format!("send {peer} hello"), None);
        free.stage.wait_text(free.seat, "recv 5 send 0");
        free.tries(Client, &format!("close {fd}"), Some("unread"));
        free.stage.wait_event(free.seat, "RST", |event| {
            matches!(event, Event::Sent { segment, .. } if segment.tcp().is_some_and(|tcp| tcp.flags.to_string() == "RST,ACK"))
        });
        free.stage.wait_no_state(free.seat, Server, "ESTABLISHED");
        free.tries(Server, &format!("recv {peer} 1"), None);
        free.goes_as_plain("close_with_unread");
    }
}

#[test]
fn a_connection_that_was_reset() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.tries(Client, &format!("send {fd} hello"), None);
        free.stage.wait_text(free.seat, "recv 5 send 0");
        free.tries(Server, &format!("close {peer}"), Some("unread"));
        free.until_state(Client, State::Closed);
        free.tries(Client, &format!("send {fd} x"), None);
        free.tries(Client, &format!("send {fd} x"), Some("reset"));
        free.tries(Client, &format!("recv {fd} 1"), Some("reset"));
        free.tries(Client, &format!("connect {fd} :8000"), Some("over"));
        free.tries(Client, &format!("listen {fd} 1"), Some("over"));
        free.goes_as_plain("reset_told_to_send");
    }
}

#[test]
fn a_descriptor_that_was_closed() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Client, "socket()");
        for call in ["close", "bind", "listen", "accept", "connect", "send {} x", "recv", "shutdown"] {
            let call = if call.contains("{}") { call.replace("{}", &fd.to_string()) } else { format!("{call} {fd}") };
            free.tries(Client, &call, None);
        }
        free.tries(Client, &format!("setsockopt {fd} SO_KEEPALIVE 1"), None);
        free.tries(Client, &format!("nonblock {fd}"), None);
        free.tries(Client, &format!("close({fd})"), None);
        free.goes_as_plain("bad_descriptor");
    }
}

/// What is typed wrong is no call at all: a sentence says why, and nothing happens.
#[test]
fn what_is_no_call_is_told() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let seat = free.seat;
        let texts = [InterfaceTexts::load(Lang::EN).unwrap(), InterfaceTexts::load(zh()).unwrap()];
        for (typed, sentence) in [
            ("conect 5", texts.each_ref().map(|t| t.mistyped.no_call.replace("{name}", "conect"))),
            ("close", texts.each_ref().map(|t| t.mistyped.no_descriptor.replace("{call}", "close"))),
            (
                "listen 5 many",
                texts.each_ref().map(|t| {
                    t.mistyped
                        .no_argument
                        .replace("{text}", "many")
                        .replace("{call}", "listen")
                        .replace("{form}", "listen(3, 8)")
                }),
            ),
            (
                "close 5 6",
                texts.each_ref().map(|t| t.mistyped.too_many.replace("{call}", "close").replace("{form}", "close(3)")),
            ),
            ("send 5 \"x", texts.each_ref().map(|t| t.mistyped.no_quote.clone())),
            (
                "recv 5 16 more",
                texts.each_ref().map(|t| {
                    let sentence = t.mistyped.no_flag.replace("{text}", "more").replace("{call}", "recv");
                    sentence.split("{flags}").next().unwrap().trim_end().to_owned()
                }),
            ),
        ] {
            free.stage.press(seat, "\r");
            let prompt = texts[0].free.type_keys.clone();
            free.stage.wait(seat, &prompt, |screen| screen.contents().contains(&prompt));
            free.stage.press(seat, typed);
            free.stage.press(seat, "\r");
            free.stage.wait_text(seat, &sentence[0]);
            free.stage.press(seat, "\u{1b}");
            let menu = free.stage.texts.free.role_server.clone();
            free.stage.wait(seat, &menu, |screen| !screens::menu(screen).is_empty());
        }
        assert_eq!(free.stage.count(seat, |event| matches!(event, Event::Entered { .. })), 0);
        free.stage.close(&[seat]);
    }
}

/// A flag is typed as C has it, or short, and the call really has it: nothing waits here.
#[test]
fn a_typed_flag_is_the_calls() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Server, "socket udp");
        let mut came = |call: &str| {
            let outcome = free.stage.returns(free.seat, Server, call);
            outcome.map_or_else(|errno| errno.to_string(), |returned| returned.value.to_string())
        };
        assert_eq!(came(&format!("bind({fd}, 127.0.0.1:8000)")), "0");
        for flags in ["buf, 100, MSG_PEEK|MSG_DONTWAIT)", "100 peek dontwait", "dontwait"] {
            assert_eq!(came(&format!("recv {fd} {flags}")), "EAGAIN", "{flags}");
        }
        // The descriptor is what waits, and what doesn't.
        assert_eq!(came(&format!("nonblock {fd}")), "0");
        assert_eq!(came(&format!("recv {fd} 100")), "EAGAIN");
        assert_eq!(came(&format!("fcntl({fd}, F_SETFL, 0)")), "0");
        assert_eq!(came(&format!("recvfrom {fd} 100 dontwait")), "EAGAIN");
        assert_eq!(came(&format!("connect {fd} :9000")), "0");
        assert_eq!(came(&format!("connect({fd}, AF_UNSPEC)")), "0");
        assert_eq!(came(&format!("getpeername {fd}")), "ENOTCONN");
        let seat = free.seat;
        free.stage.close(&[seat]);
    }
}

/// An option is set as it is typed, by name or by number, whatever this program knows of it; what comes of it is the
/// kernel's word. What names none makes no call.
#[test]
fn any_socket_option_is_the_kernels_to_judge() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Server, "socket(AF_INET, SOCK_STREAM, 0)");
        for (option, came) in [
            ("TCP_FASTOPEN, 5", "0"),
            ("IPPROTO_TCP, TCP_FASTOPEN, 5", "0"),
            ("6, 23, 5", "0"),
            ("SO_INCOMING_CPU, 0", "0"),
            ("IP_TTL, 300", "EINVAL"),
            ("IPV6_V6ONLY, 1", "ENOPROTOOPT"),
            ("6, 9999, 1", "ENOPROTOOPT"),
            ("SO_ERROR, 1", "ENOPROTOOPT"),
        ] {
            let outcome = free.stage.call(free.seat, Server, &format!("setsockopt({fd}, {option})"));
            let told = outcome.unwrap().map_or_else(|errno| errno.to_string(), |returned| returned.value.to_string());
            assert_eq!(told, came, "{option}");
        }
        let entered = |stage: &Stage, seat| stage.count(seat, |event| matches!(event, Event::Entered { .. }));
        let before = entered(&free.stage, free.seat);
        for (odd, text) in [("so_nonsense 1", "so_nonsense"), ("IPPROTO_TCP NONSENSE 1", "NONSENSE")] {
            let (press, told) = (format!("\rsetsockopt {fd} {odd}\r"), format!("`{text}` names no socket option"));
            free.stage.press(free.seat, &press);
            free.stage.wait_text(free.seat, &told);
            free.stage.press(free.seat, "\u{1b}");
            free.stage.wait(free.seat, "no sentence", |screen| !screen.contents().contains(&told));
        }
        free.does(Server, &format!("close({fd})"));
        assert_eq!(entered(&free.stage, free.seat), before + 1, "only the close() was made");
        let seat = free.seat;
        free.stage.close(&[seat]);
    }
}

// ---------------------------------------------------------------- what was at the call, and what then happened

/// The course text's server answers by itself and is driven by nobody; a program is its client. All that its workers call is
/// explained by what went out.
#[test]
fn a_worker_that_answers_and_closes_sends_a_fin() {
    for user in lab_users() {
        let mut stage = Stage::new(user, TALL, Lang::EN);
        let seat = stage.join(&["server", "--answer", "success"]);
        stage.press(seat, "w");
        stage.wait_event(seat, "a rule", |event| matches!(event, Event::Passing(_)));
        let client = stage.join(&["client"]);
        stage.press(client, "w");
        stage.until("both rules", |stage| stage.count(client, |event| matches!(event, Event::Passing(_))) >= 2);
        for call in ["socket()", "connect 3 :8000", "send 3 hi"] {
            stage.returns(client, Client, call).unwrap();
        }
        let closed = |event: &Event| matches!(event, Event::Entered { caller, call: sockwalk::model::Call::Close { .. } } if caller.worker > 0);
        stage.wait_event(seat, "the worker's close()", closed);
        stage.wait_text(seat, "close(4)");
        stage.wait_text(seat, "FIN_WAIT2");
        for (call, outcome, when) in [("close", "returns", "unread"), ("send", "returns", "not-accepted")] {
            let means = entry(call, outcome, Some(when))["means"]["en"].as_str().unwrap().to_owned();
            stage.wait_without(seat, &means);
        }
        stage.close(&[seat, client]);
    }
}

#[test]
fn a_connection_in_the_background_is_followed() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Client, "socket()");
        free.does(Client, &format!("nonblock {fd}"));
        free.tries(Client, &format!("connect {fd} :8000"), None);
        free.stage.let_go(free.seat, &["SYN", "RST,ACK"]);
        // What is said now is what the RST did, and no longer that the attempt hasn't failed.
        free.stage.wait_text(free.seat, "SYN_SENT → CLOSED");
        let stale = entry("connect", "EINPROGRESS", None)["means"]["en"].as_str().unwrap().to_owned();
        free.stage.wait_without(free.seat, &stale);
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_handshake_that_is_let_go_explains_its_connect() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let listener = free.does(Server, "socket()");
        free.does(Server, &format!("bind {listener} :8000"));
        free.does(Server, &format!("listen {listener} 8"));
        let fd = free.does(Client, "socket()");
        free.turn_to(Client);
        assert_eq!(free.stage.call(free.seat, Client, &format!("connect {fd} :8000")), None);
        free.stage.let_go(free.seat, &["SYN", "SYN,ACK"]);
        free.is_explained("connect", "returns", None);
        free.stage.let_go(free.seat, &["ACK"]);
        free.does(Server, &format!("close {listener}"));
        free.is_explained("close", "returns", Some("listening"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_port_in_time_wait_needs_the_option_on_both() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        let listener = 3;
        free.does(Server, &format!("close {listener}"));
        // Only a connection has it.
        let other = free.does(Server, "socket()");
        free.tries(Server, &format!("bind {other} :8000"), Some("connected"));
        free.does(Server, &format!("setsockopt {other} SO_REUSEADDR 1"));
        free.tries(Server, &format!("bind {other} :8000"), Some("reuse-here-only"));
        free.does(Server, &format!("close {peer}"));
        free.until_state(Client, State::CloseWait);
        free.does(Client, &format!("close {fd}"));
        free.until_state(Server, State::TimeWait);
        free.tries(Server, &format!("bind {other} :8000"), Some("reuse-here-only"));
        let third = free.does(Server, "socket()");
        free.tries(Server, &format!("bind {third} :8000"), Some("time-wait"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_listener_that_was_shut_down_cannot_listen_beside_its_connection() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (_, _) = free.pair();
        free.tries(Server, "shutdown 3 SHUT_RD", Some("listening"));
        free.tries(Server, "listen 3 8", Some("connected"));
        free.stage.close(&[free.seat]);
    }
}

/// Values, flags and requests as C has them are made with the kernel, told with what came back, and explained; names that calls have
/// given a value stand for it.
#[test]
fn lines_of_c_are_taken_at_their_word() {
    let device = include_str!("../../assets/text/device.toml");
    let options = include_str!("../../assets/text/options.toml");
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        free.does(Server, "int fd = socket(AF_INET, SOCK_STREAM, 0);");
        free.does(Server, "bind(fd, 127.0.0.1:8000);");
        free.does(Server, "listen(fd, 5);");
        free.tries(Server, "ioctl(fd, FIONREAD, &n)", None);
        let client = free.does(Client, "int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)");
        free.does(Client, "fcntl(s, F_SETFL, fcntl(s, F_GETFL, 0) & ~O_NONBLOCK)");
        assert_eq!(free.does(Client, "fcntl(s, F_GETFL)"), i64::from(libc::O_RDWR));
        free.stage.wait_text(free.seat, "= 2 (O_RDWR)");
        free.is_said_by(device, "blocking", &[]);
        free.does(Client, "setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, \"reno\", 4)");
        free.is_said_by(options, "congestion", &[("name", "reno")]);
        free.tries(Client, "setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, \"nonsense\", 8)", None);
        free.does(Client, "getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name, &len)");
        free.stage.wait_text(free.seat, "= 0 (\"reno\")");
        free.does(Client, "connect(s, 127.0.0.1:8000)");
        free.does(Server, "int conn = accept4(fd, NULL, NULL, SOCK_NONBLOCK);");
        free.tries(Server, "recv(conn, buf, 9, 0)", None);
        assert_eq!(free.does(Server, "fcntl(conn, F_GETFL)"), i64::from(libc::O_RDWR | libc::O_NONBLOCK));
        free.is_said_by(device, "nonblocking", &[]);
        free.does(Client, "send(s, \"hello\", strlen(\"hello\"), 0)");
        free.does(Server, "ioctl(conn, FIONREAD, &n)");
        free.stage.wait_text(free.seat, "= 0 (5)");
        free.is_said_by(device, "unread", &[("n", "5")]);
        free.does(Client, "ioctl(s, SIOCOUTQ, &n)");
        free.is_said_by(device, "all_acknowledged", &[]);
        free.tries(Client, "setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, {0, 1000000})", None);
        free.does(Client, "setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, 0.05)");
        free.is_said_by(options, "receive_limit", &[("s", "0.05")]);
        free.does(Client, "getsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, &len)");
        free.stage.wait_text(free.seat, "= 0 ({0, ");
        free.tries(Client, "recv(s, buf, 9, 0)", Some("time-over"));
        free.does(Client, "setsockopt(s, SOL_SOCKET, SO_LINGER, {1,0})");
        free.does(Client, "getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len)");
        free.stage.wait_text(free.seat, "= 0 ({1, 0})");
        free.tries(Client, &format!("close {client}"), Some("linger-zero"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn close_with_linger() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.does(Client, &format!("setsockopt {fd} SO_LINGER 0"));
        free.tries(Client, &format!("close {fd}"), Some("linger-zero"));
        free.tries(Server, &format!("recv {peer} 9"), None);
        free.does(Server, &format!("close {peer}"));
        // From now on segments wait again, and nothing is acknowledged.
        let fd = free.does(Client, "socket()");
        free.does(Client, &format!("connect {fd} :8000"));
        free.does(Client, &format!("setsockopt {fd} SO_LINGER 1"));
        free.no_more_pass();
        free.does(Client, &format!("send {fd} hello"));
        free.turn_to(Client);
        free.stage.call(free.seat, Client, &format!("close {fd}"));
        let came = free.returned(Client);
        free.compares(&format!("close {fd}"), &came, Some("linger-over"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn zero_after_a_reset_that_came_behind_the_fin_is_told_with_the_reset() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.tries(Server, &format!("close {peer}"), None);
        free.until_state(Client, State::CloseWait);
        free.does(Client, &format!("send {fd} x"));
        free.until_state(Client, State::Closed);
        free.tries(Client, &format!("recv {fd} 1"), Some("reset-after-fin"));
        free.tries(Client, &format!("send {fd} x"), Some("reset"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn zero_is_told_by_its_cause() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        free.does(Server, &format!("send {peer} hello"));
        free.stage.wait_text(free.seat, "recv 5 send 0");
        free.tries(Client, &format!("recv {fd} 0"), Some("nothing-asked"));
        free.tries(Client, &format!("recvmsg({fd}, {{}}, 0)"), Some("nothing-asked"));
        free.does(Client, &format!("recv {fd} 9"));
        free.tries(Server, &format!("sendmsg {peer} {{}} 0"), Some("nothing-asked"));
        free.tries(Client, &format!("shutdown {fd} both"), Some("both-ways"));
        free.until_state(Server, State::CloseWait);
        free.tries(Server, &format!("recv {peer} 9"), Some("peer-closed"));
        free.tries(Server, &format!("shutdown {peer} SHUT_WR"), Some("last-direction"));
        free.tries(Server, &format!("recv {peer} 9"), Some("both-ended"));
        let early = free.does(Client, "socket()");
        free.tries(Client, &format!("shutdown {early} both"), None);
        free.does(Client, &format!("connect {early} :8000"));
        free.until_state(Client, State::Established);
        free.tries(Client, &format!("send {early} x"), Some("shut-early"));
        free.tries(Client, &format!("recv {early} 9"), Some("shut-early"));
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_connection_that_is_over_before_it_is_accepted() {
    for user in lab_users() {
        let mut free = Free::new(user);
        free.all_pass();
        free.does(Server, "socket()");
        free.does(Server, "bind 3 :8000");
        free.tries(Server, "listen 3 -1", Some("capped"));
        for (linger, when) in [(true, "reset"), (false, "peer-closed")] {
            let fd = free.does(Client, "socket()");
            free.does(Client, &format!("connect {fd} :8000"));
            if linger {
                free.does(Client, &format!("setsockopt {fd} SO_LINGER 0"));
            }
            free.does(Client, &format!("close {fd}"));
            free.tries(Server, "accept 3", Some(when));
        }
        free.stage.close(&[free.seat]);
    }
}

#[test]
fn a_socket_that_is_connected_to_itself() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let fd = free.does(Client, "socket()");
        free.does(Client, &format!("bind {fd} :9000"));
        free.turn_to(Client);
        assert_eq!(free.stage.call(free.seat, Client, &format!("connect {fd} :9000")), None);
        free.is_explained("connect", "blocks", Some("to-itself"));
        free.all_pass();
        let came = free.returned(Client);
        free.compares(&format!("connect {fd} :9000"), &came, Some("to-itself"));
        free.tries(Client, &format!("shutdown {fd} SHUT_WR"), Some("to-itself"));
        free.stage.close(&[free.seat]);
    }
}
