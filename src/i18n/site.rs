//! The words of where in its source a program makes a call.

use super::fill;
use super::words::words;
use crate::model::{CallSite, SiteLacks, StackFrame, escape_with};

words! {
    /// The place of a call, and what couldn't be found of it. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct SiteTexts {
        pub at: String,
        pub at_unnamed: String,
        pub from: String,
        pub left_out: String,
        pub frames: String,
        pub debug_info: String,
        pub readable: String,
        pub interpreter: String,
        pub file: String,
        pub permission: String,
        pub text: String,
        pub newer: String,
    }
}

impl SiteTexts {
    /// What couldn't be found, where something couldn't.
    pub fn lacks(&self, site: &CallSite) -> Option<String> {
        let text = match site.lacks? {
            SiteLacks::LeftOut => &self.left_out,
            SiteLacks::Frames => &self.frames,
            SiteLacks::DebugInfo => &self.debug_info,
            SiteLacks::Readable => &self.readable,
            SiteLacks::Interpreter => &self.interpreter,
            SiteLacks::File => &self.file,
            SiteLacks::Permission => &self.permission,
            SiteLacks::Text => &self.text,
            SiteLacks::Newer => &self.newer,
        };
        let file = site.frame().and_then(|frame| frame.file.as_deref()).unwrap_or_default();
        Some(fill(text, &[("file", shown(file))]))
    }

    /// `at server.c:31, in wait_for_client()`, as far as it is known.
    pub fn place(&self, site: &CallSite) -> Option<String> {
        let frame = site.frame()?;
        let function = frame.function.as_deref().map(shown);
        let address = frame.address.map(|address| format!("{address:#x}"));
        match (site.short(), function, address) {
            (Some(place), Some(function), _) => {
                Some(fill(&self.at, &[("place", shown(&place)), ("function", function)]))
            }
            (Some(place), None, _) => Some(fill(&self.at_unnamed, &[("place", shown(&place))])),
            (None, Some(function), Some(address)) => {
                Some(fill(&self.at, &[("place", address), ("function", function)]))
            }
            (None, None, Some(address)) => Some(fill(&self.at_unnamed, &[("place", address)])),
            (None, _, None) => None,
        }
    }

    /// Who called the function that makes the call.
    pub fn caller(&self, frame: &StackFrame) -> String {
        fill(&self.from, &[("frame", shown(&frame.written()))])
    }
}

/// What a program tells, so that nothing of it acts on a terminal.
fn shown(text: &str) -> String {
    escape_with(text.as_bytes(), "")
}
