//! A call as a learner types it: `connect(5, 127.0.0.1:8000)`, or shorter, `connect 5`.
//!
//! The notation is C's, as the manual pages have it; what is left out is the usual: the server's address, a backlog of 8,
//! 1,024 bytes; a datagram goes to the server. Parentheses and commas may be left out, text needs quotation marks only where it has spaces or commas.

use std::net::{IpAddr, SocketAddr};

use super::edit::EditFault;
use super::escape::unescape;
use super::{Actor, Call, CallName, How, LONGEST_READ, SocketOption};

/// Why a text is no call. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistyped {
    /// It names no call; this is what it names.
    Name(String),
    /// The call wants a descriptor first.
    Descriptor(CallName),
    /// An argument that isn't what the call wants there.
    Argument(CallName, String),
    /// More arguments than the call takes.
    TooMany(CallName),
    /// What stands where an option is to be named names none.
    Option(String),
    /// A quotation mark without its second one.
    Quote,
    /// Its thread is still in this call.
    Busy(Actor, CallName),
    /// It names no step of the lesson.
    NoStep(String),
    /// The step was never reached; the furthest that was has this number.
    NotReached(usize),
    /// It is to say what a person changes in a segment, and doesn't.
    Edit(EditFault),
}

/// What stands in for what is left out.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// The server's address.
    pub server: SocketAddr,
    /// The descriptor that is meant where none is typed.
    pub fd: Option<i32>,
}

/// The longest text that one `send()` takes from the keyboard, in bytes.
pub const LONGEST_TEXT: usize = 1 << 16;

/// The longest text that one `sendto()` takes, in bytes: what fits into one packet of an MTU of 1,500 behind the headers of
/// IPv6 and UDP. A longer one would go in fragments, which the wire can't hold.
pub const LONGEST_DATAGRAM: usize = 1500 - 40 - 8;

const BACKLOG: i32 = 8;
const READ: usize = 1024;

/// The call that a text means.
///
/// # Errors
/// [`Mistyped`] says what it isn't.
pub fn parse(text: &str, usual: &Usual) -> Result<Call, Mistyped> {
    let words = words(text)?;
    let Some((first, rest)) = words.split_first() else { return Err(Mistyped::Name(String::new())) };
    let name = by_name(&first.text).ok_or_else(|| Mistyped::Name(first.text.clone()))?;
    let mut args = Arguments { name, words: rest, usual };
    let call = args.call()?;
    if args.words.is_empty() { Ok(call) } else { Err(Mistyped::TooMany(name)) }
}

fn by_name(text: &str) -> Option<CallName> {
    let also = |name: CallName| name == CallName::Fcntl && text == "nonblock";
    CallName::ALL.into_iter().find(|name| name.name() == text || also(*name))
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypedWord {
    text: String,
    /// Its bytes: those that no text has are written by their numbers.
    bytes: Vec<u8>,
    quoted: bool,
}

fn words(text: &str) -> Result<Vec<TypedWord>, Mistyped> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    let separates = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';');
    while let Some(c) = rest.next() {
        if separates(c) {
            continue;
        }
        let quoted = c == '"';
        let mut word = Vec::new();
        let put = |word: &mut Vec<u8>, c: char| word.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        if !quoted {
            put(&mut word, c);
        }
        loop {
            match rest.next_if(|c| quoted || !separates(*c)) {
                None if quoted => return Err(Mistyped::Quote),
                None => break,
                Some('"') if quoted => break,
                Some('\\') => unescape(&mut rest, &mut word),
                Some(other) => put(&mut word, other),
            }
        }
        words.push(TypedWord { text: String::from_utf8_lossy(&word).into_owned(), bytes: word, quoted });
    }
    Ok(words)
}

struct Arguments<'a> {
    name: CallName,
    words: &'a [TypedWord],
    usual: &'a Usual,
}

impl<'a> Arguments<'a> {
    fn call(&mut self) -> Result<Call, Mistyped> {
        if self.name == CallName::Socket {
            return self.socket();
        }
        let fd = self.descriptor()?;
        Ok(match self.name {
            CallName::Bind => Call::Bind { fd, addr: self.address()? },
            CallName::Connect => Call::Connect { fd, addr: self.address()? },
            CallName::Listen => Call::Listen { fd, backlog: self.number(BACKLOG)? },
            CallName::Accept => Call::Accept { fd },
            CallName::Send => Call::Send { fd, data: self.data(LONGEST_TEXT)? },
            CallName::SendTo => {
                let addr = self.recipient()?;
                Call::SendTo { fd, data: self.data(LONGEST_DATAGRAM)?, addr }
            }
            CallName::Recv => Call::Recv { fd, len: self.length()? },
            CallName::RecvFrom => Call::RecvFrom { fd, len: self.length()? },
            CallName::Shutdown => Call::Shutdown { fd, how: self.direction()? },
            CallName::SetSockOpt => {
                let option = self.option()?;
                Call::SetOption { fd, option, value: self.number(1)? }
            }
            CallName::Fcntl => {
                self.skip(&["F_SETFL", "O_NONBLOCK", "NONBLOCK"]);
                Call::SetNonblocking { fd }
            }
            CallName::Socket | CallName::Close | CallName::Other => Call::Close { fd },
        })
    }

    fn socket(&mut self) -> Result<Call, Mistyped> {
        let (mut ipv6, mut udp) = (self.usual.server.is_ipv6(), false);
        while let Some(word) = self.next() {
            match word.text.as_str() {
                "AF_INET" | "4" => ipv6 = false,
                "AF_INET6" | "6" => ipv6 = true,
                "SOCK_STREAM" | "0" => {}
                "SOCK_DGRAM" | "udp" => udp = true,
                other => return Err(self.wrong(other)),
            }
        }
        Ok(Call::Socket { ipv6, udp })
    }

    fn next(&mut self) -> Option<&'a TypedWord> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn skip(&mut self, words: &[&str]) {
        while self.words.first().is_some_and(|word| words.contains(&word.text.as_str())) {
            self.next();
        }
    }

    fn wrong(&self, text: &str) -> Mistyped {
        Mistyped::Argument(self.name, text.to_owned())
    }

    fn descriptor(&mut self) -> Result<i32, Mistyped> {
        match self.words.first().and_then(|word| word.text.parse().ok()) {
            Some(fd) => {
                self.next();
                Ok(fd)
            }
            None => self.usual.fd.ok_or(Mistyped::Descriptor(self.name)),
        }
    }

    fn number(&mut self, usual: i32) -> Result<i32, Mistyped> {
        let Some(word) = self.next() else { return Ok(usual) };
        word.text.parse().map_err(|_| self.wrong(&word.text))
    }

    /// An option by its name, by level and name as C has it, or by level and number. One that has only a number here may
    /// be any: whether there is such a one is the kernel's to say.
    fn option(&mut self) -> Result<SocketOption, Mistyped> {
        let none = |text: &str| Mistyped::Option(text.to_owned());
        let word = self.next().ok_or_else(|| none(""))?;
        let name = word.text.to_ascii_uppercase();
        if let Some(option) = SocketOption::by_name(&name) {
            return Ok(option);
        }
        let level = SocketOption::level_by_name(&name).or_else(|| name.parse().ok());
        let level = level.ok_or_else(|| none(&word.text))?;
        let word = self.next().ok_or_else(|| none(&name))?;
        let named = SocketOption::by_name(&word.text.to_ascii_uppercase()).map(|option| option.number);
        let number = named.or_else(|| word.text.parse().ok()).ok_or_else(|| none(&word.text))?;
        Ok(SocketOption { level, number })
    }

    fn length(&mut self) -> Result<usize, Mistyped> {
        let Some(word) = self.next() else { return Ok(READ) };
        let length = word.text.parse().ok().filter(|length| *length <= LONGEST_READ);
        length.ok_or_else(|| self.wrong(&word.text))
    }

    fn address(&mut self) -> Result<SocketAddr, Mistyped> {
        let usual = self.usual.server;
        let Some(word) = self.next() else { return Ok(usual) };
        let text = word.text.as_str();
        let port = |text: &str| text.strip_prefix(':').unwrap_or(text).parse().ok();
        let of_port = || port(text).map(|port| SocketAddr::new(usual.ip(), port));
        let of_ip = || text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, usual.port()));
        text.parse().ok().or_else(of_port).or_else(of_ip).ok_or_else(|| self.wrong(text))
    }

    /// The address at the end of a `sendto()`. Length and flags may stand before it, as C has them.
    fn recipient(&mut self) -> Result<SocketAddr, Mistyped> {
        let usual = self.usual.server;
        let of_port = |text: &str| Some(SocketAddr::new(usual.ip(), text.strip_prefix(':')?.parse().ok()?));
        let (text, rest) = match self.words {
            [text, rest @ ..] => (text, rest),
            [] => return Ok(usual),
        };
        let named = rest.last().and_then(|last| last.text.parse().ok().or_else(|| of_port(&last.text)));
        let between = &rest[..rest.len() - usize::from(named.is_some())];
        if text.quoted {
            if let Some(odd) = between.iter().find(|word| word.text.parse::<u32>().is_err()) {
                return Err(self.wrong(&odd.text));
            }
            self.words = &self.words[..1];
        } else {
            self.words = &self.words[..1 + between.len()];
        }
        Ok(named.unwrap_or(usual))
    }

    fn data(&mut self, longest: usize) -> Result<Vec<u8>, Mistyped> {
        // send(5, "hello", 5, 0) is C's; send 5 good morning is what one types.
        let words = std::mem::take(&mut self.words);
        let data = match words.split_first() {
            Some((first, _)) if first.quoted => first.bytes.clone(),
            _ => words.iter().map(|word| word.bytes.as_slice()).collect::<Vec<_>>().join(&b' '),
        };
        if data.len() > longest {
            Err(self.wrong(&String::from_utf8_lossy(&data).chars().take(20).collect::<String>()))
        } else {
            Ok(data)
        }
    }

    fn direction(&mut self) -> Result<How, Mistyped> {
        match self.next().map(|word| word.text.to_ascii_lowercase()).as_deref() {
            Some("shut_rd" | "read" | "rd" | "0") => Ok(How::Read),
            None | Some("shut_wr" | "write" | "wr" | "1") => Ok(How::Write),
            Some("shut_rdwr" | "both" | "rdwr" | "2") => Ok(How::Both),
            Some(other) => Err(self.wrong(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SOCKET_OPTIONS;
    use proptest::prelude::*;

    fn usual() -> Usual {
        Usual { server: SocketAddr::from(([127, 0, 0, 1], 8000)), fd: Some(5) }
    }

    fn typed(text: &str) -> Call {
        parse(text, &usual()).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"))
    }

    #[test]
    fn as_the_manual_pages_have_it_or_shorter() {
        let server = usual().server;
        for (texts, call) in [
            (vec!["socket()", "socket", "socket(AF_INET, SOCK_STREAM, 0)"], Call::Socket { ipv6: false, udp: false }),
            (vec!["socket(AF_INET6)", "socket 6"], Call::Socket { ipv6: true, udp: false }),
            (vec!["socket(AF_INET, SOCK_DGRAM, 0)", "socket udp"], Call::Socket { ipv6: false, udp: true }),
            (
                vec![
                    "sendto(5, \"a b\", 3, 0, 127.0.0.1:8000)",
                    "sendto 5 a b",
                    "sendto 5 \"a b\"",
                    "sendto a b :8000",
                ],
                Call::SendTo { fd: 5, data: b"a b".to_vec(), addr: server },
            ),
            (
                vec!["sendto(7, \"3\", [::1]:9)", "sendto 7 3 [::1]:9"],
                Call::SendTo { fd: 7, data: b"3".to_vec(), addr: "[::1]:9".parse().unwrap() },
            ),
            (vec!["recvfrom(5, 1024)", "recvfrom"], Call::RecvFrom { fd: 5, len: 1024 }),
            (
                vec!["bind(5, 127.0.0.1:8000)", "bind 5 :8000", "bind 5 8000", "bind 5 127.0.0.1", "bind"],
                Call::Bind { fd: 5, addr: server },
            ),
            (vec!["connect(5, 127.0.0.1:8000);", "connect"], Call::Connect { fd: 5, addr: server }),
            (vec!["connect 7 [::1]:9"], Call::Connect { fd: 7, addr: "[::1]:9".parse().unwrap() }),
            (vec!["listen(5, 8)", "listen 5", "listen"], Call::Listen { fd: 5, backlog: 8 }),
            (vec!["accept(5)", "accept"], Call::Accept { fd: 5 }),
            (
                vec!["send(5, \"a b\", 3)", "send 5 a b", "send(5, \"a b\")"],
                Call::Send { fd: 5, data: b"a b".to_vec() },
            ),
            (vec!["send 5 \"x\\n\\\"\""], Call::Send { fd: 5, data: b"x\n\"".to_vec() }),
            (vec!["recv(5, 1024)", "recv"], Call::Recv { fd: 5, len: 1024 }),
            (vec!["shutdown(5, SHUT_WR)", "shutdown", "shutdown 5 write"], Call::Shutdown { fd: 5, how: How::Write }),
            (vec!["shutdown(5, SHUT_RDWR)", "shutdown both"], Call::Shutdown { fd: 5, how: How::Both }),
            (vec!["close(5)", "close"], Call::Close { fd: 5 }),
            (
                vec!["setsockopt(5, SO_REUSEADDR, 1)", "setsockopt so_reuseaddr"],
                Call::SetOption { fd: 5, option: "SO_REUSEADDR".parse().unwrap(), value: 1 },
            ),
            (
                vec![
                    "setsockopt(5, IPPROTO_TCP, TCP_FASTOPEN, 5)",
                    "setsockopt(5, SOL_TCP, TCP_FASTOPEN, 5)",
                    "setsockopt 5 tcp_fastopen 5",
                    "setsockopt 5 6 23 5",
                    "setsockopt tcp_fastopen 5",
                ],
                Call::SetOption { fd: 5, option: SocketOption { level: 6, number: 23 }, value: 5 },
            ),
            (
                // TCP_NODELAY at the wrong level is another option there, as in C.
                vec!["setsockopt(5, SOL_SOCKET, TCP_NODELAY, 1)", "setsockopt 5 1 1"],
                Call::SetOption { fd: 5, option: SocketOption { level: 1, number: 1 }, value: 1 },
            ),
            (
                vec!["setsockopt 5 ipproto_ipv6 ipv6_v6only 0", "setsockopt 5 41 26 0", "setsockopt ipv6_v6only 0"],
                Call::SetOption { fd: 5, option: "IPV6_V6ONLY".parse().unwrap(), value: 0 },
            ),
            (
                vec!["setsockopt 5 -3 99999 -1"],
                Call::SetOption { fd: 5, option: SocketOption { level: -3, number: 99_999 }, value: -1 },
            ),
            (vec!["fcntl(5, F_SETFL, O_NONBLOCK)", "nonblock 5"], Call::SetNonblocking { fd: 5 }),
        ] {
            texts.into_iter().for_each(|text| assert_eq!(typed(text), call, "{text}"));
        }
    }

    #[test]
    fn what_is_no_call_is_told() {
        let wrong = |text: &str| parse(text, &usual()).unwrap_err();
        assert_eq!(wrong(""), Mistyped::Name(String::new()));
        assert_eq!(wrong("conect 5"), Mistyped::Name("conect".into()));
        assert_eq!(wrong("listen 5 many"), Mistyped::Argument(CallName::Listen, "many".into()));
        assert_eq!(wrong("bind 5 127.0.0.1:99999"), Mistyped::Argument(CallName::Bind, "127.0.0.1:99999".into()));
        for (text, odd) in [
            ("setsockopt 5 so_nonsense 1", "so_nonsense"),
            ("setsockopt 5 tcp_nonsense", "tcp_nonsense"),
            ("setsockopt 5 IPPROTO_TCP NONSENSE 1", "NONSENSE"),
            ("setsockopt 5 IPPROTO_NONSENSE 1 1", "IPPROTO_NONSENSE"),
            ("setsockopt 5 6", "6"),
            ("setsockopt 5", ""),
        ] {
            assert_eq!(wrong(text), Mistyped::Option(odd.into()), "{text}");
        }
        assert_eq!(wrong("setsockopt 5 SO_REUSEADDR yes"), Mistyped::Argument(CallName::SetSockOpt, "yes".into()));
        let more = (LONGEST_READ + 1).to_string();
        assert_eq!(wrong(&format!("recv 5 {more}")), Mistyped::Argument(CallName::Recv, more.clone()));
        assert_eq!(wrong(&format!("recvfrom 5 {more}")), Mistyped::Argument(CallName::RecvFrom, more));
        assert_eq!(wrong("close 5 6"), Mistyped::TooMany(CallName::Close));
        let sendto = |text: &str| Mistyped::Argument(CallName::SendTo, text.into());
        assert_eq!(wrong("sendto 5 \"a\" 127.0.0.1:99999"), sendto("127.0.0.1:99999"));
        assert_eq!(wrong(&format!("sendto 5 {}", "a".repeat(LONGEST_DATAGRAM + 1))), sendto(&"a".repeat(20)));
        assert_eq!(wrong("send 5 \"abc"), Mistyped::Quote);
        assert_eq!(parse("close", &Usual { fd: None, ..usual() }), Err(Mistyped::Descriptor(CallName::Close)));
    }

    fn calls() -> impl Strategy<Value = Call> {
        let fd = || any::<i32>();
        let addr = || (any::<IpAddr>(), any::<u16>()).prop_map(SocketAddr::from);
        let data = |most| proptest::collection::vec(any::<u8>(), 0..most);
        // Text, with what is hard to see and what has a meaning of its own.
        let text = "(\\PC|[\u{85}\u{202e}\u{301}\\\\\"\n\r\t\u{0},();nxu{}0])*".prop_map(String::into_bytes);
        let names = SOCKET_OPTIONS.to_vec();
        let option = prop_oneof![
            proptest::sample::select(names).prop_map(|name| SocketOption::by_name(name).unwrap()),
            any::<(i32, i32)>().prop_map(|(level, number)| SocketOption { level, number }),
            (0..50, -2..80).prop_map(|(level, number)| SocketOption { level, number }),
        ];
        let how = prop_oneof![Just(How::Read), Just(How::Write), Just(How::Both)];
        prop_oneof![
            any::<(bool, bool)>().prop_map(|(ipv6, udp)| Call::Socket { ipv6, udp }),
            (fd(), addr()).prop_map(|(fd, addr)| Call::Bind { fd, addr }),
            (fd(), any::<i32>()).prop_map(|(fd, backlog)| Call::Listen { fd, backlog }),
            fd().prop_map(|fd| Call::Accept { fd }),
            (fd(), addr()).prop_map(|(fd, addr)| Call::Connect { fd, addr }),
            (fd(), prop_oneof![data(200).boxed(), text.boxed()]).prop_map(|(fd, data)| Call::Send { fd, data }),
            (fd(), 0..=LONGEST_READ).prop_map(|(fd, len)| Call::Recv { fd, len }),
            (fd(), data(200), addr()).prop_map(|(fd, data, addr)| Call::SendTo { fd, data, addr }),
            (fd(), 0..=LONGEST_READ).prop_map(|(fd, len)| Call::RecvFrom { fd, len }),
            (fd(), how).prop_map(|(fd, how)| Call::Shutdown { fd, how }),
            fd().prop_map(|fd| Call::Close { fd }),
            (fd(), option, any::<i32>()).prop_map(|(fd, option, value)| Call::SetOption { fd, option, value }),
            fd().prop_map(|fd| Call::SetNonblocking { fd }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_the_same_call(call in calls()) {
            let written = call.to_string();
            prop_assert!(!written.chars().any(char::is_control), "{:?}", written);
            prop_assert_eq!(parse(&written, &usual()), Ok(call), "{}", written);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = parse(&text, &usual());
        }
    }
}
