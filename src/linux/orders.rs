//! How a thread that sleeps on descriptors is told what to do: the one that has a walk's lab, or talks with it.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::sides::Report;
use crate::lab::Request;

/// What such a thread is told.
pub(super) enum Order {
    /// This process's own walk asks for something.
    Request(Request),
    /// A call thread of this process reports.
    Report(Report),
    /// This process's walk is over.
    Stop,
}

impl From<Report> for Order {
    fn from(report: Report) -> Order {
        Order::Report(report)
    }
}

/// A way to tell the thread something: an order, and a byte in the pipe on which it sleeps.
pub(super) struct Orders<T> {
    sender: Sender<T>,
    waker: PipeWriter,
}

impl<T> Orders<T> {
    /// A way to give orders, and its other end.
    pub(super) fn new() -> io::Result<(Orders<T>, Inbox<T>)> {
        let (heard, waker) = io::pipe()?;
        let (sender, orders) = channel();
        Ok((Orders { sender, waker }, Inbox { orders, waker: heard }))
    }

    pub(super) fn give(&self, order: T) {
        // Where the thread has ended, nobody is left to be told.
        if self.sender.send(order).is_ok() {
            let _ = (&self.waker).write_all(&[0]);
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Orders<T>> {
        Ok(Orders { sender: self.sender.clone(), waker: self.waker.try_clone()? })
    }
}

/// What the thread hears.
pub(super) struct Inbox<T> {
    orders: Receiver<T>,
    waker: PipeReader,
}

impl<T> Inbox<T> {
    /// Takes over all orders that were given.
    pub(super) fn take(&self) -> impl Iterator<Item = T> {
        self.orders.try_iter()
    }

    /// What becomes readable when there are orders.
    pub(super) fn waker(&self) -> BorrowedFd<'_> {
        self.waker.as_fd()
    }

    /// Silences the waker once it has rung. Each order rang once; one read empties the pipe or leaves the rest for later. Whether
    /// anybody is left who could give another one.
    pub(super) fn silence(&self) -> io::Result<bool> {
        (&self.waker).read(&mut [0; 64]).map(|rang| rang > 0)
    }
}
