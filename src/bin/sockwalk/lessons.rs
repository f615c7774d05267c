//! `sockwalk lessons`: what there is to learn, in the order of the course, and how far the learner has come.

use sockwalk::cli::{Exit, Invocation, ModeChoice};
use sockwalk::i18n::{Lang, ProgressTexts, Texts, fill, join, width, wrap};
use sockwalk::lesson::Lesson;
use sockwalk::model::Mode;
use sockwalk::progress::{LessonProgress, next_lesson};

use super::course;
use super::memory::LearnerProgress;
use super::needs::{Runnable, Survey};
use super::place::ProcessRights;

/// The list is laid out for this many columns.
const COLUMNS: usize = 80;
const GAP: &str = "  ";

/// Prints the list. Returns the exit status.
pub fn run(invocation: &Invocation) -> Result<u8, Exit> {
    // What runs is told of every mode, whichever one is asked for.
    let grounds = ProcessRights::prepare(&Invocation { mode: ModeChoice::Auto, ..invocation.clone() })?;
    let memory = LearnerProgress::open();
    let texts = Texts::load(invocation.lang)?;
    let t = &texts.progress;
    let lessons = course::outlines();
    let survey = Survey::make(grounds.has_rights(), &lessons);
    let mut rows = vec![[t.name.clone(), t.steps.clone(), t.right.clone(), t.title.clone()]];
    for lesson in &lessons {
        let progress = memory.progress.lessons.get(&lesson.id);
        let title = title(lesson, invocation.lang, &survey, texts);
        rows.push([lesson.id.clone(), steps(lesson, progress, t), right(progress), title]);
    }
    let mut out = table(&rows);
    let note = if survey.has_lab() { &t.lab_note } else { &t.no_lab_note };
    out += &format!("\n{}\n", wrap(&join(note, &t.right_note), COLUMNS).join("\n"));
    let allowed = lessons.iter().filter(|lesson| grounds.allows(lesson, &survey));
    let allowed: Vec<&str> = allowed.map(|lesson| lesson.id.as_str()).collect();
    if let Some(next) = next_lesson(&memory.progress, &allowed) {
        out += &fill(&t.goes_on, &[("lesson", &next)]);
        out.push('\n');
    }
    memory.say(invocation.lang, true)?;
    super::say(&out, invocation.lang)?;
    Ok(0)
}

/// A lesson's title, and what is missing here of what it needs.
fn title(lesson: &Lesson, lang: Lang, survey: &Survey, texts: &Texts) -> String {
    let t = &texts.progress;
    let title = lesson.title.get(lang);
    let title =
        if lesson.modes.contains(&Mode::Host) { title.to_owned() } else { fill(&t.needs_lab, &[("title", title)]) };
    let verdicts: Vec<(Mode, Runnable)> =
        lesson.modes.iter().map(|mode| (*mode, survey.verdict(lesson, *mode))).collect();
    let runs = verdicts.iter().find(|(_, verdict)| *verdict == Runnable::Runs);
    let missing = texts.needs.either(verdicts.iter().filter_map(|(_, verdict)| verdict.missing()));
    let Some(missing) = missing else { return title };
    // That there is no lab is said once, below the list.
    let no_lab = verdicts.iter().any(|(_, verdict)| *verdict == Runnable::NoLab);
    let text = match runs {
        _ if no_lab && (runs.is_some() || verdicts.len() == 1) => return title,
        Some((Mode::Host, _)) => &t.only_host,
        Some((Mode::Lab, _)) => &t.only_lab,
        None => &t.not_here,
    };
    fill(text, &[("title", title), ("what", missing)])
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
