//! The check of what a step does with a side's program, and says of its calls.

use toml::Spanned;

use super::fault::{Fault, WordKind};
use super::lint::{Lint, absent_or};
use super::raw::{RawAction, RawProgramClaim};
use super::raw_words::SpannedText;
use super::{Action, ProgramTerms, Terms};
use crate::model::{Errno, PROGRAM_CALLS, ProgramCallState, Side};

impl Lint<'_> {
    /// What a step does. Of a side whose part a program plays it makes no calls itself, and interrupts none.
    pub(super) fn possible_action(&mut self, raw: &Spanned<RawAction>) -> Option<Action> {
        let action = self.action(raw)?;
        let side = self.called_by(&action);
        match side.filter(|side| self.programs.contains(side)) {
            Some(side) => self.fault(raw.span(), Fault::ProgramMakesCalls(side)),
            None => Some(action),
        }
    }

    pub(super) fn let_call(
        &mut self,
        side: &SpannedText,
        call: &SpannedText,
        name: Option<&SpannedText>,
    ) -> Option<Action> {
        let (side, call) = (self.program_side(side), self.system_call(call));
        let name = absent_or(name.map(|name| self.new_socket(name, side)));
        Some(Action::LetCall { side: side?, call: call?, name: name? })
    }

    pub(super) fn program_claim(&mut self, raw: &Spanned<RawProgramClaim>) -> Option<Terms> {
        let RawProgramClaim { side, call, arguments, is, value, error } = raw.get_ref();
        let (side, call) = (self.program_side(side), self.system_call(call));
        let arguments = absent_or(arguments.as_ref().map(|word| self.shown(word, &[])));
        let state = ProgramCallState::CLAIMED.into_iter().find(|state| state.name() == is.get_ref());
        let state = state.or_else(|| self.wrong(is, WordKind::ProgramState));
        let named = |lint: &mut Self, word: &SpannedText| {
            Errno::from_name(word.get_ref()).or_else(|| lint.wrong(word, WordKind::Error))
        };
        let errno = absent_or(error.as_ref().map(|word| named(self, word)));
        if let (Some(_), Some(error)) = (value, error) {
            self.fault::<()>(error.span(), Fault::Exclusive("value", "error"));
        }
        // What isn't back has returned nothing.
        let came_to = value.as_ref().map(|value| ("value", value.span()));
        let came_to = came_to.or(error.as_ref().map(|error| ("error", error.span())));
        if let (Some(ProgramCallState::Stands | ProgramCallState::Blocks), Some((key, span))) = (state, came_to) {
            self.fault::<()>(span, Fault::Exclusive("is", key));
        }
        let value = value.as_ref().map(|value| *value.get_ref());
        let (arguments, error) = (arguments?, errno?);
        Some(Terms::Program(ProgramTerms { side: side?, call: call?, arguments, is: state?, value, error }))
    }

    fn program_side(&mut self, word: &SpannedText) -> Option<Side> {
        let side = self.side(word)?;
        if self.programs.contains(&side) { Some(side) } else { self.fault(word.span(), Fault::NoProgram(side)) }
    }

    fn system_call(&mut self, word: &SpannedText) -> Option<String> {
        let known = PROGRAM_CALLS.contains(&word.get_ref().as_str()).then(|| word.get_ref().clone());
        known.or_else(|| self.wrong(word, WordKind::SystemCall))
    }
}
