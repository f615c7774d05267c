//! What is done with the list of rules: one is picked, its number typed, and set.

use super::app::{App, Overlay};
use super::command::Command;
use super::picker::{KINDS, RulePicker};

impl App {
    /// Does what is done with the list of rules.
    pub(super) fn with_picker(&mut self, command: Command) {
        match command {
            Command::Rule => {
                self.opens(Overlay::Rules);
                self.picker = Some(RulePicker::new());
            }
            Command::SetRule => self.set_picked(),
            Command::LeaveRules => self.closes_overlay(),
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
                self.closes_overlay();
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
}
