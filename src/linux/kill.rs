//! How the process that makes a side's calls is ended in the middle of a walk.

use super::serve::Server;
use super::shared::ToMember;
use crate::model::{Actor, SideProcess};

impl Server {
    /// Ends a process of a member's side, which is this actor: what it had open is nobody's any more.
    pub(super) fn kill(&mut self, number: u32, process: SideProcess, actor: Actor) {
        match self.local_peer(number) {
            Some(local) => local.threads.kill(process),
            None => self.tell(number, &ToMember::Kill(process)),
        }
        self.environment.sockets.left(actor);
    }
}
