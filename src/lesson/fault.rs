//! What can be wrong with a lesson file, and the sentences that say so.

use std::net::SocketAddr;

use super::Lang;
use crate::model::{CallName, SOCKET_OPTIONS};

/// One thing that is wrong with a lesson file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Fault {
    /// The file is longer than [`super::MAX_BYTES`].
    TooLarge,
    /// The file's bytes are no UTF-8.
    NotUtf8,
    /// The file is no TOML, or of another shape; the sentence is that of the TOML reader, in English.
    Toml(String),
    /// The file's format has another version.
    Format(i64),
    /// A name holds characters that it must not hold.
    Id(String),
    /// A text is missing or empty in a language.
    NoText(Lang),
    /// A text is longer than its place has room for: so many characters.
    LongText { found: usize, most: usize },
    /// A text holds a character that would act on a terminal, or that can't be seen.
    Control(char),
    /// The learner's line has a line break in it.
    LineBreak,
    /// A text that is sent is empty.
    NothingToSend,
    /// A word is none of those that are allowed at its place.
    Word { kind: WordKind, found: String },
    /// A list names nothing.
    EmptyList(WordKind),
    /// A list names a word twice.
    Twice(String),
    /// A step or a claim is in a mode that what it belongs to doesn't have.
    ModeOutside { found: String, has: Vec<&'static str> },
    /// An address can't be read.
    Address(String),
    /// An address lies outside of this machine.
    NotLoopback(SocketAddr),
    /// The server's port is 0.
    NoPort,
    /// The lesson has no steps.
    NoSteps,
    /// A step does more than one thing.
    ManyActions,
    /// Two steps have the same name.
    StepTwice { id: String, line: usize },
    /// Two sockets have the same name.
    SocketTwice(String),
    /// There is no such socket yet.
    NoSocket { name: String, mode: &'static str, known: Vec<String> },
    /// Exactly one of these keys must be there.
    OneOf { found: Vec<&'static str>, allowed: &'static [&'static str] },
    /// Two keys can't both be there.
    Exclusive(&'static str, &'static str),
    /// A key only makes sense with `recv`.
    OnlyRecv,
    /// A number lies outside of its range.
    Range { found: i64, from: i64, to: i64 },
    /// A text is no sum.
    Number(String),
    /// `received = false` says nothing.
    ReceivedFalse,
    /// A claim on queues names neither queue.
    NoQueue,
    /// A claim on a timer says nothing of it.
    NoTimer,
    /// `times` stands where no timer is waited for.
    TimesOfNothing,
    /// A text is neither a whole number nor `>=` and one.
    Count(String),
    /// A question has too few or too many answers.
    ChoiceCount(usize),
    /// A question's labels and answers are not equally many.
    LabelCount { labels: usize, choices: usize },
    /// An answer is none that the kernel could give.
    Choice { found: String, notation: Notation },
    /// An action that holds segments is in a mode without them.
    OnlyLab,
    /// A socket for datagrams is in a mode where they can't be held.
    UdpOnlyLab,
    /// A datagram is longer than one packet.
    LongDatagram { found: usize, most: usize },
}

/// The kinds of words that a lesson file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum WordKind {
    Mode,
    Side,
    State,
    Call,
    Error,
    Flag,
    Fate,
    Timer,
    How,
    Show,
    Protocol,
    Ipv4Setting,
    CoreSetting,
    Need,
    Option,
}

/// How a question's answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Notation {
    State,
    Call,
    Returned,
    Bytes,
    Times,
    Milliseconds,
}

impl WordKind {
    /// The words of this kind.
    pub fn allowed(self) -> Vec<&'static str> {
        use crate::model::{Errno, SocketState};
        use crate::tcp::{Flags, State};
        match self {
            WordKind::Mode => vec!["lab", "host"],
            WordKind::Side => vec!["server", "client"],
            WordKind::State => {
                let udp = SocketState::UDP.iter().map(|state| state.name());
                State::ALL.iter().map(|state| state.name()).chain(udp).collect()
            }
            WordKind::Call => CallName::ALL.iter().map(|call| call.name()).collect(),
            // The kernel's numbers for errors end below 134 on every architecture.
            WordKind::Error => (1..134).filter_map(|number| Errno(number).name()).collect(),
            WordKind::Flag => Flags::from_bits(0xff).names().collect(),
            WordKind::Fate => vec!["held", "delivered", "dropped"],
            WordKind::Timer => super::notation::TIMERS.iter().map(|(_, name)| *name).collect(),
            WordKind::How => vec!["read", "write", "both"],
            WordKind::Protocol => vec!["udp", "icmp"],
            WordKind::Show => super::Show::ALL.iter().map(|show| show.name()).collect(),
            WordKind::Ipv4Setting => super::sysctl::IPV4.to_vec(),
            WordKind::CoreSetting => super::sysctl::CORE.to_vec(),
            WordKind::Need => vec!["ipv6"],
            WordKind::Option => SOCKET_OPTIONS.to_vec(),
        }
    }

    const fn noun(self, lang: Lang) -> &'static str {
        let (en, zh) = match self {
            WordKind::Mode => ("mode", "模式"),
            WordKind::Side => ("side", "一方的名称"),
            WordKind::State => ("state of a socket", "套接字的状态"),
            WordKind::Call => ("socket call", "套接字调用"),
            WordKind::Error => ("error of a socket call", "套接字调用的错误名"),
            WordKind::Flag => ("TCP flag", " TCP 标志位"),
            WordKind::Fate => ("fate of a segment", "报文段的去向"),
            WordKind::Timer => ("timer", "定时器"),
            WordKind::How => ("direction of shutdown()", " shutdown() 的方向"),
            WordKind::Protocol => ("protocol beside TCP", " TCP 以外的协议"),
            WordKind::Show => ("view that can be shown", "可以打开的视图"),
            WordKind::Ipv4Setting => ("setting below net.ipv4 for a lab", "实验网络可用的 net.ipv4 设置项"),
            WordKind::CoreSetting => ("setting below net.core for a lab", "实验网络可用的 net.core 设置项"),
            WordKind::Need => ("thing that a lesson can need", "课程可以要求的条件"),
            WordKind::Option => ("socket option that a lesson can set", "课程可以设置的套接字选项"),
        };
        match lang {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }
}

impl Fault {
    /// The sentence that says what is wrong and what is allowed.
    pub fn sentence(&self, lang: Lang) -> String {
        match lang {
            Lang::En => self.english(),
            Lang::Zh => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Fault::TooLarge => "the file is larger than 1 MiB; write a shorter lesson".to_owned(),
            Fault::NotUtf8 => "these bytes are not UTF-8; save the file as UTF-8".to_owned(),
            Fault::Toml(message) => super::shape::english(message),
            Fault::Format(found) => format!("format {found} is unknown; this program reads format 1"),
            Fault::Id(name) => {
                format!("`{name}` is no name; allowed: 1 to 40 small letters, digits and hyphens, a letter first")
            }
            Fault::NoText(lang) => format!("the text in {} is missing or empty", lang_name(*lang).0),
            Fault::LongText { found, most } => {
                format!("the text has {found} characters; allowed here: at most {most}")
            }
            Fault::Control(c) => format!("the character U+{:04X} can't be shown; remove it", u32::from(*c)),
            Fault::LineBreak => "the learner's line must be one line; remove the line break".to_owned(),
            Fault::NothingToSend => "the text to send is empty; write at least one character".to_owned(),
            Fault::Word { kind, found } => {
                format!("`{found}` is no {}; allowed: {}", kind.noun(Lang::En), kind.allowed().join(", "))
            }
            Fault::EmptyList(kind) => {
                format!("the list is empty; name at least one of: {}", kind.allowed().join(", "))
            }
            Fault::Twice(word) => format!("`{word}` stands here twice; remove one"),
            Fault::ModeOutside { found, has } => {
                format!("mode `{found}` is not one of those it belongs to; allowed here: {}", has.join(", "))
            }
            Fault::Address(text) => {
                format!("`{text}` is no address with a port; write it as `127.0.0.1:8000` or `[::1]:8000`")
            }
            Fault::NotLoopback(addr) => {
                format!("{addr} is not on this machine's loopback; allowed: 127.0.0.0/8 and ::1")
            }
            Fault::NoPort => "the server needs a port; write one from 1 to 65535".to_owned(),
            Fault::NoSteps => "the lesson has no steps; add at least one [[step]]".to_owned(),
            Fault::ManyActions => "a step does one thing; give the others steps of their own".to_owned(),
            Fault::StepTwice { id, line } => {
                format!("a step `{id}` is already there, in line {line}; give this one another name")
            }
            Fault::SocketTwice(name) => format!("a socket `{name}` is already there; give this one another name"),
            Fault::NoSocket { name, mode, known } => no_socket_english(name, mode, known),
            Fault::OneOf { found, allowed } if found.is_empty() => {
                format!("nothing is said here; write exactly one of: {}", allowed.join(", "))
            }
            Fault::OneOf { found, allowed } => {
                format!("{} can't stand together; write exactly one of: {}", found.join(", "), allowed.join(", "))
            }
            Fault::Exclusive(..)
            | Fault::OnlyRecv
            | Fault::Range { .. }
            | Fault::Number(_)
            | Fault::ReceivedFalse
            | Fault::NoQueue
            | Fault::NoTimer
            | Fault::TimesOfNothing
            | Fault::Count(_)
            | Fault::ChoiceCount(_)
            | Fault::LabelCount { .. }
            | Fault::Choice { .. }
            | Fault::OnlyLab
            | Fault::UdpOnlyLab
            | Fault::LongDatagram { .. } => self.english_of_terms(),
        }
    }

    /// The second half of [`Fault::english`], which lists what belongs here.
    fn english_of_terms(&self) -> String {
        match self {
            Fault::Exclusive(a, b) => format!("`{a}` and `{b}` exclude each other; remove one"),
            Fault::OnlyRecv => "`data` can only be told of recv(); remove it".to_owned(),
            Fault::Range { found, from, to } => format!("{found} is out of range; allowed: {from} to {to}"),
            Fault::Number(text) => {
                format!("`{text}` is no number; write a sum of j or k, whole numbers and `line`, such as `j+1+line`")
            }
            Fault::ReceivedFalse => "`received` can only be true; write text or line instead".to_owned(),
            Fault::NoQueue => "no queue is named; write recv, send or both".to_owned(),
            Fault::NoTimer => "nothing is said of the timer; write kind, fired or rto_ms".to_owned(),
            Fault::TimesOfNothing => "`times` counts firings of a timer; write waits_for too".to_owned(),
            Fault::Count(text) => {
                format!("`{text}` is no count; write a whole number such as 3, or \">=3\" for at least that many")
            }
            Fault::ChoiceCount(count) => format!("a question has 2 to 9 answers; this one has {count}"),
            Fault::LabelCount { labels, choices } => {
                format!("each choice needs a label: there are {choices} choices, and {labels} in labels")
            }
            Fault::Choice { found, notation } => {
                format!("`{found}` can't be the answer; allowed: {}", notation.words(Lang::En))
            }
            Fault::OnlyLab => "segments can only be held in the lab; add in = [\"lab\"] to the step".to_owned(),
            Fault::UdpOnlyLab => "datagrams can only be held in the lab; add in = [\"lab\"] to the step".to_owned(),
            Fault::LongDatagram { found, most } => {
                format!("a datagram of {found} bytes doesn't fit into one packet; allowed: at most {most}")
            }
            _ => String::new(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Fault::TooLarge => "文件超过 1 MiB；请把课程写短一些".to_owned(),
            Fault::NotUtf8 => "这里的字节不是 UTF-8；请把文件存为 UTF-8".to_owned(),
            Fault::Toml(message) => super::shape::chinese(message),
            Fault::Format(found) => format!("不认识格式版本 {found}；本程序读取版本 1"),
            Fault::Id(name) => {
                format!("“{name}”不能作名称；只能用 1 到 40 个小写字母、数字和连字符，并以字母开头")
            }
            Fault::NoText(lang) => format!("缺少{}文本，或文本为空", lang_name(*lang).1),
            Fault::LongText { found, most } => format!("文本有 {found} 个字符；此处最多 {most} 个"),
            Fault::Control(c) => format!("字符 U+{:04X} 无法显示；请删去", u32::from(*c)),
            Fault::LineBreak => "学习者输入的只能是一行；请删去换行".to_owned(),
            Fault::NothingToSend => "要发送的文本为空；请至少写一个字符".to_owned(),
            Fault::Word { kind, found } => {
                format!("“{found}”不是{}；可用：{}", kind.noun(Lang::Zh), kind.allowed().join("、"))
            }
            Fault::EmptyList(kind) => format!("列表为空；请至少写出其中一个：{}", kind.allowed().join("、")),
            Fault::Twice(word) => format!("“{word}”重复了；请删去一个"),
            Fault::ModeOutside { found, has } => {
                format!("所属的课程或步骤没有模式“{found}”；此处可用：{}", has.join("、"))
            }
            Fault::Address(text) => {
                format!("“{text}”不是带端口的地址；请写成 127.0.0.1:8000 或 [::1]:8000")
            }
            Fault::NotLoopback(addr) => format!("{addr} 不在本机回环上；可用：127.0.0.0/8 和 ::1"),
            Fault::NoPort => "服务器需要端口；请写 1 到 65535 之间的数".to_owned(),
            Fault::NoSteps => "课程没有步骤；请至少写一个 [[step]]".to_owned(),
            Fault::ManyActions => "一个步骤只做一件事；请把其余的写成另外的步骤".to_owned(),
            Fault::StepTwice { id, line } => format!("第 {line} 行已有步骤“{id}”；请换一个名称"),
            Fault::SocketTwice(name) => format!("已有名为“{name}”的套接字；请换一个名称"),
            Fault::NoSocket { name, mode, known } => no_socket_chinese(name, mode, known),
            Fault::OneOf { found, allowed } if found.is_empty() => {
                format!("此处什么也没写；请只写其中一个：{}", allowed.join("、"))
            }
            Fault::OneOf { found, allowed } => {
                format!("{} 不能同时出现；请只写其中一个：{}", found.join("、"), allowed.join("、"))
            }
            Fault::Exclusive(..)
            | Fault::OnlyRecv
            | Fault::Range { .. }
            | Fault::Number(_)
            | Fault::ReceivedFalse
            | Fault::NoQueue
            | Fault::NoTimer
            | Fault::TimesOfNothing
            | Fault::Count(_)
            | Fault::ChoiceCount(_)
            | Fault::LabelCount { .. }
            | Fault::Choice { .. }
            | Fault::OnlyLab
            | Fault::UdpOnlyLab
            | Fault::LongDatagram { .. } => self.chinese_of_terms(),
        }
    }

    /// The second half of [`Fault::chinese`], which lists what belongs here.
    fn chinese_of_terms(&self) -> String {
        match self {
            Fault::Exclusive(a, b) => format!("{a} 和 {b} 不能同时出现；请删去一个"),
            Fault::OnlyRecv => "只有 recv() 才能写 data；请删去".to_owned(),
            Fault::Range { found, from, to } => format!("{found} 超出范围；可用：{from} 到 {to}"),
            Fault::Number(text) => {
                format!("“{text}”不是数；请写由 j 或 k、整数和 line 相加的式子，例如 j+1+line")
            }
            Fault::ReceivedFalse => "received 只能为 true；否则请写 text 或 line".to_owned(),
            Fault::NoQueue => "没有写是哪个队列；请写 recv、send 或两者".to_owned(),
            Fault::NoTimer => "没有写定时器的任何情况；请写 kind、fired 或 rto_ms".to_owned(),
            Fault::TimesOfNothing => "times 是定时器到期的次数；请同时写 waits_for".to_owned(),
            Fault::Count(text) => {
                format!("“{text}”不是个数；请写 3 这样的整数，或用 \">=3\" 表示至少 3")
            }
            Fault::ChoiceCount(count) => format!("问题有 {count} 个选项；应为 2 到 9 个"),
            Fault::LabelCount { labels, choices } => {
                format!("有 {labels} 个标签、{choices} 个选项；每个选项应有一个标签")
            }
            Fault::Choice { found, notation } => {
                format!("“{found}”不可能是答案；可用：{}", notation.words(Lang::Zh))
            }
            Fault::OnlyLab => "只有在实验环境（lab）里才能扣住报文段；请给这一步加上 in = [\"lab\"]".to_owned(),
            Fault::UdpOnlyLab => "只有在实验环境（lab）里才能扣住数据报；请给这一步加上 in = [\"lab\"]".to_owned(),
            Fault::LongDatagram { found, most } => {
                format!("{found} 字节的数据报装不进一个分组；最多 {most} 字节")
            }
            _ => String::new(),
        }
    }
}

impl Notation {
    fn words(self, lang: Lang) -> String {
        let states = || WordKind::State.allowed();
        match (self, lang) {
            (Notation::State, Lang::En) => states().join(", "),
            (Notation::State, Lang::Zh) => states().join("、"),
            (Notation::Call, Lang::En) => "blocks, returns".to_owned(),
            (Notation::Call, Lang::Zh) => "blocks、returns".to_owned(),
            (Notation::Returned, Lang::En) => "a number, an error such as ECONNREFUSED, or blocks".to_owned(),
            (Notation::Returned, Lang::Zh) => "一个数、ECONNREFUSED 这样的错误名，或 blocks".to_owned(),
            (Notation::Bytes, Lang::En) => "a number of bytes, such as 0 or `line`".to_owned(),
            (Notation::Bytes, Lang::Zh) => "字节数，例如 0 或 line".to_owned(),
            (Notation::Times, Lang::En) => "a whole number, such as 2".to_owned(),
            (Notation::Times, Lang::Zh) => "整数，例如 2".to_owned(),
            (Notation::Milliseconds, Lang::En) => "a whole number of milliseconds, such as 1000".to_owned(),
            (Notation::Milliseconds, Lang::Zh) => "毫秒数，例如 1000".to_owned(),
        }
    }
}

const fn lang_name(lang: Lang) -> (&'static str, &'static str) {
    match lang {
        Lang::En => ("English (en)", "英文（en）"),
        Lang::Zh => ("Chinese (zh)", "中文（zh）"),
    }
}

fn no_socket_english(name: &str, mode: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("no socket `{name}` is there at this point in mode {mode}; none is, so far");
    }
    format!("no socket `{name}` is there at this point in mode {mode}; known: {}", known.join(", "))
}

fn no_socket_chinese(name: &str, mode: &str, known: &[String]) -> String {
    if known.is_empty() {
        return format!("在模式 {mode} 下，到这一步还没有套接字“{name}”；目前一个也没有");
    }
    format!("在模式 {mode} 下，到这一步还没有套接字“{name}”；已有：{}", known.join("、"))
}
