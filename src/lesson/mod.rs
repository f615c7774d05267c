//! The lesson: a file of steps, each with what is done, what must then be true, what is explained, what is asked.

mod begin;
mod catalogue;
mod error;
mod fault;
mod glossary;
mod likely;
mod lint;
mod lint_calls;
mod lint_head;
mod lint_poll;
mod lint_program;
mod lint_segments;
mod lint_steps;
mod made;
mod needs;
mod notation;
mod parse;
mod raw;
mod review;
mod shape;
mod sockets;
mod types;

pub use catalogue::{builtin, builtin_names, builtin_text};
pub use error::{LessonError, Problem};
pub use fault::{Fault, Notation, WordKind};
pub use glossary::{BrokenGlossary, Glossary, Term};
pub(crate) use likely::likely;
pub use lint::is_id;
pub use parse::{MAX_BYTES, parse, parse_in, read, read_draft};
pub use review::{Lack, Remark, review};
pub use types::{
    Action, Address, Ask, CallTerms, Claim, InfoTerms, Lesson, Measure, Payload, ProgramTerms, QueueTerms, Recipient,
    SegmentPattern, Show, Step, Terms, TimerTerms, ToldTerms,
};

pub use crate::model::{ConnectionEnd, Count, SegmentFate};
