//! The programs that run in the window: which of their terminals is looked at, and what is typed there.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Overlay};
use super::command::Command;
use super::console::{Console, Program, ProgramCourse, pasted, written};
use super::layout::{self, BottomPane};
use super::messages::AppEffect;
use crate::model::Side;

/// What a key means where keys go to a program.
pub(super) enum Meant {
    /// A command of the window.
    Do(Command),
    /// It is typed.
    Typed(Side, Vec<u8>),
    Nothing,
}

impl App {
    /// These programs run in the window.
    pub fn shows_programs(&mut self, consoles: Vec<Console>) {
        let program = |console| Program { console, course: ProgramCourse::Starts };
        self.programs = consoles.into_iter().map(program).collect();
        self.place.turn = BottomPane::Output;
        self.changed = true;
    }

    /// Something became of a program.
    pub(super) fn program_went(&mut self, side: Side, course: ProgramCourse) {
        if let Some(program) = self.programs.iter_mut().find(|program| program.console.side == side) {
            program.course = course;
            self.changed = true;
        }
    }

    /// The columns and rows of a program's terminal: those of the window that are seen when keys go to it. They aren't those of
    /// the small pane, in which no program that fills its screen could be read.
    pub fn console_size(&self) -> (u16, u16) {
        layout::console_size(self.size)
    }

    /// The program whose terminal is looked at: the chosen one's, else the chosen side's, else the first.
    pub(super) fn program(&self) -> Option<&Program> {
        let of = |side: Side| self.programs.iter().find(|program| program.console.side == side);
        let chosen = self.place.console.or_else(|| self.place.actor.map(|actor| actor.side)).and_then(of);
        chosen.or_else(|| self.programs.first())
    }

    /// The program that would be started again: that whose terminal is looked at, if it has ended; where none is looked at, any.
    pub(super) fn ended_program(&self) -> Option<&Program> {
        let ended =
            |program: &&Program| matches!(program.course, ProgramCourse::Ended(_) | ProgramCourse::NotStarted(_));
        let shown = self.program().filter(ended);
        match self.place.overlay {
            Some(Overlay::Console) => shown,
            _ => shown.or_else(|| self.programs.iter().find(ended)),
        }
    }

    /// Does what is done with the programs of the window.
    pub(super) fn with_programs(&mut self, command: Command, effects: &mut Vec<AppEffect>) {
        match command {
            Command::Console => {
                self.place.console = self.program().map(|program| program.console.side);
                self.opens(Overlay::Console);
                self.place.back = 0;
            }
            Command::ConsoleBack => {
                self.closes_overlay();
                self.place.console = None;
            }
            Command::ConsoleOther => {
                let shown = self.program().map(|program| program.console.side);
                let mut others = self.programs.iter().map(|program| program.console.side);
                self.place.console = others.find(|side| Some(*side) != shown);
                self.place.back = 0;
            }
            Command::StartAgain => {
                if let Some(side) = self.ended_program().map(|program| program.console.side) {
                    self.program_went(side, ProgramCourse::Starts);
                    effects.push(AppEffect::StartProgram(side));
                }
            }
            _ => {}
        }
    }

    /// What a key means while keys go to a program.
    pub(super) fn meant_for_program(&self, key: KeyEvent) -> Meant {
        let Some(program) = self.program() else { return Meant::Do(Command::ConsoleBack) };
        match (key.code, key.modifiers) {
            (KeyCode::F(3), KeyModifiers::NONE) => return Meant::Do(Command::ConsoleBack),
            (KeyCode::F(4), KeyModifiers::NONE) => return Meant::Do(Command::ConsoleOther),
            (KeyCode::Up, KeyModifiers::SHIFT) => return Meant::Do(Command::ScrollUp),
            (KeyCode::Down, KeyModifiers::SHIFT) => return Meant::Do(Command::ScrollDown),
            _ => {}
        }
        if !program.runs() {
            return match key.code {
                KeyCode::Esc => Meant::Do(Command::ConsoleBack),
                KeyCode::Char('r') if key.modifiers.is_empty() => Meant::Do(Command::StartAgain),
                // Nobody is there to read it; and who has typed to the program a moment ago doesn't mean to leave.
                _ => Meant::Nothing,
            };
        }
        let (application, _) = program.console.modes();
        Meant::Typed(program.console.side, written(key, application))
    }

    /// Types something to a program; who types sees what comes of it.
    pub(super) fn types(&mut self, side: Side, bytes: Vec<u8>, effects: &mut Vec<AppEffect>) {
        self.changed |= self.place.back > 0;
        self.place.back = 0;
        if !bytes.is_empty() {
            effects.push(AppEffect::TypeIn(side, bytes));
        }
    }

    /// Pastes a text to the program whose terminal is looked at.
    pub(super) fn pastes(&mut self, text: &str, effects: &mut Vec<AppEffect>) {
        let runs = self.program().filter(|program| program.runs());
        if let Some((side, framed)) = runs.map(|program| (program.console.side, program.console.modes().1)) {
            self.types(side, pasted(text, framed), effects);
        }
    }
}
