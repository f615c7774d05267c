//! What is done with the list of rules: one is picked, its number typed, and set.

use crossterm::event::Event;
use tui_input::{Input, InputRequest};

use super::app::{App, Overlay};
use super::command::Command;
use super::messages::LONGEST_LINE;
use super::picker::{KINDS, PickedValue, RulePicker};

impl App {
    /// Does what is done with the list of rules.
    pub(super) fn with_picker(&mut self, command: Command) {
        match command {
            Command::Rule => {
                self.place.overlay = Some(Overlay::Rules);
                (self.picker, self.place.over, self.place.unread) = (Some(RulePicker::new()), 0, false);
            }
            Command::SetRule => self.set_picked(),
            Command::LeaveRules => (self.picker, self.place.overlay) = (None, None),
            _ => {
                let Some(picker) = &mut self.picker else { return };
                let step = if command == Command::NextRule { 1 } else { KINDS.len() - 1 };
                (picker.at, picker.fault) = ((picker.at + step) % KINDS.len(), None);
            }
        }
    }

    fn set_picked(&mut self) {
        let Some(line) = self.picker.as_ref().map(RulePicker::line) else { return };
        match self.rule_of(&line) {
            Ok(order) => {
                (self.picker, self.place.overlay) = (None, None);
                self.lines.keep(line);
                self.does(order);
            }
            Err(fault) => {
                if let Some(picker) = &mut self.picker {
                    picker.fault = Some(fault);
                }
            }
        }
    }

    /// A key that is typed into the number.
    pub(super) fn types_in_picker(&mut self, key: &Event) {
        if let Some(request) = tui_input::backend::crossterm::to_input_request(key) {
            self.puts_in_picker(request);
        }
    }

    /// A text is pasted into it.
    pub(super) fn pastes_in_picker(&mut self, text: &str) {
        for c in text.chars() {
            self.puts_in_picker(InputRequest::InsertChar(c));
        }
    }

    fn puts_in_picker(&mut self, request: InputRequest) {
        let Some(picker) = &mut self.picker else { return };
        let Some(PickedValue { input, touched }) = picker.values.get_mut(picker.at) else { return };
        if let InputRequest::InsertChar(_) = request {
            if input.value().chars().count() >= LONGEST_LINE {
                return;
            }
            // The first letter takes the place of what stands there.
            if !*touched {
                *input = Input::default();
            }
        }
        *touched = true;
        input.handle(request);
        picker.fault = None;
        self.changed = true;
    }
}
