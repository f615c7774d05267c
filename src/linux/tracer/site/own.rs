//! Which of a stack's frames is the program's own, and what is said where none is known by its source.

use super::image::StackAddress;
use crate::model::{CallSite, SiteLacks, StackFrame};

/// A stack's frames with the one that is the program's own; and when the file that it is in was made.
pub(super) struct OwnFrame {
    pub(super) frames: Vec<StackFrame>,
    pub(super) own: Option<usize>,
    pub(super) lacks: Option<SiteLacks>,
    pub(super) made: Option<std::time::SystemTime>,
}

/// Names the frames of a stack, from the innermost, until enough is known.
pub(super) fn of_machine(stack: &[StackAddress<'_>]) -> OwnFrame {
    let mut frames = Vec::new();
    let mut first_of_program = None;
    let (mut own, mut made, mut unreadable) = (None, None, false);
    for at in stack {
        if own.is_some() && frames.len() >= CallSite::MOST_FRAMES {
            break;
        }
        let Some(module) = at.module else {
            frames.push(StackFrame { address: Some(at.address), ..StackFrame::default() });
            continue;
        };
        let here = module.binary.frames(at.address, module.library);
        if own.is_none()
            && let Some(position) = here.iter().position(|frame| !frame.library && frame.line.is_some())
        {
            (own, made) = (Some(frames.len() + position), module.binary.made);
        }
        if !module.library && first_of_program.is_none() && here.iter().any(|frame| !frame.library) {
            first_of_program = Some(frames.len() + here.len() - 1);
            unreadable = module.binary.is_unreadable();
        }
        frames.extend(here);
    }
    let lacks = match (own, first_of_program) {
        (Some(_), _) => None,
        (None, Some(_)) if unreadable => Some(SiteLacks::Readable),
        (None, Some(_)) => Some(SiteLacks::DebugInfo),
        (None, None) => Some(SiteLacks::Frames),
    };
    OwnFrame { frames, own: own.or(first_of_program), lacks, made }
}

impl OwnFrame {
    /// As many frames as are kept, the own one among them.
    pub(super) fn kept(mut self) -> OwnFrame {
        let skip = self.own.map_or(0, |own| (own + 1).saturating_sub(CallSite::MOST_FRAMES));
        self.frames.drain(..skip.min(self.frames.len()));
        self.frames.truncate(CallSite::MOST_FRAMES);
        self.own = self.own.map(|own| own - skip);
        self
    }
}
