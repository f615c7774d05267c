//! What somebody with the rights over a lab does to its network from within.
#![allow(unsafe_code)]

use std::ffi::{CString, c_int};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::finish;

/// Does something in the namespaces of a process: in a child that then runs `true`. The act may only make system calls.
#[track_caller]
fn within(pid: u32, act: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
    let [user, net] = ["user", "net"].map(|kind| CString::new(format!("/proc/{pid}/ns/{kind}")).unwrap());
    let mut command = Command::new("true");
    // SAFETY: between fork and exec only system calls are made, by pointers to what lives across them.
    unsafe {
        command.pre_exec(move || {
            for (path, kind) in [(&user, libc::CLONE_NEWUSER), (&net, libc::CLONE_NEWNET)] {
                let fd = check(libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC))?;
                match check(libc::setns(fd, kind)) {
                    // Where it is there already.
                    Err(error) if error.raw_os_error() != Some(libc::EINVAL) => return Err(error),
                    _ => {}
                }
            }
            act()
        });
    }
    finish(&mut command).succeeded();
}

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// `ip link set lo up` or `down`.
#[track_caller]
pub fn set_loopback(pid: u32, up: bool) {
    within(pid, move || {
        // SAFETY: all zero is a valid ifreq, which lives across the calls.
        unsafe {
            let fd = check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
            let mut request: libc::ifreq = std::mem::zeroed();
            (request.ifr_name[0], request.ifr_name[1]) = (b'l' as libc::c_char, b'o' as libc::c_char);
            request.ifr_ifru.ifru_flags = if up { libc::IFF_UP as libc::c_short } else { 0 };
            check(libc::ioctl(fd, libc::SIOCSIFFLAGS, &raw mut request)).map(drop)
        }
    });
}

/// `ip addr del ::1/128 dev lo`.
#[track_caller]
pub fn remove_ipv6_loopback(pid: u32) {
    #[repr(C)]
    struct In6Ifreq {
        address: [u8; 16],
        prefix: u32,
        interface: c_int,
    }
    within(pid, || {
        let mut address = [0; 16];
        address[15] = 1;
        // SAFETY: the request is a whole in6_ifreq (`netinet/in.h`, `linux/ipv6.h`) that lives across the calls.
        unsafe {
            let fd = check(libc::socket(libc::AF_INET6, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0))?;
            let request = In6Ifreq { address, prefix: 128, interface: 1 };
            // SIOCDIFADDR of `linux/sockios.h`.
            check(libc::ioctl(fd, 0x8936, &raw const request)).map(drop)
        }
    });
}

/// Sends bytes as an IPv4 packet through a raw socket, its header included.
#[track_caller]
pub fn send_raw(pid: u32, packet: Vec<u8>) {
    within(pid, move || {
        // SAFETY: the address is a whole sockaddr_in, and the bytes live across the calls.
        unsafe {
            let fd = check(libc::socket(libc::AF_INET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::IPPROTO_RAW))?;
            let mut to: libc::sockaddr_in = std::mem::zeroed();
            to.sin_family = libc::AF_INET as libc::sa_family_t;
            to.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
            let size = std::mem::size_of_val(&to) as libc::socklen_t;
            let sent = libc::sendto(fd, packet.as_ptr().cast(), packet.len(), 0, (&raw const to).cast(), size);
            check(sent as c_int).map(drop)
        }
    });
}
