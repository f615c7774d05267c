//! What a process has mapped to execute it (`proc_pid_maps(5)`).

use std::fs::File;
use std::io::Read;
use std::ops::Range;

/// As much of the list is read.
const LONGEST: u64 = 16 << 20;
/// So many mappings are looked at.
const MOST: usize = 1024;

/// A part of a file that a process executes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CodeMapping {
    pub(super) range: Range<u64>,
    pub(super) offset: u64,
    pub(super) inode: u64,
    pub(super) path: String,
}

/// The executable mappings of files.
pub(super) fn of(process: u32) -> Vec<CodeMapping> {
    let mut text = Vec::new();
    let file = File::open(format!("/proc/{process}/maps"));
    if file.and_then(|file| file.take(LONGEST).read_to_end(&mut text)).is_err() {
        return Vec::new();
    }
    // Names may have any bytes.
    String::from_utf8_lossy(&text).lines().filter_map(mapping).take(MOST).collect()
}

/// `00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/dbus-daemon`
fn mapping(line: &str) -> Option<CodeMapping> {
    let mut rest = line;
    let mut word = || {
        let (word, after) = rest.trim_start().split_once(' ')?;
        rest = after;
        Some(word)
    };
    let (range, rights, offset, _, inode) = (word()?, word()?, word()?, word()?, word()?);
    let (start, end) = range.split_once('-')?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    let (range, offset, inode) = (hex(start)?..hex(end)?, hex(offset)?, inode.parse().ok()?);
    let path = rest.trim_start();
    let is_code = rights.as_bytes().get(2) == Some(&b'x') && path.starts_with('/') && range.start < range.end;
    is_code.then(|| CodeMapping { range, offset, inode, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_executed_of_a_file_is_meant() {
        let line = "55d4a000-55d4b000 r-xp 00001000 fe:00 4711                       /tmp/a program (deleted)";
        let read = mapping(line).unwrap();
        assert_eq!((read.range, read.offset, read.inode), (0x55d4_a000..0x55d4_b000, 0x1000, 4711));
        assert_eq!(read.path, "/tmp/a program (deleted)");
        for line in [
            "55d4a000-55d4b000 rw-p 00001000 fe:00 4711    /tmp/a",
            "7ffd8000-7ffd9000 r-xp 00000000 00:00 0       [vdso]",
            "7ffd8000-7ffd9000 r-xp 00000000 00:00 0 ",
            "7ffd9000-7ffd8000 r-xp 00000000 00:00 1 /a",
            "x-y r-xp",
            "",
        ] {
            assert_eq!(mapping(line), None, "{line}");
        }
    }
}
