//! Standard output and standard error. Nothing else in the program writes text there: the lint on `std::io::stdout` says so.
#![allow(clippy::disallowed_methods)]

use std::io::{self, IsTerminal, LineWriter, StderrLock, StdoutLock, Write};

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
pub fn err() -> LineWriter<Printed<StderrLock<'static>>> {
    err_of(Content::Text)
}

/// Standard error, for such content. Each line is one write: a program that runs meanwhile writes to the same terminal, and what it
/// says must not stand within a line.
pub fn err_of(content: Content) -> LineWriter<Printed<StderrLock<'static>>> {
    by_lines(Printed::new(io::stderr().lock(), content, glyphs()))
}

fn by_lines<W: Write>(out: W) -> LineWriter<W> {
    LineWriter::with_capacity(LINE, out)
}

/// Longer than any line that is written there.
const LINE: usize = 8192;

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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is written at once.
    struct Pieces(Vec<String>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_written_at_once_with_its_end() {
        let mut out = by_lines(Pieces(Vec::new()));
        let long = "x".repeat(2000);
        writeln!(out, "[sockwalk] {} {}", 7, long).unwrap();
        writeln!(out, "next").unwrap();
        assert_eq!(out.get_ref().0, [format!("[sockwalk] 7 {long}\n"), "next\n".to_owned()]);
    }
}
