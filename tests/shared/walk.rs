//! Server and client, each in a terminal of its own: the handshake, an echo, the close; and somebody who looks on.

use serde_json::Value;
use sockwalk::i18n::Lang;
use sockwalk::model::{Actor, Event, Outcome, Side};

use crate::common::{lab_users, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Seat, Stage};

use Side::{Client, Server};

/// Both sides make their calls up to the SYN that waits at the server's door. Returns the descriptors of the listener
/// and of the client's socket.
#[track_caller]
pub fn up_to_the_syn(stage: &mut Stage, server: Seat, client: Seat) -> (i64, i64) {
    let listener = stage.succeeds(server, Server, "socket(");
    assert_eq!(stage.succeeds(server, Server, "bind("), 0);
    assert_eq!(stage.succeeds(server, Server, "listen("), 0);
    let fd = stage.succeeds(client, Client, "socket(");
    stage.sleeps(client, Client, "connect(");
    stage.wait_held(server, &["SYN"]);
    (listener, fd)
}

/// Nothing that this seat presses lets go or drops what waits at another's door.
#[track_caller]
pub fn keys_are_in_vain(stage: &mut Stage, seat: Seat, who: Option<Actor>) {
    let gone = |event: &Event| matches!(event, Event::Delivered(_) | Event::Dropped(_));
    stage.until("something waiting", |stage| !stage.held(seat).is_empty());
    let (held, before) = (stage.held(seat), stage.count(seat, gone));
    let offer = format!(" Space {} ", stage.texts.label("next"));
    stage.wait(seat, "no offer of the other's segment", |screen| !screens::last_rows(screen).contains(&offer));
    stage.press(seat, " dx");
    match who {
        // What was asked for before it the daemon has heard when a call has come back.
        Some(who) => drop(stage.call(seat, who, "close 999")),
        None => stage.looks_at_sockets(seat, |_| ()),
    }
    assert_eq!((stage.held(seat), stage.count(seat, gone)), (held, before));
}

/// The table of sockets on each screen is what `ss` says.
#[track_caller]
fn compare_tables(stage: &mut Stage, seats: &[Seat]) {
    let any = stage.texts.kernel.any.clone();
    for seat in seats {
        stage.looks_at_sockets(*seat, |stage| {
            let told = stage.sockets(*seat).into_iter().map(screens::as_shown).collect();
            stage.wait(*seat, &format!("{told:?}"), |screen| screens::table(screen, &any) == told);
        });
    }
}

/// The two recordings hold the same entries: that of who left first is a beginning of the other's.
#[track_caller]
pub fn traces_are_equal(stage: &Stage, first: Seat, others: &[Seat]) {
    let entries = |seat: Seat| -> Vec<(Value, Value)> {
        let lines = stage.lines(seat).into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap());
        lines.map(|line| (line["t_us"].clone(), line["entry"].clone())).collect()
    };
    let short = entries(first);
    assert!(short.iter().all(|(at, entry)| at.is_u64() && entry.is_object()));
    for other in others {
        let long = entries(*other);
        assert!(long.len() >= short.len(), "{} entries, then {}", short.len(), long.len());
        for (n, (one, other)) in short.iter().zip(&long).enumerate() {
            assert_eq!(one, other, "entry {n}");
        }
    }
}

/// From the first call to TIME_WAIT, by the menu's digits and typed calls; each segment goes at its own door.
#[track_caller]
fn whole_walk(size: (u16, u16), lang: Lang) {
    for user in lab_users() {
        let mut stage = Stage::new(user, size, lang);
        let server = stage.join(&["server"]);
        let client = stage.join(&["client"]);
        let both = [server, client];
        let (listener, fd) = up_to_the_syn(&mut stage, server, client);
        stage.wait_states(&both, &[(Server, "LISTEN"), (Client, "SYN_SENT")]);
        compare_tables(&mut stage, &both);
        keys_are_in_vain(&mut stage, client, None);

        stage.lets_go(server, "SYN");
        stage.wait_held(client, &["SYN,ACK"]);
        stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "SYN_RECV"), (Client, "SYN_SENT")]);
        keys_are_in_vain(&mut stage, server, Some(Server.into()));
        compare_tables(&mut stage, &both);
        stage.lets_go(client, "SYN,ACK");
        stage.wait_held(server, &["ACK"]);
        stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "SYN_RECV"), (Client, "ESTABLISHED")]);
        keys_are_in_vain(&mut stage, client, Some(Client.into()));
        stage.sleeps(server, Server, "accept(");
        stage.lets_go(server, "ACK");
        let open = [(Server, "LISTEN"), (Server, "ESTABLISHED"), (Client, "ESTABLISHED")];
        stage.wait_states(&both, &open);

        let connection = echo(&mut stage, server, client, fd);
        stage.wait_states(&both, &open);
        four_ways(&mut stage, (server, connection), (client, fd));

        stage.call(server, Server, &format!("close {listener}"));
        stage.quit(client);
        stage.wait_event(server, "departure of the client", |event| matches!(event, Event::Left(_)));
        stage.close(&[server]);
        traces_are_equal(&stage, client, &[server]);
    }
}

/// The client says hello, and hears it again. Returns the descriptor of the server's connection.
#[track_caller]
fn echo(stage: &mut Stage, server: Seat, client: Seat, fd: i64) -> i64 {
    let mut connection = None;
    stage.until("accepted connection", |stage| {
        connection = stage.entries(server).into_iter().rev().find_map(|entry| match entry.event {
            Event::Returned { caller, outcome: Ok(came) } if caller.actor == Server.into() => {
                came.peer.map(|_| came.value)
            }
            _ => None,
        });
        connection.is_some()
    });
    let connection = connection.unwrap();
    stage.call(client, Client, &format!("send {fd} hello"));
    stage.lets_go(server, "PSH,ACK");
    stage.lets_go(client, "ACK");
    let came = stage.returns(server, Server, &format!("recv {connection}")).unwrap();
    assert_eq!((came.value, came.data.as_slice()), (5, &b"hello"[..]));
    assert_eq!(stage.call(client, Client, &format!("recv({fd}, 1024)")), None);
    stage.call(server, Server, &format!("send({connection}, \"hello\", 5, 0);"));
    stage.lets_go(client, "PSH,ACK");
    stage.lets_go(server, "ACK");
    stage.wait_text(client, "= 5 \"hello\"");
    connection
}

#[track_caller]
fn four_ways(stage: &mut Stage, (server, connection): (Seat, i64), (client, fd): (Seat, i64)) {
    let both = [server, client];
    assert_eq!(stage.returns(client, Client, &format!("close({fd})")).unwrap().value, 0);
    stage.wait_held(client, &["FIN,ACK"]);
    stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "ESTABLISHED"), (Client, "FIN_WAIT1")]);
    keys_are_in_vain(stage, client, Some(Client.into()));
    stage.lets_go(server, "FIN,ACK");
    stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "CLOSE_WAIT"), (Client, "FIN_WAIT1")]);
    stage.lets_go(client, "ACK");
    stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "CLOSE_WAIT"), (Client, "FIN_WAIT2")]);
    assert_eq!(stage.returns(server, Server, &format!("recv({connection}, 1024)")).unwrap().value, 0);
    assert_eq!(stage.returns(server, Server, &format!("close({connection})")).unwrap().value, 0);
    stage.wait_held(server, &["FIN,ACK"]);
    stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "LAST_ACK"), (Client, "FIN_WAIT2")]);
    keys_are_in_vain(stage, server, Some(Server.into()));
    stage.lets_go(client, "FIN,ACK");
    stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "LAST_ACK"), (Client, "TIME_WAIT")]);
    compare_tables(stage, &both);
    stage.lets_go(server, "ACK");
    stage.wait_states(&both, &[(Server, "CLOSED"), (Server, "LISTEN"), (Client, "TIME_WAIT")]);
}

#[test]
fn server_and_client_small_in_english() {
    whole_walk(SMALL, Lang::EN);
}

#[test]
fn server_and_client_large_in_chinese() {
    whole_walk(LARGE, zh());
}

#[test]
fn with_ipv6() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server", "[::1]:8000"]);
        let client = stage.join(&["client", "[::1]:8000"]);
        let both = [server, client];
        let (listener, _) = up_to_the_syn(&mut stage, server, client);
        stage.wait_text(server, &format!("bind({listener}, [::1]:8000)"));
        compare_tables(&mut stage, &both);
        stage.lets_go(server, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(server, "ACK");
        stage.wait_states(&both, &[(Server, "LISTEN"), (Server, "ESTABLISHED"), (Client, "ESTABLISHED")]);
        compare_tables(&mut stage, &both);
        stage.close(&both);
    }
}

// ---------------------------------------------------------------- who looks on

#[test]
fn who_looks_on_sees_the_same_and_changes_nothing() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        let watch = stage.join(&["watch"]);
        let client = stage.join(&["client"]);
        up_to_the_syn(&mut stage, server, client);
        stage.wait(watch, "large letters", |screen| screens::large(screen) == ["LISTEN", "SYN_SENT"]);
        let all = [server, client, watch];
        for (at_door, flags, after) in [
            (server, "SYN", ["SYN_RECV", "SYN_SENT"]),
            (client, "SYN,ACK", ["SYN_RECV", "ESTABLISHED"]),
            (server, "ACK", ["ESTABLISHED", "ESTABLISHED"]),
        ] {
            stage.wait_held(watch, &[flags]);
            every_key_is_in_vain(&mut stage, watch);
            ladders_are_equal(&mut stage, all);
            stage.lets_go(at_door, flags);
            let [server_end, client_end] = after;
            stage.wait_states(&all, &[(Server, "LISTEN"), (Server, server_end), (Client, client_end)]);
            stage.wait(watch, &format!("{after:?} in large letters"), |screen| screens::large(screen) == after);
        }
        stage.quit(watch);
        stage.close(&[client, server]);
        traces_are_equal(&stage, watch, &all);
        traces_are_equal(&stage, client, &[server]);
    }
}

/// Every key but that which leaves, and what would be a typed call. A barrier: a request that was made would reach the
/// daemon before the next member's.
#[track_caller]
fn every_key_is_in_vain(stage: &mut Stage, watch: Seat) {
    let before = stage.lines(watch).len();
    let acts = |event: &Event| {
        matches!(event, Event::Entered { .. } | Event::Delivered(_) | Event::Dropped(_) | Event::Passing(_))
    };
    let acted = stage.count(watch, acts);
    // No `o`, which opens the list of lessons: letters search in it.
    stage.press(watch, " dxiwWr123456789\r:accept(3)\r");
    stage.press(watch, "fffLLmsss");
    stage.looks_at_sockets(watch, |_| ());
    assert_eq!(stage.count(watch, acts), acted, "{:?}", &stage.lines(watch)[before..]);
}

/// The same segments with the same fates on all screens.
#[track_caller]
fn ladders_are_equal(stage: &mut Stage, seats: [Seat; 3]) {
    stage.until("equal ladders", |stage| {
        let ladders = seats.map(|seat| screens::ladder(stage.screen(seat)));
        ladders[0].iter().any(|row| row.contains('┃')) && ladders.iter().all(|ladder| *ladder == ladders[0])
    });
}

#[test]
fn each_interrupts_its_own_call_alone() {
    for user in lab_users() {
        let (mut stage, server, client) = Stage::with_two(user);
        let watch = stage.join(&["watch"]);
        up_to_the_syn(&mut stage, server, client);
        stage.sleeps(server, Server, "accept(");
        let offer = format!(" i {} ", stage.texts.label("interrupt"));
        for (seat, offered) in [(watch, false), (client, true), (server, true)] {
            stage.wait(seat, &offer, |screen| screens::last_rows(screen).contains(&offer) == offered);
        }
        stage.press(server, "i");
        stage.wait_text(watch, "= -1 EINTR");
        let interrupted = |of: Side| move |event: &Event| matches!(event, Event::Returned { caller, outcome: Err(_) } if caller.actor == of.into());
        assert_eq!(stage.count(watch, interrupted(Server)), 1);
        assert_eq!(stage.count(watch, interrupted(Client)), 0);
        stage.close(&[server, client, watch]);
    }
}

/// A side's descriptors are numbered as those of a program of its own, in one process with the other side too: its standard
/// ones are no sockets, and what is closed is EBADF whatever else the process has open.
#[test]
fn each_side_numbers_its_own_descriptors() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let free = stage.join(&["free"]);
        let number =
            |outcome: Option<Outcome>| outcome.unwrap().map(|returned| returned.value).map_err(|error| error.0);
        for side in Side::BOTH {
            if side == Client {
                stage.press(free, "\t");
                let offered = format!("● {}", stage.texts.free.role_client);
                stage.wait(free, &offered, |screen| screen.contents().contains(&offered));
            }
            for (call, wanted) in [
                ("socket()", Ok(3)),
                ("socket()", Ok(4)),
                ("send 1 hello", Err(libc::ENOTSOCK)),
                ("close 3", Ok(0)),
                ("close 3", Err(libc::EBADF)),
                ("close 1", Ok(0)),
                ("send 1 hello", Err(libc::EBADF)),
                ("socket()", Ok(1)),
                ("listen(1, 8)", Ok(0)),
                ("socket()", Ok(3)),
                ("close 17", Err(libc::EBADF)),
            ] {
                assert_eq!(number(stage.call(free, side, call)), wanted, "{call} of the {}", side.name());
            }
        }
        stage.close(&[free]);
    }
}

/// Tab turns to the other side, from the first time on.
#[test]
fn tab_turns_to_the_other_side() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let free = stage.join(&["free"]);
        for (shape, side) in [("■", Server), ("●", Client), ("■", Server)] {
            let name = if side == Server { &stage.texts.free.role_server } else { &stage.texts.free.role_client };
            let head = format!("{shape} {name},");
            stage.wait(free, &head, |screen| screen.contents().contains(&head));
            stage.press(free, "\t");
        }
        stage.close(&[free]);
    }
}

/// A server that was started again has none of the descriptors that the one before had: none is offered, and a number that
/// is typed is the kernel's to judge.
#[test]
fn a_restarted_server_has_descriptors_of_its_own() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let client = stage.join(&["client"]);
        let server = stage.join(&["server"]);
        for call in ["socket(", "bind("] {
            stage.succeeds(server, Server, call);
        }
        stage.kill(server);
        let server = stage.join(&["server"]);
        stage.wait(server, "a menu", |screen| !screens::menu(screen).is_empty());
        let calls: Vec<String> = screens::menu(stage.screen(server)).into_iter().map(|(_, call)| call).collect();
        assert!(calls.iter().all(|call| call.starts_with("socket(")), "{calls:?}");
        assert_eq!(stage.succeeds(server, Server, "socket("), 3);
        stage.wait(server, "bind(3", |screen| screens::menu(screen).iter().any(|(_, call)| call.starts_with("bind(3")));
        stage.close(&[server, client]);
    }
}

/// Where a side's calls are made by themselves, its main thread alone makes one that is typed: while it sleeps, the screen says that
/// none can be made.
#[test]
fn a_call_that_is_typed_where_a_side_answers_by_itself_is_told() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server", "--answer", "success"]);
        stage.wait_event(server, "accept()", |event| matches!(event, Event::Blocked { .. }));
        stage.types(server, "close 3");
        let side = sockwalk::i18n::in_sentence(Server.into(), stage.lang);
        let busy = stage.texts.mistyped.busy.replace("{side}", &side).replace("{call}", "accept()");
        stage.wait_text(server, &busy);
        let prompt = stage.texts.free.type_keys.clone();
        stage.press(server, "\u{1b}");
        stage.wait(server, "no prompt", |screen| !screen.contents().contains(&prompt));
        stage.close(&[server]);
    }
}
