//! What a learner has reached: which steps of which lesson, and how the questions were answered.
//!
//! Nothing here touches a file: a [`Shelf`] does, and [`Keeper`] says when. Two programs that run at once lose nothing
//! of each other: each reads, merges and writes while it holds the shelf's lock, and merging never lowers anything.

mod asked;
mod course;
mod keeper;
mod record;
mod walked;

#[cfg(test)]
mod tests;

pub use asked::{Asked, Own, asked};
pub use course::{next_lesson, resume_after};
pub use keeper::{Keeper, Shelf, Trouble, look};
pub use record::{LessonProgress, MAX_BYTES, Mark, Progress, Unusable};
pub use walked::walked;
