//! What stands in C before a call: the name of a variable that gets what the call returns; and such names where a call wants what
//! they hold.

use super::declared::{self, assigned, assigned_name};
use super::expression::expression;
use super::held::{Filled, HeldValue, held, text_of};
use super::typed_line::TypedLine;
use super::written_in_c::{is_identifier, outside_quotes};
use super::{Mistyped, Usual, around, structures};
use crate::model::{Call, CallName, edit, is_kernel_change, rule};

/// What a line of C says.
///
/// # Errors
/// [`Mistyped`] says what it isn't.
pub fn read(text: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    let typed = text;
    let text = around::without_comment(typed);
    if text.is_empty() && !typed.trim().is_empty() {
        return Ok(TypedLine::Unneeded(Mistyped::Comment));
    }
    if let Some(line) = around::read(text, usual) {
        return line;
    }
    if let Some(second) = second_statement(text) {
        return several(text, second, usual);
    }
    if let Some(line) = declared::read(text, usual) {
        return line;
    }
    let Some((before, behind)) = parted(text) else { return called(text, usual) };
    if !behind.contains(|c: char| !c.is_whitespace() && c != ';') {
        return Err(Mistyped::Declared(text.trim().to_owned()));
    }
    if is_member(before) {
        return structures::member(before.trim(), behind, &usual.variables);
    }
    if before.contains('[') {
        return at_place(before, behind, usual);
    }
    let name = assigned_name(before)?;
    // In C it would be an error; here the family says which structure it is.
    if let Some(address) = super::address::address(behind, None, &|name| text_of(&usual.variables, name)) {
        return Ok(TypedLine::Values(vec![(name, HeldValue::Address(address))]));
    }
    assigned(name, behind, usual)
}

/// A call that gives no name a value, or what isn't made here.
fn called(text: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    if let Some((function, inside)) = around::function(text).filter(|(name, _)| structures::is_filler(name)) {
        return structures::filled(function, inside, &usual.variables);
    }
    match super::call(around::without_cast(text), usual) {
        Ok(call) => Ok(TypedLine::Call(None, call)),
        Err(told) if told.is_unneeded() => Ok(TypedLine::Unneeded(told)),
        Err(mistyped) => Err(mistyped),
    }
}

/// Several statements: where nothing is done for any of them, that is told of the first.
fn several(text: &str, second: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    let first = text[..text.len() - second.len()].trim_end();
    let (first, rest) = (first.trim_end_matches([';', '}']), read(second, usual));
    match (read(first, usual), rest) {
        (Ok(TypedLine::Unneeded(told)), Ok(TypedLine::Unneeded(_))) => Ok(TypedLine::Unneeded(told)),
        _ => Err(Mistyped::Several(second.to_owned())),
    }
}

/// Whether a member of a structure stands before the `=`.
fn is_member(before: &str) -> bool {
    structures::place(before).is_some_and(|(name, _)| is_identifier(name))
}

/// `buf[n] = 0` behind the bytes that came, which ends a text in C; of nothing else a part gets a value.
fn at_place(before: &str, behind: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    let wrong = || Mistyped::Assigned(before.trim().to_owned());
    let (name, place) = before.trim().split_once('[').ok_or_else(wrong)?;
    let place = expression(place.trim_end_matches(']'), &usual.variables)?;
    let is_end = matches!(behind.trim_end_matches(';').trim(), "0" | "'\\0'" | "'\\x00'");
    match (held(&usual.variables, name)?, place) {
        (Some(HeldValue::Bytes(_, Some(data))), Some(HeldValue::Text(place)))
            if is_end && place == data.len().to_string() =>
        {
            Ok(TypedLine::Unneeded(Mistyped::Instead(before.trim().to_owned(), super::Instead::Nothing)))
        }
        _ => Err(wrong()),
    }
}

/// What stands behind a semicolon: C's next statement, which is another line here.
fn second_statement(text: &str) -> Option<&str> {
    let (at, _) = outside_quotes(text).find(|(_, c)| *c == ';')?;
    let second = text[at + 1..].trim_start_matches([';', '}']).trim();
    (!second.is_empty()).then_some(second)
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

/// The names that a line has for what its call fills, and what of the outcome each gets.
pub fn fills(text: &str, call: &Call) -> Vec<(String, Filled)> {
    let text = around::without_comment(text);
    let begin = call_begins(text);
    let Some((_, inside)) = around::function(around::without_cast(&text[begin..])) else { return Vec::new() };
    let Some(arguments) = super::address::parts(inside) else { return Vec::new() };
    let name = |at: usize| {
        let text = arguments.get(at)?.rsplit([')', '&', ' ']).next()?.trim();
        is_identifier(text).then(|| text.to_owned()).filter(|name| name != "NULL" && name != "nullptr")
    };
    let bytes = || name(1).map(|name| (name, Filled::Bytes));
    let address = |at| name(at).map(|name| (name, Filled::Address));
    let all = match call.name() {
        CallName::Recv | CallName::Read => [bytes(), None],
        CallName::RecvFrom => [bytes(), address(4)],
        CallName::Accept | CallName::Accept4 | CallName::GetSockName | CallName::GetPeerName => [address(1), None],
        CallName::GetAddrInfo => [name(3).map(|name| (name, Filled::List)), None],
        _ => [None, None],
    };
    all.into_iter().flatten().collect()
}
