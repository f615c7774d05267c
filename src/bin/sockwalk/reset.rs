//! `sockwalk reset`: the progress of one lesson, or of all, is forgotten.

use sockwalk::cli::{Exit, Invocation};
use sockwalk::i18n::{Texts, fill, join};

use super::memory::{LearnerProgress, sentence};
use super::place;

/// Forgets, and says what. Returns the exit status.
pub fn run(invocation: &Invocation, name: Option<&str>) -> Result<u8, Exit> {
    let texts = Texts::load(invocation.lang)?;
    if let Some(name) = name {
        let _known = sockwalk::cli::find(name, invocation.lang)?;
    }
    place::become_user(invocation.lang)?;
    let mut memory = LearnerProgress::open();
    let cleared = memory.clear(name);
    if cleared.is_ok() {
        memory.say(invocation.lang, false)?;
    }
    let t = &texts.progress;
    let text = match (&cleared, name) {
        (Ok(0), None) => t.nothing_to_clear.clone(),
        (Ok(0), Some(name)) => fill(&t.nothing_of_lesson, &[("lesson", &name)]),
        (Ok(count), None) => fill(&t.cleared, &[("n", &count)]),
        (Ok(_), Some(name)) => fill(&t.cleared_lesson, &[("lesson", &name)]),
        (Err(trouble), _) => {
            let what = sentence(trouble, invocation.lang)?;
            return Err(Exit { status: 1, text: format!("{}\n", join(&what, &t.not_cleared)) });
        }
    };
    super::say(&format!("{text}\n"), invocation.lang)?;
    Ok(0)
}
