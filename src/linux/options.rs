//! The socket options that a lesson may set: those whose value is one int.

/// Level and number of an option by its name in C (`socket(7)`, `tcp(7)`); `None` for any other name.
pub fn by_name(name: &str) -> Option<(i32, i32)> {
    Some(match name {
        "SO_REUSEADDR" => (libc::SOL_SOCKET, libc::SO_REUSEADDR),
        "SO_REUSEPORT" => (libc::SOL_SOCKET, libc::SO_REUSEPORT),
        "SO_KEEPALIVE" => (libc::SOL_SOCKET, libc::SO_KEEPALIVE),
        "SO_RCVBUF" => (libc::SOL_SOCKET, libc::SO_RCVBUF),
        "SO_SNDBUF" => (libc::SOL_SOCKET, libc::SO_SNDBUF),
        "TCP_NODELAY" => (libc::IPPROTO_TCP, libc::TCP_NODELAY),
        "TCP_CORK" => (libc::IPPROTO_TCP, libc::TCP_CORK),
        "TCP_QUICKACK" => (libc::IPPROTO_TCP, libc::TCP_QUICKACK),
        "TCP_DEFER_ACCEPT" => (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT),
        "TCP_SYNCNT" => (libc::IPPROTO_TCP, libc::TCP_SYNCNT),
        "TCP_KEEPIDLE" => (libc::IPPROTO_TCP, libc::TCP_KEEPIDLE),
        "TCP_KEEPINTVL" => (libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
        "TCP_KEEPCNT" => (libc::IPPROTO_TCP, libc::TCP_KEEPCNT),
        "TCP_LINGER2" => (libc::IPPROTO_TCP, libc::TCP_LINGER2),
        "TCP_USER_TIMEOUT" => (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
        "TCP_WINDOW_CLAMP" => (libc::IPPROTO_TCP, libc::TCP_WINDOW_CLAMP),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SOCKET_OPTIONS;

    /// SO_LINGER's value is two ints: it is set in another way.
    #[test]
    fn every_option_that_a_lesson_may_set_has_its_number() {
        for name in SOCKET_OPTIONS {
            assert_eq!(by_name(name).is_some(), name != "SO_LINGER", "{name}");
        }
        assert_eq!(by_name("SO_NO_SUCH_OPTION"), None);
    }
}
