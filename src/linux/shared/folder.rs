//! Where a user's labs are found: a folder that nobody else can read or write, with one Unix socket for each lab.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::linux::sys;

/// The name of a lab: 1 to 32 lower-case letters, digits and hyphens, so that it is a file's name and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabName(String);

impl LabName {
    /// The name, where it can be one.
    pub fn new(name: &str) -> Option<LabName> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = (1..=32).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('-');
        good.then(|| LabName(name.to_owned()))
    }
}

impl Default for LabName {
    fn default() -> LabName {
        LabName("main".to_owned())
    }
}

impl fmt::Display for LabName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Why a folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum Unsafe {
    /// The system refused something.
    #[error("{0}: {1}")]
    System(PathBuf, #[source] io::Error),
    /// It is somebody else's, or others may write to it, or it is no folder.
    #[error("{0}")]
    Others(PathBuf),
}

/// The folder.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    uid: u32,
}

/// The part of a socket's name behind the lab's.
const ENDING: &str = ".sock";

impl Folder {
    /// The calling user's folder, made where it isn't there yet: `sockwalk` in `$XDG_RUNTIME_DIR` where that is the
    /// user's own, else `sockwalk-UID` in `/tmp`. `getenv` reads the environment.
    ///
    /// # Errors
    /// [`Unsafe`] where somebody else could write to it, or it can't be made.
    pub fn open(getenv: impl Fn(&str) -> Option<String>) -> Result<Folder, Unsafe> {
        let (uid, _) = sys::effective_ids();
        let runtime = getenv("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
        let path = match runtime.filter(|path| is_private(path, uid).unwrap_or(false)) {
            Some(runtime) => runtime.join("sockwalk"),
            None => Path::new("/tmp").join(format!("sockwalk-{uid}")),
        };
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Unsafe::System(path, error)),
            // In /tmp others could have made it first: then it is theirs, and not used.
            _ => match is_private(&path, uid) {
                Ok(true) => Ok(Folder { path, uid }),
                Ok(false) => Err(Unsafe::Others(path)),
                Err(error) => Err(Unsafe::System(path, error)),
            },
        }
    }

    /// The labs that run, in the order of their names.
    ///
    /// # Errors
    /// Where the folder can't be read.
    pub fn labs(&self) -> io::Result<Vec<LabName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(ENDING)).and_then(LabName::new);
            names.extend(name.filter(|name| UnixStream::connect(self.socket(name)).is_ok()));
        }
        names.sort();
        Ok(names)
    }

    /// Holds off everybody else who would start a lab, until the returned file is closed.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn lock(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).mode(0o600).open(self.path.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Connects to a lab's keeper.
    ///
    /// # Errors
    /// The system's; `PermissionDenied` where the keeper is another user's.
    pub(super) fn connect(&self, name: &LabName) -> io::Result<UnixStream> {
        let stream = UnixStream::connect(self.socket(name))?;
        let (uid, _) = sys::peer(&stream)?;
        if uid == self.uid { Ok(stream) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// Listens for a lab's members. What an earlier keeper left is removed: the caller holds the [`Folder::lock`], or is
    /// a keeper whose starter does.
    pub(super) fn listen(&self, name: &LabName) -> io::Result<UnixListener> {
        let path = self.socket(name);
        if UnixStream::connect(&path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        // Whatever the mask left: nobody else may write to it, which for a socket is to connect.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    }

    /// Takes a lab's name away, once its keeper ends.
    pub(super) fn remove(&self, name: &LabName) {
        let _ = fs::remove_file(self.socket(name));
    }

    fn socket(&self, name: &LabName) -> PathBuf {
        self.path.join(format!("{name}{ENDING}"))
    }
}

/// Whether it is a real folder, the user's own, to which nobody else can write and in which nobody else can look.
fn is_private(path: &Path, uid: u32) -> io::Result<bool> {
    let found = fs::symlink_metadata(path)?;
    Ok(found.is_dir() && found.uid() == uid && found.mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_name_is_a_files_name_and_nothing_else() {
        for name in ["", ".", "..", "a/b", "-a", "A", "a b", "\u{1b}", "é", &"a".repeat(33)] {
            assert_eq!(LabName::new(name), None, "{name:?}");
        }
        assert_eq!(LabName::new("lab-2").map(|name| name.to_string()).as_deref(), Some("lab-2"));
    }

    #[test]
    fn only_a_private_folder_is_used() {
        let runtime = std::env::temp_dir().join(format!("sockwalk-folder-test-{}", std::process::id()));
        let _ = fs::remove_dir_all(&runtime);
        DirBuilder::new().mode(0o700).create(&runtime).unwrap();
        let variable = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| runtime.to_str().unwrap().to_owned());
        let folder = Folder::open(variable).unwrap();
        assert_eq!(folder.path, runtime.join("sockwalk"));
        assert_eq!(fs::metadata(&folder.path).unwrap().mode() & 0o777, 0o700);
        assert!(Folder::open(variable).is_ok());
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(Folder::open(variable), Err(Unsafe::Others(_))));
        fs::remove_dir(&folder.path).unwrap();
        symlink("/tmp", &folder.path).unwrap();
        assert!(matches!(Folder::open(variable), Err(Unsafe::Others(_))));
        fs::remove_dir_all(&runtime).unwrap();
    }

    #[test]
    fn a_name_that_a_dead_keeper_left_is_taken_over() {
        let path = std::env::temp_dir().join(format!("sockwalk-names-test-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        let folder = Folder { path: path.clone(), uid: sys::effective_ids().0 };
        let name = LabName::default();
        let first = folder.listen(&name).unwrap();
        assert_eq!(folder.labs().unwrap(), std::slice::from_ref(&name));
        assert_eq!(folder.listen(&name).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert_eq!(folder.labs().unwrap(), []);
        let second = folder.listen(&name).unwrap();
        assert!(folder.connect(&name).is_ok());
        drop(second);
        fs::remove_dir_all(path).unwrap();
    }
}
