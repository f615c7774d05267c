//! The calls that are shown: each by its number on this processor, its name, and what its arguments are.

use crate::model::DeviceRequest;

/// What an argument is, by which it is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArgumentKind {
    /// The descriptor of what the call is about: the call is shown where it is a socket's.
    Fd,
    /// A descriptor that decides nothing, as an epoll instance's.
    OtherFd,
    Int,
    Unsigned,
    Pointer,
    Domain,
    SocketType,
    /// By the two arguments before it.
    Protocol,
    /// `SOCK_…` of accept4.
    SocketFlags,
    /// An address, with its length in the argument after it.
    Address,
    /// Where the kernel puts one; after it comes where it puts the length.
    AddressOut,
    /// Where a length stands that the kernel changes.
    LengthOut,
    /// Bytes, as many as the argument after it says.
    Bytes,
    /// Where the kernel puts bytes, as many as the call returns.
    BytesOut,
    MessageFlags,
    /// An array of `struct iovec`, as many as the argument after it says.
    Vectors,
    /// One whose buffers the kernel fills with as many bytes as the call returns.
    VectorsOut,
    /// `struct msghdr`
    Message,
    MessageOut,
    /// An array of `struct mmsghdr`, as many as the argument after it says.
    Messages,
    MessagesOut,
    How,
    /// `setsockopt`'s level.
    Level,
    /// Its option, of the level before it.
    Option,
    /// Its value, of the option before it, with its length after it.
    OptionValue,
    OptionValueOut,
    FileCommand,
    /// Of the command before it.
    OfFileCommand,
    DeviceRequest,
    OfDeviceRequest,
    DuplicateFlags,
    /// An array of `struct pollfd`, as many as the argument after it says.
    Polled,
    /// A set of descriptors of select, below the first argument; after the call, those that are ready.
    Set,
    /// `struct timeval`
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only select(2) has it"))]
    Microseconds,
    /// `struct timespec`
    Nanoseconds,
    EpollFlags,
    EpollOperation,
    EpollEvent,
    /// Where the kernel puts events, as many as the call returns.
    EpollEventsOut,
    /// Where the kernel puts two descriptors.
    PairOut,
    /// `CLONE_…` and the signal that tells of the end.
    CloneFlags,
    /// `struct clone_args`, of which the flags are written.
    CloneArguments,
    /// A string that 0 ends.
    Path,
}

/// One call.
#[derive(Debug)]
pub(super) struct SyscallRow {
    pub(super) number: u64,
    pub(super) name: &'static str,
    pub(super) arguments: &'static [ArgumentKind],
    /// Whether it is one of those that sockets alone know: then it is shown whatever its descriptor is.
    pub(super) network: bool,
    /// Whether it is one of the walk's own: those that are held where a program is walked through.
    pub(super) walk: bool,
}

/// The calls that are about all descriptors of their process: shown where sockets are among them.
const OF_PROCESSES: [&str; 7] = ["clone", "clone3", "fork", "vfork", "execve", "execveat", "exit_group"];

impl SyscallRow {
    /// The row of a call by its number.
    pub(super) fn of(number: u64) -> Option<&'static SyscallRow> {
        // Numbers are small, and below 512 on both processors.
        let place = *PLACES.get(usize::try_from(number).ok()?)?;
        ROWS.get(usize::from(place))
    }

    /// Whether it is about all descriptors of its process.
    pub(super) fn is_of_process(&self) -> bool {
        OF_PROCESSES.contains(&self.name)
    }
}

const NUMBERS: usize = 512;

/// The place of each number's row; one behind the last where there is none.
static PLACES: [u8; NUMBERS] = {
    let mut places = [u8::MAX; NUMBERS];
    let mut at = 0;
    while at < ROWS.len() {
        places[ROWS[at].number as usize] = at as u8;
        at += 1;
    }
    places
};

macro_rules! rows {
    ($($(#[$only:meta])* $number:ident $name:literal $network:ident $walk:ident [$($argument:ident)*])*) => {
        /// All of them.
        pub(super) static ROWS: &[SyscallRow] = &[$(
            $(#[$only])*
            SyscallRow {
                number: libc::$number as u64,
                name: $name,
                arguments: &[$(ArgumentKind::$argument),*],
                network: $network,
                walk: $walk,
            },
        )*];
    };
}

const SOCKETS: bool = true;
const ANY: bool = false;
const WALK: bool = true;
const BESIDE: bool = false;

rows! {
    SYS_socket "socket" SOCKETS WALK [Domain SocketType Protocol]
    SYS_socketpair "socketpair" SOCKETS BESIDE [Domain SocketType Protocol PairOut]
    SYS_bind "bind" SOCKETS WALK [Fd Address Int]
    SYS_listen "listen" SOCKETS WALK [Fd Int]
    SYS_accept "accept" SOCKETS WALK [Fd AddressOut LengthOut]
    SYS_accept4 "accept4" SOCKETS WALK [Fd AddressOut LengthOut SocketFlags]
    SYS_connect "connect" SOCKETS WALK [Fd Address Int]
    SYS_sendto "sendto" SOCKETS WALK [Fd Bytes Unsigned MessageFlags Address Int]
    SYS_sendmsg "sendmsg" SOCKETS WALK [Fd Message MessageFlags]
    SYS_sendmmsg "sendmmsg" SOCKETS WALK [Fd Messages Unsigned MessageFlags]
    SYS_recvfrom "recvfrom" SOCKETS WALK [Fd BytesOut Unsigned MessageFlags AddressOut LengthOut]
    SYS_recvmsg "recvmsg" SOCKETS WALK [Fd MessageOut MessageFlags]
    SYS_recvmmsg "recvmmsg" SOCKETS WALK [Fd MessagesOut Unsigned MessageFlags Nanoseconds]
    SYS_shutdown "shutdown" SOCKETS WALK [Fd How]
    SYS_setsockopt "setsockopt" SOCKETS BESIDE [Fd Level Option OptionValue Int]
    SYS_getsockopt "getsockopt" SOCKETS BESIDE [Fd Level Option OptionValueOut LengthOut]
    SYS_getsockname "getsockname" SOCKETS BESIDE [Fd AddressOut LengthOut]
    SYS_getpeername "getpeername" SOCKETS BESIDE [Fd AddressOut LengthOut]
    SYS_close "close" ANY WALK [Fd]
    SYS_dup "dup" ANY BESIDE [Fd]
    #[cfg(target_arch = "x86_64")]
    SYS_dup2 "dup2" ANY BESIDE [Fd Fd]
    SYS_dup3 "dup3" ANY BESIDE [Fd Fd DuplicateFlags]
    SYS_fcntl "fcntl" ANY BESIDE [Fd FileCommand OfFileCommand]
    SYS_ioctl "ioctl" ANY BESIDE [Fd DeviceRequest OfDeviceRequest]
    SYS_read "read" ANY WALK [Fd BytesOut Unsigned]
    SYS_write "write" ANY WALK [Fd Bytes Unsigned]
    SYS_readv "readv" ANY WALK [Fd VectorsOut Int]
    SYS_writev "writev" ANY WALK [Fd Vectors Int]
    SYS_sendfile "sendfile" ANY WALK [Fd Fd Pointer Unsigned]
    SYS_splice "splice" ANY WALK [Fd Pointer Fd Pointer Unsigned Unsigned]
    #[cfg(target_arch = "x86_64")]
    SYS_poll "poll" ANY BESIDE [Polled Unsigned Int]
    SYS_ppoll "ppoll" ANY BESIDE [Polled Unsigned Nanoseconds Pointer Unsigned]
    #[cfg(target_arch = "x86_64")]
    SYS_select "select" ANY BESIDE [Int Set Set Set Microseconds]
    SYS_pselect6 "pselect6" ANY BESIDE [Int Set Set Set Nanoseconds Pointer]
    SYS_epoll_create1 "epoll_create1" ANY BESIDE [EpollFlags]
    #[cfg(target_arch = "x86_64")]
    SYS_epoll_create "epoll_create" ANY BESIDE [Int]
    SYS_epoll_ctl "epoll_ctl" ANY BESIDE [OtherFd EpollOperation Fd EpollEvent]
    #[cfg(target_arch = "x86_64")]
    SYS_epoll_wait "epoll_wait" ANY BESIDE [OtherFd EpollEventsOut Int Int]
    SYS_epoll_pwait "epoll_pwait" ANY BESIDE [OtherFd EpollEventsOut Int Int Pointer Unsigned]
    SYS_epoll_pwait2 "epoll_pwait2" ANY BESIDE [OtherFd EpollEventsOut Int Nanoseconds Pointer Unsigned]
    SYS_clone "clone" ANY BESIDE [CloneFlags Pointer]
    SYS_clone3 "clone3" ANY BESIDE [CloneArguments Unsigned]
    #[cfg(target_arch = "x86_64")]
    SYS_fork "fork" ANY BESIDE []
    #[cfg(target_arch = "x86_64")]
    SYS_vfork "vfork" ANY BESIDE []
    SYS_execve "execve" ANY BESIDE [Path Pointer Pointer]
    SYS_execveat "execveat" ANY BESIDE [Int Path Pointer Pointer Int]
    SYS_exit_group "exit_group" ANY BESIDE [Int]
}

/// What restarts a call that a signal interrupted, where the kernel keeps what is left of it (`restart_syscall(2)`).
pub(super) const RESTART: u64 = libc::SYS_restart_syscall as u64;
/// What a handler's end is (`sigreturn(2)`).
pub(super) const HANDLER_ENDS: u64 = libc::SYS_rt_sigreturn as u64;
/// After it, calls are made that no filter sees one by one (`io_uring_setup(2)`).
pub(super) const RING: u64 = libc::SYS_io_uring_setup as u64;
/// What copies a descriptor out of another process (`pidfd_getfd(2)`); it isn't told.
pub(super) const TAKES: u64 = libc::SYS_pidfd_getfd as u64;

/// `fcntl(2)`'s commands that are of interest: what duplicates a descriptor, and what asks or changes whether it blocks.
pub(super) const FILE_COMMANDS: [(u32, &str); 4] =
    [(0, "F_DUPFD"), (3, "F_GETFL"), (4, "F_SETFL"), (1030, "F_DUPFD_CLOEXEC")];

/// `ioctl(2)`'s requests that are: what changes whether it blocks, and what asks for a socket's queues.
pub(super) const DEVICE_REQUESTS: [(u32, &str); 1 + DeviceRequest::ALL.len()] = {
    let mut requests = [(libc::FIONBIO as u32, "FIONBIO"); 1 + DeviceRequest::ALL.len()];
    let mut at = 0;
    while at < DeviceRequest::ALL.len() {
        let request = DeviceRequest::ALL[at];
        requests[at + 1] = (request.number(), request.name());
        at += 1;
    }
    requests
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_leads_to_its_row_and_no_other_to_any() {
        assert!(ROWS.len() < usize::from(u8::MAX));
        for row in ROWS {
            assert!(std::ptr::eq(SyscallRow::of(row.number).unwrap(), row), "{}", row.name);
            assert!(row.arguments.len() <= 6, "{}", row.name);
            assert!(crate::model::PROGRAM_CALLS.binary_search(&row.name).is_ok(), "{}", row.name);
        }
        let known = (0..2000).filter(|number| SyscallRow::of(*number).is_some()).count();
        assert_eq!(known, ROWS.len());
        assert!(SyscallRow::of(u64::MAX).is_none());
    }
}
