//! The loop that drives a walk without a screen.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{Happening, Phase, Walk, WalkCommand, World};
use crate::model::Cause;

/// How long nothing may come before who drives is asked again, where the walk itself waits for no time.
const IDLE: Duration = Duration::from_secs(1);

/// What who drives a walk wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriveStep {
    /// This command is taken.
    Command(WalkCommand),
    /// To wait for what happens, or for the time at which the walk wants to be told.
    Wait,
    /// To leave.
    Leave,
}

/// The world is gone: nothing will happen any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldGone;

impl From<WorldGone> for Cause {
    fn from(_: WorldGone) -> Cause {
        Cause::ThreadEnded
    }
}

impl From<WorldGone> for std::io::Error {
    fn from(gone: WorldGone) -> Self {
        Cause::from(gone).into()
    }
}

/// Drives a walk: hands its requests to the world, and to it what happens there and the time. `now` is the time on the
/// walk's clock. `next` is asked each time that all requests were handed over.
///
/// # Errors
/// What `next` returned, or [`WorldGone`].
pub fn drive<E: From<WorldGone>>(
    walk: &mut Walk,
    world: &mut impl World,
    (inbox, now): (&Receiver<Vec<Happening>>, &dyn Fn() -> Duration),
    mut next: impl FnMut(&Walk) -> Result<DriveStep, E>,
) -> Result<(), E> {
    loop {
        while let Some(request) = walk.take_request() {
            world.request(request);
        }
        match next(walk)? {
            DriveStep::Command(command) => walk.command(command, now()),
            DriveStep::Wait => {
                let wait = walk.wake_at().map_or(IDLE, |at| at.saturating_sub(now()));
                match inbox.recv_timeout(wait) {
                    Ok(happened) => happened.into_iter().for_each(|happening| walk.happened(happening)),
                    Err(RecvTimeoutError::Timeout) => walk.tick(now()),
                    Err(RecvTimeoutError::Disconnected) => return Err(WorldGone.into()),
                }
            }
            DriveStep::Leave => return Ok(()),
        }
    }
}

/// What who goes straight through a lesson wants next: without predictions, and with the offered line.
pub fn straight_on(walk: &Walk) -> DriveStep {
    match walk.phase() {
        Phase::Finished | Phase::Failed(_) => DriveStep::Leave,
        Phase::Busy => DriveStep::Wait,
        Phase::Ready | Phase::Asking | Phase::Typing(_) => DriveStep::Command(WalkCommand::Next),
    }
}
