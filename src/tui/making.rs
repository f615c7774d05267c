//! What sends a changed copy, or a segment of nobody's: a line that is typed, or the fields over the header's picture.

use tui_input::InputRequest;

use super::app::App;
use super::command::Command;
use super::copy::{CopyField, SegmentCopy};
use super::field::TypedField;
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
        let ipv6 = segment.segment.from.is_ipv6();
        let of = |name: EditField| {
            let before = match field(segment.segment, &initials, name)? {
                // A captured one is unfinished, and goes on as the right one.
                Change::Checksum(_) => Change::Checksum(true),
                other => other,
            };
            let before = before.value();
            let mut typed = TypedField::selected(&before);
            if before.ends_with('"') {
                // A text is gone on with, behind its last letter.
                typed.input.handle(InputRequest::GoToPrevChar);
                typed.selected = false;
            }
            Some(CopyField { field: name, name: name.name_in(ipv6), typed, before })
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
                self.closes_overlay();
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
}
