//! The value of an option, as C has it or shorter.

use super::{Arguments, Mistyped, TypedWord};
use crate::model::{Call, LONGEST_OPTION_NAME, SocketOption, StructuredValue, ValueKind};

/// What stands in C for the size of a value.
const SIZE_OF: [&str; 2] = ["sizeof", "strlen"];

impl Arguments<'_> {
    /// `setsockopt()` of an option with this value.
    pub(super) fn option_set(&mut self, fd: i32, option: SocketOption) -> Result<Call, Mistyped> {
        // An int by its address is one, whatever the kernel makes of it.
        let is_int = self.word(0) == "&" && self.word(1) == "int";
        let structured = |value| Call::SetStructured { fd, option, value };
        let call = match option.kind() {
            ValueKind::Time if !is_int => structured(self.time()?),
            ValueKind::Name if !is_int => structured(self.name_of_option()?),
            ValueKind::Linger if self.has_braces() && !is_int => {
                let [on, seconds] = self.pair()?;
                let seconds = i32::try_from(seconds).ok().filter(|seconds| *seconds >= 0 || on == 0);
                let seconds = seconds.ok_or_else(|| self.wrong(&format!("{{{on}, …}}")))?;
                Call::SetOption { fd, option, value: if on == 0 { -1 } else { seconds } }
            }
            _ => Call::SetOption { fd, option, value: self.option_value()? },
        };
        self.skip_size();
        Ok(call)
    }

    fn word(&self, at: usize) -> &str {
        self.words.get(at).filter(|word| !word.quoted).map_or("", |word| word.text.as_str())
    }

    /// Whether a structure's braces stand next, with or without its type: `{1, 0}`, `&(struct linger){1, 0}`.
    fn has_braces(&self) -> bool {
        let before = self.words.iter().take_while(|word| !word.quoted && !word.text.contains('{')).count();
        before < self.words.len()
            && (0..before).all(|at| matches!(self.word(at), "&" | "struct" | "linger" | "timeval"))
    }

    /// The two numbers of a structure; one that is left out is 0, as in C. The fields' names may stand before them.
    fn pair(&mut self) -> Result<[i64; 2], Mistyped> {
        let open = self.words.iter().position(|word| word.text.contains('{')).unwrap_or_default();
        let count = self.words[open..].iter().position(|word| word.text.contains('}'));
        let Some(count) = count else { return Err(self.wrong(&self.words[open].text)) };
        let parts: Vec<TypedWord> = self.words[open..=open + count].to_vec();
        self.words = &self.words[open + count + 1..];
        let texts = parts.iter().flat_map(|word| word.text.split(['{', '}', '=']));
        let numbers = texts.filter(|text| !text.is_empty() && !text.starts_with('.'));
        let numbers = numbers.map(|text| text.parse::<i64>().map_err(|_| self.wrong(text)));
        match numbers.collect::<Result<Vec<i64>, Mistyped>>()?.as_slice() {
            [] => Ok([0, 0]),
            [one] if parts.iter().any(|word| word.text.contains("usec") || word.text.contains("l_linger")) => {
                Ok([0, *one])
            }
            [one] => Ok([*one, 0]),
            [one, other] => Ok([*one, *other]),
            [_, _, odd, ..] => Err(self.wrong(&odd.to_string())),
        }
    }

    /// A `struct timeval`, or seconds: `{1, 500000}`, `1.5`.
    fn time(&mut self) -> Result<StructuredValue, Mistyped> {
        if self.has_braces() {
            let [seconds, microseconds] = self.pair()?;
            return Ok(StructuredValue::Time { seconds, microseconds });
        }
        let Some(word) = self.next() else { return Ok(StructuredValue::Time { seconds: 1, microseconds: 0 }) };
        let (whole, fraction) = word.text.split_once('.').unwrap_or((&word.text, ""));
        let is_fraction = fraction.len() <= 6 && fraction.bytes().all(|byte| byte.is_ascii_digit());
        let microseconds = format!("{fraction:0<6}").parse().ok().filter(|_| is_fraction);
        // A negative time has no fraction here: of C's structure only the seconds would be below 0.
        let seconds = whole.parse::<i64>().ok().filter(|_| !whole.starts_with('-') || fraction.is_empty());
        match seconds.zip(microseconds).filter(|_| !word.quoted) {
            Some((seconds, microseconds)) => Ok(StructuredValue::Time { seconds, microseconds }),
            None => Err(self.wrong(&word.text)),
        }
    }

    /// A text, with quotation marks or without, and as many of its bytes as are said.
    fn name_of_option(&mut self) -> Result<StructuredValue, Mistyped> {
        // One that each kernel has.
        let Some(word) = self.next() else { return Ok(StructuredValue::Name("reno".to_owned())) };
        let is_name =
            word.bytes == word.text.as_bytes() && !word.bytes.contains(&0) && word.bytes.len() <= LONGEST_OPTION_NAME;
        let is_place = !word.quoted && word.text.starts_with('&');
        if !is_name || is_place {
            return Err(self.wrong(&word.text));
        }
        let mut name = word.text.clone();
        if let Ok(length) = self.word(0).parse::<usize>() {
            let fits = name.get(..length).ok_or_else(|| self.wrong(&length.to_string()))?;
            name = fits.to_owned();
            self.next();
        }
        Ok(StructuredValue::Name(name))
    }

    /// Leaves out the size of what stood before: `sizeof addr`, `sizeof(struct sockaddr_in)`, `strlen("reno")`.
    pub(super) fn skip_size(&mut self) {
        if SIZE_OF.contains(&self.word(0)) {
            let of = self.words.iter().skip(1).take_while(|word| word.quoted || word.text.parse::<i64>().is_err());
            self.words = &self.words[1 + of.count()..];
        }
    }
}
