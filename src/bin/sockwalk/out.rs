//! Standard output and standard error. Nothing else in the program writes text there: the lint on `std::io::stdout` says so.
#![allow(clippy::disallowed_methods)]

use std::io::{self, IsTerminal, StderrLock, StdoutLock};

use sockwalk::i18n::Printed;

/// Standard output, for text.
pub fn out() -> Printed<StdoutLock<'static>> {
    Printed::new(io::stdout().lock())
}

/// Standard output, for text to which the program itself gives weights.
pub fn out_styled() -> Printed<StdoutLock<'static>> {
    Printed::styled(io::stdout().lock())
}

/// Standard error, for text.
pub fn err() -> Printed<StderrLock<'static>> {
    Printed::new(io::stderr().lock())
}

/// Standard error, for text to which the program itself gives colours.
pub fn err_styled() -> Printed<StderrLock<'static>> {
    Printed::styled(io::stderr().lock())
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
