//! The interface on the terminal: what every walk that is shown there needs around it.

use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::sync::mpsc::{Receiver, Sender, channel};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use sockwalk::cli::{Exit, Invocation, ThemeChoice};
use sockwalk::theme::{Choice, Theme};
use sockwalk::tui::{self, App, Guard, Host, Look, Msg, Walk};

/// Whether there is a terminal to draw on.
pub fn is_possible() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    super::out::is_terminal() && io::stdin().is_terminal() && !dumb
}

/// The colours and words that were chosen.
pub fn look(invocation: &Invocation) -> Result<Look, Exit> {
    let theme = Theme::load(choice(invocation.theme).resolve()).map_err(trouble)?;
    Look::new(invocation.lang, theme).map_err(trouble)
}

fn choice(theme: ThemeChoice) -> Choice {
    match theme {
        ThemeChoice::Auto => Choice::Auto,
        ThemeChoice::Dark => Choice::Dark,
        ThemeChoice::Light => Choice::Light,
        ThemeChoice::Mono => Choice::Mono,
    }
}

/// Something that no sentence foresees.
pub fn trouble(error: impl std::fmt::Display) -> Exit {
    Exit { status: 1, text: format!("sockwalk: {error}\n") }
}

/// A walk that was shown, and how that ended.
pub struct Shown {
    /// The interface as it was left.
    pub app: App,
    /// Whether the terminal could be drawn to until the end.
    pub drawn: bool,
    signal: Receiver<i32>,
}

impl Shown {
    /// Ends the process by the signal that ended the interface, if one did: so that whoever sent it sees the end that it
    /// wanted. Call it when everything is cleaned up.
    pub fn pass_signal_on(&self) {
        if let Ok(signal) = self.signal.try_recv() {
            let _ = emulate_default_handler(signal);
        }
    }
}

/// Shows a walk until the learner quits. `sender` is the other end of `inbox`; `prepare` sees the interface first.
pub fn show(
    walk: Box<dyn Walk>,
    look: Look,
    (sender, inbox): (Sender<Msg>, &Receiver<Msg>),
    host: &mut impl Host,
    prepare: impl FnOnce(&mut App),
) -> Result<Shown, Exit> {
    let (columns, rows) = crossterm::terminal::size().map_err(trouble)?;
    let signal = watch_signals(sender.clone())?;
    let guard = Guard::new().map_err(trouble)?;
    #[allow(clippy::disallowed_methods)] // The interface's own drawing, which filters what it draws.
    let stdout = io::stdout();
    // The guard gives the terminal back. ratatui's own end would print where it can't, and so panic where nobody reads.
    let mut terminal = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(stdout)).map_err(trouble)?);
    let mut app = App::new(walk, look, columns, rows);
    prepare(&mut app);
    tui::listen(sender).map_err(trouble)?;
    let drawn = tui::run(&mut terminal, &mut app, inbox, host).is_ok();
    host.went_on(app.walk());
    drop(guard);
    Ok(Shown { app, drawn, signal })
}

/// Ends the interface when a signal wants the program to end. Returns where that signal can be read afterwards.
fn watch_signals(inbox: Sender<Msg>) -> Result<Receiver<i32>, Exit> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT]).map_err(trouble)?;
    let (caught, signal) = channel();
    let watch = move || {
        if let Some(number) = signals.forever().next() {
            let _ = caught.send(number);
            let _ = inbox.send(Msg::Quit);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(watch).map_err(trouble)?;
    Ok(signal)
}
