//! A call as a learner types it: `connect(5, 127.0.0.1:8000)`, or shorter, `connect 5`.
//!
//! The notation is C's, as the manual pages have it; what is left out is the usual: the server's address, a backlog of 8,
//! 1,024 bytes; a datagram goes to the server. Parentheses and commas may be left out, text needs quotation marks only where it has spaces or commas.

use std::iter::Peekable;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::Chars;

mod address;
mod around;
mod assigned;
mod completion;
mod declared;
mod descriptor_flags;
mod expression;
mod forms;
mod held;
mod lookup;
mod readiness;
mod resolved;
mod structures;
mod transfer;
mod typed_line;
mod values;
mod written_in_c;

#[cfg(test)]
mod tests;

pub use address::AddressFields;
pub use assigned::{fills, read};
pub use completion::{Completion, Nameable, complete};
pub use forms::{form, form_beside};
pub use held::{Filled, HeldValue, Hints, Variable};
pub use typed_line::TypedLine;
pub use written_in_c::Instead;

use super::SettingFault;
use super::edit::EditFault;
use super::escape::unescape;
use super::rule::RuleFault;
use super::{Actor, Call, CallName, DeviceRequest, How, LONGEST_READ, Maker, Side, SocketFlags, SocketOption};

/// Why a text is no call. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mistyped {
    /// It names no call; this is what it names.
    Name(String),
    /// It names what C has and isn't made here, and something else is done in its stead.
    Instead(String, Instead),
    /// A variable of C's stands where the call wants what it holds.
    Variable(CallName, String),
    /// This variable has no value yet: the call that gives it one hasn't returned.
    NotYet(String),
    /// A structure's member that the call reads has no value yet, and how it may be given one.
    Unset(CallName, String, String),
    /// A structure's member that says no family with which this call is made, and how it may.
    NoFamily(CallName, String, String),
    /// Hints of `getaddrinfo()` that no line has declared; this is their name.
    Hints(String),
    /// Hints that ask for something else than SOCK_STREAM; this is their name.
    OnlyStreams(String),
    /// What stands where a value is wanted, and how it may be given.
    Member(String, String),
    /// A structure's name, and what is no member of it that can be set.
    NoMember(String, String),
    /// Comments alone.
    Comment,
    /// A statement around a call, which is this one.
    Around(String),
    /// What stands before a `=` is no name that a value could be given.
    Assigned(String),
    /// A line with more than one statement; this is the second one.
    Several(String),
    /// A line that only declares a variable.
    Declared(String),
    /// How long something is, of which that isn't known here.
    Size(CallName, String),
    /// The call wants a descriptor first.
    Descriptor(CallName),
    /// An argument that isn't what the call wants there.
    Argument(CallName, String),
    /// A host's name where the call wants an address.
    Host(CallName, String),
    /// More arguments than the call takes.
    TooMany(CallName),
    /// What stands where an option is to be named names none.
    Option(String),
    /// A flag that there is not, or that makes no sense on the call.
    Flag(CallName, String),
    /// It is made in a lab alone.
    OnlyLab(CallName),
    /// The line has room for so many characters, and no more.
    Full(usize),
    /// A quotation mark without its second one.
    Quote,
    /// Its thread is still in this call.
    Busy(Actor, CallName),
    /// The process that makes this actor's calls was killed.
    Killed(Actor),
    /// As many children live as may for this side, whichever of its processes made them: there is no room for another one.
    ManyChildren(Side),
    /// Programs play the parts of all sides that could make it.
    OfProgram,
    /// It names no step of the lesson.
    NoStep(String),
    /// The step was never reached; the furthest that was has this number.
    NotReached(usize),
    /// It is to say what a person changes in a segment, and doesn't.
    Edit(EditFault),
    /// It is to say a rule of the wire, and doesn't.
    Rule(RuleFault),
    /// It is no setting that can be changed.
    Setting(SettingFault),
}

/// What stands in for what is left out, and what names hold.
#[derive(Clone, Debug)]
pub struct Usual {
    /// The server's address.
    pub server: SocketAddr,
    /// The descriptor that is meant where none is typed.
    pub fd: Option<i32>,
    /// The variables that have got a value, the newest last.
    pub variables: Vec<Variable>,
}

/// The longest text that one `send()` takes from the keyboard, in bytes.
pub const LONGEST_TEXT: usize = 1 << 16;

/// The longest text that one `sendto()` takes, in bytes: what fits into one packet of an MTU of 1,500 behind the headers of
/// IPv6 and UDP. A longer one would go in fragments, which the wire can't hold.
pub const LONGEST_DATAGRAM: usize = 1500 - 40 - 8;

const BACKLOG: i32 = 8;

/// What stands in the place of an address where a connection is to be dissolved.
const UNSPECIFIED: [&str; 2] = ["AF_UNSPEC", "unspec"];

/// The short name of the `fcntl()` that takes O_NONBLOCK back.
const BLOCKING: &str = "blocking";

/// What stands in C where an address that the kernel fills isn't wanted.
const NO_ADDRESS: [&str; 3] = ["NULL", "nullptr", "0"];
const READ: usize = 1024;

/// The call that a text means.
///
/// # Errors
/// [`Mistyped`] says what it isn't.
pub fn parse(text: &str, usual: &Usual) -> Result<Call, Mistyped> {
    match read(text, usual)? {
        TypedLine::Call(_, call) => Ok(call),
        TypedLine::Values(values) => {
            Err(Mistyped::Name(values.into_iter().next().map_or_else(String::new, |(name, _)| name)))
        }
        TypedLine::Unneeded(why) => Err(why),
    }
}

/// The call that a text means with nothing before it.
fn call(text: &str, usual: &Usual) -> Result<Call, Mistyped> {
    let words = words(text, has_buffers(text))?;
    let Some((first, rest)) = words.split_first() else { return Err(Mistyped::Name(String::new())) };
    let name = CallName::typed(&first.text).ok_or_else(|| written_in_c::no_call(&first.text, rest))?;
    let in_c = written_in_c::is_in_c(text);
    let rest = &resolved::resolved(name, in_c, rest, usual)?[..];
    let mut args = Arguments { name, typed: &first.text, in_c, words: rest, usual };
    let call = args.call()?;
    if args.words.is_empty() { Ok(call) } else { Err(Mistyped::TooMany(name)) }
}

/// Names of calls that aren't C's: of `fcntl()` what it is made for here.
const OWN_NAMES: [&str; 2] = ["nonblock", BLOCKING];

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
struct TypedWord {
    text: String,
    /// Its bytes: those that no text has are written by their numbers.
    bytes: Vec<u8>,
    quoted: bool,
}

impl TypedWord {
    /// One that stands without quotation marks.
    fn plain(text: String) -> TypedWord {
        TypedWord { bytes: text.clone().into_bytes(), text, quoted: false }
    }

    /// Whether it is a whole number, however large.
    fn is_number(&self) -> bool {
        let digits = self.text.strip_prefix('-').unwrap_or(&self.text);
        !self.quoted && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    }
}

/// Whether this character stands between two words.
fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';')
}

/// Whether it is a call whose buffers stand in braces, which are words of their own there.
fn has_buffers(text: &str) -> bool {
    let name = text.trim_start();
    [CallName::SendMsg, CallName::RecvMsg].iter().any(|call| name.starts_with(call.name()))
}

/// Whether this, behind a bracket, is an address of IPv6 with its port.
fn begins_address(rest: Peekable<Chars<'_>>) -> bool {
    let text: String = rest.take_while(|c| !separates(*c)).collect();
    format!("[{text}").parse::<SocketAddr>().is_ok()
}

/// The words of a call; where `braces` are words of their own, brackets are too.
fn words(text: &str, braces: bool) -> Result<Vec<TypedWord>, Mistyped> {
    let alone = |c: char| braces && matches!(c, '{' | '}' | '[' | ']');
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if separates(c) {
            continue;
        }
        let quoted = c == '"';
        // The brackets of an address of IPv6 are none of these.
        let is_address = c == '[' && begins_address(rest.clone());
        let alone = |c: char| alone(c) && !is_address;
        let mut word = Vec::new();
        let put = |word: &mut Vec<u8>, c: char| word.extend(c.encode_utf8(&mut [0; 4]).as_bytes());
        if !quoted {
            put(&mut word, c);
        }
        loop {
            if !quoted && alone(c) {
                break;
            }
            match rest.next_if(|c| quoted || !(separates(*c) || alone(*c))) {
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
    /// As it was typed.
    typed: &'a str,
    /// Whether its arguments stand in brackets, as C has them.
    in_c: bool,
    words: &'a [TypedWord],
    usual: &'a Usual,
}

impl<'a> Arguments<'a> {
    fn call(&mut self) -> Result<Call, Mistyped> {
        match self.name {
            CallName::Socket => return self.socket(),
            CallName::GetAddrInfo => return self.lookup(),
            CallName::Fork => return Ok(Call::Fork),
            name if name.waits_for_several() => return self.wait(),
            CallName::EpollCreate | CallName::EpollCtl => return self.wait(),
            CallName::Read | CallName::Write | CallName::SendMsg | CallName::RecvMsg => return self.transfer(),
            _ => {}
        }
        let fd = self.descriptor()?;
        Ok(match self.name {
            CallName::Bind => Call::Bind { fd, addr: self.sized_address()? },
            CallName::Connect => self.connect(fd)?,
            CallName::Listen => Call::Listen { fd, backlog: self.backlog()? },
            CallName::Send => {
                let (data, flags) = self.sent()?;
                Call::Send { fd, data, flags }
            }
            CallName::SendTo => {
                let (data, flags, addr) = self.sent_to()?;
                Call::SendTo { fd, data, flags, addr }
            }
            CallName::Recv => {
                let (len, flags) = self.room()?;
                Call::Recv { fd, len, flags }
            }
            CallName::RecvFrom => {
                let (len, flags) = self.room()?;
                self.skip_filled(2);
                Call::RecvFrom { fd, len, flags }
            }
            CallName::Shutdown => Call::Shutdown { fd, how: self.direction()? },
            CallName::SetSockOpt => {
                let option = self.option()?;
                self.option_set(fd, option)?
            }
            CallName::Fcntl => self.status(fd)?,
            CallName::Accept4 => Maker::accept(fd, self.accept_flags()?).into(),
            CallName::Ioctl => {
                let request = self.request()?;
                self.skip_filled(1);
                Call::Ioctl { fd, request }
            }
            CallName::Dup => Call::Dup { fd },
            CallName::Accept | CallName::GetSockName | CallName::GetPeerName | CallName::GetSockOpt => self.asks(fd)?,
            // The others were read above.
            _ => Call::Close { fd },
        })
    }

    /// `connect()` to an address, or to none.
    fn connect(&mut self, fd: i32) -> Result<Call, Mistyped> {
        self.skip_cast();
        if self.words.first().is_some_and(|word| UNSPECIFIED.contains(&word.text.as_str())) {
            self.next();
            self.skip_size();
            return Ok(Call::Dissolve { fd });
        }
        Ok(Call::Connect { fd, addr: self.sized_address()? })
    }

    /// A call that fills an address or a value, and its length.
    fn asks(&mut self, fd: i32) -> Result<Call, Mistyped> {
        let call = match self.name {
            CallName::Accept => Call::Accept { fd },
            CallName::GetSockName => Call::GetSockName { fd },
            CallName::GetPeerName => Call::GetPeerName { fd },
            _ => Call::GetOption { fd, option: self.option()? },
        };
        self.skip_filled(2);
        Ok(call)
    }

    fn socket(&mut self) -> Result<Call, Mistyped> {
        let (mut ipv6, mut udp, mut flags) = (self.usual.server.is_ipv6(), false, SocketFlags::default());
        while let Some(word) = self.next() {
            for part in word.text.split('|') {
                match part {
                    "AF_INET" | "PF_INET" | "4" => ipv6 = false,
                    "AF_INET6" | "PF_INET6" | "6" => ipv6 = true,
                    "SOCK_STREAM" | "0" | "" => {}
                    "SOCK_NONBLOCK" => flags = flags.with(SocketFlags::NONBLOCK),
                    "SOCK_CLOEXEC" => flags = flags.with(SocketFlags(libc::SOCK_CLOEXEC)),
                    "SOCK_DGRAM" | "udp" => udp = true,
                    "IPPROTO_TCP" if !udp => {}
                    "IPPROTO_UDP" if udp => {}
                    _ => return Err(self.wrong(&word.text)),
                }
            }
        }
        Ok(Maker::socket(ipv6, udp, flags))
    }

    fn next(&mut self) -> Option<&'a TypedWord> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// Leaves out these words, as far as they stand next, and at most so many.
    fn skip(&mut self, most: usize, words: &[&str]) {
        let there = self.words.iter().take(most).take_while(|word| words.contains(&word.text.as_str())).count();
        self.words = &self.words[there..];
    }

    fn descriptor(&mut self) -> Result<i32, Mistyped> {
        let number = self.words.first().filter(|word| word.is_number());
        match number.map(|word| word.text.parse()) {
            Some(Ok(fd)) => {
                self.next();
                Ok(fd)
            }
            // What no descriptor can be is no text either.
            Some(Err(_)) => Err(self.wrong(&self.words[0].text)),
            None => match self.descriptor_variable() {
                Some(variable) => Err(variable),
                None => self.usual.fd.ok_or(Mistyped::Descriptor(self.name)),
            },
        }
    }

    fn number(&mut self, usual: i32) -> Result<i32, Mistyped> {
        let Some(word) = self.next() else { return Ok(usual) };
        word.text.parse().map_err(|_| self.wrong(&word.text))
    }

    fn backlog(&mut self) -> Result<i32, Mistyped> {
        if self.words.first().is_some_and(|word| word.text == "SOMAXCONN") {
            self.next();
            return Ok(libc::SOMAXCONN);
        }
        self.number(BACKLOG)
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

    /// What `ioctl()` asks.
    fn request(&mut self) -> Result<DeviceRequest, Mistyped> {
        let Some(word) = self.next() else { return Ok(DeviceRequest::Unread) };
        DeviceRequest::by_name(&word.text.to_ascii_uppercase()).ok_or_else(|| self.wrong(&word.text))
    }

    /// An address, and how long it is in C.
    fn sized_address(&mut self) -> Result<SocketAddr, Mistyped> {
        let address = self.address()?;
        self.skip_size();
        // `ai_addrlen`
        if self.in_c {
            self.skip(1, &[if address.is_ipv6() { "28" } else { "16" }]);
        }
        Ok(address)
    }

    fn address(&mut self) -> Result<SocketAddr, Mistyped> {
        let usual = self.usual.server;
        self.skip_cast();
        let Some(word) = self.next() else { return Ok(usual) };
        let port = || word.text.parse().ok().map(|port| SocketAddr::new(usual.ip(), port));
        let named = self.named(&word.text).or_else(port);
        let host = || match self.host(&word.text) {
            Some(_) => Mistyped::Host(self.name, word.text.clone()),
            None => self.wrong(&word.text),
        };
        named.ok_or_else(host)
    }

    /// The host's name in what should be an address, where it is one that must be looked up.
    fn host<'t>(&self, text: &'t str) -> Option<&'t str> {
        let host = text.rsplit_once(':').map_or(text, |(host, _)| host);
        let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let is_name = host.contains(|c: char| c.is_ascii_alphabetic()) && host.chars().all(of_name);
        Some(host).filter(|host| is_name && self.named(host).is_none())
    }

    /// The address that a text names: `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, `*:8000`, one of them without its port, or
    /// only the port, `:8000`.
    fn named(&self, text: &str) -> Option<SocketAddr> {
        let usual = self.usual.server;
        let ip = |text: &str| match (text, usual.ip()) {
            ("", ip) => Some(ip),
            ("localhost" | "INADDR_LOOPBACK", IpAddr::V4(_)) => Some(Ipv4Addr::LOCALHOST.into()),
            ("localhost" | "in6addr_loopback", IpAddr::V6(_)) => Some(Ipv6Addr::LOCALHOST.into()),
            ("*" | "INADDR_ANY", IpAddr::V4(_)) => Some(Ipv4Addr::UNSPECIFIED.into()),
            ("*" | "in6addr_any", IpAddr::V6(_)) => Some(Ipv6Addr::UNSPECIFIED.into()),
            _ => text.parse().ok(),
        };
        let both = || {
            let (host, port) = text.rsplit_once(':').filter(|(host, _)| !host.contains(':'))?;
            Some(SocketAddr::new(ip(host)?, port.parse().ok()?))
        };
        let alone = || Some(SocketAddr::new(ip(text).filter(|_| !text.is_empty())?, usual.port()));
        text.parse().ok().or_else(both).or_else(alone)
    }

    fn direction(&mut self) -> Result<How, Mistyped> {
        let Some(word) = self.next() else { return Ok(How::Write) };
        match word.text.to_ascii_lowercase().as_str() {
            "shut_rd" | "read" | "rd" | "0" => Ok(How::Read),
            "shut_wr" | "write" | "wr" | "1" => Ok(How::Write),
            "shut_rdwr" | "both" | "rdwr" | "2" => Ok(How::Both),
            _ => Err(self.wrong(&word.text)),
        }
    }
}
