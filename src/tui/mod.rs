//! The terminal interface: the state ([`App`]), what changes it ([`update`]), and how it is drawn ([`draw`]).
//!
//! Nothing here reaches the world but by the [`AppEffect`]s that `update` returns.

mod app;
mod backend;
mod background;
mod calling;
mod catalogue;
mod chart;
mod chart_texts;
mod choose;
mod code;
pub mod command;
mod commands;
mod console;
mod copy;
mod diagram;
mod draw;
mod ends;
mod field;
mod filling;
mod fit;
mod footer;
mod free;
mod late_answer;
mod layout;
mod lessons;
mod letters;
mod line;
mod making;
mod menu;
mod messages;
mod mistyped_texts;
mod mouse;
mod orders;
mod paint;
mod panes;
mod picker;
mod picking;
mod plot;
mod programs;
mod resume;
mod rule_texts;
mod ruling;
mod run;
mod scene;
mod terminal;
mod texts;
mod timer_texts;
mod typing;
mod update;
mod variables;
mod works;
mod wrap;

pub use app::{App, Appearance, AppearanceError, Auto, Focus, Overlay, PACES};
pub use backend::Screen;
pub use catalogue::{Catalogue, LessonRow, NotOpened, Opened, Opens, Reached, next_row};
pub use code::{Language, Snippets};
pub use console::{Console, ProgramCourse, ProgramEnd};
pub use draw::draw;
pub use fit::{Overflow, overflows};
pub use layout::{BottomPane, SMALLEST, WHOLE};
pub use messages::{AppEffect, Msg, StopRequest};
pub use run::{Host, RunError, TakenBurst, draw_changed, run, take_all, wait};
pub use terminal::{Guard, listen};
pub use texts::{InterfaceTexts, TextsError};
pub use update::update;

#[cfg(test)]
mod tests;
