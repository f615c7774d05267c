//! Standard output and standard error. Nothing else in the program writes text there: the lint on `std::io::stdout` says so.
#![allow(clippy::disallowed_methods)]

use std::io::{self, IsTerminal, StderrLock, StdoutLock};

use sockwalk::i18n::{Content, Glyphs, Printed};

/// The characters that whoever reads the program's output has.
pub fn glyphs() -> Glyphs {
    Glyphs::of_locale(|name| std::env::var(name).ok())
}

/// Standard output, for text.
pub fn out() -> Printed<StdoutLock<'static>> {
    out_of(Content::Text)
}

/// Standard output, for such content.
pub fn out_of(content: Content) -> Printed<StdoutLock<'static>> {
    Printed::new(io::stdout().lock(), content, glyphs())
}

/// Standard error, for text.
pub fn err() -> Printed<StderrLock<'static>> {
    err_of(Content::Text)
}

/// Standard error, for such content.
pub fn err_of(content: Content) -> Printed<StderrLock<'static>> {
    Printed::new(io::stderr().lock(), content, glyphs())
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Whether standard error is a terminal, and colours are wanted there.
pub fn err_has_colours() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether standard error is a terminal.
pub fn err_is_terminal() -> bool {
    io::stderr().is_terminal()
}
