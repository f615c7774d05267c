//! What fills structures in C without a system call: their members, one by one, and functions such as `memset()`, `inet_pton()`, `FD_SET()`.

use std::collections::BTreeSet;

use super::address::{self, AddressFields};
use super::expression::expression;
use super::held::{HeldValue, Hints, Variable, declared, held, text_of};
use super::typed_line::TypedLine;
use super::written_in_c::{is_identifier, no_call};
use super::{Instead, Mistyped};
use crate::model::{FD_SETSIZE, LookupFamily, LookupFlags};

/// The functions that fill a structure.
const FILLERS: [&str; 7] = ["memset", "bzero", "inet_pton", "inet_aton", "FD_ZERO", "FD_SET", "FD_CLR"];

/// Whether it names one.
pub(super) fn is_filler(name: &str) -> bool {
    FILLERS.contains(&name)
}

/// The same structure with all its bytes 0.
pub(super) fn zeroed(value: &HeldValue) -> HeldValue {
    match value {
        HeldValue::Address(fields) => HeldValue::Address(AddressFields::zeroed(fields.is_ipv6())),
        HeldValue::Hints(_) => HeldValue::Hints(Hints {
            flags: Some(LookupFlags::default()),
            family: Some(LookupFamily::default()),
            socktype: Some(0),
        }),
        HeldValue::Pair(names, _) => HeldValue::Pair(*names, [Some(0), Some(0)]),
        HeldValue::Set(_) => HeldValue::Set(Some(BTreeSet::new())),
        other => other.clone(),
    }
}

/// The structure that braces say, `{0}` and `{.ai_family = AF_UNSPEC}`; `None` where they say none of this type.
pub(super) fn in_braces(types: &[&str], text: &str, names: &[Variable]) -> Option<HeldValue> {
    let declared = declared(types)?;
    let ipv6 = match &declared {
        HeldValue::Address(fields) => fields.is_ipv6(),
        HeldValue::Hints(_) => {
            let inside = text.strip_prefix('{')?.strip_suffix('}')?;
            let mut all = zeroed(&declared);
            for (name, value) in address::parts(inside)?.into_iter().map(address::named) {
                if name.is_some() || value != "0" {
                    set(&mut all, name?, value, names).ok()?;
                }
            }
            return Some(all);
        }
        HeldValue::Pair(..) => {
            let inside = text.strip_prefix('{')?.strip_suffix('}')?;
            let mut all = zeroed(&declared);
            let HeldValue::Pair(fields, _) = all else { return None };
            for (at, (name, value)) in address::parts(inside)?.into_iter().map(address::named).enumerate() {
                set(&mut all, name.or(fields.get(at).copied())?, value, names).ok()?;
            }
            return Some(all);
        }
        _ => return None,
    };
    address::address(text, Some(ipv6), &|name| text_of(names, name)).map(HeldValue::Address)
}

/// A structure's name and that of its member, of `addr.sin_port` and `addr->sin_port`.
pub(super) fn place(text: &str) -> Option<(&str, &str)> {
    let (name, member) = text.split_once(['.', '-'])?;
    Some((name.trim(), member.trim_start_matches(['.', '-', '>']).trim()))
}

/// Sets a member of a structure: `addr.sin_port = htons(8000)`, also by a pointer, `addr->sin_port`. `place` is what stands before the `=`.
pub(super) fn member(place: &str, value: &str, names: &[Variable]) -> Result<TypedLine, Mistyped> {
    let (name, member) = self::place(place).unwrap_or((place, ""));
    let Some(mut held) = held(names, name)?.cloned() else { return Err(undeclared(place)) };
    let value = value.trim().trim_end_matches(';').trim();
    match set(&mut held, member, value, names) {
        Ok(()) => Ok(TypedLine::Values(vec![(name.to_owned(), held)])),
        Err(Some(form)) => Err(Mistyped::Member(value.to_owned(), format!("{place} = {form}"))),
        Err(None) => Err(Mistyped::NoMember(name.to_owned(), member.to_owned())),
    }
}

/// That there is no such structure, and what there is in its stead.
fn undeclared(place: &str) -> Mistyped {
    match no_call(place, &[]) {
        known @ Mistyped::Instead(..) => known,
        _ => Mistyped::Assigned(place.to_owned()),
    }
}

/// Sets a member of what a variable holds. The error is how it may be set; none where there is no such member.
fn set(held: &mut HeldValue, member: &str, value: &str, names: &[Variable]) -> Result<(), Option<&'static str>> {
    match held {
        HeldValue::Address(fields) => fields.set(member, value, &|name| text_of(names, name)),
        HeldValue::Hints(hints) => set_hint(hints, member, value),
        HeldValue::Pair(fields, values) => {
            let at = fields.iter().position(|field| *field == member).ok_or(None)?;
            let number = match expression(value, names) {
                Ok(Some(HeldValue::Text(text))) => text.parse().ok(),
                _ => None,
            };
            values[at] = Some(number.ok_or(Some("1"))?);
            Ok(())
        }
        _ => Err(None),
    }
}

fn set_hint(hints: &mut Hints, member: &str, value: &str) -> Result<(), Option<&'static str>> {
    match member {
        "ai_flags" => {
            let flags = value.replace(' ', "").parse().ok().or_else(|| (value == "0").then(LookupFlags::default));
            hints.flags = Some(flags.ok_or(Some("AI_PASSIVE"))?);
        }
        "ai_family" => hints.family = Some(value.parse().map_err(|_| Some("AF_UNSPEC"))?),
        "ai_socktype" => {
            let kind = match value {
                "SOCK_STREAM" => libc::SOCK_STREAM,
                "SOCK_DGRAM" => libc::SOCK_DGRAM,
                "0" => 0,
                _ => return Err(Some("SOCK_STREAM")),
            };
            hints.socktype = Some(kind);
        }
        "ai_protocol" if matches!(value, "0" | "IPPROTO_TCP") => {}
        "ai_canonname" | "ai_addr" | "ai_next" | "ai_addrlen" if matches!(value, "NULL" | "0") => {}
        "ai_protocol" => return Err(Some("0")),
        _ => return Err(None),
    }
    Ok(())
}

/// A function that fills a structure, as it stands in a line.
struct Filler<'t> {
    function: &'t str,
    arguments: Vec<&'t str>,
    /// The structure's name.
    name: &'t str,
    /// Which part of it is filled; nothing where it is the whole.
    member: &'t str,
}

/// What a function such as `memset()` does with a structure.
///
/// # Errors
/// [`Mistyped`] says what of it isn't understood.
pub(super) fn filled(function: &str, inside: &str, names: &[Variable]) -> Result<TypedLine, Mistyped> {
    let arguments = address::parts(inside).ok_or_else(|| no_call(function, &[]))?;
    let place = match function {
        "inet_pton" => 2,
        "inet_aton" | "FD_SET" | "FD_CLR" => 1,
        _ => 0,
    };
    let place = arguments.get(place).copied().unwrap_or_default();
    let bare = place.trim_start_matches('&').trim_matches(['(', ')']).trim_start_matches('&').trim();
    let (name, member) = bare.split_once(['.', '-']).unwrap_or((bare, ""));
    let Some(mut value) = held(names, name.trim())?.cloned().filter(|_| is_identifier(name.trim())) else {
        return Err(no_call(function, &[]));
    };
    let filler = Filler { function, arguments, name: name.trim(), member };
    match &mut value {
        HeldValue::Set(fds) if function.starts_with("FD_") => filler.changes_set(fds, names)?,
        HeldValue::Address(fields) if function.starts_with("inet_") => filler.sets_host(fields, names)?,
        of if matches!(function, "memset" | "bzero") => {
            if let Some(told) = filler.zeroes(of)? {
                return Ok(told);
            }
        }
        _ => return Err(no_call(function, &[])),
    }
    Ok(TypedLine::Values(vec![(filler.name.to_owned(), value)]))
}

impl Filler<'_> {
    fn at(&self, at: usize) -> &str {
        self.arguments.get(at).copied().unwrap_or_default()
    }

    fn wrong<T>(&self, text: &str, form: String) -> Result<T, Mistyped> {
        Err(Mistyped::Member(text.to_owned(), form))
    }

    /// `memset()` with 0, and `bzero()`, of a whole structure. What is told of it where nothing is done for it.
    fn zeroes(&self, value: &mut HeldValue) -> Result<Option<TypedLine>, Mistyped> {
        let name = self.name;
        let unneeded = |what: &str| TypedLine::Unneeded(Mistyped::Instead(what.to_owned(), Instead::Nothing));
        let form = || format!("memset(&{name}, 0, sizeof {name})");
        let size = self.at(if self.function == "memset" { 2 } else { 1 });
        let is_whole = size.starts_with("sizeof") || value.size().is_some_and(|own| size == own.to_string());
        if self.function == "memset" && !matches!(self.at(1), "0" | "'\\0'" | "0x00" | "0x0") {
            return self.wrong(self.at(1), form());
        }
        match value {
            HeldValue::Bytes(..) => Ok(Some(unneeded(self.function))),
            // The kernel doesn't read what fills the structure up.
            HeldValue::Address(_) if self.member.ends_with("sin_zero") => Ok(Some(unneeded("sin_zero"))),
            HeldValue::Text(_) | HeldValue::Found(_) => Err(no_call(self.function, &[])),
            _ if !self.member.is_empty() => Err(no_call(self.function, &[])),
            _ if !is_whole => self.wrong(size, form()),
            structure => {
                *structure = zeroed(structure);
                Ok(None)
            }
        }
    }

    /// `inet_pton()` and `inet_aton()`.
    fn sets_host(&self, fields: &mut AddressFields, names: &[Variable]) -> Result<(), Mistyped> {
        let (family, host, member) =
            if fields.is_ipv6() { ("AF_INET6", "::1", "sin6_addr") } else { ("AF_INET", "127.0.0.1", "sin_addr") };
        let is_pton = self.function == "inet_pton";
        let form = format!("inet_pton({family}, \"{host}\", &{}.{member})", self.name);
        if is_pton && self.at(0) != family {
            return self.wrong(self.at(0), form);
        }
        let text = self.at(usize::from(is_pton));
        let is_set = address::unquoted(text, &|name| text_of(names, name)).is_some_and(|text| fields.set_host(&text));
        if is_set { Ok(()) } else { self.wrong(text, form) }
    }

    /// `FD_ZERO()`, `FD_SET()` and `FD_CLR()`.
    fn changes_set(&self, fds: &mut Option<BTreeSet<i32>>, names: &[Variable]) -> Result<(), Mistyped> {
        if self.function == "FD_ZERO" {
            *fds = Some(BTreeSet::new());
            return Ok(());
        }
        let number = match expression(self.at(0), names)? {
            Some(HeldValue::Text(text)) => text.parse::<i32>().ok().filter(|fd| (0..FD_SETSIZE).contains(fd)),
            _ => None,
        };
        let Some(fd) = number else { return self.wrong(self.at(0), format!("{}(3, &{})", self.function, self.name)) };
        let Some(fds) = fds else { return self.wrong(self.name, format!("FD_ZERO(&{})", self.name)) };
        if self.function == "FD_SET" {
            fds.insert(fd)
        } else {
            fds.remove(&fd)
        };
        Ok(())
    }
}
