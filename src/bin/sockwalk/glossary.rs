//! `sockwalk glossary`: the field's terms, each with its definition and its name in the other language.

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{Lang, Texts, escape, fill, join, wrap};
use sockwalk::lesson::{Glossary, Term};

/// The text is laid out for this many columns.
const COLUMNS: usize = 80;
const INDENT: &str = "    ";

/// Prints the terms that these words name; all where there are none. Returns the exit status.
pub fn run(invocation: &Invocation, words: &[String]) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    let broken = |error: &dyn std::fmt::Display| Exit { status: 1, text: format!("{error}\n") };
    let glossary = Glossary::load().map_err(|error| broken(&error))?;
    let wanted = words.join(" ");
    let terms: Vec<&Term> = if words.is_empty() { glossary.terms().iter().collect() } else { glossary.search(&wanted) };
    if terms.is_empty() {
        let sentence = fill(&texts.cli.no_such_term, &[("found", &escape(&wanted))]);
        return Err(Exit { status: 1, text: format!("{}\n", join(&texts.cli.error, &sentence)) });
    }
    let bold = super::out::is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let entries: Vec<String> = terms.iter().map(|term| entry(term, invocation.lang, bold)).collect();
    super::say_styled(&entries.join("\n"), invocation.lang)?;
    Ok(0)
}

fn entry(term: &Term, lang: Lang, bold: bool) -> String {
    let (name, other) = term.heads(lang);
    let other = other.filter(|other| super::out::glyphs().have(other));
    let head = if bold { format!("\x1b[1m{name}\x1b[0m") } else { name };
    let mut out = other.map_or(format!("{head}\n"), |other| format!("{head} · {other}\n"));
    let say = term.say.get(lang).replace('`', "");
    for line in wrap(&say, COLUMNS - INDENT.len()).iter().chain(&wrap(&term.source, COLUMNS - INDENT.len())) {
        out += &format!("{INDENT}{line}\n");
    }
    out
}
