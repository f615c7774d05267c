//! `struct epoll_event`, and what an epoll instance watches.

use std::fs::File;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;

use super::memory::TraceeMemory;

/// A descriptor that an epoll instance watches (`proc_pid_fdinfo(5)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WatchedDescriptor {
    /// The number under which it was added.
    pub(super) fd: i32,
    pub(super) events: u32,
    /// What the instance tells of it.
    data: u64,
    pub(super) file: WatchedFile,
}

/// What the watched descriptor was open on as it was added. Its number may be closed or another one's by now, and the instance watches what it
/// stood for all the same, as long as that is open elsewhere (`epoll(7)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WatchedFile {
    /// The socket with this inode.
    Socket(u64),
    Other,
    /// A kernel before Linux 4.13 doesn't tell it.
    Unknown,
}

/// The device on which all sockets are, as the kernel numbers it within itself (`new_encode_dev()` of `linux/kdev_t.h` is what programs see of it).
fn sockets_device() -> Option<u64> {
    static DEVICE: OnceLock<Option<u64>> = OnceLock::new();
    *DEVICE.get_or_init(|| {
        let (socket, _) = UnixStream::pair().ok()?;
        let device = rustix::fs::fstat(&socket).ok()?.st_dev;
        Some(u64::from(rustix::fs::major(device)) << 20 | u64::from(rustix::fs::minor(device)))
    })
}

/// The descriptor with this data. Several may have been given the same: then it isn't known which it is.
pub(super) fn of_data(watched: &[WatchedDescriptor], data: u64) -> Option<&WatchedDescriptor> {
    let mut of = watched.iter().filter(|watched| watched.data == data);
    of.next().filter(|_| of.next().is_none())
}

/// One line: `tfd:        5 events:       19 data:                5  pos:0 ino:3f sdev:8`. `sockets` is the device of sockets.
fn read(line: &str, sockets: Option<u64>) -> Option<WatchedDescriptor> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let (mut events, mut data, mut inode, mut device) = (None, None, None, None);
    while let Some(word) = words.next() {
        let (name, value) = word.split_once(':')?;
        let value = if value.is_empty() { words.next()? } else { value };
        let number = u64::from_str_radix(value, 16).ok();
        match name {
            "events" => events = number,
            "data" => data = number,
            "ino" => inode = number,
            "sdev" => device = number,
            _ => {}
        }
    }
    let file = match (inode, device.zip(sockets)) {
        (Some(inode), Some((device, sockets))) if device == sockets => WatchedFile::Socket(inode),
        (Some(_), Some(_)) => WatchedFile::Other,
        _ => WatchedFile::Unknown,
    };
    Some(WatchedDescriptor { fd, events: events? as u32, data: data?, file })
}

/// So much is read of what an instance watches, in bytes: some hundred thousand descriptors.
const LONGEST: u64 = 8 << 20;

/// What the epoll instance under this number watches; `None` where the kernel doesn't say.
pub(super) fn watched(thread: u32, fd: i32) -> Option<Vec<WatchedDescriptor>> {
    let mut text = Vec::with_capacity(4096);
    File::open(format!("/proc/{thread}/fdinfo/{fd}")).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
    let (text, sockets) = (String::from_utf8_lossy(&text), sockets_device());
    Some(text.lines().filter_map(|line| read(line, sockets)).collect())
}

/// The size of `struct epoll_event`, which is packed on one processor alone.
pub(super) const EVENT: u64 = size_of::<libc::epoll_event>() as u64;

/// Events and data of one.
pub(super) fn event(memory: &TraceeMemory, address: u64) -> Option<(u32, u64)> {
    let bytes = memory.bytes(address, EVENT).filter(|bytes| bytes.len() as u64 == EVENT)?;
    let events = bytes[..4].try_into().map(u32::from_ne_bytes).ok()?;
    let data = bytes[bytes.len() - 8..].try_into().map(u64::from_ne_bytes).ok()?;
    Some((events, data))
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

    use super::*;

    #[test]
    fn what_an_epoll_instance_watches_is_read() {
        let line = "tfd:        5 events: 8000201d data:     7fff00000005  pos:0 ino:3f sdev:8";
        let known =
            WatchedDescriptor { fd: 5, events: 0x8000_201d, data: 0x7fff_0000_0005, file: WatchedFile::Socket(0x3f) };
        assert_eq!(read(line, Some(8)), Some(known));
        for (sockets, file) in [(Some(9), WatchedFile::Other), (None, WatchedFile::Unknown)] {
            assert_eq!(read(line, sockets), Some(WatchedDescriptor { file, ..known }));
        }
        // As kernels before 4.13 told it.
        let older = read("tfd:        6 events:        1 data:                0 ", Some(8)).unwrap();
        assert_eq!((older.fd, older.events, older.file), (6, 1, WatchedFile::Unknown));
        for line in ["", "pos:\t0", "tfd:", "tfd: x events: 1 data: 0", "tfd: 5 events: 1", "tfd: 5 events:"] {
            assert_eq!(read(line, Some(8)), None, "{line}");
        }
    }

    /// By the kernel: of each watched file it is known whether it is a socket, and which.
    #[test]
    fn the_kernel_says_which_watched_files_are_sockets() {
        use rustix::event::{EventfdFlags, epoll, eventfd};
        let epoll = epoll::create(epoll::CreateFlags::empty()).unwrap();
        let (socket, other) = (UnixStream::pair().unwrap().0, eventfd(0, EventfdFlags::empty()).unwrap());
        let add = |fd: BorrowedFd<'_>| {
            epoll::add(&epoll, fd, epoll::EventData::new_u64(fd.as_raw_fd() as u64), epoll::EventFlags::IN).unwrap();
        };
        add(socket.as_fd());
        add(other.as_fd());
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let watched = watched(std::process::id(), epoll.as_raw_fd()).unwrap();
        let of = |fd: i32| watched.iter().find(|watched| watched.fd == fd).map(|watched| watched.file);
        assert_eq!(of(socket.as_raw_fd()), Some(WatchedFile::Socket(inode)));
        assert_eq!(of(other.as_raw_fd()), Some(WatchedFile::Other));
    }

    #[test]
    fn data_that_two_descriptors_have_names_neither() {
        let of = |fd, data| WatchedDescriptor { fd, events: 1, data, file: WatchedFile::Other };
        let all = [of(3, 0), of(4, 0), of(5, 9)];
        assert_eq!([0, 9, 1].map(|data| of_data(&all, data).map(|watched| watched.fd)), [None, Some(5), None]);
    }
}
