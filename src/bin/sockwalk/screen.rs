//! The interface on the terminal: what every walk that is shown there needs around it.

use std::io::{self, IsTerminal};
use std::mem::ManuallyDrop;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use ratatui::Terminal;
use signal_hook::consts::{
    SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGVTALRM, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use sockwalk::cli::{Exit, Invocation, ThemeChoice};
use sockwalk::i18n::{self, Lang, Texts, cause, fill, join};
use sockwalk::linux::{Refused, Stopping, stop};
use sockwalk::model::Side;
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{self, App, Appearance, Catalogue, Guard, Host, Msg, NotOpened, Opened, StopRequest};
use sockwalk::walk::{Request, Walk};

/// Whether there is a terminal to draw on.
pub fn is_possible() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    super::out::is_terminal() && io::stdin().is_terminal() && !dumb
}

/// What ends a program by default and can be caught. What a side's calls are interrupted by isn't among them, nor what says
/// that the program itself is broken.
const ENDING: [i32; 10] = [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ];

/// So long the first frame waits for the terminal's word on its background; what comes later is followed too.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// What has to be there before the terminal is taken.
pub struct Prepared {
    look: Appearance,
    /// The signal that ended the interface.
    signal: Receiver<i32>,
}

/// Hears signals, and finds the colours and words that were chosen. `sender` is the interface's.
///
/// # Errors
/// [`Exit`] where no thread can be had, or what was built in can't be used.
pub fn prepare(invocation: &Invocation, sender: Sender<Msg>) -> Result<Prepared, Exit> {
    // Before the terminal is touched at all.
    let signal = watch_signals(sender).map_err(trouble(invocation.lang))?;
    Ok(Prepared { look: look(invocation)?, signal })
}

fn look(invocation: &Invocation) -> Result<Appearance, Exit> {
    let colours = Colours::of_terminal(|name| std::env::var(name).ok());
    let choice = choice(invocation.theme);
    let theme = Theme::load(choice, colours).map_err(broken)?;
    let asks = choice.asks(colours).then_some(colours);
    let mut look = Appearance::new(invocation.lang, theme, super::out::glyphs()).map_err(broken)?;
    look.asks = asks;
    Ok(look)
}

/// The same while something is begun: so both take as long as the longer one, where the machine has a processor for each. Where it has
/// none free, the other thread may not have started when the first is done: then nobody waits for it.
///
/// # Errors
/// [`Exit`] where either fails.
pub fn prepare_while<T>(
    invocation: &Invocation,
    sender: Sender<Msg>,
    begin: impl FnOnce() -> Result<T, Exit>,
) -> Result<(Prepared, T), Exit> {
    let wanted = invocation.clone();
    let work = Arc::new(Mutex::new(Some(move || prepare(&wanted, sender))));
    let same = Arc::clone(&work);
    let look = thread::Builder::new().name("look".into()).spawn(move || Some(taken(&same)?()));
    let look = look.map_err(trouble(invocation.lang))?;
    let begun = begin()?;
    let prepared = match taken(&work) {
        Some(prepare) => prepare(),
        None => match look.join() {
            Ok(prepared) => prepared.unwrap_or_else(|| Err(broken("nothing is prepared"))),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    };
    Ok((prepared?, begun))
}

/// What one of several threads does, for the first that asks.
fn taken<F>(work: &Mutex<Option<F>>) -> Option<F> {
    work.lock().unwrap_or_else(PoisonError::into_inner).take()
}

fn choice(theme: ThemeChoice) -> Choice {
    match theme {
        ThemeChoice::Auto => Choice::Auto,
        ThemeChoice::Dark => Choice::Dark,
        ThemeChoice::Light => Choice::Light,
        ThemeChoice::Mono => Choice::Mono,
    }
}

/// What was built in can't be used: a fault of the program, for which it has no words then.
fn broken(error: impl std::fmt::Display) -> Exit {
    Exit { status: 1, text: format!("sockwalk: {error}\n") }
}

/// A sentence for what the system refused where nothing can go on without it.
pub fn trouble(lang: Lang) -> impl Fn(io::Error) -> Exit {
    move |error| cannot_go_on(&cause(lang, &error), lang)
}

/// The same of what was tried in steps.
pub fn refused(lang: Lang) -> impl Fn(Refused) -> Exit {
    move |refused| cannot_go_on(&i18n::refused(lang, &refused.attempt, &refused.error), lang)
}

/// The same, in words already.
pub fn cannot_go_on(why: &str, lang: Lang) -> Exit {
    let sentence = |texts: &Texts| join(&texts.cli.error, &fill(&texts.place.failed, &[("error", why)]));
    Exit { status: 1, text: Texts::load(lang).map_or_else(|_| format!("{why}\n"), |texts| sentence(texts) + "\n") }
}

/// A walk that was shown, and how that ended.
pub struct ShownWalk {
    /// The interface as it was left.
    pub app: App,
    /// Whether the terminal could be drawn to until the end.
    pub drawn: bool,
    signal: Receiver<i32>,
}

impl ShownWalk {
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
    shown: (Walk, Prepared),
    invocation: &Invocation,
    ends: (Sender<Msg>, &Receiver<Msg>),
    host: &mut impl Host,
    prepare: impl FnOnce(&mut App),
) -> Result<ShownWalk, Exit> {
    show_until(shown, invocation, ends, host, (prepare, |_: &mut _, _: &mut App| Ok(())))
}

/// The same of a walk whose world may not be there yet: `arrives` waits for it once the first page is drawn.
///
/// # Errors
/// The terminal's, and those of `arrives`.
pub fn show_until<H: Host>(
    (walk, prepared): (Walk, Prepared),
    invocation: &Invocation,
    (sender, inbox): (Sender<Msg>, &Receiver<Msg>),
    host: &mut H,
    (prepare, arrives): (impl FnOnce(&mut App), impl FnOnce(&mut H, &mut App) -> Result<(), Exit>),
) -> Result<ShownWalk, Exit> {
    let (columns, rows) = crossterm::terminal::size().map_err(trouble(invocation.lang))?;
    let Prepared { look, signal } = prepared;
    let asks = look.asks.is_some();
    let guard = Guard::new(asks).map_err(trouble(invocation.lang))?;
    #[allow(clippy::disallowed_methods)] // The interface's own drawing, which filters what it draws.
    let stdout = io::stdout();
    // The guard gives the terminal back. ratatui's own end would print where it can't, and so panic where nobody reads.
    let mut terminal = ManuallyDrop::new(Terminal::new(tui::Screen::new(stdout)).map_err(trouble(invocation.lang))?);
    let mut app = App::new(walk, look, columns, rows);
    prepare(&mut app);
    if let Some(lang) = invocation.lacks_lang {
        app.tell_of_lacking_lang(lang);
    }
    let listen = || tui::listen(sender, (columns, rows)).map_err(trouble(invocation.lang));
    // What is typed meanwhile waits in the terminal.
    let listens_later = if asks {
        if let Ok(background) = listen()?.recv_timeout(ANSWERED_WITHIN) {
            app.is_on(background);
        }
        None
    } else {
        Some(listen)
    };
    host.console_size(app.console_size());
    let drawn = tui::draw_changed(&mut terminal, &mut app).is_ok();
    listens_later.map(|listen| listen()).transpose()?;
    arrives(host, &mut app)?;
    let mut on_terminal = OnTerminal { host, guard: &guard };
    let drawn = drawn && tui::run(&mut terminal, &mut app, inbox, &mut on_terminal).is_ok();
    host.went_on(app.walk());
    drop(guard);
    Ok(ShownWalk { app, drawn, signal })
}

/// The host, and the terminal that is given back while the program stands still.
struct OnTerminal<'a, H> {
    host: &'a mut H,
    guard: &'a Guard,
}

impl<H: Host> Host for OnTerminal<'_, H> {
    fn now(&self) -> Duration {
        self.host.now()
    }

    fn request(&mut self, request: Request) {
        self.host.request(request);
    }

    fn went_on(&mut self, walk: &Walk) {
        self.host.went_on(walk);
    }

    fn restart(&mut self, leaving: &Walk, generation: u64) -> Result<Opened, String> {
        self.host.restart(leaving, generation)
    }

    fn console_size(&mut self, size: (u16, u16)) {
        self.host.console_size(size);
    }

    fn type_in(&mut self, side: Side, bytes: Vec<u8>) {
        self.host.type_in(side, bytes);
    }

    fn start_program(&mut self, side: Side) {
        self.host.start_program(side);
    }

    fn speak(&mut self, lang: Lang) {
        self.host.speak(lang);
    }

    fn catalogue(&mut self, walk: &Walk) -> Result<Catalogue, String> {
        self.host.catalogue(walk)
    }

    fn open(&mut self, lesson: &str, leaving: &Walk, generation: u64) -> Result<Option<Opened>, NotOpened> {
        self.host.open(lesson, leaving, generation)
    }

    fn suspend(&mut self, request: StopRequest) -> io::Result<()> {
        self.guard.release();
        stop(match request {
            StopRequest::Process => Stopping::Process,
            StopRequest::Job => Stopping::Group,
        })?;
        self.guard.take()
    }

    fn continued(&mut self) -> io::Result<()> {
        self.guard.take()
    }
}

/// Ends the interface when a signal wants the program to end, and tells it of those that stop and continue it. Returns
/// where the one that ended it can be read afterwards.
fn watch_signals(inbox: Sender<Msg>) -> io::Result<Receiver<i32>> {
    let mut signals = Signals::new(ENDING.iter().chain(&[SIGTSTP, SIGCONT]))?;
    let (caught, signal) = channel();
    let watch = move || {
        for number in signals.forever() {
            let msg = match number {
                SIGTSTP => Msg::Suspend,
                SIGCONT => Msg::Continued,
                ending => {
                    let _ = caught.send(ending);
                    Msg::Quit
                }
            };
            if inbox.send(msg).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".into()).spawn(watch)?;
    Ok(signal)
}
