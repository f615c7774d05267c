//! Names of C in the places of what they hold.

use super::expression::expression;
use super::held::{self, HeldValue, Variable, held, known};
use super::{Mistyped, TypedWord, Usual};
use crate::model::CallName;

/// Puts what the variables hold in the places of their names: in C's brackets everywhere, in a shorter line in the descriptor's place.
/// What has a `&` before it is no value, but a place that is filled, unless it is one that the call reads.
pub(super) fn resolved(
    name: CallName,
    in_c: bool,
    arguments: &[TypedWord],
    usual: &Usual,
) -> Result<Vec<TypedWord>, Mistyped> {
    let (mut all, mut is_sized) = (Vec::new(), false);
    for (at, word) in arguments.iter().enumerate() {
        let behind = |function: &str| at > 0 && arguments[at - 1].text == function && !arguments[at - 1].quoted;
        let stands = !word.quoted && (in_c || at == 0);
        if !stands {
            all.push(word.clone());
            continue;
        }
        // `sizeof(buf) - 1`
        if let (true, Some(sum)) = (is_sized, all.last().and_then(|size| sum(size, word))) {
            all.pop();
            all.push(sum);
            continue;
        }
        is_sized = false;
        if let Some(found) = of_found(word, &usual.variables)? {
            all.push(found);
            continue;
        }
        let bare = word.text.trim_matches(['{', '}', '&']);
        let is_measured = behind("sizeof") || behind("strlen");
        let value =
            known(&usual.variables, bare).filter(|(_, value)| is_measured || is_read(name, at, word, value.as_ref()));
        match value {
            // Of an array's size its declaration says it; of an address's nothing is asked.
            Some((_, Some(value @ HeldValue::Bytes(Some(_), _)))) if behind("sizeof") => {
                all.pop();
                all.push(TypedWord::plain(value.size().unwrap_or_default().to_string()));
                is_sized = true;
            }
            // What a call has put into an array ends with no zero that C's `strlen()` would find.
            Some((_, Some(HeldValue::Bytes(..)))) if behind("strlen") => all.push(word.clone()),
            Some(_) if behind("sizeof") => all.push(word.clone()),
            Some((name, None)) => return Err(Mistyped::NotYet(name.clone())),
            Some((variable, Some(value))) => all.extend(held_by(name, word, variable, value)?),
            None => match expression(&word.text, &usual.variables)? {
                // `MAXLINE-1`
                Some(HeldValue::Text(sum)) if word.text.contains(['+', '-']) && !word.is_number() => {
                    all.push(TypedWord::plain(sum));
                }
                _ => all.push(word.clone()),
            },
        }
    }
    if in_c { Ok(sums(all)) } else { Ok(all) }
}

/// What stands for a variable in a call, in the braces in which its name stands.
fn held_by(call: CallName, word: &TypedWord, name: &str, value: &HeldValue) -> Result<Vec<TypedWord>, Mistyped> {
    let mut words = held::words_for(call, name, value)?;
    if let [one] = &mut words[..] {
        let open = if word.text.starts_with('{') { "{" } else { "" };
        let close = if word.text.ends_with('}') { "}" } else { "" };
        let text = format!("{open}{}{close}", one.text);
        if text != one.text {
            *one = TypedWord::plain(text);
        }
    }
    Ok(words)
}

/// A number and what is added to it, `-1`, as one number.
fn sum(number: &TypedWord, more: &TypedWord) -> Option<TypedWord> {
    let more = more.text.strip_prefix('+').or(more.text.starts_with('-').then_some(more.text.as_str()))?;
    let sum = number.text.parse::<i32>().ok()?.checked_add(more.parse().ok()?)?;
    Some(TypedWord::plain(sum.to_string()))
}

/// Whether a call reads what a variable holds that stands there, and doesn't fill it.
fn is_read(call: CallName, at: usize, word: &TypedWord, value: Option<&HeldValue>) -> bool {
    if !word.text.starts_with('&') {
        // The buffer of a call that receives is filled.
        let receives = matches!(call, CallName::Recv | CallName::RecvFrom | CallName::Read);
        let is_buffer = match value {
            Some(HeldValue::Text(text)) => text.starts_with('"'),
            Some(HeldValue::Bytes(..)) | None => true,
            Some(_) => false,
        };
        return !(receives && is_buffer && at > 0);
    }
    match value {
        Some(HeldValue::Address(_)) => matches!(call, CallName::Bind | CallName::Connect | CallName::SendTo),
        Some(HeldValue::Hints(_)) => call == CallName::GetAddrInfo,
        Some(HeldValue::Set(_)) => call == CallName::Select,
        Some(HeldValue::Pair(..)) => matches!(call, CallName::Select | CallName::SetSockOpt),
        _ => call == CallName::SetSockOpt,
    }
}

/// What a member of the first address that `getaddrinfo()` found has: `res->ai_family`.
fn of_found(word: &TypedWord, names: &[Variable]) -> Result<Option<TypedWord>, Mistyped> {
    let Some((name, member)) = word.text.split_once("->") else { return Ok(None) };
    let Some(HeldValue::Found(all)) = held(names, name)? else { return Ok(None) };
    let Some(first) = all.first() else { return Ok(None) };
    let text = match member {
        "ai_family" => if first.is_ipv6() { "AF_INET6" } else { "AF_INET" }.to_owned(),
        "ai_socktype" => "SOCK_STREAM".to_owned(),
        "ai_protocol" => "IPPROTO_TCP".to_owned(),
        "ai_addr" => first.to_string(),
        "ai_addrlen" => if first.is_ipv6() { "28" } else { "16" }.to_owned(),
        _ => return Ok(None),
    };
    Ok(Some(TypedWord::plain(text)))
}

/// `4 + 1` as one number: the first argument of `select()` is written so, and `sizeof buf - 1`.
fn sums(words: Vec<TypedWord>) -> Vec<TypedWord> {
    let mut all: Vec<TypedWord> = Vec::new();
    for word in words {
        let number = |word: &TypedWord| word.text.parse::<i32>().ok().filter(|_| !word.quoted);
        let sum = match all.as_slice() {
            [.., before, sign] if matches!(sign.text.as_str(), "+" | "-") && !sign.quoted => {
                let both = number(before).zip(number(&word));
                let add = sign.text == "+";
                both.and_then(|(one, other)| if add { one.checked_add(other) } else { one.checked_sub(other) })
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
