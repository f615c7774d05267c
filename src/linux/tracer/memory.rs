//! A tracee's memory (`/proc/PID/mem`). What stands there is anybody's: all that is read has a bound, and what can't be read
//! is `None`.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::model::ProgramCall;

/// As much of one buffer is read.
pub(super) const LONGEST: usize = ProgramCall::LONGEST_DATA;

/// The memory of one process, until it executes another program.
pub(super) struct TraceeMemory(Option<File>);

impl TraceeMemory {
    pub(super) fn of(process: u32) -> TraceeMemory {
        TraceeMemory(File::open(format!("/proc/{process}/mem")).ok())
    }

    /// So many bytes.
    pub(super) fn array<const N: usize>(&self, address: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        (address != 0).then_some(())?;
        self.0.as_ref()?.read_exact_at(&mut bytes, address).ok()?;
        Some(bytes)
    }

    /// At most so many bytes, and at most [`LONGEST`]: those that are there.
    pub(super) fn bytes(&self, address: u64, length: u64) -> Option<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(LONGEST).min(LONGEST)];
        if bytes.is_empty() {
            return Some(bytes);
        }
        (address != 0).then_some(())?;
        let read = self.0.as_ref()?.read_at(&mut bytes, address).ok().filter(|read| *read > 0)?;
        bytes.truncate(read);
        Some(bytes)
    }

    /// An `int`.
    pub(super) fn int(&self, address: u64) -> Option<i32> {
        self.array(address).map(i32::from_ne_bytes)
    }

    /// Words of 64 bits.
    pub(super) fn words<const N: usize>(&self, address: u64) -> Option<[u64; N]> {
        let bytes = self.bytes(address, N as u64 * 8).filter(|bytes| bytes.len() == N * 8)?;
        let word = |at: usize| bytes[at * 8..at * 8 + 8].try_into().map_or(0, u64::from_ne_bytes);
        Some(std::array::from_fn(word))
    }
}
