//! What a lesson's file says of calls, where it is more than fits beside the other actions: of those that are made, of claims and of
//! questions.

use serde::Deserialize;
use toml::Spanned;

use super::raw_words::{SpannedNumber, SpannedText};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with sets of sockets")]
pub(super) struct RawSelect {
    pub(super) readfds: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) writefds: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) exceptfds: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) timeout_ms: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side` and `name`")]
pub(super) struct RawEpollCreate {
    pub(super) side: Spanned<String>,
    pub(super) name: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `epoll`, `op` and `socket`")]
pub(super) struct RawEpollCtl {
    pub(super) epoll: Spanned<String>,
    pub(super) op: Spanned<String>,
    pub(super) socket: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `epoll`")]
pub(super) struct RawEpollWait {
    pub(super) epoll: Spanned<String>,
    pub(super) max: Option<Spanned<i64>>,
    pub(super) timeout_ms: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` and `max`")]
pub(super) struct RawRead {
    pub(super) socket: Spanned<String>,
    pub(super) max: Spanned<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` and what is written")]
pub(super) struct RawWrite {
    pub(super) socket: Spanned<String>,
    pub(super) text: Option<Spanned<String>>,
    pub(super) line: Option<Spanned<String>>,
    pub(super) received: Option<Spanned<bool>>,
    pub(super) bytes: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` and `texts`")]
pub(super) struct RawSendMsg {
    pub(super) socket: Spanned<String>,
    pub(super) texts: Spanned<Vec<Spanned<String>>>,
    pub(super) to: Option<Spanned<String>>,
    pub(super) flags: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` and `max`")]
pub(super) struct RawRecvMsg {
    pub(super) socket: Spanned<String>,
    pub(super) max: Spanned<Vec<Spanned<i64>>>,
    pub(super) flags: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side`, and what is looked up")]
pub(super) struct RawGetAddrInfo {
    pub(super) side: Spanned<String>,
    pub(super) node: Option<Spanned<String>>,
    pub(super) service: Option<Spanned<String>>,
    pub(super) family: Option<Spanned<String>>,
    pub(super) flags: Option<Spanned<Vec<Spanned<String>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side`")]
pub(super) struct RawFork {
    pub(super) side: SpannedText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side`")]
pub(super) struct RawAskedCall {
    pub(super) side: SpannedText,
    pub(super) process: Option<Spanned<i64>>,
    pub(super) thread: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side` and `call`")]
pub(super) struct RawBlocks {
    pub(super) side: SpannedText,
    pub(super) call: SpannedText,
    pub(super) process: Option<Spanned<i64>>,
    pub(super) thread: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side` and `call`")]
pub(super) struct RawReturns {
    pub(super) side: SpannedText,
    pub(super) call: SpannedText,
    pub(super) value: Option<SpannedNumber>,
    pub(super) data: Option<SpannedText>,
    pub(super) address: Option<SpannedText>,
    pub(super) addresses: Option<Spanned<Vec<SpannedText>>>,
    pub(super) error: Option<SpannedText>,
    pub(super) ready: Option<Spanned<Vec<SpannedText>>>,
    pub(super) process: Option<Spanned<i64>>,
    pub(super) thread: Option<Spanned<i64>>,
}
