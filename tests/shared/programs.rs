//! Programs that know nothing of any lab, as they are, inside `exec`, and outside in the host's mode.

use std::path::Path;
use std::process::{Command, Stdio};

use sockwalk::model::{Event, Outcome, Returned, Side};

use crate::common::{User, finish, free_port, lab_users, procs, pty, skipped, users};
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
fn returned(stage: &mut Stage, seat: Seat, of: Side) -> Returned {
    let mut newest: Option<Option<Outcome>> = None;
    stage.until("return of the newest call", |stage| {
        newest = stage.entries(seat).into_iter().rev().find_map(|entry| match entry.event {
            Event::Returned { caller, outcome } if caller.actor == of.into() => Some(Some(outcome)),
            Event::Entered { caller, .. } if caller.actor == of.into() => Some(None),
            _ => None,
        });
        matches!(newest, Some(Some(_)))
    });
    newest.flatten().unwrap().unwrap()
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
        let connection = returned(&mut stage, server, Server).value;
        stage.let_go(server, &["PSH,ACK", "FIN,ACK", "ACK", "ACK"]);
        stage.wait_program(server, "nc", Client, "FIN_WAIT2");
        stage.wait_state(server, Server, "CLOSE_WAIT");
        let came = stage.returns(server, Server, &format!("recv {connection}")).unwrap();
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
        let connection = returned(&mut stage, server, Server).value;
        stage.let_go(server, &["PSH,ACK", "ACK"]);
        let came = stage.returns(server, Server, &format!("recv {connection}")).unwrap();
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
        both_close(&mut stage, server);
        // The main thread waits for the next one.
        stage.until("the next accept()", |stage| stage.screen(server).contents().contains("▸ accept("));
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
        let came = stage.returns(client, Client, &format!("recv {fd}")).unwrap();
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
        let came = stage.returns(client, Client, &format!("recv {fd}")).unwrap();
        assert_eq!(came.data, b"success");
        assert_eq!(stage.returns(client, Client, &format!("recv {fd}")).unwrap().value, 0);
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
        stage.let_go(free, &["ACK", "PSH,ACK"]);
        // The client has its answer, and closes too: its FIN and that of the server cross.
        stage.wait_said(client, "answered: success");
        ends_well(&mut stage, client);
        ends_well(&mut stage, server);
        stage.wait_state(free, Server, "FIN_WAIT1");
        stage.wait_state(free, Client, "FIN_WAIT1");
        for program in [server, client] {
            let pid = stage.beside_pid(program);
            stage.wait_event(free, "departure", |event| matches!(event, Event::Left(member) if member.pid == pid));
        }
        both_close(&mut stage, free);
        stage.close(&[free]);
    }
}

/// Both ends have sent their FIN before that of the other came: CLOSING and TIME_WAIT at both.
#[track_caller]
fn both_close(stage: &mut Stage, seat: Seat) {
    let fins = |stage: &Stage| stage.held(seat).iter().filter(|flags| *flags == "FIN,ACK").count();
    stage.until("both FINs", |stage| fins(stage) == 2);
    while fins(stage) > 0 {
        let next = stage.held(seat).remove(0);
        stage.lets_go(seat, &next);
    }
    stage.wait_state(seat, Server, "CLOSING");
    stage.wait_state(seat, Client, "CLOSING");
    stage.let_go(seat, &["ACK", "ACK"]);
    stage.wait_state(seat, Server, "TIME_WAIT");
    stage.wait_state(seat, Client, "TIME_WAIT");
    assert_eq!(stage.held(seat), [] as [&str; 0]);
}

// ---------------------------------------------------------------- outside, in the host's mode

/// A program of the machine, outside of any lab: it and its arguments, for an address.
type Outside = fn(&Stage, &str, &str) -> Option<Vec<String>>;

fn runs(stage: &mut Stage, program: &[String], input: &str) -> usize {
    let mut command = stage.user.command(Path::new(&program[0]));
    command.args(&program[1..]);
    stage.beside(command, input)
}

fn address(host: &str, port: &str) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// In the host's mode a client of the machine's own meets the ready server.
#[track_caller]
fn a_client_outside(user: User, host: &str, program: Outside) {
    let mut stage = Stage::of(user);
    let port = free_port().to_string();
    let Some(program) = program(&stage, host, &port) else { return };
    let server = stage.join(&["server", &address(host, &port), "--mode", "host", "--answer", "success"]);
    stage.wait_state(server, Server, "LISTEN");
    let client = runs(&mut stage, &program, WORD);
    stage.wait_said(client, "success");
    stage.wait_event(server, "the word", |event| {
        matches!(event, Event::Returned { caller, outcome: Ok(came) } if caller.actor == Server.into() && came.data == WORD.as_bytes())
    });
    stage.wait_text(server, &format!("= {} \"", WORD.len()));
    stage.wait_end(client);
    stage.close(&[server]);
}

/// The same the other way round.
#[track_caller]
fn a_server_outside(user: User, host: &str, program: Outside) {
    let mut stage = Stage::of(user);
    let port = free_port().to_string();
    let Some(program) = program(&stage, host, &port) else { return };
    let server = runs(&mut stage, &program, "");
    stage.until("a listener", |_| {
        let at = format!(":{port}");
        procs::own_sockets().iter().any(|seen| seen.state == "LISTEN" && seen.local.ends_with(&at))
    });
    let client = stage.join(&["client", &address(host, &port), "--mode", "host"]);
    let fd = stage.succeeds(client, Client, "socket(");
    assert_eq!(stage.succeeds(client, Client, "connect("), 0);
    stage.wait_state(client, Client, "ESTABLISHED");
    stage.call(client, Client, &format!("send {fd} {WORD}"));
    stage.wait_said(server, WORD);
    stage.call(client, Client, &format!("recv {fd}"));
    assert_eq!(returned(&mut stage, client, Client).data, b"success");
    stage.call(client, Client, &format!("close {fd}"));
    stage.close(&[client]);
}

fn python_client(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    Some(Pair::new(stage)?.client(host, port).map(str::to_owned).into())
}

fn python_server(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    Some(Pair::new(stage)?.server(host, port).map(str::to_owned).into())
}

fn nc_client(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    Some(vec![stage.tool("nc", "-h")?, "-N".to_owned(), host.to_owned(), port.to_owned()])
}

fn curl_client(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    // What it reads it sends as it is.
    let url = format!("telnet://{}", address(host, port));
    Some(vec![stage.tool("curl", "--version")?, "--silent".to_owned(), url])
}

/// The course text's program, at another address.
pub fn go(stage: &Stage, name: &str, text: &str, at: &str) -> Option<Vec<String>> {
    if Command::new("go").arg("version").stdout(Stdio::null()).status().is_err() {
        skipped(&format!("no Go for the course text's {name}: apt install golang-go"));
        return None;
    }
    let source = stage.write(&format!("{name}.go"), &text.replace("127.0.0.1:8000", at));
    let program = source.with_extension("");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).args([&program, &source]);
    build.env("CGO_ENABLED", "0").env("GO111MODULE", "off");
    finish(&mut build).succeeded();
    Some(vec![program.to_str().unwrap().to_owned()])
}

fn go_client(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    go(stage, "client", include_str!("programs/client.go"), &address(host, port))
}

fn go_server(stage: &Stage, host: &str, port: &str) -> Option<Vec<String>> {
    go(stage, "server", include_str!("programs/server.go"), &address(host, port))
}

#[test]
fn on_the_host_python_is_a_client() {
    for user in users() {
        a_client_outside(user, "127.0.0.1", python_client);
        a_client_outside(user, "::1", python_client);
    }
}

#[test]
fn on_the_host_python_is_a_server() {
    for user in users() {
        a_server_outside(user, "127.0.0.1", python_server);
        a_server_outside(user, "::1", python_server);
    }
}

#[test]
fn on_the_host_nc_and_curl_are_clients() {
    for user in users() {
        a_client_outside(user, "127.0.0.1", nc_client);
        a_client_outside(user, "127.0.0.1", curl_client);
    }
}

#[test]
fn on_the_host_the_course_texts_go_programs() {
    for user in users() {
        a_client_outside(user, "127.0.0.1", go_client);
        a_server_outside(user, "127.0.0.1", go_server);
    }
}

// ---------------------------------------------------------------- from within

/// In the shell that `exec` opens the program runs as it does outside: it finds the lab in which it already is.
#[test]
fn what_runs_in_the_lab_can_join_it() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let own = stage.command(&[]).get_program().to_str().unwrap().to_owned();
        let net = |stage: &mut Stage, program: &[&str]| {
            let beside = stage.exec(program, "");
            stage.wait_said(beside, "]\n");
            ends_well(stage, beside);
            stage.said(beside).lines().find(|line| line.starts_with("net:[")).unwrap().to_owned()
        };
        let free = stage.join(&["free"]);
        let link = ["readlink", "/proc/self/ns/net"];
        let once = net(&mut stage, &link);
        assert_eq!(net(&mut stage, &[&[own.as_str(), "exec", "--"], &link[..]].concat()), once);
        stage.close(&[free]);
    }
}

// ---------------------------------------------------------------- exec itself

/// Without a program it is a shell, in the lab; its end is the program's.
#[test]
fn exec_is_as_the_program_in_it() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let mut command = stage.command(&["exec"]);
        command.env("SHELL", "/bin/sh").env("PS1", "> ");
        let shell = stage.open_command(command);
        stage.until("a prompt", |stage| stage.screen(shell).contents().contains("`main`"));
        stage.press(shell, "readlink /proc/self/ns/net\r");
        stage.until("a network", |stage| stage.screen(shell).contents().contains("net:["));
        let lab = procs::namespace(&format!("/proc/{}/ns/net", stage.daemon())).unwrap();
        assert!(stage.screen(shell).contents().contains(&lab), "{lab}\n{}", stage.screen(shell).contents());
        assert_ne!(lab, procs::namespace("/proc/self/ns/net").unwrap());
        // Control and C is the shell's, not its starter's. A signal that comes while a shell starts a program is lost: this one
        // has begun, since it says again what it is told.
        stage.press(shell, "cat\r");
        stage.press(shell, "meow\r");
        stage.until("an answer", |stage| stage.screen(shell).contents().matches("meow").count() == 2);
        stage.press(shell, "\x03");
        stage.until("another prompt", |stage| stage.screen(shell).contents().trim_end().ends_with('>'));
        stage.press(shell, "exit 3\r");
        assert_eq!(stage.terminal(shell).wait_for_end().code(), Some(3));
        for (program, status) in [
            (vec!["true"], 0),
            (vec!["sh", "-c", "exit 42"], 42),
            (vec!["sh", "-c", "kill -9 $$"], 137),
            (vec!["/nonexistent/program"], 127),
        ] {
            let ran = finish(&mut stage.command(&[&["exec", "--"], program.as_slice()].concat()));
            assert_eq!(ran.status.code(), Some(status), "{program:?}: {ran:?}");
        }
        stage.ends();
    }
}

/// A program is called by the name that it has now: one that executes another program gets that one's, and a socket that was
/// handed on has its new holder's. A daemon is seen when it listens, though what started it has returned and nobody connects.
#[test]
fn a_program_has_its_present_name_and_a_daemon_is_seen_when_it_listens() {
    const DAEMON: &str = r#"
import os, socket, sys, time
def rename(name):
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)
if os.fork() > 0:
    sys.exit(0)
os.setsid()
for fd in (0, 1, 2):
    os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
listener = socket.create_server(("127.0.0.1", 8123))
rename("first-name")
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
if os.fork() > 0:
    os._exit(0)
rename("second-name")
time.sleep(100)
"#;
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let watch = stage.join(&["watch"]);
        let [listen, hand_on] = ["listen", "hand-on"].map(|name| stage.file(name));
        let (first, second) = (listen.to_str().unwrap().to_owned(), hand_on.to_str().unwrap().to_owned());
        let exec = stage.exec(&[&python, "-c", DAEMON, &first, &second], "");
        assert!(stage.wait_end(exec).success());
        std::fs::write(&listen, "").unwrap();
        stage.wait_text(watch, "first-name");
        std::fs::write(&hand_on, "").unwrap();
        stage.wait_text(watch, "second-name");
        let daemon = procs_named("second-name");
        assert_eq!(daemon.len(), 1, "{daemon:?}");
        assert_eq!(stage.count(watch, |event| matches!(event, Event::Left(_))), 0, "what exec began runs on");
        pty::kill(daemon[0], libc::SIGKILL);
        stage.wait_event(watch, "the end of all that exec began", |event| matches!(event, Event::Left(_)));
        stage.close(&[watch]);
    }
}

/// The processes that call themselves so.
fn procs_named(name: &str) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let named = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name);
    // One that has ended and waits for whoever inherited it has its name still, and no program any more.
    all.filter(|pid| named(pid) && std::fs::read_link(format!("/proc/{pid}/exe")).is_ok()).collect()
}
