//! `sockwalk lessons`: what there is to learn, in the order of the course.

use std::io::{self, Write};

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{Texts, fill, width};
use sockwalk::lesson::{builtin, builtin_names};
use sockwalk::linux::missing;
use sockwalk::model::{Mode, Need};

/// Prints a line for each built-in lesson. Returns the exit status.
pub fn run(invocation: &Invocation) -> Result<u8, Exit> {
    let texts = &Texts::load(invocation.lang)?.cli;
    let names = builtin_names();
    let column = names.iter().map(|name| width(name)).max().unwrap_or(0);
    let mut out = String::new();
    for name in names {
        // A built-in lesson that can't be read is a fault of the program, which a test looks for.
        let Some(Ok(lesson)) = builtin(name) else { continue };
        let everywhere = lesson.modes.contains(&Mode::Host);
        let steps = lesson.steps.iter().filter(|step| step.modes.contains(&Mode::Lab)).count().to_string();
        let line = if everywhere { &texts.lesson_line } else { &texts.lesson_line_lab };
        let padded = format!("{name:column$}");
        let title = lesson.title.get(invocation.lang).to_owned();
        let line = fill(line, &[("name", &padded), ("title", &title), ("steps", &steps)]);
        let mode = if lesson.modes.contains(&Mode::Lab) { Mode::Lab } else { Mode::Host };
        out += &match missing(&lesson.needs, mode) {
            Some(Need::Ipv6) => fill(&texts.lesson_needs_ipv6, &[("line", &line)]),
            None => line,
        };
        out.push('\n');
    }
    // A reader that closes early has read enough.
    let _ = io::stdout().write_all(out.as_bytes());
    Ok(0)
}
