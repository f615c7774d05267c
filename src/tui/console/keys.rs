//! Keys, as a terminal of the kind `xterm` writes them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The longest text that is pasted at once, in bytes.
const LONGEST_PASTE: usize = 32 << 10;

/// What a key is for a program; nothing where a terminal has no such key. `application`: the cursor's keys are written as
/// the program has asked for.
pub(in crate::tui) fn written(key: KeyEvent, application: bool) -> Vec<u8> {
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    // As xterm numbers them: 1 with nothing, more with each.
    let held = 1 + u8::from(key.modifiers.contains(KeyModifiers::SHIFT)) + 2 * u8::from(alt) + 4 * u8::from(control);
    let letter = |letter: char| match (held, application) {
        (1, true) => format!("\x1bO{letter}"),
        (1, false) => format!("\x1b[{letter}"),
        (held, _) => format!("\x1b[1;{held}{letter}"),
    };
    let number = |number: u8| if held == 1 { format!("\x1b[{number}~") } else { format!("\x1b[{number};{held}~") };
    let plain = |text: &str| if alt { format!("\x1b{text}") } else { text.to_owned() };
    let text = match key.code {
        KeyCode::Char(c) if control => with_control(c).map(|c| plain(c.encode_utf8(&mut [0; 4]))),
        KeyCode::Char(c) => Some(plain(c.encode_utf8(&mut [0; 4]))),
        KeyCode::Enter => Some(plain("\r")),
        KeyCode::Tab => Some(plain("\t")),
        KeyCode::BackTab => Some("\x1b[Z".into()),
        KeyCode::Backspace => Some(plain("\x7f")),
        KeyCode::Esc => Some(plain("\x1b")),
        KeyCode::Up => Some(letter('A')),
        KeyCode::Down => Some(letter('B')),
        KeyCode::Right => Some(letter('C')),
        KeyCode::Left => Some(letter('D')),
        KeyCode::End => Some(letter('F')),
        KeyCode::Home => Some(letter('H')),
        KeyCode::Insert => Some(number(2)),
        KeyCode::Delete => Some(number(3)),
        KeyCode::PageUp => Some(number(5)),
        KeyCode::PageDown => Some(number(6)),
        KeyCode::F(n @ 1..=4) if held == 1 => Some(format!("\x1bO{}", char::from(b'O' + n))),
        KeyCode::F(n @ 1..=4) => Some(format!("\x1b[1;{held}{}", char::from(b'O' + n))),
        KeyCode::F(n @ 5..=12) => Some(number([15, 17, 18, 19, 20, 21, 23, 24][usize::from(n - 5)])),
        _ => None,
    };
    text.unwrap_or_default().into_bytes()
}

/// The control character of a key.
fn with_control(c: char) -> Option<char> {
    match c {
        'a'..='z' | 'A'..='Z' | '[' | '\\' | ']' | '^' | '_' => Some(char::from(c.to_ascii_uppercase() as u8 & 0x1f)),
        ' ' | '@' | '2' => Some('\0'),
        // As terminals that have no other way write them.
        '3'..='7' => Some(char::from(c as u8 - b'3' + 0x1b)),
        '8' | '?' => Some('\x7f'),
        '/' => Some('\x1f'),
        _ => None,
    }
}

/// A text that is pasted: where the program has asked for that, it is told where it begins and ends.
pub(in crate::tui) fn pasted(text: &str, framed: bool) -> Vec<u8> {
    let end = (0..=text.len().min(LONGEST_PASTE)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    // What ends the frame can't be part of it.
    let text = text[..end].replace("\r\n", "\r").replace('\n', "\r").replace('\x1b', "");
    if framed { format!("\x1b[200~{text}\x1b[201~").into_bytes() } else { text.into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_a_terminal_does() {
        let (none, control, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
        for (code, modifiers, plain, application) in [
            (KeyCode::Char('ä'), none, "ä", "ä"),
            (KeyCode::Char('c'), control, "\x03", "\x03"),
            (KeyCode::Char('z'), control, "\x1a", "\x1a"),
            (KeyCode::Char('4'), control, "\x1c", "\x1c"),
            (KeyCode::Char('5'), control, "\x1d", "\x1d"),
            (KeyCode::Char(' '), control, "\0", "\0"),
            (KeyCode::Char('é'), control, "", ""),
            (KeyCode::Char('x'), alt, "\x1bx", "\x1bx"),
            (KeyCode::Enter, none, "\r", "\r"),
            (KeyCode::Backspace, none, "\x7f", "\x7f"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "\x1b[Z", "\x1b[Z"),
            (KeyCode::Up, none, "\x1b[A", "\x1bOA"),
            (KeyCode::Left, control, "\x1b[1;5D", "\x1b[1;5D"),
            (KeyCode::Home, none, "\x1b[H", "\x1bOH"),
            (KeyCode::Delete, none, "\x1b[3~", "\x1b[3~"),
            (KeyCode::F(1), none, "\x1bOP", "\x1bOP"),
            (KeyCode::F(5), none, "\x1b[15~", "\x1b[15~"),
            (KeyCode::F(12), KeyModifiers::SHIFT, "\x1b[24;2~", "\x1b[24;2~"),
            (KeyCode::F(13), none, "", ""),
        ] {
            let key = KeyEvent::new(code, modifiers);
            assert_eq!(String::from_utf8(written(key, false)).unwrap(), plain, "{key:?}");
            assert_eq!(String::from_utf8(written(key, true)).unwrap(), application, "{key:?}");
        }
    }

    #[test]
    fn what_is_pasted_stays_in_its_frame() {
        assert_eq!(pasted("a\r\nb\nc", false), b"a\rb\rc");
        assert_eq!(pasted("a\x1b[201~b", true), b"\x1b[200~a[201~b\x1b[201~");
        assert!(pasted(&"字".repeat(LONGEST_PASTE), false).len() <= LONGEST_PASTE);
    }
}
