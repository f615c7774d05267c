//! What is told of a program when it has ended, for use without a screen.

use std::fmt::Display;
use std::time::Duration;

use super::texts::DiagnosisWords;
use super::{ProgramDiagnosis, done, standing};
use crate::explain::table::Broken;
use crate::i18n::{Lang, escape, join};
use crate::model::{
    Call, Caller, Connection, Entry, Event, Member, Moment, ProgramExit, Role, SocketView, Trace, View,
};
use crate::tcp::{Segment, State};

/// Signals by which a program is asked to end: what it does then is its end already.
const ENDS: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// What was wrong with a program, as lines of text: what stood when it began to end, and what it did before. The trace holds all
/// that happened until it had ended. `unseen`: it is known that its calls couldn't be seen.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub fn report(trace: &Trace, program: &Member, unseen: bool, lang: Lang) -> Result<Vec<String>, Broken> {
    let words = DiagnosisWords::load(lang)?;
    let Role::Runs(name) = &program.role else { return Ok(Vec::new()) };
    let name = escape(name);
    let (told, present) = (trace.at(end_of(trace, program)), trace.present());
    let end = trace.at(before_its_sockets_closed(trace, program, told.moment()));
    if !present.has_called(program) {
        let values: [(&str, &dyn Display); 1] = [("program", &name)];
        let line =
            if unseen { words.say(|t| &t.report_unseen, &values) } else { words.say(|t| &t.report_no_calls, &values) };
        return Ok(vec![line]);
    }
    let mut found: Vec<(View<'_>, ProgramDiagnosis<'_>)> = { standing(&end, told.at()).into_iter() }
        .filter(|diagnosis| diagnosis.program == program.number)
        .map(|diagnosis| (end, diagnosis))
        .collect();
    for diagnosis in done(&present, program) {
        let known = |(_, other): &(View<'_>, ProgramDiagnosis<'_>)| {
            other.socket == diagnosis.socket && other.kind == diagnosis.kind
        };
        if !found.iter().any(known) {
            found.push((present, diagnosis));
        }
    }
    let head = match found.len() {
        0 => words.say(|t| &t.report_none, &[("program", &name)]),
        n => words.say(|t| &t.report_some, &[("program", &name), ("n", &n)]),
    };
    let untold = untold_calls(trace, program);
    let untold = (untold > 0).then(|| words.say(|t| &t.report_untold, &[("n", &untold)]));
    let mut lines: Vec<String> = [Some(head), untold].into_iter().flatten().collect();
    for (n, (view, diagnosis)) in found.iter().enumerate() {
        let told = diagnosis.told(view, lang)?;
        lines.push(format!("{}. {}", n + 1, told.what));
        lines.extend(told.evidence.into_iter().map(|line| format!("   {line}")));
        lines.push(format!("   {}", join(&words.say(|t| &t.todo, &[]), &told.remedy)));
    }
    Ok(lines)
}

/// How many of its calls weren't kept one by one: another program's tell nothing of it.
fn untold_calls(trace: &Trace, program: &Member) -> u64 {
    let of = trace.entries().iter().filter_map(|entry| match entry.event {
        Event::UntoldCalls { program: of, calls } if of == program.number => Some(calls),
        _ => None,
    });
    of.fold(0, u64::saturating_add)
}

/// What the kernel's table and the capture tell of one end of a program comes within this time.
const AT_ONCE: Duration = Duration::from_millis(200);

/// The kernel closes what a program that ends has open. What it sends of that, and that the sockets are CLOSED, may be seen before
/// the tracer has told the end: the moment before the first such entry since the program's last call.
fn before_its_sockets_closed(trace: &Trace, program: &Member, end: Moment) -> Moment {
    let (mut first, mut closing) = (end, None);
    let ends_at = |moment: Moment, caller: &Caller| {
        let is_soon = |end: &Entry| end.at.saturating_sub(trace.entries()[moment].at) <= AT_ONCE;
        let slept = || trace.at(moment).newest_call(*caller).is_some_and(|call| call.blocked);
        trace.entries().get(end.saturating_sub(1)).is_some_and(is_soon) && slept()
    };
    // The last one is the end itself.
    for (moment, entry) in trace.entries().iter().enumerate().take(end.saturating_sub(1)).rev() {
        match &entry.event {
            // What ends the program makes a call that sleeps come back: that is the end's own.
            Event::Returned { caller, .. } if ends_at(moment, caller) => {}
            Event::Entered { caller, .. }
            | Event::Stands { caller, .. }
            | Event::Blocked { caller }
            | Event::Returned { caller, .. }
                if program.makes(caller.actor) =>
            {
                break;
            }
            Event::Sent { segment, .. } if segment.tcp().is_some_and(Segment::is_fin_or_rst) => {
                let before = trace.at(moment);
                let sends = |socket: &SocketView<'_>| {
                    before.last_ends(socket.facts.cookie) == Some((segment.from, segment.to)) && !socket.gone
                };
                let mut senders = before.sockets_of(Connection::of(segment)).filter(sends);
                if senders.any(|socket| holds(program, &socket)) {
                    (first, closing) = (moment, Some(entry.at));
                }
            }
            Event::Socket(facts) if closing.is_some_and(|sent| sent.saturating_sub(entry.at) <= AT_ONCE) => {
                let before = trace.at(moment).socket(facts.cookie);
                let is_closed = facts.state == State::Closed;
                if is_closed && before.is_some_and(|before| before.state != State::Closed && holds(program, &before)) {
                    first = moment;
                }
            }
            _ => {}
        }
    }
    first
}

/// Whether a program has a descriptor of a socket.
fn holds(program: &Member, socket: &SocketView<'_>) -> bool {
    socket.facts.fd.is_some() && socket.facts.actor().is_some_and(|actor| program.makes(actor))
}

/// Whether somebody asked a program to end, by a signal.
pub(super) fn was_asked_to_end(trace: &Trace, program: &Member) -> bool {
    let asks = |event: &Event| matches!(event, Event::Signal { caller, signal } if program.makes(caller.actor) && ENDS.contains(signal));
    trace.entries().iter().any(|entry| asks(&entry.event))
}

/// The moment at which a program begins to end: until then its descriptors are as it left them.
fn end_of(trace: &Trace, program: &Member) -> Moment {
    let mut end = trace.now();
    let how = trace.entries().iter().rev().find_map(|entry| match &entry.event {
        Event::ProgramEnded { program: of, how } if *of == program.number => Some(*how),
        _ => None,
    });
    for (moment, entry) in trace.entries().iter().enumerate().rev() {
        match &entry.event {
            // Another thread may be that of a process which the program ends itself.
            Event::Signal { caller, signal }
                if program.makes(caller.actor)
                    && ((ENDS.contains(signal) && caller.worker == 0) || how == Some(ProgramExit::Signal(*signal))) =>
            {
                end = moment + 1;
            }
            Event::Entered { caller, call: Call::Program(made) }
                if made.name == "exit_group" && program.makes(caller.actor) && end == trace.now() =>
            {
                end = moment + 1;
            }
            Event::Joined(member) if member.number == program.number => break,
            _ => {}
        }
    }
    end
}
