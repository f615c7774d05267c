//! Which flags the calls that send and receive have.

use std::net::SocketAddr;

use super::{Call, CallName, MessageFlags};

/// The flags that make sense on a call that sends, by their names (`send(2)`).
const OF_SEND: &[&str] = &["MSG_DONTWAIT", "MSG_EOR", "MSG_MORE", "MSG_NOSIGNAL", "MSG_OOB"];

/// The same of `sendto()` and `sendmsg()`, which have the address that a SYN with data goes to.
const OF_SEND_TO: &[&str] = &["MSG_DONTWAIT", "MSG_EOR", "MSG_FASTOPEN", "MSG_MORE", "MSG_NOSIGNAL", "MSG_OOB"];

/// The same of one that receives (`recv(2)`).
const OF_RECV: &[&str] = &["MSG_DONTWAIT", "MSG_OOB", "MSG_PEEK", "MSG_TRUNC", "MSG_WAITALL"];

impl CallName {
    /// The flags that a call has where none are said: a `send()` or a `sendmsg()` has MSG_NOSIGNAL.
    pub const fn usual_flags(self) -> MessageFlags {
        match self {
            CallName::Send | CallName::SendMsg => MessageFlags::NO_SIGNAL,
            _ => MessageFlags::NONE,
        }
    }

    /// The names of the flags that make sense on a call; none where it takes no flags.
    pub const fn flag_names(self) -> &'static [&'static str] {
        match self {
            CallName::Send => OF_SEND,
            CallName::SendTo | CallName::SendMsg => OF_SEND_TO,
            CallName::Recv | CallName::RecvFrom | CallName::RecvMsg => OF_RECV,
            _ => &[],
        }
    }

    /// The flag with this name that makes sense on a call.
    pub fn flag_named(self, name: &str) -> Option<MessageFlags> {
        let known = self.flag_names().contains(&name);
        known.then(|| MessageFlags::by_name(name)).flatten()
    }
}

impl Call {
    /// `send(2)` with the usual flags ([`CallName::usual_flags`]).
    pub const fn send(fd: i32, data: Vec<u8>) -> Call {
        Call::Send { fd, data, flags: CallName::Send.usual_flags() }
    }

    /// `recv(2)` without flags.
    pub const fn recv(fd: i32, len: usize) -> Call {
        Call::Recv { fd, len, flags: MessageFlags::NONE }
    }

    /// `sendto(2)` without flags.
    pub const fn send_to(fd: i32, data: Vec<u8>, addr: SocketAddr) -> Call {
        Call::SendTo { fd, data, flags: MessageFlags::NONE, addr }
    }

    /// `recvfrom(2)` without flags.
    pub const fn recv_from(fd: i32, len: usize) -> Call {
        Call::RecvFrom { fd, len, flags: MessageFlags::NONE }
    }

    /// The flags of a call that sends or receives; of every other one, none.
    pub const fn flags(&self) -> MessageFlags {
        match self {
            Call::Transfer(transfer) => match transfer.like {
                Call::Send { flags, .. } | Call::SendTo { flags, .. } | Call::Recv { flags, .. } => flags,
                _ => MessageFlags::NONE,
            },
            Call::Send { flags, .. }
            | Call::Recv { flags, .. }
            | Call::SendTo { flags, .. }
            | Call::RecvFrom { flags, .. } => *flags,
            _ => MessageFlags::NONE,
        }
    }

    /// The address to which it connects: of `connect()`, and of `sendto()` with MSG_FASTOPEN.
    pub const fn connects_to(&self) -> Option<SocketAddr> {
        match self {
            Call::Connect { addr, .. } => Some(*addr),
            Call::SendTo { addr, flags, .. } if flags.has(MessageFlags::FAST_OPEN) => Some(*addr),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_of_a_call_has_a_number_and_none_is_of_another_kind_of_call() {
        for call in CallName::ALL {
            for name in call.flag_names() {
                assert_eq!(call.flag_named(name).map(|flag| flag.to_string()).as_deref(), Some(*name));
            }
        }
        assert_eq!(CallName::Send.flag_named("MSG_PEEK"), None);
        assert_eq!(CallName::Recv.flag_named("MSG_MORE"), None);
        assert_eq!(CallName::Close.flag_named("MSG_OOB"), None);
    }
}
