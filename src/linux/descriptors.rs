//! Each side's own table of descriptors.
//!
//! A table belongs to threads, not to the process (`CLONE_FILES` of `clone(2)`). So each side has one, as a program of its
//! own would: its first socket is 3, the lowest number that is free beside the standard ones, which lead nowhere there; and
//! what it does to any number is done to nothing else of this program. Whoever wants to do something with a side's descriptors does it in a thread that
//! shares the table: a side's threads are started by the first of them, which also answers what is asked of a descriptor
//! while another one sleeps in a call.
//!
//! Where the kernel refuses it (a container's filter on a kernel before Linux 5.9), the sides share the process's table,
//! and their numbers begin wherever one is free.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

use super::sys;
use crate::model::Side;

type Job = Box<dyn FnOnce() + Send>;

/// The tables of the sides that this process drives.
pub(super) struct Tables(BTreeMap<Side, Table>);

impl Tables {
    /// An empty one for each side: `bell` is all that is open there.
    ///
    /// # Errors
    /// Where a thread can't be started.
    pub(super) fn new(sides: &[Side], bell: RawFd) -> io::Result<Tables> {
        sides.iter().map(|side| Ok((*side, Table::new(*side, bell)?))).collect::<io::Result<_>>().map(Tables)
    }

    /// Does something where a side's descriptors are, and waits until it is done; it must not sleep. Threads that it
    /// starts share the table.
    ///
    /// # Errors
    /// Where the side isn't driven by this process.
    pub(super) fn within<R: Send + 'static>(
        &self,
        side: Side,
        act: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<R> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let jobs = self.0.get(&side).and_then(|table| table.jobs.as_ref()).ok_or_else(gone)?;
        let (done, result) = channel();
        // Where nobody waits any more, nobody wants the result.
        let job = move || drop(done.send(act()));
        jobs.send(Box::new(job)).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())
    }
}

/// A table, and the first thread that has it.
struct Table {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Table {
    fn new(side: Side, bell: RawFd) -> io::Result<Table> {
        let (jobs, inbox) = channel::<Job>();
        let body = move || {
            // What is refused leaves the table as it is.
            let _ = sys::own_descriptors(bell);
            inbox.iter().for_each(|job| job());
        };
        let name = format!("{}'s", side.name());
        let thread = thread::Builder::new().name(name).stack_size(256 * 1024).spawn(body)?;
        Ok(Table { jobs: Some(jobs), thread: Some(thread) })
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::{AsRawFd, OwnedFd};
    use std::sync::{Arc, Mutex};

    use socket2::{Domain, Socket, Type};

    use super::*;

    fn socket() -> io::Result<OwnedFd> {
        Socket::new(Domain::IPV4, Type::STREAM, None).map(OwnedFd::from)
    }

    #[test]
    fn each_side_counts_from_the_beginning_and_sees_no_other_descriptor() {
        // Some of the process's own, which the sides must not see.
        let own: Vec<OwnedFd> = (0..4).map(|_| socket().unwrap()).collect();
        let (_reader, bell) = io::pipe().unwrap();
        let bell = rustix::io::fcntl_dupfd_cloexec(&bell, 500).unwrap();
        let tables = Tables::new(&Side::BOTH, bell.as_raw_fd()).unwrap();
        for side in Side::BOTH {
            // Owners are dropped where their descriptor is.
            let kept = Arc::new(Mutex::new(Vec::new()));
            let keep = Arc::clone(&kept);
            let numbers = tables.within(side, move || {
                let made = [socket().unwrap(), socket().unwrap()];
                let numbers = made.each_ref().map(AsRawFd::as_raw_fd);
                keep.lock().unwrap().extend(made);
                numbers
            });
            assert_eq!(numbers.unwrap(), [0, 1], "the lowest that are free");
            let open =
                tables.within(side, move || (0..600).filter(|fd| sys::is_open(*fd)).collect::<Vec<_>>()).unwrap();
            assert_eq!(open, [0, 1, bell.as_raw_fd()]);
            let shared = tables.within(side, || thread::spawn(|| sys::is_open(1)).join().unwrap()).unwrap();
            assert!(shared, "a thread that was started there has the same table");
            tables.within(side, move || kept.lock().unwrap().clear()).unwrap();
        }
        assert!(own.iter().all(|fd| sys::is_open(fd.as_raw_fd())), "what is closed there stays open here");
    }

    #[test]
    fn a_side_of_another_process_has_no_table_here() {
        let (_reader, bell) = io::pipe().unwrap();
        let tables = Tables::new(&[Side::Server], bell.as_raw_fd()).unwrap();
        assert!(tables.within(Side::Client, || ()).is_err());
    }
}
