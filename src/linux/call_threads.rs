//! The threads that make the sides' calls, and how each stands. A side's own hand is thread 0; each of the others serves
//! one connection, whose descriptor it was given. All of a side's threads live where its descriptors are; what they report
//! goes through a thread that lives where the program's own are, so that none of those need be open there.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::descriptors::Tables;
use super::orders::Orders;
use super::sides::{Leaving, Report, SideThread};
use crate::lab::OwnThread;
use crate::model::{Call, Cause, Side};

/// How a thread stands, as far as is known.
struct CallThreadState {
    thread: SideThread,
    /// In a call: since it was told to make it and until its return was reported.
    called: bool,
    /// Reported to sleep in it.
    blocked: bool,
    /// To be interrupted until the call has returned.
    interrupted: bool,
}

/// A call takes microseconds to return or to sleep, unless the machine is busy.
const SOON: Duration = Duration::from_micros(100);

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
}

impl CallThreadStates {
    /// Those of these sides. They report through `orders`.
    pub(super) fn start<T: From<Report> + Send + 'static>(
        sides: &[Side],
        leaving: Leaving,
        orders: Orders<T>,
    ) -> io::Result<CallThreadStates> {
        let tables = Arc::new(Tables::new(sides)?);
        let (reports, inbox) = channel::<Report>();
        let relay = move || inbox.iter().for_each(|report| orders.give(T::from(report)));
        let relay = thread::Builder::new().name("reports".into()).stack_size(128 * 1024).spawn(relay)?;
        let mut hands =
            CallThreadStates { hands: BTreeMap::new(), tables, reports: Some(reports), relay: Some(relay), leaving };
        for side in sides {
            hands.add((*side, 0))?;
        }
        Ok(hands)
    }

    fn add(&mut self, who: OwnThread) -> io::Result<()> {
        let reports = self.reports.clone().filter(|_| self.hands.len() < MOST);
        let reports = reports.ok_or_else(|| io::Error::from(Cause::ManyThreads(MOST as u32)))?;
        let (descriptors, leaving) = (self.tables.descriptors(who.0)?, self.leaving);
        let start = move || SideThread::start(who, leaving, descriptors, reports);
        let thread = self.tables.within(who.0, start)??;
        self.hands.insert(who, CallThreadState { thread, called: false, blocked: false, interrupted: false });
        Ok(())
    }

    /// Where the sides' descriptors are.
    pub(super) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    /// Whether a call can't be made because its descriptor is one of this program's own, where a side has no table of
    /// descriptors to itself.
    pub(super) fn refuses(&self, side: Side, call: &Call) -> bool {
        let anothers = |fd| self.tables.descriptors(side).is_ok_and(|descriptors| descriptors.is_anothers(fd));
        call.fds().any(anothers)
    }

    /// Has a thread make a call. One that isn't there yet is started, and serves the call's descriptor from now on.
    ///
    /// # Errors
    /// Where the thread can't be started.
    pub(super) fn call(&mut self, who: OwnThread, call: Call) -> io::Result<()> {
        if !self.hands.contains_key(&who) {
            self.add(who)?;
            if let Some(fd) = call.fd() {
                self.tables.descriptors(who.0)?.serve(fd, who.1);
            }
        }
        if let Some(hand) = self.hands.get_mut(&who) {
            hand.called = true;
            hand.thread.call(call);
        }
        Ok(())
    }

    /// A thread's call came back. A worker that has no descriptor left is dismissed.
    pub(super) fn returned(&mut self, who: OwnThread, idle: bool) {
        if let Some(hand) = self.hands.get_mut(&who) {
            (hand.called, hand.blocked, hand.interrupted) = (false, false, false);
        }
        if idle && who.1 > 0 {
            self.hands.remove(&who);
        }
    }

    /// A signal is to interrupt the call of a side's own hand.
    pub(super) fn interrupt(&mut self, side: Side) {
        if let Some(hand) = self.hands.get_mut(&(side, 0)).filter(|hand| hand.called) {
            hand.interrupted = true;
        }
    }

    /// Asks the kernel of each thread that is in a call whether it sleeps there; returns those of whom that is new. Repeats
    /// the signals that are wanted.
    pub(super) fn look(&mut self) -> Vec<OwnThread> {
        let mut asleep = Vec::new();
        for (who, hand) in &mut self.hands {
            if hand.interrupted {
                hand.thread.interrupt();
            } else if hand.called && !hand.blocked && hand.thread.sleeps() {
                hand.blocked = true;
                asleep.push(*who);
            }
        }
        asleep
    }

    /// How soon [`CallThreadStates::look`] is to be called again, since a call is about to return or to sleep; `None` where none is.
    pub(super) fn look_again(&self) -> Option<Duration> {
        let on_the_way = self.hands.values().any(|hand| hand.called && (!hand.blocked || hand.interrupted));
        on_the_way.then_some(SOON)
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
                Some(Report::Returned { who: of, outcome, idle, .. }) => {
                    assert_eq!(of, who);
                    hands.returned(who, idle);
                    return outcome;
                }
                Some(Report::Signalled(..)) => {}
                Some(Report::Died(why)) => panic!("{why}"),
                None => drop(super::super::poll::poll_readable([inbox.waker()], None).unwrap()),
            }
        }
    }

    #[test]
    fn every_number_of_a_sides_table_is_the_kernels_to_judge() {
        let (orders, inbox) = Orders::new().unwrap();
        let mut hands = CallThreadStates::start(&[Side::Server], Leaving::Close, orders).unwrap();
        let (own, worker) = ((Side::Server, 0), (Side::Server, 9));
        let nodelay = SocketOption::by_name("TCP_NODELAY").unwrap();
        let set = |fd| Call::SetOption { fd, option: nodelay, value: 1 };
        let fd = made(&mut hands, &inbox, own, Call::Socket { ipv6: false, udp: false }).unwrap().value as i32;
        assert_eq!(fd, 3);
        // A worker's descriptor is the side's: any of its threads may name it.
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
