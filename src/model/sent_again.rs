//! When a segment was sent again, as a copy that its number stands for.

use super::{Moment, SegmentId, View};

impl<'a> View<'a> {
    /// The entries at which a segment was sent again by then, the oldest first.
    pub fn sent_again(&self, id: SegmentId) -> impl Iterator<Item = Moment> + use<'a> {
        let moment = self.moment();
        let copies = self.trace().segments.get(id.0 as usize).map(|record| &record.copies[..]).unwrap_or_default();
        copies.iter().skip(1).map(|(seen, _)| *seen).take_while(move |seen| *seen < moment)
    }
}
