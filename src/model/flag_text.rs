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
