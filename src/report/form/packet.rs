//! What was on the wire: bytes, from which the rest is read anew.

use serde::{Deserialize, Serialize};

use super::converted;
use crate::tcp::{LINK_HEADER, Malformed, Packet};

#[derive(Serialize, Deserialize)]
pub(super) struct PacketForm {
    #[serde(with = "bytes")]
    packet: Vec<u8>,
    /// Empty where it wasn't seen.
    #[serde(with = "bytes", default, skip_serializing_if = "Vec::is_empty")]
    link: Vec<u8>,
}

impl From<&Packet> for PacketForm {
    fn from(packet: &Packet) -> PacketForm {
        PacketForm { packet: packet.packet().to_vec(), link: packet.link().map_or_else(Vec::new, Vec::from) }
    }
}

impl TryFrom<PacketForm> for Packet {
    type Error = Malformed;

    fn try_from(PacketForm { packet, link }: PacketForm) -> Result<Packet, Malformed> {
        match link.len() {
            0 => Packet::parse(&packet),
            LINK_HEADER => Packet::from_frame(&[link, packet].concat()),
            _ => Err(Malformed::Packet("a link header of another length".into())),
        }
    }
}

converted! {
    PacketForm: Packet;
}

/// Bytes: two hexadecimal digits each.
pub(super) mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::tcp::hex;

    pub(in crate::report::form) fn serialize<S: Serializer>(bytes: impl AsRef<[u8]>, to: S) -> Result<S::Ok, S::Error> {
        hex::serialize(bytes, to)
    }

    pub(in crate::report::form) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        /// Digits, or, as recordings before the first version of their header have it of `sendto()`, numbers.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Digits(String),
            Numbers(Vec<u8>),
        }
        match Form::deserialize(from)? {
            Form::Digits(text) => hex::parse(&text).ok_or_else(|| D::Error::custom("not pairs of hexadecimal digits")),
            Form::Numbers(bytes) => Ok(bytes),
        }
    }
}
