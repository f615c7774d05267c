//! A field that lies over the panes, of a copy or of a rule: letters are typed into it.

use tui_input::{Input, InputRequest};

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
    pub(super) fn takes(&mut self, request: InputRequest) -> bool {
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
