//! `struct epoll_event`, and what an epoll instance watches.

use super::memory::TraceeMemory;

/// A descriptor that an epoll instance watches (`proc_pid_fdinfo(5)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WatchedDescriptor {
    /// The number under which it was added.
    pub(super) fd: i32,
    pub(super) events: u32,
    /// What the instance tells of it.
    data: u64,
    /// That of the file; `None` where the kernel doesn't tell it.
    pub(super) inode: Option<u64>,
}

/// The descriptor with this data. Several may have been given the same: then it isn't known which it is.
pub(super) fn of_data(watched: &[WatchedDescriptor], data: u64) -> Option<i32> {
    let mut of = watched.iter().filter(|watched| watched.data == data).map(|watched| watched.fd);
    of.next().filter(|_| of.next().is_none())
}

/// One line: `tfd:        5 events:       19 data:                5  pos:0 ino:3f sdev:8`.
fn read(line: &str) -> Option<WatchedDescriptor> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let (mut events, mut data, mut inode) = (None, None, None);
    while let Some(word) = words.next() {
        let (name, value) = word.split_once(':')?;
        let value = if value.is_empty() { words.next()? } else { value };
        let number = u64::from_str_radix(value, 16).ok();
        match name {
            "events" => events = number,
            "data" => data = number,
            "ino" => inode = number,
            _ => {}
        }
    }
    Some(WatchedDescriptor { fd, events: events? as u32, data: data?, inode })
}

/// What the epoll instance under this number watches; `None` where the kernel doesn't say.
pub(super) fn watched(thread: u32, fd: i32) -> Option<Vec<WatchedDescriptor>> {
    let text = std::fs::read_to_string(format!("/proc/{thread}/fdinfo/{fd}")).ok()?;
    Some(text.lines().filter_map(read).collect())
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
    use super::*;

    #[test]
    fn what_an_epoll_instance_watches_is_read() {
        let line = "tfd:        5 events: 8000201d data:     7fff00000005  pos:0 ino:3f sdev:8";
        let known = WatchedDescriptor { fd: 5, events: 0x8000_201d, data: 0x7fff_0000_0005, inode: Some(0x3f) };
        assert_eq!(read(line), Some(known));
        // As kernels before 4.13 told it.
        let older = read("tfd:        6 events:        1 data:                0 ").unwrap();
        assert_eq!((older.fd, older.events, older.inode), (6, 1, None));
        for line in ["", "pos:\t0", "tfd:", "tfd: x events: 1 data: 0", "tfd: 5 events: 1", "tfd: 5 events:"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn data_that_two_descriptors_have_names_neither() {
        let of = |fd, data| WatchedDescriptor { fd, events: 1, data, inode: None };
        let all = [of(3, 0), of(4, 0), of(5, 9)];
        assert_eq!((of_data(&all, 0), of_data(&all, 9), of_data(&all, 1)), (None, Some(5), None));
    }
}
