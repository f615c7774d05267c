//! What the program costs, as far as possible as ratios taken within one run.
//!
//! ```text
//! cargo bench --bench walk             # everything
//! cargo bench --bench walk -- chart    # the rows of one name in `GROUPS`
//! ```
//!
//! It needs a machine where a lab can be made (`sockwalk doctor` says so) and `unshare` of util-linux; what can't be
//! measured is said in its row. As root it also measures as an ordinary user. Nothing here ever fails on time: the
//! table at the end says what was measured, what is aimed at, and whether that was met.
//!
//! | row | what it means |
//! | --- | --- |
//! | play, of an empty namespace | the whole process `sockwalk play handshake --mode lab`, divided by `unshare -Urn true`, which makes a user and a network namespace and nothing else; both run in turns, and the median of the pairs' ratios counts |
//! | first frame | the interface in a pseudo-terminal of 120×40, from the start of its process until its first screen stands (nothing more is drawn for 0.15 s), divided by the same of `vim -u NONE`; in turns |
//! | call in a free walk | `socket()` and `close()` in a lab of a free walk that nobody joined, from "entered" to "returned" by the lab's clock, divided by the same in a lesson's lab; in turns |
//! | delivery with its reasons | one segment in a lesson's lab, from the request to "delivered", divided by the same without what the two readings of the kernel's counters and their difference take, which are made alone, in turns |
//! | key to frame | on a real lab with the real loop of the interface at 120×40: from a key that makes the kernel do something (the terminal's thread hands it over) to the end of the frame that shows the settled result, encoded for a terminal; many walks, all steps but that of the long timer |
//! | frame, of a short trace's | one frame at 120×40 with a trace of a million entries, divided by one with a thousand; the present, and a moment in the middle |
//! | chart, of a long connection's | the picture of one end's bytes over time at 120×40, of a connection with 100,000 segments: the frame that takes longest, from the key that opens it on, with what is read of the trace before each |
//! | memory | `VmRSS` of the interface in a pseudo-terminal of 120×40, once both ends are ESTABLISHED |
//! | transfer | 100 MB sent on the loopback of a shared lab where everything passes by itself, by a program that `sockwalk exec` runs, divided by the same through a plain loop that reads, finishes the checksum and sends again, in a lab with the same gate and MTU; both in turns, the median of the pairs' ratios. Every byte is compared. Then what the capture lost, and by how much `VmHWM` of the daemon passes its `VmRSS` before |
//! | exec --pass, of strace's | a program that `sockwalk exec --pass` runs, by its own clock, divided by the same under `strace -f --seccomp-bpf -e trace=network` outside a lab, in turns: 100,000 exchanges of a byte, 100 MB, and 1,000 connections, of which each has such an exchange, beside 64 that stay |
//! | 1000 connections | a shared lab with so many connections of a program, which say something in turn: from a key to the frame drawn after it was taken; for a call, to the frame that shows its return. And by how much the daemon's memory and that of the process with the interface grew |
//! | play of each lesson | the whole process, once; steps that wait for minutes are left out |
//! | play, all | their sum, without the lessons that wait for a timer of the kernel |
//! | binary | the size of the release binary |
//!
//! Without `--bench`, as `cargo test --benches` runs it, it only tries whether everything works: the numbers mean nothing.

mod chart;
mod first;
mod frame;
mod key;
mod lessons;
mod long;
mod many;
mod memory;
mod part;
mod process;
mod pseudo;
mod reasons;
mod screen;
mod shared;
mod solo;
mod table;
mod traced;
mod transfer;

use std::process::ExitCode;

use criterion::Criterion;
use table::Row;

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_sockwalk");

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    /// Pairs of processes.
    pairs: usize,
    /// Pairs of first screens.
    starts: usize,
    /// Pairs of calls.
    calls: usize,
    /// Walks through the lesson in the interface.
    walks: usize,
    /// Pairs of frames.
    frames: usize,
    /// Entries of the long trace.
    entries: usize,
    /// Segments of the connection whose bytes are drawn over time.
    segments: u32,
    /// Lessons that are played.
    lessons: usize,
    /// What is sent through a lab, in millions of bytes, and how often.
    megabytes: usize,
    transfers: usize,
    /// Small exchanges of a traced program.
    exchanges: usize,
    /// Connections in one lab.
    connections: usize,
}

const WHOLE: Effort = Effort {
    pairs: 100,
    starts: 40,
    calls: 500,
    walks: 60,
    frames: 400,
    entries: 1_000_000,
    segments: 100_000,
    lessons: usize::MAX,
    megabytes: 100,
    transfers: 3,
    exchanges: 100_000,
    connections: 1000,
};
const TRIAL: Effort = Effort {
    pairs: 2,
    starts: 1,
    calls: 2,
    walks: 1,
    frames: 10,
    entries: 20_000,
    segments: 2_000,
    lessons: 2,
    megabytes: 2,
    transfers: 1,
    exchanges: 200,
    connections: 20,
};

fn main() -> ExitCode {
    if let Some((name, told)) = part::own() {
        return ExitCode::from(be_part(&name, told));
    }
    let whole = std::env::args().any(|arg| arg == "--bench");
    let effort = if whole { WHOLE } else { TRIAL };
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let mut rows = Vec::new();
    for (group, measure) in GROUPS {
        if only.as_ref().is_none_or(|only| only == group) {
            rows.extend(measure(effort));
        }
    }
    print!("{}", table::table(&rows));
    ExitCode::SUCCESS
}

/// Measures some rows.
type Measure = fn(Effort) -> Vec<Row>;

/// The rows, by the names under which they can be had alone. Other programs come first: in a moment this process has other
/// rights. Then what needs these rights, and they can only be had while there is one thread.
const GROUPS: [(&str, Measure); 13] = [
    ("play", |effort| process::rows(effort.pairs)),
    ("first", |effort| vec![first::row(effort.starts)]),
    ("memory", |_| vec![memory::row()]),
    ("solo", |effort| vec![solo::row(effort.calls)]),
    ("reasons", |effort| vec![reasons::row(effort.calls)]),
    ("transfer", |effort| transfer::rows(effort.megabytes, effort.transfers)),
    ("traced", |effort| traced::rows(effort.exchanges, effort.transfers)),
    ("many", |effort| many::rows(effort.connections)),
    ("lessons", |effort| lessons::rows(effort.lessons)),
    ("size", |_| vec![process::size()]),
    ("key", |effort| key::rows(effort.walks)),
    ("frame", |effort| {
        let mut criterion = Criterion::default().without_plots().configure_from_args();
        let rows = frame::rows(&mut criterion, effort);
        criterion.final_summary();
        rows
    }),
    ("chart", |effort| vec![chart::row(effort.segments)]),
];

/// What this process does where it was started as a part of the benchmark. Returns the exit status.
fn be_part(name: &str, told: usize) -> u8 {
    match name {
        "solo" => part::end(&solo::compare(told)),
        "reasons" => part::end(&reasons::compare(told)),
        "plain" => part::end(&transfer::plain(told)),
        "shared" => part::end(&transfer::shared(told)),
        "program" => part::end(&transfer::program(told)),
        "many" => part::end(&many::interface(told)),
        "traced" => part::end(&traced::compare(told)),
        "talk" => part::end(&traced::talk(told)),
        "connections" => part::end(&traced::connections(told)),
        "crowd" => part::end(&many::crowd(told)),
        _ => 2,
    }
}
