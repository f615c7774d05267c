//! What sends a changed copy, or a segment of nobody's: a line that is typed, or the fields over the header's picture.

use crossterm::event::Event;
use tui_input::{Input, InputRequest};

use super::app::App;
use super::command::Command;
use super::copy::{CopyField, SegmentCopy};
use super::messages::LONGEST_LINE;
use crate::model::edit::{Change, EditFault, EditField, field};
use crate::model::{SegmentId, may_release};
use crate::tcp::Packet;
use crate::walk::{WalkCommand, typed_segment};

impl App {
    /// What a line that says how a segment is changed or made comes to.
    ///
    /// # Errors
    /// [`EditFault`] says what is wrong with it.
    pub(super) fn made_of(&self, text: &str) -> Result<WalkCommand, EditFault> {
        let view = self.walk.trace().present();
        // Of what nobody has chosen the newest segment is no choice: it may be a stranger's.
        let chosen = self.place.only.or_else(|| self.place.segment.and_then(|_| self.chosen_connection()));
        let (of, made) = typed_segment(text, &view, self.marked_segment(), chosen)?;
        self.order(of, made)
    }

    fn order(&self, of: Option<SegmentId>, made: Packet) -> Result<WalkCommand, EditFault> {
        let view = self.walk.trace().present();
        let may = self.walk.free().is_none_or(|free| {
            may_release(free.steps().then(|| free.actors()), view.trace().door(&made), &view.members())
        });
        if may { Ok(WalkCommand::Make(of, Box::new(made))) } else { Err(EditFault::NotHere) }
    }

    /// Does what is done with the copy whose fields are changed.
    pub(super) fn with_copy(&mut self, command: Command) {
        match command {
            Command::Edit => self.begin_copy(),
            Command::LeaveCopy => self.copy = None,
            Command::SendCopy => self.send_copy(),
            _ => {
                let Some(copy) = &mut self.copy else { return };
                let count = copy.fields.len().max(1);
                let step = if command == Command::NextField { 1 } else { count - 1 };
                copy.at = (copy.at + step) % count;
            }
        }
    }

    fn begin_copy(&mut self) {
        let Some(segment) = self.chosen_segment().and_then(|id| self.view().segment(id)) else { return };
        let initials = self.view().initials_for_copy(&segment);
        let of = |name| {
            let before = match field(segment.segment, &initials, name)? {
                // A captured one is unfinished, and goes on as the right one.
                Change::Checksum(_) => Change::Checksum(true),
                other => other,
            };
            let before = before.value();
            let mut input = Input::new(before.clone());
            if before.ends_with('"') {
                // Behind the last letter of the text.
                input.handle(InputRequest::GoToPrevChar);
            }
            Some(CopyField { field: name, input, before, touched: false })
        };
        let fields = EditField::ALL.into_iter().filter_map(of).collect();
        let of = segment.id;
        self.copy = Some(SegmentCopy { of, fields, at: 0, fault: None });
        self.place.over = 0;
    }

    fn send_copy(&mut self) {
        let Some(copy) = &self.copy else { return };
        let order = copy.edit().and_then(|edit| {
            let view = self.walk.trace().present();
            let segment = view.segment(copy.of).ok_or(EditFault::NoneThere)?;
            let made = edit.apply(segment.segment, &view.initials_for_copy(&segment)).map_err(EditFault::Unfit)?;
            self.order(Some(copy.of), made)
        });
        match order {
            Ok(order) => {
                (self.copy, self.place.overlay) = (None, None);
                (self.place.ladder, self.place.explain, self.place.segment) = (0, None, None);
                self.again = None;
                self.walk.command(order, self.now);
            }
            Err(fault) => {
                if let Some(copy) = &mut self.copy {
                    copy.fault = Some(fault);
                }
            }
        }
    }

    /// A key that is typed into a field.
    pub(super) fn types_in_copy(&mut self, key: &Event) {
        let Some(request) = tui_input::backend::crossterm::to_input_request(key) else { return };
        self.puts_in_copy(request);
    }

    /// A text is pasted into a field.
    pub(super) fn pastes_in_copy(&mut self, text: &str) {
        for c in text.chars() {
            self.puts_in_copy(InputRequest::InsertChar(c));
        }
    }

    fn puts_in_copy(&mut self, request: InputRequest) {
        let Some(copy) = &mut self.copy else { return };
        let Some(CopyField { input, before, touched, .. }) = copy.fields.get_mut(copy.at) else { return };
        if let InputRequest::InsertChar(_) = request {
            if input.value().chars().count() >= LONGEST_LINE {
                return;
            }
            // The first letter takes the place of what stands there; a text is gone on with.
            if !*touched && !before.starts_with('"') {
                *input = Input::default();
            }
        }
        *touched = true;
        input.handle(request);
        copy.fault = None;
        self.changed = true;
    }
}
