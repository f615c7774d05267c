use std::collections::BTreeMap;

use super::testing::zh;
use super::*;

fn flat(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let name = format!("{prefix}.{key}");
        match value {
            toml::Value::Table(inner) => flat(&name, inner, into),
            toml::Value::String(text) => {
                into.insert(name, text.clone());
            }
            toml::Value::Array(texts) => {
                for (n, text) in texts.iter().enumerate() {
                    into.insert(format!("{name}.{n}"), text.as_str().unwrap_or_default().to_owned());
                }
            }
            other => panic!("{name} is {other:?}, not a text"),
        }
    }
}

fn raw(lang: Lang, file: &str) -> BTreeMap<String, String> {
    let text = Languages::shipped().file(lang, file).unwrap_or_else(|| panic!("{lang:?} has no {file}"));
    let mut texts = BTreeMap::new();
    flat("", &serde_json::from_str::<toml::Table>(&text).unwrap(), &mut texts);
    texts
}

fn placeholders(text: &str) -> Vec<&str> {
    let mut names: Vec<_> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
    names.sort_unstable();
    names
}

/// The files that every language has, but for [`FAULTS`].
const FILES: [&str; 3] = ["language.toml", "words.toml", "tui.toml"];
const FAULTS: &str = "faults.toml";

#[test]
fn no_built_in_language_lacks_a_text_or_a_placeholder() {
    assert!(Lang::all().count() >= 2);
    let mut counted = 0;
    for lang in Lang::all() {
        for file in FILES {
            let (english, texts) = (raw(Lang::EN, file), raw(lang, file));
            assert_eq!(english.keys().collect::<Vec<_>>(), texts.keys().collect::<Vec<_>>(), "{lang:?} {file}");
            for (key, text) in &english {
                assert!(!texts[key].trim().is_empty(), "{lang:?} {file}: {key} is empty");
                assert_eq!(placeholders(text), placeholders(&texts[key]), "{lang:?} {file}: {key}");
                counted += 1;
            }
        }
        // The reader of TOML speaks English: only another language puts other words for its own, and parts of them for the whole.
        let of_toml = |key: &String| key.starts_with(".toml.");
        let (english, texts) = (raw(Lang::EN, FAULTS), raw(lang, FAULTS));
        for (key, text) in english.iter().filter(|(key, _)| !of_toml(key)) {
            let said = texts.get(key).unwrap_or_else(|| panic!("{lang:?} {FAULTS} lacks {key}"));
            assert_eq!(placeholders(text), placeholders(said), "{lang:?} {FAULTS}: {key}");
            counted += 1;
        }
        assert!(english.keys().all(|key| texts.contains_key(key)), "{lang:?} {FAULTS}");
    }
    assert!(counted > 1_500, "only {counted} texts: are they found?");
}

#[test]
fn no_text_for_all_languages_lacks_a_built_in_one() {
    let assets: [(&str, &str); 8] = [
        ("glossary", include_str!("../../assets/glossary.toml")),
        ("errors", include_str!("../../assets/text/errors.toml")),
        ("segments", include_str!("../../assets/text/segments.toml")),
        ("edits", include_str!("../../assets/text/edits.toml")),
        ("rules", include_str!("../../assets/text/rules.toml")),
        ("begin", include_str!("../../assets/text/begin.toml")),
        ("settings", include_str!("../../assets/text/settings.toml")),
        ("programs", include_str!("../../assets/text/programs.toml")),
    ];
    /// Each table with an English text, and the languages that it has.
    fn localized(path: &str, value: &toml::Value, found: &mut Vec<(String, Vec<String>)>) {
        match value {
            toml::Value::Table(table) if table.get("en").is_some_and(toml::Value::is_str) => {
                found.push((path.to_owned(), table.keys().cloned().collect()));
            }
            toml::Value::Table(table) => {
                table.iter().for_each(|(key, value)| localized(&format!("{path}.{key}"), value, found));
            }
            toml::Value::Array(values) => {
                values.iter().enumerate().for_each(|(n, value)| localized(&format!("{path}[{n}]"), value, found));
            }
            _ => {}
        }
    }
    let mut codes: Vec<&str> = Lang::all().map(Lang::code).collect();
    codes.sort_unstable();
    for (name, text) in assets {
        let mut found = Vec::new();
        localized(name, &toml::Value::Table(toml::from_str(text).unwrap()), &mut found);
        assert!(found.len() >= 9, "{name}: only {}", found.len());
        for (path, has) in found {
            assert_eq!(has, codes, "{path}");
        }
    }
}

#[test]
fn every_language_can_be_read_and_says_its_own_code() {
    for lang in Lang::all() {
        Texts::load(lang).unwrap();
        FaultTexts::load(lang).unwrap();
        let texts = LanguageTexts::load(lang).unwrap();
        assert_eq!((texts.code.as_str(), lang.name()), (lang.code(), texts.name.as_str()));
        assert!(Lang::all().all(|other| !texts.name_of(other).is_empty()));
    }
    assert_eq!(Lang::all().next(), Some(Lang::EN));
}

#[test]
fn the_key_leads_through_all_languages_that_can_be_shown() {
    let mut lang = Lang::EN;
    for wanted in Lang::all().skip(1).chain([Lang::EN]) {
        lang = lang.next(|_| true);
        assert_eq!(lang, wanted);
    }
    assert_eq!(Lang::EN.next(|lang| Glyphs::Ascii.have_lang(lang)), Lang::EN);
    assert_eq!(zh().next(|lang| Glyphs::Ascii.have_lang(lang)), Lang::EN);
}

/// A blank parts Latin letters from Chinese ones, and nothing else: not a bracket that brings its own room, nor Chinese from
/// Chinese.
#[test]
fn a_blank_beside_a_value_goes_where_chinese_needs_none() {
    for (text, value, filled) in [
        ("{v} 停在线路上", "SYN（客户端的套接字）", "SYN（客户端的套接字）停在线路上"),
        ("{v} 停在线路上", "SYN", "SYN 停在线路上"),
        ("{v} 失败", "套接字", "套接字失败"),
        ("服务器的 {v}", "（无）", "服务器的（无）"),
        ("服务器的 {v}", "SYN", "服务器的 SYN"),
        ("{v}  {v}", "套接字", "套接字  套接字"),
        ("the {v} runs", "套接字", "the 套接字 runs"),
        ("a {v} b", " ", "a   b"),
    ] {
        assert_eq!(fill(text, &[("v", value)]), filled);
    }
}

#[test]
fn placeholders_are_filled_once() {
    assert_eq!(fill("port {port} of {side}", &[("port", "8000"), ("side", "{port}")]), "port 8000 of {port}");
    assert_eq!(fill::<&str>("{nothing} {", &[]), "{nothing} {");
}

#[test]
fn the_language_is_that_of_the_first_variable_that_says_one() {
    let of = |set: &[(&str, &str)]| {
        let set: BTreeMap<String, String> = set.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Languages::shipped().of_locale(|name| set.get(name).cloned())
    };
    assert_eq!(of(&[]), Lang::EN);
    assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), zh());
    assert_eq!(of(&[("LANG", "ZH_tw@x")]), zh());
    assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "zh"), ("LANG", "en_US.UTF-8")]), zh());
    assert_eq!(of(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Lang::EN);
    for unknown in ["zhuang", "tlh_AQ.UTF-8", "..", "_", "-", "../en"] {
        assert_eq!(of(&[("LANG", unknown)]), Lang::EN, "{unknown}");
    }
}
