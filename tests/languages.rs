//! A third language is files: those of `tests/languages` are read beside the built-in ones by the program's own readers. What it has
//! is shown in it, and everything else in English.

use std::fs;
use std::path::Path;

use sockwalk::i18n::{Glyphs, Lang, Languages, Texts};
use sockwalk::lesson::{builtin_names, builtin_text, parse, parse_in, review};
use sockwalk::tui;

/// What an author of a language writes.
const MORE: &[(&str, &str)] = &[
    ("nl/language.toml", include_str!("languages/nl/language.toml")),
    ("nl/words.toml", include_str!("languages/nl/words.toml")),
    ("nl/tui.toml", include_str!("languages/nl/tui.toml")),
];

fn dutch() -> (Languages, Lang) {
    let languages = Languages::with(MORE);
    let lang = languages.get("nl").expect("the folder is a language");
    (languages, lang)
}

#[test]
fn a_folder_is_a_language_and_needs_nothing_else() {
    let (languages, nl) = dutch();
    let codes: Vec<&str> = languages.all().map(Lang::code).collect();
    assert_eq!(codes, ["en", "nl", "zh"], "English first, then by code");
    let of = |locale: &str| languages.of_locale(|name| (name == "LANG").then(|| locale.to_owned()));
    for (locale, lang) in [("nl_BE.UTF-8", nl), ("nl", nl), ("en_US.UTF-8", Lang::EN), ("fy_NL.UTF-8", Lang::EN)] {
        assert_eq!(of(locale), lang, "{locale}");
    }
    assert!(Lang::of("nl").is_none(), "it isn't built in");
}

#[test]
fn what_it_has_is_its_own_and_the_rest_is_english() {
    let (languages, nl) = dutch();
    let [texts, english] = [nl, Lang::EN].map(|lang| Texts::read(&languages, lang).unwrap());
    assert_eq!(texts.cli.lessons, "Toon de ingebouwde lessen");
    assert_eq!((&texts.cli.play, &texts.needs.ipv6), (&english.cli.play, &english.needs.ipv6));
    let read = |lang| tui::InterfaceTexts::read(&languages, lang, Glyphs::Unicode).unwrap();
    let (texts, english) = (read(nl), read(Lang::EN));
    assert_eq!(texts.side.blocks, "wacht {clock}");
    assert_eq!((&texts.side.running, texts.help_of("next")), (&english.side.running, english.help_of("next")));
}

/// A lesson with some texts in a language more: each is shown, and every other one is English.
#[test]
fn a_lesson_says_what_it_has_in_each_language() {
    let (languages, nl) = dutch();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lessons/valid/handshake.toml");
    let text = fs::read_to_string(path).unwrap();
    let lesson = parse_in(&languages, "a.toml", &text).unwrap();
    let english = lesson.title.get(Lang::EN);
    assert_eq!(lesson.title.get(nl), english);
    let titled = text.replacen("title.en = ", "title.nl = \"Handdruk\"\ntitle.en = ", 1);
    assert_ne!(titled, text);
    let lesson = parse_in(&languages, "a.toml", &titled).unwrap();
    assert_eq!((lesson.title.get(nl), lesson.title.get(Lang::EN)), ("Handdruk", english));
    assert_eq!(lesson.goal.get(nl), lesson.goal.get(Lang::EN));
    // Where no file has the language, it is told with its place, and with what was likely meant.
    let told = parse("a.toml", &titled).unwrap_err().to_string();
    assert_eq!(told, "a.toml:6:7: `nl` is no language of this program; allowed: en, zh");
    for code in ["zh-CN", "ZH", "zh_TW", "zhs"] {
        let told = parse("a.toml", &titled.replace(".nl", &format!(".{code}"))).unwrap_err().to_string();
        assert!(told.ends_with("; allowed: en, zh; did you mean `zh`?"), "{told}");
    }
}

#[test]
fn a_text_that_a_lesson_lacks_is_english_and_its_author_is_told() {
    let (file, text) = builtin_text("handshake").unwrap();
    let zh = Lang::of("zh").unwrap();
    let glossary = sockwalk::lesson::Glossary::load().unwrap();
    let told = |text: &str| -> Vec<(String, bool)> {
        let lesson = parse(file, text).unwrap();
        let remarks = review(&lesson, text, glossary, |_| true);
        remarks.iter().map(|remark| (remark.what.sentence(Lang::EN), remark.what.is_error())).collect()
    };
    assert_eq!(told(&text), []);
    // One text: a fault of a lesson that has the language.
    let title = text.lines().find(|line| line.starts_with("title.zh = ")).unwrap();
    let less = text.replacen(&format!("{title}\n"), "", 1);
    assert_eq!(told(&less), [("the text in Chinese (zh) is missing; it is shown in English".to_owned(), true)]);
    // All of them: a lesson in English alone may be so.
    let mut english = String::new();
    let mut inside = false;
    for line in text.lines() {
        let begins =
            !inside && [".zh = ", "zh = "].iter().any(|key| line.trim_start().contains(key) && !line.contains("en = "));
        let long = line.matches("\"\"\"").count() == 1;
        let skipped = begins || inside;
        inside = if begins { long } else { inside && !long };
        if !skipped {
            english.push_str(&remove_inline(line));
            english.push('\n');
        }
    }
    assert_eq!(told(&english), [("no text is in Chinese (zh); all are shown in English".to_owned(), false)]);
    let lesson = parse(file, &english).unwrap();
    assert!(lesson.steps.iter().all(|step| step.say.own(zh).is_none() && step.say.get(zh) == step.say.get(Lang::EN)));
}

/// A line without the Chinese text of a table that stands in it.
fn remove_inline(line: &str) -> String {
    let mut line = line.to_owned();
    while let Some(at) = line.find(", zh = \"") {
        let value = at + ", zh = \"".len();
        let end = value + line[value..].find('"').unwrap() + 1;
        line.replace_range(at..end, "");
    }
    line
}

#[test]
fn no_built_in_lesson_lacks_a_text_in_a_built_in_language() {
    let glossary = sockwalk::lesson::Glossary::load().unwrap();
    let mut counted = 0;
    for name in builtin_names() {
        let (file, text) = builtin_text(name).unwrap();
        let lesson = parse(file, &text).unwrap();
        let texts = [&lesson.title, &lesson.goal, &lesson.recap].into_iter().chain(&lesson.misbelief);
        let asks = lesson.steps.iter().flat_map(|step| &step.ask);
        let asked = asks.flat_map(|ask| std::iter::once(&ask.question).chain(&ask.labels));
        for said in texts.chain(lesson.steps.iter().flat_map(|step| [&step.title, &step.say])).chain(asked) {
            for lang in Lang::all() {
                assert!(said.own(lang).is_some_and(|text| !text.is_empty()), "{name} lacks {lang:?}: {said:?}");
                counted += 1;
            }
        }
        let lacks = review(&lesson, &text, glossary, |_| true).into_iter().filter(|remark| remark.what.is_error());
        assert_eq!(lacks.count(), 0, "{name}");
    }
    assert!(counted > 1_500, "only {counted}");
}
