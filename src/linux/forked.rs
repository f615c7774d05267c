//! What the calls of a side's processes make: sockets, and children in the middle of a walk.

use super::descriptors::NewSocket;
use super::environment::failed;
use super::serve::Server;
use super::shared::ToMember;
use crate::lab::{Failure, Input, OwnThread};
use crate::model::{Actor, Aim, Outcome};

impl Server {
    /// Has a member's thread call `fork()`; the child goes as this one of its side's actors.
    pub(super) fn fork(&mut self, number: u32, thread: OwnThread, child: u32) -> Result<(), Failure> {
        match self.local_peer(number) {
            Some(local) => local.threads.fork(thread, child).map_err(failed(Aim::Thread.by("clone()"))),
            None => {
                self.tell(number, &ToMember::Fork(thread, child));
                Ok(())
            }
        }
    }

    /// A thread's call made a socket.
    pub(super) fn made(&mut self, number: u32, thread: OwnThread, socket: Option<NewSocket>) {
        if let Some((actor, socket)) = self.lab.actor(number, thread).zip(socket) {
            self.environment.sockets.made(actor, socket);
        }
    }

    /// A thread's call came back; a child that it made has these sockets.
    pub(super) fn returned(&mut self, number: u32, thread: OwnThread, outcome: Outcome, inherited: Vec<NewSocket>) {
        let told = outcome.as_ref().ok().and_then(|returned| returned.child);
        let parent = self.lab.actor(number, thread);
        self.lab.handle(self.environment.now(), Input::Returned(number, thread, outcome));
        // What isn't the lab's child is nobody's.
        let Some((parent, child)) = parent.zip(told).map(|(parent, nth)| (parent, Actor { nth, ..parent })) else {
            return;
        };
        if self.lab.trace().present().fork_of(child).is_some_and(|fork| fork.parent == parent) {
            self.environment.sockets.inherited((parent, child), inherited);
        }
    }
}
