//! The Chinese texts of all assets have one set of terms and one kind of quotation marks.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// A term that isn't this course's, and the one that is. Where both are words of textbooks, the second is printed beside
/// the first in one place (the glossary, or the lesson that explains it), and nowhere else.
const NOT_SO: [(&str, &str); 16] = [
    ("编号", "序号"),
    ("包", "分组（网络层）、报文段（传输层）"),
    ("对端", "对方"),
    ("延迟 ACK", "延迟确认"),
    ("延时确认", "延迟确认"),
    ("来回", "往返"),
    ("强行终止", "异常终止"),
    ("便车", "捎带"),
    ("造了一个", "发出一个、创建一个"),
    ("称呼", "凭它来使用"),
    ("说了不", "拒绝"),
    ("一片暗", "一个也不亮"),
    ("数据包", "分组、报文段"),
    ("起始序号", "初始序号"),
    ("序列号", "序号"),
    ("重发", "重传"),
];

/// Where a word is part of another, or means something else.
const BUT: [&str; 12] = [
    "包含",
    "包括",
    "软件包",
    "抓包",
    "丢包",
    "粘包",
    "输入编号",
    "这个编号的调用",
    "不认识这个编号",
    "对端口",
    "放进一个包里",
    // The key that is typed.
    "末尾加上 \"。",
];

/// Quotation marks other than “ ”.
const OTHER_MARKS: [&str; 7] = ["\"", "「", "」", "『", "』", "‘", "’"];

fn assets() -> Vec<PathBuf> {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|end| end == "toml") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("assets"), &mut found);
    found.sort();
    found
}

/// All texts in a value that are Chinese: those with the key `zh`, and all of a file in that language.
fn chinese(value: &Value, here: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if here => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| chinese(value, here, found)),
        // A term's further names are what learners look for, whatever these texts call it.
        Value::Table(table) => { table.iter() }
            .filter(|(key, _)| *key != "names")
            .for_each(|(key, value)| chinese(value, here || key == "zh", found)),
        _ => {}
    }
}

fn is_wrong(text: &str, word: &str) -> bool {
    let mut rest = text.to_owned();
    for but in BUT.iter().filter(|but| but.contains(word)) {
        rest = rest.replace(but, "");
    }
    rest.contains(word)
}

/// Where a placeholder has a Chinese letter beside it: its value may end or begin with a Latin one, or a number.
fn without_blank(text: &str) -> Option<&str> {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let mut pieces =
        text.match_indices('{').filter_map(|(begin, _)| Some((begin, begin + text[begin..].find('}')? + 1)));
    pieces.find_map(|(begin, end)| {
        let beside = text[..begin].chars().next_back().into_iter().chain(text[end..].chars().next());
        let is_name = text[begin + 1..end - 1].bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        (is_name && beside.into_iter().any(is_chinese)).then(|| &text[begin..end])
    })
}

/// Without code, which has the marks of its language.
fn prose(text: &str) -> String {
    text.split('`').step_by(2).collect()
}

#[test]
fn chinese_texts_have_one_set_of_terms_and_one_kind_of_quotation_marks() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in assets() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let table: Table = toml::from_str(&read_to_string(&path).unwrap()).unwrap();
        let mut texts = Vec::new();
        let is_chinese = path.components().any(|part| part.as_os_str() == "zh");
        chinese(&Value::Table(table), is_chinese, &mut texts);
        seen += texts.len();
        for text in &texts {
            let text = prose(text);
            for (word, instead) in NOT_SO.iter().filter(|(word, _)| is_wrong(&text, word)) {
                wrong.push(format!("{name}: {word}: write {instead}: {text}"));
            }
            if let Some(mark) = OTHER_MARKS.iter().find(|mark| is_wrong(&text, mark)) {
                wrong.push(format!("{name}: {mark}: write “ ”: {text}"));
            }
            if let Some(place) = without_blank(&text) {
                wrong.push(format!(
                    "{name}: a blank between a value and a Chinese letter, which goes where it isn't needed: {place}"
                ));
            }
            if text.matches('“').count() != text.matches('”').count() {
                wrong.push(format!("{name}: quotation marks don't pair: {text}"));
            }
        }
    }
    assert!(seen > 1_000, "only {seen} texts: are they found?");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Where a comma and a blank stand between what isn't words, but C or a file's notation; and where the English ones are kept.
const NOTATION: [&str; 7] = [
    "src/i18n/language.rs",
    "src/lesson/notation.rs",
    "src/plain/lines.rs",
    "src/tui/code.rs",
    "src/tui/panes/side.rs",
    "src/walk/claims.rs",
    "src/lesson/parse.rs",
];

/// A list of words is written as its language writes one: in Chinese with 、.
#[test]
fn no_list_of_words_is_joined_by_the_comma_of_one_language() {
    fn below(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                below(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for layer in ["bin", "cli", "explain", "i18n", "lesson", "plain", "theme", "tui", "walk"] {
        below(&root.join("src").join(layer), &mut files);
    }
    let mut joined = Vec::new();
    for path in files {
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        let source = read_to_string(&path).unwrap();
        let own = source.split("#[cfg(test)]").next().unwrap_or_default();
        let is_one = |line: &&str| line.contains("join(\", \")") || line.contains("join(\"; \")");
        let is_notation = NOTATION.contains(&name.as_str()) || name.contains("/tests");
        joined
            .extend(own.lines().filter(is_one).filter(|_| !is_notation).map(|line| format!("{name}: {}", line.trim())));
    }
    assert!(joined.is_empty(), "{joined:#?}");
    // The languages' own separators.
    let separator = |code: &str| {
        let text = read_to_string(root.join("assets/text").join(code).join("language.toml")).unwrap();
        text.parse::<Table>().unwrap()["separator"].as_str().unwrap().to_owned()
    };
    assert_eq!([separator("en"), separator("zh")], [", ", "、"].map(str::to_owned));
}
