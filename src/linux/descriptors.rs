//! Each side's own table of descriptors.
//!
//! A table belongs to threads, not to the process (`CLONE_FILES` of `clone(2)`). So each side has one, as a program of its
//! own would: its first socket is 3, the lowest number that is free beside the standard ones, which lead nowhere there; and
//! what it does to any number is done to nothing else of this program. Whoever wants to do something with a side's descriptors does it in a thread that
//! shares the table: a side's threads are started by the first of them, which also answers what is asked of a descriptor
//! while another one sleeps in a call.
//!
//! Where the kernel refuses it (a container's filter on a kernel before Linux 5.9), the sides share the process's table,
//! and their numbers begin wherever one is free. Then a call on a number that is this program's own isn't made.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::signals::INTERRUPT;
use super::sys;
use crate::model::{Cause, Side};

type Job = Box<dyn FnOnce() + Send>;

/// The tables of the sides that this process drives.
pub(super) struct Tables(BTreeMap<Side, DescriptorTable>);

impl Tables {
    /// An empty one for each side.
    ///
    /// # Errors
    /// Where a thread can't be started.
    pub(super) fn new(sides: &[Side]) -> io::Result<Tables> {
        sides.iter().map(|side| Ok((*side, DescriptorTable::new(*side)?))).collect::<io::Result<_>>().map(Tables)
    }

    /// A side's descriptors.
    ///
    /// # Errors
    /// Where the side isn't driven by this process.
    pub(super) fn descriptors(&self, side: Side) -> io::Result<Arc<Descriptors>> {
        self.0.get(&side).map(|table| Arc::clone(&table.descriptors)).ok_or_else(gone)
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
        let jobs = self.0.get(&side).and_then(|table| table.jobs.as_ref()).ok_or_else(gone)?;
        let (done, result) = channel();
        // Where nobody waits any more, nobody wants the result.
        let job = move || drop(done.send(act()));
        jobs.send(Box::new(job)).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())
    }
}

/// No thread has the table, or none any more.
fn gone() -> io::Error {
    Cause::NoDescriptors.into()
}

/// Which descriptors a side's calls made, and which of its threads serves each.
pub(super) struct Descriptors {
    /// Whether the table is the side's alone, so that every number in it is a side's or nobody's.
    alone: bool,
    served: Mutex<BTreeMap<RawFd, u32>>,
}

impl Descriptors {
    fn new(alone: bool) -> Descriptors {
        Descriptors { alone, served: Mutex::default() }
    }

    fn served(&self) -> MutexGuard<'_, BTreeMap<RawFd, u32>> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the table is the side's alone.
    pub(super) fn alone(&self) -> bool {
        self.alone
    }

    /// Whether a number is one of this program's own: a call on it would do harm. Call it where the side's table is.
    pub(super) fn is_anothers(&self, fd: RawFd) -> bool {
        !self.alone && !self.served().contains_key(&fd) && sys::check_open(fd).is_ok()
    }

    /// A thread's call made a descriptor, or it is to serve one from now on.
    pub(super) fn serve(&self, fd: RawFd, thread: u32) {
        self.served().insert(fd, thread);
    }

    /// A descriptor is about to be closed: its number may be another one's as soon as it is.
    pub(super) fn closing(&self, fd: RawFd) {
        self.served().remove(&fd);
    }

    /// Whether a thread has none left.
    pub(super) fn serves_none(&self, thread: u32) -> bool {
        !self.served().values().any(|serves| *serves == thread)
    }

    /// Takes a thread's descriptors away from it, to be closed.
    pub(super) fn leave(&self, thread: u32) -> Vec<RawFd> {
        let mut served = self.served();
        let own: Vec<RawFd> = served.iter().filter(|(_, serves)| **serves == thread).map(|(fd, _)| *fd).collect();
        served.retain(|_, serves| *serves != thread);
        own
    }
}

/// A table, and the first thread that has it.
struct DescriptorTable {
    descriptors: Arc<Descriptors>,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl DescriptorTable {
    fn new(side: Side) -> io::Result<DescriptorTable> {
        let (jobs, inbox) = channel::<Job>();
        let (hello, alone) = channel();
        let builder = thread::Builder::new().name(format!("{}'s", side.name())).stack_size(256 * 1024);
        // What is refused leaves the table as it is.
        let thread = sys::start_with_own_descriptors(builder, INTERRUPT, hello, inbox)?;
        let alone = alone.recv().map_err(|_| gone())?;
        Ok(DescriptorTable { descriptors: Arc::new(Descriptors::new(alone)), jobs: Some(jobs), thread: Some(thread) })
    }
}

impl Drop for DescriptorTable {
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

    fn is_open(fd: RawFd) -> bool {
        sys::check_open(fd).is_ok()
    }

    #[test]
    fn in_a_table_that_is_shared_only_what_the_side_made_is_the_sides() {
        let own = socket().unwrap();
        let (fd, closed) = (own.as_raw_fd(), 1 << 20);
        let shared = Descriptors::new(false);
        assert!(shared.is_anothers(fd) && !shared.is_anothers(closed), "the kernel says that nothing is open there");
        shared.serve(fd, 3);
        assert!(!shared.is_anothers(fd) && shared.serves_none(0) && !shared.serves_none(3));
        shared.closing(fd);
        assert!(shared.is_anothers(fd) && shared.serves_none(3));
        assert!(!Descriptors::new(true).is_anothers(fd), "in the side's own table the kernel judges every number");
        shared.serve(8, 1);
        shared.serve(9, 2);
        assert_eq!((shared.leave(1), shared.leave(1), shared.leave(2)), (vec![8], vec![], vec![9]));
    }

    #[test]
    fn each_side_counts_from_the_beginning_and_sees_no_other_descriptor() {
        // Some of the process's own, which the sides must not see.
        let own: Vec<OwnedFd> = (0..4).map(|_| socket().unwrap()).collect();
        let tables = Tables::new(&Side::BOTH).unwrap();
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
            let open = tables.within(side, move || (0..2000).filter(|fd| is_open(*fd)).collect::<Vec<_>>()).unwrap();
            assert_eq!(open, [0, 1], "nothing of this program's own");
            let shared = tables.within(side, || thread::spawn(|| is_open(1)).join().unwrap()).unwrap();
            assert!(shared, "a thread that was started there has the same table");
            tables.within(side, move || kept.lock().unwrap().clear()).unwrap();
        }
        assert!(own.iter().all(|fd| is_open(fd.as_raw_fd())), "what is closed there stays open here");
    }

    #[test]
    fn a_side_of_another_process_has_no_table_here() {
        let tables = Tables::new(&[Side::Server]).unwrap();
        assert!(tables.within(Side::Client, || ()).is_err());
    }
}
