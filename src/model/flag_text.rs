//! Bits by their names in C.

/// Flags joined by `|`; what has no name as a number; 0 where there are none.
pub fn flag_text(value: u32, names: &[(u32, &str)]) -> String {
    let (mut rest, mut text) = (value, Vec::new());
    for (flag, name) in names {
        if rest & flag == *flag {
            rest &= !flag;
            text.push((*name).to_owned());
        }
    }
    if rest != 0 || text.is_empty() {
        text.push(if text.is_empty() && rest == 0 { "0".to_owned() } else { format!("{rest:#x}") });
    }
    text.join("|")
}

/// The flags that such a text means, whichever letters their names are written in, and numbers in decimal notation too.
pub(super) fn flags_named(text: &str, names: &[(u32, &str)]) -> Option<u32> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    let named = |text: &str| names.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)).map(|(flag, _)| *flag);
    text.split('|').try_fold(0, |all, text| Some(all | named(text).or_else(|| number(text))?))
}
