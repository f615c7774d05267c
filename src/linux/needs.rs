//! What a lesson needs of the kernel beyond a loopback, looked for before it begins.

use std::net::{Ipv6Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

use super::lab;
use crate::model::{Mode, Need};

/// The first of these that isn't there in such a place; `None` where nothing is missing.
pub fn missing(needs: &[Need], mode: Mode) -> Option<Need> {
    needs.iter().copied().find(|need| match need {
        Need::Ipv6 => !has_ipv6(mode),
    })
}

/// A lab has an `::1` of its own wherever the kernel knows IPv6; the machine's loopback must have it already.
fn has_ipv6(mode: Mode) -> bool {
    match mode {
        Mode::Lab => Socket::new(Domain::IPV6, Type::STREAM, None).is_ok(),
        Mode::Host => lab::check_address(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_not_missing() {
        for mode in [Mode::Lab, Mode::Host] {
            assert_eq!(missing(&[], mode), None);
        }
    }

    #[test]
    fn the_hosts_ipv6_is_there_where_its_address_is() {
        // /proc/net/if_inet6 lists the addresses of the machine; the file is absent where the kernel runs without IPv6.
        let addresses = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
        let there = addresses.lines().any(|line| line.starts_with("00000000000000000000000000000001 "));
        assert_eq!(missing(&[Need::Ipv6], Mode::Host).is_none(), there);
    }
}
