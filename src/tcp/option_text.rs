//! How an option of a TCP header is written.

use std::fmt;

use super::options::{
    AO, END, EXPERIMENTS, FAST_OPEN, MD5, MPTCP, MSS, NOP, SACK, SACK_PERMITTED, TIMESTAMPS, WINDOW_SCALE,
};
use super::{Initials, Numbers, TcpOption, number};

/// The subtypes of Multipath TCP, from 0 (RFC 8684, section 8).
const MPTCP_SUBTYPES: [&str; 9] =
    ["MP_CAPABLE", "MP_JOIN", "DSS", "ADD_ADDR", "REMOVE_ADDR", "MP_PRIO", "MP_FAIL", "MP_FASTCLOSE", "MP_TCPRST"];

impl TcpOption<'_> {
    /// The option in the words of its specification, with its value; what has no name, or another length than its kind
    /// must have, by kind and length (`None`: it is for the caller to say so, in the reader's language).
    pub fn text(&self, initials: &Initials, numbers: Numbers) -> Option<String> {
        let TcpOption::Whole(kind, value) = self else { return None };
        let name = self.name()?;
        let word = |at: usize| value.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
        Some(match (*kind, *value) {
            (END | NOP | SACK_PERMITTED, []) => name.to_owned(),
            (MSS, [high, low]) => format!("{name} {}", u16::from_be_bytes([*high, *low])),
            (WINDOW_SCALE, [shift]) => format!("{name} {shift} (×{})", 1_u32 << (*shift).min(14)),
            (TIMESTAMPS, [_, _, _, _, _, _, _, _]) => format!("{name} {} echo {}", word(0)?, word(4)?),
            // What a segment selectively acknowledges are its receiver's numbers.
            (SACK, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => {
                let edge = |at| Some(number(word(at)?, initials.other, numbers));
                let block = |at| Some(format!("{}..{}", edge(at)?, edge(at + 4)?));
                let blocks: Option<Vec<String>> = (0..blocks.len()).step_by(8).map(block).collect();
                format!("{name} {}", blocks?.join(" "))
            }
            (FAST_OPEN, []) => format!("{name} cookie request"),
            (FAST_OPEN, cookie) => format!("{name} cookie {}", Hex(cookie)),
            (AO, [key, next, mac @ ..]) => format!("{name} KeyID {key} RNextKeyID {next} MAC {}", Hex(mac)),
            (MPTCP, [first, ..]) => {
                let subtype = MPTCP_SUBTYPES.get(usize::from(first >> 4)).copied();
                let subtype = subtype.map_or_else(|| format!("subtype {}", first >> 4), str::to_owned);
                format!("{name} {subtype} {}", Hex(value))
            }
            (28, [high, low]) => {
                let field = u16::from_be_bytes([*high, *low]);
                format!("{name} {} {}", field & 0x7fff, if field >> 15 == 1 { "min" } else { "s" })
            }
            (kind, [0xf9, 0x89, cookie @ ..]) if EXPERIMENTS.contains(&kind) => {
                format!("{name} {kind} Fast Open cookie {}", Hex(cookie))
            }
            (kind, value) if EXPERIMENTS.contains(&kind) => format!("{name} {kind} {}", Hex(value)),
            (MD5 | 27 | 69, value) => format!("{name} {}", Hex(value)),
            _ => return None,
        })
    }
}

/// Bytes in hexadecimal digits, without gaps.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
