//! A lesson file as TOML has it, before its words are checked.
//!
//! Words are read as text with their place in the file, so that the check can report all wrong ones at once and in
//! any language; only the shape (unknown keys, missing keys, wrong types) is left to serde.

use std::fmt;

use super::raw_words::{SpannedNumber, SpannedText};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::raw_calls::{
    RawAskedCall, RawBlocks, RawEpollCreate, RawEpollCtl, RawEpollWait, RawFork, RawGetAddrInfo, RawRead, RawRecvMsg,
    RawReturns, RawSelect, RawSendMsg, RawWrite,
};
use super::raw_lab::{RawLab, RawSettings};
use crate::i18n::Lang;
use crate::model::InfoField;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLesson {
    pub(super) format: Spanned<i64>,
    pub(super) id: SpannedText,
    pub(super) server: SpannedText,
    pub(super) modes: Option<Spanned<Vec<SpannedText>>>,
    pub(super) needs: Option<Spanned<Vec<SpannedText>>>,
    pub(super) title: Spanned<RawText>,
    pub(super) goal: Spanned<RawText>,
    pub(super) misbelief: Option<Spanned<RawText>>,
    pub(super) recap: Spanned<RawText>,
    pub(super) program: Option<Spanned<RawProgram>>,
    pub(super) lab: Option<RawLab>,
    pub(super) begin: Option<SpannedText>,
    #[serde(default)]
    pub(super) step: Vec<Spanned<RawStep>>,
}

/// The format's version alone, so that a file of another version is told so, not what is unknown in it.
#[derive(Deserialize)]
pub(super) struct RawVersion {
    pub(super) format: Spanned<i64>,
}

/// A text in several languages, by their codes as the file has them.
pub(super) struct RawText(pub(super) Vec<(SpannedText, SpannedText)>);

impl RawText {
    /// The text of a language.
    pub(super) fn get(&self, lang: Lang) -> Option<&SpannedText> {
        self.0.iter().find(|(code, _)| code.get_ref() == lang.code()).map(|(_, word)| word)
    }
}

impl RawLesson {
    /// All its texts, in the file's order but for the steps'.
    pub(super) fn texts(&self) -> impl Iterator<Item = &Spanned<RawText>> {
        let own = [&self.title, &self.goal, &self.recap].into_iter().chain(&self.misbelief);
        own.chain(self.step.iter().flat_map(|step| {
            let step = step.get_ref();
            let ask = step.ask.iter().map(Spanned::get_ref);
            let asked = ask.flat_map(|ask| {
                std::iter::once(&ask.question).chain(ask.labels.iter().flat_map(|labels| labels.get_ref()))
            });
            [&step.title, &step.say].into_iter().chain(asked)
        }))
    }

    /// Whether any of its texts is in a language.
    pub(super) fn has(&self, lang: Lang) -> bool {
        self.texts().any(|text| text.get_ref().get(lang).is_some())
    }
}

impl<'de> Deserialize<'de> for RawText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawText, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = RawText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of texts, one of them `en`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawText, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = map.next_entry()? {
                    texts.push(text);
                }
                Ok(RawText(texts))
            }
        }

        deserializer.deserialize_map(Texts)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `sides`")]
pub(super) struct RawProgram {
    pub(super) sides: Spanned<Vec<SpannedText>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: `[[step]]`")]
pub(super) struct RawStep {
    pub(super) id: SpannedText,
    #[serde(rename = "in")]
    pub(super) modes: Option<Spanned<Vec<SpannedText>>>,
    pub(super) title: Spanned<RawText>,
    pub(super) say: Spanned<RawText>,
    pub(super) ask: Option<Spanned<RawAsk>>,
    #[serde(rename = "do")]
    pub(super) action: Option<Spanned<RawAction>>,
    pub(super) process: Option<Spanned<i64>>,
    pub(super) thread: Option<Spanned<i64>>,
    #[serde(default)]
    pub(super) expect: Vec<Spanned<RawClaim>>,
    pub(super) waits_for: Option<SpannedText>,
    pub(super) times: Option<Spanned<i64>>,
    pub(super) show: Option<SpannedText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: `[step.ask]`")]
pub(super) struct RawAsk {
    pub(super) question: Spanned<RawText>,
    pub(super) state: Option<Spanned<RawEnd>>,
    pub(super) call: Option<RawAskedCall>,
    pub(super) returned: Option<RawAskedCall>,
    pub(super) recv_queue: Option<Spanned<RawEnd>>,
    pub(super) send_queue: Option<Spanned<RawEnd>>,
    pub(super) fired: Option<Spanned<RawEnd>>,
    pub(super) rto: Option<Spanned<RawEnd>>,
    pub(super) reason: Option<Spanned<bool>>,
    pub(super) choices: Spanned<Vec<SpannedText>>,
    #[serde(default)]
    pub(super) labels: Option<Spanned<Vec<Spanned<RawText>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` or `peer_of`")]
pub(super) struct RawEnd {
    pub(super) socket: Option<SpannedText>,
    pub(super) peer_of: Option<SpannedText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields, expecting = "an action: a table with one key")]
pub(super) enum RawAction {
    Socket {
        side: SpannedText,
        name: SpannedText,
        #[serde(default)]
        ipv6: bool,
        udp: Option<Spanned<bool>>,
    },
    Bind {
        socket: SpannedText,
        addr: Option<SpannedText>,
    },
    Listen {
        socket: SpannedText,
        backlog: i32,
    },
    Accept {
        socket: SpannedText,
        name: SpannedText,
    },
    Connect {
        socket: SpannedText,
        addr: Option<SpannedText>,
    },
    Send {
        socket: SpannedText,
        text: Option<SpannedText>,
        line: Option<SpannedText>,
        received: Option<Spanned<bool>>,
        bytes: Option<Spanned<i64>>,
        flags: Option<Spanned<Vec<SpannedText>>>,
    },
    Recv {
        socket: SpannedText,
        max: Spanned<i64>,
        flags: Option<Spanned<Vec<SpannedText>>>,
    },
    SendTo {
        socket: SpannedText,
        to: Option<SpannedText>,
        text: Option<SpannedText>,
        line: Option<SpannedText>,
        received: Option<Spanned<bool>>,
        bytes: Option<Spanned<i64>>,
        flags: Option<Spanned<Vec<SpannedText>>>,
    },
    RecvFrom {
        socket: SpannedText,
        max: Spanned<i64>,
        flags: Option<Spanned<Vec<SpannedText>>>,
    },
    Shutdown {
        socket: SpannedText,
        how: SpannedText,
    },
    Close {
        socket: SpannedText,
    },
    SetSockOpt {
        socket: SpannedText,
        option: SpannedText,
        value: i32,
    },
    GetSockOpt {
        socket: SpannedText,
        option: SpannedText,
    },
    GetSockName {
        socket: SpannedText,
    },
    GetPeerName {
        socket: SpannedText,
    },
    Nonblocking {
        socket: SpannedText,
    },
    Dup {
        socket: SpannedText,
        name: SpannedText,
    },
    Poll {
        sockets: Spanned<Vec<SpannedText>>,
        timeout_ms: Option<Spanned<i64>>,
    },
    Select(Spanned<RawSelect>),
    #[serde(rename = "epoll_create1")]
    EpollCreate(RawEpollCreate),
    #[serde(rename = "epoll_ctl")]
    EpollCtl(RawEpollCtl),
    #[serde(rename = "epoll_wait")]
    EpollWait(RawEpollWait),
    Read(RawRead),
    Write(Spanned<RawWrite>),
    SendMsg(RawSendMsg),
    RecvMsg(RawRecvMsg),
    GetAddrInfo(RawGetAddrInfo),
    Fork(RawFork),
    Blocking {
        socket: SpannedText,
    },
    Deliver(RawPattern),
    DeliverAll {
        from: SpannedText,
    },
    DeliverUpTo(RawPattern),
    Drop(RawPattern),
    Repeat(RawPattern),
    Edit(RawEdit),
    Forge(RawForge),
    Rule(SpannedText),
    Sysctl(Spanned<RawSettings>),
    Route(SpannedText),
    Hosts(SpannedText),
    Pause(Spanned<i64>),
    Interrupt {
        side: SpannedText,
    },
    LetCall {
        side: SpannedText,
        call: SpannedText,
        name: Option<SpannedText>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: a segment's pattern")]
pub(super) struct RawPattern {
    pub(super) from: SpannedText,
    pub(super) flags: Option<Spanned<Vec<SpannedText>>>,
    pub(super) protocol: Option<SpannedText>,
    pub(super) seq: Option<SpannedNumber>,
    pub(super) ack: Option<SpannedNumber>,
    pub(super) len: Option<SpannedNumber>,
    pub(super) win: Option<SpannedNumber>,
    pub(super) win_scaled: Option<SpannedNumber>,
    pub(super) has: Option<SpannedText>,
    pub(super) on: Option<SpannedText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: a segment's pattern and `set`")]
pub(super) struct RawEdit {
    pub(super) from: SpannedText,
    pub(super) flags: Option<Spanned<Vec<SpannedText>>>,
    pub(super) protocol: Option<SpannedText>,
    pub(super) seq: Option<SpannedNumber>,
    pub(super) ack: Option<SpannedNumber>,
    pub(super) len: Option<SpannedNumber>,
    pub(super) win: Option<SpannedNumber>,
    pub(super) win_scaled: Option<SpannedNumber>,
    pub(super) has: Option<SpannedText>,
    pub(super) on: Option<SpannedText>,
    pub(super) set: SpannedText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `from` and `set`")]
pub(super) struct RawForge {
    pub(super) from: SpannedText,
    pub(super) on: Option<SpannedText>,
    pub(super) set: SpannedText,
}

/// One claim: of the kinds it has one, the larger ones in a box. A lesson has dozens, which are handed on from table to list to step.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: one claim")]
pub(super) struct RawClaim {
    #[serde(rename = "in")]
    pub(super) modes: Option<Spanned<Vec<SpannedText>>>,
    pub(super) within: Option<Spanned<i64>>,
    pub(super) state: Option<Box<Spanned<RawStateClaim>>>,
    pub(super) blocks: Option<RawBlocks>,
    pub(super) returns: Option<Box<Spanned<RawReturns>>>,
    #[serde(alias = "packet")]
    pub(super) segment: Option<Box<Spanned<RawSegmentClaim>>>,
    pub(super) waiting: Option<Spanned<i64>>,
    pub(super) from: Option<SpannedText>,
    pub(super) queue: Option<Box<Spanned<RawQueue>>>,
    pub(super) timer: Option<Box<Spanned<RawTimer>>>,
    pub(super) info: Option<Box<Spanned<RawInfo>>>,
    pub(super) reason: Option<SpannedText>,
    pub(super) program: Option<Box<Spanned<RawProgramClaim>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end and `is`")]
pub(super) struct RawStateClaim {
    pub(super) socket: Option<SpannedText>,
    pub(super) peer_of: Option<SpannedText>,
    pub(super) is: SpannedText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: a segment's pattern and `is`")]
pub(super) struct RawSegmentClaim {
    pub(super) from: SpannedText,
    pub(super) flags: Option<Spanned<Vec<SpannedText>>>,
    pub(super) protocol: Option<SpannedText>,
    pub(super) seq: Option<SpannedNumber>,
    pub(super) ack: Option<SpannedNumber>,
    pub(super) len: Option<SpannedNumber>,
    pub(super) win: Option<SpannedNumber>,
    pub(super) win_scaled: Option<SpannedNumber>,
    pub(super) has: Option<SpannedText>,
    pub(super) on: Option<SpannedText>,
    pub(super) is: SpannedText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side`, `call` and `is`")]
pub(super) struct RawProgramClaim {
    pub(super) side: SpannedText,
    pub(super) call: SpannedText,
    pub(super) arguments: Option<SpannedText>,
    pub(super) is: SpannedText,
    pub(super) value: Option<Spanned<i64>>,
    pub(super) error: Option<SpannedText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end, `recv` and `send`")]
pub(super) struct RawQueue {
    pub(super) socket: Option<SpannedText>,
    pub(super) peer_of: Option<SpannedText>,
    pub(super) recv: Option<SpannedNumber>,
    pub(super) send: Option<SpannedNumber>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end and what is claimed of its timer")]
pub(super) struct RawTimer {
    pub(super) socket: Option<SpannedText>,
    pub(super) peer_of: Option<SpannedText>,
    pub(super) kind: Option<SpannedText>,
    pub(super) fired: Option<SpannedNumber>,
    pub(super) rto_ms: Option<SpannedNumber>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end and what is claimed of its TCP_INFO")]
pub(super) struct RawInfo {
    pub(super) socket: Option<SpannedText>,
    pub(super) peer_of: Option<SpannedText>,
    pub(super) cwnd: Option<SpannedNumber>,
    pub(super) ssthresh: Option<SpannedNumber>,
    pub(super) mss: Option<SpannedNumber>,
    pub(super) unacked: Option<SpannedNumber>,
    pub(super) sacked: Option<SpannedNumber>,
    pub(super) lost: Option<SpannedNumber>,
    pub(super) retrans: Option<SpannedNumber>,
    pub(super) total_retrans: Option<SpannedNumber>,
    pub(super) reordering: Option<SpannedNumber>,
    pub(super) delivered: Option<SpannedNumber>,
    pub(super) backoff: Option<SpannedNumber>,
    pub(super) probes: Option<SpannedNumber>,
    pub(super) rtt: Option<SpannedNumber>,
    pub(super) last_data_sent: Option<SpannedNumber>,
    pub(super) last_data_recv: Option<SpannedNumber>,
    pub(super) last_ack_recv: Option<SpannedNumber>,
    pub(super) busy_time: Option<SpannedNumber>,
    pub(super) rwnd_limited: Option<SpannedNumber>,
    pub(super) sndbuf_limited: Option<SpannedNumber>,
    pub(super) ca_state: Option<SpannedText>,
    pub(super) options: Option<Spanned<Vec<SpannedText>>>,
}

impl RawInfo {
    /// Its numbers, each beside what it is of.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (InfoField, &SpannedNumber)> {
        InfoField::ALL.into_iter().filter_map(|field| {
            let number = match field {
                InfoField::Cwnd => &self.cwnd,
                InfoField::Ssthresh => &self.ssthresh,
                InfoField::Mss => &self.mss,
                InfoField::Unacked => &self.unacked,
                InfoField::Sacked => &self.sacked,
                InfoField::Lost => &self.lost,
                InfoField::Retrans => &self.retrans,
                InfoField::TotalRetrans => &self.total_retrans,
                InfoField::Reordering => &self.reordering,
                InfoField::Delivered => &self.delivered,
                InfoField::Backoff => &self.backoff,
                InfoField::Probes => &self.probes,
                InfoField::Rtt => &self.rtt,
                InfoField::LastDataSent => &self.last_data_sent,
                InfoField::LastDataRecv => &self.last_data_recv,
                InfoField::LastAckRecv => &self.last_ack_recv,
                InfoField::BusyTime => &self.busy_time,
                InfoField::RwndLimited => &self.rwnd_limited,
                InfoField::SndbufLimited => &self.sndbuf_limited,
            };
            Some((field, number.as_ref()?))
        })
    }
}
