//! Programs that know nothing of any lab, as they are, inside `exec`, and outside in the host's mode.

use std::path::PathBuf;
use std::process::Command;

use sockwalk::model::{Event, Outcome, Side};

use crate::common::{User, free_port, lab_users, users};
use crate::stage::{Seat, Stage};

use Side::{Client, Server};

const WORD: &str = "good-morning";

/// The course text's pair, as Python has it.
struct Pair {
    python: String,
    server: String,
    client: String,
}

impl Pair {
    fn new(stage: &Stage) -> Option<Pair> {
        let python = stage.tool("python3", "--version")?;
        let file = |name, text| stage.write(name, text).to_str().unwrap().to_owned();
        let server = file("server.py", include_str!("programs/server.py"));
        let client = file("client.py", include_str!("programs/client.py"));
        Some(Pair { python, server, client })
    }

    fn server<'a>(&'a self, host: &'a str, port: &'a str) -> [&'a str; 5] {
        [&self.python, &self.server, host, port, "1"]
    }

    fn client<'a>(&'a self, host: &'a str, port: &'a str) -> [&'a str; 4] {
        [&self.python, &self.client, host, port]
    }
}

/// The server's side makes its calls and sleeps in accept().
#[track_caller]
fn serves(stage: &mut Stage) -> Seat {
    let server = stage.join(&["server"]);
    for call in ["socket(", "bind(", "listen("] {
        stage.succeeds(server, Server, call);
    }
    stage.sleeps(server, Server, "accept(");
    server
}

/// What the newest call of a side's hand returned, once it has.
#[track_caller]
fn returned(stage: &mut Stage, seat: Seat, of: Side) -> i64 {
    let mut newest: Option<Option<Outcome>> = None;
    stage.until("return of the newest call", |stage| {
        newest = stage.entries(seat).into_iter().rev().find_map(|entry| match entry.event {
            Event::Returned { side, worker: 0, outcome } if side == of => Some(Some(outcome)),
            Event::Entered { side, worker: 0, .. } if side == of => Some(None),
            _ => None,
        });
        matches!(newest, Some(Some(_)))
    });
    newest.flatten().unwrap().unwrap().value
}

#[track_caller]
fn ends_well(stage: &mut Stage, program: usize) {
    let status = stage.wait_end(program);
    assert!(status.success(), "{status:?}: {}", stage.said(program));
}

// ---------------------------------------------------------------- as clients of our server

#[test]
fn nc_is_a_client() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(nc) = stage.tool("nc", "-h") else { return };
        let server = serves(&mut stage);
        let nc = stage.exec(&[&nc, "-N", "127.0.0.1", "8000"], "hi\n");
        stage.wait_program(server, "nc", Client, "SYN_SENT");
        stage.lets_go(server, "SYN");
        stage.wait_state(server, Server, "SYN_RECV");
        stage.lets_go(server, "SYN,ACK");
        stage.wait_program(server, "nc", Client, "FIN_WAIT1");
        stage.wait_held(server, &["ACK", "PSH,ACK", "FIN,ACK"]);
        stage.lets_go(server, "ACK");
        let connection = returned(&mut stage, server, Server);
        stage.let_go(server, &["PSH,ACK", "FIN,ACK", "ACK", "ACK"]);
        stage.wait_program(server, "nc", Client, "FIN_WAIT2");
        stage.wait_state(server, Server, "CLOSE_WAIT");
        let came = stage.call(server, Server, &format!("recv {connection}")).unwrap().unwrap();
        assert_eq!(came.data, b"hi\n");
        stage.call(server, Server, &format!("send {connection} \"so long\""));
        stage.let_go(server, &["PSH,ACK", "ACK"]);
        stage.wait_said(nc, "so long");
        stage.call(server, Server, &format!("close {connection}"));
        stage.wait_state(server, Server, "LAST_ACK");
        stage.lets_go(server, "FIN,ACK");
        stage.wait_program(server, "nc", Client, "TIME_WAIT");
        stage.lets_go(server, "ACK");
        stage.wait_no_state(server, Server, "LAST_ACK");
        ends_well(&mut stage, nc);
        let told: Vec<String> = stage.sockets(server).into_iter().map(|seen| seen.state).collect();
        assert_eq!(told, ["LISTEN", "TIME_WAIT"]);
        stage.close(&[server]);
    }
}

#[test]
fn curl_is_a_client() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(curl) = stage.tool("curl", "--version") else { return };
        let server = serves(&mut stage);
        let curl = stage.exec(&[&curl, "--silent", "--show-error", "http://127.0.0.1:8000/page"], "");
        stage.wait_program(server, "curl", Client, "SYN_SENT");
        stage.let_go(server, &["SYN", "SYN,ACK"]);
        stage.wait_held(server, &["ACK", "PSH,ACK"]);
        stage.lets_go(server, "ACK");
        let connection = returned(&mut stage, server, Server);
        stage.let_go(server, &["PSH,ACK", "ACK"]);
        let came = stage.call(server, Server, &format!("recv {connection}")).unwrap().unwrap();
        assert!(came.data.starts_with(b"GET /page HTTP/1.1\r\n"), "{came:?}");
        let answer = "HTTP/1.0 200 OK\\r\\nContent-Length: 7\\r\\n\\r\\nsuccess";
        stage.call(server, Server, &format!("send {connection} \"{answer}\""));
        stage.wait_program(server, "curl", Client, "ESTABLISHED");
        stage.let_go(server, &["PSH,ACK"]);
        stage.wait_said(curl, "success");
        // It has what it wanted, and closes first.
        stage.wait_state(server, Client, "FIN_WAIT1");
        ends_well(&mut stage, curl);
        stage.let_go(server, &["ACK", "FIN,ACK", "ACK"]);
        stage.wait_state(server, Client, "FIN_WAIT2");
        stage.call(server, Server, &format!("close {connection}"));
        stage.lets_go(server, "FIN,ACK");
        stage.wait_state(server, Client, "TIME_WAIT");
        stage.lets_go(server, "ACK");
        stage.wait_no_state(server, Server, "LAST_ACK");
        stage.close(&[server]);
    }
}

/// The server's calls are made by themselves, as the course text's server makes them.
#[test]
fn python_is_a_client_of_the_ready_server() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(pair) = Pair::new(&stage) else { return };
        let server = stage.join(&["server", "--answer", "success"]);
        stage.wait_state(server, Server, "LISTEN");
        let client = stage.exec(&pair.client("127.0.0.1", "8000"), WORD);
        stage.wait_program(server, "python3", Client, "SYN_SENT");
        stage.let_go(server, &["SYN", "SYN,ACK"]);
        stage.wait_program(server, "python3", Client, "ESTABLISHED");
        stage.wait_held(server, &["ACK", "PSH,ACK"]);
        stage.let_go(server, &["ACK", "PSH,ACK"]);
        // The worker has read, answered and closed.
        stage.wait_held(server, &["ACK", "PSH,ACK", "FIN,ACK"]);
        stage.wait_state(server, Server, "FIN_WAIT1");
        stage.let_go(server, &["ACK", "PSH,ACK"]);
        stage.wait_said(client, "answered: success");
        ends_well(&mut stage, client);
        // The client has closed too: the last segments of both cross.
        stage.until("both FINs", |stage| stage.held(server).iter().filter(|flags| *flags == "FIN,ACK").count() == 2);
        while let Some(flags) = stage.held(server).first().cloned() {
            stage.lets_go(server, &flags);
            stage.looks_at_sockets(server, |_| ());
        }
        stage.wait_no_state(server, Client, "FIN_WAIT1");
        stage.close(&[server]);
    }
}

// ---------------------------------------------------------------- as servers of our client

#[test]
fn nc_is_a_server() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(nc) = stage.tool("nc", "-h") else { return };
        let client = stage.join(&["client"]);
        let nc = stage.exec(&[&nc, "-l", "127.0.0.1", "8000"], "welcome\n");
        stage.wait_program(client, "nc", Server, "LISTEN");
        let fd = stage.succeeds(client, Client, "socket(");
        stage.sleeps(client, Client, "connect(");
        stage.let_go(client, &["SYN", "SYN,ACK", "ACK"]);
        stage.wait_program(client, "nc", Server, "ESTABLISHED");
        stage.let_go(client, &["PSH,ACK", "ACK"]);
        let came = stage.call(client, Client, &format!("recv {fd}")).unwrap().unwrap();
        assert_eq!(came.data, b"welcome\n");
        stage.call(client, Client, &format!("send {fd} thanks"));
        stage.let_go(client, &["PSH,ACK", "ACK"]);
        stage.wait_said(nc, "thanks");
        stage.call(client, Client, &format!("close {fd}"));
        stage.lets_go(client, "FIN,ACK");
        // It hears the end, and closes too.
        stage.wait_held(client, &["ACK", "FIN,ACK"]);
        stage.wait_state(client, Server, "LAST_ACK");
        stage.lets_go(client, "ACK");
        stage.wait_state(client, Client, "FIN_WAIT2");
        stage.lets_go(client, "FIN,ACK");
        stage.wait_state(client, Client, "TIME_WAIT");
        stage.lets_go(client, "ACK");
        stage.wait_no_state(client, Server, "LAST_ACK");
        ends_well(&mut stage, nc);
        stage.close(&[client]);
    }
}

#[test]
fn python_is_a_server() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(pair) = Pair::new(&stage) else { return };
        let client = stage.join(&["client", "[::1]:8000"]);
        let server = stage.exec(&pair.server("::1", "8000"), "");
        stage.wait_program(client, "python3", Server, "LISTEN");
        let fd = stage.succeeds(client, Client, "socket(");
        stage.sleeps(client, Client, "connect(");
        stage.let_go(client, &["SYN", "SYN,ACK", "ACK"]);
        stage.wait_program(client, "python3", Server, "ESTABLISHED");
        stage.call(client, Client, &format!("send {fd} {WORD}"));
        stage.lets_go(client, "PSH,ACK");
        stage.wait_said(server, &format!("received: {WORD}"));
        stage.wait_held(client, &["ACK", "PSH,ACK", "FIN,ACK"]);
        stage.let_go(client, &["ACK", "PSH,ACK", "FIN,ACK"]);
        stage.let_go(client, &["ACK", "ACK"]);
        let came = stage.call(client, Client, &format!("recv {fd}")).unwrap().unwrap();
        assert_eq!(came.data, b"success");
        assert_eq!(stage.call(client, Client, &format!("recv {fd}")).unwrap().unwrap().value, 0);
        stage.wait_state(client, Server, "FIN_WAIT2");
        stage.call(client, Client, &format!("close {fd}"));
        stage.let_go(client, &["FIN,ACK"]);
        stage.wait_state(client, Server, "TIME_WAIT");
        stage.lets_go(client, "ACK");
        ends_well(&mut stage, server);
        stage.close(&[client]);
    }
}

// ---------------------------------------------------------------- both

/// A server and a client of whom neither knows of the lab, and somebody with a free walk who lets their segments go.
#[test]
fn python_serves_python() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(pair) = Pair::new(&stage) else { return };
        let free = stage.join(&["free"]);
        let server = stage.exec(&pair.server("127.0.0.1", "8000"), "");
        stage.wait_program(free, "python3", Server, "LISTEN");
        let client = stage.exec(&pair.client("127.0.0.1", "8000"), WORD);
        stage.wait_program(free, "python3", Client, "SYN_SENT");
        stage.lets_go(free, "SYN");
        stage.wait_state(free, Server, "SYN_RECV");
        stage.lets_go(free, "SYN,ACK");
        stage.wait_program(free, "python3", Client, "ESTABLISHED");
        stage.wait_held(free, &["ACK", "PSH,ACK"]);
        stage.lets_go(free, "ACK");
        stage.wait_program(free, "python3", Server, "ESTABLISHED");
        stage.lets_go(free, "PSH,ACK");
        stage.wait_said(server, &format!("received: {WORD}"));
        stage.wait_held(free, &["ACK", "PSH,ACK", "FIN,ACK"]);
        stage.lets_go(free, "ACK");
        // The FIN first reaches a client that hasn't read yet: it is dropped, and comes again by itself.
        stage.lets_go(free, "PSH,ACK");
        stage.wait_said(client, "answered: success");
        ends_well(&mut stage, client);
        ends_well(&mut stage, server);
        stage.wait_state(free, Server, "FIN_WAIT1");
        stage.wait_state(free, Client, "FIN_WAIT1");
        let left: Vec<u32> = vec![stage.beside_pid(server), stage.beside_pid(client)];
        for pid in left {
            stage.wait_event(free, "departure", |event| matches!(event, Event::Left(member) if member.pid == pid));
        }
        stage.close(&[free]);
    }
}
