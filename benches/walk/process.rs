//! The whole process of `sockwalk play`, against the making of an empty namespace; and the size of the program.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::PROGRAM;
use crate::table::{Aim, Row, median};

const RATIO: Aim = Aim { at_most: 3.0, unit: "×" };
const SIZE: Aim = Aim { at_most: 7.0, unit: " MiB" };

/// The user `nobody`.
const ORDINARY: u32 = 65534;

/// A row for the user that runs this, and, where that is root, one for an ordinary user.
pub fn rows(pairs: usize) -> Vec<Row> {
    // The kernel makes the files of a process its user's.
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let users: &[(Option<u32>, &str)] =
        if root { &[(None, " (root)"), (Some(ORDINARY), " (ordinary user)")] } else { &[(None, "")] };
    let copy = Copy::new();
    let row = |(user, name): &(Option<u32>, &str)| {
        let what = format!("play, of an empty namespace{name}");
        match copy.as_ref().map_err(ToString::to_string).and_then(|copy| compare(&copy.program, *user, pairs)) {
            Ok([ratio, play, empty]) => {
                Row::new(what, ratio, &RATIO, &format!("median of {pairs} pairs; {play:.1} ms, {empty:.1} ms"))
            }
            Err(why) => Row::absent(what, &RATIO, &why),
        }
    };
    users.iter().map(row).collect()
}

/// The size of the release binary.
pub fn size() -> Row {
    match fs::metadata(PROGRAM) {
        Ok(_) if cfg!(debug_assertions) => Row::absent("binary", &SIZE, "this is no release build"),
        Ok(program) => Row::new("binary", program.len() as f64 / (1 << 20) as f64, &SIZE, ""),
        Err(error) => Row::absent("binary", &SIZE, &error.to_string()),
    }
}

/// The median of the pairs' ratios, and the medians of both in milliseconds.
fn compare(program: &Path, user: Option<u32>, pairs: usize) -> Result<[f64; 3], String> {
    let mut play = command(program.as_os_str(), &["play", "handshake", "--mode", "lab"], user);
    let mut empty = command("unshare".as_ref(), &["-Urn", "true"], user);
    let (mut ratios, mut plays, mut empties) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=pairs {
        let (with, without) = (time(&mut play)?, time(&mut empty)?);
        // The first pair finds nothing in the caches.
        if round > 0 {
            ratios.push(with / without);
            plays.push(with);
            empties.push(without);
        }
    }
    Ok([median(&ratios), median(&plays), median(&empties)])
}

fn command(program: &std::ffi::OsStr, args: &[&str], user: Option<u32>) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some(id) = user {
        command.uid(id).gid(id);
    }
    command
}

/// How long it runs, in milliseconds.
fn time(command: &mut Command) -> Result<f64, String> {
    let name = || command.get_program().to_string_lossy().into_owned();
    let name = name();
    let begun = Instant::now();
    let status = command.status().map_err(|error| format!("{name}: {error}"))?;
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    if status.success() { Ok(took) } else { Err(format!("{name} ends with {status}")) }
}

/// A copy of the program where every user may run it.
struct Copy {
    folder: PathBuf,
    program: PathBuf,
}

impl Copy {
    fn new() -> io::Result<Copy> {
        let folder = std::env::temp_dir().join(format!("sockwalk-bench-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let program = folder.join("sockwalk");
        let copy = Copy { folder, program };
        fs::set_permissions(&copy.folder, fs::Permissions::from_mode(0o755))?;
        fs::copy(PROGRAM, &copy.program)?;
        fs::set_permissions(&copy.program, fs::Permissions::from_mode(0o755))?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
