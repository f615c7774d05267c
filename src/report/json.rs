//! The trace as JSON lines: one object for each thing that happened, in that order, with the raw numbers.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Header;
use super::form::{WrittenEvent, rules};
use super::values;
use super::waits::{events_value, polled_value, set_value};
use crate::model::edit::{Change, EditField, FieldChange, changed, field};
use crate::model::rule::{RuleInForce, WireRule};
use crate::model::{
    Actor, Argument, Call, CallName, CallSite, Caller, ChangedSetting, CounterMove, Entry, Event, HandAction, HandMade,
    Member, MessageFlags, Moment, Outcome, ProgramExit, Role, SegmentFilter, SegmentId, Side, SocketFacts, SocketState,
    SocketView, StackFrame, Trace, View, signal_name,
};
use crate::tcp::{Flags, Hex, Initials, Numbers, Packet, Protocol, Segment, TcpOption, number};

/// Writes a trace that may still grow: each call of [`JsonLines::write`] goes on where the one before it ended.
#[derive(Clone, Debug, Default)]
pub struct JsonLines {
    detail: LineDetail,
    /// The first line, where it hasn't been written yet.
    header: Option<Header>,
    /// The lines written so far.
    lines: u64,
    /// The first entry that wasn't written yet.
    next: Moment,
}

/// How much a line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LineDetail {
    /// What a reader of `play` wants.
    #[default]
    Facts,
    /// Also the entry itself, so that the walk can be gone through again.
    Whole,
}

impl JsonLines {
    /// Lines that can be read back: those of `play`, each with its `entry`, in which a packet's bytes are; entries of which `play` tells nothing have
    /// lines of their own, of the kind `entry`.
    /// `header` says of what: it is the first line.
    pub fn recording(header: Header) -> JsonLines {
        JsonLines { detail: LineDetail::Whole, header: Some(header), ..JsonLines::default() }
    }

    /// Writes every entry that is new. `step_id` gives the name of a step by its number, from 0.
    ///
    /// # Errors
    /// Those of `out`; what was written before it stays counted.
    pub fn write<'a>(
        &mut self,
        trace: &Trace,
        step_id: impl Fn(usize) -> &'a str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if let Some(header) = self.header.take() {
            writeln!(out, "{}", escaped(&header.line()?))?;
        }
        while let Some(entry) = trace.entries().get(self.next) {
            let view = trace.at(self.next + 1);
            let whole = (self.detail == LineDetail::Whole)
                .then(|| serde_json::to_string(&WrittenEvent(&entry.event)))
                .transpose()?;
            let told = object(entry, &view, &step_id);
            if let Some((kind, rest)) = told.or_else(|| whole.as_ref().map(|_| ("entry", Vec::new()))) {
                self.lines += 1;
                // The keys stand in a fixed order, which a map would lose.
                write!(out, "{{\"n\":{},\"t_us\":{},\"kind\":\"{kind}\"", self.lines, entry.at.as_micros())?;
                let bytes = if whole.is_none() { bytes_keys(&entry.event, &view) } else { Vec::new() };
                for (key, value) in rest.into_iter().chain(bytes) {
                    write!(out, ",\"{key}\":{}", escaped(&value.to_string()))?;
                }
                if let Some(whole) = whole {
                    write!(out, ",\"entry\":{}", escaped(&whole))?;
                }
                out.write_all(b"}\n")?;
            }
            self.next += 1;
        }
        Ok(())
    }
}

/// JSON in which no character acts on a terminal, or can't be seen: those that do stand in texts only, as `\u202e`.
fn escaped(json: &str) -> String {
    let acts = |c: &char| c.is_control() || unicode_width::UnicodeWidthChar::width(*c) == Some(0);
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(&c) {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

type Keys = Vec<(&'static str, Value)>;

fn object<'a>(entry: &Entry, view: &View<'_>, step_id: &impl Fn(usize) -> &'a str) -> Option<(&'static str, Keys)> {
    match &entry.event {
        Event::Stands { caller, call } => Some(("call", call_keys(*caller, call, CallPhase::Stands))),
        Event::Ended { caller } => {
            Some(("call", call_keys(*caller, view.newest_call(*caller)?.call, CallPhase::Ended)))
        }
        Event::Plays { .. }
        | Event::Signal { .. }
        | Event::ProgramEnded { .. }
        | Event::Killed(_)
        | Event::UntoldCalls { .. }
        | Event::Holding { .. } => program_object(&entry.event),
        Event::Entered { caller, call } => Some(("call", call_keys(*caller, call, CallPhase::Enter))),
        Event::Returned { caller, outcome } => {
            let call = view.newest_call(*caller)?;
            let own = call.made.map(|made| Call::Program(Box::new(made.clone())));
            Some(("call", call_keys(*caller, own.as_ref().unwrap_or(call.own), CallPhase::Return(outcome))))
        }
        Event::Sent { .. }
        | Event::Repeated { .. }
        | Event::Edited { .. }
        | Event::Forged { .. }
        | Event::Duplicated { .. }
        | Event::Retransmitted { .. }
        | Event::Held(_)
        | Event::Delivered(_)
        | Event::Reasons { .. }
        | Event::Causes { .. }
        | Event::Dropped(_)
        | Event::Lost { .. }
        | Event::Undeliverable { .. } => segment_object(&entry.event, view),
        Event::Socket(SocketFacts { cookie, .. }) | Event::Gone { cookie, .. } => {
            state_keys(*cookie, view).map(|keys| ("state", keys))
        }
        Event::Claim(claim) => {
            let (what, actual) = (claim.what.to_string(), claim.actual.to_string());
            let step = ("step", json!(step_id(claim.step)));
            let keys = vec![step, ("what", json!(what)), ("held", json!(claim.held)), ("actual", json!(actual))];
            Some(("claim", keys))
        }
        Event::Joined(member) => Some(("member", member_keys("joined", member))),
        Event::Left(member) => Some(("member", member_keys("left", member))),
        Event::Passing(passing) => Some(("passing", vec![("rules", rules(passing))])),
        Event::Ruled(rules) => {
            let one =
                |one: &RuleInForce| json!({ "rule": one.rule.words(), "on": rule_ends(&one.rule), "seen": one.seen });
            Some(("rules", vec![("rules", rules.rules.iter().map(one).collect())]))
        }
        Event::Sysctl(changed) => Some(("sysctl", setting_keys(changed))),
        Event::Unkept { segments, bytes, lost, refused, ruled } => {
            let counts =
                [("segments", segments), ("bytes", bytes), ("lost", lost), ("refused", refused), ("ruled", ruled)];
            Some(("unkept", counts.map(|(key, count)| (key, json!(count))).to_vec()))
        }
        Event::ByHand(hand) => Some(("hand", hand_keys(*hand))),
        Event::Step(_) | Event::Blocked { .. } | Event::Answer(_) => None,
    }
}

/// What came of a setting's change.
fn setting_keys(ChangedSetting { name, before, now }: &ChangedSetting) -> Keys {
    let errno = now.as_ref().err().map(ToString::to_string);
    let value = now.as_ref().ok();
    vec![("name", json!(name)), ("before", json!(before)), ("value", json!(value)), ("errno", json!(errno))]
}

/// What is told of a program beside its calls.
fn program_object(event: &Event) -> Option<(&'static str, Keys)> {
    match event {
        Event::Killed(actor) => {
            let side = ("side", json!(actor.side.name()));
            Some(("killed", std::iter::once(side).chain(nth(actor.nth)).collect()))
        }
        Event::Plays { from, side, socket } => Some((
            "plays",
            [("from", json!(from.side.name())), ("side", json!(side.name())), ("socket", json!(socket))]
                .into_iter()
                .chain(nth(from.nth))
                .collect(),
        )),
        Event::Signal { caller, signal } => {
            let keys = [("side", json!(caller.actor.side.name()))].into_iter().chain(nth(caller.actor.nth));
            let more = [("worker", json!(caller.worker)), ("signal", json!(signal_name(*signal)))];
            Some(("signal", keys.chain(more).collect()))
        }
        Event::ProgramEnded { program, how } => {
            let how = match how {
                ProgramExit::Status(status) => ("status", json!(status)),
                ProgramExit::Signal(signal) => ("signal", json!(signal_name(*signal))),
            };
            Some(("program_ended", vec![("member", json!(program)), how]))
        }
        Event::UntoldCalls { program, calls } => {
            Some(("untold", vec![("member", json!(program)), ("calls", json!(calls))]))
        }
        Event::Holding { of, held } => Some(("holding", vec![("member", json!(of)), ("calls", json!(held.name()))])),
        _ => None,
    }
}

/// What is told of a segment, and of what became of it.
fn segment_object(event: &Event, view: &View<'_>) -> Option<(&'static str, Keys)> {
    match event {
        Event::Sent { id, segment, again: None } => Some(("segment", segment_keys("sent", *id, segment, view))),
        Event::Sent { id, segment, again: Some(again) } => {
            let mut keys = segment_keys("retransmitted", *id, segment, view);
            keys.push(("again", json!(again.0)));
            Some(("segment", keys))
        }
        Event::Repeated { id, of, segment } => {
            let mut keys = segment_keys("repeated", *id, segment, view);
            keys.extend([("of", json!(of.0)), ("source", json!("hand"))]);
            Some(("segment", keys))
        }
        Event::Edited { id, of, segment } => {
            let mut keys = segment_keys("edited", *id, segment, view);
            keys.extend([("of", json!(of.0)), ("source", json!("hand")), ("changed", changes(*id, *of, view))]);
            Some(("segment", keys))
        }
        Event::Forged { id, segment } => {
            let mut keys = segment_keys("forged", *id, segment, view);
            keys.push(("source", json!("hand")));
            Some(("segment", keys))
        }
        Event::Duplicated { id, of, segment, rule } => {
            let mut keys = segment_keys("duplicated", *id, segment, view);
            keys.extend([("of", json!(of.0)), ("source", json!("rule")), ("rule", json!(rule.words()))]);
            Some(("segment", keys))
        }
        Event::Retransmitted { id, segment } => Some(("segment", segment_keys("retransmitted", *id, segment, view))),
        Event::Held(id) => known_segment("held", *id, view),
        Event::Delivered(id) => known_segment("delivered", *id, view),
        Event::Reasons { id, moved } => reasons_keys(*id, moved).map(|keys| ("reasons", keys)),
        Event::Causes { id, moved } => reasons_keys(*id, moved).map(|keys| ("causes", keys)),
        Event::Dropped(id) => known_segment("dropped", *id, view),
        Event::Lost { id, rule } => known_segment("lost", *id, view).map(|(kind, mut keys)| {
            keys.extend([("source", json!("rule")), ("rule", json!(rule.words()))]);
            (kind, keys)
        }),
        Event::Undeliverable { id, errno } => known_segment("undeliverable", *id, view).map(|(kind, mut keys)| {
            keys.push(("errno", json!(errno.to_string())));
            (kind, keys)
        }),
        _ => None,
    }
}

/// Between whom a rule is.
fn rule_ends(rule: &WireRule) -> Value {
    match rule.which {
        SegmentFilter::All => json!("all"),
        SegmentFilter::To(actor) => json!(format!("to {actor}")),
        SegmentFilter::Of(connection) => json!(connection.ends().map(|end| end.to_string())),
    }
}

/// The fields of a copy that differ from the segment of which it was made: each with what stood in it, and what stands in it now.
fn changes(id: SegmentId, of: SegmentId, view: &View<'_>) -> Value {
    let both = view.segment(id).zip(view.segment(of));
    let changed =
        both.map_or_else(Vec::new, |(copy, of)| changed(of.segment, copy.segment, &view.initials_for_copy(&of)));
    let one = |FieldChange { field, before, after }: FieldChange| json!({ "field": field.name(), "before": before.value(), "after": after.value() });
    changed.into_iter().map(one).collect()
}

/// What the kernel counted as a segment arrived; `None` where that is nothing.
fn reasons_keys(id: SegmentId, moved: &[CounterMove]) -> Option<Keys> {
    let told: Vec<Value> = moved.iter().map(|one| json!({ "counter": one.name, "by": one.by })).collect();
    (!moved.is_empty()).then(|| vec![("id", json!(id.0)), ("moved", json!(told)), ("source", json!("proc_net"))])
}

/// How far a call is.
#[derive(Clone, Copy)]
enum CallPhase<'a> {
    Stands,
    Enter,
    Ended,
    Return(&'a Outcome),
}

fn call_keys(Caller { actor, worker }: Caller, call: &Call, phase: CallPhase<'_>) -> Keys {
    let (outcome, phase) = match phase {
        CallPhase::Stands => (None, "stand"),
        CallPhase::Enter => (None, "enter"),
        CallPhase::Ended => (None, "ended"),
        CallPhase::Return(outcome) => (Some(outcome), "return"),
    };
    let (ret, errno) = match outcome {
        None => (Value::Null, Value::Null),
        Some(Ok(returned)) => (json!(returned.value), Value::Null),
        Some(Err(errno)) => (json!(errno.value()), json!(errno.to_string())),
    };
    let mut keys = vec![
        ("side", json!(actor.side.name())),
        ("call", json!(call.called())),
        ("phase", json!(phase)),
        ("args", arguments(call, outcome)),
        ("ret", ret),
        ("errno", errno),
    ];
    if worker > 0 {
        keys.push(("worker", json!(worker)));
    }
    keys.extend(nth(actor.nth));
    let returned = outcome.and_then(|outcome| outcome.as_ref().ok());
    keys.extend(returned.and_then(|returned| returned.child).map(|child| ("child", json!(child))));
    if let (Call::Program(made), None) = (call, outcome) {
        keys.extend(made.site.as_deref().and_then(CallSite::frame).map(|frame| ("at", at(frame))));
    }
    keys
}

/// Where in its source a program makes a call.
fn at(frame: &StackFrame) -> Value {
    json!({ "file": frame.file, "line": frame.line, "function": frame.function, "address": frame.address })
}

/// The how many-th of its side it is; of the first one nothing is said.
fn nth(nth: u32) -> Option<(&'static str, Value)> {
    (nth != Actor::FIRST).then(|| ("nth", json!(nth)))
}

/// The arguments in the order of C. What the kernel fills in (recv's buffer, accept's address) is null until then.
fn arguments(call: &Call, outcome: Option<&Outcome>) -> Value {
    let returned = outcome.and_then(|outcome| outcome.as_ref().ok());
    if let Some(returned) = returned.filter(|returned| !returned.filled.is_empty()) {
        return json!(returned.filled);
    }
    let one = |argument: &Argument<'_>| match argument {
        Argument::Descriptor(n) | Argument::Backlog(n) | Argument::Value(n) | Argument::Timeout(n) => json!(n),
        Argument::Count(n) | Argument::Watched(n) | Argument::Linger(n) | Argument::OnlyInt(n) => json!(n),
        Argument::Set { of, event } => set_value(of, *event, returned),
        Argument::Buffers(transfer) => {
            json!(transfer.parts(transfer.data()).into_iter().map(String::from_utf8_lossy).collect::<Vec<_>>())
        }
        Argument::Rooms(sizes) => json!(sizes),
        Argument::Length(n) | Argument::Room(n) => json!(n),
        Argument::Events(events) => json!(events.names().collect::<Vec<_>>()),
        Argument::Buffer if call.name() == CallName::EpollWait => events_value(returned),
        Argument::Polled(polled) => polled_value(polled, returned),
        Argument::Name(name) => json!(name),
        Argument::List => json!(returned.map(values::addresses)),
        Argument::Protocol | Argument::Flags { flags: MessageFlags::NONE, .. } => json!(0),
        Argument::Data(data) => json!(String::from_utf8_lossy(data)),
        Argument::Buffer => json!(returned.map(|returned| String::from_utf8_lossy(&returned.data))),
        Argument::Structured(value) => values::structured_value(value),
        Argument::ValueRoom => json!(returned.and_then(values::value_told)),
        Argument::Peer => json!(returned.and_then(|returned| returned.peer).map(|peer| peer.to_string())),
        named => json!(named.to_string()),
    };
    call.arguments().iter().map(one).collect()
}

fn member_keys(event: &str, member: &Member) -> Keys {
    let role = match &member.role {
        Role::Drives(sides) => json!(sides.iter().map(|side| side.name()).collect::<Vec<_>>()),
        Role::Watches => json!("watch"),
        Role::Runs(program) => json!(program),
        Role::Plays(side) => json!({ "plays": side.name() }),
    };
    let mut keys =
        vec![("event", json!(event)), ("member", json!(member.number)), ("pid", json!(member.pid)), ("role", role)];
    keys.extend(nth(member.nth));
    keys
}

fn hand_keys(hand: HandAction) -> Keys {
    match hand {
        HandAction::Deliver(id) => vec![("event", json!("deliver")), ("id", json!(id.0))],
        HandAction::Repeat(id) => vec![("event", json!("repeat")), ("id", json!(id.0))],
        HandAction::Edit(id) => vec![("event", json!("edit")), ("id", json!(id.0))],
        HandAction::Forge => vec![("event", json!("forge"))],
        HandAction::Rule => vec![("event", json!("rule"))],
        HandAction::Sysctl => vec![("event", json!("sysctl"))],
        HandAction::Drop(id) => vec![("event", json!("drop")), ("id", json!(id.0))],
        HandAction::Interrupt(side) => vec![("event", json!("interrupt")), ("side", json!(side.name()))],
        HandAction::Kill(side) => vec![("event", json!("kill")), ("side", json!(side.name()))],
        HandAction::Call(side) => vec![("event", json!("call")), ("side", json!(side.name()))],
    }
}

fn known_segment(event: &'static str, id: SegmentId, view: &View<'_>) -> Option<(&'static str, Keys)> {
    Some(("segment", segment_keys(event, id, view.segment(id)?.segment, view)))
}

/// An end by the notation of its actor, else by its address.
fn end(view: &View<'_>, address: SocketAddr) -> String {
    view.trace().owner_of(address).map_or_else(|| address.to_string(), |actor| actor.to_string())
}

fn segment_keys(event: &str, id: SegmentId, segment: &Packet, view: &View<'_>) -> Keys {
    let mut keys = vec![
        ("event", json!(event)),
        ("id", json!(id.0)),
        ("from", json!(end(view, segment.from))),
        ("to", json!(end(view, segment.to))),
    ];
    match segment.tcp() {
        Some(tcp) => {
            let initials = view.segment(id).map_or_else(Initials::default, |segment| segment.initials);
            keys.extend(tcp_keys(segment, tcp, &initials));
        }
        // Only what isn't TCP says what it is.
        None => keys.extend([("protocol", json!(segment.protocol().name())), ("len", json!(segment.len()))]),
    }
    keys.extend([("src", json!(segment.from.to_string())), ("dst", json!(segment.to.to_string()))]);
    keys
}

/// So many bytes of data a line tells at most.
const MOST_DATA: usize = 256;

/// What `play` tells of bytes that came onto the wire, beside their fields: the data, its beginning where it is long, and whether the
/// checksum is the right one. A recording has the bytes themselves.
fn bytes_keys(event: &Event, view: &View<'_>) -> Keys {
    let (Event::Sent { id, segment, .. }
    | Event::Retransmitted { id, segment }
    | Event::Repeated { id, segment, .. }
    | Event::Edited { id, segment, .. }
    | Event::Forged { id, segment }
    | Event::Duplicated { id, segment, .. }) = event
    else {
        return Vec::new();
    };
    // What an ICMP message quotes is no data of a program's.
    let data = if segment.protocol() == Protocol::Icmp { &[] } else { segment.payload() };
    let told = (!data.is_empty()).then(|| String::from_utf8_lossy(&data[..data.len().min(MOST_DATA)]));
    let by_hand = view.segment(*id).and_then(|seen| seen.by_hand);
    let checksum = match field(segment, &Initials::default(), EditField::Checksum) {
        Some(Change::Checksum(true)) => "right",
        _ if matches!(by_hand, Some(HandMade::Edited(_) | HandMade::Forged)) => "wrong",
        // On `lo` the kernel leaves it as the hardware would want it.
        _ => "unfinished",
    };
    told.map(|told| ("data", json!(told))).into_iter().chain([("checksum", json!(checksum))]).collect()
}

/// What a TCP header says: the fields as they stand in it, then what they mean on this connection.
fn tcp_keys(packet: &Packet, tcp: &Segment, initials: &Initials) -> Keys {
    let counted = |value, isn| number(value, isn, Numbers::Symbolic);
    let acknowledged = tcp.flags.has(Flags::ACK).then(|| counted(tcp.ack, initials.other));
    let mut keys = vec![
        ("flags", json!(tcp.flags.names().collect::<Vec<_>>())),
        ("seq", json!(tcp.seq)),
        ("ack", json!(tcp.ack)),
        ("len", json!(packet.len())),
        ("win", json!(tcp.window)),
        ("seq_text", json!(counted(tcp.seq, initials.own))),
        ("ack_text", json!(acknowledged)),
        // In a reset the field means nothing.
        ("win_bytes", json!(initials.window(tcp).bytes().filter(|_| !tcp.flags.has(Flags::RST)))),
    ];
    let options: Vec<Value> = TcpOption::all(packet.header()).iter().map(|one| option(one, initials)).collect();
    if !options.is_empty() {
        keys.push(("options", json!(options)));
    }
    keys
}

/// An option: its kind, how it is called (null where the program doesn't know the kind), and its bytes behind kind and length.
fn option(one: &TcpOption<'_>, initials: &Initials) -> Value {
    match one {
        TcpOption::Whole(kind, value) => json!({
            "kind": kind,
            "says": one.text(initials, Numbers::Symbolic),
            "bytes": Hex(value).to_string(),
        }),
        TcpOption::Broken(bytes) => json!({ "kind": null, "says": null, "bytes": Hex(bytes).to_string() }),
    }
}

/// The keys where this entry changed the socket's state; `None` where it changed something else.
fn state_keys(cookie: u64, view: &View<'_>) -> Option<Keys> {
    let now = view.moment() - 1;
    let socket = view.socket(cookie).filter(|socket| socket.state_since == now)?;
    let mut keys = vec![
        ("side", json!(socket.facts.side.map(Side::name))),
        ("socket", json!(socket_name(&socket))),
        ("from", json!(socket.previous.map(SocketState::name))),
        ("to", json!(socket.state.name())),
        ("source", json!(socket.source.name())),
    ];
    keys.extend(nth(socket.facts.nth));
    Some(keys)
}

fn socket_name(socket: &SocketView<'_>) -> String {
    match (socket.facts.local, socket.facts.remote, socket.facts.fd) {
        (Some(local), Some(remote), _) => format!("{local}-{remote}"),
        (Some(local), None, _) => local.to_string(),
        (None, _, Some(fd)) => format!("fd {fd}"),
        (None, _, None) => format!("cookie {}", socket.facts.cookie),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Returned;
    use crate::model::testing::socket;
    use crate::model::{ClaimResult, ConnectionEnd, Errno, Source, Statement};
    use crate::tcp::State;
    use crate::tcp::testing::segment;
    use std::time::Duration;

    /// A trace of everything that is printed, and of what is not.
    fn lines(events: Vec<Event>) -> Vec<String> {
        let mut trace = Trace::default();
        let (mut writer, mut out) = (JsonLines::default(), Vec::new());
        for (place, event) in events.into_iter().enumerate() {
            trace.push(Duration::from_micros(10 * place as u64), event);
            writer.write(&trace, |_| "the-step", &mut out).unwrap();
        }
        let mut whole = Vec::new();
        JsonLines::default().write(&trace, |_| "the-step", &mut whole).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), String::from_utf8(whole).unwrap().lines().count());
        for line in text.lines() {
            serde_json::from_str::<Value>(line).unwrap();
        }
        text.lines().map(str::to_owned).collect()
    }

    fn facts(state: State, local: Option<&str>, remote: Option<&str>) -> SocketFacts {
        let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
        socket(7, Side::Client, Some(5), state, (address(local), address(remote)))
    }

    fn syn() -> Packet {
        let local = |port| std::net::SocketAddr::from(([127, 0, 0, 1], port));
        segment(local(40612), local(8000), 1000, 0, &["SYN"], b"")
    }

    #[test]
    fn calls() {
        let side = Side::Server;
        let call = |call: Call, outcome: Outcome| {
            lines(vec![
                Event::Entered { caller: side.into(), call },
                Event::Blocked { caller: side.into() },
                Event::Returned { caller: side.into(), outcome },
            ])
        };
        let addr = "127.0.0.1:8000".parse().unwrap();
        assert_eq!(
            call(Call::Socket { ipv6: false, udp: false }, Ok(Returned { value: 4, ..Returned::default() })),
            [
                r#"{"n":1,"t_us":0,"kind":"call","side":"server","call":"socket","phase":"enter","args":["AF_INET","SOCK_STREAM",0],"ret":null,"errno":null}"#,
                r#"{"n":2,"t_us":20,"kind":"call","side":"server","call":"socket","phase":"return","args":["AF_INET","SOCK_STREAM",0],"ret":4,"errno":null}"#,
            ]
        );
        assert_eq!(
            call(Call::Bind { fd: 4, addr }, Err(Errno::from_name("EADDRINUSE").unwrap()))[1],
            r#"{"n":2,"t_us":20,"kind":"call","side":"server","call":"bind","phase":"return","args":[4,"127.0.0.1:8000"],"ret":-1,"errno":"EADDRINUSE"}"#
        );
        let data = b"hi\n\xff\"".to_vec();
        let received =
            call(Call::recv(6, 64), Ok(Returned { value: 5, data: data.clone(), peer: None, ..Returned::default() }));
        assert!(received[0].contains(r#""args":[6,null,64,0],"ret":null"#), "{received:?}");
        assert!(received[1].contains("\"args\":[6,\"hi\\n\u{fffd}\\\"\",64,0],\"ret\":5"), "{received:?}");
        let sent = call(Call::send(6, data), Ok(Returned { value: 5, ..Returned::default() }));
        assert!(sent[0].contains("\"args\":[6,\"hi\\n\u{fffd}\\\"\",5,\"MSG_NOSIGNAL\"]"), "{sent:?}");
    }

    #[test]
    fn datagrams_and_their_calls() {
        let addr: std::net::SocketAddr = "127.0.0.1:8000".parse().unwrap();
        let from = "127.0.0.1:40612".parse().unwrap();
        let (side, data) = (Side::Client, b"hi".to_vec());
        let sent = Ok(Returned { value: 2, ..Returned::default() });
        let came = Ok(Returned { value: 2, data: data.clone(), peer: Some(addr), ..Returned::default() });
        let bytes = crate::tcp::testing::datagram_packet(from, addr, &data);
        let unbound = socket(7, side, Some(5), SocketState::Unconnected, ("0.0.0.0:40612".parse().ok(), None));
        let shown = lines(vec![
            Event::Socket(unbound),
            Event::Entered { caller: side.into(), call: Call::send_to(5, data, addr) },
            Event::Sent { id: SegmentId(0), segment: Packet::parse(&bytes).unwrap(), again: None },
            Event::Returned { caller: side.into(), outcome: sent },
            Event::Entered { caller: side.into(), call: Call::recv_from(5, 64) },
            Event::Returned { caller: side.into(), outcome: came },
            Event::Gone { cookie: 7, source: Source::SockDiag },
        ]);
        assert!(shown[0].contains(r#""from":null,"to":"UNCONN""#), "{}", shown[0]);
        assert!(shown[1].contains(r#""call":"sendto","phase":"enter","args":[5,"hi",2,0,"127.0.0.1:8000"]"#));
        // The socket has a port and no address of its own; it is the sender all the same.
        assert_eq!(
            shown[2],
            r#"{"n":3,"t_us":20,"kind":"segment","event":"sent","id":0,"from":"client","to":"127.0.0.1:8000","protocol":"udp","len":2,"src":"127.0.0.1:40612","dst":"127.0.0.1:8000","data":"hi","checksum":"right"}"#
        );
        assert!(shown[4].contains(r#""call":"recvfrom","phase":"enter","args":[5,null,64,0,null]"#));
        assert!(shown[5].contains(r#""args":[5,"hi",64,0,"127.0.0.1:8000"],"ret":2"#), "{}", shown[5]);
        assert!(shown[6].contains(r#""from":"UNCONN","to":"gone""#), "{}", shown[6]);
    }

    #[test]
    fn segments_and_their_sides() {
        let id = SegmentId(0);
        let shown = lines(vec![
            Event::Socket(facts(State::SynSent, Some("127.0.0.1:40612"), Some("127.0.0.1:8000"))),
            Event::Sent { id, segment: syn(), again: None },
            Event::Held(id),
            Event::Retransmitted { id, segment: syn() },
            Event::Dropped(id),
            Event::Sent { id: SegmentId(1), segment: syn(), again: Some(id) },
        ]);
        assert_eq!(
            shown[1],
            r#"{"n":2,"t_us":10,"kind":"segment","event":"sent","id":0,"from":"client","to":"127.0.0.1:8000","flags":["SYN"],"seq":1000,"ack":0,"len":0,"win":64240,"seq_text":"j","ack_text":null,"win_bytes":64240,"src":"127.0.0.1:40612","dst":"127.0.0.1:8000","checksum":"right"}"#
        );
        for (line, event) in shown[2..].iter().zip(["held", "retransmitted", "dropped", "retransmitted"]) {
            assert!(line.contains(&format!("\"event\":\"{event}\"")), "{line}");
        }
        assert!(shown[5].contains("\"id\":1") && shown[5].contains(",\"again\":0,"), "{}", shown[5]);
    }

    #[test]
    fn only_changes_of_a_state_are_states() {
        let mut longer = facts(State::Established, Some("127.0.0.1:40612"), Some("127.0.0.1:8000"));
        longer.recv_queue = 5;
        let shown = lines(vec![
            Event::Socket(facts(State::Closed, None, None)),
            Event::Socket(facts(State::Established, Some("127.0.0.1:40612"), Some("127.0.0.1:8000"))),
            Event::Socket(longer),
            Event::Gone { cookie: 7, source: Source::Concluded },
        ]);
        assert_eq!(
            shown,
            [
                r#"{"n":1,"t_us":0,"kind":"state","side":"client","socket":"fd 5","from":null,"to":"CLOSED","source":"sock_diag"}"#,
                r#"{"n":2,"t_us":10,"kind":"state","side":"client","socket":"127.0.0.1:40612-127.0.0.1:8000","from":"CLOSED","to":"ESTABLISHED","source":"sock_diag"}"#,
                r#"{"n":3,"t_us":30,"kind":"state","side":"client","socket":"127.0.0.1:40612-127.0.0.1:8000","from":"ESTABLISHED","to":"CLOSED","source":"concluded"}"#,
            ]
        );
    }

    #[test]
    fn claims_bear_their_steps_name() {
        let client = |is: State| Statement::State { end: ConnectionEnd::Socket("client".into()), is: is.into() };
        let claim =
            ClaimResult { step: 3, what: client(State::Listen), held: false, actual: client(State::SynSent), line: 9 };
        assert_eq!(
            lines(vec![Event::Step(0), Event::Claim(Box::new(claim))]),
            [
                r#"{"n":1,"t_us":10,"kind":"claim","step":"the-step","what":"client is LISTEN","held":false,"actual":"client is SYN_SENT"}"#
            ]
        );
    }
}
