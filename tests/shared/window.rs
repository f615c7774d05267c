//! `sockwalk run`: programs in the window itself, each at a terminal of its own.

use std::path::Path;

use sockwalk::i18n::Lang;
use sockwalk::model::{Call, Event, HeldCalls, Side};

use crate::calls::SERVER;
use crate::common::{BOUND, lab_users, procs, until, zh};
use crate::programs::go;
use crate::screens;
use crate::stage::{LARGE, SMALL, Seat, Stage};

/// Asks for a word, and sends it.
const CLIENT: &str = r#"
import socket
word = input("word? ")
client = socket.create_connection(("127.0.0.1", 8000))
client.sendall(word.encode())
print("answer", client.recv(16).decode(), flush=True)
client.close()
"#;

/// A program's lines in a file, as a command.
fn script(stage: &Stage, python: &str, name: &str, text: &str) -> String {
    format!("{python} {}", stage.write(name, text).to_str().unwrap())
}

/// Whether a program stands before this call, by its side and name.
fn stands(stage: &Stage, seat: Seat, side: Side, name: &str) -> bool {
    let trace = stage.as_trace(seat);
    trace.present().standing().iter().any(|call| call.caller.actor.side == side && call.called() == name)
}

/// How often something that waited was let go: calls of programs, and segments. Calls that pass by themselves don't count.
fn let_go(stage: &Stage, seat: Seat) -> usize {
    let (mut standing, mut gone) = (Vec::new(), 0);
    for entry in stage.entries(seat) {
        match entry.event {
            Event::Stands { caller, .. } => standing.push(caller),
            Event::Entered { caller, .. } if standing.contains(&caller) => {
                standing.retain(|other| *other != caller);
                gone += 1;
            }
            Event::Delivered(_) => gone += 1,
            _ => {}
        }
    }
    gone
}

/// Lets go on whatever waits until something is so.
#[track_caller]
fn steps_until(stage: &mut Stage, seat: Seat, what: &str, is_so: impl Fn(&Stage) -> bool) {
    let waits = |stage: &Stage| {
        let trace = stage.as_trace(seat);
        let present = trace.present();
        let offered = screens::rows(stage.screen(seat)).iter().rev().take(2).any(|row| row.contains("Space"));
        offered && (!present.standing().is_empty() || !present.waiting().is_empty())
    };
    loop {
        stage.until(&format!("{what}, or something that waits"), |stage| is_so(stage) || waits(stage));
        if is_so(stage) {
            return;
        }
        // While the server is on its way to its next call, that is what is let go, once it is there: one key, one step.
        let before = let_go(stage, seat);
        stage.press(seat, " ");
        stage.until("what was let go", |stage| is_so(stage) || let_go(stage, seat) > before);
    }
}

#[test]
fn two_programs_are_stepped_in_one_window_from_the_first_call_to_the_last_fin() {
    for (user, size) in lab_users().into_iter().zip([None, Some(SMALL)]) {
        let mut stage = Stage::of(user);
        stage.size = size.unwrap_or(stage.size);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let server = script(&stage, &python, "server.py", SERVER);
        let client = script(&stage, &python, "client.py", CLIENT);
        let window = stage.join(&["run", "--server", &server, "--client", &client]);
        // The server's part is known from its first call on; the client waits for a word.
        stage.until("the server before socket()", |stage| stands(stage, window, Side::Server, "socket"));
        assert!(stage.sockets(window).is_empty());
        steps_until(&mut stage, window, "a listener", |stage| {
            stage.sockets(window).iter().any(|seen| seen.state == "LISTEN")
        });
        stage.wait_text(window, "listening");
        stage.wait_text(window, "word? ");
        // The client is the other program: F3 types to the server's, F4 leads to the client's.
        stage.press(window, "\x1bOR");
        stage.wait_text(window, &stage.texts.output.close.clone());
        stage.press(window, "\x1bOS");
        stage.wait(window, "the client's terminal", |screen| {
            screen.contents().contains("● ") && screen.contents().contains("word?")
        });
        stage.press(window, "hello\r");
        stage.wait_text(window, "word? hello");
        stage.press(window, "\x1bOR");
        stage.wait_without(window, &stage.texts.output.close.clone());
        steps_until(&mut stage, window, "a connection", |stage| {
            stage.sockets(window).iter().filter(|seen| seen.state == "ESTABLISHED").count() == 2
        });
        // Its tracer tells a call before it is made: what the call sends stands behind it.
        let entries = stage.entries(window);
        let first = |fits: &dyn Fn(&Event) -> bool| entries.iter().position(|entry| fits(&entry.event)).unwrap();
        let connect = first(
            &|event| matches!(event, Event::Entered { caller, call } if caller.actor.side == Side::Client && call.called() == "connect"),
        );
        let syn = first(&|event| matches!(event, Event::Sent { .. }));
        assert!(connect < syn, "the SYN stands before the call that sent it");
        steps_until(&mut stage, window, "the answer", |stage| stage.screen(window).contents().contains("answer yes"));
        stage.wait_text(window, "read hello");
        let status = stage.texts.output.ended.replace("{status}", "0");
        steps_until(&mut stage, window, "both ends", |stage| {
            stage.screen(window).contents().matches(&status[..status.len().min(12)]).count() == 2
        });
        let fins = stage.count(window, |event| match event {
            Event::Sent { segment, .. } => segment.tcp().is_some_and(|tcp| tcp.flags.names().any(|name| name == "FIN")),
            _ => false,
        });
        assert_eq!(fins, 2);
        stage.close(&[window]);
    }
}

/// Asks for a page, and prints what came.
const ASKS: &str = r#"
import socket
client = socket.create_connection(("127.0.0.1", 8000))
client.sendall(b"GET / HTTP/1.0\r\n\r\n")
print("got", client.recv(8).decode(), flush=True)
client.close()
"#;

/// getaddrinfo() connects sockets for datagrams, in a server too; and one that asks twice a second whether somebody came pushes away
/// nothing that is told.
#[test]
fn a_server_of_a_library_stays_the_server_and_hides_nothing_that_is_told() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        stage.size = LARGE;
        let Some(python) = stage.tool("python3", "--version") else { return };
        let client = script(&stage, &python, "client.py", ASKS);
        let window = stage.join(&["run", "--server", &format!("{python} -m http.server 8000"), "--client", &client]);
        let polls = |stage: &Stage| {
            stage.count(window, |event| match event {
                Event::Entered { caller, call } => caller.actor.side == Side::Server && call.called() == "poll",
                _ => false,
            })
        };
        steps_until(&mut stage, window, "SYN,ACK on the wire", |stage| {
            let trace = stage.as_trace(window);
            let present = trace.present();
            let is_answer = |id| {
                let tcp = present.segment(id).and_then(|one| one.segment.tcp());
                tcp.is_some_and(|tcp| tcp.flags.names().eq(["SYN", "ACK"]))
            };
            present.waiting().iter().any(|id| is_answer(*id))
        });
        let before = polls(&stage);
        stage.until("the server has asked three times", |stage| polls(stage) > before + 3);
        let shown = screens::rows(stage.screen(window)).join("\n");
        assert!(shown.contains("Delivered to the kernel of the server"), "{shown}");
        let connects = |event: &Event| match event {
            Event::Entered { caller, call } => caller.actor.side == Side::Server && call.called() == "connect",
            _ => false,
        };
        assert!(stage.count(window, connects) > 0, "its library looks up an address");
        steps_until(&mut stage, window, "the answer", |stage| stage.screen(window).contents().contains("got HTTP"));
        stage.close(&[window]);
    }
}

/// What the kernel has of TCP in the lab of a program, by `/proc`.
fn kernel(stage: &Stage, window: Seat) -> Vec<String> {
    let entries = stage.entries(window);
    let mut programs = entries.iter().filter_map(|entry| match &entry.event {
        Event::Joined(member) if member.runs_program() => Some(member.pid),
        _ => None,
    });
    procs::sockets_around(programs.next().unwrap()).into_iter().map(|seen| seen.state).collect()
}

/// Types a line to the client of two programs, at whose terminal this stands.
#[track_caller]
fn types(stage: &mut Stage, window: Seat, at: &str, line: &str) {
    let typing = stage.texts.output.close.clone();
    stage.press(window, "\x1bOR");
    stage.wait_text(window, &typing);
    if !screens::everywhere(stage.screen(window)).contains(at) {
        stage.press(window, "\x1bOS");
        stage.wait_text(window, at);
    }
    stage.press(window, &format!("{line}\r"));
    stage.wait_text(window, line);
    stage.press(window, "\x1bOR");
    stage.wait_without(window, &typing);
}

#[test]
fn the_two_go_programs_of_the_course_text_are_stepped_from_socket_to_the_last_fin() {
    let Some(user) = lab_users().into_iter().next_back() else { return };
    let mut stage = Stage::of(user);
    let built = |name, text| go(&stage, name, text, "127.0.0.1:8000").map(|words| words.concat());
    let Some(server) = built("server", include_str!("programs/server.go")) else { return };
    let Some(client) = built("client", include_str!("programs/client.go")) else { return };
    let window = stage.join(&["run", "--server", &server, "--client", &client]);
    let states = |stage: &Stage, wanted: &[&str]| {
        let mut found = kernel(stage, window);
        found.sort();
        found == wanted
    };
    for side in Side::BOTH {
        stage.until("both before socket()", |stage| stands(stage, window, side, "socket"));
    }
    assert_eq!(kernel(&stage, window), [""; 0], "nobody has called anything");
    steps_until(&mut stage, window, "a listener", |stage| states(stage, &["LISTEN"]));
    steps_until(&mut stage, window, "a SYN on the wire", |stage| states(stage, &["LISTEN", "SYN_SENT"]));
    steps_until(&mut stage, window, "half of a connection", |stage| states(stage, &["LISTEN", "SYN_RECV", "SYN_SENT"]));
    steps_until(&mut stage, window, "a connection", |stage| states(stage, &["ESTABLISHED", "ESTABLISHED", "LISTEN"]));
    // The client asks for a word once its library has set what it sets.
    steps_until(&mut stage, window, "the client's question", |stage| {
        screens::everywhere(stage.screen(window)).contains("请输入")
    });
    types(&mut stage, window, "请输入", "hello");
    // Its buffer has become as long as the word: of `success` it reads five bytes.
    let shows =
        |stage: &Stage, text: &str| screens::everywhere(stage.screen(window)).contains(&screens::unbroken(text));
    steps_until(&mut stage, window, "the answer", |stage| shows(stage, "回执为： 5 succe"));
    // The server's worker closes, which the client learns when it has read the rest.
    steps_until(&mut stage, window, "the server's FIN", |stage| states(stage, &["CLOSE_WAIT", "FIN_WAIT2", "LISTEN"]));
    let fins = |stage: &Stage| {
        stage.count(window, |event| match event {
            Event::Sent { segment, .. } => segment.tcp().is_some_and(|tcp| tcp.flags.names().any(|name| name == "FIN")),
            _ => false,
        })
    };
    // Its calls before its segments: it closes before an answer to what it sends can come.
    let makes_calls_until = |stage: &mut Stage, what: &str, is_so: &dyn Fn(&Stage) -> bool| {
        let client_stands = |stage: &Stage| {
            stage.as_trace(window).present().standing().iter().any(|call| call.caller.actor.side == Side::Client)
        };
        while !is_so(stage) {
            stage.until(&format!("{what}, or a call that stands"), |stage| is_so(stage) || client_stands(stage));
            let before = let_go(stage, window);
            stage.press(window, "e");
            stage.until("the call", |stage| is_so(stage) || let_go(stage, window) > before);
        }
    };
    types(&mut stage, window, "succe", "again");
    makes_calls_until(&mut stage, "the rest of the answer", &|stage| shows(stage, "回执为： 2 ss"));
    types(&mut stage, window, "succe", "more");
    makes_calls_until(&mut stage, "the client's FIN", &|stage| fins(stage) == 2);
    assert!(states(&stage, &["FIN_WAIT2", "LAST_ACK", "LISTEN"]), "{:?}", kernel(&stage, window));
    stage.close(&[window]);
}

#[test]
fn one_key_lets_the_chosen_program_run_or_all_and_holds_them_again() {
    for (user, (lang, size)) in lab_users().into_iter().zip([(Lang::EN, LARGE), (zh(), SMALL)]) {
        let mut stage = Stage::new(user, size, lang);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let server = script(&stage, &python, "server.py", SERVER);
        let client = script(
            &stage,
            &python,
            "client.py",
            "import socket\nsocket.create_connection(('127.0.0.1', 8000)).close()\n",
        );
        let window = stage.join(&["run", "--server", &server, "--client", &client]);
        stage.until("both before socket()", |stage| stage.as_trace(window).present().standing().len() == 2);
        let role = stage.texts.free.role_server.clone();
        let held = |stage: &Stage| {
            let trace = stage.as_trace(window);
            let present = trace.present();
            let programs = present.members().into_iter().filter(|member| member.runs_program());
            let passing = present.passing().map_or(0, |passing| passing.rules.len());
            (programs.map(|program| present.holding(program.number)).collect::<Vec<_>>(), passing)
        };
        // Tab chooses the server's program: it runs until it sleeps in accept(), and the client still stands.
        stage.press(window, "\tH");
        stage.until("the server alone runs", |stage| held(stage) == (vec![HeldCalls::None, HeldCalls::Walk], 1));
        stage.until("a listener", |stage| kernel(stage, window) == ["LISTEN"]);
        stage.wait_text(window, &stage.texts.free.holds_none.replace("{who}", &role));
        if size == LARGE {
            stage.wait(window, "a top line that says so", |screen| screens::first_row(screen).contains('⇢'));
        }
        stage.until("the client alone before its call", |stage| {
            let trace = stage.as_trace(window);
            let standing = trace.present().standing();
            matches!(standing[..], [call] if call.caller.actor.side == Side::Client && call.called() == "socket")
        });
        // Once more, and it waits again.
        stage.press(window, "H");
        stage.until("both wait again", |stage| held(stage) == (vec![HeldCalls::Walk; 2], 0));
        // Nobody is chosen after the client: then all are meant, and both run to their ends.
        stage.press(window, "\t\tH");
        stage
            .until("both run", |stage| held(stage).1 == 1 && held(stage).0.iter().all(|held| *held == HeldCalls::None));
        stage.until("the end of the client", |stage| {
            stage.count(window, |event| matches!(event, Event::ProgramEnded { .. })) > 0
        });
        stage.close(&[window]);
    }
}

/// Counts the signals that it gets, and says what comes in; looks a name up as the C library does, through a Unix socket.
const TALKS: &str = r#"
import signal, socket, sys
def interrupted(*_):
    print("interrupted", flush=True)
signal.signal(signal.SIGINT, interrupted)
print("begins", flush=True)
for line in sys.stdin:
    print("got", line.strip(), flush=True)
    if line.strip() == "die":
        signal.raise_signal(signal.SIGKILL)
    if line.strip() == "look":
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as daemon:
                print("came to", daemon.connect_ex("/nonexistent/socket"), flush=True)
        print("looked", flush=True)
    if line.strip() == "end":
        sys.exit(7)
"#;

#[test]
fn what_is_typed_reaches_the_program_which_is_started_again_when_it_has_ended() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let talks = script(&stage, &python, "talks.py", TALKS);
        let window = stage.join(&["run", "--client", &talks]);
        stage.wait_text(window, "begins");
        stage.press(window, "tq123 wn\r");
        stage.wait_text(window, "got q123 wn");
        // Ctrl-C and Ctrl-\ are the program's; the window goes on.
        stage.press(window, "\x03");
        stage.wait_text(window, "interrupted");
        stage.press(window, "end\r");
        let ended = stage.texts.output.ended.replace("{status}", "7");
        stage.wait_text(window, &ended);
        // Nobody is there to read, and nothing is done instead.
        stage.press(window, "xyz");
        stage.press(window, "r");
        stage.wait_without(window, &ended);
        stage.wait_text(window, &stage.texts.output.close.clone());
        stage.press(window, "die\r");
        let killed = stage.texts.output.killed.replace("{signal}", "SIGKILL");
        stage.wait_text(window, &killed);
        // From the steps too.
        stage.press(window, "\x1bOR");
        stage.wait_text(window, &stage.texts.output.title.clone());
        stage.press(window, "r");
        stage.wait_without(window, &killed);
        // What is driven by hand is there beside it.
        let fd = stage.succeeds(window, Side::Server, "socket(");
        assert_eq!(fd, 3);
        // What the program asks elsewhere than by TCP or UDP pushes it away from nobody's eyes, and is one line.
        stage.press(window, "\x1bOR");
        stage.press(window, "look\r");
        stage.wait_text(window, "looked");
        stage.press(window, "\x1bOR");
        let looks = |event: &Event| matches!(event, Event::Entered { call: Call::Program(made), .. } if made.is_of_another_family());
        stage.until("the lookups", |stage| stage.count(window, looks) >= 60);
        let is_own = |row: &String| row.contains("socket(") && row.contains("= 3");
        stage.until("the call by hand, explained", |stage| {
            screens::explanation(stage.screen(window)).iter().any(is_own)
        });
        stage.wait_text(window, " ×");
        stage.close(&[window]);
    }
}

/// Heeds nothing but SIGKILL, and leaves a child behind that doesn't either.
const STAYS: &str = r#"
import os, signal, socket, time
for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
server = socket.socket()
print("stays", flush=True)
while True:
    time.sleep(1)
"#;

#[test]
fn who_looks_on_joins_and_when_the_window_is_killed_nothing_stays() {
    for user in lab_users() {
        for (moment, quits) in [("started", false), ("runs", false), ("runs", true)] {
            let mut stage = Stage::of(user);
            let Some(python) = stage.tool("python3", "--version") else { return };
            let stays = script(&stage, &python, "stays.py", STAYS);
            let mut args = vec!["run", "--server", &stays, "--client", &stays];
            args.extend((moment == "runs").then_some("--pass"));
            let window = stage.join(&args);
            if moment == "runs" {
                stage.wait_text(window, "stays");
                let watch = stage.join(&["watch"]);
                stage.wait_text(watch, "python3");
                stage.quit(watch);
            }
            let namespace = procs::directors_network(stage.pid(window));
            if quits {
                stage.quit(window);
                // What is left can be typed as it stands.
                let raw = String::from_utf8_lossy(&stage.terminal(window).raw).into_owned();
                let line = &raw[raw.rfind("sockwalk run").expect("how to go on")..];
                let words = shell_words::split(line.trim_end()).unwrap();
                assert_eq!(words[2..7], ["--server", &stays, "--client", &stays, "--pass"], "{line:?}");
            } else {
                stage.kill(window)
            }
            assert!(until(BOUND, || !runs(&stays)), "{user:?} {moment}: the programs are still there");
            stage.ends();
            if let Some(namespace) = namespace.filter(|_| !quits) {
                assert!(until(BOUND, || !namespace.is_inhabited()));
            }
        }
    }
}

/// Whether a process runs with this command.
pub fn runs(command: &str) -> bool {
    let script = command.rsplit(' ').next().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    { processes }.any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        words.len() > 1 && words[1] == script.as_bytes() && words[0].ends_with(b"python3")
    })
}

/// Everything that a terminal could be told to do, and bytes that are no text.
const HOSTILE: &str = r#"
import sys, time
out = sys.stdout.buffer
for part in [b"\x1b]0;owned\x07", b"\x1b]52;c;b3duZWQ=\x07", b"\x1b[6n", b"\x1b[c", b"\x1bP+q544e\x1b\\", b"\x1b[?1000h", b"\x1bc",
             b"\x1b[2J\x1b[1;1H", b"\xff\xfe\xc3\x28", b"\x9b31m", "\u202eevil\u200b".encode(), b"\x1b]8;;http://x\x07link"]:
    out.write(part)
    out.flush()
out.write(b'\r\nlast "\x1b[31mred\x1b[0m" c:\\x')
out.flush()
time.sleep(1000)
"#;

#[test]
fn what_a_program_prints_never_reaches_the_terminal_as_it_is() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let Some(python) = stage.tool("python3", "--version") else { return };
        let hostile = script(&stage, &python, "prints.py", HOSTILE);
        let window = stage.join(&["run", "--server", &hostile]);
        stage.wait_text(window, "last \"red\" c:\\x");
        stage.press(window, "t");
        stage.wait_text(window, &stage.texts.output.close.clone());
        stage.wait_text(window, "last \"red\" c:\\x");
        let raw = stage.terminal(window).raw.clone();
        let acts: [&[u8]; 8] =
            [b"owned", b"]52;", b"[6n", b"P+q", b"\x1bc", "\u{202e}".as_bytes(), b"]8;", b"\xff\xfe"];
        for act in acts {
            assert!(!raw.windows(act.len()).any(|part| part == act), "{act:?}");
        }
        // Not even as half a character, or as one that acts.
        let text = String::from_utf8(raw).unwrap();
        assert!(!text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)));
        stage.press(window, "\x1bOR");
        stage.close(&[window]);
    }
}

/// Prints as fast as it can, for ever.
#[test]
fn a_flood_of_output_costs_neither_memory_nor_a_key() {
    for user in lab_users() {
        let mut stage = Stage::of(user);
        let window = stage.join(&["run", "--server", "yes the same line again and again"]);
        stage.wait_text(window, "again and again");
        // It has called nothing: which part it plays isn't told.
        let panes = stage.screen(window).contents();
        assert!(["SERVER yes", "CLIENT yes"].into_iter().all(|title| !panes.contains(title)), "{panes}");
        let resident = |stage: &Stage| {
            let pid = stage.pid(window);
            let words = procs::status_line(pid, pid, "VmRSS").unwrap();
            words[0].parse::<u64>().unwrap()
        };
        let before = resident(&stage);
        for _ in 0..3 {
            stage.press(window, "?");
            stage.wait_text(window, &stage.texts.help.title.clone());
            stage.press(window, "?");
            stage.wait_without(window, &stage.texts.help.mouse.clone());
        }
        stage.press(window, "t");
        stage.wait_text(window, &stage.texts.output.close.clone());
        // The terminal's interrupt character ends it.
        stage.press(window, "\x03");
        stage.wait_text(window, &stage.texts.output.killed.replace("{signal}", "SIGINT"));
        let grown = resident(&stage).saturating_sub(before);
        assert!(grown < 16 << 10, "{grown} KiB more");
        stage.press(window, "\x1bOR");
        stage.close(&[window]);
    }
}

#[test]
fn a_mistyped_command_is_a_sentence_and_no_window() {
    let user = lab_users()[0];
    let mut stage = Stage::of(user);
    for (args, status, said) in [
        (&["run", "--server", "./no-such-program 8000"][..], 127, "./no-such-program"),
        (&["run", "--client", "sh -c 'echo"], 2, "sh -c 'echo"),
        (&["run", "--server", ""], 2, "--server"),
        (&["run", "--report", "--server", "sh", "--client", "./no-such-client"], 127, "./no-such-client"),
        (&["run", "--report", "--pass", "--server", "sh"], 2, "--report"),
        (&["run"], 2, "--server"),
    ] {
        let seat = stage.open(args);
        let ended = stage.terminal(seat).wait_for_end();
        assert_eq!(ended.code(), Some(status), "{args:?}");
        let screen = screens::everywhere(stage.screen(seat));
        assert!(screen.contains(&screens::unbroken(said)), "{args:?}: {screen}");
        let raw = &stage.terminal(seat).raw;
        assert!(!raw.windows(8).any(|part| part == b"\x1b[?1049h"), "{args:?}: a window was opened");
    }
    assert!(!Path::new(&stage.run().join("sockwalk")).join("main").exists());
    stage.ends();
}
