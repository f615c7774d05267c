//! Where a user's labs are found: a folder that nobody else can read or write, with one Unix socket for each lab.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockAddr, Socket, Type};

use super::programs;
use crate::linux::sys;
use crate::model::Cause;

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
#[derive(Debug)]
pub enum Unsafe {
    /// The system refused something.
    System(PathBuf, io::Error),
    /// It is somebody else's, or others may write to it, or it is no folder.
    Others(PathBuf),
}

/// Why the folder's lock can't be had.
#[derive(Debug)]
pub enum Unlocked {
    /// The system refused something.
    System(PathBuf, io::Error),
    /// Another process holds it.
    Held(PathBuf),
    /// It is no plain file of the user's.
    Foreign(PathBuf),
}

/// How long another process may hold the lock: longer than a lab takes to start.
const LOCKED: Duration = Duration::from_secs(15);

/// How soon the lock is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// The most labs of one lesson at a time.
const MOST_OF_A_NAME: usize = 20;

/// The most that is read of the lock's file, in bytes.
const LONGEST_LOCK: u64 = 1 << 16;

/// The folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabFolder {
    path: PathBuf,
    uid: u32,
    ending: &'static str,
}

/// How the names of labs' sockets end, and of those of lessons' labs, in which one can only look on.
const LAB: &str = ".sock";
const LESSON: &str = ".lesson";

impl LabFolder {
    /// The calling user's folder, made where it isn't there yet: `sockwalk` in `$XDG_RUNTIME_DIR` where that is the
    /// user's own, else `sockwalk-UID` in `/tmp`. `getenv` reads the environment.
    ///
    /// # Errors
    /// [`Unsafe`] where somebody else could write to it, or it can't be made.
    pub fn open(getenv: impl Fn(&str) -> Option<String>) -> Result<LabFolder, Unsafe> {
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
                Ok(true) => Ok(LabFolder { path, uid, ending: LAB }),
                Ok(false) => Err(Unsafe::Others(path)),
                Err(error) => Err(Unsafe::System(path, error)),
            },
        }
    }

    /// The same folder, of the labs in which lessons run: one can look on there, and has the lesson's name.
    pub fn of_lessons(&self) -> LabFolder {
        LabFolder { path: self.path.clone(), uid: self.uid, ending: LESSON }
    }

    /// Whether it is of lessons' labs.
    pub fn is_of_lessons(&self) -> bool {
        self.ending == LESSON
    }

    /// The labs that run, in the order of their names.
    ///
    /// # Errors
    /// Where the folder can't be read.
    pub fn labs(&self) -> io::Result<Vec<LabName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let name = name.to_str().and_then(|name| name.strip_suffix(self.ending)).and_then(LabName::new);
            names.extend(name.filter(|name| is_alive(&self.socket(name))));
        }
        names.sort();
        Ok(names)
    }

    /// Holds off everybody else who would start a lab, until the returned lock is dropped.
    ///
    /// # Errors
    /// [`Unlocked`] where another process holds it for too long, or the file is none of the program's.
    pub fn lock(&self) -> Result<Lock, Unlocked> {
        self.lock_within(LOCKED)
    }

    fn lock_within(&self, limit: Duration) -> Result<Lock, Unlocked> {
        let path = self.path.join("lock");
        let failed = |error| Unlocked::System(path.clone(), error);
        let mut options = OpenOptions::new();
        // Not through a link, and not waiting for anybody, as a FIFO would.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let opened = options.create(true).read(true).append(true).mode(0o600).custom_flags(flags).open(&path);
        let file = opened.map_err(|error| match error.raw_os_error() {
            Some(libc::ELOOP | libc::ENXIO | libc::EISDIR) => Unlocked::Foreign(path.clone()),
            _ => failed(error),
        })?;
        let found = file.metadata().map_err(failed)?;
        if !found.is_file() || found.uid() != self.uid {
            return Err(Unlocked::Foreign(path));
        }
        let end = Instant::now() + limit;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { file }),
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) if Instant::now() >= end => return Err(Unlocked::Held(path)),
                Err(TryLockError::WouldBlock) => thread::sleep(AGAIN),
            }
        }
    }

    /// Connects to a lab's daemon. Never waits: `WouldBlock` where the daemon has let nobody in for long.
    ///
    /// # Errors
    /// The system's; another one where the daemon is another user's.
    pub(super) fn connect(&self, name: &LabName) -> io::Result<UnixStream> {
        let stream = connect(&self.socket(name))?;
        let (uid, _) = sys::peer(&stream)?;
        if uid == self.uid { Ok(stream) } else { Err(Cause::AnotherUsers.into()) }
    }

    /// The programs that still run in a lab whose daemon was ended from outside: each with its process number and its name.
    /// `living` are the labs whose daemons are there.
    ///
    /// # Errors
    /// Where the lock can't be read.
    pub fn left_behind(&self, lock: &Lock, name: &LabName, living: &[LabName]) -> io::Result<Vec<(u32, String)>> {
        // A daemon that ended by itself took the name away.
        if living.contains(name) || fs::symlink_metadata(self.socket(name)).is_err() {
            return Ok(Vec::new());
        }
        let networks = lock.networks()?;
        let Some(network) = networks.get(name) else { return Ok(Vec::new()) };
        // The kernel gives a number that is free again to the next namespace.
        if living.iter().any(|other| networks.get(other) == Some(network)) {
            return Ok(Vec::new());
        }
        let own = fs::read_link("/proc/self/exe")?;
        let is_ours = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == own);
        Ok(programs::within(*network).into_iter().filter(|(pid, _)| !is_ours(*pid)).collect())
    }

    /// Listens for those who take part in a lab, under a name that is the lab's from now on. What an earlier daemon left is
    /// removed: the caller holds the [`LabFolder::lock`], or is a daemon whose starter does.
    pub(in crate::linux) fn listen(&self, name: &LabName) -> io::Result<(UnixListener, TakenName)> {
        let path = self.socket(name);
        if is_alive(&path) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        // Whatever the mask left: nobody else may write to it, which for a socket is to connect.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let file = OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(&path)?;
        Ok((listener, TakenName { folder: self.clone(), name: name.clone(), file: Some(file) }))
    }

    /// Takes this name for a lab, as long as the `lock` is held.
    ///
    /// # Errors
    /// The system's; `AddrInUse` where a lab has it.
    pub fn begin(&self, _lock: &Lock, name: &LabName) -> io::Result<Beginning> {
        let (listener, name) = self.listen(name)?;
        Ok(Beginning { listener, name })
    }

    /// The name of a lab that another process has left to this one.
    ///
    /// # Errors
    /// Where there is no such socket.
    pub(in crate::linux) fn resume(&self, name: &LabName) -> io::Result<TakenName> {
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(self.socket(name))?;
        Ok(TakenName { folder: self.clone(), name: name.clone(), file: Some(file) })
    }

    /// Listens under this name or, where it is taken, under one with a number behind it.
    ///
    /// # Errors
    /// The system's, or where there are too many of that name.
    pub(in crate::linux) fn listen_beside(&self, name: &str) -> io::Result<(UnixListener, TakenName)> {
        let _lock = self.lock_within(AGAIN).map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
        let names = (1..=MOST_OF_A_NAME).map(|n| if n == 1 { name.to_owned() } else { format!("{name}-{n}") });
        for name in names.filter_map(|name| LabName::new(&name)) {
            match self.listen(&name) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                listening => return listening,
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    fn socket(&self, name: &LabName) -> PathBuf {
        self.path.join(format!("{name}{}", self.ending))
    }
}

/// A lab that is about to begin: its name is taken, and who comes waits until it has begun.
pub struct Beginning {
    pub(in crate::linux) listener: UnixListener,
    pub(in crate::linux) name: TakenName,
}

/// A name under which a lab is found. Dropped, it is nobody's again, unless the next one has taken it already.
pub(in crate::linux) struct TakenName {
    folder: LabFolder,
    name: LabName,
    /// The socket's file, which is held: so no other file gets its number. `None` once the name is left to another process.
    file: Option<File>,
}

impl TakenName {
    /// Leaves it to the process in which the lab goes on.
    pub(in crate::linux) fn leave(mut self) {
        self.file = None;
    }
}

impl Drop for TakenName {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        // Where somebody holds the lock, it is a starter that is about to look.
        let _lock = self.folder.lock_within(AGAIN);
        let path = self.folder.socket(&self.name);
        let own = file.metadata().map(|own| (own.dev(), own.ino()));
        let found = fs::symlink_metadata(&path).map(|found| (found.dev(), found.ino()));
        if own.ok().zip(found.ok()).is_some_and(|(own, found)| own == found) {
            let _ = fs::remove_file(path);
        }
    }
}

/// The lock on the folder. Its file also tells in which network namespace each lab was started.
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes down in which network namespace a lab's daemon is.
    ///
    /// # Errors
    /// The system's.
    pub fn note(&mut self, name: &LabName, daemon: u32) -> io::Result<()> {
        let network = fs::metadata(format!("/proc/{daemon}/ns/net"))?.ino();
        self.note_network(name, network)
    }

    /// Takes down a lab's network namespace.
    ///
    /// # Errors
    /// The system's.
    pub fn note_network(&mut self, name: &LabName, network: u64) -> io::Result<()> {
        let mut networks = self.networks()?;
        networks.insert(name.clone(), network);
        self.file.set_len(0)?;
        let lines: String = networks.iter().map(|(name, network)| format!("{name} {network}\n")).collect();
        self.file.write_all(lines.as_bytes())
    }

    fn networks(&self) -> io::Result<BTreeMap<LabName, u64>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        let mut bytes = Vec::new();
        file.take(LONGEST_LOCK).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let network = |line: &str| {
            let (name, number) = line.split_once(' ')?;
            Some((LabName::new(name)?, number.parse().ok()?))
        };
        Ok(text.lines().filter_map(network).collect())
    }
}

/// Whether somebody listens at a socket's path. Nobody there hears of it: to a socket of another type `connect(2)` fails, with
/// EPROTOTYPE where there is one and ECONNREFUSED where its process has gone (`unix(7)`).
fn is_alive(path: &Path) -> bool {
    let asked = || Socket::new(Domain::UNIX, Type::DGRAM, None)?.connect(&SockAddr::unix(path)?);
    asked().is_err_and(|error| error.raw_os_error() == Some(libc::EPROTOTYPE))
}

/// `connect(2)` that doesn't wait for room in a listener's queue.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)?;
    socket.set_nonblocking(false)?;
    Ok(OwnedFd::from(socket).into())
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
        let folder = LabFolder::open(variable).unwrap();
        assert_eq!(folder.path, runtime.join("sockwalk"));
        assert_eq!(fs::metadata(&folder.path).unwrap().mode() & 0o777, 0o700);
        assert!(LabFolder::open(variable).is_ok());
        fs::set_permissions(&folder.path, fs::Permissions::from_mode(0o770)).unwrap();
        assert!(matches!(LabFolder::open(variable), Err(Unsafe::Others(_))));
        fs::remove_dir(&folder.path).unwrap();
        symlink("/tmp", &folder.path).unwrap();
        assert!(matches!(LabFolder::open(variable), Err(Unsafe::Others(_))));
        fs::remove_dir_all(&runtime).unwrap();
    }

    #[test]
    fn a_name_that_a_dead_keeper_left_is_taken_over() {
        let path = std::env::temp_dir().join(format!("sockwalk-names-test-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        let folder = LabFolder { path: path.clone(), uid: sys::effective_ids().0, ending: LAB };
        let name = LabName::default();
        let (first, firsts) = folder.listen(&name).unwrap();
        assert_eq!(folder.labs().unwrap(), std::slice::from_ref(&name));
        assert_eq!(folder.listen(&name).err().unwrap().kind(), io::ErrorKind::AddrInUse);
        drop(first);
        assert_eq!(folder.labs().unwrap(), []);
        let (second, seconds) = folder.listen(&name).unwrap();
        drop(firsts);
        assert!(folder.connect(&name).is_ok(), "who left the name before doesn't take it away from the next one");
        drop((second, seconds));
        assert!(!folder.socket(&name).exists(), "and takes its own away");
        fs::remove_dir_all(path).unwrap();
    }

    #[test]
    fn only_a_plain_file_is_a_lock_and_nobody_waits_for_it_for_ever() {
        let path = std::env::temp_dir().join(format!("sockwalk-lock-test-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        DirBuilder::new().mode(0o700).create(&path).unwrap();
        let folder = LabFolder { path: path.clone(), uid: sys::effective_ids().0, ending: LAB };
        let lock = path.join("lock");
        let spoil: [&dyn Fn(); 3] = [
            &|| symlink(path.join("elsewhere"), &lock).unwrap(),
            &|| rustix::fs::mknodat(rustix::fs::CWD, &lock, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap(),
            &|| fs::create_dir(&lock).unwrap(),
        ];
        for (n, spoil) in spoil.into_iter().enumerate() {
            spoil();
            assert!(matches!(folder.lock(), Err(Unlocked::Foreign(found)) if found == lock), "{n}");
            fs::remove_file(&lock).or_else(|_| fs::remove_dir(&lock)).unwrap();
        }
        assert!(!path.join("elsewhere").exists());
        let mut held = folder.lock().unwrap();
        assert!(matches!(folder.lock_within(AGAIN), Err(Unlocked::Held(found)) if found == lock));
        let own = fs::metadata("/proc/self/ns/net").unwrap().ino();
        for name in ["one", "two", "one"] {
            held.note(&LabName::new(name).unwrap(), std::process::id()).unwrap();
        }
        let noted: Vec<_> = held.networks().unwrap().into_iter().map(|(name, network)| (name.0, network)).collect();
        assert_eq!(noted, [("one".to_owned(), own), ("two".to_owned(), own)]);
        drop(held);
        assert!(folder.lock().is_ok());
        fs::remove_dir_all(path).unwrap();
    }
}
