//! The fields that lie over the panes, of a copy and of a rule: letters are typed into the one that has the keys.

use crossterm::event::Event;
use tui_input::{Input, InputRequest};

use super::app::App;
use super::messages::LONGEST_LINE;

/// What stands in a field.
pub(super) struct TypedField {
    pub(super) input: Input,
    /// What stands there is as good as selected: the first letter takes its place.
    pub(super) selected: bool,
}

impl TypedField {
    /// One with this in it, selected.
    pub(super) fn selected(value: &str) -> TypedField {
        TypedField { input: Input::from(value), selected: true }
    }

    /// Whether there was room for what is typed.
    fn takes(&mut self, request: InputRequest) -> bool {
        if let InputRequest::InsertChar(_) = request {
            if self.input.value().chars().count() >= LONGEST_LINE {
                return false;
            }
            if self.selected {
                self.input = Input::default();
            }
        }
        self.selected = false;
        self.input.handle(request);
        true
    }
}

impl App {
    /// A key that is typed into the field.
    pub(super) fn types_in_field(&mut self, key: &Event) {
        if let Some(request) = tui_input::backend::crossterm::to_input_request(key) {
            self.puts_in_field(request);
        }
    }

    /// A text is pasted into it.
    pub(super) fn pastes_in_field(&mut self, text: &str) {
        for c in text.chars() {
            self.puts_in_field(InputRequest::InsertChar(c));
        }
    }

    /// What was wrong before is told no more.
    fn puts_in_field(&mut self, request: InputRequest) {
        if let Some(copy) = &mut self.copy
            && let Some(field) = copy.fields.get_mut(copy.at)
            && field.typed.takes(request)
        {
            (copy.fault, self.changed) = (None, true);
        } else if let Some(picker) = &mut self.picker
            && let Some(field) = picker.values.get_mut(picker.at)
            && field.takes(request)
        {
            (picker.fault, self.changed) = (None, true);
        }
    }
}
