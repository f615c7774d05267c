//! A copy of a segment whose fields are being changed, over the header's picture.

use super::field::TypedField;
use crate::model::SegmentId;
use crate::model::edit::{Change, Edit, EditFault, EditField};

/// A field of the copy.
pub(super) struct CopyField {
    pub(super) field: EditField,
    /// Its name, as the packet's family has it.
    pub(super) name: &'static str,
    /// What stands in the original.
    pub(super) before: String,
    /// What is to stand in the copy.
    pub(super) typed: TypedField,
}

impl CopyField {
    /// Whether it is to be another one.
    pub(super) fn is_changed(&self) -> bool {
        self.typed.input.value().trim() != self.before
    }
}

/// A copy whose fields are being changed.
pub(super) struct SegmentCopy {
    /// Of this segment.
    pub(super) of: SegmentId,
    pub(super) fields: Vec<CopyField>,
    /// The field that has the keys.
    pub(super) at: usize,
    /// Why it can't be sent so.
    pub(super) fault: Option<EditFault>,
}

impl SegmentCopy {
    /// What is to be changed.
    ///
    /// # Errors
    /// [`EditFault`] says which field can't be so.
    pub(super) fn edit(&self) -> Result<Edit, EditFault> {
        let changed = self.fields.iter().filter(|field| field.is_changed());
        let changes = changed.map(|field| Change::typed(field.field, field.typed.input.value().trim()));
        let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
        if changes.is_empty() { Err(EditFault::Nothing) } else { Ok(Edit::new(changes)) }
    }

    /// What is to stand in a field, and whether that is another than in the original; `None` of a field that it hasn't.
    pub(super) fn of(&self, field: EditField) -> Option<(&str, bool)> {
        let found = self.field(field)?;
        Some((found.typed.input.value(), found.is_changed()))
    }

    /// A field; `None` of one that it hasn't.
    pub(super) fn field(&self, field: EditField) -> Option<&CopyField> {
        self.fields.iter().find(|one| one.field == field)
    }

    /// The field that has the keys.
    pub(super) fn current(&self) -> Option<&CopyField> {
        self.fields.get(self.at)
    }
}
