//! What `ioctl(2)` asks of a socket, and the flags that `fcntl(2)` tells.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::flag_text::flag_text;

/// What `ioctl(2)` asks of a socket (`tcp(7)`, `udp(7)`): each tells one int.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceRequest {
    /// How many bytes wait to be read; of UDP, how many the next datagram has. `SIOCINQ` is the same number.
    #[serde(rename = "FIONREAD")]
    Unread,
    /// How many bytes of the send queue aren't acknowledged; of UDP, how much memory waits to be sent.
    #[serde(rename = "SIOCOUTQ")]
    Unacknowledged,
    /// How many were never sent.
    #[serde(rename = "SIOCOUTQNSD")]
    Unsent,
    /// Whether the next byte is the one behind which urgent data stood.
    #[serde(rename = "SIOCATMARK")]
    AtMark,
}

impl DeviceRequest {
    /// All of them.
    pub const ALL: [DeviceRequest; 4] =
        [DeviceRequest::Unread, DeviceRequest::Unacknowledged, DeviceRequest::Unsent, DeviceRequest::AtMark];

    /// Its name in C.
    pub const fn name(self) -> &'static str {
        match self {
            DeviceRequest::Unread => "FIONREAD",
            DeviceRequest::Unacknowledged => "SIOCOUTQ",
            DeviceRequest::Unsent => "SIOCOUTQNSD",
            DeviceRequest::AtMark => "SIOCATMARK",
        }
    }

    /// The one with this name in C, or another name of the same number.
    pub fn by_name(name: &str) -> Option<DeviceRequest> {
        match name {
            "SIOCINQ" | "TIOCINQ" => Some(DeviceRequest::Unread),
            "TIOCOUTQ" => Some(DeviceRequest::Unacknowledged),
            name => DeviceRequest::ALL.into_iter().find(|request| request.name() == name),
        }
    }

    /// The kernel's number (`linux/sockios.h`).
    pub const fn number(self) -> u32 {
        match self {
            DeviceRequest::Unread => libc::FIONREAD as u32,
            DeviceRequest::Unacknowledged => libc::TIOCOUTQ as u32,
            DeviceRequest::Unsent => 0x894B,
            DeviceRequest::AtMark => 0x8905,
        }
    }
}

impl fmt::Display for DeviceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

const STATUS: [(u32, &str); 5] = [
    (libc::O_RDWR as u32, "O_RDWR"),
    (libc::O_WRONLY as u32, "O_WRONLY"),
    (libc::O_APPEND as u32, "O_APPEND"),
    (libc::O_NONBLOCK as u32, "O_NONBLOCK"),
    (libc::O_ASYNC as u32, "O_ASYNC"),
];

/// The flags that F_GETFL tells, by their names in C.
pub fn status_text(value: i64) -> String {
    // Bits that this library has no use for are told by their number; `O_RDONLY` is none.
    match u32::try_from(value) {
        Ok(0) => "O_RDONLY".to_owned(),
        Ok(flags) => flag_text(flags, &STATUS),
        Err(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_its_kernels_number() {
        let told: Vec<(u32, &str)> = DeviceRequest::ALL.map(|request| (request.number(), request.name())).into();
        let wanted = [(0x541b, "FIONREAD"), (0x5411, "SIOCOUTQ"), (0x894b, "SIOCOUTQNSD"), (0x8905, "SIOCATMARK")];
        assert_eq!(told, wanted);
        assert!(DeviceRequest::ALL.into_iter().all(|request| DeviceRequest::by_name(request.name()) == Some(request)));
        assert_eq!(DeviceRequest::by_name("SIOCINQ"), Some(DeviceRequest::Unread));
    }

    #[test]
    fn flags_are_told_by_their_names() {
        let told = [2, 0o4002, 0, 0o40_000_002].map(status_text);
        assert_eq!(told, ["O_RDWR", "O_RDWR|O_NONBLOCK", "O_RDONLY", "O_RDWR|0x800000"]);
    }
}
