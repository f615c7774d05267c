//! How the directing thread of a walk is told what to do, and where it runs.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::sides::Report;
use crate::engine::Request;
use crate::model::LabSettings;

/// Where a walk is to run.
#[derive(Clone, Debug)]
pub enum Place {
    /// In a new lab with these settings; the process has the rights for it ([`super::gain_rights`]).
    Lab(LabSettings),
    /// On the machine's own loopback.
    Host,
}

/// What the directing thread is told.
pub(super) enum Order {
    /// The runner asks for something.
    Request(Request),
    /// A side's thread reports.
    Report(Report),
    /// The walk is over.
    Stop,
}

/// A way to tell the directing thread something: an order, and a byte in the pipe on which it sleeps.
pub(super) struct Orders {
    sender: Sender<Order>,
    bell: PipeWriter,
}

impl Orders {
    /// A way to give orders, and its other end.
    pub(super) fn new() -> io::Result<(Orders, Inbox)> {
        let (heard, bell) = io::pipe()?;
        let (sender, orders) = channel();
        Ok((Orders { sender, bell }, Inbox { orders, bell: heard }))
    }

    pub(super) fn give(&self, order: Order) {
        // Where the directing thread has ended, nobody is left to be told.
        if self.sender.send(order).is_ok() {
            let _ = (&self.bell).write_all(&[0]);
        }
    }

    pub(super) fn try_clone(&self) -> io::Result<Orders> {
        Ok(Orders { sender: self.sender.clone(), bell: self.bell.try_clone()? })
    }
}

/// What the directing thread hears.
pub(super) struct Inbox {
    pub(super) orders: Receiver<Order>,
    pub(super) bell: PipeReader,
}
