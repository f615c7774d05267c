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

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::signals::INTERRUPT;
use super::sys;
use crate::model::{Actor, Cause, Side, SideProcess};

type Job = Box<dyn FnOnce() + Send>;

/// The tables of the sides that this process drives: of each process of a side one.
pub(super) struct Tables(Mutex<BTreeMap<SideProcess, DescriptorTable>>);

impl Tables {
    /// An empty one for each side.
    ///
    /// # Errors
    /// Where a thread can't be started.
    pub(super) fn new(sides: &[Side]) -> io::Result<Tables> {
        let tables = sides.iter().map(|side| Ok(((*side).into(), DescriptorTable::new(*side)?)));
        tables.collect::<io::Result<_>>().map(|tables| Tables(Mutex::new(tables)))
    }

    fn tables(&self) -> MutexGuard<'_, BTreeMap<SideProcess, DescriptorTable>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process's descriptors.
    ///
    /// # Errors
    /// Where it isn't one of this process's.
    pub(super) fn descriptors(&self, of: impl Into<SideProcess>) -> io::Result<Arc<Descriptors>> {
        self.tables().get(&of.into()).map(|table| Arc::clone(&table.descriptors)).ok_or_else(gone)
    }

    /// The process that is an actor: a child, else the one that came.
    pub(super) fn process(&self, actor: Actor) -> SideProcess {
        let child = SideProcess { side: actor.side, child: actor.nth };
        if self.tables().contains_key(&child) { child } else { actor.side.into() }
    }

    /// A child has begun, with this table.
    pub(super) fn add(&self, child: SideProcess, table: DescriptorTable) {
        self.tables().insert(child, table);
    }

    /// A child has ended: what it had open is closed once no thread has its table any more.
    pub(super) fn remove(&self, child: SideProcess) {
        let table = self.tables().remove(&child);
        drop(table);
    }

    /// The threads of all sides are to end.
    pub(super) fn end(&self) {
        self.tables().values().for_each(|table| table.descriptors.end());
    }

    /// Does something where a process's descriptors are, and waits until it is done; it must not sleep. Threads that it
    /// starts share the table.
    ///
    /// # Errors
    /// Where it isn't one of this process's.
    pub(super) fn within<R: Send + 'static>(
        &self,
        of: impl Into<SideProcess>,
        act: impl FnOnce() -> R + Send + 'static,
    ) -> io::Result<R> {
        let jobs = self.tables().get(&of.into()).and_then(|table| table.jobs.clone()).ok_or_else(gone)?;
        do_within(&jobs, act)
    }
}

/// Has the thread that takes these jobs do something, and waits until it is done.
fn do_within<R: Send + 'static>(jobs: &Sender<Job>, act: impl FnOnce() -> R + Send + 'static) -> io::Result<R> {
    let (done, result) = channel();
    // Where nobody waits any more, nobody wants the result.
    let job = move || drop(done.send(act()));
    jobs.send(Box::new(job)).map_err(|_| gone())?;
    result.recv().map_err(|_| gone())
}

/// No thread has the table, or none any more.
fn gone() -> io::Error {
    Cause::NoDescriptors.into()
}

/// A socket that a call made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewSocket {
    /// Its descriptor.
    pub fd: i32,
    /// The kernel's name for it (`SO_COOKIE`).
    pub cookie: u64,
    /// Whether it is for datagrams.
    pub udp: bool,
}

/// Which descriptors a side's calls made.
pub(super) struct Descriptors {
    /// Whether the table is the side's alone, so that every number in it is a side's or nobody's.
    alone: bool,
    made: Mutex<BTreeSet<RawFd>>,
    /// All of the side's threads are to end.
    over: AtomicBool,
}

impl Descriptors {
    fn new(alone: bool) -> Descriptors {
        Descriptors { alone, made: Mutex::default(), over: AtomicBool::new(false) }
    }

    /// Those of a child, which begins with the same ones.
    fn inherited(&self) -> Descriptors {
        Descriptors { alone: true, made: Mutex::new(self.made().clone()), over: AtomicBool::new(false) }
    }

    /// Those that the calls made and that are sockets, with what the kernel calls each. Call it where the table is.
    pub(super) fn sockets(&self) -> Vec<NewSocket> {
        let open = self.made().clone().into_iter();
        let named = |fd| Some(NewSocket { fd, cookie: sys::cookie(fd).ok()?, udp: sys::is_datagram(fd) });
        open.filter_map(named).collect()
    }

    fn made(&self) -> MutexGuard<'_, BTreeSet<RawFd>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the table is the side's alone.
    pub(super) fn alone(&self) -> bool {
        self.alone
    }

    /// Whether a number is one of this program's own: a call on it would do harm. Call it where the side's table is.
    pub(super) fn is_anothers(&self, fd: RawFd) -> bool {
        !self.alone && !self.made().contains(&fd) && sys::check_open(fd).is_ok()
    }

    /// A call made a descriptor.
    pub(super) fn opened(&self, fd: RawFd) {
        self.made().insert(fd);
    }

    /// A descriptor is about to be closed: its number may be another one's as soon as it is.
    pub(super) fn closing(&self, fd: RawFd) {
        self.made().remove(&fd);
    }

    /// All of the side's threads are to end.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Closes all that the side's calls made. Call it where the side's table is.
    pub(super) fn close_all(&self) {
        let made = std::mem::take(&mut *self.made());
        for fd in made {
            let _ = sys::calls::close(fd);
        }
    }

    /// What a thread that ends has to close: none as long as others go on.
    pub(super) fn leave(&self) -> BTreeSet<RawFd> {
        if self.over.load(Ordering::SeqCst) { std::mem::take(&mut self.made()) } else { BTreeSet::new() }
    }
}

/// A table, and the first thread that has it.
pub(super) struct DescriptorTable {
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

    /// A copy of the calling thread's, in which these are the calls' own: the child's, at `fork()`.
    ///
    /// # Errors
    /// The system's, where no thread can be started, or none with a table of its own.
    pub(super) fn copied(child: SideProcess, descriptors: &Descriptors) -> io::Result<DescriptorTable> {
        let (jobs, inbox) = channel::<Job>();
        let (hello, copied) = channel();
        let builder = thread::Builder::new().name(format!("{child}'s")).stack_size(256 * 1024);
        let thread = sys::start_with_copied_descriptors(builder, INTERRUPT, hello, inbox)?;
        let table =
            DescriptorTable { descriptors: Arc::new(descriptors.inherited()), jobs: Some(jobs), thread: Some(thread) };
        copied.recv().map_err(|_| gone())??;
        Ok(table)
    }

    /// Those that its calls made.
    pub(super) fn descriptors(&self) -> Arc<Descriptors> {
        Arc::clone(&self.descriptors)
    }

    /// As [`Tables::within`].
    pub(super) fn within<R: Send + 'static>(&self, act: impl FnOnce() -> R + Send + 'static) -> io::Result<R> {
        do_within(self.jobs.as_ref().ok_or_else(gone)?, act)
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
        shared.opened(fd);
        assert!(!shared.is_anothers(fd));
        shared.closing(fd);
        assert!(shared.is_anothers(fd));
        assert!(!Descriptors::new(true).is_anothers(fd), "in the side's own table the kernel judges every number");
        shared.opened(8);
        assert_eq!(shared.leave(), BTreeSet::new(), "other threads of the side go on");
        shared.end();
        assert_eq!((shared.leave(), shared.leave()), (BTreeSet::from([8]), BTreeSet::new()));
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
