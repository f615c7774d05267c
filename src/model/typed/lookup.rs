//! The arguments of `getaddrinfo()`.

use super::{Arguments, Mistyped, TypedWord};
use crate::model::{Call, LONGEST_NAME, Lookup, LookupFlags};

/// What stands in C for a name that isn't given, and for hints.
const NULL: [&str; 2] = ["NULL", "nullptr"];

impl Arguments<'_> {
    /// C's `getaddrinfo("localhost", "8000", &hints, &list)`, of whose hints the family and the flags may be named,
    /// `getaddrinfo("localhost", "8000", AF_INET6, AI_NUMERICHOST)`; or shorter `getaddrinfo localhost 8000`. Where nothing is said, it is
    /// localhost and the server's port.
    pub(super) fn lookup(&mut self) -> Result<Call, Mistyped> {
        let mut lookup = Lookup::default();
        if self.words.is_empty() {
            lookup.node = Some("localhost".to_owned());
            lookup.service = Some(self.usual.server.port().to_string());
        }
        lookup.node = self.name(lookup.node)?;
        lookup.service = self.name(lookup.service)?;
        while let Some(word) = self.next() {
            let text = word.text.as_str();
            // The list is a variable of the learner's own; what type is asked for is always so.
            let is_list = text.starts_with('&') && self.words.is_empty();
            if (is_list || NULL.contains(&text) || matches!(text, "SOCK_STREAM" | "|")) && !word.quoted {
                continue;
            }
            // Hints whose members stand nowhere.
            if text.starts_with('&') && !word.quoted {
                return Err(Mistyped::Hints(text.trim_start_matches('&').to_owned()));
            }
            if let Ok(family) = text.to_ascii_uppercase().parse() {
                lookup.family = family;
            } else {
                let flags: LookupFlags = text.trim_matches('|').parse().map_err(|_| self.wrong(text))?;
                lookup.flags = lookup.flags.with(flags);
            }
        }
        Ok(Call::GetAddrInfo(Box::new(lookup)))
    }

    /// The next name; the usual one where no more is said.
    fn name(&mut self, usual: Option<String>) -> Result<Option<String>, Mistyped> {
        match self.next() {
            None => Ok(usual),
            Some(word) if !word.quoted && NULL.contains(&word.text.as_str()) => Ok(None),
            // In C it would be a variable.
            Some(word) if self.in_c && !word.quoted && word.text.contains('[') => {
                Err(Mistyped::Variable(self.name, word.text.clone()))
            }
            Some(word) if is_name(word) => Ok(Some(word.text.clone())),
            Some(word) => Err(self.wrong(&word.text.chars().take(20).collect::<String>())),
        }
    }
}

/// Whether C has such a text, and libc takes it for a name.
fn is_name(word: &TypedWord) -> bool {
    word.bytes == word.text.as_bytes() && !word.bytes.contains(&0) && word.bytes.len() <= LONGEST_NAME
}
