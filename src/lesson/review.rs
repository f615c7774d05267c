//! What an author is told of a lesson that can be read: what a good lesson has beyond that.
//!
//! Every text in every language that the lesson has, with the same structure, so that nobody is told less; questions, so that one predicts before one sees;
//! where to read on; a length that one sits through; and terms that the glossary explains.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::error::SourceText;
use super::parse::raw;
use super::raw::{RawLesson, RawText};
use super::raw_words::SpannedText;
use super::{Glossary, Lesson};
use crate::i18n::{BrokenTexts, FaultTexts, Lang, LanguageTexts, Languages, fill};
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
    /// A text is missing in a language in which others are.
    Text(Lang),
    /// No text is in a language of the program.
    Language(Lang),
    /// A language has another number of paragraphs than English.
    Paragraphs { lang: Lang, english: usize, found: usize },
    /// What stands in backticks, or in braces, is not the same in a language and in English.
    Marked { lang: Lang, english: Vec<String>, found: Vec<String> },
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
        !matches!(self, Lack::Language(_) | Lack::Term(_) | Lack::FileName)
    }

    /// The sentence in a language.
    pub fn sentence(&self, lang: Lang) -> String {
        let told = || Ok::<_, BrokenTexts>(self.told(FaultTexts::load(lang)?, LanguageTexts::load(lang)?));
        told().unwrap_or_else(|broken| broken.to_string())
    }

    fn told(&self, words: &FaultTexts, language: &LanguageTexts) -> String {
        let t = &words.lack;
        let list = |words: &[String]| if words.is_empty() { t.nothing.clone() } else { language.list(words) };
        let name = |lang: &Lang| language.name_of(*lang).to_owned();
        let say = |text: &str, facts: &[(&str, &dyn Display)]| fill(text, facts);
        match self {
            Lack::Text(lang) => say(&t.text, &[("lang", &name(lang)), ("code", &lang.code())]),
            Lack::Language(lang) => say(&t.language, &[("lang", &name(lang)), ("code", &lang.code())]),
            Lack::Paragraphs { lang, english, found } => {
                say(&t.paragraphs, &[("lang", &name(lang)), ("english", english), ("found", found)])
            }
            Lack::Marked { lang, english, found } => {
                say(&t.marked, &[("lang", &name(lang)), ("english", &list(english)), ("found", &list(found))])
            }
            Lack::Backtick(lang) => say(&t.backtick, &[("lang", &name(lang))]),
            Lack::Steps { mode, found } => {
                let (from, to) = (STEPS.start(), STEPS.end());
                say(&t.steps, &[("from", from), ("to", to), ("mode", &mode.name()), ("found", found)])
            }
            Lack::Asks { mode, found } => {
                say(&t.asks, &[("least", &LEAST_ASKS), ("mode", &mode.name()), ("found", found)])
            }
            Lack::ReadOn(lang) => say(&t.read_on, &[("lang", &name(lang))]),
            Lack::Term(word) => say(&t.term, &[("word", word)]),
            Lack::FileName => t.file_name.clone(),
        }
    }
}

/// Everything to be told of a lesson, in the file's order. `text` is what it was read from; `known` says whether the
/// program knows a name in capitals, such as a socket option's.
pub fn review(lesson: &Lesson, text: &str, glossary: &Glossary, known: impl Fn(&str) -> bool) -> Vec<Remark> {
    // What was read once is read again, this time for the places of its texts.
    let Some(raw) = raw(text) else { return Vec::new() };
    let languages: Vec<Lang> = Languages::shipped().all().skip(1).collect();
    let (has, lacks): (Vec<Lang>, Vec<Lang>) = languages.into_iter().partition(|lang| raw.has(*lang));
    let mut review =
        Review { source: SourceText::new(text), languages: has, glossary, known: &known, remarks: Vec::new() };
    lacks.into_iter().for_each(|lang| review.remark(&raw.id.span(), Lack::Language(lang)));
    review.lesson(lesson, &raw);
    review.remarks.sort_by_key(|remark| (remark.line, remark.column));
    review.remarks
}

/// Where the value of a setting of the lab stands in the text of a lesson: line and column, both from 1.
pub fn setting_place(text: &str, setting: &str) -> Option<(usize, usize)> {
    let lab = raw(text)?.lab?;
    let named = [&lab.sysctl, &lab.core].into_iter().flat_map(|settings| &settings.0);
    let mut named = named.filter(|(name, _)| name.get_ref() == setting).map(|(_, value)| value.span());
    let mtu = lab.mtu.as_ref().filter(|_| setting == "mtu").map(|mtu| mtu.span());
    named.next().or(mtu).map(|span| SourceText::new(text).place(span.start))
}

struct Review<'a> {
    source: SourceText<'a>,
    /// Those that the lesson has beside English.
    languages: Vec<Lang>,
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
            let own = lesson.steps.iter().filter(|step| !step.set_up);
            let steps: Vec<_> = own.filter(|step| step.modes.contains(mode)).collect();
            let asks = steps.iter().filter(|step| step.ask.is_some()).count();
            if !STEPS.contains(&steps.len()) {
                self.remark(&raw.id.span(), Lack::Steps { mode: *mode, found: steps.len() });
            }
            if asks < LEAST_ASKS {
                self.remark(&raw.id.span(), Lack::Asks { mode: *mode, found: asks });
            }
        }
        for (word, lang) in languages(raw.recap.get_ref()) {
            if !says_where(word.get_ref()) {
                self.remark(&word.span(), Lack::ReadOn(lang));
            }
        }
        raw.texts().for_each(|text| self.text(text));
    }

    fn text(&mut self, raw: &Spanned<RawText>) {
        for lang in self.languages.clone() {
            if !languages(raw.get_ref()).any(|(_, known)| known == lang) {
                self.remark(&raw.span(), Lack::Text(lang));
            }
        }
        let mut english = None;
        for (word, lang) in languages(raw.get_ref()) {
            let closed = word.get_ref().matches('`').count().is_multiple_of(2);
            if !closed {
                self.remark(&word.span(), Lack::Backtick(lang));
            }
            for name in names(word.get_ref()) {
                let explained = !self.glossary.search(name).is_empty();
                if !explained && Errno::from_name(name).is_none() && !(self.known)(name) {
                    self.remark(&word.span(), Lack::Term(name.to_owned()));
                }
            }
            match english {
                None => english = Some((word, closed)),
                Some((english, whole)) => self.beside(english.get_ref(), word, lang, closed && whole),
            }
        }
    }

    /// Compares a text with the English one: its paragraphs, and, where all backticks are closed, what stands in them.
    fn beside(&mut self, english: &str, word: &SpannedText, lang: Lang, closed: bool) {
        let counts = [english, word.get_ref()].map(paragraphs);
        if counts[0] != counts[1] {
            self.remark(&word.span(), Lack::Paragraphs { lang, english: counts[0], found: counts[1] });
        }
        let [of_english, of_this] = [english, word.get_ref()].map(marked);
        if closed && of_english != of_this {
            let only = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| {
                these.difference(those).map(|word| (*word).to_owned()).collect()
            };
            let (english, found) = (only(&of_english, &of_this), only(&of_this, &of_english));
            self.remark(&word.span(), Lack::Marked { lang, english, found });
        }
    }
}

/// What a text has in languages of the program, English first.
fn languages(text: &RawText) -> impl Iterator<Item = (&SpannedText, Lang)> {
    Lang::all().filter_map(|lang| Some((text.get(lang)?, lang)))
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
    use crate::i18n::testing::zh;
    use crate::lesson::{builtin, builtin_names, builtin_text, parse};

    fn of(text: &str) -> Vec<(usize, Lack)> {
        let lesson = parse("01-handshake.toml", text).unwrap();
        let known = |name: &str| name == "SIGPIPE" || crate::model::SOCKET_OPTIONS.contains(&name);
        let remarks = review(&lesson, text, Glossary::load().unwrap(), known);
        remarks.into_iter().map(|remark| (remark.line, remark.what)).collect()
    }

    fn handshake() -> String {
        builtin_text("handshake").unwrap().1
    }

    #[test]
    fn the_shipped_lessons_lack_nothing() {
        for name in builtin_names() {
            let lesson = builtin(name).unwrap().unwrap();
            let (_, text) = builtin_text(name).unwrap();
            // Socket options are the system's, which knows their names.
            let known = |name: &str| name.starts_with("SO_") || name.starts_with("TCP_");
            let found = review(&lesson, &text, Glossary::load().unwrap(), known);
            let told: Vec<String> = found
                .iter()
                .map(|remark| format!("{name}:{}: {}", remark.line, remark.what.sentence(Lang::EN)))
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
                Lack::Paragraphs { lang: zh(), english: 2, found: 3 },
            ),
            (
                "\n`socket()` 在内核",
                "\n在内核",
                "say.zh = \"\"\"\n在内核",
                Lack::Marked { lang: zh(), english: vec!["socket()".into()], found: vec![] },
            ),
            ("`socket()` makes", "`socket() makes", "say.en = \"\"\"\n`socket() makes", Lack::Backtick(Lang::EN)),
            ("RFC 9293, sections", "somewhere, sections", "recap.en", Lack::ReadOn(Lang::EN)),
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
            for lang in Lang::all() {
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
            Lack::ReadOn(zh()),
            Lack::Marked { lang: zh(), english: vec!["no".into()], found: vec![] },
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
