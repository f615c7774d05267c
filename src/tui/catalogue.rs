//! Which lessons there are, how far the learner has come in each, and which of them a search finds.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tui_input::Input;

use crate::i18n::Localized;
use crate::lesson::{Glossary, Lesson, builtin};
use crate::progress::{LessonProgress, Mark};
use crate::walk::Walk;

/// One lesson in the list.
#[derive(Clone, Debug)]
pub struct LessonRow {
    /// Its place in the course, from 1.
    pub number: usize,
    /// Its name on the command line.
    pub id: String,
    /// What it is called.
    pub title: Localized,
    /// What else a search looks through, read once one does, for all copies of the row: the lesson's texts in all languages.
    text: Rc<OnceCell<String>>,
    /// How many steps it has here.
    pub steps: usize,
    /// How far it was walked; `None` where it wasn't.
    pub progress: Option<LessonProgress>,
    /// Why it can't run here; `None` where it can, or where that isn't known.
    pub bar: Option<Localized>,
}

impl LessonRow {
    /// A built-in lesson's row, for which its outline will do.
    pub fn new(number: usize, lesson: &Lesson, steps: usize) -> LessonRow {
        let (id, title) = (lesson.id.clone(), lesson.title.clone());
        LessonRow { number, id, title, text: Rc::default(), steps, progress: None, bar: None }
    }

    /// All that the lesson says, in small letters.
    fn text(&self) -> &str {
        self.text.get_or_init(|| match builtin(&self.id) {
            Some(Ok(lesson)) => text_of(&lesson),
            // That each can be read, a test looks.
            _ => String::new(),
        })
    }
}

fn text_of(lesson: &Lesson) -> String {
    let steps_say = lesson.steps.iter().flat_map(|step| [&step.title, &step.say]);
    let texts = [&lesson.goal, &lesson.recap].into_iter().chain(&lesson.misbelief).chain(steps_say);
    let texts: Vec<&str> = texts.flat_map(Localized::iter).map(|(_, text)| text).collect();
    texts.join("\n").to_lowercase()
}

/// What opening a lesson means in this process.
#[derive(Clone, Debug)]
pub enum Opens {
    /// It takes the place of the walk.
    Here,
    /// It can't: this says why, and what to do instead. `{lesson}` is the lesson's name.
    Elsewhere(Localized),
}

/// All lessons, at one moment.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// In the order of the course.
    pub rows: Vec<LessonRow>,
    /// What opening one means.
    pub opens: Opens,
    /// The lesson that is walked now, by its name, where it is one of these.
    pub here: Option<String>,
}

impl Catalogue {
    /// The next lesson of the course, of those that run here, after the one that is walked.
    pub fn next(&self) -> Option<&LessonRow> {
        next_row(&self.rows, self.here.as_deref()?)
    }
}

/// The next row after a lesson's, of those that run here.
pub fn next_row<'a>(rows: &'a [LessonRow], after: &str) -> Option<&'a LessonRow> {
    let at = rows.iter().position(|row| row.id == after)?;
    rows[at + 1..].iter().find(|row| row.bar.is_none())
}

/// What earlier walks left, through the lesson that is opened and others. Steps are told by their numbers in the lesson.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// The last of the steps that run again first.
    pub again: Option<usize>,
    /// How its questions were answered, by the step's id.
    pub kept: BTreeMap<String, Mark>,
    /// The furthest step that was done.
    pub furthest: Option<usize>,
}

/// Why steps run by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rerun {
    /// There the learner had stopped, in an earlier walk.
    Resumed,
    /// The learner goes back to a step, or to one that was reached.
    Returned,
    /// They are a set-up that the learner knows.
    SetUp,
}

/// The steps that run again by themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResumedSteps {
    /// Why they do.
    pub(super) why: Rerun,
    /// The last of them, by its number in the lesson.
    pub(super) last: usize,
    /// When the next is due; `None` while the walk is busy.
    pub(super) due: Option<Duration>,
    /// All of them have run, and the learner hasn't gone on yet.
    pub(super) over: bool,
}

/// A lesson that was opened in the place of another walk.
pub struct Opened {
    /// The walk, whose clock begins at zero.
    pub walk: Walk,
    /// What earlier walks left.
    pub reached: Reached,
    /// What is told beside the goal.
    pub told: Option<Localized>,
}

/// A lesson that couldn't be opened.
#[derive(Clone, Debug)]
pub struct NotOpened {
    /// The sentence that says why.
    pub why: String,
    /// Whether the walk that is shown has lost its world: the machine's own loopback has room for one.
    pub lost: bool,
}

/// Where the learner is in the list.
#[derive(Debug, Default)]
pub(super) struct Choosing {
    pub(super) search: Input,
    /// Which of those that are found.
    pub(super) chosen: usize,
    /// What was to be opened and can't be: it is told why.
    pub(super) refused: bool,
    /// Why the chosen one couldn't be opened.
    pub(super) failed: Option<String>,
}

/// The rows that a search finds, the best first: by their number or name, then by a word of their title or name, then by
/// a term of the glossary of which they speak, then by their texts. Of a title all words must be found, in any order.
pub(super) fn found(rows: &[LessonRow], search: &str, glossary: &Glossary) -> Vec<usize> {
    let search = search.trim().to_lowercase();
    let words: Vec<&str> = search.split_whitespace().collect();
    // A term has several names, and some are of two words: `half close` finds what speaks of 半关闭.
    let terms: Vec<String> = if search.chars().count() < 2 {
        Vec::new()
    } else {
        { glossary.search(&search).into_iter() }.flat_map(|term| term.words()).map(str::to_lowercase).collect()
    };
    let rank = |row: &LessonRow| {
        if words.is_empty() || row.number.to_string() == search || row.id == search {
            return Some(0);
        }
        let titles: Vec<&str> = row.title.iter().map(|(_, title)| title).collect();
        let name = format!("{} {} {}", row.number, row.id, titles.join(" ")).to_lowercase();
        if words.iter().all(|word| name.contains(word)) {
            return Some(1);
        }
        // A number in a text is no lesson's.
        let text = (!words.iter().all(|word| word.chars().all(|c| c.is_ascii_digit()))).then(|| row.text())?;
        if terms.iter().any(|term| text.contains(term)) {
            return Some(2);
        }
        text.contains(&search).then_some(3)
    };
    let mut found: Vec<(u8, usize)> =
        { rows.iter().enumerate() }.filter_map(|(n, row)| Some((rank(row)?, n))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, n)| n).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::testing::both;
    use crate::lesson::{builtin_names, outline};

    fn rows() -> Vec<LessonRow> {
        let lessons = builtin_names().into_iter().map(|name| outline(name).unwrap());
        lessons.enumerate().map(|(n, lesson)| LessonRow::new(n + 1, &lesson, lesson.steps.len())).collect()
    }

    #[test]
    fn a_search_heeds_numbers_names_titles_in_both_languages_and_terms() {
        let rows = rows();
        let glossary = Glossary::load().unwrap();
        let best = |search: &str| found(&rows, search, glossary).first().map(|n| rows[*n].id.as_str());
        for (search, id) in [
            ("3", "echo"),
            ("24", "ipv6"),
            ("lost-data", "lost-data"),
            ("Half-close", "close"),
            ("half close", "close"),
            ("半关闭", "close"),
            ("同时 打开", "simultaneous-open"),
            ("BACKLOG", "backlog"),
            ("流量控制", "window"),
            ("nagle's", "nagle"),
            ("  keepalive ", "keepalive"),
        ] {
            assert_eq!(best(search), Some(id), "{search}");
        }
        // A term finds every lesson that speaks of it, by any of its names.
        for term in ["TIME_WAIT", "time wait"] {
            let ids: Vec<&str> = found(&rows, term, glossary).into_iter().map(|n| rows[n].id.as_str()).collect();
            assert!(["handshake", "close", "states", "reuse"].iter().all(|id| ids.contains(id)), "{term}: {ids:?}");
        }
        assert_eq!(found(&rows, "", glossary), (0..rows.len()).collect::<Vec<_>>());
        assert_eq!(found(&rows, "no such thing at all", glossary), [0usize; 0]);
        assert_eq!(found(&rows, "99", glossary), [0usize; 0]);
    }

    #[test]
    fn the_next_lesson_is_the_next_that_runs_here() {
        let barred = |ids: &[&str]| {
            let mut rows = rows();
            for row in rows.iter_mut().filter(|row| ids.contains(&row.id.as_str())) {
                row.bar = Some(both("no", "不"));
            }
            rows
        };
        for (here, missing, next) in [
            (Some("handshake"), &[][..], Some("calls")),
            (Some("handshake"), &["calls", "echo"], Some("layers")),
            (Some("udp"), &["ipv6"], None),
            (Some("ipv6"), &[], None),
            (Some("mine"), &[], None),
            (None, &[], None),
        ] {
            let here = here.map(str::to_owned);
            let catalogue = Catalogue { rows: barred(missing), opens: Opens::Here, here: here.clone() };
            assert_eq!(catalogue.next().map(|row| row.id.as_str()), next, "{here:?}");
        }
    }
}
