//! One line for each thing that happens.

use super::{COLUMNS, indented};
use crate::explain::call_notes;
use crate::i18n::{Lang, PlainTexts, Texts, counter, escape, fill, width, wrap};
use crate::model::edit::{FieldChange, changed};
use crate::model::rule::{RuleInForce, WireRules};
use crate::model::{
    Actor, Argument, Call, CallName, Caller, ChangedSetting, ClaimResult, CounterMove, ForwardingRules, HeldCalls,
    Member, Outcome, ProgramExit, Returned, Role, SampledOut, SegmentFilter, SegmentId, SocketNames, SocketView,
    Source, View, escape_with, listed, ready_text, signal_name, status_text,
};
use crate::tcp::{Flags, Initials, Numbers, Packet, line};

/// So much of sent or received text is shown, in columns.
const SHOWN: usize = 36;

/// `  server  accept(4) blocks`: the newest call of a thread, with what is said of it.
pub(super) fn call(caller: Caller, view: &View<'_>, what: &str, texts: &Texts) -> Option<String> {
    let call = view.newest_call(caller)?;
    let who = who(caller, view, texts);
    // It is written as C has it; what a recording has in its place does nothing to a terminal either.
    let text = call.as_made().map_or_else(|| written(call.own), |made| escape_with(made.as_bytes(), ""));
    Some(format!("  {who}  {text} {what}"))
}

/// The end of a program's thread in a call, or before one.
pub(super) fn ended(caller: Caller, view: &View<'_>, texts: &Texts) -> Option<String> {
    let never_made = view.newest_call(caller).is_some_and(|call| call.never_made);
    call(caller, view, if never_made { &texts.plain.never_made } else { &texts.plain.ended }, texts)
}

/// An actor's process that a person has ended.
pub(super) fn killed(actor: Actor, view: &View<'_>, texts: &Texts) -> String {
    format!("  {}", fill(&texts.plain.killed, &[("side", &texts.shared.in_sentence(view.known_as(actor)))]))
}

/// A signal that a program's thread gets.
pub(super) fn signal(caller: Caller, signal: i32, view: &View<'_>, texts: &Texts) -> String {
    let values = [("who", who(caller, view, texts)), ("signal", signal_name(signal))];
    format!("  {}", fill(&texts.plain.signalled, &values))
}

/// A program's end.
pub(super) fn program_ended(number: u32, how: ProgramExit, view: &View<'_>, texts: &Texts) -> String {
    let members = view.members();
    let program = match members.iter().find(|member| member.number == number).map(|member| &member.role) {
        Some(Role::Runs(program)) => escape(program),
        _ => number.to_string(),
    };
    let (text, how) = match how {
        ProgramExit::Status(status) => (&texts.plain.program_exited, ("status", status.to_string())),
        ProgramExit::Signal(signal) => (&texts.plain.program_killed, ("signal", signal_name(signal))),
    };
    format!("  {}", fill(text, &[("program", program), how]))
}

/// Who makes a call: a program by its name, a further thread with its number.
fn who(caller: Caller, view: &View<'_>, texts: &Texts) -> String {
    let name = match view.program(caller.actor).map(|member| &member.role) {
        Some(Role::Runs(program)) => escape(program),
        _ => texts.shared.actor(view.known_as(caller.actor)),
    };
    if caller.worker == 0 { name } else { format!("{name}/{}", caller.worker) }
}

/// Where in its source a program makes its newest call: the line, or why it isn't known.
pub(super) fn site(caller: Caller, view: &View<'_>, texts: &Texts) -> Vec<String> {
    let site = view.newest_call(caller).and_then(|call| call.made?.site.as_deref());
    let said = site.into_iter().flat_map(|site| [texts.site.place(site), texts.site.lacks(site)]);
    said.flatten().flat_map(|text| indented("    ", &text)).collect()
}

/// What is said of the newest call beyond its outcome.
pub(super) fn notes(caller: Caller, view: &View<'_>, lang: Lang) -> Vec<String> {
    let notes = view.newest_call(caller).and_then(|call| call_notes(view, &call, lang).ok());
    notes.into_iter().flatten().flat_map(|note| indented("    ", &note)).collect()
}

/// A process that came or left.
pub(super) fn member(member: &Member, what: &str, view: &View<'_>, texts: &Texts) -> String {
    let role = match &member.role {
        Role::Drives(_) => {
            member.actors().map(|actor| texts.shared.actor(view.known_as(actor))).collect::<Vec<_>>().join(" + ")
        }
        Role::Watches => texts.plain.watches.clone(),
        Role::Runs(program) => escape(program),
        Role::Plays(side) => texts.shared.actor(view.known_as(Actor { side: *side, nth: member.nth })),
    };
    format!("  {}", fill(what, &[("role", &role as &dyn std::fmt::Display), ("pid", &member.pid)]))
}

/// Which calls of a program, or of all, wait from now on.
pub(super) fn holding(of: Option<u32>, held: HeldCalls, view: &View<'_>, texts: &PlainTexts) -> Vec<String> {
    let members = view.members();
    let name = of.and_then(|of| members.iter().find(|member| member.number == of)).map(|member| &member.role);
    let program = match name {
        Some(Role::Runs(program)) => escape(program),
        _ => texts.all_programs.clone(),
    };
    let text = match held {
        HeldCalls::None => &texts.holds_none,
        HeldCalls::Walk => &texts.holds_walk,
        HeldCalls::All => &texts.holds_all,
    };
    indented("  ", &fill(text, &[("program", &program)]))
}

/// Which segments go on by themselves from now on.
pub(super) fn passing(passing: &ForwardingRules, view: &View<'_>, all: &Texts) -> Vec<String> {
    let texts = &all.plain;
    let one = |(which, delay): &(SegmentFilter, std::time::Duration)| {
        let which = which_segments(*which, view, all);
        let ms = delay.as_millis();
        format!("  {}", fill(&texts.pass, &[("which", &which as &dyn std::fmt::Display), ("ms", &ms)]))
    };
    if passing.rules.is_empty() {
        vec![format!("  {}", texts.pass_none)]
    } else {
        passing.rules.iter().map(one).collect()
    }
}

/// Which rules the wire has from now on.
pub(super) fn ruled(rules: &WireRules, view: &View<'_>, all: &Texts) -> Vec<String> {
    let texts = &all.plain;
    let one = |RuleInForce { rule, .. }: &RuleInForce| {
        let which = which_segments(rule.which, view, all);
        let text = fill(&texts.rule, &[("rule", &rule.words() as &dyn std::fmt::Display), ("which", &which)]);
        indented("  ", &text)
    };
    if rules.rules.is_empty() { indented("  ", &texts.rules_none) } else { rules.rules.iter().flat_map(one).collect() }
}

/// What came of a setting's change.
pub(super) fn setting(changed: &ChangedSetting, texts: &PlainTexts) -> Vec<String> {
    let name = escape(&changed.name);
    let text = match &changed.now {
        Ok(now) => {
            let before = changed.before.as_deref().map_or_else(|| "?".to_owned(), escape);
            fill(&texts.setting, &[("name", &name), ("now", &escape(now)), ("before", &before)])
        }
        Err(errno) => fill(&texts.setting_refused, &[("name", &name), ("errno", &errno.to_string())]),
    };
    indented("  ", &text)
}

/// Between whom, in words.
fn which_segments(which: SegmentFilter, view: &View<'_>, all: &Texts) -> String {
    match which {
        SegmentFilter::All => all.plain.pass_all.clone(),
        SegmentFilter::To(actor) => {
            fill(&all.plain.pass_to, &[("side", &all.shared.in_sentence(view.known_as(actor)))])
        }
        SegmentFilter::Of(connection) => {
            let [low, high] = connection.ends();
            format!("{low} – {high}")
        }
    }
}

/// What passed by itself without being kept one by one; losses only where there were some.
pub(super) fn unkept(unkept: SampledOut, texts: &PlainTexts) -> Vec<String> {
    let SampledOut { segments, bytes, lost, refused, ruled } = unkept;
    let counted = [
        (segments, &texts.unkept),
        (lost, &texts.unkept_lost),
        (refused, &texts.unkept_refused),
        (ruled, &texts.unkept_ruled),
    ];
    let counted = counted.into_iter().filter(|(n, _)| *n > 0);
    counted.flat_map(|(n, text)| indented("  ", &fill(text, &[("n", n), ("bytes", bytes)]))).collect()
}

/// A call as one would write it, its descriptors the real ones; long data is cut.
fn written(call: &Call) -> String {
    call.written(", ", |argument| match argument {
        Argument::Buffer | Argument::Peer | Argument::ValueRoom | Argument::List => None,
        Argument::Flags { usual: true, .. } => None,
        Argument::Data(data) => Some(quoted(data)),
        Argument::Buffers(transfer) => Some(several(&transfer.parts(transfer.data()))),
        other => Some(other.to_string()),
    })
}

/// `= 6 "hello\n"`, `= -1 ECONNRESET`: what came of this call.
pub(super) fn outcome(call: Option<&Call>, outcome: &Outcome) -> String {
    match outcome {
        Err(errno) => format!("= {} {errno}", errno.value()),
        Ok(returned) => {
            let mut text = format!("= {}", returned.value);
            match call {
                _ if returned.data.is_empty() => {}
                Some(Call::Transfer(transfer)) if transfer.name == CallName::RecvMsg => {
                    text.push_str(&format!(" {}", several(&transfer.parts(&returned.data))));
                }
                _ => text.push_str(&format!(" {}", quoted(&returned.data))),
            }
            if !returned.revents.is_empty() {
                text.push_str(&format!(
                    " ({})",
                    ready_text(call.map_or(CallName::Other, Call::name), &returned.revents)
                ));
            }
            if let Some(value) = told_beside(call, returned) {
                text.push_str(&format!(" ({value})"));
            }
            if let Some(peer) = returned.peer {
                text.push_str(&format!(" ({peer})"));
            }
            if !returned.addresses.is_empty() {
                text.push_str(&format!(" ({})", listed(&returned.addresses)));
            }
            text
        }
    }
}

/// What a call told beside its value, or what its value means.
fn told_beside(call: Option<&Call>, returned: &Returned) -> Option<String> {
    let option = returned.option.as_ref().map(ToString::to_string);
    let flags = || matches!(call, Some(Call::GetStatus { .. })).then(|| status_text(returned.value));
    // A program's call has it in its arguments.
    let told = returned.told.filter(|_| returned.filled.is_empty()).map(|told| told.to_string());
    option.or(told).or_else(flags)
}

/// The bytes of several buffers: `{"ab", "cd"}`.
fn several(parts: &[&[u8]]) -> String {
    format!("{{{}}}", parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(", "))
}

/// Bytes as text in quotation marks, escaped, and cut where it is long.
fn quoted(bytes: &[u8]) -> String {
    // A character takes at most four bytes; what lies behind so many isn't shown anyway.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]).into_owned();
    let (mut shown, mut used) = (String::new(), 0);
    for c in text.chars() {
        let piece = escape(c.encode_utf8(&mut [0; 4]));
        used += width(&piece);
        if used > SHOWN {
            return format!("\"{shown}\"…");
        }
        shown.push_str(&piece);
    }
    let more = if bytes.len() > 4 * SHOWN { "…" } else { "" };
    format!("\"{shown}\"{more}")
}

/// `  client ──▶ server  SYN seq=j  (j = 2839402)`, in two lines where one is too long.
pub(super) fn segment(id: SegmentId, segment: &Packet, view: &View<'_>, note: &str, texts: &Texts) -> Vec<String> {
    let initials = initials(id, view);
    let mut first = arrow(segment, &initials, view, texts);
    if !note.is_empty() {
        first.push_str(&format!("  {note}"));
    }
    let Some(numbers) = raw_numbers(segment, &initials) else { return vec![format!("  {first}")] };
    if width(&first) + 2 + width(&numbers) <= COLUMNS {
        return vec![format!("  {first}  {numbers}")];
    }
    vec![format!("  {first}"), format!("      {numbers}")]
}

/// `      seq: j+1 → j+100`: the fields in which a copy differs from the segment of which it was made.
pub(super) fn changes(id: SegmentId, of: SegmentId, view: &View<'_>, texts: &PlainTexts) -> Vec<String> {
    let Some((copy, of)) = view.segment(id).zip(view.segment(of)) else { return Vec::new() };
    let one = |FieldChange { field, before, after }: FieldChange| {
        let [before, after] = [before, after].map(|change| change.short());
        fill(&texts.changed, &[("field", field.name()), ("before", &before), ("after", &after)])
    };
    let told = changed(of.segment, copy.segment, &view.initials_for_copy(&of)).into_iter().map(one);
    told.flat_map(|text| indented("      ", &text)).collect()
}

/// What became of a segment that was told before.
pub(super) fn fate(id: SegmentId, view: &View<'_>, what: &str, texts: &Texts) -> Vec<String> {
    view.segment(id).map_or_else(Vec::new, |segment| segment_fate(id, segment.segment, view, what, texts))
}

/// `  K TCPChallengeACK +1: Challenge ACKs that were sent …`: what the kernel counted, and what that counts.
pub(super) fn reason(moved: &CounterMove, lang: Lang) -> Vec<String> {
    let counts = counter(&moved.name, lang).map(|text| format!(": {text}"));
    told("  K ", &format!("{moved}{}", counts.unwrap_or_default()))
}

/// The same, of one copy.
pub(super) fn segment_fate(id: SegmentId, segment: &Packet, view: &View<'_>, what: &str, texts: &Texts) -> Vec<String> {
    let arrow = arrow(segment, &initials(id, view), view, texts);
    vec![format!("  {}", fill(&texts.plain.fate, &[("segment", arrow.as_str()), ("fate", what)]))]
}

/// The initial numbers from which a segment counts.
fn initials(id: SegmentId, view: &View<'_>) -> Initials {
    view.segment(id).map_or_else(Initials::default, |segment| segment.initials)
}

fn arrow(segment: &Packet, initials: &Initials, view: &View<'_>, texts: &Texts) -> String {
    let end = |address| texts.shared.end(view.trace(), address);
    let (from, to) = (end(segment.from), end(segment.to));
    format!("{from} ──▶ {to}  {}", line(segment, initials, Numbers::Symbolic))
}

/// The numbers as they stand in the segment; of a SYN, what its letter means. `None` where there are none.
fn raw_numbers(packet: &Packet, initials: &Initials) -> Option<String> {
    let segment = packet.tcp()?;
    let first = match initials.own.filter(|_| segment.flags.has(Flags::SYN)) {
        Some(isn) => format!("{} = {}", isn.name, segment.seq),
        None => format!("seq {}", segment.seq),
    };
    Some(if segment.flags.has(Flags::ACK) { format!("({first}, ack {})", segment.ack) } else { format!("({first})") })
}

/// `  client  127.0.0.1:40612  SYN_SENT → ESTABLISHED  (kernel says)`; nothing where another fact of the socket changed.
pub(super) fn state(cookie: u64, view: &View<'_>, all: &Texts) -> Vec<String> {
    let texts = &all.plain;
    let now = view.moment().saturating_sub(1);
    let changed = view.socket(cookie).filter(|socket| socket.state_since == now);
    let Some(socket) = changed else { return Vec::new() };
    let change = match socket.previous {
        Some(previous) => format!("{previous} → {}", socket.state),
        None => fill(&texts.first_state, &[("state", &socket.state)]),
    };
    let whose = whose(&socket, view, all);
    let source = match socket.source {
        Source::Call => &texts.source_call,
        Source::SockDiag => &texts.source_sock_diag,
        Source::TcpInfo | Source::PeerName => &texts.source_tcp_info,
        Source::Wire => &texts.source_wire,
        Source::Concluded => &texts.source_concluded,
    };
    vec![format!("  {whose}  {}  {change}  ({source})", place(&socket, view, all))]
}

/// Whose a socket is: an actor's, else another program's.
pub(super) fn whose(socket: &SocketView<'_>, view: &View<'_>, texts: &Texts) -> String {
    socket
        .facts
        .actor()
        .map_or_else(|| texts.plain.other_program.clone(), |actor| texts.shared.actor(view.known_as(actor)))
}

fn place(socket: &SocketView<'_>, view: &View<'_>, texts: &Texts) -> String {
    match (socket.facts.fd, socket.facts.local) {
        (Some(fd), _) => {
            let also = socket.facts.also.iter().map(|fd| format!(", {fd}"));
            let own = format!("fd {fd}{}", also.collect::<String>());
            let elsewhere = socket.facts.actor().map(|actor| socket.facts.others_than(actor)).unwrap_or_default();
            let elsewhere = elsewhere.into_iter().flat_map(|other| {
                let fds = socket.facts.fds_of(other).into_iter();
                fds.map(move |fd| format!(", {} fd {fd}", texts.shared.actor(view.known_as(other))))
            });
            own + &elsewhere.collect::<String>()
        }
        (None, Some(local)) => local.to_string(),
        (None, None) => "–".to_owned(),
    }
}

/// `  ✓ the client's socket is SYN_SENT`, or what was expected and what was the case.
pub(super) fn claim(claim: &ClaimResult, sockets: &SocketNames, texts: &Texts) -> Vec<String> {
    let (what, words) = (texts.statement(&claim.what, sockets), &texts.plain);
    if claim.held {
        return told("  ✓ ", &what);
    }
    let columns = width(&words.expected).max(width(&words.actual));
    let padded = |word: &str| format!("{word}{}", " ".repeat(columns - width(word)));
    let expected = told(&format!("  ✗ {}  ", padded(&words.expected)), &what);
    let actual = told(&format!("    {}  ", padded(&words.actual)), &texts.statement(&claim.actual, sockets));
    expected.into_iter().chain(actual).collect()
}

/// A text behind its mark, its further lines below its beginning.
fn told(mark: &str, text: &str) -> Vec<String> {
    let lines = wrap(text, COLUMNS - width(mark)).into_iter().enumerate();
    lines.map(|(n, line)| format!("{}{line}", if n == 0 { mark.to_owned() } else { " ".repeat(width(mark)) })).collect()
}
