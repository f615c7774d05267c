//! The one line that is left on the terminal when the learner has quit: where they stopped, and how to go on.

use std::io::Write;

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::i18n::{Lang, Texts, escape, fill};
use sockwalk::walk::{Phase, Walk};

/// How the program is called again: with the options that matter and what it was called for.
pub fn command(invocation: &Invocation, words: &[&str]) -> String {
    let mut parts = vec!["sockwalk".to_owned()];
    parts.extend(words.iter().map(|word| quoted(word)));
    match invocation.mode {
        ModeChoice::Auto => {}
        ModeChoice::Lab => parts.push("--mode lab".to_owned()),
        ModeChoice::Host => parts.push("--mode host".to_owned()),
    }
    parts.extend(invocation.port.map(|port| format!("--port {port}")));
    parts.join(" ")
}

/// A word as a shell takes it; what can't be shown is escaped.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-/:+@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", escape(word.as_bytes()).replace('\'', r"'\''"))
}

/// The lesson in which somebody stopped.
pub struct Stopped<'a> {
    /// Its name.
    pub lesson: &'a str,
    /// What opens it: its name, or its file's path.
    pub target: &'a str,
    /// The furthest step that was ever reached, by its number in the lesson: who goes back to the beginning has begun all the same.
    pub furthest: Option<usize>,
    /// Whether what was reached is kept.
    pub kept: bool,
    /// The next lesson that runs here, where that is known.
    pub next: Option<&'a str>,
}

/// What is left of a walk through a lesson.
///
/// # Errors
/// [`Exit`] where the program's own texts can't be read.
pub fn lesson(walk: &Walk, stopped: &Stopped<'_>, invocation: &Invocation, lang: Lang) -> Result<String, Exit> {
    let t = &Texts::load(lang)?.ending;
    let opens = |target: &str| command(invocation, &["learn", target]);
    let steps = walk.lesson().map_or(&[][..], |lesson| &lesson.steps);
    let belongs = |n: &usize| steps[*n].modes.contains(&walk.mode());
    let of = (0..steps.len()).filter(belongs).count();
    let number = |step: usize| (0..=step.min(steps.len().saturating_sub(1))).filter(belongs).count();
    let step = walk.trace().present().step().map(|(step, _)| number(step));
    let furthest = stopped.furthest.map(number);
    let (text, command) = match (step, walk.phase(), stopped.next) {
        (None, ..) if furthest.is_none() => (&t.not_begun, opens(stopped.target)),
        (None, ..) if stopped.kept => (&t.at_beginning, opens(stopped.target)),
        (None, ..) => (&t.at_beginning_unkept, opens(stopped.target)),
        (_, Phase::Finished, Some(next)) => (&t.over_next, opens(next)),
        (_, Phase::Finished, None) => (&t.over, command(invocation, &["lessons"])),
        _ if stopped.kept => (&t.stopped, opens(stopped.target)),
        _ => (&t.stopped_unkept, opens(stopped.target)),
    };
    let n = step.or(furthest).unwrap_or(0);
    let values = [("lesson", &stopped.lesson as &dyn std::fmt::Display), ("n", &n), ("of", &of), ("command", &command)];
    Ok(fill(text, &values))
}

/// What is left of a lab that was left: how many are still in it, and what joins it again. `words` is what the program
/// was called for, without the lab's name.
///
/// # Errors
/// As of [`lesson`].
pub fn lab(others: usize, name: &str, words: &[&str], invocation: &Invocation, lang: Lang) -> Result<String, Exit> {
    let t = &Texts::load(lang)?.ending;
    let again = if others > 0 { [words, &["--lab", name]].concat() } else { words.to_vec() };
    let text = if others > 0 { &t.left_others } else { &t.left_alone };
    let command = command(invocation, &again);
    Ok(fill(text, &[("lab", &name as &dyn std::fmt::Display), ("n", &others), ("command", &command)]))
}

/// What is left of a recording.
///
/// # Errors
/// As of [`lesson`].
pub fn recording(moments: (usize, usize), path: &str, invocation: &Invocation, lang: Lang) -> Result<String, Exit> {
    let t = &Texts::load(lang)?.ending;
    let command = command(invocation, &["replay", path]);
    let (n, of) = moments;
    Ok(fill(&t.replayed, &[("n", &n as &dyn std::fmt::Display), ("of", &of), ("command", &command)]))
}

/// Says it. Where nobody reads it, nobody is left to be told.
pub fn say(line: &str) {
    let _ = writeln!(super::out::out(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_path_is_written_as_a_shell_takes_it() {
        for (word, wanted) in [
            ("handshake", "handshake"),
            ("a/b-c.toml", "a/b-c.toml"),
            ("my lesson", "'my lesson'"),
            ("a'b", r"'a'\''b'"),
            ("课", "课"),
        ] {
            assert_eq!(quoted(word), wanted);
        }
    }
}
