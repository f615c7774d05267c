//! Flags of a new descriptor, values that are no ints, and requests of `ioctl()`.

use serde::{Deserialize, Serialize};

use super::{remote, text};
use crate::model::{DeviceRequest, SocketFlags, StructuredValue};

#[derive(Serialize, Deserialize)]
#[serde(remote = "StructuredValue")]
pub(super) enum StructuredForm {
    Time { seconds: i64, microseconds: i64 },
    Linger { on: i32, seconds: i32 },
    Name(String),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "DeviceRequest")]
pub(super) enum RequestForm {
    #[serde(rename = "FIONREAD")]
    Unread,
    #[serde(rename = "SIOCOUTQ")]
    Unacknowledged,
    #[serde(rename = "SIOCOUTQNSD")]
    Unsent,
    #[serde(rename = "SIOCATMARK")]
    AtMark,
}

remote! {
    StructuredForm: StructuredValue;
    RequestForm: DeviceRequest;
}

text! {
    SocketFlags: "no flags of a socket";
}
