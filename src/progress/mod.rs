//! What a learner has reached: which steps of which lesson, and how the questions were answered.
//!
//! Nothing here touches a file: a [`Storage`] does, and [`ProgressStore`] says when. Two programs that run at once lose nothing
//! of each other: each reads, merges and writes while it holds the storage's lock, and merging never lowers anything.

mod asked;
mod course;
mod record;
mod set_up;
mod store;
mod walked;

#[cfg(test)]
mod tests;

pub use asked::{AskedQuestion, OwnAnswer, asked};
pub use course::{next_lesson, resume_after};
pub use record::{LessonProgress, MAX_BYTES, Mark, Progress, Unusable};
pub use set_up::{known_set_up, step_of};
pub use store::{ProgressStore, Storage, Trouble, look};
pub use walked::walked;
