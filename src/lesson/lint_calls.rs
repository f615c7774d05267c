//! The check of the arguments of a step's call.

use toml::Spanned;

use super::fault::WordKind;
use super::lint::Lint;
use super::raw::SpannedText;
use crate::model::{CallName, MessageFlags};

/// The most bytes that a lesson may ask one `recv()` for: the program keeps what comes in its trace.
const MAX_RECV: i64 = 1 << 20;

impl Lint<'_> {
    /// So many bytes are asked for.
    pub(super) fn room(&mut self, max: &Spanned<i64>) -> Option<usize> {
        self.range(*max.get_ref(), 1..=MAX_RECV, max.span());
        usize::try_from(*max.get_ref()).ok()
    }

    /// The flags of a call that sends or receives: just those that are named; the usual ones where no list is there.
    pub(super) fn message_flags(
        &mut self,
        call: CallName,
        raw: Option<&Spanned<Vec<SpannedText>>>,
    ) -> Option<MessageFlags> {
        let Some(raw) = raw else { return Some(call.usual_flags()) };
        let named: Vec<_> = { raw.get_ref().iter() }
            .map(|word| call.flag_named(word.get_ref()).or_else(|| self.wrong(word, WordKind::MessageFlag(call))))
            .collect();
        named.into_iter().try_fold(MessageFlags::NONE, |all, one| Some(all.with(one?)))
    }
}
