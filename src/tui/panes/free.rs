//! The free walk's part of the explanation: what the newest call came to and why, and what can be called next.

use std::time::Duration;

use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::page::{TextPage, before_text, typing_line, why};
use super::rules::{self, in_sentence, name};
use super::segment::SegmentText;
use super::side::{call_text, outcome_text, view_text};
use super::{killed, mistyped, told, wrong};
use crate::explain::{Likelihood, call_notes, explain};
use crate::i18n::width as display_width;
use crate::i18n::{escape, fill, join};
use crate::model::rule::RuleInForce;
use crate::model::{Actor, Call, CallView, Caller, Door, Errno, Event, Member, Role, SampledOut, SocketView};
use crate::tui::command::Command;
use crate::tui::menu::{self, Group, Item};
use crate::tui::programs;
use crate::tui::scene::{Scene, shape};
use crate::tui::wrap::{cut, prose, wrap, wrap_text};
use crate::walk::{Failure, Free, Phase, Purpose, WalkCommand, WireAbility};

/// So many changed sockets are named, the newest; of the others the number.
const CHANGES: usize = 12;

/// So many rows of what is told stay in sight.
const LEAST_TOLD: usize = 2;

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
    let killed = killed::since(scene, scene.fresh_from, width);
    // Of a call that the segment or somebody's end didn't change everything has been said already.
    let is_beside = segment.is_some() || !killed.is_empty();
    let told = told::calls(scene).filter(|told| !is_beside || scene.is_fresh(told.first.changed));
    let (call, further) = told.map_or((None, Vec::new()), |told| (Some(told.first), told.further));
    match (call, segment) {
        (None, None) if !killed.is_empty() => lines.extend(killed),
        // What has begun speaks for itself.
        (None, None) if scene.view.segment_count() > 0 => {}
        (None, None) => {
            let text = match free.options().purpose {
                Purpose::Drive(_) if !scene.app.programs.is_empty() => &t.begin_run,
                Purpose::Drive(_) if scene.app.walk().wire() != WireAbility::Holds => &t.begin_host,
                Purpose::Drive(_) => &t.begin,
                Purpose::Watch => &t.begin_watch,
                Purpose::Replay => &t.begin_replay,
            };
            lines.extend(wrap(&prose(text, scene.theme.text.0, scene.theme.code.0), width));
        }
        (call, segment) => {
            lines.extend(killed);
            lines.extend(came_of(scene, call.as_ref(), segment, width));
            lines.extend(further.iter().flat_map(|other| outcome(scene, other, width).in_order()));
        }
    }
    lines.extend(changes(scene));
    lines.extend(wrong::details(scene, &found.0, width));
    lines.extend(rules::settings_behind(scene, width));
    lines
}

/// Whether a program's call is what goes on next.
fn is_next(scene: &Scene<'_>) -> bool {
    matches!(programs::next(scene.app), Some(WalkCommand::LetCall(_)))
}

/// The program's call that is made next, where what is told is something else.
fn call_to_come(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let (app, t) = (scene.app, &scene.texts.free);
    let Some(call) = programs::meant_call(app) else { return Vec::new() };
    if told::calls(scene).is_some_and(|told| told.first.stands) {
        return Vec::new();
    }
    let text = if is_next(scene) { &t.call_to_come } else { &t.call_to_come_later };
    let call = format!("{} {}", who(scene, call.caller), view_text(scene, &call, true));
    wrap_text(&fill(text, &[("call", &call)]), scene.theme.title.0, width)
}

/// Who makes a call: a program by its name, a further thread of a side's own by its number.
fn who(scene: &Scene<'_>, caller: Caller) -> String {
    let actor = caller.actor;
    match scene.view.program(actor).map(|program| &program.role) {
        Some(Role::Runs(name)) => format!("{} {}", shape(actor.side), escape(name)),
        _ if caller.is_main() => scene.mark(actor),
        _ => format!("{} {}", scene.mark(actor), fill(&scene.texts.free.thread, &[("n", &caller.worker)])),
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
fn both(told: ToldOutcome, segment: SegmentText, call: &CallView<'_>) -> Vec<Line<'static>> {
    if segment.is_of(call) {
        [told.head, segment.became, told.means, told.more, segment.sender, segment.says].concat()
    } else {
        [told.head, segment.sender, segment.became, told.means, told.more, segment.says].concat()
    }
}

/// What a segment and the call that changed with it came to.
pub(super) fn came_of(
    scene: &Scene<'_>,
    call: Option<&CallView<'_>>,
    segment: Option<SegmentText>,
    width: usize,
) -> Vec<Line<'static>> {
    match (call, segment) {
        (Some(call), Some(segment)) => both(outcome(scene, call, width), segment, call),
        (None, Some(segment)) => segment.in_order(),
        (Some(call), None) => outcome(scene, call, width).in_order(),
        (None, None) => Vec::new(),
    }
}

fn outcome(scene: &Scene<'_>, call: &CallView<'_>, width: usize) -> ToldOutcome {
    let (theme, t, lang) = (scene.theme, &scene.texts.free, scene.app.lang());
    let (result, style) = match call.outcome {
        Some(outcome @ Ok(returned)) if returned.data.is_empty() => (outcome_text(call.own, outcome), theme.good.0),
        Some(Ok(returned)) => (format!("= {}", returned.value), theme.good.0),
        Some(Err(errno)) => (format!("= {} {errno}", errno.value()), theme.bad.0),
        None if call.abandoned => {
            let head = format!("{} {}", who(scene, call.caller), view_text(scene, call, true));
            let ended = call.called() == "exit_group" && !call.never_made;
            let means = if call.never_made { &t.never_made } else { &t.abandoned };
            let mut means = if ended { Vec::new() } else { wrap_text(means, theme.bad.0, width) };
            // What the end of the process came to is told as it is of every call.
            let notes = call_notes(&scene.view, call, lang).unwrap_or_default();
            means.extend(notes.iter().flat_map(|note| wrap_text(note, theme.text.0, width)));
            return ToldOutcome { head: wrap_text(&head, theme.title.0, width), means, more: Vec::new() };
        }
        // Nobody has said yet that it sleeps.
        None if !call.blocked => {
            let head = format!(
                "{} {} {}",
                who(scene, call.caller),
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
        Span::styled(format!("{} ", who(scene, call.caller)), theme.side(call.caller.actor.side)),
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
        let text = format!("{}{program} {from} → {}", scene.mark(actor), socket.state);
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
        let walk = scene.app.walk();
        let looks_on = walk.free().map(Free::options).filter(|options| options.purpose == Purpose::Watch);
        let lab = looks_on.and_then(|options| options.lab.as_deref()).unwrap_or_default();
        let text = match (failure, walk.lesson().is_some()) {
            (Failure::LabGone, true) if looks_on.is_some() => t.learner_gone.clone(),
            (Failure::LabClosed, true) if looks_on.is_some() => t.learner_between.clone(),
            (Failure::LabGone, false) if looks_on.is_some() => fill(&t.watched_gone, &[("lab", lab)]),
            _ => fill(&t.failed, &[("why", &why(scene, failure))]),
        };
        page.foot = wrap_text(&text, theme.bad.0, width);
        return;
    }
    // Without a wire that holds there are no lines but calls.
    let holds = scene.app.walk().wire() == WireAbility::Holds;
    if typed(scene, width, page, if holds { &t.r#type } else { &t.type_host }) {
        return;
    }
    page.foot.extend(rules::stops(scene, width));
    page.foot.extend(rules::holding(scene, width));
    page.foot.extend(passing(scene, width));
    page.foot.extend(awaited(scene, width));
    // One that isn't next stands in its program's pane too: it leaves room for what is told.
    let to_come = call_to_come(scene, width);
    if is_next(scene) || page.foot.len() + to_come.len() + LEAST_TOLD <= page.height {
        page.foot.extend(to_come);
    }
    let Some(actor) = menu::actor(scene.app) else { return };
    if scene.view.open_call(actor).is_some() {
        let named = |call: &CallView<'_>| match call.caller.is_main() {
            true => format!("{}()", call.called()),
            false => format!("#{} {}()", call.caller.worker, call.called()),
        };
        let calls: Vec<String> = scene.view.open_calls(actor).iter().map(named).collect();
        let text = fill(&t.sleeps, &[("side", &rules::name(scene, actor)), ("call", &calls.join(&t.between))]);
        page.foot.extend(wrap_text(&text, theme.waits.0, width));
    }
    offered(scene, actor, width, page);
}

/// That a side must be chosen before a key does what it is for.
pub(super) fn which_side(scene: &Scene<'_>, command: Command) -> String {
    let t = &scene.texts.free;
    if command == Command::Kill {
        return t.which_side.clone();
    }
    let sleepers = scene.app.sleepers().into_iter().map(|actor| name(scene, actor));
    let who = sleepers.collect::<Vec<_>>().join(&t.between);
    match scene.app.place.actor {
        Some(chosen) => fill(&t.chosen_awake, &[("side", in_sentence(scene, chosen)), ("who", who)]),
        None => fill(&t.which_sleeper, &[("who", who)]),
    }
}

/// The line that the learner types of their own accord, below `title`, and what is wrong with it. `false` where none is typed.
pub(super) fn typed(scene: &Scene<'_>, width: usize, page: &mut TextPage, title: &str) -> bool {
    let (theme, t) = (scene.theme, &scene.texts.free);
    let types = scene.app.types_own();
    if let Some(mistyped) = scene.app.lines.mistyped.as_ref().filter(|_| types) {
        page.foot.extend(wrap_text(&mistyped::sentence(scene, mistyped), theme.bad.0, width));
    }
    if let Some(told) = scene.app.lines.given.as_ref().filter(|_| types) {
        for sentence in mistyped::of_line_before(scene, told) {
            page.foot.extend(wrap_text(&sentence, theme.fresh.0, width));
        }
    }
    if let Some(call) = scene.app.walk().unmade() {
        let fd = call.fd().unwrap_or(-1).to_string();
        let text = if *call == Call::Fork { &t.unmade_fork } else { &t.unmade };
        let text = fill(text, &[("call", call.name().name()), ("fd", &fd)]);
        page.foot.extend(wrap_text(&text, theme.bad.0, width));
    }
    if types {
        let title = match menu::caller(scene.app) {
            Some(actor) => {
                let values = [("side", who_calls(scene, actor)), ("server", scene.app.walk().server().to_string())];
                fill(title, &values)
            }
            None => scene.texts.explain.try_beside_programs.clone(),
        };
        let offers = &scene.app.lines.offers;
        let above = page.foot.len() + wrap_text(&title, theme.question.0, width).len() + 1;
        let room = (width, page.height.saturating_sub(above));
        let keys = if offers.is_empty() { t.type_keys.clone() } else { several(scene, offers, room) };
        typing_line(scene, width, page, &title, &keys);
    }
    types
}

/// What may stand at the cursor, as many as a reader takes in and so many rows of this width have room for.
fn several(scene: &Scene<'_>, offers: &[String], (width, rows): (usize, usize)) -> String {
    const SHOWN: usize = 30;
    let told = |count: usize| {
        let (shown, left) = offers.split_at(count);
        let words = shown.join("  ");
        match left.len() {
            0 => words,
            n => fill(&scene.texts.free.more_words, &[("words", &words as &dyn std::fmt::Display), ("n", &n)]),
        }
    };
    let fits = |count: &usize| wrap_text(&told(*count), scene.theme.dim.0, width).len() <= rows;
    let most = (1..=offers.len().min(SHOWN)).rev().find(fits);
    told(most.unwrap_or(1))
}

/// Whose call it is that is typed or picked; and where several could make it and none is chosen, that it is so for this reason.
fn who_calls(scene: &Scene<'_>, actor: Actor) -> String {
    let side = format!("{} {}", shape(actor.side), name(scene, actor));
    let several = scene.app.walk().processes().len() > 1;
    if several && scene.app.place.actor.is_none() {
        return fill(&scene.texts.free.unchosen, &[("side", &side)]);
    }
    side
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
    let thread = scene.view.next_thread(actor).filter(|worker| *worker != Caller::MAIN);
    let side = who_calls(scene, actor);
    let with = |worker| fill(&t.with_thread, &[("side", &side), ("thread", &fill(&t.thread, &[("n", &worker)]))]);
    let who = thread.map_or_else(|| side.clone(), with);
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

/// What keeps the walk from going on where that is another one's to do.
fn awaited(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let (app, t) = (scene.app, &scene.texts.free);
    if app.in_past() || !app.walk().steps_freely() {
        return Vec::new();
    }
    if programs::awaits_server(app) {
        let client = programs::client_instead(app).map(|_| t.client_instead.as_str());
        let text = match client {
            _ if app.place.goes_on => t.goes_on.clone(),
            Some(client) => join(&t.awaits_server, client),
            None => t.awaits_server.clone(),
        };
        return wrap_text(&text, scene.theme.waits.0, width);
    }
    if scene.meant().is_some() {
        return Vec::new();
    }
    let receivers = awaited_doors(scene);
    let names = receivers.iter().map(|receiver| in_sentence(scene, *receiver)).collect::<Vec<_>>().join(&t.between);
    let text = match receivers.len() {
        0 => return Vec::new(),
        1 => &t.waits_elsewhere,
        _ => &t.wait_elsewhere,
    };
    wrap_text(&fill(text, &[("side", &names)]), scene.theme.waits.0, width)
}

/// Whose doors the waiting segments stand at, each once.
fn awaited_doors(scene: &Scene<'_>) -> Vec<Actor> {
    /// So many are looked at: a bound on what one frame costs.
    const LOOKED_AT: usize = 100;
    let mut receivers: Vec<Actor> = Vec::new();
    for id in scene.view.waiting().iter().take(LOOKED_AT) {
        let receiver = match scene.view.segment(*id).and_then(|one| scene.view.trace().door(one.segment)) {
            None => continue,
            Some(Door::Of(actor)) => actor,
            Some(Door::OfSide(side)) => side.into(),
        };
        if !receivers.contains(&receiver) {
            receivers.push(receiver);
        }
    }
    receivers
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
