//! What is missing here of what lessons need, and the sentences that say so.

use sockwalk::cli::ModeChoice;
use sockwalk::i18n::{NeedTexts, fill, join};
use sockwalk::lesson::Lesson;
use sockwalk::linux;
use sockwalk::model::{Mode, Need};

/// What labs have here, as far as some lessons need it: found by making one.
pub struct Survey {
    /// What is missing in one; `None` where there is none at all.
    lab: Option<Vec<Need>>,
}

/// Whether a lesson runs in a mode.
#[derive(Debug, PartialEq, Eq)]
pub enum Runnable {
    Runs,
    /// It wants the lab, and there is none.
    NoLab,
    /// This isn't there.
    Lacks(Vec<Need>),
}

impl Runnable {
    /// What is missing, for [`NeedTexts::either`]: `Some(None)` where the lab is.
    pub fn missing(&self) -> Option<Option<&[Need]>> {
        match self {
            Runnable::Runs => None,
            Runnable::NoLab => Some(None),
            Runnable::Lacks(needs) => Some(Some(needs)),
        }
    }
}

impl Survey {
    /// Makes a lab, where the process `may`, and looks for what these lessons need in it.
    pub fn make(may: bool, lessons: &[Lesson]) -> Survey {
        let needs: Vec<Need> = lessons.iter().flat_map(|lesson| lesson.needs_in(Mode::Lab)).collect();
        Survey { lab: may.then(|| linux::missing_in_lab(&needs).ok()).flatten() }
    }

    /// Whether there is a lab.
    pub fn has_lab(&self) -> bool {
        self.lab.is_some()
    }

    /// Whether a lesson, one of those that were looked at, runs in one of its modes.
    pub fn verdict(&self, lesson: &Lesson, mode: Mode) -> Runnable {
        let mut needs = lesson.needs_in(mode);
        match (mode, &self.lab) {
            (Mode::Lab, None) => return Runnable::NoLab,
            (Mode::Lab, Some(missing)) => needs.retain(|need| missing.contains(need)),
            (Mode::Host, _) => needs = linux::missing(&needs, mode),
        }
        if needs.is_empty() { Runnable::Runs } else { Runnable::Lacks(needs) }
    }
}

/// What a lesson lacks in the modes that were tried; `None` for one that wasn't, or wasn't refused for that.
#[derive(Default)]
pub struct Lacking {
    pub lab: Option<Vec<Need>>,
    pub host: Option<Vec<Need>>,
}

impl Lacking {
    /// What is missing, and what helps. `choice`: how the mode was chosen.
    pub fn sentence(&self, lesson: &Lesson, choice: ModeChoice, t: &NeedTexts) -> String {
        let other = |mode| lesson.modes.contains(&mode) && linux::missing(&lesson.needs_in(mode), mode).is_empty();
        let in_lab = |needs: &[Need]| say(&t.missing_in_lab, needs, t);
        let on_host = |needs: &[Need]| say(&t.missing_on_host, needs, t);
        let (said, help) = match (&self.lab, &self.host) {
            (Some(lab), Some(host)) if lab != host => (join(&in_lab(lab), &on_host(host)), &t.see_lessons),
            (Some(lab), None) if other(Mode::Host) => (in_lab(lab), &t.try_host),
            (None, Some(host)) if other(Mode::Lab) && choice == ModeChoice::Host => (on_host(host), &t.try_lab),
            // The lab was wanted too, and refused.
            (None, Some(host)) if other(Mode::Lab) => (on_host(host), &t.ask_doctor),
            (Some(needs), _) | (None, Some(needs)) => (missing(needs, t), &t.see_lessons),
            (None, None) => (String::new(), &t.see_lessons),
        };
        join(&said, help)
    }
}

/// A sentence for what is missing.
pub fn missing(needs: &[Need], t: &NeedTexts) -> String {
    say(&t.missing, needs, t)
}

/// A sentence for what is missing in the lab, so that the lesson runs on the host.
pub fn instead(needs: &[Need], t: &NeedTexts) -> String {
    say(&t.instead, needs, t)
}

fn say(text: &str, needs: &[Need], t: &NeedTexts) -> String {
    fill(text, &[("what", t.list(needs))])
}
