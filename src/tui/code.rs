//! The calls as code in several programming languages, with the real values put in, and their colours.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use ratatui::style::Style;
use ratatui::text::Span;

use crate::i18n::excerpt;
use crate::i18n::fill;
use crate::i18n::words::{self, words};
use crate::model::{Call, CallName, How};
use crate::theme::Theme;

const FILES: [(&str, &str); 4] = [
    ("1-rust.toml", include_str!("../../assets/code/1-rust.toml")),
    ("2-c.toml", include_str!("../../assets/code/2-c.toml")),
    ("3-go.toml", include_str!("../../assets/code/3-go.toml")),
    ("4-python.toml", include_str!("../../assets/code/4-python.toml")),
];

/// How many bytes of sent data a snippet shows.
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
    pub(super) struct Language {
        pub(super) name: String,
        pub(super) detail: String,
        comment: String,
        keywords: Vec<String>,
        calls: BTreeMap<String, String>,
        words: Arguments,
    }
}

words! {
    /// What the language calls the arguments that have names.
    struct Arguments {
        read: String,
        write: String,
        both: String,
        ipv4: String,
        ipv6: String,
        stream: String,
        datagram: String,
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
        let read = |(file, text)| {
            let language: Language = words::read(text).map_err(|error| SnippetsError::Parse { file, error })?;
            match CallName::ALL.into_iter().find(|call| !language.calls.contains_key(call.name())) {
                Some(call) => Err(SnippetsError::Missing { file, call }),
                None => Ok(language),
            }
        };
        FILES.into_iter().map(read).collect::<Result<_, _>>().map(Snippets)
    }

    /// How many languages there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn languages(&self) -> impl Iterator<Item = &Language> {
        self.0.iter()
    }

    pub(super) fn get(&self, n: usize) -> Option<&Language> {
        self.0.get(n)
    }
}

impl Language {
    /// A call with its real arguments.
    pub(super) fn lines(&self, call: &Call) -> Vec<String> {
        let Some(snippet) = self.calls.get(call.name().name()) else { return Vec::new() };
        let values = self.values(call);
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fill(snippet, &values).lines().map(ToOwned::to_owned).collect()
    }

    fn values(&self, call: &Call) -> Vec<(&'static str, String)> {
        let mut values: Vec<_> = call.fd().map(|fd| ("fd", fd.to_string())).into_iter().collect();
        match call {
            Call::Socket { ipv6, udp } => {
                values.push(("type", if *udp { &self.words.datagram } else { &self.words.stream }.clone()));
                values.push(("domain", if *ipv6 { &self.words.ipv6 } else { &self.words.ipv4 }.clone()));
            }
            Call::Bind { addr, .. } | Call::Connect { addr, .. } => values.extend(address(*addr)),
            Call::Listen { backlog, .. } => values.push(("backlog", backlog.to_string())),
            Call::Send { data, .. } => values.extend(payload(data)),
            Call::SendTo { data, addr, .. } => values.extend(payload(data).into_iter().chain(address(*addr))),
            Call::Recv { len, .. } | Call::RecvFrom { len, .. } => values.push(("max", len.to_string())),
            Call::Shutdown { how, .. } => {
                let word = match how {
                    How::Read => &self.words.read,
                    How::Write => &self.words.write,
                    How::Both => &self.words.both,
                };
                values.push(("how", word.clone()));
            }
            Call::SetOption { option, value, .. } => {
                let level = if option.starts_with("TCP_") { "IPPROTO_TCP" } else { "SOL_SOCKET" };
                values.push(("level", level.to_owned()));
                values.push(("option", crate::i18n::escape(option)));
                values.push(("value", value.to_string()));
            }
            Call::Accept { .. } | Call::Close { .. } | Call::SetNonblocking { .. } => {}
        }
        values
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

fn address(addr: SocketAddr) -> [(&'static str, String); 3] {
    [("addr", addr.to_string()), ("ip", addr.ip().to_string()), ("port", addr.port().to_string())]
}

fn payload(data: &[u8]) -> [(&'static str, String); 2] {
    [("line", excerpt(data, SHOWN_BYTES).replace('"', "\\\"")), ("len", data.len().to_string())]
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
    use crate::theme::Choice;

    fn calls() -> Vec<Call> {
        let addr = "127.0.0.1:8000".parse().unwrap();
        vec![
            Call::Socket { ipv6: false, udp: false },
            Call::Bind { fd: 4, addr },
            Call::Listen { fd: 4, backlog: 128 },
            Call::Accept { fd: 4 },
            Call::Connect { fd: 5, addr },
            Call::Send { fd: 5, data: b"say \"hi\"\n".to_vec() },
            Call::Recv { fd: 6, len: 1024 },
            Call::Socket { ipv6: true, udp: true },
            Call::SendTo { fd: 5, data: b"a line of more than twenty-four bytes".to_vec(), addr },
            Call::RecvFrom { fd: 6, len: 1024 },
            Call::Shutdown { fd: 5, how: How::Write },
            Call::Close { fd: 5 },
            Call::SetOption { fd: 4, option: "TCP_NODELAY".into(), value: 1 },
            Call::SetNonblocking { fd: 4 },
        ]
    }

    #[test]
    fn every_call_is_filled_in_completely_and_short_enough() {
        for language in Snippets::load().unwrap().languages() {
            for call in calls() {
                let lines = language.lines(&call);
                assert!((1..=3).contains(&lines.len()), "{}: {lines:?}", language.name);
                for line in lines {
                    assert!(!line.contains('{'), "{}: {line}", language.name);
                    assert!(line.len() <= 76, "{}: {line}", language.name);
                }
            }
        }
    }

    #[test]
    fn colours_take_nothing_away() {
        let theme = Theme::load(Choice::Dark).unwrap();
        let snippets = Snippets::load().unwrap();
        for language in snippets.languages() {
            for line in calls().iter().flat_map(|call| language.lines(call)) {
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
