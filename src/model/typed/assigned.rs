//! What stands in C before a call: the name of a variable that gets what the call returns; and such names where a call wants what
//! they hold.

use std::net::SocketAddr;

use super::address;
use super::written_in_c::{is_identifier, no_call};
use super::{Mistyped, TypedWord, Usual, words};
use crate::model::{Call, CallName, edit, is_kernel_change, rule};

/// A name, and what it stands for: a number, a text in quotation marks, the braces of a structure. `None` while it has no value yet: the
/// call that gives it one hasn't returned.
pub type Variable = (String, Option<String>);

/// A line of C.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedLine {
    /// A call, and the name of what it returns.
    Call(Option<String>, Call),
    /// A name, and the value that it gets.
    Value(String, String),
}

/// The most characters that a variable's value may have.
const LONGEST_VALUE: usize = 200;

/// What a line of C says.
///
/// # Errors
/// [`Mistyped`] says what it isn't.
pub fn read(text: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    if let Some(second) = second_statement(text) {
        return Err(Mistyped::Several(second.to_owned()));
    }
    let Some((before, behind)) = parted(text) else {
        if let Some(declared) = declaration(text) {
            return Err(declared);
        }
        return Ok(TypedLine::Call(None, super::call(text, usual)?));
    };
    let name = assigned_name(before)?;
    if behind.trim_end_matches(';').trim().is_empty() {
        return Err(Mistyped::Declared(text.trim().to_owned()));
    }
    if let Some(address) = address::address(behind) {
        return Ok(TypedLine::Value(name, address.to_string()));
    }
    match value(behind) {
        // An address stands in the call.
        Some(value) if value.contains("AF_INET") => Err(no_call(".sin_addr", &[]).named(&name)),
        Some(value) => Ok(TypedLine::Value(name, value)),
        None => super::call(behind, usual).map(|call| TypedLine::Call(Some(name), call)),
    }
}

impl Mistyped {
    /// The same of what is typed under another name.
    fn named(self, name: &str) -> Mistyped {
        match self {
            Mistyped::Instead(_, instead) => Mistyped::Instead(name.to_owned(), instead),
            other => other,
        }
    }
}

/// What stands behind a semicolon: C's next statement, which is another line here.
fn second_statement(text: &str) -> Option<&str> {
    let (mut quoted, mut rest) = (false, text.char_indices());
    while let Some((at, c)) = rest.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => drop(rest.next()),
            ';' if !quoted => {
                let second = text[at + 1..].trim_start_matches([';', '}']).trim();
                return (!second.is_empty()).then_some(second);
            }
            _ => {}
        }
    }
    None
}

/// Where the call begins in a line: behind an assignment.
pub(super) fn call_begins(text: &str) -> usize {
    let is_call = !edit::is_edit(text) && !rule::is_rule(text) && !is_kernel_change(text);
    parted(text).filter(|_| is_call).map_or(0, |(before, _)| before.len() + 1)
}

/// What stands before a line's `=` and behind it, where that is an assignment: no bracket and no quotation mark stands before it.
fn parted(text: &str) -> Option<(&str, &str)> {
    let at = text.find(['=', '(', '"', '{', ','])?;
    let (before, behind) = (&text[..at], text[at..].strip_prefix('=')?);
    let is_condition = behind.starts_with('=') || before.ends_with(['!', '<', '>']);
    // What stands behind a call's name without a bracket is its argument.
    let first = before.split_whitespace().next()?;
    let is_argument = CallName::typed(first).is_some() && before.trim() != first;
    (!is_condition && !is_argument).then_some((before, behind))
}

/// The name that gets the value, with or without its type before it.
fn assigned_name(before: &str) -> Result<String, Mistyped> {
    let words: Vec<&str> = before.split([' ', '\t', '*']).filter(|word| !word.is_empty()).collect();
    let Some((last, types)) = words.split_last() else { return Err(Mistyped::Assigned(before.trim().to_owned())) };
    if let member @ Mistyped::Instead(..) = no_call(last, &[]) {
        return Err(member);
    }
    // `char text[]`
    let name = last.split_once('[').map_or(*last, |(name, _)| name);
    let is_plain = is_identifier(name) && types.iter().all(|word| is_identifier(word)) && types.len() < 4;
    if is_plain && CallName::typed(name).is_none() {
        Ok(name.to_owned())
    } else {
        Err(Mistyped::Assigned(before.trim().to_owned()))
    }
}

/// The value that stands in a line itself: a number, a text, a structure's braces.
fn value(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(';').trim();
    let is_text = text.len() > 1 && text.starts_with('"') && text.find('"') != text.rfind('"');
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.contains(['e', 'E']);
    let is_structure = text.starts_with('{') && text.ends_with('}');
    ((is_text || is_number || is_structure) && text.chars().count() <= LONGEST_VALUE).then(|| text.to_owned())
}

/// That a line only declares a variable: `int fd;`, `char buf[100];`, `struct sockaddr_in addr;`.
fn declaration(text: &str) -> Option<Mistyped> {
    const TYPES: [&str; 13] = [
        "int",
        "char",
        "struct",
        "const",
        "unsigned",
        "long",
        "short",
        "size_t",
        "ssize_t",
        "socklen_t",
        "fd_set",
        "pid_t",
        "float",
    ];
    let text = text.trim();
    let first = text.split([' ', '\t', '*']).next().filter(|first| TYPES.contains(first))?;
    if text.contains("sockaddr") {
        return Some(no_call(".sin_addr", &[]).named(text.trim_end_matches(';')));
    }
    let is_alone = text.len() > first.len() && !text.contains('(');
    is_alone.then(|| Mistyped::Declared(text.trim_end_matches(';').to_owned()))
}

/// Puts what the variables hold in the places of their names: in C's brackets everywhere, in a shorter line in the descriptor's place.
/// What has a `&` before it is no value, but a place that is filled, unless it is an option's value or an address that the call takes.
pub(super) fn resolved(
    name: CallName,
    in_c: bool,
    arguments: &[TypedWord],
    usual: &Usual,
) -> Result<Vec<TypedWord>, Mistyped> {
    let mut all = Vec::new();
    for (at, word) in arguments.iter().enumerate() {
        let bare = word.text.trim_matches(['{', '}', '&']);
        let known = usual.variables.iter().rfind(|(known, _)| known == bare);
        // What the kernel fills keeps its name; an address is given to it.
        let is_given = name == CallName::SetSockOpt || given(name, known).is_some();
        let is_filled = word.text.starts_with('&') && !is_given;
        // Of a variable's size its value says nothing.
        let is_sized = at > 0 && arguments[at - 1].text == "sizeof";
        match known.filter(|_| !word.quoted && !is_filled && !is_sized && (in_c || at == 0)) {
            None => all.push(word.clone()),
            Some((name, None)) => return Err(Mistyped::NotYet(name.clone())),
            Some((_, Some(value))) => {
                let (open, close) = (word.text.starts_with('{'), word.text.ends_with('}'));
                let value = format!("{}{value}{}", if open { "{" } else { "" }, if close { "}" } else { "" });
                all.extend(words(&value, false)?);
            }
        }
    }
    if in_c { Ok(sums(all)) } else { Ok(all) }
}

/// The value of a variable that stands by its address where a call wants one of the network.
fn given(name: CallName, known: Option<&Variable>) -> Option<&Variable> {
    let takes = matches!(name, CallName::Bind | CallName::Connect | CallName::SendTo);
    let is_address = |value: &String| value.parse::<SocketAddr>().is_ok();
    known.filter(|(_, value)| takes && value.as_ref().is_some_and(is_address))
}

/// `4 + 1` as one number: the first argument of `select()` is written so.
fn sums(words: Vec<TypedWord>) -> Vec<TypedWord> {
    let mut all: Vec<TypedWord> = Vec::new();
    for word in words {
        let number = |word: &TypedWord| word.text.parse::<i32>().ok().filter(|_| !word.quoted);
        let sum = match all.as_slice() {
            [.., before, plus] if plus.text == "+" && !plus.quoted => {
                number(before).zip(number(&word)).and_then(|(one, other)| one.checked_add(other))
            }
            _ => None,
        };
        match sum {
            Some(sum) => {
                all.truncate(all.len() - 2);
                all.push(TypedWord::plain(sum.to_string()));
            }
            None => all.push(word),
        }
    }
    all
}
