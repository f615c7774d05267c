//! Who is killed at any step of the handshake: the others go on and tell, and the killed one can come again.

use sockwalk::i18n::{self, Lang};
use sockwalk::model::{Errno, Event, Failure, Outcome, Side};

use crate::common::procs::Network;
use crate::common::{lab_users, pty, zh};
use crate::screens;
use crate::stage::{LARGE, SMALL, Seat, Stage, names};

use Side::{Client, Server};

/// How far the handshake has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    BeforeConnect,
    SynWaits,
    SynAckWaits,
    AckWaits,
    Established,
}

use Step::{AckWaits, BeforeConnect, Established, SynAckWaits, SynWaits};

const STEPS: [Step; 5] = [BeforeConnect, SynWaits, SynAckWaits, AckWaits, Established];

/// Two sides in a lab; each scenario has a port of its own.
struct Pair {
    stage: Stage,
    server: Seat,
    client: Seat,
    port: u16,
    /// The client's descriptor.
    fd: i64,
    /// The server's.
    listener: i64,
}

#[track_caller]
fn value(came: Option<Outcome>) -> i64 {
    came.expect("it returns").expect("it succeeds").value
}

impl Pair {
    fn new(stage: Stage, server: Seat, client: Seat) -> Pair {
        Pair { stage, server, client, port: 8000, fd: -1, listener: -1 }
    }

    /// Walks up to a step, with both sides asleep in a call where they can be.
    #[track_caller]
    fn walk_to(&mut self, step: Step) {
        self.port += 1;
        let (stage, server, client, port) = (&mut self.stage, self.server, self.client, self.port);
        self.listener = value(stage.call(server, Server, "socket()"));
        assert_eq!(value(stage.call(server, Server, &format!("bind {} :{port}", self.listener))), 0);
        assert_eq!(value(stage.call(server, Server, &format!("listen {}", self.listener))), 0);
        assert_eq!(stage.call(server, Server, &format!("accept {}", self.listener)), None);
        self.fd = value(stage.call(client, Client, "socket()"));
        if step >= SynWaits {
            self.connects();
        }
        for (at, seat, flags, next) in [
            (SynAckWaits, server, "SYN", vec!["SYN,ACK"]),
            (AckWaits, client, "SYN,ACK", vec!["ACK"]),
            (Established, server, "ACK", vec![]),
        ] {
            if step >= at {
                self.stage.lets_go(seat, flags);
                self.stage.wait_held(seat, &next);
            }
        }
        if step >= Established {
            self.accepted();
        }
    }

    #[track_caller]
    fn connects(&mut self) {
        let call = format!("connect {} :{}", self.fd, self.port);
        assert_eq!(self.stage.call(self.client, Client, &call), None);
        self.stage.wait_held(self.client, &["SYN"]);
    }

    /// The newest accept() returns; then the server sleeps in recv().
    #[track_caller]
    fn accepted(&mut self) {
        let came = self.returned(|came| matches!(came, Ok(came) if came.peer.is_some()));
        let connection = came.unwrap().value;
        assert_eq!(self.stage.call(self.server, Server, &format!("recv {connection}")), None);
    }

    /// Waits until the server's newest call has returned, and so.
    #[track_caller]
    fn returned(&mut self, so: impl Fn(&Outcome) -> bool) -> Outcome {
        let (server, mut newest) = (self.server, None);
        self.stage.until("return of the server's call", |stage| {
            newest = stage.entries(server).into_iter().rev().find_map(|entry| match entry.event {
                Event::Returned { caller, outcome } if caller.actor == Server.into() => Some(Some(outcome)),
                Event::Entered { caller, .. } if caller.actor == Server.into() => Some(None),
                _ => None,
            });
            newest.iter().flatten().any(&so)
        });
        newest.flatten().unwrap()
    }

    /// A signal ends the call in which the server sleeps.
    #[track_caller]
    fn interrupts(&mut self) {
        self.stage.press(self.server, "i");
        assert_eq!(self.returned(|came| came.is_err()), Err(Errno(libc::EINTR)));
    }

    /// Kills one; the others tell it. `in_call` is the side whose call ended with it.
    #[track_caller]
    fn kill(&mut self, seat: Seat, role: &str, in_call: Option<Side>, others: &[Seat]) {
        let pid = self.stage.pid(seat);
        self.stage.kill(seat);
        let left = self.stage.texts.free.left.replace("{role}", role).replace("{pid}", &pid.to_string());
        for other in others {
            self.stage.wait_event(
                *other,
                "departure",
                |event| matches!(event, Event::Left(member) if member.pid == pid),
            );
            self.stage.wait_text(*other, &left);
            if let Some(side) = in_call {
                self.stage.wait(*other, "a † before the newest call", |screen| {
                    screens::newest_mark(screen, side) == Some('†')
                });
                let ended = self.stage.texts.side.ended.clone();
                self.stage.wait_text(*other, &ended);
            }
        }
    }

    /// One more connection, up to its acceptance: both sides are at work.
    #[track_caller]
    fn works(&mut self) {
        self.walk_to(Established);
    }
}

#[test]
fn the_server_is_killed_at_every_step() {
    for user in lab_users() {
        let (stage, server, client) = Stage::with_two(user);
        let mut pair = Pair::new(stage, server, client);
        for step in STEPS {
            pair.walk_to(step);
            let role = pair.stage.texts.free.role_server.clone();
            pair.kill(pair.server, &role, Some(Server), &[client]);
            let (goes, came): (&[&str], _) = match step {
                BeforeConnect => {
                    pair.connects();
                    (&["SYN", "RST,ACK"], Some(libc::ECONNREFUSED))
                }
                SynWaits => (&["SYN", "RST,ACK"], Some(libc::ECONNREFUSED)),
                SynAckWaits => (&["SYN,ACK", "ACK", "RST"], None),
                AckWaits => (&["ACK", "RST"], None),
                Established => (&["FIN,ACK", "ACK"], None),
            };
            goes.iter().for_each(|flags| pair.stage.lets_go(client, flags));
            pair.stage.wait_held(client, &[]);
            match came {
                Some(errno) => pair.stage.wait_event(client, "refused connection", |event| {
                    matches!(event, Event::Returned { caller, outcome: Err(Errno(number)) } if caller.actor == Client.into() && *number == errno)
                }),
                None => {
                    let heard = pair.stage.call(client, Client, &format!("recv {}", pair.fd));
                    let wanted = if step == Established { Ok(0) } else { Err(Errno(libc::ECONNRESET)) };
                    assert_eq!(heard.map(|came| came.map(|came| came.value)), Some(wanted), "{step:?}");
                }
            }
            pair.server = pair.stage.join(&["server"]);
        }
        pair.works();
        let server = pair.server;
        pair.stage.close(&[client, server]);
    }
}

#[test]
fn the_client_is_killed_at_every_step() {
    for user in lab_users() {
        let (stage, server, client) = Stage::with_two(user);
        let mut pair = Pair::new(stage, server, client);
        for step in STEPS {
            pair.walk_to(step);
            let role = pair.stage.texts.free.role_client.clone();
            let sleeps = matches!(step, SynWaits | SynAckWaits).then_some(Client);
            pair.kill(pair.client, &role, sleeps, &[server]);
            let goes: &[&str] = match step {
                BeforeConnect => &[],
                SynWaits => &["SYN", "SYN,ACK", "RST"],
                SynAckWaits => &["SYN,ACK", "RST"],
                AckWaits => &["ACK", "FIN,ACK", "ACK"],
                Established => &["FIN,ACK", "ACK"],
            };
            goes.iter().for_each(|flags| pair.stage.lets_go(server, flags));
            pair.stage.wait_held(server, &[]);
            match step {
                // What was accepted is a connection that has ended already.
                AckWaits => drop(pair.returned(|came| matches!(came, Ok(came) if came.peer.is_some()))),
                Established => drop(pair.returned(|came| matches!(came, Ok(came) if came.value == 0))),
                // accept() sleeps on: a signal ends it.
                _ => {
                    pair.interrupts();
                }
            }
            pair.client = pair.stage.join(&["client"]);
        }
        pair.works();
        let client = pair.client;
        pair.stage.close(&[server, client]);
    }
}

#[test]
fn who_looks_on_is_killed_at_every_step() {
    for user in lab_users() {
        let (stage, server, client) = Stage::with_two(user);
        let mut pair = Pair::new(stage, server, client);
        for step in STEPS {
            let watch = pair.stage.join(&["watch"]);
            pair.walk_to(step);
            let role = pair.stage.texts.free.role_watch.clone();
            pair.kill(watch, &role, None, &[server, client]);
            if step == BeforeConnect {
                pair.connects();
            }
            for (before, seat, flags) in
                [(SynAckWaits, server, "SYN"), (AckWaits, client, "SYN,ACK"), (Established, server, "ACK")]
            {
                if step < before {
                    pair.stage.lets_go(seat, flags);
                }
            }
            if step < Established {
                pair.accepted();
            }
            pair.interrupts();
        }
        pair.stage.close(&[server, client]);
    }
}

#[test]
fn the_daemon_is_killed() {
    for user in lab_users() {
        for (size, lang) in [(LARGE, Lang::EN), (SMALL, zh())] {
            let mut stage = Stage::new(user, size, lang);
            let server = stage.join(&["server"]);
            let client = stage.join(&["client"]);
            let watch = stage.join(&["watch"]);
            crate::walk::up_to_the_syn(&mut stage, server, client);
            let lab = Network::of(&format!("/proc/{}/ns/net", stage.daemon())).unwrap();
            pty::kill(stage.daemon(), libc::SIGKILL);
            let gone = stage.texts.free.failed.replace("{why}", &i18n::failure(stage.lang, &Failure::LabGone));
            let watched = stage.texts.free.watched_gone.replace("{lab}", "main");
            for (seat, gone) in [(server, &gone), (client, &gone), (watch, &watched)] {
                stage.wait_text(seat, gone);
                stage.press(seat, "q");
                assert_eq!(stage.leaves(seat).code(), Some(1));
                let texts = i18n::Texts::load(lang).unwrap();
                let sentence = i18n::join(&texts.cli.error, &texts.shared.lab_gone);
                let said = screens::after_the_screen(&stage.terminal(seat).raw);
                assert!(said.contains(&screens::unbroken(&sentence)), "{said:?}");
            }
            assert!(!lab.is_inhabited(), "{} is still there", lab.name());
            assert_eq!(names(&stage.run().join("sockwalk")), ["lock", "main.sock"]);
            // A new lab takes the name over.
            let server = stage.join(&["server"]);
            let client = stage.join(&["client"]);
            crate::walk::up_to_the_syn(&mut stage, server, client);
            stage.close(&[server, client]);
        }
    }
}
