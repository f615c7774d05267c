//! The process that keeps a lab for others: it has no walk of its own, and ends when nobody takes part any more.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use super::environment::{Environment, WalkPlace};
use super::gate::Gate;
use super::hand_over::{HandedDescriptor, receive, serve};
use super::lab::{Refused, refused};
use super::serve::{RemotePeers, Server};
use super::shared::{LabFolder, LabName, Members, Programs};
use super::sys;
use crate::lab::{Failure, Lab, LabOptions};
use crate::model::{Aim, LabSettings, Mode};

/// How many may have connected that weren't let in yet: as many as the system allows, as the standard library has it.
const BACKLOG: i32 = -1;

/// A lab that is about to be kept.
pub struct StartingDaemon {
    server: Server,
}

/// Makes a lab in the calling process, which must have the rights for it ([`super::gain_rights`]) and no second
/// thread. Others can take part from now on; [`StartingDaemon::keep`] serves them.
///
/// # Errors
/// The first step that the system refused.
pub fn keep(folder: &LabFolder, name: &LabName, place: &WalkPlace) -> Result<StartingDaemon, Refused> {
    // Where it was started from a shell, it leads no group yet; where it does, it has no terminal to lose.
    let _ = sys::leave_terminal();
    let (listener, name) = folder.listen(name).map_err(refused(Aim::Door.by("bind(AF_UNIX)")))?;
    let mut environment = Environment::enter(place, Gate::OpensWithoutUs, Instant::now())?;
    environment.bound_flight(false);
    environment.sockets.share();
    let members = Members::new(listener).map_err(refused(Aim::Door.by("fcntl(O_NONBLOCK)")))?;
    let lab = Lab::new(LabOptions { wire: environment.wire(), copies: place.copies(), resident: None });
    let remote = RemotePeers { members, name: Some(name), programs: Some(Programs::default()), lesson: None };
    Ok(StartingDaemon { server: Server { remote: Some(remote), ..Server::new(place.mode(), environment, lab) } })
}

/// Takes over a lab that another process has begun, and that leaves it to this one, which it has started for that in the
/// lab's namespaces: `control` is the link to it. [`StartingDaemon::keep`] serves those who take part.
///
/// # Errors
/// Where what was left isn't whole, or the other process doesn't wait any more.
pub fn take_over(
    folder: &LabFolder,
    name: &LabName,
    settings: &LabSettings,
    control: OwnedFd,
) -> io::Result<StartingDaemon> {
    let incomplete = || io::Error::from(io::ErrorKind::InvalidData);
    let _ = sys::leave_terminal();
    let mut moved = receive(control)?;
    let place = if moved.header.mode == Mode::Lab { WalkPlace::Lab(settings.clone()) } else { WalkPlace::Host };
    let (listener, link) = moved.take_ends().ok_or_else(incomplete)?;
    let part = |(moving, fd)| if let HandedDescriptor::Part(part) = moving { Some((part, fd)) } else { None };
    let parts = std::mem::take(&mut moved.descriptors).into_iter().filter_map(part).collect();
    let environment = Environment::resume(&place, moved.epoch, parts).map_err(|refused| refused.error)?;
    let mut environment = environment.ok_or_else(incomplete)?;
    let options = LabOptions { wire: environment.wire(), copies: place.copies(), resident: None };
    let lab = Lab::resume(options, std::mem::take(&mut moved.entries), environment.now());
    environment.sockets.resume(lab.trace());
    environment.sockets.share();
    // Who connects from now on is told of this process (`SO_PEERCRED`).
    rustix::net::listen(&listener, BACKLOG)?;
    let mut members = Members::new(listener)?;
    members.resume(moved.header.member.clone(), link, lab.trace().now())?;
    let remote =
        RemotePeers { members, name: Some(folder.resume(name)?), programs: Some(Programs::default()), lesson: None };
    moved.arrived()?;
    Ok(StartingDaemon { server: Server { remote: Some(remote), ..Server::new(place.mode(), environment, lab) } })
}

impl StartingDaemon {
    /// Serves those who take part until the last one has left.
    ///
    /// # Errors
    /// Why the lab couldn't go on; they were told.
    pub fn keep(self) -> Result<(), Failure> {
        serve(self.server).map(drop)
    }
}
