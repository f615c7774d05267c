//! Children of a side: `fork()` copies the table of descriptors, and what each process closes then, the kernel does to what they share;
//! shown and explained in both languages, and compared with what plain socket code gets.

use std::collections::BTreeMap;
use std::fs;

use sockwalk::i18n::{Lang, Texts, fill};
use sockwalk::model::{Actor, Event, Side, SideProcess};
use sockwalk::tcp::Flags;
use sockwalk::tui::InterfaceTexts;

use crate::common::{User, lab_users, plain, zh};
use crate::errors::Free;
use crate::screens;
use crate::stage::{Seat, Stage, name};

use Side::{Client, Server};

const PARENT: Actor = Actor { side: Server, nth: Actor::FIRST };
const CHILD: Actor = Actor { side: Server, nth: 2 };
const GRANDCHILD: Actor = Actor { side: Server, nth: 3 };
const OTHER: Actor = Actor { side: Client, nth: Actor::FIRST };

/// A text of one of the assets.
fn text(asset: &str, key: &str, lang: &str) -> String {
    let table: toml::Table = toml::from_str(asset).unwrap();
    table[key][lang].as_str().unwrap().to_owned()
}

fn of_forks(key: &str, lang: &str) -> String {
    text(include_str!("../../assets/text/forks.toml"), key, lang)
}

/// A process in a sentence.
fn process(actor: Actor, lang: &str) -> String {
    Texts::load(Lang::of(lang).unwrap()).unwrap().shared.in_sentence(actor)
}

/// Who else has a socket, and as which descriptor.
fn held(others: &[(Actor, i64)], lang: &str) -> String {
    let one = |(actor, fd): &(Actor, i64)| {
        fill(&of_forks("held", lang), &[("process", process(*actor, lang)), ("fds", fd.to_string())])
    };
    others.iter().map(one).collect::<Vec<_>>().join(&of_forks("and", lang))
}

/// Both sides in one window, the server with children.
struct Family {
    free: Free,
    told: Vec<String>,
}

impl Family {
    /// Connected, with a child: the client's descriptor, and the server's.
    #[track_caller]
    fn connected(user: User) -> (Family, i64, i64) {
        let mut free = Free::new(user);
        let (fd, peer) = free.pair();
        let mut family = Family { free, told: Vec::new() };
        family.forks(PARENT);
        (family, fd, peer)
    }

    /// A server that listens, with a child; its listener.
    #[track_caller]
    fn listening(user: User) -> (Family, i64) {
        let mut free = Free::new(user);
        free.all_pass();
        let fd = free.does(Server, "socket()");
        free.does(Server, &format!("bind {fd} :8000"));
        free.does(Server, &format!("listen {fd} 8"));
        let mut family = Family { free, told: Vec::new() };
        family.forks(PARENT);
        (family, fd)
    }

    fn seat(&self) -> Seat {
        self.free.seat
    }

    /// Chooses who makes the next call, with Tab.
    #[track_caller]
    fn turn_to(&mut self, actor: Actor) {
        let (shape, role) = match actor.side {
            Server => ('■', &self.free.stage.texts.free.role_server),
            Client => ('●', &self.free.stage.texts.free.role_client),
        };
        let name = actor.name(role);
        let (menu, sleeps) = (format!("{shape} {name},"), format!(" sleeps ({name})."));
        let is_told = |row: &String| row.starts_with(&menu) || row.contains(&sleeps);
        for _ in 0..12 {
            if screens::explanation(self.free.stage.screen(self.free.seat)).iter().any(is_told) {
                return;
            }
            self.free.scrolls("\t");
        }
        panic!("{menu} is never offered");
    }

    /// A call of one of them that sleeps.
    #[track_caller]
    fn sleeps(&mut self, actor: Actor, call: &str) {
        self.turn_to(actor);
        let seat = self.seat();
        assert_eq!(self.free.stage.call(seat, actor, call), None);
        self.told.push(format!("{} blocks", name(call)));
    }

    /// A call of one of them that comes back: its value, −1 for an error.
    #[track_caller]
    fn value(&mut self, actor: Actor, call: &str) -> i64 {
        self.turn_to(actor);
        let seat = self.seat();
        let came = self.free.stage.returns(seat, actor, call);
        let told = match &came {
            Ok(_) if name(call) == "fork" => "child".to_owned(),
            Ok(_) if name(call) == "accept" => "fd".to_owned(),
            Ok(returned) => returned.value.to_string(),
            Err(errno) => errno.to_string(),
        };
        self.told.push(format!("{} {told}", name(call)));
        came.map_or(-1, |returned| returned.value)
    }

    /// The number that the kernel has for the new process's thread.
    #[track_caller]
    fn forks(&mut self, actor: Actor) -> i64 {
        self.value(actor, "fork()")
    }

    /// This text stands on the screen in both languages.
    #[track_caller]
    fn says(&mut self, said: impl Fn(&str) -> String) {
        for lang in ["en", "zh"] {
            self.free.sees(&said(lang));
            let seat = self.seat();
            self.free.stage.press(seat, "L");
        }
        let (seat, english) = (self.seat(), self.free.stage.texts.explain.title.clone());
        self.free.stage.wait_text(seat, &english);
    }

    /// A note on a descriptor's `close()` or `shutdown()`, with those that have its socket too.
    #[track_caller]
    fn notes(&mut self, key: &str, fd: i64, others: &[(Actor, i64)]) {
        self.says(|lang| fill(&of_forks(key, lang), &[("fd", fd.to_string()), ("others", held(others, lang))]));
    }

    fn fins(&self) -> usize {
        let is_fin = |event: &Event| matches!(event, Event::Sent { segment, .. } if segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN)));
        self.free.stage.count(self.seat(), is_fin)
    }

    fn in_state(&self, state: &str) -> usize {
        self.free.stage.sockets(self.seat()).iter().filter(|socket| socket.state == state).count()
    }

    /// All that was called since the child began is what plain socket code gets, with a child of `fork(2)`.
    #[track_caller]
    fn goes_as_plain(&self, scenario: &str) {
        let told: Vec<&String> = self.told.iter().filter(|call| !call.starts_with("socket")).collect();
        assert_eq!(told, plain::play(scenario).iter().collect::<Vec<_>>(), "{scenario}");
    }

    #[track_caller]
    fn ends(mut self) {
        let seat = self.seat();
        self.free.stage.close(&[seat]);
    }
}

/// What a thread of a process has open: by its number the socket that the kernel has there. Only root may look.
fn open_in(pid: u32, thread: i64) -> Option<BTreeMap<String, String>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task/{thread}/fd")).ok()?;
    let named = entries.flatten().filter_map(|entry| {
        let leads_to = fs::read_link(entry.path()).ok()?.display().to_string();
        leads_to.starts_with("socket:").then(|| (entry.file_name().to_string_lossy().into_owned(), leads_to))
    });
    Some(named.collect())
}

/// The threads of a process that bear a name.
fn threads(pid: u32, wanted: &str) -> Vec<i64> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let named =
        tasks.filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim_end() == wanted));
    named.map(|task| task.file_name().to_string_lossy().parse().unwrap()).collect()
}

#[test]
fn the_kernel_copies_the_table_and_each_number_leads_to_the_same_socket() {
    for user in lab_users() {
        let mut free = Free::new(user);
        let (_, peer) = free.pair();
        let mut family = Family { free, told: Vec::new() };
        let child = family.forks(PARENT);
        family.free.is_explained("fork", "returns", None);
        family.says(|lang| {
            let values = [("fds", format!("3{}{peer}", of_forks("and", lang))), ("child", process(CHILD, lang))];
            fill(&of_forks("forked", lang), &values)
        });
        family.says(|lang| {
            let values = [("value", child.to_string()), ("child", process(CHILD, lang))];
            fill(&of_forks("value", lang), &values)
        });
        let pid = family.free.stage.pid(family.seat());
        let parent = threads(pid, "server")[0];
        assert_eq!(threads(pid, "server 2"), [child]);
        if let (Some(own), Some(its)) = (open_in(pid, parent), open_in(pid, child)) {
            assert_eq!((own.len(), &own), (2, &its));
            assert_eq!(family.value(CHILD, "close 3"), 0);
            let its = open_in(pid, child).unwrap();
            assert_eq!(its.keys().collect::<Vec<_>>(), ["4"]);
            assert_eq!(open_in(pid, parent).unwrap(), own);
        }
        family.ends();
    }
}

#[test]
fn only_the_last_close_sends_a_fin_whoever_calls_it() {
    for user in lab_users() {
        let (mut family, fd, peer) = Family::connected(user);
        assert_eq!(family.value(CHILD, &format!("close {peer}")), 0);
        family.notes("closed", peer, &[(PARENT, peer)]);
        assert_eq!((family.fins(), family.in_state("ESTABLISHED")), (0, 2));
        assert_eq!(family.value(PARENT, &format!("send {peer} hello")), 5);
        assert_eq!(family.value(OTHER, &format!("recv {fd} 5")), 5);
        assert_eq!(family.value(PARENT, &format!("close {peer}")), 0);
        let last = include_str!("../../assets/text/programs.toml");
        family.says(|lang| fill(&text(last, "last", lang), &[("segment", "FIN,ACK seq=k+6 ack=j+1")]));
        assert_eq!(family.fins(), 1);
        assert_eq!(family.value(OTHER, &format!("recv {fd} 1")), 0);
        family.goes_as_plain("fork_and_child_closes");
        family.ends();

        let (mut family, fd, peer) = Family::connected(user);
        assert_eq!(family.value(PARENT, &format!("close {peer}")), 0);
        family.notes("closed", peer, &[(CHILD, peer)]);
        assert_eq!(family.value(CHILD, &format!("send {peer} hello")), 5);
        assert_eq!(family.value(OTHER, &format!("recv {fd} 5")), 5);
        assert_eq!((family.fins(), family.in_state("ESTABLISHED")), (0, 2));
        assert_eq!(family.value(CHILD, &format!("close {peer}")), 0);
        family.says(|lang| fill(&text(last, "last", lang), &[("segment", "FIN,ACK seq=k+6 ack=j+1")]));
        assert_eq!(family.value(OTHER, &format!("recv {fd} 1")), 0);
        family.goes_as_plain("fork_and_parent_closes");
        family.ends();
    }
}

#[test]
fn a_listener_listens_as_long_as_one_process_has_it() {
    for user in lab_users() {
        let (mut family, fd) = Family::listening(user);
        assert_eq!(family.value(PARENT, &format!("close {fd}")), 0);
        family.notes("closed_listener", fd, &[(CHILD, fd)]);
        assert_eq!(family.in_state("LISTEN"), 1);
        let client = family.value(OTHER, "socket()");
        assert_eq!(family.value(OTHER, &format!("connect {client} :8000")), 0);
        assert_eq!(family.value(PARENT, &format!("accept {fd}")), -1);
        assert!(family.value(CHILD, &format!("accept {fd}")) > fd);
        assert_eq!(family.value(CHILD, &format!("close {fd}")), 0);
        assert_eq!(family.in_state("LISTEN"), 0);
        let client = family.value(OTHER, "socket()");
        assert_eq!(family.value(OTHER, &format!("connect {client} :8000")), -1);
        family.goes_as_plain("fork_and_listener");
        family.ends();
    }
}

#[test]
fn shutdown_by_one_process_ends_it_for_the_other() {
    for user in lab_users() {
        let (mut family, fd, peer) = Family::connected(user);
        assert_eq!(family.value(CHILD, &format!("shutdown {peer} SHUT_WR")), 0);
        family.notes("shut", peer, &[(PARENT, peer)]);
        assert_eq!(family.value(PARENT, &format!("send {peer} hello")), -1);
        family.says(|lang| fill(&of_forks("shut_before", lang), &[("process", process(CHILD, lang))]));
        assert_eq!(family.value(OTHER, &format!("recv {fd} 1")), 0);
        family.goes_as_plain("fork_and_shutdown");
        family.ends();
    }
}

#[test]
fn a_flag_that_one_process_sets_is_the_others_too() {
    let of_options = |key, lang: &str| text(include_str!("../../assets/text/options.toml"), key, lang);
    for user in lab_users() {
        let (mut family, _, peer) = Family::connected(user);
        assert_eq!(family.value(CHILD, &format!("fcntl({peer}, F_SETFL, O_NONBLOCK)")), 0);
        family.says(|lang| fill(&of_options("for_others", lang), &[("others", held(&[(PARENT, peer)], lang))]));
        assert_eq!(family.value(PARENT, &format!("recv {peer} 1")), -1);
        family.says(|lang| fill(&of_options("by_another", lang), &[("by", held(&[(CHILD, peer)], lang))]));
        family.goes_as_plain("fork_and_nonblocking");
        family.ends();
    }
}

#[test]
fn a_process_that_is_killed_takes_nothing_from_the_other() {
    let of_killed = |key, lang: &str| text(include_str!("../../assets/text/killed.toml"), key, lang);
    for user in lab_users() {
        let (mut family, fd, peer) = Family::connected(user);
        let seat = family.seat();
        let killed = |stage: &Stage| stage.count(seat, |event| matches!(event, Event::Killed(_)));
        // The parent first: what the child has lives on.
        family.turn_to(PARENT);
        family.free.stage.press(seat, "K");
        family.free.stage.until("its end", |stage| killed(stage) == 1);
        family.says(|lang| {
            fill(&of_killed("held", lang), &[("fd", peer.to_string()), ("others", held(&[(CHILD, peer)], lang))])
        });
        assert_eq!((family.fins(), family.in_state("ESTABLISHED"), family.in_state("LISTEN")), (0, 2, 1));
        assert_eq!(family.value(CHILD, &format!("send {peer} hello")), 5);
        assert_eq!(family.value(OTHER, &format!("recv {fd} 5")), 5);
        // Then the child, and with it the last descriptor. What it sends waits.
        let rules = |stage: &Stage| stage.count(seat, |event| matches!(event, Event::Passing(_)));
        family.turn_to(OTHER);
        family.free.scrolls("\t\t");
        for _ in 0..4 {
            let before = rules(&family.free.stage);
            family.free.stage.press(seat, "w");
            family.free.stage.until("another rule", |stage| rules(stage) > before);
        }
        family.turn_to(CHILD);
        family.free.stage.press(seat, "K");
        family.free.stage.until("its end too", |stage| killed(stage) == 2);
        family.says(|lang| fill(&of_killed("fin", lang), &[("fd", peer)]));
        assert_eq!((family.fins(), family.in_state("LISTEN")), (1, 0));
        assert!(threads(family.free.stage.pid(seat), "server 2").is_empty());
        family.free.stage.lets_go(seat, "FIN,ACK");
        assert_eq!(family.value(OTHER, &format!("recv {fd} 1")), 0);
        family.ends();
    }
}

/// What a call holds lives on, though neither its own process nor the killed one has a descriptor of it any more.
#[test]
fn a_listener_lives_as_long_as_a_childs_accept_sleeps_on_it() {
    let of_killed = |key, lang: &str| text(include_str!("../../assets/text/killed.toml"), key, lang);
    let of_threads = |key, lang: &str| text(include_str!("../../assets/text/threads.toml"), key, lang);
    for user in lab_users() {
        let (mut family, fd) = Family::listening(user);
        let seat = family.seat();
        family.sleeps(CHILD, &format!("accept {fd}"));
        assert_eq!(family.value(CHILD, &format!("close {fd}")), 0);
        family.turn_to(PARENT);
        family.free.stage.press(seat, "K");
        family.free.stage.wait_event(seat, "its end", |event| matches!(event, Event::Killed(_)));
        family.says(|lang| {
            let thread = fill(
                &of_threads("of", lang),
                &[("thread", of_threads("main", lang)), ("process", process(CHILD, lang))],
            );
            let call = fill(&of_threads("call", lang), &[("call", format!("accept({fd})")), ("thread", thread)]);
            fill(&of_killed("in_use_listener", lang), &[("fd", fd.to_string()), ("calls", call)])
        });
        assert_eq!(family.in_state("LISTEN"), 1);
        let client = family.value(OTHER, "socket()");
        family.turn_to(OTHER);
        family.free.stage.types(seat, &format!("connect {client} :8000"));
        let accepted = |event: &Event| matches!(event, Event::Returned { caller, outcome: Ok(told) } if caller.actor == CHILD && told.peer.is_some());
        family.free.stage.wait_event(seat, "what the child accepts", accepted);
        family.free.stage.wait_no_state(seat, Server, "LISTEN");
        family.ends();
    }
}

#[test]
fn an_accept_sleeps_on_while_the_child_closes_and_the_kernel_chooses_who_is_woken() {
    for user in lab_users() {
        let (mut family, fd) = Family::listening(user);
        let seat = family.seat();
        family.sleeps(PARENT, &format!("accept {fd}"));
        assert_eq!(
            family.forks(CHILD),
            family
                .free
                .stage
                .entries(seat)
                .iter()
                .rev()
                .find_map(|entry| match &entry.event {
                    Event::Returned { outcome: Ok(returned), .. } if returned.child == Some(GRANDCHILD.nth) =>
                        Some(returned.value),
                    _ => None,
                })
                .unwrap()
        );
        family.sleeps(GRANDCHILD, &format!("accept {fd}"));
        let of_threads = |key, lang: &str| text(include_str!("../../assets/text/threads.toml"), key, lang);
        family.says(|lang| {
            let thread = fill(
                &of_threads("of", lang),
                &[("thread", of_threads("main", lang)), ("process", process(PARENT, lang))],
            );
            fill(&of_threads("accepts_too", lang), &[("threads", thread)])
        });
        assert_eq!(family.value(CHILD, &format!("close {fd}")), 0);
        family.notes("closed_listener", fd, &[(PARENT, fd), (GRANDCHILD, fd)]);
        let client = family.value(OTHER, "socket()");
        family.turn_to(OTHER);
        family.free.stage.types(seat, &format!("connect {client} :8000"));
        let came = |stage: &Stage, actor: Actor| {
            let of = |event: &Event| matches!(event, Event::Returned { caller, outcome: Ok(told) } if caller.actor == actor && told.peer.is_some());
            stage.count(seat, of)
        };
        family.free.stage.until("the accept() that slept longest", |stage| came(stage, PARENT) == 1);
        assert_eq!(came(&family.free.stage, GRANDCHILD), 0, "one connection wakes one");
        family.ends();
    }
}

#[test]
fn there_is_room_for_so_many_children_and_no_more() {
    let user = lab_users()[0];
    let mut family = Family { free: Free::new(user), told: Vec::new() };
    let seat = family.seat();
    family.value(PARENT, "socket()");
    for _ in 0..SideProcess::MOST_CHILDREN {
        family.forks(PARENT);
    }
    family.turn_to(PARENT);
    let forked = |stage: &Stage| {
        stage.count(seat, |event| matches!(event, Event::Returned { outcome: Ok(told), .. } if told.child.is_some()))
    };
    let before = forked(&family.free.stage);
    let texts = [include_str!("../../assets/text/en/tui.toml"), include_str!("../../assets/text/zh/tui.toml")];
    for (table, lang) in texts.map(|text| text.parse::<toml::Table>().unwrap()).iter().zip([Lang::EN, zh()]) {
        let texts = InterfaceTexts::load(lang).unwrap();
        family.free.stage.press(seat, "\r");
        family.free.stage.wait_text(seat, &texts.free.type_keys);
        family.free.stage.press(seat, "fork()\r");
        let side = process(PARENT, lang.code());
        let values = [("side", side), ("n", SideProcess::MOST_CHILDREN.to_string())];
        family.free.stage.wait_text(seat, &fill(table["mistyped"]["many_children"].as_str().unwrap(), &values));
        family.free.stage.press(seat, "\u{1b}");
        family.free.stage.wait_without(seat, &texts.free.type_keys);
        family.free.stage.press(seat, "L");
    }
    assert_eq!(forked(&family.free.stage), before);
    // Once one has ended there is room again.
    family.turn_to(CHILD);
    family.free.stage.press(seat, "K");
    family.free.stage.wait_event(seat, "its end", |event| matches!(event, Event::Killed(_)));
    family.forks(PARENT);
    assert_eq!(forked(&family.free.stage), before + 1);
    family.ends();
}

/// In a lab that several share the child is its window's, and the lab goes on with it in another process.
#[test]
fn in_a_shared_lab_a_child_is_its_windows() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        let fd = stage.returns(server, PARENT, "socket()").unwrap().value;
        for call in [format!("bind {fd} :8000"), format!("listen {fd} 8"), "fork()".to_owned()] {
            stage.returns(server, PARENT, &call).unwrap();
        }
        // From here on the lab is another process's.
        let client = stage.join(&["client"]);
        let chosen = |stage: &mut Stage| {
            let menu = format!("■ {},", CHILD.name(&stage.texts.free.role_server));
            for _ in 0..6 {
                if screens::explanation(stage.screen(server)).iter().any(|row| row.starts_with(&menu)) {
                    return;
                }
                // The list of keys that opens and closes behind Tab says that it was read.
                let title = format!("┏ {} ━", stage.texts.help.title);
                stage.press(server, "\t?");
                stage.wait(server, "list of keys", |screen| screen.contents().contains(&title));
                stage.press(server, "?");
                stage.wait(server, "its end", |screen| !screen.contents().contains(&title));
            }
            panic!("{menu} is never offered");
        };
        chosen(&mut stage);
        assert_eq!(stage.call(server, CHILD, &format!("accept {fd}")), None);
        let own = stage.returns(client, OTHER, "socket()").unwrap().value;
        assert_eq!(stage.call(client, OTHER, &format!("connect {own} :8000")), None);
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(server, "ACK");
        let accepted = |event: &Event| matches!(event, Event::Returned { caller, outcome: Ok(told) } if caller.actor == CHILD && told.peer.is_some());
        stage.wait_event(client, "what the child accepted", accepted);
        // The second child is made there too, and one ends when its window does.
        assert!(stage.returns(server, CHILD, "fork()").is_ok());
        stage.quit(server);
        stage.wait_no_state(client, Server, "LISTEN");
        stage.close(&[client]);
    }
}
