//! The first line of a recording: what was recorded, where, when and by which program.

use serde::{Deserialize, Serialize};

use crate::model::{Entry, Event, Mode};
use crate::walk::WireAbility;

/// What the first line's `format` says.
const FORMAT: &str = "sockwalk-recording";

/// The version of recordings that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// What a recording is of. Everything in it is free of any language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where the walk ran.
    pub mode: Mode,
    /// What its wire could do.
    pub wire: WireAbility,
    /// The kernel's release.
    pub kernel: String,
    /// When the recording began, in milliseconds since 1970.
    pub began_ms: u64,
    /// The lesson's name; `None` where there was none.
    pub lesson: Option<String>,
    /// Its text, where it isn't built in.
    pub source: Option<String>,
    /// The name of the step that was done last when the recording began; `None` at a lesson's beginning, or without one.
    pub step: Option<String>,
    /// The version of the program that wrote it.
    pub program: String,
}

/// The header as it stands in the file, apart from the types in memory: those may change.
#[derive(Serialize, Deserialize)]
struct HeaderLine {
    format: String,
    version: u32,
    mode: String,
    wire: String,
    kernel: String,
    began_ms: u64,
    lesson: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    step: Option<String>,
    program: String,
}

/// What a first line is.
pub(super) enum FirstLine {
    /// A header.
    Header(Header),
    /// That of a newer version than [`VERSION`].
    Newer(u32),
    /// None: the recording is of the time before there were headers.
    Entry,
}

impl Header {
    pub(super) fn line(&self) -> serde_json::Result<String> {
        serde_json::to_string(&HeaderLine {
            format: FORMAT.to_owned(),
            version: VERSION,
            mode: self.mode.name().to_owned(),
            wire: wire_name(self.wire).to_owned(),
            kernel: self.kernel.clone(),
            began_ms: self.began_ms,
            lesson: self.lesson.clone(),
            source: self.source.clone(),
            step: self.step.clone(),
            program: self.program.clone(),
        })
    }

    /// What entries without a header show of where they were recorded: where a segment was held, it was a lab.
    pub fn deduced(entries: &[Entry]) -> Header {
        let any = |is: fn(&Event) -> bool| entries.iter().any(|entry| is(&entry.event));
        let (mode, wire) = if any(|event| matches!(event, Event::Held(_) | Event::Passing(_))) {
            (Mode::Lab, WireAbility::Holds)
        } else if any(|event| matches!(event, Event::Sent { .. })) {
            (Mode::Host, WireAbility::Watches)
        } else {
            (Mode::Host, WireAbility::Blind)
        };
        let (kernel, program) = (String::new(), String::new());
        Header { mode, wire, kernel, began_ms: 0, lesson: None, source: None, step: None, program }
    }
}

/// Reads a first line.
pub(super) fn first(line: &[u8]) -> FirstLine {
    /// What every version's header has.
    #[derive(Deserialize)]
    struct FormatVersion {
        format: String,
        version: u32,
    }
    match serde_json::from_slice::<FormatVersion>(line) {
        Ok(found) if found.format == FORMAT && found.version > VERSION => FirstLine::Newer(found.version),
        Ok(found) if found.format == FORMAT => {
            serde_json::from_slice(line).ok().and_then(header).map_or(FirstLine::Entry, FirstLine::Header)
        }
        _ => FirstLine::Entry,
    }
}

fn header(line: HeaderLine) -> Option<Header> {
    let mode = [Mode::Lab, Mode::Host].into_iter().find(|mode| mode.name() == line.mode)?;
    let wire = [WireAbility::Holds, WireAbility::Watches, WireAbility::Blind]
        .into_iter()
        .find(|wire| wire_name(*wire) == line.wire)?;
    let HeaderLine { kernel, began_ms, lesson, source, step, program, .. } = line;
    Some(Header { mode, wire, kernel, began_ms, lesson, source, step, program })
}

const fn wire_name(wire: WireAbility) -> &'static str {
    match wire {
        WireAbility::Holds => "holds",
        WireAbility::Watches => "watches",
        WireAbility::Blind => "blind",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::report) fn some() -> Header {
        Header {
            mode: Mode::Host,
            wire: WireAbility::Watches,
            kernel: "6.18.0".into(),
            began_ms: 1_795_000_000_000,
            lesson: Some("handshake".into()),
            source: None,
            step: None,
            program: "0.1.0".into(),
        }
    }

    #[test]
    fn a_header_is_read_back_and_says_its_version() {
        let line = some().line().unwrap();
        assert_eq!(
            line,
            r#"{"format":"sockwalk-recording","version":1,"mode":"host","wire":"watches","kernel":"6.18.0","began_ms":1795000000000,"lesson":"handshake","step":null,"program":"0.1.0"}"#
        );
        assert!(matches!(first(line.as_bytes()), FirstLine::Header(header) if header == some()));
        let newer = line.replace("\"version\":1", "\"version\":2,\"more\":[]");
        assert!(matches!(first(newer.as_bytes()), FirstLine::Newer(2)));
        assert!(matches!(first(b"{\"n\":1,\"t_us\":0,\"kind\":\"member\"}"), FirstLine::Entry));
    }
}
