//! What a packet socket captures, and when it was.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use libc::c_int;

/// Has the kernel say of each packet when it was captured (`SO_TIMESTAMPNS` of `socket(7)`).
pub fn stamp_packets(fd: BorrowedFd<'_>) -> io::Result<()> {
    let on: c_int = 1;
    let length = mem::size_of_val(&on) as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, libc::SO_TIMESTAMPNS);
    // SAFETY: the pointer is to a number that lives across the call, with its own size.
    super::check(unsafe { libc::setsockopt(fd.as_raw_fd(), level, option, (&raw const on).cast(), length) }).map(drop)
}

/// The next packet, as `recv(2)` has it: its length, and when it was captured, by the clock of the system; `None` where the kernel
/// doesn't say.
pub fn next_packet(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<(usize, Option<Duration>)> {
    // Room for one control message of a `timespec`, and aligned as one has to be.
    let mut control = [0_u64; 8];
    let mut part = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: a message of zeros has no address, no buffers and no control data.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    (message.msg_iov, message.msg_iovlen) = (&raw mut part, 1);
    // The type of the length is another one in other C libraries.
    (message.msg_control, message.msg_controllen) = (control.as_mut_ptr().cast(), mem::size_of_val(&control) as _);
    // SAFETY: the message has pointers to `buffer` and `control` with their own lengths alone, which live across the call.
    let length = unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, 0) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    Ok((length, captured_at(&message)))
}

fn captured_at(message: &libc::msghdr) -> Option<Duration> {
    // SAFETY: the kernel has filled the message, whose control data and its length are those that it wrote.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: not null, it is a whole header within the control data.
    let header = unsafe { first.as_ref() }?;
    if (header.cmsg_level, header.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) {
        return None;
    }
    // SAFETY: a message of this kind bears a `timespec`, for which there was room; it may lie at any address.
    let at: libc::timespec = unsafe { std::ptr::read_unaligned(libc::CMSG_DATA(first).cast()) };
    let (seconds, nanoseconds) = (u64::try_from(at.tv_sec).ok()?, u32::try_from(at.tv_nsec).ok()?);
    Some(Duration::new(seconds, nanoseconds)).filter(|at| !at.is_zero())
}
