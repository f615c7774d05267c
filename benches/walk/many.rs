//! From a key to the frame that shows what came of it, in a shared lab with many connections.
//!
//! A program in the lab opens the connections while every segment goes on by itself, and then lets one after the other
//! say something, so that the kernel's table changes all the time. The interface is a free walk's, with its real loop;
//! what it is pressed for are calls, typed letter by letter, and all that scrolls or looks back.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use serde::{Deserialize, Serialize};
use sockwalk::i18n::Glyphs;
use sockwalk::i18n::Lang;
use sockwalk::linux::shared::JoinedLab;
use sockwalk::model::{Event, Side};
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{self, App, Appearance, Host, Msg, Opened};
use sockwalk::walk::{Free, FreeOptions, Happening, HappeningKind, Purpose, Request, Walk, World};

use crate::part;
use crate::screen::{SIZE, Screen};
use crate::shared::{Lab, memory};
use crate::table::{Aim, Row, percentile};

const AIM: Aim = Aim { at_most: 20.0, unit: " ms" };
/// The most that the interface's trace may take for each connection.
const MEMORY: Aim = Aim { at_most: 64.0, unit: " MiB" };
/// How long anything may take before something is wrong.
const LIMIT: Duration = Duration::from_secs(60);
/// How long the learner does nothing between two keys.
const PAUSE: Duration = Duration::from_millis(5);
/// How long one connection says nothing after the one before.
const TURN: Duration = Duration::from_millis(5);

/// What was measured, in milliseconds, seconds and MiB.
#[derive(Serialize, Deserialize)]
pub struct Measured {
    calls: Vec<f64>,
    keys: Vec<f64>,
    /// From the opening of the first connection until the interface shows the last one.
    opening: f64,
    entries: usize,
    /// By how much the daemon grew, and this process.
    growth: [f64; 2],
}

/// The rows: calls, the other keys, memory.
pub fn rows(connections: usize) -> Vec<Row> {
    let name = |what: &str| format!("{connections} connections, {what}");
    let names = [name("key to frame, 99 of 100: calls"), name("the other keys"), name("growth of daemon and walk")];
    let aims = [&AIM, &AIM, &MEMORY];
    match part::run("many", connections) {
        Ok(Measured { calls, keys, opening, entries, growth: [daemon, own] }) => {
            let note = |times: &[f64]| {
                let [half, worst] = [0.5, 1.0].map(|share| percentile(times, share));
                format!("{} keys, half {half:.2} ms, the slowest {worst:.2} ms", times.len())
            };
            let grown = format!("{daemon:.1} and {own:.1}; {entries} entries; all shown after {opening:.1} s");
            let values = [percentile(&calls, 0.99), percentile(&keys, 0.99), daemon.max(own)];
            let notes = [note(&calls), note(&keys), grown];
            let rows = names.into_iter().zip(values).zip(aims).zip(notes);
            rows.map(|(((name, value), aim), note)| Row::new(name, value, aim, &note)).collect()
        }
        Err(why) => names.into_iter().zip(aims).map(|(name, aim)| Row::absent(name, aim, &why)).collect(),
    }
}

/// The part that is the program in the lab: says `open` when all connections are, and ends when its input does.
pub fn crowd(connections: usize) -> Result<(), String> {
    let cant = |error: io::Error| error.to_string();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(cant)?;
    let address = listener.local_addr().map_err(cant)?;
    let mut pairs = Vec::new();
    for _ in 0..connections {
        let client = TcpStream::connect(address).map_err(cant)?;
        pairs.push((client, listener.accept().map_err(cant)?.0));
    }
    println!("open");
    let talk = move || -> io::Result<()> {
        for (client, server) in pairs.iter().cycle() {
            { client }.write_all(b"x")?;
            { server }.read_exact(&mut [0])?;
            thread::sleep(TURN);
        }
        Ok(())
    };
    thread::spawn(talk);
    io::stdin().read_to_end(&mut Vec::new()).map(drop).map_err(cant)
}

/// What the walk stands at when a frame is done.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// Calls that came back; the newest one's value.
    returned: (usize, i64),
    /// Keys that were taken: each is followed by a sign.
    signs: usize,
    entries: usize,
    living: usize,
    passing: bool,
}

/// The part with the interface.
pub fn interface(connections: usize) -> Result<Measured, String> {
    let lab = Lab::start()?;
    let mut joined = lab.join()?;
    let (sender, inbox) = channel();
    let to_app = sender.clone();
    let sink = move |happened| {
        let _ = to_app.send(Msg::World(0, happened));
    };
    joined.start(sink).map_err(|error| format!("{error:?}"))?;
    let options = FreeOptions {
        purpose: Purpose::Drive(Side::BOTH.map(Into::into).to_vec()),
        server: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
        mode: joined.mode(),
        wire: joined.wire(),
        lab: Some("bench".to_owned()),
        lesson: None,
    };
    let known = Rc::new(RefCell::new(Shown::default()));
    let theme = Theme::load(Choice::Dark, Colours::All).map_err(|error| error.to_string())?;
    let look = Appearance::new(Lang::EN, theme, Glyphs::Unicode).map_err(|error| error.to_string())?;
    let mut app = App::new(Free::new(options, None).into(), look, SIZE.width, SIZE.height);
    let (frames, done) = channel();
    let mut terminal = Terminal::new(Screen::new(Rc::clone(&known), frames)).map_err(|error| error.to_string())?;
    let mut house = House { epoch: joined.epoch(), world: joined, known };
    let own = std::process::id();
    let before = [lab.memory("VmRSS")?, memory(own, "VmRSS")?];
    let learner = thread::spawn(move || {
        let measured = Learner { keys: &sender, done: &done, signs: 0 }.learn(connections);
        let _ = sender.send(Msg::Quit);
        measured
    });
    tui::run(&mut terminal, &mut app, &inbox, &mut house).map_err(|error| error.to_string())?;
    let mut measured = learner.join().map_err(|_| "the keys' thread ended by a panic".to_owned())??;
    let after = [lab.memory("VmHWM")?, memory(own, "VmHWM")?];
    measured.growth = [after[0] - before[0], after[1] - before[1]];
    drop(house);
    Ok(measured)
}

/// Who presses the keys.
struct Learner<'a> {
    keys: &'a Sender<Msg>,
    done: &'a Receiver<(Instant, Shown)>,
    signs: usize,
}

impl Learner<'_> {
    fn learn(mut self, connections: usize) -> Result<Measured, String> {
        // Everything passes by itself.
        self.press(KeyCode::Char('w'));
        self.wait(|shown| shown.passing)?;
        let begun = Instant::now();
        let crowd = Crowd::open(connections)?;
        let (at, _) = self.wait(|shown| shown.living > 2 * connections)?;
        let opening = (at - begun).as_secs_f64();
        let (mut calls, mut keys) = (Vec::new(), Vec::new());
        for _ in 0..connections.clamp(2, 100) {
            let fd = self.call("socket()", &mut calls, &mut keys)?;
            self.call(&format!("close({fd})"), &mut calls, &mut keys)?;
        }
        use KeyCode::{Char, Down, End, Esc, Left, PageUp, Tab, Up};
        let overlay = [Char('k')].into_iter().chain([Down; 40]).chain([Up; 10]).chain([Char('k')]);
        let around =
            [Tab; 3].into_iter().chain([Left; 30]).chain([PageUp; 5]).chain([End, Char('f'), Char('f'), Esc, End]);
        let mut last = Shown::default();
        for code in overlay.chain(around) {
            thread::sleep(PAUSE);
            last = self.timed(code, &mut keys)?;
        }
        drop(crowd);
        Ok(Measured { calls, keys, opening, entries: last.entries, growth: [0.0; 2] })
    }

    /// Types a call, and waits until it has come back. Returns its value.
    fn call(&mut self, text: &str, calls: &mut Vec<f64>, keys: &mut Vec<f64>) -> Result<i64, String> {
        let mut shown = self.timed(KeyCode::Char(':'), keys)?;
        for letter in text.chars() {
            shown = self.timed(KeyCode::Char(letter), keys)?;
        }
        thread::sleep(PAUSE);
        let (before, begun) = (shown.returned.0, self.press(KeyCode::Enter));
        let (at, shown) = self.wait(|shown| shown.returned.0 > before)?;
        calls.push((at - begun).as_secs_f64() * 1000.0);
        Ok(shown.returned.1)
    }

    /// Presses a key, and waits for the frame that was drawn after it was taken.
    fn timed(&mut self, code: KeyCode, keys: &mut Vec<f64>) -> Result<Shown, String> {
        let begun = self.press(code);
        let signs = self.signs;
        let (at, shown) = self.wait(|shown| shown.signs >= signs)?;
        keys.push((at - begun).as_secs_f64() * 1000.0);
        Ok(shown)
    }

    fn press(&mut self, code: KeyCode) -> Instant {
        let begun = Instant::now();
        self.signs += 1;
        // A free walk passes over the sign; the host counts it. Where the interface has ended, the wait says so.
        let sign = vec![Happening { at: Duration::ZERO, what: HappeningKind::Settled }];
        for msg in [Msg::Terminal(Input::Key(KeyEvent::new(code, KeyModifiers::NONE))), Msg::World(0, sign)] {
            let _ = self.keys.send(msg);
        }
        begun
    }

    fn wait(&self, until: impl Fn(&Shown) -> bool) -> Result<(Instant, Shown), String> {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let (at, shown) = self.done.recv_timeout(left).map_err(|_| "the interface doesn't answer".to_owned())?;
            if until(&shown) {
                return Ok((at, shown));
            }
        }
    }
}

/// The program with the connections; it ends when this is dropped.
struct Crowd(Child);

impl Crowd {
    fn open(connections: usize) -> Result<Crowd, String> {
        let mut command = Lab::exec("crowd", connections)?;
        let crowd = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut crowd = Crowd(crowd);
        let mut said = String::new();
        let out = crowd.0.stdout.take().ok_or("no output")?;
        BufReader::new(out).read_line(&mut said).map_err(|error| error.to_string())?;
        if said.trim_end() == "open" { Ok(crowd) } else { Err(format!("the connections don't open: {}", said.trim())) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// The lab behind the interface.
struct House {
    epoch: Instant,
    world: JoinedLab,
    known: Rc<RefCell<Shown>>,
}

impl Host for House {
    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
    fn request(&mut self, request: Request) {
        self.world.request(request);
    }
    fn takes(&mut self, msg: &Msg) {
        let Msg::World(_, happened) = msg else { return };
        let mut known = self.known.borrow_mut();
        for happening in happened {
            match &happening.what {
                HappeningKind::Settled => known.signs += 1,
                HappeningKind::Event(Event::Returned { outcome, .. }) => {
                    let value = outcome.as_ref().map_or(-1, |returned| returned.value);
                    known.returned = (known.returned.0 + 1, value);
                }
                HappeningKind::Event(Event::Passing(_)) => known.passing = true,
                _ => {}
            }
        }
    }
    fn went_on(&mut self, walk: &Walk) {
        let mut known = self.known.borrow_mut();
        known.entries = walk.trace().now();
        known.living = walk.trace().present().living().count();
    }
    fn restart(&mut self, _: &Walk, _: u64) -> Result<Opened, String> {
        Err("a shared lab isn't made anew".to_owned())
    }
}
