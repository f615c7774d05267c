//! The names of functions as they stand in the source, and names cut to a length that can be shown.

use std::fmt::{self, Write};

use crate::model::CallSite;

/// A name that is longer isn't looked at.
const LONGEST: usize = 4096;

/// Takes so many characters, and no more.
struct BoundedText {
    text: String,
    left: usize,
}

impl Write for BoundedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

/// What is written, up to a length; an ellipsis stands for the rest.
fn cut(write: impl FnOnce(&mut BoundedText) -> fmt::Result) -> String {
    let mut cut = BoundedText { text: String::new(), left: CallSite::LONGEST_LINE - 1 };
    if write(&mut cut).is_err() {
        cut.text.push('…');
    }
    cut.text
}

/// A text that isn't longer than what can be shown.
pub(super) fn shortened(text: &str) -> String {
    cut(|cut| cut.write_str(text))
}

/// A path, of which the end matters.
pub(super) fn path(text: &str) -> String {
    const LONGEST: usize = 1024;
    let from = text.len().saturating_sub(LONGEST);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text[from..].to_owned()
}

/// A function's name as the source has it.
pub(super) fn function(name: &str) -> String {
    if name.len() > LONGEST {
        return shortened(name);
    }
    if let Ok(demangled) = rustc_demangle::try_demangle(name) {
        return cut(|cut| write!(cut, "{demangled:#}"));
    }
    if name.starts_with("_Z")
        && let Ok(symbol) = cpp_demangle::Symbol::new(name)
    {
        // Without parameters: where it is called, its name is what is looked for.
        let options = cpp_demangle::DemangleOptions::new().no_params().no_return_type();
        return cut(|cut| symbol.structured_demangle(cut, &options));
    }
    shortened(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_source() {
        assert_eq!(function("wait_for_client"), "wait_for_client");
        assert_eq!(function("main.(*Server).run"), "main.(*Server).run");
        assert_eq!(
            function("_ZN3std3net3tcp11TcpListener6accept17h0123456789abcdefE"),
            "std::net::tcp::TcpListener::accept"
        );
        assert_eq!(function("_ZN6Server6acceptEi"), "Server::accept");
        assert_eq!(function("_Znonsense"), "_Znonsense");
        assert_eq!(function(&"x".repeat(9000)).chars().count(), CallSite::LONGEST_LINE);
        // Each substitution doubles what is written.
        let grows = format!("_Z1fI1aES_{}", "IS0_S0_E".repeat(200));
        assert!(function(&grows).chars().count() <= CallSite::LONGEST_LINE);
    }

    #[test]
    fn of_a_long_path_the_end_is_kept() {
        assert_eq!(path("/a/b.c"), "/a/b.c");
        let long = format!("/{}/b.c", "目".repeat(1000));
        assert!(path(&long).ends_with("/b.c") && path(&long).len() <= 1024);
    }
}
