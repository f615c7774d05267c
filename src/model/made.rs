//! The calls that make a socket and say how its descriptor is to be.

use super::{Call, CallName, Maker, SocketFlags};

impl Maker {
    /// `socket(2)`; without flags it is a [`Call::Socket`].
    pub fn socket(ipv6: bool, udp: bool, flags: SocketFlags) -> Call {
        let like = Call::Socket { ipv6, udp };
        if flags == SocketFlags::default() { like } else { Maker { name: CallName::Socket, like, flags }.into() }
    }

    /// `accept4(2)`
    pub const fn accept(fd: i32, flags: SocketFlags) -> Maker {
        Maker { name: CallName::Accept4, like: Call::Accept { fd }, flags }
    }
}

impl From<Maker> for Call {
    fn from(maker: Maker) -> Call {
        Call::Maker(Box::new(maker))
    }
}
