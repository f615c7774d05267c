//! The lessons of the course as the list inside the interface shows them: how far each was walked, and what runs here.

use sockwalk::cli::Exit;
use sockwalk::i18n::Localized;
use sockwalk::i18n::{Lang, Texts, fill};
use sockwalk::lesson::{Lesson, builtin, builtin_names};
use sockwalk::model::Mode;
use sockwalk::progress::Progress;
use sockwalk::tui::LessonRow;

use super::needs::{Runnable, Survey};
use super::place::ProcessRights;

/// The built-in lessons, in order. One that can't be read is a fault of the program, which a test looks for.
pub fn lessons() -> Vec<Lesson> {
    builtin_names().into_iter().filter_map(|name| builtin(name)?.ok()).collect()
}

/// The lessons, and what of them runs here: found once, as it takes a lab.
pub struct Curriculum {
    lessons: Vec<Lesson>,
    /// Why each can't run here; `None` where it can.
    bars: Vec<Option<Localized>>,
}

impl Curriculum {
    /// The course on these grounds.
    ///
    /// # Errors
    /// [`Exit`] where the program's own texts can't be read.
    pub fn survey(grounds: &ProcessRights) -> Result<Curriculum, Exit> {
        let lessons = lessons();
        let survey = Survey::make(grounds.has_rights(), &lessons);
        let bars = lessons.iter().map(|lesson| bar(lesson, grounds, &survey)).collect::<Result<_, _>>()?;
        Ok(Curriculum { lessons, bars })
    }

    /// The course where it isn't known what runs here, since no lesson can be opened.
    pub fn unknown() -> Curriculum {
        let lessons = lessons();
        Curriculum { bars: vec![None; lessons.len()], lessons }
    }

    /// The list, with what was reached.
    pub fn rows(&self, progress: &Progress) -> Vec<LessonRow> {
        let row = |(n, (lesson, bar)): (usize, (&Lesson, &Option<Localized>))| {
            let in_lab = lesson.steps.iter().filter(|step| step.modes.contains(&Mode::Lab)).count();
            let mut row = LessonRow::new(n + 1, lesson, in_lab);
            row.progress = progress.lessons.get(&lesson.id).cloned();
            row.bar.clone_from(bar);
            row
        };
        self.lessons.iter().zip(&self.bars).enumerate().map(row).collect()
    }

    /// The name of the next lesson that runs here.
    pub fn next(&self, after: &str) -> Option<&str> {
        let at = self.lessons.iter().position(|lesson| lesson.id == after)?;
        let mut later = self.lessons.iter().zip(&self.bars).skip(at + 1);
        later.find(|(_, bar)| bar.is_none()).map(|(lesson, _)| lesson.id.as_str())
    }

    /// A lesson that runs here, by its name.
    pub fn lesson(&self, id: &str) -> Option<&Lesson> {
        self.lessons.iter().find(|lesson| lesson.id == id)
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
