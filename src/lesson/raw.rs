//! A lesson file as TOML has it, before its words are checked.
//!
//! Words are read as text with their place in the file, so that the check can report all wrong ones at once and in
//! any language; only the shape (unknown keys, missing keys, wrong types) is left to serde.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use crate::i18n::Lang;
use crate::model::LabSettings;

/// A text with its place in the file.
pub(super) type Word = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLesson {
    pub(super) format: Spanned<i64>,
    pub(super) id: Word,
    pub(super) server: Word,
    pub(super) modes: Option<Spanned<Vec<Word>>>,
    pub(super) needs: Option<Spanned<Vec<Word>>>,
    pub(super) title: Spanned<RawText>,
    pub(super) goal: Spanned<RawText>,
    pub(super) misbelief: Option<Spanned<RawText>>,
    pub(super) recap: Spanned<RawText>,
    pub(super) lab: Option<Spanned<LabSettings>>,
    #[serde(default)]
    pub(super) step: Vec<Spanned<RawStep>>,
}

/// The format's version alone, so that a file of another version is told so, not what is unknown in it.
#[derive(Deserialize)]
pub(super) struct RawVersion {
    pub(super) format: Spanned<i64>,
}

/// A text in several languages, by their codes as the file has them.
pub(super) struct RawText(pub(super) Vec<(Word, Word)>);

impl RawText {
    /// The text of a language.
    pub(super) fn get(&self, lang: Lang) -> Option<&Word> {
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
#[serde(deny_unknown_fields, expecting = "a table: `[[step]]`")]
pub(super) struct RawStep {
    pub(super) id: Word,
    #[serde(rename = "in")]
    pub(super) modes: Option<Spanned<Vec<Word>>>,
    pub(super) title: Spanned<RawText>,
    pub(super) say: Spanned<RawText>,
    pub(super) ask: Option<Spanned<RawAsk>>,
    #[serde(rename = "do")]
    pub(super) action: Option<Spanned<RawAction>>,
    #[serde(default)]
    pub(super) expect: Vec<Spanned<RawClaim>>,
    pub(super) waits_for: Option<Word>,
    pub(super) times: Option<Spanned<i64>>,
    pub(super) show: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: `[step.ask]`")]
pub(super) struct RawAsk {
    pub(super) question: Spanned<RawText>,
    pub(super) state: Option<Spanned<RawEnd>>,
    pub(super) call: Option<RawSide>,
    pub(super) returned: Option<RawSide>,
    pub(super) recv_queue: Option<Spanned<RawEnd>>,
    pub(super) send_queue: Option<Spanned<RawEnd>>,
    pub(super) fired: Option<Spanned<RawEnd>>,
    pub(super) rto: Option<Spanned<RawEnd>>,
    pub(super) choices: Spanned<Vec<Word>>,
    #[serde(default)]
    pub(super) labels: Option<Spanned<Vec<Spanned<RawText>>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side`")]
pub(super) struct RawSide {
    pub(super) side: Word,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `socket` or `peer_of`")]
pub(super) struct RawEnd {
    pub(super) socket: Option<Word>,
    pub(super) peer_of: Option<Word>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields, expecting = "an action: a table with one key")]
pub(super) enum RawAction {
    Socket {
        side: Word,
        name: Word,
        #[serde(default)]
        ipv6: bool,
        udp: Option<Spanned<bool>>,
    },
    Bind {
        socket: Word,
        addr: Option<Word>,
    },
    Listen {
        socket: Word,
        backlog: i32,
    },
    Accept {
        socket: Word,
        name: Word,
    },
    Connect {
        socket: Word,
        addr: Option<Word>,
    },
    Send {
        socket: Word,
        text: Option<Word>,
        line: Option<Word>,
        received: Option<Spanned<bool>>,
        bytes: Option<Spanned<i64>>,
    },
    Recv {
        socket: Word,
        max: Spanned<i64>,
    },
    SendTo {
        socket: Word,
        to: Option<Word>,
        text: Option<Word>,
        line: Option<Word>,
        received: Option<Spanned<bool>>,
        bytes: Option<Spanned<i64>>,
    },
    RecvFrom {
        socket: Word,
        max: Spanned<i64>,
    },
    Shutdown {
        socket: Word,
        how: Word,
    },
    Close {
        socket: Word,
    },
    SetSockOpt {
        socket: Word,
        option: Word,
        value: i32,
    },
    Nonblocking {
        socket: Word,
    },
    Deliver(RawPattern),
    Drop(RawPattern),
    Interrupt {
        side: Word,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: a segment's pattern")]
pub(super) struct RawPattern {
    pub(super) from: Word,
    pub(super) flags: Option<Spanned<Vec<Word>>>,
    pub(super) protocol: Option<Word>,
    pub(super) seq: Option<Number>,
    pub(super) ack: Option<Number>,
    pub(super) len: Option<Number>,
    pub(super) win: Option<Number>,
    pub(super) win_scaled: Option<Number>,
    pub(super) on: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: one claim")]
pub(super) struct RawClaim {
    #[serde(rename = "in")]
    pub(super) modes: Option<Spanned<Vec<Word>>>,
    pub(super) within: Option<Spanned<i64>>,
    pub(super) state: Option<Spanned<RawStateClaim>>,
    pub(super) blocks: Option<RawBlocks>,
    pub(super) returns: Option<Spanned<RawReturns>>,
    #[serde(alias = "packet")]
    pub(super) segment: Option<Spanned<RawSegmentClaim>>,
    pub(super) queue: Option<Spanned<RawQueue>>,
    pub(super) timer: Option<Spanned<RawTimer>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end and `is`")]
pub(super) struct RawStateClaim {
    pub(super) socket: Option<Word>,
    pub(super) peer_of: Option<Word>,
    pub(super) is: Word,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side` and `call`")]
pub(super) struct RawBlocks {
    pub(super) side: Word,
    pub(super) call: Word,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with `side` and `call`")]
pub(super) struct RawReturns {
    pub(super) side: Word,
    pub(super) call: Word,
    pub(super) value: Option<Number>,
    pub(super) data: Option<Word>,
    pub(super) error: Option<Word>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table: a segment's pattern and `is`")]
pub(super) struct RawSegmentClaim {
    pub(super) from: Word,
    pub(super) flags: Option<Spanned<Vec<Word>>>,
    pub(super) protocol: Option<Word>,
    pub(super) seq: Option<Number>,
    pub(super) ack: Option<Number>,
    pub(super) len: Option<Number>,
    pub(super) win: Option<Number>,
    pub(super) win_scaled: Option<Number>,
    pub(super) on: Option<Word>,
    pub(super) is: Word,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end, `recv` and `send`")]
pub(super) struct RawQueue {
    pub(super) socket: Option<Word>,
    pub(super) peer_of: Option<Word>,
    pub(super) recv: Option<Number>,
    pub(super) send: Option<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with an end and what is claimed of its timer")]
pub(super) struct RawTimer {
    pub(super) socket: Option<Word>,
    pub(super) peer_of: Option<Word>,
    pub(super) kind: Option<Word>,
    pub(super) fired: Option<Number>,
    pub(super) rto_ms: Option<Number>,
}

/// A sum as a lesson writes it, with its place in the file: a text or a whole number.
pub(super) type Number = Spanned<NumberText>;

/// The text of a sum.
pub(super) struct NumberText(pub(super) String);

impl<'de> Deserialize<'de> for NumberText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NumberText, D::Error> {
        struct TextOrWhole;
        impl Visitor<'_> for TextOrWhole {
            type Value = NumberText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a sum in quotes, such as \"j+1\"")
            }
            fn visit_i64<E>(self, number: i64) -> Result<NumberText, E> {
                Ok(NumberText(number.to_string()))
            }
            fn visit_str<E>(self, text: &str) -> Result<NumberText, E> {
                Ok(NumberText(text.to_owned()))
            }
        }
        deserializer.deserialize_any(TextOrWhole)
    }
}
