//! What a lesson does to send and receive by other names than `send()` and `recv()`.

use super::Recipient;
use crate::model::MessageFlags;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// This text.
    Text(String),
    /// A line that the learner types; this one where nobody types.
    Line(String),
    /// What the side's last call that received something returned.
    Received,
    /// So many bytes of the alphabet in small letters, over and over.
    Bytes(usize),
}

/// A call that comes to a `send()` or a `recv()`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TransferAction {
    /// `read()` of at most `max` bytes.
    Read { socket: String, max: usize },
    /// `write()`
    Write { socket: String, payload: Payload },
    /// `sendmsg()` of several buffers; `to` is whom it names, if any.
    SendMsg { socket: String, texts: Vec<String>, to: Option<Recipient>, flags: MessageFlags },
    /// `recvmsg()` into buffers of these sizes.
    RecvMsg { socket: String, max: Vec<usize>, flags: MessageFlags },
}

impl TransferAction {
    /// The socket that it is made on.
    pub fn socket(&self) -> &str {
        match self {
            TransferAction::Read { socket, .. }
            | TransferAction::Write { socket, .. }
            | TransferAction::SendMsg { socket, .. }
            | TransferAction::RecvMsg { socket, .. } => socket,
        }
    }
}
