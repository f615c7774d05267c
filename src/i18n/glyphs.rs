//! Which characters the terminal has. The locale says it, here and nowhere else: where it names no UTF-8, whatever is shown is
//! plain ASCII.
//!
//! Two ways lead to the terminal: text ([`Printed`](super::Printed)) and the screen's cells (`tui`). Both ask this table.

use std::borrow::Cow;

use super::word_tree::WordTree;
use super::{Lang, Languages};

/// The characters that can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Glyphs {
    /// All that the program has.
    #[default]
    Unicode,
    /// The printable ones of ASCII.
    Ascii,
}

/// What stands for a character: in text, and in one cell of the screen (a wide one's second cell is blank).
const PLAIN: &[(char, &str, char)] = &[
    ('│', "|", '|'),
    ('┃', "|", '|'),
    ('║', "|", '|'),
    ('╎', "|", '|'),
    ('╏', "|", '|'),
    ('─', "-", '-'),
    ('╌', "-", '-'),
    ('╍', "=", '='),
    ('━', "=", '='),
    ('═', "=", '='),
    ('→', "->", '>'),
    ('⇢', "->", '>'),
    ('▶', ">", '>'),
    ('▸', ">", '>'),
    ('←', "Left", '<'),
    ('◀', "<", '<'),
    ('↔', "<->", '-'),
    ('↑', "Up", '^'),
    ('▲', "^", '^'),
    ('↓', "Down", 'v'),
    ('▼', "v", 'v'),
    ('■', "#", '#'),
    ('●', "*", '*'),
    ('✓', "+", '+'),
    ('✗', "x", 'x'),
    ('×', "x", 'x'),
    ('↻', "@", '@'),
    ('·', "|", '|'),
    ('…', "...", '~'),
    ('⋮', ":", ':'),
    ('–', "-", '-'),
    ('—', "-", '-'),
    ('−', "-", '-'),
    ('“', "\"", '"'),
    ('”', "\"", '"'),
    ('‘', "'", '\''),
    ('’', "'", '\''),
    ('²', "2", '2'),
    ('³', "3", '3'),
    ('†', "+", '+'),
    // The quarters of the large letters, by their form.
    ('█', "#", '#'),
    ('▀', "\"", '"'),
    ('▄', "o", 'o'),
    ('▌', "I", 'I'),
    ('▐', "I", 'I'),
    ('▟', "d", 'd'),
    ('▙', "b", 'b'),
    ('▛', "P", 'P'),
    ('▜', "Y", 'Y'),
    ('▘', "'", '\''),
    ('▝', "'", '\''),
    ('▖', ".", '.'),
    ('▗', ".", '.'),
    ('▞', "/", '/'),
    ('▚', "\\", '\\'),
];

impl Glyphs {
    /// What the locale's character set has: that of the first of LC_ALL, LC_CTYPE and LANG which is set and not empty.
    /// `C` and `POSIX` are ASCII, and so is any set that is named and isn't UTF-8. A locale that names no set, or none
    /// at all, says nothing: terminals of today have Unicode. `variable` reads one of the environment's variables.
    pub fn of_locale(variable: impl Fn(&str) -> Option<String>) -> Glyphs {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|v| !v.is_empty()));
        let Some(locale) = locale else { return Glyphs::Unicode };
        let locale = locale.split('@').next().unwrap_or_default();
        match locale.split_once('.') {
            Some((_, set)) if ["utf-8", "utf8"].contains(&set.to_ascii_lowercase().as_str()) => Glyphs::Unicode,
            None if !["C", "POSIX"].contains(&locale) => Glyphs::Unicode,
            _ => Glyphs::Ascii,
        }
    }

    /// Whether a text can be shown as it is meant: signs can be replaced, words can't.
    pub fn have(self, text: &str) -> bool {
        self == Glyphs::Unicode || text.chars().all(|c| c.is_ascii() || plain(c).is_some())
    }

    /// Whether a language can be shown: the words of its files can.
    pub fn have_lang(self, lang: Lang) -> bool {
        let words = || Languages::shipped().file(lang, "words.toml").is_some_and(|text| self.have(&text));
        self == Glyphs::Unicode || lang == Lang::EN || words()
    }

    /// All texts in a value, written in these characters.
    pub(super) fn write(self, value: &mut WordTree<'_>) {
        if self != Glyphs::Unicode {
            value.each_text(&mut |text| *text = self.text(text).into_owned().into());
        }
    }

    /// A text in these characters. What has no likeness is written as an escape that can be read.
    pub fn text(self, text: &str) -> Cow<'_, str> {
        if self == Glyphs::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match plain(c) {
                _ if c.is_ascii() => out.push(c),
                Some((text, _)) => out.push_str(text),
                None => out.extend(c.escape_unicode()),
            }
        }
        Cow::Owned(out)
    }

    /// The name of a key in these characters: an arrow's is the word on it.
    pub fn key(self, name: &'static str) -> Cow<'static, str> {
        if self == Glyphs::Ascii && name == "→" { Cow::Borrowed("Right") } else { self.text(name) }
    }

    /// Text of JSON in these characters: its own escapes, by which it says the same.
    pub fn json(self, text: &str) -> Cow<'_, str> {
        if self == Glyphs::Unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let unit = |unit: u16| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        };
        Cow::Owned(text.encode_utf16().map(unit).collect())
    }

    /// What stands in one cell of the screen for a character.
    pub fn cell(self, c: char) -> char {
        match (self, plain(c)) {
            (Glyphs::Unicode, _) => c,
            _ if c.is_ascii() => c,
            (Glyphs::Ascii, Some((_, cell))) => cell,
            (Glyphs::Ascii, None) => '?',
        }
    }
}

/// What stands for a character that isn't ASCII's, in text and in a cell.
fn plain(c: char) -> Option<(&'static str, char)> {
    const DIGITS: &str = "0123456789";
    let lowered = || {
        let at = usize::try_from(u32::from(c).checked_sub(u32::from('₀'))?).ok()?;
        DIGITS.get(at..=at).zip(DIGITS.chars().nth(at))
    };
    let known = PLAIN.iter().find(|(known, ..)| *known == c).map(|(_, text, cell)| (*text, *cell));
    // Corners and crossings of lines, light and heavy.
    let crossing = ('┌'..='╋').contains(&c).then_some(("+", '+'));
    known.or(crossing).or_else(lowered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_locale_says_what_the_terminal_has() {
        use Glyphs::{Ascii, Unicode};
        for (set, glyphs) in [
            (&[][..], Unicode),
            (&[("LANG", "C")], Ascii),
            (&[("LANG", "POSIX")], Ascii),
            (&[("LANG", "C.UTF-8")], Unicode),
            (&[("LANG", "C.utf8")], Unicode),
            (&[("LANG", "en_US.UTF-8@euro")], Unicode),
            (&[("LANG", "en_US.ISO-8859-1")], Ascii),
            (&[("LANG", "zh_CN.GB18030")], Ascii),
            (&[("LANG", "zh_CN")], Unicode),
            (&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")], Ascii),
            (&[("LC_ALL", ""), ("LC_CTYPE", "C"), ("LANG", "en_US.UTF-8")], Ascii),
            (&[("LC_ALL", "C.UTF-8"), ("LC_CTYPE", "C"), ("LANG", "C")], Unicode),
            (&[("LC_MESSAGES", "C"), ("LANG", "en_US.UTF-8")], Unicode),
        ] {
            let variable =
                |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string());
            assert_eq!(Glyphs::of_locale(variable), glyphs, "{set:?}");
        }
    }

    #[test]
    fn text_keeps_its_meaning() {
        let text = "SYN seq=j₂ → ■ LISTEN ×2 … “ok” 中";
        assert_eq!(Glyphs::Ascii.text(text), "SYN seq=j2 -> # LISTEN x2 ... \"ok\" \\u{4e2d}");
        assert_eq!(Glyphs::Unicode.text(text), text);
        assert_eq!(["←", "→", "↑", "Shift+↓"].map(|key| Glyphs::Ascii.key(key)), ["Left", "Right", "Up", "Shift+Down"]);
        assert!(Glyphs::Ascii.have("Shift+↓") && !Glyphs::Ascii.have("中文") && Glyphs::Unicode.have("中文"));
    }

    proptest! {
        #[test]
        fn all_is_ascii_and_json_says_the_same(text in "\\PC*") {
            prop_assert!(Glyphs::Ascii.text(&text).is_ascii());
            prop_assert!(text.chars().all(|c| Glyphs::Ascii.cell(c).is_ascii()));
            let json = serde_json::to_string(&text).unwrap();
            let ascii = Glyphs::Ascii.json(&json);
            prop_assert!(ascii.is_ascii());
            prop_assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), text);
        }
    }
}
