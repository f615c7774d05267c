//! A name in the `hosts(5)` of a lab: `hosts www.example.com 127.0.0.1 ::1`, or as the file has it, `hosts 127.0.0.1 www.example.com`.

use std::net::IpAddr;
use std::str::FromStr;

use super::ChangedSetting;

/// The word with which such a line begins.
pub(super) const WORD: &str = "hosts";

/// What stands before the name where a change is told.
const FILE: &str = "/etc/hosts ";

/// What stands for the addresses of a name that has none.
const NONE: &str = "-";

/// The most addresses that one name may have.
const MOST: usize = 8;

/// The longest name, in bytes (RFC 1035).
const LONGEST: usize = 253;

/// A name, and the addresses that it has from now on.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostsChange {
    /// The name, in small letters.
    pub name: String,
    /// In the order of the file; none takes the name away.
    pub addresses: Vec<IpAddr>,
}

/// Why a line is no change of a lab's hosts. The words are the front ends'.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostsFault {
    /// It has no name.
    Nothing,
    /// This is neither a name nor an address, or a second name.
    Word(String),
    /// Each lab has this name already.
    Localhost,
    /// More addresses than one name may have.
    Many,
    /// The name is to be taken away, and isn't there.
    NotThere(String),
}

impl HostsChange {
    /// Whether what came from elsewhere is what a line could have said.
    pub fn is_sound(&self) -> bool {
        is_name(&self.name) && self.name != "localhost" && self.addresses.len() <= MOST
    }

    /// What is told once it is done, or refused; `before` is what was told of this name last.
    pub fn told(&self, before: Option<&str>, set: Result<(), super::Errno>) -> ChangedSetting {
        let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        let now = if addresses.is_empty() { NONE.to_owned() } else { addresses.join(" ") };
        let before = Some(before.unwrap_or(NONE).to_owned());
        ChangedSetting { name: self.setting(), before, now: set.map(|()| now) }
    }

    /// The name by which it is told.
    pub fn setting(&self) -> String {
        format!("{FILE}{}", self.name)
    }

    /// Whether it changes anything, where this was told of the name last.
    ///
    /// # Errors
    /// [`HostsFault::NotThere`] where a name is to be taken away that has no address.
    pub fn checked(self, now: Option<&str>) -> Result<HostsChange, HostsFault> {
        let is_there = now.is_some_and(|now| now != NONE);
        if self.addresses.is_empty() && !is_there { Err(HostsFault::NotThere(self.name)) } else { Ok(self) }
    }

    /// The change of which this tells; `None` where it tells of something else, or of a refusal.
    pub fn of(told: &ChangedSetting) -> Option<HostsChange> {
        let (name, now) = (told.name.strip_prefix(FILE)?, told.now.as_ref().ok()?);
        let addresses = now.split(' ').filter(|address| *address != NONE);
        let addresses = addresses.map(|address| address.parse().ok()).collect::<Option<_>>()?;
        Some(HostsChange { name: name.to_owned(), addresses }).filter(HostsChange::is_sound)
    }
}

/// Whether a text can be a host's name (RFC 1123), and is no address.
fn is_name(text: &str) -> bool {
    let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    text.len() <= LONGEST && begins && text.bytes().all(of_name) && text.parse::<IpAddr>().is_err()
}

impl FromStr for HostsChange {
    type Err = HostsFault;

    /// Reads what stands in a line behind `hosts`, with that word or without it.
    fn from_str(text: &str) -> Result<HostsChange, HostsFault> {
        let mut words = text.split([' ', '\t', ',']).filter(|word| !word.is_empty()).peekable();
        words.next_if_eq(&WORD);
        let (mut name, mut addresses) = (None, Vec::new());
        for word in words {
            let lower = word.to_ascii_lowercase();
            match word.parse() {
                Ok(address) => addresses.push(address),
                Err(_) if name.is_none() && is_name(&lower) => name = Some(lower),
                Err(_) => return Err(HostsFault::Word(word.to_owned())),
            }
        }
        let name = name.ok_or(HostsFault::Nothing)?;
        match addresses.len() {
            _ if name == "localhost" => Err(HostsFault::Localhost),
            count if count > MOST => Err(HostsFault::Many),
            _ => Ok(HostsChange { name, addresses }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_host_and_its_addresses_in_either_order() {
        let of = |name: &str, addresses: &[&str]| {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Ok(HostsChange { name: name.into(), addresses })
        };
        for (text, wanted) in [
            ("hosts www.example.com 127.0.0.1 ::1", of("www.example.com", &["127.0.0.1", "::1"])),
            ("hosts 127.0.0.1\tWWW.example.com", of("www.example.com", &["127.0.0.1"])),
            ("www.example.com 10.0.0.1", of("www.example.com", &["10.0.0.1"])),
            ("hosts www.example.com", of("www.example.com", &[])),
            ("hosts", Err(HostsFault::Nothing)),
            ("hosts ::1", Err(HostsFault::Nothing)),
            ("hosts a b ::1", Err(HostsFault::Word("b".into()))),
            ("hosts a_b ::1", Err(HostsFault::Word("a_b".into()))),
            ("hosts localhost ::1", Err(HostsFault::Localhost)),
            ("hosts a 1.1.1.1 ::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8", Err(HostsFault::Many)),
        ] {
            assert_eq!(text.parse(), wanted, "{text}");
        }
    }

    #[test]
    fn only_a_name_that_is_there_can_be_taken_away() {
        let line = |text: &str| text.parse::<HostsChange>().unwrap();
        assert_eq!(line("hosts off").checked(None), Err(HostsFault::NotThere("off".into())));
        assert_eq!(line("hosts web").checked(Some(NONE)), Err(HostsFault::NotThere("web".into())));
        assert_eq!(line("hosts web").checked(Some("127.0.0.1")), Ok(line("hosts web")));
        assert_eq!(line("hosts web ::1").checked(None), Ok(line("hosts web ::1")));
    }

    proptest::proptest! {
        #[test]
        fn what_is_told_of_a_change_tells_the_change(line in "(hosts )?[a-z0-9.:_-]{0,12}( [0-9a-f:.]{0,12}){0,3}", any: String) {
            for text in [line, any] {
                if let Ok(change) = text.parse::<HostsChange>() {
                    proptest::prop_assert!(change.is_sound());
                    let told = change.told(None, Ok(()));
                    proptest::prop_assert!(!told.name.contains('\n'));
                    proptest::prop_assert_eq!(HostsChange::of(&told), Some(change.clone()));
                    proptest::prop_assert_eq!(HostsChange::of(&change.told(None, Err(super::super::Errno(1)))), None);
                }
            }
        }
    }
}
