//! Values as they stand in a line of C, or as names have them there.

use super::Mistyped;
use super::held::{HeldValue, Variable, declared, held};

/// The most characters that a variable's value may have.
const LONGEST_VALUE: usize = 200;

/// The value that stands in a line itself, or that names have there: a number, a text, a structure's braces, a sum, a size.
///
/// # Errors
/// [`Mistyped::NotYet`] where a name has no value yet.
pub(super) fn expression(text: &str, names: &[Variable]) -> Result<Option<HeldValue>, Mistyped> {
    let text = text.trim().trim_end_matches(';').trim();
    if let Some(value) = value(text) {
        return Ok(Some(HeldValue::Text(value)));
    }
    if let Some(of) = text.strip_prefix("sizeof").filter(|of| !of.starts_with(|c: char| c.is_ascii_alphanumeric())) {
        return Ok(size_of(of, names)?.map(|size| HeldValue::Text(size.to_string())));
    }
    if let Some(known) = held(names, text)? {
        return Ok(Some(known.clone()));
    }
    if let Some((name, "ai_next")) = text.split_once("->")
        && let Some(HeldValue::Found(all)) = held(names, name)?
    {
        return Ok(Some(HeldValue::Found(all.get(1..).unwrap_or_default().to_vec())));
    }
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 0) else { return Ok(None) };
    let number = |text: &str| match expression(text, names)? {
        Some(HeldValue::Text(text)) => Ok(text.parse::<i32>().ok()),
        _ => Ok(None),
    };
    let (Some(one), Some(other)) = (number(&text[..at])?, number(&text[at + 1..])?) else { return Ok(None) };
    let sum = if text[at..].starts_with('+') { one.checked_add(other) } else { one.checked_sub(other) };
    Ok(sum.map(|sum| HeldValue::Text(sum.to_string())))
}

/// How many bytes a type or a variable has in C (amd64 and arm64).
fn size_of(text: &str, names: &[Variable]) -> Result<Option<usize>, Mistyped> {
    let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
    Ok(match text {
        "int" | "socklen_t" | "unsigned" | "unsigned int" => Some(4),
        "char" => Some(1),
        name => match held(names, name)? {
            Some(value) => value.size(),
            None => declared(&name.split_whitespace().collect::<Vec<_>>()).and_then(|value| value.size()),
        },
    })
}

/// The value that stands in a line itself: a number, a text, a structure's braces.
fn value(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches(';').trim();
    let is_text = text.len() > 1 && text.starts_with('"') && text.find('"') != text.rfind('"');
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.contains(['e', 'E']);
    let is_structure = text.starts_with('{') && text.ends_with('}');
    ((is_text || is_number || is_structure) && text.chars().count() <= LONGEST_VALUE).then(|| text.to_owned())
}
