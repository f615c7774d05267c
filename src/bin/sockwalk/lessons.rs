//! `sockwalk lessons`: what there is to learn, in the order of the course, and how far the learner has come.

use std::io::{self, Write};

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{ProgressTexts, Texts, fill, width, wrap};
use sockwalk::lesson::{Lesson, builtin, builtin_names};
use sockwalk::linux::missing;
use sockwalk::model::{Mode, Need};
use sockwalk::progress::{LessonProgress, next_lesson};

use super::memory::Memory;
use super::place;

/// The list is laid out for this many columns.
const COLUMNS: usize = 80;
const GAP: &str = "  ";

/// Prints the list. Returns the exit status.
pub fn run(invocation: &Invocation) -> Result<u8, Exit> {
    place::become_user(invocation.lang)?;
    let memory = Memory::open();
    let t = &Texts::load(invocation.lang)?.progress;
    let mut rows = vec![[t.name.clone(), t.steps.clone(), t.right.clone(), t.title.clone()]];
    let names = builtin_names();
    for name in &names {
        // A built-in lesson that can't be read is a fault of the program, which a test looks for.
        let Some(Ok(lesson)) = builtin(name) else { continue };
        let progress = memory.progress.lessons.get(*name);
        let title = lesson.title.get(invocation.lang);
        let title = if needs_lab(&lesson) { fill(&t.needs_lab, &[("title", &title)]) } else { title.to_owned() };
        let mode = if lesson.modes.contains(&Mode::Lab) { Mode::Lab } else { Mode::Host };
        let title = match missing(&lesson.needs, mode) {
            Some(Need::Ipv6) => fill(&t.needs_ipv6, &[("title", &title)]),
            None => title,
        };
        rows.push([(*name).to_owned(), steps(&lesson, progress, t), right(progress), title]);
    }
    let mut out = table(&rows);
    out.push('\n');
    out += &t.lab_note;
    out.push('\n');
    if let Some(next) = next_lesson(&memory.progress, &names) {
        out += &fill(&t.goes_on, &[("lesson", &next)]);
        out.push('\n');
    }
    // A reader that closes early has read enough.
    let _ = io::stdout().write_all(out.as_bytes());
    memory.say(invocation.lang, true)?;
    Ok(0)
}

fn needs_lab(lesson: &Lesson) -> bool {
    !lesson.modes.contains(&Mode::Host)
}

fn steps(lesson: &Lesson, progress: Option<&LessonProgress>, t: &ProgressTexts) -> String {
    let in_lab = || lesson.steps.iter().filter(|step| step.modes.contains(&Mode::Lab)).count();
    match progress {
        Some(progress) if progress.finished => t.finished.clone(),
        Some(progress) => fill(&t.of, &[("done", &progress.done), ("of", &progress.of)]),
        None => fill(&t.of, &[("done", &0), ("of", &in_lab())]),
    }
}

/// The questions that were answered as the kernel did, of those that were met.
fn right(progress: Option<&LessonProgress>) -> String {
    let met = progress.filter(|progress| !progress.answers.is_empty());
    met.map_or("–".to_owned(), |progress| format!("{}/{}", progress.right(), progress.answers.len()))
}

/// Rows in columns; what doesn't fit into the last one goes on below it.
fn table(rows: &[[String; 4]]) -> String {
    let widest = |column: usize| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0);
    let widths = [0, 1, 2].map(widest);
    let left = widths.iter().sum::<usize>() + GAP.len() * widths.len();
    let mut out = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, column)| {
            let pad = " ".repeat(column.saturating_sub(width(cell)));
            format!("{cell}{pad}{GAP}")
        });
        out.extend(cells);
        let title = wrap(&row[3], COLUMNS.saturating_sub(left).max(2));
        out += &title.join(&format!("\n{}", " ".repeat(left)));
        out.push('\n');
    }
    out
}
