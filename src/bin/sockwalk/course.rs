//! The lessons of the course as the list inside the interface shows them: how far each was walked, and what runs here.

use sockwalk::cli::Exit;
use sockwalk::i18n::Localized;
use sockwalk::i18n::{Lang, Texts, fill};
use sockwalk::lesson::{Lesson, builtin_names, outline};
use sockwalk::model::Mode;
use sockwalk::progress::Progress;
use sockwalk::tui::{LessonRow, next_row};

use super::needs::{Runnable, Survey};
use super::place::ProcessRights;

/// The outlines of the built-in lessons, in order: whoever asks for the list waits for it, and all else of them takes ten times as long.
pub fn outlines() -> Vec<Lesson> {
    builtin_names().into_iter().filter_map(outline).collect()
}

/// The lessons, and what of them runs here: found once, as it takes a lab.
pub struct Curriculum {
    /// The list, without what was reached.
    rows: Vec<LessonRow>,
}

impl Curriculum {
    /// The course on these grounds.
    ///
    /// # Errors
    /// [`Exit`] where the program's own texts can't be read.
    pub fn survey(grounds: &ProcessRights) -> Result<Curriculum, Exit> {
        let lessons = outlines();
        let survey = Survey::make(grounds.has_rights(), &lessons);
        let mut course = Curriculum::of(&lessons);
        for (row, lesson) in course.rows.iter_mut().zip(&lessons) {
            row.bar = bar(lesson, grounds, &survey)?;
        }
        Ok(course)
    }

    /// The course where it isn't known what runs here, since no lesson can be opened.
    pub fn unknown() -> Curriculum {
        Curriculum::of(&outlines())
    }

    fn of(lessons: &[Lesson]) -> Curriculum {
        let row = |(n, lesson): (usize, &Lesson)| {
            let in_lab = lesson.steps.iter().filter(|step| step.modes.contains(&Mode::Lab)).count();
            LessonRow::new(n + 1, lesson, in_lab)
        };
        Curriculum { rows: lessons.iter().enumerate().map(row).collect() }
    }

    /// The list, with what was reached.
    pub fn rows(&self, progress: &Progress) -> Vec<LessonRow> {
        let mut rows = self.rows.clone();
        rows.iter_mut().for_each(|row| row.progress = progress.lessons.get(&row.id).cloned());
        rows
    }

    /// The name of the next lesson that runs here.
    pub fn next(&self, after: &str) -> Option<&str> {
        next_row(&self.rows, after).map(|row| row.id.as_str())
    }
}

/// Why a lesson can't run here; `None` where it can. In all languages, since the learner may change it.
fn bar(lesson: &Lesson, grounds: &ProcessRights, survey: &Survey) -> Result<Option<Localized>, Exit> {
    if grounds.allows(lesson, survey) {
        return Ok(None);
    }
    let verdicts: Vec<Runnable> = { lesson.modes.iter() }
        .filter(|mode| grounds.wants(**mode))
        .map(|mode| survey.verdict(lesson, *mode))
        .collect();
    let say = |lang: Lang| -> Result<String, Exit> {
        let texts = Texts::load(lang)?;
        let t = &texts.progress;
        Ok(match texts.needs.either(verdicts.iter().filter_map(Runnable::missing)) {
            Some(what) => fill(&t.bar, &[("what", what)]),
            None => t.bar_mode.clone(),
        })
    };
    Localized::each(say).map(Some)
}
