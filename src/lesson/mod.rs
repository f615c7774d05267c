//! The lesson: a file of steps, each with what is done, what must then be true, what is explained, what is asked.

mod catalogue;
mod error;
mod expr;
mod lint;
mod parse;
mod types;

pub use catalogue::{builtin, builtin_names};
pub use error::LessonError;
pub use expr::Expr;
pub use parse::parse;
pub use types::{
    Action, Ask, CallTerms, Claim, End, EndTerms, Lang, Lesson, Localized, Measure, Payload, QueueTerms, SegmentFate,
    SegmentPattern, Step, Terms,
};
