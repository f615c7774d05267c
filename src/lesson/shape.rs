//! What the TOML reader says of a file's shape and syntax, in the author's language and with what was likely meant.

use super::likely;
use crate::i18n::{LanguageTexts, TomlTexts, fill};

/// How the reader's message on a key that is there twice begins.
pub(super) const TWICE: &str = "duplicate key";

/// What a message of the reader's tells.
#[derive(Debug, PartialEq)]
enum Shape<'a> {
    /// A key, or an action, that isn't known here.
    Unknown { found: &'a str, allowed: Vec<&'a str> },
    /// A key that must be there.
    Missing(&'a str),
    /// A value of another kind.
    Kind { found: &'a str, expected: &'a str },
    /// A key that is there twice.
    Twice,
    /// Anything else: the reader's own words.
    Other(&'a str),
}

fn shape(message: &str) -> Shape<'_> {
    for kind in ["unknown field `", "unknown variant `"] {
        if let Some((found, rest)) = message.strip_prefix(kind).and_then(|rest| rest.split_once('`')) {
            return Shape::Unknown { found, allowed: rest.split('`').skip(1).step_by(2).collect() };
        }
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return Shape::Missing(key);
    }
    let kinds = ["invalid type: ", "invalid value: "].iter().find_map(|kind| message.strip_prefix(kind));
    if let Some((found, expected)) = kinds.and_then(|rest| rest.rsplit_once(", expected ")) {
        return Shape::Kind { found, expected };
    }
    if message.starts_with(TWICE) { Shape::Twice } else { Shape::Other(message) }
}

/// The message in a language, with what was likely meant.
pub(super) fn told(message: &str, t: &TomlTexts, language: &LanguageTexts) -> String {
    let said = ("said", message);
    match shape(message) {
        Shape::Unknown { found, allowed } => {
            let meant = likely(found, allowed.iter().copied());
            let meant = meant.map(|meant| fill(&t.meant, &[("found", meant)])).unwrap_or_default();
            let allowed = language.list(allowed);
            fill(&t.unknown, &[said, ("found", found), ("allowed", &allowed), ("meant", &meant)])
        }
        Shape::Missing(found) => fill(&t.missing, &[said, ("found", found)]),
        Shape::Kind { found, expected } => {
            // What the reader calls by a word of Rust's.
            let said = message.strip_suffix(expected).unwrap_or(message);
            let said = format!("{said}{}", t.values.get(expected).map_or(expected, String::as_str));
            let (found, wanted) = (kind(found, t), kind(expected, t));
            fill(&t.kind, &[("said", &said), ("found", &found), ("wanted", &wanted)])
        }
        Shape::Twice => fill(&t.twice, &[said]),
        Shape::Other(message) => match syntax(message, t) {
            Some(what) => fill(&t.syntax, &[said, ("what", &what)]),
            None => fill(&t.other, &[said]),
        },
    }
}

/// A kind of value, with the value itself where it is told.
fn kind(text: &str, t: &TomlTexts) -> String {
    if let Some(known) = t.values.get(text) {
        return known.clone();
    }
    // `integer `7``, `string "A title"`, `floating point `8.5``: the kind, then the value.
    let value_of = |kind: &str| text.strip_prefix(kind)?.strip_prefix([' ', '\u{a0}']);
    match t.values.iter().find_map(|(kind, known)| Some((known, value_of(kind)?))) {
        Some((known, value)) => format!("{known} {value}"),
        None => fill(&t.literal, &[("found", text)]),
    }
}

/// The reader's sentence on a fault of syntax, `what` or `what, expected this, that`, in other words; `None` where there are none.
fn syntax(message: &str, t: &TomlTexts) -> Option<String> {
    let (wrong, expected) = match message.split_once(", expected ") {
        Some((wrong, expected)) => (wrong, Some(expected)),
        None => (message, None),
    };
    let extended = wrong.strip_prefix("cannot extend value of type ");
    let text = match extended.and_then(|kind| kind.strip_suffix(" with a dotted key")) {
        Some(kind) => fill(&t.extend, &[("found", kind)]),
        // More of it may stand behind these words.
        None if wrong.starts_with("unquoted keys cannot be empty") => {
            t.wrong.get("unquoted keys cannot be empty")?.clone()
        }
        None => t.wrong.get(wrong)?.clone(),
    };
    Some(match expected {
        None => text,
        Some("nothing") => fill(&t.nothing, &[("what", &text)]),
        Some(expected) => fill(&t.expected, &[("what", &text), ("wanted", &wanted(expected, t).join(&t.or))]),
    })
}

/// What was expected, one by one: literals in backticks, which may be commas, and descriptions.
fn wanted(expected: &str, t: &TomlTexts) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = expected;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('`').and_then(|literal| literal.find('`')) {
            Some(end) => end + 2,
            None => rest.find(", ").unwrap_or(rest.len()),
        };
        let (one, after) = rest.split_at(end);
        all.push(match one.strip_prefix('`').and_then(|literal| literal.strip_suffix('`')) {
            Some(literal) => fill(&t.literal, &[("found", literal)]),
            None => t.wanted.get(one).map_or(one, String::as_str).to_owned(),
        });
        rest = after.strip_prefix(", ").unwrap_or("");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::{FaultTexts, Lang, testing::zh};

    fn of(lang: Lang) -> (&'static TomlTexts, &'static LanguageTexts) {
        (&FaultTexts::load(lang).unwrap().toml, LanguageTexts::load(lang).unwrap())
    }

    fn english(message: &str) -> String {
        told(message, of(Lang::EN).0, of(Lang::EN).1)
    }

    fn chinese(message: &str) -> String {
        told(message, of(zh()).0, of(zh()).1)
    }

    #[test]
    fn each_kind_of_message_is_told_in_both_languages() {
        for (message, english_end, wanted) in [
            (
                "unknown field `says`, expected one of `id`, `say`, `ask`",
                "`ask`; did you mean `say`?",
                "此处没有“says”；可用：id、say、ask；你是不是想写 say？",
            ),
            ("unknown field `x`, expected `side`", "`side`", "此处没有“x”；可用：side"),
            ("missing field `title`", "`title`", "缺少 title"),
            ("invalid type: integer `7`, expected a string", "a string", "这里的值是整数 `7`，应为文本"),
            (
                "invalid type: string \"A, expected title\", expected a table of texts, one of them `en`",
                "`en`",
                "这里的值是文本 \"A, expected title\"，应为各语言文本的表，其中须有 en",
            ),
            (
                "invalid type: floating point `8.5`, expected a boolean",
                "a boolean",
                "这里的值是小数 `8.5`，应为布尔值（true 或 false）",
            ),
            ("duplicate key", "key", "这个键重复了；请删去一个"),
            ("invalid basic string", "string", "不符合 TOML 的语法：双引号文本有误"),
            ("who knows", "knows", "不符合 TOML 的语法（原文说明：who knows）"),
        ] {
            assert!(english(message).ends_with(english_end), "{}", english(message));
            assert_eq!(chinese(message), wanted);
        }
    }

    /// What the lesson's tables and values are called where another kind of value stands in their place.
    #[test]
    fn each_kind_that_is_wanted_has_chinese_words() {
        let sources = [
            include_str!("raw.rs"),
            include_str!("raw_calls.rs"),
            include_str!("raw_lab.rs"),
            include_str!("raw_words.rs"),
            include_str!("../model/settings.rs"),
        ];
        let marks = ["expecting = \"", "f.write_str(\""];
        let wanted = sources.iter().flat_map(|source| marks.iter().flat_map(|mark| source.split(mark).skip(1)));
        let wanted: Vec<String> = wanted
            .map(|rest| {
                let end = (1..rest.len()).find(|at| rest[*at..].starts_with('"') && !rest[..*at].ends_with('\\'));
                rest[..end.unwrap()].replace('\\', "")
            })
            .collect();
        assert!(wanted.len() > 20, "{wanted:?}");
        let rust = ["i32", "i64", "u16", "u32", "a string", "a boolean", "a sequence", "a map"].map(str::to_owned);
        let t = of(zh()).0;
        let lacking: Vec<&String> = wanted.iter().chain(&rust).filter(|kind| !t.values.contains_key(*kind)).collect();
        assert!(lacking.is_empty(), "{lacking:#?}");
        // In English a whole number is told by its range, not by Rust's name of it.
        assert!(english("invalid value: integer `9`, expected i32").ends_with("2147483647"));
    }

    /// What an author may well write wrong, with the reader's own sentence for it translated.
    #[test]
    fn each_fault_of_syntax_is_told_in_chinese() {
        let head = "format = 1\n";
        let mut faults = Vec::new();
        for (wrong, wanted) in [
            ("format", "键没有值；此处应为“=”"),
            ("title = \"x", "双引号文本有误；此处应为“\"”"),
            ("title = 'x", "单引号文本有误；此处应为“'”"),
            ("title = \"\"\"x", "多行双引号文本有误；此处应为“\"”"),
            ("title = x", "文本必须加引号；此处应为单引号文本"),
            ("title =", "文本必须加引号；此处应为单引号文本"),
            ("a = [1, 2", "列表没有结束；此处应为“]”"),
            ("a = [true false]", "文本必须加引号；此处应为单引号文本"),
            ("a = [1,, 2]", "列表里多了一个逗号；此处应为值"),
            ("a = { b = 1", "表没有结束；此处应为“}”"),
            ("a = { b = 1 c = 2 }", "多了一个“=”；此处应为“,”"),
            ("[step", "表头没有结束；此处应为“]”"),
            ("[[step]", "表头没有结束；此处应为“]”"),
            ("a = 1 b = 2", "这里不该有键或值；此处应为换行或“#”"),
            ("a == 1", "多了一个“=”；请删去"),
            ("a = 01", "数字开头不能有多余的 0；请删去"),
            ("a = \"\\q\"", "反斜杠后面缺少转义字符"),
            ("a = \"\\u12\"", "Unicode 转义的位数不够"),
            ("a = 1\na = 2", "这个键重复了"),
        ] {
            let error = toml::from_str::<toml::Table>(&format!("{head}{wrong}\n")).unwrap_err();
            let told = syntax(error.message(), of(zh()).0);
            let told = told.unwrap_or_else(|| format!("(no words for: {})", error.message()));
            if !told.starts_with(wanted) || told.contains("no words") {
                faults.push(format!("{wrong:?}: {} / {told}", error.message()));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn what_was_expected_may_be_a_comma() {
        assert_eq!(wanted("`,`, `]`, newline", of(zh()).0), ["“,”", "“]”", "换行"]);
        assert_eq!(syntax("something else", of(zh()).0), None);
    }
}
