//! `struct iovec`, `struct msghdr` and what stands in their control data.

use super::addresses;
use super::memory::{LONGEST, TraceeMemory};
use super::text::{MOST, list, pointer, written};

/// `struct msghdr`, as the kernel reads it.
struct MessageHeader {
    name: u64,
    name_length: u64,
    vectors: u64,
    count: u64,
    control: u64,
    control_length: u64,
}

impl MessageHeader {
    const SIZE: u64 = size_of::<libc::msghdr>() as u64;

    fn read(memory: &TraceeMemory, address: u64) -> Option<MessageHeader> {
        let [name, name_length, vectors, count, control, control_length] = memory.words(address)?;
        // `msg_namelen` is an int; what is behind it is padding.
        Some(MessageHeader { name, name_length: name_length & 0xffff_ffff, vectors, count, control, control_length })
    }
}

/// Base and length of each `struct iovec`, of at most [`MOST`].
fn pieces(memory: &TraceeMemory, address: u64, count: u64) -> Option<Vec<(u64, u64)>> {
    let bytes = memory.bytes(address, count.min(MOST) * 16)?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
    Some(bytes.chunks_exact(16).map(|piece| (word(&piece[..8]), word(&piece[8..]))).collect())
}

/// An array of buffers, of which the first `filled` bytes are what they hold.
pub(super) fn vectors(memory: &TraceeMemory, address: u64, count: u64, filled: u64) -> String {
    let Some(pieces) = pieces(memory, address, count) else { return pointer(address) };
    let mut left = filled;
    let texts = pieces.into_iter().map(move |(base, length)| {
        let here = length.min(left);
        left -= here;
        memory.bytes(base, here).map_or_else(|| pointer(base), |bytes| written(&bytes, here))
    });
    list(texts, count > MOST)
}

/// The bytes in an array of buffers, of which the first `filled` are what they hold; at most [`LONGEST`].
pub(super) fn gathered(memory: &TraceeMemory, address: u64, count: u64, filled: u64) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    let mut left = filled.min(LONGEST as u64);
    for (base, length) in pieces(memory, address, count)? {
        let here = length.min(left);
        left -= here;
        all.extend(memory.bytes(base, here)?);
    }
    Some(all)
}

/// The room that an array of buffers has.
pub(super) fn room(memory: &TraceeMemory, address: u64, count: u64) -> Option<u64> {
    Some(pieces(memory, address, count)?.iter().fold(0, |sum, (_, length)| length.saturating_add(sum)))
}

/// The buffers of a message: where they are and how many.
pub(super) fn buffers(memory: &TraceeMemory, address: u64) -> Option<(u64, u64)> {
    MessageHeader::read(memory, address).map(|header| (header.vectors, header.count))
}

/// The address of a message, where one is given.
pub(super) fn address(memory: &TraceeMemory, address: u64) -> Option<addresses::SocketAddress> {
    let header = MessageHeader::read(memory, address).filter(|header| header.name != 0)?;
    addresses::read(memory, header.name, header.name_length)
}

/// A message, of which the first `filled` bytes are what its buffers hold.
pub(super) fn message(memory: &TraceeMemory, address: u64, filled: u64) -> String {
    let Some(header) = MessageHeader::read(memory, address) else { return pointer(address) };
    let mut parts = Vec::new();
    if header.name != 0 {
        let name = addresses::read(memory, header.name, header.name_length);
        parts.push(format!("msg_name={}", name.map_or_else(|| pointer(header.name), |name| name.to_string())));
    }
    parts.push(format!("msg_iov={}", vectors(memory, header.vectors, header.count, filled)));
    if header.control != 0 && header.control_length != 0 {
        parts.push(format!("msg_control={}", control(memory, header.control, header.control_length)));
    }
    format!("{{{}}}", parts.join(", "))
}

/// Several messages; `returned`: each with the number of its bytes.
pub(super) fn several(memory: &TraceeMemory, address: u64, count: u64, returned: bool) -> String {
    // `struct mmsghdr` has an int behind the header, and padding.
    const SIZE: u64 = MessageHeader::SIZE + 8;
    let one = |at: u64| {
        let address = address.checked_add(at * SIZE)?;
        let length = memory.int(address.checked_add(MessageHeader::SIZE)?)?;
        let filled = if returned { u64::try_from(length).unwrap_or(0) } else { u64::MAX };
        let length = if returned { format!(", msg_len={length}") } else { String::new() };
        Some(format!("{{msg_hdr={}{length}}}", message(memory, address, filled)))
    };
    if address == 0 { pointer(0) } else { list((0..count.min(MOST)).map_while(one), count > MOST) }
}

/// Whether something goes with a message beside its data, descriptors perhaps; `true` where that can't be read.
pub(super) fn has_control(memory: &TraceeMemory, address: u64) -> bool {
    MessageHeader::read(memory, address).is_none_or(|header| header.control_length > 0)
}

/// The descriptors that go or came with a message (`SCM_RIGHTS` of `unix(7)`).
pub(super) fn carried(memory: &TraceeMemory, address: u64) -> Vec<i32> {
    let Some(header) = MessageHeader::read(memory, address) else { return Vec::new() };
    let bytes = memory.bytes(header.control, header.control_length).unwrap_or_default();
    parts(&bytes).into_iter().filter_map(|part| part.descriptors()).flatten().collect()
}

/// One control message (`cmsg(3)`).
struct ControlMessage<'a> {
    level: i32,
    kind: i32,
    data: &'a [u8],
}

impl ControlMessage<'_> {
    /// The descriptors that it carries, where it is one that does.
    fn descriptors(&self) -> Option<Vec<i32>> {
        let of = |fd: &[u8]| fd.try_into().map_or(-1, i32::from_ne_bytes);
        let carries = (self.level, self.kind) == (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        carries.then(|| self.data.chunks_exact(4).map(of).collect())
    }
}

/// The control messages in bytes, as far as they are whole.
fn parts(bytes: &[u8]) -> Vec<ControlMessage<'_>> {
    const HEADER: usize = 16;
    let (mut rest, mut parts) = (bytes, Vec::new());
    while let Some((header, after)) = rest.split_at_checked(HEADER) {
        let int = |from: usize| header[from..from + 4].try_into().map_or(0, i32::from_ne_bytes);
        let whole = header[..8].try_into().map_or(0, u64::from_ne_bytes);
        let length = usize::try_from(whole).ok().and_then(|whole| whole.checked_sub(HEADER));
        let Some(length) = length.filter(|_| parts.len() < MOST as usize) else { break };
        let length = length.min(after.len());
        parts.push(ControlMessage { level: int(8), kind: int(12), data: &after[..length] });
        rest = &after[length.next_multiple_of(8).min(after.len())..];
    }
    parts
}

/// Control messages: which they are; of SCM_RIGHTS the descriptors.
fn control(memory: &TraceeMemory, address: u64, length: u64) -> String {
    let Some(bytes) = memory.bytes(address, length) else { return pointer(address) };
    let text = |part: ControlMessage<'_>| match part.descriptors() {
        Some(fds) => format!("SCM_RIGHTS {}", list(fds.iter().map(i32::to_string), false)),
        None if (part.level, part.kind) == (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => "SCM_CREDENTIALS".to_owned(),
        None => format!("{}, {}", part.level, part.kind),
    };
    list(parts(&bytes).into_iter().map(text), length > LONGEST as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(length: u64, kind: i32, data: &[u8]) -> Vec<u8> {
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(libc::SOL_SOCKET.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn descriptors(bytes: &[u8]) -> Vec<Option<Vec<i32>>> {
        parts(bytes).iter().map(ControlMessage::descriptors).collect()
    }

    #[test]
    fn descriptors_are_found_in_control_messages() {
        let fds = [5i32, 6, 7].map(i32::to_ne_bytes).concat();
        let mut bytes = part(16 + 12, libc::SCM_CREDENTIALS, &fds);
        bytes.extend(part(16 + 12, libc::SCM_RIGHTS, &fds));
        assert_eq!(descriptors(&bytes), [None, Some(vec![5, 6, 7])]);
    }

    #[test]
    fn lengths_that_lie_lead_nowhere() {
        for length in [0, 1, 15, u64::MAX, u64::MAX - 7] {
            let found = descriptors(&part(length, libc::SCM_RIGHTS, &[1; 12]));
            assert!(found.len() <= 1 && found.into_iter().flatten().all(|fds| fds.len() <= 4), "{length}");
        }
        assert_eq!(descriptors(&[0; 15]), []);
        assert!(descriptors(&part(16, libc::SCM_RIGHTS, &[]).repeat(5000)).len() <= MOST as usize);
    }
}
