//! The calls as code in several programming languages, with the real values put in, and their colours.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use ratatui::style::Style;
use ratatui::text::Span;

use crate::assets::{Asset, below};
use crate::i18n::fill;
use crate::i18n::words::{self, words};
use crate::model::{Argument, Call, CallName, How, MessageFlags, Outcome, PollEntry};
use crate::theme::Theme;

/// A file a language, in the order in which they take turns.
const FOLDER: &str = "code";

/// How many bytes of sent data a snippet shows; of more it shows the variable that has them.
const SHOWN_BYTES: usize = 24;

/// Why the snippets can't be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SnippetsError {
    #[error("{file}: {error}")]
    Parse { file: &'static str, error: String },
    #[error("{file}: calls.{call} is missing")]
    Missing { file: &'static str, call: CallName },
}

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
        variable: String,
        made: String,
    }
}

/// All languages.
#[derive(Debug)]
pub struct Snippets(Vec<Language>);

impl Snippets {
    /// Reads the built-in files.
    ///
    /// # Errors
    /// [`SnippetsError`] where one is wrong; a test reads all of them.
    pub fn load() -> Result<Snippets, SnippetsError> {
        let read = |asset: &'static Asset| {
            let file = asset.path();
            let language: Language = words::of_asset(file).map_err(|error| SnippetsError::Parse { file, error })?;
            match CallName::ALL.into_iter().find(|call| !language.calls.contains_key(call.name())) {
                Some(call) => Err(SnippetsError::Missing { file, call }),
                None => Ok(language),
            }
        };
        below(FOLDER).map(read).collect::<Result<_, _>>().map(Snippets)
    }

    /// How many languages there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in the order in which they take turns.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.0.iter()
    }

    pub(super) fn get(&self, n: usize) -> Option<&Language> {
        self.0.get(n)
    }
}

impl Language {
    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A call with its real arguments. The variables of sockets have the numbers of their descriptors; the one that
    /// `socket()` or `accept()` makes has its number once the call has returned it.
    pub fn lines(&self, call: &Call, outcome: Option<&Outcome>) -> Vec<String> {
        let own = match call {
            Call::SetOption { option, .. } => option.name().and_then(|name| self.options.get(name)),
            _ => None,
        };
        let name = call.name().name();
        let usual = call.flags() == call.name().usual_flags()
            && !matches!(call, Call::SetNonblocking { on: false, .. } | Call::Dissolve { .. });
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
        let mut values: Vec<(&'static str, String)> = Vec::new();
        if let Call::Dup { .. } = call {
            values.push(("new", made(outcome).map_or_else(|| words.variable.clone(), variable)));
        }
        if let Call::Poll { fds, .. } = call {
            values.extend(self.polled(fds));
        }
        for argument in call.arguments() {
            match argument {
                Argument::Descriptor(fd) => values.push(("s", variable(fd.into()))),
                Argument::Family { ipv6 } => {
                    values.push(("new", made(outcome).map_or_else(|| words.variable.clone(), variable)));
                    values.push(("domain", self.domain(ipv6)));
                }
                Argument::Type { udp } => {
                    values.push(("type", if udp { &words.datagram } else { &words.stream }.clone()));
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
                Argument::Value(value) => values.push(("value", value.to_string())),
                Argument::Timeout(timeout) => values.push(("timeout", timeout.to_string())),
                Argument::Polled(_) => {}
                Argument::Flags { flags, .. } => values.push(("flags", self.flags(flags))),
                Argument::Protocol | Argument::Length(_) | Argument::Buffer | Argument::Unspecified => {}
                Argument::Command | Argument::Status { .. } | Argument::ValueRoom | Argument::Program(_) => {}
            }
        }
        values
    }

    fn flags(&self, flags: MessageFlags) -> String {
        let names: Vec<String> = flags.names().map(|name| format!("{}{name}", self.words.level)).collect();
        if names.is_empty() { "0".to_owned() } else { names.join(" | ") }
    }

    /// Descriptors that are polled, and how many they are.
    fn polled(&self, fds: &[PollEntry]) -> [(&'static str, String); 2] {
        let words = &self.words;
        let one = |entry: &PollEntry| {
            let names: Vec<String> = entry.events.names().map(|name| format!("{}{name}", words.event)).collect();
            let events = if names.is_empty() { "0".to_owned() } else { names.join(" | ") };
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
            '"' => (string_end(rest), theme.string.0),
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

/// Where a string that begins here ends, its closing mark included.
fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Returned;
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
            Call::SetOption { fd: 4, option: "TCP_NODELAY".parse().unwrap(), value: 1 },
            Call::SetOption { fd: 4, option: "TCP_SYNCNT".parse().unwrap(), value: 2 },
            Call::SetOption { fd: 4, option: "SO_LINGER".parse().unwrap(), value: 0 },
            Call::Connect { fd: 5, addr: "[::1]:8000".parse().unwrap() },
            Call::SetNonblocking { fd: 4, on: true },
            Call::SetNonblocking { fd: 4, on: false },
            Call::Dissolve { fd: 4 },
            Call::Poll { fds: vec![PollEntry { fd: 4, events: "POLLIN".parse().unwrap() }], timeout: -1 },
            Call::Send { fd: 5, data: b"abc".to_vec(), flags: MessageFlags(libc::MSG_MORE | libc::MSG_DONTWAIT) },
            Call::Recv { fd: 6, len: 100, flags: MessageFlags(libc::MSG_PEEK | libc::MSG_DONTWAIT) },
            Call::SendTo { fd: 5, data: b"abc".to_vec(), flags: MessageFlags(libc::MSG_MORE), addr },
            Call::RecvFrom { fd: 6, len: 100, flags: MessageFlags(libc::MSG_TRUNC) },
        ]
    }

    /// All names that a file puts into braces.
    fn placeholders() -> Vec<String> {
        let names =
            below(FOLDER).flat_map(|asset| asset.text().split('{').skip(1)).filter_map(|rest| rest.split_once('}'));
        let word = |name: &&str| name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        names.map(|(name, _)| name).filter(word).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_socket_has_one_name_from_the_call_that_made_it() {
        let snippets = Snippets::load().unwrap();
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
        let snippets = Snippets::load().unwrap();
        let shown =
            |n: usize, data: &[u8]| snippets.get(n).unwrap().lines(&Call::send(3, data.to_vec()), None)[0].clone();
        for (n, quoted) in ["b\"a\\\"b\\\\\\n\\xe4\\x00\"", "\"a\\\"b\\\\\\n\\344\\000\""].into_iter().enumerate() {
            let line = shown(n, b"a\"b\\\n\xe4\x00");
            assert!(line.contains(quoted), "{line}");
        }
        assert_eq!(shown(1, &[b'x'; 25]), "ssize_t n = send(s3, data, 25, MSG_NOSIGNAL);");
    }

    #[test]
    fn flags_stand_in_the_code_as_each_language_names_them() {
        let snippets = Snippets::load().unwrap();
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
        for language in Snippets::load().unwrap().languages() {
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
        let snippets = Snippets::load().unwrap();
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
