//! Several clients, and several servers, in one lab: each a process in a terminal of its own, with its own calls and its own
//! door.

use serde_json::Value;
use sockwalk::i18n;
use sockwalk::i18n::Lang;
use sockwalk::model::{Actor, Event, Side};

use crate::common::{finish, lab_users, zh};
use crate::stage::{LARGE, SMALL, Seat, Stage};

use Side::{Client, Server};

fn nth(side: Side, nth: u32) -> Actor {
    Actor { side, nth }
}

/// What the title of a side's pane calls it.
fn titled(stage: &Stage, actor: Actor) -> String {
    let t = &stage.texts.side;
    let name = actor.name(if actor.side == Server { &t.server } else { &t.client });
    let shape = if actor.side == Server { '■' } else { '●' };
    format!("{shape} {name} ")
}

/// A client's handshake; what comes to either end is let go there.
#[track_caller]
fn connects(stage: &mut Stage, server: Seat, client: Seat, who: Actor) {
    stage.succeeds(client, who, "socket(");
    stage.sleeps(client, who, "connect(");
    stage.lets_go(server, "SYN");
    stage.lets_go(client, "SYN,ACK");
    stage.lets_go(server, "ACK");
    let connected = move |event: &Event| matches!(event, Event::Returned { caller, outcome: Ok(came) } if caller.actor == who && came.value == 0);
    stage.wait_event(client, "connect() = 0", connected);
}

#[test]
fn five_clients_have_five_doors_and_one_server_serves_them() {
    for (user, (size, lang)) in lab_users().into_iter().zip([(LARGE, Lang::EN), (SMALL, zh())].into_iter().cycle()) {
        let mut stage = Stage::new(user, size, lang);
        let server = stage.join(&["server"]);
        for call in ["socket(", "bind(", "listen("] {
            stage.succeeds(server, Server, call);
        }
        let mut clients = Vec::new();
        for n in 1..=5 {
            let (seat, who) = (stage.join(&["client"]), nth(Client, n));
            let title = titled(&stage, who);
            stage.wait(seat, &title, |screen| screen.contents().contains(&title));
            connects(&mut stage, server, seat, who);
            // Whoever acted last is the one that the others look at.
            stage.wait(server, &title, |screen| screen.contents().contains(&title));
            stage.succeeds(server, Server, "accept(");
            clients.push((seat, who));
        }
        // The kernel has ten ends, asked by another way.
        let established = stage.sockets(server).into_iter().filter(|seen| seen.state == "ESTABLISHED").count();
        assert_eq!(established, 10);
        // A byte from the third; what acknowledges it waits at the third's door, and at no other.
        let (third, fourth) = (clients[2], clients[3]);
        assert!(stage.returns(third.0, third.1, "send 3 hi").is_ok());
        stage.lets_go(server, "PSH,ACK");
        stage.wait_held(server, &["ACK"]);
        crate::walk::keys_are_in_vain(&mut stage, fourth.0, Some(fourth.1));
        stage.lets_go(third.0, "ACK");
        // One that is killed in a call harms nobody, and whoever comes next has its number.
        stage.kill(clients[1].0);
        let gone = |event: &Event| matches!(event, Event::Left(member) if member.is(nth(Client, 2)));
        stage.wait_event(server, "the second is gone", gone);
        let again = stage.join(&["client"]);
        stage.succeeds(again, nth(Client, 2), "socket(");
        recorded_with_numbers(&stage, third.0, 3);
        let seats = [server, again, clients[0].0, clients[2].0, clients[3].0, clients[4].0];
        stage.close(&seats);
    }
}

/// A recording says of which client each call is, and so does its transcript.
fn recorded_with_numbers(stage: &Stage, seat: Seat, n: u64) {
    let lines = stage.lines(seat);
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = lines.filter(|line| line["kind"] == "call" && line["side"] == "client" && line["nth"] == n).count();
    assert!(own >= 4, "{own}");
    let path = stage.recording_path(seat);
    let replayed = finish(&mut stage.command(&["replay", path.to_str().unwrap(), "--shown", "text"]));
    let name = i18n::Texts::load(stage.lang).unwrap().shared.actor(nth(Client, 3));
    assert!(replayed.stdout.contains(&format!("  {name}  connect(")), "{replayed:?}");
}

#[test]
fn two_servers_share_a_port_or_one_is_refused_it() {
    for user in lab_users() {
        let mut stage = Stage::new(user, LARGE, Lang::EN);
        let (one, two) = (stage.join(&["server"]), stage.join(&["server"]));
        let second = nth(Server, 2);
        for (seat, who) in [(one, nth(Server, 1)), (two, second)] {
            assert_eq!(stage.succeeds(seat, who, "socket("), 3, "each has descriptors of its own");
        }
        stage.succeeds(one, Server, "bind(");
        let refused = stage.returns(two, second, "bind 3 :8000").unwrap_err();
        assert_eq!(refused.name(), Some("EADDRINUSE"));
        // Another port is free, and each accepts its own client.
        assert!(stage.returns(two, second, "bind 3 :8001").is_ok());
        for (seat, who) in [(one, nth(Server, 1)), (two, second)] {
            stage.succeeds(seat, who, "listen(");
        }
        let client = stage.join(&["client"]);
        stage.succeeds(client, Client, "socket(");
        assert!(stage.call(client, Client, "connect 3 :8001").is_none());
        crate::walk::keys_are_in_vain(&mut stage, one, Some(Server.into()));
        stage.lets_go(two, "SYN");
        stage.lets_go(client, "SYN,ACK");
        stage.lets_go(two, "ACK");
        stage.succeeds(two, second, "accept(");
        stage.close(&[one, two, client]);
    }
}
