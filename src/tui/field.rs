//! A field that lies over the panes, of a copy or of a rule: letters are typed into it.

use tui_input::{Input, InputRequest};

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

    /// Whether what is typed had room, for so many characters.
    pub(super) fn takes(&mut self, request: InputRequest, room: usize) -> bool {
        if let InputRequest::InsertChar(_) = request {
            if self.input.value().chars().count() >= room {
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
