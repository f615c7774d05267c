//! The picture of a connection's bytes over time, of one with many segments.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crossterm::event::{Event as Input, KeyCode, KeyEvent, KeyModifiers};
use etherparse::PacketBuilder;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sockwalk::i18n::{Glyphs, Lang};
use sockwalk::model::{Event, Mode, SegmentId, Trace};
use sockwalk::tcp::Packet;
use sockwalk::theme::{Choice, Colours, Theme};
use sockwalk::tui::{App, Appearance, Msg, draw, update};
use sockwalk::walk::{Free, FreeOptions, Purpose, WireAbility};

use crate::table::{Aim, Row, percentile};

const AIM: Aim = Aim { at_most: 5.0, unit: " ms" };
const NAME: &str = "chart, of a long connection's";

/// The row: what takes longest of all that a frame needs, from the one at which the picture is opened on.
pub fn row(segments: u32) -> Row {
    match screen(segments) {
        Ok(frames) => {
            let most = frames.iter().copied().fold(0.0, f64::max);
            let note =
                format!("{segments} segments, {} frames, median {:.2} ms", frames.len(), percentile(&frames, 0.5));
            Row::new(NAME, most, &AIM, &note)
        }
        Err(why) => Row::absent(NAME, &AIM, &why),
    }
}

/// How long each frame took, in milliseconds: while the trace is read, and fifty of the whole picture.
fn screen(segments: u32) -> Result<Vec<f64>, String> {
    let server = SocketAddr::from(([127, 0, 0, 1], 8000));
    let options = FreeOptions {
        purpose: Purpose::Replay,
        server,
        mode: Mode::Lab,
        wire: WireAbility::Holds,
        lab: None,
        lesson: None,
    };
    let trace = transfer(server, segments)?;
    let now = trace.entries().last().map_or(Duration::ZERO, |entry| entry.at);
    let theme = Theme::load(Choice::Dark, Colours::All).map_err(|error| error.to_string())?;
    let look = Appearance::new(Lang::EN, theme, Glyphs::Unicode).map_err(|error| error.to_string())?;
    let mut app = App::new(Free::from_trace(options, trace).into(), look, 120, 40);
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).map_err(|error| error.to_string())?;
    update(&mut app, Msg::Tick, now);
    let mut frames = Vec::new();
    let mut whole = 0;
    let mut msg = Msg::Terminal(Input::Key(KeyEvent::new(KeyCode::Char('C'), KeyModifiers::NONE)));
    while whole < 50 {
        let begun = Instant::now();
        update(&mut app, std::mem::replace(&mut msg, Msg::Tick), now);
        let drawn = terminal.draw(|frame| draw(frame, &app)).map(|_| ());
        frames.push(begun.elapsed().as_secs_f64() * 1e3);
        drawn.map_err(|error| error.to_string())?;
        whole += u32::from(!app.chart_lags());
    }
    Ok(frames)
}

/// A connection on which so many segments go, every second of them an acknowledgement.
fn transfer(server: SocketAddr, segments: u32) -> Result<Trace, String> {
    let client = SocketAddr::from(([127, 0, 0, 1], 40_000));
    let mut trace = Trace::default();
    let mut at = Duration::ZERO;
    for n in 0..segments {
        let sent = 1 + (n / 2).wrapping_mul(1448);
        let (from, to, seq, ack, data) = match n {
            0 => (client, server, 0, None, 0),
            1 => (server, client, 7, Some(1), 0),
            _ if n % 2 == 0 => (client, server, sent, Some(8), 1448),
            _ => (server, client, 8, Some(sent.wrapping_add(1448)), 0),
        };
        let id = SegmentId(n);
        let segment = packet((from, to), (seq, ack), n < 2, data)?;
        for event in [Event::Sent { id, segment, again: None }, Event::Held(id), Event::Delivered(id)] {
            at += Duration::from_micros(90);
            trace.push(at, event);
        }
    }
    Ok(trace)
}

fn packet(
    (from, to): (SocketAddr, SocketAddr),
    (seq, ack): (u32, Option<u32>),
    opens: bool,
    data: usize,
) -> Result<Packet, String> {
    let mut builder = PacketBuilder::ipv4([127, 0, 0, 1], [127, 0, 0, 1], 64).tcp(from.port(), to.port(), seq, 64_240);
    if opens {
        builder = builder.syn();
    }
    if let Some(ack) = ack {
        builder = builder.ack(ack);
    }
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &vec![b'x'; data]).map_err(|error| error.to_string())?;
    Packet::parse(&bytes).map_err(|error| error.to_string())
}
