//! What is typed into the fields that lie over the panes: into the one that has the keys.

use crossterm::event::Event;
use tui_input::InputRequest;

use super::app::App;
use super::messages::LONGEST_LINE;

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
            && field.typed.takes(request, LONGEST_LINE)
        {
            (copy.fault, self.changed) = (None, true);
        } else if let Some(picker) = &mut self.picker
            && let Some(field) = picker.values.get_mut(picker.at)
            && field.takes(request, LONGEST_LINE)
        {
            (picker.fault, self.changed) = (None, true);
        }
    }
}
