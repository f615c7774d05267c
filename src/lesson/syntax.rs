//! What the TOML reader says of a file's syntax, in Chinese. Its sentences are `what` or `what, expected this, that`.

/// What is wrong.
const WRONG: [(&str, &str); 53] = [
    ("`_` may only go between digits", "“_”只能写在两个数字之间"),
    ("cannot recurse further; max recursion depth met", "嵌套太深"),
    ("recursion limit", "嵌套太深"),
    ("carriage return must be followed by newline", "回车后面必须跟换行"),
    ("duplicate key", "这个键重复了"),
    ("extra `=`", "多了一个“=”"),
    ("extra assignment between key-value pairs", "多了一个“=”"),
    ("extra comma in array", "列表里多了一个逗号"),
    ("extra comma in inline table", "表里多了一个逗号"),
    ("floating-point number overflowed", "小数超出范围"),
    ("integer number overflowed", "整数超出范围"),
    ("integers with a radix cannot be signed", "带进制前缀的整数不能有正负号"),
    ("invalid basic string", "双引号文本有误"),
    ("invalid binary number", "二进制数有误"),
    ("invalid boolean", "布尔值有误"),
    ("invalid comment character", "注释里有不允许的字符"),
    ("invalid date-time", "日期时间有误"),
    ("invalid float", "小数有误"),
    ("invalid hexadecimal number", "十六进制数有误"),
    ("invalid inline table element", "表的内容有误"),
    ("invalid integer number", "整数有误"),
    ("invalid key-value pair", "键值对有误"),
    ("invalid literal string", "单引号文本有误"),
    ("invalid multi-line basic string", "多行双引号文本有误"),
    ("invalid multi-line literal string", "多行单引号文本有误"),
    ("invalid octal number", "八进制数有误"),
    ("invalid string", "文本有误"),
    ("invalid unquoted key", "不加引号的键有误"),
    ("invalid value", "值有误"),
    ("key with no value", "键没有值"),
    ("keys cannot be multi-line basic strings", "键不能是多行文本"),
    ("keys cannot be multi-line literal strings", "键不能是多行文本"),
    ("missing array opening", "列表缺少开头"),
    ("missing assignment between key-value pairs", "键和值之间缺少“=”"),
    ("missing comma between array elements", "列表的各项之间缺少逗号"),
    ("missing comma between key-value pairs", "键值对之间缺少逗号"),
    ("missing comment start", "注释缺少“#”"),
    ("missing escaped value", "反斜杠后面缺少转义字符"),
    ("missing inline table opening", "表缺少开头"),
    ("missing key for inline table element", "表里缺少键"),
    ("missing opening quote", "缺少开头的引号"),
    ("missing table open", "表头缺少“[”"),
    ("missing value", "缺少值"),
    ("missing value for key", "键没有值"),
    ("radix must be lowercase", "进制前缀必须小写"),
    ("redundant integer number prefix", "多了一个进制前缀"),
    ("redundant numeric sign", "多了一个正负号"),
    ("string values must be quoted", "文本必须加引号"),
    ("too few unicode value digits", "Unicode 转义的位数不够"),
    ("unclosed array", "列表没有结束"),
    ("unclosed array table", "表头没有结束"),
    ("unclosed inline table", "表没有结束"),
    ("unclosed table", "表头没有结束"),
];

/// What is wrong, and stands where it can't.
const OUT_OF_PLACE: [(&str, &str); 6] = [
    ("unexpected `=` in array", "列表里不能有“=”"),
    ("unexpected content", "这里有多余的内容"),
    ("unexpected content between comment and newline", "注释后面有多余的内容"),
    ("unexpected key or value", "这里不该有键或值"),
    ("unexpected leading zero", "数字开头不能有多余的 0"),
    ("unexpected sign", "这里不能有正负号"),
];

/// What was expected instead.
const EXPECTED: [(&str, &str); 15] = [
    ("nothing", "什么也没有"),
    ("newline", "换行"),
    ("basic string", "双引号文本"),
    ("literal string", "单引号文本"),
    ("multi-line basic string", "多行双引号文本"),
    ("characters", "字符"),
    ("digits", "数字"),
    ("numbers", "数字"),
    ("letters", "字母"),
    ("key", "键"),
    ("value", "值"),
    ("non-double-quote visible characters", "双引号以外的可见字符"),
    ("non-single-quote visible characters", "单引号以外的可见字符"),
    ("non-single-quote characters", "单引号以外的字符"),
    ("printable characters", "可见字符"),
];

/// The reader's sentence in Chinese; `None` where it is none that is known here.
pub(super) fn chinese(message: &str) -> Option<String> {
    let (wrong, expected) = match message.split_once(", expected ") {
        Some((wrong, expected)) => (wrong, Some(expected)),
        None => (message, None),
    };
    let mut text = found(wrong, &WRONG).or_else(|| found(wrong, &OUT_OF_PLACE)).map(str::to_owned);
    if let Some(kind) = wrong.strip_prefix("cannot extend value of type ") {
        let kind = kind.strip_suffix(" with a dotted key")?;
        text = Some(format!("这个键已经有值（{kind}），不能再用带点的键扩展"));
    }
    if wrong.strip_prefix("unquoted keys cannot be empty").is_some() {
        text = Some("不加引号的键不能为空".to_owned());
    }
    let text = text?;
    match expected {
        None => Some(text),
        Some("nothing") => Some(format!("{text}；请删去")),
        Some(expected) => Some(format!("{text}；此处应为{}", wanted(expected).join("或"))),
    }
}

fn found<'a>(text: &str, table: &[(&str, &'a str)]) -> Option<&'a str> {
    table.iter().find(|(english, _)| *english == text).map(|(_, chinese)| *chinese)
}

/// What was expected, one by one: literals in backticks, which may be commas, and descriptions.
fn wanted(expected: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = expected;
    while !rest.is_empty() {
        let end = match rest.strip_prefix('`').and_then(|literal| literal.find('`')) {
            Some(end) => end + 2,
            None => rest.find(", ").unwrap_or(rest.len()),
        };
        let (one, after) = rest.split_at(end);
        all.push(match one.strip_prefix('`').and_then(|literal| literal.strip_suffix('`')) {
            Some(literal) => format!("“{literal}”"),
            None => found(one, &EXPECTED).unwrap_or(one).to_owned(),
        });
        rest = after.strip_prefix(", ").unwrap_or("");
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let told = chinese(error.message());
            let told = told.unwrap_or_else(|| format!("(no words for: {})", error.message()));
            if !told.starts_with(wanted) || told.contains("no words") {
                faults.push(format!("{wrong:?}: {} / {told}", error.message()));
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }

    #[test]
    fn what_was_expected_may_be_a_comma() {
        assert_eq!(wanted("`,`, `]`, newline"), ["“,”", "“]”", "换行"]);
        assert_eq!(chinese("something else"), None);
    }
}
