//! Call by call the same as `strace -f` of the same program, outside.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;

use super::common::Folder;
use super::strace::{Lines, straced, told};
use super::{Ran, c, command, go, python, ran, rust, tool};
use sockwalk::linux::tracer::TracerEvent;

fn strace() -> Option<String> {
    tool("strace", "strace", "--version")
}

/// Each thread's calls in their order, whichever number it has.
fn by_thread(mut lines: Lines) -> Vec<String> {
    lines.sort();
    lines.into_iter().flat_map(|lines| [vec!["thread".to_owned()], lines].concat()).collect()
}

/// The calls of all threads, without those that found nothing to do and those that waited: how often a runtime tries, and on
/// which thread, differs from run to run.
fn by_kind(lines: Lines) -> Vec<String> {
    let waits = |line: &String| {
        line.ends_with(" = EAGAIN")
            || ["poll(", "ppoll(", "select(", "pselect6(", "epoll_wait(", "epoll_pwait("]
                .iter()
                .any(|name| line.starts_with(name))
    };
    // How much room a program that polls has when the end comes depends on whether it has handed on by then what came before.
    let at_the_end = |line: String| match line.strip_suffix(") = 0").and_then(|line| line.split_once(", \"\", ")) {
        Some((begin, _)) if begin.starts_with("read(") => format!("{begin}, \"\", ROOM) = 0"),
        _ => line,
    };
    let mut lines: Vec<String> = lines.into_iter().flatten().filter(|line| !waits(line)).map(at_the_end).collect();
    lines.sort();
    lines
}

#[track_caller]
fn alike(words: Option<Vec<String>>, sorted: fn(Lines) -> Vec<String>) {
    let (Some(strace), Some(words)) = (strace(), words) else { return };
    compare(&straced(&strace, &words), &ran(command(&words)), sorted, &words);
}

#[track_caller]
fn compare(expected: &Lines, ran: &Ran, sorted: fn(Lines) -> Vec<String>, words: &[String]) {
    let (expected, told) = (sorted(expected.clone()), sorted(told(&ran.seen)));
    assert!(expected.len() > 3, "strace printed next to nothing of {words:?}: {expected:?}");
    let first = expected.iter().zip(&told).position(|(expected, told)| expected != told);
    let at = first.unwrap_or(expected.len().min(told.len()));
    assert_eq!(expected.get(at), told.get(at), "{words:?}\n{}\n\n{}", expected.join("\n"), told.join("\n"));
}

#[test]
fn c_that_blocks_and_forks() {
    let folder = Folder::new();
    alike(c(&folder, "blocking"), by_thread);
}

#[test]
fn c_that_polls() {
    let folder = Folder::new();
    alike(c(&folder, "polling"), by_thread);
}

#[test]
fn python_with_threads_selectors_datagrams_and_descriptors_handed_on() {
    for which in ["threads", "selector", "datagrams", "handed"] {
        alike(python(which), by_thread);
    }
}

#[test]
fn pythons_asyncio() {
    alike(python("asyncio"), by_kind);
}

#[test]
fn rusts_standard_library() {
    let folder = Folder::new();
    alike(rust(&folder), by_kind);
}

#[test]
fn go_as_in_the_course_text() {
    let folder = Folder::new();
    let (Some(strace), Some(go)) = (strace(), go(&folder)) else { return };
    let words = |more: &[&str]| -> Vec<String> {
        go.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect()
    };
    // The server, with a client of which nobody tells; once under strace, once under the tracer.
    let serves = |trace: &dyn Fn(&[String]) -> Ended| {
        let script = format!(
            "{0} server | {{ read address; echo $address; {0} client $address >/dev/null; cat; }}",
            go[0].replace('\'', "")
        );
        trace(&["/bin/sh".to_owned(), "-c".to_owned(), script])
    };
    let expected = serves(&|words| Ended::Lines(straced(&strace, words)));
    let told = serves(&|words| Ended::Ran(ran(command(words))));
    let (Ended::Lines(expected), Ended::Ran(told)) = (expected, told) else { unreachable!() };
    compare(&expected, &told, by_kind, &words(&["server"]));
    assert!(told.output.contains("127.0.0.1:") && told.output.contains("hello"), "{}", told.output);
}

enum Ended {
    Lines(Lines),
    Ran(Ran),
}

/// A server that answers so many connections with the same bytes and closes them.
fn server(connections: usize, answer: &'static str) -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let serve = move || {
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1000]);
            stream.write_all(answer.as_bytes()).unwrap();
        }
    };
    (port, std::thread::spawn(serve))
}

#[test]
fn curl_nc_and_socat() {
    let Some(strace) = strace() else { return };
    let tools = [("curl", "curl", "--version"), ("nc", "netcat-openbsd", "-h"), ("socat", "socat", "-V")];
    for (name, package, try_with) in tools {
        let Some(tool) = tool(name, package, try_with) else { continue };
        let (port, served) = server(2, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes");
        let words = match name {
            "curl" => vec![tool, "-s".to_owned(), format!("http://127.0.0.1:{port}/")],
            // Without `-t` it waits half a second behind the end of its input.
            "socat" => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("echo GET / | {tool} -t 5 - TCP4:127.0.0.1:{port}")]
            }
            _ => vec!["/bin/sh".to_owned(), "-c".to_owned(), format!("echo GET / | {tool} -N 127.0.0.1 {port}")],
        };
        let expected = straced(&strace, &words);
        let ran = ran(command(&words));
        compare(&expected, &ran, by_kind, &words);
        assert!(ran.output.ends_with("yes") && ran.status.success(), "{}", ran.output);
        served.join().unwrap();
    }
}

#[test]
fn the_program_prints_and_ends_as_without() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "blocking") else { return };
    assert_eq!(ran(command(&words)).status.code(), Some(7));
    for (script, code) in [("echo hello; exit 3", Some(3)), ("kill -9 $$", None), ("kill -TERM $$", None)] {
        let words = ["/bin/sh".to_owned(), "-c".to_owned(), script.to_owned()];
        let plain = Command::new("/bin/sh").args(&words[1..]).stdin(Stdio::null()).output().unwrap();
        let traced = ran(command(&words));
        assert_eq!((traced.status, traced.output.as_bytes()), (plain.status, plain.stdout.as_slice()), "{script}");
        assert_eq!(traced.status.code(), code);
    }
}

/// The kernel throws away a signal that a program ignores, but for who is traced; and `epoll_wait()` is never begun anew.
#[test]
fn a_signal_that_is_ignored_interrupts_nothing() {
    const SCRIPT: &str = "import ctypes, os, select, signal, socket, sys
if sys.argv[1] == 'handled':
    signal.signal(signal.SIGCHLD, lambda *_: None)
if sys.argv[1] == 'ignored':
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.create_server(('127.0.0.1', 0))
epoll = select.epoll()
epoll.register(server, select.EPOLLIN)
parent = os.getpid()
libc = ctypes.CDLL(None, use_errno=True)
if os.fork() == 0:
    while True:
        with open(f'/proc/{parent}/stat') as stat:
            if stat.read().rpartition(') ')[2][0] == 'S':
                os._exit(0)
event = ctypes.create_string_buffer(16)
ready = libc.epoll_wait(epoll.fileno(), event, 1, 700)
print(ready, ctypes.get_errno())
";
    for (how, printed) in [("left alone", "0 0\n"), ("ignored", "0 0\n"), ("handled", "-1 4\n")] {
        let words = ["python3", "-c", SCRIPT, how].map(str::to_owned);
        let Ok(plain) = Command::new(&words[0]).args(&words[1..]).stdin(Stdio::null()).output() else { return };
        let traced = ran(command(&words));
        assert_eq!(
            (String::from_utf8_lossy(&plain.stdout).as_ref(), traced.output.as_str()),
            (printed, printed),
            "{how}"
        );
    }
}

/// Whatever waits for a time, waits for all of it once, however many signals come that are ignored.
#[test]
fn a_wait_that_ignored_signals_cut_takes_its_time_once() {
    const SCRIPT: &str = "import ctypes, os, select, socket, struct, sys, time
server = socket.create_server(('127.0.0.1', 0))
epoll = select.epoll()
epoll.register(server, select.EPOLLIN)
libc = ctypes.CDLL(None, use_errno=True)
fd, event = epoll.fileno(), ctypes.create_string_buffer(16)
two = (ctypes.c_long * 2)(2, 0)
polled = select.poll()
polled.register(server, select.POLLIN)
def pwait2():
    return libc.syscall(441, fd, event, 1, two, None, 8)
def limited(receives):
    near, far = socket.socketpair()
    for one in (near, far):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO if receives else socket.SO_SNDTIMEO, struct.pack('ll', 2, 0))
    data = ctypes.create_string_buffer(1 << 20)
    def wait(far=far):
        if receives:
            result = libc.recv(near.fileno(), data, 1, 0)
        else:
            while libc.send(near.fileno(), data, 4096, socket.MSG_DONTWAIT) > 0:
                pass
            result = libc.send(near.fileno(), data, 1 << 16, 0)
        return ctypes.get_errno() - 11 if result == -1 else result
    return wait
def accepts():
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack('ll', 2, 0))
    return ctypes.get_errno() - 11 if libc.accept(server.fileno(), None, None) == -1 else 1
waits = {
    'recv': limited(True),
    'send': limited(False),
    'accept': accepts,
    'epoll_wait': lambda: libc.epoll_wait(fd, event, 1, 2000),
    'epoll_pwait': lambda: libc.epoll_pwait(fd, event, 1, 2000, None),
    'epoll_pwait2': pwait2,
    'poll': lambda: len(polled.poll(2000)),
    'ppoll': lambda: libc.ppoll((ctypes.c_int * 2)(server.fileno(), 1), 1, two, None),
    'select': lambda: len(select.select([server], [], [], 2)[0]),
    'nanosleep': lambda: libc.nanosleep(two, None),
}
for n in (1, 2, 3):
    if os.fork() == 0:
        time.sleep(n * 0.5)
        os._exit(0)
began = time.monotonic()
ready = waits[sys.argv[1]]()
took = time.monotonic() - began
# Begun anew behind the last signal it would take 3.5 s.
print(ready, 'once' if 2 <= took < 3.4 else took)
";
    let Some(python) = tool("python3", "python3", "--version") else { return };
    let names =
        ["epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "nanosleep", "recv", "send", "accept"];
    let python = python.as_str();
    // They wait at the same time.
    std::thread::scope(|scope| {
        let each = |name: &'static str| {
            scope.spawn(move || {
                let words = [python, "-c", SCRIPT, name].map(str::to_owned);
                assert_eq!(ran(command(&words)).output, "0 once\n", "{name}");
            })
        };
        names.map(each).into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// What is left of its time is the kernel's to know: the program's register has what it put there.
#[test]
fn a_wait_that_is_made_again_leaves_its_register_as_it_was() {
    let folder = Folder::new();
    let Some(words) = c(&folder, "rest") else { return };
    assert_eq!(ran(command(&words)).output, "0 700\n");
}

/// With MSG_TRUNC a stream's bytes are counted and not copied: what stood in the buffer before didn't arrive. Of a datagram it is told
/// how long it was, and what stands behind the buffer didn't arrive either.
#[test]
fn what_is_thrown_away_is_not_shown_as_received() {
    const SCRIPT: &str = "import socket
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
conn, _ = server.accept()
client.sendall(b'hello, world')
old = bytearray(b'zzzz')
conn.recv_into(old, 4, socket.MSG_TRUNC)
conn.recv_into(old, 4, socket.MSG_TRUNC | socket.MSG_PEEK)
conn.recvmsg_into([old], 0, socket.MSG_TRUNC)
print(old, conn.recv(9))
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(('127.0.0.1', 0))
udp.sendto(b'datagram', udp.getsockname())
print(udp.recv_into(old, 4, socket.MSG_TRUNC))";
    let Some(python) = tool("python3", "python3", "--version") else { return };
    let ran = ran(command(&[python, "-c".to_owned(), SCRIPT.to_owned()]));
    assert_eq!(ran.output, "bytearray(b'zzzz') b'orld'\n8\n");
    let returned = ran.seen.iter().filter_map(|seen| match seen {
        TracerEvent::Returned { call, .. } if call.arguments.iter().any(|text| text.contains("MSG_TRUNC")) => {
            Some((call.arguments[1].clone(), call.outcome.clone().unwrap()))
        }
        _ => None,
    });
    let shown: Vec<(String, i64, Vec<u8>)> = returned.map(|(text, of)| (text, of.value, of.data)).collect();
    let thrown = |value| ("…".to_owned(), value, Vec::new());
    assert_eq!(shown[..3], [thrown(4), thrown(4), thrown(4)]);
    assert_eq!((shown[3].0.as_str(), shown[3].1), ("\"data\"", 8));
    assert_eq!(shown.len(), 4);
}
