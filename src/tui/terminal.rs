//! The terminal made ready and given back as it was.

#![allow(clippy::disallowed_methods)] // Modes of the terminal are set here, not text written.

use std::io::{self, Write, stdout};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use crossterm::execute;
use crossterm::terminal::{self, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};

use super::Msg;
use super::late_answer::LateAnswer;
use crate::theme::Background;

/// Presses and the wheel, not every movement: those would wake the program for nothing.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// The question for its background (OSC 11), ended as the oldest terminals want it.
const ASK: &[u8] = b"\x1b]11;?\x07";

/// Whether the terminal is ours at the moment, so that it is given back exactly once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal is ours while this lives: the alternate screen, raw mode, the mouse, bracketed paste.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Makes the terminal ready, and sees to it that a panic gives it back before its message is printed.
    /// Install other panic hooks before. Where it `asks`, the terminal is asked for its background: the answer comes among the keys, to
    /// who [listens](listen).
    ///
    /// # Errors
    /// The terminal's own; it is then as it was.
    pub fn new(asks: bool) -> io::Result<Guard> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            restore();
            hook(info);
        }));
        let guard = Guard(());
        guard.make_ready(asks)?;
        Ok(guard)
    }

    /// Gives the terminal back for a while, so that the program can be stopped.
    pub fn release(&self) {
        restore();
    }

    /// Makes the terminal ready, again where it was: while the program stood still, others may have set it.
    ///
    /// # Errors
    /// The terminal's own.
    pub fn take(&self) -> io::Result<()> {
        self.make_ready(false)
    }

    fn make_ready(&self, asks: bool) -> io::Result<()> {
        restore();
        TAKEN.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        if asks {
            // Behind raw mode, else the answer would be echoed; before the screen, on which a terminal that doesn't know the question might
            // leave something of it.
            stdout().write_all(ASK)?;
        }
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        stdout().write_all(MOUSE_ON)?;
        stdout().flush()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back. Each part is tried, also where another fails: the terminal may be gone.
fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    let _ = out.write_all(MOUSE_OFF);
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    let _ = out.flush();
}

/// Starts the thread that reads the terminal and sends what it reads, and that its size isn't this one any more. It ends when
/// nobody listens any more, or with [`Msg::Quit`] when the terminal is gone. What the terminal says of its background goes to who is
/// returned, for the first frame, and for all later ones as [`Msg::Background`].
///
/// # Errors
/// Where no thread can be had.
pub fn listen(inbox: Sender<Msg>, size: (u16, u16)) -> io::Result<Receiver<Background>> {
    let (answers, first) = channel();
    let listens = thread::Builder::new().name("terminal".into()).spawn(move || {
        let mut late = LateAnswer::default();
        // Only from the first question on is a change of the size heard (SIGWINCH): one before that shows in the size.
        let _ = event::poll(Duration::ZERO);
        if let Ok(now) = terminal::size().map(|(columns, rows)| Event::Resize(columns, rows))
            && now != Event::Resize(size.0, size.1)
            && inbox.send(Msg::Terminal(now)).is_err()
        {
            return;
        }
        while let Ok(event) = event::read() {
            let keys = late.take(event).into_iter().map(Msg::Terminal);
            let answer = late.background();
            // Who has drawn the first frame doesn't wait for it any more.
            if let Some(background) = answer {
                let _ = answers.send(background);
            }
            if keys.chain(answer.map(Msg::Background)).any(|msg| inbox.send(msg).is_err()) {
                return;
            }
        }
        // Where nobody listens any more, it ends anyway.
        let _ = inbox.send(Msg::Quit);
    });
    listens.map(|_| first)
}
