//! The loop: wait for a message, take all that have come, draw if something changed.
//!
//! It sleeps in the channel without a timeout unless something on the screen moves by itself.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::Backend;

use super::{App, Catalogue, Effect, Msg, NotOpened, Opened, Walk, draw, update};
use crate::engine::Request;

/// What the loop needs of the program around it. What has a body here is that of a program without other lessons.
pub trait Host {
    /// The time since the walk began.
    fn now(&self) -> Duration;
    /// Hands a request to the world.
    fn request(&mut self, request: Request);
    /// The walk may have gone on: called each time that all messages were taken.
    fn went_on(&mut self, walk: &dyn Walk);
    /// Ends the world and makes a fresh one, whose clock begins at zero. Its happenings come as
    /// [`Msg::World`] with this generation. `leaving` is the walk whose place it takes: what was reached in it is kept.
    ///
    /// # Errors
    /// A sentence for the learner where it can't be made.
    fn restart(&mut self, leaving: &dyn Walk, generation: u64) -> Result<Opened, String>;
    /// The lessons, at this moment. `walk` is the one that is shown.
    ///
    /// # Errors
    /// A sentence for the learner where they can't be listed.
    fn catalogue(&mut self, _walk: &dyn Walk) -> Result<Catalogue, String> {
        Err(String::new())
    }
    /// Makes a fresh world for the lesson of this name in the place of the old one; as [`Host::restart`]. `None` where the program ends here, to go on with the lesson anew.
    ///
    /// # Errors
    /// [`NotOpened`] where it can't be opened.
    fn open(&mut self, _lesson: &str, _leaving: &dyn Walk, _generation: u64) -> Result<Option<Opened>, NotOpened> {
        Ok(None)
    }
}

/// Runs the interface until the learner quits, or until nobody can send messages any more.
///
/// # Errors
/// The terminal's own, where it can't be drawn to.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    app: &mut App,
    inbox: &Receiver<Msg>,
    host: &mut impl Host,
) -> Result<(), B::Error> {
    loop {
        if app.take_changed() {
            terminal.draw(|frame| draw(frame, app))?;
        }
        let Some(first) = wait(app, inbox, host) else { return Ok(()) };
        let mut next = Some(first);
        // All that has come is taken before the next frame, so that a burst costs one.
        while let Some(msg) = next {
            if !take(app, msg, host) {
                return Ok(());
            }
            next = inbox.try_recv().ok();
        }
        host.went_on(app.walk());
    }
}

fn wait(app: &App, inbox: &Receiver<Msg>, host: &impl Host) -> Option<Msg> {
    match app.wake_at() {
        None => inbox.recv().ok(),
        Some(at) => match inbox.recv_timeout(at.saturating_sub(host.now())) {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) => Some(Msg::Tick),
            Err(RecvTimeoutError::Disconnected) => None,
        },
    }
}

/// Takes one message; `false` where the program is to end.
fn take(app: &mut App, msg: Msg, host: &mut impl Host) -> bool {
    for effect in update(app, msg, host.now()) {
        match effect {
            Effect::Request(request) => host.request(request),
            Effect::Quit => return false,
            Effect::Restart => match host.restart(app.walk(), app.generation() + 1) {
                Ok(opened) => {
                    app.restarted(opened.walk);
                    app.reached_before(opened.again, opened.kept);
                }
                Err(why) => app.not_restarted(why),
            },
            Effect::List(overlay) => match host.catalogue(app.walk()) {
                Ok(catalogue) => app.listed(catalogue, overlay),
                Err(why) => app.not_restarted(why),
            },
            Effect::Open(lesson) => match host.open(&lesson, app.walk(), app.generation() + 1) {
                Ok(Some(opened)) => app.opened(opened),
                Ok(None) => return false,
                Err(error) => app.not_opened(&lesson, error),
            },
        }
    }
    true
}
