//! What TOML says, and where in the text: the form between a lesson's file and what is made of it. That of a built-in lesson is
//! written when the program is built, since each start reads one.

mod read;
mod tag;
mod write;

pub(super) use read::read;
pub(super) use write::write;

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use toml::{Spanned, Table};

    use super::*;

    const TEXT: &str = "# what TOML has\r\nwhole = -7\nlarge = 9223372036854775807\nsmall = -9_223_372_036_854_775_808\nhex = 0xff\n\
        half = 0.5\nyes = true\n'no' = false\nempty = \"\"\nletters = '连接'\nescaped = \"a\\tb\\u00e9\"\n\
        lines = \"\"\"\nfirst\nsecond\"\"\"\nfolded = '''\nraw \\t'''\nlist = [1, [\"two\", []], { three = 3 }]\n\
        [table.inner]\nkey.dotted = 1\n[[step]]\nid = \"one\"\n[[step]]\nid = \"two\"\n";

    #[derive(Debug, PartialEq, Deserialize)]
    struct Places {
        whole: Spanned<i64>,
        letters: Spanned<String>,
        lines: Spanned<String>,
        step: Vec<Spanned<Step>>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Step {
        id: Spanned<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        One,
        Two,
    }

    #[test]
    fn it_says_what_the_text_says() {
        let tree = write(TEXT).unwrap();
        let table: Table = read(TEXT, &tree).unwrap();
        assert_eq!(table, toml::from_str(TEXT).unwrap());
    }

    #[test]
    fn places_are_those_of_the_text() {
        let tree = write(TEXT).unwrap();
        let places: Places = read(TEXT, &tree).unwrap();
        let parsed: Places = toml::from_str(TEXT).unwrap();
        assert_eq!(places, parsed);
        assert_eq!(places.step[1].span(), parsed.step[1].span());
        assert_eq!(places.letters.span(), parsed.letters.span());
        assert_eq!(&TEXT[places.step[1].get_ref().id.span()], "\"two\"");
    }

    #[test]
    fn an_action_is_a_name_or_a_table_with_one_key() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Action {
            Wait,
            Count(i64),
            Call { fd: i64 },
        }
        let text = "all = [\"wait\", { count = 3 }, { call = { fd = 4 } }]";
        let tree = write(text).unwrap();
        let all: std::collections::BTreeMap<String, Vec<Action>> = read(text, &tree).unwrap();
        assert_eq!(all["all"], [Action::Wait, Action::Count(3), Action::Call { fd: 4 }]);
        let two = "all = [{ count = 3, call = { fd = 4 } }]";
        let tree = write(two).unwrap();
        assert!(read::<std::collections::BTreeMap<String, Vec<Action>>>(two, &tree).is_err());
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let rest = "letters = 'a'\nlines = 'b'\n";
        for (whole, step, message, place) in [
            ("'x'", "step = []", "invalid type: string \"x\", expected i64", "'x'"),
            (
                "9223372036854775808",
                "step = []",
                "invalid value: integer `9223372036854775808`, expected i64",
                "9223372036854775808",
            ),
            (
                "99999999999999999999",
                "step = []",
                "invalid value: a larger number, expected i64",
                "99999999999999999999",
            ),
            ("2026-01-01", "step = []", "invalid type: date, expected i64", "2026-01-01"),
            ("1", "[[step]]\nid = 'three'", "unknown variant `three`, expected `one` or `two`", "'three'"),
            ("1", "[[step]]\n", "missing field `id`", "[[step]]"),
        ] {
            let text = format!("whole = {whole}\n{rest}{step}\n");
            let error = read::<Places>(&text, &write(&text).unwrap()).unwrap_err();
            assert_eq!((error.message(), &text[error.span().unwrap()]), (message, place));
        }
        assert!(write("a = ").is_err());
    }

    /// A tree is as safe as any other bytes: it may say anything but something that isn't there.
    #[test]
    fn a_broken_tree_is_an_error_or_something_else() {
        let tree = write(TEXT).unwrap();
        for cut in 0..tree.len() {
            assert!(read::<Table>(TEXT, &tree[..cut]).is_err(), "cut at {cut}");
        }
        for at in 0..tree.len() {
            for other in [0, 1, 6, 7, 0x7f, 0x80, 0xff] {
                let mut broken = tree.clone();
                broken[at] = other;
                let _ = read::<Table>(TEXT, &broken);
                let _ = read::<Places>("短", &broken);
            }
        }
    }
}
