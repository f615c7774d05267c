//! `ptrace(2)` and `waitpid(2)`, for the thread that traces: both are bound to it.

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::mem;

use super::check;

/// What a tracee does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    /// It runs (`PTRACE_CONT`).
    Continue,
    /// It runs to where its present call ends, or to its next one (`PTRACE_SYSCALL`).
    ToSyscall,
    /// It stays stopped as its group is, and tells when that is over (`PTRACE_LISTEN`).
    Listen,
}

/// What `PTRACE_GET_SYSCALL_INFO` tells of the stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallInfo {
    /// Before the call.
    Entry(SyscallEntry),
    /// Before the call, where the filter stops it.
    Filtered(SyscallEntry),
    /// After the call: its value; an error's number is negative.
    Exit(i64),
    /// No call's stop.
    None,
}

/// A call that is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyscallEntry {
    /// Its number, which says something for `arch` alone.
    pub number: u64,
    /// Its arguments, as the registers have them.
    pub arguments: [u64; 6],
    /// The thread's stack pointer.
    pub stack: u64,
    /// Whose numbers these are: `AUDIT_ARCH_…` of `linux/audit.h`.
    pub arch: u32,
}

/// From `linux/ptrace.h`: each is a bit of the options by the event's number.
pub const EVENT_FORK: c_int = 1;
/// `PTRACE_EVENT_VFORK`
pub const EVENT_VFORK: c_int = 2;
/// `PTRACE_EVENT_CLONE`
pub const EVENT_CLONE: c_int = 3;
/// `PTRACE_EVENT_EXEC`
pub const EVENT_EXEC: c_int = 4;
/// `PTRACE_EVENT_SECCOMP`
pub const EVENT_SECCOMP: c_int = 7;
/// `PTRACE_EVENT_STOP`
pub const EVENT_STOP: c_int = 128;

const OPTIONS: u64 = {
    let events = [EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_SECCOMP];
    // PTRACE_O_TRACESYSGOOD and PTRACE_O_EXITKILL.
    let mut options = 1 | 1 << 20;
    let mut at = 0;
    while at < events.len() {
        options |= 1 << events[at];
        at += 1;
    }
    options
};

const CONTINUE: u32 = 7;
const SYSCALL: u32 = 24;
const SEIZE: u32 = 0x4206;
const INTERRUPT: u32 = 0x4207;
const LISTEN: u32 = 0x4208;
const GET_SYSCALL_INFO: u32 = 0x420e;
const GET_EVENT_MESSAGE: u32 = 0x4201;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const GET_REGISTERS: u32 = 0x4204;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const SET_REGISTERS: u32 = 0x4205;

// SAFETY: the caller sees to it that `address` and `data` are what the request takes.
unsafe fn request(number: u32, thread: i32, address: usize, data: *mut c_void) -> io::Result<c_long> {
    // SAFETY: the caller's.
    let result = unsafe { libc::ptrace(number as _, thread, address as *mut c_void, data) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The calling thread becomes a thread's tracer, and that of all that this one starts (`PTRACE_SEIZE`). All of them end when
/// the calling thread does.
pub fn seize(thread: i32) -> io::Result<()> {
    // SAFETY: takes options as a number.
    unsafe { request(SEIZE, thread, 0, OPTIONS as *mut c_void) }.map(drop)
}

/// A stopped tracee goes on, with a signal or none (0).
pub fn resume(thread: i32, how: Resume, signal: c_int) -> io::Result<()> {
    let number = match how {
        Resume::Continue => CONTINUE,
        Resume::ToSyscall => SYSCALL,
        Resume::Listen => LISTEN,
    };
    // SAFETY: takes the signal as a number.
    unsafe { request(number, thread, 0, signal as usize as *mut c_void) }.map(drop)
}

/// A tracee stops, wherever it is: a call in which it sleeps ends as by a signal (`PTRACE_INTERRUPT`).
pub fn interrupt(thread: i32) -> io::Result<()> {
    // SAFETY: takes nothing.
    unsafe { request(INTERRUPT, thread, 0, std::ptr::null_mut()) }.map(drop)
}

/// What an event has to say: the new thread's number, or the former one of the thread that executed.
pub fn event_message(thread: i32) -> io::Result<u64> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: writes one unsigned long, which lives across the call.
    unsafe { request(GET_EVENT_MESSAGE, thread, 0, (&raw mut message).cast()) }?;
    Ok(message as u64)
}

/// What the call is at which a tracee stopped, or has come to.
pub fn syscall_info(thread: i32) -> io::Result<SyscallInfo> {
    // `struct ptrace_syscall_info` of `linux/ptrace.h`, in words: kind and architecture, instruction, stack, then the call.
    let mut words = [0u64; 12];
    let size = mem::size_of_val(&words);
    // SAFETY: writes at most `size` bytes to `words`, which live across the call.
    unsafe { request(GET_SYSCALL_INFO, thread, size, words.as_mut_ptr().cast()) }?;
    let [kind, stack, number] = [words[0].to_ne_bytes()[0].into(), words[2], words[3]];
    let arch = words[0].to_ne_bytes();
    let arch = u32::from_ne_bytes([arch[4], arch[5], arch[6], arch[7]]);
    let arguments = std::array::from_fn(|at| words[4 + at]);
    let entry = SyscallEntry { number, arguments, stack, arch };
    Ok(match kind {
        1u64 => SyscallInfo::Entry(entry),
        2 => SyscallInfo::Exit(number as i64),
        3 => SyscallInfo::Filtered(entry),
        _ => SyscallInfo::None,
    })
}

/// Waits until one of the calling thread's tracees stops or ends: which, and how (`wait(2)`).
///
/// # Errors
/// `ECHILD` where none is left; `EINTR` where a signal came first.
pub fn wait() -> io::Result<(i32, c_int)> {
    let mut status = 0;
    // SAFETY: writes one int, which lives across the call.
    let thread = check(unsafe { libc::waitpid(-1, &raw mut status, libc::__WALL | libc::__WNOTHREAD) })?;
    Ok((thread, status))
}

/// The same until one stops: the end of one is left to somebody else's wait (`waitid(2)`).
///
/// # Errors
/// As of [`wait`].
pub fn wait_stopped() -> io::Result<(i32, c_int)> {
    let flags = libc::WSTOPPED | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: an all-zero siginfo_t is a valid value; the call fills it as of SIGCHLD, which has these two fields.
    unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        check(libc::waitid(libc::P_ALL, 0, &raw mut info, flags))?;
        // As waitpid(2) has it: the signal above the mark of a stop, and above that the event.
        Ok((info.si_pid(), info.si_status() << 8 | 0x7f))
    }
}

/// A tracee that stands before a call doesn't make it, and stops where it would have ended: there [`make_again`] is due.
#[cfg(target_arch = "x86_64")]
pub fn skip_call(thread: i32) -> io::Result<()> {
    with_registers(thread, |registers| registers.orig_rax = u64::MAX)
}

/// At that end: the call is made once more, as if the thread had only now come to it. What signals wait comes first.
#[cfg(target_arch = "x86_64")]
pub fn make_again(thread: i32, entry: &SyscallEntry) -> io::Result<()> {
    // Back over the instruction `syscall`, two bytes long. `orig_rax` says that no call is to be restarted beside that.
    with_registers(thread, |registers| {
        (registers.rip, registers.rax, registers.orig_rax) = (registers.rip - 2, entry.number, u64::MAX);
    })
}

/// A tracee that stands before a call doesn't make it, and stops where it would have ended: there [`make_again`] is due.
#[cfg(target_arch = "aarch64")]
pub fn skip_call(thread: i32) -> io::Result<()> {
    set_call(thread, -1)
}

/// At that end: the call is made once more, as if the thread had only now come to it. What signals wait comes first.
#[cfg(target_arch = "aarch64")]
pub fn make_again(thread: i32, entry: &SyscallEntry) -> io::Result<()> {
    // Back over the instruction `svc`, four bytes long; its first argument stands where the value is.
    with_registers(thread, |registers| (registers.pc, registers.regs[0]) = (registers.pc - 4, entry.arguments[0]))?;
    set_call(thread, -1)
}

/// A tracee that stands before a call makes it with another fourth argument; behind the call the register gets what it had.
#[cfg(target_arch = "x86_64")]
pub fn set_fourth_argument(thread: i32, value: u64) -> io::Result<()> {
    with_registers(thread, |registers| registers.r10 = value)
}

/// A tracee that stands before a call makes it with another fourth argument; behind the call the register gets what it had.
#[cfg(target_arch = "aarch64")]
pub fn set_fourth_argument(thread: i32, value: u64) -> io::Result<()> {
    with_registers(thread, |registers| registers.regs[3] = value)
}

/// At a call's end: what it returned is another value.
#[cfg(target_arch = "x86_64")]
pub fn set_value(thread: i32, value: i64) -> io::Result<()> {
    with_registers(thread, |registers| registers.rax = value as u64)
}

/// At a call's end: what it returned is another value.
#[cfg(target_arch = "aarch64")]
pub fn set_value(thread: i32, value: i64) -> io::Result<()> {
    with_registers(thread, |registers| registers.regs[0] = value as u64)
}

/// Of other processors this isn't known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn set_value(_thread: i32, _value: i64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Of other processors this isn't known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn set_fourth_argument(_thread: i32, _value: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Of other processors this isn't known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn skip_call(_thread: i32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Of other processors this isn't known.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn make_again(_thread: i32, _entry: &SyscallEntry) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `NT_PRSTATUS` of `elf.h`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const GENERAL_REGISTERS: usize = 1;

/// Changes a stopped tracee's registers.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn with_registers(thread: i32, change: impl FnOnce(&mut libc::user_regs_struct)) -> io::Result<()> {
    // SAFETY: an all-zero user_regs_struct is a valid value; both requests read or write at most its size.
    unsafe {
        let mut registers: libc::user_regs_struct = mem::zeroed();
        let mut all = libc::iovec { iov_base: (&raw mut registers).cast(), iov_len: mem::size_of_val(&registers) };
        request(GET_REGISTERS, thread, GENERAL_REGISTERS, (&raw mut all).cast())?;
        change(&mut registers);
        request(SET_REGISTERS, thread, GENERAL_REGISTERS, (&raw mut all).cast()).map(drop)
    }
}

/// What a walk over a stopped tracee's stack begins with.
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// The next instruction.
    pub instruction: u64,
    /// The stack pointer.
    pub stack: u64,
    /// The frame pointer.
    pub frame: u64,
    /// Where the function returns to, on processors that have it in a register; else 0.
    pub link: u64,
    /// The thread's own storage, as `pthread_self(3)` has it, where it is among these registers.
    pub storage: Option<u64>,
}

/// A stopped tracee's registers.
#[cfg(all(feature = "source-lines", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub fn registers(thread: i32) -> io::Result<Registers> {
    // SAFETY: an all-zero user_regs_struct is a valid value; the request writes at most its size.
    let registers = unsafe {
        let mut registers: libc::user_regs_struct = mem::zeroed();
        let mut all = libc::iovec { iov_base: (&raw mut registers).cast(), iov_len: mem::size_of_val(&registers) };
        request(GET_REGISTERS, thread, GENERAL_REGISTERS, (&raw mut all).cast())?;
        registers
    };
    #[cfg(target_arch = "x86_64")]
    let registers = Registers {
        instruction: registers.rip,
        stack: registers.rsp,
        frame: registers.rbp,
        link: 0,
        storage: Some(registers.fs_base),
    };
    #[cfg(target_arch = "aarch64")]
    let registers = Registers {
        instruction: registers.pc,
        stack: registers.sp,
        frame: registers.regs[29],
        link: registers.regs[30],
        storage: None,
    };
    Ok(registers)
}

/// The number of the call that the tracee is about to make (`NT_ARM_SYSTEM_CALL` of `elf.h`).
#[cfg(target_arch = "aarch64")]
fn set_call(thread: i32, mut number: c_int) -> io::Result<()> {
    let mut all = libc::iovec { iov_base: (&raw mut number).cast(), iov_len: mem::size_of_val(&number) };
    // SAFETY: reads one int, which lives across the call.
    unsafe { request(SET_REGISTERS, thread, 0x404, (&raw mut all).cast()) }.map(drop)
}

/// Sends a process a signal (`kill(2)`).
pub fn signal(process: i32, signal: c_int) -> io::Result<()> {
    // SAFETY: takes no pointer.
    check(unsafe { libc::kill(process, signal) }).map(drop)
}
