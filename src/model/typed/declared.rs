//! Declarations of C: `int fd = socket(…)`, `struct sockaddr_in addr;`, `char buf[100];`, also several in one line.

use super::address::parts;
use super::expression::expression;
use super::held::{self, HeldValue};
use super::typed_line::TypedLine;
use super::written_in_c::{is_identifier, no_call};
use super::{Instead, Mistyped, Usual, structures};
use crate::model::CallName;

/// The words with which a declaration begins.
const TYPES: [&str; 24] = [
    "int",
    "char",
    "struct",
    "const",
    "static",
    "unsigned",
    "signed",
    "long",
    "short",
    "size_t",
    "ssize_t",
    "socklen_t",
    "in_port_t",
    "in_addr_t",
    "uint16_t",
    "uint32_t",
    "uint8_t",
    "fd_set",
    "pid_t",
    "time_t",
    "float",
    "double",
    "void",
    "FILE",
];

/// What a line declares; `None` where it is no declaration.
pub(super) fn read(text: &str, usual: &Usual) -> Option<Result<TypedLine, Mistyped>> {
    let text = text.trim().trim_end_matches([';', ' ']);
    let first = text.split([' ', '\t', '*', '(']).next().filter(|first| TYPES.contains(first))?;
    if text.len() == first.len() {
        return None;
    }
    // A function begins: `int main(void) {`.
    if let Some(at) = text.find('(').filter(|at| !text[..*at].contains(['=', ','])) {
        let name = text[..at].rsplit([' ', '\t', '*']).next().unwrap_or_default();
        let told = Mistyped::Instead(format!("{name}()"), Instead::Flow);
        return is_identifier(name).then_some(Ok(TypedLine::Unneeded(told)));
    }
    Some(declarators(text, usual))
}

fn declarators(text: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    let odd = || Mistyped::Declared(text.to_owned());
    let all = parts(text).ok_or_else(odd)?;
    let (first, others) = all.split_first().ok_or_else(odd)?;
    let before = first.split_once('=').map_or(*first, |(before, _)| before);
    let mut types: Vec<&str> = before.split([' ', '\t', '*']).filter(|word| !word.is_empty()).collect();
    types.pop();
    // A structure is declared by its type and begins nowhere: `struct sockaddr_in {`.
    if types.is_empty() || types == ["struct"] {
        return Err(odd());
    }
    let (mut values, mut call) = (Vec::new(), None);
    for part in [*first].into_iter().chain(others.iter().copied()) {
        match declarator(part, &types, usual)? {
            Some(TypedLine::Values(more)) => values.extend(more),
            Some(line @ TypedLine::Call(..)) if call.is_none() && values.is_empty() => call = Some(line),
            Some(_) => return Err(Mistyped::Several(part.to_owned())),
            None => {}
        }
    }
    match call {
        Some(call) if values.is_empty() => Ok(call),
        Some(_) => Err(Mistyped::Several(others.join(", "))),
        None if values.is_empty() => Ok(TypedLine::Unneeded(odd())),
        None => Ok(TypedLine::Values(values)),
    }
}

/// One name of a declaration; `None` where nothing is done for it: its value comes later.
fn declarator(part: &str, types: &[&str], usual: &Usual) -> Result<Option<TypedLine>, Mistyped> {
    let names = &usual.variables;
    let is_char = types.contains(&"char") || types.contains(&"uint8_t");
    let (before, behind) = match part.split_once('=') {
        Some((before, behind)) => (before, Some(behind.trim())),
        None => (part, None),
    };
    let (before, size) = before
        .trim()
        .split_once('[')
        .map_or((before.trim(), None), |(name, size)| (name.trim(), Some(size.trim_end_matches([']', ' ']))));
    let name = assigned_name(before)?;
    let one = |value| Ok(Some(TypedLine::Values(vec![(name.clone(), value)])));
    match (behind, size) {
        (None, Some(size)) if is_char => {
            let size = match expression(size, names)? {
                Some(HeldValue::Text(size)) => size.parse().ok(),
                _ => None,
            };
            one(HeldValue::Bytes(size, None))
        }
        (None, None) if !before.contains('*') => held::declared(types).map_or(Ok(None), one),
        (None, _) => Ok(None),
        (Some(braces), None) if braces.starts_with('{') && held::declared(types).is_some() => {
            match structures::in_braces(types, braces, names) {
                Some(value) => one(value),
                None => Err(Mistyped::Member(braces.to_owned(), format!("{part_name} = {{0}}", part_name = before))),
            }
        }
        (Some(behind), Some(_)) if behind.starts_with('{') => {
            Err(Mistyped::Member(behind.to_owned(), "char text[] = \"hello\"".to_owned()))
        }
        (Some(behind), _) => assigned(name, behind, usual).map(Some),
    }
}

/// A name, and what stands behind its `=`.
pub(super) fn assigned(name: String, behind: &str, usual: &Usual) -> Result<TypedLine, Mistyped> {
    match expression(behind, &usual.variables)? {
        // An address stands in the call.
        Some(HeldValue::Text(text)) if text.contains("AF_INET") => Err(no_call(".sin_addr", &[]).named(&name)),
        Some(value) => Ok(TypedLine::Values(vec![(name, value)])),
        None => super::call(behind, usual).map(|call| TypedLine::Call(Some(name), call)),
    }
}

/// The name that gets the value, with or without its type before it.
pub(super) fn assigned_name(before: &str) -> Result<String, Mistyped> {
    let words: Vec<&str> = before.split([' ', '\t', '*']).filter(|word| !word.is_empty()).collect();
    let Some((last, types)) = words.split_last() else { return Err(Mistyped::Assigned(before.trim().to_owned())) };
    if let member @ Mistyped::Instead(..) = no_call(last, &[]) {
        return Err(member);
    }
    let name = *last;
    let is_plain = is_identifier(name) && types.iter().all(|word| is_identifier(word)) && types.len() < 4;
    if is_plain && CallName::typed(name).is_none() {
        Ok(name.to_owned())
    } else {
        Err(Mistyped::Assigned(before.trim().to_owned()))
    }
}

impl Mistyped {
    /// The same of what is typed under another name.
    pub(super) fn named(self, name: &str) -> Mistyped {
        match self {
            Mistyped::Instead(_, instead) => Mistyped::Instead(name.to_owned(), instead),
            other => other,
        }
    }
}
