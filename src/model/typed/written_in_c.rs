//! What a line of C has that a call here doesn't need: variables that the kernel fills, casts; and calls of C that aren't made
//! here, with what is typed in their stead.

use super::{Arguments, Mistyped, form};
use crate::model::CallName;

/// What to do in place of a call, or of a constant, that isn't made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// These lines, one after the other.
    Typed(&'static [&'static str]),
    /// The address stands in the call itself, as in these lines.
    Address(&'static [&'static str]),
    /// What failed, and why, stands beside each call.
    Error,
    /// One line is one call: which comes next is the learner's to say.
    Flow,
    /// What a call returned and what came stands on the screen.
    Output,
    /// A process is ended by a key.
    Key,
    /// It does nothing of which anything would be seen here.
    Nothing,
}

const NONBLOCKING: &str = form(CallName::Fcntl);

/// What the manual pages have beside the calls that are made here: by the names of functions, and of what they are asked for.
const ELSEWHERE: &[(&[&str], Instead)] = &[
    (&["FIONBIO", "ioctlsocket"], Instead::Typed(&[NONBLOCKING])),
    (&ADDRESSES, ADDRESS),
    (&["perror", "errno", "strerror", "err", "gai_strerror"], Instead::Error),
    (
        &[
            "if",
            "else",
            "while",
            "for",
            "do",
            "switch",
            "return",
            "break",
            "goto",
            "continue",
            "main",
            "#include",
            "#ifdef",
            "#ifndef",
            "#endif",
            "#pragma",
            "#undef",
            "pthread_create",
        ],
        Instead::Flow,
    ),
    (&["sleep", "usleep", "nanosleep", "signal", "sigaction", "alarm", "wait", "waitpid"], Instead::Flow),
    (&["printf", "puts", "putchar", "fprintf"], Instead::Output),
    (&["F_DUPFD", "F_DUPFD_CLOEXEC", "dup2", "dup3"], Instead::Typed(&[form(CallName::Dup)])),
    (&["epoll_create"], Instead::Typed(&[form(CallName::EpollCreate)])),
    (&["epoll_pwait", "epoll_pwait2"], Instead::Typed(&[form(CallName::EpollWait)])),
    (&["ppoll"], Instead::Typed(&[form(CallName::Poll)])),
    (&["pselect", "pselect6"], Instead::Typed(&[form(CallName::Select)])),
    (&["readv", "recvmmsg", "preadv"], Instead::Typed(&[form(CallName::RecvMsg)])),
    (&["writev", "sendmmsg", "pwritev"], Instead::Typed(&["sendmsg(3, {\"ab\", \"cd\"}, 0)"])),
    (&["sendfile", "splice", "fputs", "fwrite", "dprintf"], Instead::Typed(&[form(CallName::Write)])),
    (&["fread", "fgets", "pread"], Instead::Typed(&[form(CallName::Read)])),
    (&["vfork", "clone", "clone3"], Instead::Typed(&[form(CallName::Fork)])),
    (&["gethostbyname", "gethostbyname2", "getnameinfo"], Instead::Typed(&[form(CallName::GetAddrInfo)])),
    (&["closesocket", "fclose"], Instead::Typed(&[form(CallName::Close)])),
    (&["freeaddrinfo", "free", "malloc", "calloc", "fflush", "setbuf", "assert"], Instead::Nothing),
    (&["kill", "exit", "_exit", "abort", "raise"], Instead::Key),
];

/// What is typed in place of a variable that holds an address.
const ADDRESS: Instead = Instead::Address(&[form(CallName::Bind), form(CallName::Connect)]);

/// What fills an address in C.
const ADDRESSES: [&str; 15] = [
    "memset",
    "bzero",
    "memcpy",
    "htons",
    "htonl",
    "ntohs",
    "ntohl",
    "inet_addr",
    "inet_aton",
    "inet_ntoa",
    "inet_pton",
    "inet_ntop",
    "sin_port",
    "sin_family",
    "sin_addr",
];

/// The last member that a text names, as it stands in `addr.sin_port` and `addr->sin_addr.s_addr`.
fn member(text: &str) -> Option<&str> {
    let members = text.split(['.', '>']).map(|part| part.trim_end_matches('-'));
    members
        .skip(1)
        .map(|part| if part.starts_with("sin6_") { "sin_port" } else { part })
        .find(|part| ADDRESSES.contains(part))
}

/// What is typed in place of what has this name in C and isn't made here.
fn instead_of(name: &str) -> Option<Instead> {
    let name = member(name).unwrap_or(name);
    ELSEWHERE.iter().find(|(names, _)| names.contains(&name)).map(|(_, instead)| *instead)
}

/// The names of C's for which something else is typed here.
#[cfg(test)]
pub(super) fn elsewhere() -> impl Iterator<Item = (&'static str, Instead)> {
    ELSEWHERE.iter().flat_map(|(names, instead)| names.iter().map(|name| (*name, *instead)))
}

impl Mistyped {
    /// Whether it only says that nothing is done for a line, whose place the next one may take.
    pub(super) fn is_unneeded(&self) -> bool {
        match self {
            Mistyped::Declared(_) | Mistyped::Comment => true,
            Mistyped::Instead(_, instead) => !matches!(instead, Instead::Typed(_) | Instead::Address(_)),
            _ => false,
        }
    }
}

/// What is wrong with a line whose first word names no call that is made here. What `ioctl()` is asked for says more than its name.
pub(super) fn no_call(name: &str, arguments: &[super::TypedWord]) -> Mistyped {
    let asked = arguments.iter().filter(|_| name.starts_with("ioctl")).map(|word| word.text.as_str());
    let known = asked.chain([name]).find_map(|name| Some((name, instead_of(name)?)));
    match known {
        Some((name, instead)) => Mistyped::Instead(name.to_owned(), instead),
        None => Mistyped::Name(name.to_owned()),
    }
}

/// Whether it is a name as C's variables have it.
pub(super) fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The characters that stand in no quotation marks, each with its place; what a backslash stands before is none of them.
pub(super) fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quoted, mut rest) = (false, text.char_indices());
    std::iter::from_fn(move || {
        loop {
            match rest.next()? {
                (_, '"') => quoted = !quoted,
                (_, '\\') => drop(rest.next()),
                outside if !quoted => return Some(outside),
                _ => {}
            }
        }
    })
}

/// Whether it is a variable of C's, by its address.
fn is_address_of(text: &str) -> bool {
    text.strip_prefix('&').is_some_and(is_identifier)
}

/// Whether a text looks like a variable that holds a descriptor.
fn is_descriptor_variable(text: &str) -> bool {
    is_identifier(text)
        && text.chars().all(|c| !c.is_ascii_uppercase())
        && (text == "s" || text == "sd" || text.ends_with("fd") || text.contains("sock"))
}

impl Arguments<'_> {
    /// Leaves out so many variables that the kernel fills, as far as they stand next: `&peer`, `(struct sockaddr *)&peer`, NULL.
    /// A name alone is one only behind C's bracket.
    pub(super) fn skip_filled(&mut self, most: usize) {
        for _ in 0..most {
            self.skip_cast();
            let is_filled = |text: &str| {
                super::NO_ADDRESS.contains(&text) || is_address_of(text) || self.in_c && is_identifier(text)
            };
            if self.words.first().is_none_or(|word| word.quoted || !is_filled(&word.text)) {
                return;
            }
            self.next();
        }
    }

    /// Leaves out a cast to a pointer, which stands in brackets.
    pub(super) fn skip_cast(&mut self) {
        let types = self.words.iter().take_while(|word| !word.quoted && is_identifier(&word.text)).count();
        let is_pointer = |word: &super::TypedWord| !word.quoted && matches!(word.text.as_str(), "*" | "**");
        // `struct sockaddr*` has its asterisk in its last word.
        let is_glued = |word: &super::TypedWord| {
            !word.quoted && is_identifier(word.text.trim_end_matches('*')) && word.text.ends_with('*')
        };
        let Some(last) = self.words.get(types) else { return };
        if (1..4).contains(&types) && is_pointer(last) || types < 4 && is_glued(last) {
            self.words = &self.words[types + 1..];
        }
    }

    /// The same where what stands there may be a text without quotation marks.
    pub(super) fn skip_cast_in_c(&mut self) {
        if self.in_c {
            self.skip_cast();
        }
    }

    /// That a text without quotation marks isn't C's: there it would be a variable.
    pub(super) fn no_variables(&self, text: &[super::TypedWord]) -> Result<(), Mistyped> {
        match text {
            [first, _, ..] if self.in_c => Err(self.wrong(&first.text)),
            [first, ..] if is_address_of(&first.text) => Err(self.wrong(&first.text)),
            _ => Ok(()),
        }
    }

    /// What is wrong with an argument: that it is a variable of C's, that something else is typed for it, or that the call takes no such.
    pub(super) fn wrong(&self, text: &str) -> Mistyped {
        let parts = || text.split('|').map(str::trim);
        // What a variable's name or length would be.
        if self.in_c && (text == "sizeof" || text == "strlen") {
            return Mistyped::Size(self.name, text.to_owned());
        }
        if is_address_of(text) && matches!(self.name, CallName::Bind | CallName::Connect | CallName::SendTo) {
            return Mistyped::Instead(text.to_owned(), ADDRESS);
        }
        let elsewhere = parts().find_map(|name| Some((name, instead_of(name)?)));
        match elsewhere {
            Some((name, instead)) if !name.contains(|c: char| c.is_ascii_lowercase()) => {
                Mistyped::Instead(name.to_owned(), instead)
            }
            _ if is_address_of(text) || self.in_c && is_descriptor_variable(text) => {
                Mistyped::Variable(self.name, text.to_owned())
            }
            _ => Mistyped::Argument(self.name, text.to_owned()),
        }
    }

    /// The value of an option, which is an int: as C takes its address, `&(int){1}, sizeof(int)`, or alone.
    pub(super) fn option_value(&mut self) -> Result<i32, Mistyped> {
        let text = |at: usize| self.words.get(at).filter(|word| !word.quoted).map_or("", |word| word.text.as_str());
        let literal =
            (text(0) == "&" && text(1) == "int").then(|| text(2).strip_prefix('{')?.strip_suffix('}')).flatten();
        let value = match literal.map(str::parse) {
            Some(Ok(value)) => {
                self.words = &self.words[3..];
                value
            }
            _ => self.number(1)?,
        };
        // Its size as a number.
        if self.in_c && self.words.len() == 1 {
            self.skip(1, &["4"]);
        }
        Ok(value)
    }

    /// Whether a variable stands where a descriptor is wanted.
    pub(super) fn descriptor_variable(&self) -> Option<Mistyped> {
        let first = self.words.first().filter(|word| !word.quoted)?;
        let is_one = self.in_c && is_descriptor_variable(&first.text);
        is_one.then(|| Mistyped::Variable(self.name, first.text.clone()))
    }
}

/// Whether a call's arguments stand in C's brackets.
pub(super) fn is_in_c(text: &str) -> bool {
    let begin = text.trim_start();
    let name = begin.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(begin.len());
    begin[name..].trim_start().starts_with('(')
}

impl CallName {
    /// The call that is made here under this name of C's.
    pub(super) fn typed(text: &str) -> Option<CallName> {
        let also = |name: CallName| name == CallName::Fcntl && super::OWN_NAMES.contains(&text);
        let named = |text: &str| CallName::ALL.into_iter().find(|name| name.name() == text);
        // W. R. Stevens' functions, which only end the program where the call fails: `Socket()`.
        let wrapped = || {
            let (first, rest) = text.split_at_checked(1)?;
            let is_capital = first.starts_with(|c: char| c.is_ascii_uppercase()) && !rest.is_empty();
            named(&format!("{}{rest}", first.to_ascii_lowercase())).filter(|_| is_capital)
        };
        named(text).or_else(|| CallName::ALL.into_iter().find(|name| also(*name))).or_else(wrapped)
    }
}
