//! The calls that come to `send()` and `recv()` by other names.

use std::net::SocketAddr;

use super::{Call, CallName, MessageFlags, Transfer};

/// The most buffers that one call of a side may have.
pub const MOST_BUFFERS: usize = 16;

impl Transfer {
    /// `write(2)`
    pub fn write(fd: i32, data: Vec<u8>) -> Transfer {
        let buffers = vec![data.len()];
        Transfer { name: CallName::Write, like: Call::Send { fd, data, flags: MessageFlags::NONE }, buffers }
    }

    /// `read(2)` of at most `len` bytes.
    pub fn read(fd: i32, len: usize) -> Transfer {
        Transfer { name: CallName::Read, like: Call::recv(fd, len), buffers: vec![len] }
    }

    /// `sendmsg(2)` of these buffers.
    pub fn send(fd: i32, buffers: &[Vec<u8>], flags: MessageFlags) -> Transfer {
        let sizes = buffers.iter().map(Vec::len).collect();
        Transfer { name: CallName::SendMsg, like: Call::Send { fd, data: buffers.concat(), flags }, buffers: sizes }
    }

    /// The same to an address (`msg_name`), as `sendto()` has it.
    pub fn send_to(fd: i32, buffers: &[Vec<u8>], flags: MessageFlags, addr: SocketAddr) -> Transfer {
        let sizes = buffers.iter().map(Vec::len).collect();
        let like = Call::SendTo { fd, data: buffers.concat(), flags, addr };
        Transfer { name: CallName::SendMsg, like, buffers: sizes }
    }

    /// The address to which it sends (`msg_name`); `None` where it has none.
    pub const fn address(&self) -> Option<SocketAddr> {
        match self.like {
            Call::SendTo { addr, .. } => Some(addr),
            _ => None,
        }
    }

    /// `recvmsg(2)` into buffers of these sizes.
    pub fn receive(fd: i32, buffers: Vec<usize>, flags: MessageFlags) -> Transfer {
        let len = buffers.iter().fold(0_usize, |all, size| all.saturating_add(*size));
        Transfer { name: CallName::RecvMsg, like: Call::Recv { fd, len, flags }, buffers }
    }

    /// The bytes that it sends, all together; none of one that receives.
    pub fn data(&self) -> &[u8] {
        match &self.like {
            Call::Send { data, .. } | Call::SendTo { data, .. } => data,
            _ => &[],
        }
    }

    /// Bytes as its buffers have them, in order: those that are sent, or those that were filled.
    pub fn parts<'a>(&self, mut data: &'a [u8]) -> Vec<&'a [u8]> {
        let mut parts = Vec::with_capacity(self.buffers.len());
        for size in &self.buffers {
            let (part, rest) = data.split_at(data.len().min(*size));
            parts.push(part);
            data = rest;
        }
        parts
    }
}

impl From<Transfer> for Call {
    fn from(transfer: Transfer) -> Call {
        Call::Transfer(Box::new(transfer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_fill_buffers_in_their_order() {
        let receives = Transfer::receive(4, vec![2, 0, 3], MessageFlags::NONE);
        assert_eq!(receives.like, Call::recv(4, 5));
        for (data, parts) in [("abcde", ["ab", "", "cde"]), ("abc", ["ab", "", "c"]), ("a", ["a", "", ""])] {
            assert_eq!(receives.parts(data.as_bytes()), parts.map(str::as_bytes));
        }
        let sends = Transfer::send(4, &[b"ab".to_vec(), b"c".to_vec()], MessageFlags::NONE);
        assert_eq!((sends.data(), sends.parts(sends.data())), (&b"abc"[..], vec![&b"ab"[..], b"c"]));
    }
}
