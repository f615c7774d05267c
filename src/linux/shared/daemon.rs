//! The process that keeps a lab for others: it has no walk of its own, and ends when nobody takes part any more.

use std::collections::VecDeque;
use std::time::Instant;

use super::folder::{Folder, LabName};
use super::members::Members;
use super::programs::Programs;
use crate::lab::{Failure, Lab, Options};
use crate::linux::environment::{Environment, Place};
use crate::linux::gate::Gate;
use crate::linux::lab::{Refused, refused};
use crate::linux::serve::{RemotePeers, Server};
use crate::linux::sys;

/// A lab that is about to be kept.
pub struct Keeping {
    server: Server,
}

/// Makes a lab in the calling process, which must have the rights for it ([`super::super::gain_rights`]) and no second
/// thread. Others can take part from now on; [`Keeping::keep`] serves them.
///
/// # Errors
/// The first step that the system refused.
pub fn keep(folder: &Folder, name: &LabName, place: &Place) -> Result<Keeping, Refused> {
    // Where it was started from a shell, it leads no group yet; where it does, it has no terminal to lose.
    let _ = sys::leave_terminal();
    let (listener, name) = folder.listen(name).map_err(refused("bind() of the lab's socket"))?;
    let mut environment = Environment::enter(place, Gate::OpensWithoutUs, Instant::now())?;
    environment.bound_flight();
    environment.sockets.share();
    environment.sockets.uses(true, true);
    let members = Members::new(listener).map_err(refused("O_NONBLOCK on the lab's socket"))?;
    let server = Server {
        mode: place.mode(),
        local: None,
        remote: Some(RemotePeers { members, name: Some(name), programs: Some(Programs::default()), lesson: None }),
        lab: Lab::new(Options { wire: environment.wire(), copies: place.copies(), resident: None }),
        environment,
        inbox: None,
        messages: VecDeque::new(),
    };
    Ok(Keeping { server })
}

impl Keeping {
    /// Serves those who take part until the last one has left.
    ///
    /// # Errors
    /// Why the lab couldn't go on; they were told.
    pub fn keep(self) -> Result<(), Failure> {
        self.server.serve()
    }
}
