//! A shared lab for a part of the benchmark: its daemon is the built program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use sockwalk::linux::shared::{JoinedLab, LabFolder, LabName};
use sockwalk::model::{Role, Side};

use crate::{PROGRAM, part};

/// The lab's name.
const NAME: &str = "bench";
/// How many files a program in the lab may have open, as `prlimit(1)` takes it: enough for some thousand connections.
const FILES: &str = "--nofile=8192:";

/// A lab, and the process that keeps it: it ends when its last member has left and no process is in its network any more,
/// so after the part itself, where that has joined.
pub struct Lab {
    daemon: Child,
}

impl Lab {
    /// Starts the daemon, and waits until it is ready.
    pub fn start() -> Result<Lab, String> {
        let mut daemon = Command::new(PROGRAM);
        daemon.args(["--mode", "lab", "keep", NAME]).current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut daemon = daemon.spawn().map_err(|error| error.to_string())?;
        let mut said = String::new();
        let read = daemon.stdout.take().map(|out| BufReader::new(out).read_line(&mut said));
        match read {
            Some(Ok(_)) if said.trim_end() == "ready" => Ok(Lab { daemon }),
            _ => {
                let _ = daemon.kill().and_then(|()| daemon.wait());
                Err(format!("no lab: {}", said.trim()))
            }
        }
    }

    /// Joins it with this process, which must have one thread, to drive both sides.
    pub fn join(&self) -> Result<JoinedLab, String> {
        let folder = LabFolder::open(|name| std::env::var(name).ok()).map_err(|error| format!("{error:?}"))?;
        let name = LabName::new(NAME).ok_or("no name")?;
        JoinedLab::join(&folder, &name, Role::Drives(Side::BOTH.to_vec())).map_err(|error| format!("{error:?}"))
    }

    /// A part of the benchmark as a program in the lab.
    pub fn exec(part: &str, told: usize) -> Result<Command, String> {
        // Its calls pass: nobody is there to make them one by one. Both ends of each connection are one program's.
        let arguments = ["exec", "--pass", "--lab", NAME, "--", "prlimit", FILES];
        part::command(PROGRAM, &arguments, part, told).map_err(|error| error.to_string())
    }

    /// The daemon's memory, as [`memory`] tells it.
    pub fn memory(&self, line: &str) -> Result<f64, String> {
        memory(self.daemon.id(), line)
    }

    /// The time that the daemon's threads have run, in seconds (`/proc/PID/schedstat` counts the first one only, which
    /// does the work).
    pub fn busy(&self) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.daemon.id())).unwrap_or_default();
        text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
    }
}

/// A process's memory: a line of `/proc/PID/status` (`VmRSS`, `VmHWM`), in MiB.
pub fn memory(process: u32, line: &str) -> Result<f64, String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).map_err(|error| error.to_string())?;
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kib = found.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map(|kib| kib / 1024.0).ok_or_else(|| format!("no {line}"))
}
