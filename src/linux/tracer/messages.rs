//! `struct iovec`, `struct msghdr` and what stands in their control data.

use super::addresses;
use super::arguments::{MOST, UNFILLED, list, pointer, written};
use super::memory::{LONGEST, Memory};

/// `struct msghdr`, as the kernel reads it.
struct Header {
    name: u64,
    name_length: u64,
    vectors: u64,
    count: u64,
    control: u64,
    control_length: u64,
}

impl Header {
    const SIZE: u64 = size_of::<libc::msghdr>() as u64;

    fn read(memory: &Memory, address: u64) -> Option<Header> {
        let [name, name_length, vectors, count, control, control_length] = memory.words(address)?;
        // `msg_namelen` is an int; what is behind it is padding.
        Some(Header { name, name_length: name_length & 0xffff_ffff, vectors, count, control, control_length })
    }
}

/// Base and length of each `struct iovec`, of at most [`MOST`].
fn pieces(memory: &Memory, address: u64, count: u64) -> Option<Vec<(u64, u64)>> {
    let bytes = memory.bytes(address, count.min(MOST) * 16)?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
    Some(bytes.chunks_exact(16).map(|piece| (word(&piece[..8]), word(&piece[8..]))).collect())
}

/// An array of buffers, of which the first `filled` bytes are what they hold.
pub(super) fn vectors(memory: &Memory, address: u64, count: u64, filled: u64) -> String {
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
pub(super) fn gathered(memory: &Memory, address: u64, count: u64, filled: u64) -> Option<Vec<u8>> {
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
pub(super) fn room(memory: &Memory, address: u64, count: u64) -> Option<u64> {
    Some(pieces(memory, address, count)?.iter().fold(0, |sum, (_, length)| length.saturating_add(sum)))
}

/// The buffers of a message: where they are and how many.
pub(super) fn buffers(memory: &Memory, address: u64) -> Option<(u64, u64)> {
    Header::read(memory, address).map(|header| (header.vectors, header.count))
}

/// The address of a message, where one is given.
pub(super) fn address(memory: &Memory, address: u64) -> Option<addresses::Address> {
    let header = Header::read(memory, address).filter(|header| header.name != 0)?;
    addresses::read(memory, header.name, header.name_length)
}

/// A message, of which the first `filled` bytes are what its buffers hold.
pub(super) fn message(memory: &Memory, address: u64, filled: u64) -> String {
    let Some(header) = Header::read(memory, address) else { return pointer(address) };
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
pub(super) fn several(memory: &Memory, address: u64, count: u64, returned: bool) -> String {
    // `struct mmsghdr` has an int behind the header, and padding.
    const SIZE: u64 = Header::SIZE + 8;
    let one = |at: u64| {
        let address = address.checked_add(at * SIZE)?;
        let length = memory.int(address.checked_add(Header::SIZE)?)?;
        let filled = if returned { u64::try_from(length).unwrap_or(0) } else { u64::MAX };
        let length = if returned { format!(", msg_len={length}") } else { String::new() };
        Some(format!("{{msg_hdr={}{length}}}", message(memory, address, filled)))
    };
    if address == 0 { pointer(0) } else { list((0..count.min(MOST)).map_while(one), count > MOST) }
}

/// Control messages: which they are; of SCM_RIGHTS the descriptors.
fn control(memory: &Memory, address: u64, length: u64) -> String {
    const HEADER: usize = 16;
    let Some(bytes) = memory.bytes(address, length) else { return pointer(address) };
    let (mut at, mut texts) = (0, Vec::new());
    while let Some(header) = bytes.get(at..at + HEADER) {
        let word =
            |from: usize| u32::from_ne_bytes([header[from], header[from + 1], header[from + 2], header[from + 3]]);
        let whole = usize::try_from(u64::from(word(0)) | u64::from(word(4)) << 32).unwrap_or(usize::MAX);
        if whole < HEADER || texts.len() as u64 == MOST {
            break;
        }
        let data = &bytes[at + HEADER..at.saturating_add(whole).min(bytes.len()).max(at + HEADER)];
        texts.push(match (word(8) as i32, word(12) as i32) {
            (libc::SOL_SOCKET, libc::SCM_RIGHTS) => {
                let fds = data.chunks_exact(4).map(|fd| i32::from_ne_bytes([fd[0], fd[1], fd[2], fd[3]]).to_string());
                format!("SCM_RIGHTS {}", list(fds, false))
            }
            (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) => "SCM_CREDENTIALS".to_owned(),
            (level, kind) => format!("{level}, {kind}"),
        });
        at = match at.checked_add(whole).and_then(|end| end.checked_next_multiple_of(8)) {
            Some(next) => next,
            None => break,
        };
    }
    if length > LONGEST as u64 {
        texts.push(UNFILLED.to_owned());
    }
    format!("[{}]", texts.join(", "))
}
