//! What a variable of C holds, and what stands in a call in its place.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use super::address::{AddressFields, UNSET};
use super::{Mistyped, TypedWord};
use crate::model::{CallName, LookupFamily, LookupFlags, quoted};

/// A name, and what it holds. `None` while it has no value yet: the call that gives it one hasn't returned.
pub type Variable = (String, Option<HeldValue>);

/// What a variable holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldValue {
    /// A number, a text in quotation marks, the braces of a structure, as they stand in a line.
    Text(String),
    /// A `struct sockaddr_in` or `sockaddr_in6`.
    Address(AddressFields),
    /// A `struct addrinfo` as `getaddrinfo()` takes it for hints.
    Hints(Hints),
    /// A pointer to the first of the addresses that `getaddrinfo()` found.
    Found(Vec<SocketAddr>),
    /// A `struct timeval` or `struct linger`: its two fields, by name.
    Pair([&'static str; 2], [Option<i64>; 2]),
    /// An `fd_set`; `None` before `FD_ZERO()`.
    Set(Option<BTreeSet<i32>>),
    /// An array of so many bytes, where its size is known, and what a call has put into it.
    Bytes(Option<usize>, Option<Vec<u8>>),
}

/// The hints of `getaddrinfo()`; `None` where nothing has set a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// `ai_flags`
    pub(super) flags: Option<LookupFlags>,
    /// `ai_family`
    pub(super) family: Option<LookupFamily>,
    /// `ai_socktype`
    pub(super) socktype: Option<i32>,
}

/// What of a call's outcome a variable gets that the call was given for the kernel to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled {
    /// The bytes that came.
    Bytes,
    /// The address that it tells.
    Address,
    /// The list of addresses that were found.
    List,
}

impl HeldValue {
    /// Its size in C, in bytes (amd64 and arm64); `None` where that isn't known.
    pub fn size(&self) -> Option<usize> {
        Some(match self {
            HeldValue::Address(fields) => fields.size(),
            HeldValue::Hints(_) => 48,
            HeldValue::Bytes(size, _) => (*size)?,
            HeldValue::Set(_) => 128,
            HeldValue::Pair([name, _], _) => {
                if *name == "l_onoff" {
                    8
                } else {
                    16
                }
            }
            HeldValue::Text(text) if text.parse::<i32>().is_ok() => 4,
            HeldValue::Text(_) | HeldValue::Found(_) => return None,
        })
    }

    /// Whether some of it was never set.
    pub fn is_open(&self) -> bool {
        match self {
            HeldValue::Text(_) | HeldValue::Found(_) => false,
            HeldValue::Bytes(_, data) => data.is_none(),
            other => other.to_string().contains(UNSET),
        }
    }

    /// Whether nothing of it was ever set.
    pub fn is_unset(&self) -> bool {
        match self {
            HeldValue::Text(_) | HeldValue::Found(_) => false,
            HeldValue::Address(fields) => *fields == AddressFields::unset(fields.is_ipv6()),
            HeldValue::Hints(hints) => *hints == Hints::default(),
            HeldValue::Pair(_, fields) => *fields == [None, None],
            HeldValue::Set(fds) => fds.is_none(),
            HeldValue::Bytes(_, data) => data.is_none(),
        }
    }
}

/// A field, or that it was never set.
fn field(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| UNSET.to_owned(), |value| value.to_string())
}

impl fmt::Display for HeldValue {
    /// As one would write it, with [`UNSET`] for what nothing has set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeldValue::Text(text) => f.pad(text),
            HeldValue::Address(fields) => fields.fmt(f),
            HeldValue::Hints(hints) => {
                let kind = hints.socktype.map(|kind| match kind {
                    libc::SOCK_STREAM => "SOCK_STREAM".to_owned(),
                    other => other.to_string(),
                });
                let (flags, family) = (field(hints.flags), field(hints.family));
                write!(f, "{{.ai_flags = {flags}, .ai_family = {family}, .ai_socktype = {}}}", field(kind))
            }
            HeldValue::Found(all) => {
                let all: Vec<String> = all.iter().map(SocketAddr::to_string).collect();
                f.pad(if all.is_empty() { "NULL".to_owned() } else { all.join(" -> ") }.as_str())
            }
            HeldValue::Pair(names, [one, other]) => {
                write!(f, "{{.{} = {}, .{} = {}}}", names[0], field(*one), names[1], field(*other))
            }
            HeldValue::Set(None) => f.pad(UNSET),
            HeldValue::Set(Some(fds)) => f.pad(&set(fds)),
            HeldValue::Bytes(_, Some(data)) => f.pad(&quoted(data)),
            HeldValue::Bytes(size, None) => write!(f, "char[{}]", field(*size)),
        }
    }
}

fn set(fds: &BTreeSet<i32>) -> String {
    format!("{{{}}}", fds.iter().map(i32::to_string).collect::<Vec<_>>().join(", "))
}

/// What a declared structure of this type holds before anything is set; `None` of a type that isn't known here.
pub(super) fn declared(types: &[&str]) -> Option<HeldValue> {
    let name = types.iter().rfind(|name| !matches!(**name, "struct" | "const" | "static"))?;
    let pair = |names| Some(HeldValue::Pair(names, [None, None]));
    match *name {
        "sockaddr_in" => Some(HeldValue::Address(AddressFields::unset(false))),
        "sockaddr_in6" => Some(HeldValue::Address(AddressFields::unset(true))),
        "sockaddr_storage" => Some(HeldValue::Bytes(Some(128), None)),
        "addrinfo" => Some(HeldValue::Hints(Hints::default())),
        "timeval" => pair(["tv_sec", "tv_usec"]),
        "linger" => pair(["l_onoff", "l_linger"]),
        "fd_set" => Some(HeldValue::Set(None)),
        _ => None,
    }
}

/// The variable of this name.
pub(super) fn known<'v>(variables: &'v [Variable], name: &str) -> Option<&'v Variable> {
    variables.iter().rfind(|(known, _)| known == name)
}

/// What the variable of this name holds; `None` where there is none.
///
/// # Errors
/// [`Mistyped::NotYet`] where its call hasn't returned.
pub(super) fn held<'v>(variables: &'v [Variable], name: &str) -> Result<Option<&'v HeldValue>, Mistyped> {
    match known(variables, name) {
        None => Ok(None),
        Some((name, None)) => Err(Mistyped::NotYet(name.clone())),
        Some((_, Some(value))) => Ok(Some(value)),
    }
}

/// The number or the text, in quotation marks, that a variable holds.
pub(super) fn text_of(variables: &[Variable], name: &str) -> Option<String> {
    match known(variables, name)?.1.as_ref()? {
        HeldValue::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The words that stand for a variable in a call.
///
/// # Errors
/// [`Mistyped::Unset`] where the call would read bytes that nothing has set.
pub(super) fn words_for(call: CallName, name: &str, value: &HeldValue) -> Result<Vec<TypedWord>, Mistyped> {
    let plain = |text: &str| TypedWord::plain(text.to_owned());
    let unset = |text: String, form: String| Err(Mistyped::Unset(call, text, form));
    match value {
        HeldValue::Text(text) => super::words(text, false),
        HeldValue::Address(fields) => match fields.whole() {
            Ok(Some(address)) => Ok(vec![plain(&address.to_string())]),
            // connect() takes AF_UNSPEC, which is 0.
            Ok(None) if call == CallName::Connect => Ok(vec![plain("AF_UNSPEC")]),
            Ok(None) => {
                let family = fields.form_of_family();
                Err(Mistyped::NoFamily(
                    call,
                    format!("{name}.{}", family.0),
                    format!("{name}.{} = {}", family.0, family.1),
                ))
            }
            Err((member, form)) => unset(format!("{name}.{member}"), format!("{name}.{member} = {form}")),
        },
        HeldValue::Hints(hints) => match hints {
            Hints { flags: None, .. } => {
                unset(format!("{name}.ai_flags"), format!("memset(&{name}, 0, sizeof {name})"))
            }
            Hints { family: None, .. } => unset(format!("{name}.ai_family"), format!("{name}.ai_family = AF_UNSPEC")),
            Hints { socktype: Some(libc::SOCK_STREAM), flags: Some(flags), family: Some(family) } => {
                let flags = (flags.0 != 0).then(|| plain(&flags.to_string()));
                Ok([plain(&family.to_string())].into_iter().chain(flags).collect())
            }
            Hints { .. } => Err(Mistyped::OnlyStreams(name.to_owned())),
        },
        HeldValue::Found(_) => Ok(vec![plain(name)]),
        HeldValue::Pair(names, fields) => match (fields, names.iter().zip(fields).find(|(_, field)| field.is_none())) {
            ([Some(seconds), Some(micros)], _) if call == CallName::Select => milliseconds(*seconds, *micros)
                .map(|ms| vec![plain(&ms.to_string())])
                .ok_or_else(|| Mistyped::Argument(call, format!("{{{seconds}, {micros}}}"))),
            ([Some(one), Some(other)], _) => Ok(vec![plain(&format!("{{{one}")), plain(&format!("{other}}}"))]),
            (_, missing) => {
                let member = missing.map_or("", |(member, _)| *member);
                unset(format!("{name}.{member}"), format!("{name}.{member} = 0"))
            }
        },
        HeldValue::Set(Some(fds)) => super::words(&set(fds), false),
        HeldValue::Set(None) => unset(name.to_owned(), format!("FD_ZERO(&{name})")),
        HeldValue::Bytes(_, Some(data)) => super::words(&quoted(data), false),
        HeldValue::Bytes(_, None) => unset(name.to_owned(), format!("char {name}[] = \"hello\"")),
    }
}

/// A time in whole milliseconds, as `select()` has it here; `None` where it has parts of one, or no such time is there.
fn milliseconds(seconds: i64, micros: i64) -> Option<i64> {
    let whole = micros % 1000 == 0 && seconds >= 0 && (0..1_000_000).contains(&micros);
    let all = seconds.checked_mul(1000)?.checked_add(micros / 1000)?;
    (whole && i32::try_from(all).is_ok()).then_some(all)
}
