//! The field's terms with their definitions, and where a text mentions them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::i18n::words::{self, words};
use crate::i18n::{Lang, Localized};

const ASSET: &str = "glossary.toml";

words! {
    /// One term.
    pub struct Term {
        /// Its name.
        pub name: Localized,
        /// Its second names, by the codes of their languages: the reader learns them too.
        pub names: Option<BTreeMap<String, Vec<String>>>,
        /// Other words by which texts call the same thing, in any language.
        pub also: Option<Vec<String>>,
        /// Words that one may ask for and be answered with this, though texts mean something else by them, or don't have them.
        pub find: Option<Vec<String>>,
        /// What it means, in one or two sentences; `code` stands in backticks.
        pub say: Localized,
        /// Where that is said: RFC and section, or manual page.
        pub source: String,
    }
}

impl Term {
    /// Its names in a language, the second ones behind the first; and those in other languages, where they are others.
    pub fn heads(&self, lang: Lang) -> (String, Option<String>) {
        let list = |names: Vec<&str>| lang.list(names);
        let names = |of: Lang| -> Vec<&str> {
            let second = self.names.iter().flat_map(|names| names.get(of.code())).flatten().map(String::as_str);
            self.name.own(of).into_iter().chain(second).collect()
        };
        let mut own = names(lang);
        if self.name.own(lang).is_none() {
            own.insert(0, self.name.get(lang));
        }
        let mut others: Vec<&str> = Vec::new();
        let elsewhere: Vec<Vec<&str>> = Lang::all().filter(|of| *of != lang).map(names).collect();
        for name in elsewhere.into_iter().filter(|names| *names != own).flatten() {
            if !others.contains(&name) {
                others.push(name);
            }
        }
        (list(own), (!others.is_empty()).then(|| list(others)))
    }

    /// All words for it that stand in texts.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let second = self.names.iter().flat_map(BTreeMap::values).chain(&self.also).flatten().map(String::as_str);
        self.name.iter().map(|(_, name)| name).chain(second)
    }

    /// These, and those by which it is asked for.
    fn asked_by(&self) -> impl Iterator<Item = &str> {
        self.words().chain(self.find.iter().flatten().map(String::as_str))
    }
}

words! {
    /// All terms, in the order of the file.
    pub struct Glossary {
        /// Words that say of what kind the thing is that is asked for, and of the question itself.
        kinds: Vec<String>,
        term: Vec<Term>,
    }
}

/// The asset is broken: a fault of the program, which a test looks for.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the glossary can't be read: {0}")]
pub struct BrokenGlossary(String);

impl Glossary {
    /// The glossary that is built in; read once.
    ///
    /// # Errors
    /// [`BrokenGlossary`] where the asset doesn't fit the program.
    pub fn load() -> Result<&'static Glossary, BrokenGlossary> {
        static LOADED: OnceLock<Result<Glossary, BrokenGlossary>> = OnceLock::new();
        LOADED.get_or_init(|| words::of_asset(ASSET).map_err(BrokenGlossary)).as_ref().map_err(Clone::clone)
    }

    /// The same, read when it is first looked into; none of the terms where [`Glossary::load`] says why.
    pub fn shipped() -> &'static Glossary {
        static NONE: Glossary = Glossary { kinds: Vec::new(), term: Vec::new() };
        Glossary::load().unwrap_or(&NONE)
    }

    /// All terms.
    pub fn terms(&self) -> &[Term] {
        &self.term
    }

    /// The term that one of its words names, in any writing: `syn sent` finds SYN_SENT. Where none does: the terms
    /// with a word that contains it; where there is none, the same without words that only say what kind of thing is
    /// asked for (`psh flag`); at last the terms whose words are in it, the longest first taken.
    pub fn search(&self, wanted: &str) -> Vec<&Term> {
        let asked = plain(wanted);
        if asked.is_empty() {
            return Vec::new();
        }
        let those = |fits: &dyn Fn(&str) -> bool| -> Vec<&Term> {
            let found = |term: &&Term| term.asked_by().any(|word| fits(&plain(word)));
            self.term.iter().filter(found).collect()
        };
        let core = plain(&self.without_kinds(wanted));
        let ways = [asked.clone(), core];
        let exact = |asked: &String| those(&|word| word == asked);
        let within = |asked: &String| those(&|word| word.contains(asked.as_str()));
        let named = ways.iter().filter(|way| !way.is_empty());
        let found = named.clone().map(exact).chain(named.map(within)).find(|found| !found.is_empty());
        found.unwrap_or_else(|| self.longest_in(&asked))
    }

    /// The term with the longest word that stands in what was asked.
    fn longest_in(&self, asked: &str) -> Vec<&Term> {
        let length = |term: &Term| {
            let words = term.asked_by().map(plain);
            // A short word stands in many others by chance.
            let long = |word: &String| word.len() >= 4 && word.chars().count() >= 2;
            words.filter(|word| long(word) && asked.contains(word.as_str())).map(|word| word.len()).max()
        };
        self.term
            .iter()
            .filter_map(|term| Some((length(term)?, term)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, term)| term)
            .into_iter()
            .collect()
    }

    /// What is asked for without words that only say of what kind it is.
    fn without_kinds(&self, wanted: &str) -> String {
        let latin = |word: &&str| !self.kinds.iter().any(|kind| kind.eq_ignore_ascii_case(word));
        let mut kept = wanted.split([' ', '?']).filter(latin).collect::<Vec<_>>().join(" ");
        for kind in self.kinds.iter().filter(|kind| !kind.is_ascii()) {
            kept = kept.replace(kind, "");
        }
        kept
    }

    /// The numbers of the terms that a text mentions, in the text's order. Of words within each other, the longest
    /// counts: `SYN queue` mentions no SYN.
    pub fn mentioned(&self, text: &str) -> Vec<usize> {
        let mut found: Vec<(Range<usize>, usize)> = Vec::new();
        for (number, term) in self.term.iter().enumerate() {
            for word in term.words() {
                found.extend(places(text, word).map(|place| (place, number)));
            }
        }
        found.sort_by_key(|(place, _)| (place.start, std::cmp::Reverse(place.end)));
        let (mut end, mut numbers) = (0, Vec::new());
        for (place, number) in found {
            if place.start >= end {
                end = place.end;
                if !numbers.contains(&number) {
                    numbers.push(number);
                }
            }
        }
        numbers
    }
}

/// A word without what may be written in one way or another.
fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '_' | '-' | '`' | '(' | ')')).flat_map(char::to_lowercase).collect()
}

/// Where a word stands in a text, as a word of its own. What has a small letter is found in any case, and with an
/// English plural's `s`.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = Range<usize>> + 'a {
    let strict = !word.chars().any(char::is_lowercase);
    let bytes = word.len();
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = move |found: &str| if strict { found == word } else { found.eq_ignore_ascii_case(word) };
    let latin = word.is_ascii();
    text.char_indices().filter_map(move |(start, _)| {
        let found = text.get(start..start + bytes).filter(|found| fits(found))?;
        let after = &text[start + found.len()..];
        let plural = usize::from(latin && !strict && after.starts_with('s'));
        let bounded = !text[..start].ends_with(part_of_word) && !after[plural..].starts_with(part_of_word);
        (!latin || bounded).then_some(start..start + bytes + plural)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::i18n::testing::zh;
    use crate::tcp::{Flags, State};

    fn names(text: &str) -> Vec<&'static str> {
        let glossary = Glossary::load().unwrap();
        glossary.mentioned(text).into_iter().map(|number| glossary.terms()[number].name.get(Lang::EN)).collect()
    }

    #[test]
    fn it_is_whole() {
        let glossary = Glossary::load().unwrap();
        assert!(glossary.terms().len() >= 45);
        let mut words = HashSet::new();
        for term in glossary.terms() {
            // One word in both languages is one word; otherwise no word means two things.
            let own: HashSet<String> = term.asked_by().map(plain).collect();
            for word in own {
                assert!(words.insert(word.clone()), "{word} stands twice");
            }
            for text in [term.say.get(Lang::EN), term.say.get(zh()), &term.source] {
                assert!(!text.trim().is_empty() && text.matches('`').count() % 2 == 0, "{}", term.name.get(Lang::EN));
            }
            let says_where = term.source.contains("RFC ") || term.source.contains('(');
            assert!(says_where, "{}: {}", term.name.get(Lang::EN), term.source);
            assert!(
                term.say.get(Lang::EN).ends_with('.') && term.say.get(zh()).ends_with('。'),
                "{}",
                term.name.get(Lang::EN)
            );
            assert!(
                term.say.get(zh()).chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{}",
                term.name.get(Lang::EN)
            );
            assert_eq!(ticks(term.say.get(Lang::EN)), ticks(term.say.get(zh())), "{}", term.name.get(Lang::EN));
        }
    }

    fn ticks(text: &str) -> Vec<&str> {
        let mut parts: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn every_state_and_every_flag_is_a_term() {
        let glossary = Glossary::load().unwrap();
        for name in State::ALL.iter().map(|state| state.name()).chain(Flags::from_bits(0xff).names()) {
            let found = glossary.search(name);
            assert!(found.len() == 1 && found[0].name.get(Lang::EN) == name, "{name}");
        }
    }

    #[test]
    fn a_term_is_found_however_it_is_written() {
        let glossary = Glossary::load().unwrap();
        for (wanted, en) in [
            ("syn_sent", "SYN_SENT"),
            ("SYN-SENT", "SYN_SENT"),
            ("time wait", "TIME_WAIT"),
            ("窗口", "window"),
            ("Half-Close", "half-close"),
            ("initial sequence number", "ISN"),
        ] {
            let found: Vec<&str> = glossary.search(wanted).iter().map(|term| term.name.get(Lang::EN)).collect();
            assert_eq!(found, [en], "{wanted}");
        }
        assert!(glossary.search("queue").len() >= 4);
        for nothing in ["nothing of the kind", "", "\u{1b}[2J", "()"] {
            assert!(glossary.search(nothing).is_empty(), "{nothing:?}");
        }
    }

    /// What students type, by the names of textbooks in both languages and by the RFCs'.
    const ASKED: [(&str, &str); 138] = [
        ("复位", "RST"),
        ("快重传", "fast retransmit"),
        ("持续计时器", "persist timer"),
        ("坚持定时器", "persist timer"),
        ("坚持计时器", "persist timer"),
        ("环回", "loopback"),
        ("异常终止", "abort"),
        ("捎带", "piggybacking"),
        ("捎带确认", "piggybacking"),
        ("伪首部", "pseudo-header"),
        ("滑动窗口", "sliding window"),
        ("累积确认", "cumulative acknowledgement"),
        ("拥塞控制", "congestion control"),
        ("慢开始", "slow start"),
        ("慢启动", "slow start"),
        ("粘包", "byte stream"),
        ("四次挥手", "four-way close"),
        ("persist timer", "persist timer"),
        ("SYN cookie", "SYN cookie"),
        ("syn cookies", "SYN cookie"),
        ("slow start", "slow start"),
        ("pseudo-header", "pseudo-header"),
        ("pseudo header", "pseudo-header"),
        ("challenge ACK", "challenge ACK"),
        ("psh flag", "PSH"),
        ("the ACK bit", "ACK"),
        ("FIN 标志", "FIN"),
        ("SYN 报文段", "SYN"),
        ("什么是 MSS", "MSS"),
        ("what is RTO?", "RTO"),
        ("TIME_WAIT state", "TIME_WAIT"),
        ("TIME_WAIT 状态", "TIME_WAIT"),
        ("SACK option", "SACK"),
        ("拥塞避免", "congestion avoidance"),
        ("快恢复", "fast recovery"),
        ("快速恢复", "fast recovery"),
        ("fast recovery", "fast recovery"),
        ("congestion avoidance", "congestion avoidance"),
        ("cwnd", "congestion window"),
        ("ssthresh", "slow start"),
        ("慢开始门限", "slow start"),
        ("rwnd", "window"),
        ("接收窗口", "window"),
        ("发送窗口", "window"),
        ("advertised window", "window"),
        ("三次握手", "three-way handshake"),
        ("三报文握手", "three-way handshake"),
        ("3-way handshake", "three-way handshake"),
        ("四报文挥手", "four-way close"),
        ("four-way handshake", "four-way close"),
        ("connection termination", "four-way close"),
        ("半关闭", "half-close"),
        ("半连接", "half-open connection"),
        ("半连接队列", "SYN queue"),
        ("全连接队列", "accept queue"),
        ("somaxconn", "backlog"),
        ("SYN flood", "SYN flood"),
        ("SYN 洪泛", "SYN flood"),
        ("SYN 泛洪攻击", "SYN flood"),
        ("超时重传", "retransmission"),
        ("超时重传时间", "RTO"),
        ("重传计时器", "RTO"),
        ("retransmission timer", "RTO"),
        ("往返时延", "RTT"),
        ("SRTT", "RTT"),
        ("指数退避", "exponential backoff"),
        ("exponential backoff", "exponential backoff"),
        ("Karn", "Karn's algorithm"),
        ("Karn 算法", "Karn's algorithm"),
        ("糊涂窗口综合征", "silly window syndrome"),
        ("silly window", "silly window syndrome"),
        ("SWS", "silly window syndrome"),
        ("零窗口", "zero window"),
        ("零窗口探测", "window probe"),
        ("窗口扩大", "window scale"),
        ("window scaling", "window scale"),
        ("时间戳", "timestamps"),
        ("timestamp option", "timestamps"),
        ("PAWS", "PAWS"),
        ("序号回绕", "PAWS"),
        ("选择确认", "SACK"),
        ("DSACK", "SACK"),
        ("冗余 ACK", "duplicate ACK"),
        ("dup ack", "duplicate ACK"),
        ("三个重复确认", "duplicate ACK"),
        ("tail loss probe", "tail loss probe"),
        ("TLP", "tail loss probe"),
        ("RACK", "tail loss probe"),
        ("延迟确认", "delayed ACK"),
        ("推迟确认", "delayed ACK"),
        ("延迟 ACK", "delayed ACK"),
        ("Nagle 算法", "Nagle's algorithm"),
        ("TCP_NODELAY", "Nagle's algorithm"),
        ("保活计时器", "keepalive"),
        ("keep-alive timer", "keepalive"),
        ("心跳", "keepalive"),
        ("时间等待计时器", "2MSL"),
        ("最长报文段寿命", "MSL"),
        ("最大报文段长度", "MSS"),
        ("最大传输单元", "MTU"),
        ("路径 MTU", "MTU"),
        ("紧急指针", "URG"),
        ("带外数据", "URG"),
        ("推送", "PSH"),
        ("同步", "SYN"),
        ("ECN", "ECE"),
        ("运输层", "layer"),
        ("网际层", "layer"),
        ("流量控制", "flow control"),
        ("flow control", "flow control"),
        ("停止等待协议", "ARQ"),
        ("go-back-n", "ARQ"),
        ("自动重传请求", "ARQ"),
        ("乱序", "reordering"),
        ("out-of-order", "reordering"),
        ("丢包", "packet loss"),
        ("packet loss", "packet loss"),
        ("传输控制块", "TCB"),
        ("TCB", "TCB"),
        ("临时端口", "ephemeral port"),
        ("熟知端口", "well-known port"),
        ("端口复用", "SO_REUSEADDR"),
        ("SO_REUSEPORT", "SO_REUSEPORT"),
        ("TCP Fast Open", "TCP Fast Open"),
        ("TFO", "TCP Fast Open"),
        ("EOF", "end of stream"),
        ("面向连接", "TCP"),
        ("全双工", "TCP"),
        ("connection refused", "ECONNREFUSED"),
        ("Connection reset by peer", "ECONNRESET"),
        ("broken pipe", "EPIPE"),
        ("connection timed out", "ETIMEDOUT"),
        ("address already in use", "EADDRINUSE"),
        ("五元组", "four-tuple"),
        ("套接字对", "four-tuple"),
        ("IO 多路复用", "epoll"),
        ("TCP 选项", "option"),
        ("SYN_RCVD", "SYN_RECV"),
    ];

    #[test]
    fn second_names_are_shown_beside_the_first_in_each_language() {
        let glossary = Glossary::load().unwrap();
        let heads = |en: &str, lang| glossary.search(en)[0].heads(lang);
        assert_eq!(heads("SYN queue", zh()), ("半连接队列、SYN 队列".into(), Some("SYN queue".into())));
        assert_eq!(heads("SYN queue", Lang::EN), ("SYN queue".into(), Some("半连接队列, SYN 队列".into())));
        assert_eq!(heads("ISN", Lang::EN), ("ISN, initial sequence number".into(), Some("ISN, 初始序号".into())));
        assert_eq!(heads("CLOSED", Lang::EN), ("CLOSED".into(), None));
    }

    #[test]
    fn what_students_ask_for_is_answered() {
        let glossary = Glossary::load().unwrap();
        for (asked, en) in ASKED {
            let found: Vec<&str> = glossary.search(asked).iter().map(|term| term.name.get(Lang::EN)).collect();
            assert_eq!(found.first(), Some(&en), "{asked}: {found:?}");
        }
    }

    #[test]
    fn a_text_mentions_the_longest_words_in_its_order() {
        assert_eq!(names("Then `connect()` blocks: SYN_SENT."), ["blocking call", "SYN_SENT"]);
        assert_eq!(names("The SYN queue holds segments, not the SYN."), ["SYN queue", "segment", "SYN"]);
        assert_eq!(names("SYNs and synthesis, closed and closing, important ports"), ["port"]);
        assert_eq!(names("零窗口之后，窗口又打开"), ["zero window", "window"]);
        assert_eq!(names(""), [] as [&str; 0]);
    }
}
