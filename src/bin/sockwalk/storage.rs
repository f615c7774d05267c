//! The folder of the user's in which progress is kept: `$XDG_STATE_HOME/sockwalk`, else `~/.local/state/sockwalk`.
//!
//! Used only once the process is nobody else than the user, so that no file becomes somebody else's. What is found in
//! the folder may be anybody's work: no symbolic link is followed there, and nothing but a regular file is read.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use sockwalk::linux;
use sockwalk::model::Cause;
use sockwalk::progress::{Storage, Trouble};

/// The file, and the one that is locked while it is written.
const FILE: &str = "progress.json";
const LOCK: &str = "progress.lock";

/// How many files that were set aside may lie there.
const MOST_ASIDE: u32 = 99;

/// How long another program may hold the lock.
const PATIENCE: Duration = Duration::from_secs(2);

/// The folder.
pub struct ProgressFolder {
    path: PathBuf,
}

impl ProgressFolder {
    /// Finds the folder, which need not be there yet. `variable` reads one of the environment's variables.
    ///
    /// # Errors
    /// Why nothing can be kept.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>) -> Result<ProgressFolder, Trouble> {
        let own = linux::effective_uid();
        let mut bases = bases(&variable);
        // Called through sudo, the environment may be root's: the caller's home is where the system's list has it.
        let caller = variable("SUDO_UID").and_then(|id| id.to_str()?.parse::<u32>().ok());
        if caller == Some(own) {
            bases.extend(listed_home(own).map(|home| home.join(".local/state")));
            let ours = bases.iter().find(|base| belongs_to(base, own)).cloned();
            bases = ours.or(bases.first().cloned()).into_iter().collect();
        }
        let base = bases.into_iter().next().ok_or(Trouble::NoFolder)?;
        let path = base.join("sockwalk");
        for path in [&base, &path] {
            match nearest(path) {
                Some((there, found)) if !found.is_dir() => {
                    return Err(Trouble::NoSuchFolder(there.display().to_string()));
                }
                Some((_, found)) if found.uid() == own => {}
                _ => return Err(Trouble::NotOurs(path.display().to_string())),
            }
        }
        Ok(ProgressFolder { path })
    }

    fn open(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        // Without O_NONBLOCK a pipe without a writer would make the program wait for ever.
        let file = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(self.path.join(name));
        let file = file.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP) => Cause::SymbolicLink(name.to_owned()).into(),
            _ => error,
        })?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(Cause::NotRegularFile(name.to_owned()).into()) }
    }

    fn write(&self, name: &str, bytes: &[u8], lasting: bool) -> io::Result<()> {
        let temporary = self.path.join(name);
        // Only who has the lock writes: what is there of that name is what a killed program left.
        let _ = fs::remove_file(&temporary);
        let mut file = self.open(name, OpenOptions::new().write(true).create_new(true).mode(0o600))?;
        file.write_all(bytes)?;
        if lasting {
            file.sync_all()?;
        }
        fs::rename(temporary, self.path.join(FILE))
    }
}

impl Storage for ProgressFolder {
    type Lock = File;

    fn lock(&mut self) -> io::Result<Option<File>> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let file = self.open(LOCK, OpenOptions::new().write(true).create(true).truncate(false).mode(0o600))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open(FILE, OpenOptions::new().read(true)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(most as u64).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn replace(&mut self, bytes: &[u8], lasting: bool) -> io::Result<()> {
        let name = format!("{FILE}.new");
        let written = self.write(&name, bytes, lasting);
        if written.is_err() {
            let _ = fs::remove_file(self.path.join(name));
        }
        written
    }

    fn set_aside(&mut self, word: &str) -> io::Result<String> {
        let free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
        let paths = (1..=MOST_ASIDE).map(|number| self.path.join(format!("{FILE}.{word}-{number}")));
        let path = { paths }.find(free).ok_or_else(|| io::Error::from(Cause::ManyAside))?;
        fs::rename(self.path.join(FILE), &path)?;
        Ok(path.display().to_string())
    }
}

/// The folders of the environment in which programs keep their state, the best first.
fn bases(variable: &impl Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let folder = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // What is no absolute path is to be ignored, says the XDG Base Directory Specification.
    let home = folder("HOME").filter(|home| home.is_dir()).map(|home| home.join(".local/state"));
    folder("XDG_STATE_HOME").into_iter().chain(home).collect()
}

/// Whether the folder, or the nearest one above it that is there, is this user's.
fn belongs_to(path: &Path, uid: u32) -> bool {
    nearest(path).is_some_and(|(_, folder)| folder.is_dir() && folder.uid() == uid)
}

/// What is there of a path: itself, or the nearest one above it.
fn nearest(path: &Path) -> Option<(&Path, fs::Metadata)> {
    path.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)))
}

/// A user's home as `/etc/passwd` has it.
fn listed_home(uid: u32) -> Option<PathBuf> {
    let mut list = Vec::new();
    File::open("/etc/passwd").ok()?.take(1 << 20).read_to_end(&mut list).ok()?;
    let id = uid.to_string();
    let line = list.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        (fields.len() == 7 && fields[2] == id.as_bytes()).then(|| fields[5].to_vec())
    })?;
    Some(PathBuf::from(OsString::from_vec(line))).filter(|home| home.is_dir())
}

/// Waits a little for a lock that another program has; `false` once that has taken too long.
pub fn wait() -> impl FnMut() -> bool {
    let end = Instant::now() + PATIENCE;
    move || {
        std::thread::sleep(Duration::from_millis(5));
        Instant::now() < end
    }
}

/// The time, in milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
