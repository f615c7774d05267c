//! A `struct sockaddr_in` or `sockaddr_in6`, as C initializes one and sets its members: what the kernel is given by it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What stands for bytes that nothing has set.
pub(super) const UNSET: &str = "?";

/// The number or the text, in quotation marks, that the variable of a name holds.
pub(super) type TextOfName<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A `struct sockaddr_in` or `sockaddr_in6`; `None` where nothing has set a field. What else the structure has, the kernel doesn't read for
/// the addresses of a walk, or is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressFields {
    ipv6: bool,
    family: Option<i32>,
    port: Option<u16>,
    ip: Option<IpAddr>,
}

impl AddressFields {
    /// One in which nothing is set.
    pub(super) const fn unset(ipv6: bool) -> AddressFields {
        AddressFields { ipv6, family: None, port: None, ip: None }
    }

    /// One whose bytes are all 0.
    pub(super) const fn zeroed(ipv6: bool) -> AddressFields {
        let ip = if ipv6 { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
        AddressFields { ipv6, family: Some(libc::AF_UNSPEC), port: Some(0), ip: Some(ip) }
    }

    /// One that is set to this.
    pub const fn of(address: SocketAddr) -> AddressFields {
        let ipv6 = address.is_ipv6();
        let family = if ipv6 { libc::AF_INET6 } else { libc::AF_INET };
        AddressFields { ipv6, family: Some(family), port: Some(address.port()), ip: Some(address.ip()) }
    }

    pub(super) const fn is_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Its size in bytes (`netinet/in.h`).
    pub(super) const fn size(&self) -> usize {
        if self.ipv6 { 28 } else { 16 }
    }

    /// The member that has the family, and the family that it is for.
    pub(super) const fn form_of_family(&self) -> (&'static str, &'static str) {
        if self.ipv6 { ("sin6_family", "AF_INET6") } else { ("sin_family", "AF_INET") }
    }

    /// The names of its members, and how each may be set.
    const fn forms(&self) -> [(&'static str, &'static str); 3] {
        if self.ipv6 {
            [self.form_of_family(), ("sin6_port", "htons(8000)"), ("sin6_addr", "in6addr_any")]
        } else {
            [self.form_of_family(), ("sin_port", "htons(8000)"), ("sin_addr.s_addr", "htonl(INADDR_ANY)")]
        }
    }

    /// The address; none where its family is AF_UNSPEC.
    ///
    /// # Errors
    /// The first member that nothing has set, and how it may be.
    pub(super) fn whole(&self) -> Result<Option<SocketAddr>, (&'static str, &'static str)> {
        let [of_family, of_port, of_ip] = self.forms();
        let family = self.family.ok_or(of_family)?;
        let (port, ip) = (self.port.ok_or(of_port)?, self.ip.ok_or(of_ip)?);
        Ok((family != libc::AF_UNSPEC).then(|| SocketAddr::new(ip, port)))
    }

    /// Sets a member, by the name that it has behind the structure's, to what stands behind the `=`.
    ///
    /// # Errors
    /// How the member may be set; `None` where the structure has no such member that can be.
    pub(super) fn set(&mut self, member: &str, value: &str, names: TextOfName<'_>) -> Result<(), Option<&'static str>> {
        let [of_family, of_port, of_ip] = self.forms();
        let bare = member.trim_start_matches("sin6_").trim_start_matches("sin_").trim_start_matches("ss_");
        let is_own = member.starts_with(if self.ipv6 { "sin6_" } else { "sin_" });
        match bare {
            "family" if is_own => {
                let family =
                    family(value).filter(|family| *family == libc::AF_UNSPEC || is_ipv6(value) == Some(self.ipv6));
                self.family = Some(family.ok_or(Some(of_family.1))?);
            }
            "port" if is_own => self.port = Some(in_order(value, "htons", u16::from_be, names).ok_or(Some(of_port.1))?),
            "flowinfo" | "scope_id" if self.ipv6 && is_own && value == "0" => {}
            bare if is_own && (bare == "addr" || bare == "addr.s_addr" && !self.ipv6) => {
                let ip = host(value, names).filter(|ip| ip.is_ipv6() == self.ipv6);
                self.ip = Some(ip.ok_or(Some(of_ip.1))?);
            }
            _ => return Err(None),
        }
        Ok(())
    }

    /// Sets the host to a text, as `inet_pton()` does; `false` where the text is no such address.
    pub(super) fn set_host(&mut self, text: &str) -> bool {
        let ip = text.parse::<IpAddr>().ok().filter(|ip| ip.is_ipv6() == self.ipv6);
        self.ip = ip.or(self.ip);
        ip.is_some()
    }
}

impl fmt::Display for AddressFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(Some(address)) = self.whole() {
            return address.fmt(f);
        }
        let [of_family, of_port, of_ip] = self.forms();
        let unset = || UNSET.to_owned();
        let family = self.family.map_or_else(unset, |family| match family {
            libc::AF_UNSPEC => "0".to_owned(),
            _ => of_family.1.to_owned(),
        });
        let port =
            self.port.map_or_else(unset, |port| if port == 0 { "0".to_owned() } else { format!("htons({port})") });
        let ip = self.ip.map_or_else(unset, |ip| ip.to_string());
        write!(f, "{{.{} = {family}, .{} = {port}, .{} = {ip}}}", of_family.0, of_port.0, of_ip.0)
    }
}

/// The address that such braces say; `None` where they say none: `{.sin_family = AF_INET, .sin_port = htons(8000)}`. What isn't
/// named is 0, and a number without `htons()` or `htonl()` is what this machine's bytes mean in the network's order. Which structure it
/// is, `declared` says, else the family.
pub(super) fn address(text: &str, declared: Option<bool>, names: TextOfName<'_>) -> Option<AddressFields> {
    let inside = text.trim().trim_end_matches(';').trim().strip_prefix('{')?.strip_suffix('}')?;
    let members: Vec<(Option<&str>, &str)> = parts(inside)?.into_iter().map(named).collect();
    let of_family = |(at, (name, value)): (usize, &(Option<&str>, &str))| match name {
        Some("sin_family" | "sin6_family") => is_ipv6(value),
        None if at == 0 => is_ipv6(value),
        _ => None,
    };
    let mut all = AddressFields::zeroed(declared.or_else(|| members.iter().enumerate().find_map(of_family))?);
    let [family, port, ip] = all.forms().map(|(name, _)| name);
    let flow = all.ipv6.then_some("sin6_flowinfo");
    let in_order: Vec<&str> = [family, port].into_iter().chain(flow).chain([ip]).collect();
    for (at, (name, value)) in members.into_iter().enumerate() {
        let name = name.or(in_order.get(at).copied())?;
        // `.sin_addr.s_addr` and `.sin_addr` are one, and `{0}` is any structure's.
        if name != family || value != "0" {
            all.set(name, value, names).ok()?;
        }
    }
    Some(all)
}

/// The fields, parted by the commas that stand in no bracket; `None` where a bracket is left open.
pub(super) fn parts(text: &str) -> Option<Vec<&str>> {
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
pub(super) fn named(field: &str) -> (Option<&str>, &str) {
    match field.strip_prefix('.').and_then(|field| field.split_once('=')) {
        Some((name, value)) => (Some(name.trim()), value.trim()),
        None => (None, field),
    }
}

fn family(text: &str) -> Option<i32> {
    match text {
        "AF_UNSPEC" | "PF_UNSPEC" | "0" => Some(libc::AF_UNSPEC),
        other => is_ipv6(other).map(|ipv6| if ipv6 { libc::AF_INET6 } else { libc::AF_INET }),
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
fn in_order<T: TryFrom<u32>>(text: &str, function: &str, from_be: fn(T) -> T, names: TextOfName<'_>) -> Option<T> {
    match within(text, function) {
        Some(inside) => T::try_from(number(inside, names)?).ok(),
        None => T::try_from(number(text, names)?).ok().map(from_be),
    }
}

fn number(text: &str, names: TextOfName<'_>) -> Option<u32> {
    match text {
        "INADDR_ANY" => Some(0),
        "INADDR_LOOPBACK" => Some(Ipv4Addr::LOCALHOST.into()),
        "INADDR_BROADCAST" | "INADDR_NONE" => Some(u32::MAX),
        text => match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => match within(text, "atoi") {
                Some(inside) => unquoted(inside, names)?.trim().parse().ok(),
                None => text.parse().ok().or_else(|| names(text)?.parse().ok()),
            },
        },
    }
}

/// What stands in quotation marks, or in those that a variable holds.
pub(super) fn unquoted(text: &str, names: TextOfName<'_>) -> Option<String> {
    let text = if text.starts_with('"') { text.to_owned() } else { names(text)? };
    text.strip_prefix('"')?.strip_suffix('"').map(str::to_owned)
}

/// `htonl(INADDR_LOOPBACK)`, `inet_addr("127.0.0.1")`, `in6addr_any`; a `struct in_addr` has braces around it.
fn host(text: &str, names: TextOfName<'_>) -> Option<IpAddr> {
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).map_or(text, str::trim);
    let bare = named(bare).1;
    match bare {
        "in6addr_any" | "IN6ADDR_ANY_INIT" => return Some(Ipv6Addr::UNSPECIFIED.into()),
        "in6addr_loopback" | "IN6ADDR_LOOPBACK_INIT" => return Some(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    if let Some(inside) = within(bare, "inet_addr") {
        return unquoted(inside, names)?.parse::<Ipv4Addr>().ok().map(IpAddr::from);
    }
    Some(Ipv4Addr::from(in_order(bare, "htonl", u32::from_be, names)?).into())
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
            let told = address(text, None, &|_| None).map(|address| address.to_string());
            assert_eq!(told, Some(wanted), "{text}");
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
            assert_eq!(address(odd, None, &|_| None), None, "{odd}");
        }
    }
}
