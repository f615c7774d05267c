//! The threads that make the sides' calls, and how each stands. A side's own hand is thread 0; each of the others serves
//! one connection, whose descriptor it was given. All of a side's threads live where its descriptors are.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::descriptors::Tables;
use super::orders::Orders;
use super::sides::{Leaving, Report, SideThread, Who};
use crate::model::{Call, Side};

/// How a thread stands, as far as is known.
struct Hand {
    thread: SideThread,
    /// In a call: since it was told to make it and until its return was reported.
    called: bool,
    /// Reported to sleep in it.
    blocked: bool,
    /// To be interrupted until the call has returned.
    interrupted: bool,
}

/// The most threads that one process has for its sides.
const MOST: usize = 2048;

/// The threads of one process.
pub(super) struct Hands {
    hands: BTreeMap<Who, Hand>,
    tables: Arc<Tables>,
    // Last: its bell must ring in every table of descriptors until the threads there have ended.
    report: Arc<dyn Fn(Report) + Send + Sync>,
    leaving: Leaving,
}

impl Hands {
    /// Those of these sides. They report through `orders`.
    pub(super) fn start<T: From<Report> + Send + 'static>(
        sides: &[Side],
        leaving: Leaving,
        orders: Orders<T>,
    ) -> io::Result<Hands> {
        let tables = Arc::new(Tables::new(sides, orders.bell())?);
        let report = Arc::new(move |report| orders.give(T::from(report)));
        let mut hands = Hands { hands: BTreeMap::new(), tables, report, leaving };
        for side in sides {
            hands.add((*side, 0))?;
        }
        Ok(hands)
    }

    fn add(&mut self, who: Who) -> io::Result<()> {
        if self.hands.len() >= MOST {
            return Err(io::Error::from_raw_os_error(libc::EAGAIN));
        }
        let (report, leaving) = (Arc::clone(&self.report), self.leaving);
        let start = move || SideThread::start(who, leaving, move |told| report(told));
        let thread = self.tables.within(who.0, start)??;
        self.hands.insert(who, Hand { thread, called: false, blocked: false, interrupted: false });
        Ok(())
    }

    /// Where the sides' descriptors are.
    pub(super) fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.tables)
    }

    /// Has a thread make a call. One that isn't there yet is started, and the side's own hand gives it the call's
    /// descriptor; that hand must be in no call then.
    ///
    /// # Errors
    /// Where the thread can't be started.
    pub(super) fn call(&mut self, who: Who, call: Call) -> io::Result<()> {
        if !self.hands.contains_key(&who) {
            self.add(who)?;
            let given = call.fd().zip(self.hands.get(&(who.0, 0))).map(|(fd, own)| own.thread.give(fd));
            if let (Some(given), Some(hand)) = (given, self.hands.get(&who)) {
                hand.thread.take(given);
            }
        }
        if let Some(hand) = self.hands.get_mut(&who) {
            hand.called = true;
            hand.thread.call(call);
        }
        Ok(())
    }

    /// A thread's call came back. A worker that has no descriptor left is dismissed.
    pub(super) fn returned(&mut self, who: Who, idle: bool) {
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
    pub(super) fn look(&mut self) -> Vec<Who> {
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

    /// Whether a call is about to return or to sleep.
    pub(super) fn on_the_way(&self) -> bool {
        self.hands.values().any(|hand| hand.called && (!hand.blocked || hand.interrupted))
    }

    /// Whether each thread is idle or sleeps in its call at this moment.
    pub(super) fn at_rest(&self) -> bool {
        let rests = |hand: &Hand| !hand.called || (hand.blocked && !hand.interrupted && hand.thread.sleeps());
        self.hands.values().all(rests)
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        // All end at the same time.
        self.hands.values_mut().for_each(|hand| hand.thread.dismiss());
    }
}
