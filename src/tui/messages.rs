//! What comes in, and what is to be done because of it.

use crossterm::event::Event;

#[allow(unused_imports)] // For the documentation.
use super::app::App;
use super::app::Overlay;
use super::console::ProgramCourse;
use crate::model::Side;
use crate::theme::Background;
use crate::walk::{Happening, Request};

/// The longest line that can be typed, in characters.
pub(super) const LONGEST_LINE: usize = 1000;

/// The longest one that a lesson asks for: its other end receives it at once.
pub(super) const LONGEST_LESSON_LINE: usize = 200;

/// What can come in.
#[derive(Debug)]
pub enum Msg {
    /// From the terminal.
    Terminal(Event),
    /// The terminal's answer, where it was asked for its background.
    Background(Background),
    /// From the world of the walk with this [`App::generation`].
    World(u64, Vec<Happening>),
    /// The last step of the set-up with which the lesson of the walk with this [`App::generation`] begins, where that is known from
    /// other lessons.
    SetUp(u64, Option<usize>),
    /// A program of the window has printed something.
    Printed,
    /// Something became of the program of this part.
    Program(Side, ProgramCourse),
    /// The lab that is looked at began anew: the walk is made anew too.
    Renewed,
    /// The time has come that [`App::wake_at`] named.
    Tick,
    /// Someone outside wants the program to end (a signal).
    Quit,
    /// Someone outside wants it to stop until it is continued (`SIGTSTP`).
    Suspend,
    /// It stood still and goes on (`SIGCONT`).
    Continued,
}

/// What is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRequest {
    /// The program alone: the signal went to whom its sender chose.
    Process,
    /// Its whole process group, as by the key in any other terminal.
    Job,
}

/// What is to be done because of it.
#[derive(Clone, Debug, PartialEq)]
pub enum AppEffect {
    /// The world is asked for something.
    Request(Request),
    /// The lesson starts again, in a fresh world: then call [`App::restarted`].
    Restart,
    /// The lessons are wanted, for this overlay: then call [`App::listed`].
    List(Overlay),
    /// The lesson of this name takes the walk's place: then call [`App::opened`].
    Open(String),
    /// This is typed to the program of this part.
    TypeIn(Side, Vec<u8>),
    /// The program of this part is started again.
    StartProgram(Side),
    /// The program ends.
    Quit,
    /// The program stops until it is continued.
    Suspend(StopRequest),
    /// The program stood still: the terminal is taken and drawn anew.
    Continued,
}

/// One line without control characters, however long.
pub(super) fn one_line(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| !c.is_control())
}

/// One line of bounded length without control characters.
pub(super) fn clean(text: &str) -> String {
    one_line(text).take(LONGEST_LINE).collect()
}
