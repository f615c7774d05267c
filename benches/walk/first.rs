//! From the start of the process until its first screen stands, against an editor's.

use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::memory::interface;
use crate::pseudo::Pseudo;
use crate::table::{Aim, Row, median};

const AIM: Aim = Aim { at_most: 1.5, unit: "×" };
const WHAT: &str = "first frame, of `vim -u NONE`";
/// A screen stands when nothing was drawn for so long.
const QUIET: Duration = Duration::from_millis(150);

/// The row.
pub fn row(pairs: usize) -> Row {
    match compare(pairs) {
        Ok([ratio, own, editor]) => {
            Row::new(WHAT, ratio, &AIM, &format!("median of {pairs} pairs; {own:.1} ms, {editor:.1} ms"))
        }
        Err(why) => Row::absent(WHAT, &AIM, &why),
    }
}

/// The median of the pairs' ratios, and the medians of both in milliseconds.
fn compare(pairs: usize) -> Result<[f64; 3], String> {
    let (mut ratios, mut owns, mut editors) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=pairs {
        let first = stands(interface(), b"q").map_err(|error| format!("sockwalk: {error}"))?;
        let second = stands(editor(), b":q!\r").map_err(|error| format!("vim: {error}"))?;
        // The first pair finds nothing in the caches.
        if round > 0 {
            ratios.push(first / second);
            owns.push(first);
            editors.push(second);
        }
    }
    Ok([median(&ratios), median(&owns), median(&editors)])
}

fn editor() -> Command {
    let mut editor = Command::new("vim");
    editor.args(["-u", "NONE"]);
    editor
}

/// After how many milliseconds the screen of a command stands; these keys end it.
fn stands(mut command: Command, keys: &[u8]) -> io::Result<f64> {
    let begun = Instant::now();
    let mut program = Pseudo::start(&mut command)?;
    let last = program.read_until_quiet(QUIET);
    program.end(keys)?;
    let last = last?.ok_or_else(|| io::Error::other("nothing is drawn"))?;
    Ok((last - begun).as_secs_f64() * 1000.0)
}
