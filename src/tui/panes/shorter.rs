//! A program's call as it made it, in a length that can be read.

use crate::i18n::width as display_width;
use crate::model::end_of_quotation;

/// So many columns of data between quotation marks are shown: what a call came to is to stand beside it.
const SHOWN_DATA: usize = 32;

/// A call as a program made it, of long data the beginning.
pub(super) fn shorter(call: &str) -> String {
    let (mut out, mut rest) = (String::new(), call);
    while let Some((before, data)) = rest.split_once('"') {
        let end = end_of_quotation(data);
        let (data, after) = (&data[..end], data.get(end + 1..).unwrap_or_default());
        out.push_str(before);
        if display_width(data) > SHOWN_DATA {
            let shown = beginning(data);
            // Where the tracer has left out something itself, its mark follows.
            let mark = if after.starts_with('…') { "" } else { "…" };
            out.push_str(&format!("\"{shown}\"{mark}"));
        } else {
            out.push_str(&format!("\"{data}\""));
        }
        rest = after;
    }
    out + rest
}

/// The first columns of escaped data, no escape cut.
fn beginning(data: &str) -> &str {
    let (mut end, mut rest) = (0, data);
    while !rest.is_empty() {
        let escape = rest.strip_prefix('\\').and_then(|escape| escape.chars().next());
        let length = match escape {
            Some('x') => 4,
            Some('u') => rest.find('}').map_or(rest.len(), |at| at + 1),
            Some(c) => 1 + c.len_utf8(),
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        let length = if rest.is_char_boundary(length.min(rest.len())) { length.min(rest.len()) } else { rest.len() };
        if display_width(&data[..end + length]) > SHOWN_DATA {
            break;
        }
        end += length;
        rest = &data[end..];
    }
    &data[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_long_data_the_beginning_is_shown_and_no_escape_is_cut() {
        let zeros = r"\x00".repeat(64);
        let call = format!("sendto(3, \"{zeros}\"…, 3000000, 0, NULL, 0)");
        let eight = r"\x00".repeat(8);
        assert_eq!(shorter(&call), format!("sendto(3, \"{eight}\"…, 3000000, 0, NULL, 0)"));
        // What is whole in the call has its mark here.
        assert_eq!(
            shorter(&format!("write(3, \"{}\", 40)", "a".repeat(40))),
            format!("write(3, \"{}\"…, 40)", "a".repeat(32))
        );
        for same in
            ["socket(AF_INET, SOCK_STREAM, IPPROTO_IP)", r#"write(3, "a \"b\" c\n", 9)"#, r#"execve("", NULL, NULL)"#]
        {
            assert_eq!(shorter(same), same);
        }
        let wide = "中".repeat(20);
        assert_eq!(
            shorter(&format!("[{{\"{wide}\"}}, {{\"b\"}}]")),
            format!("[{{\"{}\"…}}, {{\"b\"}}]", "中".repeat(16))
        );
    }

    #[test]
    fn what_is_no_whole_quotation_ends_nowhere_else() {
        for odd in ["\"", "a\"", "\"\\", "\"\\x", "\"\\u{"] {
            assert!(shorter(odd).starts_with(&odd[..1]), "{odd}");
            let long = format!("{odd}{}", "中\\x0".repeat(40));
            assert!(display_width(&shorter(&long)) < 60, "{long}");
        }
    }
}
