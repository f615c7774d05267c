//! What `strace(1)` prints, and what the tracer tells, as lines that can be compared.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use super::common::Folder;
use sockwalk::linux::tracer::TracerEvent;

/// The calls that are compared.
const CALLS: &str = "socket,socketpair,bind,listen,accept,accept4,connect,sendto,sendmsg,recvfrom,recvmsg,shutdown,setsockopt,\
    getsockopt,getsockname,getpeername,close,dup,dup2,dup3,fcntl,ioctl,read,write,readv,writev,poll,ppoll,select,pselect6,\
    epoll_create1,epoll_ctl,epoll_wait,epoll_pwait";

/// Those of them that sockets alone know.
const OF_SOCKETS: [&str; 16] = [
    "socket",
    "socketpair",
    "bind",
    "listen",
    "accept",
    "accept4",
    "connect",
    "sendto",
    "sendmsg",
    "recvfrom",
    "recvmsg",
    "shutdown",
    "setsockopt",
    "getsockopt",
    "getsockname",
    "getpeername",
];

/// A call, and what came back.
pub type Line = String;

/// Each thread's lines.
pub type Lines = Vec<Vec<Line>>;

/// What strace prints of a program that it runs.
pub fn straced(strace: &str, words: &[String]) -> Lines {
    let folder = Folder::new();
    let file = folder.path().join("calls");
    let mut command = Command::new(strace);
    crate::common::pty::inherits_nothing(&mut command);
    command.args(["-f", "-y", "-s", "64", "-e", "signal=none", "-e", "quiet=all", "-e"]);
    command.arg(format!("trace={CALLS}")).arg("-o").arg(&file).arg("--").args(words);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.status().unwrap();
    parse(&std::fs::read_to_string(file).unwrap())
}

/// Each thread's lines in what strace printed.
pub fn parse(text: &str) -> Lines {
    let mut unfinished: BTreeMap<&str, String> = BTreeMap::new();
    let mut threads: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
    for line in text.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            unfinished.insert(thread, begun.trim_end().to_owned());
            continue;
        }
        let call = match call.strip_prefix("<... ") {
            Some(rest) => {
                let rest = rest.split_once("resumed>").unwrap().1;
                format!("{}{rest}", unfinished.remove(thread).unwrap())
            }
            None => call.to_owned(),
        };
        threads.entry(thread).or_default().extend(line_of(&call));
    }
    threads.into_values().filter(|lines| !lines.is_empty()).collect()
}

/// A call as strace prints it, where it is one that is shown and that wasn't begun anew.
fn line_of(call: &str) -> Option<Line> {
    let (name, rest) = call.split_once('(')?;
    let (arguments, rest) = split(rest);
    let (_, returned) = rest.split_once("= ")?;
    if returned.starts_with('?') {
        return None;
    }
    let decides = match name {
        "epoll_ctl" => &arguments[2],
        "dup2" | "dup3" if arguments[1].contains("<socket:") => &arguments[1],
        "poll" | "ppoll" => &arguments[0],
        "select" | "pselect6" => &arguments[1..4].join(" "),
        _ => arguments.first()?,
    };
    let always = OF_SOCKETS.contains(&name) || matches!(name, "epoll_create1" | "epoll_wait" | "epoll_pwait");
    let wanted = match name {
        "fcntl" => ["F_DUPFD", "F_DUPFD_CLOEXEC", "F_GETFL", "F_SETFL"].contains(&arguments[1].as_str()),
        "ioctl" => ["FIONBIO", "FIONREAD"].contains(&arguments[1].as_str()),
        _ => true,
    };
    let ends_instance = name == "close" && decides.contains("<anon_inode:[eventpoll]>");
    if !wanted || !(always || ends_instance || decides.contains("<socket:[")) {
        return None;
    }
    // `4<socket:[1]>`, `-1 EAGAIN (Resource …)`, `1 ([{fd=3, revents=POLLIN}])`
    let (value, rest) = returned.split_once([' ', '<']).unwrap_or((returned, ""));
    let ready = rest.split_once("([").filter(|_| name.ends_with("poll"));
    // `0x802 (flags O_RDWR|O_NONBLOCK)`
    let hexadecimal = value.strip_prefix("0x").and_then(|digits| i64::from_str_radix(digits, 16).ok());
    let came = match (value, ready) {
        _ if hexadecimal.is_some() => hexadecimal.unwrap().to_string(),
        ("-1", _) => rest.split(' ').next().unwrap().to_owned(),
        (value, Some((_, ready))) => format!("{value} [{}", ready.trim_end_matches(')')),
        (value, None) => value.to_owned(),
    };
    Some(plain(name, &arguments, &came))
}

/// The arguments, up to the parenthesis that closes them, and what comes then.
fn split(text: &str) -> (Vec<String>, &str) {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let mut arguments = vec![String::new()];
    for (at, c) in text.char_indices() {
        match c {
            _ if quoted => {
                quoted = c != '"' || escaped;
                escaped = c == '\\' && !escaped;
            }
            '"' => quoted = true,
            '(' | '[' | '{' => depth += 1,
            ')' if depth == 0 => return (arguments, &text[at + 1..]),
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                arguments.push(String::new());
                continue;
            }
            _ => {}
        }
        let last = arguments.last_mut().unwrap();
        if !(c == ' ' && last.is_empty()) {
            last.push(c);
        }
    }
    (arguments, "")
}

/// Each thread's lines in what the tracer told.
pub fn told(seen: &[TracerEvent]) -> Lines {
    let mut threads = BTreeMap::new();
    let mut within = BTreeMap::new();
    for told in seen {
        match told {
            TracerEvent::Entered { thread, call } => {
                assert!(within.insert(*thread, call).is_none(), "{call:?} within another one");
            }
            TracerEvent::Returned { thread, call } => {
                let begun = within.remove(thread).unwrap_or_else(|| panic!("{call:?} never began"));
                // The others are shown for the descriptors of their process, which strace doesn't tell.
                if !CALLS.split(',').any(|name| name == begun.name) {
                    continue;
                }
                let polls = begun.name.ends_with("poll");
                let sets = polls || begun.name.contains("select");
                if sets && call.outcome.as_ref().is_ok_and(|returned| returned.value == 0) {
                    assert_eq!(call.arguments, begun.arguments, "what was waited for in vain is told");
                }
                let arguments = if sets { &begun.arguments } else { &call.arguments };
                let came = match &call.outcome {
                    Ok(returned) if polls && returned.value > 0 => format!("{} {}", returned.value, call.arguments[0]),
                    Ok(returned) => returned.value.to_string(),
                    Err(errno) => errno.to_string(),
                };
                threads.entry(*thread).or_insert_with(Vec::new).push(plain(&begun.name, arguments, &came));
            }
            TracerEvent::Gone { thread, .. } => drop(within.remove(thread)),
            _ => {}
        }
    }
    threads.into_values().collect()
}

/// A line without what differs from run to run, or is only written in another way.
fn plain(name: &str, arguments: &[String], came: &str) -> Line {
    let mut arguments: Vec<String> = arguments.iter().map(|argument| same(argument)).collect();
    match name {
        // Of buffers, what they hold; strace has the structures that they are in.
        "sendmsg" | "recvmsg" | "readv" | "writev" => {
            let held: Vec<&str> = arguments[1].split('"').skip(1).step_by(2).collect();
            arguments = vec![arguments[0].clone(), format!("{held:?}")];
        }
        "epoll_ctl" | "epoll_wait" | "epoll_pwait" => {
            let place = if name == "epoll_ctl" { 3 } else { 1 };
            // What a program gave as data, or the descriptor that it stands for.
            let words = arguments[place].split([' ', ',', '{', '}', '[', ']']);
            let events: Vec<&str> = words.filter_map(|word| word.strip_prefix("events=")).collect();
            let deletes = arguments[1] == "EPOLL_CTL_DEL";
            arguments[place] = if deletes { String::new() } else { events.join(" ") };
        }
        _ => {}
    }
    if came.starts_with('E') {
        // What the kernel would have filled.
        let unfilled = arguments
            .iter()
            .map(|argument| if argument.starts_with('[') && name.contains("name") { "…" } else { argument });
        arguments = unfilled.map(str::to_owned).collect();
    }
    format!("{name}({}) = {}", arguments.join(", "), same(came))
}

/// An argument as both write it.
fn same(text: &str) -> String {
    let mut text = undecorated(text);
    for (family, port, host) in [
        ("{sa_family=AF_INET, sin_port=htons(", "), sin_addr=inet_addr(\"", "\")}"),
        (
            "{sa_family=AF_INET6, sin6_port=htons(",
            "), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"",
            "\", &sin6_addr), sin6_scope_id=0}",
        ),
    ] {
        if let Some((before, rest)) = text.clone().split_once(family) {
            let (number, rest) = rest.split_once(port).unwrap();
            let (address, rest) = rest.split_once(host).unwrap();
            let address = if family.contains("INET6") { format!("[{address}]") } else { address.to_owned() };
            text = format!("{before}{address}:{number}{rest}");
        }
    }
    for host in ["127.0.0.1:", "[::1]:"] {
        if let Some((before, rest)) = text.clone().split_once(host) {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let rest = &rest[port.len()..];
            text = format!("{before}{host}{}{rest}", if port == "0" { "0" } else { "PORT" });
        }
    }
    if let Some(path) = text.strip_prefix("{sa_family=AF_UNIX, sun_path=") {
        text = path.trim_end_matches('}').to_owned();
    }
    if let Some((_, length)) = text.split_once(" => ") {
        text = format!("[{length}");
    }
    if text.starts_with("0x") && text.len() > 6 {
        text = "…".to_owned();
    }
    text.replace("\"...", "\"…")
        .replace("O_RDONLY|", "")
        .replace("{sa_family=AF_UNIX}", "{AF_UNIX}")
        .replace("SOL_TCP", "IPPROTO_TCP")
}

/// Without what strace says that a descriptor is open on: `3<socket:[4711]>`.
fn undecorated(text: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("<socket:[").or_else(|| rest.find("<anon_inode:")).or_else(|| rest.find("</")) {
        out.push_str(&rest[..at]);
        rest = rest[at..].split_once('>').map_or("", |(_, rest)| rest);
    }
    out + rest
}

#[test]
fn what_strace_prints_is_read() {
    let printed = r#"10 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3<socket:[1]>
10 accept(3<socket:[1]>,  <unfinished ...>
11 connect(4<socket:[2]>, {sa_family=AF_INET, sin_port=htons(41000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
10 <... accept resumed>{sa_family=AF_INET6, sin6_port=htons(5), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}, [128 => 28]) = 4<socket:[3]>
10 read(5</etc/hosts>, "x, (\"y", 100) = 6
10 read(4<socket:[3]>, 0x7ffe12345678, 100) = -1 EAGAIN (Resource temporarily unavailable)
10 accept(3<socket:[1]>, NULL, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
10 poll([{fd=4<socket:[3]>, events=POLLIN}], 1, -1) = 1 ([{fd=4, revents=POLLIN}])
"#;
    let first = [
        "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3",
        "accept(3, [::1]:PORT, [28]) = 4",
        "read(4, …, 100) = EAGAIN",
        "poll([{fd=4, events=POLLIN}], 1, -1) = 1 [{fd=4, revents=POLLIN}]",
    ];
    let second = ["connect(4, 127.0.0.1:PORT, 16) = 0"];
    assert_eq!(parse(printed), [first.map(str::to_owned).to_vec(), second.map(str::to_owned).to_vec()]);
}
