//! What the program costs, as far as possible as ratios taken within one run.
//!
//! ```text
//! cargo bench --bench walk
//! ```
//!
//! It needs a machine where a lab can be made (`sockwalk doctor` says so) and `unshare` of util-linux; what can't be
//! measured is said in its row. As root it also measures as an ordinary user. Nothing here ever fails on time: the
//! table at the end says what was measured, what is aimed at, and whether that was met.
//!
//! | row | what it means |
//! | --- | --- |
//! | play, of an empty namespace | the whole process `sockwalk play handshake --mode lab`, divided by `unshare -Urn true`, which makes a user and a network namespace and nothing else; both run in turns, and the median of the pairs' ratios counts |
//! | key to frame | on a real lab with the real loop of the interface at 120×40: from a key that makes the kernel do something (the terminal's thread hands it over) to the end of the frame that shows the settled result, encoded for a terminal; many walks, all steps but that of the long timer |
//! | frame, of a short trace's | one frame at 120×40 with a trace of a million entries, divided by one with a thousand; the present, and a moment in the middle |
//! | memory | `VmRSS` of the interface in a pseudo-terminal of 120×40, once both ends are ESTABLISHED |
//! | play of each lesson | the whole process, once; steps that wait for minutes are left out |
//! | play, all | their sum, without the lessons that wait for a timer of the kernel |
//! | binary | the size of the release binary |
//!
//! Without `--bench`, as `cargo test --benches` runs it, it only tries whether everything works: the numbers mean nothing.

mod frame;
mod key;
mod lessons;
mod long;
mod memory;
mod process;
mod table;

use criterion::Criterion;

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_sockwalk");

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    /// Pairs of processes.
    pairs: usize,
    /// Walks through the lesson in the interface.
    walks: usize,
    /// Pairs of frames.
    frames: usize,
    /// Entries of the long trace.
    entries: usize,
    /// Lessons that are played.
    lessons: usize,
}

const WHOLE: Effort = Effort { pairs: 100, walks: 60, frames: 400, entries: 1_000_000, lessons: usize::MAX };
const TRIAL: Effort = Effort { pairs: 2, walks: 1, frames: 10, entries: 20_000, lessons: 2 };

fn main() {
    let whole = std::env::args().any(|arg| arg == "--bench");
    let effort = if whole { WHOLE } else { TRIAL };
    let mut rows = Vec::new();
    // Other programs first: in a moment this process has other rights. Then what needs these rights, and they can only
    // be had while there is one thread.
    rows.extend(process::rows(effort.pairs));
    rows.push(memory::row());
    rows.extend(lessons::rows(effort.lessons));
    rows.push(process::size());
    rows.extend(key::rows(effort.walks));
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    rows.extend(frame::rows(&mut criterion, effort));
    criterion.final_summary();
    print!("{}", table::table(&rows));
}
