//! Constants by their names in C.

/// A number that is one of these, or the number.
pub(super) fn one_of(value: u64, names: &[(u32, &str)]) -> String {
    let known = names.iter().find(|(number, _)| u64::from(*number) == value);
    known.map_or_else(|| (value as u32 as i32).to_string(), |(_, name)| (*name).to_owned())
}

macro_rules! names {
    ($($(#[$doc:meta])* $list:ident [$($name:ident $(= $number:literal)?)*])*) => {$(
        $(#[$doc])*
        pub(super) const $list: &[(u32, &str)] = &[$((names!(@ $name $($number)?), stringify!($name)),)*];
    )*};
    (@ $name:ident $number:literal) => { $number };
    (@ $name:ident) => { libc::$name as u32 };
}

names! {
    DOMAINS [AF_UNSPEC AF_UNIX AF_INET AF_INET6 AF_NETLINK AF_PACKET AF_VSOCK AF_ALG = 38 AF_BLUETOOTH]
    KINDS [SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_RDM SOCK_SEQPACKET]
    SOCKET_FLAGS [SOCK_CLOEXEC SOCK_NONBLOCK]
    PROTOCOLS [
        IPPROTO_IP IPPROTO_ICMP IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPPROTO_ICMPV6 IPPROTO_RAW IPPROTO_SCTP
        IPPROTO_MPTCP = 262
    ]
    HOW [SHUT_RD SHUT_WR SHUT_RDWR]
    FILE_FLAGS [O_WRONLY O_RDWR O_APPEND O_NONBLOCK O_ASYNC O_DIRECT O_NOATIME]
    DUPLICATE_FLAGS [O_CLOEXEC]
    POLL [
        POLLIN POLLPRI POLLOUT POLLERR POLLHUP POLLNVAL POLLRDNORM POLLRDBAND POLLWRNORM POLLWRBAND
        POLLRDHUP = 0x2000
    ]
    EPOLL [
        EPOLLIN EPOLLPRI EPOLLOUT EPOLLERR EPOLLHUP EPOLLRDNORM EPOLLRDBAND EPOLLWRNORM EPOLLWRBAND EPOLLMSG EPOLLRDHUP
        EPOLLEXCLUSIVE EPOLLWAKEUP EPOLLONESHOT EPOLLET
    ]
    EPOLL_OPERATIONS [EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD]
    EPOLL_FLAGS [EPOLL_CLOEXEC]
    CLONE_FLAGS [
        CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PIDFD = 0x1000 CLONE_PTRACE CLONE_VFORK CLONE_PARENT CLONE_THREAD
        CLONE_NEWNS CLONE_SYSVSEM CLONE_SETTLS CLONE_PARENT_SETTID CLONE_CHILD_CLEARTID CLONE_UNTRACED
        CLONE_CHILD_SETTID CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID CLONE_NEWNET CLONE_IO
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MESSAGE_FLAGS, flag_text};

    #[test]
    fn flags_are_joined_and_what_has_no_name_is_a_number() {
        assert_eq!(flag_text(0, MESSAGE_FLAGS), "0");
        assert_eq!(flag_text(0x4040, MESSAGE_FLAGS), "MSG_DONTWAIT|MSG_NOSIGNAL");
        assert_eq!(flag_text(0x4001, POLL), "POLLIN|0x4000");
        assert_eq!(flag_text(0x1000_0000, SOCKET_FLAGS), "0x10000000");
        assert_eq!((one_of(2, DOMAINS), one_of(99, DOMAINS)), ("AF_INET".to_owned(), "99".to_owned()));
        assert_eq!(one_of(u64::MAX, HOW), "-1");
    }
}
