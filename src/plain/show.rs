//! What a step shows, as lines of text: a segment by layers or byte by byte, the kernel's sockets, the states.

use super::COLUMNS;
use super::lines::whose;
use crate::i18n::{LayersTexts, Texts, empty_layers, fill, layers, wrap};
use crate::lesson::Show;
use crate::model::{SegmentView, SocketView, View};
use crate::tcp::{Numbers, hex_rows, line};

/// So many rows of sixteen bytes are written of one part.
const ROWS: usize = 8;

/// What is to be looked at, at this moment.
pub(super) fn show(what: Show, view: &View<'_>, texts: &Texts) -> Vec<String> {
    let (newest, words) = (view.segments().next(), &texts.layers);
    match (what, newest) {
        (Show::Packet, None) => vec![format!("  {}", words.none)],
        (Show::Layers, newest) => by_layers(newest.as_ref(), words),
        (Show::Packet, Some(newest)) => byte_by_byte(&newest, words),
        (Show::Kernel, _) => view.living().map(|socket| socket_line(&socket, view, texts, true)).collect(),
        (Show::States, _) => view.living().map(|socket| socket_line(&socket, view, texts, false)).collect(),
    }
}

fn notation(view: &SegmentView<'_>) -> String {
    line(view.segment, &view.initials, Numbers::Symbolic)
}

fn by_layers(newest: Option<&SegmentView<'_>>, words: &LayersTexts) -> Vec<String> {
    let parts = match newest {
        Some(newest) => layers(newest.segment, &newest.initials, &notation(newest), words),
        None => empty_layers(words),
    };
    let mut lines = Vec::new();
    for (n, layer) in parts.iter().enumerate() {
        if n == 1 {
            lines.push(format!("  ---- {} ----", words.socket));
        }
        let head = format!("{} (OSI: {}): {}", layer.name, layer.osi.join(&words.between), layer.protocols);
        lines.extend(indented("  ", &head));
        lines.extend(layer.says.iter().flat_map(|text| indented("    ", text)));
        lines.extend(bytes(layer.bytes, words));
    }
    lines.extend(indented("  ", &words.mtu));
    lines
}

fn byte_by_byte(newest: &SegmentView<'_>, words: &LayersTexts) -> Vec<String> {
    let packet = newest.segment;
    let mut lines = vec![format!("  {}  {} → {}", notation(newest), packet.from, packet.to)];
    for part in [packet.ip_header(), packet.header(), packet.payload()] {
        lines.extend(bytes(part, words));
    }
    lines
}

fn bytes(part: &[u8], words: &LayersTexts) -> Vec<String> {
    let (rows, hidden) = hex_rows(part, ROWS);
    let more = (hidden > 0).then(|| format!("    {}", fill(&words.more_bytes, &[("n", hidden)])));
    rows.into_iter().map(|row| format!("    {row}")).chain(more).collect()
}

/// `  server  fd 4  LISTEN  127.0.0.1:8000 → -  recv 0 send 8`
fn socket_line(socket: &SocketView<'_>, view: &View<'_>, texts: &Texts, whole: bool) -> String {
    let facts = socket.facts;
    let whose = whose(socket, view, texts);
    let fd = facts.fd.map_or("–".to_owned(), |fd| format!("fd {fd}"));
    let address =
        |address: Option<std::net::SocketAddr>| address.map_or("–".to_owned(), |address| address.to_string());
    let mut text = format!("  {whose}  {fd}  {}", socket.state);
    if whole {
        let (local, remote) = (address(facts.local), address(facts.remote));
        text.push_str(&format!("  {local} → {remote}  recv {} send {}", facts.recv_queue, facts.send_queue));
    }
    text
}

fn indented(indent: &str, text: &str) -> Vec<String> {
    wrap(text, COLUMNS - indent.len()).into_iter().map(|line| format!("{indent}{line}")).collect()
}
