//! What the kernel has, where a question asked for it: said beside an answer that was wrong.

use super::words::words;
use super::{fill, harmless};

words! {
    /// One sentence for each kind of question. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct MeasuredTexts {
        pub state: String,
        pub sleeps: String,
        pub returned: String,
        pub value: String,
        pub failed: String,
        pub recv_queue: String,
        pub send_queue: String,
        pub fired: String,
        pub rto: String,
        pub reason: String,
        pub reason_none: String,
        pub reason_unread: String,
        pub none: String,
    }
}

impl MeasuredTexts {
    /// What was measured, in words: `key` is the question's in a lesson's file, `actual` the notation of its answers.
    pub fn fact(&self, key: &str, actual: &str) -> String {
        let text = match (key, actual) {
            ("reason", "none") => &self.reason_none,
            ("reason", "unread") => &self.reason_unread,
            ("reason", _) => &self.reason,
            (_, "none") => &self.none,
            ("call" | "returned", "blocks") => &self.sleeps,
            ("call", _) => &self.returned,
            ("returned", number) if number.parse::<i64>().is_ok() => &self.value,
            ("returned", _) => &self.failed,
            ("recv_queue", _) => &self.recv_queue,
            ("send_queue", _) => &self.send_queue,
            ("fired", _) => &self.fired,
            ("rto", _) => &self.rto,
            _ => &self.state,
        };
        fill(text, &[("actual", harmless(actual))])
    }

    /// An offered answer in words: its label, else what its notation means; a name or a number stands for itself.
    pub fn choice(&self, key: &str, label: Option<&str>, notation: &str) -> String {
        match (label, notation) {
            (Some(label), _) => harmless(label),
            (None, "blocks" | "returns" | "none") => self.fact(key, notation),
            (None, other) => harmless(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::i18n::testing::zh;
    use crate::i18n::{Lang, Texts};

    #[test]
    fn each_kind_of_answer_has_its_sentence() {
        let texts = [Lang::EN, zh()].map(|lang| &Texts::load(lang).unwrap().measured);
        for (measure, actual, wanted) in [
            ("call", "blocks", ["it sleeps in the call", "调用睡在内核里"]),
            ("call", "returns", ["the call is over", "调用已经返回"]),
            ("returned", "5", ["it returned 5", "调用返回了 5"]),
            ("returned", "EPIPE", ["it failed with EPIPE", "调用失败，错误是 EPIPE"]),
            ("returned", "blocks", ["it sleeps in the call", "调用睡在内核里"]),
            ("reason", "TCPChallengeACK", ["it counted TCPChallengeACK", "内核计数了 TCPChallengeACK"]),
            ("reason", "none", ["no counter moved", "没有计数器变化"]),
            ("reason", "unread", ["which counters moved is not known", "不知道哪些计数器变了"]),
        ] {
            assert_eq!(texts.map(|texts| texts.fact(measure, actual)), wanted, "{measure} {actual}");
        }
    }
}
