//! A number as a lesson writes it: `j`, `k+1`, `j+1+line`, `42`.

use std::fmt;
use std::str::FromStr;

/// A sum of at most one letter, whole numbers, and `line`, the number of bytes of the learner's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Expr {
    /// `j` or `k`: an initial sequence number; `None` for a plain number.
    pub letter: Option<char>,
    /// What is added.
    pub constant: u32,
    /// How often the length of the line is added.
    pub lines: u32,
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
        for term in text.split('+').map(str::trim) {
            match term {
                "j" | "k" if sum.letter.is_none() => sum.letter = term.chars().next(),
                "line" => sum.lines += 1,
                number => {
                    let number: u32 = number.parse().map_err(|_| error())?;
                    sum.constant = sum.constant.checked_add(number).ok_or_else(error)?;
                }
            }
        }
        Ok(sum)
    }
}

impl Expr {
    /// The sum's value for a letter's number and a line's length. On the circle of 2³² sequence numbers.
    pub fn value(&self, letter: impl FnOnce(char) -> Option<u32>, line: u32) -> Option<u32> {
        let start = match self.letter {
            Some(name) => letter(name)?,
            None => 0,
        };
        Some(start.wrapping_add(self.constant).wrapping_add(self.lines.wrapping_mul(line)))
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut terms: Vec<String> = self.letter.map(String::from).into_iter().collect();
        if self.constant > 0 || (terms.is_empty() && self.lines == 0) {
            terms.push(self.constant.to_string());
        }
        terms.extend((0..self.lines).map(|_| "line".to_owned()));
        f.write_str(&terms.join("+"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_written_and_reckoned() {
        for (text, value) in [("j", 1000), ("k+1", 2001), ("j+1+line", 1006), ("0", 0), ("line", 5), ("7+line", 12)] {
            let expr: Expr = text.parse().unwrap();
            assert_eq!(expr.to_string(), text);
            let letter = |name| Some(if name == 'j' { 1000 } else { 2000 });
            assert_eq!(expr.value(letter, 5), Some(value), "{text}");
        }
        let wraps: Expr = "j+1".parse().unwrap();
        assert_eq!(wraps.value(|_| Some(u32::MAX), 0), Some(0));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "+", "j+", "j+k", "jj", "-1", "1.5", "j*2", "99999999999", "4294967295+1"] {
            assert!(text.parse::<Expr>().is_err(), "{text}");
        }
    }
}
