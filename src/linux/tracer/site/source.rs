//! The lines of a source around one of them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::time::SystemTime;

use super::names::shortened;
use crate::model::{CallSite, SiteLacks};

/// As much of a source is read.
const LONGEST: u64 = 16 << 20;
/// As many columns a tab goes to.
const TAB: usize = 4;

/// The lines around one, and the number of the first; whether the file is newer than what was made from it. `process`: whose
/// folders the path is of; one that doesn't begin at the root begins where the process is.
pub(super) fn around(
    process: u32,
    path: &str,
    line: u32,
    made: Option<SystemTime>,
) -> Result<(Vec<String>, u32, bool), SiteLacks> {
    let folder = if path.starts_with('/') { "root" } else { "cwd/" };
    let file = open(&format!("/proc/{process}/{folder}{path}")).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => SiteLacks::Permission,
        _ => SiteLacks::File,
    })?;
    let changed = file.metadata().and_then(|metadata| metadata.modified()).ok();
    let newer = changed.zip(made).is_some_and(|(changed, made)| changed > made);
    let (lines, first) = read(file, line).ok_or(SiteLacks::Text)?;
    Ok((lines, first, newer))
}

/// A file and nothing else: a pipe would be waited for.
fn open(path: &str) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// `None` where there is no such line, or the lines are no text.
fn read(file: impl Read, line: u32) -> Option<(Vec<String>, u32)> {
    let first = line.saturating_sub(CallSite::AROUND).max(1);
    let last = line.saturating_add(CallSite::AROUND);
    let mut reader = BufReader::new(file.take(LONGEST));
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    for number in 1..=last {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes).ok()? == 0 {
            break;
        }
        if number >= first {
            let text = std::str::from_utf8(bytes.trim_ascii_end()).ok()?;
            lines.push(shortened(&without_tabs(text)));
        }
    }
    (first as usize + lines.len() > line as usize && line > 0).then_some((lines, first))
}

fn without_tabs(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    // What is longer is cut anyway.
    for c in text.chars().take(CallSite::LONGEST_LINE + 1) {
        let (width, shown) = if c == '\t' { (TAB - column % TAB, ' ') } else { (1, c) };
        out.extend(std::iter::repeat_n(shown, width));
        column += width;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_around_one_are_read_and_no_more() {
        let text: String = (1..=100).map(|n| format!("line {n}\n")).collect();
        let (lines, first) = read(text.as_bytes(), 50).unwrap();
        assert_eq!((first, lines.len(), lines[6].as_str()), (44, 13, "line 50"));
        let (lines, first) = read(text.as_bytes(), 2).unwrap();
        assert_eq!((first, lines.len(), lines[1].as_str()), (1, 8, "line 2"));
        let (lines, first) = read(text.as_bytes(), 100).unwrap();
        assert_eq!((first, lines.len()), (94, 7));
        for line in [0, 101, u32::MAX] {
            assert_eq!(read(text.as_bytes(), line), None, "{line}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_shown_and_what_is_long_is_cut() {
        assert_eq!(read(&b"a\n\xff\nb\n"[..], 2), None);
        let (lines, _) = read(format!("\tif x\t{{\r\n{}", "y".repeat(1 << 20)).as_bytes(), 2).unwrap();
        assert_eq!(lines[0], "    if x    {");
        assert_eq!(lines[1].chars().count(), CallSite::LONGEST_LINE);
    }

    #[test]
    fn only_files_are_opened() {
        for path in ["/dev/zero", "/", "/nowhere"] {
            assert!(open(path).is_err(), "{path}");
        }
    }
}
