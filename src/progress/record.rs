//! The data, and its form in a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lesson::is_id;

/// The longest file that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 10;

/// The format's version that this program reads and writes.
const FORMAT: u64 = 1;

const MAX_LESSONS: usize = 500;
const MAX_ANSWERS: usize = 200;
const MAX_STEPS: usize = 10_000;

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As the kernel did.
    Right,
    /// Otherwise.
    Wrong,
    /// Not at all: the learner went on without a guess.
    Passed,
}

/// How far one lesson was walked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LessonProgress {
    /// The furthest step that was done, by its id; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// How many steps that are.
    pub done: usize,
    /// Of how many: a lesson has not the same number of steps in the lab and without.
    pub of: usize,
    /// Whether the end was reached once.
    pub finished: bool,
    /// When it was walked last, in milliseconds since 1970.
    pub at_ms: u64,
    /// Each question that was met, by its step's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Mark>,
}

impl LessonProgress {
    /// Takes in what another walk through the same lesson reached. Nothing is lowered: the furthest step stays, what is
    /// finished stays so. A later answer takes an earlier one's place, but no answer is lost to a question passed over.
    pub fn merge(&mut self, later: &LessonProgress) {
        if later.done >= self.done {
            self.step.clone_from(&later.step);
            (self.done, self.of) = (later.done, later.of);
        }
        self.finished |= later.finished;
        self.at_ms = self.at_ms.max(later.at_ms);
        for (id, mark) in &later.answers {
            if *mark != Mark::Passed || !self.answers.contains_key(id) {
                self.answers.insert(id.clone(), *mark);
            }
        }
    }

    /// How many questions were answered as the kernel did.
    pub fn right(&self) -> usize {
        self.answers.values().filter(|mark| **mark == Mark::Right).count()
    }

    fn is_bounded(&self) -> bool {
        self.done <= self.of
            && self.of <= MAX_STEPS
            && self.answers.len() <= MAX_ANSWERS
            && self.step.iter().chain(self.answers.keys()).all(|id| is_id(id))
    }
}

/// How far all lessons were walked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// By the lesson's name.
    pub lessons: BTreeMap<String, LessonProgress>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgressFile {
    format: u64,
    lessons: BTreeMap<String, LessonProgress>,
}

#[derive(Deserialize)]
struct Version {
    format: u64,
}

/// Why a file of progress can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It isn't what this program writes.
    Damaged,
    /// A newer program wrote it.
    Newer,
}

impl Progress {
    /// Takes in what walks reached, by the lesson's name.
    pub fn take_in(&mut self, reached: &BTreeMap<String, LessonProgress>) {
        for (name, reached) in reached {
            self.lessons.entry(name.clone()).or_default().merge(reached);
        }
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`Unusable`]: nothing of a file is taken where anything in it is not as this program writes it.
    pub fn parse(bytes: &[u8]) -> Result<Progress, Unusable> {
        if bytes.len() > MAX_BYTES {
            return Err(Unusable::Damaged);
        }
        if serde_json::from_slice::<Version>(bytes).is_ok_and(|version| version.format > FORMAT) {
            return Err(Unusable::Newer);
        }
        let file: ProgressFile = serde_json::from_slice(bytes).map_err(|_| Unusable::Damaged)?;
        let bounded = file.lessons.len() <= MAX_LESSONS
            && file.lessons.iter().all(|(name, lesson)| is_id(name) && lesson.is_bounded());
        if file.format == FORMAT && bounded { Ok(Progress { lessons: file.lessons }) } else { Err(Unusable::Damaged) }
    }

    /// The file's bytes, with a last line end.
    pub fn render(&self) -> Vec<u8> {
        let file = ProgressFile { format: FORMAT, lessons: self.lessons.clone() };
        // Maps with text as keys and plain values: this can't fail, and an empty file would be set aside as damaged.
        let mut bytes = serde_json::to_vec_pretty(&file).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
