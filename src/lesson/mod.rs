//! The lesson: a file of steps, each with what is done, what must then be true, what is explained, what is asked.

mod address;
mod begin;
mod catalogue;
mod error;
mod fault;
mod glossary;
mod likely;
mod lint;
mod lint_calls;
mod lint_head;
mod lint_lookup;
mod lint_poll;
mod lint_program;
mod lint_segments;
mod lint_steps;
mod lint_threads;
mod lint_transfers;
mod made;
mod needs;
mod notation;
mod outline;
mod parse;
mod parse_tree;
mod raw;
mod raw_calls;
mod raw_lab;
mod raw_words;
mod review;
mod shape;
mod sockets;
mod transfers;
mod types;
mod waits;

pub use address::{Address, Recipient};
pub use catalogue::{builtin, builtin_names, builtin_text, outline};
pub use error::{LessonError, Problem};
pub use fault::{Fault, Notation, WordKind};
pub use glossary::{BrokenGlossary, Glossary, Term};
pub(crate) use likely::likely;
pub use lint::is_id;
pub use parse::{MAX_BYTES, parse, parse_in, read, read_draft};
pub use review::{Lack, Remark, review, setting_place};
pub use transfers::{Payload, TransferAction};
pub use types::{
    Action, Ask, CallClaim, CallTerms, Claim, InfoTerms, Lesson, Measure, NamedCaller, ProgramTerms, QueueTerms,
    SegmentPattern, Show, Step, Terms, TimerTerms, ToldTerms,
};
pub use waits::WaitAction;

pub use crate::model::{ConnectionEnd, Count, SegmentFate};
