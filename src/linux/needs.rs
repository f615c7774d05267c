//! What a lesson needs of the machine beyond a loopback, looked for before it begins.

use std::cell::LazyCell;
use std::io;
use std::net::{Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::thread;

use socket2::{Domain, Socket, Type};

use super::lab::{self, Refused, refused};
use super::sys::calls;
use super::{diag, panic_text, tracer, wire};
use crate::model::{Aim, LabSettings, Mode, Need, SocketOption};

/// What of these isn't there for a walk in such a mode, as far as a quick look from outside tells. Of a lab's settings it
/// tells nothing: what the machine's own `/proc/sys` shows, a lab needn't have, and whether it has them shows when it starts.
pub fn missing(needs: &[Need], mode: Mode) -> Vec<Need> {
    let options = TriedOptions::default();
    let is_there = |need: &Need| match (need, mode) {
        (Need::Option(name), _) => options.have(name),
        // A lab has an `::1` of its own wherever the kernel knows IPv6; the machine's loopback must have it already.
        (Need::Ipv6, Mode::Lab) => Socket::new(Domain::IPV6, Type::STREAM, None).is_ok(),
        (Need::Ipv6, Mode::Host) => has_ipv6(),
        (Need::UdpTable, _) => has_table(libc::IPPROTO_UDP),
        (Need::Tracing, _) => tracer::forbidden().is_none(),
        (Need::Setting(_) | Need::CongestionControl(_), _) => true,
    };
    needs.iter().filter(|need| !is_there(need)).cloned().collect()
}

/// What of these isn't there in a lab, looked for in one that is made for it. The process has the rights to make labs.
///
/// # Errors
/// What the system refused: then there is no lab at all.
pub fn missing_in_lab(needs: &[Need]) -> Result<Vec<Need>, Refused> {
    let look = || {
        lab::enter(&LabSettings::default())?;
        wire::try_capture()?;
        wire::try_delivery()?;
        let options = TriedOptions::default();
        let is_there = |need: &Need| match need {
            Need::Option(name) => options.have(name),
            Need::Ipv6 => has_ipv6(),
            Need::UdpTable => has_table(libc::IPPROTO_UDP),
            Need::Tracing => tracer::forbidden().is_none(),
            Need::Setting(name) => has_setting(name),
            Need::CongestionControl(name) => may_have(name),
        };
        Ok(needs.iter().filter(|need| !is_there(need)).cloned().collect())
    };
    // In a thread of its own: the caller's stays in the network in which it is.
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("needs".into()).spawn_scoped(scope, look);
        let looked = thread.map_err(refused(Aim::Thread.by("clone()")))?.join();
        looked.unwrap_or_else(|panic| Err(refused(Aim::Look.by("clone()"))(io::Error::other(panic_text(&*panic)))))
    })
}

/// Whether the loopback of the calling thread's network has its address of IPv6.
fn has_ipv6() -> bool {
    lab::check_address(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).is_ok()
}

/// Whether the kernel tells of the sockets of a protocol (`IPPROTO_…`); where it can't be asked, that is no sign of it.
fn has_table(protocol: i32) -> bool {
    !diag::has_table((libc::AF_INET, protocol)).is_err_and(|error| error.raw_os_error() == Some(libc::ENOENT))
}

/// Whether the calling thread's network has a setting of this name. A network that isn't the machine's first one shows fewer
/// than that: those that it has for itself, and on kernels before Linux 6.3 none of `net.core` in a user namespace.
fn has_setting(name: &str) -> bool {
    // A name comes from a lesson's file: the linter allows known ones only, so it stays below this folder.
    let file = std::fs::metadata(format!("/proc/sys/{}", name.replace('.', "/")));
    !file.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Whether the calling thread's network may have this congestion control by default. What only the machine's first network
/// may choose isn't among them, though the kernel has it; where the list can't be read, that is no sign of it.
fn may_have(name: &str) -> bool {
    let allowed = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_allowed_congestion_control");
    allowed.map_or(true, |allowed| allowed.split_whitespace().any(|one| one == name))
}

/// The socket options of this kernel, each tried on one and the same new socket.
struct TriedOptions<F = fn() -> Option<Socket>>(LazyCell<Option<Socket>, F>);

impl Default for TriedOptions {
    fn default() -> TriedOptions {
        TriedOptions(LazyCell::new(|| Socket::new(Domain::IPV4, Type::STREAM, None).ok()))
    }
}

impl TriedOptions {
    /// Whether the kernel knows an option. A value that it refuses is no sign that it doesn't.
    fn have(&self, name: &str) -> bool {
        let (Some(socket), Some(option)) = (&*self.0, SocketOption::by_name(name)) else { return true };
        // The value of SO_LINGER is more than an int, and every kernel has it.
        option == SocketOption::LINGER || knows(socket, option)
    }
}

fn knows(socket: &Socket, option: SocketOption) -> bool {
    let set = calls::set_option(socket.as_raw_fd(), (option.level, option.number), [1]);
    !set.is_err_and(|error| error.raw_os_error() == Some(libc::ENOPROTOOPT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_needed_is_not_missing() {
        for mode in [Mode::Lab, Mode::Host] {
            assert_eq!(missing(&[], mode), []);
        }
    }

    #[test]
    fn the_hosts_ipv6_is_there_where_its_address_is() {
        // /proc/net/if_inet6 lists the addresses of the machine; the file is absent where the kernel runs without IPv6.
        let addresses = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
        let there = addresses.lines().any(|line| line.starts_with("00000000000000000000000000000001 "));
        assert_eq!(missing(&[Need::Ipv6], Mode::Host).is_empty(), there);
    }

    #[test]
    fn a_setting_is_there_where_its_file_is() {
        assert!(has_setting("net.ipv4.tcp_rmem"));
        assert!(!has_setting("net.ipv4.tcp_no_such_setting") && !has_setting("net.none.tcp_rmem"));
    }

    #[test]
    fn an_option_is_unknown_where_the_kernel_says_enoprotoopt() {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let tcp = |number| SocketOption { level: libc::IPPROTO_TCP, number };
        assert!(knows(&socket, tcp(libc::TCP_NODELAY)));
        assert!(!knows(&socket, tcp(9999)));
        // Where the value is wrong (EINVAL: no such algorithm is called by this one byte), the option is there.
        let congestion = (libc::IPPROTO_TCP, libc::TCP_CONGESTION);
        assert!(calls::set_option(socket.as_raw_fd(), congestion, [1]).is_err());
        assert!(knows(&socket, tcp(libc::TCP_CONGESTION)));
    }
}
