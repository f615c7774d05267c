//! What an author is told of a lesson that can be read: what a good lesson has beyond that.
//!
//! The same structure in both languages, so that nobody is told less; questions, so that one predicts before one sees;
//! where to read on; a length that one sits through; and terms that the glossary explains.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::error::SourceText;
use super::raw::{RawLesson, RawText, Word};
use super::{Glossary, Lang, Lesson};
use crate::model::{Errno, Mode};

/// How many steps a lesson has in each of its modes.
const STEPS: RangeInclusive<usize> = 8..=30;
/// How many questions a lesson has in each of its modes, at least.
const LEAST_ASKS: usize = 2;

/// Something to be told of a lesson, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, counted in characters.
    pub column: usize,
    /// What.
    pub what: Lack,
}

/// What a lesson that can be read lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Lack {
    /// The languages have different numbers of paragraphs.
    Paragraphs { en: usize, zh: usize },
    /// What stands in backticks, or in braces, is not the same in both languages.
    Marked { en: Vec<String>, zh: Vec<String> },
    /// A backtick opens what none closes.
    Backtick(Lang),
    /// Too few or too many steps in a mode.
    Steps { mode: Mode, found: usize },
    /// Too few questions in a mode.
    Asks { mode: Mode, found: usize },
    /// The recap names neither an RFC nor a manual page.
    ReadOn(Lang),
    /// A name in capitals that neither the glossary nor the program knows.
    Term(String),
    /// The file isn't named as the lesson.
    FileName,
}

impl Lack {
    /// Whether the lesson fails by it.
    pub const fn is_error(&self) -> bool {
        !matches!(self, Lack::Term(_) | Lack::FileName)
    }

    /// The sentence in a language.
    pub fn sentence(&self, lang: Lang) -> String {
        match lang {
            Lang::En => self.english(),
            Lang::Zh => self.chinese(),
        }
    }

    fn english(&self) -> String {
        match self {
            Lack::Paragraphs { en, zh } => {
                format!("expected as many paragraphs in both languages, actual {en} in English and {zh} in Chinese")
            }
            Lack::Marked { en, zh } => format!(
                "expected the same in backticks and braces in both languages, actual only in English {}, only in Chinese {}",
                list(en, "nothing"),
                list(zh, "nothing")
            ),
            Lack::Backtick(lang) => format!("a backtick in the {} text is not closed", english_name(*lang)),
            Lack::Steps { mode, found } => {
                format!("expected {} to {} steps in {}, actual {found}", STEPS.start(), STEPS.end(), mode.name())
            }
            Lack::Asks { mode, found } => {
                format!("expected at least {LEAST_ASKS} questions in {}, actual {found}", mode.name())
            }
            Lack::ReadOn(lang) => format!(
                "the {} recap says where to read on: expected an RFC or a manual page, such as RFC 9293 or tcp(7)",
                english_name(*lang)
            ),
            Lack::Term(word) => format!("{word} is neither in the glossary nor a name that the program knows"),
            Lack::FileName => "the file's name is not the lesson's id; one finds it more easily if it is".to_owned(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Lack::Paragraphs { en, zh } => format!("两种语言的段落数应当相同，实际英文 {en} 段，中文 {zh} 段"),
            Lack::Marked { en, zh } => format!(
                "两种语言的反引号和花括号内容应当相同，实际只在英文里：{}；只在中文里：{}",
                list(en, "无"),
                list(zh, "无")
            ),
            Lack::Backtick(lang) => format!("{}文本里有一个反引号没有配对", chinese_name(*lang)),
            Lack::Steps { mode, found } => {
                format!("{} 模式应有 {} 到 {} 步，实际 {found} 步", mode.name(), STEPS.start(), STEPS.end())
            }
            Lack::Asks { mode, found } => {
                format!("{} 模式至少应有 {LEAST_ASKS} 个预测问题，实际 {found} 个", mode.name())
            }
            Lack::ReadOn(lang) => {
                format!("{} recap 应当写明延伸阅读：RFC 或手册页，例如 RFC 9293 或 tcp(7)", chinese_name(*lang))
            }
            Lack::Term(word) => format!("{word} 不在术语表里，程序也不认识这个名字"),
            Lack::FileName => "文件名与课程的 id 不同；相同会更容易找到".to_owned(),
        }
    }
}

fn list(words: &[String], nothing: &str) -> String {
    if words.is_empty() { nothing.to_owned() } else { words.join(", ") }
}

fn english_name(lang: Lang) -> &'static str {
    if lang == Lang::En { "English" } else { "Chinese" }
}

fn chinese_name(lang: Lang) -> &'static str {
    if lang == Lang::En { "英文" } else { "中文" }
}

/// Everything to be told of a lesson, in the file's order. `text` is what it was read from; `known` says whether the
/// program knows a name in capitals, such as a socket option's.
pub fn review(lesson: &Lesson, text: &str, glossary: &Glossary, known: impl Fn(&str) -> bool) -> Vec<Remark> {
    // What was read once is read again, this time for the places of its texts.
    let Ok(raw) = toml::from_str::<RawLesson>(text) else { return Vec::new() };
    let mut review = Review { source: SourceText::new(text), glossary, known: &known, remarks: Vec::new() };
    review.lesson(lesson, &raw);
    review.remarks.sort_by_key(|remark| (remark.line, remark.column));
    review.remarks
}

struct Review<'a> {
    source: SourceText<'a>,
    glossary: &'a Glossary,
    known: &'a dyn Fn(&str) -> bool,
    remarks: Vec<Remark>,
}

impl Review<'_> {
    fn remark(&mut self, span: &Range<usize>, what: Lack) {
        let (line, column) = self.source.place(span.start);
        self.remarks.push(Remark { line, column, what });
    }

    fn lesson(&mut self, lesson: &Lesson, raw: &RawLesson) {
        let stem = lesson.file.rsplit('/').next().unwrap_or_default().trim_end_matches(".toml");
        // The files of a course are numbered.
        let stem = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        if stem != lesson.id {
            self.remark(&raw.id.span(), Lack::FileName);
        }
        for mode in &lesson.modes {
            let steps: Vec<_> = lesson.steps.iter().filter(|step| step.modes.contains(mode)).collect();
            let asks = steps.iter().filter(|step| step.ask.is_some()).count();
            if !STEPS.contains(&steps.len()) {
                self.remark(&raw.id.span(), Lack::Steps { mode: *mode, found: steps.len() });
            }
            if asks < LEAST_ASKS {
                self.remark(&raw.id.span(), Lack::Asks { mode: *mode, found: asks });
            }
        }
        for text in [&raw.title, &raw.goal, &raw.recap].into_iter().chain(&raw.misbelief) {
            self.text(text);
        }
        for (word, lang) in languages(raw.recap.get_ref()) {
            if !says_where(word.get_ref()) {
                self.remark(&word.span(), Lack::ReadOn(lang));
            }
        }
        for step in &raw.step {
            let step = step.get_ref();
            self.text(&step.title);
            self.text(&step.say);
            if let Some(ask) = &step.ask {
                let ask = ask.get_ref();
                self.text(&ask.question);
                ask.labels.iter().flat_map(|labels| labels.get_ref()).for_each(|label| self.text(label));
            }
        }
    }

    fn text(&mut self, raw: &Spanned<RawText>) {
        let RawText { en: Some(en), zh: Some(zh) } = raw.get_ref() else { return };
        let counts = [en, zh].map(|word| paragraphs(word.get_ref()));
        if counts[0] != counts[1] {
            self.remark(&zh.span(), Lack::Paragraphs { en: counts[0], zh: counts[1] });
        }
        let mut closed = true;
        for (word, lang) in languages(raw.get_ref()) {
            if word.get_ref().matches('`').count() % 2 == 1 {
                closed = false;
                self.remark(&word.span(), Lack::Backtick(lang));
            }
            for name in names(word.get_ref()) {
                let explained = !self.glossary.search(name).is_empty();
                if !explained && Errno::from_name(name).is_none() && !(self.known)(name) {
                    self.remark(&word.span(), Lack::Term(name.to_owned()));
                }
            }
        }
        let [of_en, of_zh] = [en, zh].map(|word| marked(word.get_ref()));
        if closed && of_en != of_zh {
            let only = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| {
                these.difference(those).map(|word| (*word).to_owned()).collect()
            };
            self.remark(&zh.span(), Lack::Marked { en: only(&of_en, &of_zh), zh: only(&of_zh, &of_en) });
        }
    }
}

fn languages(text: &RawText) -> impl Iterator<Item = (&Word, Lang)> {
    let en = text.en.iter().map(|word| (word, Lang::En));
    en.chain(text.zh.iter().map(|word| (word, Lang::Zh)))
}

fn paragraphs(text: &str) -> usize {
    text.trim().split("\n\n").filter(|paragraph| !paragraph.trim().is_empty()).count()
}

/// What stands in backticks, and in braces.
fn marked(text: &str) -> BTreeSet<&str> {
    let in_backticks = text.split('`').skip(1).step_by(2);
    let in_braces = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0));
    in_backticks.chain(in_braces).map(str::trim).collect()
}

/// The names in capitals that mean something by convention: those with an underscore (TCP_NODELAY), and those in
/// backticks (`SYN`).
fn names(text: &str) -> BTreeSet<&str> {
    let is_name = |word: &&str| {
        word.len() >= 2
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(is_name);
    let underscored = words.filter(|word| word.contains('_'));
    underscored.chain(text.split('`').skip(1).step_by(2).filter(is_name)).collect()
}

/// Whether a text names an RFC (`RFC 9293`) or a manual page (`tcp(7)`).
fn says_where(text: &str) -> bool {
    let digit = |rest: &str| rest.trim_start().starts_with(|c: char| c.is_ascii_digit());
    let rfc = text.match_indices("RFC").any(|(at, found)| digit(&text[at + found.len()..]));
    let page = text.match_indices('(').any(|(at, _)| {
        let section = text[at + 1..].split_once(')').map_or("", |(section, _)| section);
        let named = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        named && matches!(section.as_bytes(), [b'1'..=b'9'])
    });
    rfc || page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::{builtin, builtin_names, builtin_text, parse};

    fn of(text: &str) -> Vec<(usize, Lack)> {
        let lesson = parse("01-handshake.toml", text).unwrap();
        let known = |name: &str| name == "SIGPIPE" || crate::model::SOCKET_OPTIONS.contains(&name);
        let remarks = review(&lesson, text, Glossary::load().unwrap(), known);
        remarks.into_iter().map(|remark| (remark.line, remark.what)).collect()
    }

    fn handshake() -> String {
        builtin_text("handshake").unwrap().1.to_owned()
    }

    #[test]
    fn the_shipped_lessons_lack_nothing() {
        for name in builtin_names() {
            let lesson = builtin(name).unwrap().unwrap();
            let (_, text) = builtin_text(name).unwrap();
            // Socket options are the system's, which knows their names.
            let known = |name: &str| name.starts_with("SO_") || name.starts_with("TCP_");
            let found = review(&lesson, text, Glossary::load().unwrap(), known);
            let told: Vec<String> = found
                .iter()
                .map(|remark| format!("{name}:{}: {}", remark.line, remark.what.sentence(Lang::En)))
                .collect();
            assert_eq!(told, [] as [String; 0]);
        }
    }

    #[test]
    fn what_lacks_is_found_at_its_place() {
        let text = handshake();
        let line = |text: &str, needle: &str| text[..text.find(needle).unwrap()].matches('\n').count() + 1;
        for (from, to, at, what) in [
            (
                "它还没有地址，也没有对方。状态是 CLOSED，线路上什么也没有发送。\"",
                "它还没有地址。\n\n状态是 CLOSED。\"",
                "say.zh = \"\"\"\n`socket()` 在内核",
                Lack::Paragraphs { en: 2, zh: 3 },
            ),
            (
                "\n`socket()` 在内核",
                "\n在内核",
                "say.zh = \"\"\"\n在内核",
                Lack::Marked { en: vec!["socket()".into()], zh: vec![] },
            ),
            ("`socket()` makes", "`socket() makes", "say.en = \"\"\"\n`socket() makes", Lack::Backtick(Lang::En)),
            ("RFC 9293, sections", "somewhere, sections", "recap.en", Lack::ReadOn(Lang::En)),
            (
                "It has no address",
                "TCP_MAGIC has no address",
                "say.en = \"\"\"\n`socket()` makes",
                Lack::Term("TCP_MAGIC".into()),
            ),
            ("id = \"handshake\"", "id = \"handshakes\"", "id = \"handshakes\"", Lack::FileName),
        ] {
            let mut changed = text.replacen(from, to, 1);
            if matches!(what, Lack::ReadOn(_)) {
                changed = changed.replacen("; tcp(7), connect(2), accept(2)", "", 1);
            }
            assert_ne!(changed, text, "{from}");
            assert_eq!(of(&changed), [(line(&changed, at), what.clone())], "{from}");
            assert_eq!(what.is_error(), !matches!(what, Lack::Term(_) | Lack::FileName));
            for lang in [Lang::En, Lang::Zh] {
                assert!(!what.sentence(lang).is_empty());
            }
        }
    }

    #[test]
    fn a_lesson_has_steps_and_questions_enough() {
        let text = include_str!("../../tests/lessons/valid/handshake.toml");
        let found: Vec<Lack> = of(text).into_iter().map(|(_, what)| what).collect();
        for lack in [
            Lack::Steps { mode: Mode::Host, found: 4 },
            Lack::Steps { mode: Mode::Lab, found: 6 },
            Lack::Asks { mode: Mode::Lab, found: 1 },
            Lack::ReadOn(Lang::Zh),
            Lack::Marked { en: vec!["no".into()], zh: vec![] },
        ] {
            assert!(found.contains(&lack), "{lack:?}: {found:?}");
        }
    }

    #[test]
    fn a_manual_page_or_an_rfc_is_recognized() {
        for (text, says) in [
            ("RFC 9293", true),
            ("见 RFC9293。", true),
            ("tcp(7)", true),
            ("手册页 ip_route(8)。", true),
            ("an RFC", false),
            ("(7)", false),
            ("f(12)", false),
            ("send()", false),
            ("tcp(7", false),
        ] {
            assert_eq!(says_where(text), says, "{text}");
        }
    }
}
