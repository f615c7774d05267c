//! What may stand where a line is being typed: the words that begin as the last one does.

use super::assigned::call_begins;
use super::{OWN_NAMES, separates};
use crate::model::edit::{self, EditField};
use crate::model::rule::{self, RuleKind};
use crate::model::{
    CORE_SETTINGS, CallName, DeviceRequest, EpollEvents, EpollOp, IPV4_SETTINGS, LookupFamily, LookupFlags, PollEvents,
    RouteMetric, SocketOption, is_kernel_change,
};
use crate::tcp::{Flags, IcmpError};

/// What a line may name besides the words of its notation.
#[derive(Clone, Debug, Default)]
pub struct Nameable {
    /// The descriptors of the side whose call it is.
    pub fds: Vec<i32>,
    /// The variables that it has.
    pub names: Vec<String>,
    /// The lesson's steps; empty where there is none to go back to.
    pub steps: Vec<String>,
}

/// What the last word of a line may become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// So many bytes of the line stand before it.
    pub begin: usize,
    /// What fits, in the order of its table.
    pub fits: Vec<String>,
}

impl Completion {
    /// The line as far as it is certain: with the one word that fits, or with what all that fit begin with.
    pub fn extended(&self, line: &str) -> Option<String> {
        let before = line.get(..self.begin)?;
        let typed = &line[self.begin..];
        match &self.fits[..] {
            [] => None,
            // Behind a field's name comes its value.
            [one] if one.ends_with(['=', '>']) => Some(format!("{before}{one}")),
            [one] => Some(format!("{before}{one} ")),
            [first, rest @ ..] => {
                let common = rest.iter().fold(first.as_str(), |common, word| shared_beginning(common, word));
                (common.len() > typed.len()).then(|| format!("{before}{common}"))
            }
        }
    }
}

/// What may stand at the end of a line. Nothing where a text is being typed, which is the learner's own.
pub fn complete(line: &str, known: &Nameable) -> Completion {
    let call = call_begins(line);
    let (assigned, line) = line.split_at(call);
    let completion = completed(line, known);
    // An assignment is of a call: nothing else has a value.
    let is_first = words(&line[..completion.begin]).is_empty();
    let is_call = |word: &String| assigned.is_empty() || !is_first || CallName::typed(word).is_some();
    Completion { begin: call + completion.begin, fits: completion.fits.into_iter().filter(is_call).collect() }
}

fn completed(line: &str, known: &Nameable) -> Completion {
    let Some(begin) = begin_of_last(line) else { return Completion::default() };
    let before: Vec<&str> = words(&line[..begin]);
    let offered = match before.split_first() {
        None => first_words(known),
        Some((&"go", [])) => known.steps.clone(),
        Some((&"wire", rest)) => rule_words(rest),
        Some((&"sysctl", [] | ["-w"])) => setting_names(),
        Some((&"sysctl", _)) => Vec::new(),
        Some((&"ip", rest)) => route_words(rest),
        Some((&"hosts", _)) => Vec::new(),
        Some((&"edit" | &"forge", _)) => return of_field(line, begin),
        Some((first, rest)) => call_words(first, rest, known),
    };
    fitting(line, begin, offered)
}

/// Where a line's last word begins, which may be empty; `None` inside quotation marks.
fn begin_of_last(line: &str) -> Option<usize> {
    let mut quoted = false;
    let mut begin = 0;
    let mut rest = line.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => drop(rest.next()),
            _ if !quoted && between(line, c) => begin = at + c.len_utf8(),
            _ => {}
        }
    }
    (!quoted).then_some(begin)
}

/// Whether this character stands between two words: in what isn't C's, only blanks do.
fn between(line: &str, c: char) -> bool {
    c.is_whitespace()
        || (!edit::is_edit(line) && !rule::is_rule(line) && !is_kernel_change(line) && (separates(c) || c == '|'))
}

fn words(text: &str) -> Vec<&str> {
    text.split(|c: char| between(text, c)).filter(|word| !word.is_empty()).collect()
}

/// Those that begin as the line's end does, whatever their case; all where nothing is typed yet.
fn fitting(line: &str, begin: usize, offered: Vec<String>) -> Completion {
    let typed = &line[begin..];
    let begins = |word: &String| word.get(..typed.len()).is_some_and(|start| start.eq_ignore_ascii_case(typed));
    Completion { begin, fits: offered.into_iter().filter(begins).collect() }
}

fn shared_beginning<'a>(one: &'a str, other: &str) -> &'a str {
    let length = one.char_indices().zip(other.chars()).take_while(|((_, a), b)| a == b);
    &one[..length.map(|((at, c), _)| at + c.len_utf8()).last().unwrap_or(0)]
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn first_words(known: &Nameable) -> Vec<String> {
    let calls = CallName::ALL.into_iter().filter(|name| *name != CallName::Other).map(|name| name.name().to_owned());
    let go = (!known.steps.is_empty()).then_some("go".to_owned());
    calls.chain(owned(&OWN_NAMES)).chain(owned(&["edit", "forge", "wire", "sysctl", "ip", "hosts"])).chain(go).collect()
}

/// What may follow in a change of a route.
fn route_words(before: &[&str]) -> Vec<String> {
    let metric = |name: &str| RouteMetric::ALL.into_iter().any(|one| one.name() == name);
    match before {
        [] => owned(&["route"]),
        [_] => owned(&["change"]),
        [_, _] => owned(&["127.0.0.1", "127.0.0.0/8", "::1"]),
        // Behind a metric's name stands its number.
        [.., last] if metric(last) || *last == "lock" => Vec::new(),
        [_, _, _, named @ ..] => {
            let left = RouteMetric::ALL.into_iter().map(RouteMetric::name).filter(|name| !named.contains(name));
            left.map(str::to_owned).collect()
        }
    }
}

/// The settings that a lab's kernel may be given, each up to its value.
fn setting_names() -> Vec<String> {
    IPV4_SETTINGS.iter().chain(CORE_SETTINGS).map(|name| format!("{name}=")).collect()
}

/// What stands in a rule of the wire behind `wire` and these words (docs/authoring.md has the notation).
fn rule_words(before: &[&str]) -> Vec<String> {
    let kinds = RuleKind::ALL.map(RuleKind::name);
    let which = ["all", "first", "every", "flags=", "data>", "to"];
    match before {
        [] => owned(&[&kinds[..], &["off"]].concat()),
        ["off"] => owned(&[&kinds[..], &["all"]].concat()),
        [.., "to"] => owned(&["server", "client"]),
        [.., "first" | "every" | "seed" | "jitter" | "rate" | "delay"] | ["off", ..] => Vec::new(),
        ["delay", _] => owned(&["jitter", "flags=", "data>", "to"]),
        ["lose" | "duplicate"] => owned(&which),
        _ => owned(&["flags=", "data>", "to", "seed"]),
    }
}

/// A field of a segment that is changed or made, or the value of one that has few.
fn of_field(line: &str, begin: usize) -> Completion {
    let word = &line[begin..];
    let Some((key, value)) = word.split_once('=') else {
        let fields = EditField::ALL.iter().map(|field| format!("{}=", field.name()));
        return fitting(line, begin, fields.chain(["icmp=".to_owned()]).collect());
    };
    let values = match key {
        "checksum" => owned(&["wrong", "right"]),
        "sackok" => owned(&["yes", "no"]),
        "ecn" => owned(&["none", "ect0", "ect1", "ce"]),
        "icmp" => {
            let all = IcmpError::PLAIN.into_iter().chain([IcmpError::FragmentationNeeded(0)]);
            all.map(|one| one.name().to_owned()).collect()
        }
        "flags" => Flags::from_bits(u8::MAX).names().map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let done = value.rfind(',').map_or(0, |comma| comma + 1);
    fitting(line, begin + key.len() + 1 + done, values)
}

/// An argument of a call behind these.
fn call_words(name: &str, before: &[&str], known: &Nameable) -> Vec<String> {
    let fds = || known.fds.iter().map(i32::to_string).chain(known.names.iter().cloned()).collect::<Vec<_>>();
    let options = || SocketOption::names().map(str::to_owned).collect::<Vec<_>>();
    match (name, before) {
        ("socket", _) => owned(&[
            "AF_INET",
            "AF_INET6",
            "SOCK_STREAM",
            "SOCK_DGRAM",
            "SOCK_NONBLOCK",
            "SOCK_CLOEXEC",
            "IPPROTO_TCP",
            "IPPROTO_UDP",
        ]),
        ("getaddrinfo", []) => owned(&["localhost"]),
        ("getaddrinfo", [_]) => Vec::new(),
        ("getaddrinfo", _) => LookupFamily::names().chain(LookupFlags::names()).map(str::to_owned).collect(),
        ("poll", [_, ..]) => [PollEvents::all_names().map(str::to_owned).collect(), fds()].concat(),
        ("select", [_, ..]) => [owned(&["POLLIN", "POLLOUT", "POLLPRI"]), fds()].concat(),
        ("epoll_create1", _) => owned(&["EPOLL_CLOEXEC"]),
        ("epoll_ctl", [_]) => EpollOp::ALL.map(|op| op.name().to_owned()).to_vec(),
        ("epoll_ctl", [_, _]) => fds(),
        ("epoll_ctl", [_, _, _, ..]) => EpollEvents::all_names().map(str::to_owned).collect(),
        (_, []) => fds(),
        ("setsockopt" | "getsockopt", [_]) => {
            let mut all = owned(&["SOL_SOCKET", "IPPROTO_TCP"]);
            all.extend(options());
            all
        }
        ("setsockopt" | "getsockopt", [_, "SOL_SOCKET" | "IPPROTO_TCP"]) => options(),
        ("setsockopt", [.., "TCP_CONGESTION"]) => owned(&["cubic", "reno"]),
        ("accept4", [_, ..]) => owned(&["NULL", "SOCK_NONBLOCK", "SOCK_CLOEXEC"]),
        ("ioctl", [_]) => DeviceRequest::ALL.map(|request| request.name().to_owned()).to_vec(),
        ("shutdown", [_]) => owned(&["SHUT_RD", "SHUT_WR", "SHUT_RDWR"]),
        ("listen", [_]) => owned(&["SOMAXCONN"]),
        ("fcntl", [_]) => owned(&["F_SETFL", "F_GETFL", "O_NONBLOCK"]),
        ("fcntl", [_, "F_SETFL"]) => owned(&["O_NONBLOCK", "0"]),
        ("connect", [_]) => owned(&["AF_UNSPEC"]),
        ("recv" | "recvfrom" | "recvmsg", [_, ..]) | ("send" | "sendto" | "sendmsg", [_, _, ..]) => {
            let call = CallName::ALL.into_iter().find(|call| call.name() == name);
            owned(call.map_or(&[], CallName::flag_names))
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Mistyped, Usual, parse};
    use super::*;
    use crate::model::edit::TypedEdit;
    use crate::model::rule::TypedRule;

    fn known() -> Nameable {
        Nameable { fds: vec![3, 41], names: Vec::new(), steps: vec!["bind".into(), "listen".into()] }
    }

    fn fits(line: &str) -> Vec<String> {
        complete(line, &known()).fits
    }

    #[test]
    fn a_word_is_completed_as_far_as_it_is_certain() {
        let becomes = |line: &str| complete(line, &known()).extended(line);
        for (line, meant) in [
            ("so", Some("socket ")),
            ("socket AF_INET, sock_s", Some("socket AF_INET, SOCK_STREAM ")),
            ("socket(", None),
            ("shutdown(3, sh", Some("shutdown(3, SHUT_")),
            ("setsockopt(3, SOL_SOCKET, so_reusea", Some("setsockopt(3, SOL_SOCKET, SO_REUSEADDR ")),
            ("connect 4", Some("connect 41 ")),
            ("connect 41 a", Some("connect 41 AF_UNSPEC ")),
            ("recv(3, 100, MSG_P", Some("recv(3, 100, MSG_PEEK ")),
            ("recv(3, 100, MSG_PEEK|MSG_D", Some("recv(3, 100, MSG_PEEK|MSG_DONTWAIT ")),
            ("send 3 \"a\" MSG_M", Some("send 3 \"a\" MSG_MORE ")),
            ("send 3 hello MSG_P", None),
            ("go li", Some("go listen ")),
            ("wire du", Some("wire duplicate ")),
            ("sysctl tcp_syncoo", Some("sysctl tcp_syncookies=")),
            ("sysctl -w somax", Some("sysctl -w somaxconn=")),
            ("ip r", Some("ip route ")),
            ("ip route change 127.0.0.1 initc", Some("ip route change 127.0.0.1 initcwnd ")),
            ("ip route change 127.0.0.1 initcwnd ", None),
            ("ip route change ::1 mtu 5 m", None),
            ("wire lose first 2 fl", Some("wire lose first 2 flags=")),
            ("wire lose all to s", Some("wire lose all to server ")),
            ("edit 7 check", Some("edit 7 checksum=")),
            ("edit 7 flags=SYN,A", Some("edit 7 flags=SYN,ACK ")),
            ("edit 7 checksum=w", Some("edit 7 checksum=wrong ")),
            ("poll(3, pollin|pollrd", Some("poll(3, pollin|POLLRDHUP ")),
            ("send 3 \"SO_", None),
            ("nothing_of_the_kind ", None),
            ("\u{4f60}\u{597d}", None),
        ] {
            assert_eq!(becomes(line).as_deref(), meant, "{line}");
        }
        assert_eq!(fits("get"), ["getsockname", "getpeername", "getsockopt", "getaddrinfo"]);
        assert_eq!(fits("close("), ["3", "41"]);
        assert!(complete("g", &Nameable::default()).fits.iter().all(|word| word != "go"));
    }

    /// What is offered is understood: each word where it is offered.
    #[test]
    fn each_word_that_is_offered_is_one_of_the_notation() {
        let usual = Usual { server: "127.0.0.1:8000".parse().unwrap(), fd: Some(3), variables: Vec::new() };
        let is_word = |line: &str| {
            let wrong = parse(line, &usual).err();
            !matches!(wrong, Some(Mistyped::Name(_) | Mistyped::Argument(..) | Mistyped::Option(_)))
        };
        for name in fits("")
            .iter()
            .filter(|name| !matches!(name.as_str(), "go" | "wire" | "edit" | "forge" | "sysctl" | "ip" | "hosts"))
        {
            assert!(is_word(&format!("{name} 3")) || name == "socket" || name.ends_with("sockopt"), "{name}");
            let before = if name == "socket" { format!("{name} ") } else { format!("{name} 3 ") };
            for word in fits(&before) {
                let level = ["SOL_SOCKET", "IPPROTO_TCP"].contains(&word.as_str()) && name.ends_with("sockopt");
                let rest = if level { " SO_ERROR" } else { "" };
                let udp = if word == "IPPROTO_UDP" { "SOCK_DGRAM " } else { "" };
                assert!(is_word(&format!("{before}{udp}{word}{rest}")), "{before}{word}");
            }
        }
        for kind in fits("wire ").iter().filter(|kind| *kind != "off") {
            let amount = if matches!(kind.as_str(), "delay" | "rate") { " 20" } else { "" };
            let ms = if kind == "delay" { "ms" } else { "" };
            for rest in ["", " to server", " flags=SYN", " data>9"] {
                let line = format!("wire {kind}{amount}{ms}{rest}");
                assert!(line.parse::<TypedRule>().is_ok(), "{line}");
            }
        }
        for field in fits("edit 7 ").iter().filter(|field| *field != "icmp=") {
            for value in fits(&format!("edit 7 {field}")) {
                let line = format!("edit 7 {field}{value}");
                assert!(line.parse::<TypedEdit>().is_ok(), "{line}");
            }
        }
    }
}
