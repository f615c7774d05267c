//! What the TOML reader says of a file's shape, in the author's language and with what was likely meant.

use super::{likely, syntax};

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
    if let Some((found, allowed)) =
        message.strip_prefix("unexpected keys in table: ").and_then(|rest| rest.split_once(", available keys: "))
    {
        let found = found.split(", ").next().unwrap_or(found);
        return Shape::Unknown { found, allowed: allowed.split(", ").collect() };
    }
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        return Shape::Missing(key);
    }
    let kinds = ["invalid type: ", "invalid value: "].iter().find_map(|kind| message.strip_prefix(kind));
    if let Some((found, expected)) = kinds.and_then(|rest| rest.rsplit_once(", expected ")) {
        return Shape::Kind { found, expected };
    }
    if message.starts_with("duplicate key") { Shape::Twice } else { Shape::Other(message) }
}

/// The message with what was likely meant.
pub(super) fn english(message: &str) -> String {
    match shape(message) {
        Shape::Unknown { found, allowed } => match likely(found, allowed) {
            Some(meant) => format!("{message}; did you mean `{meant}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

/// The same in Chinese.
pub(super) fn chinese(message: &str) -> String {
    match shape(message) {
        Shape::Unknown { found, allowed } => {
            let meant = likely(found, allowed.iter().copied());
            let meant = meant.map_or(String::new(), |meant| format!("；您是不是想写 {meant}？"));
            format!("此处没有“{found}”；可用：{}{meant}", allowed.join("、"))
        }
        Shape::Missing(key) => format!("缺少 {key}"),
        Shape::Kind { found, expected } => format!("这里的值是{}，应为{}", kind(found), kind(expected)),
        Shape::Twice => "这个键重复了；请删去一个".to_owned(),
        Shape::Other(message) => match syntax::chinese(message) {
            Some(said) => format!("不符合 TOML 的语法：{said}"),
            None => format!("不符合 TOML 的语法（原文说明：{message}）"),
        },
    }
}

/// A kind of value, with the value itself where it is told.
fn kind(text: &str) -> String {
    const KINDS: [(&str, &str); 22] = [
        ("integer", "整数"),
        ("floating point", "小数"),
        ("string", "文本"),
        ("boolean", "布尔值"),
        ("sequence", "列表"),
        ("map", "表"),
        ("a string", "文本"),
        ("a boolean", "布尔值（true 或 false）"),
        ("a sequence", "列表"),
        ("a map", "表"),
        ("i32", "整数"),
        ("i64", "整数"),
        ("u32", "不小于 0 的整数"),
        ("a table with `en` and `zh`", "含 en 和 zh 的表"),
        ("a table: `[[step]]`", "表：[[step]]"),
        ("a table: `[step.ask]`", "表：[step.ask]"),
        ("a table with `side`", "含 side 的表"),
        ("a table with `socket` or `peer_of`", "含 socket 或 peer_of 的表"),
        ("a table with `side` and `call`", "含 side 和 call 的表"),
        ("an action: a table with one key", "只有一个键的表（一个动作）"),
        ("a table: a segment's pattern", "表（报文段的样式）"),
        ("a table: one claim", "表（一条断言）"),
    ];
    let of = |text: &str| KINDS.iter().find(|(english, _)| *english == text).map(|(_, chinese)| *chinese);
    if let Some(chinese) = of(text) {
        return chinese.to_owned();
    }
    // `integer `7``, `string "A title"`: the kind, then the value.
    match text.split_once([' ', '\u{a0}']).and_then(|(first, value)| Some((of(first)?, value))) {
        Some((chinese, value)) => format!("{chinese} {value}"),
        None => format!("“{text}”"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_message_is_told_in_both_languages() {
        for (message, english_end, wanted) in [
            (
                "unknown field `says`, expected one of `id`, `say`, `ask`",
                "`ask`; did you mean `say`?",
                "此处没有“says”；可用：id、say、ask；您是不是想写 say？",
            ),
            ("unknown field `x`, expected `side`", "`side`", "此处没有“x”；可用：side"),
            (
                "unexpected keys in table: nam, y, available keys: side, name",
                "did you mean `name`?",
                "此处没有“nam”；可用：side、name；您是不是想写 name？",
            ),
            ("missing field `title`", "`title`", "缺少 title"),
            ("invalid type: integer `7`, expected a string", "a string", "这里的值是整数 `7`，应为文本"),
            (
                "invalid type: string \"A, expected title\", expected a table with `en` and `zh`",
                "`zh`",
                "这里的值是文本 \"A, expected title\"，应为含 en 和 zh 的表",
            ),
            ("duplicate key", "key", "这个键重复了；请删去一个"),
            ("invalid basic string", "string", "不符合 TOML 的语法：双引号文本有误"),
            ("who knows", "knows", "不符合 TOML 的语法（原文说明：who knows）"),
        ] {
            assert!(english(message).ends_with(english_end), "{}", english(message));
            assert_eq!(chinese(message), wanted);
        }
    }
}
