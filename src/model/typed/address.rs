//! The value of a `struct sockaddr_in` or `sockaddr_in6`, as C initializes one: what the kernel is given by it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The address that such braces say; `None` where they don't say one whole: `{.sin_family = AF_INET, .sin_port = htons(8000)}`. What isn't
/// named is 0, and a number without `htons()` or `htonl()` is what this machine's bytes mean in the network's order.
pub(super) fn address(text: &str) -> Option<SocketAddr> {
    let inside = text.trim().trim_end_matches(';').trim().strip_prefix('{')?.strip_suffix('}')?;
    let fields = parts(inside)?;
    let (mut family, mut port, mut ip) = (None, 0, None);
    for (at, field) in fields.iter().enumerate() {
        let (name, value) = named(field);
        match (name, at) {
            (Some("sin_family" | "sin6_family"), _) | (None, 0) => family = Some(is_ipv6(value)?),
            (Some("sin_port" | "sin6_port"), _) | (None, 1) => port = in_order(value, "htons", u16::from_be)?,
            (Some(name), _) if name.starts_with("sin_addr") || name.starts_with("sin6_addr") => ip = Some(host(value)?),
            (None, 2) if family == Some(false) => ip = Some(host(value)?),
            (None, 3) if family == Some(true) => ip = Some(host(value)?),
            // `sin6_flowinfo`
            (None, 2) if value == "0" => {}
            (Some("sin6_flowinfo" | "sin6_scope_id"), _) if value == "0" => {}
            _ => return None,
        }
    }
    let any = if family? { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
    let ip = ip.unwrap_or(any);
    (ip.is_ipv6() == any.is_ipv6()).then(|| SocketAddr::new(ip, port))
}

/// The fields, parted by the commas that stand in no bracket; `None` where a bracket is left open.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (mut depth, mut begin, mut all) = (0_i32, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ',' if depth == 0 => {
                all.push(text[begin..at].trim());
                begin = at + 1;
            }
            _ => {}
        }
    }
    all.push(text[begin..].trim());
    // The last one may have a comma behind it.
    if all.last() == Some(&"") {
        all.pop();
    }
    (depth == 0).then_some(all)
}

/// A field's name, where one stands before its value, and the value.
fn named(field: &str) -> (Option<&str>, &str) {
    match field.strip_prefix('.').and_then(|field| field.split_once('=')) {
        Some((name, value)) => (Some(name.trim()), value.trim()),
        None => (None, field),
    }
}

fn is_ipv6(text: &str) -> Option<bool> {
    match text {
        "AF_INET" | "PF_INET" => Some(false),
        "AF_INET6" | "PF_INET6" => Some(true),
        _ => None,
    }
}

/// What stands in a function's brackets.
fn within<'t>(text: &'t str, function: &str) -> Option<&'t str> {
    text.strip_prefix(function)?.trim_start().strip_prefix('(')?.strip_suffix(')').map(str::trim)
}

/// A number that the kernel reads in the network's order, as `htons(8000)` puts it; without that it is what this machine's bytes mean
/// there, which `from_be` tells.
fn in_order<T: TryFrom<u32>>(text: &str, function: &str, from_be: fn(T) -> T) -> Option<T> {
    match within(text, function) {
        Some(inside) => T::try_from(number(inside)?).ok(),
        None => T::try_from(number(text)?).ok().map(from_be),
    }
}

fn number(text: &str) -> Option<u32> {
    match text {
        "INADDR_ANY" => Some(0),
        "INADDR_LOOPBACK" => Some(Ipv4Addr::LOCALHOST.into()),
        "INADDR_BROADCAST" => Some(u32::MAX),
        text => match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        },
    }
}

/// `htonl(INADDR_LOOPBACK)`, `inet_addr("127.0.0.1")`, `in6addr_any`; a `struct in_addr` has braces around it.
fn host(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).map_or(text, str::trim);
    let bare = named(bare).1;
    match bare {
        "in6addr_any" | "IN6ADDR_ANY_INIT" => return Some(Ipv6Addr::UNSPECIFIED.into()),
        "in6addr_loopback" | "IN6ADDR_LOOPBACK_INIT" => return Some(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    if let Some(quoted) = within(bare, "inet_addr") {
        let text = quoted.strip_prefix('"')?.strip_suffix('"')?;
        return text.parse::<Ipv4Addr>().ok().map(IpAddr::from);
    }
    Some(Ipv4Addr::from(in_order(bare, "htonl", u32::from_be)?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_the_kernel_is_given() {
        let swapped = |number: u16| u16::from_be(number);
        for (text, wanted) in [
            ("{.sin_family = AF_INET, .sin_port = htons(8000)}", "0.0.0.0:8000".to_owned()),
            (
                "{.sin_family=AF_INET,.sin_port=htons(80),.sin_addr.s_addr=htonl(INADDR_LOOPBACK)};",
                "127.0.0.1:80".to_owned(),
            ),
            (
                "{ .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = { htonl(INADDR_ANY) } }",
                "0.0.0.0:1".to_owned(),
            ),
            (
                "{ .sin_family = AF_INET, .sin_addr = { .s_addr = inet_addr(\"127.0.0.2\") }, }",
                "127.0.0.2:0".to_owned(),
            ),
            ("{AF_INET, htons(8000), {htonl(0x7f000001)}}", "127.0.0.1:8000".to_owned()),
            ("{AF_INET, htons(8000), inet_addr(\"127.0.0.1\")}", "127.0.0.1:8000".to_owned()),
            ("{.sin_family = AF_INET}", "0.0.0.0:0".to_owned()),
            // Without `htons()` the port is another one, on most machines.
            ("{.sin_family = AF_INET, .sin_port = 8000}", format!("0.0.0.0:{}", swapped(8000))),
            ("{AF_INET6, htons(8000), 0, in6addr_loopback}", "[::1]:8000".to_owned()),
            ("{.sin6_family = AF_INET6, .sin6_port = htons(9), .sin6_addr = IN6ADDR_ANY_INIT}", "[::]:9".to_owned()),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()), Some(wanted), "{text}");
        }
        for odd in [
            "{AF_INET, 1, 2, 3}",
            "{0}",
            "{}",
            "AF_INET",
            "{.sin_port = htons(8000)}",
            "{AF_INET, htons(70000)}",
            "{AF_INET, htons(8000), in6addr_any}",
            "{AF_INET, port}",
            "{AF_INET, htons(8000}",
            "{.sin_family = AF_INET, .sin_addr = inet_addr(127.0.0.1)}",
        ] {
            assert_eq!(address(odd), None, "{odd}");
        }
    }
}
