//! The files by which libc looks names up, as a lab has them for itself: `hosts(5)`, `nsswitch.conf(5)` and `resolv.conf(5)`.
//!
//! A thread that is to look a name up gets a mount namespace of its own, in which the lab's files lie over the machine's. libc reads
//! them by their usual names, and no file of the machine's changes. No name server can be reached: a lab has no route to one, and what
//! answers without the network (nscd, systemd-resolved) isn't asked.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount};

use super::sys;
use crate::model::{Errno, HostsChange};

/// What is in each lab's `hosts(5)`.
const LOCALHOST: &str = "127.0.0.1 localhost\n::1 localhost\n";

/// The lab's other files. The name server's address is one that documentation has (RFC 5737): a lab has no route to it.
const OTHERS: [(&str, &str); 2] =
    [("nsswitch.conf", "hosts: files dns\nservices: files\n"), ("resolv.conf", "nameserver 192.0.2.53\n")];

/// Where nscd(8) would answer.
const NSCD: &str = "/var/run/nscd";

/// Where the files are made: nothing else is seen there in the thread's own mount namespace, until they lie in their places.
const SCRATCH: &str = "/tmp";

thread_local! {
    /// What the calling thread's `/etc/hosts` has; `None` as long as all is as on the machine.
    static LAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The names that were written into a lab's `hosts(5)`.
#[derive(Default)]
pub(super) struct LabNames(Mutex<BTreeMap<String, Vec<IpAddr>>>);

/// Whether the lab's files with this name could be laid over the machine's: a thread tries it.
pub(super) fn try_hosts(change: &HostsChange) -> Result<(), Errno> {
    let names = LabNames::default();
    names.change(change.clone());
    let tried = thread::scope(|scope| scope.spawn(|| names.lay()).join());
    let refused = |error: io::Error| Errno(error.raw_os_error().unwrap_or(libc::EIO));
    tried.unwrap_or_else(|_| Err(io::ErrorKind::Other.into())).map_err(refused)
}

impl LabNames {
    /// A name has other addresses from now on.
    pub(super) fn change(&self, HostsChange { name, addresses }: HostsChange) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, addresses);
    }

    /// Lays the lab's files over the machine's for the calling thread.
    ///
    /// # Errors
    /// Where the thread may have no mount namespace of its own, as in a container that forbids it: then libc reads the machine's files.
    pub(super) fn lay(&self) -> io::Result<()> {
        let wanted = self.text();
        LAID.with_borrow_mut(|laid| {
            if laid.as_deref() == Some(&wanted) {
                return Ok(());
            }
            if laid.is_none() {
                leave_mounts()?;
            }
            lay(&wanted, laid.is_none())?;
            *laid = Some(wanted);
            Ok(())
        })
    }

    fn text(&self) -> String {
        let mut text = LOCALHOST.to_owned();
        for (name, addresses) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            text.extend(addresses.iter().map(|address| format!("{address} {name}\n")));
        }
        text
    }
}

/// Gives the calling thread a mount namespace of its own; what is mounted there shows nowhere else.
fn leave_mounts() -> io::Result<()> {
    sys::unshare(libc::CLONE_NEWNS)?;
    Ok(mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?)
}

/// Lays the files in their places: all of them for the first time, else `hosts(5)`.
fn lay(hosts: &str, all: bool) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("sockwalk", SCRATCH, "tmpfs", flags, Some(c"size=256k,mode=0755"))?;
    let put = |name: &str, text: &str| {
        let from = Path::new(SCRATCH).join(name);
        std::fs::write(&from, text)?;
        io::Result::Ok(mount_bind(&from, Path::new("/etc").join(name))?)
    };
    let laid = put("hosts", hosts);
    if all {
        // Where the machine has no such file, libc goes without it.
        OTHERS.iter().for_each(|(name, text)| drop(put(name, text)));
        let _ = mount("sockwalk", NSCD, "tmpfs", flags, Some(c"size=4k"));
    }
    // The files stay as long as they lie somewhere.
    unmount(SCRATCH, UnmountFlags::DETACH)?;
    laid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_labs_hosts_have_localhost_and_what_was_written() {
        let names = LabNames::default();
        names.change("www.example.com 127.0.0.1 ::1".parse().unwrap());
        names.change("gone.example.com".parse().unwrap());
        assert_eq!(names.text(), format!("{LOCALHOST}127.0.0.1 www.example.com\n::1 www.example.com\n"));
    }
}
