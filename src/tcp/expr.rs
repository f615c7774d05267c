//! A number as a lesson, or somebody who changes a segment, writes it: `j`, `k+1`, `j-1`, `j2+1+line`, `42`.

use std::fmt;
use std::str::FromStr;

/// A sum of at most one letter, whole numbers, and `line`, the number of bytes of the learner's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expr {
    /// `j` or `k`: an initial sequence number; `None` for a plain number.
    pub letter: Option<Letter>,
    /// What is added; less than 0 only after a letter.
    pub constant: i64,
    /// How often the length of the line is added.
    pub lines: u32,
}

/// An initial sequence number's name in a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// `j` or `k`.
    pub letter: char,
    /// Which connection's, as on the screen; `None` for the segment's own.
    pub index: Option<u32>,
}

/// Why a text is no such sum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a number: write a sum of j or k, whole numbers and `line`, such as `j+1+line`")]
pub struct NotAnExpr(pub String);

impl FromStr for Expr {
    type Err = NotAnExpr;

    fn from_str(text: &str) -> Result<Expr, NotAnExpr> {
        let error = || NotAnExpr(text.to_owned());
        let mut sum = Expr::default();
        for added in text.split('+') {
            for (n, term) in added.split('-').map(str::trim).enumerate() {
                match (term, letter(term)) {
                    (_, Some(letter)) if sum.letter.is_none() && n == 0 => sum.letter = Some(letter),
                    ("line", _) if n == 0 => sum.lines += 1,
                    (number, _) => {
                        let number: u32 = number.parse().map_err(|_| error())?;
                        sum.constant += if n == 0 { i64::from(number) } else { -i64::from(number) };
                    }
                }
            }
        }
        let least = if sum.letter.is_some() { -i64::from(u32::MAX) } else { 0 };
        (least..=u32::MAX.into()).contains(&sum.constant).then_some(sum).ok_or_else(error)
    }
}

/// `j`, `k`, with the index of a connection behind it `j2` or, as on the screen, `j₂`.
fn letter(term: &str) -> Option<Letter> {
    let letter = term.chars().next().filter(|letter| matches!(letter, 'j' | 'k'))?;
    let digit = |c: char| match c {
        '₀'..='₉' => char::from_digit(u32::from(c) - u32::from('₀'), 10),
        c => c.is_ascii_digit().then_some(c),
    };
    let digits: Option<String> = term.chars().skip(1).map(digit).collect();
    match digits?.as_str() {
        "" => Some(Letter { letter, index: None }),
        digits => Some(Letter { letter, index: Some(digits.parse().ok().filter(|index| *index > 0)?) }),
    }
}

impl Expr {
    /// The sum's value for a letter's number and a line's length. On the circle of 2³² sequence numbers.
    pub fn value(&self, number: impl FnOnce(Letter) -> Option<u32>, line: u32) -> Option<u32> {
        let start = match self.letter {
            Some(letter) => number(letter)?,
            None => 0,
        };
        // On the circle, what is taken away is what is left of it.
        Some(start.wrapping_add(self.constant as u32).wrapping_add(self.lines.wrapping_mul(line)))
    }
}

impl fmt::Display for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter)?;
        self.index.map_or(Ok(()), |index| write!(f, "{index}"))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.letter.map_or(String::new(), |letter| letter.to_string());
        match self.constant {
            0 if !text.is_empty() || self.lines > 0 => {}
            constant if text.is_empty() => text = constant.to_string(),
            constant => text += &format!("{constant:+}"),
        }
        for _ in 0..self.lines {
            text += if text.is_empty() { "line" } else { "+line" };
        }
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_written_and_reckoned() {
        for (text, value) in [
            ("j", 1000),
            ("k+1", 2001),
            ("j+1+line", 1006),
            ("j-1", 999),
            ("k2+5", 3005),
            ("j-1+line", 1004),
            ("0", 0),
            ("line", 5),
            ("7+line", 12),
        ] {
            let expr: Expr = text.parse().unwrap();
            assert_eq!(expr.to_string(), text);
            let number = |letter: Letter| match (letter.letter, letter.index) {
                ('j', None) => Some(1000),
                ('k', None) => Some(2000),
                (_, Some(2)) => Some(3000),
                _ => None,
            };
            assert_eq!(expr.value(number, 5), Some(value), "{text}");
        }
        let value = |text: &str, j| text.parse::<Expr>().unwrap().value(|_| Some(j), 0);
        assert_eq!([value("j+1", u32::MAX), value("j-1", 0)], [Some(0), Some(u32::MAX)]);
        assert_eq!("j₁₂+1".parse::<Expr>(), "j12+1".parse::<Expr>());
        assert_eq!("k+3-1".parse::<Expr>().unwrap().to_string(), "k+2");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "+",
            "j+",
            "j-",
            "j+k",
            "k-j",
            "jj",
            "j0",
            "jx",
            "-1",
            "5-7",
            "5-line",
            "1.5",
            "j*2",
            "99999999999",
            "4294967295+1",
            "j--1",
            "j+-1",
        ] {
            assert!(text.parse::<Expr>().is_err(), "{text}");
        }
    }
}
