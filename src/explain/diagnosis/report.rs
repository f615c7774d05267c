//! What is told of a program when it has ended, for use without a screen.

use super::texts::DiagnosisWords;
use super::{ProgramDiagnosis, done, standing};
use crate::explain::table::Broken;
use crate::i18n::{Lang, escape, join};
use crate::model::{Call, Connection, Event, Member, Moment, ProgramExit, Role, Trace, View};
use crate::tcp::Flags;

/// Signals by which a program is asked to end: what it does then is its end already.
const ENDS: [i32; 4] = [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// What was wrong with a program, as lines of text: what stood when it began to end, and what it did before. The trace holds all
/// that happened until it had ended.
///
/// # Errors
/// [`Broken`] where the texts that were built in don't fit the program.
pub fn report(trace: &Trace, program: &Member, lang: Lang) -> Result<Vec<String>, Broken> {
    let words = DiagnosisWords::load(lang)?;
    let Role::Runs(name) = &program.role else { return Ok(Vec::new()) };
    let name = escape(name);
    let (told, present) = (trace.at(end_of(trace, program)), trace.present());
    let end = trace.at(before_its_sockets_closed(trace, program, told.moment()));
    if present.threads_of(program).next().is_none() {
        return Ok(vec![words.say(|t| &t.report_unseen, &[("program", &name)])]);
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
    let untold = present.untold_calls();
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

/// The kernel closes what a program that ends has open, and what it sends of that may be captured before the tracer has told the
/// end: the moment before the first FIN or RST since the program's last call that came from a descriptor which is open.
fn before_its_sockets_closed(trace: &Trace, program: &Member, end: Moment) -> Moment {
    let mut first = end;
    // The last one is the end itself.
    for (moment, entry) in trace.entries().iter().enumerate().take(end.saturating_sub(1)).rev() {
        match &entry.event {
            Event::Entered { caller, .. }
            | Event::Stands { caller, .. }
            | Event::Blocked { caller }
            | Event::Returned { caller, .. }
                if program.makes(caller.actor) =>
            {
                break;
            }
            Event::Sent { segment, .. }
                if segment.tcp().is_some_and(|tcp| tcp.flags.has(Flags::FIN) || tcp.flags.has(Flags::RST)) =>
            {
                let before = trace.at(moment);
                let mut own = before.sockets_of(Connection::of(segment)).filter(|socket| {
                    socket.facts.fd.is_some()
                        && socket.facts.local == Some(segment.from)
                        && socket.facts.actor().is_some_and(|actor| program.makes(actor))
                });
                if own.next().is_some() {
                    first = moment;
                }
            }
            _ => {}
        }
    }
    first
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
