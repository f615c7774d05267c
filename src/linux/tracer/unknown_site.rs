//! Where in its source a call is made: not known in a build without the reader of sources, or on another processor.

use crate::model::{CallSite, ProgramThread, SiteLacks};

#[derive(Default)]
pub(super) struct UnknownSites;

impl UnknownSites {
    pub(super) fn of_standing(&mut self, _: ProgramThread) -> Option<CallSite> {
        Some(CallSite::lacking(SiteLacks::LeftOut))
    }

    pub(super) fn of_passing(&mut self, _: ProgramThread) -> Option<CallSite> {
        None
    }

    pub(super) fn forget(&mut self, _: u32) {}
}

pub(super) use UnknownSites as CallSites;
