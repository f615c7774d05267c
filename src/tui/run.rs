//! The loop: wait for a message, take all that have come, draw if something changed.
//!
//! It sleeps in the channel without a timeout unless something on the screen moves by itself.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;

use super::{App, AppEffect, Catalogue, Msg, NotOpened, Opened, StopRequest, draw, update};
use crate::i18n::Lang;
use crate::model::{Pace, Side};
use crate::walk::{Request, Walk};

/// What the loop needs of the program around it. What has a body here is that of a program without other lessons.
pub trait Host {
    /// The time since the walk began.
    fn now(&self) -> Duration;
    /// Hands a request to the world.
    fn request(&mut self, request: Request);
    /// A message is taken: for who measures how long it takes until it is seen.
    fn takes(&mut self, _msg: &Msg) {}
    /// The walk may have gone on: called each time that all messages were taken.
    fn went_on(&mut self, walk: &Walk);
    /// Ends the world and makes a fresh one, whose clock begins at zero. Its happenings come as
    /// [`Msg::World`] with this generation. `leaving` is the walk whose place it takes: what was reached in it is kept.
    ///
    /// # Errors
    /// A sentence for the learner where it can't be made.
    fn restart(&mut self, leaving: &Walk, generation: u64) -> Result<Opened, String>;
    /// The terminals of programs have so many columns and rows; called before the first frame, and whenever it may have changed.
    fn console_size(&mut self, _size: (u16, u16)) {}
    /// Types something to the program of a part.
    fn type_in(&mut self, _side: Side, _bytes: Vec<u8>) {}
    /// Starts the program of a part again, which has ended. What becomes of it comes as [`Msg::Program`].
    fn start_program(&mut self, _side: Side) {}
    /// What it says from now on, it says in this language.
    fn speak(&mut self, _lang: Lang) {}
    /// The lessons, at this moment. `walk` is the one that is shown.
    ///
    /// # Errors
    /// A sentence for the learner where they can't be listed.
    fn catalogue(&mut self, _walk: &Walk) -> Result<Catalogue, String> {
        Err(String::new())
    }
    /// Makes a fresh world for the lesson of this name in the place of the old one; as [`Host::restart`]. `None` where the program ends here, to go on with the lesson anew.
    ///
    /// # Errors
    /// [`NotOpened`] where it can't be opened.
    fn open(&mut self, _lesson: &str, _leaving: &Walk, _generation: u64) -> Result<Option<Opened>, NotOpened> {
        Ok(None)
    }
    /// Gives the terminal back, stops the process until somebody continues it, and takes the terminal again.
    ///
    /// # Errors
    /// The terminal's own.
    fn suspend(&mut self, _stop: StopRequest) -> io::Result<()> {
        Ok(())
    }
    /// Takes the terminal anew: the process stood still, and it may have been set otherwise.
    ///
    /// # Errors
    /// The terminal's own.
    fn continued(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why the interface couldn't go on.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunError<E> {
    #[error("the terminal can't be drawn to")]
    Draw(E),
    #[error("the terminal can't be taken")]
    Take(io::Error),
}

/// Of frames that come without end, one in this time: each costs milliseconds that the lab and its programs need too.
const FRAME: Duration = Duration::from_millis(25);

/// So many frames may come at once before that, and after a key.
const FRAMES_AT_ONCE: u32 = 8;

/// Runs the interface until the learner quits, or until nobody can send messages any more.
///
/// # Errors
/// The terminal's own, where it can't be drawn to.
pub fn run<B: Backend>(
    terminal: &mut Terminal<B>,
    app: &mut App,
    inbox: &Receiver<Msg>,
    host: &mut impl Host,
) -> Result<(), RunError<B::Error>> {
    let (mut pace, mut asked_for) = (Pace::new(FRAME, FRAMES_AT_ONCE), true);
    loop {
        host.console_size(app.console_size());
        let rest = if asked_for { None } else { pace.rest(host.now()) };
        let first = match rest.map(|rest| inbox.recv_timeout(rest)) {
            Some(Ok(msg)) => Some(msg),
            Some(Err(RecvTimeoutError::Disconnected)) => None,
            None | Some(Err(RecvTimeoutError::Timeout)) => {
                if draw_changed(terminal, app)? {
                    pace.came(host.now(), asked_for);
                }
                asked_for = false;
                wait(app, inbox, host)
            }
        };
        let Some(first) = first else { return Ok(()) };
        let taken = take_all(terminal, app, (first, inbox), host)?;
        if !taken.stays {
            return Ok(());
        }
        asked_for |= taken.asked_for;
    }
}

/// Draws a frame, if anything has changed since the last one; whether it has.
///
/// # Errors
/// The terminal's own.
pub fn draw_changed<B: Backend>(terminal: &mut Terminal<B>, app: &mut App) -> Result<bool, RunError<B::Error>> {
    let changed = app.take_changed();
    if changed {
        terminal.draw(|frame| draw(frame, app)).map_err(RunError::Draw)?;
    }
    Ok(changed)
}

/// What [`take_all`] came to.
pub struct TakenBurst {
    /// The program goes on.
    pub stays: bool,
    /// Not all of it is what the lab, programs and the clock bring by themselves.
    pub asked_for: bool,
}

/// Takes a message and all that have come behind it before the next frame, so that a burst costs one.
///
/// # Errors
/// As [`run`].
pub fn take_all<B: Backend>(
    terminal: &mut Terminal<B>,
    app: &mut App,
    (first, inbox): (Msg, &Receiver<Msg>),
    host: &mut impl Host,
) -> Result<TakenBurst, RunError<B::Error>> {
    let (mut next, mut asked_for) = (Some(first), false);
    while let Some(msg) = next {
        host.takes(&msg);
        asked_for |= !matches!(msg, Msg::World(..) | Msg::Printed | Msg::Tick);
        if !take(terminal, app, msg, host)? {
            return Ok(TakenBurst { stays: false, asked_for });
        }
        next = inbox.try_recv().ok();
    }
    host.went_on(app.walk());
    Ok(TakenBurst { stays: true, asked_for })
}

/// Waits for a message, or for the time at which something is due; `None` where nobody can send any more.
pub fn wait(app: &App, inbox: &Receiver<Msg>, host: &impl Host) -> Option<Msg> {
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
fn take<B: Backend>(
    terminal: &mut Terminal<B>,
    app: &mut App,
    msg: Msg,
    host: &mut impl Host,
) -> Result<bool, RunError<B::Error>> {
    for effect in update(app, msg, host.now()) {
        host.speak(app.lang());
        match effect {
            AppEffect::Request(request) => host.request(request),
            AppEffect::TypeIn(side, bytes) => host.type_in(side, bytes),
            AppEffect::StartProgram(side) => host.start_program(side),
            AppEffect::Quit => return Ok(false),
            AppEffect::Suspend(stop) => {
                host.suspend(stop).map_err(RunError::Take)?;
                draw_anew(terminal, app)?;
            }
            AppEffect::Continued => {
                host.continued().map_err(RunError::Take)?;
                draw_anew(terminal, app)?;
            }
            AppEffect::Restart => match host.restart(app.walk(), app.generation() + 1) {
                Ok(opened) => {
                    app.restarted(opened.walk);
                    app.reached_before(opened.reached);
                }
                Err(why) => app.not_restarted(why),
            },
            AppEffect::List(overlay) => match host.catalogue(app.walk()) {
                Ok(catalogue) => app.listed(catalogue, overlay),
                Err(why) => app.not_restarted(why),
            },
            AppEffect::Open(lesson) => match host.open(&lesson, app.walk(), app.generation() + 1) {
                Ok(Some(opened)) => app.opened(opened),
                Ok(None) => return Ok(false),
                Err(error) => app.not_opened(&lesson, error),
            },
        }
    }
    Ok(true)
}

/// Whatever was on the screen is gone, and the window may have another size: who stands still isn't told.
fn draw_anew<B: Backend>(terminal: &mut Terminal<B>, app: &mut App) -> Result<(), RunError<B::Error>> {
    let size = terminal.size().map_err(RunError::Draw)?;
    // Not `clear`, which asks the terminal where its cursor is: its answer would go to the thread that reads keys.
    terminal.resize(Rect::from(size)).map_err(RunError::Draw)?;
    app.resized(size.width, size.height);
    Ok(())
}
