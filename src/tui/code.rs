//! The calls as code in several programming languages, with the real values put in, and their colours.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::assets::{CODE, CodeHead};
use crate::i18n::fill;
use crate::i18n::words::{self, words};
use crate::model::{
    Argument, Call, CallName, EpollOp, How, Lookup, MessageFlags, Outcome, PollEvents, PolledDescriptor, SocketFlags,
    SocketOption, StructuredValue, Transfer, ValueKind, end_of_quotation,
};
use crate::theme::Theme;

/// How many bytes of sent data a snippet shows; of more it shows the variable that has them.
const SHOWN_BYTES: usize = 24;

words! {
    /// One language's file.
    pub struct Language {
        pub(super) name: String,
        pub(super) detail: String,
        comment: String,
        keywords: Vec<String>,
        calls: BTreeMap<String, String>,
        /// The same with flags that aren't the usual ones, or without an address, where that is written otherwise in the language.
        flagged: BTreeMap<String, String>,
        options: BTreeMap<String, String>,
        words: SnippetArguments,
    }
}

words! {
    /// What the language calls the arguments that have names; `options` above has the socket options that are not set as
    /// the others are.
    struct SnippetArguments {
        read: String,
        write: String,
        both: String,
        ipv4: String,
        ipv6: String,
        stream: String,
        datagram: String,
        bytes: String,
        data: String,
        byte: String,
        level: String,
        polled: String,
        between: String,
        event: String,
        part: String,
        room: String,
        put: String,
        forever: String,
        time: String,
        instance: String,
        add: String,
        modify: String,
        delete: String,
        variable: String,
        made: String,
        msg_to: String,
        msg_to_nobody: String,
        name: String,
        none: String,
    }
}

/// All languages. Each is read when a call is first shown in it: the first page has their names alone.
#[derive(Debug)]
pub struct Snippets(Vec<NamedLanguage>);

/// A language, which may not be read yet.
#[derive(Debug)]
struct NamedLanguage {
    head: &'static CodeHead,
    read: OnceLock<Language>,
}

impl NamedLanguage {
    /// The language; nothing of it where its file can't be read, for which a test looks.
    fn get(&self) -> &Language {
        self.read.get_or_init(|| Language::read(self.head.path).unwrap_or_default())
    }
}

impl Snippets {
    /// The built-in files.
    pub fn shipped() -> Snippets {
        Snippets(CODE.iter().map(|head| NamedLanguage { head, read: OnceLock::new() }).collect())
    }

    /// How many languages there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What all of them are called, in the order in which they take turns: a name, and what of the language it is.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().map(|language| (language.head.name, language.head.detail))
    }

    /// All of them, in that order.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.0.iter().map(NamedLanguage::get)
    }

    pub(super) fn get(&self, n: usize) -> Option<&Language> {
        self.0.get(n).map(NamedLanguage::get)
    }

    /// The one with this name.
    pub(super) fn named(&self, name: &str) -> Option<&Language> {
        self.0.iter().find(|language| language.head.name == name).map(NamedLanguage::get)
    }
}

/// Whether a lookup has a name and a port, and no hints of its own.
fn is_plain(lookup: &Lookup) -> bool {
    let port = lookup.service.as_ref().is_some_and(|service| service.parse::<u16>().is_ok());
    lookup.node.is_some()
        && port
        && *lookup == Lookup { node: lookup.node.clone(), service: lookup.service.clone(), ..Lookup::default() }
}

/// The snippet that switches SO_LINGER off.
const LINGER_OFF: &str = "SO_LINGER_OFF";

/// Under which name a call's snippet stands: C's, or for what has several forms in other languages, one of its own.
fn key(call: &Call) -> &'static str {
    match call {
        Call::SetStructured { value: StructuredValue::Time { .. }, .. } => "setsockopt_time",
        Call::SetStructured { value: StructuredValue::Name(_), .. } => "setsockopt_name",
        Call::GetStatus { .. } => "fcntl_getfl",
        call => call.name().name(),
    }
}

/// The same of a `getsockopt()` whose value is no int.
const fn kind_key(kind: ValueKind) -> Option<&'static str> {
    match kind {
        ValueKind::Int => None,
        ValueKind::Time => Some("getsockopt_time"),
        ValueKind::Linger => Some("getsockopt_linger"),
        ValueKind::Name => Some("getsockopt_name"),
    }
}

impl Language {
    /// Reads the file at a path below `assets`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    fn read(path: &str) -> Result<Language, String> {
        let language: Language = words::of_asset(path)?;
        match CallName::ALL.into_iter().find(|call| !language.calls.contains_key(call.name())) {
            Some(call) => Err(format!("{path}: calls.{call} is missing")),
            None => Ok(language),
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A call with its real arguments. The variables of sockets have the numbers of their descriptors; the one that
    /// `socket()` or `accept()` makes has its number once the call has returned it.
    pub fn lines(&self, call: &Call, outcome: Option<&Outcome>) -> Vec<String> {
        let own = match call {
            Call::GetOption { option, .. } => kind_key(option.kind()).and_then(|key| self.calls.get(key)),
            Call::SetOption { option: SocketOption::LINGER, value: ..0, .. } => self.options.get(LINGER_OFF),
            Call::SetOption { option, .. } => option.name().and_then(|name| self.options.get(name)),
            _ => None,
        };
        let name = key(call);
        let usual = call.flags() == call.name().usual_flags()
            && !matches!(
                call,
                Call::SetNonblocking { on: false, .. }
                    | Call::Dissolve { .. }
                    | Call::Maker(_)
                    | Call::EpollCtl { op: EpollOp::Del, .. }
            )
            && !matches!(call, Call::GetAddrInfo(lookup) if !is_plain(lookup));
        let flagged = || if usual { None } else { self.flagged.get(name) };
        let Some(snippet) = own.or_else(flagged).or_else(|| self.calls.get(name)) else { return Vec::new() };
        let values = self.values(call, outcome);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(snippet, &values).lines().map(ToOwned::to_owned).collect()
    }

    fn values(&self, call: &Call, outcome: Option<&Outcome>) -> Vec<(&'static str, String)> {
        let words = &self.words;
        let variable = |number: i64| format!("{}{number}", words.variable);
        // What has no name is a number, and a number is no member of a package.
        let named = |name: String| match name.parse::<i32>() {
            Ok(_) => name,
            Err(_) => format!("{}{name}", words.level),
        };
        let mut values = self.of_all(call, outcome);
        for argument in call.arguments() {
            match argument {
                Argument::Descriptor(fd) if matches!(call, Call::EpollCtl { .. } | Call::EpollWait { .. }) => {
                    values.push(("epoll", format!("{}{fd}", words.instance)));
                }
                Argument::Descriptor(fd) | Argument::Watched(fd) => {
                    values.extend([("s", variable(fd.into())), ("fd", fd.to_string())]);
                }
                Argument::Family { ipv6 } => {
                    values.push(("new", made(outcome).map_or_else(|| words.variable.clone(), variable)));
                    values.push(("domain", self.domain(ipv6)));
                }
                Argument::Type { udp, flags } => {
                    values.push(("type", if udp { &words.datagram } else { &words.stream }.clone()));
                    values.extend(self.other(Argument::NewFlags(flags)));
                }
                Argument::NewFlags(_) | Argument::Structured(_) | Argument::Request(_) => {
                    values.extend(self.other(argument));
                }
                Argument::Address(addr) => values.extend(self.address(addr)),
                Argument::Backlog(n) => values.push(("backlog", n.to_string())),
                Argument::Data(data) => values.extend(self.payload(data)),
                Argument::Room(n) => values.push(("max", n.to_string())),
                // Of `accept()`; of `recvfrom()` nothing is made.
                Argument::Peer => values.push(("new", made(outcome).map_or_else(|| words.made.clone(), variable))),
                Argument::How(how) => values.push(("how", self.how(how))),
                Argument::Option(option) => {
                    values.push(("level", named(option.level_name())));
                    let name = option.name().map_or_else(|| option.number.to_string(), str::to_owned);
                    values.push(("option", named(name)));
                }
                Argument::Value(value) | Argument::Linger(value) | Argument::OnlyInt(value) => {
                    values.push(("value", value.to_string()));
                }
                Argument::Timeout(timeout) => values.extend(self.timeout(timeout)),
                Argument::Count(n) => values.push(("count", n.to_string())),
                Argument::Operation(op) => values.push(("op", self.operation(op))),
                Argument::Events(events) => values.push(("events", self.names(events.names()))),
                Argument::Polled(_) | Argument::Set { .. } | Argument::Buffers(_) | Argument::Rooms(_) => {}
                Argument::NameFamily(_) | Argument::NameFlags(_) | Argument::Name(_) | Argument::List => {}
                Argument::Flags { flags, .. } => values.push(("flags", self.flags(flags))),
                Argument::Protocol | Argument::Length(_) | Argument::Buffer | Argument::Unspecified => {}
                Argument::Command | Argument::Status { .. } | Argument::ValueRoom | Argument::Program(_) => {}
                Argument::StatusCommand => {}
            }
        }
        values
    }

    /// What several arguments together stand for, and what a call makes that has no argument for it.
    fn of_all(&self, call: &Call, outcome: Option<&Outcome>) -> Vec<(&'static str, String)> {
        let new = |kind: &String| made(outcome).map_or_else(|| kind.clone(), |fd| format!("{kind}{fd}"));
        match call {
            Call::Dup { .. } => vec![("new", new(&self.words.variable))],
            Call::EpollCreate => vec![("new", new(&self.words.instance))],
            Call::Poll { fds, .. } => self.polled(fds).into(),
            Call::Select { fds, .. } => self.sets(fds).into(),
            Call::Transfer(transfer) => self.buffers(transfer).into(),
            Call::GetAddrInfo(lookup) => self.lookup(lookup).into(),
            _ => Vec::new(),
        }
    }

    /// What `getaddrinfo()` is asked: its names as the language has them, and as they are; its hints.
    fn lookup(&self, lookup: &Lookup) -> [(&'static str, String); 6] {
        let words = &self.words;
        let plain = |name: &str| name.bytes().map(|byte| self.byte(byte)).collect::<String>();
        let name = |name: &Option<String>| match name {
            Some(name) => fill(&words.name, &[("text", plain(name))]),
            None => words.none.clone(),
        };
        let bare = |name: &Option<String>| name.as_deref().map(plain).unwrap_or_default();
        let constant = |text: String| match text.split('|').next() {
            Some(first) if first.parse::<i64>().is_ok() => text,
            _ => text.split('|').map(|name| format!("{}{name}", words.level)).collect::<Vec<_>>().join(" | "),
        };
        [
            ("node", name(&lookup.node)),
            ("service", name(&lookup.service)),
            ("host", bare(&lookup.node)),
            ("port", bare(&lookup.service)),
            ("family", constant(lookup.family.to_string())),
            ("flags", constant(lookup.flags.to_string())),
        ]
    }

    /// The flags of a new descriptor, as the language has them.
    fn descriptor_flags(&self, flags: SocketFlags) -> String {
        let names: Vec<String> = flags.names().map(|name| format!("{}{name}", self.words.level)).collect();
        if names.is_empty() { "0".to_owned() } else { names.join(" | ") }
    }

    /// What stands for flags of a new descriptor, a value that is no int, and a request.
    fn other(&self, argument: Argument<'_>) -> Vec<(&'static str, String)> {
        match argument {
            Argument::NewFlags(flags) => vec![("new_flags", self.descriptor_flags(flags))],
            Argument::Structured(value) => self.structured(value),
            Argument::Request(request) => {
                vec![("request", request.to_string()), ("number", format!("{:#x}", request.number()))]
            }
            _ => Vec::new(),
        }
    }

    /// The parts of a value that is no int.
    fn structured(&self, value: &StructuredValue) -> Vec<(&'static str, String)> {
        match value {
            StructuredValue::Time { seconds, microseconds } => {
                vec![("seconds", seconds.to_string()), ("micros", microseconds.to_string())]
            }
            StructuredValue::Linger { on, seconds } => vec![("on", on.to_string()), ("value", seconds.to_string())],
            StructuredValue::Name(name) => self.payload(name.as_bytes()).into(),
        }
    }

    fn operation(&self, op: EpollOp) -> String {
        let word = match op {
            EpollOp::Add => &self.words.add,
            EpollOp::Mod => &self.words.modify,
            EpollOp::Del => &self.words.delete,
        };
        word.clone()
    }

    fn flags(&self, flags: MessageFlags) -> String {
        let names: Vec<String> = flags.names().map(|name| format!("{}{name}", self.words.level)).collect();
        if names.is_empty() { "0".to_owned() } else { names.join(" | ") }
    }

    /// Events by their names.
    fn names(&self, names: impl Iterator<Item = &'static str>) -> String {
        let names: Vec<String> = names.map(|name| format!("{}{name}", self.words.event)).collect();
        if names.is_empty() { "0".to_owned() } else { names.join(" | ") }
    }

    /// Several buffers: what is sent of each, or how many bytes have room in it; and to whom, where that is said.
    fn buffers(&self, transfer: &Transfer) -> [(&'static str, String); 5] {
        let words = &self.words;
        let sent = |part: &[u8]| fill(&words.part, &self.payload(part));
        let parts: Vec<String> = transfer.parts(transfer.data()).into_iter().map(sent).collect();
        let rooms: Vec<String> = transfer.buffers.iter().map(|size| fill(&words.room, &[("max", size)])).collect();
        let count = transfer.buffers.len().to_string();
        let (to, named) = match transfer.address() {
            // Where the language has a variable for it, its value stands behind.
            Some(addr) => {
                let to = fill(&words.msg_to, &self.address(addr));
                let named =
                    if words.msg_to.contains('{') { String::new() } else { format!("  {} to: {addr}", self.comment) };
                (to, named)
            }
            None => (words.msg_to_nobody.clone(), String::new()),
        };
        [("parts", parts.join(", ")), ("rooms", rooms.join(", ")), ("count", count), ("msg_to", to), ("where", named)]
    }

    /// The sets of `select()`: as lists of descriptors, and as what puts each in its set.
    fn sets(&self, fds: &[PolledDescriptor]) -> [(&'static str, String); 4] {
        let words = &self.words;
        let variable = |fd: i32| format!("{}{fd}", words.variable);
        let of = |event: PollEvents| fds.iter().filter(move |polled| polled.events.has(event)).map(|polled| polled.fd);
        let list = |event| of(event).map(variable).collect::<Vec<_>>().join(", ");
        let (read, write, except) = (PollEvents::IN, PollEvents::OUT, PollEvents::PRI);
        let puts = [(read, "r"), (write, "w"), (except, "e")].map(|(event, set)| {
            of(event).map(|fd| fill(&words.put, &[("s", variable(fd)), ("set", set.to_owned())])).collect::<Vec<_>>()
        });
        let puts = puts.concat().join(" ");
        [("read", list(read)), ("write", list(write)), ("except", list(except)), ("puts", puts)]
    }

    /// A time in milliseconds, and as `select()` has it in the language.
    fn timeout(&self, timeout: i32) -> [(&'static str, String); 2] {
        let (seconds, ms) = (timeout / 1000, timeout % 1000);
        let (micros, fraction) = ((ms * 1000).to_string(), format!("{ms:03}"));
        let values = [
            ("seconds", seconds.to_string()),
            ("micros", micros),
            ("fraction", fraction),
            ("timeout", timeout.to_string()),
        ];
        let time = if timeout < 0 { self.words.forever.clone() } else { fill(&self.words.time, &values) };
        [("timeout", timeout.to_string()), ("time", time)]
    }

    /// Descriptors that are polled, and how many they are.
    fn polled(&self, fds: &[PolledDescriptor]) -> [(&'static str, String); 2] {
        let words = &self.words;
        let one = |entry: &PolledDescriptor| {
            let events = self.names(entry.events.names());
            fill(&words.polled, &[("s", format!("{}{}", words.variable, entry.fd)), ("events", events)])
        };
        let polled: Vec<String> = fds.iter().map(one).collect();
        [("polled", polled.join(&words.between)), ("count", fds.len().to_string())]
    }

    fn how(&self, how: How) -> String {
        let word = match how {
            How::Read => &self.words.read,
            How::Write => &self.words.write,
            How::Both => &self.words.both,
        };
        word.clone()
    }

    fn domain(&self, ipv6: bool) -> String {
        if ipv6 { &self.words.ipv6 } else { &self.words.ipv4 }.clone()
    }

    fn address(&self, addr: SocketAddr) -> [(&'static str, String); 7] {
        let (six, four) = if addr.is_ipv6() { ("6", "6") } else { ("", "4") };
        [
            ("addr", addr.to_string()),
            ("ip", addr.ip().to_string()),
            ("port", addr.port().to_string()),
            ("domain", self.domain(addr.is_ipv6())),
            ("six", six.to_owned()),
            ("four", four.to_owned()),
            ("go_ip", go_ip(addr.ip())),
        ]
    }

    fn payload(&self, data: &[u8]) -> [(&'static str, String); 2] {
        let bytes = if data.len() > SHOWN_BYTES {
            self.words.data.clone()
        } else {
            let text: String = data.iter().map(|byte| self.byte(*byte)).collect();
            fill(&self.words.bytes, &[("text", text)])
        };
        [("bytes", bytes), ("len", data.len().to_string())]
    }

    /// One byte between quotation marks: a program's source has no other bytes than those of ASCII's text.
    fn byte(&self, byte: u8) -> String {
        match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => char::from(byte).escape_default().to_string(),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => fill(&self.words.byte, &[("hex", format!("{byte:02x}")), ("octal", format!("{byte:03o}"))]),
        }
    }

    /// One line with its colours.
    pub(super) fn highlight(&self, line: &str, theme: &Theme) -> Vec<Span<'static>> {
        let mut spans = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            let (length, style) = self.token(rest, theme);
            spans.push(Span::styled(rest[..length].to_owned(), style));
            rest = &rest[length..];
        }
        spans
    }

    /// The length and style of the token that begins here.
    fn token(&self, rest: &str, theme: &Theme) -> (usize, Style) {
        let word_end = |accepts: fn(char) -> bool| rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        let Some(first) = rest.chars().next() else { return (0, theme.text.0) };
        if rest.starts_with(&self.comment) {
            return (rest.len(), theme.comment.0);
        }
        match first {
            '"' => ((2 + end_of_quotation(&rest[1..])).min(rest.len()), theme.string.0),
            '0'..='9' => (word_end(|c| c.is_ascii_alphanumeric() || c == '_'), theme.number.0),
            c if c.is_alphabetic() || c == '_' => {
                let end = word_end(|c| c.is_alphanumeric() || c == '_');
                let keyword = self.keywords.iter().any(|keyword| *keyword == rest[..end]);
                (end, if keyword { theme.keyword.0 } else { theme.text.0 })
            }
            c => (c.len_utf8(), theme.text.0),
        }
    }
}

/// The descriptor that a call has made.
fn made(outcome: Option<&Outcome>) -> Option<i64> {
    outcome.and_then(|outcome| outcome.as_ref().ok()).map(|returned| returned.value)
}

/// An address as Go writes an array of its bytes; of one with many zeros, only the others.
fn go_ip(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("[4]byte{{{a}, {b}, {c}, {d}}}")
        }
        IpAddr::V6(ip) => {
            let others = ip.octets().into_iter().enumerate().filter(|(_, byte)| *byte != 0);
            let others: Vec<String> = others.map(|(at, byte)| format!("{at}: {byte}")).collect();
            format!("[16]byte{{{}}}", others.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EpollEvents, Returned};
    use crate::theme::{Choice, Colours};

    fn calls() -> Vec<Call> {
        let addr = "127.0.0.1:8000".parse().unwrap();
        vec![
            Call::Socket { ipv6: false, udp: false },
            Call::Bind { fd: 4, addr },
            Call::Listen { fd: 4, backlog: 128 },
            Call::Accept { fd: 4 },
            Call::Connect { fd: 5, addr },
            Call::send(5, b"say \"hi\"\n".to_vec()),
            Call::recv(6, 1024),
            Call::Socket { ipv6: true, udp: true },
            Call::send_to(5, b"a line of more than twenty-four bytes".to_vec(), addr),
            Call::recv_from(6, 1024),
            Call::Shutdown { fd: 5, how: How::Write },
            Call::Close { fd: 5 },
            Call::Dup { fd: 5 },
            Call::Fork,
            Call::SetOption { fd: 4, option: "TCP_NODELAY".parse().unwrap(), value: 1 },
            Call::SetOption { fd: 4, option: "TCP_SYNCNT".parse().unwrap(), value: 2 },
            Call::SetOption { fd: 4, option: "SO_LINGER".parse().unwrap(), value: 0 },
            Call::Connect { fd: 5, addr: "[::1]:8000".parse().unwrap() },
            Call::SetNonblocking { fd: 4, on: true },
            Call::SetNonblocking { fd: 4, on: false },
            Call::Dissolve { fd: 4 },
            Call::Poll { fds: vec![PolledDescriptor::new(4, PollEvents::IN)], timeout: -1 },
            Call::Select {
                nfds: 5,
                fds: vec![PolledDescriptor::new(4, PollEvents::IN.with(PollEvents::OUT))],
                timeout: 1500,
            },
            Call::Select { nfds: 5, fds: vec![PolledDescriptor::new(4, PollEvents::IN)], timeout: -1 },
            Call::EpollCreate,
            Call::EpollCtl { epfd: 6, op: EpollOp::Add, fd: 4, events: EpollEvents::IN.with(EpollEvents::EDGE) },
            Call::EpollWait { epfd: 6, most: 8, timeout: -1 },
            lookup(0),
            lookup(libc::AF_INET6),
            Transfer::read(4, 64).into(),
            Transfer::write(4, b"hi".to_vec()).into(),
            Transfer::send(4, &[b"ab".to_vec(), b"c".to_vec()], MessageFlags(libc::MSG_MORE)).into(),
            Transfer::send_to(4, &[b"ab".to_vec(), b"c".to_vec()], MessageFlags(libc::MSG_MORE), addr).into(),
            Transfer::receive(4, vec![2, 64], MessageFlags::PEEK).into(),
            Call::Send { fd: 5, data: b"abc".to_vec(), flags: MessageFlags(libc::MSG_MORE | libc::MSG_DONTWAIT) },
            Call::Recv { fd: 6, len: 100, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT) },
            Call::SendTo { fd: 5, data: b"abc".to_vec(), flags: MessageFlags(libc::MSG_MORE), addr },
            Call::RecvFrom { fd: 6, len: 100, flags: MessageFlags(libc::MSG_TRUNC) },
        ]
    }

    fn lookup(family: i32) -> Call {
        let (node, service) = (Some("localhost".to_owned()), Some("8000".to_owned()));
        let family = crate::model::LookupFamily(family);
        Call::GetAddrInfo(Box::new(Lookup { node, service, family, ..Lookup::default() }))
    }

    /// All names that a file puts into braces.
    fn placeholders() -> Vec<String> {
        let texts: Vec<String> = CODE.iter().map(|head| crate::assets::text(head.path)).collect();
        let names = texts.iter().flat_map(|text| text.split('{').skip(1)).filter_map(|rest| rest.split_once('}'));
        let word = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        names.map(|(name, _)| name).filter(word).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn each_file_can_be_read_and_has_the_names_that_are_told_before() {
        let languages: Vec<Language> = CODE.iter().map(|head| Language::read(head.path).unwrap()).collect();
        let names: Vec<(&str, &str)> =
            languages.iter().map(|read| (read.name.as_str(), read.detail.as_str())).collect();
        assert_eq!(Snippets::shipped().names().collect::<Vec<_>>(), names);
        assert_eq!(CODE.len(), crate::assets::below("code").count());
    }

    #[test]
    fn a_socket_has_one_name_from_the_call_that_made_it() {
        let snippets = Snippets::shipped();
        let made = Ok(Returned { value: 7, ..Returned::default() });
        for language in snippets.languages() {
            let first = |call: &Call, outcome| language.lines(call, outcome).join("\n");
            let accept = Call::Accept { fd: 4 };
            assert!(first(&accept, None).contains("conn") && first(&accept, None).contains("s4"));
            assert!(!first(&accept, Some(&made)).contains("conn"), "{}", language.name);
            assert!(first(&accept, Some(&made)).contains("s7") && first(&Call::Close { fd: 7 }, None).contains("s7"));
            assert!(first(&calls()[0], Some(&made)).contains("s7"), "{}", language.name);
        }
    }

    #[test]
    fn sent_bytes_are_what_a_source_can_have() {
        let snippets = Snippets::shipped();
        let shown =
            |n: usize, data: &[u8]| snippets.get(n).unwrap().lines(&Call::send(3, data.to_vec()), None)[0].clone();
        for (n, quoted) in ["b\"a\\\"b\\\\\\n\\xe4\\x00\"", "\"a\\\"b\\\\\\n\\344\\000\""].into_iter().enumerate() {
            let line = shown(n, b"a\"b\\\n\xe4\x00");
            assert!(line.contains(quoted), "{line}");
        }
        assert_eq!(shown(1, &[b'x'; 25]), "ssize_t n = send(s3, data, 25, MSG_NOSIGNAL);");
        // A method's call binds closer than `&`: of a variable's reference it would take that of the pointer.
        let long = vec![b'x'; 25];
        for call in [Call::send(3, long.clone()), Transfer::write(3, long).into()] {
            let lines = snippets.get(0).unwrap().lines(&call, None).join("\n");
            assert!(lines.contains("&data") && !lines.contains("&data."), "{lines}");
        }
    }

    #[test]
    fn flags_stand_in_the_code_as_each_language_names_them() {
        let snippets = Snippets::shipped();
        let peek = Call::Recv { fd: 3, len: 9, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT) };
        let send = |flags| Call::Send { fd: 3, data: b"x".to_vec(), flags: MessageFlags(flags) };
        let line = |n: usize, call: &Call| {
            let lines = snippets.get(n).unwrap().lines(call, None).join("\n");
            lines.lines().find(|line| line.contains("recv") || line.contains("end")).unwrap_or_default().to_owned()
        };
        for (n, shown) in ["MSG_PEEK | MSG_DONTWAIT", "MSG_PEEK | MSG_DONTWAIT"].into_iter().enumerate() {
            assert!(line(n, &peek).contains(shown), "{}", line(n, &peek));
        }
        assert_eq!(line(3, &peek), "data = s3.recv(9, socket.MSG_PEEK | socket.MSG_DONTWAIT)");
        assert_eq!(line(1, &send(0)), "ssize_t n = send(s3, \"x\", 1, 0);");
        assert_eq!(line(3, &send(0)), "n = s3.send(b\"x\", 0)");
    }

    #[test]
    fn every_call_is_filled_in_completely_and_short_enough() {
        for language in Snippets::shipped().languages() {
            for call in calls() {
                let lines = language.lines(&call, None);
                assert!((1..=3).contains(&lines.len()), "{}: {lines:?}", language.name);
                for line in lines {
                    for name in placeholders() {
                        assert!(!line.contains(&format!("{{{name}}}")), "{}: {line}", language.name);
                    }
                    assert!(line.len() <= 82, "{}: {line}", language.name);
                }
            }
        }
    }

    #[test]
    fn colours_take_nothing_away() {
        let theme = Theme::load(Choice::Dark, Colours::All).unwrap();
        let snippets = Snippets::shipped();
        for language in snippets.languages() {
            for line in calls().iter().flat_map(|call| language.lines(call, None)) {
                let spans = language.highlight(&line, &theme);
                assert_eq!(spans.iter().map(|span| span.content.as_ref()).collect::<String>(), line);
            }
        }
        let spans = snippets.get(0).unwrap().highlight("let n = socket.send(b\"a\\\"b\")?;  // fd 5", &theme);
        let style_of = |text: &str| spans.iter().find(|span| span.content == text).map(|span| span.style);
        assert_eq!(style_of("let"), Some(theme.keyword.0));
        assert_eq!(style_of("\"a\\\"b\""), Some(theme.string.0));
        assert_eq!(style_of("// fd 5"), Some(theme.comment.0));
    }
}
