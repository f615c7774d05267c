//! `seccomp(2)`, and how a command starts under a tracer.

use std::ffi::{c_int, c_uint};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::check;

pub use libc::sock_filter as Instruction;

/// `SECCOMP_SET_MODE_FILTER` of `linux/seccomp.h`.
const SET_MODE_FILTER: c_uint = 1;

/// Whether the calling thread might have a filter: without setting one.
///
/// # Errors
/// The kernel's refusal, or that of a filter which is there already, as a container's.
pub fn try_filter() -> io::Result<()> {
    // SAFETY: no filter is at a null pointer, which the kernel says without having set one.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, 0, std::ptr::null::<libc::sock_fprog>()) };
    match check(result as c_int) {
        Err(error) if error.raw_os_error() != Some(libc::EFAULT) => Err(error),
        _ => Ok(()),
    }
}

/// What the new process tells its tracer, and hears from it, before it executes its program.
pub struct Handshake {
    /// Into which it writes its number, as four bytes.
    pub hello: OwnedFd,
    /// From which it reads a byte: whether it is traced (not 0).
    pub order: OwnedFd,
    /// The other end of that, which is nothing to the new process: it must see when its tracer is gone.
    pub orders: c_int,
}

/// The command's process says its number, and goes on once it is told whether it is traced; then with the filter, without
/// ever gaining rights by a program that it executes (`PR_SET_NO_NEW_PRIVS`).
pub fn start_filtered(command: &mut Command, mut filter: Vec<Instruction>, handshake: Handshake) {
    let Handshake { hello, order, orders } = handshake;
    let begin = move || {
        // SAFETY: the calls take descriptors that the closure owns, bytes and a program that live across them, with their
        // lengths. All of them are allowed between fork(2) and execve(2), and nothing is allocated.
        unsafe {
            libc::close(orders);
            let own = libc::getpid().to_ne_bytes();
            libc::write(hello.as_raw_fd(), own.as_ptr().cast(), own.len());
            let mut traced = 0u8;
            loop {
                match libc::read(order.as_raw_fd(), (&raw mut traced).cast(), 1) {
                    1 => break,
                    0 => return Err(io::Error::from_raw_os_error(libc::ECANCELED)),
                    _ if *libc::__errno_location() == libc::EINTR => {}
                    _ => return Err(io::Error::last_os_error()),
                }
            }
            if traced == 0 {
                return Ok(());
            }
            let program = libc::sock_fprog { len: filter.len() as _, filter: filter.as_mut_ptr() };
            check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
            check(libc::syscall(libc::SYS_seccomp, SET_MODE_FILTER, 0, &raw const program) as c_int).map(drop)
        }
    };
    // SAFETY: see above.
    unsafe { command.pre_exec(begin) };
}

/// The command's process leaves all descriptors but its standard streams to whoever started this program (`close_range(2)`, Linux
/// 5.11). Where the system refuses that, it has them.
pub fn start_without_inherited(command: &mut Command) {
    let leave = || {
        let first = libc::STDERR_FILENO as c_uint + 1;
        // SAFETY: takes no pointer, and closes nothing before `execve(2)`: what a Command itself holds open until then stays.
        unsafe { libc::syscall(libc::SYS_close_range, first, c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
        Ok(())
    };
    // SAFETY: the one call is allowed between fork(2) and execve(2), and nothing is allocated.
    unsafe { command.pre_exec(leave) };
}

/// An instruction of a filter (`struct sock_filter` of `linux/filter.h`).
pub const fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code: code as u16, jt, jf, k }
}

const _: () = assert!(mem::size_of::<Instruction>() == 8);
