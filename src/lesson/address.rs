//! The addresses that a lesson's calls name.

use std::net::{IpAddr, SocketAddr};

/// To whom a datagram is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// To this address; to the lesson's server where none is given.
    Address(Option<Address>),
    /// To who sent what the side's last `recvfrom()` or `recvmsg()` returned.
    Sender,
}

/// An address that a call takes, always on this machine's loopback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// This one, written `127.0.0.1:8000`.
    At(SocketAddr),
    /// The port lies so far above the server's, whichever that is: `127.0.0.1:+1`.
    Beside(IpAddr, u16),
}

impl Address {
    /// The address, where the server has this port instead of the one that the lesson's file has.
    pub fn at(self, port: u16, written: u16) -> SocketAddr {
        match self {
            Address::At(address) if address.port() == written => SocketAddr::new(address.ip(), port),
            Address::At(address) => address,
            Address::Beside(ip, offset) => {
                // Above the highest port there is none: then it lies as far below.
                SocketAddr::new(ip, port.checked_add(offset).unwrap_or(port.saturating_sub(offset)))
            }
        }
    }
}
