//! The words at the end of a lesson that screen and transcript share.

use super::fill;
use super::words::words;

words! {
    /// What was confirmed, and where to go on. The fields bear the names of the keys.
    #[allow(missing_docs)]
    pub struct EndingTexts {
        pub kinds: [String; 9],
        pub between: String,
        pub confirmed: String,
        pub otherwise: String,
        pub misbelief: String,
        pub play_next: String,
        pub play_last: String,
        pub stopped: String,
        pub stopped_unkept: String,
        pub not_begun: String,
        pub at_beginning: String,
        pub at_beginning_unkept: String,
        pub over: String,
        pub over_next: String,
        pub left_others: String,
        pub left_alone: String,
        pub replayed: String,
    }
}

impl EndingTexts {
    /// What the kernel confirmed: how many states, returns, sleeping calls, segments, queues, timers, TCP_INFO, counters and calls about to be made; and
    /// how many things were otherwise than the lesson says.
    pub fn confirmed(&self, counts: &[usize; 9], otherwise: usize) -> String {
        let kinds = self.kinds.iter().zip(counts).filter(|(_, count)| **count > 0);
        let list: Vec<String> = kinds.map(|(text, count)| fill(text, &[("n", count)])).collect();
        let mut said = Vec::new();
        if !list.is_empty() {
            said.push(fill(&self.confirmed, &[("what", &list.join(&self.between))]));
        }
        if otherwise > 0 {
            said.push(fill(&self.otherwise, &[("n", &otherwise)]));
        }
        said.join("\n\n")
    }
}

#[cfg(test)]
mod tests {
    use crate::i18n::testing::zh as chinese;
    use crate::i18n::{Lang, Texts};

    #[test]
    fn only_what_was_there_is_said() {
        for (counts, otherwise, en, zh) in [
            (
                [12, 3, 0, 9, 0, 1, 0, 0, 0],
                0,
                "Looked up at that moment, and as the text says: 12 × state, 3 × return of a call, 9 × segment seen on the wire, 1 × timer.",
                "当时一一查对，都与课文一致：状态 12 处、调用的返回 3 处、线路上所见的报文段 9 处、定时器 1 处。",
            ),
            (
                [0; 9],
                2,
                "Otherwise than the text says: 2. Look back (←) at the steps that say so.",
                "与课文不符：2 处。请回看（←）标明不符的各步。",
            ),
        ] {
            for (lang, wanted) in [(Lang::EN, en), (chinese(), zh)] {
                let texts = Texts::load(lang).unwrap();
                assert_eq!(texts.ending.confirmed(&counts, otherwise), wanted);
            }
        }
    }
}
