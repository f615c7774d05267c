//! A walk that nobody joined has its lab in its own process; before somebody comes in, the lab moves into another one.

use sockwalk::i18n::Lang;
use sockwalk::model::{Event, Side};

use crate::common::{lab_users, zh};
use crate::stage::{LARGE, SMALL, Stage};
use crate::walk::traces_are_equal;

use Side::{Client, Server};

#[test]
fn the_lab_moves_with_all_that_it_has_and_outlives_who_began_it() {
    for (user, (size, lang)) in lab_users().into_iter().zip([(LARGE, Lang::EN), (SMALL, zh())].into_iter().cycle()) {
        let mut stage = Stage::new(user, size, lang);
        let free = stage.join(&["free"]);
        assert!(stage.daemons().is_empty(), "alone, no other process is needed");
        for call in ["socket(", "bind(", "listen("] {
            stage.succeeds(free, Server, call);
        }
        stage.sleeps(free, Server, "accept(");
        stage.press(free, "\t");
        stage.succeeds(free, Client, "socket(");
        stage.sleeps(free, Client, "connect(");
        stage.wait_held(free, &["SYN"]);
        stage.lets_go(free, "SYN");
        stage.wait_held(free, &["SYN,ACK"]);
        // In the middle of a handshake, with both sides asleep in their calls and a segment on the wire.
        let watch = stage.join(&["watch"]);
        let daemon = stage.daemon();
        stage.wait_held(watch, &["SYN,ACK"]);
        stage.wait_states(&[free, watch], &[(Server, "LISTEN"), (Server, "SYN_RECV"), (Client, "SYN_SENT")]);
        stage.let_go(free, &["SYN,ACK", "ACK"]);
        let accepted = |event: &Event| matches!(event, Event::Returned { caller, outcome: Ok(_) } if caller.actor == Server.into());
        stage.until("accept() returns", |stage| stage.count(watch, accepted) == 4);
        stage.wait_states(&[free, watch], &[(Server, "LISTEN"), (Server, "ESTABLISHED"), (Client, "ESTABLISHED")]);
        // A second client finds the lab where it is; the first one's end is nobody else's.
        let client = stage.join(&["client"]);
        assert_eq!(stage.daemon(), daemon);
        stage.kill(free);
        let left = |event: &Event| matches!(event, Event::Left(member) if member.role.drives(Server));
        for seat in [watch, client] {
            stage.wait_event(seat, "who began it is gone", left);
        }
        let second = sockwalk::model::Actor { side: Client, nth: 2 };
        stage.succeeds(client, second, "socket(");
        stage.wait_event(
            watch,
            "its call",
            move |event| matches!(event, Event::Returned { caller, .. } if caller.actor == second),
        );
        traces_are_equal(&stage, watch, &[client]);
        stage.close(&[client, watch]);
    }
}

#[test]
fn who_was_alone_leaves_nothing_and_who_comes_then_begins_anew() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let server = stage.join(&["server"]);
        stage.succeeds(server, Server, "socket(");
        stage.kill(server);
        // The name that it leaves is nobody's.
        let client = stage.join(&["client"]);
        stage.succeeds(client, Client, "socket(");
        assert!(stage.daemons().is_empty());
        stage.close(&[client]);
    }
}

#[test]
fn who_comes_to_another_lab_moves_nobodys() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let alone = stage.join(&["free", "--lab", "one"]);
        let other = stage.join(&["server", "--lab", "two"]);
        stage.succeeds(alone, Server, "socket(");
        stage.succeeds(other, Server, "socket(");
        assert!(stage.daemons().is_empty(), "each is alone in its lab");
        stage.close(&[alone, other]);
    }
}
