//! The free walk's part of the explanation: what the newest call came to and why, and what can be called next.

use std::time::Duration;

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::page::{TextPage, before_text, typing_line, why};
use super::rules::{self, name};
use super::segment::SegmentText;
use super::side::{call_text, outcome_text, view_text};
use super::wrong;
use crate::explain::{Likelihood, call_notes, explain};
use crate::i18n::width as display_width;
use crate::i18n::{edit_fault, escape, fill, rule_fault, setting_fault};
use crate::model::rule::RuleInForce;
use crate::model::typed::Mistyped;
use crate::model::{Actor, CallView, Errno, Event, Member, Role, SampledOut, Side, SocketView};
use crate::tui::menu::{self, Group, Item};
use crate::tui::programs;
use crate::tui::scene::{Scene, mark, shape};
use crate::tui::wrap::{cut, prose, wrap, wrap_text};
use crate::walk::{Phase, Purpose};

/// So many changed sockets are named, the newest; of the others the number.
const CHANGES: usize = 12;

/// What happened last, and why.
pub(super) fn body(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let t = &scene.texts.free;
    let Some(free) = scene.app.walk().free() else { return Vec::new() };
    // Above all else, so that a long explanation doesn't push it out of the pane.
    let found = wrong::standing(scene);
    let mut lines = wrong::heads(scene, &found, width);
    lines.extend(members(scene, width));
    lines.extend(undeliverable(scene, width));
    let segment = super::segment::newest(scene, width);
    // Of a call that the segment didn't change everything has been said already.
    let call = newest_call(scene).filter(|call| segment.is_none() || scene.is_fresh(call.changed));
    match (call, segment) {
        // What has begun speaks for itself.
        (None, None) if scene.view.segment_count() > 0 => {}
        (None, None) => {
            let text = match free.options().purpose {
                Purpose::Drive(_) if !scene.app.programs.is_empty() => &t.begin_run,
                Purpose::Drive(_) => &t.begin,
                Purpose::Watch => &t.begin_watch,
                Purpose::Replay => &t.begin_replay,
            };
            lines.extend(wrap(&prose(text, scene.theme.text.0, scene.theme.code.0), width));
        }
        (call, segment) => lines.extend(came_of(scene, call.as_ref(), segment, width)),
    }
    lines.extend(changes(scene));
    lines.extend(wrong::details(scene, &found.0, width));
    lines
}

/// The call that changed last, of the sides that are driven here, else of any.
fn newest_call<'a>(scene: &Scene<'a>) -> Option<CallView<'a>> {
    let newest = |actors: &[Actor]| {
        let calls = actors.iter().filter_map(|actor| scene.view.calls(*actor).take(16).max_by_key(|call| call.changed));
        calls.max_by_key(|call| call.changed)
    };
    let mut driven = scene.app.walk().free().map_or_else(Vec::new, |free| free.actors().to_vec());
    driven.extend(programs::actors(scene.app));
    let all = || Side::BOTH.into_iter().flat_map(|side| scene.view.actors(side)).collect::<Vec<_>>();
    newest(&driven).or_else(|| newest(&all()))
}

/// Who makes a call: a program by its name.
fn who(scene: &Scene<'_>, actor: Actor) -> String {
    match scene.view.program(actor).map(|program| &program.role) {
        Some(Role::Runs(name)) => format!("{} {}", shape(actor.side), escape(name)),
        _ => mark(actor),
    }
}

/// What is said of a call.
#[derive(Default)]
struct ToldOutcome {
    /// The call and its return.
    head: Vec<Line<'static>>,
    /// What that means.
    means: Vec<Line<'static>>,
    /// Why, and what to do.
    more: Vec<Line<'static>>,
}

impl ToldOutcome {
    fn in_order(self) -> Vec<Line<'static>> {
        [self.head, self.means, self.more].concat()
    }
}

/// A segment that was let go, and the call that it ended: first what happened to both, in few lines, so that a small pane hides
/// neither; then what it means.
fn both(call: ToldOutcome, segment: SegmentText) -> Vec<Line<'static>> {
    [call.head, segment.became, call.means, call.more, segment.sender, segment.says].concat()
}

/// What a segment and the call that changed with it came to.
pub(super) fn came_of(
    scene: &Scene<'_>,
    call: Option<&CallView<'_>>,
    segment: Option<SegmentText>,
    width: usize,
) -> Vec<Line<'static>> {
    match (call, segment) {
        (Some(call), Some(segment)) => both(outcome(scene, call, width), segment),
        (None, Some(segment)) => segment.in_order(),
        (Some(call), None) => outcome(scene, call, width).in_order(),
        (None, None) => Vec::new(),
    }
}

fn outcome(scene: &Scene<'_>, call: &CallView<'_>, width: usize) -> ToldOutcome {
    let (theme, t, lang) = (scene.theme, &scene.texts.free, scene.app.lang());
    let (result, style) = match call.outcome {
        Some(outcome @ Ok(returned)) if returned.data.is_empty() => (outcome_text(outcome), theme.good.0),
        Some(Ok(returned)) => (format!("= {}", returned.value), theme.good.0),
        Some(Err(errno)) => (format!("= -1 {errno}"), theme.bad.0),
        None if call.abandoned => {
            let head = format!("{} {}", who(scene, call.caller.actor), view_text(scene, call, true));
            let means = if call.never_made { &t.never_made } else { &t.abandoned };
            let (head, means) = (wrap_text(&head, theme.title.0, width), wrap_text(means, theme.bad.0, width));
            return ToldOutcome { head, means, more: Vec::new() };
        }
        // Nobody has said yet that it sleeps.
        None if !call.blocked => {
            let head = format!(
                "{} {} {}",
                who(scene, call.caller.actor),
                view_text(scene, call, true),
                if call.stands { &scene.texts.side.stands } else { &scene.texts.side.running }
            );
            let mut means = if call.stands { wrap_text(&t.stands, theme.text.0, width) } else { Vec::new() };
            let notes = call_notes(&scene.view, call, lang).unwrap_or_default();
            means.extend(notes.iter().flat_map(|note| wrap_text(note, theme.text.0, width)));
            return ToldOutcome { head: wrap_text(&head, theme.title.0, width), means, more: Vec::new() };
        }
        None => (t.blocks.clone(), theme.waits.0),
    };
    let head = [
        Span::styled(format!("{} ", who(scene, call.caller.actor)), theme.side(call.caller.actor.side)),
        Span::styled(format!("{} ", view_text(scene, call, true)), theme.title.0),
        Span::styled(result, style),
    ];
    let said = |label: &str, text: &str| {
        let mut spans = Vec::new();
        if !label.is_empty() {
            spans.push(Span::styled(before_text(label), theme.question.0));
        }
        spans.extend(prose(text, theme.text.0, theme.code.0));
        wrap(&spans, width)
    };
    let head = wrap(&head, width);
    let (explained, notes) = explain(&scene.view, call, lang);
    let notes: Vec<Line<'static>> = notes.iter().flat_map(|note| said("", note)).collect();
    let Some(explained) = explained else {
        return ToldOutcome { head, means: notes, more: Vec::new() };
    };
    let more = [notes, said(&t.why, explained.why), said(&t.remedy, explained.remedy)].concat();
    ToldOutcome { head, means: said("", explained.means), more }
}

/// The states that the newest act changed, as the kernel says.
fn changes(scene: &Scene<'_>) -> Vec<Line<'static>> {
    let fresh = |socket: &SocketView<'_>| scene.is_fresh(socket.state_since);
    let sockets = scene.view.sockets_since(scene.fresh_from).into_iter().filter(fresh);
    let line = |socket: SocketView<'_>| {
        let actor = socket.facts.actor()?;
        let from = socket.previous?;
        let program = socket.facts.program.as_deref().map(|name| format!(" {}", escape(name))).unwrap_or_default();
        let text = format!("{}{program} {from} → {}", mark(actor), socket.state);
        Some(Line::styled(text, scene.theme.side(actor.side).bold()))
    };
    let mut lines: Vec<Line<'static>> = sockets.filter_map(line).collect();
    let more = lines.len().saturating_sub(CHANGES);
    if more > 0 {
        let text = fill(&scene.texts.side.more, &[("n", &more.to_string())]);
        lines.splice(..more, [Line::styled(text, scene.theme.dim.0)]);
    }
    lines
}

/// Who has come or left since the newest act.
fn members(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let members = scene.view.trace().entries()[scene.fresh_from.min(scene.view.moment())..scene.view.moment()].iter();
    let t = &scene.texts.free;
    let told = members.filter_map(|entry| match &entry.event {
        Event::Joined(member) => Some((&t.joined, member)),
        Event::Left(member) => Some((&t.left, member)),
        _ => None,
    });
    // Who has just come sees that itself.
    let own = |member: &Member| {
        scene.app.walk().free().is_some_and(|free| member.actors().any(|one| free.actors().contains(&one)))
    };
    let told: Vec<_> = told.filter(|(_, member)| !own(member)).collect();
    let mut lines = Vec::new();
    let earlier = told.len().saturating_sub(2);
    for (text, member) in told.into_iter().skip(earlier) {
        let role = super::header::role(scene, member);
        let text = fill(text, &[("role", &role as &dyn std::fmt::Display), ("pid", &member.pid)]);
        lines.extend(wrap_text(&text, scene.theme.fresh.0, width));
    }
    lines
}

/// Segments that the kernel has refused to send on since the newest act, the last ones.
fn undeliverable(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let entries = &scene.view.trace().entries()[scene.fresh_from.min(scene.view.moment())..scene.view.moment()];
    let refused = entries.iter().filter_map(|entry| match &entry.event {
        Event::Undeliverable { id, errno } => Some((scene.view.segment(*id)?.segment.to, *errno)),
        _ => None,
    });
    let refused: Vec<_> = refused.collect();
    let last = refused.iter().skip(refused.len().saturating_sub(2));
    let text = |(to, errno): &(std::net::SocketAddr, Errno)| {
        fill(&scene.texts.free.undeliverable, &[("to", to as &dyn std::fmt::Display), ("errno", errno)])
    };
    last.flat_map(|one| wrap_text(&text(one), scene.theme.bad.0, width)).collect()
}

/// What can be done next.
pub(super) fn foot(scene: &Scene<'_>, width: usize, page: &mut TextPage) {
    let (theme, t) = (scene.theme, &scene.texts.free);
    if let Phase::Failed(failure) = scene.app.walk().phase() {
        let text = fill(&t.failed, &[("why", &why(scene, failure))]);
        page.foot = wrap_text(&text, theme.bad.0, width);
        return;
    }
    if typed(scene, width, page, &t.r#type) {
        return;
    }
    page.foot.extend(rules::holding(scene, width));
    page.foot.extend(passing(scene, width));
    let Some(actor) = menu::actor(scene.app) else { return };
    if let Some(call) = scene.view.open_call(actor) {
        let name = format!("{}()", call.called());
        let text = fill(&t.sleeps, &[("side", &rules::name(scene, actor)), ("call", &name)]);
        page.foot.extend(wrap_text(&text, theme.waits.0, width));
        return;
    }
    offered(scene, actor, width, page);
}

/// The line that the learner types of their own accord, below `title`, and what is wrong with it. `false` where none is typed.
pub(super) fn typed(scene: &Scene<'_>, width: usize, page: &mut TextPage, title: &str) -> bool {
    let (theme, t) = (scene.theme, &scene.texts.free);
    let types = scene.app.types_own();
    if let Some(mistyped) = scene.app.lines.mistyped.as_ref().filter(|_| types) {
        page.foot.extend(wrap_text(&sentence(scene, mistyped), theme.bad.0, width));
    }
    if let Some(call) = scene.app.walk().unmade() {
        let fd = call.fd().unwrap_or(-1).to_string();
        let text = fill(&t.unmade, &[("call", call.name().name()), ("fd", &fd)]);
        page.foot.extend(wrap_text(&text, theme.bad.0, width));
    }
    if let Some(actor) = menu::caller(scene.app).filter(|_| types) {
        let side = format!("{} {}", shape(actor.side), name(scene, actor));
        let offers = &scene.app.lines.offers;
        let keys = if offers.is_empty() { t.type_keys.clone() } else { several(scene, offers) };
        typing_line(scene, width, page, &fill(title, &[("side", &side)]), &keys);
    }
    types
}

/// What may stand at the cursor, as many as a reader takes in.
fn several(scene: &Scene<'_>, offers: &[String]) -> String {
    const SHOWN: usize = 30;
    let (shown, left) = offers.split_at(offers.len().min(SHOWN));
    let words = shown.join("  ");
    match left.len() {
        0 => words,
        n => fill(&scene.texts.free.more_words, &[("words", &words as &dyn std::fmt::Display), ("n", &n)]),
    }
}

fn offered(scene: &Scene<'_>, actor: Actor, width: usize, page: &mut TextPage) {
    let (theme, t) = (scene.theme, &scene.texts.free);
    let Some((shown, at, pages)) = menu::page(scene.app) else { return };
    let group = match shown.group {
        Group::Sensible if pages == 1 => &t.menu_only,
        Group::Sensible => &t.menu,
        Group::Further => &t.menu_further,
        Group::Wrong => &t.menu_wrong,
    };
    let who = format!("{} {}", shape(actor.side), name(scene, actor));
    let (at, pages) = ((at + 1).to_string(), pages.to_string());
    let head = fill(group, &[("side", &who), ("n", &at), ("of", &pages)]);
    page.foot.extend(wrap_text(&head, theme.side(actor.side), width));
    let mut line: Vec<Span<'static>> = Vec::new();
    let mut column = 0;
    for item in &shown.items {
        let text = cut(&call_text(scene, &item.call, false), width.saturating_sub(3));
        let taken = display_width(&text) + 2;
        if column > 0 && column + taken > width {
            page.foot.push(Line::from(std::mem::take(&mut line)));
            column = 0;
        }
        page.choices.push((item.number, page.foot.len(), column, taken));
        line.push(Span::styled(format!("{} ", item.number + 1), theme.key.0));
        // What makes sense before all else stands out.
        let style = if shown.first == Some(item.number) { theme.fresh.0 } else { style_of(scene, item) };
        line.push(Span::styled(format!("{text}   "), style));
        column += taken + 3;
    }
    page.foot.push(Line::from(line));
}

/// What would probably fail is dim: it is possible all the same.
fn style_of(scene: &Scene<'_>, item: &Item) -> ratatui::style::Style {
    match item.likely {
        Likelihood::Works | Likelihood::Waits => scene.theme.text.0,
        Likelihood::Fails(_) => scene.theme.dim.0.add_modifier(Modifier::ITALIC),
    }
}

/// Which segments pass by themselves, which rules the wire has, and how many did without being kept.
fn passing(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let t = &scene.texts.free;
    let mut lines = Vec::new();
    for (which, delay) in scene.view.passing().map_or(&[][..], |passing| &passing.rules) {
        let which = rules::segments(scene, *which);
        let text = match *delay {
            Duration::ZERO => fill(&t.pass, &[("which", &which)]),
            delay => fill(&t.pass_later, &[("which", &which), ("s", &format!("{}", delay.as_secs_f64()))]),
        };
        lines.extend(wrap_text(&text, scene.theme.waits.0, width));
    }
    for RuleInForce { rule, .. } in scene.view.wire_rules() {
        let which = rules::segments(scene, rule.which);
        let text =
            fill(&scene.texts.rules.in_force, &[("rule", &rule.words() as &dyn std::fmt::Display), ("which", &which)]);
        lines.extend(wrap_text(&text, scene.theme.waits.0, width));
    }
    lines.extend(rules::settings(scene, width));
    let SampledOut { segments, bytes, lost, refused, ruled } = scene.view.unkept();
    let (passed, gone) = (scene.theme.waits.0, scene.theme.bad.0);
    for (n, text, style) in [
        (segments, &t.unkept, passed),
        (lost, &scene.texts.rules.unkept_lost, gone),
        (refused, &scene.texts.rules.unkept_refused, gone),
        (ruled, &scene.texts.rules.unkept, gone),
    ] {
        if n > 0 {
            let text = fill(text, &[("n", &n as &dyn std::fmt::Display), ("bytes", &bytes)]);
            lines.extend(wrap_text(&text, style, width));
        }
    }
    lines
}

/// Why what was typed is no call, and what to do.
fn sentence(scene: &Scene<'_>, mistyped: &Mistyped) -> String {
    let t = &scene.texts.mistyped;
    match mistyped {
        Mistyped::Name(name) => fill(&t.no_call, &[("name", &escape(name))]),
        Mistyped::Descriptor(call) => fill(&t.no_descriptor, &[("call", call.name())]),
        Mistyped::Argument(call, text) => fill(&t.no_argument, &[("call", call.name()), ("text", &escape(text))]),
        Mistyped::TooMany(call) => fill(&t.too_many, &[("call", call.name())]),
        Mistyped::Option(text) => fill(&t.no_option, &[("text", &escape(text))]),
        Mistyped::Flag(call, text) => {
            let known: Vec<String> = call.flag_names().iter().map(|name| format!("`{name}`")).collect();
            let values = [("call", call.name().to_owned()), ("text", escape(text)), ("flags", known.join(", "))];
            fill(&t.no_flag, &values)
        }
        Mistyped::Quote => t.no_quote.clone(),
        Mistyped::NoStep(text) => fill(&t.no_step, &[("text", &escape(text))]),
        Mistyped::NotReached(n) => fill(&t.not_reached, &[("n", n)]),
        Mistyped::Edit(fault) => escape(edit_fault(fault, scene.app.lang())),
        Mistyped::OfProgram => t.of_program.clone(),
        Mistyped::Rule(fault) => escape(rule_fault(fault, scene.app.lang())),
        Mistyped::Setting(fault) => escape(setting_fault(fault, scene.app.lang())),
        Mistyped::Busy(actor, call) => {
            let call = format!("{call}()");
            fill(&t.busy, &[("side", &name(scene, *actor)), ("call", &call)])
        }
    }
}
