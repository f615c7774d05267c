//! What stands around a call in C: comments, `#define`, and statements such as `if` and `while`, whose call is what there is of them here.

use super::expression::expression;
use super::structures::is_filler;
use super::typed_line::TypedLine;
use super::written_in_c::{is_identifier, no_call, outside_quotes};
use super::{Mistyped, Usual};
use crate::model::CallName;

/// The words with which a statement begins that is no call.
const CONTROL: [&str; 12] =
    ["if", "else", "while", "for", "do", "switch", "case", "default", "return", "break", "continue", "goto"];

/// A line without the comments at its ends. Behind a text that stands without quotation marks, `//` is text.
pub(super) fn without_comment(text: &str) -> &str {
    let mut text = text.trim();
    while let Some((_, behind)) = text.strip_prefix("/*").and_then(|comment| comment.split_once("*/")) {
        text = behind.trim();
    }
    if text.starts_with("//") || text.starts_with("/*") {
        return "";
    }
    let is_directive = text.starts_with('#');
    let comments = outside_quotes(text).filter(|(at, _)| is_comment(&text[*at..]));
    let mut before = comments.map(|(at, _)| text[..at].trim_end());
    before.find(|before| is_directive || before.ends_with([';', ')', '{', '}', ',', '"'])).unwrap_or(text)
}

/// Whether a comment begins here that goes on to the end of the line.
fn is_comment(text: &str) -> bool {
    text.starts_with("//") || text.starts_with("/*") && text.find("*/").is_none_or(|at| at + 2 == text.len())
}

/// What a line is that is no call and gives no name a value; `None` of every other one.
pub(super) fn read(text: &str, usual: &Usual) -> Option<Result<TypedLine, Mistyped>> {
    if let Some(directive) = text.strip_prefix('#') {
        return Some(self::directive(text, directive.trim_start(), usual));
    }
    let bare = text.trim_start_matches(['{', '}', ' ', '\t']);
    let word = &bare[..bare.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(bare.len())];
    if bare.len() == text.len() && !CONTROL.contains(&word) {
        return None;
    }
    if let Some(call) = call_inside(bare) {
        return Some(Err(Mistyped::Around(call)));
    }
    // `for (p = list; p != NULL; p = p->ai_next)`
    if let Some((first, _)) =
        bare.strip_prefix("for").and_then(|rest| rest.trim_start().strip_prefix('(')?.split_once(';'))
        && first.contains('=')
    {
        return Some(Err(Mistyped::Around(first.trim().to_owned())));
    }
    let name = if word.is_empty() { text.trim() } else { word };
    Some(Ok(TypedLine::Unneeded(Mistyped::Instead(name.to_owned(), super::Instead::Flow))))
}

/// `#define PORT 8000` gives a name its value, which C puts in the name's place.
fn directive(text: &str, directive: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    let Some(rest) = directive.strip_prefix("define").filter(|rest| rest.starts_with([' ', '\t'])) else {
        let name = text.split_whitespace().next().unwrap_or(text);
        return match no_call(name, &[]) {
            unknown @ Mistyped::Name(_) => Err(unknown),
            told => Ok(TypedLine::Unneeded(told)),
        };
    };
    let (name, value) = rest.trim().split_once([' ', '\t']).unwrap_or((rest.trim(), ""));
    let value = value.trim();
    let bare = value.strip_prefix('(').and_then(|value| value.strip_suffix(')')).unwrap_or(value);
    match expression(bare, &usual.variables)?.filter(|_| is_identifier(name)) {
        Some(value) => Ok(TypedLine::Values(vec![(name.to_owned(), value)])),
        None => Err(Mistyped::Member(rest.trim().to_owned(), "#define PORT 8000".to_owned())),
    }
}

/// The name before a line's first bracket, and what stands inside it and its other one, where nothing but a semicolon follows.
pub(super) fn function(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.trim().trim_end_matches([';', ' ']).split_once('(')?;
    let inside = rest.strip_suffix(')')?;
    is_identifier(name.trim()).then(|| (name.trim(), inside))
}

/// A call without the cast that throws its value away.
pub(super) fn without_cast(text: &str) -> &str {
    let text = text.trim_start();
    let cast = text.strip_prefix('(').and_then(|rest| rest.trim_start().strip_prefix("void"));
    cast.and_then(|rest| rest.trim_start().strip_prefix(')')).map_or(text, str::trim_start)
}

/// The first call of a statement, with the name that gets its value.
fn call_inside(text: &str) -> Option<String> {
    let mut begin = None;
    for (at, c) in outside_quotes(text) {
        if c.is_ascii_alphanumeric() || c == '_' {
            begin = begin.or(Some(at));
            continue;
        }
        let Some(begin) = begin.take().filter(|_| c == '(' || text[at..].trim_start().starts_with('(')) else {
            continue;
        };
        let name = &text[begin..at];
        if CallName::typed(name).is_some() || is_filler(name) {
            let end = end_of_brackets(&text[begin..])?;
            let call = &text[begin..begin + end];
            return Some(match name_before(&text[..begin]) {
                Some(name) => format!("{name} = {call}"),
                None => call.to_owned(),
            });
        }
    }
    None
}

/// How far the first bracket and its other one reach.
fn end_of_brackets(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, c) in outside_quotes(text) {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The name before a `=` at the end of this.
fn name_before(text: &str) -> Option<&str> {
    let before = text.trim_end().strip_suffix('=')?.trim_end();
    let begin = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |at| at + 1);
    Some(&before[begin..]).filter(|name| is_identifier(name))
}
