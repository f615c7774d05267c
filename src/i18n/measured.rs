//! What the kernel has, where a question asked for it: said beside an answer that was wrong.

use super::words::words;
use super::{fill, harmless};
use crate::lesson::Measure;

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
        pub none: String,
    }
}

impl MeasuredTexts {
    /// What was measured, in words; `actual` is it in the notation of the question's answers.
    pub fn fact(&self, measure: &Measure, actual: &str) -> String {
        let text = match (measure, actual) {
            (_, "none") => &self.none,
            (Measure::State(_), _) => &self.state,
            (Measure::Call(_) | Measure::Returned(_), "blocks") => &self.sleeps,
            (Measure::Call(_), _) => &self.returned,
            (Measure::Returned(_), number) if number.parse::<i64>().is_ok() => &self.value,
            (Measure::Returned(_), _) => &self.failed,
            (Measure::RecvQueue(_), _) => &self.recv_queue,
            (Measure::SendQueue(_), _) => &self.send_queue,
            (Measure::Fired(_), _) => &self.fired,
            (Measure::Rto(_), _) => &self.rto,
        };
        fill(text, &[("actual", harmless(actual))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{Lang, Texts};
    use crate::model::Side;

    #[test]
    fn each_kind_of_answer_has_its_sentence() {
        let texts = [Lang::En, Lang::Zh].map(|lang| &Texts::load(lang).unwrap().measured);
        let call = Measure::Call(Side::Server);
        let returned = Measure::Returned(Side::Client);
        for (measure, actual, wanted) in [
            (&call, "blocks", ["the call sleeps in the kernel", "调用睡在内核里"]),
            (&call, "returns", ["the call has returned", "调用已经返回"]),
            (&returned, "5", ["the call returned 5", "调用返回了 5"]),
            (&returned, "EPIPE", ["the call failed with EPIPE", "调用失败，错误是 EPIPE"]),
            (&returned, "blocks", ["the call sleeps in the kernel", "调用睡在内核里"]),
        ] {
            assert_eq!(texts.map(|texts| texts.fact(measure, actual)), wanted, "{measure:?} {actual}");
        }
    }
}
