//! Why what was typed is no call.

use super::rules::in_sentence;
use crate::i18n::{edit_fault, fill, harmless, rule_fault, setting_fault};
use crate::model::typed::{HeldValue, Instead, Mistyped, form, form_beside};
use crate::model::{CallName, SideProcess, SocketOption, ValueKind};
use crate::tui::line::ToldOfLine;
use crate::tui::scene::Scene;

/// What is told of the line before, for which nothing was called.
pub(super) fn of_line_before(scene: &Scene<'_>, told: &ToldOfLine) -> Vec<String> {
    let t = &scene.texts.mistyped;
    match told {
        ToldOfLine::Unneeded(why) => vec![sentence(scene, why)],
        ToldOfLine::Given(values) => {
            let of_one = |(name, value): &(String, HeldValue)| match value {
                HeldValue::Bytes(Some(size), None) => fill(&t.room, &[("name", name), ("n", &size.to_string())]),
                value => {
                    let told = if value.is_open() { &t.open } else { &t.given };
                    fill(told, &[("name", name), ("value", &harmless(&value.to_string()))])
                }
            };
            let is_room = |value: &HeldValue| matches!(value, HeldValue::Bytes(Some(_), _));
            let (unset, others): (Vec<_>, Vec<_>) =
                values.iter().partition(|(_, value)| value.is_unset() && !is_room(value));
            let names = scene.app.lang().list(unset.iter().map(|(name, _)| format!("`{name}`")));
            let unset = (!unset.is_empty()).then(|| fill(&t.unset_yet, &[("names", &names)]));
            unset.into_iter().chain(others.into_iter().map(of_one)).collect()
        }
    }
}

/// Why what was typed is no call, and what to do.
pub(super) fn sentence(scene: &Scene<'_>, mistyped: &Mistyped) -> String {
    let t = &scene.texts.mistyped;
    match mistyped {
        Mistyped::Name(name) => fill(&t.no_call, &[("name", &harmless(name))]),
        Mistyped::Instead(name, instead) => self::instead(scene, name, *instead),
        Mistyped::Variable(call, text) => {
            fill(&t.variable, &[("call", call.name()), ("text", &harmless(text)), ("form", &form_here(scene, *call))])
        }
        Mistyped::NotYet(name) => fill(&t.not_yet, &[("name", &harmless(name))]),
        Mistyped::Unset(..) | Mistyped::NoFamily(..) | Mistyped::Hints(_) | Mistyped::OnlyStreams(_) => {
            of_structure(scene, mistyped)
        }
        Mistyped::Member(..) | Mistyped::NoMember(..) => of_structure(scene, mistyped),
        Mistyped::Comment => t.comment.clone(),
        Mistyped::Around(call) => fill(&t.around, &[("call", &harmless(call))]),
        Mistyped::Assigned(text) => fill(&t.assigned, &[("text", &harmless(text))]),
        Mistyped::Several(text) => fill(&t.several, &[("text", &harmless(text))]),
        Mistyped::Declared(text) => fill(&t.declared, &[("text", &harmless(text))]),
        Mistyped::Size(call, text) => {
            fill(&t.size, &[("call", call.name()), ("text", &harmless(text)), ("form", &form_here(scene, *call))])
        }
        Mistyped::Descriptor(call) => fill(&t.no_descriptor, &[("call", call.name())]),
        Mistyped::Argument(call, text) | Mistyped::Host(call, text) => {
            let told = if matches!(mistyped, Mistyped::Host(..)) { &t.no_host } else { &t.no_argument };
            fill(told, &[("call", call.name()), ("text", &harmless(text)), ("form", &form_here(scene, *call))])
        }
        Mistyped::TooMany(call) => fill(&t.too_many, &[("call", call.name()), ("form", &form_here(scene, *call))]),
        Mistyped::Option(text) => fill(&t.no_option, &[("text", &harmless(text))]),
        Mistyped::Flag(call, text) => {
            let known: Vec<String> = call.flag_names().iter().map(|name| format!("`{name}`")).collect();
            let values =
                [("call", call.name().to_owned()), ("text", harmless(text)), ("flags", scene.app.lang().list(known))];
            fill(&t.no_flag, &values)
        }
        Mistyped::OnlyLab(call) => fill(&t.only_lab, &[("call", call.name())]),
        Mistyped::Full(most) => fill(&t.full, &[("n", most)]),
        Mistyped::Quote => t.no_quote.clone(),
        Mistyped::NoStep(text) if text.is_empty() => t.which_step.clone(),
        Mistyped::NoStep(text) => fill(&t.no_step, &[("text", &harmless(text))]),
        Mistyped::NotReached(n) => fill(&t.not_reached, &[("n", n)]),
        Mistyped::Edit(fault) => harmless(&edit_fault(fault, scene.app.walk().server(), scene.app.lang())),
        Mistyped::OfProgram => t.of_program.clone(),
        Mistyped::Rule(fault) => harmless(&rule_fault(fault, scene.app.lang())),
        Mistyped::Setting(fault) => harmless(&setting_fault(fault, scene.app.lang())),
        Mistyped::ManyChildren(side) => {
            let values = [("side", in_sentence(scene, (*side).into())), ("n", SideProcess::MOST_CHILDREN.to_string())];
            fill(&t.many_children, &values)
        }
        Mistyped::Killed(actor) => fill(&t.killed, &[("side", &in_sentence(scene, *actor))]),
        Mistyped::Busy(actor, call) => {
            let call = format!("{call}()");
            fill(&t.busy, &[("side", &in_sentence(scene, *actor)), ("call", &call)])
        }
    }
}

/// What is wrong with a structure of C's.
fn of_structure(scene: &Scene<'_>, mistyped: &Mistyped) -> String {
    let t = &scene.texts.mistyped;
    match mistyped {
        Mistyped::Unset(call, text, form) | Mistyped::NoFamily(call, text, form) => {
            let told = if matches!(mistyped, Mistyped::Unset(..)) { &t.unset } else { &t.no_family };
            fill(told, &[("call", call.name()), ("text", &harmless(text)), ("form", &harmless(form))])
        }
        Mistyped::Hints(name) => fill(&t.no_hints, &[("name", &harmless(name))]),
        Mistyped::OnlyStreams(name) => fill(&t.only_streams, &[("name", &harmless(name))]),
        Mistyped::Member(text, form) => fill(&t.no_value, &[("text", &harmless(text)), ("form", &harmless(form))]),
        Mistyped::NoMember(name, member) => {
            fill(&t.no_member, &[("name", &harmless(name)), ("member", &harmless(member))])
        }
        _ => String::new(),
    }
}

/// The option that the typed line names.
fn option_named(scene: &Scene<'_>) -> Option<SocketOption> {
    let typed = scene.app.input.as_ref()?.value();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    typed.split(|c: char| !is_part(c)).find_map(SocketOption::by_name)
}

/// How a call on this option may be written; `None` of another call.
fn form_of(call: CallName, option: SocketOption) -> Option<String> {
    let name = option.name()?;
    let value = match option.kind() {
        ValueKind::Time => "{1, 500000}",
        ValueKind::Linger => "{1, 0}",
        ValueKind::Name => "\"reno\"",
        _ => "1",
    };
    match call {
        CallName::SetSockOpt => Some(format!("setsockopt(3, {name}, {value})")),
        CallName::GetSockOpt => Some(format!("getsockopt(3, {name})")),
        _ => None,
    }
}

/// How a call may be written, with the address that the server has here.
fn form_here(scene: &Scene<'_>, call: CallName) -> String {
    if let Some(form) = option_named(scene).and_then(|option| form_of(call, option)) {
        return form;
    }
    form_beside(form(call), scene.app.walk().server())
}

/// What is done in place of what C has under this name.
fn instead(scene: &Scene<'_>, name: &str, instead: Instead) -> String {
    let t = &scene.texts.mistyped;
    let quoted = |lines: &[&str]| {
        let lines = lines.iter().map(|line| format!("`{}`", form_beside(line, scene.app.walk().server())));
        scene.app.lang().list(lines)
    };
    let (text, forms) = match instead {
        Instead::Typed(lines) => (&t.instead, quoted(lines)),
        Instead::Address(lines) => (&t.instead_address, quoted(lines)),
        Instead::Error => (&t.instead_error, String::new()),
        Instead::Flow => (&t.instead_flow, String::new()),
        Instead::Output => (&t.instead_output, String::new()),
        Instead::Key => (&t.instead_key, String::new()),
        Instead::Nothing => (&t.instead_nothing, String::new()),
    };
    fill(text, &[("name", harmless(name)), ("forms", forms)])
}
