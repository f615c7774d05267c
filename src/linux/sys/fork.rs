//! A second process like the first.

use std::fs;
use std::io;

/// `fork(2)`: the child's number in the process that calls it, `None` in the child.
///
/// # Errors
/// The kernel's refusal; `EBUSY` where the process has a second thread, whose locks would stay held in the child.
pub fn fork() -> io::Result<Option<u32>> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    // SAFETY: the process has one thread, so nothing in it is half done when the child begins; the call takes no pointer.
    let child = super::check(unsafe { libc::fork() })?;
    Ok((child != 0).then_some(child.unsigned_abs()))
}
