//! Parts of the benchmark that need a process of their own: each is this program, started again.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Names the part, in the environment of the process that is to be it.
const PART: &str = "SOCKWALK_BENCH_PART";
/// What the part is told.
const TOLD: &str = "SOCKWALK_BENCH_TOLD";
/// How long a part may take before something is wrong, as `timeout(1)` takes it.
const LIMIT: &str = "300";

/// The part that this process is, and what it was told; `None` where it is the benchmark itself.
pub fn own() -> Option<(String, usize)> {
    let name = std::env::var(PART).ok()?;
    Some((name, std::env::var(TOLD).ok()?.parse().ok()?))
}

/// The end of a part: writes what came of it. Returns the exit status.
pub fn end<R: Serialize>(result: &Result<R, String>) -> u8 {
    let said = serde_json::to_writer(io::stdout(), result).map_err(io::Error::from);
    let said = said.and_then(|()| writeln!(io::stdout()));
    u8::from(said.is_err())
}

/// This program as a part, to be started by hand.
pub fn command(program: &str, arguments: &[&str], part: &str, told: usize) -> io::Result<Command> {
    let mut command = Command::new(program);
    command.args(arguments).arg(std::env::current_exe()?);
    command.env(PART, part).env(TOLD, told.to_string()).current_dir("/").stdin(Stdio::null());
    Ok(command)
}

/// Runs a part in a process of its own, with a folder for its labs that nobody else sees, and reads what came of it.
pub fn run<R: DeserializeOwned>(part: &str, told: usize) -> Result<R, String> {
    let folder = LabFolder::new().map_err(|error| error.to_string())?;
    let mut command = command("timeout", &[LIMIT], part, told).map_err(|error| error.to_string())?;
    command.env("XDG_RUNTIME_DIR", &folder.0).env_remove("SUDO_UID").env_remove("SUDO_GID");
    let output = command.output().map_err(|error| format!("timeout: {error}"))?;
    read(&output)
}

/// What a part wrote at its end.
pub fn read<R: DeserializeOwned>(output: &std::process::Output) -> Result<R, String> {
    let last = output.stdout.trim_ascii_end().split(|byte| *byte == b'\n').next_back().unwrap_or_default();
    serde_json::from_slice(last).unwrap_or_else(|_| {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("ends with {}: {}", output.status, said.trim()))
    })
}

struct LabFolder(PathBuf);

impl LabFolder {
    fn new() -> io::Result<LabFolder> {
        let path = std::env::temp_dir().join(format!("sockwalk-bench-labs-{}", std::process::id()));
        fs::create_dir(&path)?;
        let folder = LabFolder(path);
        fs::set_permissions(&folder.0, fs::Permissions::from_mode(0o700))?;
        Ok(folder)
    }
}

impl Drop for LabFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
