//! The threads that make the sides' calls, and how each stands. A side's own hand is thread 0; a further one is started with its
//! first call, and ends once it has closed a descriptor. All of a side's threads live where its descriptors are, which are the side's
//! and no thread's, as in any process; what they report goes through a thread that lives where the program's own are, so that none of those need be open there.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::descriptors::{NewSocket, Tables};
use super::names::LabNames;
use super::orders::Orders;
use super::sides::{Leaving, NewChild, Report, SideThread};
use crate::lab::OwnThread;
use crate::model::{Call, Caller, Cause, ChangedSetting, HostsChange, Mode, Side, SideProcess};

/// How a thread stands, as far as is known.
struct CallThreadState {
    thread: SideThread,
    /// In a call: since it was told to make it and until its return was reported.
    called: bool,
    /// In `fork()`, in which the kernel lets nobody sleep: what its thread waits for meanwhile is none of the call's.
    forks: bool,
    /// Reported to sleep in it.
    blocked: bool,
    /// To be interrupted until the call has returned.
    interrupted: bool,
    /// How often it was looked at, in this call.
    looks: u32,
}

impl CallThreadState {
    /// In no call.
    fn idle(thread: SideThread) -> CallThreadState {
        CallThreadState { thread, called: false, forks: false, blocked: false, interrupted: false, looks: 0 }
    }
}

/// A call takes microseconds to return or to sleep, unless the machine is busy: so long is waited before it is looked at again, each time
/// twice as long up to [`BUSY`].
const SOON: Duration = Duration::from_micros(25);
const BUSY: Duration = Duration::from_micros(100);

/// The most threads that one process has for its sides.
const MOST: usize = 2048;

/// The threads of one process.
pub(super) struct CallThreadStates {
    hands: BTreeMap<OwnThread, CallThreadState>,
    tables: Arc<Tables>,
    /// `None` once no more threads are to be started.
    reports: Option<Sender<Report>>,
    relay: Option<JoinHandle<()>>,
    leaving: Leaving,
    /// `None` where the machine's own network would be asked for names.
    names: Option<Arc<LabNames>>,
}

impl CallThreadStates {
    /// Those of these sides. They report through `orders`.
    pub(super) fn start<T: From<Report> + Send + 'static>(
        (sides, mode): (&[Side], Mode),
        leaving: Leaving,
        orders: Orders<T>,
    ) -> io::Result<CallThreadStates> {
        let tables = Arc::new(Tables::new(sides)?);
        let (reports, inbox) = channel::<Report>();
        let relay = move || inbox.iter().for_each(|report| orders.give(T::from(report)));
        let relay = thread::Builder::new().name("reports".into()).stack_size(128 * 1024).spawn(relay)?;
        let names = (mode == Mode::Lab).then(Arc::default);
        let (reports, relay) = (Some(reports), Some(relay));
        let mut hands = CallThreadStates { hands: BTreeMap::new(), tables, reports, relay, leaving, names };
        for side in sides {
            hands.add((*side, Caller::MAIN).into())?;
        }
        Ok(hands)
    }

    fn add(&mut self, who: OwnThread) -> io::Result<()> {
        let reports = self.reports.clone().filter(|_| self.hands.len() < MOST);
        let reports = reports.ok_or_else(|| io::Error::from(Cause::ManyThreads(MOST as u32)))?;
        let (descriptors, leaving) = (self.tables.descriptors(who.process)?, self.leaving);
        let names = self.names.clone();
        let start = move || SideThread::start(who, leaving, (descriptors, names), reports);
        let thread = self.tables.within(who.process, start)??;
        self.hands.insert(who, CallThreadState::idle(thread));
        Ok(())
    }

    /// Where the sides' descriptors are.
    pub(super) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    /// Whether a call can't be made: its descriptor is one of this program's own, where a side has no table of descriptors to itself; so a
    /// `fork()`, since there is no table to copy; or it would ask the machine's network for a name.
    pub(super) fn refuses(&self, process: SideProcess, call: &Call) -> bool {
        let Ok(descriptors) = self.tables.descriptors(process) else { return false };
        let asks_network = matches!(call, Call::GetAddrInfo(_)) && self.names.is_none();
        call.fds().any(|fd| descriptors.is_anothers(fd))
            || (*call == Call::Fork && !descriptors.alone())
            || asks_network
    }

    /// Takes note of a change of the lab's hosts, where this tells of one.
    pub(super) fn hear_of_setting(&self, told: &ChangedSetting) {
        if let (Some(names), Some(change)) = (&self.names, HostsChange::of(told)) {
            names.change(change);
        }
    }

    /// Has a thread make a call. One that isn't there yet is started.
    ///
    /// # Errors
    /// Where the thread can't be started.
    pub(super) fn call(&mut self, who: OwnThread, call: Call) -> io::Result<()> {
        self.order(who, call, None)
    }

    /// Has a thread call `fork()`; the child goes as this one of its side's actors.
    ///
    /// # Errors
    /// As [`CallThreadStates::call`].
    pub(super) fn fork(&mut self, who: OwnThread, child: u32) -> io::Result<()> {
        self.order(who, Call::Fork, Some(child))
    }

    fn order(&mut self, who: OwnThread, call: Call, child: Option<u32>) -> io::Result<()> {
        if !self.hands.contains_key(&who) {
            self.add(who)?;
        }
        if let Some(hand) = self.hands.get_mut(&who) {
            (hand.called, hand.forks, hand.looks) = (true, child.is_some(), 0);
            hand.thread.call(call, child);
        }
        Ok(())
    }

    /// A child has begun, as its parent's call reported. The sockets that it has.
    pub(super) fn began(&mut self, child: NewChild) -> Vec<NewSocket> {
        let NewChild { process, table, thread, inherited } = child;
        self.tables.add(process, table);
        self.hands.insert(OwnThread::main(process), CallThreadState::idle(thread));
        inherited
    }

    /// A thread's call came back. A further one that has closed a descriptor is dismissed.
    pub(super) fn returned(&mut self, who: OwnThread, closed: bool) {
        if let Some(hand) = self.hands.get_mut(&who) {
            (hand.called, hand.forks, hand.blocked, hand.interrupted) = (false, false, false, false);
        }
        if closed && who.worker != Caller::MAIN {
            self.hands.remove(&who);
        }
    }

    /// Ends a side's process, as far as it is one: its threads end without a word, and what they had open is closed, as the kernel
    /// does at a process's end. Of the process that came the next call is made by a new thread; of a child none is.
    pub(super) fn kill(&mut self, process: SideProcess) {
        let (mut ended, others): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.hands).into_iter().partition(|(who, _)| who.process == process);
        self.hands = others;
        // What a thread sleeps on stays until it has left its call.
        ended.values_mut().for_each(|hand| hand.thread.silence());
        self.close_all_of(process);
        ended.values_mut().for_each(|hand| hand.thread.dismiss());
        drop(ended);
        // What the last call of one made at the same moment.
        self.close_all_of(process);
        if process.child != SideProcess::CAME {
            self.tables.remove(process);
        }
    }

    fn close_all_of(&self, process: SideProcess) {
        let Ok(descriptors) = self.tables.descriptors(process) else { return };
        // Where the process has no table any more, nothing of it is open.
        let _ = self.tables.within(process, move || descriptors.close_all());
    }

    /// A signal is to interrupt a thread's call.
    pub(super) fn interrupt(&mut self, who: OwnThread) {
        if let Some(hand) = self.hands.get_mut(&who).filter(|hand| hand.called) {
            hand.interrupted = true;
        }
    }

    /// Asks the kernel of each thread that is in a call whether it sleeps there; returns those of whom that is new. Repeats
    /// the signals that are wanted.
    pub(super) fn look(&mut self) -> Vec<OwnThread> {
        let mut asleep = Vec::new();
        for (who, hand) in &mut self.hands {
            if hand.forks {
                continue;
            }
            if hand.interrupted {
                hand.thread.interrupt();
            } else if hand.called && !hand.blocked {
                hand.looks += 1;
                if hand.thread.sleeps() {
                    hand.blocked = true;
                    asleep.push(*who);
                }
            }
        }
        asleep
    }

    /// How soon [`CallThreadStates::look`] is to be called again, since a call is about to return or to sleep; `None` where none is.
    pub(super) fn look_again(&self) -> Option<Duration> {
        let on_the_way = self.hands.values().filter(|hand| hand.called && (!hand.blocked || hand.interrupted));
        on_the_way.map(|hand| (SOON * 2_u32.pow(hand.looks.min(8))).min(BUSY)).min()
    }

    /// Whether each thread is idle or sleeps in its call at this moment.
    pub(super) fn at_rest(&self) -> bool {
        let rests =
            |hand: &CallThreadState| !hand.called || (hand.blocked && !hand.interrupted && hand.thread.sleeps());
        self.hands.values().all(rests)
    }
}

impl Drop for CallThreadStates {
    fn drop(&mut self) {
        // All end at the same time.
        self.tables.end();
        self.hands.values_mut().for_each(|hand| hand.thread.dismiss());
        self.hands.clear();
        self.reports = None;
        if let Some(relay) = self.relay.take() {
            let _ = relay.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::orders::Inbox;
    use super::*;
    use crate::model::{Errno, Outcome, SocketOption};

    /// The outcome of a call, once it has come back.
    fn made(hands: &mut CallThreadStates, inbox: &Inbox<Report>, who: OwnThread, call: Call) -> Outcome {
        hands.call(who, call).unwrap();
        loop {
            match inbox.take().next() {
                Some(Report::Returned { who: of, outcome, closed, .. }) => {
                    assert_eq!(of, who);
                    hands.returned(who, closed);
                    return outcome;
                }
                Some(Report::Signalled(..)) => {}
                Some(Report::Died(why)) => panic!("{why}"),
                None => drop(super::super::poll::poll_readable([inbox.waker()], None).unwrap()),
            }
        }
    }

    /// What a child has is a copy of the table, and no copy of what stands in it.
    #[test]
    fn a_child_has_its_parents_sockets_under_the_same_numbers_and_closes_its_own() {
        let (orders, inbox) = Orders::new().unwrap();
        let mut hands = CallThreadStates::start((&[Side::Server], Mode::Host), Leaving::Close, orders).unwrap();
        let own = OwnThread::main(Side::Server.into());
        let makes = |hands: &mut CallThreadStates, who, call| made(hands, &inbox, who, call).map(|came| came.value);
        let fd = makes(&mut hands, own, Call::Socket { ipv6: false, udp: false }).unwrap() as i32;
        assert_eq!(makes(&mut hands, own, Call::EpollCreate), Ok(4));
        hands.fork(own, 2).unwrap();
        let process = SideProcess { side: Side::Server, child: 2 };
        let inherited = loop {
            match inbox.take().next() {
                Some(Report::Returned { who, outcome, child: Some(child), .. }) => {
                    assert_eq!((who, outcome.map(|returned| returned.child)), (own, Ok(Some(2))));
                    hands.returned(who, false);
                    break hands.began(*child);
                }
                Some(_) => panic!("fork() failed"),
                None => drop(super::super::poll::poll_readable([inbox.waker()], None).unwrap()),
            }
        };
        assert_eq!(inherited.iter().map(|socket| socket.fd).collect::<Vec<_>>(), [fd], "an epoll instance is none");
        let child = OwnThread::main(process);
        let bind = |fd, port| Call::Bind { fd, addr: std::net::SocketAddr::from(([127, 0, 0, 1], port)) };
        assert_eq!(makes(&mut hands, child, bind(fd, 0)), Ok(0));
        assert_eq!(makes(&mut hands, own, bind(fd, 0)), Err(Errno(libc::EINVAL)), "it is one socket, bound already");
        assert_eq!(makes(&mut hands, child, Call::Close { fd }), Ok(0));
        assert_eq!(makes(&mut hands, child, Call::GetSockName { fd }), Err(Errno(libc::EBADF)));
        assert_eq!(makes(&mut hands, own, Call::GetSockName { fd }), Ok(0));
        assert_eq!(makes(&mut hands, child, Call::Socket { ipv6: false, udp: false }), Ok(fd.into()));
        hands.kill(process);
        assert!(hands.call(child, Call::EpollCreate).is_err(), "it makes no call any more");
        assert_eq!(makes(&mut hands, own, Call::GetSockName { fd }), Ok(0));
    }

    #[test]
    fn every_number_of_a_sides_table_is_the_kernels_to_judge() {
        let (orders, inbox) = Orders::new().unwrap();
        let mut hands = CallThreadStates::start((&[Side::Server], Mode::Host), Leaving::Close, orders).unwrap();
        let (own, worker) = ((Side::Server, 0).into(), (Side::Server, 9).into());
        let nodelay = SocketOption::by_name("TCP_NODELAY").unwrap();
        let set = |fd| Call::SetOption { fd, option: nodelay, value: 1 };
        let fd = made(&mut hands, &inbox, own, Call::Socket { ipv6: false, udp: false }).unwrap().value as i32;
        assert_eq!(fd, 3);
        // Any of a side's threads may name its descriptors.
        assert_eq!(made(&mut hands, &inbox, worker, set(fd)).unwrap().value, 0);
        assert_eq!(made(&mut hands, &inbox, own, set(fd)).unwrap().value, 0);
        assert_eq!(made(&mut hands, &inbox, own, set(0)), Err(Errno(libc::ENOTSOCK)), "/dev/null");
        let bad = Err(Errno(libc::EBADF));
        assert_eq!(made(&mut hands, &inbox, own, Call::Close { fd }).unwrap().value, 0);
        assert_eq!(made(&mut hands, &inbox, worker, Call::recv(fd, 1)), bad);
        // Nothing of this program's own is open there.
        for fd in [-1, 3, 4, 5, 999, 1000, 1001, 1002, 1003, 1004, i32::MAX] {
            assert_eq!(made(&mut hands, &inbox, own, Call::Close { fd }), bad, "{fd}");
        }
    }
}
