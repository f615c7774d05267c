//! The terminal's answer to the question for its background: `ESC ] 11 ; rgb:ffff/ffff/ffff ESC \` (OSC 11 of xterm's control sequences).
//! It is read as keys, among those that are pressed, and is none; it comes when it comes, over a slow network after the first frame. So
//! may what another program had asked for before: the colour of text (OSC 10), `ESC [ ? 62 ; 22 c` (DA1 of the VT100's kin).

use crate::theme::Background;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What may be the beginning of such an answer. Only what can't be anything else is held back, and goes on as soon as it is.
#[derive(Debug, Default)]
pub(super) struct LateAnswer {
    held: Vec<Event>,
    /// What of the answer was read, behind its ESC.
    text: String,
    /// What the answers have told, until it is taken.
    background: Option<Background>,
    /// Whether the newest key was ESC alone: what follows in the next piece that the network brings is read as letters.
    escaped: bool,
}

/// What the beginning of an answer may be.
#[derive(PartialEq)]
enum Prefix {
    /// There is more to come.
    Open,
    /// The whole of it.
    Whole,
    /// None.
    Other,
}

impl LateAnswer {
    /// Takes an event; returns those that are no part of an answer.
    pub(super) fn take(&mut self, event: Event) -> Vec<Event> {
        let key = key(&event);
        let escaped = std::mem::replace(&mut self.escaped, key == Some((KeyCode::Esc, KeyModifiers::NONE)));
        let begun = !self.held.is_empty();
        let letter = match key {
            Some((KeyCode::Char(c), KeyModifiers::ALT)) if begun => Some(['\x1b', c].iter().collect()),
            Some((KeyCode::Char(c), KeyModifiers::ALT)) => Some(c.to_string()),
            Some((KeyCode::Char(c), KeyModifiers::NONE | KeyModifiers::SHIFT)) if begun || escaped => {
                Some(c.to_string())
            }
            Some((KeyCode::Char('g'), KeyModifiers::CONTROL)) if begun => Some("\x07".to_owned()),
            Some((KeyCode::Esc, KeyModifiers::NONE)) if begun => Some("\x1b".to_owned()),
            _ => None,
        };
        self.held.push(event);
        self.text += letter.as_deref().unwrap_or_default();
        let prefix = if letter.is_some() { prefix(&self.text) } else { Prefix::Other };
        if prefix == Prefix::Open {
            return Vec::new();
        }
        let text = std::mem::take(&mut self.text);
        let held = std::mem::take(&mut self.held);
        if prefix == Prefix::Whole {
            self.background = background(&text).or(self.background);
            return Vec::new();
        }
        held
    }

    /// What an answer has told of the terminal's background since this was asked last.
    pub(super) fn background(&mut self) -> Option<Background> {
        self.background.take()
    }
}

/// The background that a whole answer tells; `None` of another one, and of one that makes no sense.
fn background(text: &str) -> Option<Background> {
    let text = text.strip_prefix("]11;")?.trim_end_matches(['\x07', '\x1b', '\\']);
    let (_, parts) = text.split_once(':')?;
    // Each has one to four digits, and the greatest number of so many is all of it (XParseColor(3)).
    let part = |digits: &str| {
        let most = 16_f64.powi(i32::try_from(digits.len()).ok().filter(|count| (1..=4).contains(count))?) - 1.0;
        Some(f64::from(u16::from_str_radix(digits, 16).ok()?) / most)
    };
    let mut parts = parts.split('/').map(part);
    Some(Background::of(parts.next()??, parts.next()??, parts.next()??))
}

/// What a text is of an answer.
fn prefix(text: &str) -> Prefix {
    let is_of = |rest: &str, letters: &str| rest.chars().all(|c| c.is_ascii_hexdigit() || letters.contains(c));
    if let Some(rest) = text.strip_prefix("[?") {
        let body = rest.strip_suffix('c').unwrap_or(rest);
        return match body.chars().all(|c| c.is_ascii_digit() || c == ';') {
            true if body.len() < rest.len() => Prefix::Whole,
            true => Prefix::Open,
            false => Prefix::Other,
        };
    }
    for head in ["]10;rgb", "]11;rgb"] {
        if let Some(rest) = text.strip_prefix(head) {
            let ended = rest.strip_suffix('\x07').or_else(|| rest.strip_suffix("\x1b\\"));
            let body = ended.unwrap_or(rest.strip_suffix('\x1b').unwrap_or(rest));
            return match body.len() <= 32 && is_of(body, ":/a") {
                true if ended.is_some() => Prefix::Whole,
                true => Prefix::Open,
                false => Prefix::Other,
            };
        }
        if head.starts_with(text) {
            return Prefix::Open;
        }
    }
    if "[?".starts_with(text) { Prefix::Open } else { Prefix::Other }
}

/// A key that is pressed.
fn key(event: &Event) -> Option<(KeyCode, KeyModifiers)> {
    match event {
        Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) => Some((*code, *modifiers)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(KeyEvent::new(code, modifiers))
    }

    /// As crossterm reads bytes that come together: ESC and what follows it is one key with Alt.
    fn read(piece: &str) -> Vec<Event> {
        let mut events = Vec::new();
        let mut letters = piece.chars();
        while let Some(c) = letters.next() {
            events.push(match c {
                '\x1b' => match letters.next() {
                    Some(c) => pressed(KeyCode::Char(c), KeyModifiers::ALT),
                    None => pressed(KeyCode::Esc, KeyModifiers::NONE),
                },
                '\x07' => pressed(KeyCode::Char('g'), KeyModifiers::CONTROL),
                c if c.is_uppercase() => pressed(KeyCode::Char(c), KeyModifiers::SHIFT),
                c => pressed(KeyCode::Char(c), KeyModifiers::NONE),
            });
        }
        events
    }

    /// What is passed on of pieces, and when: after each of them.
    fn passed(pieces: &[&str]) -> Vec<usize> {
        let mut late = LateAnswer::default();
        pieces.iter().map(|piece| read(piece).into_iter().map(|event| late.take(event).len()).sum()).collect()
    }

    #[test]
    fn an_answer_is_passed_to_nobody() {
        for answer in ["\x1b]11;rgb:1e1e/ffff/FFFF\x1b\\", "\x1b]10;rgba:ff/ff/ff/ff\x07"] {
            assert_eq!(passed(&[answer, "q"]), [0, 1], "{answer:?}");
            // However the network cuts it: of one that is cut behind its ESC, that is a key.
            for cut in 1..answer.len() {
                let (one, other) = answer.split_at(cut);
                assert_eq!(passed(&[one, other, "q"]), [usize::from(cut == 1), 0, 1], "{one:?}, {other:?}");
            }
        }
        assert_eq!(passed(&["\x1b", "[?62;22c", "q"]), [1, 0, 1]);
    }

    #[test]
    fn an_answer_tells_the_background_once() {
        for (answer, wanted) in [
            ("\x1b]11;rgb:1e1e/ffff/FFFF\x1b\\", Some(Background::Light)),
            ("\x1b]11;rgb:0/0/0\x07", Some(Background::Dark)),
            ("\x1b]11;rgba:ff/ff/ff/ff\x07", Some(Background::Light)),
            ("\x1b]10;rgb:ffff/ffff/ffff\x07", None),
            ("\x1b]11;rgb:ffff/ffff\x07", None),
            ("\x1b]11;rgb:fffff/0/0\x07", None),
            ("\x1b]11;rgb://\x07", None),
            ("\x1b[?62;22c", None),
        ] {
            let mut late = LateAnswer::default();
            let passed: usize = read(answer).into_iter().map(|event| late.take(event).len()).sum();
            assert!(passed == 0 || answer.starts_with("\x1b["), "{answer:?}");
            assert_eq!((late.background(), late.background()), (wanted, None), "{answer:?}");
        }
    }

    #[test]
    fn what_is_none_is_passed_on_at_once() {
        assert_eq!(passed(&["\x1b]", "g", "g"]), [0, 2, 1]);
        assert_eq!(passed(&["\x1b]", "1", "r"]), [0, 0, 3]);
        assert_eq!(passed(&["\x1b]11;q"]), [5]);
        assert_eq!(passed(&["\x1b", "]", "x"]), [1, 0, 2]);
        assert_eq!(passed(&["]11;rgb", "[?6c", "\x07", "\x1bg"]), [7, 4, 1, 1]);
        assert_eq!(passed(&["\x1b", "q", "\x1b", "\x1b"]), [1, 1, 1, 1]);
        assert!(passed(&[&format!("\x1b]11;rgb:{}", "1".repeat(200))])[0] > 100);
        let mut late = LateAnswer::default();
        assert_eq!(late.take(pressed(KeyCode::Char(']'), KeyModifiers::ALT)).len(), 0);
        assert_eq!(late.take(Event::Resize(80, 24)).len(), 2);
    }
}
